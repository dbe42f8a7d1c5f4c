//! `/api/v1/custom-alerts`: alerts of the watches of the key's account, and those it is a contact of.

use serde::{Deserialize, Serialize};

use super::watches::limit;
use crate::base::limits::WATCH_TEXT_CHARS_MAX;
use crate::gate::Response;
use crate::model::plate::Plate;
use crate::model::text::clean_lines;
use crate::model::watch::{MatchPlace, Silence, WatchMatch};
use crate::web::api::rfc3339;
use crate::web::ctx::{Ctx, Input};
use crate::web::error::WebError;
use crate::web::pages::custom_alerts::{FILTERS, filter, id, seen, set_handled};
use crate::web::reply::json;

/// Parameters of the list besides the filters.
const OWN: [&str; 2] = ["limit", "cursor"];

#[derive(Serialize)]
struct ListBody<'a> {
    data: Vec<AlertView<'a>>,
    next: Option<String>,
}

#[derive(Serialize)]
struct AlertView<'a> {
    id: String,
    watch: u32,
    title: &'a str,
    description: &'a str,
    severity: &'static str,
    capture: String,
    captured_at: String,
    plate: Option<&'a str>,
    camera: &'a str,
    /// Why nobody was told, null for an alert.
    silence: Option<&'static str>,
    handled: Option<HandledBody<'a>>,
}

#[derive(Serialize)]
struct HandledBody<'a> {
    by: &'a str,
    at: String,
    note: &'a str,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Wanted {
    handled: bool,
    #[serde(default)]
    note: String,
}

/// `GET /api/v1/custom-alerts`.
pub fn list(ctx: &Ctx<'_>, _: &mut Input<'_, '_>) -> Result<Response, WebError> {
    let (form, user) = (ctx.query()?, ctx.user()?.id);
    for (name, _) in form.pairs() {
        if !FILTERS.contains(&name) && !OWN.contains(&name) {
            let (filters, others) = (FILTERS.join(", "), OWN.join(", "));
            return Err(WebError::Bad(format!(
                "there is no parameter {name:?}; filters are {filters}; others {others}"
            )));
        }
    }
    let before = match form.get("cursor") {
        None | Some("") => None,
        Some(text) => Some(
            MatchPlace::parse(text).ok_or_else(|| WebError::Bad("cursor is not valid".into()))?,
        ),
    };
    let (filter, limit) = (filter(&form), limit(&form)?);
    let filter = filter.map_err(|errors| {
        let first = errors.into_iter().next().unwrap_or_default();
        WebError::Bad(format!("{}: {}", first.field, first.message))
    })?;
    let page = ctx.site.store.read(|tx| tx.match_page(user, &filter, before, limit))?;
    let next = page.next.map(|place| place.to_string());
    Ok(json(200, &ListBody { data: page.rows.iter().map(view).collect(), next }))
}

/// `GET /api/v1/custom-alerts/{id}`.
pub fn one(ctx: &Ctx<'_>, _: &mut Input<'_, '_>) -> Result<Response, WebError> {
    Ok(json(200, &view(&seen(ctx)?.matched)))
}

/// `PUT /api/v1/custom-alerts/{id}` with `{"handled": true, "note": "..."}`.
pub fn handle(ctx: &Ctx<'_>, input: &mut Input<'_, '_>) -> Result<Response, WebError> {
    let wanted: Wanted = serde_json::from_slice(&input.bytes()?).map_err(|error| {
        WebError::Bad(format!("The body must be JSON with handled and perhaps note: {error}."))
    })?;
    let note = clean_lines(&wanted.note);
    if note.chars().count() > WATCH_TEXT_CHARS_MAX {
        return Err(WebError::Bad(format!("note: at most {WATCH_TEXT_CHARS_MAX} characters")));
    }
    set_handled(ctx, id(ctx)?, wanted.handled.then_some(note.as_str()))?;
    one(ctx, input)
}

fn view(row: &WatchMatch) -> AlertView<'_> {
    AlertView {
        id: row.id.to_string(),
        watch: row.watch.0,
        title: &row.title,
        description: &row.description,
        severity: row.severity.name(),
        capture: row.capture.to_string(),
        captured_at: rfc3339(row.at.time()),
        plate: row.plate.as_ref().map(Plate::as_str),
        camera: &row.camera,
        silence: row.silence.map(Silence::name),
        handled: row.handled.as_ref().map(|handled| HandledBody {
            by: &handled.by.name,
            at: rfc3339(handled.at),
            note: &handled.note,
        }),
    }
}
