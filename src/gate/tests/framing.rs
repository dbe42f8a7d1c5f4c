//! The framing table: everything here is refused and the connection closed, or understood in the
//! one way RFC 9112 allows.

use super::{exchange, quick, start, status};

/// A request that must be refused, with a second one hidden behind it that must never run.
fn refused(expected: u16, requests: &[&str]) {
    // The gate's own words: the handler was never asked.
    refused_saying(expected, &format!("\r\n\r\n{expected} "), requests);
}

fn refused_saying(expected: u16, words: &str, requests: &[&str]) {
    let (_gate, address) = start(quick());
    for request in requests {
        let hidden = format!("{request}GET /smuggled HTTP/1.1\r\nHost: h\r\n\r\n");
        let answer = exchange(address, hidden.as_bytes());
        assert_eq!(status(&answer), expected, "{request:?} gave {answer:?}");
        assert!(answer.contains(words), "{request:?} reached the handler: {answer:?}");
        assert!(answer.contains("Connection: close\r\n"), "{request:?} kept open: {answer:?}");
        assert_eq!(
            answer.matches("HTTP/1.1 ").count(),
            1,
            "{request:?} answered twice: {answer:?}"
        );
    }
}

/// A request that must be understood as `expected` (method, path, body length, body).
fn understood(cases: &[(&str, &str)]) {
    let (_gate, address) = start(quick());
    for (request, expected) in cases {
        let closing =
            format!("{request}GET /last HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
        let answer = exchange(address, closing.as_bytes());
        assert_eq!(status(&answer), 200, "{request:?} gave {answer:?}");
        assert!(answer.contains(&format!("\r\n\r\n{expected}")), "{request:?} gave {answer:?}");
        assert!(answer.ends_with("GET /last 0 []"), "{request:?} shifted: {answer:?}");
    }
}

/// A POST with the given header lines, and nothing after its head.
fn post(lines: &str) -> String {
    format!("POST /p HTTP/1.1\r\nHost: h\r\n{lines}\r\n")
}

fn posts_refused(expected: u16, lines: &[&str]) {
    let requests: Vec<String> = lines.iter().map(|lines| post(lines)).collect();
    refused(expected, &requests.iter().map(String::as_str).collect::<Vec<_>>());
}

#[test]
fn content_length() {
    posts_refused(
        400,
        &[
            "Content-Length: 5\r\nContent-Length: 5\r\n",
            "Content-Length: 5\r\nContent-Length: 6\r\n",
            "Content-Length: 0\r\ncontent-length: 0\r\n",
            "Content-Length: 5, 5\r\n",
            "Content-Length: 5,6\r\n",
            "Content-Length: +5\r\n",
            "Content-Length: -5\r\n",
            "Content-Length: -0\r\n",
            "Content-Length: abc\r\n",
            "Content-Length: 5a\r\n",
            "Content-Length: 0x5\r\n",
            "Content-Length: 5.0\r\n",
            "Content-Length: 1e3\r\n",
            "Content-Length: 5 5\r\n",
            "Content-Length: \r\n",
            "Content-Length:\r\n",
            "Content-Length: \"5\"\r\n",
            "Content-Length: 5;\r\n",
            "Content-Length: 1_000\r\n",
            "Content-Length: \u{b2}\r\n",
            "Content-Length: \u{665}\r\n",
            "Content-Length: 18446744073709551616\r\n",
            "Content-Length: 99999999999999999999\r\n",
            "Content-Length: 000000000000000000000000005\r\n",
            "Content-Length: 5\r\n 5\r\n",
        ],
    );
}

#[test]
fn transfer_encoding() {
    posts_refused(
        400,
        &[
            "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n",
            "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n",
            "Content-Length: 0\r\nTransfer-Encoding: chunked\r\n",
            "Content-Length: 5\r\nTransfer-Encoding: identity\r\n",
            "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n",
            "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n",
            "Transfer-Encoding: identity\r\nTransfer-Encoding: chunked\r\n",
            "Transfer-Encoding: chunked, chunked\r\n",
            "Transfer-Encoding: gzip, chunked\r\n",
            "Transfer-Encoding: chunked, gzip\r\n",
            "Transfer-Encoding: chunked, identity\r\n",
            "Transfer-Encoding: identity\r\n",
            "Transfer-Encoding: gzip\r\n",
            "Transfer-Encoding: x\r\n",
            "Transfer-Encoding: xchunked\r\n",
            "Transfer-Encoding: chunkedx\r\n",
            "Transfer-Encoding: chunked;q=1\r\n",
            "Transfer-Encoding: \"chunked\"\r\n",
            "Transfer-Encoding: chunked,\r\n",
            "Transfer-Encoding: ,chunked\r\n",
            "Transfer-Encoding:\r\n",
            "Transfer-Encoding: ch unked\r\n",
            "Transfer-Encoding: \u{b}chunked\r\n",
            "Transfer-Encoding: chunked\u{c}\r\n",
            "Transfer-Encoding: chun\r\n ked\r\n",
            "Transfer-Encoding:\r\n chunked\r\n",
            "Transfer-Encoding : chunked\r\n",
            "Transfer-Encoding\t: chunked\r\n",
            " Transfer-Encoding: chunked\r\n",
            "X: y\r\n\tTransfer-Encoding: chunked\r\n",
            "X: y\nTransfer-Encoding: chunked\r\n",
            "X: y\rTransfer-Encoding: chunked\r\n",
        ],
    );
    refused(400, &["POST /p HTTP/1.0\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n"]);
}

#[test]
fn header_syntax() {
    posts_refused(
        400,
        &[
            "Content-Length : 5\r\n",
            "Content-Length\u{a0}: 5\r\n",
            "Content Length: 5\r\n",
            "X-\0: 1\r\n",
            "X: a\0b\r\n",
            "X: a\u{1}b\r\n",
            "X: a\u{7f}b\r\n",
            "X: a\r\r\n",
            "X: a\n",
            "X\r\n",
            ": x\r\n",
            "X[]: 1\r\n",
            "X(: 1\r\n",
            "\u{fc}: 1\r\n",
            "X: a\r\n folded\r\n",
        ],
    );
}

#[test]
fn request_line() {
    refused(
        400,
        &[
            "GET /\r\n",
            "GET / HTTP/0.9\r\nHost: h\r\n\r\n",
            "GET / HTTP/2.0\r\nHost: h\r\n\r\n",
            "GET / HTTP/1.2\r\nHost: h\r\n\r\n",
            "GET / HTTP/11\r\nHost: h\r\n\r\n",
            "GET / http/1.1\r\nHost: h\r\n\r\n",
            "GET / HTTP/1.1 \r\nHost: h\r\n\r\n",
            "GET / HTTP/1.1 HTTP/1.1\r\nHost: h\r\n\r\n",
            "GET  / HTTP/1.1\r\nHost: h\r\n\r\n",
            "GET /  HTTP/1.1\r\nHost: h\r\n\r\n",
            "GET\t/ HTTP/1.1\r\nHost: h\r\n\r\n",
            "GET /a b HTTP/1.1\r\nHost: h\r\n\r\n",
            " GET / HTTP/1.1\r\nHost: h\r\n\r\n",
            "GET HTTP/1.1\r\nHost: h\r\n\r\n",
            "GET http://h/ HTTP/1.1\r\nHost: h\r\n\r\n",
            "GET https://evil/ HTTP/1.1\r\nHost: h\r\n\r\n",
            "GET h:80 HTTP/1.1\r\nHost: h\r\n\r\n",
            "GET * HTTP/1.1\r\nHost: h\r\n\r\n",
            "OPTIONS * HTTP/1.1\r\nHost: h\r\n\r\n",
            "GET /#f HTTP/1.1\r\nHost: h\r\n\r\n",
            "GET /%00 HTTP/1.1\r\nHost: h\r\n\r\n",
            "GET /%zz HTTP/1.1\r\nHost: h\r\n\r\n",
            "GET /../etc HTTP/1.1\r\nHost: h\r\n\r\n",
            "GET /%2e%2e/etc HTTP/1.1\r\nHost: h\r\n\r\n",
            "GET /\u{e9} HTTP/1.1\r\nHost: h\r\n\r\n",
            "G\u{e9}T / HTTP/1.1\r\nHost: h\r\n\r\n",
            "G(T / HTTP/1.1\r\nHost: h\r\n\r\n",
            "GET / HTTP/1.1\nHost: h\n\n",
            "GET / HTTP/1.1\r\nHost: h\r\n\n",
            "GET / HTTP/1.1\rHost: h\r\r",
            "\n",
            "\r\n\r\n",
            "\r\n\r\nGET / HTTP/1.1\r\nHost: h\r\n\r\n",
            "\r\r\n",
            "\0",
            "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
            "\u{16}\u{3}\u{1}\0\u{5}\u{1}",
            "{\"json\": 1}\r\n",
        ],
    );
    refused(
        501,
        &["CONNECT h:443 HTTP/1.1\r\nHost: h\r\n\r\n", "CONNECT / HTTP/1.1\r\nHost: h\r\n\r\n"],
    );
}

#[test]
fn host() {
    let hosts = [
        "",
        "Host: a\r\nHost: a\r\n",
        "Host: a\r\nhost: b\r\n",
        "Host:\r\n",
        "Host: \r\n",
        "Host: a b\r\n",
        "Host: a,b\r\n",
        "Host: a/b\r\n",
        "Host: u@h\r\n",
        "Host: h:\r\n",
        "Host: h:x\r\n",
        "Host: h:99999\r\n",
        "Host: h:1:2\r\n",
        "Host: [::1\r\n",
        "Host: [x]\r\n",
        "Host: [::1]x\r\n",
        "Host: ::1\r\n",
        "Host: h?x\r\n",
        "Host: h#x\r\n",
        "Host: h\\x\r\n",
        "Host: \u{fc}\r\n",
        "Host: <script>\r\n",
        "Host: h%00\r\n",
        "Host: h:+80\r\n",
        "Host : h\r\n",
    ];
    let requests: Vec<String> =
        hosts.iter().map(|lines| format!("GET / HTTP/1.1\r\n{lines}\r\n")).collect();
    refused(400, &requests.iter().map(String::as_str).collect::<Vec<_>>());
    let fine =
        ["h", "h:80", "a.b-c.local", "192.168.1.2:8080", "[::1]", "[2001:db8::1]:8080", "a_b"];
    let requests: Vec<String> =
        fine.iter().map(|host| format!("GET /h HTTP/1.1\r\nHost: {host}\r\n\r\n")).collect();
    understood(&requests.iter().map(|text| (text.as_str(), "GET /h 0 []")).collect::<Vec<_>>());
}

#[test]
fn chunks() {
    let bad = [
        "x\r\n",
        "\r\n",
        "5\nhello\n0\n\n",
        "5;x\r\nhello\r\n0\r\n\r\n",
        "5;\r\nhello\r\n0\r\n\r\n",
        "5 \r\nhello\r\n0\r\n\r\n",
        " 5\r\nhello\r\n0\r\n\r\n",
        "0x5\r\nhello\r\n0\r\n\r\n",
        "+5\r\nhello\r\n0\r\n\r\n",
        "-5\r\nhello\r\n0\r\n\r\n",
        "5\r\nhelloX\r\n0\r\n\r\n",
        "5\r\nhello\n0\r\n\r\n",
        "5\r\nhello0\r\n\r\n",
        "10000000000000005\r\nhello\r\n0\r\n\r\n",
        "00000000000000000005\r\nhello\r\n0\r\n\r\n",
        "5\r\nhello\r\n0\r\nbad trailer\r\n\r\n",
        "5\r\nhello\r\n0\r\n folded: x\r\n\r\n",
        "5\r\nhello\r\n0\r\n\n",
        "5\r\r\nhello\r\n0\r\n\r\n",
        "5\r\nhello\r\n0\r\nX: \0\r\n\r\n",
    ];
    let requests: Vec<String> =
        bad.iter().map(|body| post("Transfer-Encoding: chunked\r\n") + body).collect();
    refused_saying(400, "Malformed", &requests.iter().map(String::as_str).collect::<Vec<_>>());
    let chunked = |body: &str| post("Transfer-Encoding: CHUNKED\r\n") + body;
    understood(&[
        (&chunked("0\r\n\r\n"), "POST /p 0 []"),
        (&chunked("5\r\nhello\r\n0\r\n\r\n"), "POST /p 5 [hello]"),
        (&chunked("2\r\nhe\r\n3\r\nllo\r\n000\r\n\r\n"), "POST /p 5 [hello]"),
        (&chunked("5\r\nhello\r\n0\r\nX: y\r\nContent-Length: 9\r\n\r\n"), "POST /p 5 [hello]"),
        (&chunked("1c\r\nGET /x HTTP/1.1\r\nHost: h\r\n\r\n\r\n0\r\n\r\n"), "POST /p 28 [GET /x"),
    ]);
}

#[test]
fn good_requests_are_read_in_one_way() {
    understood(&[
        ("GET / HTTP/1.1\r\nHost: h\r\n\r\n", "GET / 0 []"),
        ("\r\nGET / HTTP/1.1\r\nHost: h\r\n\r\n", "GET / 0 []"),
        ("GET /a%20b?c=%2F HTTP/1.1\r\nHOST: h\r\n\r\n", "GET /a b 0 []"),
        ("GET /x HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", "GET /x 0 []"),
        ("PURGE /x HTTP/1.1\r\nHost: h\r\n\r\n", "PURGE /x 0 []"),
        ("get /x HTTP/1.1\r\nHost: h\r\n\r\n", "get /x 0 []"),
        (&(post("Content-Length: 5\r\n") + "hello"), "POST /p 5 [hello]"),
        (&(post("Content-Length:5\r\n") + "hello"), "POST /p 5 [hello]"),
        (&(post("Content-Length: \t 5 \t\r\n") + "hello"), "POST /p 5 [hello]"),
        (&(post("Content-Length: 005\r\n") + "hello"), "POST /p 5 [hello]"),
        (&(post("Content-Length: 0\r\n")), "POST /p 0 []"),
        (&(post("X: a\u{fc}\r\nContent-Length: 5\r\n") + "\r\n\r\n\0"), "POST /p 5 [\r\n\r\n\0]"),
        (&post(""), "POST /p 0 []"),
        ("GET /g HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\nabc", "GET /g 3 [abc]"),
    ]);
}

#[test]
fn expectations() {
    posts_refused(417, &["Expect: 200-ok\r\n", "Expect: 100-continue, x\r\n", "Expect:\r\n"]);
}

#[test]
fn heads_that_are_too_large() {
    let (_gate, address) = start(quick());
    let headers = |count: usize| {
        let lines = "X: y\r\n".repeat(count);
        format!("GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n{lines}\r\n")
    };
    assert_eq!(status(&exchange(address, headers(62).as_bytes())), 200);
    for head in [
        headers(63),
        format!("GET / HTTP/1.1\r\nHost: h\r\nX: {}\r\n\r\n", "y".repeat(17_000)),
        format!("GET /{} HTTP/1.1\r\nHost: h\r\n\r\n", "y".repeat(17_000)),
        "X".repeat(200_000),
    ] {
        let answer = exchange(address, head.as_bytes());
        assert_eq!(status(&answer), 431, "{}", &head[..40]);
        assert!(answer.contains("Connection: close\r\n"));
    }
}
