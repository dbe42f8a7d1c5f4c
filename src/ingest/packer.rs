//! Packs the documents that are kept: LZ4, which costs a read a quarter of the time of the fastest
//! deflate for nearly the same size. Documents of before were deflated and stay readable.

use std::io::Read as _;

use flate2::read::DeflateDecoder;
use lz4_flex::block;

use crate::base::limits::RAW_BYTES_MAX;

/// First byte of an LZ4 document; no deflated one begins like this, its kind of block is reserved.
/// The length follows in four bytes, little endian.
const LZ4: u8 = 0x06;
/// Bytes in front of the packed ones.
const HEAD: usize = 5;

/// `text` packed; empty when it is larger than a kept document may be.
pub(super) fn pack(text: &str) -> Vec<u8> {
    if text.len() > RAW_BYTES_MAX {
        return Vec::new();
    }
    let mut packed = vec![0; HEAD + block::get_maximum_output_size(text.len())];
    let Some((head, room)) = packed.split_at_mut_checked(HEAD) else { return Vec::new() };
    let length = (text.len() as u32).to_le_bytes();
    head.copy_from_slice(&[LZ4, length[0], length[1], length[2], length[3]]);
    // Cannot fail with that much room; an empty result says "not kept".
    let Ok(count) = block::compress_into(text.as_bytes(), room) else { return Vec::new() };
    packed.truncate(HEAD + count);
    packed.shrink_to_fit();
    packed
}

/// The JSON text in `raw` of a capture's detail. `None` when it is empty, damaged, or unpacks to
/// more than [`RAW_BYTES_MAX`].
pub fn unpack(raw: &[u8]) -> Option<String> {
    let Some(packed) = raw.strip_prefix(&[LZ4]) else { return inflate(raw) };
    let (length, packed) = packed.split_first_chunk::<4>()?;
    let length = u32::from_le_bytes(*length) as usize;
    if !(1..=RAW_BYTES_MAX).contains(&length) {
        return None;
    }
    let text = block::decompress(packed, length).ok().filter(|text| text.len() == length)?;
    String::from_utf8(text).ok()
}

fn inflate(raw: &[u8]) -> Option<String> {
    let mut text = String::new();
    let limit = RAW_BYTES_MAX as u64 + 1;
    let read = DeflateDecoder::new(raw).take(limit).read_to_string(&mut text).ok()?;
    (1..=RAW_BYTES_MAX).contains(&read).then_some(text)
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use flate2::Compression;
    use flate2::write::DeflateEncoder;

    use super::{pack, unpack};
    use crate::base::limits::RAW_BYTES_MAX;

    fn deflated(text: &[u8], level: Compression) -> Vec<u8> {
        let mut encoder = DeflateEncoder::new(Vec::new(), level);
        encoder.write_all(text).unwrap();
        encoder.finish().unwrap()
    }

    #[test]
    fn packed_and_back() {
        for text in ["{}", r#"{"a":"ö","b":[1,2,3]}"#, &"{\"a\":1}".repeat(5000)] {
            assert_eq!(unpack(&pack(text)).as_deref(), Some(text));
            // As versions before packed it, fast and best.
            for level in [Compression::none(), Compression::fast(), Compression::best()] {
                assert_eq!(unpack(&deflated(text.as_bytes(), level)).as_deref(), Some(text));
            }
        }
        // Letters that repeat nowhere do not shrink.
        let mut state = 1_u64;
        let mut letter = || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            char::from(b' ' + (state >> 57) as u8 % 95)
        };
        let noise: String = (0..RAW_BYTES_MAX).map(|_| letter()).collect();
        assert_eq!(unpack(&pack(&noise)), Some(noise));
        assert!(pack(&"x".repeat(RAW_BYTES_MAX + 1)).is_empty());
    }

    #[test]
    fn damaged_and_exploding_ones_are_refused() {
        let bomb = deflated(&vec![b'x'; RAW_BYTES_MAX * 8], Compression::best());
        for raw in [&b""[..], b"\xff\xff", b"not deflate", b"\x06", b"\x06\x01\0\0", &bomb] {
            assert_eq!(unpack(raw), None);
        }
        let whole = pack(&"{\"a\":\"b\"}".repeat(9));
        for length in [0, 1, RAW_BYTES_MAX as u32 + 1, u32::MAX] {
            let mut lying = whole.clone();
            lying[1..5].copy_from_slice(&length.to_le_bytes());
            assert_eq!(unpack(&lying), None, "{length}");
        }
        for end in 0..whole.len() {
            assert_eq!(unpack(&whole[..end]), None, "{end}");
        }
    }
}
