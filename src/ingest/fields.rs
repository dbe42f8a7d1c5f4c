//! Tolerant access to the fields of a document: what can be understood is taken, what cannot
//! becomes a note. Knows JSON types and bounds; must not know what a field means.

use crate::base::limits::{NOTES_MAX, TEXT_CHARS_MAX};
use crate::model::text;

use super::json::{Json, Object};
use super::redact;

/// What was wrong with a payload, a sentence each: few, short and without repeats. A note names
/// fields of ours and never quotes the payload.
#[derive(Default)]
pub(super) struct Notes(Vec<String>);

impl Notes {
    /// Adds a sentence, unless it is there already or there are enough.
    pub(super) fn add(&mut self, note: impl Into<String>) {
        let note = note.into();
        if self.0.len() < NOTES_MAX && !self.0.contains(&note) {
            self.0.push(note);
        }
    }

    /// Whether nothing was wrong.
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The sentences.
    pub(super) fn into_vec(self) -> Vec<String> {
        self.0
    }
}

/// A number however it was written, also as a text; `None` when it is not a finite number.
pub(super) fn number(json: &Json<'_>) -> Option<f64> {
    let digits = match json {
        Json::Number(digits) => digits,
        Json::Text(digits) if digits.len() <= 64 => digits.trim(),
        _ => return None,
    };
    digits.parse::<f64>().ok().filter(|number| number.is_finite())
}

/// A whole number; fractions are cut off, and nothing above 2^53 is rounded when it was written
/// as a whole number.
pub(super) fn whole(json: &Json<'_>) -> Option<i64> {
    // Exact as a float: -2^63 fits, 2^63 does not.
    const EDGE: f64 = 9_223_372_036_854_775_808.0;
    let exact = match json {
        Json::Number(digits) => digits.parse().ok(),
        Json::Text(digits) => digits.trim().parse().ok(),
        _ => None,
    };
    exact.or_else(|| {
        number(json).filter(|number| (-EDGE..EDGE).contains(number)).map(|number| number as i64)
    })
}

/// A text, cleaned and bounded, without credentials in URLs; a number counts as its digits.
pub(super) fn short(json: &Json<'_>) -> Option<String> {
    let long = match json {
        Json::Text(long) => long.as_ref(),
        Json::Number(digits) => digits,
        _ => return None,
    };
    // Redacting before cutting: a cut could remove the `@` that gives a password away. Bounded
    // first all the same, so that a text of megabytes is not copied.
    Some(text::clean(&redact::urls(head(long, TEXT_CHARS_MAX * 16))))
}

/// The start of `text`: at most `bytes` of it, whole characters only.
pub(super) fn head(text: &str, bytes: usize) -> &str {
    let mut end = bytes.min(text.len());
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    text.get(..end).unwrap_or_default()
}

impl<'a> Object<'a> {
    /// Reads `name` with `read`; a value that `read` refuses becomes a note.
    fn read<T>(
        &self,
        name: &str,
        what: &str,
        notes: &mut Notes,
        read: impl Fn(&Json<'a>) -> Option<T>,
    ) -> Option<T> {
        let json = self.get(name)?;
        let value = read(json);
        if value.is_none() {
            notes.add(format!("{name} is not {what}"));
        }
        value
    }

    /// A short text, `""` when absent.
    pub(super) fn text(&self, name: &str, notes: &mut Notes) -> String {
        self.read(name, "a text", notes, short).unwrap_or_default()
    }

    /// A whole number.
    pub(super) fn whole(&self, name: &str, notes: &mut Notes) -> Option<i64> {
        self.read(name, "a whole number", notes, whole)
    }

    /// A number; an empty text is absent.
    pub(super) fn number(&self, name: &str, notes: &mut Notes) -> Option<f64> {
        self.read(name, "a number", notes, number)
    }

    /// A confidence in percent, forced into 0 to 100.
    pub(super) fn percent(&self, name: &str, notes: &mut Notes) -> Option<f32> {
        let percent = self.number(name, notes)?;
        if !(0.0..=100.0).contains(&percent) {
            notes.add(format!("{name} is not between 0 and 100"));
        }
        Some(percent.clamp(0.0, 100.0) as f32)
    }

    /// A yes or no, also as 0, 1 or a word; `false` when absent.
    pub(super) fn flag(&self, name: &str, notes: &mut Notes) -> bool {
        self.read(name, "true or false", notes, |json| match json {
            Json::Bool(on) => Some(*on),
            Json::Text(word) => match word.trim().to_ascii_lowercase().as_str() {
                "true" | "yes" | "1" => Some(true),
                "false" | "no" | "0" | "" => Some(false),
                _ => None,
            },
            other => number(other).map(|number| number != 0.0),
        })
        .unwrap_or_default()
    }

    /// The object in `name`.
    pub(super) fn part(&self, name: &str, notes: &mut Notes) -> Option<&Object<'a>> {
        if self.get(name).is_some_and(|json| !matches!(json, Json::Object(_))) {
            notes.add(format!("{name} is not an object"));
        }
        self.object(name)
    }

    /// The items of the array in `name`, none when absent.
    pub(super) fn list(&self, name: &str, notes: &mut Notes) -> &[Json<'a>] {
        match self.get(name) {
            Some(Json::List(list)) => list,
            None => &[],
            Some(_) => {
                notes.add(format!("{name} is not an array"));
                &[]
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::json::{Json, value};
    use super::{Notes, number, short, whole};

    #[test]
    fn numbers_in_every_form() {
        for (text, as_number, as_whole) in [
            ("1", Some(1.0), Some(1)),
            ("-1.9", Some(-1.9), Some(-1)),
            ("\" 42 \"", Some(42.0), Some(42)),
            ("1e3", Some(1000.0), Some(1000)),
            ("1.7821653273131233e-006", Some(1.782_165_327_313_123_3e-6), Some(0)),
            (
                "8031714103340852224",
                Some(8.031_714_103_340_852e18),
                Some(8_031_714_103_340_852_224),
            ),
            ("9007199254740993", Some(9_007_199_254_740_992.0), Some(9_007_199_254_740_993)),
            ("9223372036854775808", Some(9.223_372_036_854_776e18), None),
            ("-9223372036854775808", Some(-9.223_372_036_854_776e18), Some(i64::MIN)),
            ("1e999", None, None),
            ("\"inf\"", None, None),
            ("\"NaN\"", None, None),
            ("\"\"", None, None),
            ("true", None, None),
            ("[1]", None, None),
        ] {
            let json = value(text).unwrap();
            assert_eq!(number(&json), as_number, "{text}");
            assert_eq!(whole(&json), as_whole, "{text}");
        }
    }

    #[test]
    fn texts_are_cleaned_bounded_and_redacted() {
        let long = "x".repeat(100_000);
        for (text, expected) in [
            (" a\u{0}b ", Some("ab")),
            ("rtsp://u:p@h/x", Some("rtsp://h/x")),
            (long.as_str(), Some(&long[..256])),
        ] {
            assert_eq!(short(&Json::Text(text.into())).as_deref(), expected);
        }
        assert_eq!(short(&value("[]").unwrap()), None);
        assert_eq!(short(&value("17").unwrap()).as_deref(), Some("17"));
        short(&Json::Text("€".repeat(5000).into())).unwrap();
    }

    #[test]
    fn wrong_types_become_one_note_each() {
        let text = r#"{"a":[],"b":"x","c":{},"d":null,"e":"yes","f":250,"g":0}"#;
        let Some(Json::Object(object)) = value(text) else { panic!() };
        let mut notes = Notes::default();
        assert_eq!(object.text("a", &mut notes), "");
        assert_eq!(object.text("a", &mut notes), "");
        assert_eq!(object.number("b", &mut notes), None);
        assert_eq!(object.list("c", &mut notes).len(), 0);
        assert!(object.part("b", &mut notes).is_none());
        assert!(!object.flag("d", &mut notes));
        assert!(object.flag("e", &mut notes));
        assert!(!object.flag("g", &mut notes));
        assert_eq!(object.percent("f", &mut notes), Some(100.0));
        let expected = [
            "a is not a text",
            "b is not a number",
            "c is not an array",
            "b is not an object",
            "f is not between 0 and 100",
        ];
        assert_eq!(notes.into_vec(), expected);
    }
}
