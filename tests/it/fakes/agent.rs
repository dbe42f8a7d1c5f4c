//! The web server of an agent (port 8355 there), with its bad days.

use std::collections::HashMap;
use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::Duration;

/// How it behaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mood {
    Well,
    /// Has a frame only when it is asked for the third time.
    Late,
    /// 404 for everything.
    Empty,
    /// 200 with a page.
    Html,
    /// Half a JPEG, then the end.
    Truncated,
    /// The start of a JPEG, and no end.
    Endless,
    /// A byte a second.
    Trickle,
    /// Takes the request and never answers.
    Hang,
    /// 500 for everything.
    Broken,
    /// 302 to somewhere else.
    Elsewhere,
}

struct Inner {
    frame: Vec<u8>,
    mood: Mutex<Mood>,
    asked: Mutex<Vec<String>>,
    stop: AtomicBool,
}

/// The running agent; ends when dropped.
pub(crate) struct FakeAgent {
    pub(crate) address: SocketAddr,
    inner: Arc<Inner>,
    thread: Option<JoinHandle<()>>,
}

impl FakeAgent {
    /// Serves `frame` for every uuid.
    pub(crate) fn start(frame: Vec<u8>) -> Self {
        Self::start_at("127.0.0.1:0".parse().expect("an address"), frame)
    }

    /// The same at a given address.
    pub(crate) fn start_at(address: SocketAddr, frame: Vec<u8>) -> Self {
        let listener = TcpListener::bind(address).expect("a free port");
        let address = listener.local_addr().expect("bound");
        let inner = Arc::new(Inner {
            frame,
            mood: Mutex::new(Mood::Well),
            asked: Mutex::default(),
            stop: AtomicBool::new(false),
        });
        let thread = {
            let inner = Arc::clone(&inner);
            std::thread::spawn(move || {
                for stream in listener.incoming().flatten() {
                    if inner.stop.load(Ordering::SeqCst) {
                        return;
                    }
                    let inner = Arc::clone(&inner);
                    std::thread::spawn(move || serve(&stream, &inner));
                }
            })
        };
        Self { address, inner, thread: Some(thread) }
    }

    pub(crate) fn set(&self, mood: Mood) {
        *self.inner.mood.lock().expect("whole") = mood;
    }

    /// Paths asked for so far.
    pub(crate) fn asked(&self) -> Vec<String> {
        self.inner.asked.lock().expect("whole").clone()
    }
}

impl Drop for FakeAgent {
    fn drop(&mut self) {
        self.inner.stop.store(true, Ordering::SeqCst);
        let _ = TcpStream::connect(self.address);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// Answers what comes over one connection.
fn serve(stream: &TcpStream, inner: &Inner) {
    let _ = stream.set_read_timeout(Some(Duration::from_secs(5)));
    let mut reader = BufReader::new(stream);
    while !inner.stop.load(Ordering::SeqCst) {
        let mut line = String::new();
        if reader.read_line(&mut line).unwrap_or(0) == 0 {
            return;
        }
        let mut header = line.clone();
        while header.trim_end() != "" {
            header.clear();
            if reader.read_line(&mut header).unwrap_or(0) == 0 {
                return;
            }
        }
        let path = line.split(' ').nth(1).unwrap_or_default().to_owned();
        inner.asked.lock().expect("whole").push(path.clone());
        let mood = *inner.mood.lock().expect("whole");
        if !answer(stream, inner, mood, &path) {
            return;
        }
    }
}

/// Whether the connection goes on.
fn answer(stream: &TcpStream, inner: &Inner, mood: Mood, path: &str) -> bool {
    let send = |status: &str, kind: &str, body: &[u8]| {
        let mut out = stream;
        let head = format!(
            "HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nContent-Length: {}\r\n\r\n",
            body.len()
        );
        out.write_all(head.as_bytes()).and_then(|()| out.write_all(body)).is_ok()
    };
    let is_frame = path.starts_with("/img/");
    match mood {
        Mood::Hang => pause(inner, Duration::from_secs(60)),
        Mood::Broken => send("500 Internal Server Error", "text/plain", b"no"),
        Mood::Elsewhere => {
            let mut out = stream;
            let head =
                "HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:9/\r\nContent-Length: 0\r\n\r\n";
            out.write_all(head.as_bytes()).is_ok()
        }
        Mood::Empty => send("404 Not Found", "text/plain", b"not found"),
        Mood::Html if is_frame => send("200 OK", "text/html", b"<html>no image</html>"),
        Mood::Late if is_frame && times(inner, path) < 3 => {
            send("404 Not Found", "text/plain", b"not found")
        }
        Mood::Truncated if is_frame => {
            send("200 OK", "image/jpeg", &inner.frame[..inner.frame.len() / 2])
        }
        Mood::Endless | Mood::Trickle if is_frame => {
            let mut out = stream;
            let slow = mood == Mood::Trickle;
            let piece = if slow { vec![0x11] } else { vec![0x11; 64 * 1024] };
            let mut sent = out.write_all(
                b"HTTP/1.1 200 OK\r\nContent-Type: image/jpeg\r\nContent-Length: 10000000000\r\n\r\n\xFF\xD8\xFF\xE0",
            );
            while sent.is_ok() && !inner.stop.load(Ordering::SeqCst) {
                sent = out.write_all(&piece);
                if slow {
                    pause(inner, Duration::from_secs(1));
                }
            }
            false
        }
        _ if is_frame => send("200 OK", "image/jpeg", &inner.frame),
        _ if path.starts_with("/list?") => send(
            "200 OK",
            "application/json",
            br#"[{"time":"1","key":"a"},{"time":"2","key":"b"}]"#,
        ),
        _ if path == "/" => {
            send("200 OK", "text/html", b"<html>Earliest date epoch: 1770000000000<br></html>")
        }
        _ => send("404 Not Found", "text/plain", b"not found"),
    }
}

fn times(inner: &Inner, path: &str) -> usize {
    let mut counts: HashMap<&str, usize> = HashMap::new();
    let asked = inner.asked.lock().expect("whole");
    for path in asked.iter() {
        *counts.entry(path).or_default() += 1;
    }
    counts.get(path).copied().unwrap_or_default()
}

/// Sleeps, but not past the end; `false` says that the connection ends.
fn pause(inner: &Inner, duration: Duration) -> bool {
    let until = std::time::Instant::now() + duration;
    while std::time::Instant::now() < until && !inner.stop.load(Ordering::SeqCst) {
        std::thread::sleep(Duration::from_millis(20));
    }
    false
}
