//! Records on disk: damaged ones are an error.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| openalpr_webhook::store::fuzz::decode(bytes));
