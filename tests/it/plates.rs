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

fn correct(client: &mut Client, id: &str, plate: &str, region: &str) -> (u16, String) {
    let page = format!("/captures/{id}?correct=1");
    let action = format!("/captures/{id}/plate");
    let answer = client.submit(&page, &action, &[("plate", plate), ("region", region)]);
    (answer.status, answer.text())
}

#[test]
fn a_misread_is_set_right_and_can_be_put_back() {
    let harness = Harness::with_accounts(&["vera", "ulla"]);
    harness.set_role("vera", Role::Viewer);
    let misread = group_with(1, &[("best_plate_number", json!("8KX-R4I7"))]);
    let id = harness.stored(&misread);
    harness.stored(&group_with(2, &[("best_plate_number", json!("8KXR417"))]));
    let mut ulla = harness.signed_in("ulla");
    assert_eq!(correct(&mut ulla, &id, "8kxr 417", "us-va").0, 303);

    let total = |plate: &str| {
        get(&harness, &format!("/api/v1/captures?plate={plate}"))["total"].as_u64().unwrap()
    };
    assert_eq!((total("=8KXR417"), total("=8KXR4I7")), (2, 0));
    let read = get(&harness, &format!("/api/v1/captures/{id}"));
    assert_eq!((&read["plate"], &read["region"]), (&json!("8KXR417"), &json!("us-va")));
    assert_eq!((&read["plate_text"], &read["flags"][1]), (&json!("8KX-R4I7"), &json!("corrected")));
    let mut vera = harness.signed_in("vera");
    let page = vera.get(&format!("/captures/{id}")).expect(200).text();
    for part in ["8KXR417", "Read as", "<b>8KXR4I7</b>", "Corrected by ulla"] {
        assert!(page.contains(part), "{part} is missing");
    }
    assert!(!page.contains("Undo correction") && !page.contains("?correct=1"));
    let plate_page = vera.get("/plates/8KXR417").expect(200).text();
    assert!(plate_page.contains("Corrected reads") && plate_page.contains("2 reads"));
    assert!(vera.get("/plates/8KXR4I7").expect(200).text().contains("Corrected reads"));

    let action = format!("/captures/{id}/plate/undo");
    assert_eq!(vera.post_form(&action, &[]).status, 403);
    ulla.submit(&format!("/captures/{id}"), &action, &[]).expect(303);
    assert_eq!((total("=8KXR417"), total("=8KXR4I7")), (1, 1));
    let page = vera.get(&format!("/captures/{id}")).expect(200).text();
    assert!(page.contains("Put back by ulla") && page.contains("8KX-R4I7"));
    // Twice is no error: somebody else was faster.
    assert_eq!(ulla.post_form(&action, &[]).status, 303);
    let log = harness.owner().get("/audit").expect(200).text();
    assert!(log.contains("Read changed"), "corrections are in the audit log");
}

#[test]
fn wrong_corrections_are_refused_with_a_reason() {
    let harness = Harness::start();
    let id = harness.stored(&group(1));
    let mut owner = harness.owner();
    for (plate, region, message) in [
        ("--", "us-md", "1 to 32 letters and digits"),
        (&"A".repeat(33), "us-md", "1 to 32 letters and digits"),
        ("AB1", "<b>", "a region of the list"),
    ] {
        let (status, page) = correct(&mut owner, &id, plate, region);
        assert_eq!(status, 422, "{plate} {region}");
        assert!(page.contains(message), "{plate} {region}: {message}");
    }
    // What the read says already is no correction.
    assert_eq!(correct(&mut owner, &id, &plate(1), "us-md").0, 303);
    let read = get(&harness, &format!("/api/v1/captures/{id}"));
    assert_eq!(read["flags"], json!(["late"]));
    owner.post_form("/captures/1/plate", &[("plate", "AB1")]).expect(404);
    let foreign =
        [("Origin", "http://evil.example"), ("Content-Type", "application/x-www-form-urlencoded")];
    let action = format!("/captures/{id}/plate");
    let answer = owner.request("POST", &action, &foreign, b"plate=AB1&region=").unwrap();
    assert_eq!(answer.status, 403);
}

#[test]
fn programs_correct_too_and_previews_hand_it_on() {
    let harness = Harness::start();
    let preview = group_with(1, &[("is_preview", json!(true))]);
    let id = harness.stored(&preview);
    let path = format!("/api/v1/captures/{id}/plate");
    let (status, answer) = put(&harness, &path, &json!({"plate": "AB 1"}));
    assert_eq!(status, 200, "{answer}");
    assert_eq!((&answer["plate"], &answer["original_plate"]), (&json!("AB1"), &json!(plate(1))));
    for body in [
        json!({"plate": "-"}),
        json!({"plate": "A".repeat(33)}),
        json!({}),
        json!({"plate": "A", "region": "a b"}),
    ] {
        assert_eq!(put(&harness, &path, &body).0, 400, "{body}");
    }
    let uuids = json!([crate::harness::payload::uuid(1), crate::harness::payload::uuid(2)]);
    harness.post_read(&group_with(2, &[("uuids", uuids)])).expect(200);
    let found = get(&harness, "/api/v1/captures?plate=%3DAB1");
    assert_eq!(found["total"], 1, "the final read has the correction of its preview");
    let id = found["data"][0]["id"].as_str().unwrap().to_owned();
    let path = format!("/api/v1/captures/{id}/plate");
    let undone = harness.owner_api().request("DELETE", &path, &[], b"").unwrap().expect(200);
    assert_eq!(undone.json()["changes"].as_array().unwrap().len(), 2);
    assert_eq!(get(&harness, "/api/v1/captures?plate=%3DAB1")["total"], 0);
    let again = harness.owner_api().request("DELETE", &path, &[], b"").unwrap();
    assert_eq!(again.status, 400);
}

#[test]
fn a_read_shows_its_way_its_neighbours_and_its_past() {
    let harness = Harness::start();
    let step = |x: i64| json!({"x": x, "y": 10, "w": 20, "h": 20, "t": 0, "f": 0});
    let mut ids = Vec::new();
    for (number, camera, region) in [(1, 7, "us-md"), (2, 8, "us-va"), (3, 7, "us-md")] {
        let read = group_with(
            number,
            &[
                ("best_plate_number", json!("AB1")),
                ("camera_id", json!(camera)),
                ("best_region", json!(region)),
                ("vehicle_path", json!([step(0), step(100)])),
            ],
        );
        ids.push(harness.stored(&read));
    }
    let page = harness.owner().get(&format!("/captures/{}", ids[0])).expect(200).text();
    assert!(page.contains("<polyline class=\"way\" points=\"10,20 110,20\"/>"), "no way");
    let newer = format!("href=\"/captures/{}\" rel=\"prev\"", ids[1]);
    let newer_here = format!("href=\"/captures/{}\" data-rel=\"prev-here\"", ids[2]);
    assert!(page.contains(&newer) && page.contains(&newer_here), "neighbours");
    assert!(page.contains("<span class=\"tag warn\">Virginia</span>"), "another region is marked");
    let damaged =
        group_with(4, &[("vehicle_path", json!({"x": [1]})), ("plate_path", json!("<b>"))]);
    let id = harness.stored(&damaged);
    harness.owner().get(&format!("/captures/{id}")).expect(200);
}
