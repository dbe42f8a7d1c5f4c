//! How many captures per hour and day, by kind, camera, region and alert; so that a dashboard
//! never looks at captures. Hours and days are UTC, by capture time. And free-form tallies.

use std::collections::{BTreeMap, HashMap};

use redb::ReadableTable;

use super::tables::{COUNTERS, TALLIES};
use super::{ReadTx, StoreError, WriteTx};
use crate::base::clock::Timestamp;
use crate::model::capture::{Capture, CaptureKind, Flags};
use crate::model::query::Attribute;
use crate::store::index::terms::normal_value;

const HOUR_MS: i64 = 3_600_000;
const DAY_MS: i64 = 24 * HOUR_MS;
const HOUR: u8 = 0;
const DAY: u8 = 1;

/// What captures are counted by. Its number is part of keys in the store; values are those of the
/// attribute.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Dimension {
    /// `plate` or `vehicle`.
    Kind = 1,
    /// `AGENT_UID/CAMERA_ID`.
    Camera = 2,
    /// Region as sent.
    Region = 3,
    /// Captures with a Rekor alert: one value, `alert`.
    Alert = 4,
}

impl Dimension {
    /// The attribute its values belong to.
    pub const fn attribute(self) -> Attribute {
        match self {
            Self::Kind => Attribute::Kind,
            Self::Camera => Attribute::Camera,
            Self::Region => Attribute::Region,
            Self::Alert => Attribute::Flag,
        }
    }
}

impl ReadTx {
    /// Captures of `kind` at or after `from` and before `until`; of both kinds without one. Exact
    /// to the hour: both ends are rounded down to one.
    pub fn count_captures(
        &self,
        kind: Option<CaptureKind>,
        from: Timestamp,
        until: Timestamp,
    ) -> Result<u64, StoreError> {
        let counts = self.counts(Dimension::Kind, from, until)?;
        match kind {
            None => Ok(counts.values().sum()),
            Some(kind) => {
                let id = self.value_id(Attribute::Kind, kind.name())?;
                Ok(id.and_then(|id| counts.get(&id).copied()).unwrap_or(0))
            }
        }
    }

    /// The `limit` most frequent values of `dimension` in a time range, most frequent first.
    pub fn top_values(
        &self,
        dimension: Dimension,
        from: Timestamp,
        until: Timestamp,
        limit: usize,
    ) -> Result<Vec<(String, u64)>, StoreError> {
        let mut counts: Vec<(u32, u64)> =
            self.counts(dimension, from, until)?.into_iter().filter(|row| row.1 > 0).collect();
        counts.sort_unstable_by_key(|&(id, count)| (std::cmp::Reverse(count), id));
        counts.truncate(limit);
        let name = |id| self.value_name(dimension.attribute(), id);
        counts.into_iter().map(|(id, count)| Ok((name(id)?.unwrap_or_default(), count))).collect()
    }

    /// Captures between each two neighbouring `boundaries`, of one value of `dimension` or of all.
    /// One number fewer than there are boundaries.
    pub fn series(
        &self,
        dimension: Dimension,
        value: Option<&str>,
        boundaries: &[Timestamp],
    ) -> Result<Vec<u64>, StoreError> {
        let id = match value {
            Some(value) => match self.value_id(dimension.attribute(), value)? {
                Some(id) => Some(id),
                None => return Ok(vec![0; boundaries.len().saturating_sub(1)]),
            },
            None => None,
        };
        let mut series = Vec::with_capacity(boundaries.len());
        for pair in boundaries.windows(2) {
            let &[from, until] = pair else { continue };
            let counts = self.counts(dimension, from, until)?;
            series.push(match id {
                Some(id) => counts.get(&id).copied().unwrap_or(0),
                None => counts.values().sum(),
            });
        }
        Ok(series)
    }

    /// Events counted under names that start with `prefix`.
    pub fn tallies(&self, prefix: &str) -> Result<Vec<(String, u64)>, StoreError> {
        tallies(&self.table(TALLIES)?, prefix)
    }

    /// Counts by value id: whole days where the range holds them, hours at its ends.
    fn counts(
        &self,
        dimension: Dimension,
        from: Timestamp,
        until: Timestamp,
    ) -> Result<HashMap<u32, u64>, StoreError> {
        let mut counts = HashMap::new();
        let (from, until) = (bucket(from, HOUR_MS), bucket(until, HOUR_MS));
        let (first_day, last_day) = (from.div_ceil(24), until / 24);
        if first_day < last_day {
            self.add_counts(dimension, HOUR, from..first_day * 24, &mut counts)?;
            self.add_counts(dimension, DAY, first_day..last_day, &mut counts)?;
            self.add_counts(dimension, HOUR, last_day * 24..until, &mut counts)?;
        } else {
            self.add_counts(dimension, HOUR, from..until, &mut counts)?;
        }
        Ok(counts)
    }

    fn add_counts(
        &self,
        dimension: Dimension,
        grain: u8,
        buckets: std::ops::Range<u32>,
        counts: &mut HashMap<u32, u64>,
    ) -> Result<(), StoreError> {
        if buckets.is_empty() {
            return Ok(());
        }
        let at = |bucket| (dimension as u8, grain, bucket, 0);
        for row in self.table(COUNTERS)?.range(at(buckets.start)..at(buckets.end))? {
            let (key, count) = row?;
            *counts.entry(key.value().3).or_default() += count.value();
        }
        Ok(())
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
        tallies(&self.table(TALLIES)?, prefix)
    }

    /// Adds `by` to the tally `name`.
    pub fn bump(&self, name: &str, by: u64) -> Result<(), StoreError> {
        let mut table = self.table(TALLIES)?;
        let count = table.get(name)?.map_or(0, |row| row.value());
        table.insert(name, count.saturating_add(by))?;
        Ok(())
    }

    /// Counts `capture` once more (`by` = 1) or once less (-1) in all its counters.
    pub(super) fn count_capture(&self, capture: &Capture, by: i64) -> Result<(), StoreError> {
        let count = |dimension: Dimension, value: &str| {
            let id = self.intern_value(dimension.attribute(), value)?;
            let mut staged = self.staged.borrow_mut();
            for (grain, width_ms) in [(HOUR, HOUR_MS), (DAY, DAY_MS)] {
                let key = (dimension as u8, grain, bucket(capture.captured_at, width_ms), id);
                *staged.counters.entry(key).or_default() += by;
            }
            Ok::<(), StoreError>(())
        };
        count(Dimension::Kind, capture.kind.name())?;
        count(Dimension::Camera, &capture.camera_value())?;
        if !capture.region.is_empty() {
            count(Dimension::Region, &normal_value(Attribute::Region, &capture.region))?;
        }
        if capture.flags.has(Flags::ALERT) {
            count(Dimension::Alert, "alert")?;
        }
        Ok(())
    }

    /// Writes the changes a transaction gathered.
    pub(super) fn write_counters(
        &self,
        changes: BTreeMap<(u8, u8, u32, u32), i64>,
    ) -> Result<(), StoreError> {
        let mut table = self.table(COUNTERS)?;
        for (key, change) in changes {
            if change == 0 {
                continue;
            }
            let count = table.get(key)?.map_or(0, |row| row.value()).saturating_add_signed(change);
            if count == 0 {
                table.remove(key)?;
            } else {
                table.insert(key, count)?;
            }
        }
        Ok(())
    }
}

/// Hours or days since 1970 of `time`; times before that count as 1970.
fn bucket(time: Timestamp, width_ms: i64) -> u32 {
    u32::try_from(time.0.div_euclid(width_ms).max(0)).unwrap_or(u32::MAX)
}
