//! What the dashboard shows, as data.

use serde::Serialize;

use crate::domain::stats::{self, Board, Trend};
use crate::gate::Response;
use crate::web::api::rfc3339;
use crate::web::ctx::{Ctx, Input};
use crate::web::error::WebError;
use crate::web::pages::dashboard;
use crate::web::pages::names::Names;
use crate::web::regions;
use crate::web::reply::json;

#[derive(Serialize)]
struct StatsView {
    captures: u64,
    plates: u64,
    records_bytes: u64,
    images_bytes: u64,
    free_bytes: u64,
    time_zone: String,
    range: &'static str,
    from: String,
    until: String,
    before_from: String,
    before_until: String,
    reads: TrendView,
    alerts: AlertsView,
    second_region: Option<RegionTrend>,
    captures_by_month: Vec<u64>,
    hours_today: Vec<u64>,
    hours_usual: Option<Vec<u64>>,
    week: Vec<Vec<u64>>,
    week_days: [u32; 7],
    regions: RegionsView,
    cameras: Vec<CameraCount>,
}

#[derive(Serialize)]
struct TrendView {
    count: u64,
    before: u64,
    months: Vec<u64>,
}

#[derive(Serialize)]
struct AlertsView {
    rekor: TrendView,
    custom: TrendView,
}

#[derive(Serialize)]
struct RegionTrend {
    region: String,
    name: String,
    #[serde(flatten)]
    trend: TrendView,
}

#[derive(Serialize)]
struct RegionsView {
    month: String,
    so_far: bool,
    data: Vec<RegionCount>,
}

#[derive(Serialize)]
struct RegionCount {
    region: String,
    name: String,
    count: u64,
}

#[derive(Serialize)]
struct CameraCount {
    camera: String,
    name: String,
    count: u64,
}

/// `GET /api/v1/stats`; `range` is `today`, `week`, `month` (if not given) or `year`.
pub fn stats(ctx: &Ctx<'_>, _: &mut Input<'_, '_>) -> Result<Response, WebError> {
    let (site, zone, range) = (ctx.site, ctx.zone(), dashboard::range(ctx)?);
    let figures = site.store.figures()?;
    let (names, board) = site.store.read(|tx| {
        let board = stats::board(tx, range, figures.captures, &zone, ctx.now)?;
        Ok((Names::load(tx)?, board))
    })?;
    let spans = board.spans.clone();
    let body = StatsView {
        captures: figures.captures,
        plates: figures.plates,
        records_bytes: figures.records_bytes,
        images_bytes: site.store.images().bytes_on_disk(),
        free_bytes: site.store.free_bytes(),
        time_zone: zone.iana_name().unwrap_or("UTC").to_owned(),
        range: range.name(),
        from: rfc3339(spans.from),
        until: rfc3339(spans.until),
        before_from: rfc3339(spans.before_from),
        before_until: rfc3339(spans.before_until),
        ..view(board, &names)
    };
    Ok(json(200, &body))
}

/// What is counted; the rest is left at nothing.
fn view(board: Board, names: &Names) -> StatsView {
    let name = |region: &str| regions::name(region, "");
    StatsView {
        captures: 0,
        plates: 0,
        records_bytes: 0,
        images_bytes: 0,
        free_bytes: 0,
        time_zone: String::new(),
        range: "",
        from: String::new(),
        until: String::new(),
        before_from: String::new(),
        before_until: String::new(),
        reads: trend(board.plates),
        alerts: AlertsView { rekor: trend(board.rekor), custom: trend(board.custom) },
        second_region: board.second_region.map(|(region, of)| RegionTrend {
            name: name(&region),
            region,
            trend: trend(of),
        }),
        captures_by_month: board.kept.months,
        hours_today: board.today.hours.to_vec(),
        hours_usual: board.today.usual.map(|hours| hours.to_vec()),
        week: board.week.cells.iter().map(|day| day.to_vec()).collect(),
        week_days: board.week.days,
        regions: RegionsView {
            month: board.regions.month.strftime("%Y-%m").to_string(),
            so_far: board.regions.so_far,
            data: board
                .regions
                .ranking
                .into_iter()
                .map(|(region, count)| RegionCount { name: name(&region), region, count })
                .collect(),
        },
        cameras: board
            .cameras
            .into_iter()
            .map(|(camera, count)| CameraCount {
                name: names.camera_of_value(&camera),
                camera,
                count,
            })
            .collect(),
    }
}

fn trend(trend: Trend) -> TrendView {
    TrendView { count: trend.now, before: trend.before, months: trend.months }
}
