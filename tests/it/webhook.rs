//! What senders are told, and what is stored then.

use std::io::Write as _;

use serde_json::{Value, json};

use crate::harness::payload::{self, group, group_with};
use crate::harness::{Harness, WEBHOOK};

#[test]
fn a_read_is_stored_once() {
    let harness = Harness::start();
    let id = harness.stored(&group(1));
    assert!(id.len() == 16 && id.bytes().all(|b| b.is_ascii_hexdigit()), "{id}");
    let again = harness.post_read(&group(1)).expect(200).json();
    assert_eq!(again["status"], "duplicate");
    assert_eq!(harness.captures().len(), 1);
}

#[test]
fn the_answer_is_small_json_and_tells_no_secret() {
    let harness = Harness::start();
    let mut read = group(1);
    payload::change(&mut read, &[("custom_data", json!({ "API_KEY": harness.key }))]);
    let answer = harness.anonymous().post_json(WEBHOOK, read.to_string().as_bytes()).expect(200);
    assert!(answer.header("content-type").starts_with("application/json"));
    assert!(answer.body.len() < 200 && !answer.text().contains(&harness.key), "{}", answer.text());
}

#[test]
fn the_key_is_found_where_senders_can_put_it() {
    let harness = Harness::start();
    let key = &harness.key;
    let places: &[Value] = &[
        json!({ "API_KEY": key }),
        json!({ "api_key": key }),
        json!(format!("{{\"API_KEY\": \"{key}\"}}")),
        json!(format!("API_KEY: {key}")),
    ];
    for (number, place) in places.iter().enumerate() {
        let read = group_with(number as u64, &[("custom_data", place.clone())]);
        let answer = harness.anonymous().post_json(WEBHOOK, read.to_string().as_bytes());
        assert_eq!(answer.status, 200, "custom_data {place}: {}", answer.text());
    }
    let read = group_with(10, &[("user_data", json!(format!("API_KEY: {key}")))]);
    harness.anonymous().post_json(WEBHOOK, read.to_string().as_bytes()).expect(200);
    let mut bearer = harness.anonymous();
    bearer.headers.push(("Authorization".to_owned(), format!("Bearer {key}")));
    bearer.post_json(WEBHOOK, group(11).to_string().as_bytes()).expect(200);
    let path = format!("{WEBHOOK}/{key}");
    harness.anonymous().post_json(&path, group(12).to_string().as_bytes()).expect(200);
    assert_eq!(harness.captures().len(), 7);
}

#[test]
fn bad_keys_store_nothing() {
    let harness = Harness::with_accounts(&["ursula"]);
    harness.set_post_auth("users");
    harness.suspend("ursula");
    let body = group(1).to_string();
    let mut wrong = harness.key.clone();
    wrong.replace_range(wrong.len() - 1.., if wrong.ends_with('A') { "B" } else { "A" });
    for key in ["", " ", "wrong", "null", &wrong, &harness.keys[0]] {
        let answer = harness.api(key).post_json(WEBHOOK, body.as_bytes());
        assert!(matches!(answer.status, 401 | 403), "key {key:?}: {}", answer.status);
        for data in [json!({ "API_KEY": key }), json!(key), json!(format!("API_KEY: {key}"))] {
            let read = group_with(1, &[("custom_data", data.clone())]);
            let answer = harness.anonymous().post_json(WEBHOOK, read.to_string().as_bytes());
            assert!(matches!(answer.status, 401 | 403), "{data}: {}", answer.status);
        }
    }
    for data in [Value::Null, json!(7), json!([]), json!({}), json!({ "API_KEY": null })] {
        let read = group_with(1, &[("custom_data", data.clone())]);
        let answer = harness.anonymous().post_json(WEBHOOK, read.to_string().as_bytes());
        assert!(matches!(answer.status, 401 | 403), "{data}: {}", answer.status);
    }
    let answer = harness.anonymous().post_json(WEBHOOK, body.as_bytes());
    assert!(matches!(answer.status, 401 | 403), "no key: {}", answer.status);
    assert_eq!(answer.json()["error"]["code"].as_str().map(str::is_empty), Some(false));
    assert_eq!(harness.captures().len(), 0);
}

#[test]
fn who_may_post_is_a_setting() {
    let harness = Harness::with_accounts(&["ursula"]);
    let post = |key: Option<&str>, number| {
        let mut client = key.map_or_else(|| harness.anonymous(), |key| harness.api(key));
        client.post_json(WEBHOOK, group(number).to_string().as_bytes()).status
    };
    let user = harness.keys[0].as_str();
    assert!(matches!(post(Some(user), 1), 401 | 403), "administrators only is the default");
    assert_eq!(post(Some(&harness.key), 2), 200);
    harness.set_post_auth("users");
    assert_eq!(post(Some(user), 3), 200);
    assert!(matches!(post(None, 4), 401 | 403));
    harness.set_post_auth("none");
    assert_eq!(post(None, 5), 200);
    harness.set_post_auth("disabled");
    for key in [None, Some(user), Some(harness.key.as_str())] {
        assert!(matches!(post(key, 6), 401 | 403), "disabled means disabled");
    }
    assert_eq!(harness.captures().len(), 3);
}

#[test]
fn broken_json_is_the_only_400_and_names_the_place() {
    let harness = Harness::start();
    let cut = &group(1).to_string()[..500];
    for body in ["{", "", "nonsense", "{\"a\":}", cut, "\u{0}", "{\"data_type\":\"alpr_group\"}}"] {
        let answer = harness.owner_api().post_json(WEBHOOK, body.as_bytes());
        assert_eq!(answer.status, 400, "{body:?}: {}", answer.text());
        let message = answer.json()["error"]["message"].as_str().unwrap_or("").to_owned();
        assert!(
            body.is_empty() || message.contains("line") || message.contains("column"),
            "{body:?}: {message}"
        );
    }
    let deep = "[".repeat(100_000);
    harness.owner_api().post_json(WEBHOOK, deep.as_bytes()).expect(400);
    assert_eq!(harness.captures().len(), 0);
}

#[test]
fn what_is_unknown_is_accepted_and_ignored() {
    let harness = Harness::start();
    for body in [
        json!({ "openalpr_webhook": "test" }),
        json!({ "data_type": "tomorrow", "x": 1 }),
        json!({ "data_type": 7 }),
        json!({ "data_type": null }),
        json!({}),
        json!([]),
        payload::heartbeat(),
        json!({ "data_type": "alpr_results", "version": 2, "results": [], "uuid": "a-1-2" }),
    ] {
        let answer = harness.post_read(&body);
        assert_eq!(answer.status, 200, "{body}: {}", answer.text());
        if !body.is_array() {
            assert_ne!(answer.json()["status"], "stored", "{body}");
        }
    }
    assert_eq!(harness.captures().len(), 0);
}

#[test]
fn lists_and_lines_of_payloads_are_taken() {
    let harness = Harness::start();
    harness.post_read(&json!([group(1), group(2)])).expect(200);
    let lines = format!("{}\n{}\n", group(3), group(4));
    harness.owner_api().post_json(WEBHOOK, lines.as_bytes()).expect(200);
    assert_eq!(harness.captures().len(), 4);
}

#[test]
fn transport_quirks_are_tolerated() {
    let harness = Harness::start();
    let mut client = harness.owner_api();
    let bom = format!("\u{feff}{}", group(1));
    client.post_json(WEBHOOK, bom.as_bytes()).expect(200);
    let slash = format!("{WEBHOOK}/");
    client.post_json(&slash, group(2).to_string().as_bytes()).expect(200);
    let odd = [("Content-Type", "text/plain"), ("charsets", "utf-8"), ("Expect", "100-continue")];
    client.request("POST", WEBHOOK, &odd, group(3).to_string().as_bytes()).unwrap().expect(200);
    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    packed.write_all(group(4).to_string().as_bytes()).unwrap();
    let packed = packed.finish().unwrap();
    client.request("POST", WEBHOOK, &[("Content-Encoding", "gzip")], &packed).unwrap().expect(200);
    assert_eq!(harness.captures().len(), 4);
}

#[test]
fn bodies_have_a_bound() {
    let harness = Harness::start();
    let over = 16 * 1024 * 1024 + 1;
    let answer = harness.owner_api().post_json(WEBHOOK, &vec![b' '; over]);
    assert_eq!(answer.status, 413);
    // The same in a small disguise: zeros by the megabyte pack well.
    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    packed.write_all(&vec![b' '; 64 * 1024 * 1024]).unwrap();
    let packed = packed.finish().unwrap();
    let answer = harness
        .owner_api()
        .request("POST", WEBHOOK, &[("Content-Encoding", "gzip")], &packed)
        .unwrap();
    assert_eq!(answer.status, 413);
    harness.stored(&group(1));
}

#[test]
fn a_final_group_replaces_its_preview_whichever_comes_first() {
    for preview_first in [true, false] {
        let harness = Harness::start();
        let preview = group_with(1, &[("is_preview", json!(true))]);
        let uuids = json!([payload::uuid(1), payload::uuid(2)]);
        let last = group_with(2, &[("uuids", uuids), ("best_plate_number", json!("FINAL1"))]);
        let order = if preview_first { [&preview, &last] } else { [&last, &preview] };
        for read in order {
            harness.post_read(read).expect(200);
        }
        let captures = harness.captures();
        assert_eq!(captures.len(), 1, "preview first: {preview_first}: {captures:?}");
        assert_eq!(captures[0]["plate"], "FINAL1");
    }
}

#[test]
fn images_come_back_byte_for_byte() {
    let harness = Harness::start();
    let id = harness.stored(&group(7));
    for (kind, offset) in [("plate", 0), ("vehicle", 1), ("overview", 2)] {
        let path = format!("/api/v1/captures/{id}/images/{kind}");
        let image = harness.owner_api().get(&path).expect(200);
        assert_eq!(image.header("content-type"), "image/jpeg");
        assert_eq!(image.header("x-content-type-options"), "nosniff");
        assert!(image.body == payload::jpeg(28 + offset), "{kind} differs");
    }
    harness.owner_api().get(&format!("/api/v1/captures/{id}/images/full")).expect(404);
}

#[test]
fn what_is_no_jpeg_is_left_out_and_the_read_is_kept() {
    let harness = Harness::start();
    for (number, text) in ["", "####", "PHNjcmlwdD4=", "/9j/", "iVBORw0KGgo="].iter().enumerate() {
        let read = group_with(number as u64, &[("vehicle_crop_jpeg", json!(text))]);
        let id = harness.stored(&read);
        harness.owner_api().get(&format!("/api/v1/captures/{id}/images/vehicle")).expect(404);
        harness.owner().get(&format!("/captures/{id}")).expect(200);
    }
}

#[test]
fn a_post_marks_its_key_as_used() {
    for in_body in [false, true] {
        let harness = Harness::start();
        let mut owner = harness.owner();
        let used = |page: &str| !page.contains("never used");
        assert!(!used(&owner.get("/profile").expect(200).text()), "in body: {in_body}");
        if in_body {
            let read = group_with(1, &[("custom_data", json!({ "API_KEY": harness.key }))]);
            harness.anonymous().post_json(WEBHOOK, read.to_string().as_bytes()).expect(200);
        } else {
            harness.stored(&group(1));
        }
        assert!(used(&owner.get("/profile").expect(200).text()), "in body: {in_body}");
    }
}
