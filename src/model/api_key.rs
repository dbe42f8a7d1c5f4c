//! API keys and what each may be used for.

use crate::base::clock::Timestamp;
use crate::base::hash::hex;
use crate::base::limits::KEY_NAME_CHARS_MAX;

use super::text;
use super::user::{Role, UserId};

/// One thing a key may be used for. Numbers are bits on disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Scope {
    /// Post reads to the webhook.
    Post = 1,
    /// Look: captures, images, plates, alerts, counts.
    Read = 2,
    /// Take reads and alerts along as files.
    Export = 4,
    /// Correct plates, note what is known of them, save searches.
    Write = 8,
}

impl Scope {
    /// All scopes.
    pub const ALL: [Self; 4] = [Self::Post, Self::Read, Self::Export, Self::Write];

    /// Name in forms, files and lists.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Post => "post",
            Self::Read => "read",
            Self::Export => "export",
            Self::Write => "write",
        }
    }

    /// The scope named `name`.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|scope| scope.name() == name)
    }

    /// The least role that has any use for it.
    pub const fn least(self) -> Role {
        match self {
            Self::Read | Self::Write => Role::Viewer,
            Self::Post | Self::Export => Role::User,
        }
    }
}

/// A set of scopes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Scopes(u8);

impl Scopes {
    /// Every scope: what keys had before there were any.
    pub const ALL: Self = Self(0b1111);

    /// These scopes.
    pub fn of(scopes: impl IntoIterator<Item = Scope>) -> Self {
        Self(scopes.into_iter().fold(0, |bits, scope| bits | scope as u8))
    }

    /// The scopes that the names in `text` stand for, separated by blanks or commas; `None` when one
    /// of them is no scope.
    pub fn parse(text: &str) -> Option<Self> {
        let names = text.split([',', ' ']).filter(|name| !name.is_empty());
        names.map(Scope::parse).collect::<Option<Vec<_>>>().map(Self::of)
    }

    /// What was kept as `bits`; bits of scopes that are not known give nothing.
    pub const fn from_bits(bits: u8) -> Self {
        Self(bits & Self::ALL.0)
    }

    /// As kept.
    pub const fn bits(self) -> u8 {
        self.0
    }

    /// Whether `scope` is one of them.
    pub const fn has(self, scope: Scope) -> bool {
        self.0 & scope as u8 != 0
    }

    /// Whether there is none.
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// Them, in order.
    pub fn iter(self) -> impl Iterator<Item = Scope> {
        Scope::ALL.into_iter().filter(move |scope| self.has(*scope))
    }

    /// Their names, `post, read`.
    pub fn names(self) -> String {
        self.iter().map(Scope::name).collect::<Vec<_>>().join(", ")
    }
}

/// What somebody calls a key: one line with something in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyName(String);

impl KeyName {
    /// Parses `text`; `None` when it is empty or too long.
    pub fn parse(text: &str) -> Option<Self> {
        let text = text::clean(text);
        (1..=KEY_NAME_CHARS_MAX).contains(&text.chars().count()).then_some(Self(text))
    }

    /// Of a key that nobody named: the first of an account, and all from before keys had names.
    pub fn unnamed() -> Self {
        Self("API key".to_owned())
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// An API key as stored: never the key itself.
#[derive(Clone, Debug, PartialEq)]
pub struct ApiKey {
    /// Whose.
    pub user: UserId,
    /// What its owner calls it.
    pub name: KeyName,
    /// What it may be used for, as far as the role of its owner goes.
    pub scopes: Scopes,
    /// SHA-256 of the key.
    pub hash: [u8; 32],
    /// Its last four characters.
    pub last_four: String,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was last used, zero when never; written at most once a minute.
    pub last_used: Timestamp,
}

impl ApiKey {
    /// Names the key in forms: the start of its hash, which opens nothing.
    pub fn id(&self) -> String {
        hex(self.hash.first_chunk::<8>().map_or(&[], |start| start.as_slice()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scopes_are_read_and_written() {
        for (text, expected) in [
            ("", Some(Scopes::default())),
            ("post", Some(Scopes::of([Scope::Post]))),
            ("read,export", Some(Scopes::of([Scope::Export, Scope::Read]))),
            ("write, read  post export post", Some(Scopes::ALL)),
            ("Post", None),
            ("read,admin", None),
            ("*", None),
        ] {
            assert_eq!(Scopes::parse(text), expected, "{text}");
        }
        assert_eq!(Scopes::ALL.names(), "post, read, export, write");
        for scope in Scope::ALL {
            let only = Scopes::of([scope]);
            assert_eq!(Scopes::parse(scope.name()), Some(only));
            assert_eq!(Scopes::from_bits(only.bits()), only);
            assert!(Scope::ALL.into_iter().all(|other| only.has(other) == (other == scope)));
        }
        assert!(Scopes::from_bits(0xf0).is_empty());
    }

    #[test]
    fn names_are_one_line_with_something_in_it() {
        assert_eq!(KeyName::parse(" Rekor\nScout ").unwrap().as_str(), "RekorScout");
        for bad in ["", "  ", "\n", &"x".repeat(KEY_NAME_CHARS_MAX + 1)] {
            assert_eq!(KeyName::parse(bad), None, "{bad:?}");
        }
        assert!(KeyName::parse(KeyName::unnamed().as_str()).is_some());
    }
}
