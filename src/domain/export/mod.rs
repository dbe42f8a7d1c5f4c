//! Everything a search finds as a file: CSV, JSON Lines, or a ZIP archive with the images. Written a
//! piece at a time to whoever takes it, in bounded memory and without holding a snapshot, so that a
//! slow taker costs nothing; ends with the first write that fails. Knows no HTTP.

mod archive;
pub mod csv;
pub mod record;
mod sources;
mod zip;

use std::collections::HashMap;
use std::io::{self, Write};
use std::sync::Arc;

use jiff::tz::TimeZone;

pub use sources::{AlertSource, CaptureSource};

use crate::base::clock::Timestamp;
use crate::model::agent::RekorAlert;
use crate::model::capture::{Capture, CaptureDetail, ImageKind};
use crate::store::images::ImagePlace;
use crate::store::{ReadTx, Store, StoreError};

/// Lines that are written in one go.
const LINES_AT_ONCE: usize = 32;

/// The form of an export.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// A table for spreadsheets.
    Csv,
    /// One complete record a line.
    Jsonl,
    /// Both, with the images and a manifest of hashes.
    Zip,
}

impl Format {
    /// All formats.
    pub const ALL: [Self; 3] = [Self::Csv, Self::Jsonl, Self::Zip];

    /// Name in addresses, and the ending of the file.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Csv => "csv",
            Self::Jsonl => "jsonl",
            Self::Zip => "zip",
        }
    }

    /// The format named `name`.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|format| format.name() == name)
    }

    /// Its media type.
    pub const fn media_type(self) -> &'static str {
        match self {
            Self::Csv => "text/csv; charset=utf-8; header=present",
            Self::Jsonl => "application/jsonl; charset=utf-8",
            Self::Zip => "application/zip",
        }
    }
}

/// A row of an export: an alert, a read, or an alert with its read.
#[derive(Clone, Debug, Default)]
pub struct Item {
    /// The alert, in exports of alerts.
    pub alert: Option<RekorAlert>,
    /// The read; `None` for an alert whose read is gone or never came.
    pub capture: Option<Capture>,
    /// The rest of the read, when asked for.
    pub detail: CaptureDetail,
    /// Where its images lie, when asked for.
    pub images: Vec<(ImageKind, ImagePlace)>,
}

/// What is exported.
pub trait Source: Send {
    /// What the rows are, as part of file names: `captures`.
    fn name(&self) -> &'static str;

    /// Calls `work` with every row, newest first, a batch at a time; `whole` asks for details and
    /// images. Stops at the first error and after `limit` rows.
    fn each(
        &self,
        store: &Store,
        whole: bool,
        limit: u64,
        work: &mut dyn FnMut(&[Item]) -> io::Result<()>,
    ) -> io::Result<()>;

    /// Names of the columns.
    fn columns(&self) -> &'static [&'static str];

    /// The cells of `item`, in the order of the columns.
    fn cells(&self, item: &Item, labels: &Labels, row: &mut csv::Row<'_>);

    /// The record of `item` as one line, without its end.
    fn line(&self, item: &Item) -> Vec<u8>;
}

/// What cameras and agents are called.
#[derive(Debug)]
pub struct Labels {
    cameras: HashMap<String, HashMap<i64, String>>,
    agents: HashMap<String, String>,
    /// Zone of the times.
    pub zone: TimeZone,
}

impl Labels {
    /// Reads them.
    pub fn load(tx: &ReadTx, zone: TimeZone) -> Result<Self, StoreError> {
        let mut cameras: HashMap<String, HashMap<i64, String>> = HashMap::new();
        for camera in tx.cameras()? {
            let name = camera.name();
            cameras.entry(camera.agent_uid).or_default().insert(camera.camera_id, name);
        }
        Ok(Self {
            cameras,
            agents: tx.agents()?.into_iter().map(|agent| (agent.uid, agent.label)).collect(),
            zone,
        })
    }

    fn camera(&self, capture: &Capture) -> &str {
        let cameras = self.cameras.get(&capture.agent_uid);
        cameras.and_then(|cameras| cameras.get(&capture.camera_id)).map_or("", String::as_str)
    }

    fn agent(&self, uid: &str) -> &str {
        self.agents.get(uid).map_or("", String::as_str)
    }
}

/// Who asked for what, as the archive tells it.
#[derive(Clone, Debug, Default)]
pub struct Request {
    /// `openalpr-webhook 1.0.0 on North Gate`.
    pub program: String,
    /// `Mara Okafor (mara@example.org)`.
    pub by: String,
    /// The query, as typed into the search box.
    pub query: String,
    /// When.
    pub at: Timestamp,
}

/// An export about to be written.
pub struct Export {
    /// Where the rows are.
    pub store: Arc<Store>,
    /// The rows.
    pub source: Box<dyn Source>,
    /// Names, and the zone of times.
    pub labels: Labels,
    /// Who asked.
    pub request: Request,
}

impl Export {
    /// Writes everything in `format` to `out`.
    ///
    /// # Errors
    /// The first error of `out` or of the store; what was written by then is incomplete.
    pub fn write(&self, format: Format, out: &mut dyn Write) -> io::Result<()> {
        match format {
            Format::Csv => self.write_csv(u64::MAX, out).map(drop),
            Format::Jsonl => self.write_lines(u64::MAX, out).map(drop),
            Format::Zip => archive::write(self, out),
        }
    }

    /// Writes at most `limit` rows as CSV; returns how many.
    fn write_csv(&self, limit: u64, out: &mut dyn Write) -> io::Result<u64> {
        let mut buffer = String::new();
        let mut head = csv::Row::new(&mut buffer);
        for name in self.source.columns() {
            head.text(name);
        }
        head.end();
        out.write_all(buffer.as_bytes())?;
        let mut rows = 0;
        self.source.each(&self.store, false, limit, &mut |items| {
            buffer.clear();
            for item in items {
                let mut row = csv::Row::new(&mut buffer);
                self.source.cells(item, &self.labels, &mut row);
                row.end();
            }
            rows += items.len() as u64;
            out.write_all(buffer.as_bytes())
        })?;
        Ok(rows)
    }

    /// Writes at most `limit` rows as JSON Lines; returns how many.
    fn write_lines(&self, limit: u64, out: &mut dyn Write) -> io::Result<u64> {
        let mut rows = 0;
        let mut buffer = Vec::new();
        self.source.each(&self.store, true, limit, &mut |items| {
            rows += items.len() as u64;
            for lines in items.chunks(LINES_AT_ONCE) {
                buffer.clear();
                for item in lines {
                    buffer.extend(self.source.line(item));
                    buffer.push(b'\n');
                }
                out.write_all(&buffer)?;
            }
            Ok(())
        })?;
        Ok(rows)
    }
}

/// A failure of the store, on its way to whoever takes the file.
fn failed(error: &StoreError) -> io::Error {
    log::warn!("an export ended early: {error}");
    io::Error::other(error.to_string())
}
