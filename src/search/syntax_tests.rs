//! The box: what is understood, what is refused and where, and that it writes what it reads.

use jiff::tz::TimeZone;

use super::*;
use crate::base::clock::Timestamp;
use crate::model::query::{Attribute, Piece};

fn with_context<T>(work: impl FnOnce(&Context<'_>) -> T) -> T {
    let cameras =
        [("u/1".to_owned(), "Front gate".to_owned()), ("u/2".to_owned(), "Yard".to_owned())];
    let agents = [("u".to_owned(), "North".to_owned()), ("v".to_owned(), "South".to_owned())];
    work(&Context { zone: &TimeZone::UTC, now: Timestamp(0), cameras: &cameras, agents: &agents })
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
            for (value, not) in values.iter().flat_map(|value| [(value, false), (value, true)]) {
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
                let texts: Vec<String> = [(first, values[0]), (second, others[others.len() - 1])]
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
    for piece in ["*A", "?", "~", "-a ", "a:", "\"", "hour:1 ", "conf:>1 ", "-plate:*a?", "🚗 "] {
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

#[test]
fn what_is_understood_can_be_typed_again() {
    // Bare plates grow by their filter's name when they are shown.
    with_context(|context| {
        let colour = |count: usize| format!("-color:{} ", "x".repeat(count));
        let typed = format!("{}AB12", colour(60).repeat(7));
        assert!(typed.chars().count() < QUERY_CHARS_MAX);
        let shown = Search::parse(&typed, context).unwrap().text();
        assert!(shown.len() > typed.len() && Search::parse(&shown, context).is_ok());
        let typed = format!("{}AB12", colour(64).repeat(7));
        assert!(typed.chars().count() <= QUERY_CHARS_MAX);
        assert_eq!(Search::parse(&typed, context).unwrap_err().message, "more than 512 characters");
    });
}
