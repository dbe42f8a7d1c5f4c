//! JPEG: walked segment by segment, written anew without what is not the picture (places, cameras,
//! thumbnails, texts, anything behind the end). Which way is up is kept: browsers need it.

const START: &[u8] = b"\xff\xd8";
const END: &[u8] = b"\xff\xd9";
const EXIF: &[u8] = b"Exif\0\0";

/// The picture in `bytes`; `None` when a segment is broken or missing.
pub(super) fn clean(bytes: &[u8]) -> Option<Vec<u8>> {
    let mut rest = bytes.strip_prefix(START)?;
    let (mut out, mut turn, mut scans) = (START.to_vec(), None, 0_u32);
    loop {
        rest = rest.strip_prefix(b"\xff")?;
        // Any number of filling bytes may stand before a marker.
        let (marker, after) = rest.split_first()?;
        if *marker == 0xff {
            continue;
        }
        if *marker == 0xd9 {
            out.extend_from_slice(END);
            break;
        }
        let length = usize::from(u16::from_be_bytes(*after.first_chunk::<2>()?));
        let (segment, behind) = after.split_at_checked(length)?;
        let data = segment.get(2..)?;
        let kept = match *marker {
            // Frames, tables, scans.
            0xc0..=0xc7 | 0xc9..=0xcf | 0xda..=0xdd => true,
            // How its colours are meant.
            0xe0 => data.starts_with(b"JFIF\0"),
            0xee => data.starts_with(b"Adobe"),
            0xe1..=0xed | 0xef | 0xfe => false,
            _ => return None,
        };
        if *marker == 0xe1 {
            turn = turn.or_else(|| data.strip_prefix(EXIF).and_then(turned));
        }
        if kept {
            out.extend_from_slice(&[0xff, *marker]);
            out.extend_from_slice(segment);
        }
        rest = behind;
        if *marker == 0xda {
            let end = scan_end(rest)?;
            let (scan, behind) = rest.split_at_checked(end)?;
            out.extend_from_slice(scan);
            (rest, scans) = (behind, scans + 1);
        }
    }
    if let Some(turn) = turn {
        out.splice(START.len()..START.len(), exif(turn));
    }
    (scans > 0).then_some(out)
}

/// Where the packed data of a scan end: at the next marker that is neither a restart nor a stuffed
/// byte.
fn scan_end(data: &[u8]) -> Option<usize> {
    let marks =
        |pair: &[u8]| matches!(pair, [0xff, next] if *next != 0 && !(0xd0..=0xd7).contains(next));
    data.windows(2).position(marks)
}

/// Which way is up (2 to 8), as the first directory of `tiff` says; 1 needs no word.
fn turned(tiff: &[u8]) -> Option<u8> {
    let little = match tiff.first_chunk::<4>()? {
        b"II*\0" => true,
        b"MM\0*" => false,
        _ => return None,
    };
    let short = |at: usize| {
        let pair = *tiff.get(at..)?.first_chunk::<2>()?;
        Some(if little { u16::from_le_bytes(pair) } else { u16::from_be_bytes(pair) })
    };
    let four = *tiff.get(4..)?.first_chunk::<4>()?;
    let start = if little { u32::from_le_bytes(four) } else { u32::from_be_bytes(four) };
    let start = usize::try_from(start).ok()?;
    let entries = usize::from(short(start)?);
    let at = |entry: usize| start.checked_add(2 + entry * 12);
    let found = (0..entries).filter_map(at).find(|place| short(*place) == Some(0x0112))?;
    let value = short(found.checked_add(8)?)?;
    u8::try_from(value).ok().filter(|value| (2..=8).contains(value))
}

/// A segment that says only which way is up.
fn exif(turn: u8) -> Vec<u8> {
    let mut segment = b"\xff\xe1\0\x22".to_vec();
    segment.extend_from_slice(EXIF);
    segment.extend_from_slice(b"MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0");
    segment.extend_from_slice(&[turn, 0, 0, 0, 0, 0, 0]);
    segment
}

#[cfg(test)]
mod tests {
    use super::super::tests::photo;
    use super::*;

    fn with(segments: &[(u8, &[u8])]) -> Vec<u8> {
        let mut bytes = START.to_vec();
        for (marker, data) in segments {
            bytes.extend([0xff, *marker]);
            bytes.extend((data.len() as u16 + 2).to_be_bytes());
            bytes.extend(*data);
        }
        bytes.extend(&photo(8, 8)[2..]);
        bytes
    }

    fn holds(bytes: &[u8], part: &[u8]) -> bool {
        bytes.windows(part.len()).any(|window| window == part)
    }

    #[test]
    fn only_the_picture_and_its_turn_stay() {
        let plain = clean(&photo(8, 8)).unwrap();
        assert_eq!(clean(&plain).unwrap(), plain, "clean stays clean");
        for (tiff, turn) in [
            (
                b"II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0\x06\0\0\0\0\0\0\0".as_slice(),
                Some(6),
            ),
            (
                b"MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x03\0\0\0\0\0\0".as_slice(),
                Some(3),
            ),
            (b"MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x01\0\0\0\0\0\0".as_slice(), None),
            (b"MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x63\0\0\0\0\0\0".as_slice(), None),
            (b"MM\0*\xff\xff\xff\xff".as_slice(), None),
            (b"MM\0*\0\0\0\x08\xff\xff".as_slice(), None),
            (b"".as_slice(), None),
        ] {
            let told = [EXIF, tiff, b"GPS 38.9 N 77.0 W"].concat();
            let bytes = with(&[(0xe1, &told), (0xfe, b"by somebody"), (0xe2, b"MPF\0thumb")]);
            let made = clean(&[bytes.as_slice(), b"a film behind the end"].concat()).unwrap();
            for part in [b"GPS".as_slice(), b"somebody", b"thumb", b"film"] {
                assert!(!holds(&made, part));
            }
            let expected =
                turn.map_or(plain.clone(), |turn| [START, &exif(turn), &plain[2..]].concat());
            assert_eq!(made, expected, "{turn:?}");
            assert_eq!(clean(&made).unwrap(), made);
        }
    }

    #[test]
    fn broken_ones_are_none() {
        let whole = photo(8, 8);
        for end in 0..whole.len() {
            assert_eq!(clean(&whole[..end]), None, "{end}");
        }
        for bytes in [
            b"\xff\xd8\xff\xd9".as_slice(),
            b"\xff\xd8\xff\xe0\0\x01\xff\xd9",
            b"\xff\xd8\xff\xff\xff",
        ] {
            assert_eq!(clean(bytes), None);
        }
    }
}
