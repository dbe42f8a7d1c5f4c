//! Alerts of Rekor Scout: the list with its filters, and one alert with the read it is about.

use std::collections::HashMap;

use jiff::tz::TimeZone;

use crate::base::limits::PAGE_ROWS;
use crate::gate::form::encode;
use crate::gate::{Form, Response};
use crate::model::agent::{ListKind, RekorAlert};
use crate::model::alert::{AlertList, AlertPage, AlertQuery, PlateStart};
use crate::model::audit::Action;
use crate::model::capture::{Capture, CaptureKey};
use crate::model::query::{PageRequest, Total};
use crate::store::{ReadTx, StoreError};
use crate::web::api::alerts::{FILTERS, query};
use crate::web::api::captures::key;
use crate::web::ctx::{Ctx, Input};
use crate::web::error::WebError;
use crate::web::pages::captures::{self, Facts};
use crate::web::pages::names::Names;
use crate::web::pages::shell::{Page, render};
use crate::web::pages::trail::Trail;
use crate::web::views::Choice;
use crate::web::views::alerts::{AlertRow, RekorAlertPage, RekorAlerts, kind_tag};
use crate::web::views::capture::Fact;
use crate::web::views::read::{self, PlateBadge, ReadRow, TimeView};
use crate::web::{format, paths};

/// Past alerts on one page.
const PAST_ROWS: usize = 8;

/// `GET /alerts/rekor`.
pub fn list(ctx: &Ctx<'_>, _: &mut Input<'_, '_>) -> Result<Response, WebError> {
    let form = ctx.query()?;
    let parsed = query(ctx, &form);
    let trail = Trail::of(&form);
    let before = trail.cursors.last().copied();
    let request = PageRequest { limit: PAGE_ROWS, before, total: true };
    let zone = ctx.zone();
    let (lists, found, rows) = ctx.site.store.read(|tx| {
        let lists = tx.rekor_lists()?;
        let Ok(query) = &parsed else { return Ok((lists, None, Vec::new())) };
        let found = tx.rekor_page(query, request)?;
        let rows = rows(ctx, tx, &found.rows, &zone)?;
        Ok((lists, Some(found), rows))
    })?;
    let typed = |name: &str| form.get(name).unwrap_or_default().trim().to_owned();
    let filters = filters(&form);
    let view = RekorAlerts {
        plate: typed("plate"),
        after: typed("after"),
        to: typed("to"),
        store_empty: lists.is_empty(),
        lists: list_choices(&lists, &typed("list")),
        kinds: kind_choices(&typed("type")),
        filters_set: filters.len(),
        total: found.as_ref().map(|found| total(found.total)).unwrap_or_default(),
        zone: format::zone_short(ctx.now, &zone),
        rows,
        newer_href: trail.newer().map(|newer| href_of(&filters, Some(&newer))).unwrap_or_default(),
        first_href: before.map(|_| href_of(&filters, None)).unwrap_or_default(),
        older_href: found
            .and_then(|found| found.next)
            .map(|next| href_of(&filters, Some(&trail.older(next))))
            .unwrap_or_default(),
        export_href: if ctx.may_export() {
            href_of(&filters, None).replacen(paths::ALERTS_REKOR, paths::ALERTS_REKOR_EXPORT, 1)
        } else {
            String::new()
        },
        errors: parsed.err().unwrap_or_default(),
    };
    render(ctx, &Page::new("rekor_alerts", "Rekor Scout alerts", "alerts-rekor"), &view)
}

/// `GET /alerts/rekor/{key}`.
pub fn page(ctx: &Ctx<'_>, _: &mut Input<'_, '_>) -> Result<Response, WebError> {
    let key = key(ctx)?;
    let asked = ctx.query()?;
    let zone = ctx.zone();
    let alert = ctx.site.store.read(|tx| tx.rekor_alert(key))?.ok_or(WebError::NotFound)?;
    let facts = read_of(ctx, &alert)?;
    let before = asked.get("before").and_then(CaptureKey::parse);
    let past = past(ctx, &alert, before)?;
    let view = ctx.site.store.read(|tx| {
        let row = rows(ctx, tx, std::slice::from_ref(&alert), &zone)?;
        let mut view = view(ctx, &alert, row.into_iter().next().unwrap_or_default(), facts);
        if let Some(past) = &past {
            add_past(ctx, tx, &mut view, &alert, past)?;
        }
        Ok(view)
    })?;
    ctx.site.store.audit_later(
        ctx.event(Action::ViewCapture).object(alert.capture.to_string()).note("Rekor alert"),
    );
    let title = format!("Alert {}", view.name);
    render(ctx, &Page::new("rekor_alert", title, "alerts-rekor"), &view)
}

/// The read `alert` is about, or the one that took its place.
pub fn read_of(ctx: &Ctx<'_>, alert: &RekorAlert) -> Result<Option<Facts>, WebError> {
    let key = ctx.site.store.read(|tx| current(tx, alert.capture))?;
    captures::load(ctx, key)
}

/// The page of `alert` without its past.
pub fn view(
    ctx: &Ctx<'_>,
    alert: &RekorAlert,
    row: AlertRow,
    facts: Option<Facts>,
) -> RekorAlertPage {
    let read = facts.map(|facts| captures::view(ctx, &facts, None, None));
    RekorAlertPage {
        name: row
            .plate
            .as_ref()
            .map_or_else(|| "Alert without plate".to_owned(), |plate| plate.text.clone()),
        finding: format!("{}: {}", kind_tag(alert.list_kind).text, list_name(&alert.list)),
        facts: facts_of(alert, &row, read.as_ref().map(|read| read.name.as_str())),
        read_href: read
            .as_ref()
            .and_then(|read| CaptureKey::parse(&read.id))
            .map(read::href)
            .unwrap_or_default(),
        print_href: format!("{}/print", href(alert.key)),
        read,
        alert: row,
        ..RekorAlertPage::default()
    }
}

fn facts_of(alert: &RekorAlert, row: &AlertRow, read_as: Option<&str>) -> Vec<Fact> {
    let mut facts = vec![Fact::new("List", list_name(&alert.list))];
    let list = encode([("list", &alert.list)]);
    if let Some(fact) = facts.first_mut().filter(|_| !alert.list.is_empty()) {
        fact.href = format!("{}?{list}", paths::ALERTS_REKOR);
    }
    facts.push(Fact::new("Finding", kind_tag(alert.list_kind).text));
    if let Some(id) = alert.list_id {
        facts.push(Fact::new("List ID", id.to_string()).code());
    }
    if !alert.description.is_empty() {
        facts.push(Fact::new("Description", alert.description.clone()));
    }
    let plates = row.plate.as_ref().zip(read_as);
    if let Some((plate, read_as)) = plates.filter(|(plate, read_as)| plate.text != **read_as) {
        facts.push(Fact::new("Plate", plate.text.clone()).aside(format!("read as {read_as}")));
    }
    if !alert.site.is_empty() {
        facts.push(Fact::new("Site", alert.site.clone()));
    }
    if !row.camera.is_empty() {
        facts.push(Fact::new("Camera", row.camera.clone()));
    }
    facts.push(Fact::new("Raised", row.time.exact.clone()));
    facts.push(Fact::new("ID", alert.key.to_string()).code());
    facts
}

fn list_name(name: &str) -> String {
    if name.is_empty() { "List without name".to_owned() } else { name.to_owned() }
}

/// Alerts of the same plate; `None` without a plate.
fn past(
    ctx: &Ctx<'_>,
    alert: &RekorAlert,
    before: Option<CaptureKey>,
) -> Result<Option<AlertPage>, WebError> {
    let Some(plate) = PlateStart::parse(&alert.plate.replace('*', "")) else { return Ok(None) };
    let query = AlertQuery { plate: Some(plate), ..AlertQuery::default() };
    let request = PageRequest { limit: PAST_ROWS, before, total: true };
    Ok(Some(ctx.site.store.read(|tx| tx.rekor_page(&query, request))?))
}

fn add_past(
    ctx: &Ctx<'_>,
    tx: &ReadTx,
    view: &mut RekorAlertPage,
    alert: &RekorAlert,
    past: &AlertPage,
) -> Result<(), StoreError> {
    view.past = rows(ctx, tx, &past.rows, &ctx.zone())?;
    for (row, of) in view.past.iter_mut().zip(&past.rows) {
        row.current = of.key == alert.key;
    }
    view.past_summary = total(past.total);
    view.past_href = format!("{}?{}", paths::ALERTS_REKOR, encode([("plate", &alert.plate)]));
    let here = href(alert.key);
    view.past_older_href =
        past.next.map(|next| format!("{here}?before={next}#past")).unwrap_or_default();
    let paged = ctx.head.query.contains("before=");
    view.past_newer_href = if paged { format!("{here}#past") } else { String::new() };
    Ok(())
}

/// The key under which the capture of `key` is kept now.
fn current(tx: &ReadTx, key: CaptureKey) -> Result<CaptureKey, StoreError> {
    Ok(tx.superseded_by(key)?.unwrap_or(key))
}

/// The rows of `alerts`, each with its read.
pub fn rows(
    ctx: &Ctx<'_>,
    tx: &ReadTx,
    alerts: &[RekorAlert],
    zone: &TimeZone,
) -> Result<Vec<AlertRow>, StoreError> {
    let names = Names::load(tx)?;
    let mut reads: HashMap<CaptureKey, Capture> = HashMap::new();
    for alert in alerts {
        if let Some(capture) = tx.capture(current(tx, alert.capture)?)? {
            reads.insert(alert.capture, capture);
        }
    }
    let row = |alert: &RekorAlert| {
        let capture = reads.get(&alert.capture);
        let read = capture.map(|capture| names.row(capture, ctx.now, zone));
        row(alert, capture, read, TimeView::new(alert.raised_at, ctx.now, zone))
    };
    Ok(alerts.iter().map(row).collect())
}

fn row(
    alert: &RekorAlert,
    capture: Option<&Capture>,
    read: Option<ReadRow>,
    time: TimeView,
) -> AlertRow {
    let (region, country) = capture
        .map(|capture| (capture.region.as_str(), capture.country.as_str()))
        .unwrap_or_default();
    let watch = alert.list_kind == ListKind::OnList;
    let plate = (!alert.plate.is_empty())
        .then(|| PlateBadge::new(&alert.plate, region, country, false, watch))
        .or_else(|| read.as_ref().and_then(|read| read.plate.clone()));
    let (crop, camera, vehicle) =
        read.map(|read| (read.crop, read.camera, Some(read.vehicle))).unwrap_or_default();
    AlertRow {
        href: href(alert.key),
        plate,
        crop,
        list: list_name(&alert.list),
        kind: kind_tag(alert.list_kind),
        description: alert.description.clone(),
        vehicle,
        camera,
        site: alert.site.clone(),
        time,
        current: false,
    }
}

/// Address of the page of `key`.
pub fn href(key: CaptureKey) -> String {
    format!("{}/{key}", paths::ALERTS_REKOR)
}

/// The filters that are set, by name.
pub fn filters(form: &Form) -> Vec<(String, String)> {
    let set = form.pairs().filter(|(name, value)| FILTERS.contains(name) && !value.is_empty());
    set.map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
}

fn href_of(filters: &[(String, String)], trail: Option<&Trail>) -> String {
    let mut pairs = filters.to_vec();
    pairs.extend(trail.map(Trail::pairs).unwrap_or_default());
    if pairs.is_empty() {
        return paths::ALERTS_REKOR.to_owned();
    }
    format!("{}?{}", paths::ALERTS_REKOR, encode(pairs))
}

fn total(total: Total) -> String {
    match total {
        Total::Exact(count) => format::count(count, "alert", "alerts"),
        Total::AtLeast(count) => format!("{} or more alerts", format::number(count)),
    }
}

fn list_choices(lists: &[AlertList], chosen: &str) -> Vec<Choice> {
    let mut choices = vec![Choice::new("", "Any", chosen.is_empty())];
    let mut counts: Vec<(&str, u64)> = Vec::new();
    for list in lists.iter().filter(|list| !list.name.is_empty()) {
        match counts.iter_mut().find(|(name, _)| *name == list.name) {
            Some((_, count)) => *count += list.count,
            None => counts.push((&list.name, list.count)),
        }
    }
    if !chosen.is_empty() && !counts.iter().any(|(name, _)| *name == chosen) {
        choices.push(Choice::new(chosen, chosen, true));
    }
    choices.extend(counts.into_iter().map(|(name, count)| {
        Choice::new(name, format!("{name} ({})", format::number(count)), name == chosen)
    }));
    choices
}

fn kind_choices(chosen: &str) -> Vec<Choice> {
    [("", "Any"), ("on", "On the list"), ("not-on", "Not on the list")]
        .map(|(value, label)| Choice::new(value, label, value == chosen))
        .into()
}
