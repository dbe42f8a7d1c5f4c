//! The second factor of an account, as kept: everything but the shared secret, which the vault has.

use crate::base::clock::Timestamp;
use crate::base::limits::USED_STEPS_MAX;

use super::user::UserId;

/// A second factor that is switched on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SecondFactor {
    /// Whose.
    pub user: UserId,
    /// Since when.
    pub since: Timestamp,
    /// Time steps whose code was used, oldest first: none works again.
    pub used: Vec<u64>,
    /// SHA-256 of the recovery codes that are left.
    pub recovery: Vec<[u8; 32]>,
}

impl SecondFactor {
    /// Marks `step` as used; `false` when it was before. The steps are remembered one by one, not
    /// by the latest: a clock that ran ahead once would otherwise refuse every code for years.
    pub fn use_step(&mut self, step: u64) -> bool {
        if self.used.contains(&step) {
            return false;
        }
        self.used.push(step);
        let surplus = self.used.len().saturating_sub(USED_STEPS_MAX);
        self.used.drain(..surplus);
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_used_step_stays_used_also_when_the_clock_was_wrong() {
        let mut factor =
            SecondFactor { user: UserId(1), since: Timestamp(0), used: vec![], recovery: vec![] };
        assert!(factor.use_step(100) && !factor.use_step(100));
        assert!(factor.use_step(9_000_000_000), "the clock ran ahead");
        assert!(factor.use_step(101) && !factor.use_step(100) && !factor.use_step(101));
        for step in 0..1000 {
            factor.use_step(step);
        }
        assert_eq!(factor.used.len(), USED_STEPS_MAX);
    }
}
