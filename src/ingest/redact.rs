//! What must not be kept of a payload: the rest is the original document without its JPEGs and
//! without secrets. Must not know one payload kind from another.

use std::borrow::Cow;
use std::fmt::Write as _;

use super::json::{Json, Object};

/// Fields that hold, or may hold, a secret; compared in lower case, at any depth.
const SECRET_FIELDS: [&str; 12] = [
    "custom_data",
    "user_data",
    "license_key",
    "api_key",
    "apikey",
    "api-key",
    "password",
    "passwd",
    "secret",
    "token",
    "access_token",
    "authorization",
];

/// `text` without the user and password of any URL in it.
pub(super) fn urls(text: &str) -> Cow<'_, str> {
    if !text.contains("://") {
        return Cow::Borrowed(text);
    }
    let mut clean = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find("://") {
        let (scheme, after) = rest.split_at(at + 3);
        clean.push_str(scheme);
        // The password may hold a slash or a question mark when somebody forgot to encode it, so
        // everything up to the last @ before a space or the next URL goes.
        // The next URL is looked for first, so that a text full of them is walked only once.
        let next = after.find("://").unwrap_or(after.len());
        let until_next = after.get(..next).unwrap_or_default();
        let end = until_next.find(|c: char| c.is_whitespace() || c == '"').unwrap_or(next);
        let url = after.get(..end).unwrap_or_default();
        let start = url.rfind('@').map_or(0, |sign| sign + 1);
        rest = after.get(start..).unwrap_or_default();
    }
    clean.push_str(rest);
    Cow::Owned(clean)
}

/// The document as JSON without JPEGs and secrets; numbers as they were sent.
pub(super) fn document(object: &Object<'_>) -> String {
    let mut out = String::with_capacity(8 * 1024);
    write_object(&mut out, object);
    out
}

fn is_kept(name: &str) -> bool {
    let name = name.trim();
    let is_jpeg = name
        .len()
        .checked_sub("_jpeg".len())
        .and_then(|at| name.get(at..))
        .is_some_and(|end| end.eq_ignore_ascii_case("_jpeg"));
    !is_jpeg && !SECRET_FIELDS.iter().any(|secret| name.eq_ignore_ascii_case(secret))
}

fn write_object(out: &mut String, object: &Object<'_>) {
    out.push('{');
    let mut first = true;
    for (name, value) in object.0.iter().filter(|(name, _)| is_kept(name)) {
        if !first {
            out.push(',');
        }
        first = false;
        write_text(out, name);
        out.push(':');
        write_value(out, value);
    }
    out.push('}');
}

fn write_value(out: &mut String, value: &Json<'_>) {
    match value {
        Json::Null => out.push_str("null"),
        Json::Bool(true) => out.push_str("true"),
        Json::Bool(false) => out.push_str("false"),
        Json::Number(digits) if is_common(digits) => out.push_str(digits),
        Json::Number(digits) => write_text(out, digits),
        Json::Text(text) => write_text(out, text),
        Json::Object(object) => write_object(out, object),
        Json::List(list) => {
            out.push('[');
            for (at, item) in list.iter().enumerate() {
                if at > 0 {
                    out.push(',');
                }
                write_value(out, item);
            }
            out.push(']');
        }
    }
}

/// Whether other readers can hold the number; `1e999` is JSON, but many refuse it, and one such
/// number must not make the whole document unreadable.
fn is_common(digits: &str) -> bool {
    let suspicious = digits.len() > 300 || digits.bytes().any(|b| matches!(b, b'e' | b'E'));
    !suspicious || digits.parse::<f64>().is_ok_and(f64::is_finite)
}

fn write_text(out: &mut String, text: &str) {
    let text = urls(text);
    out.push('"');
    let mut rest = text.as_ref();
    while let Some(at) = rest.bytes().position(|b| b == b'"' || b == b'\\' || b < 0x20) {
        // All three are ASCII, so both cuts are at character boundaries.
        let (plain, special) = rest.split_at(at);
        out.push_str(plain);
        match special.as_bytes().first() {
            Some(b'"') => out.push_str("\\\""),
            Some(b'\\') => out.push_str("\\\\"),
            Some(b'\n') => out.push_str("\\n"),
            Some(byte) => _ = write!(out, "\\u{byte:04x}"),
            None => {}
        }
        rest = special.get(1..).unwrap_or_default();
    }
    out.push_str(rest);
    out.push('"');
}

#[cfg(test)]
mod tests {
    use super::super::json::{Json, value};
    use super::{document, urls};

    #[test]
    fn credentials_leave_urls() {
        for (text, expected) in [
            ("no url", "no url"),
            ("rtsp://root:1@192.0.2.1/x", "rtsp://192.0.2.1/x"),
            ("rtsp://root:p@ss/w?o@h:554/x", "rtsp://h:554/x"),
            ("see http://a:b@c and http://d@e/f", "see http://c and http://e/f"),
            ("http://a:b://c@d", "http://a:b://d"),
            ("http://h/path", "http://h/path"),
            ("://", "://"),
            ("://@", "://"),
            ("rtsp://ü:ö@ä", "rtsp://ä"),
        ] {
            assert_eq!(urls(text), expected, "{text}");
        }
    }

    #[test]
    fn a_text_full_of_urls_takes_no_longer_than_another() {
        // Quadratic work would take minutes here.
        for part in ["a://", "a://b:c@", "://@ ", "@"] {
            let text = part.repeat(2_000_000);
            assert!(urls(&text).len() <= text.len());
        }
    }

    fn kept(text: &str) -> String {
        let Some(Json::Object(object)) = value(text) else { panic!("{text}") };
        document(&object)
    }

    #[test]
    fn keeps_everything_but_jpegs_and_secrets() {
        for (text, expected) in [
            (r#"{"a":1.50,"b":[1e-006,null,true,{}],"c":"x"}"#, None),
            (r#"{"a":"\"\\\n\u0001é"}"#, None),
            (r#"{"a":1e999,"b":-1E+400}"#, Some(r#"{"a":"1e999","b":"-1E+400"}"#)),
            (r#"{"big":123456789012345678901234567890}"#, None),
            (
                r#"{"overview_JPEG":"x","a":{"plate_crop_jpeg":"x","b":1}}"#,
                Some(r#"{"a":{"b":1}}"#),
            ),
            (r#"{"custom_data":{"a":1},"Custom_Data":"x","user_data":"x"}"#, Some("{}")),
            (r#"{"group":[{"License_Key":"x","n":1}]}"#, Some(r#"{"group":[{"n":1}]}"#)),
            (r#"{"url":"rtsp://a:b@c"}"#, Some(r#"{"url":"rtsp://c"}"#)),
        ] {
            assert_eq!(kept(text), expected.unwrap_or(text), "{text}");
        }
    }
}
