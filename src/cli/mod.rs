//! The command line: arguments in, one verb run, exit code out. Results go to standard output,
//! one clear line about a failure to standard error.

pub mod args;
pub mod boot;
pub mod check;
pub mod demo;
pub mod fill;
mod heap;
pub mod import;
pub mod serve;
pub mod unban;
pub mod user;

use std::ffi::OsString;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use crate::base::log as sink;
use crate::domain::captures;
use crate::store::{Store, StoreError, StoreOptions};

use args::{Command, Invocation};

/// Why a command failed.
#[derive(Debug, PartialEq, Eq)]
pub enum Failure {
    /// The command line or the configuration file is wrong: exit code 2.
    Usage(String),
    /// Everything else: exit code 1.
    Failed(String),
}

impl Failure {
    /// Something went wrong while `doing` it.
    pub fn failed(doing: &str, error: impl std::fmt::Display) -> Self {
        Self::Failed(format!("{doing}: {error}"))
    }
}

/// Runs the program with `arguments`, the name of the program left out.
pub fn run(arguments: impl Iterator<Item = OsString>) -> ExitCode {
    let arguments: Vec<OsString> = arguments.collect();
    let environment = |name: &str| std::env::var_os(name);
    match args::parse(arguments, &environment).and_then(dispatch) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            let (message, hint, code) = match failure {
                Failure::Usage(message) => (message, " (see --help)", 2),
                Failure::Failed(message) => (message, "", 1),
            };
            // Nobody can be told when standard error is closed.
            let _ = writeln!(std::io::stderr().lock(), "openalpr-webhook: {message}{hint}");
            ExitCode::from(code)
        }
    }
}

fn dispatch(invocation: Invocation) -> Result<(), Failure> {
    sink::install(invocation.log);
    match invocation.command {
        Command::Help => say(&args::help()),
        Command::Version => say(&args::version()),
        Command::Serve(options) => serve::run(&options),
        Command::Demo(options) => demo::run(&options),
        Command::Fill(options) => fill::run(&options),
        Command::UserAdd(options) => user::add(&options),
        Command::ResetPassword(options) => user::reset_password(&options),
        Command::ResetSecondFactor(options) => user::reset_second_factor(&options),
        Command::Check { data } => check::run(&data),
        Command::Import { file, data } => import::run(&file, &data),
        Command::Unban { address, data } => unban::run(&address, &data),
    }
}

/// Writes `text` and a line end to standard output.
pub(crate) fn say(text: &str) -> Result<(), Failure> {
    let mut out = std::io::stdout().lock();
    writeln!(out, "{text}")
        .and_then(|()| out.flush())
        .map_err(|error| Failure::failed("cannot write the result", error))
}

/// Opens the store in `data` for a command that works while the box is not running.
pub(crate) fn open_store(data: &Path) -> Result<Store, Failure> {
    captures::open(data, store_options()).map_err(|error| {
        let hint = match error {
            StoreError::Busy => ": stop the box first",
            _ => "",
        };
        Failure::Failed(format!("cannot open the store in {}: {error}{hint}", data.display()))
    })
}

/// The same for a command that makes no sense without a store that is already there.
pub(crate) fn open_existing_store(data: &Path) -> Result<Store, Failure> {
    if data.join("records.redb").is_file() {
        open_store(data)
    } else {
        Err(Failure::Failed(format!("there is no store in {}: check --data", data.display())))
    }
}

/// The usual options, with the key of the secrets where systemd put it.
pub(crate) fn store_options() -> StoreOptions {
    let credentials = std::env::var_os("CREDENTIALS_DIRECTORY").map(PathBuf::from);
    StoreOptions { credentials, ..StoreOptions::default() }
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        Self::Failed(error.to_string())
    }
}
