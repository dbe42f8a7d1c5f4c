//! The entries of a segment, found again by walking through its frames. What is done with them is not
//! known here.

use super::frame::{FrameKind, image_heads, record};
use super::segment::Segment;
use super::{ImagePlace, Position};
use crate::model::capture::{CaptureKey, ImageKind};
use crate::store::StoreError;
use crate::store::codec::Reader;

/// An entry found in the journal.
pub(in crate::store) struct Found<'a> {
    /// A read, or images that were fetched for one later.
    pub(in crate::store) kind: FrameKind,
    /// The capture it is about; zero for none.
    pub(in crate::store) key: CaptureKey,
    /// The end of its frame.
    pub(in crate::store) end: Position,
    /// Stands in its record behind the images.
    pub(in crate::store) reader: Reader<'a>,
    /// Where its images lie.
    pub(in crate::store) images: Vec<(ImageKind, ImagePlace)>,
    /// Where its record ends in the segment.
    pub(in crate::store) record_end: u32,
}

/// Calls `each` with the entries of one segment; whether something in it is damaged.
pub(super) fn walk(
    segment: &Segment,
    offset: u32,
    each: &mut dyn FnMut(Found<'_>) -> Result<(), StoreError>,
) -> Result<bool, StoreError> {
    let mut frames = segment.frames(offset)?;
    while let Some(frame) = frames.next()? {
        let kinds = [FrameKind::Read, FrameKind::Images];
        let kind = kinds.into_iter().find(|kind| *kind as u8 == frame.head.kind);
        let Some(kind) = kind else { continue };
        let (record, jpegs_at) = record(&frame.body)?;
        let mut reader = Reader::new(record)?;
        let mut at = frame.body_offset + jpegs_at as u32;
        let record_end = at;
        let mut images = Vec::new();
        for image in image_heads(&mut reader)? {
            images.push((image.kind, image.place(segment.number, at)));
            at = at.saturating_add(image.bytes);
        }
        let end = Position { segment: segment.number, offset: frames.offset };
        each(Found { kind, key: frame.head.key, end, reader, images, record_end })?;
    }
    Ok(frames.damaged)
}
