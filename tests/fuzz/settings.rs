//! The settings file: any text is read or refused with lines.
#![no_main]

use libfuzzer_sys::fuzz_target;
use openalpr_webhook::domain::settings_file;

fuzz_target!(|text: &str| {
    if let Err(problems) = settings_file::parse(text) {
        assert!(!problems.is_empty());
    }
});
