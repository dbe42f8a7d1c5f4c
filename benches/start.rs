//! How soon the box is ready, cleanly stopped or killed, and how quickly its pages come.
//!
//! `cargo bench --bench start -- [--captures 100000] [--days 365] [--rounds 5] [--data DIR]
//! [--binary PATH]`

#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a bench reports on them")]

mod support;

use std::path::Path;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use openalpr_webhook::base::clock::Clock;
use serde_json::{Value, json};
use support::http::Client;
use support::load::templates;
use support::server::{self, PASSWORD, Server};
use support::{Failure, argument, disk_bytes, median, ms, percentile, round};

fn main() -> ExitCode {
    match measure() {
        Ok(report) => {
            println!("{report:#}");
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("start bench: {error}");
            ExitCode::FAILURE
        }
    }
}

fn measure() -> Result<Value, Failure> {
    let captures: u64 = argument("--captures", 100_000);
    let days: u32 = argument("--days", 365);
    let rounds: usize = argument("--rounds", 5);
    let place: String = argument("--data", std::env::temp_dir().display().to_string());
    let directory = tempfile::Builder::new().prefix("start-bench").tempdir_in(place)?;
    let data = directory.path().join("data");
    let filling = Instant::now();
    server::fill(&data, captures, days)?;
    let filled = filling.elapsed();
    let key = server::add_user(&data)?;
    let (mut clean, mut killed) = (Vec::new(), Vec::new());
    for _ in 0..rounds {
        let server = Server::start(&data)?;
        clean.push(ms(server.ready_after));
        server.stop()?;
    }
    for round in 0..rounds {
        // Killed in the middle of work, so that there is something to recover.
        let server = Server::start(&data)?;
        post(&server, &key, round as u64 * 1000)?;
        server.kill()?;
        let server = Server::start(&data)?;
        killed.push(ms(server.ready_after));
        server.stop()?;
    }
    let server = Server::start(&data)?;
    std::thread::sleep(Duration::from_secs(2));
    let idle_kib = server.memory_kib("VmRSS");
    let pages = pages(&server)?;
    Ok(json!({
        "bench": "start",
        "captures": captures,
        "fill_seconds": round(filled.as_secs_f64()),
        "store_bytes": disk_bytes(Path::new(&data)),
        "ready_clean_ms": { "median": round(median(&clean)), "max": percentile(&clean, 1.0) },
        "ready_killed_ms": { "median": round(median(&killed)), "max": percentile(&killed, 1.0) },
        "rss_idle_kib": idle_kib,
        "rss_max_kib": server.memory_kib("VmHWM"),
        "pages": pages,
    }))
}

fn post(server: &Server, key: &str, first: u64) -> Result<(), Failure> {
    let mut templates = templates(1, key, Clock::System.now())?;
    let mut client = Client::new(server.address);
    for number in first..first + 30 {
        let Some(template) = templates.first_mut() else { break };
        let body = template.render(number, Clock::System.now());
        let headers = "Content-Type: application/json\r\n";
        let answer = client.send("POST", "/api/webhook", headers, body)?;
        if answer.status != 200 {
            return Err(format!("the box refused: {}", answer.status).into());
        }
    }
    Ok(())
}

fn pages(server: &Server) -> Result<Value, Failure> {
    let mut client = Client::new(server.address);
    let sign_in = time(&mut client, "/sign-in", "")?;
    let origin = format!("http://{}", server.address);
    let headers = format!(
        "Origin: {origin}\r\nSec-Fetch-Site: same-origin\r\n\
         Content-Type: application/x-www-form-urlencoded\r\n"
    );
    let form = format!("username=bench&password={}", PASSWORD.replace(' ', "+"));
    let started = Instant::now();
    let answer = client.send("POST", "/sign-in", &headers, form.as_bytes())?;
    let signing_in = ms(started.elapsed());
    let cookie = answer.header("set-cookie").and_then(|value| value.split(';').next());
    let cookie = match cookie {
        Some(cookie) if answer.status < 400 => format!("Cookie: {cookie}\r\n"),
        _ => return Err(format!("signing in failed: {}", answer.status).into()),
    };
    let list = client.send("GET", "/search", &cookie, b"")?.body;
    let capture = first_link(&list, "/captures/").ok_or("the search shows no read")?;
    let page = client.send("GET", &capture, &cookie, b"")?.body;
    let plate = first_link(&page, "/plates/").ok_or("the read shows no plate")?;
    Ok(json!({
        "capture": time(&mut client, &capture, &cookie)?,
        "plate": time(&mut client, &plate, &cookie)?,
        "plates": time(&mut client, "/plates", &cookie)?,
        "sign_in_page": sign_in,
        "sign_in_ms": signing_in,
        "dashboard": time(&mut client, "/", &cookie)?,
        "search": time(&mut client, "/search", &cookie)?,
        "search_plate": time(&mut client, "/search?q=plate%3A7Y*", &cookie)?,
    }))
}

/// The first address on `page` that begins with `start`.
fn first_link(page: &[u8], start: &str) -> Option<String> {
    let page = String::from_utf8_lossy(page);
    let rest = page.split(&format!("href=\"{start}")).nth(1)?;
    Some(format!("{start}{}", rest.split('"').next()?))
}

/// Milliseconds of 200 requests one after the other.
fn time(client: &mut Client, path: &str, headers: &str) -> Result<Value, Failure> {
    let mut latencies = Vec::new();
    let mut bytes = 0;
    for _ in 0..200 {
        let started = Instant::now();
        let answer = client.send("GET", path, headers, b"")?;
        latencies.push(started.elapsed().as_secs_f64() * 1e3);
        bytes = answer.body.len();
        if answer.status != 200 {
            return Err(format!("{path} answered {}", answer.status).into());
        }
    }
    Ok(json!({
        "p50_ms": round(percentile(&latencies, 0.5)),
        "p99_ms": round(percentile(&latencies, 0.99)),
        "bytes": bytes,
    }))
}
