//! Static files: `/static/HASH/NAME`, and the few addresses browsers ask for by themselves.

use crate::gate::{Head, Method, Response};
use crate::web::headers::{Class, secure};
use crate::web::site::Site;

/// The file that `head` asks for, `None` when it is not for a file.
pub fn serve(site: &Site, head: &Head) -> Option<Response> {
    if !matches!(head.method, Method::Get | Method::Head) {
        return None;
    }
    let assets = site.renderer.assets();
    if head.path == "/favicon.ico" {
        // Asked for by name; its content may change with the program.
        let icon = assets.named("icon-192.png")?;
        let response = Response::new(200).bytes(icon.content_type, icon.bytes.clone());
        return Some(secure(response, Class::Icon));
    }
    let asset = assets.find(&head.path)?;
    if head.headers.get("if-none-match") == Some(asset.etag.as_str()) {
        return Some(secure(Response::new(304).header("ETag", asset.etag.clone()), Class::Asset));
    }
    let accepts = head.headers.get("accept-encoding").unwrap_or_default();
    let gzip = asset.gzip.clone().filter(|_| accepts.contains("gzip"));
    let response = match gzip {
        Some(bytes) => Response::new(200)
            .bytes(asset.content_type, bytes)
            .header("Content-Encoding", "gzip")
            .header("Vary", "Accept-Encoding"),
        None => Response::new(200).bytes(asset.content_type, asset.bytes.clone()),
    };
    Some(secure(response.header("ETag", asset.etag.clone()), Class::Asset))
}
