//! The second factor of a whole box: set up, asked for, used once, lost and removed, and demanded of
//! administrators.

use openalpr_webhook::auth::totp::{TotpSecret, step_at};
use openalpr_webhook::base::secret::Secret;
use openalpr_webhook::model::user::Role;

use crate::harness::binary::{PASSWORD, run};
use crate::harness::client::{Client, Response};
use crate::harness::html::unescape;
use crate::harness::{Harness, SIGN_IN};

const PAGE: &str = "/profile/second-factor";
const CODE: &str = "/sign-in/code";
const SESSION: &str = "oalpr_session";
const HALF: &str = "oalpr_half";

/// The app on a phone: knows the secret that was shown, and the time.
struct App(TotpSecret);

impl App {
    /// Reads the secret off the page, as a person would who cannot scan it.
    #[track_caller]
    fn read(page: &str) -> Self {
        let (_, rest) = page.split_once("id=\"secret\">").expect("a secret is shown");
        let typed: String = rest.split('<').next().unwrap().split_whitespace().collect();
        Self(TotpSecret::of(Secret::new(base64_of(&base32(&typed)))))
    }

    fn code(&self, harness: &Harness) -> String {
        self.0.code(step_at(harness.clock.now()).unwrap())
    }
}

fn base32(text: &str) -> Vec<u8> {
    let (mut bits, mut count, mut bytes) = (0_u64, 0, Vec::new());
    for letter in text.bytes() {
        let value = match letter {
            b'A'..=b'Z' => letter - b'A',
            b'2'..=b'7' => letter - b'2' + 26,
            _ => panic!("no base32: {text}"),
        };
        bits = bits << 5 | u64::from(value);
        count += 5;
        if count >= 8 {
            count -= 8;
            bytes.push((bits >> count) as u8);
        }
    }
    bytes
}

fn base64_of(bytes: &[u8]) -> String {
    use base64::Engine as _;
    base64::engine::general_purpose::STANDARD_NO_PAD.encode(bytes)
}

/// Switches the second factor of the signed-in `client` on; returns the app and the recovery codes.
#[track_caller]
fn turn_on(harness: &Harness, client: &mut Client) -> (App, Vec<String>) {
    client.submit(PAGE, "/profile/second-factor/begin", &[("current", PASSWORD)]).expect(303);
    let page = client.get(PAGE).expect(200).text();
    assert!(page.contains("<svg class=\"qr\""), "no picture to scan");
    let app = App::read(&page);
    let code = app.code(harness);
    let page = client.submit(PAGE, "/profile/second-factor/confirm", &[("code", &code)]);
    let page = page.expect(200).text();
    let codes: Vec<String> = page
        .split("<li><code>")
        .skip(1)
        .filter_map(|rest| rest.split('<').next())
        .map(unescape)
        .collect();
    assert_eq!(codes.len(), 10, "{page}");
    let again = client.get(PAGE).expect(200).text();
    assert!(!again.contains(&codes[0]) && !again.contains("id=\"secret\""), "shown twice");
    (app, codes)
}

#[track_caller]
fn give_password(harness: &Harness, username: &str) -> Client {
    let mut client = harness.anonymous();
    let answer = harness.sign_in(&mut client, username, PASSWORD).expect(303);
    assert!(answer.header("location").starts_with(CODE), "{}", answer.header("location"));
    client
}

fn give_code(client: &mut Client, code: &str) -> Response {
    client.submit(CODE, CODE, &[("code", code)])
}

#[track_caller]
fn is_in(client: &mut Client) -> bool {
    client.get("/search").status == 200
}

#[test]
fn a_code_is_asked_for_and_works_once() {
    let harness = Harness::start();
    let (mut here, mut there) = (harness.owner(), harness.owner());
    let (app, _) = turn_on(&harness, &mut here);
    assert!(is_in(&mut here), "the session that set it up goes on");
    assert!(!is_in(&mut there), "one that began without it ends");
    let setting_up = app.code(&harness);
    let mut client = give_password(&harness, "owner");
    give_code(&mut client, &setting_up).expect(401);
    harness.clock.advance_ms(60_000);
    let code = app.code(&harness);
    assert!(!client.cookies.contains_key(SESSION));
    give_code(&mut client, &code).expect(303);
    assert!(is_in(&mut client) && !client.cookies.contains_key(HALF));
    let mut thief = give_password(&harness, "owner");
    let page = give_code(&mut thief, &code).expect(401).text();
    assert!(page.contains("role=\"alert\"") && page.contains("was used"), "{page}");
    assert!(!is_in(&mut thief));
    harness.clock.advance_ms(30_000);
    give_code(&mut thief, &app.code(&harness)).expect(303);
    let audit = harness.owner_api().get("/api/v1/audit?limit=50").expect(200).text();
    assert!(audit.contains("second_factor_on") && audit.contains("code of the app, "), "{audit}");
}

#[test]
fn half_a_sign_in_opens_nothing_and_is_short() {
    let harness = Harness::start();
    let (app, _) = turn_on(&harness, &mut harness.owner());
    harness.clock.advance_ms(60_000);
    let mut client = give_password(&harness, "owner");
    let half = client.cookies[HALF].clone();
    for path in ["/", "/search", "/profile", PAGE, "/settings/users", "/api/v1/captures"] {
        assert_ne!(client.get(path).status, 200, "{path}");
    }
    // The token is no session and no key.
    let mut forged = harness.anonymous();
    forged.cookies.insert(SESSION.to_owned(), half.clone());
    assert!(!is_in(&mut forged));
    harness.api(&half).get("/api/v1/captures").expect(401);
    // Nor does anything else stand for it.
    for guess in ["", "x", &"A".repeat(43), &"A".repeat(4000)] {
        let mut stranger = harness.anonymous();
        stranger.cookies.insert(HALF.to_owned(), guess.to_owned());
        let answer = stranger.post_form(CODE, &[("code", &app.code(&harness))]);
        assert_ne!(answer.status, 200);
        assert!(!stranger.cookies.contains_key(SESSION), "{guess:.9}");
    }
    // A form without its token is refused.
    let fields = [("code", "000000"), ("csrf", "wrong")];
    client.post_form(CODE, &fields).expect(403);
    for typed in
        ["", " ", "\u{661}\u{662}\u{663}\u{661}\u{662}\u{663}", "<script>alert(1)</script>"]
    {
        let page = give_code(&mut client, typed);
        assert!(matches!(page.status, 401 | 429), "{typed}: {}", page.status);
        assert!(!page.text().contains("<script>alert"), "{typed}");
        harness.clock.advance_ms(60_000);
    }
    harness.clock.advance_ms(5 * 60_000);
    let answer = client.get(CODE).expect(303);
    assert!(answer.header("location").starts_with(SIGN_IN));
    client.cookies.insert(HALF.to_owned(), half);
    let late = client.post_form(CODE, &[("code", &app.code(&harness))]);
    assert_ne!(late.status, 200);
    assert!(!client.cookies.contains_key(SESSION), "too late");
    let leads = |next: &str| {
        let mut client = harness.anonymous();
        let fields = [("username", "owner"), ("password", PASSWORD), ("next", next)];
        client.submit(SIGN_IN, SIGN_IN, &fields).expect(303);
        harness.clock.advance_ms(60_000);
        let path = format!("{CODE}?next={}", crate::harness::client::percent(next));
        let answer = client.submit(&path, CODE, &[("code", &app.code(&harness))]).expect(303);
        answer.header("location").to_owned()
    };
    assert_eq!(leads("/search?q=A"), "/search?q=A");
    assert_eq!(leads("//evil.example.org/"), "/");
}

#[test]
fn codes_cannot_be_guessed_at_speed_even_with_the_password() {
    let harness = Harness::start();
    let (app, codes) = turn_on(&harness, &mut harness.owner());
    let mut refused = 0;
    for number in 0..20 {
        let mut guesser = Client::from_address(harness.address, [127, 0, 0, 7].into());
        harness.sign_in(&mut guesser, "owner", PASSWORD).expect(303);
        let answer = give_code(&mut guesser, &format!("{number:06}"));
        refused += u32::from(answer.status == 429);
    }
    assert!(refused >= 10, "only {refused} of 20 codes were slowed down");
    harness.clock.advance_ms(60_000);
    let mut owner = give_password(&harness, "owner");
    give_code(&mut owner, &app.code(&harness)).expect(303);
    let mut elsewhere = Client::from_address(harness.address, [127, 0, 0, 8].into());
    harness.sign_in(&mut elsewhere, "owner", PASSWORD).expect(303);
    give_code(&mut elsewhere, &codes[0]).expect(303);
}

#[test]
fn recovery_codes_work_once_and_can_be_made_anew() {
    let mut harness = Harness::start();
    let mut owner = harness.owner();
    let (app, codes) = turn_on(&harness, &mut owner);
    let mut client = give_password(&harness, "owner");
    give_code(&mut client, &codes[4].to_lowercase().replace('-', " ")).expect(303);
    harness.restart();
    let mut client = give_password(&harness, "owner");
    give_code(&mut client, &codes[4]).expect(401);
    give_code(&mut client, &codes[5]).expect(303);
    let page = client.get(PAGE).expect(200).text();
    assert!(page.contains("<span class=\"num\">8</span> of 10 left"), "{page}");
    harness.clock.advance_ms(60_000);
    let path = "/profile/second-factor/codes";
    let renew = |client: &mut Client, current: &str, code: &str| {
        client.submit(PAGE, path, &[("current", current), ("code", code)])
    };
    renew(&mut client, "wrong", &app.code(&harness)).expect(422);
    renew(&mut client, PASSWORD, "000000").expect(422);
    let page = renew(&mut client, PASSWORD, &app.code(&harness)).expect(200).text();
    assert!(page.contains("Shown only now") && !page.contains(&codes[6]));
    let mut old = give_password(&harness, "owner");
    give_code(&mut old, &codes[6]).expect(401);
    let audit = harness.owner_api().get("/api/v1/audit?limit=50").expect(200).text();
    assert!(audit.contains("recovery code, 9 left") && audit.contains("recovery_codes_made"));
    for file in harness.files() {
        let bytes = std::fs::read(&file).unwrap();
        for code in &codes {
            assert!(!bytes.windows(code.len()).any(|part| part == code.as_bytes()));
        }
    }
}

#[test]
fn switching_off_needs_password_code_and_a_password_that_holds_alone() {
    let harness = Harness::with_accounts(&["uwe"]);
    let mut uwe = harness.signed_in("uwe");
    let (app, _) = turn_on(&harness, &mut uwe);
    let off = |client: &mut Client, current: &str, code: &str| {
        let token = client.token(PAGE);
        let fields = [("csrf", token.as_str()), ("current", current), ("code", code)];
        client.post_form("/profile/second-factor/off", &fields)
    };
    // With a second factor eight characters are enough, alone they are not.
    let change = |client: &mut Client, from: &str, to: &str| {
        let fields = [("current", from), ("password", to)];
        client.submit("/profile", "/profile/password", &fields).status
    };
    let short = "k3!xQ9vL";
    assert_eq!(change(&mut uwe, PASSWORD, "k3!xQ9v"), 422);
    assert_eq!(change(&mut uwe, PASSWORD, short), 303);
    harness.clock.advance_ms(60_000);
    let page = off(&mut uwe, short, &app.code(&harness)).expect(422).text();
    assert!(page.contains("Change the password first"), "{page}");
    assert_eq!(change(&mut uwe, short, PASSWORD), 303);
    off(&mut uwe, "wrong", &app.code(&harness)).expect(422);
    off(&mut uwe, PASSWORD, "123").expect(422);
    off(&mut uwe, PASSWORD, &app.code(&harness)).expect(303);
    let mut uwe = harness.signed_in("uwe");
    assert!(is_in(&mut uwe));
    assert_eq!(change(&mut uwe, PASSWORD, short), 422);
}

#[test]
fn setting_it_up_needs_the_password_and_the_code_of_this_browser() {
    let harness = Harness::start();
    let mut owner = harness.owner();
    let begin = "/profile/second-factor/begin";
    owner.submit(PAGE, begin, &[("current", "wrong")]).expect(422);
    assert!(!owner.get(PAGE).text().contains("id=\"secret\""));
    owner.submit(PAGE, begin, &[("current", PASSWORD)]).expect(303);
    let secret = App::read(&owner.get(PAGE).expect(200).text());
    let confirm = "/profile/second-factor/confirm";
    for wrong in ["", "000000", "abcdef", &"1".repeat(5000)] {
        owner.submit(PAGE, confirm, &[("code", wrong)]).expect(422);
    }
    // Another session of the same person knows nothing of it.
    let mut other = harness.owner();
    let token = other.token(PAGE);
    let code = secret.code(&harness);
    other.post_form(confirm, &[("csrf", &token), ("code", &code)]).expect(303);
    harness.clock.advance_ms(31 * 60_000);
    assert!(!owner.get(PAGE).text().contains("id=\"secret\""), "it does not wait for ever");
    let mut fresh = harness.anonymous();
    let answer = harness.sign_in(&mut fresh, "owner", PASSWORD).expect(303);
    assert_eq!(answer.header("location"), "/", "nothing is on");
}

#[test]
fn a_reset_link_does_not_go_around_it_and_an_administrator_removes_it() {
    let harness = Harness::with_accounts(&["uwe"]);
    let mut uwe = harness.signed_in("uwe");
    turn_on(&harness, &mut uwe);
    let mut owner = harness.owner();
    let one = "/settings/users/2";
    let page = owner.submit(one, "/settings/users/2/link", &[]).expect(200).text();
    let (_, link) = page.split_once("/reset/").unwrap();
    let link = format!("/reset/{}", link.split('<').next().unwrap());
    let password = "lamp river stone wagon";
    harness.anonymous().post_form(&link, &[("password", password)]).expect(303);
    let mut fresh = harness.anonymous();
    let answer = harness.sign_in(&mut fresh, "uwe", password).expect(303);
    assert!(answer.header("location").starts_with(CODE), "the code is asked for all the same");
    owner.submit(one, "/settings/users/2/second-factor", &[]).expect(303);
    let answer = fresh.get(CODE).expect(303);
    assert!(answer.header("location").starts_with(SIGN_IN), "no code is waited for any more");
    assert!(!owner.get(one).text().contains("Remove the second factor"));
    let answer = harness.sign_in(&mut fresh, "uwe", password).expect(303);
    assert_eq!(answer.header("location"), "/");
    let audit = harness.owner_api().get("/api/v1/audit?limit=50").expect(200).text();
    assert!(audit.contains("second_factor_reset"), "{audit}");
    // Not the owner's, and not by whoever manages nobody.
    harness.set_role("uwe", Role::Admin);
    let token = fresh.token("/profile");
    let reset = "/settings/users/1/second-factor";
    fresh.post_form(reset, &[("csrf", &token)]).expect(422);
    harness.set_role("uwe", Role::User);
    fresh.post_form(reset, &[("csrf", &token)]).expect(403);
}

#[test]
fn administrators_can_be_made_to_have_one() {
    let harness = Harness::with_accounts(&["anna", "uwe"]);
    harness.set_role("anna", Role::Admin);
    let mut owner = harness.owner();
    let (app, _) = turn_on(&harness, &mut owner);
    let rule = "/settings/second-factor";
    owner.submit("/settings/users", rule, &[("second_factor_for_admins", "1")]).expect(303);
    assert!(is_in(&mut owner), "the owner has one");
    let mut uwe = harness.signed_in("uwe");
    assert!(is_in(&mut uwe), "others need none");
    let mut anna = harness.signed_in("anna");
    for path in ["/", "/search", "/settings/users", "/profile", "/api/v1/users", "/live/recent"] {
        let answer = anna.get(path).expect(303);
        assert!(answer.header("location").starts_with(PAGE), "{path}");
    }
    let token = anna.token(PAGE);
    for path in ["/profile/keys", rule, "/settings/users", "/profile/password"] {
        let answer = anna.post_form(path, &[("csrf", &token)]).expect(303);
        assert!(answer.header("location").starts_with(PAGE), "{path}");
    }
    turn_on(&harness, &mut anna);
    anna.get("/settings/users").expect(200);
    let token = owner.token(PAGE);
    harness.clock.advance_ms(60_000);
    let code = app.code(&harness);
    let fields = [("csrf", token.as_str()), ("current", PASSWORD), ("code", code.as_str())];
    let page = owner.post_form("/profile/second-factor/off", &fields).expect(422).text();
    assert!(page.contains("need a second factor"), "{page}");
    let audit = harness.owner_api().get("/api/v1/audit?limit=50").expect(200).text();
    assert!(audit.contains("general.second_factor_for_admins"), "{audit}");
}

#[test]
fn the_owner_who_lost_everything_gets_in_from_the_console() {
    let mut harness = Harness::start();
    turn_on(&harness, &mut harness.owner());
    harness.stop();
    let data = harness.directory().to_str().unwrap().to_owned();
    let reset = ["user", "reset-second-factor", "--username", "owner", "--data", &data];
    let output = run(&reset, "");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let check = run(&["check", "--data", &data], "");
    assert!(check.status.success(), "{}", String::from_utf8_lossy(&check.stdout));
    harness.restart();
    assert!(is_in(&mut harness.owner()));
}
