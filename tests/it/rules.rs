//! What the box promises about reads that belong together, are late, odd or of no known kind.

use serde_json::{Value, json};

use crate::harness::Harness;
use crate::harness::payload::{self, NOON, alert, group, group_with};

const MINUTE_MS: i64 = 60_000;

/// The only capture, which must be the only one.
#[track_caller]
fn only(harness: &Harness) -> Value {
    let mut captures = harness.captures();
    assert_eq!(captures.len(), 1, "{captures:?}");
    captures.remove(0)
}

#[track_caller]
fn has(list: &Value, name: &str) -> bool {
    list.as_array().expect("a list").iter().any(|item| item == name)
}

#[track_caller]
fn post(harness: &Harness, read: &Value) -> Value {
    harness.post_read(read).expect(200).json()
}

/// A preview and the final group that contains its frame.
fn preview_and_final() -> (Value, Value) {
    let preview = group_with(1, &[("is_preview", json!(true))]);
    let uuids = json!([payload::uuid(1), payload::uuid(2)]);
    let last = group_with(2, &[("uuids", uuids), ("best_plate_number", json!("FINAL1"))]);
    (preview, last)
}

#[test]
fn the_address_of_a_preview_leads_to_its_final_read() {
    let harness = Harness::start();
    let (preview, last) = preview_and_final();
    let old = post(&harness, &preview);
    assert_eq!(old["status"], "stored");
    assert!(has(&only(&harness)["flags"], "preview"));
    let old = old["id"].as_str().unwrap();
    harness.owner().get(&format!("/captures/{old}")).expect(200);

    let answer = post(&harness, &last);
    assert_eq!(answer["status"], "replaced", "{answer}");
    let new = answer["id"].as_str().unwrap().to_owned();
    let capture = only(&harness);
    assert_eq!(capture["id"], new.as_str());
    assert!(!has(&capture["flags"], "preview"), "{capture}");
    let moved = harness.owner().get(&format!("/captures/{old}")).expect(303);
    assert_eq!(moved.header("location"), format!("/captures/{new}"));
    harness.owner_api().get(&format!("/api/v1/captures/{old}/images/plate")).expect(404);
    // Sent again, either is known.
    for read in [&preview, &last] {
        let again = post(&harness, read);
        assert_eq!((&again["status"], &again["id"]), (&json!("duplicate"), &json!(new)));
    }
}

#[test]
fn a_preview_after_its_final_read_changes_nothing() {
    let harness = Harness::start();
    let (preview, last) = preview_and_final();
    let new = post(&harness, &last);
    let answer = post(&harness, &preview);
    assert_eq!((&answer["status"], &answer["id"]), (&json!("superseded"), &new["id"]));
    let capture = only(&harness);
    assert_eq!(capture["plate"], "FINAL1");
    assert!(!has(&capture["flags"], "preview"));
}

fn parked(number: u64, minutes: i64) -> Value {
    let start = NOON + minutes * MINUTE_MS;
    let uuid = format!("{}-1000-{start}", payload::AGENT);
    group_with(
        number,
        &[
            ("is_parked", json!(true)),
            ("epoch_start", json!(start)),
            ("epoch_end", json!(start + 1000)),
            ("best_uuid", json!(uuid)),
            ("uuids", json!([uuid])),
        ],
    )
}

#[test]
fn a_parked_car_is_one_capture_until_it_was_gone() {
    let harness = Harness::start();
    harness.clock.advance_ms(60 * MINUTE_MS);
    let id = post(&harness, &parked(1, 0))["id"].clone();
    for (minutes, reads) in [(20, 2), (45, 3)] {
        let answer = post(&harness, &parked(1, minutes));
        assert_eq!((&answer["status"], &answer["id"]), (&json!("visit"), &id));
        let capture = only(&harness);
        assert_eq!(capture["reads"], reads, "{capture}");
    }
    let ended = only(&harness)["ended_at"].as_str().unwrap().to_owned();
    assert!(ended.starts_with("2025-03-14T10:11:54"), "{ended}: the last sight");
    let again = post(&harness, &parked(1, 20));
    assert_eq!(again["status"], "duplicate", "counted once");
    assert_eq!(only(&harness)["reads"], 3);
    let page = harness.owner().get(&format!("/captures/{}", id.as_str().unwrap())).expect(200);
    assert!(page.text().contains("3 reads"));
    // Another car, and the same one more than half an hour later.
    assert_eq!(post(&harness, &parked(2, 46))["status"], "stored");
    assert_eq!(post(&harness, &parked(1, 90))["status"], "stored");
    assert_eq!(harness.captures().len(), 3);
}

#[test]
fn previews_of_a_parked_car_leave_nothing_behind() {
    let harness = Harness::start();
    harness.clock.advance_ms(60 * MINUTE_MS);
    let preview_of = |minutes| {
        let mut preview = parked(1, minutes);
        payload::change(&mut preview, &[("is_preview", json!(true))]);
        preview
    };
    let last_of = |minutes: i64| {
        let mut last = parked(1, minutes);
        let first = last["best_uuid"].clone();
        let best = format!("{}-later", first.as_str().unwrap());
        let uuids = json!([first, best]);
        payload::change(&mut last, &[("best_uuid", json!(best)), ("uuids", uuids)]);
        last
    };
    let old = post(&harness, &preview_of(0))["id"].clone();
    let visit = post(&harness, &last_of(0));
    assert_eq!(visit["status"], "replaced", "a preview is no visit");
    // Of a visit that goes on, a preview tells nothing new.
    let answer = post(&harness, &preview_of(10));
    assert_eq!((&answer["status"], &answer["id"]), (&json!("superseded"), &visit["id"]));
    // One that was misread is taken back when its final read joins the visit.
    let mut misread = preview_of(20);
    payload::change(&mut misread, &[("best_plate_number", json!("MISREAD"))]);
    let other = post(&harness, &misread)["id"].clone();
    assert_eq!(harness.captures().len(), 2);
    let answer = post(&harness, &last_of(20));
    assert_eq!((&answer["status"], &answer["id"]), (&json!("visit"), &visit["id"]));
    let answer = post(&harness, &last_of(10));
    assert_eq!((&answer["status"], &answer["id"]), (&json!("visit"), &visit["id"]));
    let capture = only(&harness);
    assert_eq!(capture["reads"], 3, "{capture}");
    assert!(!has(&capture["flags"], "preview"), "{capture}");
    let target = format!("/captures/{}", visit["id"].as_str().unwrap());
    for key in [old, other] {
        let path = format!("/captures/{}", key.as_str().unwrap());
        assert_eq!(harness.owner().get(&path).expect(303).header("location"), target);
    }
}

#[test]
fn repeats_of_a_parked_car_cost_no_images() {
    let harness = Harness::start();
    harness.clock.advance_ms(60 * MINUTE_MS);
    let big = payload::base64(&payload::large_jpeg());
    let read = |minutes| {
        let mut read = parked(1, minutes);
        payload::change(&mut read, &[("overview_jpeg", json!(big))]);
        read
    };
    post(&harness, &read(0));
    let before = harness.owner_api().get("/api/v1/stats").expect(200).json();
    for minutes in 1..=20 {
        assert_eq!(post(&harness, &read(minutes))["status"], "visit");
    }
    let after = harness.owner_api().get("/api/v1/stats").expect(200).json();
    let bytes = |stats: &Value| stats["images_bytes"].as_u64().unwrap();
    let grown = bytes(&after).saturating_sub(bytes(&before));
    assert!(grown < 10 * big.len() as u64, "{grown} bytes for pictures nobody can see");
    assert_eq!(only(&harness)["reads"], 21);
}

#[test]
fn reads_that_come_late_are_marked() {
    let harness = Harness::start();
    let now = harness.clock.now().ms();
    for (number, minutes, late) in [(1, 1, false), (2, 9, false), (3, 11, true), (4, 1500, true)] {
        let start = now - minutes * MINUTE_MS;
        let read =
            group_with(number, &[("epoch_start", json!(start)), ("epoch_end", json!(start))]);
        let id = harness.stored(&read);
        let capture = harness.owner_api().get(&format!("/api/v1/captures/{id}")).json();
        assert_eq!(has(&capture["flags"], "late"), late, "{minutes} minutes: {capture}");
    }
    let found = harness.owner_api().get("/api/v1/captures?q=is:late").expect(200).json();
    assert_eq!(found["data"].as_array().map(Vec::len), Some(2), "{found}");
}

#[test]
fn an_alert_and_its_group_are_one_capture_in_either_order() {
    for alert_first in [true, false] {
        let harness = Harness::start();
        let order = if alert_first { [alert(1), group(1)] } else { [group(1), alert(1)] };
        let ids = order.map(|read| post(&harness, &read)["id"].clone());
        assert_eq!(ids[0], ids[1], "alert first: {alert_first}");
        let capture = only(&harness);
        assert_eq!(capture["id"], ids[0]);
        assert!(has(&capture["flags"], "alert"), "{capture}");
        assert!(has(&capture["images"], "plate"), "{capture}");
        let alerts = harness.owner_api().get("/api/v1/alerts/rekor").expect(200).json();
        let alerts = alerts["data"].as_array().unwrap();
        assert_eq!(alerts.len(), 1);
        assert_eq!(alerts[0]["capture"], ids[0]);
        assert_eq!(alerts[0]["plate"], payload::plate(1).as_str());
        assert_eq!((&alerts[0]["list"], &alerts[0]["list_id"]), (&json!("Stolen"), &json!(7)));
        assert_eq!(post(&harness, &alert(1))["status"], "duplicate");
        let found = harness.owner_api().get("/api/v1/captures?q=is:alert").expect(200).json();
        assert_eq!(found["data"].as_array().map(Vec::len), Some(1), "{found}");
    }
}

#[test]
fn unknown_kinds_are_counted_where_people_look() {
    let harness = Harness::start();
    for kind in ["tomorrow", "tomorrow", "a/b", "b", "x\"} 1\ny"] {
        let answer = post(&harness, &json!({ "data_type": kind, "epoch_start": NOON }));
        assert_eq!(answer["status"], "noted", "{answer}");
    }
    let page = harness.owner().get("/settings/webhook").expect(200).text();
    assert!(page.contains("tomorrow"), "{page}");
    let metrics = harness.anonymous().get("/metrics").expect(200).text();
    for line in [
        r#"openalpr_webhook_payloads_unknown{kind="tomorrow"} 2"#,
        r#"openalpr_webhook_payloads_unknown{kind="a/b"} 1"#,
        r#"openalpr_webhook_payloads_unknown{kind="b"} 1"#,
        r#"openalpr_webhook_payloads_unknown{kind="x\"} 1y"} 1"#,
    ] {
        assert!(metrics.lines().any(|other| other == line), "{line} is not in\n{metrics}");
    }
    assert!(harness.captures().is_empty());
}

#[test]
fn made_up_kinds_do_not_grow_without_end() {
    let harness = Harness::start();
    let kinds: Vec<Value> =
        (0..300).map(|number| json!({ "data_type": format!("kind-{number:03}") })).collect();
    harness.post_read(&Value::Array(kinds)).expect(200);
    let metrics = harness.anonymous().get("/metrics").expect(200).text();
    let rows: Vec<&str> = metrics.lines().filter(|line| line.contains("_unknown{")).collect();
    assert!((10..=60).contains(&rows.len()), "{} rows", rows.len());
    let sum: u64 =
        rows.iter().filter_map(|line| line.rsplit(' ').next()?.parse::<u64>().ok()).sum();
    assert_eq!(sum, 300, "every one is counted");
}

#[test]
fn a_bad_part_costs_itself_only_and_is_told() {
    let harness = Harness::start();
    let read = group_with(
        1,
        &[
            ("vehicle_crop_jpeg", json!("####")),
            ("best_confidence", json!("high")),
            ("vehicle", json!(7)),
            ("gps_latitude", json!(1234)),
        ],
    );
    let id = harness.stored(&read);
    let capture = harness.owner_api().get(&format!("/api/v1/captures/{id}")).expect(200).json();
    assert_eq!(capture["plate"], payload::plate(1).as_str());
    assert_eq!(capture["region"], "us-md");
    assert_eq!(capture["images"], json!(["plate", "overview"]));
    assert!(has(&capture["flags"], "notes"), "{capture}");
    let notes = capture["notes"].as_array().unwrap().clone();
    assert!(notes.len() >= 3, "{notes:?}");
    let page = harness.owner().get(&format!("/captures/{id}")).expect(200).text();
    let shown = crate::harness::html::unescape(&page);
    for note in &notes {
        assert!(shown.contains(note.as_str().unwrap()), "{note} is not on the page");
    }
    assert!(page.contains(&payload::plate(1)));
    // A good read says nothing of the kind.
    let good = harness.stored(&group(2));
    let good = harness.owner_api().get(&format!("/api/v1/captures/{good}")).expect(200).json();
    assert_eq!(good["notes"], json!([]));
}
