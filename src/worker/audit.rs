//! Writes out what waits for the audit log, so that a look at a page is on disk within seconds
//! even when nothing else is committed, and trims the log.

use std::sync::Arc;
use std::thread::JoinHandle;

use crate::base::clock::Clock;
use crate::base::limits::AUDIT_FLUSH;
use crate::base::stop::Stop;
use crate::domain::audit;
use crate::store::Store;

/// Every how many flushes the log is trimmed: twice an hour.
const TRIM_ROUNDS: u64 = 360;

/// Starts the thread; it ends when `stop` is given. The last entries are written by closing the
/// store.
pub fn start(store: &Arc<Store>, clock: &Clock, stop: &Stop) -> std::io::Result<JoinHandle<()>> {
    let (store, clock, stop) = (Arc::clone(store), clock.clone(), stop.clone());
    super::spawn("audit", move || {
        let mut round = 0_u64;
        while !stop.sleep(AUDIT_FLUSH) {
            round += 1;
            store.flush_audit();
            if round.is_multiple_of(TRIM_ROUNDS) {
                match audit::trim(&store, clock.now()) {
                    Ok(0) => {}
                    Ok(count) => log::info!("removed {count} old entries of the audit log"),
                    Err(error) => log::warn!("the audit log could not be trimmed: {error}"),
                }
            }
        }
    })
}
