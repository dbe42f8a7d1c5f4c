//! Free space of the filesystem that holds the data. Ingest asks before every batch, so that the
//! store never runs into a full disk. What to say to the sender is not decided here.

use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use super::StoreError;
use crate::base::clock::{Clock, Timestamp};
use crate::base::limits::{DISK_FLOOR_BYTES, DISK_RESUME_BYTES, SPACE_GRAIN_MS};

/// Bytes that this process may still write to the filesystem holding `directory`.
pub fn free_bytes(directory: &Path) -> Result<u64, StoreError> {
    let facts = rustix::fs::statvfs(directory).map_err(std::io::Error::from)?;
    Ok(facts.f_bavail.saturating_mul(facts.f_frsize))
}

/// Watches that some space stays free. Once below the floor it stays low until there is clearly
/// more again, so that ingest does not stop and go.
pub struct Floor {
    directory: PathBuf,
    clock: Clock,
    min_bytes: u64,
    resume_bytes: u64,
    last: Mutex<Look>,
}

#[derive(Clone, Copy)]
struct Look {
    at: Option<Timestamp>,
    free_bytes: u64,
    low: bool,
}

impl Floor {
    /// The floor of the product for the filesystem holding `directory`.
    pub fn new(directory: &Path, clock: Clock) -> Self {
        Self::with_bounds(directory, clock, DISK_FLOOR_BYTES, DISK_RESUME_BYTES)
    }

    /// A floor at `floor_bytes`; once below, low until `resume_bytes` are free.
    pub fn with_bounds(
        directory: &Path,
        clock: Clock,
        floor_bytes: u64,
        resume_bytes: u64,
    ) -> Self {
        let last = Mutex::new(Look { at: None, free_bytes: 0, low: false });
        Self { directory: directory.to_owned(), clock, min_bytes: floor_bytes, resume_bytes, last }
    }

    /// Whether there is room. Looks at most once a second, so it may be asked for every batch.
    ///
    /// # Errors
    /// [`StoreError::Full`] when there is none, [`StoreError::Storage`] when it cannot be told.
    pub fn check(&self) -> Result<(), StoreError> {
        if self.look(|| free_bytes(&self.directory))?.low { Err(StoreError::Full) } else { Ok(()) }
    }

    /// Free bytes, at most a second old.
    pub fn free_bytes(&self) -> Result<u64, StoreError> {
        Ok(self.look(|| free_bytes(&self.directory))?.free_bytes)
    }

    /// Forgets the last look: a write has just found the disk full, or room was made.
    pub fn forget(&self) {
        self.last.lock().unwrap_or_else(PoisonError::into_inner).at = None;
    }

    fn look(&self, measure: impl FnOnce() -> Result<u64, StoreError>) -> Result<Look, StoreError> {
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        let now = self.clock.now();
        // A clock that was set back makes the last look old, too.
        let fresh = last.at.is_some_and(|at| (0..SPACE_GRAIN_MS).contains(&now.since(at)));
        if !fresh {
            let free_bytes = measure()?;
            let bound = if last.low { self.resume_bytes } else { self.min_bytes };
            *last = Look { at: Some(now), free_bytes, low: free_bytes < bound };
        }
        Ok(*last)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn low_stays_low_until_there_is_clearly_more() {
        let clock = Clock::manual(Timestamp(5_000));
        let floor = Floor::with_bounds(Path::new("."), clock.clone(), 100, 120);
        for (free, low) in [
            (1000, false),
            (100, false),
            (99, true),
            (100, true),
            (119, true),
            (120, false),
            (100, false),
            (0, true),
            (u64::MAX, false),
        ] {
            clock.advance_ms(SPACE_GRAIN_MS);
            let look = floor.look(|| Ok(free)).unwrap();
            assert_eq!((look.free_bytes, look.low), (free, low), "{free}");
        }
    }

    #[test]
    fn a_look_is_believed_for_a_while() {
        let clock = Clock::manual(Timestamp(5_000));
        let floor = Floor::with_bounds(Path::new("."), clock.clone(), 100, 120);
        assert!(!floor.look(|| Ok(500)).unwrap().low);
        clock.advance_ms(SPACE_GRAIN_MS - 1);
        assert_eq!(floor.look(|| panic!("looked again")).unwrap().free_bytes, 500);
        floor.forget();
        assert!(floor.look(|| Ok(5)).unwrap().low);
        clock.advance_ms(-10_000);
        assert!(!floor.look(|| Ok(500)).unwrap().low, "set back");
        clock.advance_ms(SPACE_GRAIN_MS);
        assert!(floor.look(|| Err(StoreError::Full)).is_err());
        assert!(!floor.look(|| Ok(500)).unwrap().low, "a failed look is not kept");
    }

    #[test]
    fn real_filesystems_answer() {
        let directory = tempfile::tempdir().unwrap();
        let floor = Floor::new(directory.path(), Clock::System);
        assert!(floor.free_bytes().unwrap() > 0);
        let never = Floor::with_bounds(directory.path(), Clock::System, u64::MAX - 1, u64::MAX);
        assert!(matches!(never.check(), Err(StoreError::Full)));
        assert!(free_bytes(&directory.path().join("missing")).is_err());
    }
}
