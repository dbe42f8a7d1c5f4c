//! Partitions as version 0.1.0 wrote them: one redb file each, a byte stream of JPEGs behind small
//! headers, cut into chunks. Nothing is written to them any more; they are read until retention
//! takes them.

use std::os::unix::fs::MetadataExt as _;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use redb::{
    Database, DatabaseError, ReadOnlyDatabase, ReadTransaction, ReadableDatabase as _,
    ReadableTable, TableDefinition,
};

use super::{Summary, remove_if_there};
use crate::base::limits::{HANDLE_WAIT, HANDLE_WAIT_STEP, SEALED_CACHE_BYTES};
use crate::model::capture::CaptureKey;
use crate::store::StoreError;
use crate::store::codec::Reader;

/// Offset of the first byte -> bytes.
const STREAM: TableDefinition<'_, u32, &[u8]> = TableDefinition::new("stream");
/// Bytes in front of each JPEG: version, key, kind, length, width, height, CRC.
const HEADER_BYTES: usize = 26;

/// One file of JPEGs.
pub(super) struct Old {
    pub(super) number: u32,
    path: PathBuf,
    bytes: u64,
    handle: Mutex<Option<Handle>>,
}

#[derive(Clone)]
enum Handle {
    Reading(Arc<ReadOnlyDatabase>),
    /// Was not closed properly. Repaired in memory and kept open, because closing it properly
    /// takes room that a full disk does not have.
    Repaired(Arc<Database>),
}

impl Handle {
    fn begin_read(&self) -> Result<ReadTransaction, StoreError> {
        Ok(match self {
            Self::Reading(database) => database.begin_read()?,
            Self::Repaired(database) => database.begin_read()?,
        })
    }
}

/// Where partition `number` lies in `directory`.
pub(super) fn path_of(directory: &Path, number: u32) -> PathBuf {
    directory.join(format!("{number:04}.redb"))
}

impl Old {
    /// The partition in `path`, which stays closed until it is needed.
    pub(super) fn new(number: u32, path: PathBuf) -> Result<Self, StoreError> {
        let bytes = std::fs::metadata(&path)?.blocks() * 512;
        Ok(Self { number, path, bytes, handle: Mutex::default() })
    }

    /// `length` bytes behind the header at `offset`; `None` when the file is gone.
    pub(super) fn read(&self, offset: u32, length: usize) -> Result<Option<Vec<u8>>, StoreError> {
        self.view(|table| {
            let mut bytes = read(table, offset, HEADER_BYTES + length)?;
            Ok(bytes.split_off(HEADER_BYTES))
        })
    }

    /// What it holds, from its headers; `None` when the file is gone. Reads all of it.
    pub(super) fn summary(&self) -> Result<Option<Summary>, StoreError> {
        self.view(|table| {
            let mut summary = Summary::default();
            let mut offset = 0;
            let end = match table.last()? {
                Some((at, chunk)) => u64::from(at.value()) + chunk.value().len() as u64,
                None => 0,
            };
            while offset < end {
                let at = u32::try_from(offset).map_err(|_| damaged())?;
                let header = read(table, at, HEADER_BYTES)?;
                let mut reader = Reader::new(&header)?;
                summary.add(CaptureKey(reader.u64()?));
                reader.u8()?;
                offset += HEADER_BYTES as u64 + u64::from(reader.u32()?);
            }
            Ok(summary)
        })
    }

    /// Bytes it takes on disk.
    pub(super) const fn bytes_on_disk(&self) -> u64 {
        self.bytes
    }

    /// Lets go of the file, unless it is being opened right now.
    pub(super) fn close(&self) {
        if let Ok(mut handle) = self.handle.try_lock() {
            *handle = None;
        }
    }

    /// Deletes the file; reads under way still finish.
    pub(super) fn remove(&self) -> Result<(), StoreError> {
        let mut handle = self.state();
        remove_if_there(&self.path)?;
        *handle = None;
        Ok(())
    }

    fn view<T>(
        &self,
        work: impl FnOnce(&redb::ReadOnlyTable<u32, &'static [u8]>) -> Result<T, StoreError>,
    ) -> Result<Option<T>, StoreError> {
        let handle = {
            let mut handle = self.state();
            if handle.is_none() {
                *handle = guarded(|| self.open())?;
            }
            let Some(handle) = handle.clone() else { return Ok(None) };
            handle
        };
        let done = guarded(|| work(&handle.begin_read()?.open_table(STREAM)?));
        if done.is_err() {
            // A handle that met damage or an I/O error is not used again.
            self.close();
        }
        done.map(Some)
    }

    fn state(&self) -> MutexGuard<'_, Option<Handle>> {
        self.handle.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Opens it; one that was not closed properly is repaired first, which reads all of it once.
    /// `None` when the file is gone.
    fn open(&self) -> Result<Option<Handle>, StoreError> {
        let mut waited = std::time::Duration::ZERO;
        loop {
            let mut builder = Database::builder();
            let refused =
                match builder.set_cache_size(SEALED_CACHE_BYTES).open_read_only(&self.path) {
                    Ok(database) => return Ok(Some(Handle::Reading(Arc::new(database)))),
                    Err(refused) => refused,
                };
            match refused {
                // Whoever reads through the old handle may hold it for a moment.
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

/// `length` bytes from `offset` on.
fn read(
    table: &impl ReadableTable<u32, &'static [u8]>,
    offset: u32,
    length: usize,
) -> Result<Vec<u8>, StoreError> {
    let missing = || StoreError::Corrupt("the image stream ends early".into());
    let first = table.range(..=offset)?.next_back().ok_or_else(missing)??;
    let start = first.0.value();
    let mut skip = (offset - start) as usize;
    // The length comes from a record: believe it only as far as bytes follow.
    let mut bytes = Vec::with_capacity(length.min(1 << 20));
    for entry in table.range(start..)? {
        let (_, chunk) = entry?;
        let part = chunk.value().get(skip..).ok_or_else(missing)?;
        skip = 0;
        let wanted = part.len().min(length - bytes.len());
        bytes.extend_from_slice(part.get(..wanted).unwrap_or(part));
        if bytes.len() == length {
            return Ok(bytes);
        }
    }
    Err(missing())
}

/// Runs `work` on a file that may be damaged: redb may panic on one, and that must cost no more
/// than this partition.
fn guarded<T>(work: impl FnOnce() -> Result<T, StoreError>) -> Result<T, StoreError> {
    catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|_| Err(damaged()))
}

fn damaged() -> StoreError {
    StoreError::Corrupt("an image partition is damaged".into())
}

/// What it means that a partition does not open.
fn open_error(error: DatabaseError) -> StoreError {
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
