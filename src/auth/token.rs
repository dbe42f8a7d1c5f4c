//! API keys: made, shown once, kept as SHA-256, found again.

use crate::base::clock::Timestamp;
use crate::base::hash::sha256;
use crate::base::limits::LAST_USED_GRAIN_MS;
use crate::base::random;
use crate::base::secret::{self, Secret};
use crate::domain::api_keys;
use crate::domain::settings::{self, PostDecision};
use crate::model::api_key::{ApiKey, KeyName, Scope, Scopes};
use crate::model::settings::PostAuth;
use crate::model::user::{User, UserId};
use crate::store::{ReadTx, Store, StoreError, WriteTx};

/// How every key begins, so that people and scanners recognise one.
pub const PREFIX: &str = "oal_";

/// Longest text that is hashed to look for a key, bytes.
const KEY_BYTES_MAX: usize = 256;

/// A fresh key: the only moment it is known in full.
pub struct NewKey {
    /// The key itself, to be shown once.
    pub secret: Secret,
    hash: [u8; 32],
    last_four: String,
}

impl NewKey {
    /// A random key of 192 bits.
    pub fn generate() -> Self {
        let text = format!("{PREFIX}{}", random::token(24));
        let last_four = last_four(&text);
        Self { hash: sha256(text.as_bytes()), last_four, secret: Secret::new(text) }
    }

    /// What is stored of it.
    pub fn record(&self, user: UserId, name: KeyName, scopes: Scopes, now: Timestamp) -> ApiKey {
        ApiKey {
            user,
            name,
            scopes,
            hash: self.hash,
            last_four: self.last_four.clone(),
            created_at: now,
            last_used: Timestamp::default(),
        }
    }
}

/// Gives `user` another key called `name`.
///
/// # Errors
/// [`StoreError::Refused`] with a sentence when a rule is against it.
pub fn make(
    tx: &WriteTx,
    user: UserId,
    name: KeyName,
    scopes: Scopes,
    now: Timestamp,
) -> Result<NewKey, StoreError> {
    let key = NewKey::generate();
    api_keys::add(tx, &key.record(user, name, scopes, now))?;
    Ok(key)
}

/// Gives `user`, a new account, its first key, which is good for everything.
pub fn first(tx: &WriteTx, user: UserId, now: Timestamp) -> Result<NewKey, StoreError> {
    let key = NewKey::generate();
    tx.put_api_key(&key.record(user, KeyName::unnamed(), Scopes::ALL, now))?;
    Ok(key)
}

/// Puts a new key in place of the key `id` of `user`, with its name and scopes; returns the old one
/// too.
///
/// # Errors
/// [`StoreError::Refused`] when it is gone.
pub fn rotate(
    tx: &WriteTx,
    user: UserId,
    id: &str,
    now: Timestamp,
) -> Result<(ApiKey, NewKey), StoreError> {
    let key = NewKey::generate();
    let old =
        api_keys::replace(tx, user, id, |old| key.record(user, old.name.clone(), old.scopes, now))?;
    Ok((old, key))
}

/// The active account that `key` belongs to. An empty, blank or overlong text, an unknown key and
/// the key of a suspended account are all `None`.
pub fn find(tx: &ReadTx, key: &str) -> Result<Option<(User, ApiKey)>, StoreError> {
    let key = key.trim();
    if key.is_empty() || key.len() > KEY_BYTES_MAX {
        return Ok(None);
    }
    // The hash of a guess says nothing about the hash of a key, so the look-up leaks no prefix.
    let hash = sha256(key.as_bytes());
    let Some(found) = tx.api_key(&hash)? else { return Ok(None) };
    if !secret::equal(&found.hash, &hash) {
        return Ok(None);
    }
    let user = tx.user(found.user)?.filter(|user| !user.suspended);
    Ok(user.map(|user| (user, found)))
}

/// Decides whether a post to the webhook that brought `key` is accepted at `level`.
///
/// # Errors
/// When the store cannot be read: answer 503, never accept.
pub fn may_post(
    store: &Store,
    level: PostAuth,
    key: Option<&str>,
    now: Timestamp,
) -> Result<PostDecision, StoreError> {
    let mut used = None;
    let decision = settings::may_post(level, key, |key| {
        let found = store.read(|tx| find(tx, key))?.filter(|(_, it)| it.scopes.has(Scope::Post));
        Ok::<_, StoreError>(found.map(|(user, record)| {
            let last_four = record.last_four.clone();
            used = Some(record);
            (user, last_four)
        }))
    })?;
    if let (PostDecision::Accepted(_), Some(record)) = (&decision, &used)
        && let Err(error) = touch(store, record, now)
    {
        // A convenience: it must not cost a read.
        log::warn!("the time of last use was not kept: {error}");
    }
    Ok(decision)
}

/// Writes down that `key` was used, at most once a minute.
pub fn touch(store: &Store, key: &ApiKey, now: Timestamp) -> Result<(), StoreError> {
    if now.since(key.last_used).unsigned_abs() < LAST_USED_GRAIN_MS.unsigned_abs() {
        return Ok(());
    }
    store.write(|tx| match tx.api_key(&key.hash)? {
        // Gone when it was rotated meanwhile: it must not come back.
        Some(current) => tx.put_api_key(&ApiKey { last_used: now, ..current }),
        None => Ok(()),
    })
}

/// The last four characters of `key`, as records and pages show them.
pub fn last_four(key: &str) -> String {
    let skip = key.chars().count().saturating_sub(4);
    key.chars().skip(skip).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::auth::fixtures::{self, NOW};
    use crate::model::user::Role;

    #[test]
    fn a_key_is_found_until_it_is_rotated() {
        let (_directory, store) = fixtures::store();
        let user = fixtures::user(&store, "ann", Role::User);
        let old = store.write(|tx| first(tx, user.id, NOW)).unwrap();
        let text = old.secret.expose();
        assert!(text.starts_with(PREFIX) && text.len() == 4 + 32, "{text}");
        let (holder, record) = store.read(|tx| find(tx, text)).unwrap().unwrap();
        assert_eq!((holder.id, record.last_four.as_str()), (user.id, &text[text.len() - 4..]));
        assert!(store.read(|tx| find(tx, &format!(" {text}\n"))).unwrap().is_some());
        let (before, new) = store.write(|tx| rotate(tx, user.id, &record.id(), NOW)).unwrap();
        assert_eq!(before, record);
        assert!(store.read(|tx| find(tx, text)).unwrap().is_none());
        assert!(store.read(|tx| find(tx, new.secret.expose())).unwrap().is_some());
        touch(&store, &record, NOW.plus_ms(1)).unwrap();
        assert!(store.read(|tx| find(tx, text)).unwrap().is_none(), "using it revives nothing");
    }

    #[test]
    fn no_key_is_no_key() {
        let (_directory, store) = fixtures::store();
        let user = fixtures::user(&store, "ann", Role::Admin);
        let key = store.write(|tx| first(tx, user.id, NOW)).unwrap();
        let text = key.secret.expose();
        // A record under the hash of nothing must not open the door either.
        let empty = ApiKey {
            hash: sha256(b""),
            ..key.record(UserId(77), KeyName::unnamed(), Scopes::ALL, NOW)
        };
        store.write(|tx| tx.put_api_key(&empty)).unwrap();
        let long = "x".repeat(1_000_000);
        let upper = text.to_uppercase();
        let cut = &text[..text.len() - 1];
        for guess in ["", " ", "\t\r\n", "\0", "oal_", &long, &upper, cut, "null", "undefined"] {
            assert!(store.read(|tx| find(tx, guess)).unwrap().is_none(), "{guess:.20}");
        }
    }

    #[test]
    fn a_suspended_users_key_is_refused() {
        let (_directory, store) = fixtures::store();
        let mut user = fixtures::user(&store, "ann", Role::Admin);
        let key = store.write(|tx| first(tx, user.id, NOW)).unwrap();
        user.suspended = true;
        store.write(|tx| tx.put_user(&user)).unwrap();
        assert!(store.read(|tx| find(tx, key.secret.expose())).unwrap().is_none());
    }

    #[test]
    fn the_webhook_takes_only_keys_of_active_accounts() {
        let (_directory, store) = fixtures::store();
        let mut admin = fixtures::user(&store, "admin", Role::Admin);
        let user = fixtures::user(&store, "user", Role::User);
        let keys = [admin.id, user.id].map(|id| store.write(|tx| first(tx, id, NOW)).unwrap());
        let [admins, users] = [&keys[0], &keys[1]].map(|key| key.secret.expose());
        let post = |level, key| may_post(&store, level, key, NOW).unwrap();
        let accepted = |key: &str| PostDecision::Accepted(last_four(key));
        assert_eq!(post(PostAuth::Users, Some(users)), accepted(users));
        assert_eq!(post(PostAuth::Admins, Some(users)), PostDecision::KeyRefused);
        assert_eq!(post(PostAuth::Admins, Some(admins)), accepted(admins));
        for level in [PostAuth::Users, PostAuth::Admins] {
            for empty in [None, Some(""), Some("  ")] {
                assert_eq!(post(level, empty), PostDecision::KeyMissing);
            }
        }
        let used = store.read(|tx| tx.api_keys_of(admin.id)).unwrap()[0].last_used;
        assert_eq!(used, NOW);
        admin.suspended = true;
        store.write(|tx| tx.put_user(&admin)).unwrap();
        for level in [PostAuth::Users, PostAuth::Admins] {
            assert_eq!(post(level, Some(admins)), PostDecision::KeyRefused);
        }
    }

    #[test]
    fn only_keys_for_posting_post() {
        let (_directory, store) = fixtures::store();
        let user = fixtures::user(&store, "user", Role::User);
        for scope in Scope::ALL {
            let name = KeyName::parse(scope.name()).unwrap();
            let made = store.write(|tx| make(tx, user.id, name, Scopes::of([scope]), NOW)).unwrap();
            let decision = may_post(&store, PostAuth::Users, Some(made.secret.expose()), NOW);
            let accepted = matches!(decision.unwrap(), PostDecision::Accepted(_));
            assert_eq!(accepted, scope == Scope::Post, "{}", scope.name());
        }
    }

    #[test]
    fn the_store_never_holds_the_key() {
        let (directory, store) = fixtures::store();
        let user = fixtures::user(&store, "ann", Role::Admin);
        let key = store.write(|tx| first(tx, user.id, NOW)).unwrap();
        drop(store);
        let file = std::fs::read(directory.path().join("records.redb")).unwrap();
        let needle = &key.secret.expose().as_bytes()[PREFIX.len()..PREFIX.len() + 16];
        assert!(!file.windows(needle.len()).any(|window| window == needle));
    }

    #[test]
    fn use_is_written_once_a_minute() {
        let (_directory, store) = fixtures::store();
        let user = fixtures::user(&store, "ann", Role::Admin);
        store.write(|tx| first(tx, user.id, NOW)).unwrap();
        let last_used = || store.read(|tx| tx.api_keys_of(user.id)).unwrap()[0].clone();
        touch(&store, &last_used(), NOW).unwrap();
        touch(&store, &last_used(), NOW.plus_ms(59_999)).unwrap();
        assert_eq!(last_used().last_used, NOW);
        touch(&store, &last_used(), NOW.plus_ms(60_000)).unwrap();
        assert_eq!(last_used().last_used, NOW.plus_ms(60_000));
    }
}
