//! Filters by capture time. Dates are days of the given zone, as long as that zone makes them.

use jiff::ToSpan as _;
use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;

use super::{Context, Filter, Invalid};
use crate::base::clock::Timestamp;
use crate::model::query::Query;

/// Which end of the range a filter sets.
enum End {
    Date,
    After,
    Before,
    To,
}

/// A time filter.
pub(super) struct Time {
    end: End,
    key: &'static str,
    aliases: &'static [&'static str],
    label: &'static str,
    help: &'static str,
}

/// On a day, in a month or year, or from one day to another.
pub(super) const DATE: Time = Time {
    end: End::Date,
    key: "date",
    aliases: &["on", "day"],
    label: "Date",
    help: "A day, month, year or range: 2026-08-01, 2026-08, 2026-08-01..2026-08-07, today, yesterday",
};
/// At or after.
pub(super) const AFTER: Time = Time {
    end: End::After,
    key: "after",
    aliases: &["from", "since"],
    label: "From",
    help: "At or after a time: 2026-08-01, 2026-08-01T14:30, today, 24h or 7d ago",
};
/// Before.
pub(super) const BEFORE: Time = Time {
    end: End::Before,
    key: "before",
    aliases: &["until"],
    label: "Before",
    help: "Before a time: 2026-08-02, 2026-08-01T15:00",
};
/// Up to and including.
pub(super) const TO: Time = Time {
    end: End::To,
    key: "to",
    aliases: &["through"],
    label: "To",
    help: "Up to and including a day or minute: 2026-08-01, 2026-08-01T15:00",
};

impl Filter for Time {
    fn key(&self) -> &'static str {
        self.key
    }

    fn aliases(&self) -> &'static [&'static str] {
        self.aliases
    }

    fn label(&self) -> &'static str {
        self.label
    }

    fn help(&self) -> &'static str {
        self.help
    }

    fn add(
        &self,
        query: &mut Query,
        value: &str,
        not: bool,
        context: &Context<'_>,
    ) -> Result<(), Invalid> {
        match self.end {
            End::Date => {
                let (first, last) = value.split_once("..").unwrap_or((value, value));
                let (start, end) = (span(first, context)?.0, span(last, context)?.1);
                if not {
                    query.holes.push((start, end));
                } else {
                    from(query, start);
                    until(query, end);
                }
            }
            // Not after a time is before it.
            End::After if not => until(query, span(value, context)?.0),
            End::After => from(query, span(value, context)?.0),
            End::Before if not => from(query, span(value, context)?.0),
            End::Before => until(query, span(value, context)?.0),
            End::To if not => from(query, span(value, context)?.1),
            End::To => until(query, span(value, context)?.1),
        }
        Ok(())
    }
}

/// Several conditions narrow the range.
fn from(query: &mut Query, time: Timestamp) {
    query.from = Some(query.from.map_or(time, |known| known.max(time)));
}

fn until(query: &mut Query, time: Timestamp) {
    query.until = Some(query.until.map_or(time, |known| known.min(time)));
}

/// Start and end of what `text` names: a year, month, day, minute, second or instant.
fn span(text: &str, context: &Context<'_>) -> Result<(Timestamp, Timestamp), Invalid> {
    let text = text.trim();
    let wrong = || {
        Invalid::with(format!("not a date or time: {text}"), Some("2026-08-01 or 2026-08-01T14:30"))
    };
    let days = |first: Date, next: Result<Date, jiff::Error>| -> Option<(Timestamp, Timestamp)> {
        Some((start(first.into(), context.zone)?, start(next.ok()?.into(), context.zone)?))
    };
    if let Some(ago) = ago(text, context.now) {
        return Ok((ago, ago));
    }
    let today = || {
        let now = jiff::Timestamp::from_millisecond(context.now.0).ok()?;
        Some(now.to_zoned(context.zone.clone()).date())
    };
    let named = match text.to_lowercase().as_str() {
        "today" => Some(today()),
        "yesterday" => Some(today().and_then(|day| day.yesterday().ok())),
        _ => None,
    };
    if let Some(day) = named {
        return day.and_then(|day| days(day, day.tomorrow())).ok_or_else(wrong);
    }
    if let Some(first) = month_or_year(text) {
        let next = if text.len() == 4 {
            first.checked_add(1.year())
        } else {
            first.checked_add(1.month())
        };
        return days(first, next).ok_or_else(wrong);
    }
    // Dates are exactly ten characters; jiff would also take a time with them and drop it.
    if text.len() == 10
        && let Ok(day) = text.parse::<Date>()
    {
        return days(day, day.tomorrow()).ok_or_else(wrong);
    }
    if let Ok(instant) = text.parse::<jiff::Timestamp>() {
        let start = Timestamp(instant.as_millisecond());
        return Ok((start, start.plus_ms(1000)));
    }
    let local: DateTime = text.parse().map_err(|_| wrong())?;
    let width = if text.matches(':').count() >= 2 { 1000 } else { 60_000 };
    let start = start(local, context.zone).ok_or_else(wrong)?;
    Ok((start, start.plus_ms(width)))
}

/// The first of the month or year `text` names.
fn month_or_year(text: &str) -> Option<Date> {
    let (year, month) = match text.len() {
        4 => (text, "1"),
        7 => text.split_once('-')?,
        _ => return None,
    };
    let digits = year.len() == 4 && year.bytes().chain(month.bytes()).all(|b| b.is_ascii_digit());
    digits.then(|| Date::new(year.parse().ok()?, month.parse().ok()?, 1).ok()).flatten()
}

/// `90m`, `24h`, `7d`, `2w` before now.
fn ago(text: &str, now: Timestamp) -> Option<Timestamp> {
    let unit_ms: i64 = match text.chars().last()? {
        'm' => 60_000,
        'h' => 3_600_000,
        'd' => 86_400_000,
        'w' => 7 * 86_400_000,
        _ => return None,
    };
    let count = text.get(..text.len() - 1)?;
    let digits = (1..=6).contains(&count.len()) && count.bytes().all(|b| b.is_ascii_digit());
    let count: i64 = digits.then(|| count.parse().ok()).flatten()?;
    Some(now.plus_ms(-count.checked_mul(unit_ms)?))
}

/// The instant of `local` in `zone`; a time the clocks skip is taken as if they had not.
fn start(local: DateTime, zone: &TimeZone) -> Option<Timestamp> {
    let zoned = local.to_zoned(zone.clone()).ok()?;
    Some(Timestamp(zoned.timestamp().as_millisecond()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(zone: &str, text: &str, expected: Option<(i64, i64)>) {
        let zone = TimeZone::get(zone).unwrap();
        let now = Timestamp(1_786_000_000_000); // 2026-08-06T07:06:40Z
        let context = Context { zone: &zone, now, cameras: &[], agents: &[] };
        let found = span(text, &context).ok();
        assert_eq!(
            found.map(|(from, until)| (from.seconds(), until.seconds())),
            expected,
            "{text}"
        );
    }

    #[test]
    fn days_are_as_long_as_the_zone_makes_them() {
        let day = 86_400;
        check("UTC", "2026-08-01", Some((1_785_542_400, 1_785_542_400 + day)));
        check("UTC", "2026-08", Some((1_785_542_400, 1_785_542_400 + 31 * day)));
        check("UTC", "2026", Some((1_767_225_600, 1_767_225_600 + 365 * day)));
        check("UTC", "today", Some((1_785_974_400, 1_785_974_400 + day)));
        check("UTC", "yesterday", Some((1_785_888_000, 1_785_888_000 + day)));
        check("UTC", "2026-08-01T14:30", Some((1_785_594_600, 1_785_594_660)));
        check("UTC", "2026-08-01 14:30:05", Some((1_785_594_605, 1_785_594_606)));
        check("UTC", "2026-08-01T14:30:00+02:00", Some((1_785_587_400, 1_785_587_401)));
        check("UTC", "24h", Some((1_786_000_000 - day, 1_786_000_000 - day)));
        // Spring forward: 23 hours. Autumn: 25.
        check("America/New_York", "2026-03-08", Some((1_772_946_000, 1_772_946_000 + 23 * 3600)));
        check("America/New_York", "2026-11-01", Some((1_793_505_600, 1_793_505_600 + 25 * 3600)));
    }

    #[test]
    fn nonsense_is_refused() {
        for text in [
            "",
            "x",
            "2026-13-01",
            "2026-02-30",
            "99999-01-01",
            "2026-08-01T25:00",
            "d",
            "-7d",
            "9999999d",
            "9999-12-31",
            "9999",
            "öö-öö",
            "20260",
            "２０２６",
        ] {
            check("UTC", text, None);
        }
    }
}
