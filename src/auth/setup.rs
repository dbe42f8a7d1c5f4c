//! First run: proof that a visitor may claim the box. Whoever sits at it needs none; anybody else
//! gives the code that the box wrote to its log when it started.

use std::net::IpAddr;

use crate::base::clock::Timestamp;
use crate::base::secret::{self, Secret};
use crate::domain::setup;
use crate::domain::users::NewUser;
use crate::model::api_key::{KeyName, Scopes};
use crate::model::audit::{Action, Event};
use crate::model::user::{Email, Role, User, Username};
use crate::store::{ReadTx, Store, StoreError};

use super::password::Hasher;
use super::policy::{self, Standing};
use super::readable;
use super::sign_in::{SignIn, log_failure};
use super::token::NewKey;

/// Characters of the code: 40 bits, guessed through the throttle.
const CODE_CHARS: usize = 8;
/// Account name under which tries of the code are throttled; no user name has a space.
const THROTTLE_NAME: &str = "set-up code";

/// The set-up code of this start.
pub struct SetupCode(Secret);

/// The form of the first account, as typed.
#[derive(Clone, Copy, Default)]
pub struct SetupForm<'a> {
    /// Name to sign in with.
    pub username: &'a str,
    /// Address.
    pub email: &'a str,
    /// Name people use, may be empty.
    pub name: &'a str,
    /// Password.
    pub password: &'a str,
    /// IANA time zone of the account, may be empty.
    pub time_zone: &'a str,
    /// Set-up code, may be empty for a visitor at the box itself.
    pub code: &'a str,
}

/// Why the box was not set up; the text may be shown.
#[derive(Debug)]
pub enum SetupError {
    /// A field is wrong.
    Field(&'static str, String),
    /// The code is wrong or missing.
    Code,
    /// Too many tries: come back after this many seconds.
    Wait(i64),
    /// Somebody was first.
    Closed,
    /// The store failed.
    Store(StoreError),
}

impl std::fmt::Display for SetupError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Field(_, message) => f.write_str(message),
            Self::Code => f.write_str(
                "The set-up code is wrong: it is in the log of the box, in the line \"set-up code\".",
            ),
            Self::Wait(seconds) => write!(f, "Too many tries. Try again in {seconds} seconds."),
            Self::Closed => f.write_str("The box is already set up. Sign in instead."),
            Self::Store(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for SetupError {}

impl From<StoreError> for SetupError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Refused(setup::CLOSED) => Self::Closed,
            other => Self::Store(other),
        }
    }
}

impl SetupCode {
    /// A fresh code, different at every start.
    pub fn generate() -> Self {
        Self(readable::generate::<CODE_CHARS>())
    }

    /// The code as it is shown in the log: two groups of four.
    pub fn shown(&self) -> String {
        readable::grouped(&self.0, CODE_CHARS / 2)
    }

    /// Whether `typed` is the code; case, spaces and dashes do not matter.
    fn is(&self, typed: &str) -> bool {
        let typed = readable::meant(typed);
        secret::equal(typed.expose().as_bytes(), self.0.expose().as_bytes())
    }
}

/// Whether nobody has set up the box yet.
pub fn is_open(store: &Store) -> Result<bool, StoreError> {
    store.read(setup::is_open)
}

/// Makes the first account and its API key in one transaction. `at_the_box` says that the visitor
/// connects from the box itself: the peer is a loopback address and no proxy forwarded it.
///
/// # Errors
/// [`SetupError`]; nothing was changed.
pub fn claim(
    store: &Store,
    sign_in: &SignIn,
    code: &SetupCode,
    form: SetupForm<'_>,
    address: IpAddr,
    at_the_box: bool,
    now: Timestamp,
) -> Result<(User, NewKey), SetupError> {
    if !is_open(store)? {
        return Err(SetupError::Closed);
    }
    if !at_the_box {
        let attempt = sign_in
            .throttle
            .begin(THROTTLE_NAME, address, now)
            .map_err(|wait| SetupError::Wait(wait / 1000 + 1))?;
        if !code.is(form.code) {
            log_failure(address, THROTTLE_NAME, "wrong set-up code");
            return Err(SetupError::Code);
        }
        sign_in.throttle.succeed(attempt);
    }
    let new = new_user(&sign_in.hasher, form)?;
    let key = NewKey::generate();
    let user = store.write(|tx| {
        let user = setup::claim(tx, new, now)?;
        tx.put_api_key(&key.record(user.id, KeyName::unnamed(), Scopes::ALL, now))?;
        tx.audit(&Event::of_stranger(Action::SetUp, now, address).by(&user))?;
        Ok(user)
    })?;
    Ok((user, key))
}

/// The account that `form` describes, checked and with its password hashed.
///
/// # Errors
/// [`SetupError::Field`] with what to do.
pub fn new_user(hasher: &Hasher, form: SetupForm<'_>) -> Result<NewUser, SetupError> {
    let field = |name, message: &str| SetupError::Field(name, message.to_owned());
    let username = Username::parse(form.username).ok_or_else(|| {
        field(
            "username",
            "Choose a user name of 1 to 64 letters, digits, dots, dashes or underscores.",
        )
    })?;
    let email = Email::parse(form.email)
        .ok_or_else(|| field("email", "Give an e-mail address such as name@example.org."))?;
    let time_zone = crate::domain::settings::parse_zone(form.time_zone)
        .ok_or_else(|| field("time_zone", "Choose a time zone such as Europe/Berlin."))?;
    let standing = Standing::of_new(username.as_str(), email.as_str(), form.name);
    let password_hash = policy::accept(hasher, form.password, &standing)
        .map_err(|message| SetupError::Field("password", message))?;
    let (name, role) = (crate::model::text::clean(form.name), Role::User);
    Ok(NewUser { username, email, name, role, password_hash, time_zone })
}

/// Whether a start should offer a code: `Some` while nobody has set up the box.
pub fn code_when_open(store: &Store) -> Result<Option<SetupCode>, StoreError> {
    Ok(store.read(|tx: &ReadTx| setup::is_open(tx))?.then(SetupCode::generate))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::auth::fixtures::{self, NOW};
    use crate::auth::token;
    use crate::model::user::UserId;

    const LAN: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(192, 168, 1, 5));
    const FORM: SetupForm<'_> = SetupForm {
        username: "Owner",
        email: "o@example.org",
        name: "",
        password: "correct horse battery staple",
        time_zone: "",
        code: "",
    };

    #[test]
    fn the_box_is_claimed_once() {
        let (_directory, store) = fixtures::store();
        let (sign_in, code) = (SignIn::default(), code_when_open(&store).unwrap().unwrap());
        let try_it = |form, local| claim(&store, &sign_in, &code, form, LAN, local, NOW);
        assert!(matches!(try_it(FORM, false), Err(SetupError::Code)));
        let shown = code.shown();
        let form = SetupForm { code: &shown, ..FORM };
        let (user, key) = try_it(form, false).unwrap();
        assert_eq!((user.id, user.role, user.username.as_str()), (UserId(1), Role::Super, "owner"));
        let holder = store.read(|tx| token::find(tx, key.secret.expose())).unwrap();
        assert_eq!(holder.unwrap().0.id, user.id);
        assert!(matches!(try_it(form, false), Err(SetupError::Closed)));
        assert!(matches!(try_it(form, true), Err(SetupError::Closed)));
        assert!(code_when_open(&store).unwrap().is_none());
        sign_in.authenticate(&store, "owner", FORM.password, LAN, NOW).unwrap();
    }

    #[test]
    fn the_visitor_at_the_box_needs_no_code() {
        let (_directory, store) = fixtures::store();
        let code = SetupCode::generate();
        claim(&store, &SignIn::default(), &code, FORM, LAN, true, NOW).unwrap();
    }

    #[test]
    fn wrong_fields_change_nothing() {
        let (_directory, store) = fixtures::store();
        let (sign_in, code) = (SignIn::default(), SetupCode::generate());
        for (form, expected) in [
            (SetupForm { username: "a b", ..FORM }, "username"),
            (SetupForm { username: "", ..FORM }, "username"),
            (SetupForm { email: "nobody", ..FORM }, "email"),
            (SetupForm { email: "a@b\r\nBcc: c@d", ..FORM }, "email"),
            (SetupForm { password: "short", ..FORM }, "password"),
            (SetupForm { password: "owner owner owner", ..FORM }, "password"),
            (SetupForm { time_zone: "Mars/Base", ..FORM }, "time_zone"),
        ] {
            let result = claim(&store, &sign_in, &code, form, LAN, true, NOW);
            assert!(matches!(result, Err(SetupError::Field(name, _)) if name == expected));
        }
        assert!(is_open(&store).unwrap());
    }

    #[test]
    fn the_code_cannot_be_guessed_fast() {
        let (_directory, store) = fixtures::store();
        let (sign_in, code) = (SignIn::default(), SetupCode::generate());
        let form = SetupForm { code: "AAAA-AAAA", ..FORM };
        let looked_at = (0..1000)
            .filter(|_| {
                let result = claim(&store, &sign_in, &code, form, LAN, false, NOW);
                matches!(result, Err(SetupError::Code))
            })
            .count();
        assert_eq!(looked_at, 3);
    }

    #[test]
    fn two_visitors_at_once_make_one_owner() {
        let (_directory, store) = fixtures::store();
        let (sign_in, code) = (SignIn::default(), SetupCode::generate());
        let won = std::thread::scope(|scope| {
            let visitors = ["ann", "bob"].map(|username| {
                let (store, sign_in, code) = (&store, &sign_in, &code);
                let form = SetupForm { username, ..FORM };
                scope.spawn(move || claim(store, sign_in, code, form, LAN, true, NOW).is_ok())
            });
            visitors.into_iter().map(|v| v.join().unwrap()).filter(|won| *won).count()
        });
        assert_eq!(won, 1);
        assert_eq!(store.read(ReadTx::users).unwrap().len(), 1);
        assert_eq!(store.read(ReadTx::api_keys).unwrap().len(), 1);
    }
}
