//! What is searched for, free of syntax and of storage: the search layer writes it, the store
//! answers it.

use crate::base::clock::Timestamp;
use crate::model::capture::{Capture, CaptureKey};

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
}

/// Names of the flags as indexed under [`Attribute::Flag`].
pub const fn flag_names() -> [(&'static str, u16); 6] {
    use crate::model::capture::Flags as F;
    [
        ("preview", F::PREVIEW),
        ("parked", F::PARKED),
        ("late", F::LATE),
        ("alert", F::ALERT),
        ("clock", F::CLOCK),
        ("notes", F::NOTES),
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
