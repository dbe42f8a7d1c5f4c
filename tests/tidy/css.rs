//! Classes: every one that is used is styled, and every styled one is used.

use std::collections::BTreeSet;

use super::clean;
use super::text::{files, product_part, read, sources};

/// How the names begin of classes that are put together, or belong to a set; with what they are.
const MADE_CLASSES: &[(&str, &str)] = &[
    ("k-", "the color of a vehicle"),
    ("w4", "widths of fields: 3, 4, 6 and 12 of 12"),
    ("h0", "steps of a heat map"),
    ("h4", "steps of a heat map"),
    ("h5", "steps of a heat map"),
];

/// Every class that templates, scripts and the code that draws use is styled, and every styled class
/// is used: no dead rules, no names mistyped.
#[test]
fn classes_are_styled_and_used() {
    let mut styled: BTreeSet<String> = BTreeSet::new();
    for path in files("assets/css", &["css"]) {
        styled.extend(styled_classes(&read(&path)));
    }
    let mut used: BTreeSet<String> = BTreeSet::new();
    let mut words: BTreeSet<String> = BTreeSet::new();
    for path in files("assets/templates", &["html"]) {
        let text = read(&path);
        used.extend(attribute_words(&text, "class=\""));
        words.extend(quoted_words(&text));
    }
    for source in sources().into_iter().filter(|source| source.path.starts_with("src/web/")) {
        let text = product_part(&source.text).replace("\\\"", "\"");
        used.extend(attribute_words(&text, "class=\""));
        words.extend(quoted_words(&text));
    }
    for path in files("assets/static", &["js"]) {
        words.extend(quoted_words(&read(&path)));
    }
    let made = |class: &str| MADE_CLASSES.iter().any(|(start, _)| class.starts_with(start));
    let mut problems = Vec::new();
    for class in used.difference(&styled).filter(|class| !made(class)) {
        problems.push(format!("class `{class}` is used and nowhere styled in assets/css"));
    }
    // A class may be put together from a value: any quoted word counts as a use.
    for class in styled.iter().filter(|class| !used.contains(*class) && !words.contains(*class)) {
        if !made(class) {
            problems.push(format!("class `{class}` is styled in assets/css and nowhere used"));
        }
    }
    clean(&problems);
}

/// Classes in the selectors of a style sheet.
fn styled_classes(css: &str) -> BTreeSet<String> {
    let mut classes = BTreeSet::new();
    let mut rest = css;
    let mut selectors = String::new();
    // Comments go first, then what stands in quotation marks or between braces without braces.
    while let Some((before, after)) = rest.split_once("/*") {
        selectors.push_str(before);
        rest = after.split_once("*/").map_or("", |(_, after)| after);
    }
    selectors.push_str(rest);
    let mut start = 0;
    for (at, brace) in selectors.match_indices(['{', '}']) {
        if brace == "{" {
            let selector = &selectors[start..at];
            for part in selector.split('.').skip(1) {
                let name: String =
                    part.chars().take_while(|c| c.is_ascii_alphanumeric() || *c == '-').collect();
                if name.starts_with(|c: char| c.is_ascii_alphabetic())
                    && !selector.trim_start().starts_with('@')
                {
                    classes.insert(name);
                }
            }
        }
        start = at + 1;
    }
    classes
}

/// Words of every attribute that begins with `mark`, template tags left out.
fn attribute_words(text: &str, mark: &str) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for (at, _) in text.match_indices(mark) {
        let mut value = String::new();
        let mut rest = &text[at + mark.len()..];
        // The value ends at the first quotation mark outside template tags.
        while let Some(next) = rest.find(['"', '{']) {
            value.push_str(&rest[..next]);
            rest = &rest[next..];
            let close = match rest.get(..2) {
                Some("{{") => "}}",
                Some("{%") => "%}",
                _ if rest.starts_with('{') => "}",
                _ => break,
            };
            // What a tag prints next to a word is part of that word, which is then not known.
            value.push(if close == "%}" { ' ' } else { '\u{0}' });
            rest = rest.split_once(close).map_or("", |(_, after)| after);
        }
        let words = value.split_whitespace().filter(|word| !word.contains('\u{0}'));
        found.extend(words.map(str::to_owned));
    }
    found
}

/// Words inside quotation marks of any kind.
fn quoted_words(text: &str) -> BTreeSet<String> {
    let parts = text.split(['"', '\'', '`']);
    let plain = |c: char| c.is_ascii_alphanumeric() || c == '-';
    let words = parts.flat_map(|part| part.split(|c: char| !plain(c)));
    words.filter(|word| !word.is_empty()).map(str::to_owned).collect()
}
