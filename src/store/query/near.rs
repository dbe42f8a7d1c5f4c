//! Distinct plates that differ from a text by a character or two. Which characters of the text
//! stand where they would have to after so few edits is told by rows; what passes is compared.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use super::blocks::{BitmapTable, Rows};
use super::shape::look_alikes;
use crate::model::query::PlateMatch;
use crate::store::StoreError;
use crate::store::index::Term;
use crate::store::index::bits::Bits;

/// Ids in plate block `block` of plates that may be as near as `pattern` says.
pub(crate) fn near(
    table: &BitmapTable,
    block: u32,
    pattern: &PlateMatch,
) -> Result<Bits, StoreError> {
    let classes: Vec<Vec<char>> = pattern
        .text()
        .unwrap_or_default()
        .chars()
        .map(|character| if pattern.look_alike { look_alikes(character) } else { vec![character] })
        .collect();
    let rows = Rows::of_plates(table, block);
    let edits = usize::from(pattern.edits);
    let mut known: HashMap<(usize, usize), Bits> = HashMap::new();
    let mut found = Bits::new();
    for length in classes.len().saturating_sub(edits).max(1)..=classes.len() + edits {
        let mut near = Bits::new();
        rows.or(Term::length(length), &mut near)?;
        if near.is_empty() {
            continue;
        }
        // Too long a plate has added characters, too short a one dropped some; what edits are
        // left can drop a character here and add one there, or replace.
        let (longer, shorter) =
            (length.saturating_sub(classes.len()), classes.len().saturating_sub(length));
        let slack = (edits - longer - shorter) / 2;
        let (ahead, behind) = (longer + slack, shorter + slack);
        // At index n: those in which at most n characters are not where they should be.
        let mut missing = vec![near; edits - longer + 1];
        for (place, class) in classes.iter().enumerate() {
            let mut here = Bits::new();
            for at in place.saturating_sub(behind)..=(place + ahead).min(length - 1) {
                let bits = match known.entry((place, at)) {
                    Entry::Occupied(entry) => entry.into_mut(),
                    Entry::Vacant(entry) => {
                        let terms: Vec<Term> =
                            class.iter().map(|character| Term::at(at, *character, false)).collect();
                        entry.insert(rows.any(&terms)?)
                    }
                };
                here.or(bits);
            }
            for count in (0..missing.len()).rev() {
                let fewer = count.checked_sub(1).and_then(|fewer| missing.get(fewer)).cloned();
                if let Some(bits) = missing.get_mut(count) {
                    bits.and(&here);
                    if let Some(fewer) = fewer {
                        bits.or(&fewer);
                    }
                }
            }
        }
        if let Some(bits) = missing.last() {
            found.or(bits);
        }
    }
    Ok(found)
}
