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
    /// Whether rows and controls stand close, from the cookie.
    pub compact: bool,
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
    /// Address of the picture, `""` without one.
    pub avatar: String,
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
            avatar: String::new(),
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
    /// Text in the bottom bar of phones, `""` for entries behind its `More`.
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

/// What the navigation knows of a page.
struct Entry {
    /// Heading of its group, `""` for the first.
    group: &'static str,
    item: NavItem,
    /// The least role that may open it.
    least: Role,
}

const fn entry(
    group: &'static str,
    (id, label, icon, href): (&'static str, &'static str, &'static str, &'static str),
    least: Role,
) -> Entry {
    Entry { group, item: NavItem { id, label, icon, href, short: "", dot: None }, least }
}

impl Entry {
    /// Stands in the bottom bar of phones as `short`.
    const fn bar(mut self, short: &'static str) -> Self {
        self.item.short = short;
        self
    }
}

const DAILY: &str = "";
const ALERTS: &str = "Alerts";
const SETTINGS: &str = "Settings";

/// Every page of the navigation, in order: one line each. At most four stand in the bottom bar of
/// phones; its fifth place leads to all others.
const ENTRIES: &[Entry] = &[
    entry(DAILY, ("dashboard", "Dashboard", "home", paths::HOME), Role::Viewer).bar("Home"),
    entry(DAILY, ("live", "Live", "live", paths::LIVE), Role::Viewer).bar("Live"),
    entry(DAILY, ("search", "Search", "search", paths::SEARCH), Role::Viewer).bar("Search"),
    entry(DAILY, ("vehicles", "Vehicles", "car", paths::VEHICLES), Role::Viewer),
    entry(DAILY, ("plates", "Plates", "tag", paths::PLATES), Role::Viewer),
    entry(ALERTS, ("alerts-custom", "Custom alerts", "bell", paths::ALERTS_CUSTOM), Role::Viewer)
        .bar("Alerts"),
    entry(ALERTS, ("alerts-rekor", "Rekor Scout", "radar", paths::ALERTS_REKOR), Role::Viewer),
    entry(ALERTS, ("watches", "Watches", "flag", paths::WATCHES), Role::User),
    entry(SETTINGS, ("general", "General", "sliders", paths::GENERAL), Role::Admin),
    entry(SETTINGS, ("webhook", "Webhook", "send", paths::WEBHOOK), Role::Admin),
    entry(SETTINGS, ("agents", "Agents", "agent", paths::AGENTS), Role::Admin),
    entry(SETTINGS, ("users", "Users", "users", paths::USERS), Role::Admin),
    entry(SETTINGS, ("bans", "Bans", "shield", paths::BANS), Role::Admin),
    entry(SETTINGS, ("notifications", "Notifications", "bell", paths::NOTIFICATIONS), Role::Admin),
    entry(SETTINGS, ("audit", "Audit log", "audit", paths::AUDIT), Role::Admin),
    entry(SETTINGS, ("certificate", "Certificate", "lock", paths::CERTIFICATE), Role::Admin),
    entry(SETTINGS, ("profile", "Profile and keys", "user", paths::PROFILE), Role::Viewer),
];

/// The navigation of `role`; `marks` is what to say of the health of some entries, by id.
pub fn navigation(role: Role, marks: &[(&str, Dot)]) -> Vec<NavGroup> {
    let mut groups: Vec<NavGroup> = Vec::new();
    for entry in ENTRIES.iter().filter(|entry| role >= entry.least) {
        let mut item = entry.item.clone();
        item.dot = marks.iter().find(|(id, _)| *id == item.id).map(|(_, dot)| dot.clone());
        match groups.iter_mut().find(|group| group.title == entry.group) {
            Some(group) => group.items.push(item),
            None => groups.push(NavGroup { title: entry.group.to_owned(), items: vec![item] }),
        }
    }
    groups
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bottom_bar_has_room_for_its_entries_and_more() {
        let bar = ENTRIES.iter().filter(|entry| !entry.item.short.is_empty());
        assert!((1..=4).contains(&bar.count()));
        for (index, entry) in ENTRIES.iter().enumerate() {
            assert!(!ENTRIES[..index].iter().any(|other| other.item.id == entry.item.id));
        }
    }

    #[test]
    fn everybody_sees_what_they_may_open() {
        let ids = |role| -> Vec<&str> {
            let groups = navigation(role, &[("webhook", Dot::default())]);
            groups.iter().flat_map(|group| &group.items).map(|item| item.id).collect()
        };
        assert!(ids(Role::Admin).contains(&"webhook"));
        assert!(!ids(Role::User).contains(&"webhook"));
        assert!(ids(Role::Viewer).contains(&"search"));
    }
}
