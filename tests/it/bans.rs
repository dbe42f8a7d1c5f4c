//! Bans of a whole box: behind a proxy, over a restart, beyond a day, by hand; reports and lists.

use std::net::{IpAddr, Ipv4Addr};

use openalpr_webhook::domain::nuisance;
use openalpr_webhook::model::user::Role;

use crate::fakes::abuseipdb::{FakeAbuseIpdb, Mood};
use crate::harness::binary::{PASSWORD, run};
use crate::harness::client::Client;
use crate::harness::payload::group;
use crate::harness::{Harness, SIGN_IN, WEBHOOK, routes};

const PAGE: &str = "/settings/bans";
const DAY_MS: i64 = 86_400_000;

/// A box that believes the proxy at 127.0.0.1, so that a client can be anybody.
fn behind_a_proxy(harness: &Harness) {
    harness.owner().submit(PAGE, PAGE, &[("trusted_proxies", "127.0.0.1")]).expect(303);
}

fn from(harness: &Harness, address: &str) -> Client {
    let mut client = harness.anonymous();
    client.headers.push(("X-Forwarded-For".to_owned(), address.to_owned()));
    client
}

/// The status `client` gets, also when the connection is closed at once.
fn status(client: &mut Client, path: &str) -> u16 {
    client.request("GET", path, &[], b"").map_or(0, |answer| answer.status)
}

#[test]
fn what_an_offence_counts_is_a_setting() {
    let harness = Harness::start();
    behind_a_proxy(&harness);
    let weights = [("weight_not_found", "0"), ("weight_nuisance", "10"), ("weight_key", "20")];
    harness.owner().submit(PAGE, PAGE, &weights).expect(303);
    let mut lost = from(&harness, "203.0.113.8");
    for n in 0..40 {
        assert_eq!(status(&mut lost, &format!("/nothing/{n}")), 404);
    }
    let mut scanner = from(&harness, "203.0.113.7");
    let tries = [0, 1, 2].map(|n| status(&mut scanner, &format!("/{n}.php")));
    assert_eq!(tries, [404, 404, 403], "two of ten points are twenty");
    let mut guesser = from(&harness, "203.0.113.9");
    guesser.headers.push(("X-Api-Key".to_owned(), "oal_nothing".to_owned()));
    assert_eq!(status(&mut guesser, "/api/v1/captures"), 401);
    assert_eq!(status(&mut guesser, SIGN_IN), 403);
    for bad in ["-1", "1001", "many", ""] {
        let answer = harness.owner().submit(PAGE, PAGE, &[("weight_sign_in", bad)]).expect(422);
        assert!(answer.text().contains("from 0 to 1000"), "{bad}");
    }
}

#[test]
fn strangers_who_look_for_holes_are_shut_out() {
    let harness = Harness::start();
    behind_a_proxy(&harness);
    let mut scanner = from(&harness, "203.0.113.7");
    assert_eq!(status(&mut scanner, "/wp-login.php"), 404);
    assert_eq!(status(&mut scanner, SIGN_IN), 403);
    let mut lost = from(&harness, "203.0.113.8");
    let tries: Vec<u16> = (0..22).map(|n| status(&mut lost, &format!("/nothing/{n}"))).collect();
    assert_eq!(tries.iter().filter(|it| **it == 404).count(), 20, "{tries:?}");
    // What browsers ask for by themselves is nobody's fault.
    let mut browser = from(&harness, "203.0.113.9");
    for n in 0..40 {
        assert_eq!(status(&mut browser, &format!("/static/old/{n}.css")), 404);
    }
    assert_eq!(status(&mut browser, SIGN_IN), 200);
    // Nor is the network at home.
    let mut phone = from(&harness, "192.168.1.9");
    for n in 0..40 {
        assert_eq!(status(&mut phone, &format!("/phpmyadmin/{n}.php")), 404);
    }
    let page = harness.owner().get(PAGE).expect(200).text();
    assert!(page.contains("203.0.113.7") && page.contains("203.0.113.8"), "{page}");
    assert!(!page.contains("203.0.113.9") && !page.contains("192.168.1.9"));
    harness.owner().submit(PAGE, "/settings/bans/lift", &[("network", "203.0.113.7")]).expect(303);
    assert_eq!(status(&mut from(&harness, "203.0.113.7"), SIGN_IN), 200);
    let audit = harness.owner_api().get("/api/v1/audit?action=ban").expect(200).json();
    let objects: Vec<&str> =
        audit["data"].as_array().unwrap().iter().filter_map(|it| it["object"].as_str()).collect();
    assert_eq!(objects, ["203.0.113.8", "203.0.113.7"]);
}

#[test]
fn a_header_of_strangers_counts_for_nothing() {
    let harness = Harness::start();
    let mut liar = from(&harness, "203.0.113.7");
    for _ in 0..3 {
        assert_eq!(status(&mut liar, "/.env"), 404);
    }
    assert_eq!(status(&mut liar, SIGN_IN), 200, "the box itself is never banned");
    behind_a_proxy(&harness);
    // 127.0.0.2 is no trusted proxy: neither can it ban others nor hide.
    let other = IpAddr::V4(Ipv4Addr::new(127, 0, 0, 2));
    let mut forger = Client::from_address(harness.address, other);
    forger.headers.push(("X-Forwarded-For".to_owned(), "203.0.113.50".to_owned()));
    for _ in 0..3 {
        assert_eq!(status(&mut forger, "/.env"), 404);
    }
    assert_eq!(status(&mut from(&harness, "203.0.113.50"), SIGN_IN), 200);
    // Of several addresses the one nearest to us counts.
    let mut chained = from(&harness, "198.51.100.1, 203.0.113.60");
    assert_eq!(status(&mut chained, "/.env"), 404);
    assert_eq!(status(&mut from(&harness, "203.0.113.60"), SIGN_IN), 403);
    assert_eq!(status(&mut from(&harness, "198.51.100.1"), SIGN_IN), 200);
}

#[test]
fn guessing_is_shut_out_and_the_owner_is_not() {
    let harness = Harness::start();
    behind_a_proxy(&harness);
    let mut guesser = from(&harness, "203.0.113.7");
    let mut last = 0;
    for n in 0..40 {
        harness.clock.advance_ms(40_000);
        last = guesser
            .post_form(SIGN_IN, &[("username", "owner"), ("password", &format!("guess {n}"))])
            .status;
        if last == 403 {
            break;
        }
    }
    assert_eq!(last, 403, "never banned");
    let mut owner = from(&harness, "198.51.100.4");
    harness.sign_in(&mut owner, "owner", PASSWORD).expect(303);
    // Whoever guesses beside a signed-in administrator is slowed down, not banned.
    let mut child = from(&harness, "198.51.100.4");
    for n in 0..40 {
        harness.clock.advance_ms(40_000);
        child.post_form(SIGN_IN, &[("username", "owner"), ("password", &format!("no {n}"))]);
    }
    owner.get("/").expect(200);
}

#[test]
fn posts_of_agents_always_come_through() {
    let harness = Harness::start();
    behind_a_proxy(&harness);
    let post = |client: &mut Client, key: &str, number: u64| {
        let body = group(number).to_string();
        let headers = [("X-Api-Key", key), ("Content-Type", "application/json")];
        let answer = client.request("POST", WEBHOOK, &headers, body.as_bytes());
        answer.map_or(0, |answer| answer.status)
    };
    let mut agent = from(&harness, "203.0.113.7");
    assert_eq!(post(&mut agent, &harness.key, 1), 200);
    for _ in 0..40 {
        assert_eq!(post(&mut agent, "oal_an_old_key_of_the_agent", 2), 403);
    }
    let mut neighbour = from(&harness, "203.0.113.7");
    for n in 0..40 {
        harness.clock.advance_ms(40_000);
        neighbour.post_form(SIGN_IN, &[("username", "x"), ("password", &n.to_string())]);
    }
    assert_eq!(status(&mut from(&harness, "203.0.113.7"), SIGN_IN), 403);
    assert_eq!(post(&mut from(&harness, "203.0.113.7"), &harness.key, 3), 200);
    // A stranger with wrong keys is no agent.
    let mut stranger = from(&harness, "203.0.113.8");
    let answers: Vec<u16> = (0..11).map(|n| post(&mut stranger, "oal_guess", n)).collect();
    assert_eq!(answers.last(), Some(&403));
    assert_eq!(status(&mut from(&harness, "203.0.113.8"), SIGN_IN), 403);
}

#[test]
fn bans_hold_over_restarts_and_beyond_a_day() {
    let mut harness = Harness::start();
    behind_a_proxy(&harness);
    assert_eq!(status(&mut from(&harness, "203.0.113.7"), "/.git/config"), 404);
    harness
        .owner()
        .submit(
            PAGE,
            "/settings/bans/add",
            &[("network", "2001:db8::/32"), ("reason", "<b>rude</b>"), ("seconds", "0")],
        )
        .expect(303);
    for (after_ms, first, second) in
        [(0, 403, 403), (DAY_MS - 1000, 403, 403), (1000, 200, 403), (400 * DAY_MS, 200, 403)]
    {
        harness.clock.advance_ms(after_ms);
        harness.restart();
        assert_eq!(status(&mut from(&harness, "203.0.113.7"), SIGN_IN), first, "{after_ms}");
        assert_eq!(status(&mut from(&harness, "2001:db8:1::7"), SIGN_IN), second, "{after_ms}");
    }
    let page = harness.owner().get(PAGE).expect(200).text();
    assert!(page.contains("&lt;b&gt;rude&lt;/b&gt;") && page.contains("For good"), "{page}");
    // The way back in for who shut out everybody: the console.
    harness.stop();
    let data = harness.directory().to_str().unwrap().to_owned();
    let output = run(&["unban", "2001:db8::/32", "--data", &data], "");
    assert!(output.status.success(), "{output:?}");
    assert!(!run(&["unban", "192.0.2.1", "--data", &data], "").status.success());
    harness.restart();
    assert_eq!(status(&mut from(&harness, "2001:db8:1::7"), SIGN_IN), 200);
}

#[test]
fn nobody_shuts_himself_out_by_accident() {
    let harness = Harness::with_accounts(&["anna"]);
    harness.set_role("anna", Role::Admin);
    behind_a_proxy(&harness);
    let mut anna = from(&harness, "203.0.113.7");
    harness.sign_in(&mut anna, "anna", PASSWORD).expect(303);
    let action = "/settings/bans/add";
    let page = anna.submit(PAGE, action, &[("network", "203.0.113.0/24")]).expect(422).text();
    assert!(page.contains("you would be shut out yourself"), "{page}");
    for bad in ["", "x", "127.0.0.1", "0.0.0.0/0", "203.0.113.7/24"] {
        anna.submit(PAGE, action, &[("network", bad)]).expect(422);
    }
    anna.get(PAGE).expect(200);
    anna.submit(PAGE, action, &[("network", "203.0.113.0/24"), ("confirm", "1")]).expect(303);
    assert_eq!(status(&mut anna, PAGE), 403);
    for (field, text) in [("ban_count", "many"), ("allow", "router"), ("trusted_proxies", "::/0")] {
        let page = harness.owner().submit(PAGE, PAGE, &[(field, text)]).expect(422).text();
        assert!(page.contains(&format!("e-{field}")), "{field}: {page}");
    }
}

#[test]
fn no_page_of_the_box_looks_like_a_scan() {
    for (method, path, _) in routes() {
        let path = path.replace("{key}", "0000000000000001").replace(['{', '}'], "");
        assert!(!nuisance::is_nuisance(&path), "{method} {path}");
    }
}

/// A box with the fake service and its key.
fn with_service(harness: &Harness, fake: &FakeAbuseIpdb, switches: &[(&str, &str)]) {
    behind_a_proxy(harness);
    let url = fake.url();
    let mut fields = vec![("base_url", url.as_str()), ("key", "0123456789abcdefSECRET")];
    fields.extend(switches);
    harness.owner().submit(PAGE, "/settings/bans/abuseipdb", &fields).expect(303);
}

#[test]
fn bans_of_public_addresses_are_reported_once() {
    let (harness, fake) = (Harness::start(), FakeAbuseIpdb::start());
    with_service(&harness, &fake, &[("report", "1")]);
    status(&mut from(&harness, "1.2.3.4"), "/wp-admin/?user=secret");
    let report = fake.wait("POST /api/v2/report", 1).remove(0);
    assert_eq!(report.key, "0123456789abcdefSECRET");
    assert_eq!(report.body, "ip=1.2.3.4&categories=21&comment=openalpr-webhook%3A+scanner");
    let again = |harness: &Harness| {
        harness.owner().submit(PAGE, "/settings/bans/lift", &[("network", "1.2.3.4")]).expect(303);
        status(&mut from(harness, "1.2.3.4"), "/wp-admin/");
    };
    again(&harness);
    harness.clock.advance_ms(15 * 60 * 1000);
    again(&harness);
    fake.wait("report", 2);
    // Addresses that nobody on the internet has are not told.
    status(&mut from(&harness, "203.0.113.7"), "/wp-admin/");
    fake.behave(Mood::Repeat);
    status(&mut from(&harness, "1.2.3.5"), "/wp-admin/");
    fake.wait("report", 3);
    fake.behave(Mood::Spent);
    status(&mut from(&harness, "1.2.3.6"), "/wp-admin/");
    fake.wait("report", 4);
    // The service asked for an hour's rest.
    fake.behave(Mood::Well);
    status(&mut from(&harness, "1.2.3.7"), "/wp-admin/");
    // Time to find out that it is not to be told, before the clock moves on.
    std::thread::sleep(std::time::Duration::from_secs(1));
    harness.clock.advance_ms(3_600_000);
    status(&mut from(&harness, "1.2.3.8"), "/wp-admin/");
    let reports = fake.wait("report", 5);
    assert!(reports[4].body.starts_with("ip=1.2.3.8&"), "{reports:?}");
    let page = harness.owner().get(PAGE).expect(200).text();
    assert!(!page.contains("0123456789abcdef"), "the key is on the page");
}

#[test]
fn the_list_of_offenders_is_used_and_kept() {
    let (mut harness, fake) = (Harness::start(), FakeAbuseIpdb::start());
    with_service(&harness, &fake, &[("load", "1")]);
    let listed = |harness: &Harness| status(&mut from(harness, "1.2.3.9"), SIGN_IN);
    let eventually = |what: &str, done: &dyn Fn() -> bool| {
        let begun = std::time::Instant::now();
        while !done() {
            assert!(begun.elapsed() < std::time::Duration::from_secs(10), "{what}");
            std::thread::sleep(std::time::Duration::from_millis(20));
        }
    };
    eventually("shut out", &|| listed(&harness) == 403);
    assert_eq!(status(&mut from(&harness, "2606:4700:4700::1"), SIGN_IN), 403);
    assert_eq!(status(&mut from(&harness, "10.0.0.1"), SIGN_IN), 200, "a private address listed");
    let asked = fake.asked("blacklist");
    assert!(asked[0].line.contains("confidenceMinimum=100&limit=10000"), "{asked:?}");
    // A restart uses what is kept and does not ask again.
    harness.restart();
    eventually("kept", &|| listed(&harness) == 403);
    assert_eq!(fake.asked("blacklist").len(), 1);
    let save = |harness: &Harness, fields: &[(&str, &str)]| {
        let mut owner = harness.owner();
        let token = owner.token(PAGE);
        let mut all = vec![("csrf", token.as_str())];
        all.extend(fields);
        owner.post_form("/settings/bans/abuseipdb", &all).expect(303);
    };
    save(&harness, &[("base_url", &fake.url())]);
    eventually("switched off", &|| listed(&harness) == 200);
    // A service that behaves badly changes nothing that was there.
    for mood in [Mood::Broken, Mood::WrongKey, Mood::Huge, Mood::Elsewhere, Mood::Spent] {
        fake.behave(mood);
        harness.clock.advance_ms(2 * DAY_MS);
        let before = fake.asked("blacklist").len();
        save(&harness, &[("base_url", &fake.url()), ("load", "1")]);
        fake.wait("blacklist", before + 1);
        eventually("still used", &|| listed(&harness) == 403);
        harness.owner().get(PAGE).expect(200);
    }
}

#[test]
fn the_key_can_be_tried_and_is_never_shown() {
    let (harness, fake) = (Harness::start(), FakeAbuseIpdb::start());
    let test = |harness: &Harness| {
        let mut owner = harness.owner();
        let token = owner.token(PAGE);
        owner.post_form("/settings/bans/test", &[("csrf", &token)]).expect(200).text()
    };
    assert!(test(&harness).contains("There is no key yet."));
    with_service(&harness, &fake, &[]);
    assert!(test(&harness).contains("AbuseIPDB accepts the key."));
    for (mood, told) in [
        (Mood::WrongKey, "the key was refused (401)"),
        (Mood::Broken, "answer 503"),
        (Mood::Spent, "Daily rate limit of 1000 requests exceeded"),
        (Mood::Elsewhere, "answer 302"),
    ] {
        fake.behave(mood);
        let page = test(&harness);
        assert!(page.contains(told), "{mood:?}: {page}");
    }
    let asked = fake.asked("check");
    assert!(asked.iter().all(|it| it.key == "0123456789abcdefSECRET"));
    for file in harness.files() {
        let bytes = std::fs::read(&file).unwrap();
        let found = bytes.windows(16).any(|part| part == b"0123456789abcdef");
        assert!(!found, "{} holds the key", file.display());
    }
    let audit = harness.owner_api().get("/api/v1/audit?text=abuseipdb").expect(200).text();
    assert!(audit.contains("abuseipdb.key") && !audit.contains("0123456789abcdef"), "{audit}");
    harness.owner().submit(PAGE, "/settings/bans/abuseipdb", &[("remove_key", "1")]).expect(303);
    assert!(test(&harness).contains("There is no key yet."));
}

#[test]
fn a_service_that_never_answers_holds_up_nobody() {
    let (mut harness, fake) = (Harness::start(), FakeAbuseIpdb::start());
    with_service(&harness, &fake, &[("report", "1")]);
    fake.behave(Mood::Silent);
    status(&mut from(&harness, "1.2.3.4"), "/wp-admin/");
    fake.wait("report", 1);
    let begun = std::time::Instant::now();
    harness.owner().get("/").expect(200);
    harness.stop();
    assert!(begun.elapsed() < std::time::Duration::from_secs(5), "{:?}", begun.elapsed());
}

#[test]
fn the_settings_file_knows_the_rules() {
    let mut harness = Harness::start();
    harness.stop();
    let data = harness.directory().to_str().unwrap().to_owned();
    let file = harness.directory().join("box.toml");
    let import = |text: &str| {
        std::fs::write(&file, text).unwrap();
        let output = run(&["import", file.to_str().unwrap(), "--data", &data], "");
        let text = [output.stdout, output.stderr].concat();
        (output.status.success(), String::from_utf8_lossy(&text).into_owned())
    };
    let good = "format = 1\nkind = \"partial\"\n[ipban]\nban_count = 5\nallow = [\"203.0.113.0/24\"]\ntrusted_proxies = [\"127.0.0.1\"]\n[abuseipdb]\nkey = \"topsecretkey\"\nreport = true\n";
    let (done, told) = import(good);
    assert!(done && told.contains("ipban.ban_count: \"20\" -> \"5\""), "{told}");
    assert!(told.contains("abuseipdb.key: changed") && !told.contains("topsecretkey"), "{told}");
    assert_eq!(import(good).1.trim(), "nothing to change");
    for (text, line) in [
        ("ban_count = \"5\"", "ban_count must be a whole number"),
        ("ban_count = 5000", "line 4: ipban.ban_count: give a whole number from 0 to 1000"),
        ("allow = \"x\"", "allow must be a list of texts"),
        ("allow = [\"x\"]", "line 4: ipban.allow: x is neither an address nor a range"),
        ("bancount = 5", "did you mean ban_count?"),
    ] {
        let (done, told) = import(&format!("format = 1\nkind = \"partial\"\n[ipban]\n{text}\n"));
        assert!(!done && told.contains(line), "{text}: {told}");
    }
    harness.restart();
    let mut scanner = from(&harness, "198.51.100.7");
    let tries: Vec<u16> = (0..6).map(|n| status(&mut scanner, &format!("/nothing/{n}"))).collect();
    assert_eq!(tries, [404, 404, 404, 404, 404, 403]);
    for n in 0..9 {
        assert_eq!(status(&mut from(&harness, "203.0.113.7"), &format!("/no/{n}")), 404);
    }
}

/// The line that fail2ban reads has the form that `docs/fail2ban.md` gives its filter for.
#[test]
fn the_line_for_fail2ban_is_as_documented() {
    let directory = tempfile::tempdir().unwrap();
    crate::harness::binary::user_add(directory.path(), "owner", true);
    let log = directory.path().join("log");
    let running = crate::harness::binary::Running::start_logged(directory.path(), &log, &[]);
    let mut client = Client::new(running.address);
    for name in ["owner", "nobody"] {
        client.post_form(SIGN_IN, &[("username", name), ("password", "x")]).expect(401);
    }
    let forged = "a\" reason=\"x\"\nwarn auth::sign_in: auth_failed ip=192.0.2.1 user=\"";
    client.post_form(SIGN_IN, &[("username", forged), ("password", "x")]).expect(401);
    client.headers.push(("X-Api-Key".to_owned(), "wrong".to_owned()));
    client.post_json(WEBHOOK, b"{}").expect(403);
    drop(running);
    let text = std::fs::read_to_string(&log).unwrap();
    let lines: Vec<String> = text
        .lines()
        .filter(|line| line.contains("auth_failed"))
        .map(|line| line.replace("ip=127.0.0.1", "ip=203.0.113.7"))
        .collect();
    assert_eq!(lines.len(), 4, "{lines:#?}");
    let document = include_str!("../../docs/fail2ban.md");
    for line in [&lines[0], &lines[1], &lines[3]] {
        assert!(document.lines().any(|it| it == line), "{line}");
    }
    assert!(lines[2].starts_with("warn auth::sign_in: auth_failed ip=203.0.113.7 user=\"a\\\" "));
}
