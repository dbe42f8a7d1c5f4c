//! `/api/v1/captures`: list with all search filters, one capture, its images.

use serde::Serialize;

use crate::base::limits::{PAGE_ROWS, PAGE_ROWS_MAX};
use crate::gate::{Form, Response};
use crate::model::audit::Action;
use crate::model::capture::{Capture, CaptureDetail, CaptureKey, Flags, Guess, ImageKind};
use crate::model::plate::Plate;
use crate::model::query::{PageRequest, Total, flag_names, signature_mark};
use crate::search::{self, Context, Search};
use crate::web::api::rfc3339;
use crate::web::ctx::{Ctx, Input};
use crate::web::error::WebError;
use crate::web::pages::captures::viewed;
use crate::web::pages::images::send_image;
use crate::web::pages::names::Names;
use crate::web::reply::json;

#[derive(Serialize)]
struct ListBody<'a> {
    data: Vec<CaptureView<'a>>,
    next: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    total: Option<u64>,
    /// Distinct plates among them, when that is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    plates: Option<u64>,
    /// False when counting was stopped: there are at least `total`.
    total_exact: bool,
    /// True when the search was stopped at its time limit.
    stopped: bool,
    /// What would make a search that was stopped quicker.
    #[serde(skip_serializing_if = "Option::is_none")]
    hint: Option<&'static str>,
}

#[derive(Serialize)]
struct GuessView<'a> {
    name: &'a str,
    confidence: f32,
}

#[derive(Serialize)]
struct CaptureView<'a> {
    id: String,
    kind: &'static str,
    plate: Option<&'a str>,
    plate_text: &'a str,
    confidence: f32,
    region: &'a str,
    region_confidence: f32,
    country: &'a str,
    agent_uid: &'a str,
    camera_id: i64,
    uuid: &'a str,
    captured_at: String,
    ended_at: String,
    received_at: String,
    direction_degrees: Option<f32>,
    vehicle: VehicleView<'a>,
    flags: Vec<&'static str>,
    images: Vec<&'static str>,
    reads: u32,
}

#[derive(Serialize)]
struct VehicleView<'a> {
    color: Option<GuessView<'a>>,
    make: Option<GuessView<'a>>,
    make_model: Option<GuessView<'a>>,
    body_type: Option<GuessView<'a>>,
    year: Option<GuessView<'a>>,
}

#[derive(Serialize)]
struct DetailView<'a> {
    #[serde(flatten)]
    capture: CaptureView<'a>,
    candidates: Vec<GuessView<'a>>,
    plate_corners: &'a [(i32, i32)],
    vehicle_box: Option<(i32, i32, i32, i32)>,
    traits: std::collections::BTreeMap<&'a str, Vec<GuessView<'a>>>,
    latitude: Option<f64>,
    longitude: Option<f64>,
    frame_width: u32,
    frame_height: u32,
    agent_version: &'a str,
    agent_label: &'a str,
    camera_label: &'a str,
    uuids: &'a [String],
    /// What `signature=` finds the same vehicle by.
    signature: Option<String>,
    notes: &'a [String],
}

const SLOW_HINT: &str = "add a date, a camera or more characters of the plate";

/// `GET /api/v1/captures`.
pub fn list(ctx: &Ctx<'_>, _: &mut Input<'_, '_>) -> Result<Response, WebError> {
    let form = ctx.query()?;
    refuse_unknown(&form, &["limit", "cursor", "total", "q", "match"])?;
    let limit = match form.get("limit") {
        None => PAGE_ROWS,
        Some(text) => text
            .parse()
            .ok()
            .filter(|limit| (1..=PAGE_ROWS_MAX).contains(limit))
            .ok_or_else(|| WebError::Bad(format!("limit must be 1 to {PAGE_ROWS_MAX}")))?,
    };
    let before = match form.get("cursor") {
        None | Some("") => None,
        Some(text) => Some(
            CaptureKey::parse(text).ok_or_else(|| WebError::Bad("cursor is not valid".into()))?,
        ),
    };
    let names = ctx.site.store.read(Names::load)?;
    let (cameras, agents) = (names.camera_values(), names.agent_values());
    let zone = ctx.zone();
    let context = Context { zone: &zone, now: ctx.now, cameras: &cameras, agents: &agents };
    let search = Search::from_parameters(form.pairs(), &context)
        .map_err(|error| WebError::Bad(format!("{}: {error}", error.parameter)))?;
    ctx.audit(Action::Search, search.text());
    let page = PageRequest { limit, before, total: form.get("total") != Some("no") };
    let found = ctx.site.store.search(&search.query, page)?;
    let (total, total_exact) = match found.total {
        Some(Total::Exact(count)) => (Some(count), true),
        Some(Total::AtLeast(count)) => (Some(count), false),
        None => (None, false),
    };
    let body = ListBody {
        data: found.rows.iter().map(view).collect(),
        next: found.next.map(|key| key.to_string()),
        total,
        plates: found.plates,
        total_exact,
        stopped: found.stopped,
        hint: found.stopped.then_some(SLOW_HINT),
    };
    Ok(json(200, &body))
}

/// A mistyped filter must not silently find everything.
pub fn refuse_unknown(form: &Form, own: &[&str]) -> Result<(), WebError> {
    for (name, _) in form.pairs() {
        let bare = name.strip_prefix('-').unwrap_or(name);
        if !own.contains(&name) && search::filter(bare).is_none() {
            let known: Vec<&str> = search::FILTERS.iter().map(|filter| filter.key()).collect();
            let known = known.join(", ");
            return Err(WebError::Bad(format!(
                "there is no parameter {name:?}; filters are {known}; others {}",
                own.join(", ")
            )));
        }
    }
    Ok(())
}

/// `GET /api/v1/captures/{key}`.
pub fn one(ctx: &Ctx<'_>, _: &mut Input<'_, '_>) -> Result<Response, WebError> {
    let key = key(ctx)?;
    let found = ctx.site.store.read(|tx| Ok((tx.capture(key)?, tx.capture_detail(key)?)))?;
    let (Some(capture), detail) = found else { return Err(WebError::NotFound) };
    ctx.site.store.audit_later(viewed(ctx, Action::ViewCapture, &capture));
    Ok(json(200, &detail_view(&capture, &detail.unwrap_or_default())))
}

/// `GET /api/v1/captures/{key}/images/{kind}`.
pub fn image(ctx: &Ctx<'_>, _: &mut Input<'_, '_>) -> Result<Response, WebError> {
    let kind = ctx.param("kind").and_then(ImageKind::parse).ok_or(WebError::NotFound)?;
    let key = key(ctx)?;
    let response = send_image(ctx, key, kind)?;
    let event = ctx.event(Action::ViewCapture).object(key.to_string());
    ctx.site.store.audit_later(event.note(format!("{} image", kind.name())));
    Ok(response)
}

/// The `{key}` of the route.
pub fn key(ctx: &Ctx<'_>) -> Result<CaptureKey, WebError> {
    ctx.param("key").and_then(CaptureKey::parse).ok_or(WebError::NotFound)
}

fn guess(guess: &Guess) -> GuessView<'_> {
    GuessView { name: &guess.name, confidence: guess.confidence }
}

fn view(capture: &Capture) -> CaptureView<'_> {
    let vehicle = &capture.vehicle;
    CaptureView {
        id: capture.key.to_string(),
        kind: capture.kind.name(),
        plate: capture.plate.as_ref().map(Plate::as_str),
        plate_text: &capture.plate_text,
        confidence: capture.confidence,
        region: &capture.region,
        region_confidence: capture.region_confidence,
        country: &capture.country,
        agent_uid: &capture.agent_uid,
        camera_id: capture.camera_id,
        uuid: &capture.uuid,
        captured_at: rfc3339(capture.captured_at),
        ended_at: rfc3339(capture.ended_at),
        received_at: rfc3339(capture.received_at),
        direction_degrees: capture.direction,
        vehicle: VehicleView {
            color: vehicle.color.as_ref().map(guess),
            make: vehicle.make.as_ref().map(guess),
            make_model: vehicle.make_model.as_ref().map(guess),
            body_type: vehicle.body.as_ref().map(guess),
            year: vehicle.year.as_ref().map(guess),
        },
        flags: flag_list(capture.flags),
        images: ImageKind::ALL
            .into_iter()
            .filter(|kind| capture.images.has(*kind))
            .map(ImageKind::name)
            .collect(),
        reads: capture.reads,
    }
}

fn flag_list(flags: Flags) -> Vec<&'static str> {
    let set = flag_names().into_iter().filter(|(_, bit)| flags.has(*bit));
    set.map(|(name, _)| name).collect()
}

fn detail_view<'a>(capture: &'a Capture, detail: &'a CaptureDetail) -> DetailView<'a> {
    DetailView {
        capture: view(capture),
        candidates: detail.candidates.iter().map(guess).collect(),
        plate_corners: &detail.plate_corners,
        vehicle_box: detail.vehicle_box,
        traits: detail
            .traits
            .iter()
            .map(|(name, guesses)| (name.as_str(), guesses.iter().map(guess).collect()))
            .collect(),
        latitude: detail.position.map(|(latitude, _)| latitude),
        longitude: detail.position.map(|(_, longitude)| longitude),
        frame_width: capture.frame.0,
        frame_height: capture.frame.1,
        agent_version: &detail.agent_version,
        agent_label: &detail.agent_label,
        camera_label: &detail.camera_label,
        uuids: &detail.uuids,
        signature: (!detail.signature.is_empty())
            .then(|| format!("{:016x}", signature_mark(&detail.signature))),
        notes: &detail.notes,
    }
}
