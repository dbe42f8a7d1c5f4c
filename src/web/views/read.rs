//! One read as lists show it: badge, vehicle, heading, time.

use std::fmt::Write as _;

use jiff::tz::TimeZone;
use serde::Serialize;

use super::{Tag, Tone};
use crate::base::clock::Timestamp;
use crate::model::capture::{Capture, CaptureKey, CaptureKind, Flags, ImageKind, Vehicle};
use crate::model::plate::Plate;
use crate::web::{format, paths, regions};

/// Plates below this confidence, percent, wear a dashed edge.
pub const LOW_CONFIDENCE: f32 = 80.0;

/// A plate badge.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct PlateBadge {
    /// Short region, for example `CA`; `""` when unknown.
    pub region: String,
    /// The plate as people write it.
    pub text: String,
    /// The same in parts, each with whether a search named it; empty when that is told of nothing.
    pub parts: Vec<(String, bool)>,
    /// The plate spelled, with its region: `8 K X R 4 1 7, California`.
    pub spoken: String,
    /// Dashed: below the confidence limit or a mere candidate.
    pub low: bool,
    /// Red: an alert names it.
    pub watch: bool,
}

impl PlateBadge {
    /// The badge of `text` from `region` (as sent, such as `us-ca`; `""` when unknown).
    pub fn new(text: &str, region: &str, country: &str, low: bool, watch: bool) -> Self {
        let mut spoken = format::spelled(text);
        let name = regions::name(region, country);
        if !name.is_empty() {
            spoken.push_str(", ");
            spoken.push_str(&name);
        }
        let (region, text) = (regions::short(region), text.to_owned());
        Self { region, text, parts: Vec::new(), spoken, low, watch }
    }

    /// Marks the characters that are `named`, one entry for each letter and digit.
    pub fn mark(&mut self, named: &[bool]) {
        let letters = self.text.chars().filter(|c| c.is_alphanumeric()).count();
        if named.len() != letters {
            return;
        }
        let mut named = named.iter();
        for character in self.text.chars() {
            let marked = character.is_alphanumeric() && named.next() == Some(&true);
            match self.parts.last_mut() {
                Some((part, same)) if *same == marked => part.push(character),
                _ => self.parts.push((character.to_string(), marked)),
            }
        }
    }

    /// The badge of `capture`; `None` without a legible plate.
    pub fn of(capture: &Capture) -> Option<Self> {
        // A person's word is not in doubt.
        let sure = capture.flags.has(Flags::CORRECTED);
        Some(Self::new(
            capture.shown_plate()?,
            &capture.region,
            &capture.country,
            !sure && capture.confidence < LOW_CONFIDENCE,
            capture.flags.has(Flags::ALERT),
        ))
    }
}

/// A vehicle in two lines.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct VehicleView {
    /// Make and model: `Toyota RAV4`; the best that is known, `Vehicle` at least.
    pub title: String,
    /// The rest: `White · SUV crossover · 2019-2023`.
    pub rest: String,
    /// `rest` without the years, for narrow lists: `White · SUV crossover`.
    pub brief: String,
    /// Colour and title in one phrase: `White Toyota RAV4`.
    pub phrase: String,
    /// Class of the colour swatch (`white`), `""` when unknown.
    pub swatch: String,
}

impl VehicleView {
    /// The view of `vehicle`.
    pub fn of(vehicle: &Vehicle) -> Self {
        let name = |guess: &Option<crate::model::capture::Guess>| {
            guess.as_ref().map(|guess| guess.name.clone()).filter(|name| !name.is_empty())
        };
        let color = name(&vehicle.color).map(|name| format::word(&name));
        let body = name(&vehicle.body).map(|name| format::word(&name));
        let title = name(&vehicle.make_model)
            .or_else(|| name(&vehicle.make))
            .map(|name| format::make_model(&name));
        let phrase = match (&color, &title, &body) {
            (Some(color), Some(title), _) => format!("{color} {title}"),
            (None, Some(title), _) => title.clone(),
            (Some(color), None, Some(body)) => format!("{color} {}", format::lower_first(body)),
            (Some(color), None, None) => format!("{color} vehicle"),
            (None, None, Some(body)) => body.clone(),
            (None, None, None) => "Vehicle".to_owned(),
        };
        let year = name(&vehicle.year).map(|years| years.replace('-', "–"));
        let used_body = title.is_none();
        let join = |parts: [&Option<String>; 3]| {
            parts.into_iter().flatten().cloned().collect::<Vec<_>>().join(" · ")
        };
        let other = body.clone().filter(|_| !used_body);
        let (rest, brief) = (join([&color, &other, &year]), join([&color, &other, &None]));
        Self {
            title: title.or(body).unwrap_or_else(|| "Vehicle".to_owned()),
            rest,
            brief,
            phrase,
            swatch: vehicle
                .color
                .as_ref()
                .map(|guess| format::swatch(&guess.name).to_owned())
                .unwrap_or_default(),
        }
    }
}

/// A direction of travel.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Heading {
    /// Class that turns the arrow: `no ne e se so sw w nw`.
    pub class: &'static str,
    /// `NW`.
    pub letters: &'static str,
    /// `North-west`.
    pub name: &'static str,
}

/// One instant in the reader's zone.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct TimeView {
    /// RFC 3339 with offset, for `datetime`.
    pub iso: String,
    /// `Fri 21 Aug 2026, 14:32:07 PDT`.
    pub exact: String,
    /// `Fri 21 Aug`, with the year when it is not the current one.
    pub day: String,
    /// `14:32:07`.
    pub clock: String,
    /// `4 seconds ago` below one hour, otherwise the day and the time.
    pub ago: String,
}

impl TimeView {
    /// `at` as seen at `now` in `zone`.
    pub fn new(at: Timestamp, now: Timestamp, zone: &TimeZone) -> Self {
        Self {
            iso: format::iso(at, zone),
            exact: format::exact(at, zone),
            day: format::day(at, now, zone),
            clock: format::clock(at, zone),
            ago: format::ago(at, now, zone),
        }
    }
}

/// A row of a list of reads.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct ReadRow {
    /// Address of the read.
    pub href: String,
    /// Badge; `None` without a legible plate.
    pub plate: Option<PlateBadge>,
    /// What it is called in labels: the plate, or `Vehicle without plate`.
    pub name: String,
    /// Address of the plate crop (or the vehicle crop), `""` when there is none.
    pub crop: String,
    /// Address of the largest small picture for the image grid, `""` when there is none.
    pub picture: String,
    /// Vehicle.
    pub vehicle: VehicleView,
    /// Camera.
    pub camera: String,
    /// Agent or site under the camera, `""` for none.
    pub place: String,
    /// Heading, when sent.
    pub heading: Option<Heading>,
    /// Confidence of the plate, percent; `None` without a plate.
    pub confidence: Option<f32>,
    /// `96.4`, `""` without a plate.
    pub confidence_text: String,
    /// What is special about it.
    pub tags: Vec<Tag>,
    /// When it was captured.
    pub time: TimeView,
    /// Whether it is the one the page is about.
    pub current: bool,
}

impl ReadRow {
    /// The row of `capture`, read by the camera people call `camera` at `place` (`""` for none).
    pub fn of(
        capture: &Capture,
        camera: impl Into<String>,
        place: impl Into<String>,
        now: Timestamp,
        zone: &TimeZone,
    ) -> Self {
        let plate = PlateBadge::of(capture);
        let confidence = plate.as_ref().map(|_| capture.confidence);
        Self {
            href: href(capture.key),
            name: plate
                .as_ref()
                .map_or_else(|| no_plate(capture).to_owned(), |plate| plate.text.clone()),
            crop: first_image(
                capture,
                &[ImageKind::Plate, ImageKind::Vehicle, ImageKind::Overview],
            ),
            picture: first_image(
                capture,
                &[ImageKind::Overview, ImageKind::Vehicle, ImageKind::Full, ImageKind::Plate],
            ),
            vehicle: VehicleView::of(&capture.vehicle),
            camera: camera.into(),
            place: place.into(),
            heading: capture.direction.map(format::heading),
            confidence,
            confidence_text: confidence.map(format::one_decimal).unwrap_or_default(),
            tags: tags(capture),
            time: TimeView::new(capture.captured_at, now, zone),
            current: false,
            plate,
        }
    }
}

/// Address of the page of `key`.
pub fn href(key: CaptureKey) -> String {
    format!("{}/{key}", paths::CAPTURES)
}

/// Address of the page of `plate`.
pub fn plate_href(plate: &Plate) -> String {
    let mut href = format!("{}/", paths::PLATES);
    for byte in plate.as_str().bytes() {
        // A plate has letters and digits only, but not only those of ASCII.
        if byte.is_ascii() {
            href.push(char::from(byte));
        } else {
            // Writing to a text cannot fail.
            _ = write!(href, "%{byte:02X}");
        }
    }
    href
}

/// Address of an image.
pub fn image_href(key: CaptureKey, kind: ImageKind) -> String {
    format!("{}/{key}/images/{}", paths::CAPTURES, kind.name())
}

/// What is said in place of a badge.
pub fn no_plate(capture: &Capture) -> &'static str {
    match capture.kind {
        CaptureKind::Plate => "Plate not legible",
        CaptureKind::Vehicle => "Vehicle without plate",
    }
}

/// What is special about `capture`, most important first.
pub fn tags(capture: &Capture) -> Vec<Tag> {
    let mut tags = Vec::new();
    for (bit, tone, text) in [
        (Flags::ALERT, Tone::Bad, "Alert"),
        (Flags::PREVIEW, Tone::Off, "Preview"),
        (Flags::PARKED, Tone::Acc, "Parked"),
        (Flags::LATE, Tone::Warn, "Late"),
        (Flags::CLOCK, Tone::Warn, "Clock off"),
        (Flags::CORRECTED, Tone::Acc, "Corrected"),
        (Flags::NOTES, Tone::Warn, "Notes"),
    ] {
        if capture.flags.has(bit) {
            tags.push(Tag::new(tone, text));
        }
    }
    tags
}

fn first_image(capture: &Capture, kinds: &[ImageKind]) -> String {
    kinds
        .iter()
        .find(|kind| capture.images.has(**kind))
        .map(|kind| image_href(capture.key, *kind))
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::PlateBadge;

    #[test]
    fn separators_stay_between_marked_parts() {
        let mut badge = PlateBadge::new("8-KX R4", "us-ca", "us", false, false);
        badge.mark(&[false, true, true, true, false]);
        let part = |text: &str, marked| (text.to_owned(), marked);
        assert_eq!(
            badge.parts,
            [
                part("8-", false),
                part("KX", true),
                part(" ", false),
                part("R", true),
                part("4", false)
            ]
        );
        let mut badge = PlateBadge::new("8KX", "", "", false, false);
        badge.mark(&[true]);
        assert!(badge.parts.is_empty());
    }
}
