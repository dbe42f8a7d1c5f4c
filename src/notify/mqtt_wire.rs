//! As much of MQTT 3.1.1 as a publisher needs: connect with a last will, publish with an answer,
//! ping, leave. Packets of a broker are bounded by what a publisher can be sent.

use std::io::{Read as _, Write as _};

use super::SendError;
use crate::base::limits::MQTT_EXCHANGE;
use crate::net::tcp::Connection;

/// Seconds after which the broker takes a silent client for gone.
const KEEP_ALIVE_S: u16 = 90;
/// Largest packet taken from the broker, bytes; answers to a publisher have four.
const PACKET_MAX: usize = 1024;
/// Packets read while one answer is waited for; a broker has no reason to send others.
const PACKETS_MAX: u32 = 16;

const CONNACK: u8 = 0x20;
const PUBACK: u8 = 0x40;
const PINGRESP: u8 = 0xd0;

/// Who connects, and what the broker says when it is gone.
pub(super) struct Hello<'a> {
    pub(super) client: &'a str,
    pub(super) username: &'a str,
    pub(super) password: &'a str,
    pub(super) will_topic: &'a str,
    pub(super) will: &'a str,
}

/// A connected publisher.
pub(super) struct Publisher {
    connection: Connection,
    last_packet: u16,
}

impl Publisher {
    /// Says hello on `connection`.
    pub(super) fn greet(mut connection: Connection, hello: &Hello<'_>) -> Result<Self, SendError> {
        connection.within(MQTT_EXCHANGE);
        let mut publisher = Self { connection, last_packet: 0 };
        publisher.write(&connect(hello))?;
        let answer = publisher.answer(CONNACK)?;
        match answer.get(1).copied() {
            Some(0) => Ok(publisher),
            Some(1) => Err(SendError::refused("The broker does not speak MQTT 3.1.1.")),
            Some(2) => Err(SendError::refused("The broker refuses the client's name.")),
            Some(3) => Err(SendError::passing("The broker is not available at the moment.")),
            Some(4 | 5) => {
                Err(SendError::refused("The broker refuses the user name or the password."))
            }
            _ => Err(SendError::refused("The broker's answer is no MQTT.")),
        }
    }

    /// Publishes `content` and waits until the broker has it.
    pub(super) fn publish(
        &mut self,
        topic: &str,
        content: &[u8],
        retain: bool,
    ) -> Result<(), SendError> {
        self.connection.within(MQTT_EXCHANGE);
        self.last_packet = self.last_packet.wrapping_add(1).max(1);
        let number = self.last_packet.to_be_bytes();
        let mut body = text(topic);
        body.extend(number);
        body.extend(content);
        // QoS 1: the broker answers.
        let head = 0x30 | 0x02 | u8::from(retain);
        self.write(&packet(head, &body))?;
        loop {
            if self.answer(PUBACK)?.get(..2) == Some(&number[..]) {
                return Ok(());
            }
        }
    }

    /// Shows that it is there.
    pub(super) fn ping(&mut self) -> Result<(), SendError> {
        self.connection.within(MQTT_EXCHANGE);
        self.write(&[0xc0, 0])?;
        self.answer(PINGRESP).map(drop)
    }

    fn write(&mut self, bytes: &[u8]) -> Result<(), SendError> {
        let written = self.connection.write_all(bytes).and_then(|()| self.connection.flush());
        written.map_err(|error| lost(&error))
    }

    /// The content of the next packet of kind `kind`; others are passed over.
    fn answer(&mut self, kind: u8) -> Result<Vec<u8>, SendError> {
        for _ in 0..PACKETS_MAX {
            let mut head = [0];
            self.connection.read_exact(&mut head).map_err(|error| lost(&error))?;
            let mut content = vec![0; self.length()?];
            self.connection.read_exact(&mut content).map_err(|error| lost(&error))?;
            if head[0] & 0xf0 == kind {
                return Ok(content);
            }
        }
        Err(SendError::refused("The broker's answer is no MQTT."))
    }

    fn length(&mut self) -> Result<usize, SendError> {
        let (mut length, mut shift) = (0_usize, 0);
        loop {
            let mut byte = [0];
            self.connection.read_exact(&mut byte).map_err(|error| lost(&error))?;
            length |= usize::from(byte[0] & 0x7f) << shift;
            if byte[0] & 0x80 == 0 {
                break;
            }
            shift += 7;
            if shift > 21 {
                return Err(SendError::refused("The broker's answer is no MQTT."));
            }
        }
        if length > PACKET_MAX {
            return Err(SendError::refused("The broker's answer is no MQTT."));
        }
        Ok(length)
    }
}

impl Drop for Publisher {
    fn drop(&mut self) {
        // Without it the broker publishes the last will, which is right when the box is cut off.
        self.connection.within(std::time::Duration::from_millis(200));
        let _ = self.connection.write_all(&[0xe0, 0]);
        let _ = self.connection.flush();
    }
}

fn lost(error: &std::io::Error) -> SendError {
    SendError::passing(format!("The connection to the broker was lost: {error}."))
}

fn connect(hello: &Hello<'_>) -> Vec<u8> {
    let mut body = text("MQTT");
    // Version 4 is 3.1.1; clean session; the will is kept and answered.
    let mut flags = 0x02 | 0x04 | 0x08 | 0x20;
    if !hello.username.is_empty() {
        flags |= 0x80;
    }
    if !hello.password.is_empty() {
        flags |= 0x40;
    }
    body.extend([4, flags]);
    body.extend(KEEP_ALIVE_S.to_be_bytes());
    for part in [hello.client, hello.will_topic, hello.will] {
        body.extend(text(part));
    }
    for part in [hello.username, hello.password].into_iter().filter(|part| !part.is_empty()) {
        body.extend(text(part));
    }
    packet(0x10, &body)
}

/// A text with its length; all of ours are bounded far below it.
fn text(text: &str) -> Vec<u8> {
    let bytes = text.as_bytes().get(..text.len().min(usize::from(u16::MAX))).unwrap_or_default();
    let mut made = (bytes.len() as u16).to_be_bytes().to_vec();
    made.extend(bytes);
    made
}

fn packet(head: u8, body: &[u8]) -> Vec<u8> {
    let mut made = vec![head];
    let mut rest = body.len();
    loop {
        let low = (rest & 0x7f) as u8;
        rest >>= 7;
        if rest == 0 {
            made.push(low);
            break;
        }
        made.push(low | 0x80);
    }
    made.extend(body);
    made
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packets_are_as_the_standard_has_them() {
        assert_eq!(packet(0x30, &[1; 3]), [0x30, 3, 1, 1, 1]);
        assert_eq!(packet(0x30, &[0; 321])[..3], [0x30, 0xc1, 0x02]);
        assert_eq!(packet(0x30, &[0; 16_384])[..4], [0x30, 0x80, 0x80, 0x01]);
        let hello =
            Hello { client: "c", username: "u", password: "", will_topic: "t", will: "offline" };
        let made = connect(&hello);
        assert_eq!(
            made[..12],
            [0x10, made.len() as u8 - 2, 0, 4, b'M', b'Q', b'T', b'T', 4, 0xae, 0, 90]
        );
        assert_eq!(made[12..], *b"\0\x01c\0\x01t\0\x07offline\0\x01u");
    }
}
