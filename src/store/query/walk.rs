//! Through the blocks: intersects bitmaps, adds up cardinalities for the total, and picks the
//! newest keys for the page, block by block and chunk by chunk until nothing newer can come.

use std::cmp::Reverse;

use super::{Gathered, Search, week};
use crate::store::StoreError;
use crate::store::index::bits::Bits;
use crate::store::index::{Header, Term};

impl Search {
    /// The live captures of a block that meet everything but the time range and what must be
    /// looked at.
    pub(super) fn matching(&self, header: &Header) -> Result<Bits, StoreError> {
        let rows = self.blocks.rows(header);
        let mut found = match self.plan.all.as_slice() {
            [] => Bits::first(header.count),
            terms => rows.all(terms)?,
        };
        for clause in &self.plan.clauses {
            if found.is_empty() {
                return Ok(found);
            }
            if clause.not {
                rows.and_not(&clause.any, &mut found)?;
            } else {
                rows.and(&clause.any, &mut found)?;
            }
        }
        if header.live < header.count {
            rows.and_not(&[Term::DEAD], &mut found)?;
        }
        for shape in &self.plan.shapes {
            shape.narrow(&rows, &mut found)?;
        }
        for shape in &self.plan.without {
            let mut out = found.clone();
            shape.narrow(&rows, &mut out)?;
            found.and_not(&out);
        }
        if let Some(out) = self.plan.left_out.get(&header.block) {
            for ordinal in out {
                found.remove(*ordinal);
            }
        }
        if let Some(week) = &self.plan.week
            && !found.is_empty()
        {
            week::narrow(week, &self.blocks, header, &mut found)?;
        }
        Ok(found)
    }

    /// Takes from `found` what lies outside the time range.
    fn cut(&self, header: &Header, found: &mut Bits) -> Result<(), StoreError> {
        let (from, until) = (self.plan.from, self.plan.until);
        for (number, range) in self.blocks.chunks(header)?.ranges.iter().enumerate() {
            let bounds = self.blocks.bounds(number, header);
            let holes = &self.plan.holes;
            let clear = holes.iter().all(|(start, end)| range.outside(*start, *end));
            let gone = holes.iter().any(|(start, end)| range.inside(*start, *end));
            if gone || range.outside(from, until) {
                found.clear_range(bounds.0, bounds.1);
            } else if !clear || !range.inside(from, until) {
                for (ordinal, key) in self.blocks.keys(header.block, found, bounds)? {
                    if !(from..until).contains(&key) || self.plan.in_hole(key) {
                        found.remove(ordinal);
                    }
                }
            }
        }
        Ok(())
    }

    /// Gathers the page and the total from the blocks.
    pub(super) fn walk(&self, result: &mut Gathered) -> Result<(), StoreError> {
        let (from, until) = (self.plan.from, self.plan.until);
        let mut headers: Vec<&Header> =
            self.blocks.headers.iter().filter(|h| !h.keys.outside(from, until)).collect();
        headers.sort_by_key(|header| Reverse(header.keys.max));
        result.exact = self.total;
        for header in headers {
            let wanted = header.keys.min < self.before && !result.is_beaten(header.keys.max);
            let mut holes = self.plan.holes.iter();
            let whole = header.keys.inside(from, until)
                && holes.all(|(start, end)| header.keys.outside(*start, *end));
            if !wanted && !self.total {
                continue;
            }
            if !wanted && whole && self.plan.is_open() && self.plan.checks.is_empty() {
                result.counted += u64::from(header.live);
                continue;
            }
            if self.out_of_time() {
                (result.stopped, result.exact) = (true, false);
                return Ok(());
            }
            if let (false, true, Some(term)) = (wanted, whole, self.plan.only_term())
                && header.live == header.count
            {
                result.counted += self.blocks.rows(header).count(term)?;
                continue;
            }
            let mut found = self.matching(header)?;
            if !whole {
                self.cut(header, &mut found)?;
            }
            let checked = self.check(header, &mut found)?;
            if !checked {
                // What was not looked at may not be shown.
                (result.stopped, result.exact) = (true, false);
                return Ok(());
            }
            if self.total {
                result.counted += found.len();
            }
            if wanted && !found.is_empty() {
                self.pick(header, &found, result)?;
            }
        }
        Ok(())
    }

    /// Picks the newest of `found` for the page, from the chunk with the newest key on.
    fn pick(&self, header: &Header, found: &Bits, result: &mut Gathered) -> Result<(), StoreError> {
        let chunks = self.blocks.chunks(header)?;
        let mut numbers = found.pieces(self.blocks.chunk_captures);
        numbers.sort_by_key(|number| Reverse(chunks.ranges.get(*number).map(|range| range.max)));
        for number in numbers {
            let Some(range) = chunks.ranges.get(number) else { continue };
            if result.is_beaten(range.max) {
                return Ok(());
            }
            if range.min >= self.before {
                continue;
            }
            let bounds = self.blocks.bounds(number, header);
            for (_, key) in self.blocks.keys(header.block, found, bounds)? {
                if key < self.before && !result.is_beaten(key) {
                    result.offer(key);
                }
            }
        }
        Ok(())
    }
}
