//! What plate groups and plate-less vehicles have in common: one document to one capture. Must
//! not know plates, which only groups have.

use crate::base::hash;
use crate::base::limits::{SIGNATURE_CHARS_MAX, UUIDS_MAX};
use crate::model::capture::{
    Capture, CaptureDetail, CaptureKey, CaptureKind, Flags, ImageKind, ImageSet, NewCapture,
};
use crate::model::text::is_uuid;

use super::fields::{Notes, number, short, whole};
use super::json::{Json, Object};
use super::{Context, images, time, traits, user_data};

/// Start of uuids made here, for reads that were sent without one.
const DERIVED: &str = "derived-";

/// Whether `uuid` was made here, so that no agent has an image under it.
pub fn is_derived_uuid(uuid: &str) -> bool {
    uuid.starts_with(DERIVED)
}

/// Reads what every capture has. Plate, notes and raw document are left to the caller.
pub(super) fn capture(
    object: &Object<'_>,
    kind: CaptureKind,
    context: &Context,
    notes: &mut Notes,
) -> NewCapture {
    let times = time::times(object, context.received_at, notes);
    let mut flags = times.flags;
    flags.set(Flags::PREVIEW, object.flag("is_preview", notes));
    flags.set(Flags::PARKED, object.flag("is_parked", notes));
    if object.get("error").is_some_and(|error| !matches!(error, Json::Bool(false))) {
        notes.add("the agent reports an error");
    }
    let detail = detail(object, notes);
    let mut new = NewCapture {
        capture: Capture {
            key: CaptureKey(0),
            kind,
            agent_uid: agent_uid(object, notes),
            camera_id: object.whole("camera_id", notes).unwrap_or_default(),
            uuid: best_uuid(object, notes),
            captured_at: times.captured_at,
            ended_at: times.ended_at,
            received_at: context.received_at,
            plate: None,
            plate_text: String::new(),
            confidence: 0.0,
            region: String::new(),
            region_confidence: 0.0,
            country: object.text("country", notes).to_lowercase(),
            direction: direction(object, notes),
            vehicle: traits::best(&detail.traits),
            flags,
            images: ImageSet::default(),
            reads: 1,
            frame: frame(object, notes),
        },
        detail,
        images: Vec::new(),
    };
    image(&mut new, ImageKind::Vehicle, object, "vehicle_crop_jpeg", notes);
    image(&mut new, ImageKind::Overview, object, "overview_jpeg", notes);
    new
}

/// Adds the image in `name`, if there is one.
pub(super) fn image(
    new: &mut NewCapture,
    kind: ImageKind,
    object: &Object<'_>,
    name: &str,
    notes: &mut Notes,
) {
    if let Some(jpeg) = images::jpeg(object, name, notes) {
        new.capture.images.insert(kind);
        new.images.push((kind, jpeg));
    }
}

/// The agent's install id, or the site of old agents. Only what may stand in keys and URLs is
/// kept of it.
pub(super) fn agent_uid(object: &Object<'_>, notes: &mut Notes) -> String {
    let sent = [object.text("agent_uid", notes), object.text("site_id", notes)];
    let Some(sent) = sent.into_iter().find(|text| !text.is_empty()) else {
        return String::new();
    };
    let safe = |c: char| if c.is_ascii_alphanumeric() || c == '_' || c == '.' { c } else { '-' };
    let uid = sent.chars().map(safe).collect::<String>().replace("..", "--");
    if uid != sent {
        notes.add("the agent's uid has characters that were replaced");
    }
    uid.chars().take(200).collect()
}

/// A position in degrees; -1, -1 and 0, 0 are how agents say that none is set.
pub(super) fn position(object: &Object<'_>, notes: &mut Notes) -> Option<(f64, f64)> {
    let latitude = object.number("gps_latitude", notes);
    let longitude = object.number("gps_longitude", notes);
    let (latitude, longitude) = latitude.zip(longitude)?;
    // Exact on purpose: a real position may be close to either.
    if [-1.0, 0.0].map(|unset: f64| (unset, unset)).contains(&(latitude, longitude)) {
        return None;
    }
    let valid = latitude.abs() <= 90.0 && longitude.abs() <= 180.0;
    if !valid {
        notes.add("the position is not on earth");
    }
    valid.then_some((latitude, longitude))
}

/// Gives a capture that came without a uuid one that is the same when the read is sent again.
/// `text` is the document without secrets.
pub(super) fn identify(new: &mut NewCapture, object: &Object<'_>, text: &str, notes: &mut Notes) {
    let capture = &mut new.capture;
    if !capture.uuid.is_empty() {
        return;
    }
    let plate = capture.plate.as_ref().map_or("", |plate| plate.as_str());
    // The time as sent: the time of arrival would differ from one sending to the next. Without
    // any, only the whole document tells one read from another.
    let time = object.get("epoch_start").and_then(number).map(|epoch| epoch.to_string());
    let time = time.as_deref().unwrap_or(text);
    let name = format!("{}|{}|{time}|{plate}", capture.agent_uid, capture.camera_id);
    let hash = hash::hex(&hash::sha256(name.as_bytes()));
    capture.uuid = format!("{DERIVED}{}", hash.get(..32).unwrap_or_default());
    notes.add("no usable best_uuid was sent; one was made");
}

fn best_uuid(object: &Object<'_>, notes: &mut Notes) -> String {
    let uuid = object.text("best_uuid", notes);
    // Nobody may pretend that a uuid was made here.
    if is_uuid(&uuid) && !is_derived_uuid(&uuid) {
        return uuid;
    }
    if !uuid.is_empty() {
        notes.add("best_uuid is not a valid uuid and was dropped");
    }
    String::new()
}

fn direction(object: &Object<'_>, notes: &mut Notes) -> Option<f32> {
    let degrees = object.number("travel_direction", notes)?;
    let turned = degrees.rem_euclid(360.0) as f32;
    // Rounding can reach the full turn.
    Some(if turned >= 360.0 { 0.0 } else { turned })
}

fn frame(object: &Object<'_>, notes: &mut Notes) -> (u32, u32) {
    let mut side = |name| {
        let pixels = object.whole(name, notes)?;
        let side = u16::try_from(pixels).ok().map(u32::from);
        if side.is_none() {
            notes.add(format!("{name} is not a picture size"));
        }
        side
    };
    (side("best_image_width").unwrap_or(0), side("best_image_height").unwrap_or(0))
}

fn detail(object: &Object<'_>, notes: &mut Notes) -> CaptureDetail {
    let labels = object.part("web_server_config", notes);
    let mut label = |name| labels.map(|part| part.text(name, notes)).unwrap_or_default();
    let (agent_label, camera_label) = (label("agent_label"), label("camera_label"));
    CaptureDetail {
        traits: traits::traits(object, notes),
        position: position(object, notes),
        agent_version: object.text("agent_version", notes),
        agent_type: object.text("agent_type", notes),
        agent_label,
        camera_label,
        user_data: user_data(object, notes),
        // -1 says that nobody told the cloud which way is in.
        travel_id: object.whole("direction_of_travel_id", notes).filter(|&id| id >= 0),
        uuids: uuids(object, notes),
        signature: signature(object, notes),
        ..CaptureDetail::default()
    }
}

fn uuids(object: &Object<'_>, notes: &mut Notes) -> Vec<String> {
    let list = object.list("uuids", notes);
    if list.len() > UUIDS_MAX {
        notes.add("there are more uuids than are kept");
    }
    let list = list.get(..UUIDS_MAX).unwrap_or(list);
    let valid: Vec<String> = list.iter().filter_map(short).filter(|uuid| is_uuid(uuid)).collect();
    if valid.len() < list.len() {
        notes.add("some uuids are not valid and were dropped");
    }
    valid
}

fn signature(object: &Object<'_>, notes: &mut Notes) -> String {
    match object.get("vehicle_signature") {
        None => String::new(),
        Some(Json::Text(text))
            if text.len() <= SIGNATURE_CHARS_MAX
                && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_') =>
        {
            text.as_ref().to_owned()
        }
        Some(_) => {
            notes.add("vehicle_signature is not a signature and was dropped");
            String::new()
        }
    }
}

/// Pixels in `name`, zero when there are none.
pub(super) fn pixels(object: &Object<'_>, name: &str) -> Option<i32> {
    object.get(name).and_then(whole).and_then(|pixels| i32::try_from(pixels).ok())
}
