//! `serve`: runs the box until it is told to stop.

use std::net::{IpAddr, SocketAddr};

use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::iterator::Signals;

use super::Failure;
use super::args::ServeOptions;
use crate::app::{App, Options};

/// Runs `serve`.
///
/// # Errors
/// [`Failure`] with one line.
pub fn run(options: &ServeOptions) -> Result<(), Failure> {
    super::heap::make_small();
    // Registered first, so that an early signal is not lost.
    let mut signals =
        Signals::new([SIGINT, SIGTERM]).map_err(|error| Failure::failed("signals", error))?;
    let mut start = Options::new(options.listen.to_string(), &options.data);
    start.store = super::store_options();
    let app = App::start(start).map_err(|error| Failure::Failed(error.to_string()))?;
    greet(&app)?;
    signals.forever().next();
    log::info!("stopping");
    app.stop();
    Ok(())
}

/// Tells the person at the console where the box is, and the code for the first visit.
fn greet(app: &App) -> Result<(), Failure> {
    let address = app.address();
    super::say(&format!("openalpr-webhook {} is ready", env!("CARGO_PKG_VERSION")))?;
    super::say(&format!("  open  http://{}/", reachable(address)))?;
    super::say(
        "  from other machines by https; the certificate of this box comes from the authority",
    )?;
    super::say(&format!("  SHA-256 {}", app.authority_fingerprint()))?;
    if let Some(code) = app.setup_code() {
        super::say(&format!("  set-up code for the first visit from another machine: {code}"))?;
    }
    Ok(())
}

/// The address a browser on this machine can open.
fn reachable(address: SocketAddr) -> SocketAddr {
    let mut address = address;
    if address.ip().is_unspecified() {
        address.set_ip(match address.ip() {
            IpAddr::V4(_) => IpAddr::from([127, 0, 0, 1]),
            IpAddr::V6(_) => IpAddr::V6(std::net::Ipv6Addr::LOCALHOST),
        });
    }
    address
}
