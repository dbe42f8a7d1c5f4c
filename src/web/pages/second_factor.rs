//! The second factor: the own one on the profile, that of others and the rule on the settings.

use crate::auth::policy::{self, Standing};
use crate::auth::second_factor as factor;
use crate::auth::sign_in::SignInError;
use crate::auth::totp::TotpSecret;
use crate::base::limits::RECOVERY_CODES;
use crate::domain::settings::GeneralForm;
use crate::gate::Response;
use crate::model::audit::Action;
use crate::model::user::{Role, User};
use crate::store::{StoreError, WriteTx};
use crate::web::ctx::{Ctx, Input};
use crate::web::error::WebError;
use crate::web::pages::login::{note_failure, refusal};
use crate::web::pages::settings::save_settings;
use crate::web::pages::shell::{Page, flash, render_with};
use crate::web::pages::users;
use crate::web::paths;
use crate::web::qr::Qr;
use crate::web::views::FieldError;
use crate::web::views::read::TimeView;
use crate::web::views::second_factor::{Enrolment, SecondFactorPage};

/// Name in apps when the box has none.
const ISSUER: &str = "openalpr-webhook";

/// `GET /profile/second-factor`.
pub fn page(ctx: &Ctx<'_>, _: &mut Input<'_, '_>) -> Result<Response, WebError> {
    show(ctx, |_| {})
}

/// `POST /profile/second-factor/begin`: makes a secret and shows it until it is confirmed. Needs the
/// password, so that nobody at a browser that was left open shuts its owner out.
pub fn begin(ctx: &Ctx<'_>, input: &mut Input<'_, '_>) -> Result<Response, WebError> {
    let session = *session(ctx)?;
    match password(ctx, input.form()?.get("current").unwrap_or_default())? {
        Err(error) => show(ctx, |view| view.errors.push(error)),
        Ok(user) if ctx.site.store.read(|tx| tx.second_factor(user.id))?.is_some() => {
            Ok(Response::redirect(303, paths::SECOND_FACTOR))
        }
        Ok(_) => {
            ctx.site.sign_in.enrolments.put(session, TotpSecret::generate(), ctx.now);
            Ok(Response::redirect(303, paths::SECOND_FACTOR))
        }
    }
}

/// `POST /profile/second-factor/confirm`: switches it on when the code is right.
pub fn confirm(ctx: &Ctx<'_>, input: &mut Input<'_, '_>) -> Result<Response, WebError> {
    let (user, session) = (ctx.user()?, *session(ctx)?);
    let Some(secret) = ctx.site.sign_in.enrolments.find(&session, ctx.now) else {
        return Ok(Response::redirect(303, paths::SECOND_FACTOR));
    };
    let typed = input.form()?.get("code").unwrap_or_default();
    let on = ctx.site.store.write(|tx| {
        let on = factor::turn_on(tx, user.id, &secret, typed, Some(session), ctx.now)?;
        if on.is_some() {
            tx.audit(&ctx.event(Action::SecondFactorOn))?;
        }
        Ok(on)
    });
    match on {
        Ok(Some(codes)) => {
            ctx.site.sign_in.enrolments.forget(&session);
            show(ctx, |view| view.new_codes = codes)
        }
        Ok(None) => {
            let message = "That is not the code of this moment. Compare the clock of the phone with that of the box.";
            show(ctx, |view| view.errors.push(FieldError::new("code", message)))
        }
        Err(error) => {
            let error = refusal(error, "")?;
            show(ctx, |view| view.errors.push(error))
        }
    }
}

/// `POST /profile/second-factor/codes`: new recovery codes, shown this once.
pub fn renew_codes(ctx: &Ctx<'_>, input: &mut Input<'_, '_>) -> Result<Response, WebError> {
    let form = input.form()?;
    let user = match password(ctx, form.get("current").unwrap_or_default())? {
        Ok(user) => user,
        Err(error) => return show(ctx, |view| view.errors.push(error)),
    };
    let renewed = code(ctx, &user, form.get("code").unwrap_or_default(), |tx| {
        tx.audit(&ctx.event(Action::RecoveryCodesMade))?;
        factor::renew_codes(tx, user.id)
    })?;
    show(ctx, |view| match renewed {
        Ok(codes) => view.new_codes = codes,
        Err(error) => view.errors.push(error),
    })
}

/// `POST /profile/second-factor/off`.
pub fn turn_off(ctx: &Ctx<'_>, input: &mut Input<'_, '_>) -> Result<Response, WebError> {
    if needed(ctx)? {
        let message = "Administrators of this box need a second factor.";
        return show(ctx, |view| view.errors.push(FieldError::new("", message)));
    }
    let form = input.form()?;
    let user = match password(ctx, form.get("current").unwrap_or_default())? {
        Ok(user) => user,
        Err(error) => return show(ctx, |view| view.errors.push(error)),
    };
    let standing = ctx.site.store.read(|tx| Standing::of(tx, &user))?;
    let alone = standing.without_second_factor();
    if let Err(message) = policy::check(form.get("current").unwrap_or_default(), &alone) {
        let message = format!("Change the password first, it has to hold alone then. {message}");
        return show(ctx, |view| view.errors.push(FieldError::new("", message)));
    }
    let keep = ctx.session().copied();
    let off = code(ctx, &user, form.get("code").unwrap_or_default(), |tx| {
        tx.audit(&ctx.event(Action::SecondFactorOff))?;
        factor::turn_off(tx, user.id, keep)
    })?;
    match off {
        Ok(_) => Ok(Response::redirect(303, &format!("{}?done=factor-off", paths::SECOND_FACTOR))),
        Err(error) => show(ctx, |view| view.errors.push(error)),
    }
}

/// `POST /settings/users/{user}/second-factor`: removes the one of somebody who lost it.
pub fn reset(ctx: &Ctx<'_>, _: &mut Input<'_, '_>) -> Result<Response, WebError> {
    let (id, actor) = (users::target(ctx)?, ctx.user()?);
    let done = ctx.site.store.write(|tx| {
        let user = factor::reset(tx, actor, id)?;
        tx.audit(&ctx.event(Action::SecondFactorReset).object(user.username.as_str()))
    });
    match done {
        Ok(()) => Ok(users::done(id, "factor-reset")),
        Err(error) => {
            let error = refusal(error, "")?;
            users::show(ctx, id, |view| view.errors.push(error))
        }
    }
}

/// `POST /settings/second-factor`: whether administrators need one.
pub fn save_rule(ctx: &Ctx<'_>, input: &mut Input<'_, '_>) -> Result<Response, WebError> {
    let needed = input.form()?.get("second_factor_for_admins").is_some();
    let typed = GeneralForm { second_factor_for_admins: Some(needed), ..GeneralForm::default() };
    match save_settings(ctx, typed)? {
        Ok(()) => Ok(Response::redirect(303, &format!("{}?done=saved", paths::USERS))),
        Err(_) => Err(WebError::Internal("a switch was refused".into())),
    }
}

/// Does `then` when `typed` is a code of `user`; the inner error is for the form.
fn code<T>(
    ctx: &Ctx<'_>,
    user: &User,
    typed: &str,
    then: impl FnOnce(&WriteTx) -> Result<T, StoreError>,
) -> Result<Result<T, FieldError>, WebError> {
    let (site, address) = (ctx.site, ctx.head.client);
    match site.sign_in.prove(&site.store, user, typed, address, ctx.now, |tx, _| then(tx)) {
        Ok(done) => Ok(Ok(done)),
        Err(SignInError::Store(error)) => refusal(error, "code").map(Err),
        Err(error) => {
            note_failure(ctx, user.username.as_str(), matches!(error, SignInError::Wait(_)))?;
            Ok(Err(FieldError::new("code", error.to_string())))
        }
    }
}

/// The caller, when `current` is the password; the inner error is for the form.
fn password(ctx: &Ctx<'_>, current: &str) -> Result<Result<User, FieldError>, WebError> {
    let (site, name) = (ctx.site, ctx.user()?.username.as_str());
    match site.sign_in.authenticate(&site.store, name, current, ctx.head.client, ctx.now) {
        Ok(user) => Ok(Ok(user)),
        Err(SignInError::Store(error)) => Err(error.into()),
        Err(SignInError::Wrong) => {
            note_failure(ctx, name, false)?;
            Ok(Err(FieldError::new("current", "That is not your current password.")))
        }
        Err(wait) => Ok(Err(FieldError::new("current", wait.to_string()))),
    }
}

fn session<'a>(ctx: &'a Ctx<'_>) -> Result<&'a [u8; 32], WebError> {
    ctx.session().ok_or_else(|| WebError::Unauthorized("Sign in first.".into()))
}

/// Whether the caller may not be without.
fn needed(ctx: &Ctx<'_>) -> Result<bool, WebError> {
    let rule = ctx.site.settings.current().general.second_factor_for_admins;
    Ok(rule && ctx.user()?.role >= Role::Admin)
}

fn show(ctx: &Ctx<'_>, adjust: impl FnOnce(&mut SecondFactorPage)) -> Result<Response, WebError> {
    let user = ctx.user()?;
    let kept = ctx.site.store.read(|tx| tx.second_factor(user.id))?;
    let waiting = ctx.session().filter(|_| kept.is_none());
    let waiting = waiting.and_then(|it| ctx.site.sign_in.enrolments.find(it, ctx.now));
    let mut view = SecondFactorPage {
        username: user.username.as_str().to_owned(),
        on_since: kept.as_ref().map(|it| TimeView::new(it.since, ctx.now, &ctx.zone())),
        codes_left: kept.map_or(0, |it| it.recovery.len() as u64),
        codes: RECOVERY_CODES as u64,
        needed: needed(ctx)?,
        now: TimeView::new(ctx.now, ctx.now, &ctx.zone()),
        enrolment: waiting.map(|secret| enrolment(ctx, user, &secret)),
        ..SecondFactorPage::default()
    };
    adjust(&mut view);
    let status = if view.errors.is_empty() { 200 } else { 422 };
    let page = Page::new("second_factor", "Second factor", "profile").status(status);
    render_with(ctx, &page, &view, |shell| shell.flash = flash(ctx))
}

fn enrolment(ctx: &Ctx<'_>, user: &User, secret: &TotpSecret) -> Enrolment {
    let name = ctx.site.settings.current().general.box_name.clone();
    let issuer = if name.is_empty() { ISSUER } else { &name };
    let address = secret.address(issuer, user.username.as_str());
    Enrolment { qr: Qr::of(address.expose()), secret: secret.in_fours() }
}
