//! Alerts of Rekor Scout: the list with its filters and pages, one alert, and how it is worded.

use serde_json::{Value, json};

use crate::harness::Harness;
use crate::harness::client::percent;
use crate::harness::payload::{self, alert, change, group};

/// Posts an alert that differs from the usual one by `changes`.
fn post(harness: &Harness, number: u64, changes: &[(&str, Value)]) {
    let mut payload = alert(number);
    change(&mut payload, changes);
    harness.post_read(&payload).expect(200);
}

/// Addresses of the alerts on a page.
fn rows(html: &str) -> Vec<String> {
    let parts = html.split("class=\"hit\" href=\"").skip(1);
    parts.filter_map(|rest| rest.split('"').next()).map(str::to_owned).collect()
}

#[test]
fn filters_find_their_alerts_on_page_and_api() {
    let harness = Harness::start();
    for number in 1..=3 {
        post(&harness, number, &[]);
    }
    let staff = [("alert_list", json!("Staff")), ("list_type", json!("Whitelist"))];
    post(&harness, 4, &staff);
    let (mut owner, mut api) = (harness.owner(), harness.owner_api());
    for (query, count) in [
        ("", 4),
        ("list=Staff", 1),
        ("list=Stolen", 3),
        ("type=not-on", 1),
        ("type=on&plate=T0000002", 1),
        ("plate=t*", 4),
        ("plate=T0000009", 0),
        ("after=2025-03-14&to=2025-03-14", 4),
        ("after=2025-03-15", 0),
    ] {
        let page = owner.get(&format!("/alerts/rekor?{query}")).expect(200).text();
        assert_eq!(rows(&page).len(), count, "{query}");
        let answer = api.get(&format!("/api/v1/alerts/rekor?{query}")).expect(200).json();
        assert_eq!(answer["data"].as_array().map(Vec::len), Some(count), "{query}: {answer}");
        assert_eq!((&answer["total"], &answer["total_exact"]), (&json!(count), &json!(true)));
    }
    for bad in ["plate=**", "type=7", "after=tomorow", "limit=0", "cursor=x", "colour=red"] {
        api.get(&format!("/api/v1/alerts/rekor?{bad}")).expect(400);
    }
    let page = owner.get("/alerts/rekor?plate=%2a&after=tomorow").expect(200).text();
    assert!(page.contains("Give a plate") && page.contains("aria-invalid"), "{page}");
}

#[test]
fn pages_follow_each_other() {
    let harness = Harness::start();
    for number in 1..=7 {
        post(&harness, number, &[]);
    }
    let mut api = harness.owner_api();
    let (mut seen, mut cursor) = (Vec::new(), String::new());
    loop {
        let path = format!("/api/v1/alerts/rekor?limit=3&cursor={cursor}");
        let answer = api.get(&path).expect(200).json();
        for row in answer["data"].as_array().unwrap() {
            seen.push(row["plate"].as_str().unwrap().to_owned());
        }
        match answer["next"].as_str() {
            Some(next) => next.clone_into(&mut cursor),
            None => break,
        }
    }
    assert_eq!(seen, (1..=7).rev().map(payload::plate).collect::<Vec<_>>());
}

#[test]
fn the_page_of_alerts_leads_back() {
    let harness = Harness::start();
    for number in 1..=51 {
        post(&harness, number, &[]);
    }
    let mut owner = harness.owner();
    let first = owner.get("/alerts/rekor?list=Stolen").expect(200).text();
    assert_eq!(rows(&first).len(), 50);
    let link = |page: &str, rel: &str| {
        let before = page.split(&format!("\" rel=\"{rel}\"")).next().unwrap();
        before.rsplit("href=\"").next().unwrap().replace("&amp;", "&")
    };
    let second = owner.get(&link(&first, "next")).expect(200).text();
    assert_eq!(rows(&second).len(), 1);
    let newer = link(&second, "prev");
    assert!(newer.contains("list=Stolen"), "{newer}");
    assert_eq!(rows(&owner.get(&newer).expect(200).text()), rows(&first));
}

#[test]
fn one_alert_shows_its_list_its_read_and_its_past() {
    let harness = Harness::start();
    post(&harness, 1, &[]);
    let again = group(2);
    let same_plate = [("plate_number", json!(payload::plate(1))), ("group", again)];
    post(&harness, 2, &same_plate);
    let mut viewer = harness.owner();
    let list = viewer.get("/alerts/rekor").expect(200).text();
    let first = rows(&list).remove(0);
    let page = viewer.get(&first).expect(200).text();
    for part in ["On the list: Stolen", "reported", "North", "Gate", "read as T0000002", "2 alerts"]
    {
        assert!(page.contains(part), "{part}: {page}");
    }
    assert!(page.contains("/images/overview") && page.contains("href=\"/captures/"), "{page}");
    assert_eq!(rows(&page).len(), 2);
    let id = first.rsplit('/').next().unwrap();
    let answer = harness.owner_api().get(&format!("/api/v1/alerts/rekor/{id}")).expect(200).json();
    assert_eq!(answer["list"], "Stolen");
    for missing in ["00ff", "zz", "x%20"] {
        viewer.get(&format!("/alerts/rekor/{missing}")).expect(404);
    }
}

#[test]
fn a_plate_missing_on_a_list_was_not_matched_by_it() {
    let harness = Harness::start();
    let staff = [("alert_list", json!("Staff")), ("list_type", json!("Whitelist"))];
    post(&harness, 1, &staff);
    let mut owner = harness.owner();
    let list = owner.get("/alerts/rekor").expect(200).text();
    let page = owner.get(&rows(&list)[0]).expect(200).text();
    for html in [&list, &page] {
        assert!(html.contains("Not on the list"), "{html}");
        assert!(!html.to_lowercase().contains("matched"), "{html}");
    }
    assert!(page.contains("Not on the list: Staff"), "{page}");
}

#[test]
fn hostile_lists_are_text() {
    let harness = Harness::start();
    let evil = "<script>alert(1)</script>\"'&";
    let fields = ["alert_list", "description", "site_name", "plate_number"];
    let changes: Vec<(&str, Value)> = fields.map(|name| (name, json!(evil))).into();
    post(&harness, 1, &changes);
    let without = [("-group", Value::Null), ("plate_number", json!("")), ("alert_list", json!(""))];
    post(&harness, 2, &without);
    let mut owner = harness.owner();
    let list = owner.get(&format!("/alerts/rekor?list={}", percent(evil))).expect(200).text();
    assert_eq!(rows(&list).len(), 1, "{list}");
    let all = owner.get("/alerts/rekor").expect(200).text();
    for path in rows(&all) {
        let page = owner.get(&path).expect(200).text();
        assert!(!page.contains("<script>alert"), "{page}");
    }
    assert!(!all.contains("<script>alert"), "{all}");
}
