//! Bodies of about 70 KB that differ in plate, uuids, time and image bytes, made from a few
//! templates by overwriting bytes in place, so that the load generator costs next to nothing.

use base64::Engine as _;
use openalpr_webhook::base::clock::Timestamp;
use openalpr_webhook::sim::fleet::{REGIONS, Region};
use openalpr_webhook::sim::payload::{self, Style};
use openalpr_webhook::sim::scene::{Pictures, Studio};
use openalpr_webhook::sim::traffic::World;

use super::Failure;

/// Numbers of templates start here: eight digits, like every number that replaces them.
const FIRST: u64 = 10_000_000;
/// Bytes of a JPEG comment that differ from request to request.
const COMMENT_BYTES: usize = 24;

/// A body and where it changes.
#[derive(Clone)]
pub(crate) struct Template {
    body: Vec<u8>,
    plates: Vec<usize>,
    numbers: Vec<usize>,
    times: Vec<usize>,
    images: Vec<usize>,
    region: &'static Region,
    /// Bytes of its JPEGs.
    pub(crate) jpeg_bytes: u64,
}

/// `count` templates whose key is `key`.
pub(crate) fn templates(count: u64, key: &str, now: Timestamp) -> Result<Vec<Template>, Failure> {
    let world = World::new(1, 1000);
    let mut studio = Studio::new();
    (FIRST..FIRST + count)
        .map(|number| {
            let read = world.numbered(number, now.plus_ms(-(number as i64 % 24) * 3_600_000));
            let pictures = commented(studio.pictures(&read));
            let body = payload::body(&read, Some(&pictures), Style::Cloud { key }).to_string();
            let find = |what: &str| body.match_indices(what).map(|(at, _)| at).collect::<Vec<_>>();
            let after = |what: &str| -> Vec<usize> {
                find(what).into_iter().map(|at| at + what.len()).collect()
            };
            let template = Template {
                plates: after("\"plate\":\"").into_iter().chain(after("_number\":\"")).collect(),
                numbers: find(&format!("-{number}\"")).into_iter().map(|at| at + 1).collect(),
                times: after("\"epoch_start\":")
                    .into_iter()
                    .chain(after("\"epoch_end\":"))
                    .collect(),
                // SOI, marker and length of the comment are six bytes: eight of base64.
                images: after("_jpeg\":\"").into_iter().map(|at| at + 8).collect(),
                region: REGIONS
                    .iter()
                    .map(|(_, region)| region)
                    .find(|region| region.code == read.vehicle.region.code)
                    .ok_or("no region")?,
                jpeg_bytes: (pictures.vehicle.len()
                    + pictures.overview.len()
                    + pictures.plate.as_ref().map_or(0, Vec::len))
                    as u64,
                body: body.into_bytes(),
            };
            let found = (template.plates.len(), template.times.len(), template.images.len());
            if found != (4, 2, 3) || template.numbers.is_empty() {
                return Err(format!("the template does not look as expected: {found:?}").into());
            }
            Ok(template)
        })
        .collect()
}

impl Template {
    /// Makes this body the one of read `number` (below 90 million) captured at `time`.
    pub(crate) fn render(&mut self, number: u64, time: Timestamp) -> &[u8] {
        let plate: String = self.region.plate(number).replace([' ', '-'], "");
        let digits = format!("{:08}", FIRST + number);
        let time = format!("{:013}", time.ms());
        let places = [(&self.plates, plate), (&self.numbers, digits.clone()), (&self.times, time)];
        for (offsets, text) in places {
            for at in offsets {
                self.body[*at..*at + text.len()].copy_from_slice(text.as_bytes());
            }
        }
        for at in &self.images {
            // 32 characters of base64 are the comment; digits are base64 too.
            let comment = &mut self.body[*at..*at + COMMENT_BYTES / 3 * 4];
            for (slot, digit) in comment.iter_mut().zip(digits.bytes().cycle()) {
                *slot = digit;
            }
        }
        &self.body
    }

    /// Length of the body.
    pub(crate) fn len(&self) -> usize {
        self.body.len()
    }

    /// Checks a rendered body: it parses and its images are still JPEGs of their size.
    pub(crate) fn check(&mut self) -> Result<(), Failure> {
        let body: serde_json::Value =
            serde_json::from_slice(self.render(77, Timestamp(1_767_614_400_000)))?;
        let images = [
            &body["vehicle_crop_jpeg"],
            &body["overview_jpeg"],
            &body["best_plate"]["plate_crop_jpeg"],
        ];
        for image in images {
            let text = image.as_str().ok_or("no image")?;
            let bytes = base64::engine::general_purpose::STANDARD.decode(text)?;
            imagesize::blob_size(&bytes)?;
        }
        if body["best_uuid"].as_str().is_some_and(|uuid| uuid.ends_with("-10000077")) {
            Ok(())
        } else {
            Err(format!("the uuid is {}", body["best_uuid"]).into())
        }
    }
}

/// The pictures with a comment segment after the start marker, whose bytes may be anything.
fn commented(pictures: Pictures) -> Pictures {
    let comment = |bytes: Vec<u8>| {
        let mut with = vec![0xFF, 0xD8, 0xFF, 0xFE, 0, COMMENT_BYTES as u8 + 2];
        with.extend([b'.'; COMMENT_BYTES]);
        with.extend(bytes.into_iter().skip(2));
        with
    };
    Pictures {
        plate: pictures.plate.map(comment),
        vehicle: comment(pictures.vehicle),
        overview: comment(pictures.overview),
    }
}
