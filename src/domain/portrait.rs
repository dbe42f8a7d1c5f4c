//! What the reads of one plate say together: since when, how often, at which hours, where, and
//! which vehicle they agree on. Looks at a bounded number of the newest reads and says at how many.

use std::collections::HashMap;

use jiff::tz::TimeZone;

use crate::base::limits::{PORTRAIT_READS_MAX, VISIT_GAP_MS};
use crate::model::capture::{Capture, Guess};
use crate::model::plate::Plate;
use crate::store::{ReadTx, StoreError};

/// The summary of a plate's reads.
#[derive(Clone, Debug, Default)]
pub struct Portrait {
    /// Reads of the plate.
    pub reads: u64,
    /// The newest of them, which everything below but `first` is made from.
    pub looked_at: u64,
    /// The first read ever.
    pub first: Option<Capture>,
    /// The last read.
    pub last: Option<Capture>,
    /// Visits: reads closer together than [`VISIT_GAP_MS`] are one.
    pub visits: u64,
    /// Reads by weekday (Monday first) and hour of the reader's zone: seven rows of 24.
    pub hours: Vec<Vec<u64>>,
    /// Cameras as (`AGENT_UID/CAMERA_ID`, reads), most frequent first.
    pub cameras: Vec<(String, u64)>,
    /// Regions as ((region, country) as sent, reads), most frequent first; without unknown ones.
    pub regions: Vec<((String, String), u64)>,
    /// What the vehicle is.
    pub vehicle: Consensus,
}

/// What reads agree on, trait by trait.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Consensus {
    /// Colour.
    pub color: Option<Agreed>,
    /// Make.
    pub make: Option<Agreed>,
    /// Make and model.
    pub make_model: Option<Agreed>,
    /// Body type.
    pub body: Option<Agreed>,
    /// Range of years.
    pub year: Option<Agreed>,
}

/// The value of a trait that got the most confidence from all reads together.
#[derive(Clone, Debug, PartialEq)]
pub struct Agreed {
    /// Value as sent.
    pub name: String,
    /// Part of the reads with any value that have this one, percent.
    pub share: f32,
}

/// The portrait of `plate` in `zone`.
pub fn portrait(tx: &ReadTx, plate: &Plate, zone: &TimeZone) -> Result<Portrait, StoreError> {
    let sightings = tx.sightings(plate, PORTRAIT_READS_MAX)?;
    let mut newest = Vec::with_capacity(sightings.newest.len());
    for key in sightings.newest {
        newest.extend(tx.capture(key)?);
    }
    let first = match sightings.first {
        Some(key) => tx.capture(key)?,
        None => None,
    };
    Ok(Portrait { reads: sightings.count, first, ..of(&newest, zone) })
}

/// The portrait of `newest`, reads of one plate, newest first.
fn of(newest: &[Capture], zone: &TimeZone) -> Portrait {
    let mut portrait = Portrait {
        looked_at: newest.len() as u64,
        last: newest.first().cloned(),
        hours: vec![vec![0; 24]; 7],
        ..Portrait::default()
    };
    let (mut cameras, mut regions) = (HashMap::new(), HashMap::new());
    let mut later: Option<&Capture> = None;
    for capture in newest {
        // A parked car is seen from its first frame to its last.
        let goes_on =
            later.is_some_and(|later| later.captured_at.since(capture.ended_at) <= VISIT_GAP_MS);
        portrait.visits += u64::from(!goes_on);
        later = Some(capture);
        count_hour(&mut portrait.hours, capture, zone);
        let camera = (capture.agent_uid.as_str(), capture.camera_id);
        *cameras.entry(camera).or_insert(0) += 1;
        if !capture.region.is_empty() {
            let region = (capture.region.as_str(), capture.country.as_str());
            *regions.entry(region).or_insert(0) += 1;
        }
    }
    portrait.cameras = ranked(cameras, |(agent, camera)| format!("{agent}/{camera}"));
    portrait.regions = ranked(regions, |(region, country)| (region.to_owned(), country.to_owned()));
    let agreed = |pick: fn(&Capture) -> &Option<Guess>| agreed(newest, pick);
    portrait.vehicle = Consensus {
        color: agreed(|capture| &capture.vehicle.color),
        make: agreed(|capture| &capture.vehicle.make),
        make_model: agreed(|capture| &capture.vehicle.make_model),
        body: agreed(|capture| &capture.vehicle.body),
        year: agreed(|capture| &capture.vehicle.year),
    };
    portrait
}

fn count_hour(hours: &mut [Vec<u64>], capture: &Capture, zone: &TimeZone) {
    let instant = jiff::Timestamp::from_millisecond(capture.captured_at.ms());
    let local = zone.to_datetime(instant.unwrap_or(jiff::Timestamp::UNIX_EPOCH));
    let day = usize::try_from(local.weekday().to_monday_zero_offset()).unwrap_or(0);
    let hour = usize::try_from(local.hour()).unwrap_or(0);
    if let Some(count) = hours.get_mut(day).and_then(|day| day.get_mut(hour)) {
        *count += 1;
    }
}

fn ranked<K, N: Ord>(counts: HashMap<K, u64>, name: impl Fn(K) -> N) -> Vec<(N, u64)> {
    let mut ranked: Vec<(N, u64)> =
        counts.into_iter().map(|(key, count)| (name(key), count)).collect();
    ranked.sort_unstable_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
    ranked
}

fn agreed(reads: &[Capture], pick: fn(&Capture) -> &Option<Guess>) -> Option<Agreed> {
    let mut votes: HashMap<&str, (f32, u64)> = HashMap::new();
    let mut all = 0;
    for guess in reads.iter().filter_map(|read| pick(read).as_ref()) {
        let vote = votes.entry(guess.name.as_str()).or_default();
        if guess.confidence.is_finite() {
            vote.0 += guess.confidence;
        }
        vote.1 += 1;
        all += 1;
    }
    // The name decides between equals, so that the answer does not change from page to page.
    let best = votes.into_iter().max_by(|(name, vote), (other, theirs)| {
        vote.0.total_cmp(&theirs.0).then(vote.1.cmp(&theirs.1)).then_with(|| other.cmp(name))
    });
    best.map(|(name, (_, count))| Agreed {
        name: name.to_owned(),
        share: count as f32 * 100.0 / all as f32,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::clock::Timestamp;
    use crate::model::capture::CaptureDetail;
    use crate::model::capture::{CaptureKey, CaptureKind, Flags, ImageSet, Vehicle};
    use crate::store::{Store, StoreOptions};

    /// Monday 2 November 2026, 08:00 UTC.
    const MONDAY: Timestamp = Timestamp(1_793_606_400_000);
    const MINUTE: i64 = 60_000;

    fn read(minutes: i64, camera: i64, color: &str, confidence: f32) -> Capture {
        let at = MONDAY.plus_ms(minutes * MINUTE);
        let guess = (!color.is_empty()).then(|| Guess { name: color.into(), confidence });
        Capture {
            key: CaptureKey::new(at, camera as u32),
            kind: CaptureKind::Plate,
            agent_uid: "A1".into(),
            camera_id: camera,
            uuid: String::new(),
            captured_at: at,
            ended_at: at.plus_ms(900),
            received_at: at,
            plate: Plate::parse("AB1"),
            plate_text: "AB1".into(),
            confidence: 90.0,
            region: if camera == 1 { "us-ca".into() } else { String::new() },
            region_confidence: 80.0,
            country: "us".into(),
            direction: None,
            vehicle: Vehicle { color: guess, ..Vehicle::default() },
            flags: Flags::default(),
            images: ImageSet::default(),
            reads: 1,
            frame: (0, 0),
        }
    }

    #[test]
    fn reads_close_together_are_one_visit() {
        let visits = |reads: &[Capture]| of(reads, &TimeZone::UTC).visits;
        assert_eq!(visits(&[]), 0);
        let mut reads = vec![read(100, 1, "", 0.0), read(70, 2, "", 0.0), read(20, 1, "", 0.0)];
        assert_eq!(visits(&reads), 2, "30 minutes are one visit, 50 are two");
        reads[2].ended_at = MONDAY.plus_ms(65 * MINUTE);
        assert_eq!(visits(&reads), 1, "it was parked until five minutes before");
    }

    #[test]
    fn hours_are_those_of_the_readers_zone() {
        let zone = TimeZone::get("America/Los_Angeles").unwrap();
        let hours = of(&[read(0, 1, "", 0.0)], &zone).hours;
        assert_eq!(hours[0][0], 1, "Monday 08:00 UTC is Monday 00:00 PST");
        assert_eq!(hours.iter().flatten().sum::<u64>(), 1);
    }

    #[test]
    fn confidence_decides_and_the_share_says_how_many_agree() {
        let reads = [
            read(4, 1, "white", 90.0),
            read(3, 1, "silver-gray", 30.0),
            read(2, 2, "silver-gray", 30.0),
            read(1, 2, "", 0.0),
            read(0, 2, "broken", f32::NAN),
        ];
        let portrait = of(&reads, &TimeZone::UTC);
        assert_eq!(portrait.vehicle.color, Some(Agreed { name: "white".into(), share: 25.0 }));
        assert_eq!(portrait.vehicle.make, None);
        assert_eq!(portrait.cameras, [("A1/2".into(), 3), ("A1/1".into(), 2)]);
        assert_eq!(portrait.regions, [(("us-ca".into(), "us".into()), 2)]);
    }

    #[test]
    fn only_the_newest_are_looked_at_and_the_first_is_known_all_the_same() {
        let directory = tempfile::tempdir().unwrap();
        let store = Store::open(directory.path(), StoreOptions::default()).unwrap();
        let count = PORTRAIT_READS_MAX as i64 + 50;
        let plate = Plate::parse("AB1").unwrap();
        store
            .write(|tx| {
                for minutes in 0..count {
                    let read = read(minutes, 1, "", 0.0);
                    tx.insert_capture(&read, &CaptureDetail::default())?;
                }
                tx.delete_capture(CaptureKey::new(MONDAY, 1))
            })
            .unwrap();
        let portrait = store.read(|tx| portrait(tx, &plate, &TimeZone::UTC)).unwrap();
        assert_eq!(portrait.reads, count as u64 - 1);
        assert_eq!(portrait.looked_at, PORTRAIT_READS_MAX as u64);
        assert_eq!(portrait.first.unwrap().captured_at, MONDAY.plus_ms(MINUTE));
        let last = MONDAY.plus_ms((count - 1) * MINUTE);
        assert_eq!(portrait.last.unwrap().captured_at, last);
        let none = Plate::parse("NONE").unwrap();
        let nothing = store.read(|tx| super::portrait(tx, &none, &TimeZone::UTC)).unwrap();
        assert_eq!((nothing.reads, nothing.looked_at, nothing.visits), (0, 0, 0));
    }
}
