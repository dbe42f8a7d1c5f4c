//! The request body: framing, pace, content coding and memory, read by the handler when it wants
//! it and as far as it allows. Knows no meaning of the bytes.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use flate2::{Decompress, FlushDecompress, Status};

use crate::base::limits;
use crate::gate::chunked::ChunkDecoder;
use crate::gate::head::Framing;
use crate::gate::request::Headers;
use crate::gate::server::GateLimits;
use crate::gate::stream::{Wire, is_timeout};

/// Most bytes read in one step.
const STEP_BYTES: usize = 64 * 1024;
const CONTINUE: &[u8] = b"HTTP/1.1 100 Continue\r\n\r\n";

/// Why a body could not be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum BodyError {
    /// Larger than the caller allows, as sent or decompressed: 413.
    TooLarge,
    /// The client sends too slowly: 408.
    TooSlow,
    /// Broken chunks or broken compression: 400.
    Malformed,
    /// The client went away; nobody will read the answer.
    Disconnected,
    /// Other bodies hold the memory right now: 503 with Retry-After.
    Busy,
    /// A Content-Encoding other than gzip, deflate or identity: 415.
    UnsupportedEncoding,
}

/// Memory shared by all bodies that are being read.
#[derive(Debug)]
pub(crate) struct Budget {
    used: AtomicUsize,
    max: usize,
}

impl Budget {
    pub(crate) fn new(max: u64) -> Arc<Self> {
        let max = usize::try_from(max).unwrap_or(usize::MAX);
        Arc::new(Self { used: AtomicUsize::new(0), max })
    }

    fn take(&self, bytes: usize) -> bool {
        let add = |used: usize| used.checked_add(bytes).filter(|sum| *sum <= self.max);
        self.used.fetch_update(Ordering::SeqCst, Ordering::SeqCst, add).is_ok()
    }

    /// Bytes held at this moment.
    pub(crate) fn used(&self) -> usize {
        self.used.load(Ordering::SeqCst)
    }
}

/// What one body holds of the budget; given back on drop.
struct Hold {
    budget: Arc<Budget>,
    bytes: usize,
}

impl Hold {
    /// Raises the hold to `total` bytes. Small bodies are free, so that a full budget never stops
    /// sign-in or an ordinary read.
    fn raise(&mut self, total: usize) -> Result<(), BodyError> {
        let more = total.saturating_sub(self.bytes);
        if total <= limits::BODY_SMALL_BYTES || more == 0 {
            return Ok(());
        }
        if !self.budget.take(more) {
            return Err(BodyError::Busy);
        }
        self.bytes = total;
        Ok(())
    }
}

impl Drop for Hold {
    fn drop(&mut self) {
        self.budget.used.fetch_sub(self.bytes, Ordering::SeqCst);
    }
}

/// What of a body is still on the wire.
#[derive(Debug)]
pub(crate) enum Rest {
    Length(u64),
    Chunked(ChunkDecoder),
    /// The stream cannot be trusted any more.
    Broken,
}

impl Rest {
    pub(crate) fn of(framing: Framing) -> Self {
        match framing {
            Framing::Length(length) => Self::Length(length),
            Framing::Chunked => Self::Chunked(ChunkDecoder::default()),
        }
    }

    /// Whether the body has been read to its end.
    pub(crate) fn is_empty(&self) -> bool {
        match self {
            Self::Length(left) => *left == 0,
            Self::Chunked(decoder) => decoder.is_finished(),
            Self::Broken => false,
        }
    }

    /// Whether it is worth reading the rest to keep the connection.
    pub(crate) fn is_small(&self) -> bool {
        match self {
            Self::Length(left) => *left <= limits::BODY_SMALL_BYTES as u64,
            Self::Chunked(_) => true,
            Self::Broken => false,
        }
    }
}

#[derive(Clone, Copy)]
enum Coding {
    Identity,
    Gzip,
    Deflate,
    Unknown,
}

/// How long a body may take.
#[derive(Clone, Copy)]
pub(crate) struct Pace {
    deadline: Duration,
    rate_min: u64,
    grace: Duration,
}

impl Pace {
    pub(crate) fn of(limits: &GateLimits) -> Self {
        Self {
            deadline: limits.body_deadline,
            rate_min: limits.body_rate_min,
            grace: limits.body_rate_grace,
        }
    }
}

enum Source<'a> {
    Wire(&'a mut Wire),
    Memory(Vec<u8>),
}

/// The body of one request, not read yet.
pub struct Body<'a> {
    source: Source<'a>,
    rest: Rest,
    coding: Coding,
    expect_continue: bool,
    pace: Pace,
    started: Option<Instant>,
    received: u64,
    hold: Hold,
}

impl<'a> Body<'a> {
    pub(crate) fn new(
        wire: &'a mut Wire,
        rest: Rest,
        headers: &Headers,
        expect_continue: bool,
        pace: Pace,
        budget: &Arc<Budget>,
    ) -> Self {
        Self {
            source: Source::Wire(wire),
            rest,
            coding: coding(headers),
            expect_continue,
            pace,
            started: None,
            received: 0,
            hold: Hold { budget: Arc::clone(budget), bytes: 0 },
        }
    }

    /// A body that is already in memory, with the coding `headers` announce; for tests and fuzzers
    /// of handlers.
    pub fn from_bytes(bytes: Vec<u8>, headers: &Headers) -> Body<'static> {
        let deadline = limits::BODY_DEADLINE;
        Body {
            rest: Rest::Length(bytes.len() as u64),
            source: Source::Memory(bytes),
            coding: coding(headers),
            expect_continue: false,
            pace: Pace { deadline, rate_min: 0, grace: deadline },
            started: None,
            received: 0,
            hold: Hold { budget: Budget::new(limits::BODIES_MEMORY_MAX), bytes: 0 },
        }
    }

    /// Bytes still to come as far as the client said; `None` for a chunked body. Compressed bodies
    /// are counted as sent.
    pub fn length_hint(&self) -> Option<u64> {
        match &self.rest {
            Rest::Length(left) => Some(*left),
            Rest::Chunked(_) | Rest::Broken => None,
        }
    }

    /// The whole body, decompressed, at most `max` bytes both as sent and decompressed. What is
    /// announced as larger is refused before a byte is read; reading twice gives an empty body.
    pub fn read_all(&mut self, max: u64) -> Result<Vec<u8>, BodyError> {
        if self.rest.is_empty() {
            return Ok(Vec::new());
        }
        if self.length_hint().is_some_and(|length| length > max) {
            return Err(BodyError::TooLarge);
        }
        let result = match self.coding {
            Coding::Identity => self.read_plain(max),
            Coding::Gzip => self.read_packed(Decompress::new_gzip(15), max),
            Coding::Deflate => self.read_packed(Decompress::new(true), max),
            Coding::Unknown => return Err(BodyError::UnsupportedEncoding),
        };
        // Half a body read: what follows is not worth reading to keep the connection.
        result.map_err(|error| self.broken(error))
    }

    /// Reads and forgets up to [`limits::BODY_SMALL_BYTES`]; whether the end was reached.
    pub(crate) fn drain(&mut self) -> bool {
        self.pace = Pace { deadline: limits::LINGER, rate_min: 0, grace: limits::LINGER };
        let mut waste = vec![0; 4096];
        let mut total = 0;
        while total <= limits::BODY_SMALL_BYTES {
            match self.raw(&mut waste) {
                Ok(0) => return true,
                Ok(count) => total += count,
                Err(_) => return false,
            }
        }
        false
    }

    /// What is left on the wire. A client that still waits for `100 Continue` may or may not send
    /// its body, so nothing after it can be understood.
    pub(crate) fn into_rest(self) -> Rest {
        if self.expect_continue && !self.rest.is_empty() { Rest::Broken } else { self.rest }
    }

    fn read_plain(&mut self, max: u64) -> Result<Vec<u8>, BodyError> {
        let mut out = Vec::new();
        loop {
            let start = self.make_room(&mut out, max)?;
            let result = self.raw(out.get_mut(start..).unwrap_or_default());
            out.truncate(start + result.unwrap_or(0));
            if result? == 0 {
                return Ok(out);
            }
            if out.len() as u64 > max {
                return Err(BodyError::TooLarge);
            }
        }
    }

    fn read_packed(&mut self, mut inflate: Decompress, max: u64) -> Result<Vec<u8>, BodyError> {
        let mut out = Vec::new();
        let mut packed = vec![0; STEP_BYTES / 2];
        let (mut at, mut end) = (0, 0);
        let mut output_pending = false;
        loop {
            if at == end && !output_pending {
                (at, end) = (0, self.raw(&mut packed)?);
                if end == 0 {
                    return Err(self.broken(BodyError::Malformed));
                }
                if self.received > max {
                    return Err(BodyError::TooLarge);
                }
            }
            let start = self.make_room(&mut out, max)?;
            let input = packed.get(at..end).unwrap_or_default();
            let room = out.get_mut(start..).unwrap_or_default();
            let (total_in, total_out, room_bytes) =
                (inflate.total_in(), inflate.total_out(), room.len());
            let status = inflate.decompress(input, room, FlushDecompress::None);
            let used = (inflate.total_in() - total_in) as usize;
            let made = (inflate.total_out() - total_out) as usize;
            out.truncate(start + made);
            if out.len() as u64 > max {
                return Err(BodyError::TooLarge);
            }
            let stuck = used == 0 && made == 0 && at < end;
            at += used;
            output_pending = made == room_bytes;
            match status {
                // What follows the compressed data was not meant for us.
                Ok(Status::StreamEnd) if at < end || self.raw(&mut [0])? != 0 => {
                    return Err(BodyError::Malformed);
                }
                Ok(Status::StreamEnd) => return Ok(out),
                Ok(_) if !stuck => {}
                _ => return Err(BodyError::Malformed),
            }
        }
    }

    /// Lengthens `out` by some zeroes to read over and says where they start. Memory follows what
    /// has arrived, not what was announced, and is counted before it is taken.
    fn make_room(&mut self, out: &mut Vec<u8>, max: u64) -> Result<usize, BodyError> {
        let start = out.len();
        if start == out.capacity() {
            // One byte beyond the bound shows that the body is too large.
            let most = usize::try_from(max).unwrap_or(usize::MAX - 1).saturating_add(1);
            let wanted = match (&self.rest, self.coding) {
                (Rest::Length(left), Coding::Identity) => {
                    usize::try_from(*left).unwrap_or(usize::MAX).saturating_add(start).max(1)
                }
                _ => most,
            };
            let doubled = start.saturating_mul(2).max(limits::BODY_SMALL_BYTES);
            let capacity = doubled.min(wanted).min(most).max(start + 1);
            self.hold.raise(capacity)?;
            out.reserve_exact(capacity - start);
        }
        out.resize(out.capacity().min(start + STEP_BYTES), 0);
        Ok(start)
    }

    /// Reads body bytes as sent, without the framing; 0 at the end.
    fn raw(&mut self, out: &mut [u8]) -> Result<usize, BodyError> {
        let count = loop {
            let wire = match (&mut self.source, &mut self.rest) {
                (_, Rest::Broken) => return Err(BodyError::Disconnected),
                (Source::Memory(bytes), rest) => {
                    let count = bytes.len().min(out.len());
                    for (to, from) in out.iter_mut().zip(bytes.drain(..count)) {
                        *to = from;
                    }
                    *rest = Rest::Length(bytes.len() as u64);
                    break count;
                }
                (Source::Wire(wire), _) => wire,
            };
            match &mut self.rest {
                Rest::Length(0) => break 0,
                Rest::Length(left) if !wire.buffered().is_empty() => {
                    let want = usize::try_from(*left).unwrap_or(usize::MAX).min(out.len());
                    let out = out.get_mut(..want).unwrap_or_default();
                    let count = wire.read(out, Duration::ZERO).unwrap_or(0);
                    *left -= count as u64;
                    break count;
                }
                Rest::Chunked(decoder) => {
                    let Ok(progress) = decoder.decode(wire.buffered(), out) else {
                        return Err(self.broken(BodyError::Malformed));
                    };
                    wire.consume(progress.consumed);
                    if progress.produced > 0 || decoder.is_finished() {
                        break progress.produced;
                    }
                }
                Rest::Length(_) | Rest::Broken => {}
            }
            if let Some(count) = self.wait(out)? {
                break count;
            }
        };
        self.received += count as u64;
        Ok(count)
    }

    /// Waits for more bytes: of a plain body straight into `out`, of a chunked one into the
    /// wire's buffer.
    fn wait(&mut self, out: &mut [u8]) -> Result<Option<usize>, BodyError> {
        let timeout = self.time_left().ok_or(BodyError::TooSlow);
        let timeout = timeout.map_err(|error| self.broken(error))?;
        let Source::Wire(wire) = &mut self.source else { return Ok(Some(0)) };
        let mut result = Ok(());
        if std::mem::take(&mut self.expect_continue) {
            result = wire.stream.write(CONTINUE, timeout).and_then(|count| {
                if count == CONTINUE.len() { Ok(()) } else { Err(io::ErrorKind::WriteZero.into()) }
            });
        }
        let result = result.and_then(|()| match &mut self.rest {
            Rest::Length(left) => {
                let want = usize::try_from(*left).unwrap_or(usize::MAX).min(out.len());
                let count = wire.read(out.get_mut(..want).unwrap_or_default(), timeout)?;
                *left -= count as u64;
                Ok((count, Some(count)))
            }
            _ => Ok((wire.fill(timeout)?, None)),
        });
        match result {
            Ok((0, _)) => Err(self.broken(BodyError::Disconnected)),
            Ok((_, count)) => Ok(count),
            Err(error) if is_timeout(&error) => Err(self.broken(BodyError::TooSlow)),
            Err(_) => Err(self.broken(BodyError::Disconnected)),
        }
    }

    /// How long the next read may take: until the deadline or until the pace would fall below the
    /// least, whichever comes first.
    fn time_left(&mut self) -> Option<Duration> {
        let elapsed = self.started.get_or_insert_with(Instant::now).elapsed();
        let paced = self
            .received
            .saturating_mul(1000)
            .checked_div(self.pace.rate_min)
            .map_or(self.pace.deadline, Duration::from_millis)
            .max(self.pace.grace);
        let left = paced.min(self.pace.deadline).checked_sub(elapsed)?;
        (!left.is_zero()).then_some(left)
    }

    fn broken(&mut self, error: BodyError) -> BodyError {
        self.rest = Rest::Broken;
        error
    }
}

fn coding(headers: &Headers) -> Coding {
    let mut values = headers.all("content-encoding");
    match (values.next().map(str::to_ascii_lowercase).as_deref(), values.next()) {
        (None | Some("identity" | ""), None) => Coding::Identity,
        (Some("gzip" | "x-gzip"), None) => Coding::Gzip,
        (Some("deflate"), None) => Coding::Deflate,
        _ => Coding::Unknown,
    }
}
