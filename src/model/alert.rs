//! Which Rekor alerts are wanted, and what was found. Free of syntax and of storage.

use crate::base::clock::Timestamp;
use crate::model::agent::{ListKind, RekorAlert};
use crate::model::capture::CaptureKey;
use crate::model::plate::Plate;
use crate::model::query::Total;

/// Conditions on Rekor alerts that must all hold.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AlertQuery {
    /// Plate of the list.
    pub plate: Option<PlateStart>,
    /// Name of the list.
    pub list: Option<String>,
    /// Kind of list.
    pub kind: Option<ListKind>,
    /// Raised at or after.
    pub from: Option<Timestamp>,
    /// Raised before.
    pub until: Option<Timestamp>,
}

/// A plate, or how plates begin.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlateStart {
    /// Normal form.
    pub text: String,
    /// Whether more may follow.
    pub open: bool,
}

impl PlateStart {
    /// Parses `8KXR417` or `8KX*`; `None` without a letter or digit.
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        let (front, open) = match text.strip_suffix('*') {
            Some(front) => (front, true),
            None => (text, false),
        };
        let plate = Plate::parse(front)?;
        Some(Self { text: plate.as_str().to_owned(), open })
    }
}

/// One page of alerts.
#[derive(Clone, Debug)]
pub struct AlertPage {
    /// Newest first.
    pub rows: Vec<RekorAlert>,
    /// Cursor of the next page, `None` on the last.
    pub next: Option<CaptureKey>,
    /// Number of matches.
    pub total: Total,
}

/// A list that raised alerts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AlertList {
    /// Its name.
    pub name: String,
    /// Whether plates on it, or plates missing on it raise alerts.
    pub kind: ListKind,
    /// Alerts it raised.
    pub count: u64,
}

#[cfg(test)]
mod tests {
    use super::PlateStart;

    #[test]
    fn plates_and_their_beginnings() {
        let check = |text: &str, expected: Option<(&str, bool)>| {
            let parsed = PlateStart::parse(text);
            let parsed = parsed.as_ref().map(|plate| (plate.text.as_str(), plate.open));
            assert_eq!(parsed, expected, "{text}");
        };
        check("8kx r417", Some(("8KXR417", false)));
        check(" 8KX* ", Some(("8KX", true)));
        check("*", None);
        check("", None);
        check("--", None);
    }
}
