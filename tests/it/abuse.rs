//! Rude clients: idle, slow, resetting, by the hundred. The sign-in page answers meanwhile.

use std::io::{Read as _, Write as _};
use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use crate::harness::binary::{Running, user_add};
use crate::harness::client::{Client, connect};
use crate::harness::payload::group;
use crate::harness::{Harness, WEBHOOK};

/// Connections from `count` different loopback addresses, so that no cap of one address hides the
/// others.
fn crowd(address: SocketAddr, count: usize) -> Vec<TcpStream> {
    (0..count)
        .filter_map(|number| {
            let source = Ipv4Addr::new(127, 1, (number / 20) as u8, (number % 250) as u8 + 1);
            connect(address, Some(IpAddr::V4(source))).ok()
        })
        .collect()
}

/// Median time of the sign-in page over twenty visits on new connections.
#[track_caller]
fn probe(address: SocketAddr, what: &str) {
    let mut times: Vec<Duration> = (0..20)
        .map(|_| {
            let begun = Instant::now();
            Client::new(address).get("/sign-in").expect(200);
            begun.elapsed()
        })
        .collect();
    times.sort();
    // Other tests run meanwhile; a server that waits for a slow client takes many seconds.
    assert!(times[10] < Duration::from_millis(800), "{what}: {:?}", times[10]);
}

#[test]
fn idle_and_slow_clients_cost_little() {
    let directory = tempfile::tempdir().unwrap();
    let key = user_add(directory.path(), "owner", true);
    let running = Running::start(directory.path());
    let address = running.address;
    probe(address, "alone");
    let (threads, memory) = running.footprint();
    let idle = crowd(address, 400);
    probe(address, "idle connections");
    let mut slow = crowd(address, 30);
    for stream in &mut slow {
        let _ = stream.write_all(b"GET / HTTP/1.1\r\nHost: a\r\nX-Slow: ");
    }
    probe(address, "slow heads");
    let mut bodies = crowd(address, 30);
    for stream in &mut bodies {
        let _ = stream.write_all(
            b"POST /api/webhook HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000\r\n\r\n{",
        );
    }
    probe(address, "slow bodies");
    let (more_threads, more_memory) = running.footprint();
    assert!(more_threads.saturating_sub(threads) < 480, "{threads} to {more_threads} threads");
    let grown = more_memory.saturating_sub(memory);
    assert!(grown < 48 * 1024, "grew by {grown} KiB");
    println!("460 connections: {} threads, {grown} KiB more", more_threads - threads);
    let body = group(1).to_string();
    Client::with_key(address, &key).post_json(WEBHOOK, body.as_bytes()).expect(200);
    drop((idle, slow, bodies));
}

#[test]
fn clients_that_do_not_read_block_nobody() {
    let harness = Harness::start();
    let mut readers = crowd(harness.address, 40);
    for stream in &mut readers {
        let many = "GET /sign-in HTTP/1.1\r\nHost: a\r\n\r\n".repeat(200);
        let _ = stream.set_write_timeout(Some(Duration::from_millis(200)));
        let _ = stream.write_all(many.as_bytes());
    }
    probe(harness.address, "clients that do not read");
    harness.stored(&group(1));
}

#[test]
fn resets_and_half_requests_do_no_harm() {
    let harness = Harness::start();
    for number in 0..500_u32 {
        let Ok(mut stream) = connect(harness.address, None) else { continue };
        if number % 2 == 0 {
            let _ = stream.write_all(b"GET / HT");
        }
        // A close with unread data or zero linger is a reset.
        let _ = socket2::SockRef::from(&stream).set_linger(Some(Duration::ZERO));
    }
    // Until the dead connections are noticed, their address has used up its share.
    let begun = Instant::now();
    while Client::new(harness.address).get("/healthz").status == 503 {
        assert!(begun.elapsed() < Duration::from_secs(5), "dead connections are kept");
        std::thread::sleep(Duration::from_millis(20));
    }
    probe(harness.address, "after resets");
    harness.stored(&group(1));
}

#[test]
fn slow_heads_are_cut_off() {
    let harness = Harness::start();
    let mut stream = connect(harness.address, None).unwrap();
    stream.write_all(b"GET / HTTP/1.1\r\nHost: a\r\n").unwrap();
    let begun = Instant::now();
    let mut rest = Vec::new();
    let dripper = stream.try_clone().unwrap();
    std::thread::scope(|scope| {
        scope.spawn(move || {
            let mut dripper = dripper;
            for _ in 0..40 {
                std::thread::sleep(Duration::from_millis(500));
                if dripper.write_all(b"x").is_err() {
                    break;
                }
            }
        });
        let _ = stream.read_to_end(&mut rest);
        let _ = stream.shutdown(std::net::Shutdown::Both);
    });
    let took = begun.elapsed();
    assert!(took < Duration::from_secs(15), "a dripped head was borne for {took:?}");
}

#[test]
fn large_bodies_share_a_bounded_memory() {
    let directory = tempfile::tempdir().unwrap();
    let key = user_add(directory.path(), "owner", true);
    let running = Running::start(directory.path());
    let (_, before) = running.footprint();
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                let body = vec![b' '; 15 * 1024 * 1024];
                let mut client = Client::with_key(running.address, &key);
                if let Ok(answer) = client.request("POST", WEBHOOK, &[], &body) {
                    assert!(matches!(answer.status, 400 | 503), "{}", answer.status);
                }
            });
        }
    });
    let (_, after) = running.footprint();
    assert!(after.saturating_sub(before) < 120 * 1024, "{before} to {after} KiB");
    println!("eight large bodies: {before} to {after} KiB");
    let body = group(1).to_string();
    Client::with_key(running.address, &key).post_json(WEBHOOK, body.as_bytes()).expect(200);
}

#[test]
fn a_pipeline_is_answered_in_order() {
    let harness = Harness::start();
    let mut stream = connect(harness.address, None).unwrap();
    stream
        .write_all(
            b"GET /healthz HTTP/1.1\r\nHost: a\r\n\r\nGET /nothing HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n",
        )
        .unwrap();
    let mut text = String::new();
    stream.read_to_string(&mut text).unwrap();
    let first = text.find("HTTP/1.1 200").expect("the first answer");
    let second = text.find("HTTP/1.1 404").expect("the second answer");
    assert!(first < second);
}
