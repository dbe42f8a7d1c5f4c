//! Plate numbers: as sent, and normalised for keys and search.

use crate::base::limits::PLATE_CHARS_MAX;

/// A plate number in normal form: upper case, letters and digits only, 1 to
/// [`PLATE_CHARS_MAX`] characters. Plates outside ASCII keep their letters.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Plate(String);

impl Plate {
    /// Parses `text`: separators and anything but letters and digits are dropped. `None` when
    /// nothing is left.
    pub fn parse(text: &str) -> Option<Self> {
        let plate: String = text
            .chars()
            .filter(|c| c.is_alphanumeric())
            .flat_map(char::to_uppercase)
            .take(PLATE_CHARS_MAX)
            .collect();
        (!plate.is_empty()).then_some(Self(plate))
    }

    /// The same, but `None` also when something would be cut off: for what people type.
    pub fn parse_whole(text: &str) -> Option<Self> {
        let plate = Self::parse(text)?;
        let letters = text.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_uppercase);
        (letters.count() <= PLATE_CHARS_MAX).then_some(plate)
    }

    /// The normal form.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The look-alike key: characters that cameras confuse become one. See [`fold`].
    pub fn folded(&self) -> String {
        self.0.chars().map(fold).collect()
    }
}

/// Folds characters that cameras confuse: `O Q D -> 0`, `I L -> 1`, `B -> 8`, `S -> 5`,
/// `Z -> 2`, `G -> 6`.
pub const fn fold(character: char) -> char {
    match character {
        'O' | 'Q' | 'D' => '0',
        'I' | 'L' => '1',
        'B' => '8',
        'S' => '5',
        'Z' => '2',
        'G' => '6',
        other => other,
    }
}

/// How many characters must be replaced, added or dropped to make `a` of `b`.
pub fn distance(a: &[char], b: &[char]) -> usize {
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (line, left) in a.iter().enumerate() {
        let mut diagonal = line;
        let mut before = line + 1;
        if let Some(first) = row.first_mut() {
            *first = before;
        }
        for (cell, right) in row.iter_mut().skip(1).zip(b) {
            let replaced = diagonal + usize::from(left != right);
            diagonal = *cell;
            *cell = replaced.min(before + 1).min(diagonal + 1);
            before = *cell;
        }
    }
    row.last().copied().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::Plate;

    #[test]
    fn normal_form() {
        for (text, expected) in [
            ("abc 123", Some("ABC123")),
            (" a-b.c/1 ", Some("ABC1")),
            ("öö·1", Some("ÖÖ1")),
            ("", None),
            (" -- ", None),
            ("<script>", Some("SCRIPT")),
        ] {
            assert_eq!(Plate::parse(text).as_ref().map(Plate::as_str), expected, "{text}");
        }
        assert_eq!(Plate::parse(&"A".repeat(200)).unwrap().as_str().len(), 32);
    }

    #[test]
    fn look_alikes_fold_together() {
        let key = |text| Plate::parse(text).unwrap().folded();
        assert_eq!(key("OI8SZG"), key("0IB526"));
        assert_ne!(key("ABC"), key("ABE"));
    }
}
