//! The form behind a reset link: whoever has the link sets the password, once.

use crate::auth::policy::{self, Standing};
use crate::auth::reset;
use crate::domain::users;
use crate::gate::Response;
use crate::model::audit::Action;
use crate::model::ban::Offence;
use crate::model::user::User;
use crate::web::ctx::{Ctx, Input};
use crate::web::doorman::offend;
use crate::web::error::WebError;
use crate::web::pages::login::refusal;
use crate::web::pages::shell::{Page, render};
use crate::web::paths;
use crate::web::views::FieldError;
use crate::web::views::users::ResetPage;

/// `GET /reset/{token}`.
pub fn form(ctx: &Ctx<'_>, _: &mut Input<'_, '_>) -> Result<Response, WebError> {
    let user = find(ctx)?.map(|(user, _)| user);
    show(ctx, user.as_ref(), Vec::new())
}

/// `POST /reset/{token}`: sets the password, ends the account's sessions and the link.
pub fn save(ctx: &Ctx<'_>, input: &mut Input<'_, '_>) -> Result<Response, WebError> {
    let Some((user, link)) = find(ctx)? else { return show(ctx, None, Vec::new()) };
    let password = input.form()?.get("password").unwrap_or_default();
    let wrong =
        |message: String| show(ctx, Some(&user), vec![FieldError::new("password", message)]);
    let standing = ctx.site.store.read(|tx| Standing::of(tx, &user))?;
    let hash = match policy::accept(&ctx.site.sign_in.hasher, password, &standing) {
        Ok(hash) => hash,
        Err(message) => return wrong(message),
    };
    let saved = ctx.site.store.write(|tx| {
        let user = users::use_reset_link(tx, &link, &hash, ctx.now)?;
        tx.audit(&ctx.event(Action::ResetLinkUsed).by(&user).object(user.username.as_str()))
    });
    match saved {
        Ok(()) => Ok(Response::redirect(303, &format!("{}?done=reset", paths::SIGN_IN))),
        Err(error) => wrong(refusal(error, "password")?.message),
    }
}

/// The account and the hash of the link. A token that leads nowhere is an offence: it was guessed.
fn find(ctx: &Ctx<'_>) -> Result<Option<(User, [u8; 32])>, WebError> {
    let hash = reset::hash(ctx.param("token").unwrap_or_default());
    let Some(hash) = hash else { return Ok(None) };
    let user = ctx.site.store.read(|tx| users::reset_link_user(tx, &hash, ctx.now))?;
    if user.is_none() {
        offend(ctx.site, ctx.head.client, Offence::SignIn);
    }
    Ok(user.map(|user| (user, hash)))
}

fn show(ctx: &Ctx<'_>, user: Option<&User>, errors: Vec<FieldError>) -> Result<Response, WebError> {
    let status = match user {
        None => 404,
        Some(_) if errors.is_empty() => 200,
        Some(_) => 422,
    };
    let standing = match user {
        Some(user) => ctx.site.store.read(|tx| Standing::of(tx, user))?,
        None => Standing::default(),
    };
    let view = ResetPage {
        action: ctx.head.path.clone(),
        username: user.map(|user| user.username.as_str().to_owned()).unwrap_or_default(),
        password_min: standing.chars_min(),
        errors,
    };
    render(ctx, &Page::new("reset", "Set a password", "").status(status), &view)
}
