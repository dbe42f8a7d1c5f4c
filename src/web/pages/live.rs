//! Reads as they happen: the list, the wall of a gatehouse, the stream behind both, and the same
//! reads as data for browsers that cannot listen.

use std::sync::Arc;

use serde::Serialize;

use crate::base::limits::LIVE_ROWS;
use crate::gate::Response;
use crate::gate::form::encode;
use crate::model::capture::Capture;
use crate::model::query::{Attribute, AttributeMatch, PageRequest, Query};
use crate::store::ReadTx;
use crate::web::ctx::{Ctx, Input};
use crate::web::error::WebError;
use crate::web::live::{Start, Subscriber};
use crate::web::pages::names::Names;
use crate::web::pages::shell::{Page, render_with};
use crate::web::reply::json;
use crate::web::views::Choice;
use crate::web::views::live::LivePage;
use crate::web::views::read::ReadRow;
use crate::web::{format, paths};

/// Longest position or camera a client may name, characters.
const NAME_CHARS_MAX: usize = 512;
/// How long a browser is told to wait when all places are taken, seconds.
const FULL_RETRY_S: u64 = 30;
/// How many times as many reads are looked at as are shown, to make up for ignored plates.
const LOOK_FACTOR: usize = 4;

/// `GET /live`; `camera` filters.
pub fn page(ctx: &Ctx<'_>, _: &mut Input<'_, '_>) -> Result<Response, WebError> {
    let view = view(ctx, paths::LIVE, paths::LIVE_WALL)?;
    render_with(ctx, &Page::new("live", "Live", "live"), &view, |_| {})
}

/// `GET /live/wall`: the same for a screen across the room, dark unless somebody chose otherwise.
pub fn wall(ctx: &Ctx<'_>, _: &mut Input<'_, '_>) -> Result<Response, WebError> {
    let view = view(ctx, paths::LIVE_WALL, paths::LIVE)?;
    render_with(ctx, &Page::new("wall", "Live wall", "live"), &view, |shell| {
        if shell.theme.is_empty() {
            "dark".clone_into(&mut shell.theme);
        }
    })
}

fn view(ctx: &Ctx<'_>, path: &'static str, other: &'static str) -> Result<LivePage, WebError> {
    let (zone, camera) = (ctx.zone(), camera(ctx)?);
    // Before the reads are looked up, so that none falls between page and stream.
    let position = ctx.site.feed.position();
    let names = ctx.site.store.read(Names::load)?;
    let mut cameras = vec![Choice::new("", "All cameras", camera.is_empty())];
    let known = names.camera_values();
    let values = known.into_iter();
    cameras.extend(values.map(|(value, name)| Choice::new(&value, name, value == camera)));
    if !cameras.iter().any(|choice| choice.selected) {
        return Err(WebError::Bad("There is no such camera.".into()));
    }
    let with_camera = |path: &str| {
        if camera.is_empty() {
            path.to_owned()
        } else {
            format!("{path}?{}", encode([("camera", &camera)]))
        }
    };
    Ok(LivePage {
        here: with_camera(path),
        other: with_camera(other),
        path,
        rows: rows(ctx, &names, &camera)?,
        position,
        cameras,
        zone: format::zone_label(ctx.now, &zone),
        zone_name: zone.iana_name().unwrap_or("UTC").to_owned(),
        camera,
    })
}

#[derive(Serialize)]
struct Recent {
    /// Where a stream goes on behind these.
    position: String,
    rows: Vec<ReadRow>,
}

/// `GET /live/recent`: the latest reads as data, for browsers without a stream. Answers 304 while
/// nothing has changed.
pub fn recent(ctx: &Ctx<'_>, _: &mut Input<'_, '_>) -> Result<Response, WebError> {
    let camera = camera(ctx)?;
    let position = ctx.site.feed.position();
    let names = ctx.site.store.read(Names::load)?;
    let body = json(200, &Recent { position, rows: rows(ctx, &names, &camera)? });
    let tag = crate::web::assets::tag(body.body.bytes().unwrap_or_default());
    if ctx.head.headers.get("if-none-match") == Some(tag.as_str()) {
        return Ok(Response::new(304).header("ETag", tag));
    }
    Ok(body.header("ETag", tag))
}

/// `GET /live/stream`: events of new reads, for as long as the session stands. `camera` filters,
/// `from` (or `Last-Event-ID`) says where to go on.
pub fn stream(ctx: &Ctx<'_>, _: &mut Input<'_, '_>) -> Result<Response, WebError> {
    let site = ctx.site;
    let query = ctx.query()?;
    let from = ctx.head.headers.get("last-event-id").or_else(|| query.get("from"));
    let subscriber = Subscriber {
        feed: Arc::clone(&site.feed),
        store: Arc::clone(&site.store),
        clock: site.clock.clone(),
        caller: ctx.caller.clone(),
        zone: ctx.zone(),
        camera: camera(ctx)?,
        at: Start::after(&site.feed, from.filter(|from| from.len() <= NAME_CHARS_MAX)),
    };
    site.hub.stream(subscriber).ok_or_else(|| {
        WebError::Busy("All places for live streams are taken.".into(), FULL_RETRY_S)
    })
}

fn camera(ctx: &Ctx<'_>) -> Result<String, WebError> {
    let query = ctx.query()?;
    let camera = query.get("camera").unwrap_or_default();
    if camera.len() > NAME_CHARS_MAX {
        return Err(WebError::Bad("There is no such camera.".into()));
    }
    Ok(camera.to_owned())
}

fn rows(ctx: &Ctx<'_>, names: &Names, camera: &str) -> Result<Vec<ReadRow>, WebError> {
    let (captures, zone) = (latest(ctx, LIVE_ROWS, camera)?, ctx.zone());
    Ok(captures.iter().map(|capture| names.row(capture, ctx.now, &zone)).collect())
}

/// The latest `limit` reads of `camera` (`""` for all), without those of ignored plates.
pub fn latest(ctx: &Ctx<'_>, limit: usize, camera: &str) -> Result<Vec<Capture>, WebError> {
    let mut query = Query::default();
    if !camera.is_empty() {
        query.attributes.push(AttributeMatch {
            attribute: Attribute::Camera,
            values: vec![camera.to_owned()],
            not: false,
        });
    }
    let request = PageRequest { limit: limit * LOOK_FACTOR, before: None, total: false };
    let mut captures = ctx.site.store.search(&query, request)?.rows;
    ctx.site.store.read(|tx: &ReadTx| {
        let known =
            tx.known_plates(captures.iter().filter_map(|capture| capture.plate.as_ref()))?;
        captures.retain(|capture| {
            let plate = capture.plate.as_ref().and_then(|plate| known.get(plate));
            !plate.is_some_and(|plate| plate.ignored)
        });
        Ok(())
    })?;
    captures.truncate(limit);
    Ok(captures)
}
