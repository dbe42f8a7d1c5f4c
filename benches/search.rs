//! How search holds up as the store grows: the same questions at each size of `--sizes` (default
//! `100000,1000000`), in the process and over the API on one kept connection. Every filter is asked
//! alone and with every other. Prints one line of JSON a question, and at the end what misses its limit.
//!
//! `cargo bench --bench search -- [--sizes 100000,1000000] [--only NAME] [--data DIR] [--rounds 400]
//! [--pair-rounds 60] [--http yes] [--binary PATH]`; `--data` keeps the stores for the next run.

#![allow(clippy::unwrap_used, clippy::print_stdout, clippy::print_stderr, missing_docs)]

#[path = "support/history.rs"]
mod history;
#[path = "support/questions.rs"]
mod questions;
mod support;

use std::path::{Path, PathBuf};
use std::time::Instant;

use history::{DAYS, START_MS, fill};
use jiff::tz::TimeZone;
use openalpr_webhook::base::clock::Timestamp;
use openalpr_webhook::domain::period::Range;
use openalpr_webhook::domain::stats;
use openalpr_webhook::model::capture::CaptureKey;
use openalpr_webhook::model::query::{PageRequest, Query, Total};
use openalpr_webhook::search::{Context, Search};
use openalpr_webhook::store::{Store, StoreOptions};
use questions::{Dice, Question, atoms, classes};
use serde_json::{Value, json};
use support::http::Client;
use support::server::{self, Server};
use support::{argument, cpu, disk_bytes};

const FILL_BATCH: u64 = 1000;
/// What a first page with its total may take.
const LIMIT_US: u64 = 3000;
/// What the dashboard may take.
const DASHBOARD_US: u64 = 5000;
/// How much longer it may take with ten times the captures.
const GROWTH: f64 = 2.0;

fn main() {
    let sizes: String = argument("--sizes", "100000,1000000".to_owned());
    let kept: String = argument("--data", String::new());
    let temporary = tempfile::tempdir().unwrap();
    let directory = if kept.is_empty() { temporary.path().to_owned() } else { PathBuf::from(kept) };
    let asked: Vec<Vec<Asked>> = sizes
        .split(',')
        .filter_map(|size| size.trim().parse().ok())
        .map(|size| measure(&directory.join(format!("{size}")), size))
        .collect();
    let (Some(first), Some(last)) = (asked.first(), asked.last()) else { return };
    let mut misses = Misses::default();
    for (small, large) in first.iter().zip(last) {
        println!("{}", line(small, large));
        misses.note(small, large);
    }
    println!("{}", misses.report());
}

/// A question, and what it took.
struct Asked {
    name: String,
    limit: u64,
    /// In the process: the thread's processor time, and the clock's.
    cpu: Spread,
    wall: Spread,
    /// Over the API: processor time of the box, and what the client waited.
    http_cpu: Spread,
    http_wall: Spread,
    /// Rows of a page, on the average.
    rows: f64,
    at_least: usize,
    stopped: usize,
}

/// Microseconds.
#[derive(Clone, Copy, Default)]
struct Spread {
    p50: u64,
    p99: u64,
}

impl Spread {
    fn of(mut times: Vec<u64>) -> Self {
        if times.is_empty() {
            return Self::default();
        }
        times.sort_unstable();
        let at = |share: usize| times[(times.len() * share).div_ceil(100) - 1];
        Self { p50: at(50), p99: at(99) }
    }
}

/// All questions: name, text, whether it starts deep in the result, rounds.
fn questions(count: u64) -> Vec<(String, Question, bool, usize)> {
    let rounds: usize = argument("--rounds", 400);
    let pair_rounds: usize = argument("--pair-rounds", 60);
    let mut all: Vec<(String, Question, bool, usize)> = Vec::new();
    for deep in [false, true] {
        for (name, make) in classes(count) {
            let name = if deep { format!("{name}_deep") } else { name.to_owned() };
            all.push((name, make, deep, rounds));
        }
    }
    let names: Vec<&str> = atoms(count).iter().map(|atom| atom.0).collect();
    let plate = |name: &str| name.starts_with("plate_") && name != "plate_not";
    for (number, first) in names.iter().enumerate() {
        let one = || atoms(count).swap_remove(number).1;
        all.push((format!("one:{first}"), one(), false, pair_rounds));
        for (other, second) in names.iter().enumerate().skip(number + 1) {
            if plate(first) && plate(second) {
                continue;
            }
            let (one, two) = (one(), atoms(count).swap_remove(other).1);
            let both: Question = Box::new(move |dice| format!("{} {}", one(dice), two(dice)));
            all.push((format!("two:{first}+{second}"), both, false, pair_rounds));
        }
    }
    let only: String = argument("--only", String::new());
    all.retain(|question| question.0.contains(&only));
    all
}

fn measure(path: &Path, count: u64) -> Vec<Asked> {
    let existed = path.exists();
    let (store, _) = open(path);
    let (mut rate, mut fill_busy) = (0.0, 0.0);
    if !existed {
        let before = cpu::thread_us();
        rate = count as f64 / fill(&store, count, FILL_BATCH).unwrap().as_secs_f64();
        fill_busy = (cpu::thread_us() - before) as f64 / count as f64;
    }
    drop(store); // without close: as after a crash
    let (store, crash_ms) = open(path);
    store.close().unwrap();
    drop(store);
    let (store, clean_ms) = open(path);
    let idle_kib = support::memory_kib("self", "VmRSS");
    let questions = questions(count);
    let mut asked: Vec<Asked> = questions
        .iter()
        .map(|(name, make, deep, rounds)| ask(&store, name, make, *deep, *rounds))
        .collect();
    let boards = Range::ALL.into_iter().map(|range| dashboard(&store, range, count));
    let only: String = argument("--only", String::new());
    asked.extend(boards.filter(|board| board.name.contains(&only)));
    let figures = store.figures().unwrap();
    let plates = figures.plates;
    drop(store);
    let mut report = json!({
        "captures": count, "plates": plates, "fill_per_s": rate.round(), "fill_cpu_us": fill_busy,
        "records_mib": figures.records_bytes >> 20, "disk_mib": disk_bytes(path) >> 20,
        "open_after_crash_ms": crash_ms, "open_clean_ms": clean_ms,
        "rss_idle_kib": idle_kib, "rss_after_kib": support::memory_kib("self", "VmRSS"),
    });
    if argument("--http", "yes".to_owned()) == "yes" {
        let key = server::kept_key(path).unwrap();
        let server = Server::start(path).unwrap();
        for (asked, (_, make, deep, rounds)) in asked.iter_mut().zip(&questions) {
            if !deep {
                ask_http(&server, &key, make, rounds.div_ceil(2), asked);
            }
        }
        report["http_rss_kib"] = json!(server.memory_kib("VmRSS"));
        report["http_rss_max_kib"] = json!(server.memory_kib("VmHWM"));
        server.stop().unwrap();
    }
    println!("{report}");
    asked
}

fn open(directory: &Path) -> (Store, f64) {
    let started = Instant::now();
    let store = Store::open(directory, StoreOptions::default()).unwrap();
    (store, support::ms(started.elapsed()))
}

fn understand(text: &str) -> Query {
    let now = Timestamp(START_MS + DAYS * 86_400_000);
    Search::parse(text, &Context { zone: &TimeZone::UTC, now, cameras: &[], agents: &[] })
        .unwrap()
        .query
}

fn ask(store: &Store, name: &str, make: &Question, deep: bool, rounds: usize) -> Asked {
    let mut dice = Dice(0xabcd_ef01);
    let (mut wall, mut cpu, mut at_least, mut stopped) = (Vec::new(), Vec::new(), 0, 0);
    let mut rows = 0;
    for _ in 0..rounds {
        let query = understand(&make(&mut dice));
        let time = START_MS + dice.roll(DAYS as u64) as i64 * 86_400_000;
        let before = deep.then(|| CaptureKey::floor(Timestamp(time)));
        let (started, busy) = (Instant::now(), cpu::thread_us());
        let page = store.search(&query, PageRequest { limit: 50, before, total: true }).unwrap();
        cpu.push(cpu::thread_us() - busy);
        wall.push(started.elapsed().as_micros() as u64);
        rows += page.rows.len();
        at_least += usize::from(matches!(page.total, Some(Total::AtLeast(_))));
        stopped += usize::from(page.stopped);
    }
    let none = Spread::default();
    Asked {
        name: name.to_owned(),
        limit: LIMIT_US,
        cpu: Spread::of(cpu),
        wall: Spread::of(wall),
        http_cpu: none,
        http_wall: none,
        rows: support::round(rows as f64 / rounds as f64),
        at_least,
        stopped,
    }
}

/// Everything a dashboard counts, as seen every few hours of the last weeks.
fn dashboard(store: &Store, range: Range, kept: u64) -> Asked {
    let zone = TimeZone::get("America/New_York").unwrap();
    let (mut wall, mut cpu) = (Vec::new(), Vec::new());
    for round in 0..200 {
        let now = Timestamp(START_MS + DAYS * 86_400_000 - round * 3_600_000);
        let (started, busy) = (Instant::now(), cpu::thread_us());
        store.read(|tx| stats::board(tx, range, kept, &zone, now)).unwrap();
        cpu.push(cpu::thread_us() - busy);
        wall.push(started.elapsed().as_micros() as u64);
    }
    Asked {
        name: format!("dashboard {}", range.name()),
        limit: DASHBOARD_US,
        cpu: Spread::of(cpu),
        wall: Spread::of(wall),
        http_cpu: Spread::default(),
        http_wall: Spread::default(),
        rows: 0.0,
        at_least: 0,
        stopped: 0,
    }
}

/// The same over the API, on one kept connection.
fn ask_http(server: &Server, key: &str, make: &Question, rounds: usize, asked: &mut Asked) {
    let mut dice = Dice(0xabcd_ef01);
    let mut client = Client::new(server.address);
    let headers = format!("X-Api-Key: {key}\r\n");
    let (mut wall, mut cpu) = (Vec::new(), Vec::new());
    for _ in 0..rounds {
        let path = format!("/api/v1/captures?limit=50&q={}", escaped(&make(&mut dice)));
        dice.roll(DAYS as u64);
        let (busy, started) = (server.busy_us(), Instant::now());
        let answer = client.send("GET", &path, &headers, b"").unwrap();
        wall.push(started.elapsed().as_micros() as u64);
        cpu.push(server.busy_us().saturating_sub(busy));
        assert_eq!(answer.status, 200, "{path}: {}", String::from_utf8_lossy(&answer.body));
    }
    (asked.http_cpu, asked.http_wall) = (Spread::of(cpu), Spread::of(wall));
}

fn escaped(text: &str) -> String {
    let byte = |byte: u8| match byte {
        b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' => char::from(byte).to_string(),
        other => format!("%{other:02x}"),
    };
    text.bytes().map(byte).collect()
}

fn growth(small: &Asked, large: &Asked) -> f64 {
    support::round(large.cpu.p50 as f64 / small.cpu.p50.max(1) as f64)
}

fn line(small: &Asked, large: &Asked) -> Value {
    let both = |spread: fn(&Asked) -> Spread| {
        let (small, large) = (spread(small), spread(large));
        json!({ "p50": [small.p50, large.p50], "p99": [small.p99, large.p99] })
    };
    json!({
        "question": large.name,
        "cpu_us": both(|asked| asked.cpu),
        "wall_us": both(|asked| asked.wall),
        "http_cpu_us": both(|asked| asked.http_cpu),
        "http_wall_us": both(|asked| asked.http_wall),
        "growth": growth(small, large),
        "rows": [small.rows, large.rows],
        "at_least": large.at_least,
        "stopped": large.stopped,
    })
}

/// What misses its limit at the largest size.
#[derive(Default)]
struct Misses {
    asked: usize,
    /// With the same rows to show, and with more.
    growing: [Vec<(f64, String)>; 2],
    over: [Vec<(u64, String)>; 4],
    worst: [u64; 4],
}

impl Misses {
    fn note(&mut self, small: &Asked, large: &Asked) {
        self.asked += 1;
        if growth(small, large) > GROWTH {
            let more = usize::from(large.rows > small.rows * 1.1);
            self.growing[more].push((growth(small, large), large.name.clone()));
        }
        let spreads = [large.cpu, large.wall, large.http_cpu, large.http_wall];
        for ((over, worst), spread) in self.over.iter_mut().zip(&mut self.worst).zip(spreads) {
            *worst = (*worst).max(spread.p99);
            if spread.p99 > large.limit {
                over.push((spread.p99, large.name.clone()));
            }
        }
    }

    fn report(&mut self) -> Value {
        let mut summary = json!({ "asked": self.asked, "limit_us": LIMIT_US });
        let names = ["cpu", "wall", "http_cpu", "http_wall"];
        for ((name, over), worst) in names.iter().zip(&mut self.over).zip(self.worst) {
            over.sort_by(|one, two| two.cmp(one));
            let shown: Vec<String> =
                over.iter().take(12).map(|(us, name)| format!("{name} {us}")).collect();
            summary[format!("{name}_p99_over")] =
                json!({ "count": over.len(), "worst_us": worst, "first": shown });
        }
        for (name, growing) in
            ["growing_over_2", "growing_over_2_with_rows"].iter().zip(&mut self.growing)
        {
            growing.sort_by(|one, two| two.0.total_cmp(&one.0));
            let shown: Vec<String> =
                growing.iter().take(20).map(|(by, name)| format!("{name} {by}")).collect();
            summary[name] = json!({ "count": growing.len(), "first": shown });
        }
        json!({ "summary": summary })
    }
}
