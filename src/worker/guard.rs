//! Writes out what waits for the audit log and what changed among the bans, so that both are on
//! disk within seconds even when nothing else is committed; trims the log.

use std::sync::Arc;
use std::thread::JoinHandle;

use crate::base::clock::Clock;
use crate::base::limits::AUDIT_FLUSH;
use crate::base::stop::Stop;
use crate::domain::audit;
use crate::domain::bans::Bans;
use crate::domain::settings::SettingsCache;
use crate::store::Store;

/// Every how many flushes old entries and bans are forgotten: twice an hour.
const TRIM_ROUNDS: u64 = 360;

/// Starts the thread; it ends when `stop` is given, having written out everything.
pub fn start(
    store: &Arc<Store>,
    bans: &Arc<Bans>,
    settings: &Arc<SettingsCache>,
    clock: &Clock,
    stop: &Stop,
) -> std::io::Result<JoinHandle<()>> {
    let (store, bans, settings) = (Arc::clone(store), Arc::clone(bans), Arc::clone(settings));
    let (clock, stop) = (clock.clone(), stop.clone());
    super::spawn("guard", move || {
        let mut round = 0_u64;
        loop {
            let stopped = stop.sleep(AUDIT_FLUSH);
            write_out(&store, &bans, &settings);
            if stopped {
                return;
            }
            round += 1;
            if round.is_multiple_of(TRIM_ROUNDS) {
                bans.sweep(&settings.current().ipban, clock.now());
                let days = settings.current().retention.audit_days;
                match audit::trim(&store, days, clock.now()) {
                    Ok(0) => {}
                    Ok(count) => log::info!("removed {count} old entries of the audit log"),
                    Err(error) => log::warn!("the audit log could not be trimmed: {error}"),
                }
            }
        }
    })
}

fn write_out(store: &Store, bans: &Bans, settings: &SettingsCache) {
    if !bans.has_changes() {
        return store.flush_audit();
    }
    match store.write(|tx| bans.save(tx, &settings.current().ipban)) {
        Ok(written) => bans.saved(&written),
        Err(error) => log::warn!("the bans could not be written: {error}"),
    }
}
