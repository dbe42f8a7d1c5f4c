//! Sessions by the SHA-256 of their token. When one has ended is decided in `auth`.

use redb::ReadableTable;

use super::codec::{Reader, Writer};
use super::tables::SESSIONS;
use super::{ReadTx, StoreError, WriteTx};
use crate::base::clock::Timestamp;
use crate::model::user::{Session, UserId};

impl ReadTx {
    /// The session whose token has the SHA-256 `hash`.
    pub fn session(&self, hash: &[u8; 32]) -> Result<Option<Session>, StoreError> {
        session(&self.table(SESSIONS)?, hash)
    }

    /// All sessions.
    pub fn sessions(&self) -> Result<Vec<Session>, StoreError> {
        sessions(&self.table(SESSIONS)?)
    }

    /// The sessions of `user`, oldest sign-in first.
    pub fn sessions_of(&self, user: UserId) -> Result<Vec<Session>, StoreError> {
        let mut own = self.sessions()?;
        own.retain(|session| session.user == user);
        own.sort_by_key(|session| session.created_at);
        Ok(own)
    }
}

impl WriteTx {
    /// The session whose token has the SHA-256 `hash`, as this transaction sees it.
    pub fn session(&self, hash: &[u8; 32]) -> Result<Option<Session>, StoreError> {
        session(&self.table(SESSIONS)?, hash)
    }

    /// All sessions as this transaction sees them.
    pub fn sessions(&self) -> Result<Vec<Session>, StoreError> {
        sessions(&self.table(SESSIONS)?)
    }

    /// Writes `session`, new or changed.
    pub fn put_session(&self, session: &Session) -> Result<(), StoreError> {
        self.table(SESSIONS)?.insert(&session.hash, encode(session).as_slice())?;
        Ok(())
    }

    /// Removes the session `hash`; returns whether it was there.
    pub fn delete_session(&self, hash: &[u8; 32]) -> Result<bool, StoreError> {
        Ok(self.table(SESSIONS)?.remove(hash)?.is_some())
    }

    /// Removes all sessions for which `ended` says so; returns how many.
    pub fn delete_sessions(
        &self,
        mut ended: impl FnMut(&Session) -> bool,
    ) -> Result<usize, StoreError> {
        let mut table = self.table(SESSIONS)?;
        let mut count = 0;
        for session in sessions(&table)?.into_iter().filter(|session| ended(session)) {
            table.remove(&session.hash)?;
            count += 1;
        }
        Ok(count)
    }
}

fn session(
    table: &impl ReadableTable<&'static [u8; 32], &'static [u8]>,
    hash: &[u8; 32],
) -> Result<Option<Session>, StoreError> {
    table.get(hash)?.map(|bytes| decode(*hash, bytes.value())).transpose()
}

fn sessions(
    table: &impl ReadableTable<&'static [u8; 32], &'static [u8]>,
) -> Result<Vec<Session>, StoreError> {
    let mut all = Vec::new();
    for entry in table.iter()? {
        let (hash, bytes) = entry?;
        all.push(decode(*hash.value(), bytes.value())?);
    }
    Ok(all)
}

/// Version 1.
fn encode(session: &Session) -> Vec<u8> {
    let mut writer = Writer::new(1);
    writer
        .u32(session.user.0)
        .i64(session.created_at.ms())
        .i64(session.last_used.ms())
        .text(&session.address)
        .text(&session.agent);
    writer.finish()
}

pub(super) fn decode(hash: [u8; 32], bytes: &[u8]) -> Result<Session, StoreError> {
    let mut reader = Reader::new(bytes)?;
    Ok(Session {
        hash,
        user: UserId(reader.u32()?),
        created_at: Timestamp(reader.i64()?),
        last_used: Timestamp(reader.i64()?),
        address: reader.text()?.to_owned(),
        agent: reader.text()?.to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::{Store, StoreOptions};

    fn sample(hash: u8, user: u32) -> Session {
        Session {
            hash: [hash; 32],
            user: UserId(user),
            created_at: Timestamp(-i64::from(hash)),
            last_used: Timestamp(3),
            address: "::1".into(),
            agent: "Browser \u{1f697}".into(),
        }
    }

    #[test]
    fn sessions_are_kept_found_and_swept() {
        let directory = tempfile::tempdir().unwrap();
        let store = Store::open(directory.path(), StoreOptions::default()).unwrap();
        store
            .write(|tx| (1..=5).try_for_each(|n| tx.put_session(&sample(n, u32::from(n % 2)))))
            .unwrap();
        assert_eq!(store.read(|tx| tx.session(&[2; 32])).unwrap(), Some(sample(2, 0)));
        let own = store.read(|tx| tx.sessions_of(UserId(1))).unwrap();
        assert_eq!(own, [sample(5, 1), sample(3, 1), sample(1, 1)]);
        let swept = store.write(|tx| tx.delete_sessions(|s| s.user == UserId(1))).unwrap();
        assert_eq!((swept, store.read(ReadTx::sessions).unwrap().len()), (3, 2));
        assert!(store.write(|tx| tx.delete_session(&[2; 32])).unwrap());
        assert!(!store.write(|tx| tx.delete_session(&[2; 32])).unwrap());
    }

    #[test]
    fn cut_records_are_errors() {
        let bytes = encode(&sample(1, 1));
        assert_eq!(decode([1; 32], &bytes).unwrap(), sample(1, 1));
        for end in 0..bytes.len() {
            assert!(decode([1; 32], &bytes[..end]).is_err(), "{end}");
        }
    }
}
