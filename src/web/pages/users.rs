//! Settings/Users: list, add, change, suspend, passwords for others. Also for programs.

use serde::Serialize;

use crate::auth::setup::{SetupError, SetupForm, new_user};
use crate::auth::{reset, session};
use crate::domain::api_keys;
use crate::domain::outbox;
use crate::domain::users::{self, NewUser};
use crate::gate::{Form, Response};
use crate::model::audit::{Action, Change, differences};
use crate::model::notice::Notice;
use crate::model::text::clean;
use crate::model::user::{Role, User, UserId};
use crate::store::{ReadTx, StoreError};
use crate::web::api::rfc3339;
use crate::web::ctx::{Ctx, Input};
use crate::web::error::WebError;
use crate::web::pages::keys;
use crate::web::pages::login::refusal;
use crate::web::pages::person;
use crate::web::pages::shell::{Page, base_url, flash, render_with};
use crate::web::paths;
use crate::web::reply::json;
use crate::web::views::read::TimeView;
use crate::web::views::shell::ShellUser;
use crate::web::views::users::{UserForm, UserPage, UserRow, UsersPage};
use crate::web::views::{Choice, FieldError, Tag, Tone};

/// `GET /settings/users?q=`.
pub fn page(ctx: &Ctx<'_>, _: &mut Input<'_, '_>) -> Result<Response, WebError> {
    list(ctx, UserForm { roles: roles(ctx, Role::User), ..UserForm::default() }, Vec::new())
}

fn list(ctx: &Ctx<'_>, add: UserForm, errors: Vec<FieldError>) -> Result<Response, WebError> {
    let q = ctx.query()?.get("q").map(clean).unwrap_or_default();
    let all = ctx.site.store.read(users::list)?;
    let wanted = q.to_lowercase();
    // What people know of each other; the version of a picture is no such thing.
    let told = |user: &User| user.fields().into_iter().filter(|(name, _)| *name != "picture");
    let fits = |user: &&User| told(user).any(|(_, text)| text.to_lowercase().contains(&wanted));
    let view = UsersPage {
        users: all.iter().filter(fits).map(row).collect(),
        total: all.len() as u64,
        q,
        second_factor_for_admins: ctx.site.settings.current().general.second_factor_for_admins,
        add,
        errors,
    };
    let status = if view.errors.is_empty() { 200 } else { 422 };
    let page = Page::new("users", "Users", "users").status(status);
    render_with(ctx, &page, &view, |shell| shell.flash = flash(ctx))
}

/// `POST /settings/users`: a new account with a temporary password, shown this once.
pub fn add(ctx: &Ctx<'_>, input: &mut Input<'_, '_>) -> Result<Response, WebError> {
    let form = input.form()?;
    let typed = typed(ctx, form);
    let wrong = |error: FieldError| list(ctx, typed.clone(), vec![error]);
    let person = match person::parse(form) {
        Ok(person) => person,
        Err(errors) => return list(ctx, typed, errors),
    };
    let Some(role) = form.get("role").and_then(Role::parse) else {
        return wrong(FieldError::new("role", "Choose a role."));
    };
    let password = reset::temporary_password();
    let setup = SetupForm {
        username: &typed.username,
        email: &typed.email,
        name: &typed.name,
        password: password.expose(),
        ..SetupForm::default()
    };
    let new = match new_user(&ctx.site.sign_in.hasher, setup) {
        Ok(new) => NewUser { role, ..new },
        Err(SetupError::Field(field, message)) => return wrong(FieldError::new(field, message)),
        Err(error) => return Err(WebError::Internal(error.to_string())),
    };
    let actor = ctx.user()?;
    if role >= actor.role {
        return wrong(FieldError::new("role", users::NOT_ALLOWED));
    }
    let made = ctx.site.store.write(|tx| {
        let user = users::make_temporary(tx, users::create(tx, new, ctx.now)?, ctx.now)?;
        let user = users::set_person(tx, actor, user.id, &person)?;
        // Goes out when e-mail and a public address are set up.
        outbox::enqueue(tx, &Notice::Welcome { user: user.id.0 }, ctx.now)?;
        tx.audit(&ctx.event(Action::UserAdded).object(user.username.as_str()).note(role.name()))?;
        Ok(user)
    });
    match made {
        Ok(user) => show(ctx, user.id, |view| {
            password.expose().clone_into(&mut view.secret);
            "Temporary password".clone_into(&mut view.secret_is);
        }),
        Err(error) => wrong(refusal(error, "username")?),
    }
}

/// `GET /settings/users/{user}`.
pub fn one(ctx: &Ctx<'_>, _: &mut Input<'_, '_>) -> Result<Response, WebError> {
    show(ctx, target(ctx)?, |_| {})
}

/// `POST /settings/users/{user}`: what is known of the person, and the role.
pub fn save(ctx: &Ctx<'_>, input: &mut Input<'_, '_>) -> Result<Response, WebError> {
    let form = input.form()?;
    let (id, typed, actor) = (target(ctx)?, typed(ctx, form), ctx.user()?);
    let wrong = |errors: Vec<FieldError>| {
        show(ctx, id, |view| {
            let (username, roles) = (view.form.username.clone(), view.form.roles.clone());
            view.form = UserForm { username, roles, ..typed.clone() };
            view.errors = errors;
        })
    };
    let person = match person::parse(form) {
        Ok(person) => person,
        Err(errors) => return wrong(errors),
    };
    let role = form.get("role").map(|name| Role::parse(name).ok_or("Choose a role."));
    let role = match role.transpose() {
        Ok(role) => role,
        Err(message) => return wrong(vec![FieldError::new("role", message)]),
    };
    let saved = ctx.site.store.write(|tx| {
        let before = tx.user(id)?.ok_or(StoreError::Refused(users::UNKNOWN))?;
        let mut after = users::set_person(tx, actor, id, &person)?;
        if let Some(role) = role.filter(|role| *role != before.role) {
            after = users::set_role(tx, actor, id, role)?;
        }
        let changes = differences(&before.fields(), &after.fields());
        let event =
            ctx.event(Action::UserChanged).object(before.username.as_str()).changes(changes);
        if event.changes.is_empty() { Ok(()) } else { tx.audit(&event) }
    });
    match saved {
        Ok(()) => Ok(done(id, "saved")),
        Err(error) => wrong(vec![refusal(error, "")?]),
    }
}

/// `POST /settings/users/{user}/picture`: a form with a file; `remove` asks for initials again.
pub fn save_picture(ctx: &Ctx<'_>, input: &mut Input<'_, '_>) -> Result<Response, WebError> {
    let id = target(ctx)?;
    match person::save_avatar(ctx, input, id)? {
        Ok(()) => Ok(done(id, "saved")),
        Err(error) => show(ctx, id, |view| view.errors.push(error)),
    }
}

/// `POST /settings/users/{user}/status`: `suspended` or `active`.
pub fn set_status(ctx: &Ctx<'_>, input: &mut Input<'_, '_>) -> Result<Response, WebError> {
    let (id, actor) = (target(ctx)?, ctx.user()?);
    let suspended = match input.form()?.get("status") {
        Some("suspended") => true,
        Some("active") => false,
        _ => return Err(WebError::Bad("The status is active or suspended.".into())),
    };
    let action = if suspended { Action::UserSuspended } else { Action::UserRestored };
    let saved = ctx.site.store.write(|tx| {
        let user = users::set_suspended(tx, actor, id, suspended)?;
        tx.audit(&ctx.event(action).object(user.username.as_str()))
    });
    match saved {
        Ok(()) => Ok(done(id, "saved")),
        Err(error) => {
            let error = refusal(error, "")?;
            show(ctx, id, |view| view.errors.push(error))
        }
    }
}

/// `POST /settings/users/{user}/password`: a temporary password, shown this once.
pub fn set_password(ctx: &Ctx<'_>, _: &mut Input<'_, '_>) -> Result<Response, WebError> {
    let (id, actor) = (target(ctx)?, ctx.user()?);
    let password = reset::temporary_password();
    let hash = ctx.site.sign_in.hasher.hash(password.expose());
    let hash = hash.ok_or_else(|| WebError::Internal("no hash was made".into()))?;
    let saved = ctx.site.store.write(|tx| {
        let user = users::set_temporary_password(tx, actor, id, &hash, ctx.now)?;
        tx.audit(&ctx.event(Action::PasswordSet).object(user.username.as_str()))
    });
    shown_once(ctx, id, saved, password.expose(), "Temporary password")
}

/// `POST /settings/users/{user}/keys/{key}/revoke`: a key of theirs ends.
pub fn revoke_key(ctx: &Ctx<'_>, _: &mut Input<'_, '_>) -> Result<Response, WebError> {
    let (id, actor) = (target(ctx)?, ctx.user()?);
    let key = ctx.param("key").unwrap_or_default();
    let saved = ctx.site.store.write(|tx| {
        let (owner, key) = api_keys::revoke_of(tx, actor, id, key)?;
        let event = ctx.event(Action::KeyRevoked).object(owner.username.as_str());
        let event = event.note(key.name.as_str());
        tx.audit(&event.changes(Change::of("key ends in", &key.last_four, "")))
    });
    match saved {
        Ok(()) => Ok(done(id, "revoked")),
        Err(error) => {
            let error = refusal(error, "")?;
            show(ctx, id, |view| view.errors.push(error))
        }
    }
}

/// `POST /settings/users/{user}/link`: a link to set a password with, shown this once, or sent in a
/// letter when the form has `letter`.
pub fn make_link(ctx: &Ctx<'_>, input: &mut Input<'_, '_>) -> Result<Response, WebError> {
    let (id, actor) = (target(ctx)?, ctx.user()?);
    if input.form()?.get("letter").is_some() {
        if !ctx.site.store.read(outbox::sends_letters)? {
            let message = "No letters can be sent: set up e-mail and a public address first.";
            return show(ctx, id, |view| view.errors.push(FieldError::new("", message)));
        }
        let queued = ctx.site.store.write(|tx| {
            let user = outbox::mail_reset_link(tx, actor, id, ctx.now)?;
            let event = ctx.event(Action::ResetLinkMade).object(user.username.as_str());
            tx.audit(&event.note("sent by e-mail"))
        });
        return match queued {
            Ok(()) => Ok(done(id, "letter")),
            Err(error) => {
                let error = refusal(error, "")?;
                show(ctx, id, |view| view.errors.push(error))
            }
        };
    }
    let (token, link) = reset::new_link(id, ctx.now);
    let saved = ctx.site.store.write(|tx| {
        let user = users::put_reset_link(tx, actor, &link)?;
        tx.audit(&ctx.event(Action::ResetLinkMade).object(user.username.as_str()))
    });
    let address = format!("{}{}/{}", base_url(ctx), paths::RESET, token.expose());
    shown_once(ctx, id, saved, &address, "Link, valid for a day and once")
}

fn shown_once(
    ctx: &Ctx<'_>,
    id: UserId,
    saved: Result<(), StoreError>,
    secret: &str,
    what: &str,
) -> Result<Response, WebError> {
    match saved {
        Ok(()) => show(ctx, id, |view| {
            secret.clone_into(&mut view.secret);
            what.clone_into(&mut view.secret_is);
        }),
        Err(error) => {
            let error = refusal(error, "")?;
            show(ctx, id, |view| view.errors.push(error))
        }
    }
}

/// The `{user}` of the route.
pub fn target(ctx: &Ctx<'_>) -> Result<UserId, WebError> {
    let number = ctx.param("user").and_then(|text| text.parse().ok());
    number.map(UserId).ok_or(WebError::NotFound)
}

/// Back to the page of an account, which says `what` was done.
pub fn done(id: UserId, what: &str) -> Response {
    Response::redirect(303, &format!("{}?done={what}", href(id)))
}

fn href(id: UserId) -> String {
    format!("{}/{}", paths::USERS, id.0)
}

fn typed(ctx: &Ctx<'_>, form: &Form) -> UserForm {
    let role = form.get("role").and_then(Role::parse).unwrap_or(Role::User);
    UserForm { roles: roles(ctx, role), ..person::typed(form) }
}

/// Roles that the caller may give.
fn roles(ctx: &Ctx<'_>, chosen: Role) -> Vec<Choice> {
    let own = ctx.role().unwrap_or(Role::Viewer);
    let may = Role::ALL.into_iter().filter(|role| *role < own);
    may.map(|role| Choice::new(role.name(), label(role), role == chosen)).collect()
}

fn initials(user: &User) -> String {
    ShellUser::new(&user.name, user.username.as_str(), user.role).initials
}

fn label(role: Role) -> String {
    ShellUser::new("", "", role).role
}

fn status(user: &User) -> Tag {
    if user.suspended {
        Tag::new(Tone::Bad, "Suspended")
    } else if user.must_change_password {
        Tag::new(Tone::Warn, "Temporary password")
    } else {
        Tag::new(Tone::Ok, "Active")
    }
}

fn row(user: &User) -> UserRow {
    UserRow {
        href: href(user.id),
        avatar: person::avatar_href(user),
        initials: initials(user),
        username: user.username.as_str().to_owned(),
        name: user.name.clone(),
        email: user.email.as_str().to_owned(),
        organisation: user.details.organisation.clone(),
        role: label(user.role),
        status: status(user),
    }
}

/// The page of one account; `adjust` has the last word.
pub fn show(
    ctx: &Ctx<'_>,
    id: UserId,
    adjust: impl FnOnce(&mut UserPage),
) -> Result<Response, WebError> {
    let (second_factor, letters) = ctx
        .site
        .store
        .read(|tx| Ok((tx.second_factor(id)?.is_some(), outbox::sends_letters(tx)?)))?;
    let found =
        ctx.site.store.read(|tx| Ok((tx.user(id)?, tx.api_keys_of(id)?, tx.sessions_of(id)?)))?;
    let (Some(user), keys, sessions) = found else { return Err(WebError::NotFound) };
    let own = ctx.user()?;
    let fixed = if user.id == own.id {
        "This is you: change it on your profile."
    } else if user.role >= own.role {
        "You may not change this account."
    } else {
        ""
    };
    let live = sessions.iter().filter(|it| session::is_live(it, ctx.now)).count();
    let query = crate::gate::form::encode([("who", user.username.as_str())]);
    let mut view = UserPage {
        href: href(id),
        form: UserForm {
            roles: if fixed.is_empty() { roles(ctx, user.role) } else { Vec::new() },
            ..person::form_of(&user)
        },
        avatar: person::avatar_href(&user),
        initials: initials(&user),
        role: label(user.role),
        status: status(&user),
        suspended: user.suspended,
        fixed: fixed.to_owned(),
        created: TimeView::new(user.created_at, ctx.now, &ctx.zone()),
        sessions: live as u64,
        keys: keys.iter().map(|key| keys::row(ctx, key)).collect(),
        second_factor,
        audit_href: format!("{}?{query}", paths::AUDIT),
        letters,
        ..UserPage::default()
    };
    adjust(&mut view);
    let status = if view.errors.is_empty() { 200 } else { 422 };
    let page = Page::new("user", user.username.as_str(), "users").status(status);
    render_with(ctx, &page, &view, |shell| shell.flash = flash(ctx))
}

/// An account for programs: no hash, no key.
#[derive(Serialize)]
struct UserView {
    id: u32,
    username: String,
    name: String,
    email: String,
    role: &'static str,
    status: &'static str,
    organisation: String,
    phone: String,
    website: String,
    address: String,
    zip: String,
    time_zone: String,
    created_at: String,
}

#[derive(Serialize)]
struct ListBody {
    data: Vec<UserView>,
}

/// `GET /api/v1/users`.
pub fn api_list(ctx: &Ctx<'_>, _: &mut Input<'_, '_>) -> Result<Response, WebError> {
    let all = ctx.site.store.read(ReadTx::users)?;
    let view = |user: User| UserView {
        id: user.id.0,
        username: user.username.as_str().to_owned(),
        name: user.name,
        email: user.email.as_str().to_owned(),
        role: user.role.name(),
        status: if user.suspended { "suspended" } else { "active" },
        organisation: user.details.organisation,
        phone: user.details.phone,
        website: user.details.website,
        address: user.details.address,
        zip: user.details.zip,
        time_zone: user.time_zone,
        created_at: rfc3339(user.created_at),
    };
    Ok(json(200, &ListBody { data: all.into_iter().map(view).collect() }))
}
