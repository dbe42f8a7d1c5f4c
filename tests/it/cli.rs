//! The command line as a person meets it: the real binary, its texts and exit codes.

use std::path::Path;
use std::process::Output;

use crate::harness::binary::{PASSWORD, Running, run, user_add};
use crate::harness::client::{Client, Response};
use crate::harness::{WEBHOOK, files, payload};

/// Runs the binary with nothing to read.
fn cli(arguments: &[&str]) -> Output {
    run(arguments, "")
}

#[track_caller]
fn out(output: &Output) -> String {
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{}: {text}{error}", output.status);
    text
}

/// The one message of a failure with exit code `code`.
#[track_caller]
fn refused(output: &Output, code: i32) -> String {
    let error = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(code), "{error}");
    assert_eq!(output.stdout, b"", "{error}");
    assert!(error.starts_with("openalpr-webhook: "), "{error}");
    assert!(!error.contains("panicked"), "{error}");
    error
}

fn text(path: &Path) -> &str {
    path.to_str().expect("a plain path")
}

fn sign_in(running: &Running, password: &str) -> Response {
    let fields = [("username", "owner"), ("password", password)];
    Client::new(running.address).submit("/sign-in", "/sign-in", &fields)
}

#[test]
fn help_names_every_verb_and_the_exit_codes() {
    let help = out(&cli(&["--help"]));
    for part in ["serve", "demo", "fill", "user add", "user reset-password", "check", "import"] {
        assert!(help.contains(part), "{part}: {help}");
    }
    assert!(help.contains("Exit codes"));
    assert_eq!(out(&cli(&["-h"])), help);
    assert_eq!(out(&cli(&["import", "--help"])), help);
    let version = out(&cli(&["--version"]));
    assert_eq!(version.trim(), format!("openalpr-webhook {}", env!("CARGO_PKG_VERSION")));
}

#[test]
fn wrong_usage_ends_with_two_and_a_hint() {
    let directory = tempfile::tempdir().unwrap();
    let data = directory.path().join("data");
    for (arguments, part) in [
        (&["--lisen", "127.0.0.1:1"][..], "did you mean --listen"),
        (&["--nonsense"], "unknown option --nonsense"),
        (&["-x"], "-x"),
        (&["servee"], "servee"),
        (&["user"], "user"),
        (&["check", "surplus"], "surplus"),
        (&["check", "--listen", "127.0.0.1:1"], "check does not take --listen"),
        (&["import"], "FILE"),
        (&["serve", "--listen", "nowhere"], "listen"),
        (&["serve", "--log", "loud"], "loud"),
        (&["serve", "--data"], "data"),
        (&["check", "--data", "a", "--data", "b"], "twice"),
        (&["user", "add", "--email", "a@example.org", "--password-stdin"], "--username"),
        (&["user", "add", "--username", "a", "--email", "a@example.org"], "--password-stdin"),
        (&["fill", "--captures", "many", "--days", "1"], "captures"),
    ] {
        let mut all = arguments.to_vec();
        if !arguments.contains(&"--data") && arguments.len() > 1 {
            all.extend(["--data", text(&data)]);
        }
        let error = refused(&cli(&all), 2);
        assert!(error.contains(part) && error.contains("--help"), "{arguments:?}: {error}");
        assert_eq!(error.lines().count(), 1, "{error}");
    }
    assert!(!data.exists());
}

#[test]
fn accounts_are_added_once_and_passwords_are_reset() {
    let directory = tempfile::tempdir().unwrap();
    let data = text(directory.path());
    let key = user_add(directory.path(), "owner", true);
    let again = ["user", "add", "--username", "OWNER", "--email", "o@example.org"];
    let again = [&again[..], &["--password-stdin", "--data", data]].concat();
    let error = refused(&run(&again, PASSWORD), 1);
    assert!(error.contains("taken"), "{error}");
    let reset = ["user", "reset-password", "--username", "owner", "--password-stdin"];
    let reset = [&reset[..], &["--data", data]].concat();
    assert!(refused(&run(&reset, "short\n"), 1).contains("at least 12"));
    let fresh = "another river stone lamp";

    let running = Running::start(directory.path());
    sign_in(&running, PASSWORD).expect(303);
    let busy = refused(&run(&reset, fresh), 1);
    assert!(busy.contains("stop the box first"), "{busy}");
    assert!(refused(&cli(&["check", "--data", data]), 1).contains("stop the box first"));
    assert!(running.terminate().1);

    let said = out(&run(&reset, &format!("{fresh}\n")));
    assert!(said.contains("sessions have ended"), "{said}");
    assert!(!said.contains(fresh));
    let running = Running::start(directory.path());
    assert_ne!(sign_in(&running, PASSWORD).status, 303, "the old password is over");
    sign_in(&running, fresh).expect(303);
    // The key is not the password's business.
    Client::with_key(running.address, &key).get("/api/v1/captures").expect(200);
}

const GOOD: &str = r#"format = 1
kind = "partial"

[general]
box_name = "North Gate"
post_auth = "users"
"#;

#[test]
fn a_settings_file_is_imported_whole_or_not_at_all() {
    let directory = tempfile::tempdir().unwrap();
    let data = directory.path().join("data");
    let file = directory.path().join("box.toml");
    let import = |body: &str| {
        std::fs::write(&file, body).unwrap();
        cli(&["import", text(&file), "--data", text(&data)])
    };
    // Mistakes in lines 5, 6 and 9: all are told, in order, each with its line.
    let bad = "format = 1\nkind = \"partial\"\n\n[general]\npost_auth = \"everybody\"\n\
        box_nam = \"x\"\n\n[[users]]\nusername = \"a b\"\nemail = \"a@example.org\"\n";
    let error = refused(&import(bad), 1);
    assert!(error.contains("nothing was imported"), "{error}");
    let lines: Vec<usize> = error
        .match_indices("line ")
        .filter_map(|(at, word)| {
            error[at + word.len()..].split(|c: char| !c.is_ascii_digit()).next()
        })
        .filter_map(|digits| digits.parse().ok())
        .collect();
    assert_eq!(lines, [5, 6, 9], "{error}");
    assert!(!data.exists(), "a wrong file makes nothing");
    for (body, part) in [
        ("format = 1", "kind"),
        ("format = 99\nkind = \"partial\"\n", "line 1"),
        ("format = 1\nkind = \"partial\"\n[general\n", "line 3"),
        ("", "format"),
    ] {
        assert!(refused(&import(body), 1).contains(part), "{body:?}");
    }

    user_add(&data, "owner", true);
    // Right in itself, but one part does not fit this box: the other part must not stay.
    let unfit = format!("{GOOD}\n[[users]]\nusername = \"ann\"\nemail = \"no address\"\n");
    let error = refused(&import(&unfit), 1);
    assert!(error.contains("line 10"), "{error}");
    let said = out(&import(GOOD));
    assert!(said.contains("box_name") && said.contains("\"\" -> \"North Gate\""), "{said}");
    assert!(said.contains("post_auth") && said.contains("users"), "{said}");
    assert_eq!(out(&import(GOOD)).trim(), "nothing to change");
    let missing = directory.path().join("missing.toml");
    let error = refused(&cli(&["import", text(&missing), "--data", text(&data)]), 1);
    assert!(error.contains("cannot read"), "{error}");
}

#[test]
fn check_tells_whole_stores_from_broken_ones() {
    let directory = tempfile::tempdir().unwrap();
    let data = directory.path().join("data");
    let check = || cli(&["check", "--data", text(&data)]);
    assert!(refused(&check(), 1).contains("no store"));
    assert!(!data.exists());
    let key = user_add(&data, "owner", true);
    let running = Running::start(&data);
    let body = payload::group(1).to_string();
    Client::with_key(running.address, &key).post_json(WEBHOOK, body.as_bytes()).expect(200);
    assert!(running.terminate().1);
    let said = out(&check());
    assert!(said.lines().all(|line| line.contains(": ok")) && said.lines().count() >= 3, "{said}");
    std::fs::write(data.join("records.redb"), b"not a store at all").unwrap();
    let output = check();
    assert_eq!(output.status.code(), Some(1));
    assert!(!files(&data).is_empty());
}

#[test]
fn a_port_in_use_is_told_and_the_data_are_left_alone() {
    let directory = tempfile::tempdir().unwrap();
    let data = directory.path().join("data");
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let error = refused(&cli(&["serve", "--listen", &address, "--data", text(&data)]), 1);
    assert!(error.contains(&address), "{error}");
    assert!(!data.exists());
}
