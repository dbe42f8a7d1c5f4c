//! What every page's layout needs besides the page itself.

use serde::Serialize;

use super::Tone;
use crate::model::user::Role;
use crate::web::{format, paths};

/// The frame around a page. `Shell::default()` is the frame of an anonymous page.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Shell {
    /// Title of the page; the program's name is added.
    pub title: String,
    /// `id` of the navigation entry that is current, `""` for none.
    pub active: String,
    /// Name of the box, `""` when not set.
    pub box_name: String,
    /// `light`, `dark` or `""` (as the system), from the cookie.
    pub theme: String,
    /// Token for every form.
    pub csrf: String,
    /// Path and query of this page; the theme form comes back to it.
    pub here: String,
    /// Who is signed in.
    pub user: Option<ShellUser>,
    /// Navigation, in groups.
    pub nav: Vec<NavGroup>,
    /// Size of the store.
    pub store: Option<StoreMeter>,
    /// Version of the program.
    pub version: String,
    /// Result of the action that led here.
    pub flash: Option<Flash>,
}

/// The person signed in.
#[derive(Clone, Debug, Default, Serialize)]
pub struct ShellUser {
    /// Name, or user name.
    pub name: String,
    /// One or two letters.
    pub initials: String,
    /// Role, for people.
    pub role: String,
    /// Whether admin-only parts of pages are shown.
    pub admin: bool,
}

impl ShellUser {
    /// The person called `name` (or, when that is empty, `username`) with `role`.
    pub fn new(name: &str, username: &str, role: Role) -> Self {
        let name = if name.is_empty() { username } else { name };
        Self {
            name: name.to_owned(),
            initials: format::initials(name),
            role: match role {
                Role::Super => "Owner",
                Role::Admin => "Administrator",
                Role::User => "User",
                Role::Viewer => "Viewer",
            }
            .to_owned(),
            admin: role >= Role::Admin,
        }
    }
}

/// A group of navigation entries.
#[derive(Clone, Debug, Default, Serialize)]
pub struct NavGroup {
    /// Heading, `""` for none.
    pub title: String,
    /// Entries.
    pub items: Vec<NavItem>,
}

/// A navigation entry.
#[derive(Clone, Debug, Default, Serialize)]
pub struct NavItem {
    /// Compared with [`Shell::active`].
    pub id: &'static str,
    /// Text.
    pub label: &'static str,
    /// Shorter text of the phone's bottom bar.
    pub short: &'static str,
    /// Icon.
    pub icon: &'static str,
    /// Address.
    pub href: &'static str,
    /// Health, when there is something to say.
    pub dot: Option<Dot>,
}

/// Health next to a navigation entry.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Dot {
    /// Meaning.
    pub tone: Tone,
    /// Sentence.
    pub title: String,
}

/// How full the store is.
#[derive(Clone, Copy, Debug, Default, Serialize)]
pub struct StoreMeter {
    /// Bytes used by the store.
    pub used: u64,
    /// Bytes it may use: what it uses now and what is free; 0 when not known.
    pub total: u64,
}

/// Result of an action, shown once on top of the next page.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Flash {
    /// Meaning.
    pub tone: Tone,
    /// Sentence.
    pub text: String,
}

/// The navigation of `role`; `webhook` is the health of the webhook, when known.
pub fn navigation(role: Role, webhook: Option<Dot>) -> Vec<NavGroup> {
    let item = |id, label, short, icon, href, dot| NavItem { id, label, short, icon, href, dot };
    let mut settings = Vec::new();
    if role >= Role::Admin {
        settings.push(item("webhook", "Webhook", "Webhook", "send", paths::WEBHOOK, webhook));
    }
    settings.push(item("profile", "Profile and key", "Profile", "user", paths::PROFILE, None));
    vec![
        NavGroup {
            title: String::new(),
            items: vec![
                item("dashboard", "Dashboard", "Home", "home", paths::HOME, None),
                item("search", "Search", "Search", "search", paths::SEARCH, None),
            ],
        },
        NavGroup { title: "Settings".to_owned(), items: settings },
    ]
}
