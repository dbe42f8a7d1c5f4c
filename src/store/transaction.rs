//! Transactions on records.redb. Typed access to each table is in the table's own file, as
//! methods on these two types.

use redb::{Key, TableDefinition, Value};

use super::StoreError;

/// A view of the last commit.
pub struct ReadTx {
    inner: redb::ReadTransaction,
}

impl ReadTx {
    pub(super) fn new(inner: redb::ReadTransaction) -> Self {
        Self { inner }
    }

    pub(super) fn table<K: Key + 'static, V: Value + 'static>(
        &self,
        definition: TableDefinition<'_, K, V>,
    ) -> Result<redb::ReadOnlyTable<K, V>, StoreError> {
        Ok(self.inner.open_table(definition)?)
    }
}

/// A write transaction. Dropped without commit, it leaves nothing behind.
pub struct WriteTx {
    inner: redb::WriteTransaction,
}

impl WriteTx {
    pub(super) fn new(inner: redb::WriteTransaction) -> Self {
        Self { inner }
    }

    pub(super) fn table<K: Key + 'static, V: Value + 'static>(
        &self,
        definition: TableDefinition<'_, K, V>,
    ) -> Result<redb::Table<'_, K, V>, StoreError> {
        Ok(self.inner.open_table(definition)?)
    }

    pub(super) fn commit(self) -> Result<(), StoreError> {
        Ok(self.inner.commit()?)
    }
}
