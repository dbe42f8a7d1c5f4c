//! How quickly a whole store leaves as a file, and what that costs in memory.
//!
//! `cargo bench --bench export -- [--captures 100000] [--data DIR] [--binary PATH]`

#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a bench reports on them")]

mod support;

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::process::ExitCode;
use std::time::Instant;

use serde_json::{Value, json};
use support::server::{self, Server};
use support::{Failure, argument, round};

fn main() -> ExitCode {
    match measure() {
        Ok(report) => {
            println!("{report:#}");
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("export bench: {error}");
            ExitCode::FAILURE
        }
    }
}

fn measure() -> Result<Value, Failure> {
    let captures: u64 = argument("--captures", 100_000);
    let place: String = argument("--data", std::env::temp_dir().display().to_string());
    let directory = tempfile::Builder::new().prefix("export-bench").tempdir_in(place)?;
    let data = directory.path().join("data");
    server::fill(&data, captures, 365)?;
    let key = server::add_user(&data)?;
    let server = Server::start(&data)?;
    let before = server.memory_kib("VmRSS");
    let mut formats = serde_json::Map::new();
    for (name, path) in [
        ("csv", "/api/v1/export?format=csv"),
        ("csv_one_color", "/api/v1/export?format=csv&color=white"),
        ("jsonl", "/api/v1/export?format=jsonl"),
    ] {
        formats.insert(name.to_owned(), take(&server, &key, path)?);
    }
    Ok(json!({
        "bench": "export",
        "captures": captures,
        "formats": formats,
        "rss_before_kib": before,
        "rss_max_kib": server.memory_kib("VmHWM"),
    }))
}

/// Takes one file over HTTP/1.0, so that nothing but its lines comes.
fn take(server: &Server, key: &str, path: &str) -> Result<Value, Failure> {
    let started = Instant::now();
    let mut stream = TcpStream::connect(server.address)?;
    write!(stream, "GET {path} HTTP/1.0\r\nHost: bench\r\nX-Api-Key: {key}\r\n\r\n")?;
    let (mut piece, mut bytes, mut lines) = (vec![0; 64 * 1024], 0_u64, 0_u64);
    loop {
        let count = stream.read(&mut piece)?;
        if count == 0 {
            break;
        }
        bytes += count as u64;
        lines += piece.iter().take(count).filter(|byte| **byte == b'\n').count() as u64;
    }
    let seconds = started.elapsed().as_secs_f64();
    Ok(json!({
        "lines": lines,
        "bytes": bytes,
        "seconds": round(seconds),
        "lines_per_second": round(lines as f64 / seconds),
        "rss_kib": server.memory_kib("VmRSS"),
    }))
}
