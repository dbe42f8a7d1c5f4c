//! Filter by plate: part of it, all of it, wildcards, look-alikes.

use super::{Context, Filter, Invalid};
use crate::model::plate;
use crate::model::query::{Piece, PlateMatch, Query};

/// The plate filter.
pub(super) struct Plate;

impl Filter for Plate {
    fn key(&self) -> &'static str {
        "plate"
    }

    fn label(&self) -> &'static str {
        "Plate"
    }

    fn help(&self) -> &'static str {
        "Part of a plate: AB12. Whole: =AB123. Wildcards, from first to last character: AB?12*. \
         Characters cameras confuse count as equal after a tilde: ~AB0"
    }

    fn add(
        &self,
        query: &mut Query,
        value: &str,
        not: bool,
        _: &Context<'_>,
    ) -> Result<(), Invalid> {
        if not {
            return Err(Invalid::new("a plate cannot be left out, only looked for"));
        }
        if query.plate.is_some() {
            return Err(Invalid::new("only one plate pattern at a time"));
        }
        query.plate = Some(pattern(value)?);
        Ok(())
    }
}

/// Parses a plate pattern.
fn pattern(value: &str) -> Result<PlateMatch, Invalid> {
    let (look_alike, value) = after(value.trim(), '~');
    let (whole, value) = after(value, '=');
    let mut pieces: Vec<Piece> = Vec::new();
    let mut text = String::new();
    let flush = |text: &mut String, pieces: &mut Vec<Piece>| {
        if let Some(plate) = plate::Plate::parse(text) {
            pieces.push(Piece::Text(plate.as_str().to_owned()));
        }
        text.clear();
    };
    let mut wild = false;
    for character in value.chars() {
        let piece = match character {
            '?' => Piece::One,
            '*' => Piece::Any,
            other => {
                text.push(other);
                continue;
            }
        };
        wild = true;
        flush(&mut text, &mut pieces);
        if !(piece == Piece::Any && pieces.last() == Some(&Piece::Any)) {
            pieces.push(piece);
        }
    }
    flush(&mut text, &mut pieces);
    if pieces.is_empty() {
        return Err(Invalid::with("a plate needs a letter or digit", Some("AB12")));
    }
    if !wild && !whole {
        pieces.insert(0, Piece::Any);
        pieces.push(Piece::Any);
    }
    Ok(PlateMatch { pieces, look_alike, edits: 0 })
}

fn after(text: &str, mark: char) -> (bool, &str) {
    text.strip_prefix(mark).map_or((false, text), |rest| (true, rest))
}

/// The pattern of form field `match` applied to what was typed as plate.
pub(super) fn with_mode(value: &str, mode: &str) -> Result<String, Invalid> {
    let value = value.trim();
    match mode {
        "" | "contains" => Ok(value.to_owned()),
        "exact" => Ok(format!("={value}")),
        "prefix" => Ok(format!("{}*", value.trim_end_matches('*'))),
        "suffix" => Ok(format!("*{}", value.trim_start_matches('*'))),
        "like" => Ok(format!("~{}", value.trim_start_matches('~'))),
        other => Err(Invalid::with(
            format!("unknown way to match: {other}"),
            super::nearest::nearest(
                other,
                ["exact", "prefix", "suffix", "contains", "like"].into_iter(),
            ),
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::pattern;

    #[test]
    fn patterns_match_what_they_say() {
        for (text, plate, expected) in [
            ("b1", "AB12", true),
            ("B2", "AB12", false),
            ("=ab-12", "AB12", true),
            ("=AB1", "AB12", false),
            ("AB*", "AB12", true),
            ("B*", "AB12", false),
            ("*12", "AB12", true),
            ("A?1?", "AB12", true),
            ("A?1", "AB12", false),
            ("*", "AB12", true),
            ("?", "A", true),
            ("?", "AB", false),
            ("~A812", "AB1Z", true),
            ("~=A81", "AB1Z", false),
            ("~A8*", "AB1Z", true),
            ("A**2", "AB12", true),
            ("*A*1*2*", "AB12", true),
            ("*A*2*1*", "AB12", false),
            ("ö", "AÖ1", true),
        ] {
            let parsed = pattern(text).unwrap();
            assert_eq!(parsed.matches(plate), expected, "{text} {plate} {parsed:?}");
        }
        for nonsense in ["", "  ", "-", "~", "=", "~=", "\u{0}", "🚗"] {
            assert!(pattern(nonsense).is_err(), "{nonsense:?}");
        }
    }

    #[test]
    fn many_stars_are_cheap() {
        let parsed = pattern(&format!("{}Z", "*A".repeat(200))).unwrap();
        assert!(!parsed.matches(&"A".repeat(32)));
        let parsed = pattern(&"*A?".repeat(100)).unwrap();
        assert!(!parsed.matches(&"A".repeat(32)));
    }
}
