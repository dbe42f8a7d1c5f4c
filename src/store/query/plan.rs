//! From a query to what the index knows: clauses of terms, a range of keys, and for plates either
//! a few known plates or a pattern to check capture by capture.

use crate::model::capture::CaptureKey;
use crate::model::plate::fold;
use crate::model::query::{Attribute, Piece, PlateMatch, Query};
use crate::store::index::Term;
use crate::store::index::terms::{BEGIN, END, is_capture_gram};
use crate::store::plates::PlateHit;
use crate::store::{ReadTx, StoreError};

/// Captures that have (or have not) any of some terms.
#[derive(Clone, Debug)]
pub(super) struct Clause {
    pub(super) any: Vec<Term>,
    pub(super) not: bool,
}

/// What is left to do about the plate.
#[derive(Debug)]
pub(super) enum Plates {
    /// Nothing: the clauses say it all.
    Any,
    /// The captures of these plates.
    Hits(Vec<PlateHit>),
    /// The clauses only narrow it down: check each plate.
    Verify(PlateMatch),
}

/// A query in terms of the index.
#[derive(Debug)]
pub(super) struct Plan {
    pub(super) clauses: Vec<Clause>,
    /// Keys wanted: from here
    pub(super) from: u64,
    /// up to, without, here.
    pub(super) until: u64,
    pub(super) plates: Plates,
    /// Nothing can match.
    pub(super) nothing: bool,
}

impl Plan {
    pub(super) fn new(tx: &ReadTx, query: &Query, hits_max: usize) -> Result<Self, StoreError> {
        let from = query.from.map_or(0, |time| CaptureKey::floor(time).0);
        let until = query.until.map_or(u64::MAX, |time| CaptureKey::floor(time).0);
        let mut plan =
            Self { clauses: Vec::new(), from, until, plates: Plates::Any, nothing: from >= until };
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
            plan.nothing |= any.is_empty() && !condition.not;
            if !any.is_empty() {
                plan.clauses.push(Clause { any, not: condition.not });
            }
        }
        if let Some(pattern) = query.plate.as_ref().filter(|_| !plan.nothing) {
            plan.add_plate(tx, pattern, hits_max)?;
        }
        // Wanted terms first, those of one value before unions: they rule most out.
        plan.clauses.sort_by_key(|clause| (clause.not, clause.any.len()));
        Ok(plan)
    }

    /// All terms the search will look at.
    pub(super) fn terms(&self) -> impl Iterator<Item = Term> + '_ {
        self.clauses.iter().flat_map(|clause| clause.any.iter().copied())
    }

    /// Whether anything but the plate narrows the search.
    pub(super) fn only_plates(&self) -> bool {
        self.clauses.is_empty() && self.from == 0 && self.until == u64::MAX
    }

    fn add_plate(
        &mut self,
        tx: &ReadTx,
        pattern: &PlateMatch,
        hits_max: usize,
    ) -> Result<(), StoreError> {
        let runs = runs(&pattern.pieces);
        let whole = !pattern.pieces.iter().any(|piece| !matches!(piece, Piece::Text(_)));
        if whole && !pattern.look_alike {
            let text: String = runs.iter().flatten().filter(|c| !is_mark(**c)).collect();
            let hit = tx.plate(&text)?.filter(|hit| hit.count > 0);
            self.nothing |= hit.is_none();
            self.plates = Plates::Hits(hit.into_iter().collect());
            return Ok(());
        }
        if !whole && runs.is_empty() && pattern.pieces.iter().all(|piece| *piece == Piece::Any) {
            self.clauses.push(Clause { any: vec![Term::PLATED], not: false });
            return Ok(());
        }
        let wild = pattern.pieces.contains(&Piece::One);
        if let ([run], false) = (runs.as_slice(), wild)
            && is_capture_gram(run)
        {
            self.clauses.push(gram_clause(run, pattern.look_alike));
            return Ok(());
        }
        if runs.iter().any(|run| run.len() >= 3)
            && let Some(hits) = tx.plates_like(pattern, &runs, hits_max)?
        {
            self.nothing |= hits.is_empty();
            self.plates = Plates::Hits(hits);
            return Ok(());
        }
        self.clauses.push(Clause { any: vec![Term::PLATED], not: false });
        for gram in runs.iter().flat_map(|run| grams_of(run)) {
            self.clauses.push(gram_clause(gram, pattern.look_alike));
        }
        self.plates = Plates::Verify(pattern.clone());
        Ok(())
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

/// The capture-level grams that anything with `run` must have.
fn grams_of(run: &[char]) -> Vec<&[char]> {
    match run.len() {
        1 => vec![run],
        2 => run.windows(2).collect(),
        _ => {
            let marked = run.windows(3).filter(|piece| is_capture_gram(piece));
            run.windows(2).chain(marked).collect()
        }
    }
}

/// Captures with `gram`, or with one that looks like it.
fn gram_clause(gram: &[char], look_alike: bool) -> Clause {
    let mut spellings: Vec<Vec<char>> = vec![Vec::new()];
    for &character in gram {
        let class = if look_alike { look_alikes(character) } else { vec![character] };
        spellings = spellings
            .iter()
            .flat_map(|start| {
                class.iter().map(|&end| start.iter().copied().chain([end]).collect::<Vec<_>>())
            })
            .collect();
    }
    Clause { any: spellings.iter().map(|spelling| Term::gram(spelling)).collect(), not: false }
}

/// All characters that fold to the same as `character`.
fn look_alikes(character: char) -> Vec<char> {
    let folded = fold(character);
    let mut class: Vec<char> =
        ('A'..='Z').chain('0'..='9').filter(|&other| fold(other) == folded).collect();
    if class.is_empty() {
        class.push(character);
    }
    class
}
