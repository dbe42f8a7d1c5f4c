//! The dictionary of distinct plates: far fewer than captures. Patterns of three and more known
//! characters are looked up here, and lead to captures by postings.

use redb::ReadableTable;

use super::codec::{Reader, Writer};
use super::index::bitmaps::{self, PLATE_SPACE};
use super::index::bits::Bits;
use super::index::terms::{marked, place_terms};
use super::index::{Slot, Term};
use super::query::{Rows, near};
use super::tables::{BITMAPS, META, PLATE_IDS, PLATES, POSTINGS};
use super::{ReadTx, StoreError, WriteTx};
use crate::model::capture::CaptureKey;
use crate::model::known_plate::PlateTag;
use crate::model::plate::{Plate, fold};
use crate::model::query::{Attribute, PlateMatch};

/// META: plates below this id are in the bitmaps.
const INDEXED: &str = "plates_indexed";
/// More candidates than this many times the wanted ones are not looked at one by one.
const CANDIDATES_FACTOR: u64 = 4;

/// Plates indexed in one go: about 30 MB.
const PLATES_INDEXED_MAX: u32 = 1 << 16;

/// A distinct plate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct PlateHit {
    pub(super) id: u32,
    /// Captures that have it.
    pub(super) count: u32,
    /// No capture of it has a key above this one.
    pub(super) newest: u64,
}

/// When a plate was read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sightings {
    /// Captures of it.
    pub count: u64,
    /// The first.
    pub first: Option<CaptureKey>,
    /// The newest, newest first.
    pub newest: Vec<CaptureKey>,
}

impl WriteTx {
    /// Counts a new capture of `plate`.
    pub(super) fn add_posting(
        &self,
        plate: &str,
        key: CaptureKey,
        slot: Slot,
    ) -> Result<(), StoreError> {
        let mut ids = self.table(PLATE_IDS)?;
        let known = ids.get(plate)?.map(|row| row.value());
        let mut plates = self.table(PLATES)?;
        let (id, count, newest) = if let Some(id) = known {
            let hit = find(&plates, id)?;
            (id, hit.count, hit.newest)
        } else {
            let id = plates.last()?.map_or(0, |(id, _)| id.value() + 1);
            ids.insert(plate, id)?;
            (id, 0, 0)
        };
        let record = encode(count + 1, newest.max(key.0), plate);
        plates.insert(id, record.as_slice())?;
        self.new_rows.borrow_mut().postings.push(((id, key.0), slot.packed()));
        Ok(())
    }

    /// Notes the new slot of a capture of `plate`.
    pub(super) fn move_posting(
        &self,
        plate: &str,
        key: CaptureKey,
        slot: Slot,
    ) -> Result<(), StoreError> {
        let id = self.plate_id(plate)?;
        self.table(POSTINGS)?.insert((id, key.0), slot.packed())?;
        Ok(())
    }

    /// Forgets a capture of `plate`. The plate itself stays known.
    pub(super) fn remove_posting(&self, plate: &str, key: CaptureKey) -> Result<(), StoreError> {
        let id = self.plate_id(plate)?;
        self.table(POSTINGS)?.remove((id, key.0))?;
        let mut plates = self.table(PLATES)?;
        let hit = find(&plates, id)?;
        let record = encode(hit.count.saturating_sub(1), hit.newest, plate);
        plates.insert(id, record.as_slice())?;
        Ok(())
    }

    /// Lets the captures of `plate` be found by the tags in `now` and no longer by those in `before`.
    pub(super) fn retag(
        &self,
        plate: &Plate,
        before: &[PlateTag],
        now: &[PlateTag],
    ) -> Result<(), StoreError> {
        let id = self.table(PLATE_IDS)?.get(plate.as_str())?.map(|row| row.value());
        let Some(id) = id.filter(|_| before != now) else { return Ok(()) };
        let mut slots = Vec::new();
        for row in self.table(POSTINGS)?.range((id, 0)..=(id, u64::MAX))? {
            slots.push(Slot::unpacked(row?.1.value()));
        }
        for tag in before.iter().filter(|tag| !now.contains(tag)) {
            self.unmark(Attribute::Tag, tag.as_str(), &slots)?;
        }
        for tag in now.iter().filter(|tag| !before.contains(tag)) {
            self.mark(Attribute::Tag, tag.as_str(), &slots)?;
        }
        Ok(())
    }

    fn plate_id(&self, plate: &str) -> Result<u32, StoreError> {
        let id = self.table(PLATE_IDS)?.get(plate)?.map(|row| row.value());
        id.ok_or_else(|| StoreError::Corrupt("plate without number".into()))
    }

    /// Blocks of distinct plates.
    pub(super) fn plate_blocks(&self) -> Result<u32, StoreError> {
        Ok(self.table(PLATES)?.last()?.map_or(0, |(id, _)| (id.value() >> 16) + 1))
    }

    /// How many plates are not in the bitmaps.
    pub(super) fn plates_unindexed(&self) -> Result<u32, StoreError> {
        let next = self.table(PLATES)?.last()?.map_or(0, |(id, _)| id.value() + 1);
        Ok(next - indexed(&self.table(META)?)?)
    }

    /// Lets all plates be indexed anew; their rows are gone.
    pub(super) fn forget_indexed_plates(&self) -> Result<(), StoreError> {
        self.table(META)?.remove(INDEXED)?;
        Ok(())
    }

    /// Writes the trigrams of new plates, once there are at least `least` of them.
    pub(super) fn index_plates(&self, least: u32) -> Result<(), StoreError> {
        let indexed = indexed(&self.table(META)?)?;
        let next = self.table(PLATES)?.last()?.map_or(0, |(id, _)| id.value() + 1);
        if next - indexed < least.max(1) {
            return Ok(());
        }
        let next = next.min(indexed.saturating_add(PLATES_INDEXED_MAX));
        let mut entries: Vec<(u32, Term, u16)> = Vec::new();
        for row in self.table(PLATES)?.range(indexed..next)? {
            let (id, record) = row?;
            let id = id.value();
            let (_, _, plate) = decode(record.value())?;
            let mut places = Vec::new();
            place_terms(plate, &mut places);
            entries.extend(places.into_iter().map(|term| (id >> 16, term, id as u16)));
            for folded in [false, true] {
                for piece in folded_if(&marked(plate), folded).windows(3) {
                    entries.push((id >> 16, Term::trigram(piece, folded), id as u16));
                }
            }
        }
        entries.sort_unstable();
        entries.dedup();
        for block in entries.chunk_by(|a, b| a.0 == b.0) {
            let number = block.first().map_or(0, |entry| entry.0);
            let rows = block.chunk_by(|a, b| a.1 == b.1).filter_map(|row| {
                let term = row.first()?.1;
                Some((term, row.iter().map(|entry| entry.2).collect::<Vec<_>>()))
            });
            bitmaps::merge(self, PLATE_SPACE, number, rows)?;
        }
        self.table(META)?.insert(INDEXED, next.to_le_bytes().as_slice())?;
        Ok(())
    }
}

impl ReadTx {
    /// The captures of `plate`: how many, the first, and at most `limit` of the newest.
    pub fn sightings(&self, plate: &Plate, limit: usize) -> Result<Sightings, StoreError> {
        let Some(hit) = self.plate(plate.as_str())? else { return Ok(Sightings::default()) };
        let postings = self.table(POSTINGS)?;
        let mut rows = postings.range((hit.id, 0)..=(hit.id, u64::MAX))?;
        let first = rows.next().transpose()?.map(|row| CaptureKey(row.0.value().1));
        let mut newest = Vec::new();
        for row in rows.rev().take(limit) {
            newest.push(CaptureKey(row?.0.value().1));
        }
        // The first was taken from the front.
        newest.extend(first.filter(|_| newest.len() < limit));
        Ok(Sightings { count: u64::from(hit.count), first, newest })
    }

    /// The plate `text` itself.
    pub(super) fn plate(&self, text: &str) -> Result<Option<PlateHit>, StoreError> {
        let Some(id) = self.table(PLATE_IDS)?.get(text)?.map(|row| row.value()) else {
            return Ok(None);
        };
        find(&self.table(PLATES)?, id).map(Some)
    }

    /// Plates that match `pattern`, all of which have the trigrams of `pieces` (runs of known
    /// characters with their marks). `None` when there are more than `limit`.
    pub(super) fn plates_like(
        &self,
        pattern: &PlateMatch,
        pieces: &[Vec<char>],
        limit: usize,
    ) -> Result<Option<Vec<PlateHit>>, StoreError> {
        let mut terms: Vec<Term> = Vec::new();
        for piece in pieces {
            let piece = folded_if(piece, pattern.look_alike);
            terms.extend(piece.windows(3).map(|three| Term::trigram(three, pattern.look_alike)));
        }
        terms.sort_unstable();
        terms.dedup();
        let indexed = indexed(&self.table(META)?)?;
        let (bitmaps, plates) = (self.table(BITMAPS)?, self.table(PLATES)?);
        let mut hits = Vec::new();
        let mut candidates = 0;
        for block in 0..indexed.div_ceil(1 << 16) {
            let rows = Rows::of_plates(&bitmaps, block);
            let mut found: Option<Bits> = None;
            for term in &terms {
                match &mut found {
                    Some(found) => rows.and(&[*term], found)?,
                    None => found = Some(rows.any(&[*term])?),
                }
                if found.as_ref().is_some_and(Bits::is_empty) {
                    break;
                }
            }
            let Some(found) = found.filter(|found| !found.is_empty()) else { continue };
            candidates += found.len();
            if candidates > (limit as u64).saturating_mul(CANDIDATES_FACTOR) {
                return Ok(None);
            }
            for ordinal in found.iter() {
                let id = block << 16 | u32::from(ordinal);
                let Some(record) = plates.get(id)? else { continue };
                if !push_hit(&mut hits, id, record.value(), pattern, limit)? {
                    return Ok(None);
                }
            }
        }
        for row in plates.range(indexed..)? {
            let (id, record) = row?;
            if !push_hit(&mut hits, id.value(), record.value(), pattern, limit)? {
                return Ok(None);
            }
        }
        Ok(Some(hits))
    }
}

impl ReadTx {
    /// Plates that differ from the text of `pattern` by as many characters as it allows.
    pub(super) fn plates_near(&self, pattern: &PlateMatch) -> Result<Vec<PlateHit>, StoreError> {
        let indexed = indexed(&self.table(META)?)?;
        let (bitmaps, plates) = (self.table(BITMAPS)?, self.table(PLATES)?);
        let mut hits = Vec::new();
        for block in 0..indexed.div_ceil(1 << 16) {
            for ordinal in near(&bitmaps, block, pattern)?.iter() {
                let id = block << 16 | u32::from(ordinal);
                if let Some(record) = plates.get(id)? {
                    push_hit(&mut hits, id, record.value(), pattern, usize::MAX)?;
                }
            }
        }
        for row in plates.range(indexed..)? {
            let (id, record) = row?;
            push_hit(&mut hits, id.value(), record.value(), pattern, usize::MAX)?;
        }
        Ok(hits)
    }
}

/// Adds the plate of `record` if it matches; `false` when that would be one too many.
fn push_hit(
    hits: &mut Vec<PlateHit>,
    id: u32,
    record: &[u8],
    pattern: &PlateMatch,
    limit: usize,
) -> Result<bool, StoreError> {
    let (count, newest, text) = decode(record)?;
    if count > 0 && pattern.matches(text) {
        hits.push(PlateHit { id, count, newest });
    }
    Ok(hits.len() <= limit)
}

fn folded_if(text: &[char], folded: bool) -> Vec<char> {
    text.iter().map(|&character| if folded { fold(character) } else { character }).collect()
}

fn indexed(table: &impl ReadableTable<&'static str, &'static [u8]>) -> Result<u32, StoreError> {
    let Some(row) = table.get(INDEXED)? else { return Ok(0) };
    row.value()
        .try_into()
        .map(u32::from_le_bytes)
        .map_err(|_| StoreError::Corrupt("number of indexed plates".into()))
}

fn find(table: &impl ReadableTable<u32, &'static [u8]>, id: u32) -> Result<PlateHit, StoreError> {
    let Some(record) = table.get(id)? else {
        return Err(StoreError::Corrupt("plate without record".into()));
    };
    let (count, newest, _) = decode(record.value())?;
    Ok(PlateHit { id, count, newest })
}

fn encode(count: u32, newest: u64, text: &str) -> Vec<u8> {
    let mut writer = Writer::new(1);
    writer.u32(count).u64(newest).text(text);
    writer.finish()
}

pub(super) fn decode(record: &[u8]) -> Result<(u32, u64, &str), StoreError> {
    let mut reader = Reader::new(record)?;
    Ok((reader.u32()?, reader.u64()?, reader.text()?))
}
