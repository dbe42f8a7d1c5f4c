//! Filters by hour of the day and day of the week, as clocks where the user is show them.

use super::nearest::nearest;
use super::{Context, Filter, Invalid, list};
use crate::model::query::{Query, WeekMatch};

const DAYS: [&str; 7] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];
const LONG_DAYS: [&str; 7] =
    ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"];

/// The filter by hour.
pub(super) struct Hour;

impl Filter for Hour {
    fn key(&self) -> &'static str {
        "hour"
    }

    fn aliases(&self) -> &'static [&'static str] {
        &["hours"]
    }

    fn label(&self) -> &'static str {
        "Hour"
    }

    fn help(&self) -> &'static str {
        "Hours of the day, 0 to 23: hour:7 is 7:00 to 7:59, hour:7-9, hour:22-5 goes over midnight"
    }

    fn add(
        &self,
        query: &mut Query,
        value: &str,
        not: bool,
        context: &Context<'_>,
    ) -> Result<(), Invalid> {
        let hour = |text: &str| {
            let digits = (1..=2).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit());
            digits.then(|| text.parse::<u8>().ok()).flatten().filter(|hour| *hour < 24)
        };
        let mut hours = 0_u32;
        for part in list(value) {
            let wrong = || Invalid::with(format!("not hours of the day: {part}"), Some("7-9"));
            let (first, last) = ends(part);
            let (first, last) = hour(first).zip(hour(last)).ok_or_else(wrong)?;
            each(first, last, 24, |hour| hours |= 1 << hour);
        }
        if hours == 0 {
            return Err(Invalid::with("hour: needs a value", Some("7-9")));
        }
        let week = query.week.get_or_insert_with(|| Box::new(WeekMatch::any(context.zone.clone())));
        if not {
            week.not_hours |= hours;
        } else {
            week.hours = Some(week.hours.unwrap_or(0) | hours);
        }
        Ok(())
    }
}

/// The filter by day.
pub(super) struct Weekday;

impl Filter for Weekday {
    fn key(&self) -> &'static str {
        "weekday"
    }

    fn aliases(&self) -> &'static [&'static str] {
        &["weekdays"]
    }

    fn label(&self) -> &'static str {
        "Weekday"
    }

    fn help(&self) -> &'static str {
        "Days of the week: weekday:mon, weekday:mon-fri, weekday:sat,sun, weekday:weekend"
    }

    fn add(
        &self,
        query: &mut Query,
        value: &str,
        not: bool,
        context: &Context<'_>,
    ) -> Result<(), Invalid> {
        let mut days = 0_u8;
        for part in list(value) {
            let part = part.to_lowercase();
            let (first, last) = match part.as_str() {
                "weekend" => (5, 6),
                "workday" | "workdays" => (0, 4),
                part => {
                    let (first, last) = ends(part);
                    (day(first)?, day(last)?)
                }
            };
            each(first, last, 7, |day| days |= 1 << day);
        }
        if days == 0 {
            return Err(Invalid::with("weekday: needs a value", Some("mon-fri")));
        }
        let week = query.week.get_or_insert_with(|| Box::new(WeekMatch::any(context.zone.clone())));
        if not {
            week.not_days |= days;
        } else {
            week.days = Some(week.days.unwrap_or(0) | days);
        }
        Ok(())
    }
}

/// Number of the day called `name`, Monday 0.
fn day(name: &str) -> Result<u8, Invalid> {
    let mut names = DAYS.iter().zip(&LONG_DAYS);
    let found = names.position(|(short, long)| name == *short || name == *long);
    found.map(|day| day as u8).ok_or_else(|| {
        let names = DAYS.into_iter().chain(LONG_DAYS).chain(["weekend"]);
        Invalid::with(
            format!("not a day of the week: {name}"),
            nearest(name, names).or(Some("mon")),
        )
    })
}

/// Both ends of `7-9` or `7..9`, the same twice for `7`.
fn ends(text: &str) -> (&str, &str) {
    let split = text.split_once("..").or_else(|| text.split_once('-'));
    let (first, last) = split.unwrap_or((text, text));
    (first.trim(), last.trim())
}

/// Shows `first` to `last`, round the clock when `last` comes first.
fn each(first: u8, last: u8, count: u8, mut show: impl FnMut(u8)) {
    let steps = (last + count - first) % count;
    (0..=steps).for_each(|step| show((first + step) % count));
}

#[cfg(test)]
mod tests {
    use jiff::tz::TimeZone;

    use super::*;
    use crate::base::clock::Timestamp;

    fn check(filter: &dyn Filter, value: &str, expected: Option<(u32, u8)>) {
        let zone = TimeZone::UTC;
        let context = Context { zone: &zone, now: Timestamp(0), cameras: &[], agents: &[] };
        let mut query = Query::default();
        let done = filter.add(&mut query, value, false, &context);
        let found = query.week.map(|week| (week.hour_bits(), week.day_bits()));
        assert_eq!(found, expected, "{value} {done:?}");
        assert_eq!(done.is_ok(), expected.is_some(), "{value}");
    }

    #[test]
    fn hours_and_days() {
        let all = (1 << 24) - 1;
        check(&Hour, "7", Some((1 << 7, 0x7f)));
        check(&Hour, "07-9", Some((0b111 << 7, 0x7f)));
        check(&Hour, "22..1", Some((0b11 << 22 | 0b11, 0x7f)));
        check(&Hour, "0,23", Some((1 | 1 << 23, 0x7f)));
        check(&Weekday, "mon-fri", Some((all, 0x1f)));
        check(&Weekday, "Sat, sunday", Some((all, 0x60)));
        check(&Weekday, "sun-mon", Some((all, 0x41)));
        check(&Weekday, "weekend", Some((all, 0x60)));
        for nonsense in ["24", "-1", "7-", "a", "7:30", "+7", "", ",", "７"] {
            check(&Hour, nonsense, None);
        }
        for nonsense in ["mo", "1", "", "mon-", "mon fri"] {
            check(&Weekday, nonsense, None);
        }
    }

    #[test]
    fn the_zone_decides_and_summer_time_with_it() {
        let zone = TimeZone::get("America/New_York").unwrap();
        let context = Context { zone: &zone, now: Timestamp(0), cameras: &[], agents: &[] };
        let mut query = Query::default();
        Hour.add(&mut query, "23", false, &context).unwrap();
        Weekday.add(&mut query, "sun", true, &context).unwrap();
        let week = query.week.unwrap();
        // A Thursday: 03:30Z is 23:30 in summer, 04:30Z in winter.
        let at = |text: &str| {
            let instant: jiff::Timestamp = text.parse().unwrap();
            week.matches(Timestamp(instant.as_millisecond()))
        };
        assert!(at("2026-07-03T03:30:00Z") && !at("2026-07-03T04:30:00Z"));
        assert!(at("2026-12-04T04:30:00Z") && !at("2026-12-04T03:30:00Z"));
        assert!(!at("2026-12-07T04:30:00Z"), "a Sunday there");
    }
}
