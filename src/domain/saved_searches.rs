//! Searches people keep under a name. Everybody has their own; whose is asked for is part of every
//! call, so that nobody gets at another's.

use crate::base::clock::Timestamp;
use crate::base::limits::SAVED_SEARCHES_MAX;
use crate::model::saved_search::{SavedSearch, SearchId, SearchName, SearchQuery, SearchScope};
use crate::model::user::UserId;
use crate::store::{StoreError, WriteTx};

/// Refusal: the list is full.
pub const TOO_MANY: &str = "there are too many saved searches: delete one first";

/// Keeps `query` as `name`, in place of what `owner` kept under that name before.
///
/// # Errors
/// [`StoreError::Refused`] when the list is full.
pub fn save(
    tx: &WriteTx,
    owner: UserId,
    name: SearchName,
    (scope, query): (SearchScope, SearchQuery),
    now: Timestamp,
) -> Result<SavedSearch, StoreError> {
    let before = tx.saved_searches(owner)?;
    let same = before.iter().find(|search| search.name == name).map(|search| search.id);
    if same.is_none() && before.len() >= SAVED_SEARCHES_MAX {
        return Err(StoreError::Refused(TOO_MANY));
    }
    let last = before.last().map_or(0, |search| search.id.0);
    let id = same.unwrap_or(SearchId(last.saturating_add(1)));
    let search = SavedSearch { owner, id, name, scope, query, saved_at: now };
    tx.put_saved_search(&search)?;
    Ok(search)
}

/// Gives the saved search `id` of `owner` another name; `None` when there is none. A search that
/// had the name already gives way.
pub fn rename(
    tx: &WriteTx,
    owner: UserId,
    id: SearchId,
    name: SearchName,
) -> Result<Option<SavedSearch>, StoreError> {
    let all = tx.saved_searches(owner)?;
    let Some(found) = all.iter().find(|search| search.id == id) else { return Ok(None) };
    for other in all.iter().filter(|other| other.id != id && other.name == name) {
        tx.delete_saved_search(owner, other.id)?;
    }
    let renamed = SavedSearch { name, ..found.clone() };
    tx.put_saved_search(&renamed)?;
    Ok(Some(renamed))
}

/// Forgets the saved search `id` of `owner`; `false` when there is none.
pub fn delete(tx: &WriteTx, owner: UserId, id: SearchId) -> Result<bool, StoreError> {
    tx.delete_saved_search(owner, id)
}

/// Forgets all searches of `owner`, whose account goes.
pub fn delete_all(tx: &WriteTx, owner: UserId) -> Result<(), StoreError> {
    for search in tx.saved_searches(owner)? {
        tx.delete_saved_search(owner, search.id)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::{Store, StoreOptions};

    fn name(text: &str) -> SearchName {
        SearchName::parse(text).unwrap()
    }

    fn what(text: &str) -> (SearchScope, SearchQuery) {
        (SearchScope::Plates, SearchQuery::parse(text.to_owned()).unwrap())
    }

    #[test]
    fn everybody_has_their_own() {
        let directory = tempfile::tempdir().unwrap();
        let store = Store::open(directory.path(), StoreOptions::default()).unwrap();
        let (anna, ben) = (UserId(1), UserId(2));
        let now = Timestamp(7);
        let saved = store
            .write(|tx| {
                save(tx, anna, name("Gate"), what("camera=u/1"), now)?;
                save(tx, ben, name("Gate"), what("color=red"), now)?;
                save(tx, anna, name("Gate"), what("camera=u/2"), now)
            })
            .unwrap();
        assert_eq!((saved.id, saved.query.as_str()), (SearchId(1), "camera=u/2"));
        let count = |owner| store.read(|tx| Ok(tx.saved_searches(owner)?.len())).unwrap();
        assert_eq!((count(anna), count(ben)), (1, 1));
        store
            .write(|tx| {
                let other = save(tx, anna, name("Yard"), what(""), now)?;
                assert!(rename(tx, ben, other.id, name("x"))?.is_none());
                assert!(!delete(tx, ben, other.id)?);
                let renamed = rename(tx, anna, other.id, name("Gate"))?.unwrap();
                assert_eq!(tx.saved_searches(anna)?, [renamed]);
                delete_all(tx, anna)
            })
            .unwrap();
        assert_eq!((count(anna), count(ben)), (0, 1));
    }

    #[test]
    fn the_list_ends() {
        let directory = tempfile::tempdir().unwrap();
        let store = Store::open(directory.path(), StoreOptions::default()).unwrap();
        let add = |number: usize| {
            let name = name(&format!("Search {number}"));
            store.write(|tx| save(tx, UserId(1), name.clone(), what(""), Timestamp(0)))
        };
        for number in 0..SAVED_SEARCHES_MAX {
            add(number).unwrap();
        }
        assert!(matches!(add(SAVED_SEARCHES_MAX), Err(StoreError::Refused(TOO_MANY))));
        add(0).unwrap();
    }
}
