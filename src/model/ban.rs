//! Addresses that are shut out, and what they are shut out for.

use crate::base::clock::Timestamp;
use crate::base::network::Network;

/// What a stranger did wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Offence {
    /// A wrong password, set-up code or reset link.
    SignIn,
    /// Trying on while it was told to wait.
    Impatience,
    /// A wrong or missing key at the webhook or the API.
    Key,
    /// An address that does not exist here.
    NotFound,
    /// An address that only scanners for holes in other programs ask for.
    Nuisance,
}

impl Offence {
    /// Name in log lines and lists.
    pub const fn name(self) -> &'static str {
        match self {
            Self::SignIn => "failed sign-in",
            Self::Impatience => "too many tries",
            Self::Key => "wrong key",
            Self::NotFound => "unknown addresses",
            Self::Nuisance => "scanner",
        }
    }
}

/// A range of addresses that is shut out, or was and is remembered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ban {
    /// Which addresses.
    pub network: Network,
    /// Since when.
    pub begun: Timestamp,
    /// Until when, `None` for good.
    pub until: Option<Timestamp>,
    /// What for.
    pub reason: String,
    /// Who did it, `""` for the box itself.
    pub by: String,
    /// The how manieth time.
    pub times: u32,
}

impl Ban {
    /// Whether it holds at `now`. By the whole time that has passed, however long: days count.
    pub fn holds(&self, now: Timestamp) -> bool {
        self.until.is_none_or(|until| now < until)
    }
}
