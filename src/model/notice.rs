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
