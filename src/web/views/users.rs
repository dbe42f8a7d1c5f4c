//! Settings/Users: the accounts, one account, and the form behind a reset link.

use serde::Serialize;

use super::profile::KeyRow;
use super::read::TimeView;
use super::{Choice, FieldError, Tag};

/// The list, with the form of a new account.
#[derive(Clone, Debug, Default, Serialize)]
pub struct UsersPage {
    /// What was searched for.
    pub q: String,
    /// Accounts that fit.
    pub users: Vec<UserRow>,
    /// How many accounts there are.
    pub total: u64,
    /// Whether administrators need a second factor.
    pub second_factor_for_admins: bool,
    /// The new account, as typed.
    pub add: UserForm,
    /// What is wrong with it.
    pub errors: Vec<FieldError>,
}

/// One account of the list.
#[derive(Clone, Debug, Default, Serialize)]
pub struct UserRow {
    /// Where it is changed.
    pub href: String,
    /// Address of the picture, `""` without one.
    pub avatar: String,
    /// What stands in its place.
    pub initials: String,
    /// Name to sign in with.
    pub username: String,
    /// Name people use, `""` when not given.
    pub name: String,
    /// Address.
    pub email: String,
    /// Business.
    pub organisation: String,
    /// Role, for people.
    pub role: String,
    /// Active or suspended.
    pub status: Tag,
}

/// The fields of an account.
#[derive(Clone, Debug, Default, Serialize)]
pub struct UserForm {
    /// Name to sign in with.
    pub username: String,
    /// Name people use.
    pub name: String,
    /// Address.
    pub email: String,
    /// Business.
    pub organisation: String,
    /// Telephone number.
    pub phone: String,
    /// Web site.
    pub website: String,
    /// Postal address.
    pub address: String,
    /// Postal code.
    pub zip: String,
    /// Roles to choose from; none when it cannot be changed.
    pub roles: Vec<Choice>,
}

/// One account.
#[derive(Clone, Debug, Default, Serialize)]
pub struct UserPage {
    /// Prefix of the addresses its forms post to.
    pub href: String,
    /// Its fields.
    pub form: UserForm,
    /// Address of the picture, `""` without one.
    pub avatar: String,
    /// What stands in its place.
    pub initials: String,
    /// Role, for people.
    pub role: String,
    /// Active or suspended.
    pub status: Tag,
    /// Whether it is suspended.
    pub suspended: bool,
    /// Why it cannot be changed, `""` when it can.
    pub fixed: String,
    /// When it was made.
    pub created: TimeView,
    /// Live sessions.
    pub sessions: u64,
    /// Its API keys.
    pub keys: Vec<KeyRow>,
    /// Whether its second factor is on.
    pub second_factor: bool,
    /// Where the audit log tells what it did.
    pub audit_href: String,
    /// Whether a link can be sent by e-mail.
    pub letters: bool,
    /// A password or a link, shown this once.
    pub secret: String,
    /// What it is.
    pub secret_is: String,
    /// What is wrong.
    pub errors: Vec<FieldError>,
}

/// Template `reset.html`.
#[derive(Clone, Debug, Default, Serialize)]
pub struct ResetPage {
    /// Where the form posts to.
    pub action: String,
    /// Whose password, `""` when the link is over.
    pub username: String,
    /// Shortest password.
    pub password_min: usize,
    /// What was wrong.
    pub errors: Vec<FieldError>,
}
