use jiff::tz::TimeZone;

use super::*;
use crate::base::clock::Timestamp;

fn los_angeles() -> TimeZone {
    TimeZone::get("America/Los_Angeles").unwrap()
}

/// 2026-08-21T14:32:07.418-07:00.
const FRIDAY: Timestamp = Timestamp(1_787_347_927_418);

#[test]
fn numbers() {
    for (value, expected) in [
        (0, "0"),
        (999, "999"),
        (1000, "1,000"),
        (12_406, "12,406"),
        (1_284_551, "1,284,551"),
        (u64::MAX, "18,446,744,073,709,551,615"),
    ] {
        assert_eq!(number(value), expected);
    }
    assert_eq!(count(1, "read", "reads"), "1 read");
    assert_eq!(count(0, "read", "reads"), "0 reads");
}

#[test]
fn sizes() {
    for (value, expected) in [
        (0, "0 B"),
        (999, "999 B"),
        (1000, "1.0 KB"),
        (412_000, "412 KB"),
        (999_999, "1.0 MB"),
        (38_200_000_000, "38.2 GB"),
        (u64::MAX, "18447 PB"),
    ] {
        assert_eq!(bytes(value), expected, "{value}");
    }
    assert_eq!(bytes_of(38_200_000_000, 64_000_000_000), "38.2 of 64.0 GB");
    assert_eq!(bytes_of(412_000, 64_000_000_000), "412 KB of 64.0 GB");
}

#[test]
fn percentages_and_changes() {
    assert_eq!(percent(96.4), "96.4 %");
    assert_eq!(percent(98.0), "98 %");
    assert_eq!(percent(f32::NAN), "0 %");
    for (now, before, expected) in [
        (1064, 1000, Some(("+6.4 %", "up"))),
        (900, 1000, Some(("−10.0 %", "down"))),
        (1000, 1000, Some(("No change", "flat"))),
        (100_001, 100_000, Some(("No change", "flat"))),
        (5000, 1, Some(("+499,900 %", "up"))),
        (0, 10, Some(("−100 %", "down"))),
        (10, 0, None),
    ] {
        let found = change(now, before);
        assert_eq!(found.as_ref().map(|it| (it.text.as_str(), it.class)), expected);
    }
}

#[test]
fn times() {
    let zone = los_angeles();
    assert_eq!(clock(FRIDAY, &zone), "14:32:07");
    assert_eq!(clock_ms(FRIDAY, &zone), "14:32:07.418");
    assert_eq!(exact(FRIDAY, &zone), "Fri 21 Aug 2026, 14:32:07 PDT");
    assert_eq!(iso(FRIDAY, &zone), "2026-08-21T14:32:07-07:00");
    assert_eq!(date(FRIDAY, &zone), "21 Aug 2026");
    assert_eq!(zone_label(FRIDAY, &zone), "Los Angeles (PDT)");
    assert_eq!(zone_label(FRIDAY, &TimeZone::UTC), "UTC");
    assert_eq!(exact(FRIDAY, &TimeZone::UTC), "Fri 21 Aug 2026, 21:32:07 UTC");
    // Times far outside of what can be shown neither panic nor wrap.
    for wild in [i64::MIN, i64::MAX, -1] {
        assert!(!exact(Timestamp(wild), &zone).is_empty());
        assert!(!day(Timestamp(wild), FRIDAY, &zone).is_empty());
        assert!(!ago(Timestamp(wild), FRIDAY, &zone).is_empty());
    }
}

#[test]
fn days() {
    let zone = los_angeles();
    for (hours, expected) in [
        (0, "Today"),
        (14, "Today"),
        (15, "Yesterday"),
        (48, "Wed 19 Aug"),
        (24 * 400, "Thu 17 Jul 2025"),
    ] {
        assert_eq!(day(FRIDAY.plus_ms(-hours * 3_600_000), FRIDAY, &zone), expected, "{hours}");
    }
}

#[test]
fn ages() {
    let zone = los_angeles();
    for (seconds, expected) in [
        (-5, "just now"),
        (0, "just now"),
        (1, "1 second ago"),
        (59, "59 seconds ago"),
        (60, "1 minute ago"),
        (3599, "59 minutes ago"),
        (3600, "today 13:32 PDT"),
        (86_400, "yesterday 14:32 PDT"),
        (2 * 86_400, "Wed 19 Aug 14:32 PDT"),
    ] {
        assert_eq!(ago(FRIDAY.plus_ms(-seconds * 1000), FRIDAY, &zone), expected);
    }
}

#[test]
fn durations() {
    for (ms, expected) in [
        (18, "18 ms"),
        (602, "0.6 s"),
        (14_000, "14 s"),
        (200_000, "3 min"),
        (3 * 3_600_000, "3 h"),
        (200_000_000, "2 days"),
        (-602, "0.6 s"),
    ] {
        assert_eq!(duration(ms), expected);
    }
    assert!(duration(i64::MIN).ends_with("days"));
}

#[test]
fn vehicles() {
    for (name, expected) in [
        ("bmw_x3", "BMW X3"),
        ("toyota_rav4", "Toyota RAV4"),
        ("toyota_camry", "Toyota Camry"),
        ("ford_f-150", "Ford F-150"),
        ("ford_f150", "Ford F-150"),
        ("ford_focus", "Ford Focus"),
        ("ford_f", "Ford F"),
        ("honda_cr-v", "Honda CR-V"),
        ("mazda_cx-5", "Mazda CX-5"),
        ("tesla_model-3", "Tesla Model 3"),
        ("land-rover_range-rover", "Land Rover Range Rover"),
        ("mercedes-benz_c-class", "Mercedes-Benz C-Class"),
        ("kia_soul", "Kia Soul"),
        ("ford", "Ford"),
        ("", ""),
        ("_", ""),
    ] {
        assert_eq!(make_model(name).trim(), expected, "{name}");
    }
    for (name, expected) in [
        ("silver-gray", "Silver gray"),
        ("suv-crossover", "SUV crossover"),
        ("sedan-standard", "Sedan"),
        ("van-mini", "Minivan"),
        ("white", "White"),
        ("", ""),
        ("--", ""),
    ] {
        assert_eq!(word(name), expected, "{name}");
    }
    assert_eq!(lower_first("SUV crossover"), "SUV crossover");
    assert_eq!(lower_first("Motorcycle"), "motorcycle");
    assert_eq!(swatch("silver-gray"), "silver");
    assert_eq!(swatch("gold-beige"), "gold");
    assert_eq!(swatch("\"><script>"), "");
}

#[test]
fn headings() {
    for (degrees, expected) in [
        (0.0, "N"),
        (22.4, "N"),
        (22.6, "NE"),
        (90.0, "E"),
        (315.0, "NW"),
        (359.0, "N"),
        (-90.0, "W"),
        (720.0, "N"),
        (f32::NAN, "N"),
        (f32::INFINITY, "N"),
    ] {
        assert_eq!(heading(degrees).letters, expected, "{degrees}");
    }
}

#[test]
fn people() {
    for (name, expected) in [
        ("Mara Okafor", "MO"),
        ("mara", "M"),
        ("a.b-c", "AC"),
        ("", "?"),
        ("🚗", "?"),
        ("ß x", "SSX"),
    ] {
        assert_eq!(initials(name), expected, "{name}");
    }
    assert_eq!(spelled("8KX 4"), "8 K X   4");
}

#[test]
fn positions() {
    assert_eq!(position(37.4021, -122.07842), "37.40210, −122.07842");
    assert_eq!(geo(37.4021, -122.07842), "geo:37.40210,-122.07842");
}
