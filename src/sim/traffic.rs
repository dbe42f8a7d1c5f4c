//! What passes the cameras and when: a daily and weekly rhythm, regulars and strangers, parked
//! vehicles, misread and missing plates. A read follows from the seed and its number alone.

use crate::base::clock::Timestamp;
use crate::model::capture::CaptureKind;

use super::dice::Dice;
use super::fleet::{self, Camera, Region, Vehicle};

/// A world to take reads from.
#[derive(Clone, Debug)]
pub struct World {
    seed: u64,
    cameras: Vec<Camera>,
    regulars: u64,
    strangers: u64,
}

/// One read as an agent would make it.
#[derive(Clone, Debug)]
pub struct SimRead {
    /// Its number in the world.
    pub number: u64,
    /// Plate group, or vehicle whose plate is missing.
    pub kind: CaptureKind,
    /// Where.
    pub camera: Camera,
    /// First frame.
    pub captured_at: Timestamp,
    /// Last frame.
    pub ended_at: Timestamp,
    /// When the agent posts it.
    pub sent_at: Timestamp,
    /// What drove by.
    pub vehicle: Vehicle,
    /// Readings with confidence in percent, best first; empty for a missing plate.
    pub candidates: Vec<(String, f32)>,
    /// Confidence of the region, percent.
    pub region_confidence: f32,
    /// Uuid of the best frame.
    pub best_uuid: String,
    /// Uuids of all frames.
    pub uuids: Vec<String>,
    /// Direction of travel in the picture, degrees.
    pub direction: f32,
    /// The vehicle is parked.
    pub parked: bool,
    /// A preview, to be replaced by its final group.
    pub preview: bool,
}

impl SimRead {
    /// The plate as read, in normal form; `""` for a missing plate.
    pub fn plate(&self) -> &str {
        self.candidates.first().map_or("", |(plate, _)| plate)
    }

    /// Confidence of the plate, percent.
    pub fn confidence(&self) -> f32 {
        self.candidates.first().map_or(0.0, |(_, confidence)| *confidence)
    }

    /// Dice for details of this read that nothing else depends on.
    pub fn dice(&self) -> Dice {
        Dice::of(self.vehicle.number ^ 0x5157, self.number)
    }

    /// Everything the agent sends about this vehicle, in the order of sending: perhaps a preview,
    /// the final group, perhaps repeats because the vehicle is parked.
    pub fn messages(&self) -> Vec<Self> {
        let mut dice = self.dice();
        let mut messages = Vec::new();
        if self.kind == CaptureKind::Plate && !self.parked && dice.chance(0.12) {
            messages.push(self.as_preview());
        }
        messages.push(self.clone());
        if self.parked {
            messages.extend((1..=1 + dice.below(4)).map(|turn| self.repeated(turn)));
        }
        messages
    }

    fn as_preview(&self) -> Self {
        let first = self.uuids.first().cloned().unwrap_or_default();
        let mut preview = self.clone();
        preview.preview = true;
        preview.sent_at = self.captured_at.plus_ms(700);
        preview.ended_at = self.captured_at.plus_ms(400);
        preview.uuids = vec![first.clone()];
        preview.best_uuid = first;
        preview
    }

    fn repeated(&self, turn: u64) -> Self {
        let later = turn as i64 * 4 * 60_000;
        let mut read = self.clone();
        read.captured_at = self.captured_at.plus_ms(later);
        read.ended_at = self.ended_at.plus_ms(later);
        read.sent_at = self.sent_at.plus_ms(later);
        read.uuids = frames(&self.camera, read.captured_at, self.uuids.len(), "");
        read.best_uuid = middle(&read.uuids);
        read
    }
}

impl World {
    /// The world of `seed`, sized for about `reads` reads.
    pub fn new(seed: u64, reads: u64) -> Self {
        let regulars = (reads / 60).clamp(60, 4000);
        let strangers = (reads / 8).max(500);
        Self { seed, cameras: fleet::cameras(seed), regulars, strangers }
    }

    /// Its cameras.
    pub fn cameras(&self) -> &[Camera] {
        &self.cameras
    }

    /// Read `number`, captured at `at`. The same number and time give the same read.
    pub fn read(&self, number: u64, at: Timestamp) -> SimRead {
        let mut dice = Dice::of(self.seed, number);
        let regular = dice.chance(0.62);
        let who = if regular {
            // Some come every day, most now and then.
            let bound = dice.below(self.regulars) + 1;
            dice.below(bound)
        } else {
            self.regulars + dice.below(self.strangers)
        };
        let vehicle = fleet::vehicle(self.seed, who);
        let missing = dice.chance(0.08);
        self.passage(number, at, vehicle, missing, &mut dice)
    }

    /// Read `number` with a plate and uuids that no other number has: for tests that count.
    pub fn numbered(&self, number: u64, at: Timestamp) -> SimRead {
        let mut dice = Dice::of(self.seed, number);
        let mut vehicle = fleet::vehicle(self.seed, number);
        if let Some(region) = counting_region() {
            vehicle.region = region;
            vehicle.plate = region.plate(number);
        }
        let mut read = self.passage(number, at, vehicle, false, &mut dice);
        read.candidates = vec![(plain(&read.vehicle.plate), read.confidence())];
        read.parked = false;
        let mark = format!("-{number}");
        read.uuids = frames(&read.camera, at, read.uuids.len(), &mark);
        read.best_uuid = middle(&read.uuids);
        read
    }

    fn passage(
        &self,
        number: u64,
        at: Timestamp,
        vehicle: Vehicle,
        missing: bool,
        dice: &mut Dice,
    ) -> SimRead {
        let weighted: Vec<(u32, &Camera)> = self.cameras.iter().map(|c| (c.weight, c)).collect();
        let camera = dice.pick(&weighted).map_or_else(|| NO_CAMERA, |camera| (*camera).clone());
        let lasted = 900 + dice.below(4200) as i64;
        let candidates = if missing { Vec::new() } else { readings(&plain(&vehicle.plate), dice) };
        let uuids = frames(&camera, at, 6 + dice.below(18) as usize, "");
        SimRead {
            number,
            kind: if missing { CaptureKind::Vehicle } else { CaptureKind::Plate },
            captured_at: at,
            ended_at: at.plus_ms(lasted),
            sent_at: at.plus_ms(lasted + 1500),
            candidates,
            region_confidence: dice.between(62.0, 99.0),
            best_uuid: middle(&uuids),
            uuids,
            direction: (camera.direction + dice.between(-9.0, 9.0)).rem_euclid(360.0),
            parked: camera.parking && !missing && dice.chance(0.25),
            preview: false,
            vehicle,
            camera,
        }
    }

    /// `count` reads between `from` and `until` in order of time, busier when people drive.
    pub fn history(&self, from: Timestamp, until: Timestamp, count: u64) -> History<'_> {
        let first = from.ms().div_euclid(HOUR_MS);
        let last = (until.ms() - 1).div_euclid(HOUR_MS).max(first);
        let total = (first..=last).map(|hour| share_of(hour, from, until)).sum();
        let at = Timestamp(i64::MIN);
        History {
            world: self,
            from,
            until,
            count,
            total,
            passed: 0.0,
            hour: first,
            due: Vec::new(),
            made: 0,
            at,
        }
    }
}

/// How busy the roads are at `at`, 1 on average.
pub fn rhythm(at: Timestamp) -> f32 {
    let hour = at.ms().div_euclid(HOUR_MS);
    let (day, hour) = (hour.div_euclid(24), hour.rem_euclid(24) as usize);
    // 1970-01-01 was a Thursday.
    let table = match (day + 3).rem_euclid(7) {
        5 => SATURDAY,
        6 => SUNDAY,
        _ => WEEKDAY,
    };
    table.get(hour).copied().unwrap_or(1.0)
}

/// Reads in order of time; see [`World::history`].
#[derive(Clone, Debug)]
pub struct History<'a> {
    world: &'a World,
    from: Timestamp,
    until: Timestamp,
    count: u64,
    total: f64,
    passed: f64,
    hour: i64,
    due: Vec<Timestamp>,
    made: u64,
    at: Timestamp,
}

impl History<'_> {
    /// Draws the instants of the next hour; the latest is first, to be popped last.
    fn next_hour(&mut self) {
        let before = (self.passed / self.total * self.count as f64).round() as u64;
        self.passed += share_of(self.hour, self.from, self.until);
        let after = (self.passed / self.total * self.count as f64).round() as u64;
        let start = (self.hour * HOUR_MS).max(self.from.ms());
        let end = ((self.hour + 1) * HOUR_MS).min(self.until.ms());
        let mut dice = Dice::of(self.world.seed ^ 0xB0B, self.hour as u64);
        let length = u64::try_from(end - start).unwrap_or(0);
        self.due.extend(
            (before..after.min(self.count)).map(|_| Timestamp(start + dice.below(length) as i64)),
        );
        self.due.sort_unstable_by(|a, b| b.cmp(a));
        self.hour += 1;
    }
}

impl Iterator for History<'_> {
    type Item = SimRead;

    fn next(&mut self) -> Option<SimRead> {
        while self.due.is_empty() && self.hour * HOUR_MS < self.until.ms() {
            self.next_hour();
        }
        let due = self.due.pop()?;
        // No two in one millisecond: uuids carry the time.
        self.at = due.max(self.at.plus_ms(1));
        let read = self.world.read(self.made, self.at);
        self.made += 1;
        Some(read)
    }
}

const HOUR_MS: i64 = 3_600_000;

const NO_CAMERA: Camera = Camera {
    agent_uid: String::new(),
    agent_label: "",
    camera_id: 0,
    label: "",
    position: (0.0, 0.0),
    direction: 0.0,
    weight: 0,
    parking: false,
};

const WEEKDAY: [f32; 24] = [
    0.15, 0.1, 0.08, 0.08, 0.2, 0.6, 1.5, 2.5, 2.4, 1.6, 1.2, 1.15, 1.4, 1.3, 1.2, 1.5, 2.1, 2.4,
    1.8, 1.2, 0.8, 0.6, 0.4, 0.25,
];
const SATURDAY: [f32; 24] = [
    0.3, 0.2, 0.15, 0.1, 0.1, 0.2, 0.3, 0.5, 0.8, 1.1, 1.3, 1.4, 1.4, 1.3, 1.2, 1.1, 1.1, 1.0, 0.9,
    0.8, 0.7, 0.6, 0.5, 0.4,
];
const SUNDAY: [f32; 24] = [
    0.3, 0.2, 0.15, 0.1, 0.08, 0.1, 0.15, 0.25, 0.4, 0.7, 1.0, 1.0, 0.9, 0.9, 0.9, 0.9, 0.9, 0.8,
    0.7, 0.6, 0.5, 0.4, 0.3, 0.2,
];

/// Busyness of an hour times the part of it that lies in the span.
fn share_of(hour: i64, from: Timestamp, until: Timestamp) -> f64 {
    let start = (hour * HOUR_MS).max(from.ms());
    let end = ((hour + 1) * HOUR_MS).min(until.ms());
    f64::from(rhythm(Timestamp(hour * HOUR_MS))) * (end - start).max(0) as f64
}

/// What the recogniser makes of `plate`: usually right, sometimes unsure, seldom wrong.
fn readings(plate: &str, dice: &mut Dice) -> Vec<(String, f32)> {
    let unsure = dice.chance(0.09);
    let best = if unsure { dice.between(58.0, 82.0) } else { dice.between(86.0, 97.5) };
    let mut list = vec![(plate.to_owned(), best)];
    let others = if unsure { 2 + dice.below(4) } else { dice.below(3) };
    let mut confidence = best;
    for _ in 0..others {
        confidence -= dice.between(1.0, 9.0);
        let other = confuse(plate, dice);
        if list.iter().all(|(known, _)| *known != other) {
            list.push((other, confidence.max(20.0)));
        }
    }
    if unsure && dice.chance(0.2) {
        // The wrong reading wins.
        let texts: Vec<String> = list.iter().map(|(text, _)| text.clone()).rev().collect();
        for (slot, text) in list.iter_mut().zip(texts) {
            slot.0 = text;
        }
    }
    list
}

/// `plate` with one character taken for another.
fn confuse(plate: &str, dice: &mut Dice) -> String {
    let at = dice.below(plate.chars().count() as u64) as usize;
    plate
        .chars()
        .enumerate()
        .map(|(index, character)| if index == at { look_alike(character) } else { character })
        .collect()
}

const fn look_alike(character: char) -> char {
    match character {
        '0' => 'O',
        'D' => '0',

        '1' | 'L' => 'I',
        '8' => 'B',
        '5' => 'S',
        'S' => '5',
        '2' => 'Z',
        'Z' => '2',
        '6' => 'G',
        'G' | 'C' => '6',
        'V' => 'Y',
        'M' => 'N',
        'E' => 'F',
        '7' => 'T',
        _ => '8',
    }
}

fn plain(plate: &str) -> String {
    plate.chars().filter(char::is_ascii_alphanumeric).collect()
}

fn frames(camera: &Camera, at: Timestamp, count: usize, mark: &str) -> Vec<String> {
    (0..count.max(1))
        .map(|frame| {
            let ms = at.ms() + frame as i64 * 67;
            format!("{}-{}-{ms}{mark}", camera.agent_uid, camera.camera_id)
        })
        .collect()
}

fn middle(uuids: &[String]) -> String {
    uuids.get(uuids.len() / 2).cloned().unwrap_or_default()
}

fn counting_region() -> Option<&'static Region> {
    fleet::REGIONS.iter().map(|(_, region)| region).find(|region| region.code == "us-ca")
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::World;
    use crate::base::clock::Timestamp;
    use crate::model::capture::CaptureKind;

    const MONDAY: Timestamp = Timestamp(1_767_571_200_000); // 2026-01-05T00:00:00Z

    #[test]
    fn a_history_is_complete_ordered_and_repeatable() {
        let world = World::new(7, 5000);
        let until = MONDAY.plus_ms(7 * 86_400_000 + 1234);
        for count in [0, 1, 5000] {
            let reads: Vec<_> = world.history(MONDAY, until, count).collect();
            assert_eq!(reads.len() as u64, count);
            assert!(reads.is_sorted_by(|a, b| a.captured_at < b.captured_at));
            assert!(reads.iter().all(|r| MONDAY <= r.captured_at && r.captured_at < until));
            let again = World::new(7, 5000);
            let again = again.history(MONDAY, until, count);
            assert!(reads.iter().zip(again).all(|(a, b)| a.best_uuid == b.best_uuid
                && a.plate() == b.plate()
                && a.captured_at == b.captured_at));
        }
        assert_eq!(world.history(until, MONDAY, 5).count(), 0, "an empty span has no reads");
    }

    #[test]
    fn the_mix_is_believable() {
        let world = World::new(1, 20_000);
        let reads: Vec<_> =
            world.history(MONDAY, MONDAY.plus_ms(14 * 86_400_000), 20_000).collect();
        let share = |wanted: &dyn Fn(&super::SimRead) -> bool| {
            reads.iter().filter(|read| wanted(read)).count() as f32 / reads.len() as f32
        };
        let check = |name, share: f32, low: f32, high: f32| {
            assert!((low..high).contains(&share), "{name}: {share}");
        };
        check("missing", share(&|r| r.kind == CaptureKind::Vehicle), 0.07, 0.09);
        check("unsure", share(&|r| !r.plate().is_empty() && r.confidence() < 83.0), 0.06, 0.11);
        check("parked", share(&|r| r.parked), 0.02, 0.06);
        let hour = |r: &super::SimRead| r.captured_at.ms() / 3_600_000 % 24;
        let rush = share(&|r| hour(r) == 7);
        let night = share(&|r| hour(r) == 3);
        assert!(rush > 8.0 * night, "{rush} {night}");
        let plates: HashSet<&str> = reads.iter().map(super::SimRead::plate).collect();
        check("distinct", plates.len() as f32 / reads.len() as f32, 0.08, 0.25);
        let uuids: HashSet<&str> = reads.iter().map(|r| r.best_uuid.as_str()).collect();
        assert_eq!(uuids.len(), reads.len());
    }

    #[test]
    fn numbered_reads_are_all_different() {
        let world = World::new(1, 0);
        let reads: Vec<_> = (0..5000).map(|n| world.numbered(n, MONDAY)).collect();
        let plates: HashSet<&str> = reads.iter().map(super::SimRead::plate).collect();
        let uuids: HashSet<&String> = reads.iter().flat_map(|r| &r.uuids).collect();
        assert_eq!(plates.len(), 5000);
        assert_eq!(uuids.len(), reads.iter().map(|r| r.uuids.len()).sum::<usize>());
    }

    #[test]
    fn previews_come_before_the_group_that_names_them() {
        let world = World::new(3, 2000);
        let (mut previews, mut repeats) = (0, 0);
        for number in 0..2000 {
            let read = world.read(number, MONDAY.plus_ms(number as i64 * 1000));
            let messages = read.messages();
            assert!(messages.is_sorted_by(|a, b| a.sent_at < b.sent_at));
            if let [preview, last] = messages.as_slice()
                && preview.preview
            {
                previews += 1;
                assert!(last.uuids.contains(&preview.best_uuid) && !last.preview);
            }
            repeats += messages.iter().filter(|m| m.parked).count();
        }
        assert!(previews > 100 && repeats > 100, "{previews} {repeats}");
    }
}
