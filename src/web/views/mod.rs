//! What each page shows, as plain typed data: one struct per page, filled by its handler and read
//! by its template of the same name. Texts are ready for people (numbers grouped, times in the
//! reader's zone) but not escaped: the renderer escapes. Knows no HTTP and no store.

pub mod agents;
pub mod alerts;
pub mod audit;
pub mod bans;
pub mod capture;
pub mod certificate;
pub mod custom_alerts;
pub mod dashboard;
pub mod error;
pub mod export;
pub mod general;
pub mod live;
pub mod notifications;
pub mod plate;
pub mod print;
pub mod profile;
pub mod read;
pub mod search;
pub mod searches;
pub mod second_factor;
pub mod setup;
pub mod shell;
pub mod sign_in;
pub mod users;
pub mod watches;
pub mod webhook;

use serde::Serialize;

/// Meaning of a dot, tag or note. Written as its class name.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Tone {
    /// Nothing to say.
    #[default]
    Off,
    /// Works.
    Ok,
    /// Look at it.
    Warn,
    /// Act now.
    Bad,
    /// Neutral, set apart.
    Acc,
}

/// A link with its text.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Link {
    /// Address within the box.
    pub href: String,
    /// Text.
    pub text: String,
}

impl Link {
    /// A link to `href` that reads `text`.
    pub fn new(href: impl Into<String>, text: impl Into<String>) -> Self {
        Self { href: href.into(), text: text.into() }
    }
}

/// A short label with a meaning.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Tag {
    /// Meaning.
    pub tone: Tone,
    /// One or two words.
    pub text: String,
}

impl Tag {
    /// A tag that reads `text`.
    pub fn new(tone: Tone, text: impl Into<String>) -> Self {
        Self { tone, text: text.into() }
    }
}

/// One choice of a select or radio group.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Choice {
    /// Value sent.
    pub value: String,
    /// Text shown.
    pub label: String,
    /// Explanation below the text, `""` for none; radio groups only.
    pub hint: String,
    /// Whether it is the current one.
    pub selected: bool,
}

impl Choice {
    /// A choice without explanation.
    pub fn new(value: impl Into<String>, label: impl Into<String>, selected: bool) -> Self {
        Self { value: value.into(), label: label.into(), hint: String::new(), selected }
    }
}

/// What is wrong with one form field.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct FieldError {
    /// `name` of the field; `""` for the form as a whole.
    pub field: String,
    /// What would be right, a sentence.
    pub message: String,
}

impl FieldError {
    /// An error of `field`.
    pub fn new(field: impl Into<String>, message: impl Into<String>) -> Self {
        Self { field: field.into(), message: message.into() }
    }
}

impl From<crate::domain::settings::FieldError> for FieldError {
    /// A rule of the domain as a sentence.
    fn from(error: crate::domain::settings::FieldError) -> Self {
        Self::new(error.field, format!("{}.", crate::web::format::upper_first(&error.message)))
    }
}

/// A row of a ranking.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct RankRow {
    /// Name.
    pub label: String,
    /// Where the name leads, `""` for nowhere.
    pub href: String,
    /// How much.
    pub value: u64,
}
