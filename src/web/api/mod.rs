//! JSON API v1. Same questions as the pages, same answers, no HTML.

pub mod alerts;
pub mod captures;
pub mod custom_alerts;
pub mod export;
pub mod plates;
pub mod resources;
pub mod searches;
pub mod stats;
pub mod watches;

use serde::Serialize;

use crate::base::clock::Timestamp;
use crate::gate::Response;
use crate::web::ctx::{Ctx, Input};
use crate::web::error::WebError;
use crate::web::reply::json;

/// The machine-readable description of the API, as shipped.
const OPENAPI: &str = include_str!("../../../assets/openapi.json");

/// `GET /api/openapi.json`.
pub fn openapi(_: &Ctx<'_>, _: &mut Input<'_, '_>) -> Result<Response, WebError> {
    Ok(Response::new(200).json_bytes(OPENAPI.as_bytes().to_vec()))
}

#[derive(Serialize)]
struct ErrorBody<'a> {
    error: ErrorView<'a>,
}

#[derive(Serialize)]
struct ErrorView<'a> {
    code: &'a str,
    message: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<&'a str>,
}

/// `{"error":{"code","message"}}`, with the request's id when the log has more to say.
pub fn error_body(error: &WebError, id: &str) -> Response {
    let id = matches!(error, WebError::Internal(_)).then_some(id);
    let view = ErrorView { code: error.code(), message: error.message(), id };
    json(error.status(), &ErrorBody { error: view })
}

/// RFC 3339 in UTC with milliseconds.
pub fn rfc3339(time: Timestamp) -> String {
    jiff::Timestamp::from_millisecond(time.ms())
        .map(|time| format!("{time:.3}"))
        .unwrap_or_default()
}
