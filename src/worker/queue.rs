//! A bounded queue whose taker gets everything at once, and a promise of one answer. Both sleep at
//! once where channels spin and yield first: with dozens of threads on two cores that costs more
//! than it saves.

use std::collections::VecDeque;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// Why a queue did not take something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Refused {
    /// There was no room in time.
    Full,
    /// Nobody will take it.
    Closed,
}

/// What there was to take.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Taken<T> {
    /// In the order of arrival, not empty.
    Some(Vec<T>),
    /// Nothing came in time.
    Late,
    /// Nothing will come any more.
    Closed,
}

/// Many put in, one takes out.
pub(super) struct Queue<T> {
    state: Mutex<State<T>>,
    /// Something came, or the queue was closed.
    filled: Condvar,
    /// There is room again, or the queue was closed.
    emptied: Condvar,
    max: usize,
}

struct State<T> {
    items: VecDeque<T>,
    closed: bool,
    /// Threads that wait for room.
    waiting: usize,
}

impl<T> Queue<T> {
    /// A queue of at most `max` items.
    pub(super) fn new(max: usize) -> Self {
        let state = State { items: VecDeque::with_capacity(max), closed: false, waiting: 0 };
        let (filled, emptied) = (Condvar::new(), Condvar::new());
        Self { state: Mutex::new(state), filled, emptied, max }
    }

    /// Puts `item` at the end; waits at most `patience` for room.
    pub(super) fn push(&self, item: T, patience: Duration) -> Result<(), Refused> {
        let mut state = self.state();
        if state.items.len() >= self.max && !state.closed && !patience.is_zero() {
            state.waiting += 1;
            let full = |state: &mut State<T>| state.items.len() >= self.max && !state.closed;
            let waited = self.emptied.wait_timeout_while(state, patience, full);
            state = waited.unwrap_or_else(PoisonError::into_inner).0;
            state.waiting -= 1;
        }
        if state.closed {
            return Err(Refused::Closed);
        }
        if state.items.len() >= self.max {
            return Err(Refused::Full);
        }
        state.items.push_back(item);
        // The taker is awake when there was something before.
        if state.items.len() == 1 {
            self.filled.notify_one();
        }
        Ok(())
    }

    /// Takes what is there, at most `max`; waits for something until `due`, or for ever. What was
    /// put in before the end is still handed out.
    pub(super) fn take(&self, max: usize, due: Option<Instant>) -> Taken<T> {
        let mut state = self.state();
        while state.items.is_empty() {
            if state.closed {
                return Taken::Closed;
            }
            state = match due {
                None => self.filled.wait(state).unwrap_or_else(PoisonError::into_inner),
                Some(due) => {
                    let left = due.saturating_duration_since(Instant::now());
                    if left.is_zero() {
                        return Taken::Late;
                    }
                    let waited = self.filled.wait_timeout(state, left);
                    waited.unwrap_or_else(PoisonError::into_inner).0
                }
            };
        }
        let count = max.min(state.items.len());
        let taken = state.items.drain(..count).collect();
        if state.waiting > 0 {
            self.emptied.notify_all();
        }
        Taken::Some(taken)
    }

    /// Takes nothing in any more.
    pub(super) fn close(&self) {
        self.state().closed = true;
        self.filled.notify_all();
        self.emptied.notify_all();
    }

    /// Items that wait.
    pub(super) fn len(&self) -> usize {
        self.state().items.len()
    }

    fn state(&self) -> MutexGuard<'_, State<T>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One answer that somebody waits for.
pub(super) struct Promise<T> {
    answer: Mutex<Option<T>>,
    kept: Condvar,
}

impl<T> Default for Promise<T> {
    fn default() -> Self {
        Self { answer: Mutex::new(None), kept: Condvar::new() }
    }
}

impl<T> Promise<T> {
    /// Gives the answer.
    pub(super) fn keep(&self, answer: T) {
        *self.answer.lock().unwrap_or_else(PoisonError::into_inner) = Some(answer);
        self.kept.notify_one();
    }

    /// Waits for the answer; `None` when it takes longer than `patience`.
    pub(super) fn wait(&self, patience: Duration) -> Option<T> {
        let answer = self.answer.lock().unwrap_or_else(PoisonError::into_inner);
        let waited = self.kept.wait_timeout_while(answer, patience, |answer| answer.is_none());
        waited.unwrap_or_else(PoisonError::into_inner).0.take()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SOON: Duration = Duration::from_millis(20);

    #[test]
    fn everything_is_taken_in_order_and_in_bounds() {
        let queue = Queue::new(3);
        for n in 0..3 {
            queue.push(n, Duration::ZERO).unwrap();
        }
        assert_eq!(queue.push(9, Duration::ZERO), Err(Refused::Full));
        assert_eq!(queue.push(9, SOON), Err(Refused::Full));
        assert_eq!((queue.len(), queue.take(2, None)), (3, Taken::Some(vec![0, 1])));
        assert_eq!(queue.take(9, None), Taken::Some(vec![2]));
        assert_eq!(queue.take(9, Some(Instant::now() + SOON)), Taken::Late);
        queue.push(3, Duration::ZERO).unwrap();
        queue.close();
        assert_eq!(queue.push(4, SOON), Err(Refused::Closed));
        assert_eq!(queue.take(9, None), Taken::Some(vec![3]));
        assert_eq!(queue.take(9, None), Taken::Closed);
    }

    #[test]
    fn who_waits_for_room_gets_it() {
        let queue = Queue::new(1);
        std::thread::scope(|scope| {
            for n in 0..8 {
                let queue = &queue;
                scope.spawn(move || queue.push(n, Duration::from_secs(20)).unwrap());
            }
            let mut taken = Vec::new();
            while taken.len() < 8 {
                match queue.take(9, None) {
                    Taken::Some(some) => taken.extend(some),
                    other => panic!("{other:?}"),
                }
            }
            taken.sort_unstable();
            assert_eq!(taken, (0..8).collect::<Vec<_>>());
        });
    }

    #[test]
    fn promises_are_kept_or_given_up() {
        let promise = Promise::default();
        assert_eq!(promise.wait(SOON), None);
        std::thread::scope(|scope| {
            scope.spawn(|| promise.keep(5));
            assert_eq!(promise.wait(Duration::from_secs(20)), Some(5));
        });
    }
}
