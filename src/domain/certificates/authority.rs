//! Makes certificates: an authority of the box's own, which people trust once, and the certificate
//! it presents, which is renewed as often as needed.

use std::time::Duration;

use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, Error, ExtendedKeyUsagePurpose,
    IsCa, Issuer, KeyPair, KeyUsagePurpose, PKCS_ECDSA_P256_SHA256, SerialNumber, date_time_ymd,
};

use crate::base::clock::Timestamp;
use crate::base::limits::{AUTHORITY_LIFE_MS, CERTIFICATE_LIFE_MS, CLOCK_SET_MS};
use crate::base::secret::Secret;
use crate::base::{hash, random};

use super::Identity;

/// How far before its making a certificate begins, milliseconds: clocks differ.
const LEEWAY_MS: i64 = 86_400_000;
/// The first second of the year 9999.
const YEAR_9999_SECONDS: u64 = 253_370_764_800;
/// Beginning of the names of authorities; people see it in their list of trusted ones.
const AUTHORITY: &str = "openalpr-webhook box";

/// An authority for the machine called `machine`.
pub(super) fn make_authority(machine: &str, now: Timestamp) -> Result<Identity, Error> {
    let key = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256)?;
    // Two boxes, or one that was set up anew, must not look the same in that list.
    let mark = hash::hex(&random::bytes::<3>());
    let name = format!("{AUTHORITY} {machine} {mark}").replace("  ", " ");
    let mut params = authority(&name)?;
    // Nothing it issued may be older than it, and the clock may not be set yet.
    params.not_before = date_time_ymd(1970, 1, 1) + since_1970(Timestamp(CLOCK_SET_MS));
    params.not_after = date_time_ymd(1970, 1, 1)
        + since_1970(Timestamp(now.ms().max(CLOCK_SET_MS)).plus_ms(AUTHORITY_LIFE_MS));
    params.serial_number = Some(serial());
    let certificate = params.self_signed(&key)?;
    Ok(Identity { chain: certificate.pem(), key: Secret::new(key.serialize_pem()) })
}

/// A certificate for `names`, issued by `issuer`, whose subject is `subject`.
pub(super) fn make_leaf(
    issuer: &Identity,
    subject: &str,
    names: &[String],
    now: Timestamp,
) -> Result<Identity, Error> {
    let authority = authority(subject)?;
    let issuer_key = KeyPair::from_pem(issuer.key.expose())?;
    let key = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256)?;
    let mut params = CertificateParams::new(names.to_vec())?;
    params.distinguished_name = DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, "openalpr-webhook");
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    params.use_authority_key_identifier_extension = true;
    let from = now.plus_ms(-LEEWAY_MS);
    params.not_before = date_time_ymd(1970, 1, 1) + since_1970(from);
    params.not_after = date_time_ymd(1970, 1, 1) + since_1970(from.plus_ms(CERTIFICATE_LIFE_MS));
    params.serial_number = Some(serial());
    let certificate = params.signed_by(&key, &Issuer::from_params(&authority, issuer_key))?;
    Ok(Identity { chain: certificate.pem(), key: Secret::new(key.serialize_pem()) })
}

fn authority(name: &str) -> Result<CertificateParams, Error> {
    let mut params = CertificateParams::new(Vec::new())?;
    params.distinguished_name = DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, name);
    // It issues certificates of servers, never further authorities.
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    Ok(params)
}

/// Random, positive, and shorter than 20 bytes.
fn serial() -> SerialNumber {
    let mut bytes = random::bytes::<16>();
    bytes[0] = bytes[0] & 0x7f | 0x40;
    SerialNumber::from_slice(&bytes)
}

/// Time from 1970 to `at`, within what the years of a certificate can say.
fn since_1970(at: Timestamp) -> Duration {
    let seconds = u64::try_from(at.seconds()).unwrap_or(0);
    Duration::from_secs(seconds.min(YEAR_9999_SECONDS))
}
