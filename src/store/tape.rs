//! Records every write and sync of a store, and makes of the record what a power cut at any moment
//! leaves on the disk. For tests.

use std::collections::BTreeMap;
use std::fs::File;
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use redb::StorageBackend;

#[derive(Clone, Debug)]
enum Step {
    Created,
    Write(u64, Vec<u8>),
    Length(u64),
    Sync,
    /// The names in the directory are durable.
    Names,
}

/// What was done, in order. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub(crate) struct Tape(Arc<Mutex<Vec<(PathBuf, Step)>>>);

/// What a cut does to writes that were not synced.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Fate {
    /// They all got through.
    Kept,
    /// None did.
    Lost,
    /// Some did, and some in part; which ones, the number decides.
    Torn(u64),
}

impl Tape {
    /// Steps so far.
    pub(crate) fn len(&self) -> usize {
        self.0.lock().unwrap().len()
    }

    /// What was created at `path`.
    pub(crate) fn created(&self, path: &Path) -> Recording {
        self.add(path, Step::Created);
        self.opened(path)
    }

    /// What is opened at `path`.
    pub(crate) fn opened(&self, path: &Path) -> Recording {
        Recording { tape: self.clone(), path: path.to_owned() }
    }

    /// The names in `directory` were synced.
    pub(crate) fn synced_names(&self, directory: &Path) {
        self.add(directory, Step::Names);
    }

    /// A file that records.
    pub(crate) fn backend(&self, path: &Path) -> impl StorageBackend {
        let is_new = !path.exists();
        let file =
            File::options().read(true).write(true).create(true).truncate(false).open(path).unwrap();
        let recording = if is_new { self.created(path) } else { self.opened(path) };
        // redb leaves the name to the file system; the store is found empty without it.
        self.synced_names(path.parent().unwrap());
        Backend { file, recording }
    }

    fn add(&self, path: &Path, step: Step) {
        self.0.lock().unwrap().push((path.to_owned(), step));
    }

    /// Writes into `to` what the files below `from` look like when the power goes after the first
    /// `steps` steps.
    pub(crate) fn cut(&self, steps: usize, fate: Fate, from: &Path, to: &Path) {
        let tape = self.0.lock().unwrap();
        let mut files: BTreeMap<&Path, Vec<(usize, &Step)>> = BTreeMap::new();
        for (at, (path, step)) in tape.iter().enumerate().take(steps) {
            files.entry(path).or_default().push((at, step));
        }
        let names = |path: &Path| files.get(path.parent().unwrap());
        for (path, steps) in &files {
            let created = steps.iter().find(|(_, step)| matches!(step, Step::Created));
            let Some((created, _)) = created else { continue };
            let named = names(path).is_some_and(|steps| {
                steps.iter().any(|(at, step)| at > created && matches!(step, Step::Names))
            });
            if !named && matches!(fate, Fate::Lost) {
                continue;
            }
            let target = to.join(path.strip_prefix(from).unwrap());
            std::fs::create_dir_all(target.parent().unwrap()).unwrap();
            std::fs::write(target, contents(steps, fate)).unwrap();
        }
    }
}

fn contents(steps: &[(usize, &Step)], fate: Fate) -> Vec<u8> {
    let synced = steps.iter().rposition(|(_, step)| matches!(step, Step::Sync)).unwrap_or(0);
    let mut bytes = Vec::new();
    for (n, (at, step)) in steps.iter().enumerate() {
        // Eighths of the step that reached the disk.
        let eighths = match fate {
            _ if n <= synced => 8,
            Fate::Kept => 8,
            Fate::Lost => 0,
            Fate::Torn(seed) => {
                let mixed = (seed ^ *at as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 33;
                [0, 8, mixed / 3 % 9][mixed as usize % 3] as usize
            }
        };
        match step {
            Step::Write(offset, data) => {
                // A disk writes sectors, the last of which may be short.
                let sectors = data.len() * eighths / 8 / 512 * 512;
                let kept = if eighths == 8 { data.len() } else { sectors };
                let end = *offset as usize + kept;
                if kept > 0 {
                    bytes.resize(bytes.len().max(end), 0);
                    bytes[*offset as usize..end].copy_from_slice(&data[..kept]);
                }
            }
            Step::Length(length) if eighths == 8 => bytes.resize(*length as usize, 0),
            _ => {}
        }
    }
    bytes
}

/// Records what happens to one file.
#[derive(Clone, Debug)]
pub(crate) struct Recording {
    tape: Tape,
    path: PathBuf,
}

impl Recording {
    pub(crate) fn write(&self, offset: u64, bytes: Vec<u8>) {
        self.tape.add(&self.path, Step::Write(offset, bytes));
    }

    pub(crate) fn set_len(&self, length: u64) {
        self.tape.add(&self.path, Step::Length(length));
    }

    pub(crate) fn sync(&self) {
        self.tape.add(&self.path, Step::Sync);
    }
}

#[derive(Debug)]
struct Backend {
    file: File,
    recording: Recording,
}

impl StorageBackend for Backend {
    fn len(&self) -> Result<u64, std::io::Error> {
        Ok(self.file.metadata()?.len())
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> Result<(), std::io::Error> {
        self.file.read_exact_at(out, offset)
    }

    fn set_len(&self, length: u64) -> Result<(), std::io::Error> {
        self.recording.set_len(length);
        self.file.set_len(length)
    }

    fn sync_data(&self) -> Result<(), std::io::Error> {
        self.recording.sync();
        Ok(())
    }

    fn write(&self, offset: u64, data: &[u8]) -> Result<(), std::io::Error> {
        self.recording.write(offset, data.to_vec());
        self.file.write_all_at(data, offset)
    }
}
