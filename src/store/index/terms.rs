//! What a capture is found by: its attribute values, and the one- and two-letter pieces of its
//! plate. Longer pieces are looked up among the distinct plates (`plates`).

use std::borrow::Cow;

use crate::model::capture::{Capture, Guess};
use crate::model::known_plate::PlateTag;
use crate::model::plate::Plate;
use crate::model::query::{Attribute, eight_ways, flag_names, signature_mark};
use crate::store::StoreError;

/// One thing captures (or plates) can have in common; each has a bitmap per block.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Term {
    /// An [`Attribute`] or one of the constants here.
    pub(crate) attribute: u8,
    /// Value id, or the packed characters of a gram.
    pub(crate) value: u64,
}

impl Term {
    /// Captures that were deleted or have moved to another slot.
    pub(crate) const DEAD: Self = Self { attribute: 0, value: 0 };
    /// Captures with a plate.
    pub(crate) const PLATED: Self = Self { attribute: 65, value: 0 };

    /// Plate confidence in tens of percent, rounded down: wide ranges of it take few bitmaps.
    pub(crate) const fn tens(ten: u8) -> Self {
        Self { attribute: 68, value: ten as u64 }
    }

    pub(crate) const fn value(attribute: Attribute, id: u32) -> Self {
        Self { attribute: attribute as u8, value: id as u64 }
    }

    /// A piece of a plate at capture level: see [`capture_grams`].
    pub(crate) fn gram(characters: &[char]) -> Self {
        Self { attribute: 64, value: pack(characters) }
    }

    /// Plates with `character` at a place counted from their start (from 0) or from their end.
    pub(crate) fn at(place: usize, character: char, from_end: bool) -> Self {
        let value = (place as u64) << 21 | u64::from(u32::from(character));
        Self { attribute: if from_end { 70 } else { 69 }, value }
    }

    /// Plates of so many characters.
    pub(crate) const fn length(characters: usize) -> Self {
        Self { attribute: Self::LENGTH, value: characters as u64 }
    }

    /// Attribute of [`Self::length`].
    pub(crate) const LENGTH: u8 = 71;

    /// Three characters of any reading of the plate, marks included.
    pub(crate) fn candidate(characters: &[char]) -> Self {
        Self { attribute: 72, value: pack(characters) }
    }

    /// Two drawers in which the signature of `mark` lies among 1,024 each: together they hold few
    /// others, and a row for every single signature would be mostly key.
    pub(crate) const fn signature(mark: u64) -> [Self; 2] {
        [
            Self { attribute: 73, value: mark & 0x3ff },
            Self { attribute: 73, value: 0x400 | (mark >> 10 & 0x3ff) },
        ]
    }

    /// Captured in this hour of the day, UTC.
    pub(crate) const fn hour(hour: u8) -> Self {
        Self { attribute: 74, value: hour as u64 }
    }

    /// Captured on this day of the week, Monday 0, UTC.
    pub(crate) const fn weekday(day: u8) -> Self {
        Self { attribute: 75, value: day as u64 }
    }

    /// Whether it is mostly the same for captures that arrive one after the other.
    pub(crate) const fn comes_in_runs(self) -> bool {
        matches!(self.attribute, 74..=76)
    }

    /// Captured in this quarter of an hour, 0 to 3.
    pub(crate) const fn quarter(quarter: u8) -> Self {
        Self { attribute: 76, value: quarter as u64 }
    }

    /// Three characters of a distinct plate, or of its look-alike form.
    pub(crate) fn trigram(characters: &[char], folded: bool) -> Self {
        Self { attribute: if folded { 67 } else { 66 }, value: pack(characters) }
    }
}

/// Stands before the first character of a plate; plates hold letters and digits only.
pub(crate) const BEGIN: char = '\u{2}';
/// Stands after the last character of a plate.
pub(crate) const END: char = '\u{3}';

/// Up to three characters in one number: 21 bits hold any character.
fn pack(characters: &[char]) -> u64 {
    characters.iter().fold(0, |packed, &character| (packed << 21) | u64::from(u32::from(character)))
}

/// `plate` with its begin and end marks.
pub(crate) fn marked(plate: &str) -> Vec<char> {
    std::iter::once(BEGIN).chain(plate.chars()).chain(std::iter::once(END)).collect()
}

/// The pieces of a plate that captures are indexed by: single characters, pairs including those
/// with one mark, and the first and last two characters with their mark.
pub(crate) fn capture_grams(plate: &str, terms: &mut Vec<Term>) {
    let text = marked(plate);
    terms.push(Term::PLATED);
    terms.extend(plate.chars().map(|character| Term::gram(&[character])));
    terms.extend(text.windows(2).map(Term::gram));
    terms.extend(text.windows(3).filter(|piece| is_capture_gram(piece)).map(Term::gram));
}

/// Whether captures are indexed by `piece`.
pub(crate) fn is_capture_gram(piece: &[char]) -> bool {
    match piece {
        [one] => !matches!(*one, BEGIN | END),
        [first, last] => !(*first == BEGIN && *last == END),
        [first, _, last] => (*first == BEGIN) != (*last == END),
        _ => false,
    }
}

/// What a capture is found by besides its own fields.
#[derive(Debug, Default)]
pub(crate) struct Extra {
    /// Tags of its plate.
    pub(crate) tags: Vec<PlateTag>,
    /// Rekor lists that raised an alert about it.
    pub(crate) lists: Vec<String>,
    /// Other readings of its plate.
    pub(crate) candidates: Vec<Guess>,
    /// Signature of its vehicle.
    pub(crate) signature: String,
}

/// The characters of distinct plates by place, and their length: what patterns without three
/// known characters in a row are answered from.
pub(crate) fn place_terms(plate: &str, terms: &mut Vec<Term>) {
    let count = plate.chars().count();
    terms.push(Term::length(count));
    for (place, character) in plate.chars().enumerate() {
        terms.push(Term::at(place, character, false));
        terms.push(Term::at(count - 1 - place, character, true));
    }
}

/// When it was captured, as clocks in UTC show it.
fn time_terms(capture: &Capture, terms: &mut Vec<Term>) {
    const QUARTER_MS: i64 = 15 * 60 * 1000;
    // The first of January 1970 was a Thursday.
    let quarters = capture.key.time().0.div_euclid(QUARTER_MS) + 3 * 96;
    terms.push(Term::quarter((quarters % 4) as u8));
    terms.push(Term::hour((quarters / 4 % 24) as u8));
    terms.push(Term::weekday((quarters / 96 % 7) as u8));
}

/// The pieces of all readings of a plate.
fn candidate_terms(capture: &Capture, extra: &Extra, terms: &mut Vec<Term>) {
    let mut add = |plate: &str| terms.extend(marked(plate).windows(3).map(Term::candidate));
    if let Some(plate) = &capture.plate {
        add(plate.as_str());
    }
    for candidate in &extra.candidates {
        if let Some(plate) = Plate::parse(&candidate.name) {
            add(plate.as_str());
        }
    }
}

/// All terms of `capture`, sorted; `id_of` knows the ids of attribute values.
pub(crate) fn terms_of(
    capture: &Capture,
    extra: &Extra,
    mut id_of: impl FnMut(Attribute, &str) -> Result<Option<u32>, StoreError>,
) -> Result<Vec<Term>, StoreError> {
    let mut terms = Vec::with_capacity(96);
    for (attribute, text) in attribute_values(capture) {
        terms.extend(id_of(attribute, &text)?.map(|id| Term::value(attribute, id)));
    }
    let tags = extra.tags.iter().map(|tag| (Attribute::Tag, tag.as_str().to_owned()));
    let lists = extra.lists.iter().map(|list| (Attribute::List, list.to_lowercase()));
    for (attribute, text) in tags.chain(lists) {
        terms.extend(id_of(attribute, &text)?.map(|id| Term::value(attribute, id)));
    }
    time_terms(capture, &mut terms);
    candidate_terms(capture, extra, &mut terms);
    if !extra.signature.is_empty() {
        terms.extend(Term::signature(signature_mark(&extra.signature)));
    }
    terms.extend(percent(capture).map(|percent| Term::tens(percent / 10)));
    if let Some(plate) = &capture.plate {
        capture_grams(plate.as_str(), &mut terms);
        place_terms(plate.as_str(), &mut terms);
    }
    // A plate like AAA has the same piece more than once.
    terms.sort_unstable();
    terms.dedup();
    Ok(terms)
}

/// Confidence of the plate in whole percent, rounded down.
fn percent(capture: &Capture) -> Option<u8> {
    let known = capture.plate.is_some() && capture.confidence.is_finite();
    known.then(|| capture.confidence.clamp(0.0, 100.0) as u8)
}

/// The attribute values `capture` is found by, in the form they are indexed in.
pub(crate) fn attribute_values(capture: &Capture) -> Vec<(Attribute, Cow<'_, str>)> {
    let mut values: Vec<(Attribute, Cow<'_, str>)> = Vec::with_capacity(16);
    values.push((Attribute::Kind, capture.kind.name().into()));
    values.push((Attribute::Camera, capture.camera_value().into()));
    let vehicle = &capture.vehicle;
    let guess = |guess: &'_ Option<Guess>| {
        guess.as_ref().map(|guess| guess.name.to_lowercase()).unwrap_or_default()
    };
    for (attribute, text) in [
        (Attribute::Region, capture.region.to_lowercase()),
        (Attribute::Country, capture.country.to_lowercase()),
        (Attribute::Agent, capture.agent_uid.clone()),
        (Attribute::Color, guess(&vehicle.color)),
        (Attribute::Make, guess(&vehicle.make)),
        (Attribute::Model, guess(&vehicle.make_model)),
        (Attribute::Body, guess(&vehicle.body)),
        (Attribute::Year, guess(&vehicle.year)),
    ] {
        if !text.is_empty() {
            values.push((attribute, text.into()));
        }
    }
    if let Some(degrees) = capture.direction.filter(|degrees| degrees.is_finite()) {
        values.push((Attribute::Direction, eight_ways(degrees).into()));
    }
    if let Some(percent) = percent(capture) {
        values.push((Attribute::Confidence, percent.to_string().into()));
    }
    for (name, bit) in flag_names() {
        if capture.flags.has(bit) {
            values.push((Attribute::Flag, name.into()));
        }
    }
    values
}

/// `text` as values of `attribute` are indexed: agents and cameras as they are, the rest in lower
/// case.
pub(crate) fn normal_value(attribute: Attribute, text: &str) -> Cow<'_, str> {
    match attribute {
        Attribute::Camera | Attribute::Agent => text.into(),
        _ => text.to_lowercase().into(),
    }
}
