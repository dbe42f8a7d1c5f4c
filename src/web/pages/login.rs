//! Signing in and out.

use crate::auth::{session, setup, sign_in::SignInError};
use crate::base::secret::Secret;
use crate::domain::users;
use crate::gate::Response;
use crate::model::audit::Action;
use crate::model::ban::Offence;
use crate::model::text::clean;
use crate::model::user::User;
use crate::store::{StoreError, WriteTx};
use crate::web::ctx::{Ctx, Input};
use crate::web::doorman::offend;
use crate::web::error::WebError;
use crate::web::pages::code;
use crate::web::pages::shell::{Page, flash, local_path, render, render_with};
use crate::web::paths;
use crate::web::views::FieldError;
use crate::web::views::sign_in::SignIn;

const PAGE: &str = "sign_in";

/// `GET /sign-in`.
pub fn form(ctx: &Ctx<'_>, _: &mut Input<'_, '_>) -> Result<Response, WebError> {
    if setup::is_open(&ctx.site.store)? {
        return Ok(Response::redirect(303, paths::SETUP));
    }
    if ctx.caller.user().is_some() {
        return Ok(Response::redirect(303, paths::HOME));
    }
    let next = ctx.query()?.get("next").map(|next| local_path(next).to_owned());
    let view = SignIn { next: next.unwrap_or_default(), ..SignIn::default() };
    let news = flash(ctx);
    render_with(ctx, &Page::new(PAGE, "Sign in", ""), &view, |shell| shell.flash = news)
}

/// `POST /sign-in`.
pub fn sign_in(ctx: &Ctx<'_>, input: &mut Input<'_, '_>) -> Result<Response, WebError> {
    let form = input.form()?;
    let (username, password) =
        (form.get("username").unwrap_or_default(), form.get("password").unwrap_or_default());
    let next = form.get("next").filter(|next| !next.is_empty()).map_or(paths::HOME, local_path);
    let site = ctx.site;
    let address = ctx.head.client;
    match site.sign_in.authenticate(&site.store, username, password, address, ctx.now) {
        Ok(user) => match site.store.read(|tx| tx.second_factor(user.id))? {
            None => enter(ctx, &user, next),
            Some(_) => Ok(code::ask(ctx, &user, next)),
        },
        Err(SignInError::Store(error)) => Err(error.into()),
        Err(error) => {
            note_failure(ctx, username, matches!(error, SignInError::Wait(_)))?;
            let wait = if let SignInError::Wait(seconds) = &error { *seconds } else { 0 };
            let view = SignIn {
                username: clean(username),
                next: next.to_owned(),
                errors: vec![FieldError::new("", error.to_string())],
            };
            let status = if wait > 0 { 429 } else { 401 };
            let response = render(ctx, &Page::new(PAGE, "Sign in", "").status(status), &view)?;
            if wait > 0 {
                return Ok(response.header("Retry-After", wait.to_string()));
            }
            Ok(response)
        }
    }
}

/// Notes a failed sign-in. What was typed is kept only when it is the name of an account: people
/// type their password into the wrong field.
pub fn note_failure(ctx: &Ctx<'_>, username: &str, throttled: bool) -> Result<(), WebError> {
    let known = ctx.site.store.read(|tx| users::by_username(tx, username))?;
    let name = known.as_ref().map_or("unknown name", |user| user.username.as_str());
    let offence = if throttled { Offence::Impatience } else { Offence::SignIn };
    offend(ctx.site, ctx.head.client, offence);
    let note = if throttled { "too many tries" } else { "" };
    let event = ctx.event(Action::SignInFailed).object(name).note(note);
    ctx.site.store.audit_later(event);
    Ok(())
}

/// Starts a session of `user` and goes on to `next`.
pub fn enter(ctx: &Ctx<'_>, user: &User, next: &str) -> Result<Response, WebError> {
    let token = ctx.site.store.write(|tx| start_session(ctx, tx, user, ""))?;
    Ok(entered(ctx, &token, next))
}

/// Starts a session of `user`; `how` it was let in goes into the audit log. Returns its token.
pub fn start_session(
    ctx: &Ctx<'_>,
    tx: &WriteTx,
    user: &User,
    how: &str,
) -> Result<Secret, StoreError> {
    let headers = &ctx.head.headers;
    let previous = headers.cookie(session::cookie_name(ctx.head.secure));
    let agent = clean(headers.get("user-agent").unwrap_or_default());
    let note = if how.is_empty() { agent.clone() } else { format!("{how}, {agent}") };
    tx.audit(&ctx.event(Action::SignIn).by(user).note(note))?;
    session::start(tx, user.id, previous, &ctx.head.client.to_string(), &agent, ctx.now)
}

/// Hands the browser the `token` of its session and leads it to `next`.
pub fn entered(ctx: &Ctx<'_>, token: &Secret, next: &str) -> Response {
    let cookie = session::set_cookie(token, ctx.head.secure);
    Response::redirect(303, next).header("Set-Cookie", cookie)
}

/// `POST /sign-out`.
pub fn sign_out(ctx: &Ctx<'_>, _: &mut Input<'_, '_>) -> Result<Response, WebError> {
    if let Some(hash) = ctx.session() {
        ctx.site.store.write(|tx| {
            tx.audit(&ctx.event(Action::SignOut))?;
            session::revoke(tx, hash)
        })?;
    }
    Ok(Response::redirect(303, paths::SIGN_IN)
        .header("Set-Cookie", session::clear_cookie(ctx.head.secure))
        .header("Clear-Site-Data", "\"cache\""))
}

/// A rule's refusal as the error of `field`, anything else as it is.
pub fn refusal(error: StoreError, field: &str) -> Result<FieldError, WebError> {
    match error {
        StoreError::Refused(why) => Ok(FieldError::new(field, why)),
        other => Err(other.into()),
    }
}
