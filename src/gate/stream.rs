//! The bytes of one connection with a time limit on every step. TLS is another [`Stream`], see
//! `tls`; nothing above this file names a socket.

use std::io::{self, Read as _, Write as _};
use std::net::{Shutdown, TcpStream};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Shortest timeout handed to the system: zero would mean "for ever" or be refused.
pub(crate) const TIMEOUT_MIN: Duration = Duration::from_millis(1);
/// Read in the first step of a request; most heads fit.
const FIRST_BYTES: usize = 1024;
/// Room for a request head to begin with.
const BUFFER_BYTES: usize = 2 * 1024;

/// A byte stream whose reads and writes end in time.
pub(crate) trait Stream: Send {
    /// Reads into `buffer`; 0 at the end of the stream, `WouldBlock` or `TimedOut` after `timeout`.
    fn read(&mut self, buffer: &mut [u8], timeout: Duration) -> io::Result<usize>;
    /// Writes some of `bytes`; `WouldBlock` or `TimedOut` when none went out within `timeout`.
    fn write(&mut self, bytes: &[u8], timeout: Duration) -> io::Result<usize>;
    /// Says that nothing more will be written; reading goes on.
    fn finish(&mut self);
    /// Whether the stream is encrypted.
    fn secure(&self) -> bool;
    /// Whether bytes that `write` took wait in the stream itself, as half a TLS record may on a
    /// socket that does not block. Writing nothing moves them on, or fails with `WouldBlock`.
    fn holds_back(&self) -> bool {
        false
    }
}

/// A plain TCP connection. The socket is shared with the registry, which shuts it down at stop.
pub(crate) struct Plain(pub(crate) Arc<TcpStream>);

impl Stream for Plain {
    fn read(&mut self, buffer: &mut [u8], timeout: Duration) -> io::Result<usize> {
        self.0.set_read_timeout(Some(timeout.max(TIMEOUT_MIN)))?;
        retry(|| (&*self.0).read(buffer))
    }

    fn write(&mut self, bytes: &[u8], timeout: Duration) -> io::Result<usize> {
        self.0.set_write_timeout(Some(timeout.max(TIMEOUT_MIN)))?;
        retry(|| (&*self.0).write(bytes))
    }

    fn finish(&mut self) {
        // It may be gone already, which is as good.
        let _ = self.0.shutdown(Shutdown::Write);
    }

    fn secure(&self) -> bool {
        false
    }
}

/// Repeats `step` while signals interrupt it.
pub(crate) fn retry(mut step: impl FnMut() -> io::Result<usize>) -> io::Result<usize> {
    loop {
        match step() {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            result => return result,
        }
    }
}

/// Whether `error` says that time ran out.
pub(crate) fn is_timeout(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut)
}

/// A stream with the bytes that were read ahead.
pub(crate) struct Wire {
    pub(crate) stream: Box<dyn Stream>,
    buffer: Vec<u8>,
    taken: usize,
}

impl Wire {
    pub(crate) fn new(stream: Box<dyn Stream>) -> Self {
        Self { stream, buffer: Vec::new(), taken: 0 }
    }

    /// Bytes read but not used yet.
    pub(crate) fn buffered(&self) -> &[u8] {
        self.buffer.get(self.taken..).unwrap_or_default()
    }

    /// Marks `count` buffered bytes as used.
    pub(crate) fn consume(&mut self, count: usize) {
        self.taken = self.taken.saturating_add(count).min(self.buffer.len());
    }

    /// Reads more bytes behind the buffered ones; 0 at the end of the stream.
    pub(crate) fn fill(&mut self, timeout: Duration) -> io::Result<usize> {
        self.buffer.drain(..self.taken);
        self.taken = 0;
        let have = self.buffer.len();
        if self.buffer.capacity() - have < BUFFER_BYTES / 4 {
            self.buffer.reserve_exact(have.max(BUFFER_BYTES));
        }
        self.buffer.resize(self.buffer.capacity(), 0);
        let room = self.buffer.get_mut(have..).unwrap_or_default();
        let result = self.stream.read(room, timeout);
        self.buffer.truncate(have + result.as_ref().copied().unwrap_or(0));
        result
    }

    /// Reads into `out`, buffered bytes first.
    pub(crate) fn read(&mut self, out: &mut [u8], timeout: Duration) -> io::Result<usize> {
        let buffered = self.buffered();
        if buffered.is_empty() {
            return self.stream.read(out, timeout);
        }
        let count = buffered.len().min(out.len());
        if let (Some(out), Some(buffered)) = (out.get_mut(..count), buffered.get(..count)) {
            out.copy_from_slice(buffered);
        }
        self.consume(count);
        Ok(count)
    }

    /// Waits for the first bytes of a request without holding a buffer meanwhile; 0 at the end of
    /// the stream. Nothing may be buffered.
    pub(crate) fn wait(&mut self, timeout: Duration) -> io::Result<usize> {
        self.buffer = Vec::new();
        self.taken = 0;
        let mut first = [0; FIRST_BYTES];
        let count = self.stream.read(&mut first, timeout)?;
        self.buffer.reserve_exact(BUFFER_BYTES);
        self.buffer.extend_from_slice(first.get(..count).unwrap_or_default());
        Ok(count)
    }

    /// Reads and forgets until the client closes or `time` is over, so that it sees the last answer
    /// instead of a reset.
    pub(crate) fn linger(&mut self, time: Duration) {
        self.stream.finish();
        let start = Instant::now();
        // On the heap: a large stack frame would cost every idle connection a page.
        let mut waste = vec![0; 4096];
        while let Some(left) = time.checked_sub(start.elapsed()).filter(|left| !left.is_zero()) {
            match self.stream.read(&mut waste, left) {
                Ok(0) | Err(_) => return,
                Ok(_) => {}
            }
        }
    }
}

/// Writes with patience that is used up by waiting and won back by progress, so that a reader who
/// takes a byte now and then does not hold a thread for ever. Time the producer needs is not counted.
pub(crate) struct PatientWriter<'a> {
    stream: &'a mut dyn Stream,
    patience_max: Duration,
    patience: Duration,
    rate_min: u64,
}

impl<'a> PatientWriter<'a> {
    /// A writer that waits `patience` without progress; `rate_min` bytes win a second back.
    pub(crate) fn new(stream: &'a mut dyn Stream, patience: Duration, rate_min: u64) -> Self {
        Self { stream, patience_max: patience, patience, rate_min: rate_min.max(1) }
    }
}

impl io::Write for PatientWriter<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let start = Instant::now();
        let count = self.stream.write(bytes, self.patience)?;
        let won = Duration::from_millis(
            (count as u64).saturating_mul(1000).checked_div(self.rate_min).unwrap_or(0),
        );
        // Won before lost: one long write of much data is no fault.
        let left = self.patience.saturating_add(won).checked_sub(start.elapsed());
        let Some(left) = left.filter(|left| !left.is_zero()) else {
            return Err(io::ErrorKind::TimedOut.into());
        };
        self.patience = left.min(self.patience_max);
        Ok(count)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::io::{self, Write as _};
    use std::thread;
    use std::time::Duration;

    use super::{PatientWriter, Stream};

    /// Takes so many bytes every 20 ms.
    struct Sipper(usize);

    impl Stream for Sipper {
        fn read(&mut self, _: &mut [u8], _: Duration) -> io::Result<usize> {
            Ok(0)
        }

        fn write(&mut self, bytes: &[u8], _: Duration) -> io::Result<usize> {
            thread::sleep(Duration::from_millis(20));
            Ok(bytes.len().min(self.0))
        }

        fn finish(&mut self) {}

        fn secure(&self) -> bool {
            false
        }
    }

    #[test]
    fn patience_ends_with_a_reader_who_sips() {
        let check = |sip: usize, expected: bool| {
            let mut stream = Sipper(sip);
            let mut out = PatientWriter::new(&mut stream, Duration::from_millis(300), 100);
            assert_eq!(out.write_all(&vec![0; sip * 40]).is_ok(), expected, "{sip}");
        };
        check(1, false);
        check(1000, true);
    }
}
