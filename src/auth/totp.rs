//! Codes that an authenticator app shows: RFC 6238 with SHA-1, six digits and steps of 30 seconds,
//! which is all that every app understands. Knows no account and no store.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use ring::hmac;

use crate::base::clock::Timestamp;
use crate::base::random;
use crate::base::secret::{self, Secret};

/// Digits of a code.
const DIGITS: usize = 6;
/// Length of a step, milliseconds.
const STEP_MS: i64 = 30_000;
/// Steps before and after the present one whose codes count: clocks differ, people type slowly.
const STEPS_AROUND: u64 = 1;
/// Bytes of a secret: as many as SHA-1 has, which RFC 4226 recommends.
const SECRET_BYTES: usize = 20;
/// What RFC 4648 writes five bits with.
const BASE32: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

/// What box and app share.
#[derive(Clone, Debug)]
pub struct TotpSecret(Secret);

impl TotpSecret {
    /// A fresh one.
    pub fn generate() -> Self {
        let bytes = zeroize::Zeroizing::new(random::bytes::<SECRET_BYTES>());
        Self(Secret::new(STANDARD_NO_PAD.encode(bytes.as_slice())))
    }

    /// One that was kept.
    pub const fn of(kept: Secret) -> Self {
        Self(kept)
    }

    /// As it is kept.
    pub const fn kept(&self) -> &Secret {
        &self.0
    }

    /// As people type it into an app: base32, which needs no padding for 20 bytes.
    pub fn typed(&self) -> Secret {
        Secret::new(base32(&self.bytes()))
    }

    /// The same in groups of four, which is easier to read off.
    pub fn in_fours(&self) -> String {
        let letters: Vec<char> = self.typed().expose().chars().collect();
        let groups: Vec<String> = letters.chunks(4).map(String::from_iter).collect();
        groups.join(" ")
    }

    /// The address that apps read from a QR code, for `account` at `issuer`.
    pub fn address(&self, issuer: &str, account: &str) -> Secret {
        let (issuer, account, secret) = (percent(issuer), percent(account), self.typed());
        Secret::new(format!(
            "otpauth://totp/{issuer}:{account}?secret={}&issuer={issuer}",
            secret.expose()
        ))
    }

    /// The step whose code `typed` is at `now`, if any of those that count.
    pub fn step_of(&self, typed: &str, now: Timestamp) -> Option<u64> {
        let present = step_at(now)?;
        let steps = present.saturating_sub(STEPS_AROUND)..=present.saturating_add(STEPS_AROUND);
        // All are compared, so that the time tells nothing.
        steps.fold(None, |found, step| {
            let right = secret::equal(self.code(step).as_bytes(), typed.as_bytes());
            if right { Some(step) } else { found }
        })
    }

    /// The code of `step`.
    pub fn code(&self, step: u64) -> String {
        let key = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, &self.bytes());
        let tag = hmac::sign(&key, &step.to_be_bytes());
        let tag = tag.as_ref();
        let start = usize::from(tag.last().copied().unwrap_or(0) & 15);
        let four = tag.iter().skip(start).take(4);
        let number = four.fold(0_u32, |number, byte| number << 8 | u32::from(*byte));
        format!("{:0DIGITS$}", (number & 0x7fff_ffff) % 10_u32.pow(DIGITS as u32))
    }

    fn bytes(&self) -> zeroize::Zeroizing<Vec<u8>> {
        STANDARD_NO_PAD.decode(self.0.expose()).unwrap_or_default().into()
    }
}

/// The step at `now`; `None` before 1970.
pub fn step_at(now: Timestamp) -> Option<u64> {
    u64::try_from(now.ms().div_euclid(STEP_MS)).ok()
}

/// Whether `text` has the form of a code.
pub fn is_code(text: &str) -> bool {
    text.len() == DIGITS && text.bytes().all(|byte| byte.is_ascii_digit())
}

fn base32(bytes: &[u8]) -> String {
    bytes
        .chunks(5)
        .flat_map(|chunk| {
            let group = (0..5).fold(0_u64, |group, at| {
                group << 8 | u64::from(chunk.get(at).copied().unwrap_or(0))
            });
            let letters = (chunk.len() * 8).div_ceil(5);
            (0..letters).filter_map(move |at| BASE32.get((group >> (35 - 5 * at) & 31) as usize))
        })
        .map(|letter| char::from(*letter))
        .collect()
}

/// `text` with everything but letters, digits and `-._~` escaped.
fn percent(text: &str) -> String {
    use std::fmt::Write as _;
    text.bytes().fold(String::new(), |mut escaped, byte| {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            escaped.push(char::from(byte));
        } else {
            // Writing to a text cannot fail.
            let _ = write!(escaped, "%{byte:02X}");
        }
        escaped
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of_bytes(bytes: &[u8]) -> TotpSecret {
        TotpSecret::of(Secret::new(STANDARD_NO_PAD.encode(bytes)))
    }

    #[test]
    fn the_vectors_of_the_rfcs_are_met() {
        let secret = of_bytes(b"12345678901234567890");
        // RFC 6238, appendix B, the last six of its eight digits.
        for (seconds, code) in [
            (59, "287082"),
            (1_111_111_109, "081804"),
            (1_111_111_111, "050471"),
            (1_234_567_890, "005924"),
            (2_000_000_000, "279037"),
            (20_000_000_000, "353130"),
        ] {
            let step = step_at(Timestamp(seconds * 1000)).unwrap();
            assert_eq!(secret.code(step), code, "{seconds}");
        }
        // RFC 4226, appendix D.
        let codes: Vec<String> = (0..4).map(|step| secret.code(step)).collect();
        assert_eq!(codes, ["755224", "287082", "359152", "969429"]);
        // RFC 4648, section 10.
        for (bytes, text) in [
            ("", ""),
            ("f", "MY"),
            ("fo", "MZXQ"),
            ("foo", "MZXW6"),
            ("foob", "MZXW6YQ"),
            ("fooba", "MZXW6YTB"),
            ("foobar", "MZXW6YTBOI"),
        ] {
            assert_eq!(base32(bytes.as_bytes()), text);
        }
    }

    #[test]
    fn codes_count_one_step_around_the_present_one() {
        let secret = TotpSecret::generate();
        let now = Timestamp(1_790_000_000_000);
        let step = step_at(now).unwrap();
        for (other, counts) in
            [(step - 2, false), (step - 1, true), (step, true), (step + 1, true), (step + 2, false)]
        {
            let found = secret.step_of(&secret.code(other), now);
            // Two steps have the same code once in a million.
            assert_eq!(found.is_some(), counts, "{other}");
        }
        for typed in ["", "0", "00000 0", "abcdef", "1234567", "\0", &"9".repeat(1000)] {
            assert_eq!(secret.step_of(typed, now), None, "{typed:.9}");
        }
        for now in [Timestamp(-1), Timestamp(i64::MIN), Timestamp(i64::MAX), Timestamp(0)] {
            assert_eq!(secret.step_of("", now), None);
        }
    }

    #[test]
    fn secrets_are_fresh_and_readable_by_apps() {
        let (one, two) = (TotpSecret::generate(), TotpSecret::generate());
        assert_ne!(one.kept().expose(), two.kept().expose());
        assert_eq!(one.typed().expose().len(), 32);
        assert_eq!(one.in_fours().replace(' ', ""), one.typed().expose());
        assert!(!format!("{one:?}").contains(one.kept().expose()));
        let address = one.address("North: Gate & <b>", "ümit");
        let (head, tail) = address.expose().split_once("?secret=").unwrap();
        assert_eq!(head, "otpauth://totp/North%3A%20Gate%20%26%20%3Cb%3E:%C3%BCmit");
        assert_eq!(
            tail,
            format!("{}&issuer=North%3A%20Gate%20%26%20%3Cb%3E", one.typed().expose())
        );
    }
}
