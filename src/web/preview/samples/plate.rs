//! Samples of the plate pages: known, unread and hostile.

use super::super::HOSTILE;
use super::{at, capture_of, row};
use crate::web::views::capture::Fact;
use crate::web::views::plate::{
    CorrectionRow, KnownFormView, KnownRow, KnownView, PlatePage, PlateTile, PlatesPage, TagChoice,
};
use crate::web::views::read::{PlateBadge, ReadRow};
use crate::web::views::{FieldError, Link, RankRow};

fn badge(text: &str, low: bool) -> PlateBadge {
    PlateBadge::new(text, "us-ca", "us", low, false)
}

fn known(name: &str, tags: &[&str], notes: &str) -> KnownView {
    KnownView {
        name: name.to_owned(),
        tags: tags.iter().map(|tag| Link::new("/plates.html", *tag)).collect(),
        notes: notes.to_owned(),
        ignored: false,
        by: "Tomas Lind".to_owned(),
        at: at(1_500_000_000),
    }
}

fn rows() -> Vec<ReadRow> {
    let read = |(index, seconds): (usize, i64)| {
        let camera = if index % 3 == 2 { "Gate out, the long name of it" } else { "Gate in" };
        let way = Some(index as f32 * 180.0);
        let looks = ("white", "toyota_rav4", "suv-crossover");
        row(&capture_of(seconds, ("8KXR417", "us-ca"), looks, way, 96.4, 0), camera)
    };
    [4, 24_045, 90_000, 110_000, 180_000, 210_000].into_iter().enumerate().map(read).collect()
}

pub(in crate::web::preview) fn plate(editing: bool) -> PlatePage {
    let tile = |label, value: &str, note: &str| PlateTile {
        label,
        value: value.to_owned(),
        note: note.to_owned(),
        exact: String::new(),
    };
    let mut hours = vec![vec![0; 24]; 7];
    for (day, hours) in hours.iter_mut().enumerate().take(5) {
        for (hour, count) in [(7, 40 - day), (8, 12), (12, 3), (16, 14), (17, 38 - day), (18, 5)] {
            hours[hour] = count as u64;
        }
    }
    let share = |name: &str, value: &str, share: &str| Fact::new(name, value).aside(share);
    PlatePage {
        watch_href: "/watches/new?plate=8KXR417".to_owned(),
        plate: badge("8KXR417", false),
        href: "/plates/8KXR417".to_owned(),
        known: known(
            "Priya N., facilities",
            &["permit 0417", "staff"],
            "Parks in bay 12.\nNew permit from September, ask reception.",
        ),
        may_edit: true,
        form: KnownFormView {
            name: "Priya N., facilities".to_owned(),
            tags: "permit 0417, staff".to_owned(),
            offered: vec!["permit 0417".to_owned(), "staff".to_owned(), "van".to_owned()],
            name_max: 80,
            notes_max: 4000,
            ..KnownFormView::default()
        },
        editing,
        zone: "Los Angeles (PDT)".to_owned(),
        reads: 24_120,
        tiles: vec![
            tile("Visits", "412+", "24,120 reads"),
            tile("First seen", "2 Mar 2026", "Gate in, 07:58:14"),
            tile("Last seen", "2 minutes ago", "Gate in, 14:32:07"),
            tile("Most often", "Mon 07:00", "40 reads in that hour"),
        ],
        scope: "Visits, hours, cameras and vehicle are from the newest 500 of 24,120 reads."
            .to_owned(),
        hours,
        cameras: [("Gate in", 409), ("Gate out", 402), ("Visitor lot", 13)]
            .into_iter()
            .map(|(label, value)| RankRow {
                label: label.to_owned(),
                href: "/search.html".to_owned(),
                value,
            })
            .collect(),
        vehicle: vec![
            share("Color", "White", "97 %").swatch("white"),
            share("Make, model", "Toyota RAV4", "94 %"),
            share("Body", "SUV crossover", "99 %"),
            share("Year", "2019 to 2023", "71 %"),
            share("Region", "California, United States", "824"),
        ],
        rows: rows(),
        older_href: "?before=1".to_owned(),
        first_href: String::new(),
        search_href: "/search.html".to_owned(),
        alike_href: "/search.html".to_owned(),
        corrections: vec![CorrectionRow {
            href: "/capture.html".to_owned(),
            from: Some(badge("8KXR4I7", true)),
            to: Some(badge("8KXR417", false)),
            by: "Mara Okafor".to_owned(),
            at: at(864_000_000),
            undone: false,
        }],
    }
}

pub(in crate::web::preview) fn plate_unread() -> PlatePage {
    PlatePage {
        watch_href: "/watches/new?plate=8KXR417".to_owned(),
        plate: PlateBadge::new("NEW1", "", "", false, false),
        href: "/plates/NEW1".to_owned(),
        alike_href: "/search.html".to_owned(),
        ..PlatePage::default()
    }
}

pub(in crate::web::preview) fn plates() -> PlatesPage {
    let known_row = |text: &str, name: &str, tags: &[&str], notes: &str| KnownRow {
        href: "/plate.html".to_owned(),
        plate: badge(text, false),
        known: known(name, tags, notes),
        brief: notes.to_owned(),
    };
    let mut ignored = known_row("5WJH081", "", &[], "");
    ignored.known.ignored = true;
    PlatesPage {
        tag: "staff".to_owned(),
        tags: [("permit 0417", false), ("staff", true), ("van", false)]
            .into_iter()
            .map(|(text, selected)| TagChoice {
                text: text.to_owned(),
                href: "/plates.html".to_owned(),
                selected,
            })
            .collect(),
        total: "1,204".to_owned(),
        rows: vec![
            known_row("8KXR417", "Priya N., facilities", &["permit 0417", "staff"], "Bay 12"),
            known_row("6MNB254", "Delivery", &["van"], ""),
            ignored,
        ],
        next_href: "/plates.html?after=5WJH081".to_owned(),
        first_href: "/plates.html".to_owned(),
        search_href: "/search.html".to_owned(),
        may_edit: true,
        ..PlatesPage::default()
    }
}

pub(in crate::web::preview) fn plates_empty() -> PlatesPage {
    PlatesPage { total: "0".to_owned(), may_edit: true, ..PlatesPage::default() }
}

fn bad() -> String {
    HOSTILE.to_owned()
}

fn bad_known() -> KnownView {
    KnownView { by: bad(), ignored: true, ..known(HOSTILE, &[HOSTILE], HOSTILE) }
}

fn bad_badge() -> PlateBadge {
    PlateBadge::new(HOSTILE, HOSTILE, HOSTILE, true, true)
}

pub(in crate::web::preview) fn hostile_plate() -> PlatePage {
    let mut page = plate(true);
    page.plate = bad_badge();
    page.href = bad();
    page.known = bad_known();
    page.form = KnownFormView {
        name: bad(),
        tags: bad(),
        notes: bad(),
        offered: vec![bad()],
        errors: vec![FieldError::new("tags", bad())],
        ..page.form
    };
    page.zone = bad();
    page.scope = bad();
    page.hours = vec![vec![u64::MAX; 30]; 9];
    page.tiles = vec![PlateTile { label: "Visits", value: bad(), note: bad(), exact: bad() }];
    page.cameras = vec![RankRow { label: bad(), href: bad(), value: u64::MAX }];
    page.vehicle = vec![Fact::new(bad(), bad()).aside(bad()).swatch(bad())];
    page.rows = super::hostile::rows();
    page.search_href = bad();
    page.corrections = vec![CorrectionRow {
        href: bad(),
        from: Some(bad_badge()),
        to: None,
        by: bad(),
        at: at(5),
        undone: true,
    }];
    page
}

pub(in crate::web::preview) fn hostile_plates() -> PlatesPage {
    let mut page = plates();
    page.text = bad();
    page.tag = bad();
    page.tags = vec![TagChoice { text: bad(), href: bad(), selected: true }];
    page.rows =
        vec![KnownRow { href: bad(), plate: bad_badge(), known: bad_known(), brief: bad() }];
    page.errors = vec![FieldError::new("plate", bad())];
    page
}
