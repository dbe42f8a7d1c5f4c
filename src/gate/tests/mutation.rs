//! Random changes of good input: the parsers may say no, they may not panic. Seeded, so a failure
//! comes back.

use crate::gate::chunked::ChunkDecoder;
use crate::gate::{Body, Form, Headers, head};

/// xorshift64*: enough to shake a parser.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 33) as usize % sides.max(1)
    }

    fn mutate(&mut self, seed: &[u8]) -> Vec<u8> {
        const SPICE: &[u8] = b"\r\n\0 \t:%/;,0fF9\x7f\x80\xff";
        let mut bytes = seed.to_vec();
        for _ in 0..=self.roll(6) {
            let at = self.roll(bytes.len());
            match self.roll(5) {
                0 if !bytes.is_empty() => bytes[at] = self.roll(256) as u8,
                1 if !bytes.is_empty() => drop(bytes.remove(at)),
                2 => bytes.insert(at, SPICE[self.roll(SPICE.len())]),
                3 => bytes.truncate(at),
                _ => {
                    let end = (at + self.roll(20)).min(bytes.len());
                    let copy = bytes[at..end].to_vec();
                    bytes.splice(at..at, copy);
                }
            }
        }
        bytes
    }
}

#[test]
fn heads() {
    let seeds: [&[u8]; 4] = [
        b"GET / HTTP/1.1\r\nHost: h\r\n\r\n",
        b"\r\nPOST /a%20b?c=d HTTP/1.1\r\nHost: [::1]:80\r\nContent-Length: 5\r\nCookie: a=b\r\n\r\nhello",
        b"PUT /x HTTP/1.0\r\nTransfer-Encoding: chunked\r\nExpect: 100-continue\r\n\r\n",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    ];
    let mut dice = Dice(0x5eed);
    let mut accepted = 0;
    for round in 0..60_000 {
        let bytes = dice.mutate(seeds[round % seeds.len()]);
        if let Ok(Some(parsed)) = head::parse(&bytes) {
            accepted += 1;
            assert!(parsed.length <= bytes.len() && parsed.head.path.starts_with('/'));
            assert!(!parsed.head.path.contains('\0'));
            // The same head without what follows it is the same request.
            let again = head::parse(&bytes[..parsed.length]).unwrap().unwrap();
            assert_eq!((again.framing, again.length), (parsed.framing, parsed.length));
            // And no shorter piece of it is complete.
            assert!(!matches!(head::parse(&bytes[..parsed.length - 1]), Ok(Some(_))));
        }
    }
    assert!(accepted > 1000, "the mutations say nothing: {accepted}");
}

#[test]
fn chunk_streams() {
    let seed = b"5\r\nhello\r\nA\r\n0123456789\r\n0\r\nX: y\r\n\r\nrest";
    let mut dice = Dice(0xc0de);
    for _ in 0..60_000 {
        let bytes = dice.mutate(seed);
        let whole = run(&bytes, bytes.len().max(1), 64);
        // The same bytes in other pieces give the same body.
        assert_eq!(run(&bytes, 1 + dice.roll(7), 1 + dice.roll(9)), whole, "{bytes:?}");
    }
}

/// Body, whether it ended, whether it failed.
fn run(bytes: &[u8], step: usize, room: usize) -> (Vec<u8>, bool, bool) {
    let mut decoder = ChunkDecoder::default();
    let (mut body, mut at, mut output) = (Vec::new(), 0, vec![0; room]);
    while at < bytes.len() && !decoder.is_finished() {
        let piece = &bytes[at..(at + step).min(bytes.len())];
        match decoder.decode(piece, &mut output) {
            Ok(progress) => {
                assert!(progress.consumed > 0 && progress.produced <= room);
                at += progress.consumed;
                body.extend_from_slice(&output[..progress.produced]);
            }
            // What was decoded before the error is lost with its piece; only the verdict counts.
            Err(_) => return (Vec::new(), false, true),
        }
    }
    (body, decoder.is_finished(), false)
}

#[test]
fn forms_and_packed_bodies() {
    use std::io::Write as _;
    let mut packer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    packer.write_all(&b"hello hello hello hello".repeat(20)).unwrap();
    let packed = packer.finish().unwrap();
    let headers = Headers::from_pairs([("Content-Encoding", "gzip")]);
    let mut dice = Dice(0xf0);
    for _ in 0..20_000 {
        let _ = Form::parse(dice.mutate(b"a=1&b=%20+&%C3%A4=x&&c"));
        let bytes = dice.mutate(&packed);
        if let Ok(body) = Body::from_bytes(bytes, &headers).read_all(1000) {
            assert!(body.len() <= 1000);
        }
    }
}
