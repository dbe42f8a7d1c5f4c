//! Where an image lies: the records that point into the partitions.

use redb::ReadableTable;

use crate::model::capture::{CaptureKey, ImageKind};
use crate::store::codec::{Reader, Writer};
use crate::store::tables::IMAGE_PLACES;
use crate::store::{ReadTx, StoreError, WriteTx};

/// Where an image lies and how to know it again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ImagePlace {
    /// Number of its partition.
    pub partition: u32,
    /// Offset of its header in the stream of the partition, bytes.
    pub offset: u32,
    /// Length of the JPEG, bytes.
    pub bytes: u32,
    /// Width, pixels.
    pub width: u32,
    /// Height, pixels.
    pub height: u32,
    /// CRC32 of the JPEG.
    pub crc: u32,
}

impl ImagePlace {
    fn encode(&self) -> Vec<u8> {
        let mut writer = Writer::new(1);
        writer.u32(self.partition).u32(self.offset).u32(self.bytes);
        writer.u32(self.width).u32(self.height).u32(self.crc);
        writer.finish()
    }

    fn decode(bytes: &[u8]) -> Result<Self, StoreError> {
        let mut reader = Reader::new(bytes)?;
        Ok(Self {
            partition: reader.u32()?,
            offset: reader.u32()?,
            bytes: reader.u32()?,
            width: reader.u32()?,
            height: reader.u32()?,
            crc: reader.u32()?,
        })
    }
}

type Key = (u64, u8);

fn one(
    table: &impl ReadableTable<Key, &'static [u8]>,
    key: CaptureKey,
    kind: ImageKind,
) -> Result<Option<ImagePlace>, StoreError> {
    let found = table.get((key.0, kind as u8))?;
    found.map(|value| ImagePlace::decode(value.value())).transpose()
}

fn all(
    table: &impl ReadableTable<Key, &'static [u8]>,
    key: CaptureKey,
) -> Result<Vec<(ImageKind, ImagePlace)>, StoreError> {
    let mut places = Vec::new();
    for entry in table.range((key.0, 0)..=(key.0, u8::MAX))? {
        let (id, value) = entry?;
        // A kind that only a later version knows is no image of ours.
        let kind = ImageKind::ALL.into_iter().find(|kind| *kind as u8 == id.value().1);
        if let Some(kind) = kind {
            places.push((kind, ImagePlace::decode(value.value())?));
        }
    }
    Ok(places)
}

impl ReadTx {
    /// Where the image of `kind` of capture `key` lies, `None` when there is none.
    pub fn image_place(
        &self,
        key: CaptureKey,
        kind: ImageKind,
    ) -> Result<Option<ImagePlace>, StoreError> {
        one(&self.table(IMAGE_PLACES)?, key, kind)
    }

    /// All images of capture `key`, smallest picture first.
    pub fn image_places(
        &self,
        key: CaptureKey,
    ) -> Result<Vec<(ImageKind, ImagePlace)>, StoreError> {
        all(&self.table(IMAGE_PLACES)?, key)
    }
}

impl WriteTx {
    /// Where the image of `kind` of capture `key` lies, as this transaction sees it.
    pub fn image_place(
        &self,
        key: CaptureKey,
        kind: ImageKind,
    ) -> Result<Option<ImagePlace>, StoreError> {
        one(&self.table(IMAGE_PLACES)?, key, kind)
    }

    /// All images of capture `key`, as this transaction sees them.
    pub fn image_places(
        &self,
        key: CaptureKey,
    ) -> Result<Vec<(ImageKind, ImagePlace)>, StoreError> {
        all(&self.table(IMAGE_PLACES)?, key)
    }

    /// Records `place`, in the stead of an earlier one.
    pub fn put_image_place(
        &self,
        key: CaptureKey,
        kind: ImageKind,
        place: &ImagePlace,
    ) -> Result<(), StoreError> {
        let mut table = self.table(IMAGE_PLACES)?;
        table.insert((key.0, kind as u8), place.encode().as_slice())?;
        Ok(())
    }

    /// Forgets the images of capture `key`; their bytes go with their partition. Returns how many
    /// there were.
    pub fn remove_image_places(&self, key: CaptureKey) -> Result<usize, StoreError> {
        let mut table = self.table(IMAGE_PLACES)?;
        let mut removed = 0;
        for entry in table.extract_from_if((key.0, 0)..=(key.0, u8::MAX), |_, _| true)? {
            entry?;
            removed += 1;
        }
        Ok(removed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::{Store, StoreOptions};

    #[test]
    fn places_belong_to_their_capture() {
        let directory = tempfile::tempdir().unwrap();
        let store = Store::open(directory.path(), StoreOptions::default()).unwrap();
        let place = |n| ImagePlace {
            partition: n,
            offset: u32::MAX,
            bytes: n,
            width: 1,
            height: 2,
            crc: 0xdead_beef,
        };
        let keys = [CaptureKey(0), CaptureKey(7), CaptureKey(u64::MAX)];
        store
            .write(|tx| {
                for key in keys {
                    for kind in ImageKind::ALL {
                        tx.put_image_place(key, kind, &place(kind as u32))?;
                    }
                }
                assert_eq!(tx.remove_image_places(keys[1])?, 4);
                assert_eq!(tx.remove_image_places(keys[1])?, 0);
                assert_eq!(tx.image_places(keys[0])?.len(), 4);
                tx.put_image_place(keys[1], ImageKind::Full, &place(9))
            })
            .unwrap();
        store
            .read(|tx| {
                assert_eq!(tx.image_places(keys[0])?.len(), 4);
                assert_eq!(tx.image_places(keys[1])?, [(ImageKind::Full, place(9))]);
                assert_eq!(tx.image_place(keys[2], ImageKind::Overview)?, Some(place(2)));
                assert_eq!(tx.image_place(keys[1], ImageKind::Overview)?, None);
                assert_eq!(tx.image_places(CaptureKey(8))?, []);
                Ok(())
            })
            .unwrap();
    }
}
