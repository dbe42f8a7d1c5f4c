//! Pushover: push to telephones.

use super::field::{Config, Field, Kind};
use super::message::{Message, cut};
use super::{Channel, SendError, Session, Wire, judged};
use crate::base::limits::CALL_TIMEOUT;
use crate::net::http::{Call, Content};
use crate::net::multipart::MultipartForm;

/// Longest text and title the service takes, in its unit of characters; bytes are on the safe side.
const TEXT_MAX: usize = 1024;
const TITLE_MAX: usize = 250;
/// Largest picture it takes, bytes.
const PICTURE_MAX: usize = 5_000_000;

/// The channel.
pub struct Pushover;

const FIELDS: &[Field] = &[
    Field::new("token", "Application token", Kind::Secret).needed(),
    Field::new("recipients", "User or group keys", Kind::Words).needed(),
    Field::new("base_url", "Address of the service", Kind::Url).or("https://api.pushover.net"),
];

impl Channel for Pushover {
    fn id(&self) -> &'static str {
        "pushover"
    }

    fn label(&self) -> &'static str {
        "Pushover"
    }

    fn about(&self) -> &'static str {
        "Push to telephones with a picture."
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

    fn open(&self) -> Box<dyn Session> {
        Box::new(Line::default())
    }
}

#[derive(Default)]
struct Line(Wire);

impl Session for Line {
    fn send(&mut self, config: &Config, to: &str, message: &Message) -> Result<String, SendError> {
        let mut form = MultipartForm::default()
            .text("token", config.get("token"))
            .text("user", to)
            .text("title", &cut(&message.title, TITLE_MAX))
            .text("message", &cut(&message.body(), TEXT_MAX))
            .text("priority", if message.topic.is_urgent() { "1" } else { "0" })
            .text("timestamp", &message.at.seconds().to_string());
        if let Some(link) = &message.link {
            form = form.text("url", link).text("url_title", "Open");
        }
        if let Some(picture) = message.picture().filter(|it| it.jpeg.len() <= PICTURE_MAX) {
            form = form.file("attachment", "read.jpg", "image/jpeg", &picture.jpeg);
        }
        let (media_type, bytes) = form.finish();
        let url = format!("{}/1/messages.json", config.get("base_url"));
        let content = Content::Bytes(media_type, bytes);
        let call = Call { method: "POST", url: &url, headers: Vec::new(), content };
        let answer = self.0.call("", CALL_TIMEOUT, &call)?;
        judged(&answer, |json| {
            let errors = json["errors"].as_array()?.iter().filter_map(|it| it.as_str());
            Some(errors.collect::<Vec<_>>().join(", "))
        })
    }
}
