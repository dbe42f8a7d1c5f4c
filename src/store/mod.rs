//! Everything the box keeps, on disk. The only layer that names redb.
//!
//! `records.redb` holds all records; JPEGs live in partitions beside it (`images`). One write
//! transaction at a time; readers see the last commit. This layer knows nouns and keys, not
//! rules: what a duplicate is or who may do what is decided in `domain`.

pub mod agents;
pub mod codec;
pub mod error;
pub mod identities;
pub mod settings;
pub mod tables;
pub mod transaction;

use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};

pub use error::StoreError;
pub use transaction::{ReadTx, WriteTx};

use crate::base::limits::RECORDS_CACHE_BYTES;

/// How to open a store.
#[derive(Clone, Debug)]
pub struct StoreOptions {
    /// Page cache of records.redb, bytes.
    pub records_cache_bytes: usize,
}

impl Default for StoreOptions {
    fn default() -> Self {
        Self { records_cache_bytes: RECORDS_CACHE_BYTES }
    }
}

/// The store of one data directory. Shared by all threads.
pub struct Store {
    directory: PathBuf,
    options: StoreOptions,
    /// Swapped for a fresh handle when redb refuses to go on after a full disk.
    records: RwLock<Arc<redb::Database>>,
}

impl Store {
    /// Opens the store in `directory`, creating both when missing.
    ///
    /// # Errors
    /// [`StoreError::Busy`] when another process has it open, [`StoreError::TooNew`] when a later
    /// version wrote it, [`StoreError::Storage`] when the disk refuses.
    pub fn open(directory: &Path, options: StoreOptions) -> Result<Self, StoreError> {
        std::fs::create_dir_all(directory)?;
        let records = open_records(directory, &options)?;
        let store = Self {
            directory: directory.to_owned(),
            options,
            records: RwLock::new(Arc::new(records)),
        };
        store.write(|tx| tables::create_all(tx))?;
        Ok(store)
    }

    /// The data directory.
    pub fn directory(&self) -> &Path {
        &self.directory
    }

    /// Runs `work` on the last committed state.
    pub fn read<T>(
        &self,
        work: impl FnOnce(&ReadTx) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        use redb::ReadableDatabase as _;
        let tx = ReadTx::new(self.records().begin_read()?);
        work(&tx)
    }

    /// Runs `work` in a write transaction and commits it durably; on an error nothing of it stays.
    pub fn write<T>(
        &self,
        work: impl FnOnce(&WriteTx) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        let mut inner = self.records().begin_write()?;
        // Two-phase commit: restart is quick and a torn page is never taken for a root.
        inner.set_quick_repair(true);
        let tx = WriteTx::new(inner);
        let value = work(&tx)?;
        tx.commit()?;
        Ok(value)
    }

    /// Opens records.redb again: the way out after redb saw an I/O error such as a full disk.
    pub fn reopen(&self) -> Result<(), StoreError> {
        let mut slot = self.records.write().unwrap_or_else(PoisonError::into_inner);
        // redb locks the file, so the old handle must be gone first: a throw-away takes its place.
        let placeholder =
            redb::Database::builder().create_with_backend(redb::backends::InMemoryBackend::new())?;
        *slot = Arc::new(placeholder);
        *slot = Arc::new(open_records(&self.directory, &self.options)?);
        Ok(())
    }

    fn records(&self) -> Arc<redb::Database> {
        Arc::clone(&self.records.read().unwrap_or_else(PoisonError::into_inner))
    }
}

fn open_records(directory: &Path, options: &StoreOptions) -> Result<redb::Database, StoreError> {
    Ok(redb::Database::builder()
        .set_cache_size(options.records_cache_bytes)
        .create(directory.join("records.redb"))?)
}
