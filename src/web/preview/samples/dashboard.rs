//! The dashboard and the live pages of a busy box, and of an empty one.

use super::{at, rows};
use crate::web::format;
use crate::web::preview::{NOW, zone};
use crate::web::views::alerts::AlertRow;
use crate::web::views::dashboard::{Dashboard, Outcome, RangeLink, Receiving, Tile};
use crate::web::views::live::LivePage;
use crate::web::views::{Choice, Link, RankRow, Tag, Tone};

fn tile(id: &'static str, label: &str, value: &str, notes: &[&str], series: &[u64]) -> Tile {
    Tile {
        id,
        label: label.to_owned(),
        value: value.to_owned(),
        delta: None,
        notes: notes.iter().map(|note| (*note).to_owned()).collect(),
        series: series.to_vec(),
        unit: "reads a month",
    }
}

fn rank(rows: &[(&str, u64)]) -> Vec<RankRow> {
    let row = |(label, value): &(&str, u64)| RankRow {
        label: (*label).to_owned(),
        href: "/search".to_owned(),
        value: *value,
    };
    rows.iter().map(row).collect()
}

fn ranges() -> Vec<RangeLink> {
    let link = |(label, current)| RangeLink { href: "/?range=x".into(), label, current };
    [("Today", false), ("7 days", false), ("Month", true), ("Year", false)].map(link).to_vec()
}

fn alerts() -> Vec<AlertRow> {
    let lists = [
        ("Staff car park", "", Tone::Warn, "Not on the list"),
        ("Banned visitors", "Parcel theft in May", Tone::Bad, "On the list"),
    ];
    rows()
        .into_iter()
        .zip(lists)
        .map(|(read, (list, description, tone, kind))| AlertRow {
            href: "/alerts/rekor/1".into(),
            plate: read.plate,
            list: list.into(),
            description: description.into(),
            kind: Tag::new(tone, kind),
            time: at(740_000),
            ..AlertRow::default()
        })
        .collect()
}

fn tiles() -> Vec<Tile> {
    let months = [
        36_100, 40_200, 38_100, 37_000, 42_800, 45_100, 41_200, 43_000, 47_781, 47_000, 44_900,
        48_213,
    ];
    let kept = [95, 190, 290, 400, 500, 610, 720, 830, 940, 1_050, 1_160, 1_284];
    vec![
        Tile {
            delta: format::change(48_213, 45_313),
            ..tile("plates", "Plates read", "48,213", &["vs 1–21 July"], &months)
        },
        tile("alerts", "Alerts", "37", &["23 custom", "14 Rekor"], &kept),
        Tile {
            delta: format::change(2_904, 2_597),
            ..tile("", "Second region", "Nevada", &["2,904 reads"], &months)
        },
        tile("kept", "Records kept", "1,284,551", &["38.2 of 64 GB", "7 months left"], &kept),
    ]
}

fn week() -> Vec<Vec<u64>> {
    (0..7)
        .map(|day| (0..24).map(|hour| (hour * (7 - day)) % 29 * u64::from(hour > 5)).collect())
        .collect()
}

pub(in crate::web::preview) fn dashboard() -> Dashboard {
    Dashboard {
        custom: Vec::new(),
        status: Receiving {
            tone: Tone::Ok,
            text: "Receiving. Last read 4 seconds ago".to_owned(),
            exact: at(4000).exact,
        },
        zone: format::zone_label(NOW, &zone()),
        ranges: ranges(),
        range: "month",
        range_text: "this month",
        tiles: tiles(),
        reads: rows().into_iter().take(10).collect(),
        position: "x.1".into(),
        rekor: alerts(),
        hours: vec![21, 12, 9, 7, 16, 42, 103, 240, 233, 203, 155, 161, 196, 212, 112],
        usual: vec![
            20, 13, 9, 7, 15, 40, 110, 220, 262, 210, 170, 175, 190, 186, 205, 240, 275, 281, 220,
            140, 100, 70, 55, 35,
        ],
        weekday: "Friday",
        hour_now: 14,
        week: week(),
        week_span: "Last 4 weeks",
        week_peak: "Friday 17:00 is the busiest hour, with 281 reads on average.".into(),
        regions_month: "July".into(),
        states: ["us-ca", "us-nv", "us-az", "us-or", "us-wa", "us-tx"].map(str::to_owned).to_vec(),
        state_counts: vec![38_211, 2_904, 1_862, 1_240, 903, 741],
        regions: rank(&[
            ("California", 38_211),
            ("Nevada", 2_904),
            ("Arizona", 1_862),
            ("Oregon", 1_240),
            ("Washington", 903),
            ("Texas", 741),
            ("Baja California, Mexico", 412),
            ("Idaho", 122),
            ("British Columbia, Canada", 37),
        ]),
        cameras: rank(&[
            ("Gate in", 19_842),
            ("Gate out", 18_107),
            ("Dock 2", 5_218),
            ("Visitor lot", 3_377),
            ("Dock 1", 1_204),
            ("Back road", 465),
        ]),
        webhook_since: "09:12:40".to_owned(),
        webhook: vec![
            Outcome { tone: Tone::Ok, label: "Stored".to_owned(), count: 1_721, link: None },
            Outcome {
                tone: Tone::Warn,
                label: "Refused: wrong key".to_owned(),
                count: 3,
                link: Some(Link::new("/settings/webhook", "Settings")),
            },
        ],
        empty: false,
    }
}

pub(in crate::web::preview) fn dashboard_empty() -> Dashboard {
    Dashboard {
        custom: Vec::new(),
        status: Receiving {
            tone: Tone::Off,
            text: "Nothing received yet".to_owned(),
            exact: String::new(),
        },
        zone: "UTC".to_owned(),
        ranges: ranges(),
        range: "month",
        range_text: "this month",
        tiles: ["Plates read", "Alerts", "Second region", "Records kept"]
            .into_iter()
            .map(|label| Tile { label: label.to_owned(), value: "0".to_owned(), ..Tile::default() })
            .collect(),
        hours: vec![0; 24],
        empty: true,
        ..Dashboard::default()
    }
}

/// The live pages; `filled` or before the first read.
pub(in crate::web::preview) fn live(filled: bool) -> LivePage {
    LivePage {
        here: "/live".into(),
        other: "/live/wall".into(),
        path: "/live",
        rows: if filled { rows() } else { Vec::new() },
        position: "x.1".into(),
        camera: String::new(),
        cameras: vec![
            Choice::new("", "All cameras", true),
            Choice::new("A/1", "Gate in", false),
            Choice::new("A/2", "Gate out", false),
        ],
        zone: format::zone_label(NOW, &zone()),
        zone_name: "America/Los_Angeles".into(),
    }
}
