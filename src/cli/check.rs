//! `check`: reads the store from end to end and says what does not fit together. Changes nothing.

use std::path::Path;

use crate::auth::second_factor;
use crate::base::secret::Kept;
use crate::model::password_hash::PasswordHash;
use crate::model::user::{Role, UserId};
use crate::store::{ReadTx, Store, StoreError};

use super::{Failure, open_existing_store, say};

/// One part of the store that is checked: its name, and what finds its problems.
type Part = (&'static str, fn(&Store) -> Result<Vec<String>, StoreError>);

/// Everything that is checked, in this order.
const PARTS: &[Part] = &[
    ("accounts", |store| store.read(accounts)),
    ("keys", |store| store.read(keys)),
    ("sessions", |store| store.read(sessions)),
    ("second factors", |store| store.read(second_factors)),
    ("secrets", |store| store.read(secrets)),
    ("audit log", audit),
    ("captures and images", captures),
    ("identities", identities),
];

/// Checks the store in `data` and prints a line for each part.
///
/// # Errors
/// [`Failure::Failed`] when there is no store, it cannot be opened, or anything is wrong with it.
pub fn run(data: &Path) -> Result<(), Failure> {
    let store = open_existing_store(data)?;
    let mut count = 0;
    for (name, check) in PARTS {
        let problems = match check(&store) {
            Ok(problems) => problems,
            Err(error) => vec![error.to_string()],
        };
        count += problems.len();
        match problems.as_slice() {
            [] => say(&format!("{name}: ok"))?,
            problems => say(&format!("{name}: {}", problems.join("; ")))?,
        }
    }
    match count {
        0 => Ok(()),
        1 => Err(Failure::Failed("the store has a problem".into())),
        _ => Err(Failure::Failed(format!("the store has {count} problems"))),
    }
}

fn secrets(tx: &ReadTx) -> Result<Vec<String>, StoreError> {
    let lost = tx.lost_secrets()?;
    Ok(lost.iter().map(|name| format!("{name} cannot be read with this key")).collect())
}

fn audit(store: &Store) -> Result<Vec<String>, StoreError> {
    let chain = store.read(ReadTx::verify_audit)?;
    log::info!("followed {} entries of the audit log", chain.entries);
    Ok(chain.broken.into_iter().collect())
}

fn captures(store: &Store) -> Result<Vec<String>, StoreError> {
    let verified = store.verify()?;
    log::info!("read {} captures and {} images", verified.captures, verified.images);
    Ok(verified.problems)
}

fn identities(store: &Store) -> Result<Vec<String>, StoreError> {
    Ok(match store.read(ReadTx::dangling_identities)? {
        0 => Vec::new(),
        count => vec![format!("{count} uuids lead to a capture that does not exist")],
    })
}

fn accounts(tx: &ReadTx) -> Result<Vec<String>, StoreError> {
    let (users, names) = (tx.users()?, tx.usernames()?);
    let mut problems = Vec::new();
    for user in &users {
        let name = user.username.as_str();
        if !names.iter().any(|(known, id)| known == name && *id == user.id) {
            problems.push(format!("{name} is not in the list of names"));
        }
        if PasswordHash::parse(&user.password_hash).is_none() {
            problems.push(format!("the password hash of {name} cannot be read"));
        }
    }
    for (name, id) in &names {
        if !users.iter().any(|user| user.id == *id && user.username.as_str() == name) {
            problems.push(format!("the name {name} belongs to no account"));
        }
    }
    let supers = users.iter().filter(|user| user.role == Role::Super && !user.suspended).count();
    if supers != 1 && !users.is_empty() {
        problems.push(format!("there are {supers} active super admins instead of one"));
    }
    Ok(problems)
}

fn keys(tx: &ReadTx) -> Result<Vec<String>, StoreError> {
    let mut owners: Vec<UserId> = tx.api_keys()?.iter().map(|key| key.user).collect();
    owners.sort();
    let mut problems = without_account(tx, &owners, "key")?;
    let doubles = owners.windows(2).filter(|pair| matches!(pair, [a, b] if a == b));
    problems.extend(doubles.map(|_| "an account has two keys".to_owned()));
    Ok(problems)
}

fn sessions(tx: &ReadTx) -> Result<Vec<String>, StoreError> {
    let owners: Vec<UserId> = tx.sessions()?.iter().map(|session| session.user).collect();
    without_account(tx, &owners, "session")
}

fn second_factors(tx: &ReadTx) -> Result<Vec<String>, StoreError> {
    let factors = tx.second_factors()?;
    let owners: Vec<UserId> = factors.iter().map(|factor| factor.user).collect();
    let mut problems = without_account(tx, &owners, "second factor")?;
    for owner in owners {
        if matches!(tx.secret(&second_factor::secret_name(owner))?, Kept::Unset) {
            problems.push(format!("the second factor of account {} has no secret", owner.0));
        }
    }
    Ok(problems)
}

fn without_account(tx: &ReadTx, owners: &[UserId], what: &str) -> Result<Vec<String>, StoreError> {
    let users = tx.users()?;
    let lost = owners.iter().filter(|owner| !users.iter().any(|user| user.id == **owner));
    Ok(lost
        .map(|owner| format!("a {what} belongs to account {}, which is gone", owner.0))
        .collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::clock::Timestamp;
    use crate::model::second_factor::SecondFactor;
    use crate::model::user::{Email, Session, User, Username};
    use crate::store::{Store, StoreOptions};

    #[test]
    fn problems_are_found() {
        let directory = tempfile::tempdir().unwrap();
        assert!(run(&directory.path().join("nowhere")).is_err());
        assert!(!directory.path().join("nowhere").exists());
        let open = || Store::open(directory.path(), StoreOptions::default()).unwrap();
        drop(open());
        assert_eq!(run(directory.path()), Ok(()));
        let user = User {
            id: UserId(1),
            username: Username::parse("ann").unwrap(),
            email: Email::parse("a@example.org").unwrap(),
            name: String::new(),
            role: Role::Admin,
            suspended: false,
            password_hash: "plain".into(),
            time_zone: String::new(),
            created_at: Timestamp(0),
            details: crate::model::user::Details::default(),
            must_change_password: false,
            avatar: String::new(),
        };
        let session = Session {
            hash: [0; 32],
            user: UserId(9),
            created_at: Timestamp(0),
            last_used: Timestamp(0),
            address: String::new(),
            agent: String::new(),
        };
        let factor = SecondFactor {
            user: UserId(8),
            since: Timestamp(0),
            used: Vec::new(),
            recovery: Vec::new(),
        };
        open()
            .write(|tx| {
                tx.put_user(&user)?;
                tx.put_second_factor(&factor)?;
                tx.put_session(&session)
            })
            .unwrap();
        // The hash, the missing super admin, the lost session, the factor's account and secret.
        let failed = Failure::Failed("the store has 5 problems".into());
        assert_eq!(run(directory.path()), Err(failed));
        assert!(run(directory.path()).is_err(), "and again: nothing was changed");
        std::fs::write(directory.path().join("records.redb"), b"not a store").unwrap();
        assert!(matches!(run(directory.path()), Err(Failure::Failed(m)) if m.contains("open")));
    }
}
