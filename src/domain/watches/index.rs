//! All watches in memory, so that a read is held against those few that can match it: exact plates
//! by text, look-alikes by folded text, patterns by what they must contain, searches by their rarest
//! condition. Made anew when watches change.

use std::collections::HashMap;
use std::sync::Arc;

use crate::model::plate::{Plate, fold};
use crate::model::query::{Attribute, Piece, PlateMatch, Query};
use crate::model::user::UserId;
use crate::model::watch::{Target, Watch};
use crate::store::{StoreError, WriteTx};

use super::buckets::Buckets;
use super::record_test::{Facts, RecordTest};
use super::searches;

/// A watch with what it takes to decide.
#[derive(Debug)]
pub struct Armed {
    /// The watch.
    pub watch: Watch,
    test: Test,
}

#[derive(Debug)]
enum Test {
    /// A pattern, folded when look-alikes count as equal.
    Plate(PlateMatch),
    Search(Box<RecordTest>),
    Unlisted,
    /// A search that is not understood any more.
    Never,
}

/// The watches of all users.
#[derive(Debug, Default)]
pub struct WatchIndex {
    armed: Vec<Armed>,
    plain: Buckets,
    folded: Buckets,
    /// Searches by a value their reads must have.
    by_value: HashMap<(Attribute, Box<str>), Vec<u32>>,
    /// Searches by a whole plate or its beginning.
    by_plate: Buckets,
    /// The same with look-alikes.
    by_folded_plate: Buckets,
    /// Searches without such a value.
    loose: Vec<u32>,
    unlisted: Vec<u32>,
    /// Whether a search asks for the name of a Rekor list.
    lists: bool,
}

impl WatchIndex {
    /// Indexes `watches`; `understand` reads the query of a search.
    pub fn new(watches: Vec<Watch>, understand: impl Fn(&Watch) -> Option<Query>) -> Self {
        let mut index = Self::default();
        for watch in watches {
            let number = index.armed.len() as u32;
            let test = match &watch.target {
                Target::Plate { pattern, look_alike } => {
                    let pattern = pattern.matcher(*look_alike);
                    let (buckets, key) = if *look_alike {
                        (&mut index.folded, folded(&pattern))
                    } else {
                        (&mut index.plain, pattern.clone())
                    };
                    buckets.add(&key, number);
                    Test::Plate(pattern)
                }
                Target::Search(_) => match understand(&watch) {
                    Some(query) => Test::Search(Box::new(index.add_search(query, number))),
                    None => Test::Never,
                },
                Target::Unlisted(_) => {
                    index.unlisted.push(number);
                    Test::Unlisted
                }
            };
            index.armed.push(Armed { watch, test });
        }
        index
    }

    fn add_search(&mut self, query: Query, number: u32) -> RecordTest {
        let test = RecordTest::new(query);
        let query = test.query();
        self.lists |= query.attributes.iter().any(|it| it.attribute == Attribute::List);
        let narrow = query.plate.as_ref().filter(|plate| plate.edits == 0);
        if let Some(plate) = narrow {
            let (buckets, key) = if plate.look_alike {
                (&mut self.by_folded_plate, folded(plate))
            } else {
                (&mut self.by_plate, plate.clone())
            };
            buckets.add(&key, number);
            return test;
        }
        let rarest = query.attributes.iter().filter(|condition| !condition.not);
        let rarest = rarest.filter(|it| it.values.len() <= VALUES_MAX);
        match rarest.min_by_key(|condition| commonness(condition.attribute)) {
            None => self.loose.push(number),
            Some(condition) => {
                for value in &condition.values {
                    let key = (condition.attribute, value.as_str().into());
                    let numbers = self.by_value.entry(key).or_default();
                    if numbers.last() != Some(&number) {
                        numbers.push(number);
                    }
                }
            }
        }
        test
    }

    /// Whether there is nothing to match.
    pub fn is_empty(&self) -> bool {
        self.armed.is_empty()
    }

    /// Whether any watch asks for the name of a Rekor list.
    pub fn asks_for_lists(&self) -> bool {
        self.lists
    }

    /// The watches whose target the read of `facts` is, in no order. `tags` are the tags of its plate,
    /// `None` when the plate is not known. Validity, hours and cameras are not looked at.
    pub fn hits(&self, facts: &Facts<'_>, tags: Option<&[String]>) -> Vec<&Armed> {
        let mut found: Vec<u32> = Vec::new();
        if let Some(plate) = &facts.capture.plate {
            self.plate_hits(plate, &mut found);
        }
        self.search_hits(facts, &mut found);
        if facts.capture.plate.is_some() && !self.unlisted.is_empty() {
            self.unlisted_hits(tags, &mut found);
        }
        found.sort_unstable();
        found.dedup();
        found.into_iter().filter_map(|number| self.armed(number)).collect()
    }

    fn armed(&self, number: u32) -> Option<&Armed> {
        self.armed.get(number as usize)
    }

    fn plate_hits(&self, plate: &Plate, found: &mut Vec<u32>) {
        let folded = plate.folded();
        found.extend_from_slice(self.plain.whole(plate.as_str()));
        found.extend_from_slice(self.folded.whole(&folded));
        let mut try_one = |number: u32| {
            if let Some(Armed { test: Test::Plate(pattern), .. }) = self.armed(number)
                && pattern.matches(plate.as_str())
            {
                found.push(number);
            }
        };
        self.plain.candidates(plate.as_str(), &mut try_one);
        self.folded.candidates(&folded, &mut try_one);
    }

    fn search_hits(&self, facts: &Facts<'_>, found: &mut Vec<u32>) {
        let mut try_one = |number: u32| {
            if let Some(Armed { test: Test::Search(test), .. }) = self.armed(number)
                && test.holds(facts)
            {
                found.push(number);
            }
        };
        self.loose.iter().copied().for_each(&mut try_one);
        if let Some(plate) = &facts.capture.plate {
            let folded = plate.folded();
            for (buckets, text) in
                [(&self.by_plate, plate.as_str()), (&self.by_folded_plate, folded.as_str())]
            {
                buckets.whole(text).iter().copied().for_each(&mut try_one);
                buckets.candidates(text, &mut try_one);
            }
        }
        if self.by_value.is_empty() {
            return;
        }
        for (attribute, value) in &facts.values {
            // A key of borrowed text cannot be asked for; the texts are short.
            let key = (*attribute, value.as_str().into());
            self.by_value.get(&key).into_iter().flatten().copied().for_each(&mut try_one);
        }
    }

    fn unlisted_hits(&self, tags: Option<&[String]>, found: &mut Vec<u32>) {
        let watched: Vec<UserId> = found
            .iter()
            .filter_map(|number| self.armed(*number))
            .filter(|armed| matches!(armed.watch.target, Target::Plate { .. }))
            .filter(|armed| !is_any(armed))
            .map(|armed| armed.watch.owner)
            .collect();
        for number in &self.unlisted {
            let Some(armed) = self.armed(*number) else { continue };
            let Target::Unlisted(tag) = &armed.watch.target else { continue };
            let listed = match (tags, tag) {
                (None, _) => false,
                (Some(_), None) => true,
                (Some(tags), Some(tag)) => tags.iter().any(|known| known == tag.as_str()),
            };
            if !listed && !watched.contains(&armed.watch.owner) {
                found.push(*number);
            }
        }
    }
}

/// Whether the watch takes any plate at all, so that it lists none.
fn is_any(armed: &Armed) -> bool {
    matches!(&armed.watch.target, Target::Plate { pattern, .. }
        if !pattern.as_str().chars().any(char::is_alphanumeric))
}

/// Values of one condition that are worth an entry each.
const VALUES_MAX: usize = 64;

/// How many reads share a value of `attribute`, roughly: the rarest first.
const fn commonness(attribute: Attribute) -> u8 {
    match attribute {
        Attribute::Tag => 0,
        Attribute::List => 1,
        Attribute::Model => 2,
        Attribute::Make => 3,
        Attribute::Camera => 4,
        Attribute::Region => 5,
        Attribute::Body => 6,
        Attribute::Color => 7,
        Attribute::Year => 8,
        Attribute::Direction => 9,
        Attribute::Agent => 10,
        Attribute::Confidence => 11,
        Attribute::Flag => 12,
        Attribute::Country => 13,
        Attribute::Kind => 14,
    }
}

/// `pattern` with look-alikes as one.
fn folded(pattern: &PlateMatch) -> PlateMatch {
    let pieces = pattern.pieces.iter().map(|piece| match piece {
        Piece::Text(text) => Piece::Text(text.chars().map(fold).collect()),
        other => other.clone(),
    });
    PlateMatch { pieces: pieces.collect(), ..pattern.clone() }
}

/// The index of all watches as `tx` sees them, made when there is none.
pub fn of(tx: &WriteTx) -> Result<Arc<WatchIndex>, StoreError> {
    if let Some(index) = tx.derived::<WatchIndex>() {
        return Ok(index);
    }
    let names = searches::Names::load(&tx.agents()?, &tx.cameras()?);
    let index = WatchIndex::new(tx.watches()?, |watch| match &watch.target {
        Target::Search(query) => searches::understand(query, &names).ok(),
        _ => None,
    });
    let index = Arc::new(index);
    tx.keep_derived(&index);
    Ok(index)
}
