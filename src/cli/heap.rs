//! Keeps glibc's heap from growing for good. By default it gives every connection thread an arena of
//! its own, and once a large block was freed (a password hash takes 19 MiB) it keeps blocks of that
//! size in each of them instead of handing them back. The settings are read from the environment
//! before `main`, so the program starts itself once more with them, in the same process. Other C
//! libraries need nothing.

/// What glibc reads (mallopt(3)): arenas, the size from which a block is the system's own and goes
/// back to it when freed, and how much may lie unused at the end of an arena, bytes. Smaller sizes
/// make every read fetch its pages anew from the system.
const SETTINGS: [(&str, &str); 3] = [
    ("MALLOC_ARENA_MAX", "2"),
    ("MALLOC_MMAP_THRESHOLD_", "1048576"),
    ("MALLOC_TRIM_THRESHOLD_", "2097152"),
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
