//! The running server: accepts, asks the doorman, counts, starts a thread per connection, stops in
//! order. Nothing a stranger does may end the accept loop.

use std::io::{self, Read as _, Write as _};
use std::net::{IpAddr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use socket2::SockRef;

use crate::base::limits;
use crate::gate::body::{Body, Budget};
use crate::gate::conn::Connection;
use crate::gate::listen::raise_descriptor_limit;
use crate::gate::registry::Registry;
use crate::gate::request::{Head, Headers};
use crate::gate::response::Response;
use crate::gate::tls::Tls;

/// Time the last connections get to notice that their sockets were closed at stop.
const CLOSE_GRACE: Duration = Duration::from_millis(100);

/// Answers requests, on the thread of their connection. A panic becomes a 500.
pub trait Handler: Send + Sync + 'static {
    /// Answers one request; reads the body as far as it wants it.
    fn handle(&self, head: &Head, body: &mut Body<'_>) -> Response;
}

/// Decides who is served: asked for each connection before a byte is read, and for each request
/// before any work. What clients do wrong is the handler's to tell it. Called on the accept
/// thread: be quick.
pub trait Doorman: Send + Sync + 'static {
    /// Whose request it is that came from `peer` with `headers`; the peer's, unless it is a proxy.
    fn client(&self, peer: IpAddr, headers: &Headers) -> IpAddr {
        let _ = headers;
        peer
    }

    /// Whether `address` is served; `head` is its request, once there is one.
    fn admit(&self, address: IpAddr, head: Option<&Head>) -> bool {
        let _ = (address, head);
        true
    }
}

/// A doorman who lets everybody in.
#[derive(Clone, Copy, Debug, Default)]
pub struct OpenDoor;

impl Doorman for OpenDoor {}

/// What a connection may cost; the default is [`crate::base::limits`].
#[derive(Clone, Debug)]
pub struct GateLimits {
    /// Connections at once.
    pub connections_max: usize,
    /// Connections at once from one address or IPv6 /64.
    pub connections_per_address_max: usize,
    /// Requests of one connection.
    pub requests_per_connection_max: u32,
    /// From the first byte of a head to its end.
    pub head_deadline: Duration,
    /// Wait for the first byte of a request.
    pub idle_deadline: Duration,
    /// For a whole body.
    pub body_deadline: Duration,
    /// Slowest body after the grace, bytes per second; 0 for any.
    pub body_rate_min: u64,
    /// How long a body may be slower.
    pub body_rate_grace: Duration,
    /// Longest wait without progress while writing.
    pub write_deadline: Duration,
    /// How long to read on after the last answer.
    pub linger: Duration,
    /// Memory of all bodies being read, bytes.
    pub bodies_memory_max: u64,
}

impl Default for GateLimits {
    fn default() -> Self {
        Self {
            connections_max: limits::CONNECTIONS_MAX,
            connections_per_address_max: limits::CONNECTIONS_PER_ADDRESS_MAX,
            requests_per_connection_max: limits::REQUESTS_PER_CONNECTION_MAX,
            head_deadline: limits::HEAD_DEADLINE,
            idle_deadline: limits::IDLE_DEADLINE,
            body_deadline: limits::BODY_DEADLINE,
            body_rate_min: limits::BODY_RATE_MIN,
            body_rate_grace: limits::BODY_RATE_GRACE,
            write_deadline: limits::WRITE_DEADLINE,
            linger: limits::LINGER,
            bodies_memory_max: limits::BODIES_MEMORY_MAX,
        }
    }
}

/// What every connection needs.
pub(crate) struct Shared {
    pub(crate) handler: Arc<dyn Handler>,
    pub(crate) doorman: Arc<dyn Doorman>,
    pub(crate) limits: GateLimits,
    pub(crate) tls: Option<Tls>,
    pub(crate) budget: Arc<Budget>,
    registry: Arc<Registry>,
    stopping: AtomicBool,
}

impl Shared {
    /// Whether the gate is closing, so that connections should end after their answer.
    pub(crate) fn stopping(&self) -> bool {
        self.stopping.load(Ordering::SeqCst)
    }
}

/// A running server; dropping it stops it at once.
pub struct Gate {
    shared: Arc<Shared>,
    addresses: Vec<SocketAddr>,
    acceptors: Vec<(Arc<TcpListener>, JoinHandle<()>)>,
}

impl Gate {
    /// Serves the listeners (see [`super::listen::bind`]) until [`Gate::stop`]; with `tls`, clients
    /// may speak TLS on them. Fails when a listener has no address or no thread can be started.
    pub fn start(
        listeners: Vec<TcpListener>,
        handler: Arc<dyn Handler>,
        doorman: Arc<dyn Doorman>,
        limits: GateLimits,
        tls: Option<Tls>,
    ) -> io::Result<Self> {
        raise_descriptor_limit();
        let registry = Registry::new(limits.connections_max, limits.connections_per_address_max);
        let budget = Budget::new(limits.bodies_memory_max);
        let stopping = AtomicBool::new(false);
        let shared = Arc::new(Shared { handler, doorman, limits, tls, budget, registry, stopping });
        let mut gate = Self { shared, addresses: Vec::new(), acceptors: Vec::new() };
        for listener in listeners {
            // Ours to block on, whatever the one who made it did.
            listener.set_nonblocking(false)?;
            gate.addresses.push(listener.local_addr()?);
            let listener = Arc::new(listener);
            let (shared, own) = (Arc::clone(&gate.shared), Arc::clone(&listener));
            let thread = thread::Builder::new()
                .name("gate".to_owned())
                .stack_size(limits::CONNECTION_STACK_BYTES)
                .spawn(move || accept_loop(&own, &shared))?;
            gate.acceptors.push((listener, thread));
        }
        Ok(gate)
    }

    /// Where it listens, with the ports the system picked.
    pub fn addresses(&self) -> Vec<SocketAddr> {
        self.addresses.clone()
    }

    /// Open connections.
    pub fn connections(&self) -> usize {
        self.shared.registry.len()
    }

    /// Bytes that bodies being read hold of their common budget.
    pub fn body_memory(&self) -> usize {
        self.shared.budget.used()
    }

    /// Stops accepting, closes idle connections, lets running requests finish for at most
    /// `deadline`, then cuts them off.
    pub fn stop(mut self, deadline: Duration) {
        self.shut(deadline);
    }

    fn shut(&mut self, deadline: Duration) {
        self.shared.stopping.store(true, Ordering::SeqCst);
        for (listener, thread) in self.acceptors.drain(..) {
            // Wakes the blocked accept, which then fails.
            let _ = SockRef::from(&*listener).shutdown(Shutdown::Both);
            if thread.join().is_err() {
                log::error!("an accept thread had panicked");
            }
        }
        let registry = &self.shared.registry;
        registry.close_idle();
        if !registry.wait_empty(deadline) {
            log::warn!("{} connections cut off at stop", registry.len());
            registry.close_all();
            registry.wait_empty(CLOSE_GRACE);
        }
    }
}

impl Drop for Gate {
    fn drop(&mut self) {
        if !self.acceptors.is_empty() {
            self.shut(Duration::ZERO);
        }
    }
}

fn accept_loop(listener: &TcpListener, shared: &Arc<Shared>) {
    // One line when trouble begins and one when it ends: a full table of descriptors must not
    // fill the journal as well.
    let mut failing = false;
    while !shared.stopping() {
        match listener.accept() {
            Ok((socket, peer)) => {
                if std::mem::take(&mut failing) {
                    log::info!("connections are accepted again");
                }
                let welcomed = catch_unwind(AssertUnwindSafe(|| welcome(socket, peer, shared)));
                if welcomed.is_err() {
                    log::error!("the doorman panicked; a connection was dropped");
                }
            }
            Err(_) if shared.stopping() => return,
            // That client is gone; the next one may be fine.
            Err(error)
                if matches!(
                    error.kind(),
                    io::ErrorKind::ConnectionAborted | io::ErrorKind::Interrupted
                ) => {}
            Err(error) => {
                if !std::mem::replace(&mut failing, true) {
                    log::warn!("no connection can be accepted: {error}");
                }
                thread::sleep(limits::ACCEPT_BACKOFF);
            }
        }
    }
}

/// Starts the thread of a new connection, unless something speaks against it.
fn welcome(socket: TcpStream, peer: SocketAddr, shared: &Arc<Shared>) {
    let peer = SocketAddr::new(peer.ip().to_canonical(), peer.port());
    if !shared.doorman.admit(peer.ip(), None) {
        return turn_away(
            &socket,
            b"HTTP/1.1 403 Forbidden\r\nContent-Type: text/plain\r\n\
            Content-Length: 8\r\nConnection: close\r\n\r\nblocked\n",
        );
    }
    let socket = Arc::new(socket);
    let Some(ticket) = shared.registry.enter(&socket, peer.ip()) else {
        log::debug!("connection from {} refused at a cap", peer.ip());
        return busy(&socket);
    };
    if socket.set_nodelay(true).is_err() {
        // The client is gone already.
        return;
    }
    let (own, of_all) = (Arc::clone(&socket), Arc::clone(shared));
    let spawned = thread::Builder::new()
        .name("conn".to_owned())
        .stack_size(limits::CONNECTION_STACK_BYTES)
        .spawn(move || Connection::open(own, peer, of_all, ticket));
    if let Err(error) = spawned {
        log::warn!("no thread for a connection: {error}");
        busy(&socket);
    }
}

fn busy(socket: &TcpStream) {
    turn_away(
        socket,
        b"HTTP/1.1 503 Service Unavailable\r\nContent-Type: text/plain\r\n\
        Retry-After: 5\r\nContent-Length: 5\r\nConnection: close\r\n\r\nbusy\n",
    );
}

/// Says no without ever waiting for the client.
fn turn_away(mut socket: &TcpStream, answer: &[u8]) {
    if socket.set_nonblocking(true).is_err() {
        return;
    }
    // Reading what has come makes it less likely that the close becomes a reset, which would
    // take the answer with it.
    let mut waste = [0; 4096];
    let _ = socket.write(answer);
    let _ = socket.shutdown(Shutdown::Write);
    let _ = socket.read(&mut waste);
}
