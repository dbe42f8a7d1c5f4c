//! Certificates: what is no certificate is none.
#![no_main]

use libfuzzer_sys::fuzz_target;
use openalpr_webhook::model::certificate::Certificate;

fuzz_target!(|bytes: &[u8]| {
    if let Some(found) = Certificate::parse(bytes) {
        let _ = found.covers("plates.example.org");
    }
});
