//! Segments: append-only files beside records.redb that hold the JPEGs and are at the same time
//! the journal of the reads they came with. One is active and appended to; the others are closed.
//! Retention removes whole segments, so space comes back at once, and damage stays in one file.
//!
//! One append with one fdatasync makes a batch durable ([`Images::append`]). What happens to its
//! reads afterwards, and when a segment is walked through again, is decided in `journal`; how long
//! an image is kept is not known here. Partitions of the earlier form (`old`) are still read.

mod file;
mod frame;
#[cfg(test)]
mod kill_tests;
mod old;
mod place;
mod segment;
#[cfg(test)]
mod tests;
mod walk;
mod writer;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};

pub(super) use frame::FrameKind;
pub(super) use frame::Outgoing;
pub(super) use place::detail;
pub use place::{ImagePlace, Places};
pub(super) use walk::Found;

use self::file::Output;
use self::old::Old;
use self::segment::Segment;
use self::walk::walk;
use self::writer::Writer;
use super::StoreError;
#[cfg(test)]
use super::tape::Tape;
use crate::base::limits::{PARTITION_BYTES_MAX, SEALED_OPEN_MAX};
use crate::model::capture::{CaptureKey, ImageKind, Jpeg};

/// How to open the images.
#[derive(Clone, Debug)]
pub struct ImagesOptions {
    /// A segment that would grow beyond this many bytes is closed and a new one begun.
    pub partition_bytes_max: u32,
    /// Records what is written.
    #[cfg(test)]
    pub(crate) tape: Option<Tape>,
}

impl Default for ImagesOptions {
    fn default() -> Self {
        Self {
            partition_bytes_max: PARTITION_BYTES_MAX,
            #[cfg(test)]
            tape: None,
        }
    }
}

#[cfg_attr(not(test), allow(clippy::unused_self, reason = "only tests record what is written"))]
impl ImagesOptions {
    fn create(&self, path: &Path) -> Result<Output, StoreError> {
        Output::create(
            path,
            #[cfg(test)]
            self.tape.as_ref(),
        )
    }

    fn open(&self, path: &Path) -> Result<Output, StoreError> {
        Output::open(
            path,
            #[cfg(test)]
            self.tape.as_ref(),
        )
    }

    /// Makes the names in `directory` durable.
    fn sync_directory(&self, directory: &Path) -> Result<(), StoreError> {
        std::fs::File::open(directory)?.sync_all()?;
        #[cfg(test)]
        if let Some(tape) = &self.tape {
            tape.synced_names(directory);
        }
        Ok(())
    }
}

/// A place in the journal: everything before it, in this segment and in lower ones.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Position {
    /// Number of the segment.
    pub segment: u32,
    /// Bytes from its start.
    pub offset: u32,
}

/// What a partition holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Summary {
    /// Entries written: reads in a segment, images in a partition of the earlier form.
    pub entries: u32,
    /// Smallest capture key, `None` when there is none.
    pub oldest: Option<CaptureKey>,
    /// Greatest capture key.
    pub newest: Option<CaptureKey>,
}

impl Summary {
    /// Counts an entry about `key`, which is zero when it is about no capture.
    fn add(&mut self, key: CaptureKey) {
        self.entries = self.entries.saturating_add(1);
        if key.0 != 0 {
            self.oldest = Some(self.oldest.map_or(key, |oldest| oldest.min(key)));
            self.newest = Some(self.newest.map_or(key, |newest| newest.max(key)));
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
    /// Damage was found in it since the start.
    pub damaged: bool,
}

/// A file of images.
#[derive(Clone)]
enum Partition {
    Segment(Arc<Segment>),
    Old(Arc<Old>),
}

impl Partition {
    fn close(&self) {
        match self {
            Self::Segment(segment) => segment.close(),
            Self::Old(old) => old.close(),
        }
    }

    fn bytes_on_disk(&self) -> u64 {
        match self {
            Self::Segment(segment) => segment.bytes_on_disk(),
            Self::Old(old) => old.bytes_on_disk(),
        }
    }
}

/// All JPEGs of the box. Shared by all threads; one writes at a time, readers never wait for it.
pub struct Images {
    directory: PathBuf,
    options: ImagesOptions,
    writer: Mutex<Writer>,
    partitions: RwLock<BTreeMap<u32, Partition>>,
    /// Closed partitions that are open for reading, the one used longest ago first.
    recent: Mutex<Vec<u32>>,
}

impl Images {
    /// Opens `DIR/images` of the data directory `directory`, creating it when missing. Looks into
    /// the newest segment only, from `known` on; a damaged one is left aside and does not stop it.
    /// On a full disk it opens for reading.
    ///
    /// # Errors
    /// [`StoreError::Storage`].
    pub fn open(
        directory: &Path,
        options: ImagesOptions,
        known: Position,
    ) -> Result<Self, StoreError> {
        let directory = directory.join("images");
        std::fs::create_dir_all(&directory)?;
        let partitions = find_partitions(&directory)?;
        let last = partitions.last_key_value().map_or(0, |(number, _)| *number);
        let newest = match partitions.get(&last) {
            Some(Partition::Segment(newest)) if last >= known.segment => Some(newest),
            _ => None,
        };
        let from = if last == known.segment { known.offset } else { 0 };
        let writer = newest.and_then(|newest| Writer::resume(newest, from, &options));
        // Numbers are never used again, not even when all segments are gone.
        let writer = writer.unwrap_or(Writer::waiting(last.max(known.segment)));
        Ok(Self {
            directory,
            options,
            writer: Mutex::new(writer),
            partitions: RwLock::new(partitions),
            recent: Mutex::default(),
        })
    }

    /// Appends `frames`, each with its JPEGs, in one durable write: when it returns, they survive a
    /// power cut. Returns the places of the parts of each, and the end of the last frame. Begins
    /// a new segment when they do not fit any more or the last write failed.
    ///
    /// # Errors
    /// [`StoreError::Full`] or [`StoreError::Storage`]: none of them may be relied upon.
    pub(super) fn append(
        &self,
        frames: &mut [(&mut Outgoing, Vec<&[u8]>)],
    ) -> Result<(Vec<Places>, Position), StoreError> {
        let bytes: usize = frames.iter().map(|(frame, _)| frame.len()).sum();
        let bytes =
            u32::try_from(bytes).map_err(|_| StoreError::Refused("the batch is too large"))?;
        let mut writer = self.writer();
        if !writer.has_room(bytes, self.options.partition_bytes_max) {
            self.roll(&mut writer)?;
        }
        writer.append(frames)
    }

    /// Writes all of `batch` durably; on an error none of it is kept. Returns their places in
    /// order. Only then may a record point at them; an image without a record is harmless.
    ///
    /// # Errors
    /// [`StoreError::Full`] or [`StoreError::Storage`].
    pub fn write(
        &self,
        batch: &[(CaptureKey, ImageKind, &Jpeg)],
    ) -> Result<Vec<ImagePlace>, StoreError> {
        let frame = |(key, kind, jpeg): &(_, _, &Jpeg)| {
            Outgoing::new(FrameKind::Images, *key, &[(*kind, *jpeg)], |_| None)
        };
        let mut frames = batch.iter().map(frame).collect::<Result<Vec<_>, _>>()?;
        let bytes = batch.iter().map(|(.., jpeg)| vec![jpeg.bytes.as_slice()]);
        let mut frames: Vec<_> = frames.iter_mut().zip(bytes).collect();
        if frames.is_empty() {
            return Ok(Vec::new());
        }
        let (places, _) = self.append(&mut frames)?;
        Ok(places.into_iter().flat_map(|places| places.images).map(|(_, place)| place).collect())
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
        let length = place.bytes as usize;
        let read = match &partition {
            Partition::Segment(segment) => segment.read(place.offset, length),
            Partition::Old(old) => old.read(place.offset, length),
        };
        self.touch(place.partition);
        let read = read?;
        if read.as_ref().is_some_and(|jpeg| crc32fast::hash(jpeg) != place.crc) {
            let name = kind.name();
            return Err(StoreError::Corrupt(format!("{name} image of {key} fails its CRC")));
        }
        Ok(read)
    }

    /// The record of a detail at `place`; `None` when its segment was removed.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`] when what lies there fails its CRC.
    pub(super) fn read_detail(&self, place: &ImagePlace) -> Result<Option<Vec<u8>>, StoreError> {
        let Some(Partition::Segment(segment)) = self.partition(place.partition) else {
            return Ok(None);
        };
        let read = segment.read(place.offset, place.bytes as usize);
        self.touch(place.partition);
        let read = read?;
        if read.as_ref().is_some_and(|record| crc32fast::hash(record) != place.crc) {
            let number = place.partition;
            return Err(StoreError::Corrupt(format!("a detail in segment {number} fails its CRC")));
        }
        Ok(read)
    }

    /// The captures that the reads in partition `number` are about.
    pub(super) fn keys_in(&self, number: u32) -> Result<Vec<CaptureKey>, StoreError> {
        let mut keys = Vec::new();
        if let Some(Partition::Segment(segment)) = self.partition(number) {
            let mut frames = segment.frames(0)?;
            while let Some(head) = frames.next_head()? {
                keys.extend((head.key.0 != 0).then_some(head.key));
            }
        }
        Ok(keys)
    }

    /// Calls `each` with every entry of the journal from `from` on, in order. Damaged frames are
    /// passed over with a word in the log.
    ///
    /// # Errors
    /// The first of `each`, or [`StoreError::Storage`].
    pub(super) fn entries_from(
        &self,
        from: Position,
        each: &mut dyn FnMut(Found<'_>) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        for segment in self.segments().into_iter().filter(|one| one.number >= from.segment) {
            let number = segment.number;
            let offset = if number == from.segment { from.offset } else { 0 };
            let walked = walk(&segment, offset, each);
            self.touch(number);
            match walked {
                Ok(false) => {}
                Ok(true) => {
                    log::error!("image segment {number} is damaged: reads in it are lost");
                    segment.mark_damaged();
                }
                Err(StoreError::Corrupt(what)) => {
                    log::error!("image segment {number} cannot be read: {what}");
                    segment.mark_damaged();
                }
                Err(other) => return Err(other),
            }
        }
        Ok(())
    }

    /// Bytes all partitions take on disk. Costs no look at the disk.
    pub fn bytes_on_disk(&self) -> u64 {
        self.all().values().map(Partition::bytes_on_disk).sum()
    }

    /// All partitions, oldest first. Costs no look at the disk.
    pub fn partitions(&self) -> Vec<PartitionInfo> {
        let active = self.writer().segment().map(|segment| segment.number);
        let info = |(number, partition): (u32, Partition)| PartitionInfo {
            number,
            bytes_on_disk: partition.bytes_on_disk(),
            active: Some(number) == active,
            damaged: matches!(&partition, Partition::Segment(segment) if segment.is_damaged()),
        };
        self.all().into_iter().map(info).collect()
    }

    /// What partition `number` holds; `None` when there is no such partition. Walks through it.
    pub fn summary(&self, number: u32) -> Result<Option<Summary>, StoreError> {
        let summary = match self.partition(number) {
            None => return Ok(None),
            Some(Partition::Old(old)) => old.summary(),
            Some(Partition::Segment(segment)) => (|| {
                let mut summary = Summary::default();
                let mut frames = segment.frames(0)?;
                while let Some(head) = frames.next_head()? {
                    summary.add(head.key);
                }
                Ok(Some(summary))
            })(),
        };
        self.touch(number);
        summary
    }

    /// Removes partition `number` with everything in it; reads under way still finish. The active
    /// one is closed first. Returns the bytes that came free. The records of its reads must be
    /// durable: see [`Store::remove_partition`](super::Store::remove_partition).
    pub(super) fn remove_partition(&self, number: u32) -> Result<u64, StoreError> {
        let Some(partition) = self.partition(number) else { return Ok(0) };
        self.retire(number)?;
        let bytes = match &partition {
            Partition::Segment(segment) => {
                let bytes = segment.measure();
                segment.remove()?;
                bytes
            }
            Partition::Old(old) => {
                old.remove()?;
                old.bytes_on_disk()
            }
        };
        self.partitions.write().unwrap_or_else(PoisonError::into_inner).remove(&number);
        self.options.sync_directory(&self.directory)?;
        Ok(bytes)
    }

    /// Writes no more to partition `number`. The newest one is always there, so that no number is
    /// ever used again.
    pub(super) fn retire(&self, number: u32) -> Result<(), StoreError> {
        let mut writer = self.writer();
        let newest = writer.position().segment == number && self.partition(number).is_some();
        if newest { self.roll(&mut writer) } else { Ok(()) }
    }

    /// Closes the active segment and begins a new one.
    fn roll(&self, writer: &mut Writer) -> Result<(), StoreError> {
        let next = Writer::begin(&self.directory, writer.position().segment + 1, &self.options)?;
        writer.close();
        if let Some(segment) = next.segment() {
            let mut partitions = self.partitions.write().unwrap_or_else(PoisonError::into_inner);
            partitions.insert(segment.number, Partition::Segment(Arc::clone(segment)));
        }
        *writer = next;
        Ok(())
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
                partition.close();
            }
        }
    }

    fn partition(&self, number: u32) -> Option<Partition> {
        let partitions = self.partitions.read().unwrap_or_else(PoisonError::into_inner);
        partitions.get(&number).cloned()
    }

    fn all(&self) -> BTreeMap<u32, Partition> {
        self.partitions.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn segments(&self) -> Vec<Arc<Segment>> {
        let segment = |partition| match partition {
            Partition::Segment(segment) => Some(segment),
            Partition::Old(_) => None,
        };
        self.all().into_values().filter_map(segment).collect()
    }

    fn writer(&self) -> MutexGuard<'_, Writer> {
        self.writer.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The partitions in `directory`.
fn find_partitions(directory: &Path) -> Result<BTreeMap<u32, Partition>, StoreError> {
    let mut partitions = BTreeMap::new();
    for entry in std::fs::read_dir(directory)? {
        let path = entry?.path();
        let name = path.file_name().map(|name| name.to_string_lossy().into_owned());
        let Some((number, form)) = name.as_deref().and_then(|name| name.split_once('.')) else {
            continue;
        };
        let Ok(number) = number.parse() else { continue };
        match form {
            "redb.tmp" => {
                log::info!("removing {}, left unfinished", path.display());
                std::fs::remove_file(path)?;
            }
            "redb" if path == old::path_of(directory, number) => {
                partitions.insert(number, Partition::Old(Arc::new(Old::new(number, path)?)));
            }
            "seg" if path == segment::path_of(directory, number) => {
                let segment = Segment::new(number, path)?;
                partitions.insert(number, Partition::Segment(Arc::new(segment)));
            }
            _ => {}
        }
    }
    Ok(partitions)
}

fn remove_if_there(path: &Path) -> Result<(), StoreError> {
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(error.into()),
        _ => Ok(()),
    }
}
