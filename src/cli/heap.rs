//! Keeps glibc's heap small. By default it gives every connection thread an arena of its own and
//! never hands large freed blocks back once it has seen one: 84 MB under load where 42 suffice. The
//! price is a quarter of the ingest rate, see docs/benchmarks.md.
//! The settings are read from the environment before `main`, so the program starts itself once
//! more with them, in the same process. Other C libraries need nothing.

/// What glibc reads (mallopt(3)): arenas, and the size from which a block is the system's own and
/// goes back to it when freed, bytes.
const SETTINGS: [(&str, &str); 3] = [
    ("MALLOC_ARENA_MAX", "2"),
    ("MALLOC_MMAP_THRESHOLD_", "131072"),
    ("MALLOC_TRIM_THRESHOLD_", "131072"),
];

/// Starts the program again with a small heap, unless somebody has set one. Returns when that is
/// not needed or not possible; the box then works all the same.
pub(super) fn make_small() {
    use std::os::unix::process::CommandExt as _;

    let chosen = SETTINGS.iter().any(|(name, _)| std::env::var_os(name).is_some());
    if chosen || !cfg!(all(target_os = "linux", target_env = "gnu")) {
        return;
    }
    let mut arguments = std::env::args_os();
    let mut again = std::process::Command::new("/proc/self/exe");
    if let Some(name) = arguments.next() {
        again.arg0(name);
    }
    let error = again.args(arguments).envs(SETTINGS).exec();
    log::debug!("the heap stays as it is: {error}");
}
