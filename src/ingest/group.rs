//! `alpr_group`, versions 1 to 3: a vehicle whose plate was read. Also the forwarders' wrapper
//! with a `null` data type around it. Must not know alerts.

use crate::base::limits::PLATE_CHARS_MAX;
use crate::model::agent::Payload;
use crate::model::capture::{CaptureKind, ImageKind, NewCapture};
use crate::model::plate::Plate;

use super::fields::{Notes, number, short};
use super::json::{Json, Object};
use super::{Context, Document, PayloadKind, finish, read, traits};

/// The payload kind.
pub(super) struct Group;

impl PayloadKind for Group {
    fn name(&self) -> &'static str {
        "alpr_group"
    }

    fn about(&self) -> &'static str {
        "a plate read; versions 1 to 3, or wrapped in a document whose data type is null"
    }

    fn detect(&self, document: &Document<'_>) -> bool {
        document.is(self.name())
            || (document.data_type.is_none() && document.root.object("group").is_some())
    }

    fn parse(&self, document: &Document<'_>, context: &Context) -> Payload {
        let root = &document.root;
        let wrapped = root.object("group").filter(|_| document.data_type.is_none());
        let group = wrapped.unwrap_or(root);
        let mut notes = document.notes();
        let mut new = if is_vehicle(group) {
            super::vehicle::capture(group, context, &mut notes)
        } else {
            capture(group, context, &mut notes)
        };
        finish(&mut new, root, group, notes);
        Payload::Capture(new)
    }
}

/// Whether a group inside another document is a plate-less vehicle.
pub(super) fn is_vehicle(group: &Object<'_>) -> bool {
    let data_type = group.get("data_type").and_then(short);
    data_type.is_some_and(|name| name.eq_ignore_ascii_case("vehicle"))
}

/// Reads a group; raw document and notes are left to the caller.
pub(super) fn capture(group: &Object<'_>, context: &Context, notes: &mut Notes) -> NewCapture {
    let mut new = read::capture(group, CaptureKind::Plate, context, notes);
    let nothing = Object::default();
    // A text in its place is the plate itself.
    let best = match group.get("best_plate") {
        Some(Json::Text(_) | Json::Number(_)) => &nothing,
        _ => group.part("best_plate", notes).unwrap_or(&nothing),
    };
    new.detail.candidates = traits::candidates(group, notes);
    if new.detail.candidates.is_empty() {
        new.detail.candidates = traits::candidates(best, notes);
    }
    plate(&mut new, group, best, notes);
    region(&mut new, group, best, notes);
    new.detail.plate_corners = corners(best, notes);
    new.detail.vehicle_box = vehicle_box(best, notes);
    read::image(&mut new, ImageKind::Plate, best, "plate_crop_jpeg", notes);
    new
}

/// The group's vote, or the best frame's plate, or the best candidate.
fn plate(new: &mut NewCapture, group: &Object<'_>, best: &Object<'_>, notes: &mut Notes) {
    let mut text = group.text("best_plate_number", notes);
    if text.is_empty() {
        text = match group.get("best_plate") {
            Some(Json::Object(best)) => best.text("plate", notes),
            Some(other) => short(other).unwrap_or_default(),
            None => String::new(),
        };
    }
    let first = new.detail.candidates.first();
    if text.is_empty() {
        text = first.map(|guess| guess.name.clone()).unwrap_or_default();
    }
    let confidence = group
        .percent("best_confidence", notes)
        .or_else(|| best.percent("confidence", notes))
        .or_else(|| first.map(|guess| guess.confidence));
    if text.chars().count() > PLATE_CHARS_MAX {
        notes.add("the plate is too long and was cut");
        text = text.chars().take(PLATE_CHARS_MAX).collect();
    }
    new.capture.plate = Plate::parse(&text);
    if new.capture.plate.is_none() {
        notes.add("no plate was sent");
    }
    new.capture.plate_text = text;
    new.capture.confidence = confidence.unwrap_or_default();
}

fn region(new: &mut NewCapture, group: &Object<'_>, best: &Object<'_>, notes: &mut Notes) {
    let mut region = group.text("best_region", notes);
    if region.is_empty() {
        region = best.text("region", notes);
    }
    new.capture.region = region.to_lowercase();
    new.capture.region_confidence = group
        .percent("best_region_confidence", notes)
        .or_else(|| best.percent("region_confidence", notes))
        .unwrap_or_default();
}

fn corners(best: &Object<'_>, notes: &mut Notes) -> Vec<(i32, i32)> {
    let list = best.list("coordinates", notes);
    let corners: Vec<(i32, i32)> = list
        .iter()
        .take(4)
        .filter_map(|json| match json {
            Json::Object(point) => read::pixels(point, "x").zip(read::pixels(point, "y")),
            _ => None,
        })
        .collect();
    // Fewer than four corners are no outline.
    if corners.len() == 4 {
        return corners;
    }
    if !list.is_empty() {
        notes.add("coordinates are not four points and were dropped");
    }
    Vec::new()
}

fn vehicle_box(best: &Object<'_>, notes: &mut Notes) -> Option<(i32, i32, i32, i32)> {
    let region = best.part("vehicle_region", notes)?;
    let [x, y, width, height] =
        ["x", "y", "width", "height"].map(|name| read::pixels(region, name));
    let found = x.zip(y).zip(width.zip(height)).map(|((x, y), (w, h))| (x, y, w, h));
    if found.is_none() && region.0.iter().any(|(_, json)| number(json).is_some()) {
        notes.add("vehicle_region is not a box and was dropped");
    }
    found
}
