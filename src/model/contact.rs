//! How to reach a person: telephone numbers and web sites, as forms and files give them.

use crate::base::limits::WEBSITE_BYTES_MAX;

/// Digits of the shortest and the longest number of E.164, with the country.
const DIGITS: std::ops::RangeInclusive<usize> = 7..=15;

/// A telephone number in the form of E.164: `+`, country, number.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Phone(String);

impl Phone {
    /// Parses what people write: blanks, dots, dashes, slashes and brackets do not count, `00` in front
    /// is `+`, a `(0)` behind the country is left out.
    ///
    /// # Errors
    /// What to do about it, a sentence.
    pub fn parse(text: &str) -> Result<Self, &'static str> {
        let text = text.trim().replace("(0)", "");
        let number = text.strip_prefix('+').or_else(|| text.strip_prefix("00"));
        let number = number.ok_or("begin with + and the country, such as +1 301 555 0123")?;
        let mut digits = String::with_capacity(number.len());
        for c in number.chars() {
            match c {
                '0'..='9' => digits.push(c),
                ' ' | '\u{a0}' | '.' | '-' | '/' | '(' | ')' => {}
                _ => return Err("use digits only, such as +1 301 555 0123"),
            }
        }
        if digits.starts_with('0') {
            return Err(
                "no country begins with 0: write + and the country, such as +1 301 555 0123",
            );
        }
        if !DIGITS.contains(&digits.len()) {
            return Err("a number has 7 to 15 digits with its country");
        }
        Ok(Self(format!("+{digits}")))
    }

    /// The number.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Address of a web site: `http://` or `https://` and a host, nothing that runs or hides.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Website(String);

impl Website {
    /// Parses `text`.
    ///
    /// # Errors
    /// What to do about it, a sentence.
    pub fn parse(text: &str) -> Result<Self, &'static str> {
        const RULE: &str = "use an http:// or https:// address, such as https://example.org";
        let text = text.trim();
        let (scheme, rest) = text.split_once("://").ok_or(RULE)?;
        let host = rest.split(['/', '?', '#']).next().unwrap_or_default();
        let fits = ["http", "https"].iter().any(|known| scheme.eq_ignore_ascii_case(known))
            && !host.is_empty()
            && !host.starts_with([':', '.'])
            // Whoever reads `https://bank.example@evil.example` thinks of another host.
            && !host.contains('@')
            && !text.chars().any(|c| c.is_whitespace() || c.is_control() || "<>\"\\`".contains(c));
        if !fits {
            return Err(RULE);
        }
        if text.len() > WEBSITE_BYTES_MAX {
            return Err("use a shorter address");
        }
        Ok(Self(format!("{}://{rest}", scheme.to_ascii_lowercase())))
    }

    /// The address.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_as_people_write_them() {
        for (text, expected) in [
            ("+1 301 555 0123", "+13015550123"),
            (" +1 (301) 555-0123 ", "+13015550123"),
            ("0049 30 / 123 456", "+4930123456"),
            ("+49 (0)30 123456", "+4930123456"),
            ("+44.20.7946.0958", "+442079460958"),
            ("+123456789012345", "+123456789012345"),
        ] {
            assert_eq!(Phone::parse(text).unwrap().as_str(), expected, "{text}");
        }
        for (text, part) in [
            ("", "begin with +"),
            ("301 555 0123", "begin with +"),
            ("030 123456", "begin with +"),
            ("+030 123456", "begins with 0"),
            ("000 123456", "begins with 0"),
            ("+1 301", "7 to 15"),
            ("+1234567890123456", "7 to 15"),
            ("+1 301 555 01x3", "digits only"),
            ("+1 301 555 0123\r\nBcc: x", "digits only"),
            ("+१२३४५६७८", "digits only"),
            ("+1+3015550123", "digits only"),
        ] {
            let error = Phone::parse(text).unwrap_err();
            assert!(error.contains(part), "{text}: {error}");
        }
    }

    #[test]
    fn sites_lead_to_a_host_and_run_nothing() {
        for (text, expected) in [
            ("https://example.org", "https://example.org"),
            (" HTTP://Example.org:8080/a?b=c#d ", "http://Example.org:8080/a?b=c#d"),
            ("https://[2001:db8::1]/", "https://[2001:db8::1]/"),
            ("https://münchen.example/ä", "https://münchen.example/ä"),
        ] {
            assert_eq!(Website::parse(text).unwrap().as_str(), expected, "{text}");
        }
        let long = format!("https://example.org/{}", "x".repeat(WEBSITE_BYTES_MAX));
        for bad in [
            "",
            "example.org",
            "//example.org",
            "javascript:alert(1)",
            "javascript://example.org/%0aalert(1)",
            "data:text/html,x",
            "ftp://example.org",
            "https://",
            "https:///path",
            "https://:80",
            "https://bank.example@evil.example",
            "https://a b",
            "https://a\"onmouseover=x",
            "https://a\\b",
            "https://a\u{0}",
            long.as_str(),
        ] {
            assert!(Website::parse(bad).is_err(), "{bad:.40}");
        }
    }
}
