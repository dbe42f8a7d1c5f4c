//! Ways to tell people: one file a channel, all of them in [`CHANNELS`]. A channel turns a message
//! into what its service takes, makes the call and says what came of it. When to send, to whom and
//! how often is decided elsewhere; nothing here reads the store.

pub mod apprise;
pub mod discord;
pub mod field;
pub mod gotify;
mod gsm;
mod letter;
pub mod message;
pub mod mqtt;
mod mqtt_wire;
pub mod ntfy;
pub mod pushover;
pub mod slack;
pub mod smtp;
mod smtp_wire;
pub mod teams;
pub mod telegram;
pub mod template;
pub mod twilio;
pub mod webhook;

use std::time::Duration;

use crate::net::http::{Answer, Call, CallError, Http, Manner};

pub use field::{COMMON, Config, Field, Kind};
pub use message::{Message, Picture, Topic};

/// Every channel, in the order in which people see them.
pub const CHANNELS: &[&dyn Channel] = &[
    &smtp::Smtp,
    &twilio::Twilio,
    &ntfy::Ntfy,
    &pushover::Pushover,
    &telegram::Telegram,
    &discord::Discord,
    &slack::Slack,
    &teams::Teams,
    &gotify::Gotify,
    &apprise::Apprise,
    &webhook::Webhook,
    &mqtt::Mqtt,
];

/// The channel called `id`.
pub fn channel(id: &str) -> Option<&'static dyn Channel> {
    CHANNELS.iter().copied().find(|channel| channel.id() == id)
}

/// Whom a channel reaches.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reach {
    /// Each person at their own e-mail address.
    Emails,
    /// Each person at their own telephone number.
    Phones,
    /// Whoever listens there.
    Shared,
}

/// A way to tell people.
pub trait Channel: Sync {
    /// Name in files, addresses and queues.
    fn id(&self) -> &'static str;

    /// Name for people.
    fn label(&self) -> &'static str;

    /// What it is, a sentence.
    fn about(&self) -> &'static str;

    /// What can be set, besides [`COMMON`].
    fn fields(&self) -> &'static [Field];

    /// Whom it reaches.
    fn reach(&self) -> Reach {
        Reach::Shared
    }

    /// Receivers set for it; each gets a delivery of its own.
    fn targets(&self, config: &Config) -> Vec<String> {
        let _ = config;
        vec![String::new()]
    }

    /// Whether a message may go out again when nobody knows whether it went.
    fn repeats(&self) -> bool {
        true
    }

    /// Whether many messages become one, because people read them.
    fn folds(&self) -> bool {
        true
    }

    /// Whether pictures are of use to it.
    fn takes_pictures(&self) -> bool {
        false
    }

    /// What is wrong with fields that are right one by one: field and what would be right.
    fn check(&self, config: &Config) -> Option<(&'static str, String)> {
        let _ = config;
        None
    }

    /// Begins to use it. Nothing is called yet.
    fn open(&self) -> Box<dyn Session>;
}

/// A channel in use by one thread; may keep a connection.
pub trait Session: Send {
    /// Sends `message` to `to`, one of the receivers; returns what the service said.
    ///
    /// # Errors
    /// Why it did not arrive, or may not have.
    fn send(&mut self, config: &Config, to: &str, message: &Message) -> Result<String, SendError>;

    /// Looks after the connection; returns when to do so again, `None` when it needs nobody.
    fn tend(&mut self, config: &Config) -> Option<Duration> {
        let _ = config;
        None
    }
}

/// What to do about a message that did not arrive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Remedy {
    /// Try again, not before so many milliseconds when the service says so.
    Retry(Option<i64>),
    /// Nothing: the same message will be refused again.
    GiveUp,
    /// Nobody knows whether it arrived.
    Unknown,
}

/// A message did not arrive.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SendError {
    /// What to do.
    pub remedy: Remedy,
    /// What happened, a sentence; holds no secret.
    pub text: String,
}

impl SendError {
    /// The same message would be refused again.
    pub fn refused(text: impl Into<String>) -> Self {
        Self { remedy: Remedy::GiveUp, text: text.into() }
    }

    /// It may go better later.
    pub fn passing(text: impl Into<String>) -> Self {
        Self { remedy: Remedy::Retry(None), text: text.into() }
    }
}

/// Keeps the way out by HTTP of one channel: connections live on between messages.
#[derive(Debug, Default)]
pub(crate) struct Wire(Option<(String, Http)>);

impl Wire {
    /// Makes `call`, trusting `authority` when there is one. `secrets` never show in an error.
    fn call(
        &mut self,
        authority: &str,
        timeout: Duration,
        call: &Call<'_>,
    ) -> Result<Answer, SendError> {
        let known = self.0.as_ref().filter(|(trusted, _)| trusted == authority);
        let http = if let Some((_, http)) = known {
            http.clone()
        } else {
            let manner = Manner { authority: authority.to_owned(), timeout, ..Manner::default() };
            let http = Http::new(&manner).map_err(SendError::refused)?;
            self.0 = Some((authority.to_owned(), http.clone()));
            http
        };
        http.call(call).map_err(|error| unreached(&error))
    }
}

/// What a call without answer means.
fn unreached(error: &CallError) -> SendError {
    let remedy = match error {
        CallError { hopeless: true, .. } => Remedy::GiveUp,
        CallError { perhaps_taken: true, .. } => Remedy::Unknown,
        CallError { .. } => Remedy::Retry(None),
    };
    SendError { remedy, text: format!("The service was not reached: {}.", error.text) }
}

/// Turns an answer into what came of it; `reason` finds the service's own words in its content.
pub(crate) fn judged(
    answer: &Answer,
    reason: impl Fn(&serde_json::Value) -> Option<String>,
) -> Result<String, SendError> {
    let said = reason(&answer.json()).unwrap_or_else(|| answer.body.clone());
    let said = message::cut(&crate::model::text::clean(&said), 300);
    let text = match said.as_str() {
        "" => format!("Answer {}.", answer.status),
        said => format!("Answer {}: {said}", answer.status),
    };
    if answer.is_ok() {
        return Ok(text);
    }
    let remedy =
        if answer.is_passing() { Remedy::Retry(answer.retry_after_ms) } else { Remedy::GiveUp };
    Err(SendError { remedy, text })
}

/// The text at `path` of a JSON answer.
pub(crate) fn text_at(value: &serde_json::Value, path: &str) -> Option<String> {
    value.pointer(path)?.as_str().map(ToOwned::to_owned)
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::base::clock::Timestamp;

    /// A message about a match, with a picture.
    pub(crate) fn message() -> Message {
        Message {
            id: "match/7/x".into(),
            topic: Topic::Match,
            title: "8KXR417 Match!".into(),
            text: "8KXR417 was seen at Gate in.".into(),
            facts: vec![("Plate", "8KXR417".into()), ("Camera", "Gate in".into())],
            values: [("plate", "8KXR417".to_owned())].into(),
            brief: vec!["8KXR417 Match!".into(), "Gate in 14:02".into()],
            link: Some("https://box.example.org/alerts/custom/7".into()),
            sender: "North Gate".into(),
            at: Timestamp(1_785_000_000_000),
            pictures: vec![Picture { kind: "vehicle", jpeg: vec![0xff, 0xd8, 1, 2, 0xff, 0xd9] }],
        }
    }

    #[test]
    fn channels_are_complete_and_their_names_are_their_own() {
        for (n, channel) in CHANNELS.iter().enumerate() {
            let id = channel.id();
            assert!(!CHANNELS[..n].iter().any(|other| other.id() == id), "{id}");
            assert!(channel.about().ends_with('.') && !channel.label().is_empty(), "{id}");
            let all: Vec<&Field> = COMMON.iter().chain(channel.fields()).collect();
            for (n, field) in all.iter().enumerate() {
                assert!(!all[..n].iter().any(|it| it.key == field.key), "{id}.{}", field.key);
                let kept = field.parse(field.default).unwrap();
                assert_eq!(kept, field.default, "{id}.{}", field.key);
            }
            let _ = channel.open();
        }
        assert!(channel("ntfy").is_some() && channel("carrier_pigeon").is_none());
    }

    #[test]
    fn answers_become_remedies() {
        let answer = |status, retry_after_ms| Answer {
            status,
            retry_after_ms,
            body: "{\"error\":\"no\\u0000 <b>\"}".into(),
        };
        let judge = |answer: &Answer| judged(answer, |it| text_at(it, "/error"));
        assert_eq!(judge(&answer(200, None)).unwrap(), "Answer 200: no <b>");
        for (status, after, remedy) in [
            (401, None, Remedy::GiveUp),
            (404, Some(5), Remedy::GiveUp),
            (408, None, Remedy::Retry(None)),
            (429, Some(5000), Remedy::Retry(Some(5000))),
            (500, None, Remedy::Retry(None)),
            (503, Some(1), Remedy::Retry(Some(1))),
        ] {
            assert_eq!(judge(&answer(status, after)).unwrap_err().remedy, remedy, "{status}");
        }
    }
}
