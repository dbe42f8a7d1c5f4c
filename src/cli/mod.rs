//! cli.

use std::ffi::OsString;
use std::process::ExitCode;

/// Runs.
pub fn run(_args: impl Iterator<Item = OsString>) -> ExitCode {
    ExitCode::SUCCESS
}
