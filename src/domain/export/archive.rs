//! The ZIP archive of an export: the table, the records, the images, and a manifest with the SHA-256
//! of each that `sha256sum -c` checks.

use std::collections::HashSet;
use std::io::{self, Write};

use super::zip::{Entry, Zip};
use super::{Export, failed};
use crate::base::clock::Timestamp;
use crate::base::hash::hex;
use crate::base::limits::EXPORT_ZIP_ROWS_MAX;
use crate::model::capture::{CaptureKey, ImageKind};

/// Images that could not be read, told one by one; of more only the number.
const TOLD_MAX: usize = 100;

/// What the name of an image is made from.
type Name = (CaptureKey, ImageKind);

/// Images that went into the archive, and those that should have.
#[derive(Default)]
struct Pictures {
    entries: Vec<Entry<Name>>,
    missing: u64,
    told: Vec<String>,
}

/// Writes the archive of `export` to `out`.
pub(super) fn write(export: &Export, out: &mut dyn Write) -> io::Result<()> {
    let (name, at) = (export.source.name(), export.request.at);
    let mut zip = Zip::new(out);
    let mut rows = 0;
    let table = zip.text(format!("{name}.csv"), at, |out| {
        rows = export.write_csv(EXPORT_ZIP_ROWS_MAX, out)?;
        Ok(())
    })?;
    let records = zip.text(format!("{name}.jsonl"), at, |out| {
        export.write_lines(EXPORT_ZIP_ROWS_MAX, out).map(drop)
    })?;
    let pictures = pictures(export, &mut zip)?;
    let about = zip.text("README.txt".to_owned(), at, |out| {
        out.write_all(about(export, rows, &pictures).as_bytes())
    })?;
    let texts = [table, records, about];
    let manifest = zip.text("manifest.sha256".to_owned(), at, |out| {
        for text in &texts {
            writeln!(out, "{}  {}", hex(&text.sha256), text.name)?;
        }
        pictures
            .entries
            .iter()
            .try_for_each(|entry| writeln!(out, "{}  {}", hex(&entry.sha256), path(entry.name)))
    })?;
    let start = zip.position();
    for text in texts.iter().chain([&manifest]) {
        zip.directory(&text.name, text)?;
    }
    for entry in &pictures.entries {
        zip.directory(&path(entry.name), entry)?;
    }
    let count = pictures.entries.len() + texts.len() + 1;
    zip.finish(start, count as u64)
}

fn pictures(export: &Export, zip: &mut Zip<'_>) -> io::Result<Pictures> {
    let mut pictures = Pictures::default();
    // Several alerts can be about one read.
    let mut seen: HashSet<u64> = HashSet::new();
    export.source.each(&export.store, true, EXPORT_ZIP_ROWS_MAX, &mut |items| {
        for item in items {
            let Some(key) = item.capture.as_ref().map(|capture| capture.key) else { continue };
            if item.alert.is_some() && !seen.insert(key.0) {
                continue;
            }
            for (kind, place) in &item.images {
                let path = path((key, *kind));
                match export.store.images().read(key, *kind, place) {
                    Ok(Some(jpeg)) => {
                        let entry = zip.stored((key, *kind), &path, key.time(), &jpeg)?;
                        pictures.entries.push(entry);
                    }
                    Ok(None) => pictures.miss(&path, "no longer kept"),
                    Err(crate::store::StoreError::Corrupt(what)) => pictures.miss(&path, &what),
                    Err(error) => return Err(failed(&error)),
                }
            }
        }
        Ok(())
    })?;
    Ok(pictures)
}

impl Pictures {
    fn miss(&mut self, path: &str, why: &str) {
        self.missing += 1;
        if self.told.len() < TOLD_MAX {
            self.told.push(format!("{path}: {why}"));
        }
    }
}

/// `images/2026-08-21/0123456789abcdef-plate.jpg`; the day is that of the capture in UTC.
fn path((key, kind): Name) -> String {
    let Timestamp(ms) = key.time();
    let day = jiff::Timestamp::from_millisecond(ms)
        .map(|at| jiff::tz::Offset::UTC.to_datetime(at).date())
        .unwrap_or_default();
    format!("images/{day}/{key}-{}.jpg", kind.name())
}

/// What is in the archive, for whoever unpacks it years later.
fn about(export: &Export, rows: u64, pictures: &Pictures) -> String {
    let (request, name) = (&export.request, export.source.name());
    let one_line = |text: &str| text.replace(|c: char| c.is_control(), " ");
    let zone = export.labels.zone.iana_name().unwrap_or("UTC");
    let query = if request.query.is_empty() { "everything" } else { &request.query };
    let mut text = format!(
        "Made by {} for {} at {}\r\nWhat: {}\r\nRows: {rows}, newest first, at most {} in one archive\r\n\
         Images: {}\r\nTimes in {name}.csv: {zone} and UTC\r\n\r\n\
         {name}.csv    a table for spreadsheets\r\n\
         {name}.jsonl  one complete record a line; SHA-256 of a line without its end is the hash of\r\n\
         \u{20}              the record on printed pages\r\n\
         images/       by day in UTC, as ID-KIND.jpg\r\n\r\n\
         Check that nothing changed: sha256sum -c manifest.sha256\r\n",
        one_line(&request.program),
        one_line(&request.by),
        super::record::utc(request.at),
        one_line(query),
        EXPORT_ZIP_ROWS_MAX,
        pictures.entries.len(),
    );
    if pictures.missing > 0 {
        text += "\r\nImages that could not be read: ";
        text += &pictures.missing.to_string();
        for line in &pictures.told {
            text += "\r\n";
            text += &one_line(line);
        }
        text += "\r\n";
    }
    text
}
