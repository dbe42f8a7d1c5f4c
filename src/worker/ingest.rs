//! Group commit. Payloads queue up; one thread takes what has come, makes the images of the whole
//! batch durable, then its records. A sender is answered when its record is on disk and not before.
//! One thread and not two in a row: while a batch commits the next one gathers, and one large batch
//! costs the disk less than two small ones side by side.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread::JoinHandle;

use crossbeam_channel::{Receiver, Sender, TrySendError, bounded};

use crate::base::clock::{Clock, Timestamp};
use crate::base::limits::{INGEST_BATCH_MAX, INGEST_QUEUE_MAX, INGEST_WAIT};
use crate::domain::captures::{self, Outcome, Prepared};
use crate::model::agent::Payload;
use crate::store::{Store, StoreError};

/// Why a payload was not stored. All of these pass: the sender is told to come again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum IngestError {
    /// The queue is full, or the commit took too long.
    Busy,
    /// The disk is nearly full.
    Full,
    /// The store refused; the log says why.
    Failed,
    /// The box is shutting down.
    Stopping,
}

/// Hears what became of every batch once it is durable, on the ingest thread: be quick.
pub type Announce = Box<dyn Fn(&[Outcome]) + Send>;

type Answer = Result<Outcome, IngestError>;

struct Task {
    payload: Payload,
    address: String,
    answer: Sender<Answer>,
}

/// Figures of the pipeline since start.
#[derive(Debug, Default)]
pub struct IngestFigures {
    /// Payloads committed.
    pub payloads: AtomicU64,
    /// Commits.
    pub batches: AtomicU64,
    /// Payloads that failed.
    pub failed: AtomicU64,
}

/// The way into the pipeline; cheap to clone.
#[derive(Clone)]
pub struct Ingest {
    /// `None` ends the pipeline.
    queue: Sender<Option<Task>>,
    store: Arc<Store>,
    figures: Arc<IngestFigures>,
}

impl Ingest {
    /// Starts the thread. It ends after [`Ingest::close`], having committed everything that
    /// was queued before it.
    pub fn start(
        store: &Arc<Store>,
        clock: &Clock,
        announce: Announce,
    ) -> std::io::Result<(Self, JoinHandle<()>)> {
        let (queue, tasks) = bounded(INGEST_QUEUE_MAX);
        let figures = Arc::new(IngestFigures::default());
        let thread = {
            let (store, clock) = (Arc::clone(store), clock.clone());
            let desk = Desk { figures: Arc::clone(&figures), announce };
            super::spawn("ingest", move || work(&store, &clock, &tasks, &desk))?
        };
        Ok((Self { queue, store: Arc::clone(store), figures }, thread))
    }

    /// Stores `payloads`, which came together from `address`; returns when all are durable.
    ///
    /// # Errors
    /// The first failure; payloads before it may be stored, which a resend finds out.
    pub fn submit(
        &self,
        payloads: Vec<Payload>,
        address: &str,
    ) -> Result<Vec<Outcome>, IngestError> {
        if self.store.below_floor() {
            return Err(IngestError::Full);
        }
        let mut answers = Vec::with_capacity(payloads.len());
        for payload in payloads {
            let (answer, wait) = bounded(1);
            let task = Task { payload, address: address.to_owned(), answer };
            // A long batch may wait for room; a single read must not pile up behind others.
            let queued = if answers.is_empty() {
                self.queue.try_send(Some(task)).map_err(|error| match error {
                    TrySendError::Full(_) => IngestError::Busy,
                    TrySendError::Disconnected(_) => IngestError::Stopping,
                })
            } else {
                self.queue.send_timeout(Some(task), INGEST_WAIT).map_err(|_| IngestError::Busy)
            };
            queued?;
            answers.push(wait);
        }
        answers
            .into_iter()
            .map(|wait| wait.recv_timeout(INGEST_WAIT).unwrap_or(Err(IngestError::Busy)))
            .collect()
    }

    /// Ends the pipeline once everything queued so far is committed.
    pub fn close(&self) {
        // An error means that it ended already.
        let _ = self.queue.send_timeout(None, INGEST_WAIT);
    }

    /// Figures since start.
    pub fn figures(&self) -> &IngestFigures {
        &self.figures
    }

    /// Payloads that wait.
    pub fn waiting(&self) -> usize {
        self.queue.len()
    }
}

fn work(store: &Store, clock: &Clock, tasks: &Receiver<Option<Task>>, desk: &Desk) {
    let mut open = true;
    while open && let Ok(Some(first)) = tasks.recv() {
        let mut batch = vec![first];
        for next in tasks.try_iter().take(INGEST_BATCH_MAX - 1) {
            match next {
                Some(task) => batch.push(task),
                None => open = false,
            }
        }
        let (payloads, answers): (Vec<_>, Vec<_>) =
            batch.into_iter().map(|task| ((task.payload, task.address), task.answer)).unzip();
        match place_images(store, payloads) {
            Ok(prepared) => write_records(store, clock.now(), &prepared, &answers, desk),
            Err(error) => desk.refused(&error, &answers),
        }
    }
}

/// One durable commit for the images of the whole batch.
fn place_images(
    store: &Store,
    payloads: Vec<(Payload, String)>,
) -> Result<Vec<Prepared>, StoreError> {
    let placed = guarded(|| captures::prepare(store, payloads))
        .unwrap_or_else(|| Err(StoreError::Storage("unexpected failure with the images".into())));
    placed.inspect_err(|_| {
        if let Err(error) = store.images().reopen_active() {
            log::error!("the images could not be reopened: {error}");
        }
    })
}

fn write_records(
    store: &Store,
    now: Timestamp,
    prepared: &[Prepared],
    answers: &[Sender<Answer>],
    desk: &Desk,
) {
    match commit(store, prepared, now) {
        Ok(outcomes) => desk.committed(&outcomes, answers),
        // One bad record must not take its neighbours with it, nor block them for ever.
        Err(error) if prepared.len() > 1 && !is_full(&error) => {
            log::warn!("a batch failed and is tried one by one: {error}");
            for (one, answer) in prepared.iter().zip(answers) {
                match commit(store, std::slice::from_ref(one), now) {
                    Ok(outcomes) => desk.committed(&outcomes, std::slice::from_ref(answer)),
                    Err(error) => desk.refused(&error, std::slice::from_ref(answer)),
                }
            }
        }
        Err(error) => desk.refused(&error, answers),
    }
}

fn commit(
    store: &Store,
    prepared: &[Prepared],
    now: Timestamp,
) -> Result<Vec<Outcome>, StoreError> {
    guarded(|| {
        store.write(|tx| prepared.iter().map(|one| captures::record(tx, one, now)).collect())
    })
    .unwrap_or_else(|| Err(StoreError::Storage("unexpected failure while recording".into())))
}

/// Where results go.
struct Desk {
    figures: Arc<IngestFigures>,
    announce: Announce,
}

impl Desk {
    fn committed(&self, outcomes: &[Outcome], answers: &[Sender<Answer>]) {
        self.figures.batches.fetch_add(1, Ordering::Relaxed);
        self.figures.payloads.fetch_add(outcomes.len() as u64, Ordering::Relaxed);
        (self.announce)(outcomes);
        for (outcome, answer) in outcomes.iter().zip(answers) {
            // A sender that left will ask again and get "duplicate".
            let _ = answer.send(Ok(*outcome));
        }
    }

    fn refused(&self, error: &StoreError, answers: &[Sender<Answer>]) {
        self.figures.failed.fetch_add(answers.len() as u64, Ordering::Relaxed);
        log::error!("a read was refused: {error}");
        for answer in answers {
            refuse(answer, error);
        }
    }
}

const fn is_full(error: &StoreError) -> bool {
    matches!(error, StoreError::Full)
}

/// A panic costs its batch, which is answered "come again", never the thread.
fn guarded<T>(work: impl FnOnce() -> T) -> Option<T> {
    std::panic::catch_unwind(std::panic::AssertUnwindSafe(work)).ok()
}

fn refuse(answer: &Sender<Answer>, error: &StoreError) {
    let reason =
        if matches!(error, StoreError::Full) { IngestError::Full } else { IngestError::Failed };
    let _ = answer.send(Err(reason));
}
