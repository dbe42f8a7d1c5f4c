//! `vehicle`: a vehicle without a legible plate. Must not know plates.

use crate::model::agent::Payload;
use crate::model::capture::{CaptureKind, NewCapture};

use super::fields::Notes;
use super::json::Object;
use super::{Context, Document, PayloadKind, finish, read};

/// The payload kind.
pub(super) struct Vehicle;

impl PayloadKind for Vehicle {
    fn name(&self) -> &'static str {
        "vehicle"
    }

    fn about(&self) -> &'static str {
        "a vehicle whose plate is missing or cannot be read"
    }

    fn detect(&self, document: &Document<'_>) -> bool {
        document.is(self.name())
    }

    fn parse(&self, document: &Document<'_>, context: &Context) -> Payload {
        let mut notes = document.notes();
        let mut new = capture(&document.root, context, &mut notes);
        finish(&mut new, &document.root, &document.root, notes);
        Payload::Capture(new)
    }
}

/// Reads a vehicle; raw document and notes are left to the caller.
pub(super) fn capture(root: &Object<'_>, context: &Context, notes: &mut Notes) -> NewCapture {
    read::capture(root, CaptureKind::Vehicle, context, notes)
}
