//! A read is held against all watches of all users in the transaction that records it: every hit is a
//! match, and who has to be told is queued in the same commit. Recording the read again finds the
//! match there and neither doubles it nor tells twice.

use jiff::tz::TimeZone;

use crate::base::clock::Timestamp;
use crate::domain::outbox;
use crate::model::capture::{Capture, CaptureDetail, Flags};
use crate::model::notice::Notice;
use crate::model::plate::Plate;
use crate::model::query::WeekMatch;
use crate::model::watch::{MatchId, Silence, Watch, WatchMatch};
use crate::store::{StoreError, WriteTx};

use super::index;
use super::record_test::Facts;

/// Holds the read `capture`, received at `now`, against all watches. `list` is the Rekor list that
/// raised an alert about it, when that is why it is looked at.
pub fn fire(
    tx: &WriteTx,
    capture: &Capture,
    detail: &CaptureDetail,
    list: Option<&str>,
    now: Timestamp,
) -> Result<(), StoreError> {
    let index = index::of(tx)?;
    if index.is_empty() || (list.is_some() && !index.asks_for_lists()) {
        return Ok(());
    }
    let known = capture.plate.as_ref().map(|plate| tx.known_plate(plate)).transpose()?.flatten();
    let tags: Option<Vec<String>> =
        known.as_ref().map(|known| known.tags.iter().map(|tag| tag.as_str().to_owned()).collect());
    let lists: Vec<String> = list.into_iter().map(str::to_owned).collect();
    let facts = Facts::new(capture, detail, tags.as_deref().unwrap_or_default(), &lists);
    let ignored = known.as_ref().is_some_and(|known| known.ignored);
    for armed in index.hits(&facts, tags.as_deref()) {
        let watch = &armed.watch;
        if !is_wanted(tx, watch, capture)? || tx.has_match(capture.key, watch.id)? {
            continue;
        }
        let silence = silence(tx, watch, capture, ignored)?;
        let id = MatchId::of(watch.id, capture.key);
        let new = tx.add_match(&WatchMatch {
            id,
            watch: watch.id,
            owner: watch.owner,
            contacts: watch.contacts.clone(),
            capture: capture.key,
            at: capture.key,
            plate: capture.plate.clone(),
            camera: capture.camera_value(),
            title: watch.title(),
            description: watch.description.clone(),
            severity: watch.severity,
            silence,
            handled: None,
        })?;
        if new && silence.is_none() {
            if watch.quiet_minutes > 0 {
                let (plate, camera) = told_of(capture);
                tx.put_told(watch.id, plate, &camera, capture.captured_at)?;
            }
            outbox::enqueue(tx, &Notice::Match { id: id.0 }, now)?;
        }
    }
    Ok(())
}

/// Whether camera and time of `capture` are among those of `watch`.
fn is_wanted(tx: &WriteTx, watch: &Watch, capture: &Capture) -> Result<bool, StoreError> {
    let here = watch.cameras.is_empty() || watch.cameras.contains(&capture.camera_value());
    if !here || !watch.is_valid_at(capture.captured_at) {
        return Ok(false);
    }
    if !watch.has_hours() {
        return Ok(true);
    }
    let own = tx.user(watch.owner)?.map(|user| user.time_zone).filter(|zone| !zone.is_empty());
    let name = match own {
        Some(name) => name,
        None => tx.setting("general.time_zone")?.unwrap_or_default(),
    };
    let zone = TimeZone::get(&name).unwrap_or(TimeZone::UTC);
    Ok(is_within_hours(watch, zone, capture.captured_at))
}

/// Whether `time` is in an hour and on a day of `watch`, as clocks in `zone` show them.
pub(super) fn is_within_hours(watch: &Watch, zone: TimeZone, time: Timestamp) -> bool {
    let (hours, days) = (Some(watch.hours), Some(watch.days));
    WeekMatch { hours, days, ..WeekMatch::any(zone) }.matches(time)
}

fn silence(
    tx: &WriteTx,
    watch: &Watch,
    capture: &Capture,
    ignored: bool,
) -> Result<Option<Silence>, StoreError> {
    Ok(if !watch.enabled {
        Some(Silence::Off)
    } else if watch.region_match && watch.is_other_region(&capture.region, &capture.country) {
        Some(Silence::Region)
    } else if capture.flags.has(Flags::LATE) {
        Some(Silence::Late)
    } else if capture.flags.has(Flags::PARKED) {
        Some(Silence::Parked)
    } else if ignored {
        Some(Silence::Ignored)
    } else if is_quiet(tx, watch, capture)? {
        Some(Silence::Quiet)
    } else {
        None
    })
}

/// Whether somebody was told of the plate at the camera a short time before, or after: reads do not
/// come in order.
fn is_quiet(tx: &WriteTx, watch: &Watch, capture: &Capture) -> Result<bool, StoreError> {
    if watch.quiet_minutes == 0 {
        return Ok(false);
    }
    let (plate, camera) = told_of(capture);
    let told = tx.last_told(watch.id, plate, &camera)?;
    let period = i64::from(watch.quiet_minutes) * 60_000;
    Ok(told.is_some_and(|told| capture.captured_at.since(told).abs() < period))
}

/// By what quiet periods are told apart: plate, `""` without one, and camera.
fn told_of(capture: &Capture) -> (&str, String) {
    (capture.plate.as_ref().map_or("", Plate::as_str), capture.camera_value())
}
