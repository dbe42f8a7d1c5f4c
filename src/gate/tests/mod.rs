//! The gate on real sockets. The handler echoes what it understood, so every test sees both sides.

mod bodies;
mod framing;
mod hostile;
mod life;
mod live;
mod mutation;
mod tls;

use std::io::{Read as _, Write as _};
use std::net::{IpAddr, SocketAddr, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use crate::gate::{
    Body, BodyError, Doorman, Gate, GateLimits, Handler, Head, Headers, Response, ResponseBody,
    Tls, bind,
};

/// Largest body the echo reads, bytes.
const BODY_MAX: u64 = 1024 * 1024;

/// Answers with what it understood; some paths misbehave on purpose.
struct Echo;

impl Handler for Echo {
    fn handle(&self, head: &Head, body: &mut Body<'_>) -> Response {
        match head.path.as_str() {
            "/panic" => panic!("as asked"),
            "/ignore" => return Response::new(200).text("ignored"),
            "/big" => return Response::new(200).bytes("x/y", vec![b'x'; 32 * 1024 * 1024]),
            "/slow" => thread::sleep(Duration::from_secs(1)),
            "/split" => {
                let to = format!("/x\r\nX-Evil: {}\r\n\r\nowned", head.query);
                return Response::redirect(303, &to).header("X-Good", "1");
            }
            "/stream" => {
                return Response::new(200).stream("text/plain", |out| {
                    for part in 0..3 {
                        writeln!(out, "part {part}")?;
                        out.flush()?;
                    }
                    Ok(())
                });
            }
            "/broken-stream" => {
                return Response::new(200).stream("text/plain", |out| {
                    out.write_all(b"half")?;
                    out.flush()?;
                    panic!("in the middle")
                });
            }
            "/empty" => return Response::new(204),
            "/static" => {
                return Response::new(200).body("text/plain", ResponseBody::Static(b"fixed"));
            }
            _ => {}
        }
        match body.read_all(BODY_MAX) {
            Ok(bytes) => Response::new(200).text(format!(
                "{} {} {} [{}]",
                head.method.as_str(),
                head.path,
                bytes.len(),
                String::from_utf8_lossy(&bytes[..bytes.len().min(32)])
            )),
            Err(error) => Response::new(match error {
                BodyError::TooLarge => 413,
                BodyError::TooSlow => 408,
                BodyError::Malformed | BodyError::Disconnected => 400,
                BodyError::Busy => 503,
                BodyError::UnsupportedEncoding => 415,
            })
            .text(format!("{error:?}")),
        }
    }
}

/// Believes everybody's `X-Client`; can close the door or fall over.
#[derive(Default)]
struct Watcher {
    banned: Mutex<Option<IpAddr>>,
    closed: Mutex<bool>,
    faint: Mutex<bool>,
}

impl Doorman for Watcher {
    fn client(&self, peer: IpAddr, headers: &Headers) -> IpAddr {
        headers.get("x-client").and_then(|text| text.parse().ok()).unwrap_or(peer)
    }

    fn admit(&self, address: IpAddr, _: Option<&Head>) -> bool {
        let faint = *self.faint.lock().unwrap();
        assert!(!faint, "the doorman fell over");
        !*self.closed.lock().unwrap() && *self.banned.lock().unwrap() != Some(address)
    }
}

/// Limits short enough to wait for, wide enough for a busy machine.
fn quick() -> GateLimits {
    GateLimits {
        connections_per_address_max: 400,
        head_deadline: Duration::from_millis(600),
        idle_deadline: Duration::from_millis(1500),
        body_deadline: Duration::from_millis(900),
        body_rate_grace: Duration::from_millis(400),
        write_deadline: Duration::from_millis(500),
        linger: Duration::from_millis(500),
        ..GateLimits::default()
    }
}

fn start(limits: GateLimits) -> (Gate, SocketAddr) {
    start_with(limits, Arc::new(Watcher::default()))
}

fn start_with(limits: GateLimits, doorman: Arc<Watcher>) -> (Gate, SocketAddr) {
    start_tls(limits, doorman, None)
}

fn start_tls(limits: GateLimits, doorman: Arc<Watcher>, tls: Option<Tls>) -> (Gate, SocketAddr) {
    let listener = bind("127.0.0.1:0").unwrap();
    let gate = Gate::start(vec![listener], Arc::new(Echo), doorman, limits, tls).unwrap();
    let address = gate.addresses()[0];
    (gate, address)
}

fn connect(address: SocketAddr) -> TcpStream {
    let stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
    stream.set_nodelay(true).unwrap();
    stream
}

/// Sends `bytes` on a new connection and reads until the server closes.
fn exchange(address: SocketAddr, bytes: &[u8]) -> String {
    let mut stream = connect(address);
    stream.write_all(bytes).unwrap();
    read_to_end(&mut stream)
}

fn read_to_end(stream: &mut TcpStream) -> String {
    let mut out = Vec::new();
    match stream.read_to_end(&mut out) {
        Ok(_) => {}
        Err(error) if error.kind() == std::io::ErrorKind::ConnectionReset => {}
        Err(error) => panic!("{error}; got {:?}", String::from_utf8_lossy(&out)),
    }
    String::from_utf8_lossy(&out).into_owned()
}

/// Reads until `mark` has come.
fn read_until(stream: &mut TcpStream, mark: &str) -> String {
    let mut out = Vec::new();
    let mut byte = [0];
    while !String::from_utf8_lossy(&out).ends_with(mark) {
        match stream.read(&mut byte) {
            Ok(1..) => out.push(byte[0]),
            result => panic!("{result:?} before {mark:?}: {:?}", String::from_utf8_lossy(&out)),
        }
    }
    String::from_utf8_lossy(&out).into_owned()
}

fn status(answer: &str) -> u16 {
    answer.get(9..12).and_then(|digits| digits.parse().ok()).unwrap_or(0)
}

/// Waits until `condition` holds, at most twenty seconds.
fn eventually(what: &str, mut condition: impl FnMut() -> bool) {
    let start = Instant::now();
    while !condition() {
        assert!(start.elapsed() < Duration::from_secs(20), "never: {what}");
        thread::sleep(Duration::from_millis(5));
    }
}
