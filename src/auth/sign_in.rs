//! Signing in with name and password, and with a code where there is a second factor: throttled, in
//! the same time and words for every failure.

use std::net::IpAddr;

use crate::base::clock::Timestamp;
use crate::base::limits::ENROLMENT_MS;
use crate::base::log::quoted;
use crate::domain::users;
use crate::model::user::User;
use crate::store::{Store, StoreError, WriteTx};

use super::brief::Brief;
use super::password::{Hasher, Verdict};
use super::policy::{self, Standing};
use super::second_factor::{self, Proof};
use super::second_step::SecondStep;
use super::throttle::Throttle;
use super::totp::TotpSecret;

/// Checks names, passwords and codes. Shared by all threads.
pub struct SignIn {
    /// Makes and checks hashes; also for set-up and new passwords.
    pub hasher: Hasher,
    /// Counts tries; also those of the set-up code.
    pub throttle: Throttle,
    /// Sign-ins that wait for their code.
    pub second_step: SecondStep,
    /// New second factors that wait to be confirmed, by session.
    pub enrolments: Brief<TotpSecret>,
}

impl Default for SignIn {
    fn default() -> Self {
        Self {
            hasher: Hasher::new(),
            throttle: Throttle::new(),
            second_step: SecondStep::default(),
            enrolments: Brief::new(ENROLMENT_MS),
        }
    }
}

/// Why nobody was signed in.
#[derive(Debug)]
pub enum SignInError {
    /// Too many tries: come back after this many seconds.
    Wait(i64),
    /// Wrong name or password, or the account is suspended: which of them is only logged.
    Wrong,
    /// The password is right, but a temporary one that works no more.
    Over,
    /// Wrong code, or one that was used.
    WrongCode,
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
            Self::Over => {
                f.write_str("The temporary password is over. Ask an administrator for another one.")
            }
            Self::WrongCode => f.write_str(
                "The code is wrong or was used. Wait for the next one, and compare the clocks of \
                 phone and box.",
            ),
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
                    sign_in.throttle.remember(&code_name(&user), address, session.created_at);
                }
            }
            Ok(())
        })?;
        Ok(sign_in)
    }

    /// The active account of this name and password. Hashes with outdated costs are renewed; a
    /// password that has become too short, because the second factor is gone, has to be changed.
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
        if store.read(|tx| users::password_is_over(tx, &user, now))? {
            log_failure(address, &name, "temporary password is over");
            return Err(SignInError::Over);
        }
        self.throttle.succeed(attempt);
        if verdict == Verdict::RightButOld {
            self.renew(store, &user, password)?;
        }
        let standing = store.read(|tx| Standing::of(tx, &user))?;
        if !user.must_change_password && !policy::is_long_enough(password, &standing) {
            return Ok(store.write(|tx| users::demand_new_password(tx, user.id))?);
        }
        Ok(user)
    }

    /// Does `then` in the transaction that uses up the proof of `user`'s second factor. Codes are
    /// counted apart from passwords: whoever has the password must not start afresh with it.
    ///
    /// # Errors
    /// [`SignInError`]; its text may be shown. Nothing was changed.
    pub fn prove<T>(
        &self,
        store: &Store,
        user: &User,
        typed: &str,
        address: IpAddr,
        now: Timestamp,
        then: impl FnOnce(&WriteTx, Proof) -> Result<T, StoreError>,
    ) -> Result<T, SignInError> {
        let name = user.username.as_str();
        let attempt = self.throttle.begin(&code_name(user), address, now).map_err(|wait| {
            log_failure(address, name, "throttled");
            SignInError::Wait(wait / 1000 + 1)
        })?;
        let mut wrong = false;
        let done = store.write(|tx| {
            let proof = second_factor::prove(tx, user.id, typed, now)?;
            wrong = proof.is_none();
            then(tx, proof.ok_or(StoreError::Refused("wrong code"))?)
        });
        if wrong {
            log_failure(address, name, "wrong code");
            return Err(SignInError::WrongCode);
        }
        let done = done?;
        self.throttle.succeed(attempt);
        Ok(done)
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

/// Under which name tries of `user`'s codes are throttled; no user name has a space.
fn code_name(user: &User) -> String {
    format!("{} code", user.username.as_str())
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

    /// Time goes into hashing: the same number of hashes is the same time.
    #[test]
    fn unknown_and_known_users_take_the_same_time() {
        let (_directory, store, sign_in, user) = setting();
        let mut suspended = fixtures::user(&store, "susi", Role::User);
        suspended.suspended = true;
        suspended.password_hash = user.password_hash.clone();
        let broken = fixtures::user(&store, "bro", Role::User);
        store.write(|tx| tx.put_user(&suspended)).unwrap();
        assert_eq!(broken.password_hash, "", "no hash at all");
        let long = "x".repeat(257);
        for (n, (name, password, expected)) in [
            ("admin", "wrong password", 1),
            ("nobody", "wrong password", 1),
            ("not a name", "wrong password", 1),
            ("", "", 1),
            ("susi", "wrong password", 1),
            ("susi", PASSWORD, 1),
            ("bro", "wrong password", 1),
            ("admin", PASSWORD, 1),
            ("admin", &long, 0),
            ("nobody", &long, 0),
        ]
        .into_iter()
        .enumerate()
        {
            let from = IpAddr::from([10, 1, 0, n as u8]);
            let before = sign_in.hasher.hashes();
            let _ = sign_in.authenticate(&store, name, password, from, NOW);
            assert_eq!(sign_in.hasher.hashes() - before, expected, "{name} {password:.20}");
        }
        for name in ["admin", "nobody"] {
            let from = IpAddr::from([10, 2, 0, 1]);
            let all: Vec<u64> = (0..6)
                .map(|_| {
                    let before = sign_in.hasher.hashes();
                    let _ = sign_in.authenticate(&store, name, "wrong", from, NOW);
                    sign_in.hasher.hashes() - before
                })
                .collect();
            assert_eq!(all, [1, 1, 1, 0, 0, 0], "{name}");
        }
    }

    #[test]
    fn a_temporary_password_is_over_after_three_days() {
        let (_directory, store, sign_in, user) = setting();
        store.write(|tx| users::make_temporary(tx, user.clone(), NOW)).unwrap();
        let at = |now, password| sign_in.authenticate(&store, "admin", password, OFFICE, now);
        let end = NOW.plus_ms(crate::base::limits::TEMPORARY_PASSWORD_MS);
        assert!(at(NOW, PASSWORD).unwrap().must_change_password);
        assert!(at(end, PASSWORD).is_ok());
        assert!(matches!(at(end.plus_ms(1), PASSWORD), Err(SignInError::Over)));
        assert!(matches!(at(end.plus_ms(1), "wrong"), Err(SignInError::Wrong)));
        let later = end.plus_ms(3_600_000);
        assert!(matches!(at(NOW.plus_ms(-600_000), PASSWORD), Err(SignInError::Over)));
        let hash = sign_in.hasher.hash(PASSWORD).unwrap();
        store.write(|tx| users::set_password(tx, user.id, &hash, None)).unwrap();
        assert!(!at(later, PASSWORD).unwrap().must_change_password);
    }

    #[test]
    fn a_password_too_short_without_a_second_factor_has_to_be_changed() {
        let (_directory, store, sign_in, user) = setting();
        let short = "k3!xQ9vL";
        let hash = sign_in.hasher.hash(short).unwrap();
        store.write(|tx| users::set_password(tx, user.id, &hash, None)).unwrap();
        let enter = || sign_in.authenticate(&store, "admin", short, OFFICE, NOW).unwrap();
        let secret = TotpSecret::generate();
        let code = secret.code(crate::auth::totp::step_at(NOW).unwrap());
        let on = store
            .write(|tx| second_factor::turn_on(tx, user.id, &secret, &code, None, NOW))
            .unwrap();
        assert!(on.is_some() && !enter().must_change_password);
        store.write(|tx| second_factor::turn_off(tx, user.id, None)).unwrap();
        assert!(enter().must_change_password);
        assert!(store.read(|tx| tx.user(user.id)).unwrap().unwrap().must_change_password);
    }

    /// Somebody has the password and guesses codes for a day, from one address and from fifty,
    /// giving the right password before every code.
    #[test]
    fn ten_thousand_codes_become_a_hundred_and_the_owner_still_gets_in() {
        for addresses in [1_u32, 50] {
            let (_directory, store, sign_in, user) = setting();
            let secret = TotpSecret::generate();
            let code_at = |now| secret.code(crate::auth::totp::step_at(now).unwrap());
            let recovery = store
                .write(|tx| second_factor::turn_on(tx, user.id, &secret, &code_at(NOW), None, NOW))
                .unwrap()
                .unwrap();
            let home = |typed: &str, now| {
                sign_in.prove(&store, &user, typed, OFFICE, now, |_, proof| Ok(proof))
            };
            let first = NOW.plus_ms(60_000);
            assert_eq!(home(&code_at(first), first).unwrap(), Proof::App);
            let mut tried = 0;
            for n in 0..10_000_u32 {
                let now = NOW.plus_ms(120_000 + i64::from(n) * 8600);
                let from = IpAddr::from([203, 0, 113, (n % addresses) as u8]);
                if let Ok(attempt) = sign_in.throttle.begin("admin", from, now) {
                    sign_in.throttle.succeed(attempt);
                }
                let guess = sign_in.prove(&store, &user, "not a code", from, now, |_, _| Ok(()));
                tried += u32::from(matches!(guess, Err(SignInError::WrongCode)));
                if n % 2500 == 0 {
                    assert!(home(&code_at(now), now).is_ok(), "{n}: the owner with the app");
                }
            }
            assert!((1..=100).contains(&tried), "{addresses} addresses: {tried}");
            let end = NOW.plus_ms(86_400_000);
            let proof = home(&recovery[0], end).unwrap();
            assert_eq!(proof, Proof::Recovery(9), "the owner without the app");
            let elsewhere = IpAddr::from([192, 168, 7, 7]);
            let proof = sign_in.prove(&store, &user, &recovery[1], elsewhere, end, |_, it| Ok(it));
            assert_eq!(proof.unwrap(), Proof::Recovery(8), "from an address never seen");
        }
    }

    #[test]
    fn what_a_code_was_for_and_the_code_are_one_change() {
        let (_directory, store, sign_in, user) = setting();
        let secret = TotpSecret::generate();
        let code_at = |now| secret.code(crate::auth::totp::step_at(now).unwrap());
        store
            .write(|tx| second_factor::turn_on(tx, user.id, &secret, &code_at(NOW), None, NOW))
            .unwrap();
        let now = NOW.plus_ms(60_000);
        let failed = sign_in.prove(&store, &user, &code_at(now), OFFICE, now, |_, _| {
            Err::<(), _>(StoreError::Refused("a rule"))
        });
        assert!(matches!(failed, Err(SignInError::Store(StoreError::Refused("a rule")))));
        let again = sign_in.prove(&store, &user, &code_at(now), OFFICE, now, |_, _| Ok(()));
        assert!(again.is_ok(), "the code was not used up");
    }
}
