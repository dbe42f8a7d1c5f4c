//! `application/x-www-form-urlencoded`, for bodies and query strings, both ways. Knows no field.

use crate::base::limits;
use crate::gate::target::hex;

/// Why a form could not be read; all of them are the client's fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum FormError {
    /// More than [`limits::FORM_PAIRS_MAX`] pairs.
    TooManyPairs,
    /// A name or value is not UTF-8.
    NotUtf8,
    /// A name or value has a NUL.
    Nul,
}

/// Names and values in the order they were sent.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Form(Vec<(String, String)>);

impl Form {
    /// Parses a body or a query string. A `%` that starts no escape stands for itself, as in
    /// browsers.
    pub fn parse(bytes: impl AsRef<[u8]>) -> Result<Self, FormError> {
        let mut pairs = Vec::new();
        for pair in bytes.as_ref().split(|byte| *byte == b'&').filter(|pair| !pair.is_empty()) {
            if pairs.len() == limits::FORM_PAIRS_MAX {
                return Err(FormError::TooManyPairs);
            }
            let mut halves = pair.splitn(2, |byte| *byte == b'=');
            let name = decode(halves.next().unwrap_or_default())?;
            let value = decode(halves.next().unwrap_or_default())?;
            pairs.push((name, value));
        }
        Ok(Self(pairs))
    }

    /// A form of `pairs`.
    pub(crate) const fn of(pairs: Vec<(String, String)>) -> Self {
        Self(pairs)
    }

    /// The first value of `name`.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.pairs().find(|(have, _)| *have == name).map(|(_, value)| value)
    }

    /// Every value of `name`, as of check boxes.
    pub fn all<'a>(&'a self, name: &str) -> impl Iterator<Item = &'a str> {
        self.pairs().filter(move |(have, _)| *have == name).map(|(_, value)| value)
    }

    /// All names and values.
    pub fn pairs(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// Whether nothing was sent.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// A query string or form body of `pairs`; everything but letters, digits and `-._~*` is escaped.
pub fn encode<N: AsRef<str>, V: AsRef<str>>(pairs: impl IntoIterator<Item = (N, V)>) -> String {
    let mut out = String::new();
    for (name, value) in pairs {
        if !out.is_empty() {
            out.push('&');
        }
        escape(name.as_ref(), &mut out);
        out.push('=');
        escape(value.as_ref(), &mut out);
    }
    out
}

fn escape(text: &str, out: &mut String) {
    const DIGITS: [char; 16] =
        ['0', '1', '2', '3', '4', '5', '6', '7', '8', '9', 'A', 'B', 'C', 'D', 'E', 'F'];
    for byte in text.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b'*' => {
                out.push(char::from(byte));
            }
            b' ' => out.push('+'),
            _ => {
                out.push('%');
                out.extend([byte >> 4, byte & 15].map(|nibble| DIGITS[usize::from(nibble)]));
            }
        }
    }
}

fn decode(raw: &[u8]) -> Result<String, FormError> {
    let mut bytes = Vec::with_capacity(raw.len());
    let mut rest = raw;
    while let Some((&byte, tail)) = rest.split_first() {
        rest = tail;
        let escaped = match (byte, tail) {
            (b'%', &[high, low, ref after @ ..]) => {
                hex(high).zip(hex(low)).map(|(high, low)| (high << 4 | low, after))
            }
            _ => None,
        };
        if let Some((value, after)) = escaped {
            bytes.push(value);
            rest = after;
        } else {
            bytes.push(if byte == b'+' { b' ' } else { byte });
        }
    }
    if bytes.contains(&0) {
        return Err(FormError::Nul);
    }
    String::from_utf8(bytes).map_err(|_| FormError::NotUtf8)
}

#[cfg(test)]
mod tests {
    use super::{Form, FormError, encode};

    #[test]
    fn pairs_in_order() {
        let check = |text: &str, expected: &[(&str, &str)]| {
            let form = Form::parse(text).unwrap();
            assert_eq!(form.pairs().collect::<Vec<_>>(), expected, "{text}");
        };
        check("", &[]);
        check("&&", &[]);
        check("a=1&b=2&a=3", &[("a", "1"), ("b", "2"), ("a", "3")]);
        check("a", &[("a", "")]);
        check("=x", &[("", "x")]);
        check("a=b=c", &[("a", "b=c")]);
        check("q=a+b%20c%2Bd", &[("q", "a b c+d")]);
        check("q=100%&r=%zz&s=%4", &[("q", "100%"), ("r", "%zz"), ("s", "%4")]);
        check("k%C3%A4se=%f0%9f%a7%80", &[("käse", "🧀")]);
        check("a=1;b=2", &[("a", "1;b=2")]);
        check("a=%0d%0a", &[("a", "\r\n")]);
    }

    #[test]
    fn first_value_wins() {
        let form = Form::parse("a=1&a=2&b=").unwrap();
        assert_eq!(form.get("a"), Some("1"));
        assert_eq!(form.all("a").collect::<Vec<_>>(), ["1", "2"]);
        assert_eq!((form.get("b"), form.get("c")), (Some(""), None));
    }

    #[test]
    fn refuses_what_is_no_text() {
        assert_eq!(Form::parse("a=%ff"), Err(FormError::NotUtf8));
        assert_eq!(Form::parse(b"a=\xff"), Err(FormError::NotUtf8));
        assert_eq!(Form::parse("a=%00"), Err(FormError::Nul));
        assert_eq!(Form::parse("%00=a"), Err(FormError::Nul));
        assert!(Form::parse(vec!["a=1"; 200].join("&")).is_ok());
        assert_eq!(Form::parse(vec!["a=1"; 201].join("&")), Err(FormError::TooManyPairs));
    }

    #[test]
    fn what_is_encoded_comes_back() {
        let pairs = [("q", "plate:A*B c&d=e"), ("ünï", "\r\n\"<>%+#?/"), ("", "")];
        let text = encode(pairs);
        assert!(text.is_ascii() && !text.contains(['\r', '\n', '"', '<', '#']));
        assert_eq!(Form::parse(&text).unwrap().pairs().collect::<Vec<_>>(), pairs);
    }
}
