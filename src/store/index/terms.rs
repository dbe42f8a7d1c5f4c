//! What a capture is found by: its attribute values, and the one- and two-letter pieces of its
//! plate. Longer pieces are looked up among the distinct plates (`plates`).

use std::borrow::Cow;

use crate::model::capture::Capture;
use crate::model::known_plate::PlateTag;
use crate::model::query::{Attribute, eight_ways, flag_names};
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

/// All terms of `capture` whose plate has `tags`, sorted; `id_of` knows the ids of attribute
/// values.
pub(crate) fn terms_of(
    capture: &Capture,
    tags: &[PlateTag],
    mut id_of: impl FnMut(Attribute, &str) -> Result<Option<u32>, StoreError>,
) -> Result<Vec<Term>, StoreError> {
    let mut terms = Vec::with_capacity(48);
    for (attribute, text) in attribute_values(capture) {
        terms.extend(id_of(attribute, &text)?.map(|id| Term::value(attribute, id)));
    }
    for tag in tags {
        let id = id_of(Attribute::Tag, tag.as_str())?;
        terms.extend(id.map(|id| Term::value(Attribute::Tag, id)));
    }
    terms.extend(percent(capture).map(|percent| Term::tens(percent / 10)));
    if let Some(plate) = &capture.plate {
        capture_grams(plate.as_str(), &mut terms);
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
    let guess = |guess: &'_ Option<crate::model::capture::Guess>| {
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
