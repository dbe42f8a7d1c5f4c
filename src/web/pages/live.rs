//! Reads as they happen: the stream behind pages that are open.

use std::sync::Arc;

use crate::gate::Response;
use crate::web::ctx::{Ctx, Input};
use crate::web::error::WebError;
use crate::web::live::{Start, Subscriber};

/// Longest position or camera a client may name, characters.
const NAME_CHARS_MAX: usize = 512;
/// How long a browser is told to wait when all places are taken, seconds.
const FULL_RETRY_S: u64 = 30;

/// `GET /live/stream`: events of new reads, for as long as the session stands. `camera` filters,
/// `from` (or `Last-Event-ID`) says where to go on.
pub fn stream(ctx: &Ctx<'_>, _: &mut Input<'_, '_>) -> Result<Response, WebError> {
    let site = ctx.site;
    let query = ctx.query()?;
    let short = |text: &&str| text.len() <= NAME_CHARS_MAX;
    let from = ctx.head.headers.get("last-event-id").or_else(|| query.get("from")).filter(short);
    let subscriber = Subscriber {
        feed: Arc::clone(&site.feed),
        store: Arc::clone(&site.store),
        clock: site.clock.clone(),
        caller: ctx.caller.clone(),
        zone: ctx.zone(),
        camera: query.get("camera").filter(short).unwrap_or_default().to_owned(),
        at: Start::after(&site.feed, from),
    };
    site.hub.stream(subscriber).ok_or_else(|| {
        WebError::Busy("All places for live streams are taken.".into(), FULL_RETRY_S)
    })
}
