//! The byte stream of a partition: JPEGs one after the other, each behind a small header, cut
//! into chunks that fill whole redb pages. Knows no files and no places.
//!
//! The key of a chunk is the offset of its first byte, so chunks may be cut anywhere: a copy can
//! cut them anew and every offset stays true. Keys only grow, so redb always appends.

use redb::{ReadableTable, Table, TableDefinition};

use crate::base::limits::IMAGE_CHUNK_BYTES;
use crate::model::capture::{CaptureKey, ImageKind, Jpeg};
use crate::store::StoreError;
use crate::store::codec::{Reader, Writer};

/// Offset of the first byte -> bytes.
pub(super) const STREAM: TableDefinition<'_, u32, &[u8]> = TableDefinition::new("stream");
/// One row: what the partition holds, written when it is closed.
pub(super) const SUMMARY: TableDefinition<'_, u8, &[u8]> = TableDefinition::new("summary");

/// Bytes of a redb page.
const PAGE_BYTES: usize = 4096;
/// What redb adds to a page with one chunk: page head 4, end of the value 4, key 4.
const PAGE_EXTRA_BYTES: usize = 12;
/// Bytes in front of each JPEG.
pub(super) const HEADER_BYTES: usize = 26;

const _: () = assert!((IMAGE_CHUNK_BYTES + PAGE_EXTRA_BYTES).is_multiple_of(PAGE_BYTES));
const _: () = assert!(((IMAGE_CHUNK_BYTES + PAGE_EXTRA_BYTES) / PAGE_BYTES).is_power_of_two());

/// What stands in front of a JPEG: enough to find its capture again without the records.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Header {
    pub(super) key: CaptureKey,
    pub(super) kind: ImageKind,
    pub(super) bytes: u32,
    pub(super) width: u32,
    pub(super) height: u32,
    pub(super) crc: u32,
}

impl Header {
    /// The header of `jpeg`.
    pub(super) fn of(key: CaptureKey, kind: ImageKind, jpeg: &Jpeg) -> Result<Self, StoreError> {
        let bytes = u32::try_from(jpeg.bytes.len())
            .map_err(|_| StoreError::Refused("the image is too large"))?;
        let crc = crc32fast::hash(&jpeg.bytes);
        Ok(Self { key, kind, bytes, width: jpeg.width, height: jpeg.height, crc })
    }

    pub(super) fn encode(&self) -> Vec<u8> {
        let mut writer = Writer::new(1);
        writer.u64(self.key.0).u8(self.kind as u8).u32(self.bytes);
        writer.u32(self.width).u32(self.height).u32(self.crc);
        writer.finish()
    }

    pub(super) fn decode(bytes: &[u8]) -> Result<Self, StoreError> {
        let mut reader = Reader::new(bytes)?;
        let key = CaptureKey(reader.u64()?);
        let kind = reader.u8()?;
        let kind = ImageKind::ALL.into_iter().find(|known| *known as u8 == kind);
        Ok(Self {
            key,
            kind: kind.ok_or_else(|| StoreError::Corrupt("unknown kind of image".into()))?,
            bytes: reader.u32()?,
            width: reader.u32()?,
            height: reader.u32()?,
            crc: reader.u32()?,
        })
    }
}

/// Writes behind the end of a stream.
pub(super) struct Appender<'tx> {
    table: Table<'tx, u32, &'static [u8]>,
    offset: u32,
    buffer: Vec<u8>,
}

impl<'tx> Appender<'tx> {
    /// Starts at `offset`, the end of the stream.
    pub(super) fn new(table: Table<'tx, u32, &'static [u8]>, offset: u32) -> Self {
        Self { table, offset, buffer: Vec::with_capacity(IMAGE_CHUNK_BYTES) }
    }

    /// Where the next byte goes.
    pub(super) fn position(&self) -> Result<u32, StoreError> {
        advance(self.offset, self.buffer.len())
    }

    /// Appends `bytes`.
    pub(super) fn push(&mut self, mut bytes: &[u8]) -> Result<(), StoreError> {
        while !bytes.is_empty() {
            let room = IMAGE_CHUNK_BYTES - self.buffer.len();
            let (head, rest) = bytes.split_at(room.min(bytes.len()));
            self.buffer.extend_from_slice(head);
            bytes = rest;
            if self.buffer.len() == IMAGE_CHUNK_BYTES {
                self.table.insert(self.offset, self.buffer.as_slice())?;
                self.offset = advance(self.offset, self.buffer.len())?;
                self.buffer.clear();
            }
        }
        Ok(())
    }

    /// Writes what is buffered in ever smaller runs of pages, so that at most a part of one page
    /// stays empty. Returns the end of the stream.
    pub(super) fn finish(mut self) -> Result<u32, StoreError> {
        let mut rest = self.buffer.as_slice();
        let mut run = IMAGE_CHUNK_BYTES + PAGE_EXTRA_BYTES;
        while !rest.is_empty() {
            while run > PAGE_BYTES && run - PAGE_EXTRA_BYTES > rest.len() {
                run /= 2;
            }
            let (chunk, after) = rest.split_at((run - PAGE_EXTRA_BYTES).min(rest.len()));
            self.table.insert(self.offset, chunk)?;
            self.offset = advance(self.offset, chunk.len())?;
            rest = after;
        }
        Ok(self.offset)
    }
}

fn advance(offset: u32, bytes: usize) -> Result<u32, StoreError> {
    let bytes = u32::try_from(bytes).ok();
    bytes
        .and_then(|bytes| offset.checked_add(bytes))
        .ok_or(StoreError::Refused("the image partition is full"))
}

/// The end of the stream in `table`.
pub(super) fn end(table: &impl ReadableTable<u32, &'static [u8]>) -> Result<u32, StoreError> {
    match table.last()? {
        Some((offset, chunk)) => advance(offset.value(), chunk.value().len()),
        None => Ok(0),
    }
}

/// `length` bytes from `offset` on.
pub(super) fn read(
    table: &impl ReadableTable<u32, &'static [u8]>,
    offset: u32,
    length: usize,
) -> Result<Vec<u8>, StoreError> {
    let missing = || StoreError::Corrupt("the image stream ends early".into());
    let first = table.range(..=offset)?.next_back().ok_or_else(missing)??;
    let start = first.0.value();
    let mut skip = (offset - start) as usize;
    // The length comes from a record: believe it only as far as bytes follow.
    let mut bytes = Vec::with_capacity(length.min(1 << 20));
    for entry in table.range(start..)? {
        let (_, chunk) = entry?;
        let part = chunk.value().get(skip..).ok_or_else(missing)?;
        skip = 0;
        let wanted = part.len().min(length - bytes.len());
        bytes.extend_from_slice(part.get(..wanted).unwrap_or(part));
        if bytes.len() == length {
            return Ok(bytes);
        }
    }
    Err(missing())
}

/// What a partition holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Summary {
    /// Images written.
    pub images: u32,
    /// Bytes of the stream: JPEGs and their headers.
    pub stream_bytes: u32,
    /// Smallest capture key, `None` when there is no image.
    pub oldest: Option<CaptureKey>,
    /// Greatest capture key.
    pub newest: Option<CaptureKey>,
}

impl Summary {
    /// Counts an image of `key`.
    pub(super) fn add(&mut self, key: CaptureKey) {
        self.images = self.images.saturating_add(1);
        self.oldest = Some(self.oldest.map_or(key, |oldest| oldest.min(key)));
        self.newest = Some(self.newest.map_or(key, |newest| newest.max(key)));
    }

    pub(super) fn encode(&self) -> Vec<u8> {
        let mut writer = Writer::new(1);
        writer.u32(self.images).u32(self.stream_bytes);
        writer.u64(self.oldest.map_or(u64::MAX, |key| key.0));
        writer.u64(self.newest.map_or(0, |key| key.0));
        writer.finish()
    }

    pub(super) fn decode(bytes: &[u8]) -> Result<Self, StoreError> {
        let mut reader = Reader::new(bytes)?;
        let (images, stream_bytes) = (reader.u32()?, reader.u32()?);
        let (oldest, newest) = (CaptureKey(reader.u64()?), CaptureKey(reader.u64()?));
        let some = images > 0;
        Ok(Self {
            images,
            stream_bytes,
            oldest: some.then_some(oldest),
            newest: some.then_some(newest),
        })
    }

    /// Adds up the headers of the stream in `table`; reads the whole of it.
    pub(super) fn walk(table: &impl ReadableTable<u32, &'static [u8]>) -> Result<Self, StoreError> {
        let stream_bytes = end(table)?;
        let mut summary = Self { stream_bytes, ..Self::default() };
        let mut offset = 0;
        while offset < stream_bytes {
            let header = Header::decode(&read(table, offset, HEADER_BYTES)?)?;
            summary.add(header.key);
            offset = advance(advance(offset, HEADER_BYTES)?, header.bytes as usize)?;
        }
        Ok(summary)
    }
}

#[cfg(test)]
mod tests {
    use redb::ReadableDatabase as _;

    use super::*;

    fn database() -> redb::Database {
        redb::Database::builder()
            .create_with_backend(redb::backends::InMemoryBackend::new())
            .unwrap()
    }

    fn append(database: &redb::Database, pieces: &[&[u8]]) -> u32 {
        let tx = database.begin_write().unwrap();
        let table = tx.open_table(STREAM).unwrap();
        let offset = end(&table).unwrap();
        let mut appender = Appender::new(table, offset);
        for piece in pieces {
            appender.push(piece).unwrap();
        }
        let end = appender.finish().unwrap();
        tx.commit().unwrap();
        end
    }

    #[test]
    fn any_cut_reads_back() {
        let database = database();
        let all: Vec<u8> = (0..300_000_u32).map(|i| (i * 31 % 251) as u8).collect();
        let mut from = 0;
        for size in [0, 1, 4083, 4084, 4085, 32_755, 32_756, 32_757, 65_512, 100_000] {
            let (a, b) = all[from..from + size].split_at(size / 3);
            assert_eq!(append(&database, &[a, b]) as usize, from + size);
            from += size;
        }
        let tx = database.begin_read().unwrap();
        let table = tx.open_table(STREAM).unwrap();
        for offset in [0, 1, 4082, 4083, 4084, 32_756, 70_000, from - 1] {
            for length in [0, 1, 25, 4084, 40_000] {
                let read = read(&table, offset as u32, length);
                match all[..from].get(offset..offset + length) {
                    Some(expected) => assert_eq!(read.unwrap(), expected, "{offset} {length}"),
                    None => assert!(matches!(read, Err(StoreError::Corrupt(_)))),
                }
            }
        }
    }

    #[test]
    fn a_full_chunk_fills_its_pages() {
        let database = database();
        let pages = |bytes: usize| {
            let tx = database.begin_write().unwrap();
            tx.delete_table(STREAM).unwrap();
            let mut appender = Appender::new(tx.open_table(STREAM).unwrap(), 0);
            appender.push(&vec![7; bytes]).unwrap();
            appender.finish().unwrap();
            let table = tx.open_table(STREAM).unwrap();
            let stats = redb::ReadableTableMetadata::stats(&table).unwrap();
            let bytes = stats.stored_bytes() + stats.metadata_bytes() + stats.fragmented_bytes();
            bytes / PAGE_BYTES as u64 - stats.branch_pages()
        };
        assert_eq!(pages(4084), 1);
        assert_eq!(pages(4085), 2);
        assert_eq!(pages(IMAGE_CHUNK_BYTES), 8);
        assert_eq!(pages(10 * IMAGE_CHUNK_BYTES), 80);
    }

    #[test]
    fn headers_and_summaries_come_back() {
        let header = Header {
            key: CaptureKey(u64::MAX - 3),
            kind: ImageKind::Overview,
            bytes: 1,
            width: 2,
            height: 3,
            crc: 4,
        };
        assert_eq!(header.encode().len(), HEADER_BYTES);
        assert_eq!(Header::decode(&header.encode()).unwrap(), header);
        let mut wrong = header.encode();
        wrong[9] = 9;
        assert!(matches!(Header::decode(&wrong), Err(StoreError::Corrupt(_))));
        assert!(Header::decode(&wrong[..20]).is_err());
        let mut summary = Summary::default();
        assert_eq!(Summary::decode(&summary.encode()).unwrap(), summary);
        for key in [5, 3, 9] {
            summary.add(CaptureKey(key));
        }
        assert_eq!(Summary::decode(&summary.encode()).unwrap(), summary);
        assert_eq!((summary.oldest, summary.newest), (Some(CaptureKey(3)), Some(CaptureKey(9))));
    }
}
