//! Pictures of captures.

use crate::gate::Response;
use crate::model::capture::{CaptureKey, ImageKind};
use crate::web::api::captures::key;
use crate::web::ctx::{Ctx, Input};
use crate::web::error::WebError;

/// `GET /captures/{key}/images/{kind}`.
pub fn image(ctx: &Ctx<'_>, _: &mut Input<'_, '_>) -> Result<Response, WebError> {
    let kind = ctx.param("kind").and_then(ImageKind::parse).ok_or(WebError::NotFound)?;
    send_image(ctx, key(ctx)?, kind)
}

/// Sends an image with its CRC as `ETag`.
pub fn send_image(ctx: &Ctx<'_>, key: CaptureKey, kind: ImageKind) -> Result<Response, WebError> {
    let store = &ctx.site.store;
    let place = store.read(|tx| tx.image_place(key, kind))?.ok_or(WebError::NotFound)?;
    let tag = format!("\"{:08x}\"", place.crc);
    if ctx.head.headers.get("if-none-match") == Some(tag.as_str()) {
        return Ok(Response::new(304).header("ETag", tag));
    }
    let bytes = store.images().read(key, kind, &place)?.ok_or(WebError::NotFound)?;
    Ok(Response::new(200).bytes("image/jpeg", bytes).header("ETag", tag))
}
