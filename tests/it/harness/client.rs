//! A small HTTP client over one kept connection: cookies, forms with their token, JSON. Reads
//! exactly what the server sends and hides nothing.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::{self, BufRead, BufReader, Write as _};
use std::net::{IpAddr, SocketAddr, TcpStream};
use std::sync::Arc;
use std::time::Duration;

use openalpr_webhook::base::clock::Timestamp;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::time_provider::TimeProvider;
use rustls::{ClientConfig, ClientConnection};

use super::html::{form, tags};

/// Plain or encrypted.
pub(crate) trait Both: io::Read + io::Write + Send {}

impl<T: io::Read + io::Write + Send> Both for T {}

type Line = Box<dyn Both>;

/// The time of a client, which is that of its box.
#[derive(Debug)]
struct At(Timestamp);

impl TimeProvider for At {
    fn current_time(&self) -> Option<UnixTime> {
        let ms = u64::try_from(self.0.ms()).ok()?;
        Some(UnixTime::since_unix_epoch(Duration::from_millis(ms)))
    }
}

/// An answer.
#[derive(Clone, Debug, Default)]
pub(crate) struct Response {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

impl Response {
    /// First header called `name`, `""` without one.
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers
            .iter()
            .find(|(key, _)| key.eq_ignore_ascii_case(name))
            .map_or("", |(_, value)| value)
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    #[track_caller]
    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body)
            .unwrap_or_else(|error| panic!("{}: {error}: {}", self.status, self.text()))
    }

    /// Asserts the status and hands the answer on.
    #[track_caller]
    pub(crate) fn expect(self, status: u16) -> Self {
        let head: String = self.text().chars().take(600).collect();
        assert_eq!(self.status, status, "location {:?}: {head}", self.header("location"));
        self
    }
}

/// A browser or a sender, in one connection.
pub(crate) struct Client {
    pub(crate) address: SocketAddr,
    /// Sent with every request.
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) cookies: BTreeMap<String, String>,
    source: Option<IpAddr>,
    kept: Option<BufReader<Line>>,
    trust: Option<Arc<ClientConfig>>,
}

impl Client {
    pub(crate) fn new(address: SocketAddr) -> Self {
        Self {
            address,
            headers: Vec::new(),
            cookies: BTreeMap::new(),
            source: None,
            kept: None,
            trust: None,
        }
    }

    /// A client that calls from `source`, for example another loopback address.
    pub(crate) fn from_address(address: SocketAddr, source: IpAddr) -> Self {
        Self { source: Some(source), ..Self::new(address) }
    }

    /// A client that speaks TLS and trusts the authority `pem`; it is `now` for it.
    pub(crate) fn over_tls(address: SocketAddr, pem: &str, now: Timestamp) -> Self {
        let mut roots = rustls::RootCertStore::empty();
        let der = CertificateDer::from_pem_slice(pem.as_bytes()).expect("a certificate");
        roots.add(der).expect("an authority");
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ClientConfig::builder_with_details(provider, Arc::new(At(now)))
            .with_safe_default_protocol_versions()
            .expect("versions")
            .with_root_certificates(roots)
            .with_no_client_auth();
        Self { trust: Some(config.into()), ..Self::new(address) }
    }

    fn connect(&self) -> io::Result<Line> {
        let socket = connect(self.address, self.source)?;
        let Some(config) = &self.trust else { return Ok(Box::new(socket)) };
        let name = ServerName::from(self.address.ip());
        let session = ClientConnection::new(Arc::clone(config), name).map_err(io::Error::other)?;
        Ok(Box::new(rustls::StreamOwned::new(session, socket)))
    }

    /// A client that sends `key` with every request.
    pub(crate) fn with_key(address: SocketAddr, key: &str) -> Self {
        let mut client = Self::new(address);
        client.headers.push(("X-Api-Key".to_owned(), key.to_owned()));
        client
    }

    #[track_caller]
    pub(crate) fn get(&mut self, path: &str) -> Response {
        self.request("GET", path, &[], b"").expect("the server answers")
    }

    /// Opens the live stream at `path`; its head has been read.
    #[track_caller]
    pub(crate) fn listen(&self, path: &str, headers: &[(&str, &str)]) -> Events {
        let mut head = format!("GET {path} HTTP/1.1\r\nHost: {}\r\n", self.address);
        for (name, value) in headers {
            let _ = write!(head, "{name}: {value}\r\n");
        }
        for (name, value) in &self.cookies {
            let _ = write!(head, "Cookie: {name}={value}\r\n");
        }
        head += "\r\n";
        let mut stream = BufReader::new(self.connect().expect("a connection"));
        stream.get_mut().write_all(head.as_bytes()).expect("the request is sent");
        let answer = read_response(&mut stream, "GET").expect("the stream is answered");
        assert_eq!(answer.status, 200, "{}", answer.text());
        assert_eq!(answer.header("content-type"), "text/event-stream");
        Events { stream }
    }

    /// GET that follows redirects inside the box; returns the last path too.
    #[track_caller]
    pub(crate) fn visit(&mut self, path: &str) -> (String, Response) {
        let mut path = path.to_owned();
        for _ in 0..10 {
            let response = self.get(&path);
            if !(300..400).contains(&response.status) {
                return (path, response);
            }
            path = local(response.header("location"));
        }
        panic!("{path}: redirects for ever");
    }

    #[track_caller]
    pub(crate) fn post_json(&mut self, path: &str, body: &[u8]) -> Response {
        self.request("POST", path, &[("Content-Type", "application/json")], body)
            .expect("the server answers")
    }

    /// Posts a form as a page of the box would, with its origin.
    #[track_caller]
    pub(crate) fn post_form(&mut self, path: &str, fields: &[(&str, &str)]) -> Response {
        self.send_form("POST", path, fields)
    }

    /// The same by another method.
    #[track_caller]
    pub(crate) fn send_form(
        &mut self,
        method: &str,
        path: &str,
        fields: &[(&str, &str)],
    ) -> Response {
        let scheme = if self.trust.is_some() { "https" } else { "http" };
        let origin = format!("{scheme}://{}", self.address);
        let headers =
            [("Content-Type", "application/x-www-form-urlencoded"), ("Origin", origin.as_str())];
        self.request(method, path, &headers, urlencoded(fields).as_bytes())
            .expect("the server answers")
    }

    /// Opens `page`, fills the form that posts to `action`, sends it. Hidden fields and defaults
    /// are kept unless `fields` names them.
    #[track_caller]
    pub(crate) fn submit(&mut self, page: &str, action: &str, fields: &[(&str, &str)]) -> Response {
        let (_, response) = self.visit(page);
        let html = response.text();
        let mut values = form(&html, action).unwrap_or_else(|| {
            panic!("{page} ({}) has no form that posts to {action}", response.status)
        });
        values.retain(|(name, _)| !fields.iter().any(|(other, _)| other == name));
        let own = values.iter().map(|(name, value)| (name.as_str(), value.as_str()));
        let all: Vec<(&str, &str)> = own.chain(fields.iter().copied()).collect();
        self.post_form(action, &all)
    }

    /// The token of any form on `page`.
    #[track_caller]
    pub(crate) fn token(&mut self, page: &str) -> String {
        let (path, response) = self.visit(page);
        tags(&response.text())
            .into_iter()
            .find(|tag| tag.name == "input" && tag.get("name") == "csrf")
            .unwrap_or_else(|| panic!("{path} has no form with a token"))
            .get("value")
    }

    /// One request; a kept connection that has died is opened again once.
    pub(crate) fn request(
        &mut self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: &[u8],
    ) -> io::Result<Response> {
        let mut head = format!("{method} {path} HTTP/1.1\r\n");
        if !headers.iter().any(|(name, _)| name.eq_ignore_ascii_case("host")) {
            let _ = write!(head, "Host: {}\r\n", self.address);
        }
        for (name, value) in &self.headers {
            let _ = write!(head, "{name}: {value}\r\n");
        }
        for (name, value) in headers {
            let _ = write!(head, "{name}: {value}\r\n");
        }
        if !self.cookies.is_empty() {
            let pairs: Vec<String> = self.cookies.iter().map(|(k, v)| format!("{k}={v}")).collect();
            let _ = write!(head, "Cookie: {}\r\n", pairs.join("; "));
        }
        if method != "GET" && method != "HEAD" || !body.is_empty() {
            let _ = write!(head, "Content-Length: {}\r\n", body.len());
        }
        head += "\r\n";
        let reused = self.kept.is_some();
        let response = match self.exchange(method, head.as_bytes(), body) {
            Err(_) if reused => self.exchange(method, head.as_bytes(), body)?,
            other => other?,
        };
        self.remember(&response);
        Ok(response)
    }

    fn exchange(&mut self, method: &str, head: &[u8], body: &[u8]) -> io::Result<Response> {
        let mut stream = match self.kept.take() {
            Some(stream) => stream,
            None => BufReader::new(self.connect()?),
        };
        let mut message = head.to_vec();
        message.extend_from_slice(body);
        // A server that refuses early may close before it has read everything: its answer counts.
        let sent = stream.get_mut().write_all(&message);
        let response = read_response(&mut stream, method);
        if response.is_err() {
            sent?;
        }
        let response = response?;
        if !response.header("connection").eq_ignore_ascii_case("close") {
            self.kept = Some(stream);
        }
        Ok(response)
    }

    fn remember(&mut self, response: &Response) {
        for (name, value) in &response.headers {
            if !name.eq_ignore_ascii_case("set-cookie") {
                continue;
            }
            let Some((key, rest)) = value.split_once('=') else { continue };
            let content = rest.split(';').next().unwrap_or("").trim();
            if content.is_empty() || rest.to_ascii_lowercase().contains("max-age=0") {
                self.cookies.remove(key.trim());
            } else {
                self.cookies.insert(key.trim().to_owned(), content.to_owned());
            }
        }
    }
}

/// A live stream.
pub(crate) struct Events {
    stream: BufReader<Line>,
}

/// One event of a live stream.
#[derive(Clone, Debug, Default)]
pub(crate) struct Event {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) data: String,
}

impl Event {
    #[track_caller]
    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.data).unwrap_or_else(|error| panic!("{error}: {}", self.data))
    }
}

impl Events {
    /// The next event; `None` at the end of the stream.
    pub(crate) fn next(&mut self) -> Option<Event> {
        let mut event = Event::default();
        loop {
            let text = line(&mut self.stream).ok()?;
            match text.split_once(": ").unwrap_or((&text, "")) {
                ("id", value) => value.clone_into(&mut event.id),
                ("event", value) => value.clone_into(&mut event.name),
                ("data", value) => value.clone_into(&mut event.data),
                ("", _) if !event.name.is_empty() => return Some(event),
                _ => {}
            }
        }
    }

    /// The next event, which must be called `name`.
    #[track_caller]
    pub(crate) fn expect(&mut self, name: &str) -> Event {
        let event = self.next().expect("the stream goes on");
        assert_eq!(event.name, name, "{event:?}");
        event
    }
}

/// Opens a connection with time-outs on both directions.
pub(crate) fn connect(address: SocketAddr, source: Option<IpAddr>) -> io::Result<TcpStream> {
    use socket2::{Domain, Socket, Type};
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, None)?;
    if let Some(source) = source {
        socket.bind(&SocketAddr::new(source, 0).into())?;
    }
    socket.connect_timeout(&address.into(), Duration::from_secs(5))?;
    let stream: TcpStream = socket.into();
    stream.set_nodelay(true)?;
    stream.set_read_timeout(Some(Duration::from_secs(40)))?;
    stream.set_write_timeout(Some(Duration::from_secs(40)))?;
    Ok(stream)
}

/// Reads one answer; `method` decides whether a body follows.
pub(crate) fn read_response(stream: &mut impl BufRead, method: &str) -> io::Result<Response> {
    loop {
        let response = read_one(stream, method)?;
        if response.status != 100 {
            return Ok(response);
        }
    }
}

fn read_one(stream: &mut impl BufRead, method: &str) -> io::Result<Response> {
    let bad = |what: String| io::Error::new(io::ErrorKind::InvalidData, what);
    let first = line(stream)?;
    let status = first
        .split(' ')
        .nth(1)
        .and_then(|code| code.parse().ok())
        .ok_or_else(|| bad(format!("status line {first:?}")))?;
    let mut response = Response { status, ..Response::default() };
    loop {
        let text = line(stream)?;
        if text.is_empty() {
            break;
        }
        let (name, value) = text.split_once(':').ok_or_else(|| bad(format!("header {text:?}")))?;
        response.headers.push((name.to_owned(), value.trim().to_owned()));
    }
    let endless = response.header("content-type") == "text/event-stream";
    if method == "HEAD" || status == 304 || status == 204 || status < 200 || endless {
        return Ok(response);
    }
    if response.header("transfer-encoding").eq_ignore_ascii_case("chunked") {
        loop {
            let size = line(stream)?;
            let size = usize::from_str_radix(size.split(';').next().unwrap_or(""), 16)
                .map_err(|_| bad(format!("chunk size {size:?}")))?;
            let start = response.body.len();
            response.body.resize(start + size, 0);
            stream.read_exact(&mut response.body[start..])?;
            line(stream)?;
            if size == 0 {
                break;
            }
        }
    } else if let Ok(length) = response.header("content-length").parse::<usize>() {
        response.body.resize(length, 0);
        stream.read_exact(&mut response.body)?;
    } else {
        stream.read_to_end(&mut response.body)?;
    }
    Ok(response)
}

fn line(stream: &mut impl BufRead) -> io::Result<String> {
    let mut text = String::new();
    if stream.read_line(&mut text)? == 0 {
        return Err(io::Error::new(io::ErrorKind::UnexpectedEof, "the server closed"));
    }
    Ok(text.trim_end_matches(['\r', '\n']).to_owned())
}

/// Path and query of a redirect; panics when it leaves the box.
#[track_caller]
pub(crate) fn local(location: &str) -> String {
    assert!(
        location.starts_with('/') && !location.starts_with("//"),
        "redirect leaves the box: {location:?}"
    );
    location.to_owned()
}

/// `application/x-www-form-urlencoded`.
pub(crate) fn urlencoded(fields: &[(&str, &str)]) -> String {
    let pairs: Vec<String> = fields
        .iter()
        .map(|(name, value)| format!("{}={}", percent(name), percent(value)))
        .collect();
    pairs.join("&")
}

/// `text` with everything but unreserved characters escaped.
pub(crate) fn percent(text: &str) -> String {
    text.bytes()
        .map(|byte| match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => {
                char::from(byte).to_string()
            }
            _ => format!("%{byte:02X}"),
        })
        .collect()
}
