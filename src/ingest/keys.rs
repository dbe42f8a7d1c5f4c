//! Finds the webhook key that a sender put into the body, in every form people type it.
//! Must not judge the key: whoever asks compares it.

use crate::base::limits::{BARE_KEY_CHARS_MIN, KEY_CHARS_MAX};
use crate::base::secret::Secret;

use super::fields::head;
use super::json::{Json, Object, value};

/// Names of a key in an object, first wins.
const NAMES: [&str; 5] = ["api_key", "apikey", "api-key", "token", "key"];

/// Where a key was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyPlace {
    /// `custom_data`, which the web server adds.
    CustomData,
    /// `user_data`, from the agent's configuration file.
    UserData,
}

/// The first key of a document: in `custom_data`, then in `user_data`; of the document, then of
/// the group inside it.
pub(super) fn find(document: &Object<'_>) -> Option<(Secret, KeyPlace)> {
    let parts = [Some(document), document.object("group")];
    let places = [("custom_data", KeyPlace::CustomData), ("user_data", KeyPlace::UserData)];
    places.into_iter().find_map(|(name, place)| {
        let found = parts.into_iter().flatten().find_map(|part| {
            let json = part.get(name)?;
            match place {
                KeyPlace::CustomData => named(json).or_else(|| bare(json)),
                // Any text may stand in `user_data`; only what could be a key is tried.
                KeyPlace::UserData => {
                    named(json).or_else(|| bare(json).filter(|text| is_key_shaped(text)))
                }
            }
        });
        found.map(|key| (Secret::new(key), place))
    })
}

/// Whether a bare text in `user_data` may be a key, and must not be shown before somebody knows
/// better: long enough, one word, ASCII.
pub(super) fn is_key_shaped(text: &str) -> bool {
    text.len() >= BARE_KEY_CHARS_MIN && text.bytes().all(|byte| byte.is_ascii_graphic())
}

/// Whether `json` names a key: such a `user_data` is never kept.
pub(super) fn is_named(json: &Json<'_>) -> bool {
    named(json).is_some()
}

/// A key with its name: an object, JSON in a text, or `API_KEY: x`.
fn named(json: &Json<'_>) -> Option<String> {
    match json {
        Json::Object(object) => in_object(object),
        Json::Text(text) => {
            if let Some(Json::Object(object)) = inner(text) {
                return in_object(&object);
            }
            in_text(text)
        }
        _ => None,
    }
}

/// A text that is the key itself, also as a JSON text in a text.
fn bare(json: &Json<'_>) -> Option<String> {
    match json {
        Json::Text(text) => match inner(text) {
            Some(Json::Text(text)) => usable(&text),
            // An object without a key, or a list of anything, is not a key.
            Some(Json::Object(_) | Json::List(_)) => None,
            _ => usable(text),
        },
        Json::Number(digits) => usable(digits),
        _ => None,
    }
}

fn inner(text: &str) -> Option<Json<'_>> {
    // Nothing longer can hold a key of allowed length and little else.
    if text.len() > KEY_CHARS_MAX * 16 {
        return None;
    }
    value(text.trim())
}

fn in_object(object: &Object<'_>) -> Option<String> {
    NAMES.into_iter().find_map(|wanted| {
        let (_, json) =
            object.0.iter().rev().find(|(name, _)| name.trim().eq_ignore_ascii_case(wanted))?;
        match json {
            Json::Text(text) => usable(text),
            Json::Number(digits) => usable(digits),
            _ => None,
        }
    })
}

/// The word after `API_KEY:` or `API_KEY=`, wherever it stands.
fn in_text(text: &str) -> Option<String> {
    let text = head(text, KEY_CHARS_MAX * 16);
    // ASCII case folding keeps every byte at its place.
    let folded = text.to_ascii_lowercase();
    ["api_key", "api-key", "apikey", "api key"].into_iter().find_map(|name| {
        folded.match_indices(name).find_map(|(at, _)| {
            let rest = text.get(at + name.len()..)?;
            let rest = rest.trim_start_matches(['"', '\'']).trim_start();
            let rest = rest.strip_prefix([':', '='])?;
            let word = rest.split_whitespace().next()?;
            usable(word.trim_matches(['"', '\'', ',', ';', '}']))
        })
    })
}

fn usable(key: &str) -> Option<String> {
    let key = key.trim();
    let fits = !key.is_empty() && key.len() <= KEY_CHARS_MAX && !key.contains(char::is_control);
    fits.then(|| key.to_owned())
}

#[cfg(test)]
mod tests {
    use super::super::json::{Json, value};
    use super::{KeyPlace, find};
    use KeyPlace::{CustomData, UserData};

    fn check(document: &str, expected: Option<(&str, KeyPlace)>) {
        let Some(Json::Object(object)) = value(document) else { panic!("{document}") };
        let found = find(&object);
        let found = found.as_ref().map(|(key, place)| (key.expose(), *place));
        assert_eq!(found, expected, "{document}");
    }

    #[test]
    fn custom_data_in_every_form() {
        for custom in [
            r#"{"API_KEY":"k1"}"#,
            r#"{"api_key":"k1"}"#,
            r#"{"Token":"k1"}"#,
            r#"{"KEY":" k1 "}"#,
            r#"{"key":"other","token":"other","api_key":"k1"}"#,
            r#""{\"API_KEY\": \"k1\"}""#,
            r#""\"k1\"""#,
            r#""API_KEY: k1""#,
            r#""api-key=k1""#,
            r#""some text, API_KEY : k1, more""#,
            r#""{API_KEY: k1}""#,
            r#""{'API_KEY': 'k1'}""#,
            r#"" k1\n""#,
        ] {
            check(&format!(r#"{{"custom_data":{custom}}}"#), Some(("k1", CustomData)));
        }
        check(r#"{"custom_data":12345}"#, Some(("12345", CustomData)));
    }

    #[test]
    fn no_key_is_no_key() {
        let long = format!(r#"{{"custom_data":"{}"}}"#, "k".repeat(5000));
        for document in [
            "{}",
            r#"{"custom_data":null}"#,
            r#"{"custom_data":""}"#,
            r#"{"custom_data":{}}"#,
            r#"{"custom_data":{"api_key":null}}"#,
            r#"{"custom_data":{"api_key":[1]}}"#,
            r#"{"custom_data":[]}"#,
            r#"{"custom_data":true}"#,
            r#"{"custom_data":"{\"a\":1}"}"#,
            r#"{"user_data":"hello world"}"#,
            r#"{"user_data":"gate3"}"#,
            long.as_str(),
        ] {
            check(document, None);
        }
    }

    #[test]
    fn user_data_comes_second() {
        let word = "0123456789abcdef";
        check(r#"{"user_data":{"api_key":"k1"}}"#, Some(("k1", UserData)));
        check(r#"{"user_data":"API_KEY: k1"}"#, Some(("k1", UserData)));
        check(&format!(r#"{{"user_data":"{word}"}}"#), Some((word, UserData)));
        check(r#"{"user_data":"API_KEY: k1","custom_data":"k2"}"#, Some(("k2", CustomData)));
        check(
            r#"{"group":{"custom_data":"k3"},"user_data":"API_KEY: k1"}"#,
            Some(("k3", CustomData)),
        );
        check(r#"{"group":{"user_data":"API_KEY: k1"}}"#, Some(("k1", UserData)));
    }
}
