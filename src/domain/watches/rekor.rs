//! News of alerts that Rekor Scout raised. Whether a channel passes them on is its own setting.

use crate::base::clock::Timestamp;
use crate::domain::outbox;
use crate::model::agent::RekorAlert;
use crate::model::capture::{CaptureKey, Flags};
use crate::model::notice::Notice;
use crate::store::{StoreError, WriteTx};

/// Queues a notice of `alert`; never of late or parked reads and of ignored plates.
pub fn tell(tx: &WriteTx, alert: &RekorAlert, now: Timestamp) -> Result<(), StoreError> {
    if alert.capture != CaptureKey(0)
        && let Some(capture) = tx.capture(alert.capture)?
    {
        let silent = capture.flags.has(Flags::LATE) || capture.flags.has(Flags::PARKED);
        let known =
            capture.plate.as_ref().map(|plate| tx.known_plate(plate)).transpose()?.flatten();
        if silent || known.is_some_and(|known| known.ignored) {
            return Ok(());
        }
    }
    outbox::enqueue(tx, &Notice::RekorAlert { id: alert.key.0 }, now)
}
