//! The outbox: one thread finds receivers for notices, one thread a channel sends. All of their work
//! lies in the store as jobs, so a thread may end at any moment; the bell of the store wakes them.

mod breaker;
mod clerk;
mod letters;
mod sender;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;

use crate::base::clock::{Clock, Timestamp};
use crate::base::stop::Stop;
use crate::domain::settings::SettingsCache;
use crate::notify::{CHANNELS, Channel, Config, Message, SendError};
use crate::store::Store;

/// What became of a channel's messages since start.
#[derive(Clone, Debug, Default)]
pub struct ChannelStatus {
    /// When the last message went, and what the service said.
    pub sent: Option<(Timestamp, String)>,
    /// When the last one did not, and why.
    pub failed: Option<(Timestamp, String)>,
    /// Nothing is sent before this.
    pub paused_until: Option<Timestamp>,
    /// Messages sent.
    pub count: u64,
}

/// What the threads share with whoever looks at them.
#[derive(Default)]
struct Shared {
    status: Mutex<BTreeMap<&'static str, ChannelStatus>>,
    /// Channels whose settings were changed: their rest is over.
    changed: Mutex<Vec<&'static str>>,
}

/// The outbox, shared.
pub struct Outbox {
    shared: Arc<Shared>,
    store: Arc<Store>,
}

/// What every thread of the outbox needs.
#[derive(Clone)]
struct Desk {
    store: Arc<Store>,
    settings: Arc<SettingsCache>,
    clock: Clock,
    stop: Stop,
    shared: Arc<Shared>,
}

impl Outbox {
    /// Starts the threads. They end when `stop` is given and the bell rings.
    pub fn start(
        store: &Arc<Store>,
        settings: &Arc<SettingsCache>,
        clock: &Clock,
        stop: &Stop,
    ) -> std::io::Result<(Arc<Self>, Vec<JoinHandle<()>>)> {
        let shared = Arc::new(Shared::default());
        let desk = Desk {
            store: Arc::clone(store),
            settings: Arc::clone(settings),
            clock: clock.clone(),
            stop: stop.clone(),
            shared: Arc::clone(&shared),
        };
        let mut threads = Vec::with_capacity(CHANNELS.len() + 1);
        let own = desk.clone();
        threads.push(super::spawn("notices", move || clerk::run(&own))?);
        for channel in CHANNELS {
            let desk = desk.clone();
            let work = move || sender::Sender::new(desk, *channel).run();
            threads.push(super::spawn(channel.id(), work)?);
        }
        Ok((Arc::new(Self { shared, store: Arc::clone(store) }), threads))
    }

    /// What became of the messages of `channel`.
    pub fn status(&self, channel: &str) -> ChannelStatus {
        self.shared.status().get(channel).cloned().unwrap_or_default()
    }

    /// The settings of `channel` have changed: it is tried again at once.
    pub fn refresh(&self, channel: &'static str) {
        self.shared.changed().push(channel);
        self.store.bell().ring();
    }

    /// Sends `message` past the queue, on this thread, to the first receiver; returns what the
    /// service said.
    ///
    /// # Errors
    /// Why it did not arrive.
    pub fn test(
        channel: &'static dyn Channel,
        config: &Config,
        to: &str,
        message: &Message,
    ) -> Result<String, SendError> {
        channel.open().send(config, to, message)
    }
}

impl Shared {
    fn status(&self) -> MutexGuard<'_, BTreeMap<&'static str, ChannelStatus>> {
        self.status.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn changed(&self) -> MutexGuard<'_, Vec<&'static str>> {
        self.changed.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
