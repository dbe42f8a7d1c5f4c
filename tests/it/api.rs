//! JSON API v1: shapes, paging, errors, and that its description is true.

use std::collections::BTreeSet;

use openalpr_webhook::web::access::Access;
use openalpr_webhook::web::routes::ROUTES;
use serde_json::{Value, json};

use crate::harness::payload::{self, group, group_with, vehicle};
use crate::harness::{Harness, routes};

#[track_caller]
fn plates(answer: &Value) -> Vec<String> {
    let rows = answer["data"].as_array().expect("data is a list");
    rows.iter().map(|row| row["plate"].as_str().unwrap_or("").to_owned()).collect()
}

#[test]
fn pages_follow_each_other_without_gap_or_repeat() {
    let harness = Harness::start();
    for number in 0..5 {
        harness.stored(&group(number));
    }
    let mut api = harness.owner_api();
    let mut seen = Vec::new();
    let mut path = "/api/v1/captures?limit=2".to_owned();
    for page in 0..3 {
        let answer = api.get(&path).expect(200).json();
        seen.extend(plates(&answer));
        match answer["next"].as_str() {
            Some(next) => path = format!("/api/v1/captures?limit=2&cursor={next}"),
            None => assert_eq!(page, 2, "ended early: {answer}"),
        }
        if page == 0 {
            // What arrives meanwhile does not shift the pages.
            harness.stored(&group(9));
        }
    }
    let wanted: Vec<String> = (0..5).rev().map(payload::plate).collect();
    assert_eq!(seen, wanted, "newest first");
}

#[test]
fn what_came_with_a_read_finds_it() {
    let harness = Harness::start();
    for number in 1..=3 {
        harness.stored(&group(number));
    }
    harness.post_read(&payload::alert(2)).expect(200);
    harness.stored(&vehicle(4));
    let find = |search: &str| {
        let answer = harness.owner_api().get(&format!("/api/v1/captures?{search}"));
        let answer = answer.expect(200).json();
        assert_eq!(answer["total"], json!(answer["data"].as_array().unwrap().len()), "{search}");
        (answer["total"].as_u64().unwrap(), plates(&answer))
    };
    let alerted = (1, vec![payload::plate(2)]);
    assert_eq!(find("list=stolen"), alerted);
    assert_eq!(find("alert=rekor"), alerted);
    assert_eq!(find("candidate=%3DX0000002"), alerted);
    assert_eq!(find("plate=X0000002").0, 0, "it was not the best reading");
    assert_eq!(find("-list=stolen").0, 3);
    assert_eq!(find("alert=no&kind=plate").0, 2);
    // One character of each plate is another one.
    let near = format!("plate={}~1", payload::plate(2).replacen('2', "9", 1));
    assert!(find(&near).1.contains(&payload::plate(2)), "{near}");
    // The payloads are of 9:26 and the minutes after, UTC.
    assert_eq!(find("hour=9").0, 4);
    assert_eq!(find("-hour=9").0, 0);
    let days = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];
    let on: u64 = days.iter().map(|day| find(&format!("weekday={day}")).0).sum();
    assert_eq!(on, 4);
    let refused = harness.owner_api().get("/api/v1/captures?candidate=X0").expect(400).json();
    assert!(refused["error"]["message"].as_str().unwrap().contains("three known characters"));
}

#[test]
fn a_page_has_its_three_fields() {
    let harness = Harness::start();
    let answer = harness.owner_api().get("/api/v1/captures").expect(200).json();
    assert_eq!(answer["data"], json!([]));
    assert_eq!(answer["next"], Value::Null);
    assert_eq!(answer["total"], json!(0));
    harness.stored(&group(1));
    harness.stored(&vehicle(2));
    let answer = harness.owner_api().get("/api/v1/captures").expect(200).json();
    assert_eq!(answer["total"], json!(2));
    for row in answer["data"].as_array().unwrap() {
        let id = row["id"].as_str().expect("an id");
        let one = harness.owner_api().get(&format!("/api/v1/captures/{id}")).expect(200).json();
        let one = one.get("data").unwrap_or(&one);
        assert_eq!(one["id"], row["id"]);
    }
}

#[test]
fn filters_find_and_leave_out() {
    let harness = Harness::start();
    harness.stored(&group_with(1, &[("best_plate_number", json!("ABC123"))]));
    harness.stored(&group_with(2, &[("best_plate_number", json!("XYZ789"))]));
    let mut api = harness.owner_api();
    let mut count = |query: &str| {
        plates(&api.get(&format!("/api/v1/captures?{query}")).expect(200).json()).len()
    };
    for (query, wanted) in [
        ("plate=ABC123", 1),
        ("plate=abc123", 1),
        ("plate=AB*", 1),
        ("plate=A?C123", 1),
        ("plate=*789", 1),
        ("plate=NONE", 0),
        ("q=plate:XYZ789", 1),
        ("region=us-md", 2),
        ("region=us-va", 0),
    ] {
        assert_eq!(count(query), wanted, "{query}");
    }
}

#[test]
fn wrong_parameters_are_named() {
    let harness = Harness::start();
    let mut api = harness.owner_api();
    for query in ["limit=x", "limit=0", "limit=-1", "cursor=zz", "nonsense=1"] {
        let answer = api.get(&format!("/api/v1/captures?{query}"));
        assert_eq!(answer.status, 400, "{query}: {}", answer.text());
        let name = query.split('=').next().unwrap();
        let message = answer.json()["error"]["message"].to_string();
        assert!(message.contains(name), "{query}: {message}");
    }
    let many = "q=a&".repeat(201);
    for (query, part) in
        [("cursor=%00", "NUL"), ("cursor=%ff", "UTF-8"), (many.as_str(), "too many parameters")]
    {
        let answer = api.get(&format!("/api/v1/captures?{query}")).expect(400).json();
        let message = answer["error"]["message"].to_string();
        assert!(message.contains(part), "{query}: {message}");
    }
    for id in ["zz", "00000000000000000", "0000000000000001", "..", "%2e%2e", "-1"] {
        let answer = api.get(&format!("/api/v1/captures/{id}"));
        assert!(matches!(answer.status, 400 | 404), "{id}: {}", answer.status);
    }
}

#[test]
fn keys_open_it_and_nothing_else_does() {
    let harness = Harness::start();
    let id = harness.stored(&group(1));
    let image = format!("/api/v1/captures/{id}/images/plate");
    let one = format!("/api/v1/captures/{id}");
    for path in ["/api/v1/captures", "/api/v1/stats", &one, &image] {
        harness.owner_api().get(path).expect(200);
        let mut bearer = harness.anonymous();
        bearer.headers.push(("Authorization".to_owned(), format!("Bearer {}", harness.key)));
        bearer.get(path).expect(200);
        for header in ["X-Api-Key: wrong", "X-Api-Key: ", "Authorization: Bearer ", "Cookie: a=b"] {
            let (name, value) = header.split_once(": ").unwrap();
            let answer = harness.anonymous().request("GET", path, &[(name, value)], b"").unwrap();
            assert_eq!(answer.status, 401, "{path} {header}");
            assert!(answer.json()["error"]["code"].is_string());
        }
        let in_url = format!("{path}?api_key={}", harness.key);
        assert_ne!(harness.anonymous().get(&in_url).status, 200, "keys do not belong into URLs");
    }
}

#[test]
fn health_and_metrics() {
    let harness = Harness::start();
    let health = harness.anonymous().get("/healthz").expect(200);
    assert_eq!(health.text().trim(), "ok");
    harness.stored(&group(1));
    // Loopback may look without a key.
    let metrics = harness.anonymous().get("/metrics").expect(200);
    assert!(metrics.header("content-type").starts_with("text/plain"));
    for line in metrics.text().lines().filter(|line| !line.starts_with('#') && !line.is_empty()) {
        let value = line.rsplit(' ').next().unwrap_or("");
        assert!(value.parse::<f64>().is_ok(), "{line}");
    }
    assert!(metrics.text().contains("# TYPE"));
    assert!(!metrics.text().contains(&payload::plate(1)), "plates are no metric");
}

#[test]
fn the_description_is_served_and_matches_the_routes() {
    let harness = Harness::start();
    let description = harness.anonymous().get("/api/openapi.json").expect(200).json();
    let mut documented = BTreeSet::new();
    for (path, methods) in description["paths"].as_object().expect("paths") {
        for method in methods.as_object().expect("methods").keys() {
            documented.insert(format!("{} {}", method.to_uppercase(), shape(path)));
        }
    }
    let routed: BTreeSet<String> = routes()
        .into_iter()
        .filter(|(_, path, _)| path.starts_with("/api/"))
        .map(|(method, path, _)| format!("{method} {}", shape(&path)))
        .collect();
    assert_eq!(documented, routed, "assets/openapi.json (left) and ROUTES (right) differ");
    // Whatever has a part of its path to fill in can be asked with one that is malformed.
    for (path, methods) in description["paths"].as_object().unwrap() {
        for (method, operation) in methods.as_object().unwrap() {
            let refuses = operation["responses"].get("400").is_some();
            assert!(refuses || !path.contains('{'), "{method} {path} does not name 400");
        }
    }
    for route in ROUTES.iter().filter(|route| route.path.starts_with("/api/")) {
        let method = route.method.as_str().to_lowercase();
        let operation = &description["paths"][route.path][method.as_str()];
        let scope = json!([route.scope.name()]);
        let expected = match route.access {
            Access::Public => json!([]),
            _ => json!([{ "bearer": scope }, { "header": scope }]),
        };
        assert_eq!(operation["security"], expected, "{method} {}", route.path);
    }
}

/// A path with the names of its parameters left out.
fn shape(path: &str) -> String {
    let parts = path
        .trim_end_matches('/')
        .split('/')
        .map(|part| if part.starts_with(['{', ':', '<']) { "{}" } else { part });
    parts.collect::<Vec<_>>().join("/")
}
