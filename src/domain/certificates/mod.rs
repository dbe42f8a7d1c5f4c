//! The certificates of the box: an authority of its own and what it issues, or what an
//! administrator brought. Kept as secrets of the store, as each holds a private key. Knows nothing
//! of connections; whoever presents certificates is told when there is another one.

mod authority;
mod own;
#[cfg(test)]
mod tests;

use std::sync::{Arc, Mutex, PoisonError, RwLock};

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;

pub use own::{CHAIN, KEY};

use crate::base::clock::Timestamp;
use crate::base::host::Machine;
use crate::base::limits::{CERTIFICATE_LIFE_MS, CERTIFICATE_RENEW_MS};
use crate::base::secret::{Kept, Secret};
use crate::domain::box_names;
use crate::domain::settings::{FieldError, Settings};
use crate::model::certificate::{Certificate, fingerprint};
use crate::model::settings::General;
use crate::store::{ReadTx, Store, StoreError, WriteTx};

const AUTHORITY: &str = "tls.authority";
const ISSUED: &str = "tls.issued";
const OWN: &str = "tls.own";

/// A certificate with its private key.
#[derive(Clone, Debug)]
pub struct Identity {
    /// The certificate, then those that lead to its authority; PEM.
    pub chain: String,
    /// The private key; PEM.
    pub key: Secret,
}

impl Identity {
    /// The first certificate in DER form.
    pub fn der(&self) -> Option<Vec<u8>> {
        CertificateDer::from_pem_slice(self.chain.as_bytes()).ok().map(|der| der.to_vec())
    }

    /// What it says about itself.
    pub fn facts(&self) -> Option<Certificate> {
        Certificate::parse(&self.der()?)
    }

    /// Both parts as one text; the key stands last.
    fn text(&self) -> Secret {
        Secret::new(format!("{}\n{}", self.chain.trim(), self.key.expose().trim()))
    }

    fn parse(text: &Secret) -> Option<Self> {
        let end = "-----END CERTIFICATE-----";
        let at = text.expose().rfind(end)? + end.len();
        let (chain, key) = text.expose().split_at_checked(at)?;
        Some(Self { chain: format!("{}\n", chain.trim()), key: Secret::new(key.trim()) })
    }
}

/// What the box presents, and why it can be trusted.
#[derive(Clone, Debug)]
pub struct Current {
    /// What is presented.
    pub identity: Identity,
    /// What it says about itself.
    pub facts: Certificate,
    /// SHA-256 of its first certificate.
    pub fingerprint: String,
    /// Whether an administrator brought it.
    pub own: bool,
    /// The box's authority; PEM.
    pub authority: String,
    /// SHA-256 of it.
    pub authority_fingerprint: String,
    /// The machine as it was when this was looked at.
    pub machine: Machine,
}

/// Why there is no certificate.
#[derive(Debug)]
pub enum CertificateError {
    /// The store refused.
    Store(StoreError),
    /// One could not be made, or not be read.
    Broken(String),
}

impl std::fmt::Display for CertificateError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Store(error) => error.fmt(f),
            Self::Broken(why) => f.write_str(why),
        }
    }
}

impl std::error::Error for CertificateError {}

impl From<StoreError> for CertificateError {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

impl From<rcgen::Error> for CertificateError {
    fn from(error: rcgen::Error) -> Self {
        Self::Broken(format!("no certificate can be made: {error}"))
    }
}

/// Finds what to present at start, making and renewing what is missing or due.
///
/// # Errors
/// When nothing can be made. A store that does not take it (a full disk) is no error: the box then
/// presents what is not kept.
pub fn find(
    store: &Store,
    general: &General,
    machine: Machine,
    now: Timestamp,
) -> Result<Current, CertificateError> {
    let names = box_names::of_certificate(general, &machine);
    look(store, &names, &names, machine, now)
}

/// The same for certificates with `names`, of which one that is there has to have the `needed`.
fn look(
    store: &Store,
    names: &[String],
    needed: &[String],
    machine: Machine,
    now: Timestamp,
) -> Result<Current, CertificateError> {
    let kept = |name: &str| -> Result<Option<Identity>, StoreError> {
        let kept = store.read(|tx| tx.secret(name))?;
        Ok(kept.known().and_then(Identity::parse))
    };
    let found = kept(AUTHORITY)?.filter(|authority| authority_serves(authority, now));
    let authority = if let Some(authority) = found {
        authority
    } else {
        let made = authority::make_authority(&machine.name, now)?;
        log::info!("made a certificate authority for this box");
        keep(store, AUTHORITY, &made);
        made
    };
    let subject = authority.facts().ok_or_else(broken)?.subject;
    let own = kept(OWN)?;
    let is_own = own.is_some();
    let issued = || kept(ISSUED).map(|it| it.filter(|it| still_serves(it, &subject, needed, now)));
    let identity = if let Some(found) = own.map_or_else(issued, |own| Ok(Some(own)))? {
        found
    } else {
        let made = authority::make_leaf(&authority, &subject, names, now)?;
        log::info!("made a certificate for {}", names.join(" "));
        keep(store, ISSUED, &made);
        made
    };
    let facts = identity.facts().ok_or_else(broken)?;
    let print = |identity: &Identity| identity.der().map(|der| fingerprint(&der));
    Ok(Current {
        fingerprint: print(&identity).ok_or_else(broken)?,
        authority_fingerprint: print(&authority).ok_or_else(broken)?,
        authority: authority.chain,
        identity,
        facts,
        own: is_own,
        machine,
    })
}

fn broken() -> CertificateError {
    CertificateError::Broken("a certificate cannot be read".into())
}

fn keep(store: &Store, name: &str, identity: &Identity) {
    if let Err(error) = store.write(|tx| tx.put_secret(name, &identity.text())) {
        log::warn!("a certificate cannot be kept, the next start makes another: {error}");
    }
}

/// Whether the authority lives as long as what it would issue. Its clock does not matter: one that
/// was made while the clock was wrong is trusted all the same.
fn authority_serves(authority: &Identity, now: Timestamp) -> bool {
    let facts = authority.facts();
    facts.is_some_and(|facts| facts.not_after > now.plus_ms(CERTIFICATE_LIFE_MS))
}

/// Whether a certificate goes on. One that was made while the clock was wrong does not, once the
/// clock is right.
fn still_serves(issued: &Identity, issuer: &str, names: &[String], now: Timestamp) -> bool {
    issued.facts().is_some_and(|facts| {
        facts.issuer == issuer
            && facts.is_valid(now)
            && facts.is_valid(now.plus_ms(CERTIFICATE_RENEW_MS))
            && names.iter().all(|name| facts.names.contains(name))
    })
}

/// Tells whoever presents certificates about another one.
pub type Present = Box<dyn Fn(&Identity) -> Result<(), String> + Send + Sync>;

/// What is presented now, shared by all threads.
pub struct Certificates {
    current: RwLock<Arc<Current>>,
    present: Present,
    /// Held while looking for what to present, so that of two looks the later one counts.
    looking: Mutex<()>,
}

impl Certificates {
    /// Starts with `current`, which is presented already.
    pub fn new(current: Current, present: Present) -> Self {
        Self { current: RwLock::new(Arc::new(current)), present, looking: Mutex::new(()) }
    }

    /// What is presented.
    pub fn current(&self) -> Arc<Current> {
        Arc::clone(&self.current.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Looks again: after a change of settings, and now and then, as time passes and networks
    /// change.
    ///
    /// # Errors
    /// When there is nothing to present; what was presented stays.
    pub fn refresh(&self, store: &Store, now: Timestamp) -> Result<(), CertificateError> {
        let _one = self.looking.lock().unwrap_or_else(PoisonError::into_inner);
        let general = store.read(Settings::load)?.general;
        let machine = Machine::look();
        let names = box_names::of_certificate(&general, &machine);
        // Whoever gives the box a name in the middle of set-up may have passed the browser's
        // warning for this very certificate: that name waits for the next start.
        let unnamed = General { box_name: String::new(), ..general };
        let needed = box_names::of_certificate(&unnamed, &machine);
        let found = look(store, &names, &needed, machine, now)?;
        if found.fingerprint != self.current().fingerprint {
            (self.present)(&found.identity).map_err(CertificateError::Broken)?;
            log::info!("a certificate with fingerprint {} is presented", found.fingerprint);
        }
        *self.current.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(found);
        Ok(())
    }
}

/// Keeps a certificate that an administrator brought, when everything about it is right, and
/// returns its SHA-256.
///
/// # Errors
/// The outer error is the store's; the inner one says which field is wrong.
pub fn bring(
    tx: &WriteTx,
    chain: &str,
    key: &Secret,
    now: Timestamp,
) -> Result<Result<String, FieldError>, StoreError> {
    let identity = match own::check(chain, key, now) {
        Ok(identity) => identity,
        Err(error) => return Ok(Err(error)),
    };
    tx.put_secret(OWN, &identity.text())?;
    Ok(Ok(identity.der().map(|der| fingerprint(&der)).unwrap_or_default()))
}

/// Goes back to the box's own certificate; returns whether another one was there.
pub fn drop_own(tx: &WriteTx) -> Result<bool, StoreError> {
    tx.delete_secret(OWN)
}

/// Whether a brought certificate was lost with the key of the store.
pub fn own_is_lost(tx: &ReadTx) -> Result<bool, StoreError> {
    Ok(matches!(tx.secret(OWN)?, Kept::Lost))
}
