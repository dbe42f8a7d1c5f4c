//! The reader's own account.

use serde::Serialize;

use super::read::TimeView;
use super::{Choice, FieldError};

/// Template `profile.html`.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Profile {
    /// User name; cannot be changed here.
    pub username: String,
    /// Role, for people.
    pub role: String,
    /// Name.
    pub name: String,
    /// Address.
    pub email: String,
    /// Time zones, the first being the box's own (value `""`).
    pub zones: Vec<Choice>,
    /// A key that was just made, shown once; `""` otherwise.
    pub new_key: String,
    /// Last four characters of the key, `""` without one.
    pub last_four: String,
    /// When the key was made.
    pub key_made: Option<TimeView>,
    /// When it was last used; `None` when never.
    pub key_used: Option<TimeView>,
    /// Address to post to, without the key.
    pub address: String,
    /// Shortest password, characters.
    pub password_min: usize,
    /// Sessions, newest first.
    pub sessions: Vec<SessionRow>,
    /// What was wrong. Fields `name email time_zone current password`.
    pub errors: Vec<FieldError>,
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
