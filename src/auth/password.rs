//! argon2id, one hash at a time, so that a storm of sign-ins costs 19 MiB and one core, not the
//! box. Which passwords are good enough is decided in `policy`.

use std::sync::{Mutex, PoisonError};

use argon2::{Algorithm, Argon2, Block, Params, Version};

use crate::base::limits::{PASSWORD_BYTES_MAX, PASSWORD_MEMORY_KIB, PASSWORD_PASSES};
use crate::base::{random, secret};
use crate::model::password_hash::PasswordHash;

/// Blocks to reserve for every hash, KiB. Above glibc's largest mmap threshold (32 MiB), so the
/// memory comes from the system and goes back to it at once; only what is written to is ever real.
const RESERVED_BLOCKS: usize = 33 * 1024;

/// Makes and checks password hashes. Shared; calls wait for each other.
pub struct Hasher {
    /// Whoever has it may hash; how many hashes were made.
    turn: Mutex<u64>,
    /// Checked in place of the hash of an account that does not exist.
    dummy: PasswordHash,
}

/// What a check found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Not this password.
    Wrong,
    /// The password.
    Right,
    /// The password, but its hash has other costs than today's: hash it again and keep that.
    RightButOld,
}

impl Default for Hasher {
    fn default() -> Self {
        Self::new()
    }
}

impl Hasher {
    /// A hasher with a dummy hash nobody knows the password of; costs no hashing.
    pub fn new() -> Self {
        let dummy = PasswordHash {
            memory_kib: PASSWORD_MEMORY_KIB,
            passes: PASSWORD_PASSES,
            lanes: 1,
            salt: random::bytes::<16>().to_vec(),
            hash: random::bytes::<32>().to_vec(),
        };
        Self { turn: Mutex::new(0), dummy }
    }

    /// The hash of `password`, or `None` when it is longer than [`PASSWORD_BYTES_MAX`].
    pub fn hash(&self, password: &str) -> Option<PasswordHash> {
        let mut made = self.dummy.clone();
        made.salt = random::bytes::<16>().to_vec();
        made.hash = self.compute(password, &made)?;
        Some(made)
    }

    /// Checks `password` against the stored text. `None` stands for an account that does not
    /// exist: it takes the same time and is always wrong.
    pub fn verify(&self, password: &str, stored: Option<&str>) -> Verdict {
        let parsed = stored.and_then(PasswordHash::parse);
        let expected = parsed.as_ref().unwrap_or(&self.dummy);
        let Some(hash) = self.compute(password, expected) else { return Verdict::Wrong };
        if !secret::equal(&hash, &expected.hash) || parsed.is_none() {
            return Verdict::Wrong;
        }
        let PasswordHash { memory_kib, passes, lanes, .. } = expected;
        if (*memory_kib, *passes, *lanes) == (PASSWORD_MEMORY_KIB, PASSWORD_PASSES, 1) {
            Verdict::Right
        } else {
            Verdict::RightButOld
        }
    }

    /// How many hashes were made: what sign-in spends its time on.
    pub fn hashes(&self) -> u64 {
        *self.turn.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The hash of `password` with the salt and costs of `like`.
    fn compute(&self, password: &str, like: &PasswordHash) -> Option<Vec<u8>> {
        if password.len() > PASSWORD_BYTES_MAX {
            return None;
        }
        let length = like.hash.len();
        let params = Params::new(like.memory_kib, like.passes, like.lanes, Some(length)).ok()?;
        let count = params.block_count();
        let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
        let mut hash = vec![0; length];
        let mut turn = self.turn.lock().unwrap_or_else(PoisonError::into_inner);
        *turn += 1;
        let mut blocks = Vec::with_capacity(count.max(RESERVED_BLOCKS));
        blocks.resize(count, Block::new());
        argon2
            .hash_password_into_with_memory(password.as_bytes(), &like.salt, &mut hash, &mut blocks)
            .ok()?;
        Some(hash)
    }
}

#[cfg(test)]
mod tests {
    use super::{Hasher, Verdict};
    use crate::model::password_hash::PasswordHash;

    #[test]
    fn a_password_opens_its_own_hash_only() {
        let hasher = Hasher::new();
        let first = hasher.hash("correct horse battery").unwrap().to_string();
        let second = hasher.hash("correct horse battery").unwrap().to_string();
        assert_ne!(first, second, "a salt of its own");
        assert!(first.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{first}");
        assert_eq!(hasher.verify("correct horse battery", Some(&first)), Verdict::Right);
        for wrong in ["correct horse batterz", "", "correct horse battery "] {
            assert_eq!(hasher.verify(wrong, Some(&first)), Verdict::Wrong, "{wrong}");
        }
    }

    #[test]
    fn the_reference_vector_is_met() {
        // `echo -n password | argon2 somesalt -id -t 2 -m 16 -p 1`, from the reference test.c.
        let stored = "$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc";
        assert_eq!(Hasher::new().verify("password", Some(stored)), Verdict::RightButOld);
        assert_eq!(Hasher::new().verify("Password", Some(stored)), Verdict::Wrong);
    }

    #[test]
    fn unknown_accounts_and_broken_hashes_open_for_nobody() {
        let hasher = Hasher::new();
        for stored in [None, Some(""), Some("$argon2id$"), Some("plain"), Some("$2b$12$abc")] {
            for password in ["", "plain", "password"] {
                assert_eq!(hasher.verify(password, stored), Verdict::Wrong, "{stored:?}");
            }
        }
    }

    #[test]
    fn long_passwords_are_refused_not_cut() {
        let hasher = Hasher::new();
        let longest = "x".repeat(256);
        let hash = hasher.hash(&longest).unwrap().to_string();
        assert_eq!(hasher.verify(&longest, Some(&hash)), Verdict::Right);
        assert!(hasher.hash(&"x".repeat(257)).is_none());
        assert_eq!(hasher.verify(&"x".repeat(257), Some(&hash)), Verdict::Wrong);
        assert_eq!(hasher.verify(&"x".repeat(10_000_000), Some(&hash)), Verdict::Wrong);
    }

    #[test]
    fn an_older_hash_asks_for_a_new_one() {
        let hasher = Hasher::new();
        let mut old = PasswordHash::parse(&hasher.hash("anything").unwrap().to_string()).unwrap();
        old.memory_kib = 8192;
        old.hash = hasher.compute("from the year before", &old).unwrap();
        let verdict = hasher.verify("from the year before", Some(&old.to_string()));
        assert_eq!(verdict, Verdict::RightButOld);
    }
}
