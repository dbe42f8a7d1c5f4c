//! Tests of the JSON reader: against `serde_json`, and where it differs on purpose.

use super::{Json, documents, value};
use crate::base::limits::{JSON_DEPTH_MAX, JSON_VALUES_MAX, PAYLOADS_PER_BODY_MAX};

/// Whether both readers agree that `text` is JSON, and on its value.
fn agrees(text: &str) {
    let theirs = serde_json::from_str::<serde_json::Value>(text);
    let ours = value(text);
    assert_eq!(ours.is_some(), theirs.is_ok(), "{text}");
    if let (Some(ours), Ok(theirs)) = (ours, theirs) {
        assert_eq!(convert(&ours), theirs, "{text}");
    }
}

fn convert(json: &Json<'_>) -> serde_json::Value {
    match json {
        Json::Null => serde_json::Value::Null,
        Json::Bool(on) => (*on).into(),
        Json::Number(number) => serde_json::from_str(number).unwrap(),
        Json::Text(text) => text.as_ref().into(),
        Json::List(list) => list.iter().map(convert).collect(),
        Json::Object(object) => serde_json::Value::Object(
            object.0.iter().map(|(name, value)| (name.to_string(), convert(value))).collect(),
        ),
    }
}

#[test]
fn agrees_with_serde_json() {
    for text in [
        "null",
        "true",
        "false",
        "tru",
        "nul",
        "0",
        "-0",
        "01",
        "-",
        "-01",
        "1.",
        ".5",
        "1.5",
        "1e5",
        "1E+05",
        "1e",
        "1e+",
        "1.7821653273131233e-006",
        "8031714103340852224",
        "--1",
        "+1",
        "NaN",
        "Infinity",
        "\"\"",
        "\"a",
        "\"\\n\\/\\u00e9\"",
        "\"\\x\"",
        "\"\\u12\"",
        "\"\\u+123\"",
        "\"\\ud83d\\ude97\"",
        "\"a\tb\"",
        "\"a\nb\"",
        "[]",
        "[1,]",
        "[,1]",
        "[1 2]",
        "[1,2",
        "{}",
        "{\"a\":1}",
        "{\"a\":1,}",
        "{\"a\" : [ { } ] }",
        "{a:1}",
        "{'a':1}",
        "{\"a\"}",
        "{\"a\":}",
        "{\"a\":1 \"b\":2}",
        "{\"a\":1,\"a\":2}",
        " \r\n\t1 ",
        "1 2",
        "",
        "\u{a0}1",
        "\"ÖÄ🚗\"",
        "// x\n1",
        "[[[[1]]]]",
    ] {
        agrees(text);
    }
    // Specials at every place of the vector scan.
    for length in 0..70 {
        let plain = "x".repeat(length);
        for special in ["\\\"", "\\u0041", "\"", "\u{1f}", "é"] {
            agrees(&format!("\"{plain}{special}{plain}\""));
        }
    }
}

#[test]
fn what_serde_json_refuses_and_agents_may_send() {
    assert!(matches!(value("1e999"), Some(Json::Number("1e999"))));
    let digits = "9".repeat(400);
    assert!(matches!(value(&digits), Some(Json::Number(same)) if same == digits));
    for (text, expected) in [
        ("\"a\\ud800b\"", "a\u{fffd}b"),
        ("\"\\udc00\"", "\u{fffd}"),
        ("\"\\ud800\\u0041\"", "\u{fffd}A"),
    ] {
        assert!(matches!(value(text), Some(Json::Text(same)) if same == expected), "{text}");
    }
}

fn count(text: &str) -> Result<usize, (usize, usize, &'static str)> {
    let mut count = 0;
    documents(text, |_| {
        count += 1;
        true
    })
    .map(|()| count)
    .map_err(|error| (error.line, error.column, error.what))
}

#[test]
fn bodies_split_into_documents() {
    for (text, expected) in [
        ("{}", 1),
        ("[]", 0),
        ("[{},{}]", 2),
        ("{}\n{}\n", 2),
        ("{}\r\n\r\n{}", 2),
        ("[{}]\n{}", 2),
    ] {
        assert_eq!(count(text), Ok(expected), "{text}");
    }
}

#[test]
fn errors_name_the_place() {
    let ends = "the body ends in the middle of a document";
    for (text, line, column, what) in [
        ("", 1, 1, "the body is empty, expected a JSON object"),
        (" \n ", 2, 2, "the body is empty, expected a JSON object"),
        ("5", 1, 1, "expected a JSON object"),
        ("\"x\"", 1, 1, "expected a JSON object"),
        ("[{}, 5]", 1, 6, "expected a JSON object"),
        ("[[{}]]", 1, 2, "expected a JSON object"),
        ("{}\n{\"a\": ?}", 2, 7, "expected a JSON value"),
        ("{\"ö\": ?}", 1, 7, "expected a JSON value"),
        ("{\"a\": 1", 1, 8, ends),
        ("{\"a\": [1, 2", 1, 12, ends),
        ("{\"a\": \"1", 1, 9, "the body ends in the middle of a text"),
        ("{\"a\": 1}}", 1, 9, "expected a JSON object"),
        ("a=1&b=2", 1, 1, "expected a JSON object"),
    ] {
        assert_eq!(count(text), Err((line, column, what)), "{text}");
    }
}

#[test]
fn depth_and_amount_are_bounded() {
    let nested =
        |depth: usize| format!("{{\"a\":{}1{}}}", "[".repeat(depth - 1), "]".repeat(depth - 1));
    assert_eq!(count(&nested(JSON_DEPTH_MAX)), Ok(1));
    assert_eq!(count(&nested(JSON_DEPTH_MAX + 1)).map_err(|e| e.2), Err("nested too deeply"));
    assert_eq!(count(&"[".repeat(1_000_000)).map_err(|e| e.2), Err("expected a JSON object"));
    assert_eq!(count(&nested(500_000)).map_err(|e| e.2), Err("nested too deeply"));
    let values = |count: usize| format!("{{\"a\":[{}0]}}", "0,".repeat(count - 2));
    assert_eq!(count(&values(JSON_VALUES_MAX)), Ok(1));
    let error = count(&values(JSON_VALUES_MAX + 1)).map_err(|e| e.2);
    assert_eq!(error, Err("too many values in one document"));
    assert_eq!(count(&"{}".repeat(PAYLOADS_PER_BODY_MAX)), Ok(PAYLOADS_PER_BODY_MAX));
    let error = count(&"{}".repeat(PAYLOADS_PER_BODY_MAX + 1)).map_err(|e| e.2);
    assert_eq!(error, Err("too many documents in one body"));
}
