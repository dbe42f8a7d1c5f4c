//! A year of made-up captures for the search bench: regulars are seen often, strangers once.

use std::time::{Duration, Instant};

use openalpr_webhook::base::clock::Timestamp;
use openalpr_webhook::model::capture::{
    Capture, CaptureDetail, CaptureKind, Flags, Guess, ImageSet, Vehicle,
};
use openalpr_webhook::model::plate::Plate;
use openalpr_webhook::store::{Store, StoreError};

use super::questions::{BODIES, COLORS, Dice, MAKES, READS_PER_PLATE, REGIONS, plate};

/// First of January 2026.
pub(crate) const START_MS: i64 = 1_767_225_600_000;
pub(crate) const DAYS: i64 = 365;

fn capture(store: &Store, dice: &mut Dice, number: u64, count: u64) -> Capture {
    let step = DAYS * 86_400_000 / count as i64;
    let time = Timestamp(START_MS + number as i64 * step + dice.roll(5000) as i64);
    let plates = count / READS_PER_PLATE;
    // Regulars are seen often, strangers once.
    let id = if dice.roll(3) == 0 { dice.roll(plates / 50 + 1) } else { dice.roll(plates) };
    let vehicle = dice.roll(12) == 0;
    let mut looks = Dice(id + 77);
    looks.roll(9);
    let guess = |name: &str| Some(Guess { name: name.to_owned(), confidence: 81.5 });
    let make = looks.pick(&MAKES);
    let text = plate(id);
    Capture {
        key: store.allocate_key(time),
        kind: if vehicle { CaptureKind::Vehicle } else { CaptureKind::Plate },
        agent_uid: "K2V9YQ8ZJ5T3XW7M".to_owned(),
        camera_id: 100 + dice.roll(8) as i64,
        uuid: format!("K2V9YQ8ZJ5T3XW7M-100-{}", time.0),
        captured_at: time,
        ended_at: time.plus_ms(3000),
        received_at: time.plus_ms(4000),
        plate: if vehicle { None } else { Plate::parse(&text) },
        plate_text: if vehicle { String::new() } else { text },
        confidence: 70.0 + dice.roll(30) as f32,
        region: looks.pick(&REGIONS).to_owned(),
        region_confidence: 80.0,
        country: "us".to_owned(),
        direction: Some(dice.roll(360) as f32),
        vehicle: Vehicle {
            color: guess(looks.pick(&COLORS)),
            make: guess(make),
            make_model: guess(&format!("{make}_{}", looks.roll(30))),
            body: guess(looks.pick(&BODIES)),
            year: guess(&format!("{0}-{1}", 2000 + 5 * looks.roll(5), 2004 + 5 * looks.roll(5))),
        },
        flags: Flags(match dice.roll(50) {
            0 => Flags::PARKED,
            1 => Flags::LATE,
            _ => 0,
        }),
        images: ImageSet(7),
        reads: 1,
        frame: (1920, 1080),
    }
}

/// The plate with one character or another misread, and a signature of its own.
fn detail(capture: &Capture, dice: &mut Dice) -> CaptureDetail {
    let misread = |place: usize| {
        let text = capture.plate_text.char_indices();
        let name = text.map(|(at, c)| if at == place { '8' } else { c }).collect();
        Guess { name, confidence: 60.0 }
    };
    let places = if capture.plate.is_some() { 0..5 } else { 0..0 };
    CaptureDetail {
        candidates: places.map(misread).collect(),
        signature: format!("{:x}", dice.roll(u64::MAX)),
        raw: vec![7; 1200],
        ..CaptureDetail::default()
    }
}

/// Stores `count` captures, `batch` a transaction; returns how long that took.
pub(crate) fn fill(store: &Store, count: u64, batch: u64) -> Result<Duration, StoreError> {
    let mut dice = Dice(4711);
    let started = Instant::now();
    let mut number = 0;
    while number < count {
        let end = (number + batch).min(count);
        store.write(|tx| {
            (number..end).try_for_each(|n| {
                let capture = capture(store, &mut dice, n, count);
                tx.insert_capture(&capture, &detail(&capture, &mut dice))
            })
        })?;
        number = end;
    }
    Ok(started.elapsed())
}
