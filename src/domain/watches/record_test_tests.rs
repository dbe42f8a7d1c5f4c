//! The test of one read says what the search says.

use super::fire_tests::{capture, store, take};
use super::record_test::{Facts, RecordTest};
use super::searches::Names;
use crate::model::agent::Payload;
use crate::model::capture::CaptureDetail;
use crate::model::query::PageRequest;
use crate::model::saved_search::SearchQuery;

#[test]
fn one_read_is_judged_as_a_search_judges() {
    let (_directory, store) = store();
    let plates = ["8KX417", "8KX4I7", "", "7ABC", "B0B0", "ÖÄ12"];
    for n in 0..120 {
        take(&store, Payload::Capture(capture(n, plates[n as usize % 6], n as i64 * 7)));
    }
    let names = Names { cameras: vec![("AGENT/1".into(), "Gate".into())], agents: Vec::new() };
    let all = store
        .read(|tx| {
            tx.captures_between(
                crate::base::clock::Timestamp(0),
                crate::base::clock::Timestamp(i64::MAX / 2),
                500,
            )
        })
        .unwrap();
    assert_eq!(all.len(), 120);
    for text in [
        "8KX",
        "8K*",
        "~8KXA17",
        "~B0",
        "=8KX417",
        "8KX417~1",
        "-plate:8KX",
        "color:white",
        "-color:white,black make:ford",
        "camera:Gate",
        "region:us-nh",
        "direction:ne,e",
        "conf:>85",
        "conf:<70 make:kia",
        "kind:vehicle",
        "kind:plate -make:bmw",
        "candidate:BKX417",
        "-candidate:BKX417",
        "make:BMW color:silver-gray 8",
        "tag:staff",
        "-tag:staff",
        "country:us -region:us-ma",
    ] {
        let query = super::searches::understand(&SearchQuery::parse(text.into()).unwrap(), &names);
        let query = query.unwrap_or_else(|error| panic!("{text}: {error}"));
        let request = PageRequest { limit: 200, before: None, total: false };
        let found: Vec<_> =
            store.search(&query, request).unwrap().rows.iter().map(|row| row.key).collect();
        let test = RecordTest::new(query);
        let judged: Vec<_> = all
            .iter()
            .filter(|row| {
                let detail = store.read(|tx| tx.capture_detail(row.key)).unwrap();
                let detail: CaptureDetail = detail.unwrap_or_default();
                test.holds(&Facts::new(row, &detail, &[], &[]))
            })
            .map(|row| row.key)
            .collect();
        let sorted = |mut keys: Vec<_>| {
            keys.sort_unstable();
            keys
        };
        assert_eq!(sorted(judged), sorted(found), "{text}");
    }
}
