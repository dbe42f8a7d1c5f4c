//! Discord: a webhook of a channel. Its markup is escaped, mentions are switched off.

use serde_json::json;

use super::field::{Config, Field, Kind};
use super::message::{Message, cut};
use super::{Channel, SendError, Session, Wire, judged, text_at};
use crate::base::limits::CALL_TIMEOUT;
use crate::net::http::{Call, Content};
use crate::net::multipart::MultipartForm;

/// Longest text the service takes; it counts characters, bytes are on the safe side.
const TEXT_MAX: usize = 2000;
/// Longest name of a sender.
const NAME_MAX: usize = 80;

/// The channel.
pub struct Discord;

const FIELDS: &[Field] = &[Field::new("url", "Address of the webhook", Kind::SecretUrl)
    .needed()
    .hint("Channel settings, Integrations, Webhooks. Whoever knows it can post there.")];

impl Channel for Discord {
    fn id(&self) -> &'static str {
        "discord"
    }

    fn label(&self) -> &'static str {
        "Discord"
    }

    fn about(&self) -> &'static str {
        "Messages with a picture into a channel."
    }

    fn fields(&self) -> &'static [Field] {
        FIELDS
    }

    fn takes_pictures(&self) -> bool {
        true
    }

    fn open(&self) -> Box<dyn Session> {
        Box::new(Line::default())
    }
}

#[derive(Default)]
struct Line(Wire);

impl Session for Line {
    fn send(&mut self, config: &Config, _: &str, message: &Message) -> Result<String, SendError> {
        let text = format!("{}\n{}", message.title, message.body());
        let link = message.link.as_ref().map(|link| format!("\n<{link}>")).unwrap_or_default();
        let text = format!("{}{link}", cut(&escaped(&text), TEXT_MAX - link.len().min(1000)));
        let mut content = json!({
            "content": text,
            "allowed_mentions": {"parse": []},
        });
        if !message.sender.is_empty() {
            content["username"] = json!(cut(&message.sender, NAME_MAX));
        }
        let content = match message.picture() {
            Some(picture) => {
                content["embeds"] = json!([{"image": {"url": "attachment://read.jpg"}}]);
                let form = MultipartForm::default()
                    .text("payload_json", &content.to_string())
                    .file("files[0]", "read.jpg", "image/jpeg", &picture.jpeg);
                let (media_type, bytes) = form.finish();
                Content::Bytes(media_type, bytes)
            }
            None => Content::Json(content),
        };
        let url = config.get("url");
        let url = format!("{url}{}wait=true", if url.contains('?') { '&' } else { '?' });
        let call = Call { method: "POST", url: &url, headers: Vec::new(), content };
        let answer = self.0.call("", CALL_TIMEOUT, &call)?;
        judged(&answer, |json| text_at(json, "/message").or_else(|| text_at(json, "/id")))
    }
}

/// `text` without markup.
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        if "\\*_~`|>#[]()<@-".contains(c) {
            escaped.push('\\');
        }
        escaped.push(c);
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::escaped;

    #[test]
    fn markup_is_literal() {
        assert_eq!(escaped("*a* @everyone <b>"), "\\*a\\* \\@everyone \\<b\\>");
    }
}
