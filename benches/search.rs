//! How search holds up as the store grows: the same questions at each size of `BENCH_CAPTURES`
//! (default `100000,1000000`), timed and printed as JSON. `BENCH_DIR` keeps the stores, `BENCH_PAIRS=1`
//! asks for every filter alone and with every other.

#![allow(clippy::unwrap_used, clippy::print_stdout, missing_docs)]

#[path = "support/questions.rs"]
mod questions;

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
use questions::{BODIES, COLORS, Dice, MAKES, REGIONS, atoms, classes, plate};

const START_MS: i64 = 1_767_225_600_000;
const DAYS: i64 = 365;
const READS_PER_PLATE: u64 = 8;
const FILL_BATCH: u64 = 1000;
const ROUNDS: usize = 400;
const PAIR_ROUNDS: usize = 50;

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

/// The plate with one character or another misread, and a signature of its own.
fn detail(capture: &Capture, dice: &mut Dice) -> CaptureDetail {
    let misread = |place: usize| {
        let text = capture.plate_text.char_indices();
        let name = text.map(|(at, c)| if at == place { '8' } else { c }).collect();
        Guess { name, confidence: 60.0 }
    };
    let places = if capture.plate.is_some() { 0..5 } else { 0..0 };
    CaptureDetail {
        candidates: places.map(misread).collect(),
        signature: format!("{:x}", dice.roll(u64::MAX)),
        raw: vec![7; 1200],
        ..CaptureDetail::default()
    }
}

fn fill(store: &Store, count: u64, batch: u64) -> Result<Duration, StoreError> {
    let mut dice = Dice(4711);
    let started = Instant::now();
    let mut number = 0;
    while number < count {
        let end = (number + batch).min(count);
        store.write(|tx| {
            (number..end).try_for_each(|n| {
                let capture = capture(store, &mut dice, n, count);
                tx.insert_capture(&capture, &detail(&capture, &mut dice))
            })
        })?;
        number = end;
    }
    Ok(started.elapsed())
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
    /// Processor time, mean and 99th percentile: what it takes when nobody else is there.
    busy: u64,
    busy_p99: u64,
    at_least: usize,
    stopped: usize,
}

fn percentiles(mut times: Vec<u64>) -> (u64, u64) {
    times.sort_unstable();
    (times[times.len() / 2], times[times.len() * 99 / 100])
}

fn ask(store: &Store, make: &dyn Fn(&mut Dice) -> String, deep: bool, rounds: usize) -> Timed {
    let mut dice = Dice(0xabcd_ef01);
    let (mut times, mut busy, mut at_least, mut stopped) = (Vec::new(), Vec::new(), 0, 0);
    for _ in 0..rounds {
        let query = understand(&make(&mut dice));
        let time = START_MS + dice.roll(DAYS as u64) as i64 * 86_400_000;
        let before = deep.then(|| CaptureKey::floor(Timestamp(time)));
        let (started, busy_before) = (Instant::now(), busy_us());
        let page = store.search(&query, PageRequest { limit: 50, before, total: true }).unwrap();
        times.push(started.elapsed().as_micros() as u64);
        busy.push(busy_us() - busy_before);
        at_least += usize::from(matches!(page.total, Some(Total::AtLeast(_))));
        stopped += usize::from(page.stopped);
    }
    let mean = busy.iter().sum::<u64>() / busy.len() as u64;
    let ((p50, p99), (_, busy_p99)) = (percentiles(times), percentiles(busy));
    Timed { p50, p99, busy: mean, busy_p99, at_least, stopped }
}

/// Everything a dashboard counts, as seen every few hours of the last weeks.
/// Every filter alone and with every other.
fn pairs(store: &Store, count: u64, rows: &mut Vec<(String, Timed)>) {
    let atoms = atoms(count);
    for (number, (first, one)) in atoms.iter().enumerate() {
        rows.push((format!("one:{first}"), ask(store, one, false, PAIR_ROUNDS)));
        for (second, two) in atoms.iter().skip(number + 1) {
            let plate = |name: &str| name.starts_with("plate_") && name != "plate_not";
            if plate(first) && plate(second) {
                continue;
            }
            let both = |dice: &mut Dice| format!("{} {}", one(dice), two(dice));
            let name = format!("two:{first}+{second}");
            rows.push((name, ask(store, &both, false, PAIR_ROUNDS)));
        }
    }
}

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
        rows.push(((*name).to_owned(), ask(&store, make, false, ROUNDS)));
        rows.push((format!("{name}_deep"), ask(&store, make, true, ROUNDS)));
    }
    if std::env::var_os("BENCH_PAIRS").is_some() {
        pairs(&store, count, &mut rows);
    }
    for range in Range::ALL {
        let (p50, p99) = dashboard(&store, range, count);
        let name = format!("dashboard {}", range.name());
        rows.push((name, Timed { p50, p99, busy: 0, busy_p99: 0, at_least: 0, stopped: 0 }));
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
            "{{\"class\":\"{name}\",\"p50_us\":[{},{}],\"p99_us\":[{},{}],\"busy_mean_us\":[{},{}],\"busy_p99_us\":[{},{}],\"ratio_p50\":{:.2},\
             \"at_least\":[{},{}],\"stopped\":{}}}",
            first.p50,
            last.p50,
            first.p99,
            last.p99,
            first.busy,
            last.busy,
            first.busy_p99,
            last.busy_p99,
            last.p50 as f64 / first.p50.max(1) as f64,
            first.at_least,
            last.at_least,
            first.stopped + last.stopped,
        );
    }
}
