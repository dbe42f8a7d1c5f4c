//! Watches: patterns, numbers and filters.

use super::*;

#[test]
fn patterns_have_one_form() {
    for (text, expected) in [
        ("8kx r-417", Ok("8KXR417")),
        ("8k?x**", Ok("8K?X*")),
        ("<script>", Ok("SCRIPT")),
        ("=cmd|' /C'!A0", Ok("CMDCA0")),
        ("*", Ok("*")),
        ("ö·1", Ok("Ö1")),
        ("", Err(())),
        ("🚗", Err(())),
        ("AB1~1", Err(())),
        (&"A".repeat(33), Err(())),
    ] {
        let parsed = PlatePattern::parse(text);
        assert_eq!(parsed.as_ref().map(PlatePattern::as_str).map_err(|_| ()), expected, "{text}");
    }
    let pattern = |text| PlatePattern::parse(text).unwrap();
    assert!(pattern("8K?*7").matcher(false).matches("8KXR417"));
    assert!(!pattern("8K?*7").matcher(false).matches("8K7"));
    assert!(pattern("B0").matcher(true).matches("8O"));
    assert_eq!(pattern("AB1").plate(), Plate::parse("AB1"));
    assert!(pattern("AB?").plate().is_none());
}

#[test]
fn regions_are_compared_as_agents_write_them() {
    let mut watch = tests_support::watch(1, "AB1");
    for (wanted, region, country, other) in [
        ("us-ma", "us-ma", "us", false),
        ("us-ma", "US-MA", "us", false),
        ("us-ma", "us-nh", "us", true),
        ("us-ma", "ma", "us", false),
        ("us-ma", "nh", "us", true),
        ("us", "us-nh", "us", false),
        ("us", "nh", "us", false),
        ("de", "eu-de", "eu", false),
        ("us-ma", "", "", false),
        ("", "us-nh", "us", false),
        ("fr", "de", "eu", true),
    ] {
        wanted.clone_into(&mut watch.region);
        assert_eq!(watch.is_other_region(region, country), other, "{wanted} {region}");
    }
}

#[test]
fn matches_have_the_same_number_again() {
    let of = |watch, key| MatchId::of(WatchId(watch), CaptureKey(key));
    assert_eq!(of(1, 2), of(1, 2));
    assert_ne!(of(1, 2), of(2, 1));
    assert_ne!(of(1, 2), of(1, 3));
    assert_eq!(MatchId::parse(&of(1, 2).to_string()), Some(of(1, 2)));
    let place = MatchPlace { at: CaptureKey(77), watch: WatchId(5) };
    assert_eq!(MatchPlace::parse(&place.to_string()), Some(place));
    for text in ["", "-", "12", "x-1", "1-", "1-99999999999"] {
        assert!(MatchPlace::parse(text).is_none(), "{text}");
    }
}
