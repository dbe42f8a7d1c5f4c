//! Slack: an incoming webhook. Texts are plain; pictures would need a bot and are left out.

use serde_json::json;

use super::field::{Config, Field, Kind};
use super::message::{Message, cut};
use super::{Channel, SendError, Session, Wire, judged};
use crate::base::limits::CALL_TIMEOUT;
use crate::net::http::{Call, Content};

/// Longest text of one block, which counts characters.
const TEXT_MAX: usize = 3000;

/// The channel.
pub struct Slack;

const FIELDS: &[Field] = &[Field::new("url", "Address of the webhook", Kind::SecretUrl)
    .needed()
    .hint("Begins with https://hooks.slack.com/services/. Whoever knows it can post there.")];

impl Channel for Slack {
    fn id(&self) -> &'static str {
        "slack"
    }

    fn label(&self) -> &'static str {
        "Slack"
    }

    fn about(&self) -> &'static str {
        "Messages into a channel, without picture."
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
        let text = format!("{}\n{}", message.title, message.body());
        let plain = |text: &str| json!({"type": "section", "text": {"type": "plain_text", "text": cut(text, TEXT_MAX), "emoji": false}});
        let mut blocks = vec![plain(&text)];
        if let Some(link) = &message.link {
            blocks.push(plain(link));
        }
        // The text of the notification; `&`, `<` and `>` are its only marks.
        let title = message.title.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
        let content = Content::Json(json!({"text": title, "blocks": blocks}));
        let url = config.get("url");
        let call = Call { method: "POST", url, headers: Vec::new(), content };
        let answer = self.0.call("", CALL_TIMEOUT, &call)?;
        judged(&answer, |_| None)
    }
}
