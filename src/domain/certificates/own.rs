//! A certificate that an administrator brings: what must be right before the box presents it.

use std::time::Duration;

use rustls::client::verify_server_cert_signed_by_trust_anchor;
use rustls::crypto::ring::default_provider;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, UnixTime};
use rustls::server::ParsedCertificate;
use rustls::sign::CertifiedKey;
use rustls::{Error, InconsistentKeys, RootCertStore};

use crate::base::clock::Timestamp;
use crate::base::limits::CHAIN_LENGTH_MAX;
use crate::base::secret::Secret;
use crate::domain::settings::FieldError;
use crate::model::certificate::Certificate;

use super::Identity;

/// Name of the form field with the certificates.
pub const CHAIN: &str = "chain";
/// Name of the form field with the key.
pub const KEY: &str = "key";

/// Checks `chain` (the certificate of the box, then those that lead to its authority) and `key`,
/// both PEM.
///
/// # Errors
/// What is wrong, by field.
pub(super) fn check(chain: &str, key: &Secret, now: Timestamp) -> Result<Identity, FieldError> {
    let wrong = |field, message: &str| FieldError { field, message: message.to_owned() };
    let certificates: Vec<CertificateDer<'static>> =
        CertificateDer::pem_slice_iter(chain.as_bytes()).collect::<Result<_, _>>().map_err(
            |_| wrong(CHAIN, "the certificates cannot be read: paste them in PEM form, complete"),
        )?;
    let Some(first) = certificates.first() else {
        let hint = "paste the certificate in PEM form, from BEGIN CERTIFICATE to END CERTIFICATE";
        return Err(wrong(CHAIN, hint));
    };
    if certificates.len() > CHAIN_LENGTH_MAX {
        return Err(wrong(CHAIN, "there are too many certificates: leave the unrelated ones out"));
    }
    let private = PrivateKeyDer::from_pem_slice(key.expose().as_bytes()).map_err(|_| {
        wrong(KEY, "paste the key in PEM form, without a password, from BEGIN to END PRIVATE KEY")
    })?;
    let facts = Certificate::parse(first)
        .ok_or_else(|| wrong(CHAIN, "the first certificate cannot be read"))?;
    match CertifiedKey::from_der(certificates.clone(), private, &default_provider()) {
        Ok(_) => {}
        Err(Error::InconsistentKeys(InconsistentKeys::KeyMismatch)) => {
            let hint = "the key belongs to another certificate: the first one must be the box's";
            return Err(wrong(KEY, hint));
        }
        Err(Error::InvalidCertificate(_)) => {
            return Err(wrong(CHAIN, "the first certificate cannot be used by a server"));
        }
        Err(_) => return Err(wrong(KEY, "this kind of key is not supported: use ECDSA or RSA")),
    }
    if now > facts.not_after {
        return Err(wrong(CHAIN, "the certificate has expired"));
    }
    if now < facts.not_before {
        return Err(wrong(CHAIN, "the certificate is not valid yet: check the clock of the box"));
    }
    if facts.names.is_empty() {
        return Err(wrong(CHAIN, "the certificate names no host: browsers refuse such ones"));
    }
    if certificates.len() > 1 && !leads_to_the_last(&certificates, now) {
        let hint = "the certificates do not belong together: the box's first, then each issuer";
        return Err(wrong(CHAIN, hint));
    }
    // What else the texts held, such as a key among the certificates, is not kept.
    Ok(Identity { chain: pem(&certificates), key: Secret::new(key.expose().trim()) })
}

/// Whether each certificate is signed by the next, and may be.
fn leads_to_the_last(certificates: &[CertificateDer<'static>], now: Timestamp) -> bool {
    let facts: Vec<_> = certificates.iter().filter_map(|der| Certificate::parse(der)).collect();
    let follows = |pair: &[Certificate]| matches!(pair, [a, b] if a.issuer == b.subject);
    if facts.len() != certificates.len() || !facts.windows(2).all(follows) {
        return false;
    }
    let (Some((first, rest)), Some(seconds)) =
        (certificates.split_first(), u64::try_from(now.seconds()).ok())
    else {
        return false;
    };
    let Some((last, between)) = rest.split_last() else { return true };
    let mut roots = RootCertStore::empty();
    let Ok(()) = roots.add(last.clone()) else { return false };
    let Ok(parsed) = ParsedCertificate::try_from(first) else { return false };
    let now = UnixTime::since_unix_epoch(Duration::from_secs(seconds));
    let algorithms = default_provider().signature_verification_algorithms.all;
    verify_server_cert_signed_by_trust_anchor(&parsed, &roots, between, now, algorithms).is_ok()
}

fn pem(certificates: &[CertificateDer<'_>]) -> String {
    use base64::Engine as _;
    let mut text = String::new();
    for certificate in certificates {
        text.push_str("-----BEGIN CERTIFICATE-----\n");
        let body = base64::engine::general_purpose::STANDARD.encode(certificate);
        for line in body.as_bytes().chunks(64) {
            text.push_str(&String::from_utf8_lossy(line));
            text.push('\n');
        }
        text.push_str("-----END CERTIFICATE-----\n");
    }
    text
}
