//! API keys of an account: how many, what they are called, what they may be used for. How a key is
//! made and recognised is the business of `auth`.

use crate::base::limits::KEYS_PER_USER_MAX;
use crate::model::api_key::ApiKey;
use crate::model::user::{User, UserId};
use crate::store::{StoreError, WriteTx};

use super::users;

/// Refusal: the list is full.
pub const TOO_MANY: &str = "there are too many keys: revoke one first";
/// Refusal: two keys of one name cannot be told apart.
pub const NAME_TAKEN: &str = "a key has that name already: choose another one";
/// Refusal: a key for nothing.
pub const NO_SCOPE: &str = "choose what the key may be used for";
/// Refusal: the role does not go that far.
pub const BEYOND_ROLE: &str = "the account itself may not do this: choose less";
/// Refusal: the key is gone.
pub const UNKNOWN: &str = "there is no such key any more";

/// Keeps `key`, which is new.
///
/// # Errors
/// [`StoreError::Refused`] with a sentence when a rule is against it.
pub fn add(tx: &WriteTx, key: &ApiKey) -> Result<(), StoreError> {
    let owner = tx.user(key.user)?.ok_or(StoreError::Refused(users::UNKNOWN))?;
    let keys = tx.api_keys_of(key.user)?;
    if keys.len() >= KEYS_PER_USER_MAX {
        return Err(StoreError::Refused(TOO_MANY));
    }
    if keys.iter().any(|known| known.name == key.name) {
        return Err(StoreError::Refused(NAME_TAKEN));
    }
    if key.scopes.is_empty() {
        return Err(StoreError::Refused(NO_SCOPE));
    }
    if key.scopes.iter().any(|scope| scope.least() > owner.role) {
        return Err(StoreError::Refused(BEYOND_ROLE));
    }
    tx.put_api_key(key)
}

/// Puts another key in place of the key `id` of `user`, which `make` makes from the old one.
/// Returns the old one.
///
/// # Errors
/// [`StoreError::Refused`] with [`UNKNOWN`] when it is gone.
pub fn replace(
    tx: &WriteTx,
    user: UserId,
    id: &str,
    make: impl FnOnce(&ApiKey) -> ApiKey,
) -> Result<ApiKey, StoreError> {
    let old = existing(tx, user, id)?;
    tx.delete_api_key(&old.hash)?;
    tx.put_api_key(&make(&old))?;
    Ok(old)
}

/// Ends the key `id` of `user` and returns it.
///
/// # Errors
/// [`StoreError::Refused`] with [`UNKNOWN`] when it is gone.
pub fn revoke(tx: &WriteTx, user: UserId, id: &str) -> Result<ApiKey, StoreError> {
    let key = existing(tx, user, id)?;
    tx.delete_api_key(&key.hash)?;
    Ok(key)
}

/// Ends the key `id` of `target` on behalf of `actor`, and returns it with its owner.
///
/// # Errors
/// [`StoreError::Refused`] with a sentence when a rule is against it.
pub fn revoke_of(
    tx: &WriteTx,
    actor: &User,
    target: UserId,
    id: &str,
) -> Result<(User, ApiKey), StoreError> {
    let owner = users::managed(tx, actor, target)?;
    Ok((owner, revoke(tx, target, id)?))
}

fn existing(tx: &WriteTx, user: UserId, id: &str) -> Result<ApiKey, StoreError> {
    let key = tx.api_keys_of(user)?.into_iter().find(|key| key.id() == id);
    key.ok_or(StoreError::Refused(UNKNOWN))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::clock::Timestamp;
    use crate::domain::users::tests::{new, store};
    use crate::model::api_key::{KeyName, Scope, Scopes};
    use crate::model::user::Role;
    use crate::store::Store;

    fn key(user: &User, number: u8, scopes: &[Scope]) -> ApiKey {
        ApiKey {
            user: user.id,
            name: KeyName::parse(&format!("key {number}")).unwrap(),
            scopes: Scopes::of(scopes.iter().copied()),
            hash: [number; 32],
            last_four: "abcd".into(),
            created_at: Timestamp(1),
            last_used: Timestamp(0),
        }
    }

    fn account(store: &Store, name: &str, role: Role) -> User {
        store.write(|tx| users::create(tx, new(name, role), Timestamp(1))).unwrap()
    }

    fn refused<T: std::fmt::Debug>(result: Result<T, StoreError>) -> &'static str {
        match result {
            Err(StoreError::Refused(why)) => why,
            other => panic!("not refused: {other:?}"),
        }
    }

    #[test]
    fn rules_of_a_new_key() {
        let (_directory, store) = store();
        account(&store, "owner", Role::Super);
        let viewer = account(&store, "vera", Role::Viewer);
        let try_add = |key: &ApiKey| store.write(|tx| add(tx, key));
        assert_eq!(refused(try_add(&key(&viewer, 1, &[]))), NO_SCOPE);
        for beyond in [Scope::Post, Scope::Export] {
            assert_eq!(refused(try_add(&key(&viewer, 1, &[Scope::Read, beyond]))), BEYOND_ROLE);
        }
        for number in 1..=KEYS_PER_USER_MAX as u8 {
            try_add(&key(&viewer, number, &[Scope::Read, Scope::Write])).unwrap();
        }
        assert_eq!(refused(try_add(&key(&viewer, 99, &[Scope::Read]))), TOO_MANY);
        store.write(|tx| revoke(tx, viewer.id, &key(&viewer, 1, &[]).id())).unwrap();
        assert_eq!(refused(try_add(&key(&viewer, 2, &[Scope::Read]))), NAME_TAKEN);
        let stranger = User { id: UserId(99), ..viewer };
        assert_eq!(refused(try_add(&key(&stranger, 3, &[Scope::Read]))), users::UNKNOWN);
    }

    #[test]
    fn nobody_ends_the_key_of_somebody_else() {
        let (_directory, store) = store();
        let owner = account(&store, "owner", Role::Super);
        let admin = account(&store, "anna", Role::Admin);
        let user = account(&store, "uwe", Role::User);
        let keys = [&owner, &admin, &user].map(|it| key(it, it.id.0 as u8, &[Scope::Post]));
        store.write(|tx| keys.iter().try_for_each(|key| add(tx, key))).unwrap();
        let id = keys[0].id();
        assert_eq!(refused(store.write(|tx| revoke(tx, user.id, &id))), UNKNOWN);
        assert_eq!(refused(store.write(|tx| replace(tx, user.id, &id, ApiKey::clone))), UNKNOWN);
        assert_eq!(refused(store.write(|tx| revoke(tx, owner.id, ""))), UNKNOWN);
        let by = |actor: &User, whose: usize| {
            store.write(|tx| revoke_of(tx, actor, keys[whose].user, &keys[whose].id()))
        };
        assert_eq!(refused(by(&admin, 0)), users::SUPER_FIXED);
        assert_eq!(refused(by(&user, 1)), users::NOT_ALLOWED);
        assert_eq!(by(&admin, 2).unwrap().0.id, user.id);
        assert_eq!(store.read(|tx| tx.api_keys_of(user.id)).unwrap(), []);
    }
}
