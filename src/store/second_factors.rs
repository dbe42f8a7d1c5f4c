//! Second factors by account, and until when a temporary password works. What either means is
//! decided in `auth` and `domain`; the shared secrets are in the vault.

use redb::ReadableTable;

use super::codec::{Reader, Writer};
use super::tables::{PASSWORD_ENDS, SECOND_FACTORS};
use super::{ReadTx, StoreError, WriteTx};
use crate::base::clock::Timestamp;
use crate::base::limits::{RECOVERY_CODES, USED_STEPS_MAX};
use crate::model::second_factor::SecondFactor;
use crate::model::user::UserId;

impl ReadTx {
    /// The second factor of `user`; `None` when it is off.
    pub fn second_factor(&self, user: UserId) -> Result<Option<SecondFactor>, StoreError> {
        factor(&self.table(SECOND_FACTORS)?, user)
    }

    /// All second factors by account.
    pub fn second_factors(&self) -> Result<Vec<SecondFactor>, StoreError> {
        let mut all = Vec::new();
        for row in self.table(SECOND_FACTORS)?.iter()? {
            let (user, record) = row?;
            all.push(decode(UserId(user.value()), record.value())?);
        }
        Ok(all)
    }

    /// Until when the temporary password of `user` works; `None` when it has one of its own.
    pub fn password_end(&self, user: UserId) -> Result<Option<Timestamp>, StoreError> {
        Ok(self.table(PASSWORD_ENDS)?.get(user.0)?.map(|end| Timestamp(end.value())))
    }
}

impl WriteTx {
    /// The second factor of `user` as this transaction sees it.
    pub fn second_factor(&self, user: UserId) -> Result<Option<SecondFactor>, StoreError> {
        factor(&self.table(SECOND_FACTORS)?, user)
    }

    /// Writes `factor`, new or changed.
    pub fn put_second_factor(&self, factor: &SecondFactor) -> Result<(), StoreError> {
        self.table(SECOND_FACTORS)?.insert(factor.user.0, encode(factor).as_slice())?;
        Ok(())
    }

    /// Removes the second factor of `user`; returns whether it was on.
    pub fn delete_second_factor(&self, user: UserId) -> Result<bool, StoreError> {
        Ok(self.table(SECOND_FACTORS)?.remove(user.0)?.is_some())
    }

    /// Says until when the temporary password of `user` works; `None` for one of its own.
    pub fn put_password_end(&self, user: UserId, end: Option<Timestamp>) -> Result<(), StoreError> {
        let mut table = self.table(PASSWORD_ENDS)?;
        match end {
            Some(end) => drop(table.insert(user.0, end.ms())?),
            None => drop(table.remove(user.0)?),
        }
        Ok(())
    }
}

fn factor(
    table: &impl ReadableTable<u32, &'static [u8]>,
    user: UserId,
) -> Result<Option<SecondFactor>, StoreError> {
    table.get(user.0)?.map(|record| decode(user, record.value())).transpose()
}

/// Version 1.
fn encode(factor: &SecondFactor) -> Vec<u8> {
    let mut writer = Writer::new(1);
    writer.i64(factor.since.ms()).u16(factor.used.len() as u16);
    for step in &factor.used {
        writer.u64(*step);
    }
    writer.u16(factor.recovery.len() as u16);
    for hash in &factor.recovery {
        writer.bytes(hash);
    }
    writer.finish()
}

pub(super) fn decode(user: UserId, record: &[u8]) -> Result<SecondFactor, StoreError> {
    let broken = || StoreError::Corrupt(format!("second factor of account {}", user.0));
    let mut reader = Reader::new(record)?;
    let since = Timestamp(reader.i64()?);
    let count = usize::from(reader.u16()?);
    if count > USED_STEPS_MAX {
        return Err(broken());
    }
    let used = (0..count).map(|_| reader.u64()).collect::<Result<_, _>>()?;
    let count = usize::from(reader.u16()?);
    if count > RECOVERY_CODES {
        return Err(broken());
    }
    let mut recovery = Vec::with_capacity(count);
    for _ in 0..count {
        recovery.push(reader.bytes()?.try_into().map_err(|_| broken())?);
    }
    Ok(SecondFactor { user, since, used, recovery })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::{Store, StoreOptions};

    fn sample() -> SecondFactor {
        SecondFactor {
            user: UserId(7),
            since: Timestamp(-5),
            used: vec![1, u64::MAX],
            recovery: vec![[1; 32], [2; 32]],
        }
    }

    #[test]
    fn records_come_back_and_cut_ones_are_errors() {
        let record = encode(&sample());
        assert_eq!(decode(UserId(7), &record).unwrap(), sample());
        for end in 0..record.len() {
            assert!(decode(UserId(7), &record[..end]).is_err(), "{end}");
        }
        for at in [9, 27] {
            let mut greedy = record.clone();
            greedy[at + 1] = 0xff;
            assert!(decode(UserId(7), &greedy).is_err(), "{at}");
        }
    }

    #[test]
    fn factors_and_ends_are_kept_by_account() {
        let directory = tempfile::tempdir().unwrap();
        let store = Store::open(directory.path(), StoreOptions::default()).unwrap();
        store
            .write(|tx| {
                tx.put_second_factor(&sample())?;
                tx.put_password_end(UserId(7), Some(Timestamp(9)))?;
                tx.put_password_end(UserId(8), Some(Timestamp(9)))?;
                tx.put_password_end(UserId(8), None)
            })
            .unwrap();
        store
            .read(|tx| {
                assert_eq!(tx.second_factor(UserId(7))?, Some(sample()));
                assert_eq!(tx.second_factor(UserId(8))?, None);
                assert_eq!(tx.second_factors()?, [sample()]);
                assert_eq!(tx.password_end(UserId(7))?, Some(Timestamp(9)));
                assert_eq!(tx.password_end(UserId(8))?, None);
                Ok(())
            })
            .unwrap();
        assert!(store.write(|tx| tx.delete_second_factor(UserId(7))).unwrap());
        assert!(!store.write(|tx| tx.delete_second_factor(UserId(7))).unwrap());
    }
}
