//! Saved searches of the person signed in: keep, open, rename, forget.

use crate::base::limits::SAVED_NAME_CHARS_MAX;
use crate::domain::saved_searches;
use crate::gate::Response;
use crate::gate::form::{Form, encode};
use crate::model::audit::Action;
use crate::model::saved_search::{SavedSearch, SearchId, SearchName, SearchQuery, SearchScope};
use crate::search::{Context, Search};
use crate::web::ctx::{Ctx, Input};
use crate::web::error::WebError;
use crate::web::pages::names::Names;
use crate::web::pages::shell::{Page, flash, render_with};
use crate::web::paths;
use crate::web::views::FieldError;
use crate::web::views::searches::{SearchRow, Searches};

/// What a name must be.
pub const NAME_RULE: &str = "Give it a name of at most 80 characters in one line.";
const _: () = assert!(SAVED_NAME_CHARS_MAX == 80, "NAME_RULE says the limit");

/// Address of the saved `search`.
pub fn href(search: &SavedSearch) -> String {
    let path = paths::search(search.scope);
    match search.query.as_str() {
        "" => path.to_owned(),
        query => format!("{path}?{query}"),
    }
}

/// `GET /searches`.
pub fn page(ctx: &Ctx<'_>, _: &mut Input<'_, '_>) -> Result<Response, WebError> {
    show(ctx, None)
}

/// `POST /searches`.
pub fn save(ctx: &Ctx<'_>, input: &mut Input<'_, '_>) -> Result<Response, WebError> {
    let form = input.form()?;
    let field = |name| form.get(name).unwrap_or_default();
    let Some(name) = SearchName::parse(field("name")) else {
        return Err(WebError::Bad(NAME_RULE.into()));
    };
    let scope = SearchScope::parse(field("scope")).unwrap_or(SearchScope::Plates);
    let query = understood(ctx, scope, field("query"))?;
    let (owner, now) = (ctx.user()?.id, ctx.now);
    let saved = ctx
        .site
        .store
        .write(|tx| saved_searches::save(tx, owner, name.clone(), (scope, query.clone()), now))?;
    let event = ctx.event(Action::RecordChanged).object(ctx.head.path.as_str());
    ctx.site.store.audit_later(event.note("saved search"));
    let address = href(&saved);
    let sign = if address.contains('?') { '&' } else { '?' };
    Ok(Response::redirect(303, &format!("{address}{sign}done=search")))
}

/// `POST /searches/{id}`.
pub fn rename(ctx: &Ctx<'_>, input: &mut Input<'_, '_>) -> Result<Response, WebError> {
    let (owner, id) = (ctx.user()?.id, id(ctx)?);
    let typed = input.form()?.get("name").unwrap_or_default();
    let Some(name) = SearchName::parse(typed) else {
        ctx.site.store.read(|tx| tx.saved_search(owner, id))?.ok_or(WebError::NotFound)?;
        return show(ctx, Some((id, typed)));
    };
    let renamed = ctx.site.store.write(|tx| saved_searches::rename(tx, owner, id, name.clone()))?;
    renamed.ok_or(WebError::NotFound)?;
    let event = ctx.event(Action::RecordChanged).object(ctx.head.path.as_str());
    ctx.site.store.audit_later(event.note("saved search renamed"));
    Ok(Response::redirect(303, &format!("{}?done=saved", paths::SEARCHES)))
}

/// `POST /searches/{id}/delete`.
pub fn delete(ctx: &Ctx<'_>, _: &mut Input<'_, '_>) -> Result<Response, WebError> {
    let (owner, id) = (ctx.user()?.id, id(ctx)?);
    if !ctx.site.store.write(|tx| saved_searches::delete(tx, owner, id))? {
        return Err(WebError::NotFound);
    }
    let event = ctx.event(Action::RecordChanged).object(ctx.head.path.as_str());
    ctx.site.store.audit_later(event.note("saved search deleted"));
    Ok(Response::redirect(303, &format!("{}?done=deleted", paths::SEARCHES)))
}

/// The number in the address.
pub fn id(ctx: &Ctx<'_>) -> Result<SearchId, WebError> {
    ctx.param("id").and_then(SearchId::parse).ok_or(WebError::NotFound)
}

/// `query` (URL parameters) as it is kept: understood, in its shortest form.
///
/// # Errors
/// [`WebError::Bad`] when it is not a search.
pub fn understood(ctx: &Ctx<'_>, scope: SearchScope, query: &str) -> Result<SearchQuery, WebError> {
    let bad = |why: String| WebError::Bad(format!("The search cannot be saved: {why}."));
    let form = Form::parse(query).map_err(|_| bad("it is not a search".into()))?;
    let names = ctx.site.store.read(Names::load)?;
    let (cameras, agents) = (names.camera_values(), names.agent_values());
    let zone = ctx.zone();
    let context = Context { zone: &zone, now: ctx.now, cameras: &cameras, agents: &agents };
    let search =
        Search::from_parameters(form.pairs(), &context).map_err(|error| bad(error.to_string()))?;
    let mut pairs = search.parameters();
    let usual = if scope.images() { "grid" } else { "table" };
    let view = form.get("view").filter(|view| matches!(*view, "grid" | "table") && *view != usual);
    pairs.extend(view.map(|view| ("view".to_owned(), view.to_owned())));
    SearchQuery::parse(encode(pairs)).ok_or_else(|| bad("it is too long".into()))
}

/// The list; `wrong` is a name that cannot be one, with the search it was meant for.
fn show(ctx: &Ctx<'_>, wrong: Option<(SearchId, &str)>) -> Result<Response, WebError> {
    let owner = ctx.user()?.id;
    let (saved, names) =
        ctx.site.store.read(|tx| Ok((tx.saved_searches(owner)?, Names::load(tx)?)))?;
    let (cameras, agents) = (names.camera_values(), names.agent_values());
    let zone = ctx.zone();
    let context = Context { zone: &zone, now: ctx.now, cameras: &cameras, agents: &agents };
    let row = |search: &SavedSearch| SearchRow {
        id: search.id.0,
        name: match wrong {
            Some((id, typed)) if id == search.id => typed.to_owned(),
            _ => search.name.as_str().to_owned(),
        },
        scope: match search.scope {
            SearchScope::Plates => "Plates",
            SearchScope::Vehicles => "Vehicles",
        },
        text: text(search, &context),
        href: href(search),
    };
    let error = |(id, _): (SearchId, &str)| FieldError::new(format!("name-{}", id.0), NAME_RULE);
    let view = Searches {
        searches: saved.iter().map(row).collect(),
        name_max: SAVED_NAME_CHARS_MAX,
        errors: wrong.map(error).into_iter().collect(),
    };
    let status = if wrong.is_some() { 422 } else { 200 };
    let page = Page::new("searches", "Saved searches", "search").status(status);
    render_with(ctx, &page, &view, |shell| shell.flash = flash(ctx))
}

/// The conditions of the saved `search` as one would type them.
pub fn typed(ctx: &Ctx<'_>, search: &SavedSearch, names: &Names) -> String {
    let (cameras, agents) = (names.camera_values(), names.agent_values());
    let zone = ctx.zone();
    let context = Context { zone: &zone, now: ctx.now, cameras: &cameras, agents: &agents };
    text(search, &context)
}

/// The conditions of `search` as one would type them. A filter may have lost what it named.
fn text(search: &SavedSearch, context: &Context<'_>) -> String {
    let form = Form::parse(search.query.as_str()).unwrap_or_default();
    Search::from_parameters(form.pairs(), context)
        .map_or_else(|_| search.query.as_str().to_owned(), |search| search.text())
}
