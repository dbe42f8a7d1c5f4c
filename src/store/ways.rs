//! By which ways people want to be told, under the number of their account. Without a row: by all.

use redb::ReadableTable;

use super::codec::{Reader, Writer};
use super::tables::WAYS;
use super::{ReadTx, StoreError, WriteTx};
use crate::model::notice::Ways;
use crate::model::user::UserId;

fn one(table: &impl ReadableTable<u32, &'static [u8]>, user: UserId) -> Result<Ways, StoreError> {
    let Some(record) = table.get(user.0)? else { return Ok(Ways::default()) };
    let mut reader = Reader::new(record.value())?;
    Ok(Ways { email: reader.u8()? == 1, sms: reader.u8()? == 1 })
}

impl ReadTx {
    /// By which ways `user` wants to be told.
    pub fn ways(&self, user: UserId) -> Result<Ways, StoreError> {
        one(&self.table(WAYS)?, user)
    }
}

impl WriteTx {
    /// As [`ReadTx::ways`], as this transaction sees it.
    pub fn ways(&self, user: UserId) -> Result<Ways, StoreError> {
        one(&self.table(WAYS)?, user)
    }

    /// Keeps by which `ways` `user` wants to be told.
    pub fn put_ways(&self, user: UserId, ways: Ways) -> Result<(), StoreError> {
        let mut writer = Writer::new(1);
        writer.u8(u8::from(ways.email)).u8(u8::from(ways.sms));
        self.table(WAYS)?.insert(user.0, writer.finish().as_slice())?;
        Ok(())
    }
}
