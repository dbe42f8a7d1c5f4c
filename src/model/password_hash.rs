//! The PHC text form of an argon2id hash: parsed, bounded and written here, computed elsewhere.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD as B64;

use crate::base::limits::{PASSWORD_MEMORY_KIB_MAX, PASSWORD_PASSES_MAX};

/// An argon2id hash with its salt and costs. A hash that came from a file is bounded, so that no
/// import can make a sign-in cost gigabytes or minutes.
#[derive(Clone, PartialEq, Eq)]
pub struct PasswordHash {
    /// Memory, KiB.
    pub memory_kib: u32,
    /// Passes over the memory.
    pub passes: u32,
    /// Lanes.
    pub lanes: u32,
    /// Salt, 8 to 48 bytes.
    pub salt: Vec<u8>,
    /// Hash, 16 to 64 bytes.
    pub hash: Vec<u8>,
}

impl PasswordHash {
    /// Parses `$argon2id$v=19$m=…,t=…,p=…$salt$hash`; `None` for anything else.
    pub fn parse(text: &str) -> Option<Self> {
        let mut parts = text.strip_prefix("$argon2id$v=19$")?.split('$');
        let (costs, salt, hash) = (parts.next()?, parts.next()?, parts.next()?);
        if parts.next().is_some() || text.len() > 256 {
            return None;
        }
        let mut costs = costs.split(',');
        let memory_kib = cost(costs.next()?, "m=")?;
        let passes = cost(costs.next()?, "t=")?;
        let lanes = cost(costs.next()?, "p=")?;
        let salt = B64.decode(salt).ok()?;
        let hash = B64.decode(hash).ok()?;
        let fits = costs.next().is_none()
            && (1..=4).contains(&lanes)
            && (8 * lanes..=PASSWORD_MEMORY_KIB_MAX).contains(&memory_kib)
            && (1..=PASSWORD_PASSES_MAX).contains(&passes)
            && (8..=48).contains(&salt.len())
            && (16..=64).contains(&hash.len());
        fits.then_some(Self { memory_kib, passes, lanes, salt, hash })
    }
}

/// The number after `name`, in its only spelling.
fn cost(text: &str, name: &str) -> Option<u32> {
    let digits = text.strip_prefix(name)?;
    let plain = !digits.starts_with('0') && digits.bytes().all(|b| b.is_ascii_digit());
    plain.then(|| digits.parse().ok()).flatten()
}

impl fmt::Display for PasswordHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { memory_kib, passes, lanes, salt, hash } = self;
        let (salt, hash) = (B64.encode(salt), B64.encode(hash));
        write!(f, "$argon2id$v=19$m={memory_kib},t={passes},p={lanes}${salt}${hash}")
    }
}

impl fmt::Debug for PasswordHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PasswordHash(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::PasswordHash;

    const GOOD: &str = "$argon2id$v=19$m=19456,t=2,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

    #[test]
    fn the_text_form_survives() {
        assert_eq!(PasswordHash::parse(GOOD).unwrap().to_string(), GOOD);
    }

    #[test]
    fn other_schemes_and_greedy_costs_are_refused() {
        for text in [
            String::new(),
            "secret".to_owned(),
            "$2b$12$abcdefghijklmnopqrstuuABCDEFGHIJKLMNOPQRSTUVWXYZ01234".to_owned(),
            GOOD.replace("argon2id", "argon2i"),
            GOOD.replace("v=19", "v=16"),
            GOOD.replace("m=19456", "m=4194304"),
            GOOD.replace("m=19456", "m=4"),
            GOOD.replace("m=19456", "m=+9456"),
            GOOD.replace("t=2", "t=4000000000"),
            GOOD.replace("t=2", "t=0"),
            GOOD.replace("p=1", "p=0"),
            GOOD.replace("p=1", "p=999"),
            GOOD.replace("p=1", "p=1,keyid=AAAA"),
            GOOD.replace("AAAA$", "A*AA$"),
            format!("{GOOD}$more"),
            format!("{GOOD}{}", "A".repeat(9000)),
            "$argon2id$v=19$m=19456,t=2,p=1$AAAAAAAAAAAAAAAAAAAAAA$".to_owned(),
        ] {
            assert!(PasswordHash::parse(&text).is_none(), "{text}");
        }
    }
}
