//! The first page after signing in.

use serde::Serialize;

use super::alerts::AlertRow;
use super::custom_alerts::CustomAlertRow;
use super::read::ReadRow;
use super::{Link, RankRow, Tone};

/// Template `dashboard.html`.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Dashboard {
    /// Whether reads arrive.
    pub status: Receiving,
    /// `Los Angeles (PDT)`: see `format::zone_label`.
    pub zone: String,
    /// What can be looked at.
    pub ranges: Vec<RangeLink>,
    /// Name of the range in addresses: `month`.
    pub range: &'static str,
    /// The range in a heading: `this month`.
    pub range_text: &'static str,
    /// At most four numbers.
    pub tiles: Vec<Tile>,
    /// Latest reads, newest first.
    pub reads: Vec<ReadRow>,
    /// Where the live stream goes on behind them.
    pub position: String,
    /// Latest open alerts of the reader's watches.
    pub custom: Vec<CustomAlertRow>,
    /// Latest alerts of Rekor Scout.
    pub rekor: Vec<AlertRow>,
    /// Reads of each hour of today, 24 numbers.
    pub hours: Vec<u64>,
    /// The same on a usual such day; empty before there was one.
    pub usual: Vec<u64>,
    /// `Friday`.
    pub weekday: &'static str,
    /// The hour it is now, 0-23.
    pub hour_now: usize,
    /// Reads by weekday and hour.
    pub week: Vec<Vec<u64>>,
    /// `Last 4 weeks`.
    pub week_span: &'static str,
    /// `Friday 17:00 is the busiest hour, with 281 reads on average.`, `""` for nothing.
    pub week_peak: String,
    /// Month of the regions: `July`, `August so far`.
    pub regions_month: String,
    /// Codes of the states on the map that were read; empty to leave the map out.
    pub states: Vec<String>,
    /// Reads of each of `states`.
    pub state_counts: Vec<u64>,
    /// All regions, best first.
    pub regions: Vec<RankRow>,
    /// Cameras of the range, best first.
    pub cameras: Vec<RankRow>,
    /// What the webhook did since start.
    pub webhook: Vec<Outcome>,
    /// When counting began: `14:32:07` or `yesterday`; `""` to say nothing.
    pub webhook_since: String,
    /// Whether nothing was ever received: the page explains the next step instead.
    pub empty: bool,
}

/// A range to look at.
#[derive(Clone, Debug, Default, Serialize)]
pub struct RangeLink {
    /// Address.
    pub href: String,
    /// `7 days`.
    pub label: &'static str,
    /// Whether it is shown.
    pub current: bool,
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
    /// Name of the number in the figures of the API, for live pages; `""` when it does not change.
    pub id: &'static str,
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
    /// What the line counts: `reads a month`.
    pub unit: &'static str,
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
