//! A search somebody kept under a name.

use crate::base::clock::Timestamp;
use crate::base::limits::{SAVED_NAME_CHARS_MAX, SAVED_QUERY_BYTES_MAX};
use crate::model::user::UserId;

/// Its number among the searches of one person.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct SearchId(pub u32);

impl SearchId {
    /// The number `text` is.
    pub fn parse(text: &str) -> Option<Self> {
        let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        digits.then(|| text.parse().ok().map(Self)).flatten()
    }
}

/// Which page a search belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SearchScope {
    /// License plates.
    Plates,
    /// Vehicles without one.
    Vehicles,
}

impl SearchScope {
    /// Name in forms and the API.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Plates => "plates",
            Self::Vehicles => "vehicles",
        }
    }

    /// The value of the filter `kind` that is meant when none is given.
    pub const fn kind(self) -> &'static str {
        match self {
            Self::Plates => "plate",
            Self::Vehicles => "vehicle",
        }
    }

    /// Whether it shows images unless asked for the table.
    pub const fn images(self) -> bool {
        matches!(self, Self::Vehicles)
    }

    /// The scope called `name`.
    pub fn parse(name: &str) -> Option<Self> {
        [Self::Plates, Self::Vehicles].into_iter().find(|scope| scope.name() == name)
    }
}

/// What somebody calls a search: one line with something in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SearchName(String);

impl SearchName {
    /// `text` as a name; `None` when it is empty, too long or holds control characters.
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        let fits = (1..=SAVED_NAME_CHARS_MAX).contains(&text.chars().count());
        (fits && !text.chars().any(char::is_control)).then(|| Self(text.to_owned()))
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A search as URL parameters, as the search layer writes them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SearchQuery(String);

impl SearchQuery {
    /// `text`, unless it is longer than what is kept.
    pub fn parse(text: String) -> Option<Self> {
        (text.len() <= SAVED_QUERY_BYTES_MAX).then_some(Self(text))
    }

    /// The parameters.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A kept search.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SavedSearch {
    /// Whose it is.
    pub owner: UserId,
    /// Its number.
    pub id: SearchId,
    /// Its name.
    pub name: SearchName,
    /// Its page.
    pub scope: SearchScope,
    /// What it looks for and how that is shown.
    pub query: SearchQuery,
    /// When it was kept.
    pub saved_at: Timestamp,
}

#[cfg(test)]
mod tests {
    use super::{SearchId, SearchName};

    #[test]
    fn names_are_one_line_with_something_in_it() {
        assert_eq!(SearchName::parse(" Gate, white ").unwrap().as_str(), "Gate, white");
        for text in ["", "  ", "a\nb", "\u{0}", &"x".repeat(81)] {
            assert!(SearchName::parse(text).is_none(), "{text:?}");
        }
        assert!(SearchName::parse(&"ö".repeat(80)).is_some());
    }

    #[test]
    fn numbers_are_digits() {
        assert_eq!(SearchId::parse("7"), Some(SearchId(7)));
        for text in ["", "-1", "+1", "7x", "99999999999"] {
            assert!(SearchId::parse(text).is_none(), "{text}");
        }
    }
}
