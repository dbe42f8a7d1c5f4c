//! A disk that is nearly full: senders are told to come again, everything else goes on.

use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use crate::harness::WEBHOOK;
use crate::harness::binary::{PASSWORD, Running, user_add};
use crate::harness::client::{Client, Response};
use crate::harness::payload::group;

/// A filesystem of its own.
struct SmallDisk(tempfile::TempDir);

impl SmallDisk {
    /// `None` when this process may not mount one; with `REQUIRE_TOOLS=1` that is a failure.
    fn mount(mebibytes: u32) -> Option<Self> {
        let at = tempfile::tempdir().unwrap();
        let mounted = Command::new("mount")
            .args(["-t", "tmpfs", "-o", &format!("size={mebibytes}m"), "tmpfs"])
            .arg(at.path())
            .output()
            .is_ok_and(|output| output.status.success());
        if !mounted {
            let required = std::env::var("REQUIRE_TOOLS").is_ok_and(|value| value == "1");
            assert!(!required, "a tmpfs cannot be mounted");
            println!("LEFT OUT: a tmpfs cannot be mounted, so no disk gets full");
            return None;
        }
        Some(Self(at))
    }

    fn path(&self) -> &Path {
        self.0.path()
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(self.path()).output();
    }
}

/// Posts read `number` until the answer is `status`; a look at the disk is believed for a second.
#[track_caller]
fn post_until(sender: &mut Client, number: &mut u64, status: u16) -> Response {
    let begun = Instant::now();
    loop {
        *number += 1;
        let answer = sender.post_json(WEBHOOK, group(*number).to_string().as_bytes());
        if answer.status == status {
            return answer;
        }
        assert!(begun.elapsed() < Duration::from_secs(10), "{}: {}", answer.status, answer.text());
        std::thread::sleep(Duration::from_millis(100));
    }
}

#[test]
fn below_the_floor_reads_wait_and_pages_work() {
    let Some(disk) = SmallDisk::mount(110) else { return };
    let data = disk.path().join("data");
    let key = user_add(&data, "owner", true);
    let running = Running::start(&data);
    let mut sender = Client::with_key(running.address, &key);
    let mut number = 0;
    let answer = post_until(&mut sender, &mut number, 200).json();
    let id = answer["id"].as_str().unwrap().to_owned();

    let ballast = disk.path().join("ballast");
    std::fs::write(&ballast, vec![1; 50 << 20]).unwrap();
    let refused = post_until(&mut sender, &mut number, 503);
    let wait: u64 = refused.header("retry-after").parse().expect("Retry-After in seconds");
    assert!((1..=600).contains(&wait), "{wait}");
    assert!(refused.text().contains("disk"), "{}", refused.text());

    // Whoever looks notices nothing but the figures.
    let mut owner = Client::new(running.address);
    owner
        .submit("/sign-in", "/sign-in", &[("username", "owner"), ("password", PASSWORD)])
        .expect(303);
    let page = format!("/captures/{id}");
    let image = format!("/captures/{id}/images/plate");
    for path in ["/", "/search", "/settings/webhook", "/profile", "/healthz", &page, &image] {
        owner.get(path).expect(200);
    }
    let metrics = owner.get("/metrics").expect(200).text();
    assert!(metrics.contains("webhook_refused_total{reason=\"busy\"}"), "{metrics}");

    std::fs::remove_file(&ballast).unwrap();
    post_until(&mut sender, &mut number, 200);
    let (_, well) = running.terminate();
    assert!(well);
}
