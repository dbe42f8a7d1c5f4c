//! `/api/v1/watches`: watches of the account the key belongs to.

use serde::Serialize;
use serde_json::{Map, Value};

use crate::base::limits::{PAGE_ROWS, PAGE_ROWS_MAX};
use crate::domain::watches::fields::{self, FIELDS};
use crate::gate::{Form, Response};
use crate::model::watch::{Watch, WatchId};
use crate::web::api::rfc3339;
use crate::web::ctx::{Ctx, Input};
use crate::web::error::WebError;
use crate::web::pages::watches::office::Office;
use crate::web::pages::watches::{own, remove, write};
use crate::web::reply::json;

#[derive(Serialize)]
struct ListBody {
    data: Vec<Value>,
    next: Option<String>,
}

/// Fields that are true or false.
const TRUTHS: [&str; 3] = ["look_alike", "region_match", "enabled"];
/// Fields that are lists.
const LISTS: [&str; 3] = ["days", "cameras", "contacts"];

/// `GET /api/v1/watches`.
pub fn list(ctx: &Ctx<'_>, _: &mut Input<'_, '_>) -> Result<Response, WebError> {
    let (form, owner) = (ctx.query()?, ctx.user()?.id);
    let limit = limit(&form)?;
    let after = match form.get("cursor") {
        None | Some("") => WatchId(0),
        Some(text) => {
            WatchId::parse(text).ok_or_else(|| WebError::Bad("cursor is not valid".into()))?
        }
    };
    let office = Office::open(ctx)?;
    let all = ctx.site.store.read(|tx| tx.watches_of(owner))?;
    let mut rest = all.iter().filter(|watch| watch.id > after);
    let page: Vec<&Watch> = rest.by_ref().take(limit).collect();
    let more = rest.next().is_some();
    let next = page.last().filter(|_| more).map(|watch| watch.id.0.to_string());
    let data = page.into_iter().map(|watch| view(ctx, watch, &office)).collect();
    Ok(json(200, &ListBody { data, next }))
}

/// Rows wanted.
pub fn limit(form: &Form) -> Result<usize, WebError> {
    let Some(text) = form.get("limit") else { return Ok(PAGE_ROWS) };
    let limit = text.parse().ok().filter(|limit| (1..=PAGE_ROWS_MAX).contains(limit));
    limit.ok_or_else(|| WebError::Bad(format!("limit must be 1 to {PAGE_ROWS_MAX}")))
}

/// `GET /api/v1/watches/{id}`.
pub fn one(ctx: &Ctx<'_>, _: &mut Input<'_, '_>) -> Result<Response, WebError> {
    let watch = own(ctx)?;
    Ok(json(200, &view(ctx, &watch, &Office::open(ctx)?)))
}

/// `POST /api/v1/watches`.
pub fn add(ctx: &Ctx<'_>, input: &mut Input<'_, '_>) -> Result<Response, WebError> {
    put(ctx, input, None, 201)
}

/// `PUT /api/v1/watches/{id}`: fields that are left out stay as they are.
pub fn change(ctx: &Ctx<'_>, input: &mut Input<'_, '_>) -> Result<Response, WebError> {
    let watch = own(ctx)?;
    put(ctx, input, Some(&watch), 200)
}

/// `DELETE /api/v1/watches/{id}`; its alerts stay.
pub fn delete(ctx: &Ctx<'_>, _: &mut Input<'_, '_>) -> Result<Response, WebError> {
    remove(ctx, own(ctx)?.id)?;
    Ok(Response::new(204))
}

fn put(
    ctx: &Ctx<'_>,
    input: &mut Input<'_, '_>,
    base: Option<&Watch>,
    status: u16,
) -> Result<Response, WebError> {
    let body: Map<String, Value> = serde_json::from_slice(&input.bytes()?)
        .map_err(|error| WebError::Bad(format!("The body must be a JSON object: {error}.")))?;
    let unknown = body.keys().find(|name| !FIELDS.contains(&name.as_str()));
    if let Some(unknown) = unknown {
        let known = FIELDS.join(", ");
        return Err(WebError::Bad(format!("there is no field {unknown:?}; there are {known}")));
    }
    let mut texts = Vec::new();
    for (name, value) in &body {
        let text = text_of(value).ok_or_else(|| {
            WebError::Bad(format!("{name}: give a text, a number, true or false"))
        })?;
        texts.push((name.as_str(), text));
    }
    let office = Office::open(ctx)?;
    let find =
        |field: &str| texts.iter().find(|(name, _)| *name == field).map(|(_, text)| text.clone());
    let watch = fields::check(base, &find, &office.desk(ctx)).map_err(|errors| {
        let first = errors.into_iter().next();
        let text = first.map(|error| format!("{}: {}", error.field, error.message));
        WebError::Bad(text.unwrap_or_default())
    })?;
    let written = write(ctx, &watch)??.ok_or(WebError::NotFound)?;
    Ok(json(status, &view(ctx, &written, &office)))
}

/// A value as the text of a form.
fn text_of(value: &Value) -> Option<String> {
    match value {
        Value::Null => Some(String::new()),
        Value::Bool(truth) => Some(truth.to_string()),
        Value::Number(number) => Some(number.to_string()),
        Value::String(text) => Some(text.clone()),
        Value::Array(parts) => {
            let parts: Option<Vec<&str>> = parts.iter().map(Value::as_str).collect();
            Some(parts?.join(","))
        }
        Value::Object(_) => None,
    }
}

fn view(ctx: &Ctx<'_>, watch: &Watch, office: &Office) -> Value {
    let mut body = Map::new();
    body.insert("id".into(), watch.id.0.into());
    for (name, text) in fields::texts(watch, &office.desk(ctx)) {
        let value = if TRUTHS.contains(&name) {
            Value::Bool(text == "true")
        } else if LISTS.contains(&name) {
            text.split(',').filter(|part| !part.is_empty()).collect()
        } else if name == "quiet_minutes" {
            watch.quiet_minutes.into()
        } else {
            Value::String(text)
        };
        body.insert(name.into(), value);
    }
    body.insert("title".into(), watch.title().into());
    body.insert("made_at".into(), rfc3339(watch.made_at).into());
    Value::Object(body)
}
