//! `demo`: the real box on a temporary store, with simulated agents that post to it, so that a
//! newcomer sees it alive. Everything is gone when it stops.

use std::io::Write as _;
use std::path::{Path, PathBuf};

use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::iterator::Signals;

use super::Failure;
use super::args::DemoOptions;
use crate::app::{App, Options};
use crate::auth::password::Hasher;
use crate::auth::token;
use crate::base::clock::{Clock, Timestamp};
use crate::base::random;
use crate::base::secret::Secret;
use crate::base::stop::Stop;
use crate::cli::fill::{Fill, Images};
use crate::domain::captures;
use crate::domain::setup;
use crate::domain::users::NewUser;
use crate::model::user::{Email, Role, Username};
use crate::sim::agent::Agents;
use crate::sim::traffic::World;
use crate::store::StoreOptions;
use crate::worker;

/// Captures of the history.
const CAPTURES: u64 = 12_000;
/// Days of the history.
const DAYS: u32 = 35;
/// Seed of the world.
const SEED: u64 = 1;
/// Newest captures of the history that have pictures.
const PICTURED: u64 = 240;

/// Runs `demo`.
///
/// # Errors
/// [`Failure`] with one line.
pub fn run(options: &DemoOptions) -> Result<(), Failure> {
    super::heap::make_small();
    show(&options.listen.to_string()).map_err(|error| Failure::failed("demo", error))
}

fn show(listen: &str) -> Result<(), Box<dyn std::error::Error>> {
    // Before anything that takes time, so that Ctrl-C always cleans up.
    let mut signals = Signals::new([SIGINT, SIGTERM])?;
    let scratch = Scratch::new()?;
    let clock = Clock::System;
    say("Drawing a few weeks of traffic ...");
    history(scratch.path()).write(clock.now(), &mut |_| {})?;
    let password = random::token(12);
    let key = account(scratch.path(), &password, clock.now())?;
    let app = App::start(Options::new(listen, scratch.path()))?;
    let address = app.address();
    let stop = Stop::new();
    let agents = {
        let (stop, clock) = (stop.clone(), clock.clone());
        let world = World::new(SEED, CAPTURES);
        worker::spawn("demo-agents", move || {
            Agents::new(world, address, key.expose(), clock, CAPTURES).run(&stop);
        })?
    };
    say(&format!(
        "\n  http://{address}/\n  user name  {USERNAME}\n  password   {password}\n\n\
         Two simulated agents with six cameras post every few seconds. Ctrl-C ends the demo and \
         removes its data."
    ));
    signals.forever().next();
    say("Stopping ...");
    stop.stop();
    if agents.join().is_err() {
        log::error!("the simulated agents had panicked");
    }
    app.stop();
    Ok(())
}

const USERNAME: &str = "demo";

fn history(data: &Path) -> Fill {
    Fill {
        captures: CAPTURES,
        days: DAYS,
        seed: SEED,
        images: Images::All,
        pictured: PICTURED,
        data: data.to_owned(),
    }
}

/// Makes the account; returns its API key.
fn account(
    data: &Path,
    password: &str,
    now: Timestamp,
) -> Result<Secret, Box<dyn std::error::Error>> {
    let username = Username::parse(USERNAME).ok_or("the user name is not one")?;
    let email = Email::parse("demo@example.com").ok_or("the address is not one")?;
    let password_hash = Hasher::new().hash(password).ok_or("the password cannot be hashed")?;
    let store = captures::open(data, StoreOptions::default())?;
    let key = store.write(|tx| {
        let new = NewUser {
            username,
            email,
            name: "Demo".to_owned(),
            role: Role::Super,
            password_hash,
            time_zone: String::new(),
        };
        let user = setup::claim(tx, new, now)?;
        token::first(tx, user.id, now)
    })?;
    store.close()?;
    Ok(key.secret)
}

fn say(text: &str) {
    // A closed standard output does not stop the demo.
    let _ = writeln!(std::io::stdout(), "{text}");
}

/// A directory of our own that vanishes with this value.
struct Scratch(PathBuf);

impl Scratch {
    fn new() -> std::io::Result<Self> {
        use std::os::unix::fs::DirBuilderExt as _;
        let path = std::env::temp_dir().join(format!("openalpr-webhook-demo-{}", random::token(9)));
        // Fails when it exists: nobody can prepare it for us.
        std::fs::DirBuilder::new().mode(0o700).create(&path)?;
        Ok(Self(path))
    }

    fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        if let Err(error) = std::fs::remove_dir_all(&self.0) {
            log::warn!("{} is left behind: {error}", self.0.display());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Scratch, account};
    use crate::base::clock::Timestamp;

    #[test]
    fn the_scratch_directory_vanishes() {
        let scratch = Scratch::new().unwrap();
        let path = scratch.path().to_owned();
        std::fs::write(path.join("file"), "x").unwrap();
        drop(scratch);
        assert!(!path.exists());
    }

    #[test]
    fn the_account_is_ready_once() {
        let directory = tempfile::tempdir().unwrap();
        let key = account(directory.path(), "a good password", Timestamp(5)).unwrap();
        assert!(key.expose().len() > 20);
        assert!(account(directory.path(), "a good password", Timestamp(6)).is_err());
    }
}
