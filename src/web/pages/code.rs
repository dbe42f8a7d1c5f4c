//! The second step of signing in: a code of the app, or a recovery code. Between the steps a
//! browser has nothing but a token that opens this page for minutes.

use crate::auth::second_factor::KEY_LOST;
use crate::auth::second_step;
use crate::auth::sign_in::SignInError;
use crate::gate::{Form, Response};
use crate::model::user::User;
use crate::store::StoreError;
use crate::web::ctx::{Ctx, Input};
use crate::web::error::WebError;
use crate::web::pages::login::{entered, note_failure, refusal, start_session};
use crate::web::pages::shell::{Page, local_path, render};
use crate::web::paths;
use crate::web::views::FieldError;
use crate::web::views::sign_in::SignInCode;

/// The password of `user` was right: leads on to the form for the code, and from there to `next`.
pub fn ask(ctx: &Ctx<'_>, user: &User, next: &str) -> Response {
    let token = ctx.site.sign_in.second_step.begin(user, ctx.now);
    let query = crate::gate::form::encode([("next", next)]);
    Response::redirect(303, &format!("{}?{query}", paths::SIGN_IN_CODE))
        .header("Set-Cookie", second_step::set_cookie(&token, ctx.head.secure))
}

/// `GET /sign-in/code`.
pub fn form(ctx: &Ctx<'_>, _: &mut Input<'_, '_>) -> Result<Response, WebError> {
    let next = next(&ctx.query()?);
    match waiting(ctx)? {
        Some(_) => show(ctx, next, None),
        None => Ok(again()),
    }
}

/// `POST /sign-in/code`.
pub fn confirm(ctx: &Ctx<'_>, input: &mut Input<'_, '_>) -> Result<Response, WebError> {
    let form = input.form()?;
    let (typed, next) = (form.get("code").unwrap_or_default(), next(form));
    let Some(user) = waiting(ctx)? else { return Ok(again()) };
    let (site, address) = (ctx.site, ctx.head.client);
    let proved = site.sign_in.prove(&site.store, &user, typed, address, ctx.now, |tx, proof| {
        start_session(ctx, tx, &user, &proof.note())
    });
    match proved {
        Ok(session) => {
            site.sign_in.second_step.end(token(ctx));
            let gone = second_step::clear_cookie(ctx.head.secure);
            Ok(entered(ctx, &session, &next).header("Set-Cookie", gone))
        }
        Err(SignInError::Store(error @ StoreError::Refused(KEY_LOST))) => {
            let error = refusal(error, "code")?;
            show(ctx, next, Some((error, 0)))
        }
        Err(SignInError::Store(error)) => Err(error.into()),
        Err(error) => {
            let wait = if let SignInError::Wait(seconds) = &error { *seconds } else { 0 };
            note_failure(ctx, user.username.as_str(), wait > 0)?;
            show(ctx, next, Some((FieldError::new("code", error.to_string()), wait)))
        }
    }
}

/// The account whose password this browser has given; nobody when its second factor has been removed
/// since, as the password alone signs in then.
fn waiting(ctx: &Ctx<'_>) -> Result<Option<User>, WebError> {
    let site = ctx.site;
    let Some(user) = site.sign_in.second_step.find(&site.store, token(ctx), ctx.now)? else {
        return Ok(None);
    };
    let on = site.store.read(|tx| tx.second_factor(user.id))?.is_some();
    Ok(on.then_some(user))
}

fn token<'a>(ctx: &Ctx<'a>) -> &'a str {
    let name = second_step::cookie_name(ctx.head.secure);
    ctx.head.headers.cookie(name).unwrap_or_default()
}

fn again() -> Response {
    Response::redirect(303, &format!("{}?done=again", paths::SIGN_IN))
}

fn next(form: &Form) -> String {
    form.get("next").map_or(paths::HOME, local_path).to_owned()
}

fn show(
    ctx: &Ctx<'_>,
    next: String,
    error: Option<(FieldError, i64)>,
) -> Result<Response, WebError> {
    let wait = error.as_ref().map_or(0, |(_, wait)| *wait);
    let status = match &error {
        None => 200,
        Some(_) if wait > 0 => 429,
        Some(_) => 401,
    };
    let view = SignInCode { next, errors: error.into_iter().map(|(error, _)| error).collect() };
    let response = render(ctx, &Page::new("sign_in_code", "Code", "").status(status), &view)?;
    Ok(if wait > 0 { response.header("Retry-After", wait.to_string()) } else { response })
}
