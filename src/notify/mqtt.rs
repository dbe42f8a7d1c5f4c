//! MQTT: the last plate, its picture and every event for a broker, announced to Home Assistant. One
//! connection is kept, so that the broker knows when the box is gone.

use std::time::Duration;

use serde_json::{Value, json};

use super::field::{Config, Field, Kind};
use super::message::{Message, VALUES};
use super::mqtt_wire::{Hello, Publisher};
use super::{Channel, SendError, Session};
use crate::base::limits::{MQTT_EXCHANGE, MQTT_TEND, MQTT_TEND_LATER};
use crate::net::tcp::Connection;
use crate::net::tls::Trust;

/// The channel.
pub struct Mqtt;

const FIELDS: &[Field] = &[
    Field::new("host", "Broker", Kind::Host).needed(),
    Field::new("port", "Port", Kind::Port).or("1883"),
    Field::new("security", "Security", Kind::Choice(&[("plain", "None"), ("tls", "TLS")]))
        .or("plain"),
    Field::new("username", "User name", Kind::Line),
    Field::new("password", "Password", Kind::Secret),
    Field::new("topic", "Topic", Kind::Words)
        .needed()
        .or("openalpr-webhook")
        .hint("Everything is published below it; two boxes need two."),
    Field::new("discovery", "Home Assistant's prefix", Kind::Words)
        .or("homeassistant")
        .hint("Empty announces nothing."),
    Field::new("certificate", "Own authority", Kind::Pem),
];

impl Channel for Mqtt {
    fn id(&self) -> &'static str {
        "mqtt"
    }

    fn label(&self) -> &'static str {
        "MQTT"
    }

    fn about(&self) -> &'static str {
        "Plates, pictures and events for a broker, with discovery by Home Assistant."
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

    fn check(&self, config: &Config) -> Option<(&'static str, String)> {
        let one = |key| config.list(key).len() <= 1 && !config.get(key).ends_with('/');
        let odd = ["topic", "discovery"]
            .into_iter()
            .find(|key| !one(key) || has_wildcard(config.get(key)));
        odd.map(|key| (key, "give one topic such as gate/plates".to_owned()))
    }

    fn open(&self) -> Box<dyn Session> {
        Box::new(Line::default())
    }
}

fn has_wildcard(topic: &str) -> bool {
    topic.contains(['+', '#'])
}

#[derive(Default)]
struct Line {
    /// The connection, and what it was made for.
    open: Option<(String, Publisher)>,
}

impl Session for Line {
    fn send(&mut self, config: &Config, _: &str, message: &Message) -> Result<String, SendError> {
        let sent = self.publish(config, message);
        if sent.is_err() {
            self.open = None;
        }
        sent.map(|()| "The broker has it.".to_owned())
    }

    fn tend(&mut self, config: &Config) -> Option<Duration> {
        let told = match self.publisher(config) {
            Ok(publisher) => publisher.ping(),
            Err(error) => Err(error),
        };
        if let Err(error) = told {
            log::debug!("mqtt: {}", error.text);
            self.open = None;
            return Some(MQTT_TEND_LATER);
        }
        Some(MQTT_TEND)
    }
}

impl Line {
    fn publish(&mut self, config: &Config, message: &Message) -> Result<(), SendError> {
        let topic = config.get("topic").to_owned();
        let publisher = self.publisher(config)?;
        let mut event = values(message);
        event["event_type"] = json!(message.topic.name());
        if !message.value("plate").is_empty() {
            if let Some(picture) = message.picture() {
                publisher.publish(&format!("{topic}/image"), &picture.jpeg, true)?;
            }
            publisher.publish(&format!("{topic}/plate"), &bytes(&values(message)), true)?;
        }
        // Last, as whoever hears it looks at the rest; and not kept, so that it is heard once.
        publisher.publish(&format!("{topic}/event"), &bytes(&event), false)
    }

    fn publisher(&mut self, config: &Config) -> Result<&mut Publisher, SendError> {
        let known: Vec<&str> = FIELDS.iter().map(|field| config.get(field.key)).collect();
        let known = known.join("\n");
        let kept = self.open.take().filter(|(made_for, _)| *made_for == known);
        let open = match kept {
            Some(open) => open,
            None => (known, connect(config)?),
        };
        Ok(&mut self.open.insert(open).1)
    }
}

fn connect(config: &Config) -> Result<Publisher, SendError> {
    let (host, topic) = (config.get("host"), config.get("topic"));
    let unreached = |text| SendError::passing(format!("The broker was not reached: {text}."));
    let mut connection =
        Connection::open(host, config.port("port"), MQTT_EXCHANGE).map_err(unreached)?;
    if config.get("security") == "tls" {
        let trust = Trust { authority: config.get("certificate"), pin: "" };
        connection = connection.secured(host, trust).map_err(unreached)?;
    }
    let availability = format!("{topic}/availability");
    let hello = Hello {
        client: &format!("openalpr-webhook-{}", plain(topic)),
        username: config.get("username"),
        password: config.get("password"),
        will_topic: &availability,
        will: "offline",
    };
    let mut publisher = Publisher::greet(connection, &hello)?;
    let prefix = config.get("discovery");
    if !prefix.is_empty() {
        let to = format!("{prefix}/device/{}/config", plain(topic));
        publisher.publish(&to, &bytes(&discovery(topic)), true)?;
    }
    publisher.publish(&availability, b"online", true)?;
    Ok(publisher)
}

/// `topic` as a name of letters, digits and underscores.
fn plain(topic: &str) -> String {
    topic.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '_' }).collect()
}

/// What Home Assistant is told of the box: a device with the last plate, its picture and events.
fn discovery(topic: &str) -> Value {
    let id = plain(topic);
    let component = |platform: &str, name: &str, more: Value| {
        let mut made = json!({
            "p": platform,
            "name": name,
            "unique_id": format!("{id}_{}", plain(&name.to_lowercase())),
        });
        if let (Some(made), Some(more)) = (made.as_object_mut(), more.as_object()) {
            made.extend(more.clone());
        }
        made
    };
    json!({
        "dev": {
            "ids": [id],
            "name": format!("Plates {topic}"),
            "mf": "openalpr-webhook",
            "sw": env!("CARGO_PKG_VERSION"),
        },
        "o": {"name": "openalpr-webhook", "sw": env!("CARGO_PKG_VERSION")},
        "cmps": {
            "last_plate": component("sensor", "Last plate", json!({
                "state_topic": format!("{topic}/plate"),
                "value_template": "{{ value_json.plate }}",
                "json_attributes_topic": format!("{topic}/plate"),
                // The same plate again is a change of its own.
                "force_update": true,
                "icon": "mdi:car",
            })),
            "image": component("image", "Last image", json!({
                "image_topic": format!("{topic}/image"),
                "content_type": "image/jpeg",
            })),
            "event": component("event", "Event", json!({
                "state_topic": format!("{topic}/event"),
                "event_types": ["match", "rekor_alert", "operational", "digest", "test"],
            })),
        },
        "availability_topic": format!("{topic}/availability"),
        "qos": 1,
    })
}

/// Everything a message has but its picture.
fn values(message: &Message) -> Value {
    let names = VALUES.iter().map(|(name, _)| *name).filter(|name| *name != "image");
    names
        .map(|name| (name.to_owned(), Value::from(message.value(name))))
        .collect::<serde_json::Map<_, _>>()
        .into()
}

fn bytes(value: &Value) -> Vec<u8> {
    value.to_string().into_bytes()
}
