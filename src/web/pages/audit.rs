//! The audit log: who did what. Also as CSV, as JSON lines, and for programs.

use jiff::civil::Date;
use jiff::tz::TimeZone;
use serde::Serialize;

use crate::base::clock::Timestamp;
use crate::base::csv;
use crate::base::hash::hex;
use crate::base::limits::{PAGE_ROWS, PAGE_ROWS_MAX};
use crate::domain::audit::{COLUMNS, cells};
use crate::gate::form::{Form, encode};
use crate::gate::{Method, Response};
use crate::model::audit::{Action, AuditQuery, Entry};
use crate::model::capture::CaptureKey;
use crate::model::text::clean;
use crate::store::Store;
use crate::web::api::rfc3339;
use crate::web::ctx::{Ctx, Input};
use crate::web::error::WebError;
use crate::web::pages::shell::{Page, render};
use crate::web::reply::json;
use crate::web::views::audit::{AuditPage, AuditRow, ChangeView};
use crate::web::views::read::{TimeView, href};
use crate::web::views::{Choice, FieldError, Link, Tone};
use crate::web::{format, paths};

/// The fields of the filter, as in addresses.
const FIELDS: [&str; 6] = ["who", "action", "from", "to", "address", "text"];

/// `GET /audit`.
pub fn page(ctx: &Ctx<'_>, _: &mut Input<'_, '_>) -> Result<Response, WebError> {
    let form = ctx.query()?;
    let zone = ctx.zone();
    let (query, errors) = match parse(&form, &zone) {
        Ok(query) => (query, Vec::new()),
        Err(error) => (AuditQuery::default(), vec![error]),
    };
    let before = form.get("before").and_then(|text| text.parse().ok());
    let (found, total, first, head) = ctx.site.store.read(|tx| {
        Ok((
            tx.audit_page(&query, before, PAGE_ROWS)?,
            tx.audit_len()?,
            tx.audit_first()?,
            tx.audit_head()?,
        ))
    })?;
    let time = |at| TimeView::new(at, ctx.now, &zone);
    let field = |name| form.get(name).map(clean).unwrap_or_default();
    let action = query.action.map_or("", Action::name);
    let mut actions = vec![Choice::new("", "Any action", action.is_empty())];
    actions.extend(Action::all().map(|it| Choice::new(it.name(), it.label(), it.name() == action)));
    let pairs: Vec<(&str, String)> =
        FIELDS.into_iter().map(|name| (name, field(name))).filter(|it| !it.1.is_empty()).collect();
    let address = |extra: &[(&str, String)]| -> String {
        let all: Vec<&(&str, String)> = pairs.iter().chain(extra).collect();
        if all.is_empty() {
            String::new()
        } else {
            format!("?{}", encode(all.into_iter().cloned()))
        }
    };
    let export =
        |kind: &str| format!("{}{}", paths::AUDIT_EXPORT, address(&[("format", kind.to_owned())]));
    let view = AuditPage {
        who: field("who"),
        actions,
        from: field("from"),
        to: field("to"),
        address: field("address"),
        text: field("text"),
        fields_set: pairs.len(),
        rows: found.entries.iter().map(|entry| row(entry, &time)).collect(),
        zone: format::zone_short(ctx.now, &zone),
        total,
        since: first.map(|entry| time(entry.event.at)),
        head: format!("{} {}", head.0, hex(&head.1)),
        days: ctx.site.settings.current().retention.audit_days,
        stopped: found.stopped,
        older_href: found
            .next
            .map(|next| format!("{}{}", paths::AUDIT, address(&[("before", next.to_string())])))
            .unwrap_or_default(),
        first_href: before.map(|_| format!("{}{}", paths::AUDIT, address(&[]))).unwrap_or_default(),
        csv_href: export("csv"),
        jsonl_href: export("jsonl"),
        errors,
    };
    let status = if view.errors.is_empty() { 200 } else { 422 };
    render(ctx, &Page::new("audit", "Audit log", "audit").status(status), &view)
}

fn row(entry: &Entry, time: &impl Fn(Timestamp) -> TimeView) -> AuditRow {
    let event = &entry.event;
    let tone = match event.action {
        Action::SignInFailed | Action::Denied | Action::Ban => Tone::Warn,
        Action::AuditLost => Tone::Bad,
        _ => Tone::Off,
    };
    let object = match (event.action, event.object.as_str()) {
        (Action::ViewCapture | Action::ViewRaw | Action::Print, id) => {
            Link::new(CaptureKey::parse(id).map(href).unwrap_or_default(), id)
        }
        (Action::Search, "") => Link::new(paths::SEARCH, "All reads"),
        (Action::Search, text) => {
            Link::new(format!("{}?{}", paths::SEARCH, encode([("q", text)])), text)
        }
        (_, text) => Link::new("", text),
    };
    AuditRow {
        number: entry.number,
        time: time(event.at),
        who: if event.who.is_empty() { "Somebody".to_owned() } else { event.who.clone() },
        action: event.action.label().to_owned(),
        tone,
        object,
        note: event.note.clone(),
        address: event.address.clone(),
        changes: event.changes.iter().map(ChangeView::from).collect(),
        times: match event.times {
            0 | 1 => String::new(),
            times => format!("{} times", format::number(u64::from(times))),
        },
    }
}

/// The filter of an address; days are those of `zone`.
fn parse(form: &Form, zone: &TimeZone) -> Result<AuditQuery, FieldError> {
    let field = |name: &str| form.get(name).map(clean).unwrap_or_default();
    let action = match field("action").as_str() {
        "" => None,
        name => Some(
            Action::parse(name)
                .ok_or_else(|| FieldError::new("action", "Choose an action from the list."))?,
        ),
    };
    let day = |name: &str, days: i64| match field(name).as_str() {
        "" => Ok(None),
        text => text
            .parse::<Date>()
            .ok()
            .and_then(|date| date.checked_add(jiff::Span::new().days(days)).ok())
            .and_then(|date| date.to_zoned(zone.clone()).ok())
            .map(|start| Some(Timestamp(start.timestamp().as_millisecond())))
            .ok_or_else(|| FieldError::new(name, "Give a day such as 2026-08-21.")),
    };
    Ok(AuditQuery {
        who: field("who"),
        action,
        address: field("address"),
        text: field("text"),
        from: day("from", 0)?,
        to: day("to", 1)?,
    })
}

/// `GET /audit/export?format=csv|jsonl`, with the filter of the page.
pub fn export(ctx: &Ctx<'_>, _: &mut Input<'_, '_>) -> Result<Response, WebError> {
    let form = ctx.query()?;
    let query = parse(&form, &ctx.zone()).map_err(|error| WebError::Bad(error.message))?;
    let lines: fn(&Entry) -> String = match form.get("format") {
        Some("csv") => |entry| csv::line(cells(entry, rfc3339(entry.event.at))),
        Some("jsonl") => {
            |entry| serde_json::to_string(&EntryView::of(entry)).unwrap_or_default() + "\n"
        }
        _ => return Err(WebError::Bad("Choose the format csv or jsonl.".into())),
    };
    let (media, name, head) = match form.get("format") {
        Some("csv") => ("text/csv; charset=utf-8", "audit.csv", csv::line(COLUMNS)),
        _ => ("application/jsonl", "audit.jsonl", String::new()),
    };
    if ctx.head.method == Method::Get {
        ctx.audit(Action::Export, name);
        ctx.site.store.flush_audit();
    }
    let store = std::sync::Arc::clone(&ctx.site.store);
    let response = Response::new(200)
        .header("Content-Disposition", format!("attachment; filename=\"{name}\""))
        .stream(media, move |out| {
            out.write_all(head.as_bytes())?;
            each(&store, &query, |entry| out.write_all(lines(entry).as_bytes()))
        });
    Ok(response)
}

/// Runs `work` on every entry `query` wants, newest first, page by page, so that neither memory
/// nor a snapshot of the store is held for long.
fn each(
    store: &Store,
    query: &AuditQuery,
    mut work: impl FnMut(&Entry) -> std::io::Result<()>,
) -> std::io::Result<()> {
    let mut before = None;
    loop {
        let page = store
            .read(|tx| tx.audit_page(query, before, PAGE_ROWS_MAX))
            .map_err(|error| std::io::Error::other(error.to_string()))?;
        page.entries.iter().try_for_each(&mut work)?;
        before = page.next;
        if before.is_none() {
            return Ok(());
        }
    }
}

/// An entry for programs.
#[derive(Serialize)]
struct EntryView {
    number: u64,
    time: String,
    user: Option<u32>,
    who: String,
    action: &'static str,
    address: String,
    object: String,
    note: String,
    changes: Vec<ChangeView>,
    times: u32,
    previous: String,
}

impl EntryView {
    fn of(entry: &Entry) -> Self {
        let event = &entry.event;
        Self {
            number: entry.number,
            time: rfc3339(event.at),
            user: event.user.map(|user| user.0),
            who: event.who.clone(),
            action: event.action.name(),
            address: event.address.clone(),
            object: event.object.clone(),
            note: event.note.clone(),
            changes: event.changes.iter().map(ChangeView::from).collect(),
            times: event.times,
            previous: hex(&entry.previous),
        }
    }
}

#[derive(Serialize)]
struct ListBody {
    data: Vec<EntryView>,
    next: Option<u64>,
}

/// `GET /api/v1/audit`, with the filter of the page and `before` and `limit`.
pub fn list(ctx: &Ctx<'_>, _: &mut Input<'_, '_>) -> Result<Response, WebError> {
    let form = ctx.query()?;
    let query = parse(&form, &TimeZone::UTC).map_err(|error| WebError::Bad(error.message))?;
    for (name, _) in form.pairs() {
        if !FIELDS.contains(&name) && name != "before" && name != "limit" {
            let known = FIELDS.join(", ");
            let message =
                format!("there is no parameter {name:?}; known are {known}, before, limit");
            return Err(WebError::Bad(message));
        }
    }
    let number = |name: &str| match form.get(name) {
        None => Ok(None),
        Some(text) => text
            .parse::<u64>()
            .map(Some)
            .map_err(|_| WebError::Bad(format!("{name} must be a whole number"))),
    };
    let limit = number("limit")?.unwrap_or(PAGE_ROWS as u64).clamp(1, PAGE_ROWS_MAX as u64);
    let before = number("before")?;
    let page = ctx.site.store.read(|tx| tx.audit_page(&query, before, limit as usize))?;
    let data = page.entries.iter().map(EntryView::of).collect();
    Ok(json(200, &ListBody { data, next: page.next }))
}
