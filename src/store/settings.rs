//! Settings as named texts. What a name means is the domain's business.

use redb::ReadableTable as _;

use super::tables::SETTINGS;
use super::{ReadTx, StoreError, WriteTx};

impl ReadTx {
    /// The text of setting `name` (`section.name`), `None` when it was never set.
    pub fn setting(&self, name: &str) -> Result<Option<String>, StoreError> {
        Ok(self.table(SETTINGS)?.get(name)?.map(|value| value.value().to_owned()))
    }
}

impl WriteTx {
    /// The text of setting `name` as this transaction sees it.
    pub fn setting(&self, name: &str) -> Result<Option<String>, StoreError> {
        Ok(self.table(SETTINGS)?.get(name)?.map(|value| value.value().to_owned()))
    }

    /// Sets `name` to `text`.
    pub fn put_setting(&self, name: &str, text: &str) -> Result<(), StoreError> {
        self.table(SETTINGS)?.insert(name, text)?;
        Ok(())
    }
}
