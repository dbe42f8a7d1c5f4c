//! Microsoft Teams: the address of a workflow that posts what it gets. The card is made of plain
//! runs of text, in which nothing is markup.

use serde_json::{Value, json};

use super::field::{Config, Field, Kind};
use super::message::{Message, cut};
use super::{Channel, SendError, Session, Wire, judged, text_at};
use crate::base::limits::CALL_TIMEOUT;
use crate::net::http::{Call, Content};

/// Longest text, bytes: a card may have 28 KB.
const TEXT_MAX: usize = 8000;

/// The channel.
pub struct Teams;

const FIELDS: &[Field] = &[Field::new("url", "Address of the workflow", Kind::SecretUrl)
    .needed()
    .hint("From the template “Post to a channel when a webhook request is received”.")];

impl Channel for Teams {
    fn id(&self) -> &'static str {
        "teams"
    }

    fn label(&self) -> &'static str {
        "Microsoft Teams"
    }

    fn about(&self) -> &'static str {
        "Cards into a channel by a workflow, without picture."
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
        let content = Content::Json(card(message));
        let url = config.get("url");
        let call = Call { method: "POST", url, headers: Vec::new(), content };
        let answer = self.0.call("", CALL_TIMEOUT, &call)?;
        judged(&answer, |json| text_at(json, "/error/message"))
    }
}

fn card(message: &Message) -> Value {
    let run = |text: &str, weight: &str, size: &str| {
        json!({"type": "RichTextBlock", "inlines": [
            {"type": "TextRun", "text": cut(text, TEXT_MAX), "weight": weight, "size": size}
        ]})
    };
    let mut body = vec![run(&message.title, "Bolder", "Large")];
    body.extend(message.body().lines().map(|line| run(line, "Default", "Default")));
    let mut card = json!({
        "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
        "type": "AdaptiveCard",
        "version": "1.4",
        "body": body,
    });
    if let Some(link) = &message.link {
        card["actions"] = json!([{"type": "Action.OpenUrl", "title": "Open", "url": link}]);
    }
    json!({"type": "message", "attachments": [{
        "contentType": "application/vnd.microsoft.card.adaptive",
        "contentUrl": null,
        "content": card,
    }]})
}
