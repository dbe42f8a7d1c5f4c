//! JPEGs, in partitions beside records.redb: one active and appended to, the older ones sealed.
//! Retention removes whole partitions, so space comes back at once, and damage stays in one file.
//!
//! A JPEG is durable when [`Images::write`] returns; only then may a record point at it. An image
//! without a record is harmless. What an image shows and how long it is kept is not known here.
//!
//! An image commit is one-phase: redb checks the root of a commit by its checksum, and one that
//! was lost was never acknowledged. The allocator is not saved with every commit either (as
//! quick-repair would, 16 KiB and more each time): after a crash a small partition is repaired at
//! start, and a large one is left alone, read after a repair when somebody asks for it, and a new
//! one is begun. So neither a start nor a commit pays for the size of a partition.

#[cfg(test)]
mod kill_tests;
#[cfg(test)]
mod measure;
mod partition;
mod place;
mod seal;
mod stream;
#[cfg(test)]
mod tests;
mod writer;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};

pub use place::ImagePlace;
pub use stream::Summary;

use self::partition::{Partition, guarded, path_of, sync_directory};
use self::seal::Sealed;
use self::stream::{HEADER_BYTES, Header};
use self::writer::Writer;
use super::StoreError;
use crate::base::limits::{
    IMAGES_CACHE_BYTES, PARTITION_BYTES_MAX, PARTITION_REPAIR_BYTES_MAX, SEALED_OPEN_MAX,
};
use crate::model::capture::{CaptureKey, ImageKind, Jpeg};

/// How to open the images.
#[derive(Clone, Debug)]
pub struct ImagesOptions {
    /// A partition that would grow beyond this many bytes is closed and a new one begun.
    pub partition_bytes_max: u32,
    /// Page cache of the active partition, bytes.
    pub cache_bytes: usize,
    /// Largest partition that is repaired at start, bytes; a larger one is repaired when needed.
    pub repair_bytes_max: u64,
}

impl Default for ImagesOptions {
    fn default() -> Self {
        Self {
            partition_bytes_max: PARTITION_BYTES_MAX,
            cache_bytes: IMAGES_CACHE_BYTES,
            repair_bytes_max: PARTITION_REPAIR_BYTES_MAX,
        }
    }
}

/// A partition, as retention and the status page see it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PartitionInfo {
    /// Its number; they grow and are never used again.
    pub number: u32,
    /// Bytes it takes on disk.
    pub bytes_on_disk: u64,
    /// It is the one written to.
    pub active: bool,
    /// It will not change any more.
    pub sealed: bool,
    /// Damage was found in it since the start.
    pub damaged: bool,
}

/// All JPEGs of the box. Shared by all threads; one writes at a time, readers never wait for it.
pub struct Images {
    directory: PathBuf,
    options: ImagesOptions,
    writer: Mutex<Writer>,
    partitions: RwLock<BTreeMap<u32, Arc<Partition>>>,
    /// Partitions open for reading only, the one used longest ago first.
    recent: Mutex<Vec<u32>>,
}

impl Images {
    /// Opens `DIR/images` of the data directory `directory`, creating it when missing. Looks into
    /// the newest partition only; a damaged one is left aside and does not stop it. On a full disk
    /// it opens for reading, as after a failed write.
    ///
    /// # Errors
    /// [`StoreError::Busy`] when another process writes there, [`StoreError::Storage`],
    /// [`StoreError::Full`].
    pub fn open(directory: &Path, options: ImagesOptions) -> Result<Self, StoreError> {
        let directory = directory.join("images");
        std::fs::create_dir_all(&directory)?;
        let mut partitions = find_partitions(&directory)?;
        let newest = partitions.last_key_value().map(|(_, newest)| Arc::clone(newest));
        let resumed = match &newest {
            Some(newest) if !newest.is_sealed() => Writer::resume(newest, &options)?,
            _ => None,
        };
        let writer = match (resumed, newest) {
            (Some(writer), _) => writer,
            (None, None) => Writer::begin(&directory, 1, &options)?,
            (None, Some(newest)) => match Writer::begin(&directory, newest.number + 1, &options) {
                // What is there can still be read.
                Err(StoreError::Full) => Writer::stopped(newest),
                begun => begun?,
            },
        };
        partitions.insert(writer.partition.number, Arc::clone(&writer.partition));
        Ok(Self {
            directory,
            options,
            writer: Mutex::new(writer),
            partitions: RwLock::new(partitions),
            recent: Mutex::new(Vec::new()),
        })
    }

    /// Writes all of `batch` in one durable commit; on an error none of it is kept. Returns their
    /// places in order. Begins a new partition when the batch does not fit any more.
    ///
    /// # Errors
    /// [`StoreError::Full`] when the disk is, after which every write is [`StoreError::Poisoned`]
    /// until [`Self::reopen_active`].
    pub fn write(
        &self,
        batch: &[(CaptureKey, ImageKind, &Jpeg)],
    ) -> Result<Vec<ImagePlace>, StoreError> {
        if batch.is_empty() {
            return Ok(Vec::new());
        }
        let headers = batch.iter().map(|(key, kind, jpeg)| Header::of(*key, *kind, jpeg));
        let headers = headers.collect::<Result<Vec<_>, _>>()?;
        let bytes: usize = batch.iter().map(|(_, _, jpeg)| HEADER_BYTES + jpeg.bytes.len()).sum();
        let mut writer = self.writer();
        let used = writer.summary.stream_bytes;
        if used > 0 && used as usize + bytes > self.options.partition_bytes_max as usize {
            self.roll(&mut writer)?;
        }
        let appended = guarded(|| writer.append(batch, &headers));
        if !matches!(appended, Ok(_) | Err(StoreError::Refused(_))) {
            writer.stop();
        }
        writer.partition.measure();
        appended
    }

    /// The JPEG of `kind` of `key` at `place`; `None` when its partition was removed.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`] when what lies there is not that image or fails its CRC.
    pub fn read(
        &self,
        key: CaptureKey,
        kind: ImageKind,
        place: &ImagePlace,
    ) -> Result<Option<Vec<u8>>, StoreError> {
        let Some(partition) = self.partition(place.partition) else { return Ok(None) };
        let read = partition.read(key, kind, place);
        self.touch(place.partition);
        read
    }

    /// Bytes all partitions take on disk. Costs no look at the disk.
    pub fn bytes_on_disk(&self) -> u64 {
        self.all().iter().map(|partition| partition.bytes_on_disk()).sum()
    }

    /// All partitions, oldest first. Costs no look at the disk.
    pub fn partitions(&self) -> Vec<PartitionInfo> {
        let active = self.active_number();
        let info = |partition: &Arc<Partition>| PartitionInfo {
            number: partition.number,
            bytes_on_disk: partition.bytes_on_disk(),
            active: partition.number == active,
            sealed: partition.is_sealed(),
            damaged: partition.is_damaged(),
        };
        self.all().iter().map(info).collect()
    }

    /// What partition `number` holds; `None` when there is no such partition. Kept in memory; the
    /// first call opens the file, and after a crash reads all of it.
    pub fn summary(&self, number: u32) -> Result<Option<Summary>, StoreError> {
        let Some(partition) = self.partition(number) else { return Ok(None) };
        {
            let writer = self.writer();
            if writer.partition.number == number && !writer.is_stopped() {
                return Ok(Some(writer.summary));
            }
        }
        let summary = partition.summary();
        self.touch(number);
        summary
    }

    /// Removes partition `number` with all its images; reads under way still finish. The active
    /// one is closed first. Returns the bytes that came free.
    pub fn remove_partition(&self, number: u32) -> Result<u64, StoreError> {
        let Some(partition) = self.partition(number) else { return Ok(0) };
        {
            // The active one is always there, so that no number is ever used again.
            let mut writer = self.writer();
            if writer.partition.number == number {
                self.roll(&mut writer)?;
            }
        }
        let bytes = partition.measure();
        partition.remove()?;
        self.partitions.write().unwrap_or_else(PoisonError::into_inner).remove(&number);
        sync_directory(&self.directory)?;
        Ok(bytes)
    }

    /// Brings writing back after an I/O error such as a full disk: goes on in a new partition.
    /// Does nothing when writing works.
    /// The old one stays readable and is sealed later, so nothing committed is lost.
    ///
    /// # Errors
    /// [`StoreError::Full`] while there is still no room; reads go on meanwhile.
    pub fn reopen_active(&self) -> Result<(), StoreError> {
        let mut writer = self.writer();
        if !writer.is_stopped() {
            return Ok(());
        }
        let next = Writer::begin(&self.directory, writer.partition.number + 1, &self.options)?;
        self.adopt(&mut writer, next);
        Ok(())
    }

    /// Seals what is closed and not sealed yet, and returns how many partitions that was. Takes
    /// as long as it takes to read and write them once at most; reads and writes go on. A damaged
    /// one is left aside.
    ///
    /// # Errors
    /// [`StoreError::Full`] or [`StoreError::Storage`]; calling again goes on where it stopped.
    pub fn seal_pending(&self) -> Result<usize, StoreError> {
        let active = self.active_number();
        let mut count = 0;
        for partition in self.all() {
            if partition.number == active || !partition.wants_seal() {
                continue;
            }
            match seal::seal(&partition) {
                Ok(Sealed::Empty) => {
                    self.remove_partition(partition.number)?;
                }
                Ok(how) => {
                    log::debug!("image partition {} sealed ({how:?})", partition.number);
                    count += 1;
                }
                // Removed by retention in the meantime.
                Err(StoreError::Refused(_)) => {}
                Err(StoreError::Corrupt(what)) => {
                    log::warn!("image partition {} is damaged: {what}", partition.number);
                    partition.mark_damaged();
                }
                Err(other) => return Err(other),
            }
            self.touch(partition.number);
        }
        Ok(count)
    }

    /// Closes the active partition and begins a new one.
    fn roll(&self, writer: &mut Writer) -> Result<(), StoreError> {
        let next = Writer::begin(&self.directory, writer.partition.number + 1, &self.options)?;
        writer.write_summary();
        let old = Arc::clone(&writer.partition);
        self.adopt(writer, next);
        old.close_writing();
        Ok(())
    }

    fn adopt(&self, writer: &mut Writer, next: Writer) {
        let mut partitions = self.partitions.write().unwrap_or_else(PoisonError::into_inner);
        partitions.insert(next.partition.number, Arc::clone(&next.partition));
        *writer = next;
    }

    /// Notes that partition `number` was read and closes the one read longest ago when too many
    /// are open.
    fn touch(&self, number: u32) {
        let mut recent = self.recent.lock().unwrap_or_else(PoisonError::into_inner);
        recent.retain(|other| *other != number);
        recent.push(number);
        while recent.len() > SEALED_OPEN_MAX {
            let oldest = recent.remove(0);
            if let Some(partition) = self.partition(oldest) {
                partition.close_reading();
            }
        }
    }

    fn partition(&self, number: u32) -> Option<Arc<Partition>> {
        let partitions = self.partitions.read().unwrap_or_else(PoisonError::into_inner);
        partitions.get(&number).map(Arc::clone)
    }

    fn all(&self) -> Vec<Arc<Partition>> {
        let partitions = self.partitions.read().unwrap_or_else(PoisonError::into_inner);
        partitions.values().map(Arc::clone).collect()
    }

    /// The newest partition is the active one, so this need not wait for a write.
    fn active_number(&self) -> u32 {
        let partitions = self.partitions.read().unwrap_or_else(PoisonError::into_inner);
        partitions.last_key_value().map_or(0, |(number, _)| *number)
    }

    fn writer(&self) -> MutexGuard<'_, Writer> {
        self.writer.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Images {
    fn drop(&mut self) {
        // Spares the next start a walk through the stream.
        self.writer().write_summary();
    }
}

/// The partitions in `directory`; what a crash left of unfinished ones is removed.
fn find_partitions(directory: &Path) -> Result<BTreeMap<u32, Arc<Partition>>, StoreError> {
    let mut partitions = BTreeMap::new();
    for entry in std::fs::read_dir(directory)? {
        let entry = entry?;
        let name = entry.file_name();
        let name = name.to_string_lossy();
        if name.ends_with(".redb.tmp") {
            log::info!("removing {name}, left unfinished");
            std::fs::remove_file(entry.path())?;
        } else if let Some(number) = name.strip_suffix(".redb").and_then(|n| n.parse().ok())
            && path_of(directory, number) == entry.path()
        {
            partitions.insert(number, Arc::new(Partition::new(number, entry.path())?));
        }
    }
    Ok(partitions)
}
