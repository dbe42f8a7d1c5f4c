//! The JPEGs of a payload: base64 to bytes, and a check that they are what they claim to be.
//! Must not know which image is which.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_PAD_INDIFFERENT;

use crate::base::limits::{JPEG_BYTES_MAX, JPEG_SIDE_MAX};
use crate::model::capture::Jpeg;

use super::fields::Notes;
use super::json::{Json, Object};

/// The JPEG in `name`. Absent, `null` and `""` are no image; anything else that is not a JPEG
/// is dropped with a note that says why.
pub(super) fn jpeg(object: &Object<'_>, name: &str, notes: &mut Notes) -> Option<Jpeg> {
    let result = match object.get(name)? {
        Json::Text(text) if text.trim().is_empty() => return None,
        Json::Text(text) => decode(text),
        _ => Err("is not a text"),
    };
    result.map_err(|why| notes.add(format!("{name} {why} and was dropped"))).ok()
}

fn decode(text: &str) -> Result<Jpeg, &'static str> {
    let text = text.trim();
    let is_data_url = text.get(..5).is_some_and(|start| start.eq_ignore_ascii_case("data:"));
    let code = match is_data_url.then(|| text.split_once(',')).flatten() {
        Some((_, code)) => code,
        None => text,
    };
    // Half again: a third for base64, the rest for line breaks.
    if code.len() > JPEG_BYTES_MAX / 2 * 3 {
        return Err("is too large");
    }
    let plain = STANDARD_PAD_INDIFFERENT.decode(code);
    // The rare forms are tried only after the common one failed, so they cost nothing.
    let bytes = plain.or_else(|_| STANDARD_PAD_INDIFFERENT.decode(standard(code)));
    let bytes = bytes.map_err(|_| "is not base64")?;
    if bytes.len() > JPEG_BYTES_MAX {
        return Err("is too large");
    }
    check(bytes)
}

/// `code` without white space and with the URL-safe letters replaced.
fn standard(code: &str) -> Vec<u8> {
    code.bytes()
        .filter(|byte| !byte.is_ascii_whitespace())
        .map(|byte| match byte {
            b'-' => b'+',
            b'_' => b'/',
            other => other,
        })
        .collect()
}

/// Checks that `bytes` start and end like a JPEG and have a sane frame header. Padding after the
/// end marker is cut off.
///
/// # Errors
/// What is wrong, as the end of a sentence.
pub fn check(mut bytes: Vec<u8>) -> Result<Jpeg, &'static str> {
    if !bytes.starts_with(b"\xFF\xD8\xFF") {
        return Err("is not a JPEG");
    }
    let padding =
        bytes.iter().rev().take_while(|byte| matches!(byte, 0 | 0xFF | b'\r' | b'\n' | b' '));
    bytes.truncate(bytes.len() - padding.count());
    if !bytes.ends_with(b"\xFF\xD9") {
        return Err("is a JPEG that was cut off");
    }
    let size = imagesize::blob_size(&bytes).map_err(|_| "is a damaged JPEG")?;
    let side = |pixels: usize| {
        (1..=JPEG_SIDE_MAX).contains(&pixels).then_some(pixels).and_then(|p| p.try_into().ok())
    };
    match (side(size.width), side(size.height)) {
        (Some(width), Some(height)) => Ok(Jpeg { bytes, width, height }),
        _ => Err("is a JPEG of an impossible size"),
    }
}

#[cfg(test)]
pub(super) mod tests {
    use base64::Engine as _;
    use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};

    use super::super::fields::Notes;
    use super::super::json::{Json, Object};
    use super::{check, jpeg};
    use crate::base::limits::JPEG_BYTES_MAX;

    /// A real JPEG with some detail in it.
    pub(crate) fn picture(width: u16, height: u16) -> Vec<u8> {
        let pixels: Vec<u8> = (0..usize::from(width) * usize::from(height))
            .map(|at| (at.wrapping_mul(2_654_435_761) >> 7) as u8)
            .collect();
        let mut bytes = Vec::new();
        jpeg_encoder::Encoder::new(&mut bytes, 60)
            .encode(&pixels, width, height, jpeg_encoder::ColorType::Luma)
            .unwrap();
        bytes
    }

    fn read(json: Json<'_>) -> (Option<(u32, u32, usize)>, Vec<String>) {
        let object = Object(vec![("crop".into(), json)]);
        let mut notes = Notes::default();
        let image = jpeg(&object, "crop", &mut notes);
        (image.map(|jpeg| (jpeg.width, jpeg.height, jpeg.bytes.len())), notes.into_vec())
    }

    #[test]
    fn every_accepted_spelling_of_an_image() {
        let bytes = picture(40, 24);
        let code = STANDARD.encode(&bytes);
        let lines: Vec<&str> =
            code.as_bytes().chunks(76).map(|line| std::str::from_utf8(line).unwrap()).collect();
        let padded = [bytes.as_slice(), &[0, 0, b'\n', 0xFF]].concat();
        for text in [
            code.clone(),
            code.trim_end_matches('=').to_owned(),
            format!("data:image/jpeg;base64,{code}"),
            format!("DATA:image/jpg;base64,{code}"),
            format!(" {code}\n"),
            lines.join("\r\n"),
            URL_SAFE_NO_PAD.encode(&bytes),
            STANDARD.encode(&padded),
        ] {
            let expected = (Some((40, 24, bytes.len())), vec![]);
            assert_eq!(read(Json::Text(text.as_str().into())), expected, "{text}");
        }
    }

    #[test]
    fn absent_images_leave_no_note() {
        for json in [Json::Null, Json::Text("".into()), Json::Text("  ".into())] {
            assert_eq!(read(json), (None, vec![]));
        }
    }

    #[test]
    fn what_is_no_jpeg_is_dropped_with_a_note() {
        let whole = picture(16, 16);
        let cut = STANDARD.encode(&whole[..whole.len() / 2]);
        let damaged = STANDARD.encode(b"\xFF\xD8\xFF\xFF\xD9");
        let huge = "A".repeat(JPEG_BYTES_MAX * 2);
        for (text, why) in [
            ("%%%", "is not base64"),
            ("data:image/jpeg;base64,", "is not a JPEG"),
            ("bm90IGEganBlZw==", "is not a JPEG"),
            ("iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJ", "is not a JPEG"),
            (cut.as_str(), "is a JPEG that was cut off"),
            (damaged.as_str(), "is a damaged JPEG"),
            (huge.as_str(), "is too large"),
        ] {
            let expected = format!("crop {why} and was dropped");
            assert_eq!(read(Json::Text(text.into())), (None, vec![expected]), "{why}");
        }
        assert_eq!(read(Json::Number("5")).1, ["crop is not a text and was dropped"]);
    }

    #[test]
    fn impossible_sizes_are_refused() {
        let whole = picture(16, 16);
        let frame = whole.windows(2).position(|pair| pair == [0xFF, 0xC0]).unwrap();
        for side in [[0x00, 0x00], [0xFF, 0xFF]] {
            let mut bytes = whole.clone();
            bytes[frame + 5..frame + 7].copy_from_slice(&side);
            assert_eq!(check(bytes).unwrap_err(), "is a JPEG of an impossible size");
        }
    }
}
