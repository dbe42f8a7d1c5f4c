//! Attribute values: every text an attribute ever had gets a small number.

use redb::ReadableTable as _;

use super::tables::{VALUE_NAMES, VALUES};
use super::{ReadTx, StoreError, WriteTx};
use crate::model::query::Attribute;
use crate::store::index::terms::normal_value;

impl ReadTx {
    /// The text of value `id` of `attribute`.
    pub fn value_name(&self, attribute: Attribute, id: u32) -> Result<Option<String>, StoreError> {
        let table = self.table(VALUE_NAMES)?;
        Ok(table.get((attribute as u8, id))?.map(|row| row.value().to_owned()))
    }

    /// The id of `text`, `None` when `attribute` never had it.
    pub fn value_id(&self, attribute: Attribute, text: &str) -> Result<Option<u32>, StoreError> {
        let text = normal_value(attribute, text);
        let table = self.table(VALUES)?;
        Ok(table.get((attribute as u8, &*text))?.map(|row| row.value()))
    }

    /// All values `attribute` ever had, in the order they appeared.
    pub fn values(&self, attribute: Attribute) -> Result<Vec<(u32, String)>, StoreError> {
        let table = self.table(VALUE_NAMES)?;
        let mut values = Vec::new();
        for row in table.range((attribute as u8, 0)..=(attribute as u8, u32::MAX))? {
            let (key, text) = row?;
            values.push((key.value().1, text.value().to_owned()));
        }
        Ok(values)
    }
}

impl WriteTx {
    /// The id of `text` in the form `index::terms` gives it; a new one when it never was seen.
    pub(super) fn intern_value(&self, attribute: Attribute, text: &str) -> Result<u32, StoreError> {
        let attribute = attribute as u8;
        if let Some(id) = self.index.known_value(attribute, text) {
            return Ok(id);
        }
        let mut table = self.table(VALUES)?;
        let known = table.get((attribute, text))?.map(|row| row.value());
        let id = if let Some(id) = known {
            id
        } else {
            let mut names = self.table(VALUE_NAMES)?;
            let last = names.range((attribute, 0)..=(attribute, u32::MAX))?.next_back();
            let id = last.transpose()?.map_or(0, |(key, _)| key.value().1 + 1);
            names.insert((attribute, id), text)?;
            table.insert((attribute, text), id)?;
            id
        };
        self.staged.borrow_mut().values.insert((attribute, text.to_owned()), id);
        Ok(id)
    }
}
