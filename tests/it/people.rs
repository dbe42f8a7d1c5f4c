//! What is known of people: fields with clear errors, pictures that are only pictures.

use openalpr_webhook::model::user::Role;

use crate::harness::Harness;
use crate::harness::client::{Client, Response};
use crate::harness::payload::jpeg;

const PROFILE: &str = "/profile";

/// Posts the form of a picture as a browser does.
fn send(client: &mut Client, page: &str, action: &str, picture: &[u8], more: &str) -> Response {
    let token = client.token(page);
    let origin = format!("http://{}", client.address);
    let mut body = format!(
        "--B\r\nContent-Disposition: form-data; name=\"csrf\"\r\n\r\n{token}\r\n{more}--B\r\n\
         Content-Disposition: form-data; name=\"picture\"; filename=\"../../me.html\"\r\n\
         Content-Type: text/html\r\n\r\n"
    )
    .into_bytes();
    body.extend([picture, b"\r\n--B--\r\n"].concat());
    let headers =
        [("Content-Type", "multipart/form-data; boundary=B"), ("Origin", origin.as_str())];
    client.request("POST", action, &headers, &body).expect("an answer")
}

/// Address of the first picture on a page.
fn picture_on(page: &str) -> Option<String> {
    let (_, rest) = page.split_once("src=\"/avatars/")?;
    Some(format!("/avatars/{}", rest.split('"').next()?))
}

/// The smallest JPEG, with a text in it.
fn photo() -> Vec<u8> {
    let plain = jpeg(7);
    let comment = b"\xff\xfe\x00\x0bSomewhere";
    [&plain[..2], comment, &plain[2..]].concat()
}

#[test]
fn fields_are_checked_where_they_are_changed_and_searched() {
    let harness = Harness::with_accounts(&["uwe"]);
    let (mut owner, mut uwe) = (harness.owner(), harness.signed_in("uwe"));
    let right = [
        ("name", "Uwe <Ude>"),
        ("email", "uwe@example.org"),
        ("organisation", "Gate & Sons"),
        ("phone", "0049 (0)30 / 123-456"),
        ("website", "HTTPS://example.org/<"),
        ("address", "1 Pier"),
        ("zip", "12345"),
    ];
    for (page, client) in [(PROFILE, &mut uwe), ("/settings/users/2", &mut owner)] {
        for (field, bad, part) in [
            ("phone", "030 123456", "Begin with + and the country"),
            ("phone", "+49 30 12x", "Use digits only"),
            ("website", "javascript:alert(1)", "Use an http:// or https:// address"),
            ("website", "example.org", "Use an http:// or https:// address"),
            ("email", "nobody", "Give an e-mail address"),
        ] {
            let mut fields = right.to_vec();
            fields.retain(|(name, _)| *name != field && *name != "website");
            fields.push((field, bad));
            let answer = client.submit(page, page, &fields).expect(422).text();
            assert!(answer.contains(part) && answer.contains("Gate &amp; Sons"), "{bad}: {answer}");
        }
        let mut fields = right.to_vec();
        fields[4].1 = "HTTPS://example.org/";
        client.submit(page, page, &fields).expect(303);
        let shown = client.get(page).expect(200).text();
        for part in ["Uwe &lt;Ude&gt;", "+4930123456", "https://example.org/", "1 Pier", "12345"] {
            assert!(shown.contains(part), "{page}: {part}");
        }
    }
    for (q, found) in [("4930123", true), ("pier", true), ("example.org/", true), ("xyz", false)] {
        let list = owner.get(&format!("/settings/users?q={q}")).expect(200).text();
        assert_eq!(list.contains("href=\"/settings/users/2\""), found, "{q}");
    }
    let audit = owner.get("/audit/export?format=csv").expect(200).text();
    assert!(audit.contains("phone:") && audit.contains("+4930123456"), "{audit}");
    let list = harness.owner_api().get("/api/v1/users").expect(200).json();
    assert_eq!(list["data"][1]["phone"], "+4930123456");
}

#[test]
fn a_picture_is_only_a_picture_and_initials_come_back() {
    let harness = Harness::with_accounts(&["uwe"]);
    let mut uwe = harness.signed_in("uwe");
    let action = "/profile/picture";
    assert_eq!(picture_on(&uwe.get(PROFILE).expect(200).text()), None);
    let large = vec![0xff; 257 * 1024];
    for (bytes, part) in [
        (b"".as_slice(), "Choose a file that is not empty"),
        (
            b"<svg xmlns=\"http://www.w3.org/2000/svg\"><script>alert(1)</script></svg>",
            "PNG or JPEG",
        ),
        (b"GIF89a", "PNG or JPEG"),
        (&photo()[..40], "damaged"),
        (&large, "at most 256 KB"),
    ] {
        let answer = send(&mut uwe, PROFILE, action, bytes, "").expect(422).text();
        assert!(answer.contains(part), "{part}: {answer}");
    }
    send(&mut uwe, PROFILE, action, &vec![0; 400 * 1024], "").expect(413);
    send(&mut uwe, PROFILE, action, &photo(), "").expect(303);
    let path = picture_on(&uwe.get("/").expect(200).text()).expect("on every page");
    let served = uwe.get(&path).expect(200);
    assert_eq!(served.header("content-type"), "image/jpeg");
    assert_eq!(served.header("x-content-type-options"), "nosniff");
    assert!(served.header("content-security-policy").contains("sandbox"));
    assert!(!served.body.windows(9).any(|part| part == b"Somewhere"));
    harness.anonymous().get(&path).expect(303);
    harness.owner().get(&path).expect(200);
    for other in [path.replace("/2/", "/1/"), format!("{path}0"), "/avatars/2/x".to_owned()] {
        uwe.get(&other).expect(404);
    }
    let list = harness.owner().get("/settings/users").expect(200).text();
    assert_eq!(picture_on(&list).as_ref(), Some(&path));

    let remove = "--B\r\nContent-Disposition: form-data; name=\"remove\"\r\n\r\n1\r\n";
    send(&mut uwe, PROFILE, action, b"", remove).expect(303);
    uwe.get(&path).expect(404);
    assert_eq!(picture_on(&uwe.get(PROFILE).expect(200).text()), None);
    let audit = harness.owner().get("/audit/export?format=csv").expect(200).text();
    assert!(audit.contains("picture:"), "{audit}");
}

#[test]
fn administrators_change_pictures_of_those_below_them_only() {
    let harness = Harness::with_accounts(&["anna", "uwe"]);
    harness.set_role("anna", Role::Admin);
    let mut anna = harness.signed_in("anna");
    let to = |client: &mut Client, user: u32| {
        let action = format!("/settings/users/{user}/picture");
        send(client, PROFILE, &action, &photo(), "").status
    };
    assert_eq!(to(&mut anna, 1), 422);
    assert_eq!(to(&mut anna, 3), 303);
    assert_eq!(to(&mut harness.signed_in("uwe"), 2), 403);
    assert_eq!(to(&mut harness.owner(), 2), 303);
}
