//! When reads come: by hour of today, and by weekday and hour over weeks. Hours are those on the
//! reader's clock, whatever it was turned by.

use jiff::civil::Weekday;
use jiff::tz::TimeZone;

use crate::base::clock::Timestamp;
use crate::domain::period::{days_before, local, midnight};
use crate::model::capture::CaptureKind;
use crate::store::counters::Dimension;
use crate::store::{ReadTx, StoreError};

/// Hours of a day on the clock.
pub const HOURS: usize = 24;
/// Weeks before today from which the usual day is made.
const USUAL_WEEKS: i64 = 8;

/// Today beside what is usual.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Today {
    /// Plate reads by hour on the clock.
    pub hours: [u64; HOURS],
    /// The hour it is.
    pub now: usize,
    /// The mean of the same weekday in the weeks before; `None` before there was one.
    pub usual: Option<[u64; HOURS]>,
    /// The weekday.
    pub weekday: Weekday,
}

/// Plate reads of today by hour, and of a usual such day; nothing was read before `first`.
pub fn today(
    tx: &ReadTx,
    zone: &TimeZone,
    now: Timestamp,
    first: Option<Timestamp>,
) -> Result<Today, StoreError> {
    let here = local(now, zone);
    let day = |back: i64| hours_of(tx, zone, days_before(here.date(), back));
    let (mut sums, mut days) = ([0; HOURS], 0);
    let first = first.map(|first| local(first, zone).date());
    for back in (1..=USUAL_WEEKS).map(|weeks| weeks * 7) {
        // The first day is rarely a whole one.
        if first.is_none_or(|first| days_before(here.date(), back) <= first) {
            break;
        }
        days += 1;
        for (sum, count) in sums.iter_mut().zip(day(back)?) {
            *sum += count;
        }
    }
    let usual = (days > 0).then(|| sums.map(|sum: u64| (sum + days / 2) / days));
    let now = usize::try_from(here.hour()).unwrap_or(0);
    Ok(Today { hours: day(0)?, now, usual, weekday: here.weekday() })
}

fn hours_of(
    tx: &ReadTx,
    zone: &TimeZone,
    day: jiff::civil::Date,
) -> Result<[u64; HOURS], StoreError> {
    let (from, until) = (midnight(day, zone), midnight(days_before(day, -1), zone));
    let mut hours = [0; HOURS];
    tx.each_quarter(Dimension::Kind, Some(CaptureKind::Plate.name()), from, until, |at, count| {
        // An hour that comes twice when clocks go back takes both.
        let hour = usize::try_from(local(at, zone).hour()).unwrap_or(0);
        if let Some(place) = hours.get_mut(hour) {
            *place += count;
        }
    })?;
    Ok(hours)
}

/// Reads by weekday, Monday first, and hour.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Week {
    /// Seven days of 24 hours.
    pub cells: [[u64; HOURS]; 7],
    /// How often each weekday came.
    pub days: [u32; 7],
}

/// Plate reads by weekday and hour in the last `days` whole days, or today when it is the first;
/// nothing was read before `first`.
pub fn week(
    tx: &ReadTx,
    zone: &TimeZone,
    now: Timestamp,
    first: Option<Timestamp>,
    days: i64,
) -> Result<Week, StoreError> {
    let today = local(now, zone).date();
    let first = first.map_or(today, |first| local(first, zone).date());
    let begin = days_before(today, days).max(first).min(today);
    let end = if begin == today { days_before(today, -1) } else { today };
    let (mut clock, mut week) = (Clockface::new(zone), Week::default());
    let (from, until) = (midnight(begin, zone), midnight(end, zone));
    tx.each_quarter(Dimension::Kind, Some(CaptureKind::Plate.name()), from, until, |at, count| {
        let (weekday, hour) = clock.read(at);
        if let Some(sum) = week.cells.get_mut(weekday).and_then(|day| day.get_mut(hour)) {
            *sum += count;
        }
    })?;
    let mut day = begin;
    while day < end {
        if let Some(count) = week.days.get_mut(monday_first(day.weekday())) {
            *count += 1;
        }
        day = days_before(day, -1);
    }
    Ok(week)
}

/// Reads weekday and hour off instants in order of time without asking the zone each time.
struct Clockface<'a> {
    zone: &'a TimeZone,
    /// Within these instants the clock is this far ahead of UTC.
    from: i64,
    until: i64,
    ahead_ms: i64,
}

const DAY_MS: i64 = 86_400_000;

impl<'a> Clockface<'a> {
    const fn new(zone: &'a TimeZone) -> Self {
        Self { zone, from: 0, until: 0, ahead_ms: 0 }
    }

    fn read(&mut self, at: Timestamp) -> (usize, usize) {
        let at = at.ms();
        if !(self.from..self.until).contains(&at) {
            let day = at.div_euclid(DAY_MS) * DAY_MS;
            let (first, last) = (self.ahead(day), self.ahead(day + DAY_MS - 1));
            // On the days when clocks are turned, quarter by quarter.
            (self.from, self.until) =
                if first == last { (day, day + DAY_MS) } else { (at, at + 1) };
            self.ahead_ms = if first == last { first } else { self.ahead(at) };
        }
        let there = at + self.ahead_ms;
        // The first day of 1970 was a Thursday.
        let weekday = (there.div_euclid(DAY_MS) + 3).rem_euclid(7);
        let hour = there.rem_euclid(DAY_MS) / (DAY_MS / HOURS as i64);
        (usize::try_from(weekday).unwrap_or(0), usize::try_from(hour).unwrap_or(0))
    }

    fn ahead(&self, at: i64) -> i64 {
        let instant = jiff::Timestamp::from_millisecond(at).unwrap_or(jiff::Timestamp::UNIX_EPOCH);
        i64::from(self.zone.to_offset(instant).seconds()) * 1000
    }
}

fn monday_first(weekday: Weekday) -> usize {
    usize::try_from(weekday.to_monday_zero_offset()).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_clockface_agrees_with_the_zone() {
        for name in ["UTC", "Asia/Kolkata", "Australia/Lord_Howe", "America/New_York"] {
            let zone = TimeZone::get(name).unwrap();
            let mut clock = Clockface::new(&zone);
            // Two years by quarters of an hour.
            for quarter in 0..2 * 365 * 96 {
                let at = Timestamp(1_767_225_600_000 + quarter * 900_000);
                let here = local(at, &zone);
                let expected =
                    (monday_first(here.weekday()), usize::try_from(here.hour()).unwrap());
                assert_eq!(clock.read(at), expected, "{here}");
            }
        }
    }
}
