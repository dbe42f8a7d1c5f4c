//! Settings/General: name, address and zone of the box; organisation and logo of printed pages.

use crate::harness::client::Response;
use crate::harness::payload::jpeg;
use crate::harness::{Harness, client::Client};

const PAGE: &str = "/settings/general";
const REPORT: &str = "/settings/report";

/// Posts the report form as a browser does, with `logo` as the file.
fn post(client: &mut Client, token: &str, organisation: &str, logo: &[u8], more: &str) -> Response {
    let origin = format!("http://{}", client.address);
    let mut body = Vec::new();
    for (name, value) in [("csrf", token), ("organisation", organisation)] {
        let part =
            format!("--B\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n");
        body.extend(part.into_bytes());
    }
    body.extend(more.as_bytes());
    let head = "--B\r\nContent-Disposition: form-data; name=\"logo\"; filename=\"logo.svg\"\r\n\
         Content-Type: image/svg+xml\r\n\r\n";
    body.extend([head.as_bytes(), logo, b"\r\n--B--\r\n"].concat());
    let headers =
        [("Content-Type", "multipart/form-data; boundary=B"), ("Origin", origin.as_str())];
    client.request("POST", REPORT, &headers, &body).expect("an answer")
}

#[test]
fn name_address_and_zone_are_saved_or_refused_by_field() {
    let harness = Harness::start();
    let mut owner = harness.owner();
    let fields = [
        ("box_name", "South <Gate>"),
        ("public_url", "https://plates.example.org"),
        ("time_zone", "Europe/Berlin"),
    ];
    owner.submit(PAGE, PAGE, &fields).expect(303);
    let page = owner.get(PAGE).expect(200).text();
    for part in
        ["South &lt;Gate&gt;", "https://plates.example.org", "value=\"Europe/Berlin\" selected"]
    {
        assert!(page.contains(part), "{part}: {page}");
    }
    let wrong = owner.submit(PAGE, PAGE, &[("public_url", "javascript:alert(1)")]).expect(422);
    assert!(wrong.text().contains("aria-invalid"), "{}", wrong.text());
}

#[test]
fn a_logo_is_cleaned_served_inertly_and_reset() {
    let harness = Harness::start();
    let mut owner = harness.owner();
    let token = owner.token(PAGE);
    let svg = b"<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 9 9\" onload=\"alert(1)\">\
        <script>alert(1)</script><rect width=\"9\" height=\"9\"/></svg>";
    post(&mut owner, &token, "Harbor <Point>", svg, "").expect(303);
    let page = owner.get(PAGE).expect(200).text();
    assert!(page.contains("Harbor &lt;Point&gt;"), "{page}");
    let (_, rest) = page.split_once("src=\"/report/logo/").expect("the logo is shown");
    let path = format!("/report/logo/{}", rest.split('"').next().expect("quoted"));
    let logo = owner.get(&path).expect(200);
    assert_eq!(logo.header("content-type"), "image/svg+xml");
    assert_eq!(logo.header("x-content-type-options"), "nosniff");
    assert!(logo.header("content-security-policy").contains("sandbox"));
    assert!(!logo.text().contains("alert") && logo.text().contains("<rect"), "{}", logo.text());
    harness.anonymous().get(&path).expect(303);
    owner.get("/report/logo/0000000000000000").expect(404);
    let reset = "--B\r\nContent-Disposition: form-data; name=\"reset\"\r\n\r\n1\r\n";
    post(&mut owner, &token, "Harbor", b"", reset).expect(303);
    owner.get(&path).expect(404);
    assert!(!owner.get(PAGE).expect(200).text().contains("/report/logo/"));
    let audit = owner.get("/audit").expect(200).text();
    assert!(audit.contains("report.organisation"), "{audit}");
}

#[test]
fn bad_uploads_change_nothing() {
    let harness = Harness::start();
    let mut owner = harness.owner();
    let token = owner.token(PAGE);
    for (logo, why) in [
        (b"GIF89a".to_vec(), "PNG, JPEG or SVG"),
        (b"<!DOCTYPE svg [<!ENTITY a \"b\">]><svg>&a;</svg>".to_vec(), "document type"),
        (jpeg(1)[..40].to_vec(), "damaged"),
        (vec![b'x'; 260 * 1024], "at most 256 KB"),
    ] {
        let answer = post(&mut owner, &token, "Harbor", &logo, "").expect(422).text();
        assert!(answer.contains(why), "{why}: {answer}");
    }
    post(&mut owner, &token, "Harbor", &vec![b'x'; 400 * 1024], "").expect(413);
    post(&mut owner, &token, "", b"", "--B\r\nbroken\r\n").expect(400);
    post(&mut owner, "wrong", "Harbor", b"", "").expect(403);
    let page = owner.get(PAGE).expect(200).text();
    assert!(!page.contains("Harbor") && !page.contains("/report/logo/"), "{page}");
    // Another site cannot upload in somebody's name.
    let headers =
        [("Content-Type", "multipart/form-data; boundary=B"), ("Origin", "http://evil.example")];
    owner.request("POST", REPORT, &headers, b"--B--").expect("an answer");
    let answer = owner.request("POST", REPORT, &headers, b"--B--").expect("an answer");
    assert_eq!(answer.status, 403);
}
