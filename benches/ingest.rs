//! How fast the box stores reads, measured from outside on the real binary, and what the disk
//! allows: the same bytes in the same batches appended to one file, alternating in the same run.
//! Beside it stands what is left of that when the bytes come over the same connections: a server
//! that receives, appends and answers, and does nothing else.
//!
//! `cargo bench --bench ingest -- [--seconds 4] [--pairs 3] [--data DIR] [--binary PATH]`

#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a bench reports on them")]

mod support;

use std::io::Write as _;
use std::net::SocketAddr;
use std::path::Path;
use std::process::ExitCode;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use openalpr_webhook::base::clock::Clock;
use serde_json::{Value, json};
use support::bare::Bare;
use support::cpu::process_seconds;
use support::http::Client;
use support::load::{Template, templates};
use support::server::{self, Server};
use support::{Failure, argument, disk_bytes, median, ms, percentile, round};

const CONNECTIONS: [usize; 3] = [1, 8, 32];
/// The share of the disk's own speed to reach at 32 connections.
const RATIO_TARGET: f64 = 0.5;
/// The slowest one request in a hundred may be, milliseconds.
const P99_TARGET_MS: f64 = 250.0;

fn main() -> ExitCode {
    match measure() {
        Ok(report) => {
            println!("{report:#}");
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("ingest bench: {error}");
            ExitCode::FAILURE
        }
    }
}

fn measure() -> Result<Value, Failure> {
    let length = Duration::from_secs_f64(argument("--seconds", 4.0));
    let pairs: usize = argument("--pairs", 3);
    let place: String = argument("--data", std::env::temp_dir().display().to_string());
    let directory = tempfile::Builder::new().prefix("ingest-bench").tempdir_in(place)?;
    let data = directory.path().join("data");
    let key = server::add_user(&data)?;
    let mut templates = templates(24, &key, Clock::System.now())?;
    for template in &mut templates {
        template.check()?;
    }
    let body_bytes = templates.iter().map(Template::len).sum::<usize>() / templates.len();
    let jpeg_bytes = templates.iter().map(|t| t.jpeg_bytes).sum::<u64>() / templates.len() as u64;
    let server = Server::start(&data)?;
    std::thread::sleep(Duration::from_secs(1));
    let idle_kib = server.memory_kib("VmRSS");
    let before = (disk_bytes(&data), server.written_bytes());
    let numbers = AtomicU64::new(0);
    // Not measured: pages, threads and the file's first growth.
    load(&server, &templates, &numbers, 8, Duration::from_secs(1))?;
    let numbers_of_bare = AtomicU64::new(0);
    let mut rows = Vec::new();
    for connections in CONNECTIONS {
        let mut runs = Vec::new();
        for _ in 0..pairs {
            let run = load(&server, &templates, &numbers, connections, length)?;
            let limit = append(directory.path(), &templates, run.batch(), length / 2)?;
            let bare = Bare::start(&directory.path().join("bare"))?;
            let bare = post(bare.address, &templates, &numbers_of_bare, connections, length / 2)?;
            runs.push((run, limit, bare.rate()));
        }
        rows.push(row(connections, &runs));
    }
    let reads = numbers.load(Ordering::Relaxed).max(1);
    let stored = disk_bytes(&data).saturating_sub(before.0);
    let written = server.written_bytes().saturating_sub(before.1);
    let last = rows.last().cloned().unwrap_or_default();
    let peak_kib = server.memory_kib("VmHWM");
    let stop = server.stop()?;
    let sealed = disk_bytes(&data).saturating_sub(before.0);
    let per_jpeg_byte = |bytes: u64| round(bytes as f64 / (reads * jpeg_bytes) as f64);
    Ok(json!({
        "bench": "ingest",
        "body_bytes": body_bytes,
        "jpeg_bytes": jpeg_bytes,
        "reads": reads,
        "runs": rows,
        "rss_idle_kib": idle_kib,
        "rss_max_kib": peak_kib,
        "disk_bytes_per_jpeg_byte": per_jpeg_byte(stored),
        "disk_bytes_per_jpeg_byte_stopped": per_jpeg_byte(sealed),
        "of_which_segments": per_jpeg_byte(disk_bytes(&data.join("images"))),
        "device_bytes_per_payload_byte":
            round(written as f64 / (reads * body_bytes as u64) as f64),
        "stop_ms": ms(stop),
        "targets": {
            "ratio_at_32": { "least": RATIO_TARGET, "met": last["ratio"].as_f64().is_some_and(|ratio| ratio >= RATIO_TARGET) },
            "p99_ms_at_32": { "most": P99_TARGET_MS, "met": last["p99_ms"].as_f64().is_some_and(|p99| p99 <= P99_TARGET_MS) },
        },
    }))
}

/// What one run of load measured.
#[derive(Default)]
struct Run {
    seconds: f64,
    /// Milliseconds of each request.
    latencies: Vec<f64>,
    failures: usize,
    /// Reads and commits the box counted.
    committed: (u64, u64),
    /// Processor time of the box and of this generator, seconds.
    cpu: (f64, f64),
}

impl Run {
    /// Mean reads of a commit.
    fn batch(&self) -> usize {
        let (reads, commits) = self.committed;
        (reads as f64 / commits.max(1) as f64).round().max(1.0) as usize
    }

    /// Processor time of box and generator, microseconds a read.
    fn cpu_us(&self) -> (f64, f64) {
        let each = 1e6 / self.latencies.len().max(1) as f64;
        (self.cpu.0 * each, self.cpu.1 * each)
    }

    fn rate(&self) -> f64 {
        (self.latencies.len() - self.failures) as f64 / self.seconds
    }
}

fn row(connections: usize, runs: &[(Run, f64, f64)]) -> Value {
    let all = |of: &dyn Fn(&(Run, f64, f64)) -> f64| -> Vec<f64> { runs.iter().map(of).collect() };
    let rates = all(&|(run, ..)| run.rate());
    let limits = all(&|(_, limit, _)| *limit);
    let ratios = all(&|(run, limit, _)| run.rate() / limit);
    let bare = all(&|(.., bare)| *bare);
    let bare_ratios = all(&|(run, _, bare)| run.rate() / bare);
    let at = |share: f64| {
        let values: Vec<f64> =
            runs.iter().map(|(run, ..)| percentile(&run.latencies, share)).collect();
        round(median(&values))
    };
    let cpu = |of: fn((f64, f64)) -> f64| {
        let values: Vec<f64> = runs.iter().map(|(run, ..)| of(run.cpu_us())).collect();
        median(&values).round()
    };
    let batches: Vec<f64> = runs.iter().map(|(run, ..)| run.batch() as f64).collect();
    json!({
        "connections": connections,
        "requests_per_second": round(median(&rates)),
        "p50_ms": at(0.5),
        "p99_ms": at(0.99),
        "failures": runs.iter().map(|(run, ..)| run.failures).sum::<usize>(),
        "mean_batch": median(&batches),
        "disk_limit_per_second": round(median(&limits)),
        "ratio": round(median(&ratios)),
        "bare_server_per_second": round(median(&bare)),
        "ratio_to_bare_server": round(median(&bare_ratios)),
        "box_cpu_us_per_read": cpu(|cpu| cpu.0),
        "generator_cpu_us_per_read": cpu(|cpu| cpu.1),
    })
}

/// Posts over `connections` kept-alive connections for `length`.
fn load(
    server: &Server,
    templates: &[Template],
    numbers: &AtomicU64,
    connections: usize,
    length: Duration,
) -> Result<Run, Failure> {
    let counted = || {
        (
            server.metric("openalpr_webhook_ingest_payloads_total"),
            server.metric("openalpr_webhook_ingest_commits_total"),
        )
    };
    let before = counted();
    let cpu = || (server.cpu_seconds(), process_seconds("self"));
    let cpu_before = cpu();
    let run = post(server.address, templates, numbers, connections, length)?;
    let cpu_after = cpu();
    let cpu = (cpu_after.0 - cpu_before.0, cpu_after.1 - cpu_before.1);
    let after = counted();
    let committed = (after.0.saturating_sub(before.0), after.1.saturating_sub(before.1));
    Ok(Run { committed, cpu, ..run })
}

/// Posts to whoever listens at `address`.
fn post(
    address: SocketAddr,
    templates: &[Template],
    numbers: &AtomicU64,
    connections: usize,
    length: Duration,
) -> Result<Run, Failure> {
    let started = Instant::now();
    let results: Vec<Result<(Vec<f64>, usize), Failure>> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..connections)
            .map(|_| scope.spawn(|| connection(address, templates, numbers, started, length)))
            .collect();
        threads
            .into_iter()
            .map(|thread| thread.join().unwrap_or_else(|_| Err("a sender panicked".into())))
            .collect()
    });
    let mut run = Run { seconds: started.elapsed().as_secs_f64(), ..Run::default() };
    for result in results {
        let (latencies, failures) = result?;
        run.latencies.extend(latencies);
        run.failures += failures;
    }
    Ok(run)
}

fn connection(
    address: SocketAddr,
    templates: &[Template],
    numbers: &AtomicU64,
    started: Instant,
    length: Duration,
) -> Result<(Vec<f64>, usize), Failure> {
    let mut own = templates.to_vec();
    let mut client = Client::new(address);
    let (mut latencies, mut failures) = (Vec::new(), 0);
    while started.elapsed() < length {
        let number = numbers.fetch_add(1, Ordering::Relaxed);
        let template = &mut own[number as usize % templates.len()];
        let body = template.render(number, Clock::System.now());
        let sent = Instant::now();
        let headers = "Content-Type: application/json\r\n";
        match client.send("POST", "/api/webhook", headers, body) {
            Ok(answer) if answer.status == 200 => {}
            Ok(answer) if answer.status < 500 => {
                let text = String::from_utf8_lossy(&answer.body).into_owned();
                return Err(format!("the box refused: {} {text}", answer.status).into());
            }
            _ => failures += 1,
        }
        latencies.push(sent.elapsed().as_secs_f64() * 1e3);
    }
    Ok((latencies, failures))
}

/// Appends the same bodies in batches of `batch` to one file, each made durable: reads a second.
fn append(
    directory: &Path,
    templates: &[Template],
    batch: usize,
    length: Duration,
) -> Result<f64, Failure> {
    let path = directory.join("limit");
    let mut file = std::fs::File::create(&path)?;
    let mut own = templates.to_vec();
    let started = Instant::now();
    let mut reads = 0;
    while started.elapsed() < length {
        for _ in 0..batch {
            let template = &mut own[reads % templates.len()];
            file.write_all(template.render(reads as u64, Clock::System.now()))?;
            reads += 1;
        }
        file.sync_data()?;
    }
    let rate = reads as f64 / started.elapsed().as_secs_f64();
    std::fs::remove_file(path)?;
    Ok(rate)
}
