//! When to send: how long a channel rests after failures in a row, how long a delivery waits for its
//! next try, and when one receiver has had enough for the moment.

use std::collections::HashMap;

use crate::base::clock::Timestamp;
use crate::base::limits::{
    BREAKER_AFTER, BREAKER_FIRST_MS, BREAKER_LAST_MS, RETRY_AFTER_MAX_MS, RETRY_FIRST_MS,
    RETRY_LAST_MS, STORM_BURST, STORM_GATHER_MS, STORM_RECEIVERS_MAX, STORM_REFILL_MS,
};
use crate::base::random;

/// Lets a channel rest.
#[derive(Debug, Default)]
pub(super) struct Breaker {
    failures: u32,
    rests: u32,
    until: Option<Timestamp>,
}

impl Breaker {
    /// Until when the channel rests; `None` when it may be used. A rest longer than any is was made
    /// by a clock that was wrong.
    pub(super) fn rests_until(&self, now: Timestamp) -> Option<Timestamp> {
        let longest = BREAKER_LAST_MS.max(RETRY_AFTER_MAX_MS);
        self.until.filter(|until| (1..=longest).contains(&until.since(now)))
    }

    /// A message went, or was refused by a service that is well.
    pub(super) const fn answered(&mut self) {
        *self = Self { failures: 0, rests: 0, until: None };
    }

    /// The service was not reached or is not well.
    pub(super) fn failed(&mut self, now: Timestamp) {
        self.failures = self.failures.saturating_add(1);
        if self.failures >= BREAKER_AFTER {
            let rest = BREAKER_FIRST_MS.saturating_mul(1 << self.rests.min(10));
            self.until = Some(now.plus_ms(jittered(rest.min(BREAKER_LAST_MS))));
            self.rests = self.rests.saturating_add(1);
            // One more failure and it rests again.
            self.failures = BREAKER_AFTER - 1;
        }
    }

    /// The service asks to be left alone for `ms`.
    pub(super) fn asked(&mut self, now: Timestamp, ms: i64) {
        self.until = Some(now.plus_ms(ms.clamp(1, RETRY_AFTER_MAX_MS)));
    }
}

/// How long a delivery that failed `tries` times waits, milliseconds.
pub(super) fn pause(tries: u32, asked: Option<i64>) -> i64 {
    let doubled = RETRY_FIRST_MS.saturating_mul(1 << tries.saturating_sub(1).min(12));
    jittered(doubled.min(RETRY_LAST_MS)).max(asked.unwrap_or(0).min(RETRY_AFTER_MAX_MS))
}

/// `ms` and up to a quarter more, so that not everybody comes back at once.
fn jittered(ms: i64) -> i64 {
    ms + ms / 4 * i64::from(random::bytes::<1>()[0]) / 255
}

/// What each receiver may still get in a row.
#[derive(Debug, Default)]
pub(super) struct Allowances(HashMap<String, Allowance>);

#[derive(Debug)]
struct Allowance {
    left: u32,
    filled_at: Timestamp,
    gathers_until: Option<Timestamp>,
}

impl Allowances {
    /// Takes one message for `to`, or says until when the rest is gathered.
    pub(super) fn take(&mut self, to: &str, now: Timestamp) -> Result<(), Timestamp> {
        if self.0.len() >= STORM_RECEIVERS_MAX {
            self.0.retain(|_, it| it.left < STORM_BURST);
        }
        let allowance = self.0.entry(to.to_owned()).or_insert(Allowance {
            left: STORM_BURST,
            filled_at: now,
            gathers_until: None,
        });
        let gathers = |until: &Timestamp| (1..=STORM_GATHER_MS).contains(&until.since(now));
        if let Some(until) = allowance.gathers_until.filter(gathers) {
            return Err(until);
        }
        let passed = now.since(allowance.filled_at).max(0) / STORM_REFILL_MS;
        let filled = u32::try_from(passed).unwrap_or(u32::MAX);
        allowance.left = allowance.left.saturating_add(filled).min(STORM_BURST);
        if filled > 0 || now < allowance.filled_at {
            allowance.filled_at = now;
        }
        if allowance.left == 0 {
            let until = now.plus_ms(STORM_GATHER_MS);
            allowance.gathers_until = Some(until);
            // What has gathered then goes as one.
            allowance.left = 1;
            return Err(until);
        }
        allowance.left -= 1;
        allowance.gathers_until = None;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_channel_that_fails_rests_longer_each_time() {
        let mut breaker = Breaker::default();
        let now = Timestamp(1_000_000);
        for _ in 1..BREAKER_AFTER {
            breaker.failed(now);
            assert!(breaker.rests_until(now).is_none());
        }
        breaker.failed(now);
        let first = breaker.rests_until(now).unwrap();
        assert!(first.since(now) >= BREAKER_FIRST_MS);
        assert!(breaker.rests_until(first).is_none(), "one try is due");
        breaker.failed(first);
        let second = breaker.rests_until(first).unwrap();
        assert!(second.since(first) >= 2 * BREAKER_FIRST_MS);
        for _ in 0..40 {
            breaker.failed(second);
        }
        assert!(breaker.rests_until(second).unwrap().since(second) <= BREAKER_LAST_MS * 5 / 4);
        breaker.answered();
        assert!(breaker.rests_until(now).is_none());
        breaker.asked(now, i64::MAX);
        assert_eq!(breaker.rests_until(now), Some(now.plus_ms(RETRY_AFTER_MAX_MS)));
        assert!(breaker.rests_until(Timestamp(0)).is_none(), "the clock went back");
    }

    #[test]
    fn pauses_double_up_to_a_bound() {
        assert!((RETRY_FIRST_MS..=RETRY_FIRST_MS * 5 / 4).contains(&pause(1, None)));
        assert!(pause(3, None) >= 4 * RETRY_FIRST_MS);
        assert!(pause(u32::MAX, None) <= RETRY_LAST_MS * 5 / 4);
        assert!(pause(1, Some(60_000)) >= 60_000);
        assert!(pause(1, Some(i64::MAX)) <= RETRY_AFTER_MAX_MS);
    }

    #[test]
    fn a_storm_is_gathered_and_steady_news_are_not() {
        let mut allowances = Allowances::default();
        let mut now = Timestamp(0);
        for _ in 0..1000 {
            assert!(allowances.take("ann", now).is_ok(), "one a second for ever");
            now = now.plus_ms(STORM_REFILL_MS);
        }
        let mut sent = 0;
        while allowances.take("ann", now).is_ok() {
            sent += 1;
        }
        assert!((STORM_BURST..=STORM_BURST + 1).contains(&sent), "{sent}");
        let until = allowances.take("ann", now).unwrap_err();
        assert!(allowances.take("bob", now).is_ok(), "each has an own allowance");
        assert!(allowances.take("ann", until).is_ok(), "then one for all that came");
    }
}
