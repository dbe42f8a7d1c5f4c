//! One read: pictures, facts, past reads of the plate.

pub mod correct;
pub(super) mod pictures;

use jiff::tz::TimeZone;

use crate::gate::Response;
use crate::gate::form::encode;
use crate::model::agent::{Agent, Camera};
use crate::model::audit::{Action, Event};
use crate::model::capture::{Capture, CaptureDetail, CaptureKey, Flags, Guess, ImageKind};
use crate::model::correction::Correction;
use crate::model::known_plate::KnownPlate;
use crate::model::plate::Plate;
use crate::model::query::{Page as Found, PageRequest, PlateMatch, Query, Total, signature_mark};
use crate::model::user::Role;
use crate::store::images::ImagePlace;
use crate::web::api::captures::key;
use crate::web::ctx::{Ctx, Input};
use crate::web::error::WebError;
use crate::web::pages::names::Names;
use crate::web::pages::plate::known_view;
use crate::web::pages::shell::{Page, flash, render_with};
use crate::web::pages::watches::bells;
use crate::web::views::capture::{Candidate, CapturePage, Fact};
use crate::web::views::read::{
    PlateBadge, ReadRow, TimeView, VehicleView, href, no_plate, plate_href, tags,
};
use crate::web::views::{Link, Tag, Tone};
use crate::web::{format, paths, regions};

/// Past reads on one page.
const HISTORY_ROWS: usize = 8;
/// Candidates shown.
const CANDIDATES: usize = 6;
/// An agent that was silent for this long is not called online, milliseconds.
const ONLINE_MS: i64 = 10 * 60 * 1000;

/// `GET /captures/{key}`; `image` is shown large, `before` pages through past reads, `correct`
/// opens the form.
pub fn page(ctx: &Ctx<'_>, _: &mut Input<'_, '_>) -> Result<Response, WebError> {
    let key = key(ctx)?;
    let Some(facts) = load(ctx, key)? else { return elsewhere(ctx, key) };
    ctx.site.store.audit_later(viewed(ctx, Action::ViewCapture, &facts.capture));
    let correcting = ctx.query()?.get("correct").is_some();
    show(ctx, &facts, |view| {
        if let Some(form) = &mut view.correct {
            form.open = correcting;
        }
    })
}

/// Renders the page; `adjust` has the last word on it.
fn show(
    ctx: &Ctx<'_>,
    facts: &Facts,
    adjust: impl FnOnce(&mut CapturePage),
) -> Result<Response, WebError> {
    let query = ctx.query()?;
    let history = history(ctx, &facts.capture, query.get("before").and_then(CaptureKey::parse))?;
    let shown = query.get("image").and_then(ImageKind::parse);
    let mut view = view(ctx, facts, history, shown);
    adjust(&mut view);
    let wrong = view.correct.as_ref().is_some_and(|form| !form.errors.is_empty());
    let page = Page::new("capture", view.name.clone(), "search");
    let page = page.status(if wrong { 422 } else { 200 });
    render_with(ctx, &page, &view, |shell| shell.flash = flash(ctx))
}

/// `GET /captures/{key}/raw`: the payload as kept, without JPEGs and secrets.
pub fn raw(ctx: &Ctx<'_>, _: &mut Input<'_, '_>) -> Result<Response, WebError> {
    let key = key(ctx)?;
    let detail = ctx.site.store.read(|tx| tx.capture_detail(key))?.ok_or(WebError::NotFound)?;
    let json = crate::ingest::unpack(&detail.raw)
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
    /// The read.
    pub capture: Capture,
    /// The rest of it.
    pub detail: CaptureDetail,
    camera: Camera,
    agent: Agent,
    names: Names,
    /// Where its images lie.
    pub images: Vec<(ImageKind, ImagePlace)>,
    newer: Option<CaptureKey>,
    older: Option<CaptureKey>,
    /// The same for reads of its camera.
    newer_here: Option<CaptureKey>,
    older_here: Option<CaptureKey>,
    known: Option<KnownPlate>,
    correction: Option<Correction>,
}

/// Reads all of the capture with `key`.
pub fn load(ctx: &Ctx<'_>, key: CaptureKey) -> Result<Option<Facts>, WebError> {
    Ok(ctx.site.store.read(|tx| {
        let Some(capture) = tx.capture(key)? else { return Ok(None) };
        let (newer, older) = tx.neighbours(key)?;
        let (newer_here, older_here) = tx.neighbours_of_camera(&capture)?;
        Ok(Some(Facts {
            detail: tx.capture_detail(key)?.unwrap_or_default(),
            camera: tx.camera(&capture.agent_uid, capture.camera_id)?.unwrap_or_default(),
            agent: tx.agent(&capture.agent_uid)?.unwrap_or_default(),
            names: Names::load(tx)?,
            images: tx.image_places(key)?,
            newer,
            older,
            newer_here,
            older_here,
            known: match &capture.plate {
                Some(plate) => tx.known_plate(plate)?,
                None => None,
            },
            correction: tx.correction(key)?,
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
    let query = Query { plate: Some(PlateMatch::whole(plate)), ..Query::default() };
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
        print_href: format!("{}/print", href(capture.key)),
        watch_href: bells::for_read(ctx, capture),
        newer_href: link(facts.newer),
        older_href: link(facts.older),
        newer_here_href: link(facts.newer_here),
        older_here_href: link(facts.older_here),
        known: facts.known.as_ref().map(|known| known_view(ctx, known, &zone)).unwrap_or_default(),
        plate_facts: plate_facts(capture),
        candidates: candidates(facts),
        vehicle_facts: vehicle_facts(capture, &facts.detail),
        vehicle_searches: vehicle_searches(capture, &facts.detail),
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
    pictures::add(&mut view, facts, shown);
    correct::add(ctx, &mut view, facts, &zone);
    if let Some(found) = history {
        add_history(ctx, &mut view, facts, &found, &zone);
    }
    view
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
        row.tags = other_region(capture, &facts.capture).into_iter().collect();
        row
    };
    view.history = found.rows.iter().map(row).collect();
    view.history_summary = match found.total {
        Some(Total::Exact(count)) => format::count(count, "read", "reads"),
        Some(Total::AtLeast(count)) => format!("{} or more reads", format::number(count)),
        None => String::new(),
    };
    if let Some(plate) = &facts.capture.plate {
        view.history_href = plate_href(plate);
    }
    let here = href(facts.capture.key);
    view.history_older_href =
        found.next.map(|next| format!("{here}?before={next}#history")).unwrap_or_default();
    let paged = ctx.head.query.contains("before=");
    view.history_newer_href = if paged { format!("{here}#history") } else { String::new() };
}

/// Marks a past read that saw the plate of another region: often it is another car.
fn other_region(past: &Capture, this: &Capture) -> Option<Tag> {
    let name = |read: &Capture| regions::name(&read.region, &read.country);
    let (past, this) = (name(past), name(this));
    (!past.is_empty() && !this.is_empty() && past != this).then(|| Tag::new(Tone::Warn, past))
}

fn plate_facts(capture: &Capture) -> Vec<Fact> {
    if capture.plate.is_none() {
        return Vec::new();
    }
    let region = regions::full_name(&capture.region, &capture.country);
    let region = if region.is_empty() { "Not recognised".to_owned() } else { region };
    let mut region = Fact::new("Region", region);
    let mut confidence =
        Fact::new("Confidence", format::percent(capture.confidence)).meter(capture.confidence);
    if capture.flags.has(Flags::CORRECTED) {
        confidence = confidence.aside("as it was read");
    } else if capture.region_confidence > 0.0 {
        region = region.aside(format::percent(capture.region_confidence));
    }
    vec![region, confidence]
}

fn candidates(facts: &Facts) -> Vec<Candidate> {
    let (capture, detail) = (&facts.capture, &facts.detail);
    // They are of the region the agent saw, whatever people made of it.
    let region = facts.correction.as_ref().map(|correction| correction.original.region.as_str());
    let region = region.unwrap_or(&capture.region);
    let own = capture.plate.as_ref().map(|plate| plate.as_str().to_owned()).unwrap_or_default();
    let others = detail.candidates.iter().filter(|guess| guess.name != own);
    others
        .take(CANDIDATES)
        .map(|guess| Candidate {
            plate: PlateBadge::new(&guess.name, region, &capture.country, true, false),
            confidence: format::percent(guess.confidence),
            search: Link::new(candidate_href(&guess.name), format!("Reads of {}", guess.name)),
        })
        .collect()
}

/// The page of another reading; candidates are kept as they were sent.
fn candidate_href(text: &str) -> String {
    Plate::parse(text).as_ref().map(plate_href).unwrap_or_default()
}

/// Searches for the same vehicle, with and without plate: by what it looks like, and by the
/// signature the agent made of it.
fn vehicle_searches(capture: &Capture, detail: &CaptureDetail) -> Vec<Link> {
    let vehicle = &capture.vehicle;
    let model = if vehicle.make_model.is_some() {
        ("model", &vehicle.make_model)
    } else {
        ("make", &vehicle.make)
    };
    let known =
        [("color", &vehicle.color), model, ("body", &vehicle.body), ("year", &vehicle.year)];
    let looks: Vec<(&str, &str)> = known
        .into_iter()
        .filter_map(|(name, guess)| Some((name, guess.as_ref()?.name.as_str())))
        .filter(|(_, value)| !value.is_empty())
        .collect();
    let both = [("kind", "plate,vehicle"), ("view", "grid")];
    let mut links = Vec::new();
    // One trait alone finds half of the town.
    if looks.len() >= 2 {
        let query = encode(looks.into_iter().chain(both));
        links.push(Link::new(format!("{}?{query}", paths::SEARCH), "Find same vehicle"));
    }
    if !detail.signature.is_empty() {
        let mark = format!("{:016x}", signature_mark(&detail.signature));
        let query = encode([("signature", mark.as_str())].into_iter().chain(both));
        links.push(Link::new(format!("{}?{query}", paths::SEARCH), "Same signature"));
    }
    links
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
    let lag = capture.received_at.since(capture.captured_at);
    let lag = match lag {
        0 => String::new(),
        later if capture.flags.has(Flags::LATE) => {
            let day = format::day(capture.received_at, ctx.now, zone);
            format!("{day}, late by {}", format::duration(later))
        }
        later if later > 0 => format!("{} later", format::duration(later)),
        earlier => format!("{} earlier", format::duration(earlier)),
    };
    let seen = capture.ended_at.since(capture.captured_at);
    let mut rows = vec![
        Fact::new("Captured", format::clock_ms(capture.captured_at, zone)).aside(format::day(
            capture.captured_at,
            ctx.now,
            zone,
        )),
        Fact::new("Received", format::clock_ms(capture.received_at, zone)).aside(lag),
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
