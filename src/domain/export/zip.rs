//! A ZIP file written front to back: texts deflated, images as they are (JPEGs do not get smaller),
//! ZIP64 where a number needs it. For an image it keeps 64 bytes, its name not being one of them, so
//! that an archive of hundreds of thousands costs a few megabytes; general writers keep ten times
//! that. Follows PKWARE's APPNOTE 6.3; knows no capture and no field.

use std::io::{self, Write};

use flate2::Compression;
use flate2::write::DeflateEncoder;

use crate::base::clock::Timestamp;
use crate::base::hash::{Running, sha256};

const LOCAL: u32 = 0x0403_4b50;
const DESCRIPTOR: u32 = 0x0807_4b50;
const CENTRAL: u32 = 0x0201_4b50;
const END: u32 = 0x0605_4b50;
const END_64: u32 = 0x0606_4b50;
const LOCATOR_64: u32 = 0x0706_4b50;
/// Names are UTF-8.
const FLAG_UTF8: u16 = 1 << 11;
/// Size and checksum follow the data.
const FLAG_DESCRIPTOR: u16 = 1 << 3;
const STORED: u16 = 0;
const DEFLATED: u16 = 8;
/// Made by a Unix program, whose file modes are in the upper half of the external attributes.
const MADE_BY: u16 = 0x03_2d;
const MODE: u32 = 0o100_644 << 16;

/// An entry, as the directory at the end needs it. `N` is what its name is made from.
#[derive(Clone, Copy, Debug)]
pub(super) struct Entry<N> {
    /// What its name is made from.
    pub(super) name: N,
    /// SHA-256 of its content.
    pub(super) sha256: [u8; 32],
    offset: u64,
    crc: u32,
    packed: u32,
    size: u32,
    at: Timestamp,
    deflated: bool,
}

/// A ZIP file under way.
pub(super) struct Zip<'a> {
    out: &'a mut dyn Write,
    at: u64,
}

impl Write for Zip<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let count = self.out.write(bytes)?;
        self.at += count as u64;
        Ok(count)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

impl<'a> Zip<'a> {
    /// Begins a file in `out`.
    pub(super) fn new(out: &'a mut dyn Write) -> Self {
        Self { out, at: 0 }
    }

    /// Adds a text of unknown length, deflated while `produce` writes it.
    pub(super) fn text<N: AsRef<str>>(
        &mut self,
        name: N,
        at: Timestamp,
        produce: impl FnOnce(&mut dyn Write) -> io::Result<()>,
    ) -> io::Result<Entry<N>> {
        let mut entry = Entry {
            name,
            sha256: [0; 32],
            offset: self.at,
            crc: 0,
            packed: 0,
            size: 0,
            at,
            deflated: true,
        };
        let head = local(entry.name.as_ref(), &entry);
        self.write_all(&head)?;
        let start = self.at;
        {
            let mut packer = Packer {
                out: DeflateEncoder::new(&mut *self, Compression::fast()),
                crc: crc32fast::Hasher::new(),
                sha256: Running::default(),
                size: 0,
            };
            produce(&mut packer)?;
            packer.out.try_finish()?;
            entry.crc = packer.crc.finalize();
            entry.sha256 = packer.sha256.finish();
            entry.size = small(packer.size)?;
        }
        entry.packed = small(self.at - start)?;
        let mut end = Vec::with_capacity(16);
        put32(&mut end, &[DESCRIPTOR, entry.crc, entry.packed, entry.size]);
        self.write_all(&end)?;
        Ok(entry)
    }

    /// Adds `content` as it is, under `path`.
    pub(super) fn stored<N>(
        &mut self,
        name: N,
        path: &str,
        at: Timestamp,
        content: &[u8],
    ) -> io::Result<Entry<N>> {
        let size = small(content.len() as u64)?;
        let entry = Entry {
            name,
            sha256: sha256(content),
            offset: self.at,
            crc: crc32fast::hash(content),
            packed: size,
            size,
            at,
            deflated: false,
        };
        let head = local(path, &entry);
        self.write_all(&head)?;
        self.write_all(content)?;
        Ok(entry)
    }

    /// Adds `entry` to the directory; all entries in order, then [`Self::finish`].
    pub(super) fn directory<N>(&mut self, path: &str, entry: &Entry<N>) -> io::Result<()> {
        let far = entry.offset >= u64::from(u32::MAX);
        let mut row = Vec::with_capacity(64 + path.len());
        put32(&mut row, &[CENTRAL]);
        put16(&mut row, &[MADE_BY]);
        put_common(&mut row, entry, far);
        put32(&mut row, &[entry.crc, entry.packed, entry.size]);
        let extra = if far { 12 } else { 0 };
        // Lengths of name, extra field and comment; disk; internal attributes.
        put16(&mut row, &[path.len() as u16, extra, 0, 0, 0]);
        put32(&mut row, &[MODE, if far { u32::MAX } else { entry.offset as u32 }]);
        row.extend_from_slice(path.as_bytes());
        if far {
            put16(&mut row, &[1, 8]);
            row.extend_from_slice(&entry.offset.to_le_bytes());
        }
        self.write_all(&row)
    }

    /// Where the next byte goes: the directory begins here after the last entry.
    pub(super) const fn position(&self) -> u64 {
        self.at
    }

    /// Ends a file with `count` entries whose directory begins at `start`.
    pub(super) fn finish(self, start: u64, count: u64) -> io::Result<()> {
        let size = self.at - start;
        let mut tail = Vec::with_capacity(98);
        let near = u64::from(u32::MAX);
        if count >= u64::from(u16::MAX) || start >= near || size >= near {
            put32(&mut tail, &[END_64]);
            // Size of what follows of this record.
            tail.extend_from_slice(&44_u64.to_le_bytes());
            put16(&mut tail, &[MADE_BY, 45]);
            put32(&mut tail, &[0, 0]);
            for number in [count, count, size, start] {
                tail.extend_from_slice(&number.to_le_bytes());
            }
            put32(&mut tail, &[LOCATOR_64, 0]);
            tail.extend_from_slice(&self.at.to_le_bytes());
            put32(&mut tail, &[1]);
        }
        put32(&mut tail, &[END]);
        let count = u16::try_from(count).unwrap_or(u16::MAX);
        put16(&mut tail, &[0, 0, count, count]);
        let clamp = |number: u64| u32::try_from(number).unwrap_or(u32::MAX);
        put32(&mut tail, &[clamp(size), clamp(start)]);
        put16(&mut tail, &[0]);
        self.out.write_all(&tail)
    }
}

/// Deflates, counts and hashes what is written to it.
struct Packer<W: Write> {
    out: DeflateEncoder<W>,
    crc: crc32fast::Hasher,
    sha256: Running,
    size: u64,
}

impl<W: Write> Write for Packer<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.out.write_all(bytes)?;
        self.crc.update(bytes);
        self.sha256.add(bytes);
        self.size += bytes.len() as u64;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

/// The header in front of an entry. Sizes of texts follow their data.
fn local<N>(path: &str, entry: &Entry<N>) -> Vec<u8> {
    let mut head = Vec::with_capacity(30 + path.len());
    put32(&mut head, &[LOCAL]);
    put_common(&mut head, entry, false);
    put32(&mut head, &[entry.crc, entry.packed, entry.size]);
    put16(&mut head, &[path.len() as u16, 0]);
    head.extend_from_slice(path.as_bytes());
    head
}

/// Version needed, flags, method, time and date.
fn put_common<N>(out: &mut Vec<u8>, entry: &Entry<N>, far: bool) {
    let (flags, method) =
        if entry.deflated { (FLAG_UTF8 | FLAG_DESCRIPTOR, DEFLATED) } else { (FLAG_UTF8, STORED) };
    let (date, time) = dos(entry.at);
    put16(out, &[if far { 45 } else { 20 }, flags, method, time, date]);
}

/// Date and time as DOS wrote them, in UTC.
fn dos(at: Timestamp) -> (u16, u16) {
    let civil = jiff::Timestamp::from_millisecond(at.ms())
        .map(|at| jiff::tz::Offset::UTC.to_datetime(at))
        .unwrap_or_default();
    let year = (civil.year() - 1980).clamp(0, 127) as u16;
    let date = (year << 9) | ((civil.month() as u16) << 5) | civil.day() as u16;
    let time = ((civil.hour() as u16) << 11)
        | ((civil.minute() as u16) << 5)
        | (civil.second() as u16 / 2);
    (date, time)
}

/// Entries stay far below 4 GiB: images are capped, and so are the rows of texts.
fn small(size: u64) -> io::Result<u32> {
    u32::try_from(size).map_err(|_| io::Error::other("an entry is larger than 4 GiB"))
}

fn put16(out: &mut Vec<u8>, numbers: &[u16]) {
    out.extend(numbers.iter().flat_map(|number| number.to_le_bytes()));
}

fn put32(out: &mut Vec<u8>, numbers: &[u32]) {
    out.extend(numbers.iter().flat_map(|number| number.to_le_bytes()));
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::*;

    /// Whether Python's zipfile and unzip agree that `file` is whole; the names it has.
    fn checked(file: &[u8]) -> Option<String> {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("t.zip");
        std::fs::write(&path, file).unwrap();
        if let Ok(output) = Command::new("unzip").arg("-tq").arg(&path).output() {
            assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
        }
        let script = "import sys,zipfile\nz=zipfile.ZipFile(sys.argv[1])\nassert z.testzip() is None\n\
             print(len(z.namelist()),z.namelist()[0],z.infolist()[-1].file_size)";
        let output = Command::new("python3").args(["-c", script]).arg(&path).output().ok()?;
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        Some(String::from_utf8_lossy(&output.stdout).trim().to_owned())
    }

    #[test]
    fn other_programs_read_it() {
        let mut file = Vec::new();
        let mut zip = Zip::new(&mut file);
        let at = Timestamp(1_741_944_413_000);
        let text = zip
            .text("täble.csv", at, |out| (0..9999).try_for_each(|n| writeln!(out, "{n},line")))
            .unwrap();
        let image = zip.stored(7_u64, "images/7.jpg", at, b"not a picture").unwrap();
        assert_eq!(image.sha256, sha256(b"not a picture"));
        let start = zip.position();
        zip.directory(text.name, &text).unwrap();
        zip.directory("images/7.jpg", &image).unwrap();
        zip.finish(start, 2).unwrap();
        assert!(file.len() < 40_000);
        if let Some(told) = checked(&file) {
            assert_eq!(told, "2 täble.csv 13");
        }
    }

    #[test]
    fn many_entries_and_far_ones_need_the_large_directory() {
        let mut file = Vec::new();
        let mut zip = Zip::new(&mut file);
        let mut entries = Vec::new();
        for number in 0..70_000_u32 {
            let path = number.to_string();
            entries.push(zip.stored(number, &path, Timestamp(0), b"x").unwrap());
        }
        let start = zip.position();
        for entry in &entries {
            zip.directory(&entry.name.to_string(), entry).unwrap();
        }
        zip.finish(start, entries.len() as u64).unwrap();
        if let Some(told) = checked(&file) {
            assert_eq!(told, "70000 0 1");
        }
        // An offset behind 4 GiB, in the bytes that hold it.
        let mut out = Vec::new();
        let far = Entry { offset: 5_000_000_000, ..entries.remove(0) };
        Zip::new(&mut out).directory("0", &far).unwrap();
        assert_eq!(out.len(), 46 + 1 + 12);
        assert_eq!(out[42..46], [0xff; 4]);
        assert_eq!(out[51..59], 5_000_000_000_u64.to_le_bytes());
    }

    #[test]
    fn a_taker_who_leaves_ends_it() {
        struct Gone(usize);
        impl Write for Gone {
            fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
                self.0 = self.0.checked_sub(bytes.len()).ok_or(io::ErrorKind::BrokenPipe)?;
                Ok(bytes.len())
            }
            fn flush(&mut self) -> io::Result<()> {
                Ok(())
            }
        }
        let mut gone = Gone(1000);
        let mut zip = Zip::new(&mut gone);
        let mut produced = 0_u64;
        let result = zip.text("a", Timestamp(0), |out| {
            for number in 0_u64.. {
                out.write_all(&number.wrapping_mul(0x9e37_79b9_7f4a_7c15).to_le_bytes())?;
                produced += 8;
            }
            Ok(())
        });
        assert!(result.is_err() && produced < 1_000_000, "{produced}");
    }
}
