//! PNG: checked chunk by chunk, written anew without what is not the picture (texts, times, frames
//! of an animation, anything behind the end).

const SIGNATURE: &[u8] = b"\x89PNG\r\n\x1a\n";
/// What a picture is made of and how its colours are meant.
const KEPT: [&[u8; 4]; 9] =
    [b"IHDR", b"PLTE", b"IDAT", b"IEND", b"tRNS", b"gAMA", b"sRGB", b"cHRM", b"pHYs"];

/// The picture in `bytes`; `None` when a chunk is broken, out of place or missing.
pub(super) fn clean(bytes: &[u8]) -> Option<Vec<u8>> {
    let mut rest = bytes.strip_prefix(SIGNATURE)?;
    let mut out = SIGNATURE.to_vec();
    let (mut first, mut data) = (true, false);
    loop {
        let (length, after) = rest.split_first_chunk::<4>()?;
        let length = usize::try_from(u32::from_be_bytes(*length)).ok()?;
        let (body, after) = after.split_at_checked(length.checked_add(4)?)?;
        let (sum, after) = after.split_first_chunk::<4>()?;
        if crc32fast::hash(body) != u32::from_be_bytes(*sum) {
            return None;
        }
        let kind = body.first_chunk::<4>()?;
        if first != (kind == b"IHDR") {
            return None;
        }
        (first, data) = (false, data || kind == b"IDAT");
        if KEPT.contains(&kind) {
            out.extend_from_slice(rest.get(..length + 12)?);
        }
        if kind == b"IEND" {
            return (data && after.is_empty()).then_some(out);
        }
        rest = after;
    }
}
