//! The whole way from bytes to values: every fixture, every oddity of the field tables.

use std::net::{IpAddr, Ipv4Addr};

use serde_json::{Value, json};

use super::images::tests::picture;
use super::{BodyError, Context, KeyPlace, PAYLOADS, Parsed, Refused, parse_body, unpack};
use crate::base::clock::Timestamp;
use crate::base::limits::PAYLOADS_PER_BODY_MAX;
use crate::base::secret::Secret;
use crate::model::agent::{Heartbeat, ListKind, Payload};
use crate::model::capture::{CaptureKind, Flags, ImageKind, NewCapture};

/// 2026-08-01T08:00:00Z, when the fixtures begin.
pub(super) const START: i64 = 1_785_571_200_000;

macro_rules! fixtures {
    ($($name:ident)*) => {
        /// Every fixture by name.
        pub(super) const FIXTURES: &[(&str, &str)] = &[$((
            stringify!($name),
            include_str!(concat!("../../tests/fixtures/payloads/", stringify!($name), ".json")),
        )),*];
    };
}

fixtures! {
    alert_blacklist alert_whitelist group_final group_preview group_v1 group_v2_cloud
    group_v2_plain group_v3_full group_v3_lan heartbeat null_wrapper results_legacy results_v2
    test vehicle_v3
}

pub(super) fn context() -> Context {
    Context {
        received_at: Timestamp(START + 500_000),
        peer: IpAddr::V4(Ipv4Addr::new(192, 0, 2, 9)),
    }
}

/// Every document of `body`, whatever key it has.
pub(super) fn parse_all(body: &[u8]) -> Result<Vec<Parsed>, BodyError> {
    match parse_body(body, &context(), |_| Ok::<(), ()>(())) {
        Ok(parsed) => Ok(parsed),
        Err(Refused::Malformed(error)) => Err(error),
        Err(Refused::Document(())) => panic!("nobody refused it"),
    }
}

pub(super) fn fixture(name: &str) -> &'static str {
    FIXTURES.iter().find(|(other, _)| *other == name).unwrap().1
}

pub(super) fn one(body: &[u8]) -> Parsed {
    let mut parsed = parse_all(body).unwrap();
    assert_eq!(parsed.len(), 1);
    parsed.pop().unwrap()
}

pub(super) fn capture_of(parsed: Parsed) -> NewCapture {
    match parsed.payload {
        Payload::Capture(new) | Payload::Alert { group: Some(new), .. } => new,
        other => panic!("no capture: {other:?}"),
    }
}

fn capture(name: &str) -> NewCapture {
    capture_of(one(fixture(name).as_bytes()))
}

/// The v3 group with `patch` merged in; `null` stays `null`, `"-"` removes the field.
#[expect(clippy::needless_pass_by_value, reason = "callers write `patched(json!(…))`")]
pub(super) fn patched(patch: Value) -> NewCapture {
    let mut document: Value = serde_json::from_str(fixture("group_v3_full")).unwrap();
    merge(&mut document, &patch);
    capture_of(one(document.to_string().as_bytes()))
}

pub(super) fn merge(into: &mut Value, patch: &Value) {
    for (name, value) in patch.as_object().unwrap().clone() {
        if value == "-" {
            into.as_object_mut().unwrap().remove(&name);
        } else if value.is_object()
            && into[&name].is_object()
            && !value.as_object().unwrap().is_empty()
        {
            merge(&mut into[&name], &value);
        } else {
            into[&name] = value;
        }
    }
}

pub(super) fn sizes(new: &NewCapture) -> Vec<(ImageKind, u32, u32)> {
    new.images.iter().map(|(kind, jpeg)| (*kind, jpeg.width, jpeg.height)).collect()
}

#[test]
fn kinds_are_recognised() {
    for (body, kind) in [
        (fixture("group_v1"), "alpr_group"),
        (fixture("group_v2_plain"), "alpr_group"),
        (fixture("group_v3_full"), "alpr_group"),
        (fixture("null_wrapper"), "alpr_group"),
        (fixture("vehicle_v3"), "vehicle"),
        (fixture("alert_blacklist"), "alpr_alert"),
        (fixture("results_v2"), "alpr_results"),
        (fixture("results_legacy"), "alpr_results"),
        (fixture("heartbeat"), "heartbeat"),
        (fixture("test"), "test"),
        (r#"{"data_type":" ALPR_Group "}"#, "alpr_group"),
        (r#"{"group":{}}"#, "alpr_group"),
        (r#"{"data_type":null,"group":{"data_type":"vehicle"}}"#, "vehicle"),
        (r#"{"data_type":null,"group":[]}"#, "unknown"),
        (r#"{"data_type":"new","group":{}}"#, "unknown"),
        ("{}", "unknown"),
    ] {
        assert_eq!(one(body.as_bytes()).payload.kind(), kind, "{body}");
    }
}

#[test]
fn unknown_kinds_have_clean_short_names() {
    for (data_type, name) in [
        (json!("person"), "person".to_owned()),
        (json!("a\u{0}\nb<script>"), "ab<script>".to_owned()),
        (json!("x".repeat(5000)), "x".repeat(40)),
        (json!(7), "7".to_owned()),
        (json!({"a":1}), "none".to_owned()),
        (json!(""), "none".to_owned()),
        (Value::Null, "none".to_owned()),
    ] {
        let body = json!({ "data_type": data_type }).to_string();
        assert_eq!(one(body.as_bytes()).payload, Payload::Unknown(name), "{body}");
    }
}

#[test]
fn v1_group() {
    let new = capture("group_v1");
    let row = &new.capture;
    assert_eq!((row.agent_uid.as_str(), row.camera_id), ("north-gate", 3));
    assert_eq!(row.uuid, "north-gate-cam3-1785571200100");
    assert_eq!((row.plate_text.as_str(), row.confidence), ("AB12CDE", 87.25));
    assert_eq!((row.captured_at.0, row.ended_at.0), (START, START + 900));
    assert_eq!((row.region.as_str(), row.direction, row.frame), ("", None, (0, 0)));
    assert_eq!(new.detail.plate_corners, [(10, 20), (60, 20), (60, 40), (10, 40)]);
    assert_eq!(new.detail.uuids.len(), 3);
    assert!(new.images.is_empty());
    assert_eq!(new.detail.notes, Vec::<String>::new());
    assert!(!row.flags.has(Flags::NOTES));
}

#[test]
fn v2_groups() {
    let new = capture("group_v2_plain");
    assert_eq!((new.capture.camera_id, new.capture.region.as_str()), (1_630_410_444, "ma"));
    let names: Vec<_> = new.detail.candidates.iter().map(|guess| guess.name.as_str()).collect();
    assert_eq!(names, ["8KXR417", "8KXR4I7", "8KXR41"]);
    assert!((1.7e-6..1.8e-6).contains(&new.detail.candidates[2].confidence));
    assert_eq!(new.capture.vehicle.body.as_ref().unwrap().name, "sedan-wagon");
    assert_eq!((new.detail.position, new.capture.vehicle.year.as_ref()), (None, None));
    let raw = unpack(&new.detail.raw).unwrap();
    assert!(raw.contains("1.7821653273131233e-006"), "numbers stay as sent: {raw}");

    let new = capture("group_v2_cloud");
    assert_eq!(new.detail.camera_label, "Gate <North>");
    assert_eq!(new.detail.agent_label, "Depot & Yard");
    assert_eq!(new.detail.travel_id, Some(1));
    assert_eq!(new.detail.position, Some((59.3293, 18.0686)));
    assert_eq!(sizes(&new), [(ImageKind::Vehicle, 224, 132), (ImageKind::Plate, 150, 75)]);
    assert_eq!(new.detail.vehicle_box, Some((222, 74, 522, 386)));
    assert!(new.detail.notes.is_empty(), "{:?}", new.detail.notes);
}

#[test]
fn v3_groups() {
    let new = capture("group_v3_full");
    let row = &new.capture;
    assert_eq!(row.kind, CaptureKind::Plate);
    assert_eq!(row.plate.as_ref().unwrap().as_str(), "3LMP505");
    assert_eq!((row.frame, row.reads), ((1280, 720), 1));
    assert_eq!((row.direction, row.country.as_str()), (Some(296.557_92), "us"));
    assert_eq!(row.flags, Flags::default());
    assert_eq!(row.vehicle.make_model.as_ref().unwrap().name, "volvo_v70");
    assert!(
        [ImageKind::Plate, ImageKind::Vehicle, ImageKind::Overview]
            .into_iter()
            .all(|kind| row.images.has(kind))
    );
    assert_eq!(sizes(&new)[1], (ImageKind::Overview, 560, 315));
    assert_eq!(new.detail.traits.len(), 8);
    assert_eq!((new.detail.uuids.len(), new.detail.signature.len()), (18, 1027));
    assert_eq!(new.detail.travel_id, None);
    assert!(new.detail.notes.is_empty(), "{:?}", new.detail.notes);

    let new = capture("group_v3_lan");
    assert_eq!((new.detail.user_data.as_str(), new.detail.position), ("hello world", None));
    assert_eq!(new.detail.camera_label, "");
    let raw = unpack(&new.detail.raw).unwrap();
    assert!(raw.contains(r#""future_field":{"kept":[1,2.5,true,null]}"#), "{raw}");
    assert!(!raw.contains("_jpeg"), "{raw}");
}

#[test]
fn vehicles_have_no_plate() {
    let new = capture("vehicle_v3");
    assert_eq!((new.capture.kind, &new.capture.plate), (CaptureKind::Vehicle, &None));
    assert_eq!(new.capture.uuid, "SYNTHAGENTSYNTHAGENTSYNTHAGENTSYNTHAGENT-1000-1785571501000");
    assert_eq!(sizes(&new).len(), 2);
    let missing = new.detail.traits.iter().find(|(name, _)| name == "missing_plate").unwrap();
    assert_eq!(missing.1[0].name, "yes");
    assert!(new.detail.notes.is_empty(), "{:?}", new.detail.notes);
}

#[test]
fn alerts_name_their_group() {
    let group = capture("group_v3_full").capture;
    for (name, kind, id, list) in [
        ("alert_blacklist", ListKind::OnList, None, "Stolen"),
        ("alert_whitelist", ListKind::NotOnList, Some(77), "Residents"),
    ] {
        let Payload::Alert { alert, group: Some(new) } = one(fixture(name).as_bytes()).payload
        else {
            panic!("{name}");
        };
        assert_eq!((alert.list_kind, alert.list_id, alert.list.as_str()), (kind, id, list));
        assert_eq!((alert.site.as_str(), alert.raised_at.0), ("Depot", START + 184_000));
        // Same vehicle, although the alert's group names neither agent nor camera.
        let row = &new.capture;
        assert_eq!((&row.uuid, &row.agent_uid), (&group.uuid, &group.agent_uid));
        assert_eq!((row.camera_id, row.captured_at), (group.camera_id, group.captured_at));
        assert_eq!(new.detail.camera_label, "North Gate");
        assert!(row.flags.has(Flags::ALERT));
        assert!(new.detail.notes.is_empty(), "{:?}", new.detail.notes);
    }
    let bare = one(br#"{"data_type":"alpr_alert","group":7,"epoch_time":"x"}"#).payload;
    assert!(
        matches!(bare, Payload::Alert { group: None, alert } if alert.raised_at.0 == START + 500_000)
    );
}

#[test]
fn heartbeats_give_names_and_no_secrets() {
    let Payload::Heartbeat(Heartbeat { agent_uid, hostname, version, kind, sent_at, streams }) =
        one(fixture("heartbeat").as_bytes()).payload
    else {
        panic!();
    };
    assert_eq!(agent_uid.len(), 40);
    assert_eq!((hostname.as_str(), version.as_str(), kind.as_str()), ("edge-1", "3.1.0", "alprd"));
    assert_eq!(sent_at.0, START + 5);
    assert_eq!((streams[0].camera_id, streams[0].name.as_str()), (1000, "North Gate"));
    assert_eq!((streams[0].fps, streams[0].streaming), (14.75, true));
    assert_eq!(streams[0].position, Some((39.6505, -78.7661)));
    assert_eq!((streams[1].camera_id, streams[1].name.as_str()), (1001, "rtsp://192.0.2.8/"));
    assert_eq!((streams[1].streaming, streams[1].position), (false, None));
}

#[test]
fn no_secret_of_any_fixture_is_returned() {
    let words = |text: &str| text.matches("canary").count();
    let mut canaries = 0;
    for (name, body) in FIXTURES {
        canaries += words(body);
        let parsed = one(body.as_bytes());
        let shown = format!("{parsed:?}");
        assert_eq!(words(&shown), 0, "{name}: {shown}");
        if let Payload::Capture(new) | Payload::Alert { group: Some(new), .. } = &parsed.payload {
            let raw = unpack(&new.detail.raw).unwrap();
            assert_eq!(words(&raw), 0, "{name}: {raw}");
            serde_json::from_str::<Value>(&raw).unwrap();
        }
    }
    assert_eq!(canaries, 9);
}

#[test]
fn keys_are_found_where_they_are() {
    for (name, key) in [
        ("group_v2_cloud", Some("canary-custom-object-0001")),
        ("group_v3_full", Some("canary-custom-string-0002")),
        ("vehicle_v3", Some("canary-custom-text-0003")),
        ("alert_blacklist", Some("canary-custom-bare-0004")),
        ("null_wrapper", Some("canary-custom-token-0008")),
        ("group_v3_lan", None),
        ("heartbeat", None),
    ] {
        let parsed = one(fixture(name).as_bytes());
        assert_eq!(parsed.key.as_ref().map(Secret::expose), key, "{name}");
        assert_eq!(parsed.key_place, key.map(|_| KeyPlace::CustomData), "{name}");
    }
}

#[test]
fn nothing_is_read_of_a_document_that_is_not_admitted() {
    let body = format!("{}{}", fixture("test"), fixture("group_v2_cloud"));
    let mut offers = Vec::new();
    let refused = parse_body(body.as_bytes(), &context(), |offer| {
        offers.push((offer.key.map(|key| key.expose().to_owned()), offer.is_test));
        if offer.is_test { Ok(()) } else { Err("no") }
    });
    assert!(matches!(refused, Err(Refused::Document("no"))));
    let key = one(fixture("group_v2_cloud").as_bytes()).key.unwrap().expose().to_owned();
    assert_eq!(offers, [(None, true), (Some(key), false)]);
}

#[test]
fn user_data_that_may_be_a_key_is_withheld() {
    let read = |user_data: Value| {
        let body = json!({"data_type":"alpr_group","user_data":user_data}).to_string();
        one(body.as_bytes())
    };
    let mut parsed = read(json!("canary-0123456789"));
    assert_eq!(parsed.key.as_ref().unwrap().expose(), "canary-0123456789");
    assert_eq!(parsed.key_place, Some(KeyPlace::UserData));
    assert!(!format!("{parsed:?}").contains("canary"));
    parsed.keep_user_data();
    assert_eq!(capture_of(parsed).detail.user_data, "canary-0123456789");

    for named in [json!("API_KEY: canary-1"), json!({"api_key": "canary-1"})] {
        let mut parsed = read(named);
        parsed.keep_user_data();
        assert!(!format!("{parsed:?}").contains("canary"));
        assert_eq!(parsed.key.as_ref().unwrap().expose(), "canary-1");
    }
    assert_eq!(capture_of(read(json!(5))).detail.user_data, "5");
}

#[test]
fn preview_and_final_can_be_told_and_joined() {
    let (preview, last) = (capture("group_preview"), capture("group_final"));
    assert!(preview.capture.flags.has(Flags::PREVIEW) && !last.capture.flags.has(Flags::PREVIEW));
    assert!(last.detail.uuids.contains(&preview.capture.uuid));
    assert_ne!(preview.capture.uuid, last.capture.uuid);
}

#[test]
fn bodies_of_every_shape() {
    let group = fixture("group_v3_full");
    let compact = serde_json::from_str::<Value>(group).unwrap().to_string();
    for (body, count) in [
        (format!("\u{feff}{group}"), 1),
        (format!("[{group},{}]", fixture("test")), 2),
        (format!("{compact}\n{compact}\r\n"), 2),
        ("[]".to_owned(), 0),
        (format!("[{}{{}}]", "{},".repeat(PAYLOADS_PER_BODY_MAX - 1)), PAYLOADS_PER_BODY_MAX),
    ] {
        assert_eq!(parse_all(body.as_bytes()).unwrap().len(), count);
    }
    for (body, error) in [
        (&b""[..], "line 1, column 1: the body is empty, expected a JSON object"),
        (b"plate=AB1", "line 1, column 1: expected a JSON object"),
        (b"{\n \"a\": 1,\n}", "line 3, column 1: expected a field name in double quotes"),
        (b"[1]", "line 1, column 2: expected a JSON object"),
        (b"\xFF\xFE{\0}\0", "line 1, column 1: expected a JSON object"),
    ] {
        assert_eq!(parse_all(body).unwrap_err().to_string(), error);
    }
}

#[test]
fn bytes_that_are_not_utf8_cost_a_note_only() {
    let mut body = fixture("group_v2_cloud").as_bytes().to_vec();
    let at = body.windows(5).position(|window| window == b"North").unwrap();
    body[at] = 0xFC;
    let new = capture_of(one(&body));
    assert_eq!(new.detail.camera_label, "Gate <\u{fffd}orth>");
    assert_eq!(new.detail.notes, ["the body was not UTF-8; bad bytes were replaced"]);
}

#[test]
fn real_pictures_survive_byte_for_byte() {
    use base64::Engine as _;
    let sent = picture(224, 165);
    let code = base64::engine::general_purpose::STANDARD.encode(&sent);
    let new = patched(json!({"vehicle_crop_jpeg": format!("data:image/jpeg;base64,{code}")}));
    assert_eq!(new.images[0].0, ImageKind::Vehicle);
    assert_eq!(new.images[0].1.bytes, sent);
}

#[test]
fn a_body_of_the_largest_size_is_read() {
    let mut document: Value = serde_json::from_str(fixture("group_v3_full")).unwrap();
    document["unknown"] = json!("x".repeat(16 * 1024 * 1024));
    let new = capture_of(one(document.to_string().as_bytes()));
    assert!(new.detail.raw.is_empty());
    assert_eq!(new.detail.notes, ["the payload is too large to be kept as it was sent"]);
}

#[test]
fn every_payload_kind_is_documented() {
    let page = include_str!("../../docs/formats.md");
    for kind in PAYLOADS {
        let line = format!("| `{}` | {} |", kind.name(), kind.about());
        assert!(page.contains(&line), "docs/formats.md lacks: {line}");
    }
}
