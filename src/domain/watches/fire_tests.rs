//! Reads against watches, through the function that records them.

use super::*;
use crate::domain::captures::{self, Outcome};
use crate::domain::outbox::NOTICES;
use crate::domain::users::tests::HASH;
use crate::domain::{known_plates, users};
use crate::model::agent::{ListKind, Payload, RekorAlert};
use crate::model::capture::{
    Capture, CaptureDetail, CaptureKey, CaptureKind, Flags, Guess, ImageSet, NewCapture, Vehicle,
};
use crate::model::known_plate::PlateTag;
use crate::model::notice::Notice;
use crate::model::password_hash::PasswordHash;
use crate::model::plate::Plate;
use crate::model::saved_search::SearchQuery;
use crate::model::user::{Email, Role, Username};
use crate::model::watch::tests_support::watch;
use crate::model::watch::{ALL_DAYS, PlatePattern, Silence, Target};
use crate::store::Store;

/// Monday, 21 September 2026, 13:46:40 UTC.
const NOON: i64 = 1_789_998_400_000;

/// An empty store that records.
pub(super) fn store() -> (tempfile::TempDir, Store) {
    let directory = tempfile::tempdir().unwrap();
    let options = crate::store::StoreOptions::default();
    let store = captures::open(directory.path(), options).unwrap();
    (directory, store)
}

/// Read `n` of `plate`, some minutes after noon.
pub(super) fn capture(n: u64, plate: &str, minutes: i64) -> NewCapture {
    let at = Timestamp(NOON + minutes * 60_000);
    let guess = |name: &str| Some(Guess { name: name.to_owned(), confidence: 90.0 });
    let colors = ["white", "black", "silver-gray"];
    let makes = ["ford", "bmw", "toyota", "kia"];
    let capture = Capture {
        key: CaptureKey(0),
        kind: if plate.is_empty() { CaptureKind::Vehicle } else { CaptureKind::Plate },
        agent_uid: "AGENT".to_owned(),
        camera_id: (n % 2) as i64,
        uuid: format!("AGENT-{n}"),
        captured_at: at,
        ended_at: at,
        received_at: at,
        plate: Plate::parse(plate),
        plate_text: plate.to_owned(),
        confidence: 60.0 + (n % 40) as f32,
        region: if n % 3 == 2 { "us-nh" } else { "us-ma" }.to_owned(),
        region_confidence: 80.0,
        country: "us".to_owned(),
        direction: Some((n * 37 % 360) as f32),
        vehicle: Vehicle {
            color: guess(colors[n as usize % 3]),
            make: guess(makes[n as usize % 4]),
            ..Vehicle::default()
        },
        flags: Flags::default(),
        images: ImageSet::default(),
        reads: 1,
        frame: (1920, 1080),
    };
    let candidates = vec![Guess { name: plate.replace('8', "B"), confidence: 40.0 }];
    let uuids = vec![capture.uuid.clone()];
    let detail = CaptureDetail { candidates, uuids, ..CaptureDetail::default() };
    NewCapture { capture, detail, images: Vec::new() }
}

pub(super) fn take(store: &Store, payload: Payload) -> Outcome {
    let mut entries = vec![captures::prepare(store, payload, "::1", Timestamp(NOON)).unwrap()];
    let journaled = store.journal(&mut entries).unwrap();
    store
        .record(&journaled, |tx| captures::record(tx, &entries[0].read, &journaled.places[0]))
        .unwrap()
}

fn read(store: &Store, new: NewCapture) -> CaptureKey {
    take(store, Payload::Capture(new)).key().unwrap()
}

fn flagged(mut new: NewCapture, flag: u16) -> NewCapture {
    new.capture.flags.set(flag, true);
    new
}

fn put(store: &Store, watches: &[Watch]) {
    store.write(|tx| watches.iter().try_for_each(|watch| tx.put_watch(watch))).unwrap();
}

fn matches(store: &Store, key: CaptureKey) -> Vec<(u32, Option<Silence>)> {
    let rows = store.read(|tx| tx.matches_of_capture(key)).unwrap();
    rows.iter().map(|row| (row.watch.0, row.silence)).collect()
}

/// Matches somebody is to be told of, in the order in which they were queued.
fn told(store: &Store) -> Vec<(u32, CaptureKey)> {
    store
        .read(|tx| {
            let mut told = Vec::new();
            for job in tx.due_jobs(NOTICES, Timestamp(i64::MAX), 1000)? {
                let notice: Notice = serde_json::from_slice(&job.payload).unwrap();
                let Notice::Match { id } = notice else { continue };
                let row = tx.watch_match(MatchId(id))?.unwrap();
                told.push((row.watch.0, row.capture));
            }
            Ok(told)
        })
        .unwrap()
}

fn of(owner: u32, watch: Watch) -> Watch {
    Watch { owner: UserId(owner), ..watch }
}

fn search(id: u32, text: &str) -> Watch {
    Watch { target: Target::Search(SearchQuery::parse(text.into()).unwrap()), ..watch(id, "X") }
}

fn alike(id: u32, pattern: &str) -> Watch {
    let pattern = PlatePattern::parse(pattern).unwrap();
    Watch { target: Target::Plate { pattern, look_alike: true }, ..watch(id, "X") }
}

#[test]
fn every_watch_of_every_user_fires() {
    let (_directory, store) = store();
    put(
        &store,
        &[
            of(1, watch(1, "8KX417")),
            of(2, watch(2, "8KX417")),
            of(2, watch(3, "8K*")),
            of(3, watch(4, "*4?7")),
            of(3, alike(5, "BKX4I7")),
            of(1, search(6, "make:bmw -color:white")),
            of(1, watch(7, "9*")),
            of(1, search(8, "make:kia")),
            of(1, watch(9, "*")),
        ],
    );
    let key = read(&store, capture(1, "8KX417", 0));
    let expected: Vec<(u32, Option<Silence>)> =
        [1, 2, 3, 4, 5, 6, 9].map(|watch| (watch, None)).into();
    assert_eq!(matches(&store, key), expected);
    assert_eq!(told(&store).len(), 7);
    // The same read again changes nothing.
    read(&store, capture(1, "8KX417", 0));
    assert_eq!((matches(&store, key).len(), told(&store).len()), (7, 7));
    let vehicle = read(&store, capture(5, "", 1));
    assert_eq!(matches(&store, vehicle), [(6, None)], "no plate, but a vehicle");
}

#[test]
fn a_new_watch_counts_from_the_next_read_on() {
    let (_directory, store) = store();
    put(&store, &[watch(1, "AB1")]);
    read(&store, capture(1, "AB2", 0));
    put(&store, &[watch(2, "AB2")]);
    let key = read(&store, capture(2, "AB2", 1));
    assert_eq!(matches(&store, key), [(2, None)]);
    store.write(|tx| delete(tx, UserId(1), WatchId(2))).unwrap().unwrap();
    assert!(matches(&store, read(&store, capture(3, "AB2", 2))).is_empty());
    assert_eq!(matches(&store, key), [(2, None)], "its alerts stay");
    assert!(store.write(|tx| delete(tx, UserId(9), WatchId(1))).unwrap().is_none(), "another's");
}

#[test]
fn what_tells_nobody_stays_in_the_history() {
    let (_directory, store) = store();
    let region = |region_match| Watch {
        region: "us-nh".into(),
        region_match,
        ..watch(1 + u32::from(region_match), "A1")
    };
    put(&store, &[region(false), region(true), Watch { enabled: false, ..watch(3, "B1") }]);
    let other = read(&store, capture(1, "A1", 0));
    assert_eq!(matches(&store, other), [(1, None), (2, Some(Silence::Region))]);
    let same = read(&store, capture(2, "A1", 1));
    assert_eq!(matches(&store, same), [(1, None), (2, None)]);
    let off = read(&store, capture(3, "B1", 2));
    assert_eq!(matches(&store, off), [(3, Some(Silence::Off))]);
    let late = read(&store, flagged(capture(5, "A1", 3), Flags::LATE));
    assert_eq!(matches(&store, late)[0], (1, Some(Silence::Late)));
    let parked = read(&store, flagged(capture(8, "A1", 4), Flags::PARKED));
    assert_eq!(matches(&store, parked)[0], (1, Some(Silence::Parked)));
    store
        .write(|tx| {
            let form = known_plates::KnownForm { ignored: Some(true), ..Default::default() };
            let wanted = known_plates::check(form).unwrap();
            let plate = Plate::parse("A1").unwrap();
            known_plates::save(tx, &plate, wanted, Author::default(), Timestamp(1))
        })
        .unwrap();
    let ignored = read(&store, capture(11, "A1", 5));
    assert_eq!(matches(&store, ignored)[0], (1, Some(Silence::Ignored)));
    assert_eq!(told(&store), [(1, other), (1, same), (2, same)]);
    let history = store.read(|tx| tx.matches_of_watch(WatchId(2), None, 50)).unwrap();
    assert_eq!(history.rows.len(), 5);
    let page = store.read(|tx| tx.match_page(UserId(1), &MatchFilter::default(), None, 50));
    assert_eq!(page.unwrap().rows.len(), 3, "alerts are what somebody was told of");
}

#[test]
fn quiet_periods_are_by_plate_and_camera() {
    let (_directory, store) = store();
    put(&store, &[Watch { quiet_minutes: 10, ..watch(1, "*") }]);
    let silence = |n: u64, plate: &str, minutes: i64| {
        matches(&store, read(&store, capture(n, plate, minutes)))[0].1
    };
    assert_eq!(silence(2, "A1", 0), None);
    assert_eq!(silence(4, "A1", 9), Some(Silence::Quiet));
    assert_eq!(silence(6, "B1", 9), None, "another plate");
    assert_eq!(silence(5, "A1", 9), None, "another camera");
    assert_eq!(silence(8, "A1", 10), None, "the period is over");
    assert_eq!(silence(10, "A1", 5), Some(Silence::Quiet), "reads come out of order");
    assert_eq!(told(&store).len(), 4);
}

#[test]
fn hours_are_those_of_the_owners_zone() {
    let (_directory, store) = store();
    let zones = ["", "America/Los_Angeles"];
    store
        .write(|tx| {
            for (number, zone) in zones.iter().enumerate() {
                let new = users::NewUser {
                    username: Username::parse(&format!("user{number}")).unwrap(),
                    email: Email::parse("a@example.org").unwrap(),
                    name: String::new(),
                    role: Role::Admin,
                    password_hash: PasswordHash::parse(HASH).unwrap(),
                    time_zone: (*zone).to_owned(),
                };
                users::create(tx, new, Timestamp(0))?;
            }
            tx.put_setting("general.time_zone", "Asia/Tokyo")
        })
        .unwrap();
    let hour =
        |id: u32, owner: u32, hour: u32| of(owner, Watch { hours: 1 << hour, ..watch(id, "A1") });
    // 13:46 UTC is 22:46 in Tokyo, the box's zone, and 6:46 in Los Angeles.
    put(&store, &[hour(1, 1, 22), hour(2, 1, 13), hour(3, 2, 6), hour(4, 2, 13)]);
    let day = |id: u32, days: u8| Watch { days, ..watch(id, "A1") };
    put(&store, &[day(5, 1), day(6, ALL_DAYS & !1)]);
    let key = read(&store, capture(1, "A1", 0));
    assert_eq!(matches(&store, key), [(1, None), (3, None), (5, None)]);
    let tomorrow = read(&store, capture(2, "A1", 2 * 60));
    assert_eq!(matches(&store, tomorrow), [(6, None)], "Tuesday in Tokyo, another hour everywhere");
}

#[test]
fn validity_and_cameras_limit_what_matches() {
    let (_directory, store) = store();
    let at = |minutes: i64| Some(Timestamp(NOON + minutes * 60_000));
    put(
        &store,
        &[
            Watch { valid_until: at(5), ..watch(1, "A1") },
            Watch { valid_from: at(5), ..watch(2, "A1") },
            Watch { cameras: vec!["AGENT/1".into()], ..watch(3, "A1") },
        ],
    );
    let early = read(&store, capture(2, "A1", 4));
    assert_eq!(matches(&store, early), [(1, None)]);
    let later = read(&store, capture(3, "A1", 5));
    assert_eq!(matches(&store, later), [(2, None), (3, None)]);
}

#[test]
fn plates_on_no_list_are_told() {
    let (_directory, store) = store();
    let unlisted = |id: u32, tag: &str| Watch {
        target: Target::Unlisted(PlateTag::parse(tag)),
        ..watch(id, "X")
    };
    let know = |plate: &str, tags: &str| {
        let form =
            known_plates::KnownForm { tags: Some(tags), name: Some("n"), ..Default::default() };
        let wanted = known_plates::check(form).unwrap();
        let plate = Plate::parse(plate).unwrap();
        store
            .write(|tx| {
                known_plates::save(tx, &plate, wanted.clone(), Author::default(), Timestamp(1))
            })
            .unwrap();
    };
    put(&store, &[unlisted(1, ""), unlisted(2, "staff"), watch(3, "W?"), watch(4, "*")]);
    put(&store, &[of(2, unlisted(5, ""))]);
    know("S1", "staff");
    know("V1", "van");
    let fired = |n: u64, plate: &str| -> Vec<u32> {
        matches(&store, read(&store, capture(n, plate, 0))).iter().map(|it| it.0).collect()
    };
    assert_eq!(fired(1, "U1"), [1, 2, 4, 5]);
    assert_eq!(fired(2, "S1"), [4]);
    assert_eq!(fired(3, "V1"), [2, 4]);
    assert_eq!(fired(4, "W1"), [3, 4, 5], "watched by its owner, not by the other");
    assert_eq!(fired(5, ""), [0_u32; 0], "a vehicle has no plate");
}

#[test]
fn a_final_read_tells_nobody_again() {
    let (_directory, store) = store();
    put(&store, &[watch(1, "A1"), watch(2, "A2")]);
    let preview = read(&store, flagged(capture(1, "A1", 0), Flags::PREVIEW));
    assert_eq!(told(&store), [(1, preview)]);
    let mut last = capture(2, "A1", 0);
    last.detail.uuids.push("AGENT-1".into());
    let key = read(&store, last);
    assert_eq!(told(&store), [(1, key)], "told once, about the read that stays");
    let report = store.read(|tx| report(tx, MatchId::of(WatchId(1), preview))).unwrap().unwrap();
    assert_eq!(report.capture.unwrap().key, key);
    // A better reading of the plate raises what it matches.
    read(&store, flagged(capture(5, "A1", 1), Flags::PREVIEW));
    let mut last = capture(6, "A2", 1);
    last.detail.uuids.push("AGENT-5".into());
    let key = read(&store, last);
    assert_eq!(matches(&store, key), [(1, None), (2, None)]);
}

#[test]
fn alerts_of_rekor_are_news_unless_late_or_parked() {
    let (_directory, store) = store();
    let alert = |n: u64, flag: u16| {
        let alert = RekorAlert {
            key: CaptureKey(0),
            capture: CaptureKey(0),
            raised_at: Timestamp(NOON + n as i64 * 1000),
            list: "Stolen".into(),
            list_id: None,
            list_kind: ListKind::OnList,
            description: String::new(),
            plate: "A1".into(),
            site: String::new(),
        };
        Payload::Alert { alert, group: Some(flagged(capture(n, "A1", 0), flag)) }
    };
    let jobs = || store.read(ReadTx::jobs_waiting).unwrap();
    take(&store, alert(1, 0));
    take(&store, alert(1, 0));
    assert_eq!(jobs(), 1, "the same alert is told once");
    take(&store, alert(2, Flags::LATE));
    take(&store, alert(3, Flags::PARKED));
    assert_eq!(jobs(), 1);
    // A watch can ask for the list.
    put(&store, &[search(1, "list:stolen")]);
    take(&store, alert(5, 0));
    assert_eq!((told(&store).len(), jobs()), (1, 3));
}

#[test]
fn only_those_who_see_an_alert_take_care_of_it() {
    let (_directory, store) = store();
    put(&store, &[Watch { contacts: vec![UserId(2)], ..watch(1, "A1") }]);
    let key = read(&store, capture(1, "A1", 0));
    let id = MatchId::of(WatchId(1), key);
    let by = |user: u32| Author { user: UserId(user), name: "<b>".into() };
    let try_one =
        |user: u32| store.write(|tx| acknowledge(tx, by(user), id, "=1+1", Timestamp(5))).unwrap();
    assert!(try_one(3).is_none());
    assert!(store.read(|tx| alert(tx, UserId(3), id)).unwrap().is_none());
    assert_eq!(try_one(2).unwrap().handled.unwrap().note, "=1+1");
    let open = |user: u32| store.read(|tx| tx.open_alerts(UserId(user), 9)).unwrap();
    assert_eq!((open(1), open(2)), (0, 0), "taken care of for all");
    assert!(store.write(|tx| reopen(tx, UserId(3), id)).unwrap().is_none());
    assert!(store.write(|tx| reopen(tx, UserId(1), id)).unwrap().is_some());
    assert_eq!((open(1), open(2), open(3)), (1, 1, 0));
}

#[test]
fn a_replay_of_the_journal_neither_loses_nor_doubles() {
    let directory = tempfile::tempdir().unwrap();
    let options = crate::store::StoreOptions::default;
    let store = captures::open(directory.path(), options()).unwrap();
    put(&store, &[watch(1, "A*"), of(2, Watch { quiet_minutes: 3, ..watch(2, "*") })]);
    for n in 0..20 {
        read(&store, capture(n, if n % 2 == 0 { "A1" } else { "B1" }, n as i64));
    }
    let state = |store: &Store| {
        let of = |watch| store.read(|tx| tx.matches_of_watch(WatchId(watch), None, 100)).unwrap();
        (of(1).rows, of(2).rows, told(store))
    };
    let before = state(&store);
    assert_eq!((before.0.len(), before.1.len()), (10, 20));
    // As after a kill: what was not made durable is only in the journal.
    std::mem::forget(store);
    let copy = tempfile::tempdir().unwrap();
    copy_all(directory.path(), copy.path());
    let store = captures::open(copy.path(), options()).unwrap();
    assert_eq!(state(&store), before);
}

fn copy_all(from: &std::path::Path, to: &std::path::Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy_all(&entry.path(), &target);
        } else {
            std::fs::copy(entry.path(), target).unwrap();
        }
    }
}
