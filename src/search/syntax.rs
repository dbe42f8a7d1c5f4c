//! The search box: `AB12 camera:gate -color:white after:2026-08-01`, to a query and back, and the
//! same as URL parameters. Anything typed is either understood or answered with a place and a
//! proposal.

use super::nearest::nearest;
use super::{Context, FILTERS, Filter, Invalid, filter, plate};
use crate::base::limits::QUERY_CHARS_MAX;
use crate::model::query::Query;

/// One condition as it was typed.
#[derive(Clone)]
pub struct SearchTerm {
    /// Its filter.
    pub filter: &'static dyn Filter,
    /// Its value as typed.
    pub value: String,
    /// Whether captures with the value are left out.
    pub not: bool,
}

impl std::fmt::Debug for SearchTerm {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.text())
    }
}

impl SearchTerm {
    /// The term as one would type it.
    pub fn text(&self) -> String {
        let sign = if self.not { "-" } else { "" };
        let bare =
            !self.value.is_empty() && !self.value.contains(|c: char| c.is_whitespace() || c == '"');
        if bare {
            format!("{sign}{}:{}", self.filter.key(), self.value)
        } else {
            format!("{sign}{}:\"{}\"", self.filter.key(), self.value.replace('"', ""))
        }
    }

    /// The term as URL parameter: `-color=white` leaves white ones out.
    pub fn parameter(&self) -> (String, String) {
        let sign = if self.not { "-" } else { "" };
        (format!("{sign}{}", self.filter.key()), self.value.clone())
    }
}

/// A search that was understood.
#[derive(Clone, Debug, Default)]
pub struct Search {
    /// Its conditions, as typed: one chip each.
    pub terms: Vec<SearchTerm>,
    /// What they mean.
    pub query: Query,
}

/// Where and why a search was not understood.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SyntaxError {
    /// URL parameter at fault; `q` for the box.
    pub parameter: String,
    /// First byte of the part at fault within that parameter.
    pub start: usize,
    /// Byte after its last.
    pub end: usize,
    /// What is wrong, for people: lower case, no full stop.
    pub message: String,
    /// The nearest form that would be understood.
    pub suggestion: Option<String>,
}

impl std::fmt::Display for SyntaxError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for SyntaxError {}

impl Search {
    /// Understands what was typed into the box.
    pub fn parse(text: &str, context: &Context<'_>) -> Result<Self, SyntaxError> {
        let mut search = Self::default();
        search.add_text("q", text, context)?;
        search.bounded("q", text.len())
    }

    /// Understands URL or form parameters: `q` (the box), `plate` with `match` (`exact`, `prefix`,
    /// `suffix`, `contains`, `like`), and every filter by its key, with `-` in front to leave out.
    /// Unknown parameters belong to somebody else and are ignored, empty ones too.
    pub fn from_parameters<'a>(
        parameters: impl IntoIterator<Item = (&'a str, &'a str)>,
        context: &Context<'_>,
    ) -> Result<Self, SyntaxError> {
        let parameters: Vec<(&str, &str)> = parameters.into_iter().collect();
        let mode = parameters.iter().find(|(key, _)| *key == "match").map_or("", |pair| pair.1);
        let mut search = Self::default();
        for (key, value) in parameters {
            if value.trim().is_empty() {
                continue;
            }
            if key == "q" {
                search.add_text(key, value, context)?;
                continue;
            }
            let (not, name) = key.strip_prefix('-').map_or((false, key), |name| (true, name));
            let Some(filter) = filter(name) else { continue };
            let place = |invalid| at(key, 0..value.len(), invalid);
            if value.chars().count() > QUERY_CHARS_MAX {
                return Err(place(too_long()));
            }
            let value = if filter.key() == "plate" {
                plate::with_mode(value, mode).map_err(place)?
            } else {
                value.trim().to_owned()
            };
            search.add(SearchTerm { filter, value, not }, context).map_err(place)?;
        }
        search.bounded("q", 0)
    }

    /// Refuses what would be too long to be typed again: with the names of its filters a search
    /// is longer than what was typed.
    fn bounded(self, parameter: &str, bytes: usize) -> Result<Self, SyntaxError> {
        if self.text().chars().count() > QUERY_CHARS_MAX {
            return Err(at(parameter, 0..bytes, too_long()));
        }
        Ok(self)
    }

    /// The search as one would type it.
    pub fn text(&self) -> String {
        self.terms.iter().map(SearchTerm::text).collect::<Vec<_>>().join(" ")
    }

    /// The search as URL parameters, always the same for the same terms.
    pub fn parameters(&self) -> Vec<(String, String)> {
        self.terms.iter().map(SearchTerm::parameter).collect()
    }

    /// The URL parameters of this search without its term number `index`: the cross on a chip.
    pub fn without(&self, index: usize) -> Vec<(String, String)> {
        let others = self.terms.iter().enumerate().filter(|(number, _)| *number != index);
        others.map(|(_, term)| term.parameter()).collect()
    }

    fn add(&mut self, term: SearchTerm, context: &Context<'_>) -> Result<(), Invalid> {
        term.filter.add(&mut self.query, &term.value, term.not, context)?;
        self.terms.push(term);
        Ok(())
    }

    fn add_text(
        &mut self,
        parameter: &str,
        text: &str,
        context: &Context<'_>,
    ) -> Result<(), SyntaxError> {
        if text.chars().count() > QUERY_CHARS_MAX {
            return Err(at(parameter, 0..text.len(), too_long()));
        }
        for token in tokens(text) {
            let place = |invalid| at(parameter, token.start..token.end, invalid);
            if token.open {
                return Err(place(Invalid::with(
                    "the closing quotation mark is missing",
                    text.get(token.start..token.end).map(|part| format!("{part}\"")),
                )));
            }
            let filter = match token.key {
                None => filter("plate"),
                Some(key) => filter(key),
            };
            let Some(filter) = filter else {
                let key = token.key.unwrap_or_default();
                let near = nearest(key, FILTERS.iter().map(|filter| filter.key()));
                let sign = if token.not { "-" } else { "" };
                let near = near.map(|near| format!("{sign}{near}:{}", token.value));
                return Err(place(Invalid::with(format!("there is no filter {key}:"), near)));
            };
            if token.value.trim().is_empty() {
                let message = format!("{}: needs a value", filter.key());
                return Err(place(Invalid::new(message)));
            }
            // In quotation marks wildcards are characters like any other.
            let value = if token.quoted && filter.key() == "plate" {
                token.value.replace(['*', '?', '~', '='], " ")
            } else {
                token.value.clone()
            };
            let value = value.trim().to_owned();
            self.add(SearchTerm { filter, value, not: token.not }, context).map_err(place)?;
        }
        Ok(())
    }
}

fn too_long() -> Invalid {
    Invalid::new(format!("more than {QUERY_CHARS_MAX} characters"))
}

fn at(parameter: &str, place: std::ops::Range<usize>, invalid: Invalid) -> SyntaxError {
    SyntaxError {
        parameter: parameter.to_owned(),
        start: place.start,
        end: place.end,
        message: invalid.message,
        suggestion: invalid.suggestion,
    }
}

struct Token<'a> {
    start: usize,
    end: usize,
    not: bool,
    key: Option<&'a str>,
    value: String,
    quoted: bool,
    /// A quotation mark was not closed.
    open: bool,
}

/// Splits at blanks outside quotation marks.
fn tokens(text: &str) -> Vec<Token<'_>> {
    let mut tokens = Vec::new();
    let mut rest = text;
    loop {
        rest = rest.trim_start();
        if rest.is_empty() {
            return tokens;
        }
        let start = text.len() - rest.len();
        let mut inside = false;
        let length = rest
            .find(|character: char| {
                inside ^= character == '"';
                !inside && character.is_whitespace()
            })
            .unwrap_or(rest.len());
        let (part, after) = rest.split_at(length);
        tokens.push(token(part, start, inside));
        rest = after;
    }
}

fn token(part: &str, start: usize, open: bool) -> Token<'_> {
    let end = start + part.len();
    let (not, body) = match part.strip_prefix('-') {
        Some(body) if !body.is_empty() => (true, body),
        _ => (false, part),
    };
    // A key is a word; `12:30` and `"a:b"` are values.
    let split = body
        .split_once(':')
        .filter(|(key, _)| !key.is_empty() && key.bytes().all(|b| b.is_ascii_alphabetic()));
    let (key, value) = split.map_or((None, body), |(key, value)| (Some(key), value));
    let quoted = value.contains('"');
    Token { start, end, not, key, value: value.replace('"', ""), quoted, open }
}

#[cfg(test)]
#[path = "syntax_tests.rs"]
mod tests;
