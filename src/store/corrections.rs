//! Corrections as records, and by the plates they lead from and to. The captures themselves are
//! changed by `WriteTx::update_capture`.

use redb::ReadableTable;

use super::codec::{Reader, Writer};
use super::tables::{CORRECTED, CORRECTIONS};
use super::{ReadTx, StoreError, WriteTx};
use crate::base::clock::Timestamp;
use crate::model::capture::{CaptureKey, CaptureKind};
use crate::model::correction::{Change, Correction, Reading};
use crate::model::known_plate::Author;
use crate::model::plate::Plate;
use crate::model::user::UserId;

impl ReadTx {
    /// The corrections of the capture with `key`.
    pub fn correction(&self, key: CaptureKey) -> Result<Option<Correction>, StoreError> {
        find(&self.table(CORRECTIONS)?, key)
    }

    /// Corrections that lead from `plate` or to it, those of the newest captures first, at most
    /// `limit`.
    pub fn corrections_of(
        &self,
        plate: &Plate,
        limit: usize,
    ) -> Result<Vec<Correction>, StoreError> {
        let (index, records) = (self.table(CORRECTED)?, self.table(CORRECTIONS)?);
        let mut found = Vec::new();
        let plate = plate.as_str();
        for row in index.range((plate, 0)..=(plate, u64::MAX))?.rev().take(limit) {
            let key = CaptureKey(row?.0.value().1);
            found.extend(find(&records, key)?);
        }
        Ok(found)
    }
}

impl WriteTx {
    /// The corrections of the capture with `key`, as this transaction sees them.
    pub fn correction(&self, key: CaptureKey) -> Result<Option<Correction>, StoreError> {
        find(&self.table(CORRECTIONS)?, key)
    }

    /// Keeps `correction` in place of what was kept of its capture.
    pub fn put_correction(&self, correction: &Correction) -> Result<(), StoreError> {
        self.delete_correction(correction.key)?;
        let key = correction.key.0;
        self.table(CORRECTIONS)?.insert(key, encode(correction).as_slice())?;
        let mut index = self.table(CORRECTED)?;
        for plate in plates(correction) {
            index.insert((plate.as_str(), key), ())?;
        }
        Ok(())
    }

    /// Forgets the corrections of the capture with `key`, which says what it says now.
    pub fn delete_correction(&self, key: CaptureKey) -> Result<(), StoreError> {
        let Some(correction) = self.correction(key)? else { return Ok(()) };
        self.table(CORRECTIONS)?.remove(key.0)?;
        let mut index = self.table(CORRECTED)?;
        for plate in plates(&correction) {
            index.remove((plate.as_str(), key.0))?;
        }
        Ok(())
    }
}

/// The plates under which a correction is found.
fn plates(correction: &Correction) -> impl Iterator<Item = &Plate> {
    [&correction.original.plate, &correction.current().plate].into_iter().flatten()
}

fn find(
    table: &impl ReadableTable<u64, &'static [u8]>,
    key: CaptureKey,
) -> Result<Option<Correction>, StoreError> {
    table.get(key.0)?.map(|record| decode(key, record.value())).transpose()
}

/// Version 1.
fn encode(correction: &Correction) -> Vec<u8> {
    let mut writer = Writer::new(1);
    put_reading(&mut writer, &correction.original);
    // Their number is bounded where they are made.
    writer.u16(correction.changes.len() as u16);
    for change in &correction.changes {
        put_reading(&mut writer, &change.to);
        writer.u32(change.by.user.0).text(&change.by.name).i64(change.at.0);
    }
    writer.finish()
}

pub(super) fn decode(key: CaptureKey, record: &[u8]) -> Result<Correction, StoreError> {
    let mut reader = Reader::new(record)?;
    let original = reading(&mut reader)?;
    let change = |reader: &mut Reader<'_>| {
        Ok::<_, StoreError>(Change {
            to: reading(reader)?,
            by: Author { user: UserId(reader.u32()?), name: reader.text()?.to_owned() },
            at: Timestamp(reader.i64()?),
        })
    };
    let count = reader.u16()?;
    let changes = (0..count).map(|_| change(&mut reader)).collect::<Result<_, _>>()?;
    Ok(Correction { key, original, changes })
}

fn put_reading(writer: &mut Writer, reading: &Reading) {
    writer.u8(reading.kind as u8);
    writer.text(reading.plate.as_ref().map_or("", Plate::as_str)).text(&reading.region);
}

fn reading(reader: &mut Reader<'_>) -> Result<Reading, StoreError> {
    let kind = match reader.u8()? {
        0 => CaptureKind::Plate,
        _ => CaptureKind::Vehicle,
    };
    Ok(Reading { kind, plate: Plate::parse(reader.text()?), region: reader.text()?.to_owned() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_come_back_and_cut_ones_are_errors() {
        let reading =
            |text: &str, kind| Reading { kind, plate: Plate::parse(text), region: "us-ca".into() };
        let by = Author { user: UserId(3), name: "Ann".into() };
        let change = |text| Change {
            to: reading(text, CaptureKind::Plate),
            by: by.clone(),
            at: Timestamp(-7),
        };
        let correction = Correction {
            key: CaptureKey(9),
            original: reading("", CaptureKind::Vehicle),
            changes: vec![change("AB1"), change("ÄB1")],
        };
        let bytes = encode(&correction);
        assert_eq!(decode(CaptureKey(9), &bytes).unwrap(), correction);
        for end in 0..bytes.len() {
            assert!(decode(CaptureKey(9), &bytes[..end]).is_err(), "{end}");
        }
    }
}
