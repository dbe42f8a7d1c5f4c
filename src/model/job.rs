//! A piece of work that has to be done though the box may be switched off in between: who does it,
//! when it is due, and what became of it so far.

use crate::base::clock::Timestamp;

/// Number of a job; never used twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct JobId(pub u64);

impl JobId {
    /// The number `text` is.
    pub fn parse(text: &str) -> Option<Self> {
        let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        digits.then(|| text.parse().ok().map(Self)).flatten()
    }
}

/// What a job waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum JobState {
    /// For its time.
    Waiting,
    /// For somebody to look at it: it failed for good.
    Dead,
}

/// A job that is still to be done. One that is done does not exist any more.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Job {
    /// Number.
    pub id: JobId,
    /// Who does it: `notice`, `send.smtp`. Each queue is worked off by one thread.
    pub queue: String,
    /// What it is about, so that the same thing is never queued twice.
    pub key: String,
    /// What to do, in the queue's own form.
    pub payload: Vec<u8>,
    /// When it came up.
    pub made: Timestamp,
    /// Not before this is it done.
    pub due: Timestamp,
    /// Tries so far.
    pub tries: u32,
    /// Since when a try is under way. Found at start: the box went down in the middle of it.
    pub begun: Option<Timestamp>,
    /// Waiting or dead.
    pub state: JobState,
    /// What the last try met, `""` before it.
    pub error: String,
}

/// A job to be queued.
#[derive(Clone, Copy, Debug)]
pub struct NewJob<'a> {
    /// Who does it.
    pub queue: &'a str,
    /// What it is about.
    pub key: &'a str,
    /// What to do.
    pub payload: &'a [u8],
    /// When it came up.
    pub made: Timestamp,
    /// Not before this is it done.
    pub due: Timestamp,
}

/// What became of a job that was to be queued.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Queued {
    /// It is queued.
    New(JobId),
    /// One with the same key is there already.
    Known(JobId),
    /// There is no room.
    Full,
}
