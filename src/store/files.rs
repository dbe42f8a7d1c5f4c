//! Small files people gave the box, such as the logo. What a name means is the domain's business.

use super::codec::{Reader, Writer};
use super::tables::FILES;
use super::{ReadTx, StoreError, WriteTx};

/// A kept file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeptFile {
    /// Its media type.
    pub media_type: String,
    /// The bytes.
    pub bytes: Vec<u8>,
}

impl ReadTx {
    /// The file `name`.
    pub fn file(&self, name: &str) -> Result<Option<KeptFile>, StoreError> {
        let Some(record) = self.table(FILES)?.get(name)? else { return Ok(None) };
        let mut reader = Reader::new(record.value())?;
        let media_type = reader.text()?.to_owned();
        Ok(Some(KeptFile { media_type, bytes: reader.bytes()?.to_vec() }))
    }
}

impl WriteTx {
    /// Keeps `file` as `name`.
    pub fn put_file(&self, name: &str, file: &KeptFile) -> Result<(), StoreError> {
        let mut writer = Writer::new(1);
        writer.text(&file.media_type).bytes(&file.bytes);
        self.table(FILES)?.insert(name, writer.finish().as_slice())?;
        Ok(())
    }

    /// Removes the file `name`.
    pub fn delete_file(&self, name: &str) -> Result<(), StoreError> {
        self.table(FILES)?.remove(name)?;
        Ok(())
    }
}
