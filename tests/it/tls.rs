//! TLS, certificates, the names the box answers to, and what plain HTTP may do.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use openalpr_webhook::app::{App, Options};
use openalpr_webhook::base::clock::Clock;
use openalpr_webhook::base::host::Machine;
use openalpr_webhook::gate::Method;
use openalpr_webhook::web::access::Access;
use openalpr_webhook::web::routes::ROUTES;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;

use crate::harness::binary::PASSWORD;
use crate::harness::client::Client;
use crate::harness::payload::group;
use crate::harness::{Harness, SIGN_IN, WEBHOOK};

const PAGE: &str = "/settings/certificate";
const OWN: &str = "/settings/certificate/own";
const AUTHORITY: &str = "/trust/openalpr-webhook-ca.crt";

fn authority(harness: &Harness) -> String {
    harness.anonymous().get(AUTHORITY).expect(200).text()
}

fn over_tls(harness: &Harness, pem: &str) -> Client {
    Client::over_tls(harness.address, pem, harness.clock.now())
}

/// A browser that trusts the box, signed in over TLS.
fn trusting_owner(harness: &Harness) -> Client {
    let mut client = over_tls(harness, &authority(harness));
    harness.sign_in(&mut client, "owner", PASSWORD).expect(303);
    client
}

#[test]
fn the_box_is_used_over_tls_with_sessions_of_its_own() {
    let harness = Harness::start();
    harness.stored(&group(1));
    let mut owner = trusting_owner(&harness);
    owner.get("/").expect(200);
    let names: Vec<&String> = owner.cookies.keys().collect();
    assert!(names.iter().any(|name| *name == "__Host-oalpr_session"), "{names:?}");
    assert!(!owner.cookies.contains_key("oalpr_session"));

    // A session of one scheme is none in the other, whatever the cookie is called.
    let token = owner.cookies["__Host-oalpr_session"].clone();
    let mut plain = harness.anonymous();
    plain.cookies.insert("__Host-oalpr_session".into(), token.clone());
    plain.get("/").expect(303);
    let plain_owner = harness.owner();
    let mut swapped = over_tls(&harness, &authority(&harness));
    swapped.cookies.insert("oalpr_session".into(), plain_owner.cookies["oalpr_session"].clone());
    swapped.get("/").expect(303);

    let mut sender = over_tls(&harness, &authority(&harness));
    sender.headers.push(("X-Api-Key".into(), harness.key.clone()));
    sender.post_json(WEBHOOK, group(2).to_string().as_bytes()).expect(200);
    assert_eq!(sender.get("/api/v1/captures").expect(200).json()["total"], 2);
}

#[test]
fn live_streams_work_over_tls() {
    let harness = Harness::start();
    let owner = trusting_owner(&harness);
    let mut events = owner.listen("/live/stream", &[]);
    events.expect("hello");
    for number in 1..=20 {
        harness.stored(&group(number));
        events.expect("read");
    }
}

#[test]
fn other_names_are_refused() {
    let harness = Harness::start();
    let mut owner = harness.owner();
    let ask = |client: &mut Client, path: &str, host: &str| {
        client.request("GET", path, &[("Host", host)], b"").unwrap().status
    };
    for (host, status) in [
        ("evil.example", 421),
        ("localhost.evil.example:8080", 421),
        ("127.0.0.1.evil.example", 421),
        ("localhost:1234", 200),
        ("127.0.0.1", 200),
        ("[::1]:8080", 200),
        ("203.0.113.7", 200),
    ] {
        assert_eq!(ask(&mut owner, "/", host), status, "{host}");
        let unknown = if status == 200 { 404 } else { 421 };
        assert_eq!(ask(&mut harness.anonymous(), "/nothing", host), unknown, "{host}");
        assert_eq!(ask(&mut harness.anonymous(), "/metrics", host), status, "{host}");
        // A key that is none proves nothing; a real one is known to no foreign page.
        assert_eq!(ask(&mut harness.api("oal_wrong"), "/metrics", host), status, "{host}");
        assert_eq!(ask(&mut harness.owner_api(), "/api/v1/stats", host), 200, "{host}");
        assert_eq!(ask(&mut harness.anonymous(), "/healthz", host), 200, "{host}");
        let body = group(1).to_string();
        let posted =
            harness.owner_api().request("POST", WEBHOOK, &[("Host", host)], body.as_bytes());
        assert_eq!(posted.unwrap().status, 200, "the cloud posts to any name: {host}");
    }
    let fresh = Harness::fresh();
    assert_eq!(ask(&mut fresh.anonymous(), "/setup", "evil.example"), 421);

    assert_eq!(ask(&mut owner, "/", "plates.lan"), 421);
    owner.submit(PAGE, PAGE, &[("host_names", "Plates.LAN, other.lan")]).expect(303);
    assert_eq!(ask(&mut owner, "/", "plates.lan:8080"), 200);
    owner.submit(PAGE, PAGE, &[("host_names", "http://x")]).expect(422);
    let page = "/settings/webhook";
    owner.submit(page, page, &[("public_url", "https://gate.example.org")]).expect(303);
    assert_eq!(ask(&mut owner, "/", "gate.example.org"), 200);
    // And the certificate follows at once.
    let text = owner.get(PAGE).expect(200).text();
    assert!(text.contains("gate.example.org") && text.contains("plates.lan"));
}

/// A certificate for `name`, self-signed, and its key.
fn certificate(name: &str) -> (String, String) {
    let mut params = rcgen::CertificateParams::new(vec![name.to_owned()]).unwrap();
    params.not_before = rcgen::date_time_ymd(2020, 1, 1);
    let key = rcgen::KeyPair::generate().unwrap();
    (params.self_signed(&key).unwrap().pem(), key.serialize_pem())
}

#[test]
fn a_brought_certificate_is_presented_at_once_and_its_key_never_shown() {
    let mut harness = Harness::start();
    let mut owner = harness.owner();
    let (chain, key) = certificate("127.0.0.1");
    let wrong = owner.submit(PAGE, OWN, &[("chain", &chain), ("key", "hello")]).expect(422).text();
    assert!(wrong.contains("Paste the key in PEM form"), "{wrong}");
    let (_, other) = certificate("127.0.0.1");
    let wrong = owner.submit(PAGE, OWN, &[("chain", &chain), ("key", &other)]).expect(422).text();
    assert!(wrong.contains("another certificate") && !wrong.contains(&other[30..60]), "{wrong}");
    owner.submit(PAGE, OWN, &[("chain", &chain), ("key", &key)]).expect(303);

    // Trusted by what was brought, while the box runs and after a restart; no longer by its own.
    let answer = over_tls(&harness, &chain).get("/healthz").expect(200);
    assert_eq!(answer.header("strict-transport-security"), "", "nobody asked for it");
    let own = authority(&harness);
    assert!(over_tls(&harness, &own).request("GET", "/healthz", &[], b"").is_err());
    harness.restart();
    over_tls(&harness, &chain).get("/healthz").expect(200);

    let mut owner = harness.owner();
    owner.submit(PAGE, PAGE, &[("hsts", "1")]).expect(303);
    let secure = over_tls(&harness, &chain).get("/healthz").expect(200);
    assert_eq!(secure.header("strict-transport-security"), "max-age=31536000");
    assert_eq!(owner.get("/healthz").header("strict-transport-security"), "", "plain");
    let page = owner.get(PAGE).expect(200).text();
    let body = key.lines().nth(1).unwrap();
    assert!(page.contains("A certificate you brought") && !page.contains(body), "{page}");
    for path in ["/", "/audit", "/trust", "/profile"] {
        assert!(!owner.get(path).text().contains(body), "{path}");
    }

    owner.submit(PAGE, "/settings/certificate/box", &[]).expect(303);
    let back = over_tls(&harness, &own).get("/healthz").expect(200);
    assert_eq!(back.header("strict-transport-security"), "", "only with a brought one");

    // Neither key is on the disk in clear.
    harness.stop();
    let bytes = std::fs::read(harness.directory().join("records.redb")).unwrap();
    for part in ["PRIVATE KEY", body] {
        assert!(!bytes.windows(part.len()).any(|window| window == part.as_bytes()), "{part}");
    }
}

#[test]
fn a_lost_key_of_the_secrets_costs_what_it_kept_and_no_more() {
    let mut harness = Harness::start();
    let (chain, key) = certificate("127.0.0.1");
    harness.owner().submit(PAGE, OWN, &[("chain", &chain), ("key", &key)]).expect(303);
    harness.stop();
    std::fs::remove_file(harness.directory().join("secret.key")).unwrap();
    harness.restart();
    let page = harness.owner().get(PAGE).expect(200).text();
    assert!(page.contains("Bring it again"), "{page}");
    let mut anew = over_tls(&harness, &authority(&harness));
    anew.get("/healthz").expect(200);
    harness.owner().submit(PAGE, OWN, &[("chain", &chain), ("key", &key)]).expect(303);
    over_tls(&harness, &chain).get("/healthz").expect(200);
}

#[test]
fn the_box_says_why_it_can_be_trusted_and_whom_to_tell() {
    let harness = Harness::start();
    let page = harness.anonymous().get("/trust").expect(200).text();
    let answer = harness.anonymous().get(AUTHORITY).expect(200);
    assert_eq!(answer.header("content-type"), "application/x-x509-ca-cert");
    assert!(answer.header("content-disposition").contains("openalpr-webhook-ca.crt"));
    let text = answer.text();
    assert!(text.starts_with("-----BEGIN CERTIFICATE-----") && !text.contains("PRIVATE"));
    let der = CertificateDer::from_pem_slice(text.as_bytes()).unwrap();
    let print = openalpr_webhook::model::certificate::fingerprint(&der).replace(':', " ");
    assert!(page.contains(&print[..23]) && page.contains(&print[72..]), "{print}");

    let told = |client: &mut Client| client.get("/.well-known/security.txt").expect(200).text();
    let text = told(&mut harness.anonymous());
    assert!(text.starts_with("Contact: https://") && text.contains("\nExpires: 20"), "{text}");
    let mut owner = harness.owner();
    owner.submit(PAGE, PAGE, &[("security_contact", "guard@example.org")]).expect(303);
    assert!(told(&mut owner).starts_with("Contact: mailto:guard@example.org\n"));
    owner.submit(PAGE, PAGE, &[("security_contact", "javascript:x")]).expect(422);
}

/// Over an address of this machine that is not loopback, where it has one; the requests never
/// leave it.
#[test]
fn plain_http_from_the_network_is_led_to_tls() {
    let addresses = Machine::look().addresses;
    let Some(outside) = addresses.into_iter().find(IpAddr::is_ipv4) else { return };
    let directory = tempfile::tempdir().unwrap();
    let key = crate::harness::binary::user_add(directory.path(), "owner", true);
    let any = SocketAddr::new(Ipv4Addr::UNSPECIFIED.into(), 0).to_string();
    let app = App::start(Options::new(any, directory.path())).unwrap();
    let address = SocketAddr::new(outside, app.address().port());
    let mut visitor = Client::new(address);
    let answer = visitor.get("/search?q=a%20b").expect(308);
    assert_eq!(answer.header("location"), format!("https://{address}/search?q=a%20b"));
    assert!(answer.header("cache-control").contains("no-store"), "it may be allowed later");
    visitor.post_form(SIGN_IN, &[("username", "owner"), ("password", PASSWORD)]).expect(403);
    let refused = Client::with_key(address, &key).get("/api/v1/stats").expect(403).text();
    assert!(refused.contains("use https"), "{refused}");
    for path in ["/healthz", "/trust", AUTHORITY, "/.well-known/security.txt"] {
        visitor.get(path).expect(200);
    }
    for route in ROUTES.iter().filter(|route| !route.plain) {
        let page = !matches!(route.access, Access::Api(_) | Access::Metrics);
        let expected = if page && route.method == Method::Get { 308 } else { 403 };
        let (method, path) = (route.method.as_str(), route.path.replace(['{', '}'], ""));
        let answer = Client::new(address).request(method, &path, &[], b"").expect("an answer");
        assert_eq!(answer.status, expected, "{method} {path} over plain HTTP");
    }
    Client::with_key(address, &key).post_json(WEBHOOK, group(1).to_string().as_bytes()).expect(200);
    visitor.post_json(WEBHOOK, b"{}").expect(403);

    let authority = visitor.get(AUTHORITY).text();
    let mut owner = Client::over_tls(address, &authority, Clock::System.now());
    owner.submit(SIGN_IN, SIGN_IN, &[("username", "owner"), ("password", PASSWORD)]).expect(303);
    owner.get("/").expect(200);
    owner.submit(PAGE, PAGE, &[("allow_plain", "1")]).expect(303);
    visitor.get(SIGN_IN).expect(200);
    Client::with_key(address, &key).get("/api/v1/stats").expect(200);
    app.stop();
}
