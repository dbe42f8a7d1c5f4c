//! What can be set of a channel. A field says its own rule; form, settings file, API and store all
//! follow from the list of fields.

use std::collections::BTreeMap;

use crate::base::limits::{
    CHANNEL_PEM_BYTES_MAX, CHANNEL_TEXT_BYTES_MAX, CHANNEL_URL_BYTES_MAX, RECIPIENTS_MAX,
    TEMPLATE_BYTES_MAX,
};
use crate::base::secret::Secret;
use crate::model::user::Email;

use super::template;

/// One thing that can be set.
#[derive(Clone, Copy, Debug)]
pub struct Field {
    /// Name in forms and files.
    pub key: &'static str,
    /// Name for people.
    pub label: &'static str,
    /// Rule.
    pub kind: Kind,
    /// Value when it was never set.
    pub default: &'static str,
    /// Whether the channel cannot work without.
    pub needed: bool,
    /// A sentence below it, or `""`.
    pub hint: &'static str,
}

/// Rule of a field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// One line.
    Line,
    /// Words, separated by spaces, each of letters, digits and a few marks.
    Words,
    /// Yes or no.
    Switch,
    /// One of these: value and label.
    Choice(&'static [(&'static str, &'static str)]),
    /// A host name or address.
    Host,
    /// A TCP port.
    Port,
    /// An address without a query: `https://host/path`.
    Url,
    /// One e-mail address, perhaps with a name before it.
    Sender,
    /// E-mail addresses.
    Emails,
    /// Telephone numbers in international form.
    Phones,
    /// Certificates, PEM.
    Pem,
    /// SHA-256 of a certificate, hexadecimal.
    Fingerprint,
    /// Text with fields of a message.
    Template,
    /// A password or key.
    Secret,
    /// An address that is itself a key.
    SecretUrl,
}

impl Kind {
    /// Whether it is kept by the vault and never shown.
    pub const fn is_secret(self) -> bool {
        matches!(self, Self::Secret | Self::SecretUrl)
    }

    /// The first word of `text` by this rule, `None` when there is none.
    ///
    /// # Errors
    /// What would be right, a clause.
    pub fn first(self, text: &str) -> Result<Option<String>, String> {
        let parsed = Field::new("to", "To", self).parse(text)?;
        Ok(parsed.split_whitespace().next().map(ToOwned::to_owned))
    }
}

/// Fields that every channel has.
pub const COMMON: &[Field] = &[
    Field::switch("enabled", "On", "false", ""),
    Field::switch("watches", "Matches of watches", "true", ""),
    Field::switch("rekor_alerts", "Rekor alerts", "false", ""),
    Field::switch("notices", "News of the box", "true", ""),
];

impl Field {
    /// A field of `kind` that may stay empty.
    pub const fn new(key: &'static str, label: &'static str, kind: Kind) -> Self {
        Self { key, label, kind, default: "", needed: false, hint: "" }
    }

    /// A switch.
    pub const fn switch(
        key: &'static str,
        label: &'static str,
        default: &'static str,
        hint: &'static str,
    ) -> Self {
        Self { key, label, kind: Kind::Switch, default, needed: false, hint }
    }

    /// The channel cannot work without it.
    #[must_use]
    pub const fn needed(mut self) -> Self {
        self.needed = true;
        self
    }

    /// Its value when it was never set.
    #[must_use]
    pub const fn or(mut self, default: &'static str) -> Self {
        self.default = default;
        self
    }

    /// A sentence below it.
    #[must_use]
    pub const fn hint(mut self, hint: &'static str) -> Self {
        self.hint = hint;
        self
    }

    /// `text` as it is kept.
    ///
    /// # Errors
    /// What would be right, a clause.
    pub fn parse(&self, text: &str) -> Result<String, String> {
        let trimmed = text.trim();
        if trimmed.is_empty() {
            return Ok(if self.kind == Kind::Switch { "false".into() } else { String::new() });
        }
        match self.kind {
            Kind::Line => line(trimmed),
            Kind::Words => words(trimmed),
            Kind::Switch => switch(trimmed),
            Kind::Choice(choices) => choice(trimmed, choices),
            Kind::Host => host(trimmed),
            Kind::Port => match trimmed.parse::<u16>() {
                Ok(port) if port > 0 => Ok(port.to_string()),
                _ => Err("give a port from 1 to 65535".to_owned()),
            },
            Kind::Url => url(trimmed, false),
            Kind::SecretUrl => url(trimmed, true),
            Kind::Sender => sender(trimmed).map(|(name, email)| match name.as_str() {
                "" => email,
                name => format!("{name} <{email}>"),
            }),
            Kind::Emails => list(trimmed, "an e-mail address", |word| {
                Email::parse(word).map(|email| email.as_str().to_owned())
            }),
            Kind::Phones => {
                list(trimmed, "a number in international form such as +15551230001", phone)
            }
            Kind::Pem => pem(trimmed),
            Kind::Fingerprint => fingerprint(trimmed),
            Kind::Template => {
                if text.len() > TEMPLATE_BYTES_MAX {
                    return Err(format!("use at most {TEMPLATE_BYTES_MAX} bytes"));
                }
                template::check(trimmed).map(|()| trimmed.to_owned())
            }
            Kind::Secret => {
                if text.len() > CHANNEL_TEXT_BYTES_MAX || trimmed.chars().any(char::is_control) {
                    return Err(format!("use at most {CHANNEL_TEXT_BYTES_MAX} bytes in one line"));
                }
                Ok(trimmed.to_owned())
            }
        }
    }
}

/// What is set of a channel.
#[derive(Clone, Debug, Default)]
pub struct Config {
    texts: BTreeMap<&'static str, String>,
    secrets: BTreeMap<&'static str, Secret>,
}

impl Config {
    /// Sets a text; it has been checked.
    pub fn set(&mut self, field: &Field, text: String) {
        self.texts.insert(field.key, text);
    }

    /// Sets a secret; it has been checked.
    pub fn set_secret(&mut self, field: &Field, secret: Secret) {
        self.secrets.insert(field.key, secret);
    }

    /// Text or secret of `key`; `""` when there is none.
    pub fn get(&self, key: &str) -> &str {
        let secret = || self.secrets.get(key).map_or("", Secret::expose);
        self.texts.get(key).map_or_else(secret, String::as_str)
    }

    /// Whether the switch `key` is on.
    pub fn is_on(&self, key: &str) -> bool {
        self.get(key) == "true"
    }

    /// The words of `key`.
    pub fn list(&self, key: &str) -> Vec<String> {
        self.get(key).split_whitespace().map(ToOwned::to_owned).collect()
    }

    /// The port `key`.
    pub fn port(&self, key: &str) -> u16 {
        self.get(key).parse().unwrap_or(0)
    }

    /// The texts, without secrets, by key.
    pub const fn texts(&self) -> &BTreeMap<&'static str, String> {
        &self.texts
    }

    /// Whether a secret `key` is there.
    pub fn has_secret(&self, key: &str) -> bool {
        self.secrets.contains_key(key)
    }
}

fn line(text: &str) -> Result<String, String> {
    if text.len() > CHANNEL_TEXT_BYTES_MAX || text.chars().any(char::is_control) {
        return Err(format!("use at most {CHANNEL_TEXT_BYTES_MAX} bytes in one line"));
    }
    Ok(text.to_owned())
}

fn words(text: &str) -> Result<String, String> {
    let fits = |word: &str| {
        word.len() <= 128
            && word.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.@:/+".contains(&b))
    };
    list(text, "of letters, digits and - _ . @ : /", |word| fits(word).then(|| word.to_owned()))
}

fn switch(text: &str) -> Result<String, String> {
    match text {
        "true" | "1" | "on" => Ok("true".to_owned()),
        "false" | "0" => Ok("false".to_owned()),
        _ => Err("say true or false".to_owned()),
    }
}

fn choice(text: &str, choices: &[(&str, &str)]) -> Result<String, String> {
    if choices.iter().any(|(value, _)| *value == text) {
        return Ok(text.to_owned());
    }
    let names: Vec<&str> = choices.iter().map(|(value, _)| *value).collect();
    Err(format!("choose one of {}", names.join(", ")))
}

fn host(text: &str) -> Result<String, String> {
    let named = text.len() <= 253
        && !text.starts_with(['.', '-'])
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-'));
    let numbered = text.parse::<std::net::Ipv6Addr>().is_ok();
    if named || numbered {
        Ok(text.to_lowercase())
    } else {
        Err("give a host name or address without http:// and port".to_owned())
    }
}

/// An address as calls take it; with `query` one may follow. User names in it are refused, as they
/// would be shown.
fn url(text: &str, query: bool) -> Result<String, String> {
    let rule = || "give an address such as https://host/path".to_owned();
    let (scheme, rest) = text.split_once("://").ok_or_else(rule)?;
    let authority = rest.split(['/', '?']).next().unwrap_or_default();
    let web = scheme.eq_ignore_ascii_case("http") || scheme.eq_ignore_ascii_case("https");
    let plain = rest
        .bytes()
        .all(|b| b.is_ascii_graphic() && !b"\"'<>\\^`{|}#".contains(&b) && (query || b != b'?'));
    let whole: Option<ureq::http::Uri> = text.parse().ok();
    let fits = web
        && plain
        && text.len() <= CHANNEL_URL_BYTES_MAX
        && !authority.contains('@')
        && whole.is_some_and(|uri| uri.host().is_some_and(|host| !host.is_empty()));
    if !fits {
        return Err(rule());
    }
    let rest = if query { rest } else { rest.trim_end_matches('/') };
    Ok(format!("{}://{rest}", scheme.to_ascii_lowercase()))
}

/// Name and address of `Box <box@example.org>` or `box@example.org`.
pub fn sender(text: &str) -> Result<(String, String), String> {
    let rule = || "give an address such as box@example.org or Box <box@example.org>".to_owned();
    let (name, address) = match text.strip_suffix('>').and_then(|text| text.rsplit_once('<')) {
        Some((name, address)) => (name.trim().trim_matches('"'), address),
        None => ("", text),
    };
    let email = Email::parse(address).ok_or_else(rule)?;
    if name.len() > 128 || name.chars().any(|c| c.is_control() || "<>\"".contains(c)) {
        return Err(rule());
    }
    Ok((name.to_owned(), email.as_str().to_owned()))
}

/// A telephone number in international form (E.164): `+` and 7 to 15 digits; spaces, dots, dashes
/// and brackets between them do not matter.
pub fn phone(text: &str) -> Option<String> {
    let digits = text.trim().strip_prefix('+')?;
    let known = |c: char| c.is_ascii_digit() || " .-()/\u{a0}".contains(c);
    let number: String = digits.chars().filter(char::is_ascii_digit).collect();
    let fits =
        digits.chars().all(known) && (7..=15).contains(&number.len()) && !number.starts_with('0');
    fits.then(|| format!("+{number}"))
}

/// Words of `text`, separated by space, comma or line, each through `parse`.
fn list(
    text: &str,
    wanted: &str,
    parse: impl Fn(&str) -> Option<String>,
) -> Result<String, String> {
    let mut found: Vec<String> = Vec::new();
    for word in text.split(|c: char| c.is_whitespace() || c == ',' || c == ';') {
        if word.is_empty() {
            continue;
        }
        let Some(parsed) = parse(word) else {
            let shown: String = word.chars().filter(|c| !c.is_control()).take(64).collect();
            return Err(format!("{shown} is not {wanted}"));
        };
        if !found.contains(&parsed) {
            found.push(parsed);
        }
    }
    if found.len() > RECIPIENTS_MAX {
        return Err(format!("list at most {RECIPIENTS_MAX}"));
    }
    Ok(found.join(" "))
}

fn pem(text: &str) -> Result<String, String> {
    use rustls::pki_types::CertificateDer;
    use rustls::pki_types::pem::PemObject as _;
    let rule = || "paste certificates in PEM form (-----BEGIN CERTIFICATE-----)".to_owned();
    if text.len() > CHANNEL_PEM_BYTES_MAX {
        return Err(rule());
    }
    let mut roots = rustls::RootCertStore::empty();
    for der in CertificateDer::pem_slice_iter(text.as_bytes()) {
        roots.add(der.map_err(|_| rule())?).map_err(|_| rule())?;
    }
    if roots.is_empty() { Err(rule()) } else { Ok(text.replace("\r\n", "\n")) }
}

fn fingerprint(text: &str) -> Result<String, String> {
    let digits: String = text.chars().filter(|c| !c.is_whitespace() && *c != ':').collect();
    if digits.len() == 64 && digits.bytes().all(|b| b.is_ascii_hexdigit()) {
        Ok(digits.to_lowercase())
    } else {
        Err("give the SHA-256 fingerprint, 64 hexadecimal digits".to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(kind: Kind, text: &str, expected: Option<&str>) {
        let parsed = Field::new("x", "X", kind).parse(text);
        assert_eq!(parsed.as_deref().ok(), expected, "{text}: {parsed:?}");
    }

    #[test]
    fn each_kind_has_its_rule() {
        check(Kind::Line, " a\r\nBcc: x@y ", None);
        check(Kind::Line, " a <b> ", Some("a <b>"));
        check(Kind::Words, "a, b\na", Some("a b"));
        check(Kind::Words, "a b|c", None);
        check(Kind::Switch, "", Some("false"));
        check(Kind::Switch, "on", Some("true"));
        check(Kind::Switch, "maybe", None);
        check(Kind::Choice(&[("tls", "TLS"), ("plain", "None")]), "tls", Some("tls"));
        check(Kind::Choice(&[("tls", "TLS"), ("plain", "None")]), "TLS", None);
        check(Kind::Host, "Mail.example.org", Some("mail.example.org"));
        check(Kind::Host, "::1", Some("::1"));
        for bad in ["http://mail", "mail:25", "-x", "a b", "a\nb", "a_b"] {
            check(Kind::Host, bad, None);
        }
        check(Kind::Port, "0", None);
        check(Kind::Port, "65536", None);
        check(Kind::Port, " 587 ", Some("587"));
        check(Kind::Url, "HTTPS://ntfy.example.org/", Some("https://ntfy.example.org"));
        check(Kind::Url, "http://[::1]:8080/a", Some("http://[::1]:8080/a"));
        for bad in ["ntfy.sh", "ftp://x", "http://", "http://a@b", "http://a/?b", "http://a b"] {
            check(Kind::Url, bad, None);
        }
        check(Kind::SecretUrl, "https://a/b?sig=1%2F&x=y", Some("https://a/b?sig=1%2F&x=y"));
        check(Kind::SecretUrl, "https://a/b\r\nX: y", None);
        check(Kind::Sender, "box@example.org", Some("box@example.org"));
        check(Kind::Sender, "\"North Gate\" <box@e.org>", Some("North Gate <box@e.org>"));
        check(Kind::Sender, "a\r\nBcc: x@y <box@e.org>", None);
        check(Kind::Emails, "a@b.org, c@d.org;a@b.org", Some("a@b.org c@d.org"));
        check(Kind::Emails, "a@b.org nobody", None);
        check(Kind::Phones, "+1-555-123-0001, +4915112345678", Some("+15551230001 +4915112345678"));
        for bad in ["5551230001", "+0155512300", "+1555", "+1555abc0001", "+12345678901234567"] {
            check(Kind::Phones, bad, None);
        }
        check(Kind::Pem, "-----BEGIN CERTIFICATE-----\nnonsense\n", None);
        let digits = "AB:".repeat(32);
        check(Kind::Fingerprint, &digits, Some("ab".repeat(32).as_str()));
        check(Kind::Fingerprint, "abcd", None);
        check(Kind::Template, "{\"a\": \"{{plate}}\"}", Some("{\"a\": \"{{plate}}\"}"));
        check(Kind::Template, "{{colour_of_sky}}", None);
        check(Kind::Secret, "a\nb", None);
        let many = (0..=RECIPIENTS_MAX).map(|n| format!("a{n}@b.org")).collect::<Vec<_>>();
        check(Kind::Emails, &many.join(" "), None);
    }
}
