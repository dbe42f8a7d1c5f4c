//! What a handler answers. Values only; `write` puts them on the wire.

use std::borrow::Cow;
use std::fmt;
use std::io::{self, Write};
use std::sync::Arc;

use crate::gate::registry::Ticket;
use crate::gate::stream::Stream;

/// Produces a body piece by piece; an error ends the connection quietly.
pub type BodyWriter = Box<dyn FnOnce(&mut dyn Write) -> io::Result<()> + Send>;

/// Takes a connection over once the head of its answer is written; made by [`super::live`].
pub struct Handover(pub(crate) Box<dyn FnOnce(Box<dyn Stream>, Ticket) + Send>);

/// The body of a response.
#[derive(Default)]
pub enum ResponseBody {
    /// None.
    #[default]
    Empty,
    /// Owned bytes.
    Bytes(Vec<u8>),
    /// Bytes that live as long as the program, such as assets.
    Static(&'static [u8]),
    /// Bytes shared with a cache.
    Shared(Arc<[u8]>),
    /// Written while it is made, of unknown length; `flush` sends what is there.
    Stream(BodyWriter),
    /// Left open: it ends when whoever takes the connection over closes it.
    Open(Option<Handover>),
}

impl ResponseBody {
    /// The bytes, unless they are streamed.
    pub fn bytes(&self) -> Option<&[u8]> {
        match self {
            Self::Empty => Some(&[]),
            Self::Bytes(bytes) => Some(bytes),
            Self::Static(bytes) => Some(bytes),
            Self::Shared(bytes) => Some(bytes),
            Self::Stream(_) | Self::Open(_) => None,
        }
    }
}

impl fmt::Debug for ResponseBody {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.bytes() {
            Some(bytes) => write!(f, "{} bytes", bytes.len()),
            None => f.write_str("not known"),
        }
    }
}

/// An answer. The gate adds `Date`, `Connection` and the framing headers itself; those of a handler
/// are ignored.
#[derive(Debug, Default)]
pub struct Response {
    /// Status code, 200..=599.
    pub status: u16,
    /// Header fields in order. A value with CR, LF or NUL is left out and logged.
    pub headers: Vec<(Cow<'static, str>, String)>,
    /// The body; left out of answers to HEAD and of 204 and 304.
    pub body: ResponseBody,
    /// Whether the connection is closed after it.
    pub close: bool,
}

impl Response {
    /// An empty answer.
    #[must_use]
    pub fn new(status: u16) -> Self {
        Self { status, ..Self::default() }
    }

    /// Sends the client to `location`, usually with 303.
    #[must_use]
    pub fn redirect(status: u16, location: &str) -> Self {
        Self::new(status).header("Location", location)
    }

    /// Adds a header field.
    #[must_use]
    pub fn header(mut self, name: impl Into<Cow<'static, str>>, value: impl Into<String>) -> Self {
        self.headers.push((name.into(), value.into()));
        self
    }

    /// Sets an HTML body.
    #[must_use]
    pub fn html(self, body: String) -> Self {
        self.bytes("text/html; charset=utf-8", body.into_bytes())
    }

    /// Sets a plain-text body.
    #[must_use]
    pub fn text(self, body: impl Into<String>) -> Self {
        self.bytes("text/plain; charset=utf-8", body.into().into_bytes())
    }

    /// Sets a JSON body that is already serialised.
    #[must_use]
    pub fn json_bytes(self, body: impl Into<Vec<u8>>) -> Self {
        self.bytes("application/json", body.into())
    }

    /// Sets a body of the given media type.
    #[must_use]
    pub fn bytes(self, media_type: &str, body: Vec<u8>) -> Self {
        self.body(media_type, ResponseBody::Bytes(body))
    }

    /// Sets a streamed body of the given media type.
    #[must_use]
    pub fn stream(
        self,
        media_type: &str,
        write: impl FnOnce(&mut dyn Write) -> io::Result<()> + Send + 'static,
    ) -> Self {
        self.body(media_type, ResponseBody::Stream(Box::new(write)))
    }

    /// Sets any body of the given media type.
    #[must_use]
    pub fn body(mut self, media_type: &str, body: ResponseBody) -> Self {
        self.body = body;
        self.header("Content-Type", media_type)
    }

    /// Closes the connection after this answer.
    #[must_use]
    pub fn close(mut self) -> Self {
        self.close = true;
        self
    }
}

/// The phrase of a status; clients ignore it, people read it.
pub fn reason(status: u16) -> &'static str {
    match status {
        200 => "OK",
        201 => "Created",
        202 => "Accepted",
        204 => "No Content",
        206 => "Partial Content",
        301 => "Moved Permanently",
        302 => "Found",
        303 => "See Other",
        304 => "Not Modified",
        307 => "Temporary Redirect",
        308 => "Permanent Redirect",
        400 => "Bad Request",
        401 => "Unauthorized",
        403 => "Forbidden",
        404 => "Not Found",
        405 => "Method Not Allowed",
        408 => "Request Timeout",
        409 => "Conflict",
        410 => "Gone",
        411 => "Length Required",
        412 => "Precondition Failed",
        413 => "Content Too Large",
        415 => "Unsupported Media Type",
        416 => "Range Not Satisfiable",
        417 => "Expectation Failed",
        421 => "Misdirected Request",
        422 => "Unprocessable Content",
        428 => "Precondition Required",
        429 => "Too Many Requests",
        431 => "Request Header Fields Too Large",
        500 => "Internal Server Error",
        501 => "Not Implemented",
        503 => "Service Unavailable",
        507 => "Insufficient Storage",
        _ => "Status",
    }
}
