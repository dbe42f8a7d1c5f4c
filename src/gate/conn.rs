//! The life of one connection: wait, read a head, call the handler, answer, again. One request is
//! in flight at a time; every wait has an end.

use std::any::Any;
use std::io;
use std::net::{SocketAddr, TcpStream};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::base::log::quoted;
use crate::base::random;
use crate::gate::body::{Body, Pace, Rest};
use crate::gate::head::{self, Parsed, Refusal, Scan};
use crate::gate::registry::{Slot, Ticket};
use crate::gate::request::{Head, Method};
use crate::gate::response::{Handover, Response, ResponseBody, reason};
use crate::gate::server::Shared;
use crate::gate::stream::{PatientWriter, Stream, Wire, is_timeout, retry};
use crate::gate::tls::Tls;
use crate::gate::write::{Manner, send};

/// What becomes of the connection after a request.
enum After {
    /// The next request may come.
    Next,
    /// Nobody is there to see anything.
    Close,
    /// The client may still be sending: let it see the answer first.
    Linger,
    /// Somebody else goes on with it.
    HandOver(Handover),
}

/// A connection on its thread.
pub(crate) struct Connection {
    wire: Wire,
    peer: SocketAddr,
    shared: Arc<Shared>,
    ticket: Ticket,
    served: u32,
}

impl Connection {
    fn new(stream: Box<dyn Stream>, peer: SocketAddr, shared: Arc<Shared>, ticket: Ticket) -> Self {
        Self { wire: Wire::new(stream), peer, shared, ticket, served: 0 }
    }

    /// Greets the client of `socket` and serves it until one side has had enough.
    pub(crate) fn open(
        socket: Arc<TcpStream>,
        peer: SocketAddr,
        shared: Arc<Shared>,
        ticket: Ticket,
    ) {
        let slot = Arc::clone(&ticket.slot);
        let limits = &shared.limits;
        if !slot.waiting(|| first_byte(&socket, limits.idle_deadline)) || !slot.begin() {
            return;
        }
        match slot.waiting(|| Tls::greet(shared.tls.as_ref(), socket, limits.head_deadline)) {
            Ok(stream) => {
                let stream = Box::new(Watched { stream, slot });
                Self::new(stream, peer, shared, ticket).run();
            }
            Err(error) => log::debug!("{peer}: no TLS handshake: {error}"),
        }
    }

    fn run(mut self) {
        loop {
            match self.serve_one() {
                After::Next => {}
                After::Close => return,
                After::Linger => return self.wire.linger(self.shared.limits.linger),
                After::HandOver(Handover(take)) => return take(self.wire.stream, self.ticket),
            }
        }
    }

    fn serve_one(&mut self) -> After {
        self.ticket.slot.rest();
        if !self.wait() {
            return After::Close;
        }
        let parsed = match self.read_head() {
            Ok(Some(parsed)) => parsed,
            Ok(None) => return After::Close,
            Err(refusal) => return self.refuse(refusal),
        };
        self.served = self.served.saturating_add(1);
        self.answer(parsed)
    }

    /// Waits for the first byte of a request; false when none comes.
    fn wait(&mut self) -> bool {
        if self.wire.buffered().is_empty() {
            if self.shared.stopping() {
                return false;
            }
            match self.wire.wait(self.shared.limits.idle_deadline) {
                Ok(0) | Err(_) => return false,
                Ok(_) => {}
            }
        }
        self.ticket.slot.begin()
    }

    /// Reads a whole head; `None` when the client left in the middle of it.
    fn read_head(&mut self) -> Result<Option<Parsed>, Refusal> {
        let start = Instant::now();
        let mut scan = Scan::default();
        loop {
            if let Some(end) = scan.find_end(self.wire.buffered())? {
                let bytes = self.wire.buffered().get(..end).unwrap_or_default();
                let mut parsed = head::parse_complete(bytes)?;
                self.wire.consume(end);
                parsed.head.peer = self.peer;
                parsed.head.client =
                    self.shared.doorman.client(self.peer.ip(), &parsed.head.headers);
                parsed.head.secure = self.wire.stream.secure();
                return Ok(Some(parsed));
            }
            let late = Refusal::new(408, "head took too long");
            let left = self.shared.limits.head_deadline.checked_sub(start.elapsed());
            match self.wire.fill(left.filter(|left| !left.is_zero()).ok_or(late)?) {
                Ok(0) => return Ok(None),
                Ok(_) => {}
                Err(error) if is_timeout(&error) => return Err(late),
                Err(_) => return Ok(None),
            }
        }
    }

    fn refuse(&mut self, refusal: Refusal) -> After {
        log::debug!("{}: {} {}", self.peer, refusal.status, refusal.why);
        let text = format!("{} {}: {}\n", refusal.status, reason(refusal.status), refusal.why);
        let response = Response::new(refusal.status).text(text);
        let sent = self.send(response, false, true, false);
        if sent.is_ok() { After::Linger } else { After::Close }
    }

    fn answer(&mut self, parsed: Parsed) -> After {
        let Parsed { head, framing, keep_alive, expect_continue, .. } = parsed;
        let shared = Arc::clone(&self.shared);
        if !shared.doorman.admit(head.client, Some(&head)) {
            // Banned on a connection that was open before, or behind a proxy.
            let response = Response::new(403).text("blocked\n").close();
            let sent = self.send(response, head.method == Method::Head, head.version_1_1, false);
            return if sent.is_ok() { After::Linger } else { After::Close };
        }
        let pace = Pace::of(&shared.limits);
        let mut body = Body::new(
            &mut self.wire,
            Rest::of(framing),
            &head.headers,
            expect_continue,
            pace,
            &shared.budget,
        );
        let mut response = handle(&shared, &head, &mut body);
        let rest = body.into_rest();
        let handover = match &mut response.body {
            ResponseBody::Open(handover) if head.method != Method::Head => handover.take(),
            _ => None,
        };
        let keep = keep_alive
            && rest.is_small()
            && self.served < shared.limits.requests_per_connection_max
            && !shared.stopping();
        let sent = self.send(response, head.method == Method::Head, head.version_1_1, keep);
        match (sent, handover) {
            (Err(_), _) => After::Close,
            (Ok(_), Some(_)) if shared.stopping() => After::Close,
            (Ok(_), Some(handover)) => After::HandOver(handover),
            (Ok(true), None) if rest.is_empty() => After::Next,
            (Ok(true), None) => {
                let mut body =
                    Body::new(&mut self.wire, rest, &head.headers, false, pace, &shared.budget);
                if body.drain() { After::Next } else { After::Linger }
            }
            (Ok(false), None) => After::Linger,
        }
    }

    fn send(
        &mut self,
        response: Response,
        head_only: bool,
        version_1_1: bool,
        keep: bool,
    ) -> io::Result<bool> {
        let limits = &self.shared.limits;
        let stream = &mut *self.wire.stream;
        let mut out = PatientWriter::new(stream, limits.write_deadline, limits.body_rate_min);
        send(&mut out, response, Manner { head_only, version_1_1, keep })
    }
}

/// A stream whose waits are known to the registry.
struct Watched {
    stream: Box<dyn Stream>,
    slot: Arc<Slot>,
}

impl Stream for Watched {
    fn read(&mut self, buffer: &mut [u8], timeout: Duration) -> io::Result<usize> {
        self.slot.waiting(|| self.stream.read(buffer, timeout))
    }

    fn write(&mut self, bytes: &[u8], timeout: Duration) -> io::Result<usize> {
        self.slot.waiting(|| self.stream.write(bytes, timeout))
    }

    fn finish(&mut self) {
        self.stream.finish();
    }

    fn secure(&self) -> bool {
        self.stream.secure()
    }

    fn holds_back(&self) -> bool {
        self.stream.holds_back()
    }
}

/// Waits for the first byte of a connection and leaves it where it is; false when none comes.
fn first_byte(socket: &TcpStream, time: Duration) -> bool {
    let waited = socket.set_read_timeout(Some(time)).and_then(|()| retry(|| socket.peek(&mut [0])));
    waited.is_ok_and(|count| count > 0)
}

/// Calls the handler; a panic in it is an answer too, with an id to find it in the log.
fn handle(shared: &Shared, head: &Head, body: &mut Body<'_>) -> Response {
    let result = catch_unwind(AssertUnwindSafe(|| shared.handler.handle(head, body)));
    result.unwrap_or_else(|panic| {
        let id = random::token(6);
        log::error!(
            "panic {id} in {} {}: {}",
            quoted(head.method.as_str()),
            quoted(&head.path),
            quoted(panic_text(&*panic))
        );
        Response::new(500).text(format!("Something broke. Reference: {id}\n")).close()
    })
}

fn panic_text(panic: &(dyn Any + Send)) -> &str {
    panic
        .downcast_ref::<&str>()
        .copied()
        .or_else(|| panic.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("unknown")
}
