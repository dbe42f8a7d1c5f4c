//! First run: the owner's account, time and name of the box, the key, the first read.

use crate::auth::setup::{self, SetupError, SetupForm};
use crate::auth::token;
use crate::domain::settings::GeneralForm;
use crate::gate::Response;
use crate::model::api_key::Scope;
use crate::model::ban::Offence;
use crate::model::query::{PageRequest, Query};
use crate::model::text::clean;
use crate::web::ctx::{Ctx, Input};
use crate::web::doorman::offend;
use crate::web::error::WebError;
use crate::web::pages::keys;
use crate::web::pages::login::enter;
use crate::web::pages::settings::save_settings;
use crate::web::pages::shell::{Page, base_url, post_address, render};
use crate::web::paths;
use crate::web::reply::json;
use crate::web::views::FieldError;
use crate::web::views::read::{TimeView, href};
use crate::web::views::setup::{SetupAccount, SetupKey, SetupPlace, SetupStatus, SetupWait, zones};

/// `GET /setup`.
pub fn account_form(ctx: &Ctx<'_>, _: &mut Input<'_, '_>) -> Result<Response, WebError> {
    let view = SetupAccount { code_required: !at_the_box(ctx), ..SetupAccount::default() };
    render(ctx, &Page::new("setup_account", "Set up", ""), &view)
}

/// `POST /setup`: makes the owner's account and signs it in.
pub fn create_account(ctx: &Ctx<'_>, input: &mut Input<'_, '_>) -> Result<Response, WebError> {
    let form = input.form()?;
    let field = |name: &str| form.get(name).unwrap_or_default().to_owned();
    let (code, username, name) = (field("code"), field("username"), field("name"));
    let (email, password) = (field("email"), field("password"));
    let typed = SetupForm {
        username: &username,
        email: &email,
        name: &name,
        password: &password,
        time_zone: "",
        code: &code,
    };
    let site = ctx.site;
    let (address, local) = (ctx.head.client, at_the_box(ctx));
    let code_of_box = site.setup_code.as_ref().ok_or(WebError::NotFound)?;
    let claimed =
        setup::claim(&site.store, &site.sign_in, code_of_box, typed, address, local, ctx.now);
    let error = match claimed {
        Ok((user, _)) => return enter(ctx, &user, paths::SETUP_PLACE),
        Err(SetupError::Store(error)) => return Err(error.into()),
        Err(SetupError::Closed) => return Ok(Response::redirect(303, paths::SIGN_IN)),
        Err(SetupError::Field(field, message)) => FieldError::new(field, message),
        Err(error @ SetupError::Code) => {
            offend(site, address, Offence::SignIn);
            FieldError::new("code", error.to_string())
        }
        Err(error) => FieldError::new("", error.to_string()),
    };
    let view = SetupAccount {
        code_required: !local,
        code: clean(&code),
        username: clean(&username),
        name: clean(&name),
        email: clean(&email),
        errors: vec![error],
        ..SetupAccount::default()
    };
    render(ctx, &Page::new("setup_account", "Set up", "").status(422), &view)
}

/// The visitor sits at the box itself, and no proxy stands in between.
fn at_the_box(ctx: &Ctx<'_>) -> bool {
    let forwarded = ["forwarded", "x-forwarded-for", "x-real-ip", "via"];
    ctx.loopback() && forwarded.iter().all(|name| ctx.head.headers.get(name).is_none())
}

/// `GET /setup/place`.
pub fn place_form(ctx: &Ctx<'_>, _: &mut Input<'_, '_>) -> Result<Response, WebError> {
    let general = &ctx.site.settings.current().general;
    place_page(ctx, &general.box_name, &general.time_zone, Vec::new())
}

/// `POST /setup/place`.
pub fn save_place(ctx: &Ctx<'_>, input: &mut Input<'_, '_>) -> Result<Response, WebError> {
    let form = input.form()?;
    let (box_name, time_zone) =
        (form.get("box_name").unwrap_or_default(), form.get("time_zone").unwrap_or_default());
    let typed = GeneralForm {
        box_name: Some(box_name),
        time_zone: Some(time_zone),
        ..GeneralForm::default()
    };
    match save_settings(ctx, typed)? {
        Ok(()) => Ok(Response::redirect(303, paths::SETUP_KEY)),
        Err(errors) => place_page(ctx, &clean(box_name), &clean(time_zone), errors),
    }
}

fn place_page(
    ctx: &Ctx<'_>,
    box_name: &str,
    zone: &str,
    errors: Vec<FieldError>,
) -> Result<Response, WebError> {
    let status = if errors.is_empty() { 200 } else { 422 };
    let view = SetupPlace {
        box_name: box_name.to_owned(),
        zones: zones(zone),
        now: TimeView::new(ctx.now, ctx.now, &ctx.zone()),
        errors,
    };
    render(ctx, &Page::new("setup_place", "Set up", "").status(status), &view)
}

/// `GET /setup/key`: offers to make a key; a key made before is never shown again.
pub fn key_page(ctx: &Ctx<'_>, _: &mut Input<'_, '_>) -> Result<Response, WebError> {
    let view =
        SetupKey { key: String::new(), last_four: last_four(ctx)?, address: post_address(ctx) };
    render(ctx, &Page::new("setup_key", "Set up", ""), &view)
}

/// `POST /setup/key`: makes a key and shows it this once.
pub fn make_key(ctx: &Ctx<'_>, _: &mut Input<'_, '_>) -> Result<Response, WebError> {
    let key = keys::first(ctx)?;
    let view = SetupKey {
        key: key.secret.expose().to_owned(),
        last_four: token::last_four(key.secret.expose()),
        address: post_address(ctx),
    };
    render(ctx, &Page::new("setup_key", "Set up", ""), &view)
}

/// `GET /setup/first-read`.
pub fn waiting_page(ctx: &Ctx<'_>, _: &mut Input<'_, '_>) -> Result<Response, WebError> {
    let view = SetupWait {
        status: current_status(ctx)?,
        address: post_address(ctx),
        base: base_url(ctx),
        port: ctx.site.port,
        last_four: last_four(ctx)?,
    };
    render(ctx, &Page::new("setup_wait", "Set up", ""), &view)
}

/// `GET /setup/status`, polled by the waiting page.
pub fn status(ctx: &Ctx<'_>, _: &mut Input<'_, '_>) -> Result<Response, WebError> {
    Ok(json(200, &current_status(ctx)?))
}

fn current_status(ctx: &Ctx<'_>) -> Result<SetupStatus, WebError> {
    let site = ctx.site;
    let request = PageRequest { limit: 1, before: None, total: false };
    let first = site.store.search(&Query::default(), request)?.rows.into_iter().next();
    let refusals = site.refusals.counts();
    let count = |name: &str| refusals.iter().find(|(why, _)| *why == name).map_or(0, |row| row.1);
    let taken = site.ingest.figures().payloads.load(std::sync::atomic::Ordering::Relaxed);
    let message = if first.is_some() {
        "The first read has arrived.".to_owned()
    } else if taken > 0 {
        "A post arrived and its key was right. A read follows when a car passes.".to_owned()
    } else if count("key") > 0 {
        "A post arrived with a wrong or missing key. Check the Custom Data.".to_owned()
    } else if count("malformed") + count("body") > 0 {
        "A post arrived that was not a payload. Check the address.".to_owned()
    } else {
        "Nothing has reached this address yet.".to_owned()
    };
    Ok(SetupStatus {
        key_accepted: taken > 0 || first.is_some(),
        received: first.is_some(),
        message,
        href: first.as_ref().map(|capture| href(capture.key)).unwrap_or_default(),
        plate: first
            .and_then(|capture| capture.plate)
            .map(|plate| plate.as_str().to_owned())
            .unwrap_or_default(),
    })
}

/// Last four characters of the caller's first key for posting, `""` without one.
pub fn last_four(ctx: &Ctx<'_>) -> Result<String, WebError> {
    let user = ctx.user()?.id;
    let keys = ctx.site.store.read(|tx| tx.api_keys_of(user))?;
    let posts = keys.into_iter().find(|key| key.scopes.has(Scope::Post));
    Ok(posts.map(|key| key.last_four).unwrap_or_default())
}
