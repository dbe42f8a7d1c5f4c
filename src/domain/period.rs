//! Spans of time as people mean them: today, this month, the same part of the month before. All
//! boundaries are those of the reader's zone, so a day has 23 or 25 hours when the clocks change,
//! and a comparison ends at the same time of day. Knows no counters.

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{ToSpan as _, Zoned};

use crate::base::clock::Timestamp;
use crate::store::counters::QUARTER_MS;

/// Months of a line of twelve months.
pub const MONTHS: usize = 12;

/// What a dashboard looks at.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Range {
    /// Since midnight.
    Today,
    /// Today and the six days before.
    Week,
    /// Since the first of the month.
    #[default]
    Month,
    /// Since the first of January.
    Year,
}

impl Range {
    /// All ranges, shortest first.
    pub const ALL: [Self; 4] = [Self::Today, Self::Week, Self::Month, Self::Year];

    /// Name in addresses.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Today => "today",
            Self::Week => "week",
            Self::Month => "month",
            Self::Year => "year",
        }
    }

    /// The range named `name`.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|range| range.name() == name)
    }
}

/// A range up to now, and the same part of the period before it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Spans {
    /// Beginning of the range.
    pub from: Timestamp,
    /// End of the quarter of an hour that it is now.
    pub until: Timestamp,
    /// Beginning of the period before.
    pub before_from: Timestamp,
    /// As far into the period before as it is now into this one.
    pub before_until: Timestamp,
    /// First day of the period before.
    pub before_first: Date,
    /// Last day, or part of one, of the period before that is compared.
    pub before_last: Date,
}

impl Spans {
    /// The spans of `range` at `now` in `zone`.
    pub fn new(range: Range, now: Timestamp, zone: &TimeZone) -> Self {
        let here = local(now, zone);
        let today = here.date();
        let (first, before_first, same) = match range {
            Range::Today => (today, days_before(today, 1), here.saturating_sub(1.day())),
            Range::Week => {
                (days_before(today, 6), days_before(today, 13), here.saturating_sub(7.days()))
            }
            Range::Month => {
                let first = today.first_of_month();
                (first, first.saturating_sub(1.month()), here.saturating_sub(1.month()))
            }
            Range::Year => {
                let first = today.first_of_year();
                (first, first.saturating_sub(1.year()), here.saturating_sub(1.year()))
            }
        };
        let from = midnight(first, zone);
        // The 31st is compared with the whole of a shorter month.
        let whole = matches!(range, Range::Month | Range::Year) && same.day() < today.day();
        let before_until = if whole { from } else { quarter_end(instant(&same)) };
        Self {
            from,
            until: quarter_end(now),
            before_from: midnight(before_first, zone),
            before_until: before_until.min(from),
            before_first,
            before_last: same.date(),
        }
    }
}

/// Starts of the last twelve months in `zone`, this one included, and the end of the present
/// quarter of an hour: thirteen boundaries.
pub fn months(now: Timestamp, zone: &TimeZone) -> Vec<Timestamp> {
    let month = local(now, zone).date().first_of_month();
    let mut boundaries: Vec<Timestamp> = (0..MONTHS as i64)
        .rev()
        .map(|back| midnight(month.saturating_sub(back.months()), zone))
        .collect();
    boundaries.push(quarter_end(now));
    boundaries
}

/// The month before that of `now`: its first day, its first instant and its end.
pub fn last_month(now: Timestamp, zone: &TimeZone) -> (Date, Timestamp, Timestamp) {
    let this = local(now, zone).date().first_of_month();
    let last = this.saturating_sub(1.month());
    (last, midnight(last, zone), midnight(this, zone))
}

/// `at` on the clock of `zone`.
pub fn local(at: Timestamp, zone: &TimeZone) -> Zoned {
    let instant = jiff::Timestamp::from_millisecond(at.ms());
    instant.unwrap_or(jiff::Timestamp::UNIX_EPOCH).to_zoned(zone.clone())
}

/// First instant of `day`.
pub fn midnight(day: Date, zone: &TimeZone) -> Timestamp {
    day.to_zoned(zone.clone())
        .and_then(|start| start.start_of_day())
        .map_or(Timestamp(0), |start| instant(&start))
}

/// The day `count` days before `day`.
pub fn days_before(day: Date, count: i64) -> Date {
    day.saturating_sub(count.days())
}

/// End of the quarter of an hour that `at` lies in.
pub fn quarter_end(at: Timestamp) -> Timestamp {
    Timestamp((at.ms().div_euclid(QUARTER_MS) + 1) * QUARTER_MS)
}

fn instant(at: &Zoned) -> Timestamp {
    Timestamp(at.timestamp().as_millisecond())
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: i64 = 3_600_000;

    fn zone(name: &str) -> TimeZone {
        TimeZone::get(name).unwrap()
    }

    fn at(text: &str) -> Timestamp {
        Timestamp(text.parse::<jiff::Timestamp>().unwrap().as_millisecond())
    }

    #[test]
    fn days_are_as_long_as_the_clocks_say() {
        for (name, day, halves) in [
            ("America/New_York", Date::constant(2026, 3, 8), 46),
            ("America/New_York", Date::constant(2026, 11, 1), 50),
            ("America/New_York", Date::constant(2026, 7, 4), 48),
            ("Australia/Lord_Howe", Date::constant(2026, 4, 5), 49),
            ("Australia/Lord_Howe", Date::constant(2026, 10, 4), 47),
            ("Asia/Kolkata", Date::constant(2026, 3, 8), 48),
            // Midnight does not exist there on that day.
            ("America/Santiago", Date::constant(2026, 9, 6), 46),
        ] {
            let zone = zone(name);
            let start = midnight(day, &zone);
            let length = midnight(days_before(day, -1), &zone).since(start);
            assert_eq!(length, halves * HOUR / 2, "{name} {day}");
            assert_eq!(local(start, &zone).date(), day);
            assert_eq!(local(start.plus_ms(-1), &zone).date(), days_before(day, 1));
        }
    }

    #[test]
    fn every_zone_in_use_is_off_by_whole_quarters() {
        for name in jiff::tz::db().available() {
            let zone = zone(name.as_str());
            for year in 2000..2040 {
                for month in [1, 4, 7, 10] {
                    let start = midnight(Date::constant(year, month, 1), &zone);
                    assert_eq!(start.ms() % QUARTER_MS, 0, "{name:?} {year}-{month}");
                }
            }
        }
    }

    #[test]
    fn a_month_is_compared_with_as_much_of_the_month_before() {
        let utc = TimeZone::UTC;
        let check = |now: &str, from: &str, before: [&str; 2], last: &str| {
            let spans = Spans::new(Range::Month, at(now), &utc);
            assert_eq!(spans.from, at(from), "{now}");
            assert_eq!([spans.before_from, spans.before_until], before.map(at), "{now}");
            assert_eq!(spans.before_last.to_string(), last, "{now}");
        };
        check(
            "2026-08-21T14:07:00Z",
            "2026-08-01T00:00:00Z",
            ["2026-07-01T00:00:00Z", "2026-07-21T14:15:00Z"],
            "2026-07-21",
        );
        // All of January, whose month before is of another year.
        check(
            "2027-01-10T00:00:00Z",
            "2027-01-01T00:00:00Z",
            ["2026-12-01T00:00:00Z", "2026-12-10T00:15:00Z"],
            "2026-12-10",
        );
        check(
            "2026-03-31T12:00:00Z",
            "2026-03-01T00:00:00Z",
            ["2026-02-01T00:00:00Z", "2026-03-01T00:00:00Z"],
            "2026-02-28",
        );
        check(
            "2026-12-31T23:59:59Z",
            "2026-12-01T00:00:00Z",
            ["2026-11-01T00:00:00Z", "2026-12-01T00:00:00Z"],
            "2026-11-30",
        );
    }

    #[test]
    fn other_ranges_are_compared_alike() {
        let check = |range: Range, now: &str, name: &str, expected: [&str; 4]| {
            let spans = Spans::new(range, at(now), &zone(name));
            let found = [spans.from, spans.until, spans.before_from, spans.before_until];
            assert_eq!(found, expected.map(at), "{range:?} {now} {name}");
        };
        check(
            Range::Today,
            "2026-08-21T14:07:00Z",
            "Asia/Kolkata",
            [
                "2026-08-20T18:30:00Z",
                "2026-08-21T14:15:00Z",
                "2026-08-19T18:30:00Z",
                "2026-08-20T14:15:00Z",
            ],
        );
        // The day the clocks go back: the same time of the day before is 25 hours ago.
        check(
            Range::Today,
            "2026-11-01T17:00:00Z",
            "America/New_York",
            [
                "2026-11-01T04:00:00Z",
                "2026-11-01T17:15:00Z",
                "2026-10-31T04:00:00Z",
                "2026-10-31T16:15:00Z",
            ],
        );
        check(
            Range::Week,
            "2026-08-21T14:07:00Z",
            "UTC",
            [
                "2026-08-15T00:00:00Z",
                "2026-08-21T14:15:00Z",
                "2026-08-08T00:00:00Z",
                "2026-08-14T14:15:00Z",
            ],
        );
        check(
            Range::Year,
            "2028-02-29T10:00:00Z",
            "UTC",
            [
                "2028-01-01T00:00:00Z",
                "2028-02-29T10:15:00Z",
                "2027-01-01T00:00:00Z",
                "2028-01-01T00:00:00Z",
            ],
        );
    }

    #[test]
    fn twelve_months_cross_the_year() {
        let boundaries = months(at("2027-01-10T12:00:00Z"), &TimeZone::UTC);
        assert_eq!(boundaries.len(), MONTHS + 1);
        assert_eq!(boundaries[0], at("2026-02-01T00:00:00Z"));
        assert_eq!(boundaries[11], at("2027-01-01T00:00:00Z"));
        assert!(boundaries.is_sorted());
        let (first, from, until) = last_month(at("2027-01-10T12:00:00Z"), &TimeZone::UTC);
        assert_eq!((first.to_string().as_str(), from), ("2026-12-01", boundaries[10]));
        assert_eq!(until, boundaries[11]);
    }
}
