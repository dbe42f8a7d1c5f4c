//! A message as an e-mail: HTML with pictures inside, the same as text beside it. Every header is
//! made by a library from parsed values, so no text can add one.

use lettre::Message as Mail;
use lettre::message::header::{ContentType, HeaderName, HeaderValue};
use lettre::message::{Attachment, Mailbox, MultiPart, SinglePart};
use minijinja::{AutoEscape, Environment, UndefinedBehavior};
use serde::Serialize;

use super::SendError;
use super::field::sender;
use super::message::{Message, Picture};
use crate::base::hash::{hex, sha256};
use crate::model::text::clean;

const TEMPLATE: &str = include_str!("../../assets/mail/message.html");
/// Widest picture in a letter, pixels.
const WIDTH_MAX: u32 = 552;

/// `message` from `from` to `to`.
///
/// # Errors
/// When an address is none.
pub(super) fn letter(from: &str, to: &str, message: &Message) -> Result<Mail, SendError> {
    let odd = |what: &str| SendError::refused(format!("{what} is no e-mail address."));
    let (name, address) = sender(from).map_err(|_| odd("The sender"))?;
    let name = if name.is_empty() { message.sender.clone() } else { name };
    let domain = address.rsplit('@').next().unwrap_or_default().to_owned();
    let from = Mailbox::new(
        Some(clean(&name)).filter(|name| !name.is_empty()),
        address.parse().map_err(|_| odd("The sender"))?,
    );
    let to = Mailbox::new(None, to.parse().map_err(|_| odd("The receiver"))?);
    // The same letter on every try, so that a mail server that got it before can tell.
    let key = hex(&sha256(format!("{}\0{}", message.id, to.email).as_bytes()));
    let sent = std::time::UNIX_EPOCH
        + std::time::Duration::from_millis(u64::try_from(message.at.ms()).unwrap_or(0));
    let builder = Mail::builder()
        .from(from)
        .to(to)
        .subject(clean(&message.title))
        .message_id(Some(format!("<{key}@{domain}>")))
        .date(sent)
        .raw_header(HeaderValue::new(
            HeaderName::new_from_ascii_str("Auto-Submitted"),
            "auto-generated".to_owned(),
        ));
    let html = html(message).map_err(SendError::refused)?;
    let html = SinglePart::html(html);
    let mut related = MultiPart::related().singlepart(html);
    for picture in &message.pictures {
        let part = Attachment::new_inline(cid(picture)).body(
            picture.jpeg.clone(),
            ContentType::parse("image/jpeg").map_err(|_| SendError::refused("no picture"))?,
        );
        related = related.singlepart(part);
    }
    let body = MultiPart::alternative()
        .singlepart(SinglePart::plain(format!("{}\n\n{}\n", message.title, message.whole())))
        .multipart(related);
    builder.multipart(body).map_err(|error| SendError::refused(format!("The letter: {error}.")))
}

fn cid(picture: &Picture) -> String {
    format!("{}@read", picture.kind)
}

fn html(message: &Message) -> Result<String, String> {
    let mut templates = Environment::new();
    templates.set_undefined_behavior(UndefinedBehavior::Strict);
    templates.set_auto_escape_callback(|_| AutoEscape::Html);
    templates.add_template("message.html", TEMPLATE).map_err(|error| error.to_string())?;
    let page = Page {
        title: &message.title,
        lines: message.text.lines().collect(),
        facts: &message.facts,
        pictures: message.pictures.iter().map(inline).collect(),
        link: message.link.as_deref().unwrap_or_default(),
        sender: &message.sender,
    };
    let template = templates.get_template("message.html").map_err(|error| error.to_string())?;
    let rendered = template.render(minijinja::value::Serde(page));
    rendered.map_err(|error| error.to_string())
}

/// What the template is made of.
#[derive(Serialize)]
struct Page<'a> {
    title: &'a str,
    lines: Vec<&'a str>,
    facts: &'a [(&'static str, String)],
    pictures: Vec<Inline>,
    link: &'a str,
    sender: &'a str,
}

/// A picture within a letter.
#[derive(Serialize)]
struct Inline {
    cid: String,
    width: u32,
    label: &'static str,
}

fn inline(picture: &Picture) -> Inline {
    let size = imagesize::blob_size(&picture.jpeg).ok();
    let width = size.map_or(WIDTH_MAX, |size| (size.width as u32).min(WIDTH_MAX));
    let label = match picture.kind {
        "plate" => "Plate",
        "vehicle" => "Vehicle",
        _ => "Overview",
    };
    Inline { cid: cid(picture), width, label }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::notify::tests::message;

    #[test]
    fn a_letter_has_text_html_and_pictures_within() {
        let made = letter("box@example.org", "ann@example.org", &message()).unwrap();
        let text = String::from_utf8(made.formatted()).unwrap();
        for part in [
            "Subject: 8KXR417 Match!",
            "From: \"North Gate\" <box@example.org>",
            "To: ann@example.org",
            "multipart/alternative",
            "multipart/related",
            "Content-ID: <vehicle@read>",
            "Auto-Submitted: auto-generated",
            "src=\"cid:vehicle@read\"",
            "https://box.example.org/alerts/custom/7",
        ] {
            let plain = text.replace("=\r\n", "").replace("=3D", "=");
            assert!(plain.contains(part), "{part}\n{plain}");
        }
        let again = letter("box@example.org", "ann@example.org", &message()).unwrap();
        let id = |mail: &Mail| mail.headers().get_raw("Message-ID").unwrap().to_owned();
        assert_eq!(id(&made), id(&again));
        let other = letter("box@example.org", "bob@example.org", &message()).unwrap();
        assert_ne!(id(&made), id(&other));
    }

    #[test]
    fn nothing_adds_a_header_or_markup() {
        let mut hostile = message();
        hostile.title = "A\r\nBcc: eve@example.org\r\n\r\n<script> Match!".into();
        hostile.sender = "x\r\nBcc: eve@example.org".into();
        hostile.facts = vec![("Plate", "<img src=x onerror=alert(1)>=cmd|' /C'!A0".into())];
        let made = letter("box@example.org", "ann@example.org", &hostile).unwrap();
        let text = String::from_utf8(made.formatted()).unwrap();
        let head = text.split("\r\n\r\n").next().unwrap();
        assert!(!head.lines().any(|line| line.starts_with("Bcc")), "{head}");
        let page = html(&hostile).unwrap();
        assert!(!page.contains("<script>") && !page.contains("<img src=x"), "{page}");
        assert!(page.contains("&lt;img src&#x3d;x") || page.contains("&lt;img src=x"), "{page}");
        for to in ["ann@example.org\r\nRCPT TO:<eve@e.org>", "nobody", "a@b>, <eve@e.org"] {
            assert!(letter("box@example.org", to, &message()).is_err(), "{to}");
        }
    }
}
