//! API keys by their SHA-256. One account has at most one.

use redb::ReadableTable;

use super::codec::{Reader, Writer};
use super::tables::API_KEYS;
use super::{ReadTx, StoreError, WriteTx};
use crate::base::clock::Timestamp;
use crate::model::user::{ApiKey, UserId};

impl ReadTx {
    /// The key whose SHA-256 is `hash`.
    pub fn api_key(&self, hash: &[u8; 32]) -> Result<Option<ApiKey>, StoreError> {
        api_key(&self.table(API_KEYS)?, hash)
    }

    /// The key of `user`.
    pub fn api_key_of(&self, user: UserId) -> Result<Option<ApiKey>, StoreError> {
        Ok(self.api_keys()?.into_iter().find(|key| key.user == user))
    }

    /// All keys.
    pub fn api_keys(&self) -> Result<Vec<ApiKey>, StoreError> {
        api_keys(&self.table(API_KEYS)?)
    }
}

impl WriteTx {
    /// The key whose SHA-256 is `hash`, as this transaction sees it.
    pub fn api_key(&self, hash: &[u8; 32]) -> Result<Option<ApiKey>, StoreError> {
        api_key(&self.table(API_KEYS)?, hash)
    }

    /// All keys as this transaction sees them.
    pub fn api_keys(&self) -> Result<Vec<ApiKey>, StoreError> {
        api_keys(&self.table(API_KEYS)?)
    }

    /// Writes `key` in place of any other key of the same account.
    pub fn put_api_key(&self, key: &ApiKey) -> Result<(), StoreError> {
        let known = self.api_key(&key.hash)?.is_some_and(|known| known.user == key.user);
        if !known {
            self.delete_api_keys(key.user)?;
        }
        self.table(API_KEYS)?.insert(&key.hash, encode(key).as_slice())?;
        Ok(())
    }

    /// Removes the key of `user`.
    pub fn delete_api_keys(&self, user: UserId) -> Result<(), StoreError> {
        let mut table = self.table(API_KEYS)?;
        for key in api_keys(&table)?.into_iter().filter(|key| key.user == user) {
            table.remove(&key.hash)?;
        }
        Ok(())
    }
}

fn api_key(
    table: &impl ReadableTable<&'static [u8; 32], &'static [u8]>,
    hash: &[u8; 32],
) -> Result<Option<ApiKey>, StoreError> {
    table.get(hash)?.map(|bytes| decode(*hash, bytes.value())).transpose()
}

fn api_keys(
    table: &impl ReadableTable<&'static [u8; 32], &'static [u8]>,
) -> Result<Vec<ApiKey>, StoreError> {
    let mut all = Vec::new();
    for entry in table.iter()? {
        let (hash, bytes) = entry?;
        all.push(decode(*hash.value(), bytes.value())?);
    }
    Ok(all)
}

/// Version 1.
fn encode(key: &ApiKey) -> Vec<u8> {
    let mut writer = Writer::new(1);
    writer.u32(key.user.0).text(&key.last_four).i64(key.created_at.ms()).i64(key.last_used.ms());
    writer.finish()
}

pub(super) fn decode(hash: [u8; 32], bytes: &[u8]) -> Result<ApiKey, StoreError> {
    let mut reader = Reader::new(bytes)?;
    Ok(ApiKey {
        user: UserId(reader.u32()?),
        hash,
        last_four: reader.text()?.to_owned(),
        created_at: Timestamp(reader.i64()?),
        last_used: Timestamp(reader.i64()?),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::{Store, StoreOptions};

    fn sample(hash: u8, user: u32) -> ApiKey {
        ApiKey {
            user: UserId(user),
            hash: [hash; 32],
            last_four: "abcd".into(),
            created_at: Timestamp(1),
            last_used: Timestamp(2),
        }
    }

    #[test]
    fn a_new_key_replaces_the_old_one_of_its_account_only() {
        let directory = tempfile::tempdir().unwrap();
        let store = Store::open(directory.path(), StoreOptions::default()).unwrap();
        store
            .write(|tx| {
                tx.put_api_key(&sample(1, 1))?;
                tx.put_api_key(&sample(2, 2))?;
                tx.put_api_key(&sample(3, 1))?;
                tx.put_api_key(&sample(3, 1))
            })
            .unwrap();
        store
            .read(|tx| {
                assert_eq!(tx.api_key(&[1; 32])?, None);
                assert_eq!(tx.api_key(&[2; 32])?, Some(sample(2, 2)));
                assert_eq!(tx.api_key_of(UserId(1))?, Some(sample(3, 1)));
                assert_eq!(tx.api_keys()?.len(), 2);
                Ok(())
            })
            .unwrap();
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
