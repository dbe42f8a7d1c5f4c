//! The first page after signing in.

use std::sync::atomic::Ordering;

use crate::domain::stats;
use crate::gate::Response;
use crate::model::capture::CaptureKind;
use crate::model::query::{PageRequest, Query};
use crate::web::ctx::{Ctx, Input};
use crate::web::error::WebError;
use crate::web::format;
use crate::web::pages::names::Names;
use crate::web::pages::shell::{Page, flash, render_with};
use crate::web::paths;
use crate::web::views::dashboard::{Dashboard, Outcome, Receiving, Tile};
use crate::web::views::{Link, RankRow, Tone};

/// Rows of the list of latest reads.
const LATEST: usize = 10;
/// Cameras of the ranking.
const CAMERAS: usize = 6;
/// A box that was silent for this long gets an amber dot, milliseconds.
const SILENT_MS: i64 = 6 * 3600 * 1000;

/// `GET /`.
pub fn page(ctx: &Ctx<'_>, _: &mut Input<'_, '_>) -> Result<Response, WebError> {
    let (site, zone) = (ctx.site, ctx.zone());
    let request = PageRequest { limit: LATEST, before: None, total: false };
    let latest = site.store.search(&Query::default(), request)?.rows;
    let figures = site.store.figures()?;
    let data = site.store.read(|tx| {
        Ok((
            Names::load(tx)?,
            stats::months(tx, &zone, ctx.now)?,
            stats::months_of(tx, CaptureKind::Vehicle, &zone, ctx.now)?,
            stats::today_by_hour(tx, &zone, ctx.now)?,
            stats::top_cameras(tx, &zone, ctx.now, CAMERAS)?,
        ))
    })?;
    let (names, plates, vehicles, (hours, hour_now), cameras) = data;
    let month = plates.month.strftime("%B").to_string();
    let last_received = latest.iter().map(|capture| capture.received_at).max();
    let used = site.store.bytes_on_disk();
    let view = Dashboard {
        status: receiving(ctx, last_received),
        zone: format::zone_label(ctx.now, &zone),
        tiles: vec![
            month_tile("Plates read", &plates),
            month_tile("Without plate", &vehicles),
            Tile {
                label: "Reads kept".into(),
                value: format::number(figures.captures),
                notes: vec![format::count(figures.plates, "plate", "plates")],
                ..Tile::default()
            },
            Tile {
                label: "Store".into(),
                value: format::bytes(used),
                notes: vec![format!("{} free", format::bytes(site.store.free_bytes()))],
                ..Tile::default()
            },
        ],
        reads: latest.iter().map(|capture| names.row(capture, ctx.now, &zone)).collect(),
        cameras: cameras
            .into_iter()
            .map(|(value, count)| RankRow {
                label: names.camera_of_value(&value),
                href: camera_search(&value),
                value: count,
            })
            .collect(),
        month,
        hours,
        hour_now,
        webhook: outcomes(ctx),
        webhook_since: match format::day(site.started_at, ctx.now, &zone) {
            today if today == "Today" => format::clock(site.started_at, &zone),
            day => format::lower_first(&day),
        },
        empty: figures.captures == 0,
    };
    let page = Page::new("dashboard", "Dashboard", "dashboard");
    render_with(ctx, &page, &view, |shell| shell.flash = flash(ctx))
}

/// Address of the search for one camera, given as `AGENT_UID/CAMERA_ID`.
pub fn camera_search(value: &str) -> String {
    format!("{}?{}", paths::SEARCH, crate::gate::form::encode([("camera", value)]))
}

fn month_tile(label: &str, months: &stats::Months) -> Tile {
    let from = months.compared_until.first_of_month();
    let span = format!("vs {}–{}", from.strftime("%-d"), months.compared_until.strftime("%-d %B"));
    Tile {
        label: format!("{label}, {}", months.month.strftime("%B")),
        value: format::number(months.this_month),
        delta: format::change(months.this_month, months.last_month),
        notes: if months.last_month == 0 { Vec::new() } else { vec![span] },
        series: months.series.clone(),
    }
}

fn receiving(ctx: &Ctx<'_>, last: Option<crate::base::clock::Timestamp>) -> Receiving {
    let zone = ctx.zone();
    match last {
        None => Receiving {
            tone: Tone::Off,
            text: "Waiting for the first read".into(),
            exact: String::new(),
        },
        Some(at) if ctx.now.since(at) > SILENT_MS => Receiving {
            tone: Tone::Warn,
            text: format!("No read since {}", format::ago(at, ctx.now, &zone)),
            exact: format::exact(at, &zone),
        },
        Some(at) => Receiving {
            tone: Tone::Ok,
            text: format!("Receiving. Last read {}", format::ago(at, ctx.now, &zone)),
            exact: format::exact(at, &zone),
        },
    }
}

fn outcomes(ctx: &Ctx<'_>) -> Vec<Outcome> {
    let site = ctx.site;
    let stored = site.ingest.figures().payloads.load(Ordering::Relaxed);
    let row = |tone, label: &str, count| Outcome { tone, label: label.into(), count, link: None };
    let mut rows = vec![row(Tone::Ok, "Taken", stored)];
    for (why, count) in site.refusals.counts().into_iter().filter(|(_, count)| *count > 0) {
        let label = match why {
            "disabled" => "Refused: posting is switched off",
            "key" => "Refused: wrong or missing key",
            "malformed" => "Refused: not JSON",
            "body" => "Refused: too large or too slow",
            _ => "Turned away while busy",
        };
        let link = Link::new(paths::WEBHOOK, "Webhook settings");
        rows.push(Outcome { link: Some(link), ..row(Tone::Warn, label, count) });
    }
    rows
}
