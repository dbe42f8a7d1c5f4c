//! How search holds up as the store grows: the same questions at each size of `BENCH_CAPTURES`
//! (default `100000,1000000`), timed and printed as JSON. `BENCH_DIR` keeps the stores.

#![allow(clippy::unwrap_used, clippy::print_stdout, missing_docs)]

use std::path::Path;
use std::time::{Duration, Instant};

use jiff::tz::TimeZone;
use openalpr_webhook::base::clock::Timestamp;
use openalpr_webhook::domain::period::Range;
use openalpr_webhook::domain::stats;
use openalpr_webhook::model::capture::{
    Capture, CaptureDetail, CaptureKey, CaptureKind, Flags, Guess, ImageSet, Vehicle,
};
use openalpr_webhook::model::plate::Plate;
use openalpr_webhook::model::query::{PageRequest, Query, Total};
use openalpr_webhook::search::{Context, Search};
use openalpr_webhook::store::{Store, StoreError, StoreOptions};

const START_MS: i64 = 1_767_225_600_000;
const DAYS: i64 = 365;
const READS_PER_PLATE: u64 = 8;
const FILL_BATCH: u64 = 1000;
const ROUNDS: usize = 400;

const COLORS: [&str; 10] = [
    "white",
    "black",
    "silver-gray",
    "blue",
    "red",
    "green",
    "brown",
    "gold-beige",
    "yellow",
    "orange",
];
const MAKES: [&str; 12] = [
    "toyota",
    "ford",
    "honda",
    "chevrolet",
    "nissan",
    "jeep",
    "bmw",
    "subaru",
    "hyundai",
    "gmc",
    "kia",
    "audi",
];
const BODIES: [&str; 6] = [
    "sedan-standard",
    "suv-crossover",
    "truck-standard",
    "van-mini",
    "sedan-compact",
    "suv-standard",
];
const REGIONS: [&str; 8] = ["us-ma", "us-ma", "us-ma", "us-nh", "us-ri", "us-ct", "us-ny", "us-me"];

struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) % sides
    }

    fn pick<'a>(&mut self, of: &[&'a str]) -> &'a str {
        of[self.roll(of.len() as u64) as usize]
    }
}

/// Plate number `id`: mostly the usual shapes of the region, some vanity plates.
fn plate(id: u64) -> String {
    let mut dice = Dice(id.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1);
    dice.roll(2);
    let shapes = ["9LLL99", "9LL999", "LLL9999", "999LL9", "999L99", "LLL999", "LLLLL", "99LLLL"];
    let usual = if dice.roll(20) == 0 { 8 } else { 6 };
    let shape = dice.pick(&shapes[..usual]);
    let mut text = String::new();
    for character in shape.chars() {
        let set: &[u8] = if character == '9' { b"0123456789" } else { b"ABCDEFGHJKLMNPRSTUVWXYZ" };
        text.push(char::from(set[dice.roll(set.len() as u64) as usize]));
    }
    text
}

fn capture(store: &Store, dice: &mut Dice, number: u64, count: u64) -> Capture {
    let step = DAYS * 86_400_000 / count as i64;
    let time = Timestamp(START_MS + number as i64 * step + dice.roll(5000) as i64);
    let plates = count / READS_PER_PLATE;
    // Regulars are seen often, strangers once.
    let id = if dice.roll(3) == 0 { dice.roll(plates / 50 + 1) } else { dice.roll(plates) };
    let vehicle = dice.roll(12) == 0;
    let mut looks = Dice(id + 77);
    looks.roll(9);
    let guess = |name: &str| Some(Guess { name: name.to_owned(), confidence: 81.5 });
    let make = looks.pick(&MAKES);
    let text = plate(id);
    Capture {
        key: store.allocate_key(time),
        kind: if vehicle { CaptureKind::Vehicle } else { CaptureKind::Plate },
        agent_uid: "K2V9YQ8ZJ5T3XW7M".to_owned(),
        camera_id: 100 + dice.roll(8) as i64,
        uuid: format!("K2V9YQ8ZJ5T3XW7M-100-{}", time.0),
        captured_at: time,
        ended_at: time.plus_ms(3000),
        received_at: time.plus_ms(4000),
        plate: if vehicle { None } else { Plate::parse(&text) },
        plate_text: if vehicle { String::new() } else { text },
        confidence: 70.0 + dice.roll(30) as f32,
        region: looks.pick(&REGIONS).to_owned(),
        region_confidence: 80.0,
        country: "us".to_owned(),
        direction: Some(dice.roll(360) as f32),
        vehicle: Vehicle {
            color: guess(looks.pick(&COLORS)),
            make: guess(make),
            make_model: guess(&format!("{make}_{}", looks.roll(30))),
            body: guess(looks.pick(&BODIES)),
            year: guess(&format!("{0}-{1}", 2000 + 5 * looks.roll(5), 2004 + 5 * looks.roll(5))),
        },
        flags: Flags(match dice.roll(50) {
            0 => Flags::PARKED,
            1 => Flags::LATE,
            _ => 0,
        }),
        images: ImageSet(7),
        reads: 1,
        frame: (1920, 1080),
    }
}

fn fill(store: &Store, count: u64, batch: u64) -> Result<Duration, StoreError> {
    let detail = CaptureDetail {
        candidates: vec![Guess { name: "ABC123".into(), confidence: 80.0 }; 5],
        raw: vec![7; 1200],
        ..CaptureDetail::default()
    };
    let mut dice = Dice(4711);
    let started = Instant::now();
    let mut number = 0;
    while number < count {
        let end = (number + batch).min(count);
        store.write(|tx| {
            (number..end)
                .try_for_each(|n| tx.insert_capture(&capture(store, &mut dice, n, count), &detail))
        })?;
        number = end;
    }
    Ok(started.elapsed())
}

type Question = Box<dyn Fn(&mut Dice) -> String>;

/// The classes of questions, each giving a fresh text per round.
fn classes(count: u64) -> Vec<(&'static str, Question)> {
    let plates = count / READS_PER_PLATE;
    let some = move |dice: &mut Dice| plate(dice.roll(plates));
    let day = |dice: &mut Dice| {
        let date = jiff::civil::date(2026, 1, 1);
        date.checked_add(jiff::Span::new().days(dice.roll(364) as i64)).unwrap()
    };
    let letter =
        |dice: &mut Dice| char::from(b"ABCDEFGHJKLMNPRSTUVWXYZ0123456789"[dice.roll(33) as usize]);
    vec![
        ("all", Box::new(|_| String::new())),
        ("exact", Box::new(move |d| format!("={}", some(d)))),
        ("exact_miss", Box::new(|d| format!("=QQ{}", d.roll(1_000_000)))),
        ("prefix1", Box::new(move |d| format!("{}*", &some(d)[..1]))),
        ("prefix2", Box::new(move |d| format!("{}*", &some(d)[..2]))),
        ("prefix3", Box::new(move |d| format!("{}*", &some(d)[..3]))),
        ("prefix4", Box::new(move |d| format!("{}*", &some(d)[..4]))),
        ("substring1", Box::new(move |d| letter(d).to_string())),
        ("substring2", Box::new(move |d| some(d)[2..4].to_owned())),
        ("substring3", Box::new(move |d| some(d)[1..4].to_owned())),
        ("substring4", Box::new(move |d| some(d)[1..5].to_owned())),
        ("substring_miss", Box::new(|d| format!("QQ{}QQ", d.roll(100)))),
        ("suffix2", Box::new(move |d| format!("*{}", &some(d)[3..5]))),
        ("suffix3", Box::new(move |d| format!("*{}", &some(d)[some(d).len().min(5) - 3..5]))),
        ("like_exact", Box::new(move |d| format!("~={}", some(d)))),
        ("like_substring1", Box::new(move |d| format!("~{}", letter(d)))),
        ("like_substring2", Box::new(move |d| format!("~{}", &some(d)[2..4]))),
        ("like_substring3", Box::new(move |d| format!("~{}", &some(d)[1..4]))),
        (
            "wild_middle",
            Box::new(move |d| {
                let p = some(d);
                format!("{}*{}", &p[..2], &p[p.len() - 2..])
            }),
        ),
        (
            "wild_one",
            Box::new(move |d| {
                let p = some(d);
                format!("{}?{}*", &p[..1], &p[2..4])
            }),
        ),
        (
            "wild_short",
            Box::new(move |d| {
                let p = some(d);
                format!("*{}*{}*", &p[..1], &p[3..4])
            }),
        ),
        ("day", Box::new(move |d| format!("date:{}", day(d)))),
        (
            "hours",
            Box::new(move |d| {
                let x = day(d);
                format!("after:{x}T07:15 before:{x}T09:45")
            }),
        ),
        (
            "half_year",
            Box::new(move |d| {
                format!("after:{} before:2026-{:02}-03", "2026-02-11", 6 + d.roll(6))
            }),
        ),
        ("camera", Box::new(|d| format!("camera:K2V9YQ8ZJ5T3XW7M/{}", 100 + d.roll(8)))),
        ("color", Box::new(|d| format!("color:{}", d.pick(&COLORS)))),
        ("not_color", Box::new(|d| format!("-color:{}", d.pick(&COLORS)))),
        ("conf", Box::new(|d| format!("conf:>{}", 75 + d.roll(20)))),
        (
            "make_color_body_region_camera",
            Box::new(|d| {
                format!(
                    "make:{} color:{} body:{} region:us-nh camera:K2V9YQ8ZJ5T3XW7M/103",
                    d.pick(&MAKES),
                    d.pick(&COLORS),
                    d.pick(&BODIES)
                )
            }),
        ),
        (
            "substring2_color_day",
            Box::new(move |d| format!("{} color:white date:{}", &some(d)[2..4], day(d))),
        ),
        ("substring3_color", Box::new(move |d| format!("{} color:black", &some(d)[1..4]))),
        (
            "prefix3_camera_quarter",
            Box::new(move |d| {
                format!(
                    "{}* camera:K2V9YQ8ZJ5T3XW7M/101 after:2026-04-01 before:2026-07-01",
                    &some(d)[..3]
                )
            }),
        ),
        ("rare_flag", Box::new(|_| "is:parked is:late".to_owned())),
        ("miss", Box::new(|d| format!("color:pink make:{}", d.pick(&MAKES)))),
    ]
}

fn understand(text: &str) -> Query {
    let now = Timestamp(START_MS + DAYS * 86_400_000);
    Search::parse(text, &Context { zone: &TimeZone::UTC, now, cameras: &[], agents: &[] })
        .unwrap()
        .query
}

struct Timed {
    p50: u64,
    p99: u64,
    busy: u64,
    at_least: usize,
    stopped: usize,
}

fn percentiles(mut times: Vec<u64>) -> (u64, u64) {
    times.sort_unstable();
    (times[times.len() / 2], times[times.len() * 99 / 100])
}

fn ask(store: &Store, make: &dyn Fn(&mut Dice) -> String, deep: bool) -> Timed {
    let mut dice = Dice(0xabcd_ef01);
    let (mut times, mut at_least, mut stopped) = (Vec::new(), 0, 0);
    let busy_before = busy_us();
    for _ in 0..ROUNDS {
        let query = understand(&make(&mut dice));
        let time = START_MS + dice.roll(DAYS as u64) as i64 * 86_400_000;
        let before = deep.then(|| CaptureKey::floor(Timestamp(time)));
        let started = Instant::now();
        let page = store.search(&query, PageRequest { limit: 50, before, total: true }).unwrap();
        times.push(started.elapsed().as_micros() as u64);
        at_least += usize::from(matches!(page.total, Some(Total::AtLeast(_))));
        stopped += usize::from(page.stopped);
    }
    let (p50, p99) = percentiles(times);
    Timed { p50, p99, busy: (busy_us() - busy_before) / ROUNDS as u64, at_least, stopped }
}

/// Everything a dashboard counts, as seen every few hours of the last weeks.
fn dashboard(store: &Store, range: Range, kept: u64) -> (u64, u64) {
    let zone = TimeZone::get("America/New_York").unwrap();
    let mut times = Vec::new();
    for round in 0..200 {
        let now = Timestamp(START_MS + DAYS * 86_400_000 - round * 3_600_000);
        let started = Instant::now();
        store.read(|tx| stats::board(tx, range, kept, &zone, now)).unwrap();
        times.push(started.elapsed().as_micros() as u64);
    }
    percentiles(times)
}

fn rss_kib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find(|line| line.starts_with("VmRSS")).unwrap_or_default();
    line.split_whitespace().nth(1).and_then(|kib| kib.parse().ok()).unwrap_or(0)
}

/// Processor time of this thread, microseconds: what a question costs when nobody else is there.
fn busy_us() -> u64 {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    let nanoseconds = text.split_whitespace().next().and_then(|field| field.parse::<u64>().ok());
    nanoseconds.unwrap_or(0) / 1000
}

fn open(directory: &Path) -> (Store, f64) {
    let started = Instant::now();
    let store = Store::open(directory, StoreOptions::default()).unwrap();
    (store, started.elapsed().as_secs_f64() * 1000.0)
}

fn measure(directory: &Path, count: u64) -> Vec<(String, Timed)> {
    let path = directory.join(count.to_string());
    let existed = path.exists();
    let (store, _) = open(&path);
    let (mut rate, mut fill_busy) = (0.0, 0.0);
    if !existed {
        let before = busy_us();
        rate = count as f64 / fill(&store, count, FILL_BATCH).unwrap().as_secs_f64();
        fill_busy = (busy_us() - before) as f64 / count as f64;
    }
    drop(store); // without close: as after a crash
    let (store, crash_ms) = open(&path);
    store.close().unwrap();
    drop(store);
    let (store, clean_ms) = open(&path);
    let idle_kib = rss_kib();
    let mut rows = Vec::new();
    let only = std::env::var("BENCH_ONLY").unwrap_or_default();
    for (name, make) in classes(count).iter().filter(|class| class.0.contains(&only)) {
        rows.push(((*name).to_owned(), ask(&store, make, false)));
        rows.push((format!("{name}_deep"), ask(&store, make, true)));
    }
    for range in Range::ALL {
        let (p50, p99) = dashboard(&store, range, count);
        let name = format!("dashboard {}", range.name());
        rows.push((name, Timed { p50, p99, busy: 0, at_least: 0, stopped: 0 }));
    }
    let figures = store.figures().unwrap();
    println!(
        "{{\"captures\":{count},\"plates\":{},\"fill_per_s\":{rate:.0},\"fill_busy_us\":{fill_busy:.1},\"file_mib\":{},\
         \"open_after_crash_ms\":{crash_ms:.1},\"open_clean_ms\":{clean_ms:.1},\
         \"rss_idle_kib\":{idle_kib},\"rss_after_kib\":{}}}",
        figures.plates,
        figures.records_bytes >> 20,
        rss_kib()
    );
    rows
}

fn ingest_rate() -> f64 {
    let directory = tempfile::tempdir().unwrap();
    let (store, _) = open(directory.path());
    20_000.0 / fill(&store, 20_000, 64).unwrap().as_secs_f64()
}

fn main() {
    let sizes = std::env::var("BENCH_CAPTURES").unwrap_or_else(|_| "100000,1000000".to_owned());
    let temporary = tempfile::tempdir().unwrap();
    let kept = std::env::var_os("BENCH_DIR").map(std::path::PathBuf::from);
    let directory = kept.as_deref().unwrap_or(temporary.path());
    let results: Vec<Vec<(String, Timed)>> = sizes
        .split(',')
        .filter_map(|size| size.trim().parse().ok())
        .map(|size| measure(directory, size))
        .collect();
    println!("{{\"ingest_batches_of_64_per_s\":{:.0}}}", ingest_rate());
    for (number, (name, first)) in results.first().into_iter().flatten().enumerate() {
        let last = &results[results.len() - 1][number].1;
        println!(
            "{{\"class\":\"{name}\",\"p50_us\":[{},{}],\"p99_us\":[{},{}],\"busy_mean_us\":[{},{}],\"ratio_p50\":{:.2},\
             \"at_least\":[{},{}],\"stopped\":{}}}",
            first.p50,
            last.p50,
            first.p99,
            last.p99,
            first.busy,
            last.busy,
            last.p50 as f64 / first.p50.max(1) as f64,
            first.at_least,
            last.at_least,
            first.stopped + last.stopped,
        );
    }
}
