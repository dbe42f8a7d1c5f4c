//! How soon the box is ready, cleanly stopped or killed, and how quickly its pages come.
//!
//! `cargo bench --bench start -- [--captures 100000] [--days 365] [--rounds 5] [--data DIR]
//! [--store DIR] [--binary PATH]`; `--store` measures a store that is there already. Pages are all
//! that the box serves with GET; those it had nothing to show on are named.

#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a bench reports on them")]

mod support;

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::{Duration, Instant};

use openalpr_webhook::base::clock::Clock;
use openalpr_webhook::gate::Method;
use openalpr_webhook::web::headers::Class;
use openalpr_webhook::web::routes::ROUTES;
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
    let store: String = argument("--store", String::new());
    let directory = tempfile::Builder::new().prefix("start-bench").tempdir_in(place)?;
    let filling = Instant::now();
    let data = if store.is_empty() {
        let data = directory.path().join("data");
        server::fill(&data, captures, days)?;
        data
    } else {
        PathBuf::from(store)
    };
    let filled = filling.elapsed();
    let key = server::kept_key(&data)?;
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

/// Every page, each as often.
const PAGE_ROUNDS: usize = 60;
/// What a page may take at the 95th percentile, milliseconds.
const PAGE_MS: f64 = 10.0;
/// Addresses beside those of the routes: pages that look quite different with parameters.
const MORE: [&str; 7] = [
    "/?range=today",
    "/?range=year",
    "/search?view=grid",
    "/search?q=plate%3A7Y*",
    "/search?q=color%3Awhite%20make%3Atoyota",
    "/search?q=nonsense%3Ax",
    "/plates?tag=staff",
];

fn pages(server: &Server) -> Result<Value, Failure> {
    let mut client = Client::new(server.address);
    let cookie = sign_in(&mut client, server)?;
    let routes: Vec<&str> = ROUTES
        .iter()
        .filter(|route| route.method == Method::Get && route.class == Class::Page)
        .map(|route| route.path)
        .collect();
    let mut links: Vec<String> = Vec::new();
    for path in routes.iter().filter(|path| !path.contains('{')) {
        links.extend(links_of(&client.send("GET", path, &cookie, b"")?.body));
    }
    let deeper: Vec<String> =
        links.iter().filter(|link| link.starts_with("/captures/")).take(3).cloned().collect();
    for path in deeper {
        links.extend(links_of(&client.send("GET", &path, &cookie, b"")?.body));
    }
    let (mut measured, mut left_out, mut over) = (serde_json::Map::new(), Vec::new(), Vec::new());
    for route in routes.into_iter().chain(MORE) {
        let example = links.iter().find(|link| is_like(route, link));
        let path = if route.contains('{') { example.map(String::as_str) } else { Some(route) };
        let status = match path {
            Some(path) => client.send("GET", path, &cookie, b"")?.status,
            None => 404,
        };
        let (Some(path), 200) = (path, status) else {
            left_out.push(format!("{route} {status}"));
            continue;
        };
        let figures = time(&mut client, server, path, &cookie)?;
        if figures["cpu_p95_ms"].as_f64().is_some_and(|ms| ms > PAGE_MS) {
            over.push(route);
        }
        measured.insert(route.to_owned(), figures);
    }
    Ok(json!({ "measured": measured, "not_measured": left_out, "over_10_ms_cpu_p95": over }))
}

/// Whether `link` is an address of `route`.
fn is_like(route: &str, link: &str) -> bool {
    let (mut wanted, mut found) = (route.split('/'), link.split('/'));
    let like = wanted.by_ref().zip(found.by_ref()).all(|(want, have)| {
        want == have || (want.starts_with('{') && !have.is_empty() && !have.contains('?'))
    });
    like && route.split('/').count() == link.split('/').count()
}

fn links_of(page: &[u8]) -> Vec<String> {
    let page = String::from_utf8_lossy(page);
    let links = page.split("href=\"").skip(1).filter_map(|rest| rest.split('"').next());
    links.map(str::to_owned).collect()
}

/// The header that carries the session.
fn sign_in(client: &mut Client, server: &Server) -> Result<String, Failure> {
    let origin = format!("http://{}", server.address);
    let headers = format!(
        "Origin: {origin}\r\nSec-Fetch-Site: same-origin\r\n\
         Content-Type: application/x-www-form-urlencoded\r\n"
    );
    let form = format!("username=bench&password={}", PASSWORD.replace(' ', "+"));
    let answer = client.send("POST", "/sign-in", &headers, form.as_bytes())?;
    let cookie = answer.header("set-cookie").and_then(|value| value.split(';').next());
    match cookie {
        Some(cookie) if answer.status < 400 => Ok(format!("Cookie: {cookie}\r\n")),
        _ => Err(format!("signing in failed: {}", answer.status).into()),
    }
}

/// Milliseconds of requests one after the other: what the client waits, and the box's processor time.
fn time(client: &mut Client, server: &Server, path: &str, headers: &str) -> Result<Value, Failure> {
    let (mut wall, mut cpu) = (Vec::new(), Vec::new());
    let mut bytes = 0;
    for _ in 0..PAGE_ROUNDS {
        let (busy, started) = (server.busy_us(), Instant::now());
        let answer = client.send("GET", path, headers, b"")?;
        wall.push(started.elapsed().as_secs_f64() * 1e3);
        cpu.push(server.busy_us().saturating_sub(busy) as f64 / 1e3);
        bytes = answer.body.len();
        if answer.status != 200 {
            return Err(format!("{path} answered {}", answer.status).into());
        }
    }
    Ok(json!({
        "wall_p50_ms": round(percentile(&wall, 0.5)),
        "wall_p95_ms": round(percentile(&wall, 0.95)),
        "cpu_p50_ms": round(percentile(&cpu, 0.5)),
        "cpu_p95_ms": round(percentile(&cpu, 0.95)),
        "bytes": bytes,
    }))
}
