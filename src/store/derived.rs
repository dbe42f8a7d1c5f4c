//! What an upper layer made of records and keeps in memory until they change: the index of all
//! watches. Made and used within write transactions, of which there is one at a time, so that it is
//! always about what the transaction sees. Knows nothing of what it keeps.

use std::any::Any;
use std::sync::{Arc, Mutex, PoisonError};

use super::WriteTx;

/// The place for it.
#[derive(Default)]
pub(super) struct Derived(Mutex<Option<Arc<dyn Any + Send + Sync>>>);

impl Derived {
    /// Forgets what is kept.
    pub(super) fn forget(&self) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }
}

impl WriteTx {
    /// What was kept, if its records did not change since.
    pub fn derived<T: Any + Send + Sync>(&self) -> Option<Arc<T>> {
        if self.watches_changed.get() {
            return None;
        }
        let kept = self.derived.0.lock().unwrap_or_else(PoisonError::into_inner).clone();
        kept.and_then(|kept| kept.downcast().ok())
    }

    /// Keeps `value`, made of what this transaction sees, until watches change.
    pub fn keep_derived<T: Any + Send + Sync>(&self, value: &Arc<T>) {
        if !self.watches_changed.get() {
            let value = Arc::clone(value) as Arc<dyn Any + Send + Sync>;
            *self.derived.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(value);
        }
    }
}
