//! The audit log as people and programs get it: trimmed by age, written out as lines. What is
//! noted is decided where it happens.

use crate::base::clock::Timestamp;
use crate::base::hash::hex;
use crate::base::limits::AUDIT_ENTRIES_MAX;
use crate::model::audit::{Action, AuditQuery, Entry, Event};
use crate::store::{Store, StoreError};

const DAY_MS: i64 = 86_400_000;

/// Removes what is older than `days`, and what is beyond its size; returns how many
/// entries. Nothing while the clock is behind the log: it has not been set yet.
pub fn trim(store: &Store, days: u32, now: Timestamp) -> Result<u64, StoreError> {
    let oldest = now.plus_ms(-i64::from(days) * DAY_MS);
    let due = store.read(|tx| {
        let newest = tx.audit_page(&AuditQuery::default(), None, 1)?.entries.pop();
        let sane = newest.is_none_or(|entry| entry.event.at <= now);
        let first = tx.audit_first()?.is_some_and(|entry| entry.event.at < oldest);
        Ok(sane && (first || tx.audit_len()? > AUDIT_ENTRIES_MAX))
    })?;
    if !due {
        return Ok(0);
    }
    store.write(|tx| {
        let count = tx.trim_audit(oldest, AUDIT_ENTRIES_MAX)?;
        if count > 0 {
            let note = format!("{count} entries older than {days} days or beyond the limit");
            tx.audit(&Event::of_box(Action::AuditTrimmed, now).note(note))?;
        }
        Ok(count)
    })
}

/// Columns of [`cells`].
pub const COLUMNS: [&str; 11] = [
    "number", "time", "user", "who", "action", "address", "object", "note", "changes", "times",
    "previous",
];

/// `entry` as texts, one for each of [`COLUMNS`]; `time` is its time as the reader wants it.
pub fn cells(entry: &Entry, time: String) -> [String; 11] {
    let event = &entry.event;
    let changes: Vec<String> = event
        .changes
        .iter()
        .map(|it| match it.before.as_str() {
            "" => format!("{}: {}", it.field, it.after),
            before => format!("{}: {before} -> {}", it.field, it.after),
        })
        .collect();
    [
        entry.number.to_string(),
        time,
        event.user.map(|user| user.0.to_string()).unwrap_or_default(),
        event.who.clone(),
        event.action.name().to_owned(),
        event.address.clone(),
        event.object.clone(),
        event.note.clone(),
        changes.join("; "),
        event.times.to_string(),
        hex(&entry.previous),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::users::tests::store;
    use crate::model::audit::Change;
    use crate::store::ReadTx;

    #[test]
    fn old_entries_go_and_that_is_noted() {
        let (_directory, store) = store();
        let at = |day: i64| Timestamp(1_790_000_000_000 + day * DAY_MS);
        let add = |day| store.write(|tx| tx.audit(&Event::of_box(Action::Ban, at(day)))).unwrap();
        [0, 1, 2, 300].into_iter().for_each(add);
        assert_eq!(trim(&store, 365, at(300)).unwrap(), 0);
        assert_eq!(trim(&store, 365, at(-20_000)).unwrap(), 0, "the clock is not set");
        assert_eq!(trim(&store, 365, at(367)).unwrap(), 2);
        let newest = store.read(|tx| tx.audit_page(&AuditQuery::default(), None, 9)).unwrap();
        assert_eq!(newest.entries[0].event.action, Action::AuditTrimmed);
        assert_eq!(newest.entries.len(), 3);
        assert_eq!(store.read(ReadTx::verify_audit).unwrap().broken, None);
        // A shorter setting acts the same way; the chain holds from its new beginning.
        assert_eq!(trim(&store, 30, at(367)).unwrap(), 2);
        let left = store.read(|tx| tx.audit_page(&AuditQuery::default(), None, 9)).unwrap();
        assert!(left.entries.iter().all(|it| it.event.action == Action::AuditTrimmed));
        assert_eq!(store.read(ReadTx::verify_audit).unwrap().broken, None);
    }

    #[test]
    fn a_line_says_everything() {
        let event = Event::of_stranger(Action::SettingsChanged, Timestamp(0), "::1")
            .changes([Change::secret("abuseipdb.key")])
            .changes(Change::of("ipban.ban_count", "20", "30"));
        let entry = Entry { number: 7, previous: [0xab; 32], event };
        let cells = cells(&entry, "t".into());
        assert_eq!(cells[8], "abuseipdb.key: changed; ipban.ban_count: 20 -> 30");
        assert_eq!((cells[0].as_str(), cells[1].as_str(), &cells[10][..4]), ("7", "t", "abab"));
    }
}
