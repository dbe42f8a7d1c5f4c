//! Whose request it is: the other end of the connection, or, behind a proxy we were told to
//! trust, the nearest address in its header that is no such proxy. What anybody else writes into
//! such a header counts for nothing.

use std::net::IpAddr;

use crate::base::network::Network;
use crate::gate::request::Headers;

/// Most entries of a proxy header that are looked at, from the right.
const HOPS_MAX: usize = 16;

/// The client behind `peer`. `header` is the proxies' header (`X-Forwarded-For`, `X-Real-IP` or
/// `Forwarded`), `""` for none.
pub fn client(peer: IpAddr, headers: &Headers, header: &str, trusted: &[Network]) -> IpAddr {
    let is_trusted = |address: IpAddr| trusted.iter().any(|network| network.contains(address));
    let peer = peer.to_canonical();
    if header.is_empty() || !is_trusted(peer) {
        return peer;
    }
    let lines: Vec<&str> = headers.all(header).collect();
    let hops = lines.iter().rev().flat_map(|line| line.rsplit(','));
    let mut client = peer;
    for hop in hops.take(HOPS_MAX) {
        // Behind an entry that is no address nothing can be believed.
        let Some(address) = parse(hop) else { return client };
        client = address.to_canonical();
        if !is_trusted(client) {
            return client;
        }
    }
    client
}

/// `192.0.2.1`, `192.0.2.1:80`, `2001:db8::1`, `[2001:db8::1]:80`, and the same as `for=` of a
/// `Forwarded` header (RFC 7239).
fn parse(hop: &str) -> Option<IpAddr> {
    let mut hop = hop.trim();
    if let Some(node) = hop.split(';').find_map(|pair| {
        let (name, value) = pair.trim().split_once('=')?;
        name.eq_ignore_ascii_case("for").then_some(value)
    }) {
        hop = node.trim();
    }
    let hop = hop.strip_prefix('"').and_then(|hop| hop.strip_suffix('"')).unwrap_or(hop);
    if let Ok(address) = hop.parse() {
        return Some(address);
    }
    if let Some((inner, _)) = hop.strip_prefix('[').and_then(|hop| hop.split_once(']')) {
        return inner.parse().ok().map(IpAddr::V6);
    }
    hop.split_once(':').and_then(|(host, _)| host.parse().ok()).map(IpAddr::V4)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ask(peer: &str, header: &str, lines: &[&str]) -> String {
        let trusted = [Network::parse("127.0.0.1").unwrap(), Network::parse("10.0.0.0/8").unwrap()];
        let headers = Headers::from_pairs(lines.iter().map(|line| ("X-Forwarded-For", *line)));
        client(peer.parse().unwrap(), &headers, header, &trusted).to_string()
    }

    #[test]
    fn only_trusted_proxies_are_believed() {
        let header = "x-forwarded-for";
        for (peer, lines, expected) in [
            ("127.0.0.1", &["203.0.113.7"][..], "203.0.113.7"),
            ("::ffff:127.0.0.1", &["203.0.113.7"], "203.0.113.7"),
            // A stranger writes what it likes.
            ("198.51.100.1", &["203.0.113.7"], "198.51.100.1"),
            ("198.51.100.1", &["127.0.0.1"], "198.51.100.1"),
            // The rightmost that is no proxy of ours: what stands left of it is its own claim.
            ("127.0.0.1", &["1.1.1.1, 203.0.113.7, 10.0.0.3"], "203.0.113.7"),
            ("127.0.0.1", &["1.1.1.1", "203.0.113.7", "10.0.0.3"], "203.0.113.7"),
            ("127.0.0.1", &["127.0.0.1, 203.0.113.7"], "203.0.113.7"),
            ("127.0.0.1", &["10.0.0.9, 10.0.0.3"], "10.0.0.9"),
            ("127.0.0.1", &["203.0.113.7, nonsense"], "127.0.0.1"),
            ("127.0.0.1", &["203.0.113.7, , 10.0.0.3"], "10.0.0.3"),
            ("127.0.0.1", &[""], "127.0.0.1"),
            ("127.0.0.1", &[], "127.0.0.1"),
            ("127.0.0.1", &["203.0.113.7:4711"], "203.0.113.7"),
            ("127.0.0.1", &["[2001:db8::7]:80"], "2001:db8::7"),
            ("127.0.0.1", &["2001:db8::7"], "2001:db8::7"),
            ("127.0.0.1", &["for=\"[2001:db8::7]\";proto=http"], "2001:db8::7"),
            ("127.0.0.1", &["for=unknown"], "127.0.0.1"),
        ] {
            assert_eq!(ask(peer, header, lines), expected, "{peer} {lines:?}");
        }
        assert_eq!(ask("127.0.0.1", "", &["203.0.113.7"]), "127.0.0.1");
        let long = vec!["10.0.0.3"; 40].join(", ");
        assert_eq!(ask("127.0.0.1", header, &[&format!("203.0.113.7, {long}")]), "10.0.0.3");
    }
}
