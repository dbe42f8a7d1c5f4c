//! `/api/v1/searches`: saved searches of the account the key belongs to.

use serde::{Deserialize, Serialize};

use crate::domain::saved_searches;
use crate::gate::Response;
use crate::model::saved_search::{SavedSearch, SearchName, SearchScope};
use crate::web::api::rfc3339;
use crate::web::ctx::{Ctx, Input};
use crate::web::error::WebError;
use crate::web::pages::searches::{NAME_RULE, href, id, understood};
use crate::web::reply::json;

#[derive(Serialize)]
struct ListBody<'a> {
    data: Vec<SearchView<'a>>,
}

#[derive(Serialize)]
struct SearchView<'a> {
    id: u32,
    name: &'a str,
    scope: &'static str,
    query: &'a str,
    href: String,
    saved_at: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Wanted {
    name: String,
    #[serde(default)]
    scope: Option<String>,
    query: String,
}

/// `GET /api/v1/searches`.
pub fn list(ctx: &Ctx<'_>, _: &mut Input<'_, '_>) -> Result<Response, WebError> {
    let owner = ctx.user()?.id;
    let saved = ctx.site.store.read(|tx| tx.saved_searches(owner))?;
    Ok(json(200, &ListBody { data: saved.iter().map(view).collect() }))
}

/// `GET /api/v1/searches/{id}`.
pub fn one(ctx: &Ctx<'_>, _: &mut Input<'_, '_>) -> Result<Response, WebError> {
    let (owner, id) = (ctx.user()?.id, id(ctx)?);
    let found = ctx.site.store.read(|tx| tx.saved_search(owner, id))?;
    Ok(json(200, &view(&found.ok_or(WebError::NotFound)?)))
}

/// `POST /api/v1/searches` with `{"name", "scope", "query"}`; a search of the same name is replaced.
pub fn save(ctx: &Ctx<'_>, input: &mut Input<'_, '_>) -> Result<Response, WebError> {
    let wanted: Wanted = serde_json::from_slice(&input.bytes()?).map_err(|error| {
        WebError::Bad(format!("The body must be JSON with name, query and perhaps scope: {error}."))
    })?;
    let name = SearchName::parse(&wanted.name).ok_or_else(|| WebError::Bad(NAME_RULE.into()))?;
    let scope = match wanted.scope.as_deref() {
        None => SearchScope::Plates,
        Some(scope) => SearchScope::parse(scope)
            .ok_or_else(|| WebError::Bad("scope is plates or vehicles".into()))?,
    };
    let query = understood(ctx, scope, &wanted.query)?;
    let (owner, now) = (ctx.user()?.id, ctx.now);
    let saved = ctx
        .site
        .store
        .write(|tx| saved_searches::save(tx, owner, name.clone(), (scope, query.clone()), now))?;
    Ok(json(201, &view(&saved)))
}

/// `DELETE /api/v1/searches/{id}`.
pub fn delete(ctx: &Ctx<'_>, _: &mut Input<'_, '_>) -> Result<Response, WebError> {
    let (owner, id) = (ctx.user()?.id, id(ctx)?);
    if !ctx.site.store.write(|tx| saved_searches::delete(tx, owner, id))? {
        return Err(WebError::NotFound);
    }
    Ok(Response::new(204))
}

fn view(search: &SavedSearch) -> SearchView<'_> {
    SearchView {
        id: search.id.0,
        name: search.name.as_str(),
        scope: search.scope.name(),
        query: search.query.as_str(),
        href: href(search),
        saved_at: rfc3339(search.saved_at),
    }
}
