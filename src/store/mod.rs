//! Everything the box keeps, on disk. The only layer that names redb.
//!
//! `records.redb` holds all records; JPEGs live in segments beside it (`images`), which are also
//! the journal of what was received (`journal`). One write transaction at a time; readers see the
//! last commit. This layer knows nouns and keys, not rules: what a duplicate is or who may do what
//! is decided in `domain`.

pub mod agent_links;
pub mod agents;
pub mod api_keys;
pub mod audit;
pub mod bans;
mod bell;
pub mod caches;
pub mod captures;
pub mod codec;
pub mod corrections;
pub mod counters;
mod derived;
mod details;
pub mod error;
pub mod files;
#[cfg(test)]
mod full_disk_tests;
#[cfg(fuzzing)]
pub mod fuzz;
pub mod identities;
pub mod images;
pub mod index;
pub mod jobs;
pub mod journal;
pub mod known_plates;
pub mod matches;
mod migrate;
pub mod plates;
pub mod query;
pub mod rekor;
pub mod reset_links;
pub mod saved_searches;
pub mod second_factors;
pub mod secrets;
pub mod sessions;
pub mod settings;
pub mod space;
pub mod tables;
#[cfg(test)]
pub(crate) mod tape;
pub mod transaction;
pub mod users;
pub mod values;
mod vault;
pub mod verify;
pub mod watches;
mod ways;

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::Duration;

use redb::ReadableDatabase as _;

pub use bell::Bell;
pub use captures::Figures;
pub use error::StoreError;
pub use index::IndexOptions;
pub(crate) use index::terms::{attribute_values, normal_value};
pub use transaction::{ReadTx, WriteTx};

use crate::base::clock::{Clock, Timestamp};
use crate::base::limits::{HANDLE_WAIT, HANDLE_WAIT_STEP, RECORDS_CACHE_BYTES};
use crate::model::capture::CaptureKey;
use images::{Images, ImagesOptions};
use journal::{Ahead, Commit, Recorder};
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
    /// Sizes of the image segments; smaller ones are for tests.
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
    images: Arc<Images>,
    /// How reads in the journal become records; `None` when none are expected there.
    recorder: Option<Recorder>,
    /// Whether that was done since the records were opened.
    replayed: Mutex<bool>,
    ahead: Mutex<Ahead>,
    floor: Floor,
    /// What was looked at and is not yet in the audit log.
    pending_audit: audit::Pending,
    /// Rings when jobs were queued.
    bell: Bell,
    /// What is kept of the watches.
    derived: Arc<derived::Derived>,
}

impl Store {
    /// Opens the store in `directory`, creating both when missing. What a crash left in the journal
    /// stays there; [`Self::open_with`] records it.
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

    /// Opens the store in `directory` as [`Self::open`] does and has `recorder` record what a crash
    /// left in the journal.
    ///
    /// # Errors
    /// As [`Self::open`].
    pub fn open_with(
        directory: &Path,
        options: StoreOptions,
        recorder: Recorder,
    ) -> Result<Self, StoreError> {
        let store = Self { recorder: Some(recorder), ..Self::open(directory, options)? };
        match store.with_records(|records| store.replay(records)) {
            // A box whose disk was filled by others must still start and show what it has.
            Err(StoreError::Full) => log::error!("the disk is too full to record the last reads"),
            done => done?,
        }
        Ok(store)
    }

    /// The parts put together, before anybody looked at the schema.
    fn assemble(directory: &Path, options: StoreOptions) -> Result<Self, StoreError> {
        let records = open_records(directory, &options)?;
        let vault = Arc::new(Vault::load(directory, options.credentials.as_deref()));
        let index = Arc::new(index::Index::new(options.index));
        let known = journal::position(&records)?;
        let images = Arc::new(Images::open(directory, options.images.clone(), known)?);
        Ok(Self {
            directory: directory.to_owned(),
            index,
            options,
            vault,
            records: RwLock::new(Some(Arc::new(records))),
            images,
            recorder: None,
            replayed: Mutex::default(),
            ahead: Mutex::default(),
            floor: Floor::new(directory, Clock::System),
            pending_audit: audit::Pending::default(),
            bell: Bell::default(),
            derived: Arc::default(),
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
        self.with_records(|records| work(&self.read_tx(records)?))
    }

    /// Runs `work` in a write transaction and commits it durably, with everything recorded before
    /// it; on an error nothing of it stays. Only after an I/O error it may be there all the same.
    pub fn write<T>(
        &self,
        work: impl FnOnce(&WriteTx) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        self.with_records(|records| self.commit(records, Commit::Now, work))
    }

    /// Runs `work` in a write transaction on `records`.
    fn commit<T>(
        &self,
        records: &redb::Database,
        commit: Commit,
        work: impl FnOnce(&WriteTx) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        let mut inner = records.begin_write()?;
        if self.ahead.lock().unwrap_or_else(PoisonError::into_inner).note(commit) {
            // Two-phase commit: restart is quick and a torn page is never taken for a root.
            inner.set_quick_repair(true);
        } else {
            inner.set_durability(redb::Durability::None)?;
        }
        let tx = self.write_tx(inner);
        // Into durable commits only: the journal knows nothing of the audit log.
        let durable = matches!(commit, Commit::Now);
        let looked_at = if durable { self.pending_audit.take() } else { Vec::new() };
        let done = (|| {
            looked_at.iter().try_for_each(|event| tx.audit(event))?;
            let value = work(&tx)?;
            let jobs_added = tx.jobs_added.get();
            tx.commit()?;
            if jobs_added {
                self.bell.ring();
            }
            Ok(value)
        })();
        if done.is_err() {
            self.pending_audit.put_back(looked_at);
        }
        done
    }

    /// Runs `work` on the records and opens them again when it met an I/O error.
    fn with_records<T>(
        &self,
        work: impl FnOnce(&redb::Database) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        // Held until the end: redb closes the file with its handle, even under a reader.
        let records = match self.records() {
            // The last attempt to open it failed.
            Err(StoreError::Poisoned) => self.reopen().and_then(|()| self.records())?,
            records => records?,
        };
        let done = work(&records);
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

    /// Makes all records durable and writes out what the search index holds in memory, so that the
    /// next start is quick. The store stays usable; without this call nothing is lost, the next
    /// start only takes longer.
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
        let records = Arc::new(open_records(&self.directory, &self.options)?);
        // What was not durable yet is gone; the journal has it.
        *self.replayed.lock().unwrap_or_else(PoisonError::into_inner) = false;
        self.derived.forget();
        let done = self.read_tx(&records).and_then(|tx| self.index.rebuild(&tx));
        let done = done.and_then(|()| self.recorder.map_or(Ok(()), |_| self.replay(&records)));
        *slot = Some(records);
        done
    }

    /// Rings when jobs were queued.
    pub const fn bell(&self) -> &Bell {
        &self.bell
    }

    /// The pictures.
    pub fn images(&self) -> &Images {
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

    fn read_tx(&self, records: &redb::Database) -> Result<ReadTx, StoreError> {
        let (vault, images) = (Arc::clone(&self.vault), Arc::clone(&self.images));
        Ok(ReadTx::new(records.begin_read()?, vault, images))
    }

    fn write_tx(&self, inner: redb::WriteTransaction) -> WriteTx {
        let (vault, images) = (Arc::clone(&self.vault), Arc::clone(&self.images));
        WriteTx::new(inner, vault, images, Arc::clone(&self.index), Arc::clone(&self.derived))
    }

    fn records(&self) -> Result<Arc<redb::Database>, StoreError> {
        let slot = self.records.read().unwrap_or_else(PoisonError::into_inner);
        slot.as_ref().map(Arc::clone).ok_or(StoreError::Poisoned)
    }
}

fn open_records(directory: &Path, options: &StoreOptions) -> Result<redb::Database, StoreError> {
    let path = directory.join("records.redb");
    let mut builder = redb::Database::builder();
    builder.set_cache_size(options.records_cache_bytes);
    #[cfg(test)]
    if let Some(tape) = &options.images.tape {
        return Ok(builder.create_with_backend(tape.backend(&path))?);
    }
    Ok(builder.create(path)?)
}
