//! The canonical form of what is stored: one line of JSON with fields in a fixed order, made of
//! nothing but the record itself. Its SHA-256 stands on printed pages, so whoever has the line can
//! prove the page. `docs/formats.md` describes it; a change of the form gets a new `format`.

use serde::Serialize;
use serde::ser::{SerializeMap as _, Serializer};

use jiff::tz::TimeZone;

use super::csv::stamp;
use crate::base::clock::Timestamp;
use crate::model::agent::{ListKind, RekorAlert};
use crate::model::capture::{Capture, CaptureDetail, Flags, Guess, ImageKind};
use crate::model::query::flag_names;
use crate::store::images::ImagePlace;

/// Number of the form, in every line.
const FORMAT: u32 = 1;

/// What most lines need, bytes: growing step by step costs more than writing.
const LINE_BYTES: usize = 2048;

#[derive(Serialize)]
struct CaptureRecord<'a> {
    format: u32,
    record: &'static str,
    id: String,
    kind: &'static str,
    plate: Option<&'a str>,
    plate_text: &'a str,
    confidence: f32,
    region: &'a str,
    region_confidence: f32,
    country: &'a str,
    agent_uid: &'a str,
    camera_id: i64,
    uuid: &'a str,
    captured_at: String,
    ended_at: String,
    received_at: String,
    direction_degrees: Option<f32>,
    color: Option<Guessed<'a>>,
    make: Option<Guessed<'a>>,
    make_model: Option<Guessed<'a>>,
    body_type: Option<Guessed<'a>>,
    year: Option<Guessed<'a>>,
    flags: Vec<&'static str>,
    reads: u32,
    frame: (u32, u32),
    candidates: Vec<Guessed<'a>>,
    plate_corners: &'a [(i32, i32)],
    vehicle_box: Option<(i32, i32, i32, i32)>,
    traits: Traits<'a>,
    position: Option<(f64, f64)>,
    agent_version: &'a str,
    agent_type: &'a str,
    agent_label: &'a str,
    camera_label: &'a str,
    user_data: &'a str,
    direction_of_travel_id: Option<i64>,
    uuids: &'a [String],
    signature: &'a str,
    key_last_four: &'a str,
    notes: &'a [String],
    images: Vec<Image>,
}

#[derive(Serialize)]
struct Guessed<'a> {
    name: &'a str,
    confidence: f32,
}

impl<'a> From<&'a Guess> for Guessed<'a> {
    fn from(guess: &'a Guess) -> Self {
        Self { name: &guess.name, confidence: guess.confidence }
    }
}

/// Traits as an object, in the order they are stored.
struct Traits<'a>(&'a [(String, Vec<Guess>)]);

impl Serialize for Traits<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.0.len()))?;
        for (name, guesses) in self.0 {
            let guesses: Vec<Guessed<'_>> = guesses.iter().map(Guessed::from).collect();
            map.serialize_entry(name, &guesses)?;
        }
        map.end()
    }
}

#[derive(Serialize)]
struct Image {
    kind: &'static str,
    bytes: u32,
    width: u32,
    height: u32,
    crc32: String,
}

#[derive(Serialize)]
struct AlertRecord<'a> {
    format: u32,
    record: &'static str,
    id: String,
    capture: Option<String>,
    raised_at: String,
    list: &'a str,
    list_id: Option<i64>,
    on_list: bool,
    description: &'a str,
    plate: &'a str,
    site: &'a str,
}

/// The line of a capture, without its end.
pub fn capture_line(
    capture: &Capture,
    detail: &CaptureDetail,
    images: &[(ImageKind, ImagePlace)],
) -> Vec<u8> {
    let vehicle = &capture.vehicle;
    line(&CaptureRecord {
        format: FORMAT,
        record: "capture",
        id: capture.key.to_string(),
        kind: capture.kind.name(),
        plate: capture.plate.as_ref().map(crate::model::plate::Plate::as_str),
        plate_text: &capture.plate_text,
        confidence: capture.confidence,
        region: &capture.region,
        region_confidence: capture.region_confidence,
        country: &capture.country,
        agent_uid: &capture.agent_uid,
        camera_id: capture.camera_id,
        uuid: &capture.uuid,
        captured_at: utc(capture.captured_at),
        ended_at: utc(capture.ended_at),
        received_at: utc(capture.received_at),
        direction_degrees: capture.direction,
        color: vehicle.color.as_ref().map(Guessed::from),
        make: vehicle.make.as_ref().map(Guessed::from),
        make_model: vehicle.make_model.as_ref().map(Guessed::from),
        body_type: vehicle.body.as_ref().map(Guessed::from),
        year: vehicle.year.as_ref().map(Guessed::from),
        flags: flag_list(capture.flags),
        reads: capture.reads,
        frame: capture.frame,
        candidates: detail.candidates.iter().map(Guessed::from).collect(),
        plate_corners: &detail.plate_corners,
        vehicle_box: detail.vehicle_box,
        traits: Traits(&detail.traits),
        position: detail.position,
        agent_version: &detail.agent_version,
        agent_type: &detail.agent_type,
        agent_label: &detail.agent_label,
        camera_label: &detail.camera_label,
        user_data: &detail.user_data,
        direction_of_travel_id: detail.travel_id,
        uuids: &detail.uuids,
        signature: &detail.signature,
        key_last_four: &detail.key_last_four,
        notes: &detail.notes,
        images: images.iter().map(|(kind, place)| image(*kind, place)).collect(),
    })
}

fn image(kind: ImageKind, place: &ImagePlace) -> Image {
    Image {
        kind: kind.name(),
        bytes: place.bytes,
        width: place.width,
        height: place.height,
        crc32: format!("{:08x}", place.crc),
    }
}

/// The line of a Rekor alert, without its end.
pub fn alert_line(alert: &RekorAlert) -> Vec<u8> {
    line(&AlertRecord {
        format: FORMAT,
        record: "rekor_alert",
        id: alert.key.to_string(),
        capture: (alert.capture.0 != 0).then(|| alert.capture.to_string()),
        raised_at: utc(alert.raised_at),
        list: &alert.list,
        list_id: alert.list_id,
        on_list: alert.list_kind == ListKind::OnList,
        description: &alert.description,
        plate: &alert.plate,
        site: &alert.site,
    })
}

fn line(record: &impl Serialize) -> Vec<u8> {
    let mut line = Vec::with_capacity(LINE_BYTES);
    // Plain data with text keys: nothing in it can fail to be written.
    let _ = serde_json::to_writer(&mut line, record);
    line
}

/// Names of the flags that are set.
pub fn flag_list(flags: Flags) -> Vec<&'static str> {
    let set = flag_names().into_iter().filter(|(_, bit)| flags.has(*bit));
    set.map(|(name, _)| name).collect()
}

/// RFC 3339 in UTC with milliseconds.
pub fn utc(time: Timestamp) -> String {
    let mut text = String::with_capacity(24);
    stamp(&mut text, time, &TimeZone::UTC);
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::capture::CaptureKey;

    #[test]
    fn the_line_of_an_alert_is_as_described() {
        let alert = RekorAlert {
            key: CaptureKey(0x1f),
            capture: CaptureKey(0),
            raised_at: Timestamp(1_741_944_413_250),
            list: "Staff \"A\"\n".into(),
            list_id: Some(7),
            list_kind: ListKind::NotOnList,
            description: String::new(),
            plate: "8KXR417".into(),
            site: "Süd".into(),
        };
        assert_eq!(
            String::from_utf8(alert_line(&alert)).unwrap(),
            "{\"format\":1,\"record\":\"rekor_alert\",\"id\":\"000000000000001f\",\"capture\":null,\
             \"raised_at\":\"2025-03-14T09:26:53.250Z\",\"list\":\"Staff \\\"A\\\"\\n\",\"list_id\":7,\
             \"on_list\":false,\"description\":\"\",\"plate\":\"8KXR417\",\"site\":\"Süd\"}"
        );
    }
}
