//! Alerts that watches raised: the list with its filters, and one alert with its read. Everybody sees
//! those of their own watches and those they are a contact of, whatever their role.

use std::collections::HashMap;

use jiff::tz::TimeZone;

use crate::base::limits::{OPEN_ALERTS_COUNTED_MAX, PAGE_ROWS, WATCH_TEXT_CHARS_MAX};
use crate::domain::watches;
use crate::domain::watches::report::current;
use crate::gate::form::encode;
use crate::gate::{Form, Response};
use crate::model::alert::PlateStart;
use crate::model::audit::{Action, Change};
use crate::model::capture::{Capture, CaptureKey};
use crate::model::known_plate::Author;
use crate::model::text::clean_lines;
use crate::model::user::Role;
use crate::model::watch::{
    MatchFilter, MatchId, MatchPlace, MatchReport, Severity, Watch, WatchId, WatchMatch,
};
use crate::store::{ReadTx, StoreError};
use crate::web::ctx::{Ctx, Input};
use crate::web::error::WebError;
use crate::web::pages::captures::{self, Facts};
use crate::web::pages::names::Names;
use crate::web::pages::shell::{Page, flash, render_with};
use crate::web::pages::watches::{limits, severity_tag};
use crate::web::views::capture::Fact;
use crate::web::views::custom_alerts::{
    CustomAlertPage, CustomAlertRow, CustomAlerts, HandledView, OwnWatch,
};
use crate::web::views::read::{self, PlateBadge, TimeView};
use crate::web::views::{Choice, FieldError, Link, Tag, Tone};
use crate::web::{format, paths, regions};

/// Past matches on one page.
const PAST_ROWS: usize = 8;
/// Names of the filters, in the order of the form.
pub const FILTERS: [&str; 4] = ["state", "severity", "watch", "plate"];

/// `GET /alerts/custom`.
pub fn list(ctx: &Ctx<'_>, _: &mut Input<'_, '_>) -> Result<Response, WebError> {
    let (form, user) = (ctx.query()?, ctx.user()?);
    let parsed = filter(&form);
    let before = form.get("cursor").and_then(MatchPlace::parse);
    let zone = ctx.zone();
    let (mine, open, found, rows) = ctx.site.store.read(|tx| {
        let mine = tx.watches_of(user.id)?;
        let open = tx.open_alerts(user.id, OPEN_ALERTS_COUNTED_MAX)?;
        let Ok(filter) = &parsed else { return Ok((mine, open, None, Vec::new())) };
        let found = tx.match_page(user.id, filter, before, PAGE_ROWS)?;
        let rows = rows(ctx, tx, &found.rows, &zone)?;
        Ok((mine, open, Some(found), rows))
    })?;
    let filters = set_filters(&form);
    let typed = |name: &str| form.get(name).unwrap_or_default().trim().to_owned();
    let state = typed("state");
    let more = if open >= OPEN_ALERTS_COUNTED_MAX { " or more" } else { "" };
    let shows_open = parsed.as_ref().is_ok_and(|filter| filter.open == Some(true));
    let view = CustomAlerts {
        states: [("open", "Open"), ("done", "Acknowledged"), ("all", "All")]
            .map(|(value, label)| {
                Choice::new(value, label, value == state || (value == "open" && state.is_empty()))
            })
            .into(),
        severities: severity_choices(&typed("severity")),
        watches: watch_choices(&mine, &typed("watch")),
        plate: typed("plate"),
        filters_set: filters.len(),
        open: format!("{open}{more} open"),
        zone: format::zone_short(ctx.now, &zone),
        first_href: before.map(|_| href_of(&filters, None)).unwrap_or_default(),
        older_href: found
            .and_then(|found| found.next)
            .map(|next| href_of(&filters, Some(next)))
            .unwrap_or_default(),
        may_acknowledge: shows_open && may_change(ctx) && !rows.is_empty(),
        may_watch: may_change(ctx),
        has_watches: !mine.is_empty(),
        rows,
        errors: parsed.err().unwrap_or_default(),
    };
    let page = Page::new("custom_alerts", "Custom alerts", "alerts-custom");
    render_with(ctx, &page, &view, |shell| shell.flash = flash(ctx))
}

fn may_change(ctx: &Ctx<'_>) -> bool {
    ctx.role() >= Some(Role::User)
}

/// The filters of `form`; open ones unless it says otherwise. The errors are by field.
pub fn filter(form: &Form) -> Result<MatchFilter, Vec<FieldError>> {
    let mut errors = Vec::new();
    let given = |name: &str| form.get(name).map(str::trim).filter(|text| !text.is_empty());
    let mut filter = MatchFilter::default();
    match given("state") {
        None | Some("open") => filter.open = Some(true),
        Some("done") => filter.open = Some(false),
        Some("all") => {}
        Some(_) => errors.push(FieldError::new("state", "Give open, done or all.")),
    }
    if let Some(text) = given("severity") {
        filter.severity = Severity::parse(text);
        if filter.severity.is_none() {
            let message = "Give notice, warning or critical.";
            errors.push(FieldError::new("severity", message));
        }
    }
    if let Some(text) = given("watch") {
        filter.watch = WatchId::parse(text);
        if filter.watch.is_none() {
            errors.push(FieldError::new("watch", "Give the number of a watch."));
        }
    }
    if let Some(text) = given("plate") {
        filter.plate = PlateStart::parse(text);
        if filter.plate.is_none() {
            errors.push(FieldError::new("plate", "Give a plate, or its beginning and a *."));
        }
    }
    if errors.is_empty() { Ok(filter) } else { Err(errors) }
}

/// The filters that are set, by name.
fn set_filters(form: &Form) -> Vec<(String, String)> {
    let set = form.pairs().filter(|(name, value)| FILTERS.contains(name) && !value.is_empty());
    set.map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
}

fn href_of(filters: &[(String, String)], cursor: Option<MatchPlace>) -> String {
    let mut pairs = filters.to_vec();
    pairs.extend(cursor.map(|cursor| ("cursor".to_owned(), cursor.to_string())));
    if pairs.is_empty() {
        return paths::ALERTS_CUSTOM.to_owned();
    }
    format!("{}?{}", paths::ALERTS_CUSTOM, encode(pairs))
}

fn severity_choices(chosen: &str) -> Vec<Choice> {
    let mut choices = vec![Choice::new("", "Any", chosen.is_empty())];
    choices.extend(Severity::ALL.map(|it| Choice::new(it.name(), it.label(), it.name() == chosen)));
    choices
}

/// The own watches; of very many only the chosen one.
fn watch_choices(mine: &[Watch], chosen: &str) -> Vec<Choice> {
    /// Watches in a list that people choose from.
    const OFFERED_MAX: usize = 200;
    let mut choices = vec![Choice::new("", "Any", chosen.is_empty())];
    let number = |watch: &Watch| watch.id.0.to_string();
    if !chosen.is_empty() && !mine.iter().any(|watch| number(watch) == chosen) {
        choices.push(Choice::new(chosen, format!("Watch {chosen}"), true));
    }
    let offered = mine.iter().rev().enumerate();
    let offered = offered.filter(|(at, watch)| *at < OFFERED_MAX || number(watch) == chosen);
    choices.extend(
        offered
            .map(|(_, watch)| Choice::new(number(watch), watch.title(), number(watch) == chosen)),
    );
    choices
}

/// The rows of `matches`, each with its read.
pub fn rows(
    ctx: &Ctx<'_>,
    tx: &ReadTx,
    matches: &[WatchMatch],
    zone: &TimeZone,
) -> Result<Vec<CustomAlertRow>, StoreError> {
    let names = Names::load(tx)?;
    let mut reads: HashMap<CaptureKey, Capture> = HashMap::new();
    for row in matches {
        if let Some(capture) = tx.capture(current(tx, row.capture)?)? {
            reads.insert(row.capture, capture);
        }
    }
    let row = |row: &WatchMatch| {
        let capture = reads.get(&row.capture);
        let read = capture.map(|capture| names.row(capture, ctx.now, zone));
        let badge = row.plate.as_ref().map(|plate| {
            let (region, country) =
                capture.map(|it| (it.region.as_str(), it.country.as_str())).unwrap_or_default();
            PlateBadge::new(plate.as_str(), region, country, false, is_open(row))
        });
        let (crop, vehicle) = read.map(|read| (read.crop, Some(read.vehicle))).unwrap_or_default();
        CustomAlertRow {
            href: href(row.id),
            plate: badge,
            crop,
            title: row.title.clone(),
            description: row.description.lines().next().unwrap_or_default().to_owned(),
            severity: severity_tag(row.severity),
            state: state(row),
            vehicle,
            camera: names.camera_of_value(&row.camera),
            time: TimeView::new(row.at.time(), ctx.now, zone),
            current: false,
        }
    };
    Ok(matches.iter().map(row).collect())
}

const fn is_open(row: &WatchMatch) -> bool {
    row.silence.is_none() && row.handled.is_none()
}

fn state(row: &WatchMatch) -> Option<Tag> {
    match (row.silence, &row.handled) {
        (Some(silence), _) => Some(Tag::new(Tone::Off, silence.label())),
        (None, Some(_)) => Some(Tag::new(Tone::Ok, "Acknowledged")),
        (None, None) => None,
    }
}

/// Address of the page of `id`.
pub fn href(id: MatchId) -> String {
    format!("{}/{id}", paths::ALERTS_CUSTOM)
}

/// The number in the address.
pub fn id(ctx: &Ctx<'_>) -> Result<MatchId, WebError> {
    ctx.param("id").and_then(MatchId::parse).ok_or(WebError::NotFound)
}

/// The report of the address, when the caller may see it.
pub fn seen(ctx: &Ctx<'_>) -> Result<MatchReport, WebError> {
    let (user, id) = (ctx.user()?.id, id(ctx)?);
    let found = ctx.site.store.read(|tx| watches::report(tx, id))?;
    found.filter(|report| report.matched.is_seen_by(user)).ok_or(WebError::NotFound)
}

/// `GET /alerts/custom/{id}`.
pub fn page(ctx: &Ctx<'_>, _: &mut Input<'_, '_>) -> Result<Response, WebError> {
    let (report, zone) = (seen(ctx)?, ctx.zone());
    let before = ctx.query()?.get("before").and_then(CaptureKey::parse);
    let facts = read_of(ctx, &report)?;
    let matched = &report.matched;
    let view = ctx.site.store.read(|tx| {
        let row = rows(ctx, tx, std::slice::from_ref(matched), &zone)?;
        let mut view = view(ctx, &report, row.into_iter().next().unwrap_or_default(), facts);
        let past = tx.matches_of_watch(matched.watch, before, PAST_ROWS)?;
        // A contact that was added later sees the alerts from then on, not what was before.
        let visible: Vec<WatchMatch> = past
            .rows
            .into_iter()
            .filter(|row| ctx.user().is_ok_and(|it| row.is_seen_by(it.id)))
            .collect();
        view.past = rows(ctx, tx, &visible, &zone)?;
        for (row, of) in view.past.iter_mut().zip(&visible) {
            row.current = of.id == matched.id;
        }
        let here = href(matched.id);
        let older = past.next.map(|next| format!("{here}?before={}#past", next.at));
        view.past_older_href = older.unwrap_or_default();
        view.past_newer_href = before.map(|_| format!("{here}#past")).unwrap_or_default();
        Ok(view)
    })?;
    ctx.site.store.audit_later(
        ctx.event(Action::ViewCapture).object(matched.capture.to_string()).note("custom alert"),
    );
    let title = format!("Alert {}", view.name);
    let page = Page::new("custom_alert", title, "alerts-custom");
    render_with(ctx, &page, &view, |shell| shell.flash = flash(ctx))
}

/// The read `report` is about, with all that its page shows.
pub fn read_of(ctx: &Ctx<'_>, report: &MatchReport) -> Result<Option<Facts>, WebError> {
    match &report.capture {
        Some(capture) => captures::load(ctx, capture.key),
        None => Ok(None),
    }
}

/// The page of `report` without its past.
pub fn view(
    ctx: &Ctx<'_>,
    report: &MatchReport,
    row: CustomAlertRow,
    facts: Option<Facts>,
) -> CustomAlertPage {
    let (matched, zone) = (&report.matched, ctx.zone());
    let read = facts.map(|facts| captures::view(ctx, &facts, None, None));
    let own = report.watch.as_ref();
    let own = own.filter(|watch| ctx.user().is_ok_and(|user| user.id == watch.owner));
    CustomAlertPage {
        name: row
            .plate
            .as_ref()
            .map_or_else(|| "Alert without plate".to_owned(), |plate| plate.text.clone()),
        description: matched.description.clone(),
        facts: facts_of(ctx, report, &row),
        action: href(matched.id),
        handled: matched.handled.as_ref().map(|handled| HandledView {
            by: handled.by.name.clone(),
            at: TimeView::new(handled.at, ctx.now, &zone),
            note: handled.note.clone(),
        }),
        silence: matched
            .silence
            .map(|silence| format!("Nobody was told: {}.", format::lower_first(silence.label())))
            .unwrap_or_default(),
        may_acknowledge: may_change(ctx) && matched.silence.is_none(),
        note_max: WATCH_TEXT_CHARS_MAX,
        people: people(ctx, report),
        watch: own.map(|watch| OwnWatch {
            edit: Link::new(crate::web::pages::watches::href(watch.id), "Edit watch"),
            delete_action: format!("{}/delete-watch", href(matched.id)),
            switch_action: format!("{}/switch", crate::web::pages::watches::href(watch.id)),
            region: regions::name(&watch.region, ""),
            region_match: watch.region_match,
            enabled: watch.enabled,
        }),
        read_href: report.capture.as_ref().map(|it| read::href(it.key)).unwrap_or_default(),
        print_href: format!("{}/print", href(matched.id)),
        read,
        alert: row,
        ..CustomAlertPage::default()
    }
}

fn facts_of(ctx: &Ctx<'_>, report: &MatchReport, row: &CustomAlertRow) -> Vec<Fact> {
    let matched = &report.matched;
    let mut facts = vec![
        Fact::new("Watch", matched.title.clone()),
        Fact::new("Severity", matched.severity.label()),
    ];
    if let Some(watch) = &report.watch {
        let limits = limits(ctx, watch).join(", ");
        if !limits.is_empty() {
            facts.push(Fact::new("Limits", limits));
        }
    } else {
        facts.push(Fact::new("State", "The watch was deleted"));
    }
    facts.push(Fact::new("Camera", row.camera.clone()));
    if !report.agent.is_empty() {
        facts.push(Fact::new("Agent", report.agent.clone()));
    }
    if !report.known_name.is_empty() {
        facts.push(Fact::new("Known as", report.known_name.clone()));
    }
    facts.push(Fact::new("Captured", row.time.exact.clone()));
    facts.push(Fact::new("ID", matched.id.to_string()).code());
    facts
}

/// Who is told, the reader first.
fn people(ctx: &Ctx<'_>, report: &MatchReport) -> Vec<String> {
    let me = ctx.user().ok().map(|user| user.id);
    let all = report.owner.iter().chain(&report.contacts);
    let mut people: Vec<String> = Vec::new();
    for user in all {
        let name = if user.name.is_empty() { user.username.as_str() } else { &user.name };
        if Some(user.id) == me {
            people.insert(0, format!("{name} (you)"));
        } else {
            people.push(name.to_owned());
        }
    }
    people
}

/// `POST /alerts/custom/{id}`: `do` is `acknowledge`, with `note`, or `reopen`.
pub fn handle(ctx: &Ctx<'_>, input: &mut Input<'_, '_>) -> Result<Response, WebError> {
    let id = id(ctx)?;
    let form = input.form()?;
    let note = clean_lines(form.get("note").unwrap_or_default());
    if note.chars().count() > WATCH_TEXT_CHARS_MAX {
        return Err(WebError::Bad(format!(
            "A note has at most {WATCH_TEXT_CHARS_MAX} characters."
        )));
    }
    let reopen = form.get("do") == Some("reopen");
    set_handled(ctx, id, (!reopen).then_some(note.as_str()))?;
    Ok(Response::redirect(303, &format!("{}?done=saved", href(id))))
}

/// Notes that the caller took care of `id` with `note`, or opens it again; and that they did.
pub fn set_handled(ctx: &Ctx<'_>, id: MatchId, note: Option<&str>) -> Result<(), WebError> {
    let user = ctx.user()?;
    let done = ctx.site.store.write(|tx| {
        let done = match note {
            Some(note) => watches::acknowledge(tx, Author::of(user), id, note, ctx.now)?,
            None => watches::reopen(tx, user.id, id)?,
        };
        if done.is_some() {
            let event = ctx.event(Action::RecordChanged).object(format!("alert {id}"));
            let what = if note.is_some() { "acknowledged" } else { "opened again" };
            let said = note.and_then(|note| Change::of("note", "", note));
            tx.audit(&event.note(what).changes(said.into_iter().collect::<Vec<_>>()))?;
        }
        Ok(done)
    })?;
    done.map(drop).ok_or(WebError::NotFound)
}

/// `POST /alerts/custom`: takes care of all open alerts that the filters in the form show.
pub fn handle_all(ctx: &Ctx<'_>, input: &mut Input<'_, '_>) -> Result<Response, WebError> {
    let user = ctx.user()?;
    let filter = filter(input.form()?).map_err(|errors| {
        let first = errors.into_iter().next().unwrap_or_default();
        WebError::Bad(first.message)
    })?;
    let open = ctx.site.store.read(|tx| watches::open_ones(tx, user.id, &filter))?;
    ctx.site.store.write(|tx| {
        for id in &open {
            watches::acknowledge(tx, Author::of(user), *id, "", ctx.now)?;
        }
        let event = ctx.event(Action::RecordChanged).object(format!("{} alerts", open.len()));
        tx.audit(&event.note("acknowledged"))
    })?;
    Ok(Response::redirect(303, &format!("{}?done=saved", paths::ALERTS_CUSTOM)))
}

/// `POST /alerts/custom/{id}/delete-watch`: deletes the watch of the alert; the alert stays.
pub fn delete_watch(ctx: &Ctx<'_>, _: &mut Input<'_, '_>) -> Result<Response, WebError> {
    let report = seen(ctx)?;
    crate::web::pages::watches::remove(ctx, report.matched.watch)?;
    Ok(Response::redirect(303, &format!("{}?done=deleted", href(report.matched.id))))
}
