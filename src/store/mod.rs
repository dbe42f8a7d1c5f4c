//! Everything the box keeps, on disk. The only layer that names redb.
//!
//! `records.redb` holds all records; JPEGs live in partitions beside it (`images`). One write
//! transaction at a time; readers see the last commit. This layer knows nouns and keys, not
//! rules: what a duplicate is or who may do what is decided in `domain`.

pub mod agents;
pub mod api_keys;
pub mod captures;
pub mod codec;
pub mod corrections;
pub mod counters;
pub mod error;
#[cfg(test)]
mod full_disk_tests;
pub mod identities;
pub mod images;
pub mod index;
pub mod known_plates;
mod migrate;
pub mod plates;
pub mod query;
pub mod rekor;
pub mod secrets;
pub mod sessions;
pub mod settings;
pub mod space;
pub mod tables;
pub mod transaction;
pub mod users;
pub mod values;
mod vault;
pub mod verify;

use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

pub use captures::Figures;
pub use error::StoreError;
pub use index::IndexOptions;
pub use transaction::{ReadTx, WriteTx};

use crate::base::clock::{Clock, Timestamp};
use crate::base::limits::{HANDLE_WAIT, HANDLE_WAIT_STEP, RECORDS_CACHE_BYTES};
use crate::model::capture::CaptureKey;
use images::{Images, ImagesOptions};
use space::Floor;
use vault::Vault;

/// How to open a store.
#[derive(Clone, Debug)]
pub struct StoreOptions {
    /// Page cache of records.redb, bytes.
    pub records_cache_bytes: usize,
    /// Directory of systemd credentials, one of which may be the key of the secrets.
    pub credentials: Option<PathBuf>,
    /// Sizes of the search index; smaller ones are for tests.
    pub index: IndexOptions,
    /// Sizes of the image partitions; smaller ones are for tests.
    pub images: ImagesOptions,
}

impl Default for StoreOptions {
    fn default() -> Self {
        Self {
            records_cache_bytes: RECORDS_CACHE_BYTES,
            credentials: None,
            index: IndexOptions::default(),
            images: ImagesOptions::default(),
        }
    }
}

/// The store of one data directory. Shared by all threads.
pub struct Store {
    directory: PathBuf,
    options: StoreOptions,
    vault: Arc<Vault>,
    /// The part of the search index that lives in memory.
    index: Arc<index::Index>,
    /// Swapped for a fresh handle when redb refuses to go on after a full disk. `None` only while
    /// that could not be opened.
    records: RwLock<Option<Arc<redb::Database>>>,
    images: Images,
    floor: Floor,
}

impl Store {
    /// Opens the store in `directory`, creating both when missing.
    ///
    /// # Errors
    /// [`StoreError::Busy`] when another process has it open, [`StoreError::TooNew`] when a later
    /// version wrote it, [`StoreError::Storage`] when the disk refuses.
    pub fn open(directory: &Path, options: StoreOptions) -> Result<Self, StoreError> {
        std::fs::create_dir_all(directory)?;
        let store = Self::assemble(directory, options)?;
        migrate::upgrade(&store)?;
        index::renew(&store)?;
        store.read(|tx| store.index.rebuild(tx))?;
        Ok(store)
    }

    /// The parts put together, before anybody looked at the schema.
    fn assemble(directory: &Path, options: StoreOptions) -> Result<Self, StoreError> {
        let records = open_records(directory, &options)?;
        let vault = Arc::new(Vault::load(directory, options.credentials.as_deref()));
        let index = Arc::new(index::Index::new(options.index));
        let images = Images::open(directory, options.images.clone())?;
        Ok(Self {
            directory: directory.to_owned(),
            index,
            options,
            vault,
            records: RwLock::new(Some(Arc::new(records))),
            images,
            floor: Floor::new(directory, Clock::System),
        })
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
        // Held until the end: redb closes the file with its handle, even under a reader.
        let records = self.records()?;
        let done = (|| work(&ReadTx::new(records.begin_read()?, Arc::clone(&self.vault))))();
        if done.is_err() {
            self.recover(records);
        }
        done
    }

    /// Runs `work` in a write transaction and commits it durably; on an error nothing of it stays.
    /// Only after an I/O error it may be there all the same.
    pub fn write<T>(
        &self,
        work: impl FnOnce(&WriteTx) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        let records = self.records()?;
        let done = (|| {
            let mut inner = records.begin_write()?;
            // Two-phase commit: restart is quick and a torn page is never taken for a root.
            inner.set_quick_repair(true);
            let tx = WriteTx::new(inner, Arc::clone(&self.vault), Arc::clone(&self.index));
            let value = work(&tx)?;
            tx.commit()?;
            Ok(value)
        })();
        if done.is_err() {
            self.recover(records);
        }
        done
    }

    /// After an I/O error redb refuses everything that is not in its cache, reads too, until the
    /// file is opened again; so that is done at once.
    fn recover(&self, records: Arc<redb::Database>) {
        use redb::{StorageError::PreviousIo, TransactionError::Storage};
        let poisoned = matches!(records.try_begin_write(), Err(Storage(PreviousIo)));
        drop(records);
        if poisoned && let Err(error) = self.reopen() {
            log::warn!("the store met an I/O error and cannot be reopened: {error}");
        }
    }

    /// Writes out what the search index holds in memory, so that the next start is quick. The store
    /// stays usable; without this call nothing is lost, the next start only takes longer.
    pub fn close(&self) -> Result<(), StoreError> {
        self.write(index::flush_all)
    }

    /// A fresh capture key for `time`.
    pub fn allocate_key(&self, time: Timestamp) -> CaptureKey {
        self.index.allocate_key(time)
    }

    /// Opens records.redb again: the way out after redb saw an I/O error such as a full disk.
    /// [`Self::read`] and [`Self::write`] do it by themselves when they meet one. Waits a moment for
    /// transactions under way; until then the old handle serves reads.
    ///
    /// # Errors
    /// [`StoreError::Busy`] when a transaction does not end in time: the old handle stays, call
    /// again. [`StoreError::Storage`] or [`StoreError::Full`] when the file cannot be opened:
    /// everything is [`StoreError::Poisoned`] until a later call succeeds.
    pub fn reopen(&self) -> Result<(), StoreError> {
        let mut slot = self.records.write().unwrap_or_else(PoisonError::into_inner);
        // redb locks the file, so the old handle must be gone first. No new user can come while
        // the slot is locked.
        if let Some(old) = slot.take() {
            let mut waited = Duration::ZERO;
            while Arc::strong_count(&old) > 1 {
                if waited >= HANDLE_WAIT {
                    *slot = Some(old);
                    return Err(StoreError::Busy);
                }
                std::thread::sleep(HANDLE_WAIT_STEP);
                waited += HANDLE_WAIT_STEP;
            }
        }
        *slot = Some(Arc::new(open_records(&self.directory, &self.options)?));
        drop(slot);
        self.read(|tx| self.index.rebuild(tx))
    }

    /// The pictures.
    pub const fn images(&self) -> &Images {
        &self.images
    }

    /// Whether free space is below the floor at which nothing new is taken.
    pub fn below_floor(&self) -> bool {
        self.floor.check().is_err()
    }

    /// Size of everything kept, bytes.
    pub fn bytes_on_disk(&self) -> u64 {
        let records = std::fs::metadata(self.directory.join("records.redb"));
        records.map_or(0, |facts| facts.len()) + self.images.bytes_on_disk()
    }

    /// Free space of the file system, bytes; 0 when it cannot be told.
    pub fn free_bytes(&self) -> u64 {
        self.floor.free_bytes().unwrap_or(0)
    }

    fn records(&self) -> Result<Arc<redb::Database>, StoreError> {
        let slot = self.records.read().unwrap_or_else(PoisonError::into_inner);
        slot.as_ref().map(Arc::clone).ok_or(StoreError::Poisoned)
    }
}

fn open_records(directory: &Path, options: &StoreOptions) -> Result<redb::Database, StoreError> {
    Ok(redb::Database::builder()
        .set_cache_size(options.records_cache_bytes)
        .create(directory.join("records.redb"))?)
}
