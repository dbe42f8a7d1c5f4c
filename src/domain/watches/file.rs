//! Watches as a CSV file, both ways. A file is taken as a whole or not at all; each mistake is told
//! with its line.

use crate::base::csv;
use crate::base::limits::{
    WATCH_FILE_BYTES_MAX, WATCH_FILE_ERRORS_MAX, WATCH_FILE_LINES_MAX, WATCHES_MAX,
};
use crate::model::watch::Watch;
use crate::store::{StoreError, WriteTx};

use super::fields::{self, Desk, FIELDS};

/// A mistake in a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LineError {
    /// Line, from 1.
    pub line: usize,
    /// Column, `""` when it is about the whole line.
    pub field: String,
    /// What is right.
    pub message: String,
}

/// `watches` as a file.
pub fn write(watches: &[Watch], desk: &Desk<'_>) -> String {
    let mut text = csv::line(FIELDS);
    for watch in watches {
        text.push_str(&csv::line(fields::texts(watch, desk).into_iter().map(|(_, text)| text)));
    }
    text
}

/// The watches of the file `text`. Columns are found by their names; those that are missing take what
/// a new watch has.
///
/// # Errors
/// The mistakes, a bounded number of them.
pub fn read(text: &str, desk: &Desk<'_>) -> Result<Vec<Watch>, Vec<LineError>> {
    let whole = |line: usize, message: &str| {
        vec![LineError { line, field: String::new(), message: message.to_owned() }]
    };
    if text.len() as u64 > WATCH_FILE_BYTES_MAX {
        return Err(whole(1, "The file is larger than 4 MiB."));
    }
    let lines = csv::parse(text).map_err(|line| {
        whole(line, "A quotation mark is opened and not closed, or stands within a cell.")
    })?;
    let mut lines = lines.into_iter().filter(|(_, cells)| cells.iter().any(|it| !it.is_empty()));
    let Some((_, head)) = lines.next() else {
        return Err(whole(1, "The file is empty: its first line names the columns."));
    };
    let head: Vec<String> = head.iter().map(|name| name.trim().to_lowercase()).collect();
    if let Some(unknown) = head.iter().find(|name| !FIELDS.contains(&name.as_str())) {
        let message = format!("There is no column {unknown}; there are {}.", FIELDS.join(", "));
        return Err(whole(1, &message));
    }
    let (mut watches, mut errors) = (Vec::new(), Vec::new());
    for (line, cells) in lines {
        if watches.len() >= WATCH_FILE_LINES_MAX {
            errors.extend(whole(line, "A file has at most 20,000 watches."));
            break;
        }
        if cells.len() > head.len() {
            errors.extend(whole(line, "The line has more cells than the first line."));
            continue;
        }
        let find = |field: &str| {
            let at = head.iter().position(|name| name == field)?;
            // An empty cell says nothing, but of what is looked for.
            cells.get(at).filter(|cell| !cell.is_empty()).cloned()
        };
        match fields::check(None, &find, desk) {
            Ok(watch) => watches.push(watch),
            Err(wrong) => errors.extend(wrong.into_iter().map(|error| LineError {
                line,
                field: error.field.to_owned(),
                message: error.message,
            })),
        }
        if errors.len() >= WATCH_FILE_ERRORS_MAX {
            break;
        }
    }
    errors.truncate(WATCH_FILE_ERRORS_MAX);
    if errors.is_empty() { Ok(watches) } else { Err(errors) }
}

/// What an import did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Imported {
    /// New watches.
    pub added: usize,
    /// Watches that were there already, in every field the same.
    pub known: usize,
}

/// Adds `watches` of one owner, but for those that are there already.
///
/// # Errors
/// [`StoreError::Refused`] when there are too many.
pub fn import(tx: &WriteTx, watches: Vec<Watch>) -> Result<Imported, StoreError> {
    let mut done = Imported::default();
    let Some(owner) = watches.first().map(|watch| watch.owner) else { return Ok(done) };
    if tx.watch_count()? + watches.len() as u64 > WATCHES_MAX {
        return Err(StoreError::Refused(super::TOO_MANY));
    }
    let key = |watch: &Watch| format!("{:?}", same(watch));
    let mut known: std::collections::HashSet<String> =
        tx.watches_of(owner)?.iter().map(key).collect();
    for watch in watches {
        if known.insert(key(&watch)) {
            super::add(tx, watch)?;
            done.added += 1;
        } else {
            done.known += 1;
        }
    }
    Ok(done)
}

/// `watch` without what tells it from another of the same content.
pub(super) fn same(watch: &Watch) -> Watch {
    use crate::base::clock::Timestamp;
    use crate::model::watch::WatchId;
    Watch { id: WatchId(0), made_at: Timestamp(0), ..watch.clone() }
}
