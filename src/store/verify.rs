//! Whether what is kept fits together: read from end to end, changed by nothing.

use redb::ReadableTable as _;

use super::captures::{decode, decode_slot};
use super::tables::{CAPTURES, IDENTITIES, PLATE_IDS, POSTINGS, SLOTS};
use super::{ReadTx, Store, StoreError};
use crate::model::capture::{Capture, CaptureKey, ImageKind};

/// Most problems told; a store with more is broken enough.
const TOLD_MAX: usize = 50;

/// What was looked at and what was wrong.
#[derive(Clone, Debug, Default)]
pub struct Verified {
    /// Captures read.
    pub captures: u64,
    /// Images read and compared with their CRC.
    pub images: u64,
    /// What does not fit, a sentence each, at most 50.
    pub problems: Vec<String>,
}

impl Verified {
    fn problem(&mut self, key: CaptureKey, what: &str) {
        if self.problems.len() < TOLD_MAX {
            self.problems.push(format!("capture {key}: {what}"));
        }
    }
}

impl Store {
    /// Reads every capture with its detail, index rows, identity and images.
    ///
    /// # Errors
    /// Only when the store cannot be read at all; what does not fit is in the answer.
    pub fn verify(&self) -> Result<Verified, StoreError> {
        let mut verified = Verified::default();
        self.read(|tx| {
            for row in tx.table(CAPTURES)?.iter()? {
                let (key, record) = row?;
                let key = CaptureKey(key.value());
                verified.captures += 1;
                match decode(key, record.value()) {
                    Ok((capture, _)) => {
                        self.verify_capture(tx, &capture, record.value(), &mut verified)?;
                    }
                    Err(error) => verified.problem(key, &error.to_string()),
                }
            }
            Ok(())
        })?;
        Ok(verified)
    }

    fn verify_capture(
        &self,
        tx: &ReadTx,
        capture: &Capture,
        record: &[u8],
        verified: &mut Verified,
    ) -> Result<(), StoreError> {
        let key = capture.key;
        match tx.strict_detail(key) {
            Ok(Some(_)) => {}
            Ok(None) => verified.problem(key, "has no detail"),
            Err(error) => verified.problem(key, &error.to_string()),
        }
        let slot = decode_slot(record)?;
        let named = tx.table(SLOTS)?.get((slot.block, slot.ordinal))?;
        if named.is_none_or(|named| named.value() != key.0) {
            verified.problem(key, "is not where the search index has it");
        }
        if let Some(plate) = &capture.plate {
            let id = tx.table(PLATE_IDS)?.get(plate.as_str())?.map(|id| id.value());
            let posted = match id {
                Some(id) => tx.table(POSTINGS)?.get((id, key.0))?.is_some(),
                None => false,
            };
            if !posted {
                verified.problem(key, "is missing from the list of its plate");
            }
        }
        self.verify_images(tx, capture, verified)
    }

    fn verify_images(
        &self,
        tx: &ReadTx,
        capture: &Capture,
        verified: &mut Verified,
    ) -> Result<(), StoreError> {
        let key = capture.key;
        for kind in ImageKind::ALL.into_iter().filter(|kind| capture.images.has(*kind)) {
            let name = kind.name();
            let Some(place) = tx.image_place(key, kind)? else {
                verified.problem(key, &format!("the {name} image has no place"));
                continue;
            };
            match self.images().read(key, kind, &place) {
                Ok(Some(_)) => verified.images += 1,
                Ok(None) => verified.problem(key, &format!("the {name} image is gone")),
                Err(error) => verified.problem(key, &format!("the {name} image: {error}")),
            }
        }
        Ok(())
    }
}

impl ReadTx {
    /// Identities that lead to no capture and no alert, counted.
    pub fn dangling_identities(&self) -> Result<u64, StoreError> {
        use super::tables::REKOR_ALERTS;
        let (captures, alerts) = (self.table(CAPTURES)?, self.table(REKOR_ALERTS)?);
        let mut dangling = 0;
        for row in self.table(IDENTITIES)?.iter()? {
            let key = row?.1.value();
            if captures.get(key)?.is_none() && alerts.get(key)?.is_none() {
                dangling += 1;
            }
        }
        Ok(dangling)
    }
}
