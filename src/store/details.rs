//! Where the details of captures are. A detail that came through the journal stays where it stands
//! there, beside its images, and the row of places says where; the records hold those that came
//! another way, were changed, or outlived their segment. Their form is in `captures`.

use std::sync::Arc;

use redb::{ReadOnlyTable, ReadableTable as _};

use super::captures::{decode_detail, decode_facts, encode_detail};
use super::codec::Reader;
use super::images::{self, ImagePlace, Images};
use super::tables::{DETAILS, IMAGE_PLACES};
use super::{ReadTx, StoreError, WriteTx};
use crate::model::capture::{CaptureDetail, CaptureKey};

/// The details one snapshot knows of.
pub(super) struct Details {
    rows: ReadOnlyTable<u64, &'static [u8]>,
    places: ReadOnlyTable<(u64, u8), &'static [u8]>,
    images: Arc<Images>,
}

impl Details {
    /// Shows `look` the record of the detail of capture `key`; `None` when there is none, or when
    /// it is damaged, which the log tells and [`super::Store::verify`] finds.
    pub(super) fn look<T>(
        &self,
        key: CaptureKey,
        look: impl FnOnce(&[u8]) -> Result<T, StoreError>,
    ) -> Result<Option<T>, StoreError> {
        if let Some(row) = self.rows.get(key.0)? {
            return look(row.value()).map(Some);
        }
        let place = images::detail(&self.places, key)?;
        readable(read(&self.images, place))?.map(|record| look(&record)).transpose()
    }
}

impl ReadTx {
    /// All details.
    pub(super) fn details(&self) -> Result<Details, StoreError> {
        let (rows, places) = (self.table(DETAILS)?, self.table(IMAGE_PLACES)?);
        Ok(Details { rows, places, images: Arc::clone(&self.images) })
    }

    /// The detail of the capture with `key`; `None` too when it is damaged in the journal.
    pub fn capture_detail(&self, key: CaptureKey) -> Result<Option<CaptureDetail>, StoreError> {
        self.details()?.look(key, decode_detail)
    }

    /// As [`Self::capture_detail`], without the payload it came from.
    pub fn capture_facts(&self, key: CaptureKey) -> Result<Option<CaptureDetail>, StoreError> {
        self.details()?.look(key, |record| decode_facts(&mut Reader::new(record)?))
    }

    /// The detail of the capture with `key`.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`] when it is damaged.
    pub(super) fn strict_detail(
        &self,
        key: CaptureKey,
    ) -> Result<Option<CaptureDetail>, StoreError> {
        if let Some(row) = self.table(DETAILS)?.get(key.0)? {
            return decode_detail(row.value()).map(Some);
        }
        let place = images::detail(&self.table(IMAGE_PLACES)?, key)?;
        read(&self.images, place)?.map(|record| decode_detail(&record)).transpose()
    }
}

impl WriteTx {
    /// As [`ReadTx::capture_detail`], as this transaction sees it.
    pub fn capture_detail(&self, key: CaptureKey) -> Result<Option<CaptureDetail>, StoreError> {
        if let Some(row) = self.table(DETAILS)?.get(key.0)? {
            return decode_detail(row.value()).map(Some);
        }
        let place = images::detail(&self.table(IMAGE_PLACES)?, key)?;
        let record = readable(read(&self.images, place))?;
        record.map(|record| decode_detail(&record)).transpose()
    }

    /// Stores the detail of the capture with `key`, in the stead of the one it came with.
    pub(super) fn put_detail(
        &self,
        key: CaptureKey,
        detail: &CaptureDetail,
    ) -> Result<(), StoreError> {
        self.table(DETAILS)?.insert(key.0, encode_detail(detail).as_slice())?;
        Ok(())
    }

    /// Takes the detail of capture `key` into the records when it lies in segment `number`, which
    /// is about to go.
    pub(super) fn carry_detail(&self, key: CaptureKey, number: u32) -> Result<(), StoreError> {
        let place = images::detail(&self.table(IMAGE_PLACES)?, key)?;
        let place = place.filter(|place| place.partition == number);
        let mut rows = self.table(DETAILS)?;
        // A row that is there is newer.
        if place.is_some()
            && rows.get(key.0)?.is_none()
            && let Some(record) = readable(read(&self.images, place))?
        {
            rows.insert(key.0, record.as_slice())?;
        }
        Ok(())
    }
}

fn read(images: &Images, place: Option<ImagePlace>) -> Result<Option<Vec<u8>>, StoreError> {
    place.map_or(Ok(None), |place| images.read_detail(&place))
}

/// Damage costs what is damaged and stops nothing.
fn readable<T>(found: Result<Option<T>, StoreError>) -> Result<Option<T>, StoreError> {
    match found {
        Err(StoreError::Corrupt(what)) => {
            log::error!("what a read came with is lost: {what}");
            Ok(None)
        }
        found => found,
    }
}

#[cfg(test)]
mod tests {
    use super::{decode_detail, encode_detail};
    use crate::model::capture::CaptureDetail;
    use crate::store::codec::Writer;

    fn detail(uuids: &[&str]) -> CaptureDetail {
        let uuids = uuids.iter().map(|uuid| (*uuid).to_owned()).collect();
        CaptureDetail { uuids, signature: "1h_ab".into(), raw: vec![7; 9], ..Default::default() }
    }

    #[test]
    fn uuids_come_back_from_what_they_share() {
        let long = "x".repeat(300);
        for uuids in [
            &[][..],
            &["A-1-100-7", "A-1-101-7", "A-1-101-7", "A-1", "", "B", "B-\u{e9}", "B-\u{e8}"],
            &[&long, &long, "y"],
        ] {
            let detail = detail(uuids);
            let record = encode_detail(&detail);
            assert_eq!(decode_detail(&record).unwrap(), detail);
            for end in 0..record.len() {
                assert!(decode_detail(&record[..end]).is_err(), "{end}");
            }
        }
    }

    #[test]
    fn records_of_the_first_version_are_read() {
        let detail = detail(&["A-1", "A-2"]);
        let mut writer = Writer::new(1);
        writer.u32(0).u32(0).u8(0).u32(0).u8(0);
        for _ in 0..5 {
            writer.text("");
        }
        writer.u8(0).u32(2).text("A-1").text("A-2");
        writer.text("1h_ab").text("").u32(0).bytes(&[7; 9]);
        assert_eq!(decode_detail(&writer.finish()).unwrap(), detail);
    }
}
