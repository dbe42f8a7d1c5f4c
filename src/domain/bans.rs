//! Who is shut out: offences are counted per customer (an IPv4 address, a /64 of IPv6) in a window,
//! too many of them are a ban, each ban lasts longer than the one before. Lives in memory, bounded;
//! [`Bans::save`] writes what changed. Knows no HTTP and does not look at the clock.

use std::collections::{HashMap, HashSet};
use std::net::IpAddr;
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::base::clock::Timestamp;
use crate::base::limits::{
    BAN_AGENTS_MAX, BAN_ESCALATION, BAN_LISTED_MAX, BAN_MEMORY_MS, BAN_RANGES_MAX, BANS_MAX,
    SUSPECTS_MAX,
};
use crate::base::network::{Network, is_loopback, is_private};
use crate::model::ban::{Ban, Offence};
use crate::model::guard::IpBan;
use crate::model::text;
use crate::store::{ReadTx, Store, StoreError, WriteTx};

/// Refusal: the range holds addresses that are never banned.
pub const PROTECTED: &str =
    "this box itself, trusted proxies and the allow list are never banned: narrow the range";
/// Refusal: the list is full.
pub const TOO_MANY_RANGES: &str = "there are too many banned ranges: lift one first";

/// Everybody who is shut out or on the way there. Shared by all threads.
#[derive(Default)]
pub struct Bans(Mutex<State>);

#[derive(Default)]
struct State {
    suspects: HashMap<Network, Suspect>,
    /// Bans of one customer each.
    hosts: HashMap<Network, Ban>,
    /// Wider ones.
    ranges: Vec<Ban>,
    /// Known offenders of the internet.
    listed: HashSet<Network>,
    /// Where agents post from.
    agents: HashSet<Network>,
    /// What differs from the store.
    unsaved: HashSet<Network>,
}

/// Points of a customer: those of this window, and of the one before, which fade as this one passes.
#[derive(Clone, Copy)]
struct Suspect {
    window: Timestamp,
    points: u32,
    before: u32,
    last: Timestamp,
}

impl Bans {
    /// The bans of `store`, and its agents. Bans from before are dropped when they are not to be
    /// kept.
    pub fn load(store: &Store, policy: &IpBan) -> Result<Self, StoreError> {
        let bans = Self::default();
        let (kept, agents) = store.read(|tx| Ok((tx.bans()?, tx.agents()?)))?;
        if !policy.persist && !kept.is_empty() {
            store.write(WriteTx::delete_bans)?;
        }
        let mut state = bans.lock();
        for ban in kept.into_iter().filter(|_| policy.persist) {
            state.put(ban);
        }
        state.unsaved.clear();
        let addresses = agents.iter().filter_map(|agent| agent.address.parse().ok());
        addresses.for_each(|address| state.add_agent(address));
        drop(state);
        Ok(bans)
    }

    /// Whether `address` may come in at `now`; `posting` says that it posts to the webhook.
    pub fn admits(&self, address: IpAddr, posting: bool, policy: &IpBan, now: Timestamp) -> bool {
        let state = self.lock();
        let customer = Network::of_customer(address);
        (state.ban_of(address, now).is_none() && !state.listed.contains(&customer))
            || is_protected(address, policy)
            || (posting && state.agents.contains(&customer))
    }

    /// Whether an agent posts from `address`.
    pub fn is_agent(&self, address: IpAddr) -> bool {
        self.lock().agents.contains(&Network::of_customer(address))
    }

    /// An agent with a valid key has posted from `address`.
    pub fn agent_seen(&self, address: IpAddr) {
        self.lock().add_agent(address);
    }

    /// Counts an offence; returns the ban when it was one too many. `spare` is asked only then:
    /// whether the address is to be let off all the same.
    pub fn offend(
        &self,
        address: IpAddr,
        offence: Offence,
        policy: &IpBan,
        now: Timestamp,
        spare: impl FnOnce() -> bool,
    ) -> Option<Ban> {
        if policy.ban_count == 0 || is_protected(address, policy) {
            return None;
        }
        let points = points(offence, policy);
        if points == 0 {
            return None;
        }
        let lost = matches!(offence, Offence::NotFound | Offence::Nuisance);
        let mut state = self.lock();
        let customer = Network::of_customer(address);
        let agent = state.agents.contains(&customer);
        // Household devices ask for strange things, and agents try on with an old key.
        if (lost && (is_private(address) || agent)) || (offence == Offence::Key && agent) {
            return None;
        }
        if state.ban_of(address, now).is_some() {
            return None;
        }
        let find_ms = i64::from(policy.find_seconds) * 1000;
        let suspect = state.suspects.get(&customer).copied();
        let suspect =
            suspect.unwrap_or_else(|| Suspect::new(now)).at(now, find_ms).with(points, now);
        if suspect.sum(now, find_ms) < policy.ban_count {
            state.keep_suspect(customer, suspect);
            return None;
        }
        state.suspects.remove(&customer);
        // Read without the lock: it may take a look at the store.
        drop(state);
        if spare() {
            return None;
        }
        let mut state = self.lock();
        let times = state.hosts.get(&customer).map_or(0, |ban| ban.times);
        let ban = Ban {
            network: customer,
            begun: now,
            until: length_ms(policy, times).map(|ms| now.plus_ms(ms)),
            reason: offence.name().to_owned(),
            by: String::new(),
            times: times.saturating_add(1),
        };
        state.put(ban.clone());
        Some(ban)
    }

    /// Bans `network` by hand, for `seconds` or for good (`None`).
    ///
    /// # Errors
    /// [`StoreError::Refused`] when addresses in it are never banned, or the list is full.
    pub fn ban(
        &self,
        network: Network,
        seconds: Option<u32>,
        reason: &str,
        by: &str,
        policy: &IpBan,
        now: Timestamp,
    ) -> Result<Ban, StoreError> {
        let network = normal(network);
        if covers_protected(&network, policy) {
            return Err(StoreError::Refused(PROTECTED));
        }
        let mut state = self.lock();
        if !network.is_host()
            && state.ranges.len() >= BAN_RANGES_MAX
            && !state.ranges.iter().any(|ban| ban.network == network)
        {
            return Err(StoreError::Refused(TOO_MANY_RANGES));
        }
        let times = state.hosts.get(&network).map_or(0, |ban| ban.times);
        let ban = Ban {
            network,
            begun: now,
            until: seconds.map(|seconds| now.plus_ms(i64::from(seconds) * 1000)),
            reason: text::clean(reason),
            by: by.to_owned(),
            times: times.saturating_add(1),
        };
        state.put(ban.clone());
        Ok(ban)
    }

    /// Lifts the ban of `network` and forgets what it did; returns whether it was banned.
    pub fn unban(&self, network: Network) -> Option<Ban> {
        let network = normal(network);
        let mut state = self.lock();
        state.suspects.remove(&network);
        let host = state.hosts.remove(&network);
        let at = state.ranges.iter().position(|ban| ban.network == network);
        let found = host.or_else(|| at.map(|at| state.ranges.swap_remove(at)));
        if found.is_some() {
            state.unsaved.insert(network);
        }
        found
    }

    /// Bans that hold at `now`, the newest first.
    pub fn list(&self, now: Timestamp) -> Vec<Ban> {
        let state = self.lock();
        let all = state.hosts.values().chain(&state.ranges);
        let mut list: Vec<Ban> = all.filter(|ban| ban.holds(now)).cloned().collect();
        list.sort_by_key(|ban| (std::cmp::Reverse(ban.begun), ban.network));
        list
    }

    /// Shuts out what a list of offenders names, in place of what it named before.
    pub fn set_listed(&self, networks: impl IntoIterator<Item = IpAddr>) {
        let listed = networks.into_iter().map(Network::of_customer).take(BAN_LISTED_MAX).collect();
        self.lock().listed = listed;
    }

    /// How many addresses are shut out because a list names them.
    pub fn listed(&self) -> usize {
        self.lock().listed.len()
    }

    /// Whether [`Self::save`] has something to do.
    pub fn has_changes(&self) -> bool {
        !self.lock().unsaved.is_empty()
    }

    /// Writes what changed since the last time; call [`Self::saved`] when that is committed.
    pub fn save(&self, tx: &WriteTx, policy: &IpBan) -> Result<Vec<Network>, StoreError> {
        let state = self.lock();
        let unsaved: Vec<Network> = state.unsaved.iter().copied().collect();
        for network in &unsaved {
            match state.exactly(network).filter(|_| policy.persist) {
                Some(ban) => tx.put_ban(ban)?,
                None => {
                    tx.delete_ban(network)?;
                }
            }
        }
        Ok(unsaved)
    }

    /// What [`Self::save`] returned is on disk.
    pub fn saved(&self, networks: &[Network]) {
        let mut state = self.lock();
        for network in networks {
            state.unsaved.remove(network);
        }
    }

    /// Forgets what is long over.
    pub fn sweep(&self, policy: &IpBan, now: Timestamp) {
        let mut state = self.lock();
        let find_ms = i64::from(policy.find_seconds) * 1000;
        state.suspects.retain(|_, suspect| now.since(suspect.last) < 2 * find_ms);
        let over: Vec<Network> = state
            .hosts
            .values()
            .chain(&state.ranges)
            .filter(|ban| ban.until.is_some_and(|until| now.since(until) > BAN_MEMORY_MS))
            .map(|ban| ban.network)
            .collect();
        for network in over {
            state.hosts.remove(&network);
            state.ranges.retain(|ban| ban.network != network);
            state.unsaved.insert(network);
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// The ban that keeps `address` out at `now`.
    fn ban_of(&self, address: IpAddr, now: Timestamp) -> Option<&Ban> {
        let host = self.hosts.get(&Network::of_customer(address));
        let range =
            || self.ranges.iter().find(|ban| ban.holds(now) && ban.network.contains(address));
        host.filter(|ban| ban.holds(now)).or_else(range)
    }

    fn exactly(&self, network: &Network) -> Option<&Ban> {
        let range = || self.ranges.iter().find(|ban| ban.network == *network);
        self.hosts.get(network).or_else(range)
    }

    fn put(&mut self, ban: Ban) {
        self.unsaved.insert(ban.network);
        if !ban.network.is_host() {
            self.ranges.retain(|known| known.network != ban.network);
            self.ranges.push(ban);
            return;
        }
        if self.hosts.len() >= BANS_MAX && !self.hosts.contains_key(&ban.network) {
            // An eighth at once, so that a flood does not sort the list for each of its members:
            // first what is over, then what ends first, what is for good last.
            let mut by_end: Vec<(i64, Network)> = self
                .hosts
                .values()
                .map(|ban| (ban.until.map_or(i64::MAX, Timestamp::ms), ban.network))
                .collect();
            by_end.sort_unstable();
            for (_, network) in by_end.into_iter().take(BANS_MAX / 8) {
                self.hosts.remove(&network);
                self.unsaved.insert(network);
            }
        }
        self.hosts.insert(ban.network, ban);
    }

    fn keep_suspect(&mut self, customer: Network, suspect: Suspect) {
        if self.suspects.len() >= SUSPECTS_MAX && !self.suspects.contains_key(&customer) {
            let mut by_age: Vec<(Timestamp, Network)> =
                self.suspects.iter().map(|(network, it)| (it.last, *network)).collect();
            by_age.sort_unstable();
            for (_, network) in by_age.into_iter().take(SUSPECTS_MAX / 8) {
                self.suspects.remove(&network);
            }
        }
        self.suspects.insert(customer, suspect);
    }

    fn add_agent(&mut self, address: IpAddr) {
        if self.agents.len() < BAN_AGENTS_MAX {
            self.agents.insert(Network::of_customer(address));
        }
    }
}

impl Suspect {
    const fn new(now: Timestamp) -> Self {
        Self { window: now, points: 0, before: 0, last: now }
    }

    /// As seen at `now`. A clock that was set back begins a new window.
    fn at(self, now: Timestamp, find_ms: i64) -> Self {
        let passed = now.since(self.window);
        if (0..find_ms).contains(&passed) {
            self
        } else if (find_ms..2 * find_ms).contains(&passed) {
            let window = self.window.plus_ms(find_ms);
            Self { window, points: 0, before: self.points, last: self.last }
        } else {
            Self::new(now)
        }
    }

    fn with(self, points: u32, now: Timestamp) -> Self {
        Self { points: self.points.saturating_add(points), last: now, ..self }
    }

    /// Points of the last `find_ms`: those of the window before count by the part of it that lies
    /// within.
    fn sum(self, now: Timestamp, find_ms: i64) -> u32 {
        let left = (find_ms - now.since(self.window)).clamp(0, find_ms);
        let before = i64::from(self.before) * left / find_ms.max(1);
        self.points.saturating_add(u32::try_from(before).unwrap_or(u32::MAX))
    }
}

const fn points(offence: Offence, policy: &IpBan) -> u32 {
    match offence {
        Offence::SignIn => policy.weight_sign_in,
        Offence::Key => policy.weight_key,
        Offence::NotFound => policy.weight_not_found,
        Offence::Nuisance => policy.weight_nuisance,
        // A try that had to wait told nothing; it counts when tries count.
        Offence::Impatience if policy.weight_sign_in > 0 => 1,
        Offence::Impatience => 0,
    }
}

/// How long a ban lasts after `times` earlier ones; `None` for good.
fn length_ms(policy: &IpBan, times: u32) -> Option<i64> {
    let step = BAN_ESCALATION.get(times as usize).or(BAN_ESCALATION.last()).copied().unwrap_or(1);
    (policy.ban_seconds > 0).then(|| i64::from(policy.ban_seconds) * 1000 * step)
}

/// One customer as a whole, a range as it is.
fn normal(network: Network) -> Network {
    if network.is_host() { Network::of_customer(network.address()) } else { network }
}

/// Whether `address` is never banned, whatever it does.
pub fn is_protected(address: IpAddr, policy: &IpBan) -> bool {
    let lists = policy.allow.iter().chain(&policy.trusted_proxies);
    is_loopback(address) || lists.clone().any(|network| network.contains(address))
}

/// Whether `network` has addresses that are never banned.
fn covers_protected(network: &Network, policy: &IpBan) -> bool {
    let loopback = ["127.0.0.0/8", "::1"].into_iter().filter_map(Network::parse);
    let listed = policy.allow.iter().chain(&policy.trusted_proxies).copied();
    loopback.chain(listed).any(|safe| network.covers(&safe) || safe.covers(network))
}

/// Whether an administrator has a session from the customer of `address`, so that a ban might shut
/// out whoever could lift it.
pub fn serves_an_admin(tx: &ReadTx, address: IpAddr) -> Result<bool, StoreError> {
    let customer = Network::of_customer(address);
    for session in tx.sessions()? {
        let from = session.address.parse().map(Network::of_customer);
        if from != Ok(customer) {
            continue;
        }
        let user = tx.user(session.user)?;
        if user.is_some_and(|user| user.role >= crate::model::user::Role::Admin && !user.suspended)
        {
            return Ok(true);
        }
    }
    Ok(false)
}

#[cfg(test)]
#[path = "bans_tests.rs"]
mod tests;
