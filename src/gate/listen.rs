//! Listening sockets and the descriptor limit: what must be right before the first accept.

use std::io;
use std::net::{SocketAddr, TcpListener, ToSocketAddrs as _};

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use socket2::{Domain, Protocol, Socket, Type};

use crate::base::limits;

/// Listens on `addr` (`host:port`; port 0 picks a free one). `[::]:port` listens on IPv4 as well
/// where the system allows it.
pub fn bind(addr: &str) -> io::Result<TcpListener> {
    let mut last = io::Error::new(io::ErrorKind::InvalidInput, "address names no interface");
    for address in addr.to_socket_addrs()? {
        match bind_to(address) {
            Ok(listener) => return Ok(listener),
            Err(error) => last = error,
        }
    }
    Err(last)
}

fn bind_to(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
    // A restart must not wait for the kernel to forget old connections.
    socket.set_reuse_address(true)?;
    if address.is_ipv6() {
        socket.set_only_v6(!address.ip().is_unspecified())?;
    }
    socket.bind(&address.into())?;
    socket.listen(limits::LISTEN_BACKLOG)?;
    Ok(socket.into())
}

/// Raises the soft limit of open descriptors to the hard one; the default soft limit of 1024 is
/// meant for programs that use `select`.
pub(crate) fn raise_descriptor_limit() {
    let limit = getrlimit(Resource::Nofile);
    if limit.current == limit.maximum {
        return;
    }
    let raised = Rlimit { current: limit.maximum, maximum: limit.maximum };
    if let Err(error) = setrlimit(Resource::Nofile, raised) {
        log::warn!("the descriptor limit stays at {:?}: {error}", limit.current);
    }
}

#[cfg(test)]
mod tests {
    use super::bind;

    #[test]
    fn picks_a_port_and_refuses_nonsense() {
        assert_ne!(bind("127.0.0.1:0").unwrap().local_addr().unwrap().port(), 0);
        for addr in ["", "127.0.0.1", "127.0.0.1:99999", "127.0.0.1:x", "192.0.2.1:0"] {
            assert!(bind(addr).is_err(), "{addr}");
        }
    }

    #[test]
    fn the_ipv6_wildcard_takes_ipv4_too() {
        // A machine without IPv6 has nothing to show here.
        let Ok(listener) = bind("[::]:0") else { return };
        let port = listener.local_addr().unwrap().port();
        let client = std::net::TcpStream::connect(("127.0.0.1", port)).unwrap();
        let (_, peer) = listener.accept().unwrap();
        assert_eq!(peer.ip().to_canonical(), client.local_addr().unwrap().ip());
    }

    #[test]
    fn a_taken_port_is_an_error() {
        let first = bind("127.0.0.1:0").unwrap();
        assert!(bind(&first.local_addr().unwrap().to_string()).is_err());
    }
}
