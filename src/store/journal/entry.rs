//! A read as it stands in the journal: everything it takes to record it once more after a crash.

use super::super::captures::{decode, decode_detail, encode, encode_detail};
use std::ops::Range;

use super::super::codec::{Reader, Writer};
use super::super::images::{FrameKind, Outgoing};
use super::super::index::Slot;
use super::super::rekor;
use crate::base::clock::Timestamp;
use crate::model::agent::{Heartbeat, Payload, RekorAlert, Stream};
use crate::model::capture::{CaptureKey, ImageKind, Jpeg, NewCapture};
use crate::store::StoreError;

/// A payload on its way into the records, and what is known about it besides.
#[derive(Clone, Debug, PartialEq)]
pub struct Read {
    /// What it says, keys given. The images of its capture are kept apart.
    pub payload: Payload,
    /// Address it came from.
    pub address: String,
    /// When it came.
    pub received_at: Timestamp,
}

impl Read {
    /// The key of its capture; zero when it is about none.
    pub const fn key(&self) -> CaptureKey {
        match &self.payload {
            Payload::Capture(new) | Payload::Alert { group: Some(new), .. } => new.capture.key,
            _ => CaptureKey(0),
        }
    }
}

/// A read with its images, in the form the journal keeps them.
pub struct Entry {
    /// The read.
    pub read: Read,
    pub(super) frame: Outgoing,
    pub(super) images: Vec<(ImageKind, Jpeg)>,
}

impl Entry {
    /// Prepares `read` with the images that are to be kept of it. Takes the work of encoding off
    /// the thread that writes.
    ///
    /// # Errors
    /// [`StoreError::Refused`] when it is too large to be kept.
    pub fn new(read: Read, images: Vec<(ImageKind, Jpeg)>) -> Result<Self, StoreError> {
        let jpegs: Vec<_> = images.iter().map(|(kind, jpeg)| (*kind, jpeg)).collect();
        let frame =
            Outgoing::new(FrameKind::Read, read.key(), &jpegs, |writer| put_read(writer, &read))?;
        Ok(Self { read, frame, images })
    }
}

const CAPTURE: u8 = 0;
const ALERT: u8 = 1;
const HEARTBEAT: u8 = 2;
const RESULTS: u8 = 3;
const TEST: u8 = 4;
const UNKNOWN: u8 = 5;

/// Writes `read`; returns where the detail of its capture stands, which is always at the end.
pub(super) fn put_read(writer: &mut Writer, read: &Read) -> Option<Range<usize>> {
    writer.i64(read.received_at.0).text(&read.address);
    match &read.payload {
        Payload::Capture(new) => return Some(put_capture(writer.u8(CAPTURE), new)),
        Payload::Alert { alert, group } => {
            writer.u8(ALERT).u64(alert.key.0).bytes(&rekor::encode(alert));
            match group {
                Some(new) => return Some(put_capture(writer.u8(1), new)),
                None => _ = writer.u8(0),
            }
        }
        Payload::Heartbeat(heartbeat) => put_heartbeat(writer.u8(HEARTBEAT), heartbeat),
        Payload::Results => _ = writer.u8(RESULTS),
        Payload::Test => _ = writer.u8(TEST),
        Payload::Unknown(name) => _ = writer.u8(UNKNOWN).text(name),
    }
    None
}

/// The read that `reader` stands before, and the record of its detail, behind which `reader` is
/// left.
pub(super) fn read<'a>(reader: &mut Reader<'a>) -> Result<(Read, Option<&'a [u8]>), StoreError> {
    let mut detail = None;
    let received_at = Timestamp(reader.i64()?);
    let address = reader.text()?.to_owned();
    let payload = match reader.u8()? {
        CAPTURE => Payload::Capture(capture(reader, &mut detail)?),
        ALERT => {
            let key = reader.u64()?;
            let alert: RekorAlert = rekor::decode(key, reader.bytes()?)?;
            let group = match reader.u8()? {
                0 => None,
                _ => Some(capture(reader, &mut detail)?),
            };
            Payload::Alert { alert, group }
        }
        HEARTBEAT => Payload::Heartbeat(heartbeat(reader)?),
        RESULTS => Payload::Results,
        TEST => Payload::Test,
        UNKNOWN => Payload::Unknown(reader.text()?.to_owned()),
        other => return Err(StoreError::Corrupt(format!("payload of unknown form {other}"))),
    };
    Ok((Read { payload, address, received_at }, detail))
}

fn put_capture(writer: &mut Writer, new: &NewCapture) -> Range<usize> {
    writer.u64(new.capture.key.0);
    let detail = encode_detail(&new.detail);
    writer.reserve(detail.len() + 512);
    writer.bytes(&encode(&new.capture, Slot::default())).bytes(&detail);
    writer.len() - detail.len()..writer.len()
}

fn capture<'a>(
    reader: &mut Reader<'a>,
    detail: &mut Option<&'a [u8]>,
) -> Result<NewCapture, StoreError> {
    let key = CaptureKey(reader.u64()?);
    let (capture, _) = decode(key, reader.bytes()?)?;
    let record = reader.bytes()?;
    *detail = Some(record);
    Ok(NewCapture { capture, detail: decode_detail(record)?, images: Vec::new() })
}

fn put_heartbeat(writer: &mut Writer, heartbeat: &Heartbeat) {
    writer.text(&heartbeat.agent_uid).text(&heartbeat.hostname);
    writer.text(&heartbeat.version).text(&heartbeat.kind).i64(heartbeat.sent_at.0);
    // Bounded when parsed.
    writer.u32(heartbeat.streams.len() as u32);
    for stream in &heartbeat.streams {
        let (latitude, longitude) = stream.position.unwrap_or((f64::NAN, f64::NAN));
        writer.i64(stream.camera_id).text(&stream.name).u8(stream.streaming.into());
        writer.f32(stream.fps).f64(latitude).f64(longitude);
    }
}

fn heartbeat(reader: &mut Reader<'_>) -> Result<Heartbeat, StoreError> {
    Ok(Heartbeat {
        agent_uid: reader.text()?.to_owned(),
        hostname: reader.text()?.to_owned(),
        version: reader.text()?.to_owned(),
        kind: reader.text()?.to_owned(),
        sent_at: Timestamp(reader.i64()?),
        streams: (0..reader.u32()?).map(|_| stream(reader)).collect::<Result<_, _>>()?,
    })
}

fn stream(reader: &mut Reader<'_>) -> Result<Stream, StoreError> {
    let (camera_id, name) = (reader.i64()?, reader.text()?.to_owned());
    let (streaming, fps) = (reader.u8()? != 0, reader.f32()?);
    let (latitude, longitude) = (reader.f64()?, reader.f64()?);
    let position = (!latitude.is_nan()).then_some((latitude, longitude));
    Ok(Stream { camera_id, name, streaming, fps, position })
}
