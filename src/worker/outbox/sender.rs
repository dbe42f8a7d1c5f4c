//! Sends what one channel has to send: one delivery after the other, the longest due first. A
//! delivery leaves the store with its success; a failure moves it to its next try or to the dead.

use std::time::{Duration, Instant};

use super::breaker::{Allowances, Breaker, pause};
use super::{Desk, letters};
use crate::base::clock::Timestamp;
use crate::base::limits::{
    DELIVERIES_SEEN, DELIVERY_AGE_MAX_MS, DELIVERY_TRIES_MAX, FOLD_FROM, OUTBOX_ROUND,
    OUTBOX_STORE_PAUSE,
};
use crate::domain::{channels, messages, outbox};
use crate::model::job::{Job, JobState};
use crate::model::notice::{Delivery, Notice};
use crate::notify::{Channel, Config, Message, Remedy, SendError, Session};
use crate::store::{StoreError, WriteTx};

/// The thread of one channel.
pub(super) struct Sender {
    desk: Desk,
    channel: &'static dyn Channel,
    queue: String,
    session: Box<dyn Session>,
    breaker: Breaker,
    allowances: Allowances,
    tend_at: Option<Instant>,
    was_enabled: bool,
}

/// What to do next.
enum Next {
    /// There may be more.
    Again,
    /// Nothing before this long, unless the bell rings.
    Wait(Duration),
}

/// What a delivery comes to.
enum Outcome {
    Sent(String),
    Failed(SendError),
    /// There is nothing to tell any more.
    Moot,
}

impl Sender {
    pub(super) fn new(desk: Desk, channel: &'static dyn Channel) -> Self {
        Self {
            desk,
            channel,
            queue: outbox::queue(channel.id()),
            session: channel.open(),
            breaker: Breaker::default(),
            allowances: Allowances::default(),
            tend_at: None,
            was_enabled: false,
        }
    }

    /// Works until the box stops.
    pub(super) fn run(mut self) {
        loop {
            let heard = self.desk.store.bell().rings();
            if self.desk.stop.stopped() {
                return;
            }
            let step = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| self.step()));
            match step {
                Ok(Ok(Next::Again)) => {}
                Ok(Ok(Next::Wait(patience))) => self.desk.store.bell().wait(heard, patience),
                Ok(Err(error)) => {
                    log::warn!("{}: the store refused: {error}", self.channel.id());
                    self.desk.stop.sleep(OUTBOX_STORE_PAUSE);
                }
                Err(_) => {
                    log::error!("{}: sending failed unexpectedly", self.channel.id());
                    self.session = self.channel.open();
                    self.desk.stop.sleep(OUTBOX_STORE_PAUSE);
                }
            }
        }
    }

    fn step(&mut self) -> Result<Next, StoreError> {
        self.hear_of_changes();
        let now = self.desk.clock.now();
        let (channel, queue) = (self.channel, self.queue.as_str());
        let (config, due) = self.desk.store.read(|tx| {
            Ok((channels::load(tx, channel)?.0, tx.due_jobs(queue, now, DELIVERIES_SEEN)?))
        })?;
        let enabled = config.is_on("enabled");
        if self.was_enabled && !enabled {
            // Lets go of its connection.
            (self.session, self.tend_at) = (self.channel.open(), None);
        }
        self.was_enabled = enabled;
        let rests = self.breaker.rests_until(now);
        self.desk.shared.status().entry(self.channel.id()).or_default().paused_until = rests;
        if let Some(until) = rests.filter(|_| enabled) {
            return Ok(Next::Wait(Self::until(until, now)));
        }
        let Some(first) = due.first() else {
            let tended = if enabled { self.tend(&config) } else { OUTBOX_ROUND };
            let next = self.desk.store.read(|tx| tx.next_due(&self.queue))?;
            let next = next.map_or(OUTBOX_ROUND, |next| Self::until(next, now));
            return Ok(Next::Wait(next.min(tended)));
        };
        self.work(&config, first, &due, now)?;
        Ok(Next::Again)
    }

    fn work(
        &mut self,
        config: &Config,
        job: &Job,
        due: &[Job],
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let Ok(delivery) = serde_json::from_slice::<Delivery>(&job.payload) else {
            return self.bury(job, "Another version of this program queued it.");
        };
        if !config.is_on("enabled") {
            return self.bury(job, "The channel is switched off.");
        }
        if job.begun.is_some() {
            return self.bury(job, "The box went down while it was sent: it may have arrived.");
        }
        let folds = self.channel.folds() && delivery.notices.iter().all(Notice::folds);
        let same = if folds { same_receiver(due, &delivery.to) } else { Vec::new() };
        if folds && let Err(until) = self.allowances.take(&delivery.to, now) {
            return self.desk.store.write(|tx| {
                same.iter()
                    .try_for_each(|(job, _)| tx.put_job(&Job { due: until, ..(*job).clone() }))
            });
        }
        if same.len() >= FOLD_FROM {
            return self.fold(job, delivery, &same);
        }
        let mut job = job.clone();
        if !self.channel.repeats() {
            job.begun = Some(now);
            self.desk.store.write(|tx| tx.put_job(&job))?;
        }
        let outcome = self.send(config, &delivery, &job, now)?;
        self.settle(job, outcome)
    }

    /// Puts all that waits for one receiver into the first of them.
    fn fold(
        &self,
        job: &Job,
        mut delivery: Delivery,
        same: &[(&Job, Delivery)],
    ) -> Result<(), StoreError> {
        let others = || same.iter().filter(|(other, _)| other.id != job.id);
        for (_, other) in others() {
            delivery.notices.extend(other.notices.iter().cloned());
        }
        let payload = serde_json::to_vec(&delivery)
            .map_err(|_| StoreError::Refused("the digest cannot be written down"))?;
        log::info!("{}: {} messages become one", self.channel.id(), same.len());
        self.desk.store.write(|tx| {
            others().try_for_each(|(other, _)| tx.remove_job(other.id).map(drop))?;
            tx.put_job(&Job { payload: payload.clone(), ..job.clone() })
        })
    }

    fn send(
        &mut self,
        config: &Config,
        delivery: &Delivery,
        job: &Job,
        now: Timestamp,
    ) -> Result<Outcome, StoreError> {
        let personal = delivery.notices.first().filter(|notice| notice.is_personal());
        let message = if let Some(notice) = personal {
            letters::write(&self.desk, notice, &job.key, now)?
        } else {
            let settings = self.desk.settings.current();
            let pictures = self.channel.takes_pictures();
            let store = &self.desk.store;
            messages::compose(store, &settings, delivery, &job.key, pictures, now)?
        };
        let Some(message) = message else { return Ok(Outcome::Moot) };
        Ok(self.call(config, &delivery.to, &message))
    }

    fn call(&mut self, config: &Config, to: &str, message: &Message) -> Outcome {
        match self.session.send(config, to, message) {
            Ok(said) => Outcome::Sent(said),
            Err(error) => Outcome::Failed(error),
        }
    }

    /// Writes down what came of `job`.
    fn settle(&mut self, mut job: Job, outcome: Outcome) -> Result<(), StoreError> {
        let now = self.desk.clock.now();
        let error = match outcome {
            Outcome::Moot => return self.desk.store.write(|tx| tx.remove_job(job.id).map(drop)),
            Outcome::Sent(said) => {
                self.breaker.answered();
                {
                    let mut status = self.desk.shared.status();
                    let status = status.entry(self.channel.id()).or_default();
                    (status.sent, status.count) = (Some((now, said)), status.count + 1);
                }
                return self.desk.store.write(|tx| tx.remove_job(job.id).map(drop));
            }
            Outcome::Failed(error) => error,
        };
        let asked = self.note_failure(&error, now);
        job.tries += 1;
        job.begun = None;
        job.error.clone_from(&error.text);
        let lost = match error.remedy {
            Remedy::GiveUp => true,
            Remedy::Unknown if !self.channel.repeats() => {
                job.error = format!("{} Nobody knows whether it arrived.", error.text);
                true
            }
            Remedy::Retry(_) | Remedy::Unknown => {
                job.due = now.plus_ms(pause(job.tries, asked));
                job.tries >= DELIVERY_TRIES_MAX || job.due.since(job.made) > DELIVERY_AGE_MAX_MS
            }
        };
        if lost {
            job.state = JobState::Dead;
        }
        log::warn!("{}: {} (try {})", self.channel.id(), error.text, job.tries);
        self.desk.store.write(|tx| tx.put_job(&job))
    }

    /// Lets the channel rest when it needs it; returns the pause the service asked for.
    fn note_failure(&mut self, error: &SendError, now: Timestamp) -> Option<i64> {
        let failed = Some((now, error.text.clone()));
        self.desk.shared.status().entry(self.channel.id()).or_default().failed = failed;
        match error.remedy {
            Remedy::GiveUp => self.breaker.answered(),
            Remedy::Retry(Some(ms)) => {
                self.breaker.asked(now, ms);
                return Some(ms);
            }
            Remedy::Retry(None) | Remedy::Unknown => self.breaker.failed(now),
        }
        None
    }

    fn bury(&self, job: &Job, why: &str) -> Result<(), StoreError> {
        let dead = Job { state: JobState::Dead, begun: None, error: why.to_owned(), ..job.clone() };
        self.desk.store.write(|tx: &WriteTx| tx.put_job(&dead))
    }

    /// Looks after the session's connection when that is due.
    fn tend(&mut self, config: &Config) -> Duration {
        let now = Instant::now();
        if let Some(at) = self.tend_at.filter(|at| *at > now) {
            return at.duration_since(now);
        }
        let again = self.session.tend(config);
        self.tend_at = again.map(|again| now + again);
        again.unwrap_or(OUTBOX_ROUND)
    }

    /// New settings are tried at once.
    fn hear_of_changes(&mut self) {
        let id = self.channel.id();
        let mut changed = self.desk.shared.changed();
        if changed.contains(&id) {
            changed.retain(|other| *other != id);
            drop(changed);
            self.breaker.answered();
            self.tend_at = None;
        }
    }

    fn until(at: Timestamp, now: Timestamp) -> Duration {
        let ms = u64::try_from(at.since(now)).unwrap_or(0).max(1);
        Duration::from_millis(ms).min(OUTBOX_ROUND)
    }
}

/// Jobs among `due` that tell `to` what may be put together.
fn same_receiver<'a>(due: &'a [Job], to: &str) -> Vec<(&'a Job, Delivery)> {
    let parsed = due.iter().filter_map(|job| {
        let delivery: Delivery = serde_json::from_slice(&job.payload).ok()?;
        Some((job, delivery))
    });
    parsed.filter(|(_, it)| it.to == to && it.notices.iter().all(Notice::folds)).collect()
}
