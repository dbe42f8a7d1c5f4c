//! Who sent a request: nobody in particular, a signed-in browser, or a program with a key.
//! Only this file makes a [`Caller`], from what the request carried and what the store knows;
//! nothing a request says about itself counts.

use crate::base::clock::Timestamp;
use crate::model::api_key::{Scope, Scopes};
use crate::model::user::{Role, User};
use crate::store::{Store, StoreError};

use super::{csrf, session, token};

/// Who is asking.
#[derive(Clone, Debug)]
pub enum Caller {
    /// No valid proof of anybody.
    Anonymous,
    /// A browser with a live session of an active account.
    Session {
        /// The account as it is now.
        user: User,
        /// SHA-256 of the session's token: its key in the store.
        session: [u8; 32],
        /// Token its forms must carry.
        csrf: String,
    },
    /// A program with the key of an active account.
    Key {
        /// The account as it is now.
        user: User,
        /// Last four characters of the key.
        last_four: String,
        /// What the key may be used for.
        scopes: Scopes,
    },
}

/// What a request carried.
#[derive(Clone, Copy, Debug, Default)]
pub struct Credentials<'a> {
    /// Value of the session cookie of this scheme.
    pub cookie: Option<&'a str>,
    /// `Authorization: Bearer` or `X-Api-Key`, without its name.
    pub key: Option<&'a str>,
}

impl Caller {
    /// Finds out who sent `credentials`. A key, even a wrong one, stands above a cookie: a program
    /// never acts with the rights of the browser it runs in.
    ///
    /// # Errors
    /// When the store cannot be read; treat that as a failed request, never as anybody.
    pub fn identify(
        credentials: Credentials<'_>,
        store: &Store,
        now: Timestamp,
    ) -> Result<Self, StoreError> {
        match (credentials.key, credentials.cookie) {
            (Some(key), _) => Self::from_key(key, store, now),
            (None, Some(cookie)) => Self::from_cookie(cookie, store, now),
            (None, None) => Ok(Self::Anonymous),
        }
    }

    fn from_key(key: &str, store: &Store, now: Timestamp) -> Result<Self, StoreError> {
        let Some((user, record)) = store.read(|tx| token::find(tx, key))? else {
            return Ok(Self::Anonymous);
        };
        remembered(token::touch(store, &record, now));
        Ok(Self::Key { user, last_four: record.last_four, scopes: record.scopes })
    }

    fn from_cookie(cookie: &str, store: &Store, now: Timestamp) -> Result<Self, StoreError> {
        let found = store.read(|tx| {
            let Some(session) = session::find(tx, cookie, now)? else { return Ok(None) };
            let user = tx.user(session.user)?.filter(|user| !user.suspended);
            Ok(user.map(|user| (user, session)))
        })?;
        let Some((user, session)) = found else { return Ok(Self::Anonymous) };
        remembered(session::touch(store, &session, now));
        Ok(Self::Session { user, session: session.hash, csrf: csrf::token_for(cookie) })
    }

    /// Whether a browser that was let in before would be let in the same way now: its session lives
    /// and its account is active and has the role it had. Does not count as use.
    pub fn still_stands(&self, store: &Store, now: Timestamp) -> bool {
        let Self::Session { user, session, .. } = self else { return false };
        let found = store.read(|tx| Ok((tx.session(session)?, tx.user(user.id)?)));
        // What cannot be checked does not stand.
        let Ok((Some(session), Some(account))) = found else { return false };
        session::is_live(&session, now) && !account.suspended && account.role == user.role
    }

    /// The account, when there is one.
    pub const fn user(&self) -> Option<&User> {
        match self {
            Self::Anonymous => None,
            Self::Session { user, .. } | Self::Key { user, .. } => Some(user),
        }
    }

    /// Whether the account may do what `role` may.
    pub fn has(&self, role: Role) -> bool {
        self.user().is_some_and(|user| user.role >= role)
    }

    /// Whether what was sent as proof may be used for `scope`: a browser may do what its account may.
    pub const fn reaches(&self, scope: Scope) -> bool {
        match self {
            Self::Key { scopes, .. } => scopes.has(scope),
            Self::Anonymous | Self::Session { .. } => true,
        }
    }

    /// Whether unsafe requests need a proof that our own page sent them: only a browser adds
    /// credentials by itself.
    pub const fn needs_csrf(&self) -> bool {
        !matches!(self, Self::Key { .. })
    }
}

/// The time of last use is a convenience: a full disk must not keep anybody out.
fn remembered(result: Result<(), StoreError>) {
    if let Err(error) = result {
        log::warn!("the time of last use was not kept: {error}");
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::auth::fixtures::{self, NOW};
    use crate::base::limits::SESSION_IDLE_MS;

    fn setting() -> (tempfile::TempDir, Store, User, String, String) {
        let (directory, store) = fixtures::store();
        let user = fixtures::user(&store, "admin", Role::Super);
        let key = store.write(|tx| token::first(tx, user.id, NOW)).unwrap();
        let cookie =
            store.write(|tx| session::start(tx, user.id, None, "::1", "Browser", NOW)).unwrap();
        let (key, cookie) = (key.secret.expose().to_owned(), cookie.expose().to_owned());
        (directory, store, user, key, cookie)
    }

    fn identify(store: &Store, cookie: Option<&str>, key: Option<&str>) -> Caller {
        Caller::identify(Credentials { cookie, key }, store, NOW).unwrap()
    }

    #[test]
    fn proofs_make_callers() {
        let (_directory, store, user, key, cookie) = setting();
        let by_key = identify(&store, None, Some(&key));
        assert!(matches!(&by_key, Caller::Key { last_four, .. } if key.ends_with(last_four)));
        assert!(by_key.has(Role::Super) && !by_key.needs_csrf());
        let by_cookie = identify(&store, Some(&cookie), None);
        assert!(
            matches!(&by_cookie, Caller::Session { csrf, .. } if *csrf == csrf::token_for(&cookie))
        );
        assert!(by_cookie.needs_csrf());
        assert_eq!(by_cookie.user(), Some(&user));
        assert!(!identify(&store, None, None).has(Role::Viewer));
    }

    #[test]
    fn a_name_is_no_proof() {
        let (_directory, store, _, key, cookie) = setting();
        for guess in ["", " ", "admin", "username=admin", "1", "null", "oal_", "*", "%00"] {
            assert!(identify(&store, Some(guess), None).user().is_none(), "{guess}");
            assert!(identify(&store, None, Some(guess)).user().is_none(), "{guess}");
            // A wrong key does not fall back to the cookie.
            assert!(identify(&store, Some(&cookie), Some(guess)).user().is_none(), "{guess}");
        }
        assert!(identify(&store, Some(&key), None).user().is_none(), "a key is no cookie");
        assert!(identify(&store, None, Some(&cookie)).user().is_none(), "a cookie is no key");
    }

    #[test]
    fn suspension_and_loss_of_role_act_at_once() {
        let (_directory, store, user, key, cookie) = setting();
        store.write(|tx| tx.put_user(&User { role: Role::Viewer, ..user.clone() })).unwrap();
        assert!(!identify(&store, Some(&cookie), None).has(Role::User));
        store.write(|tx| tx.put_user(&User { suspended: true, ..user.clone() })).unwrap();
        assert!(identify(&store, Some(&cookie), None).user().is_none());
        assert!(identify(&store, None, Some(&key)).user().is_none());
    }

    #[test]
    fn a_proof_falls_with_session_account_or_role() {
        let (_directory, store, user, key, cookie) = setting();
        let caller = identify(&store, Some(&cookie), None);
        let stands = || caller.still_stands(&store, NOW);
        assert!(stands() && !identify(&store, None, Some(&key)).still_stands(&store, NOW));
        assert!(!identify(&store, None, None).still_stands(&store, NOW));
        assert!(!caller.still_stands(&store, NOW.plus_ms(SESSION_IDLE_MS)));
        for changed in
            [User { role: Role::Viewer, ..user.clone() }, User { suspended: true, ..user.clone() }]
        {
            store.write(|tx| tx.put_user(&changed)).unwrap();
            assert!(!stands());
            store.write(|tx| tx.put_user(&user)).unwrap();
            assert!(stands());
        }
        store.write(|tx| session::revoke_all(tx, user.id)).unwrap();
        assert!(!stands());
    }

    #[test]
    fn use_keeps_a_session_alive() {
        let (_directory, store, _, _, cookie) = setting();
        for step in 1..=3 {
            let now = NOW.plus_ms(step * (SESSION_IDLE_MS - 1000));
            let credentials = Credentials { cookie: Some(&cookie), key: None };
            let caller = Caller::identify(credentials, &store, now).unwrap();
            // The third is beyond a day after sign-in.
            assert_eq!(caller.user().is_some(), now.since(NOW) < 86_400_000, "{step}");
        }
    }
}
