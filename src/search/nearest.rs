//! Finds what somebody probably meant.

/// The candidate nearest to `word` by edit distance, if any is near.
pub(super) fn nearest<'a>(
    word: &str,
    candidates: impl Iterator<Item = &'a str>,
) -> Option<&'a str> {
    let word = word.to_lowercase();
    let reach = (word.chars().count() / 2).clamp(1, 3);
    candidates
        .map(|candidate| (distance(&word, &candidate.to_lowercase()), candidate))
        .filter(|(distance, _)| *distance <= reach)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

fn distance(a: &str, b: &str) -> usize {
    let characters = |text: &str| text.chars().collect::<Vec<char>>();
    crate::model::plate::distance(&characters(a), &characters(b))
}

#[cfg(test)]
mod tests {
    use super::{distance, nearest};

    #[test]
    fn typing_slips_are_understood() {
        for (a, b, expected) in [
            ("", "", 0),
            ("a", "", 1),
            ("", "ab", 2),
            ("kitten", "sitting", 3),
            ("color", "colour", 1),
        ] {
            assert_eq!(distance(a, b), expected, "{a} {b}");
        }
        let keys = ["color", "camera", "make"];
        assert_eq!(nearest("colr", keys.into_iter()), Some("color"));
        assert_eq!(nearest("Cmaera", keys.into_iter()), Some("camera"));
        assert_eq!(nearest("zzzzzz", keys.into_iter()), None);
    }
}
