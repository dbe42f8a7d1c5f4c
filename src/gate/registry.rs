//! Who is connected: counts connections against their caps before a thread is spent on them, and
//! knows which ones are idle when the gate stops.

use std::collections::HashMap;
use std::net::{IpAddr, Shutdown, TcpStream};
use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

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
}

impl Slot {
    /// The socket of the connection.
    pub(crate) const fn socket(&self) -> &Arc<TcpStream> {
        &self.socket
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
    key: Network,
}

impl Registry {
    pub(crate) fn new(total_max: usize, per_address_max: usize) -> Arc<Self> {
        Arc::new(Self {
            inner: Mutex::default(),
            emptied: Condvar::new(),
            total_max,
            per_address_max,
        })
    }

    /// Counts a connection from `address`, or refuses it at a cap.
    pub(crate) fn enter(
        self: &Arc<Self>,
        socket: &Arc<TcpStream>,
        address: IpAddr,
    ) -> Option<Ticket> {
        let key = Network::of_customer(address);
        let mut inner = self.lock();
        let of_address = inner.per_address.get(&key).copied().unwrap_or(0);
        if inner.open.len() >= self.total_max || of_address >= self.per_address_max {
            return None;
        }
        let id = inner.next;
        inner.next += 1;
        let slot = Arc::new(Slot { socket: Arc::clone(socket), state: AtomicU8::new(IDLE) });
        inner.open.insert(id, Arc::clone(&slot));
        inner.per_address.insert(key, of_address + 1);
        Some(Ticket { slot, registry: Arc::clone(self), id, key })
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
        inner.open.remove(&self.id);
        let left = inner.per_address.get(&self.key).map_or(0, |count| count.saturating_sub(1));
        if left == 0 {
            inner.per_address.remove(&self.key);
        } else {
            inner.per_address.insert(self.key, left);
        }
        if inner.open.is_empty() {
            self.registry.emptied.notify_all();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Arc, Registry, TcpStream};

    #[test]
    fn caps_hold_and_tickets_come_back() {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let socket = Arc::new(TcpStream::connect(listener.local_addr().unwrap()).unwrap());
        let registry = Registry::new(3, 2);
        let (a, b) = ("10.0.0.1".parse().unwrap(), "10.0.0.2".parse().unwrap());
        let first = registry.enter(&socket, a).unwrap();
        let _second = registry.enter(&socket, a).unwrap();
        assert!(registry.enter(&socket, a).is_none(), "cap of one address");
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
}
