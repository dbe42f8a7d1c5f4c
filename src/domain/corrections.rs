//! Setting a misread plate right. The capture then counts, is found and stands in histories as
//! corrected; what the agent read is kept beside it and can be put back.

use crate::base::clock::Timestamp;
use crate::base::limits::{CORRECTION_CHANGES_MAX, REGION_CHARS_MAX};
use crate::model::capture::{Capture, CaptureKey, CaptureKind, Flags};
use crate::model::correction::{Change, Correction, Reading};
use crate::model::known_plate::Author;
use crate::model::plate::Plate;
use crate::store::{StoreError, WriteTx};

/// Refusal: the read is gone.
pub const GONE: &str = "there is no such read";
/// Refusal: nobody corrected it.
pub const NOT_CORRECTED: &str = "this read was not corrected";

/// Sets plate and region of the read `key` right. To say again what the agent read is to undo.
/// Whether anything was changed.
///
/// # Errors
/// [`StoreError::Refused`] with [`GONE`].
pub fn correct(
    tx: &WriteTx,
    key: CaptureKey,
    plate: Plate,
    region: String,
    by: Author,
    now: Timestamp,
) -> Result<bool, StoreError> {
    let capture = tx.capture(key)?.ok_or(StoreError::Refused(GONE))?;
    let correction = tx.correction(key)?.unwrap_or_else(|| untouched(&capture));
    let mut to = Reading { kind: CaptureKind::Plate, plate: Some(plate), region };
    if (&to.plate, &to.region) == (&correction.original.plate, &correction.original.region) {
        to = correction.original.clone();
    }
    change(tx, capture, correction, Change { to, by, at: now })
}

/// Puts back what the agent read.
///
/// # Errors
/// [`StoreError::Refused`] with [`GONE`] or [`NOT_CORRECTED`].
pub fn undo(tx: &WriteTx, key: CaptureKey, by: Author, now: Timestamp) -> Result<bool, StoreError> {
    let capture = tx.capture(key)?.ok_or(StoreError::Refused(GONE))?;
    let correction = tx.correction(key)?.filter(Correction::stands);
    let correction = correction.ok_or(StoreError::Refused(NOT_CORRECTED))?;
    let to = correction.original.clone();
    change(tx, capture, correction, Change { to, by, at: now })
}

/// Takes the correction of a preview over to `capture`, its final read.
pub fn inherit(tx: &WriteTx, preview: &Correction, capture: &Capture) -> Result<(), StoreError> {
    let Some(last) = preview.changes.last().filter(|_| preview.stands()) else { return Ok(()) };
    change(tx, capture.clone(), untouched(capture), last.clone()).map(|_| ())
}

/// The region `text` as agents write them, lower case; `""` for unknown. `None` when no agent
/// could have sent it.
pub fn parse_region(text: &str) -> Option<String> {
    let region = text.trim().to_lowercase();
    let fits = region.len() <= REGION_CHARS_MAX
        && region.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
    fits.then_some(region)
}

fn untouched(capture: &Capture) -> Correction {
    Correction { key: capture.key, original: Reading::of(capture), changes: Vec::new() }
}

fn change(
    tx: &WriteTx,
    mut capture: Capture,
    mut correction: Correction,
    change: Change,
) -> Result<bool, StoreError> {
    if change.to == Reading::of(&capture) {
        return Ok(false);
    }
    capture.kind = change.to.kind;
    capture.plate.clone_from(&change.to.plate);
    capture.region.clone_from(&change.to.region);
    capture.flags.set(Flags::CORRECTED, change.to != correction.original);
    correction.changes.push(change);
    // The oldest changes go; the original and the latest stay.
    let surplus = correction.changes.len().saturating_sub(CORRECTION_CHANGES_MAX);
    correction.changes.drain(..surplus);
    tx.update_capture(&capture, None)?;
    tx.put_correction(&correction)?;
    Ok(true)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::capture::{CaptureDetail, ImageSet, Vehicle};
    use crate::model::query::{PageRequest, Piece, PlateMatch, Query};
    use crate::model::user::UserId;
    use crate::store::{Store, StoreOptions};

    const NOW: Timestamp = Timestamp(1_700_000_000_000);

    fn capture(key: u64, plate: &str, kind: CaptureKind) -> Capture {
        Capture {
            key: CaptureKey::new(NOW, key as u32),
            kind,
            agent_uid: "A1".into(),
            camera_id: 1,
            uuid: String::new(),
            captured_at: NOW,
            ended_at: NOW,
            received_at: NOW,
            plate: Plate::parse(plate),
            plate_text: plate.into(),
            confidence: 70.0,
            region: "us-nv".into(),
            region_confidence: 50.0,
            country: "us".into(),
            direction: None,
            vehicle: Vehicle::default(),
            flags: Flags::default(),
            images: ImageSet::default(),
            reads: 1,
            frame: (0, 0),
        }
    }

    fn open(captures: &[Capture]) -> (tempfile::TempDir, Store) {
        let directory = tempfile::tempdir().unwrap();
        let store = Store::open(directory.path(), StoreOptions::default()).unwrap();
        let insert = |capture: &Capture| {
            store.write(|tx| tx.insert_capture(capture, &CaptureDetail::default())).unwrap();
        };
        captures.iter().for_each(insert);
        (directory, store)
    }

    fn found(store: &Store, plate: &str) -> Vec<CaptureKey> {
        let pieces = vec![Piece::Text(plate.into())];
        let plate = Some(PlateMatch { pieces, ..PlateMatch::default() });
        let request = PageRequest { limit: 10, before: None, total: false };
        let page = store.search(&Query { plate, ..Query::default() }, request).unwrap();
        page.rows.into_iter().map(|row| row.key).collect()
    }

    fn set(store: &Store, key: CaptureKey, plate: &str, region: &str) -> bool {
        let plate = Plate::parse(plate).unwrap();
        let by = Author { user: UserId(2), name: "Ann".into() };
        store.write(|tx| correct(tx, key, plate, region.into(), by, NOW)).unwrap()
    }

    #[test]
    fn search_follows_and_undo_puts_the_original_back() {
        let read = capture(1, "8KX-R4I7", CaptureKind::Plate);
        let (_directory, store) = open(&[read.clone(), capture(2, "8KXR417", CaptureKind::Plate)]);
        assert!(set(&store, read.key, "8KXR417", "us-ca"));
        assert!(!set(&store, read.key, "8KXR417", "us-ca"), "nothing new");
        assert_eq!(found(&store, "8KXR417").len(), 2);
        assert!(found(&store, "8KXR4I7").is_empty());
        let now = store.read(|tx| tx.capture(read.key)).unwrap().unwrap();
        assert_eq!((now.shown_plate(), now.region.as_str()), (Some("8KXR417"), "us-ca"));
        assert_eq!(now.plate_text, "8KX-R4I7");
        assert!(now.flags.has(Flags::CORRECTED));
        let told = |plate: &str| {
            store.read(|tx| tx.corrections_of(&Plate::parse(plate).unwrap(), 9)).unwrap().len()
        };
        assert_eq!((told("8KXR417"), told("8KXR4I7"), told("OTHER")), (1, 1, 0));

        let by = Author { user: UserId(2), name: "Ann".into() };
        store.write(|tx| undo(tx, read.key, by.clone(), NOW)).unwrap();
        assert_eq!(store.read(|tx| tx.capture(read.key)).unwrap().unwrap(), read);
        assert_eq!((found(&store, "8KXR4I7"), told("8KXR417")), (vec![read.key], 0));
        let again = store.write(|tx| undo(tx, read.key, by, NOW));
        assert!(matches!(again, Err(StoreError::Refused(NOT_CORRECTED))));
        let kept = store.read(|tx| tx.correction(read.key)).unwrap().unwrap();
        assert_eq!((kept.changes.len(), kept.stands()), (2, false), "who and when stay");
    }

    #[test]
    fn a_vehicle_without_plate_can_be_given_one_and_deleting_leaves_nothing() {
        let read = capture(1, "", CaptureKind::Vehicle);
        let (_directory, store) = open(std::slice::from_ref(&read));
        set(&store, read.key, "AB1", "");
        let now = store.read(|tx| tx.capture(read.key)).unwrap().unwrap();
        assert_eq!((now.kind, found(&store, "AB1").len()), (CaptureKind::Plate, 1));
        store.write(|tx| tx.delete_capture(read.key)).unwrap();
        assert!(store.read(|tx| tx.correction(read.key)).unwrap().is_none());
        let plate = Plate::parse("AB1").unwrap();
        assert!(store.read(|tx| tx.corrections_of(&plate, 9)).unwrap().is_empty());
    }

    #[test]
    fn changes_are_bounded_and_the_original_stays() {
        let read = capture(1, "AB0", CaptureKind::Plate);
        let (_directory, store) = open(std::slice::from_ref(&read));
        for number in 1..CORRECTION_CHANGES_MAX + 5 {
            set(&store, read.key, &format!("AB{number}"), "us-nv");
        }
        let kept = store.read(|tx| tx.correction(read.key)).unwrap().unwrap();
        assert_eq!(kept.changes.len(), CORRECTION_CHANGES_MAX);
        assert_eq!(kept.original, Reading::of(&read));
    }

    #[test]
    fn regions_are_codes() {
        for (text, expected) in [
            (" US-CA ", Some("us-ca")),
            ("", Some("")),
            ("<b>", None),
            ("us_ca", None),
            ("a-very-long-region", None),
        ] {
            assert_eq!(parse_region(text).as_deref(), expected, "{text}");
        }
    }
}
