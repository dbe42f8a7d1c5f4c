//! Matches of watches: by number, by who may see them, by watch and by read. Those of which nobody
//! was told stand in the history of their watch only.

use std::collections::BTreeMap;

use redb::ReadableTable;

use super::codec::{Reader, Writer};
use super::counters::AlertSource;
use super::tables::{MATCHES, MATCHES_BY_CAPTURE, MATCHES_BY_WATCH, MATCHES_OF};
use super::{ReadTx, StoreError, WriteTx};
use crate::base::clock::Timestamp;
use crate::base::limits::{MATCHES_EXAMINED_MAX, MATCHES_OF_READ_MAX};
use crate::model::alert::PlateStart;
use crate::model::capture::CaptureKey;
use crate::model::known_plate::Author;
use crate::model::plate::Plate;
use crate::model::user::UserId;
use crate::model::watch::{
    Handled, MatchFilter, MatchId, MatchPage, MatchPlace, Severity, Silence, WatchId, WatchMatch,
};

const OPEN: u8 = 1;
const HANDLED: u8 = 0;

impl ReadTx {
    /// The match `id`.
    pub fn watch_match(&self, id: MatchId) -> Result<Option<WatchMatch>, StoreError> {
        one(&self.table(MATCHES)?, id)
    }

    /// The alerts of `user` that `filter` wants, below `before`, newest first.
    pub fn match_page(
        &self,
        user: UserId,
        filter: &MatchFilter,
        before: Option<MatchPlace>,
        limit: usize,
    ) -> Result<MatchPage, StoreError> {
        let (matches, list) = (self.table(MATCHES)?, self.table(MATCHES_OF)?);
        let before = before.unwrap_or(LAST_PLACE);
        let mut found: BTreeMap<MatchPlace, WatchMatch> = BTreeMap::new();
        // Beyond this place not everything was looked at.
        let mut seen_to: Option<MatchPlace> = None;
        let states = [OPEN, HANDLED].into_iter();
        for state in states.filter(|state| filter.open.is_none_or(|open| open == (*state == OPEN)))
        {
            let range = (user.0, state, 0, 0)..(user.0, state, before.at.0, before.watch.0);
            let (mut taken, mut examined) = (0, 0);
            for row in list.range(range)?.rev() {
                let (key, id) = row?;
                let (_, _, at, watch) = key.value();
                let place = MatchPlace { at: CaptureKey(at), watch: WatchId(watch) };
                if taken > limit || examined >= MATCHES_EXAMINED_MAX {
                    seen_to = seen_to.max(Some(place));
                    break;
                }
                examined += 1;
                if filter.watch.is_some_and(|wanted| wanted.0 != watch) {
                    continue;
                }
                let Some(row) = one(&matches, MatchId(id.value()))? else { continue };
                if fits(&row, filter) {
                    taken += 1;
                    found.insert(place, row);
                }
            }
        }
        // What lies before the end of one run may still have neighbours in it.
        if let Some(end) = seen_to {
            found.retain(|place, _| *place > end);
        }
        let more = found.len() > limit || seen_to.is_some();
        let rows: Vec<WatchMatch> = found.into_values().rev().take(limit).collect();
        let last = rows.last().filter(|_| rows.len() == limit).map(WatchMatch::place);
        let behind =
            seen_to.map(|end| MatchPlace { watch: WatchId(end.watch.0.saturating_add(1)), ..end });
        Ok(MatchPage { rows, next: last.or(behind).filter(|_| more) })
    }

    /// All matches of `watch` below `before`, newest first, those of which nobody was told too.
    pub fn matches_of_watch(
        &self,
        watch: WatchId,
        before: Option<CaptureKey>,
        limit: usize,
    ) -> Result<MatchPage, StoreError> {
        let (matches, list) = (self.table(MATCHES)?, self.table(MATCHES_BY_WATCH)?);
        let before = before.map_or(u64::MAX, |key| key.0);
        let mut page = MatchPage::default();
        for row in list.range((watch.0, 0)..(watch.0, before))?.rev() {
            if page.rows.len() == limit {
                page.next = page.rows.last().map(WatchMatch::place);
                break;
            }
            page.rows.extend(one(&matches, MatchId(row?.1.value()))?);
        }
        Ok(page)
    }

    /// Matches of the capture `key`.
    pub fn matches_of_capture(&self, key: CaptureKey) -> Result<Vec<WatchMatch>, StoreError> {
        let (matches, list) = (self.table(MATCHES)?, self.table(MATCHES_BY_CAPTURE)?);
        let mut found = Vec::new();
        for row in list.range((key.0, 0)..=(key.0, u32::MAX))?.take(MATCHES_OF_READ_MAX) {
            found.extend(one(&matches, MatchId(row?.1.value()))?);
        }
        Ok(found)
    }

    /// How many alerts of `user` are open, counted up to `most`.
    pub fn open_alerts(&self, user: UserId, most: usize) -> Result<usize, StoreError> {
        let list = self.table(MATCHES_OF)?;
        let open = list.range((user.0, OPEN, 0, 0)..=(user.0, OPEN, u64::MAX, u32::MAX))?;
        Ok(open.take(most).count())
    }
}

const LAST_PLACE: MatchPlace = MatchPlace { at: CaptureKey(u64::MAX), watch: WatchId(u32::MAX) };

fn fits(row: &WatchMatch, filter: &MatchFilter) -> bool {
    let of_plate = |start: &PlateStart| {
        row.plate.as_ref().is_some_and(|plate| {
            let plate = plate.as_str();
            if start.open { plate.starts_with(&start.text) } else { plate == start.text }
        })
    };
    filter.severity.is_none_or(|severity| severity == row.severity)
        && filter.plate.as_ref().is_none_or(of_plate)
}

impl WriteTx {
    /// The match `id` as this transaction sees it.
    pub fn watch_match(&self, id: MatchId) -> Result<Option<WatchMatch>, StoreError> {
        one(&self.table(MATCHES)?, id)
    }

    /// Writes a new match; `false` when it is there already.
    pub fn add_match(&self, new: &WatchMatch) -> Result<bool, StoreError> {
        let mut matches = self.table(MATCHES)?;
        if matches.get(new.id.0)?.is_some() {
            return Ok(false);
        }
        matches.insert(new.id.0, encode(new).as_slice())?;
        drop(matches);
        self.table(MATCHES_BY_WATCH)?.insert((new.watch.0, new.at.0), new.id.0)?;
        self.table(MATCHES_BY_CAPTURE)?.insert((new.capture.0, new.watch.0), new.id.0)?;
        if new.silence.is_none() {
            self.list_match(new)?;
            self.count_alert(AlertSource::Custom, new.at.time(), 1);
        }
        Ok(true)
    }

    /// Whether `watch` has a match with the capture `key`.
    pub fn has_match(&self, key: CaptureKey, watch: WatchId) -> Result<bool, StoreError> {
        Ok(self.table(MATCHES_BY_CAPTURE)?.get((key.0, watch.0))?.is_some())
    }

    /// Lets the matches of the capture `old` be about `new`, which takes its place.
    pub fn move_matches(&self, old: CaptureKey, new: CaptureKey) -> Result<(), StoreError> {
        let mut by_capture = self.table(MATCHES_BY_CAPTURE)?;
        let mut found = Vec::new();
        for row in by_capture.range((old.0, 0)..=(old.0, u32::MAX))? {
            let (key, id) = row?;
            found.push((key.value().1, id.value()));
        }
        let mut matches = self.table(MATCHES)?;
        for (watch, id) in found {
            by_capture.remove((old.0, watch))?;
            by_capture.insert((new.0, watch), id)?;
            if let Some(moved) = one(&matches, MatchId(id))? {
                let moved = WatchMatch { capture: new, ..moved };
                matches.insert(id, encode(&moved).as_slice())?;
            }
        }
        Ok(())
    }

    /// Notes who took care of the match, or that nobody did; `None` when there is no such match.
    pub fn set_handled(
        &self,
        id: MatchId,
        handled: Option<Handled>,
    ) -> Result<Option<WatchMatch>, StoreError> {
        let Some(mut row) = self.watch_match(id)? else { return Ok(None) };
        let state = state_of(&row);
        let mut list = self.table(MATCHES_OF)?;
        for reader in row.readers() {
            list.remove((reader.0, state, row.at.0, row.watch.0))?;
        }
        drop(list);
        row.handled = handled;
        self.table(MATCHES)?.insert(id.0, encode(&row).as_slice())?;
        if row.silence.is_none() {
            self.list_match(&row)?;
        }
        Ok(Some(row))
    }

    fn list_match(&self, row: &WatchMatch) -> Result<(), StoreError> {
        let mut list = self.table(MATCHES_OF)?;
        for reader in row.readers() {
            list.insert((reader.0, state_of(row), row.at.0, row.watch.0), row.id.0)?;
        }
        Ok(())
    }
}

const fn state_of(row: &WatchMatch) -> u8 {
    if row.handled.is_some() { HANDLED } else { OPEN }
}

fn one(
    table: &impl ReadableTable<u64, &'static [u8]>,
    id: MatchId,
) -> Result<Option<WatchMatch>, StoreError> {
    table.get(id.0)?.map(|record| decode(id, record.value())).transpose()
}

/// Version 1.
fn encode(row: &WatchMatch) -> Vec<u8> {
    let mut writer = Writer::new(1);
    writer.u32(row.watch.0).u32(row.owner.0).u64(row.capture.0).u64(row.at.0);
    writer.text(row.plate.as_ref().map_or("", Plate::as_str)).text(&row.camera);
    writer.text(&row.title).text(&row.description).u8(row.severity as u8);
    writer.u8(row.silence.map_or(0, |silence| silence as u8));
    writer.u16(row.contacts.len() as u16);
    for contact in &row.contacts {
        writer.u32(contact.0);
    }
    if let Some(Handled { by, at, note }) = &row.handled {
        writer.u8(1).u32(by.user.0).text(&by.name).i64(at.0).text(note);
    } else {
        writer.u8(0);
    }
    writer.finish()
}

pub(super) fn decode(id: MatchId, record: &[u8]) -> Result<WatchMatch, StoreError> {
    let mut reader = Reader::new(record)?;
    let damaged = || StoreError::Corrupt("match of a watch".into());
    Ok(WatchMatch {
        id,
        watch: WatchId(reader.u32()?),
        owner: UserId(reader.u32()?),
        capture: CaptureKey(reader.u64()?),
        at: CaptureKey(reader.u64()?),
        plate: match reader.text()? {
            "" => None,
            text => Some(Plate::parse(text).ok_or_else(damaged)?),
        },
        camera: reader.text()?.to_owned(),
        title: reader.text()?.to_owned(),
        description: reader.text()?.to_owned(),
        severity: Severity::from_code(reader.u8()?).ok_or_else(damaged)?,
        silence: match reader.u8()? {
            0 => None,
            code => Some(Silence::from_code(code).ok_or_else(damaged)?),
        },
        contacts: (0..reader.u16()?).map(|_| reader.u32().map(UserId)).collect::<Result<_, _>>()?,
        handled: match reader.u8()? {
            0 => None,
            _ => Some(Handled {
                by: Author { user: UserId(reader.u32()?), name: reader.text()?.to_owned() },
                at: Timestamp(reader.i64()?),
                note: reader.text()?.to_owned(),
            }),
        },
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::{Store, StoreOptions};

    fn row(watch: u32, at: u64) -> WatchMatch {
        let at = CaptureKey(at << 22);
        WatchMatch {
            id: MatchId::of(WatchId(watch), at),
            watch: WatchId(watch),
            owner: UserId(1),
            contacts: vec![UserId(2)],
            capture: at,
            at,
            plate: Plate::parse(if at.0.is_multiple_of(3) { "8KX417" } else { "7ABC" }),
            camera: "a/1".into(),
            title: "Ä".into(),
            description: String::new(),
            severity: if watch == 2 { Severity::Critical } else { Severity::Notice },
            silence: None,
            handled: None,
        }
    }

    fn handled() -> Handled {
        let by = Author { user: UserId(1), name: "Ann".into() };
        Handled { by, at: Timestamp(5), note: "<b>".into() }
    }

    fn open() -> (tempfile::TempDir, Store) {
        let directory = tempfile::tempdir().unwrap();
        let store = Store::open(directory.path(), StoreOptions::default()).unwrap();
        (directory, store)
    }

    #[test]
    fn records_come_back_and_cut_ones_are_errors() {
        let silent = WatchMatch { silence: Some(Silence::Quiet), plate: None, ..row(1, 2) };
        for kept in [WatchMatch { handled: Some(handled()), ..row(1, 2) }, silent] {
            let bytes = encode(&kept);
            assert_eq!(decode(kept.id, &bytes).unwrap(), kept);
            for end in 0..bytes.len() {
                assert!(decode(kept.id, &bytes[..end]).is_err(), "{end}");
            }
        }
    }

    type Fits<'a> = &'a dyn Fn(&(u64, u32)) -> bool;

    fn walk(store: &Store, user: u32, filter: &MatchFilter) -> Vec<(u64, u32)> {
        let (mut all, mut before) = (Vec::new(), None);
        loop {
            let page = store.read(|tx| tx.match_page(UserId(user), filter, before, 3)).unwrap();
            assert!(page.rows.len() <= 3);
            all.extend(page.rows.iter().map(|row| (row.at.0 >> 22, row.watch.0)));
            before = page.next;
            if before.is_none() {
                return all;
            }
        }
    }

    #[test]
    fn every_filter_pages_through_exactly_its_alerts() {
        let (_directory, store) = open();
        store
            .write(|tx| {
                for at in 1..=20 {
                    assert!(tx.add_match(&row(1, at))?);
                    assert!(!tx.add_match(&row(1, at))?, "the same again");
                    tx.add_match(&row(2, at))?;
                    tx.add_match(&WatchMatch { silence: Some(Silence::Late), ..row(3, at) })?;
                    if at % 4 == 0 {
                        tx.set_handled(row(1, at).id, Some(handled()))?;
                    }
                }
                Ok(())
            })
            .unwrap();
        let all: Vec<(u64, u32)> =
            (1..=20).rev().flat_map(|at| [2, 1].map(|watch| (at, watch))).collect();
        let is_open = |(at, watch): &(u64, u32)| *watch != 1 || at % 4 != 0;
        let any = MatchFilter::default;
        let checks: [(MatchFilter, Fits<'_>); 6] = [
            (any(), &|_| true),
            (MatchFilter { open: Some(true), ..any() }, &is_open),
            (MatchFilter { open: Some(false), ..any() }, &|it| !is_open(it)),
            (MatchFilter { watch: Some(WatchId(2)), ..any() }, &|it| it.1 == 2),
            (MatchFilter { severity: Some(Severity::Critical), ..any() }, &|it| it.1 == 2),
            (MatchFilter { plate: PlateStart::parse("8K*"), ..any() }, &|it| {
                (it.0 << 22).is_multiple_of(3)
            }),
        ];
        for (filter, fits) in checks {
            let expected: Vec<(u64, u32)> = all.iter().filter(|it| fits(it)).copied().collect();
            assert_eq!(walk(&store, 1, &filter), expected, "{filter:?}");
            assert_eq!(walk(&store, 2, &filter), expected, "contacts see the same {filter:?}");
            assert!(walk(&store, 3, &filter).is_empty(), "others see nothing");
        }
        let open =
            store.read(|tx| Ok((tx.open_alerts(UserId(1), 100)?, tx.open_alerts(UserId(1), 7)?)));
        assert_eq!(open.unwrap(), (35, 7));
        let silent = store.read(|tx| tx.matches_of_watch(WatchId(3), None, 8)).unwrap();
        assert_eq!(silent.rows.len(), 8);
        let rest = store
            .read(|tx| tx.matches_of_watch(WatchId(3), silent.next.map(|place| place.at), 80))
            .unwrap();
        assert_eq!((rest.rows.len(), rest.next), (12, None));
    }

    #[test]
    fn a_final_read_takes_the_matches_of_its_preview() {
        let (_directory, store) = open();
        let (old, new) = (row(1, 1).capture, CaptureKey(900 << 22));
        store
            .write(|tx| {
                tx.add_match(&row(1, 1))?;
                tx.add_match(&row(2, 1))?;
                tx.move_matches(old, new)?;
                assert!(tx.has_match(new, WatchId(1))? && !tx.has_match(old, WatchId(1))?);
                Ok(())
            })
            .unwrap();
        let moved = store.read(|tx| tx.matches_of_capture(new)).unwrap();
        assert_eq!(moved.len(), 2);
        assert_eq!((moved[0].capture, moved[0].at, moved[0].id), (new, old, row(1, 1).id));
    }
}
