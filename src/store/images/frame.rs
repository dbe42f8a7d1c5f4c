//! The form of a segment: a short head, then frames one after the other. A frame carries a record
//! and the JPEGs that belong to it, and says by its checksums whether it is whole. Knows no files.
//!
//! ```text
//! segment  magic[8] version[1] zero[3] number[4]
//! frame    magic[4] kind[1] zero[3] key[8] body length[4] body CRC[4] CRC of these 24 bytes[4]
//! body     record length[4] record JPEG JPEG ...
//! record   version, images (kind, bytes, width, height, CRC each), the rest as the kind says
//! ```
//! Numbers are little endian. The CRC of a head also covers the number of its segment and its
//! offset, so that bytes which lie where they do not belong are never taken for a frame.

use std::ops::Range;

use super::{ImagePlace, Places};
use crate::model::capture::{CaptureKey, ImageKind, Jpeg};
use crate::store::StoreError;
use crate::store::codec::{Reader, Writer};

/// Bytes of the head of a segment.
pub(super) const SEGMENT_HEAD: u64 = 16;
/// Bytes of the head of a frame.
pub(super) const FRAME_HEAD: usize = 28;
/// Bytes of the record's length at the start of a body.
pub(super) const RECORD_HEAD: usize = 4;

const SEGMENT_MAGIC: [u8; 8] = *b"OALPRSEG";
const SEGMENT_VERSION: u8 = 1;
const FRAME_MAGIC: [u8; 4] = [0xF7, b'A', b'L', b'P'];

/// What a frame carries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::store) enum FrameKind {
    /// A payload as it was received, with the images of its capture: it is recorded again after a
    /// crash.
    Read = 1,
    /// Images alone, whose places are recorded by whoever wrote them.
    Images = 2,
}

/// An image of a frame, as the record describes it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct ImageHead {
    pub(super) kind: ImageKind,
    pub(super) bytes: u32,
    pub(super) width: u32,
    pub(super) height: u32,
    pub(super) crc: u32,
}

impl ImageHead {
    pub(super) fn of(kind: ImageKind, jpeg: &Jpeg) -> Result<Self, StoreError> {
        let bytes = u32::try_from(jpeg.bytes.len())
            .map_err(|_| StoreError::Refused("the image is too large"))?;
        let crc = crc32fast::hash(&jpeg.bytes);
        Ok(Self { kind, bytes, width: jpeg.width, height: jpeg.height, crc })
    }

    /// Its place when it lies at `offset` of segment `number`.
    pub(super) const fn place(&self, number: u32, offset: u32) -> ImagePlace {
        let Self { bytes, width, height, crc, .. } = *self;
        ImagePlace { partition: number, offset, bytes, width, height, crc }
    }
}

/// The head of a segment.
pub(super) fn segment_head(number: u32) -> [u8; SEGMENT_HEAD as usize] {
    let mut head = [0; SEGMENT_HEAD as usize];
    let (magic, rest) = head.split_at_mut(8);
    magic.copy_from_slice(&SEGMENT_MAGIC);
    let (version, number_at) = rest.split_at_mut(4);
    version.copy_from_slice(&[SEGMENT_VERSION, 0, 0, 0]);
    number_at.copy_from_slice(&number.to_le_bytes());
    head
}

/// Checks the head of segment `number`.
///
/// # Errors
/// [`StoreError::Corrupt`] when it is not one, or a later version wrote it.
pub(super) fn check_segment_head(head: &[u8], number: u32) -> Result<(), StoreError> {
    if head == segment_head(number) {
        return Ok(());
    }
    let version = head.get(8).filter(|_| head.starts_with(&SEGMENT_MAGIC));
    Err(StoreError::Corrupt(match version {
        Some(version) if *version > SEGMENT_VERSION => {
            format!("image segment {number} has the unknown form {version}")
        }
        _ => format!("image segment {number} does not begin like one"),
    }))
}

/// A frame that is about to be written: its bytes up to the JPEGs.
pub(in crate::store) struct Outgoing {
    /// Head of the frame, length of the record, record.
    pub(super) front: Vec<u8>,
    /// Its images.
    pub(super) images: Vec<ImageHead>,
    /// Where in `front` the detail of the capture stands.
    detail: Option<Range<usize>>,
    kind: FrameKind,
    key: CaptureKey,
    jpeg_bytes: usize,
}

impl Outgoing {
    /// A frame of `kind` about capture `key` whose record ends with what `rest` writes, which says
    /// where it wrote the detail of a capture.
    pub(in crate::store) fn new(
        kind: FrameKind,
        key: CaptureKey,
        jpegs: &[(ImageKind, &Jpeg)],
        rest: impl FnOnce(&mut Writer) -> Option<Range<usize>>,
    ) -> Result<Self, StoreError> {
        let heads = jpegs.iter().map(|(kind, jpeg)| ImageHead::of(*kind, jpeg));
        let images = heads.collect::<Result<Vec<_>, _>>()?;
        let mut writer = Writer::behind(vec![0; FRAME_HEAD + RECORD_HEAD], 1);
        writer.u8(images.len() as u8);
        for image in &images {
            writer.u8(image.kind as u8).u32(image.bytes);
            writer.u32(image.width).u32(image.height).u32(image.crc);
        }
        let detail = rest(&mut writer);
        let mut front = writer.finish();
        let record_bytes = u32::try_from(front.len() - FRAME_HEAD - RECORD_HEAD)
            .map_err(|_| StoreError::Refused("the read is too large"))?;
        if let Some(at) = front.get_mut(FRAME_HEAD..FRAME_HEAD + RECORD_HEAD) {
            at.copy_from_slice(&record_bytes.to_le_bytes());
        }
        let jpeg_bytes = jpegs.iter().map(|(_, jpeg)| jpeg.bytes.len()).sum();
        Ok(Self { front, images, detail, kind, key, jpeg_bytes })
    }

    /// Bytes of the whole frame.
    pub(in crate::store) fn len(&self) -> usize {
        self.front.len() + self.jpeg_bytes
    }

    /// Where its parts lie when it begins at `offset` of segment `number`.
    pub(super) fn places(&self, number: u32, offset: u32) -> Places {
        let mut next = offset.saturating_add(self.front.len() as u32);
        let images = self.images.iter().map(|image| {
            let at = next;
            next = next.saturating_add(image.bytes);
            (image.kind, image.place(number, at))
        });
        let images = images.collect();
        let detail = self.detail.clone().and_then(|part| {
            let at = offset.saturating_add(part.start as u32);
            Some(ImagePlace::of_detail(number, at, self.front.get(part)?))
        });
        Places { images, detail }
    }

    /// Fills in the head for `offset` of segment `number`.
    pub(super) fn place(&mut self, number: u32, offset: u32) -> Result<(), StoreError> {
        let body_bytes = u32::try_from(self.len() - FRAME_HEAD)
            .map_err(|_| StoreError::Refused("the read is too large"))?;
        let mut crc = crc32fast::Hasher::new();
        crc.update(self.front.get(FRAME_HEAD..).unwrap_or_default());
        for image in &self.images {
            // Each byte of a JPEG is looked at once: CRCs of parts make the CRC of the whole.
            crc.combine(&crc32fast::Hasher::new_with_initial_len(image.crc, image.bytes.into()));
        }
        let (kind, body_crc) = (self.kind as u8, crc.finalize());
        let head = FrameHead { kind, key: self.key, body_bytes, body_crc };
        if let Some(at) = self.front.get_mut(..FRAME_HEAD) {
            at.copy_from_slice(&head.encode(number, offset));
        }
        Ok(())
    }
}

/// The head of a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct FrameHead {
    /// A [`FrameKind`], or one of a later version.
    pub(super) kind: u8,
    /// The capture it is about; zero when it is about none.
    pub(super) key: CaptureKey,
    pub(super) body_bytes: u32,
    pub(super) body_crc: u32,
}

impl FrameHead {
    fn encode(&self, number: u32, offset: u32) -> [u8; FRAME_HEAD] {
        let mut head = [0; FRAME_HEAD];
        let (plain, crc) = head.split_at_mut(FRAME_HEAD - 4);
        let key = self.key.0.to_le_bytes();
        let parts: [&[u8]; 5] = [
            &FRAME_MAGIC,
            &[self.kind, 0, 0, 0],
            &key,
            &self.body_bytes.to_le_bytes(),
            &self.body_crc.to_le_bytes(),
        ];
        plain.copy_from_slice(&parts.concat());
        crc.copy_from_slice(&seal(plain, number, offset).to_le_bytes());
        head
    }

    /// The head in `bytes`, which lie at `offset` of segment `number`; `None` when they are none.
    pub(super) fn decode(bytes: &[u8], number: u32, offset: u32) -> Option<Self> {
        let (plain, crc) = bytes.split_at_checked(FRAME_HEAD - 4)?;
        let whole = may_be_head(plain) && crc == seal(plain, number, offset).to_le_bytes();
        whole.then_some(())?;
        let word = |at: usize| Some(u32::from_le_bytes(plain.get(at..at + 4)?.try_into().ok()?));
        let key = u64::from_le_bytes(plain.get(8..16)?.try_into().ok()?);
        let (kind, key) = (*plain.get(4)?, CaptureKey(key));
        Some(Self { kind, key, body_bytes: word(16)?, body_crc: word(20)? })
    }
}

/// Whether `bytes` begin as a head does; [`FrameHead::decode`] knows for sure.
pub(super) fn may_be_head(bytes: &[u8]) -> bool {
    bytes.starts_with(&FRAME_MAGIC)
}

fn seal(plain: &[u8], number: u32, offset: u32) -> u32 {
    let mut crc = crc32fast::Hasher::new();
    crc.update(plain);
    crc.update(&number.to_le_bytes());
    crc.update(&offset.to_le_bytes());
    crc.finalize()
}

/// The record in `body`, and the offset in the body at which the JPEGs begin.
pub(super) fn record(body: &[u8]) -> Result<(&[u8], usize), StoreError> {
    let short = || StoreError::Corrupt("a frame ends early".into());
    let (length, rest) = body.split_at_checked(RECORD_HEAD).ok_or_else(short)?;
    let length = length.try_into().map(u32::from_le_bytes).map_err(|_| short())? as usize;
    Ok((rest.get(..length).ok_or_else(short)?, RECORD_HEAD + length))
}

/// The images a record describes; `reader` is left behind them.
pub(super) fn image_heads(reader: &mut Reader<'_>) -> Result<Vec<ImageHead>, StoreError> {
    let mut heads = Vec::new();
    for _ in 0..reader.u8()? {
        let kind = reader.u8()?;
        let kind = ImageKind::ALL.into_iter().find(|known| *known as u8 == kind);
        heads.push(ImageHead {
            kind: kind.ok_or_else(|| StoreError::Corrupt("unknown kind of image".into()))?,
            bytes: reader.u32()?,
            width: reader.u32()?,
            height: reader.u32()?,
            crc: reader.u32()?,
        });
    }
    Ok(heads)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn jpeg(bytes: &[u8]) -> Jpeg {
        Jpeg { bytes: bytes.to_vec(), width: 7, height: 9 }
    }

    fn frame(number: u32, offset: u32) -> Vec<u8> {
        let (small, large) = (jpeg(b"small"), jpeg(&[3; 999]));
        let jpegs = [(ImageKind::Plate, &small), (ImageKind::Overview, &large)];
        let mut frame = Outgoing::new(FrameKind::Read, CaptureKey(5), &jpegs, |writer| {
            writer.text("the rest");
            Some(writer.len() - 4..writer.len())
        })
        .unwrap();
        frame.place(number, offset).unwrap();
        let places = frame.places(number, offset);
        let offsets: Vec<u32> = places.images.iter().map(|(_, place)| place.offset).collect();
        let detail = places.detail.unwrap();
        let at = (detail.offset - offset) as usize;
        assert_eq!(&frame.front[at..at + detail.bytes as usize], b"rest");
        assert_eq!((detail.partition, detail.crc), (number, crc32fast::hash(b"rest")));
        let length = frame.len();
        let mut bytes = frame.front;
        for ((_, jpeg), at) in jpegs.iter().zip(offsets) {
            assert_eq!(at as usize, offset as usize + bytes.len());
            bytes.extend(&jpeg.bytes);
        }
        assert_eq!(bytes.len(), length);
        bytes
    }

    #[test]
    fn a_frame_comes_back() {
        let bytes = frame(3, 16);
        let head = FrameHead::decode(&bytes[..FRAME_HEAD], 3, 16).unwrap();
        assert_eq!((head.kind, head.body_bytes as usize), (1, bytes.len() - FRAME_HEAD));
        assert_eq!(head.key, CaptureKey(5));
        let body = &bytes[FRAME_HEAD..];
        assert_eq!(head.body_crc, crc32fast::hash(body), "put together from its parts");
        let (record, jpegs_at) = record(body).unwrap();
        let mut reader = Reader::new(record).unwrap();
        let images = image_heads(&mut reader).unwrap();
        assert_eq!(images.iter().map(|image| image.bytes).collect::<Vec<_>>(), [5, 999]);
        assert_eq!(reader.text().unwrap(), "the rest");
        assert_eq!(&body[jpegs_at..jpegs_at + 5], b"small");
    }

    #[test]
    fn what_is_not_whole_or_lies_elsewhere_is_no_frame() {
        let bytes = frame(3, 16);
        let head = &bytes[..FRAME_HEAD];
        assert!(FrameHead::decode(head, 4, 16).is_none(), "another segment");
        assert!(FrameHead::decode(head, 3, 17).is_none(), "another place");
        for bit in 0..FRAME_HEAD * 8 {
            let mut flipped = head.to_vec();
            flipped[bit / 8] ^= 1 << (bit % 8);
            assert!(FrameHead::decode(&flipped, 3, 16).is_none(), "bit {bit}");
        }
        for end in 0..FRAME_HEAD {
            assert!(FrameHead::decode(&head[..end], 3, 16).is_none());
        }
        assert!(FrameHead::decode(&[0; FRAME_HEAD], 0, 0).is_none());
        assert!(record(&[9, 0, 0, 0, 1]).is_err());
    }

    #[test]
    fn segment_heads_are_told_apart() {
        let head = segment_head(12);
        check_segment_head(&head, 12).unwrap();
        assert!(check_segment_head(&head, 13).is_err());
        assert!(check_segment_head(&head[..15], 12).is_err());
        let mut later = head;
        later[8] = 2;
        let error = check_segment_head(&later, 12).unwrap_err().to_string();
        assert!(error.contains("unknown form 2"), "{error}");
    }
}
