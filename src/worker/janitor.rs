//! Slow housekeeping: forgetting what has expired.

use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use crate::auth::session;
use crate::base::clock::Clock;
use crate::base::limits::{PARKED_VISIT_MS, WATCH_QUIET_MS_MAX};
use crate::base::stop::Stop;
use crate::domain::certificates::Certificates;
use crate::store::Store;

/// How often the janitor looks.
const ROUND: Duration = Duration::from_secs(60);
/// Every how many rounds expired entries are forgotten.
const FORGET_ROUNDS: u64 = 60;
/// Previews and parked visits are forgotten after this long without news, milliseconds.
const WAITING_MS: i64 = 2 * PARKED_VISIT_MS;

/// Starts the janitor; it ends when `stop` is given.
pub fn start(
    store: &Arc<Store>,
    certificates: &Arc<Certificates>,
    clock: &Clock,
    stop: &Stop,
) -> std::io::Result<JoinHandle<()>> {
    let (store, clock, stop) = (Arc::clone(store), clock.clone(), stop.clone());
    let certificates = Arc::clone(certificates);
    super::spawn("janitor", move || {
        let mut round_number = 0;
        while !stop.sleep(ROUND) {
            round_number += 1;
            let round = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
                clean(&store, &clock, round_number);
                // A clock that was set, an address that changed, an end that comes near.
                if let Err(error) = certificates.refresh(&store, clock.now()) {
                    log::warn!("the certificate cannot be looked after: {error}");
                }
            }));
            if round.is_err() {
                log::error!("housekeeping failed unexpectedly; trying again in a minute");
            }
        }
    })
}

fn clean(store: &Store, clock: &Clock, round: u64) {
    // Each of these commits wears the disk a little, so they are rare.
    if !round.is_multiple_of(FORGET_ROUNDS) {
        return;
    }
    let now = clock.now();
    let forgotten = store
        .write(|tx| {
            tx.forget_told(now.plus_ms(-WATCH_QUIET_MS_MAX))?;
            tx.forget_waiting(now.plus_ms(-WAITING_MS))
        })
        .and_then(|count| Ok(count + session::sweep(store, now)?));
    match forgotten {
        Ok(0) => {}
        Ok(count) => log::debug!("forgot {count} expired entries"),
        Err(error) => log::warn!("housekeeping failed: {error}"),
    }
}
