//! The audit log of a whole box: what people and programs do leaves its line, with before and
//! after, without secrets, and the chain holds over restarts.

use serde_json::Value;

use crate::harness::binary::{PASSWORD, run};
use crate::harness::payload::{group, plate};
use crate::harness::{Harness, SIGN_IN};
use openalpr_webhook::model::user::Role;

/// The newest entries, as the API tells them.
#[track_caller]
fn entries(harness: &Harness, filter: &str) -> Vec<Value> {
    let path = format!("/api/v1/audit?limit=200{filter}");
    let answer = harness.owner_api().get(&path).expect(200).json();
    answer["data"].as_array().expect("a list").clone()
}

/// `action object` of the newest entries, oldest first.
fn told(entries: &[Value]) -> Vec<String> {
    let text = |it: &Value, name: &str| it[name].as_str().unwrap_or("").to_owned();
    entries
        .iter()
        .rev()
        .map(|it| format!("{} {}", text(it, "action"), text(it, "object")))
        .collect()
}

#[test]
fn every_action_leaves_its_line() {
    let harness = Harness::with_accounts(&["ulla"]);
    let id = harness.stored(&group(1));
    let mut anonymous = harness.anonymous();
    harness.sign_in(&mut anonymous, "owner", "not the password").expect(401);
    harness.sign_in(&mut anonymous, "the secret I meant to type below", "x").expect(401);
    let mut owner = harness.owner();
    owner.get(&format!("/search?q=plate:{}", plate(1))).expect(200);
    owner.get(&format!("/captures/{id}")).expect(200);
    owner.get(&format!("/captures/{id}/raw")).expect(200);
    owner.submit("/settings/webhook", "/settings/webhook", &[("post_auth", "users")]).expect(303);
    let key = &[("key_name", "Scout"), ("scope", "post")];
    owner.submit("/profile", "/profile/keys", key).expect(200);
    owner.submit("/profile", "/profile", &[("name", "Olive")]).expect(303);
    harness.signed_in("ulla").get("/settings/webhook").expect(403);
    let token = owner.token("/profile");
    owner.post_form("/sign-out", &[("csrf", &token)]).expect(303);

    let mut admin = harness.owner();
    let page = admin.get("/audit").expect(200).text();
    assert!(page.contains("Settings changed") && page.contains("general.post_auth"), "{page}");
    let lines = admin.get("/audit/export?format=jsonl").expect(200).text();
    let mut all: Vec<Value> =
        lines.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    let told = told(&all);
    let expected = [
        "user_added owner",
        "user_added ulla",
        "sign_in_failed owner",
        "sign_in_failed unknown name",
        "sign_in ",
        &format!("search plate:{}", plate(1)),
        &format!("view_capture {id}"),
        &format!("view_raw {id}"),
        "settings_changed ",
        "key_made Scout",
        "profile_changed ",
        "sign_in ",
        "denied GET /settings/webhook",
        "sign_out ",
        "sign_in ",
        "export audit.jsonl",
    ];
    assert_eq!(told, expected, "{told:#?}");
    all.reverse();
    let change = &all[8]["changes"][0];
    assert_eq!((&change["before"], &change["after"]), (&"admins".into(), &"users".into()));
    assert_eq!(all[6]["note"], plate(1));
    assert_eq!((&all[4]["who"], &all[4]["address"]), (&"owner".into(), &"127.0.0.1".into()));
    assert_eq!((&all[0]["who"], &all[0]["address"]), (&"console".into(), &"".into()));
    for secret in [PASSWORD, &harness.key, "not the password", "the secret I meant"] {
        assert!(!lines.contains(secret), "{secret}");
    }
}

#[test]
fn looking_and_printing_are_noted_with_who_and_what() {
    let harness = Harness::with_accounts(&["ulla"]);
    let id = harness.stored(&group(1));
    harness.post_read(&crate::harness::payload::alert(1)).expect(200);
    let alerts = harness.owner_api().get("/api/v1/alerts/rekor").expect(200).json();
    let alert = alerts["data"][0]["id"].as_str().expect("an alert").to_owned();
    let mut ulla = harness.signed_in("ulla");
    ulla.get(&format!("/captures/{id}")).expect(200);
    ulla.get(&format!("/captures/{id}/print")).expect(200);
    ulla.get(&format!("/alerts/rekor/{alert}/print")).expect(200);
    ulla.get("/captures/ffffffffffffffff/print").expect(404);
    // What changes nothing goes to disk with the next commit, here that of a sign-in.
    harness.owner();
    assert_eq!(
        told(&entries(&harness, "&who=ulla&action=view_capture")),
        [format!("view_capture {id}")]
    );
    let prints = entries(&harness, "&who=ulla&action=print");
    assert_eq!(told(&prints), [format!("print {id}"), format!("print alert {alert}")]);
    assert_eq!(
        (&prints[1]["note"], &prints[1]["address"]),
        (&plate(1).into(), &"127.0.0.1".into())
    );
}

#[test]
fn how_long_it_is_kept_is_a_setting() {
    let harness = Harness::start();
    let mut owner = harness.owner();
    let (page, action) = ("/settings/general", "/settings/retention");
    for bad in ["", "29", "3651", "a year", "-30"] {
        let answer = owner.submit(page, action, &[("audit_days", bad)]).expect(422).text();
        assert!(answer.contains("Give a whole number from 30 to 3650."), "{bad}: {answer}");
    }
    owner.submit(page, action, &[("audit_days", "90")]).expect(303);
    assert!(owner.get("/audit").expect(200).text().contains("Kept for 90 days"));
    let changed = entries(&harness, "&action=settings_changed");
    let change = &changed[0]["changes"][0];
    assert_eq!(change["field"], "retention.audit_days");
    assert_eq!((&change["before"], &change["after"]), (&"365".into(), &"90".into()));
}

#[test]
fn a_look_costs_no_commit_of_its_own_and_survives_a_stop() {
    let mut harness = Harness::start();
    let id = harness.stored(&group(1));
    let mut owner = harness.owner();
    for _ in 0..5 {
        owner.get(&format!("/captures/{id}")).expect(200);
    }
    harness.stop();
    let data = harness.directory().to_str().expect("a path").to_owned();
    let output = run(&["check", "--data", &data], "");
    let output = String::from_utf8_lossy(&output.stdout);
    assert!(output.contains("audit log: ok"), "{output}");
    harness.restart();
    let views = entries(&harness, "&action=view_capture");
    let times: u64 = views.iter().filter_map(|it| it["times"].as_u64()).sum();
    assert_eq!(times, 5, "{views:?}");
    assert!(views.len() <= 2, "repeats are one entry: {views:?}");
}

#[test]
fn filters_pages_and_exports() {
    let harness = Harness::with_accounts(&["anna"]);
    harness.set_role("anna", Role::Admin);
    let mut anna = harness.signed_in("anna");
    for text in ["=1+1", "camera:gate", "<script>alert(1)</script>"] {
        let query = crate::harness::client::percent(text);
        anna.get(&format!("/search?q={query}")).expect(200);
    }
    let found = entries(&harness, "&who=ann&text=GATE");
    assert_eq!(told(&found).len(), 0, "camera:gate is no camera: the search was refused");
    anna.get("/search?q=plate:GATE").expect(200);
    anna.get("/audit/export?format=csv&who=nobody").expect(200);
    assert_eq!(told(&entries(&harness, "&who=ann&text=gAtE")), ["search plate:GATE"]);
    assert_eq!(entries(&harness, "&address=10.").len(), 0);
    assert_eq!(entries(&harness, "&from=2001-01-01&to=2001-01-02").len(), 0);
    for bad in ["&from=yesterday", "&action=dance", "&colour=red", "&before=x"] {
        let path = format!("/api/v1/audit?limit=5{bad}");
        harness.owner_api().get(&path).expect(400);
    }
    let page = anna.get("/audit?from=yesterday").expect(422).text();
    assert!(page.contains("Give a day such as"), "{page}");
    let all = entries(&harness, "");
    let (mut numbers, mut before) = (Vec::new(), String::new());
    loop {
        let path = format!("/api/v1/audit?limit=2{before}");
        let answer = harness.owner_api().get(&path).expect(200).json();
        let rows = answer["data"].as_array().expect("a list");
        numbers.extend(rows.iter().filter_map(|it| it["number"].as_u64()));
        match answer["next"].as_u64() {
            Some(next) => before = format!("&before={next}"),
            None => break,
        }
    }
    assert_eq!(numbers.len(), all.len());
    assert!(numbers.windows(2).all(|pair| pair[0] == pair[1] + 1), "{numbers:?}");
    let csv = anna.get("/audit/export?format=csv").expect(200);
    assert_eq!(csv.header("content-disposition"), "attachment; filename=\"audit.csv\"");
    assert!(csv.text().starts_with("number,time,user,who,action,"), "{}", csv.text());
    anna.get("/audit/export?format=xlsx").expect(400);
}

#[test]
fn users_and_viewers_do_not_see_it() {
    let harness = Harness::with_accounts(&["ulla"]);
    let mut ulla = harness.signed_in("ulla");
    for path in ["/audit", "/audit/export?format=csv", "/api/v1/audit"] {
        ulla.get(path).expect(403);
    }
    harness.api(&harness.keys[0]).get("/api/v1/audit").expect(403);
    assert!(harness.anonymous().get(SIGN_IN).status == 200);
}
