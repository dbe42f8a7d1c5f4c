//! Plate patterns against the places of characters: exact for any pattern, without looking at a
//! single plate, at the cost of one row for every known character (and for every place it may be
//! at, between two `*`).

use super::blocks::Rows;
use crate::base::limits::PLATE_CHARS_MAX;
use crate::model::plate::fold;
use crate::model::query::{Piece, PlateMatch};
use crate::store::StoreError;
use crate::store::index::Term;
use crate::store::index::bits::Bits;

/// Characters in a row; `None` stands for any one, several for look-alikes.
type Segment = Vec<Option<Vec<char>>>;

/// A pattern cut at its `*`.
#[derive(Debug)]
pub(super) struct Shape {
    /// From the first character on; all of the plate when nothing follows.
    front: Segment,
    /// In this order somewhere between.
    middles: Vec<Segment>,
    /// Up to the last character; `None` when the pattern has no `*`.
    back: Option<Segment>,
}

impl Shape {
    pub(super) fn new(pattern: &PlateMatch) -> Self {
        let mut segments: Vec<Segment> = vec![Vec::new()];
        for piece in &pattern.pieces {
            let Some(segment) = segments.last_mut() else { continue };
            match piece {
                Piece::Any => segments.push(Vec::new()),
                Piece::One => segment.push(None),
                Piece::Text(text) => segment.extend(text.chars().map(|character| {
                    Some(if pattern.look_alike { look_alikes(character) } else { vec![character] })
                })),
            }
        }
        let back = if segments.len() > 1 { segments.pop() } else { None };
        let mut segments = segments.into_iter();
        let front = segments.next().unwrap_or_default();
        Self { front, middles: segments.filter(|segment| !segment.is_empty()).collect(), back }
    }

    /// Rows read for one block.
    pub(super) fn cost(&self) -> usize {
        let known = |segment: &Segment| segment.iter().flatten().map(Vec::len).sum::<usize>();
        let places = PLATE_CHARS_MAX / 4;
        let middles: usize = self.middles.iter().map(|segment| known(segment) * places).sum();
        known(&self.front) + self.back.as_ref().map_or(1, known) + middles
    }

    /// Every term that may be looked at.
    pub(super) fn terms(&self) -> Vec<Term> {
        let mut terms: Vec<Term> = (0..=PLATE_CHARS_MAX).map(Term::length).collect();
        terms.push(Term::PLATED);
        for (place, class) in self.front.iter().enumerate() {
            terms.extend(at(place, class.as_deref().unwrap_or_default(), false));
        }
        for (place, class) in self.back.iter().flat_map(|back| back.iter().rev()).enumerate() {
            terms.extend(at(place, class.as_deref().unwrap_or_default(), true));
        }
        for class in self.middles.iter().flatten().flatten() {
            terms.extend((0..PLATE_CHARS_MAX).flat_map(|place| at(place, class, false)));
        }
        terms
    }

    /// Keeps what matches of `found`.
    pub(super) fn narrow(&self, rows: &Rows<'_>, found: &mut Bits) -> Result<(), StoreError> {
        let front = self.front.len();
        for (place, class) in self.front.iter().enumerate() {
            if let Some(class) = class {
                rows.and(&at(place, class, false), found)?;
            }
        }
        let Some(back) = &self.back else { return rows.and(&[Term::length(front)], found) };
        for (place, class) in back.iter().rev().enumerate() {
            if let Some(class) = class {
                rows.and(&at(place, class, true), found)?;
            }
        }
        if front + back.len() == 0 && self.middles.is_empty() {
            return rows.and(&[Term::PLATED], found);
        }
        if found.is_empty() {
            return Ok(());
        }
        if !self.middles.is_empty() {
            return self.place_middles(rows, back.len(), found);
        }
        // The known character furthest in proves that the plate is long enough.
        let proven = |segment: &Segment, furthest: Option<&Option<Vec<char>>>| {
            !segment.is_empty() && furthest.is_some_and(Option::is_some)
        };
        let long_enough = (back.is_empty() && proven(&self.front, self.front.last()))
            || (front == 0 && proven(back, back.first()));
        if !long_enough {
            rows.and(&[Term::PLATED], found)?;
            let short: Vec<Term> = (1..front + back.len()).map(Term::length).collect();
            rows.and_not(&short, found)?;
        }
        Ok(())
    }

    /// Puts each middle at the first place it fits, after the ones before it.
    fn place_middles(
        &self,
        rows: &Rows<'_>,
        back: usize,
        found: &mut Bits,
    ) -> Result<(), StoreError> {
        let longest = rows.longest()?;
        // At index n: where all so far can end at place n or before.
        let mut reached: Vec<Bits> = (0..=longest)
            .map(|end| if end >= self.front.len() { found.clone() } else { Bits::new() })
            .collect();
        for segment in &self.middles {
            let mut next = Vec::with_capacity(reached.len());
            let mut fitting = Bits::new();
            for end in 0..=longest {
                if let Some(start) = end.checked_sub(segment.len())
                    && let Some(before) = reached.get(start)
                {
                    let mut here = before.clone();
                    for (offset, class) in segment.iter().enumerate() {
                        if let Some(class) = class
                            && !here.is_empty()
                        {
                            rows.and(&at(start + offset, class, false), &mut here)?;
                        }
                    }
                    fitting.or(&here);
                }
                next.push(fitting.clone());
            }
            reached = next;
        }
        let anchored =
            self.middles.last().and_then(|last| last.last()).is_some_and(Option::is_some);
        if back == 0 && anchored {
            *found = reached.pop().unwrap_or_else(Bits::new);
            return Ok(());
        }
        let mut fitting = Bits::new();
        for (end, ending) in reached.iter_mut().enumerate() {
            if end + back <= longest {
                rows.and(&[Term::length(end + back)], ending)?;
                fitting.or(ending);
            }
        }
        *found = fitting;
        Ok(())
    }
}

fn at(place: usize, class: &[char], from_end: bool) -> Vec<Term> {
    class.iter().map(|character| Term::at(place, *character, from_end)).collect()
}

/// All characters that fold to the same as `character`.
pub(crate) fn look_alikes(character: char) -> Vec<char> {
    let folded = fold(character);
    let mut class: Vec<char> =
        ('A'..='Z').chain('0'..='9').filter(|&other| fold(other) == folded).collect();
    if class.is_empty() {
        class.push(character);
    }
    class
}
