//! What is remembered for minutes and in memory only: a sign-in that waits for its second step, a
//! second factor that waits to be confirmed. Gone with a restart, and then begun anew.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::base::clock::Timestamp;
use crate::base::limits::BRIEF_ENTRIES_MAX;

/// Values by key, each for `life_ms`; the oldest goes when there are too many.
pub struct Brief<V> {
    life_ms: i64,
    entries: Mutex<HashMap<[u8; 32], (Timestamp, V)>>,
}

impl<V: Clone> Brief<V> {
    /// Nothing yet; what comes is kept for `life_ms`.
    pub fn new(life_ms: i64) -> Self {
        Self { life_ms, entries: Mutex::default() }
    }

    /// Keeps `value` under `key`, in place of what was there.
    pub fn put(&self, key: [u8; 32], value: V, now: Timestamp) {
        let mut entries = self.lock();
        entries.retain(|_, (since, _)| self.is_live(*since, now));
        while entries.len() >= BRIEF_ENTRIES_MAX && !entries.contains_key(&key) {
            let oldest = entries.iter().min_by_key(|(_, (since, _))| *since).map(|(key, _)| *key);
            match oldest {
                Some(oldest) => entries.remove(&oldest),
                None => break,
            };
        }
        entries.insert(key, (now, value));
    }

    /// What is kept under `key`.
    pub fn find(&self, key: &[u8; 32], now: Timestamp) -> Option<V> {
        let entries = self.lock();
        let (since, value) = entries.get(key)?;
        self.is_live(*since, now).then(|| value.clone())
    }

    /// Forgets what is kept under `key`.
    pub fn forget(&self, key: &[u8; 32]) {
        self.lock().remove(key);
    }

    /// A clock that was set back ends it as age does.
    fn is_live(&self, since: Timestamp, now: Timestamp) -> bool {
        (0..self.life_ms).contains(&now.since(since))
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<[u8; 32], (Timestamp, V)>> {
        self.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_end_by_age_by_hand_and_for_want_of_room() {
        let brief = Brief::new(1000);
        let at = Timestamp;
        brief.put([1; 32], "one", at(5000));
        assert_eq!(brief.find(&[1; 32], at(5999)), Some("one"));
        assert_eq!(brief.find(&[1; 32], at(6000)), None);
        assert_eq!(brief.find(&[1; 32], at(4999)), None, "the clock was set back");
        brief.forget(&[1; 32]);
        assert_eq!(brief.find(&[1; 32], at(5000)), None);
        for n in 0..BRIEF_ENTRIES_MAX + 10 {
            let mut key = [0; 32];
            key[..8].copy_from_slice(&n.to_le_bytes());
            brief.put(key, "many", at(5000 + n as i64));
        }
        assert_eq!(brief.lock().len(), BRIEF_ENTRIES_MAX);
        brief.put([9; 32], "later", at(9000));
        assert_eq!(brief.lock().len(), 1, "what has ended makes room");
    }
}
