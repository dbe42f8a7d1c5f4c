//! Watches of the person signed in: list, form with a trial, files. Nobody sees another's.

pub mod bells;
pub mod files;
pub mod form;
pub mod office;

use crate::base::limits::PAGE_ROWS;
use crate::domain::watches::fields;
use crate::domain::watches::trial;
use crate::domain::{settings, watches};
use crate::gate::form::encode;
use crate::gate::{Form, Response};
use crate::model::audit::{Action, differences};
use crate::model::saved_search::SearchId;
use crate::model::text::clean;
use crate::model::watch::{PlatePattern, Severity, Target, Watch, WatchId};
use crate::store::StoreError;
use crate::web::ctx::{Ctx, Input};
use crate::web::error::WebError;
use crate::web::pages::login::refusal;
use crate::web::pages::names::Names;
use crate::web::pages::searches::typed;
use crate::web::pages::shell::{Page, flash, local_path, render_with};
use crate::web::views::read::PlateBadge;
use crate::web::views::watches::{WatchRow, WatchesPage};
use crate::web::views::{FieldError, Tag, Tone};
use crate::web::{format, paths, regions};
use form::{Shown, Texts, show};
use office::Office;

/// `GET /watches`: `q` filters, `before` is where the page begins.
pub fn list(ctx: &Ctx<'_>, _: &mut Input<'_, '_>) -> Result<Response, WebError> {
    show_list(ctx, Vec::new())
}

/// The list; `errors` are those of a file.
fn show_list(ctx: &Ctx<'_>, errors: Vec<FieldError>) -> Result<Response, WebError> {
    let (form, owner) = (ctx.query()?, ctx.user()?.id);
    let q = clean(form.get("q").unwrap_or_default());
    let before = form.get("before").and_then(WatchId::parse);
    let office = Office::open(ctx)?;
    let mine = ctx.site.store.read(|tx| tx.watches_of(owner))?;
    let wanted = q.to_lowercase();
    let plate: String = wanted.chars().filter(|c| c.is_alphanumeric()).collect();
    let fits = |watch: &&Watch| {
        let has = |text: &str| text.to_lowercase().contains(&wanted);
        let of_plate = matches!(&watch.target, Target::Plate { pattern, .. }
            if !plate.is_empty() && pattern.as_str().to_lowercase().contains(&plate));
        before.is_none_or(|before| watch.id < before)
            && (q.is_empty() || of_plate || has(&watch.title()) || has(&watch.description))
    };
    let mut found = mine.iter().rev().filter(fits);
    let rows: Vec<&Watch> = found.by_ref().take(PAGE_ROWS).collect();
    let last = rows.last().filter(|_| found.next().is_some()).map(|watch| watch.id.0.to_string());
    let address = |before: Option<&str>| {
        let pairs = [("q", q.as_str()), ("before", before.unwrap_or_default())];
        let query = encode(pairs.into_iter().filter(|(_, value)| !value.is_empty()));
        if query.is_empty() { paths::WATCHES.into() } else { format!("{}?{query}", paths::WATCHES) }
    };
    let status = if errors.is_empty() { 200 } else { 422 };
    let view = WatchesPage {
        total: mine.len() as u64,
        rows: rows.into_iter().map(|watch| row(ctx, watch, &office)).collect(),
        older_href: last.map(|last| address(Some(&last))).unwrap_or_default(),
        first_href: before.map(|_| address(None)).unwrap_or_default(),
        q: q.clone(),
        errors,
    };
    let page = Page::new("watches", "Watches", "watches").status(status);
    render_with(ctx, &page, &view, |shell| shell.flash = flash(ctx))
}

/// How a severity is shown.
pub fn severity_tag(severity: Severity) -> Tag {
    let tone = match severity {
        Severity::Notice => Tone::Off,
        Severity::Warning => Tone::Warn,
        Severity::Critical => Tone::Bad,
    };
    Tag::new(tone, severity.label())
}

fn row(ctx: &Ctx<'_>, watch: &Watch, office: &Office) -> WatchRow {
    let (plate, what, search) = match &watch.target {
        Target::Plate { pattern, look_alike } => {
            let what = if *look_alike { "and look-alikes" } else { "" };
            (Some(badge(pattern, watch)), what.to_owned(), String::new())
        }
        Target::Search(query) => (None, "Search".to_owned(), query.as_str().to_owned()),
        Target::Unlisted(None) => (None, "Plates on none of your lists".to_owned(), String::new()),
        Target::Unlisted(Some(tag)) => {
            (None, format!("Plates not tagged {}", tag.as_str()), String::new())
        }
    };
    let broken = matches!(&watch.target, Target::Search(query)
        if watches::searches::understand(query, &office.names).is_err());
    let over = watch.valid_until.is_some_and(|until| until <= ctx.now);
    let state = match (broken, watch.enabled, over) {
        (true, ..) => Some(Tag::new(Tone::Bad, "not understood any more")),
        (_, false, _) => Some(Tag::new(Tone::Off, "off")),
        (_, _, true) => Some(Tag::new(Tone::Off, "over")),
        _ => None,
    };
    WatchRow {
        href: href(watch.id),
        plate,
        what,
        search,
        name: watch.name.clone(),
        brief: watch.description.lines().next().unwrap_or_default().to_owned(),
        severity: severity_tag(watch.severity),
        limits: limits(ctx, watch).join(", "),
        state,
        alerts_href: alerts_href(watch.id),
    }
}

fn badge(pattern: &PlatePattern, watch: &Watch) -> PlateBadge {
    PlateBadge::new(pattern.as_str(), &watch.region, "", false, false)
}

/// What limits `watch`, a few words each.
pub fn limits(ctx: &Ctx<'_>, watch: &Watch) -> Vec<String> {
    let zone = ctx.zone();
    let mut parts = Vec::new();
    if !watch.region.is_empty() {
        parts.push(regions::name(&watch.region, ""));
    }
    match watch.cameras.len() {
        0 => {}
        count => parts.push(format::count(count as u64, "camera", "cameras")),
    }
    let days = fields::days_text(watch.days);
    parts.extend((!days.is_empty()).then(|| days.replace(',', " ")));
    let hours = fields::hours_text(watch.hours);
    parts.extend((!hours.is_empty()).then(|| format!("hours {}", hours.replace(',', ", "))));
    parts.extend(watch.valid_from.map(|from| format!("from {}", format::date(from, &zone))));
    let until = watch.valid_until.map(|until| until.plus_ms(-1));
    parts.extend(until.map(|until| format!("until {}", format::date(until, &zone))));
    if watch.quiet_minutes > 0 {
        parts.push(format!("quiet for {} min", watch.quiet_minutes));
    }
    if !watch.contacts.is_empty() {
        let count = watch.contacts.len() as u64;
        parts.push(format::count(count, "contact", "contacts"));
    }
    parts
}

/// Address of the form of `id`.
pub fn href(id: WatchId) -> String {
    format!("{}/{}", paths::WATCHES, id.0)
}

/// Address of the alerts of `id`.
pub fn alerts_href(id: WatchId) -> String {
    format!("{}?state=all&watch={}", paths::ALERTS_CUSTOM, id.0)
}

/// `GET /watches/new`: every field can stand in the address.
pub fn new(ctx: &Ctx<'_>, _: &mut Input<'_, '_>) -> Result<Response, WebError> {
    let form = ctx.query()?;
    show(ctx, None, &Texts::of(&form), Shown::default())
}

/// `POST /watches`: makes a watch, or tries it.
pub fn add(ctx: &Ctx<'_>, input: &mut Input<'_, '_>) -> Result<Response, WebError> {
    let form = input.form()?.clone();
    accept(ctx, None, &form)
}

/// `GET /watches/{id}`.
pub fn edit(ctx: &Ctx<'_>, _: &mut Input<'_, '_>) -> Result<Response, WebError> {
    let watch = own(ctx)?;
    let office = Office::open(ctx)?;
    let texts = Texts(fields::texts(&watch, &office.desk(ctx)));
    show(ctx, Some(&watch), &texts, Shown::default())
}

/// `POST /watches/{id}`: changes it, or tries the change.
pub fn save(ctx: &Ctx<'_>, input: &mut Input<'_, '_>) -> Result<Response, WebError> {
    let watch = own(ctx)?;
    let form = input.form()?.clone();
    accept(ctx, Some(&watch), &form)
}

/// `POST /watches/{id}/switch`: `region_match` or `enabled` is `1` or `0`.
pub fn switch(ctx: &Ctx<'_>, input: &mut Input<'_, '_>) -> Result<Response, WebError> {
    let mut watch = own(ctx)?;
    let form = input.form()?;
    let on = |name: &str| form.get(name).map(|value| value == "1");
    watch.region_match = on("region_match").unwrap_or(watch.region_match);
    watch.enabled = on("enabled").unwrap_or(watch.enabled);
    let back = form.get("back").map_or_else(|| href(watch.id), |back| local_path(back).to_owned());
    let sign = if back.contains('?') { '&' } else { '?' };
    write(ctx, &watch)??.ok_or(WebError::NotFound)?;
    Ok(Response::redirect(303, &format!("{back}{sign}done=saved")))
}

/// `POST /watches/{id}/delete`.
pub fn delete(ctx: &Ctx<'_>, _: &mut Input<'_, '_>) -> Result<Response, WebError> {
    remove(ctx, id(ctx)?)?;
    Ok(Response::redirect(303, &format!("{}?done=deleted", paths::WATCHES)))
}

/// Deletes the caller's watch `id` and notes it.
pub fn remove(ctx: &Ctx<'_>, id: WatchId) -> Result<(), WebError> {
    let owner = ctx.user()?.id;
    let gone = ctx.site.store.write(|tx| {
        let gone = watches::delete(tx, owner, id)?;
        if let Some(watch) = &gone {
            let event = ctx.event(Action::RecordChanged).object(watch.title());
            tx.audit(&event.note("watch deleted"))?;
        }
        Ok(gone)
    })?;
    gone.map(drop).ok_or(WebError::NotFound)
}

/// The number in the address.
fn id(ctx: &Ctx<'_>) -> Result<WatchId, WebError> {
    ctx.param("id").and_then(WatchId::parse).ok_or(WebError::NotFound)
}

/// The caller's watch of the address; another's is not there.
pub fn own(ctx: &Ctx<'_>) -> Result<Watch, WebError> {
    let (owner, id) = (ctx.user()?.id, id(ctx)?);
    let found = ctx.site.store.read(|tx| watches::of_owner(tx, owner, id))?;
    found.ok_or(WebError::NotFound)
}

/// What became of a watch that was to be written; `None` when it is not there.
pub type Written = Result<Option<Watch>, StoreError>;

/// Writes `watch`, new (with number 0) or changed, and what that changed into the audit log.
pub fn write(ctx: &Ctx<'_>, watch: &Watch) -> Result<Written, WebError> {
    let office = Office::open(ctx)?;
    let desk = office.desk(ctx);
    Ok(ctx.site.store.write(|tx| {
        let event = ctx.event(Action::RecordChanged).object(watch.title());
        if watch.id == WatchId(0) {
            tx.audit(&event.note("watch added"))?;
            return watches::add(tx, watch.clone()).map(Some);
        }
        let Some(before) = watches::change(tx, watch)? else { return Ok(None) };
        let changes = differences(&fields::texts(&before, &desk), &fields::texts(watch, &desk));
        if !changes.is_empty() {
            tx.audit(&event.note("watch").changes(changes))?;
        }
        Ok(Some(watch.clone()))
    }))
}

fn shown_errors(errors: Vec<settings::FieldError>) -> Vec<FieldError> {
    errors.into_iter().map(|error| FieldError::new(error.field, error.message)).collect()
}

fn accept(ctx: &Ctx<'_>, base: Option<&Watch>, form: &Form) -> Result<Response, WebError> {
    let mut texts = Texts::whole(form);
    take_saved(ctx, form, &mut texts)?;
    let office = Office::open(ctx)?;
    let read = |name: &str| texts.get(name).map(str::to_owned);
    let checked = fields::check(base, &read, &office.desk(ctx));
    let watch = match checked {
        Ok(watch) => watch,
        Err(errors) => {
            let shown = Shown { errors: shown_errors(errors), ..Shown::default() };
            return show(ctx, base, &texts, shown);
        }
    };
    if form.get("try").is_some() {
        let store = &ctx.site.store;
        let trial = trial::run(store, &watch, &office.names, &ctx.zone(), ctx.now)?;
        let shown = Shown { trial: Some(trial), ..Shown::default() };
        return show(ctx, base, &texts, shown);
    }
    match write(ctx, &watch)? {
        Ok(Some(_)) => Ok(Response::redirect(303, &format!("{}?done=saved", paths::WATCHES))),
        Ok(None) => Err(WebError::NotFound),
        Err(error) => {
            let shown = Shown { errors: vec![refusal(error, "")?], ..Shown::default() };
            show(ctx, base, &texts, shown)
        }
    }
}

/// A saved search that was chosen takes the place of what was typed.
fn take_saved(ctx: &Ctx<'_>, form: &Form, texts: &mut Texts) -> Result<(), WebError> {
    let chosen = form.get("saved").and_then(SearchId::parse);
    let Some(chosen) = chosen else { return Ok(()) };
    let owner = ctx.user()?.id;
    let Some(search) = ctx.site.store.read(|tx| tx.saved_search(owner, chosen))? else {
        return Ok(());
    };
    let names = ctx.site.store.read(Names::load)?;
    let text = typed(ctx, &search, &names);
    if let Some(field) = texts.0.iter_mut().find(|(name, _)| *name == "search") {
        field.1 = text;
    }
    Ok(())
}
