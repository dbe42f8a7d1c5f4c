//! One partition file and its handle: created, opened, repaired, read, closed. Knows nothing of
//! its siblings, nor who writes.
//!
//! A partition has one of three states on disk. *Active*: written to. *Closed*: no longer written
//! to; it may need a repair. *Sealed*: closed, whole and without write permission, which is the
//! mark that spares a look inside at every start.

use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use redb::{Database, DatabaseError, ReadOnlyDatabase, ReadTransaction, ReadableDatabase as _};

use super::place::ImagePlace;
use super::stream::{self, HEADER_BYTES, Header, STREAM, SUMMARY, Summary};
use crate::base::limits::{HANDLE_WAIT, HANDLE_WAIT_STEP, SEALED_CACHE_BYTES};
use crate::model::capture::{CaptureKey, ImageKind};
use crate::store::StoreError;

/// One file of JPEGs.
pub(super) struct Partition {
    pub(super) number: u32,
    pub(super) path: PathBuf,
    state: Mutex<State>,
    /// Bytes the file takes on disk, as last looked at.
    bytes: AtomicU64,
}

struct State {
    handle: Option<Handle>,
    sealed: bool,
    /// Found damaged since the start: sealing does not try again.
    damaged: bool,
    summary: Option<Summary>,
}

#[derive(Clone)]
enum Handle {
    Writing(Arc<Database>),
    /// Was not closed properly. Repaired in memory and kept open, because closing it properly
    /// takes room that a full disk does not have.
    Repaired(Arc<Database>),
    Reading(Arc<ReadOnlyDatabase>),
}

impl Handle {
    fn begin_read(&self) -> Result<ReadTransaction, StoreError> {
        Ok(match self {
            Self::Writing(database) | Self::Repaired(database) => database.begin_read()?,
            Self::Reading(database) => database.begin_read()?,
        })
    }
}

/// Where partition `number` lies in `directory`.
pub(super) fn path_of(directory: &Path, number: u32) -> PathBuf {
    directory.join(format!("{number:04}.redb"))
}

impl Partition {
    /// The partition in `path`, which stays closed until it is needed.
    pub(super) fn new(number: u32, path: PathBuf) -> Result<Self, StoreError> {
        let facts = std::fs::metadata(&path)?;
        Ok(Self {
            number,
            path,
            bytes: AtomicU64::new(facts.blocks() * 512),
            state: Mutex::new(State {
                handle: None,
                sealed: facts.permissions().mode() & 0o222 == 0,
                damaged: false,
                summary: None,
            }),
        })
    }

    /// Makes an empty partition. It gets its name when it is whole, so a crash leaves a `.tmp`.
    pub(super) fn create(
        directory: &Path,
        number: u32,
        cache_bytes: usize,
    ) -> Result<(Self, Arc<Database>), StoreError> {
        let path = path_of(directory, number);
        let unfinished = path.with_extension("redb.tmp");
        remove_if_there(&unfinished)?;
        let made = (|| {
            let database = Database::builder().set_cache_size(cache_bytes).create(&unfinished)?;
            let tx = database.begin_write()?;
            tx.open_table(STREAM)?;
            tx.open_table(SUMMARY)?;
            tx.commit()?;
            std::fs::rename(&unfinished, &path)?;
            sync_directory(directory)?;
            Ok::<_, StoreError>(database)
        })();
        let database = Arc::new(made.inspect_err(|_| drop(remove_if_there(&unfinished)))?);
        let partition = Self::new(number, path)?;
        partition.state().handle = Some(Handle::Writing(Arc::clone(&database)));
        Ok((partition, database))
    }

    /// Opens it for writing. A repair that would have to read more than `repair_bytes_max` is not
    /// begun.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`] when it needs a larger repair or is damaged, [`StoreError::Busy`].
    pub(super) fn open_writing(
        &self,
        cache_bytes: usize,
        repair_bytes_max: u64,
    ) -> Result<Arc<Database>, StoreError> {
        let large = self.bytes_on_disk() > repair_bytes_max;
        let database = guarded(|| {
            Database::builder()
                .set_cache_size(cache_bytes)
                .set_repair_callback(move |repair| {
                    if large {
                        repair.abort();
                    }
                })
                .open(&self.path)
                .map_err(open_error)
        })?;
        let database = Arc::new(database);
        self.state().handle = Some(Handle::Writing(Arc::clone(&database)));
        Ok(database)
    }

    /// The JPEG of `kind` of `key` at `place`, `None` when the file is gone.
    pub(super) fn read(
        &self,
        key: CaptureKey,
        kind: ImageKind,
        place: &ImagePlace,
    ) -> Result<Option<Vec<u8>>, StoreError> {
        let Some(handle) = self.handle(&mut self.state())? else { return Ok(None) };
        let read = guarded(|| {
            let table = handle.begin_read()?.open_table(STREAM)?;
            let length = HEADER_BYTES + place.bytes as usize;
            let mut bytes = stream::read(&table, place.offset, length)?;
            let jpeg = bytes.split_off(HEADER_BYTES);
            check(key, kind, place, &bytes, &jpeg)?;
            Ok(Some(jpeg))
        });
        if read.is_err() {
            // A handle that met damage or an I/O error is not used again.
            self.close_reading();
        }
        read
    }

    /// What it holds; `None` when the file is gone. The first call may read the whole file.
    pub(super) fn summary(&self) -> Result<Option<Summary>, StoreError> {
        let mut state = self.state();
        if state.summary.is_none() {
            let Some(handle) = self.handle(&mut state)? else { return Ok(None) };
            state.summary = Some(guarded(|| summary_of(&handle.begin_read()?))?);
        }
        Ok(state.summary)
    }

    /// Calls `work` on a view of the stream.
    pub(super) fn view<T>(
        &self,
        work: impl FnOnce(&ReadTransaction) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        let handle = self.handle(&mut self.state())?;
        let handle = handle.ok_or(StoreError::Refused("the image partition is gone"))?;
        guarded(|| work(&handle.begin_read()?))
    }

    /// Sees to it that the file is closed properly and can be opened without a repair.
    ///
    /// # Errors
    /// [`StoreError::Full`] when a repaired file finds no room to be closed properly.
    pub(super) fn settle(&self) -> Result<(), StoreError> {
        let mut state = self.state();
        state.handle = None;
        if let Some(Handle::Repaired(database)) = self.handle(&mut state)? {
            state.handle = None;
            if let Some(database) = Arc::into_inner(database) {
                database.close().map_err(open_error)?;
            }
            if let Some(Handle::Repaired(_)) = self.handle(&mut state)? {
                let number = self.number;
                return Err(StoreError::Storage(format!("partition {number} does not close")));
            }
        }
        Ok(())
    }

    /// Lets go of the handle it was written through; the file closes with its last reader.
    /// Nothing may be written to it any more.
    pub(super) fn close_writing(&self) {
        let mut state = self.state();
        if matches!(state.handle, Some(Handle::Writing(_))) {
            state.handle = None;
            state.summary = None;
        }
    }

    /// Lets go of the handle it is read through, unless it is being opened right now.
    pub(super) fn close_reading(&self) {
        if let Ok(mut state) = self.state.try_lock()
            && !matches!(state.handle, Some(Handle::Writing(_)))
        {
            state.handle = None;
        }
    }

    /// Bytes it takes on disk, as last looked at.
    pub(super) fn bytes_on_disk(&self) -> u64 {
        self.bytes.load(Ordering::Relaxed)
    }

    /// Looks at the size again.
    pub(super) fn measure(&self) -> u64 {
        // A file that cannot be looked at keeps its last size: this is a statistic.
        if let Ok(facts) = std::fs::metadata(&self.path) {
            self.bytes.store(facts.blocks() * 512, Ordering::Relaxed);
        }
        self.bytes_on_disk()
    }

    /// Whether sealing has something to do here.
    pub(super) fn wants_seal(&self) -> bool {
        let state = self.state();
        !state.sealed && !state.damaged
    }

    pub(super) fn is_sealed(&self) -> bool {
        self.state().sealed
    }

    pub(super) fn is_damaged(&self) -> bool {
        self.state().damaged
    }

    pub(super) fn mark_damaged(&self) {
        self.state().damaged = true;
    }

    /// Takes away the write permission: the mark of a sealed partition.
    pub(super) fn mark_sealed(&self) -> Result<(), StoreError> {
        let mut state = self.state();
        set_sealed(&self.path)?;
        state.sealed = true;
        Ok(())
    }

    /// Puts the sealed file `replacement` in its place. Reads under way finish on the old one.
    pub(super) fn replace(&self, replacement: &Path) -> Result<(), StoreError> {
        let mut state = self.state();
        std::fs::rename(replacement, &self.path)?;
        state.handle = None;
        state.sealed = true;
        drop(state);
        self.measure();
        Ok(())
    }

    /// Deletes the file.
    pub(super) fn remove(&self) -> Result<(), StoreError> {
        let mut state = self.state();
        remove_if_there(&self.path)?;
        state.handle = None;
        Ok(())
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn handle(&self, state: &mut State) -> Result<Option<Handle>, StoreError> {
        if state.handle.is_none() {
            state.handle = guarded(|| self.open_reading())?;
        }
        Ok(state.handle.clone())
    }

    /// Opens it for reading; one that was not closed properly is repaired first, which reads all
    /// of it once. `None` when the file is gone.
    fn open_reading(&self) -> Result<Option<Handle>, StoreError> {
        let mut waited = std::time::Duration::ZERO;
        loop {
            let mut builder = Database::builder();
            let refused =
                match builder.set_cache_size(SEALED_CACHE_BYTES).open_read_only(&self.path) {
                    Ok(database) => return Ok(Some(Handle::Reading(Arc::new(database)))),
                    Err(refused) => refused,
                };
            match refused {
                // Whoever read it while it was active may hold the old handle for a moment.
                DatabaseError::DatabaseAlreadyOpen if waited < HANDLE_WAIT => {
                    std::thread::sleep(HANDLE_WAIT_STEP);
                    waited += HANDLE_WAIT_STEP;
                }
                DatabaseError::RepairAborted => {
                    log::info!("image partition {} was not closed: repairing it", self.number);
                    let database = builder.open(&self.path).map_err(open_error)?;
                    return Ok(Some(Handle::Repaired(Arc::new(database))));
                }
                DatabaseError::Storage(redb::StorageError::Io(io))
                    if io.kind() == std::io::ErrorKind::NotFound =>
                {
                    return Ok(None);
                }
                other => return Err(open_error(other)),
            }
        }
    }
}

fn check(
    key: CaptureKey,
    kind: ImageKind,
    place: &ImagePlace,
    header: &[u8],
    jpeg: &[u8],
) -> Result<(), StoreError> {
    let header = Header::decode(header)?;
    if (header.key, header.kind, header.bytes) != (key, kind, place.bytes) {
        return Err(StoreError::Corrupt(format!("another image lies where {key} should be")));
    }
    if crc32fast::hash(jpeg) != place.crc {
        return Err(StoreError::Corrupt(format!("{} image of {key} fails its CRC", kind.name())));
    }
    Ok(())
}

fn summary_of(tx: &ReadTransaction) -> Result<Summary, StoreError> {
    let stream = tx.open_table(STREAM)?;
    let written = tx.open_table(SUMMARY)?.get(0)?;
    if let Some(row) = written {
        let summary = Summary::decode(row.value())?;
        // After a crash the row is older than the stream.
        if summary.stream_bytes == stream::end(&stream)? {
            return Ok(summary);
        }
    }
    Summary::walk(&stream)
}

/// Runs `work` on a file that may be damaged: redb may panic on one, and that must cost no more
/// than this partition.
pub(super) fn guarded<T>(work: impl FnOnce() -> Result<T, StoreError>) -> Result<T, StoreError> {
    catch_unwind(AssertUnwindSafe(work))
        .unwrap_or_else(|_| Err(StoreError::Corrupt("an image partition is damaged".into())))
}

/// What it means that a partition does not open.
pub(super) fn open_error(error: DatabaseError) -> StoreError {
    use std::io::ErrorKind::{InvalidData, UnexpectedEof};
    match error {
        DatabaseError::Storage(redb::StorageError::Io(io))
            if matches!(io.kind(), InvalidData | UnexpectedEof) =>
        {
            StoreError::Corrupt(io.to_string())
        }
        DatabaseError::RepairAborted => StoreError::Corrupt("needs a repair".into()),
        DatabaseError::UpgradeRequired(version) => {
            StoreError::Corrupt(format!("unknown file format {version}"))
        }
        other => other.into(),
    }
}

/// Makes the names in `directory` durable.
pub(super) fn sync_directory(directory: &Path) -> Result<(), StoreError> {
    Ok(std::fs::File::open(directory)?.sync_all()?)
}

pub(super) fn set_sealed(path: &Path) -> Result<(), StoreError> {
    Ok(std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o400))?)
}

pub(super) fn remove_if_there(path: &Path) -> Result<(), StoreError> {
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(error.into()),
        _ => Ok(()),
    }
}
