//! The frame of every page: who is signed in, navigation, theme, form token.

use std::borrow::Cow;

use serde::Serialize;

use crate::auth::{csrf, session};
use crate::base::limits::OPEN_ALERTS_COUNTED_MAX;
use crate::base::secret::Secret;
use crate::gate::{Head, Response};
use crate::model::user::UserId;
use crate::web::ctx::{Ctx, target};
use crate::web::error::WebError;
use crate::web::pages::person::avatar_href;
use crate::web::paths;
use crate::web::site::Site;
use crate::web::views::Tone;
use crate::web::views::shell::{Dot, Flash, Shell, ShellUser, StoreMeter, navigation};

/// Cookie that keeps the theme.
pub const THEME_COOKIE: &str = "theme";
/// Cookie that keeps how close rows stand.
pub const DENSITY_COOKIE: &str = "density";

/// A page to render: template, title and navigation entry.
pub struct Page<'a> {
    /// Template name.
    pub template: &'static str,
    /// Title.
    pub title: Cow<'a, str>,
    /// Navigation entry that is current.
    pub active: &'static str,
    /// HTTP status.
    pub status: u16,
}

impl<'a> Page<'a> {
    /// An ordinary page.
    pub fn new(
        template: &'static str,
        title: impl Into<Cow<'a, str>>,
        active: &'static str,
    ) -> Self {
        Self { template, title: title.into(), active, status: 200 }
    }

    /// With another status, for forms that come back with errors.
    #[must_use]
    pub const fn status(mut self, status: u16) -> Self {
        self.status = status;
        self
    }
}

/// Renders `view` in the frame of the signed-in user.
pub fn render(ctx: &Ctx<'_>, page: &Page<'_>, view: &impl Serialize) -> Result<Response, WebError> {
    render_with(ctx, page, view, |_| {})
}

/// Renders `view`; `adjust` has the last word on the frame.
pub fn render_with(
    ctx: &Ctx<'_>,
    page: &Page<'_>,
    view: &impl Serialize,
    adjust: impl FnOnce(&mut Shell),
) -> Result<Response, WebError> {
    let mut shell = anonymous(ctx.site, ctx.head);
    shell.title = page.title.clone().into_owned();
    page.active.clone_into(&mut shell.active);
    let fresh = fill_identity(ctx, &mut shell);
    adjust(&mut shell);
    let html = ctx
        .site
        .renderer
        .page(page.template, view, &shell)
        .map_err(|error| WebError::Internal(error.to_string()))?;
    let mut response = Response::new(page.status).html(html);
    if let Some(secret) = fresh {
        response =
            response.header("Set-Cookie", csrf::pre_session_cookie(&secret, ctx.head.secure));
    }
    Ok(response)
}

/// The frame for somebody who is not signed in.
pub fn anonymous(site: &Site, head: &Head) -> Shell {
    Shell {
        box_name: site.settings.current().general.box_name.clone(),
        theme: theme(head).to_owned(),
        compact: head.headers.cookie(DENSITY_COOKIE) == Some("compact"),
        here: target(head),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        ..Shell::default()
    }
}

/// Adds user, navigation and form token. A visitor without any cookie gets a fresh secret for the
/// forms, which must be set as a cookie.
fn fill_identity(ctx: &Ctx<'_>, shell: &mut Shell) -> Option<Secret> {
    if let Some(user) = ctx.caller.user() {
        let frame = ShellUser::new(&user.name, user.username.as_str(), user.role);
        shell.user = Some(ShellUser { avatar: avatar_href(user), ..frame });
        shell.nav = navigation(user.role, &marks(ctx, user.id));
        let used = ctx.site.store.bytes_on_disk();
        shell.store = Some(StoreMeter { used, total: used + ctx.site.store.free_bytes() });
    }
    if let Some(token) = csrf_token(ctx) {
        shell.csrf = token;
        return None;
    }
    let secret = csrf::new_pre_session();
    shell.csrf = csrf::token_for(secret.expose());
    Some(secret)
}

/// What the navigation says of open alerts of `user`.
fn marks(ctx: &Ctx<'_>, user: UserId) -> Vec<(&'static str, Dot)> {
    // A page is shown all the same when they cannot be counted.
    let open = ctx.site.store.read(|tx| tx.open_alerts(user, OPEN_ALERTS_COUNTED_MAX));
    match open.unwrap_or(0) {
        0 => Vec::new(),
        open => {
            let more = if open >= OPEN_ALERTS_COUNTED_MAX { " or more" } else { "" };
            let title = format!("{open}{more} open");
            vec![("alerts-custom", Dot { tone: Tone::Bad, title })]
        }
    }
}

/// The token that forms of this browser must carry: of its session, or of its pre-session cookie.
pub fn csrf_token(ctx: &Ctx<'_>) -> Option<String> {
    let cookies = &ctx.head.headers;
    let name = match ctx.caller.user() {
        Some(_) => session::cookie_name(ctx.head.secure),
        None => csrf::pre_session_cookie_name(ctx.head.secure),
    };
    cookies.cookie(name).filter(|value| !value.is_empty()).map(csrf::token_for)
}

/// `light`, `dark` or `""`, as the cookie says.
fn theme(head: &Head) -> &'static str {
    match head.headers.cookie(THEME_COOKIE) {
        Some("light") => "light",
        Some("dark") => "dark",
        _ => "",
    }
}

/// What a redirect leaves for the next page to say, by the `done` parameter.
pub fn flash(ctx: &Ctx<'_>) -> Option<Flash> {
    let form = ctx.query().ok()?;
    let text = match form.get("done")? {
        "saved" => "Saved.",
        "deleted" => "Deleted.",
        "letter" => "The letter is on its way.",
        "imported" => "The watches of the file are in force.",
        "search" => "Search saved.",
        "ignored" => "Ignored from now on: no alerts, and not on the live page or the dashboard.",
        "noticed" => "Not ignored any more.",
        "corrected" => "Corrected. What the agent read stays on record.",
        "undone" => "The plate is as the agent read it again.",
        "unchanged" => "Nothing to change: the read says that already.",
        "password" => "Password changed. Other sessions were signed out.",
        "session" => "Signed out there.",
        "revoked" => "The key is revoked.",
        "reset" => "The password is set. Sign in with it.",
        "change" => "Set a new password of your own before you go on.",
        "needed" => "Administrators of this box need a second factor: set it up before you go on.",
        "again" => "That took too long. Sign in again.",
        "factor-off" => "The second factor is off. Other sessions were signed out.",
        "factor-reset" => {
            "The second factor is removed. All sessions of the account were signed out."
        }
        "resent" => "Sent again.",
        "banned" => "Banned.",
        "lifted" => "The ban is lifted.",
        "sessions" => "All other sessions were signed out.",
        _ => return None,
    };
    Some(Flash { tone: Tone::Ok, text: text.to_owned() })
}

/// Address of the box as this browser reached it, for texts to copy.
pub fn base_url(ctx: &Ctx<'_>) -> String {
    let public = ctx.site.settings.current().general.public_url.clone();
    if !public.is_empty() {
        return public.trim_end_matches('/').to_owned();
    }
    let scheme = if ctx.head.secure { "https" } else { "http" };
    format!("{scheme}://{}", ctx.head.headers.get("host").unwrap_or("localhost"))
}

/// Where payloads are posted, without the key.
pub fn post_address(ctx: &Ctx<'_>) -> String {
    format!("{}{}", base_url(ctx), paths::POST)
}

/// A path of this box from outside input, or `/`: never another host.
pub fn local_path(path: &str) -> &str {
    let local = path.starts_with('/')
        && !path.starts_with("//")
        && !path.starts_with("/\\")
        && path.bytes().all(|byte| byte.is_ascii_graphic());
    if local { path } else { paths::HOME }
}
