//! Failures of handlers and the one place where they become an HTTP status.

use crate::gate::BodyError;
use crate::store::StoreError;
use crate::worker::ingest::IngestError;

/// Why a request was not answered as hoped. The text goes to the client: it never contains
/// internals.
#[derive(Debug)]
#[non_exhaustive]
pub enum WebError {
    /// 400: what is wrong with the request.
    Bad(String),
    /// 401: no valid key or session.
    Unauthorized(String),
    /// 403: known but not allowed.
    Forbidden(String),
    /// 404.
    NotFound,
    /// 405: the path exists for other methods.
    Method,
    /// 408: the body came too slowly.
    Timeout,
    /// 413: the body is larger than the route takes.
    TooLarge,
    /// 415: the body's encoding is not understood.
    Encoding,
    /// 421: the box is not known by the name that was used.
    Misdirected,
    /// 429: come again after so many seconds.
    TooMany(u64),
    /// 503: come again after so many seconds.
    Busy(String, u64),
    /// 500: the log has the details.
    Internal(String),
}

impl WebError {
    /// HTTP status.
    pub const fn status(&self) -> u16 {
        match self {
            Self::Bad(_) => 400,
            Self::Unauthorized(_) => 401,
            Self::Forbidden(_) => 403,
            Self::NotFound => 404,
            Self::Method => 405,
            Self::Timeout => 408,
            Self::TooLarge => 413,
            Self::Encoding => 415,
            Self::Misdirected => 421,
            Self::TooMany(_) => 429,
            Self::Busy(..) => 503,
            Self::Internal(_) => 500,
        }
    }

    /// Stable word for programs.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Bad(_) => "bad_request",
            Self::Unauthorized(_) => "unauthorized",
            Self::Forbidden(_) => "forbidden",
            Self::NotFound => "not_found",
            Self::Method => "method_not_allowed",
            Self::Timeout => "timeout",
            Self::TooLarge => "too_large",
            Self::Encoding => "unsupported_encoding",
            Self::Misdirected => "misdirected",
            Self::TooMany(_) => "too_many_requests",
            Self::Busy(..) => "unavailable",
            Self::Internal(_) => "internal",
        }
    }

    /// Sentence for people.
    pub fn message(&self) -> String {
        match self {
            Self::Bad(text)
            | Self::Unauthorized(text)
            | Self::Forbidden(text)
            | Self::Busy(text, _) => text.clone(),
            Self::NotFound => "There is nothing at this address.".into(),
            Self::Method => "This address does not take that method.".into(),
            Self::Timeout => "The request came too slowly.".into(),
            Self::TooLarge => "The request is larger than this address takes.".into(),
            Self::Encoding => {
                "The body's encoding is not understood. Send it plain or as gzip.".into()
            }
            Self::Misdirected => "The box is not known by the name in the address. Use its IP \
                address, or have an administrator add the name in Settings, Certificate."
                .into(),
            Self::TooMany(seconds) => format!("Too many tries. Try again in {seconds} s."),
            Self::Internal(_) => "Something went wrong inside the box.".into(),
        }
    }

    /// Seconds for `Retry-After`.
    pub const fn retry_after(&self) -> Option<u64> {
        match self {
            Self::TooMany(seconds) | Self::Busy(_, seconds) => Some(*seconds),
            _ => None,
        }
    }
}

impl From<StoreError> for WebError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Full => Self::Busy("The disk is nearly full.".into(), 60),
            StoreError::Refused(why) => Self::Bad(why.to_owned()),
            StoreError::Poisoned => Self::Busy("The store is recovering.".into(), 5),
            other => Self::Internal(other.to_string()),
        }
    }
}

impl From<IngestError> for WebError {
    fn from(error: IngestError) -> Self {
        match error {
            IngestError::Busy => Self::Busy("The box is busy.".into(), 2),
            IngestError::Full => Self::Busy("The disk is nearly full.".into(), 60),
            IngestError::Failed => Self::Busy("The store is recovering.".into(), 5),
            IngestError::Stopping => Self::Busy("The box is shutting down.".into(), 10),
        }
    }
}

impl From<BodyError> for WebError {
    fn from(error: BodyError) -> Self {
        match error {
            BodyError::TooLarge => Self::TooLarge,
            BodyError::TooSlow => Self::Timeout,
            BodyError::UnsupportedEncoding => Self::Encoding,
            BodyError::Busy => Self::Busy("The box is busy with large requests.".into(), 2),
            BodyError::Malformed | BodyError::Disconnected => {
                Self::Bad("The request body is malformed.".into())
            }
        }
    }
}
