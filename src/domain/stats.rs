//! Figures for people: everything a dashboard shows, read from counters alone, so that it costs the
//! days it looks at and not the reads. Knows no page.

use jiff::civil::Date;
use jiff::tz::TimeZone;

use crate::base::clock::Timestamp;
use crate::domain::period::{self, Range, Spans};
use crate::domain::rhythm::{self, Today, Week};
use crate::model::capture::CaptureKind;
use crate::store::counters::{AlertSource, Dimension};
use crate::store::{ReadTx, StoreError};

/// Days that the map of weekdays and hours looks back.
const WEEKS_DAYS: i64 = 28;
/// The same when a year is looked at.
const WEEKS_DAYS_OF_YEAR: i64 = 364;

/// A number beside that of the period before, and its twelve months.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Trend {
    /// In the range.
    pub now: u64,
    /// In the same part of the period before.
    pub before: u64,
    /// The last twelve months, oldest first, this one included.
    pub months: Vec<u64>,
}

/// Counts by region or camera, the most frequent first.
pub type Ranking = Vec<(String, u64)>;

/// Everything a dashboard shows.
#[derive(Clone, Debug)]
pub struct Board {
    /// What is looked at.
    pub range: Range,
    /// From when to when.
    pub spans: Spans,
    /// Plate reads.
    pub plates: Trend,
    /// Alerts of Rekor Scout.
    pub rekor: Trend,
    /// Alerts of own watches.
    pub custom: Trend,
    /// The second most frequent region.
    pub second_region: Option<(String, Trend)>,
    /// Captures of both kinds that are kept: now, without those of the range, and at the end of
    /// each of twelve months.
    pub kept: Trend,
    /// Today by hour.
    pub today: Today,
    /// Weekdays by hour.
    pub week: Week,
    /// Regions of a month.
    pub regions: Regions,
    /// Cameras in the range.
    pub cameras: Ranking,
}

/// Regions of a whole month, or of the first one so far.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Regions {
    /// First day of the month.
    pub month: Date,
    /// Whether the month goes on.
    pub so_far: bool,
    /// The regions.
    pub ranking: Ranking,
}

/// The board of `range` at `now` for a reader in `zone`; `kept` captures are in the store.
pub fn board(
    tx: &ReadTx,
    range: Range,
    kept: u64,
    zone: &TimeZone,
    now: Timestamp,
) -> Result<Board, StoreError> {
    let spans = Spans::new(range, now, zone);
    let months = period::months(now, zone);
    let first = tx.first_capture()?;
    let trend = |dimension, value: &str| {
        Ok::<Trend, StoreError>(Trend {
            now: tx.count(dimension, Some(value), spans.from, spans.until)?,
            before: tx.count(dimension, Some(value), spans.before_from, spans.before_until)?,
            months: tx.series(dimension, Some(value), &months)?,
        })
    };
    let in_range = tx.ranking(Dimension::Region, spans.from, spans.until)?;
    let second_region = match in_range.get(1) {
        Some((region, _)) => Some((region.clone(), trend(Dimension::Region, region)?)),
        None => None,
    };
    let days = if range == Range::Year { WEEKS_DAYS_OF_YEAR } else { WEEKS_DAYS };
    Ok(Board {
        plates: trend(Dimension::Kind, CaptureKind::Plate.name())?,
        rekor: trend(Dimension::Alert, AlertSource::Rekor.name())?,
        custom: trend(Dimension::Alert, AlertSource::Custom.name())?,
        second_region,
        kept: kept_trend(tx, kept, &spans, &months)?,
        today: rhythm::today(tx, zone, now, first)?,
        week: rhythm::week(tx, zone, now, first, days)?,
        regions: regions(tx, zone, now)?,
        cameras: tx.ranking(Dimension::Camera, spans.from, spans.until)?,
        range,
        spans,
    })
}

/// How the store grew to `kept` captures.
fn kept_trend(
    tx: &ReadTx,
    kept: u64,
    spans: &Spans,
    months: &[Timestamp],
) -> Result<Trend, StoreError> {
    let added = tx.series(Dimension::Kind, None, months)?;
    let (mut left, mut ends) = (kept, Vec::with_capacity(added.len()));
    for added in added.iter().rev() {
        ends.push(left);
        left = left.saturating_sub(*added);
    }
    ends.reverse();
    let new = tx.count(Dimension::Kind, None, spans.from, spans.until)?;
    Ok(Trend { now: kept, before: kept.saturating_sub(new), months: ends })
}

/// Regions of last month; of this one while there is nothing else.
fn regions(tx: &ReadTx, zone: &TimeZone, now: Timestamp) -> Result<Regions, StoreError> {
    let (month, from, until) = period::last_month(now, zone);
    let ranking = tx.ranking(Dimension::Region, from, until)?;
    if !ranking.is_empty() {
        return Ok(Regions { month, so_far: false, ranking });
    }
    let month = period::local(now, zone).date().first_of_month();
    let ranking = tx.ranking(Dimension::Region, until, period::quarter_end(now))?;
    Ok(Regions { month, so_far: true, ranking })
}
