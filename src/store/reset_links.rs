//! Links to set a password with, by the SHA-256 of their token. When one is over is decided in
//! `model` and `domain`.

use redb::ReadableTable;

use super::codec::{Reader, Writer};
use super::tables::RESET_LINKS;
use super::{ReadTx, StoreError, WriteTx};
use crate::base::clock::Timestamp;
use crate::model::user::{ResetLink, UserId};

impl ReadTx {
    /// The link whose token has the SHA-256 `hash`.
    pub fn reset_link(&self, hash: &[u8; 32]) -> Result<Option<ResetLink>, StoreError> {
        link(&self.table(RESET_LINKS)?, hash)
    }
}

impl WriteTx {
    /// The same as this transaction sees it.
    pub fn reset_link(&self, hash: &[u8; 32]) -> Result<Option<ResetLink>, StoreError> {
        link(&self.table(RESET_LINKS)?, hash)
    }

    /// Writes `link`.
    pub fn put_reset_link(&self, link: &ResetLink) -> Result<(), StoreError> {
        let mut writer = Writer::new(1);
        writer.u32(link.user.0).i64(link.until.ms());
        self.table(RESET_LINKS)?.insert(&link.hash, writer.finish().as_slice())?;
        Ok(())
    }

    /// Removes the links for which `over` says so.
    pub fn delete_reset_links(&self, over: impl Fn(&ResetLink) -> bool) -> Result<(), StoreError> {
        let mut table = self.table(RESET_LINKS)?;
        let mut all = Vec::new();
        for row in table.iter()? {
            let (hash, record) = row?;
            all.push(decode(*hash.value(), record.value())?);
        }
        for link in all.iter().filter(|link| over(link)) {
            table.remove(&link.hash)?;
        }
        Ok(())
    }
}

fn link(
    table: &impl ReadableTable<&'static [u8; 32], &'static [u8]>,
    hash: &[u8; 32],
) -> Result<Option<ResetLink>, StoreError> {
    table.get(hash)?.map(|record| decode(*hash, record.value())).transpose()
}

fn decode(hash: [u8; 32], record: &[u8]) -> Result<ResetLink, StoreError> {
    let mut reader = Reader::new(record)?;
    Ok(ResetLink { hash, user: UserId(reader.u32()?), until: Timestamp(reader.i64()?) })
}
