//! Sample pages: what a busy box shows, and what an empty one does. All data is invented.

use super::{NOW, zone};
use crate::base::clock::Timestamp;
use crate::model::capture::{Capture, CaptureKey, CaptureKind, Flags, Guess, ImageSet, Vehicle};
use crate::model::plate::Plate;
use crate::web::format;
use crate::web::views::capture::{
    Candidate, CapturePage, CorrectForm, Corrected, CorrectionStep, Fact, Outlines, Picture, Viewer,
};
use crate::web::views::read::{PlateBadge, ReadRow, TimeView, VehicleView};
use crate::web::views::{Choice, Link, Tag, Tone};

pub(super) mod certificate;
mod dashboard;
pub(super) mod factor;
pub(super) mod hostile;
pub(super) mod plate;
pub(super) mod search;
pub(super) mod settings;

pub(super) const CROP: &str = include_str!("crop.svg");
pub(super) const SCENE: &str = include_str!("scene.svg");

fn at(ms_ago: i64) -> TimeView {
    TimeView::new(NOW.plus_ms(-ms_ago), NOW, &zone())
}

fn guess(name: &str) -> Option<Guess> {
    (!name.is_empty()).then(|| Guess { name: name.to_owned(), confidence: 91.0 })
}

/// A capture `seconds` ago: plate, region, colour, model, body, heading, confidence, flags.
fn capture_of(
    seconds: i64,
    (plate, region): (&str, &str),
    (color, model, body): (&str, &str, &str),
    direction: Option<f32>,
    confidence: f32,
    flags: u16,
) -> Capture {
    let time = NOW.plus_ms(-seconds * 1000);
    Capture {
        key: CaptureKey::new(time, 1),
        kind: if plate.is_empty() { CaptureKind::Vehicle } else { CaptureKind::Plate },
        agent_uid: "NGATE01XK7".to_owned(),
        camera_id: 1,
        uuid: String::new(),
        captured_at: time,
        ended_at: time,
        received_at: Timestamp(time.ms() + 600),
        plate: Plate::parse(plate),
        plate_text: plate.to_owned(),
        confidence,
        region: region.to_owned(),
        region_confidence: 80.0,
        country: "us".to_owned(),
        direction,
        vehicle: Vehicle {
            color: guess(color),
            make: None,
            make_model: guess(model),
            body: guess(body),
            year: guess("2019-2023"),
        },
        flags: Flags(flags),
        images: ImageSet(0b0111),
        reads: 1,
        frame: (1920, 1080),
    }
}

fn row(capture: &Capture, camera: &str) -> ReadRow {
    let mut row = ReadRow::of(capture, camera, "north-gate-01", NOW, &zone());
    row.crop = "/crop.svg".to_owned();
    row.picture = "/scene.svg".to_owned();
    row.href = "/capture.html".to_owned();
    row
}

fn rows() -> Vec<ReadRow> {
    let list = [
        (
            4,
            ("8KXR417", "us-ca"),
            ("white", "toyota_rav4", "suv-crossover"),
            2.0,
            96.4,
            0,
            "Gate in",
        ),
        (
            31,
            ("7TPL902", "us-ca"),
            ("silver-gray", "honda_accord", "sedan-standard"),
            180.0,
            94.8,
            0,
            "Gate out",
        ),
        (
            76,
            ("CLX 518", "us-nv"),
            ("black", "ford_f-150", "truck-standard"),
            1.0,
            91.2,
            Flags::ALERT,
            "Gate in",
        ),
        (
            179,
            ("6MNB254", "us-ca"),
            ("blue", "subaru_outback", "sedan-wagon"),
            91.0,
            88.7,
            0,
            "Dock 2",
        ),
        (
            263,
            ("9DVS663", "us-ca"),
            ("silver", "tesla_model-3", "sedan-standard"),
            0.0,
            97.1,
            Flags::PARKED,
            "Gate in",
        ),
        (
            368,
            ("284 KHT", "us-or"),
            ("green", "jeep_wrangler", "suv-standard"),
            315.0,
            79.3,
            0,
            "Visitor lot",
        ),
        (460, ("", ""), ("red", "", "motorcycle"), 182.0, 0.0, 0, "Gate out"),
        (
            552,
            ("4GTR776", "us-az"),
            ("white", "ford_transit", "van-full"),
            270.0,
            92.9,
            0,
            "Dock 2",
        ),
        (
            654,
            ("8BDQ150", "us-ca"),
            ("beige", "toyota_camry", "sedan-standard"),
            3.0,
            62.8,
            Flags::PREVIEW,
            "Gate in",
        ),
        (
            90_000,
            ("BZR4419", "us-wa"),
            ("black", "bmw_x3", "suv-crossover"),
            10.0,
            93.7,
            Flags::LATE,
            "Gate in",
        ),
        (
            190_000,
            ("7HCK338", "us-ca"),
            ("silver", "chevrolet_silverado", "truck-standard"),
            181.0,
            45.1,
            Flags::NOTES,
            "Gate out",
        ),
    ];
    list.into_iter()
        .map(|(seconds, plate, vehicle, way, confidence, flags, camera)| {
            row(&capture_of(seconds, plate, vehicle, Some(way), confidence, flags), camera)
        })
        .collect()
}

pub(super) use dashboard::{dashboard, dashboard_empty, live};

fn vehicle_facts() -> Vec<Fact> {
    vec![
        Fact::new("Color", "White").swatch("white").aside("98 %"),
        Fact::new("Make, model", "Toyota RAV4").aside("91 %"),
        Fact::new("Body", "SUV crossover").aside("88 %"),
        Fact::new("Year", "2019 to 2023"),
    ]
}

fn viewer() -> Viewer {
    Viewer {
        src: "/scene.svg".to_owned(),
        width: 960,
        height: 540,
        alt: "Overview from Gate in: white Toyota RAV4".to_owned(),
        outlines: Outlines::new(
            (1920, 1080),
            &[(832, 660), (1088, 660), (1088, 788), (832, 788)],
            Some((500, 268, 920, 644)),
            "96.4 %",
        )
        .map(|outlines| outlines.with_path(&[(960, 300), (960, 420), (958, 590)])),
    }
}

fn corrected() -> Corrected {
    Corrected {
        original: Some(PlateBadge::new("8KXR4I7", "us-nv", "us", false, false)),
        stands: true,
        steps: vec![CorrectionStep {
            to: Some(PlateBadge::new("8KXR417", "us-ca", "us", false, false)),
            undone: false,
            by: "Mara Okafor".to_owned(),
            at: at(864_000_000),
        }],
    }
}

fn correct_form(open: bool) -> CorrectForm {
    CorrectForm {
        action: "/captures/1/plate".to_owned(),
        plate: "8KXR417".to_owned(),
        regions: vec![
            Choice::new("", "Not known", false),
            Choice::new("us-ca", "California (US)", true),
        ],
        open,
        errors: Vec::new(),
    }
}

pub(super) fn capture(correcting: bool) -> CapturePage {
    let main = capture_of(
        4,
        ("8KXR417", "us-ca"),
        ("white", "toyota_rav4", "suv-crossover"),
        Some(2.0),
        96.4,
        0,
    );
    let candidate = |text: &str| Candidate {
        plate: PlateBadge::new(text, "us-ca", "us", true, false),
        confidence: "91.2 %".to_owned(),
        search: Link::new(format!("/search?q={text}"), text),
    };
    let past = [4, 24_045, 90_000, 110_000, 180_000, 210_000].into_iter().enumerate().map(
        |(index, seconds)| {
            let mut past = row(
                &capture_of(
                    seconds,
                    ("8KXR417", "us-ca"),
                    ("white", "toyota_rav4", ""),
                    Some(index as f32 * 180.0),
                    95.8,
                    0,
                ),
                if index % 2 == 0 { "Gate in" } else { "Gate out" },
            );
            past.place = String::new();
            past.current = index == 0;
            past
        },
    );
    CapturePage {
        id: main.key.to_string(),
        plate: PlateBadge::of(&main),
        name: "8KXR417".to_owned(),
        vehicle: VehicleView::of(&main.vehicle),
        camera: "Gate in".to_owned(),
        time: at(4000),
        newer_href: "/capture.html".to_owned(),
        older_href: "/capture.html".to_owned(),
        viewer: Some(viewer()),
        strip: [("Overview", "/scene.svg"), ("Vehicle", "/scene.svg"), ("Plate", "/crop.svg")]
            .into_iter()
            .enumerate()
            .map(|(index, (label, src))| Picture {
                label,
                src: src.to_owned(),
                href: "?image=vehicle".to_owned(),
                current: index == 0,
            })
            .collect(),
        plate_facts: vec![
            Fact::new("Region", "California, United States").aside("89 %"),
            Fact::new("Confidence", "").meter(96.4),
        ],
        candidates: ["8KXR4I7", "8KXB417", "BKXR417"].into_iter().map(candidate).collect(),
        vehicle_facts: vehicle_facts(),
        vehicle_searches: vec![Link::new("/search.html", "Find same vehicle")],
        heading: Some(format::heading(2.0)),
        capture_facts: vec![
            Fact::new("Captured", "14:32:07.418 PDT"),
            Fact::new("Received", "14:32:08.020").aside("0.6 s later"),
            Fact::new("Travel", "12 frames in 1.4 s"),
            Fact::new("Frame", "1920 × 1080"),
            Fact::new("ID", main.key.to_string()).code(),
        ],
        raw_href: "/captures/1/raw".to_owned(),
        camera_facts: vec![
            Fact::new("Name", "Gate in").link("/search?q=camera"),
            Fact::new("Camera ID", "1421870055"),
            Fact::new("Position", format::position(37.4021, -122.07842))
                .link(format::geo(37.4021, -122.07842)),
        ],
        agent_facts: vec![
            Fact::new("Name", "north-gate-01"),
            Fact::new("UID", "NGATE01XK7").code(),
            Fact::new("Version", "4.2.11"),
            Fact::new("API key", "ends in 7f2c"),
        ],
        agent_state: Some(Tag::new(Tone::Ok, "Online")),
        older_here_href: "/capture.html".to_owned(),
        known: plate::plate(false).known,
        corrected: Some(corrected()),
        correct: Some(correct_form(correcting)),
        history: past.collect(),
        history_summary: "824 since 2 Mar 2026".to_owned(),
        history_href: "/search?q=8KXR417".to_owned(),
        history_older_href: "?past=2".to_owned(),
        ..CapturePage::default()
    }
}

pub(super) fn capture_bare() -> CapturePage {
    let main = capture_of(90_000, ("", ""), ("", "", ""), None, 0.0, Flags::LATE | Flags::NOTES);
    CapturePage {
        name: "Vehicle without plate".to_owned(),
        vehicle: VehicleView::of(&main.vehicle),
        camera: "Camera 12".to_owned(),
        time: at(90_000_000),
        tags: crate::web::views::read::tags(&main),
        capture_facts: vec![Fact::new("Captured", "13:32:11 PDT")],
        notes: vec![
            "The plate crop was not a JPEG and was left out.".to_owned(),
            "The agent's clock is 3 h behind.".to_owned(),
        ],
        ..CapturePage::default()
    }
}
