//! Trying a watch on the reads of the last days: which would have matched. Bounded in what it looks
//! at and in what it gives.

use jiff::tz::TimeZone;

use crate::base::clock::Timestamp;
use crate::base::limits::{WATCH_TRIAL_DAYS, WATCH_TRIAL_READS_MAX, WATCH_TRIAL_ROWS};
use crate::domain::finding::scan;
use crate::model::capture::Capture;
use crate::model::query::{Attribute, AttributeMatch, Query};
use crate::model::watch::{Target, Watch};
use crate::store::{Store, StoreError};

use super::fire::is_within_hours;
use super::index::WatchIndex;
use super::record_test::Facts;
use super::searches::{self, Names};

/// What a trial found.
#[derive(Clone, Debug, Default)]
pub struct Trial {
    /// Reads that would have matched.
    pub matches: u64,
    /// Of these the newest.
    pub rows: Vec<Capture>,
    /// Of all, how many nobody would have been told of, being of another region, late or parked.
    pub silent: u64,
    /// Reads looked at.
    pub looked_at: u64,
    /// Whether there were more reads than are looked at.
    pub stopped: bool,
}

/// Tries `watch`, whose owner's zone is `zone`, on the reads before `now`. Quiet periods are not
/// counted, nor whether it is on.
pub fn run(
    store: &Store,
    watch: &Watch,
    names: &Names,
    zone: &TimeZone,
    now: Timestamp,
) -> Result<Trial, StoreError> {
    let mut trial = Trial::default();
    let found = match &watch.target {
        Target::Plate { pattern, look_alike } => {
            Some(Query { plate: Some(pattern.matcher(*look_alike)), ..Query::default() })
        }
        Target::Search(search) => searches::understand(search, names).ok(),
        Target::Unlisted(_) => Some(Query::default()),
    };
    // A search that is not understood finds nothing.
    let Some(mut query) = found else { return Ok(trial) };
    query.from = Some(now.plus_ms(-WATCH_TRIAL_DAYS * 86_400_000));
    if !watch.cameras.is_empty() {
        query.attributes.push(AttributeMatch {
            attribute: Attribute::Camera,
            values: watch.cameras.clone(),
            not: false,
        });
    }
    let unlisted = matches!(watch.target, Target::Unlisted(_));
    let index = WatchIndex::new(
        if unlisted { store.read(|tx| tx.watches_of(watch.owner))? } else { Vec::new() }
            .into_iter()
            .filter(|other| other.id != watch.id && matches!(other.target, Target::Plate { .. }))
            .chain([watch.clone()])
            .collect(),
        |_| None,
    );
    for row in scan(store, &query, None, WATCH_TRIAL_READS_MAX) {
        let row = row?;
        trial.looked_at += 1;
        let in_time = watch.is_valid_at(row.captured_at)
            && (!watch.has_hours() || is_within_hours(watch, zone.clone(), row.captured_at));
        if !in_time || (unlisted && !is_unlisted(store, &index, watch, &row)?) {
            continue;
        }
        trial.matches += 1;
        if would_be_silent(watch, &row) {
            trial.silent += 1;
        }
        if trial.rows.len() < WATCH_TRIAL_ROWS {
            trial.rows.push(row);
        }
    }
    trial.stopped = trial.looked_at >= WATCH_TRIAL_READS_MAX;
    Ok(trial)
}

fn is_unlisted(
    store: &Store,
    index: &WatchIndex,
    watch: &Watch,
    row: &Capture,
) -> Result<bool, StoreError> {
    let Some(plate) = &row.plate else { return Ok(false) };
    let known = store.read(|tx| tx.known_plate(plate))?;
    let tags: Option<Vec<String>> =
        known.map(|known| known.tags.iter().map(|tag| tag.as_str().to_owned()).collect());
    let detail = crate::model::capture::CaptureDetail::default();
    let facts = Facts::new(row, &detail, tags.as_deref().unwrap_or_default(), &[]);
    let mut hits = index.hits(&facts, tags.as_deref()).into_iter();
    Ok(hits.any(|armed| armed.watch.id == watch.id))
}

fn would_be_silent(watch: &Watch, row: &Capture) -> bool {
    use crate::model::capture::Flags;
    (watch.region_match && watch.is_other_region(&row.region, &row.country))
        || row.flags.has(Flags::LATE)
        || row.flags.has(Flags::PARKED)
}
