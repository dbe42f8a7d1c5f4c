//! The request target: splits path and query and decodes the path. Refuses whatever two readers
//! could understand differently; knows nothing of routes.

use crate::gate::head::Refusal;

/// A request target taken apart.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Target {
    pub(crate) path: String,
    pub(crate) raw_path: String,
    pub(crate) query: String,
}

/// Takes an origin-form target apart. Absolute, authority and asterisk forms are refused: nobody
/// sends them to an appliance but proxies and scanners.
pub(crate) fn parse(raw: &str) -> Result<Target, Refusal> {
    if !raw.starts_with('/') {
        return Err(Refusal::bad("target is not a path"));
    }
    if !raw.bytes().all(|byte| (0x21..0x7f).contains(&byte)) {
        return Err(Refusal::bad("target has characters that need escaping"));
    }
    if raw.contains('#') {
        return Err(Refusal::bad("target has a fragment"));
    }
    let (raw_path, query) = raw.split_once('?').unwrap_or((raw, ""));
    let path = decode(raw_path)?;
    if path.chars().any(char::is_control) {
        return Err(Refusal::bad("path has control characters"));
    }
    if path.split(['/', '\\']).any(|segment| matches!(segment, "." | "..")) {
        return Err(Refusal::bad("path has dot segments"));
    }
    Ok(Target { path, raw_path: raw_path.to_owned(), query: query.to_owned() })
}

fn decode(raw: &str) -> Result<String, Refusal> {
    let mut bytes = Vec::with_capacity(raw.len());
    let mut rest = raw.bytes();
    while let Some(byte) = rest.next() {
        if byte != b'%' {
            bytes.push(byte);
            continue;
        }
        let pair = rest.next().and_then(hex).zip(rest.next().and_then(hex));
        let Some((high, low)) = pair else {
            return Err(Refusal::bad("path has a broken escape"));
        };
        let byte = high << 4 | low;
        // A decoded slash would make one segment look like two.
        if byte == b'/' {
            return Err(Refusal::bad("path has an escaped slash"));
        }
        bytes.push(byte);
    }
    String::from_utf8(bytes).map_err(|_| Refusal::bad("path is not UTF-8"))
}

/// The value of one hexadecimal digit.
pub(crate) fn hex(digit: u8) -> Option<u8> {
    match digit {
        b'0'..=b'9' => Some(digit - b'0'),
        b'a'..=b'f' => Some(digit - b'a' + 10),
        b'A'..=b'F' => Some(digit - b'A' + 10),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::parse;

    #[test]
    fn good_targets() {
        let check = |raw: &str, path: &str, query: &str| {
            let target = parse(raw).unwrap();
            assert_eq!((target.path.as_str(), target.query.as_str()), (path, query), "{raw}");
        };
        check("/", "/", "");
        check("/a/b?x=1&y=%2F", "/a/b", "x=1&y=%2F");
        check("/a?b?c", "/a", "b?c");
        check("/caf%C3%A9", "/café", "");
        check("/a%20b", "/a b", "");
        check("/...", "/...", "");
        check("/.well-known/x", "/.well-known/x", "");
        check("/a//b", "/a//b", "");
        check("/a?../..", "/a", "../..");
        check("//host/x", "//host/x", "");
        check("/%25", "/%", "");
    }

    #[test]
    fn bad_targets() {
        for raw in [
            "",
            "*",
            "a",
            "http://h/",
            "https://h/a",
            "h:80",
            "/a#b",
            "/%",
            "/%4",
            "/%zz",
            "/%+1",
            "/%00",
            "/%0a",
            "/%0D",
            "/%7f",
            "/%ff",
            "/%c3",
            "/%2f",
            "/a%2Fb",
            "/.",
            "/..",
            "/a/../b",
            "/a/./b",
            "/%2e%2e/a",
            "/a/%2E",
            "/..\\a",
            "/a\\..",
            "/%5c..",
            "/é",
            "/a b",
            "/\u{7f}",
            "/%C2%85",
            "/%c0%ae%c0%ae/",
        ] {
            assert!(parse(raw).is_err(), "{raw}");
        }
    }
}
