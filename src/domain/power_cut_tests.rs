//! The power goes after any write or sync of a short day: every read that was acknowledged is
//! there, once, and its images open.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use super::captures::{self, Outcome};
use super::outbox::NOTICES;
use crate::base::clock::Timestamp;
use crate::model::agent::{Heartbeat, Payload};
use crate::model::capture::{
    Capture, CaptureDetail, CaptureKey, CaptureKind, Flags, ImageKind, ImageSet, Jpeg, NewCapture,
    Vehicle,
};
use crate::model::plate::Plate;
use crate::model::watch::WatchId;
use crate::model::watch::tests_support::watch;
use crate::store::identities::IdentityKind;
use crate::store::images::ImagesOptions;
use crate::store::tape::{Fate, Tape};
use crate::store::{Store, StoreError, StoreOptions};

const MORNING: i64 = 1_790_000_000_000;
const AGENT: &str = "AGENT";

fn options(tape: Option<Tape>) -> StoreOptions {
    let images = ImagesOptions { partition_bytes_max: 60_000, tape };
    // The cache is so small that pages are written before they are committed, too.
    StoreOptions { records_cache_bytes: 64 * 1024, images, ..StoreOptions::default() }
}

fn uuid(n: u64) -> String {
    format!("{AGENT}-camera-{n}")
}

fn jpeg(n: u64) -> Vec<u8> {
    (0..2_000 + n % 7 * 900).map(|i| (i.wrapping_mul(n * 2 + 77) >> 3) as u8).collect()
}

/// Read `n`; every fifth is a preview that the next one replaces, every seventh a parked car.
fn read(n: u64) -> Payload {
    let at = Timestamp(MORNING + n as i64 * 10_000);
    let mut flags = Flags::default();
    flags.set(Flags::PREVIEW, n.is_multiple_of(5));
    flags.set(Flags::PARKED, n.is_multiple_of(7));
    let plate = if n.is_multiple_of(7) { "PARKED".to_owned() } else { format!("T{n:05}") };
    let capture = Capture {
        key: CaptureKey(0),
        kind: CaptureKind::Plate,
        agent_uid: AGENT.to_owned(),
        camera_id: (n % 3) as i64,
        uuid: uuid(n),
        captured_at: at,
        ended_at: at,
        received_at: at,
        plate: Plate::parse(&plate),
        plate_text: plate,
        confidence: 91.5,
        region: "us-ma".to_owned(),
        region_confidence: 80.0,
        country: "us".to_owned(),
        direction: Some(12.0),
        vehicle: Vehicle::default(),
        flags,
        images: ImageSet::default(),
        reads: 1,
        frame: (1920, 1080),
    };
    let before = if n % 5 == 1 { vec![uuid(n - 1), uuid(n)] } else { vec![uuid(n)] };
    let raw = jpeg(n);
    let detail = CaptureDetail { uuids: before, raw, ..CaptureDetail::default() };
    let kinds = [ImageKind::Plate, ImageKind::Overview];
    let images =
        kinds.map(|kind| (kind, Jpeg { bytes: jpeg(n * 4 + kind as u64), width: 3, height: 2 }));
    Payload::Capture(NewCapture { capture, detail, images: images.to_vec() })
}

/// What was acknowledged, with the number of steps done by then.
#[derive(Default)]
struct Acknowledged {
    reads: Vec<(usize, u64, CaptureKey)>,
    settings: Vec<(usize, String)>,
    /// Steps done when the watch was kept.
    watched: usize,
}

fn take(store: &Store, payloads: Vec<Payload>) -> Result<Vec<Outcome>, StoreError> {
    let now = Timestamp(MORNING);
    let entries = payloads.into_iter().map(|one| captures::prepare(store, one, "::1", now));
    let mut entries = entries.collect::<Result<Vec<_>, _>>()?;
    let journaled = store.journal(&mut entries)?;
    store.record(&journaled, |tx| {
        let all = entries.iter().zip(&journaled.places);
        all.map(|(entry, places)| captures::record(tx, &entry.read, places)).collect()
    })
}

/// A day of `hours`: batches of reads, settings changed in between, records made durable now and
/// then, and a restart at noon.
fn day(directory: &Path, tape: &Tape, hours: u64) -> Acknowledged {
    let mut done = Acknowledged::default();
    let open = || captures::open(directory, options(Some(tape.clone()))).unwrap();
    let mut store = open();
    // Every read but previews and parked ones raises an alert.
    store.write(|tx| tx.put_watch(&watch(1, "T*"))).unwrap();
    done.watched = tape.len();
    let mut n = 1;
    for hour in 0..hours {
        let batch: Vec<u64> = (n..n + 1 + hour % 4).collect();
        n += batch.len() as u64;
        let outcomes = take(&store, batch.iter().map(|n| read(*n)).collect()).unwrap();
        for (n, outcome) in batch.iter().zip(outcomes) {
            done.reads.push((tape.len(), *n, outcome.key().unwrap()));
        }
        match hour % 6 {
            1 => {
                let heartbeat = Heartbeat { agent_uid: AGENT.into(), ..Heartbeat::default() };
                take(&store, vec![Payload::Heartbeat(heartbeat)]).unwrap();
            }
            3 => {
                store.write(|tx| tx.put_setting("test.hour", &hour.to_string())).unwrap();
                done.settings.push((tape.len(), hour.to_string()));
            }
            5 => store.settle().unwrap(),
            _ => {}
        }
        if hour == hours / 2 {
            store.close().unwrap();
            drop(store);
            store = open();
        }
    }
    // The last store is left as it is: its end would be written to the tape.
    std::mem::forget(store);
    done
}

/// Every acknowledged read that is watched has its match, once, and somebody is to be told of it.
fn check_alerts(store: &Store, done: &Acknowledged, steps: usize, cut: &str) {
    if steps < done.watched {
        return;
    }
    store
        .read(|tx| {
            let matches = tx.matches_of_watch(WatchId(1), None, 10_000)?.rows;
            let jobs = tx.due_jobs(NOTICES, Timestamp(i64::MAX), 10_000)?;
            let told: BTreeSet<String> = jobs.into_iter().map(|job| job.key).collect();
            for row in &matches {
                let told = told.contains(&format!("match/{}", row.id.0));
                assert!(told == row.silence.is_none(), "{cut}: {row:?} told: {told}");
            }
            assert_eq!(told.len(), matches.len(), "{cut}: news without a match");
            for (_, n, _) in done.reads.iter().take_while(|(at, ..)| *at <= steps) {
                if n.is_multiple_of(7) {
                    continue;
                }
                let known = tx.identity(AGENT, IdentityKind::Plate, &uuid(*n))?;
                let of = matches.iter().filter(|row| Some(row.capture) == known);
                assert_eq!(of.count(), 1, "{cut}: matches of read {n}");
            }
            Ok(())
        })
        .unwrap();
}

/// Opens what the cut after `steps` left, and looks for everything acknowledged until then.
fn check(directory: &Path, done: &Acknowledged, steps: usize, cut: &str) {
    let store = captures::open(directory, options(None)).unwrap_or_else(|e| panic!("{cut}: {e}"));
    let verified = store.verify().unwrap();
    assert!(verified.problems.is_empty(), "{cut}: {:?}", verified.problems);
    let mut images = 0;
    for (_, n, key) in done.reads.iter().take_while(|(at, ..)| *at <= steps) {
        store
            .read(|tx| {
                let known = tx.identity(AGENT, IdentityKind::Plate, &uuid(*n))?;
                let known = known.unwrap_or_else(|| panic!("{cut}: read {n} is lost"));
                let replaced = tx.superseded_by(*key)?;
                assert!(known == *key || replaced == Some(known), "{cut}: read {n} is another");
                let Some(capture) = tx.capture(known)? else { panic!("{cut}: read {n} is gone") };
                // A preview shows the images of its final read, a repeat those of its visit.
                let own = capture.uuid == uuid(*n);
                let detail = tx.capture_detail(known)?.unwrap_or_default();
                assert!(!own || detail.raw == jpeg(*n), "{cut}: detail of read {n}");
                for (kind, place) in tx.image_places(known)? {
                    let image = store.images().read(known, kind, &place)?;
                    let right = image.is_some_and(|i| !own || i == jpeg(n * 4 + kind as u64));
                    assert!(right, "{cut}: image of read {n}");
                    images += 1;
                }
                Ok(())
            })
            .unwrap();
    }
    let acknowledged = done.reads.iter().filter(|(at, ..)| *at <= steps).count();
    assert!(images >= acknowledged, "{cut}: {images} images");
    check_alerts(&store, done, steps, cut);
    let mut counts = BTreeMap::new();
    let all = (Timestamp(0), Timestamp(MORNING * 2));
    for row in store.read(|tx| tx.captures_between(all.0, all.1, 100_000)).unwrap() {
        *counts.entry(row.uuid).or_insert(0) += 1;
    }
    assert!(counts.values().all(|count| *count == 1), "{cut}: a read is there twice");
    let setting = store.read(|tx| tx.setting("test.hour")).unwrap().unwrap_or_default();
    let kept = done.settings.iter().rfind(|(at, _)| *at <= steps).map_or("", |(_, text)| text);
    let later = done.settings.iter().find(|(at, _)| *at > steps).map_or("", |(_, text)| text);
    assert!(setting == kept || setting == later, "{cut}: setting {setting:?}, not {kept:?}");
    // And it goes on: a resend changes nothing, a new read is taken.
    let again = take(&store, vec![read(1), read(9_001)]).unwrap();
    assert!(matches!(again[1], Outcome::Stored(_)), "{cut}: {again:?}");
    if acknowledged > 0 {
        assert!(matches!(again[0], Outcome::Duplicate(_)), "{cut}: {again:?}");
    }
}

/// Cuts a day of `hours` after every `stride`th step, in three ways each.
fn cut_everywhere(hours: u64, stride: usize) -> usize {
    let memory = Path::new("/dev/shm");
    let parent = if memory.is_dir() { memory.to_owned() } else { std::env::temp_dir() };
    let directory = tempfile::tempdir_in(&parent).unwrap();
    let tape = Tape::default();
    let done = day(directory.path(), &tape, hours);
    let mut cuts = 0;
    for steps in (0..=tape.len()).step_by(stride) {
        for fate in [Fate::Kept, Fate::Lost, Fate::Torn(steps as u64), Fate::Torn(!steps as u64)] {
            let cut = format!("{fate:?} after step {steps} of {}", tape.len());
            let after = tempfile::tempdir_in(&parent).unwrap();
            tape.cut(steps, fate, directory.path(), after.path());
            check(after.path(), &done, steps, &cut);
            cuts += 1;
        }
    }
    cuts
}

/// Details lie in the journal: they are carried over when their segment goes, and damage in one
/// costs its own alone.
#[test]
fn details_outlive_their_segment() {
    let directory = tempfile::tempdir().unwrap();
    let store = captures::open(directory.path(), options(None)).unwrap();
    let numbers = [1, 2, 3, 4, 6, 8, 9, 11];
    let outcomes = take(&store, numbers.iter().map(|n| read(*n)).collect()).unwrap();
    let keys: Vec<CaptureKey> = outcomes.iter().map(|outcome| outcome.key().unwrap()).collect();
    let raw_of = |store: &Store, key| {
        let detail = store.read(|tx| tx.capture_detail(key)).unwrap();
        detail.map(|detail| detail.raw)
    };
    let corrected = CaptureDetail { raw: vec![5], ..CaptureDetail::default() };
    store
        .write(|tx| {
            let capture = tx.capture(keys[0])?.unwrap();
            assert_eq!(tx.capture_detail(keys[0])?.unwrap().raw, jpeg(1));
            tx.update_capture(&capture, Some(&corrected))?;
            tx.delete_capture(keys[1]).map(drop)
        })
        .unwrap();
    for (n, key) in numbers.iter().zip(&keys).skip(2) {
        assert_eq!(raw_of(&store, *key), Some(jpeg(*n)));
    }
    // Damage one detail; the box starts, and only that one is lost.
    store.settle().unwrap();
    drop(store);
    let segment = directory.path().join("images/0001.seg");
    let mut bytes = std::fs::read(&segment).unwrap();
    let at = bytes.windows(99).position(|part| part == &jpeg(3)[..99]).unwrap();
    bytes[at + 50] ^= 1;
    std::fs::write(&segment, bytes).unwrap();
    let store = captures::open(directory.path(), options(None)).unwrap();
    assert_eq!(raw_of(&store, keys[2]), None);
    assert_eq!(store.verify().unwrap().problems.len(), 1);
    store.remove_partition(1).unwrap();
    assert!(!segment.exists());
    assert_eq!(raw_of(&store, keys[0]), Some(vec![5]));
    for (n, key) in numbers.iter().zip(&keys).skip(3) {
        assert_eq!(raw_of(&store, *key), Some(jpeg(*n)), "{n}");
    }
}

#[test]
fn a_power_cut_loses_nothing_acknowledged() {
    cut_everywhere(14, 7);
}

#[test]
#[ignore = "long: every step of a longer day"]
fn a_power_cut_anywhere_loses_nothing_acknowledged() {
    let cuts = cut_everywhere(60, 1);
    println!("{cuts} cuts");
}
