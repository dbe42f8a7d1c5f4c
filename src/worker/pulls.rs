//! Fetches full frames from agents' own web servers. A fixed number of threads serves all agents, at
//! most two one agent; an agent that cannot be reached is looked at once in a while and keeps nobody
//! else waiting. What is fetched together is kept together, with one sync.

mod fetch;

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use self::fetch::{Failure, Fetcher};
use crate::base::clock::{Clock, Timestamp};
use crate::base::limits::{
    PULL_AGE_MAX_MS, PULL_LANES, PULL_NOTICE_MS, PULL_SILENCE_MAX_MS, PULL_SILENCE_MS,
    PULL_THREADS, PULL_WAITS_MS,
};
use crate::base::stop::Stop;
use crate::domain::{outbox, pulls};
use crate::model::agent_link::AgentLink;
use crate::model::capture::{CaptureKey, Jpeg};
use crate::model::job::{Job, JobId};
use crate::model::notice::Notice;
use crate::store::{Store, StoreError};

pub use self::fetch::{Probe, probe};

/// Longest sleep of a thread that has nothing to do, should the clock be set meanwhile.
const IDLE: Duration = Duration::from_secs(30);
/// Pause after the queue could not be read.
const SICK: Duration = Duration::from_secs(1);

/// How the fetching of one agent goes. Since start; the work itself is in the store.
#[derive(Clone, Debug, Default)]
pub struct LaneStatus {
    /// Since when it cannot be reached.
    pub silent_since: Option<Timestamp>,
    /// What the last failure was, `""` for none since the last success.
    pub error: String,
    /// When a frame was last fetched.
    pub fetched_at: Option<Timestamp>,
}

#[derive(Default)]
struct Lane {
    running: usize,
    /// Nothing is asked before this.
    not_before: Timestamp,
    /// Failures to reach it in a row.
    failures: u32,
    told: bool,
    status: LaneStatus,
}

#[derive(Default)]
struct Desk {
    lanes: HashMap<String, Lane>,
    running: HashSet<JobId>,
    /// The agent that is served next, so that none is passed over.
    next: usize,
}

/// The fetching. Shared.
pub struct Pulls {
    store: Arc<Store>,
    clock: Clock,
    desk: Mutex<Desk>,
    fetcher: Fetcher,
    fetched: Mutex<Vec<(Job, CaptureKey, Jpeg)>>,
    /// Held by the thread that keeps what all have fetched.
    keeping: Mutex<()>,
}

/// A job that was taken.
struct Taken {
    agent: String,
    link: AgentLink,
    job: Job,
}

impl Pulls {
    /// Starts the threads; they end when `stop` is given.
    pub fn start(
        store: &Arc<Store>,
        clock: &Clock,
        stop: &Stop,
    ) -> std::io::Result<(Arc<Self>, Vec<JoinHandle<()>>)> {
        let pulls = Arc::new(Self {
            store: Arc::clone(store),
            clock: clock.clone(),
            desk: Mutex::default(),
            fetcher: Fetcher::new().map_err(std::io::Error::other)?,
            fetched: Mutex::default(),
            keeping: Mutex::default(),
        });
        let thread = |number: usize| {
            let (pulls, stop) = (Arc::clone(&pulls), stop.clone());
            super::spawn(&format!("pull-{number}"), move || pulls.run(&stop))
        };
        let threads = (1..=PULL_THREADS).map(thread).collect::<std::io::Result<_>>()?;
        Ok((pulls, threads))
    }

    /// How the fetching from `agent` goes.
    pub fn status(&self, agent: &str) -> LaneStatus {
        self.desk().lanes.get(agent).map(|lane| lane.status.clone()).unwrap_or_default()
    }

    /// Forgets that `agent` could not be reached: somebody has changed where it is.
    pub fn forget(&self, agent: &str) {
        if let Some(lane) = self.desk().lanes.get_mut(agent) {
            *lane = Lane { running: lane.running, ..Lane::default() };
        }
        self.store.bell().ring();
    }

    fn run(&self, stop: &Stop) {
        while !stop.stopped() {
            let heard = self.store.bell().rings();
            match self.take() {
                Ok(Some(taken)) => self.work(&taken),
                Ok(None) => self.store.bell().wait(heard, self.patience()),
                Err(error) => {
                    log::warn!("full frames: the queue cannot be read: {error}");
                    stop.sleep(SICK);
                }
            }
        }
    }

    /// How long a thread may sleep: until the next job or agent is due, as far as is known.
    fn patience(&self) -> Duration {
        let now = self.clock.now();
        let due = self.store.read(|tx| {
            let mut soonest: Option<Timestamp> = None;
            for (agent, _) in tx.agent_links()?.iter().filter(|(_, link)| link.is_usable()) {
                if let Some(due) = tx.next_due(&pulls::queue(agent))? {
                    let from = self.desk().lanes.get(agent).map(|lane| lane.not_before);
                    let due = due.max(from.unwrap_or_default());
                    soonest = Some(soonest.map_or(due, |other| other.min(due)));
                }
            }
            Ok(soonest)
        });
        let wait = due.ok().flatten().map_or(i64::MAX, |due| due.since(now));
        // Due and not taken: its agent has enough threads.
        let wait = if wait <= 0 { i64::MAX } else { wait };
        IDLE.min(Duration::from_millis(wait.unsigned_abs()))
    }

    /// Takes the next job of an agent that may be asked.
    fn take(&self) -> Result<Option<Taken>, StoreError> {
        let now = self.clock.now();
        self.store.read(|tx| {
            let links = tx.agent_links()?;
            let mut desk = self.desk();
            let first = desk.next;
            for turn in 0..links.len() {
                let at = (first + turn) % links.len();
                let Some((agent, link)) = links.get(at).filter(|(_, link)| link.is_usable()) else {
                    continue;
                };
                let Desk { lanes, running, next } = &mut *desk;
                let lane = lanes.entry(agent.clone()).or_default();
                let most = if lane.failures > 0 { 1 } else { PULL_LANES };
                if lane.running >= most || now < lane.not_before {
                    continue;
                }
                let due = tx.due_jobs(&pulls::queue(agent), now, lane.running + 1)?;
                let Some(job) = due.into_iter().find(|job| !running.contains(&job.id)) else {
                    continue;
                };
                lane.running += 1;
                running.insert(job.id);
                *next = at + 1;
                return Ok(Some(Taken { agent: agent.clone(), link: link.clone(), job }));
            }
            Ok(None)
        })
    }

    fn work(&self, taken: &Taken) {
        let done = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| self.fetch(taken)));
        match done {
            Ok(Ok(())) => {}
            Ok(Err(error)) => {
                log::warn!("full frames: {error}");
                self.pause(&taken.agent, PULL_SILENCE_MS);
            }
            Err(_) => log::error!("fetching a full frame failed unexpectedly"),
        }
        let mut desk = self.desk();
        desk.running.remove(&taken.job.id);
        if let Some(lane) = desk.lanes.get_mut(&taken.agent) {
            lane.running = lane.running.saturating_sub(1);
        }
    }

    fn fetch(&self, taken: &Taken) -> Result<(), StoreError> {
        let Taken { agent, link, job } = taken;
        let Some(order) = self.store.read(|tx| pulls::order(tx, job, link))? else {
            return pulls::give_up(&self.store, job, false);
        };
        let last = job.tries as usize >= PULL_WAITS_MS.len();
        // The other frames of the group are a last resort.
        let urls = if last { order.urls.as_slice() } else { order.urls.get(..1).unwrap_or(&[]) };
        let mut failure = Failure::Missing("no address".to_owned());
        for url in urls {
            match self.fetcher.jpeg(url) {
                Ok(jpeg) => {
                    self.reached(agent);
                    return self.keep(job, order.capture, jpeg);
                }
                Err(error) => failure = error,
            }
            if matches!(failure, Failure::Unreachable(_)) {
                break;
            }
        }
        self.failed(taken, &failure, last)
    }

    fn failed(&self, taken: &Taken, failure: &Failure, last: bool) -> Result<(), StoreError> {
        let Taken { agent, job, .. } = taken;
        let now = self.clock.now();
        let old = now.since(job.made) > PULL_AGE_MAX_MS;
        match failure {
            Failure::Unreachable(why) => {
                let until = self.silent(agent, why, now)?;
                if old {
                    return pulls::give_up(&self.store, job, true);
                }
                pulls::put_off(&self.store, job, until, false, why)
            }
            Failure::Missing(why) | Failure::NoJpeg(why) => {
                self.reached(agent);
                if let Failure::NoJpeg(_) = failure {
                    // Something else answers there: it need not be asked often.
                    self.pause(agent, PULL_SILENCE_MS);
                }
                self.note(agent, why);
                let wait = PULL_WAITS_MS.get(job.tries as usize).copied();
                match wait.filter(|_| !last && !old) {
                    Some(wait) => pulls::put_off(&self.store, job, now.plus_ms(wait), true, why),
                    None => pulls::give_up(&self.store, job, true),
                }
            }
        }
    }

    /// Keeps a frame, together with those that other threads have fetched meanwhile.
    fn keep(&self, job: &Job, key: CaptureKey, jpeg: Jpeg) -> Result<(), StoreError> {
        lock(&self.fetched).push((job.clone(), key, jpeg));
        let _keeping = lock(&self.keeping);
        let batch = std::mem::take(&mut *lock(&self.fetched));
        if batch.is_empty() {
            // Another thread kept it.
            return Ok(());
        }
        pulls::keep(&self.store, &batch)
    }

    fn reached(&self, agent: &str) {
        let now = self.clock.now();
        let mut desk = self.desk();
        let lane = desk.lanes.entry(agent.to_owned()).or_default();
        if lane.status.silent_since.take().is_some() {
            log::info!("agent {agent} can be reached again");
        }
        (lane.failures, lane.told) = (0, false);
        lane.status.error.clear();
        lane.status.fetched_at = Some(now);
    }

    /// Notes that `agent` cannot be reached; returns when it is asked next. Once in each silence
    /// administrators are told.
    fn silent(&self, agent: &str, why: &str, now: Timestamp) -> Result<Timestamp, StoreError> {
        let mut desk = self.desk();
        let lane = desk.lanes.entry(agent.to_owned()).or_default();
        let since = *lane.status.silent_since.get_or_insert(now);
        why.clone_into(&mut lane.status.error);
        lane.failures = lane.failures.saturating_add(1);
        let wait = PULL_SILENCE_MS.saturating_mul(1 << (lane.failures - 1).min(10));
        let until = now.plus_ms(wait.min(PULL_SILENCE_MAX_MS));
        lane.not_before = until;
        let tell = !lane.told && now.since(since) >= PULL_NOTICE_MS;
        lane.told |= tell;
        drop(desk);
        if tell {
            let agent = self.store.read(|tx| tx.agent(agent))?.unwrap_or_default();
            let name = if agent.label.is_empty() { &agent.uid } else { &agent.label };
            let notice = Notice::Operational {
                topic: format!("agent-images/{}", agent.uid),
                at: since.ms(),
                subject: format!("No full frames from {name}"),
                text: format!("The agent's web server cannot be reached: {why}."),
            };
            self.store.write(|tx| outbox::enqueue(tx, &notice, now))?;
        }
        Ok(until)
    }

    fn pause(&self, agent: &str, ms: i64) {
        let until = self.clock.now().plus_ms(ms);
        self.desk().lanes.entry(agent.to_owned()).or_default().not_before = until;
    }

    fn note(&self, agent: &str, why: &str) {
        why.clone_into(&mut self.desk().lanes.entry(agent.to_owned()).or_default().status.error);
    }

    fn desk(&self) -> MutexGuard<'_, Desk> {
        lock(&self.desk)
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
