//! Composition root: builds everything in order, starts it, stops it in reverse. The only module
//! that knows all layers.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use crate::auth::setup::{self, SetupCode};
use crate::auth::sign_in::SignIn;
use crate::base::clock::Clock;
use crate::base::host::Machine;
use crate::base::stop::Stop;
use crate::domain::bans::Bans;
use crate::domain::captures::{self, Outcome};
use crate::domain::certificates::{self, Certificates, Identity};
use crate::domain::settings::SettingsCache;
use crate::gate::{self, Gate, GateLimits, Hub, HubLimits, Tls};
use crate::store::{ReadTx, Store, StoreError, StoreOptions};
use crate::web::doorman::Door;
use crate::web::exports::Exports;
use crate::web::live::Feed;
use crate::web::pipeline::Pipeline;
use crate::web::render::Renderer;
use crate::web::site::Site;
use crate::web::webhook::Refusals;
use crate::worker::abuse::Abuse;
use crate::worker::ingest::Ingest;
use crate::worker::outbox::Outbox;
use crate::worker::pulls::Pulls;
use crate::worker::{guard, janitor};

/// Pause between two looks at whether the threads that call others have ended, and how many: a
/// second in all.
const CALL_WAIT: Duration = Duration::from_millis(10);
const CALL_WAITS: u32 = 100;
/// Time given to running requests when the box stops; systemd's patience is 5 s.
const STOP_DEADLINE: Duration = Duration::from_secs(3);

/// How to start the box.
#[derive(Clone, Debug)]
pub struct Options {
    /// Address and port to listen on; port 0 takes a free one.
    pub listen: String,
    /// Data directory, made when missing.
    pub data: PathBuf,
    /// Time.
    pub clock: Clock,
    /// Store options.
    pub store: StoreOptions,
    /// What a connection may cost.
    pub limits: GateLimits,
}

impl Options {
    /// The usual options for `listen` and `data`.
    pub fn new(listen: impl Into<String>, data: impl Into<PathBuf>) -> Self {
        Self {
            listen: listen.into(),
            data: data.into(),
            clock: Clock::System,
            store: StoreOptions::default(),
            limits: GateLimits::default(),
        }
    }
}

/// The box could not start. The text says what to do.
#[derive(Debug)]
pub struct StartError(String);

impl std::fmt::Display for StartError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for StartError {}

/// Says which secrets cannot be read, so that somebody enters them again; the box works without.
fn warn_of_lost_secrets(store: &Store) -> Result<(), StoreError> {
    for name in store.read(ReadTx::lost_secrets)? {
        log::warn!("the secret {name} cannot be read with this key: enter it again");
    }
    Ok(())
}

/// Finds the certificate to present, and ties the two that care for it together.
fn certificates(
    store: &Store,
    settings: &SettingsCache,
    clock: &Clock,
) -> Result<(Tls, Arc<Certificates>), StartError> {
    let failed = |error: &dyn std::fmt::Display| StartError(format!("certificate: {error}"));
    let general = &settings.current().general;
    let found = certificates::find(store, general, Machine::look(), clock.now())
        .map_err(|error| failed(&error))?;
    let tls = Tls::new(&found.identity.chain, found.identity.key.expose())
        .map_err(|error| failed(&error))?;
    let gate = tls.clone();
    let present = move |identity: &Identity| {
        gate.present(&identity.chain, identity.key.expose()).map_err(|error| error.to_string())
    };
    Ok((tls, Arc::new(Certificates::new(found, Box::new(present)))))
}

/// The running box.
pub struct App {
    site: Arc<Site>,
    gate: Gate,
    stop: Stop,
    threads: Vec<JoinHandle<()>>,
    /// May be in the middle of a call to a service that does not answer.
    reporter: JoinHandle<()>,
    /// The same.
    senders: Vec<JoinHandle<()>>,
    address: SocketAddr,
}

impl App {
    /// Opens the store, starts the workers and then the door.
    ///
    /// # Errors
    /// When the store cannot be opened, a template is broken, or the address cannot be bound.
    pub fn start(options: Options) -> Result<Self, StartError> {
        let Options { listen, data, clock, store, limits } = options;
        let failed =
            |what: &str, error: &dyn std::fmt::Display| StartError(format!("{what}: {error}"));
        // Bound first: a port in use is the commonest mistake and must not touch the data.
        let listener =
            gate::bind(&listen).map_err(|error| failed(&format!("listen on {listen}"), &error))?;
        let address = listener.local_addr().map_err(|error| failed("listen", &error))?;
        let store = captures::open(&data, store)
            .map_err(|error| failed(&format!("open the store in {}", data.display()), &error))?;
        let store = Arc::new(store);
        let renderer = Renderer::load().map_err(|error| failed("templates", &error))?;
        let sign_in = SignIn::new(&store).map_err(|error| failed("accounts", &error))?;
        let setup_code =
            setup::code_when_open(&store).map_err(|error| failed("accounts", &error))?;
        warn_of_lost_secrets(&store).map_err(|error| failed("secrets", &error))?;
        let settings = SettingsCache::new(&store).map_err(|error| failed("settings", &error))?;
        let settings = Arc::new(settings);
        let bans = Bans::load(&store, &settings.current().ipban);
        let bans = Arc::new(bans.map_err(|error| failed("bans", &error))?);
        let stop = Stop::new();
        let (tls, certificates) = certificates(&store, &settings, &clock)?;
        let no_threads = |error: &std::io::Error| failed("start threads", error);
        let (hub, feed, ingest, mut threads) = start_threads(&store, &certificates, &clock, &stop)
            .map_err(|error| no_threads(&error))?;
        let guard = guard::start(&store, &bans, &settings, &clock, &stop);
        threads.push(guard.map_err(|error| no_threads(&error))?);
        let (abuse, reporter) =
            Abuse::start(&store, &bans, &settings, &clock).map_err(|error| no_threads(&error))?;
        let (outbox, senders) =
            Outbox::start(&store, &settings, &clock, &stop).map_err(|error| no_threads(&error))?;
        let (pulls, pullers) =
            Pulls::start(&store, &clock, &stop).map_err(|error| no_threads(&error))?;
        threads.extend(pullers);
        let site = Arc::new(Site {
            outbox,
            store,
            ingest,
            feed,
            hub,
            settings,
            certificates,
            bans,
            abuse,
            pulls,
            sign_in,
            renderer,
            refusals: Refusals::default(),
            exports: Exports::default(),
            setup_code,
            port: address.port(),
            started_at: clock.now(),
            clock,
        });
        let door = Arc::new(Door(Arc::clone(&site)));
        let handler = Arc::new(Pipeline(Arc::clone(&site)));
        let gate = Gate::start(vec![listener], handler, door, limits, Some(tls))
            .map_err(|error| failed("start the server", &error))?;
        Ok(Self { site, gate, stop, threads, reporter, senders, address })
    }

    /// Where it listens.
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Its store.
    pub fn store(&self) -> &Arc<Store> {
        &self.site.store
    }

    /// SHA-256 of the authority behind its certificate, for the console.
    pub fn authority_fingerprint(&self) -> String {
        self.site.certificates.current().authority_fingerprint.clone()
    }

    /// The set-up code, when no account existed at start.
    pub fn setup_code(&self) -> Option<String> {
        self.site.setup_code.as_ref().map(SetupCode::shown)
    }

    /// Stops: no new requests, running ones end, everything queued is committed, then the store
    /// is closed.
    pub fn stop(self) {
        self.stop.stop();
        self.site.hub.stop();
        self.site.abuse.stop();
        self.site.store.bell().ring();
        self.gate.stop(STOP_DEADLINE);
        self.site.ingest.close();
        // A message under way is either noted in time or sent again after the next start.
        let calling =
            || !self.reporter.is_finished() || self.senders.iter().any(|it| !it.is_finished());
        for _ in 0..CALL_WAITS {
            if !calling() {
                break;
            }
            std::thread::sleep(CALL_WAIT);
        }
        for thread in self.threads {
            if thread.join().is_err() {
                log::error!("a worker had panicked");
            }
        }
        if let Err(error) = self.site.store.close() {
            log::error!("closing the store failed: {error}");
        }
    }
}

type Threads = (Hub, Arc<Feed>, Ingest, Vec<JoinHandle<()>>);

/// Starts everything that runs beside the connections.
fn start_threads(
    store: &Arc<Store>,
    certificates: &Arc<Certificates>,
    clock: &Clock,
    stop: &Stop,
) -> std::io::Result<Threads> {
    let hub = Hub::new(HubLimits::default())?;
    let feed = Arc::new(Feed::new(hub.clone()));
    let live = {
        let (feed, store) = (Arc::clone(&feed), Arc::clone(store));
        hub.start(move || feed.gather(&store))?
    };
    let announcer = Arc::clone(&feed);
    let announce = Box::new(move |outcomes: &[Outcome]| announcer.announce(outcomes));
    let (ingest, thread) = Ingest::start(store, clock, announce)?;
    let janitor = janitor::start(store, certificates, clock, stop)?;
    Ok((hub, feed, ingest, vec![live, thread, janitor]))
}
