//! One read.

use serde::Serialize;

use super::plate::KnownView;
use super::read::{Heading, PlateBadge, ReadRow, TimeView, VehicleView};
use super::{Choice, FieldError, Link, Tag};

/// Template `capture.html`.
#[derive(Clone, Debug, Default, Serialize)]
pub struct CapturePage {
    /// Key as in the address.
    pub id: String,
    /// Plate; `None` when there is no legible one.
    pub plate: Option<PlateBadge>,
    /// `8KXR417`, or `Vehicle without plate`.
    pub name: String,
    /// Vehicle.
    pub vehicle: VehicleView,
    /// Camera as people call it.
    pub camera: String,
    /// When.
    pub time: TimeView,
    /// What is special about it.
    pub tags: Vec<Tag>,
    /// The read as a page of paper.
    pub print_href: String,
    /// Form of a watch for this plate or vehicle, `""` when the reader may have none.
    pub watch_href: String,
    /// The read as a file, `""` when the reader may not export.
    pub export_href: String,
    /// The next newer read, `""` for none.
    pub newer_href: String,
    /// The next older read, `""` for none.
    pub older_href: String,
    /// The picture that is shown large; `None` when no image was kept.
    pub viewer: Option<Viewer>,
    /// All pictures.
    pub strip: Vec<Picture>,
    /// The next newer read of the same camera, `""` for none near by.
    pub newer_here_href: String,
    /// The next older read of the same camera, `""` for none near by.
    pub older_here_href: String,
    /// What people wrote about the plate.
    pub known: KnownView,
    /// Corrections made so far; `None` when nobody touched the plate.
    pub corrected: Option<Corrected>,
    /// Form to correct the plate; `None` for those who may not.
    pub correct: Option<CorrectForm>,
    /// Plate block; empty for vehicles without plate.
    pub plate_facts: Vec<Fact>,
    /// Other readings.
    pub candidates: Vec<Candidate>,
    /// Vehicle block.
    pub vehicle_facts: Vec<Fact>,
    /// Searches for the same vehicle.
    pub vehicle_searches: Vec<Link>,
    /// Heading, when sent.
    pub heading: Option<Heading>,
    /// Capture block: captured, received, travel, frame, id.
    pub capture_facts: Vec<Fact>,
    /// Camera block: name, number, position.
    pub camera_facts: Vec<Fact>,
    /// Agent block: name, uid, version, API key.
    pub agent_facts: Vec<Fact>,
    /// Whether the agent was heard of lately; `None` to say nothing.
    pub agent_state: Option<Tag>,
    /// What was wrong with the payload, a sentence each.
    pub notes: Vec<String>,
    /// Address of the raw JSON, `""` when the reader may not see it.
    pub raw_href: String,
    /// Past reads of the plate, newest first; this one has `current` set.
    pub history: Vec<ReadRow>,
    /// `824 since 2 Mar 2026`, `""` to say nothing.
    pub history_summary: String,
    /// Search for all reads of the plate, `""` for none.
    pub history_href: String,
    /// Page of older ones, `""` for none.
    pub history_older_href: String,
    /// Page of newer ones, `""` for none.
    pub history_newer_href: String,
}

/// What people made of the plate.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Corrected {
    /// As the agent read it; `None` when it read none.
    pub original: Option<PlateBadge>,
    /// Whether the read says something else now.
    pub stands: bool,
    /// Every change, newest first.
    pub steps: Vec<CorrectionStep>,
}

/// One change of the plate.
#[derive(Clone, Debug, Default, Serialize)]
pub struct CorrectionStep {
    /// What it was changed to.
    pub to: Option<PlateBadge>,
    /// Whether that is what the agent read.
    pub undone: bool,
    /// Who made it.
    pub by: String,
    /// When.
    pub at: TimeView,
}

/// The form to set a plate right.
#[derive(Clone, Debug, Default, Serialize)]
pub struct CorrectForm {
    /// Where it posts to; `/undo` behind it takes the correction back.
    pub action: String,
    /// The plate as it stands, or as typed.
    pub plate: String,
    /// Regions, the read's own selected.
    pub regions: Vec<Choice>,
    /// Whether it is open.
    pub open: bool,
    /// What was wrong. Fields `plate region`.
    pub errors: Vec<FieldError>,
}

/// The large picture with outlines.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Viewer {
    /// Address of the image.
    pub src: String,
    /// Width in pixels.
    pub width: u32,
    /// Height in pixels.
    pub height: u32,
    /// What it shows.
    pub alt: String,
    /// Outlines, in the coordinates of the frame.
    pub outlines: Option<Outlines>,
}

/// Outlines over the picture, in pixels of the full frame.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Outlines {
    /// Width of the frame.
    pub width: u32,
    /// Height of the frame.
    pub height: u32,
    /// Points of the plate as an SVG `points` list; `""` for none.
    pub plate: String,
    /// Where the label stands: left and top of the plate.
    pub label_x: i32,
    /// See `label_x`.
    pub label_y: i32,
    /// `96.4 %`.
    pub label: String,
    /// Vehicle: x, y, width, height.
    pub vehicle: Option<(i32, i32, i32, i32)>,
    /// The way through the picture as an SVG `points` list; `""` for none.
    pub path: String,
    /// Where the way ends.
    pub path_end: Option<(i32, i32)>,
}

impl Outlines {
    /// Outlines of a plate with `corners` and a vehicle in `vehicle` (x, y, width, height) on a
    /// frame of `frame` pixels; `None` when there is nothing to draw or the frame is not known.
    pub fn new(
        frame: (u32, u32),
        corners: &[(i32, i32)],
        vehicle: Option<(i32, i32, i32, i32)>,
        label: impl Into<String>,
    ) -> Option<Self> {
        let vehicle = vehicle.filter(|(_, _, width, height)| *width > 0 && *height > 0);
        let corners = if corners.len() >= 3 { corners } else { &[] };
        if frame.0 == 0 || frame.1 == 0 || (corners.is_empty() && vehicle.is_none()) {
            return None;
        }
        Some(Self {
            width: frame.0,
            height: frame.1,
            plate: points(corners),
            path: String::new(),
            path_end: None,
            label_x: corners.iter().map(|(x, _)| *x).min().unwrap_or(0),
            label_y: corners.iter().map(|(_, y)| *y).min().unwrap_or(0),
            label: label.into(),
            vehicle,
        })
    }

    /// With the way through `points`, in order of time.
    #[must_use]
    pub fn with_path(mut self, way: &[(i32, i32)]) -> Self {
        self.path = points(way);
        self.path_end = way.last().copied();
        self
    }
}

fn points(corners: &[(i32, i32)]) -> String {
    let points: Vec<String> = corners.iter().map(|(x, y)| format!("{x},{y}")).collect();
    points.join(" ")
}

/// A picture of the strip.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Picture {
    /// `Full frame`, `Overview`, `Vehicle`, `Plate`.
    pub label: &'static str,
    /// Address of the image.
    pub src: String,
    /// Address of this page with the picture shown large.
    pub href: String,
    /// Whether it is the one shown large.
    pub current: bool,
}

/// A name with a value.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Fact {
    /// Name: `Captured`.
    pub name: String,
    /// Value.
    pub value: String,
    /// Quiet addition: `98 %`, `0.6 s later`; `""` for none.
    pub aside: String,
    /// Where the value leads, `""` for nowhere. `geo:` is allowed.
    pub href: String,
    /// Whether the value is a code: monospaced.
    pub code: bool,
    /// Colour swatch, `""` for none.
    pub swatch: String,
    /// Confidence shown as a meter, percent.
    pub meter: Option<f32>,
}

impl Fact {
    /// A plain fact.
    pub fn new(name: impl Into<String>, value: impl Into<String>) -> Self {
        Self { name: name.into(), value: value.into(), ..Self::default() }
    }

    /// With a quiet addition.
    #[must_use]
    pub fn aside(mut self, aside: impl Into<String>) -> Self {
        self.aside = aside.into();
        self
    }

    /// As a code.
    #[must_use]
    pub fn code(mut self) -> Self {
        self.code = true;
        self
    }

    /// With a link.
    #[must_use]
    pub fn link(mut self, href: impl Into<String>) -> Self {
        self.href = href.into();
        self
    }

    /// With a meter of `percent`.
    #[must_use]
    pub fn meter(mut self, percent: f32) -> Self {
        self.meter = Some(percent);
        self
    }

    /// With a swatch (see `format::swatch`).
    #[must_use]
    pub fn swatch(mut self, swatch: impl Into<String>) -> Self {
        self.swatch = swatch.into();
        self
    }
}

/// Another reading of the plate.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Candidate {
    /// Badge.
    pub plate: PlateBadge,
    /// `91.2 %`.
    pub confidence: String,
    /// Search for it.
    pub search: Link,
}
