//! Figures for people: months, hours, rankings. Boundaries follow the reader's zone, so a day is
//! the reader's day, 23 or 25 hours long when the clocks change.

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{ToSpan as _, Zoned};

use crate::base::clock::Timestamp;
use crate::model::capture::CaptureKind;
use crate::store::counters::Dimension;
use crate::store::{ReadTx, StoreError};

/// Months of a tile's line.
const MONTHS: usize = 12;

/// Reads by month.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Months {
    /// Plate reads since the first of this month.
    pub this_month: u64,
    /// Plate reads in the same days of the month before.
    pub last_month: u64,
    /// The last twelve months, oldest first, this one included.
    pub series: Vec<u64>,
    /// First day of this month.
    pub month: Date,
    /// Last day of the span of last month that is compared.
    pub compared_until: Date,
}

/// Reads of `kind` by month up to `now`.
pub fn months_of(
    tx: &ReadTx,
    kind: CaptureKind,
    zone: &TimeZone,
    now: Timestamp,
) -> Result<Months, StoreError> {
    let today = local(now, zone);
    let month = today.date().first_of_month();
    let mut boundaries = Vec::with_capacity(MONTHS + 1);
    for back in (0..MONTHS as i64).rev() {
        boundaries.push(midnight(month.saturating_sub(back.months()), zone));
    }
    boundaries.push(now.plus_ms(1));
    let series = tx.series(Dimension::Kind, Some(kind.name()), &boundaries)?;
    // The same moment of last month; `saturating_sub` ends at its last day.
    let same_moment = today.saturating_sub(1.month());
    let last_start = midnight(month.saturating_sub(1.month()), zone);
    let last_end = Timestamp(same_moment.timestamp().as_millisecond());
    Ok(Months {
        this_month: series.last().copied().unwrap_or(0),
        last_month: tx.count_captures(Some(kind), last_start, last_end)?,
        series,
        month,
        compared_until: same_moment.date(),
    })
}

/// Plate reads by month up to `now`.
pub fn months(tx: &ReadTx, zone: &TimeZone, now: Timestamp) -> Result<Months, StoreError> {
    months_of(tx, CaptureKind::Plate, zone, now)
}

/// Reads of each hour of the reader's today (24 numbers, by the hour on the clock) and the hour it
/// is.
pub fn today_by_hour(
    tx: &ReadTx,
    zone: &TimeZone,
    now: Timestamp,
) -> Result<(Vec<u64>, usize), StoreError> {
    let today = local(now, zone);
    let start = midnight(today.date(), zone);
    let end = midnight(today.date().saturating_add(1.day()), zone);
    let count = usize::try_from(end.since(start) / 3_600_000).unwrap_or(24).clamp(1, 25);
    let boundaries: Vec<Timestamp> =
        (0..=count).map(|hour| start.plus_ms(hour as i64 * 3_600_000)).collect();
    let reads = tx.series(Dimension::Kind, Some(CaptureKind::Plate.name()), &boundaries)?;
    let mut hours = vec![0; 24];
    for (from, count) in boundaries.iter().zip(reads) {
        // On the day with 25 hours one hour of the clock comes twice and takes both.
        let hour = usize::try_from(local(*from, zone).hour()).unwrap_or(0);
        if let Some(slot) = hours.get_mut(hour) {
            *slot += count;
        }
    }
    Ok((hours, usize::try_from(today.hour()).unwrap_or(0)))
}

/// Cameras with the most reads since the first of this month: (`AGENT_UID/CAMERA_ID`, reads).
pub fn top_cameras(
    tx: &ReadTx,
    zone: &TimeZone,
    now: Timestamp,
    limit: usize,
) -> Result<Vec<(String, u64)>, StoreError> {
    let from = midnight(local(now, zone).date().first_of_month(), zone);
    tx.top_values(Dimension::Camera, from, now.plus_ms(1), limit)
}

fn local(at: Timestamp, zone: &TimeZone) -> Zoned {
    let instant = jiff::Timestamp::from_millisecond(at.ms());
    instant.unwrap_or(jiff::Timestamp::UNIX_EPOCH).to_zoned(zone.clone())
}

/// First instant of `day`.
fn midnight(day: Date, zone: &TimeZone) -> Timestamp {
    let start = day.to_zoned(zone.clone()).and_then(|start| start.start_of_day());
    Timestamp(start.map_or(0, |start| start.timestamp().as_millisecond()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_and_months_begin_in_the_readers_zone() {
        let zone = TimeZone::get("America/Los_Angeles").unwrap();
        let start = midnight(Date::constant(2026, 11, 1), &zone);
        let next = midnight(Date::constant(2026, 11, 2), &zone);
        assert_eq!(next.since(start), 25 * 3_600_000, "clocks go back on 1 November 2026");
        assert_eq!(local(start, &zone).hour(), 0);
    }
}
