//! What is searched for, free of syntax and of storage: the search layer writes it, the store
//! answers it.

use jiff::tz::TimeZone;

use crate::base::clock::Timestamp;
use crate::base::hash::sha256;
use crate::base::limits::PLATE_CHARS_MAX;
use crate::model::capture::{Capture, CaptureKey};
use crate::model::plate::{Plate, distance, fold};

/// The attributes captures are indexed by. The number is part of keys in the store.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Attribute {
    /// `plate` or `vehicle`.
    Kind = 1,
    /// Camera as `AGENT_UID/CAMERA_ID`.
    Camera = 2,
    /// Agent uid.
    Agent = 3,
    /// Region as sent (`us-ma`).
    Region = 4,
    /// Eight ways: `n ne e se s sw w nw`.
    Direction = 5,
    /// Colour as sent.
    Color = 6,
    /// Make as sent.
    Make = 7,
    /// Make and model as sent.
    Model = 8,
    /// Body type as sent.
    Body = 9,
    /// Year range as sent.
    Year = 10,
    /// Plate confidence in whole percent, `0` to `100`.
    Confidence = 11,
    /// One of the names of [`flag_names`].
    Flag = 12,
    /// Country as sent.
    Country = 13,
    /// Tag of the plate, as people gave it.
    Tag = 14,
    /// Name of a Rekor list that raised an alert about the capture.
    List = 15,
}

/// Names of the flags as indexed under [`Attribute::Flag`].
pub const fn flag_names() -> [(&'static str, u16); 7] {
    use crate::model::capture::Flags as F;
    [
        ("preview", F::PREVIEW),
        ("parked", F::PARKED),
        ("late", F::LATE),
        ("alert", F::ALERT),
        ("clock", F::CLOCK),
        ("notes", F::NOTES),
        ("corrected", F::CORRECTED),
    ]
}

/// Direction in eight ways of `degrees` (clockwise from up).
pub fn eight_ways(degrees: f32) -> &'static str {
    const WAYS: [&str; 8] = ["n", "ne", "e", "se", "s", "sw", "w", "nw"];
    WAYS[((degrees.rem_euclid(360.0) + 22.5) / 45.0) as usize % 8]
}

/// Conditions that must all hold.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Query {
    /// Plate condition.
    pub plate: Option<PlateMatch>,
    /// Plates that are left out.
    pub without: Vec<PlateMatch>,
    /// Conditions on all readings of the plate, the best one included.
    pub candidates: Vec<CandidateMatch>,
    /// Conditions on the vehicle signature, by its [`signature_mark`]; `true` leaves it out.
    pub signatures: Vec<(u64, bool)>,
    /// Hours and days of the week.
    pub week: Option<Box<WeekMatch>>,
    /// Captured at or after.
    pub from: Option<Timestamp>,
    /// Captured before.
    pub until: Option<Timestamp>,
    /// Times that are left out: from, and up to but not including.
    pub holes: Vec<(Timestamp, Timestamp)>,
    /// Attribute conditions.
    pub attributes: Vec<AttributeMatch>,
}

/// One attribute condition: has (or has not) any of the values.
#[derive(Clone, Debug, PartialEq)]
pub struct AttributeMatch {
    /// Attribute.
    pub attribute: Attribute,
    /// Values, any of which matches.
    pub values: Vec<String>,
    /// Whether captures with the values are left out instead.
    pub not: bool,
}

/// A plate pattern.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PlateMatch {
    /// Pattern, normalised: see [`Piece`].
    pub pieces: Vec<Piece>,
    /// Whether look-alike characters count as equal.
    pub look_alike: bool,
    /// Characters that may be wrong, missing or too many; with it the pattern is one text.
    pub edits: u8,
}

/// A condition on the readings of a plate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CandidateMatch {
    /// Pattern that at least one of them matches. It has a run of three known characters, the
    /// ends of the plate counted as characters.
    pub plate: PlateMatch,
    /// Whether captures with such a reading are left out instead.
    pub not: bool,
}

/// Hours of the day and days of the week, as clocks in a zone show them.
#[derive(Clone, Debug, PartialEq)]
pub struct WeekMatch {
    /// The zone.
    pub zone: TimeZone,
    /// Hours wanted, one bit each, and whether any were named.
    pub hours: Option<u32>,
    /// Hours left out.
    pub not_hours: u32,
    /// Days wanted, Monday the lowest bit.
    pub days: Option<u8>,
    /// Days left out.
    pub not_days: u8,
}

impl WeekMatch {
    /// Every hour of every day in `zone`.
    pub const fn any(zone: TimeZone) -> Self {
        Self { zone, hours: None, not_hours: 0, days: None, not_days: 0 }
    }

    /// The hours in question, one bit each.
    pub fn hour_bits(&self) -> u32 {
        self.hours.unwrap_or((1 << 24) - 1) & !self.not_hours
    }

    /// The days in question, Monday the lowest bit.
    pub fn day_bits(&self) -> u8 {
        self.days.unwrap_or((1 << 7) - 1) & !self.not_days
    }

    /// Whether `time` is in such an hour of such a day.
    pub fn matches(&self, time: Timestamp) -> bool {
        let Ok(instant) = jiff::Timestamp::from_millisecond(time.0) else { return false };
        let local = self.zone.to_datetime(instant);
        let day = local.weekday().to_monday_zero_offset();
        self.hour_bits() >> local.hour() & 1 == 1 && self.day_bits() >> day & 1 == 1
    }
}

/// What a vehicle signature is searched by: 64 bits of its hash.
pub fn signature_mark(signature: &str) -> u64 {
    let hash = sha256(signature.as_bytes());
    hash.iter().take(8).fold(0, |mark, byte| mark << 8 | u64::from(*byte))
}

/// Part of a plate pattern.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Piece {
    /// These characters, in normal form.
    Text(String),
    /// Exactly one character (`?`).
    One,
    /// Any characters, also none (`*`).
    Any,
}

/// Which part of the result is wanted. Results are newest first.
#[derive(Clone, Copy, Debug)]
pub struct PageRequest {
    /// Rows wanted.
    pub limit: usize,
    /// Only captures with keys below this one: the last key of the page before.
    pub before: Option<CaptureKey>,
    /// Whether to count all matches.
    pub total: bool,
}

/// How many captures match.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Total {
    /// Exactly this many.
    Exact(u64),
    /// At least this many: counting was stopped.
    AtLeast(u64),
}

/// One page of results.
#[derive(Clone, Debug)]
pub struct Page {
    /// Rows, newest first.
    pub rows: Vec<Capture>,
    /// Cursor of the next page, `None` on the last.
    pub next: Option<CaptureKey>,
    /// Number of matches, when asked for.
    pub total: Option<Total>,
    /// Number of distinct plates among them, when it is known without counting.
    pub plates: Option<u64>,
    /// Whether the search was stopped at its deadline: rows may be missing.
    pub stopped: bool,
}

impl PlateMatch {
    /// Exactly `plate`.
    pub fn whole(plate: &Plate) -> Self {
        Self { pieces: vec![Piece::Text(plate.as_str().to_owned())], ..Self::default() }
    }

    /// The text of a pattern that is one.
    pub fn text(&self) -> Option<&str> {
        match self.pieces.as_slice() {
            [Piece::Text(text)] => Some(text),
            _ => None,
        }
    }

    /// Whether `plate` (in normal form) matches the whole pattern.
    pub fn matches(&self, plate: &str) -> bool {
        let mut text = ['\0'; PLATE_CHARS_MAX * 4];
        let mut count = 0;
        for (slot, character) in text.iter_mut().zip(plate.chars()) {
            *slot = if self.look_alike { fold(character) } else { character };
            count += 1;
        }
        let text = text.get(..count).unwrap_or_default();
        if self.edits > 0 {
            let folded = |c: char| if self.look_alike { fold(c) } else { c };
            let wanted: Vec<char> = self.text().unwrap_or_default().chars().map(folded).collect();
            return distance(&wanted, text) <= usize::from(self.edits);
        }
        matches_pieces(&self.pieces, text, self.look_alike)
    }

    /// Which characters of `plate` (in normal form) the pattern names; empty when it does not match,
    /// when it names all, and when characters may be wrong.
    pub fn named(&self, plate: &str) -> Vec<bool> {
        let text: Vec<char> =
            plate.chars().map(|c| if self.look_alike { fold(c) } else { c }).collect();
        if self.edits > 0 || !matches_pieces(&self.pieces, &text, self.look_alike) {
            return Vec::new();
        }
        let mut named = vec![false; text.len()];
        let (mut at, mut pieces) = (0, self.pieces.as_slice());
        while let Some((piece, rest)) = pieces.split_first() {
            match piece {
                Piece::One => at += 1,
                Piece::Text(wanted) => {
                    let end = at + wanted.chars().count();
                    named.get_mut(at..end).unwrap_or_default().fill(true);
                    at = end;
                }
                Piece::Any => {
                    let fits = |start: &usize| {
                        let tail = text.get(*start..).unwrap_or_default();
                        matches_pieces(rest, tail, self.look_alike)
                    };
                    at = (at..=text.len()).find(fits).unwrap_or(text.len());
                }
            }
            pieces = rest;
        }
        if named.iter().all(|named| *named) { Vec::new() } else { named }
    }
}

/// Matches pattern `pieces` against `text`, which is folded already when `folded`.
fn matches_pieces(pieces: &[Piece], text: &[char], folded: bool) -> bool {
    let Some((first, rest)) = pieces.split_first() else { return text.is_empty() };
    match first {
        Piece::One => {
            text.split_first().is_some_and(|(_, tail)| matches_pieces(rest, tail, folded))
        }
        Piece::Text(wanted) => {
            let mut tail = text;
            for character in wanted.chars() {
                let character = if folded { fold(character) } else { character };
                match tail.split_first() {
                    Some((&found, after)) if found == character => tail = after,
                    _ => return false,
                }
            }
            matches_pieces(rest, tail, folded)
        }
        // A later `*` can do all an earlier one could, so the first way to reach it is enough:
        // stopping there keeps this from growing with the number of stars.
        Piece::Any => {
            let stop = rest.iter().position(|piece| *piece == Piece::Any).unwrap_or(rest.len());
            let (middle, after) = rest.split_at(stop);
            (0..=text.len()).find_map(|start| {
                let tail = text.get(start..)?;
                if after.is_empty() {
                    matches_pieces(middle, tail, folded).then_some(true)
                } else {
                    let used = prefix_chars(middle, tail, folded)?;
                    Some(matches_pieces(after, tail.get(used..)?, folded))
                }
            }) == Some(true)
        }
    }
}

/// How many characters `pieces` without `*` take at the front of `text`; `None` without a match.
fn prefix_chars(pieces: &[Piece], text: &[char], folded: bool) -> Option<usize> {
    let width = |piece: &Piece| match piece {
        Piece::Text(wanted) => wanted.chars().count(),
        Piece::One => 1,
        Piece::Any => 0,
    };
    let used = pieces.iter().map(width).sum();
    matches_pieces(pieces, text.get(..used)?, folded).then_some(used)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_pattern_names_is_told() {
        let text = |text: &str| Piece::Text(text.to_owned());
        let any = || Piece::Any;
        let told = |pieces: Vec<Piece>, look_alike: bool, plate: &str| -> String {
            let pattern = PlateMatch { pieces, look_alike, ..PlateMatch::default() };
            let named = pattern.named(plate);
            named.iter().map(|named| if *named { '#' } else { '.' }).collect()
        };
        assert_eq!(told(vec![any(), text("BC"), any()], false, "ABCBC"), ".##..");
        assert_eq!(told(vec![text("A"), Piece::One, text("C"), any()], false, "ABCD"), "#.#.");
        assert_eq!(told(vec![any(), text("B"), any(), text("C")], false, "ABCBC"), ".#..#");
        assert_eq!(told(vec![any(), text("80"), any()], true, "XBOX"), ".##.");
        assert_eq!(told(vec![text("ABC")], false, "ABC"), "");
        assert_eq!(told(vec![text("A"), any()], false, "XA"), "");
        assert_eq!(told(vec![any()], false, "XA"), "..");
    }
}
