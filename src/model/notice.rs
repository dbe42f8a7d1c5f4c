//! Something people are told: a match of a watch, a Rekor alert, the state of the box, a letter.
//! A notice names what it is about and nothing more; words, pictures and receivers are found when it
//! is sent.

use serde::{Deserialize, Serialize};

/// A notice, as it is queued.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Notice {
    /// A read matched a watch: the submitter and the contacts of the watch are told.
    Match {
        /// Number of the match.
        id: u64,
    },
    /// Rekor raised an alert.
    RekorAlert {
        /// Key of the alert.
        id: u64,
    },
    /// Something about the box itself: an agent is silent, the disk is nearly full. Administrators
    /// are told.
    Operational {
        /// What it is about, for example `agent-offline/UID`. Together with `at` it is told once.
        topic: String,
        /// Milliseconds since 1970 at which it came up.
        at: i64,
        /// One line.
        subject: String,
        /// Sentences.
        text: String,
    },
    /// A letter to one address; nothing secret may stand in it.
    Mail {
        /// E-mail address.
        to: String,
        /// One line.
        subject: String,
        /// Text.
        text: String,
    },
    /// An account was made for somebody.
    Welcome {
        /// Number of the account.
        user: u32,
    },
    /// Somebody is sent a link to set a password with. The link is made when it is sent, so that it
    /// is nowhere kept.
    ResetLink {
        /// Number of the account.
        user: u32,
        /// Milliseconds since 1970 at which it was asked for.
        at: i64,
    },
}

impl Notice {
    /// Whether it brings a link that only its receiver may know.
    pub const fn is_personal(&self) -> bool {
        matches!(self, Self::Welcome { .. } | Self::ResetLink { .. })
    }

    /// Whether several of them may become one message.
    pub const fn folds(&self) -> bool {
        matches!(self, Self::Match { .. } | Self::RekorAlert { .. } | Self::Operational { .. })
    }
}

/// What one channel sends to one receiver.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Delivery {
    /// What is told; more than one when a flood of them was put together.
    pub notices: Vec<Notice>,
    /// Receiver in the channel's own form, `""` when the channel has only one.
    pub to: String,
    /// Number of the account that is told, 0 when it is none.
    pub user: u32,
}

/// By which ways a person wants to be told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ways {
    /// By e-mail.
    pub email: bool,
    /// By short message.
    pub sms: bool,
}

impl Default for Ways {
    fn default() -> Self {
        Self { email: true, sms: true }
    }
}

impl Ways {
    /// Name and text of every field, for lists of what changed.
    pub fn fields(self) -> Vec<(&'static str, String)> {
        vec![("notify_email", self.email.to_string()), ("notify_sms", self.sms.to_string())]
    }
}
