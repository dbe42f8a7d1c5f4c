//! Filter by plate confidence, in whole percent rounded down.

use super::{Context, Filter, Invalid, add_values};
use crate::model::query::{Attribute, Query};

/// The confidence filter.
pub(super) struct Confidence;

impl Filter for Confidence {
    fn key(&self) -> &'static str {
        "conf"
    }

    fn aliases(&self) -> &'static [&'static str] {
        &["confidence"]
    }

    fn label(&self) -> &'static str {
        "Confidence"
    }

    fn help(&self) -> &'static str {
        "Confidence of the plate in whole percent: conf:>85, conf:<50, conf:80-90"
    }

    fn add(
        &self,
        query: &mut Query,
        value: &str,
        not: bool,
        _: &Context<'_>,
    ) -> Result<(), Invalid> {
        let Some((first, last)) = range(value.trim()) else {
            return Err(Invalid::with(format!("not a range of percent: {value}"), Some(">85")));
        };
        if first > last {
            return Err(Invalid::with("no confidence is in that range", Some(">85")));
        }
        let values = (first..=last).map(|percent| percent.to_string());
        add_values(query, Attribute::Confidence, values, not);
        Ok(())
    }
}

/// First and last percent of `>85`, `>=85`, `<50`, `<=50`, `80-90`, `80..90` or `85`.
fn range(text: &str) -> Option<(u8, u8)> {
    let percent = |text: &str| {
        let number: u8 = text.trim().trim_end_matches('%').parse().ok()?;
        (number <= 100).then_some(number)
    };
    if let Some(rest) = text.strip_prefix(">=") {
        return Some((percent(rest)?, 100));
    }
    if let Some(rest) = text.strip_prefix("<=") {
        return Some((0, percent(rest)?));
    }
    if let Some(rest) = text.strip_prefix('>') {
        return Some((percent(rest)? + 1, 100));
    }
    if let Some(rest) = text.strip_prefix('<') {
        // Below zero there is nothing: an empty range.
        return Some(percent(rest)?.checked_sub(1).map_or((1, 0), |last| (0, last)));
    }
    if let Some((first, last)) = text.split_once("..").or_else(|| text.split_once('-')) {
        return Some((percent(first)?, percent(last)?));
    }
    percent(text).map(|same| (same, same))
}

#[cfg(test)]
mod tests {
    use super::range;

    #[test]
    fn ranges() {
        for (text, expected) in [
            (">85", Some((86, 100))),
            (">=85", Some((85, 100))),
            ("<50", Some((0, 49))),
            ("<=50%", Some((0, 50))),
            ("80-90", Some((80, 90))),
            ("80..90", Some((80, 90))),
            ("85", Some((85, 85))),
            (">100", Some((101, 100))),
            ("<0", Some((1, 0))),
            ("101", None),
            ("-5", None),
            ("", None),
            (">", None),
            ("abc", None),
        ] {
            assert_eq!(range(text), expected, "{text}");
        }
    }
}
