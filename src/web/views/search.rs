//! Search: one box and one form that write each other, results as table or images.

use serde::Serialize;

use super::read::ReadRow;
use super::{Choice, Link};

/// Template `search.html`.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Search {
    /// Heading.
    pub title: &'static str,
    /// Address of the page, to which its forms send.
    pub path: &'static str,
    /// The other search page with what of this search it understands: plates first, then vehicles.
    pub scopes: Vec<ScopeLink>,
    /// Value of `view` that keeps the way results are shown, `""` for the usual one.
    pub view: &'static str,
    /// Saved searches.
    pub saved: Vec<SavedLink>,
    /// What saves this search; `None` when there is nothing to save.
    pub save: Option<SaveForm>,
    /// Form of a watch for it, `""` when there is nothing to watch or the reader may have none.
    pub watch_href: String,
    /// What may begin a condition in the box.
    pub keys: Vec<Proposal>,
    /// The query as typed.
    pub query: String,
    /// What is wrong with it.
    pub error: Option<QueryError>,
    /// Active filters.
    pub chips: Vec<Chip>,
    /// Address without any filter.
    pub clear_href: String,
    /// Fields of the form, in order. Empty: only the box is shown.
    pub fields: Vec<SearchField>,
    /// Number of fields behind `More` that are set.
    pub more_set: usize,
    /// Conditions that no field shows; the form sends them along.
    pub hidden: Vec<Hidden>,
    /// Number of form fields that are set.
    pub fields_set: usize,
    /// Whether images are shown instead of the table.
    pub grid: bool,
    /// This search as table.
    pub table_href: String,
    /// This search as images.
    pub grid_href: String,
    /// What was found; `None` when the query could not be run.
    pub results: Option<Results>,
    /// Zone of all times, short: `PDT`.
    pub zone: String,
    /// Whether the store holds no read at all.
    pub store_empty: bool,
}

/// A saved search in the menu.
#[derive(Clone, Debug, Default, Serialize)]
pub struct SavedLink {
    /// Its name.
    pub name: String,
    /// Its address.
    pub href: String,
    /// Whether the page shows it.
    pub current: bool,
}

/// What the form that saves a search sends.
#[derive(Clone, Debug, Default, Serialize)]
pub struct SaveForm {
    /// Name that is proposed, or the one it has.
    pub name: String,
    /// Its page.
    pub scope: &'static str,
    /// Its parameters.
    pub query: String,
}

/// A query that cannot be run.
#[derive(Clone, Debug, Default, Serialize)]
pub struct QueryError {
    /// The query before the offending token.
    pub before: String,
    /// The offending token.
    pub token: String,
    /// The query after it.
    pub after: String,
    /// What would be right, a sentence.
    pub message: String,
    /// The nearest valid form, as a link that searches for it.
    pub suggestion: Option<Link>,
}

/// An active filter.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Chip {
    /// What is filtered: `camera`.
    pub label: String,
    /// By what: `Gate in`.
    pub value: String,
    /// Whether it is left out.
    pub not: bool,
    /// Address of the search without it.
    pub remove_href: String,
}

/// A filter as the box proposes it.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Proposal {
    /// What begins its condition: `color:`.
    pub name: String,
    /// A sentence of help.
    pub help: &'static str,
}

/// A parameter the form carries along.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Hidden {
    /// Name of the query parameter.
    pub name: String,
    /// Its value.
    pub value: String,
}

/// How a form field is shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Widget {
    /// Text.
    #[default]
    Text,
    /// Monospaced text, for plates.
    Mono,
    /// One of the choices.
    Select,
    /// A day, `2026-08-21`, and a time of day.
    Date,
    /// On (`value` is `1`) or off.
    Switch,
}

/// Where a form field stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Place {
    /// Always there.
    #[default]
    Main,
    /// There when dates are picked.
    Dates,
    /// Behind `More`.
    More,
}

/// One of the search pages.
#[derive(Clone, Debug, Default, Serialize)]
pub struct ScopeLink {
    /// What it finds.
    pub label: &'static str,
    /// Its address with this search.
    pub href: String,
    /// Whether it is this one.
    pub current: bool,
}

/// A field of the form.
#[derive(Clone, Debug, Default, Serialize)]
pub struct SearchField {
    /// Name of the query parameter.
    pub name: String,
    /// Label.
    pub label: String,
    /// How it is shown.
    pub widget: Widget,
    /// Current value, `""` for none. A switch is on when it is not empty.
    pub value: String,
    /// Time of day of a date, `14:32`, `""` for none.
    pub time: String,
    /// Where it stands.
    pub place: Place,
    /// Example shown while empty.
    pub placeholder: String,
    /// Hint below, `""` for none.
    pub hint: String,
    /// Choices of a select; the first is usually `Any`.
    pub options: Vec<Choice>,
}

/// What was found.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Results {
    /// `46,918`, or `10,000` when counting stopped.
    pub total: String,
    /// Whether there may be more than `total`.
    pub at_least: bool,
    /// `read` or `reads`.
    pub noun: &'static str,
    /// `56 plates`, `""` when it is not known or one.
    pub plates: String,
    /// `in 3 ms`, `""` to say nothing.
    pub took: String,
    /// Whether the search was stopped at its deadline: rows may be missing.
    pub stopped: bool,
    /// Rows, newest first.
    pub rows: Vec<ReadRow>,
    /// `1 to 50`, `""` to say nothing.
    pub range: String,
    /// Page of newer reads, `""` on the first and where the way back is not known.
    pub newer_href: String,
    /// The first page, `""` on it.
    pub first_href: String,
    /// Page of older reads, `""` on the last.
    pub older_href: String,
    /// The same reads as a file, `""` when the reader may not export.
    pub export_href: String,
    /// The filter in words when nothing was found: `No reads of 8KX* at Gate in since 1 Aug.`
    pub nothing: String,
    /// Wider searches when nothing was found, the cheapest first.
    pub widen: Vec<Link>,
}
