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
        Ok(search)
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
        Ok(search)
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
mod tests {
    use jiff::tz::TimeZone;

    use super::*;
    use crate::base::clock::Timestamp;
    use crate::model::query::{Attribute, Piece};

    fn with_context<T>(work: impl FnOnce(&Context<'_>) -> T) -> T {
        let cameras =
            [("u/1".to_owned(), "Front gate".to_owned()), ("u/2".to_owned(), "Yard".to_owned())];
        let agents = [("u".to_owned(), "North".to_owned()), ("v".to_owned(), "South".to_owned())];
        work(&Context {
            zone: &TimeZone::UTC,
            now: Timestamp(0),
            cameras: &cameras,
            agents: &agents,
        })
    }

    fn parse(text: &str) -> Result<Search, SyntaxError> {
        with_context(|context| Search::parse(text, context))
    }

    #[test]
    fn the_whole_syntax() {
        let text = "plate:AB?12* camera:gate after:2026-08-01 before:2026-08-02 -color:white \
                    region:us-ma conf:>98 is:late";
        let search = parse(text).unwrap();
        assert_eq!(search.text(), text.replace("                    ", ""));
        let query = &search.query;
        let text = |text: &str| Piece::Text(text.to_owned());
        let pieces = vec![text("AB"), Piece::One, text("12"), Piece::Any];
        assert_eq!(query.plate.as_ref().unwrap().pieces, pieces);
        assert_eq!(query.until.unwrap().since(query.from.unwrap()), 86_400_000);
        let found: Vec<_> = query
            .attributes
            .iter()
            .map(|have| (have.attribute, have.values.join(","), have.not))
            .collect();
        let expected = [
            (Attribute::Camera, "u/1", false),
            (Attribute::Color, "white", true),
            (Attribute::Region, "us-ma", false),
            (Attribute::Confidence, "99,100", false),
            (Attribute::Flag, "late", false),
        ];
        assert_eq!(found, expected.map(|(at, value, not)| (at, value.to_owned(), not)));
    }

    #[test]
    fn errors_say_where_and_what_instead() {
        for (text, start, end, suggestion) in [
            ("AB12 colr:white", 5, 15, Some("color:white")),
            ("ö -colr:white", 3, 14, Some("-color:white")),
            ("camera:yrad", 0, 11, Some("Yard")),
            ("color:", 0, 6, None),
            ("a \"b", 2, 4, Some("\"b\"")),
            ("a b", 2, 3, None),
            ("-", 0, 1, Some("AB12")),
            ("x is:lat", 2, 8, Some("late")),
            ("after:tomorow", 0, 13, Some("2026-08-01 or 2026-08-01T14:30")),
        ] {
            let error = parse(text).unwrap_err();
            let found = (error.start, error.end, error.suggestion.as_deref());
            assert_eq!(found, (start, end, suggestion), "{text}: {error}");
        }
        assert!(parse(&"A".repeat(513)).is_err());
    }

    #[test]
    fn anything_typed_is_an_answer_not_a_panic() {
        let bits = [
            "a",
            "\"",
            ":",
            "-",
            "~",
            "*",
            "?",
            " ",
            "ö",
            "🚗",
            "\0",
            "plate:",
            "conf:>",
            "%",
            "date:",
            "..",
            "2026",
            "\u{202e}",
            "=",
            ",",
            "camera:",
            "/1",
            "~2",
            "AB12",
            "hour:",
            "22-5",
            "weekday:",
            "sun",
            "tag:",
            "list:",
            "candidate:",
            "site:",
            "north",
            "signature:",
            "alert:",
            "yes",
            "'; DROP TABLE captures; --",
            "(a+)+$",
            "\u{5d0}",
        ];
        let mut dice: u64 = 88;
        for _ in 0..20_000 {
            let mut text = String::new();
            for _ in 0..8 {
                dice = dice.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
                text += bits[(dice >> 40) as usize % bits.len()];
            }
            match parse(&text) {
                Ok(search) => {
                    let again = parse(&search.text());
                    let again = again.unwrap_or_else(|error| panic!("{text:?} {error:?}"));
                    assert_eq!(again.query, search.query, "{text:?}");
                }
                Err(error) => assert!(text.get(error.start..error.end).is_some(), "{text:?}"),
            }
        }
    }

    /// Values that each filter understands.
    const UNDERSTOOD: &[(&str, &[&str])] = &[
        ("plate", &["AB12", "=AB12", "A?1*", "~AB0", "AB123~1", "~=AB123~2", "*12", "ö 12"]),
        ("candidate", &["AB12", "=AB", "~AB0", "AB?12*"]),
        ("date", &["2026-08-01", "2026-08", "2026", "2026-08-01..2026-08-07", "today"]),
        ("after", &["2026-08-01", "2026-08-01 14:30", "24h", "yesterday"]),
        ("before", &["2026-08-01", "2026-08-01T14:30"]),
        ("to", &["2026-08-01", "2026-08"]),
        ("hour", &["7", "7-9", "22-5", "0,12"]),
        ("weekday", &["mon", "sat-mon", "Sunday,tue", "weekend"]),
        ("camera", &["front", "Front gate", "u/1", "x/9", "yard,front"]),
        ("site", &["north", "u", "K2V9YQ8ZJ5T3XW7M"]),
        ("region", &["us-ma", "US-MA,us-nh"]),
        ("country", &["eu"]),
        ("color", &["white", "silver gray"]),
        ("make", &["bmw"]),
        ("model", &["bmw x3"]),
        ("body", &["suv-crossover"]),
        ("year", &["2010-2014"]),
        ("direction", &["n", "ne,NW"]),
        ("kind", &["plate", "vehicle"]),
        ("conf", &[">85", "<=50", "80-90", "85%"]),
        ("alert", &["yes", "no", "rekor"]),
        ("parked", &["yes", "No"]),
        ("late", &["yes"]),
        ("is", &["parked", "late,corrected"]),
        ("tag", &["staff", "permit 0417", "a,b"]),
        ("list", &["Stolen cars", "a,b", "<b>"]),
        ("signature", &["1f0c66a9b2d4e857"]),
    ];

    #[test]
    fn every_filter_goes_from_box_to_address_and_back() {
        with_context(|context| {
            let mut covered = Vec::new();
            for (key, values) in UNDERSTOOD {
                covered.push(*key);
                for (value, not) in values.iter().flat_map(|value| [(value, false), (value, true)])
                {
                    let filter = filter(key).unwrap();
                    assert_eq!(filter.key(), *key);
                    let term = SearchTerm { filter, value: (*value).to_owned(), not };
                    let boxed = Search::parse(&term.text(), context);
                    let boxed = boxed.unwrap_or_else(|error| panic!("{term:?}: {error}"));
                    // Quotation marks in the box take wildcards literally; there are none here.
                    assert_eq!(boxed.terms[0].value, *value, "{term:?}");
                    let parameter = term.parameter();
                    let pair = [(parameter.0.as_str(), parameter.1.as_str())];
                    let sent = Search::from_parameters(pair, context).unwrap();
                    assert_eq!(sent.query, boxed.query, "{term:?}");
                    assert_eq!((sent.text(), sent.parameters()), (boxed.text(), vec![parameter]));
                    assert_ne!(sent.query, Query::default(), "{term:?}");
                }
            }
            let all: Vec<&str> = FILTERS.iter().map(|filter| filter.key()).collect();
            covered.sort_unstable();
            let mut sorted = all.clone();
            sorted.sort_unstable();
            assert_eq!(covered, sorted);
        });
    }

    #[test]
    fn any_two_filters_go_together_and_back() {
        with_context(|context| {
            for (first, values) in UNDERSTOOD {
                for (second, others) in UNDERSTOOD {
                    let texts: Vec<String> =
                        [(first, values[0]), (second, others[others.len() - 1])]
                            .into_iter()
                            .map(|(key, value)| {
                                let filter = filter(key).unwrap();
                                SearchTerm { filter, value: value.to_owned(), not: false }.text()
                            })
                            .collect();
                    let Ok(search) = Search::parse(&texts.join(" "), context) else {
                        assert!(first == second && *first == "plate", "{texts:?}");
                        continue;
                    };
                    let back = search.parameters();
                    let pairs = back.iter().map(|(key, value)| (key.as_str(), value.as_str()));
                    let again = Search::from_parameters(pairs, context).unwrap();
                    assert_eq!(again.query, search.query, "{texts:?}");
                    assert_eq!(again.text(), search.text());
                }
            }
        });
    }

    #[test]
    fn long_texts_take_bounded_time() {
        let started = std::time::Instant::now();
        for piece in ["*A", "?", "~", "-a ", "a:", "\"", "hour:1 ", "conf:>1 ", "-plate:*a?", "🚗 "]
        {
            let text: String = piece.repeat(600).chars().take(512).collect();
            let _ = parse(&text);
            let _ = parse(&format!("{text}x"));
        }
        assert!(started.elapsed().as_secs() < 2, "{:?}", started.elapsed());
    }

    #[test]
    fn parameters_go_there_and_back() {
        with_context(|context| {
            let given = [
                ("plate", "ab12"),
                ("match", "exact"),
                ("-color", "white"),
                ("from", "2026-08-01"),
                ("to", "2026-08-01"),
                ("camera", "u/1"),
                ("page", "7"),
                ("make", ""),
                ("q", "is:parked"),
            ];
            let search = Search::from_parameters(given, context).unwrap();
            assert_eq!(search.query.until.unwrap().since(search.query.from.unwrap()), 86_400_000);
            let back = search.parameters();
            let borrowed = back.iter().map(|(key, value)| (key.as_str(), value.as_str()));
            let again = Search::from_parameters(borrowed, context).unwrap();
            assert_eq!(again.query, search.query);
            assert_eq!(again.parameters(), back);
            assert_eq!(search.without(0).len(), back.len() - 1);
            let error = Search::from_parameters([("-date", "tody")], context).unwrap_err();
            assert_eq!(error.parameter, "-date");
        });
    }
}
