//! Live streams on real sockets: everybody hears, nobody holds the others up.

use std::io::{Read as _, Write as _};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use super::{Watcher, connect, eventually, exchange, quick, read_until, status, tls};
use crate::gate::{
    Body, Gate, GateLimits, Handler, Head, Hub, HubLimits, Listener, Response, Tls, bind,
};

const ASK: &[u8] = b"GET /live HTTP/1.1\r\nHost: h\r\n\r\n";

/// A paper all listeners read, from where they have got to.
#[derive(Default)]
struct Paper {
    lines: Mutex<Vec<String>>,
    gathered: AtomicUsize,
    thrown_out: AtomicBool,
}

struct Reader {
    paper: Arc<Paper>,
    at: usize,
}

impl Listener for Reader {
    fn news(&mut self, out: &mut Vec<u8>) {
        let lines = self.paper.lines.lock().unwrap().clone();
        for line in &lines[self.at..] {
            assert_ne!(line, "panic", "as asked");
            out.extend_from_slice(format!("data: {line}\n\n").as_bytes());
        }
        self.at = lines.len();
    }

    fn stays(&mut self, out: &mut Vec<u8>) -> bool {
        let out_they_go = self.paper.thrown_out.load(Ordering::SeqCst);
        if out_they_go {
            out.extend_from_slice(b"event: end\n\n");
        }
        !out_they_go
    }
}

struct Desk {
    hub: Hub,
    paper: Arc<Paper>,
}

impl Handler for Desk {
    fn handle(&self, head: &Head, _: &mut Body<'_>) -> Response {
        if head.path != "/live" {
            return Response::new(200).text("plain");
        }
        let at = self.paper.lines.lock().unwrap().len();
        let reader = Reader { paper: Arc::clone(&self.paper), at };
        self.hub.stream(reader).unwrap_or_else(|| Response::new(503).text("full"))
    }
}

struct Stage {
    gate: Option<Gate>,
    address: SocketAddr,
    hub: Hub,
    paper: Arc<Paper>,
    thread: Option<JoinHandle<()>>,
}

impl Stage {
    fn new(limits: HubLimits) -> Self {
        Self::with(limits, None)
    }

    fn with(limits: HubLimits, tls: Option<Tls>) -> Self {
        let (hub, paper) = (Hub::new(limits).unwrap(), Arc::new(Paper::default()));
        let counted = Arc::clone(&paper);
        let thread = hub.start(move || {
            counted.gathered.fetch_add(1, Ordering::SeqCst);
        });
        let desk = Desk { hub: hub.clone(), paper: Arc::clone(&paper) };
        let listener = bind("127.0.0.1:0").unwrap();
        let doorman = Arc::new(Watcher::default());
        // The deadlines of ordinary connections are shorter than these tests: they must not count.
        let limits = GateLimits { idle_deadline: Duration::from_millis(200), ..quick() };
        let gate = Gate::start(vec![listener], Arc::new(desk), doorman, limits, tls).unwrap();
        let address = gate.addresses()[0];
        Self { gate: Some(gate), address, hub, paper, thread: Some(thread.unwrap()) }
    }

    fn subscribe(&self) -> TcpStream {
        let mut stream = connect(self.address);
        stream.write_all(ASK).unwrap();
        let head = read_until(&mut stream, "\r\n\r\n");
        assert!(head.starts_with("HTTP/1.1 200 OK\r\n"), "{head}");
        assert!(head.contains("Content-Type: text/event-stream\r\n"), "{head}");
        assert!(
            head.contains("Connection: close\r\n") && !head.contains("Content-Length"),
            "{head}"
        );
        stream
    }

    fn publish(&self, line: &str) {
        self.paper.lines.lock().unwrap().push(line.to_owned());
        self.hub.wake();
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        self.hub.stop();
        self.thread.take().map(JoinHandle::join);
        let started = Instant::now();
        self.gate.take().unwrap().stop(Duration::from_secs(5));
        assert!(started.elapsed() < Duration::from_secs(2), "streams do not keep the gate open");
    }
}

fn usual() -> HubLimits {
    HubLimits { round: Duration::from_millis(5), ..HubLimits::default() }
}

#[test]
fn everybody_hears_and_news_are_gathered_once() {
    let stage = Stage::new(usual());
    let mut streams: Vec<TcpStream> = (0..60).map(|_| stage.subscribe()).collect();
    assert_eq!(stage.hub.streams(), 60);
    for round in 0..3 {
        stage.publish(&format!("news {round}"));
        for stream in &mut streams {
            assert_eq!(read_until(stream, "\n\n"), format!("data: news {round}\n\n"));
        }
    }
    assert!(stage.paper.gathered.load(Ordering::SeqCst) <= 3, "once for all of them");
    assert_eq!(stage.gate.as_ref().unwrap().connections(), 60, "they still count as connections");
    drop(streams);
    eventually("all places are free", || stage.hub.streams() == 0);
    eventually("no connection is left", || stage.gate.as_ref().unwrap().connections() == 0);
}

#[test]
fn places_run_out_and_come_back() {
    let stage = Stage::new(HubLimits { streams_max: 2, ..usual() });
    let first = stage.subscribe();
    let _second = stage.subscribe();
    let refused = exchange(stage.address, &[ASK, b"\r\n"].concat());
    assert_eq!(status(&refused), 503);
    drop(first);
    eventually("a place is free", || stage.hub.streams() == 1);
    stage.subscribe();
}

#[test]
fn who_comes_after_the_end_is_sent_away() {
    let mut stage = Stage::new(usual());
    stage.hub.stop();
    stage.thread.take().map(JoinHandle::join);
    stage.subscribe();
    eventually("its place is free", || stage.hub.streams() == 0);
    eventually("no connection is left", || stage.gate.as_ref().unwrap().connections() == 0);
}

#[test]
fn who_only_asks_for_the_head_takes_no_place() {
    let stage = Stage::new(usual());
    let answer = exchange(stage.address, b"HEAD /live HTTP/1.1\r\nHost: h\r\n\r\n");
    assert!(answer.ends_with("\r\n\r\n") && status(&answer) == 200, "{answer}");
    assert_eq!(stage.hub.streams(), 0);
}

#[test]
fn a_reader_who_does_not_keep_up_is_let_go_and_holds_nobody_up() {
    let stage = Stage::new(HubLimits { buffer_bytes_max: 32 * 1024, ..usual() });
    let slow = stage.subscribe();
    let mut quick = stage.subscribe();
    // More than the sockets of both sides hold.
    let (page, mut pages) = ("x".repeat(256 * 1024), 0);
    while stage.hub.streams() == 2 {
        stage.publish(&page);
        let started = Instant::now();
        let answer = read_until_blocks(&mut quick, page.len() + 8);
        assert!(answer.starts_with(b"data: x") && started.elapsed() < Duration::from_secs(5));
        pages += 1;
        assert!(pages < 200, "a slow reader was never let go");
    }
    stage.publish("still here");
    assert_eq!(read_until(&mut quick, "\n\n"), "data: still here\n\n");
    drop(slow);
}

#[test]
fn encrypted_streams_hear_the_same_and_may_lag_no_more() {
    let (chain, key) = tls::identity();
    let limits = HubLimits { buffer_bytes_max: 32 * 1024, ..usual() };
    let stage = Stage::with(limits, Some(Tls::new(&chain, &key).unwrap()));
    let config = tls::trusting(&chain, rustls::DEFAULT_VERSIONS);
    let mut clients: Vec<tls::Client> = (0..3)
        .map(|_| {
            let mut client = tls::client(stage.address, &config);
            client.write_all(ASK).unwrap();
            client.flush().unwrap();
            client
        })
        .collect();
    eventually("all are there", || stage.hub.streams() == 3);
    let page = "x".repeat(200_000);
    let mut pages = 0;
    // The last one never reads.
    while stage.hub.streams() == 3 {
        stage.publish(&page);
        pages += 1;
        assert!(pages < 200, "a slow reader was never let go");
        for client in &mut clients[..2] {
            read_page(client, page.len());
        }
    }
    assert_eq!(stage.hub.streams(), 2);
    stage.publish("end");
    for client in &mut clients[..2] {
        let mut words = [0; 11];
        client.read_exact(&mut words).unwrap();
        assert_eq!(&words, b"data: end\n\n");
    }
}

/// Reads up to the end of a page of so many letters.
fn read_page(client: &mut tls::Client, letters: usize) {
    let (mut out, mut part) = (Vec::new(), [0; 16 * 1024]);
    while !out.ends_with(b"\n\n") || out.len() < letters {
        let count = client.read(&mut part).unwrap();
        assert_ne!(count, 0, "closed");
        out.extend_from_slice(&part[..count]);
    }
}

fn read_until_blocks(stream: &mut TcpStream, count: usize) -> Vec<u8> {
    let mut bytes = vec![0; count];
    stream.read_exact(&mut bytes).unwrap();
    bytes
}

#[test]
fn resets_half_closes_and_talk_end_a_stream_and_no_other() {
    let stage = Stage::new(usual());
    let mut good = stage.subscribe();
    let reset = stage.subscribe();
    socket2::SockRef::from(&reset).set_linger(Some(Duration::ZERO)).unwrap();
    drop(reset);
    let half = stage.subscribe();
    half.shutdown(Shutdown::Write).unwrap();
    let mut talker = stage.subscribe();
    talker.write_all(ASK).unwrap();
    eventually("two are gone", || stage.hub.streams() == 2);
    stage.publish("on");
    assert_eq!(read_until(&mut talker, "\n\n"), "data: on\n\n", "a second request is not answered");
    let _ = talker.write_all(&vec![b'x'; 64 * 1024]);
    eventually("the talker is gone", || stage.hub.streams() == 1);
    stage.publish("and on");
    assert_eq!(read_until(&mut good, "and on\n\n"), "data: on\n\ndata: and on\n\n");
}

#[test]
fn silence_has_a_heartbeat() {
    let stage = Stage::new(HubLimits { heartbeat: Duration::from_millis(60), ..usual() });
    let mut stream = stage.subscribe();
    assert_eq!(read_until(&mut stream, ":\n\n:\n\n"), ":\n\n:\n\n");
}

#[test]
fn who_may_not_stay_hears_the_end() {
    let stage = Stage::new(HubLimits { check: Duration::from_millis(40), ..usual() });
    let mut stream = stage.subscribe();
    stage.paper.thrown_out.store(true, Ordering::SeqCst);
    let mut rest = String::new();
    stream.read_to_string(&mut rest).unwrap();
    assert_eq!(rest, "event: end\n\n");
    eventually("the place is free", || stage.hub.streams() == 0);
}

#[test]
fn a_listener_that_panics_costs_itself_only() {
    let stage = Stage::new(usual());
    let mut early = stage.subscribe();
    stage.publish("panic");
    let mut rest = String::new();
    early.read_to_string(&mut rest).unwrap();
    assert_eq!(rest, "");
    let mut late = stage.subscribe();
    stage.publish("fine");
    assert_eq!(read_until(&mut late, "\n\n"), "data: fine\n\n");
}

#[test]
fn stopping_the_gate_ends_streams_at_once() {
    let mut stage = Stage::new(usual());
    let mut stream = stage.subscribe();
    let started = Instant::now();
    stage.gate.take().unwrap().stop(Duration::from_secs(5));
    assert!(started.elapsed() < Duration::from_secs(2));
    let mut rest = String::new();
    let _ = stream.read_to_string(&mut rest);
    assert_eq!(rest, "");
    let listener = bind("127.0.0.1:0").unwrap();
    let desk = Desk { hub: stage.hub.clone(), paper: Arc::clone(&stage.paper) };
    let doorman = Arc::new(Watcher::default());
    stage.gate = Some(Gate::start(vec![listener], Arc::new(desk), doorman, quick(), None).unwrap());
}
