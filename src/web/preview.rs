//! Renders every page with sample data: rich, empty and hostile. With `PREVIEW_DIR` set the pages
//! and static files are written there, to be looked at:
//! `PREVIEW_DIR=/tmp/p cargo test --lib web::preview && python3 -m http.server -d /tmp/p`.

use jiff::tz::TimeZone;

use super::render::Renderer;
use super::views::shell::{Dot, Flash, Shell, ShellUser, StoreMeter, navigation};
use super::views::{Tone, error::ErrorPage};
use crate::base::clock::Timestamp;
use crate::model::user::Role;

mod samples;

/// Friday 21 August 2026, 14:32:11 in Los Angeles.
const NOW: Timestamp = Timestamp(1_787_347_931_000);
/// Text that breaks pages which forget to escape, to wrap or to isolate.
const HOSTILE: &str = "<script>alert(1)</script>\"'><img src=x onerror=alert(2)>\u{202e}txet🚗&amp;{{ 7*7 }}ThisIsOneVeryLongWordWithoutAnyBreakWhatsoeverInItAtAllForTesting";

/// The box itself over TLS, the only other origin a page may lead to.
const OWN_ADDRESS: &str = "https://192.0.2.10:8080/";

fn zone() -> TimeZone {
    TimeZone::get("America/Los_Angeles").unwrap()
}

fn shell(title: &str, active: &str) -> Shell {
    let dot = Dot { tone: Tone::Ok, title: "Receiving".to_owned() };
    Shell {
        title: title.to_owned(),
        active: active.to_owned(),
        box_name: "North Gate".to_owned(),
        csrf: "csrf-token".to_owned(),
        here: "/".to_owned(),
        user: Some(ShellUser::new("Mara Okafor", "mara", Role::Super)),
        nav: navigation(Role::Super, &[("webhook", dot)]),
        store: Some(StoreMeter { used: 38_200_000_000, total: 64_000_000_000 }),
        version: "0.1.0".to_owned(),
        ..Shell::default()
    }
}

fn anonymous(title: &str) -> Shell {
    Shell {
        title: title.to_owned(),
        box_name: "North Gate".to_owned(),
        csrf: "csrf-token".to_owned(),
        here: "/".to_owned(),
        ..Shell::default()
    }
}

fn hostile_shell(active: &str) -> Shell {
    Shell {
        box_name: HOSTILE.to_owned(),
        csrf: HOSTILE.to_owned(),
        here: HOSTILE.to_owned(),
        user: Some(ShellUser::new(HOSTILE, "x", Role::Admin)),
        flash: Some(Flash { tone: Tone::Warn, text: HOSTILE.to_owned() }),
        version: HOSTILE.to_owned(),
        ..shell(HOSTILE, active)
    }
}

/// Every sample page: file name, template, shell, rendered page.
#[expect(clippy::too_many_lines, reason = "it is a list")]
fn pages() -> Vec<(String, Shell, String)> {
    let renderer = Renderer::load().unwrap();
    let mut out = Vec::new();
    let mut add =
        |file: &str, template: &str, page: &dyn Fn(&Renderer, &Shell) -> String, shell: Shell| {
            let _ = template;
            let html = page(&renderer, &shell);
            out.push((file.to_owned(), shell, html));
        };
    macro_rules! page {
        ($file:expr, $template:expr, $page:expr, $shell:expr) => {{
            let page = $page;
            add(
                $file,
                $template,
                &|renderer, shell| {
                    renderer
                        .page($template, &page, shell)
                        .unwrap_or_else(|error| panic!("{}: {error}", $file))
                },
                $shell,
            );
        }};
    }
    page!("sign-in", "sign_in", samples::settings::sign_in(""), anonymous("Sign in"));
    page!("sign-in-wrong", "sign_in", samples::settings::sign_in("mara"), anonymous("Sign in"));
    page!("sign-in-code", "sign_in_code", samples::factor::code(false), anonymous("Code"));
    page!("sign-in-code-wrong", "sign_in_code", samples::factor::code(true), anonymous("Code"));
    let frame = || shell("Second factor", "profile");
    page!("factor-off", "second_factor", samples::factor::off(), frame());
    page!("factor-new", "second_factor", samples::factor::enrolling(), frame());
    page!("factor-codes", "second_factor", samples::factor::codes(), frame());
    page!("factor-on", "second_factor", samples::factor::on(), frame());
    page!("hostile-factor", "second_factor", samples::factor::hostile(), hostile_shell("profile"));
    page!("setup-1", "setup_account", samples::settings::setup_account(), anonymous("Set up"));
    page!("setup-2", "setup_place", samples::settings::setup_place(), anonymous("Set up"));
    page!(
        "setup-3",
        "setup_key",
        samples::settings::setup_key("oal_4Kt9wQ2ZrVh7XbN1dG8s"),
        anonymous("Set up")
    );
    page!("setup-3-again", "setup_key", samples::settings::setup_key(""), anonymous("Set up"));
    page!("setup-4", "setup_wait", samples::settings::setup_wait(false), anonymous("Set up"));
    page!("setup-4-ok", "setup_wait", samples::settings::setup_wait(true), anonymous("Set up"));
    page!("dashboard", "dashboard", samples::dashboard(), shell("Dashboard", "dashboard"));
    page!(
        "dashboard-empty",
        "dashboard",
        samples::dashboard_empty(),
        shell("Dashboard", "dashboard")
    );
    page!("live", "live", samples::live(true), shell("Live", "live"));
    page!("live-empty", "live", samples::live(false), shell("Live", "live"));
    page!("wall", "wall", samples::live(true), shell("Live wall", "live"));
    page!("wall-empty", "wall", samples::live(false), shell("Live wall", "live"));
    page!("hostile-live", "live", samples::hostile::live(), hostile_shell("live"));
    page!("hostile-wall", "wall", samples::hostile::live(), hostile_shell("live"));
    page!("search", "search", samples::search::search(false), shell("Search", "search"));
    page!("search-grid", "search", samples::search::search(true), shell("Search", "search"));
    page!("search-bad", "search", samples::search::search_bad(), shell("Search", "search"));
    page!("search-none", "search", samples::search::search_none(false), shell("Search", "search"));
    page!("search-empty", "search", samples::search::search_none(true), shell("Search", "search"));
    page!(
        "searches",
        "searches",
        samples::search::searches(false),
        shell("Saved searches", "search")
    );
    page!(
        "searches-bad",
        "searches",
        samples::search::searches(true),
        shell("Saved searches", "search")
    );
    page!(
        "searches-empty",
        "searches",
        super::views::searches::Searches::default(),
        shell("Saved searches", "search")
    );
    page!("capture", "capture", samples::capture(false), shell("8KXR417", "search"));
    page!("capture-correct", "capture", samples::capture(true), shell("8KXR417", "search"));
    page!("capture-bare", "capture", samples::capture_bare(), shell("Vehicle", "search"));
    page!("plate", "plate", samples::plate::plate(false), shell("8KXR417", "plates"));
    page!("plate-edit", "plate", samples::plate::plate(true), shell("8KXR417", "plates"));
    page!("plate-unread", "plate", samples::plate::plate_unread(), shell("NEW1", "plates"));
    page!("plates", "plates", samples::plate::plates(), shell("Known plates", "plates"));
    page!("plates-empty", "plates", samples::plate::plates_empty(), shell("Plates", "plates"));
    page!("webhook", "webhook", samples::settings::webhook(), shell("Webhook", "webhook"));
    page!(
        "webhook-empty",
        "webhook",
        samples::settings::webhook_empty(),
        shell("Webhook", "webhook")
    );
    page!("trust", "trust", samples::certificate::trust(false), anonymous("Trust this box"));
    page!("trust-own", "trust", samples::certificate::trust(true), anonymous("Trust this box"));
    let frame = || shell("Certificate", "certificate");
    page!("certificate", "certificate", samples::certificate::certificate(), frame());
    page!("certificate-own", "certificate", samples::certificate::brought(), frame());
    page!("profile", "profile", samples::settings::profile(""), shell("Profile", "profile"));
    page!(
        "profile-key",
        "profile",
        samples::settings::profile("oal_9Zt2mB"),
        shell("Profile", "profile")
    );
    for status in [400, 403, 404, 405, 413, 429, 500, 503] {
        page!(
            &format!("error-{status}"),
            "error",
            ErrorPage::new(status, "req-7f3a9c"),
            anonymous("Error")
        );
    }
    page!(
        "hostile-dashboard",
        "dashboard",
        samples::hostile::dashboard(),
        hostile_shell("dashboard")
    );
    page!("hostile-search", "search", samples::hostile::search(false), hostile_shell("search"));
    page!("hostile-grid", "search", samples::hostile::search(true), hostile_shell("search"));
    page!("hostile-searches", "searches", samples::hostile::searches(), hostile_shell("search"));
    page!("hostile-capture", "capture", samples::hostile::capture(), hostile_shell("search"));
    page!("hostile-plate", "plate", samples::plate::hostile_plate(), hostile_shell("plates"));
    page!("hostile-plates", "plates", samples::plate::hostile_plates(), hostile_shell("plates"));
    page!(
        "hostile-certificate",
        "certificate",
        samples::certificate::hostile(),
        hostile_shell("certificate")
    );
    page!("hostile-webhook", "webhook", samples::hostile::webhook(), hostile_shell("webhook"));
    page!("hostile-profile", "profile", samples::hostile::profile(), hostile_shell("profile"));
    page!("hostile-sign-in", "sign_in", samples::hostile::sign_in(), hostile_shell(""));
    page!("hostile-setup-1", "setup_account", samples::hostile::setup_account(), hostile_shell(""));
    page!("hostile-setup-4", "setup_wait", samples::hostile::setup_wait(), hostile_shell(""));
    out
}

#[test]
fn every_page_renders_and_obeys_the_policy() {
    let pages = pages();
    for (name, _, html) in &pages {
        let lower = html.to_lowercase().replace(OWN_ADDRESS, "/");
        for banned in [" style=", "<style", "javascript:", "=\"http://", "=\"https://"] {
            assert!(!lower.contains(banned), "{name}: {banned}");
        }
        let inline = lower.match_indices("<script").any(|(at, _)| {
            !lower
                .get(at..)
                .is_some_and(|rest| rest.starts_with("<script type=\"module\" src=\"/static/"))
        });
        assert!(!inline, "{name}: inline script");
        assert_eq!(html.matches("<h1").count(), 1, "{name}: one h1");
        assert_eq!(html.matches("<form").count(), html.matches("</form").count(), "{name}");
        for form in html.split("<form").skip(1) {
            let form = form.split("</form").next().unwrap();
            let post = form.split('>').next().unwrap().contains("method=\"post\"");
            assert_eq!(post, form.contains("name=\"csrf\""), "{name}: csrf in {form}");
        }
        let ids: Vec<&str> =
            html.split(" id=\"").skip(1).filter_map(|rest| rest.split('"').next()).collect();
        let mut unique = ids.clone();
        unique.sort_unstable();
        unique.dedup();
        assert_eq!(unique.len(), ids.len(), "{name}: ids {ids:?}");
        assert!(!lower.contains("please") && !lower.contains("oops"), "{name}: tone");
    }
}

#[test]
fn hostile_text_is_only_ever_text() {
    for (name, _, html) in pages().iter().filter(|(name, _, _)| name.starts_with("hostile")) {
        for banned in
            ["<script>", "<img src=x", "alert(1)</", "\"'>", ">49", "=\"javascript", "\u{202e}"]
        {
            assert!(!html.contains(banned), "{name}: {banned}");
        }
        assert!(html.contains("&lt;script&gt;"), "{name}: the text is there, escaped");
    }
}

#[test]
fn first_page_fits_its_budget() {
    use std::io::Write as _;
    for (name, _, html) in pages() {
        let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
        gzip.write_all(html.as_bytes()).unwrap();
        let size = gzip.finish().unwrap().len();
        assert!(size <= 20 * 1024, "{name}: {size} bytes compressed");
    }
}

#[test]
fn write_preview() {
    let Ok(folder) = std::env::var("PREVIEW_DIR") else { return };
    let folder = std::path::PathBuf::from(folder);
    std::fs::create_dir_all(&folder).unwrap();
    let renderer = Renderer::load().unwrap();
    let assets = renderer.assets();
    for name in assets.names() {
        let asset = assets.named(name).unwrap();
        let target = folder.join(asset.url.trim_start_matches('/'));
        std::fs::create_dir_all(target.parent().unwrap()).unwrap();
        std::fs::write(target, &asset.bytes).unwrap();
    }
    for (name, _, html) in pages() {
        let dark = html.replacen("<html lang=\"en\"", "<html lang=\"en\" data-theme=\"dark\"", 1);
        std::fs::write(folder.join(format!("{name}.html")), html).unwrap();
        std::fs::write(folder.join(format!("{name}-dark.html")), dark).unwrap();
    }
    std::fs::write(folder.join("crop.svg"), samples::CROP).unwrap();
    std::fs::write(folder.join("scene.svg"), samples::SCENE).unwrap();
}
