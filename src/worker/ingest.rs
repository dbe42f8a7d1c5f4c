//! Group commit. Payloads queue up; one thread makes the images of a whole batch durable, the next
//! commits their records while the first is busy with the batch after. A sender is answered when
//! its record is on disk and not before.

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

type Answer = Result<Outcome, IngestError>;

struct Task {
    payload: Payload,
    address: String,
    answer: Sender<Answer>,
}

struct Batch {
    prepared: Vec<(Prepared, Sender<Answer>)>,
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
    /// Starts the two threads. They end after [`Ingest::close`], having committed everything that
    /// was queued before it.
    pub fn start(
        store: &Arc<Store>,
        clock: &Clock,
    ) -> std::io::Result<(Self, Vec<JoinHandle<()>>)> {
        let (queue, tasks) = bounded(INGEST_QUEUE_MAX);
        let (forward, batches) = bounded(1);
        let figures = Arc::new(IngestFigures::default());
        let images = {
            let store = Arc::clone(store);
            super::spawn("ingest-images", move || write_images(&store, &tasks, &forward))?
        };
        let records = {
            let (store, clock) = (Arc::clone(store), clock.clone());
            let figures = Arc::clone(&figures);
            super::spawn("ingest-records", move || {
                write_records(&store, &clock, &batches, &figures);
            })?
        };
        Ok((Self { queue, store: Arc::clone(store), figures }, vec![images, records]))
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

fn write_images(store: &Store, tasks: &Receiver<Option<Task>>, forward: &Sender<Batch>) {
    let mut open = true;
    while open && let Ok(Some(first)) = tasks.recv() {
        let mut batch = vec![first];
        for next in tasks.try_iter().take(INGEST_BATCH_MAX - 1) {
            match next {
                Some(task) => batch.push(task),
                None => open = false,
            }
        }
        match guarded(|| place_images(store, batch)) {
            Some(ready) => {
                if forward.send(ready).is_err() {
                    return;
                }
            }
            None => log::error!("writing images failed unexpectedly; the senders will come again"),
        }
    }
}

/// One durable commit for the images of the whole batch. On failure the senders are answered here
/// and the batch comes back empty.
fn place_images(store: &Store, batch: Vec<Task>) -> Batch {
    let (from, answers): (Vec<_>, Vec<_>) =
        batch.into_iter().map(|task| ((task.payload, task.address), task.answer)).unzip();
    match captures::prepare(store, from) {
        Ok(prepared) => Batch { prepared: prepared.into_iter().zip(answers).collect() },
        Err(error) => {
            log::error!("images were refused: {error}");
            if let Err(error) = store.images().reopen_active() {
                log::error!("the images could not be reopened: {error}");
            }
            for answer in &answers {
                refuse(answer, &error);
            }
            Batch { prepared: Vec::new() }
        }
    }
}

fn write_records(store: &Store, clock: &Clock, batches: &Receiver<Batch>, figures: &IngestFigures) {
    while let Ok(batch) = batches.recv() {
        let (prepared, answers): (Vec<_>, Vec<_>) = batch.prepared.into_iter().unzip();
        if prepared.is_empty() {
            continue;
        }
        let now = clock.now();
        match commit(store, &prepared, now) {
            Ok(outcomes) => figures.committed(&outcomes, &answers),
            // One bad record must not take its neighbours with it, nor block them for ever.
            Err(error) if prepared.len() > 1 && !is_full(&error) => {
                log::warn!("a batch failed and is tried one by one: {error}");
                for (one, answer) in prepared.iter().zip(&answers) {
                    match commit(store, std::slice::from_ref(one), now) {
                        Ok(outcomes) => figures.committed(&outcomes, std::slice::from_ref(answer)),
                        Err(error) => figures.refused(&error, std::slice::from_ref(answer)),
                    }
                }
            }
            Err(error) => figures.refused(&error, &answers),
        }
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

impl IngestFigures {
    fn committed(&self, outcomes: &[Outcome], answers: &[Sender<Answer>]) {
        self.batches.fetch_add(1, Ordering::Relaxed);
        self.payloads.fetch_add(outcomes.len() as u64, Ordering::Relaxed);
        for (outcome, answer) in outcomes.iter().zip(answers) {
            // A sender that left will ask again and get "duplicate".
            let _ = answer.send(Ok(*outcome));
        }
    }

    fn refused(&self, error: &StoreError, answers: &[Sender<Answer>]) {
        self.failed.fetch_add(answers.len() as u64, Ordering::Relaxed);
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
