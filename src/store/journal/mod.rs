//! From the journal to the records. A read is durable once it stands in the journal (`images`);
//! its records are committed without a sync of their own, at once visible to readers, and become
//! durable every few seconds or megabytes together with the position in the journal up to which
//! they hold everything. What a crash takes of them is recorded again from there at the next start,
//! before anything is served. How a read is recorded is decided by the [`Recorder`] handed in.

mod entry;
#[cfg(test)]
mod tests;

use std::sync::PoisonError;
use std::time::Instant;

pub use entry::{Entry, Read};
use redb::ReadableDatabase as _;

use super::images::{Found, FrameKind, ImagePlace, Places, Position};
use super::tables::META;
use super::{Store, StoreError, WriteTx};
use crate::base::limits::{JOURNAL_AHEAD_BYTES, JOURNAL_AHEAD_TIME, REPLAY_BATCH};
use crate::model::capture::{CaptureKey, ImageKind, Jpeg};

/// Writes the records of one read, whose parts lie at the places. Called once for each read, and
/// again after a crash when its records were lost.
pub type Recorder = fn(&WriteTx, &Read, &Places) -> Result<(), StoreError>;

/// META: the position up to which the records hold what the journal holds.
const RECORDED: &str = "journal";

/// Entries that are durable, and what it takes to record them.
pub struct Journaled {
    /// Places of the parts of each entry.
    pub places: Vec<Places>,
    end: Position,
    bytes: u64,
}

/// How far the journal is ahead of the durable records.
#[derive(Debug, Default)]
pub(super) struct Ahead {
    bytes: u64,
    /// When the first of them was recorded.
    since: Option<Instant>,
}

impl Ahead {
    /// Notes a commit, which holds the lock of the writer; whether it has to be durable.
    pub(super) fn note(&mut self, commit: Commit) -> bool {
        let Commit::Journaled(bytes) = commit else {
            *self = Self::default();
            return true;
        };
        self.bytes += bytes;
        let since = *self.since.get_or_insert_with(Instant::now);
        let far = self.bytes >= JOURNAL_AHEAD_BYTES || since.elapsed() >= JOURNAL_AHEAD_TIME;
        if far {
            *self = Self::default();
        }
        far
    }
}

/// What makes a commit durable.
#[derive(Clone, Copy, Debug)]
pub(super) enum Commit {
    /// It is so when it returns.
    Now,
    /// The journal, in which what is recorded takes so many bytes.
    Journaled(u64),
}

/// Something in the journal that is recorded again.
struct Again {
    end: Position,
    what: What,
    places: Places,
}

enum What {
    Read(Box<Read>),
    /// Images that were fetched for this capture later.
    Images(CaptureKey),
}

impl Store {
    /// Makes `entries` durable. They are not recorded yet; see [`Self::record`].
    ///
    /// # Errors
    /// [`StoreError::Full`] or [`StoreError::Storage`]: none of them was taken.
    pub fn journal(&self, entries: &mut [Entry]) -> Result<Journaled, StoreError> {
        let bytes = entries.iter().map(|entry| entry.frame.len() as u64).sum();
        let frames = entries.iter_mut().map(|entry| {
            let jpegs = entry.images.iter().map(|(_, jpeg)| jpeg.bytes.as_slice());
            (&mut entry.frame, jpegs.collect())
        });
        let (places, end) = self.images.append(&mut frames.collect::<Vec<_>>())?;
        Ok(Journaled { places, end, bytes })
    }

    /// Runs `work`, which records what `journaled` made durable: visible to readers when this
    /// returns. On an error nothing of it stays.
    pub fn record<T>(
        &self,
        journaled: &Journaled,
        work: impl FnOnce(&WriteTx) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        self.with_records(|records| {
            // What an earlier failure left out comes first, or it would be taken for recorded.
            self.replay(records)?;
            self.commit(records, Commit::Journaled(journaled.bytes), |tx| {
                let value = work(tx)?;
                tx.put_recorded(journaled.end)?;
                Ok(value)
            })
        })
    }

    /// Keeps images that were fetched for captures after these were recorded, and runs `work` in the
    /// transaction that points at them. The images are durable when this returns; what `work` wrote
    /// is visible, and becomes durable with the next durable commit: after a crash the images are
    /// found in the journal, and `work` must be something that is done again.
    ///
    /// # Errors
    /// [`StoreError::Full`] or [`StoreError::Storage`]; on an error nothing points at the images.
    pub fn add_images(
        &self,
        batch: &[(CaptureKey, ImageKind, &Jpeg)],
        work: impl FnOnce(&WriteTx) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        let places = self.images.write(batch)?;
        let bytes = batch.iter().map(|(.., jpeg)| jpeg.bytes.len() as u64).sum();
        self.commit_soon(bytes, |tx| {
            for ((key, kind, _), place) in batch.iter().zip(places) {
                tx.add_images(*key, &[(*kind, place)])?;
            }
            work(tx)
        })
    }

    /// As [`Self::write`], but durable only with the next durable commit, within seconds: for what
    /// is merely done again when a crash takes it.
    pub fn write_soon<T>(
        &self,
        work: impl FnOnce(&WriteTx) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        self.commit_soon(0, work)
    }

    fn commit_soon<T>(
        &self,
        bytes: u64,
        work: impl FnOnce(&WriteTx) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        // How far the journal is recorded stays as it is: reads may stand before these images.
        self.with_records(|records| {
            self.replay(records)?;
            self.commit(records, Commit::Journaled(bytes), work)
        })
    }

    /// When [`Self::settle`] is due; `None` when the records hold everything durably.
    pub fn settle_due(&self) -> Option<Instant> {
        let ahead = self.ahead.lock().unwrap_or_else(PoisonError::into_inner);
        ahead.since.map(|since| since + JOURNAL_AHEAD_TIME)
    }

    /// Tries [`Self::settle`] again later: it failed.
    pub fn put_off_settling(&self) {
        let mut ahead = self.ahead.lock().unwrap_or_else(PoisonError::into_inner);
        ahead.since = Some(Instant::now());
    }

    /// Makes all records durable.
    pub fn settle(&self) -> Result<(), StoreError> {
        self.write(|_| Ok(()))
    }

    /// Removes image partition `number` with everything in it but the details of captures that stay,
    /// which go into the records; reads under way still finish.
    /// Returns the bytes that came free.
    pub fn remove_partition(&self, number: u32) -> Result<u64, StoreError> {
        self.with_records(|records| self.replay(records))?;
        self.images.retire(number)?;
        for keys in self.images.keys_in(number)?.chunks(REPLAY_BATCH) {
            self.write(|tx| keys.iter().try_for_each(|key| tx.carry_detail(*key, number)))?;
        }
        self.settle()?;
        self.images.remove_partition(number)
    }

    /// Records what the journal holds beyond `records`, unless that was done since they were
    /// opened.
    pub(super) fn replay(&self, records: &redb::Database) -> Result<(), StoreError> {
        let mut replayed = self.replayed.lock().unwrap_or_else(PoisonError::into_inner);
        if *replayed {
            return Ok(());
        }
        let begun = Instant::now();
        let mut count = 0_u64;
        let mut batch = Vec::new();
        self.images.entries_from(position(records)?, &mut |found| {
            match understand(found) {
                Ok(again) => batch.push(again),
                Err(error) => log::error!("a read in the journal cannot be understood: {error}"),
            }
            if batch.len() < REPLAY_BATCH {
                return Ok(());
            }
            count += batch.len() as u64;
            self.record_again(records, &std::mem::take(&mut batch))
        })?;
        if count + batch.len() as u64 > 0 {
            count += batch.len() as u64;
            self.record_again(records, &batch)?;
            self.commit(records, Commit::Now, |_| Ok(()))?;
            let took = begun.elapsed().as_millis();
            log::info!("recorded {count} entries of the journal again in {took} ms");
        }
        *replayed = true;
        Ok(())
    }

    /// Records a batch from the journal, and one by one what does not go together: a read that
    /// cannot be recorded must not keep the box from starting.
    fn record_again(&self, records: &redb::Database, batch: &[Again]) -> Result<(), StoreError> {
        let reads = batch.iter().any(|again| matches!(again.what, What::Read(_)));
        let recorder: Recorder = match self.recorder {
            Some(recorder) => recorder,
            // Images need none.
            None if !reads => |_, _, _| Ok(()),
            None => {
                return Err(StoreError::Refused(
                    "the journal holds reads that are not recorded yet: start the box once",
                ));
            }
        };
        let write = |part: &[Again]| {
            self.commit(records, Commit::Journaled(0), |tx| {
                part.iter().try_for_each(|again| {
                    match &again.what {
                        What::Read(read) => recorder(tx, read, &again.places)?,
                        What::Images(key) => tx.add_images(*key, &again.places.images)?,
                    }
                    tx.put_recorded(again.end)
                })
            })
        };
        let Err(error) = write(batch) else { return Ok(()) };
        log::warn!("reads from the journal are recorded one by one: {error}");
        for one in batch.chunks(1) {
            match write(one) {
                Ok(()) => {}
                Err(StoreError::Corrupt(what)) => {
                    log::error!("a read in the journal cannot be recorded: {what}");
                }
                Err(StoreError::Refused(why)) => {
                    log::error!("a read in the journal cannot be recorded: {why}");
                }
                // About the disk and not about the read.
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }
}

fn understand(mut found: Found<'_>) -> Result<Again, StoreError> {
    let end = found.end;
    if found.kind == FrameKind::Images {
        let places = Places { images: found.images, detail: None };
        return Ok(Again { end, what: What::Images(found.key), places });
    }
    let (read, detail) = entry::read(&mut found.reader)?;
    let detail = detail.map(|record| {
        let behind = found.reader.left() + record.len();
        let offset = found.record_end.saturating_sub(behind as u32);
        ImagePlace::of_detail(found.end.segment, offset, record)
    });
    let places = Places { images: found.images, detail };
    Ok(Again { end, what: What::Read(Box::new(read)), places })
}

impl WriteTx {
    /// Gives the capture `key` images it did not have, if it is still there.
    fn add_images(
        &self,
        key: CaptureKey,
        places: &[(ImageKind, ImagePlace)],
    ) -> Result<(), StoreError> {
        let Some(mut capture) = self.capture(key)? else { return Ok(()) };
        let before = capture.images;
        for (kind, place) in places {
            self.put_image_place(key, *kind, place)?;
            capture.images.insert(*kind);
        }
        if capture.images == before { Ok(()) } else { self.update_capture(&capture, None) }
    }

    fn put_recorded(&self, position: Position) -> Result<(), StoreError> {
        let mut row = [0; 8];
        let (segment, offset) = row.split_at_mut(4);
        segment.copy_from_slice(&position.segment.to_le_bytes());
        offset.copy_from_slice(&position.offset.to_le_bytes());
        self.table(META)?.insert(RECORDED, row.as_slice())?;
        Ok(())
    }
}

/// The position up to which `records` hold what the journal holds.
pub(super) fn position(records: &redb::Database) -> Result<Position, StoreError> {
    let table = match records.begin_read()?.open_table(META) {
        // A store that is being made.
        Err(redb::TableError::TableDoesNotExist(_)) => return Ok(Position::default()),
        table => table?,
    };
    let Some(row) = table.get(RECORDED)? else { return Ok(Position::default()) };
    let bytes: [u8; 8] = row
        .value()
        .try_into()
        .map_err(|_| StoreError::Corrupt("the position in the journal cannot be read".into()))?;
    let value = u64::from_le_bytes(bytes);
    Ok(Position { segment: value as u32, offset: (value >> 32) as u32 })
}
