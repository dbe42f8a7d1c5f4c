//! Reads as they happen: the list, and the wall of a gatehouse.

use serde::Serialize;

use super::Choice;
use super::read::ReadRow;

/// Templates `live.html` and `wall.html`.
#[derive(Clone, Debug, Default, Serialize)]
pub struct LivePage {
    /// Address of this view with the camera it shows.
    pub here: String,
    /// Address of the other view with the same camera.
    pub other: String,
    /// Address without a camera.
    pub path: &'static str,
    /// Latest reads, newest first.
    pub rows: Vec<ReadRow>,
    /// Where the live stream goes on behind them.
    pub position: String,
    /// Camera shown, `AGENT_UID/CAMERA_ID`; `""` for all.
    pub camera: String,
    /// Cameras, the first is all.
    pub cameras: Vec<Choice>,
    /// `Los Angeles (PDT)`.
    pub zone: String,
    /// `America/Los_Angeles`, for the clock of the wall.
    pub zone_name: String,
}
