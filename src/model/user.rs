//! Accounts, their roles and sessions.

use crate::base::clock::Timestamp;
use crate::base::limits::RESET_LINK_MS;

/// Number of an account; the first is 1 and is the owner's.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct UserId(pub u32);

/// What an account may do. Ordered: a later one may do everything an earlier one may.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Role {
    /// Looks, but exports and changes nothing.
    Viewer = 0,
    /// Searches, exports, keeps watches.
    User = 1,
    /// Also changes settings.
    Admin = 2,
    /// The first account: cannot be suspended or demoted.
    Super = 3,
}

impl Role {
    /// All roles, least first.
    pub const ALL: [Self; 4] = [Self::Viewer, Self::User, Self::Admin, Self::Super];

    /// Name in files and forms.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Viewer => "viewer",
            Self::User => "user",
            Self::Admin => "admin",
            Self::Super => "super",
        }
    }

    /// The role named `name`.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.name() == name)
    }
}

/// A user name: 1 to 64 characters of letters, digits, `.`, `_`, `-`, lower case.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Username(String);

impl Username {
    /// Parses `text`; `None` when it is not a user name.
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim().to_lowercase();
        let fits = (1..=64).contains(&text.chars().count())
            && text.chars().all(|c| c.is_alphanumeric() || matches!(c, '.' | '_' | '-'));
        fits.then_some(Self(text))
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// An e-mail address, checked for shape only: something, one `@`, a host.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Email(String);

impl Email {
    /// Parses `text`; `None` when it cannot be an address or could inject a header.
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        let (local, host) = text.rsplit_once('@')?;
        let fits = text.len() <= 254
            && !local.is_empty()
            && !local.contains('@')
            && !host.is_empty()
            && !host.starts_with(['.', '-'])
            && text
                .chars()
                .all(|c| !c.is_control() && !c.is_whitespace() && !"<>,;:\"()[]\\".contains(c));
        fits.then(|| Self(text.to_owned()))
    }

    /// The address.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// An account.
#[derive(Clone, Debug, PartialEq)]
pub struct User {
    /// Number.
    pub id: UserId,
    /// Name to sign in with.
    pub username: Username,
    /// Address.
    pub email: Email,
    /// Name people use, `""` when not given.
    pub name: String,
    /// Role.
    pub role: Role,
    /// A suspended account cannot sign in, and its key is refused.
    pub suspended: bool,
    /// argon2id hash, PHC string.
    pub password_hash: String,
    /// IANA time zone, `""` for the box's.
    pub time_zone: String,
    /// When it was made.
    pub created_at: Timestamp,
    /// What else is known of the person.
    pub details: Details,
    /// Whether the password was set by somebody else and has to be changed before anything else.
    pub must_change_password: bool,
    /// Tells versions of the picture apart, `""` without one.
    pub avatar: String,
}

/// How to reach a person; every text may be empty.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Details {
    /// Business.
    pub organisation: String,
    /// Telephone number.
    pub phone: String,
    /// Address of a web site.
    pub website: String,
    /// Postal address.
    pub address: String,
    /// Postal code.
    pub zip: String,
}

/// A link with which somebody may set a password, as stored: never the link itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ResetLink {
    /// SHA-256 of its token.
    pub hash: [u8; 32],
    /// Whose password.
    pub user: UserId,
    /// Until when.
    pub until: Timestamp,
}

impl ResetLink {
    /// Whether it may still be used; not when it is valid for longer than any link is, because
    /// the clock was wrong when it was made.
    pub fn is_live(&self, now: Timestamp) -> bool {
        (0..=RESET_LINK_MS).contains(&self.until.since(now))
    }
}

impl User {
    /// Name and text of every field that people change, for lists of what changed; the password
    /// is not among them.
    pub fn fields(&self) -> Vec<(&'static str, String)> {
        vec![
            ("username", self.username.as_str().to_owned()),
            ("name", self.name.clone()),
            ("email", self.email.as_str().to_owned()),
            ("role", self.role.name().to_owned()),
            ("status", if self.suspended { "suspended" } else { "active" }.to_owned()),
            ("time_zone", self.time_zone.clone()),
            ("organisation", self.details.organisation.clone()),
            ("phone", self.details.phone.clone()),
            ("website", self.details.website.clone()),
            ("address", self.details.address.clone()),
            ("zip", self.details.zip.clone()),
            ("picture", self.avatar.clone()),
        ]
    }
}

/// A session as stored: never the cookie itself.
#[derive(Clone, Debug, PartialEq)]
pub struct Session {
    /// SHA-256 of the cookie's token.
    pub hash: [u8; 32],
    /// Whose.
    pub user: UserId,
    /// Sign-in.
    pub created_at: Timestamp,
    /// Last request; written at most once a minute.
    pub last_used: Timestamp,
    /// Address it was made from.
    pub address: String,
    /// Browser, cleaned.
    pub agent: String,
}
