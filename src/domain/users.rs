//! Accounts: who may be made, changed and suspended. Passwords arrive hashed and keys as records;
//! how they are made is the business of `auth`.

use crate::base::clock::Timestamp;
use crate::base::limits::{TEMPORARY_PASSWORD_MS, USERS_MAX};
use crate::model::password_hash::PasswordHash;
use crate::model::text;
use crate::model::user::{Details, Email, ResetLink, Role, User, UserId, Username};
use crate::store::{ReadTx, StoreError, WriteTx};

use super::person::Person;

/// Refusal: nobody else gets the first account's role.
pub const ONE_SUPER: &str = "there is exactly one super admin: choose another role";
/// Refusal: the first account stays what it is.
pub const SUPER_FIXED: &str = "the super admin can be neither suspended nor given another role";
/// Refusal: somebody must be able to manage the box.
pub const LAST_ADMIN: &str = "this is the last active administrator: name another one first";
/// Refusal: only administrators manage accounts, and only the super admin other administrators.
pub const NOT_ALLOWED: &str = "you may not change this account";
/// Refusal: the account is gone.
pub const UNKNOWN: &str = "there is no such account";
/// Refusal: the link cannot be used any more.
pub const LINK_OVER: &str = "this link is over or was used: ask for a new one";
/// Refusal: the list is full.
pub const TOO_MANY: &str = "there are too many accounts: ask whoever runs the box";
/// Refusal: not a zone.
pub const BAD_ZONE: &str = "the time zone is not known: use a name such as Europe/Berlin";

/// An account to be made.
pub struct NewUser {
    /// Name to sign in with.
    pub username: Username,
    /// Address.
    pub email: Email,
    /// Name people use, `""` when not given.
    pub name: String,
    /// Role.
    pub role: Role,
    /// Hash of the password.
    pub password_hash: PasswordHash,
    /// IANA time zone, `""` for the box's.
    pub time_zone: String,
}

/// Makes an account. The first of all is the super admin whatever `role` says; no other is.
///
/// # Errors
/// [`StoreError::Refused`] with a sentence when a rule is against it.
pub fn create(tx: &WriteTx, new: NewUser, now: Timestamp) -> Result<User, StoreError> {
    let count = tx.user_count()?;
    if count >= USERS_MAX as u64 {
        return Err(StoreError::Refused(TOO_MANY));
    }
    let role = match (count, new.role) {
        (0, _) => Role::Super,
        (_, Role::Super) => return Err(StoreError::Refused(ONE_SUPER)),
        (_, role) => role,
    };
    let user = User {
        id: tx.next_user_id()?,
        username: new.username,
        email: new.email,
        name: text::clean(&new.name),
        role,
        suspended: false,
        password_hash: new.password_hash.to_string(),
        time_zone: zone(&new.time_zone)?,
        created_at: now,
        details: Details::default(),
        must_change_password: false,
        avatar: String::new(),
    };
    tx.put_user(&user)?;
    Ok(user)
}

/// The account named `username` in any spelling.
pub fn by_username(tx: &ReadTx, username: &str) -> Result<Option<User>, StoreError> {
    Username::parse(username).map_or(Ok(None), |name| tx.user_by_name(&name))
}

/// All accounts by number.
pub fn list(tx: &ReadTx) -> Result<Vec<User>, StoreError> {
    tx.users()
}

/// Changes what is known of the person, and the time zone.
///
/// # Errors
/// [`StoreError::Refused`] when the account is gone or the zone unknown.
pub fn set_profile(
    tx: &WriteTx,
    id: UserId,
    person: &Person,
    time_zone: &str,
) -> Result<User, StoreError> {
    let mut user = existing(tx, id)?;
    person.put_into(&mut user);
    user.time_zone = zone(time_zone)?;
    tx.put_user(&user)?;
    Ok(user)
}

/// Replaces the password and ends all sessions of the account but `keep`.
///
/// # Errors
/// [`StoreError::Refused`] when the account is gone.
pub fn set_password(
    tx: &WriteTx,
    id: UserId,
    hash: &PasswordHash,
    keep: Option<[u8; 32]>,
) -> Result<User, StoreError> {
    let mut user = existing(tx, id)?;
    user.password_hash = hash.to_string();
    user.must_change_password = false;
    tx.put_user(&user)?;
    tx.put_password_end(id, None)?;
    tx.delete_sessions(|session| session.user == id && Some(session.hash) != keep)?;
    tx.delete_reset_links(|link| link.user == id)?;
    Ok(user)
}

/// Sets a password of `target` on behalf of `actor`; its owner has to change it at the next sign-in.
///
/// # Errors
/// [`StoreError::Refused`] with a sentence when a rule is against it.
pub fn set_temporary_password(
    tx: &WriteTx,
    actor: &User,
    target: UserId,
    hash: &PasswordHash,
    now: Timestamp,
) -> Result<User, StoreError> {
    managed(tx, actor, target)?;
    make_temporary(tx, set_password(tx, target, hash, None)?, now)
}

/// Says that somebody else set the password of `user`: it has to be changed before anything else,
/// and does not work for ever.
pub fn make_temporary(tx: &WriteTx, mut user: User, now: Timestamp) -> Result<User, StoreError> {
    user.must_change_password = true;
    tx.put_user(&user)?;
    tx.put_password_end(user.id, Some(now.plus_ms(TEMPORARY_PASSWORD_MS)))?;
    Ok(user)
}

/// Says that the password of account `id` is good enough no more: its owner has to change it before
/// anything else.
///
/// # Errors
/// [`StoreError::Refused`] when the account is gone.
pub fn demand_new_password(tx: &WriteTx, id: UserId) -> Result<User, StoreError> {
    let user = User { must_change_password: true, ..existing(tx, id)? };
    tx.put_user(&user)?;
    Ok(user)
}

/// Whether the temporary password of `user` works no more; also when it works for longer than any
/// does, because the clock was wrong when it was made.
pub fn password_is_over(tx: &ReadTx, user: &User, now: Timestamp) -> Result<bool, StoreError> {
    let end = tx.password_end(user.id)?.filter(|_| user.must_change_password);
    Ok(end.is_some_and(|end| !(0..=TEMPORARY_PASSWORD_MS).contains(&end.since(now))))
}

/// Makes `link` the only way to set the password of its account, on behalf of `actor`. The password
/// so far stays valid until the link is used.
///
/// # Errors
/// [`StoreError::Refused`] with a sentence when a rule is against it.
pub fn put_reset_link(tx: &WriteTx, actor: &User, link: &ResetLink) -> Result<User, StoreError> {
    let user = managed(tx, actor, link.user)?;
    tx.delete_reset_links(|known| known.user == link.user)?;
    tx.put_reset_link(link)?;
    Ok(user)
}

/// The active account whose password the link with this hash may set at `now`.
pub fn reset_link_user(
    tx: &ReadTx,
    hash: &[u8; 32],
    now: Timestamp,
) -> Result<Option<User>, StoreError> {
    let Some(link) = tx.reset_link(hash)?.filter(|link| link.is_live(now)) else {
        return Ok(None);
    };
    Ok(tx.user(link.user)?.filter(|user| !user.suspended))
}

/// Sets the password with the link of this hash, which is used up by that.
///
/// # Errors
/// [`StoreError::Refused`] with [`LINK_OVER`] when it is over or was used.
pub fn use_reset_link(
    tx: &WriteTx,
    link: &[u8; 32],
    hash: &PasswordHash,
    now: Timestamp,
) -> Result<User, StoreError> {
    let link = tx.reset_link(link)?.filter(|link| link.is_live(now));
    let link = link.ok_or(StoreError::Refused(LINK_OVER))?;
    if existing(tx, link.user)?.suspended {
        return Err(StoreError::Refused(LINK_OVER));
    }
    set_password(tx, link.user, hash, None)
}

/// Changes what is known of the person `target`, on behalf of `actor`, who may be the same.
///
/// # Errors
/// [`StoreError::Refused`] with a sentence when a rule is against it.
pub fn set_person(
    tx: &WriteTx,
    actor: &User,
    target: UserId,
    person: &Person,
) -> Result<User, StoreError> {
    let mut user =
        if actor.id == target { existing(tx, target)? } else { managed(tx, actor, target)? };
    person.put_into(&mut user);
    tx.put_user(&user)?;
    Ok(user)
}

/// Gives `target` another role on behalf of `actor`.
///
/// # Errors
/// [`StoreError::Refused`] with a sentence when a rule is against it.
pub fn set_role(
    tx: &WriteTx,
    actor: &User,
    target: UserId,
    role: Role,
) -> Result<User, StoreError> {
    let mut user = managed(tx, actor, target)?;
    if role == Role::Super {
        return Err(StoreError::Refused(ONE_SUPER));
    }
    if role >= existing(tx, actor.id)?.role {
        return Err(StoreError::Refused(NOT_ALLOWED));
    }
    user.role = role;
    put_keeping_an_admin(tx, &user)?;
    Ok(user)
}

/// Suspends `target`, which also ends its sessions, or lets it in again.
///
/// # Errors
/// [`StoreError::Refused`] with a sentence when a rule is against it.
pub fn set_suspended(
    tx: &WriteTx,
    actor: &User,
    target: UserId,
    suspended: bool,
) -> Result<User, StoreError> {
    let mut user = managed(tx, actor, target)?;
    user.suspended = suspended;
    put_keeping_an_admin(tx, &user)?;
    if suspended {
        tx.delete_sessions(|session| session.user == target)?;
    }
    Ok(user)
}

/// Suspends `user`, which also ends its sessions. Accounts are never removed, so that what they did
/// stays theirs.
///
/// # Errors
/// [`StoreError::Refused`] for the super admin.
pub fn retire(tx: &WriteTx, user: &User) -> Result<(), StoreError> {
    if user.role == Role::Super {
        return Err(StoreError::Refused(SUPER_FIXED));
    }
    tx.put_user(&User { suspended: true, ..user.clone() })?;
    tx.delete_sessions(|session| session.user == user.id)?;
    Ok(())
}

/// `name` as the tz database spells it; `""` stays.
///
/// # Errors
/// [`StoreError::Refused`] when there is no such zone.
pub fn zone(name: &str) -> Result<String, StoreError> {
    super::settings::parse_zone(name).ok_or(StoreError::Refused(BAD_ZONE))
}

/// The account `id`, as this transaction sees it.
pub(super) fn existing(tx: &WriteTx, id: UserId) -> Result<User, StoreError> {
    tx.user(id)?.ok_or(StoreError::Refused(UNKNOWN))
}

/// `target`, when `actor` may manage it. The actor is read again: its rights may have gone.
///
/// # Errors
/// [`StoreError::Refused`] with a sentence when it may not.
pub fn managed(tx: &WriteTx, actor: &User, target: UserId) -> Result<User, StoreError> {
    let actor = existing(tx, actor.id)?;
    let user = existing(tx, target)?;
    if user.role == Role::Super {
        return Err(StoreError::Refused(SUPER_FIXED));
    }
    let may = actor.role >= Role::Admin && !actor.suspended && actor.role > user.role;
    if may { Ok(user) } else { Err(StoreError::Refused(NOT_ALLOWED)) }
}

/// Writes `user`, unless nobody could manage the box afterwards.
fn put_keeping_an_admin(tx: &WriteTx, user: &User) -> Result<(), StoreError> {
    tx.put_user(user)?;
    let manages = |user: &User| user.role >= Role::Admin && !user.suspended;
    if tx.users()?.iter().any(manages) { Ok(()) } else { Err(StoreError::Refused(LAST_ADMIN)) }
}

#[cfg(test)]
pub(super) mod tests {
    use super::super::person::PersonForm;
    use super::*;
    use crate::model::user::Session;
    use crate::store::{Store, StoreOptions};

    pub(in crate::domain) const HASH: &str = "$argon2id$v=19$m=19456,t=2,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

    pub(in crate::domain) fn store() -> (tempfile::TempDir, Store) {
        let directory = tempfile::tempdir().unwrap();
        let store = Store::open(directory.path(), StoreOptions::default()).unwrap();
        (directory, store)
    }

    pub(in crate::domain) fn new(username: &str, role: Role) -> NewUser {
        NewUser {
            username: Username::parse(username).unwrap(),
            email: Email::parse("a@example.org").unwrap(),
            name: String::new(),
            role,
            password_hash: PasswordHash::parse(HASH).unwrap(),
            time_zone: String::new(),
        }
    }

    fn add(store: &Store, username: &str, role: Role) -> User {
        store.write(|tx| create(tx, new(username, role), Timestamp(1))).unwrap()
    }

    fn refusal<T: std::fmt::Debug>(result: Result<T, StoreError>) -> &'static str {
        match result {
            Err(StoreError::Refused(why)) => why,
            other => panic!("not refused: {other:?}"),
        }
    }

    #[test]
    fn the_first_account_is_the_super_admin_and_the_only_one() {
        let (_directory, store) = store();
        let first = add(&store, "First", Role::Viewer);
        assert_eq!((first.id, first.role), (UserId(1), Role::Super));
        let again = store.write(|tx| create(tx, new("second", Role::Super), Timestamp(1)));
        assert_eq!(refusal(again), ONE_SUPER);
        assert_eq!(add(&store, "second", Role::User).role, Role::User);
        let taken = store.write(|tx| create(tx, new("SECOND", Role::User), Timestamp(1)));
        assert_eq!(refusal(taken), crate::store::users::USERNAME_TAKEN);
        for (name, expected) in [(" FIRST ", true), ("nobody", false), ("", false), ("a\0", false)]
        {
            let found = store.read(|tx| by_username(tx, name)).unwrap();
            assert_eq!(found.is_some(), expected, "{name}");
        }
        assert_eq!(store.read(list).unwrap().len(), 2);
    }

    #[test]
    fn role_rules() {
        let (_directory, store) = store();
        let owner = add(&store, "owner", Role::Super);
        let admin = add(&store, "admin", Role::Admin);
        let other = add(&store, "other", Role::Admin);
        let user = add(&store, "user", Role::User);
        for (actor, target, role, expected) in [
            (&owner, &owner, Role::User, Some(SUPER_FIXED)),
            (&admin, &owner, Role::Viewer, Some(SUPER_FIXED)),
            (&owner, &user, Role::Super, Some(ONE_SUPER)),
            (&user, &user, Role::Admin, Some(NOT_ALLOWED)),
            (&admin, &admin, Role::User, Some(NOT_ALLOWED)),
            (&admin, &other, Role::User, Some(NOT_ALLOWED)),
            (&admin, &user, Role::Viewer, None),
            (&owner, &other, Role::User, None),
            (&other, &user, Role::Admin, Some(NOT_ALLOWED)), // `other` was demoted meanwhile
        ] {
            let result = store.write(|tx| set_role(tx, actor, target.id, role));
            match expected {
                Some(why) => assert_eq!(refusal(result), why),
                None => assert_eq!(result.unwrap().role, role),
            }
        }
        let gone = store.write(|tx| set_role(tx, &owner, UserId(99), Role::User));
        assert_eq!(refusal(gone), UNKNOWN);
    }

    #[test]
    fn the_owner_cannot_be_suspended_and_suspension_ends_sessions() {
        let (_directory, store) = store();
        let owner = add(&store, "owner", Role::Super);
        let admin = add(&store, "admin", Role::Admin);
        for actor in [&owner, &admin] {
            let result = store.write(|tx| set_suspended(tx, actor, owner.id, true));
            assert_eq!(refusal(result), SUPER_FIXED);
        }
        let session = Session {
            hash: [1; 32],
            user: admin.id,
            created_at: Timestamp(1),
            last_used: Timestamp(1),
            address: String::new(),
            agent: String::new(),
        };
        store.write(|tx| tx.put_session(&session)).unwrap();
        store.write(|tx| set_suspended(tx, &owner, admin.id, true)).unwrap();
        assert!(store.read(|tx| tx.session(&[1; 32])).unwrap().is_none());
        let own = store.write(|tx| set_suspended(tx, &admin, admin.id, false));
        assert_eq!(refusal(own), NOT_ALLOWED, "nobody lets himself in again");
        assert!(!store.write(|tx| set_suspended(tx, &owner, admin.id, false)).unwrap().suspended);
    }

    #[test]
    fn a_new_password_ends_other_sessions() {
        let (_directory, store) = store();
        let owner = add(&store, "owner", Role::Super);
        let hash = PasswordHash::parse(HASH).unwrap();
        store
            .write(|tx| {
                for n in 1..=3 {
                    tx.put_session(&Session {
                        hash: [n; 32],
                        user: if n == 3 { UserId(9) } else { owner.id },
                        created_at: Timestamp(1),
                        last_used: Timestamp(1),
                        address: String::new(),
                        agent: String::new(),
                    })?;
                }
                set_password(tx, owner.id, &hash, Some([2; 32]))
            })
            .unwrap();
        let left = store.read(ReadTx::sessions).unwrap();
        assert_eq!(left.iter().map(|s| s.hash[0]).collect::<Vec<_>>(), [2, 3]);
    }

    #[test]
    fn profiles_are_cleaned_and_zones_checked() {
        let (_directory, store) = store();
        let owner = add(&store, "owner", Role::Super);
        let form =
            PersonForm { email: "b@example.org", name: " A\nB\u{7} ", ..PersonForm::default() };
        let person = Person::parse(form).unwrap();
        let set = |zone| store.write(|tx| set_profile(tx, owner.id, &person, zone));
        let changed = set("europe/berlin").unwrap();
        assert_eq!((changed.name.as_str(), changed.time_zone.as_str()), ("AB", "Europe/Berlin"));
        for zone in ["Europe/Nowhere", "../../etc/passwd", "\0", &"x".repeat(10_000)] {
            assert_eq!(refusal(set(zone)), BAD_ZONE);
        }
    }
}
