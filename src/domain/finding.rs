//! Going through everything a search finds, a piece at a time.

use crate::model::capture::{Capture, CaptureKey};
use crate::model::query::Query;
use crate::store::{Store, StoreError};

/// All captures that match `query`, newest first, at most `limit`, in bounded memory. With `before`
/// only those below that key: a walk that was broken off goes on from the last key it gave.
///
/// Each piece is a search of its own, so that a long walk holds no snapshot: reads that arrive
/// meanwhile are newer than where the walk is, or late ones that it finds when it comes there. The
/// walk ends after the first error.
pub fn scan<'a>(
    store: &'a Store,
    query: &'a Query,
    before: Option<CaptureKey>,
    limit: u64,
) -> Scan<'a> {
    Scan { store, query, before, rows: Vec::new().into_iter(), left: limit, last: false }
}

/// See [`scan`].
pub struct Scan<'a> {
    store: &'a Store,
    query: &'a Query,
    before: Option<CaptureKey>,
    rows: std::vec::IntoIter<Capture>,
    left: u64,
    /// Nothing follows the rows at hand.
    last: bool,
}

impl Iterator for Scan<'_> {
    type Item = Result<Capture, StoreError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.left == 0 {
            return None;
        }
        if self.rows.as_slice().is_empty() {
            if self.last {
                return None;
            }
            match self.store.search_on(self.query, self.before) {
                Ok(page) => {
                    self.last = page.next.is_none();
                    self.before = page.next;
                    self.rows = page.rows.into_iter();
                }
                Err(error) => {
                    self.left = 0;
                    return Some(Err(error));
                }
            }
        }
        self.left -= 1;
        self.rows.next().map(Ok)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::clock::Timestamp;
    use crate::model::capture::{CaptureDetail, CaptureKind, Flags, ImageSet, Vehicle};
    use crate::store::StoreOptions;

    fn capture(store: &Store, number: i64) -> Capture {
        let time = Timestamp(1_700_000_000_000 + number * 1000);
        Capture {
            key: store.allocate_key(time),
            kind: CaptureKind::Plate,
            agent_uid: "A".into(),
            camera_id: number % 3,
            uuid: String::new(),
            captured_at: time,
            ended_at: time,
            received_at: time,
            plate: crate::model::plate::Plate::parse(&format!("AB{number}")),
            plate_text: String::new(),
            confidence: 90.0,
            region: String::new(),
            region_confidence: 0.0,
            country: String::new(),
            direction: None,
            vehicle: Vehicle::default(),
            flags: Flags::default(),
            images: ImageSet::default(),
            reads: 1,
            frame: (0, 0),
        }
    }

    #[test]
    fn a_walk_sees_everything_once_while_reads_arrive() {
        let directory = tempfile::tempdir().unwrap();
        let store = Store::open(directory.path(), StoreOptions::default()).unwrap();
        let insert = |from: i64, to: i64| {
            store.write(|tx| {
                (from..to).try_for_each(|number| {
                    tx.insert_capture(&capture(&store, number), &CaptureDetail::default())
                })
            })
        };
        insert(0, 2500).unwrap();
        let query = Query::default();
        let mut seen: Vec<i64> = Vec::new();
        for (number, row) in scan(&store, &query, None, u64::MAX).enumerate() {
            seen.push(row.unwrap().captured_at.since(Timestamp(1_700_000_000_000)) / 1000);
            if number == 1200 {
                insert(2500, 2600).unwrap();
            }
        }
        assert_eq!(seen, (0..2500).rev().collect::<Vec<_>>());
        let first: Vec<Capture> =
            scan(&store, &query, None, 1100).collect::<Result<_, _>>().unwrap();
        assert_eq!(first.len(), 1100);
        let rest = scan(&store, &query, first.last().map(|row| row.key), u64::MAX).count();
        assert_eq!(rest, 1500);
    }
}
