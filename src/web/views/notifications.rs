//! Settings/Notifications: the channels with their fields, and what could not be delivered.

use serde::Serialize;

use super::read::TimeView;
use super::{Choice, FieldError, Tag};

/// The page.
#[derive(Clone, Debug, Default, Serialize)]
pub struct NotificationsPage {
    /// Channels.
    pub channels: Vec<ChannelCard>,
    /// Messages that wait.
    pub waiting: u64,
    /// Messages that failed for good, newest first.
    pub failed: Vec<FailedRow>,
    /// How many more there are than shown.
    pub more: u64,
    /// Whether messages can lead to the box.
    pub has_public_url: bool,
    /// What is wrong with the form that was sent.
    pub errors: Vec<FieldError>,
}

/// One channel.
#[derive(Clone, Debug, Default, Serialize)]
pub struct ChannelCard {
    /// Name in addresses.
    pub id: &'static str,
    /// Name.
    pub label: &'static str,
    /// What it is.
    pub about: &'static str,
    /// On, off, resting.
    pub state: Tag,
    /// Whether the form is shown at once.
    pub open: bool,
    /// Switches of all channels.
    pub switches: Vec<FieldView>,
    /// Its own fields.
    pub fields: Vec<FieldView>,
    /// What became of its messages.
    pub news: Vec<String>,
    /// Whether a test can be sent.
    pub ready: bool,
    /// What a test goes to, `""` when that is set.
    pub test_label: &'static str,
    /// Receiver offered for a test.
    pub test_to: String,
}

/// One field. A secret has no value here.
#[derive(Clone, Debug, Default, Serialize)]
pub struct FieldView {
    /// Name in the form.
    pub key: &'static str,
    /// Name on the page.
    pub id: String,
    /// Name for people.
    pub label: &'static str,
    /// `line`, `secret`, `switch`, `choice`, `lines`.
    pub kind: &'static str,
    /// As it is, or as typed.
    pub value: String,
    /// A sentence below it.
    pub hint: &'static str,
    /// What can be chosen.
    pub choices: Vec<Choice>,
    /// Whether a switch is on, or a secret is kept.
    pub on: bool,
    /// Whether a kept secret cannot be read any more.
    pub lost: bool,
}

/// A message that failed for good.
#[derive(Clone, Debug, Default, Serialize)]
pub struct FailedRow {
    /// Number.
    pub id: u64,
    /// Channel.
    pub channel: String,
    /// Receiver, `""` when the channel has one only.
    pub to: String,
    /// What it was about.
    pub about: String,
    /// Why it failed.
    pub error: String,
    /// When it came up.
    pub made: TimeView,
}
