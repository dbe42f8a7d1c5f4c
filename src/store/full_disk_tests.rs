//! What a really full disk does to the store and the images, on a small tmpfs.

use std::path::{Path, PathBuf};
use std::process::Command;

use super::images::{ImagePlace, Images, ImagesOptions, Position};
use super::space::Floor;
use super::{Store, StoreError, StoreOptions};
use crate::base::clock::{Clock, Timestamp};
use crate::base::limits::SPACE_GRAIN_MS;
use crate::model::capture::{CaptureKey, ImageKind, Jpeg};

/// A filesystem of a given size with a file in it that can be taken away.
struct SmallDisk {
    at: tempfile::TempDir,
}

impl SmallDisk {
    /// `None` when this process may not mount one; with `REQUIRE_TOOLS=1` that is a failure.
    fn mount(mebibytes: u32) -> Option<Self> {
        let at = tempfile::tempdir().unwrap();
        let size = format!("size={mebibytes}m");
        let mount = Command::new("mount")
            .args(["-t", "tmpfs", "-o", &size, "tmpfs"])
            .arg(at.path())
            .output();
        let mounted = mount.is_ok_and(|output| output.status.success());
        if !mounted {
            let required = std::env::var("REQUIRE_TOOLS").is_ok_and(|value| value == "1");
            assert!(!required, "a tmpfs cannot be mounted");
            eprintln!("LEFT OUT: a tmpfs cannot be mounted, so no disk gets full");
            return None;
        }
        Some(Self { at })
    }

    fn path(&self) -> &Path {
        self.at.path()
    }

    fn ballast(&self) -> PathBuf {
        self.path().join("ballast")
    }

    fn fill(&self, mebibytes: usize) {
        std::fs::write(self.ballast(), vec![1; mebibytes << 20]).unwrap();
    }

    /// Takes the last bytes.
    fn stuff(&self) {
        let mut bytes = 1 << 20;
        for n in 0.. {
            if std::fs::write(self.path().join(format!("stuffing{n}")), vec![1; bytes]).is_err() {
                if bytes == 4096 {
                    return;
                }
                bytes = 4096;
            }
        }
    }

    fn free(&self) {
        for entry in std::fs::read_dir(self.path()).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            if name == "ballast" || name.starts_with("stuffing") {
                std::fs::remove_file(path).unwrap();
            }
        }
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(self.at.path()).output();
    }
}

fn jpeg(n: u32) -> Jpeg {
    let bytes = (0..40_000_u32).map(|i| (i.wrapping_mul(n + 77) >> 5) as u8).collect();
    Jpeg { bytes, width: n, height: 1 }
}

fn add(images: &Images, n: u32) -> Result<ImagePlace, StoreError> {
    let jpeg = jpeg(n);
    Ok(images.write(&[(CaptureKey(u64::from(n)), ImageKind::Vehicle, &jpeg)])?[0])
}

fn assert_kept(images: &Images, places: &[(u32, ImagePlace)]) {
    for (n, place) in places {
        let read = images.read(CaptureKey(u64::from(*n)), ImageKind::Vehicle, place).unwrap();
        assert!(read == Some(jpeg(*n).bytes), "{n}");
    }
}

#[test]
fn images_survive_a_full_disk() {
    let Some(disk) = SmallDisk::mount(24) else { return };
    disk.fill(16);
    let open = || Images::open(disk.path(), ImagesOptions::default(), Position::default()).unwrap();
    let images = open();
    let mut places = Vec::new();
    let refused = (0..1000).find_map(|n| match add(&images, n) {
        Ok(place) => {
            places.push((n, place));
            None
        }
        Err(error) => Some(error),
    });
    assert!(matches!(refused, Some(StoreError::Full)), "{refused:?}");
    assert!(places.len() > 50, "{}", places.len());
    assert_kept(&images, &places);
    // Still full: trying again costs nothing.
    disk.stuff();
    for _ in 0..3 {
        assert!(matches!(add(&images, 1000), Err(StoreError::Full)));
        assert_kept(&images, &places);
    }
    // A start on a full disk.
    drop(images);
    let images = open();
    assert_kept(&images, &places);
    assert!(matches!(add(&images, 1000), Err(StoreError::Full)));
    assert_kept(&images, &places);
    assert_eq!(images.partitions().len(), 1, "a refused write leaves no file behind");
    disk.free();
    for n in 1000..1100 {
        places.push((n, add(&images, n).unwrap()));
    }
    assert_kept(&images, &places);
    drop(images);
    assert_kept(&open(), &places);
}

#[test]
fn records_survive_a_full_disk() {
    let Some(disk) = SmallDisk::mount(24) else { return };
    disk.fill(12);
    // The cache is too small to hide that reads need the file.
    let options = StoreOptions { records_cache_bytes: 64 * 1024, ..StoreOptions::default() };
    let store = Store::open(disk.path(), options).unwrap();
    let put = |n: u32| {
        store.write(|tx| tx.put_setting(&format!("test.{n}"), &n.to_string().repeat(20_000)))
    };
    let assert_kept = |count: u32| {
        for n in 0..count {
            let text = store.read(|tx| tx.setting(&format!("test.{n}"))).unwrap();
            assert!(text == Some(n.to_string().repeat(20_000)), "{n}");
        }
    };
    let (count, refused) = (0..).find_map(|n| put(n).err().map(|error| (n, error))).unwrap();
    assert!(matches!(refused, StoreError::Full), "{refused:?}");
    assert!(count > 20, "{count}");
    assert_kept(count);
    disk.stuff();
    // Still full: writes are refused, reads go on.
    for _ in 0..3 {
        assert!(matches!(put(count), Err(StoreError::Full)));
        assert_kept(count);
    }
    drop(store);
    let store = Store::open(disk.path(), StoreOptions::default()).unwrap();
    let put = |n: u32| {
        store.write(|tx| tx.put_setting(&format!("test.{n}"), &n.to_string().repeat(20_000)))
    };
    assert!(put(count).is_err());
    let first = store.read(|tx| tx.setting("test.3")).unwrap();
    assert_eq!(first, Some("3".repeat(20_000)), "a start on a full disk");
    disk.free();
    put(count).unwrap();
    drop(store);
    let store = Store::open(disk.path(), StoreOptions::default()).unwrap();
    let last = store.read(|tx| tx.setting(&format!("test.{count}"))).unwrap();
    assert_eq!(last, Some(count.to_string().repeat(20_000)));
}

#[test]
fn reopening_waits_for_readers_but_not_for_ever() {
    let directory = tempfile::tempdir().unwrap();
    let store = Store::open(directory.path(), StoreOptions::default()).unwrap();
    store.write(|tx| tx.put_setting("test.a", "kept")).unwrap();
    let read = || store.read(|tx| tx.setting("test.a")).unwrap();
    // A reader that does not end in time keeps the old handle, and nothing is lost.
    store
        .read(|tx| {
            assert!(matches!(store.reopen(), Err(StoreError::Busy)));
            assert_eq!(tx.setting("test.a")?.as_deref(), Some("kept"));
            Ok(())
        })
        .unwrap();
    assert_eq!(read().as_deref(), Some("kept"));
    // One that ends soon is waited for, and reads to the end.
    std::thread::scope(|scope| {
        let (begun, wait) = std::sync::mpsc::channel();
        let store = &store;
        scope.spawn(move || {
            store
                .read(|tx| {
                    begun.send(()).unwrap();
                    std::thread::sleep(std::time::Duration::from_millis(200));
                    assert_eq!(tx.setting("test.a")?.as_deref(), Some("kept"));
                    Ok(())
                })
                .unwrap();
        });
        wait.recv().unwrap();
        store.reopen().unwrap();
    });
    store.write(|tx| tx.put_setting("test.b", "too")).unwrap();
    assert_eq!(read().as_deref(), Some("kept"));
}

#[test]
fn the_floor_comes_before_the_full_disk() {
    let Some(disk) = SmallDisk::mount(24) else { return };
    let clock = Clock::manual(Timestamp(0));
    let floor = Floor::with_bounds(disk.path(), clock.clone(), 8 << 20, 10 << 20);
    floor.check().unwrap();
    disk.fill(17);
    floor.check().unwrap();
    clock.advance_ms(SPACE_GRAIN_MS);
    assert!(matches!(floor.check(), Err(StoreError::Full)));
    disk.free();
    floor.forget();
    floor.check().unwrap();
    assert_eq!(floor.free_bytes().unwrap(), 24 << 20);
}
