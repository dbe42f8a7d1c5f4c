//! Pages travel compressed, unless somebody else's page made the browser ask for them: what an
//! attacker can trigger is not compressed, so its length tells nothing about the form token in it.

use std::io::Write as _;

use flate2::Compression;
use flate2::write::GzEncoder;

use crate::base::limits::COMPRESSED_BYTES_MIN;
use crate::gate::{Head, Response, ResponseBody};

/// `page` compressed, when the browser takes that and it is worth it.
pub fn page(head: &Head, mut page: Response) -> Response {
    let html = page.headers.iter().any(|(name, value)| {
        name.eq_ignore_ascii_case("content-type") && value.starts_with("text/html")
    });
    if !html {
        return page;
    }
    page = page.header("Vary", "Accept-Encoding, Sec-Fetch-Site");
    if !wanted(head) {
        return page;
    }
    let ResponseBody::Bytes(bytes) = &page.body else { return page };
    if bytes.len() < COMPRESSED_BYTES_MIN {
        return page;
    }
    let mut encoder = GzEncoder::new(Vec::with_capacity(bytes.len() / 4), Compression::fast());
    // Writing to memory cannot fail; if it does the page goes as it is.
    if let Ok(packed) = encoder.write_all(bytes).and_then(|()| encoder.finish()) {
        page.body = ResponseBody::Bytes(packed);
        return page.header("Content-Encoding", "gzip");
    }
    page
}

/// Whether the browser takes gzip and its reader asks. Browsers say so of pages that came over TLS;
/// of others they may not, and there anybody on the way reads the page itself.
fn wanted(head: &Head) -> bool {
    let accepts = head.headers.get("accept-encoding").unwrap_or_default();
    let gzip = accepts.split(',').map(str::trim).any(|coding| coding == "gzip");
    let own = match head.headers.get("sec-fetch-site") {
        Some(site) => matches!(site, "same-origin" | "none"),
        None => !head.secure,
    };
    gzip && own
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gate::{Headers, Method};

    #[test]
    fn only_what_the_reader_asked_for_is_compressed() {
        for (secure, accepts, site, expected) in [
            (false, "gzip, deflate", "", true),
            (false, "gzip", "cross-site", false),
            (true, "gzip", "same-origin", true),
            (true, "gzip", "none", true),
            (true, "gzip", "same-site", false),
            (true, "gzip", "cross-site", false),
            (true, "gzip", "", false),
            (true, "br, gzipped", "none", false),
        ] {
            let mut head = Head::new(Method::Get, "/search");
            head.secure = secure;
            head.headers = Headers::from_pairs(
                [("Accept-Encoding", accepts), ("Sec-Fetch-Site", site)]
                    .into_iter()
                    .filter(|(_, value)| !value.is_empty()),
            );
            let answer = page(&head, Response::new(200).html("x".repeat(5000)));
            let packed = answer.body.bytes().map_or(0, <[u8]>::len) < 5000;
            assert_eq!(packed, expected, "{secure} {accepts} {site}");
            let data = page(&head, Response::new(200).text("x".repeat(5000)));
            assert_eq!(data.body.bytes().map_or(0, <[u8]>::len), 5000);
        }
    }
}
