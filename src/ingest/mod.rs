//! Webhook bodies to model values, tolerantly: a read with one bad part is kept with its good
//! parts and a note. One file per payload kind, registered in [`PAYLOADS`]. Must not know HTTP,
//! accounts or the store.

use std::borrow::Cow;
use std::net::IpAddr;

use crate::base::clock::Timestamp;
use crate::base::limits::KIND_CHARS_MAX;
use crate::base::secret::Secret;
use crate::model::agent::Payload;
use crate::model::capture::NewCapture;

use self::fields::{Notes, short};
use self::json::{Json, Object};

mod alert;
mod fields;
mod group;
mod heartbeat;
mod images;
mod json;
mod keys;
mod packer;
mod read;
mod redact;
mod results;
mod test;
mod time;
mod traits;
mod vehicle;

pub use self::images::check as check_jpeg;
pub use self::json::BodyError;
pub use self::keys::KeyPlace;
pub use self::packer::unpack;
pub use self::read::is_derived_uuid;

/// Every payload kind this version understands. The first that recognises a document reads it.
pub const PAYLOADS: &[&dyn PayloadKind] = &[
    &group::Group,
    &alert::Alert,
    &vehicle::Vehicle,
    &results::Results,
    &heartbeat::Heartbeat,
    &test::Test,
];

/// One kind of payload: how to recognise it and how to read it.
pub trait PayloadKind: Sync {
    /// Its `data_type`, or what stands for it where the vendor sends none.
    fn name(&self) -> &'static str;
    /// What becomes of it, for the documentation.
    fn about(&self) -> &'static str;
    /// Whether `document` is of this kind.
    fn detect(&self, document: &Document<'_>) -> bool;
    /// Reads it; never fails.
    fn parse(&self, document: &Document<'_>, context: &Context) -> Payload;
}

/// What is known about a body besides its bytes.
#[derive(Clone, Debug)]
pub struct Context {
    /// When the body arrived, by our clock.
    pub received_at: Timestamp,
    /// Who sent it.
    pub peer: IpAddr,
}

/// What a document shows before anything in it is decoded.
pub struct Offer<'a> {
    /// The webhook key it carries.
    pub key: Option<&'a Secret>,
    /// Rekor Scout's test message, which carries no key and stores nothing.
    pub is_test: bool,
}

/// Why a body was not taken.
#[derive(Debug)]
pub enum Refused<E> {
    /// It cannot be read.
    Malformed(BodyError),
    /// A document was not admitted.
    Document(E),
}

/// One document of a body.
pub struct Document<'a> {
    root: Object<'a>,
    /// `data_type` in lower case; `None` when missing or `null`.
    data_type: Option<String>,
    /// Whether the body had bytes that are not UTF-8.
    lossy: bool,
}

impl Document<'_> {
    /// Whether `data_type` says `name`.
    fn is(&self, name: &str) -> bool {
        self.data_type.as_deref() == Some(name)
    }

    /// Notes about the body itself.
    fn notes(&self) -> Notes {
        let mut notes = Notes::default();
        if self.lossy {
            notes.add("the body was not UTF-8; bad bytes were replaced");
        }
        notes
    }
}

/// A document that was read.
#[derive(Clone, Debug)]
pub struct Parsed {
    /// What it says.
    pub payload: Payload,
    /// The webhook key it carried; never part of `payload`.
    pub key: Option<Secret>,
    /// Where `key` was.
    pub key_place: Option<KeyPlace>,
    /// A bare `user_data` that may be a key: see [`Parsed::keep_user_data`].
    withheld: Option<Secret>,
}

impl Parsed {
    /// Puts a bare `user_data` that looked like a key into the detail of the capture. To be
    /// called only once it is known not to be a key.
    pub fn keep_user_data(&mut self) {
        let (Payload::Capture(new) | Payload::Alert { group: Some(new), .. }) = &mut self.payload
        else {
            return;
        };
        if let Some(text) = self.withheld.take() {
            text.expose().clone_into(&mut new.detail.user_data);
        }
    }
}

/// Reads every document of `body`: one JSON object, an array of them, or several one after
/// another (NDJSON); a byte order mark is skipped. Each is decoded once `admit` has let it in:
/// pictures of strangers cost no work.
///
/// # Errors
/// When the body is not JSON, is not made of objects, or exceeds a bound: the error names line and
/// column and quotes nothing. Or the first that `admit` gave.
pub fn parse_body<E>(
    body: &[u8],
    context: &Context,
    mut admit: impl FnMut(Offer<'_>) -> Result<(), E>,
) -> Result<Vec<Parsed>, Refused<E>> {
    let text = decode(body);
    let lossy = matches!(text, Cow::Owned(_));
    let mut parsed = Vec::new();
    let mut refused = None;
    let read = json::documents(&text, |root| {
        match parse_document(root, lossy, context, &mut admit) {
            Ok(one) => parsed.push(one),
            Err(error) => refused = Some(error),
        }
        refused.is_none()
    });
    match (refused, read) {
        (Some(error), _) => Err(Refused::Document(error)),
        (None, Err(error)) => Err(Refused::Malformed(error)),
        (None, Ok(())) => Ok(parsed),
    }
}

fn decode(body: &[u8]) -> Cow<'_, str> {
    let body = body.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(body);
    // The strict check is several times faster than the lossy one, and nearly always enough.
    std::str::from_utf8(body).map_or_else(|_| String::from_utf8_lossy(body), Cow::Borrowed)
}

fn parse_document<E>(
    root: Object<'_>,
    lossy: bool,
    context: &Context,
    admit: &mut impl FnMut(Offer<'_>) -> Result<(), E>,
) -> Result<Parsed, E> {
    let data_type = root.get("data_type").map(|json| short(json).unwrap_or_default());
    let data_type = data_type.map(|name| name.to_lowercase());
    let document = Document { root, data_type, lossy };
    let kind = PAYLOADS.iter().find(|kind| kind.detect(&document));
    let (key, key_place) = keys::find(&document.root).unzip();
    let is_test = kind.is_some_and(|kind| kind.name() == PayloadKind::name(&test::Test));
    admit(Offer { key: key.as_ref(), is_test })?;
    let payload = match kind {
        Some(kind) => kind.parse(&document, context),
        None => unknown(&document, context),
    };
    Ok(Parsed { payload, key, key_place, withheld: withheld(&document.root) })
}

fn unknown(document: &Document<'_>, context: &Context) -> Payload {
    let name = document.data_type.as_deref().filter(|name| !name.is_empty()).unwrap_or("none");
    let name: String = name.chars().take(KIND_CHARS_MAX).collect();
    log::debug!("payload of unknown kind {name:?} from {}", context.peer);
    Payload::Unknown(name)
}

/// `user_data` as a text that may be shown: nothing that names a key or looks like one.
fn user_data(root: &Object<'_>, notes: &mut Notes) -> String {
    match root.get("user_data") {
        None => String::new(),
        Some(json) if keys::is_named(json) => String::new(),
        Some(Json::Text(text)) if keys::is_key_shaped(text.trim()) => String::new(),
        Some(_) => root.text("user_data", notes),
    }
}

fn withheld(root: &Object<'_>) -> Option<Secret> {
    let json = root.get("user_data").or_else(|| root.object("group")?.get("user_data"))?;
    let text = short(json)?;
    (keys::is_key_shaped(&text) && !keys::is_named(json)).then(|| Secret::new(text))
}

/// Finishes a capture that was read from `part` of the document `root`: what it came from, its
/// identity, its notes.
fn finish(new: &mut NewCapture, root: &Object<'_>, part: &Object<'_>, mut notes: Notes) {
    let text = redact::document(root);
    new.detail.raw = packer::pack(&text);
    if new.detail.raw.is_empty() {
        notes.add("the payload is too large to be kept as it was sent");
    }
    read::identify(new, part, &text, &mut notes);
    let wrong = !notes.is_empty();
    new.capture.flags.set(crate::model::capture::Flags::NOTES, wrong);
    new.detail.notes = notes.into_vec();
}

#[cfg(test)]
mod mutations;
#[cfg(test)]
mod oddities;
#[cfg(test)]
mod tests;
