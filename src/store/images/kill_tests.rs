//! What kill -9 leaves: another process writes and is killed at any moment; everything it had
//! acknowledged must be there.

use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use super::{ImagePlace, Images, ImagesOptions, Position};
use crate::model::capture::{CaptureKey, ImageKind, Jpeg};

const DIRECTORY: &str = "OALPRWH_TEST_VICTIM_DIRECTORY";
const FIRST: &str = "OALPRWH_TEST_VICTIM_FIRST";

fn options() -> ImagesOptions {
    ImagesOptions { partition_bytes_max: 3 << 20, ..ImagesOptions::default() }
}

fn jpeg(n: u64) -> Jpeg {
    let length = 500 + (n * 7919 % 40_000) as u32;
    let bytes = (0..length).map(|i| (i.wrapping_mul(n as u32 + 77) >> 5) as u8).collect();
    Jpeg { bytes, width: n as u32, height: 1 }
}

/// Not a test: what the process that is killed runs.
#[test]
#[ignore = "run by the test below"]
fn victim() {
    let Ok(directory) = std::env::var(DIRECTORY) else { return };
    let first: u64 = std::env::var(FIRST).unwrap().parse().unwrap();
    let images = Images::open(Path::new(&directory), options(), Position::default()).unwrap();
    for n in (first..).step_by(3) {
        let jpegs = [jpeg(n), jpeg(n + 1), jpeg(n + 2)];
        let batch: Vec<_> = jpegs
            .iter()
            .zip(n..)
            .map(|(jpeg, n)| (CaptureKey(n), ImageKind::Vehicle, jpeg))
            .collect();
        for (place, n) in images.write(&batch).unwrap().iter().zip(n..) {
            println!("\nACK {n} {} {} {}", place.partition, place.offset, place.crc);
        }
    }
}

/// Lets a victim write for a while, kills it, and returns what it had acknowledged.
fn kill_one(directory: &Path, first: u64, after: Duration) -> Vec<(u64, ImagePlace)> {
    let mut victim = Command::new(std::env::current_exe().unwrap())
        .args(["--ignored", "--exact", "store::images::kill_tests::victim", "--nocapture"])
        .env(DIRECTORY, directory)
        .env(FIRST, first.to_string())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let lines = BufReader::new(victim.stdout.take().unwrap()).lines();
    let mut acknowledged = Vec::new();
    let mut begun = None;
    for line in lines.map_while(Result::ok) {
        let words: Vec<&str> = line.split(' ').collect();
        let ["ACK", n, partition, offset, crc] = words[..] else { continue };
        let n = n.parse().unwrap();
        let place = ImagePlace {
            partition: partition.parse().unwrap(),
            offset: offset.parse().unwrap(),
            bytes: jpeg(n).bytes.len() as u32,
            width: n as u32,
            height: 1,
            crc: crc.parse().unwrap(),
        };
        acknowledged.push((n, place));
        if begun.get_or_insert_with(Instant::now).elapsed() >= after {
            victim.kill().unwrap();
        }
    }
    victim.wait().unwrap();
    acknowledged
}

#[test]
fn acknowledged_images_survive_kill_9() {
    let directory = tempfile::tempdir().unwrap();
    let mut all = Vec::new();
    for round in 0..6_u64 {
        let after = Duration::from_millis(20 + round * 61);
        let acknowledged = kill_one(directory.path(), round * 1_000_000, after);
        assert!(!acknowledged.is_empty());
        all.extend(acknowledged);
        let begun = Instant::now();
        let images = Images::open(directory.path(), options(), Position::default()).unwrap();
        assert!(begun.elapsed() < Duration::from_secs(2), "{:?}", begun.elapsed());
        for (n, place) in &all {
            let read = images.read(CaptureKey(*n), ImageKind::Vehicle, place).unwrap();
            assert!(read == Some(jpeg(*n).bytes), "round {round}, image {n}");
        }
        assert!(images.partitions().iter().all(|info| !info.damaged));
    }
}
