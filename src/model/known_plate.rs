//! What people know about a plate: a name, notes, tags, and whether it is ignored. Independent of
//! whether the plate was ever read.

use crate::base::clock::Timestamp;
use crate::base::limits::TAG_CHARS_MAX;
use crate::model::plate::Plate;
use crate::model::user::{User, UserId};

/// A plate somebody has written something about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KnownPlate {
    /// The plate.
    pub plate: Plate,
    /// Whose it is, one line; `""` when not given.
    pub name: String,
    /// Notes in any number of lines; `""` when there are none.
    pub notes: String,
    /// Tags, sorted, each once.
    pub tags: Vec<PlateTag>,
    /// An ignored plate raises no alert and is left out of the live page and the dashboard's
    /// lists. Its reads are kept, and search shows them.
    pub ignored: bool,
    /// Who wrote it last.
    pub changed_by: Author,
    /// When it was written last.
    pub changed_at: Timestamp,
}

impl KnownPlate {
    /// `plate` with nothing said about it.
    pub fn blank(plate: &Plate) -> Self {
        Self {
            plate: plate.clone(),
            name: String::new(),
            notes: String::new(),
            tags: Vec::new(),
            ignored: false,
            changed_by: Author::default(),
            changed_at: Timestamp(0),
        }
    }

    /// Whether nothing is said about the plate, so that nothing needs to be kept.
    pub const fn is_blank(&self) -> bool {
        self.name.is_empty() && self.notes.is_empty() && self.tags.is_empty() && !self.ignored
    }
}

/// Who wrote something. The name is kept as it was then: accounts come and go.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Author {
    /// The account.
    pub user: UserId,
    /// What it was called.
    pub name: String,
}

impl Author {
    /// `user` as the author of something.
    pub fn of(user: &User) -> Self {
        let name = if user.name.is_empty() {
            user.username.as_str().to_owned()
        } else {
            user.name.clone()
        };
        Self { user: user.id, name }
    }
}

/// A tag: lower case, one line, without commas, 1 to [`TAG_CHARS_MAX`] characters.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PlateTag(String);

impl PlateTag {
    /// Parses `text`, in which case and runs of spaces do not matter. `None` when it is empty, too
    /// long or not one tag.
    pub fn parse(text: &str) -> Option<Self> {
        let tag = text.split_whitespace().collect::<Vec<_>>().join(" ").to_lowercase();
        let fits = (1..=TAG_CHARS_MAX).contains(&tag.chars().count())
            && !tag.chars().any(|c| c.is_control() || c == ',');
        fits.then_some(Self(tag))
    }

    /// The tag.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::PlateTag;

    #[test]
    fn tags_have_one_form() {
        for (text, expected) in [
            ("Staff", Some("staff")),
            ("  Permit \t 0417 ", Some("permit 0417")),
            ("ÄRZTE", Some("ärzte")),
            ("<b>", Some("<b>")),
            ("a,b", None),
            ("a\u{0}b", None),
            ("", None),
            ("   ", None),
        ] {
            assert_eq!(PlateTag::parse(text).as_ref().map(PlateTag::as_str), expected, "{text}");
        }
        assert!(PlateTag::parse(&"x".repeat(40)).is_some());
        assert!(PlateTag::parse(&"x".repeat(41)).is_none());
    }
}
