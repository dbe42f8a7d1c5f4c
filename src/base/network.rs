//! Addresses and ranges of them (CIDR), and what counts as one stranger. Knows nobody by address.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// A range of addresses: those that begin with the same bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Network {
    address: IpAddr,
    bits: u8,
}

impl Network {
    /// The range of `bits` equal bits around `address`; bits beyond the address's own are ignored.
    pub fn new(address: IpAddr, bits: u8) -> Self {
        match address.to_canonical() {
            IpAddr::V4(v4) => {
                let bits = bits.min(32);
                let mask = u32::MAX.checked_shl(32 - u32::from(bits)).unwrap_or(0);
                let address = IpAddr::V4(Ipv4Addr::from_bits(v4.to_bits() & mask));
                Self { address, bits }
            }
            IpAddr::V6(v6) => {
                let bits = bits.min(128);
                let mask = u128::MAX.checked_shl(128 - u32::from(bits)).unwrap_or(0);
                let address = IpAddr::V6(Ipv6Addr::from_bits(v6.to_bits() & mask));
                Self { address, bits }
            }
        }
    }

    /// What one customer is given: an IPv4 address, a /64 of IPv6.
    pub fn of_customer(address: IpAddr) -> Self {
        match address.to_canonical() {
            v4 @ IpAddr::V4(_) => Self::new(v4, 32),
            v6 @ IpAddr::V6(_) => Self::new(v6, 64),
        }
    }

    /// Parses `192.0.2.7`, `192.0.2.0/24`, `2001:db8::/32`. A lone IPv6 address is that address
    /// only. `None` for anything else, also for a range with bits set behind its length.
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        let Some((address, bits)) = text.split_once('/') else {
            let address: IpAddr = text.parse().ok()?;
            return Some(Self::new(address, 128));
        };
        let (address, digits): (IpAddr, u8) = (address.parse().ok()?, bits.parse().ok()?);
        let longest = if address.is_ipv4() { 32 } else { 128 };
        let network = Self::new(address, digits);
        let plain = bits.bytes().all(|b| b.is_ascii_digit());
        (plain && digits <= longest && network.address == address).then_some(network)
    }

    /// Whether `address` is in it.
    pub fn contains(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        address.is_ipv4() == self.address.is_ipv4() && Self::new(address, self.bits) == *self
    }

    /// Whether `other` lies wholly in it.
    pub fn covers(&self, other: &Self) -> bool {
        self.bits <= other.bits && self.contains(other.address)
    }

    /// The first address of the range.
    pub const fn address(&self) -> IpAddr {
        self.address
    }

    /// How many bits its addresses share.
    pub const fn bits(&self) -> u8 {
        self.bits
    }

    /// Whether it is one customer's: an IPv4 address, or a /64 of IPv6 or less.
    pub fn is_host(&self) -> bool {
        self.bits >= if self.address.is_ipv4() { 32 } else { 64 }
    }
}

impl std::fmt::Display for Network {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let whole = if self.address.is_ipv4() { 32 } else { 128 };
        if self.bits == whole {
            self.address.fmt(f)
        } else {
            write!(f, "{}/{}", self.address, self.bits)
        }
    }
}

/// Whether `address` is the box itself.
pub fn is_loopback(address: IpAddr) -> bool {
    address.to_canonical().is_loopback()
}

/// Whether `address` belongs to a private or otherwise local network: nobody on the internet has
/// it (RFC 1918, RFC 4193, RFC 3927, RFC 6598).
pub fn is_private(address: IpAddr) -> bool {
    match address.to_canonical() {
        IpAddr::V4(v4) => {
            let [first, second, ..] = v4.octets();
            v4.is_private()
                || v4.is_link_local()
                || v4.is_loopback()
                || (first == 100 && (64..128).contains(&second))
        }
        IpAddr::V6(v6) => v6.is_loopback() || v6.is_unique_local() || v6.is_unicast_link_local(),
    }
}

/// Whether `address` is one that a stranger on the internet can have: neither private nor
/// reserved for documents, tests, groups or the future.
pub fn is_public(address: IpAddr) -> bool {
    if is_private(address) {
        return false;
    }
    match address.to_canonical() {
        IpAddr::V4(v4) => {
            let [first, second, third, _] = v4.octets();
            let reserved = first == 0
                || first >= 224
                || (first == 198 && (18..20).contains(&second))
                || (first == 192 && second == 0 && third == 0);
            !reserved && !v4.is_documentation()
        }
        IpAddr::V6(v6) => {
            let [first, second, ..] = v6.segments();
            // Only 2000::/3 is given out; 2001:db8::/32 and 3fff::/20 are for documents.
            first & 0xe000 == 0x2000
                && !(first == 0x2001 && second == 0x0db8)
                && !(first == 0x3fff && second < 0x1000)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ip(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn ranges_are_read_and_shown() {
        for text in
            ["192.0.2.7", "192.0.2.0/24", "0.0.0.0/0", "2001:db8::/32", "2001:db8::7", "::/0"]
        {
            assert_eq!(Network::parse(text).unwrap().to_string(), text);
        }
        assert_eq!(Network::parse(" ::ffff:192.0.2.7 ").unwrap().to_string(), "192.0.2.7");
        for text in [
            "",
            "x",
            "192.0.2",
            "192.0.2.7/24",
            "192.0.2.0/33",
            "192.0.2.0/",
            "192.0.2.0/-1",
            "192.0.2.0/+24",
            "2001:db8::1/64",
            "2001:db8::/129",
            "192.0.2.0/24/8",
            "1.2.3.4:80",
        ] {
            assert_eq!(Network::parse(text), None, "{text}");
        }
    }

    #[test]
    fn ranges_hold_what_is_in_them() {
        let holds =
            |network: &str, address: &str| Network::parse(network).unwrap().contains(ip(address));
        assert!(holds("192.0.2.0/24", "192.0.2.255") && !holds("192.0.2.0/24", "192.0.3.0"));
        assert!(holds("192.0.2.0/24", "::ffff:192.0.2.9"));
        assert!(holds("0.0.0.0/0", "8.8.8.8") && !holds("0.0.0.0/0", "::1"));
        assert!(
            holds("2001:db8::/32", "2001:db8:ffff::1") && !holds("2001:db8::/32", "2001:db9::")
        );
        assert_eq!(Network::of_customer(ip("2001:db8::7")).to_string(), "2001:db8::/64");
        assert_eq!(Network::of_customer(ip("::ffff:192.0.2.9")).to_string(), "192.0.2.9");
        let covers =
            |a: &str, b: &str| Network::parse(a).unwrap().covers(&Network::parse(b).unwrap());
        assert!(covers("10.0.0.0/8", "10.1.0.0/16") && !covers("10.1.0.0/16", "10.0.0.0/8"));
        assert!(!covers("0.0.0.0/0", "::/0"));
    }

    #[test]
    fn kinds_of_addresses() {
        for address in [
            "10.1.2.3",
            "172.31.0.1",
            "192.168.1.5",
            "169.254.1.1",
            "100.64.0.1",
            "127.0.0.9",
            "::1",
            "fd00::1",
            "fe80::1",
            "::ffff:10.0.0.1",
        ] {
            assert!(is_private(ip(address)) && !is_public(ip(address)), "{address}");
        }
        for address in ["8.8.8.8", "100.128.0.1", "172.32.0.1", "2606:4700::1111"] {
            assert!(is_public(ip(address)) && !is_private(ip(address)), "{address}");
        }
        for address in [
            "203.0.113.7",
            "192.0.2.1",
            "0.0.0.0",
            "224.0.0.1",
            "255.255.255.255",
            "198.18.0.1",
            "2001:db8::1",
            "::",
            "ff02::1",
            "3fff::1",
        ] {
            assert!(!is_public(ip(address)), "{address}");
        }
    }
}
