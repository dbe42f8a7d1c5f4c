//! First set-up: account, time and place, key, first read.

use serde::Serialize;

use super::read::TimeView;
use super::{Choice, FieldError};
use crate::base::limits::PASSWORD_CHARS_MIN;

/// Template `setup_account.html`: the owner's account.
#[derive(Clone, Debug, Serialize)]
pub struct SetupAccount {
    /// Whether the code from the console or the journal is asked for.
    pub code_required: bool,
    /// Code as typed before.
    pub code: String,
    /// User name as typed before.
    pub username: String,
    /// Name as typed before.
    pub name: String,
    /// Address as typed before.
    pub email: String,
    /// Shortest password, characters.
    pub password_min: usize,
    /// What was wrong.
    pub errors: Vec<FieldError>,
}

impl Default for SetupAccount {
    fn default() -> Self {
        Self {
            code_required: false,
            code: String::new(),
            username: String::new(),
            name: String::new(),
            email: String::new(),
            password_min: PASSWORD_CHARS_MIN,
            errors: Vec::new(),
        }
    }
}

/// Template `setup_place.html`: time zone and name of the box.
#[derive(Clone, Debug, Default, Serialize)]
pub struct SetupPlace {
    /// Name as typed before.
    pub box_name: String,
    /// Time zones; see [`zones`].
    pub zones: Vec<Choice>,
    /// The box's clock in the chosen zone, for checking.
    pub now: TimeView,
    /// What was wrong.
    pub errors: Vec<FieldError>,
}

/// Template `setup_key.html`: the API key, shown once.
#[derive(Clone, Debug, Default, Serialize)]
pub struct SetupKey {
    /// The key, when it was just made; `""` otherwise.
    pub key: String,
    /// Last four characters of the key in use, `""` when there is none yet.
    pub last_four: String,
    /// Address to post to, without the key, for example `http://192.0.2.10:8080/api/webhook`.
    pub address: String,
}

/// Template `setup_wait.html`: waiting for the first read.
#[derive(Clone, Debug, Default, Serialize)]
pub struct SetupWait {
    /// What has happened so far.
    pub status: SetupStatus,
    /// Address to post to, without the key.
    pub address: String,
    /// Address of the box, for example `http://192.0.2.10:8080`.
    pub base: String,
    /// Port the box listens on.
    pub port: u16,
    /// Last four characters of the key.
    pub last_four: String,
}

/// JSON of `/setup/status` and the state of the last step.
#[derive(Clone, Debug, Default, Serialize)]
pub struct SetupStatus {
    /// Whether a request with a right key has arrived.
    pub key_accepted: bool,
    /// Whether a read has been stored.
    pub received: bool,
    /// What happened last, a sentence: `A post from 192.0.2.14 had a wrong key.`
    pub message: String,
    /// Address of the first read, `""` until it arrived.
    pub href: String,
    /// Plate of the first read, `""` until it arrived or when it had none.
    pub plate: String,
}

/// Every time zone by name with `selected` (an IANA name; `""` is UTC) chosen.
pub fn zones(selected: &str) -> Vec<Choice> {
    let selected = if selected.is_empty() { "UTC" } else { selected };
    let mut names: Vec<String> = jiff::tz::db()
        .available()
        .map(|name| name.to_string())
        .filter(|name| offered(name))
        .collect();
    if !names.iter().any(|name| name == selected) {
        names.push(selected.to_owned());
    }
    names.sort_unstable();
    names.dedup();
    names
        .into_iter()
        .map(|name| {
            let chosen = name == selected;
            Choice::new(name.clone(), name.replace('_', " "), chosen)
        })
        .collect()
}

/// Whether a zone is worth offering: areas and UTC, none of the historic abbreviations.
fn offered(name: &str) -> bool {
    name == "UTC"
        || name.split_once('/').is_some_and(|(area, _)| {
            matches!(
                area,
                "Africa"
                    | "America"
                    | "Antarctica"
                    | "Arctic"
                    | "Asia"
                    | "Atlantic"
                    | "Australia"
                    | "Europe"
                    | "Indian"
                    | "Pacific"
            )
        })
}
