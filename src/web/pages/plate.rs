//! One plate: what people wrote about it and what its reads say together.

use jiff::tz::TimeZone;

use crate::base::limits::{KNOWN_NAME_CHARS_MAX, KNOWN_NOTES_CHARS_MAX, TAGS_OFFERED_MAX};
use crate::domain::known_plates::{self, KnownForm, Wanted};
use crate::domain::portrait::{self, Agreed, Portrait};
use crate::gate::Response;
use crate::gate::form::encode;
use crate::model::audit::{Action, differences};
use crate::model::capture::{Capture, CaptureKey};
use crate::model::correction::{Correction, Reading};
use crate::model::known_plate::{Author, KnownPlate, PlateTag};
use crate::model::plate::Plate;
use crate::model::query::{PageRequest, PlateMatch, Query};
use crate::model::user::Role;
use crate::store::StoreError;
use crate::web::ctx::{Ctx, Input};
use crate::web::error::WebError;
use crate::web::pages::dashboard::camera_search;
use crate::web::pages::login::refusal;
use crate::web::pages::names::Names;
use crate::web::pages::shell::{Page, flash, render_with};
use crate::web::pages::watches::bells;
use crate::web::views::capture::Fact;
use crate::web::views::plate::{CorrectionRow, KnownFormView, KnownView, PlatePage, PlateTile};
use crate::web::views::read::{PlateBadge, TimeView, href, plate_href};
use crate::web::views::{FieldError, Link, RankRow};
use crate::web::{format, heat, paths, regions};

/// Reads on one page.
const ROWS: usize = 12;
/// Cameras of the ranking.
const CAMERAS: usize = 8;
/// Regions named.
const REGIONS: usize = 3;
/// Corrections shown.
const CORRECTIONS: usize = 6;

/// `GET /plates/{plate}`.
pub fn page(ctx: &Ctx<'_>, _: &mut Input<'_, '_>) -> Result<Response, WebError> {
    let plate = plate(ctx)?;
    // One plate, one address.
    if ctx.param("plate") != Some(plate.as_str()) {
        return Ok(Response::redirect(303, &plate_href(&plate)));
    }
    // To see where a car was is to search for it.
    ctx.audit(Action::Search, format!("plate:={}", plate.as_str()));
    let editing = ctx.query()?.get("edit").is_some();
    show(ctx, &plate, |view| view.editing = editing)
}

/// `POST /plates/{plate}`: name, tags, notes.
pub fn save(ctx: &Ctx<'_>, input: &mut Input<'_, '_>) -> Result<Response, WebError> {
    let plate = plate(ctx)?;
    let form = input.form()?;
    let field = |name: &str| form.get(name).unwrap_or_default().to_owned();
    let (name, tags, notes) = (field("name"), field("tags"), field("notes"));
    let form =
        KnownForm { name: Some(&name), notes: Some(&notes), tags: Some(&tags), ignored: None };
    let errors = match store(ctx, &plate, form)? {
        Ok(()) => return Ok(done(&plate, "saved")),
        Err(errors) => errors,
    };
    show(ctx, &plate, |view| {
        view.editing = true;
        view.form = KnownFormView { name, tags, notes, errors, ..std::mem::take(&mut view.form) };
    })
}

/// `POST /plates/{plate}/ignore`: `ignored` is `1` or `0`.
pub fn ignore(ctx: &Ctx<'_>, input: &mut Input<'_, '_>) -> Result<Response, WebError> {
    let plate = plate(ctx)?;
    let ignored = input.form()?.get("ignored") == Some("1");
    let form = KnownForm { ignored: Some(ignored), ..KnownForm::default() };
    match store(ctx, &plate, form)? {
        Ok(()) => Ok(done(&plate, if ignored { "ignored" } else { "noticed" })),
        Err(errors) => show(ctx, &plate, |view| view.form.errors = errors),
    }
}

/// The `{plate}` of the route.
pub fn plate(ctx: &Ctx<'_>) -> Result<Plate, WebError> {
    ctx.param("plate").and_then(Plate::parse).ok_or(WebError::NotFound)
}

/// Writes what `form` says; the errors of its fields when it cannot be.
pub fn store(
    ctx: &Ctx<'_>,
    plate: &Plate,
    form: KnownForm<'_>,
) -> Result<Result<(), Vec<FieldError>>, WebError> {
    let wanted = match known_plates::check(form) {
        Ok(wanted) => wanted,
        Err(errors) => {
            let shown = errors.into_iter().map(|e| FieldError::new(e.field, e.message));
            return Ok(Err(shown.collect()));
        }
    };
    match save_known(ctx, plate, wanted) {
        Ok(_) => Ok(Ok(())),
        Err(error) => Ok(Err(vec![refusal(error, "")?])),
    }
}

/// Writes what is `wanted` about `plate` on behalf of the caller, and what that changed into the
/// audit log.
pub fn save_known(ctx: &Ctx<'_>, plate: &Plate, wanted: Wanted) -> Result<KnownPlate, StoreError> {
    let by = ctx.caller.user().map(Author::of).unwrap_or_default();
    ctx.site.store.write(|tx| {
        let before = tx.known_plate(plate)?.unwrap_or_else(|| KnownPlate::blank(plate));
        let known = known_plates::save(tx, plate, wanted, by, ctx.now)?;
        let changes = differences(&fields(&before), &fields(&known));
        if !changes.is_empty() {
            let event = ctx.event(Action::RecordChanged).object(plate.as_str());
            tx.audit(&event.note("known plate").changes(changes))?;
        }
        Ok(known)
    })
}

fn fields(known: &KnownPlate) -> [(&'static str, String); 4] {
    let tags: Vec<&str> = known.tags.iter().map(PlateTag::as_str).collect();
    [
        ("name", known.name.clone()),
        ("notes", known.notes.clone()),
        ("tags", tags.join(", ")),
        ("ignored", known.ignored.to_string()),
    ]
}

fn done(plate: &Plate, what: &str) -> Response {
    Response::redirect(303, &format!("{}?done={what}", plate_href(plate)))
}

/// Everything the page is made of.
struct Facts {
    known: Option<KnownPlate>,
    offered: Vec<PlateTag>,
    portrait: Portrait,
    corrections: Vec<Correction>,
    names: Names,
}

fn show(
    ctx: &Ctx<'_>,
    plate: &Plate,
    adjust: impl FnOnce(&mut PlatePage),
) -> Result<Response, WebError> {
    let zone = ctx.zone();
    let facts = ctx.site.store.read(|tx| {
        Ok(Facts {
            known: tx.known_plate(plate)?,
            offered: tx.plate_tags(TAGS_OFFERED_MAX)?,
            portrait: portrait::portrait(tx, plate, &zone)?,
            corrections: tx.corrections_of(plate, CORRECTIONS)?,
            names: Names::load(tx)?,
        })
    })?;
    let before = ctx.query()?.get("before").and_then(CaptureKey::parse);
    let query = Query { plate: Some(PlateMatch::whole(plate)), ..Query::default() };
    let request = PageRequest { limit: ROWS, before, total: false };
    let found = ctx.site.store.search(&query, request)?;
    let mut view = view(ctx, plate, &facts, &zone);
    let here = &view.href;
    view.older_href =
        found.next.map(|next| format!("{here}?before={next}#reads")).unwrap_or_default();
    view.first_href = before.map(|_| format!("{here}#reads")).unwrap_or_default();
    view.rows = found.rows.iter().map(|row| facts.names.row(row, ctx.now, &zone)).collect();
    adjust(&mut view);
    let status = if view.form.errors.is_empty() { 200 } else { 422 };
    let page = Page::new("plate", plate.as_str(), "plates").status(status);
    render_with(ctx, &page, &view, |shell| shell.flash = flash(ctx))
}

fn view(ctx: &Ctx<'_>, plate: &Plate, facts: &Facts, zone: &TimeZone) -> PlatePage {
    let portrait = &facts.portrait;
    let (region, country) = match portrait.regions.first() {
        Some(((region, country), _)) => (region.as_str(), country.as_str()),
        None => ("", ""),
    };
    let known = facts.known.as_ref().map(|known| known_view(ctx, known, zone)).unwrap_or_default();
    let search = |pattern: &str| {
        let query = format!("plate:{pattern}{}", plate.as_str());
        format!("{}?{}", paths::SEARCH, encode([("q", query)]))
    };
    PlatePage {
        plate: PlateBadge::new(plate.as_str(), region, country, false, false),
        href: plate_href(plate),
        watch_href: bells::for_plate(ctx, plate.as_str(), region),
        may_edit: ctx.role().is_some_and(|role| role >= Role::User),
        form: KnownFormView {
            name: known.name.clone(),
            tags: known.tags.iter().map(|tag| tag.text.as_str()).collect::<Vec<_>>().join(", "),
            notes: known.notes.clone(),
            offered: facts.offered.iter().map(|tag| tag.as_str().to_owned()).collect(),
            name_max: KNOWN_NAME_CHARS_MAX,
            notes_max: KNOWN_NOTES_CHARS_MAX,
            errors: Vec::new(),
        },
        known,
        zone: format::zone_label(ctx.now, zone),
        reads: portrait.reads,
        tiles: tiles(ctx, facts, zone),
        scope: scope(portrait),
        hours: portrait.hours.clone(),
        cameras: cameras(facts),
        vehicle: vehicle(portrait),
        search_href: search("="),
        alike_href: search("~="),
        corrections: facts.corrections.iter().map(|it| correction(ctx, it, zone)).collect(),
        ..PlatePage::default()
    }
}

/// What people wrote, as pages show it.
pub fn known_view(ctx: &Ctx<'_>, known: &KnownPlate, zone: &TimeZone) -> KnownView {
    KnownView {
        name: known.name.clone(),
        tags: known.tags.iter().map(|tag| Link::new(tag_href(tag), tag.as_str())).collect(),
        notes: known.notes.clone(),
        ignored: known.ignored,
        by: known.changed_by.name.clone(),
        at: TimeView::new(known.changed_at, ctx.now, zone),
    }
}

/// The list of plates that have `tag`.
fn tag_href(tag: &PlateTag) -> String {
    format!("{}?{}", paths::PLATES, encode([("tag", tag.as_str())]))
}

/// What the numbers are made from, when that is not every read.
fn scope(portrait: &Portrait) -> String {
    if portrait.looked_at >= portrait.reads {
        return String::new();
    }
    let (some, all) = (format::number(portrait.looked_at), format::number(portrait.reads));
    format!("Visits, hours, cameras and vehicle are from the newest {some} of {all} reads.")
}

fn tiles(ctx: &Ctx<'_>, facts: &Facts, zone: &TimeZone) -> Vec<PlateTile> {
    let portrait = &facts.portrait;
    let (Some(first), Some(last)) = (&portrait.first, &portrait.last) else { return Vec::new() };
    let place = |read: &Capture| {
        let camera = facts.names.camera(&read.agent_uid, read.camera_id);
        format!("{camera}, {}", format::clock(read.captured_at, zone))
    };
    let whole = portrait.looked_at >= portrait.reads;
    let seen = |label, value: String, read: &Capture| PlateTile {
        label,
        value,
        note: place(read),
        exact: format::exact(read.captured_at, zone),
    };
    let ago = format::ago(last.captured_at, ctx.now, zone);
    let recent = ctx.now.since(last.captured_at) < 3_600_000;
    let day = format::day(last.captured_at, ctx.now, zone);
    let mut tiles = vec![
        PlateTile {
            label: "Visits",
            value: format!("{}{}", format::number(portrait.visits), if whole { "" } else { "+" }),
            note: format::count(portrait.reads, "read", "reads"),
            exact: String::new(),
        },
        seen("First seen", format::date(first.captured_at, zone), first),
        seen("Last seen", if recent { format::upper_first(&ago) } else { day }, last),
    ];
    if let Some((day, hour, count)) = heat::peak(&portrait.hours) {
        tiles.push(PlateTile {
            label: "Most often",
            value: format!("{} {hour:02}:00", day.get(..3).unwrap_or(day)),
            note: format!("{} in that hour", format::count(count, "read", "reads")),
            exact: String::new(),
        });
    }
    tiles
}

fn cameras(facts: &Facts) -> Vec<RankRow> {
    let ranked = facts.portrait.cameras.iter().take(CAMERAS);
    ranked
        .map(|(value, count)| RankRow {
            label: facts.names.camera_of_value(value),
            href: camera_search(value),
            value: *count,
        })
        .collect()
}

fn vehicle(portrait: &Portrait) -> Vec<Fact> {
    let vehicle = &portrait.vehicle;
    let fact = |name: &str, agreed: &Option<Agreed>, text: fn(&str) -> String| {
        let agreed = agreed.as_ref()?;
        Some(Fact::new(name, text(&agreed.name)).aside(format::percent(agreed.share)))
    };
    let color = vehicle.color.as_ref().map(|agreed| format::swatch(&agreed.name));
    let mut facts: Vec<Fact> = [
        fact("Color", &vehicle.color, format::word)
            .map(|fact| fact.swatch(color.unwrap_or_default())),
        fact("Make, model", &vehicle.make_model, format::make_model)
            .or_else(|| fact("Make", &vehicle.make, format::make_model)),
        fact("Body", &vehicle.body, format::word),
        fact("Year", &vehicle.year, |years| years.replace('-', " to ")),
    ]
    .into_iter()
    .flatten()
    .collect();
    for ((region, country), count) in portrait.regions.iter().take(REGIONS) {
        facts.push(
            Fact::new("Region", regions::full_name(region, country)).aside(format::number(*count)),
        );
    }
    facts
}

fn correction(ctx: &Ctx<'_>, correction: &Correction, zone: &TimeZone) -> CorrectionRow {
    let badge = |reading: &Reading, low| {
        let plate = reading.plate.as_ref()?;
        Some(PlateBadge::new(plate.as_str(), &reading.region, "", low, false))
    };
    let last = correction.changes.last();
    CorrectionRow {
        href: href(correction.key),
        from: badge(&correction.original, true),
        to: badge(correction.current(), false),
        by: last.map(|change| change.by.name.clone()).unwrap_or_default(),
        at: last.map(|change| TimeView::new(change.at, ctx.now, zone)).unwrap_or_default(),
        undone: !correction.stands(),
    }
}
