//! `/api/v1/export` and `/api/v1/alerts/rekor/export`: what a search finds, as a file.

use crate::gate::{Form, Response};
use crate::web::api::alerts::FILTERS;
use crate::web::api::captures::refuse_unknown;
use crate::web::ctx::{Ctx, Input};
use crate::web::error::WebError;
use crate::web::pages::export::{download, parse, reads, rekor_alerts};

/// `GET /api/v1/export`.
pub fn captures(ctx: &Ctx<'_>, _: &mut Input<'_, '_>) -> Result<Response, WebError> {
    let form = ctx.query()?;
    refuse_unknown(&form, &["format", "q", "match"])?;
    let search = parse(ctx, form.pairs().filter(|(name, _)| *name != "format"))?;
    download(ctx, reads(ctx, search)?, format(&form))
}

/// `GET /api/v1/alerts/rekor/export`.
pub fn rekor(ctx: &Ctx<'_>, _: &mut Input<'_, '_>) -> Result<Response, WebError> {
    let form = ctx.query()?;
    if let Some((name, _)) =
        form.pairs().find(|(name, _)| *name != "format" && !FILTERS.contains(name))
    {
        let known = FILTERS.join(", ");
        return Err(WebError::Bad(format!(
            "there is no parameter {name:?}; filters are {known}; others format"
        )));
    }
    download(ctx, rekor_alerts(ctx, &form)?, format(&form))
}

fn format(form: &Form) -> &str {
    form.get("format").unwrap_or("jsonl")
}
