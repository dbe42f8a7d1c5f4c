//! Processor time: what a question costs when nobody else is there.

/// Processor time of this thread so far, microseconds.
pub(crate) fn thread_us() -> u64 {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
    time.tv_sec as u64 * 1_000_000 + time.tv_nsec as u64 / 1000
}

/// Processor time of all threads of process `pid` that live, microseconds. What a thread takes is
/// in there as soon as it sleeps.
pub(crate) fn process_us(pid: u32) -> u64 {
    let threads = std::fs::read_dir(format!("/proc/{pid}/task")).into_iter().flatten().flatten();
    let taken = |thread: std::fs::DirEntry| -> Option<u64> {
        let text = std::fs::read_to_string(thread.path().join("schedstat")).ok()?;
        text.split_whitespace().next()?.parse().ok()
    };
    threads.filter_map(taken).sum::<u64>() / 1000
}

/// Processor time process `pid` (or `self`) has taken so far, those that ended included, seconds.
pub(crate) fn process_seconds(pid: &str) -> f64 {
    let text = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    let after_name = text.rsplit(')').next().unwrap_or_default();
    let ticks: f64 = after_name
        .split_whitespace()
        .skip(11)
        .take(2)
        .filter_map(|ticks| ticks.parse::<f64>().ok())
        .sum();
    // USER_HZ, the same on every Linux that this runs on.
    ticks / 100.0
}
