//! One request to an agent's web server: plain HTTP without a login, which answers late, with HTML, or
//! without end.

use std::io::Read;
use std::sync::{Mutex, PoisonError};

use crate::base::clock::Timestamp;
use crate::base::limits::{
    AGENT_ANSWER_BYTES_MAX, AGENT_TEST_WAIT, PULL_BYTES_EACH, PULL_BYTES_MAX, PULL_CONNECT_WAIT,
    PULL_WAIT,
};
use crate::ingest;
use crate::model::agent_link::AgentLink;
use crate::model::capture::Jpeg;
use crate::net::http::{Call, Content, Http, Manner};

/// Bytes asked of the socket at a time.
const STEP: usize = 64 * 1024;

/// Why there is no frame.
#[derive(Debug)]
pub(super) enum Failure {
    /// The agent does not answer, or only with its own errors.
    Unreachable(String),
    /// It answers, and does not have it, yet or any more.
    Missing(String),
    /// It answers with something that is no JPEG.
    NoJpeg(String),
}

/// Fetches frames.
pub(super) struct Fetcher {
    http: Http,
    /// Held by the thread whose frame is a large one.
    large: Mutex<()>,
}

impl Fetcher {
    pub(super) fn new() -> Result<Self, String> {
        let manner = Manner { timeout: PULL_WAIT, connect: PULL_CONNECT_WAIT, ..Manner::default() };
        Ok(Self { http: Http::new(&manner)?, large: Mutex::new(()) })
    }

    /// The JPEG at `url`.
    pub(super) fn jpeg(&self, url: &str) -> Result<Jpeg, Failure> {
        let answer = self.http.open(url).map_err(|error| Failure::Unreachable(error.text))?;
        match answer.status {
            200 => {}
            status @ 500.. => return Err(Failure::Unreachable(format!("it answers {status}"))),
            status => return Err(Failure::Missing(format!("it answers {status}"))),
        }
        let bytes = self.body(answer.content)?;
        if bytes.is_empty() {
            return Err(Failure::Missing("the answer is empty".to_owned()));
        }
        ingest::check_jpeg(bytes).map_err(|why| Failure::NoJpeg(format!("the answer {why}")))
    }

    /// The body, as long as it looks like a JPEG of a sensible size.
    fn body(&self, mut reader: impl Read) -> Result<Vec<u8>, Failure> {
        let mut bytes = Vec::new();
        let mut step = vec![0; STEP];
        let mut large = None;
        loop {
            let count = reader.read(&mut step);
            let count = count.map_err(|error| Failure::Unreachable(error.to_string()))?;
            if count == 0 {
                return Ok(bytes);
            }
            bytes.extend_from_slice(step.get(..count).unwrap_or_default());
            if !b"\xFF\xD8\xFF".starts_with(bytes.get(..bytes.len().min(3)).unwrap_or_default()) {
                return Err(Failure::NoJpeg("the answer is not a JPEG".to_owned()));
            }
            if bytes.len() > PULL_BYTES_MAX {
                return Err(Failure::NoJpeg("the answer is too large".to_owned()));
            }
            if bytes.len() > PULL_BYTES_EACH && large.is_none() {
                large = Some(self.large.lock().unwrap_or_else(PoisonError::into_inner));
            }
        }
    }
}

/// What a test of the connection found: a sentence for each thing looked at, or what went wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Probe {
    /// Its web server as such, with the date of its oldest frame when it says so.
    pub server: Result<Option<Timestamp>, String>,
    /// Its list of reads, of which not all agents have one.
    pub list: Result<usize, String>,
}

/// Looks whether the web server behind `link` answers and has a list of the reads since `since`.
pub fn probe(link: &AgentLink, since: Timestamp, now: Timestamp) -> Probe {
    let manner = Manner {
        timeout: AGENT_TEST_WAIT,
        connect: PULL_CONNECT_WAIT,
        answer_bytes_max: AGENT_ANSWER_BYTES_MAX,
        ..Manner::default()
    };
    let text = |url: String| -> Result<String, String> {
        let call = Call { method: "GET", url: &url, headers: Vec::new(), content: Content::None };
        let answer = Http::new(&manner)?.call(&call).map_err(|error| error.text)?;
        if answer.status == 200 {
            Ok(answer.body)
        } else {
            Err(format!("it answers {}", answer.status))
        }
    };
    let server = text(format!("{}/", link.base())).map(|page| earliest(&page));
    if server.is_err() {
        return Probe { server, list: Err("not looked at".to_owned()) };
    }
    let list = text(format!("{}/list?start={}&end={}", link.base(), since.ms(), now.ms()));
    let list = list.and_then(|body| {
        let rows = serde_json::from_str::<Vec<serde_json::Value>>(&body);
        rows.map(|rows| rows.len()).map_err(|_| "it has no list of reads".to_owned())
    });
    Probe { server, list }
}

/// `Earliest date epoch: 1770000000000` of the agent's index page.
fn earliest(page: &str) -> Option<Timestamp> {
    let (_, rest) = page.split_once("Earliest date epoch:")?;
    let rest = rest.trim_start();
    let digits = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
    rest.get(..digits)?.parse().ok().map(Timestamp)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_oldest_frame_of_an_index() {
        let page = "<html><br>Earliest date epoch: 1770000000123<br>";
        assert_eq!(earliest(page), Some(Timestamp(1_770_000_000_123)));
        for page in ["", "Earliest date epoch: ", "Earliest date epoch: x", "99999"] {
            assert_eq!(earliest(page), None, "{page}");
        }
    }
}
