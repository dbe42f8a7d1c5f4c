//! What the audit log says: who did what, when, from where, to what, and how it was before. Knows
//! neither how entries are chained nor who may read them.

use crate::base::clock::Timestamp;
use crate::base::limits::{AUDIT_CHANGES_MAX, AUDIT_TEXT_CHARS_MAX};

use super::user::{User, UserId};

/// What somebody did. Numbers are on disk for ever.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Action {
    /// Signed in.
    SignIn = 1,
    /// Was not let in.
    SignInFailed = 2,
    /// Signed out.
    SignOut = 3,
    /// Made the first account.
    SetUp = 4,
    /// Made an API key.
    KeyMade = 5,
    /// Put a new API key in place of the old one.
    KeyRotated = 6,
    /// Changed the own password.
    PasswordChanged = 7,
    /// Ended sessions.
    SessionsEnded = 8,
    /// Changed the own profile.
    ProfileChanged = 9,
    /// Changed a setting.
    SettingsChanged = 10,
    /// Added an account.
    UserAdded = 11,
    /// Changed an account.
    UserChanged = 12,
    /// Suspended an account.
    UserSuspended = 13,
    /// Let a suspended account in again.
    UserRestored = 14,
    /// Set somebody's password.
    PasswordSet = 15,
    /// Made a link to set a password with.
    ResetLinkMade = 16,
    /// Set a password with such a link.
    ResetLinkUsed = 17,
    /// Searched reads.
    Search = 18,
    /// Looked at a read.
    ViewCapture = 19,
    /// Looked at the payload of a read.
    ViewRaw = 20,
    /// Took data out.
    Export = 21,
    /// Printed.
    Print = 22,
    /// Read a settings file or data in.
    Import = 23,
    /// Shut an address out.
    Ban = 24,
    /// Let an address in again.
    Unban = 25,
    /// Was refused a page or an action.
    Denied = 26,
    /// Old entries were removed.
    AuditTrimmed = 27,
    /// Entries could not be kept.
    AuditLost = 28,
    /// Corrected or deleted a read.
    CaptureChanged = 29,
    /// Changed something else that is kept: a known plate, a saved search, a watch.
    RecordChanged = 30,
    /// Asked the box to do something now, such as a test or a camera command.
    Command = 31,
    /// Ended an API key.
    KeyRevoked = 32,
    /// Switched the own second factor on.
    SecondFactorOn = 40,
    /// Switched the own second factor off.
    SecondFactorOff = 41,
    /// Removed somebody's second factor.
    SecondFactorReset = 42,
    /// Made new recovery codes.
    RecoveryCodesMade = 43,
}

/// Number on disk, name in files and addresses, words for people.
const ACTIONS: &[(Action, &str, &str)] = &[
    (Action::SignIn, "sign_in", "Signed in"),
    (Action::SignInFailed, "sign_in_failed", "Sign-in failed"),
    (Action::SignOut, "sign_out", "Signed out"),
    (Action::SetUp, "set_up", "Set up the box"),
    (Action::KeyMade, "key_made", "API key made"),
    (Action::KeyRotated, "key_rotated", "API key replaced"),
    (Action::KeyRevoked, "key_revoked", "API key revoked"),
    (Action::PasswordChanged, "password_changed", "Password changed"),
    (Action::SessionsEnded, "sessions_ended", "Sessions ended"),
    (Action::ProfileChanged, "profile_changed", "Profile changed"),
    (Action::SettingsChanged, "settings_changed", "Settings changed"),
    (Action::UserAdded, "user_added", "User added"),
    (Action::UserChanged, "user_changed", "User changed"),
    (Action::UserSuspended, "user_suspended", "User suspended"),
    (Action::UserRestored, "user_restored", "User let in again"),
    (Action::PasswordSet, "password_set", "Password set by administrator"),
    (Action::ResetLinkMade, "reset_link_made", "Reset link made"),
    (Action::ResetLinkUsed, "reset_link_used", "Reset link used"),
    (Action::Search, "search", "Search"),
    (Action::ViewCapture, "view_capture", "Read viewed"),
    (Action::ViewRaw, "view_raw", "Payload viewed"),
    (Action::Export, "export", "Export"),
    (Action::Print, "print", "Print"),
    (Action::Import, "import", "Import"),
    (Action::Ban, "ban", "Address banned"),
    (Action::Unban, "unban", "Ban lifted"),
    (Action::Denied, "denied", "Refused"),
    (Action::AuditTrimmed, "audit_trimmed", "Old entries removed"),
    (Action::AuditLost, "audit_lost", "Entries not kept"),
    (Action::CaptureChanged, "capture_changed", "Read changed"),
    (Action::RecordChanged, "record_changed", "Record changed"),
    (Action::Command, "command", "Command"),
    (Action::SecondFactorOn, "second_factor_on", "Second factor on"),
    (Action::SecondFactorOff, "second_factor_off", "Second factor off"),
    (Action::SecondFactorReset, "second_factor_reset", "Second factor removed by administrator"),
    (Action::RecoveryCodesMade, "recovery_codes_made", "Recovery codes made"),
];

impl Action {
    /// All actions.
    pub fn all() -> impl Iterator<Item = Self> {
        ACTIONS.iter().map(|(action, ..)| *action)
    }

    /// The action with this number on disk.
    pub fn from_code(code: u8) -> Option<Self> {
        Self::all().find(|action| *action as u8 == code)
    }

    /// The action called `name`.
    pub fn parse(name: &str) -> Option<Self> {
        ACTIONS.iter().find(|(_, known, _)| *known == name).map(|(action, ..)| *action)
    }

    /// Name in files and addresses.
    pub fn name(self) -> &'static str {
        self.row().1
    }

    /// Words for people.
    pub fn label(self) -> &'static str {
        self.row().2
    }

    fn row(self) -> (Self, &'static str, &'static str) {
        ACTIONS.iter().find(|(action, ..)| *action == self).copied().unwrap_or((self, "", ""))
    }
}

/// One thing that is different now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// Name of the field.
    pub field: String,
    /// How it was.
    pub before: String,
    /// How it is.
    pub after: String,
}

impl Change {
    /// `field` went from `before` to `after`; `None` when both are the same.
    pub fn of(field: &str, before: &str, after: &str) -> Option<Self> {
        (before != after).then(|| Self {
            field: bounded(field),
            before: bounded(before),
            after: bounded(after),
        })
    }

    /// A secret `field` that was changed; what it was and is stays out.
    pub fn secret(field: &str) -> Self {
        Self { field: field.to_owned(), before: String::new(), after: "changed".to_owned() }
    }
}

/// What differs between two lists of the same fields.
pub fn differences(
    before: &[(&'static str, String)],
    after: &[(&'static str, String)],
) -> Vec<Change> {
    let both = before.iter().zip(after);
    both.filter_map(|((field, before), (_, after))| Change::of(field, before, after)).collect()
}

/// Something that happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// When; of several that were put together, the first.
    pub at: Timestamp,
    /// What.
    pub action: Action,
    /// Account, `None` for strangers and for the box itself.
    pub user: Option<UserId>,
    /// Name of the account then, `box` or `console`; `""` for a stranger.
    pub who: String,
    /// Address it came from, `""` for the box itself.
    pub address: String,
    /// To what: the id of a read, the name of a user, the text of a search.
    pub object: String,
    /// What else is worth knowing: a plate, a reason, a number of rows.
    pub note: String,
    /// Before and after.
    pub changes: Vec<Change>,
    /// How often in a few seconds.
    pub times: u32,
}

impl Event {
    /// Something the box did by itself.
    pub fn of_box(action: Action, at: Timestamp) -> Self {
        Self { who: "box".to_owned(), ..Self::of_stranger(action, at, "") }
    }

    /// Something done at the console of the box.
    pub fn of_console(action: Action, at: Timestamp) -> Self {
        Self { who: "console".to_owned(), ..Self::of_stranger(action, at, "") }
    }

    /// Something done from `address` by nobody in particular.
    pub fn of_stranger(action: Action, at: Timestamp, address: impl std::fmt::Display) -> Self {
        Self {
            at,
            action,
            user: None,
            who: String::new(),
            address: format!("{address}"),
            object: String::new(),
            note: String::new(),
            changes: Vec::new(),
            times: 1,
        }
    }

    /// The same, done by `user`.
    #[must_use]
    pub fn by(mut self, user: &User) -> Self {
        self.user = Some(user.id);
        user.username.as_str().clone_into(&mut self.who);
        self
    }

    /// The same, done to `object`.
    #[must_use]
    pub fn object(mut self, object: impl AsRef<str>) -> Self {
        self.object = bounded(object.as_ref());
        self
    }

    /// The same, with a remark.
    #[must_use]
    pub fn note(mut self, note: impl AsRef<str>) -> Self {
        self.note = bounded(note.as_ref());
        self
    }

    /// The same, with what is different now.
    #[must_use]
    pub fn changes(mut self, changes: impl IntoIterator<Item = Change>) -> Self {
        self.changes.extend(changes);
        self.changes.truncate(AUDIT_CHANGES_MAX);
        self
    }

    /// Whether `other` is the same thing done again.
    pub fn repeats(&self, other: &Self) -> bool {
        let key = |event: &Self| (event.action, event.user, event.changes.is_empty());
        key(self) == key(other)
            && self.changes.is_empty()
            && self.who == other.who
            && self.address == other.address
            && self.object == other.object
            && self.note == other.note
    }
}

/// An event as it is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Its place in the log, from 1 without gaps.
    pub number: u64,
    /// SHA-256 of the entry before.
    pub previous: [u8; 32],
    /// What happened.
    pub event: Event,
}

/// Which entries are wanted; an empty field wants all.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AuditQuery {
    /// Part of the name.
    pub who: String,
    /// Action.
    pub action: Option<Action>,
    /// Beginning of the address.
    pub address: String,
    /// Part of object, note or changes.
    pub text: String,
    /// Not before.
    pub from: Option<Timestamp>,
    /// Before.
    pub to: Option<Timestamp>,
}

impl AuditQuery {
    /// Whether `event` is wanted.
    pub fn wants(&self, event: &Event) -> bool {
        self.action.is_none_or(|action| action == event.action)
            && self.from.is_none_or(|from| event.at >= from)
            && self.to.is_none_or(|to| event.at < to)
            && event.address.starts_with(&self.address)
            && has(&event.who, &self.who)
            && (self.text.is_empty() || Self::texts(event).any(|text| has(text, &self.text)))
    }

    fn texts(event: &Event) -> impl Iterator<Item = &String> {
        let changes = event.changes.iter().flat_map(|it| [&it.field, &it.before, &it.after]);
        [&event.object, &event.note].into_iter().chain(changes)
    }
}

fn has(text: &str, part: &str) -> bool {
    part.is_empty() || text.to_lowercase().contains(&part.to_lowercase())
}

/// `text` without control characters, cut at [`AUDIT_TEXT_CHARS_MAX`].
fn bounded(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).take(AUDIT_TEXT_CHARS_MAX).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_action_has_one_number_and_one_name() {
        let mut codes: Vec<u8> = Action::all().map(|action| action as u8).collect();
        let names: Vec<&str> = Action::all().map(Action::name).collect();
        for action in Action::all() {
            assert_eq!(Action::from_code(action as u8), Some(action));
            assert_eq!(Action::parse(action.name()), Some(action));
            assert!(!action.label().is_empty());
            assert_eq!(names.iter().filter(|name| **name == action.name()).count(), 1);
        }
        codes.sort_unstable();
        codes.dedup();
        assert_eq!(codes.len(), names.len());
        assert_eq!((Action::from_code(0), Action::parse("")), (None, None));
    }

    #[test]
    fn queries_want_what_they_say() {
        let event = Event::of_stranger(Action::Ban, Timestamp(50), "203.0.113.9")
            .object("Gate")
            .changes(Change::of("ban_count", "20", "30"));
        let wants = |query: AuditQuery| query.wants(&event);
        assert!(wants(AuditQuery::default()));
        assert!(wants(AuditQuery { text: "gat".into(), ..AuditQuery::default() }));
        assert!(wants(AuditQuery { text: "30".into(), ..AuditQuery::default() }));
        assert!(!wants(AuditQuery { text: "31".into(), ..AuditQuery::default() }));
        assert!(wants(AuditQuery { address: "203.".into(), ..AuditQuery::default() }));
        assert!(!wants(AuditQuery { address: "113".into(), ..AuditQuery::default() }));
        assert!(!wants(AuditQuery { who: "x".into(), ..AuditQuery::default() }));
        assert!(!wants(AuditQuery { action: Some(Action::Unban), ..AuditQuery::default() }));
        assert!(!wants(AuditQuery { from: Some(Timestamp(51)), ..AuditQuery::default() }));
        assert!(!wants(AuditQuery { to: Some(Timestamp(50)), ..AuditQuery::default() }));
    }

    #[test]
    fn texts_are_bounded_and_on_one_line() {
        let event = Event::of_box(Action::Search, Timestamp(1)).object("a\nb".repeat(9999));
        assert_eq!(event.object.chars().count(), AUDIT_TEXT_CHARS_MAX);
        assert!(!event.object.contains('\n'));
        assert_eq!(Change::of("a", "b", "b"), None);
        assert_eq!(Change::secret("key").after, "changed");
    }
}
