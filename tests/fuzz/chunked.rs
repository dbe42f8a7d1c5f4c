//! Chunked bodies: however the bytes arrive, the same body comes out.
#![no_main]

use libfuzzer_sys::fuzz_target;
use openalpr_webhook::gate::chunked::ChunkDecoder;

/// Decodes `bytes` in pieces of `step` into a buffer of `room`; `None` when they are refused.
fn decode(bytes: &[u8], step: usize, room: usize) -> Option<(Vec<u8>, bool)> {
    let (mut decoder, mut body, mut at) = (ChunkDecoder::default(), Vec::new(), 0);
    let mut buffer = vec![0; room];
    while at < bytes.len() && !decoder.is_finished() {
        let piece = &bytes[at..bytes.len().min(at + step)];
        let progress = decoder.decode(piece, &mut buffer).ok()?;
        body.extend_from_slice(&buffer[..progress.produced]);
        assert!(progress.consumed > 0 || progress.produced > 0, "no progress");
        at += progress.consumed;
    }
    Some((body, decoder.is_finished()))
}

fuzz_target!(|bytes: &[u8]| {
    let whole = decode(bytes, usize::MAX / 2, 1 << 16);
    assert_eq!(whole, decode(bytes, 1, 3));
    assert_eq!(whole, decode(bytes, 7, 1));
});
