//! The writing end of the active partition. Which partition that is, and when it changes, is not
//! decided here.

use std::path::Path;
use std::sync::Arc;

use redb::Database;

use super::ImagesOptions;
use super::partition::{Partition, guarded};
use super::place::ImagePlace;
use super::stream::{Appender, Header, STREAM, SUMMARY, Summary};
use crate::model::capture::{CaptureKey, ImageKind, Jpeg};
use crate::store::StoreError;

/// Writes to one partition.
pub(super) struct Writer {
    pub(super) partition: Arc<Partition>,
    /// `None` after an I/O error, for redb then refuses reads through it as well.
    database: Option<Arc<Database>>,
    /// What is in it.
    pub(super) summary: Summary,
}

impl Writer {
    /// Goes on writing to `partition`, unless it is damaged or its repair would take too long.
    pub(super) fn resume(
        partition: &Arc<Partition>,
        options: &ImagesOptions,
    ) -> Result<Option<Self>, StoreError> {
        let opened = partition
            .open_writing(options.cache_bytes, options.repair_bytes_max)
            .and_then(|database| Ok((database, partition.summary()?)));
        match opened {
            Ok((database, Some(summary))) => {
                let database = Some(database);
                Ok(Some(Self { partition: Arc::clone(partition), database, summary }))
            }
            Ok((_, None)) => Ok(None),
            Err(StoreError::Busy) => Err(StoreError::Busy),
            Err(error) => {
                partition.close_writing();
                log::info!("image partition {} is not continued: {error}", partition.number);
                Ok(None)
            }
        }
    }

    /// Begins partition `number` in `directory`.
    pub(super) fn begin(
        directory: &Path,
        number: u32,
        options: &ImagesOptions,
    ) -> Result<Self, StoreError> {
        let (partition, database) = Partition::create(directory, number, options.cache_bytes)?;
        Ok(Self {
            partition: Arc::new(partition),
            database: Some(database),
            summary: Summary::default(),
        })
    }

    /// One that cannot write to `partition`, which is only read.
    pub(super) fn stopped(partition: Arc<Partition>) -> Self {
        Self { partition, database: None, summary: Summary::default() }
    }

    /// Gives up writing after an I/O error; reads go on through a fresh handle.
    pub(super) fn stop(&mut self) {
        self.database = None;
        self.partition.close_writing();
    }

    /// Whether it gave up.
    pub(super) fn is_stopped(&self) -> bool {
        self.database.is_none()
    }

    /// Appends `batch` with its `headers` in one durable commit.
    pub(super) fn append(
        &mut self,
        batch: &[(CaptureKey, ImageKind, &Jpeg)],
        headers: &[Header],
    ) -> Result<Vec<ImagePlace>, StoreError> {
        let mut summary = self.summary;
        let mut places = Vec::with_capacity(batch.len());
        let tx = self.database.as_ref().ok_or(StoreError::Poisoned)?.begin_write()?;
        let mut appender = Appender::new(tx.open_table(STREAM)?, summary.stream_bytes);
        for ((key, _, jpeg), header) in batch.iter().zip(headers) {
            places.push(ImagePlace {
                partition: self.partition.number,
                offset: appender.position()?,
                bytes: header.bytes,
                width: header.width,
                height: header.height,
                crc: header.crc,
            });
            appender.push(&header.encode())?;
            appender.push(&jpeg.bytes)?;
            summary.add(*key);
        }
        summary.stream_bytes = appender.finish()?;
        tx.commit()?;
        self.summary = summary;
        Ok(places)
    }

    /// Writes down what the active partition holds. Only a convenience: without it the next start
    /// adds the stream up again.
    pub(super) fn write_summary(&self) {
        let written = guarded(|| {
            let tx = self.database.as_ref().ok_or(StoreError::Poisoned)?.begin_write()?;
            tx.open_table(SUMMARY)?.insert(0, self.summary.encode().as_slice())?;
            Ok(tx.commit()?)
        });
        if let Err(error) = written {
            log::debug!("summary of image partition {}: {error}", self.partition.number);
        }
    }
}
