//! Forms and query strings: what was understood is understood the same after writing it again.
#![no_main]

use libfuzzer_sys::fuzz_target;
use openalpr_webhook::gate::form::{Form, encode};

fuzz_target!(|bytes: &[u8]| {
    if let Ok(form) = Form::parse(bytes) {
        let pairs: Vec<(&str, &str)> = form.pairs().collect();
        let again = Form::parse(encode(pairs.iter().copied())).expect("our own form");
        assert_eq!(again.pairs().collect::<Vec<_>>(), pairs);
    }
});
