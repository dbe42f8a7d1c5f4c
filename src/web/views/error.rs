//! Pages for requests that could not be answered.

use serde::Serialize;

use super::Link;

/// Template `error.html`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct ErrorPage {
    /// HTTP status.
    pub status: u16,
    /// Title.
    pub title: &'static str,
    /// What it means and what to do, a sentence or two.
    pub text: String,
    /// Id under which the log has more, `""` for none.
    pub id: String,
    /// Where to go instead.
    pub link: Link,
}

impl ErrorPage {
    /// The page of `status`; `id` is the request's id (shown for 500 and 503).
    pub fn new(status: u16, id: &str) -> Self {
        let (title, text) = match status {
            400 => (
                "Request not understood",
                "The form or address was incomplete. Go back and try again.",
            ),
            403 => ("Not allowed", "This account may not see or do that. An administrator can."),
            404 => ("Nothing here", "The address is wrong, or what was here is gone."),
            405 => ("Wrong method", "The address exists, but not for this kind of request."),
            413 => ("Too large", "The request is larger than this box accepts."),
            429 => ("Too many tries", "Wait a minute, then try again."),
            503 => (
                "Busy",
                "The box has too much to do or is out of space. Try again in a few seconds.",
            ),
            _ => (
                "Something broke",
                "The request could not be finished. Nothing was changed. The log has details under the number below.",
            ),
        };
        Self {
            status,
            title,
            text: text.to_owned(),
            id: if status >= 500 { id.to_owned() } else { String::new() },
            link: Link::new(crate::web::paths::HOME, "Open dashboard"),
        }
    }
}
