//! Corrections of misread plates. What the agent read is never lost: it stands first, and every
//! change after it with who and when.

use crate::base::clock::Timestamp;
use crate::model::capture::{Capture, CaptureKey, CaptureKind};
use crate::model::known_plate::Author;
use crate::model::plate::Plate;

/// The corrections of one capture.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Correction {
    /// The capture.
    pub key: CaptureKey,
    /// What the agent read.
    pub original: Reading,
    /// What people made of it, oldest first; at least one.
    pub changes: Vec<Change>,
}

/// What a capture says about its plate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reading {
    /// Plate group or plate-less vehicle.
    pub kind: CaptureKind,
    /// The plate.
    pub plate: Option<Plate>,
    /// Its region, as sent; `""` when unknown.
    pub region: String,
}

/// One change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// What the capture says since then.
    pub to: Reading,
    /// Who made it.
    pub by: Author,
    /// When.
    pub at: Timestamp,
}

impl Reading {
    /// What `capture` says now.
    pub fn of(capture: &Capture) -> Self {
        Self { kind: capture.kind, plate: capture.plate.clone(), region: capture.region.clone() }
    }
}

impl Correction {
    /// What the capture says now.
    pub fn current(&self) -> &Reading {
        self.changes.last().map_or(&self.original, |change| &change.to)
    }

    /// Whether the capture says something else than the agent did.
    pub fn stands(&self) -> bool {
        *self.current() != self.original
    }
}
