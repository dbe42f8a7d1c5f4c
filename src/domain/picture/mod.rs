//! Pictures people bring: PNG and JPEG, known by their content, checked and written anew, so that
//! nothing but the picture is kept: no place, no camera, no name. Knows neither forms nor files.

mod jpeg;
mod png;

use crate::base::limits::{AVATAR_BYTES_MAX, AVATAR_SIDE_MAX};

/// A picture that may be shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Picture {
    /// Its media type.
    pub media_type: &'static str,
    /// The bytes to serve.
    pub bytes: Vec<u8>,
}

/// Checks an uploaded portrait.
///
/// # Errors
/// What to do about it, a sentence.
pub fn portrait(bytes: &[u8]) -> Result<Picture, String> {
    if bytes.is_empty() {
        return Err("choose a file that is not empty".into());
    }
    if bytes.len() > AVATAR_BYTES_MAX {
        return Err(format!("choose a picture of at most {} KB", AVATAR_BYTES_MAX / 1024));
    }
    raster(bytes, AVATAR_SIDE_MAX).unwrap_or_else(|| Err("choose a PNG or JPEG picture".into()))
}

/// The PNG or JPEG in `bytes`, of at most `side_max` pixels each way; `None` when it is neither.
pub(super) fn raster(bytes: &[u8], side_max: usize) -> Option<Result<Picture, String>> {
    let (media_type, clean, name) = if bytes.starts_with(b"\x89PNG") {
        ("image/png", png::clean(bytes), "PNG")
    } else if bytes.starts_with(b"\xff\xd8\xff") {
        ("image/jpeg", jpeg::clean(bytes), "JPEG")
    } else {
        return None;
    };
    let damaged = || format!("this {name} is damaged: save it again and retry");
    let Some(bytes) = clean else { return Some(Err(damaged())) };
    let Ok(size) = imagesize::blob_size(&bytes) else { return Some(Err(damaged())) };
    let fits = |side: usize| (1..=side_max).contains(&side);
    if fits(size.width) && fits(size.height) {
        Some(Ok(Picture { media_type, bytes }))
    } else {
        Some(Err(format!("choose a picture of at most {side_max} by {side_max} pixels")))
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// A JPEG of `width` by `height` pixels.
    pub(crate) fn photo(width: u16, height: u16) -> Vec<u8> {
        let mut jpeg = Vec::new();
        let pixels = vec![90; usize::from(width) * usize::from(height)];
        jpeg_encoder::Encoder::new(&mut jpeg, 80)
            .encode(&pixels, width, height, jpeg_encoder::ColorType::Luma)
            .unwrap();
        jpeg
    }

    #[test]
    fn portraits_are_bounded_pictures() {
        assert_eq!(portrait(&photo(8, 8)).unwrap().media_type, "image/jpeg");
        for (bytes, why) in [
            (Vec::new(), "not empty"),
            (vec![b' '; AVATAR_BYTES_MAX + 1], "at most 256 KB"),
            (b"<svg xmlns=\"http://www.w3.org/2000/svg\"/>".to_vec(), "PNG or JPEG"),
            (b"GIF89a".to_vec(), "PNG or JPEG"),
            (photo(AVATAR_SIDE_MAX as u16 + 8, 8), "2000 by 2000"),
        ] {
            let error = portrait(&bytes).unwrap_err();
            assert!(error.contains(why), "{why}: {error}");
        }
    }
}
