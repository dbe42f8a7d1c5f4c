//! The second factor of an account: switching it on and off, proving it with a code of the app or a
//! recovery code, each of which works once. Takes transactions, so that a proof and what it is for
//! are one change; how often somebody may try is decided in `sign_in`.

use crate::base::clock::Timestamp;
use crate::base::hash::sha256;
use crate::base::limits::RECOVERY_CODES;
use crate::base::secret::{self, Secret};
use crate::domain::users;
use crate::model::second_factor::SecondFactor;
use crate::model::user::{User, UserId};
use crate::store::{StoreError, WriteTx};

use super::readable;
use super::totp::{self, TotpSecret};

/// Refusal: the codes of the app cannot be checked any more.
pub const KEY_LOST: &str = "the box has lost its key for secrets and cannot check codes of the app: use a recovery code, or have the second factor removed";
/// Refusal: it is on already.
pub const ON_ALREADY: &str = "the second factor is on: switch it off before you set up another one";
/// Characters of a recovery code: 120 bits, so that a fast hash keeps it.
const RECOVERY_CHARS: usize = 24;
/// Characters of a group of it.
const RECOVERY_GROUP: usize = 6;

/// With what a second factor was proved.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Proof {
    /// A code of the app.
    App,
    /// A recovery code; so many are left.
    Recovery(usize),
}

impl Proof {
    /// For the audit log.
    pub fn note(self) -> String {
        match self {
            Self::App => "code of the app".to_owned(),
            Self::Recovery(left) => format!("recovery code, {left} left"),
        }
    }
}

/// Switches the second factor of `user` on, when `typed` is a code of `secret`, and ends all sessions
/// but `keep`: they began without it. Returns the recovery codes as they are shown, once.
///
/// # Errors
/// [`StoreError::Refused`] when it is on already.
pub fn turn_on(
    tx: &WriteTx,
    user: UserId,
    secret: &TotpSecret,
    typed: &str,
    keep: Option<[u8; 32]>,
    now: Timestamp,
) -> Result<Option<Vec<String>>, StoreError> {
    if tx.second_factor(user)?.is_some() {
        return Err(StoreError::Refused(ON_ALREADY));
    }
    let Some(step) = secret.step_of(readable::meant(typed).expose(), now) else { return Ok(None) };
    let (shown, recovery) = recovery_codes(user);
    tx.put_secret(&secret_name(user), secret.kept())?;
    tx.put_second_factor(&SecondFactor { user, since: now, used: vec![step], recovery })?;
    tx.delete_sessions(|session| session.user == user && Some(session.hash) != keep)?;
    Ok(Some(shown))
}

/// Whether `typed` proves the second factor of `user`; what proved it is used up with this
/// transaction.
///
/// # Errors
/// [`StoreError::Refused`] with [`KEY_LOST`].
pub fn prove(
    tx: &WriteTx,
    user: UserId,
    typed: &str,
    now: Timestamp,
) -> Result<Option<Proof>, StoreError> {
    let Some(mut factor) = tx.second_factor(user)? else { return Ok(None) };
    let typed = readable::meant(typed);
    let proof = if totp::is_code(typed.expose()) {
        let kept = tx.secret(&secret_name(user))?;
        let kept = kept.known().ok_or(StoreError::Refused(KEY_LOST))?;
        let step = TotpSecret::of(kept.clone()).step_of(typed.expose(), now);
        step.filter(|step| factor.use_step(*step)).map(|_| Proof::App)
    } else {
        let hash = recovery_hash(user, &typed);
        let before = factor.recovery.len();
        factor.recovery.retain(|known| !secret::equal(known, &hash));
        let left = factor.recovery.len();
        (left < before).then_some(Proof::Recovery(left))
    };
    if proof.is_some() {
        tx.put_second_factor(&factor)?;
    }
    Ok(proof)
}

/// New recovery codes for `user` in place of the old ones, as they are shown, once; none when there
/// is no second factor.
pub fn renew_codes(tx: &WriteTx, user: UserId) -> Result<Vec<String>, StoreError> {
    let Some(mut factor) = tx.second_factor(user)? else { return Ok(Vec::new()) };
    let (shown, recovery) = recovery_codes(user);
    factor.recovery = recovery;
    tx.put_second_factor(&factor)?;
    Ok(shown)
}

/// Switches the second factor of `user` off and ends all sessions but `keep`; returns whether it was
/// on.
pub fn turn_off(tx: &WriteTx, user: UserId, keep: Option<[u8; 32]>) -> Result<bool, StoreError> {
    tx.delete_secret(&secret_name(user))?;
    let was_on = tx.delete_second_factor(user)?;
    if was_on {
        tx.delete_sessions(|session| session.user == user && Some(session.hash) != keep)?;
    }
    Ok(was_on)
}

/// Switches the second factor of `target` off on behalf of `actor`, for somebody who lost it.
///
/// # Errors
/// [`StoreError::Refused`] with a sentence when a rule is against it.
pub fn reset(tx: &WriteTx, actor: &User, target: UserId) -> Result<User, StoreError> {
    let user = users::managed(tx, actor, target)?;
    turn_off(tx, target, None)?;
    Ok(user)
}

/// Name of the shared secret of `user` in the vault.
pub fn secret_name(user: UserId) -> String {
    format!("second_factor.{}", user.0)
}

/// Fresh recovery codes: as they are shown, and as they are kept.
fn recovery_codes(user: UserId) -> (Vec<String>, Vec<[u8; 32]>) {
    let codes = (0..RECOVERY_CODES).map(|_| readable::generate::<RECOVERY_CHARS>());
    codes.map(|code| (readable::grouped(&code, RECOVERY_GROUP), recovery_hash(user, &code))).unzip()
}

fn recovery_hash(user: UserId, code: &Secret) -> [u8; 32] {
    sha256(format!("openalpr-webhook recovery\0{}\0{}", user.0, code.expose()).as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::auth::fixtures::{self, NOW};
    use crate::model::user::Role;
    use crate::store::Store;

    struct Setting {
        _directory: tempfile::TempDir,
        store: Store,
        user: User,
        secret: TotpSecret,
        recovery: Vec<String>,
    }

    fn setting() -> Setting {
        let (directory, store) = fixtures::store();
        let user = fixtures::user(&store, "ann", Role::User);
        let secret = TotpSecret::generate();
        let code = secret.code(totp::step_at(NOW).unwrap());
        let on = store.write(|tx| turn_on(tx, user.id, &secret, &code, None, NOW)).unwrap();
        Setting { _directory: directory, store, user, secret, recovery: on.unwrap() }
    }

    fn try_it(setting: &Setting, typed: &str, now: Timestamp) -> Option<Proof> {
        setting.store.write(|tx| prove(tx, setting.user.id, typed, now)).unwrap()
    }

    fn code_at(setting: &Setting, now: Timestamp) -> String {
        setting.secret.code(totp::step_at(now).unwrap())
    }

    #[test]
    fn a_code_works_once() {
        let setting = setting();
        assert_eq!(try_it(&setting, &code_at(&setting, NOW), NOW), None, "it switched it on");
        let later = NOW.plus_ms(30_000);
        let code = code_at(&setting, later);
        let spaced = format!(" {} {} ", &code[..3], &code[3..]);
        assert_eq!(try_it(&setting, &spaced, later), Some(Proof::App));
        for now in [later, later.plus_ms(30_000), later.plus_ms(-30_000), later] {
            assert_eq!(try_it(&setting, &code, now), None, "used");
        }
        assert_eq!(try_it(&setting, &code, later.plus_ms(600_000)), None, "old");
    }

    #[test]
    fn two_at_once_use_a_code_once() {
        let setting = setting();
        let now = NOW.plus_ms(60_000);
        let code = code_at(&setting, now);
        let won = std::thread::scope(|scope| {
            let tries: Vec<_> =
                (0..8).map(|_| scope.spawn(|| try_it(&setting, &code, now).is_some())).collect();
            tries.into_iter().map(|it| it.join().unwrap()).filter(|won| *won).count()
        });
        assert_eq!(won, 1);
    }

    #[test]
    fn recovery_codes_work_once_each_and_until_there_are_new_ones() {
        let setting = setting();
        assert_eq!(setting.recovery.len(), RECOVERY_CODES);
        let sloppy = setting.recovery[0].to_lowercase().replace('-', " ");
        assert_eq!(try_it(&setting, &sloppy, NOW), Some(Proof::Recovery(9)));
        assert_eq!(try_it(&setting, &setting.recovery[0], NOW), None);
        let fresh = setting.store.write(|tx| renew_codes(tx, setting.user.id)).unwrap();
        assert_eq!(try_it(&setting, &setting.recovery[1], NOW), None, "replaced");
        assert_eq!(try_it(&setting, &fresh[3], NOW), Some(Proof::Recovery(9)));
        for typed in ["", "-", "000000", "ABCDEF-ABCDEF-ABCDEF-ABCDEF", "\0", &"A".repeat(10_000)] {
            assert_eq!(try_it(&setting, typed, NOW), None, "{typed:.9}");
        }
    }

    #[test]
    fn nothing_of_it_is_on_disk_in_clear() {
        let setting = setting();
        let file = setting.store.directory().join("records.redb");
        let bytes = std::fs::read(file).unwrap();
        let kept = [setting.secret.kept().expose().to_owned()];
        let typed = [setting.secret.typed().expose().to_owned()];
        let plain = setting.recovery.iter().map(|code| code.replace('-', ""));
        for secret in kept.into_iter().chain(typed).chain(plain).chain(setting.recovery.clone()) {
            assert!(!bytes.windows(secret.len()).any(|part| part == secret.as_bytes()));
        }
    }

    #[test]
    fn wrong_codes_switch_nothing_on_and_another_is_not_put_on_top() {
        let setting = setting();
        let other = fixtures::user(&setting.store, "bob", Role::User);
        let secret = TotpSecret::generate();
        let on = |user, typed: &str| {
            setting.store.write(|tx| turn_on(tx, user, &secret, typed, None, NOW))
        };
        assert!(on(other.id, "000000").unwrap().is_none() && on(other.id, "").unwrap().is_none());
        let code = secret.code(totp::step_at(NOW).unwrap());
        let again = on(setting.user.id, &code);
        assert!(matches!(again, Err(StoreError::Refused(ON_ALREADY))));
        assert!(setting.store.read(|tx| tx.second_factor(other.id)).unwrap().is_none());
        assert_eq!(try_it(&setting, &code, NOW), None);
    }

    #[test]
    fn a_lost_key_is_told_and_recovery_codes_still_work() {
        let Setting { _directory: directory, store, user, recovery, secret } = setting();
        drop(store);
        std::fs::remove_file(directory.path().join("secret.key")).unwrap();
        let store = Store::open(directory.path(), crate::store::StoreOptions::default()).unwrap();
        let now = NOW.plus_ms(60_000);
        let code = secret.code(totp::step_at(now).unwrap());
        let lost = store.write(|tx| prove(tx, user.id, &code, now));
        assert!(matches!(lost, Err(StoreError::Refused(KEY_LOST))));
        let proof = store.write(|tx| prove(tx, user.id, &recovery[0], now)).unwrap();
        assert_eq!(proof, Some(Proof::Recovery(9)));
    }

    #[test]
    fn whoever_may_manage_an_account_may_reset_its_factor() {
        let setting = setting();
        let owner = fixtures::user(&setting.store, "owner", Role::Super);
        let admin = fixtures::user(&setting.store, "admin", Role::Admin);
        let may = |actor: &User, target: &User| {
            setting.store.write(|tx| reset(tx, actor, target.id)).is_ok()
        };
        assert!(!may(&setting.user, &setting.user) && !may(&admin, &owner) && !may(&owner, &owner));
        assert!(!may(&admin, &admin) && may(&owner, &admin) && may(&admin, &setting.user));
        assert!(setting.store.read(|tx| tx.second_factor(setting.user.id)).unwrap().is_none());
    }
}
