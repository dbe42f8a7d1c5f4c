//! Rekor alerts, by time, plate, list and capture. Each condition a page can have leads to one or a
//! few runs of keys in order of time, so that a page costs its rows and not the table.

use std::collections::BTreeSet;

use redb::{ReadOnlyTable, ReadableTable, ReadableTableMetadata as _};

use super::captures::decode_slot;
use super::codec::{Reader, Writer};
use super::counters::AlertSource;
use super::tables::{
    CAPTURES, REKOR_ALERTS, REKOR_BY_CAPTURE, REKOR_BY_LIST, REKOR_BY_PLATE, REKOR_LISTS,
};
use super::{ReadTx, StoreError, WriteTx};
use crate::base::clock::Timestamp;
use crate::base::limits::{ALERT_PLATES_MAX, ALERTS_COUNTED_MAX, ALERTS_EXAMINED_MAX};
use crate::model::agent::{ListKind, RekorAlert};
use crate::model::alert::{AlertList, AlertPage, AlertQuery, PlateStart};
use crate::model::capture::{Capture, CaptureKey, Flags};
use crate::model::plate::Plate;
use crate::model::query::{Attribute, PageRequest, Total};

pub(super) fn encode(alert: &RekorAlert) -> Vec<u8> {
    let mut writer = Writer::new(1);
    writer.u64(alert.capture.0).i64(alert.raised_at.0).text(&alert.list);
    writer.i64(alert.list_id.unwrap_or(i64::MIN)).u8(alert.list_kind as u8);
    writer.text(&alert.description).text(&alert.plate).text(&alert.site);
    writer.finish()
}

pub(super) fn decode(key: u64, bytes: &[u8]) -> Result<RekorAlert, StoreError> {
    let mut reader = Reader::new(bytes)?;
    Ok(RekorAlert {
        key: CaptureKey(key),
        capture: CaptureKey(reader.u64()?),
        raised_at: Timestamp(reader.i64()?),
        list: reader.text()?.to_owned(),
        list_id: Some(reader.i64()?).filter(|id| *id != i64::MIN),
        list_kind: list_kind(reader.u8()?),
        description: reader.text()?.to_owned(),
        plate: reader.text()?.to_owned(),
        site: reader.text()?.to_owned(),
    })
}

const fn list_kind(number: u8) -> ListKind {
    if number == 1 { ListKind::NotOnList } else { ListKind::OnList }
}

/// The plate of `alert` in normal form, `""` without one.
fn plate_of(alert: &RekorAlert) -> String {
    Plate::parse(&alert.plate).map(|plate| plate.as_str().to_owned()).unwrap_or_default()
}

/// Alerts in order of time: all of them, of one plate, or of one list.
#[derive(Clone, Debug)]
enum Run {
    All,
    Plate(String),
    List(String, u8),
}

/// Keys of a run, the newest last.
type Keys<'a> = Box<dyn DoubleEndedIterator<Item = Result<u64, StoreError>> + 'a>;

/// The tables a page of alerts needs.
struct Tables {
    alerts: ReadOnlyTable<u64, &'static [u8]>,
    by_plate: ReadOnlyTable<(&'static str, u64), u64>,
    by_list: ReadOnlyTable<(&'static str, u8, u64), ()>,
}

impl Tables {
    /// The keys of `run` in `from..until`.
    fn keys(&self, run: &Run, from: u64, until: u64) -> Result<Keys<'_>, StoreError> {
        Ok(match run {
            _ if from >= until => Box::new(std::iter::empty()),
            Run::All => Box::new(self.alerts.range(from..until)?.map(|row| Ok(row?.0.value()))),
            Run::Plate(plate) => {
                let rows = self.by_plate.range((plate.as_str(), from)..(plate.as_str(), until))?;
                Box::new(rows.map(|row| Ok(row?.0.value().1)))
            }
            Run::List(name, kind) => {
                let name = name.as_str();
                let rows = self.by_list.range((name, *kind, from)..(name, *kind, until))?;
                Box::new(rows.map(|row| Ok(row?.0.value().2)))
            }
        })
    }

    /// The runs that hold everything `query` wants. Whether alerts of them have to be looked at.
    fn runs(&self, tx: &ReadTx, query: &AlertQuery) -> Result<(Vec<Run>, bool), StoreError> {
        if let Some(plate) = &query.plate {
            let plates = if plate.open { self.plates(plate)? } else { vec![plate.text.clone()] };
            let look = query.list.is_some() || query.kind.is_some();
            return Ok((plates.into_iter().map(Run::Plate).collect(), look));
        }
        if query.list.is_none() && query.kind.is_none() {
            return Ok((vec![Run::All], false));
        }
        let wanted = |list: &AlertList| {
            query.list.as_ref().is_none_or(|name| *name == list.name)
                && query.kind.is_none_or(|kind| kind == list.kind)
        };
        let lists = tx.rekor_lists()?.into_iter().filter(wanted);
        Ok((lists.map(|list| Run::List(list.name, list.kind as u8)).collect(), false))
    }

    /// Plates that begin like `start`, found by hopping from plate to plate.
    fn plates(&self, start: &PlateStart) -> Result<Vec<String>, StoreError> {
        let mut plates: Vec<String> = Vec::new();
        while plates.len() < ALERT_PLATES_MAX {
            let after = match plates.last() {
                Some(last) => (last.as_str(), u64::MAX),
                None => (start.text.as_str(), 0),
            };
            let Some(row) = self.by_plate.range(after..)?.next() else { break };
            let found = row?.0.value().0.to_owned();
            if !found.starts_with(&start.text) || plates.last() == Some(&found) {
                break;
            }
            plates.push(found);
        }
        Ok(plates)
    }

    fn alert(&self, key: u64) -> Result<RekorAlert, StoreError> {
        match self.alerts.get(key)? {
            Some(record) => decode(key, record.value()),
            None => Err(StoreError::Corrupt("an indexed alert is missing".into())),
        }
    }
}

impl ReadTx {
    /// The newest Rekor alerts, at most `limit`.
    pub fn rekor_alerts(&self, limit: usize) -> Result<Vec<RekorAlert>, StoreError> {
        let request = PageRequest { limit, before: None, total: false };
        Ok(self.rekor_page(&AlertQuery::default(), request)?.rows)
    }

    /// The page of Rekor alerts that match `query`, newest first.
    pub fn rekor_page(
        &self,
        query: &AlertQuery,
        request: PageRequest,
    ) -> Result<AlertPage, StoreError> {
        let tables = Tables {
            alerts: self.table(REKOR_ALERTS)?,
            by_plate: self.table(REKOR_BY_PLATE)?,
            by_list: self.table(REKOR_BY_LIST)?,
        };
        let (runs, look) = tables.runs(self, query)?;
        let from = query.from.map_or(0, |time| CaptureKey::floor(time).0);
        let until = query.until.map_or(u64::MAX, |time| CaptureKey::floor(time).0);
        let before = request.before.map_or(until, |key| key.0.min(until));
        let fits = |alert: &RekorAlert| {
            query.list.as_ref().is_none_or(|name| *name == alert.list)
                && query.kind.is_none_or(|kind| kind == alert.list_kind)
        };
        // The newest of every run hold the newest of all.
        let mut newest: BTreeSet<u64> = BTreeSet::new();
        let mut examined = 0;
        for run in &runs {
            let mut taken = 0;
            for key in tables.keys(run, from, before)?.rev() {
                let key = key?;
                let beaten = newest.len() > request.limit
                    && newest.first().is_some_and(|oldest| key < *oldest);
                if beaten || taken > request.limit || examined > ALERTS_EXAMINED_MAX {
                    break;
                }
                if look {
                    examined += 1;
                    if !fits(&tables.alert(key)?) {
                        continue;
                    }
                }
                taken += 1;
                newest.insert(key);
                if newest.len() > request.limit + 1 {
                    newest.pop_first();
                }
            }
        }
        let more = newest.len() > request.limit;
        let keys: Vec<u64> = newest.into_iter().rev().take(request.limit).collect();
        let next = keys.last().filter(|_| more).map(|key| CaptureKey(*key));
        let rows = keys.into_iter().map(|key| tables.alert(key)).collect::<Result<_, _>>()?;
        let total = if request.total {
            count(&tables, &runs, (from, until), look.then_some(&fits))?
        } else {
            Total::AtLeast(0)
        };
        Ok(AlertPage { rows, next, total })
    }

    /// The Rekor alert with `key`.
    pub fn rekor_alert(&self, key: CaptureKey) -> Result<Option<RekorAlert>, StoreError> {
        let record = self.table(REKOR_ALERTS)?.get(key.0)?;
        record.map(|record| decode(key.0, record.value())).transpose()
    }

    /// Rekor alerts about the capture with `key`, the newest first.
    pub fn rekor_alerts_of(&self, key: CaptureKey) -> Result<Vec<RekorAlert>, StoreError> {
        let rows = self.table(REKOR_BY_CAPTURE)?;
        let keys = rows.range((key.0, 0)..=(key.0, u64::MAX))?.rev();
        let mut alerts = Vec::new();
        for row in keys.take(ALERTS_EXAMINED_MAX) {
            alerts.extend(self.rekor_alert(CaptureKey(row?.0.value().1))?);
        }
        Ok(alerts)
    }

    /// Lists that raised Rekor alerts, by name.
    pub fn rekor_lists(&self) -> Result<Vec<AlertList>, StoreError> {
        let table = self.table(REKOR_LISTS)?;
        let rows = table.iter()?.map(|row| {
            let (key, count) = row?;
            let (name, kind) = key.value();
            Ok(AlertList { name: name.to_owned(), kind: list_kind(kind), count: count.value() })
        });
        rows.collect()
    }
}

/// Counts the alerts of `runs` within the key range, those that `fits` when it is given.
fn count(
    tables: &Tables,
    runs: &[Run],
    (from, until): (u64, u64),
    fits: Option<&dyn Fn(&RekorAlert) -> bool>,
) -> Result<Total, StoreError> {
    let (mut found, mut examined) = (0_u64, 0);
    for run in runs {
        for key in tables.keys(run, from, until)? {
            let key = key?;
            examined += 1;
            if examined > if fits.is_some() { ALERTS_EXAMINED_MAX } else { ALERTS_COUNTED_MAX } {
                return Ok(Total::AtLeast(found));
            }
            let counts = match fits {
                Some(fits) => fits(&tables.alert(key)?),
                None => true,
            };
            found += u64::from(counts);
        }
    }
    Ok(Total::Exact(found))
}

/// Names of the lists that raised alerts about `capture`.
fn lists_of(
    capture: &Capture,
    by_capture: &impl ReadableTable<(u64, u64), ()>,
    alerts: &impl ReadableTable<u64, &'static [u8]>,
) -> Result<Vec<String>, StoreError> {
    let mut lists = Vec::new();
    let key = capture.key.0;
    for row in by_capture.range((key, 0)..=(key, u64::MAX))?.take(ALERTS_EXAMINED_MAX) {
        let alert = row?.0.value().1;
        if let Some(record) = alerts.get(alert)? {
            lists.push(decode(alert, record.value())?.list);
        }
    }
    Ok(lists)
}

impl ReadTx {
    pub(super) fn lists_of(&self, capture: &Capture) -> Result<Vec<String>, StoreError> {
        // Most captures raised none: no look-up for them.
        if !capture.flags.has(Flags::ALERT) {
            return Ok(Vec::new());
        }
        lists_of(capture, &self.table(REKOR_BY_CAPTURE)?, &self.table(REKOR_ALERTS)?)
    }
}

impl WriteTx {
    pub(super) fn lists_of(&self, capture: &Capture) -> Result<Vec<String>, StoreError> {
        if !capture.flags.has(Flags::ALERT) {
            return Ok(Vec::new());
        }
        lists_of(capture, &self.table(REKOR_BY_CAPTURE)?, &self.table(REKOR_ALERTS)?)
    }

    /// Writes `alert`, whose key is new. Its capture is found by the name of the list from now on;
    /// it is marked as having an alert already.
    pub fn put_rekor_alert(&self, alert: &RekorAlert) -> Result<(), StoreError> {
        self.table(REKOR_ALERTS)?.insert(alert.key.0, encode(alert).as_slice())?;
        self.count_alert(AlertSource::Rekor, alert.key.time(), 1);
        self.index_rekor_alert(alert)?;
        self.mark_list(alert)
    }

    /// Lets the capture of `alert`, if it is stored, be found by the name of the list.
    fn mark_list(&self, alert: &RekorAlert) -> Result<(), StoreError> {
        let captures = self.table(CAPTURES)?;
        let record = captures.get(alert.capture.0)?;
        let slot = record.map(|record| decode_slot(record.value())).transpose()?;
        drop(captures);
        let list = alert.list.to_lowercase();
        match slot.filter(|_| !list.is_empty()) {
            Some(slot) => self.mark(Attribute::List, &list, &[slot]),
            None => Ok(()),
        }
    }

    /// Lets the alerts about the capture `old` be about `new`, which takes its place.
    pub fn move_rekor_alerts(&self, old: CaptureKey, new: CaptureKey) -> Result<(), StoreError> {
        let mut by_capture = self.table(REKOR_BY_CAPTURE)?;
        let mut keys = Vec::new();
        for row in by_capture.range((old.0, 0)..=(old.0, u64::MAX))? {
            keys.push(row?.0.value().1);
        }
        let mut alerts = self.table(REKOR_ALERTS)?;
        for key in keys {
            by_capture.remove((old.0, key))?;
            by_capture.insert((new.0, key), ())?;
            let alert = alerts.get(key)?.map(|record| decode(key, record.value())).transpose()?;
            if let Some(alert) = alert {
                let alert = RekorAlert { capture: new, ..alert };
                alerts.insert(key, encode(&alert).as_slice())?;
                self.table(REKOR_BY_PLATE)?.insert((plate_of(&alert).as_str(), key), new.0)?;
                self.mark_list(&alert)?;
            }
        }
        Ok(())
    }

    fn index_rekor_alert(&self, alert: &RekorAlert) -> Result<(), StoreError> {
        let (key, list, kind) = (alert.key.0, alert.list.as_str(), alert.list_kind as u8);
        let plate = plate_of(alert);
        self.table(REKOR_BY_PLATE)?.insert((plate.as_str(), key), alert.capture.0)?;
        self.table(REKOR_BY_LIST)?.insert((list, kind, key), ())?;
        if alert.capture.0 != 0 {
            self.table(REKOR_BY_CAPTURE)?.insert((alert.capture.0, key), ())?;
        }
        let mut lists = self.table(REKOR_LISTS)?;
        let count = lists.get((list, kind))?.map_or(0, |count| count.value());
        lists.insert((list, kind), count + 1)?;
        Ok(())
    }
}

/// Gives the alerts of a store that was written before there were indexes theirs.
pub(super) fn complete(tx: &WriteTx) -> Result<(), StoreError> {
    let alerts = tx.table(REKOR_ALERTS)?;
    if alerts.len()? == tx.table(REKOR_BY_PLATE)?.len()? {
        return Ok(());
    }
    log::info!("indexing {} Rekor alerts", alerts.len()?);
    tx.table(REKOR_BY_PLATE)?.retain(|_, _| false)?;
    tx.table(REKOR_BY_LIST)?.retain(|_, ()| false)?;
    tx.table(REKOR_BY_CAPTURE)?.retain(|_, ()| false)?;
    tx.table(REKOR_LISTS)?.retain(|_, _| false)?;
    for row in alerts.iter()? {
        let (key, record) = row?;
        tx.index_rekor_alert(&decode(key.value(), record.value())?)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::{Store, StoreOptions};

    fn alert(number: u64, list: &str, list_kind: ListKind, plate: &str) -> RekorAlert {
        RekorAlert {
            key: CaptureKey::new(Timestamp(number as i64 * 1000), number as u32),
            capture: CaptureKey(number),
            raised_at: Timestamp(number as i64 * 1000),
            list: list.into(),
            list_id: None,
            list_kind,
            description: "d".into(),
            plate: plate.into(),
            site: "s".into(),
        }
    }

    fn filled() -> (tempfile::TempDir, Store) {
        let directory = tempfile::tempdir().unwrap();
        let store = Store::open(directory.path(), StoreOptions::default()).unwrap();
        let plates = ["8KX 417", "8KX418", "7ABC", "", "8KX417"];
        store
            .write(|tx| {
                (1..=100_u64).try_for_each(|n| {
                    let staff = n % 4 == 0;
                    let kind = if staff { ListKind::NotOnList } else { ListKind::OnList };
                    let list = if staff { "Staff" } else { "Stolen" };
                    tx.put_rekor_alert(&alert(n, list, kind, plates[n as usize % plates.len()]))
                })
            })
            .unwrap();
        (directory, store)
    }

    fn walk(store: &Store, query: &AlertQuery) -> (Vec<u64>, Total) {
        let (mut all, mut before) = (Vec::new(), None);
        loop {
            let request = PageRequest { limit: 7, before, total: true };
            let page = store.read(|tx| tx.rekor_page(query, request)).unwrap();
            all.extend(page.rows.iter().map(|row| row.capture.0));
            before = page.next;
            if before.is_none() {
                return (all, page.total);
            }
        }
    }

    #[test]
    fn every_filter_pages_through_exactly_its_alerts() {
        let (_directory, store) = filled();
        let plate = |text: &str| PlateStart::parse(text);
        for (query, fits) in [
            (AlertQuery::default(), (|_| true) as fn(u64) -> bool),
            (AlertQuery { list: Some("Staff".into()), ..AlertQuery::default() }, |n| n % 4 == 0),
            (AlertQuery { list: Some("None".into()), ..AlertQuery::default() }, |_| false),
            (AlertQuery { kind: Some(ListKind::OnList), ..AlertQuery::default() }, |n| n % 4 != 0),
            (AlertQuery { plate: plate("8kx-417"), ..AlertQuery::default() }, |n| {
                n % 5 == 0 || n % 5 == 4
            }),
            (AlertQuery { plate: plate("8KX*"), ..AlertQuery::default() }, |n| {
                matches!(n % 5, 0 | 1 | 4)
            }),
            (
                AlertQuery {
                    plate: plate("8K*"),
                    kind: Some(ListKind::NotOnList),
                    from: Some(Timestamp(20_000)),
                    until: Some(Timestamp(61_000)),
                    ..AlertQuery::default()
                },
                |n| (20..61).contains(&n) && n % 4 == 0 && matches!(n % 5, 0 | 1 | 4),
            ),
        ] {
            let expected: Vec<u64> = (1..=100).rev().filter(|n| fits(*n)).collect();
            let total = Total::Exact(expected.len() as u64);
            assert_eq!(walk(&store, &query), (expected, total), "{query:?}");
        }
        let lists = store.read(ReadTx::rekor_lists).unwrap();
        let counts: Vec<_> = lists.iter().map(|l| (l.name.as_str(), l.count)).collect();
        assert_eq!(counts, [("Staff", 25), ("Stolen", 75)]);
        let of = store.read(|tx| tx.rekor_alerts_of(CaptureKey(9))).unwrap();
        assert_eq!(of.len(), 1);
    }

    #[test]
    fn a_store_without_indexes_gets_them() {
        let (directory, store) = filled();
        let query = AlertQuery { plate: PlateStart::parse("7*"), ..AlertQuery::default() };
        let before = walk(&store, &query);
        store.write(|tx| Ok(tx.table(REKOR_BY_PLATE)?.retain(|_, _| false)?)).unwrap();
        assert!(walk(&store, &query).0.is_empty());
        drop(store);
        let store = Store::open(directory.path(), StoreOptions::default()).unwrap();
        assert_eq!(walk(&store, &query), before);
        let lists = store.read(ReadTx::rekor_lists).unwrap();
        assert_eq!(lists.iter().map(|list| list.count).sum::<u64>(), 100);
    }

    #[test]
    fn records_come_back() {
        let alert = alert(9, "Staff", ListKind::NotOnList, "ABC");
        assert_eq!(decode(alert.key.0, &encode(&alert)).unwrap(), alert);
        let known = RekorAlert { list_id: Some(7), list_kind: ListKind::OnList, ..alert };
        assert_eq!(decode(known.key.0, &encode(&known)).unwrap(), known);
    }
}
