//! Captures and their details as records, and the reads that need no search. What is indexed and
//! how is the business of `index`.

use std::ops::Bound;

use redb::{ReadableTable, ReadableTableMetadata as _};

use super::codec::{Reader, Writer};
use super::index::Slot;
use super::tables::{CAPTURES, PLATES};
use super::{ReadTx, Store, StoreError, WriteTx};
use crate::base::clock::Timestamp;
use crate::base::limits::NEIGHBOURS_MAX;
use crate::model::capture::{
    Capture, CaptureDetail, CaptureKey, CaptureKind, Flags, Guess, ImageSet, Vehicle,
};
use crate::model::plate::Plate;

/// Size of the store.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Figures {
    /// Captures.
    pub captures: u64,
    /// Distinct plates ever seen.
    pub plates: u64,
    /// Size of records.redb, bytes.
    pub records_bytes: u64,
}

impl Store {
    /// Size of the store.
    pub fn figures(&self) -> Result<Figures, StoreError> {
        let records_bytes = std::fs::metadata(self.directory().join("records.redb"))?.len();
        self.read(|tx| {
            Ok(Figures {
                captures: tx.table(CAPTURES)?.len()?,
                plates: tx.table(PLATES)?.len()?,
                records_bytes,
            })
        })
    }
}

impl ReadTx {
    /// The capture with `key`.
    pub fn capture(&self, key: CaptureKey) -> Result<Option<Capture>, StoreError> {
        find(&self.table(CAPTURES)?, key)
    }

    /// At most `limit` captures at or after `from` and before `until`, newest first.
    pub fn captures_between(
        &self,
        from: Timestamp,
        until: Timestamp,
        limit: usize,
    ) -> Result<Vec<Capture>, StoreError> {
        between(&self.table(CAPTURES)?, from, until, limit)
    }

    /// When the oldest capture was taken.
    pub fn first_capture(&self) -> Result<Option<Timestamp>, StoreError> {
        let table = self.table(CAPTURES)?;
        let first = table.first()?;
        Ok(first.map(|(key, _)| CaptureKey(key.value()).time()))
    }

    /// Keys of the next newer and the next older capture.
    pub fn neighbours(
        &self,
        key: CaptureKey,
    ) -> Result<(Option<CaptureKey>, Option<CaptureKey>), StoreError> {
        let table = self.table(CAPTURES)?;
        let newer = table.range((Bound::Excluded(key.0), Bound::Unbounded))?.next().transpose()?;
        let older = table.range(..key.0)?.next_back().transpose()?;
        let key_of = |row: (redb::AccessGuard<'_, u64>, redb::AccessGuard<'_, &[u8]>)| {
            CaptureKey(row.0.value())
        };
        Ok((newer.map(key_of), older.map(key_of)))
    }
}

impl ReadTx {
    /// Keys of the next newer and the next older capture of the camera of `capture`, when they are
    /// among the [`NEIGHBOURS_MAX`] captures next to it.
    pub fn neighbours_of_camera(
        &self,
        capture: &Capture,
    ) -> Result<(Option<CaptureKey>, Option<CaptureKey>), StoreError> {
        let table = self.table(CAPTURES)?;
        let key = capture.key.0;
        let newer = table.range((Bound::Excluded(key), Bound::Unbounded))?;
        let older = table.range(..key)?.rev();
        Ok((first_of_camera(newer, capture)?, first_of_camera(older, capture)?))
    }
}

type Row<'a> = (redb::AccessGuard<'a, u64>, redb::AccessGuard<'a, &'static [u8]>);

fn first_of_camera<'a>(
    rows: impl Iterator<Item = Result<Row<'a>, redb::StorageError>>,
    capture: &Capture,
) -> Result<Option<CaptureKey>, StoreError> {
    for row in rows.take(NEIGHBOURS_MAX) {
        let (key, record) = row?;
        let mut reader = Reader::new(record.value())?;
        reader.u32()?;
        reader.u16()?;
        reader.text()?;
        reader.u8()?;
        if (reader.text()?, reader.i64()?) == (capture.agent_uid.as_str(), capture.camera_id) {
            return Ok(Some(CaptureKey(key.value())));
        }
    }
    Ok(None)
}

impl WriteTx {
    /// The capture with `key`, as this transaction sees it.
    pub fn capture(&self, key: CaptureKey) -> Result<Option<Capture>, StoreError> {
        find(&self.table(CAPTURES)?, key)
    }

    /// At most `limit` captures at or after `from` and before `until`, newest first.
    pub fn captures_between(
        &self,
        from: Timestamp,
        until: Timestamp,
        limit: usize,
    ) -> Result<Vec<Capture>, StoreError> {
        between(&self.table(CAPTURES)?, from, until, limit)
    }
}

fn find(
    table: &impl ReadableTable<u64, &'static [u8]>,
    key: CaptureKey,
) -> Result<Option<Capture>, StoreError> {
    table
        .get(key.0)?
        .map(|record| decode(key, record.value()).map(|(capture, _)| capture))
        .transpose()
}

fn between(
    table: &impl ReadableTable<u64, &'static [u8]>,
    from: Timestamp,
    until: Timestamp,
    limit: usize,
) -> Result<Vec<Capture>, StoreError> {
    let (from, until) = (CaptureKey::floor(from).0, CaptureKey::floor(until).0);
    if from >= until {
        return Ok(Vec::new());
    }
    let mut rows = Vec::new();
    for row in table.range(from..until)?.rev().take(limit) {
        let (key, record) = row?;
        rows.push(decode(CaptureKey(key.value()), record.value())?.0);
    }
    Ok(rows)
}

// --- records -------------------------------------------------------------------------------------

/// The head record: slot and plate come first, so that a search reads them without the rest.
pub(super) fn encode(capture: &Capture, slot: Slot) -> Vec<u8> {
    let mut writer = Writer::new(1);
    writer.reserve(512);
    writer.u32(slot.block).u16(slot.ordinal);
    writer.text(capture.plate.as_ref().map_or("", Plate::as_str));
    writer.u8(capture.kind as u8).text(&capture.agent_uid).i64(capture.camera_id);
    writer.text(&capture.uuid);
    writer.i64(capture.captured_at.0).i64(capture.ended_at.0).i64(capture.received_at.0);
    writer.text(&capture.plate_text).f32(capture.confidence);
    writer.text(&capture.region).f32(capture.region_confidence).text(&capture.country);
    writer.f32(capture.direction.unwrap_or(f32::NAN));
    let vehicle = &capture.vehicle;
    for guess in [&vehicle.color, &vehicle.make, &vehicle.make_model, &vehicle.body, &vehicle.year]
    {
        match guess {
            Some(guess) => writer.u8(1).text(&guess.name).f32(guess.confidence),
            None => writer.u8(0),
        };
    }
    writer.u16(capture.flags.0).u8(capture.images.0).u32(capture.reads);
    writer.u32(capture.frame.0).u32(capture.frame.1);
    writer.finish()
}

/// The slot of a head record.
pub(super) fn decode_slot(record: &[u8]) -> Result<Slot, StoreError> {
    let mut reader = Reader::new(record)?;
    Ok(Slot { block: reader.u32()?, ordinal: reader.u16()? })
}

/// The plate of a head record.
pub(super) fn decode_plate(record: &[u8]) -> Result<&str, StoreError> {
    let mut reader = Reader::new(record)?;
    reader.u32()?;
    reader.u16()?;
    reader.text()
}

/// Shows the other readings of the plate in a detail record until `look` has seen enough; whether
/// it had.
pub(super) fn any_candidate(
    record: &[u8],
    mut look: impl FnMut(&str) -> bool,
) -> Result<bool, StoreError> {
    let mut reader = Reader::new(record)?;
    for _ in 0..reader.u32()? {
        let name = reader.text()?;
        reader.f32()?;
        if look(name) {
            return Ok(true);
        }
    }
    Ok(false)
}

/// A head record.
pub(super) fn decode(key: CaptureKey, record: &[u8]) -> Result<(Capture, Slot), StoreError> {
    let mut reader = Reader::new(record)?;
    let slot = Slot { block: reader.u32()?, ordinal: reader.u16()? };
    let plate = Plate::parse(reader.text()?);
    let kind = match reader.u8()? {
        0 => CaptureKind::Plate,
        _ => CaptureKind::Vehicle,
    };
    let capture = Capture {
        key,
        kind,
        plate,
        agent_uid: reader.text()?.to_owned(),
        camera_id: reader.i64()?,
        uuid: reader.text()?.to_owned(),
        captured_at: Timestamp(reader.i64()?),
        ended_at: Timestamp(reader.i64()?),
        received_at: Timestamp(reader.i64()?),
        plate_text: reader.text()?.to_owned(),
        confidence: reader.f32()?,
        region: reader.text()?.to_owned(),
        region_confidence: reader.f32()?,
        country: reader.text()?.to_owned(),
        direction: Some(reader.f32()?).filter(|degrees| !degrees.is_nan()),
        vehicle: Vehicle {
            color: guess(&mut reader)?,
            make: guess(&mut reader)?,
            make_model: guess(&mut reader)?,
            body: guess(&mut reader)?,
            year: guess(&mut reader)?,
        },
        flags: Flags(reader.u16()?),
        images: ImageSet(reader.u8()?),
        reads: reader.u32()?,
        frame: (reader.u32()?, reader.u32()?),
    };
    Ok((capture, slot))
}

fn guess(reader: &mut Reader<'_>) -> Result<Option<Guess>, StoreError> {
    if reader.u8()? == 0 {
        return Ok(None);
    }
    Ok(Some(Guess { name: reader.text()?.to_owned(), confidence: reader.f32()? }))
}

/// A detail record. Version 1 has its uuids in full.
pub(super) fn encode_detail(detail: &CaptureDetail) -> Vec<u8> {
    let mut writer = Writer::new(2);
    writer.reserve(detail.raw.len() + 4096);
    put_guesses(&mut writer, &detail.candidates);
    put_count(&mut writer, detail.plate_corners.len());
    for (x, y) in &detail.plate_corners {
        writer.i64(i64::from(*x)).i64(i64::from(*y));
    }
    match detail.vehicle_box {
        Some((x, y, width, height)) => {
            writer.u8(1);
            for side in [x, y, width, height] {
                writer.i64(i64::from(side));
            }
        }
        None => {
            writer.u8(0);
        }
    }
    put_count(&mut writer, detail.traits.len());
    for (name, guesses) in &detail.traits {
        writer.text(name);
        put_guesses(&mut writer, guesses);
    }
    match detail.position {
        Some((latitude, longitude)) => writer.u8(1).f64(latitude).f64(longitude),
        None => writer.u8(0),
    };
    for text in [
        &detail.agent_version,
        &detail.agent_type,
        &detail.agent_label,
        &detail.camera_label,
        &detail.user_data,
    ] {
        writer.text(text);
    }
    match detail.travel_id {
        Some(id) => writer.u8(1).i64(id),
        None => writer.u8(0),
    };
    put_uuids(&mut writer, &detail.uuids);
    writer.text(&detail.signature).text(&detail.key_last_four);
    put_texts(&mut writer, &detail.notes);
    writer.bytes(&detail.raw);
    writer.finish()
}

pub(super) fn decode_detail(record: &[u8]) -> Result<CaptureDetail, StoreError> {
    let mut reader = Reader::new(record)?;
    let facts = decode_facts(&mut reader)?;
    Ok(CaptureDetail { raw: reader.bytes()?.to_vec(), ..facts })
}

/// All of a detail but the payload it came from, which is most of it.
pub(super) fn decode_facts(reader: &mut Reader<'_>) -> Result<CaptureDetail, StoreError> {
    Ok(CaptureDetail {
        candidates: list(reader, full_guess)?,
        plate_corners: list(reader, |reader| Ok((int(reader)?, int(reader)?)))?,
        vehicle_box: option(reader, |reader| {
            Ok((int(reader)?, int(reader)?, int(reader)?, int(reader)?))
        })?,
        traits: list(reader, |reader| Ok((text(reader)?, list(reader, full_guess)?)))?,
        position: option(reader, |reader| Ok((reader.f64()?, reader.f64()?)))?,
        agent_version: text(reader)?,
        agent_type: text(reader)?,
        agent_label: text(reader)?,
        camera_label: text(reader)?,
        user_data: text(reader)?,
        travel_id: option(reader, Reader::i64)?,
        uuids: if reader.version() < 2 { list(reader, text)? } else { uuids(reader)? },
        signature: text(reader)?,
        key_last_four: text(reader)?,
        notes: list(reader, text)?,
        raw: Vec::new(),
    })
}

fn put_count(writer: &mut Writer, count: usize) {
    // Every list is bounded when parsed.
    writer.u32(u32::try_from(count).unwrap_or(u32::MAX));
}

fn put_guesses(writer: &mut Writer, guesses: &[Guess]) {
    put_count(writer, guesses.len());
    for guess in guesses {
        writer.text(&guess.name).f32(guess.confidence);
    }
}

fn put_texts(writer: &mut Writer, texts: &[String]) {
    put_count(writer, texts.len());
    for text in texts {
        writer.text(text);
    }
}

/// Uuids of one group differ at the end: each begins with so many bytes of the one before.
fn put_uuids(writer: &mut Writer, uuids: &[String]) {
    put_count(writer, uuids.len());
    let mut before = "";
    for uuid in uuids {
        let pairs = uuid.bytes().zip(before.bytes());
        let same = pairs.take_while(|(new, old)| new == old).take(usize::from(u8::MAX)).count();
        let same = (0..=same).rev().find(|at| uuid.is_char_boundary(*at)).unwrap_or_default();
        let (shared, rest) = uuid.split_at(same);
        writer.u8(shared.len() as u8).text(rest);
        before = uuid;
    }
}

fn uuids(reader: &mut Reader<'_>) -> Result<Vec<String>, StoreError> {
    let mut uuids: Vec<String> = Vec::new();
    for _ in 0..reader.u32()? {
        let shared = usize::from(reader.u8()?);
        let before = uuids.last().map_or("", String::as_str).get(..shared);
        let before = before.ok_or_else(|| StoreError::Corrupt("uuid without a start".into()))?;
        uuids.push(format!("{before}{}", reader.text()?));
    }
    Ok(uuids)
}

fn list<'a, T>(
    reader: &mut Reader<'a>,
    item: impl Fn(&mut Reader<'a>) -> Result<T, StoreError>,
) -> Result<Vec<T>, StoreError> {
    // Not reserved: a damaged count must not ask for memory.
    (0..reader.u32()?).map(|_| item(reader)).collect()
}

fn option<'a, T>(
    reader: &mut Reader<'a>,
    item: impl Fn(&mut Reader<'a>) -> Result<T, StoreError>,
) -> Result<Option<T>, StoreError> {
    if reader.u8()? == 0 { Ok(None) } else { item(reader).map(Some) }
}

fn full_guess(reader: &mut Reader<'_>) -> Result<Guess, StoreError> {
    Ok(Guess { name: text(reader)?, confidence: reader.f32()? })
}

fn text(reader: &mut Reader<'_>) -> Result<String, StoreError> {
    reader.text().map(str::to_owned)
}

fn int(reader: &mut Reader<'_>) -> Result<i32, StoreError> {
    i32::try_from(reader.i64()?).map_err(|_| StoreError::Corrupt("number out of range".into()))
}
