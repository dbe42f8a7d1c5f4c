//! The client's side of SMTP (RFC 5321) over a connection with a deadline for all of it: greeting,
//! STARTTLS, log-in, one letter. Replies are bounded; whatever is in doubt is an error.

use std::io::{Read as _, Write as _};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::{Remedy, SendError};
use crate::base::limits::{MAIL_REPLY_BYTES_MAX, MAIL_REPLY_LINES_MAX};
use crate::model::text::clean;
use crate::net::tcp::Connection;
use crate::net::tls::Trust;

/// A conversation with a mail server.
pub(super) struct Conversation {
    connection: Connection,
    host: String,
    /// Read, but not yet used.
    ahead: Vec<u8>,
    /// What the server can do, as it says.
    abilities: Vec<String>,
}

/// A reply.
pub(super) struct Reply {
    code: u16,
    lines: Vec<String>,
}

impl Reply {
    /// Code and words in one line.
    pub(super) fn text(&self) -> String {
        clean(&format!("{} {}", self.code, self.lines.join(" "))).trim_end_matches('.').to_owned()
    }

    /// An error that says `what` this was the reply to.
    fn refusal(&self, what: &str) -> SendError {
        let text = format!("{what}: {}.", self.text());
        let passing = self.code / 100 == 4;
        let remedy = if passing { Remedy::Retry(None) } else { Remedy::GiveUp };
        SendError { remedy, text }
    }
}

impl Conversation {
    /// Listens to the greeting and says hello.
    pub(super) fn begin(connection: Connection, host: &str) -> Result<Self, SendError> {
        let (ahead, abilities) = (Vec::new(), Vec::new());
        let mut made = Self { connection, host: host.to_owned(), ahead, abilities };
        let hint = if made.connection.is_secured() {
            ""
        } else {
            "; if the port wants TLS from the first byte, choose TLS"
        };
        let greeting = made.reply().map_err(|error| {
            SendError::passing(format!("Connection: {host} sent no greeting, {error}{hint}."))
        })?;
        if greeting.code != 220 {
            return Err(greeting.refusal(&format!("{host} does not want us")));
        }
        made.hello()?;
        Ok(made)
    }

    fn hello(&mut self) -> Result<(), SendError> {
        let reply = self.ask("EHLO [127.0.0.1]")?;
        if reply.code != 250 {
            return Err(reply.refusal("The server does not take EHLO"));
        }
        self.abilities = reply.lines.iter().skip(1).map(|line| line.to_uppercase()).collect();
        Ok(())
    }

    /// Changes to TLS, or sends nothing.
    pub(super) fn start_tls(mut self, trust: Trust<'_>) -> Result<Self, SendError> {
        if !self.abilities.iter().any(|it| it == "STARTTLS") {
            let host = &self.host;
            return Err(SendError::refused(format!(
                "TLS: {host} offers no STARTTLS; nothing was sent."
            )));
        }
        let reply = self.ask("STARTTLS")?;
        if reply.code != 220 {
            return Err(reply.refusal("TLS: the server does not take STARTTLS"));
        }
        // What came before the handshake was said by anybody.
        if !self.ahead.is_empty() {
            return Err(SendError::refused("TLS: the server spoke before the handshake."));
        }
        self.connection = self
            .connection
            .secured(&self.host, trust)
            .map_err(|error| SendError::passing(format!("{error}.")))?;
        self.hello()?;
        Ok(self)
    }

    /// Logs in.
    pub(super) fn log_in(&mut self, username: &str, password: &str) -> Result<(), SendError> {
        let offered = |way: &str| {
            let lists = self.abilities.iter().filter_map(|it| it.strip_prefix("AUTH"));
            lists.flat_map(|it| it.split([' ', '='])).any(|it| it == way)
        };
        let (plain, login) = (offered("PLAIN"), offered("LOGIN"));
        let reply = if plain {
            let pair = STANDARD.encode(format!("\0{username}\0{password}"));
            self.ask(&format!("AUTH PLAIN {pair}"))?
        } else if login {
            let mut reply = self.ask("AUTH LOGIN")?;
            for part in [username, password] {
                if reply.code == 334 {
                    reply = self.ask(&STANDARD.encode(part))?;
                }
            }
            reply
        } else {
            return Err(SendError::refused(
                "Login: the server offers none of PLAIN and LOGIN here; does it want TLS first?",
            ));
        };
        if reply.code == 235 { Ok(()) } else { Err(reply.refusal("Login")) }
    }

    /// Hands over one letter; returns what the server said when it had taken it.
    pub(super) fn send(&mut self, from: &str, to: &str, letter: &[u8]) -> Result<Reply, SendError> {
        let mut options = String::new();
        if !from.is_ascii() || !to.is_ascii() {
            if !self.abilities.iter().any(|it| it == "SMTPUTF8") {
                return Err(SendError::refused(
                    "The server takes no addresses beyond ASCII (SMTPUTF8).",
                ));
            }
            options.push_str(" SMTPUTF8");
        }
        let reply = self.ask(&format!("MAIL FROM:<{from}>{options}"))?;
        if reply.code != 250 {
            return Err(reply.refusal("The sender was refused"));
        }
        let reply = self.ask(&format!("RCPT TO:<{to}>"))?;
        if reply.code / 10 != 25 {
            return Err(reply.refusal("The receiver was refused"));
        }
        let reply = self.ask("DATA")?;
        if reply.code != 354 {
            return Err(reply.refusal("The letter was refused"));
        }
        let in_doubt = |error: String| SendError {
            remedy: Remedy::Unknown,
            text: format!("The server broke off while it took the letter: {error}."),
        };
        self.write(&stuffed(letter)).map_err(in_doubt)?;
        let reply = self.reply().map_err(in_doubt)?;
        if reply.code == 250 { Ok(reply) } else { Err(reply.refusal("The letter was refused")) }
    }

    /// Takes leave; nobody waits for the answer.
    pub(super) fn end(mut self) {
        let _ = self.write(b"QUIT\r\n");
    }

    /// Sends a line of ours and reads the reply. No text from outside has a line break here: all
    /// are parsed addresses or base64.
    fn ask(&mut self, line: &str) -> Result<Reply, SendError> {
        if line.contains(['\r', '\n']) {
            return Err(SendError::refused("An address has a line break."));
        }
        let lost = |error: String| {
            SendError::passing(format!("Connection: the server broke off, {error}."))
        };
        self.write(format!("{line}\r\n").as_bytes()).map_err(lost)?;
        self.reply().map_err(lost)
    }

    fn write(&mut self, bytes: &[u8]) -> Result<(), String> {
        let written = self.connection.write_all(bytes).and_then(|()| self.connection.flush());
        written.map_err(|error| error.to_string())
    }

    fn reply(&mut self) -> Result<Reply, String> {
        let mut reply = Reply { code: 0, lines: Vec::new() };
        for _ in 0..MAIL_REPLY_LINES_MAX {
            let line = self.line()?;
            let odd = || format!("its reply is no SMTP: {}", clean(&line));
            let code = line.get(..3).and_then(|code| code.parse().ok()).ok_or_else(odd)?;
            if reply.code != 0 && reply.code != code {
                return Err(odd());
            }
            reply.code = code;
            reply.lines.push(line.get(4..).unwrap_or_default().to_owned());
            match line.as_bytes().get(3) {
                Some(b'-') => {}
                Some(b' ') | None => return Ok(reply),
                Some(_) => return Err(odd()),
            }
        }
        Err("its reply does not end".to_owned())
    }

    fn line(&mut self) -> Result<String, String> {
        loop {
            if let Some(end) = self.ahead.iter().position(|byte| *byte == b'\n') {
                let line: Vec<u8> = self.ahead.drain(..=end).collect();
                return Ok(String::from_utf8_lossy(&line).trim_end().to_owned());
            }
            if self.ahead.len() > MAIL_REPLY_BYTES_MAX {
                return Err("its reply does not end".to_owned());
            }
            let mut piece = [0; 1024];
            match self.connection.read(&mut piece) {
                Ok(0) => return Err("connection closed".to_owned()),
                Ok(count) => self.ahead.extend(piece.get(..count).unwrap_or_default()),
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error.to_string()),
            }
        }
    }
}

/// `letter` with every line that begins with a dot given another one, and the dot at its end.
fn stuffed(letter: &[u8]) -> Vec<u8> {
    let mut stuffed = Vec::with_capacity(letter.len() + 8);
    let mut at_start = true;
    for byte in letter {
        if at_start && *byte == b'.' {
            stuffed.push(b'.');
        }
        at_start = *byte == b'\n';
        stuffed.push(*byte);
    }
    if !stuffed.ends_with(b"\r\n") {
        stuffed.extend(b"\r\n");
    }
    stuffed.extend(b".\r\n");
    stuffed
}

#[cfg(test)]
mod tests {
    use super::stuffed;

    #[test]
    fn a_dot_ends_the_letter_and_nothing_within_does() {
        assert_eq!(stuffed(b"a\r\n.\r\nb"), b"a\r\n..\r\nb\r\n.\r\n");
        assert_eq!(stuffed(b".\r\n"), b"..\r\n.\r\n");
        assert_eq!(stuffed(b""), b"\r\n.\r\n");
    }
}
