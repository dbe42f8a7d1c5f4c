//! The machine the box runs on, as its network knows it: name, domains, addresses. The only reader
//! of these facts; all of them are optional, as in a container.

use std::fs;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::limits::{MACHINE_ADDRESSES_MAX, MACHINE_DOMAINS_MAX};

/// An address of IPv6 that changes every day, so that nobody is followed by it.
const TEMPORARY: u8 = 0x01;

/// Name, domains and addresses of this machine.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Machine {
    /// Host name in lower case, `""` when unknown.
    pub name: String,
    /// Domains the resolver appends, in lower case.
    pub domains: Vec<String>,
    /// Addresses others may reach it by.
    pub addresses: Vec<IpAddr>,
}

impl Machine {
    /// Looks at the machine.
    pub fn look() -> Self {
        let uname = rustix::system::uname();
        let read = |path| fs::read_to_string(path).unwrap_or_default();
        let mut addresses = ipv4(&read("/proc/self/net/fib_trie"));
        addresses.extend(ipv6(&read("/proc/self/net/if_inet6")));
        addresses.truncate(MACHINE_ADDRESSES_MAX);
        Self {
            name: uname.nodename().to_string_lossy().to_lowercase(),
            domains: domains(&read("/etc/resolv.conf")),
            addresses,
        }
    }
}

/// Addresses of the machine in the kernel's routing table as text: each stands on the line before
/// `/32 host LOCAL`.
fn ipv4(table: &str) -> Vec<IpAddr> {
    let mut found: Vec<IpAddr> = Vec::new();
    let mut last: Option<Ipv4Addr> = None;
    for line in table.lines().map(str::trim) {
        if let Some(address) = line.strip_prefix("|-- ") {
            last = address.parse().ok();
        } else if line == "/32 host LOCAL"
            && let Some(address) = last.filter(|address| !address.is_loopback())
            && !found.contains(&address.into())
        {
            found.push(address.into());
        }
    }
    found
}

/// The same of the list of IPv6 addresses: 32 digits, device, prefix length, scope, flags, name.
fn ipv6(table: &str) -> Vec<IpAddr> {
    let global = |line: &str| {
        let mut fields = line.split_whitespace();
        let bits = u128::from_str_radix(fields.next()?, 16).ok()?;
        let (scope, flags) = (fields.nth(2)?, fields.next()?);
        let flags = u8::from_str_radix(flags, 16).ok()?;
        let lasting = scope == "00" && flags & TEMPORARY == 0;
        lasting.then(|| IpAddr::V6(Ipv6Addr::from_bits(bits)))
    };
    table.lines().filter_map(global).collect()
}

/// Domains of `search` and `domain` lines of the resolver's file.
fn domains(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    for line in text.lines() {
        let mut words = line.split_whitespace();
        if matches!(words.next(), Some("search" | "domain")) {
            found.extend(words.map(|word| word.trim_matches('.').to_lowercase()));
        }
    }
    found.retain(|domain| !domain.is_empty());
    found.dedup();
    found.truncate(MACHINE_DOMAINS_MAX);
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_of_the_kernel_s_tables() {
        let table = "Main:\n  +-- 0.0.0.0/0 3 0 5\n     |-- 0.0.0.0\n        /0 universe UNICAST\n\
            \x20          |-- 127.0.0.1\n              /32 host LOCAL\n\
            \x20          |-- 192.0.2.2\n              /32 host LOCAL\n\
            \x20       |-- 192.0.2.255\n           /32 link BROADCAST\nLocal:\n\
            \x20          |-- 192.0.2.2\n              /32 host LOCAL\n";
        assert_eq!(ipv4(table), ["192.0.2.2".parse::<IpAddr>().unwrap()]);
        let table = "fe8000000000000000fc00fffe000001 04 40 20 80     eth0\n\
            00000000000000000000000000000001 01 80 10 80       lo\n\
            20010db8000000000000000000000007 04 40 00 01     eth0\n\
            20010db8000000000000000000000002 04 40 00 82     eth0\nrubbish\n";
        assert_eq!(ipv6(table), ["2001:db8::2".parse::<IpAddr>().unwrap()]);
        assert!(ipv4("").is_empty() && ipv6("").is_empty());
    }

    #[test]
    fn domains_of_the_resolver() {
        let text = "# x\nnameserver 192.0.2.1\nsearch Fritz.Box lan.\ndomain lan\n";
        assert_eq!(domains(text), ["fritz.box", "lan"]);
        let machine = Machine::look();
        assert!(machine.addresses.iter().all(|address| !address.is_loopback()));
    }
}
