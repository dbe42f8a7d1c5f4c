//! Request heads: whatever is accepted is one request, read from the bytes it says it has.
#![no_main]

use libfuzzer_sys::fuzz_target;
use openalpr_webhook::gate::head;

fuzz_target!(|bytes: &[u8]| {
    if let Ok(Some(parsed)) = head::parse(bytes) {
        assert!(parsed.length <= bytes.len());
        assert!(parsed.head.path.starts_with('/') && !parsed.head.path.contains("/../"));
        // More bytes behind it are the next request and change nothing.
        let longer = [bytes, b"GET / HTTP/1.1\r\n"].concat();
        let again = head::parse(&longer).expect("still fine").expect("still complete");
        assert_eq!((again.length, again.framing), (parsed.length, parsed.framing));
        for name in ["cookie", "host"] {
            let _ = again.head.headers.cookie(name);
        }
    }
});
