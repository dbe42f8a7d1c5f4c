//! Recording: what a payload means for what the box knows. Duplicates, previews, parked visits
//! and alerts are decided here; nothing here knows HTTP or threads.

use std::path::Path;

use crate::base::clock::Timestamp;
use crate::base::limits::{PARKED_VISIT_MS, PREVIEW_WINDOW_MS, UNKNOWN_KINDS_MAX};
use crate::domain::{corrections, pulls, watches};
use crate::model::agent::{Agent, Camera, Heartbeat, Payload, RekorAlert};
use crate::model::capture::{Capture, CaptureKey, CaptureKind, Flags, ImageKind, Jpeg, NewCapture};
use crate::model::correction::Correction;
use crate::model::plate::Plate;
use crate::store::identities::IdentityKind;
use crate::store::images::Places;
use crate::store::journal::{Entry, Read};
use crate::store::{ReadTx, Store, StoreError, StoreOptions, WriteTx};

/// What became of a payload.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// A new capture.
    Stored(CaptureKey),
    /// The same read was stored before; nothing new.
    Duplicate(CaptureKey),
    /// A final group took the place of its preview.
    Replaced(CaptureKey),
    /// A preview whose final group is already here.
    Superseded(CaptureKey),
    /// Another read of a parked car: counted to its visit.
    Visit(CaptureKey),
    /// An alert, linked to its capture (zero when it came without one).
    Alert(CaptureKey),
    /// Heartbeat, test, results or an unknown kind: noted.
    Noted,
}

impl Outcome {
    /// Name in answers and counters.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Stored(_) => "stored",
            Self::Duplicate(_) => "duplicate",
            Self::Replaced(_) => "replaced",
            Self::Superseded(_) => "superseded",
            Self::Visit(_) => "visit",
            Self::Alert(_) => "alert",
            Self::Noted => "noted",
        }
    }

    /// The capture it is about, when there is one.
    pub const fn key(self) -> Option<CaptureKey> {
        match self {
            Self::Stored(key)
            | Self::Duplicate(key)
            | Self::Replaced(key)
            | Self::Superseded(key)
            | Self::Visit(key)
            | Self::Alert(key) => Some(key),
            Self::Noted => None,
        }
    }
}

/// Opens the store in `directory`, creating it when missing; what a crash left in its journal is
/// recorded first.
///
/// # Errors
/// As [`Store::open`].
pub fn open(directory: &Path, options: StoreOptions) -> Result<Store, StoreError> {
    Store::open_with(directory, options, |tx, read, places| record(tx, read, places).map(drop))
}

/// Prepares `payload`, which came from `address` at `now`, for the journal.
///
/// # Errors
/// When the store cannot be read, or [`StoreError::Refused`] when it is too large.
pub fn prepare(
    store: &Store,
    mut payload: Payload,
    address: &str,
    now: Timestamp,
) -> Result<Entry, StoreError> {
    let images = give_keys(store, &mut payload)?;
    Entry::new(Read { payload, address: address.to_owned(), received_at: now }, images)
}

/// Gives a capture and an alert their keys. Returns the images to keep: none of a read that is
/// known already, of which nobody would see them.
pub fn give_keys(
    store: &Store,
    payload: &mut Payload,
) -> Result<Vec<(ImageKind, Jpeg)>, StoreError> {
    let new = match payload {
        Payload::Capture(new) => new,
        Payload::Alert { alert, group } => {
            alert.key = store.allocate_key(alert.raised_at);
            match group {
                Some(new) => new,
                None => return Ok(Vec::new()),
            }
        }
        _ => return Ok(Vec::new()),
    };
    new.capture.key = store.allocate_key(new.capture.captured_at);
    let images = std::mem::take(&mut new.images);
    if images.is_empty() {
        return Ok(images);
    }
    let kind = identity_kind(new.capture.kind);
    let seen = store.read(|tx| {
        let known = tx.identity(&new.capture.agent_uid, kind, &new.capture.uuid)?;
        Ok(known.is_some() || is_repeat(tx, &new.capture)?)
    })?;
    Ok(if seen { Vec::new() } else { images })
}

/// Whether `capture` will join the visit of a parked car, so that nobody would see its images.
fn is_repeat(tx: &ReadTx, capture: &Capture) -> Result<bool, StoreError> {
    let Some(plate) = parked_plate(capture) else { return Ok(false) };
    let visit = tx.parked(&capture.agent_uid, capture.camera_id, plate)?;
    Ok(visit.is_some_and(|(_, last_seen)| goes_on(capture, last_seen)))
}

/// The plate of a parked car, by which its visits are counted.
fn parked_plate(capture: &Capture) -> Option<&str> {
    capture.plate.as_ref().filter(|_| capture.flags.has(Flags::PARKED)).map(Plate::as_str)
}

/// Whether the visit last seen at `last_seen` goes on with `capture`.
const fn goes_on(capture: &Capture, last_seen: Timestamp) -> bool {
    capture.captured_at.since(last_seen).abs() <= PARKED_VISIT_MS
}

/// Records one read in `tx`; its parts lie at `places`. Takes it by reference, so that a batch
/// that failed can be tried again one by one.
pub fn record(tx: &WriteTx, read: &Read, places: &Places) -> Result<Outcome, StoreError> {
    let (address, now) = (&read.address, read.received_at);
    tx.bump(&format!("kind/{}", read.payload.kind()), 1);
    match &read.payload {
        Payload::Capture(new) => {
            register_capture(tx, new, address, now)?;
            record_capture(tx, new, places, now)
        }
        Payload::Alert { alert, group } => {
            record_alert(tx, alert, group.as_ref().map(|new| (new, places)), address, now)
        }
        Payload::Heartbeat(heartbeat) => {
            register_heartbeat(tx, heartbeat, address, now)?;
            Ok(Outcome::Noted)
        }
        Payload::Unknown(kind) => {
            count_unknown(tx, kind)?;
            Ok(Outcome::Noted)
        }
        Payload::Results | Payload::Test => Ok(Outcome::Noted),
    }
}

/// Counts a kind nobody knows by its name; whoever makes up names without end is counted as one.
fn count_unknown(tx: &WriteTx, kind: &str) -> Result<(), StoreError> {
    let known = tx.tallies("unknown/")?;
    let name = format!("unknown/{kind}");
    let fits = known.len() < UNKNOWN_KINDS_MAX || known.iter().any(|(other, _)| *other == name);
    tx.bump(if fits { &name } else { "unknown/other" }, 1);
    Ok(())
}

const fn identity_kind(kind: CaptureKind) -> IdentityKind {
    match kind {
        CaptureKind::Plate => IdentityKind::Plate,
        CaptureKind::Vehicle => IdentityKind::Vehicle,
    }
}

fn record_capture(
    tx: &WriteTx,
    new: &NewCapture,
    places: &Places,
    now: Timestamp,
) -> Result<Outcome, StoreError> {
    let capture = &mut new.capture.clone();
    let kind = identity_kind(capture.kind);
    if let Some(key) = tx.identity(&capture.agent_uid, kind, &capture.uuid)? {
        return Ok(Outcome::Duplicate(key));
    }
    let preview = capture.flags.has(Flags::PREVIEW);
    let visit = visit_of(tx, capture)?;
    if preview && let Some(key) = final_of(tx, capture)?.or(visit) {
        tx.put_identity(&capture.agent_uid, kind, &capture.uuid, key)?;
        return Ok(Outcome::Superseded(key));
    }
    let replaced =
        if preview { Vec::new() } else { tx.take_previews(&capture.agent_uid, &new.detail.uuids)? };
    if let Some(key) = visit {
        join_visit(tx, key, capture)?;
        for old in &replaced {
            if replace_preview(tx, *old, key)?.alert {
                mark_alert(tx, key)?;
            }
        }
        tx.put_identity(&capture.agent_uid, kind, &capture.uuid, key)?;
        return Ok(Outcome::Visit(key));
    }
    for (kind, _) in &places.images {
        capture.images.insert(*kind);
    }
    let mut corrections = Vec::new();
    for old in &replaced {
        let preview = replace_preview(tx, *old, capture.key)?;
        corrections.extend(preview.correction);
        if preview.alert {
            capture.flags.set(Flags::ALERT, true);
        }
    }
    tx.insert_read(capture, &new.detail, places)?;
    for correction in &corrections {
        corrections::inherit(tx, correction, capture)?;
    }
    tx.put_identity(&capture.agent_uid, kind, &capture.uuid, capture.key)?;
    if preview {
        tx.put_preview(&capture.agent_uid, &capture.uuid, capture.key)?;
    } else {
        pulls::want(tx, capture, &new.detail, now)?;
    }
    if !preview && let Some(plate) = parked_plate(capture) {
        let (agent, camera) = (&capture.agent_uid, capture.camera_id);
        tx.put_parked(agent, camera, plate, capture.key, capture.ended_at)?;
    }
    watches::fire(tx, capture, &new.detail, None, now)?;
    Ok(if replaced.is_empty() {
        Outcome::Stored(capture.key)
    } else {
        Outcome::Replaced(capture.key)
    })
}

/// The final group that already contains this preview's frame, when it came first.
fn final_of(tx: &WriteTx, preview: &Capture) -> Result<Option<CaptureKey>, StoreError> {
    /// Finals of one camera looked at; a camera sends one in several seconds.
    const LOOKED_AT_MAX: usize = 64;
    let from = preview.captured_at.plus_ms(-PREVIEW_WINDOW_MS);
    let until = preview.captured_at.plus_ms(PREVIEW_WINDOW_MS);
    let near = tx.captures_between(from, until, LOOKED_AT_MAX * 8)?;
    let same_camera = near.into_iter().filter(|other| {
        other.agent_uid == preview.agent_uid
            && other.camera_id == preview.camera_id
            && !other.flags.has(Flags::PREVIEW)
    });
    for other in same_camera.take(LOOKED_AT_MAX) {
        let detail = tx.capture_detail(other.key)?;
        if detail.is_some_and(|detail| detail.uuids.contains(&preview.uuid)) {
            return Ok(Some(other.key));
        }
    }
    Ok(None)
}

/// What a final read inherits from its preview.
#[derive(Default)]
struct Inheritance {
    /// Whether an alert named it.
    alert: bool,
    /// What people said about its plate.
    correction: Option<Correction>,
}

/// Takes a preview away in favour of `key`.
fn replace_preview(
    tx: &WriteTx,
    old: CaptureKey,
    key: CaptureKey,
) -> Result<Inheritance, StoreError> {
    let Some(preview) = tx.capture(old)? else { return Ok(Inheritance::default()) };
    let correction = tx.correction(old)?;
    let sent_as = correction.as_ref().map_or(preview.kind, |correction| correction.original.kind);
    tx.delete_capture(old)?;
    tx.move_rekor_alerts(old, key)?;
    tx.move_matches(old, key)?;
    tx.remove_image_places(old)?;
    tx.put_superseded(old, key)?;
    tx.put_identity(&preview.agent_uid, identity_kind(sent_as), &preview.uuid, key)?;
    Ok(Inheritance { alert: preview.flags.has(Flags::ALERT), correction })
}

/// The visit of a parked car that goes on with `capture`.
fn visit_of(tx: &WriteTx, capture: &Capture) -> Result<Option<CaptureKey>, StoreError> {
    let Some(plate) = parked_plate(capture) else { return Ok(None) };
    let visit = tx.parked(&capture.agent_uid, capture.camera_id, plate)?;
    let Some((key, _)) = visit.filter(|(_, last_seen)| goes_on(capture, *last_seen)) else {
        return Ok(None);
    };
    Ok(tx.capture(key)?.map(|_| key))
}

/// Adds a parked repeat to its visit.
fn join_visit(tx: &WriteTx, key: CaptureKey, capture: &Capture) -> Result<(), StoreError> {
    let Some(mut visit) = tx.capture(key)? else { return Ok(()) };
    visit.reads = visit.reads.saturating_add(1);
    visit.ended_at = visit.ended_at.max(capture.ended_at);
    tx.update_capture(&visit, None)?;
    let Some(plate) = parked_plate(capture) else { return Ok(()) };
    tx.put_parked(&capture.agent_uid, capture.camera_id, plate, key, visit.ended_at)
}

fn record_alert(
    tx: &WriteTx,
    alert: &RekorAlert,
    group: Option<(&NewCapture, &Places)>,
    address: &str,
    now: Timestamp,
) -> Result<Outcome, StoreError> {
    let mut alert = alert.clone();
    let list = alert.list_id.map_or_else(|| alert.list.clone(), |id| id.to_string());
    let (agent, uuid) = match group {
        Some((new, _)) => (new.capture.agent_uid.clone(), new.capture.uuid.clone()),
        None => (String::new(), format!("{}/{}", alert.raised_at.0, alert.plate)),
    };
    let identity = format!("{uuid}/{list}");
    if let Some(key) = tx.identity(&agent, IdentityKind::Alert, &identity)? {
        return Ok(Outcome::Duplicate(key));
    }
    if let Some((new, places)) = group {
        register_capture(tx, new, address, now)?;
        let outcome = record_capture(tx, new, places, now)?;
        alert.capture = outcome.key().unwrap_or(CaptureKey(0));
        mark_alert(tx, alert.capture)?;
    }
    tx.put_rekor_alert(&alert)?;
    tx.put_identity(&agent, IdentityKind::Alert, &identity, alert.key)?;
    if let Some(capture) = group.and_then(|_| tx.capture(alert.capture).transpose()) {
        let detail = tx.capture_detail(alert.capture)?.unwrap_or_default();
        watches::fire(tx, &capture?, &detail, Some(&alert.list), now)?;
    }
    watches::rekor::tell(tx, &alert, now)?;
    Ok(Outcome::Alert(alert.capture))
}

fn mark_alert(tx: &WriteTx, key: CaptureKey) -> Result<(), StoreError> {
    if let Some(mut capture) = tx.capture(key)?
        && !capture.flags.has(Flags::ALERT)
    {
        capture.flags.set(Flags::ALERT, true);
        tx.update_capture(&capture, None)?;
    }
    Ok(())
}

/// Agents and cameras register themselves by posting; labels, positions and versions follow.
fn register_capture(
    tx: &WriteTx,
    new: &NewCapture,
    address: &str,
    now: Timestamp,
) -> Result<(), StoreError> {
    let NewCapture { capture, detail, .. } = new;
    let mut agent = known_agent(tx, &capture.agent_uid, now)?;
    adopt(&mut agent.label, &detail.agent_label);
    adopt(&mut agent.version, &detail.agent_version);
    adopt(&mut agent.kind, &detail.agent_type);
    adopt(&mut agent.address, address);
    agent.last_seen = now;
    tx.put_agent(&agent)?;
    let mut camera = known_camera(tx, &capture.agent_uid, capture.camera_id, now)?;
    adopt(&mut camera.label, &detail.camera_label);
    camera.position = detail.position.or(camera.position);
    camera.last_seen = now;
    tx.put_camera(&camera)
}

fn register_heartbeat(
    tx: &WriteTx,
    heartbeat: &Heartbeat,
    address: &str,
    now: Timestamp,
) -> Result<(), StoreError> {
    let mut agent = known_agent(tx, &heartbeat.agent_uid, now)?;
    if agent.label.is_empty() {
        // A label given in the cloud is better than a host name.
        adopt(&mut agent.label, &heartbeat.hostname);
    }
    adopt(&mut agent.version, &heartbeat.version);
    adopt(&mut agent.kind, &heartbeat.kind);
    adopt(&mut agent.address, address);
    agent.last_seen = now;
    agent.last_heartbeat = now;
    tx.put_agent(&agent)?;
    for stream in &heartbeat.streams {
        let mut camera = known_camera(tx, &heartbeat.agent_uid, stream.camera_id, now)?;
        if camera.label.is_empty() {
            adopt(&mut camera.label, &stream.name);
        }
        camera.position = stream.position.or(camera.position);
        camera.last_seen = now;
        tx.put_camera(&camera)?;
    }
    Ok(())
}

fn known_agent(tx: &WriteTx, uid: &str, now: Timestamp) -> Result<Agent, StoreError> {
    let known = tx.agent(uid)?;
    Ok(known.unwrap_or_else(|| Agent { uid: uid.to_owned(), first_seen: now, ..Agent::default() }))
}

fn known_camera(
    tx: &WriteTx,
    agent_uid: &str,
    camera_id: i64,
    now: Timestamp,
) -> Result<Camera, StoreError> {
    let known = tx.camera(agent_uid, camera_id)?;
    Ok(known.unwrap_or_else(|| Camera {
        agent_uid: agent_uid.to_owned(),
        camera_id,
        first_seen: now,
        ..Camera::default()
    }))
}

/// Takes over `new` unless it says nothing.
fn adopt(old: &mut String, new: &str) {
    if !new.is_empty() && old != new {
        new.clone_into(old);
    }
}
