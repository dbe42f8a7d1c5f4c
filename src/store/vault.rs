//! Encryption of the secrets the box must be able to read back: passwords of cameras and mail
//! servers, keys of services. The key lives outside the store, in `secret.key` beside it or in a
//! systemd credential of that name, so a copy of the store alone gives nothing away. `secrets`
//! keeps the sealed records; nothing else names this file.

use std::fs::{File, OpenOptions};
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use ring::aead::{Aad, CHACHA20_POLY1305, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use zeroize::Zeroizing;

use super::StoreError;
use super::codec::{Reader, Writer};
use crate::base::hash::sha256;
use crate::base::limits::{SECRET_KEY_BYTES_MAX, SECRET_KEY_BYTES_MIN};
use crate::base::random;
use crate::base::secret::Secret;

/// Name of the key file and of the credential.
const KEY_FILE: &str = "secret.key";
/// Version of the sealed form.
const VERSION: u8 = 1;

/// The key of the secrets, once there is one.
pub(super) struct Vault {
    /// Where a new key goes.
    file: PathBuf,
    state: Mutex<State>,
}

enum State {
    /// Found or made.
    Key(Zeroizing<[u8; 32]>),
    /// There is none yet; it is made for the first secret.
    None,
    /// It is there and cannot be used, with what to do about it.
    Unusable(String),
}

impl Vault {
    /// Looks for the key: first in the directory of `credentials`, then in that of the store. The
    /// box starts without it.
    pub(super) fn load(directory: &Path, credentials: Option<&Path>) -> Self {
        let file = directory.join(KEY_FILE);
        let given = credentials.map(|folder| folder.join(KEY_FILE)).filter(|path| path.exists());
        let path = given.unwrap_or_else(|| file.clone());
        let state = match read_key(&path) {
            Ok(key) => State::Key(key),
            Err(error) if error.kind() == io::ErrorKind::NotFound => State::None,
            Err(error) => {
                let problem = format!("{} cannot be used: {error}", path.display());
                log::error!("{problem}");
                State::Unusable(problem)
            }
        };
        Self { file, state: Mutex::new(state) }
    }

    /// Encrypts `secret` under `name`; it can be opened under that name only.
    ///
    /// # Errors
    /// When there is no key and none can be made.
    pub(super) fn seal(&self, name: &str, secret: &Secret) -> Result<Vec<u8>, StoreError> {
        let nonce: [u8; NONCE_LEN] = random::bytes();
        let mut text = secret.expose().as_bytes().to_vec();
        let sealed = self.with_key(true, |key| {
            let key = key.ok_or(StoreError::Refused("there is no key for secrets"))?;
            key.seal_in_place_append_tag(
                Nonce::assume_unique_for_key(nonce),
                context(name),
                &mut text,
            )
            .map_err(|_| StoreError::Refused("the secret is too long"))
        })?;
        sealed?;
        let mut record = Writer::new(VERSION);
        record.bytes(&nonce).bytes(&text);
        Ok(record.finish())
    }

    /// Decrypts what [`Self::seal`] made for `name`; `None` when the key is another one or none,
    /// or the record was tampered with.
    pub(super) fn open(&self, name: &str, record: &[u8]) -> Option<Secret> {
        let mut reader = Reader::new(record).ok().filter(|reader| reader.version() == VERSION)?;
        let nonce: [u8; NONCE_LEN] = reader.bytes().ok()?.try_into().ok()?;
        let mut sealed = Zeroizing::new(reader.bytes().ok()?.to_vec());
        let opened = self.with_key(false, |key| {
            let nonce = Nonce::assume_unique_for_key(nonce);
            let text = key?.open_in_place(nonce, context(name), &mut sealed).ok()?;
            std::str::from_utf8(text).ok().map(Secret::new)
        });
        opened.ok().flatten()
    }

    /// Runs `work` with the key, making one first when there is none and `make` says so.
    fn with_key<T>(
        &self,
        make: bool,
        work: impl FnOnce(Option<LessSafeKey>) -> T,
    ) -> Result<T, StoreError> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if make && matches!(*state, State::None) {
            *state = State::Key(make_key(&self.file)?);
        }
        match &*state {
            State::Key(key) => {
                let key = UnboundKey::new(&CHACHA20_POLY1305, key.as_slice());
                Ok(work(key.ok().map(LessSafeKey::new)))
            }
            State::None => Ok(work(None)),
            State::Unusable(problem) => Err(StoreError::Storage(problem.clone())),
        }
    }
}

/// What binds a sealed secret to its name and form.
fn context(name: &str) -> Aad<Vec<u8>> {
    Aad::from([b"openalpr-webhook secret\0\x01", name.as_bytes()].concat())
}

/// The key behind the text of a key file; any text with enough randomness in it will do, so that
/// `openssl rand -base64 32` makes a good credential.
fn read_key(path: &Path) -> io::Result<Zeroizing<[u8; 32]>> {
    let mut text = Zeroizing::new(Vec::with_capacity(SECRET_KEY_BYTES_MAX + 1));
    File::open(path)?.take(SECRET_KEY_BYTES_MAX as u64 + 1).read_to_end(&mut text)?;
    if !(SECRET_KEY_BYTES_MIN..=SECRET_KEY_BYTES_MAX).contains(&text.trim_ascii().len()) {
        let (least, most) = (SECRET_KEY_BYTES_MIN, SECRET_KEY_BYTES_MAX);
        let why = format!("it must hold {least} to {most} bytes");
        return Err(io::Error::new(io::ErrorKind::InvalidData, why));
    }
    Ok(derive(&text))
}

/// Makes a key file that only its owner can read.
fn make_key(path: &Path) -> io::Result<Zeroizing<[u8; 32]>> {
    let text = Zeroizing::new(random::token(32));
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
    file.write_all(text.as_bytes())?;
    file.write_all(b"\n")?;
    file.sync_all()?;
    // The name must be on disk before anything is sealed with the key.
    if let Some(folder) = path.parent() {
        File::open(folder)?.sync_all()?;
    }
    log::info!("made {}: keep a copy of it apart from the backups", path.display());
    Ok(derive(text.as_bytes()))
}

fn derive(text: &[u8]) -> Zeroizing<[u8; 32]> {
    let text = Zeroizing::new([b"openalpr-webhook secret.key\0", text.trim_ascii()].concat());
    Zeroizing::new(sha256(&text))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn secret() -> Secret {
        Secret::new("p\u{e4}ss\0word")
    }

    #[test]
    fn a_sealed_secret_opens_under_its_name_only() {
        let directory = tempfile::tempdir().unwrap();
        let vault = Vault::load(directory.path(), None);
        let sealed = vault.seal("mail.password", &secret()).unwrap();
        assert_ne!(sealed, vault.seal("mail.password", &secret()).unwrap(), "fresh nonce");
        assert!(!sealed.windows(4).any(|part| part == b"word"));
        let opened = |vault: &Vault, name: &str, sealed: &[u8]| {
            vault.open(name, sealed).map(|secret| secret.expose().to_owned())
        };
        assert_eq!(opened(&vault, "mail.password", &sealed).as_deref(), Some(secret().expose()));
        assert_eq!(opened(&vault, "mail.passwor", &sealed), None);
        for at in 0..sealed.len() {
            let mut bent = sealed.clone();
            bent[at] ^= 1;
            assert_eq!(opened(&vault, "mail.password", &bent), None, "byte {at}");
            assert_eq!(opened(&vault, "mail.password", &sealed[..at]), None, "cut at {at}");
        }
        let again = Vault::load(directory.path(), None);
        assert!(again.open("mail.password", &sealed).is_some(), "after a restart");
    }

    #[test]
    fn the_key_is_made_when_needed_and_private() {
        use std::os::unix::fs::PermissionsExt as _;
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join(KEY_FILE);
        let vault = Vault::load(directory.path(), None);
        assert!(vault.open("a", b"").is_none());
        assert!(!file.exists());
        let sealed = vault.seal("a", &secret()).unwrap();
        assert_eq!(std::fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
        std::fs::remove_file(&file).unwrap();
        let other = Vault::load(directory.path(), None);
        assert!(other.open("a", &sealed).is_none(), "no key");
        other.seal("b", &secret()).unwrap();
        assert!(other.open("a", &sealed).is_none(), "another key");
    }

    #[test]
    fn a_credential_goes_before_the_file() {
        let (directory, credentials) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        std::fs::write(credentials.path().join(KEY_FILE), "x".repeat(44)).unwrap();
        let vault = Vault::load(directory.path(), Some(credentials.path()));
        let sealed = vault.seal("a", &secret()).unwrap();
        assert!(!directory.path().join(KEY_FILE).exists());
        assert!(Vault::load(directory.path(), None).open("a", &sealed).is_none());
        std::fs::write(credentials.path().join(KEY_FILE), "x".repeat(44) + "\n").unwrap();
        let again = Vault::load(directory.path(), Some(credentials.path()));
        assert!(again.open("a", &sealed).is_some(), "a line end does not matter");
    }

    #[test]
    fn an_unusable_key_is_neither_used_nor_overwritten() {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join(KEY_FILE);
        for text in [String::new(), "short".into(), " ".repeat(64), "x".repeat(10_000)] {
            std::fs::write(&file, &text).unwrap();
            let vault = Vault::load(directory.path(), None);
            let refused = vault.seal("a", &secret()).unwrap_err();
            assert!(refused.to_string().contains("secret.key"), "{refused}");
            assert!(vault.open("a", b"x").is_none());
            assert_eq!(std::fs::read_to_string(&file).unwrap(), text);
        }
    }
}
