//! Words and pictures of a notice, for the one who gets it: times in their zone, camera and agent of
//! the read it is about. A notice about something that is gone says nothing.

use std::collections::BTreeMap;

use jiff::tz::TimeZone;

use crate::base::clock::Timestamp;
use crate::base::limits::DIGEST_LINES_MAX;
use crate::model::capture::{Capture, CaptureKey, ImageKind};
use crate::model::notice::{Delivery, Notice};
use crate::model::text::{clean, clean_lines};
use crate::model::user::UserId;
use crate::model::watch::MatchId;
use crate::notify::{Message, Picture, Topic};
use crate::store::{ReadTx, Store, StoreError};

use super::settings::Settings;
use super::watches;

/// A read and why somebody is told of it.
struct Sight {
    topic: Topic,
    capture: Capture,
    camera: String,
    agent: String,
    /// What the alert is called.
    title: String,
    /// What stands with it.
    description: String,
    /// Name of the list or watch, as a fact.
    cause: (&'static str, String),
    /// Page about it, behind the public address.
    page: String,
}

/// Who is told, and what all messages share.
struct Reader<'a> {
    settings: &'a Settings,
    zone: TimeZone,
    now: Timestamp,
    id: String,
}

/// The message of `delivery`, known as `id`, or `None` when there is nothing left to tell.
pub fn compose(
    store: &Store,
    settings: &Settings,
    delivery: &Delivery,
    id: &str,
    pictures: bool,
    now: Timestamp,
) -> Result<Option<Message>, StoreError> {
    store.read(|tx| {
        let zone = zone_of(tx, settings, UserId(delivery.user))?;
        let reader = Reader { settings, zone, now, id: id.to_owned() };
        if let [notice] = delivery.notices.as_slice() {
            let Some((mut message, key)) = one(tx, &reader, notice)? else { return Ok(None) };
            if let Some(key) = key.filter(|_| pictures) {
                message.pictures = pictures_of(store, tx, key)?;
            }
            return Ok(Some(message));
        }
        let mut messages = Vec::new();
        for notice in &delivery.notices {
            messages.extend(one(tx, &reader, notice)?.map(|(message, _)| message));
        }
        Ok((!messages.is_empty()).then(|| digest(&reader, &messages)))
    })
}

/// A message with which somebody tries a channel.
pub fn test(settings: &Settings, now: Timestamp) -> Message {
    let reader =
        Reader { settings, zone: zone(settings, ""), now, id: format!("test/{}", now.ms()) };
    let sender = reader.sender();
    let text = "This is a test. Alerts will come this way.".to_owned();
    let mut message = reader.message(Topic::Test, format!("Test of {sender}"), text);
    message.brief.push("Alerts will come this way.".to_owned());
    message
}

/// A letter to one person.
pub fn letter(
    settings: &Settings,
    id: &str,
    subject: &str,
    text: &str,
    link: Option<String>,
    now: Timestamp,
) -> Message {
    let reader = Reader { settings, zone: TimeZone::UTC, now, id: id.to_owned() };
    let title = format!("{subject}: {}", reader.sender());
    Message { link, ..reader.message(Topic::Letter, title, text.to_owned()) }
}

fn one(
    tx: &ReadTx,
    reader: &Reader<'_>,
    notice: &Notice,
) -> Result<Option<(Message, Option<CaptureKey>)>, StoreError> {
    let sight = match notice {
        Notice::Match { id } => matched(tx, *id)?,
        Notice::RekorAlert { id } => rekor(tx, CaptureKey(*id))?,
        Notice::Operational { subject, text, .. } => {
            let message = reader.message(Topic::Operational, clean(subject), clean_lines(text));
            return Ok(Some((message, None)));
        }
        Notice::Mail { subject, text, .. } => {
            let message = reader.message(Topic::Letter, clean(subject), clean_lines(text));
            return Ok(Some((message, None)));
        }
        // Written by whoever makes the link.
        Notice::Welcome { .. } | Notice::ResetLink { .. } => None,
    };
    Ok(sight.map(|sight| (reader.seen(&sight), Some(sight.capture.key))))
}

/// The read behind the match `id`.
fn matched(tx: &ReadTx, id: u64) -> Result<Option<Sight>, StoreError> {
    let Some(report) = watches::report(tx, MatchId(id))? else { return Ok(None) };
    let Some(capture) = report.capture else { return Ok(None) };
    Ok(Some(Sight {
        topic: Topic::Match,
        capture,
        camera: report.camera,
        agent: report.agent,
        title: report.matched.title.clone(),
        description: report.matched.description,
        cause: ("Watch", report.matched.title),
        page: format!("/alerts/custom/{}", report.matched.id),
    }))
}

/// The read behind a Rekor alert.
fn rekor(tx: &ReadTx, key: CaptureKey) -> Result<Option<Sight>, StoreError> {
    let Some(alert) = tx.rekor_alert(key)? else { return Ok(None) };
    let now_at = tx.superseded_by(alert.capture)?.unwrap_or(alert.capture);
    let Some(capture) = tx.capture(now_at)? else { return Ok(None) };
    let camera = tx.camera(&capture.agent_uid, capture.camera_id)?;
    let agent = tx.agent(&capture.agent_uid)?;
    Ok(Some(Sight {
        topic: Topic::RekorAlert,
        camera: camera
            .map_or_else(|| format!("Camera {}", capture.camera_id), |camera| camera.name()),
        agent: agent.map(|agent| agent.label).unwrap_or_default(),
        capture,
        title: alert.list.clone(),
        description: alert.description.clone(),
        cause: ("List", alert.list),
        page: format!("/alerts/rekor/{key}"),
    }))
}

impl Reader<'_> {
    /// Organisation, box, or the product.
    fn sender(&self) -> String {
        let named = [&self.settings.report.organisation, &self.settings.general.box_name];
        let named = named.into_iter().find(|name| !name.is_empty()).cloned();
        named.unwrap_or_else(|| "openalpr-webhook".to_owned())
    }

    fn message(&self, topic: Topic, title: String, text: String) -> Message {
        let values = BTreeMap::from([("sent_at", utc(self.now))]);
        let brief = match topic {
            Topic::Operational | Topic::Letter => vec![title.clone(), text.clone()],
            _ => vec![title.clone()],
        };
        Message {
            id: self.id.clone(),
            topic,
            title,
            text,
            facts: Vec::new(),
            values,
            brief,
            link: None,
            sender: self.sender(),
            at: self.now,
            pictures: Vec::new(),
        }
    }

    fn link(&self, page: &str) -> Option<String> {
        let base = &self.settings.general.public_url;
        (!base.is_empty()).then(|| format!("{base}{page}"))
    }

    fn time(&self, at: Timestamp) -> String {
        zoned(at, &self.zone).strftime("%a %-d %b %Y, %H:%M:%S %Z").to_string()
    }

    /// The message about a read.
    fn seen(&self, sight: &Sight) -> Message {
        let capture = &sight.capture;
        let plate = capture.shown_plate().unwrap_or("No plate").to_owned();
        let time = self.time(capture.captured_at);
        let place = match sight.agent.as_str() {
            "" => sight.camera.clone(),
            agent => format!("{} ({agent})", sight.camera),
        };
        let mut text = format!("{plate} was seen at {place} on {time}.");
        if !sight.description.is_empty() {
            text = format!("{text}\n{}", sight.description);
        }
        let mut message = self.message(sight.topic, format!("{plate} Match!"), text);
        let region = capture.region.to_uppercase();
        let vehicle = vehicle(capture);
        let confidence = format!("{:.1}", capture.confidence);
        let facts = [
            ("Plate", plate.clone()),
            ("Region", region.clone()),
            ("Vehicle", vehicle.clone()),
            ("Time", time.clone()),
            ("Camera", sight.camera.clone()),
            ("Agent", sight.agent.clone()),
            sight.cause.clone(),
            ("Confidence", format!("{confidence} %")),
        ];
        message.facts = facts.into_iter().filter(|(_, value)| !value.is_empty()).collect();
        let values = [
            ("plate", plate),
            ("region", capture.region.clone()),
            ("vehicle", vehicle),
            ("captured_at", utc(capture.captured_at)),
            ("time", time),
            ("camera", sight.camera.clone()),
            ("agent", sight.agent.clone()),
            ("confidence", confidence),
            ("watch", sight.title.clone()),
            ("capture_id", capture.key.to_string()),
        ];
        message.values.extend(values);
        message.link = self.link(&sight.page);
        let short = zoned(capture.captured_at, &self.zone).strftime("%a %-d %b %H:%M").to_string();
        message.brief.push(format!("{}, {short}.", sight.camera));
        message.brief.extend(message.link.clone());
        message.brief.push(sight.title.clone());
        message
    }
}

/// Many messages as one.
fn digest(reader: &Reader<'_>, messages: &[Message]) -> Message {
    let count = messages.len();
    let line = |message: &Message| match message.values.get("camera") {
        Some(camera) => {
            let time = message.value("time");
            format!("{} {camera}, {time}", message.title)
        }
        None => message.title.clone(),
    };
    let mut lines: Vec<String> = messages.iter().take(DIGEST_LINES_MAX).map(line).collect();
    if count > DIGEST_LINES_MAX {
        lines.push(format!("and {} more", count - DIGEST_LINES_MAX));
    }
    let title = format!("{count} alerts");
    let mut made = reader.message(Topic::Digest, title, lines.join("\n"));
    made.link = reader.link("/alerts/custom");
    made.brief.extend(made.link.clone());
    made.brief.extend(lines);
    made
}

/// Zone of the account, else of the box, else UTC.
fn zone_of(tx: &ReadTx, settings: &Settings, user: UserId) -> Result<TimeZone, StoreError> {
    let own = if user.0 == 0 { None } else { tx.user(user)? };
    Ok(zone(settings, own.as_ref().map_or("", |user| user.time_zone.as_str())))
}

fn zone(settings: &Settings, own: &str) -> TimeZone {
    let name = if own.is_empty() { settings.general.time_zone.as_str() } else { own };
    let known = (!name.is_empty()).then(|| TimeZone::get(name).ok()).flatten();
    known.unwrap_or(TimeZone::UTC)
}

fn zoned(at: Timestamp, zone: &TimeZone) -> jiff::Zoned {
    jiff::Timestamp::from_millisecond(at.ms()).unwrap_or_default().to_zoned(zone.clone())
}

fn utc(at: Timestamp) -> String {
    zoned(at, &TimeZone::UTC).strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

/// `silver-gray bmw_x3` as people write it.
fn vehicle(capture: &Capture) -> String {
    let vehicle = &capture.vehicle;
    let model = vehicle.make_model.as_ref().or(vehicle.make.as_ref());
    let guesses = [vehicle.color.as_ref(), model, vehicle.body.as_ref()];
    let words = guesses.into_iter().flatten().map(|guess| guess.name.replace(['_', '-'], " "));
    words.collect::<Vec<_>>().join(", ")
}

/// Pictures of the read `key`, the plate first; what cannot be read is left out.
fn pictures_of(store: &Store, tx: &ReadTx, key: CaptureKey) -> Result<Vec<Picture>, StoreError> {
    let mut pictures = Vec::new();
    for kind in [ImageKind::Plate, ImageKind::Vehicle, ImageKind::Overview] {
        let Some(place) = tx.image_place(key, kind)? else { continue };
        if let Ok(Some(jpeg)) = store.images().read(key, kind, &place) {
            pictures.push(Picture { kind: kind.name(), jpeg });
        }
    }
    Ok(pictures)
}
