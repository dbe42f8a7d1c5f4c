//! Connections for protocols that are not HTTP: connected, secured, written and read against one
//! deadline, so that a peer that trickles costs no more than one that is silent.

use std::io::{Read, Write};
use std::net::{TcpStream, ToSocketAddrs as _};
use std::time::{Duration, Instant};

use rustls::pki_types::ServerName;

use super::tls::Trust;

/// A connection with a deadline, which may be moved.
pub struct Connection(Stream);

enum Stream {
    Plain(Timed),
    Tls(Box<rustls::StreamOwned<rustls::ClientConnection, Timed>>),
}

/// A socket that gives up at a moment.
struct Timed {
    stream: TcpStream,
    until: Instant,
}

impl Connection {
    /// Connects to `host`; all that follows is over within `patience`, until the deadline is moved.
    ///
    /// # Errors
    /// A clause that names DNS or the connection.
    pub fn open(host: &str, port: u16, patience: Duration) -> Result<Self, String> {
        let until = Instant::now() + patience;
        let unknown = || format!("DNS: {host} has no address");
        let addresses = (host, port).to_socket_addrs().map_err(|_| unknown())?;
        let mut last = unknown();
        for address in addresses {
            let rest = until.saturating_duration_since(Instant::now());
            if rest.is_zero() {
                break;
            }
            match TcpStream::connect_timeout(&address, rest) {
                Ok(stream) => {
                    let _ = stream.set_nodelay(true);
                    return Ok(Self(Stream::Plain(Timed { stream, until })));
                }
                Err(error) => last = format!("connection to {host} port {port}: {error}"),
            }
        }
        Err(last)
    }

    /// Speaks TLS from here on with `host`, which has to be whom `trust` says.
    ///
    /// # Errors
    /// A clause that names TLS.
    pub fn secured(self, host: &str, trust: Trust<'_>) -> Result<Self, String> {
        let Self(Stream::Plain(timed)) = self else { return Ok(self) };
        let failed = |error: &dyn std::fmt::Display| format!("TLS with {host}: {error}");
        let name = ServerName::try_from(host.to_owned())
            .map_err(|_| failed(&"that is no name for a certificate"))?;
        let config = trust.config().map_err(|error| failed(&error))?;
        let client = rustls::ClientConnection::new(config, name).map_err(|error| failed(&error))?;
        let mut stream = rustls::StreamOwned::new(client, timed);
        while stream.conn.is_handshaking() {
            stream.conn.complete_io(&mut stream.sock).map_err(|error| failed(&error))?;
        }
        Ok(Self(Stream::Tls(Box::new(stream))))
    }

    /// What follows is over within `patience`.
    pub fn within(&mut self, patience: Duration) {
        let timed = match &mut self.0 {
            Stream::Plain(timed) => timed,
            Stream::Tls(stream) => &mut stream.sock,
        };
        timed.until = Instant::now() + patience;
    }

    /// Whether it is encrypted.
    pub const fn is_secured(&self) -> bool {
        matches!(self.0, Stream::Tls(_))
    }
}

impl Timed {
    fn rest(&self) -> std::io::Result<Duration> {
        let rest = self.until.saturating_duration_since(Instant::now());
        if rest.is_zero() { Err(late()) } else { Ok(rest) }
    }
}

fn late() -> std::io::Error {
    std::io::Error::new(std::io::ErrorKind::TimedOut, "no answer in time")
}

/// A socket's own timeout is told as "would block"; people call it what it is.
fn named(error: std::io::Error) -> std::io::Error {
    if error.kind() == std::io::ErrorKind::WouldBlock { late() } else { error }
}

impl Read for Timed {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        self.stream.set_read_timeout(Some(self.rest()?))?;
        self.stream.read(buffer).map_err(named)
    }
}

impl Write for Timed {
    fn write(&mut self, buffer: &[u8]) -> std::io::Result<usize> {
        self.stream.set_write_timeout(Some(self.rest()?))?;
        self.stream.write(buffer).map_err(named)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        self.stream.flush()
    }
}

impl Read for Connection {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        match &mut self.0 {
            Stream::Plain(timed) => timed.read(buffer),
            Stream::Tls(stream) => stream.read(buffer),
        }
    }
}

impl Write for Connection {
    fn write(&mut self, buffer: &[u8]) -> std::io::Result<usize> {
        match &mut self.0 {
            Stream::Plain(timed) => timed.write(buffer),
            Stream::Tls(stream) => stream.write(buffer),
        }
    }

    fn flush(&mut self) -> std::io::Result<()> {
        match &mut self.0 {
            Stream::Plain(timed) => timed.flush(),
            Stream::Tls(stream) => stream.flush(),
        }
    }
}
