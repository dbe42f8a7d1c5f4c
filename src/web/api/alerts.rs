//! `/api/v1/alerts/rekor`: list with filters, one alert. Also what the filters mean, which the page
//! shares.

use serde::Serialize;

use crate::base::limits::{PAGE_ROWS, PAGE_ROWS_MAX, TEXT_CHARS_MAX};
use crate::gate::{Form, Response};
use crate::model::agent::{ListKind, RekorAlert};
use crate::model::alert::{AlertQuery, PlateStart};
use crate::model::capture::CaptureKey;
use crate::model::query::{PageRequest, Query, Total};
use crate::search::{self, Context};
use crate::web::api::captures::key;
use crate::web::api::rfc3339;
use crate::web::ctx::{Ctx, Input};
use crate::web::error::WebError;
use crate::web::reply::json;
use crate::web::views::FieldError;

/// Names of the filters, in the order of the form.
pub const FILTERS: [&str; 6] = ["plate", "list", "type", "after", "to", "before"];
/// Parameters of the list besides the filters.
const OWN: [&str; 3] = ["limit", "cursor", "total"];

#[derive(Serialize)]
struct ListBody {
    data: Vec<AlertView>,
    next: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    total: Option<u64>,
    /// False when counting was stopped: there are at least `total`.
    total_exact: bool,
}

#[derive(Serialize)]
struct AlertView {
    id: String,
    capture: Option<String>,
    raised_at: String,
    list: String,
    list_id: Option<i64>,
    on_list: bool,
    plate: String,
    description: String,
    site: String,
}

/// `GET /api/v1/alerts/rekor`.
pub fn list(ctx: &Ctx<'_>, _: &mut Input<'_, '_>) -> Result<Response, WebError> {
    let form = ctx.query()?;
    for (name, _) in form.pairs() {
        if !FILTERS.contains(&name) && !OWN.contains(&name) {
            let (filters, others) = (FILTERS.join(", "), OWN.join(", "));
            return Err(WebError::Bad(format!(
                "there is no parameter {name:?}; filters are {filters}; others {others}"
            )));
        }
    }
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
    let total = form.get("total") != Some("no");
    let query = query(ctx, &form).map_err(|errors| {
        let first = errors.into_iter().next().unwrap_or_default();
        WebError::Bad(format!("{}: {}", first.field, first.message))
    })?;
    let page = PageRequest { limit, before, total };
    let found = ctx.site.store.read(|tx| tx.rekor_page(&query, page))?;
    let (count, total_exact) = match found.total {
        Total::Exact(count) => (count, total),
        Total::AtLeast(count) => (count, false),
    };
    let body = ListBody {
        data: found.rows.into_iter().map(view).collect(),
        next: found.next.map(|key| key.to_string()),
        total: total.then_some(count),
        total_exact,
    };
    Ok(json(200, &body))
}

/// `GET /api/v1/alerts/rekor/{key}`.
pub fn one(ctx: &Ctx<'_>, _: &mut Input<'_, '_>) -> Result<Response, WebError> {
    let key = key(ctx)?;
    let alert = ctx.site.store.read(|tx| tx.rekor_alert(key))?.ok_or(WebError::NotFound)?;
    Ok(json(200, &view(alert)))
}

/// The filters of `form`; empty ones do not count. The errors are by field.
pub fn query(ctx: &Ctx<'_>, form: &Form) -> Result<AlertQuery, Vec<FieldError>> {
    let mut errors = Vec::new();
    let given = |name: &str| form.get(name).map(str::trim).filter(|text| !text.is_empty());
    let mut query = AlertQuery::default();
    if let Some(text) = given("plate") {
        query.plate = PlateStart::parse(text);
        if query.plate.is_none() {
            errors.push(FieldError::new("plate", "Give a plate, or its beginning and a *."));
        }
    }
    if let Some(text) = given("list") {
        if text.chars().count() <= TEXT_CHARS_MAX {
            query.list = Some(text.to_owned());
        } else {
            errors.push(FieldError::new("list", "Give the name of a list."));
        }
    }
    match given("type") {
        None => {}
        Some("on") => query.kind = Some(ListKind::OnList),
        Some("not-on") => query.kind = Some(ListKind::NotOnList),
        Some(_) => errors.push(FieldError::new("type", "Give on or not-on.")),
    }
    let mut times = Query::default();
    let zone = ctx.zone();
    let context = Context { zone: &zone, now: ctx.now, cameras: &[], agents: &[] };
    for name in ["after", "to", "before"] {
        let Some(text) = given(name) else { continue };
        let Some(filter) = search::filter(name) else { continue };
        if let Err(invalid) = filter.add(&mut times, text, false, &context) {
            errors.push(FieldError::new(name, format!("{}.", invalid.message)));
        }
    }
    (query.from, query.until) = (times.from, times.until);
    if errors.is_empty() { Ok(query) } else { Err(errors) }
}

fn view(alert: RekorAlert) -> AlertView {
    AlertView {
        id: alert.key.to_string(),
        capture: (alert.capture.0 != 0).then(|| alert.capture.to_string()),
        raised_at: rfc3339(alert.raised_at),
        list: alert.list,
        list_id: alert.list_id,
        on_list: alert.list_kind == ListKind::OnList,
        plate: alert.plate,
        description: alert.description,
        site: alert.site,
    }
}
