//! An Apprise API server, which passes on to whatever it knows. It sends before it answers, so it
//! gets a longer deadline; some receivers may have got a message that it calls failed.

use super::field::{Config, Field, Kind};
use super::message::{Message, cut};
use super::{Channel, Remedy, SendError, Session, Wire, judged, text_at};
use crate::base::limits::CALL_TIMEOUT_LONG;
use crate::net::http::{Answer, Call, Content, basic, escaped};
use crate::net::multipart::MultipartForm;

/// Longest text, bytes.
const TEXT_MAX: usize = 8000;

/// The channel.
pub struct Apprise;

const FIELDS: &[Field] = &[
    Field::new("base_url", "Server", Kind::Url).needed(),
    Field::new("key", "Configuration key", Kind::Words)
        .hint("The configuration on the server that names the receivers; or give them here."),
    Field::new("urls", "Receivers", Kind::Secret).hint("Apprise addresses, separated by commas."),
    Field::new("tag", "Tags", Kind::Line).hint("Only receivers with these tags."),
    Field::new("username", "User name", Kind::Line),
    Field::new("password", "Password", Kind::Secret),
    Field::new("certificate", "Own authority", Kind::Pem),
];

impl Channel for Apprise {
    fn id(&self) -> &'static str {
        "apprise"
    }

    fn label(&self) -> &'static str {
        "Apprise"
    }

    fn about(&self) -> &'static str {
        "An Apprise API server passes messages on to more than a hundred services."
    }

    fn fields(&self) -> &'static [Field] {
        FIELDS
    }

    fn takes_pictures(&self) -> bool {
        true
    }

    fn check(&self, config: &Config) -> Option<(&'static str, String)> {
        let none = config.get("key").is_empty() && config.get("urls").is_empty();
        none.then(|| ("key", "give a configuration key or receivers".to_owned()))
    }

    fn open(&self) -> Box<dyn Session> {
        Box::new(Line::default())
    }
}

#[derive(Default)]
struct Line(Wire);

impl Session for Line {
    fn send(&mut self, config: &Config, _: &str, message: &Message) -> Result<String, SendError> {
        let mut form = MultipartForm::default()
            .text("title", &message.title)
            .text("body", &cut(&message.whole(), TEXT_MAX))
            .text("type", if message.topic.is_urgent() { "warning" } else { "info" })
            .text("format", "text");
        let key = config.get("key");
        let url = if key.is_empty() {
            form = form.text("urls", config.get("urls"));
            format!("{}/notify", config.get("base_url"))
        } else {
            format!("{}/notify/{}", config.get("base_url"), escaped(key))
        };
        if !config.get("tag").is_empty() {
            form = form.text("tag", config.get("tag"));
        }
        if let Some(picture) = message.picture() {
            form = form.file("attach", "read.jpg", "image/jpeg", &picture.jpeg);
        }
        let (media_type, bytes) = form.finish();
        let mut headers = vec![("accept", "application/json".to_owned())];
        if !config.get("username").is_empty() {
            let pair = basic(config.get("username"), config.get("password"));
            headers.push(("authorization", pair));
        }
        let content = Content::Bytes(media_type, bytes);
        let call = Call { method: "POST", url: &url, headers, content };
        outcome(&self.0.call(config.get("certificate"), CALL_TIMEOUT_LONG, &call)?)
    }
}

fn outcome(answer: &Answer) -> Result<String, SendError> {
    match answer.status {
        204 => Err(SendError::refused(
            "Answer 204: nobody was told, because the key has no receivers on the server.",
        )),
        424 => {
            let told = judged(answer, |json| {
                let lines = json["details"].as_array()?.iter().filter_map(|it| it[2].as_str());
                Some(lines.collect::<Vec<_>>().join("; "))
            });
            let text = told.unwrap_or_else(|error| error.text);
            Err(SendError {
                remedy: Remedy::GiveUp,
                text: format!("Not all receivers got it. {text}"),
            })
        }
        _ => judged(answer, |json| text_at(json, "/error").or_else(|| Some("ok".to_owned()))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_told_and_some_told_are_failures() {
        let answer =
            |status, body: &str| Answer { status, retry_after_ms: None, body: body.into() };
        assert_eq!(outcome(&answer(204, "")).unwrap_err().remedy, Remedy::GiveUp);
        let some = "{\"error\":\"x\",\"details\":[[\"ERROR\",\"t\",\"Failed to send to Slack\"]]}";
        let error = outcome(&answer(424, some)).unwrap_err();
        assert_eq!(error.remedy, Remedy::GiveUp);
        assert!(error.text.contains("Failed to send to Slack"), "{error:?}");
        assert!(outcome(&answer(200, "{\"error\":null}")).is_ok());
        assert_eq!(outcome(&answer(503, "")).unwrap_err().remedy, Remedy::Retry(None));
    }
}
