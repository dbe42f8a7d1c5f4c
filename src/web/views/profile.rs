//! The reader's own account.

use serde::Serialize;

use super::read::TimeView;
use super::users::UserForm;
use super::{Choice, FieldError};

/// Template `profile.html`.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Profile {
    /// The person; the user name cannot be changed here.
    pub form: UserForm,
    /// Role, for people.
    pub role: String,
    /// Address of the picture, `""` without one.
    pub avatar: String,
    /// What stands in its place.
    pub initials: String,
    /// Time zones, the first being the box's own (value `""`).
    pub zones: Vec<Choice>,
    /// A key that was just made, shown once; `""` otherwise.
    pub new_key: String,
    /// What it is called.
    pub new_key_name: String,
    /// Whether it is for posting.
    pub new_key_posts: bool,
    /// Whether it took the place of another.
    pub new_key_replaced: bool,
    /// Keys, oldest first.
    pub keys: Vec<KeyRow>,
    /// Name of another key, as typed.
    pub key_name: String,
    /// What another key may be for.
    pub scopes: Vec<ScopeChoice>,
    /// Address to post to, without the key.
    pub address: String,
    /// Whether the second factor is on.
    pub second_factor: bool,
    /// Recovery codes that are left of it.
    pub codes_left: u64,
    /// By which ways messages come.
    pub ways: Vec<Choice>,
    /// Shortest password, characters.
    pub password_min: usize,
    /// Sessions, newest first.
    pub sessions: Vec<SessionRow>,
    /// What was wrong. Fields of the person, `picture time_zone current password key_name scope`.
    pub errors: Vec<FieldError>,
}

/// An API key.
#[derive(Clone, Debug, Default, Serialize)]
pub struct KeyRow {
    /// Part of the addresses that change it; not the key.
    pub id: String,
    /// Name.
    pub name: String,
    /// What it may be used for.
    pub scopes: Vec<&'static str>,
    /// Its last four characters.
    pub last_four: String,
    /// When it was made.
    pub made: TimeView,
    /// When it was last used; `None` when never.
    pub used: Option<TimeView>,
}

/// A scope in the form of a key.
#[derive(Clone, Debug, Default, Serialize)]
pub struct ScopeChoice {
    /// Value sent.
    pub name: &'static str,
    /// What it allows.
    pub hint: &'static str,
    /// Whether it is chosen.
    pub checked: bool,
}

/// A session.
#[derive(Clone, Debug, Default, Serialize)]
pub struct SessionRow {
    /// Sent back to end it; not the cookie.
    pub id: String,
    /// Whether it is the one that asks.
    pub current: bool,
    /// Browser: `Firefox on Linux`, or as sent.
    pub browser: String,
    /// Address.
    pub address: String,
    /// Signed in.
    pub since: TimeView,
    /// Last request.
    pub last_used: TimeView,
}
