//! What it costs to hold a read against 10,000 watches, compared in the same run with one look-up in
//! a plain hash map. Prints one line of JSON: `cargo bench --bench watches`.

#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a bench fails by panicking")]
#![allow(clippy::disallowed_methods, reason = "a bench measures real time")]

use std::collections::HashMap;
use std::hint::black_box;
use std::time::Instant;

use openalpr_webhook::base::clock::Timestamp;
use openalpr_webhook::domain::watches::index::WatchIndex;
use openalpr_webhook::domain::watches::record_test::Facts;
use openalpr_webhook::domain::watches::searches::{self, Names};
use openalpr_webhook::model::capture::{
    Capture, CaptureDetail, CaptureKey, CaptureKind, Flags, Guess, ImageSet, Vehicle,
};
use openalpr_webhook::model::plate::Plate;
use openalpr_webhook::model::saved_search::SearchQuery;
use openalpr_webhook::model::user::UserId;
use openalpr_webhook::model::watch::{
    ALL_DAYS, ALL_HOURS, PlatePattern, Severity, Target, Watch, WatchId,
};

const WATCHES: u32 = 10_000;
const READS: usize = 20_000;
const COLORS: [&str; 8] =
    ["white", "black", "silver-gray", "blue", "red", "green", "brown", "gold"];
const MAKES: [&str; 10] =
    ["ford", "bmw", "toyota", "kia", "honda", "audi", "tesla", "mazda", "volvo", "fiat"];

/// `SplitMix64`.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut x = self.0;
        x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((x ^ (x >> 31)) % sides as u64) as usize
    }

    fn plate(&mut self) -> String {
        const TEXT: &[u8] = b"ABCDEFGHJKLMNPRSTUVWXYZ0123456789";
        (0..7).map(|_| char::from(TEXT[self.roll(TEXT.len())])).collect()
    }
}

/// Of a hundred watches sixty are plates, fifteen look-alikes, fifteen patterns, ten searches.
fn watch(number: u32, dice: &mut Dice) -> Watch {
    let plate = dice.plate();
    let pattern = |text: &str, look_alike| Target::Plate {
        pattern: PlatePattern::parse(text).unwrap(),
        look_alike,
    };
    let target = match number % 100 {
        0..60 => pattern(&plate, false),
        60..75 => pattern(&plate, true),
        75..80 => pattern(&format!("{}*", &plate[..4]), false),
        80..85 => pattern(&format!("*{}", &plate[3..]), false),
        85..88 => pattern(&format!("{}?{}", &plate[..2], &plate[3..]), true),
        88..90 => pattern(&format!("*{}*", &plate[2..5]), false),
        _ => {
            let (color, make) = (COLORS[dice.roll(8)], MAKES[dice.roll(10)]);
            let text = format!("color:{color} make:{make} plate:{}*", &plate[..2]);
            Target::Search(SearchQuery::parse(text).unwrap())
        }
    };
    Watch {
        id: WatchId(number + 1),
        owner: UserId(number % 20 + 1),
        name: String::new(),
        description: String::new(),
        target,
        region: String::new(),
        region_match: true,
        severity: Severity::Warning,
        valid_from: None,
        valid_until: None,
        days: ALL_DAYS,
        hours: ALL_HOURS,
        cameras: Vec::new(),
        quiet_minutes: 0,
        contacts: Vec::new(),
        enabled: true,
        made_at: Timestamp(0),
    }
}

fn capture(number: usize, plate: &str, dice: &mut Dice) -> Capture {
    let at = Timestamp(1_790_000_000_000 + number as i64 * 1000);
    let guess = |name: &str| Some(Guess { name: name.to_owned(), confidence: 90.0 });
    Capture {
        key: CaptureKey::new(at, number as u32),
        kind: CaptureKind::Plate,
        agent_uid: "AGENT".to_owned(),
        camera_id: (number % 4) as i64,
        uuid: format!("u{number}"),
        captured_at: at,
        ended_at: at,
        received_at: at,
        plate: Plate::parse(plate),
        plate_text: plate.to_owned(),
        confidence: 91.0,
        region: "us-ma".to_owned(),
        region_confidence: 80.0,
        country: "us".to_owned(),
        direction: Some(45.0),
        vehicle: Vehicle {
            color: guess(COLORS[dice.roll(8)]),
            make: guess(MAKES[dice.roll(10)]),
            ..Vehicle::default()
        },
        flags: Flags::default(),
        images: ImageSet::default(),
        reads: 1,
        frame: (1920, 1080),
    }
}

fn main() {
    let mut dice = Dice(7);
    let watches: Vec<Watch> = (0..WATCHES).map(|number| watch(number, &mut dice)).collect();
    let names = Names::default();
    let known: Vec<String> = watches
        .iter()
        .filter_map(|watch| match &watch.target {
            Target::Plate { pattern, .. } => Some(pattern.plate()?.as_str().to_owned()),
            _ => None,
        })
        .collect();
    let plain: HashMap<String, usize> =
        known.iter().enumerate().map(|(number, plate)| (plate.clone(), number)).collect();
    let begun = Instant::now();
    let index = WatchIndex::new(watches, |watch| match &watch.target {
        Target::Search(query) => searches::understand(query, &names).ok(),
        _ => None,
    });
    let build_ms = begun.elapsed().as_secs_f64() * 1000.0;
    let detail = CaptureDetail::default();
    // One read in a hundred is a plate that is watched.
    let reads: Vec<Capture> = (0..READS)
        .map(|number| {
            let plate = match number % 100 {
                0 => known[dice.roll(known.len())].clone(),
                _ => dice.plate(),
            };
            capture(number, &plate, &mut dice)
        })
        .collect();
    let mut times: Vec<u64> = Vec::with_capacity(READS);
    let mut hits = 0;
    for read in &reads {
        let begun = Instant::now();
        let facts = Facts::new(read, &detail, &[], &[]);
        hits += black_box(index.hits(&facts, None)).len();
        times.push(begun.elapsed().as_nanos() as u64);
    }
    let begun = Instant::now();
    let mut found = 0_usize;
    for read in &reads {
        let plate = read.plate.as_ref().map_or("", Plate::as_str);
        found += usize::from(black_box(plain.get(black_box(plate))).is_some());
    }
    let lookup_ns = begun.elapsed().as_nanos() as f64 / READS as f64;
    times.sort_unstable();
    let mean_ns = times.iter().sum::<u64>() as f64 / READS as f64;
    let at = |part: f64| times[((READS - 1) as f64 * part) as usize] as f64 / 1000.0;
    println!(
        "{{\"bench\":\"watches\",\"watches\":{WATCHES},\"reads\":{READS},\"hits\":{hits},\
         \"mean_us\":{:.2},\"p50_us\":{:.2},\"p99_us\":{:.2},\"max_us\":{:.2},\
         \"hash_lookup_ns\":{lookup_ns:.0},\"lookups_found\":{found},\"ratio\":{:.0},\
         \"build_ms\":{build_ms:.1},\"target_us\":50}}",
        mean_ns / 1000.0,
        at(0.5),
        at(0.99),
        at(1.0),
        mean_ns / lookup_ns.max(1.0),
    );
}
