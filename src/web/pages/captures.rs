//! One read: pictures, facts, past reads of the plate.

use jiff::tz::TimeZone;

use crate::gate::Response;
use crate::model::agent::{Agent, Camera};
use crate::model::audit::{Action, Event};
use crate::model::capture::{Capture, CaptureDetail, CaptureKey, Guess, ImageKind};
use crate::model::query::{Page as Found, PageRequest, Piece, PlateMatch, Query, Total};
use crate::model::user::Role;
use crate::store::images::ImagePlace;
use crate::web::api::captures::key;
use crate::web::ctx::{Ctx, Input};
use crate::web::error::WebError;
use crate::web::pages::names::Names;
use crate::web::pages::shell::{Page, render};
use crate::web::views::capture::{Candidate, CapturePage, Fact, Outlines, Picture, Viewer};
use crate::web::views::read::{
    PlateBadge, ReadRow, TimeView, VehicleView, href, image_href, no_plate, tags,
};
use crate::web::views::{Link, Tag, Tone};
use crate::web::{format, paths, regions};

/// Past reads on one page.
const HISTORY_ROWS: usize = 8;
/// Candidates shown.
const CANDIDATES: usize = 6;
/// An agent that was silent for this long is not called online, milliseconds.
const ONLINE_MS: i64 = 10 * 60 * 1000;

/// `GET /captures/{key}`.
pub fn page(ctx: &Ctx<'_>, _: &mut Input<'_, '_>) -> Result<Response, WebError> {
    let key = key(ctx)?;
    let query = ctx.query()?;
    let Some(facts) = load(ctx, key)? else { return elsewhere(ctx, key) };
    let history = history(ctx, &facts.capture, query.get("before").and_then(CaptureKey::parse))?;
    let shown = query.get("image").and_then(ImageKind::parse);
    let view = view(ctx, &facts, history, shown);
    ctx.site.store.audit_later(viewed(ctx, Action::ViewCapture, &facts.capture));
    let title = view.name.clone();
    render(ctx, &Page::new("capture", title, "search"), &view)
}

/// `GET /captures/{key}/raw`: the payload as kept, without JPEGs and secrets.
pub fn raw(ctx: &Ctx<'_>, _: &mut Input<'_, '_>) -> Result<Response, WebError> {
    let key = key(ctx)?;
    let detail = ctx.site.store.read(|tx| tx.capture_detail(key))?.ok_or(WebError::NotFound)?;
    let json = crate::ingest::inflate_raw(&detail.raw)
        .ok_or_else(|| WebError::Internal("the kept payload cannot be inflated".into()))?;
    if let Some(capture) = ctx.site.store.read(|tx| tx.capture(key))? {
        ctx.site.store.audit_later(viewed(ctx, Action::ViewRaw, &capture));
    }
    Ok(Response::new(200).json_bytes(json.into_bytes()))
}

/// `action` on `capture`, for the audit log.
pub fn viewed(ctx: &Ctx<'_>, action: Action, capture: &Capture) -> Event {
    let plate = capture.plate.as_ref().map_or("no plate", |plate| plate.as_str());
    ctx.event(action).object(capture.key.to_string()).note(plate)
}

/// Everything the page is made of.
pub struct Facts {
    capture: Capture,
    detail: CaptureDetail,
    camera: Camera,
    agent: Agent,
    names: Names,
    images: Vec<(ImageKind, ImagePlace)>,
    newer: Option<CaptureKey>,
    older: Option<CaptureKey>,
}

/// Reads all of the capture with `key`.
pub fn load(ctx: &Ctx<'_>, key: CaptureKey) -> Result<Option<Facts>, WebError> {
    Ok(ctx.site.store.read(|tx| {
        let Some(capture) = tx.capture(key)? else { return Ok(None) };
        let (newer, older) = tx.neighbours(key)?;
        Ok(Some(Facts {
            detail: tx.capture_detail(key)?.unwrap_or_default(),
            camera: tx.camera(&capture.agent_uid, capture.camera_id)?.unwrap_or_default(),
            agent: tx.agent(&capture.agent_uid)?.unwrap_or_default(),
            names: Names::load(tx)?,
            images: tx.image_places(key)?,
            newer,
            older,
            capture,
        }))
    })?)
}

/// A preview's address leads to the read that replaced it.
fn elsewhere(ctx: &Ctx<'_>, key: CaptureKey) -> Result<Response, WebError> {
    let other = ctx.site.store.read(|tx| tx.superseded_by(key))?.ok_or(WebError::NotFound)?;
    Ok(Response::redirect(303, &href(other)))
}

fn history(
    ctx: &Ctx<'_>,
    capture: &Capture,
    before: Option<CaptureKey>,
) -> Result<Option<Found>, WebError> {
    let Some(plate) = &capture.plate else { return Ok(None) };
    let pieces = vec![Piece::Text(plate.as_str().to_owned())];
    let query =
        Query { plate: Some(PlateMatch { pieces, ..PlateMatch::default() }), ..Query::default() };
    let request = PageRequest { limit: HISTORY_ROWS, before, total: true };
    Ok(Some(ctx.site.store.search(&query, request)?))
}

/// The page of a read.
pub fn view(
    ctx: &Ctx<'_>,
    facts: &Facts,
    history: Option<Found>,
    shown: Option<ImageKind>,
) -> CapturePage {
    let (capture, zone) = (&facts.capture, ctx.zone());
    let link = |key: Option<CaptureKey>| key.map(href).unwrap_or_default();
    let plate = PlateBadge::of(capture);
    let name = match &plate {
        Some(plate) => plate.text.clone(),
        None => no_plate(capture).to_owned(),
    };
    let mut view = CapturePage {
        id: capture.key.to_string(),
        vehicle: VehicleView::of(&capture.vehicle),
        camera: facts.names.camera(&capture.agent_uid, capture.camera_id),
        time: TimeView::new(capture.captured_at, ctx.now, &zone),
        tags: tags(capture),
        export_href: if ctx.may_export() {
            format!("{}/export", href(capture.key))
        } else {
            String::new()
        },
        newer_href: link(facts.newer),
        older_href: link(facts.older),
        plate_facts: plate_facts(capture),
        candidates: candidates(capture, &facts.detail),
        vehicle_facts: vehicle_facts(capture, &facts.detail),
        heading: capture.direction.map(format::heading),
        capture_facts: capture_facts(ctx, facts, &zone),
        camera_facts: camera_facts(facts),
        agent_facts: agent_facts(facts),
        agent_state: Some(if ctx.now.since(facts.agent.last_seen) < ONLINE_MS {
            Tag::new(Tone::Ok, "Online")
        } else {
            Tag::new(Tone::Off, "Silent")
        }),
        notes: facts.detail.notes.clone(),
        raw_href: match ctx.role() {
            Some(role) if role >= Role::Admin => format!("{}/raw", href(capture.key)),
            _ => String::new(),
        },
        plate,
        name,
        ..CapturePage::default()
    };
    add_pictures(&mut view, facts, shown);
    if let Some(found) = history {
        add_history(ctx, &mut view, facts, &found, &zone);
    }
    view
}

fn add_pictures(view: &mut CapturePage, facts: &Facts, shown: Option<ImageKind>) {
    let capture = &facts.capture;
    let has = |kind: ImageKind| facts.images.iter().find(|(known, _)| *known == kind);
    let by_size = [ImageKind::Full, ImageKind::Overview, ImageKind::Vehicle, ImageKind::Plate];
    let chosen = shown.and_then(has).or_else(|| by_size.into_iter().find_map(has));
    let Some((chosen, place)) = chosen else { return };
    let label = format::percent(capture.confidence);
    // Coordinates are of the full frame, which the overview shows whole.
    let whole = matches!(chosen, ImageKind::Full | ImageKind::Overview);
    let outlines = || {
        let (corners, vehicle) = (&facts.detail.plate_corners, facts.detail.vehicle_box);
        Outlines::new(capture.frame, corners, vehicle, label)
    };
    view.viewer = Some(Viewer {
        src: image_href(capture.key, *chosen),
        width: place.width,
        height: place.height,
        alt: format!("{} of {}", picture_label(*chosen), view.name),
        outlines: if whole { outlines() } else { None },
    });
    view.strip = by_size
        .into_iter()
        .filter(|kind| has(*kind).is_some())
        .map(|kind| Picture {
            label: picture_label(kind),
            src: image_href(capture.key, kind),
            href: format!("{}?image={}", href(capture.key), kind.name()),
            current: kind == *chosen,
        })
        .collect();
}

const fn picture_label(kind: ImageKind) -> &'static str {
    match kind {
        ImageKind::Plate => "Plate",
        ImageKind::Vehicle => "Vehicle",
        ImageKind::Overview => "Overview",
        ImageKind::Full => "Full frame",
    }
}

fn add_history(
    ctx: &Ctx<'_>,
    view: &mut CapturePage,
    facts: &Facts,
    found: &Found,
    zone: &TimeZone,
) {
    let row = |capture: &Capture| -> ReadRow {
        let mut row = facts.names.row(capture, ctx.now, zone);
        row.current = capture.key == facts.capture.key;
        row
    };
    view.history = found.rows.iter().map(row).collect();
    view.history_summary = match found.total {
        Some(Total::Exact(count)) => format::count(count, "read", "reads"),
        Some(Total::AtLeast(count)) => format!("{} or more reads", format::number(count)),
        None => String::new(),
    };
    if let Some(plate) = &facts.capture.plate {
        view.history_href = plate_search(plate.as_str());
    }
    let here = href(facts.capture.key);
    view.history_older_href =
        found.next.map(|next| format!("{here}?before={next}#history")).unwrap_or_default();
    let paged = ctx.head.query.contains("before=");
    view.history_newer_href = if paged { format!("{here}#history") } else { String::new() };
}

/// Address of the search for exactly `plate`.
fn plate_search(plate: &str) -> String {
    let query = crate::gate::form::encode([("plate", plate), ("match", "exact")]);
    format!("{}?{query}", paths::SEARCH)
}

fn plate_facts(capture: &Capture) -> Vec<Fact> {
    if capture.plate.is_none() {
        return Vec::new();
    }
    let region = regions::full_name(&capture.region, &capture.country);
    let region = if region.is_empty() { "Not recognised".to_owned() } else { region };
    let mut region = Fact::new("Region", region);
    if capture.region_confidence > 0.0 {
        region = region.aside(format::percent(capture.region_confidence));
    }
    vec![
        region,
        Fact::new("Confidence", format::percent(capture.confidence)).meter(capture.confidence),
    ]
}

fn candidates(capture: &Capture, detail: &CaptureDetail) -> Vec<Candidate> {
    let own = capture.plate.as_ref().map(|plate| plate.as_str().to_owned()).unwrap_or_default();
    let others = detail.candidates.iter().filter(|guess| guess.name != own);
    others
        .take(CANDIDATES)
        .map(|guess| Candidate {
            plate: PlateBadge::new(&guess.name, &capture.region, &capture.country, true, false),
            confidence: format::percent(guess.confidence),
            search: Link::new(plate_search(&guess.name), format!("Reads of {}", guess.name)),
        })
        .collect()
}

fn vehicle_facts(capture: &Capture, detail: &CaptureDetail) -> Vec<Fact> {
    let vehicle = &capture.vehicle;
    let fact = |name: &str, guess: &Option<Guess>, text: fn(&str) -> String| {
        let guess = guess.as_ref()?;
        Some(Fact::new(name, text(&guess.name)).aside(format::percent(guess.confidence)))
    };
    let years = |years: &str| years.replace('-', " to ");
    let mut facts: Vec<Fact> = [
        fact("Color", &vehicle.color, format::word).map(|fact| match &vehicle.color {
            Some(guess) => fact.swatch(format::swatch(&guess.name)),
            None => fact,
        }),
        fact("Make, model", &vehicle.make_model, format::make_model)
            .or_else(|| fact("Make", &vehicle.make, format::make_model)),
        fact("Body", &vehicle.body, format::word),
        fact("Year", &vehicle.year, years),
    ]
    .into_iter()
    .flatten()
    .collect();
    for (name, guesses) in &detail.traits {
        let shown = matches!(
            name.as_str(),
            "color" | "make" | "make_model" | "body_type" | "year" | "is_vehicle" | "missing_plate"
        );
        let best = guesses.first().filter(|_| !shown);
        if let Some(best) = best {
            let value = if name == "orientation" {
                format!("{}°", best.name)
            } else {
                format::word(&best.name)
            };
            facts
                .push(Fact::new(format::word(name), value).aside(format::percent(best.confidence)));
        }
    }
    facts
}

fn capture_facts(ctx: &Ctx<'_>, facts: &Facts, zone: &TimeZone) -> Vec<Fact> {
    let (capture, detail) = (&facts.capture, &facts.detail);
    let at = |time| format!("{} {}", format::clock_ms(time, zone), format::zone_short(time, zone));
    let lag = capture.received_at.since(capture.captured_at);
    let lag = match lag {
        0 => String::new(),
        later if later > 0 => format!("{} later", format::duration(later)),
        earlier => format!("{} earlier", format::duration(earlier)),
    };
    let seen = capture.ended_at.since(capture.captured_at);
    let mut rows = vec![
        Fact::new("Captured", at(capture.captured_at)).aside(format::day(
            capture.captured_at,
            ctx.now,
            zone,
        )),
        Fact::new("Received", at(capture.received_at)).aside(lag),
    ];
    if seen > 0 {
        let frames = format::count(detail.uuids.len().max(1) as u64, "frame", "frames");
        rows.push(Fact::new("Seen for", format::duration(seen)).aside(frames));
    }
    if capture.reads > 1 {
        let reads = format::count(u64::from(capture.reads), "read", "reads");
        rows.push(Fact::new("Visit", reads));
    }
    if capture.frame.0 > 0 {
        rows.push(Fact::new("Frame", format!("{} × {}", capture.frame.0, capture.frame.1)));
    }
    if !capture.uuid.is_empty() {
        rows.push(Fact::new("UUID", capture.uuid.clone()).code());
    }
    if let Some(travel) = detail.travel_id.filter(|id| (0..=1).contains(id)) {
        rows.push(Fact::new("Direction", if travel == 0 { "In" } else { "Out" }));
    }
    rows.push(Fact::new("ID", capture.key.to_string()).code());
    rows
}

fn camera_facts(facts: &Facts) -> Vec<Fact> {
    let capture = &facts.capture;
    let value = format!("{}/{}", capture.agent_uid, capture.camera_id);
    let mut rows = vec![
        Fact::new("Name", facts.names.camera(&capture.agent_uid, capture.camera_id))
            .link(super::dashboard::camera_search(&value)),
        Fact::new("Camera ID", capture.camera_id.to_string()).code(),
    ];
    if let Some((latitude, longitude)) = facts.detail.position.or(facts.camera.position) {
        let text = format::position(latitude, longitude);
        rows.push(Fact::new("Position", text).link(format::geo(latitude, longitude)));
    }
    rows
}

fn agent_facts(facts: &Facts) -> Vec<Fact> {
    let (agent, detail) = (&facts.agent, &facts.detail);
    let mut rows = Vec::new();
    if !agent.label.is_empty() {
        rows.push(Fact::new("Name", agent.label.clone()));
    }
    if !agent.uid.is_empty() {
        rows.push(Fact::new("UID", agent.uid.clone()).code());
    }
    let version =
        if detail.agent_version.is_empty() { &agent.version } else { &detail.agent_version };
    if !version.is_empty() {
        rows.push(Fact::new("Version", version.clone()).aside(agent.kind.clone()));
    }
    if !detail.key_last_four.is_empty() {
        rows.push(Fact::new("API key", format!("ends in {}", detail.key_last_four)));
    }
    rows
}
