//! `unban ADDRESS`: lets an address in again while the box is not running: the way back for whoever
//! shut out himself.

use std::path::Path;

use crate::base::clock::Clock;
use crate::base::network::Network;
use crate::model::audit::{Action, Event};
use crate::store::ReadTx;

use super::{Failure, open_existing_store, say};

/// Lifts the bans that keep `address` out, or all of them.
///
/// # Errors
/// [`Failure::Failed`] when there is none; nothing was changed.
pub fn run(address: &str, data: &Path) -> Result<(), Failure> {
    let wanted = if address == "all" {
        None
    } else {
        let parsed = Network::parse(address);
        Some(parsed.ok_or_else(|| Failure::Failed(format!("{address:?} is no address")))?)
    };
    let store = open_existing_store(data)?;
    let now = Clock::System.now();
    let bans = store.read(ReadTx::bans)?;
    let lifted = store.write(|tx| {
        let mut lifted = Vec::new();
        for ban in bans {
            if wanted
                .is_none_or(|wanted| ban.network.covers(&wanted) || wanted.covers(&ban.network))
            {
                tx.delete_ban(&ban.network)?;
                tx.audit(&Event::of_console(Action::Unban, now).object(ban.network.to_string()))?;
                lifted.push(ban.network.to_string());
            }
        }
        Ok(lifted)
    })?;
    match lifted.as_slice() {
        [] => Err(Failure::Failed(format!("no ban keeps {address} out"))),
        lifted => say(&format!("lifted: {}", lifted.join(", "))),
    }
}
