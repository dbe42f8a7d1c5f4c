//! Arguments to [`Command`]. Verbs and flags are declared once; the parser and the help text both
//! come from these tables.

use std::ffi::OsString;
use std::fmt::Write as _;
use std::net::SocketAddr;
use std::path::PathBuf;

use lexopt::Arg;

use crate::domain::toml_file::nearest;

use super::Failure;
use super::boot::{self, Environment};

/// What the user wants, complete: defaults, environment and file are already in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Command {
    /// Print the help text.
    Help,
    /// Print the version.
    Version,
    /// Run the box.
    Serve(ServeOptions),
    /// Run the box on a temporary store with simulated agents.
    Demo(DemoOptions),
    /// Write synthetic history.
    Fill(FillOptions),
    /// Add an account.
    UserAdd(UserAddOptions),
    /// Set the password of an account and end its sessions.
    ResetPassword(AccountOptions),
    /// Remove the second factor of an account and end its sessions.
    ResetSecondFactor(AccountOptions),
    /// Verify the store.
    Check {
        /// Data directory.
        data: PathBuf,
    },
    /// Lift bans.
    Unban {
        /// Address, range or `all`.
        address: String,
        /// Data directory.
        data: PathBuf,
    },
    /// Apply a settings file.
    Import {
        /// The file.
        file: PathBuf,
        /// Data directory.
        data: PathBuf,
    },
}

/// A command and how much to log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Invocation {
    /// What to do.
    pub command: Command,
    /// Log level.
    pub log: log::LevelFilter,
}

/// Options of `serve`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServeOptions {
    /// Address and port to listen on.
    pub listen: SocketAddr,
    /// Data directory.
    pub data: PathBuf,
}

/// Options of `demo`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DemoOptions {
    /// Address and port to listen on.
    pub listen: SocketAddr,
}

/// Options of `fill`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FillOptions {
    /// How many captures.
    pub captures: u64,
    /// Over how many days back from now.
    pub days: u32,
    /// Seed of the simulation; the same seed gives the same history.
    pub seed: u64,
    /// Data directory.
    pub data: PathBuf,
}

/// Options of `user add`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UserAddOptions {
    /// Name to sign in with, as typed.
    pub username: String,
    /// Address, as typed.
    pub email: String,
    /// Whether it becomes an administrator.
    pub admin: bool,
    /// Data directory.
    pub data: PathBuf,
}

/// Options of `user reset-password` and `user reset-second-factor`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccountOptions {
    /// Name of the account, as typed.
    pub username: String,
    /// Data directory.
    pub data: PathBuf,
}

struct Flag {
    name: &'static str,
    /// Placeholder of its value, `""` for a switch.
    value: &'static str,
    help: &'static str,
}

const fn flag(name: &'static str, value: &'static str, help: &'static str) -> Flag {
    Flag { name, value, help }
}

const FLAGS: &[Flag] = &[
    flag("listen", "ADDR", "address and port to listen on [OALPRWH_LISTEN, 0.0.0.0:8080]"),
    flag("data", "DIR", "data directory [OALPRWH_DATA, $STATE_DIRECTORY or ./data]"),
    flag("config", "FILE", "TOML file with listen, data and log [OALPRWH_CONFIG]"),
    flag("log", "LEVEL", "error, warn, info or debug [OALPRWH_LOG, info]"),
    flag("captures", "N", "captures to write"),
    flag("days", "D", "days back from now over which they spread"),
    flag("seed", "S", "seed of the simulation [1]"),
    flag("username", "NAME", "name to sign in with"),
    flag("email", "ADDRESS", "e-mail address"),
    flag("admin", "", "make an administrator; the first account of all is the super admin"),
    flag("password-stdin", "", "read the password from standard input"),
];

struct Verb {
    name: &'static str,
    operand: &'static str,
    flags: &'static [&'static str],
    help: &'static str,
}

const VERBS: &[Verb] = &[
    Verb {
        name: "serve",
        operand: "",
        flags: &["listen", "data", "config", "log"],
        help: "run the box (the default)",
    },
    Verb {
        name: "demo",
        operand: "",
        flags: &["listen", "config", "log"],
        help: "run it on a temporary store with simulated agents",
    },
    Verb {
        name: "fill",
        operand: "",
        flags: &["captures", "days", "seed", "data", "config", "log"],
        help: "write synthetic history",
    },
    Verb {
        name: "user add",
        operand: "",
        flags: &["username", "email", "admin", "password-stdin", "data", "config", "log"],
        help: "add an account and print its API key",
    },
    Verb {
        name: "user reset-password",
        operand: "",
        flags: &["username", "password-stdin", "data", "config", "log"],
        help: "set a password and end the account's sessions",
    },
    Verb {
        name: "user reset-second-factor",
        operand: "",
        flags: &["username", "data", "config", "log"],
        help: "remove it, for whoever lost phone and recovery codes",
    },
    Verb {
        name: "check",
        operand: "",
        flags: &["data", "config", "log"],
        help: "verify the store",
    },
    Verb {
        name: "unban",
        operand: "ADDRESS",
        flags: &["data", "config", "log"],
        help: "let a banned address in again, or all of them: unban all",
    },
    Verb {
        name: "import",
        operand: "FILE",
        flags: &["data", "config", "log"],
        help: "apply a settings file: all of it or nothing",
    },
];

/// The help text.
pub fn help() -> String {
    let mut text = String::from(
        "openalpr-webhook: keeps every plate read Rekor Scout sends, and finds it in a blink.\n\n\
         Usage: openalpr-webhook [COMMAND] [OPTIONS]\n\nCommands:\n",
    );
    for verb in VERBS {
        let name = format!("{} {}", verb.name, verb.operand);
        let _ = writeln!(text, "  {name:<22} {}", verb.help);
        let usage: Vec<String> = verb.flags.iter().map(|name| format!("--{name}")).collect();
        let _ = writeln!(text, "  {:<22} {}", "", usage.join(" "));
    }
    text.push_str("\nOptions:\n");
    for Flag { name, value, help } in FLAGS {
        let name = format!("--{name} {value}");
        let _ = writeln!(text, "  {name:<22} {help}");
    }
    let _ = writeln!(text, "  {:<22} print this text", "-h, --help");
    let _ = writeln!(text, "  {:<22} print the version", "-V, --version");
    text.push_str(
        "\nA flag stands above the environment, that above the file, that above the default.\n\
         Exit codes: 0 done, 1 failed, 2 wrong usage.",
    );
    text
}

/// The version line.
pub fn version() -> String {
    format!("openalpr-webhook {}", env!("CARGO_PKG_VERSION"))
}

/// What was typed: a verb, its flags and its operand.
struct Typed {
    verb: &'static Verb,
    flags: Vec<(&'static str, OsString)>,
    operand: Option<OsString>,
}

/// Parses `arguments` and fills in what `environment`, the configuration file and the defaults
/// say.
///
/// # Errors
/// [`Failure::Usage`] with one line.
pub fn parse(
    arguments: Vec<OsString>,
    environment: &Environment<'_>,
) -> Result<Invocation, Failure> {
    let typed = match split(arguments)? {
        Split::Help => return Ok(quiet(Command::Help)),
        Split::Version => return Ok(quiet(Command::Version)),
        Split::Typed(typed) => typed,
    };
    let find = |name: &str| {
        let found = typed.flags.iter().find(|(flag, _)| *flag == name);
        found.map(|(_, value)| value.clone())
    };
    let boot = boot::resolve(&find, environment)?;
    let needed = |name: &str| {
        let value = find(name).ok_or_else(|| usage(format!("--{name} is needed")))?;
        value.into_string().map_err(|_| usage(format!("--{name} is not valid text")))
    };
    let password = || match find("password-stdin") {
        Some(_) => Ok(()),
        None => Err(usage("--password-stdin is needed: the password is read from standard input")),
    };
    let data = boot.data;
    let command = match typed.verb.name {
        "demo" => Command::Demo(DemoOptions { listen: boot.listen }),
        "fill" => Command::Fill(FillOptions {
            captures: number(&needed("captures")?, "captures")?,
            days: number(&needed("days")?, "days")?,
            seed: find("seed").map_or(Ok(1), |_| number(&needed("seed")?, "seed"))?,
            data,
        }),
        "user add" => {
            password()?;
            Command::UserAdd(UserAddOptions {
                username: needed("username")?,
                email: needed("email")?,
                admin: find("admin").is_some(),
                data,
            })
        }
        "user reset-password" => {
            password()?;
            Command::ResetPassword(AccountOptions { username: needed("username")?, data })
        }
        "user reset-second-factor" => {
            Command::ResetSecondFactor(AccountOptions { username: needed("username")?, data })
        }
        "check" => Command::Check { data },
        "unban" => {
            let address = typed.operand.and_then(|word| word.into_string().ok());
            let address = address.ok_or_else(|| usage("unban needs an ADDRESS"))?;
            Command::Unban { address, data }
        }
        "import" => {
            let file = typed.operand.ok_or_else(|| usage("import needs a FILE"))?;
            Command::Import { file: file.into(), data }
        }
        _ => Command::Serve(ServeOptions { listen: boot.listen, data }),
    };
    Ok(Invocation { command, log: boot.log })
}

enum Split {
    Help,
    Version,
    Typed(Typed),
}

fn split(arguments: Vec<OsString>) -> Result<Split, Failure> {
    let mut parser = lexopt::Parser::from_args(arguments);
    let mut words: Vec<OsString> = Vec::new();
    let mut flags: Vec<(&'static str, OsString)> = Vec::new();
    let wrong = |error: lexopt::Error| usage(error.to_string());
    while let Some(argument) = parser.next().map_err(wrong)? {
        match argument {
            Arg::Short('h') | Arg::Long("help") => return Ok(Split::Help),
            Arg::Short('V') | Arg::Long("version") => return Ok(Split::Version),
            Arg::Short(letter) => return Err(usage(format!("unknown option -{letter}"))),
            Arg::Long(name) => {
                let flag = known_flag(name)?;
                let value = match flag.value {
                    "" => OsString::new(),
                    _ => parser.value().map_err(wrong)?,
                };
                if flags.iter().any(|(seen, _)| *seen == flag.name) {
                    return Err(usage(format!("--{} is given twice", flag.name)));
                }
                flags.push((flag.name, value));
            }
            Arg::Value(word) => words.push(word),
        }
    }
    let (verb, rest) = find_verb(&words)?;
    let (operand, surplus) = match verb.operand {
        "" => (None, rest.first()),
        _ => (rest.first().cloned(), rest.get(1)),
    };
    if let Some(surplus) = surplus {
        return Err(usage(format!("unexpected argument {:?}", surplus.to_string_lossy())));
    }
    if let Some((flag, _)) = flags.iter().find(|(flag, _)| !verb.flags.contains(flag)) {
        return Err(usage(format!("{} does not take --{flag}", verb.name)));
    }
    Ok(Split::Typed(Typed { verb, flags, operand }))
}

fn known_flag(name: &str) -> Result<&'static Flag, Failure> {
    FLAGS.iter().find(|flag| flag.name == name).ok_or_else(|| {
        let names: Vec<&str> = FLAGS.iter().map(|flag| flag.name).collect();
        let hint = nearest(name, &names).map(|near| format!(": did you mean --{near}?"));
        usage(format!("unknown option --{}{}", name.escape_debug(), hint.unwrap_or_default()))
    })
}

/// The verb that `words` begin with and the words after it; no word at all means `serve`.
fn find_verb(words: &[OsString]) -> Result<(&'static Verb, &[OsString]), Failure> {
    let typed: Vec<&str> = words.iter().map(|word| word.to_str().unwrap_or("\u{fffd}")).collect();
    let default = if words.is_empty() { "serve" } else { "" };
    for verb in VERBS {
        let parts: Vec<&str> = verb.name.split(' ').collect();
        if verb.name == default || typed.starts_with(&parts) {
            return Ok((verb, words.get(parts.len()..).unwrap_or_default()));
        }
    }
    let first = typed.first().copied().unwrap_or_default();
    if first == "user" {
        return Err(usage("user needs add, reset-password or reset-second-factor"));
    }
    let names: Vec<&str> = VERBS.iter().map(|verb| verb.name).collect();
    let hint = nearest(first, &names).map(|near| format!(": did you mean {near}?"));
    Err(usage(format!("unknown command {first:?}{}", hint.unwrap_or_default())))
}

fn number<T: std::str::FromStr>(text: &str, name: &str) -> Result<T, Failure> {
    text.parse().map_err(|_| usage(format!("--{name} needs a whole number, not {text:?}")))
}

fn quiet(command: Command) -> Invocation {
    Invocation { command, log: log::LevelFilter::Warn }
}

pub(super) fn usage(message: impl Into<String>) -> Failure {
    Failure::Usage(message.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(line: &str) -> Result<Command, String> {
        let words = line.split_whitespace().map(OsString::from).collect();
        match parse(words, &|_| None) {
            Ok(invocation) => Ok(invocation.command),
            Err(Failure::Usage(message)) => Err(message),
            Err(other) => panic!("{other:?}"),
        }
    }

    fn serve(listen: &str, data: &str) -> Command {
        Command::Serve(ServeOptions { listen: listen.parse().unwrap(), data: data.into() })
    }

    #[test]
    fn commands() {
        let user_add = Command::UserAdd(UserAddOptions {
            username: "ann".into(),
            email: "a@b".into(),
            admin: true,
            data: "d".into(),
        });
        let fill =
            Command::Fill(FillOptions { captures: 10, days: 2, seed: 7, data: "./data".into() });
        let reset = AccountOptions { username: "ann".into(), data: "./data".into() };
        for (line, expected) in [
            ("", serve("0.0.0.0:8080", "./data")),
            ("serve", serve("0.0.0.0:8080", "./data")),
            ("--listen 127.0.0.1:0 --data=/d", serve("127.0.0.1:0", "/d")),
            ("serve --listen [::]:80", serve("[::]:80", "./data")),
            ("--data d user add --username ann --email a@b --admin --password-stdin", user_add),
            ("fill --captures 10 --days 2 --seed 7", fill),
            (
                "user reset-password --username ann --password-stdin",
                Command::ResetPassword(reset.clone()),
            ),
            ("user reset-second-factor --username ann", Command::ResetSecondFactor(reset)),
            ("check --data d", Command::Check { data: "d".into() }),
            ("import f.toml", Command::Import { file: "f.toml".into(), data: "./data".into() }),
            ("user add --help", Command::Help),
            ("-V", Command::Version),
        ] {
            assert_eq!(parsed(line), Ok(expected), "{line}");
        }
    }

    #[test]
    fn mistakes_are_told_in_one_line() {
        for (line, part) in [
            ("srve", "did you mean serve?"),
            ("--lisen x", "did you mean --listen?"),
            ("--listen", "missing argument"),
            ("--listen nowhere", "address and port"),
            ("--listen 1.2.3.4", "address and port"),
            ("--listen 1.2.3.4:99999", "address and port"),
            ("--listen 1.2.3.4:1 --listen 1.2.3.4:2", "twice"),
            ("--log loud", "error, warn, info or debug"),
            ("serve again", "unexpected argument"),
            ("serve --captures 3", "does not take --captures"),
            ("demo --data d", "does not take --data"),
            ("fill", "--captures is needed"),
            ("fill --captures -1 --days 1", "whole number"),
            ("fill --captures 1 --days 99999999999999", "whole number"),
            ("user", "add, reset-password or reset-second-factor"),
            ("user remove", "add, reset-password or reset-second-factor"),
            ("user add --username a --email b", "--password-stdin is needed"),
            ("user add --password-stdin --email b", "--username is needed"),
            ("user add --password-stdin=secret --username a", "unexpected"),
            ("import", "needs a FILE"),
            ("import a b", "unexpected argument"),
            ("-x", "unknown option -x"),
        ] {
            let message = parsed(line).expect_err(line);
            assert!(message.contains(part) && !message.contains('\n'), "{line}: {message}");
        }
    }

    #[test]
    fn the_help_names_everything() {
        let text = help();
        for verb in VERBS {
            assert!(text.contains(verb.name) && text.contains(verb.help));
            for name in verb.flags {
                assert!(FLAGS.iter().any(|flag| flag.name == *name), "{name} is declared");
            }
        }
        for flag in FLAGS {
            assert!(text.contains(flag.help));
            assert!(VERBS.iter().any(|verb| verb.flags.contains(&flag.name)), "{}", flag.name);
        }
    }
}
