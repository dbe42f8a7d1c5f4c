//! API keys by their SHA-256. How many an account may have is the domain's business.

use redb::ReadableTable;

use super::codec::{Reader, Writer};
use super::tables::API_KEYS;
use super::{ReadTx, StoreError, WriteTx};
use crate::base::clock::Timestamp;
use crate::model::api_key::{ApiKey, KeyName, Scopes};
use crate::model::user::UserId;

impl ReadTx {
    /// The key whose SHA-256 is `hash`.
    pub fn api_key(&self, hash: &[u8; 32]) -> Result<Option<ApiKey>, StoreError> {
        api_key(&self.table(API_KEYS)?, hash)
    }

    /// The keys of `user`, oldest first.
    pub fn api_keys_of(&self, user: UserId) -> Result<Vec<ApiKey>, StoreError> {
        Ok(of(self.api_keys()?, user))
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

    /// The keys of `user` as this transaction sees them, oldest first.
    pub fn api_keys_of(&self, user: UserId) -> Result<Vec<ApiKey>, StoreError> {
        Ok(of(self.api_keys()?, user))
    }

    /// Writes `key`, new or changed.
    pub fn put_api_key(&self, key: &ApiKey) -> Result<(), StoreError> {
        self.table(API_KEYS)?.insert(&key.hash, encode(key).as_slice())?;
        Ok(())
    }

    /// Removes the key whose SHA-256 is `hash`.
    pub fn delete_api_key(&self, hash: &[u8; 32]) -> Result<(), StoreError> {
        self.table(API_KEYS)?.remove(hash)?;
        Ok(())
    }
}

fn of(mut keys: Vec<ApiKey>, user: UserId) -> Vec<ApiKey> {
    keys.retain(|key| key.user == user);
    keys.sort_by_key(|key| key.created_at);
    keys
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

/// Version 2; version 1 ends before the name.
fn encode(key: &ApiKey) -> Vec<u8> {
    let mut writer = Writer::new(2);
    writer
        .u32(key.user.0)
        .text(&key.last_four)
        .i64(key.created_at.ms())
        .i64(key.last_used.ms())
        .text(key.name.as_str())
        .u8(key.scopes.bits());
    writer.finish()
}

pub(super) fn decode(hash: [u8; 32], bytes: &[u8]) -> Result<ApiKey, StoreError> {
    let mut reader = Reader::new(bytes)?;
    let mut key = ApiKey {
        user: UserId(reader.u32()?),
        name: KeyName::unnamed(),
        scopes: Scopes::ALL,
        hash,
        last_four: reader.text()?.to_owned(),
        created_at: Timestamp(reader.i64()?),
        last_used: Timestamp(reader.i64()?),
    };
    if reader.version() > 1 {
        let name = KeyName::parse(reader.text()?);
        key.name = name.ok_or_else(|| StoreError::Corrupt("name of an API key".into()))?;
        key.scopes = Scopes::from_bits(reader.u8()?);
    }
    Ok(key)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::api_key::Scope;
    use crate::store::{Store, StoreOptions};

    fn sample(hash: u8, user: u32) -> ApiKey {
        ApiKey {
            user: UserId(user),
            name: KeyName::parse("Rekor Scout").unwrap(),
            scopes: Scopes::of([Scope::Post]),
            hash: [hash; 32],
            last_four: "abcd".into(),
            created_at: Timestamp(-i64::from(hash)),
            last_used: Timestamp(2),
        }
    }

    #[test]
    fn an_account_has_its_keys_oldest_first() {
        let directory = tempfile::tempdir().unwrap();
        let store = Store::open(directory.path(), StoreOptions::default()).unwrap();
        store
            .write(|tx| {
                tx.put_api_key(&sample(1, 1))?;
                tx.put_api_key(&sample(2, 2))?;
                tx.put_api_key(&sample(3, 1))?;
                tx.put_api_key(&sample(4, 1))?;
                tx.delete_api_key(&[4; 32])
            })
            .unwrap();
        store
            .read(|tx| {
                assert_eq!(tx.api_key(&[4; 32])?, None);
                assert_eq!(tx.api_key(&[2; 32])?, Some(sample(2, 2)));
                assert_eq!(tx.api_keys_of(UserId(1))?, [sample(3, 1), sample(1, 1)]);
                assert_eq!(tx.api_keys()?.len(), 3);
                Ok(())
            })
            .unwrap();
    }

    #[test]
    fn keys_from_before_scopes_have_all() {
        let mut writer = Writer::new(1);
        writer.u32(7).text("abcd").i64(1).i64(2);
        let key = decode([9; 32], &writer.finish()).unwrap();
        assert_eq!(
            (key.user, key.scopes, key.last_four.as_str()),
            (UserId(7), Scopes::ALL, "abcd")
        );
        assert_eq!(key.name, KeyName::unnamed());
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
