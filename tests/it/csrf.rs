//! No state change without proof that our own page asked for it.

use crate::harness::Harness;
use crate::harness::client::{Client, urlencoded};

#[derive(Clone, Copy, Debug, PartialEq)]
enum Proof {
    Right,
    Wrong,
    Absent,
}

const PROOFS: [Proof; 3] = [Proof::Right, Proof::Wrong, Proof::Absent];

/// Asks for another name on the profile; returns whether it took effect, and the status.
fn rename(
    client: &mut Client,
    token: &str,
    origin: Proof,
    site: Proof,
    form: Proof,
    name: &str,
) -> (bool, u16) {
    let own = format!("http://{}", client.address);
    let mut headers = vec![("Content-Type", "application/x-www-form-urlencoded")];
    match origin {
        Proof::Right => headers.push(("Origin", &own)),
        Proof::Wrong => headers.push(("Origin", "http://evil.example")),
        Proof::Absent => {}
    }
    match site {
        Proof::Right => headers.push(("Sec-Fetch-Site", "same-origin")),
        Proof::Wrong => headers.push(("Sec-Fetch-Site", "cross-site")),
        Proof::Absent => {}
    }
    let mut fields = vec![("name", name), ("email", "owner@example.org"), ("time_zone", "UTC")];
    match form {
        Proof::Right => fields.push(("csrf", token)),
        Proof::Wrong => fields.push(("csrf", "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA")),
        Proof::Absent => {}
    }
    let body = urlencoded(&fields);
    let status =
        client.request("POST", "/profile", &headers, body.as_bytes()).expect("an answer").status;
    (client.get("/profile").text().contains(name), status)
}

#[test]
fn one_wrong_proof_or_none_changes_nothing() {
    let harness = Harness::start();
    let mut owner = harness.owner();
    let token = owner.token("/profile");
    let mut number = 0;
    for origin in PROOFS {
        for site in PROOFS {
            // A browser does not call a foreign origin its own.
            if (origin, site) == (Proof::Wrong, Proof::Right) {
                continue;
            }
            for form in PROOFS {
                number += 1;
                let name = format!("Name {number:03}");
                let (changed, status) = rename(&mut owner, &token, origin, site, form, &name);
                let proofs = [origin, site, form];
                let wanted = proofs.contains(&Proof::Right) && !proofs.contains(&Proof::Wrong);
                let what = format!("origin {origin:?}, site {site:?}, token {form:?}: {status}");
                // Origin right is overruled by the browser's own word only.
                if origin == Proof::Wrong && site == Proof::Absent || site == Proof::Wrong {
                    assert!(!changed && status == 403, "{what}");
                } else {
                    assert_eq!(changed, wanted, "{what}");
                }
            }
        }
    }
}

#[test]
fn tokens_belong_to_their_session() {
    let harness = Harness::with_accounts(&["ulla"]);
    let foreign = harness.signed_in("ulla").token("/profile");
    let mut owner = harness.owner();
    let (changed, status) =
        rename(&mut owner, &foreign, Proof::Absent, Proof::Absent, Proof::Right, "Foreign");
    assert!(!changed && status == 403, "{status}");
}

#[test]
fn signing_in_needs_proof_too() {
    let harness = Harness::start();
    let fields = [("username", "owner"), ("password", crate::harness::binary::PASSWORD)];
    let body = urlencoded(&fields);
    let kind = ("Content-Type", "application/x-www-form-urlencoded");
    for evidence in
        [("Origin", "http://evil.example"), ("Sec-Fetch-Site", "cross-site"), ("X-No", "proof")]
    {
        let mut client = harness.anonymous();
        let answer =
            client.request("POST", "/sign-in", &[kind, evidence], body.as_bytes()).unwrap();
        assert_eq!(answer.status, 403, "{evidence:?}");
        assert_ne!(client.get("/").status, 200, "{evidence:?}");
    }
}

#[test]
fn reading_changes_nothing() {
    let harness = Harness::start();
    let mut owner = harness.owner();
    for path in ["/sign-out", "/profile/keys", "/profile/sessions", "/theme"] {
        let answer = owner.get(path);
        assert!(matches!(answer.status, 200 | 303 | 404 | 405), "{path}: {}", answer.status);
        owner.get("/").expect(200);
    }
    harness.owner_api().get("/api/v1/captures").expect(200);
}
