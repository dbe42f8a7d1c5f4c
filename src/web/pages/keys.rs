//! The caller's own API keys: made, replaced, revoked. A key is shown by the answer that made it and
//! never again.

use crate::auth::token::{self, NewKey};
use crate::domain::api_keys;
use crate::gate::Response;
use crate::model::api_key::{ApiKey, KeyName, Scope, Scopes};
use crate::model::audit::{Action, Change};
use crate::model::text::clean;
use crate::model::user::User;
use crate::store::StoreError;
use crate::web::ctx::{Ctx, Input};
use crate::web::error::WebError;
use crate::web::pages::login::refusal;
use crate::web::pages::profile::{done, show};
use crate::web::views::FieldError;
use crate::web::views::profile::{KeyRow, Profile, ScopeChoice};
use crate::web::views::read::TimeView;

/// `POST /profile/keys`: another key, shown this once.
pub fn make(ctx: &Ctx<'_>, input: &mut Input<'_, '_>) -> Result<Response, WebError> {
    let form = input.form()?;
    let typed = clean(form.get("key_name").unwrap_or_default());
    let scopes = form.all("scope").map(Scope::parse).collect::<Option<Vec<_>>>();
    let scopes = Scopes::of(scopes.ok_or_else(|| WebError::Bad("There is no such scope.".into()))?);
    let user = ctx.user()?;
    let wrong = |error: FieldError| {
        show(ctx, |view| {
            view.key_name.clone_from(&typed);
            view.scopes = choices(user, scopes);
            view.errors.push(error);
        })
    };
    let Some(name) = KeyName::parse(&typed) else {
        return wrong(FieldError::new("key_name", "Give the key a name of 1 to 40 characters."));
    };
    let made = ctx.site.store.write(|tx| {
        let key = token::make(tx, user.id, name.clone(), scopes, ctx.now)?;
        let last_four = token::last_four(key.secret.expose());
        let event = ctx.event(Action::KeyMade).object(name.as_str()).note(scopes.names());
        tx.audit(&event.changes(Change::of("key ends in", "", &last_four)))?;
        Ok(key)
    });
    match made {
        Ok(key) => shown_once(ctx, &key, &name, scopes, false),
        Err(error) => {
            let field = match error {
                StoreError::Refused(api_keys::NO_SCOPE | api_keys::BEYOND_ROLE) => "scope",
                _ => "key_name",
            };
            wrong(refusal(error, field)?)
        }
    }
}

/// `POST /profile/keys/{key}/rotate`: a new key in place of this one, shown this once.
pub fn rotate(ctx: &Ctx<'_>, _: &mut Input<'_, '_>) -> Result<Response, WebError> {
    let (old, new) = replaced(ctx, ctx.param("key").unwrap_or_default())?;
    shown_once(ctx, &new, &old.name, old.scopes, true)
}

/// `POST /profile/keys/{key}/revoke`: the key ends.
pub fn revoke(ctx: &Ctx<'_>, _: &mut Input<'_, '_>) -> Result<Response, WebError> {
    let (user, id) = (ctx.user()?.id, ctx.param("key").unwrap_or_default());
    let revoked = ctx.site.store.write(|tx| {
        let key = api_keys::revoke(tx, user, id)?;
        let event = ctx.event(Action::KeyRevoked).object(key.name.as_str());
        tx.audit(&event.changes(Change::of("key ends in", &key.last_four, "")))
    });
    revoked.map_err(gone)?;
    Ok(done("revoked"))
}

/// The first key of the caller's account: made, or a new one in its place.
pub fn first(ctx: &Ctx<'_>) -> Result<NewKey, WebError> {
    let user = ctx.user()?.id;
    if let Some(first) = ctx.site.store.read(|tx| tx.api_keys_of(user))?.first() {
        return Ok(replaced(ctx, &first.id())?.1);
    }
    Ok(ctx.site.store.write(|tx| {
        let key = token::first(tx, user, ctx.now)?;
        let last_four = token::last_four(key.secret.expose());
        let change = Change::of("key ends in", "", &last_four);
        tx.audit(&ctx.event(Action::KeyMade).note(Scopes::ALL.names()).changes(change))?;
        Ok(key)
    })?)
}

fn replaced(ctx: &Ctx<'_>, id: &str) -> Result<(ApiKey, NewKey), WebError> {
    let user = ctx.user()?.id;
    let replaced = ctx.site.store.write(|tx| {
        let (old, new) = token::rotate(tx, user, id, ctx.now)?;
        let last_four = token::last_four(new.secret.expose());
        let event = ctx.event(Action::KeyRotated).object(old.name.as_str());
        tx.audit(&event.changes(Change::of("key ends in", &old.last_four, &last_four)))?;
        Ok((old, new))
    });
    replaced.map_err(gone)
}

fn gone(error: StoreError) -> WebError {
    match error {
        StoreError::Refused(api_keys::UNKNOWN) => WebError::NotFound,
        other => other.into(),
    }
}

fn shown_once(
    ctx: &Ctx<'_>,
    key: &NewKey,
    name: &KeyName,
    scopes: Scopes,
    replaced: bool,
) -> Result<Response, WebError> {
    show(ctx, |view: &mut Profile| {
        key.secret.expose().clone_into(&mut view.new_key);
        name.as_str().clone_into(&mut view.new_key_name);
        view.new_key_posts = scopes.has(Scope::Post);
        view.new_key_replaced = replaced;
    })
}

/// `key` as lists show it.
pub fn row(ctx: &Ctx<'_>, key: &ApiKey) -> KeyRow {
    let time = |at| TimeView::new(at, ctx.now, &ctx.zone());
    KeyRow {
        id: key.id(),
        name: key.name.as_str().to_owned(),
        scopes: key.scopes.iter().map(Scope::name).collect(),
        last_four: key.last_four.clone(),
        made: time(key.created_at),
        used: (key.last_used.0 != 0).then(|| time(key.last_used)),
    }
}

/// The scopes that `user` may give a key, with those of `chosen` checked.
pub fn choices(user: &User, chosen: Scopes) -> Vec<ScopeChoice> {
    let may = Scope::ALL.into_iter().filter(|scope| scope.least() <= user.role);
    let choice = |scope| ScopeChoice {
        name: Scope::name(scope),
        hint: match scope {
            Scope::Post => "Send reads: all that Rekor Scout and agents need.",
            Scope::Read => "Look at reads, images, plates and counts.",
            Scope::Export => "Take reads and alerts along as files.",
            Scope::Write => "Correct plates, change notes and saved searches.",
        },
        checked: chosen.has(scope),
    };
    may.map(choice).collect()
}
