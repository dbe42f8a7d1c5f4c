//! Known plates as records, and their tags as an index of their own. What may be written is
//! decided in `domain`.

use std::collections::HashMap;

use redb::{ReadableTable, ReadableTableMetadata as _};

use super::codec::{Reader, Writer};
use super::tables::{KNOWN_PLATES, PLATE_TAGS};
use super::{ReadTx, StoreError, WriteTx};
use crate::base::clock::Timestamp;
use crate::model::known_plate::{Author, KnownPlate, PlateTag};
use crate::model::plate::Plate;
use crate::model::user::UserId;

/// Sorts after every tag and every plate.
const AFTER_ALL: &str = "\u{10ffff}";

impl ReadTx {
    /// What is known about `plate`.
    pub fn known_plate(&self, plate: &Plate) -> Result<Option<KnownPlate>, StoreError> {
        find(&self.table(KNOWN_PLATES)?, plate)
    }

    /// What is known about each of `plates` that is known, by plate: one look-up each, for lists
    /// of reads.
    pub fn known_plates<'a>(
        &self,
        plates: impl IntoIterator<Item = &'a Plate>,
    ) -> Result<HashMap<Plate, KnownPlate>, StoreError> {
        let table = self.table(KNOWN_PLATES)?;
        let mut known = HashMap::new();
        for plate in plates {
            if !known.contains_key(plate)
                && let Some(found) = find(&table, plate)?
            {
                known.insert(plate.clone(), found);
            }
        }
        Ok(known)
    }

    /// All known plates after `after`, in order of plates, one at a time until `take` says no.
    pub fn each_known_plate(
        &self,
        after: Option<&Plate>,
        mut take: impl FnMut(KnownPlate) -> bool,
    ) -> Result<(), StoreError> {
        use std::ops::Bound::{Excluded, Unbounded};
        let table = self.table(KNOWN_PLATES)?;
        let from = after.map_or(Unbounded, |plate| Excluded(plate.as_str()));
        for row in table.range::<&str>((from, Unbounded))? {
            let (key, record) = row?;
            if !take(decode(key.value(), record.value())?) {
                break;
            }
        }
        Ok(())
    }

    /// How many plates are known.
    pub fn known_plate_count(&self) -> Result<u64, StoreError> {
        Ok(self.table(KNOWN_PLATES)?.len()?)
    }

    /// The plates that have `tag`, in order. There are no more than there are known plates.
    pub fn plates_with_tag(&self, tag: &PlateTag) -> Result<Vec<Plate>, StoreError> {
        let table = self.table(PLATE_TAGS)?;
        let mut plates = Vec::new();
        for row in table.range((tag.as_str(), "")..(tag.as_str(), AFTER_ALL))? {
            plates.push(plate(row?.0.value().1)?);
        }
        Ok(plates)
    }

    /// The tags in use, sorted, at most `limit`. Costs one look-up per tag, however many plates
    /// have it.
    pub fn plate_tags(&self, limit: usize) -> Result<Vec<PlateTag>, StoreError> {
        let table = self.table(PLATE_TAGS)?;
        let mut tags: Vec<PlateTag> = Vec::new();
        while tags.len() < limit {
            let after = tags.last().map_or("", PlateTag::as_str);
            let Some(row) = table.range((after, AFTER_ALL)..)?.next() else { break };
            tags.push(tag(row?.0.value().0)?);
        }
        Ok(tags)
    }
}

impl WriteTx {
    /// What is known about `plate`, as this transaction sees it.
    pub fn known_plate(&self, plate: &Plate) -> Result<Option<KnownPlate>, StoreError> {
        find(&self.table(KNOWN_PLATES)?, plate)
    }

    /// How many plates are known.
    pub fn known_plate_count(&self) -> Result<u64, StoreError> {
        Ok(self.table(KNOWN_PLATES)?.len()?)
    }

    /// Writes `known` in place of what was known about its plate.
    pub fn put_known_plate(&self, known: &KnownPlate) -> Result<(), StoreError> {
        let before = self.forget(&known.plate)?.map_or_else(Vec::new, |known| known.tags);
        let plate = known.plate.as_str();
        self.table(KNOWN_PLATES)?.insert(plate, encode(known).as_slice())?;
        let mut tags = self.table(PLATE_TAGS)?;
        for tag in &known.tags {
            tags.insert((tag.as_str(), plate), ())?;
        }
        self.retag(&known.plate, &before, &known.tags)
    }

    /// Forgets what is known about `plate`; `false` when nothing was.
    pub fn delete_known_plate(&self, plate: &Plate) -> Result<bool, StoreError> {
        let Some(known) = self.forget(plate)? else { return Ok(false) };
        self.retag(plate, &known.tags, &[])?;
        Ok(true)
    }

    /// Removes the record and the tags of `plate`; what they were.
    fn forget(&self, plate: &Plate) -> Result<Option<KnownPlate>, StoreError> {
        let Some(known) = self.known_plate(plate)? else { return Ok(None) };
        self.table(KNOWN_PLATES)?.remove(plate.as_str())?;
        let mut tags = self.table(PLATE_TAGS)?;
        for tag in &known.tags {
            tags.remove((tag.as_str(), plate.as_str()))?;
        }
        Ok(Some(known))
    }
}

fn find(
    table: &impl ReadableTable<&'static str, &'static [u8]>,
    plate: &Plate,
) -> Result<Option<KnownPlate>, StoreError> {
    let row = table.get(plate.as_str())?;
    row.map(|record| decode(plate.as_str(), record.value())).transpose()
}

/// Version 1.
fn encode(known: &KnownPlate) -> Vec<u8> {
    let mut writer = Writer::new(1);
    writer.text(&known.name).text(&known.notes).u8(u8::from(known.ignored));
    writer.u32(known.changed_by.user.0).text(&known.changed_by.name).i64(known.changed_at.0);
    // Their number is bounded where they are parsed.
    writer.u16(known.tags.len() as u16);
    for tag in &known.tags {
        writer.text(tag.as_str());
    }
    writer.finish()
}

pub(super) fn decode(key: &str, record: &[u8]) -> Result<KnownPlate, StoreError> {
    let mut reader = Reader::new(record)?;
    Ok(KnownPlate {
        plate: plate(key)?,
        name: reader.text()?.to_owned(),
        notes: reader.text()?.to_owned(),
        ignored: reader.u8()? != 0,
        changed_by: Author { user: UserId(reader.u32()?), name: reader.text()?.to_owned() },
        changed_at: Timestamp(reader.i64()?),
        tags: (0..reader.u16()?).map(|_| tag(reader.text()?)).collect::<Result<_, _>>()?,
    })
}

fn plate(text: &str) -> Result<Plate, StoreError> {
    Plate::parse(text).ok_or_else(|| StoreError::Corrupt("known plate without a plate".into()))
}

fn tag(text: &str) -> Result<PlateTag, StoreError> {
    PlateTag::parse(text).ok_or_else(|| StoreError::Corrupt("tag of a known plate".into()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::{Store, StoreOptions};

    fn plate(text: &str) -> Plate {
        Plate::parse(text).unwrap()
    }

    fn sample(text: &str, tags: &[&str]) -> KnownPlate {
        KnownPlate {
            plate: plate(text),
            name: "Ä <b>".into(),
            notes: "Bay 12\n\"ask\" reception".into(),
            tags: tags.iter().map(|text| PlateTag::parse(text).unwrap()).collect(),
            ignored: true,
            changed_by: Author { user: UserId(7), name: "Ann".into() },
            changed_at: Timestamp(-5),
        }
    }

    fn texts(plates: &[Plate]) -> Vec<&str> {
        plates.iter().map(Plate::as_str).collect()
    }

    #[test]
    fn records_come_back_and_cut_ones_are_errors() {
        let known = sample("AB1", &["permit 0417", "staff"]);
        let bytes = encode(&known);
        assert_eq!(decode("AB1", &bytes).unwrap(), known);
        for end in 0..bytes.len() {
            assert!(decode("AB1", &bytes[..end]).is_err(), "{end}");
        }
    }

    #[test]
    fn tags_follow_their_plates() {
        let directory = tempfile::tempdir().unwrap();
        let store = Store::open(directory.path(), StoreOptions::default()).unwrap();
        let tag = |text| PlateTag::parse(text).unwrap();
        store
            .write(|tx| {
                tx.put_known_plate(&sample("AB1", &["staff", "van"]))?;
                tx.put_known_plate(&sample("ÖÖ9", &["staff"]))?;
                tx.put_known_plate(&sample("CD2", &["staffing"]))?;
                tx.put_known_plate(&sample("AB1", &["staff"]))
            })
            .unwrap();
        store
            .read(|tx| {
                assert_eq!(texts(&tx.plates_with_tag(&tag("staff"))?), ["AB1", "ÖÖ9"]);
                assert!(tx.plates_with_tag(&tag("van"))?.is_empty());
                let tags = tx.plate_tags(10)?;
                assert_eq!(
                    tags.iter().map(PlateTag::as_str).collect::<Vec<_>>(),
                    ["staff", "staffing"]
                );
                assert_eq!(tx.plate_tags(1)?.len(), 1);
                let known = tx.known_plates([&plate("AB1"), &plate("NONE1"), &plate("AB1")])?;
                assert_eq!(known.len(), 1);
                assert_eq!(known[&plate("AB1")], sample("AB1", &["staff"]));
                let mut seen = Vec::new();
                tx.each_known_plate(Some(&plate("AB1")), |known| {
                    seen.push(known.plate.as_str().to_owned());
                    true
                })?;
                assert_eq!(seen, ["CD2", "ÖÖ9"]);
                assert_eq!(tx.known_plate_count()?, 3);
                Ok(())
            })
            .unwrap();
        store
            .write(|tx| {
                assert!(tx.delete_known_plate(&plate("ÖÖ9"))?);
                assert!(!tx.delete_known_plate(&plate("ÖÖ9"))?);
                Ok(())
            })
            .unwrap();
        let staff = store.read(|tx| tx.plates_with_tag(&tag("staff"))).unwrap();
        assert_eq!(texts(&staff), ["AB1"]);
    }
}
