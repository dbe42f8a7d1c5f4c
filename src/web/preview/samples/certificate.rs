//! Sample pages of the certificate, ordinary and hostile. All data is invented.

use super::super::{HOSTILE, OWN_ADDRESS};
use crate::web::views::capture::Fact;
use crate::web::views::certificate::{CertificatePage, TrustPage, lines};
use crate::web::views::{FieldError, Tag, Tone};

const PRINT: &str = "5F:1C:0A:77:91:E2:4B:6D:33:80:CE:19:FA:02:5B:C4:\
    6E:D1:88:27:0F:93:BA:41:7C:E5:56:2D:A8:10:9B:F3";

pub(in crate::web::preview) fn trust(own: bool) -> TrustPage {
    TrustPage { fingerprint: lines(PRINT), own, secure: OWN_ADDRESS.to_owned() }
}

pub(in crate::web::preview) fn certificate() -> CertificatePage {
    let names = ["localhost", "north-gate.local", "plates.example.org", "192.0.2.10", "::1"];
    CertificatePage {
        health: Tag::new(Tone::Ok, "Valid"),
        facts: vec![
            Fact::new("Issued by", "openalpr-webhook box raspi 5f1c0a"),
            Fact::new("Valid until", "Friday, 21 August 2026, 14:32"),
        ],
        names: names.map(str::to_owned).to_vec(),
        fingerprint: lines(PRINT),
        authority: lines(PRINT),
        host_names: "plates.lan".to_owned(),
        ..CertificatePage::default()
    }
}

pub(in crate::web::preview) fn brought() -> CertificatePage {
    CertificatePage {
        own: true,
        lost: true,
        health: Tag::new(Tone::Warn, "Ends soon"),
        missing: vec!["plates.lan".to_owned()],
        hsts: true,
        errors: vec![FieldError::new("key", "The key belongs to another certificate.")],
        ..certificate()
    }
}

pub(in crate::web::preview) fn hostile() -> CertificatePage {
    let bad = || HOSTILE.to_owned();
    let wrong = |field: &str| FieldError::new(field, HOSTILE);
    CertificatePage {
        own: true,
        health: Tag::new(Tone::Bad, HOSTILE),
        facts: vec![Fact::new(HOSTILE, HOSTILE)],
        names: vec![bad()],
        missing: vec![bad()],
        fingerprint: lines(HOSTILE),
        authority: vec![bad()],
        host_names: bad(),
        security_contact: bad(),
        chain: format!("</textarea>{HOSTILE}"),
        errors: ["host_names", "security_contact", "chain", "key"].map(wrong).to_vec(),
        ..CertificatePage::default()
    }
}
