//! The threads: who runs when. What they do is decided in the layers below; what happens to be
//! HTTP stays above.

pub mod abuse;
pub mod guard;
pub mod ingest;
pub mod janitor;
pub mod outbox;
pub mod pulls;
mod queue;

use std::thread::JoinHandle;

/// Starts a named thread.
///
/// # Errors
/// When the operating system has no thread to give.
pub fn spawn(name: &str, work: impl FnOnce() + Send + 'static) -> std::io::Result<JoinHandle<()>> {
    std::thread::Builder::new().name(name.to_owned()).spawn(work)
}
