//! What the benches share: a box in its own process, a small HTTP client, and figures. Only
//! loopback and the standard library, so that the load costs as little as possible.

#![allow(dead_code, reason = "every bench uses its own part")]

pub(crate) mod bare;
pub(crate) mod cpu;
pub(crate) mod http;
pub(crate) mod load;
pub(crate) mod server;

use std::path::Path;
use std::time::Duration;

/// What a bench may fail with: it prints it and gives up.
pub(crate) type Failure = Box<dyn std::error::Error + Send + Sync>;

/// The value of `--name VALUE` among the arguments, else `fallback`. Cargo's own are skipped.
pub(crate) fn argument<T: std::str::FromStr>(name: &str, fallback: T) -> T {
    let mut arguments = std::env::args().skip_while(|argument| argument != name);
    arguments.nth(1).and_then(|value| value.parse().ok()).unwrap_or(fallback)
}

/// The middle value; 0 for none.
pub(crate) fn median(values: &[f64]) -> f64 {
    percentile(values, 0.5)
}

/// The value below which `share` of the values lie; 0 for none.
pub(crate) fn percentile(values: &[f64], share: f64) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let at = ((sorted.len() as f64 * share).ceil() as usize).saturating_sub(1);
    sorted.get(at).copied().unwrap_or(0.0)
}

/// Milliseconds with three digits.
pub(crate) fn ms(duration: Duration) -> f64 {
    round(duration.as_secs_f64() * 1e3)
}

/// Three digits behind the point.
pub(crate) fn round(value: f64) -> f64 {
    (value * 1e3).round() / 1e3
}

/// A figure of `/proc/PID/status` in KiB, such as `VmRSS`; `pid` may be `self`.
pub(crate) fn memory_kib(pid: &str, name: &str) -> u64 {
    let text = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    let line = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
    line.and_then(|value| value.split_whitespace().next()?.parse().ok()).unwrap_or_default()
}

/// Bytes that the files below `directory` occupy on disk.
pub(crate) fn disk_bytes(directory: &Path) -> u64 {
    use std::os::unix::fs::MetadataExt as _;
    let entries = std::fs::read_dir(directory).into_iter().flatten().flatten();
    entries
        .map(|entry| match entry.metadata() {
            Ok(metadata) if metadata.is_dir() => disk_bytes(&entry.path()),
            Ok(metadata) => metadata.blocks() * 512,
            Err(_) => 0,
        })
        .sum()
}
