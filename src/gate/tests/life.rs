//! The life of connections: keep-alive, methods, streams, stopping.

use std::io::{Read as _, Write as _};
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use super::{
    Watcher, connect, eventually, exchange, quick, read_to_end, read_until, start, start_with,
    status,
};
use crate::gate::GateLimits;

fn get(path: &str) -> Vec<u8> {
    format!("GET {path} HTTP/1.1\r\nHost: h\r\n\r\n").into_bytes()
}

#[test]
fn one_connection_serves_many_requests() {
    let (gate, address) = start(quick());
    let mut stream = connect(address);
    for round in 0..200 {
        stream.write_all(&get(&format!("/{round}"))).unwrap();
        let answer = read_until(&mut stream, "]");
        assert!(answer.ends_with(&format!("GET /{round} 0 []")));
        assert!(!answer.contains("Connection: close") && !answer.contains("Server:"));
        assert!(answer.contains("\r\nDate: ") && answer.contains("\r\nContent-Length: "));
    }
    assert_eq!(gate.connections(), 1);
}

#[test]
fn pipelined_requests_are_answered_in_order() {
    let (_gate, address) = start(quick());
    let mut bytes: Vec<u8> = (0..50).flat_map(|round| get(&format!("/{round}"))).collect();
    bytes.extend_from_slice(b"GET /end HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
    bytes.extend_from_slice(&get("/never"));
    let answer = exchange(address, &bytes);
    let places: Vec<usize> =
        (0..50).map(|round| answer.find(&format!("GET /{round} 0 []")).unwrap()).collect();
    assert!(places.is_sorted() && answer.ends_with("GET /end 0 []"));
}

#[test]
fn who_closes_says_so() {
    let (_gate, address) = start(GateLimits { requests_per_connection_max: 3, ..quick() });
    let answer = exchange(address, b"GET / HTTP/1.0\r\n\r\n");
    assert!(answer.contains("Connection: close") && answer.ends_with("GET / 0 []"));
    let answer = exchange(address, &get("/").repeat(5));
    assert_eq!(answer.matches("200 OK").count(), 3, "requests of one connection are counted");
    assert_eq!(answer.matches("Connection: close").count(), 1);
    let mut stream = connect(address);
    stream.write_all(b"GET / HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n").unwrap();
    assert!(read_until(&mut stream, "]").contains("Connection: keep-alive"));
}

#[test]
fn head_has_the_headers_of_get() {
    let (_gate, address) = start(quick());
    for path in ["/static", "/stream", "/big"] {
        let fetch = |method: &str| {
            exchange(
                address,
                format!("{method} {path} HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n")
                    .as_bytes(),
            )
        };
        let (head, full) = (fetch("HEAD"), fetch("GET"));
        let lines = |answer: &str| {
            let end = answer.find("\r\n\r\n").unwrap();
            let lines = answer[..end].lines().filter(|line| !line.starts_with("Date"));
            lines.map(str::to_owned).collect::<Vec<_>>()
        };
        assert_eq!(lines(&head), lines(&full), "{path}");
        assert!(head.ends_with("\r\n\r\n") && full.len() > head.len(), "{path}");
    }
    let answer = exchange(address, &[get("/empty"), b"GET / HTTP/1.0\r\n\r\n".to_vec()].concat());
    assert!(answer.starts_with("HTTP/1.1 204") && answer.ends_with("GET / 0 []"), "{answer}");
}

#[test]
fn streams() {
    let (_gate, address) = start(quick());
    let mut stream = connect(address);
    stream.write_all(&get("/stream")).unwrap();
    let answer = read_until(&mut stream, "\r\n0\r\n\r\n");
    assert!(answer.contains("Transfer-Encoding: chunked"));
    assert!(answer.contains("\r\n\r\n7\r\npart 0\n\r\n7\r\npart 1\n\r\n7\r\npart 2\n\r\n0"));
    stream.write_all(&get("/after")).unwrap();
    assert!(read_until(&mut stream, "]").contains("/after"));
    let answer = exchange(address, b"GET /stream HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
    assert!(answer.contains("Connection: close") && !answer.contains("chunked"));
    assert!(answer.ends_with("\r\n\r\npart 0\npart 1\npart 2\n"), "{answer}");
    let answer = exchange(address, &get("/broken-stream"));
    assert!(answer.contains("4\r\nhalf") && !answer.contains("\r\n0\r\n"), "{answer}");
}

#[test]
fn a_panic_is_one_500() {
    let (gate, address) = start(quick());
    let answer = exchange(address, &get("/panic"));
    assert_eq!(status(&answer), 500);
    assert!(answer.contains("Reference: ") && !answer.contains("as asked"), "{answer}");
    assert_eq!(status(&exchange(address, b"GET / HTTP/1.0\r\n\r\n")), 200);
    eventually("counts come back", || gate.connections() == 0);
}

#[test]
fn a_handler_cannot_split_its_response() {
    let (_gate, address) = start(quick());
    let answer = exchange(address, b"GET /split?q HTTP/1.0\r\n\r\n");
    assert!(answer.starts_with("HTTP/1.1 303") && answer.contains("X-Good: 1"));
    assert!(!answer.contains("Evil") && !answer.contains("owned"), "{answer}");
}

#[test]
fn the_doorman_decides_about_connections_and_about_requests() {
    let watcher = Arc::new(Watcher::default());
    let (_gate, address) = start_with(quick(), Arc::clone(&watcher));
    *watcher.closed.lock().unwrap() = true;
    let answer = exchange(address, b"");
    assert_eq!(status(&answer), 403, "{answer}");
    *watcher.closed.lock().unwrap() = false;
    assert_eq!(status(&exchange(address, b"GET / HTTP/1.0\r\n\r\n")), 200);
    *watcher.banned.lock().unwrap() = Some("203.0.113.7".parse().unwrap());
    let one = |client: &str| format!("GET /a HTTP/1.1\r\nHost: x\r\nX-Client: {client}\r\n\r\n");
    let both = one("203.0.113.8") + &one("203.0.113.7") + &one("203.0.113.8");
    let answers = exchange(address, both.as_bytes());
    assert_eq!(answers.matches("HTTP/1.1 200").count(), 1, "{answers}");
    assert!(answers.contains("HTTP/1.1 403") && answers.ends_with("blocked\n"), "{answers}");
}

#[test]
fn a_doorman_who_falls_over_does_not_end_the_gate() {
    let watcher = Arc::new(Watcher::default());
    let (_gate, address) = start_with(quick(), Arc::clone(&watcher));
    *watcher.faint.lock().unwrap() = true;
    assert_eq!(exchange(address, b""), "", "nobody is let in unasked");
    *watcher.faint.lock().unwrap() = false;
    assert_eq!(status(&exchange(address, b"GET / HTTP/1.0\r\n\r\n")), 200);
}

#[test]
fn stop_lets_running_requests_finish_and_idle_ones_go() {
    let (gate, address) = start(GateLimits { idle_deadline: Duration::from_secs(60), ..quick() });
    let mut idle = connect(address);
    let mut kept = connect(address);
    kept.write_all(&get("/")).unwrap();
    read_until(&mut kept, "]");
    let mut busy = connect(address);
    busy.write_all(&get("/slow")).unwrap();
    eventually("all there", || gate.connections() == 3);
    thread::sleep(Duration::from_millis(400));
    let begin = Instant::now();
    let stopper = thread::spawn(move || gate.stop(Duration::from_secs(9)));
    assert_eq!(idle.read(&mut [0]).unwrap(), 0);
    assert_eq!(kept.read(&mut [0]).unwrap(), 0);
    assert!(begin.elapsed() < Duration::from_secs(5), "idle ones go at once");
    let answer = read_to_end(&mut busy);
    assert!(answer.contains("Connection: close") && answer.ends_with("GET /slow 0 []"), "{answer}");
    drop(busy);
    stopper.join().unwrap();
    assert!(std::net::TcpStream::connect(address).is_err(), "nobody listens any more");
}

#[test]
fn stop_is_bounded() {
    let (gate, address) = start(GateLimits { head_deadline: Duration::from_secs(30), ..quick() });
    let mut stuck = connect(address);
    stuck.write_all(b"GET / HT").unwrap();
    eventually("there", || gate.connections() == 1);
    thread::sleep(Duration::from_millis(100));
    let begin = Instant::now();
    gate.stop(Duration::from_millis(200));
    assert!(begin.elapsed() < Duration::from_secs(5), "{:?}", begin.elapsed());
    assert_eq!(read_to_end(&mut stuck), "");
}

#[test]
fn a_dropped_gate_frees_its_port() {
    let (gate, address) = start(quick());
    drop(gate);
    assert!(crate::gate::bind(&address.to_string()).is_ok());
}
