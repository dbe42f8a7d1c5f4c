//! Counters: late reads, removals, quarters of hours, renewal.

use super::*;
use crate::model::capture::{CaptureDetail, CaptureKind, ImageSet, Vehicle};
use crate::store::{Store, StoreOptions};

const HOUR: i64 = 3_600_000;
const DAY: i64 = 24 * HOUR;
/// Midnight UTC.
const START: i64 = 1_787_270_400_000;

fn capture(store: &Store, at: i64, region: &str) -> Capture {
    Capture {
        key: store.allocate_key(Timestamp(at)),
        kind: CaptureKind::Plate,
        agent_uid: "A".into(),
        camera_id: 1,
        uuid: String::new(),
        captured_at: Timestamp(at),
        ended_at: Timestamp(at),
        received_at: Timestamp(at),
        plate: None,
        plate_text: String::new(),
        confidence: 90.0,
        region: region.into(),
        region_confidence: 0.0,
        country: "us".into(),
        direction: None,
        vehicle: Vehicle::default(),
        flags: crate::model::capture::Flags(0),
        images: ImageSet(0),
        reads: 1,
        frame: (0, 0),
    }
}

fn filled(times: &[i64]) -> (tempfile::TempDir, Store) {
    let directory = tempfile::tempdir().unwrap();
    let store = Store::open(directory.path(), StoreOptions::default()).unwrap();
    for (number, at) in times.iter().enumerate() {
        let capture = capture(&store, *at, if number % 3 == 0 { "us-nv" } else { "us-ca" });
        store.write(|tx| tx.insert_capture(&capture, &CaptureDetail::default())).unwrap();
    }
    (directory, store)
}

#[test]
fn rows_come_back() {
    let quarters: BTreeMap<u8, u64> =
        [(0, 1), (7, 127), (8, 128), (40, 300_000), (95, u64::MAX >> 1)].into();
    let row = Day::write(&quarters);
    let day = Day::read(&row).unwrap();
    assert_eq!(day.total, quarters.values().sum::<u64>());
    assert_eq!(day.quarters().collect::<BTreeMap<u8, u64>>(), quarters);
    for damaged in [&[][..], &[2, 0, 0, 0, 0, 0, 0, 0, 0], &[1, 0]] {
        assert!(Day::read(damaged).is_err());
    }
    // A row cut off in the middle of a count ends early.
    assert_eq!(Day::read(&row[..row.len() - 1]).unwrap().quarters().count(), 4);
}

#[test]
fn counts_are_exact_to_the_quarter_whatever_the_boundaries() {
    let times: Vec<i64> = (0..400).map(|n| START - DAY + n * n * 7_013 % (3 * DAY)).collect();
    let (_directory, store) = filled(&times);
    store
        .read(|tx| {
            for from in (0..30).map(|n| START - 2 * DAY + n * 5 * QUARTER_MS) {
                for length in [0, QUARTER_MS, 5 * QUARTER_MS, DAY, DAY + QUARTER_MS, 9 * DAY] {
                    let until = from + length;
                    let inside = |at: &&i64| (from..until).contains(*at);
                    let expected = times.iter().filter(inside).count() as u64;
                    let (from, until) = (Timestamp(from), Timestamp(until));
                    assert_eq!(tx.count(Dimension::Kind, None, from, until)?, expected);
                    assert_eq!(tx.count(Dimension::Kind, Some("plate"), from, until)?, expected);
                    let ranked = tx.ranking(Dimension::Region, from, until)?;
                    assert_eq!(ranked.iter().map(|row| row.1).sum::<u64>(), expected);
                    assert!(ranked.is_sorted_by(|a, b| a.1 >= b.1));
                    let mut quarters = 0;
                    tx.each_quarter(Dimension::Camera, Some("A/1"), from, until, |at, count| {
                        assert!(from <= at && at < until);
                        quarters += count;
                    })?;
                    assert_eq!(quarters, expected);
                }
            }
            let boundaries: Vec<Timestamp> =
                (0..40).map(|n| Timestamp(START - 2 * DAY + n * 11 * QUARTER_MS)).collect();
            let series = tx.series(Dimension::Kind, None, &boundaries)?;
            for (pair, count) in boundaries.windows(2).zip(series) {
                assert_eq!(count, tx.count(Dimension::Kind, None, pair[0], pair[1])?);
            }
            assert!(tx.series(Dimension::Kind, Some("none"), &boundaries)?.iter().all(|n| *n == 0));
            assert!(tx.series(Dimension::Kind, None, &[])?.is_empty());
            Ok(())
        })
        .unwrap();
}

#[test]
fn what_goes_is_taken_back_and_a_recount_agrees() {
    let times: Vec<i64> = (0..60).map(|n| START + n * 47 * 60_000).collect();
    let (_directory, store) = filled(&times);
    let day = |tx: &ReadTx| {
        let until = Timestamp(START + 3 * DAY);
        Ok((
            tx.ranking(Dimension::Region, Timestamp(START), until)?,
            tx.count(Dimension::Alert, Some("rekor"), Timestamp(START), until)?,
        ))
    };
    store
        .write(|tx| {
            let first = tx.captures_between(Timestamp(START), Timestamp(START + 1), 1)?;
            tx.delete_capture(first[0].key)?;
            tx.put_rekor_alert(&crate::model::agent::RekorAlert {
                key: CaptureKey::new(Timestamp(START + HOUR), 9),
                capture: CaptureKey(0),
                raised_at: Timestamp(START + HOUR),
                list: "L".into(),
                list_id: None,
                list_kind: crate::model::agent::ListKind::OnList,
                description: String::new(),
                plate: "ABC".into(),
                site: String::new(),
            })
        })
        .unwrap();
    let counted = store.read(day).unwrap();
    assert_eq!(counted.0.iter().map(|row| row.1).sum::<u64>(), 59);
    assert_eq!(counted.1, 1);
    store
        .write(|tx| {
            tx.table(DAYS)?.retain(|_, _| false)?;
            tx.table(HOURS_AND_DAYS)?.insert((1, 0, 1, 0), 5)?;
            recount(tx)
        })
        .unwrap();
    assert_eq!(store.read(day).unwrap(), counted);
    // There is nothing left to drop, which is fine.
    store.write(|tx| tx.delete_table(HOURS_AND_DAYS)).unwrap();
}
