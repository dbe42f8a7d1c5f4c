//! Read access to blocks in one snapshot, with what memory adds to the newest.

use std::collections::HashMap;
use std::sync::Arc;

use redb::{AccessGuard, ReadOnlyTable};

use crate::store::StoreError;
use crate::store::index::bitmaps::{self, CAPTURE_SPACE};
use crate::store::index::bits::Bits;
use crate::store::index::blocks::{KeyRange, chunks};
use crate::store::index::row::Row;
use crate::store::index::{Chunks, Header, Term};

/// More matches than this in a chunk are read in one scan, fewer one by one.
const SCAN_FROM: u64 = 24;

/// Rows of the index.
pub(crate) type BitmapTable = ReadOnlyTable<&'static [u8; 14], &'static [u8]>;

/// All blocks.
pub(super) struct Blocks {
    /// Oldest first.
    pub(super) headers: Vec<Header>,
    /// Ordinals of the terms in question that are not written out yet.
    pub(super) memory: HashMap<Term, Vec<u16>>,
    pub(super) chunk_captures: u32,
    pub(super) bitmaps: BitmapTable,
    pub(super) chunks: ReadOnlyTable<(u32, u16), &'static [u8]>,
    pub(super) slots: ReadOnlyTable<(u32, u16), u64>,
    pub(super) cache: Arc<Chunks>,
}

/// Rows of one block, of captures or of distinct plates.
pub(crate) struct Rows<'a> {
    table: &'a BitmapTable,
    /// Ordinals besides those in rows.
    memory: Option<&'a HashMap<Term, Vec<u16>>>,
    space: u8,
    block: u32,
}

impl<'a> Rows<'a> {
    /// Rows over distinct plates.
    pub(crate) const fn of_plates(table: &'a BitmapTable, block: u32) -> Self {
        Self { table, memory: None, space: bitmaps::PLATE_SPACE, block }
    }

    /// Adds what has `term`.
    pub(crate) fn or(&self, term: Term, bits: &mut Bits) -> Result<(), StoreError> {
        if let Some(row) = self.row(term)? {
            bits.or_row(Row::parse(row.value())?);
        }
        self.remembered(term).iter().for_each(|ordinal| bits.insert(*ordinal));
        Ok(())
    }

    /// What has any of `terms`.
    pub(crate) fn any(&self, terms: &[Term]) -> Result<Bits, StoreError> {
        let mut bits = Bits::new();
        for term in terms {
            self.or(*term, &mut bits)?;
        }
        Ok(bits)
    }

    /// What has all of `terms`, from the rarest on.
    pub(crate) fn all(&self, terms: &[Term]) -> Result<Bits, StoreError> {
        let mut guards = Vec::with_capacity(terms.len());
        let mut recent = Vec::new();
        for term in terms {
            match self.row(*term)? {
                _ if !self.remembered(*term).is_empty() => recent.push(*term),
                Some(row) => guards.push(row),
                None => return Ok(Bits::new()),
            }
        }
        let mut rows = Vec::with_capacity(guards.len());
        for guard in &guards {
            rows.push(Row::parse(guard.value())?);
        }
        rows.sort_unstable_by_key(|row| row.len());
        let mut found = None;
        for row in rows {
            match &mut found {
                None => found = Some(Bits::of_row(row)),
                Some(found) => found.and_row(row),
            }
        }
        for term in recent {
            let bits = self.any(&[term])?;
            match &mut found {
                None => found = Some(bits),
                Some(found) => found.and(&bits),
            }
        }
        Ok(found.unwrap_or_else(Bits::new))
    }

    /// How many have `term`.
    pub(crate) fn count(&self, term: Term) -> Result<u64, StoreError> {
        if !self.remembered(term).is_empty() {
            return Ok(self.any(&[term])?.len());
        }
        let row = self.row(term)?;
        row.map_or(Ok(0), |row| Ok(Row::parse(row.value())?.len().into()))
    }

    /// Keeps what has any of `terms`.
    pub(crate) fn and(&self, terms: &[Term], bits: &mut Bits) -> Result<(), StoreError> {
        match terms {
            [term] if self.remembered(*term).is_empty() => match self.row(*term)? {
                Some(row) => bits.and_row(Row::parse(row.value())?),
                None => bits.clear(),
            },
            terms => bits.and(&self.any(terms)?),
        }
        Ok(())
    }

    /// Takes out what has any of `terms`.
    pub(crate) fn and_not(&self, terms: &[Term], bits: &mut Bits) -> Result<(), StoreError> {
        for term in terms {
            if let Some(row) = self.row(*term)? {
                bits.and_not_row(Row::parse(row.value())?);
            }
            self.remembered(*term).iter().for_each(|ordinal| bits.remove(*ordinal));
        }
        Ok(())
    }

    fn row(&self, term: Term) -> Result<Option<AccessGuard<'static, &'static [u8]>>, StoreError> {
        bitmaps::row(self.table, self.space, self.block, term)
    }

    /// The most characters any plate here has.
    pub(crate) fn longest(&self) -> Result<usize, StoreError> {
        let row = |length| bitmaps::key(self.space, self.block, Term::length(length));
        let (first, last) = (row(0), row(usize::MAX));
        let rows = self.table.range::<&[u8; 14]>(&first..=&last)?.next_back().transpose()?;
        let written = rows.map_or(0, |(key, _)| usize::from(*key.value().last().unwrap_or(&0)));
        let known = self.memory.into_iter().flat_map(HashMap::keys);
        let lengths = known.filter(|term| term.attribute == Term::LENGTH);
        Ok(lengths.map(|term| term.value as usize).max().unwrap_or(0).max(written))
    }

    fn remembered(&self, term: Term) -> &[u16] {
        self.memory.and_then(|memory| memory.get(&term)).map_or(&[], Vec::as_slice)
    }
}

impl Blocks {
    pub(super) fn rows(&self, header: &Header) -> Rows<'_> {
        Rows {
            table: &self.bitmaps,
            memory: self.is_newest(header).then_some(&self.memory),
            space: CAPTURE_SPACE,
            block: header.block,
        }
    }

    fn is_newest(&self, header: &Header) -> bool {
        self.headers.last().is_some_and(|newest| newest.block == header.block)
    }

    /// The key ranges of the chunks of a block.
    pub(super) fn chunks(&self, header: &Header) -> Result<Arc<ChunkMap>, StoreError> {
        // A block that is not the newest never gets another capture.
        let settled = !self.is_newest(header);
        if settled && let Some(known) = self.cache.get(header.block) {
            return Ok(known);
        }
        let ranges = chunks(&self.chunks, header.block)?;
        let found = Arc::new(ChunkMap { ranges });
        if settled {
            self.cache.put(header.block, Arc::clone(&found));
        }
        Ok(found)
    }

    /// First ordinal of a chunk, and the one after its last.
    pub(super) fn bounds(&self, chunk: usize, header: &Header) -> (u32, u32) {
        let first = chunk as u32 * self.chunk_captures;
        (first, (first + self.chunk_captures).min(header.count))
    }

    /// Keys of those of `ordinals` that are in `first..end`, a chunk.
    pub(super) fn keys(
        &self,
        block: u32,
        ordinals: &Bits,
        (first, end): (u32, u32),
    ) -> Result<Vec<(u16, u64)>, StoreError> {
        let mut keys = Vec::new();
        if ordinals.len_between(first, end) > SCAN_FROM {
            // The ends of a chunk are ordinals, so they fit.
            let range = (block, first as u16)..=(block, (end - 1) as u16);
            for row in self.slots.range(range)? {
                let (slot, key) = row?;
                let ordinal = slot.value().1;
                if ordinals.contains(ordinal) {
                    keys.push((ordinal, key.value()));
                }
            }
        } else {
            for ordinal in ordinals.between(first, end) {
                keys.extend(self.slots.get((block, ordinal))?.map(|key| (ordinal, key.value())));
            }
        }
        Ok(keys)
    }
}

/// The chunks of a block.
#[derive(Debug)]
pub(crate) struct ChunkMap {
    /// Range of keys of each.
    pub(crate) ranges: Vec<KeyRange>,
}
