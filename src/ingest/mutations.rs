//! Thousands of broken variants of every fixture: nothing panics, and whatever comes out is
//! within its bounds.

use serde_json::{Value, json};

use super::tests::{FIXTURES, START, parse_all};
use super::{Parsed, unpack};
use crate::base::limits::{
    CANDIDATES_MAX, GUESSES_MAX, JPEG_SIDE_MAX, KIND_CHARS_MAX, NOTES_MAX, PLATE_CHARS_MAX,
    SIGNATURE_CHARS_MAX, STREAMS_MAX, TEXT_CHARS_MAX, TRAITS_MAX, UUIDS_MAX,
};
use crate::model::agent::Payload;
use crate::model::capture::{Flags, Guess, NewCapture};
use crate::model::text::is_uuid;

/// Variants of each fixture and way of breaking it.
const ROUNDS: u64 = 100;

/// A small seeded generator (splitmix64): the same variants on every run.
struct Dice(u64);

impl Dice {
    fn roll(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, end: usize) -> usize {
        (self.roll() % end.max(1) as u64) as usize
    }
}

fn odd_value(dice: &mut Dice) -> Value {
    let values = [
        json!(null),
        json!(true),
        json!(false),
        json!(0),
        json!(-1),
        json!(i64::MIN),
        json!(u64::MAX),
        json!(f64::MAX),
        json!(f64::MIN_POSITIVE),
        json!(1e300),
        json!("1e999"),
        json!("NaN"),
        json!(""),
        json!("../../etc/passwd"),
        json!("<script>alert(1)</script>"),
        json!("\u{0}\u{202e}\u{feff}\u{1F697}"),
        json!("Ω".repeat(3000)),
        json!("/9j/".repeat(40)),
        json!("data:image/jpeg;base64,"),
        json!("a://b:c@".repeat(300)),
        json!("api_key".repeat(300)),
        json!([]),
        json!({}),
        json!([null, 1, "x", [], {}]),
        json!({"name": {}, "confidence": []}),
        json!({"": {"": {"": []}}}),
        json!(vec![json!({"x": 1}); 700]),
        json!(vec!["uuid"; 700]),
    ];
    values[dice.below(values.len())].clone()
}

/// Breaks one random place of `value`.
fn break_value(value: &mut Value, dice: &mut Dice) {
    match value {
        Value::Object(map) if !map.is_empty() && dice.below(8) > 0 => {
            let name = map.keys().nth(dice.below(map.len())).unwrap().clone();
            match dice.below(6) {
                0 => drop(map.remove(&name)),
                1 => {
                    let moved = map.remove(&name).unwrap();
                    let other = map.keys().nth(dice.below(map.len())).cloned();
                    map.insert(other.unwrap_or(name), moved);
                }
                _ => break_value(&mut map[&name], dice),
            }
        }
        Value::Array(list) if !list.is_empty() && dice.below(8) > 0 => {
            let at = dice.below(list.len());
            break_value(&mut list[at], dice);
        }
        Value::String(text) if dice.below(4) == 0 => {
            let keep = dice.below(text.chars().count());
            *text = text.chars().take(keep).collect();
        }
        other => *other = odd_value(dice),
    }
}

/// Breaks the text of a document where a `Value` cannot: bytes, syntax, repeated names, depth.
fn break_bytes(bytes: &mut Vec<u8>, dice: &mut Dice) {
    let at = dice.below(bytes.len());
    match dice.below(9) {
        0 => bytes.truncate(at),
        1 => bytes[at] ^= 1 << dice.below(8),
        2 => bytes[at] = dice.roll() as u8,
        3 => drop(bytes.remove(at)),
        4 => {
            let end = (at + dice.below(200)).min(bytes.len());
            let part = bytes[at..end].to_vec();
            let to = dice.below(bytes.len());
            bytes.splice(to..to, part);
        }
        5 => {
            let name = ["camera_id", "best_plate", "group", "data_type", "vehicle", "uuids"];
            let field = format!("{{\"{}\":{},", name[dice.below(6)], odd_value(dice));
            if bytes.first() == Some(&b'{') {
                bytes.splice(0..1, field.into_bytes());
            }
        }
        6 => {
            let tokens =
                ["{", "}", "[", "]", ",", ":", "\"", "\\", "\\ud800", "1e999", "null", "-"];
            bytes.splice(at..at, tokens[dice.below(tokens.len())].bytes());
        }
        7 => {
            let depth = dice.below(60);
            let nested = format!("{}0{}", "[".repeat(depth), "]".repeat(depth));
            if let Some(digit) = bytes.iter().skip(at).position(u8::is_ascii_digit) {
                bytes.splice(at + digit..=at + digit, nested.into_bytes());
            }
        }
        _ => {
            if let Some(digit) = bytes.iter().skip(at).position(u8::is_ascii_digit) {
                let digits = "9".repeat(dice.below(400));
                bytes.splice(at + digit..at + digit, digits.into_bytes());
            }
        }
    }
}

fn is_text(text: &str, most: usize) {
    assert!(text.chars().count() <= most, "{} characters", text.chars().count());
    assert!(!text.contains(char::is_control));
}

fn are_guesses(guesses: &[Guess], most: usize) {
    assert!(guesses.len() <= most);
    assert!(guesses.iter().all(|guess| (0.0..=100.0).contains(&guess.confidence)));
    assert!(guesses.windows(2).all(|pair| pair[0].confidence >= pair[1].confidence));
    for guess in guesses {
        is_text(&guess.name, TEXT_CHARS_MAX);
    }
}

fn is_sound(new: &NewCapture) {
    let (row, detail) = (&new.capture, &new.detail);
    for text in [
        &row.agent_uid,
        &row.region,
        &row.country,
        &detail.agent_version,
        &detail.agent_type,
        &detail.agent_label,
        &detail.camera_label,
        &detail.user_data,
    ] {
        // Lower case may take more characters than were sent, for a few letters.
        is_text(text, TEXT_CHARS_MAX * 2);
    }
    is_text(&row.plate_text, PLATE_CHARS_MAX);
    assert!(is_uuid(&row.uuid), "{}", row.uuid);
    assert!(row.agent_uid.is_empty() || is_uuid(&row.agent_uid), "{}", row.agent_uid);
    assert!((0.0..=100.0).contains(&row.confidence));
    assert!((0.0..=100.0).contains(&row.region_confidence));
    assert!(row.direction.is_none_or(|degrees| (0.0..360.0).contains(&degrees)));
    assert!(row.captured_at.0 > 0 && row.captured_at.0 <= START + 500_000 + 300_000);
    assert!(row.ended_at >= row.captured_at && row.ended_at.0 <= START + 800_000);
    assert_eq!(row.flags.has(Flags::NOTES), !detail.notes.is_empty());
    are_guesses(&detail.candidates, CANDIDATES_MAX);
    assert!(detail.traits.len() <= TRAITS_MAX);
    detail.traits.iter().for_each(|(_, guesses)| are_guesses(guesses, GUESSES_MAX));
    assert!(detail.uuids.len() <= UUIDS_MAX && detail.uuids.iter().all(|uuid| is_uuid(uuid)));
    assert!(detail.signature.len() <= SIGNATURE_CHARS_MAX);
    assert!(detail.notes.len() <= NOTES_MAX);
    assert!(detail.position.is_none_or(|(lat, lon)| lat.abs() <= 90.0 && lon.abs() <= 180.0));
    assert!(new.images.len() <= 3);
    for (kind, jpeg) in &new.images {
        assert!(row.images.has(*kind));
        assert!((1..=JPEG_SIDE_MAX).contains(&(jpeg.width as usize)));
        assert!((1..=JPEG_SIDE_MAX).contains(&(jpeg.height as usize)));
    }
    let raw = unpack(&detail.raw).unwrap();
    assert!(!raw.contains("_jpeg\":"), "{raw}");
    assert!(serde_json::from_str::<Value>(&raw).is_ok_and(|raw| raw.is_object()), "{raw}");
}

/// Whether the body was accepted.
fn check(body: &[u8]) -> bool {
    let Ok(parsed) = parse_all(body) else { return false };
    for Parsed { payload, .. } in &parsed {
        match payload {
            Payload::Capture(new) => is_sound(new),
            Payload::Alert { alert, group } => {
                is_text(&alert.list, TEXT_CHARS_MAX);
                is_text(&alert.description, TEXT_CHARS_MAX);
                is_text(&alert.plate, TEXT_CHARS_MAX);
                group.iter().for_each(is_sound);
            }
            Payload::Heartbeat(heartbeat) => {
                assert!(heartbeat.streams.len() <= STREAMS_MAX);
                assert!(heartbeat.streams.iter().all(|stream| stream.fps.is_finite()));
            }
            Payload::Unknown(name) => is_text(name, KIND_CHARS_MAX),
            Payload::Results | Payload::Test => {}
        }
    }
    true
}

#[test]
fn broken_values_are_never_refused() {
    let mut dice = Dice(1);
    for (name, text) in FIXTURES {
        let whole: Value = serde_json::from_str(text).unwrap();
        for round in 0..ROUNDS {
            let mut broken = whole.clone();
            for _ in 0..=dice.below(5) {
                break_value(&mut broken, &mut dice);
            }
            let accepted = check(broken.to_string().as_bytes());
            let objects = match &broken {
                Value::Array(list) => list.iter().all(Value::is_object),
                other => other.is_object(),
            };
            assert_eq!(accepted, objects, "{name}, round {round}");
        }
    }
}

#[test]
fn broken_bytes_never_panic() {
    let mut dice = Dice(2);
    let (mut accepted, mut refused) = (0, 0);
    for (_, text) in FIXTURES {
        for _ in 0..ROUNDS {
            let mut broken = text.as_bytes().to_vec();
            for _ in 0..=dice.below(4) {
                if !broken.is_empty() {
                    break_bytes(&mut broken, &mut dice);
                }
            }
            if check(&broken) { accepted += 1 } else { refused += 1 }
        }
    }
    // Both ways out were taken often, so the variants are neither harmless nor hopeless.
    assert!(accepted > 200 && refused > 200, "{accepted} {refused}");
}
