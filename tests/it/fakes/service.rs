//! A web service that takes messages, keeps what it was sent, and behaves as told.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::Duration;

/// How it answers; the last one stays.
#[derive(Clone, Debug)]
pub(crate) enum Mood {
    /// This status and this content.
    Answer(u16, String),
    /// 429 with `Retry-After`, seconds.
    Later(u32),
    /// Closes without an answer.
    Hangup,
    /// An answer without end.
    Huge,
    /// Sends the client elsewhere.
    Elsewhere,
}

/// A request as it came.
#[derive(Clone, Debug)]
pub(crate) struct Asked {
    pub(crate) line: String,
    pub(crate) headers: String,
    pub(crate) body: Vec<u8>,
}

impl Asked {
    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    pub(crate) fn header(&self, name: &str) -> String {
        let found = self.headers.lines().find_map(|line| {
            let (known, value) = line.split_once(':')?;
            known.eq_ignore_ascii_case(name).then(|| value.trim().to_owned())
        });
        found.unwrap_or_default()
    }
}

/// The running service; ends when dropped.
pub(crate) struct Service {
    pub(crate) address: SocketAddr,
    asked: Arc<Mutex<Vec<Asked>>>,
    moods: Arc<Mutex<Vec<Mood>>>,
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Service {
    pub(crate) fn start() -> Self {
        Self::at("127.0.0.1:0".parse().expect("an address"))
    }

    /// The same at an address that is known before.
    pub(crate) fn at(address: SocketAddr) -> Self {
        let listener = TcpListener::bind(address).expect("a free port");
        let address = listener.local_addr().expect("bound");
        let asked = Arc::new(Mutex::new(Vec::new()));
        let moods = Arc::new(Mutex::new(vec![Mood::Answer(200, "{\"ok\":true}".into())]));
        let stop = Arc::new(AtomicBool::new(false));
        let thread = {
            let (asked, moods, stop) = (Arc::clone(&asked), Arc::clone(&moods), Arc::clone(&stop));
            std::thread::spawn(move || {
                for stream in listener.incoming().flatten() {
                    if stop.load(Ordering::SeqCst) {
                        return;
                    }
                    let _ = stream.set_read_timeout(Some(Duration::from_secs(5)));
                    let Some(request) = read(&stream) else { continue };
                    asked.lock().expect("whole").push(request);
                    let mood = {
                        let mut moods = moods.lock().expect("whole");
                        if moods.len() > 1 { moods.remove(0) } else { moods[0].clone() }
                    };
                    answer(stream, &mood);
                }
            })
        };
        Self { address, asked, moods, stop, thread: Some(thread) }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Answers these one after the other, the last from then on.
    pub(crate) fn behave(&self, moods: &[Mood]) {
        *self.moods.lock().expect("whole") = moods.to_vec();
    }

    /// Requests so far whose line has `part`.
    pub(crate) fn asked(&self, part: &str) -> Vec<Asked> {
        let asked = self.asked.lock().expect("whole");
        asked.iter().filter(|it| it.line.contains(part)).cloned().collect()
    }

    /// Waits until `count` requests with `part` have come.
    #[track_caller]
    pub(crate) fn wait(&self, part: &str, count: usize) -> Vec<Asked> {
        for _ in 0..1000 {
            let asked = self.asked(part);
            if asked.len() >= count {
                return asked;
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        panic!("{part} was not asked {count} times: {:?}", self.asked(""));
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::SeqCst);
        let _ = TcpStream::connect(self.address);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

fn read(stream: &TcpStream) -> Option<Asked> {
    let mut reader = BufReader::new(stream);
    let (mut first, mut headers) = (String::new(), String::new());
    reader.read_line(&mut first).ok().filter(|count| *count > 0)?;
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).ok().filter(|count| *count > 0)?;
        if line.trim_end().is_empty() {
            break;
        }
        headers.push_str(&line);
    }
    let asked = Asked { line: first.trim_end().to_owned(), headers, body: Vec::new() };
    let mut body = vec![0; asked.header("content-length").parse().unwrap_or(0)];
    reader.read_exact(&mut body).ok()?;
    Some(Asked { body, ..asked })
}

fn answer(mut stream: TcpStream, mood: &Mood) {
    let head = |status: u16, more: &str, body: &str| {
        format!(
            "HTTP/1.1 {status} X\r\nContent-Type: application/json\r\n{more}Content-Length: {}\r\nConnection: close\r\n\r\n{body}",
            body.len()
        )
    };
    let text = match mood {
        Mood::Answer(status, body) => head(*status, "", body),
        Mood::Later(seconds) => head(429, &format!("Retry-After: {seconds}\r\n"), "{}"),
        Mood::Elsewhere => head(302, "Location: http://192.0.2.1/\r\n", ""),
        Mood::Hangup => return,
        Mood::Huge => {
            let _ = stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n");
            while stream.write_all(&[b'x'; 8192]).is_ok() {}
            return;
        }
    };
    let _ = stream.write_all(text.as_bytes());
}
