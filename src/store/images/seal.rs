//! Sealing: what turns a partition that is no longer written to into one that only retention
//! touches. Runs outside the ingest path, in the thread that calls it.
//!
//! A stream leaves hardly any waste, so a partition is normally sealed where it lies, which costs
//! the card no second write. Only one with much waste (tiny images, one commit each) is copied:
//! to a `.tmp`, synced, renamed over the old file. A crash at any point leaves the old or the new
//! file, and at most a `.tmp` that the next start removes.

use redb::Database;

use super::partition::{Partition, open_error, remove_if_there, set_sealed, sync_directory};
use super::stream::{self, Appender, STREAM, SUMMARY, Summary};
use crate::base::limits::{
    IMAGES_CACHE_BYTES, SEAL_COMMIT_BYTES, SEALED_WASTE_MIN_BYTES, SEALED_WASTE_PERCENT_MAX,
};
use crate::store::StoreError;

/// What sealing did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sealed {
    /// It was left where it lies.
    InPlace,
    /// It was copied to get rid of waste.
    Copied,
    /// There was nothing in it.
    Empty,
}

/// Seals `partition`, which must not be written to any more.
pub(super) fn seal(partition: &Partition) -> Result<Sealed, StoreError> {
    partition.close_writing();
    partition.settle()?;
    let gone = StoreError::Refused("the image partition is gone");
    let summary = partition.summary()?.ok_or(gone)?;
    if summary.images == 0 {
        return Ok(Sealed::Empty);
    }
    let waste = partition.measure().saturating_sub(u64::from(summary.stream_bytes));
    let much = u64::from(summary.stream_bytes) * SEALED_WASTE_PERCENT_MAX / 100;
    if waste <= much.max(SEALED_WASTE_MIN_BYTES) {
        partition.mark_sealed()?;
        return Ok(Sealed::InPlace);
    }
    let unfinished = partition.path.with_extension("redb.tmp");
    let copied =
        copy(partition, &unfinished, &summary).and_then(|()| partition.replace(&unfinished));
    if let Err(error) = copied {
        remove_if_there(&unfinished)?;
        return Err(error);
    }
    partition.path.parent().map_or(Ok(()), sync_directory)?;
    Ok(Sealed::Copied)
}

/// Copies the stream of `partition` into a new file with full chunks, synced and marked sealed.
fn copy(partition: &Partition, to: &std::path::Path, summary: &Summary) -> Result<(), StoreError> {
    remove_if_there(to)?;
    let database = Database::builder().set_cache_size(IMAGES_CACHE_BYTES).create(to)?;
    let mut from = 0;
    while from < summary.stream_bytes {
        let tx = database.begin_write()?;
        let mut appender = Appender::new(tx.open_table(STREAM)?, from);
        partition.view(|view| {
            let table = view.open_table(STREAM)?;
            for entry in table.range(from..)? {
                let (offset, chunk) = entry?;
                if offset.value() != appender.position()? {
                    return Err(StoreError::Corrupt("the image stream has a hole".into()));
                }
                appender.push(chunk.value())?;
                if appender.position()? - from >= SEAL_COMMIT_BYTES {
                    break;
                }
            }
            Ok(())
        })?;
        let end = appender.finish()?;
        if end == from {
            return Err(StoreError::Corrupt("the image stream ends early".into()));
        }
        from = end;
        tx.commit()?;
    }
    let tx = database.begin_write()?;
    tx.open_table(SUMMARY)?.insert(0, summary.encode().as_slice())?;
    if stream::end(&tx.open_table(STREAM)?)? != summary.stream_bytes {
        return Err(StoreError::Corrupt("the copy of an image partition differs".into()));
    }
    tx.commit()?;
    database.close().map_err(open_error)?;
    set_sealed(to)?;
    Ok(std::fs::File::open(to)?.sync_all()?)
}
