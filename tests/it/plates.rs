//! Known plates and the page of a plate: who may write, what is refused, what is found again.

use openalpr_webhook::model::user::Role;
use serde_json::{Value, json};

use crate::harness::Harness;
use crate::harness::client::{Client, percent};
use crate::harness::payload::{group, group_with, plate};

/// Breaks out of text, attributes and templates, if it can. Without a comma it is one tag.
const HOSTILE: &str = "\"><img src=x>{{7*7}}'";

fn write(client: &mut Client, plate: &str, fields: &[(&str, &str)]) -> u16 {
    let page = format!("/plates/{plate}");
    client.submit(&page, &page, fields).status
}

fn get(harness: &Harness, path: &str) -> Value {
    harness.owner_api().get(path).expect(200).json()
}

fn put(harness: &Harness, path: &str, body: &Value) -> (u16, Value) {
    let json = [("Content-Type", "application/json")];
    let body = body.to_string();
    let answer = harness.owner_api().request("PUT", path, &json, body.as_bytes()).unwrap();
    (answer.status, answer.json())
}

#[test]
fn users_write_and_viewers_read() {
    let harness = Harness::with_accounts(&["vera", "ulla"]);
    harness.set_role("vera", Role::Viewer);
    harness.set_role("ulla", Role::User);
    harness.stored(&group(1));
    let page = format!("/plates/{}", plate(1));
    let mut ulla = harness.signed_in("ulla");
    let fields = [("name", "Priya N."), ("tags", "Staff, permit 0417"), ("notes", "Bay 12\nAsk")];
    assert_eq!(write(&mut ulla, &plate(1), &fields), 303);
    let shown = harness.signed_in("vera").get(&page).expect(200).text();
    for part in ["Priya N.", "permit 0417", "Bay 12\nAsk", "ulla", "1 read"] {
        assert!(shown.contains(part), "{part} is missing");
    }
    assert!(!shown.contains("name=\"notes\"") && !shown.contains("/ignore"), "no forms to read");
    let refused = harness.signed_in("vera").post_form(&page, &[("name", "x")]);
    assert_eq!(refused.status, 403);
    let listed = harness.signed_in("vera").get("/plates?tag=staff").expect(200).text();
    assert!(listed.contains("Priya N.") && listed.contains(&page));
    assert_eq!(get(&harness, "/api/v1/captures?tag=staff")["total"], 1);
    assert_eq!(get(&harness, "/api/v1/captures?tag=other")["total"], 0);
}

#[test]
fn a_foreign_page_changes_nothing() {
    let harness = Harness::start();
    let mut owner = harness.owner();
    for path in ["/plates/AB1", "/plates/AB1/ignore"] {
        let headers = [
            ("Content-Type", "application/x-www-form-urlencoded"),
            ("Origin", "http://evil.example"),
        ];
        let answer = owner.request("POST", path, &headers, b"name=x&ignored=1").unwrap();
        assert_eq!(answer.status, 403, "{path}");
    }
    assert_eq!(get(&harness, "/api/v1/plates")["data"], json!([]));
}

#[test]
fn what_is_too_long_is_refused_and_stays_in_the_form() {
    let harness = Harness::start();
    let mut owner = harness.owner();
    let many: Vec<String> = (0..21).map(|number| format!("t{number}")).collect();
    for (field, value, message) in [
        ("name", "x".repeat(81), "at most 80 characters"),
        ("notes", "x".repeat(4001), "at most 4000 characters"),
        ("tags", "x".repeat(41), "at most 40 characters"),
        ("tags", many.join(","), "at most 20 tags"),
    ] {
        let answer = owner.submit("/plates/AB1", "/plates/AB1", &[(field, &value)]);
        assert_eq!(answer.status, 422, "{field}");
        let page = answer.text();
        assert!(page.contains(message) && page.contains(&value), "{field}: {message}");
    }
    assert_eq!(get(&harness, "/api/v1/plates")["data"], json!([]));
}

#[test]
fn hostile_texts_are_shown_as_they_are_typed() {
    let harness = Harness::start();
    let mut owner = harness.owner();
    let fields = [("name", HOSTILE), ("tags", HOSTILE), ("notes", HOSTILE)];
    assert_eq!(write(&mut owner, "AB1", &fields), 303);
    let tag = percent(HOSTILE);
    for path in
        ["/plates/AB1?edit=1".to_owned(), "/plates".to_owned(), format!("/plates?tag={tag}")]
    {
        let page = owner.get(&path).expect(200).text();
        assert!(!page.contains("<img src=x"), "{path}");
        assert!(page.contains("&lt;img src=x&gt;{{7*7}}"), "{path} does not show it");
    }
    let known = get(&harness, "/api/v1/plates/ab-1");
    assert_eq!((&known["name"], &known["tags"][0]), (&json!(HOSTILE), &json!(HOSTILE)));
    for path in ["/plates?tag=a,b", "/plates?plate=--"] {
        assert_eq!(owner.get(path).status, 422, "{path}");
    }
}

#[test]
fn one_plate_has_one_address() {
    let harness = Harness::start();
    let mut owner = harness.owner();
    for (path, place) in [
        ("/plates/ab-1", "/plates/AB1"),
        ("/plates?plate=ab+1", "/plates/AB1?edit=1"),
        ("/plates/%C3%B6%C3%B61", "/plates/%C3%96%C3%961"),
    ] {
        let answer = owner.get(path).expect(303);
        assert!(
            answer.header("location").ends_with(place),
            "{path}: {}",
            answer.header("location")
        );
    }
    assert!(owner.visit("/plates/%C3%B6%C3%B61").1.text().contains("ÖÖ1"));
    owner.get("/plates/--").expect(404);
    assert!(owner.get("/plates/NEVER1").expect(200).text().contains("not been read yet"));
}

#[test]
fn ignoring_is_a_switch_and_blank_plates_are_forgotten() {
    let harness = Harness::start();
    let mut owner = harness.owner();
    let action = "/plates/AB1/ignore";
    owner.submit("/plates/AB1", action, &[("ignored", "1")]).expect(303);
    assert_eq!(get(&harness, "/api/v1/plates?ignored=1")["data"][0]["plate"], "AB1");
    assert!(owner.get("/plates/AB1").text().contains("Ignored."));
    // Saving the rest does not touch the switch.
    assert_eq!(write(&mut owner, "AB1", &[("name", "Bob")]), 303);
    assert_eq!(get(&harness, "/api/v1/plates/AB1")["ignored"], true);
    owner.submit("/plates/AB1", action, &[("ignored", "0")]).expect(303);
    assert_eq!(write(&mut owner, "AB1", &[("name", "")]), 303);
    assert_eq!(get(&harness, "/api/v1/plates")["data"], json!([]));
    harness.owner_api().get("/api/v1/plates/AB1").expect(404);
}

#[test]
fn pages_of_reads_and_of_plates_follow_each_other() {
    let harness = Harness::start();
    for number in 0..14 {
        harness.stored(&group_with(number, &[("best_plate_number", json!("AB1"))]));
    }
    let mut owner = harness.owner();
    let links = |page: &str| page.matches("href=\"/captures/").count();
    let first = owner.get("/plates/AB1").expect(200).text();
    let next = first.split("href=\"/plates/AB1?before=").nth(1).expect("an older page");
    let older = owner.get(&format!("/plates/AB1?before={}", next.split('#').next().unwrap()));
    assert_eq!((links(&first), links(&older.expect(200).text())), (12, 2));
    assert_eq!(get(&harness, "/api/v1/plates/AB1")["visits"], 1);
    for number in 0..3 {
        let path = format!("/api/v1/plates/P{number}");
        assert_eq!(put(&harness, &path, &json!({"tags": ["van"]})).0, 200);
    }
    let page = get(&harness, "/api/v1/plates?limit=2&tag=van");
    assert_eq!(page["data"].as_array().unwrap().len(), 2);
    let last =
        get(&harness, &format!("/api/v1/plates?tag=van&cursor={}", page["next"].as_str().unwrap()));
    assert_eq!((&last["data"][0]["plate"], &last["next"]), (&json!("P2"), &Value::Null));
}

#[test]
fn programs_get_a_reason() {
    let harness = Harness::start();
    for body in [
        json!({"tags": ["a,b"]}),
        json!({"tags": "a"}),
        json!({"nmae": "x"}),
        json!({"name": "x".repeat(81)}),
        json!([1]),
    ] {
        let (status, answer) = put(&harness, "/api/v1/plates/AB1", &body);
        assert_eq!(status, 400, "{body}: {answer}");
        assert!(answer["error"]["message"].is_string());
    }
    for path in ["/api/v1/plates?tagg=x", "/api/v1/plates?limit=0", "/api/v1/plates?cursor=--"] {
        assert_eq!(harness.owner_api().get(path).status, 400, "{path}");
    }
    let (status, known) = put(&harness, "/api/v1/plates/ab1", &json!({"name": "Bob"}));
    assert_eq!(
        (status, &known["plate"], &known["changed_by"]),
        (200, &json!("AB1"), &json!("owner"))
    );
    let gone = harness.owner_api().request("DELETE", "/api/v1/plates/AB1", &[], b"").unwrap();
    gone.expect(200);
    harness.owner_api().get("/api/v1/plates/AB1").expect(404);
}
