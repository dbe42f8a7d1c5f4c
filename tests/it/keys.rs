//! API keys of a whole box: made, shown once, used for what they are for, replaced, revoked.

use openalpr_webhook::model::api_key::Scope;

use crate::harness::client::{Client, Response};
use crate::harness::payload::group;
use crate::harness::{Harness, WEBHOOK, html};

const PROFILE: &str = "/profile";

fn make(client: &mut Client, fields: &[(&str, &str)]) -> Response {
    client.submit(PROFILE, "/profile/keys", fields)
}

/// The key that a page shows only now.
#[track_caller]
fn shown_once(page: &Response) -> String {
    let text = page.text();
    let (_, rest) = text.split_once("id=\"api-key\">").expect("a key is shown once");
    html::unescape(rest.split('<').next().unwrap())
}

/// The ids of the keys on a page, in order.
fn ids(page: &str) -> Vec<String> {
    let parts = page.split("/revoke\"").filter_map(|part| part.rsplit_once("/keys/"));
    parts.map(|(_, id)| id.to_owned()).filter(|id| id.len() == 16).collect()
}

/// The id of the key called `name` on a page.
#[track_caller]
fn id_of(page: &str, name: &str) -> String {
    let (before, _) = page.split_once(&format!("aria-label=\"Revoke {name}\"")).expect("listed");
    ids(before).pop().expect("an id")
}

#[test]
fn a_key_does_what_it_is_for_and_nothing_else() {
    let harness = Harness::start();
    let mut owner = harness.owner();
    let post =
        shown_once(&make(&mut owner, &[("key_name", "Scout"), ("scope", "post")]).expect(200));
    assert!(!owner.get(PROFILE).expect(200).text().contains(&post), "shown only once");
    let posted = |key: &str, number| {
        let body = group(number).to_string();
        harness.api(key).post_json(WEBHOOK, body.as_bytes()).status
    };
    assert_eq!(posted(&post, 1), 200);
    let in_path = harness
        .anonymous()
        .post_json(&format!("{WEBHOOK}/{post}"), group(2).to_string().as_bytes());
    in_path.expect(200);
    for path in ["/api/v1/captures", "/api/v1/export?format=csv", "/api/v1/users", "/api/v1/audit"]
    {
        let answer = harness.api(&post).get(path).expect(403).json();
        let message = answer["error"]["message"].as_str().unwrap();
        assert!(message.contains("lacks the scope"), "{path}: {message}");
    }
    let change = |key: &str| {
        let body = br#"{"tags":["fleet"]}"#;
        let json = [("Content-Type", "application/json")];
        harness.api(key).request("PUT", "/api/v1/plates/AB1", &json, body).unwrap().status
    };
    let look = |key: &str| harness.api(key).get("/api/v1/captures").status;
    let take = |key: &str| harness.api(key).get("/api/v1/export?format=csv").status;
    for scope in Scope::ALL {
        let key = harness.make_key("owner", &[scope]);
        let does = [posted(&key, 3), look(&key), take(&key), change(&key)];
        for (other, status) in Scope::ALL.into_iter().zip(does) {
            let expected = if other == scope { 200 } else { 403 };
            assert_eq!(status, expected, "{} with a key for {}", other.name(), scope.name());
        }
    }
    let denied = harness.owner_api().get("/api/v1/audit?action=denied").expect(200).text();
    assert!(denied.contains("key without read"), "{denied}");
}

#[test]
fn several_keys_live_side_by_side_until_replaced_or_revoked() {
    let harness = Harness::start();
    let mut owner = harness.owner();
    let first = harness.key.clone();
    let fields = [("key_name", "Night export"), ("scope", "read"), ("scope", "export")];
    let second = shown_once(&make(&mut owner, &fields).expect(200));
    let works = |key: &str| harness.api(key).get("/api/v1/captures").status == 200;
    assert!(works(&first) && works(&second));
    let page = owner.get(PROFILE).expect(200).text();
    assert_eq!(ids(&page).len(), 2, "{page}");
    assert!(page.contains("Night export") && page.contains(&second[second.len() - 4..]));

    let rotate = format!("/profile/keys/{}/rotate", id_of(&page, "Night export"));
    let third = shown_once(&owner.submit(PROFILE, &rotate, &[]).expect(200));
    assert!(works(&first) && !works(&second) && works(&third));
    let no_post = harness.api(&third).post_json(WEBHOOK, group(1).to_string().as_bytes());
    no_post.expect(403);
    let token = owner.token(PROFILE);
    owner.post_form(&rotate, &[("csrf", &token)]).expect(404);
    let revoke = format!("/profile/keys/{}/revoke", id_of(&page, "API key"));
    owner.submit(PROFILE, &revoke, &[]).expect(303);
    assert!(!works(&first) && works(&third));
    let audit = owner.get("/audit/export?format=csv").expect(200).text();
    for action in ["key_made", "key_rotated", "key_revoked"] {
        assert!(audit.contains(action), "{action}");
    }
    for key in [&first, &second, &third] {
        assert!(!audit.contains(key.as_str()));
    }
}

#[test]
fn wrong_forms_make_no_key() {
    let harness = Harness::with_accounts(&["vera"]);
    let mut owner = harness.owner();
    let long = "x".repeat(41);
    for (name, scope, part) in [
        ("", "post", "a name of 1 to 40"),
        ("  ", "post", "a name of 1 to 40"),
        (long.as_str(), "post", "a name of 1 to 40"),
        ("API key", "post", "has that name already"),
        ("<script>alert(1)</script>", "", "choose what the key"),
    ] {
        let mut fields = vec![("key_name", name)];
        if !scope.is_empty() {
            fields.push(("scope", scope));
        }
        let page = make(&mut owner, &fields).expect(422).text();
        assert!(page.to_lowercase().contains(part), "{name}: {page}");
        assert!(!page.contains("<script>alert"));
    }
    make(&mut owner, &[("key_name", "x"), ("scope", "everything")]).expect(400);
    harness.set_role("vera", openalpr_webhook::model::user::Role::Viewer);
    let mut vera = harness.signed_in("vera");
    let page = vera.get(PROFILE).expect(200).text();
    assert!(!page.contains("value=\"export\""), "a viewer is not offered what he may not do");
    make(&mut vera, &[("key_name", "x"), ("scope", "export")]).expect(422);
    make(&mut vera, &[("key_name", "x"), ("scope", "read")]).expect(200);
    let page = owner.get(PROFILE).expect(200).text();
    assert_eq!(ids(&page).len(), 1);
}

#[test]
fn administrators_end_keys_of_those_below_them_only() {
    let harness = Harness::with_accounts(&["anna", "uwe"]);
    harness.set_role("anna", openalpr_webhook::model::user::Role::Admin);
    let (mut owner, mut anna) = (harness.owner(), harness.signed_in("anna"));
    let page = anna.get("/settings/users/3").expect(200).text();
    let id = ids(&page).remove(0);
    let owners = ids(&owner.get(PROFILE).expect(200).text()).remove(0);
    let end = |client: &mut Client, user: u32, id: &str| {
        let token = client.token(PROFILE);
        let path = format!("/settings/users/{user}/keys/{id}/revoke");
        client.post_form(&path, &[("csrf", &token)]).status
    };
    assert_eq!(end(&mut anna, 1, &owners), 422);
    assert_eq!(
        end(&mut anna, 3, &owners),
        422,
        "a key of somebody else under a name one may touch"
    );
    assert_eq!(end(&mut harness.signed_in("uwe"), 3, &id), 403);
    harness.owner_api().get("/api/v1/agents").expect(200);
    harness.api(&harness.keys[1]).get("/api/v1/agents").expect(200);
    assert_eq!(end(&mut anna, 3, &id), 303);
    harness.api(&harness.keys[1]).get("/api/v1/agents").expect(401);
    assert_eq!(end(&mut anna, 3, &id), 422);
}
