//! The dashboard and the live pages over the real server: at the turn of the year, with a new region,
//! with nothing at all, in zones whose days begin at odd hours, and without ignored plates.

use openalpr_webhook::base::clock::Timestamp;
use serde_json::{Value, json};

use crate::harness::Harness;
use crate::harness::html::unescape;
use crate::harness::payload::{NOON, alert, group, group_with, plate};

const DAY: i64 = 86_400_000;
/// From [`NOON`] to the harness's present.
const LATER: i64 = 3_600_000;

/// A group of `region`, captured at `at`.
fn read(number: u64, at: i64, region: &str) -> Value {
    group_with(
        number,
        &[
            ("epoch_start", json!(at)),
            ("epoch_end", json!(at + 900)),
            ("best_region", json!(region)),
        ],
    )
}

fn stats(harness: &Harness, query: &str) -> Value {
    harness.owner_api().get(&format!("/api/v1/stats{query}")).expect(200).json()
}

/// Moves the present to `to`.
fn turn(harness: &Harness, to: &str) {
    let to: jiff::Timestamp = to.parse().unwrap();
    harness.clock.advance_ms(to.as_millisecond() - harness.clock.now().ms());
}

#[test]
fn an_empty_box_has_every_range_and_figure() {
    let harness = Harness::start();
    let mut owner = harness.owner();
    for range in ["", "?range=today", "?range=week", "?range=month", "?range=year", "?range="] {
        let page = owner.get(&format!("/{range}")).expect(200).text();
        assert!(page.contains("Reads appear here") && !page.contains("NaN"), "{range}");
        assert_eq!(stats(&harness, range)["reads"]["count"], 0);
    }
    owner.get("/?range=decade").expect(400);
    harness.owner_api().get("/api/v1/stats?range=decade").expect(400);
    for page in ["/live", "/live/wall"] {
        assert!(owner.get(page).expect(200).text().contains("Reads appear here"), "{page}");
    }
}

#[test]
fn every_day_of_a_turning_year_has_a_dashboard() {
    let harness = Harness::start();
    harness.stored(&group(1));
    for (number, now) in (100..).zip([
        "2026-12-31T23:59:59.999Z",
        "2027-01-01T00:00:00Z",
        "2027-01-10T12:00:00Z",
        "2027-01-31T12:00:00Z",
        "2027-02-28T23:59:00Z",
        "2028-02-29T12:00:00Z",
        "2028-03-31T12:00:00Z",
    ]) {
        turn(&harness, now);
        // Sessions do not last that long.
        let mut owner = harness.owner();
        let at = harness.clock.now().ms() - 60_000;
        harness.stored(&read(number, at, "us-nv"));
        for range in ["today", "week", "month", "year"] {
            owner.get(&format!("/?range={range}")).expect(200);
            let year = stats(&harness, &format!("?range={range}"));
            assert_eq!(year["reads"]["months"].as_array().unwrap().len(), 12, "{now} {range}");
        }
        // The minute before New Year belongs to the old year.
        let expected = u64::from(now != "2027-01-01T00:00:00Z");
        assert_eq!(stats(&harness, "?range=today")["reads"]["count"], expected, "{now}");
    }
}

#[test]
fn a_region_that_is_new_this_month_breaks_nothing() {
    let harness = Harness::start();
    // One of last month, then more of this one, with regions of every doubtful kind.
    for (number, region) in (1..).zip(["us-ma", "us-ma", "us-nv", "eu", "", "us", "zz-qq", "ca-on"])
    {
        let back = if number == 1 { 31 * DAY } else { 0 };
        harness.stored(&read(number, NOON - back, region));
    }
    let figures = stats(&harness, "");
    assert_eq!(figures["reads"]["count"], 7);
    assert_eq!(figures["reads"]["before"], 1);
    assert_eq!(figures["second_region"]["count"], 1, "{figures}");
    assert_eq!(figures["regions"]["month"], "2025-02");
    assert_eq!(figures["regions"]["data"][0]["name"], "Massachusetts");
    let page = unescape(&harness.owner().get("/").expect(200).text());
    assert!(page.contains("+600 %") && page.contains("vs 1–14 February"), "{page}");
    assert!(page.contains("Reads by US state. Massachusetts 1."));
}

#[test]
fn events_count_when_they_happened_and_each_once() {
    let harness = Harness::start();
    for number in 1..=20 {
        harness.stored(&read(number, NOON - 40 * DAY, "us-ma"));
    }
    harness.post_read(&read(1, NOON - 40 * DAY, "us-ma")).expect(200);
    harness.post_read(&alert(30)).expect(200);
    harness.post_read(&alert(30)).expect(200);
    let figures = stats(&harness, "?range=year");
    assert_eq!(figures["reads"]["count"], 21);
    assert_eq!(
        figures["reads"]["months"].as_array().unwrap()[10..],
        [json!(20), json!(1)][..].to_vec()[..]
    );
    assert_eq!(
        (&figures["alerts"]["rekor"]["count"], &figures["alerts"]["custom"]["count"]),
        (&json!(1), &json!(0))
    );
    let page = harness.owner().get("/").expect(200).text();
    assert!(page.contains("1 Rekor") && !page.contains("0 custom"), "no number of what never was");
    assert!(page.contains("/alerts/rekor/"));
}

#[test]
fn days_begin_where_the_reader_lives() {
    let harness = Harness::start();
    let zoned = |zone: &str, count: u64, from: &str| {
        let mut owner = harness.owner();
        let email = ("email", "owner@example.org");
        owner.submit("/profile", "/profile", &[("time_zone", zone), email]).expect(303);
        let today = stats(&harness, "?range=today");
        assert_eq!(
            (today["reads"]["count"].as_u64(), &today["from"]),
            (Some(count), &json!(from)),
            "{zone}"
        );
        let page = unescape(&owner.get("/?range=today").expect(200).text());
        assert!(page.contains(&format!("data-stat=\"plates\">{count}<")), "{zone}: {page}");
        assert_eq!(
            today["hours_today"].as_array().unwrap().iter().filter_map(Value::as_u64).sum::<u64>(),
            count
        );
    };
    // Every half hour over two days around 2 November 2025, when New York turns its clocks back.
    turn(&harness, "2025-11-02T20:00:00Z");
    let now = harness.clock.now().ms();
    for number in 0..96 {
        harness.stored(&read(
            number + 1,
            now - 60_000 - i64::try_from(number).unwrap() * DAY / 48,
            "us-ny",
        ));
    }
    zoned("UTC", 40, "2025-11-02T00:00:00.000Z");
    zoned("Asia/Kolkata", 3, "2025-11-02T18:30:00.000Z");
    zoned("Asia/Kathmandu", 4, "2025-11-02T18:15:00.000Z");
    zoned("America/New_York", 32, "2025-11-02T04:00:00.000Z");
    zoned("Australia/Lord_Howe", 14, "2025-11-02T13:00:00.000Z");
    zoned("Pacific/Chatham", 20, "2025-11-02T10:15:00.000Z");
}

#[test]
fn ignored_plates_are_left_out_of_what_is_watched() {
    let harness = Harness::start();
    let mut owner = harness.owner();
    for number in 1..=3 {
        harness.stored(&group(number));
    }
    let page = format!("/plates/{}", plate(2));
    owner.submit(&page, &format!("{page}/ignore"), &[("ignored", "1")]).expect(303);
    for path in ["/", "/live", "/live/wall", "/live/recent"] {
        let text = owner.get(path).expect(200).text();
        assert!(text.contains(&plate(1)), "{path}");
        assert!(!text.contains(&plate(2)), "{path}: {text}");
    }
    let mut events = owner.listen("/live/stream", &[]);
    events.expect("hello");
    harness.stored(&group_with(5, &[("best_plate_number", json!(plate(2)))]));
    harness.stored(&group(6));
    // Reads from before may still be on their way to the stream.
    loop {
        let text = events.expect("read").json()["plate"]["text"].clone();
        assert_ne!(text, plate(2));
        if text == plate(6) {
            break;
        }
    }
}

#[test]
fn who_cannot_listen_may_ask() {
    let harness = Harness::start();
    let mut owner = harness.owner();
    harness.stored(&group(1));
    let answer = owner.get("/live/recent").expect(200);
    let tag = answer.header("etag").to_owned();
    assert_eq!(answer.json()["rows"][0]["plate"]["text"], plate(1));
    assert!(answer.json()["rows"][0]["time"]["exact"].as_str().unwrap().ends_with("UTC"));
    let again = owner.request("GET", "/live/recent", &[("If-None-Match", &tag)], b"").unwrap();
    assert_eq!((again.status, again.body.len()), (304, 0));
    harness.stored(&group(2));
    let more = owner.request("GET", "/live/recent", &[("If-None-Match", &tag)], b"").unwrap();
    assert_eq!(more.json()["rows"].as_array().unwrap().len(), 2);
    // A camera nobody knows, or one that could not be.
    owner.get("/live?camera=none%2F1").expect(400);
    owner.get(&format!("/live/stream?camera={}", "x".repeat(2000))).expect(400);
    let one = owner.get("/live/recent?camera=none%2F1").expect(200).json();
    assert!(one["rows"].as_array().unwrap().is_empty());
}

#[test]
fn the_present_quarter_counts() {
    let harness = Harness::start();
    harness.stored(&read(1, NOON + LATER - 1, "us-ma"));
    assert_eq!(harness.clock.now(), Timestamp(NOON + LATER));
    assert_eq!(stats(&harness, "?range=today")["reads"]["count"], 1);
    assert!(harness.owner().get("/").expect(200).text().contains("data-stat=\"plates\">1<"));
}
