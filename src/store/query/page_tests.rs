//! Searches that are stopped, and pages while others write.

use std::time::Duration;

use super::tests::{Dice, capture, grown, options, query};
use crate::model::capture::{Capture, CaptureDetail, CaptureKey, Guess, Vehicle};
use crate::model::query::{Attribute, AttributeMatch, PageRequest, Query, Total};
use crate::store::{IndexOptions, Store, StoreError, StoreOptions};

#[test]
fn a_slow_search_is_stopped_and_says_so() {
    grown(|store, _| {
        let directory = store.directory().to_owned();
        store.close().unwrap();
        let copy = tempfile::tempdir().unwrap();
        std::fs::copy(directory.join("records.redb"), copy.path().join("records.redb")).unwrap();
        let index = IndexOptions { deadline: Duration::ZERO, ..options().index };
        let slow = Store::open(copy.path(), StoreOptions { index, ..options() }).unwrap();
        let request = PageRequest { limit: 50, before: None, total: true };
        let mut dice = Dice(0x51_0e);
        for _ in 0..100 {
            let query = query(&mut dice, 1_700_030_000_000);
            let whole = store.search(&query, request).unwrap();
            let page = slow.search(&query, request).unwrap();
            let Some(Total::Exact(all)) = whole.total else { panic!("{whole:?}") };
            match page.total.unwrap() {
                Total::Exact(total) => assert_eq!((total, page.stopped), (all, false)),
                Total::AtLeast(total) => assert!(total <= all && page.stopped, "{query:?}"),
            }
            assert!(page.rows.iter().all(|row| whole.rows.contains(row)));
        }
        let page = slow.search(&Query::default(), request).unwrap();
        assert!(page.stopped);
        let found = slow.search_on(&Query::default(), None).unwrap();
        assert_eq!(found.rows.len() as u64, store.figures().unwrap().captures);
    });
}

#[test]
fn pages_are_whole_while_reads_come_and_go() {
    let directory = tempfile::tempdir().unwrap();
    let store = Store::open(directory.path(), options()).unwrap();
    let mut dice = Dice(0xface);
    let mut fresh = |now: i64, color: &str| {
        let mut new = capture(&mut dice, now);
        new.vehicle.color = Some(Guess { name: color.into(), confidence: 1.0 });
        new.key = store.allocate_key(new.captured_at);
        new
    };
    let insert = |captures: &[Capture]| {
        let add = |new: &Capture, tx: &crate::store::WriteTx| {
            tx.insert_capture(new, &CaptureDetail::default())
        };
        store.write(|tx| captures.iter().try_for_each(|new| add(new, tx))).unwrap();
    };
    let first: Vec<Capture> =
        (0..300).map(|n| fresh(1_700_000_000_000 + n * 500, "white")).collect();
    insert(&first);
    let white =
        AttributeMatch { attribute: Attribute::Color, values: vec!["white".into()], not: false };
    let query = Query { attributes: vec![white], ..Query::default() };
    for round in 0..4 {
        let (mut keys, mut before) = (Vec::new(), None);
        loop {
            let request = PageRequest { limit: 7, before, total: true };
            let page = store.search(&query, request).unwrap();
            keys.extend(page.rows.iter().map(|row| row.key.0));
            // New reads, late ones among them, and others that are painted or go.
            let now = 1_700_000_200_000 + round * 100_000;
            let more: Vec<Capture> = (0..3).map(|_| fresh(now, "white")).collect();
            insert(&more);
            let black = Capture {
                vehicle: Vehicle {
                    color: Some(Guess { name: "black".into(), confidence: 1.0 }),
                    ..Vehicle::default()
                },
                ..more[0].clone()
            };
            store.write(|tx| tx.update_capture(&black, None)).unwrap();
            store.write(|tx| tx.delete_capture(more[1].key)).unwrap();
            before = page.next;
            if before.is_none() {
                break;
            }
        }
        assert!(keys.windows(2).all(|pair| pair[0] > pair[1]), "in order, each once");
        let missing = first.iter().filter(|row| !keys.contains(&row.key.0)).count();
        assert_eq!(missing, 0);
    }
}

#[test]
fn readers_never_see_half_a_commit() {
    let directory = tempfile::tempdir().unwrap();
    let store = Store::open(directory.path(), options()).unwrap();
    let done = std::sync::atomic::AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let mut dice = Dice(99);
            for round in 0..150 {
                // Each commit adds ten white ones, and paints ten older ones black and back.
                let write = store.write(|tx| {
                    for _ in 0..10 {
                        let mut new = capture(&mut dice, 1_700_000_000_000 + round * 1000);
                        new.vehicle.color = Some(Guess { name: "white".into(), confidence: 1.0 });
                        new.key = store.allocate_key(new.captured_at);
                        tx.insert_capture(&new, &CaptureDetail::default())?;
                    }
                    Ok(())
                });
                write.unwrap();
            }
            done.store(true, std::sync::atomic::Ordering::SeqCst);
        });
        let white = Query {
            attributes: vec![AttributeMatch {
                attribute: Attribute::Color,
                values: vec!["white".into()],
                not: false,
            }],
            ..Query::default()
        };
        let mut last = 0;
        while !done.load(std::sync::atomic::Ordering::SeqCst) {
            let page = store
                .search(&white, PageRequest { limit: 200, before: None, total: true })
                .unwrap();
            let Some(Total::Exact(total)) = page.total else { panic!("{page:?}") };
            assert!(total >= last && total % 10 == 0, "{total} after {last}");
            assert_eq!(page.rows.len() as u64, total.min(200));
            last = total;
        }
    });
}

#[test]
fn a_key_is_used_once() {
    let directory = tempfile::tempdir().unwrap();
    let store = Store::open(directory.path(), options()).unwrap();
    let new = capture(&mut Dice(7), 1_700_000_000_000);
    let insert = || store.write(|tx| tx.insert_capture(&new, &CaptureDetail::default()));
    insert().unwrap();
    assert!(matches!(insert(), Err(StoreError::Refused(_))));
    assert!(matches!(
        store.write(|tx| tx.update_capture(&Capture { key: CaptureKey(1), ..new.clone() }, None)),
        Err(StoreError::Refused(_))
    ));
}
