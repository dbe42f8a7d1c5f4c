//! The same pages with every text replaced by one that attacks the page.

use super::super::HOSTILE;
use super::{at, capture_of};
use crate::web::views::alerts::AlertRow;
use crate::web::views::capture::{Candidate, CapturePage, Fact};
use crate::web::views::dashboard::{Dashboard, Outcome, Receiving, Tile};
use crate::web::views::live::LivePage;
use crate::web::views::profile::{Profile, SessionRow};
use crate::web::views::read::{PlateBadge, ReadRow, VehicleView};
use crate::web::views::search::{Chip, QueryError, SaveForm, SavedLink, Search};
use crate::web::views::searches::Searches;
use crate::web::views::setup::{SetupAccount, SetupStatus, SetupWait};
use crate::web::views::sign_in::SignIn;
use crate::web::views::users::UserForm;
use crate::web::views::webhook::{AgentRow, CameraRow, Count, Tally, WebhookPage};
use crate::web::views::{Choice, FieldError, Link, RankRow, Tag, Tone};

fn bad() -> String {
    HOSTILE.to_owned()
}

pub(super) fn rows() -> Vec<ReadRow> {
    let mut capture = capture_of(
        9,
        ("X", HOSTILE),
        (HOSTILE, HOSTILE, HOSTILE),
        Some(f32::NAN),
        f32::NAN,
        u16::MAX,
    );
    capture.plate_text = bad();
    capture.country = bad();
    let mut row = super::row(&capture, HOSTILE);
    row.place = bad();
    row.crop = bad();
    row.picture = bad();
    row.href = bad();
    row.vehicle.swatch = bad();
    vec![row]
}

pub(in crate::web::preview) fn dashboard() -> Dashboard {
    let rank = || vec![RankRow { label: bad(), href: bad(), value: u64::MAX }; 12];
    Dashboard {
        status: Receiving { tone: Tone::Bad, text: bad(), exact: bad() },
        zone: bad(),
        tiles: vec![Tile {
            label: bad(),
            value: bad(),
            notes: vec![bad()],
            series: vec![0, u64::MAX],
            unit: HOSTILE,
            ..Tile::default()
        }],
        reads: rows(),
        position: bad(),
        rekor: vec![AlertRow {
            href: bad(),
            list: bad(),
            description: bad(),
            kind: Tag::new(Tone::Bad, bad()),
            ..AlertRow::default()
        }],
        hours: vec![u64::MAX; 30],
        usual: vec![u64::MAX; 30],
        weekday: HOSTILE,
        hour_now: usize::MAX,
        week: vec![vec![u64::MAX; 30]; 9],
        week_peak: bad(),
        regions_month: bad(),
        states: vec![bad(), "us-ca".into()],
        state_counts: vec![u64::MAX, u64::MAX],
        regions: rank(),
        cameras: rank(),
        webhook_since: bad(),
        webhook: vec![Outcome {
            tone: Tone::Bad,
            label: bad(),
            count: u64::MAX,
            link: Some(Link::new(bad(), bad())),
        }],
        ..Dashboard::default()
    }
}

pub(in crate::web::preview) fn live() -> LivePage {
    LivePage {
        here: bad(),
        other: bad(),
        path: "/live",
        rows: rows(),
        position: bad(),
        camera: bad(),
        cameras: vec![Choice::new(bad(), bad(), true)],
        zone: bad(),
        zone_name: bad(),
    }
}

pub(in crate::web::preview) fn search(grid: bool) -> Search {
    let mut search = super::search::search(grid);
    search.query = bad();
    search.chips = vec![Chip { label: bad(), value: bad(), not: true, remove_href: bad() }];
    search.clear_href = bad();
    search.saved = vec![SavedLink { name: bad(), href: bad(), current: true }];
    search.save = Some(SaveForm { name: bad(), scope: "plates", query: bad() });
    search.error = Some(QueryError {
        before: bad(),
        token: bad(),
        after: bad(),
        message: bad(),
        suggestion: Some(Link::new(bad(), bad())),
    });
    for field in &mut search.fields {
        field.value = bad();
        field.label = bad();
        field.placeholder = bad();
        field.hint = bad();
        field.time = bad();
        field.options = vec![Choice::new(bad(), bad(), true)];
    }
    if let Some(results) = &mut search.results {
        results.rows = rows();
        results.total = bad();
        results.range = bad();
        results.older_href = bad();
    }
    search
}

pub(in crate::web::preview) fn searches() -> Searches {
    let mut page = super::search::searches(true);
    for row in &mut page.searches {
        row.name = bad();
        row.text = bad();
        row.href = bad();
    }
    page.errors = vec![FieldError::new("name-1", bad())];
    page
}

pub(in crate::web::preview) fn capture() -> CapturePage {
    let fact = || {
        vec![
            Fact::new(bad(), bad()).aside(bad()).link(bad()).swatch(bad()),
            Fact::new(bad(), bad()).code(),
        ]
    };
    let mut page = super::capture(true);
    let badge = PlateBadge::new(HOSTILE, HOSTILE, HOSTILE, true, true);
    page.plate = Some(badge.clone());
    page.name = bad();
    page.vehicle =
        VehicleView { title: bad(), rest: bad(), brief: bad(), phrase: bad(), swatch: bad() };
    page.camera = bad();
    page.tags = vec![Tag::new(Tone::Bad, bad())];
    page.plate_facts = fact();
    page.vehicle_facts = fact();
    page.capture_facts = fact();
    page.camera_facts = fact();
    page.agent_facts = fact();
    page.agent_state = Some(Tag::new(Tone::Warn, "Silent"));
    page.candidates =
        vec![Candidate { plate: badge, confidence: bad(), search: Link::new(bad(), bad()) }];
    page.notes = vec![bad(), bad()];
    page.history = rows();
    page.history_summary = bad();
    page.known.name = bad();
    page.known.tags = vec![Link::new(bad(), bad())];
    if let Some(corrected) = &mut page.corrected {
        corrected.original = Some(PlateBadge::new(HOSTILE, HOSTILE, HOSTILE, true, true));
        for step in &mut corrected.steps {
            step.by = bad();
        }
    }
    if let Some(form) = &mut page.correct {
        form.action = bad();
        form.plate = bad();
        form.regions = vec![Choice::new(bad(), bad(), true)];
        form.errors = vec![FieldError::new("plate", bad())];
    }
    page.raw_href = bad();
    if let Some(viewer) = &mut page.viewer {
        viewer.alt = bad();
        if let Some(outlines) = &mut viewer.outlines {
            outlines.label = bad();
        }
    }
    page
}

pub(in crate::web::preview) fn webhook() -> WebhookPage {
    let mut page = super::settings::webhook();
    page.address = bad();
    page.public_url = bad();
    page.last_four = bad();
    page.tallies = vec![Tally {
        kind: bad(),
        code: bad(),
        outcome: Tag::new(Tone::Bad, bad()),
        count: u64::MAX,
        last: Some(at(5)),
    }];
    page.unknown = vec![Count { name: bad(), count: u64::MAX }];
    page.agents = vec![AgentRow {
        name: bad(),
        uid: bad(),
        version: bad(),
        address: bad(),
        tone: Tone::Bad,
        last_seen: at(5),
    }];
    page.cameras = vec![CameraRow {
        name: bad(),
        camera_id: i64::MIN,
        agent: bad(),
        href: bad(),
        tone: Tone::Bad,
        last_seen: at(5),
    }];
    page.errors = vec![FieldError::new("public_url", bad())];
    page
}

pub(in crate::web::preview) fn profile() -> Profile {
    let mut page = super::settings::profile(HOSTILE);
    page.form = UserForm {
        username: bad(),
        name: bad(),
        email: bad(),
        organisation: bad(),
        phone: bad(),
        website: bad(),
        address: bad(),
        zip: bad(),
        roles: Vec::new(),
    };
    page.initials = bad();
    page.avatar = bad();
    page.role = bad();
    page.new_key_name = bad();
    page.key_name = bad();
    for row in &mut page.keys {
        row.name = bad();
        row.last_four = bad();
    }
    page.errors = vec![FieldError::new("name", bad())];
    page.sessions = vec![
        SessionRow {
            id: bad(),
            current: false,
            browser: bad(),
            address: bad(),
            since: at(5),
            last_used: at(5)
        };
        2
    ];
    page
}

pub(in crate::web::preview) fn sign_in() -> SignIn {
    SignIn { username: bad(), next: bad(), errors: vec![FieldError::new("", bad())] }
}

pub(in crate::web::preview) fn setup_account() -> SetupAccount {
    SetupAccount {
        code_required: true,
        code: bad(),
        username: bad(),
        name: bad(),
        email: bad(),
        errors: vec![FieldError::new("code", bad())],
        ..SetupAccount::default()
    }
}

pub(in crate::web::preview) fn setup_wait() -> SetupWait {
    SetupWait {
        status: SetupStatus {
            key_accepted: false,
            received: true,
            message: bad(),
            href: bad(),
            plate: bad(),
        },
        address: bad(),
        base: bad(),
        port: 80,
        last_four: bad(),
    }
}
