//! ntfy: a topic on ntfy.sh or on a server of one's own. The picture is the content of the request
//! and the text travels in headers, encoded so that no text can add one.

use serde_json::json;

use super::field::{Config, Field, Kind};
use super::message::{Message, Picture, cut};
use super::{Channel, SendError, Session, Wire, judged, text_at};
use crate::base::limits::CALL_TIMEOUT;
use crate::net::http::{Answer, Call, Content, escaped};

/// Longest text the service takes, bytes.
const TEXT_MAX: usize = 4096;
/// Longest text in headers, bytes before they are encoded: the heads of requests are bounded too.
const HEADER_TEXT_MAX: usize = 2048;

/// The channel.
pub struct Ntfy;

const FIELDS: &[Field] = &[
    Field::new("topic", "Topics", Kind::Words)
        .needed()
        .hint("Whoever knows a topic of a public server can read it: choose one nobody guesses."),
    Field::new("token", "Access token", Kind::Secret).hint("Begins with tk_."),
    Field::new("base_url", "Server", Kind::Url).or("https://ntfy.sh"),
    Field::new("certificate", "Own authority", Kind::Pem),
];

impl Channel for Ntfy {
    fn id(&self) -> &'static str {
        "ntfy"
    }

    fn label(&self) -> &'static str {
        "ntfy"
    }

    fn about(&self) -> &'static str {
        "Push to telephones with a picture, by ntfy.sh or your own server."
    }

    fn fields(&self) -> &'static [Field] {
        FIELDS
    }

    fn targets(&self, config: &Config) -> Vec<String> {
        config.list("topic")
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
        if let Some(picture) = message.picture() {
            let answer = self.post_picture(config, to, message, picture)?;
            let code = answer.json()["code"].as_u64().unwrap_or(0);
            // The server takes no attachments, or none as large: the words matter more.
            if answer.status != 413 && code != 40014 && code != 41301 {
                return outcome(&answer);
            }
        }
        let answer = self.post_text(config, to, message)?;
        outcome(&answer)
    }
}

impl Line {
    fn post_text(
        &mut self,
        config: &Config,
        to: &str,
        message: &Message,
    ) -> Result<Answer, SendError> {
        let mut content = json!({
            "topic": to,
            "title": message.title,
            "message": cut(&message.body(), TEXT_MAX),
            "priority": priority(message),
            "tags": [tag(message)],
        });
        if let Some(link) = &message.link {
            content["click"] = json!(link);
        }
        let url = format!("{}/", config.get("base_url"));
        let headers = authorization(config);
        let call = Call { method: "POST", url: &url, headers, content: Content::Json(content) };
        self.0.call(config.get("certificate"), CALL_TIMEOUT, &call)
    }

    fn post_picture(
        &mut self,
        config: &Config,
        to: &str,
        message: &Message,
        picture: &Picture,
    ) -> Result<Answer, SendError> {
        let url = format!("{}/{}", config.get("base_url"), escaped(to));
        let mut headers = authorization(config);
        headers.push(("title", encoded(&message.title)));
        headers.push(("message", encoded(&cut(&message.body(), HEADER_TEXT_MAX))));
        headers.push(("priority", priority(message).to_string()));
        headers.push(("tags", tag(message).to_owned()));
        headers.push(("filename", format!("{}.jpg", picture.kind)));
        if let Some(link) = &message.link {
            headers.push(("click", encoded(link)));
        }
        let content = Content::Bytes("image/jpeg".to_owned(), picture.jpeg.clone());
        let call = Call { method: "PUT", url: &url, headers, content };
        self.0.call(config.get("certificate"), CALL_TIMEOUT, &call)
    }
}

fn authorization(config: &Config) -> Vec<(&'static str, String)> {
    match config.get("token") {
        "" => Vec::new(),
        token => vec![("authorization", format!("Bearer {token}"))],
    }
}

fn outcome(answer: &Answer) -> Result<String, SendError> {
    judged(answer, |json| text_at(json, "/error").or_else(|| text_at(json, "/id")))
}

const fn priority(message: &Message) -> u8 {
    if message.topic.is_urgent() { 4 } else { 3 }
}

const fn tag(message: &Message) -> &'static str {
    if message.topic.is_urgent() { "oncoming_automobile" } else { "information_source" }
}

/// `text` as an encoded word (RFC 2047), which the server decodes: ASCII without line breaks.
fn encoded(text: &str) -> String {
    use base64::Engine as _;
    if text.bytes().all(|byte| (b' '..=b'~').contains(&byte)) && !text.contains("=?") {
        return text.to_owned();
    }
    format!("=?UTF-8?B?{}?=", base64::engine::general_purpose::STANDARD.encode(text))
}

#[cfg(test)]
mod tests {
    use super::encoded;

    #[test]
    fn no_text_leaves_its_header() {
        assert_eq!(encoded("8KXR417 Match!"), "8KXR417 Match!");
        assert_eq!(encoded("a\r\nX: y"), "=?UTF-8?B?YQ0KWDogeQ==?=");
        assert_eq!(encoded("\u{e4}"), "=?UTF-8?B?w6Q=?=");
        assert_eq!(encoded("=?UTF-8?B?YQ==?="), "=?UTF-8?B?PT9VVEYtOD9CP1lRPT0/PQ==?=");
    }
}
