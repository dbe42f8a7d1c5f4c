//! What is said, whatever says it: a title, sentences, facts, pictures. Channels turn it into their
//! own form; none of them looks anything up.

use std::collections::BTreeMap;

use crate::base::clock::Timestamp;

/// What a message is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Topic {
    /// A read matched a watch.
    Match,
    /// Rekor raised an alert.
    RekorAlert,
    /// The state of the box.
    Operational,
    /// A letter to one person.
    Letter,
    /// Several of these at once.
    Digest,
    /// Somebody tries the channel.
    Test,
}

impl Topic {
    /// Name in templates and data.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Match => "match",
            Self::RekorAlert => "rekor_alert",
            Self::Operational => "operational",
            Self::Letter => "letter",
            Self::Digest => "digest",
            Self::Test => "test",
        }
    }

    /// Whether it is about a vehicle that may be gone in a minute.
    pub const fn is_urgent(self) -> bool {
        matches!(self, Self::Match | Self::RekorAlert | Self::Digest)
    }
}

/// A picture that goes along.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Picture {
    /// Its kind: `plate`, `vehicle`, `overview`.
    pub kind: &'static str,
    /// JPEG.
    pub jpeg: Vec<u8>,
}

/// A message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// The same on every try, and for nothing else.
    pub id: String,
    /// What it is about.
    pub topic: Topic,
    /// One line: `8KXR417 Match!`.
    pub title: String,
    /// Sentences, one a line.
    pub text: String,
    /// Names and values that belong to it, as people read them.
    pub facts: Vec<(&'static str, String)>,
    /// The same for machines, by the names of [`VALUES`].
    pub values: BTreeMap<&'static str, String>,
    /// Pieces of a short message, the most important first.
    pub brief: Vec<String>,
    /// The page about it.
    pub link: Option<String>,
    /// Who sends it: organisation or box.
    pub sender: String,
    /// When it is sent.
    pub at: Timestamp,
    /// Pictures, the smallest part of the frame first.
    pub pictures: Vec<Picture>,
}

/// Names that templates know, with what they stand for.
pub const VALUES: &[(&str, &str)] = &[
    ("id", "identifies the message"),
    ("topic", "match, rekor_alert, operational, digest, test"),
    ("title", "one line"),
    ("text", "all of it as text"),
    ("link", "page about it"),
    ("sender", "organisation or name of the box"),
    ("sent_at", "when it was sent, UTC"),
    ("plate", "plate"),
    ("region", "region of the plate"),
    ("vehicle", "colour, make and body"),
    ("captured_at", "when the read was taken, UTC"),
    ("time", "the same in the zone of the receiver"),
    ("camera", "camera"),
    ("agent", "agent"),
    ("confidence", "percent"),
    ("watch", "description of the watch, or name of the list"),
    ("capture_id", "key of the read"),
    ("image", "picture as base64"),
];

impl Message {
    /// Value of `name` for machines; `""` when the message has none.
    pub fn value(&self, name: &str) -> String {
        match name {
            "id" => self.id.clone(),
            "topic" => self.topic.name().to_owned(),
            "title" => self.title.clone(),
            "text" => self.whole(),
            "link" => self.link.clone().unwrap_or_default(),
            "sender" => self.sender.clone(),
            "image" => self.picture().map(base64).unwrap_or_default(),
            _ => self.values.get(name).cloned().unwrap_or_default(),
        }
    }

    /// Text and facts, without title and link.
    pub fn body(&self) -> String {
        let facts = self.facts.iter().map(|(name, value)| format!("{name}: {value}"));
        let lines = Some(self.text.clone()).filter(|text| !text.is_empty());
        lines.into_iter().chain(facts).collect::<Vec<_>>().join("\n")
    }

    /// [`Self::body`] and the link.
    pub fn whole(&self) -> String {
        let link = self.link.clone();
        [Some(self.body()), link].into_iter().flatten().collect::<Vec<_>>().join("\n")
    }

    /// The picture to show where only one goes: the most that still shows the vehicle.
    pub fn picture(&self) -> Option<&Picture> {
        let by = |kind| self.pictures.iter().find(|picture| picture.kind == kind);
        by("vehicle").or_else(|| by("overview")).or_else(|| by("plate"))
    }
}

/// A picture as base64.
fn base64(picture: &Picture) -> String {
    use base64::Engine as _;
    base64::engine::general_purpose::STANDARD.encode(&picture.jpeg)
}

/// `text` with at most `most` bytes, cut between characters and marked.
pub fn cut(text: &str, most: usize) -> String {
    if text.len() <= most {
        return text.to_owned();
    }
    let mut end = most.saturating_sub('\u{2026}'.len_utf8());
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    format!("{}\u{2026}", text.get(..end).unwrap_or_default())
}
