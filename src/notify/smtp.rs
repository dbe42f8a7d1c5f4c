//! E-mail by SMTP: TLS from the first byte, STARTTLS that is insisted on, or a plain relay. An error
//! names the step that failed: DNS, connection, TLS, login, receiver.

use super::field::{Config, Field, Kind, sender};
use super::letter::letter;
use super::message::Message;
use super::smtp_wire::Conversation;
use super::{Channel, Reach, SendError, Session};
use crate::base::limits::{MAIL_CONNECT, MAIL_WHOLE};
use crate::net::tcp::Connection;
use crate::net::tls::Trust;

/// The channel.
pub struct Smtp;

const FIELDS: &[Field] = &[
    Field::new("host", "Server", Kind::Host).needed(),
    Field::new("port", "Port", Kind::Port)
        .hint("Usually 465 for TLS, 587 for STARTTLS, 25 for a relay; empty takes these."),
    Field::new(
        "security",
        "Security",
        Kind::Choice(&[("tls", "TLS"), ("starttls", "STARTTLS"), ("plain", "None")]),
    )
    .or("tls"),
    Field::new("username", "User name", Kind::Line),
    Field::new("password", "Password", Kind::Secret).hint(
        "Gmail and others want an app password: turn on two-step verification, then make one at myaccount.google.com/apppasswords.",
    ),
    Field::new("from", "Sender", Kind::Sender).needed(),
    Field::new("recipients", "Addresses for news of the box", Kind::Emails)
        .hint("Matches go to the people of the watch, at the address of their account."),
    Field::new("certificate", "Own authority", Kind::Pem)
        .hint("Of a server whose certificate no public authority signed."),
    Field::new("pin", "Fingerprint of the server", Kind::Fingerprint)
        .hint("SHA-256 of the only certificate that is accepted, whoever signed it."),
];

impl Channel for Smtp {
    fn id(&self) -> &'static str {
        "smtp"
    }

    fn label(&self) -> &'static str {
        "E-mail"
    }

    fn about(&self) -> &'static str {
        "Letters with pictures to the address of each account, by your mail server."
    }

    fn fields(&self) -> &'static [Field] {
        FIELDS
    }

    fn reach(&self) -> Reach {
        Reach::Emails
    }

    fn targets(&self, config: &Config) -> Vec<String> {
        config.list("recipients")
    }

    fn takes_pictures(&self) -> bool {
        true
    }

    fn check(&self, config: &Config) -> Option<(&'static str, String)> {
        let has_password = !config.get("password").is_empty();
        if config.get("security") == "plain" && has_password && !is_near(config.get("host")) {
            let rule = "a password does not go over the network in clear; choose TLS or STARTTLS";
            return Some(("security", rule.to_owned()));
        }
        None
    }

    fn open(&self) -> Box<dyn Session> {
        Box::new(Line)
    }
}

/// Whether `host` is the box itself.
fn is_near(host: &str) -> bool {
    host == "localhost" || host.parse::<std::net::IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

struct Line;

impl Session for Line {
    fn send(&mut self, config: &Config, to: &str, message: &Message) -> Result<String, SendError> {
        let letter = letter(config.get("from"), to, message)?;
        let (_, from) = sender(config.get("from"))
            .map_err(|_| SendError::refused("The sender is no e-mail address."))?;
        let host = config.get("host");
        let security = config.get("security");
        let trust = Trust { authority: config.get("certificate"), pin: config.get("pin") };
        let passing = |error: String| SendError::passing(format!("{error}."));
        let mut connection = Connection::open(host, port(config), MAIL_CONNECT).map_err(passing)?;
        connection.within(MAIL_WHOLE);
        if security == "tls" {
            connection = connection.secured(host, trust).map_err(|error| hinted(&error))?;
        }
        let mut conversation = Conversation::begin(connection, host)?;
        if security == "starttls" {
            conversation = conversation.start_tls(trust)?;
        }
        if !config.get("username").is_empty() {
            conversation
                .log_in(config.get("username"), config.get("password"))
                .map_err(|error| explained(host, error))?;
        }
        let reply = conversation.send(&from, to, &letter.formatted())?;
        conversation.end();
        Ok(format!("The server says: {}", reply.text()))
    }
}

/// The port that is set, or the usual one.
fn port(config: &Config) -> u16 {
    match (config.port("port"), config.get("security")) {
        (0, "starttls") => 587,
        (0, "plain") => 25,
        (0, _) => 465,
        (port, _) => port,
    }
}

/// A server that answers TLS with clear text is the commonest mistake of all.
fn hinted(error: &str) -> SendError {
    let clear = error.contains("corrupt message") || error.contains("InvalidContentType");
    let hint =
        if clear { " The server speaks no TLS on this port: is it STARTTLS on 587?" } else { "" };
    SendError::passing(format!("{error}.{hint}"))
}

/// What a refused log-in most often means.
fn explained(host: &str, error: SendError) -> SendError {
    let gmail = ["gmail", "google"].iter().any(|part| host.contains(part));
    if !gmail || !error.text.starts_with("Login") {
        return error;
    }
    let hint = "Gmail takes only app passwords: turn on two-step verification, then make one at myaccount.google.com/apppasswords.";
    SendError { text: format!("{} {hint}", error.text), ..error }
}
