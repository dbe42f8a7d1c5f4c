//! Changes to captures and their index entries within one write transaction, and what its commit
//! writes and publishes.

use std::collections::{BTreeMap, HashMap};

use redb::ReadableTable as _;

use super::bitmaps::{self, CAPTURE_SPACE};
use super::blocks::{self, KeyRange};
use super::terms::{Extra, attribute_values, terms_of};
use super::{Header, NewValues, Published, Slot, Term, add};
use crate::model::capture::{Capture, CaptureDetail, CaptureKey};
use crate::model::query::Attribute;
use crate::store::captures::{decode, encode};
use crate::store::counters::Place;
use crate::store::images::Places;
use crate::store::tables::{BITMAPS, BLOCKS, CAPTURES, DETAILS, HEADERS, SLOTS};
use crate::store::{StoreError, WriteTx};

/// What a transaction has gathered for its commit.
#[derive(Default)]
pub(in crate::store) struct Staged {
    open: Option<Open>,
    /// Slots that died, by block.
    dead: BTreeMap<u32, Vec<u16>>,
    chunks: BTreeMap<(u32, u16), KeyRange>,
    pub(in crate::store) values: HashMap<(u8, String), u32>,
    pub(in crate::store) counters: BTreeMap<Place, i64>,
}

/// The newest block, as this transaction leaves it.
struct Open {
    header: Header,
    /// Slots the last commit counted.
    counted: u32,
    /// Terms of slots from `counted` on, or from `header.flushed` on after a flush.
    added: Vec<(Term, u16)>,
}

impl WriteTx {
    /// Stores a new capture; its key is set and unused.
    ///
    /// # Errors
    /// [`StoreError::Refused`] when the key is taken.
    pub fn insert_capture(
        &self,
        capture: &Capture,
        detail: &CaptureDetail,
    ) -> Result<(), StoreError> {
        self.insert_read(capture, detail, &Places::default())
    }

    /// As [`Self::insert_capture`], of a read whose parts lie at `places`. A detail that stands in
    /// the journal is not kept twice.
    pub fn insert_read(
        &self,
        capture: &Capture,
        detail: &CaptureDetail,
        places: &Places,
    ) -> Result<(), StoreError> {
        let mut captures = self.table(CAPTURES)?;
        if captures.get(capture.key.0)?.is_some() {
            return Err(StoreError::Refused("a capture has this key already"));
        }
        let slot = self.index_capture(capture, detail)?;
        captures.insert(capture.key.0, encode(capture, slot).as_slice())?;
        drop(captures);
        self.put_places(capture.key, places);
        if places.detail.is_none() {
            self.put_detail(capture.key, detail)?;
        }
        if let Some(plate) = &capture.plate {
            self.add_posting(plate.as_str(), capture.key, slot)?;
        }
        self.count_capture(capture, 1)
    }

    /// Replaces the capture with the same key, and its detail when one is given.
    ///
    /// # Errors
    /// [`StoreError::Refused`] when there is none.
    pub fn update_capture(
        &self,
        capture: &Capture,
        detail: Option<&CaptureDetail>,
    ) -> Result<(), StoreError> {
        let key = capture.key;
        let old = match self.table(CAPTURES)?.get(key.0)? {
            Some(record) => Some(decode(key, record.value())?),
            None => None,
        };
        let Some((old, mut slot)) = old else {
            return Err(StoreError::Refused("there is no such capture"));
        };
        let moved = old.plate != capture.plate;
        let shows = moved || attribute_values(&old) != attribute_values(capture);
        // Repeats of a parked car change nothing a search sees: no need to look at the detail.
        let told = if shows || detail.is_some() { self.capture_detail(key)? } else { None };
        let told = told.unwrap_or_default();
        let new = detail.unwrap_or(&told);
        if shows || new.candidates != told.candidates || new.signature != told.signature {
            self.kill(slot);
            slot = self.index_capture(capture, new)?;
            if let Some(plate) = old.plate.as_ref().filter(|_| moved) {
                self.remove_posting(plate.as_str(), key)?;
            }
            if let Some(plate) = &capture.plate {
                if moved {
                    self.add_posting(plate.as_str(), key, slot)?;
                } else {
                    self.move_posting(plate.as_str(), key, slot)?;
                }
            }
        }
        self.table(CAPTURES)?.insert(key.0, encode(capture, slot).as_slice())?;
        if let Some(detail) = detail {
            self.put_detail(key, detail)?;
        }
        self.count_capture(&old, -1)?;
        self.count_capture(capture, 1)
    }

    /// Deletes the capture with `key`; `false` when there is none.
    pub fn delete_capture(&self, key: CaptureKey) -> Result<bool, StoreError> {
        let old = match self.table(CAPTURES)?.remove(key.0)? {
            Some(record) => decode(key, record.value())?,
            None => return Ok(false),
        };
        let (old, slot) = old;
        self.table(DETAILS)?.remove(key.0)?;
        self.delete_correction(key)?;
        self.kill(slot);
        if let Some(plate) = &old.plate {
            self.remove_posting(plate.as_str(), key)?;
        }
        self.count_capture(&old, -1)?;
        Ok(true)
    }

    /// What `capture` is found by besides its own fields.
    pub(super) fn extra(
        &self,
        capture: &Capture,
        detail: &CaptureDetail,
    ) -> Result<Extra, StoreError> {
        let known = capture.plate.as_ref().map(|plate| self.known_plate(plate)).transpose()?;
        Ok(Extra {
            tags: known.flatten().map_or_else(Vec::new, |known| known.tags),
            lists: self.lists_of(capture)?,
            candidates: detail.candidates.clone(),
            signature: detail.signature.clone(),
        })
    }

    /// Gives `capture` a slot in the newest block and gathers its terms.
    fn index_capture(&self, capture: &Capture, detail: &CaptureDetail) -> Result<Slot, StoreError> {
        let extra = self.extra(capture, detail)?;
        let terms = terms_of(capture, &extra, |attribute, text| {
            self.intern_value(attribute, text).map(Some)
        })?;
        let mut staged = self.staged.borrow_mut();
        let mut open = match staged.open.take() {
            Some(open) => open,
            None => self.load_open()?,
        };
        if open.header.count >= self.index.options.block_captures {
            self.flush(&mut open)?;
            self.put_header(&open.header)?;
            open.header = Header { block: open.header.block + 1, ..Header::default() };
        }
        let ordinal = u16::try_from(open.header.count)
            .map_err(|_| StoreError::Corrupt("search block is too large".into()))?;
        let slot = Slot { block: open.header.block, ordinal };
        open.header.count += 1;
        open.header.live += 1;
        open.header.keys.include(capture.key.0);
        open.added.extend(terms.into_iter().map(|term| (term, ordinal)));
        staged.open = Some(open);
        let chunk = (u32::from(ordinal) / self.index.options.chunk_captures) as u16;
        let range = match staged.chunks.entry((slot.block, chunk)) {
            std::collections::btree_map::Entry::Occupied(entry) => entry.into_mut(),
            std::collections::btree_map::Entry::Vacant(entry) => {
                entry.insert(blocks::chunk(&self.table(BLOCKS)?, slot.block, chunk)?)
            }
        };
        range.include(capture.key.0);
        let row = ((slot.block, slot.ordinal), capture.key.0);
        self.new_rows.borrow_mut().slots.push(row);
        Ok(slot)
    }

    /// Gives the captures in `slots` value `text` of `attribute`.
    pub(in crate::store) fn mark(
        &self,
        attribute: Attribute,
        text: &str,
        slots: &[Slot],
    ) -> Result<(), StoreError> {
        if slots.is_empty() {
            return Ok(());
        }
        // A row may tell of slots that are otherwise still in memory: readers take both.
        let term = Term::value(attribute, self.intern_value(attribute, text)?);
        for (block, ordinals) in by_block(slots) {
            bitmaps::merge(self, CAPTURE_SPACE, block, [(term, ordinals.as_slice())])?;
        }
        Ok(())
    }

    /// Takes value `text` of `attribute` from the captures in `slots`.
    pub(in crate::store) fn unmark(
        &self,
        attribute: Attribute,
        text: &str,
        slots: &[Slot],
    ) -> Result<(), StoreError> {
        if slots.is_empty() {
            return Ok(());
        }
        let term = Term::value(attribute, self.intern_value(attribute, text)?);
        let staged = self.staged.borrow_mut().open.take();
        let mut open = staged.map_or_else(|| self.load_open(), Ok)?;
        // From memory nothing can be taken that older readers still see: it is written out first.
        let flushed = Slot { block: open.header.block, ordinal: open.header.flushed as u16 };
        if slots.iter().any(|slot| *slot >= flushed) {
            self.flush(&mut open)?;
        }
        self.staged.borrow_mut().open = Some(open);
        for (block, ordinals) in by_block(slots) {
            bitmaps::remove(self, CAPTURE_SPACE, block, term, &ordinals)?;
        }
        Ok(())
    }

    fn kill(&self, slot: Slot) {
        self.staged.borrow_mut().dead.entry(slot.block).or_default().push(slot.ordinal);
    }

    fn load_open(&self) -> Result<Open, StoreError> {
        let header = blocks::open_header(&self.table(HEADERS)?)?.unwrap_or_default();
        Ok(Open { header, counted: header.count, added: Vec::new() })
    }

    /// Writes the terms of all slots that are only in memory.
    fn flush(&self, open: &mut Open) -> Result<(), StoreError> {
        let header = &mut open.header;
        if header.flushed == header.count {
            return Ok(());
        }
        let mut entries = self.index.entries_of(header).unwrap_or_default();
        add(&mut entries, std::mem::take(&mut open.added));
        let mut rows: Vec<(Term, Vec<u16>)> = entries.into_iter().collect();
        rows.sort_unstable_by_key(|(term, _)| *term);
        bitmaps::merge(self, CAPTURE_SPACE, header.block, rows)?;
        header.flushed = header.count;
        Ok(())
    }

    fn put_header(&self, header: &Header) -> Result<(), StoreError> {
        let record = blocks::encode_header(header);
        self.table(HEADERS)?.insert(header.block, record.as_slice())?;
        Ok(())
    }

    /// Writes what was gathered and shows it to readers, who ignore it until the commit counts it.
    pub(in crate::store) fn publish(&self) -> Result<(Published, NewValues), StoreError> {
        let mut staged = self.staged.take();
        self.write_counters(std::mem::take(&mut staged.counters))?;
        self.index_plates(self.index.options.plates_unindexed)?;
        {
            let mut table = self.table(BLOCKS)?;
            for (part, range) in &staged.chunks {
                table.insert(part, blocks::encode_range(*range).as_slice())?;
            }
        }
        let mut published = Published::Nothing;
        let mut open = staged.open;
        if let Some(open) = &mut open {
            if open.header.count - open.header.flushed >= self.index.options.memory_captures {
                self.flush(open)?;
            }
            self.put_header(&open.header)?;
        }
        self.bury(&staged.dead)?;
        if let Some(open) = open {
            published = self.index.publish(&open.header, open.counted, open.added);
        }
        Ok((published, staged.values.into_iter().collect()))
    }

    /// Marks slots dead, and drops blocks in which nothing lives any more.
    fn bury(&self, dead: &BTreeMap<u32, Vec<u16>>) -> Result<(), StoreError> {
        for (&block, ordinals) in dead {
            let newest = blocks::open_header(&self.table(HEADERS)?)?;
            let Some(mut header) = blocks::header(&self.table(HEADERS)?, block)? else { continue };
            header.live = header.live.saturating_sub(ordinals.len() as u32);
            if header.live == 0 && newest.is_some_and(|newest| newest.block != block) {
                self.drop_block(block)?;
                continue;
            }
            bitmaps::merge(self, CAPTURE_SPACE, block, [(Term::DEAD, ordinals.as_slice())])?;
            self.put_header(&header)?;
        }
        Ok(())
    }

    fn drop_block(&self, block: u32) -> Result<(), StoreError> {
        bitmaps::drop_block(self, CAPTURE_SPACE, block)?;
        self.table(HEADERS)?.remove(block)?;
        self.table(BLOCKS)?
            .retain_in::<(u32, u16), _>((block, 0)..=(block, u16::MAX), |_, _| false)?;
        self.table(SLOTS)?
            .retain_in::<(u32, u16), _>((block, 0)..=(block, u16::MAX), |_, _| false)?;
        Ok(())
    }
}

fn by_block(slots: &[Slot]) -> BTreeMap<u32, Vec<u16>> {
    let mut blocks: BTreeMap<u32, Vec<u16>> = BTreeMap::new();
    for slot in slots {
        blocks.entry(slot.block).or_default().push(slot.ordinal);
    }
    blocks
}

/// Writes out everything the index holds in memory.
pub(in crate::store) fn flush_all(tx: &WriteTx) -> Result<(), StoreError> {
    let mut open = tx.load_open()?;
    tx.flush(&mut open)?;
    if open.header.count > 0 {
        tx.staged.borrow_mut().open = Some(open);
    }
    tx.index_plates(1)?;
    // The table is named so that an unused index still proves it can be opened.
    tx.table(BITMAPS).map(|_| ())
}
