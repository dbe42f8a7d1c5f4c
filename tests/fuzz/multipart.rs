//! Forms with files: any bytes are a form or refused, with any boundary.
#![no_main]

use libfuzzer_sys::fuzz_target;
use openalpr_webhook::gate::multipart::{Multipart, boundary};

fuzz_target!(|bytes: &[u8]| {
    let (kind, body) = bytes.split_at(bytes.iter().position(|b| *b == b'\n').unwrap_or(0));
    let Ok(kind) = std::str::from_utf8(kind) else { return };
    if let Ok(Some(mark)) = boundary(kind)
        && let Ok(form) = Multipart::parse(body.strip_prefix(b"\n").unwrap_or(body), mark)
    {
        let files: usize = form.files.iter().map(|file| file.bytes.len()).sum();
        assert!(files <= body.len(), "files come out of the body");
    }
});
