//! The search line: what was understood is understood the same when it is shown and sent again.
#![no_main]

use libfuzzer_sys::fuzz_target;
use openalpr_webhook::base::clock::Timestamp;
use openalpr_webhook::search::Context;
use openalpr_webhook::search::syntax::Search;

fuzz_target!(|text: &str| {
    let context = Context {
        zone: &jiff::tz::TimeZone::UTC,
        now: Timestamp(1_770_000_000_000),
        cameras: &[("AGENT/1".to_owned(), "North gate".to_owned())],
        agents: &[("AGENT".to_owned(), "north".to_owned())],
    };
    if let Ok(parsed) = Search::parse(text, &context) {
        let shown = parsed.text();
        let again = Search::parse(&shown, &context).expect("our own words");
        assert_eq!(again.text(), shown);
    }
});
