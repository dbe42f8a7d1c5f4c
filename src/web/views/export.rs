//! Export: what will be in the file, and its form.

use serde::Serialize;

use super::search::Hidden;
use super::{Choice, Link};

/// Template `export.html`.
#[derive(Clone, Debug, Default, Serialize)]
pub struct ExportPage {
    /// `1,284 reads`, `10,000 or more reads`.
    pub what: String,
    /// How many rows, as a script reads it.
    pub rows: u64,
    /// The query as text, `""` for everything.
    pub query: String,
    /// Where the form leads.
    pub target: String,
    /// Parameters the form carries along.
    pub hidden: Vec<Hidden>,
    /// Formats.
    pub formats: Vec<Choice>,
    /// Zone of the times in the table: `Los Angeles (PDT)`.
    pub zone: String,
    /// Whether there is nothing to export.
    pub empty: bool,
    /// Where one comes from.
    pub back: Link,
}
