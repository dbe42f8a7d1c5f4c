//! Group commit. Reads queue up; one thread takes what has come, appends the whole batch to the
//! journal with one sync, then records it. A sender is answered when its read is durable and found
//! by searches, and not before.
//! One thread and not two in a row: while a batch is written the next one gathers, and one large
//! batch costs the disk less than two small ones side by side.

use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use crate::base::clock::Clock;
use crate::base::limits::{INGEST_BATCH_MAX, INGEST_QUEUE_MAX, INGEST_WAIT};
use crate::domain::captures::{self, Outcome};
use crate::model::agent::Payload;
use crate::store::journal::{Entry, Journaled};
use crate::store::{Store, StoreError};
use crate::worker::queue::{self, Promise, Queue, Taken};

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

/// An answer, and what was asked: its memory goes back to the thread that took it.
type Reply = (Answer, Entry);

struct Task {
    entry: Entry,
    answer: Arc<Promise<Reply>>,
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
    queue: Arc<Queue<Task>>,
    store: Arc<Store>,
    clock: Clock,
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
        let queue = Arc::new(Queue::new(INGEST_QUEUE_MAX));
        let figures = Arc::new(IngestFigures::default());
        let thread = {
            let desk = Desk { figures: Arc::clone(&figures), announce };
            let (store, queue) = (Arc::clone(store), Arc::clone(&queue));
            super::spawn("ingest", move || work(&store, &queue, &desk))?
        };
        let (store, clock) = (Arc::clone(store), clock.clone());
        Ok((Self { queue, store, clock, figures }, thread))
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
            // Here and not in the ingest thread: connections work side by side.
            let entry = captures::prepare(&self.store, payload, address, self.clock.now());
            let entry = entry.map_err(|error| {
                log::error!("a read was refused: {error}");
                self.figures.failed.fetch_add(1, Ordering::Relaxed);
                IngestError::Failed
            })?;
            let answer = Arc::new(Promise::default());
            let task = Task { entry, answer: Arc::clone(&answer) };
            // A long batch may wait for room; a single read must not pile up behind others.
            let patience = if answers.is_empty() { Duration::ZERO } else { INGEST_WAIT };
            self.queue.push(task, patience).map_err(|refused| match refused {
                queue::Refused::Full => IngestError::Busy,
                queue::Refused::Closed => IngestError::Stopping,
            })?;
            answers.push(answer);
        }
        let answers = answers.iter();
        let wait = |answer: &Arc<Promise<Reply>>| match answer.wait(INGEST_WAIT) {
            Some((answer, _)) => answer,
            None => Err(IngestError::Busy),
        };
        answers.map(wait).collect()
    }

    /// Ends the pipeline once everything queued so far is committed.
    pub fn close(&self) {
        self.queue.close();
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

fn work(store: &Store, queue: &Queue<Task>, desk: &Desk) {
    loop {
        // While nothing comes, what was recorded is made durable in time.
        let due = store.settle_due();
        let batch = match queue.take(INGEST_BATCH_MAX, due) {
            Taken::Some(batch) => batch,
            Taken::Late => {
                if let Err(error) = guarded(|| store.settle()) {
                    log::warn!("the last reads are only in the journal so far: {error}");
                    store.put_off_settling();
                }
                continue;
            }
            Taken::Closed => return,
        };
        let (mut entries, answers): (Vec<_>, Vec<_>) =
            batch.into_iter().map(|task| (task.entry, task.answer)).unzip();
        let results = match guarded(|| store.journal(&mut entries)) {
            Ok(journaled) => write_records(store, &journaled, &entries, desk),
            Err(error) => vec![desk.refused(&error, entries.len()); entries.len()],
        };
        for ((entry, answer), result) in entries.into_iter().zip(&answers).zip(results) {
            // A sender that left will ask again and get "duplicate".
            answer.keep((result, entry));
        }
    }
}

/// Records `entries`; an answer for each.
fn write_records(
    store: &Store,
    journaled: &Journaled,
    entries: &[Entry],
    desk: &Desk,
) -> Vec<Answer> {
    let all = 0..entries.len();
    match commit(store, journaled, entries, all.clone()) {
        Ok(outcomes) => desk.committed(&outcomes),
        // One bad record must not take its neighbours with it, nor block them for ever.
        Err(error) if entries.len() > 1 && !is_full(&error) => {
            log::warn!("a batch failed and is tried one by one: {error}");
            let one = |at: usize| match commit(store, journaled, entries, at..at + 1) {
                Ok(outcomes) => desk.committed(&outcomes),
                Err(error) => vec![desk.refused(&error, 1)],
            };
            all.flat_map(one).collect()
        }
        Err(error) => vec![desk.refused(&error, entries.len()); entries.len()],
    }
}

fn commit(
    store: &Store,
    journaled: &Journaled,
    entries: &[Entry],
    range: Range<usize>,
) -> Result<Vec<Outcome>, StoreError> {
    let part = entries.iter().zip(&journaled.places).skip(range.start).take(range.len());
    guarded(|| {
        store.record(journaled, |tx| {
            part.map(|(entry, places)| captures::record(tx, &entry.read, places)).collect()
        })
    })
}

/// Where results go.
struct Desk {
    figures: Arc<IngestFigures>,
    announce: Announce,
}

impl Desk {
    fn committed(&self, outcomes: &[Outcome]) -> Vec<Answer> {
        self.figures.batches.fetch_add(1, Ordering::Relaxed);
        self.figures.payloads.fetch_add(outcomes.len() as u64, Ordering::Relaxed);
        (self.announce)(outcomes);
        outcomes.iter().map(|outcome| Ok(*outcome)).collect()
    }

    fn refused(&self, error: &StoreError, count: usize) -> Answer {
        self.figures.failed.fetch_add(count as u64, Ordering::Relaxed);
        log::error!("a read was refused: {error}");
        Err(if is_full(error) { IngestError::Full } else { IngestError::Failed })
    }
}

const fn is_full(error: &StoreError) -> bool {
    matches!(error, StoreError::Full)
}

/// A panic costs its batch, which is answered "come again", never the thread.
fn guarded<T>(work: impl FnOnce() -> Result<T, StoreError>) -> Result<T, StoreError> {
    std::panic::catch_unwind(std::panic::AssertUnwindSafe(work))
        .unwrap_or_else(|_| Err(StoreError::Storage("unexpected failure".into())))
}
