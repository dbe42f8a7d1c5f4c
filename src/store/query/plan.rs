//! From a query to what the index knows: clauses of terms, a range of keys, shapes of plates, and
//! either a few known plates or nothing to follow.

use std::collections::HashMap;

use super::checks::Check;
use super::shape::{Shape, look_alikes};
use super::week;
use crate::base::clock::Timestamp;
use crate::model::capture::CaptureKey;
use crate::model::query::{Attribute, CandidateMatch, Piece, PlateMatch, Query, WeekMatch};
use crate::store::index::terms::{BEGIN, END, is_capture_gram};
use crate::store::index::{Slot, Term};
use crate::store::plates::PlateHit;
use crate::store::tables::POSTINGS;
use crate::store::{IndexOptions, ReadTx, StoreError};

/// Captures that are followed one by one when other conditions have to be tested, for each row of
/// the index that reading whole blocks would take.
const FOLLOWED_PER_ROW: u64 = 8;

/// Captures that have (or have not) any of some terms.
#[derive(Clone, Debug)]
pub(super) struct Clause {
    pub(super) any: Vec<Term>,
    pub(super) not: bool,
}

/// A query in terms of the index.
#[derive(Debug, Default)]
pub(super) struct Plan {
    /// What is wanted has all of these.
    pub(super) all: Vec<Term>,
    pub(super) clauses: Vec<Clause>,
    /// Plate patterns that must match.
    pub(super) shapes: Vec<Shape>,
    /// Plate patterns that must not.
    pub(super) without: Vec<Shape>,
    /// Captures of plates that must not match, by block.
    pub(super) left_out: HashMap<u32, Vec<u16>>,
    pub(super) week: Option<Box<WeekMatch>>,
    pub(super) checks: Vec<Check>,
    /// Keys wanted: from here
    pub(super) from: u64,
    /// up to, without, here.
    pub(super) until: u64,
    /// Keys left out: from here, up to but without there.
    pub(super) holes: Vec<(u64, u64)>,
    /// The only plates whose captures are wanted.
    pub(super) hits: Option<Vec<PlateHit>>,
    /// Nothing can match.
    pub(super) nothing: bool,
}

impl Plan {
    pub(super) fn new(
        tx: &ReadTx,
        query: &Query,
        options: &IndexOptions,
        blocks: usize,
    ) -> Result<Self, StoreError> {
        let floor = |time: &Timestamp| CaptureKey::floor(*time).0;
        let from = query.from.as_ref().map_or(0, floor);
        let until = query.until.as_ref().map_or(u64::MAX, floor);
        let mut plan = Self {
            from,
            until,
            nothing: from >= until,
            week: query.week.clone(),
            holes: query.holes.iter().map(|(start, end)| (floor(start), floor(end))).collect(),
            ..Self::default()
        };
        plan.add_attributes(tx, query)?;
        plan.nothing |=
            query.week.as_ref().is_some_and(|week| week.hour_bits() == 0 || week.day_bits() == 0);
        for wanted in &query.candidates {
            plan.add_candidate(wanted);
        }
        for (mark, not) in &query.signatures {
            let check = Check::signature(*mark, *not);
            if !not {
                plan.clauses.extend(check.clauses.iter().cloned());
            }
            plan.checks.push(check);
        }
        for pattern in &query.without {
            plan.leave_out(tx, pattern)?;
        }
        if let Some(pattern) = query.plate.as_ref().filter(|_| !plan.nothing) {
            plan.add_plate(tx, pattern, options, blocks)?;
        }
        plan.arrange();
        Ok(plan)
    }

    /// Wanted terms first, those of one value before unions: they rule most out.
    fn arrange(&mut self) {
        for clause in std::mem::take(&mut self.clauses) {
            match clause.any.as_slice() {
                [term] if !clause.not => self.all.push(*term),
                _ => self.clauses.push(clause),
            }
        }
        // Pieces of plates and signatures are rarer than what many vehicles share: where one is
        // missing nothing else is read.
        self.all.sort_unstable_by_key(|term| std::cmp::Reverse(*term));
        self.all.dedup();
        self.clauses.sort_by_key(|clause| (clause.not, clause.any.len()));
    }

    /// All terms the search will look at.
    pub(super) fn terms(&self) -> Vec<Term> {
        let checked = self.checks.iter().flat_map(|check| &check.clauses);
        let clauses = self.clauses.iter().chain(checked);
        let mut terms = self.all.clone();
        terms.extend(clauses.flat_map(|clause| clause.any.iter().copied()));
        terms.extend(self.shapes.iter().chain(&self.without).flat_map(Shape::terms));
        if self.week.is_some() {
            terms.extend(week::terms());
        }
        terms
    }

    /// Whether nothing but the plates to follow, the time range and what has to be looked at
    /// narrows the search.
    pub(super) fn is_open(&self) -> bool {
        self.all.is_empty() && self.is_bare()
    }

    /// The one thing that narrows the search, when it is a single term.
    pub(super) fn only_term(&self) -> Option<Term> {
        match self.all.as_slice() {
            [term] if self.is_bare() && self.checks.is_empty() => Some(*term),
            _ => None,
        }
    }

    fn is_bare(&self) -> bool {
        self.clauses.is_empty()
            && self.shapes.is_empty()
            && self.without.is_empty()
            && self.left_out.is_empty()
            && self.week.is_none()
    }

    /// Whether nothing but the plates to follow narrows the search.
    pub(super) fn only_plates(&self) -> bool {
        let always = self.from == 0 && self.until == u64::MAX && self.holes.is_empty();
        self.is_open() && self.checks.is_empty() && always
    }

    /// Whether the times that are left out take `key` away.
    pub(super) fn in_hole(&self, key: u64) -> bool {
        self.holes.iter().any(|(start, end)| (*start..*end).contains(&key))
    }

    fn add_attributes(&mut self, tx: &ReadTx, query: &Query) -> Result<(), StoreError> {
        for condition in &query.attributes {
            let mut any = Vec::with_capacity(condition.values.len());
            let (tens, rest) = match condition.attribute {
                Attribute::Confidence => whole_tens(&condition.values),
                _ => (Vec::new(), condition.values.iter().map(String::as_str).collect()),
            };
            any.extend(tens);
            for value in rest {
                if let Some(id) = tx.value_id(condition.attribute, value)? {
                    any.push(Term::value(condition.attribute, id));
                }
            }
            self.nothing |= any.is_empty() && !condition.not;
            if !any.is_empty() {
                self.clauses.push(Clause { any, not: condition.not });
            }
        }
        Ok(())
    }

    fn add_plate(
        &mut self,
        tx: &ReadTx,
        pattern: &PlateMatch,
        options: &IndexOptions,
        blocks: usize,
    ) -> Result<(), StoreError> {
        let follow = |plan: &mut Self, hits: Vec<PlateHit>| {
            plan.nothing |= hits.is_empty();
            plan.hits = Some(hits);
        };
        if pattern.edits > 0 {
            follow(self, tx.plates_near(pattern)?);
            return Ok(());
        }
        if let Some(text) = pattern.text().filter(|_| !pattern.look_alike) {
            follow(self, tx.plate(text)?.filter(|hit| hit.count > 0).into_iter().collect());
            return Ok(());
        }
        if pattern.pieces.iter().all(|piece| *piece == Piece::Any) {
            self.clauses.push(Clause { any: vec![Term::PLATED], not: false });
            return Ok(());
        }
        let runs = runs(&pattern.pieces);
        let wild = pattern.pieces.contains(&Piece::One);
        if let ([run], false) = (runs.as_slice(), wild)
            && is_capture_gram(run)
        {
            let gram =
                spellings(run, pattern.look_alike).iter().map(|run| Term::gram(run)).collect();
            self.clauses.push(Clause { any: gram, not: false });
            return Ok(());
        }
        let shape = Shape::new(pattern);
        if runs.iter().any(|run| run.len() >= 3)
            && let Some(hits) = tx.plates_like(pattern, &runs, options.plate_hits)?
        {
            let captures: u64 = hits.iter().map(|hit| u64::from(hit.count)).sum();
            let rows = (shape.cost() * blocks) as u64;
            if self.only_plates() || captures <= (rows * FOLLOWED_PER_ROW).max(1000) {
                follow(self, hits);
                return Ok(());
            }
        }
        self.shapes.push(shape);
        Ok(())
    }

    fn leave_out(&mut self, tx: &ReadTx, pattern: &PlateMatch) -> Result<(), StoreError> {
        let hits = if pattern.edits > 0 {
            tx.plates_near(pattern)?
        } else if pattern.text().is_some() {
            tx.plates_like(pattern, &runs(&pattern.pieces), usize::MAX)?.unwrap_or_default()
        } else {
            self.without.push(Shape::new(pattern));
            return Ok(());
        };
        let postings = tx.table(POSTINGS)?;
        for hit in hits {
            for row in postings.range((hit.id, 0)..=(hit.id, u64::MAX))? {
                let slot = Slot::unpacked(row?.1.value());
                self.left_out.entry(slot.block).or_default().push(slot.ordinal);
            }
        }
        Ok(())
    }

    fn add_candidate(&mut self, wanted: &CandidateMatch) {
        let pattern = &wanted.plate;
        let runs = runs(&pattern.pieces);
        let long: Vec<&Vec<char>> = runs.iter().filter(|run| run.len() >= 3).collect();
        let clauses: Vec<Clause> = long
            .iter()
            .flat_map(|run| run.windows(3))
            .map(|piece| {
                let spellings = spellings(piece, pattern.look_alike);
                let any = spellings.iter().map(|piece| Term::candidate(piece)).collect();
                Clause { any, not: false }
            })
            .collect();
        // Three characters somewhere are one term, which leaves no doubt.
        let wild = pattern.pieces.contains(&Piece::One);
        if let ([clause], [run], false) = (clauses.as_slice(), runs.as_slice(), wild)
            && !(run.first() == Some(&BEGIN) && run.last() == Some(&END))
        {
            self.clauses.push(Clause { not: wanted.not, ..clause.clone() });
            return;
        }
        if !wanted.not {
            self.clauses.extend(clauses.iter().cloned());
        }
        self.checks.push(Check::candidate(wanted, clauses));
    }
}

/// Takes the tens that are wanted as a whole out of confidence values: one term instead of ten.
fn whole_tens(values: &[String]) -> (Vec<Term>, Vec<&str>) {
    let percents: Vec<Option<u8>> = values.iter().map(|value| value.parse().ok()).collect();
    let whole: Vec<u8> = (0..10)
        .filter(|ten| (ten * 10..ten * 10 + 10).all(|percent| percents.contains(&Some(percent))))
        .collect();
    let is_covered = |percent: &Option<u8>| percent.is_some_and(|p| whole.contains(&(p / 10)));
    let rest = values.iter().zip(&percents).filter(|(_, percent)| !is_covered(percent));
    let rest = rest.map(|(value, _)| value.as_str()).collect();
    (whole.into_iter().map(Term::tens).collect(), rest)
}

const fn is_mark(character: char) -> bool {
    matches!(character, BEGIN | END)
}

/// The runs of known characters of a pattern, with marks where the pattern is anchored.
fn runs(pieces: &[Piece]) -> Vec<Vec<char>> {
    let mut runs = vec![vec![BEGIN]];
    for piece in pieces {
        match piece {
            Piece::Text(text) => {
                if let Some(run) = runs.last_mut() {
                    run.extend(text.chars());
                }
            }
            Piece::One | Piece::Any => runs.push(Vec::new()),
        }
    }
    if let Some(run) = runs.last_mut() {
        run.push(END);
    }
    // A mark alone, or next to a wildcard, says nothing.
    runs.retain(|run| run.iter().any(|character| !is_mark(*character)));
    runs
}

/// `run` and, if wanted, everything that looks like it.
fn spellings(run: &[char], look_alike: bool) -> Vec<Vec<char>> {
    let mut spellings: Vec<Vec<char>> = vec![Vec::new()];
    for &character in run {
        let class = if look_alike { look_alikes(character) } else { vec![character] };
        spellings = spellings
            .iter()
            .flat_map(|start| {
                class.iter().map(|&end| start.iter().copied().chain([end]).collect::<Vec<_>>())
            })
            .collect();
    }
    spellings
}
