//! Killing the process at random moments: what was acknowledged is there, once, whole.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use serde_json::Value;

use crate::harness::binary::{self, Running, user_add};
use crate::harness::client::Client;
use crate::harness::payload;

const SENDERS: usize = 8;

/// What the senders know, across restarts.
#[derive(Default)]
struct Ledger {
    next: AtomicU64,
    acknowledged: Mutex<BTreeMap<u64, String>>,
    /// Sent, but never answered: sent again after the restart, as an agent would.
    pending: Mutex<BTreeSet<u64>>,
}

#[test]
fn killed_twice_loses_nothing() {
    crash_rounds(2);
}

/// `CRASH_ROUNDS` rounds; started by `.ci/crash-loop.sh`.
#[test]
#[ignore = "long; run by .ci/crash-loop.sh"]
fn crash_loop() {
    let rounds = std::env::var("CRASH_ROUNDS").ok().and_then(|n| n.parse().ok()).unwrap_or(50);
    crash_rounds(rounds);
}

#[test]
fn stops_on_request_within_five_seconds() {
    let directory = tempfile::tempdir().unwrap();
    let key = user_add(directory.path(), "owner", true);
    let running = Running::start(directory.path());
    let ledger = Ledger::default();
    let stop = AtomicBool::new(false);
    let target = (running.address, key.clone());
    let (took, well) = std::thread::scope(|scope| {
        for _ in 0..SENDERS {
            scope.spawn(|| send(&target, &ledger, &stop));
        }
        std::thread::sleep(Duration::from_millis(400));
        let ended = running.terminate();
        stop.store(true, Ordering::SeqCst);
        ended
    });
    assert!(well && took < Duration::from_secs(5), "took {took:?}, ended well: {well}");
    verify(directory.path(), &key, &ledger);
}

#[track_caller]
fn crash_rounds(rounds: usize) {
    let directory = tempfile::tempdir().unwrap();
    let key = user_add(directory.path(), "owner", true);
    let ledger = Ledger::default();
    let mut ready = Vec::new();
    for round in 1..=rounds {
        let running = Running::start(directory.path());
        ready.push(running.ready);
        let stop = AtomicBool::new(false);
        let target = (running.address, key.clone());
        let before = acknowledged(&ledger);
        std::thread::scope(|scope| {
            for _ in 0..SENDERS {
                scope.spawn(|| send(&target, &ledger, &stop));
            }
            std::thread::sleep(random_ms(200, 2000));
            running.kill();
            stop.store(true, Ordering::SeqCst);
        });
        let after = acknowledged(&ledger);
        println!("round {round}/{rounds}: {} acknowledged, {after} in all", after - before);
    }
    // The senders come back with what was never answered.
    let running = Running::start(directory.path());
    ready.push(running.ready);
    let mut client = Client::with_key(running.address, &key);
    let pending = std::mem::take(&mut *ledger.pending.lock().unwrap());
    for number in pending {
        let response = client.post_json("/api/webhook", body(number).as_bytes()).expect(200);
        record(&ledger, number, &response.json());
    }
    let (took, well) = running.terminate();
    assert!(well, "a polite stop ended badly after {took:?}");
    verify(directory.path(), &key, &ledger);
    ready.sort();
    println!(
        "{rounds} rounds, {} reads: ready after a kill in {:?} (median), {:?} (longest)",
        acknowledged(&ledger),
        ready[ready.len() / 2],
        ready[ready.len() - 1]
    );
    assert!(acknowledged(&ledger) > 0, "nothing was ever acknowledged");
}

fn acknowledged(ledger: &Ledger) -> usize {
    ledger.acknowledged.lock().unwrap().len()
}

/// Posts numbered reads on one connection until told to stop.
fn send(target: &(std::net::SocketAddr, String), ledger: &Ledger, stop: &AtomicBool) {
    let mut client = Client::with_key(target.0, &target.1);
    while !stop.load(Ordering::SeqCst) {
        let number = ledger
            .pending
            .lock()
            .unwrap()
            .pop_first()
            .unwrap_or_else(|| ledger.next.fetch_add(1, Ordering::SeqCst));
        let answer = client.request("POST", "/api/webhook", &[], body(number).as_bytes());
        match answer {
            Ok(response) if response.status == 200 => record(ledger, number, &response.json()),
            Ok(response) => {
                ledger.pending.lock().unwrap().insert(number);
                assert_eq!(response.status, 503, "{}", response.text());
                std::thread::sleep(Duration::from_millis(20));
            }
            Err(_) => {
                ledger.pending.lock().unwrap().insert(number);
                std::thread::sleep(Duration::from_millis(5));
            }
        }
    }
}

fn body(number: u64) -> String {
    payload::group(number).to_string()
}

fn record(ledger: &Ledger, number: u64, answer: &Value) {
    let status = answer["status"].as_str().unwrap_or_default();
    assert!(matches!(status, "stored" | "duplicate"), "{answer}");
    let id = answer["id"].as_str().unwrap_or_default().to_owned();
    let known = ledger.acknowledged.lock().unwrap().insert(number, id);
    assert_eq!(known, None, "read {number} was handed out twice");
}

/// Compares the store with the ledger over the API, then lets `check` look at the files.
#[track_caller]
fn verify(data: &Path, key: &str, ledger: &Ledger) {
    let running = Running::start(data);
    let mut client = Client::with_key(running.address, key);
    let mut found: BTreeMap<String, String> = BTreeMap::new();
    let mut cursor = String::new();
    loop {
        let page = client.get(&format!("/api/v1/captures?limit=200{cursor}")).expect(200).json();
        for row in page["data"].as_array().expect("data is a list") {
            let plate = row["plate"].as_str().expect("a plate").to_owned();
            let id = row["id"].as_str().expect("an id").to_owned();
            if let Some(other) = found.insert(plate.clone(), id.clone()) {
                panic!("{plate} is there twice: {other} and {id}");
            }
        }
        match page["next"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => break,
        }
    }
    let acknowledged = ledger.acknowledged.lock().unwrap();
    let pending = ledger.pending.lock().unwrap();
    let mut lost = Vec::new();
    for (number, id) in acknowledged.iter() {
        match found.get(&payload::plate(*number)) {
            Some(other) if id.is_empty() || other == id => {}
            other => lost.push(format!("{number}: acknowledged as {id:?}, found {other:?}")),
        }
    }
    assert!(lost.is_empty(), "{} of {} lost: {lost:?}", lost.len(), acknowledged.len());
    assert!(found.len() <= acknowledged.len() + pending.len(), "reads that nobody sent");
    // Every image of the newest and of a sample of the others.
    let step = (acknowledged.len() / 1000).max(1);
    for (number, _) in acknowledged.iter().rev().step_by(step) {
        let id = &found[&payload::plate(*number)];
        for (kind, offset) in [("plate", 0), ("vehicle", 1), ("overview", 2)] {
            let path = format!("/api/v1/captures/{id}/images/{kind}");
            let image = client.get(&path).expect(200);
            assert!(image.body == payload::jpeg(number * 4 + offset), "{path}: other bytes");
        }
    }
    let (_, well) = running.terminate();
    assert!(well, "a polite stop ended badly");
    let check = binary::run(&["check", "--data", data.to_str().unwrap()], "");
    assert!(
        check.status.success(),
        "check: {}{}",
        String::from_utf8_lossy(&check.stdout),
        String::from_utf8_lossy(&check.stderr)
    );
}

fn random_ms(from: u64, to: u64) -> Duration {
    let dice = u64::from_le_bytes(openalpr_webhook::base::random::bytes());
    Duration::from_millis(from + dice % (to - from))
}
