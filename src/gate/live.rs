//! Live streams: connections that stay open and are told what happens. One thread serves them all:
//! each socket is taken over from the thread that answered its request, nothing waits for a client,
//! and who does not keep up is let go. Knows no news; a [`Listener`] turns them into bytes.

use std::io;
use std::net::TcpStream;
use std::os::fd::OwnedFd;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use rustix::event::{EventfdFlags, PollFd, PollFlags, Timespec, eventfd, poll};

use crate::base::limits;
use crate::gate::registry::Ticket;
use crate::gate::response::{Handover, Response, ResponseBody};
use crate::gate::stream::{Stream, is_timeout};

/// What the client is told when nothing happens, so that both sides notice a dead line.
const HEARTBEAT: &[u8] = b":\n\n";
/// Room kept between two messages, bytes; a burst gives the rest back.
const BUFFER_BYTES: usize = 4 * 1024;

/// One client of a live stream, as those above know it. Called on the hub's thread: be quick.
pub trait Listener: Send + 'static {
    /// Appends what happened since the last call.
    fn news(&mut self, out: &mut Vec<u8>);
    /// Whether the client may go on listening; asked now and then. When not, what it appends are
    /// the last words.
    fn stays(&mut self, out: &mut Vec<u8>) -> bool;
}

/// What a stream may cost; the default is [`crate::base::limits`].
#[derive(Clone, Copy, Debug)]
pub struct HubLimits {
    /// Streams at once.
    pub streams_max: usize,
    /// Bytes that wait for one client.
    pub buffer_bytes_max: usize,
    /// Silence after which a heartbeat is sent.
    pub heartbeat: Duration,
    /// How often it is asked whether a client may stay.
    pub check: Duration,
    /// How long a client may take nothing while something waits for it.
    pub stall: Duration,
    /// Shortest time between two rounds of news.
    pub round: Duration,
}

impl Default for HubLimits {
    fn default() -> Self {
        Self {
            streams_max: limits::LIVE_STREAMS_MAX,
            buffer_bytes_max: limits::LIVE_BUFFER_BYTES_MAX,
            heartbeat: limits::LIVE_HEARTBEAT,
            check: limits::LIVE_CHECK,
            stall: limits::LIVE_STALL,
            round: limits::LIVE_ROUND,
        }
    }
}

/// The way to the thread of all live streams; cheap to clone.
#[derive(Clone)]
pub struct Hub(Arc<Shared>);

struct Shared {
    limits: HubLimits,
    alarm: OwnedFd,
    inbox: Mutex<Inbox>,
    taken: AtomicUsize,
}

#[derive(Default)]
struct Inbox {
    arrivals: Vec<Client>,
    news: bool,
    stop: bool,
}

impl Hub {
    /// A hub whose thread is started by [`Hub::start`].
    ///
    /// # Errors
    /// When the system has no descriptor left.
    pub fn new(limits: HubLimits) -> io::Result<Self> {
        let alarm = eventfd(0, EventfdFlags::NONBLOCK | EventfdFlags::CLOEXEC)?;
        let inbox = Mutex::default();
        Ok(Self(Arc::new(Shared { limits, alarm, inbox, taken: AtomicUsize::new(0) })))
    }

    /// Starts the thread; it ends after [`Hub::stop`]. `gather` runs on it before the clients are
    /// told, once however many of them there are.
    ///
    /// # Errors
    /// When the system has no thread left.
    pub fn start(&self, gather: impl FnMut() + Send + 'static) -> io::Result<JoinHandle<()>> {
        let shared = Arc::clone(&self.0);
        thread::Builder::new()
            .name("live".to_owned())
            .stack_size(limits::CONNECTION_STACK_BYTES)
            .spawn(move || Round::new(shared, Box::new(gather)).run())
    }

    /// Says that there are news; from any thread, never waits.
    pub fn wake(&self) {
        self.0.lock().news = true;
        self.0.ring();
    }

    /// An answer that leaves the connection to `listener`; `None` when all places are taken.
    pub fn stream(&self, listener: impl Listener) -> Option<Response> {
        let seat = Seat::take(&self.0)?;
        let listener = Box::new(listener);
        let handover = Handover(Box::new(move |stream, ticket| seat.sit(stream, ticket, listener)));
        Some(
            Response::new(200)
                .body("text/event-stream", ResponseBody::Open(Some(handover)))
                // A proxy that collects answers would keep the news to itself.
                .header("X-Accel-Buffering", "no"),
        )
    }

    /// Streams that are open or about to be.
    pub fn streams(&self) -> usize {
        self.0.taken.load(Ordering::SeqCst)
    }

    /// Closes all streams and ends the thread.
    pub fn stop(&self) {
        self.0.lock().stop = true;
        self.0.ring();
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Inbox> {
        self.inbox.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn ring(&self) {
        // Full means that it rings already.
        let _ = rustix::io::write(&self.alarm, &1_u64.to_ne_bytes());
    }
}

/// A place in the hub; free again on drop.
struct Seat(Arc<Shared>);

impl Seat {
    fn take(shared: &Arc<Shared>) -> Option<Self> {
        let most = shared.limits.streams_max;
        let more = |taken| (taken < most).then_some(taken + 1);
        let taken = shared.taken.fetch_update(Ordering::SeqCst, Ordering::SeqCst, more);
        taken.is_ok().then(|| Self(Arc::clone(shared)))
    }

    /// Brings a connection whose head is written; called on the connection's thread.
    fn sit(self, stream: Box<dyn Stream>, ticket: Ticket, listener: Box<dyn Listener>) {
        let socket = Arc::clone(ticket.slot.socket());
        // A client whose line was cut is given up by the system, not after its usual quarter hour.
        let patience = u32::try_from(self.0.limits.stall.as_millis()).unwrap_or(u32::MAX);
        let _ = rustix::net::sockopt::set_tcp_user_timeout(&socket, patience);
        if socket.set_nonblocking(true).is_err() {
            return;
        }
        // Waiting for news is idle: the gate may close it when it stops.
        ticket.slot.rest();
        let shared = Arc::clone(&self.0);
        let out = Vec::new();
        let heard = Instant::now();
        let client = Client {
            stream,
            socket,
            listener,
            out,
            sent: 0,
            said: 0,
            heard,
            stalled: None,
            end: End::Open,
            _ticket: ticket,
            _seat: self,
        };
        let mut inbox = shared.lock();
        if inbox.stop {
            // Nobody would ever look at it, and the gate would wait for it.
            drop(inbox);
            return drop(client);
        }
        inbox.arrivals.push(client);
        drop(inbox);
        shared.ring();
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        self.0.taken.fetch_sub(1, Ordering::SeqCst);
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    /// Goes on.
    Open,
    /// Closes once everything is written.
    Leaving,
    /// Closes now.
    Gone,
}

struct Client {
    stream: Box<dyn Stream>,
    socket: Arc<TcpStream>,
    listener: Box<dyn Listener>,
    out: Vec<u8>,
    sent: usize,
    /// Bytes it said since its request.
    said: usize,
    /// When it was last told something.
    heard: Instant,
    /// Since when it has taken nothing of what waits for it.
    stalled: Option<Instant>,
    end: End,
    _ticket: Ticket,
    _seat: Seat,
}

impl Client {
    /// Lets the listener write; a panic in it costs this client only.
    fn tell(&mut self, say: impl FnOnce(&mut dyn Listener, &mut Vec<u8>) -> bool) {
        if self.end != End::Open {
            return;
        }
        let before = self.out.len();
        let (listener, out) = (&mut *self.listener, &mut self.out);
        match catch_unwind(AssertUnwindSafe(|| say(listener, out))) {
            Ok(true) => {}
            Ok(false) => self.end = End::Leaving,
            Err(_) => self.end = End::Gone,
        }
        if self.out.len() > before {
            self.heard = Instant::now();
        }
    }

    /// Writes as much as the client takes.
    fn flush(&mut self, limits: &HubLimits) {
        while self.end != End::Gone {
            let rest = self.out.get(self.sent..).unwrap_or_default();
            if rest.is_empty() && !self.stream.holds_back() {
                break;
            }
            match self.stream.write(rest, Duration::ZERO) {
                Ok(0) if !rest.is_empty() => self.end = End::Gone,
                Ok(count) => {
                    self.sent += count;
                    self.stalled = None;
                }
                Err(error) if is_timeout(&error) => {
                    let since = *self.stalled.get_or_insert_with(Instant::now);
                    let waiting = self.out.len().saturating_sub(self.sent);
                    if waiting > limits.buffer_bytes_max || since.elapsed() >= limits.stall {
                        self.end = End::Gone;
                    }
                    return;
                }
                Err(_) => self.end = End::Gone,
            }
        }
        self.out.clear();
        self.out.shrink_to(BUFFER_BYTES);
        self.sent = 0;
        if self.end == End::Leaving {
            self.stream.finish();
            self.end = End::Gone;
        }
    }

    /// Notices that the client has left. Nobody listens to what else it says, nor for long.
    fn listen(&mut self) {
        let mut waste = [0; 512];
        match self.stream.read(&mut waste, Duration::ZERO) {
            Ok(count @ 1..) => self.said += count,
            Err(error) if is_timeout(&error) => return,
            Ok(0) | Err(_) => self.end = End::Gone,
        }
        if self.said > limits::HEAD_BYTES_MAX {
            self.end = End::Gone;
        }
    }

    fn wants(&self) -> PollFlags {
        if self.sent < self.out.len() || self.stream.holds_back() {
            PollFlags::IN | PollFlags::OUT
        } else {
            PollFlags::IN
        }
    }
}

/// The state of the thread.
struct Round {
    shared: Arc<Shared>,
    gather: Box<dyn FnMut() + Send>,
    clients: Vec<Client>,
    /// When news may be told again; `None` while there are none.
    news_at: Option<Instant>,
    told: Instant,
    checked: Instant,
}

impl Round {
    fn new(shared: Arc<Shared>, gather: Box<dyn FnMut() + Send>) -> Self {
        let now = Instant::now();
        Self { shared, gather, clients: Vec::new(), news_at: None, told: now, checked: now }
    }

    fn run(mut self) {
        loop {
            self.wait();
            if self.take_inbox() {
                return;
            }
            let now = Instant::now();
            if self.news_at.is_some_and(|at| at <= now) {
                self.tell_news(now);
            }
            if now.duration_since(self.checked) >= self.shared.limits.check {
                self.checked = now;
                for client in &mut self.clients {
                    client.tell(Listener::stays);
                }
            }
            for client in &mut self.clients {
                if now.duration_since(client.heard) >= self.shared.limits.heartbeat {
                    client.heard = now;
                    client.out.extend_from_slice(HEARTBEAT);
                }
                client.flush(&self.shared.limits);
            }
            self.clients.retain(|client| client.end != End::Gone);
        }
    }

    /// Waits until somebody rings, a client can be served, or something is due.
    fn wait(&mut self) {
        let mut fds = Vec::with_capacity(self.clients.len() + 1);
        fds.push(PollFd::new(&self.shared.alarm, PollFlags::IN));
        fds.extend(self.clients.iter().map(|client| PollFd::new(&client.socket, client.wants())));
        let patience = self.patience();
        let timeout = Timespec {
            tv_sec: i64::try_from(patience.as_secs()).unwrap_or(i64::MAX),
            tv_nsec: patience.subsec_nanos().into(),
        };
        if let Err(error) = poll(&mut fds, Some(&timeout)) {
            if error != rustix::io::Errno::INTR {
                log::warn!("live streams cannot wait: {error}");
                thread::sleep(limits::ACCEPT_BACKOFF);
            }
            return;
        }
        let answers: Vec<PollFlags> = fds.iter().skip(1).map(PollFd::revents).collect();
        for (client, answer) in self.clients.iter_mut().zip(answers) {
            if answer.intersects(PollFlags::ERR | PollFlags::HUP | PollFlags::NVAL) {
                client.end = End::Gone;
            } else if answer.contains(PollFlags::IN) {
                client.listen();
            }
        }
    }

    /// Until when nothing is due.
    fn patience(&self) -> Duration {
        let now = Instant::now();
        let due = self.news_at.map(|at| at.saturating_duration_since(now));
        let limits = &self.shared.limits;
        let usual = limits.heartbeat.min(limits.check).min(limits.stall) / 4;
        due.map_or(usual, |due| due.min(usual))
    }

    /// Takes what came in; whether the hub stops.
    fn take_inbox(&mut self) -> bool {
        let mut count = [0; 8];
        let _ = rustix::io::read(&self.shared.alarm, &mut count);
        let mut inbox = self.shared.lock();
        if std::mem::take(&mut inbox.news) && self.news_at.is_none() {
            self.news_at = Some(self.told + self.shared.limits.round);
        }
        let arrivals = std::mem::take(&mut inbox.arrivals);
        let stop = inbox.stop;
        drop(inbox);
        for mut client in arrivals {
            // What happened between its page and its stream.
            client.tell(|listener, out| {
                listener.news(out);
                true
            });
            self.clients.push(client);
        }
        stop
    }

    fn tell_news(&mut self, now: Instant) {
        (self.news_at, self.told) = (None, now);
        if catch_unwind(AssertUnwindSafe(|| (self.gather)())).is_err() {
            log::error!("gathering news for the live streams panicked");
        }
        for client in &mut self.clients {
            client.tell(|listener, out| {
                listener.news(out);
                true
            });
        }
    }
}
