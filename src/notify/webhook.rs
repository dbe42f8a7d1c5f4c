//! A webhook of one's own: any address, a template for the content, a signature over it.

use super::field::{Config, Field, Kind};
use super::message::Message;
use super::{Channel, SendError, Session, Wire, judged, template};
use crate::base::hash::{hex, hmac_sha256};
use crate::base::limits::CALL_TIMEOUT;
use crate::net::http::{Call, Content};

/// What is sent when no template says otherwise.
const TEMPLATE: &str = r#"{"id": "{{id}}", "topic": "{{topic}}", "title": "{{title}}", "text": "{{text}}", "plate": "{{plate}}", "region": "{{region}}", "vehicle": "{{vehicle}}", "camera": "{{camera}}", "agent": "{{agent}}", "confidence": "{{confidence}}", "captured_at": "{{captured_at}}", "watch": "{{watch}}", "capture_id": "{{capture_id}}", "link": "{{link}}", "sender": "{{sender}}", "sent_at": "{{sent_at}}"}"#;

/// The channel.
pub struct Webhook;

const FIELDS: &[Field] = &[
    Field::new("url", "Address", Kind::SecretUrl).needed(),
    Field::new("method", "Method", Kind::Choice(&[("POST", "POST"), ("PUT", "PUT")])).or("POST"),
    Field::new("authorization", "Authorization header", Kind::Secret)
        .hint("The whole value, for example Bearer and a token."),
    Field::new("secret", "Key of the signature", Kind::Secret).hint(
        "With one, the header X-Signature has sha256= and the HMAC-SHA256 of the content in hexadecimal.",
    ),
    Field::new("template", "Template", Kind::Template).or(TEMPLATE).hint(
        "Names in double braces are filled in, escaped for JSON: id, topic, title, text, link, sender, sent_at, plate, region, vehicle, captured_at, time, camera, agent, confidence, watch, capture_id, image.",
    ),
    Field::new("certificate", "Own authority", Kind::Pem),
];

impl Channel for Webhook {
    fn id(&self) -> &'static str {
        "webhook"
    }

    fn label(&self) -> &'static str {
        "Webhook"
    }

    fn about(&self) -> &'static str {
        "A request to an address of yours, in the form you want, signed."
    }

    fn fields(&self) -> &'static [Field] {
        FIELDS
    }

    fn folds(&self) -> bool {
        false
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
        let text = config.get("template");
        let text = if text.is_empty() { TEMPLATE } else { text };
        let body = template::render(text, message)
            .map_err(|error| SendError::refused(format!("The template: {error}.")))?
            .into_bytes();
        let mut headers = vec![
            ("idempotency-key", hex(&crate::base::hash::sha256(message.id.as_bytes()))),
            ("x-timestamp", message.at.seconds().to_string()),
        ];
        if !config.get("secret").is_empty() {
            let mac = hmac_sha256(config.get("secret").as_bytes(), &body);
            headers.push(("x-signature", format!("sha256={}", hex(&mac))));
        }
        if !config.get("authorization").is_empty() {
            headers.push(("authorization", config.get("authorization").to_owned()));
        }
        let method = if config.get("method") == "PUT" { "PUT" } else { "POST" };
        let content = Content::Bytes(template::media_type(text).to_owned(), body);
        let call = Call { method, url: config.get("url"), headers, content };
        let answer = self.0.call(config.get("certificate"), CALL_TIMEOUT, &call)?;
        judged(&answer, |_| None)
    }
}
