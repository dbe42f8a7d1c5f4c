//! Short messages by Twilio, or by whoever speaks its interface. One that may have gone out is not
//! sent again: it would cost twice and be read twice.

use super::field::{Config, Field, Kind};
use super::message::{Message, cut};
use super::{Channel, Reach, Remedy, SendError, Session, Wire, gsm, judged};
use crate::base::limits::CALL_TIMEOUT;
use crate::net::http::{Answer, Call, Content, basic, escaped};

/// Longest text the service takes, characters.
const TEXT_MAX: usize = 1600;

/// The channel.
pub struct Twilio;

const FIELDS: &[Field] = &[
    Field::new("account_sid", "Account SID", Kind::Words).needed(),
    Field::new("auth_token", "Auth token", Kind::Secret).needed(),
    Field::new("from", "Sender", Kind::Words)
        .needed()
        .hint("A number of yours (+15551230001) or a messaging service (MG…)."),
    Field::new("recipients", "Numbers for news of the box", Kind::Phones)
        .hint("Matches go to the people of the watch, at the number of their account."),
    Field::new("base_url", "Address of the service", Kind::Url).or("https://api.twilio.com"),
];

impl Channel for Twilio {
    fn id(&self) -> &'static str {
        "twilio"
    }

    fn label(&self) -> &'static str {
        "SMS (Twilio)"
    }

    fn about(&self) -> &'static str {
        "Short messages to the telephone number of each account."
    }

    fn fields(&self) -> &'static [Field] {
        FIELDS
    }

    fn reach(&self) -> Reach {
        Reach::Phones
    }

    fn targets(&self, config: &Config) -> Vec<String> {
        config.list("recipients")
    }

    fn repeats(&self) -> bool {
        false
    }

    fn open(&self) -> Box<dyn Session> {
        Box::new(Line::default())
    }
}

#[derive(Default)]
struct Line(Wire);

impl Session for Line {
    fn send(&mut self, config: &Config, to: &str, message: &Message) -> Result<String, SendError> {
        let sid = config.get("account_sid");
        let url = format!(
            "{}/2010-04-01/Accounts/{}/Messages.json",
            config.get("base_url"),
            escaped(sid)
        );
        let from = config.get("from");
        let sender = if from.starts_with("MG") { "MessagingServiceSid" } else { "From" };
        let text: String = gsm::short(&message.brief).chars().take(TEXT_MAX).collect();
        let form = vec![("To", to.to_owned()), (sender, from.to_owned()), ("Body", text)];
        let headers = vec![("authorization", basic(sid, config.get("auth_token")))];
        let call = Call { method: "POST", url: &url, headers, content: Content::Form(form) };
        let answer = self.0.call("", CALL_TIMEOUT, &call)?;
        outcome(&answer)
    }
}

fn outcome(answer: &Answer) -> Result<String, SendError> {
    let json = answer.json();
    if answer.is_ok() {
        let word = |name: &str| json[name].as_str().unwrap_or_default().to_owned();
        let segments = match word("num_segments").as_str() {
            "" | "1" => String::new(),
            count => format!(", {count} segments"),
        };
        return Ok(format!("Twilio says: {}{segments} ({})", word("status"), word("sid")));
    }
    let code = json["code"].as_u64().unwrap_or(0);
    let Some(meaning) = meaning(code) else {
        return judged(answer, |json| json["message"].as_str().map(ToOwned::to_owned));
    };
    let said = cut(&crate::model::text::clean(json["message"].as_str().unwrap_or_default()), 200);
    let remedy =
        if answer.is_passing() { Remedy::Retry(answer.retry_after_ms) } else { Remedy::GiveUp };
    Err(SendError { remedy, text: format!("{meaning} (Twilio {code}: {said})") })
}

/// What the commonest codes mean for whoever set this up.
const fn meaning(code: u64) -> Option<&'static str> {
    Some(match code {
        20003 => "The account SID or the auth token is wrong.",
        20429 => "Too many messages at once.",
        21211 => "That is no telephone number.",
        21212 | 21606 => "The sender is no number of the account that can send SMS.",
        21408 => "The account may not send to that country; allow it in Twilio's console.",
        21608 => "A trial account sends only to numbers that were verified.",
        21610 => "The receiver has answered STOP and wants no more messages.",
        21611 => "Too many messages wait for the sender.",
        21612 => "The sender cannot reach that number.",
        21614 => "The number belongs to no mobile phone.",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_become_sentences_and_remedies() {
        let answer = |status, code: u64| Answer {
            status,
            retry_after_ms: None,
            body: serde_json::json!({"code": code, "message": "The 'To' number", "status": status})
                .to_string(),
        };
        for (status, code, remedy, part) in [
            (401, 20003, Remedy::GiveUp, "auth token"),
            (429, 20429, Remedy::Retry(None), "Too many"),
            (400, 21211, Remedy::GiveUp, "no telephone number"),
            (400, 21610, Remedy::GiveUp, "STOP"),
            (400, 99999, Remedy::GiveUp, "The 'To' number"),
            (500, 0, Remedy::Retry(None), "500"),
        ] {
            let error = outcome(&answer(status, code)).unwrap_err();
            assert!(error.remedy == remedy && error.text.contains(part), "{error:?}");
        }
        let fine = Answer {
            status: 201,
            retry_after_ms: None,
            body: "{\"sid\":\"SM1\",\"status\":\"queued\",\"num_segments\":\"2\"}".into(),
        };
        assert_eq!(outcome(&fine).unwrap(), "Twilio says: queued, 2 segments (SM1)");
    }
}
