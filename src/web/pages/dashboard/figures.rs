//! The numbers of the dashboard in words: tiles, rankings, sentences.

use std::collections::BTreeMap;

use jiff::civil::Weekday;

use crate::domain::period::Range;
use crate::domain::rhythm::Week;
use crate::domain::stats::{Board, Ranking, Trend};
use crate::gate::form::encode;
use crate::web::pages::names::Names;
use crate::web::views::RankRow;
use crate::web::views::dashboard::{Dashboard, Tile};
use crate::web::{format, heat, paths, regions, tiles as map};

/// Months for which it is worth saying how long the disk lasts.
const FORECAST_MONTHS_MAX: u64 = 120;

/// The four tiles; `used` and `free` are bytes of the disk.
pub(super) fn tiles(board: &Board, used: u64, free: u64) -> Vec<Tile> {
    vec![plates(board), alerts(board), second_region(board), kept(board, used, free)]
}

fn plates(board: &Board) -> Tile {
    Tile {
        id: "plates",
        notes: if board.plates.before == 0 { Vec::new() } else { vec![compared(board)] },
        ..tile("Plates read", &board.plates, "reads a month")
    }
}

fn alerts(board: &Board) -> Tile {
    let (rekor, custom) = (&board.rekor, &board.custom);
    let months = rekor.months.iter().zip(&custom.months).map(|(a, b)| a + b).collect();
    let both = Trend { now: rekor.now + custom.now, before: rekor.before + custom.before, months };
    let mut notes = vec![format!("{} Rekor", format::number(rekor.now))];
    if custom.months.iter().any(|count| *count > 0) {
        notes.insert(0, format!("{} custom", format::number(custom.now)));
    }
    Tile { id: "alerts", notes, ..tile("Alerts", &both, "alerts a month") }
}

fn second_region(board: &Board) -> Tile {
    let Some((region, trend)) = &board.second_region else {
        return Tile {
            label: "Second region".into(),
            value: "–".into(),
            notes: vec!["None yet".into()],
            ..Tile::default()
        };
    };
    Tile {
        value: region_name(region),
        notes: vec![format::count(trend.now, "read", "reads")],
        ..tile("Second region", trend, "reads a month")
    }
}

fn kept(board: &Board, used: u64, free: u64) -> Tile {
    let mut notes = vec![format::bytes_of(used, used.saturating_add(free))];
    notes.extend(forecast(&board.kept, used, free));
    Tile { id: "kept", notes, ..tile("Records kept", &board.kept, "records") }
}

/// How long the disk lasts at the pace of last month.
fn forecast(kept: &Trend, used: u64, free: u64) -> Option<String> {
    let [.., before, last, _] = kept.months.as_slice() else { return None };
    let (added, before) = (last.saturating_sub(*before), *before);
    // Without a whole month there is no pace to speak of.
    if added == 0 || before == 0 || kept.now == 0 {
        return None;
    }
    let a_month = (u128::from(used) * u128::from(added) / u128::from(kept.now)).max(1);
    let months = u64::try_from(u128::from(free) / a_month).ok()?;
    (months <= FORECAST_MONTHS_MAX)
        .then(|| format!("{} left", format::count(months, "month", "months")))
}

fn tile(label: &str, trend: &Trend, unit: &'static str) -> Tile {
    Tile {
        label: label.into(),
        value: format::number(trend.now),
        delta: format::change(trend.now, trend.before),
        series: trend.months.clone(),
        unit,
        ..Tile::default()
    }
}

/// What the change is measured against: `vs 1–21 July`.
fn compared(board: &Board) -> String {
    let (first, last) = (board.spans.before_first, board.spans.before_last);
    match board.range {
        Range::Today => "vs yesterday by now".to_owned(),
        Range::Year => last.strftime("vs %Y to %-d %B").to_string(),
        _ if first == last => last.strftime("vs %-d %B").to_string(),
        _ if first.month() == last.month() => {
            format!("vs {}–{}", first.strftime("%-d"), last.strftime("%-d %B"))
        }
        _ => format!("vs {}–{}", first.strftime("%-d %b"), last.strftime("%-d %b")),
    }
}

/// Fills in everything that is drawn.
pub(super) fn charts(view: &mut Dashboard, board: &Board, names: &Names) {
    view.hours = board.today.hours.to_vec();
    view.usual = board.today.usual.map(|hours| hours.to_vec()).unwrap_or_default();
    view.weekday = weekday(board.today.weekday);
    view.hour_now = board.today.now;
    view.week = board.week.cells.iter().map(|day| day.to_vec()).collect();
    view.week_span = if board.range == Range::Year { "Last 52 weeks" } else { "Last 4 weeks" };
    view.week_peak = peak(&board.week, &view.week);
    let month = board.regions.month.strftime("%B");
    view.regions_month =
        if board.regions.so_far { format!("{month} so far") } else { month.to_string() };
    let states = board.regions.ranking.iter().filter(|(code, _)| map::state(code).is_some());
    (view.states, view.state_counts) = states.cloned().unzip();
    view.regions = region_rows(&board.regions.ranking);
    view.cameras = board
        .cameras
        .iter()
        .map(|(value, count)| RankRow {
            label: names.camera_of_value(value),
            href: super::camera_search(value),
            value: *count,
        })
        .collect();
}

/// Regions by the names people know; codes of one region, such as `us-ca` and `ca`, are one row.
fn region_rows(ranking: &Ranking) -> Vec<RankRow> {
    let mut by_name: BTreeMap<String, (u64, &str)> = BTreeMap::new();
    for (code, count) in ranking {
        let row = by_name.entry(region_name(code)).or_insert((0, code));
        row.0 += count;
    }
    let mut rows: Vec<RankRow> = by_name
        .into_iter()
        .map(|(label, (value, code))| RankRow {
            label,
            href: format!("{}?{}", paths::SEARCH, encode([("region", code)])),
            value,
        })
        .collect();
    rows.sort_by(|a, b| b.value.cmp(&a.value).then_with(|| a.label.cmp(&b.label)));
    rows
}

/// `California`, `Ontario, Canada`: states of the US need no country beside their map.
fn region_name(code: &str) -> String {
    if map::state(code).is_some() {
        regions::name(code, "us")
    } else {
        regions::full_name(code, "")
    }
}

fn peak(week: &Week, rows: &[Vec<u64>]) -> String {
    let Some((day, hour, most)) = heat::peak(rows) else { return String::new() };
    let row = rows.iter().position(|row| row.get(hour) == Some(&most));
    let days = row.and_then(|row| week.days.get(row)).copied().unwrap_or(1).max(1);
    let mean = (most as f64 / f64::from(days)).round().max(1.0) as u64;
    let reads = format::count(mean, "read", "reads");
    format!("{day} {hour}:00 is the busiest hour, with {reads} on average.")
}

const fn weekday(day: Weekday) -> &'static str {
    match day {
        Weekday::Monday => "Monday",
        Weekday::Tuesday => "Tuesday",
        Weekday::Wednesday => "Wednesday",
        Weekday::Thursday => "Thursday",
        Weekday::Friday => "Friday",
        Weekday::Saturday => "Saturday",
        Weekday::Sunday => "Sunday",
    }
}
