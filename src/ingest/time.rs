//! When a capture happened: the agent's clock, believed only within reason. Must not read our
//! own clock.

use crate::base::clock::Timestamp;
use crate::base::limits::{CAPTURED_MIN_MS, CLOCK_AHEAD_MAX_MS, LATE_AFTER_MS};
use crate::model::capture::Flags;

use super::fields::{Notes, number};
use super::json::{Json, Object};

/// The times of a capture and what they say about it.
#[derive(Debug, PartialEq)]
pub(super) struct Times {
    /// Start of the group.
    pub(super) captured_at: Timestamp,
    /// End of the group, not before its start.
    pub(super) ended_at: Timestamp,
    /// [`Flags::CLOCK`] and [`Flags::LATE`].
    pub(super) flags: Flags,
}

/// The times in `object`, which arrived at `received_at`.
pub(super) fn times(object: &Object<'_>, received_at: Timestamp, notes: &mut Notes) -> Times {
    let mut flags = Flags::default();
    let sent = started(object, notes);
    if sent.is_none() {
        notes.add("no time was sent; the time of arrival is used");
    }
    let mut captured_at = sent.unwrap_or(received_at);
    if !is_believable(captured_at, received_at) {
        flags.set(Flags::CLOCK, true);
        notes.add("the agent's clock is wrong; the time of arrival is used");
        captured_at = received_at;
    }
    flags.set(Flags::LATE, received_at.since(captured_at) > LATE_AFTER_MS);
    let ended_at = epoch(object, "epoch_end", notes)
        .filter(|&end| !flags.has(Flags::CLOCK) && is_believable(end, received_at))
        .unwrap_or(captured_at)
        .max(captured_at);
    Times { captured_at, ended_at, flags }
}

/// Whether an agent's clock may show `time` when ours shows `received_at`.
pub(super) fn is_believable(time: Timestamp, received_at: Timestamp) -> bool {
    time.ms() >= CAPTURED_MIN_MS && time.since(received_at) <= CLOCK_AHEAD_MAX_MS
}

/// The time in `name`: milliseconds, or seconds when it is too small for them.
pub(super) fn epoch(object: &Object<'_>, name: &str, notes: &mut Notes) -> Option<Timestamp> {
    let json = object.get(name)?;
    let time = instant(json);
    if time.is_none() {
        notes.add(format!("{name} is not a time"));
    }
    time
}

fn instant(json: &Json<'_>) -> Option<Timestamp> {
    // Milliseconds of any sane date are exact in a float; a fraction of a second stays.
    let value = number(json)?;
    let ms = if value.abs() < 1e11 { value * 1000.0 } else { value };
    Some(Timestamp(ms.round() as i64))
}

fn started(object: &Object<'_>, notes: &mut Notes) -> Option<Timestamp> {
    epoch(object, "epoch_start", notes)
        .or_else(|| epoch(object, "best_uuid_epoch_ms", notes))
        .or_else(|| match object.get("best_uuid") {
            // 13 digits: milliseconds from 2001 to 2286.
            Some(Json::Text(uuid)) => {
                let (_, tail) = uuid.rsplit_once('-')?;
                let digits = tail.len() == 13 && tail.bytes().all(|b| b.is_ascii_digit());
                digits.then(|| tail.parse().ok().map(Timestamp)).flatten()
            }
            _ => None,
        })
}

#[cfg(test)]
mod tests {
    use super::super::fields::Notes;
    use super::super::json::{Json, value};
    use super::times;
    use crate::base::clock::Timestamp;
    use crate::model::capture::Flags;

    const NOW: i64 = 1_785_571_200_000;
    const MISSING: &str = "no time was sent; the time of arrival is used";
    const CLOCK: &str = "the agent's clock is wrong; the time of arrival is used";

    fn check(document: &str, start: i64, end: i64, bits: u16, notes: &[&str]) {
        let Some(Json::Object(object)) = value(document) else { panic!("{document}") };
        let mut found = Notes::default();
        let times = times(&object, Timestamp(NOW), &mut found);
        assert_eq!(
            (times.captured_at.0 - NOW, times.ended_at.0 - NOW, times.flags.0),
            (start, end, bits),
            "{document}"
        );
        assert_eq!(found.into_vec(), notes, "{document}");
    }

    #[test]
    fn start_in_every_form() {
        for (text, start) in [
            (r#"{"epoch_start":1785571199000}"#, -1000),
            (r#"{"epoch_start":"1785571199000"}"#, -1000),
            (r#"{"epoch_start":1785571199}"#, -1000),
            (r#"{"epoch_start":1785571199.25}"#, -750),
            (r#"{"epoch_start":1.785571199e12}"#, -1000),
            (r#"{"best_uuid_epoch_ms":1785571199000}"#, -1000),
            (r#"{"best_uuid":"A-1-1785571199000"}"#, -1000),
            (r#"{"epoch_start":1785571300000}"#, 100_000),
        ] {
            check(text, start, start, 0, &[]);
        }
        for text in ["{}", r#"{"best_uuid":"A-1-17"}"#, r#"{"best_uuid":7}"#] {
            check(text, 0, 0, 0, &[MISSING]);
        }
        check(r#"{"epoch_start":[]}"#, 0, 0, 0, &["epoch_start is not a time", MISSING]);
    }

    #[test]
    fn clocks_that_are_not_believed() {
        for start in
            ["0", "-1", "1785571500001", "946684799999", "1e300", "-1e300", "99999999999999999999"]
        {
            check(&format!(r#"{{"epoch_start":{start}}}"#), 0, 0, Flags::CLOCK, &[CLOCK]);
        }
    }

    #[test]
    fn late_reads_are_marked() {
        check(r#"{"epoch_start":1785570600000}"#, -600_000, -600_000, 0, &[]);
        check(r#"{"epoch_start":1785570599999}"#, -600_001, -600_001, Flags::LATE, &[]);
    }

    #[test]
    fn the_end_is_never_before_the_start() {
        for (end, expected) in
            [("1785571199500", -500), ("1785571190000", -1000), ("9e18", -1000), ("null", -1000)]
        {
            let text = format!(r#"{{"epoch_start":1785571199000,"epoch_end":{end}}}"#);
            check(&text, -1000, expected, 0, &[]);
        }
    }
}
