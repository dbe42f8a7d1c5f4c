//! Gotify: push from a server of one's own. Plain text; pictures only by address, so none.

use serde_json::json;

use super::field::{Config, Field, Kind};
use super::message::{Message, cut};
use super::{Channel, SendError, Session, Wire, judged, text_at};
use crate::base::limits::CALL_TIMEOUT;
use crate::net::http::{Call, Content};

/// Longest text, bytes.
const TEXT_MAX: usize = 8000;

/// The channel.
pub struct Gotify;

const FIELDS: &[Field] = &[
    Field::new("base_url", "Server", Kind::Url).needed(),
    Field::new("token", "Token of the application", Kind::Secret).needed(),
    Field::new("certificate", "Own authority", Kind::Pem),
];

impl Channel for Gotify {
    fn id(&self) -> &'static str {
        "gotify"
    }

    fn label(&self) -> &'static str {
        "Gotify"
    }

    fn about(&self) -> &'static str {
        "Push by your own server, without picture."
    }

    fn fields(&self) -> &'static [Field] {
        FIELDS
    }

    fn open(&self) -> Box<dyn Session> {
        Box::new(Line::default())
    }
}

#[derive(Default)]
struct Line(Wire);

impl Session for Line {
    fn send(&mut self, config: &Config, _: &str, message: &Message) -> Result<String, SendError> {
        let mut content = json!({
            "title": message.title,
            "message": cut(&message.body(), TEXT_MAX),
            "priority": if message.topic.is_urgent() { 8 } else { 4 },
        });
        if let Some(link) = &message.link {
            content["extras"] = json!({"client::notification": {"click": {"url": link}}});
        }
        let url = format!("{}/message", config.get("base_url"));
        let headers = vec![("x-gotify-key", config.get("token").to_owned())];
        let call = Call { method: "POST", url: &url, headers, content: Content::Json(content) };
        let answer = self.0.call(config.get("certificate"), CALL_TIMEOUT, &call)?;
        judged(&answer, |json| {
            text_at(json, "/errorDescription").or_else(|| text_at(json, "/error"))
        })
    }
}
