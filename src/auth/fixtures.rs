//! What the tests of this layer share: a store and accounts in it.

use crate::base::clock::Timestamp;
use crate::model::user::{Details, Email, Role, User, Username};
use crate::store::{Store, StoreOptions};

/// A plausible instant.
pub(crate) const NOW: Timestamp = Timestamp(1_790_000_000_000);

/// An empty store; the directory goes when the first value is dropped.
pub(crate) fn store() -> (tempfile::TempDir, Store) {
    let directory = tempfile::tempdir().unwrap();
    let store = Store::open(directory.path(), StoreOptions::default()).unwrap();
    (directory, store)
}

/// A stored account without a password.
pub(crate) fn user(store: &Store, username: &str, role: Role) -> User {
    store
        .write(|tx| {
            let user = User {
                id: tx.next_user_id()?,
                username: Username::parse(username).unwrap(),
                email: Email::parse("a@example.org").unwrap(),
                name: String::new(),
                role,
                suspended: false,
                password_hash: String::new(),
                time_zone: String::new(),
                created_at: NOW,
                details: Details::default(),
                must_change_password: false,
                avatar: String::new(),
            };
            tx.put_user(&user)?;
            Ok(user)
        })
        .unwrap()
}
