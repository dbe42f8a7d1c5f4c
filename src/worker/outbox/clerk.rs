//! Finds receivers for notices: each notice becomes deliveries in one transaction, or nothing.

use super::Desk;
use crate::base::limits::{NOTICES_BATCH, OUTBOX_ROUND, OUTBOX_STORE_PAUSE};
use crate::domain::outbox::{self, NOTICES};
use crate::model::notice::Notice;
use crate::store::StoreError;

/// Works until the box stops.
pub(super) fn run(desk: &Desk) {
    loop {
        let heard = desk.store.bell().rings();
        if desk.stop.stopped() {
            return;
        }
        let round = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| hand_out(desk)));
        match round {
            Ok(Ok(0)) => desk.store.bell().wait(heard, OUTBOX_ROUND),
            Ok(Ok(_)) => {}
            Ok(Err(error)) => {
                log::warn!("notices wait, the store refused: {error}");
                desk.stop.sleep(OUTBOX_STORE_PAUSE);
            }
            Err(_) => {
                log::error!("handing out notices failed unexpectedly");
                desk.stop.sleep(OUTBOX_STORE_PAUSE);
            }
        }
    }
}

/// Hands out what is due; returns how many notices that were.
fn hand_out(desk: &Desk) -> Result<usize, StoreError> {
    let now = desk.clock.now();
    let found = desk.store.read(|tx| {
        let jobs = tx.due_jobs(NOTICES, now, NOTICES_BATCH)?;
        let mut found = Vec::with_capacity(jobs.len());
        for job in jobs {
            let notice: Option<Notice> = serde_json::from_slice(&job.payload).ok();
            let receivers = match &notice {
                Some(notice) => outbox::receivers(tx, notice)?,
                // Of a later version; nothing here can read it.
                None => Vec::new(),
            };
            found.push((job, receivers));
        }
        Ok(found)
    })?;
    if found.is_empty() {
        return Ok(0);
    }
    desk.store.write(|tx| {
        found.iter().try_for_each(|(job, receivers)| outbox::hand_out(tx, job, receivers, now))
    })?;
    Ok(found.len())
}
