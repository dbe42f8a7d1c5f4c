//! The chunked transfer coding (RFC 9112 7.1) as a push decoder over byte slices, so that it can
//! be fuzzed without a socket. Chunk extensions are refused: no agent or browser sends them and
//! parsers disagree about them.

use crate::base::limits;
use crate::gate::head::is_token;
use crate::gate::target::hex;

/// The bytes are not a chunked body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ChunkError;

/// What one call of [`ChunkDecoder::decode`] did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progress {
    /// Bytes of the input that are done with.
    pub consumed: usize,
    /// Bytes written to the output.
    pub produced: usize,
}

/// Decodes a chunked body that arrives in pieces.
#[derive(Debug, Default)]
pub struct ChunkDecoder {
    state: State,
    trailer_bytes: usize,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum State {
    /// Before the first digit of a size.
    #[default]
    SizeStart,
    /// Within a size.
    Size { size: u64, digits: u8 },
    /// After the CR of a size line.
    SizeLf { size: u64 },
    /// So many data bytes are still to come.
    Data { left: u64 },
    /// After the data of a chunk.
    DataCr,
    /// After the CR behind the data.
    DataLf,
    /// At the start of a trailer line or of the final empty line.
    TrailerStart,
    /// In a trailer name.
    TrailerName,
    /// In a trailer value.
    TrailerValue,
    /// After the CR of a trailer line.
    TrailerLf,
    /// After the CR of the final empty line.
    EndLf,
    /// All read.
    End,
}

impl ChunkDecoder {
    /// Whether the whole body, with its trailers, has been read.
    pub fn is_finished(&self) -> bool {
        self.state == State::End
    }

    /// Decodes as much of `input` as fits into `output`. Stops at the end of the body: what follows
    /// is the next request. Never panics, whatever the bytes.
    pub fn decode(&mut self, input: &[u8], output: &mut [u8]) -> Result<Progress, ChunkError> {
        let mut consumed = 0;
        let mut produced = 0;
        while let Some(&byte) = input.get(consumed) {
            match self.state {
                State::End => break,
                State::Data { left } => {
                    let source = input.get(consumed..).unwrap_or_default();
                    let room = output.get_mut(produced..).unwrap_or_default();
                    let wanted = usize::try_from(left).unwrap_or(usize::MAX);
                    let count = wanted.min(source.len()).min(room.len());
                    let (Some(room), Some(source)) = (room.get_mut(..count), source.get(..count))
                    else {
                        break;
                    };
                    if count == 0 {
                        break;
                    }
                    room.copy_from_slice(source);
                    consumed += count;
                    produced += count;
                    let left = left - count as u64;
                    self.state = if left == 0 { State::DataCr } else { State::Data { left } };
                }
                state => {
                    self.state = self.step(state, byte)?;
                    consumed += 1;
                }
            }
        }
        Ok(Progress { consumed, produced })
    }

    fn step(&mut self, state: State, byte: u8) -> Result<State, ChunkError> {
        if matches!(state, State::TrailerStart | State::TrailerName | State::TrailerValue) {
            self.trailer_bytes += 1;
            if self.trailer_bytes > limits::TRAILER_BYTES_MAX {
                return Err(ChunkError);
            }
        }
        match (state, byte) {
            (State::SizeStart, _) => {
                let digit = hex(byte).ok_or(ChunkError)?;
                Ok(State::Size { size: u64::from(digit), digits: 1 })
            }
            (State::Size { size, .. }, b'\r') => Ok(State::SizeLf { size }),
            // Sixteen digits fill a u64.
            (State::Size { size, digits }, _) if digits < 16 => {
                let digit = hex(byte).ok_or(ChunkError)?;
                Ok(State::Size { size: size << 4 | u64::from(digit), digits: digits + 1 })
            }
            (State::SizeLf { size: 0 } | State::TrailerLf, b'\n') => Ok(State::TrailerStart),
            (State::SizeLf { size }, b'\n') => Ok(State::Data { left: size }),
            (State::DataCr, b'\r') => Ok(State::DataLf),
            (State::DataLf, b'\n') => Ok(State::SizeStart),
            (State::TrailerStart, b'\r') => Ok(State::EndLf),
            (State::TrailerStart | State::TrailerName, _) if is_token(byte) => {
                Ok(State::TrailerName)
            }
            (State::TrailerValue, b'\r') => Ok(State::TrailerLf),
            (State::TrailerName, b':') | (State::TrailerValue, b'\t' | b' '..=b'~' | 0x80..) => {
                Ok(State::TrailerValue)
            }
            (State::EndLf, b'\n') => Ok(State::End),
            _ => Err(ChunkError),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{ChunkDecoder, ChunkError};

    /// Decodes `input` fed in pieces of `step` bytes: the body and the bytes left behind it.
    fn decode(input: &[u8], step: usize) -> Result<(Vec<u8>, bool, usize), ChunkError> {
        let mut decoder = ChunkDecoder::default();
        let mut body = Vec::new();
        let mut at = 0;
        while at < input.len() && !decoder.is_finished() {
            let mut output = [0; 7];
            let piece = &input[at..(at + step).min(input.len())];
            let progress = decoder.decode(piece, &mut output)?;
            body.extend_from_slice(&output[..progress.produced]);
            at += progress.consumed;
            assert!(progress.consumed > 0 || decoder.is_finished(), "no progress");
        }
        Ok((body, decoder.is_finished(), input.len() - at))
    }

    #[test]
    fn good_bodies_whatever_the_pieces() {
        let check = |input: &str, body: &str, rest: usize| {
            for step in 1..=input.len().max(1) {
                let expected = Ok((body.as_bytes().to_vec(), true, rest));
                assert_eq!(decode(input.as_bytes(), step), expected, "{input:?} by {step}");
            }
        };
        check("0\r\n\r\n", "", 0);
        check("5\r\nhello\r\n0\r\n\r\n", "hello", 0);
        check("5\r\nhello\r\n6\r\n world\r\n0\r\n\r\n", "hello world", 0);
        check("A\r\n0123456789\r\n000\r\n\r\nGET /", "0123456789", 5);
        check("000000000000000a\r\n0123456789\r\n0\r\n\r\n", "0123456789", 0);
        check("1\r\nx\r\n0\r\nA: b\r\nC:\r\n\r\n!", "x", 1);
    }

    #[test]
    fn bad_bodies() {
        for input in [
            "\r\n",
            "g\r\n",
            " 5\r\nhello",
            "5 \r\nhello",
            "5;a=b\r\nhello",
            "5\nhello",
            "5\r\r\n",
            "0x5\r\n",
            "+5\r\n",
            "-1\r\n",
            "5\r\nhelloX",
            "5\r\nhello\n",
            "5\r\nhello\r\r",
            "00000000000000005\r\n",
            "fffffffffffffffff\r\n",
            "0\r\n\n",
            "0\r\nA b: c\r\n\r\n",
            "0\r\n A: b\r\n",
            "0\r\nA\r\n\r\n",
            "0\r\nA: \0\r\n\r\n",
            "0\r\nA: b\n\r\n",
            "0\r\n\rX",
            "5,5\r\nhello",
            "\u{b2}\r\n",
            "0\r\n:x\r\n\r\n",
        ] {
            for step in [1, 2, input.len()] {
                assert!(decode(input.as_bytes(), step).is_err(), "{input:?} by {step}");
            }
        }
    }

    #[test]
    fn trailers_are_bounded() {
        let long = format!("0\r\nA: {}\r\n\r\n", "x".repeat(5000));
        assert_eq!(decode(long.as_bytes(), 4096), Err(ChunkError));
        let many = format!("0\r\n{}\r\n", "A:b\r\n".repeat(2000));
        assert_eq!(decode(many.as_bytes(), 4096), Err(ChunkError));
    }

    #[test]
    fn a_huge_size_is_only_a_number() {
        let (body, finished, _) = decode(b"ffffffffffffffff\r\nabc", 64).unwrap();
        assert_eq!((body.as_slice(), finished), (b"abc".as_slice(), false));
    }
}
