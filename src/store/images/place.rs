//! Where an image lies: the records that point into the partitions.

use std::collections::BTreeMap;

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

/// Where the parts of one read lie.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Places {
    /// Its images.
    pub images: Vec<(ImageKind, ImagePlace)>,
    /// The record of its detail, as the journal keeps it; without width and height.
    pub detail: Option<ImagePlace>,
}

/// In place of a kind: the row of what came with the read, see [`encode_all`].
const ALL: u8 = u8::MAX;
/// In place of a kind within that row: the detail.
const DETAIL: u8 = u8::MAX - 1;

impl ImagePlace {
    /// The place of a detail of these `bytes` at `offset` of segment `partition`.
    pub(in crate::store) fn of_detail(partition: u32, offset: u32, bytes: &[u8]) -> Self {
        let (crc, bytes) = (crc32fast::hash(bytes), bytes.len() as u32);
        Self { partition, offset, bytes, width: 0, height: 0, crc }
    }

    fn encode(&self) -> Vec<u8> {
        let mut writer = Writer::new(1);
        self.put(&mut writer);
        writer.finish()
    }

    fn put(&self, writer: &mut Writer) {
        writer.u32(self.partition).u32(self.offset).u32(self.bytes);
        writer.u32(self.width).u32(self.height).u32(self.crc);
    }

    fn decode(bytes: &[u8]) -> Result<Self, StoreError> {
        Self::read(&mut Reader::new(bytes)?)
    }

    fn read(reader: &mut Reader<'_>) -> Result<Self, StoreError> {
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

fn encode_all(places: &Places) -> Vec<u8> {
    let mut writer = Writer::new(1);
    for (kind, place) in &places.images {
        place.put(writer.u8(*kind as u8));
    }
    if let Some(place) = &places.detail {
        place.put(writer.u8(DETAIL));
    }
    writer.finish()
}

fn decode_all(bytes: &[u8], places: &mut BTreeMap<u8, ImagePlace>) -> Result<(), StoreError> {
    let mut reader = Reader::new(bytes)?;
    while !reader.at_end() {
        let kind = reader.u8()?;
        let place = ImagePlace::read(&mut reader)?;
        // A row of its own came later, or was written before there was one for all.
        places.entry(kind).or_insert(place);
    }
    Ok(())
}

fn one(
    table: &impl ReadableTable<Key, &'static [u8]>,
    key: CaptureKey,
    kind: ImageKind,
) -> Result<Option<ImagePlace>, StoreError> {
    Ok(all(table, key)?.into_iter().find(|(other, _)| *other == kind).map(|(_, place)| place))
}

fn all(
    table: &impl ReadableTable<Key, &'static [u8]>,
    key: CaptureKey,
) -> Result<Vec<(ImageKind, ImagePlace)>, StoreError> {
    let mut places = BTreeMap::new();
    for entry in table.range((key.0, 0)..=(key.0, ALL))? {
        let (id, value) = entry?;
        match id.value().1 {
            ALL => decode_all(value.value(), &mut places)?,
            kind => _ = places.insert(kind, ImagePlace::decode(value.value())?),
        }
    }
    // A kind that only a later version knows is no image of ours.
    let kinds = ImageKind::ALL.into_iter();
    Ok(kinds.filter_map(|kind| Some((kind, places.remove(&(kind as u8))?))).collect())
}

/// Where the detail that came with read `key` lies.
pub(in crate::store) fn detail(
    table: &impl ReadableTable<Key, &'static [u8]>,
    key: CaptureKey,
) -> Result<Option<ImagePlace>, StoreError> {
    let Some(row) = table.get((key.0, ALL))? else { return Ok(None) };
    let mut places = BTreeMap::new();
    decode_all(row.value(), &mut places)?;
    Ok(places.remove(&DETAIL))
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

    /// Records the places of what came with the read, in one row.
    pub(in crate::store) fn put_places(&self, key: CaptureKey, places: &Places) {
        if *places != Places::default() {
            self.new_rows.borrow_mut().places.push(((key.0, ALL), encode_all(places)));
        }
    }

    /// Records `place` of one image that came later, in the stead of an earlier one.
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

    /// Forgets the images of capture `key`, which was deleted, and where its detail lies; the bytes
    /// go with their partition. Returns how many images there were.
    pub fn remove_image_places(&self, key: CaptureKey) -> Result<usize, StoreError> {
        let mut table = self.table(IMAGE_PLACES)?;
        let count = all(&table, key)?.len();
        table.retain_in::<Key, _>((key.0, 0)..=(key.0, ALL), |_, _| false)?;
        Ok(count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::{Store, StoreOptions};

    #[test]
    fn places_in_one_row_and_in_rows_of_their_own_go_together() {
        let directory = tempfile::tempdir().unwrap();
        let store = Store::open(directory.path(), StoreOptions::default()).unwrap();
        let place =
            |n| ImagePlace { partition: n, offset: 1, bytes: 2, width: 3, height: 4, crc: 5 };
        let key = CaptureKey(7);
        let found = store
            .write(|tx| {
                tx.put_places(key, &Places::default());
                assert_eq!(tx.image_places(key)?, []);
                let images = vec![(ImageKind::Vehicle, place(1)), (ImageKind::Plate, place(2))];
                tx.put_places(key, &Places { images, detail: Some(place(6)) });
                tx.put_image_place(key, ImageKind::Full, &place(3))?;
                tx.put_image_place(key, ImageKind::Vehicle, &place(4))?;
                assert_eq!(tx.image_place(key, ImageKind::Plate)?, Some(place(2)));
                let found = tx.image_places(key)?;
                assert_eq!(detail(&tx.table(IMAGE_PLACES)?, key)?, Some(place(6)));
                assert_eq!(tx.remove_image_places(key)?, 3);
                assert_eq!(tx.image_places(key)?, []);
                Ok(found)
            })
            .unwrap();
        let expected = [
            (ImageKind::Plate, place(2)),
            (ImageKind::Vehicle, place(4)),
            (ImageKind::Full, place(3)),
        ];
        assert_eq!(found, expected);
    }

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
