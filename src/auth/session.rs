//! Sessions: random tokens in a cookie, only their SHA-256 in the store, ended by time, by
//! signing out and by whoever may end them.

use crate::base::clock::Timestamp;
use crate::base::hash::sha256;
use crate::base::limits::{
    LAST_USED_GRAIN_MS, SESSION_IDLE_MS, SESSION_LIFE_MS, SESSIONS_PER_USER_MAX,
};
use crate::base::random;
use crate::base::secret::Secret;
use crate::model::text;
use crate::model::user::{Session, UserId};
use crate::store::{ReadTx, Store, StoreError, WriteTx};

/// Bytes of a session token: 256 bits.
const TOKEN_BYTES: usize = 32;

/// Name of the session cookie. Sessions are never shared between schemes, and over TLS the prefix
/// keeps other hosts and plain HTTP from setting it.
pub const fn cookie_name(secure: bool) -> &'static str {
    if secure { "__Host-oalpr_session" } else { "oalpr_session" }
}

/// `Set-Cookie` value that carries `token` for its whole life.
pub fn set_cookie(token: &Secret, secure: bool) -> String {
    cookie(cookie_name(secure), token.expose(), SESSION_LIFE_MS / 1000, secure)
}

/// `Set-Cookie` value that takes the session cookie away.
pub fn clear_cookie(secure: bool) -> String {
    cookie(cookie_name(secure), "", 0, secure)
}

/// One cookie of ours with its attributes; `value` must be of the base64 alphabet.
pub(super) fn cookie(name: &str, value: &str, seconds: i64, secure: bool) -> String {
    let tail = if secure { "; Secure" } else { "" };
    format!("{name}={value}; Path=/; Max-Age={seconds}; HttpOnly; SameSite=Lax{tail}")
}

/// Starts a session of `user` and returns its token. `previous` is the token the same browser
/// presented, if any: its session ends, so nobody can plant a token before sign-in.
pub fn start(
    tx: &WriteTx,
    user: UserId,
    previous: Option<&str>,
    address: &str,
    agent: &str,
    now: Timestamp,
) -> Result<Secret, StoreError> {
    if let Some(previous) = previous {
        revoke(tx, &sha256(previous.as_bytes()))?;
    }
    let mut own = tx.sessions()?;
    own.retain(|session| session.user == user);
    own.sort_by_key(|session| session.last_used);
    let surplus = (own.len() + 1).saturating_sub(SESSIONS_PER_USER_MAX);
    for session in own.iter().take(surplus) {
        tx.delete_session(&session.hash)?;
    }
    let token = Secret::new(random::token(TOKEN_BYTES));
    tx.put_session(&Session {
        hash: sha256(token.expose().as_bytes()),
        user,
        created_at: now,
        last_used: now,
        address: text::clean(address),
        agent: text::clean(agent),
    })?;
    Ok(token)
}

/// The live session of `token`.
pub fn find(tx: &ReadTx, token: &str, now: Timestamp) -> Result<Option<Session>, StoreError> {
    // Ours are 43 characters; anything much longer is not worth hashing.
    if token.is_empty() || token.len() > 64 {
        return Ok(None);
    }
    Ok(tx.session(&sha256(token.as_bytes()))?.filter(|session| is_live(session, now)))
}

/// Whether `session` has not ended by time. A session from the future (the clock was wrong when
/// it was made, and has been set since) ends as well.
pub fn is_live(session: &Session, now: Timestamp) -> bool {
    let apart = |a: Timestamp| now.since(a).unsigned_abs();
    apart(session.created_at) < SESSION_LIFE_MS.unsigned_abs()
        && apart(session.last_used) < SESSION_IDLE_MS.unsigned_abs()
}

/// Writes down that `session` was used, at most once a minute.
pub fn touch(store: &Store, session: &Session, now: Timestamp) -> Result<(), StoreError> {
    if now.since(session.last_used).unsigned_abs() < LAST_USED_GRAIN_MS.unsigned_abs() {
        return Ok(());
    }
    store.write(|tx| match tx.session(&session.hash)? {
        // Gone when it was revoked meanwhile: it must not come back.
        Some(current) => tx.put_session(&Session { last_used: now, ..current }),
        None => Ok(()),
    })
}

/// Ends the session with this hash; returns whether it was there.
pub fn revoke(tx: &WriteTx, hash: &[u8; 32]) -> Result<bool, StoreError> {
    tx.delete_session(hash)
}

/// Ends all sessions of `user`; returns how many.
pub fn revoke_all(tx: &WriteTx, user: UserId) -> Result<usize, StoreError> {
    tx.delete_sessions(|session| session.user == user)
}

/// Removes sessions that have ended by time; returns how many. Writes only when there are any.
pub fn sweep(store: &Store, now: Timestamp) -> Result<usize, StoreError> {
    let ended = |session: &Session| !is_live(session, now);
    if !store.read(ReadTx::sessions)?.iter().any(ended) {
        return Ok(0);
    }
    store.write(|tx| tx.delete_sessions(ended))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::auth::fixtures::{self, NOW};

    const ANN: UserId = UserId(1);

    fn begin(store: &Store, previous: Option<&str>, now: Timestamp) -> Secret {
        store.write(|tx| start(tx, ANN, previous, "192.0.2.1", "Browser", now)).unwrap()
    }

    fn live(store: &Store, token: &Secret, now: Timestamp) -> Option<Session> {
        store.read(|tx| find(tx, token.expose(), now)).unwrap()
    }

    #[test]
    fn a_session_ends_when_idle_and_at_its_age() {
        let (_directory, store) = fixtures::store();
        let token = begin(&store, None, NOW);
        assert!(live(&store, &token, NOW.plus_ms(SESSION_IDLE_MS - 1)).is_some());
        assert!(live(&store, &token, NOW.plus_ms(SESSION_IDLE_MS)).is_none());
        let mut now = NOW;
        while now.plus_ms(3_600_000) < NOW.plus_ms(SESSION_LIFE_MS) {
            now = now.plus_ms(3_600_000);
            touch(&store, &live(&store, &token, now).unwrap(), now).unwrap();
        }
        assert!(live(&store, &token, NOW.plus_ms(SESSION_LIFE_MS)).is_none(), "busy but old");
    }

    #[test]
    fn clock_jumps_leave_no_eternal_session() {
        let (_directory, store) = fixtures::store();
        let token = begin(&store, None, NOW);
        assert!(live(&store, &token, NOW.plus_ms(-3_600_000)).is_some(), "an hour back is fine");
        for years in [-55, 55, -290_000_000] {
            let jump = years * 365 * 86_400_000;
            assert!(live(&store, &token, NOW.plus_ms(jump)).is_none(), "{years}");
        }
        assert!(live(&store, &token, Timestamp(i64::MIN)).is_none());
        assert!(live(&store, &token, Timestamp(i64::MAX)).is_none());
    }

    #[test]
    fn sign_in_makes_a_new_token_and_ends_the_old_one() {
        let (_directory, store) = fixtures::store();
        let planted = begin(&store, Some("chosen-by-an-attacker"), NOW);
        assert_ne!(planted.expose(), "chosen-by-an-attacker");
        assert_eq!(planted.expose().len(), 43);
        let fresh = begin(&store, Some(planted.expose()), NOW);
        assert!(live(&store, &planted, NOW).is_none());
        assert!(live(&store, &fresh, NOW).is_some());
    }

    #[test]
    fn revoked_is_gone_and_use_does_not_revive_it() {
        let (_directory, store) = fixtures::store();
        let (one, two) = (begin(&store, None, NOW), begin(&store, None, NOW));
        let session = live(&store, &one, NOW).unwrap();
        assert!(store.write(|tx| revoke(tx, &session.hash)).unwrap());
        touch(&store, &session, NOW.plus_ms(120_000)).unwrap();
        assert!(live(&store, &one, NOW).is_none());
        assert_eq!(store.write(|tx| revoke_all(tx, ANN)).unwrap(), 1);
        assert!(live(&store, &two, NOW).is_none());
    }

    #[test]
    fn hostile_tokens_find_nothing() {
        let (_directory, store) = fixtures::store();
        begin(&store, None, NOW);
        for token in ["", " ", "\0", "../../etc/passwd", &"A".repeat(43), &"A".repeat(1_000_000)] {
            assert!(store.read(|tx| find(tx, token, NOW)).unwrap().is_none());
        }
    }

    #[test]
    fn sessions_are_bounded_and_swept() {
        let (_directory, store) = fixtures::store();
        let first = begin(&store, None, NOW);
        for step in 1..=SESSIONS_PER_USER_MAX as i64 {
            begin(&store, None, NOW.plus_ms(step));
        }
        assert!(live(&store, &first, NOW).is_none());
        let count = store.read(ReadTx::sessions).unwrap().len();
        assert_eq!(count, SESSIONS_PER_USER_MAX);
        assert_eq!(sweep(&store, NOW.plus_ms(60_000)).unwrap(), 0);
        assert_eq!(sweep(&store, NOW.plus_ms(SESSION_LIFE_MS)).unwrap(), count);
    }

    #[test]
    fn cookies_have_their_attributes() {
        let token = Secret::new("abc");
        let secure = set_cookie(&token, true);
        assert_eq!(
            secure,
            "__Host-oalpr_session=abc; Path=/; Max-Age=86400; HttpOnly; SameSite=Lax; Secure"
        );
        let plain = set_cookie(&token, false);
        assert!(plain.starts_with("oalpr_session=abc; ") && !plain.contains("Secure"));
        assert!(clear_cookie(false).contains("Max-Age=0"));
    }
}
