//! The audit log: a chain of numbered entries, each with the SHA-256 of the one before. Knows
//! neither who may read it nor when it is trimmed.
//!
//! Events of changes are written in the transaction of the change. Events of mere reads wait in
//! memory ([`Pending`]) and go with whatever is committed next, so that looking at a page costs no
//! commit of its own.

use std::sync::{Mutex, MutexGuard, PoisonError};

use redb::{ReadableTable, ReadableTableMetadata as _};

use super::codec::{Reader, Writer};
use super::tables::{AUDIT, META};
use super::{ReadTx, Store, StoreError, WriteTx};
use crate::base::clock::Timestamp;
use crate::base::hash::sha256;
use crate::base::limits::{AUDIT_PENDING_MAX, AUDIT_SCAN_MAX, AUDIT_TRIM_MAX};
use crate::model::audit::{Action, AuditQuery, Change, Entry, Event};
use crate::model::user::UserId;

/// Row of [`META`]: number and hash of the newest entry.
const HEAD: &str = "audit.head";
/// Row of [`META`]: number and hash of the newest entry that was removed.
const ANCHOR: &str = "audit.anchor";

/// Number of an entry and its hash.
type Link = (u64, [u8; 32]);

/// Events that wait for the next commit.
#[derive(Debug, Default)]
pub(super) struct Pending(Mutex<Vec<Event>>);

impl Pending {
    fn lock(&self) -> MutexGuard<'_, Vec<Event>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds `event`, or counts it with one it repeats; returns whether there is no more room.
    fn add(&self, event: Event) -> bool {
        let mut waiting = self.lock();
        if let Some(same) = waiting.iter_mut().find(|known| known.repeats(&event)) {
            same.times = same.times.saturating_add(1);
        } else {
            waiting.push(event);
        }
        waiting.len() >= AUDIT_PENDING_MAX
    }

    /// Takes all of them out, to be written.
    pub(super) fn take(&self) -> Vec<Event> {
        std::mem::take(&mut self.lock())
    }

    /// They were not written after all. What has no room is counted.
    pub(super) fn put_back(&self, mut events: Vec<Event>) {
        if events.is_empty() {
            return;
        }
        let mut waiting = self.lock();
        events.append(&mut waiting);
        let room = AUDIT_PENDING_MAX - 1;
        if events.len() > room {
            let surplus: Vec<Event> = events.drain(..events.len() - room).collect();
            let lost =
                |event: &Event| if event.action == Action::AuditLost { 0 } else { event.times };
            let before = surplus.iter().find(|event| event.action == Action::AuditLost);
            let before = before.map_or(0, |event| event.times);
            let count = surplus.iter().map(lost).fold(before, u32::saturating_add);
            let at = surplus.first().map_or(Timestamp::default(), |event| event.at);
            let mut note = Event::of_box(Action::AuditLost, at);
            note.times = count;
            events.insert(0, note);
            log::warn!("{count} entries of the audit log could not be kept");
        }
        *waiting = events;
    }
}

/// One page of the log, newest first.
#[derive(Debug, Default)]
pub struct AuditPage {
    /// Entries.
    pub entries: Vec<Entry>,
    /// Where the next page begins: entries with a smaller number.
    pub next: Option<u64>,
    /// Whether the page ended because enough entries had been looked at.
    pub stopped: bool,
}

/// What a look through the whole chain found.
#[derive(Debug, PartialEq, Eq)]
pub struct AuditChain {
    /// Entries.
    pub entries: u64,
    /// Number of the newest removed entry, 0 when none was.
    pub removed: u64,
    /// The first place where the chain breaks, a sentence.
    pub broken: Option<String>,
}

impl Store {
    /// Keeps `event` with the next commit, or when the flush comes. For reads: what changes
    /// something is written with its change by [`WriteTx::audit`].
    pub fn audit_later(&self, event: Event) {
        if self.pending_audit.add(event) {
            self.flush_audit();
        }
    }

    /// Writes out what waits, if anything does.
    pub fn flush_audit(&self) {
        if self.pending_audit.lock().is_empty() {
            return;
        }
        if let Err(error) = self.write(|_| Ok(())) {
            log::warn!("the audit log could not be written: {error}");
        }
    }
}

impl WriteTx {
    /// Appends `event` to the log.
    pub fn audit(&self, event: &Event) -> Result<(), StoreError> {
        let mut meta = self.table(META)?;
        let (number, previous) = link(&meta, HEAD)?;
        let number = number + 1;
        let record = encode(event, &previous);
        self.table(AUDIT)?.insert(number, record.as_slice())?;
        put_link(&mut meta, HEAD, (number, hash(number, &record)))
    }

    /// Removes entries from the old end: those from before `oldest`, and those beyond the newest
    /// `most`. At most a transaction's worth; returns how many. The chain stays whole: the hash of
    /// the newest removed entry is kept as its anchor.
    pub fn trim_audit(&self, oldest: Timestamp, most: u64) -> Result<u64, StoreError> {
        let mut table = self.table(AUDIT)?;
        let surplus = table.len()?.saturating_sub(most);
        let mut anchor = None;
        for row in table.iter()?.take(AUDIT_TRIM_MAX) {
            let (number, record) = row?;
            let removed = anchor.as_ref().map_or(0, |(_, _, count)| *count);
            let (number, record) = (number.value(), record.value());
            if removed >= surplus && decode(number, record)?.event.at >= oldest {
                break;
            }
            anchor = Some((number, hash(number, record), removed + 1));
        }
        let Some((number, hash, count)) = anchor else { return Ok(0) };
        table.retain_in(..=number, |_, _| false)?;
        put_link(&mut self.table(META)?, ANCHOR, (number, hash))?;
        Ok(count)
    }
}

impl ReadTx {
    /// The entries `query` wants, newest first, `limit` of them, with numbers below `before`.
    pub fn audit_page(
        &self,
        query: &AuditQuery,
        before: Option<u64>,
        limit: usize,
    ) -> Result<AuditPage, StoreError> {
        let table = self.table(AUDIT)?;
        let mut page = AuditPage::default();
        for (looked, row) in table.range(..before.unwrap_or(u64::MAX))?.rev().enumerate() {
            let (number, record) = row?;
            if page.entries.len() >= limit || looked >= AUDIT_SCAN_MAX {
                page.next = Some(number.value() + 1);
                page.stopped = page.entries.len() < limit;
                break;
            }
            let entry = decode(number.value(), record.value())?;
            if query.wants(&entry.event) {
                page.entries.push(entry);
            }
        }
        Ok(page)
    }

    /// How many entries there are.
    pub fn audit_len(&self) -> Result<u64, StoreError> {
        Ok(self.table(AUDIT)?.len()?)
    }

    /// The oldest entry.
    pub fn audit_first(&self) -> Result<Option<Entry>, StoreError> {
        let table = self.table(AUDIT)?;
        let first = table.first()?;
        first.map(|(number, record)| decode(number.value(), record.value())).transpose()
    }

    /// Number and hash of the newest entry: whoever wrote them down elsewhere can tell later
    /// whether the log up to there is still the same.
    pub fn audit_head(&self) -> Result<Link, StoreError> {
        link(&self.table(META)?, HEAD)
    }

    /// Follows the chain from its anchor to its head.
    pub fn verify_audit(&self) -> Result<AuditChain, StoreError> {
        let meta = self.table(META)?;
        let (removed, anchor) = link(&meta, ANCHOR)?;
        let mut last = (removed, anchor);
        let mut chain = AuditChain { entries: 0, removed, broken: None };
        for row in self.table(AUDIT)?.iter()? {
            let (number, record) = row?;
            let (number, record) = (number.value(), record.value());
            let missing =
                (number != last.0 + 1).then(|| format!("entry {} is missing", last.0 + 1));
            let broken = missing.or_else(|| match decode(number, record) {
                Err(error) => Some(error.to_string()),
                Ok(entry) if entry.previous != last.1 => Some(match last.0 {
                    0 => format!("entry {number} is not the first that was written"),
                    before => format!("entry {before} or {number} was changed"),
                }),
                Ok(_) => None,
            });
            if broken.is_some() {
                chain.broken = broken;
                return Ok(chain);
            }
            last = (number, hash(number, record));
            chain.entries += 1;
        }
        let head = link(&meta, HEAD)?;
        if last != head && (chain.entries, head.0) != (0, removed) {
            chain.broken = Some(if last.0 == head.0 {
                format!("entry {} was changed", last.0)
            } else {
                format!("entry {} is missing", last.0 + 1)
            });
        }
        Ok(chain)
    }
}

fn link(
    meta: &impl ReadableTable<&'static str, &'static [u8]>,
    row: &str,
) -> Result<Link, StoreError> {
    let Some(found) = meta.get(row)? else { return Ok((0, [0; 32])) };
    let broken = || StoreError::Corrupt(format!("{row} cannot be read"));
    let (number, hash) = found.value().split_first_chunk::<8>().ok_or_else(broken)?;
    Ok((u64::from_le_bytes(*number), hash.try_into().map_err(|_| broken())?))
}

fn put_link(
    meta: &mut redb::Table<'_, &'static str, &'static [u8]>,
    row: &str,
    (number, hash): Link,
) -> Result<(), StoreError> {
    let mut bytes = number.to_le_bytes().to_vec();
    bytes.extend(hash);
    meta.insert(row, bytes.as_slice())?;
    Ok(())
}

/// What the next entry carries: over the number too, so that entries cannot be renumbered.
fn hash(number: u64, record: &[u8]) -> [u8; 32] {
    sha256(&[b"openalpr-webhook audit\0", number.to_le_bytes().as_slice(), record].concat())
}

/// Version 1. The bytes are what is hashed: their form never changes for entries that are there.
fn encode(event: &Event, previous: &[u8; 32]) -> Vec<u8> {
    let mut writer = Writer::new(1);
    writer
        .bytes(previous)
        .i64(event.at.ms())
        .u8(event.action as u8)
        .u32(event.user.map_or(0, |user| user.0))
        .text(&event.who)
        .text(&event.address)
        .text(&event.object)
        .text(&event.note)
        .u32(event.times)
        .u16(u16::try_from(event.changes.len()).unwrap_or(u16::MAX));
    for change in event.changes.iter().take(usize::from(u16::MAX)) {
        writer.text(&change.field).text(&change.before).text(&change.after);
    }
    writer.finish()
}

pub(super) fn decode(number: u64, record: &[u8]) -> Result<Entry, StoreError> {
    let broken = |what: &str| StoreError::Corrupt(format!("audit entry {number}: {what}"));
    let mut reader = Reader::new(record)?;
    let previous = reader.bytes()?.try_into().map_err(|_| broken("hash"))?;
    let at = Timestamp(reader.i64()?);
    let action = Action::from_code(reader.u8()?).ok_or_else(|| broken("action"))?;
    let user = Some(reader.u32()?).filter(|user| *user != 0).map(UserId);
    let mut event = Event { at, user, ..Event::of_stranger(action, at, "") };
    for text in [&mut event.who, &mut event.address, &mut event.object, &mut event.note] {
        reader.text()?.clone_into(text);
    }
    event.times = reader.u32()?;
    for _ in 0..reader.u16()? {
        event.changes.push(Change {
            field: reader.text()?.to_owned(),
            before: reader.text()?.to_owned(),
            after: reader.text()?.to_owned(),
        });
    }
    Ok(Entry { number, previous, event })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::StoreOptions;

    type Tamper = Box<dyn FnOnce(&WriteTx) -> Result<(), StoreError>>;

    fn open() -> (tempfile::TempDir, Store) {
        let directory = tempfile::tempdir().unwrap();
        let store = Store::open(directory.path(), StoreOptions::default()).unwrap();
        (directory, store)
    }

    fn event(n: i64) -> Event {
        Event::of_stranger(Action::Search, Timestamp(n), "192.0.2.1")
            .object(format!("plate:A{n}"))
            .changes(Change::of("x", "1", "2"))
    }

    fn filled(count: i64) -> (tempfile::TempDir, Store) {
        let (directory, store) = open();
        store.write(|tx| (1..=count).try_for_each(|n| tx.audit(&event(n)))).unwrap();
        (directory, store)
    }

    fn page(store: &Store) -> Vec<Entry> {
        store.read(|tx| tx.audit_page(&AuditQuery::default(), None, 1000)).unwrap().entries
    }

    fn broken(store: &Store) -> Option<String> {
        store.read(ReadTx::verify_audit).unwrap().broken
    }

    #[test]
    fn entries_come_back_as_they_were_and_the_chain_holds() {
        let (directory, store) = filled(5);
        let entries = page(&store);
        assert_eq!(entries.iter().map(|it| it.number).collect::<Vec<_>>(), [5, 4, 3, 2, 1]);
        assert_eq!(entries[1].event, event(4));
        drop(store);
        let store = Store::open(directory.path(), StoreOptions::default()).unwrap();
        store.write(|tx| tx.audit(&event(6))).unwrap();
        let chain = store.read(ReadTx::verify_audit).unwrap();
        assert_eq!(chain, AuditChain { entries: 6, removed: 0, broken: None });
        assert_eq!(broken(&open().1), None);
    }

    #[test]
    fn every_kind_of_tampering_breaks_the_chain() {
        let rewrite = |number: u64, change: fn(&mut Event)| {
            move |tx: &WriteTx| {
                let mut table = tx.table(AUDIT)?;
                let record = table.get(number)?.unwrap().value().to_vec();
                let mut entry = decode(number, &record)?;
                change(&mut entry.event);
                table.insert(number, encode(&entry.event, &entry.previous).as_slice())?;
                Ok(())
            }
        };
        let remove = |number: u64| -> Tamper {
            Box::new(move |tx| Ok(tx.table(AUDIT)?.remove(number).map(drop)?))
        };
        let cases: Vec<(&str, Tamper)> = vec![
            ("entry 2 or 3", Box::new(rewrite(2, |event| event.who = "mallory".into()))),
            ("entry 5 was", Box::new(rewrite(5, |event| event.address.clear()))),
            ("entry 1 or 2", Box::new(rewrite(1, |event| event.at = Timestamp(9)))),
            ("entry 3 is missing", remove(3)),
            ("entry 1 is missing", remove(1)),
            ("entry 5 is missing", remove(5)),
            (
                "entry 5 or 6",
                Box::new(|tx| {
                    let record = encode(&event(6), &[7; 32]);
                    Ok(tx.table(AUDIT)?.insert(6, record.as_slice()).map(drop)?)
                }),
            ),
        ];
        for (told, tamper) in cases {
            let (_directory, store) = filled(5);
            store.write(tamper).unwrap();
            let found = broken(&store).unwrap_or_default();
            assert!(found.contains(told), "{told}: {found}");
        }
    }

    #[test]
    fn the_old_end_goes_and_the_chain_stays() {
        let (_directory, store) = filled(10);
        let trim = |oldest, most| store.write(|tx| tx.trim_audit(Timestamp(oldest), most)).unwrap();
        assert_eq!(trim(0, 100), 0);
        assert_eq!(trim(4, 100), 3);
        assert_eq!(trim(0, 5), 2);
        store.write(|tx| tx.audit(&event(11))).unwrap();
        let chain = store.read(ReadTx::verify_audit).unwrap();
        assert_eq!(chain, AuditChain { entries: 6, removed: 5, broken: None });
        assert_eq!(store.read(ReadTx::audit_first).unwrap().unwrap().number, 6);
        assert_eq!(trim(i64::MAX, 0), 6);
        assert_eq!(broken(&store), None);
        store.write(|tx| tx.audit(&event(12))).unwrap();
        assert_eq!((broken(&store), page(&store)[0].number), (None, 12));
        // Somebody else who removes the old end leaves no anchor.
        store.write(|tx| tx.audit(&event(13))).unwrap();
        store.write(|tx| Ok(tx.table(AUDIT)?.remove(12).map(drop)?)).unwrap();
        assert_eq!(broken(&store).as_deref(), Some("entry 12 is missing"));
    }

    #[test]
    fn reads_wait_for_the_next_commit_and_repeats_are_one_entry() {
        let (_directory, store) = open();
        let view =
            |n: i64| Event::of_stranger(Action::ViewCapture, Timestamp(n), "::1").object("7");
        store.audit_later(view(1));
        store.audit_later(view(2));
        store.audit_later(view(3).object("8"));
        assert!(page(&store).is_empty());
        // A transaction that fails keeps them waiting.
        let refused: Result<(), _> = store.write(|_| Err(StoreError::Refused("no")));
        assert!(refused.is_err() && page(&store).is_empty());
        store.write(|tx| tx.audit(&event(9))).unwrap();
        let found: Vec<_> =
            page(&store).into_iter().map(|it| (it.event.object, it.event.times)).collect();
        assert_eq!(found, [("plate:A9".into(), 1), ("8".into(), 1), ("7".into(), 2)]);
        store.audit_later(view(4));
        store.flush_audit();
        assert_eq!(page(&store).len(), 4);
        for n in 0..AUDIT_PENDING_MAX {
            store.audit_later(view(5).object(n.to_string()));
        }
        assert_eq!(page(&store).len(), 4 + AUDIT_PENDING_MAX, "a full buffer is written");
        assert_eq!(broken(&store), None);
    }

    #[test]
    fn what_cannot_be_kept_is_counted() {
        let pending = Pending::default();
        let many = |from: i64| -> Vec<Event> { (from..from + 300).map(event).collect() };
        pending.put_back(many(0));
        pending.put_back(many(300));
        let kept = pending.take();
        assert_eq!(kept.len(), AUDIT_PENDING_MAX);
        let told: u32 =
            kept.iter().filter(|it| it.action == Action::AuditLost).map(|it| it.times).sum();
        let rest = kept.iter().filter(|it| it.action != Action::AuditLost).count();
        assert_eq!(told as usize + rest, 600);
    }

    #[test]
    fn pages_follow_each_other() {
        let (_directory, store) = filled(25);
        let query = AuditQuery { text: "plate:A1".into(), ..AuditQuery::default() };
        let (mut before, mut numbers) = (None, Vec::new());
        loop {
            let page = store.read(|tx| tx.audit_page(&query, before, 4)).unwrap();
            numbers.extend(page.entries.iter().map(|it| it.number));
            before = page.next;
            if before.is_none() {
                break;
            }
        }
        assert_eq!(numbers, [19, 18, 17, 16, 15, 14, 13, 12, 11, 10, 1]);
    }
}
