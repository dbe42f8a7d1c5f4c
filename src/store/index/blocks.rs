//! Blocks and their chunks: how many captures, and which range of keys.

use redb::ReadableTable;

use crate::store::StoreError;
use crate::store::codec::{Reader, Writer};

/// Where a capture is indexed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Slot {
    pub(crate) block: u32,
    pub(crate) ordinal: u16,
}

impl Slot {
    pub(crate) fn packed(self) -> u64 {
        u64::from(self.block) << 16 | u64::from(self.ordinal)
    }

    pub(crate) const fn unpacked(packed: u64) -> Self {
        Self { block: (packed >> 16) as u32, ordinal: packed as u16 }
    }
}

/// A range of capture keys, both ends included. Starts empty.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct KeyRange {
    pub(crate) min: u64,
    pub(crate) max: u64,
}

impl Default for KeyRange {
    fn default() -> Self {
        Self { min: u64::MAX, max: 0 }
    }
}

impl KeyRange {
    pub(crate) fn include(&mut self, key: u64) {
        self.min = self.min.min(key);
        self.max = self.max.max(key);
    }

    /// Whether all of it lies in `from..until`.
    pub(crate) const fn inside(self, from: u64, until: u64) -> bool {
        self.min >= from && self.max < until
    }

    /// Whether none of it lies in `from..until`.
    pub(crate) const fn outside(self, from: u64, until: u64) -> bool {
        self.max < from || self.min >= until
    }
}

/// A block as a whole.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Header {
    /// Its number; blocks are numbered in order of arrival.
    pub(crate) block: u32,
    /// Slots given out.
    pub(crate) count: u32,
    /// Slots that are still alive.
    pub(crate) live: u32,
    /// Slots below this are in the store's bitmaps, the others in memory.
    pub(crate) flushed: u32,
    /// Keys of all slots, dead ones too.
    pub(crate) keys: KeyRange,
}

/// Headers of all blocks, oldest first. There are few: one per 65,536 captures.
pub(crate) fn headers(
    table: &impl ReadableTable<u32, &'static [u8]>,
) -> Result<Vec<Header>, StoreError> {
    let rows = table.iter()?.map(|row| {
        let (block, record) = row?;
        decode_header(block.value(), record.value())
    });
    rows.collect()
}

/// The header of the newest block, if there is one.
pub(crate) fn open_header(
    table: &impl ReadableTable<u32, &'static [u8]>,
) -> Result<Option<Header>, StoreError> {
    table.last()?.map(|(block, row)| decode_header(block.value(), row.value())).transpose()
}

/// The header of `block`.
pub(crate) fn header(
    table: &impl ReadableTable<u32, &'static [u8]>,
    block: u32,
) -> Result<Option<Header>, StoreError> {
    table.get(block)?.map(|row| decode_header(block, row.value())).transpose()
}

/// Key ranges of the chunks of `block`.
pub(crate) fn chunks(
    table: &impl ReadableTable<(u32, u16), &'static [u8]>,
    block: u32,
) -> Result<Vec<KeyRange>, StoreError> {
    let mut chunks = Vec::with_capacity(256);
    for row in table.range((block, 0)..=(block, u16::MAX))? {
        chunks.push(decode_range(row?.1.value())?);
    }
    Ok(chunks)
}

/// The key range of one chunk, empty when there is none yet.
pub(crate) fn chunk(
    table: &impl ReadableTable<(u32, u16), &'static [u8]>,
    block: u32,
    chunk: u16,
) -> Result<KeyRange, StoreError> {
    table.get((block, chunk))?.map_or(Ok(KeyRange::default()), |row| decode_range(row.value()))
}

pub(crate) fn encode_header(header: &Header) -> Vec<u8> {
    let mut writer = Writer::new(1);
    writer.u32(header.count).u32(header.live).u32(header.flushed);
    writer.u64(header.keys.min).u64(header.keys.max);
    writer.finish()
}

pub(crate) fn decode_header(block: u32, record: &[u8]) -> Result<Header, StoreError> {
    let mut reader = Reader::new(record)?;
    Ok(Header {
        block,
        count: reader.u32()?,
        live: reader.u32()?,
        flushed: reader.u32()?,
        keys: KeyRange { min: reader.u64()?, max: reader.u64()? },
    })
}

pub(crate) fn encode_range(range: KeyRange) -> Vec<u8> {
    let mut writer = Writer::new(1);
    writer.u64(range.min).u64(range.max);
    writer.finish()
}

fn decode_range(record: &[u8]) -> Result<KeyRange, StoreError> {
    let mut reader = Reader::new(record)?;
    Ok(KeyRange { min: reader.u64()?, max: reader.u64()? })
}
