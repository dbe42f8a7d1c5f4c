//! What is searched for, free of syntax and of storage: the search layer writes it, the store
//! answers it.

use crate::base::clock::Timestamp;
use crate::base::limits::PLATE_CHARS_MAX;
use crate::model::capture::{Capture, CaptureKey};
use crate::model::plate::fold;

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
    /// Captured at or after.
    pub from: Option<Timestamp>,
    /// Captured before.
    pub until: Option<Timestamp>,
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
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlateMatch {
    /// Pattern, normalised: see [`Piece`].
    pub pieces: Vec<Piece>,
    /// Whether look-alike characters count as equal.
    pub look_alike: bool,
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
    /// Whether the search was stopped at its deadline: rows may be missing.
    pub stopped: bool,
}

impl PlateMatch {
    /// Whether `plate` (in normal form) matches the whole pattern.
    pub fn matches(&self, plate: &str) -> bool {
        let mut text = ['\0'; PLATE_CHARS_MAX * 4];
        let mut count = 0;
        for (slot, character) in text.iter_mut().zip(plate.chars()) {
            *slot = if self.look_alike { fold(character) } else { character };
            count += 1;
        }
        matches_pieces(&self.pieces, text.get(..count).unwrap_or_default(), self.look_alike)
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
