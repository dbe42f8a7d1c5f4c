//! One segment file: made, appended to, read, walked through. Knows no siblings and no places.
//!
//! A segment is only ever appended to. Whatever is in front of the end of the last durable append
//! never changes; what lies behind it after a crash is cut off when the file is continued.

use std::fs::File;
use std::os::unix::fs::{FileExt as _, MetadataExt as _};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::file::Output;
use super::frame::{self, FRAME_HEAD, FrameHead, SEGMENT_HEAD};
use super::{ImagesOptions, remove_if_there};
use crate::store::StoreError;

/// One file of frames.
pub(super) struct Segment {
    pub(super) number: u32,
    pub(super) path: PathBuf,
    /// Open when it was read lately.
    file: Mutex<Option<Arc<File>>>,
    /// Bytes it takes on disk, as last looked at.
    bytes: AtomicU64,
    /// Damage was found since the start.
    damaged: AtomicBool,
}

/// Where segment `number` lies in `directory`.
pub(super) fn path_of(directory: &Path, number: u32) -> PathBuf {
    directory.join(format!("{number:04}.seg"))
}

impl Segment {
    /// The segment in `path`, which stays closed until it is needed.
    pub(super) fn new(number: u32, path: PathBuf) -> Result<Self, StoreError> {
        let bytes = AtomicU64::new(std::fs::metadata(&path)?.blocks() * 512);
        Ok(Self { number, path, file: Mutex::default(), bytes, damaged: AtomicBool::new(false) })
    }

    /// Makes an empty segment whose name is durable, so that what is appended later cannot get
    /// lost with it.
    pub(super) fn create(
        directory: &Path,
        number: u32,
        options: &ImagesOptions,
    ) -> Result<(Self, Output), StoreError> {
        let path = path_of(directory, number);
        let made = (|| {
            let output = options.create(&path)?;
            output.write(0, &[&frame::segment_head(number)])?;
            output.sync()?;
            options.sync_directory(directory)?;
            Ok::<_, StoreError>(output)
        })();
        let output = made.inspect_err(|_| drop(remove_if_there(&path)))?;
        Ok((Self::new(number, path)?, output))
    }

    /// Opens it for writing and cuts off what an interrupted append left behind the last whole
    /// frame. Returns the end. Frames in front of `known` are taken for whole.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`] when it is no segment.
    pub(super) fn resume(
        &self,
        known: u32,
        options: &ImagesOptions,
    ) -> Result<(Output, u32), StoreError> {
        let mut frames = self.frames(known)?;
        while frames.next()?.is_some() {}
        let end = frames.offset;
        let output = options.open(&self.path)?;
        let length = output.length()?;
        if length > u64::from(end) {
            let rest = length - u64::from(end);
            log::info!("image segment {}: cutting off {rest} unfinished bytes", self.number);
            output.cut(end)?;
        }
        // What the last process has not synced may be taken for recorded soon.
        output.sync()?;
        self.measure();
        Ok((output, end))
    }

    /// `length` bytes from `offset` on; `None` when the file is gone.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`] when the file ends before.
    pub(super) fn read(&self, offset: u32, length: usize) -> Result<Option<Vec<u8>>, StoreError> {
        let Some(file) = self.file()? else { return Ok(None) };
        // The length comes from a record: believe it only as far as bytes follow.
        if u64::from(offset) + length as u64 > file.metadata()?.len() {
            return Err(StoreError::Corrupt(format!("image segment {} ends early", self.number)));
        }
        let mut bytes = vec![0; length];
        file.read_exact_at(&mut bytes, offset.into())?;
        Ok(Some(bytes))
    }

    /// Walks through the whole frames from `offset` on.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`] when it is no segment.
    pub(super) fn frames(&self, offset: u32) -> Result<Frames, StoreError> {
        let file = self.file()?.ok_or(StoreError::Refused("the image segment is gone"))?;
        let length = file.metadata()?.len();
        let mut head = [0; SEGMENT_HEAD as usize];
        if length >= SEGMENT_HEAD {
            file.read_exact_at(&mut head, 0)?;
        }
        frame::check_segment_head(&head, self.number)?;
        let offset = offset.max(SEGMENT_HEAD as u32);
        Ok(Frames { file, number: self.number, length, offset, damaged: false })
    }

    /// Lets go of the file, unless it is being opened right now.
    pub(super) fn close(&self) {
        if let Ok(mut file) = self.file.try_lock() {
            *file = None;
        }
    }

    /// Deletes the file; reads under way still finish.
    pub(super) fn remove(&self) -> Result<(), StoreError> {
        let mut file = self.handle();
        remove_if_there(&self.path)?;
        *file = None;
        Ok(())
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

    /// Notes its size after an append, without a look at the disk.
    pub(super) fn grown(&self, end: u32) {
        self.bytes.store(u64::from(end).next_multiple_of(4096), Ordering::Relaxed);
    }

    pub(super) fn is_damaged(&self) -> bool {
        self.damaged.load(Ordering::Relaxed)
    }

    pub(super) fn mark_damaged(&self) {
        self.damaged.store(true, Ordering::Relaxed);
    }

    fn handle(&self) -> MutexGuard<'_, Option<Arc<File>>> {
        self.file.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn file(&self) -> Result<Option<Arc<File>>, StoreError> {
        let mut file = self.handle();
        if file.is_none() {
            *file = match File::open(&self.path) {
                Ok(opened) => Some(Arc::new(opened)),
                Err(error) if error.kind() == std::io::ErrorKind::NotFound => None,
                Err(error) => return Err(error.into()),
            };
        }
        Ok(file.clone())
    }
}

/// A walk through the frames of a segment. What is damaged is passed over as long as something
/// whole follows.
pub(super) struct Frames {
    file: Arc<File>,
    number: u32,
    length: u64,
    /// Where the last whole frame ended.
    pub(super) offset: u32,
    /// Something in front of a whole frame was not.
    pub(super) damaged: bool,
}

/// A whole frame.
pub(super) struct Frame {
    pub(super) head: FrameHead,
    /// Where its body begins in the segment.
    pub(super) body_offset: u32,
    pub(super) body: Vec<u8>,
}

impl Frames {
    /// The next whole frame; `None` behind the last one.
    pub(super) fn next(&mut self) -> Result<Option<Frame>, StoreError> {
        let (mut at, mut passed_over) = (self.offset, false);
        loop {
            if let Some((head, end)) = self.head_at(at)? {
                let body_offset = at + FRAME_HEAD as u32;
                let mut body = vec![0; head.body_bytes as usize];
                self.file.read_exact_at(&mut body, body_offset.into())?;
                at = end;
                if crc32fast::hash(&body) == head.body_crc {
                    self.offset = end;
                    self.damaged |= passed_over;
                    return Ok(Some(Frame { head, body_offset, body }));
                }
            } else if let Some(next) = self.find_head(at)? {
                at = next;
            } else {
                return Ok(None);
            }
            passed_over = true;
        }
    }

    /// The next head, without a look at the body.
    pub(super) fn next_head(&mut self) -> Result<Option<FrameHead>, StoreError> {
        if self.head_at(self.offset)?.is_none()
            && let Some(next) = self.find_head(self.offset)?
        {
            (self.offset, self.damaged) = (next, true);
        }
        let Some((head, end)) = self.head_at(self.offset)? else { return Ok(None) };
        self.offset = end;
        Ok(Some(head))
    }

    /// The head at `offset` and the end of its frame, when that is within the file.
    fn head_at(&self, offset: u32) -> Result<Option<(FrameHead, u32)>, StoreError> {
        let mut head = [0; FRAME_HEAD];
        if u64::from(offset) + FRAME_HEAD as u64 > self.length {
            return Ok(None);
        }
        self.file.read_exact_at(&mut head, offset.into())?;
        let Some(head) = FrameHead::decode(&head, self.number, offset) else { return Ok(None) };
        let end = u64::from(offset) + FRAME_HEAD as u64 + u64::from(head.body_bytes);
        let end = u32::try_from(end).ok().filter(|end| u64::from(*end) <= self.length);
        Ok(end.map(|end| (head, end)))
    }

    /// The next place behind `offset` at which a head lies.
    fn find_head(&self, offset: u32) -> Result<Option<u32>, StoreError> {
        const STEP: u64 = 64 * 1024;
        let mut from = u64::from(offset) + 1;
        while from + FRAME_HEAD as u64 <= self.length {
            let mut bytes = vec![0; (STEP + FRAME_HEAD as u64).min(self.length - from) as usize];
            self.file.read_exact_at(&mut bytes, from)?;
            let heads = bytes.windows(FRAME_HEAD).zip(from as u32..);
            for (_, at) in heads.filter(|(bytes, _)| frame::may_be_head(bytes)) {
                if self.head_at(at)?.is_some() {
                    return Ok(Some(at));
                }
            }
            from += STEP;
        }
        Ok(None)
    }
}
