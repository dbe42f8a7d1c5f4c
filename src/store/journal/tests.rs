//! What stands in the journal becomes records again, once, whatever was lost of them.

use std::path::Path;

use super::*;
use crate::base::clock::Timestamp;
use crate::model::agent::{Heartbeat, ListKind, Payload, RekorAlert, Stream};
use crate::model::capture::{CaptureKey, ImageKind, Jpeg};
use crate::store::images::ImagesOptions;
use crate::store::{StoreOptions, codec};

const NOW: Timestamp = Timestamp(1_790_000_000_000);

/// A recorder that needs no rules: it counts the read and keeps its places.
fn note(tx: &WriteTx, read: &Read, places: &Places) -> Result<(), StoreError> {
    let Payload::Unknown(name) = &read.payload else {
        return Err(StoreError::Refused("a read of another kind"));
    };
    if name == "bad" {
        return Err(StoreError::Refused("on purpose"));
    }
    tx.bump(&format!("test/{name}"), 1);
    let number = name.parse().unwrap_or(0);
    tx.put_places(CaptureKey(number), places);
    Ok(())
}

fn options() -> StoreOptions {
    StoreOptions {
        images: ImagesOptions { partition_bytes_max: 100_000, ..ImagesOptions::default() },
        ..StoreOptions::default()
    }
}

fn open(directory: &Path) -> Store {
    Store::open_with(directory, options(), note).unwrap()
}

fn jpeg(n: u64) -> Jpeg {
    let bytes = (0..9_000_u64).map(|i| (i.wrapping_mul(n + 77) >> 3) as u8).collect();
    Jpeg { bytes, width: 4, height: 3 }
}

fn entry(name: &str) -> Entry {
    let read = Read {
        payload: Payload::Unknown(name.to_owned()),
        address: "192.0.2.1".to_owned(),
        received_at: NOW,
    };
    Entry::new(read, vec![(ImageKind::Vehicle, jpeg(name.parse().unwrap_or(0)))]).unwrap()
}

/// Takes the reads named `names` as ingest does.
fn take(store: &Store, names: &[&str]) -> Result<(), StoreError> {
    let mut entries: Vec<Entry> = names.iter().map(|name| entry(name)).collect();
    let journaled = store.journal(&mut entries)?;
    store.record(&journaled, |tx| {
        let mut all = entries.iter().zip(&journaled.places);
        all.try_for_each(|(entry, places)| note(tx, &entry.read, places))
    })
}

#[track_caller]
fn assert_once(store: &Store, names: &[&str]) {
    let mut expected: Vec<_> = names.iter().map(|name| (format!("test/{name}"), 1)).collect();
    expected.sort();
    assert_eq!(store.read(|tx| tx.tallies("test/")).unwrap(), expected);
    for name in names {
        let number = name.parse().unwrap();
        let key = CaptureKey(number);
        let place = store.read(|tx| tx.image_place(key, ImageKind::Vehicle)).unwrap().unwrap();
        let read = store.images().read(key, ImageKind::Vehicle, &place).unwrap();
        assert!(read == Some(jpeg(number).bytes), "{name}");
    }
}

/// Copies the directory as a crash would leave it: what the process has given to the kernel.
fn crash_copy(from: &Path) -> tempfile::TempDir {
    let to = tempfile::tempdir().unwrap();
    std::fs::create_dir(to.path().join("images")).unwrap();
    std::fs::copy(from.join("records.redb"), to.path().join("records.redb")).unwrap();
    for entry in std::fs::read_dir(from.join("images")).unwrap() {
        let entry = entry.unwrap();
        std::fs::copy(entry.path(), to.path().join("images").join(entry.file_name())).unwrap();
    }
    to
}

#[test]
fn what_a_crash_took_is_recorded_again_once() {
    let directory = tempfile::tempdir().unwrap();
    let store = open(directory.path());
    let names: Vec<String> = (1..=40).map(|n| n.to_string()).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    for (n, batch) in names.chunks(3).enumerate() {
        take(&store, batch).unwrap();
        // Visible at once.
        assert_once(&store, &names[..n * 3 + batch.len()]);
        if n == 5 {
            store.settle().unwrap();
        }
    }
    assert!(store.images().partitions().len() > 3, "several segments");
    let mut crashed = crash_copy(directory.path());
    drop(store);
    for _ in 0..2 {
        let store = open(crashed.path());
        assert_once(&store, &names);
        assert!(store.settle_due().is_none());
        let copy = crash_copy(crashed.path());
        drop(store);
        crashed = copy;
    }
    // Opened by somebody without rules, nothing is lost or passed over.
    let crashed = crash_copy(directory.path());
    let store = Store::open(crashed.path(), options()).unwrap();
    store.write(|tx| tx.put_setting("test.a", "b")).unwrap();
    drop(store);
    assert_once(&open(crashed.path()), &names);
}

#[test]
fn records_without_the_rules_are_not_passed_over() {
    let directory = tempfile::tempdir().unwrap();
    let store = open(directory.path());
    take(&store, &["1", "2"]).unwrap();
    let crashed = crash_copy(directory.path());
    let store = Store::open(crashed.path(), options()).unwrap();
    assert!(matches!(take(&store, &["3"]), Err(StoreError::Refused(_))));
    drop(store);
    assert_once(&open(crashed.path()), &["1", "2", "3"]);
}

#[test]
fn an_open_store_records_again_after_losing_its_handle() {
    let directory = tempfile::tempdir().unwrap();
    let store = open(directory.path());
    take(&store, &["1", "2"]).unwrap();
    store.reopen().unwrap();
    assert_once(&store, &["1", "2"]);
    take(&store, &["3"]).unwrap();
    assert_once(&store, &["1", "2", "3"]);
}

#[test]
fn the_journal_alone_makes_the_records_again() {
    let directory = tempfile::tempdir().unwrap();
    let store = open(directory.path());
    let names = ["1", "2", "3", "4", "5", "6", "7", "8", "9", "10", "11", "12", "13", "14"];
    take(&store, &names).unwrap();
    store.close().unwrap();
    drop(store);
    std::fs::remove_file(directory.path().join("records.redb")).unwrap();
    assert_once(&open(directory.path()), &names);
}

#[test]
fn a_read_that_cannot_be_recorded_does_not_keep_the_others() {
    let directory = tempfile::tempdir().unwrap();
    let store = open(directory.path());
    assert!(matches!(take(&store, &["1", "bad", "2"]), Err(StoreError::Refused(_))));
    let crashed = crash_copy(directory.path());
    assert_once(&open(crashed.path()), &["1", "2"]);
}

#[test]
fn damaged_and_missing_segments_cost_only_what_they_held() {
    let directory = tempfile::tempdir().unwrap();
    let store = open(directory.path());
    for n in 1..=30_u32 {
        take(&store, &[&n.to_string()]).unwrap();
    }
    let crashed = crash_copy(directory.path());
    drop(store);
    let segment = |n: u32| crashed.path().join(format!("images/{n:04}.seg"));
    std::fs::remove_file(segment(2)).unwrap();
    std::fs::write(segment(3), "no segment at all").unwrap();
    let store = open(crashed.path());
    let found = store.read(|tx| tx.tallies("test/")).unwrap().len();
    assert!((5..20).contains(&found), "{found}");
    assert_eq!(store.images().partitions().iter().filter(|info| info.damaged).count(), 1);
    take(&store, &["99"]).unwrap();
}

#[test]
fn partitions_with_unrecorded_reads_are_recorded_before_they_go() {
    let directory = tempfile::tempdir().unwrap();
    let store = open(directory.path());
    for n in 1..=15_u32 {
        take(&store, &[&n.to_string()]).unwrap();
    }
    assert!(store.remove_partition(1).unwrap() > 90_000);
    let crashed = crash_copy(directory.path());
    drop(store);
    let store = open(crashed.path());
    assert_eq!(store.read(|tx| tx.tallies("test/")).unwrap().len(), 15);
}

#[test]
fn one_process_at_a_time() {
    let directory = tempfile::tempdir().unwrap();
    let store = open(directory.path());
    let second = Store::open_with(directory.path(), options(), note);
    assert!(matches!(second.err(), Some(StoreError::Busy)));
    drop(store);
    open(directory.path());
}

#[test]
fn every_payload_comes_back() {
    let alert = RekorAlert {
        key: CaptureKey(9),
        capture: CaptureKey(0),
        raised_at: NOW,
        list: "Staff".into(),
        list_id: Some(4),
        list_kind: ListKind::OnList,
        description: "d".into(),
        plate: "ABC".into(),
        site: "s".into(),
    };
    let stream = |position| Stream {
        camera_id: 7,
        name: "Gate".into(),
        streaming: true,
        fps: 12.5,
        position,
    };
    let heartbeat = Heartbeat {
        agent_uid: "A".into(),
        hostname: "h".into(),
        version: "4".into(),
        kind: "k".into(),
        sent_at: NOW,
        streams: vec![stream(None), stream(Some((1.5, -2.5)))],
    };
    for payload in [
        Payload::Alert { alert, group: None },
        Payload::Heartbeat(heartbeat),
        Payload::Results,
        Payload::Test,
        Payload::Unknown("x".into()),
    ] {
        let read = Read { payload, address: "::1".into(), received_at: NOW };
        let mut writer = codec::Writer::new(1);
        entry::put_read(&mut writer, &read);
        let bytes = writer.finish();
        let mut reader = codec::Reader::new(&bytes).unwrap();
        assert_eq!(entry::read(&mut reader).unwrap().0, read);
        for end in 1..bytes.len() {
            assert!(entry::read(&mut codec::Reader::new(&bytes[..end]).unwrap()).is_err());
        }
    }
}
