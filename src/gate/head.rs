//! The request head: bytes in, [`Head`] and framing out, or a [`Refusal`]. Strict on purpose:
//! whatever two parsers could read differently is refused, so that nothing can be smuggled
//! (RFC 9112). Knows no sockets.

use std::net::Ipv6Addr;

use crate::base::limits;
use crate::gate::request::{Head, Headers, Method};
use crate::gate::target;

/// Why a head is not served, and with which status.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// Status of the answer; the connection is closed after it.
    pub status: u16,
    /// The reason, for the log and the answer's text; holds nothing the client sent.
    pub why: &'static str,
}

impl Refusal {
    pub(crate) const fn new(status: u16, why: &'static str) -> Self {
        Self { status, why }
    }

    pub(crate) const fn bad(why: &'static str) -> Self {
        Self::new(400, why)
    }
}

/// How the end of a request body is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Framing {
    /// Exactly so many bytes; 0 when there is no body.
    Length(u64),
    /// Transfer-Encoding: chunked.
    Chunked,
}

/// A parsed head.
#[derive(Debug)]
pub struct Parsed {
    /// The request; `peer` and `secure` are not known here.
    pub head: Head,
    /// How its body ends.
    pub framing: Framing,
    /// Whether the client wants to keep the connection.
    pub keep_alive: bool,
    /// Whether the client waits for `100 Continue`.
    pub expect_continue: bool,
    /// Bytes of the head.
    pub length: usize,
}

/// Parses the head at the start of `bytes`; `None` when it is not complete yet. Also the entry for
/// fuzzers: never panics, whatever the bytes.
pub fn parse(bytes: &[u8]) -> Result<Option<Parsed>, Refusal> {
    match Scan::default().find_end(bytes)? {
        Some(end) => bytes.get(..end).map(parse_complete).transpose(),
        None => Ok(None),
    }
}

/// Looks for the end of a head that arrives in pieces, checking every byte once.
#[derive(Debug, Default)]
pub(crate) struct Scan {
    scanned: usize,
    line_checked: bool,
}

impl Scan {
    /// Where the head at the start of `bytes` ends; `bytes` must begin with those of the last call.
    pub(crate) fn find_end(&mut self, bytes: &[u8]) -> Result<Option<usize>, Refusal> {
        let window = bytes.get(..limits::HEAD_BYTES_MAX).unwrap_or(bytes);
        let start = leading_crlf(window);
        for (at, &byte) in window.iter().enumerate().skip(self.scanned) {
            let previous = at.checked_sub(1).and_then(|before| window.get(before)).copied();
            match (previous, byte) {
                (_, 0) => return Err(Refusal::bad("NUL in head")),
                (Some(b'\r'), b'\n') => {}
                (Some(b'\r'), _) => return Err(Refusal::bad("bare CR in head")),
                (_, b'\n') => return Err(Refusal::bad("bare LF in head")),
                _ => {}
            }
            if at == start && !is_token(byte) && !(start == 0 && byte == b'\r') {
                return Err(Refusal::bad("request line does not start with a method"));
            }
            if byte != b'\n' || at < start {
                continue;
            }
            if !self.line_checked {
                self.line_checked = true;
                check_version(window.get(start..at).unwrap_or_default())?;
            }
            if window.get(..=at).is_some_and(|head| head.ends_with(b"\r\n\r\n")) {
                return Ok(Some(at + 1));
            }
        }
        self.scanned = window.len();
        if bytes.len() >= limits::HEAD_BYTES_MAX {
            return Err(Refusal::new(431, "head is too large"));
        }
        Ok(None)
    }
}

/// Parses a head that [`Scan::find_end`] found complete.
pub(crate) fn parse_complete(bytes: &[u8]) -> Result<Parsed, Refusal> {
    let start = leading_crlf(bytes);
    // On the heap: stack pages once touched stay with an idle connection.
    let mut fields = vec![httparse::EMPTY_HEADER; limits::HEADERS_MAX];
    let mut request = httparse::Request::new(&mut fields);
    match request.parse(bytes.get(start..).unwrap_or_default()) {
        Ok(httparse::Status::Complete(length)) if start + length == bytes.len() => {}
        Ok(_) => return Err(Refusal::bad("head ends early")),
        Err(httparse::Error::TooManyHeaders) => {
            return Err(Refusal::new(431, "too many headers"));
        }
        Err(_) => return Err(Refusal::bad("malformed head")),
    }
    let version_1_1 = request.version == Some(1);
    let method = Method::parse(request.method.unwrap_or_default());
    // It asks for a tunnel, with a target of its own form (RFC 9112 3.2.3).
    if matches!(&method, Method::Other(name) if name == "CONNECT") {
        return Err(Refusal::new(501, "CONNECT is not spoken here"));
    }
    let target = target::parse(request.path.unwrap_or_default())?;
    let texts: Vec<(&str, String)> =
        request.headers.iter().map(|field| (field.name, text(field.value))).collect();
    let headers = Headers::from_pairs(texts.iter().map(|(name, value)| (*name, value.as_str())));
    check_host(&headers, version_1_1)?;
    let framing = framing(&headers, version_1_1)?;
    let expect_continue = expectation(&headers, version_1_1)?;
    let keep_alive = keep_alive(&headers, version_1_1);
    let head = Head {
        path: target.path,
        raw_path: target.raw_path,
        query: target.query,
        headers,
        version_1_1,
        ..Head::new(method, "")
    };
    Ok(Parsed { head, framing, keep_alive, expect_continue, length: bytes.len() })
}

/// One empty line before a request is tolerated (RFC 9112 2.2); a second one is not.
fn leading_crlf(bytes: &[u8]) -> usize {
    if bytes.starts_with(b"\r\n") { 2 } else { 0 }
}

/// Refuses HTTP/0.9, HTTP/2 and other tongues as soon as their first line is there, instead of
/// waiting for an end of head that may never come.
fn check_version(line: &[u8]) -> Result<(), Refusal> {
    if line.ends_with(b" HTTP/1.1\r") || line.ends_with(b" HTTP/1.0\r") {
        Ok(())
    } else {
        Err(Refusal::bad("not HTTP/1.0 or HTTP/1.1"))
    }
}

/// Header values are UTF-8 in practice; anything else is read as Latin-1, as browsers do.
fn text(value: &[u8]) -> String {
    match std::str::from_utf8(value) {
        Ok(text) => text.to_owned(),
        Err(_) => value.iter().copied().map(char::from).collect(),
    }
}

fn check_host(headers: &Headers, version_1_1: bool) -> Result<(), Refusal> {
    let mut hosts = headers.all("host");
    match (hosts.next(), hosts.next()) {
        (Some(_), Some(_)) => Err(Refusal::bad("more than one Host")),
        (Some(host), None) if is_host(host) => Ok(()),
        (Some(_), None) => Err(Refusal::bad("malformed Host")),
        (None, _) if version_1_1 => Err(Refusal::bad("no Host")),
        (None, _) => Ok(()),
    }
}

fn is_host(host: &str) -> bool {
    let (name_ok, port) = if let Some(rest) = host.strip_prefix('[') {
        let Some((address, port)) = rest.split_once(']') else { return false };
        (address.parse::<Ipv6Addr>().is_ok(), port)
    } else {
        let end = host.find(':').unwrap_or(host.len());
        let (name, port) = host.split_at(end);
        let fits = |byte: u8| byte.is_ascii_alphanumeric() || b"-._".contains(&byte);
        (!name.is_empty() && name.len() <= 253 && name.bytes().all(fits), port)
    };
    let port_ok = port.is_empty()
        || port
            .strip_prefix(':')
            .is_some_and(|digits| is_digits(digits) && digits.parse::<u16>().is_ok());
    name_ok && port_ok
}

fn framing(headers: &Headers, version_1_1: bool) -> Result<Framing, Refusal> {
    let mut lengths = headers.all("content-length");
    let length = lengths.next();
    if lengths.next().is_some() {
        return Err(Refusal::bad("more than one Content-Length"));
    }
    let mut encodings = headers.all("transfer-encoding");
    if let Some(encoding) = encodings.next() {
        if encodings.next().is_some() || !encoding.eq_ignore_ascii_case("chunked") {
            return Err(Refusal::bad("Transfer-Encoding other than chunked"));
        }
        if length.is_some() {
            return Err(Refusal::bad("Content-Length with Transfer-Encoding"));
        }
        if !version_1_1 {
            return Err(Refusal::bad("Transfer-Encoding in HTTP/1.0"));
        }
        return Ok(Framing::Chunked);
    }
    let Some(length) = length else { return Ok(Framing::Length(0)) };
    if !is_digits(length) || length.len() > 20 {
        return Err(Refusal::bad("malformed Content-Length"));
    }
    length.parse().map(Framing::Length).map_err(|_| Refusal::bad("Content-Length overflows"))
}

fn expectation(headers: &Headers, version_1_1: bool) -> Result<bool, Refusal> {
    let mut expects = false;
    for value in headers.all("expect") {
        if !value.eq_ignore_ascii_case("100-continue") {
            return Err(Refusal::new(417, "unknown expectation"));
        }
        expects = version_1_1;
    }
    Ok(expects)
}

fn keep_alive(headers: &Headers, version_1_1: bool) -> bool {
    let says = |word: &str| {
        headers
            .all("connection")
            .flat_map(|value| value.split(','))
            .any(|option| option.trim().eq_ignore_ascii_case(word))
    };
    !says("close") && (version_1_1 || says("keep-alive"))
}

fn is_digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// Whether `byte` may stand in a token (RFC 9110 5.6.2).
pub(crate) fn is_token(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte)
}
