//! Bringing the search index of an older version up to date: what captures are found by has grown,
//! and blocks written before do not have it. Block by block, each in a transaction of its own, so
//! that an interruption costs at most one of them.

use std::time::Instant;

use redb::ReadableTable;

use super::bitmaps::{self, CAPTURE_SPACE, PLATE_SPACE};
use super::terms::terms_of;
use super::{Entries, Header, Slot, Term, blocks};
use crate::model::capture::CaptureKey;
use crate::store::captures::{decode, decode_slot};
use crate::store::tables::{BITMAPS, BLOCKS, CAPTURES, HEADERS, META, SLOTS};
use crate::store::{Store, StoreError, WriteTx};

/// What captures are found by, counted up whenever that changes.
const VERSION: u32 = 2;
/// META: the version of the index, four bytes, little endian. Absent in the first.
const VERSION_ROW: &str = "index_version";
/// META: the first block that is not renewed yet.
const NEXT_ROW: &str = "index_renewed";
/// Captures whose terms are gathered before they are written: a few megabytes.
const STEP: u32 = 16_384;

/// Renews the index of `store` if an older version wrote it.
pub(in crate::store) fn renew(store: &Store) -> Result<(), StoreError> {
    if store.read(|tx| number(&tx.table(META)?, VERSION_ROW))? == Some(VERSION) {
        return Ok(());
    }
    let started = Instant::now();
    let blocks = store.write(begin)?;
    if blocks > 0 {
        log::info!("renewing the search index, {blocks} blocks; this is done once");
    }
    while let Some(block) = store.write(renew_next)? {
        log::info!("search index: block {block} of {blocks} renewed");
    }
    while store.write(|tx| tx.index_plates(1).and_then(|()| tx.plates_unindexed()))? > 0 {}
    store.write(|tx| {
        set(tx, VERSION_ROW, VERSION)?;
        tx.table(META)?.remove(NEXT_ROW)?;
        Ok(())
    })?;
    if blocks > 0 {
        log::info!("search index renewed in {:.1} s", started.elapsed().as_secs_f64());
    }
    Ok(())
}

/// Moves headers to their table and lets plates be indexed anew, once; how many blocks there are.
fn begin(tx: &WriteTx) -> Result<u64, StoreError> {
    if number(&tx.table(META)?, NEXT_ROW)?.is_none() {
        let mut parts = tx.table(BLOCKS)?;
        let mut headers = tx.table(HEADERS)?;
        let mut next = parts.first()?.map(|(key, _)| key.value().0);
        while let Some(block) = next {
            if let Some(record) = parts.remove((block, u16::MAX))? {
                headers.insert(block, record.value())?;
            }
            let after = parts.range((block, u16::MAX)..)?.next().transpose()?;
            next = after.map(|(key, _)| key.value().0);
        }
        drop((parts, headers));
        let plates = tx.plate_blocks()?;
        for block in 0..plates {
            bitmaps::drop_block(tx, PLATE_SPACE, block)?;
        }
        tx.forget_indexed_plates()?;
        set(tx, NEXT_ROW, 0)?;
    }
    Ok(blocks::headers(&tx.table(HEADERS)?)?.len() as u64)
}

/// Renews one block; its number, `None` when all are done.
fn renew_next(tx: &WriteTx) -> Result<Option<u32>, StoreError> {
    let next = number(&tx.table(META)?, NEXT_ROW)?.unwrap_or(0);
    let headers = blocks::headers(&tx.table(HEADERS)?)?;
    let Some(header) = headers.iter().find(|header| header.block >= next) else {
        return Ok(None);
    };
    let dead = {
        let table = tx.table(BITMAPS)?;
        let key = bitmaps::key(CAPTURE_SPACE, header.block, Term::DEAD);
        let row = table.get(&key)?;
        row.map(|row| row.value().to_vec())
    };
    bitmaps::drop_block(tx, CAPTURE_SPACE, header.block)?;
    if let Some(dead) = dead {
        let key = bitmaps::key(CAPTURE_SPACE, header.block, Term::DEAD);
        tx.table(BITMAPS)?.insert(&key, dead.as_slice())?;
    }
    let mut first = 0;
    while first < header.flushed {
        let end = (first + STEP).min(header.flushed);
        renew_part(tx, header, first, end)?;
        first = end;
    }
    set(tx, NEXT_ROW, header.block + 1)?;
    Ok(Some(header.block))
}

/// Writes the terms of the ordinals `first..end`, which have no rows.
fn renew_part(tx: &WriteTx, header: &Header, first: u32, end: u32) -> Result<(), StoreError> {
    let mut entries = Entries::default();
    for ordinal in first..end {
        let ordinal = u16::try_from(ordinal)
            .map_err(|_| StoreError::Corrupt("search block is too large".into()))?;
        let slot = Slot { block: header.block, ordinal };
        let key = tx.table(SLOTS)?.get((slot.block, slot.ordinal))?.map(|row| row.value());
        let Some(key) = key.map(CaptureKey) else { continue };
        let capture = {
            let captures = tx.table(CAPTURES)?;
            let Some(record) = captures.get(key.0)? else { continue };
            // A slot whose capture has moved is dead.
            if decode_slot(record.value())? != slot {
                continue;
            }
            decode(key, record.value())?.0
        };
        let detail = tx.capture_detail(key)?.unwrap_or_default();
        let extra = tx.extra(&capture, &detail)?;
        let terms = terms_of(&capture, &extra, |attribute, text| {
            tx.intern_value(attribute, text).map(Some)
        })?;
        for term in terms {
            entries.entry(term).or_default().push(ordinal);
        }
    }
    let mut rows: Vec<(Term, Vec<u16>)> = entries.into_iter().collect();
    rows.sort_unstable_by_key(|(term, _)| *term);
    bitmaps::merge(tx, CAPTURE_SPACE, header.block, rows)
}

fn number(
    table: &impl ReadableTable<&'static str, &'static [u8]>,
    row: &str,
) -> Result<Option<u32>, StoreError> {
    let Some(row) = table.get(row)? else { return Ok(None) };
    let bytes = row.value().try_into();
    bytes
        .map(|bytes| Some(u32::from_le_bytes(bytes)))
        .map_err(|_| StoreError::Corrupt("version of the search index".into()))
}

fn set(tx: &WriteTx, row: &str, value: u32) -> Result<(), StoreError> {
    tx.table(META)?.insert(row, value.to_le_bytes().as_slice())?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Makes `store` look as one of the first version: headers beside chunks, no version, and of
    /// the rows only one that is wrong.
    fn age(store: &Store) {
        store
            .write(|tx| {
                let headers = blocks::headers(&tx.table(HEADERS)?)?;
                for header in headers {
                    let record = blocks::encode_header(&header);
                    tx.table(HEADERS)?.remove(header.block)?;
                    tx.table(BLOCKS)?.insert((header.block, u16::MAX), record.as_slice())?;
                    let stale = [(Term::PLATED, [0_u16, 1, 2])];
                    let dead =
                        bitmaps::get(&tx.table(BITMAPS)?, CAPTURE_SPACE, header.block, Term::DEAD)?;
                    bitmaps::drop_block(tx, CAPTURE_SPACE, header.block)?;
                    bitmaps::merge(tx, CAPTURE_SPACE, header.block, stale)?;
                    let dead: Vec<u16> =
                        dead.iter().flatten().map(|ordinal| ordinal as u16).collect();
                    bitmaps::merge(tx, CAPTURE_SPACE, header.block, [(Term::DEAD, dead)])?;
                }
                tx.table(META)?.remove(VERSION_ROW)?;
                Ok(())
            })
            .unwrap();
    }

    #[test]
    fn an_old_index_is_renewed_and_an_interruption_goes_on() {
        crate::store::query::tests::grown(|store, check| {
            check(store);
            age(store);
            // As if the first run had been cut off after its first block.
            store.write(begin).unwrap();
            store.write(renew_next).unwrap();
            renew(store).unwrap();
            check(store);
            let left = store.read(|tx| number(&tx.table(META)?, NEXT_ROW)).unwrap();
            assert_eq!(left, None);
            renew(store).unwrap();
        });
    }
}
