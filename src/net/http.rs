//! The one way out by HTTP: explicit deadlines, capped answers, no redirects, no proxy from the
//! environment. A failed call says whether the other side can have got it.

use std::io::Read;
use std::time::Duration;

use ureq::tls::{Certificate, RootCerts, TlsConfig};

use crate::base::limits::{CALL_ANSWER_BYTES_MAX, CALL_CONNECT, CALL_TIMEOUT, RETRY_AFTER_MAX_MS};

/// Makes calls. Cheap to clone; connections are kept for the next call.
#[derive(Clone, Debug)]
pub struct Http {
    agent: ureq::Agent,
    answer_bytes_max: u64,
}

/// How a call is made.
#[derive(Clone, Debug)]
pub struct Manner {
    /// Longest time for all of it.
    pub timeout: Duration,
    /// Longest time for its name and its connection.
    pub connect: Duration,
    /// Largest answer, bytes.
    pub answer_bytes_max: u64,
    /// Authorities to trust instead of the public ones, PEM; `""` for those.
    pub authority: String,
}

impl Default for Manner {
    fn default() -> Self {
        Self {
            timeout: CALL_TIMEOUT,
            connect: CALL_CONNECT,
            answer_bytes_max: CALL_ANSWER_BYTES_MAX,
            authority: String::new(),
        }
    }
}

/// What is sent.
#[derive(Clone, Debug)]
pub enum Content {
    /// Nothing.
    None,
    /// A JSON document.
    Json(serde_json::Value),
    /// Pairs of a form.
    Form(Vec<(&'static str, String)>),
    /// Bytes of this media type.
    Bytes(String, Vec<u8>),
}

/// One call.
#[derive(Clone, Debug)]
pub struct Call<'a> {
    /// `GET`, `POST` or `PUT`.
    pub method: &'a str,
    /// Whole address.
    pub url: &'a str,
    /// Headers.
    pub headers: Vec<(&'a str, String)>,
    /// Content.
    pub content: Content,
}

/// An answer, whatever its status.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// Status code.
    pub status: u16,
    /// How long to wait before the next call, milliseconds.
    pub retry_after_ms: Option<i64>,
    /// Content as text.
    pub body: String,
}

impl Answer {
    /// Whether the status is a 2xx.
    pub const fn is_ok(&self) -> bool {
        self.status / 100 == 2
    }

    /// Whether the same call may succeed later.
    pub const fn is_passing(&self) -> bool {
        matches!(self.status, 408 | 425 | 429) || self.status >= 500
    }

    /// The content as JSON, null when it is none.
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.body).unwrap_or_default()
    }
}

/// An answer whose content is read as it comes, to a bound of the reader's own.
pub struct Opened {
    /// Status code.
    pub status: u16,
    /// Content.
    pub content: Box<dyn Read + Send>,
}

/// A call without an answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CallError {
    /// Whether the other side can have taken the call all the same.
    pub perhaps_taken: bool,
    /// Whether the address itself is wrong, so that it is no use to call again.
    pub hopeless: bool,
    /// What happened, a clause.
    pub text: String,
}

impl std::fmt::Display for CallError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.text)
    }
}

impl Http {
    /// A way out that keeps to `manner`.
    ///
    /// # Errors
    /// When the authority is no certificate.
    pub fn new(manner: &Manner) -> Result<Self, String> {
        let mut config = ureq::Agent::config_builder()
            .timeout_global(Some(manner.timeout))
            .timeout_connect(Some(manner.connect.min(manner.timeout)))
            .timeout_resolve(Some(manner.connect.min(manner.timeout)))
            .max_redirects(0)
            .max_redirects_will_error(false)
            .proxy(None)
            .http_status_as_error(false)
            .user_agent(concat!("openalpr-webhook/", env!("CARGO_PKG_VERSION")));
        if !manner.authority.is_empty() {
            let roots = RootCerts::new_with_certs(&certificates(&manner.authority)?);
            config = config.tls_config(TlsConfig::builder().root_certs(roots).build());
        }
        Ok(Self { agent: config.build().into(), answer_bytes_max: manner.answer_bytes_max })
    }

    /// Gets `url` and leaves its content to be read.
    ///
    /// # Errors
    /// When no answer began.
    pub fn open(&self, url: &str) -> Result<Opened, CallError> {
        let response = self.agent.get(url).call().map_err(|error| explained(&error))?;
        let status = response.status().as_u16();
        Ok(Opened { status, content: Box::new(response.into_body().into_reader()) })
    }

    /// Makes `call`.
    ///
    /// # Errors
    /// When no whole answer came.
    pub fn call(&self, call: &Call<'_>) -> Result<Answer, CallError> {
        let mut request = ureq::http::Request::builder().method(call.method).uri(call.url);
        for (name, value) in &call.headers {
            request = request.header(*name, value);
        }
        let bad = |error: ureq::http::Error| CallError {
            perhaps_taken: false,
            hopeless: true,
            text: error.to_string(),
        };
        let (media_type, bytes) = match &call.content {
            Content::None => (None, Vec::new()),
            Content::Json(value) => (Some("application/json"), value.to_string().into_bytes()),
            Content::Form(pairs) => {
                (Some("application/x-www-form-urlencoded"), form(pairs).into_bytes())
            }
            Content::Bytes(media_type, bytes) => (Some(media_type.as_str()), bytes.clone()),
        };
        if let Some(media_type) = media_type {
            request = request.header("content-type", media_type);
        }
        let sent = if call.method == "GET" {
            self.agent.run(request.body(()).map_err(bad)?)
        } else {
            self.agent.run(request.body(bytes).map_err(bad)?)
        };
        answered(sent, self.answer_bytes_max)
    }
}

/// The certificates in `pem`.
fn certificates(pem: &str) -> Result<Vec<Certificate<'static>>, String> {
    use rustls::pki_types::CertificateDer;
    use rustls::pki_types::pem::PemObject as _;
    let mut found = Vec::new();
    for der in CertificateDer::pem_slice_iter(pem.as_bytes()) {
        let der = der.map_err(|_| "the certificate cannot be read".to_owned())?;
        found.push(Certificate::from_der(&der).to_owned());
    }
    if found.is_empty() { Err("there is no certificate in it".to_owned()) } else { Ok(found) }
}

/// The answer with at most `most` bytes of content.
fn answered(
    sent: Result<ureq::http::Response<ureq::Body>, ureq::Error>,
    most: u64,
) -> Result<Answer, CallError> {
    let mut response = sent.map_err(|error| explained(&error))?;
    let status = response.status().as_u16();
    let after_headers = |text: String| CallError { perhaps_taken: true, hopeless: false, text };
    if (300..400).contains(&status) {
        return Err(CallError {
            perhaps_taken: false,
            hopeless: true,
            text: format!("answer {status}: it wants to be called elsewhere, which is not done"),
        });
    }
    let retry_after_ms = response
        .headers()
        .get("retry-after")
        .and_then(|value| value.to_str().ok()?.trim().parse::<f64>().ok())
        .filter(|seconds| *seconds >= 0.0)
        .map(|seconds| ((seconds * 1000.0).ceil() as i64).min(RETRY_AFTER_MAX_MS));
    let mut body = Vec::new();
    let mut reader = response.body_mut().as_reader().take(most + 1);
    if let Err(error) = reader.read_to_end(&mut body) {
        return Err(after_headers(format!("answer {status} broke off: {error}")));
    }
    if body.len() as u64 > most {
        return Err(after_headers(format!("answer {status} is larger than {most} bytes")));
    }
    Ok(Answer { status, retry_after_ms, body: String::from_utf8_lossy(&body).into_owned() })
}

/// What `error` means for whoever made the call.
fn explained(error: &ureq::Error) -> CallError {
    use ureq::Timeout::{Connect, Resolve};
    let made = |perhaps_taken, hopeless, text: String| CallError { perhaps_taken, hopeless, text };
    match error {
        ureq::Error::HostNotFound => made(false, false, "its name has no address (DNS)".into()),
        ureq::Error::BadUri(_) | ureq::Error::Http(_) => {
            made(false, true, "its address is malformed".into())
        }
        ureq::Error::ConnectionFailed => made(false, false, "no connection".into()),
        ureq::Error::Timeout(Resolve) => made(false, false, "no answer from DNS in time".into()),
        ureq::Error::Timeout(Connect) => made(false, false, "no connection in time".into()),
        ureq::Error::Timeout(_) => made(true, false, "no answer in time".into()),
        ureq::Error::Tls(text) => made(false, false, format!("TLS: {text}")),
        ureq::Error::Rustls(inner) => made(false, false, format!("TLS: {inner}")),
        ureq::Error::Io(io) => {
            let tls = io.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>());
            if let Some(inner) = tls {
                return made(false, false, format!("TLS: {inner}"));
            }
            // The resolver's own error has no kind.
            if io.to_string().contains("lookup address") {
                return made(false, false, "its name has no address (DNS)".into());
            }
            let refused = io.kind() == std::io::ErrorKind::ConnectionRefused;
            let text =
                if refused { "connection refused".to_owned() } else { format!("connection: {io}") };
            made(!refused, false, text)
        }
        other => made(true, false, other.to_string()),
    }
}

/// `pairs` as the content of a form.
fn form(pairs: &[(&'static str, String)]) -> String {
    let pair = |(name, value): &(&str, String)| format!("{name}={}", escaped(value));
    pairs.iter().map(pair).collect::<Vec<_>>().join("&")
}

/// `text` for a path segment, a query or a form: everything but unreserved characters in `%XX`.
pub fn escaped(text: &str) -> String {
    use std::fmt::Write as _;
    let mut escaped = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b'~') {
            escaped.push(char::from(byte));
        } else {
            let _ = write!(escaped, "%{byte:02X}");
        }
    }
    escaped
}

/// Value of an `Authorization` header for `username` and `password`.
pub fn basic(username: &str, password: &str) -> String {
    use base64::Engine as _;
    let pair = format!("{username}:{password}");
    format!("Basic {}", base64::engine::general_purpose::STANDARD.encode(pair))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_escaped_for_forms_and_paths() {
        let pairs = [("Body", "=cmd|' /C'!A0 & <b>\u{e4}".to_owned()), ("To", "+1555".to_owned())];
        assert_eq!(
            form(&pairs),
            "Body=%3Dcmd%7C%27%20%2FC%27%21A0%20%26%20%3Cb%3E%C3%A4&To=%2B1555"
        );
        assert_eq!(basic("a", "b:c"), "Basic YTpiOmM=");
    }

    #[test]
    fn failures_say_how_far_the_call_got() {
        let http = Http::new(&Manner { timeout: Duration::from_secs(2), ..Manner::default() });
        let http = http.unwrap();
        let call = |url: &str| {
            http.call(&Call { method: "POST", url, headers: Vec::new(), content: Content::None })
                .unwrap_err()
        };
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let free = listener.local_addr().unwrap();
        drop(listener);
        let refused = call(&format!("http://{free}/"));
        assert!(!refused.perhaps_taken && refused.text.contains("refused"), "{refused:?}");
        let unknown = call("http://no-such-host.invalid/");
        assert!(!unknown.perhaps_taken && unknown.text.contains("DNS"), "{unknown:?}");
        assert!(call("http://exa mple/").hopeless);
        let bad = Manner { authority: "nonsense".into(), ..Manner::default() };
        assert!(Http::new(&bad).is_err());
    }
}
