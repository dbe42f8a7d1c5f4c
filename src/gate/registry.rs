//! Who is connected: counts connections against their caps before a thread is spent on them, makes
//! room at a cap by letting go who keeps us waiting longest, and knows which connections are idle
//! when the gate stops.

use std::collections::HashMap;
use std::net::{IpAddr, Shutdown, TcpStream};
use std::sync::atomic::{AtomicU8, AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::base::limits::EVICT_AFTER;
use crate::base::network::Network;

const IDLE: u8 = 0;
const BUSY: u8 = 1;
const CLOSED: u8 = 2;

/// All open connections.
#[derive(Debug)]
pub(crate) struct Registry {
    inner: Mutex<Inner>,
    emptied: Condvar,
    total_max: usize,
    per_address_max: usize,
    start: Instant,
}

#[derive(Debug, Default)]
struct Inner {
    open: HashMap<u64, Arc<Slot>>,
    per_address: HashMap<Network, usize>,
    next: u64,
}

/// One connection as the registry sees it.
#[derive(Debug)]
pub(crate) struct Slot {
    socket: Arc<TcpStream>,
    state: AtomicU8,
    key: Network,
    /// Since when its thread waits for the client, milliseconds since `start` and 1; 0 when it
    /// does not.
    waits_since: AtomicU64,
    start: Instant,
}

impl Slot {
    /// The socket of the connection.
    pub(crate) const fn socket(&self) -> &Arc<TcpStream> {
        &self.socket
    }

    /// Runs `step`, which may have to wait for the client.
    pub(crate) fn waiting<T>(&self, step: impl FnOnce() -> T) -> T {
        self.waits_since.store(self.now() + 1, Ordering::Relaxed);
        let done = step();
        self.waits_since.store(0, Ordering::Relaxed);
        done
    }

    /// How long its thread has been waiting for the client.
    fn waited(&self) -> Duration {
        match self.waits_since.load(Ordering::Relaxed) {
            0 => Duration::ZERO,
            since => Duration::from_millis((self.now() + 1).saturating_sub(since)),
        }
    }

    fn now(&self) -> u64 {
        u64::try_from(self.start.elapsed().as_millis()).unwrap_or(u64::MAX - 1)
    }

    /// A request begins; false when the gate closed the idle connection just before.
    pub(crate) fn begin(&self) -> bool {
        let swap = self.state.compare_exchange(IDLE, BUSY, Ordering::SeqCst, Ordering::SeqCst);
        swap.is_ok() || swap == Err(BUSY)
    }

    /// The connection waits for its next request.
    pub(crate) fn rest(&self) {
        let _ = self.state.compare_exchange(BUSY, IDLE, Ordering::SeqCst, Ordering::SeqCst);
    }

    fn close_if_idle(&self) {
        let swap = self.state.compare_exchange(IDLE, CLOSED, Ordering::SeqCst, Ordering::SeqCst);
        if swap.is_ok() {
            let _ = self.socket.shutdown(Shutdown::Both);
        }
    }
}

/// A counted connection; leaves the registry on drop.
pub(crate) struct Ticket {
    pub(crate) slot: Arc<Slot>,
    registry: Arc<Registry>,
    id: u64,
}

impl Inner {
    fn of_address(&self, key: Network) -> usize {
        self.per_address.get(&key).copied().unwrap_or(0)
    }

    /// Closes the connection among `candidates` that has kept its thread waiting longest; `None` when
    /// none has for long enough.
    fn evict(&mut self, candidates: impl Fn(&Slot) -> bool) -> Option<()> {
        let slots = self.open.iter().filter(|(_, slot)| candidates(slot));
        let waits = slots.map(|(id, slot)| (slot.waited(), *id));
        let (_, id) = waits.filter(|(waited, _)| *waited >= EVICT_AFTER).max()?;
        let slot = self.remove(id)?;
        slot.state.store(CLOSED, Ordering::SeqCst);
        let _ = slot.socket.shutdown(Shutdown::Both);
        Some(())
    }

    fn remove(&mut self, id: u64) -> Option<Arc<Slot>> {
        let slot = self.open.remove(&id)?;
        match self.of_address(slot.key).saturating_sub(1) {
            0 => drop(self.per_address.remove(&slot.key)),
            left => drop(self.per_address.insert(slot.key, left)),
        }
        Some(slot)
    }
}

impl Registry {
    pub(crate) fn new(total_max: usize, per_address_max: usize) -> Arc<Self> {
        Arc::new(Self {
            inner: Mutex::default(),
            emptied: Condvar::new(),
            total_max,
            per_address_max,
            start: Instant::now(),
        })
    }

    /// Counts a connection from `address`. At a cap it takes the place of the connection that has
    /// kept its thread waiting longest (of the same address at the cap of one), so that slow clients
    /// shut nobody out; when nobody keeps waiting it is refused.
    pub(crate) fn enter(
        self: &Arc<Self>,
        socket: &Arc<TcpStream>,
        address: IpAddr,
    ) -> Option<Ticket> {
        let key = Network::of_customer(address);
        let mut inner = self.lock();
        if inner.of_address(key) >= self.per_address_max {
            inner.evict(|slot| slot.key == key)?;
        } else if inner.open.len() >= self.total_max {
            inner.evict(|_| true)?;
        }
        let id = inner.next;
        inner.next += 1;
        let slot = Arc::new(Slot {
            socket: Arc::clone(socket),
            state: AtomicU8::new(IDLE),
            key,
            waits_since: AtomicU64::new(0),
            start: self.start,
        });
        inner.open.insert(id, Arc::clone(&slot));
        *inner.per_address.entry(key).or_default() += 1;
        Some(Ticket { slot, registry: Arc::clone(self), id })
    }

    /// Open connections.
    pub(crate) fn len(&self) -> usize {
        self.lock().open.len()
    }

    /// Closes connections that wait for a request.
    pub(crate) fn close_idle(&self) {
        for slot in self.lock().open.values() {
            slot.close_if_idle();
        }
    }

    /// Closes every connection, whatever it does.
    pub(crate) fn close_all(&self) {
        for slot in self.lock().open.values() {
            let _ = slot.socket.shutdown(Shutdown::Both);
        }
    }

    /// Waits until no connection is left; whether that came true within `time`.
    pub(crate) fn wait_empty(&self, time: Duration) -> bool {
        let guard = self.lock();
        let waited = self.emptied.wait_timeout_while(guard, time, |inner| !inner.open.is_empty());
        let (inner, _) = waited.unwrap_or_else(PoisonError::into_inner);
        inner.open.is_empty()
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Ticket {
    fn drop(&mut self) {
        let mut inner = self.registry.lock();
        // Gone already when another took its place.
        inner.remove(self.id);
        if inner.open.is_empty() {
            self.registry.emptied.notify_all();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Arc, Duration, Registry, TcpStream};

    #[test]
    fn caps_hold_and_tickets_come_back() {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let socket = Arc::new(TcpStream::connect(listener.local_addr().unwrap()).unwrap());
        let registry = Registry::new(3, 2);
        let (a, b) = ("10.0.0.1".parse().unwrap(), "10.0.0.2".parse().unwrap());
        let first = registry.enter(&socket, a).unwrap();
        let _second = registry.enter(&socket, a).unwrap();
        assert!(registry.enter(&socket, a).is_none(), "cap of one address");
        assert!(registry.enter(&socket, a).is_none(), "and nobody keeps us waiting");
        let third = registry.enter(&socket, b).unwrap();
        assert!(registry.enter(&socket, b).is_none(), "cap of all");
        drop(first);
        assert_eq!(registry.len(), 2);
        let again = registry.enter(&socket, a).unwrap();
        assert!(again.slot.begin() && again.slot.begin());
        registry.close_idle();
        assert!(again.slot.begin(), "a busy connection stays");
        assert!(!third.slot.begin(), "an idle one does not");
    }

    #[test]
    fn the_longest_wait_makes_room() {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let open = || Arc::new(TcpStream::connect(listener.local_addr().unwrap()).unwrap());
        let registry = Registry::new(3, 2);
        let (a, b) = ("10.0.0.1".parse().unwrap(), "10.0.0.2".parse().unwrap());
        let [first, second] = [a, a].map(|address| registry.enter(&open(), address).unwrap());
        let waits = |ticket: &super::Ticket, ms: u64| {
            let since = ticket.slot.now().saturating_sub(ms) + 1;
            ticket.slot.waits_since.store(since, super::Ordering::Relaxed);
        };
        std::thread::sleep(Duration::from_millis(120));
        waits(&first, 100);
        waits(&second, 60);
        let third = registry.enter(&open(), a).unwrap();
        assert!(!first.slot.begin() && second.slot.begin(), "the longer wait of the same address");
        let _other = registry.enter(&open(), b).unwrap();
        drop(first);
        assert_eq!(registry.len(), 3, "it was counted out already");
        second.slot.waiting(|| waits(&second, 40));
        assert!(registry.enter(&open(), b).is_none(), "a short wait is none");
        waits(&third, 70);
        let newest = registry.enter(&open(), b).unwrap();
        assert!(!third.slot.begin(), "of all, at the cap of all");
        drop((second, third, newest));
        assert_eq!(registry.len(), 1);
    }
}
