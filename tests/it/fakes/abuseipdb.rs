//! AbuseIPDB as the box meets it: answers check, report and blacklist, and fails as told.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::Duration;

/// How it behaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mood {
    Well,
    /// 401.
    WrongKey,
    /// 429 with `Retry-After: 3600`.
    Spent,
    /// 429 because the address was reported a moment ago.
    Repeat,
    /// 503 with a page instead of JSON.
    Broken,
    /// Takes the request and never answers.
    Silent,
    /// A list without end.
    Huge,
    /// 302 to somewhere else.
    Elsewhere,
}

/// A request as it came.
#[derive(Clone, Debug)]
pub(crate) struct Asked {
    pub(crate) line: String,
    pub(crate) key: String,
    pub(crate) body: String,
}

/// The running service; ends when dropped.
pub(crate) struct FakeAbuseIpdb {
    pub(crate) address: SocketAddr,
    asked: Arc<Mutex<Vec<Asked>>>,
    mood: Arc<Mutex<Mood>>,
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl FakeAbuseIpdb {
    pub(crate) fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let address = listener.local_addr().expect("bound");
        let (asked, mood) = (Arc::new(Mutex::new(Vec::new())), Arc::new(Mutex::new(Mood::Well)));
        let stop = Arc::new(AtomicBool::new(false));
        let thread = {
            let (asked, mood, stop) = (Arc::clone(&asked), Arc::clone(&mood), Arc::clone(&stop));
            std::thread::spawn(move || {
                let mut silent = Vec::new();
                for stream in listener.incoming().flatten() {
                    if stop.load(Ordering::SeqCst) {
                        return;
                    }
                    let _ = stream.set_read_timeout(Some(Duration::from_secs(5)));
                    let now = *mood.lock().expect("whole");
                    let Some(request) = read(&stream) else { continue };
                    let answer = answer(now, &request);
                    asked.lock().expect("whole").push(request);
                    match now {
                        Mood::Silent => silent.push(stream),
                        Mood::Huge => endless(stream),
                        _ => drop((&stream).write_all(answer.as_bytes())),
                    }
                }
            })
        };
        Self { address, asked, mood, stop, thread: Some(thread) }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}/api/v2", self.address)
    }

    pub(crate) fn behave(&self, mood: Mood) {
        *self.mood.lock().expect("whole") = mood;
    }

    /// Requests so far whose line has `part`.
    pub(crate) fn asked(&self, part: &str) -> Vec<Asked> {
        let asked = self.asked.lock().expect("whole");
        asked.iter().filter(|it| it.line.contains(part)).cloned().collect()
    }

    /// Waits until `count` requests with `part` have come.
    #[track_caller]
    pub(crate) fn wait(&self, part: &str, count: usize) -> Vec<Asked> {
        for _ in 0..500 {
            let asked = self.asked(part);
            if asked.len() >= count {
                return asked;
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        panic!("{part} was not asked {count} times: {:?}", self.asked(""));
    }
}

impl Drop for FakeAbuseIpdb {
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
    let mut lines = Vec::new();
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).ok().filter(|count| *count > 0)?;
        match line.trim_end() {
            "" => break,
            line => lines.push(line.to_owned()),
        }
    }
    let header = |name: &str| {
        let found = lines.iter().find_map(|line| {
            let (known, value) = line.split_once(':')?;
            known.eq_ignore_ascii_case(name).then(|| value.trim().to_owned())
        });
        found.unwrap_or_default()
    };
    let mut body = vec![0; header("content-length").parse().unwrap_or(0)];
    reader.read_exact(&mut body).ok()?;
    Some(Asked {
        line: lines.first()?.clone(),
        key: header("key"),
        body: String::from_utf8_lossy(&body).into_owned(),
    })
}

fn answer(mood: Mood, request: &Asked) -> String {
    let error = |status: u16, detail: &str, more: &str| {
        let body = format!("{{\"errors\":[{{\"detail\":\"{detail}\",\"status\":{status}}}]}}");
        http(&format!("{status} X"), "application/json", more, &body)
    };
    match mood {
        Mood::WrongKey => error(
            401,
            "Authentication failed. Your API key is either missing, incorrect, or revoked.",
            "",
        ),
        Mood::Spent => {
            error(429, "Daily rate limit of 1000 requests exceeded", "Retry-After: 3600\r\n")
        }
        Mood::Repeat => error(
            429,
            "You can only report the same IP address (`1.2.3.4`) once in 15 minutes.",
            "",
        ),
        Mood::Broken => http("503 X", "text/html", "", "<h1>down</h1>"),
        Mood::Elsewhere => http("302 X", "text/html", "Location: http://192.0.2.1/\r\n", ""),
        _ if request.line.contains("/blacklist") => {
            let list = "1.2.3.9\n2606:4700:4700::9\n10.0.0.1\n127.0.0.1\nnonsense\n<script>\n";
            http("200 OK", "text/plain", "", list)
        }
        _ => http("200 OK", "application/json", "", "{\"data\":{\"abuseConfidenceScore\":52}}"),
    }
}

fn http(status: &str, media: &str, more: &str, body: &str) -> String {
    format!(
        "HTTP/1.1 {status}\r\nContent-Type: {media}\r\n{more}Content-Length: {}\r\nConnection: close\r\n\r\n{body}",
        body.len()
    )
}

fn endless(mut stream: TcpStream) {
    let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n\r\n");
    let lines = "1.2.3.4\n".repeat(8192);
    while stream.write_all(lines.as_bytes()).is_ok() {}
}
