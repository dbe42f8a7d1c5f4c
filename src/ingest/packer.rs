//! Packs the documents that are kept. A compressor takes 300 KiB, which it costs more to allocate
//! and clear than to use, so a few are kept for the next document.

use std::io::Read as _;
use std::sync::{Mutex, PoisonError};

use flate2::read::DeflateDecoder;
use flate2::{Compress, Compression, FlushCompress, Status};

use crate::base::limits::{PACKERS_MAX, RAW_BYTES_MAX};

/// Deflates documents. Shared by all threads.
#[derive(Default)]
pub struct Packer {
    idle: Mutex<Vec<Compress>>,
}

impl std::fmt::Debug for Packer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Packer")
    }
}

impl Packer {
    /// `text` deflated; empty when it is larger than a kept document may be.
    pub fn pack(&self, text: &str) -> Vec<u8> {
        if text.len() > RAW_BYTES_MAX {
            return Vec::new();
        }
        let idle = self.idle().pop();
        let mut compress = idle.unwrap_or_else(|| Compress::new(Compression::fast(), false));
        // What cannot be made smaller grows by a few bytes for each 16 KiB.
        let mut packed = Vec::with_capacity(text.len() + text.len() / 1000 + 64);
        let done = compress.compress_vec(text.as_bytes(), &mut packed, FlushCompress::Finish);
        if !matches!(done, Ok(Status::StreamEnd)) {
            // Cannot happen; an empty result says "not kept".
            return Vec::new();
        }
        packed.shrink_to_fit();
        compress.reset();
        let mut idle = self.idle();
        if idle.len() < PACKERS_MAX {
            idle.push(compress);
        }
        packed
    }

    fn idle(&self) -> std::sync::MutexGuard<'_, Vec<Compress>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The JSON text in `raw` of a capture's detail. `None` when it is empty, damaged, or inflates
/// beyond [`RAW_BYTES_MAX`].
pub fn inflate_raw(raw: &[u8]) -> Option<String> {
    let mut text = String::new();
    let limit = RAW_BYTES_MAX as u64 + 1;
    let read = DeflateDecoder::new(raw).take(limit).read_to_string(&mut text).ok()?;
    (1..=RAW_BYTES_MAX).contains(&read).then_some(text)
}

#[cfg(test)]
mod tests {
    use super::{Packer, inflate_raw};
    use crate::base::limits::{PACKERS_MAX, RAW_BYTES_MAX};

    #[test]
    fn packed_and_back_by_fresh_and_used_ones() {
        let packer = Packer::default();
        for text in ["{}", r#"{"a":"ö","b":[1,2,3]}"#, &"{\"a\":1}".repeat(5000), "{}"] {
            assert_eq!(inflate_raw(&packer.pack(text)).as_deref(), Some(text));
        }
        // Letters that repeat nowhere do not shrink.
        let mut state = 1_u64;
        let mut letter = || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            char::from(b' ' + (state >> 57) as u8 % 95)
        };
        let noise: String = (0..RAW_BYTES_MAX).map(|_| letter()).collect();
        assert_eq!(inflate_raw(&packer.pack(&noise)), Some(noise));
        assert!(packer.pack(&"x".repeat(RAW_BYTES_MAX + 1)).is_empty());
    }

    #[test]
    fn few_are_kept() {
        let packer = Packer::default();
        std::thread::scope(|scope| {
            for _ in 0..16 {
                scope.spawn(|| (0..50).for_each(|_| assert!(!packer.pack("{}").is_empty())));
            }
        });
        assert!(packer.idle().len() <= PACKERS_MAX);
    }

    #[test]
    fn damaged_and_exploding_raws_are_refused() {
        use std::io::Write as _;
        let mut bomb = flate2::write::DeflateEncoder::new(Vec::new(), flate2::Compression::best());
        bomb.write_all(&vec![b'x'; RAW_BYTES_MAX * 8]).unwrap();
        let bomb = bomb.finish().unwrap();
        for raw in [&b""[..], b"\xff\xff", b"not deflate", bomb.as_slice()] {
            assert_eq!(inflate_raw(raw), None);
        }
    }
}
