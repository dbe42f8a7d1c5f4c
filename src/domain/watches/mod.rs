//! Watches and the alerts they raise: keeping them, holding every read against all of them, taking
//! care of what they found. Everybody has their own: whose is asked for is part of every call.

mod buckets;
pub mod fields;
pub mod file;
mod fire;
pub mod index;
pub mod record_test;
pub mod rekor;
pub mod report;
pub mod searches;
pub mod settings_part;
pub mod trial;

#[cfg(test)]
mod fire_tests;
#[cfg(test)]
mod record_test_tests;

pub use fire::fire;
pub use report::report;

use crate::base::clock::Timestamp;
use crate::base::limits::{MATCHES_HANDLED_MAX, WATCHES_MAX};
use crate::model::known_plate::Author;
use crate::model::user::UserId;
use crate::model::watch::{Handled, MatchFilter, MatchId, Watch, WatchId, WatchMatch};
use crate::store::{ReadTx, StoreError, WriteTx};

/// Refusal: the list is full.
pub const TOO_MANY: &str = "there are too many watches: delete some first";

/// Adds `watch`, which gets a number, for its owner.
///
/// # Errors
/// [`StoreError::Refused`] when there are too many.
pub fn add(tx: &WriteTx, watch: Watch) -> Result<Watch, StoreError> {
    if tx.watch_count()? >= WATCHES_MAX {
        return Err(StoreError::Refused(TOO_MANY));
    }
    let watch = Watch { id: tx.next_watch_id()?, ..watch };
    tx.put_watch(&watch)?;
    Ok(watch)
}

/// The watch `id` of `owner`; `None` when there is none, or it is another's.
pub fn of_owner(tx: &ReadTx, owner: UserId, id: WatchId) -> Result<Option<Watch>, StoreError> {
    Ok(tx.watch(id)?.filter(|watch| watch.owner == owner))
}

/// Writes `watch` in place of the owner's of the same number; what it was, `None` when there is none.
pub fn change(tx: &WriteTx, watch: &Watch) -> Result<Option<Watch>, StoreError> {
    let before = tx.watch(watch.id)?.filter(|before| before.owner == watch.owner);
    if before.is_some() {
        tx.put_watch(watch)?;
    }
    Ok(before)
}

/// Deletes the watch `id` of `owner`; its alerts stay. What it was, `None` when there is none.
pub fn delete(tx: &WriteTx, owner: UserId, id: WatchId) -> Result<Option<Watch>, StoreError> {
    let Some(watch) = tx.watch(id)?.filter(|watch| watch.owner == owner) else { return Ok(None) };
    tx.delete_watch(id)?;
    Ok(Some(watch))
}

/// The alert `id`, when `user` may see it: the owner of its watch or a contact.
pub fn alert(tx: &ReadTx, user: UserId, id: MatchId) -> Result<Option<WatchMatch>, StoreError> {
    Ok(tx.watch_match(id)?.filter(|row| row.is_seen_by(user)))
}

/// Notes that `by` took care of the alert `id` and what they said; `None` when they may not see it.
pub fn acknowledge(
    tx: &WriteTx,
    by: Author,
    id: MatchId,
    note: &str,
    now: Timestamp,
) -> Result<Option<WatchMatch>, StoreError> {
    let seen = tx.watch_match(id)?.is_some_and(|row| row.is_seen_by(by.user));
    if !seen {
        return Ok(None);
    }
    tx.set_handled(id, Some(Handled { by, at: now, note: note.to_owned() }))
}

/// Opens the alert `id` again on behalf of `user`; `None` when they may not see it.
pub fn reopen(tx: &WriteTx, user: UserId, id: MatchId) -> Result<Option<WatchMatch>, StoreError> {
    let seen = tx.watch_match(id)?.is_some_and(|row| row.is_seen_by(user));
    if seen { tx.set_handled(id, None) } else { Ok(None) }
}

/// The open alerts of `user` that `filter` wants, the newest first: what one press takes care of.
pub fn open_ones(
    tx: &ReadTx,
    user: UserId,
    filter: &MatchFilter,
) -> Result<Vec<MatchId>, StoreError> {
    let filter = MatchFilter { open: Some(true), ..filter.clone() };
    let page = tx.match_page(user, &filter, None, MATCHES_HANDLED_MAX)?;
    Ok(page.rows.into_iter().map(|row| row.id).collect())
}
