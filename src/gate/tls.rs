//! TLS on the same port as plain HTTP: the first byte of a connection tells which it is. Holds the
//! certificate that is presented, which may change while the gate runs; where certificates come
//! from is not its business.

use std::io::{self, Read as _, Write as _};
use std::net::{Shutdown, TcpStream};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::{Duration, Instant};

use rustls::crypto::ring;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::{ClientHello, ResolvesServerCert, ServerSessionMemoryCache};
use rustls::sign::CertifiedKey;
use rustls::{ServerConfig, ServerConnection};

use crate::base::limits;
use crate::gate::stream::{Plain, Stream, TIMEOUT_MIN, is_timeout, retry};

/// First byte of a TLS handshake record. No method of HTTP begins with it.
const HANDSHAKE: u8 = 0x16;

/// What the gate needs to speak TLS; cheap to clone.
#[derive(Clone)]
pub struct Tls {
    config: Arc<ServerConfig>,
    presented: Arc<Presented>,
}

/// The certificate shown to every client, whatever name it asks for: the box has one.
#[derive(Debug)]
struct Presented(RwLock<Arc<CertifiedKey>>);

impl ResolvesServerCert for Presented {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(Arc::clone(&self.0.read().unwrap_or_else(PoisonError::into_inner)))
    }
}

impl Tls {
    /// TLS 1.2 and 1.3 with the certificates of `chain` and the private `key`, both PEM.
    ///
    /// # Errors
    /// When one of them cannot be used or they do not belong together.
    pub fn new(chain: &str, key: &str) -> Result<Self, rustls::Error> {
        let provider = Arc::new(ring::default_provider());
        let presented = Arc::new(Presented(RwLock::new(Arc::new(certified(chain, key)?))));
        let resolver: Arc<dyn ResolvesServerCert> = Arc::clone(&presented) as _;
        let mut config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()?
            .with_no_client_auth()
            .with_cert_resolver(resolver);
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        config.session_storage = ServerSessionMemoryCache::new(limits::TLS_SESSIONS_MAX);
        config.send_tls13_tickets = 1;
        Ok(Self { config: Arc::new(config), presented })
    }

    /// Presents another certificate to the connections that come from now on.
    ///
    /// # Errors
    /// As [`Self::new`]; the old one stays then.
    pub fn present(&self, chain: &str, key: &str) -> Result<(), rustls::Error> {
        let certified = Arc::new(certified(chain, key)?);
        *self.presented.0.write().unwrap_or_else(PoisonError::into_inner) = certified;
        Ok(())
    }

    /// Makes the stream of `socket`, whose first byte has come: encrypted when it begins a
    /// handshake, which then has to end within `patience`.
    pub(crate) fn greet(
        tls: Option<&Self>,
        socket: Arc<TcpStream>,
        patience: Duration,
    ) -> io::Result<Box<dyn Stream>> {
        let mut first = [0];
        retry(|| socket.peek(&mut first))?;
        match tls {
            Some(tls) if first == [HANDSHAKE] => {
                Ok(Box::new(Encrypted::accept(socket, Arc::clone(&tls.config), patience)?))
            }
            _ => Ok(Box::new(Plain(socket))),
        }
    }
}

fn certified(chain: &str, key: &str) -> Result<CertifiedKey, rustls::Error> {
    let unreadable = |what: &str| rustls::Error::General(format!("no {what} in PEM form"));
    let chain: Vec<CertificateDer<'static>> = CertificateDer::pem_slice_iter(chain.as_bytes())
        .collect::<Result<_, _>>()
        .map_err(|_| unreadable("certificate"))?;
    let key = PrivateKeyDer::from_pem_slice(key.as_bytes()).map_err(|_| unreadable("key"))?;
    CertifiedKey::from_der(chain, key, &ring::default_provider())
}

/// A TLS connection. Every wait ends at a deadline, also with a client that sends its records
/// byte by byte.
struct Encrypted {
    socket: Arc<TcpStream>,
    session: Box<ServerConnection>,
    finished: bool,
}

impl Encrypted {
    fn accept(
        socket: Arc<TcpStream>,
        config: Arc<ServerConfig>,
        patience: Duration,
    ) -> io::Result<Self> {
        let mut session = Box::new(ServerConnection::new(config).map_err(io::Error::other)?);
        session.set_buffer_limit(Some(limits::TLS_BUFFER_BYTES_MAX));
        let mut stream = Self { socket, session, finished: false };
        let deadline = Deadline::after(patience);
        while stream.session.is_handshaking() {
            stream.flush(deadline)?;
            if stream.session.is_handshaking() && stream.receive(deadline)? == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
        }
        stream.flush(deadline)?;
        Ok(stream)
    }

    /// Sends what waits to be sent.
    fn flush(&mut self, deadline: Deadline) -> io::Result<()> {
        while self.session.wants_write() {
            self.socket.set_write_timeout(Some(deadline.left()))?;
            if retry(|| self.session.write_tls(&mut &*self.socket))? == 0 {
                return Err(io::ErrorKind::WriteZero.into());
            }
            if self.session.wants_write() {
                deadline.check()?;
            }
        }
        Ok(())
    }

    /// Takes in what has come; 0 when the client will send no more.
    fn receive(&mut self, deadline: Deadline) -> io::Result<usize> {
        self.socket.set_read_timeout(Some(deadline.left()))?;
        let count = retry(|| self.session.read_tls(&mut &*self.socket))?;
        if let Err(error) = self.session.process_new_packets() {
            // The client is told why, if it still listens.
            let _ = self.flush(Deadline::after(TIMEOUT_MIN));
            return Err(io::Error::new(io::ErrorKind::InvalidData, error));
        }
        Ok(count)
    }
}

impl Stream for Encrypted {
    fn read(&mut self, buffer: &mut [u8], timeout: Duration) -> io::Result<usize> {
        let deadline = Deadline::after(timeout);
        loop {
            match self.session.reader().read(buffer) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                result => return result,
            }
            match self.flush(deadline) {
                // A client that takes nothing may still have something to say.
                Err(error) if is_timeout(&error) => {}
                flushed => flushed?,
            }
            self.receive(deadline)?;
            if self.session.wants_read() {
                deadline.check()?;
            }
        }
    }

    fn write(&mut self, bytes: &[u8], timeout: Duration) -> io::Result<usize> {
        let deadline = Deadline::after(timeout);
        self.flush(deadline)?;
        let count = self.session.writer().write(bytes)?;
        match self.flush(deadline) {
            // It is ours now, and leaves with the next call.
            Err(error) if is_timeout(&error) => Ok(count),
            result => result.map(|()| count),
        }
    }

    fn finish(&mut self) {
        self.finished = true;
        self.session.send_close_notify();
        // It may be gone already, which is as good.
        let _ = self.flush(Deadline::after(limits::TLS_CLOSE_DEADLINE));
        let _ = self.socket.shutdown(Shutdown::Write);
    }

    fn secure(&self) -> bool {
        true
    }

    fn holds_back(&self) -> bool {
        self.session.wants_write()
    }
}

impl Drop for Encrypted {
    fn drop(&mut self) {
        if self.finished || self.session.is_handshaking() {
            return;
        }
        // So that the client knows that nothing was cut off. It is not waited for.
        self.session.send_close_notify();
        if self.socket.set_nonblocking(true).is_ok() {
            let _ = self.session.write_tls(&mut &*self.socket);
        }
    }
}

/// When a step has to be over.
#[derive(Clone, Copy)]
struct Deadline {
    start: Instant,
    time: Duration,
}

impl Deadline {
    fn after(time: Duration) -> Self {
        Self { start: Instant::now(), time }
    }

    /// Time that is left, never zero: whoever comes late still gets one try.
    fn left(self) -> Duration {
        self.time.saturating_sub(self.start.elapsed()).max(TIMEOUT_MIN)
    }

    fn check(self) -> io::Result<()> {
        if self.start.elapsed() < self.time { Ok(()) } else { Err(io::ErrorKind::TimedOut.into()) }
    }
}
