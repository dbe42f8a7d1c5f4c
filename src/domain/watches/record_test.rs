//! Whether one read is what a query looks for, without the index: for reads that are just being
//! recorded. Says the same as a search, with which its test compares it.

use crate::model::capture::{Capture, CaptureDetail};
use crate::model::plate::Plate;
use crate::model::query::{
    Attribute, AttributeMatch, CandidateMatch, PlateMatch, Query, signature_mark,
};
use crate::store::{attribute_values, normal_value};

/// A read with what it is found by, worked out once.
pub struct Facts<'a> {
    /// The read.
    pub capture: &'a Capture,
    /// The rest of it.
    pub detail: &'a CaptureDetail,
    /// Attribute values as they are indexed; tags and lists among them.
    pub values: Vec<(Attribute, String)>,
}

impl<'a> Facts<'a> {
    /// The facts of `capture`, whose plate has `tags`; names of Rekor lists come from `lists`.
    pub fn new(
        capture: &'a Capture,
        detail: &'a CaptureDetail,
        tags: &[String],
        lists: &[String],
    ) -> Self {
        let own = attribute_values(capture).into_iter();
        let mut values: Vec<(Attribute, String)> =
            own.map(|(attribute, text)| (attribute, text.into_owned())).collect();
        values.extend(tags.iter().map(|tag| (Attribute::Tag, tag.clone())));
        values.extend(lists.iter().map(|list| (Attribute::List, list.to_lowercase())));
        Self { capture, detail, values }
    }

    fn has(&self, attribute: Attribute, value: &str) -> bool {
        self.values.iter().any(|(known, text)| *known == attribute && text == value)
    }
}

/// A query ready to be held against reads.
#[derive(Debug)]
pub struct RecordTest(Query);

impl RecordTest {
    /// Prepares `query`.
    pub fn new(mut query: Query) -> Self {
        for condition in &mut query.attributes {
            for value in &mut condition.values {
                *value = normal_value(condition.attribute, value).into_owned();
            }
        }
        Self(query)
    }

    /// The query.
    pub const fn query(&self) -> &Query {
        &self.0
    }

    /// Whether the read of `facts` is what the query looks for.
    pub fn holds(&self, facts: &Facts<'_>) -> bool {
        let Query { plate, without, candidates, signatures, week, from, until, holes, attributes } =
            &self.0;
        let at = facts.capture.key.time();
        let of_plate = |pattern: &PlateMatch| {
            facts.capture.plate.as_ref().is_some_and(|plate| pattern.matches(plate.as_str()))
        };
        let of_values = |condition: &AttributeMatch| {
            let has = |value: &String| facts.has(condition.attribute, value);
            condition.values.iter().any(has) != condition.not
        };
        attributes.iter().all(of_values)
            && plate.as_ref().is_none_or(of_plate)
            && !without.iter().any(of_plate)
            && from.is_none_or(|from| at >= from)
            && until.is_none_or(|until| at < until)
            && !holes.iter().any(|(from, until)| at >= *from && at < *until)
            && week.as_ref().is_none_or(|week| week.matches(at))
            && candidates.iter().all(|wanted| of_candidates(facts, wanted))
            && signatures.iter().all(|(mark, not)| of_signature(facts, *mark) != *not)
    }
}

fn of_candidates(facts: &Facts<'_>, wanted: &CandidateMatch) -> bool {
    let matches = |plate: &Plate| wanted.plate.matches(plate.as_str());
    let mut others = facts.detail.candidates.iter();
    let any = facts.capture.plate.as_ref().is_some_and(matches)
        || others.any(|guess| Plate::parse(&guess.name).as_ref().is_some_and(matches));
    any != wanted.not
}

fn of_signature(facts: &Facts<'_>, mark: u64) -> bool {
    let signature = &facts.detail.signature;
    !signature.is_empty() && signature_mark(signature) == mark
}
