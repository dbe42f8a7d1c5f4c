//! Export: a page that offers the formats, and the file itself, streamed. The same address with a
//! `format` is the file, so that it works without scripts; a script only shows how far it is.

use std::sync::Arc;

use crate::base::limits::EXPORT_ZIP_ROWS_MAX;
use crate::domain::export::{
    AlertSource, CaptureSource, Export, Format, Labels, Request, Source, record,
};
use crate::gate::{Form, Method, Response};
use crate::model::audit::Action;
use crate::model::capture::CaptureKey;
use crate::model::query::{PageRequest, Query, Total};
use crate::search::{Context, Search, SearchTerm};
use crate::web::api::alerts::query as alert_query;
use crate::web::api::captures::key;
use crate::web::ctx::{Ctx, Input};
use crate::web::error::WebError;
use crate::web::pages::alerts::filters;
use crate::web::pages::names::Names;
use crate::web::pages::search::parameters;
use crate::web::pages::shell::{Page, render};
use crate::web::views::export::ExportPage;
use crate::web::views::read::href;
use crate::web::views::search::Hidden;
use crate::web::views::{Choice, Link};
use crate::web::{format, paths};

/// What somebody wants to take along.
pub struct Wanted {
    source: Box<dyn Source>,
    /// As people would type it.
    query: String,
    total: Total,
    noun: (&'static str, &'static str),
}

/// `GET /search/export`.
pub fn search(ctx: &Ctx<'_>, _: &mut Input<'_, '_>) -> Result<Response, WebError> {
    let form = ctx.query()?;
    let pairs: Vec<(&str, String)> = parameters(form.pairs());
    let pairs: Vec<(&str, &str)> = pairs
        .iter()
        .filter(|(name, _)| *name != "format")
        .map(|(name, value)| (*name, value.as_str()))
        .collect();
    let search = parse(ctx, pairs.iter().copied())?;
    let hidden: Vec<(String, String)> = search.terms.iter().map(SearchTerm::parameter).collect();
    let back = address(paths::SEARCH, &hidden);
    let wanted = reads(ctx, search)?;
    answer(ctx, &form, wanted, paths::SEARCH_EXPORT, hidden, Link::new(back, "Back to the search"))
}

/// `GET /captures/{key}/export`.
pub fn capture(ctx: &Ctx<'_>, _: &mut Input<'_, '_>) -> Result<Response, WebError> {
    let key = key(ctx)?;
    ctx.site.store.read(|tx| tx.capture(key))?.ok_or(WebError::NotFound)?;
    let wanted = Wanted {
        source: Box::new(CaptureSource::One(key)),
        query: format!("read {key}"),
        total: Total::Exact(1),
        noun: ("read", "reads"),
    };
    let back = Link::new(href(key), "Back to the read");
    let target = format!("{}/export", href(key));
    answer(ctx, &ctx.query()?, wanted, &target, Vec::new(), back)
}

/// `GET /alerts/rekor/export`.
pub fn alerts(ctx: &Ctx<'_>, _: &mut Input<'_, '_>) -> Result<Response, WebError> {
    let form = ctx.query()?;
    let hidden = filters(&form);
    let back = address(paths::ALERTS_REKOR, &hidden);
    let wanted = rekor_alerts(ctx, &form)?;
    let back = Link::new(back, "Back to the alerts");
    answer(ctx, &form, wanted, paths::ALERTS_REKOR_EXPORT, hidden, back)
}

/// The search that `pairs` say.
pub fn parse<'a>(
    ctx: &Ctx<'_>,
    pairs: impl Iterator<Item = (&'a str, &'a str)>,
) -> Result<Search, WebError> {
    let names = ctx.site.store.read(Names::load)?;
    let (cameras, agents) = (names.camera_values(), names.agent_values());
    let zone = ctx.zone();
    let context = Context { zone: &zone, now: ctx.now, cameras: &cameras, agents: &agents };
    Search::from_parameters(pairs, &context)
        .map_err(|error| WebError::Bad(format!("{}: {error}", error.parameter)))
}

/// All reads that `search` finds now.
pub fn reads(ctx: &Ctx<'_>, search: Search) -> Result<Wanted, WebError> {
    let query = search.text();
    let search: Query = search.query;
    let request = PageRequest { limit: 1, before: None, total: true };
    let found = ctx.site.store.search(&search, request)?;
    let before = found.rows.first().map(|newest| above(newest.key));
    Ok(Wanted {
        source: Box::new(CaptureSource::Search { query: search, before }),
        query,
        total: found.total.unwrap_or(Total::AtLeast(0)),
        noun: ("read", "reads"),
    })
}

/// All Rekor alerts with the filters of `form`.
pub fn rekor_alerts(ctx: &Ctx<'_>, form: &Form) -> Result<Wanted, WebError> {
    let query = alert_query(ctx, form).map_err(|errors| {
        let first = errors.into_iter().next().unwrap_or_default();
        WebError::Bad(format!("{}: {}", first.field, first.message))
    })?;
    let request = PageRequest { limit: 1, before: None, total: true };
    let found = ctx.site.store.read(|tx| tx.rekor_page(&query, request))?;
    let before = found.rows.first().map(|newest| above(newest.key));
    let told: Vec<String> =
        filters(form).into_iter().map(|(name, value)| format!("{name}:{value}")).collect();
    Ok(Wanted {
        source: Box::new(AlertSource { query, before }),
        query: format!("Rekor alerts {}", told.join(" ")).trim_end().to_owned(),
        total: found.total,
        noun: ("alert", "alerts"),
    })
}

/// The smallest key above `key`: what comes later is not part of the export.
const fn above(key: CaptureKey) -> CaptureKey {
    CaptureKey(key.0.saturating_add(1))
}

fn address(path: &str, pairs: &[(String, String)]) -> String {
    if pairs.is_empty() {
        return path.to_owned();
    }
    format!("{path}?{}", crate::gate::form::encode(pairs.iter().map(|(n, v)| (n, v))))
}

/// The page, or the file when the address names a format.
fn answer(
    ctx: &Ctx<'_>,
    form: &Form,
    wanted: Wanted,
    target: &str,
    hidden: Vec<(String, String)>,
    back: Link,
) -> Result<Response, WebError> {
    if let Some(name) = form.get("format") {
        return download(ctx, wanted, name);
    }
    let (count, more) = match wanted.total {
        Total::Exact(count) => (count, ""),
        Total::AtLeast(count) => (count, " or more"),
    };
    let (one, many) = wanted.noun;
    let noun = if count == 1 && more.is_empty() { one } else { many };
    let fits = count <= EXPORT_ZIP_ROWS_MAX;
    let view = ExportPage {
        what: format!("{}{more} {noun}", format::number(count)),
        query: wanted.query,
        target: target.to_owned(),
        hidden: hidden.into_iter().map(|(name, value)| Hidden { name, value }).collect(),
        formats: formats(fits, noun),
        zone: format::zone_label(ctx.now, &ctx.zone()),
        rows: count,
        empty: count == 0,
        back,
    };
    let active = if wanted.noun.0 == "alert" { "alerts-rekor" } else { "search" };
    render(ctx, &Page::new("export", "Export", active), &view)
}

fn formats(archive_fits: bool, noun: &str) -> Vec<Choice> {
    let choice = |format: Format, label: &str, hint: String| Choice {
        hint,
        ..Choice::new(format.name(), label, format == Format::Csv)
    };
    let mut choices = vec![
        choice(Format::Csv, "CSV", "A table for spreadsheets.".into()),
        choice(Format::Jsonl, "JSON Lines", "One complete record a line, for programs.".into()),
    ];
    if archive_fits {
        let hint = "Both, with all images and a manifest of SHA-256 hashes.".into();
        choices.push(choice(Format::Zip, "ZIP with images", hint));
    } else {
        let most = format::number(EXPORT_ZIP_ROWS_MAX);
        let hint = format!("At most {most} {noun} fit into one archive. Narrow the search first.");
        choices
            .push(Choice { value: String::new(), ..choice(Format::Zip, "ZIP with images", hint) });
    }
    choices
}

/// The file. Its rows are announced when their number is known, for whoever shows progress.
pub fn download(ctx: &Ctx<'_>, wanted: Wanted, format: &str) -> Result<Response, WebError> {
    let format = Format::parse(format).ok_or_else(|| {
        let names = Format::ALL.map(Format::name).join(", ");
        WebError::Bad(format!("format must be one of {names}."))
    })?;
    let total = match wanted.total {
        Total::Exact(total) => Some(total),
        Total::AtLeast(_) => None,
    };
    if format == Format::Zip && total.is_some_and(|total| total > EXPORT_ZIP_ROWS_MAX) {
        let most = format::number(EXPORT_ZIP_ROWS_MAX);
        let many = wanted.noun.1;
        return Err(WebError::Bad(format!(
            "At most {most} {many} fit into one archive. Narrow the search by date, or take CSV."
        )));
    }
    let site = ctx.site;
    let busy = || WebError::Busy("Other exports are running. Try again in a moment.".into(), 10);
    let place = site.exports.enter().ok_or_else(busy)?;
    let user = ctx.user()?;
    if ctx.head.method == Method::Get {
        ctx.audit(Action::Export, format!("{} as {}", wanted.query, format.name()).trim());
        site.store.flush_audit();
    }
    let name = if user.name.is_empty() { user.username.as_str() } else { &user.name };
    let export = Export {
        store: Arc::clone(&site.store),
        labels: site.store.read(|tx| Labels::load(tx, ctx.zone()))?,
        request: Request {
            program: program(ctx),
            by: format!("{name} ({})", user.email.as_str()),
            query: wanted.query,
            at: ctx.now,
        },
        source: wanted.source,
    };
    let stamp: String =
        record::utc(ctx.now).chars().filter(|c| !matches!(c, '-' | ':')).take(15).collect();
    let file = format!("{}-{stamp}Z.{}", export.source.name(), format.name());
    let mut response = Response::new(200).stream(format.media_type(), move |out| {
        let _place = place;
        export.write(format, out)
    });
    if let Some(total) = total {
        response = response.header("X-Export-Rows", total.to_string());
    }
    Ok(response.header("Content-Disposition", format!("attachment; filename=\"{file}\"")))
}

/// `openalpr-webhook 1.0.0 on North Gate`.
pub fn program(ctx: &Ctx<'_>) -> String {
    let name = format!("openalpr-webhook {}", env!("CARGO_PKG_VERSION"));
    match ctx.site.settings.current().general.box_name.as_str() {
        "" => name,
        place => format!("{name} on {place}"),
    }
}
