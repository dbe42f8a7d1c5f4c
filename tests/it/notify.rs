//! From a read to the service that tells people: what each is sent, and what happens when one behaves
//! badly, the box goes down, or a flood comes.

use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use openalpr_webhook::base::clock::{Clock, Timestamp};
use openalpr_webhook::domain::watches;
use openalpr_webhook::model::user::UserId;
use openalpr_webhook::model::watch::{
    ALL_DAYS, ALL_HOURS, PlatePattern, Severity, Target, Watch, WatchId,
};
use openalpr_webhook::store::{Store, StoreOptions};
use serde_json::Value;

use crate::fakes::service::{Asked, Mood, Service};
use crate::harness::binary::{Running, free_address, user_add};
use crate::harness::client::Client;
use crate::harness::payload::{group, plate, uuid};
use crate::harness::{Harness, WEBHOOK};

const PAGE: &str = "/settings/notifications";

/// A watch of the owner for every plate.
fn watch() -> Watch {
    Watch {
        id: WatchId(0),
        owner: UserId(1),
        name: "Stolen <trailer>".into(),
        description: "Call the yard".into(),
        target: Target::Plate { pattern: PlatePattern::parse("*").unwrap(), look_alike: false },
        region: String::new(),
        region_match: false,
        severity: Severity::Warning,
        valid_from: None,
        valid_until: None,
        days: ALL_DAYS,
        hours: ALL_HOURS,
        cameras: Vec::new(),
        quiet_minutes: 0,
        contacts: Vec::new(),
        enabled: true,
        made_at: Timestamp(0),
    }
}

/// A box whose owner watches every plate, at the time of its reads.
fn box_with_watch() -> Harness {
    let directory = tempfile::tempdir().unwrap();
    let key = user_add(directory.path(), "owner", true);
    {
        let store = Store::open(directory.path(), StoreOptions::default()).unwrap();
        store.write(|tx| watches::add(tx, watch()).map(drop)).unwrap();
    }
    Harness::open(directory, key, Vec::new())
}

/// A read of now, as the box's clock has it.
fn read(now: i64, number: u64) -> Value {
    let mut read = group(number);
    for field in ["epoch_start", "epoch_end", "best_uuid_epoch_ms"] {
        read[field] = now.into();
    }
    read
}

fn post(harness: &Harness, number: u64) {
    harness.stored(&read(harness.clock.now().ms(), number));
}

#[track_caller]
fn set_up(harness: &Harness, channel: &str, fields: &[(&str, &str)]) {
    let action = format!("{PAGE}/{channel}");
    let mut all = vec![("enabled", "1"), ("watches", "1"), ("notices", "1")];
    all.extend_from_slice(fields);
    harness.owner().submit(PAGE, &action, &all).expect(303);
}

#[test]
fn every_kind_of_service_is_told_of_a_match() {
    let harness = box_with_watch();
    let fake = Service::start();
    let url = fake.url();
    let at = |path: &str| format!("{url}/{path}");
    set_up(
        &harness,
        "ntfy",
        &[("base_url", &at("ntfy")), ("topic", "gate yard"), ("token", "tk_1")],
    );
    set_up(&harness, "gotify", &[("base_url", &at("gotify")), ("token", "A1")]);
    set_up(
        &harness,
        "telegram",
        &[("base_url", &at("tg")), ("token", "1:a"), ("recipients", "-7")],
    );
    set_up(&harness, "pushover", &[("base_url", &at("po")), ("token", "t"), ("recipients", "u")]);
    set_up(&harness, "discord", &[("url", &at("discord/1/x"))]);
    set_up(&harness, "slack", &[("url", &at("slack/T/B/X"))]);
    set_up(&harness, "teams", &[("url", &at("teams/flow?sig=1%2F2"))]);
    set_up(&harness, "apprise", &[("base_url", &at("apprise")), ("key", "gate")]);
    set_up(&harness, "webhook", &[("url", &at("hook")), ("secret", "k"), ("template", "")]);
    post(&harness, 7);
    let plate = plate(7);
    for (path, count) in [
        ("PUT /ntfy/gate", 1),
        ("PUT /ntfy/yard", 1),
        ("POST /gotify/message", 1),
        ("POST /tg/bot1:a/sendPhoto", 1),
        ("POST /po/1/messages.json", 1),
        ("POST /discord/1/x?wait=true", 1),
        ("POST /slack/T/B/X", 1),
        ("POST /teams/flow?sig=1%2F2", 1),
        ("POST /apprise/notify/gate", 1),
        ("POST /hook", 1),
    ] {
        let asked = fake.wait(path, count).remove(0);
        let told = asked.text() + &asked.header("title");
        assert!(told.contains(&plate), "{path}: {told}");
        let jpeg = asked.body.windows(3).any(|it| it == [0xff, 0xd8, 0xff]);
        let takes = ["ntfy", "/tg", "/po", "discord", "apprise"].iter().any(|it| path.contains(it));
        assert_eq!(jpeg, takes, "{path} has a picture");
    }
    let hook = fake.asked("POST /hook").remove(0);
    let json: Value = serde_json::from_slice(&hook.body).unwrap();
    assert_eq!((&json["plate"], &json["topic"]), (&plate.as_str().into(), &"match".into()));
    assert_eq!(json["watch"], "Stolen <trailer>");
    assert!(hook.header("x-signature").starts_with("sha256="), "{hook:?}");
    let page = harness.owner().get(PAGE).expect(200).text();
    assert!(!page.contains("tk_1") && !page.contains("sig=1"), "secrets are not shown");
    // The same read again tells nobody.
    let before = fake.asked("").len();
    harness.post_read(&read(harness.clock.now().ms(), 7)).expect(200);
    std::thread::sleep(Duration::from_millis(300));
    assert_eq!(fake.asked("").len(), before);
}

/// Moves the hands of the clock and wakes who waits for them.
fn later(harness: &Harness, ms: i64) {
    harness.clock.advance_ms(ms);
    harness.app().store().bell().ring();
}

#[test]
fn passing_failures_are_tried_again_and_others_stay_to_be_looked_at() {
    let harness = box_with_watch();
    let fake = Service::start();
    set_up(&harness, "gotify", &[("base_url", &fake.url()), ("token", "A1")]);
    let fine = Mood::Answer(200, "{}".into());
    fake.behave(&[Mood::Answer(503, "<h1>down</h1>".into()), Mood::Hangup, Mood::Later(120), fine]);
    post(&harness, 1);
    fake.wait("/message", 1);
    for count in 2..=3 {
        std::thread::sleep(Duration::from_millis(150));
        later(&harness, 60_000);
        fake.wait("/message", count);
    }
    std::thread::sleep(Duration::from_millis(150));
    later(&harness, 60_000);
    std::thread::sleep(Duration::from_millis(150));
    assert_eq!(fake.asked("/message").len(), 3, "it asked for two minutes");
    later(&harness, 120_000);
    fake.wait("/message", 4);

    for mood in
        [Mood::Answer(401, "{\"errorDescription\":\"<b>provide a token\"}".into()), Mood::Elsewhere]
    {
        fake.behave(&[mood]);
    }
    fake.behave(&[
        Mood::Answer(401, "{\"errorDescription\":\"<b>provide a token\"}".into()),
        Mood::Elsewhere,
    ]);
    post(&harness, 2);
    post(&harness, 3);
    fake.wait("/message", 6);
    let mut page = String::new();
    for _ in 0..100 {
        page = harness.owner().get(PAGE).expect(200).text();
        if page.matches("Send again").count() == 2 {
            break;
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    assert!(
        page.contains("&lt;b&gt;provide a token") && page.contains("called elsewhere"),
        "{page}"
    );
    fake.behave(&[Mood::Answer(200, "{}".into())]);
    let failed = format!("{PAGE}/failed");
    harness.owner().submit(PAGE, &failed, &[("id", "all"), ("do", "again")]).expect(303);
    fake.wait("/message", 8);
    let audit = harness.owner_api().get("/api/v1/audit?action=command").expect(200).text();
    assert!(audit.contains("2 failed messages sent again"), "{audit}");
}

#[test]
fn a_flood_becomes_few_messages() {
    let harness = box_with_watch();
    let fake = Service::start();
    set_up(&harness, "gotify", &[("base_url", &fake.url()), ("token", "A1")]);
    fake.behave(&[Mood::Later(60), Mood::Answer(200, "{}".into())]);
    for number in 0..40 {
        post(&harness, number);
    }
    fake.wait("/message", 1);
    std::thread::sleep(Duration::from_millis(500));
    later(&harness, 61_000);
    let asked = fake.wait("/message", 2);
    let digest = asked.last().map(Asked::text).unwrap();
    assert!(digest.contains("alerts") && digest.contains(&plate(39)), "{digest}");
    std::thread::sleep(Duration::from_millis(300));
    assert!(fake.asked("/message").len() <= 4, "{}", fake.asked("/message").len());
}

#[test]
fn a_test_shows_what_the_service_says() {
    let harness = box_with_watch();
    let fake = Service::start();
    let set = [("base_url", fake.url()), ("topic", "gate".to_owned())];
    let set: Vec<(&str, &str)> = set.iter().map(|(key, text)| (*key, text.as_str())).collect();
    set_up(&harness, "ntfy", &set);
    let test = format!("{PAGE}/ntfy/test");
    fake.behave(&[Mood::Answer(403, "{\"code\":40301,\"error\":\"forbidden <i>\"}".into())]);
    let page = harness.owner().submit(PAGE, &test, &[]).expect(200).text();
    assert!(page.contains("Answer 403: forbidden &lt;i&gt;"), "{page}");
    fake.behave(&[Mood::Huge]);
    let page = harness.owner().submit(PAGE, &test, &[]).expect(200).text();
    assert!(page.contains("larger than"), "{page}");
    fake.behave(&[Mood::Answer(200, "{\"id\":\"m1\"}".into())]);
    let page = harness.owner().submit(PAGE, &test, &[]).expect(200).text();
    assert!(page.contains("Answer 200: m1"), "{page}");
    let wrong = [("enabled", "1"), ("base_url", "ftp://x"), ("topic", "a b|c")];
    let page = harness.owner().submit(PAGE, &format!("{PAGE}/ntfy"), &wrong).expect(422).text();
    assert!(page.contains("e-ntfy-base_url") && page.contains("e-ntfy-topic"), "{page}");
    let template = [("enabled", "1"), ("url", "http://127.0.0.1/"), ("template", "{{sky}}")];
    let page = harness.owner().submit(PAGE, &format!("{PAGE}/webhook"), &template).expect(422);
    assert!(page.text().contains("{{sky}} is not known"));
}

#[test]
fn a_box_that_is_killed_tells_once() {
    let directory = tempfile::tempdir().unwrap();
    let key = user_add(directory.path(), "owner", true);
    let address = free_address();
    {
        let store = Store::open(directory.path(), StoreOptions::default()).unwrap();
        store
            .write(|tx| {
                watches::add(tx, watch())?;
                tx.put_setting("notify.webhook.enabled", "true")?;
                let url = format!("http://{address}/hook");
                tx.put_secret(
                    "notify.webhook.url",
                    &openalpr_webhook::base::secret::Secret::new(url),
                )
            })
            .unwrap();
    }
    // Nobody listens yet: the match waits.
    let running = Running::start(directory.path());
    let read = read(Clock::System.now().ms(), 5);
    let mut sender = Client::with_key(running.address, &key);
    sender.post_json(WEBHOOK, read.to_string().as_bytes()).expect(200);
    running.kill();
    let fake = Service::at(address);
    let running = Running::start(directory.path());
    let told = fake.wait("/hook", 1).remove(0);
    assert!(told.text().contains(&plate(5)), "{told:?}");
    std::thread::sleep(Duration::from_millis(500));
    running.kill();
    // Recording the read again after the crash finds that it was told.
    let running = Running::start(directory.path());
    let mut sender = Client::with_key(running.address, &key);
    sender.post_json(WEBHOOK, read.to_string().as_bytes()).expect(200);
    std::thread::sleep(Duration::from_millis(1500));
    assert_eq!(fake.asked("/hook").len(), 1, "{}", uuid(5));
    running.kill();
}

/// A program of Debian's; `None` when it is not there, which `REQUIRE_TOOLS` does not allow.
fn tool(name: &str, arguments: &[&str]) -> Option<Child> {
    let child = Command::new(name)
        .args(arguments)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn();
    match child {
        Ok(child) => Some(child),
        Err(_) if std::env::var_os("REQUIRE_TOOLS").is_none() => {
            println!("left out: {name} is not there");
            None
        }
        Err(error) => panic!("{name}: {error}"),
    }
}

#[track_caller]
fn listening(port: u16) {
    let begun = Instant::now();
    while std::net::TcpStream::connect(("127.0.0.1", port)).is_err() {
        assert!(begun.elapsed() < Duration::from_secs(20), "nobody listens at {port}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn a_real_broker_gets_plates_and_discovery() {
    let port = free_address().port();
    let Some(mut broker) = tool("mosquitto", &["-p", &port.to_string()]) else { return };
    listening(port);
    let harness = box_with_watch();
    let port_text = port.to_string();
    set_up(
        &harness,
        "mqtt",
        &[("host", "127.0.0.1"), ("port", &port_text), ("topic", "gate/a"), ("discovery", "ha")],
    );
    post(&harness, 9);
    let heard = |topic: &str| {
        let arguments = ["-p", &port_text, "-t", topic, "-C", "1", "-W", "20"];
        let child = tool("mosquitto_sub", &arguments).expect("comes with the broker");
        child.wait_with_output().expect("ends").stdout
    };
    let told: Value = serde_json::from_slice(&heard("gate/a/plate")).expect("JSON");
    assert_eq!(told["plate"], plate(9).as_str());
    assert_eq!(heard("gate/a/availability").trim_ascii(), b"online");
    assert!(heard("gate/a/image").starts_with(&[0xff, 0xd8]), "a JPEG");
    let device: Value = serde_json::from_slice(&heard("ha/device/gate_a/config")).expect("JSON");
    assert_eq!(device["cmps"]["last_plate"]["state_topic"], "gate/a/plate");
    drop(harness);
    broker.kill().expect("runs");
    let _ = broker.wait();
}

#[test]
fn a_real_mail_server_gets_letters_over_tls() {
    let directory = tempfile::tempdir().unwrap();
    let made = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).unwrap();
    let (cert, key) = (directory.path().join("c.pem"), directory.path().join("k.pem"));
    std::fs::write(&cert, made.cert.pem()).unwrap();
    std::fs::write(&key, made.signing_key.serialize_pem()).unwrap();
    let port = free_address().port();
    let listen = format!("localhost:{port}");
    let arguments = [
        "-n",
        "-l",
        &listen,
        "--smtpscert",
        cert.to_str().unwrap(),
        "--smtpskey",
        key.to_str().unwrap(),
        "-c",
        "aiosmtpd.handlers.Debugging",
        "stdout",
    ];
    let Some(mut server) = tool("aiosmtpd", &arguments) else { return };
    listening(port);
    let harness = box_with_watch();
    let port = port.to_string();
    let pem = made.cert.pem();
    let fields =
        [("host", "localhost"), ("port", &port), ("security", "tls"), ("from", "box@e.org")];
    set_up(&harness, "smtp", &fields);
    let test = format!("{PAGE}/smtp/test");
    let said = |to: &str| harness.owner().submit(PAGE, &test, &[("to", to)]).expect(200).text();
    assert!(said("ann@example.org").contains("TLS"), "an unknown authority is named");
    let mut trusting = fields.to_vec();
    trusting.push(("certificate", &pem));
    set_up(&harness, "smtp", &trusting);
    assert!(said("ann@example.org").contains("The server says: 250"), "{}", said("a@b.org"));
    assert!(said("ann@example.org\r\nBcc: eve@e.org").contains("is not"), "no header is added");
    post(&harness, 4);
    // An administrator sends somebody a link.
    let mut owner = harness.owner();
    let users = "/settings/users";
    let new = [("username", "vera"), ("email", "vera@example.org"), ("role", "user")];
    owner.submit(users, users, &new).expect(200);
    let page = format!("{users}/2");
    let link = format!("{page}/link");
    assert!(!owner.get(&page).expect(200).text().contains("Send a link by e-mail"));
    let refused = owner.submit(&page, &link, &[("letter", "1")]).expect(422).text();
    assert!(refused.contains("No letters can be sent"), "{refused}");
    let general = "/settings/general";
    let public = [("public_url", "https://box.example.org"), ("time_zone", "UTC")];
    owner.submit(general, general, &public).expect(303);
    assert!(owner.get(&page).expect(200).text().contains("Send a link by e-mail"));
    owner.submit(&page, &link, &[("letter", "1")]).expect(303);
    std::thread::sleep(Duration::from_secs(3));
    // Who does not want letters gets none.
    let token = owner.token("/profile");
    owner.post_form("/profile/ways", &[("csrf", &token), ("sms", "1")]).expect(303);
    post(&harness, 5);
    std::thread::sleep(Duration::from_secs(2));
    server.kill().expect("runs");
    let out = server.wait_with_output().expect("ends").stdout;
    let out = String::from_utf8_lossy(&out).into_owned();
    assert!(out.contains(&format!("Subject: {} Match!", plate(4))), "{out}");
    assert!(!out.contains(&plate(5)), "{out}");
    assert!(
        out.contains("Subject: Set your password") && out.contains("vera@example.org"),
        "{out}"
    );
    assert!(
        out.contains("cid:vehicle@read") || out.contains("Content-ID: <vehicle@read>"),
        "{out}"
    );
}
