//! Through the captures of a few plates: newest first by plate, tested against the bitmaps of
//! their blocks when there are other conditions.

use std::collections::HashMap;

use roaring::RoaringBitmap;

use super::{Gathered, Search};
use crate::store::StoreError;
use crate::store::index::Slot;
use crate::store::plates::PlateHit;

/// Captures between two looks at the clock.
const CHECK_EVERY: u64 = 1024;

impl Search {
    /// Gathers the page and the total from the captures of `hits`.
    pub(super) fn follow(
        &self,
        hits: &[PlateHit],
        result: &mut Gathered,
    ) -> Result<(), StoreError> {
        let mut hits: Vec<&PlateHit> = hits.iter().collect();
        hits.sort_unstable_by_key(|hit| (std::cmp::Reverse(hit.newest), hit.id));
        let counted_by_plate = self.plan.only_plates() || !self.total;
        if counted_by_plate {
            result.counted = hits.iter().map(|hit| u64::from(hit.count)).sum();
        }
        result.exact = self.plan.only_plates();
        let mut matching = HashMap::new();
        let mut seen = 0;
        for hit in hits {
            let until = self.plan.until.min(hit.newest.saturating_add(1));
            let page_until = until.min(self.before);
            if counted_by_plate && result.is_beaten(page_until) {
                // Those that follow are older still.
                if page_until == until {
                    break;
                }
                continue;
            }
            let until = if counted_by_plate { page_until } else { until };
            if self.plan.from >= until {
                continue;
            }
            for row in self.postings.range((hit.id, self.plan.from)..(hit.id, until))?.rev() {
                let (posting, slot) = row?;
                let key = posting.value().1;
                let beaten = key >= self.before || result.is_beaten(key);
                if beaten && counted_by_plate {
                    break;
                }
                seen += 1;
                if seen % CHECK_EVERY == 0 && self.out_of_time() {
                    (result.stopped, result.exact) = (true, false);
                    return Ok(());
                }
                if !self.passes(Slot::unpacked(slot.value()), &mut matching)? {
                    continue;
                }
                if !counted_by_plate {
                    result.counted += 1;
                }
                if !beaten {
                    result.offer(key);
                }
            }
        }
        result.exact |= !counted_by_plate;
        Ok(())
    }

    /// Whether the capture in `slot` meets the other conditions.
    fn passes(
        &self,
        slot: Slot,
        matching: &mut HashMap<u32, RoaringBitmap>,
    ) -> Result<bool, StoreError> {
        if self.plan.clauses.is_empty() {
            return Ok(true);
        }
        if let Some(found) = matching.get(&slot.block) {
            return Ok(found.contains(u32::from(slot.ordinal)));
        }
        let header = self.blocks.headers.iter().find(|header| header.block == slot.block);
        let found = match header {
            Some(header) => self.blocks.matching(header, &self.plan.clauses)?,
            None => RoaringBitmap::new(),
        };
        let passes = found.contains(u32::from(slot.ordinal));
        matching.insert(slot.block, found);
        Ok(passes)
    }
}
