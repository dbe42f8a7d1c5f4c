//! Transactions on records.redb. Typed access to each table is in the table's own file, as
//! methods on these two types.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::sync::Arc;

use redb::{Key, TableDefinition, TableHandle as _, Value};

use super::StoreError;
use super::derived::Derived;
use super::images::Images;
use super::index::{Index, Staged};
use super::tables::{IMAGE_PLACES, POSTINGS, SLOTS};
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
    /// Rows of new captures that wait to be written together.
    pub(super) new_rows: RefCell<NewRows>,
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

/// Rows of new captures in tables that recording reads does not look into: opening a table costs
/// more than a row. They are written when somebody opens one of these tables, or at the commit.
#[derive(Default)]
pub(super) struct NewRows {
    /// Of [`SLOTS`].
    pub(super) slots: Vec<((u32, u16), u64)>,
    /// Of [`POSTINGS`].
    pub(super) postings: Vec<((u32, u64), u64)>,
    /// Of [`IMAGE_PLACES`].
    pub(super) places: Vec<((u64, u8), Vec<u8>)>,
}

impl NewRows {
    fn are_for(table: &str) -> bool {
        table == SLOTS.name() || table == POSTINGS.name() || table == IMAGE_PLACES.name()
    }
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
            new_rows: RefCell::default(),
            jobs_added: Cell::new(false),
            derived,
            watches_changed: Cell::new(false),
        }
    }

    pub(super) fn table<K: Key + 'static, V: Value + 'static>(
        &self,
        definition: TableDefinition<'_, K, V>,
    ) -> Result<redb::Table<'_, K, V>, StoreError> {
        if NewRows::are_for(definition.name()) {
            self.write_new_rows()?;
        }
        Ok(self.inner.open_table(definition)?)
    }

    /// Writes the rows that wait, in order of their keys.
    fn write_new_rows(&self) -> Result<(), StoreError> {
        let NewRows { mut slots, mut postings, mut places } = self.new_rows.take();
        if !slots.is_empty() {
            slots.sort_unstable();
            let mut table = self.inner.open_table(SLOTS)?;
            slots.iter().try_for_each(|(key, row)| table.insert(key, row).map(drop))?;
        }
        if !postings.is_empty() {
            postings.sort_unstable();
            let mut table = self.inner.open_table(POSTINGS)?;
            postings.iter().try_for_each(|(key, row)| table.insert(key, row).map(drop))?;
        }
        if !places.is_empty() {
            places.sort_unstable();
            let mut table = self.inner.open_table(IMAGE_PLACES)?;
            places.iter().try_for_each(|(key, row)| table.insert(key, row.as_slice()).map(drop))?;
        }
        Ok(())
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
        self.write_new_rows()?;
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
