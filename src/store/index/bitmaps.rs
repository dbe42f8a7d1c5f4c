//! Bitmap rows: their keys, their bytes, and merging new ordinals into them.

use redb::{AccessGuard, ReadOnlyTable, ReadableTable};
use roaring::RoaringBitmap;

use super::Term;
use crate::store::tables::BITMAPS;
use crate::store::{StoreError, WriteTx};

/// Ordinals a list can have before it is longer than plain bits.
const LIST_MAX: u64 = 4096;
/// Bitmaps over the captures of a block.
pub(crate) const CAPTURE_SPACE: u8 = 0;
/// Bitmaps over distinct plates, 65,536 plate ids a block.
pub(crate) const PLATE_SPACE: u8 = 1;

/// Key of a row: space, block, attribute, value, so that a block's rows lie together.
pub(crate) fn key(space: u8, block: u32, term: Term) -> [u8; 14] {
    let mut key = [0; 14];
    let (head, tail) = key.split_at_mut(6);
    if let [first, middle @ .., last] = head {
        *first = space;
        middle.copy_from_slice(&block.to_be_bytes());
        *last = term.attribute;
    }
    tail.copy_from_slice(&term.value.to_be_bytes());
    key
}

/// Reads a row; `None` when no ordinal of the block has the term.
pub(crate) fn get(
    table: &impl ReadableTable<&'static [u8; 14], &'static [u8]>,
    space: u8,
    block: u32,
    term: Term,
) -> Result<Option<RoaringBitmap>, StoreError> {
    table.get(&key(space, block, term))?.map(|row| decode(row.value())).transpose()
}

/// A row as it lies in the store; `None` when no ordinal of the block has the term.
pub(crate) fn row(
    table: &ReadOnlyTable<&'static [u8; 14], &'static [u8]>,
    space: u8,
    block: u32,
    term: Term,
) -> Result<Option<AccessGuard<'static, &'static [u8]>>, StoreError> {
    Ok(table.get(&key(space, block, term))?)
}

fn decode(bytes: &[u8]) -> Result<RoaringBitmap, StoreError> {
    RoaringBitmap::deserialize_unchecked_from(bytes)
        .map_err(|_| StoreError::Corrupt("search bitmap".into()))
}

/// Adds ordinals to rows of one block. In key order redb writes each page once.
pub(crate) fn merge<O: AsRef<[u16]>>(
    tx: &WriteTx,
    space: u8,
    block: u32,
    entries: impl IntoIterator<Item = (Term, O)>,
) -> Result<(), StoreError> {
    let mut table = tx.table(BITMAPS)?;
    let mut bytes = Vec::new();
    for (term, ordinals) in entries {
        let mut bitmap = get(&table, space, block, term)?.unwrap_or_default();
        bitmap.extend(ordinals.as_ref().iter().map(|&ordinal| u32::from(ordinal)));
        if bitmap.len() > LIST_MAX || term.comes_in_runs() {
            bitmap.optimize();
        }
        bytes.clear();
        bitmap.serialize_into(&mut bytes)?;
        table.insert(&key(space, block, term), bytes.as_slice())?;
    }
    Ok(())
}

/// Takes ordinals out of a row.
pub(crate) fn remove(
    tx: &WriteTx,
    space: u8,
    block: u32,
    term: Term,
    ordinals: &[u16],
) -> Result<(), StoreError> {
    let mut table = tx.table(BITMAPS)?;
    let Some(mut bitmap) = get(&table, space, block, term)? else { return Ok(()) };
    for &ordinal in ordinals {
        bitmap.remove(u32::from(ordinal));
    }
    if bitmap.is_empty() {
        table.remove(&key(space, block, term))?;
    } else {
        let mut bytes = Vec::new();
        bitmap.serialize_into(&mut bytes)?;
        table.insert(&key(space, block, term), bytes.as_slice())?;
    }
    Ok(())
}

/// Drops all rows of a block.
pub(crate) fn drop_block(tx: &WriteTx, space: u8, block: u32) -> Result<(), StoreError> {
    let first = key(space, block, Term { attribute: 0, value: 0 });
    let last = key(space, block, Term { attribute: u8::MAX, value: u64::MAX });
    tx.table(BITMAPS)?.retain_in::<&[u8; 14], _>(&first..=&last, |_, _| false)?;
    Ok(())
}
