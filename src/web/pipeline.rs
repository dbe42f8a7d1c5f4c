//! The life of a request, in order: file or route, caller, access, forgery check, handler, error
//! page, security headers.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use crate::auth::caller::{Caller, Credentials};
use crate::auth::{csrf, session, setup};
use crate::base::network::is_loopback;
use crate::base::random;
use crate::domain::nuisance;
use crate::gate::{Body, Handler, Head, Method, Response};
use crate::model::audit::Action;
use crate::model::ban::Offence;
use crate::model::user::Role;
use crate::web::access::{Access, Verdict};
use crate::web::ctx::{Ctx, Input, bearer, target};
use crate::web::doorman::offend;
use crate::web::error::WebError;
use crate::web::headers::{Class, secure};
use crate::web::routes::{self, Found, Route};
use crate::web::site::Site;
use crate::web::{compress, door, files, pages, paths};

/// Answers requests with the pages and data of one [`Site`].
pub struct Pipeline(pub Arc<Site>);

impl Handler for Pipeline {
    fn handle(&self, head: &Head, body: &mut Body<'_>) -> Response {
        let site = &*self.0;
        door::insist_on_tls(site, head, respond(site, head, body))
    }
}

fn respond(site: &Site, head: &Head, body: &mut Body<'_>) -> Response {
    if let Some(response) = files::serve(site, head) {
        return response;
    }
    let id = random::token(6);
    let outcome = catch_unwind(AssertUnwindSafe(|| answer(site, head, body, &id)));
    outcome.unwrap_or_else(|_| {
        let error = WebError::Internal("a handler panicked".into());
        fail(site, head, None, &error, &id)
    })
}

fn answer(site: &Site, head: &Head, body: &mut Body<'_>, id: &str) -> Response {
    let (route, params) = match routes::find(&head.method, &head.path) {
        Found::Route(route, params) => (route, params),
        _ if !door::knows(site, head) => {
            return fail(site, head, None, &WebError::Misdirected, id);
        }
        Found::Method => return fail(site, head, None, &WebError::Method, id),
        Found::Nothing => {
            note_stray(site, head);
            return fail(site, head, None, &WebError::NotFound, id);
        }
    };
    match door::scheme(site, head, route) {
        Ok(None) => {}
        Ok(Some(redirect)) => return secure(redirect, route.class),
        Err(error) => return fail(site, head, Some(route), &error, id),
    }
    match admitted(site, head, body, route, params, id) {
        Ok(response) => secure(compress::page(head, response), route.class),
        Err(error) => fail(site, head, Some(route), &error, id),
    }
}

/// Whoever has to do something about the own account first gets no further: to change a password
/// that somebody else set or that is too short, then to set up the second factor that
/// administrators need.
fn own_account_first(ctx: &Ctx<'_>) -> Result<Option<Response>, WebError> {
    let Caller::Session { user, .. } = &ctx.caller else { return Ok(None) };
    let (path, safe) = (ctx.route.path, ctx.head.method.is_safe());
    let may_wait = [paths::SIGN_OUT, paths::THEME].contains(&path)
        || !matches!(ctx.route.access, Access::Page(_) | Access::Api(_));
    if may_wait {
        return Ok(None);
    }
    if user.must_change_password {
        let open = path == paths::PROFILE_PASSWORD || (path == paths::PROFILE && safe);
        let place = format!("{}?done=change#f-current", paths::PROFILE);
        return Ok((!open).then(|| Response::redirect(303, &place)));
    }
    let general = &ctx.site.settings.current().general;
    let open = path.starts_with(paths::SECOND_FACTOR);
    if !general.second_factor_for_admins || user.role < Role::Admin || open {
        return Ok(None);
    }
    let missing = ctx.site.store.read(|tx| tx.second_factor(user.id))?.is_none();
    let place = format!("{}?done=needed", paths::SECOND_FACTOR);
    Ok(missing.then(|| Response::redirect(303, &place)))
}

/// What does not exist was asked for, which is how scanners begin.
fn note_stray(site: &Site, head: &Head) {
    if nuisance::is_nuisance(&head.path) {
        offend(site, head.client, Offence::Nuisance);
    } else if !nuisance::is_innocent(&head.path) {
        offend(site, head.client, Offence::NotFound);
    }
}

fn admitted(
    site: &Site,
    head: &Head,
    body: &mut Body<'_>,
    route: &'static Route,
    params: Vec<(&'static str, String)>,
    id: &str,
) -> Result<Response, WebError> {
    let now = site.clock.now();
    let caller = identify(site, head, route)?;
    // A page of somebody who makes a name of his own lead here knows no key.
    if !route.any_host() && !matches!(caller, Caller::Key { .. }) && !door::knows(site, head) {
        return Err(WebError::Misdirected);
    }
    // Reads come in whether or not the box is set up; they need no look at the accounts for that.
    let set_up =
        route.access == Access::Webhook || caller.user().is_some() || !setup::is_open(&site.store)?;
    let verdict = route.access.check(route.scope, &caller, is_loopback(head.client), set_up);
    let ctx = Ctx { site, head, caller, now, route, params, id: id.to_owned() };
    match verdict {
        Verdict::Pass => {}
        Verdict::Closed => return Err(WebError::NotFound),
        Verdict::Denied => {
            ctx.audit(Action::Denied, format!("{} {}", head.method.as_str(), head.path));
            return Err(WebError::Forbidden("Your account may not do this.".into()));
        }
        Verdict::OutOfScope => {
            let (what, scope) =
                (format!("{} {}", head.method.as_str(), head.path), route.scope.name());
            ctx.site.store.audit_later(
                ctx.event(Action::Denied).object(what).note(format!("key without {scope}")),
            );
            let message = format!("This API key may not do this: it lacks the scope {scope}.");
            return Err(WebError::Forbidden(message));
        }
        Verdict::SignIn => return sign_in_first(&ctx, set_up),
    }
    if let Some(redirect) = own_account_first(&ctx)? {
        return Ok(redirect);
    }
    let mut input = Input::new(body, head, route.body_max);
    if !head.method.is_safe() && route.access != Access::Webhook && ctx.caller.needs_csrf() {
        check_forgery(&ctx, &mut input)?;
    }
    (route.handler)(&ctx, &mut input)
}

/// Pages know people by their cookie; the API also knows keys.
fn identify(site: &Site, head: &Head, route: &Route) -> Result<Caller, WebError> {
    let keyed = matches!(route.access, Access::Api(_) | Access::Metrics);
    let key = head.headers.get("x-api-key").or_else(|| bearer(head)).filter(|_| keyed);
    let cookie = head.headers.cookie(session::cookie_name(head.secure));
    if matches!(route.access, Access::Webhook) {
        return Ok(Caller::Anonymous);
    }
    let caller = Caller::identify(Credentials { cookie, key }, &site.store, site.clock.now())?;
    if key.is_some() && caller.user().is_none() {
        offend(site, head.client, Offence::Key);
    }
    Ok(caller)
}

fn sign_in_first(ctx: &Ctx<'_>, set_up: bool) -> Result<Response, WebError> {
    let page = matches!(ctx.route.access, Access::Page(_));
    if page && !set_up {
        return Ok(Response::redirect(303, "/setup"));
    }
    if page && ctx.head.method == Method::Get {
        let next = crate::gate::form::encode([("next", target(ctx.head))]);
        let place =
            if ctx.head.path == "/" { "/sign-in".to_owned() } else { format!("/sign-in?{next}") };
        return Ok(Response::redirect(303, &place));
    }
    Err(WebError::Unauthorized("Sign in or send a valid API key.".into()))
}

fn check_forgery(ctx: &Ctx<'_>, input: &mut Input<'_, '_>) -> Result<(), WebError> {
    let headers = &ctx.head.headers;
    let token = input.form()?.get("csrf");
    let proof = csrf::Proof {
        sec_fetch_site: headers.get("sec-fetch-site"),
        origin: headers.get("origin"),
        host: headers.get("host").unwrap_or_default(),
        secure: ctx.head.secure,
        token,
    };
    let expected = pages::shell::csrf_token(ctx);
    let Err(refusal) = csrf::check(proof, expected.as_deref()) else { return Ok(()) };
    ctx.site.store.audit_later(
        ctx.event(Action::Denied).object(ctx.route.path).note("form without proof of origin"),
    );
    log::warn!("forged form refused ip={} reason={refusal:?}", ctx.head.client);
    Err(WebError::Forbidden(
        "The form is too old or came from another site. Go back, reload the page and try again."
            .into(),
    ))
}

/// Writes the one log line of a refused or failed request and renders its answer.
fn fail(
    site: &Site,
    head: &Head,
    route: Option<&'static Route>,
    error: &WebError,
    id: &str,
) -> Response {
    let (status, peer) = (error.status(), head.client);
    // What follows the webhook's address is a key, right or wrong: it stays out of the log.
    let path = match head.path.split_once("webhook/").or_else(|| head.path.split_once("reset/")) {
        Some((before, _)) => crate::base::log::quoted(&format!("{before}...")),
        None => crate::base::log::quoted(&head.path),
    };
    match error {
        WebError::Internal(details) => {
            log::error!("request failed id={id} ip={peer} path={path} error={details}");
        }
        _ => log::debug!("request refused id={id} ip={peer} path={path} status={status}"),
    }
    let data = route.map_or(head.path.starts_with("/api/"), |route| route.class != Class::Page);
    let mut response = if data {
        crate::web::api::error_body(error, id)
    } else {
        pages::errors::page(site, head, error, id)
    };
    if let Some(seconds) = error.retry_after() {
        response = response.header("Retry-After", seconds.to_string());
    }
    if status == 405 {
        response = response.header("Allow", routes::allowed(&head.path));
    }
    secure(response, if data { Class::Data } else { Class::Page })
}
