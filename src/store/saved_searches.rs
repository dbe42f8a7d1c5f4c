//! Saved searches, under the number of their owner: nobody finds another's. What may be saved is
//! decided in `domain`.

use redb::ReadableTable;

use super::codec::{Reader, Writer};
use super::tables::SAVED_SEARCHES;
use super::{ReadTx, StoreError, WriteTx};
use crate::base::clock::Timestamp;
use crate::model::saved_search::{SavedSearch, SearchId, SearchName, SearchQuery, SearchScope};
use crate::model::user::UserId;

impl ReadTx {
    /// The saved searches of `owner`, in the order in which they were first saved.
    pub fn saved_searches(&self, owner: UserId) -> Result<Vec<SavedSearch>, StoreError> {
        all(&self.table(SAVED_SEARCHES)?, owner)
    }

    /// The saved search `id` of `owner`.
    pub fn saved_search(
        &self,
        owner: UserId,
        id: SearchId,
    ) -> Result<Option<SavedSearch>, StoreError> {
        let table = self.table(SAVED_SEARCHES)?;
        let row = table.get((owner.0, id.0))?;
        row.map(|record| decode(owner, id, record.value())).transpose()
    }
}

impl WriteTx {
    /// The saved searches of `owner`, as this transaction sees them.
    pub fn saved_searches(&self, owner: UserId) -> Result<Vec<SavedSearch>, StoreError> {
        all(&self.table(SAVED_SEARCHES)?, owner)
    }

    /// Writes `search`, new or changed.
    pub fn put_saved_search(&self, search: &SavedSearch) -> Result<(), StoreError> {
        let key = (search.owner.0, search.id.0);
        self.table(SAVED_SEARCHES)?.insert(key, encode(search).as_slice())?;
        Ok(())
    }

    /// Removes the saved search `id` of `owner`; `false` when there is none.
    pub fn delete_saved_search(&self, owner: UserId, id: SearchId) -> Result<bool, StoreError> {
        Ok(self.table(SAVED_SEARCHES)?.remove((owner.0, id.0))?.is_some())
    }
}

fn all(
    table: &impl ReadableTable<(u32, u32), &'static [u8]>,
    owner: UserId,
) -> Result<Vec<SavedSearch>, StoreError> {
    let mut searches = Vec::new();
    for row in table.range((owner.0, 0)..=(owner.0, u32::MAX))? {
        let (key, record) = row?;
        searches.push(decode(owner, SearchId(key.value().1), record.value())?);
    }
    Ok(searches)
}

/// Version 1.
fn encode(search: &SavedSearch) -> Vec<u8> {
    let mut writer = Writer::new(1);
    writer.text(search.name.as_str()).u8(search.scope as u8).text(search.query.as_str());
    writer.i64(search.saved_at.0);
    writer.finish()
}

pub(super) fn decode(
    owner: UserId,
    id: SearchId,
    record: &[u8],
) -> Result<SavedSearch, StoreError> {
    let mut reader = Reader::new(record)?;
    let damaged = || StoreError::Corrupt("saved search".into());
    let name = SearchName::parse(reader.text()?).ok_or_else(damaged)?;
    let scope = match reader.u8()? {
        0 => SearchScope::Plates,
        1 => SearchScope::Vehicles,
        _ => return Err(damaged()),
    };
    let query = SearchQuery::parse(reader.text()?.to_owned()).ok_or_else(damaged)?;
    Ok(SavedSearch { owner, id, name, scope, query, saved_at: Timestamp(reader.i64()?) })
}
