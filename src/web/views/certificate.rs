//! The certificate of the box: for those who are to trust it, and for its administrators.

use serde::Serialize;

use super::capture::Fact;
use super::{FieldError, Tag};

/// Template `trust.html`.
#[derive(Clone, Debug, Default, Serialize)]
pub struct TrustPage {
    /// SHA-256 of the authority, in lines of pairs.
    pub fingerprint: Vec<String>,
    /// Whether an administrator brought a certificate, so that there is nothing to install.
    pub own: bool,
    /// Address of the box over TLS, `""` when this page came by it.
    pub secure: String,
}

/// Template `certificate.html`.
#[expect(clippy::struct_excessive_bools, reason = "two facts and two switches of a form")]
#[derive(Clone, Debug, Default, Serialize)]
pub struct CertificatePage {
    /// Whether an administrator brought the certificate.
    pub own: bool,
    /// Whether one that was brought cannot be read any more.
    pub lost: bool,
    /// How it stands with its validity.
    pub health: Tag,
    /// Who it is for, who issued it, until when.
    pub facts: Vec<Fact>,
    /// Names and addresses it stands for.
    pub names: Vec<String>,
    /// Names of the box that it does not stand for.
    pub missing: Vec<String>,
    /// SHA-256 of it, in lines of pairs.
    pub fingerprint: Vec<String>,
    /// SHA-256 of the authority, in lines of pairs.
    pub authority: Vec<String>,
    /// Whether plain HTTP is allowed on the network.
    pub allow_plain: bool,
    /// Whether browsers are told to insist on TLS.
    pub hsts: bool,
    /// Further host names.
    pub host_names: String,
    /// Whom to tell of a weakness.
    pub security_contact: String,
    /// The certificates typed in, when they were refused. The key is never sent back.
    pub chain: String,
    /// What was wrong. Fields `host_names security_contact chain key`.
    pub errors: Vec<FieldError>,
}

/// A fingerprint in lines short enough to be compared by eye, also on a phone.
pub fn lines(fingerprint: &str) -> Vec<String> {
    let pairs: Vec<&str> = fingerprint.split(':').collect();
    pairs.chunks(8).map(|line| line.join(" ")).collect()
}
