//! Setting a password for somebody else: one that works until the next sign-in, or a link that works
//! once.

use crate::base::clock::Timestamp;
use crate::base::hash::sha256;
use crate::base::limits::RESET_LINK_MS;
use crate::base::random;
use crate::base::secret::Secret;
use crate::model::user::{ResetLink, UserId};

/// Bytes of a link's token: 256 bits.
const TOKEN_BYTES: usize = 32;
/// Bytes of a temporary password: 96 bits, 16 characters.
const PASSWORD_BYTES: usize = 12;
/// Longest token that is looked up, bytes; ours have 43.
const TOKEN_BYTES_MAX: usize = 64;

/// A fresh link for `user`: its token, to be shown once, and what is stored of it.
pub fn new_link(user: UserId, now: Timestamp) -> (Secret, ResetLink) {
    let token = Secret::new(random::token(TOKEN_BYTES));
    let hash = sha256(token.expose().as_bytes());
    (token, ResetLink { hash, user, until: now.plus_ms(RESET_LINK_MS) })
}

/// What a link with `token` is stored under; `None` when it cannot be one.
pub fn hash(token: &str) -> Option<[u8; 32]> {
    (!token.is_empty() && token.len() <= TOKEN_BYTES_MAX).then(|| sha256(token.as_bytes()))
}

/// A fresh temporary password.
pub fn temporary_password() -> Secret {
    Secret::new(random::token(PASSWORD_BYTES))
}
