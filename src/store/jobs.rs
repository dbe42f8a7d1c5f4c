//! Jobs: what has to be done and is not done yet, by queue and time. A job is queued in the
//! transaction that caused it and removed in the one that notes its outcome, so neither a crash nor a
//! replay of the journal loses or doubles it.

use redb::{ReadableTable, ReadableTableMetadata as _};

use super::codec::{Reader, Writer};
use super::tables::{JOB_KEYS, JOBS, JOBS_DEAD, JOBS_DUE, META};
use super::{ReadTx, StoreError, WriteTx};
use crate::base::clock::Timestamp;
use crate::base::limits::{JOBS_DEAD_MAX, JOBS_MAX};
use crate::model::job::{Job, JobId, JobState, NewJob, Queued};

/// META: the last number given.
const LAST: &str = "jobs.last";

impl ReadTx {
    /// The job `id`.
    pub fn job(&self, id: JobId) -> Result<Option<Job>, StoreError> {
        one(&self.table(JOBS)?, id)
    }

    /// Jobs of `queue` that are due at `now`, the longest due first, at most `most`.
    pub fn due_jobs(
        &self,
        queue: &str,
        now: Timestamp,
        most: usize,
    ) -> Result<Vec<Job>, StoreError> {
        let jobs = self.table(JOBS)?;
        let mut found = Vec::new();
        let due = self.table(JOBS_DUE)?;
        for row in due.range((queue, i64::MIN, 0)..=(queue, now.ms(), u64::MAX))?.take(most) {
            found.extend(one(&jobs, JobId(row?.0.value().2))?);
        }
        Ok(found)
    }

    /// When the next job of `queue` is due; may lie in the past.
    pub fn next_due(&self, queue: &str) -> Result<Option<Timestamp>, StoreError> {
        let due = self.table(JOBS_DUE)?;
        let first = due.range((queue, i64::MIN, 0)..=(queue, i64::MAX, u64::MAX))?.next();
        Ok(first.transpose()?.map(|(key, _)| Timestamp(key.value().1)))
    }

    /// Jobs that wait, over all queues.
    pub fn jobs_waiting(&self) -> Result<u64, StoreError> {
        Ok(self.table(JOBS_DUE)?.len()?)
    }

    /// How many jobs of `queue` wait, counted up to `most`.
    pub fn jobs_waiting_in(&self, queue: &str, most: usize) -> Result<usize, StoreError> {
        let due = self.table(JOBS_DUE)?;
        let range = due.range((queue, i64::MIN, 0)..=(queue, i64::MAX, u64::MAX))?;
        Ok(range.take(most).count())
    }

    /// Dead jobs, the newest first, at most `most`.
    pub fn dead_jobs(&self, most: usize) -> Result<Vec<Job>, StoreError> {
        let jobs = self.table(JOBS)?;
        let mut found = Vec::new();
        for row in self.table(JOBS_DEAD)?.iter()?.rev().take(most) {
            found.extend(one(&jobs, JobId(row?.0.value()))?);
        }
        Ok(found)
    }

    /// How many jobs are dead.
    pub fn jobs_dead(&self) -> Result<u64, StoreError> {
        Ok(self.table(JOBS_DEAD)?.len()?)
    }
}

impl WriteTx {
    /// Jobs in all queues, waiting and dead, as this transaction sees them.
    pub fn jobs(&self) -> Result<u64, StoreError> {
        Ok(self.table(JOBS)?.len()?)
    }

    /// Queues a job, unless one with the same key is there.
    pub fn add_job(&self, new: &NewJob<'_>) -> Result<Queued, StoreError> {
        let known = self.table(JOB_KEYS)?.get(new.key)?.map(|id| id.value());
        if let Some(id) = known {
            return Ok(Queued::Known(JobId(id)));
        }
        if self.table(JOBS)?.len()? >= JOBS_MAX {
            return Ok(Queued::Full);
        }
        let id = JobId(self.next_number()?);
        self.table(JOB_KEYS)?.insert(new.key, id.0)?;
        self.put_job(&Job {
            id,
            queue: new.queue.to_owned(),
            key: new.key.to_owned(),
            payload: new.payload.to_vec(),
            made: new.made,
            due: new.due,
            tries: 0,
            begun: None,
            state: JobState::Waiting,
            error: String::new(),
        })?;
        Ok(Queued::New(id))
    }

    /// The job `id` as this transaction sees it.
    pub fn job(&self, id: JobId) -> Result<Option<Job>, StoreError> {
        one(&self.table(JOBS)?, id)
    }

    /// Writes `job`, new or changed. Of too many dead jobs the oldest are forgotten.
    pub fn put_job(&self, job: &Job) -> Result<(), StoreError> {
        let (mut jobs, mut due) = (self.table(JOBS)?, self.table(JOBS_DUE)?);
        let old = one(&jobs, job.id)?;
        if let Some(old) = &old {
            due.remove((old.queue.as_str(), old.due.ms(), job.id.0))?;
        }
        jobs.insert(job.id.0, encode(job).as_slice())?;
        drop(jobs);
        let mut dead = self.table(JOBS_DEAD)?;
        match job.state {
            JobState::Waiting => {
                due.insert((job.queue.as_str(), job.due.ms(), job.id.0), ())?;
                dead.remove(job.id.0)?;
                let moved = |old: &Job| old.due != job.due || old.state != job.state;
                if old.as_ref().is_none_or(moved) {
                    self.jobs_added.set(true);
                }
                return Ok(());
            }
            JobState::Dead => dead.insert(job.id.0, ())?,
        };
        drop(due);
        let excess = dead.len()?.saturating_sub(JOBS_DEAD_MAX);
        let mut oldest = Vec::new();
        for row in dead.iter()?.take(excess as usize) {
            oldest.push(JobId(row?.0.value()));
        }
        drop(dead);
        oldest.into_iter().try_for_each(|id| self.remove_job(id).map(drop))
    }

    /// Removes the job `id`: it is done, or nobody wants it any more. `false` when there is none.
    pub fn remove_job(&self, id: JobId) -> Result<bool, StoreError> {
        let mut jobs = self.table(JOBS)?;
        let Some(job) = one(&jobs, id)? else { return Ok(false) };
        jobs.remove(id.0)?;
        self.table(JOBS_DUE)?.remove((job.queue.as_str(), job.due.ms(), id.0))?;
        self.table(JOBS_DEAD)?.remove(id.0)?;
        self.table(JOB_KEYS)?.remove(job.key.as_str())?;
        Ok(true)
    }

    fn next_number(&self) -> Result<u64, StoreError> {
        let mut meta = self.table(META)?;
        let last = meta.get(LAST)?.and_then(|row| row.value().try_into().ok());
        let next = last.map_or(0, u64::from_le_bytes) + 1;
        meta.insert(LAST, next.to_le_bytes().as_slice())?;
        Ok(next)
    }
}

fn one(
    jobs: &impl ReadableTable<u64, &'static [u8]>,
    id: JobId,
) -> Result<Option<Job>, StoreError> {
    jobs.get(id.0)?.map(|record| decode(id, record.value())).transpose()
}

/// Version 1.
fn encode(job: &Job) -> Vec<u8> {
    let mut writer = Writer::new(1);
    writer.text(&job.queue).text(&job.key).bytes(&job.payload);
    writer.i64(job.made.ms()).i64(job.due.ms()).u32(job.tries);
    writer.i64(job.begun.map_or(i64::MIN, Timestamp::ms));
    writer.u8(u8::from(job.state == JobState::Dead)).text(&job.error);
    writer.finish()
}

pub(super) fn decode(id: JobId, record: &[u8]) -> Result<Job, StoreError> {
    let mut reader = Reader::new(record)?;
    Ok(Job {
        id,
        queue: reader.text()?.to_owned(),
        key: reader.text()?.to_owned(),
        payload: reader.bytes()?.to_vec(),
        made: Timestamp(reader.i64()?),
        due: Timestamp(reader.i64()?),
        tries: reader.u32()?,
        begun: Some(reader.i64()?).filter(|at| *at != i64::MIN).map(Timestamp),
        state: if reader.u8()? == 1 { JobState::Dead } else { JobState::Waiting },
        error: reader.text()?.to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::{Store, StoreOptions};

    fn store() -> (tempfile::TempDir, Store) {
        let directory = tempfile::tempdir().unwrap();
        let store = Store::open(directory.path(), StoreOptions::default()).unwrap();
        (directory, store)
    }

    fn new<'a>(queue: &'a str, key: &'a str, due: i64) -> NewJob<'a> {
        NewJob { queue, key, payload: b"{}", made: Timestamp(1), due: Timestamp(due) }
    }

    fn due(store: &Store, queue: &str, now: i64) -> Vec<String> {
        let jobs = store.read(|tx| tx.due_jobs(queue, Timestamp(now), 10)).unwrap();
        jobs.into_iter().map(|job| job.key).collect()
    }

    #[test]
    fn jobs_come_when_they_are_due_and_once() {
        let (_directory, store) = store();
        let heard = store.bell().rings();
        let first = store.write(|tx| tx.add_job(&new("a", "a/1", 20))).unwrap();
        let Queued::New(id) = first else { panic!("{first:?}") };
        assert_ne!(store.bell().rings(), heard, "somebody is woken");
        assert_eq!(store.write(|tx| tx.add_job(&new("a", "a/1", 5))).unwrap(), Queued::Known(id));
        for (queue, key, at) in [("a", "a/2", 10), ("b", "b/1", 0), ("", "c", 0), ("aa", "d", 0)] {
            store.write(|tx| tx.add_job(&new(queue, key, at))).unwrap();
        }
        assert_eq!(due(&store, "a", 9), [""; 0]);
        assert_eq!(due(&store, "a", 30), ["a/2", "a/1"]);
        assert_eq!(due(&store, "b", 30), ["b/1"]);
        assert_eq!(store.read(|tx| tx.next_due("a")).unwrap(), Some(Timestamp(10)));
        assert_eq!(store.read(|tx| tx.jobs_waiting_in("a", 9)).unwrap(), 2);
        let heard = store.bell().rings();
        assert!(store.write(|tx| tx.remove_job(id)).unwrap());
        assert!(!store.write(|tx| tx.remove_job(id)).unwrap());
        assert_eq!(store.bell().rings(), heard, "nobody is woken for what is done");
        assert_eq!(due(&store, "a", 30), ["a/2"]);
        let again = store.write(|tx| tx.add_job(&new("a", "a/1", 5))).unwrap();
        assert!(matches!(again, Queued::New(other) if other > id), "numbers are not used twice");
    }

    #[test]
    fn a_changed_job_moves_and_a_dead_one_waits_for_people() {
        let (_directory, store) = store();
        store.write(|tx| tx.add_job(&new("a", "k", 10))).unwrap();
        let mut job = store.read(|tx| tx.due_jobs("a", Timestamp(10), 1)).unwrap().remove(0);
        (job.due, job.tries, job.error) = (Timestamp(50), 3, "no answer".into());
        job.begun = Some(Timestamp(11));
        store.write(|tx| tx.put_job(&job)).unwrap();
        assert_eq!(due(&store, "a", 49), [""; 0]);
        assert_eq!(store.read(|tx| tx.due_jobs("a", Timestamp(50), 9)).unwrap(), [job.clone()]);
        job.state = JobState::Dead;
        store.write(|tx| tx.put_job(&job)).unwrap();
        assert_eq!(due(&store, "a", i64::MAX), [""; 0]);
        assert_eq!(store.read(|tx| tx.dead_jobs(9)).unwrap(), [job.clone()]);
        assert_eq!(store.read(|tx| Ok((tx.jobs_dead()?, tx.jobs_waiting()?))).unwrap(), (1, 0));
        job.state = JobState::Waiting;
        store.write(|tx| tx.put_job(&job)).unwrap();
        assert_eq!(due(&store, "a", i64::MAX), ["k"]);
        assert_eq!(store.read(ReadTx::jobs_dead).unwrap(), 0);
    }
}
