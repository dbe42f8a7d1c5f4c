//! The audit log: filter, entries, pages.

use serde::Serialize;

use super::read::TimeView;
use super::{Choice, FieldError, Link, Tone};
use crate::model::audit::Change;

/// The page.
#[derive(Clone, Debug, Default, Serialize)]
pub struct AuditPage {
    /// Part of a name, as typed.
    pub who: String,
    /// Actions to choose from.
    pub actions: Vec<Choice>,
    /// First day, `YYYY-MM-DD`.
    pub from: String,
    /// Last day.
    pub to: String,
    /// Beginning of an address.
    pub address: String,
    /// Part of what was done to what.
    pub text: String,
    /// How many of these say something.
    pub fields_set: usize,
    /// Entries, newest first.
    pub rows: Vec<AuditRow>,
    /// Zone of all times.
    pub zone: String,
    /// How many entries the log has.
    pub total: u64,
    /// Since when it is kept.
    pub since: Option<TimeView>,
    /// Number and hash of the newest entry, to be written down elsewhere.
    pub head: String,
    /// Days entries are kept.
    pub days: u32,
    /// Whether the search ended before the page was full.
    pub stopped: bool,
    /// The next page, `""` for none.
    pub older_href: String,
    /// The first page, `""` when this is it.
    pub first_href: String,
    /// The same entries as CSV.
    pub csv_href: String,
    /// The same entries as JSON lines.
    pub jsonl_href: String,
    /// What is wrong with the filter.
    pub errors: Vec<FieldError>,
}

/// One entry.
#[derive(Clone, Debug, Default, Serialize)]
pub struct AuditRow {
    /// Its number.
    pub number: u64,
    /// When.
    pub time: TimeView,
    /// Who, for people.
    pub who: String,
    /// What.
    pub action: String,
    /// Meaning of it.
    pub tone: Tone,
    /// To what, with the way there when there is one.
    pub object: Link,
    /// More about it.
    pub note: String,
    /// From where, `""` for the box itself.
    pub address: String,
    /// Before and after.
    pub changes: Vec<ChangeView>,
    /// `12 times`, `""` for once.
    pub times: String,
}

/// One changed field.
#[derive(Clone, Debug, Default, Serialize)]
pub struct ChangeView {
    /// Name.
    pub field: String,
    /// How it was, `""` for nothing.
    pub before: String,
    /// How it is, `""` for nothing.
    pub after: String,
}

impl From<&Change> for ChangeView {
    fn from(change: &Change) -> Self {
        Self {
            field: change.field.clone(),
            before: change.before.clone(),
            after: change.after.clone(),
        }
    }
}
