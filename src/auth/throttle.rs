//! How often somebody may guess. Waits grow per account and address, and per address; an account
//! as a whole has a budget of failures a day, beyond which only addresses that have not failed
//! there yet, or have signed in there before, may try. Nothing is ever locked for good.
//!
//! A try is counted when it begins and taken back when it succeeds, so parallel tries gain nothing.

use std::collections::HashMap;
use std::hash::Hash;
use std::net::IpAddr;
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::base::clock::Timestamp;
use crate::base::limits::{
    FIRST_TRIES_PER_DAY_MAX, THROTTLE_ENTRIES_MAX, THROTTLE_WAIT_MAX_MS, TRIES_PER_DAY_MAX,
};
use crate::base::network::Network;

const HOUR_MS: i64 = 3600 * 1000;
const DAY_MS: i64 = 24 * HOUR_MS;
/// Failures of one address at one account that cost no wait: people mistype.
const FREE_AT_ACCOUNT: u32 = 3;
/// Failures of one address at all accounts that cost no wait: a family behind one router.
const FREE_OF_ADDRESS: u32 = 15;

/// Memory of tries. Shared by all threads.
#[derive(Default)]
pub struct Throttle {
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    pairs: HashMap<(String, Network), Tries>,
    addresses: HashMap<Network, Tries>,
    accounts: HashMap<String, Budget>,
}

/// The ticket of a try that may go on. Dropped, it counts as a failure.
#[must_use]
pub struct Attempt {
    pair: (String, Network),
    /// Part of the account's budget it came from; a familiar address needs none.
    part: Option<usize>,
    begun: Timestamp,
}

impl Throttle {
    /// A throttle without memories.
    pub fn new() -> Self {
        Self::default()
    }

    /// Asks to try `account` from `address`. `account` is the name as typed, existing or not, so
    /// that the answer says nothing about which accounts exist.
    ///
    /// # Errors
    /// Milliseconds to wait before the next try.
    pub fn begin(&self, account: &str, address: IpAddr, now: Timestamp) -> Result<Attempt, i64> {
        let mut state = self.lock();
        let pair = (account.to_lowercase(), Network::of_customer(address));
        let own = state.pairs.get(&pair).copied().unwrap_or_default().at(now);
        let wait = own.wait(FREE_AT_ACCOUNT, now);
        let all = state.addresses.get(&pair.1).copied().unwrap_or_default().at(now);
        let wait = wait.max(all.wait(FREE_OF_ADDRESS, now));
        if wait > 0 {
            return Err(wait);
        }
        let mut budget = state.accounts.get(&pair.0).copied().unwrap_or_default().at(now);
        let mut part = None;
        if !own.familiar {
            part = budget.take(own.failures == 0);
            if part.is_none() {
                return Err(HOUR_MS - now.ms().rem_euclid(HOUR_MS));
            }
        }
        keep(&mut state.accounts, pair.0.clone(), budget, Budget::spent);
        keep(&mut state.addresses, pair.1, all.failed(now), Tries::weight);
        keep(&mut state.pairs, pair.clone(), own.failed(now), Tries::weight);
        Ok(Attempt { pair, part, begun: now })
    }

    /// The try was right: its address is known at the account from now on, and starts afresh.
    pub fn succeed(&self, attempt: Attempt) {
        let mut state = self.lock();
        let Attempt { pair, part, begun } = attempt;
        if let Some(all) = state.addresses.get_mut(&pair.1) {
            all.failures = all.failures.saturating_sub(1);
        }
        if let (Some(budget), Some(part)) = (state.accounts.get_mut(&pair.0), part)
            && let Some(count) = budget.count(begun.ms().div_euclid(HOUR_MS), part)
        {
            *count = count.saturating_sub(1);
        }
        let known = Tries { failures: 0, last: begun, familiar: true };
        keep(&mut state.pairs, pair, known, Tries::weight);
    }

    /// Tells that `address` has signed in at `account` before, for example before a restart.
    pub fn remember(&self, account: &str, address: IpAddr, at: Timestamp) {
        let pair = (account.to_lowercase(), Network::of_customer(address));
        let mut state = self.lock();
        let mut tries = state.pairs.get(&pair).copied().unwrap_or_default();
        tries.familiar = true;
        tries.last = tries.last.max(at);
        keep(&mut state.pairs, pair, tries, Tries::weight);
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Failures in a row and when the last one was.
#[derive(Clone, Copy, Default)]
struct Tries {
    failures: u32,
    last: Timestamp,
    familiar: bool,
}

impl Tries {
    /// As seen at `now`: a quiet day forgets failures, and a clock that was set back cannot turn
    /// a wait into years.
    fn at(mut self, now: Timestamp) -> Self {
        if now.since(self.last) > DAY_MS {
            self.failures = 0;
        }
        self.last = self.last.min(now);
        self
    }

    fn failed(mut self, now: Timestamp) -> Self {
        self.failures = self.failures.saturating_add(1);
        self.last = now;
        self
    }

    /// Milliseconds until the next try: 1 s after `free` failures, doubling.
    fn wait(self, free: u32, now: Timestamp) -> i64 {
        let Some(over) = self.failures.checked_sub(free) else { return 0 };
        let pause = (1000_i64 << over.min(20)).min(THROTTLE_WAIT_MAX_MS);
        (pause - now.since(self.last)).max(0)
    }

    /// What is forgotten last when memory is short.
    fn weight(self) -> (u32, Timestamp) {
        (if self.familiar { u32::MAX } else { self.failures }, self.last)
    }
}

/// Failures of an account in the last 24 hours, by hour: further tries and first tries.
#[derive(Clone, Copy, Default)]
struct Budget {
    hours: [[u8; 2]; 24],
    hour: i64,
}

impl Budget {
    /// As seen at `now`: hours that are more than a day ago are empty. A clock that was set back
    /// forgets everything, which costs one day's budget and never locks.
    fn at(mut self, now: Timestamp) -> Self {
        let hour = now.ms().div_euclid(HOUR_MS);
        let passed = hour.saturating_sub(self.hour);
        if !(0..24).contains(&passed) {
            self.hours = [[0; 2]; 24];
        }
        for step in 1..=passed.clamp(0, 24) {
            for part in 0..2 {
                if let Some(count) = self.count(self.hour.saturating_add(step), part) {
                    *count = 0;
                }
            }
        }
        self.hour = hour;
        self
    }

    fn count(&mut self, hour: i64, part: usize) -> Option<&mut u8> {
        self.hours.get_mut(hour.rem_euclid(24) as usize)?.get_mut(part)
    }

    fn sum(self, part: usize) -> u32 {
        self.hours.iter().filter_map(|hour| hour.get(part)).map(|&n| u32::from(n)).sum()
    }

    fn spent(self) -> (u32, i64) {
        (self.sum(0) + self.sum(1), self.hour)
    }

    /// Takes one try of this hour and returns the part it came from: the common one, or, for the
    /// first try of an address, the reserve.
    fn take(&mut self, first: bool) -> Option<usize> {
        let part = if self.sum(0) < TRIES_PER_DAY_MAX {
            0
        } else if first && self.sum(1) < FIRST_TRIES_PER_DAY_MAX {
            1
        } else {
            return None;
        };
        let count = self.count(self.hour, part)?;
        *count = count.saturating_add(1);
        Some(part)
    }
}

/// Inserts, forgetting the lightest entry when the map is full.
fn keep<K: Hash + Eq + Clone, V: Copy, W: Ord>(
    map: &mut HashMap<K, V>,
    key: K,
    value: V,
    weight: impl Fn(V) -> W,
) {
    if map.len() >= THROTTLE_ENTRIES_MAX && !map.contains_key(&key) {
        let lightest =
            map.iter().min_by_key(|(_, kept)| weight(**kept)).map(|(key, _)| key.clone());
        if let Some(lightest) = lightest {
            map.remove(&lightest);
        }
    }
    map.insert(key, value);
}

#[cfg(test)]
mod tests {
    use std::net::Ipv6Addr;

    use super::*;

    const START: Timestamp = Timestamp(1_790_000_000_000);

    fn address(n: u32) -> IpAddr {
        IpAddr::from([203, 0, 113, n as u8])
    }

    /// Guesses that got through in one day when one comes every 8.64 s from addresses in turn.
    fn guesses_through(throttle: &Throttle, start: Timestamp, addresses: u32) -> u32 {
        (0..10_000_u32)
            .filter(|&n| {
                let now = start.plus_ms(i64::from(n) * 8640);
                throttle.begin("Owner", address(n % addresses), now).is_ok()
            })
            .count() as u32
    }

    #[test]
    fn ten_thousand_guesses_become_a_hundred_and_the_owner_still_gets_in() {
        for addresses in [1, 2, 10, 50] {
            let throttle = Throttle::new();
            let through = guesses_through(&throttle, START, addresses);
            assert!((1..=100).contains(&through), "{addresses} addresses: {through}");
            let owner = throttle.begin("owner", IpAddr::from([192, 168, 1, 5]), START);
            assert!(owner.is_ok(), "{addresses} addresses");
        }
    }

    #[test]
    fn a_known_address_gets_in_under_any_attack() {
        let throttle = Throttle::new();
        let home = IpAddr::from([192, 168, 1, 5]);
        let attempt = throttle.begin("owner", home, START).ok().unwrap();
        throttle.succeed(attempt);
        let tried = (0..100_000_u32)
            .filter(|n| throttle.begin("owner", IpAddr::from(n.to_be_bytes()), START).is_ok())
            .count();
        assert!(tried <= 100, "{tried} of as many addresses");
        assert!(throttle.begin("owner", home, START.plus_ms(60_000)).is_ok());
    }

    #[test]
    fn nothing_is_locked_for_good() {
        let throttle = Throttle::new();
        for day in 0..10 {
            let through = guesses_through(&throttle, START.plus_ms(day * DAY_MS), 50);
            assert!(through <= 100, "day {day}: {through}");
        }
        let later = START.plus_ms(11 * DAY_MS);
        for n in 0..50 {
            assert!(throttle.begin("owner", address(n), later).is_ok() || n >= 40, "{n}");
        }
    }

    #[test]
    fn waits_grow_and_success_ends_them() {
        let throttle = Throttle::new();
        let mut now = START;
        let mut waits = Vec::new();
        while waits.len() < 14 {
            match throttle.begin("ann", address(1), now) {
                Ok(_) => {}
                Err(wait) => {
                    waits.push(wait / 1000);
                    now = now.plus_ms(wait);
                }
            }
        }
        let expected = [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024, 2048, 3600, 3600];
        assert_eq!(waits, expected);
        let attempt = throttle.begin("ann", address(1), now).ok().unwrap();
        throttle.succeed(attempt);
        // The address as a whole has failed often and waits a little.
        now = now.plus_ms(10_000);
        assert!(throttle.begin("ann", address(1), now).is_ok());
        let again = throttle.begin("ann", address(1), now.plus_ms(8000));
        assert!(again.is_ok(), "one failure since: only the address waited");
    }

    #[test]
    fn parallel_tries_gain_nothing() {
        let throttle = Throttle::new();
        let held: Vec<_> =
            (0..1000).filter_map(|_| throttle.begin("a", address(1), START).ok()).collect();
        assert_eq!(held.len(), 3);
    }

    #[test]
    fn many_names_from_one_address_are_slowed() {
        let throttle = Throttle::new();
        let through = (0..10_000)
            .filter(|n| throttle.begin(&format!("user{n}"), address(1), START).is_ok())
            .count();
        assert_eq!(through, 15);
    }

    #[test]
    fn addresses_that_are_one_count_as_one() {
        let throttle = Throttle::new();
        let v6 = |n: u16| IpAddr::V6(Ipv6Addr::new(0x2001, 0xdb8, 0, 1, n, n, n, n));
        let through = (0..500).filter(|&n| throttle.begin("a", v6(n), START).is_ok()).count();
        assert_eq!(through, 3);
        let mapped: IpAddr = "::ffff:203.0.113.9".parse().unwrap();
        let plain: IpAddr = "203.0.113.9".parse().unwrap();
        assert_eq!(Network::of_customer(mapped), Network::of_customer(plain));
    }

    #[test]
    fn a_clock_set_back_is_no_lock() {
        let throttle = Throttle::new();
        while throttle.begin("a", address(1), START.plus_ms(55 * 365 * DAY_MS)).is_ok() {}
        let wait = throttle.begin("a", address(1), START).err().unwrap_or(0);
        assert!(wait <= THROTTLE_WAIT_MAX_MS, "{wait}");
        for now in [Timestamp(i64::MIN), Timestamp(i64::MAX), Timestamp(0)] {
            let wait = throttle.begin("a", address(2), now).err().unwrap_or(0);
            assert!((0..=THROTTLE_WAIT_MAX_MS).contains(&wait), "{wait}");
        }
    }

    #[test]
    fn memory_is_bounded_and_keeps_who_failed_most() {
        let throttle = Throttle::new();
        while throttle.begin("owner", address(1), START).is_ok() {}
        for n in 0..THROTTLE_ENTRIES_MAX as u32 + 100 {
            let from = IpAddr::from((n | 0x0a00_0000).to_be_bytes());
            let _ = throttle.begin(&format!("name{n}"), from, START);
        }
        let state = throttle.lock();
        assert!(state.pairs.len() <= THROTTLE_ENTRIES_MAX);
        assert!(state.accounts.len() <= THROTTLE_ENTRIES_MAX);
        assert!(state.addresses.len() <= THROTTLE_ENTRIES_MAX);
        assert!(state.pairs.contains_key(&("owner".to_owned(), Network::of_customer(address(1)))));
    }
}
