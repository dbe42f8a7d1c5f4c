//! Hostile text in every field: pages show it and never run it.

use serde_json::{Value, json};

use crate::harness::payload::{self, group, vehicle};
use crate::harness::{Harness, routes};

/// Breaks out of text, of attributes and of templates, if it can.
const HOSTILE: &str = "\"><img src=x onerror=alert(1)>'{{7*7}}</script>\\u0000";

/// Parts that must never stand in a page as they are.
const RAW: [&str; 2] = ["<img src=x", "</script>\\u0000"];

/// Puts the text into every string of `value`, images and ids apart.
fn poison(value: &mut Value, name: &str) {
    match value {
        Value::String(text) if !name.ends_with("jpeg") && name != "data_type" => {
            *text = format!("{text}{HOSTILE}");
        }
        Value::Array(list) => list.iter_mut().for_each(|item| poison(item, name)),
        Value::Object(map) => map.iter_mut().for_each(|(name, item)| poison(item, name)),
        _ => {}
    }
}

fn pages(harness: &Harness) -> Vec<String> {
    let mut paths: Vec<String> = routes()
        .into_iter()
        .filter(|(method, path, _)| method == "GET" && !path.contains(['{', ':', '*']))
        .map(|(_, path, _)| path)
        .collect();
    paths.push(format!("/search?q={}", crate::harness::client::percent(HOSTILE)));
    paths.push(format!("/sign-in?next={}", crate::harness::client::percent(HOSTILE)));
    paths.push(format!("/{}", crate::harness::client::percent(HOSTILE)));
    for capture in harness.captures() {
        paths.push(format!("/captures/{}", capture["id"].as_str().unwrap_or("")));
    }
    paths
}

#[track_caller]
fn pages_are_inert(harness: &Harness) {
    let mut owner = harness.owner();
    let mut seen = 0;
    for path in pages(harness) {
        let (path, answer) = owner.visit(&path);
        assert!(answer.status < 500, "{path}: {}", answer.status);
        if !answer.header("content-type").starts_with("text/html") {
            continue;
        }
        let html = answer.text();
        for raw in RAW {
            assert!(!html.contains(raw), "{path} contains {raw:?} as it is");
        }
        seen += html.matches("&lt;img src").count();
        for tag in crate::harness::html::tags(&html) {
            let handler = tag.attributes.iter().find(|(name, _)| name.starts_with("on"));
            assert_eq!(handler, None, "{path}: <{}>", tag.name);
            let address = tag.get("href").to_lowercase();
            assert!(!address.trim_start().starts_with("javascript:"), "{path}: {address}");
        }
    }
    assert!(seen > 0, "the hostile text is shown nowhere, so nothing was tested");
}

#[test]
fn payloads_are_shown_and_never_run() {
    let harness = Harness::start();
    for mut read in [group(1), vehicle(2), payload::alert(3), payload::heartbeat()] {
        poison(&mut read, "");
        harness.post_read(&read).expect(200);
    }
    // One field at a time too, so that one bad field does not hide the others.
    for (number, field) in ["best_region", "country", "agent_type", "user_data"].iter().enumerate()
    {
        let read = payload::group_with(10 + number as u64, &[(field, json!(HOSTILE))]);
        harness.post_read(&read).expect(200);
    }
    pages_are_inert(&harness);
}

#[test]
fn what_people_type_is_shown_and_never_run() {
    let harness = Harness::start();
    let mut owner = harness.owner();
    owner.headers.push(("User-Agent".to_owned(), HOSTILE.to_owned()));
    owner.submit("/profile", "/profile", &[("name", HOSTILE)]);
    let mut visitor = harness.anonymous();
    visitor.headers.clone_from(&owner.headers);
    harness.sign_in(&mut visitor, HOSTILE, HOSTILE);
    harness.sign_in(&mut visitor, "owner", crate::harness::binary::PASSWORD).expect(303);
    let page = owner.get("/profile").text();
    assert!(!page.contains(RAW[0]));
    let page = harness.anonymous().submit(
        "/sign-in",
        "/sign-in",
        &[("username", HOSTILE), ("password", "x")],
    );
    assert!(!page.text().contains(RAW[0]), "the sign-in form repeats it as it is");
    pages_are_inert(&harness);
}

#[test]
fn hostile_text_cannot_split_a_header() {
    let harness = Harness::start();
    for path in ["/sign-in?next=%0d%0aX-Evil:%201", "/search?q=%0d%0aX-Evil:%201"] {
        let answer = harness.owner().get(path);
        assert_eq!(answer.header("x-evil"), "", "{path}");
    }
    let fields = [("username", "owner"), ("password", crate::harness::binary::PASSWORD)];
    for next in ["https://example.org/", "//example.org", "/\\example.org", "\r\nX-Evil: 1", "x"] {
        let mut client = harness.anonymous();
        let mut all = fields.to_vec();
        all.push(("next", next));
        let answer = client.submit("/sign-in", "/sign-in", &all);
        let location = answer.header("location");
        assert_eq!(answer.status, 303);
        let own = location.starts_with('/') && !location.starts_with("//");
        assert!(own && !location.contains('\\'), "{next:?} leads to {location:?}");
        assert_eq!(answer.header("x-evil"), "");
    }
}
