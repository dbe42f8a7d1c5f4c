//! The first page after signing in.

mod figures;

use std::sync::atomic::Ordering;

use jiff::tz::TimeZone;

use crate::base::clock::Timestamp;
use crate::domain::period::Range;
use crate::domain::stats;
use crate::gate::Response;
use crate::model::watch::MatchFilter;
use crate::web::ctx::{Ctx, Input};
use crate::web::error::WebError;
use crate::web::pages::names::Names;
use crate::web::pages::shell::{Page, flash, render_with};
use crate::web::pages::{alerts, custom_alerts, live};
use crate::web::views::dashboard::{Dashboard, Outcome, RangeLink, Receiving};
use crate::web::views::{Link, Tone};
use crate::web::{format, paths};

/// Rows of the list of latest reads.
const LATEST: usize = 10;
/// Rows of the list of latest alerts.
const ALERTS: usize = 5;
/// A box that was silent for this long gets an amber dot, milliseconds.
const SILENT_MS: i64 = 6 * 3600 * 1000;

/// `GET /`; `range` is `today`, `week`, `month` or `year`.
pub fn page(ctx: &Ctx<'_>, _: &mut Input<'_, '_>) -> Result<Response, WebError> {
    let (site, zone) = (ctx.site, ctx.zone());
    let range = range(ctx)?;
    // Before the reads are looked up, so that none falls between page and stream.
    let position = site.feed.position();
    let latest = live::latest(ctx, LATEST, "")?;
    let kept = site.store.figures()?.captures;
    let user = ctx.user()?.id;
    let (names, board, rekor, custom) = site.store.read(|tx| {
        let alerts = tx.rekor_alerts(ALERTS)?;
        let open = MatchFilter { open: Some(true), ..MatchFilter::default() };
        let open = tx.match_page(user, &open, None, ALERTS)?;
        let board = stats::board(tx, range, kept, &zone, ctx.now)?;
        let custom = custom_alerts::rows(ctx, tx, &open.rows, &zone)?;
        Ok((Names::load(tx)?, board, alerts::rows(ctx, tx, &alerts, &zone)?, custom))
    })?;
    let last_received = latest.iter().map(|capture| capture.received_at).max();
    let used = site.store.bytes_on_disk();
    let mut view = Dashboard {
        status: receiving(ctx, last_received, &zone),
        zone: format::zone_label(ctx.now, &zone),
        ranges: Range::ALL.into_iter().map(|other| range_link(other, range)).collect(),
        range: range.name(),
        range_text: range_text(range),
        tiles: figures::tiles(&board, used, site.store.free_bytes()),
        reads: latest.iter().map(|capture| names.row(capture, ctx.now, &zone)).collect(),
        position,
        rekor,
        custom,
        webhook: outcomes(ctx),
        webhook_since: match format::day(site.started_at, ctx.now, &zone) {
            today if today == "Today" => format::clock(site.started_at, &zone),
            day => format::lower_first(&day),
        },
        empty: kept == 0,
        ..Dashboard::default()
    };
    figures::charts(&mut view, &board, &names);
    let page = Page::new("dashboard", "Dashboard", "dashboard");
    render_with(ctx, &page, &view, |shell| shell.flash = flash(ctx))
}

/// The range a request asks for.
pub fn range(ctx: &Ctx<'_>) -> Result<Range, WebError> {
    match ctx.query()?.get("range") {
        None | Some("") => Ok(Range::default()),
        Some(name) => Range::parse(name)
            .ok_or_else(|| WebError::Bad("range is one of today, week, month and year.".into())),
    }
}

const fn range_text(range: Range) -> &'static str {
    match range {
        Range::Today => "today",
        Range::Week => "7 days",
        Range::Month => "this month",
        Range::Year => "this year",
    }
}

fn range_link(range: Range, shown: Range) -> RangeLink {
    let label = match range {
        Range::Today => "Today",
        Range::Week => "7 days",
        Range::Month => "Month",
        Range::Year => "Year",
    };
    let href = format!("{}?range={}", paths::HOME, range.name());
    RangeLink { href, label, current: range == shown }
}

/// Address of the search for one camera, given as `AGENT_UID/CAMERA_ID`.
pub fn camera_search(value: &str) -> String {
    format!("{}?{}", paths::SEARCH, crate::gate::form::encode([("camera", value)]))
}

fn receiving(ctx: &Ctx<'_>, last: Option<Timestamp>, zone: &TimeZone) -> Receiving {
    match last {
        None => Receiving {
            tone: Tone::Off,
            text: "Waiting for the first read".into(),
            exact: String::new(),
        },
        Some(at) if ctx.now.since(at) > SILENT_MS => Receiving {
            tone: Tone::Warn,
            text: format!("No read since {}", format::ago(at, ctx.now, zone)),
            exact: format::exact(at, zone),
        },
        Some(at) => Receiving {
            tone: Tone::Ok,
            text: format!("Receiving. Last read {}", format::ago(at, ctx.now, zone)),
            exact: format::exact(at, zone),
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
