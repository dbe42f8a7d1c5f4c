//! The predecessor's defects, one test each, named after the list in `docs/defects.md`.

use std::net::{IpAddr, Ipv4Addr};

use serde_json::{Value, json};

use crate::harness::binary::PASSWORD;
use crate::harness::client::Client;
use crate::harness::html::tags;
use crate::harness::payload::{self, alert, group, group_with, vehicle};
use crate::harness::{Harness, SIGN_IN, WEBHOOK};

/// Every page that shows reads, and the page of each read, answers 200.
#[track_caller]
fn pages_work(harness: &Harness, what: &str) {
    pages_work_for(harness, &mut harness.owner(), what);
}

#[track_caller]
fn pages_work_for(harness: &Harness, owner: &mut Client, what: &str) {
    let mut pages = vec!["/".to_owned(), "/search".to_owned(), "/search?view=grid".to_owned()];
    for capture in harness.captures() {
        let id = capture["id"].as_str().expect("an id").to_owned();
        pages.push(format!("/captures/{id}"));
    }
    for page in pages {
        let answer = owner.get(&page);
        assert_eq!(answer.status, 200, "{what}: {page}");
    }
}

#[test]
fn s1_a_form_field_is_no_identity() {
    let harness = Harness::start();
    let form = [("Content-Type", "application/x-www-form-urlencoded")];
    let body = b"username=owner";
    for path in ["/", "/profile", "/search", "/settings/webhook", "/api/v1/captures"] {
        let answer = harness.anonymous().request("GET", path, &form, body).unwrap();
        assert_ne!(answer.status, 200, "{path}");
    }
    for path in ["/settings/webhook", "/profile", "/profile/keys"] {
        let fields = [("username", "owner"), ("post_auth", "none")];
        let answer = harness.anonymous().post_form(path, &fields);
        assert!(answer.status >= 300 && !answer.text().contains(&harness.key), "{path}");
    }
    let answer = harness.anonymous().post_json(WEBHOOK, group(1).to_string().as_bytes());
    assert!(matches!(answer.status, 401 | 403));
}

#[test]
fn s2_the_empty_key_is_no_key() {
    let harness = Harness::start();
    for level in ["users", "admins"] {
        harness.set_post_auth(level);
        let read = group_with(1, &[("custom_data", json!({ "API_KEY": "" }))]);
        let answer = harness.anonymous().post_json(WEBHOOK, read.to_string().as_bytes());
        assert!(matches!(answer.status, 401 | 403), "{level}: {}", answer.status);
        let answer = harness.api("").post_json(WEBHOOK, group(1).to_string().as_bytes());
        assert!(matches!(answer.status, 401 | 403), "{level}: {}", answer.status);
    }
    assert!(harness.captures().is_empty());
}

#[test]
fn s3_the_key_of_a_suspended_account_is_refused() {
    let harness = Harness::with_accounts(&["ursula"]);
    harness.set_post_auth("users");
    let post =
        |n| harness.api(&harness.keys[0]).post_json(WEBHOOK, group(n).to_string().as_bytes());
    post(1).expect(200);
    harness.suspend("ursula");
    assert!(matches!(post(2).status, 401 | 403));
    let api = harness.api(&harness.keys[0]).get("/api/v1/captures").status;
    assert!(matches!(api, 401 | 403), "{api}");
    assert_eq!(harness.captures().len(), 1);
}

#[test]
fn s4_wrong_passwords_do_not_lock_the_owner_out() {
    let harness = Harness::start();
    let stranger = IpAddr::V4(Ipv4Addr::new(127, 0, 0, 9));
    let mut guesser = Client::from_address(harness.address, stranger);
    for number in 0..12 {
        let answer = harness.sign_in(&mut guesser, "owner", &format!("wrong password {number}"));
        assert_ne!(answer.status, 303, "guess {number} was accepted");
    }
    // From another place, at once.
    let mut owner = harness.anonymous();
    harness.sign_in(&mut owner, "owner", PASSWORD).expect(303);
    owner.get("/").expect(200);
}

#[test]
fn s5_missing_files_do_not_ban_a_sender() {
    let harness = Harness::start();
    let sender = IpAddr::V4(Ipv4Addr::new(127, 0, 0, 2));
    let mut client = Client::from_address(harness.address, sender);
    for number in 0..40 {
        client.get(&format!("/static/missing-{number}.png")).expect(404);
    }
    client.headers.push(("X-Api-Key".to_owned(), harness.key.clone()));
    client.post_json(WEBHOOK, group(1).to_string().as_bytes()).expect(200);
}

#[test]
fn s6_no_answer_and_no_page_shows_a_key() {
    let harness = Harness::start();
    let read = group_with(1, &[("custom_data", json!({ "API_KEY": harness.key }))]);
    let id = harness.stored(&read);
    let mut owner = harness.owner();
    let raw = format!("/captures/{id}/raw");
    let page = format!("/captures/{id}");
    for path in [page.as_str(), raw.as_str(), "/profile", "/settings/webhook", "/setup/key"] {
        let (_, answer) = owner.visit(path);
        assert!(!answer.text().contains(&harness.key), "{path} shows the key");
    }
    let api = harness.owner_api().get(&format!("/api/v1/captures/{id}")).expect(200);
    assert!(!api.text().contains(&harness.key));
    // Nor does the store hold it.
    for file in harness.files() {
        let bytes = std::fs::read(&file).unwrap();
        let key = harness.key.as_bytes();
        assert!(!bytes.windows(key.len()).any(|part| part == key), "{}", file.display());
    }
}

#[test]
fn s7_large_bodies_are_refused_and_not_echoed() {
    let harness = Harness::start();
    let answer = harness.owner_api().post_json(WEBHOOK, &vec![b'x'; 17 * 1024 * 1024]);
    assert_eq!(answer.status, 413);
    assert!(answer.body.len() < 1000);
    let mut owner = harness.owner();
    let answer = owner.post_form("/profile", &[("name", &"x".repeat(200_000))]);
    assert_eq!(answer.status, 413);
}

#[test]
fn w1_odd_shapes_are_no_server_error() {
    let harness = Harness::start();
    for custom in [json!("text"), json!(7), json!([1]), Value::Null, json!({ "API_KEY": {} })] {
        let read = group_with(1, &[("custom_data", custom.clone())]);
        let answer = harness.post_read(&read);
        assert_eq!(answer.status, 200, "{custom}: {}", answer.text());
    }
    for body in [json!({ "data_type": "heartbeat" }), json!({ "x": 1 }), json!([])] {
        harness.post_read(&body).expect(200);
    }
    // What is no object can never become a read: the sender is told where it went wrong.
    for body in [json!([[]]), json!([1]), json!("text"), json!(7), Value::Null] {
        let answer = harness.post_read(&body).expect(400).json();
        let message = answer["error"]["message"].to_string();
        assert!(message.contains("line 1, column"), "{body}: {message}");
    }
}

#[test]
fn w2_refusals_are_well_formed() {
    let harness = Harness::start();
    for answer in [
        harness.anonymous().post_json(WEBHOOK, group(1).to_string().as_bytes()),
        harness.owner_api().post_json(WEBHOOK, b"{"),
        harness.anonymous().get("/api/v1/captures"),
        harness.owner_api().get("/api/v1/captures/zz"),
        harness.owner_api().get("/api/v1/nothing"),
    ] {
        assert!(answer.status >= 400);
        let error = &answer.json()["error"];
        assert!(error["code"].is_string() && error["message"].is_string(), "{}", answer.text());
    }
}

/// Posts a payload without each of its fields, and with each of them turned into other types.
#[track_caller]
fn survives_changes(make: impl Fn(u64) -> Value) {
    let harness = Harness::start();
    let names: Vec<String> = make(0).as_object().unwrap().keys().cloned().collect();
    let odd =
        [Value::Null, json!(""), json!({}), json!([]), json!(-1), json!(1e300), json!("\u{7f}x")];
    let mut number = 0;
    for name in names.iter().filter(|name| *name != "data_type") {
        let mut variants = vec![(format!("-{name}"), Value::Null)];
        variants.extend(odd.iter().map(|value| (name.clone(), value.clone())));
        for (field, value) in variants {
            number += 1;
            let mut read = make(number);
            payload::change(&mut read, &[(&field, value.clone())]);
            let answer = harness.post_read(&read);
            assert_eq!(answer.status, 200, "{field} = {value}: {}", answer.text());
        }
    }
    pages_work(&harness, "odd fields");
}

#[test]
fn w3_w4_no_field_of_a_group_is_required() {
    survives_changes(group);
}

#[test]
fn w3_w4_no_field_of_a_vehicle_is_required() {
    survives_changes(vehicle);
}

#[test]
fn w3_w4_no_field_of_an_alert_is_required() {
    survives_changes(alert);
}

#[test]
fn w5_the_same_post_twice_is_one_record() {
    let harness = Harness::start();
    for make in [group, vehicle, alert] {
        harness.post_read(&make(1)).expect(200);
        let before = harness.captures().len();
        harness.post_read(&make(1)).expect(200);
        assert_eq!(harness.captures().len(), before);
    }
}

#[test]
fn w6_decimals_of_vehicles_are_kept() {
    let harness = Harness::start();
    let id = harness.stored(&vehicle(1));
    let text = harness.owner_api().get(&format!("/api/v1/captures/{id}")).expect(200).text();
    assert!(text.contains("261.57") && text.contains("39.6505"), "{text}");
}

#[test]
fn w7_w8_concurrent_posts_all_count() {
    let harness = Harness::start();
    std::thread::scope(|scope| {
        for sender in 0..8_u64 {
            let harness = &harness;
            scope.spawn(move || {
                let mut client = harness.owner_api();
                for n in 0..10 {
                    let body = group(sender * 10 + n).to_string();
                    client.post_json(WEBHOOK, body.as_bytes()).expect(200);
                }
            });
        }
        let mut reader = harness.owner();
        for _ in 0..10 {
            reader.get("/search").expect(200);
        }
    });
    assert_eq!(harness.captures().len(), 80);
    let stats = harness.owner_api().get("/api/v1/stats").expect(200).text();
    assert!(stats.contains("80"), "{stats}");
}

#[test]
fn w9_counts_go_to_the_time_of_the_event() {
    let harness = Harness::start();
    let old = payload::NOON - 400 * 86_400_000;
    let changes = [("epoch_start", json!(old)), ("epoch_end", json!(old + 1000))];
    let mut read = group_with(1, &changes);
    payload::change(&mut read, &[("best_uuid", json!("OLD-1-2")), ("uuids", json!(["OLD-1-2"]))]);
    let id = harness.stored(&read);
    let time = u64::from_str_radix(&id, 16).unwrap() >> 22;
    assert_eq!(time as i64, old, "the key is the time of capture");
}

#[test]
fn d1_the_first_read_of_a_camera_has_its_page() {
    let harness = Harness::start();
    harness.stored(&group(1));
    pages_work(&harness, "one record");
}

#[test]
fn d2_a_vehicle_may_come_first() {
    let harness = Harness::start();
    harness.stored(&vehicle(1));
    pages_work(&harness, "a vehicle alone");
}

#[test]
fn d3_any_region_is_shown() {
    let harness = Harness::start();
    let odd = [json!(""), Value::Null, json!("eu"), json!("us"), json!("xx-yy-zz"), json!("-")];
    for (number, region) in odd.iter().enumerate() {
        harness.stored(&group_with(number as u64, &[("best_region", region.clone())]));
        pages_work(&harness, &format!("region {region}"));
    }
}

#[test]
fn d4_any_time_and_any_hole_is_shown() {
    let harness = Harness::start();
    let holes = [
        ("epoch_start", json!(i64::MAX)),
        ("epoch_start", json!(i64::MIN)),
        ("epoch_start", json!(1e300)),
        ("-epoch_start", Value::Null),
        ("best_plate", json!({})),
        ("best_plate", json!("ABC123")),
        ("best_plate_number", Value::Null),
        ("web_server_config", json!({})),
        ("vehicle", Value::Null),
        ("vehicle", json!({})),
        ("country", Value::Null),
    ];
    for (number, (field, value)) in holes.iter().enumerate() {
        harness.post_read(&group_with(number as u64, &[(field, value.clone())])).expect(200);
    }
    pages_work(&harness, "holes");
    let mut late = alert(50);
    payload::change(&mut late, &[("-epoch_time", Value::Null)]);
    harness.post_read(&late).expect(200);
    pages_work(&harness, "an alert without time");
}

#[test]
fn d5_two_regions_this_month_and_one_last_month() {
    let harness = Harness::start();
    let month = 31 * 86_400_000;
    let before = json!(payload::NOON - month);
    harness.stored(&group_with(1, &[("epoch_start", before.clone()), ("epoch_end", before)]));
    harness.stored(&group(2));
    harness.stored(&group_with(3, &[("best_region", json!("us-va"))]));
    pages_work(&harness, "two regions");
}

#[test]
fn d6_d7_january_works_and_belongs_to_its_year() {
    let harness = Harness::start();
    // 2026-01-10T12:00:00Z.
    let january = 1_768_046_400_000;
    harness.clock.advance_ms(january - harness.clock.now().ms());
    harness.stored(&group(1));
    let new = json!(january - 1000);
    harness.stored(&group_with(2, &[("epoch_start", new.clone()), ("epoch_end", new)]));
    pages_work(&harness, "January");
}

#[test]
fn d8_search_pages_are_bounded_and_take_characters_literally() {
    let harness = Harness::start();
    for number in 0..5 {
        harness.stored(&group(number));
    }
    for plate in ["%25", "_", "%27", "T0000_01", "%5C", "%5B"] {
        let answer = harness.owner_api().get(&format!("/api/v1/captures?plate={plate}"));
        if answer.status == 200 {
            assert_eq!(answer.json()["data"].as_array().map(Vec::len), Some(0), "{plate}");
        } else {
            assert_eq!(answer.status, 400, "{plate}");
        }
    }
    let all = harness.owner_api().get("/api/v1/captures?limit=100000");
    assert!(matches!(all.status, 200 | 400));
}

#[test]
fn d9_what_is_not_there_is_404_and_what_is_wrong_is_4xx() {
    let harness = Harness::start();
    let mut owner = harness.owner();
    for path in ["/captures/0000000000000001", "/captures/zz", "/nothing", "/static/nothing.css"] {
        owner.get(path).expect(404);
    }
    let page = "/settings/webhook";
    let answer = owner.submit(page, page, &[("post_auth", "9")]);
    assert!((400..500).contains(&answer.status), "{}", answer.status);
    harness.stored(&group(1));
    std::thread::scope(|scope| {
        for _ in 0..8 {
            // One sign-in for all: parallel tries of one address are throttled.
            let mut client = harness.anonymous();
            client.cookies.clone_from(&owner.cookies);
            let harness = &harness;
            scope.spawn(move || pages_work_for(harness, &mut client, "in parallel"));
        }
    });
}

#[test]
fn r4_r6_pages_ask_nobody_else() {
    let harness = Harness::start();
    harness.stored(&group(1));
    let mut owner = harness.owner();
    for path in [SIGN_IN, "/", "/search", "/profile", "/settings/webhook"] {
        let html = owner.visit(path).1.text();
        for tag in tags(&html) {
            for name in ["src", "srcset", "action"] {
                let value = tag.get(name);
                assert!(!value.contains("://") && !value.starts_with("//"), "{path}: {value}");
            }
            let sheet = tag.name == "link" && tag.get("href").contains("://");
            assert!(!sheet, "{path}: {}", tag.get("href"));
        }
    }
}
