//! Values that must not be seen: no `Debug`, no `Display`, wiped on drop, compared in constant
//! time.

use std::fmt;

use subtle::ConstantTimeEq as _;
use zeroize::Zeroize;

/// A secret text. Read it with [`Secret::expose`], which makes every use easy to find.
#[derive(Clone)]
pub struct Secret(String);

impl Secret {
    /// Wraps `value`.
    pub fn new(value: impl Into<String>) -> Self {
        Self(value.into())
    }

    /// The secret itself.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

impl Drop for Secret {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

/// A secret that is kept: what a page may say about it, and the secret for whoever uses it.
#[derive(Clone, Debug, Default)]
pub enum Kept {
    /// It was never entered.
    #[default]
    Unset,
    /// It was entered, but its key is gone: it has to be entered again.
    Lost,
    /// It is there.
    Known(Secret),
}

impl Kept {
    /// The secret, when it is there.
    pub const fn known(&self) -> Option<&Secret> {
        match self {
            Self::Known(secret) => Some(secret),
            Self::Unset | Self::Lost => None,
        }
    }
}

/// Whether two byte strings are equal, in time that depends on their lengths only.
pub fn equal(a: &[u8], b: &[u8]) -> bool {
    a.ct_eq(b).into()
}
