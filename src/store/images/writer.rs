//! The writing end of the journal. When it moves to a new segment is not decided here.

use std::path::Path;
use std::sync::Arc;

use super::file::Output;
use super::frame::{Outgoing, SEGMENT_HEAD};
use super::segment::Segment;
use super::{ImagesOptions, Places, Position};
use crate::store::StoreError;

/// Appends to one segment, or waits for a new one.
pub(super) struct Writer {
    /// The last segment there was and the end of what is durable in it.
    position: Position,
    /// `None` when there is none to write to: it was closed, damaged, or a write to it failed.
    open: Option<(Arc<Segment>, Output)>,
}

impl Writer {
    /// Goes on writing to `segment`, unless it is damaged; everything before `known` is whole.
    pub(super) fn resume(
        segment: &Arc<Segment>,
        known: u32,
        options: &ImagesOptions,
    ) -> Option<Self> {
        match segment.resume(known, options) {
            Ok((output, offset)) => Some(Self {
                position: Position { segment: segment.number, offset },
                open: Some((Arc::clone(segment), output)),
            }),
            Err(error) => {
                log::warn!("image segment {} is not continued: {error}", segment.number);
                None
            }
        }
    }

    /// Begins segment `number` in `directory`.
    pub(super) fn begin(
        directory: &Path,
        number: u32,
        options: &ImagesOptions,
    ) -> Result<Self, StoreError> {
        let (segment, output) = Segment::create(directory, number, options)?;
        let position = Position { segment: number, offset: SEGMENT_HEAD as u32 };
        Ok(Self { position, open: Some((Arc::new(segment), output)) })
    }

    /// One that begins a new segment behind number `last` when it is needed.
    pub(super) const fn waiting(last: u32) -> Self {
        Self { position: Position { segment: last, offset: u32::MAX }, open: None }
    }

    /// Its segment.
    pub(super) fn segment(&self) -> Option<&Arc<Segment>> {
        self.open.as_ref().map(|(segment, _)| segment)
    }

    /// The end of what is durable.
    pub(super) const fn position(&self) -> Position {
        self.position
    }

    /// Whether `bytes` may be appended to a segment of at most `max`; a batch that is larger than
    /// that gets one of its own.
    pub(super) fn has_room(&self, bytes: u32, max: u32) -> bool {
        let used = self.position.offset;
        let fits = used <= SEGMENT_HEAD as u32 || used.saturating_add(bytes) <= max;
        self.open.is_some() && fits
    }

    /// Writes no more to its segment, which stays readable.
    pub(super) fn close(&mut self) {
        if let Some((segment, _)) = self.open.take() {
            segment.measure();
            segment.close();
        }
    }

    /// Appends `frames` and makes them durable.
    pub(super) fn append(
        &mut self,
        frames: &mut [(&mut Outgoing, Vec<&[u8]>)],
    ) -> Result<(Vec<Places>, Position), StoreError> {
        let (segment, output) = self.open.as_ref().ok_or(StoreError::Poisoned)?;
        let mut end = self.position.offset;
        let mut places = Vec::with_capacity(frames.len());
        for (frame, _) in frames.iter_mut() {
            frame.place(segment.number, end)?;
            places.push(frame.places(segment.number, end));
            let length = u32::try_from(frame.len()).ok();
            end = length
                .and_then(|length| end.checked_add(length))
                .ok_or(StoreError::Refused("the image segment is full"))?;
        }
        let mut parts: Vec<&[u8]> = Vec::with_capacity(frames.len() * 4);
        for (frame, jpegs) in frames.iter() {
            parts.push(&frame.front);
            parts.extend(jpegs);
        }
        let durable = self.position.offset;
        if let Err(error) = output.write(durable, &parts) {
            let cut = output.cut(durable);
            log::warn!("image segment {}: {error} (cut back: {})", segment.number, cut.is_ok());
            if cut.is_err() {
                self.close();
            }
            return Err(error);
        }
        if let Err(error) = output.sync() {
            // Nobody knows what the disk holds now, and a later sync would not say: nothing more
            // is written behind it. What was durable before stays so.
            let _ = output.cut(durable);
            log::warn!("image segment {}: sync failed: {error}", segment.number);
            self.close();
            return Err(error);
        }
        segment.grown(end);
        self.position.offset = end;
        Ok((places, self.position))
    }
}
