//! Filters by plate: part of it, all of it, wildcards, look-alikes, near misses, other readings.

use super::{Context, Filter, Invalid};
use crate::base::limits::PLATES_LEFT_OUT_MAX;
use crate::model::plate;
use crate::model::query::{CandidateMatch, Piece, PlateMatch, Query};

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
         Characters cameras confuse count as equal after a tilde: ~AB0. One or two characters \
         wrong, missing or too many: AB123~1, AB123~2"
    }

    fn add(
        &self,
        query: &mut Query,
        value: &str,
        not: bool,
        _: &Context<'_>,
    ) -> Result<(), Invalid> {
        let pattern = pattern(value)?;
        if not {
            if query.without.len() >= PLATES_LEFT_OUT_MAX {
                let message = format!("at most {PLATES_LEFT_OUT_MAX} plates can be left out");
                return Err(Invalid::new(message));
            }
            query.without.push(pattern);
            return Ok(());
        }
        if query.plate.is_some() {
            return Err(Invalid::new("only one plate pattern at a time"));
        }
        query.plate = Some(pattern);
        Ok(())
    }
}

/// The candidates filter.
pub(super) struct Candidate;

impl Filter for Candidate {
    fn key(&self) -> &'static str {
        "candidate"
    }

    fn aliases(&self) -> &'static [&'static str] {
        &["candidates", "reading"]
    }

    fn label(&self) -> &'static str {
        "Reading"
    }

    fn help(&self) -> &'static str {
        "Any reading of the plate, not only the best one; written as a plate, with three known \
         characters in a row: candidate:8KX417, candidate:8KX*"
    }

    fn add(
        &self,
        query: &mut Query,
        value: &str,
        not: bool,
        _: &Context<'_>,
    ) -> Result<(), Invalid> {
        let plate = pattern(value)?;
        if plate.edits > 0 {
            return Err(Invalid::with("readings are not searched by distance", plate.text()));
        }
        let ends = plate.pieces.len() - 1;
        let known = plate.pieces.iter().enumerate().filter_map(|(place, piece)| match piece {
            Piece::Text(text) => {
                Some(text.chars().count() + usize::from(place == 0) + usize::from(place == ends))
            }
            _ => None,
        });
        if known.max().unwrap_or(0) < 3 {
            return Err(Invalid::with(
                "a reading needs three known characters in a row",
                Some("8KX"),
            ));
        }
        if query.candidates.len() >= PLATES_LEFT_OUT_MAX {
            return Err(Invalid::new(format!("at most {PLATES_LEFT_OUT_MAX} readings")));
        }
        query.candidates.push(CandidateMatch { plate, not });
        Ok(())
    }
}

/// Parses a plate pattern.
fn pattern(value: &str) -> Result<PlateMatch, Invalid> {
    let (look_alike, value) = after(value.trim(), '~');
    let (whole, value) = after(value, '=');
    if let Some((text, count)) = value.rsplit_once('~') {
        return near(text, count, look_alike);
    }
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

/// The pattern of plates that are `count` characters off `text`.
fn near(text: &str, count: &str, look_alike: bool) -> Result<PlateMatch, Invalid> {
    let edits = match count {
        "" | "1" => 1,
        "2" => 2,
        _ => {
            let message = "plates can be 1 or 2 characters off";
            return Err(Invalid::with(message, Some(format!("{text}~1"))));
        }
    };
    let plate = plate::Plate::parse(text).filter(|_| !text.contains(['*', '?', '~']));
    let Some(plate) = plate else {
        let message = "what is near is looked for by a whole plate, without wildcards";
        return Err(Invalid::with(message, Some("AB123~1")));
    };
    let (characters, least) = (plate.as_str().chars().count(), 1 + 2 * usize::from(edits));
    if characters < least {
        let message = format!("{edits} off needs a plate of {least} characters or more");
        return Err(Invalid::with(message, Some(plate.as_str())));
    }
    Ok(PlateMatch { look_alike, edits, ..PlateMatch::whole(&plate) })
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
        "near1" => Ok(format!("{value}~1")),
        "near2" => Ok(format!("{value}~2")),
        "like" => Ok(format!("~{}", value.trim_start_matches('~'))),
        other => Err(Invalid::with(
            format!("unknown way to match: {other}"),
            super::nearest::nearest(
                other,
                ["exact", "prefix", "suffix", "contains", "like", "near1", "near2"].into_iter(),
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
            ("AB12~1", "AB2", true),
            ("AB12~", "AB123", true),
            ("ab-12~1", "A12B", false),
            ("=AB123~2", "A123X", true),
            ("AB123~2", "BA213", false),
            ("~AB1Z~1", "A812", true),
            ("~AB1Z~1", "A8X2", true),
            ("~AB1Z~1", "A8XY", false),
        ] {
            let parsed = pattern(text).unwrap();
            assert_eq!(parsed.matches(plate), expected, "{text} {plate} {parsed:?}");
        }
        for nonsense in
            ["", "  ", "-", "~", "=", "~=", "\u{0}", "🚗", "AB1~3", "A~1", "AB12~2", "A*12~1"]
        {
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
