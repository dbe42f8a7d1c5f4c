//! What an X.509 certificate says about itself: names, validity, who issued it. Reads the few fields
//! people are shown and rules look at; whether a signature is right is not decided here.

use std::net::IpAddr;

use crate::base::clock::Timestamp;
use crate::base::hash;

const SEQUENCE: u8 = 0x30;
const SET: u8 = 0x31;
const OBJECT_ID: u8 = 0x06;
const OCTETS: u8 = 0x04;
const UTC_TIME: u8 = 0x17;
const GENERAL_TIME: u8 = 0x18;
const VERSION: u8 = 0xa0;
const EXTENSIONS: u8 = 0xa3;
const DNS_NAME: u8 = 0x82;
const IP_ADDRESS: u8 = 0x87;

const COMMON_NAME: &[u8] = &[0x55, 4, 3];
const ORGANISATION: &[u8] = &[0x55, 4, 10];
const ALTERNATIVE_NAMES: &[u8] = &[0x55, 29, 17];
const BASIC_CONSTRAINTS: &[u8] = &[0x55, 29, 19];

/// The facts of one certificate.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Certificate {
    /// Common name (or organisation) of its owner.
    pub subject: String,
    /// The same of who issued it.
    pub issuer: String,
    /// Host names and addresses it stands for.
    pub names: Vec<String>,
    /// Start of its validity.
    pub not_before: Timestamp,
    /// End of its validity.
    pub not_after: Timestamp,
    /// Whether it may issue others.
    pub authority: bool,
    /// Whether owner and issuer are the same.
    pub self_issued: bool,
}

impl Certificate {
    /// Reads a certificate in DER form; `None` when it is none. Never panics, whatever the bytes.
    pub fn parse(der: &[u8]) -> Option<Self> {
        let mut body = Der(Der(Der(der).take(SEQUENCE)?).take(SEQUENCE)?);
        if body.peek() == Some(VERSION) {
            body.next()?;
        }
        // Serial number and algorithm of the signature.
        body.next()?;
        body.next()?;
        let issuer = body.take(SEQUENCE)?;
        let mut validity = Der(body.take(SEQUENCE)?);
        let subject = body.take(SEQUENCE)?;
        let mut found = Self {
            subject: name(subject),
            issuer: name(issuer),
            not_before: time(validity.next()?)?,
            not_after: time(validity.next()?)?,
            self_issued: subject == issuer,
            ..Self::default()
        };
        while let Some((tag, content)) = body.next() {
            if tag == EXTENSIONS {
                let mut list = Der(Der(content).take(SEQUENCE)?);
                while let Some((SEQUENCE, extension)) = list.next() {
                    found.extension(extension);
                }
            }
        }
        Some(found)
    }

    /// Whether it is valid at `now`.
    pub fn is_valid(&self, now: Timestamp) -> bool {
        self.not_before <= now && now <= self.not_after
    }

    /// Whether it stands for `host`; a star covers one label.
    pub fn covers(&self, host: &str) -> bool {
        self.names.iter().any(|name| match name.strip_prefix("*.") {
            Some(rest) => host.split_once('.').is_some_and(|(_, domain)| domain == rest),
            None => name == host,
        })
    }

    fn extension(&mut self, bytes: &[u8]) -> Option<()> {
        let mut fields = Der(bytes);
        let id = fields.take(OBJECT_ID)?;
        let mut content = None;
        while let Some((tag, bytes)) = fields.next() {
            content = (tag == OCTETS).then_some(bytes);
        }
        let mut list = Der(Der(content?).take(SEQUENCE)?);
        if id == BASIC_CONSTRAINTS {
            self.authority = list.next() == Some((1, &[0xff]));
        } else if id == ALTERNATIVE_NAMES {
            while let Some((tag, bytes)) = list.next() {
                self.names.extend(match tag {
                    DNS_NAME => Some(text(bytes).to_lowercase()),
                    IP_ADDRESS => address(bytes).map(|address| address.to_string()),
                    _ => None,
                });
            }
        }
        Some(())
    }
}

/// SHA-256 of a certificate in DER form, as browsers show it: pairs in capitals with colons.
pub fn fingerprint(der: &[u8]) -> String {
    let pairs = hash::sha256(der).map(|byte| format!("{byte:02X}"));
    pairs.join(":")
}

/// Values of the encoding, one after the other.
#[derive(Clone, Copy)]
struct Der<'a>(&'a [u8]);

impl<'a> Der<'a> {
    fn peek(self) -> Option<u8> {
        self.0.first().copied()
    }

    /// Tag and content of the next value.
    fn next(&mut self) -> Option<(u8, &'a [u8])> {
        let (&tag, rest) = self.0.split_first()?;
        let (&first, mut rest) = rest.split_first()?;
        let mut length = usize::from(first);
        if first >= 0x80 {
            let digits = usize::from(first & 0x7f);
            // Nothing that is read here has 16 MiB.
            if !(1..=3).contains(&digits) {
                return None;
            }
            let (bytes, after) = rest.split_at_checked(digits)?;
            length = bytes.iter().fold(0, |sum, byte| sum << 8 | usize::from(*byte));
            rest = after;
        }
        let (content, after) = rest.split_at_checked(length)?;
        self.0 = after;
        Some((tag, content))
    }

    /// Content of the next value, which must have this tag.
    fn take(&mut self, tag: u8) -> Option<&'a [u8]> {
        self.next().filter(|(found, _)| *found == tag).map(|(_, content)| content)
    }
}

fn name(bytes: &[u8]) -> String {
    let mut parts = Der(bytes);
    let mut organisation = String::new();
    while let Some((SET, part)) = parts.next() {
        let Some(attribute) = Der(part).take(SEQUENCE) else { continue };
        let mut attribute = Der(attribute);
        match (attribute.take(OBJECT_ID), attribute.next()) {
            (Some(COMMON_NAME), Some((_, value))) => return text(value),
            (Some(ORGANISATION), Some((_, value))) => organisation = text(value),
            _ => {}
        }
    }
    organisation
}

fn text(bytes: &[u8]) -> String {
    crate::model::text::clean(&String::from_utf8_lossy(bytes))
}

fn address(bytes: &[u8]) -> Option<IpAddr> {
    let four = <[u8; 4]>::try_from(bytes).map(IpAddr::from);
    four.ok().or_else(|| <[u8; 16]>::try_from(bytes).ok().map(IpAddr::from))
}

/// `YYMMDDHHMMSSZ` or `YYYYMMDDHHMMSSZ`.
fn time((tag, bytes): (u8, &[u8])) -> Option<Timestamp> {
    let digits = std::str::from_utf8(bytes).ok()?.strip_suffix('Z')?;
    let full = match tag {
        UTC_TIME => format!("{}{digits}", if digits >= "50" { "19" } else { "20" }),
        GENERAL_TIME => digits.to_owned(),
        _ => return None,
    };
    let plain = full.len() == 14 && full.bytes().all(|byte| byte.is_ascii_digit());
    let part = |from: usize, to: usize| full.get(from..to).and_then(|part| part.parse::<i8>().ok());
    if !plain {
        return None;
    }
    let year = full.get(..4)?.parse().ok()?;
    let (month, day) = (part(4, 6)?, part(6, 8)?);
    let (hour, minute, second) = (part(8, 10)?, part(10, 12)?, part(12, 14)?);
    let civil = jiff::civil::DateTime::new(year, month, day, hour, minute, second, 0).ok()?;
    let at = civil.to_zoned(jiff::tz::TimeZone::UTC).ok()?.timestamp();
    Some(Timestamp(at.as_millisecond()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn made() -> Vec<u8> {
        let names = ["Plates.example.org", "*.lan", "192.0.2.7", "2001:db8::7"];
        let mut params = rcgen::CertificateParams::new(names.map(str::to_owned).to_vec()).unwrap();
        params.not_before = rcgen::date_time_ymd(2026, 3, 1);
        params.not_after = rcgen::date_time_ymd(2051, 1, 1);
        params.distinguished_name = rcgen::DistinguishedName::new();
        params.distinguished_name.push(rcgen::DnType::OrganizationName, "Gate & Co");
        params.distinguished_name.push(rcgen::DnType::CommonName, "n\u{f6}rth");
        params.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
        let key = rcgen::KeyPair::generate().unwrap();
        params.self_signed(&key).unwrap().der().to_vec()
    }

    #[test]
    fn facts_are_read() {
        let found = Certificate::parse(&made()).unwrap();
        assert_eq!((found.subject.as_str(), found.issuer.as_str()), ("n\u{f6}rth", "n\u{f6}rth"));
        assert_eq!(found.names, ["plates.example.org", "*.lan", "192.0.2.7", "2001:db8::7"]);
        assert_eq!(found.not_before, Timestamp(1_772_323_200_000));
        assert_eq!(found.not_after, Timestamp(2_556_144_000_000));
        assert!(found.authority && found.self_issued);
        assert!(found.covers("plates.example.org") && found.covers("box.lan"));
        assert!(!found.covers("a.box.lan") && !found.covers("lan") && !found.covers(""));
        assert!(found.is_valid(found.not_before) && !found.is_valid(Timestamp(0)));
        assert_eq!(fingerprint(b"abc").get(..8), Some("BA:78:16"));
    }

    #[test]
    fn bent_certificates_never_panic() {
        let der = made();
        for at in 0..der.len() {
            assert!(Certificate::parse(&der[..at]).is_none(), "cut at {at}");
            for bit in [0x01, 0x80, 0xff] {
                let mut bent = der.clone();
                bent[at] ^= bit;
                let _ = Certificate::parse(&bent);
            }
        }
    }
}
