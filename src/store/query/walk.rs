//! Through the blocks: intersects bitmaps, adds up cardinalities for the total, and picks the
//! newest keys for the page, block by block and chunk by chunk until nothing newer can come.

use std::collections::HashMap;

use redb::ReadOnlyTable;
use roaring::{MultiOps as _, RoaringBitmap};

use super::plan::{Clause, Plan, Plates};
use super::{Gathered, Search};
use crate::model::query::PlateMatch;
use crate::store::StoreError;
use crate::store::captures::decode_plate;
use crate::store::index::bitmaps::{self, CAPTURE_SPACE};
use crate::store::index::blocks::{KeyRange, chunks};
use crate::store::index::{Header, Term};

/// More matches than this in a chunk are read in one scan, fewer one by one.
const SCAN_FROM: u64 = 24;

/// Read access to blocks in one snapshot, with what memory adds to the newest.
pub(super) struct Blocks {
    /// Oldest first.
    pub(super) headers: Vec<Header>,
    /// Bitmaps of the terms in question that are not written out yet.
    pub(super) memory: HashMap<Term, RoaringBitmap>,
    pub(super) chunk_captures: u32,
    pub(super) bitmaps: ReadOnlyTable<&'static [u8; 14], &'static [u8]>,
    pub(super) chunks: ReadOnlyTable<(u32, u16), &'static [u8]>,
    pub(super) slots: ReadOnlyTable<(u32, u16), u64>,
}

impl Blocks {
    /// The live captures of a block that meet `clauses`.
    pub(super) fn matching(
        &self,
        header: &Header,
        clauses: &[Clause],
    ) -> Result<RoaringBitmap, StoreError> {
        let newest = self.headers.last().is_some_and(|newest| newest.block == header.block);
        let mut found: Option<RoaringBitmap> = None;
        for clause in clauses {
            if found.as_ref().is_some_and(RoaringBitmap::is_empty) {
                return Ok(RoaringBitmap::new());
            }
            if let (Some(narrowed), [term], false, false) =
                (&found, clause.any.as_slice(), clause.not, newest)
            {
                let space = CAPTURE_SPACE;
                let narrowed =
                    bitmaps::intersect(&self.bitmaps, space, header.block, *term, narrowed)?;
                found = Some(narrowed);
                continue;
            }
            let any = self.union(header, &clause.any, newest)?;
            found = Some(match (found, clause.not) {
                (None, false) => any,
                (None, true) => first(header.count) - any,
                (Some(found), false) => found & any,
                (Some(found), true) => found - any,
            });
        }
        let mut found = found.unwrap_or_else(|| first(header.count));
        if header.live < header.count
            && let Some(dead) =
                bitmaps::get(&self.bitmaps, CAPTURE_SPACE, header.block, Term::DEAD)?
        {
            found -= dead;
        }
        Ok(found)
    }

    fn union(
        &self,
        header: &Header,
        terms: &[Term],
        newest: bool,
    ) -> Result<RoaringBitmap, StoreError> {
        let mut parts = Vec::with_capacity(terms.len());
        for term in terms {
            parts.extend(bitmaps::get(&self.bitmaps, CAPTURE_SPACE, header.block, *term)?);
            if newest {
                parts.extend(self.memory.get(term).cloned());
            }
        }
        // One by one only when there is but one: together they are merged without detours.
        if parts.len() > 1 { Ok(parts.union()) } else { Ok(parts.pop().unwrap_or_default()) }
    }

    /// Keys of `ordinals`, all of one chunk.
    fn keys(
        &self,
        block: u32,
        ordinals: &RoaringBitmap,
        first: u32,
        end: u32,
    ) -> Result<Vec<(u32, u64)>, StoreError> {
        let mut keys = Vec::new();
        if ordinals.range_cardinality(first..end) > SCAN_FROM {
            let (first, last) = (to_ordinal(first)?, to_ordinal(end - 1)?);
            for row in self.slots.range((block, first)..=(block, last))? {
                let (slot, key) = row?;
                let ordinal = u32::from(slot.value().1);
                if ordinals.contains(ordinal) {
                    keys.push((ordinal, key.value()));
                }
            }
        } else {
            for ordinal in ordinals.range(first..end) {
                let key = self.slots.get((block, to_ordinal(ordinal)?))?;
                if let Some(key) = key {
                    keys.push((ordinal, key.value()));
                }
            }
        }
        Ok(keys)
    }

    /// Takes from `found` what lies outside `from..until`.
    fn cut(
        &self,
        header: &Header,
        found: &mut RoaringBitmap,
        chunks: &[KeyRange],
        (from, until): (u64, u64),
    ) -> Result<(), StoreError> {
        for (number, range) in chunks.iter().enumerate() {
            let (first, end) = self.bounds(number, header);
            if range.outside(from, until) {
                found.remove_range(first..end);
            } else if !range.inside(from, until) {
                for (ordinal, key) in self.keys(header.block, found, first, end)? {
                    if !(from..until).contains(&key) {
                        found.remove(ordinal);
                    }
                }
            }
        }
        Ok(())
    }

    fn bounds(&self, chunk: usize, header: &Header) -> (u32, u32) {
        let first = chunk as u32 * self.chunk_captures;
        (first, (first + self.chunk_captures).min(header.count))
    }
}

/// The first `count` ordinals.
fn first(count: u32) -> RoaringBitmap {
    let mut all = RoaringBitmap::new();
    all.insert_range(0..count);
    all
}

fn to_ordinal(number: u32) -> Result<u16, StoreError> {
    u16::try_from(number).map_err(|_| StoreError::Corrupt("ordinal out of range".into()))
}

impl Search {
    /// Gathers the page and the total from the blocks.
    pub(super) fn walk(&self, result: &mut Gathered) -> Result<(), StoreError> {
        let Plan { from, until, clauses, plates, .. } = &self.plan;
        let (from, until) = (*from, *until);
        let verify = match plates {
            Plates::Verify(pattern) => Some(pattern),
            _ => None,
        };
        let mut headers: Vec<&Header> =
            self.blocks.headers.iter().filter(|h| !h.keys.outside(from, until)).collect();
        headers.sort_by_key(|header| std::cmp::Reverse(header.keys.max));
        result.exact = true;
        for header in headers {
            let wanted = header.keys.min < self.before && !result.is_beaten(header.keys.max);
            let whole = header.keys.inside(from, until);
            if !wanted && (!self.total || verify.is_some()) {
                result.exact = false;
                continue;
            }
            if !wanted && whole && clauses.is_empty() {
                result.counted += u64::from(header.live);
                continue;
            }
            let mut found = self.blocks.matching(header, clauses)?;
            if found.is_empty() {
                continue;
            }
            let ranges = if whole && !wanted {
                Vec::new()
            } else {
                chunks(&self.blocks.chunks, header.block)?
            };
            if !whole {
                self.blocks.cut(header, &mut found, &ranges, (from, until))?;
            }
            if verify.is_none() {
                result.counted += found.len();
            }
            if wanted {
                self.pick(header, &found, &ranges, verify, result)?;
            }
            if self.out_of_time() {
                (result.stopped, result.exact) = (true, false);
                return Ok(());
            }
        }
        Ok(())
    }

    /// Picks the newest of `found` for the page, from the chunk with the newest key on.
    fn pick(
        &self,
        header: &Header,
        found: &RoaringBitmap,
        ranges: &[KeyRange],
        verify: Option<&PlateMatch>,
        result: &mut Gathered,
    ) -> Result<(), StoreError> {
        let mut order: Vec<(usize, &KeyRange)> = ranges.iter().enumerate().collect();
        order.sort_by_key(|(number, range)| (std::cmp::Reverse(range.max), *number));
        for (number, range) in order {
            if result.is_beaten(range.max) {
                result.exact &= verify.is_none();
                return Ok(());
            }
            if range.min >= self.before {
                result.exact &= verify.is_none();
                continue;
            }
            let (first, end) = self.blocks.bounds(number, header);
            for (_, key) in self.blocks.keys(header.block, found, first, end)? {
                let beaten = key >= self.before || result.is_beaten(key);
                match verify {
                    None if beaten => {}
                    None => result.offer(key),
                    // What the page does not need is not looked at: the total stays a bound.
                    Some(_) if beaten => result.exact = false,
                    Some(pattern) => {
                        if !self.plate_matches(key, pattern)? {
                            continue;
                        }
                        result.counted += 1;
                        result.offer(key);
                    }
                }
            }
            if verify.is_some() && self.out_of_time() {
                (result.stopped, result.exact) = (true, false);
                return Ok(());
            }
        }
        Ok(())
    }

    fn plate_matches(&self, key: u64, pattern: &PlateMatch) -> Result<bool, StoreError> {
        let record = self.captures.get(key)?;
        record.map_or(Ok(false), |record| Ok(pattern.matches(decode_plate(record.value())?)))
    }
}
