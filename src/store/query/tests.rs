//! The engine against a plain scan, with blocks small enough to see every boundary.

use std::collections::{BTreeMap, HashSet};

use jiff::tz::TimeZone;

use crate::base::clock::Timestamp;
use crate::model::agent::{ListKind, RekorAlert};
use crate::model::capture::{
    Capture, CaptureDetail, CaptureKey, CaptureKind, Flags, Guess, ImageSet, Vehicle,
};
use crate::model::known_plate::{Author, KnownPlate, PlateTag};
use crate::model::plate::{Plate, fold};
use crate::model::query::{
    Attribute, AttributeMatch, CandidateMatch, PageRequest, Piece, PlateMatch, Query, Total,
    WeekMatch, signature_mark,
};
use crate::store::counters::Dimension;
use crate::store::index::terms::attribute_values;
use crate::store::{IndexOptions, Store, StoreError, StoreOptions};

/// xorshift: the same run every time.
pub(super) struct Dice(pub(super) u64);

impl Dice {
    fn roll(&mut self, sides: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) % sides
    }

    fn pick<'a>(&mut self, of: &[&'a str]) -> &'a str {
        of[self.roll(of.len() as u64) as usize]
    }
}

pub(super) fn options() -> StoreOptions {
    StoreOptions {
        records_cache_bytes: 1 << 20,
        index: IndexOptions {
            block_captures: 64,
            chunk_captures: 8,
            memory_captures: 24,
            plates_unindexed: 10,
            plate_hits: 6,
            ..IndexOptions::default()
        },
        ..StoreOptions::default()
    }
}

fn plate(dice: &mut Dice) -> Option<Plate> {
    let letters = ["A", "B", "8", "O", "0", "Ä"];
    let text: String = (0..dice.roll(6)).map(|_| dice.pick(&letters)).collect();
    Plate::parse(&text)
}

pub(super) fn capture(dice: &mut Dice, now: i64) -> Capture {
    let late = if dice.roll(12) == 0 { dice.roll(300_000) as i64 } else { dice.roll(50) as i64 };
    let time = Timestamp(now - late);
    let guess =
        |name: &str| (!name.is_empty()).then(|| Guess { name: name.to_owned(), confidence: 50.0 });
    Capture {
        key: CaptureKey::floor(time),
        kind: if dice.roll(5) == 0 { CaptureKind::Vehicle } else { CaptureKind::Plate },
        agent_uid: dice.pick(&["a1", "b2"]).to_owned(),
        camera_id: dice.roll(2) as i64,
        uuid: String::new(),
        captured_at: time,
        ended_at: time,
        received_at: time,
        plate: plate(dice),
        plate_text: dice.pick(&["A-B8", "00A", ""]).to_owned(),
        confidence: dice.roll(101) as f32,
        region: dice.pick(&["us-ma", "US-NY", ""]).to_owned(),
        region_confidence: 1.0,
        country: "us".to_owned(),
        direction: (dice.roll(2) == 0).then(|| dice.roll(360) as f32),
        vehicle: Vehicle { color: guess(dice.pick(&["white", "black", ""])), ..Vehicle::default() },
        flags: Flags(dice.roll(8) as u16),
        images: ImageSet(3),
        reads: 1,
        frame: (1, 2),
    }
}

fn pattern(dice: &mut Dice) -> PlateMatch {
    let mut pieces = Vec::new();
    for _ in 0..=dice.roll(4) {
        pieces.push(match dice.roll(5) {
            0 => Piece::One,
            1 | 2 => Piece::Any,
            _ => {
                let letters = ["A", "B", "8", "O", "0", "Ä", "X"];
                let count = 1 + dice.roll(4);
                Piece::Text((0..count).map(|_| dice.pick(&letters)).collect())
            }
        });
    }
    PlateMatch { pieces, look_alike: dice.roll(2) == 0, edits: 0 }
}

/// A plate and how far others may be from it.
fn near(dice: &mut Dice) -> PlateMatch {
    let plate = plate(dice).unwrap_or_else(|| Plate::parse("A0").unwrap());
    let edits = 1 + dice.roll(2) as u8;
    PlateMatch { look_alike: dice.roll(3) == 0, edits, ..PlateMatch::whole(&plate) }
}

fn any_pattern(dice: &mut Dice) -> PlateMatch {
    if dice.roll(5) == 0 { near(dice) } else { pattern(dice) }
}

/// A pattern with three characters in a row, ends of the plate counted as such.
fn candidate(dice: &mut Dice) -> CandidateMatch {
    let letters = ["A", "B", "8", "O", "0", "Ä"];
    let count = 3 + dice.roll(2);
    let text: String = (0..count).map(|_| dice.pick(&letters)).collect();
    let mut pieces = vec![Piece::Text(text)];
    if dice.roll(2) == 0 {
        pieces.insert(0, Piece::Any);
    }
    if dice.roll(2) == 0 {
        pieces.push(if dice.roll(3) == 0 { Piece::One } else { Piece::Any });
    }
    let plate = PlateMatch { pieces, look_alike: dice.roll(3) == 0, edits: 0 };
    CandidateMatch { plate, not: dice.roll(3) == 0 }
}

fn week(dice: &mut Dice) -> WeekMatch {
    let zone = dice.pick(&["UTC", "America/New_York", "Asia/Kathmandu", "Australia/Lord_Howe"]);
    let mut week = WeekMatch::any(TimeZone::get(zone).unwrap());
    if dice.roll(2) == 0 {
        week.hours = Some(dice.roll(1 << 24) as u32);
    }
    if dice.roll(2) == 0 {
        week.days = Some(dice.roll(1 << 7) as u8);
    }
    if dice.roll(3) == 0 {
        week.not_hours = dice.roll(1 << 24) as u32;
        week.not_days = dice.roll(1 << 7) as u8;
    }
    week
}

fn detail(dice: &mut Dice) -> CaptureDetail {
    let candidates = (0..dice.roll(4)).filter_map(|_| plate(dice));
    let candidates = candidates.map(|plate| Guess { name: plate.as_str().into(), confidence: 1.0 });
    CaptureDetail {
        candidates: candidates.collect(),
        signature: dice.pick(&["", "s1", "s2", "s3"]).to_owned(),
        ..CaptureDetail::default()
    }
}

pub(super) fn query(dice: &mut Dice, now: i64) -> Query {
    let mut query = Query::default();
    if dice.roll(3) > 0 {
        query.plate = Some(any_pattern(dice));
    }
    if dice.roll(6) == 0 {
        query.without.push(any_pattern(dice));
    }
    if dice.roll(6) == 0 {
        query.candidates.push(candidate(dice));
    }
    if dice.roll(10) == 0 {
        let mark = signature_mark(dice.pick(&["s1", "s2", "s4"]));
        query.signatures.push((mark, dice.roll(3) == 0));
    }
    if dice.roll(5) == 0 {
        query.week = Some(Box::new(week(dice)));
    }
    if dice.roll(3) == 0 {
        query.from = Some(Timestamp(now - dice.roll(200_000) as i64));
    }
    if dice.roll(3) == 0 {
        query.until = Some(Timestamp(now - dice.roll(100_000) as i64));
    }
    if dice.roll(8) == 0 {
        let start = now - dice.roll(200_000) as i64;
        query.holes.push((Timestamp(start), Timestamp(start + dice.roll(100_000) as i64)));
    }
    if dice.roll(6) == 0 {
        let first = dice.roll(101);
        let values = (first..=first + dice.roll(30)).map(|percent| percent.to_string()).collect();
        let not = dice.roll(3) == 0;
        query.attributes.push(AttributeMatch { attribute: Attribute::Confidence, values, not });
    }
    for _ in 0..dice.roll(3) {
        let (attribute, values): (_, &[&str]) = match dice.roll(7) {
            0 => (Attribute::Camera, &["a1/0", "b2/1", "c3/9"]),
            1 => (Attribute::Region, &["us-ma", "US-ny"]),
            2 => (Attribute::Color, &["white", "black", "pink"]),
            3 => (Attribute::Flag, &["preview", "parked", "late", "corrected"]),
            5 => (Attribute::List, &["stolen", "Wanted", "none"]),
            4 => (Attribute::Tag, &["staff", "van", "none"]),
            _ => (Attribute::Kind, &["plate", "vehicle"]),
        };
        let values = (0..=dice.roll(2)).map(|_| dice.pick(values).to_owned()).collect();
        query.attributes.push(AttributeMatch { attribute, values, not: dice.roll(3) == 0 });
    }
    query
}

/// Plain recursion, as slow and as clear as can be.
fn slow_match(pieces: &[Piece], text: &[char], folded: bool) -> bool {
    let Some((first, rest)) = pieces.split_first() else { return text.is_empty() };
    match first {
        Piece::One => !text.is_empty() && slow_match(rest, &text[1..], folded),
        Piece::Any => (0..=text.len()).any(|start| slow_match(rest, &text[start..], folded)),
        Piece::Text(wanted) => {
            let same = |c: char| if folded { fold(c) } else { c };
            let wanted: Vec<char> = wanted.chars().map(same).collect();
            let starts = text.iter().map(|c| same(*c)).take(wanted.len()).eq(wanted.clone());
            starts && slow_match(rest, &text[wanted.len()..], folded)
        }
    }
}

/// By all ways to edit, as slow and as clear as can be.
fn slow_distance(a: &[char], b: &[char]) -> usize {
    match (a.split_first(), b.split_first()) {
        (None, _) => b.len(),
        (_, None) => a.len(),
        (Some((x, rest_a)), Some((y, rest_b))) => {
            let replaced = slow_distance(rest_a, rest_b) + usize::from(x != y);
            replaced.min(slow_distance(rest_a, b) + 1).min(slow_distance(a, rest_b) + 1)
        }
    }
}

/// What the store should hold.
#[derive(Clone, Default)]
struct Model {
    captures: BTreeMap<u64, Capture>,
    details: BTreeMap<u64, CaptureDetail>,
    /// Lists by capture.
    lists: BTreeMap<u64, Vec<String>>,
    /// Tags by plate.
    tags: BTreeMap<Plate, Vec<PlateTag>>,
}

/// The attribute values `capture` is to be found by.
fn values_of(model: &Model, capture: &Capture) -> Vec<(Attribute, String)> {
    let own = attribute_values(capture).into_iter().map(|(at, text)| (at, text.into_owned()));
    let tags = capture.plate.as_ref().and_then(|plate| model.tags.get(plate));
    let tags = tags.into_iter().flatten().map(|tag| (Attribute::Tag, tag.as_str().to_owned()));
    let lists = model.lists.get(&capture.key.0).into_iter().flatten();
    let lists = lists.map(|list| (Attribute::List, list.to_lowercase()));
    own.chain(tags).chain(lists).collect()
}

fn matches(model: &Model, capture: &Capture, query: &Query) -> bool {
    let time = capture.key.time();
    let text = |plate: &Plate| plate.as_str().chars().collect::<Vec<char>>();
    let fits = |wanted: &PlateMatch, plate: &Plate| {
        let same = |c: char| if wanted.look_alike { fold(c) } else { c };
        let slow = if wanted.edits > 0 {
            let text: Vec<char> = text(plate).into_iter().map(same).collect();
            let wanted_text: Vec<char> = wanted.text().unwrap().chars().map(same).collect();
            slow_distance(&wanted_text, &text) <= usize::from(wanted.edits)
        } else {
            slow_match(&wanted.pieces, &text(plate), wanted.look_alike)
        };
        assert_eq!(slow, wanted.matches(plate.as_str()), "{wanted:?} {plate:?}");
        slow
    };
    let best = |wanted: &PlateMatch| capture.plate.as_ref().is_some_and(|p| fits(wanted, p));
    let detail = &model.details[&capture.key.0];
    let any_reading = |wanted: &PlateMatch| {
        let mut others = detail.candidates.iter().filter_map(|guess| Plate::parse(&guess.name));
        best(wanted) || others.any(|plate| fits(wanted, &plate))
    };
    let mark = (!detail.signature.is_empty()).then(|| signature_mark(&detail.signature));
    let plate = query.plate.as_ref().is_none_or(best)
        && !query.without.iter().any(best)
        && query.candidates.iter().all(|wanted| any_reading(&wanted.plate) != wanted.not)
        && query.signatures.iter().all(|(wanted, not)| (mark == Some(*wanted)) != *not)
        && query.week.as_ref().is_none_or(|week| week.matches(time));
    let values = values_of(model, capture);
    plate
        && query.from.is_none_or(|from| time >= from)
        && query.until.is_none_or(|until| time < until)
        && !query.holes.iter().any(|(start, end)| time >= *start && time < *end)
        && query.attributes.iter().all(|wanted| {
            let has = values.iter().any(|(attribute, text)| {
                *attribute == wanted.attribute
                    && wanted.values.iter().any(|value| {
                        if *attribute == Attribute::Camera {
                            value == text
                        } else {
                            value.to_lowercase() == *text
                        }
                    })
            });
            has != wanted.not
        })
}

fn check(store: &Store, model: &Model, query: &Query, limit: usize) {
    let rows = model.captures.values().rev();
    let expected: Vec<&Capture> = rows.filter(|row| matches(model, row, query)).collect();
    let mut rows = Vec::new();
    let mut before = None;
    loop {
        let page = store.search(query, PageRequest { limit, before, total: true }).unwrap();
        assert!(!page.stopped && page.rows.len() <= limit);
        match page.total.unwrap() {
            Total::Exact(total) => assert_eq!(total, expected.len() as u64, "{query:?}"),
            Total::AtLeast(_) => panic!("{query:?}"),
        }
        let plates: HashSet<_> = expected.iter().map(|row| &row.plate).collect();
        assert!(page.plates.is_none_or(|told| told == plates.len() as u64), "{query:?}");
        rows.extend(page.rows);
        let bare = store.search(query, PageRequest { limit, before, total: false }).unwrap();
        assert_eq!((bare.total, bare.next), (None, page.next));
        match page.next {
            Some(next) => before = Some(next),
            None => break,
        }
    }
    assert_eq!(rows.iter().collect::<Vec<_>>(), expected, "{query:?}");
    let all = store.search_on(query, None).unwrap();
    assert_eq!((all.rows.len(), all.next), (expected.len().min(1000), None));
}

fn change(store: &Store, model: &mut Model, dice: &mut Dice, now: i64) -> Result<(), StoreError> {
    let mut next = model.clone();
    let fail = dice.roll(10) == 0;
    let done = store.write(|tx| {
        for _ in 0..=dice.roll(20) {
            let known: Option<Capture> = (!next.captures.is_empty()).then(|| {
                let at = dice.roll(next.captures.len() as u64) as usize;
                next.captures.values().nth(at).unwrap().clone()
            });
            match (dice.roll(14), known) {
                (0, Some(old)) => {
                    let fresh = capture(dice, now);
                    let flags = Flags(fresh.flags.0 | old.flags.0 & Flags::ALERT);
                    let new =
                        Capture { key: old.key, captured_at: old.captured_at, flags, ..fresh };
                    tx.update_capture(&new, None)?;
                    next.captures.insert(new.key.0, new);
                }
                (1, Some(old)) => {
                    let new = Capture { reads: old.reads + 1, ..old };
                    let detail = detail(dice);
                    tx.update_capture(&new, Some(&detail))?;
                    next.details.insert(new.key.0, detail);
                    next.captures.insert(new.key.0, new);
                }
                (2, Some(old)) => {
                    assert!(tx.delete_capture(old.key)?);
                    assert!(!tx.delete_capture(old.key)?);
                    next.captures.remove(&old.key.0);
                }
                (3, Some(old)) => {
                    let mut new = Capture { plate: plate(dice), ..old };
                    new.flags.set(Flags::CORRECTED, true);
                    tx.update_capture(&new, None)?;
                    next.captures.insert(new.key.0, new);
                }
                (5, Some(mut old)) => {
                    old.flags.set(Flags::ALERT, true);
                    tx.update_capture(&old, None)?;
                    let list = dice.pick(&["Stolen", "Wanted"]).to_owned();
                    tx.put_rekor_alert(&RekorAlert {
                        key: store.allocate_key(old.captured_at),
                        capture: old.key,
                        raised_at: old.captured_at,
                        list: list.clone(),
                        list_id: None,
                        list_kind: ListKind::OnList,
                        description: String::new(),
                        plate: String::new(),
                        site: String::new(),
                    })?;
                    next.lists.entry(old.key.0).or_default().push(list);
                    next.captures.insert(old.key.0, old);
                }
                (4, _) => {
                    let Some(plate) = plate(dice) else { continue };
                    let texts = ["staff", "van"].into_iter().filter(|_| dice.roll(2) == 0);
                    let tags: Vec<PlateTag> = texts.filter_map(PlateTag::parse).collect();
                    let known = KnownPlate {
                        plate: plate.clone(),
                        name: String::new(),
                        notes: String::new(),
                        tags: tags.clone(),
                        ignored: false,
                        changed_by: Author::default(),
                        changed_at: Timestamp(0),
                    };
                    if dice.roll(4) == 0 {
                        tx.delete_known_plate(&plate)?;
                        next.tags.remove(&plate);
                    } else {
                        tx.put_known_plate(&known)?;
                        next.tags.insert(plate, tags);
                    }
                }
                _ => {
                    let mut new = capture(dice, now);
                    new.key = store.allocate_key(new.captured_at);
                    let detail = detail(dice);
                    tx.insert_capture(&new, &detail)?;
                    next.details.insert(new.key.0, detail);
                    next.captures.insert(new.key.0, new);
                }
            }
        }
        if fail { Err(StoreError::Refused("on purpose")) } else { Ok(()) }
    });
    match done {
        Ok(()) => *model = next,
        Err(StoreError::Refused("on purpose")) if fail => {}
        Err(error) => return Err(error),
    }
    Ok(())
}

fn run(seed: u64, rounds: u64) {
    let directory = tempfile::tempdir().unwrap();
    let mut store = Store::open(directory.path(), options()).unwrap();
    let mut model = Model::default();
    let mut dice = Dice(seed);
    let mut now = 1_700_000_000_000;
    for round in 0..rounds {
        // Sometimes half a year passes, and with it a change of the clocks.
        let step = [4000, 4000, 4_000_000, 16_000_000_000][dice.roll(4) as usize];
        now += dice.roll(step) as i64;
        change(&store, &mut model, &mut dice, now).unwrap();
        for _ in 0..6 {
            let limit = 1 + dice.roll(8) as usize * 10;
            check(&store, &model, &query(&mut dice, now), limit);
        }
        match dice.roll(15) {
            0 => {
                store.close().unwrap();
                drop(store);
                store = Store::open(directory.path(), options()).unwrap();
            }
            // As after a crash: memory is lost.
            1 => {
                drop(store);
                store = Store::open(directory.path(), options()).unwrap();
            }
            2 => store.close().unwrap(),
            3 => store.reopen().unwrap(),
            // Retention: the oldest go, and blocks with them.
            4 if round > 20 => {
                let some = model.captures.len() / 3;
                let old: Vec<u64> = model.captures.keys().copied().take(some).collect();
                store
                    .write(|tx| {
                        old.iter().try_for_each(|key| tx.delete_capture(CaptureKey(*key)).map(drop))
                    })
                    .unwrap();
                for key in old {
                    model.captures.remove(&key);
                }
            }
            _ => {}
        }
        check(&store, &model, &Query::default(), 30);
        assert_eq!(store.figures().unwrap().captures, model.captures.len() as u64);
        let counted = store
            .read(|tx| tx.count(Dimension::Kind, None, Timestamp(0), Timestamp(now + 3_600_000)))
            .unwrap();
        assert_eq!(counted, model.captures.len() as u64);
    }
}

/// A store with some hundred captures, and what checks it.
pub(in crate::store) fn grown(work: impl FnOnce(&Store, &dyn Fn(&Store))) {
    let directory = tempfile::tempdir().unwrap();
    let store = Store::open(directory.path(), options()).unwrap();
    let mut model = Model::default();
    let mut dice = Dice(0x5eed);
    let mut now = 1_700_000_000_000;
    for _ in 0..30 {
        now += 1_000_000;
        change(&store, &mut model, &mut dice, now).unwrap();
    }
    work(&store, &|store| {
        let mut dice = Dice(0xfeed);
        for _ in 0..200 {
            check(store, &model, &query(&mut dice, now), 50);
        }
    });
}

#[test]
fn the_engine_finds_what_a_scan_finds() {
    for seed in [0x1234_5678_9abc, 0xdead_beef_cafe] {
        run(seed, 50);
    }
}
