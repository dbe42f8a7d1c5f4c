//! What live streams tell: the newest reads, in a log that clients read from where they have got to,
//! so that a stream that comes back misses nothing. The ingest thread leaves keys here; the hub's
//! thread looks the reads up. Knows the form of an event, not the sockets it goes to.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use jiff::tz::TimeZone;
use serde::Serialize;

use crate::auth::caller::Caller;
use crate::base::clock::{Clock, Timestamp};
use crate::base::limits::LIVE_LOG_MAX;
use crate::base::random;
use crate::domain::captures::Outcome;
use crate::gate::{Hub, Listener};
use crate::model::agent::{ListKind, RekorAlert};
use crate::model::capture::{Capture, CaptureKey, Flags};
use crate::store::{ReadTx, Store, StoreError};
use crate::web::pages::names::Names;
use crate::web::views::read::{ReadRow, href};

/// How long a browser waits before it connects again, milliseconds.
const RETRY_MS: u32 = 3000;

/// The newest reads, as they become durable.
pub struct Feed {
    log: Mutex<Log>,
    hub: Hub,
    /// Tells positions of this run of the program from those of an earlier one.
    run: String,
}

#[derive(Default)]
struct Log {
    /// Committed, not looked up yet; the oldest are dropped when too many wait.
    pending: VecDeque<(CaptureKey, bool)>,
    items: VecDeque<Arc<Item>>,
    /// Number of the next item.
    next: u64,
}

/// One read in the log.
struct Item {
    number: u64,
    capture: Capture,
    camera: String,
    place: String,
    alert: Option<RekorAlert>,
    replaces: Option<CaptureKey>,
}

impl Feed {
    /// An empty log whose clients `hub` serves.
    pub fn new(hub: Hub) -> Self {
        Self { log: Mutex::default(), hub, run: random::token(6) }
    }

    /// Takes note of a committed batch. Quick, and never waits for a reader.
    pub fn announce(&self, outcomes: &[Outcome]) {
        let mut log = self.lock();
        for outcome in outcomes {
            let (key, alert) = match *outcome {
                Outcome::Stored(key) | Outcome::Replaced(key) => (key, false),
                Outcome::Alert(key) if key.0 != 0 => (key, true),
                _ => continue,
            };
            push(&mut log.pending, (key, alert));
        }
        if !log.pending.is_empty() {
            drop(log);
            self.hub.wake();
        }
    }

    /// Looks up what was announced and puts it into the log.
    pub fn gather(&self, store: &Store) {
        let pending = std::mem::take(&mut self.lock().pending);
        if pending.is_empty() {
            return;
        }
        match store.read(|tx| self.look_up(tx, &pending)) {
            Ok(items) => {
                let mut log = self.lock();
                for mut item in items {
                    item.number = log.next;
                    log.next += 1;
                    push(&mut log.items, Arc::new(item));
                }
            }
            Err(error) => log::warn!("live streams miss {} reads: {error}", pending.len()),
        }
    }

    fn look_up(
        &self,
        tx: &ReadTx,
        pending: &VecDeque<(CaptureKey, bool)>,
    ) -> Result<Vec<Item>, StoreError> {
        let names = Names::load(tx)?;
        let previews: Vec<CaptureKey> = self
            .lock()
            .items
            .iter()
            .map(|item| &item.capture)
            .filter(|capture| capture.flags.has(Flags::PREVIEW))
            .map(|capture| capture.key)
            .collect();
        let mut items = Vec::with_capacity(pending.len());
        for &(key, alert) in pending {
            // A preview may be gone already.
            let Some(capture) = tx.capture(key)? else { continue };
            let known = match &capture.plate {
                Some(plate) => tx.known_plate(plate)?,
                None => None,
            };
            if known.is_some_and(|known| known.ignored) {
                continue;
            }
            let mut replaces = None;
            for preview in previews.iter().rev() {
                if tx.superseded_by(*preview)? == Some(key) {
                    replaces = Some(*preview);
                    break;
                }
            }
            let alert = if alert { tx.rekor_alerts_of(key)?.into_iter().next() } else { None };
            items.push(Item {
                number: 0,
                camera: names.camera(&capture.agent_uid, capture.camera_id),
                place: names.agent(&capture.agent_uid),
                alert,
                replaces,
                capture,
            });
        }
        Ok(items)
    }

    /// Where the log ends now, for pages to start from.
    pub fn position(&self) -> String {
        self.name(self.lock().next)
    }

    /// Position `number`, for clients.
    fn name(&self, number: u64) -> String {
        format!("{}.{number}", self.run)
    }

    /// The number of a position a client named; `None` when it is of another run or too old.
    fn number(&self, position: &str) -> Option<u64> {
        let (run, number) = position.rsplit_once('.')?;
        let number = number.parse().ok().filter(|_| run == self.run)?;
        let log = self.lock();
        let oldest = log.items.front().map_or(log.next, |item| item.number);
        (oldest..=log.next).contains(&number).then_some(number)
    }

    /// Items from `number` on and where the log ends.
    fn since(&self, number: u64) -> (Vec<Arc<Item>>, u64) {
        let log = self.lock();
        let items = log.items.iter().filter(|item| item.number >= number).cloned().collect();
        (items, log.next)
    }

    fn lock(&self) -> MutexGuard<'_, Log> {
        self.log.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Appends and drops the oldest beyond [`LIVE_LOG_MAX`].
fn push<T>(queue: &mut VecDeque<T>, item: T) {
    if queue.len() >= LIVE_LOG_MAX {
        queue.pop_front();
    }
    queue.push_back(item);
}

/// A browser on a live stream.
pub struct Subscriber {
    /// The log.
    pub feed: Arc<Feed>,
    /// Where its session and account are.
    pub store: Arc<Store>,
    /// Time.
    pub clock: Clock,
    /// Who asked, and must go on being it.
    pub caller: Caller,
    /// Zone in which times are told.
    pub zone: TimeZone,
    /// Only reads of this camera, `AGENT_UID/CAMERA_ID`; `""` for all.
    pub camera: String,
    /// Where it has got to.
    pub at: Start,
}

/// Where a stream begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Start {
    /// At a number; `gap` tells that something before it was missed.
    At {
        /// First number to tell, or that of the next read.
        number: u64,
        /// Whether the page should be loaded afresh.
        gap: bool,
    },
    /// It has begun; the next number to tell.
    Begun(u64),
}

impl Start {
    /// The start for a browser that names the last `position` it knows.
    pub fn after(feed: &Feed, position: Option<&str>) -> Self {
        match position.map(|position| feed.number(position)) {
            Some(Some(number)) => Self::At { number, gap: false },
            Some(None) => Self::At { number: feed.lock().next, gap: true },
            None => Self::At { number: feed.lock().next, gap: false },
        }
    }
}

/// One event.
#[derive(Serialize)]
struct Told<'a> {
    #[serde(flatten)]
    row: ReadRow,
    camera_value: String,
    /// Address of the preview it replaces.
    replaces: Option<String>,
    alert: Option<AlertTold<'a>>,
}

#[derive(Serialize)]
struct AlertTold<'a> {
    list: &'a str,
    description: &'a str,
    on_list: bool,
}

impl Listener for Subscriber {
    fn news(&mut self, out: &mut Vec<u8>) {
        let number = match self.at {
            Start::At { number, gap } => {
                let id = self.feed.name(number);
                let hello = format!(
                    "retry: {RETRY_MS}\nid: {id}\nevent: hello\ndata: {{\"gap\":{gap}}}\n\n"
                );
                out.extend_from_slice(hello.as_bytes());
                number
            }
            Start::Begun(number) => number,
        };
        let (items, next) = self.feed.since(number);
        let now = self.clock.now();
        for item in items {
            self.tell(&item, now, out);
        }
        self.at = Start::Begun(next);
    }

    fn stays(&mut self, out: &mut Vec<u8>) -> bool {
        let stays = self.caller.still_stands(&self.store, self.clock.now());
        if !stays {
            out.extend_from_slice(b"event: end\ndata: {}\n\n");
        }
        stays
    }
}

impl Subscriber {
    fn tell(&self, item: &Item, now: Timestamp, out: &mut Vec<u8>) {
        let camera_value = item.capture.camera_value();
        if !self.camera.is_empty() && self.camera != camera_value {
            return;
        }
        let (camera, place) = (item.camera.as_str(), item.place.as_str());
        let told = Told {
            row: ReadRow::of(&item.capture, camera, place, now, &self.zone),
            camera_value,
            replaces: item.replaces.map(href),
            alert: item.alert.as_ref().map(|alert| AlertTold {
                list: &alert.list,
                description: &alert.description,
                on_list: alert.list_kind == ListKind::OnList,
            }),
        };
        let id = self.feed.name(item.number + 1);
        out.extend_from_slice(format!("id: {id}\nevent: read\ndata: ").as_bytes());
        // Views are plain data, which serialises; and JSON has no raw line breaks.
        if serde_json::to_writer(&mut *out, &told).is_err() {
            log::error!("a live event could not be written");
        }
        out.extend_from_slice(b"\n\n");
    }
}
