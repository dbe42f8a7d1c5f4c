//! Watches, and the list of each user's. What may be written and which read matches is decided in
//! `domain`.

use redb::{ReadableTable, ReadableTableMetadata as _};

use super::codec::{Reader, Writer};
use super::tables::{META, WATCH_TOLD, WATCHES, WATCHES_OF};
use super::{ReadTx, StoreError, WriteTx};
use crate::base::clock::Timestamp;
use crate::model::known_plate::PlateTag;
use crate::model::saved_search::SearchQuery;
use crate::model::user::UserId;
use crate::model::watch::{PlatePattern, Severity, Target, Watch, WatchId};

/// META: the last number given.
const LAST: &str = "watches.last";
/// No time.
const NEVER: i64 = i64::MIN;

impl ReadTx {
    /// The watch `id`.
    pub fn watch(&self, id: WatchId) -> Result<Option<Watch>, StoreError> {
        one(&self.table(WATCHES)?, id)
    }

    /// The watches of `owner`, in the order in which they were made.
    pub fn watches_of(&self, owner: UserId) -> Result<Vec<Watch>, StoreError> {
        all_of(&self.table(WATCHES_OF)?, &self.table(WATCHES)?, owner)
    }

    /// All watches of all users, by number.
    pub fn watches(&self) -> Result<Vec<Watch>, StoreError> {
        all(&self.table(WATCHES)?)
    }
}

impl WriteTx {
    /// The watch `id` as this transaction sees it.
    pub fn watch(&self, id: WatchId) -> Result<Option<Watch>, StoreError> {
        one(&self.table(WATCHES)?, id)
    }

    /// The watches of `owner` as this transaction sees them.
    pub fn watches_of(&self, owner: UserId) -> Result<Vec<Watch>, StoreError> {
        all_of(&self.table(WATCHES_OF)?, &self.table(WATCHES)?, owner)
    }

    /// All watches as this transaction sees them.
    pub fn watches(&self) -> Result<Vec<Watch>, StoreError> {
        all(&self.table(WATCHES)?)
    }

    /// How many watches there are.
    pub fn watch_count(&self) -> Result<u64, StoreError> {
        Ok(self.table(WATCHES)?.len()?)
    }

    /// A number no watch has or had; the first is 1.
    pub fn next_watch_id(&self) -> Result<WatchId, StoreError> {
        let mut meta = self.table(META)?;
        let last = meta.get(LAST)?.and_then(|row| row.value().try_into().ok());
        let next = last.map_or(0, u32::from_le_bytes).saturating_add(1);
        meta.insert(LAST, next.to_le_bytes().as_slice())?;
        Ok(WatchId(next))
    }

    /// Writes `watch`, new or changed; its owner never changes.
    pub fn put_watch(&self, watch: &Watch) -> Result<(), StoreError> {
        self.watches_changed.set(true);
        self.table(WATCHES)?.insert(watch.id.0, encode(watch).as_slice())?;
        self.table(WATCHES_OF)?.insert((watch.owner.0, watch.id.0), ())?;
        Ok(())
    }

    /// Removes the watch `id`; its matches stay. `false` when there is none.
    pub fn delete_watch(&self, id: WatchId) -> Result<bool, StoreError> {
        let Some(watch) = self.watch(id)? else { return Ok(false) };
        self.watches_changed.set(true);
        self.table(WATCHES)?.remove(id.0)?;
        self.table(WATCHES_OF)?.remove((watch.owner.0, id.0))?;
        self.table(WATCH_TOLD)?.retain_in((id.0, "", "")..(id.0 + 1, "", ""), |_, _| false)?;
        Ok(true)
    }

    /// Capture time of the read of `plate` at `camera` that `watch` last told of.
    pub fn last_told(
        &self,
        watch: WatchId,
        plate: &str,
        camera: &str,
    ) -> Result<Option<Timestamp>, StoreError> {
        let table = self.table(WATCH_TOLD)?;
        let row = table.get((watch.0, plate, camera))?;
        Ok(row.map(|at| Timestamp(at.value())))
    }

    /// Notes that `watch` told of a read of `plate` at `camera`.
    pub fn put_told(
        &self,
        watch: WatchId,
        plate: &str,
        camera: &str,
        at: Timestamp,
    ) -> Result<(), StoreError> {
        self.table(WATCH_TOLD)?.insert((watch.0, plate, camera), at.0)?;
        Ok(())
    }

    /// Forgets what was told before `until`: no quiet period goes back so far.
    pub fn forget_told(&self, until: Timestamp) -> Result<(), StoreError> {
        Ok(self.table(WATCH_TOLD)?.retain(|_, at| at >= until.0)?)
    }
}

fn one(
    table: &impl ReadableTable<u32, &'static [u8]>,
    id: WatchId,
) -> Result<Option<Watch>, StoreError> {
    table.get(id.0)?.map(|record| decode(id, record.value())).transpose()
}

fn all(table: &impl ReadableTable<u32, &'static [u8]>) -> Result<Vec<Watch>, StoreError> {
    let rows = table.iter()?.map(|row| {
        let (id, record) = row?;
        decode(WatchId(id.value()), record.value())
    });
    rows.collect()
}

fn all_of(
    list: &impl ReadableTable<(u32, u32), ()>,
    watches: &impl ReadableTable<u32, &'static [u8]>,
    owner: UserId,
) -> Result<Vec<Watch>, StoreError> {
    let mut found = Vec::new();
    for row in list.range((owner.0, 0)..=(owner.0, u32::MAX))? {
        found.extend(one(watches, WatchId(row?.0.value().1))?);
    }
    Ok(found)
}

/// Version 1.
fn encode(watch: &Watch) -> Vec<u8> {
    let mut writer = Writer::new(1);
    writer.u32(watch.owner.0).text(&watch.name).text(&watch.description);
    match &watch.target {
        Target::Plate { pattern, look_alike } => {
            writer.u8(0).text(pattern.as_str()).u8(u8::from(*look_alike))
        }
        Target::Search(query) => writer.u8(1).text(query.as_str()),
        Target::Unlisted(tag) => writer.u8(2).text(tag.as_ref().map_or("", PlateTag::as_str)),
    };
    writer.text(&watch.region).u8(u8::from(watch.region_match)).u8(watch.severity as u8);
    writer.i64(watch.valid_from.map_or(NEVER, |at| at.0));
    writer.i64(watch.valid_until.map_or(NEVER, |at| at.0));
    writer.u8(watch.days).u32(watch.hours).u32(watch.quiet_minutes);
    // Their numbers are bounded where they are parsed.
    writer.u16(watch.cameras.len() as u16);
    for camera in &watch.cameras {
        writer.text(camera);
    }
    writer.u16(watch.contacts.len() as u16);
    for contact in &watch.contacts {
        writer.u32(contact.0);
    }
    writer.u8(u8::from(watch.enabled)).i64(watch.made_at.0);
    writer.finish()
}

pub(super) fn decode(id: WatchId, record: &[u8]) -> Result<Watch, StoreError> {
    let mut reader = Reader::new(record)?;
    let damaged = || StoreError::Corrupt("watch".into());
    let time = |ms: i64| (ms != NEVER).then_some(Timestamp(ms));
    Ok(Watch {
        id,
        owner: UserId(reader.u32()?),
        name: reader.text()?.to_owned(),
        description: reader.text()?.to_owned(),
        target: match reader.u8()? {
            0 => Target::Plate {
                pattern: PlatePattern::parse(reader.text()?).map_err(|_| damaged())?,
                look_alike: reader.u8()? != 0,
            },
            1 => Target::Search(SearchQuery::parse(reader.text()?.to_owned()).ok_or_else(damaged)?),
            2 => Target::Unlisted(match reader.text()? {
                "" => None,
                tag => Some(PlateTag::parse(tag).ok_or_else(damaged)?),
            }),
            _ => return Err(damaged()),
        },
        region: reader.text()?.to_owned(),
        region_match: reader.u8()? != 0,
        severity: Severity::from_code(reader.u8()?).ok_or_else(damaged)?,
        valid_from: time(reader.i64()?),
        valid_until: time(reader.i64()?),
        days: reader.u8()?,
        hours: reader.u32()?,
        quiet_minutes: reader.u32()?,
        cameras: texts(&mut reader)?,
        contacts: (0..reader.u16()?).map(|_| reader.u32().map(UserId)).collect::<Result<_, _>>()?,
        enabled: reader.u8()? != 0,
        made_at: Timestamp(reader.i64()?),
    })
}

fn texts(reader: &mut Reader<'_>) -> Result<Vec<String>, StoreError> {
    (0..reader.u16()?).map(|_| reader.text().map(str::to_owned)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::watch::tests_support::watch;
    use crate::store::{Store, StoreOptions};

    fn full(id: u32) -> Watch {
        Watch {
            name: "Ä <b>".into(),
            description: "x\ny".into(),
            target: Target::Unlisted(PlateTag::parse("staff")),
            region: "us-ma".into(),
            valid_from: Some(Timestamp(-4)),
            days: 3,
            hours: 7,
            cameras: vec!["a/1".into(), "b/2".into()],
            quiet_minutes: 5,
            contacts: vec![UserId(7)],
            enabled: false,
            made_at: Timestamp(99),
            severity: Severity::Critical,
            ..watch(id, "X")
        }
    }

    #[test]
    fn records_come_back_and_cut_ones_are_errors() {
        let search = Target::Search(SearchQuery::parse("color=red".into()).unwrap());
        for kept in [full(1), watch(2, "8K*"), Watch { target: search, ..watch(3, "X") }] {
            let bytes = encode(&kept);
            assert_eq!(decode(kept.id, &bytes).unwrap(), kept);
            for end in 0..bytes.len() {
                assert!(decode(kept.id, &bytes[..end]).is_err(), "{end}");
            }
        }
    }

    #[test]
    fn everybody_has_a_list_and_numbers_are_not_given_again() {
        let directory = tempfile::tempdir().unwrap();
        let store = Store::open(directory.path(), StoreOptions::default()).unwrap();
        store
            .write(|tx| {
                for owner in [1, 2, 1] {
                    let id = tx.next_watch_id()?;
                    tx.put_watch(&Watch { owner: UserId(owner), ..watch(id.0, "X") })?;
                }
                tx.put_told(WatchId(3), "X", "a/1", Timestamp(5))?;
                tx.put_told(WatchId(2), "X", "a/1", Timestamp(5))?;
                assert_eq!(tx.watches_of(UserId(1))?.len(), 2);
                assert!(tx.delete_watch(WatchId(3))? && !tx.delete_watch(WatchId(3))?);
                assert_eq!(tx.last_told(WatchId(3), "X", "a/1")?, None);
                assert_eq!(tx.last_told(WatchId(2), "X", "a/1")?, Some(Timestamp(5)));
                tx.forget_told(Timestamp(6))?;
                assert_eq!(tx.last_told(WatchId(2), "X", "a/1")?, None);
                assert_eq!(tx.next_watch_id()?, WatchId(4));
                Ok(())
            })
            .unwrap();
        let ids = |owner| {
            let watches = store.read(|tx| tx.watches_of(UserId(owner))).unwrap();
            watches.iter().map(|watch| watch.id.0).collect::<Vec<_>>()
        };
        assert_eq!((ids(1), ids(2)), (vec![1], vec![2]));
    }

    #[test]
    fn what_is_kept_of_them_goes_when_they_change() {
        let directory = tempfile::tempdir().unwrap();
        let store = Store::open(directory.path(), StoreOptions::default()).unwrap();
        let kept = || store.write(|tx| Ok(tx.derived::<u8>().map(|kept| *kept))).unwrap();
        let seven = std::sync::Arc::new(7_u8);
        store
            .write(|tx| {
                tx.keep_derived(&seven);
                Ok(())
            })
            .unwrap();
        assert_eq!(kept(), Some(7));
        let failed: Result<(), _> = store.write(|tx| {
            tx.put_watch(&watch(1, "X"))?;
            assert!(tx.derived::<u8>().is_none(), "the transaction sees the new watch");
            Err(StoreError::Refused("no"))
        });
        assert!(failed.is_err());
        assert_eq!(kept(), Some(7), "nothing changed");
        store.write(|tx| tx.put_watch(&watch(1, "X"))).unwrap();
        assert_eq!(kept(), None);
    }
}
