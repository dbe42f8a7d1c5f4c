//! Hours and days of the week in a zone, from the hours, days and quarters of UTC that captures
//! are indexed by. Offsets of zones are whole quarters of an hour; where the clocks change within
//! a block its chunks are told apart, and what lies in a chunk with a change is looked at.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use jiff::tz::TimeZone;

use super::blocks::{Blocks, Rows};
use crate::base::clock::Timestamp;
use crate::model::capture::CaptureKey;
use crate::model::query::WeekMatch;
use crate::store::StoreError;
use crate::store::index::bits::Bits;
use crate::store::index::{Header, Term};

const QUARTERS: i32 = 96;
const QUARTER_SECONDS: i32 = 15 * 60;
const ALL_DAYS: u8 = 0x7f;
/// So few captures are sooner looked at one by one than in the rows of all hours.
const LOOKED_AT: u64 = 24;

/// Every term that may be looked at.
pub(super) fn terms() -> impl Iterator<Item = Term> {
    (0..24).map(Term::hour).chain((0..7).map(Term::weekday)).chain((0..4).map(Term::quarter))
}

/// Keeps what `week` takes of `found`.
pub(super) fn narrow(
    week: &WeekMatch,
    blocks: &Blocks,
    header: &Header,
    found: &mut Bits,
) -> Result<(), StoreError> {
    if found.len() <= LOOKED_AT {
        for (ordinal, key) in blocks.keys(header.block, found, (0, header.count))? {
            if !week.matches(CaptureKey(key).time()) {
                found.remove(ordinal);
            }
        }
        return Ok(());
    }
    let rows = blocks.rows(header);
    let first = CaptureKey(header.keys.min).time();
    let last = CaptureKey(header.keys.max).time();
    let changes = changes(&week.zone, first, last);
    let Some(end) = changes.first() else {
        return found_at(week, offset(&week.zone, first), &rows, found);
    };
    // One set for each offset there is, most blocks with a change have two.
    let mut sets: BTreeMap<i32, Bits> = BTreeMap::new();
    for time in [first].iter().chain(&changes) {
        let offset = offset(&week.zone, *time);
        if let Entry::Vacant(entry) = sets.entry(offset) {
            let mut set = found.clone();
            found_at(week, offset, &rows, &mut set)?;
            entry.insert(set);
        }
    }
    debug_assert!(*end > first);
    let chunks = blocks.chunks(header)?;
    let mut kept = Bits::new();
    for (number, range) in chunks.ranges.iter().enumerate() {
        let bounds = blocks.bounds(number, header);
        let from = CaptureKey(range.min).time();
        let until = CaptureKey(range.max).time();
        if changes.iter().any(|change| *change > from && *change <= until) {
            for (ordinal, key) in blocks.keys(header.block, found, bounds)? {
                if week.matches(CaptureKey(key).time()) {
                    kept.insert(ordinal);
                }
            }
        } else if let Some(set) = sets.get(&offset(&week.zone, from)) {
            set.between(bounds.0, bounds.1).for_each(|ordinal| kept.insert(ordinal));
        }
    }
    *found = kept;
    Ok(())
}

/// When the clocks of `zone` change after `first`, up to `last`.
fn changes(zone: &TimeZone, first: Timestamp, last: Timestamp) -> Vec<Timestamp> {
    let Ok(start) = jiff::Timestamp::from_millisecond(first.0) else { return Vec::new() };
    let changes = zone.following(start).map(|change| change.timestamp().as_millisecond());
    changes.take_while(|change| *change <= last.0).map(Timestamp).collect()
}

/// Offset of `zone` from UTC, in quarters of an hour.
fn offset(zone: &TimeZone, time: Timestamp) -> i32 {
    let instant = jiff::Timestamp::from_millisecond(time.0);
    instant.map_or(0, |instant| zone.to_offset(instant).seconds().div_euclid(QUARTER_SECONDS))
}

/// Keeps what `week` takes of `found` where local time is UTC and `offset` quarters.
fn found_at(
    week: &WeekMatch,
    offset: i32,
    rows: &Rows<'_>,
    found: &mut Bits,
) -> Result<(), StoreError> {
    let (hours, days) = (week.hour_bits(), week.day_bits());
    // For each set of UTC days: the hours that count on them, four quarters each.
    let mut groups: BTreeMap<u8, [u8; 24]> = BTreeMap::new();
    for quarter in 0..QUARTERS {
        let local = quarter + offset;
        let hour = local.rem_euclid(QUARTERS) / 4;
        let shift = local.div_euclid(QUARTERS);
        let wanted = (0..7).filter(|day| days >> (day + shift).rem_euclid(7) & 1 == 1);
        let utc_days = wanted.fold(0, |set, day| set | 1_u8 << day);
        if hours >> hour & 1 == 1
            && utc_days != 0
            && let Some(quarters) =
                groups.entry(utc_days).or_insert([0; 24]).get_mut((quarter / 4) as usize)
        {
            *quarters |= 1 << (quarter % 4);
        }
    }
    let mut kept = Bits::new();
    for (days, hours) in groups {
        let mut part = hours_of(&hours, rows, found)?;
        if days != ALL_DAYS {
            let days: Vec<Term> =
                (0..7).filter(|day| days >> day & 1 == 1).map(Term::weekday).collect();
            rows.and(&days, &mut part)?;
        }
        kept.or(&part);
    }
    found.and(&kept);
    Ok(())
}

/// What of `found` lies in the given quarters of hours.
fn hours_of(hours: &[u8; 24], rows: &Rows<'_>, found: &Bits) -> Result<Bits, StoreError> {
    if hours.iter().all(|quarters| *quarters == 0xf) {
        return Ok(found.clone());
    }
    let mut by_quarters: BTreeMap<u8, Vec<Term>> = BTreeMap::new();
    for (hour, quarters) in hours.iter().enumerate().filter(|(_, quarters)| **quarters != 0) {
        by_quarters.entry(*quarters).or_default().push(Term::hour(hour as u8));
    }
    let mut kept = Bits::new();
    for (quarters, hours) in by_quarters {
        let mut part = rows.any(&hours)?;
        if quarters != 0xf {
            let quarters: Vec<Term> =
                (0..4).filter(|q| quarters >> q & 1 == 1).map(Term::quarter).collect();
            rows.and(&quarters, &mut part)?;
        }
        kept.or(&part);
    }
    kept.and(found);
    Ok(kept)
}
