//! The byte form of records: a version byte, then fields in order, little endian, texts and lists
//! with their length in front. A newer version appends fields; a reader that finds the record at
//! its end takes the default, so old records stay readable.

use super::StoreError;

/// Writes a record.
pub struct Writer(Vec<u8>);

impl Writer {
    /// Starts a record of `version`.
    pub fn new(version: u8) -> Self {
        Self(vec![version])
    }

    /// Starts a record of `version` behind `bytes`.
    pub fn behind(mut bytes: Vec<u8>, version: u8) -> Self {
        bytes.push(version);
        Self(bytes)
    }

    /// Makes room for `bytes` more at once.
    pub(super) fn reserve(&mut self, bytes: usize) {
        self.0.reserve(bytes);
    }

    /// Bytes so far, with what the record stands behind.
    pub(super) const fn len(&self) -> usize {
        self.0.len()
    }

    /// The finished bytes.
    pub fn finish(self) -> Vec<u8> {
        self.0
    }

    /// Appends a byte.
    pub fn u8(&mut self, value: u8) -> &mut Self {
        self.0.push(value);
        self
    }

    /// Appends two bytes.
    pub fn u16(&mut self, value: u16) -> &mut Self {
        self.0.extend(value.to_le_bytes());
        self
    }

    /// Appends four bytes.
    pub fn u32(&mut self, value: u32) -> &mut Self {
        self.0.extend(value.to_le_bytes());
        self
    }

    /// Appends eight bytes.
    pub fn u64(&mut self, value: u64) -> &mut Self {
        self.0.extend(value.to_le_bytes());
        self
    }

    /// Appends eight bytes.
    pub fn i64(&mut self, value: i64) -> &mut Self {
        self.0.extend(value.to_le_bytes());
        self
    }

    /// Appends four bytes.
    pub fn f32(&mut self, value: f32) -> &mut Self {
        self.0.extend(value.to_le_bytes());
        self
    }

    /// Appends eight bytes.
    pub fn f64(&mut self, value: f64) -> &mut Self {
        self.0.extend(value.to_le_bytes());
        self
    }

    /// Appends a length and the bytes.
    pub fn bytes(&mut self, value: &[u8]) -> &mut Self {
        // Records are far below 4 GiB: every field is bounded when parsed.
        self.u32(u32::try_from(value.len()).unwrap_or(u32::MAX));
        self.0.extend(value);
        self
    }

    /// Appends a text. Short texts (below 255 bytes) cost one byte of length.
    pub fn text(&mut self, value: &str) -> &mut Self {
        match u8::try_from(value.len()) {
            Ok(short) if short < u8::MAX => self.u8(short),
            _ => self.u8(u8::MAX).u32(u32::try_from(value.len()).unwrap_or(u32::MAX)),
        };
        self.0.extend(value.as_bytes());
        self
    }
}

/// Reads a record.
pub struct Reader<'a> {
    rest: &'a [u8],
    version: u8,
}

impl<'a> Reader<'a> {
    /// Starts reading `bytes`.
    pub fn new(bytes: &'a [u8]) -> Result<Self, StoreError> {
        let (&version, rest) =
            bytes.split_first().ok_or_else(|| StoreError::Corrupt("empty record".into()))?;
        Ok(Self { rest, version })
    }

    /// Version the record was written with.
    pub const fn version(&self) -> u8 {
        self.version
    }

    /// Bytes that were not read yet.
    pub(super) const fn left(&self) -> usize {
        self.rest.len()
    }

    /// Whether all fields were read.
    pub const fn at_end(&self) -> bool {
        self.rest.is_empty()
    }

    fn take(&mut self, count: usize) -> Result<&'a [u8], StoreError> {
        if count > self.rest.len() {
            return Err(StoreError::Corrupt("record ends early".into()));
        }
        let (head, rest) = self.rest.split_at(count);
        self.rest = rest;
        Ok(head)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], StoreError> {
        let bytes = self.take(N)?;
        bytes.try_into().map_err(|_| StoreError::Corrupt("record ends early".into()))
    }

    /// A byte.
    pub fn u8(&mut self) -> Result<u8, StoreError> {
        Ok(self.array::<1>()?[0])
    }

    /// Two bytes.
    pub fn u16(&mut self) -> Result<u16, StoreError> {
        self.array().map(u16::from_le_bytes)
    }

    /// Four bytes.
    pub fn u32(&mut self) -> Result<u32, StoreError> {
        self.array().map(u32::from_le_bytes)
    }

    /// Eight bytes.
    pub fn u64(&mut self) -> Result<u64, StoreError> {
        self.array().map(u64::from_le_bytes)
    }

    /// Eight bytes.
    pub fn i64(&mut self) -> Result<i64, StoreError> {
        self.array().map(i64::from_le_bytes)
    }

    /// Four bytes.
    pub fn f32(&mut self) -> Result<f32, StoreError> {
        self.array().map(f32::from_le_bytes)
    }

    /// Eight bytes.
    pub fn f64(&mut self) -> Result<f64, StoreError> {
        self.array().map(f64::from_le_bytes)
    }

    /// Bytes with their length.
    pub fn bytes(&mut self) -> Result<&'a [u8], StoreError> {
        let count = self.u32()? as usize;
        self.take(count)
    }

    /// A text.
    pub fn text(&mut self) -> Result<&'a str, StoreError> {
        let count = match self.u8()? {
            u8::MAX => self.u32()? as usize,
            short => usize::from(short),
        };
        std::str::from_utf8(self.take(count)?)
            .map_err(|_| StoreError::Corrupt("text is not UTF-8".into()))
    }
}

#[cfg(test)]
mod tests {
    use super::{Reader, Writer};

    #[test]
    fn fields_come_back_in_order() {
        let long = "x".repeat(300);
        let mut writer = Writer::new(3);
        writer.u8(1).u16(2).u32(3).u64(4).i64(-5).f32(6.5).f64(7.5).text("ö").text(&long);
        writer.bytes(&[8, 9]);
        let bytes = writer.finish();
        let mut reader = Reader::new(&bytes).unwrap();
        assert_eq!(reader.version(), 3);
        assert_eq!((reader.u8().unwrap(), reader.u16().unwrap()), (1, 2));
        assert_eq!((reader.u32().unwrap(), reader.u64().unwrap()), (3, 4));
        assert_eq!(reader.i64().unwrap(), -5);
        assert_eq!((reader.f32().unwrap(), reader.f64().unwrap()), (6.5, 7.5));
        assert_eq!((reader.text().unwrap(), reader.text().unwrap()), ("ö", long.as_str()));
        assert_eq!(reader.bytes().unwrap(), [8, 9]);
        assert!(reader.at_end());
    }

    #[test]
    fn cut_records_are_errors_not_panics() {
        let mut writer = Writer::new(1);
        writer.text("abc").u64(7).bytes(&[1; 40]);
        let bytes = writer.finish();
        for end in 0..bytes.len() {
            let read = Reader::new(&bytes[..end]).and_then(|mut reader| {
                reader.text()?;
                reader.u64()?;
                reader.bytes().map(<[u8]>::len)
            });
            assert!(read.is_err(), "{end}");
        }
    }
}
