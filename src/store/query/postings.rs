//! Through the captures of a few plates: newest first by plate, tested against the bitmaps of
//! their blocks when there are other conditions.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use super::{Gathered, Search};
use crate::store::StoreError;
use crate::store::index::Slot;
use crate::store::index::bits::Bits;
use crate::store::plates::PlateHit;

/// Captures between two looks at the clock.
const CHECK_EVERY: u64 = 256;

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
                if !self.passes(Slot::unpacked(slot.value()), key, &mut matching)? {
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
        key: u64,
        matching: &mut HashMap<u32, Bits>,
    ) -> Result<bool, StoreError> {
        if self.plan.in_hole(key) {
            return Ok(false);
        }
        if !self.plan.is_open() {
            let found = match matching.entry(slot.block) {
                Entry::Occupied(entry) => entry.into_mut(),
                Entry::Vacant(entry) => {
                    let mut headers = self.blocks.headers.iter();
                    entry.insert(match headers.find(|header| header.block == slot.block) {
                        Some(header) => self.matching(header)?,
                        None => Bits::new(),
                    })
                }
            };
            if !found.contains(slot.ordinal) {
                return Ok(false);
            }
        }
        for check in &self.plan.checks {
            if self.checked(check, key)? == check.not {
                return Ok(false);
            }
        }
        Ok(true)
    }
}
