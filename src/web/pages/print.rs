//! Printing: one page of paper about a read or an alert, with the hashes of what it shows. Nothing
//! of it is stored; that it was made is told to the audit log.

use std::slice::from_ref;

use jiff::tz::TimeZone;

use crate::base::hash::{hex, sha256};
use crate::base::limits::PRINT_NOTE_CHARS_MAX;
use crate::domain::export::record::{alert_line, capture_line};
use crate::gate::Response;
use crate::model::audit::Action;
use crate::model::capture::{CaptureKind, ImageKind};
use crate::store::StoreError;
use crate::web::api::captures::key;
use crate::web::ctx::{Ctx, Input};
use crate::web::error::WebError;
use crate::web::format;
use crate::web::pages::alerts;
use crate::web::pages::captures::{self, Facts};
use crate::web::pages::custom_alerts;
use crate::web::pages::export::program;
use crate::web::pages::general::logo_href;
use crate::web::pages::shell::{Page, render_with};
use crate::web::views::Link;
use crate::web::views::capture::{CapturePage, Fact};
use crate::web::views::print::{PrintImage, PrintPage, Section};
use crate::web::views::read::{href, image_href};

/// Facts of one block: what fits on the page when each takes two lines.
const FACTS: usize = 7;
/// Candidates named.
const CANDIDATES: usize = 6;

/// `GET /captures/{key}/print`.
pub fn capture(ctx: &Ctx<'_>, _: &mut Input<'_, '_>) -> Result<Response, WebError> {
    let key = key(ctx)?;
    let facts = captures::load(ctx, key)?.ok_or(WebError::NotFound)?;
    let mut page = sheet(ctx, Link::new(href(key), "Back to the read"))?;
    page.kind = match facts.capture.kind {
        CaptureKind::Plate => "Capture report",
        CaptureKind::Vehicle => "Vehicle report",
    };
    page.subject = format!("Read {key}");
    add_read(ctx, &mut page, &facts)?;
    ctx.site.store.audit_later(captures::viewed(ctx, Action::Print, &facts.capture));
    show(ctx, &page)
}

/// `GET /alerts/rekor/{key}/print`.
pub fn rekor_alert(ctx: &Ctx<'_>, _: &mut Input<'_, '_>) -> Result<Response, WebError> {
    let key = key(ctx)?;
    let zone = ctx.zone();
    let alert = ctx.site.store.read(|tx| tx.rekor_alert(key))?.ok_or(WebError::NotFound)?;
    let facts = alerts::read_of(ctx, &alert)?;
    let row = ctx.site.store.read(|tx| alerts::rows(ctx, tx, from_ref(&alert), &zone))?;
    let row = row.into_iter().next().unwrap_or_default();
    let mut page = sheet(ctx, Link::new(alerts::href(key), "Back to the alert"))?;
    page.kind = "Alert report";
    page.subject = format!("Alert {key}");
    page.plate.clone_from(&row.plate);
    page.scene = format::long(alert.raised_at, &zone);
    let view = alerts::view(ctx, &alert, row, None);
    page.headline.clone_from(&view.finding);
    let mut about = view.facts;
    about.retain(|fact| !matches!(fact.name.as_str(), "Raised" | "Camera"));
    about.push(Fact::new("Raised", format::stamp(alert.raised_at, &zone)));
    page.sections.push(section("Alert", about));
    page.hashes.push(("Alert".to_owned(), hex(&sha256(&alert_line(&alert)))));
    if let Some(facts) = &facts {
        let (finding, plate) = (page.headline.clone(), page.plate.clone());
        add_read(ctx, &mut page, facts)?;
        page.headline = format!("{finding}. {}", page.headline);
        page.plate = plate.or(page.plate);
    }
    ctx.audit(Action::Print, format!("alert {key}"));
    show(ctx, &page)
}

/// `GET /alerts/custom/{id}/print`.
pub fn custom_alert(ctx: &Ctx<'_>, _: &mut Input<'_, '_>) -> Result<Response, WebError> {
    let (report, zone) = (custom_alerts::seen(ctx)?, ctx.zone());
    let matched = &report.matched;
    let facts = custom_alerts::read_of(ctx, &report)?;
    let row = ctx.site.store.read(|tx| custom_alerts::rows(ctx, tx, from_ref(matched), &zone))?;
    let row = row.into_iter().next().unwrap_or_default();
    let back = Link::new(custom_alerts::href(matched.id), "Back to the alert");
    let mut page = sheet(ctx, back)?;
    page.kind = "Alert report";
    page.subject = format!("Alert {}", matched.id);
    page.plate.clone_from(&row.plate);
    page.scene = format::long(matched.at.time(), &zone);
    let view = custom_alerts::view(ctx, &report, row, None);
    page.headline = format!("{}: {}", matched.severity.label(), matched.title);
    let mut about = view.facts;
    about.retain(|fact| !matches!(fact.name.as_str(), "Captured" | "Camera" | "Agent"));
    if !matched.description.is_empty() {
        about.insert(1, Fact::new("Description", matched.description.clone()));
    }
    if let Some(handled) = &view.handled {
        about.push(Fact::new("Acknowledged", format!("{}, {}", handled.by, handled.at.exact)));
    }
    page.sections.push(section("Alert", about));
    if let Some(facts) = &facts {
        let (finding, plate) = (page.headline.clone(), page.plate.clone());
        add_read(ctx, &mut page, facts)?;
        page.headline = format!("{finding}. {}", page.headline);
        page.plate = plate.or(page.plate);
    }
    ctx.audit(Action::Print, format!("alert {}", matched.id));
    show(ctx, &page)
}

/// A page with its head and foot.
fn sheet(ctx: &Ctx<'_>, back: Link) -> Result<PrintPage, WebError> {
    let settings = ctx.site.settings.current();
    let (organisation, place) = (&settings.report.organisation, &settings.general.box_name);
    let asked = ctx.query()?;
    let note: String =
        asked.get("note").unwrap_or_default().chars().take(PRINT_NOTE_CHARS_MAX).collect();
    let user = ctx.user()?;
    let name = if user.name.is_empty() { user.username.as_str() } else { &user.name };
    let zone = ctx.zone();
    Ok(PrintPage {
        organisation: match (organisation.as_str(), place.as_str()) {
            ("", "") => "openalpr-webhook".to_owned(),
            ("", place) => place.to_owned(),
            (organisation, _) => organisation.to_owned(),
        },
        place: if organisation.is_empty() { String::new() } else { place.clone() },
        logo: logo_href(ctx),
        note,
        note_max: PRINT_NOTE_CHARS_MAX,
        made: format!(
            "Generated by {} at the request of {name} ({}) on {}.",
            program(ctx),
            user.email.as_str(),
            format::long(ctx.now, &zone)
        ),
        back,
        ..PrintPage::default()
    })
}

/// Adds pictures, blocks and hashes of a read.
fn add_read(ctx: &Ctx<'_>, page: &mut PrintPage, facts: &Facts) -> Result<(), WebError> {
    let (capture, zone) = (&facts.capture, ctx.zone());
    let view = captures::view(ctx, facts, None, None);
    let way =
        view.heading.as_ref().map(|way| format!(", heading {}", format::lower_first(way.name)));
    page.headline = format!("{}{}", view.vehicle.phrase, way.unwrap_or_default());
    page.scene = format!("{}, {}", view.camera, format::long(capture.captured_at, &zone));
    page.plate.clone_from(&view.plate);
    page.sections.extend(sections(&view, facts, &zone));
    let line = capture_line(capture, &facts.detail, &facts.images);
    page.hashes.push(("Record".to_owned(), hex(&sha256(&line))));
    add_pictures(ctx, page, facts)
}

fn sections(view: &CapturePage, facts: &Facts, zone: &TimeZone) -> Vec<Section> {
    let capture = &facts.capture;
    let mut plate = Vec::new();
    if let Some(badge) = &view.plate {
        plate.push(Fact::new("Number", badge.text.clone()));
        // On paper a meter says less than its number.
        plate.extend(view.plate_facts.iter().map(|fact| Fact { meter: None, ..fact.clone() }));
        let others: Vec<&str> =
            view.candidates.iter().take(CANDIDATES).map(|it| it.plate.text.as_str()).collect();
        if !others.is_empty() {
            plate.push(Fact::new("Candidates", others.join(", ")));
        }
    }
    let mut taken = vec![
        Fact::new("Captured", format::stamp(capture.captured_at, zone)),
        Fact::new("Received", format::stamp(capture.received_at, zone)),
    ];
    let said = ["Captured", "Received"];
    taken.extend(view.capture_facts.iter().filter(|it| !said.contains(&it.name.as_str())).cloned());
    if let Some(way) = &view.heading {
        taken.insert(2, Fact::new("Heading", way.name));
    }
    if !view.notes.is_empty() {
        taken.push(Fact::new("Notes", view.notes.join("; ")));
    }
    let mut place = view.camera_facts.clone();
    place.extend(view.agent_facts.iter().map(|fact| Fact {
        name: if fact.name == "Name" { "Agent".to_owned() } else { fact.name.clone() },
        ..fact.clone()
    }));
    let blocks = [
        section("Plate", plate),
        section("Vehicle", view.vehicle_facts.clone()),
        section("Capture", taken),
        section("Camera and agent", place),
    ];
    blocks.into_iter().filter(|block| !block.facts.is_empty()).collect()
}

/// A block without links, which lead nowhere on paper.
fn section(title: &'static str, mut facts: Vec<Fact>) -> Section {
    facts.truncate(FACTS);
    for fact in &mut facts {
        fact.href.clear();
        fact.swatch.clear();
    }
    Section { title, facts }
}

fn add_pictures(ctx: &Ctx<'_>, page: &mut PrintPage, facts: &Facts) -> Result<(), WebError> {
    let images = ctx.site.store.images();
    let key = facts.capture.key;
    for kind in [ImageKind::Full, ImageKind::Overview, ImageKind::Vehicle, ImageKind::Plate] {
        let Some((_, place)) = facts.images.iter().find(|(known, _)| *known == kind) else {
            continue;
        };
        let label = captures::pictures::label(kind);
        let hash = match images.read(key, kind, place) {
            Ok(Some(jpeg)) => hex(&sha256(&jpeg)),
            Ok(None) => "no longer kept".to_owned(),
            Err(StoreError::Corrupt(what)) => format!("cannot be read: {what}"),
            Err(error) => return Err(error.into()),
        };
        page.hashes.push((label.to_owned(), hash));
        let picture = PrintImage {
            src: image_href(key, kind),
            width: place.width,
            height: place.height,
            caption: format!("{label}, {} × {}", place.width, place.height),
        };
        let large = matches!(kind, ImageKind::Full | ImageKind::Overview);
        if large && page.large.is_none() {
            page.large = Some(picture);
        } else if !large {
            page.small.push(picture);
        }
    }
    if page.large.is_none() && !page.small.is_empty() {
        page.large = Some(page.small.remove(0));
    }
    Ok(())
}

fn show(ctx: &Ctx<'_>, page: &PrintPage) -> Result<Response, WebError> {
    let title = format!("{} {}", page.kind, page.subject);
    render_with(ctx, &Page::new("print", title, ""), page, |shell| {
        // Paper is white.
        "light".clone_into(&mut shell.theme);
    })
}
