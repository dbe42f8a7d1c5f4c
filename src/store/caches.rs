//! What was fetched from elsewhere and is kept for when it cannot be fetched: name -> time and
//! bytes. Losing it costs nothing but another look.

use super::codec::{Reader, Writer};
use super::tables::CACHES;
use super::{ReadTx, StoreError, WriteTx};
use crate::base::clock::Timestamp;

impl ReadTx {
    /// What is kept under `name`, and since when.
    pub fn cached(&self, name: &str) -> Result<Option<(Timestamp, Vec<u8>)>, StoreError> {
        let Some(record) = self.table(CACHES)?.get(name)? else { return Ok(None) };
        let mut reader = Reader::new(record.value())?;
        Ok(Some((Timestamp(reader.i64()?), reader.bytes()?.to_vec())))
    }
}

impl WriteTx {
    /// Keeps `bytes` under `name`.
    pub fn put_cached(&self, name: &str, at: Timestamp, bytes: &[u8]) -> Result<(), StoreError> {
        let mut writer = Writer::new(1);
        writer.i64(at.ms()).bytes(bytes);
        self.table(CACHES)?.insert(name, writer.finish().as_slice())?;
        Ok(())
    }
}
