//! Figures, not tests: run with `cargo test --lib store::images::measure -- --ignored --nocapture`.

use std::io::Write as _;
use std::path::Path;
use std::time::Instant;

use super::{Images, ImagesOptions, path_of};
use crate::base::clock::Timestamp;
use crate::model::capture::{CaptureKey, ImageKind, Jpeg};

/// Bytes of the three JPEGs of one read: plate, vehicle, overview.
const JPEGS: [usize; 3] = [3_600, 10_000, 30_000];
const READ: usize = JPEGS[0] + JPEGS[1] + JPEGS[2];

/// Bytes this process has sent to the device.
fn written() -> u64 {
    let io = std::fs::read_to_string("/proc/self/io").unwrap();
    let line = io.lines().find_map(|line| line.strip_prefix("write_bytes: ")).unwrap();
    line.parse().unwrap()
}

fn jpegs(n: usize) -> Vec<(ImageKind, Jpeg)> {
    let fill = |length: usize| {
        let mut state = n as u64 + 0x9e37_79b9_7f4a_7c15;
        let words = std::iter::repeat_with(move || {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            state.to_le_bytes()
        });
        words.flatten().take(length).collect()
    };
    let jpeg = |length: &usize| Jpeg { bytes: fill(*length), width: 1, height: 1 };
    ImageKind::ALL.into_iter().zip(JPEGS.iter().map(jpeg)).collect()
}

fn report(name: &str, reads: usize, begun: Instant, before: u64) {
    let seconds = begun.elapsed().as_secs_f64();
    let bytes = (written() - before) as f64 / (reads * READ) as f64;
    println!(
        "{name}: {:.0} reads/s, {bytes:.3} bytes written per JPEG byte",
        reads as f64 / seconds
    );
}

fn raw(directory: &Path, reads: &[Vec<(ImageKind, Jpeg)>], batch: usize) {
    let mut file = std::fs::File::create(directory.join("raw")).unwrap();
    let (begun, before) = (Instant::now(), written());
    for batch in reads.chunks(batch) {
        let jpegs: Vec<&[u8]> = batch.iter().flatten().map(|(_, jpeg)| &jpeg.bytes[..]).collect();
        file.write_all(&jpegs.concat()).unwrap();
        file.sync_data().unwrap();
    }
    report(&format!("raw, batches of {batch}"), reads.len(), begun, before);
}

fn images(directory: &Path, reads: &[Vec<(ImageKind, Jpeg)>], batch: usize) -> Images {
    let images = Images::open(directory, ImagesOptions::default()).unwrap();
    let (begun, before) = (Instant::now(), written());
    let mut last = None;
    for (n, batch) in reads.chunks(batch).enumerate() {
        let key = CaptureKey::new(Timestamp(1_790_000_000_000 + n as i64), 0);
        let all: Vec<_> = batch.iter().flatten().map(|(kind, jpeg)| (key, *kind, jpeg)).collect();
        last = images.write(&all).unwrap().last().map(|place| (key, *place));
    }
    report(&format!("images, batches of {batch}"), reads.len(), begun, before);
    let begun = Instant::now();
    let (key, place) = last.unwrap();
    for _ in 0..1000 {
        images.read(key, ImageKind::Overview, &place).unwrap().unwrap();
    }
    println!("  reading an overview: {:?}", begun.elapsed() / 1000);
    images
}

#[test]
#[ignore = "a measurement"]
fn figures() {
    for (batch, count) in [(32, 4800), (1, 600)] {
        let directory = tempfile::tempdir().unwrap();
        let reads: Vec<_> = (0..count).map(jpegs).collect();
        raw(directory.path(), &reads, batch);
        let images = images(directory.path(), &reads, batch);
        let active = images.partitions().last().unwrap().number;
        let crashed = directory.path().join("crashed");
        std::fs::create_dir_all(crashed.join("images")).unwrap();
        let from = path_of(&directory.path().join("images"), active);
        std::fs::copy(from, path_of(&crashed.join("images"), active)).unwrap();
        let begun = Instant::now();
        Images::open(&crashed, ImagesOptions::default()).unwrap();
        println!("  opening after a crash: {:?}", begun.elapsed());
        let begun = Instant::now();
        let before = written();
        let sealed = images.seal_pending().unwrap();
        println!("  sealing {sealed}: {:?}, {} bytes", begun.elapsed(), written() - before);
        let on_disk = images.bytes_on_disk() as f64 / (count * READ) as f64;
        println!("  {on_disk:.3} bytes on disk per JPEG byte");
    }
}
