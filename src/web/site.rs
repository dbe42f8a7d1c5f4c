//! What handlers may use: built once by `app`, immutable but for the parts that guard themselves.

use std::sync::Arc;

use crate::auth::setup::SetupCode;
use crate::auth::sign_in::SignIn;
use crate::base::clock::{Clock, Timestamp};
use crate::domain::bans::Bans;
use crate::domain::certificates::Certificates;
use crate::domain::settings::SettingsCache;
use crate::gate::Hub;
use crate::store::Store;
use crate::web::exports::Exports;
use crate::web::live::Feed;
use crate::web::render::Renderer;
use crate::web::webhook::Refusals;
use crate::worker::abuse::Abuse;
use crate::worker::ingest::Ingest;
use crate::worker::outbox::Outbox;
use crate::worker::pulls::Pulls;

/// Everything a handler may use.
pub struct Site {
    /// The store.
    pub store: Arc<Store>,
    /// The way reads take into it.
    pub ingest: Ingest,
    /// The newest reads, for live streams.
    pub feed: Arc<Feed>,
    /// The thread of the live streams.
    pub hub: Hub,
    /// Time.
    pub clock: Clock,
    /// Settings, reread when they change.
    pub settings: Arc<SettingsCache>,
    /// Who is shut out.
    pub bans: Arc<Bans>,
    /// Tells AbuseIPDB of them.
    pub abuse: Arc<Abuse>,
    /// Tells people.
    pub outbox: Arc<Outbox>,
    /// Fetches full frames from agents.
    pub pulls: Arc<Pulls>,
    /// What the box presents to TLS clients.
    pub certificates: Arc<Certificates>,
    /// Checks passwords, one at a time, and slows guessing down.
    pub sign_in: SignIn,
    /// Templates and static files.
    pub renderer: Renderer,
    /// What the webhook refused since start.
    pub refusals: Refusals,
    /// Exports under way.
    pub exports: Exports,
    /// Code that the first visitor from outside must know; `None` once an account exists.
    pub setup_code: Option<SetupCode>,
    /// Port the box listens on.
    pub port: u16,
    /// When this process started.
    pub started_at: Timestamp,
}
