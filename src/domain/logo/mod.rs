//! The logo on printed pages: what may be one. A picture is checked and written anew, so that
//! nothing but the picture is kept. Knows neither forms nor files.

mod svg;

use crate::base::limits::{LOGO_BYTES_MAX, LOGO_SIDE_MAX};

use super::picture::{self, Picture};

/// A picture that may be shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Logo {
    /// `image/png`, `image/jpeg` or `image/svg+xml`.
    pub media_type: &'static str,
    /// The bytes to serve.
    pub bytes: Vec<u8>,
}

/// Checks an uploaded file by its content; its name and announced type do not count.
///
/// # Errors
/// What to do about it, a sentence.
pub fn check(bytes: &[u8]) -> Result<Logo, String> {
    if bytes.is_empty() {
        return Err("choose a file that is not empty".into());
    }
    if bytes.len() > LOGO_BYTES_MAX {
        return Err(format!("choose a file of at most {} KB", LOGO_BYTES_MAX / 1024));
    }
    if let Some(picture) = picture::raster(bytes, LOGO_SIDE_MAX) {
        let Picture { media_type, bytes } = picture?;
        return Ok(Logo { media_type, bytes });
    }
    let text = std::str::from_utf8(bytes).map_err(|_| NOT_KNOWN)?;
    if !text.contains("<svg") {
        return Err(NOT_KNOWN.into());
    }
    let clean = svg::clean(text)?;
    Ok(Logo { media_type: "image/svg+xml", bytes: clean.into_bytes() })
}

const NOT_KNOWN: &str = "choose a PNG, JPEG or SVG file";

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// A PNG of `width` by `height` black pixels, and a text chunk.
    pub(crate) fn picture(width: u32, height: u32) -> Vec<u8> {
        use std::io::Write as _;
        let mut file = b"\x89PNG\r\n\x1a\n".to_vec();
        let mut chunk = |kind: &[u8; 4], data: &[u8]| {
            file.extend((data.len() as u32).to_be_bytes());
            let body = [kind.as_slice(), data].concat();
            file.extend(&body);
            file.extend(crc32fast::hash(&body).to_be_bytes());
        };
        let size = [width.to_be_bytes(), height.to_be_bytes()].concat();
        chunk(b"IHDR", &[size.as_slice(), &[8, 0, 0, 0, 0]].concat());
        chunk(b"tEXt", b"Author\0Somebody");
        let mut packed =
            flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::default());
        packed.write_all(&vec![0; (width as usize + 1) * height as usize]).unwrap();
        chunk(b"IDAT", &packed.finish().unwrap());
        chunk(b"IEND", b"");
        file
    }

    #[test]
    fn pictures_are_known_by_their_content() {
        let logo = check(&picture(40, 20)).unwrap();
        assert_eq!(logo.media_type, "image/png");
        assert!(!logo.bytes.windows(8).any(|part| part == b"Somebody"), "only the picture stays");
        assert_eq!(check(&logo.bytes).unwrap(), logo, "clean stays clean");
        let mut jpeg = Vec::new();
        jpeg_encoder::Encoder::new(&mut jpeg, 80)
            .encode(&[0; 64], 8, 8, jpeg_encoder::ColorType::Luma)
            .unwrap();
        assert_eq!(check(&jpeg).unwrap().media_type, "image/jpeg");
        let svg = "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 1 1\"><path d=\"M0 0\"/></svg>";
        assert_eq!(check(svg.as_bytes()).unwrap().media_type, "image/svg+xml");
    }

    #[test]
    fn everything_else_is_refused_with_a_reason() {
        let whole = picture(8, 8);
        let mut bent = whole.clone();
        bent[45] ^= 1;
        let mut jpeg = Vec::new();
        jpeg_encoder::Encoder::new(&mut jpeg, 80)
            .encode(&[0; 64], 8, 8, jpeg_encoder::ColorType::Luma)
            .unwrap();
        jpeg.truncate(jpeg.len() - 2);
        for (bytes, why) in [
            (Vec::new(), "not empty"),
            (vec![b' '; LOGO_BYTES_MAX + 1], "at most 256 KB"),
            (b"GIF89a".to_vec(), "PNG, JPEG or SVG"),
            (b"<html><script>".to_vec(), "PNG, JPEG or SVG"),
            (vec![0xff, 0xfe, 0x00], "PNG, JPEG or SVG"),
            (whole[..whole.len() - 4].to_vec(), "damaged"),
            ([whole.as_slice(), b"<script>"].concat(), "damaged"),
            (bent, "damaged"),
            (picture(3000, 8), "2000 by 2000"),
            (jpeg, "damaged"),
        ] {
            let error = check(&bytes).unwrap_err();
            assert!(error.contains(why), "{why}: {error}");
        }
    }
}
