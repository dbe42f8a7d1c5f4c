//! Webhook settings, for administrators.

use serde::Serialize;

use super::read::TimeView;
use super::{Choice, FieldError, Tag, Tone};

/// Template `webhook.html`.
#[derive(Clone, Debug, Default, Serialize)]
pub struct WebhookPage {
    /// Who may post; see [`levels`].
    pub levels: Vec<Choice>,
    /// Address under which the box is reachable from outside, as set.
    pub public_url: String,
    /// Address to post to, without the key.
    pub address: String,
    /// Last four characters of the reader's own key, `""` without one.
    pub last_four: String,
    /// Payloads by kind and what became of them.
    pub tallies: Vec<Tally>,
    /// Data types nobody knows, with how often they came.
    pub unknown: Vec<Count>,
    /// Since when the tallies count: `since 1 Nov 2026`, `""` to say nothing.
    pub since: String,
    /// Agents seen.
    pub agents: Vec<AgentRow>,
    /// Cameras seen.
    pub cameras: Vec<CameraRow>,
    /// What was wrong with the form.
    pub errors: Vec<FieldError>,
}

/// Payloads of one kind with one outcome.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Tally {
    /// Kind as people call it: `Plate groups`.
    pub kind: String,
    /// Name as sent: `alpr_group`.
    pub code: String,
    /// `Stored`, `Known already`, `Refused`.
    pub outcome: Tag,
    /// How often.
    pub count: u64,
    /// When last; `None` to say nothing.
    pub last: Option<TimeView>,
}

/// Something counted.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Count {
    /// Name as sent.
    pub name: String,
    /// How often.
    pub count: u64,
}

/// An agent that has posted.
#[derive(Clone, Debug, Default, Serialize)]
pub struct AgentRow {
    /// Label, or the install id.
    pub name: String,
    /// Install id.
    pub uid: String,
    /// Version, `""` when unknown.
    pub version: String,
    /// Address it last posted from, `""` when unknown.
    pub address: String,
    /// Health.
    pub tone: Tone,
    /// Last payload.
    pub last_seen: TimeView,
}

/// A camera that was named.
#[derive(Clone, Debug, Default, Serialize)]
pub struct CameraRow {
    /// Label, or `Camera 12`.
    pub name: String,
    /// Number.
    pub camera_id: i64,
    /// Agent it belongs to.
    pub agent: String,
    /// Reads of it, as a search.
    pub href: String,
    /// Health.
    pub tone: Tone,
    /// Last read.
    pub last_seen: TimeView,
}

/// The levels of who may post, with `current` (its name) chosen.
pub fn levels(current: &str) -> Vec<Choice> {
    [
        (
            "admins",
            "Keys of administrators",
            "Recommended. A post needs the API key of an administrator.",
        ),
        ("users", "Keys of all users", "A post needs the API key of any active account."),
        ("none", "Anybody", "No key. Only for a network nobody else can reach."),
        ("disabled", "Nobody", "Every post is refused with 403. Reads kept so far stay."),
    ]
    .into_iter()
    .map(|(value, label, hint)| Choice {
        hint: hint.to_owned(),
        ..Choice::new(value, label, value == current)
    })
    .collect()
}
