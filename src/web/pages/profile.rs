//! The caller's own account: person, password, sessions. Keys stand beside in `keys`.

use crate::auth::policy::{self, Standing};
use crate::auth::session;
use crate::domain::users;
use crate::gate::Response;
use crate::model::api_key::Scopes;
use crate::model::audit::{Action, differences};
use crate::model::notice::Ways;
use crate::model::user::Session;
use crate::web::ctx::{Ctx, Input};
use crate::web::error::WebError;
use crate::web::pages::keys;
use crate::web::pages::login::{note_failure, refusal};
use crate::web::pages::person;
use crate::web::pages::shell::{Page, flash, post_address, render_with};
use crate::web::views::profile::{Profile, SessionRow};
use crate::web::views::read::TimeView;
use crate::web::views::setup::zones;
use crate::web::views::shell::ShellUser;
use crate::web::views::users::UserForm;
use crate::web::views::{Choice, FieldError};
use crate::web::{format, paths};

/// `GET /profile`.
pub fn page(ctx: &Ctx<'_>, _: &mut Input<'_, '_>) -> Result<Response, WebError> {
    show(ctx, |_| {})
}

/// `POST /profile`: the person and the time zone.
pub fn save(ctx: &Ctx<'_>, input: &mut Input<'_, '_>) -> Result<Response, WebError> {
    let form = input.form()?;
    let zone = form.get("time_zone").unwrap_or_default();
    let user = ctx.user()?.id;
    let errors = match person::parse(form) {
        Err(errors) => errors,
        Ok(person) => {
            let saved = ctx.site.store.write(|tx| {
                let before = tx.user(user)?.map(|user| user.fields()).unwrap_or_default();
                let after = users::set_profile(tx, user, &person, zone)?;
                let changes = differences(&before, &after.fields());
                tx.audit(&ctx.event(Action::ProfileChanged).changes(changes))
            });
            match saved {
                Ok(()) => return Ok(done("saved")),
                Err(error) => vec![refusal(error, "time_zone")?],
            }
        }
    };
    show(ctx, |view| {
        let username = std::mem::take(&mut view.form.username);
        view.form = UserForm { username, ..person::typed(form) };
        view.errors = errors;
    })
}

/// `POST /profile/picture`: a form with a file; `remove` asks for initials again.
pub fn save_picture(ctx: &Ctx<'_>, input: &mut Input<'_, '_>) -> Result<Response, WebError> {
    match person::save_avatar(ctx, input, ctx.user()?.id)? {
        Ok(()) => Ok(done("saved")),
        Err(error) => show(ctx, |view| view.errors.push(error)),
    }
}

/// `POST /profile/password`: needs the current one; other sessions end.
pub fn change_password(ctx: &Ctx<'_>, input: &mut Input<'_, '_>) -> Result<Response, WebError> {
    let form = input.form()?;
    let current = form.get("current").unwrap_or_default();
    let password = form.get("password").unwrap_or_default();
    let (site, user) = (ctx.site, ctx.user()?);
    let name = user.username.as_str();
    let checked = site.sign_in.authenticate(&site.store, name, current, ctx.head.client, ctx.now);
    let error = match checked {
        Err(crate::auth::sign_in::SignInError::Store(error)) => return Err(error.into()),
        Err(crate::auth::sign_in::SignInError::Wrong) => {
            note_failure(ctx, name, false)?;
            FieldError::new("current", "That is not your current password.")
        }
        Err(wait) => FieldError::new("current", wait.to_string()),
        Ok(_) if password == current => {
            FieldError::new("password", "Choose another password than the one so far.")
        }
        Ok(user) => {
            let standing = site.store.read(|tx| Standing::of(tx, &user))?;
            match policy::accept(&site.sign_in.hasher, password, &standing) {
                Err(message) => FieldError::new("password", message),
                Ok(hash) => {
                    let keep = ctx.session().copied();
                    site.store.write(|tx| {
                        tx.audit(&ctx.event(Action::PasswordChanged))?;
                        users::set_password(tx, user.id, &hash, keep)
                    })?;
                    return Ok(done("password"));
                }
            }
        }
    };
    show(ctx, |view| view.errors.push(error))
}

/// `POST /profile/ways`: by which ways the caller wants to be told.
pub fn save_ways(ctx: &Ctx<'_>, input: &mut Input<'_, '_>) -> Result<Response, WebError> {
    let form = input.form()?;
    let ways = Ways { email: form.get("email").is_some(), sms: form.get("sms").is_some() };
    let user = ctx.user()?.id;
    ctx.site.store.write(|tx| {
        let before = tx.ways(user)?;
        tx.put_ways(user, ways)?;
        let changes = differences(&before.fields(), &ways.fields());
        tx.audit(&ctx.event(Action::ProfileChanged).changes(changes))
    })?;
    Ok(done("saved"))
}

/// `POST /profile/sessions`: ends one of the caller's sessions, or all others.
pub fn end_sessions(ctx: &Ctx<'_>, input: &mut Input<'_, '_>) -> Result<Response, WebError> {
    let asked = input.form()?.get("session").unwrap_or_default().to_owned();
    let (user, own) = (ctx.user()?.id, ctx.session().copied());
    let others = asked == "others";
    ctx.site.store.write(|tx| {
        let mut count = 0_u64;
        for session in tx.sessions()?.into_iter().filter(|session| session.user == user) {
            let chosen = if others { Some(session.hash) != own } else { id_of(&session) == asked };
            if chosen {
                session::revoke(tx, &session.hash)?;
                count += 1;
            }
        }
        let event =
            ctx.event(Action::SessionsEnded).note(format::count(count, "session", "sessions"));
        if count > 0 { tx.audit(&event) } else { Ok(()) }
    })?;
    Ok(done(if others { "sessions" } else { "session" }))
}

/// Back to the profile, which says that `what` is done.
pub fn done(what: &str) -> Response {
    Response::redirect(303, &format!("{}?done={what}", paths::PROFILE))
}

/// Names a session in forms: the start of its hash, which opens nothing.
fn id_of(session: &Session) -> String {
    let start: [u8; 8] = std::array::from_fn(|index| session.hash.get(index).copied().unwrap_or(0));
    format!("{:016x}", u64::from_be_bytes(start))
}

/// The profile as it is now, after `adjust`.
pub fn show(ctx: &Ctx<'_>, adjust: impl FnOnce(&mut Profile)) -> Result<Response, WebError> {
    // Read afresh: what was just changed is shown as it is now.
    let id = ctx.user()?.id;
    let (user, own_keys, mut sessions) =
        ctx.site.store.read(|tx| Ok((tx.user(id)?, tx.api_keys_of(id)?, tx.sessions_of(id)?)))?;
    let user = user.ok_or(WebError::NotFound)?;
    let (standing, factor, ways) = ctx
        .site
        .store
        .read(|tx| Ok((Standing::of(tx, &user)?, tx.second_factor(id)?, tx.ways(id)?)))?;
    sessions.retain(|session| session::is_live(session, ctx.now));
    let zone = ctx.zone();
    let time = |at| TimeView::new(at, ctx.now, &zone);
    let own_zone = Choice::new("", "As the box", user.time_zone.is_empty());
    let mut choices = zones(&user.time_zone);
    for choice in &mut choices {
        choice.selected &= !user.time_zone.is_empty();
    }
    choices.insert(0, own_zone);
    let frame = ShellUser::new(&user.name, user.username.as_str(), user.role);
    let numbered = !user.details.phone.is_empty();
    let by_sms = if numbered { "By SMS" } else { "By SMS (needs your phone number)" };
    let mut view = Profile {
        form: person::form_of(&user),
        role: frame.role,
        initials: frame.initials,
        avatar: person::avatar_href(&user),
        zones: choices,
        keys: own_keys.iter().map(|key| keys::row(ctx, key)).collect(),
        scopes: keys::choices(&user, Scopes::default()),
        address: post_address(ctx),
        second_factor: factor.is_some(),
        codes_left: factor.map_or(0, |it| it.recovery.len() as u64),
        ways: vec![
            Choice::new("email", "By e-mail", ways.email),
            Choice::new("sms", by_sms, ways.sms),
        ],
        password_min: standing.chars_min(),
        sessions: sessions
            .iter()
            .rev()
            .map(|session| SessionRow {
                id: id_of(session),
                current: Some(&session.hash) == ctx.session(),
                browser: browser(&session.agent),
                address: session.address.clone(),
                since: time(session.created_at),
                last_used: time(session.last_used),
            })
            .collect(),
        ..Profile::default()
    };
    adjust(&mut view);
    let status = if view.errors.is_empty() { 200 } else { 422 };
    let page = Page::new("profile", "Profile", "profile").status(status);
    render_with(ctx, &page, &view, |shell| shell.flash = flash(ctx))
}

/// `Firefox on Linux` where both can be told, else what was sent.
fn browser(agent: &str) -> String {
    let find = |known: &[(&str, &'static str)]| {
        known.iter().find(|(mark, _)| agent.contains(mark)).map(|(_, name)| *name)
    };
    let name = find(&[
        ("Edg", "Edge"),
        ("OPR/", "Opera"),
        ("Firefox", "Firefox"),
        ("Chrom", "Chrome"),
        ("Safari", "Safari"),
        ("curl", "curl"),
    ]);
    let system = find(&[
        ("Android", "Android"),
        ("iPhone", "iPhone"),
        ("iPad", "iPad"),
        ("Windows", "Windows"),
        ("Mac OS", "macOS"),
        ("Linux", "Linux"),
    ]);
    match (name, system) {
        (Some(name), Some(system)) => format!("{name} on {system}"),
        (Some(name), None) => name.to_owned(),
        _ if agent.is_empty() => "Unknown browser".to_owned(),
        _ => agent.to_owned(),
    }
}
