//! Between the right password and the right code: a token in a cookie that stands for the password
//! for minutes, opens nothing but the form for the code, and ends with a new password.

use crate::base::clock::Timestamp;
use crate::base::hash::sha256;
use crate::base::limits::SECOND_STEP_MS;
use crate::base::random;
use crate::base::secret::Secret;
use crate::model::user::{User, UserId};
use crate::store::{Store, StoreError};

use super::brief::Brief;
use super::session;

/// Bytes of a token: 256 bits.
const TOKEN_BYTES: usize = 32;
/// Longest token that is looked up, bytes; ours have 43.
const TOKEN_BYTES_MAX: usize = 64;

/// Sign-ins that wait for their code.
pub struct SecondStep(Brief<Waiting>);

#[derive(Clone)]
struct Waiting {
    user: UserId,
    /// The hash that the password fitted.
    password_hash: String,
}

impl Default for SecondStep {
    fn default() -> Self {
        Self(Brief::new(SECOND_STEP_MS))
    }
}

impl SecondStep {
    /// `user` has given the password; returns the token to come back with.
    pub fn begin(&self, user: &User, now: Timestamp) -> Secret {
        let token = Secret::new(random::token(TOKEN_BYTES));
        let waiting = Waiting { user: user.id, password_hash: user.password_hash.clone() };
        self.0.put(key(token.expose()), waiting, now);
        token
    }

    /// The active account that waits for the code with `token`.
    pub fn find(
        &self,
        store: &Store,
        token: &str,
        now: Timestamp,
    ) -> Result<Option<User>, StoreError> {
        if token.is_empty() || token.len() > TOKEN_BYTES_MAX {
            return Ok(None);
        }
        let Some(waiting) = self.0.find(&key(token), now) else { return Ok(None) };
        let user = store.read(|tx| tx.user(waiting.user))?;
        Ok(user.filter(|it| !it.suspended && it.password_hash == waiting.password_hash))
    }

    /// The wait of `token` is over.
    pub fn end(&self, token: &str) {
        self.0.forget(&key(token));
    }
}

fn key(token: &str) -> [u8; 32] {
    sha256(token.as_bytes())
}

/// Name of the cookie with the token.
pub const fn cookie_name(secure: bool) -> &'static str {
    if secure { "__Host-oalpr_half" } else { "oalpr_half" }
}

/// `Set-Cookie` value that carries `token`.
pub fn set_cookie(token: &Secret, secure: bool) -> String {
    session::cookie(cookie_name(secure), token.expose(), SECOND_STEP_MS / 1000, secure)
}

/// `Set-Cookie` value that takes the cookie away.
pub fn clear_cookie(secure: bool) -> String {
    session::cookie(cookie_name(secure), "", 0, secure)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::auth::caller::{Caller, Credentials};
    use crate::auth::fixtures::{self, NOW};
    use crate::model::user::Role;

    #[test]
    fn a_token_stands_for_the_password_for_minutes_and_opens_nothing() {
        let (_directory, store) = fixtures::store();
        let user = fixtures::user(&store, "ann", Role::Admin);
        let step = SecondStep::default();
        let token = step.begin(&user, NOW);
        let find = |now| step.find(&store, token.expose(), now).unwrap().map(|user| user.id);
        assert_eq!(find(NOW.plus_ms(SECOND_STEP_MS - 1)), Some(user.id));
        assert_eq!(find(NOW.plus_ms(SECOND_STEP_MS)), None, "over");
        let (cookie, key) = (Some(token.expose()), None);
        let caller = Caller::identify(Credentials { cookie, key }, &store, NOW).unwrap();
        assert!(caller.user().is_none(), "it is no session");
        for guess in ["", "\0", &"A".repeat(43), &"A".repeat(1_000_000)] {
            assert!(step.find(&store, guess, NOW).unwrap().is_none());
        }
        for changed in [
            User { suspended: true, ..user.clone() },
            User { password_hash: "another".into(), ..user.clone() },
        ] {
            store.write(|tx| tx.put_user(&changed)).unwrap();
            assert_eq!(find(NOW), None);
            store.write(|tx| tx.put_user(&user)).unwrap();
            assert_eq!(find(NOW), Some(user.id));
        }
        step.end(token.expose());
        assert_eq!(find(NOW), None);
    }
}
