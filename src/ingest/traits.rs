//! Lists of guesses: candidates of a plate and traits of a vehicle. Must not know times, images
//! or identities.

use crate::base::limits::{CANDIDATES_MAX, GUESSES_MAX, PLATE_CHARS_MAX, TRAITS_MAX};
use crate::model::capture::{Guess, Vehicle};

use super::fields::{Notes, number, short};
use super::json::{Json, Object};

/// The candidates in `object`, best first.
pub(super) fn candidates(object: &Object<'_>, notes: &mut Notes) -> Vec<Guess> {
    let list = object.list("candidates", notes);
    let mut guesses = guesses(list, "plate", "candidates", notes);
    guesses.truncate(CANDIDATES_MAX);
    for guess in &mut guesses {
        guess.name = guess.name.chars().take(PLATE_CHARS_MAX).collect();
    }
    guesses
}

/// All traits of the vehicle in `object`, the guesses of each best first.
pub(super) fn traits(object: &Object<'_>, notes: &mut Notes) -> Vec<(String, Vec<Guess>)> {
    let Some(vehicle) = object.part("vehicle", notes) else { return Vec::new() };
    let mut traits = Vec::new();
    for (name, json) in vehicle.0.iter().take(TRAITS_MAX) {
        let mut found = match json {
            Json::List(list) => guesses(list, "name", "vehicle", notes),
            Json::Object(_) | Json::Text(_) => {
                guesses(std::slice::from_ref(json), "name", "vehicle", notes)
            }
            Json::Null => continue,
            _ => {
                notes.add("vehicle has a trait that is not an array");
                continue;
            }
        };
        found.truncate(GUESSES_MAX);
        let name = short(&Json::Text(name.as_ref().into())).unwrap_or_default();
        // A name sent twice counts once, with its last guesses, as everywhere else.
        traits.retain(|(other, _)| *other != name);
        if !found.is_empty() {
            traits.push((name, found));
        }
    }
    traits
}

/// The best guess of each trait that lists and filters use.
pub(super) fn best(traits: &[(String, Vec<Guess>)]) -> Vehicle {
    let best = |name: &str| {
        traits.iter().find(|(other, _)| other == name).and_then(|(_, list)| list.first()).cloned()
    };
    Vehicle {
        color: best("color"),
        make: best("make"),
        make_model: best("make_model"),
        body: best("body_type"),
        year: best("year"),
    }
}

/// The guesses of `list`, best first; each an object with its text in `name`, or only the text.
fn guesses(list: &[Json<'_>], name: &str, of: &str, notes: &mut Notes) -> Vec<Guess> {
    let mut guesses: Vec<Guess> = list.iter().filter_map(|json| guess(json, name)).collect();
    if guesses.len() < list.len() {
        notes.add(format!("{of} has entries that are not guesses"));
    }
    guesses.sort_by(|a, b| b.confidence.total_cmp(&a.confidence));
    guesses
}

fn guess(json: &Json<'_>, name: &str) -> Option<Guess> {
    let (text, confidence) = match json {
        Json::Object(object) => (object.get(name)?, object.get("confidence").and_then(number)),
        other => (other, None),
    };
    let name = short(text).filter(|text| !text.is_empty())?;
    let confidence = confidence.unwrap_or_default().clamp(0.0, 100.0) as f32;
    Some(Guess { name, confidence })
}

#[cfg(test)]
mod tests {
    use super::super::fields::Notes;
    use super::super::json::{Json, value};
    use super::{best, candidates, traits};
    use crate::base::limits::{CANDIDATES_MAX, GUESSES_MAX, TRAITS_MAX};

    fn vehicle(json: &str) -> (Vec<String>, Vec<String>) {
        let text = format!(r#"{{"vehicle":{json}}}"#);
        let Some(Json::Object(object)) = value(&text) else { panic!("{text}") };
        let mut notes = Notes::default();
        let traits = traits(&object, &mut notes);
        let shown = traits
            .iter()
            .map(|(name, guesses)| {
                let guesses: Vec<_> =
                    guesses.iter().map(|g| format!("{} {}", g.name, g.confidence)).collect();
                format!("{name}: {}", guesses.join(", "))
            })
            .collect();
        (shown, notes.into_vec())
    }

    #[test]
    fn vehicles_in_every_form() {
        let odd = "vehicle has entries that are not guesses";
        let cases: &[(&str, &[&str], &[&str])] = &[
            ("null", &[], &[]),
            ("{}", &[], &[]),
            (r#"{"color":[],"make":null}"#, &[], &[]),
            ("[]", &[], &["vehicle is not an object"]),
            ("7", &[], &["vehicle is not an object"]),
            (
                r#"{"color":[{"name":"red","confidence":1},{"name":"white","confidence":"99.5"}]}"#,
                &["color: white 99.5, red 1"],
                &[],
            ),
            (
                r#"{"new_trait":[{"name":"x","confidence":1e-006,"extra":[]}]}"#,
                &["new_trait: x 0.000001"],
                &[],
            ),
            (r#"{"year":[{"name":2015,"confidence":1e999}]}"#, &["year: 2015 0"], &[]),
            (r#"{"make":"volvo"}"#, &["make: volvo 0"], &[]),
            (r#"{"make":{"name":"volvo","confidence":200}}"#, &["make: volvo 100"], &[]),
            (r#"{"make":[null,{"name":"saab"},{"n":1},[]]}"#, &["make: saab 0"], &[odd]),
            (r#"{"make":true}"#, &[], &["vehicle has a trait that is not an array"]),
            (r#"{"make":"a","make":"b"}"#, &["make: b 0"], &[]),
        ];
        for (json, expected, notes) in cases {
            let (found, found_notes) = vehicle(json);
            assert_eq!(
                (found, found_notes.iter().map(String::as_str).collect::<Vec<_>>()),
                (expected.iter().map(ToString::to_string).collect(), notes.to_vec()),
                "{json}"
            );
        }
    }

    #[test]
    fn best_takes_the_highest_confidence() {
        let text = r#"{"vehicle":{"body_type":[{"name":"van","confidence":12.5},{"name":"suv","confidence":80}],
            "make_model":[{"name":"bmw_x3","confidence":3.6}]}}"#;
        let Some(Json::Object(object)) = value(text) else { panic!() };
        let vehicle = best(&traits(&object, &mut Notes::default()));
        assert_eq!(vehicle.body.unwrap().name, "suv");
        assert_eq!(vehicle.make_model.unwrap().name, "bmw_x3");
        assert_eq!(vehicle.color, None);
    }

    #[test]
    fn amounts_are_bounded() {
        let guesses = vec![r#"{"name":"x","plate":"A","confidence":1}"#; 200].join(",");
        let fields: Vec<_> =
            (0..500).map(|at| format!(r#""t{at}":[{guesses}]"#)).take(60).collect();
        let text = format!(r#"{{"vehicle":{{{}}},"candidates":[{guesses}]}}"#, fields.join(","));
        let Some(Json::Object(object)) = value(&text) else { panic!() };
        let mut notes = Notes::default();
        let found = traits(&object, &mut notes);
        assert_eq!((found.len(), found[0].1.len()), (TRAITS_MAX, GUESSES_MAX));
        assert_eq!(candidates(&object, &mut notes).len(), CANDIDATES_MAX);
        assert!(notes.is_empty());
    }
}
