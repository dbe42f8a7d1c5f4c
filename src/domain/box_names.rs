//! The names under which people and machines reach the box: what its certificate stands for, and
//! which `Host` it answers to. Anything else that resolves to it may be somebody's trick to make a
//! browser talk to it.

use std::net::IpAddr;

use crate::base::host::Machine;
use crate::base::limits::CERTIFICATE_NAMES_MAX;
use crate::model::settings::General;

/// Host names in lower case, the machine's own first.
pub fn of(general: &General, machine: &Machine) -> Vec<String> {
    let mut names = vec!["localhost".to_owned()];
    for name in [machine.name.clone(), label(&general.box_name)] {
        let (first, domain) = name.split_once('.').unwrap_or((&name, ""));
        if first.is_empty() {
            continue;
        }
        if !domain.is_empty() {
            names.push(name.clone());
        }
        names.push(first.to_owned());
        names.push(format!("{first}.local"));
        names.extend(machine.domains.iter().map(|domain| format!("{first}.{domain}")));
    }
    names.extend(chosen(general));
    names.retain(|name| is_name(name));
    unique(names)
}

/// The names that an administrator gave the box.
pub fn chosen(general: &General) -> Vec<String> {
    let mut names: Vec<String> =
        public_host(&general.public_url).into_iter().map(str::to_lowercase).collect();
    names.extend(general.host_names.split_whitespace().map(str::to_lowercase));
    names
}

/// Names and addresses for a certificate.
pub fn of_certificate(general: &General, machine: &Machine) -> Vec<String> {
    let mut all = of(general, machine);
    all.extend(["127.0.0.1".to_owned(), "::1".to_owned()]);
    all.extend(machine.addresses.iter().map(ToString::to_string));
    // An address of the network outside, when the box is reached by one.
    all.extend(public_host(&general.public_url).and_then(ip).map(|ip| ip.to_string()));
    let mut all = unique(all);
    all.truncate(CERTIFICATE_NAMES_MAX);
    all
}

/// Whether the box answers to `host`, a `Host` header: any address, or one of its names.
pub fn answers_to(host: &str, general: &General, machine: &Machine) -> bool {
    let name = host_of(host);
    ip(name).is_some() || {
        let name = name.trim_end_matches('.').to_lowercase();
        of(general, machine).contains(&name)
    }
}

/// Whether `name` may stand in a certificate and a `Host` header.
pub fn is_name(name: &str) -> bool {
    let fits = |label: &str| {
        (1..=63).contains(&label.len())
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'))
    };
    name.len() <= 253 && name.split('.').all(fits)
}

/// `North Gate` as a label of a host name: `north-gate`, `""` when nothing of it can stand there.
pub fn label(box_name: &str) -> String {
    let words =
        box_name.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty());
    let mut label = words.collect::<Vec<_>>().join("-").to_lowercase();
    label.truncate(63);
    label.trim_end_matches('-').to_owned()
}

fn public_host(url: &str) -> Option<&str> {
    let (_, rest) = url.split_once("://")?;
    rest.split('/').next().map(host_of)
}

/// A `Host` without its port; brackets of IPv6 stay.
fn host_of(host: &str) -> &str {
    match host.rsplit_once(':') {
        Some((name, port)) if !port.contains(']') => name,
        _ => host,
    }
}

fn ip(host: &str) -> Option<IpAddr> {
    host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(host).parse().ok()
}

fn unique(names: Vec<String>) -> Vec<String> {
    let mut seen: Vec<String> = Vec::with_capacity(names.len());
    for name in names {
        if !seen.contains(&name) {
            seen.push(name);
        }
    }
    seen
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fixture() -> (General, Machine) {
        let general = General {
            box_name: "North <Gate> 2".into(),
            public_url: "https://Plates.example.org:8443/box".into(),
            host_names: "proxy.lan  other".into(),
            ..General::default()
        };
        let machine = Machine {
            name: "raspi".into(),
            domains: vec!["fritz.box".into()],
            addresses: vec!["192.0.2.7".parse().unwrap()],
        };
        (general, machine)
    }

    #[test]
    fn hosts() {
        let (general, machine) = fixture();
        for (host, expected) in [
            ("localhost", true),
            ("LOCALHOST:8080", true),
            ("raspi", true),
            ("raspi.local:8080", true),
            ("Raspi.local.", true),
            ("raspi.fritz.box", true),
            ("north-gate-2.local", true),
            ("north-gate-2", true),
            ("plates.example.org", true),
            ("plates.example.org:8443", true),
            ("proxy.lan", true),
            ("other:1", true),
            ("192.0.2.99", true),
            ("203.0.113.9:80", true),
            ("[2001:db8::1]:8080", true),
            ("[::1]", true),
            ("evil.example", false),
            ("raspi.evil.example", false),
            ("localhost.evil.example", false),
            ("example.org", false),
            ("192.0.2.7.evil.example", false),
            ("local", false),
            ("", false),
            ("1.2.3", false),
        ] {
            assert_eq!(answers_to(host, &general, &machine), expected, "{host}");
        }
    }

    #[test]
    fn a_certificate_has_names_and_addresses() {
        let (mut general, machine) = fixture();
        let names = of_certificate(&general, &machine);
        for name in ["raspi.local", "plates.example.org", "192.0.2.7", "127.0.0.1", "::1"] {
            assert!(names.contains(&name.to_owned()), "{name}: {names:?}");
        }
        general.public_url = "http://198.51.100.7".into();
        assert!(of_certificate(&general, &machine).contains(&"198.51.100.7".to_owned()));
        general.host_names = (0..200).map(|n| format!("n{n}")).collect::<Vec<_>>().join(" ");
        assert_eq!(of_certificate(&general, &machine).len(), CERTIFICATE_NAMES_MAX);
        let nobody = of(&General::default(), &Machine::default());
        assert_eq!(nobody, ["localhost"]);
    }

    #[test]
    fn labels() {
        for (name, expected) in
            [("North Gate", "north-gate"), ("  ", ""), ("\u{4e2d}", ""), ("a--b-", "a-b")]
        {
            assert_eq!(label(name), expected);
        }
        assert!(label(&"x y".repeat(60)).len() <= 63);
        for name in ["", "a..b", "-a", "a-", "a b", "a/b", &"a".repeat(64)] {
            assert!(!is_name(name), "{name}");
        }
    }
}
