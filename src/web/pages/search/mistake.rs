//! A search that was not understood: where, why, and the nearest one that would be.

use crate::gate::form::encode;
use crate::search::{Search, SyntaxError};
use crate::web::format;
use crate::web::views::Link;
use crate::web::views::search::QueryError;

/// Name of the parameter of the box.
const BOX: &str = "q";

/// What the page says about `error` in the parameters `pairs` of the page at `path`.
pub(super) fn query_error(
    error: &SyntaxError,
    pairs: &[(&str, &str)],
    path: &str,
    view: Option<(&str, &str)>,
) -> QueryError {
    let text = pairs.iter().find(|(name, _)| *name == error.parameter).map_or("", |pair| pair.1);
    let part = |range: std::ops::Range<usize>| text.get(range).unwrap_or_default().to_owned();
    let (start, end) = (error.start.min(text.len()), error.end.min(text.len()));
    let (mut before, token, after) = (part(0..start), part(start..end), part(end..text.len()));
    let better = error.suggestion.as_ref().map(|better| suggested(&token, better));
    let better = better.map(|better| (before.as_str(), better)).or_else(|| joined(&before, &token));
    let suggestion = better.map(|(kept, better)| {
        let fixed = format!("{kept}{better}{after}");
        let mut changed: Vec<(&str, &str)> = pairs
            .iter()
            .map(|(name, value)| {
                (*name, if *name == error.parameter { fixed.as_str() } else { *value })
            })
            .filter(|(name, _)| *name != "view")
            .collect();
        changed.extend(view);
        Link::new(format!("{path}?{}", encode(changed)), better)
    });
    // `conf: needs a value` keeps the name of the filter as one types it.
    let key = error.message.split(' ').next().is_some_and(|word| word.ends_with(':'));
    let mut message = if key { error.message.clone() } else { format::upper_first(&error.message) };
    message.push('.');
    if error.parameter != BOX {
        // From the form: said as one would type it.
        before = format!("{}:{before}", error.parameter);
    }
    QueryError { before, token, after, message, suggestion }
}

/// What the box shows: what was typed there, or the rest of the search with the part at fault.
pub(super) fn as_typed(error: &SyntaxError, pairs: &[(&str, &str)], rest: &Search) -> String {
    let text = pairs.iter().find(|(name, _)| *name == error.parameter).map_or("", |pair| pair.1);
    if error.parameter == BOX {
        return text.to_owned();
    }
    format!("{} {}:{text}", rest.text(), error.parameter).trim_start().to_owned()
}

/// `8KX 417` is one plate to people and two to the syntax: what stays in front, and the plate.
fn joined<'a>(before: &'a str, token: &str) -> Option<(&'a str, String)> {
    let front = before.trim_end();
    let blank = front.char_indices().rfind(|(_, character)| character.is_whitespace());
    let start = blank.map_or(0, |(at, character)| at + character.len_utf8());
    let (kept, first) = (front.get(..start)?, front.get(start..)?);
    let plain = |word: &str| !word.is_empty() && word.chars().all(char::is_alphanumeric);
    (plain(first) && plain(token)).then(|| (kept, format!("{first}{token}")))
}

/// What to type in place of `token`: proposals of a value get the filter's name in front.
fn suggested(token: &str, better: &str) -> String {
    let better = better.split(" or ").next().unwrap_or(better);
    let key = token.split_once(':').map(|(key, _)| key);
    let known = key.filter(|key| crate::search::filter(key.trim_start_matches('-')).is_some());
    match known {
        Some(key) if better.contains(char::is_whitespace) => format!("{key}:\"{better}\""),
        Some(key) => format!("{key}:{better}"),
        None => better.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::{joined, suggested};

    #[test]
    fn a_plate_in_two_words_is_put_together() {
        assert_eq!(joined("8KX ", "417"), Some(("", "8KX417".to_owned())));
        assert_eq!(joined("after:24h FF23  ", "XAL"), Some(("after:24h ", "FF23XAL".to_owned())));
        assert_eq!(joined("camera:gate ", "XAL"), None);
        assert_eq!(joined("", "XAL"), None);
        assert_eq!(joined("8KX ", "plate:417"), None);
        assert_eq!(joined("ab\u{3000}ö ", "ü"), Some(("ab\u{3000}", "öü".to_owned())));
    }

    #[test]
    fn proposals_can_be_typed() {
        for (token, better, expected) in [
            ("camera:yrad", "Yard", "camera:Yard"),
            ("camera:yrad", "Back yard", "camera:\"Back yard\""),
            ("-color:wite", "white", "-color:white"),
            ("colr:white", "color:white", "color:white"),
            ("after:tomorow", "2026-08-01 or 2026-08-01T14:30", "after:2026-08-01"),
            ("-", "AB12", "AB12"),
        ] {
            assert_eq!(suggested(token, better), expected);
        }
    }
}
