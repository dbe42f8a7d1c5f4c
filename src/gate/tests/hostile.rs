//! What strangers do: slowness, floods, resets, descriptor exhaustion.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use socket2::SockRef;

use super::{connect, eventually, exchange, quick, read_to_end, start, status};
use crate::gate::GateLimits;

const PLAIN: &[u8] = b"GET / HTTP/1.0\r\n\r\n";

#[test]
fn slow_heads_are_cut() {
    let (gate, address) = start(quick());
    let begin = Instant::now();
    let mut stream = connect(address);
    let mut writer = stream.try_clone().unwrap();
    let drip = thread::spawn(move || {
        for byte in b"GET / HTTP/1.1\r\nHost: h\r\nX: ".iter().chain([b'y'; 200].iter()) {
            if writer.write_all(&[*byte]).is_err() {
                break;
            }
            thread::sleep(Duration::from_millis(20));
        }
    });
    let answer = read_to_end(&mut stream);
    let took = begin.elapsed();
    assert_eq!(status(&answer), 408, "{answer}");
    assert!(took >= Duration::from_millis(500) && took < Duration::from_secs(8), "{took:?}");
    drop(stream);
    drip.join().unwrap();
    eventually("gone", || gate.connections() == 0);
}

#[test]
fn silent_connections_are_closed_without_a_word() {
    let (_gate, address) = start(quick());
    let begin = Instant::now();
    assert_eq!(exchange(address, b""), "");
    let took = begin.elapsed();
    assert!(took >= Duration::from_millis(1200) && took < Duration::from_secs(8), "{took:?}");
}

#[test]
fn slow_readers_are_cut() {
    let (gate, address) = start(quick());
    let silent = connect(address);
    SockRef::from(&silent).set_recv_buffer_size(4096).unwrap();
    (&silent).write_all(b"GET /big HTTP/1.1\r\nHost: h\r\n\r\n").unwrap();
    let mut sipping = connect(address);
    SockRef::from(&sipping).set_recv_buffer_size(4096).unwrap();
    sipping.write_all(b"GET /big HTTP/1.1\r\nHost: h\r\n\r\n").unwrap();
    eventually("both there", || gate.connections() == 2);
    let begin = Instant::now();
    let sipper = thread::spawn(move || {
        while begin.elapsed() < Duration::from_secs(18) {
            match sipping.read(&mut [0; 16]) {
                Ok(0) | Err(_) => return,
                Ok(_) => thread::sleep(Duration::from_millis(50)),
            }
        }
    });
    eventually("both cut", || gate.connections() == 0);
    drop(silent);
    drop(sipper);
}

#[test]
fn one_address_cannot_take_every_place() {
    let (gate, address) = start(GateLimits { connections_per_address_max: 8, ..quick() });
    // Busy with their requests, so that none of them can be let go.
    let held: Vec<TcpStream> = (0..8).map(|_| working(address)).collect();
    eventually("held", || gate.connections() == 8);
    for _ in 0..5 {
        let answer = exchange(address, b"");
        assert_eq!(status(&answer), 503, "{answer}");
        assert!(answer.contains("Retry-After: 5\r\n"));
    }
    assert_eq!(gate.connections(), 8, "refused, not queued");
    drop(held);
    eventually("free", || gate.connections() == 0);
    assert_eq!(status(&exchange(address, PLAIN)), 200);
}

/// A connection whose handler works for a second and waits for nobody.
fn working(address: SocketAddr) -> TcpStream {
    let mut stream = connect(address);
    stream.write_all(b"GET /slow HTTP/1.1\r\nHost: h\r\n\r\n").unwrap();
    stream
}

/// Slow heads, slow bodies, slow reading, half handshakes: whoever comes new is served at once, and the
/// caps hold all the while.
#[test]
fn who_keeps_us_waiting_makes_room() {
    let limits = GateLimits {
        connections_per_address_max: 8,
        head_deadline: Duration::from_secs(90),
        idle_deadline: Duration::from_secs(90),
        body_deadline: Duration::from_secs(90),
        body_rate_grace: Duration::from_secs(90),
        write_deadline: Duration::from_secs(90),
        ..quick()
    };
    let slow: [&[u8]; 4] = [
        b"",
        b"GET / HTTP/1.1\r\nX: ",
        b"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 9\r\n\r\nabc",
        b"GET /big HTTP/1.1\r\nHost: h\r\n\r\n",
    ];
    for start_of_request in slow {
        let (gate, address) = start(limits.clone());
        let mut held: Vec<TcpStream> = Vec::new();
        for _ in 0..5 {
            for _ in 0..8 {
                let mut stream = connect(address);
                let _ = stream.write_all(start_of_request);
                held.push(stream);
            }
            assert!(gate.connections() <= 8, "the cap holds");
            // As soon as their threads have run and wait, which takes a while on a busy machine.
            eventually("served", || status(&exchange(address, PLAIN)) == 200);
        }
        drop(held);
        eventually("all gone", || gate.connections() == 0);
        assert_eq!(gate.body_memory(), 0);
    }
}

#[test]
fn all_places_taken() {
    let (gate, address) = start(GateLimits { connections_max: 5, ..quick() });
    let held: Vec<TcpStream> = (0..5).map(|_| working(address)).collect();
    eventually("held", || gate.connections() == 5);
    assert_eq!(status(&exchange(address, PLAIN)), 503);
    drop(held);
    eventually("free", || gate.connections() == 0);
    assert_eq!(status(&exchange(address, PLAIN)), 200);
}

#[test]
fn resets_in_every_moment() {
    let (gate, address) = start(quick());
    for round in 0..1500 {
        let stream = connect(address);
        SockRef::from(&stream).set_linger(Some(Duration::ZERO)).unwrap();
        let request: &[u8] = match round % 50 % 7 {
            0 => b"",
            1 => b"GET / HTTP/1.1\r\nHo",
            2 if round % 50 == 2 => b"GET /big HTTP/1.1\r\nHost: h\r\n\r\n",
            2 => b"\0",
            3 => b"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 9\r\n\r\nabc",
            _ => b"GET /stream HTTP/1.1\r\nHost: h\r\n\r\n",
        };
        let _ = (&stream).write_all(request);
    }
    eventually("all gone", || gate.connections() == 0);
    assert_eq!(status(&exchange(address, PLAIN)), 200);
    assert_eq!(gate.body_memory(), 0);
}

#[test]
fn a_flood_of_pipelined_requests_waits_for_its_reader() {
    let (gate, address) = start(quick());
    let mut stream = connect(address);
    stream.set_write_timeout(Some(Duration::from_millis(300))).unwrap();
    let requests = b"GET / HTTP/1.1\r\nHost: h\r\n\r\n".repeat(4000);
    let begin = Instant::now();
    while begin.elapsed() < Duration::from_secs(5) && stream.write_all(&requests).is_ok() {}
    eventually("cut for not reading", || gate.connections() == 0);
}

/// Runs in a process of its own, where nobody else's memory is counted.
#[test]
#[ignore = "the body of idle_connections_are_cheap"]
fn with_many_idle_connections() {
    const CONNECTIONS: usize = 500;
    let (gate, address) = start(GateLimits {
        connections_per_address_max: CONNECTIONS,
        idle_deadline: Duration::from_secs(60),
        ..quick()
    });
    // Code and pools are in memory before anything is counted.
    assert_eq!(status(&exchange(address, PLAIN)), 200);
    let before = resident_kib();
    let held: Vec<TcpStream> = (0..CONNECTIONS).map(|_| connect(address)).collect();
    eventually("held", || gate.connections() == CONNECTIONS);
    for mut stream in &held {
        stream.write_all(b"GET / HTTP/1.1\r\nHost: h\r\n\r\n").unwrap();
    }
    for mut stream in &held {
        assert!(stream.read(&mut [0; 512]).unwrap() > 100);
    }
    let cost = resident_kib().saturating_sub(before);
    println!("{CONNECTIONS} idle connections cost {cost} KiB");
    assert_eq!(gate.connections(), CONNECTIONS);
    assert!(cost < 10 * 1024, "{cost} KiB");
    drop(held);
    eventually("gone", || gate.connections() == 0);
}

#[test]
fn idle_connections_are_cheap() {
    alone("with_many_idle_connections");
}

fn resident_kib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmRSS:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}

/// Runs in a process of its own: the limit holds for a whole process.
#[test]
#[ignore = "the body of running_out_of_descriptors_is_survived"]
fn with_few_descriptors() {
    let (gate, address) = start(quick());
    let limit = getrlimit(Resource::Nofile);
    setrlimit(Resource::Nofile, Rlimit { current: Some(48), maximum: limit.maximum }).unwrap();
    let mut held = Vec::new();
    while let Ok(stream) = TcpStream::connect(address) {
        held.push(stream);
        assert!(held.len() < 60);
    }
    // Client and server share the limit, so both have run dry; the accept loop is failing now.
    thread::sleep(Duration::from_millis(300));
    assert!(gate.connections() < 30);
    drop(held);
    eventually("gone", || gate.connections() == 0);
    for _ in 0..10 {
        assert_eq!(status(&exchange(address, PLAIN)), 200);
    }
    gate.stop(Duration::from_secs(1));
}

#[test]
fn running_out_of_descriptors_is_survived() {
    alone("with_few_descriptors");
}

fn alone(test: &str) {
    let output = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", &format!("gate::tests::hostile::{test}"), "--ignored", "--nocapture"])
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    println!("{text}");
    assert!(output.status.success() && text.contains("1 passed"));
}
