//! How many exports run at once. A slow taker holds a connection and one of the places here, nothing
//! else.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::base::limits::EXPORTS_AT_ONCE;

/// The places for exports.
#[derive(Clone, Debug, Default)]
pub struct Exports(Arc<AtomicUsize>);

impl Exports {
    /// A place, unless all are taken.
    pub fn enter(&self) -> Option<Place> {
        let entered = self.0.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |running| {
            (running < EXPORTS_AT_ONCE).then_some(running + 1)
        });
        entered.ok().map(|_| Place(Arc::clone(&self.0)))
    }
}

/// A taken place; dropping it gives it back.
#[derive(Debug)]
pub struct Place(Arc<AtomicUsize>);

impl Drop for Place {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

#[cfg(test)]
mod tests {
    use super::{EXPORTS_AT_ONCE, Exports};

    #[test]
    fn places_come_back() {
        let exports = Exports::default();
        let mut places: Vec<_> = (0..EXPORTS_AT_ONCE).map(|_| exports.enter().unwrap()).collect();
        assert!(exports.enter().is_none());
        places.pop();
        assert!(exports.enter().is_some());
    }
}
