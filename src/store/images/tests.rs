//! Tests of the images as a whole: what a crash, damage and retention leave.

use std::sync::atomic::{AtomicBool, Ordering};

use super::*;
use crate::base::clock::Timestamp;

type Kept = Vec<(CaptureKey, ImageKind, Vec<u8>, ImagePlace)>;

fn small() -> ImagesOptions {
    ImagesOptions { partition_bytes_max: 1024 * 1024, ..ImagesOptions::default() }
}

fn open(directory: &Path, options: ImagesOptions) -> Result<Images, StoreError> {
    Images::open(directory, options, Position::default())
}

fn key(n: u32) -> CaptureKey {
    CaptureKey::new(Timestamp(1_790_000_000_000 + i64::from(n)), n)
}

/// Bytes that do not repeat and differ by `seed`.
fn noise(seed: u32, length: usize) -> Vec<u8> {
    let mut state = u64::from(seed) << 32 | 0x9e37_79b9;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state as u8
    };
    (0..length).map(|_| next()).collect()
}

fn jpeg(seed: u32, length: usize) -> Jpeg {
    Jpeg { bytes: noise(seed, length), width: seed, height: 3 }
}

/// Writes `count` captures from `first` on with an overview of `length` bytes, a commit each.
fn fill(images: &Images, first: u32, count: u32, length: usize) -> Kept {
    fill_in_batches(images, first, count, length, 1)
}

/// The same, `batch` in a commit.
fn fill_in_batches(images: &Images, first: u32, count: u32, length: usize, batch: usize) -> Kept {
    let jpegs: Vec<(u32, Jpeg)> = (first..first + count).map(|n| (n, jpeg(n, length))).collect();
    let mut kept = Kept::new();
    for jpegs in jpegs.chunks(batch) {
        let all: Vec<_> =
            jpegs.iter().map(|(n, jpeg)| (key(*n), ImageKind::Overview, jpeg)).collect();
        let places = images.write(&all).unwrap();
        for ((key, kind, jpeg), place) in all.into_iter().zip(places) {
            kept.push((key, kind, jpeg.bytes.clone(), place));
        }
    }
    kept
}

fn assert_kept(images: &Images, kept: &Kept) {
    for (key, kind, bytes, place) in kept {
        let read = images.read(*key, *kind, place).unwrap();
        assert!(read.as_ref() == Some(bytes), "{key} in partition {}", place.partition);
    }
}

fn file(directory: &Path, number: u32) -> PathBuf {
    segment::path_of(&directory.join("images"), number)
}

#[test]
fn readers_go_on_while_partitions_are_added_and_removed() {
    let directory = tempfile::tempdir().unwrap();
    let images = open(directory.path(), small()).unwrap();
    let kept = fill_in_batches(&images, 0, 120, 14_090, 10);
    let done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let readers: Vec<_> = (0..3)
            .map(|_| {
                scope.spawn(|| {
                    let mut rounds = 0;
                    while !done.load(Ordering::SeqCst) || rounds == 0 {
                        assert_kept(&images, &kept);
                        rounds += 1;
                    }
                })
            })
            .collect();
        for n in 0..4 {
            fill(&images, 1000 + n * 100, 15, 200_000);
        }
        done.store(true, Ordering::SeqCst);
        for reader in readers {
            reader.join().unwrap();
        }
    });
    assert!(images.partitions().len() > 10, "{}", images.partitions().len());
    let removed = images.remove_partition(1).unwrap();
    assert!(removed > 900_000);
    let (gone, left): (Kept, Kept) = kept.into_iter().partition(|(.., place)| place.partition == 1);
    assert!(!gone.is_empty());
    for (key, kind, _, place) in &gone {
        assert_eq!(images.read(*key, *kind, place).unwrap(), None);
    }
    assert_kept(&images, &left);
    assert!(!file(directory.path(), 1).exists());
    assert_eq!(images.remove_partition(1).unwrap(), 0);
}

#[test]
fn numbers_are_never_used_again() {
    let directory = tempfile::tempdir().unwrap();
    let images = open(directory.path(), small()).unwrap();
    let kept = fill(&images, 0, 1, 5_000);
    images.remove_partition(1).unwrap();
    assert_eq!(images.read(kept[0].0, kept[0].1, &kept[0].3).unwrap(), None);
    assert_eq!(images.partitions().len(), 1);
    drop(images);
    let images = open(directory.path(), small()).unwrap();
    assert_eq!(fill(&images, 5, 1, 5_000)[0].3.partition, 2);
    assert_eq!(images.read(kept[0].0, kept[0].1, &kept[0].3).unwrap(), None);
}

#[test]
fn a_flipped_bit_is_noticed() {
    let directory = tempfile::tempdir().unwrap();
    let images = open(directory.path(), small()).unwrap();
    let kept = fill_in_batches(&images, 0, 30, 43_600, 10);
    drop(images);
    let path = file(directory.path(), 1);
    let mut bytes = std::fs::read(&path).unwrap();
    let at = bytes.windows(64).position(|window| window == &kept[3].2[1000..1064]).unwrap();
    bytes[at + 5] ^= 4;
    std::fs::remove_file(&path).unwrap();
    std::fs::write(&path, bytes).unwrap();
    let images = open(directory.path(), small()).unwrap();
    for (n, (key, kind, bytes, place)) in kept.iter().enumerate() {
        match images.read(*key, *kind, place) {
            Ok(Some(read)) if n != 3 => assert!(read == *bytes),
            Err(StoreError::Corrupt(what)) if n == 3 => assert!(what.contains("CRC"), "{what}"),
            other => panic!("{n}: {:?}", other.map(|read| read.map(|read| read.len()))),
        }
    }
}

#[test]
fn damage_costs_no_more_than_its_partition() {
    type Damage = fn(&Path);
    let damages: [(&str, Damage); 5] = [
        ("text", |path| std::fs::write(path, "no database").unwrap()),
        ("empty", |path| std::fs::write(path, "").unwrap()),
        ("cut", |path| {
            let bytes = std::fs::read(path).unwrap();
            std::fs::write(path, &bytes[..bytes.len() / 3]).unwrap();
        }),
        ("zeroed", |path| {
            let length = std::fs::metadata(path).unwrap().len() as usize;
            std::fs::write(path, vec![0; length]).unwrap();
        }),
        ("noise", |path| {
            let mut bytes = std::fs::read(path).unwrap();
            for at in (4096..bytes.len() - 512).step_by(4096) {
                bytes[at..at + 64].copy_from_slice(&noise(at as u32, 64));
            }
            std::fs::write(path, bytes).unwrap();
        }),
    ];
    for (name, damage) in damages {
        for newest in [false, true] {
            let directory = tempfile::tempdir().unwrap();
            let images = open(directory.path(), small()).unwrap();
            let kept = fill_in_batches(&images, 0, 60, 43_600, 10);
            let number = if newest { images.partitions().len() as u32 } else { 2 };
            drop(images);
            damage(&file(directory.path(), number));
            let images = open(directory.path(), small())
                .unwrap_or_else(|error| panic!("{name} {newest}: {error}"));
            let more = fill_in_batches(&images, 100, 30, 43_600, 10);
            for _ in 0..2 {
                for (key, kind, bytes, place) in kept.iter().chain(&more) {
                    let read = images.read(*key, *kind, place);
                    if place.partition == number {
                        let lost = matches!(read, Err(StoreError::Corrupt(_)));
                        assert!(lost || read.unwrap() == Some(bytes.clone()), "{name} {newest}");
                    } else {
                        assert!(read.unwrap().as_ref() == Some(bytes), "{name} {newest}");
                    }
                }
            }
            images.remove_partition(number).unwrap();
        }
    }
}

#[test]
fn many_partitions_open_few_files() {
    let directory = tempfile::tempdir().unwrap();
    let options = ImagesOptions { partition_bytes_max: 20_000, ..ImagesOptions::default() };
    let images = open(directory.path(), options.clone()).unwrap();
    let kept = fill(&images, 0, 60, 15_000);
    assert_eq!(images.partitions().len(), 60);
    drop(images);
    let images = open(directory.path(), options).unwrap();
    assert_kept(&images, &kept);
    assert_kept(&images, &kept);
    let here = directory.path().to_string_lossy().into_owned();
    let open = std::fs::read_dir("/proc/self/fd")
        .unwrap()
        .filter_map(|entry| std::fs::read_link(entry.ok()?.path()).ok())
        .filter(|target| target.to_string_lossy().starts_with(&here))
        .count();
    assert!(open <= SEALED_OPEN_MAX + 1, "{open} files open");
}

#[test]
fn all_lengths_come_back() {
    let directory = tempfile::tempdir().unwrap();
    let images = open(directory.path(), ImagesOptions::default()).unwrap();
    let lengths = [0, 1, 4019, 4096, 65_536, 1 << 20];
    let jpegs: Vec<Jpeg> = lengths.iter().map(|length| jpeg(7, *length)).collect();
    let batch: Vec<_> = jpegs
        .iter()
        .enumerate()
        .map(|(n, jpeg)| (key(n as u32), ImageKind::ALL[n % 4], jpeg))
        .collect();
    let places = images.write(&batch).unwrap();
    assert_eq!(images.write(&[]).unwrap(), []);
    for ((key, kind, jpeg), place) in batch.iter().zip(&places) {
        assert_eq!((place.bytes as usize, place.width), (jpeg.bytes.len(), 7));
        let read = images.read(*key, *kind, place).unwrap().unwrap();
        assert!(read == jpeg.bytes, "{} bytes", jpeg.bytes.len());
    }
    let summary = images.summary(1).unwrap().unwrap();
    assert_eq!((summary.entries, summary.oldest), (6, Some(key(0))));
    let b = places[4];
    for wrong in [
        ImagePlace { offset: b.offset + 1, ..b },
        ImagePlace { offset: u32::MAX, ..b },
        ImagePlace { bytes: u32::MAX, ..b },
        ImagePlace { crc: b.crc ^ 1, ..b },
    ] {
        assert!(matches!(images.read(key(4), batch[4].1, &wrong), Err(StoreError::Corrupt(_))));
    }
    assert_eq!(images.read(key(4), batch[4].1, &ImagePlace { partition: 99, ..b }).unwrap(), None);
}

#[test]
fn segments_roll_and_hold_little_else() {
    let directory = tempfile::tempdir().unwrap();
    let images = open(directory.path(), small()).unwrap();
    let kept = fill(&images, 0, 200, 43_600);
    let infos = images.partitions();
    assert_eq!(infos.len(), 9);
    let closed: u64 = infos.iter().filter(|info| !info.active).map(|i| i.bytes_on_disk).sum();
    let jpegs = 43_600 * kept.iter().filter(|(.., place)| place.partition < 9).count() as u64;
    assert!(closed * 100 <= jpegs * 101, "{closed} bytes for {jpegs}");
    drop(images);
    let images = open(directory.path(), small()).unwrap();
    assert_kept(&images, &kept);
    let next = fill(&images, 500, 1, 10);
    assert_eq!(next[0].3.partition, 9, "goes on where it stopped");
    assert_eq!(images.summary(9).unwrap().unwrap().newest, Some(key(500)));
    let newest = kept.iter().rfind(|(.., place)| place.partition == 4).unwrap().0;
    assert_eq!(images.summary(4).unwrap().unwrap().newest, Some(newest));
    let on_disk: u64 = images.partitions().iter().map(|info| info.bytes_on_disk).sum();
    assert_eq!(images.bytes_on_disk(), on_disk);
}

#[test]
fn an_interrupted_append_is_cut_off() {
    let directory = tempfile::tempdir().unwrap();
    let images = open(directory.path(), small()).unwrap();
    let kept = fill(&images, 0, 5, 20_000);
    let whole = std::fs::metadata(file(directory.path(), 1)).unwrap().len();
    fill(&images, 5, 2, 20_000);
    let crashed = std::fs::read(file(directory.path(), 1)).unwrap();
    drop(images);
    // At every length and with holes: as far as the kernel got with the last two.
    let lengths = (whole..crashed.len() as u64).step_by(2_711).map(|length| (length, None));
    let holes = (whole..crashed.len() as u64 - 900)
        .step_by(5_003)
        .map(|hole| (crashed.len() as u64, Some(hole)));
    for (length, hole) in lengths.chain(holes) {
        let mut bytes = crashed[..length as usize].to_vec();
        if let Some(hole) = hole {
            bytes[hole as usize..hole as usize + 900].fill(0);
        }
        std::fs::write(file(directory.path(), 1), bytes).unwrap();
        let images = open(directory.path(), small()).unwrap();
        assert_kept(&images, &kept);
        let more = fill(&images, 100, 1, 999);
        assert_eq!(more[0].3.partition, 1);
        assert_kept(&images, &more);
        drop(images);
        let images = open(directory.path(), small()).unwrap();
        assert_kept(&images, &kept);
        assert_kept(&images, &more);
    }
}

#[test]
fn what_lies_behind_damage_is_not_cut_off() {
    let directory = tempfile::tempdir().unwrap();
    let images = open(directory.path(), small()).unwrap();
    let kept = fill(&images, 0, 6, 20_000);
    drop(images);
    let path = file(directory.path(), 1);
    let whole = std::fs::read(&path).unwrap();
    // In the head of the third frame, and in its body.
    for at in [kept[2].3.offset - 40, kept[2].3.offset + 7] {
        let mut bytes = whole.clone();
        bytes[at as usize] ^= 1;
        std::fs::write(&path, &bytes).unwrap();
        let images = open(directory.path(), small()).unwrap();
        for (n, (key, kind, bytes, place)) in kept.iter().enumerate().filter(|(n, _)| *n != 2) {
            assert!(images.read(*key, *kind, place).unwrap().as_ref() == Some(bytes), "{n}");
        }
        let entries = images.summary(1).unwrap().unwrap().entries;
        assert!(entries >= 5, "{entries}");
        drop(images);
        assert_eq!(std::fs::metadata(&path).unwrap().len(), whole.len() as u64);
    }
}
