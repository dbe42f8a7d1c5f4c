//! Certificates over the years, with wrong clocks and wrong uploads.

use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair};

use super::*;
use crate::base::limits::AUTHORITY_LIFE_MS;
use crate::domain::users::tests as fixtures;

const NOW: Timestamp = Timestamp(1_770_000_000_000);
const DAY: i64 = 86_400_000;

fn machine() -> Machine {
    let addresses = vec!["192.0.2.7".parse().unwrap()];
    Machine { name: "raspi".into(), addresses, ..Machine::default() }
}

fn look(store: &Store, now: Timestamp) -> Current {
    find(store, &General::default(), machine(), now).unwrap()
}

#[test]
fn the_box_makes_its_own_and_keeps_it() {
    let (_directory, store) = fixtures::store();
    let first = look(&store, NOW);
    assert!(!first.own && first.facts.is_valid(NOW) && !first.facts.authority);
    for name in ["raspi", "raspi.local", "localhost", "192.0.2.7", "127.0.0.1", "::1"] {
        assert!(first.facts.names.iter().any(|have| have == name), "{name}");
    }
    assert!(first.facts.issuer.starts_with("openalpr-webhook box raspi "));
    let second = look(&store, NOW.plus_ms(300 * DAY));
    assert_eq!(first.fingerprint, second.fingerprint);
    let life = first.facts.not_after.since(first.facts.not_before);
    assert_eq!(life, CERTIFICATE_LIFE_MS);
    let trusted = format!("{:?}", first.identity);
    assert!(!trusted.contains("PRIVATE"), "{trusted}");
}

#[test]
fn it_is_renewed_in_time_and_for_new_names() {
    let (_directory, store) = fixtures::store();
    let first = look(&store, NOW);
    let renewed = look(&store, NOW.plus_ms(CERTIFICATE_LIFE_MS - 29 * DAY));
    assert_ne!(first.fingerprint, renewed.fingerprint);
    assert_eq!(first.authority, renewed.authority, "nobody has to trust anew");
    let later = NOW.plus_ms(CERTIFICATE_LIFE_MS - 29 * DAY);
    let general = General { public_url: "https://plates.example.org".into(), ..General::default() };
    let named = find(&store, &general, machine(), later).unwrap();
    assert_ne!(named.fingerprint, renewed.fingerprint);
    assert!(named.facts.covers("plates.example.org"));
    let fewer = look(&store, later);
    assert_eq!(fewer.fingerprint, named.fingerprint, "a name too many does no harm");
    let old = look(&store, NOW.plus_ms(AUTHORITY_LIFE_MS - 100 * DAY));
    assert_ne!(old.authority, named.authority, "an authority ends before it is too late");
}

#[test]
fn a_wrong_clock_at_the_first_start_heals() {
    for wrong in [0, -5, 4_102_444_800_000, 250_000_000_000_000, i64::MAX] {
        let (_directory, store) = fixtures::store();
        let made = look(&store, Timestamp(wrong));
        let healed = look(&store, NOW);
        assert_ne!(made.fingerprint, healed.fingerprint, "{wrong}");
        assert!(healed.facts.is_valid(NOW), "{wrong}");
        assert_eq!(made.authority, healed.authority, "{wrong}: trusted once, trusted for good");
        let facts = Certificate::parse(
            &CertificateDer::from_pem_slice(healed.authority.as_bytes()).unwrap(),
        );
        assert!(facts.unwrap().is_valid(NOW), "{wrong}");
    }
}

#[test]
fn it_leads_to_the_authority() {
    use rustls::pki_types::{ServerName, UnixTime};
    use rustls::server::ParsedCertificate;
    let (_directory, store) = fixtures::store();
    let current = look(&store, NOW);
    let mut roots = rustls::RootCertStore::empty();
    roots.add(CertificateDer::from_pem_slice(current.authority.as_bytes()).unwrap()).unwrap();
    let der = CertificateDer::from(current.identity.der().unwrap());
    let leaf = ParsedCertificate::try_from(&der).unwrap();
    let at = UnixTime::since_unix_epoch(std::time::Duration::from_millis(NOW.ms() as u64));
    let algorithms = rustls::crypto::ring::default_provider().signature_verification_algorithms;
    rustls::client::verify_server_cert_signed_by_trust_anchor(
        &leaf,
        &roots,
        &[],
        at,
        algorithms.all,
    )
    .unwrap();
    for name in ["raspi.local", "192.0.2.7"] {
        let name = ServerName::try_from(name).unwrap();
        rustls::client::verify_server_name(&leaf, &name).unwrap();
    }
}

struct Brought {
    root: String,
    middle: String,
    leaf: String,
    key: String,
}

/// A chain of three that is valid around [`NOW`] by `from` and `to` days.
fn chain(from: i64, to: i64) -> Brought {
    let at = |days: i64| {
        let seconds = NOW.plus_ms(days * DAY).seconds() as u64;
        rcgen::date_time_ymd(1970, 1, 1) + std::time::Duration::from_secs(seconds)
    };
    let params = |name: &str, ca: bool| {
        let names = if ca { Vec::new() } else { vec!["plates.example.org".to_owned()] };
        let mut params = CertificateParams::new(names).unwrap();
        params.distinguished_name.push(DnType::CommonName, name);
        (params.not_before, params.not_after) = (at(from), at(to));
        if ca {
            params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        }
        params
    };
    let key = || KeyPair::generate().unwrap();
    let (root_key, middle_key, leaf_key) = (key(), key(), key());
    let root_params = params("Root", true);
    let root = root_params.self_signed(&root_key).unwrap();
    let root_issuer = Issuer::new(root_params, root_key);
    let middle_params = params("Middle", true);
    let middle = middle_params.signed_by(&middle_key, &root_issuer).unwrap();
    let middle_issuer = Issuer::new(middle_params, middle_key);
    let leaf = params("Leaf", false).signed_by(&leaf_key, &middle_issuer).unwrap();
    Brought {
        root: root.pem(),
        middle: middle.pem(),
        leaf: leaf.pem(),
        key: leaf_key.serialize_pem(),
    }
}

#[test]
fn a_brought_certificate_is_presented_until_it_is_dropped() {
    let (_directory, store) = fixtures::store();
    let before = look(&store, NOW);
    let Brought { root, middle, leaf, key } = chain(-10, 10);
    for text in
        [leaf.clone(), format!("{leaf}{middle}"), format!("some words\r\n{leaf}\n\n{middle}{root}")]
    {
        let done = store.write(|tx| bring(tx, &text, &Secret::new(&*key), NOW)).unwrap();
        let current = look(&store, NOW);
        assert_eq!(done.as_ref(), Ok(&current.fingerprint));
        assert!(current.own && current.facts.subject == "Leaf");
        assert!(!current.identity.chain.contains("words"));
    }
    assert!(store.write(drop_own).unwrap());
    assert_eq!(look(&store, NOW).fingerprint, before.fingerprint);
}

#[test]
fn wrong_uploads_are_refused_by_field() {
    let (_directory, store) = fixtures::store();
    let good = chain(-10, 10);
    let (expired, early, other) = (chain(-20, -10), chain(10, 20), chain(-10, 10));
    let Brought { root, middle, leaf, key } = &good;
    let locked = key.replace("PRIVATE KEY", "ENCRYPTED PRIVATE KEY");
    let nameless = {
        let made = KeyPair::generate().unwrap();
        let params = CertificateParams::new(Vec::new()).unwrap();
        (params.self_signed(&made).unwrap().pem(), made.serialize_pem())
    };
    for (chain, key, field, part) in [
        ("", key.as_str(), CHAIN, "paste the certificate"),
        ("hello", key, CHAIN, "paste the certificate"),
        ("-----BEGIN CERTIFICATE-----\n!\n-----END CERTIFICATE-----", key, CHAIN, "cannot be read"),
        ("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----", key, CHAIN, "cannot be"),
        (key, key, CHAIN, "paste the certificate"),
        (leaf, "", KEY, "without a password"),
        (leaf, leaf, KEY, "without a password"),
        (leaf, &locked, KEY, "without a password"),
        (leaf, &other.key, KEY, "another certificate"),
        (&format!("{middle}{leaf}"), key, KEY, "another certificate"),
        (&expired.leaf, &expired.key, CHAIN, "expired"),
        (&early.leaf, &early.key, CHAIN, "not valid yet"),
        (&format!("{leaf}{root}"), key, CHAIN, "belong together"),
        (&format!("{leaf}{root}{middle}"), key, CHAIN, "belong together"),
        (&format!("{leaf}{}", other.middle), key, CHAIN, "belong together"),
        (&format!("{leaf}{}", middle.repeat(9)), key, CHAIN, "too many"),
        (&nameless.0, &nameless.1, CHAIN, "names no host"),
    ] {
        let done = store.write(|tx| bring(tx, chain, &Secret::new(key), NOW)).unwrap();
        let error = done.unwrap_err();
        assert!(error.field == field && error.message.contains(part), "{part}: {error:?}");
        assert!(!error.message.contains("BEGIN PRIVATE"), "{error:?}");
    }
    assert!(!look(&store, NOW).own);
}

#[test]
fn others_are_told_of_a_change_only() {
    use std::sync::atomic::{AtomicUsize, Ordering};
    let (_directory, store) = fixtures::store();
    let told = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&told);
    let current = find(&store, &General::default(), Machine::look(), NOW).unwrap();
    let present = move |_: &Identity| {
        count.fetch_add(1, Ordering::SeqCst);
        Ok(())
    };
    let certificates = Certificates::new(current, Box::new(present));
    certificates.refresh(&store, NOW).unwrap();
    assert_eq!(told.load(Ordering::SeqCst), 0);
    let Brought { leaf, key, .. } = chain(-10, 10);
    store.write(|tx| bring(tx, &leaf, &Secret::new(key), NOW)).unwrap().unwrap();
    certificates.refresh(&store, NOW).unwrap();
    assert_eq!(told.load(Ordering::SeqCst), 1);
    assert!(certificates.current().own);
}
