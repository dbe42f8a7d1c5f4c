//! Sample pages of accounts and settings. All data is invented.

use super::at;
use crate::web::views::profile::{KeyRow, Profile, ScopeChoice, SessionRow};
use crate::web::views::setup::{SetupAccount, SetupKey, SetupPlace, SetupStatus, SetupWait, zones};
use crate::web::views::sign_in::SignIn;
use crate::web::views::users::UserForm;
use crate::web::views::webhook::{AgentRow, CameraRow, Count, Tally, WebhookPage, levels};
use crate::web::views::{Choice, FieldError, Tag, Tone};

pub(in crate::web::preview) fn sign_in(username: &str) -> SignIn {
    let wrong = !username.is_empty();
    SignIn {
        username: username.to_owned(),
        next: "/search".to_owned(),
        errors: if wrong {
            vec![FieldError::new("", "User name and password do not match.")]
        } else {
            Vec::new()
        },
    }
}

pub(in crate::web::preview) fn setup_account() -> SetupAccount {
    SetupAccount {
        code_required: true,
        username: "mara".to_owned(),
        errors: vec![FieldError::new("password", "Use at least 12 characters.")],
        ..SetupAccount::default()
    }
}

pub(in crate::web::preview) fn setup_place() -> SetupPlace {
    SetupPlace {
        box_name: "North Gate".to_owned(),
        zones: zones("America/Los_Angeles"),
        now: at(0),
        errors: Vec::new(),
    }
}

pub(in crate::web::preview) fn setup_key(key: &str) -> SetupKey {
    SetupKey {
        key: key.to_owned(),
        last_four: "dG8s".to_owned(),
        address: "http://192.0.2.10:8080/api/webhook".to_owned(),
    }
}

pub(in crate::web::preview) fn setup_wait(received: bool) -> SetupWait {
    SetupWait {
        status: SetupStatus {
            key_accepted: true,
            received,
            message: if received {
                "A read of 8KXR417 arrived from 192.0.2.14.".to_owned()
            } else {
                "The address was opened 12 seconds ago from 192.0.2.14 and the key was right."
                    .to_owned()
            },
            href: if received { "/captures/1".to_owned() } else { String::new() },
            plate: if received { "8KXR417".to_owned() } else { String::new() },
        },
        address: "http://192.0.2.10:8080/api/webhook".to_owned(),
        base: "http://192.0.2.10:8080".to_owned(),
        port: 8080,
        last_four: "dG8s".to_owned(),
    }
}

pub(in crate::web::preview) fn webhook() -> WebhookPage {
    let tally = |kind: &str, code: &str, tone, outcome: &str, count| Tally {
        kind: kind.to_owned(),
        code: code.to_owned(),
        outcome: Tag::new(tone, outcome),
        count,
        last: Some(at(4000)),
    };
    WebhookPage {
        levels: levels("admins"),
        address: "http://192.0.2.10:8080/api/webhook".to_owned(),
        last_four: "dG8s".to_owned(),
        tallies: vec![
            tally("Plate groups", "alpr_group", Tone::Ok, "Stored", 1_284_551),
            tally("Plate groups", "alpr_group", Tone::Off, "Known already", 2_118),
            tally("Vehicles", "vehicle", Tone::Ok, "Stored", 20_114),
            tally("Alerts", "alpr_alert", Tone::Ok, "Stored", 37),
            tally("Any", "—", Tone::Warn, "Refused: wrong key", 3),
        ],
        unknown: vec![Count { name: "alpr_magic".to_owned(), count: 7 }],
        since: "since 2 Mar 2026".to_owned(),
        agents: vec![
            AgentRow {
                name: "north-gate-01".to_owned(),
                uid: "NGATE01XK7".to_owned(),
                version: "4.2.11".to_owned(),
                address: "192.0.2.14".to_owned(),
                tone: Tone::Ok,
                last_seen: at(4000),
            },
            AgentRow {
                name: "DOCK77".to_owned(),
                uid: "DOCK77".to_owned(),
                tone: Tone::Warn,
                last_seen: at(9_000_000),
                ..AgentRow::default()
            },
        ],
        cameras: vec![
            CameraRow {
                name: "Gate in".to_owned(),
                camera_id: 1_421_870_055,
                agent: "north-gate-01".to_owned(),
                href: "/search".to_owned(),
                tone: Tone::Ok,
                last_seen: at(4000),
            },
            CameraRow {
                name: "Camera 12".to_owned(),
                camera_id: 12,
                agent: "DOCK77".to_owned(),
                tone: Tone::Off,
                last_seen: at(190_000_000),
                ..CameraRow::default()
            },
        ],
        ..WebhookPage::default()
    }
}

pub(in crate::web::preview) fn webhook_empty() -> WebhookPage {
    WebhookPage {
        levels: levels("disabled"),
        address: "http://192.0.2.10:8080/api/webhook".to_owned(),
        public_url: "ftp://x".to_owned(),
        errors: vec![FieldError::new(
            "public_url",
            "Use an http:// or https:// address without a path.",
        )],
        ..WebhookPage::default()
    }
}

/// Keys as they occur: in use, never used, with a name that knows no end.
pub(in crate::web::preview) fn api_keys() -> Vec<KeyRow> {
    let row = |id: &str, name: &str, scopes: &[&'static str], used| KeyRow {
        id: id.to_owned(),
        name: name.to_owned(),
        scopes: scopes.to_vec(),
        last_four: "dG8s".to_owned(),
        made: at(190_000_000),
        used,
    };
    vec![
        row("1", "Rekor Scout", &["post"], Some(at(4000))),
        row(
            "2",
            "Nightly-export-to-the-archive-of-the-town",
            &["read", "export"],
            Some(at(90_000_000)),
        ),
        row("3", "API key", &["post", "read", "export", "write"], None),
    ]
}

pub(in crate::web::preview) fn profile(new_key: &str) -> Profile {
    let mut choices = vec![Choice::new("", "As the box (Los Angeles)", true)];
    choices.extend(zones("x").into_iter().map(|it| Choice { selected: false, ..it }));
    Profile {
        form: UserForm {
            username: "mara".to_owned(),
            name: "Mara Okafor".to_owned(),
            email: "mara@example.test".to_owned(),
            phone: "+13015550123".to_owned(),
            ..UserForm::default()
        },
        role: "Owner".to_owned(),
        initials: "MO".to_owned(),
        zones: choices,
        new_key: new_key.to_owned(),
        new_key_name: "Rekor Scout".to_owned(),
        new_key_posts: true,
        keys: api_keys(),
        scopes: vec![
            ScopeChoice {
                name: "post",
                hint: "Send reads: all that Rekor Scout and agents need.",
                checked: false,
            },
            ScopeChoice {
                name: "read",
                hint: "Look at reads, images, plates and counts.",
                checked: true,
            },
        ],
        address: "http://192.0.2.10:8080/api/webhook".to_owned(),
        password_min: 12,
        sessions: vec![
            SessionRow {
                id: "1".to_owned(),
                current: true,
                browser: "Firefox on Linux".to_owned(),
                address: "192.0.2.51".to_owned(),
                since: at(8_000_000),
                last_used: at(0),
            },
            SessionRow {
                id: "2".to_owned(),
                current: false,
                browser: "Safari on iPhone".to_owned(),
                address: "2001:db8::7".to_owned(),
                since: at(80_000_000),
                last_used: at(1_900_000),
            },
        ],
        ..Profile::default()
    }
}
