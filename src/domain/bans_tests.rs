//! The rules of bans, on a clock that the tests turn.

use super::*;
use crate::domain::users::tests::{new, store};
use crate::model::agent::Agent;
use crate::model::user::{Role, Session};

const START: Timestamp = Timestamp(1_790_000_000_000);
const DAY_MS: i64 = 86_400_000;

fn ip(text: &str) -> IpAddr {
    text.parse().unwrap()
}

fn network(text: &str) -> Network {
    Network::parse(text).unwrap()
}

fn at(seconds: i64) -> Timestamp {
    START.plus_ms(seconds * 1000)
}

/// Offends `count` times at `now`; returns the ban, if one came of it.
fn offend(bans: &Bans, from: &str, what: Offence, count: u32, now: Timestamp) -> Option<Ban> {
    let policy = IpBan::default();
    (0..count).filter_map(|_| bans.offend(ip(from), what, &policy, now, || false)).next_back()
}

fn admits(bans: &Bans, address: &str, now: Timestamp) -> bool {
    bans.admits(ip(address), false, &IpBan::default(), now)
}

#[test]
fn each_offence_has_its_weight() {
    for (offence, free) in [
        (Offence::SignIn, 9),
        (Offence::Key, 9),
        (Offence::NotFound, 19),
        (Offence::Impatience, 19),
        (Offence::Nuisance, 0),
    ] {
        let bans = Bans::default();
        assert_eq!(offend(&bans, "203.0.113.7", offence, free, START), None, "{offence:?}");
        assert!(admits(&bans, "203.0.113.7", START));
        let ban = offend(&bans, "203.0.113.7", offence, 1, START).unwrap();
        assert_eq!((ban.reason.as_str(), ban.times), (offence.name(), 1));
        assert!(!admits(&bans, "203.0.113.7", START) && admits(&bans, "203.0.113.8", START));
    }
}

#[test]
fn the_window_slides() {
    let bans = Bans::default();
    for second in (0..6000).step_by(60) {
        // One a minute is ten in the window.
        assert_eq!(offend(&bans, "203.0.113.7", Offence::NotFound, 1, at(second)), None);
    }
    let bans = Bans::default();
    assert_eq!(offend(&bans, "203.0.113.7", Offence::NotFound, 19, at(0)), None);
    assert_eq!(offend(&bans, "203.0.113.7", Offence::NotFound, 5, at(1200)), None);
    // Half of the window before lies within the last ten minutes.
    let bans = Bans::default();
    assert_eq!(offend(&bans, "203.0.113.7", Offence::NotFound, 18, at(0)), None);
    assert_eq!(offend(&bans, "203.0.113.7", Offence::NotFound, 10, at(900)), None);
    assert!(offend(&bans, "203.0.113.7", Offence::NotFound, 1, at(900)).is_some());
}

#[test]
fn bans_last_as_long_as_they_say_beyond_a_day_too() {
    let bans = Bans::default();
    assert!(offend(&bans, "203.0.113.7", Offence::Nuisance, 1, START).is_some());
    for (seconds, admitted) in [(0, false), (86_399, false), (86_400, true), (90_000, true)] {
        assert_eq!(admits(&bans, "203.0.113.7", at(seconds)), admitted, "{seconds}");
    }
    // Each further one is longer; the predecessor counted seconds within a day only.
    let mut now = START.plus_ms(DAY_MS);
    for days in [2, 4, 8, 16, 32, 64, 64] {
        let ban = offend(&bans, "203.0.113.7", Offence::Nuisance, 1, now).unwrap();
        assert_eq!(ban.until, Some(now.plus_ms(days * DAY_MS)));
        assert!(!admits(&bans, "203.0.113.7", now.plus_ms(days * DAY_MS - 1)));
        now = now.plus_ms(days * DAY_MS);
        assert!(admits(&bans, "203.0.113.7", now), "{days}");
    }
    // A month of peace makes it a first ban again.
    let later = now.plus_ms(BAN_MEMORY_MS + 1);
    bans.sweep(&IpBan::default(), later);
    assert_eq!(offend(&bans, "203.0.113.7", Offence::Nuisance, 1, later).unwrap().times, 1);
    let policy = IpBan { ban_seconds: 0, ..IpBan::default() };
    let ban = bans.offend(ip("203.0.113.8"), Offence::Nuisance, &policy, START, || false).unwrap();
    assert_eq!(ban.until, None);
    assert!(!admits(&bans, "203.0.113.8", Timestamp(i64::MAX)));
}

#[test]
fn some_are_never_banned() {
    let bans = Bans::default();
    let list = |text: &str| vec![network(text)];
    let policy = IpBan {
        allow: list("203.0.113.0/28"),
        trusted_proxies: list("198.51.100.1"),
        ..IpBan::default()
    };
    let banned = |from: &str, offence| {
        (0..50).any(|_| bans.offend(ip(from), offence, &policy, START, || false).is_some())
    };
    for safe in ["127.0.0.1", "127.9.9.9", "::1", "203.0.113.7", "198.51.100.1", "::ffff:127.0.0.1"]
    {
        assert!(!banned(safe, Offence::Nuisance) && !banned(safe, Offence::SignIn), "{safe}");
    }
    for lan in ["192.168.1.5", "10.0.0.3", "fd00::7", "fe80::1", "100.64.0.1"] {
        assert!(!banned(lan, Offence::NotFound) && !banned(lan, Offence::Nuisance), "{lan}");
    }
    assert!(banned("192.168.1.5", Offence::SignIn), "guessing counts at home too");
    assert!(banned("203.0.113.77", Offence::Nuisance));
    // By hand either.
    for safe in
        ["127.0.0.1", "127.0.0.0/8", "0.0.0.0/0", "::/0", "203.0.113.0/24", "203.0.113.3", "::1"]
    {
        let refused = bans.ban(network(safe), None, "", "anna", &policy, START);
        assert!(matches!(refused, Err(StoreError::Refused(PROTECTED))), "{safe}");
    }
    let off = IpBan { ban_count: 0, ..IpBan::default() };
    assert_eq!(bans.offend(ip("203.0.113.9"), Offence::Nuisance, &off, START, || false), None);
    assert_eq!(bans.offend(ip("203.0.113.9"), Offence::Nuisance, &policy, START, || true), None);
}

#[test]
fn agents_can_always_post() {
    let (_directory, store) = store();
    store
        .write(|tx| {
            tx.put_agent(&Agent {
                uid: "A".into(),
                address: "203.0.113.7".into(),
                ..Agent::default()
            })
        })
        .unwrap();
    let policy = IpBan::default();
    let bans = Bans::load(&store, &policy).unwrap();
    assert_eq!(offend(&bans, "203.0.113.7", Offence::Key, 100, START), None);
    assert_eq!(offend(&bans, "203.0.113.7", Offence::NotFound, 100, START), None);
    assert!(offend(&bans, "203.0.113.7", Offence::SignIn, 10, START).is_some());
    assert!(bans.admits(ip("203.0.113.7"), true, &policy, START));
    assert!(!bans.admits(ip("203.0.113.7"), false, &policy, START));
    assert!(offend(&bans, "203.0.113.8", Offence::Key, 10, START).is_some());
    bans.agent_seen(ip("203.0.113.8"));
    assert!(bans.admits(ip("203.0.113.8"), true, &policy, START));
}

#[test]
fn ranges_and_lists_shut_out_too() {
    let bans = Bans::default();
    let policy = IpBan::default();
    let ban = |text: &str| bans.ban(network(text), Some(60), "rude", "anna", &policy, START);
    ban("203.0.113.0/24").unwrap();
    ban("2001:db8:1::/48").unwrap();
    ban("2001:db8:2::99").unwrap();
    for (address, admitted) in [
        ("203.0.113.255", false),
        ("203.0.114.0", true),
        ("2001:db8:1:ffff::1", false),
        ("2001:db8:2::1", false),
        ("2001:db8:2:1::1", true),
    ] {
        assert_eq!(admits(&bans, address, START), admitted, "{address}");
        assert!(admits(&bans, address, at(60)));
    }
    assert_eq!(bans.list(START).len(), 3);
    assert!(bans.unban(network("203.0.113.0/24")).is_some());
    assert!(bans.unban(network("203.0.113.0/24")).is_none());
    assert!(bans.unban(network("2001:db8:2::1")).is_some(), "any address of the /64");
    assert!(admits(&bans, "203.0.113.255", START));
    bans.set_listed([ip("198.51.100.9"), ip("2001:db8:7::1")]);
    assert!(!admits(&bans, "198.51.100.9", START) && !admits(&bans, "2001:db8:7::2", START));
    bans.set_listed([]);
    assert!(admits(&bans, "198.51.100.9", START));
    for n in 0..BAN_RANGES_MAX {
        let _ = ban(&format!("10.{}.{}.0/24", n / 256, n % 256));
    }
    assert!(matches!(ban("11.0.0.0/24"), Err(StoreError::Refused(TOO_MANY_RANGES))));
}

#[test]
fn one_customer_of_ipv6_is_one() {
    let bans = Bans::default();
    for n in 1..10_u16 {
        let from = format!("2001:db8:5:5:{n:x}::{n:x}");
        assert_eq!(offend(&bans, &from, Offence::SignIn, 1, START), None);
    }
    assert!(offend(&bans, "2001:db8:5:5::abcd", Offence::SignIn, 1, START).is_some());
    assert!(!admits(&bans, "2001:db8:5:5:ffff:ffff:ffff:ffff", START));
    assert!(admits(&bans, "2001:db8:5:6::1", START));
}

#[test]
fn bans_outlive_a_restart_when_they_may() {
    let (_directory, store) = store();
    let policy = IpBan::default();
    let bans = Bans::load(&store, &policy).unwrap();
    offend(&bans, "203.0.113.7", Offence::Nuisance, 1, START).unwrap();
    bans.ban(network("198.51.100.0/24"), None, "x", "anna", &policy, START).unwrap();
    assert!(bans.has_changes());
    let written = store.write(|tx| bans.save(tx, &policy)).unwrap();
    bans.saved(&written);
    assert!(!bans.has_changes());

    let again = Bans::load(&store, &policy).unwrap();
    assert_eq!(again.list(START), bans.list(START));
    // A second ban remembers the first, and days pass while the box is off.
    let later = START.plus_ms(3 * DAY_MS);
    assert!(admits(&again, "203.0.113.7", later) && !admits(&again, "198.51.100.7", later));
    let second = offend(&again, "203.0.113.7", Offence::Nuisance, 1, later).unwrap();
    assert_eq!(second.until, Some(later.plus_ms(2 * DAY_MS)));
    again.unban(network("198.51.100.0/24")).unwrap();
    store.write(|tx| again.save(tx, &policy)).unwrap();
    assert_eq!(store.read(ReadTx::bans).unwrap().len(), 1);

    let forgetful = IpBan { persist: false, ..IpBan::default() };
    assert!(Bans::load(&store, &forgetful).unwrap().list(later).is_empty());
    assert!(store.read(ReadTx::bans).unwrap().is_empty());
    offend(&again, "203.0.113.99", Offence::Nuisance, 1, later).unwrap();
    store.write(|tx| again.save(tx, &forgetful)).unwrap();
    assert!(store.read(ReadTx::bans).unwrap().is_empty());
}

#[test]
fn memory_is_bounded() {
    let bans = Bans::default();
    for n in 0..3 * SUSPECTS_MAX as u32 {
        let from = IpAddr::from((0x0b00_0000 + n).to_be_bytes());
        bans.offend(from, Offence::NotFound, &IpBan::default(), at(i64::from(n)), || false);
    }
    assert!(bans.lock().suspects.len() <= SUSPECTS_MAX);
    let forever = bans.ban(network("203.0.113.7"), None, "", "", &IpBan::default(), START).unwrap();
    for n in 0..2 * BANS_MAX as u32 {
        let from = IpAddr::from((0x0b00_0000 + n).to_be_bytes());
        bans.offend(from, Offence::Nuisance, &IpBan::default(), at(i64::from(n)), || false);
    }
    let state = bans.lock();
    assert!(state.hosts.len() <= BANS_MAX && state.hosts.contains_key(&forever.network));
    drop(state);
    for n in 0..2 * BAN_AGENTS_MAX as u32 {
        bans.agent_seen(IpAddr::from((0x0b00_0000 + n).to_be_bytes()));
    }
    assert_eq!(bans.lock().agents.len(), BAN_AGENTS_MAX);
}

#[test]
fn a_clock_set_back_counts_afresh() {
    let bans = Bans::default();
    assert_eq!(offend(&bans, "203.0.113.7", Offence::NotFound, 19, START), None);
    assert_eq!(offend(&bans, "203.0.113.7", Offence::NotFound, 19, at(-1_000_000)), None);
    for now in [Timestamp(i64::MIN), Timestamp(0), Timestamp(i64::MAX)] {
        let _ = offend(&bans, "203.0.113.9", Offence::NotFound, 30, now);
        let _ = admits(&bans, "203.0.113.9", now);
    }
}

#[test]
fn administrators_are_known_by_their_sessions() {
    let (_directory, store) = store();
    let (owner, viewer) = store
        .write(|tx| {
            let make = |name: &str, role| super::super::users::create(tx, new(name, role), START);
            Ok((make("owner", Role::Super)?, make("vera", Role::Viewer)?))
        })
        .unwrap();
    let session = |hash: u8, user, address: &str| Session {
        hash: [hash; 32],
        user,
        created_at: START,
        last_used: START,
        address: address.into(),
        agent: String::new(),
    };
    store
        .write(|tx| {
            tx.put_session(&session(1, owner.id, "2001:db8:9::5"))?;
            tx.put_session(&session(2, viewer.id, "203.0.113.9"))
        })
        .unwrap();
    let serves = |address: &str| store.read(|tx| serves_an_admin(tx, ip(address))).unwrap();
    assert!(serves("2001:db8:9::77"));
    assert!(!serves("203.0.113.9") && !serves("203.0.113.10"));
}
