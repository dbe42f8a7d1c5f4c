//! Settings/Agents: the agents, and the way to one.

use serde::Serialize;

use super::read::TimeView;
use super::{Choice, FieldError, Tag};

/// Template `agents.html`.
#[derive(Clone, Debug, Default, Serialize)]
pub struct AgentsPage {
    /// What was searched for.
    pub q: String,
    /// Agents that fit.
    pub agents: Vec<AgentRow>,
    /// How many agents there are.
    pub total: u64,
}

/// One agent of the list.
#[derive(Clone, Debug, Default, Serialize)]
pub struct AgentRow {
    /// Where it is changed.
    pub href: String,
    /// Label, or the id while it has none.
    pub name: String,
    /// Install id.
    pub uid: String,
    /// Version and type.
    pub software: String,
    /// Last payload.
    pub last_seen: TimeView,
    /// How its full frames are.
    pub frames: Tag,
}

/// Template `agent.html`.
#[derive(Clone, Debug, Default, Serialize)]
pub struct AgentPage {
    /// Prefix of the addresses its forms post to.
    pub href: String,
    /// Label, or the id while it has none.
    pub name: String,
    /// Install id.
    pub uid: String,
    /// Version and type.
    pub software: String,
    /// First payload.
    pub first_seen: TimeView,
    /// Last payload.
    pub last_seen: TimeView,
    /// Address it last posted from.
    pub posted_from: String,
    /// Whether one click enables it with that address.
    pub offer: bool,
    /// How its full frames are.
    pub frames: Tag,
    /// Frames that wait to be fetched.
    pub waiting: u64,
    /// Last time one was fetched.
    pub fetched: Option<TimeView>,
    /// Last failure, `""` for none since.
    pub trouble: String,
    /// Whether full frames are fetched, as typed.
    pub enabled: bool,
    /// Plain or TLS.
    pub schemes: Vec<Choice>,
    /// Host, as typed.
    pub host: String,
    /// Port, as typed.
    pub port: String,
    /// What a test of the connection found: whether it is well, and a sentence.
    pub findings: Vec<Tag>,
    /// What is wrong with the form.
    pub errors: Vec<FieldError>,
}
