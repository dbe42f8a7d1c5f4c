//! The only list of endpoints: method, path, who may, how large a body, what kind of answer.

use crate::base::limits::{FORM_BODY_MAX, WEBHOOK_BODY_MAX};
use crate::gate::{Method, Response};
use crate::model::api_key::Scope;
use crate::model::user::Role::{Admin, User, Viewer};
use crate::web::access::Access::{self, Api, Metrics, Page, Public, Setup, Webhook};
use crate::web::ctx::{Ctx, Input};
use crate::web::error::WebError;
use crate::web::headers::Class;
use crate::web::pages::{
    agents, alerts, audit, bans, captures, certificate, code, custom_alerts, dashboard, export,
    general, images, keys, live, login, notifications, person, plate, plates, print, profile,
    reset, search, searches, second_factor, settings, setup, theme, trust, users, watches,
};
use crate::web::{api, health, webhook};

/// Answers one request.
pub type HandlerFn = fn(&Ctx<'_>, &mut Input<'_, '_>) -> Result<Response, WebError>;

/// One endpoint.
pub struct Route {
    /// Method; GET also answers HEAD.
    pub method: Method,
    /// Path; `{name}` stands for one segment.
    pub path: &'static str,
    /// Who may.
    pub access: Access,
    /// What an API key must be for. Without effect where keys do not lead.
    pub scope: Scope,
    /// Largest body, bytes.
    pub body_max: u64,
    /// Kind of answer, which decides its security headers.
    pub class: Class,
    /// Who answers.
    pub handler: HandlerFn,
    /// Whether it is answered over plain HTTP whoever asks, and never redirected.
    pub plain: bool,
}

impl Route {
    /// Whether it is answered under any name: the cloud posts to whatever name the owner gave it,
    /// and probes know none.
    pub fn any_host(&self) -> bool {
        self.access == Webhook || self.path == "/healthz"
    }

    const fn plain(mut self) -> Self {
        self.plain = true;
        self
    }

    /// Takes data out as a file.
    const fn takes_out(mut self) -> Self {
        self.scope = Scope::Export;
        self
    }
}

const fn get(path: &'static str, access: Access, class: Class, handler: HandlerFn) -> Route {
    let (method, scope) = (Method::Get, Scope::Read);
    Route { method, path, access, scope, body_max: 0, class, handler, plain: false }
}

const fn post(path: &'static str, access: Access, handler: HandlerFn) -> Route {
    let (method, scope, body_max) = (Method::Post, Scope::Write, FORM_BODY_MAX);
    Route { method, path, access, scope, body_max, class: Class::Page, handler, plain: false }
}

const fn change(method: Method, path: &'static str, access: Access, handler: HandlerFn) -> Route {
    let (scope, body_max, class) = (Scope::Write, FORM_BODY_MAX, Class::Data);
    Route { method, path, access, scope, body_max, class, handler, plain: false }
}

/// A form with a file of up to `body_max` bytes with all else.
const fn upload(path: &'static str, access: Access, body_max: u64, handler: HandlerFn) -> Route {
    let (method, scope, class) = (Method::Post, Scope::Write, Class::Page);
    Route { method, path, access, scope, body_max, class, handler, plain: false }
}

const fn hook(path: &'static str) -> Route {
    let (method, body_max) = (Method::Post, WEBHOOK_BODY_MAX);
    let (scope, class, handler) = (Scope::Post, Class::Data, webhook::receive);
    Route { method, path, access: Webhook, scope, body_max, class, handler, plain: true }
}

/// Every endpoint of the box, in the order people meet them.
pub const ROUTES: &[Route] = &[
    // First run and sign-in.
    get("/setup", Setup, Class::Page, setup::account_form),
    post("/setup", Setup, setup::create_account),
    get("/setup/place", Page(Admin), Class::Page, setup::place_form),
    post("/setup/place", Page(Admin), setup::save_place),
    get("/setup/key", Page(Admin), Class::Page, setup::key_page),
    post("/setup/key", Page(Admin), setup::make_key),
    get("/setup/first-read", Page(Admin), Class::Page, setup::waiting_page),
    get("/setup/status", Page(Admin), Class::Data, setup::status),
    get("/sign-in", Public, Class::Page, login::form),
    post("/sign-in", Public, login::sign_in),
    get("/sign-in/code", Public, Class::Page, code::form),
    post("/sign-in/code", Public, code::confirm),
    get("/reset/{token}", Public, Class::Page, reset::form),
    post("/reset/{token}", Public, reset::save),
    post("/sign-out", Page(Viewer), login::sign_out),
    post("/theme", Public, theme::switch),
    // Daily work.
    get("/", Page(Viewer), Class::Page, dashboard::page),
    get("/live", Page(Viewer), Class::Page, live::page),
    get("/live/wall", Page(Viewer), Class::Page, live::wall),
    get("/live/recent", Page(Viewer), Class::Data, live::recent),
    get("/live/stream", Page(Viewer), Class::Data, live::stream),
    get("/search", Page(Viewer), Class::Page, search::plates),
    get("/vehicles", Page(Viewer), Class::Page, search::vehicles),
    get("/search/export", Page(User), Class::Page, export::search),
    get("/searches", Page(Viewer), Class::Page, searches::page),
    post("/searches", Page(Viewer), searches::save),
    post("/searches/{id}", Page(Viewer), searches::rename),
    post("/searches/{id}/delete", Page(Viewer), searches::delete),
    get("/captures/{key}", Page(Viewer), Class::Page, captures::page),
    get("/captures/{key}/print", Page(Viewer), Class::Page, print::capture),
    get("/captures/{key}/export", Page(User), Class::Page, export::capture),
    get("/captures/{key}/raw", Page(Admin), Class::Data, captures::raw),
    post("/captures/{key}/plate", Page(User), captures::correct::save),
    post("/captures/{key}/plate/undo", Page(User), captures::correct::undo),
    get("/captures/{key}/images/{kind}", Page(Viewer), Class::Image, images::image),
    get("/alerts/rekor", Page(Viewer), Class::Page, alerts::list),
    get("/alerts/rekor/export", Page(User), Class::Page, export::alerts),
    get("/alerts/rekor/{key}/print", Page(Viewer), Class::Page, print::rekor_alert),
    get("/alerts/rekor/{key}", Page(Viewer), Class::Page, alerts::page),
    get("/alerts/custom", Page(Viewer), Class::Page, custom_alerts::list),
    post("/alerts/custom", Page(User), custom_alerts::handle_all),
    get("/alerts/custom/{id}/print", Page(Viewer), Class::Page, print::custom_alert),
    get("/alerts/custom/{id}", Page(Viewer), Class::Page, custom_alerts::page),
    post("/alerts/custom/{id}", Page(User), custom_alerts::handle),
    post("/alerts/custom/{id}/delete-watch", Page(User), custom_alerts::delete_watch),
    get("/watches", Page(User), Class::Page, watches::list),
    post("/watches", Page(User), watches::add),
    get("/watches/new", Page(User), Class::Page, watches::new),
    get("/watches/export", Page(User), Class::Data, watches::files::export),
    upload("/watches/import", Page(User), watches::files::FORM_MAX, watches::files::import),
    get("/watches/{id}", Page(User), Class::Page, watches::edit),
    post("/watches/{id}", Page(User), watches::save),
    post("/watches/{id}/switch", Page(User), watches::switch),
    post("/watches/{id}/delete", Page(User), watches::delete),
    get("/plates", Page(Viewer), Class::Page, plates::list),
    get("/plates/{plate}", Page(Viewer), Class::Page, plate::page),
    post("/plates/{plate}", Page(User), plate::save),
    post("/plates/{plate}/ignore", Page(User), plate::ignore),
    // Own account.
    get("/profile", Page(Viewer), Class::Page, profile::page),
    post("/profile", Page(Viewer), profile::save),
    upload("/profile/picture", Page(Viewer), person::FORM_MAX, profile::save_picture),
    get("/avatars/{user}/{hash}", Page(Viewer), Class::Image, person::avatar),
    post("/profile/password", Page(Viewer), profile::change_password),
    post("/profile/keys", Page(Viewer), keys::make),
    post("/profile/keys/{key}/rotate", Page(Viewer), keys::rotate),
    post("/profile/keys/{key}/revoke", Page(Viewer), keys::revoke),
    post("/profile/sessions", Page(Viewer), profile::end_sessions),
    post("/profile/ways", Page(Viewer), profile::save_ways),
    get("/profile/second-factor", Page(Viewer), Class::Page, second_factor::page),
    post("/profile/second-factor/begin", Page(Viewer), second_factor::begin),
    post("/profile/second-factor/confirm", Page(Viewer), second_factor::confirm),
    post("/profile/second-factor/codes", Page(Viewer), second_factor::renew_codes),
    post("/profile/second-factor/off", Page(Viewer), second_factor::turn_off),
    // Settings.
    get("/settings/general", Page(Admin), Class::Page, general::page),
    post("/settings/general", Page(Admin), general::save_box),
    upload("/settings/report", Page(Admin), general::FORM_MAX, general::save_report),
    post("/settings/retention", Page(Admin), general::save_retention),
    get("/report/logo/{hash}", Page(Viewer), Class::Image, general::logo_file),
    get("/settings/webhook", Page(Admin), Class::Page, settings::webhook_page),
    post("/settings/webhook", Page(Admin), settings::save_webhook),
    get("/settings/users", Page(Admin), Class::Page, users::page),
    post("/settings/users", Page(Admin), users::add),
    get("/settings/users/{user}", Page(Admin), Class::Page, users::one),
    post("/settings/users/{user}", Page(Admin), users::save),
    upload("/settings/users/{user}/picture", Page(Admin), person::FORM_MAX, users::save_picture),
    post("/settings/users/{user}/status", Page(Admin), users::set_status),
    post("/settings/users/{user}/password", Page(Admin), users::set_password),
    post("/settings/users/{user}/link", Page(Admin), users::make_link),
    post("/settings/users/{user}/keys/{key}/revoke", Page(Admin), users::revoke_key),
    post("/settings/users/{user}/second-factor", Page(Admin), second_factor::reset),
    post("/settings/second-factor", Page(Admin), second_factor::save_rule),
    get("/settings/agents", Page(Admin), Class::Page, agents::page),
    get("/settings/agents/{uid}", Page(Admin), Class::Page, agents::one),
    post("/settings/agents/{uid}", Page(Admin), agents::save),
    post("/settings/agents/{uid}/enable", Page(Admin), agents::enable),
    post("/settings/agents/{uid}/test", Page(Admin), agents::test),
    get("/settings/bans", Page(Admin), Class::Page, bans::page),
    post("/settings/bans", Page(Admin), bans::save_rules),
    post("/settings/bans/add", Page(Admin), bans::add),
    post("/settings/bans/lift", Page(Admin), bans::lift),
    post("/settings/bans/abuseipdb", Page(Admin), bans::save_abuse),
    post("/settings/bans/test", Page(Admin), bans::test_key),
    get("/settings/notifications", Page(Admin), Class::Page, notifications::page),
    post("/settings/notifications/failed", Page(Admin), notifications::failed),
    post("/settings/notifications/{channel}", Page(Admin), notifications::save),
    post("/settings/notifications/{channel}/test", Page(Admin), notifications::test),
    get("/audit", Page(Admin), Class::Page, audit::page),
    get("/audit/export", Page(Admin), Class::Data, audit::export),
    get("/settings/certificate", Page(Admin), Class::Page, certificate::page),
    post("/settings/certificate", Page(Admin), certificate::save),
    post("/settings/certificate/own", Page(Admin), certificate::bring),
    post("/settings/certificate/box", Page(Admin), certificate::drop_own),
    // Why the box can be trusted: seen before it is.
    get("/trust", Public, Class::Page, trust::page).plain(),
    get("/trust/openalpr-webhook-ca.crt", Public, Class::Data, trust::authority).plain(),
    get("/.well-known/security.txt", Public, Class::Data, trust::security_txt).plain(),
    // Programs.
    hook("/api/webhook"),
    hook("/api/webhook/{secret}"),
    get("/api/openapi.json", Public, Class::Data, api::openapi),
    get("/api/v1/captures", Api(Viewer), Class::Data, api::captures::list),
    get("/api/v1/captures/{key}", Api(Viewer), Class::Data, api::captures::one),
    get("/api/v1/captures/{key}/images/{kind}", Api(Viewer), Class::Image, api::captures::image),
    get("/api/v1/export", Api(User), Class::Data, api::export::captures).takes_out(),
    change(Method::Put, "/api/v1/captures/{key}/plate", Api(User), api::plates::correct),
    change(Method::Delete, "/api/v1/captures/{key}/plate", Api(User), api::plates::undo),
    get("/api/v1/plates", Api(Viewer), Class::Data, api::plates::list),
    get("/api/v1/plates/{plate}", Api(Viewer), Class::Data, api::plates::one),
    change(Method::Put, "/api/v1/plates/{plate}", Api(User), api::plates::put),
    change(Method::Delete, "/api/v1/plates/{plate}", Api(User), api::plates::delete),
    get("/api/v1/agents", Api(Viewer), Class::Data, api::resources::agents),
    get("/api/v1/cameras", Api(Viewer), Class::Data, api::resources::cameras),
    get("/api/v1/alerts/rekor", Api(Viewer), Class::Data, api::alerts::list),
    get("/api/v1/alerts/rekor/export", Api(User), Class::Data, api::export::rekor).takes_out(),
    get("/api/v1/alerts/rekor/{key}", Api(Viewer), Class::Data, api::alerts::one),
    get("/api/v1/watches", Api(User), Class::Data, api::watches::list),
    change(Method::Post, "/api/v1/watches", Api(User), api::watches::add),
    get("/api/v1/watches/{id}", Api(User), Class::Data, api::watches::one),
    change(Method::Put, "/api/v1/watches/{id}", Api(User), api::watches::change),
    change(Method::Delete, "/api/v1/watches/{id}", Api(User), api::watches::delete),
    get("/api/v1/custom-alerts", Api(Viewer), Class::Data, api::custom_alerts::list),
    get("/api/v1/custom-alerts/{id}", Api(Viewer), Class::Data, api::custom_alerts::one),
    change(Method::Put, "/api/v1/custom-alerts/{id}", Api(User), api::custom_alerts::handle),
    get("/api/v1/searches", Api(Viewer), Class::Data, api::searches::list),
    change(Method::Post, "/api/v1/searches", Api(Viewer), api::searches::save),
    get("/api/v1/searches/{id}", Api(Viewer), Class::Data, api::searches::one),
    change(Method::Delete, "/api/v1/searches/{id}", Api(Viewer), api::searches::delete),
    get("/api/v1/stats", Api(Viewer), Class::Data, api::stats::stats),
    get("/api/v1/users", Api(Admin), Class::Data, users::api_list),
    get("/api/v1/audit", Api(Admin), Class::Data, audit::list),
    get("/healthz", Public, Class::Data, health::healthz).plain(),
    get("/metrics", Metrics, Class::Data, health::metrics),
];

/// Result of a look-up.
pub enum Found {
    /// This one, with the values of its `{names}`.
    Route(&'static Route, Vec<(&'static str, String)>),
    /// The path exists for other methods.
    Method,
    /// There is no such path.
    Nothing,
}

/// Finds the route of `method` and decoded `path`. A trailing slash does not matter.
pub fn find(method: &Method, path: &str) -> Found {
    let asked = if *method == Method::Head { &Method::Get } else { method };
    let mut found = Found::Nothing;
    for route in ROUTES {
        if let Some(params) = matches(route.path, path) {
            if route.method == *asked {
                return Found::Route(route, params);
            }
            found = Found::Method;
        }
    }
    found
}

/// Methods that `path` takes, for `Allow`.
pub fn allowed(path: &str) -> String {
    let mut methods = Vec::new();
    for route in ROUTES.iter().filter(|route| matches(route.path, path).is_some()) {
        methods.push(route.method.as_str());
        if route.method == Method::Get {
            methods.push("HEAD");
        }
    }
    methods.join(", ")
}

fn matches(pattern: &'static str, path: &str) -> Option<Vec<(&'static str, String)>> {
    let mut params = Vec::new();
    let path = if path.len() > 1 { path.strip_suffix('/').unwrap_or(path) } else { path };
    let (mut wanted, mut given) = (pattern.split('/'), path.split('/'));
    loop {
        match (wanted.next(), given.next()) {
            (None, None) => return Some(params),
            (Some(wanted), Some(given)) => {
                match wanted.strip_prefix('{').and_then(|name| name.strip_suffix('}')) {
                    Some(name) if !given.is_empty() => params.push((name, given.to_owned())),
                    None if wanted == given => {}
                    _ => return None,
                }
            }
            _ => return None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_match_whole_segments() {
        assert!(matches!(find(&Method::Get, "/"), Found::Route(..)));
        assert!(matches!(find(&Method::Head, "/search/"), Found::Route(..)));
        assert!(matches!(find(&Method::Post, "/search"), Found::Method));
        assert!(matches!(find(&Method::Get, "/captures"), Found::Nothing));
        assert!(matches!(find(&Method::Get, "/captures//raw"), Found::Nothing));
        let Found::Route(route, params) = find(&Method::Get, "/captures/00ff/images/plate") else {
            panic!("no route");
        };
        assert_eq!(route.path, "/captures/{key}/images/{kind}");
        assert_eq!(params, [("key", "00ff".to_owned()), ("kind", "plate".to_owned())]);
    }

    #[test]
    fn what_keys_reach_has_the_scope_that_its_path_says() {
        for route in ROUTES.iter().filter(|route| matches!(route.access, Api(_) | Metrics)) {
            let expected = match route.method {
                Method::Get if route.path.contains("export") => Scope::Export,
                Method::Get => Scope::Read,
                _ => Scope::Write,
            };
            assert_eq!(route.scope, expected, "{}", route.path);
        }
    }

    #[test]
    fn no_endpoint_is_listed_twice() {
        for (index, route) in ROUTES.iter().enumerate() {
            let twice = |other: &&Route| other.path == route.path && other.method == route.method;
            assert!(!ROUTES[index + 1..].iter().any(|other| twice(&other)), "{}", route.path);
        }
    }
}
