//! The headers of every class of answer, as one golden table, and what must hold for all.

use std::fmt::Write as _;
use std::io::Read as _;

use crate::harness::client::{Client, Response};
use crate::harness::payload::group;
use crate::harness::{Harness, WEBHOOK, golden};

/// Headers whose values differ from run to run.
const VARIABLE: [&str; 4] = ["date", "content-length", "etag", "last-modified"];

fn table(name: &str, answer: &Response, text: &mut String) {
    let _ = writeln!(text, "[{name}] {}", answer.status);
    let mut lines: Vec<String> = answer
        .headers
        .iter()
        .map(|(key, value)| {
            let key = key.to_lowercase();
            match key.as_str() {
                "set-cookie" => {
                    let (name, rest) = value.split_once('=').unwrap_or((value, ""));
                    let flags = rest.split_once(';').map_or("", |(_, flags)| flags);
                    format!("set-cookie: {name}=...;{flags}")
                }
                key if VARIABLE.contains(&key) => format!("{key}: ..."),
                _ => format!("{key}: {value}"),
            }
        })
        .collect();
    lines.sort();
    for line in lines {
        let _ = writeln!(text, "{line}");
    }
    text.push('\n');
}

#[test]
fn every_class_of_answer_has_its_headers() {
    let harness = Harness::start();
    let id = harness.stored(&group(1));
    let mut owner = harness.owner();
    let page = owner.get("/").expect(200);
    let html = page.text();
    let asset = crate::harness::html::tags(&html)
        .into_iter()
        .find(|tag| tag.name == "link" && tag.get("rel") == "stylesheet")
        .map(|tag| tag.get("href"))
        .expect("the page has a style sheet");
    let answers = [
        ("page", page),
        ("sign-in", harness.anonymous().get("/sign-in")),
        ("redirect", harness.anonymous().get("/")),
        ("signed in", {
            let mut client = harness.anonymous();
            harness.sign_in(&mut client, "owner", crate::harness::binary::PASSWORD)
        }),
        ("error page", owner.get("/nothing")),
        ("asset", harness.anonymous().get(&asset)),
        ("api", harness.owner_api().get("/api/v1/captures")),
        ("api refused", harness.anonymous().get("/api/v1/captures")),
        ("webhook", harness.post_read(&group(2))),
        ("image", harness.owner_api().get(&format!("/api/v1/captures/{id}/images/plate"))),
        ("live", owner.get("/live/stream")),
        ("health", harness.anonymous().get("/healthz")),
    ];
    let mut text = String::new();
    for (name, answer) in &answers {
        table(name, answer, &mut text);
        rules_hold(name, answer);
    }
    golden::check("headers.txt", &text);
}

#[track_caller]
fn rules_hold(name: &str, answer: &Response) {
    assert_eq!(answer.header("x-content-type-options"), "nosniff", "{name}");
    assert_eq!(answer.header("access-control-allow-origin"), "", "{name}");
    assert_eq!(answer.header("server"), "", "{name}: nobody needs to know");
    let kind = answer.header("content-type");
    if kind.starts_with("text/") && !answer.body.is_empty() {
        assert!(kind.to_lowercase().contains("charset=utf-8"), "{name}: {kind}");
    }
    if kind.starts_with("text/html") {
        let policy = answer.header("content-security-policy");
        for part in
            ["default-src", "frame-ancestors 'none'", "base-uri 'none'", "form-action 'self'"]
        {
            assert!(policy.contains(part), "{name}: {policy}");
        }
        for weak in ["unsafe-inline", "unsafe-eval", "http:", "https:", " * ", " *;"] {
            assert!(!policy.contains(weak), "{name}: {policy}");
        }
        assert!(!answer.header("referrer-policy").is_empty(), "{name}");
        assert!(answer.header("cache-control").contains("no-store"), "{name}");
    }
    if name == "asset" {
        assert!(answer.header("cache-control").contains("immutable"), "{name}");
    }
    for (_, cookie) in
        answer.headers.iter().filter(|(key, _)| key.eq_ignore_ascii_case("set-cookie"))
    {
        let lower = cookie.to_lowercase();
        assert!(lower.contains("samesite="), "{name}: {cookie}");
        let theme = lower.contains("theme");
        assert!(theme || lower.contains("httponly"), "{name}: {cookie}");
    }
}

#[test]
fn refusals_before_the_pipeline_are_plain_and_close() {
    let harness = Harness::start();
    for (head, status) in [
        ("GET / HTTP/1.1\r\n\r\n", 400),
        ("GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", 400),
        ("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5, 5\r\n\r\n", 400),
        ("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\n", 400),
        ("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: +5\r\n\r\n", 400),
        (
            "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n",
            400,
        ),
        ("POST /api/webhook HTTP/1.1\r\nHost: a\r\nContent-Length: 100000000000000\r\n\r\n", 413),
        ("POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100000000000000\r\n\r\n", 405),
        ("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 18446744073709551616\r\n\r\n", 0),
        ("GET / HTTP/1.1\r\nHost: a\r\n folded: x\r\n\r\n", 400),
        ("nonsense\r\n\r\n", 400),
    ] {
        let stream = crate::harness::client::connect(harness.address, None).unwrap();
        let mut stream = std::io::BufReader::new(stream);
        std::io::Write::write_all(stream.get_mut(), head.as_bytes()).unwrap();
        let answer = crate::harness::client::read_response(&mut stream, "GET")
            .unwrap_or_else(|error| panic!("{head:?}: {error}"));
        if status == 0 {
            assert!(matches!(answer.status, 400 | 413), "{head:?}: {}", answer.status);
        } else {
            assert_eq!(answer.status, status, "{head:?}");
        }
        assert!(answer.header("connection").eq_ignore_ascii_case("close"), "{head:?}");
    }
    let long = format!("GET /{} HTTP/1.1\r\nHost: a\r\n\r\n", "x".repeat(40_000));
    let stream = crate::harness::client::connect(harness.address, None).unwrap();
    let mut stream = std::io::BufReader::new(stream);
    let _ = std::io::Write::write_all(stream.get_mut(), long.as_bytes());
    let answer = crate::harness::client::read_response(&mut stream, "GET").unwrap();
    assert!(matches!(answer.status, 414 | 431), "{}", answer.status);
    harness.owner_api().post_json(WEBHOOK, group(1).to_string().as_bytes()).expect(200);
}

/// What a browser loads on the first visit to `path`, without pictures: bytes on the wire, and how
/// many requests.
fn weight(client: &mut Client, path: &str) -> (usize, usize) {
    let mut get = |path: &str| {
        let headers = [("Accept-Encoding", "gzip"), ("Sec-Fetch-Site", "same-origin")];
        client.request("GET", path, &headers, b"").expect("an answer").expect(200)
    };
    let page = get(path);
    let mut text = String::new();
    let mut unpacked = flate2::read::GzDecoder::new(page.body.as_slice());
    unpacked.read_to_string(&mut text).expect("pages travel compressed");
    let mut wanted: Vec<String> = Vec::new();
    let mut total = page.body.len();
    let mut found = addresses(&text);
    while let Some(address) = found.pop() {
        if wanted.contains(&address) {
            continue;
        }
        let file = get(&address);
        total += file.body.len();
        if file.header("content-encoding") == "gzip" {
            let mut text = String::new();
            let mut unpacked = flate2::read::GzDecoder::new(file.body.as_slice());
            unpacked.read_to_string(&mut text).expect("text");
            found.extend(addresses(&text));
        }
        wanted.push(address);
    }
    (total, wanted.len() + 1)
}

/// Static files that `text` names, pictures apart.
fn addresses(text: &str) -> Vec<String> {
    let parts = text.split("/static/").skip(1);
    let names = parts.filter_map(|rest| rest.split(['"', '\'', '#', ')', ' ']).next());
    names
        .filter(|name| name.rsplit('.').next() != Some("png"))
        .map(|name| format!("/static/{name}"))
        .collect()
}

#[test]
fn a_first_visit_weighs_little() {
    let harness = Harness::start();
    for number in 0..60 {
        harness.stored(&group(number));
    }
    let mut owner = harness.owner();
    for path in ["/", "/search", "/vehicles", "/search?view=grid", "/profile", "/searches"] {
        let (bytes, requests) = weight(&mut owner, path);
        println!("{path}: {bytes} bytes in {requests} requests");
        assert!(bytes <= 60 * 1024, "{path}: {bytes} bytes");
        assert!(requests <= 12, "{path}: {requests} requests");
    }
}

#[test]
fn what_others_make_the_browser_ask_for_is_not_compressed() {
    let harness = Harness::start();
    let mut owner = harness.owner();
    owner.headers.push(("Accept-Encoding".to_owned(), "gzip".to_owned()));
    let plain = owner.get("/search?q=AB12").expect(200);
    assert_eq!(plain.header("content-encoding"), "gzip", "without TLS there is nothing to guess");
    assert!(plain.header("vary").contains("Accept-Encoding"));
    owner.headers.clear();
    let html = owner.get("/search?q=AB12").expect(200);
    assert_eq!(html.header("content-encoding"), "");
    assert!(html.text().contains("AB12"));
}
