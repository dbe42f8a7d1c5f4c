//! Telegram: a bot writes to chats. Without a parse mode every text is literal. The token stands in
//! the address, which therefore never shows in an error.

use serde_json::json;

use super::field::{Config, Field, Kind};
use super::message::{Message, cut};
use super::{Channel, Remedy, SendError, Session, Wire, judged, text_at};
use crate::base::limits::{CALL_TIMEOUT, RETRY_AFTER_MAX_MS};
use crate::net::http::{Answer, Call, Content};
use crate::net::multipart::MultipartForm;

/// Longest text and caption the service takes; it counts characters, bytes are on the safe side.
const TEXT_MAX: usize = 4096;
const CAPTION_MAX: usize = 1024;

/// The channel.
pub struct Telegram;

const FIELDS: &[Field] = &[
    Field::new("token", "Token of the bot", Kind::Secret).needed(),
    Field::new("recipients", "Chats", Kind::Words)
        .needed()
        .hint("Numbers of chats or @names of channels; write to the bot once first."),
    Field::new("base_url", "Address of the service", Kind::Url).or("https://api.telegram.org"),
];

impl Channel for Telegram {
    fn id(&self) -> &'static str {
        "telegram"
    }

    fn label(&self) -> &'static str {
        "Telegram"
    }

    fn about(&self) -> &'static str {
        "Messages of a bot with a picture."
    }

    fn fields(&self) -> &'static [Field] {
        FIELDS
    }

    fn targets(&self, config: &Config) -> Vec<String> {
        config.list("recipients")
    }

    fn takes_pictures(&self) -> bool {
        true
    }

    fn check(&self, config: &Config) -> Option<(&'static str, String)> {
        let token = config.get("token");
        let fits = token.bytes().all(|b| b.is_ascii_alphanumeric() || b":_-".contains(&b));
        (!fits).then(|| ("token", "paste the token as BotFather shows it".to_owned()))
    }

    fn open(&self) -> Box<dyn Session> {
        Box::new(Line::default())
    }
}

#[derive(Default)]
struct Line(Wire);

impl Session for Line {
    fn send(&mut self, config: &Config, to: &str, message: &Message) -> Result<String, SendError> {
        let text = format!("{}\n{}", message.title, message.whole());
        let (method, content) = match message.picture() {
            Some(picture) => {
                let form = MultipartForm::default()
                    .text("chat_id", to)
                    .text("caption", &cut(&text, CAPTION_MAX))
                    .file("photo", "read.jpg", "image/jpeg", &picture.jpeg);
                let (media_type, bytes) = form.finish();
                ("sendPhoto", Content::Bytes(media_type, bytes))
            }
            None => {
                ("sendMessage", Content::Json(json!({"chat_id": to, "text": cut(&text, TEXT_MAX)})))
            }
        };
        let url = format!("{}/bot{}/{method}", config.get("base_url"), config.get("token"));
        let call = Call { method: "POST", url: &url, headers: Vec::new(), content };
        outcome(&self.0.call("", CALL_TIMEOUT, &call)?)
    }
}

fn outcome(answer: &Answer) -> Result<String, SendError> {
    let judged =
        judged(answer, |json| text_at(json, "/description").or_else(|| Some("ok".to_owned())));
    let asked = answer.json()["parameters"]["retry_after"].as_i64();
    judged.map_err(|error| match (error.remedy, asked) {
        (Remedy::Retry(None), Some(seconds)) => {
            let ms = seconds.saturating_mul(1000).clamp(0, RETRY_AFTER_MAX_MS);
            SendError { remedy: Remedy::Retry(Some(ms)), ..error }
        }
        _ => error,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_pause_it_asks_for_is_heeded() {
        let body = json!({"ok": false, "error_code": 429,
            "description": "Too Many Requests: retry after 5", "parameters": {"retry_after": 5}});
        let answer = Answer { status: 429, retry_after_ms: None, body: body.to_string() };
        let error = outcome(&answer).unwrap_err();
        assert_eq!(error.remedy, Remedy::Retry(Some(5000)));
        assert!(error.text.contains("retry after 5"), "{error:?}");
    }
}
