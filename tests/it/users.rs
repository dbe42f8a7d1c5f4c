//! Accounts of a whole box: made, changed, suspended, given passwords, by whom and by whom not.

use openalpr_webhook::model::user::Role;

use crate::harness::binary::PASSWORD;
use crate::harness::client::Client;
use crate::harness::payload::group;
use crate::harness::{Harness, SIGN_IN, WEBHOOK};

const PAGE: &str = "/settings/users";
const OWN: &str = "a sentence of my very own";

/// The one text that a page shows only now.
#[track_caller]
fn shown_once(html: &str) -> String {
    let (_, rest) = html.split_once("id=\"secret\">").expect("something is shown once");
    crate::harness::html::unescape(rest.split('<').next().unwrap())
}

fn add(client: &mut Client, username: &str, role: &str) -> crate::harness::client::Response {
    let email = format!("{username}@example.org");
    client.submit(
        PAGE,
        PAGE,
        &[
            ("username", username),
            ("email", &email),
            ("organisation", "Gate & Sons"),
            ("role", role),
        ],
    )
}

#[test]
fn a_new_user_has_to_choose_a_password_first() {
    let harness = Harness::start();
    let mut owner = harness.owner();
    let temporary = shown_once(&add(&mut owner, "uwe", "user").expect(200).text());
    assert_eq!(temporary.len(), 16);
    let mut uwe = harness.anonymous();
    harness.sign_in(&mut uwe, "uwe", &temporary).expect(303);
    for path in ["/", "/search", "/api/v1/captures"] {
        let answer = uwe.get(path).expect(303);
        assert!(answer.header("location").starts_with("/profile"), "{path}");
    }
    let token = uwe.token("/profile");
    let answer = uwe.post_form("/profile/keys", &[("csrf", &token)]).expect(303);
    assert!(answer.header("location").starts_with("/profile?done=change"));
    let change = |uwe: &mut Client, password: &str| {
        uwe.submit(
            "/profile",
            "/profile/password",
            &[("current", &temporary), ("password", password)],
        )
    };
    change(&mut uwe, &temporary).expect(422);
    change(&mut uwe, OWN).expect(303);
    uwe.get("/search").expect(200);
    let list = harness.owner_api().get("/api/v1/users").expect(200).text();
    assert!(list.contains("Gate & Sons") && !list.contains("argon2"), "{list}");
    for bad in ["uwe", "", "a b", "-"] {
        let status = add(&mut owner, bad, "user").status;
        assert!(status == 422 || (bad == "-" && status == 200), "{bad}: {status}");
    }
    for role in ["super", "king", ""] {
        add(&mut owner, "new", role).expect(422);
    }
    let found = owner.get("/settings/users?q=GATE").expect(200).text();
    assert!(found.contains("uwe") && !found.contains("owner@example.org"), "{found}");
}

#[test]
fn suspension_stops_sessions_and_keys_at_once() {
    let harness = Harness::with_accounts(&["uwe"]);
    harness.set_post_auth("users");
    let (mut owner, mut uwe) = (harness.owner(), harness.signed_in("uwe"));
    let key = harness.keys[0].clone();
    let post =
        |number| harness.api(&key).post_json(WEBHOOK, group(number).to_string().as_bytes()).status;
    assert_eq!(post(1), 200);
    let one = "/settings/users/2";
    owner.submit(one, "/settings/users/2/status", &[("status", "suspended")]).expect(303);
    uwe.get("/search").expect(303);
    assert_eq!(post(2), 403);
    harness.api(&key).get("/api/v1/captures").expect(401);
    harness.sign_in(&mut uwe, "uwe", PASSWORD).expect(401);
    owner.submit(one, "/settings/users/2/status", &[("status", "active")]).expect(303);
    assert_eq!(post(2), 200);
    let token = owner.token(one);
    owner
        .post_form("/settings/users/2/status", &[("csrf", &token), ("status", "gone")])
        .expect(400);
}

#[test]
fn a_link_works_once_for_a_day_and_for_nobody_suspended() {
    let harness = Harness::with_accounts(&["uwe"]);
    let mut owner = harness.owner();
    let make = |owner: &mut Client| {
        let page =
            owner.submit("/settings/users/2", "/settings/users/2/link", &[]).expect(200).text();
        let link = shown_once(&page);
        link.split_once("/reset/").map(|(_, token)| format!("/reset/{token}")).expect("a link")
    };
    let set = |path: &str, password: &str| {
        let mut stranger = harness.anonymous();
        stranger.post_form(path, &[("password", password)]).status
    };
    let (old, link) = (make(&mut owner), make(&mut owner));
    harness.anonymous().get(&old).expect(404);
    harness.signed_in("uwe");
    assert_eq!(set(&link, "short"), 422);
    assert_eq!(set(&link, OWN), 303);
    assert_eq!(set(&link, "another sentence of mine"), 404, "used twice");
    let mut uwe = harness.anonymous();
    harness.sign_in(&mut uwe, "uwe", PASSWORD).expect(401);
    harness.sign_in(&mut uwe, "uwe", OWN).expect(303);
    let link = make(&mut owner);
    uwe.get("/search").expect(200);
    harness.clock.advance_ms(24 * 3600 * 1000 + 1);
    assert_eq!(set(&link, OWN), 404, "over");
    let mut owner = harness.owner();
    let link = make(&mut owner);
    harness.suspend("uwe");
    assert_eq!(set(&link, OWN), 404, "suspended");
    for guess in ["/reset/x", "/reset/%00", &format!("/reset/{}", "a".repeat(43))] {
        let status = harness.anonymous().get(guess).status;
        assert!(matches!(status, 400 | 404), "{guess}: {status}");
    }
    let audit = harness.owner_api().get("/api/v1/audit").expect(200).text();
    let token = link.trim_start_matches("/reset/");
    assert!(audit.contains("reset_link_used") && !audit.contains(token));
    for file in harness.files() {
        let bytes = std::fs::read(&file).unwrap();
        assert!(!bytes.windows(token.len()).any(|part| part == token.as_bytes()));
    }
}

/// Object level: which account may do what to which other.
#[test]
fn nobody_changes_his_equals_or_betters() {
    let harness = Harness::with_accounts(&["anna", "otto", "uwe"]);
    harness.set_role("anna", Role::Admin);
    harness.set_role("otto", Role::Admin);
    let number = |name: &str| {
        ["owner", "anna", "otto", "uwe"].iter().position(|it| *it == name).unwrap() + 1
    };
    let attempt = |who: &str, whom: &str, what: &str, field: (&str, &str)| {
        let mut client = harness.signed_in(who);
        let token = client.token("/profile");
        let email = ("email", "new@example.org");
        let path = format!("/settings/users/{}{what}", number(whom));
        client.post_form(&path, &[("csrf", &token), email, field]).status
    };
    for (who, whom, expected) in [
        ("anna", "owner", 422),
        ("anna", "otto", 422),
        ("anna", "anna", 422),
        ("uwe", "uwe", 403),
        ("uwe", "owner", 403),
        ("owner", "owner", 422),
    ] {
        for (what, field) in [
            ("/status", ("status", "suspended")),
            ("/password", ("", "")),
            ("/link", ("", "")),
            ("", ("role", "viewer")),
        ] {
            let status = attempt(who, whom, what, field);
            assert_eq!(status, expected, "{who} does {what:?} to {whom}");
        }
    }
    for role in ["super", "admin"] {
        assert_eq!(attempt("anna", "uwe", "", ("role", role)), 422, "anna makes uwe {role}");
        assert_eq!(
            attempt("anna", "anna", "", ("role", role)),
            if role == "admin" { 303 } else { 422 }
        );
    }
    assert_eq!(attempt("owner", "uwe", "", ("role", "super")), 422);
    assert_eq!(attempt("anna", "uwe", "", ("role", "viewer")), 303);
    assert_eq!(attempt("owner", "uwe", "", ("role", "admin")), 303);
    let list = harness.owner_api().get("/api/v1/users").expect(200).json();
    let roles: Vec<&str> =
        list["data"].as_array().unwrap().iter().filter_map(|it| it["role"].as_str()).collect();
    assert_eq!(roles, ["super", "admin", "admin", "admin"]);
    harness.owner().get("/settings/users/99").expect(404);
    harness.anonymous().get(SIGN_IN).expect(200);
}
