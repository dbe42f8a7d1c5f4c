//! Sessions begin anew, end by time and by hand, and passwords cannot be guessed at speed.

use std::net::{IpAddr, Ipv4Addr};

use crate::harness::binary::PASSWORD;
use crate::harness::client::Client;
use crate::harness::html::tags;
use crate::harness::{Harness, SIGN_IN};

const HOUR_MS: i64 = 3_600_000;
const SESSION: &str = "oalpr_session";

#[track_caller]
fn is_in(client: &mut Client) -> bool {
    client.get("/").status == 200
}

#[test]
fn signing_in_gives_a_new_token() {
    let harness = Harness::start();
    let mut planted = harness.anonymous();
    let evil = "A".repeat(43);
    planted.cookies.insert(SESSION.to_owned(), evil.clone());
    assert!(!is_in(&mut planted));
    harness.sign_in(&mut planted, "owner", PASSWORD).expect(303);
    assert!(is_in(&mut planted));
    let first = planted.cookies[SESSION].clone();
    assert!(first != evil && first.len() >= 22, "{first}");
    // Again, with a session: the page leads home, a post begins a new one and ends the old one.
    let fields = [("username", "owner"), ("password", PASSWORD)];
    planted.post_form(SIGN_IN, &fields).expect(303);
    assert!(is_in(&mut planted));
    assert_ne!(planted.cookies[SESSION], first);
    let mut before = harness.anonymous();
    before.cookies.insert(SESSION.to_owned(), first);
    assert!(!is_in(&mut before), "the session before still works");
    let mut old = harness.anonymous();
    old.cookies.insert(SESSION.to_owned(), evil);
    assert!(!is_in(&mut old));
}

#[test]
fn signing_out_ends_it_on_the_server() {
    let harness = Harness::start();
    let mut owner = harness.owner();
    let cookies = owner.cookies.clone();
    let answer = owner.submit("/", "/sign-out", &[]).expect(303);
    assert!(answer.headers.iter().any(|(key, _)| key.eq_ignore_ascii_case("set-cookie")));
    owner.cookies = cookies;
    assert!(!is_in(&mut owner), "the old cookie still works");
}

#[test]
fn silence_and_age_end_it() {
    let harness = Harness::start();
    let mut idle = harness.owner();
    harness.clock.advance_ms(8 * HOUR_MS - 60_000);
    assert!(is_in(&mut idle), "before eight hours");
    harness.clock.advance_ms(8 * HOUR_MS + 60_000);
    assert!(!is_in(&mut idle), "after eight silent hours");

    let mut busy = harness.owner();
    for hour in 1..24 {
        harness.clock.advance_ms(HOUR_MS);
        assert!(is_in(&mut busy), "hour {hour}");
    }
    harness.clock.advance_ms(HOUR_MS + 60_000);
    assert!(!is_in(&mut busy), "after a day");
}

#[test]
fn a_suspended_account_is_out_at_once() {
    let harness = Harness::with_accounts(&["ulla"]);
    let mut ulla = harness.signed_in("ulla");
    assert!(is_in(&mut ulla));
    harness.suspend("ulla");
    assert!(!is_in(&mut ulla));
    let mut again = harness.anonymous();
    assert_ne!(harness.sign_in(&mut again, "ulla", PASSWORD).status, 303);
}

#[test]
fn a_new_password_ends_other_sessions() {
    let harness = Harness::start();
    let mut here = harness.owner();
    let mut there = harness.owner();
    let new = "another quite long password";
    let path = "/profile/password";
    let wrong = here.submit("/profile", path, &[("current", "wrong"), ("password", new)]);
    assert_ne!(wrong.status, 303, "the current password is asked for");
    here.submit("/profile", path, &[("current", PASSWORD), ("password", new)]).expect(303);
    assert!(is_in(&mut here), "the session that changed it goes on");
    assert!(!is_in(&mut there), "the other one ends");
    let mut fresh = harness.anonymous();
    assert_ne!(harness.sign_in(&mut fresh, "owner", PASSWORD).status, 303);
}

#[test]
fn nobody_learns_which_names_exist() {
    let harness = Harness::start();
    let page = |name: &str| {
        let mut client = harness.anonymous();
        let answer = harness.sign_in(&mut client, name, "a wrong password");
        // The name itself is repeated in the form, and tokens differ.
        let text = answer.text();
        let errors: String = text.lines().filter(|line| line.contains("rror")).collect();
        (answer.status, errors.replace(name, "NAME"))
    };
    let (known, unknown) = (page("owner"), page("nobody"));
    assert_eq!(known, unknown);
}

#[test]
fn guessing_is_slowed_down_for_the_guesser_only() {
    let harness = Harness::start();
    let from = |last| IpAddr::V4(Ipv4Addr::new(127, 0, 0, last));
    let mut guesser = Client::from_address(harness.address, from(7));
    let mut refused = 0;
    for number in 0..30 {
        let answer = harness.sign_in(&mut guesser, "owner", &format!("wrong password {number}"));
        assert_ne!(answer.status, 303);
        refused += u32::from(answer.status == 429);
    }
    assert!(refused >= 10, "only {refused} of 30 guesses were slowed down");
    let right = harness.sign_in(&mut guesser, "owner", PASSWORD);
    assert_ne!(right.status, 303, "a guesser who waits is not let in early");
    let mut owner = Client::from_address(harness.address, from(8));
    harness.sign_in(&mut owner, "owner", PASSWORD).expect(303);
    harness.clock.advance_ms(24 * HOUR_MS);
    harness.sign_in(&mut guesser, "owner", PASSWORD).expect(303);
}

#[test]
fn bad_passwords_are_refused_with_a_reason() {
    let harness = Harness::fresh();
    for password in ["", "short", "owner@example.org", &"x".repeat(300)] {
        let fields =
            [("username", "owner"), ("email", "owner@example.org"), ("password", password)];
        let answer = harness.anonymous().submit("/setup", "/setup", &fields);
        assert_ne!(answer.status, 303, "{password:?} was accepted");
        let html = answer.text();
        assert!(html.contains("role=\"alert\""), "{password:?}: no reason is given");
        let field = tags(&html).into_iter().find(|tag| tag.get("name") == "password");
        let field = field.expect("the form comes again");
        assert_eq!(field.get("aria-invalid"), "true", "{password:?}");
        assert_eq!(field.get("value"), "", "{password:?}");
        let elsewhere = password.len() > 5 && !password.contains('@') && html.contains(password);
        assert!(!elsewhere, "{password:?} is repeated");
    }
    harness.set_up();
}
