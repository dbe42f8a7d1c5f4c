//! Wakes the threads that do jobs. A commit that queued one rings; the jobs themselves are in the
//! store, so a ring that nobody hears costs a delay and loses nothing.

use std::sync::{Condvar, Mutex, PoisonError};
use std::time::Duration;

/// Counts rings.
#[derive(Debug, Default)]
pub struct Bell {
    rings: Mutex<u64>,
    rung: Condvar,
}

impl Bell {
    /// Wakes everybody.
    pub fn ring(&self) {
        let mut rings = self.rings.lock().unwrap_or_else(PoisonError::into_inner);
        *rings = rings.wrapping_add(1);
        self.rung.notify_all();
    }

    /// How often it has rung: take it before looking for jobs, so that none is missed.
    pub fn rings(&self) -> u64 {
        *self.rings.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits until it has rung since `heard`, at most for `patience`.
    pub fn wait(&self, heard: u64, patience: Duration) {
        let rings = self.rings.lock().unwrap_or_else(PoisonError::into_inner);
        drop(self.rung.wait_timeout_while(rings, patience, |rings| *rings == heard));
    }
}
