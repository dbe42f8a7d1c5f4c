//! A capture: one vehicle seen once by one camera. [`Capture`] is what lists show and filters
//! need; [`CaptureDetail`] is the rest.

use crate::base::clock::Timestamp;
use crate::model::plate::Plate;

/// Time-ordered key of a capture: milliseconds of its capture time in the upper 42 bits, a
/// sequence number in the lower 22.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CaptureKey(pub u64);

impl CaptureKey {
    /// Bits of the sequence number.
    pub const SEQUENCE_BITS: u32 = 22;

    /// The key of `time` with `sequence` (its lower 22 bits).
    pub const fn new(time: Timestamp, sequence: u32) -> Self {
        let ms = if time.0 < 0 { 0 } else { time.0 as u64 } & ((1 << 42) - 1);
        Self((ms << Self::SEQUENCE_BITS) | (sequence as u64 & ((1 << Self::SEQUENCE_BITS) - 1)))
    }

    /// The smallest key of `time`.
    pub const fn floor(time: Timestamp) -> Self {
        Self::new(time, 0)
    }

    /// The time the key was made from.
    pub const fn time(self) -> Timestamp {
        Timestamp((self.0 >> Self::SEQUENCE_BITS) as i64)
    }

    /// Parses the form used in URLs: 1 to 16 hexadecimal digits.
    pub fn parse(text: &str) -> Option<Self> {
        let plain = (1..=16).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_hexdigit());
        plain.then(|| u64::from_str_radix(text, 16).ok().map(Self)).flatten()
    }
}

impl std::fmt::Display for CaptureKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}

/// What was read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum CaptureKind {
    /// A plate group (`alpr_group`).
    Plate = 0,
    /// A vehicle without a legible plate (`vehicle`).
    Vehicle = 1,
}

impl CaptureKind {
    /// Name in the index, in URLs and in the API.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Plate => "plate",
            Self::Vehicle => "vehicle",
        }
    }
}

/// The images a capture can have; the number is the key in the store.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum ImageKind {
    /// Crop of the plate, about 150 px wide.
    Plate = 0,
    /// Crop of the vehicle, about 224 px wide.
    Vehicle = 1,
    /// Small overview, about 560 px wide.
    Overview = 2,
    /// The full frame, pulled from the agent.
    Full = 3,
}

impl ImageKind {
    /// All kinds, smallest picture first.
    pub const ALL: [Self; 4] = [Self::Plate, Self::Vehicle, Self::Overview, Self::Full];

    /// Name in URLs and templates.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Plate => "plate",
            Self::Vehicle => "vehicle",
            Self::Overview => "overview",
            Self::Full => "full",
        }
    }

    /// The kind named `name`.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }
}

/// A set of [`ImageKind`]s.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ImageSet(pub u8);

impl ImageSet {
    /// Adds `kind`.
    pub const fn insert(&mut self, kind: ImageKind) {
        self.0 |= 1 << kind as u8;
    }

    /// Whether `kind` is in the set.
    pub const fn has(self, kind: ImageKind) -> bool {
        self.0 & (1 << kind as u8) != 0
    }
}

/// Yes-or-no facts about a capture, one bit each.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Flags(pub u16);

impl Flags {
    /// A preview whose final group has not arrived.
    pub const PREVIEW: u16 = 1 << 0;
    /// The vehicle was parked.
    pub const PARKED: u16 = 1 << 1;
    /// Arrived long after it was captured.
    pub const LATE: u16 = 1 << 2;
    /// A Rekor alert names this capture.
    pub const ALERT: u16 = 1 << 3;
    /// The agent's clock was not believed; the time is the time of arrival.
    pub const CLOCK: u16 = 1 << 4;
    /// Something in the payload was wrong; the detail has notes.
    pub const NOTES: u16 = 1 << 5;
    /// Somebody corrected the plate; `plate_text` is what the agent read.
    pub const CORRECTED: u16 = 1 << 6;

    /// Whether `bit` is set.
    pub const fn has(self, bit: u16) -> bool {
        self.0 & bit != 0
    }

    /// Sets or clears `bit`.
    pub const fn set(&mut self, bit: u16, on: bool) {
        if on {
            self.0 |= bit;
        } else {
            self.0 &= !bit;
        }
    }
}

/// One guess of the classifier: a name as sent (`silver-gray`, `bmw_x3`) and 0-100.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Guess {
    /// Name as sent.
    pub name: String,
    /// Confidence, percent.
    pub confidence: f32,
}

/// Best guess of each vehicle trait that lists and filters use.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Vehicle {
    /// Colour, for example `silver-gray`.
    pub color: Option<Guess>,
    /// Make, for example `bmw`.
    pub make: Option<Guess>,
    /// Make and model, for example `bmw_x3`.
    pub make_model: Option<Guess>,
    /// Body type, for example `suv-crossover`.
    pub body: Option<Guess>,
    /// Range of years, for example `2010-2014`.
    pub year: Option<Guess>,
}

/// What every list shows and every filter needs. Small: it is read fifty at a time.
#[derive(Clone, Debug, PartialEq)]
pub struct Capture {
    /// Its key; zero until the store gives one.
    pub key: CaptureKey,
    /// Plate group or plate-less vehicle.
    pub kind: CaptureKind,
    /// Install id of the agent, cleaned; `""` when an old agent sent none.
    pub agent_uid: String,
    /// Camera number, unique only within its agent.
    pub camera_id: i64,
    /// Uuid of the best frame; `""` when none was sent or it was not a valid uuid.
    pub uuid: String,
    /// When the first frame was taken, by the agent's clock (or ours: see [`Flags::CLOCK`]).
    pub captured_at: Timestamp,
    /// When the vehicle was last seen: end of the group, or of the visit when parked.
    pub ended_at: Timestamp,
    /// When the read reached this box.
    pub received_at: Timestamp,
    /// The plate in normal form; `None` for vehicles and illegible reads.
    pub plate: Option<Plate>,
    /// The plate as the agent wrote it; may contain separators. Corrections do not touch it.
    pub plate_text: String,
    /// Confidence of the plate, percent.
    pub confidence: f32,
    /// Region of the plate as sent in lower case (`us-ma`, `ma`, `eu`), `""` when unknown.
    pub region: String,
    /// Confidence of the region, percent.
    pub region_confidence: f32,
    /// Country model the agent used (`us`, `eu`), `""` when unknown.
    pub country: String,
    /// Direction of travel in the image, degrees clockwise from up; `None` when not sent.
    pub direction: Option<f32>,
    /// Best vehicle guesses.
    pub vehicle: Vehicle,
    /// Facts.
    pub flags: Flags,
    /// Images in the store.
    pub images: ImageSet,
    /// Reads this row stands for: 1, and one more for every parked repeat.
    pub reads: u32,
    /// Width and height of the full frame in pixels, 0 when unknown.
    pub frame: (u32, u32),
}

impl Capture {
    /// The plate as people are shown it: as the agent wrote it, or as it was corrected. `None`
    /// without a legible plate.
    pub fn shown_plate(&self) -> Option<&str> {
        let plate = self.plate.as_ref()?.as_str();
        let as_is = self.plate_text.is_empty() || self.flags.has(Flags::CORRECTED);
        Some(if as_is { plate } else { &self.plate_text })
    }

    /// Its camera as searches and the index name it: `AGENT_UID/CAMERA_ID`.
    pub fn camera_value(&self) -> String {
        format!("{}/{}", self.agent_uid, self.camera_id)
    }
}

/// The rest of a capture: read one at a time.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct CaptureDetail {
    /// Other readings of the plate with their confidences, percent, best first.
    pub candidates: Vec<Guess>,
    /// Corners of the plate in the full frame, pixels, clockwise from top left.
    pub plate_corners: Vec<(i32, i32)>,
    /// Box of the vehicle in the full frame: x, y, width, height in pixels.
    pub vehicle_box: Option<(i32, i32, i32, i32)>,
    /// All vehicle guesses by trait, best first.
    pub traits: Vec<(String, Vec<Guess>)>,
    /// Latitude and longitude in degrees, when set.
    pub position: Option<(f64, f64)>,
    /// `agent_version`, free text.
    pub agent_version: String,
    /// `agent_type`, free text.
    pub agent_type: String,
    /// Agent and camera label of the web server, when it sent them.
    pub agent_label: String,
    /// See `agent_label`.
    pub camera_label: String,
    /// `user_data` of the agent's configuration.
    pub user_data: String,
    /// `direction_of_travel_id` of the cloud: 0 in, 1 out.
    pub travel_id: Option<i64>,
    /// Uuids of all frames, as far as they are valid.
    pub uuids: Vec<String>,
    /// `vehicle_signature` as sent.
    pub signature: String,
    /// Last four characters of the API key that brought it, `""` when none was needed.
    pub key_last_four: String,
    /// What was wrong with the payload, a sentence each.
    pub notes: Vec<String>,
    /// The payload without its JPEGs and without any secret: JSON, packed by `ingest`.
    pub raw: Vec<u8>,
}

/// A JPEG that passed the check: starts and ends like one and has a readable frame header.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Jpeg {
    /// The bytes.
    pub bytes: Vec<u8>,
    /// Width in pixels.
    pub width: u32,
    /// Height in pixels.
    pub height: u32,
}

/// A capture on its way into the store.
#[derive(Clone, Debug, PartialEq)]
pub struct NewCapture {
    /// Row; its key is not set yet.
    pub capture: Capture,
    /// Detail.
    pub detail: CaptureDetail,
    /// Images, at most one of each kind.
    pub images: Vec<(ImageKind, Jpeg)>,
}
