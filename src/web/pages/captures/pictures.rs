//! The pictures of a read: which is shown large, what is drawn over it, and the strip of all.

use serde::Deserialize;

use super::Facts;
use crate::base::limits::PATH_POINTS_MAX;
use crate::model::capture::ImageKind;
use crate::web::format;
use crate::web::views::capture::{CapturePage, Outlines, Picture, Viewer};
use crate::web::views::read::{href, image_href};

/// Adds the pictures to `view`; `shown` is the one asked for.
pub(super) fn add(view: &mut CapturePage, facts: &Facts, shown: Option<ImageKind>) {
    let capture = &facts.capture;
    let has = |kind: ImageKind| facts.images.iter().find(|(known, _)| *known == kind);
    let by_size = [ImageKind::Full, ImageKind::Overview, ImageKind::Vehicle, ImageKind::Plate];
    let chosen = shown.and_then(has).or_else(|| by_size.into_iter().find_map(has));
    let Some((chosen, place)) = chosen else { return };
    // Coordinates are of the full frame, which the overview shows whole.
    let whole = matches!(chosen, ImageKind::Full | ImageKind::Overview);
    view.viewer = Some(Viewer {
        src: image_href(capture.key, *chosen),
        width: place.width,
        height: place.height,
        alt: format!("{} of {}", label(*chosen), view.name),
        outlines: if whole { outlines(facts) } else { None },
    });
    view.strip = by_size
        .into_iter()
        .filter(|kind| has(*kind).is_some())
        .map(|kind| Picture {
            label: label(kind),
            src: image_href(capture.key, kind),
            href: format!("{}?image={}", href(capture.key), kind.name()),
            current: kind == *chosen,
        })
        .collect();
}

/// What people call a picture.
pub(in crate::web::pages) const fn label(kind: ImageKind) -> &'static str {
    match kind {
        ImageKind::Plate => "Plate",
        ImageKind::Vehicle => "Vehicle",
        ImageKind::Overview => "Overview",
        ImageKind::Full => "Full frame",
    }
}

fn outlines(facts: &Facts) -> Option<Outlines> {
    let (capture, detail) = (&facts.capture, &facts.detail);
    let (corners, vehicle) = (&detail.plate_corners, detail.vehicle_box);
    let confidence = format::percent(capture.confidence);
    let outlines = Outlines::new(capture.frame, corners, vehicle, confidence)?;
    let payload = crate::ingest::unpack(&detail.raw).unwrap_or_default();
    Some(outlines.with_path(&path(&payload)))
}

/// A box of a frame, as the payload has it.
#[derive(Deserialize)]
struct Step {
    x: f64,
    y: f64,
    #[serde(alias = "width")]
    w: f64,
    #[serde(alias = "height")]
    h: f64,
}

/// The parts of a payload that say where things went. Everything else is passed over.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Paths {
    vehicle_path: Vec<Step>,
    plate_path: Vec<Step>,
    /// The read inside an alert or a wrapper.
    group: Option<Box<Self>>,
}

/// The way of the vehicle, or of its plate: middles of the boxes, frame by frame.
fn path(payload: &str) -> Vec<(i32, i32)> {
    // What agents send here is not checked when it arrives: whatever else it is, it is no way.
    let Ok(whole) = serde_json::from_str::<Paths>(payload) else { return Vec::new() };
    let paths = whole.group.map_or(Paths { group: None, ..whole }, |group| *group);
    let steps = [paths.vehicle_path, paths.plate_path].into_iter().find(|steps| steps.len() > 1);
    let steps = steps.unwrap_or_default();
    // A long stay has thousands of frames; a line needs fewer.
    let stride = steps.len().div_ceil(PATH_POINTS_MAX).max(1);
    let middle = |step: &Step| ((step.x + step.w / 2.0) as i32, (step.y + step.h / 2.0) as i32);
    let mut points: Vec<(i32, i32)> = steps.iter().step_by(stride).map(middle).collect();
    if stride > 1 {
        points.extend(steps.last().map(middle));
    }
    points
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_way_goes_through_the_middles() {
        let steps = r#"[{"x":0,"y":0,"w":10,"h":20,"t":-48,"f":-1},{"x":10,"y":10,"w":10,"h":20}]"#;
        let expected = [(5, 10), (15, 20)];
        assert_eq!(path(&format!(r#"{{"vehicle_path":{steps},"x":[1]}}"#)), expected);
        assert_eq!(path(&format!(r#"{{"plate_path":{steps},"vehicle_path":[]}}"#)), expected);
        assert_eq!(path(&format!(r#"{{"group":{{"vehicle_path":{steps}}}}}"#)), expected);
    }

    #[test]
    fn anything_else_is_no_way() {
        for json in [
            "",
            "[1]",
            "{}",
            r#"{"vehicle_path":7}"#,
            r#"{"vehicle_path":[{"x":"a"}]}"#,
            r#"{"vehicle_path":[{"x":1,"y":1,"w":1,"h":1}]}"#,
        ] {
            assert!(path(json).is_empty(), "{json}");
        }
        let far = r#"{"x":1e300,"y":-1e300,"w":1,"h":1}"#;
        assert_eq!(path(&format!(r#"{{"plate_path":[{far},{far}]}}"#))[0], (i32::MAX, i32::MIN));
    }

    #[test]
    fn a_long_way_keeps_its_ends() {
        let steps: Vec<String> =
            (0..5000).map(|x| format!(r#"{{"x":{x},"y":0,"w":0,"h":0}}"#)).collect();
        let path = path(&format!(r#"{{"vehicle_path":[{}]}}"#, steps.join(",")));
        assert!(path.len() <= PATH_POINTS_MAX + 1);
        assert_eq!((path[0], path[path.len() - 1]), ((0, 0), (4999, 0)));
    }
}
