//! `user add`, `user reset-password` and `user reset-second-factor`: accounts from the console of the
//! box, which is how an owner who forgot or lost everything gets in again.

use std::io::Read;

use crate::auth::password::Hasher;
use crate::auth::policy::{self, Standing};
use crate::auth::setup::{SetupError, SetupForm, new_user};
use crate::auth::{second_factor, token};
use crate::base::clock::Clock;
use crate::base::limits::PASSWORD_BYTES_MAX;
use crate::base::secret::Secret;
use crate::domain::users::{self, NewUser};
use crate::model::audit::{Action, Event};
use crate::model::user::Role;

use super::args::{AccountOptions, UserAddOptions};
use super::{Failure, open_existing_store, open_store, say};

/// Adds an account and prints its API key, once and for the only time.
///
/// # Errors
/// [`Failure::Failed`] with what to do; nothing was changed.
pub fn add(options: &UserAddOptions) -> Result<(), Failure> {
    say(&add_with(options, &mut std::io::stdin().lock())?)
}

fn add_with(options: &UserAddOptions, input: &mut impl Read) -> Result<String, Failure> {
    let password = read_password(input)?;
    let form = SetupForm {
        username: &options.username,
        email: &options.email,
        password: password.expose(),
        ..SetupForm::default()
    };
    let role = if options.admin { Role::Admin } else { Role::User };
    let new = new_user(&Hasher::new(), form).map_err(|error| match error {
        SetupError::Field(name, message) => Failure::Failed(format!("{name}: {message}")),
        other => Failure::Failed(other.to_string()),
    })?;
    let store = open_store(&options.data)?;
    let now = Clock::System.now();
    let key = store.write(|tx| {
        let user = users::create(tx, NewUser { role, ..new }, now)?;
        let event = Event::of_console(Action::UserAdded, now).object(user.username.as_str());
        tx.audit(&event.note(user.role.name()))?;
        token::first(tx, user.id, now)
    })?;
    Ok(format!("api key: {}", key.secret.expose()))
}

/// Sets the password of an account and ends its sessions.
///
/// # Errors
/// [`Failure::Failed`] with what to do; nothing was changed.
pub fn reset_password(options: &AccountOptions) -> Result<(), Failure> {
    say(&reset_password_with(options, &mut std::io::stdin().lock())?)
}

fn reset_password_with(options: &AccountOptions, input: &mut impl Read) -> Result<String, Failure> {
    let password = read_password(input)?;
    let store = open_existing_store(&options.data)?;
    let user = store
        .read(|tx| users::by_username(tx, &options.username))?
        .ok_or_else(|| Failure::Failed(users::UNKNOWN.to_owned()))?;
    let standing = store.read(|tx| Standing::of(tx, &user))?;
    let hash = policy::accept(&Hasher::new(), password.expose(), &standing);
    let hash = hash.map_err(Failure::Failed)?;
    let name = user.username.as_str();
    store.write(|tx| {
        tx.audit(&Event::of_console(Action::PasswordSet, Clock::System.now()).object(name))?;
        users::set_password(tx, user.id, &hash, None)
    })?;
    let suspended = if user.suspended { "; the account is still suspended" } else { "" };
    let factor = match store.read(|tx| tx.second_factor(user.id))? {
        Some(_) => "; its second factor stays, user reset-second-factor removes it",
        None => "",
    };
    Ok(format!("the password of {name} is set and its sessions have ended{suspended}{factor}"))
}

/// Removes the second factor of an account and ends its sessions.
///
/// # Errors
/// [`Failure::Failed`] with what to do; nothing was changed.
pub fn reset_second_factor(options: &AccountOptions) -> Result<(), Failure> {
    say(&reset_second_factor_with(options)?)
}

fn reset_second_factor_with(options: &AccountOptions) -> Result<String, Failure> {
    let store = open_existing_store(&options.data)?;
    let user = store
        .read(|tx| users::by_username(tx, &options.username))?
        .ok_or_else(|| Failure::Failed(users::UNKNOWN.to_owned()))?;
    let name = user.username.as_str();
    if store.read(|tx| tx.second_factor(user.id))?.is_none() {
        return Ok(format!("{name} has no second factor"));
    }
    store.write(|tx| {
        let now = Clock::System.now();
        tx.audit(&Event::of_console(Action::SecondFactorReset, now).object(name))?;
        second_factor::turn_off(tx, user.id, None)
    })?;
    Ok(format!("the second factor of {name} is removed and its sessions have ended"))
}

/// One line, or the whole input without the line end: `echo` adds one, `printf` does not.
fn read_password(input: &mut impl Read) -> Result<Secret, Failure> {
    let mut bytes = Vec::with_capacity(PASSWORD_BYTES_MAX + 16);
    input
        .take(PASSWORD_BYTES_MAX as u64 + 8)
        .read_to_end(&mut bytes)
        .map_err(|error| Failure::failed("cannot read the password", error))?;
    let text = String::from_utf8(bytes)
        .map_err(|_| Failure::Failed("the password is not UTF-8 text".into()))?;
    let text = Secret::new(text);
    let line = text.expose().strip_suffix('\n').unwrap_or(text.expose());
    let line = line.strip_suffix('\r').unwrap_or(line);
    if line.contains(['\n', '\0']) {
        return Err(Failure::Failed("the password must be a single line".into()));
    }
    Ok(Secret::new(line))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::auth::session;
    use crate::auth::sign_in::SignIn;
    use crate::auth::totp::{self, TotpSecret};
    use crate::store::{ReadTx, Store, StoreOptions};

    const PASSWORD: &str = "correct horse battery staple";

    fn options(directory: &tempfile::TempDir, username: &str) -> UserAddOptions {
        UserAddOptions {
            username: username.into(),
            email: "a@example.org".into(),
            admin: username == "admin",
            data: directory.path().join("data"),
        }
    }

    #[test]
    fn accounts_from_the_console() {
        let directory = tempfile::tempdir().unwrap();
        for (name, input) in [("Owner", "\n"), ("admin", "\r\n"), ("user", "")] {
            let typed = format!("{PASSWORD}{input}");
            let line = add_with(&options(&directory, name), &mut typed.as_bytes()).unwrap();
            assert!(line.starts_with("api key: oal_"), "{line}");
        }
        let store = Store::open(&directory.path().join("data"), StoreOptions::default()).unwrap();
        let roles: Vec<_> = store.read(ReadTx::users).unwrap().iter().map(|u| u.role).collect();
        assert_eq!(roles, [Role::Super, Role::Admin, Role::User]);
        let sign_in = SignIn::default();
        let address = std::net::IpAddr::from([127, 0, 0, 1]);
        let now = Clock::System.now();
        sign_in.authenticate(&store, "owner", PASSWORD, address, now).unwrap();
    }

    #[test]
    fn mistakes_change_nothing() {
        let directory = tempfile::tempdir().unwrap();
        add_with(&options(&directory, "owner"), &mut PASSWORD.as_bytes()).unwrap();
        let long = "x".repeat(10_000);
        for (name, password, part) in [
            ("owner", PASSWORD, "taken"),
            ("a b", PASSWORD, "user name"),
            ("ann", "short", "at least 12"),
            ("ann", "", "at least 12"),
            ("ann", "two lines of\ntext here", "single line"),
            ("ann", &long, "too long"),
        ] {
            let error = add_with(&options(&directory, name), &mut password.as_bytes()).unwrap_err();
            assert!(matches!(&error, Failure::Failed(m) if m.contains(part)), "{name}: {error:?}");
        }
        let bytes: &[u8] = &[0xff; 20];
        assert!(add_with(&options(&directory, "ann"), &mut { bytes }).is_err());
    }

    #[test]
    fn a_reset_ends_the_sessions() {
        let directory = tempfile::tempdir().unwrap();
        let data = directory.path().join("data");
        add_with(&options(&directory, "owner"), &mut PASSWORD.as_bytes()).unwrap();
        let now = Clock::System.now();
        {
            let store = Store::open(&data, StoreOptions::default()).unwrap();
            let id = store.read(ReadTx::users).unwrap()[0].id;
            store.write(|tx| session::start(tx, id, None, "::1", "", now)).unwrap();
        }
        let reset = AccountOptions { username: "OWNER".into(), data: data.clone() };
        let fresh = "another river stone lamp";
        reset_password_with(&reset, &mut fresh.as_bytes()).unwrap();
        let nobody = AccountOptions { username: "nobody".into(), data: data.clone() };
        assert!(reset_password_with(&nobody, &mut fresh.as_bytes()).is_err());
        let nowhere = AccountOptions { data: directory.path().join("typo"), ..nobody };
        assert!(reset_password_with(&nowhere, &mut fresh.as_bytes()).is_err());
        assert!(!directory.path().join("typo").exists());
        let store = Store::open(&data, StoreOptions::default()).unwrap();
        assert!(store.read(ReadTx::sessions).unwrap().is_empty());
        let address = std::net::IpAddr::from([127, 0, 0, 1]);
        let sign_in = SignIn::default();
        assert!(sign_in.authenticate(&store, "owner", PASSWORD, address, now).is_err());
        sign_in.authenticate(&store, "owner", fresh, address, now).unwrap();
    }
    #[test]
    fn a_lost_second_factor_is_removed() {
        let directory = tempfile::tempdir().unwrap();
        let data = directory.path().join("data");
        add_with(&options(&directory, "owner"), &mut PASSWORD.as_bytes()).unwrap();
        let now = Clock::System.now();
        let reset = |username: &str| {
            let username = username.to_owned();
            reset_second_factor_with(&AccountOptions { username, data: data.clone() })
        };
        assert_eq!(reset("owner").unwrap(), "owner has no second factor");
        {
            let store = Store::open(&data, StoreOptions::default()).unwrap();
            let id = store.read(ReadTx::users).unwrap()[0].id;
            let secret = TotpSecret::generate();
            let code = secret.code(totp::step_at(now).unwrap());
            let on = store.write(|tx| second_factor::turn_on(tx, id, &secret, &code, None, now));
            assert!(on.unwrap().is_some());
            store.write(|tx| session::start(tx, id, None, "::1", "", now)).unwrap();
        }
        let set = AccountOptions { username: "owner".into(), data: data.clone() };
        let told = reset_password_with(&set, &mut PASSWORD.as_bytes()).unwrap();
        assert!(told.contains("its second factor stays"), "{told}");
        assert!(reset("nobody").is_err());
        assert!(reset("OWNER").unwrap().contains("is removed"));
        let store = Store::open(&data, StoreOptions::default()).unwrap();
        assert!(store.read(ReadTx::second_factors).unwrap().is_empty());
        assert!(store.read(ReadTx::sessions).unwrap().is_empty());
        assert!(store.read(ReadTx::lost_secrets).unwrap().is_empty());
    }
}
