//! What the index only narrows down: conditions whose last word is in the record of the capture.

use super::Search;
use super::plan::Clause;
use crate::model::capture::CaptureKey;
use crate::model::plate::Plate;
use crate::model::query::{CandidateMatch, PlateMatch, signature_mark};
use crate::store::StoreError;
use crate::store::captures::{any_candidate, decode_detail, decode_plate};
use crate::store::index::bits::Bits;
use crate::store::index::{Header, Term};

/// Captures looked at between two looks at the clock.
const CHECK_EVERY: usize = 64;

/// A condition to look at captures for.
#[derive(Debug)]
pub(super) struct Check {
    /// Only captures that meet all of these can meet it.
    pub(super) clauses: Vec<Clause>,
    test: Test,
    /// Whether captures that meet it are left out instead.
    pub(super) not: bool,
}

#[derive(Debug)]
enum Test {
    Candidate(PlateMatch),
    Signature(u64),
}

impl Check {
    pub(super) fn candidate(wanted: &CandidateMatch, clauses: Vec<Clause>) -> Self {
        Self { clauses, test: Test::Candidate(wanted.plate.clone()), not: wanted.not }
    }

    pub(super) fn signature(mark: u64, not: bool) -> Self {
        let clauses = Term::signature(mark).map(|term| Clause { any: vec![term], not: false });
        Self { clauses: clauses.to_vec(), test: Test::Signature(mark), not }
    }
}

impl Search {
    /// Whether the capture with `key` meets `check`. Reads no more of its records than that takes.
    pub(super) fn checked(&self, check: &Check, key: u64) -> Result<bool, StoreError> {
        match &check.test {
            Test::Candidate(pattern) => {
                let Some(record) = self.captures.get(key)? else { return Ok(false) };
                let plate = decode_plate(record.value())?;
                if !plate.is_empty() && pattern.matches(plate) {
                    return Ok(true);
                }
                let found = self.details.look(CaptureKey(key), |detail| {
                    any_candidate(detail, |name| {
                        Plate::parse(name).is_some_and(|plate| pattern.matches(plate.as_str()))
                    })
                });
                Ok(found?.unwrap_or_default())
            }
            Test::Signature(mark) => {
                let detail = self.details.look(CaptureKey(key), decode_detail)?;
                let signature = detail.unwrap_or_default().signature;
                Ok(!signature.is_empty() && signature_mark(&signature) == *mark)
            }
        }
    }

    /// Takes from `found` what does not meet all checks; `false` when time was over before that.
    pub(super) fn check(&self, header: &Header, found: &mut Bits) -> Result<bool, StoreError> {
        let rows = self.blocks.rows(header);
        for check in &self.plan.checks {
            let mut doubtful = found.clone();
            for clause in &check.clauses {
                rows.and(&clause.any, &mut doubtful)?;
            }
            for (count, ordinal) in doubtful.iter().enumerate() {
                if count % CHECK_EVERY == CHECK_EVERY - 1 && self.out_of_time() {
                    return Ok(false);
                }
                let key = self.blocks.slots.get((header.block, ordinal))?;
                let Some(key) = key.map(|key| key.value()) else { continue };
                if self.checked(check, key)? == check.not {
                    found.remove(ordinal);
                }
            }
        }
        Ok(true)
    }
}
