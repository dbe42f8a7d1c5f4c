//! How many captures and alerts there were, by kind, camera, region and source of alert, so that a
//! dashboard never looks at captures. One row a day and value holds the day's total and its
//! quarters of an hour: every zone in use is off UTC by whole quarters, so the days and months of
//! any reader begin at one. Days are UTC, by capture time. And free-form tallies.

use std::collections::{BTreeMap, HashMap};

use redb::{ReadableTable, ReadableTableMetadata as _};

use super::tables::{CAPTURES, DAYS, HOURS_AND_DAYS, REKOR_ALERTS, TALLIES};
use super::{ReadTx, StoreError, WriteTx};
use crate::base::clock::Timestamp;
use crate::base::limits::COUNTERS_STAGED_MAX;
use crate::model::capture::{Capture, CaptureKey};
use crate::model::query::Attribute;
use crate::store::captures::decode;
use crate::store::index::terms::normal_value;

/// The grain of the counters, milliseconds: a quarter of an hour.
pub const QUARTER_MS: i64 = 900_000;
/// Quarters of a day.
const QUARTERS: u32 = 96;
/// Version of a row.
const VERSION: u8 = 1;
/// Where the quarters of a row begin: behind its version and its total.
const ROW_HEAD: usize = 9;

/// What is counted. Its number is part of keys in the store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Dimension {
    /// `plate` or `vehicle`.
    Kind = 1,
    /// `AGENT_UID/CAMERA_ID`.
    Camera = 2,
    /// Region as sent.
    Region = 3,
    /// Alerts, by the time they were raised: `rekor` or `custom`.
    Alert = 4,
}

/// Who raised an alert; the number is part of keys in the store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum AlertSource {
    /// A list of Rekor Scout.
    Rekor = 0,
    /// A watch of this box.
    Custom = 1,
}

impl AlertSource {
    const ALL: [Self; 2] = [Self::Rekor, Self::Custom];

    /// Name among the values of [`Dimension::Alert`].
    pub const fn name(self) -> &'static str {
        match self {
            Self::Rekor => "rekor",
            Self::Custom => "custom",
        }
    }
}

/// Where a count belongs: dimension, day, value, quarter of the day.
pub(super) type Place = (u8, u32, u32, u8);

/// A row: the total of a day and its quarters that are not zero.
struct Day<'a> {
    total: u64,
    quarters: &'a [u8],
}

impl<'a> Day<'a> {
    fn read(row: &'a [u8]) -> Result<Self, StoreError> {
        let damaged = || StoreError::Corrupt("a counter cannot be read".into());
        let (head, quarters) = row.split_at_checked(ROW_HEAD).ok_or_else(damaged)?;
        let total = head.get(1..).and_then(|bytes| bytes.try_into().ok()).map(u64::from_le_bytes);
        match head.first() {
            Some(&VERSION) => Ok(Self { total: total.ok_or_else(damaged)?, quarters }),
            _ => Err(damaged()),
        }
    }

    /// Quarter and count, in order.
    fn quarters(&self) -> impl Iterator<Item = (u8, u64)> + use<'a> {
        let mut rest = self.quarters.iter();
        std::iter::from_fn(move || {
            let quarter = *rest.next()?;
            let (mut count, mut shift) = (0_u64, 0);
            loop {
                let byte = *rest.next()?;
                count |= u64::from(byte & 0x7f).checked_shl(shift)?;
                shift += 7;
                if byte & 0x80 == 0 {
                    return Some((quarter, count));
                }
            }
        })
    }

    fn write(quarters: &BTreeMap<u8, u64>) -> Vec<u8> {
        let mut row = vec![VERSION];
        row.extend(quarters.values().sum::<u64>().to_le_bytes());
        for (quarter, count) in quarters {
            row.push(*quarter);
            let mut rest = *count;
            while rest >= 0x80 {
                row.push(rest as u8 | 0x80);
                rest >>= 7;
            }
            row.push(rest as u8);
        }
        row
    }
}

impl ReadTx {
    /// Counts of `value`, or of all values together, in `from..until`. Exact to the quarter of an
    /// hour: both ends are rounded down to one.
    pub fn count(
        &self,
        dimension: Dimension,
        value: Option<&str>,
        from: Timestamp,
        until: Timestamp,
    ) -> Result<u64, StoreError> {
        Ok(self.series(dimension, value, &[from, until])?.first().copied().unwrap_or(0))
    }

    /// Counts between each two neighbouring `boundaries`, of one value or of all. One number fewer
    /// than there are boundaries.
    pub fn series(
        &self,
        dimension: Dimension,
        value: Option<&str>,
        boundaries: &[Timestamp],
    ) -> Result<Vec<u64>, StoreError> {
        let bounds: Vec<u32> = boundaries.iter().map(|time| quarter_of(*time)).collect();
        let mut series = vec![0; bounds.len().saturating_sub(1)];
        let (Some(first), Some(last)) = (bounds.first(), bounds.last()) else {
            return Ok(series);
        };
        self.each_day(dimension, value, *first..*last, &mut |start, _, day| {
            // Days that lie in one piece are the rule.
            let at = bounds.partition_point(|bound| *bound <= start);
            if bounds.get(at).is_some_and(|end| start + QUARTERS <= *end) {
                if let Some(count) = at.checked_sub(1).and_then(|at| series.get_mut(at)) {
                    *count += day.total;
                }
                return;
            }
            for (quarter, count) in day.quarters() {
                let at = bounds.partition_point(|bound| *bound <= start + u32::from(quarter));
                if let Some(place) = at.checked_sub(1).and_then(|at| series.get_mut(at)) {
                    *place += count;
                }
            }
        })?;
        Ok(series)
    }

    /// The values of `dimension` in `from..until` with their counts, most frequent first.
    pub fn ranking(
        &self,
        dimension: Dimension,
        from: Timestamp,
        until: Timestamp,
    ) -> Result<Vec<(String, u64)>, StoreError> {
        let (from, until) = (quarter_of(from), quarter_of(until));
        let mut counts: HashMap<u32, u64> = HashMap::new();
        self.each_day(dimension, None, from..until, &mut |start, id, day| {
            let count = if from <= start && start + QUARTERS <= until {
                day.total
            } else {
                let inside = |quarter: u8| (from..until).contains(&(start + u32::from(quarter)));
                day.quarters().filter(|row| inside(row.0)).map(|row| row.1).sum()
            };
            *counts.entry(id).or_default() += count;
        })?;
        let mut counts: Vec<(u32, u64)> = counts.into_iter().filter(|row| row.1 > 0).collect();
        counts.sort_unstable_by_key(|&(id, count)| (std::cmp::Reverse(count), id));
        let name = |id| self.counted_name(dimension, id);
        counts.into_iter().map(|(id, count)| Ok((name(id)?, count))).collect()
    }

    /// Calls `visit` with the start and the count of every quarter in `from..until` that is not
    /// zero, of one value or, one after another, of all.
    pub fn each_quarter(
        &self,
        dimension: Dimension,
        value: Option<&str>,
        from: Timestamp,
        until: Timestamp,
        mut visit: impl FnMut(Timestamp, u64),
    ) -> Result<(), StoreError> {
        let range = quarter_of(from)..quarter_of(until);
        self.each_day(dimension, value, range.clone(), &mut |start, _, day| {
            for (quarter, count) in day.quarters() {
                let quarter = start + u32::from(quarter);
                if range.contains(&quarter) {
                    visit(Timestamp(i64::from(quarter) * QUARTER_MS), count);
                }
            }
        })
    }

    /// Events counted under names that start with `prefix`.
    pub fn tallies(&self, prefix: &str) -> Result<Vec<(String, u64)>, StoreError> {
        tallies(&self.table(TALLIES)?, prefix)
    }

    /// Calls `visit` with first quarter, value and row of every day that touches `quarters`.
    fn each_day(
        &self,
        dimension: Dimension,
        value: Option<&str>,
        quarters: std::ops::Range<u32>,
        visit: &mut dyn FnMut(u32, u32, Day<'_>),
    ) -> Result<(), StoreError> {
        if quarters.is_empty() {
            return Ok(());
        }
        let table = self.table(DAYS)?;
        let (first, last) = (quarters.start / QUARTERS, quarters.end.div_ceil(QUARTERS));
        let dimension_number = dimension as u8;
        let Some(value) = value else {
            for row in table.range((dimension_number, first, 0)..(dimension_number, last, 0))? {
                let (key, row) = row?;
                let (_, day, id) = key.value();
                visit(day * QUARTERS, id, Day::read(row.value())?);
            }
            return Ok(());
        };
        let Some(id) = self.counted_id(dimension, value)? else { return Ok(()) };
        for day in first..last {
            if let Some(row) = table.get((dimension_number, day, id))? {
                visit(day * QUARTERS, id, Day::read(row.value())?);
            }
        }
        Ok(())
    }

    fn counted_id(&self, dimension: Dimension, value: &str) -> Result<Option<u32>, StoreError> {
        if let Some(attribute) = attribute(dimension) {
            return self.value_id(attribute, value);
        }
        let source = AlertSource::ALL.into_iter().find(|source| source.name() == value);
        Ok(source.map(|source| source as u32))
    }

    fn counted_name(&self, dimension: Dimension, id: u32) -> Result<String, StoreError> {
        if let Some(attribute) = attribute(dimension) {
            return Ok(self.value_name(attribute, id)?.unwrap_or_default());
        }
        let source = AlertSource::ALL.into_iter().find(|source| *source as u32 == id);
        Ok(source.map(AlertSource::name).unwrap_or_default().to_owned())
    }
}

/// The attribute whose values `dimension` counts; alerts have values of their own.
const fn attribute(dimension: Dimension) -> Option<Attribute> {
    match dimension {
        Dimension::Kind => Some(Attribute::Kind),
        Dimension::Camera => Some(Attribute::Camera),
        Dimension::Region => Some(Attribute::Region),
        Dimension::Alert => None,
    }
}

fn tallies(
    table: &impl ReadableTable<&'static str, u64>,
    prefix: &str,
) -> Result<Vec<(String, u64)>, StoreError> {
    let mut tallies = Vec::new();
    for row in table.range(prefix..)? {
        let (name, count) = row?;
        if !name.value().starts_with(prefix) {
            break;
        }
        tallies.push((name.value().to_owned(), count.value()));
    }
    Ok(tallies)
}

impl WriteTx {
    /// As [`ReadTx::tallies`], with what this transaction has counted.
    pub fn tallies(&self, prefix: &str) -> Result<Vec<(String, u64)>, StoreError> {
        let mut counts: BTreeMap<_, _> =
            tallies(&self.table(TALLIES)?, prefix)?.into_iter().collect();
        let gathered = &self.gathered.borrow().tallies;
        for (name, by) in gathered.iter().filter(|(name, _)| name.starts_with(prefix)) {
            *counts.entry(name.clone()).or_default() += by;
        }
        Ok(counts.into_iter().collect())
    }

    /// Adds `by` to the tally `name`.
    pub fn bump(&self, name: &str, by: u64) {
        *self.gathered.borrow_mut().tallies.entry(name.to_owned()).or_default() += by;
    }

    /// Writes the tallies a transaction gathered.
    pub(super) fn write_tallies(&self, changes: BTreeMap<String, u64>) -> Result<(), StoreError> {
        if changes.is_empty() {
            return Ok(());
        }
        let mut table = self.table(TALLIES)?;
        for (name, by) in changes {
            let count = table.get(name.as_str())?.map_or(0, |row| row.value());
            table.insert(name.as_str(), count.saturating_add(by))?;
        }
        Ok(())
    }

    /// Counts an alert of `source`, raised at `at`, once more (`by` = 1) or once less (-1).
    pub fn count_alert(&self, source: AlertSource, at: Timestamp, by: i64) {
        self.stage(Dimension::Alert, source as u32, at, by);
    }

    /// Counts `capture` once more (`by` = 1) or once less (-1) in all its counters.
    pub(super) fn count_capture(&self, capture: &Capture, by: i64) -> Result<(), StoreError> {
        let count = |dimension, attribute, value: &str| {
            let id = self.intern_value(attribute, value)?;
            self.stage(dimension, id, capture.captured_at, by);
            Ok::<(), StoreError>(())
        };
        count(Dimension::Kind, Attribute::Kind, capture.kind.name())?;
        count(Dimension::Camera, Attribute::Camera, &capture.camera_value())?;
        if !capture.region.is_empty() {
            let region = normal_value(Attribute::Region, &capture.region);
            count(Dimension::Region, Attribute::Region, &region)?;
        }
        Ok(())
    }

    fn stage(&self, dimension: Dimension, id: u32, at: Timestamp, by: i64) {
        let quarter = quarter_of(at);
        let place = (dimension as u8, quarter / QUARTERS, id, (quarter % QUARTERS) as u8);
        *self.staged.borrow_mut().counters.entry(place).or_default() += by;
    }

    /// Writes the changes a transaction gathered.
    pub(super) fn write_counters(&self, changes: BTreeMap<Place, i64>) -> Result<(), StoreError> {
        let mut table = self.table(DAYS)?;
        let mut changes = changes.into_iter().filter(|(_, change)| *change != 0).peekable();
        while let Some(((dimension, day, id, _), _)) = changes.peek() {
            let key = (*dimension, *day, *id);
            let mut quarters: BTreeMap<u8, u64> = match table.get(key)? {
                Some(row) => Day::read(row.value())?.quarters().collect(),
                None => BTreeMap::new(),
            };
            let same = |((dimension, day, id, _), _): &(Place, i64)| (*dimension, *day, *id) == key;
            while let Some(((.., quarter), change)) = changes.next_if(same) {
                let count = quarters.entry(quarter).or_default();
                *count = count.saturating_add_signed(change);
            }
            quarters.retain(|_, count| *count > 0);
            if quarters.is_empty() {
                table.remove(key)?;
            } else {
                table.insert(key, Day::write(&quarters).as_slice())?;
            }
        }
        Ok(())
    }
}

/// Counts everything anew from what is kept, and drops the counters of hours and days that were
/// kept before there were quarters.
pub(super) fn recount(tx: &WriteTx) -> Result<(), StoreError> {
    tx.delete_table(HOURS_AND_DAYS)?;
    let captures = tx.table(CAPTURES)?;
    if !captures.is_empty()? {
        log::info!("counting {} captures anew", captures.len()?);
    }
    for row in captures.iter()? {
        let (key, record) = row?;
        let (capture, _) = decode(CaptureKey(key.value()), record.value())?;
        tx.count_capture(&capture, 1)?;
        // Keys are in order of time, so what is written is rarely touched again.
        if tx.staged.borrow().counters.len() > COUNTERS_STAGED_MAX {
            let changes = std::mem::take(&mut tx.staged.borrow_mut().counters);
            tx.write_counters(changes)?;
        }
    }
    for row in tx.table(REKOR_ALERTS)?.iter()? {
        // The key of an alert is made from the time it was raised.
        tx.count_alert(AlertSource::Rekor, CaptureKey(row?.0.value()).time(), 1);
    }
    Ok(())
}

/// Quarters of an hour since 1970 of `time`; times before that count as 1970.
fn quarter_of(time: Timestamp) -> u32 {
    u32::try_from(time.0.div_euclid(QUARTER_MS).max(0)).unwrap_or(u32::MAX - QUARTERS)
}

#[cfg(test)]
#[path = "counters_tests.rs"]
mod tests;
