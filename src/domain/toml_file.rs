//! Strict reading of TOML files that people write: every mistake is collected with its line, and
//! an unknown key comes with the nearest known one. Knows no setting by name.

use std::ops::Range;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::base::limits::PROBLEMS_MAX;
use crate::base::log::quoted;

/// One mistake in a file.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Problem {
    /// Line, from 1.
    pub line: usize,
    /// What is wrong and what to do.
    pub message: String,
}

impl std::fmt::Display for Problem {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "line {}: {}", self.line, self.message)
    }
}

/// A value and the line it stands in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct At<T> {
    /// Line, from 1.
    pub line: usize,
    /// Value.
    pub value: T,
}

/// Reads one file and collects its mistakes.
pub struct TomlReader<'a> {
    text: &'a str,
    problems: Vec<Problem>,
}

impl<'a> TomlReader<'a> {
    /// Parses `text`; mistakes of syntax are the first problems.
    pub fn parse(text: &'a str) -> (Self, DeTable<'a>) {
        let (table, errors) = DeTable::parse_recoverable(text);
        let mut reader = Self { text, problems: Vec::new() };
        for error in errors {
            let line = reader.line(error.span().unwrap_or_default());
            reader.problem(line, error.message().to_owned());
        }
        (reader, table.into_inner())
    }

    /// The line in which `span` begins.
    pub fn line(&self, span: Range<usize>) -> usize {
        let before = self.text.as_bytes().get(..span.start).unwrap_or(self.text.as_bytes());
        before.split(|&byte| byte == b'\n').count()
    }

    /// Notes a mistake.
    pub fn problem(&mut self, line: usize, message: String) {
        self.problems.push(Problem { line, message });
    }

    /// All mistakes, by line.
    pub fn finish(mut self) -> Vec<Problem> {
        self.problems.sort();
        self.problems.dedup();
        self.problems
    }

    /// Notes every key of `table` (named `name`, `""` at the top) that is not in `known`; keys in
    /// `later` belong to parts this version does not have.
    pub fn check_keys(&mut self, table: &DeTable<'a>, name: &str, known: &[&str], later: &[&str]) {
        for key in table.keys() {
            if self.problems.len() >= PROBLEMS_MAX {
                return;
            }
            let text: &str = key.get_ref();
            if known.contains(&text) {
                continue;
            }
            let path =
                if name.is_empty() { shown(text) } else { format!("{name}.{}", shown(text)) };
            let message = if later.contains(&text) {
                format!("{path} is not supported by this version: remove it")
            } else {
                match nearest(text, known) {
                    Some(near) => format!("unknown key {path}: did you mean {near}?"),
                    None => format!("unknown key {path}: known here are {}", known.join(", ")),
                }
            };
            let line = self.line(key.span());
            self.problem(line, message);
        }
    }

    /// The text at `key`.
    pub fn text(&mut self, table: &DeTable<'a>, key: &str) -> Option<At<String>> {
        let value = table.get(key)?;
        let found = value.get_ref().as_str().map(ToOwned::to_owned);
        self.typed(key, value, found, "a text in quotes")
    }

    /// The truth value at `key`.
    pub fn truth(&mut self, table: &DeTable<'a>, key: &str) -> Option<At<bool>> {
        let value = table.get(key)?;
        self.typed(key, value, value.get_ref().as_bool(), "true or false")
    }

    /// The whole number at `key`.
    pub fn integer(&mut self, table: &DeTable<'a>, key: &str) -> Option<At<i64>> {
        let value = table.get(key)?;
        let number = value.get_ref().as_integer();
        let found = number.and_then(|n| i64::from_str_radix(n.as_str(), n.radix()).ok());
        self.typed(key, value, found, "a whole number")
    }

    /// The texts of the list at `key`.
    pub fn texts(&mut self, table: &DeTable<'a>, key: &str) -> Option<At<Vec<String>>> {
        let value = table.get(key)?;
        let list = value.get_ref().as_array().map(|list| {
            let texts = list.iter().map(|it| it.get_ref().as_str().map(ToOwned::to_owned));
            texts.collect::<Option<Vec<String>>>()
        });
        self.typed(key, value, list.flatten(), "a list of texts, such as [\"192.0.2.1\"]")
    }

    /// The table at `key`.
    pub fn table<'t>(&mut self, table: &'t DeTable<'a>, key: &str) -> Option<At<&'t DeTable<'a>>> {
        let value = table.get(key)?;
        self.typed(key, value, value.get_ref().as_table(), &format!("a table: [{key}]"))
    }

    /// The tables of the list at `key`.
    pub fn tables<'t>(
        &mut self,
        table: &'t DeTable<'a>,
        key: &str,
    ) -> Option<Vec<At<&'t DeTable<'a>>>> {
        let value = table.get(key)?;
        let expected = format!("a list of tables: [[{key}]]");
        let list = self.typed(key, value, value.get_ref().as_array(), &expected)?.value;
        let rows =
            list.iter().filter_map(|row| self.typed(key, row, row.get_ref().as_table(), &expected));
        Some(rows.collect())
    }

    fn typed<T>(
        &mut self,
        key: &str,
        value: &Spanned<DeValue<'a>>,
        found: Option<T>,
        expected: &str,
    ) -> Option<At<T>> {
        let line = self.line(value.span());
        if found.is_none() {
            let kind = value.get_ref().type_str();
            self.problem(line, format!("{key} must be {expected}, this is: {kind}"));
        }
        found.map(|value| At { line, value })
    }
}

/// `key` for a message: short, and in quotes unless it is an ordinary name.
fn shown(key: &str) -> String {
    let plain = key.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-'));
    let short: String = key.chars().take(64).collect();
    if plain && !key.is_empty() { short } else { quoted(&short) }
}

/// The one of `known` that `text` is most likely a slip of.
pub fn nearest<'k>(text: &str, known: &[&'k str]) -> Option<&'k str> {
    if text.len() > 64 {
        return None;
    }
    let text = text.to_lowercase();
    let best = known.iter().map(|key| (distance(&text, key), *key)).min()?;
    (best.0 <= text.chars().count().max(3) / 3).then_some(best.1)
}

/// Edit distance: insertions, deletions and replacements.
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, left) in a.chars().enumerate() {
        let mut next = Vec::with_capacity(row.len());
        next.push(i + 1);
        for (pair, right) in row.windows(2).zip(&b) {
            if let ([diagonal, above], Some(before)) = (pair, next.last()) {
                let replaced = diagonal + usize::from(left != *right);
                next.push(replaced.min(above + 1).min(before + 1));
            }
        }
        row = next;
    }
    row.last().copied().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::{distance, nearest};

    #[test]
    fn slips_find_their_key() {
        assert_eq!(distance("kitten", "sitting"), 3);
        assert_eq!(distance("", "abc"), 3);
        let known = ["box_name", "public_url", "post_auth"];
        for (text, expected) in [
            ("boxname", Some("box_name")),
            ("Post-Auth", Some("post_auth")),
            ("public_uri", Some("public_url")),
            ("colour", None),
            ("", None),
        ] {
            assert_eq!(nearest(text, &known), expected, "{text}");
        }
        assert_eq!(nearest(&"x".repeat(1_000_000), &known), None);
    }
}
