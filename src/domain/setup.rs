//! First run: the box belongs to whoever makes the first account, once and for ever.

use crate::base::clock::Timestamp;
use crate::model::user::{Role, User};
use crate::store::{ReadTx, StoreError, WriteTx};

use super::users::{self, NewUser};

/// Refusal: somebody was first.
pub const CLOSED: &str = "the box is already set up: sign in instead";

/// Whether nobody has set up the box yet.
pub fn is_open(tx: &ReadTx) -> Result<bool, StoreError> {
    // Numbers are never given twice, so a store whose accounts were lost does not open again.
    Ok(tx.user_count()? == 0 && tx.setting("users.last_id")?.is_none())
}

/// Makes the first account. Of two that try at once exactly one wins: writers take turns.
///
/// # Errors
/// [`StoreError::Refused`] with [`CLOSED`] when there is or was an account.
pub fn claim(tx: &WriteTx, new: NewUser, now: Timestamp) -> Result<User, StoreError> {
    if tx.user_count()? != 0 || tx.setting("users.last_id")?.is_some() {
        return Err(StoreError::Refused(CLOSED));
    }
    users::create(tx, NewUser { role: Role::Super, ..new }, now)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::users::tests::{new, store};
    use crate::model::user::UserId;

    #[test]
    fn exactly_one_of_many_visitors_wins() {
        let (_directory, store) = store();
        assert!(store.read(is_open).unwrap());
        let winners: Vec<User> = std::thread::scope(|scope| {
            let visitors: Vec<_> = (0..8)
                .map(|n| {
                    let store = &store;
                    scope.spawn(move || {
                        let visitor = new(&format!("visitor{n}"), Role::Viewer);
                        store.write(|tx| claim(tx, visitor, Timestamp(1)))
                    })
                })
                .collect();
            visitors.into_iter().filter_map(|visitor| visitor.join().unwrap().ok()).collect()
        });
        assert_eq!(winners.len(), 1);
        assert_eq!((winners[0].id, winners[0].role), (UserId(1), Role::Super));
        assert!(!store.read(is_open).unwrap());
        let late = store.write(|tx| claim(tx, new("late", Role::Super), Timestamp(2)));
        assert!(matches!(late, Err(StoreError::Refused(CLOSED))));
        assert_eq!(store.read(ReadTx::users).unwrap().len(), 1);
    }
}
