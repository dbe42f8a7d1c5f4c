//! Agents and cameras as they register themselves, Rekor alerts, and heartbeats.

use crate::base::clock::Timestamp;
use crate::model::capture::{CaptureKey, NewCapture};

/// An agent, known by its install id.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Agent {
    /// Install id (`agent_uid`).
    pub uid: String,
    /// Label of the web server, or host name of the heartbeat; `""` until known.
    pub label: String,
    /// `agent_version`, free text.
    pub version: String,
    /// `agent_type`, free text.
    pub kind: String,
    /// Address it last posted from.
    pub address: String,
    /// First payload.
    pub first_seen: Timestamp,
    /// Last payload.
    pub last_seen: Timestamp,
    /// Last heartbeat, zero when none came.
    pub last_heartbeat: Timestamp,
}

/// A camera, known by agent and number.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Camera {
    /// Install id of its agent.
    pub agent_uid: String,
    /// Number, unique within the agent.
    pub camera_id: i64,
    /// Label; `""` until known.
    pub label: String,
    /// Latitude and longitude in degrees, when set.
    pub position: Option<(f64, f64)>,
    /// First read.
    pub first_seen: Timestamp,
    /// Last read or heartbeat that named it.
    pub last_seen: Timestamp,
}

impl Camera {
    /// What people call it: the label, or the number.
    pub fn name(&self) -> String {
        if self.label.is_empty() {
            format!("Camera {}", self.camera_id)
        } else {
            self.label.clone()
        }
    }
}

/// Which kind of list raised a Rekor alert.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum ListKind {
    /// The plate is on the list.
    OnList = 0,
    /// The plate is *not* on the list (vendor: whitelist).
    NotOnList = 1,
}

/// An alert of Rekor Scout about one capture.
#[derive(Clone, Debug, PartialEq)]
pub struct RekorAlert {
    /// Key, made like a capture's.
    pub key: CaptureKey,
    /// The capture it is about.
    pub capture: CaptureKey,
    /// When it was raised.
    pub raised_at: Timestamp,
    /// Name of the list.
    pub list: String,
    /// Number of the list.
    pub list_id: Option<i64>,
    /// On the list or not on it.
    pub list_kind: ListKind,
    /// Text kept with the plate on the list.
    pub description: String,
    /// The list's plate; may differ from the read under lenient matching.
    pub plate: String,
    /// Site name.
    pub site: String,
}

/// A video stream named in a heartbeat.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Stream {
    /// Camera number.
    pub camera_id: i64,
    /// Camera name.
    pub name: String,
    /// Whether the agent receives video.
    pub streaming: bool,
    /// Frames per second.
    pub fps: f32,
    /// Position, when set.
    pub position: Option<(f64, f64)>,
}

/// A heartbeat, with everything secret already removed.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Heartbeat {
    /// Install id of the agent.
    pub agent_uid: String,
    /// Host name.
    pub hostname: String,
    /// `agent_version`.
    pub version: String,
    /// `agent_type`.
    pub kind: String,
    /// The agent's clock.
    pub sent_at: Timestamp,
    /// Video streams.
    pub streams: Vec<Stream>,
}

/// One parsed payload.
#[derive(Clone, Debug, PartialEq)]
pub enum Payload {
    /// A plate group or a plate-less vehicle.
    Capture(NewCapture),
    /// An alert with the group it is about. `alert.key` and `alert.capture` are not set yet.
    Alert {
        /// The alert itself.
        alert: RekorAlert,
        /// Its group; `None` when the payload had none that could be read.
        group: Option<NewCapture>,
    },
    /// A heartbeat.
    Heartbeat(Heartbeat),
    /// Per-frame results: counted, not kept.
    Results,
    /// The test button of Rekor Scout.
    Test,
    /// A kind this version does not know: counted by name, answered 200.
    Unknown(String),
}

impl Payload {
    /// Name in counters, answers and metrics.
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Capture(new) => match new.capture.kind {
                super::capture::CaptureKind::Plate => "alpr_group",
                super::capture::CaptureKind::Vehicle => "vehicle",
            },
            Self::Alert { .. } => "alpr_alert",
            Self::Heartbeat(_) => "heartbeat",
            Self::Results => "alpr_results",
            Self::Test => "test",
            Self::Unknown(_) => "unknown",
        }
    }
}
