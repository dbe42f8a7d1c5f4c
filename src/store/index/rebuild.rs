//! Reading back into memory, after a start, what the last run had not written out. Bounded by
//! `memory_captures`; after a clean stop there is nothing to do.

use super::terms::{Extra, terms_of};
use super::{Generation, Index, Slot, Term, blocks};
use crate::model::capture::{Capture, CaptureKey};
use crate::store::captures::{decode, decode_slot};
use crate::store::tables::{CAPTURES, HEADERS, SLOTS, VALUES};
use crate::store::{ReadTx, StoreError};

impl Index {
    /// Rebuilds memory from the store.
    pub(in crate::store) fn rebuild(&self, tx: &ReadTx) -> Result<(), StoreError> {
        let header = blocks::open_header(&tx.table(HEADERS)?)?.unwrap_or_default();
        let mut generation =
            Generation { block: header.block, base: header.flushed, ..Generation::default() };
        self.forget_values();
        let (slots, captures) = (tx.table(SLOTS)?, tx.table(CAPTURES)?);
        for ordinal in header.flushed..header.count {
            let ordinal = u16::try_from(ordinal)
                .map_err(|_| StoreError::Corrupt("search block is too large".into()))?;
            let slot = Slot { block: header.block, ordinal };
            let Some(key) = slots.get((slot.block, slot.ordinal))?.map(|row| row.value()) else {
                continue;
            };
            // A slot whose capture is gone or has moved is dead.
            let Some(record) = captures.get(key)? else { continue };
            if decode_slot(record.value())? != slot {
                continue;
            }
            let (capture, _) = decode(CaptureKey(key), record.value())?;
            for term in self.committed_terms(tx, &capture)? {
                generation.entries.entry(term).or_default().push(ordinal);
            }
        }
        self.reset(generation);
        Ok(())
    }

    fn committed_terms(&self, tx: &ReadTx, capture: &Capture) -> Result<Vec<Term>, StoreError> {
        let values = tx.table(VALUES)?;
        let known = capture.plate.as_ref().map(|plate| tx.known_plate(plate)).transpose()?;
        let detail = tx.capture_detail(capture.key)?.unwrap_or_default();
        let extra = Extra {
            tags: known.flatten().map_or_else(Vec::new, |known| known.tags),
            lists: tx.lists_of(capture)?,
            candidates: detail.candidates,
            signature: detail.signature,
        };
        terms_of(capture, &extra, |attribute, text| {
            if let Some(id) = self.known_value(attribute as u8, text) {
                return Ok(Some(id));
            }
            let id = values.get((attribute as u8, text))?.map(|row| row.value());
            if let Some(id) = id {
                self.learn_value(attribute as u8, text, id);
            }
            Ok(id)
        })
    }
}
