//! Signing in with name and password: throttled, in the same time and words for every failure.

use std::net::IpAddr;

use crate::base::clock::Timestamp;
use crate::base::log::quoted;
use crate::domain::users;
use crate::model::user::User;
use crate::store::{Store, StoreError};

use super::password::{Hasher, Verdict};
use super::throttle::Throttle;

/// Checks names and passwords. Shared by all threads.
#[derive(Default)]
pub struct SignIn {
    /// Makes and checks hashes; also for set-up and new passwords.
    pub hasher: Hasher,
    /// Counts tries; also those of the set-up code.
    pub throttle: Throttle,
}

/// Why nobody was signed in.
#[derive(Debug)]
pub enum SignInError {
    /// Too many tries: come back after this many seconds.
    Wait(i64),
    /// Wrong name or password, or the account is suspended: which of them is only logged.
    Wrong,
    /// The store failed.
    Store(StoreError),
}

impl std::fmt::Display for SignInError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Wait(1) => f.write_str("Too many tries. Try again in one second."),
            Self::Wait(seconds @ 0..120) => {
                write!(f, "Too many tries. Try again in {seconds} seconds.")
            }
            Self::Wait(seconds) => {
                write!(f, "Too many tries. Try again in {} minutes.", seconds / 60 + 1)
            }
            Self::Wrong => f.write_str("The user name or the password is wrong."),
            Self::Store(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for SignInError {}

impl From<StoreError> for SignInError {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

impl SignIn {
    /// A checker that trusts the addresses of live sessions: their owners keep getting in while
    /// somebody else guesses, also after a restart.
    pub fn new(store: &Store) -> Result<Self, StoreError> {
        let sign_in = Self::default();
        store.read(|tx| {
            for session in tx.sessions()? {
                if let (Ok(address), Some(user)) = (session.address.parse(), tx.user(session.user)?)
                {
                    let name = user.username.as_str();
                    sign_in.throttle.remember(name, address, session.created_at);
                }
            }
            Ok(())
        })?;
        Ok(sign_in)
    }

    /// The active account of this name and password. Hashes with outdated costs are renewed.
    ///
    /// # Errors
    /// [`SignInError`]; its text may be shown.
    pub fn authenticate(
        &self,
        store: &Store,
        username: &str,
        password: &str,
        address: IpAddr,
        now: Timestamp,
    ) -> Result<User, SignInError> {
        let name: String = username.trim().chars().take(64).collect();
        let attempt = self.throttle.begin(&name, address, now).map_err(|wait| {
            log_failure(address, &name, "throttled");
            SignInError::Wait(wait / 1000 + 1)
        })?;
        let user = store.read(|tx| users::by_username(tx, username))?;
        let stored = user.as_ref().map(|user| user.password_hash.as_str());
        let verdict = self.hasher.verify(password, stored);
        let Some(user) = user else {
            log_failure(address, &name, "unknown user");
            return Err(SignInError::Wrong);
        };
        if verdict == Verdict::Wrong {
            log_failure(address, &name, "wrong password");
            return Err(SignInError::Wrong);
        }
        if user.suspended {
            log_failure(address, &name, "suspended");
            return Err(SignInError::Wrong);
        }
        self.throttle.succeed(attempt);
        if verdict == Verdict::RightButOld {
            self.renew(store, &user, password)?;
        }
        Ok(user)
    }

    fn renew(&self, store: &Store, user: &User, password: &str) -> Result<(), StoreError> {
        let Some(hash) = self.hasher.hash(password) else { return Ok(()) };
        store.write(|tx| match tx.user(user.id)? {
            // Unless somebody has set another password in between.
            Some(current) if current.password_hash == user.password_hash => {
                tx.put_user(&User { password_hash: hash.to_string(), ..current })
            }
            _ => Ok(()),
        })
    }
}

/// The one line that tools such as fail2ban read; its form is documented and stays.
pub fn log_failure(address: IpAddr, user: &str, reason: &str) {
    let address = address.to_canonical();
    log::warn!("auth_failed ip={address} user={} reason={}", quoted(user), quoted(reason));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::auth::fixtures::{self, NOW};
    use crate::model::password_hash::PasswordHash;
    use crate::model::user::Role;

    const OFFICE: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(192, 168, 1, 5));
    const STRANGER: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(203, 0, 113, 1));
    const PASSWORD: &str = "correct horse battery staple";

    fn setting() -> (tempfile::TempDir, Store, SignIn, User) {
        let (directory, store) = fixtures::store();
        let sign_in = SignIn::new(&store).unwrap();
        let mut user = fixtures::user(&store, "admin", Role::Super);
        user.password_hash = sign_in.hasher.hash(PASSWORD).unwrap().to_string();
        store.write(|tx| tx.put_user(&user)).unwrap();
        (directory, store, sign_in, user)
    }

    #[test]
    fn name_and_password_must_both_be_right() {
        let (_directory, store, sign_in, user) = setting();
        let found = sign_in.authenticate(&store, " ADMIN ", PASSWORD, OFFICE, NOW).unwrap();
        assert_eq!(found.id, user.id);
        let long = "x".repeat(1_000_000);
        let wrong = [
            ("admin", ""),
            ("admin", "wrong"),
            ("nobody", PASSWORD),
            ("", ""),
            ("admin\0", PASSWORD),
            ("' or 1=1", PASSWORD),
            (&long, PASSWORD),
            ("admin", &long),
        ];
        for (n, (name, password)) in wrong.into_iter().enumerate() {
            let from = IpAddr::from([10, 0, 0, n as u8]);
            let error = sign_in.authenticate(&store, name, password, from, NOW).unwrap_err();
            assert_eq!(error.to_string(), "The user name or the password is wrong.", "{name:.9}");
        }
    }

    #[test]
    fn wrong_passwords_lock_nobody_out() {
        let (_directory, store, sign_in, _) = setting();
        for n in 0..200 {
            let now = NOW.plus_ms(n * 1000);
            assert!(sign_in.authenticate(&store, "admin", "guess", STRANGER, now).is_err());
        }
        let now = NOW.plus_ms(200_000);
        let error = sign_in.authenticate(&store, "admin", PASSWORD, STRANGER, now).unwrap_err();
        assert!(matches!(error, SignInError::Wait(1..=3600)), "{error}");
        let owner = sign_in.authenticate(&store, "admin", PASSWORD, OFFICE, now).unwrap();
        assert!(!owner.suspended);
        let later = now.plus_ms(3_600_000);
        assert!(sign_in.authenticate(&store, "admin", PASSWORD, STRANGER, later).is_ok());
    }

    #[test]
    fn a_suspended_account_looks_like_a_wrong_password() {
        let (_directory, store, sign_in, user) = setting();
        store.write(|tx| tx.put_user(&User { suspended: true, ..user.clone() })).unwrap();
        let error = sign_in.authenticate(&store, "admin", PASSWORD, OFFICE, NOW).unwrap_err();
        assert_eq!(error.to_string(), SignInError::Wrong.to_string());
    }

    #[test]
    fn an_outdated_hash_is_renewed() {
        let (_directory, store, sign_in, user) = setting();
        // From the reference implementation's tests: 64 MiB.
        let old = "$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc";
        store.write(|tx| tx.put_user(&User { password_hash: old.into(), ..user.clone() })).unwrap();
        sign_in.authenticate(&store, "admin", "password", OFFICE, NOW).unwrap();
        let kept = store.read(|tx| tx.user(user.id)).unwrap().unwrap().password_hash;
        assert_eq!(PasswordHash::parse(&kept).unwrap().memory_kib, 19_456);
        sign_in.authenticate(&store, "admin", "password", OFFICE, NOW).unwrap();
    }

    #[test]
    fn unknown_and_known_users_take_the_same_time() {
        let (_directory, store, sign_in, _) = setting();
        let median = |name: &str, part: u8| {
            let mut times: Vec<_> = (0..9)
                .map(|n| {
                    let from = IpAddr::from([10, part, 0, n]);
                    let start = std::time::Instant::now();
                    let _ = sign_in.authenticate(&store, name, "wrong password", from, NOW);
                    start.elapsed().as_secs_f64()
                })
                .collect();
            times.sort_by(f64::total_cmp);
            times[4]
        };
        let ratio = median("admin", 1) / median("nobody", 2);
        // Wide, because tests share the machine; without the dummy hash it is beyond 100.
        assert!((0.3..3.0).contains(&ratio), "{ratio}");
    }
}
