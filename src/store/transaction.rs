//! Transactions on records.redb. Typed access to each table is in the table's own file, as
//! methods on these two types.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::sync::Arc;

use redb::{Key, TableDefinition, Value};

use super::StoreError;
use super::derived::Derived;
use super::images::Images;
use super::index::{Index, Staged};
use super::vault::Vault;
use crate::model::agent::{Agent, Camera};

/// A view of the last commit.
pub struct ReadTx {
    inner: redb::ReadTransaction,
    /// Opens secrets.
    pub(super) vault: Arc<Vault>,
    /// Holds details as they came.
    pub(super) images: Arc<Images>,
}

impl ReadTx {
    pub(super) fn new(
        inner: redb::ReadTransaction,
        vault: Arc<Vault>,
        images: Arc<Images>,
    ) -> Self {
        Self { inner, vault, images }
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
    /// Seals and opens secrets.
    pub(super) vault: Arc<Vault>,
    /// Holds details as they came.
    pub(super) images: Arc<Images>,
    /// What readers know of the newest captures; see `index`.
    pub(super) index: Arc<Index>,
    /// Index changes of this transaction, written and published at its commit.
    pub(super) staged: RefCell<Staged>,
    /// Rows that every read of a batch changes, written once at the commit.
    pub(super) gathered: RefCell<Gathered>,
    /// Whether jobs wait that did not before.
    pub(super) jobs_added: Cell<bool>,
    /// What is kept of the watches, and whether they are different now.
    pub(super) derived: Arc<Derived>,
    pub(super) watches_changed: Cell<bool>,
}

/// Rows as a transaction leaves them.
#[derive(Default)]
pub(super) struct Gathered {
    /// What is added to tallies, by name.
    pub(super) tallies: BTreeMap<String, u64>,
    /// Agents by uid.
    pub(super) agents: BTreeMap<String, Agent>,
    /// Cameras by agent and number.
    pub(super) cameras: BTreeMap<(String, i64), Camera>,
}

impl WriteTx {
    pub(super) fn new(
        inner: redb::WriteTransaction,
        vault: Arc<Vault>,
        images: Arc<Images>,
        index: Arc<Index>,
        derived: Arc<Derived>,
    ) -> Self {
        Self {
            inner,
            vault,
            images,
            index,
            staged: RefCell::default(),
            gathered: RefCell::default(),
            jobs_added: Cell::new(false),
            derived,
            watches_changed: Cell::new(false),
        }
    }

    pub(super) fn table<K: Key + 'static, V: Value + 'static>(
        &self,
        definition: TableDefinition<'_, K, V>,
    ) -> Result<redb::Table<'_, K, V>, StoreError> {
        Ok(self.inner.open_table(definition)?)
    }

    /// Drops a table of an older schema, if it is there.
    pub(super) fn delete_table<K: Key + 'static, V: Value + 'static>(
        &self,
        definition: TableDefinition<'_, K, V>,
    ) -> Result<(), StoreError> {
        self.inner.delete_table(definition)?;
        Ok(())
    }

    pub(super) fn commit(self) -> Result<(), StoreError> {
        let gathered = self.gathered.take();
        self.write_tallies(gathered.tallies)?;
        self.write_agents(&gathered.agents, &gathered.cameras)?;
        let (published, values) = self.publish()?;
        if self.watches_changed.get() {
            // Before the commit: the next transaction must not find what this one made obsolete.
            self.derived.forget();
        }
        match self.inner.commit() {
            Ok(()) => {
                self.index.settle(&published, values);
                Ok(())
            }
            Err(error) => {
                self.index.roll_back(&published);
                Err(error.into())
            }
        }
    }
}
