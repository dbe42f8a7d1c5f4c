//! What must be known before the store is open: where to listen, where the data is, how much to
//! log. A flag stands above the environment, that above the file, that above the default.

use std::ffi::OsString;
use std::io::Read as _;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use crate::base::limits::SETTINGS_FILE_BYTES_MAX;
use crate::domain::toml_file::TomlReader;

use super::Failure;
use super::args::usage;

/// Looks up an environment variable.
pub type Environment<'a> = dyn Fn(&str) -> Option<OsString> + 'a;

/// The answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Boot {
    /// Address and port to listen on.
    pub listen: SocketAddr,
    /// Data directory.
    pub data: PathBuf,
    /// Log level.
    pub log: log::LevelFilter,
}

/// Values of a configuration file.
#[derive(Debug, Default, PartialEq, Eq)]
struct File {
    listen: Option<OsString>,
    data: Option<OsString>,
    log: Option<OsString>,
}

/// Finds the answers; `flag` gives what was typed.
///
/// # Errors
/// [`Failure::Usage`] with one line.
pub fn resolve(
    flag: &dyn Fn(&str) -> Option<OsString>,
    environment: &Environment<'_>,
) -> Result<Boot, Failure> {
    // An empty variable counts as none, as units and compose files leave such behind.
    let variable = |name: &str| environment(name).filter(|value| !value.is_empty());
    let file = match flag("config").or_else(|| variable("OALPRWH_CONFIG")) {
        Some(path) => read_file(Path::new(&path))?,
        None => File::default(),
    };
    let listen = flag("listen").or_else(|| variable("OALPRWH_LISTEN")).or(file.listen);
    let data = flag("data").or_else(|| variable("OALPRWH_DATA")).or(file.data);
    let log = flag("log").or_else(|| variable("OALPRWH_LOG")).or(file.log);
    let listen = listen.unwrap_or_else(|| "0.0.0.0:8080".into());
    let log = log.unwrap_or_else(|| "info".into());
    let data = match data {
        Some(data) if data.is_empty() => return Err(usage("the data directory has no name")),
        Some(data) => data.into(),
        None => variable("STATE_DIRECTORY").map_or_else(|| "./data".into(), |all| first_of(&all)),
    };
    Ok(Boot { listen: parse_listen(&listen.to_string_lossy())?, data, log: parse_log(&log)? })
}

/// systemd separates several state directories by colons; ours is the first.
fn first_of(all: &OsString) -> PathBuf {
    match all.to_str().and_then(|all| all.split(':').next()) {
        Some(first) => first.into(),
        None => all.into(),
    }
}

/// `ADDRESS:PORT`, `[ADDRESS]:PORT`, `localhost:PORT` or `:PORT` for all addresses.
fn parse_listen(text: &str) -> Result<SocketAddr, Failure> {
    let full = match text.rsplit_once(':') {
        Some(("", port)) => format!("0.0.0.0:{port}"),
        Some(("localhost", port)) => format!("127.0.0.1:{port}"),
        _ => text.to_owned(),
    };
    full.parse().map_err(|_| {
        usage(format!("listen needs an address and port such as 0.0.0.0:8080, not {text:?}"))
    })
}

fn parse_log(text: &OsString) -> Result<log::LevelFilter, Failure> {
    match text.to_str() {
        Some("error") => Ok(log::LevelFilter::Error),
        Some("warn") => Ok(log::LevelFilter::Warn),
        Some("info") => Ok(log::LevelFilter::Info),
        Some("debug") => Ok(log::LevelFilter::Debug),
        _ => Err(usage(format!(
            "log must be error, warn, info or debug, not {:?}",
            text.to_string_lossy()
        ))),
    }
}

fn read_file(path: &Path) -> Result<File, Failure> {
    let text = read_text(path).map_err(Failure::Usage)?;
    parse_file(&text).map_err(|problem| usage(format!("{}: {problem}", path.display())))
}

fn parse_file(text: &str) -> Result<File, String> {
    let (mut reader, table) = TomlReader::parse(text);
    reader.check_keys(&table, "", &["listen", "data", "log"], &[]);
    let mut value = |key: &str| reader.text(&table, key).map(|found| OsString::from(found.value));
    let file = File { listen: value("listen"), data: value("data"), log: value("log") };
    match reader.finish().first() {
        Some(problem) => Err(problem.to_string()),
        None => Ok(file),
    }
}

/// The text of a file that people write: bounded, and UTF-8.
pub(super) fn read_text(path: &Path) -> Result<String, String> {
    let shown = path.display();
    let mut bytes = Vec::new();
    std::fs::File::open(path)
        .and_then(|file| file.take(SETTINGS_FILE_BYTES_MAX + 1).read_to_end(&mut bytes))
        .map_err(|error| format!("cannot read {shown}: {error}"))?;
    if bytes.len() as u64 > SETTINGS_FILE_BYTES_MAX {
        return Err(format!("{shown} is larger than {SETTINGS_FILE_BYTES_MAX} bytes"));
    }
    let text = String::from_utf8(bytes).map_err(|_| format!("{shown} is not UTF-8 text"))?;
    // Windows editors put a mark in front.
    Ok(text.strip_prefix('\u{feff}').map(ToOwned::to_owned).unwrap_or(text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flags_stand_above_environment_above_file_above_default() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("box.toml");
        std::fs::write(&path, "\u{feff}listen = \"127.0.0.3:3\"\ndata = \"file\"\n").unwrap();
        let file = path.to_str().unwrap();
        let check = |flags: &[(&str, &str)], variables: &[(&str, &str)]| {
            let find = |list: &[(&str, &str)], name: &str| {
                list.iter().find(|(key, _)| *key == name).map(|(_, value)| OsString::from(value))
            };
            let boot = resolve(&|name| find(flags, name), &|name| find(variables, name)).unwrap();
            (boot.listen.to_string(), boot.data.display().to_string(), boot.log.to_string())
        };
        let expect = |listen: &str, data: &str, log: &str| {
            (listen.to_owned(), data.to_owned(), log.to_owned())
        };
        let (flags, variables) =
            ([("listen", "127.0.0.1:1"), ("config", file)], [("OALPRWH_LISTEN", "127.0.0.2:2")]);
        assert_eq!(check(&[], &[]), expect("0.0.0.0:8080", "./data", "INFO"));
        assert_eq!(check(&flags[1..], &[]), expect("127.0.0.3:3", "file", "INFO"));
        assert_eq!(check(&flags[1..], &variables), expect("127.0.0.2:2", "file", "INFO"));
        assert_eq!(check(&flags, &variables), expect("127.0.0.1:1", "file", "INFO"));
        let variables = [("STATE_DIRECTORY", "/var/lib/a:/var/lib/b"), ("OALPRWH_LOG", "debug")];
        assert_eq!(check(&[], &variables), expect("0.0.0.0:8080", "/var/lib/a", "DEBUG"));
        let variables = [("OALPRWH_DATA", "env"), ("STATE_DIRECTORY", "/s"), ("OALPRWH_LOG", "")];
        assert_eq!(check(&[], &variables), expect("0.0.0.0:8080", "env", "INFO"));
        let missing = OsString::from("/nowhere/box.toml");
        let failed = resolve(&|name| (name == "config").then(|| missing.clone()), &|_| None);
        assert!(matches!(failed, Err(Failure::Usage(message)) if message.contains("cannot read")));
    }

    #[test]
    fn addresses() {
        for (text, expected) in
            [(":9000", "0.0.0.0:9000"), ("localhost:1", "127.0.0.1:1"), ("[::1]:2", "[::1]:2")]
        {
            assert_eq!(parse_listen(text).unwrap().to_string(), expected);
        }
        for text in ["", ":", "::1:2:", "box:80", "1.2.3.4:-1", "http://1.2.3.4:80"] {
            assert!(parse_listen(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_wrong_file_names_its_line() {
        for (text, expected) in [
            ("listen = \"a\"\nlisten = \"b\"", "line 2: "),
            ("log = 1", "line 1: log must be a text"),
            ("data = \"d\"\nlissten = \"x\"", "line 2: unknown key lissten: did you mean listen?"),
            ("[[[", "line 1: "),
        ] {
            let problem = parse_file(text).unwrap_err();
            assert!(problem.starts_with(expected), "{text}: {problem}");
        }
    }
}
