//! `fill`: writes a synthetic history that ends now, for benches and the demo, by the same way
//! real reads take behind their parsers.

use std::io::Write as _;
use std::path::PathBuf;

use super::Failure;
use super::args::FillOptions;
use crate::base::clock::{Clock, Timestamp};
use crate::base::limits::FILL_BATCH;
use crate::domain::captures;
use crate::model::agent::Payload;
use crate::model::capture::{ImageKind, NewCapture};
use crate::sim::payload;
use crate::sim::scene::Studio;
use crate::sim::traffic::{SimRead, World};
use crate::store::images::Places;
use crate::store::journal::Read;
use crate::store::{Store, StoreError, StoreOptions};

/// Which pictures a filled capture gets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Images {
    /// None.
    None,
    /// Plate and vehicle crop.
    Small,
    /// The overview too.
    All,
}

/// What to write.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fill {
    /// Captures to write.
    pub captures: u64,
    /// Days they are spread over.
    pub days: u32,
    /// Seed of the world.
    pub seed: u64,
    /// Pictures.
    pub images: Images,
    /// Only this many of the newest captures get pictures.
    pub pictured: u64,
    /// Data directory.
    pub data: PathBuf,
}

impl Fill {
    /// Writes the history that ends at `now` into the store and tells `progress` how many
    /// captures are written after every batch.
    ///
    /// # Errors
    /// When the store cannot be opened or written; batches before it stay.
    pub fn write(&self, now: Timestamp, progress: &mut dyn FnMut(u64)) -> Result<u64, StoreError> {
        let store = captures::open(&self.data, StoreOptions::default())?;
        let world = World::new(self.seed, self.captures);
        let from = now.plus_ms(-i64::from(self.days) * 86_400_000);
        let mut studio = Studio::new();
        let size = if self.images == Images::None { FILL_BATCH } else { FILL_BATCH / 8 };
        let mut batch = Vec::with_capacity(size);
        let mut written = 0;
        for read in world.history(from, now, self.captures) {
            let pictured = read.number >= self.captures.saturating_sub(self.pictured);
            let images = if pictured { self.images } else { Images::None };
            batch.push(payload_of(&read, images, &mut studio));
            if batch.len() == size {
                written += store_batch(&store, std::mem::take(&mut batch), read.captured_at)?;
                progress(written);
            }
        }
        if !batch.is_empty() {
            written += store_batch(&store, batch, now)?;
            progress(written);
        }
        store.close()?;
        Ok(written)
    }
}

/// Runs `fill`.
///
/// # Errors
/// [`Failure`] with one line.
pub fn run(options: &FillOptions) -> Result<(), Failure> {
    let total = options.captures;
    let fill = Fill {
        captures: total,
        days: options.days.max(1),
        seed: options.seed,
        images: Images::None,
        pictured: 0,
        data: options.data.clone(),
    };
    let mut tell = |written: u64| {
        // A closed standard error does not stop the work.
        let _ = write!(std::io::stderr(), "\r{written} of {total} captures");
    };
    let written = fill
        .write(Clock::System.now(), &mut tell)
        .map_err(|error| Failure::failed(&format!("fill {}", options.data.display()), error))?;
    let _ = writeln!(std::io::stderr());
    super::say(&format!("wrote {written} captures"))
}

/// The final read of a passage; repeats of a parked vehicle are counted in, not sent apart.
fn payload_of(read: &SimRead, images: Images, studio: &mut Studio) -> Payload {
    let pictures = (images != Images::None).then(|| studio.pictures(read));
    let received_at = read.sent_at.plus_ms(350);
    let mut new: NewCapture = payload::capture(read, pictures, received_at);
    if images == Images::Small {
        new.images.retain(|(kind, _)| *kind != ImageKind::Overview);
    }
    let repeats = read.messages();
    if let Some(last) = repeats.last().filter(|last| last.parked) {
        new.capture.reads = u32::try_from(repeats.len()).unwrap_or(1);
        new.capture.ended_at = last.ended_at;
    }
    match payload::listed(read) {
        Some(list) => Payload::Alert { alert: payload::rekor_alert(read, list), group: Some(new) },
        None => Payload::Capture(new),
    }
}

/// Straight into the records: a history that is cut short is written anew.
fn store_batch(store: &Store, payloads: Vec<Payload>, now: Timestamp) -> Result<u64, StoreError> {
    let mut batch = Vec::with_capacity(payloads.len());
    for mut payload in payloads {
        let images = captures::give_keys(store, &mut payload)?;
        batch.push((Read { payload, address: "127.0.0.1".to_owned(), received_at: now }, images));
    }
    let writes: Vec<_> = batch
        .iter()
        .flat_map(|(read, images)| images.iter().map(|(kind, jpeg)| (read.key(), *kind, jpeg)))
        .collect();
    let mut places = store.images().write(&writes)?.into_iter();
    store.write(|tx| {
        batch.iter().try_for_each(|(read, images)| {
            let kinds = images.iter().map(|(kind, _)| *kind);
            let images = kinds.zip(places.by_ref()).collect();
            let places = Places { images, detail: None };
            captures::record(tx, read, &places).map(drop)
        })
    })?;
    Ok(batch.len() as u64)
}

#[cfg(test)]
mod tests {
    use super::{Fill, Images};
    use crate::base::clock::Timestamp;
    use crate::store::{Store, StoreOptions};

    #[test]
    fn a_filled_store_has_the_captures() {
        let directory = tempfile::tempdir().unwrap();
        let fill = Fill {
            captures: 120,
            days: 3,
            seed: 1,
            images: Images::Small,
            pictured: 4,
            data: directory.path().to_owned(),
        };
        let now = Timestamp(1_767_614_400_000);
        let mut told = 0;
        assert_eq!(fill.write(now, &mut |written| told = written).unwrap(), 120);
        assert_eq!(told, 120);
        let store = Store::open(directory.path(), StoreOptions::default()).unwrap();
        let from = now.plus_ms(-3 * 86_400_000);
        let found = store.write(|tx| tx.captures_between(from, now, 1000)).unwrap();
        assert_eq!(found.len(), 120);
        assert_eq!(found.iter().filter(|capture| capture.images.0 != 0).count(), 4);
    }
}
