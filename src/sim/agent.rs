//! Simulated agents: post what drives by, heartbeats and now and then an alert, over real HTTP to
//! a box on this machine, until told to stop. Knows the box's address and a key, nothing else.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::Duration;

use crate::base::clock::{Clock, Timestamp};
use crate::base::stop::Stop;
use crate::model::capture::CaptureKind;

use super::dice::Dice;
use super::fleet::Camera;
use super::payload::{self, AlertList, Style};
use super::scene::Studio;
use super::traffic::{self, SimRead, World};

/// The agents of one world. [`Agents::run`] blocks; give it a thread.
pub struct Agents {
    world: World,
    url: String,
    key: String,
    clock: Clock,
    http: ureq::Agent,
    studio: Studio,
    dice: Dice,
    /// What is to be sent, by time; the number keeps equal times apart.
    due: BTreeMap<(Timestamp, u64), Message>,
    made: u64,
    messages: u64,
    /// Shortest and longest pause between two vehicles at an average hour, milliseconds.
    pause_ms: (u64, u64),
}

enum Message {
    Vehicle,
    Read(Box<SimRead>),
    Alert(Box<SimRead>, AlertList<'static>),
    Heartbeats,
}

impl Agents {
    /// Agents of `world` that post to the box at `address` with `key`. Their reads are numbered
    /// from `first` on, so that they do not repeat those of a history.
    pub fn new(world: World, address: SocketAddr, key: &str, clock: Clock, first: u64) -> Self {
        let config = ureq::Agent::config_builder()
            .timeout_global(Some(REQUEST_TIMEOUT))
            .max_redirects(0)
            .proxy(None)
            .http_status_as_error(false)
            .build();
        let mut agents = Self {
            world,
            url: format!("http://{}/api/webhook", reachable(address)),
            key: key.to_owned(),
            http: config.into(),
            studio: Studio::new(),
            dice: Dice::new(first ^ 0xA6E7),
            due: BTreeMap::new(),
            made: first,
            messages: 0,
            pause_ms: (1200, 6500),
            clock,
        };
        let now = agents.clock.now();
        agents.plan(now, Message::Heartbeats);
        agents.plan(now, Message::Vehicle);
        agents
    }

    /// Posts until `stop`. Failures are logged and the read is sent again, as real agents do.
    pub fn run(&mut self, stop: &Stop) {
        while !stop.stopped() {
            let Some(wait) = self.step() else { return };
            if stop.sleep(wait) {
                return;
            }
        }
    }

    /// Sends what is due; returns how long nothing will be. `None` when nothing ever will.
    fn step(&mut self) -> Option<Duration> {
        let now = self.clock.now();
        let (at, number) = *self.due.keys().next()?;
        if at > now {
            return Some(Duration::from_millis(at.since(now) as u64));
        }
        let message = self.due.remove(&(at, number))?;
        let sent = match &message {
            Message::Vehicle => {
                self.pass(now);
                true
            }
            Message::Heartbeats => {
                self.plan(now.plus_ms(HEARTBEAT_MS), Message::Heartbeats);
                self.beat(now)
            }
            Message::Read(read) => {
                let pictures = self.studio.pictures(read);
                let style = Style::Cloud { key: &self.key };
                self.post(payload::body(read, Some(&pictures), style).to_string())
            }
            Message::Alert(read, list) => {
                let pictures = self.studio.pictures(read);
                let style = Style::Cloud { key: &self.key };
                self.post(payload::alert(read, Some(&pictures), *list, style).to_string())
            }
        };
        if !sent && !matches!(message, Message::Heartbeats) {
            self.plan(now.plus_ms(RETRY_MS), message);
            return Some(Duration::from_millis(RETRY_MS as u64));
        }
        Some(Duration::ZERO)
    }

    /// A vehicle drives by now: plans what will be sent about it, and the next vehicle.
    fn pass(&mut self, now: Timestamp) {
        let read = self.world.read(self.made, now.plus_ms(-3000));
        self.made += 1;
        for message in read.messages() {
            let at = message.sent_at;
            self.plan(at, Message::Read(Box::new(message)));
        }
        // More often than the history has them: nobody watches a demo for a day.
        let lucky = read.kind == CaptureKind::Plate && self.dice.chance(0.03);
        let list = payload::listed(&read)
            .or_else(|| lucky.then(|| self.dice.pick(payload::LISTS).copied()).flatten());
        if let Some(list) = list {
            self.plan(read.sent_at.plus_ms(800), Message::Alert(Box::new(read), list));
        }
        let (shortest, longest) = self.pause_ms;
        // At night the demo slows down, but never so much that it looks dead.
        let busy = traffic::rhythm(now).clamp(0.4, 2.0);
        let pause = shortest + self.dice.below(longest - shortest);
        self.plan(now.plus_ms((pause as f32 / busy) as i64), Message::Vehicle);
    }

    fn beat(&self, now: Timestamp) -> bool {
        let mut agents: BTreeMap<&str, Vec<&Camera>> = BTreeMap::new();
        for camera in self.world.cameras() {
            agents.entry(&camera.agent_uid).or_default().push(camera);
        }
        let beats = agents.values().map(|own| payload::heartbeat(own, now, &self.key).to_string());
        // Every agent speaks, whatever became of the one before.
        beats.map(|beat| self.post(beat)).filter(|sent| !sent).count() == 0
    }

    /// Whether the box took `body`. A refusal counts as taken: sending it again changes nothing.
    fn post(&self, body: String) -> bool {
        let sent = self.http.post(&self.url).content_type("application/json").send(body);
        match sent {
            Ok(answer) if answer.status().is_server_error() => {
                log::warn!("the box answered {}; trying again", answer.status());
                false
            }
            Ok(answer) => {
                if !answer.status().is_success() {
                    log::warn!("the box refused a simulated read: {}", answer.status());
                }
                true
            }
            Err(error) => {
                log::warn!("the box did not answer: {error}");
                false
            }
        }
    }

    fn plan(&mut self, at: Timestamp, message: Message) {
        self.messages += 1;
        self.due.insert((at, self.messages), message);
    }
}

const REQUEST_TIMEOUT: Duration = Duration::from_secs(40);
const HEARTBEAT_MS: i64 = 60_000;
const RETRY_MS: i64 = 2000;

/// An address one can connect to: a box that listens everywhere is reached on loopback.
fn reachable(address: SocketAddr) -> SocketAddr {
    let mut address = address;
    if address.ip().is_unspecified() {
        address.set_ip(match address {
            SocketAddr::V4(_) => std::net::Ipv4Addr::LOCALHOST.into(),
            SocketAddr::V6(_) => std::net::Ipv6Addr::LOCALHOST.into(),
        });
    }
    address
}

#[cfg(test)]
mod tests {
    use std::io::{Read as _, Write as _};
    use std::net::TcpListener;

    use super::{Agents, reachable};
    use crate::base::clock::{Clock, Timestamp};
    use crate::base::stop::Stop;
    use crate::sim::traffic::World;

    /// A box that answers the first request with 503 and the rest with 200, and keeps the bodies.
    fn listen(requests: usize) -> (std::net::SocketAddr, std::thread::JoinHandle<Vec<String>>) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let thread = std::thread::spawn(move || {
            let mut bodies = Vec::new();
            while bodies.len() < requests {
                let (mut stream, _) = listener.accept().unwrap();
                let mut bytes = Vec::new();
                let mut block = vec![0; 65536];
                let body = loop {
                    let count = stream.read(&mut block).unwrap();
                    bytes.extend(&block[..count]);
                    let text = String::from_utf8_lossy(&bytes);
                    let Some((head, body)) = text.split_once("\r\n\r\n") else { continue };
                    let length = head
                        .lines()
                        .find_map(|l| {
                            l.to_lowercase().strip_prefix("content-length: ")?.parse().ok()
                        })
                        .unwrap_or(0_usize);
                    if body.len() >= length {
                        break body.to_owned();
                    }
                };
                let status = if bodies.is_empty() { "503 Busy" } else { "200 OK" };
                write!(
                    stream,
                    "HTTP/1.1 {status}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
                )
                .unwrap();
                bodies.push(body);
            }
            bodies
        });
        (address, thread)
    }

    #[test]
    fn agents_post_and_try_again() {
        let (address, thread) = listen(6);
        let clock = Clock::manual(Timestamp(1_767_614_400_000));
        let mut agents = Agents::new(World::new(1, 100), address, "secret", clock.clone(), 0);
        while !thread.is_finished() {
            agents.step().unwrap();
            clock.advance_ms(500);
        }
        let bodies = thread.join().unwrap();
        let kinds: Vec<String> = bodies
            .iter()
            .map(|body| serde_json::from_str::<serde_json::Value>(body).unwrap())
            .inspect(|body| assert_eq!(body["custom_data"]["API_KEY"], "secret"))
            .map(|body| body["data_type"].as_str().unwrap().to_owned())
            .collect();
        assert_eq!(&kinds[..2], ["heartbeat", "heartbeat"]);
        assert!(kinds.iter().any(|kind| kind == "alpr_group"), "{kinds:?}");
    }

    #[test]
    fn a_stopped_run_returns_at_once() {
        let stop = Stop::new();
        stop.stop();
        let address = "127.0.0.1:9".parse().unwrap();
        Agents::new(World::new(1, 100), address, "k", Clock::System, 0).run(&stop);
    }

    #[test]
    fn a_box_that_listens_everywhere_is_reached_on_loopback() {
        for (listen, expected) in [
            ("0.0.0.0:80", "127.0.0.1:80"),
            ("[::]:80", "[::1]:80"),
            ("192.0.2.1:80", "192.0.2.1:80"),
        ] {
            assert_eq!(reachable(listen.parse().unwrap()).to_string(), expected);
        }
    }
}
