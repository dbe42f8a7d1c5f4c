//! Who may do what: every route against every kind of caller, as one golden table.

use std::fmt::Write as _;

use openalpr_webhook::model::api_key::Scope;
use openalpr_webhook::model::user::Role;
use openalpr_webhook::web::routes::{ROUTES, Route};

use crate::harness::client::Client;
use crate::harness::payload::group;
use crate::harness::{Harness, SIGN_IN, golden, routes};

/// Columns of the table: a browser of each role, and programs with keys: one of a user, one of a
/// suspended account, and keys of the owner that are for one thing only.
const CALLERS: [&str; 11] = [
    "anonymous",
    "viewer",
    "user",
    "admin",
    "super",
    "key",
    "suspended",
    "post",
    "read",
    "export",
    "write",
];
/// The first column of a key for one thing only.
const SCOPED: usize = 7;

/// Paths anybody may see.
const PUBLIC: [&str; 9] = [
    "/healthz",
    "/metrics",
    "/sign-in",
    "/api/openapi.json",
    "/static/",
    "/trust",
    "/.well-known/security.txt",
    "/favicon.ico",
    "/robots.txt",
];

fn fill(path: &str, id: &str) -> String {
    let parts =
        path.split('/').map(|part| match part.trim_matches(['{', '}', ':', '*', '<', '>']) {
            _ if !part.starts_with(['{', ':', '*', '<']) => part.to_owned(),
            "id" | "capture" | "key" => id.to_owned(),
            "kind" => "plate".to_owned(),
            "plate" => "AB1".to_owned(),
            _ => "x".to_owned(),
        });
    parts.collect::<Vec<_>>().join("/")
}

fn ask(harness: &Harness, client: &mut Client, method: &str, path: &str) -> u16 {
    let status = if method == "GET" || method == "HEAD" {
        client.request(method, path, &[], b"").expect("an answer").status
    } else {
        // The browser's own evidence is right, so that the role alone decides.
        client.send_form(method, path, &[]).status
    };
    if path == SIGN_IN && method == "POST" {
        // A quiet day forgets wrong tries before the next cell.
        harness.clock.advance_ms(25 * 3_600_000);
    }
    status
}

#[test]
fn every_route_answers_every_caller_as_written_down() {
    let names = ["vera", "ulla", "anna", "susi"];
    let harness = Harness::with_accounts(&names);
    harness.set_role("vera", Role::Viewer);
    harness.set_role("anna", Role::Admin);
    harness.set_post_auth("users");
    let id = harness.stored(&group(1));
    harness.suspend("susi");
    let scoped = Scope::ALL.map(|scope| harness.make_key("owner", &[scope]));
    let people = ["", "vera", "ulla", "anna", "owner"];

    let mut all = routes();
    all.sort();
    // Keys first: some pages give their owner a new one.
    let mut table: Vec<(String, String, String, Vec<u16>)> = all
        .into_iter()
        .map(|(method, path, access)| {
            let target = fill(&path, &id);
            let keys = [&harness.keys[1], &harness.keys[3]].into_iter().chain(&scoped);
            let cells = keys.map(|key| ask(&harness, &mut harness.api(key), &method, &target));
            let cells = cells.collect();
            (method, path, access, cells)
        })
        .collect();
    for (caller, name) in people.iter().enumerate() {
        let mut client = harness.anonymous();
        for (method, path, _, cells) in &mut table {
            // Signing out, or a new password, ends the session: start each cell with one.
            if !name.is_empty() && (method != "GET" || client.cookies.is_empty()) {
                client = harness.signed_in(name);
            }
            let status = ask(&harness, &mut client, method, &fill(path, &id));
            cells.insert(caller, status);
        }
    }
    let mut text = format!("{:<8}{:<44}{:<12}{}\n", "", "", "access", CALLERS.join(" "));
    for (method, path, access, cells) in &table {
        let cells: Vec<String> = cells.iter().map(u16::to_string).collect();
        let _ = writeln!(text, "{method:<8}{path:<44}{access:<12}{}", cells.join(" "));
    }
    rules_hold(&table);
    golden::check("access.txt", &text);
}

/// What must be true whatever the golden file says.
fn rules_hold(table: &[(String, String, String, Vec<u16>)]) {
    let mut problems = Vec::new();
    for (method, path, access, cells) in table {
        let row = format!("{method} {path} ({access}): {cells:?}");
        let public = PUBLIC.iter().any(|start| path.starts_with(start));
        if cells[0] == 200 && !public && !path.starts_with("/setup") {
            problems.push(format!("{row}: anybody gets in"));
        }
        if method != "GET" && cells[0] < 300 {
            problems.push(format!("{row}: anybody changes something"));
        }
        if cells[6] == 200 && !public {
            problems.push(format!("{row}: the key of a suspended account opens it"));
        }
        if cells.iter().any(|status| *status >= 500) {
            problems.push(format!("{row}: server error"));
        }
        for (cell, scope) in cells.iter().skip(SCOPED).zip(Scope::ALL) {
            let open = cells[0] == *cell || *cell == 403 || (*cell >= 300 && *cell < 400);
            let matches = |route: &&Route| {
                route.method.as_str() == method && route.path == path && route.scope == scope
            };
            if !open && !ROUTES.iter().any(|route| matches(&route)) {
                problems.push(format!("{row}: a key for {} opens it", scope.name()));
            }
        }
        let settings = path.starts_with("/settings");
        if settings && (cells[1] == 200 || cells[2] == 200 || cells[5] == 200) {
            problems.push(format!("{row}: settings are for administrators"));
        }
    }
    assert!(problems.is_empty(), "\n{}", problems.join("\n"));
}

#[test]
fn unknown_paths_and_methods_are_refused() {
    let harness = Harness::start();
    harness.anonymous().get("/nothing/here").expect(404);
    for (method, path) in
        [("TRACE", "/"), ("DELETE", "/"), ("PUT", "/api/webhook"), ("GET", "/api/webhook")]
    {
        let answer = harness.owner_api().request(method, path, &[], b"").unwrap();
        assert!(
            matches!(answer.status, 400 | 404 | 405 | 501),
            "{method} {path}: {}",
            answer.status
        );
    }
    let trace = harness.anonymous().request("TRACE", "/healthz", &[], b"").unwrap().expect(405);
    assert_eq!(trace.header("Allow"), "GET, HEAD");
    let head = harness.anonymous().request("HEAD", "/healthz", &[], b"").unwrap().expect(200);
    assert!(head.body.is_empty());
}

#[test]
fn paths_cannot_climb() {
    let harness = Harness::start();
    let mut owner = harness.owner();
    for path in [
        "/static/../Cargo.toml",
        "/static/..%2fCargo.toml",
        "/static/%2e%2e/%2e%2e/etc/passwd",
        "/static//etc/passwd",
        "/captures/../profile",
        "/static/%00",
    ] {
        let answer = owner.get(path);
        assert!(matches!(answer.status, 400 | 404), "{path}: {}", answer.status);
    }
}

#[test]
fn a_fresh_box_leads_everybody_to_set_up_and_a_set_up_one_nobody() {
    let fresh = Harness::fresh();
    let (path, page) = fresh.anonymous().visit("/");
    assert!(path.starts_with("/setup") && page.status == 200, "{path}: {}", page.status);
    fresh.anonymous().get("/healthz").expect(200);
    let refused = fresh.api("x").post_json("/api/webhook", b"{}").status;
    assert!(matches!(refused, 401 | 403 | 503), "{refused}");

    let (key, mut owner) = fresh.set_up();
    owner.get("/").expect(200);
    fresh.api(&key).post_json("/api/webhook", group(1).to_string().as_bytes()).expect(200);
    let status = owner.get("/setup/status").expect(200).json();
    assert_eq!(status["received"], true, "{status}");

    let (path, page) = fresh.anonymous().visit("/setup");
    let closed = !path.starts_with("/setup") || page.status >= 400;
    assert!(closed, "set-up is open twice: {path}: {}", page.status);
    let taken = fresh.anonymous().post_form(
        "/setup",
        &[
            ("username", "mallory"),
            ("email", "mallory@example.org"),
            ("password", "a long enough password"),
        ],
    );
    assert!(taken.status >= 300, "{}", taken.status);
    let mut mallory = fresh.anonymous();
    let answer = fresh.sign_in(&mut mallory, "mallory", "a long enough password");
    assert_ne!(answer.status, 303);
}

/// What is answered under a name that is not the box's, before anybody is asked who he is.
#[test]
fn foreign_names_are_answered_as_written_down() {
    let harness = Harness::start();
    let mut all = routes();
    all.sort();
    let mut text = String::new();
    for (method, path, _) in all {
        let host = [("Host", "evil.example")];
        let answer = harness.anonymous().request(&method, &fill(&path, "x"), &host, b"");
        let status = answer.expect("an answer").status;
        let _ = writeln!(text, "{method:<8}{path:<44}{status}");
        let exempt = path.starts_with("/api/webhook") || path == "/healthz";
        assert!(status == 421 || exempt, "{method} {path} under a foreign name: {status}");
    }
    golden::check("door.txt", &text);
}
