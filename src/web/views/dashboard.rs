//! The first page after signing in.

use serde::Serialize;

use super::read::ReadRow;
use super::{Link, RankRow, Tone};

/// Template `dashboard.html`.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Dashboard {
    /// Whether reads arrive.
    pub status: Receiving,
    /// `Los Angeles (PDT)`: see `format::zone_label`.
    pub zone: String,
    /// At most four numbers.
    pub tiles: Vec<Tile>,
    /// Latest reads, newest first.
    pub reads: Vec<ReadRow>,
    /// Cameras with most reads this month, best first.
    pub cameras: Vec<RankRow>,
    /// Name of the month of `cameras`: `November`.
    pub month: String,
    /// Reads of each hour of today, 24 numbers.
    pub hours: Vec<u64>,
    /// The hour it is now, 0-23.
    pub hour_now: usize,
    /// What the webhook did today.
    pub webhook: Vec<Outcome>,
    /// When counting began: `14:32:07` or `yesterday`; `""` to say nothing.
    pub webhook_since: String,
    /// Whether nothing was ever received: the page explains the next step instead.
    pub empty: bool,
}

/// Whether reads arrive.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Receiving {
    /// Ok: receiving. Warn: silent for long or refusing. Off: nothing yet.
    pub tone: Tone,
    /// `Receiving. Last read 4 seconds ago`.
    pub text: String,
    /// Exact time of the last read, `""` when none.
    pub exact: String,
}

/// A number with its comparison.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Tile {
    /// What it is.
    pub label: String,
    /// The number.
    pub value: String,
    /// Change, when it can be compared.
    pub delta: Option<Delta>,
    /// One or two short lines below: `vs 1–21 July`.
    pub notes: Vec<String>,
    /// Last twelve months, oldest first; empty for none.
    pub series: Vec<u64>,
}

/// A change. Made by `format::change`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Delta {
    /// `+6.4 %`.
    pub text: String,
    /// `up`, `down` or `flat`.
    pub class: &'static str,
}

/// How often the webhook answered in one way since the program started.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Outcome {
    /// Meaning.
    pub tone: Tone,
    /// `Stored`, `Known already`, `Refused: wrong key`.
    pub label: String,
    /// How often.
    pub count: u64,
    /// Where to look, when there is a place.
    pub link: Option<Link>,
}
