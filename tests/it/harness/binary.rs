//! The real binary as a child process, for what a process in itself cannot show: being killed,
//! its command line, its exit code.

use std::io::Write as _;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use super::client::Client;

/// Password of every account the tests make.
pub(crate) const PASSWORD: &str = "correct horse battery staple";

/// The binary under test; `OPENALPR_WEBHOOK_BIN` names another build of it.
pub(crate) fn program() -> PathBuf {
    std::env::var_os("OPENALPR_WEBHOOK_BIN")
        .map_or_else(|| env!("CARGO_BIN_EXE_openalpr-webhook").into(), PathBuf::from)
}

/// Runs the binary to its end with `input`.
pub(crate) fn run(arguments: &[&str], input: &str) -> Output {
    let mut child = Command::new(program())
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the binary starts");
    let mut stdin = child.stdin.take().expect("piped");
    // A command that reads no input may be gone already.
    let _ = stdin.write_all(input.as_bytes());
    drop(stdin);
    child.wait_with_output().expect("the binary ends")
}

/// Adds an account to a store that nobody has open; returns its API key.
#[track_caller]
pub(crate) fn user_add(data: &Path, username: &str, admin: bool) -> String {
    let email = format!("{username}@example.org");
    let data = data.to_str().expect("a plain path");
    let mut arguments = vec!["user", "add", "--username", username, "--email", &email];
    if admin {
        arguments.push("--admin");
    }
    arguments.extend(["--password-stdin", "--data", data]);
    let output = run(&arguments, &format!("{PASSWORD}\n"));
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(
        output.status.success(),
        "user add failed: {text}{}",
        String::from_utf8_lossy(&output.stderr)
    );
    text.split(|c: char| c.is_whitespace() || matches!(c, '"' | '`' | '\''))
        .filter(|word| word.len() >= 16 && word.bytes().all(is_key_byte))
        .max_by_key(|word| word.len())
        .unwrap_or_else(|| panic!("no key in {text:?}"))
        .to_owned()
}

fn is_key_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.')
}

/// A running server process.
pub(crate) struct Running {
    child: Child,
    pub(crate) address: SocketAddr,
    /// From the start of the process to its first `ok`.
    pub(crate) ready: Duration,
}

impl Running {
    /// Starts the server on a free port and waits until it is healthy.
    #[track_caller]
    pub(crate) fn start(data: &Path) -> Self {
        Self::spawn(data, Stdio::null(), &[])
    }

    /// The same with its standard error in the file `log`.
    #[track_caller]
    pub(crate) fn start_logged(data: &Path, log: &Path, arguments: &[&str]) -> Self {
        let log = std::fs::File::create(log).expect("a file for the log");
        Self::spawn(data, log.into(), arguments)
    }

    #[track_caller]
    fn spawn(data: &Path, log: Stdio, arguments: &[&str]) -> Self {
        let address = free_address();
        let begun = Instant::now();
        let child = Command::new(program())
            .args(["serve", "--listen", &address.to_string(), "--data"])
            .arg(data)
            .args(arguments)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()
            .expect("the binary starts");
        let mut running = Self { child, address, ready: Duration::ZERO };
        loop {
            let health = Client::new(address).request("GET", "/healthz", &[], b"");
            if health.is_ok_and(|response| response.status == 200) {
                running.ready = begun.elapsed();
                return running;
            }
            if let Some(status) = running.child.try_wait().expect("the child can be asked") {
                panic!("the server ended at start: {status}");
            }
            assert!(begun.elapsed() < Duration::from_secs(60), "not healthy after 60 s");
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Its number of threads and its resident memory in KiB.
    pub(crate) fn footprint(&self) -> (u64, u64) {
        let path = format!("/proc/{}/status", self.pid());
        let status = std::fs::read_to_string(path).expect("Linux");
        let number = |name: &str| {
            status
                .lines()
                .find_map(|line| line.strip_prefix(name))
                .and_then(|rest| rest.split_whitespace().next())
                .and_then(|word| word.parse().ok())
                .expect("a number")
        };
        (number("Threads:"), number("VmRSS:"))
    }

    /// Kills it as a power cut would end it: no handler runs.
    pub(crate) fn kill(mut self) {
        self.child.kill().expect("the child can be killed");
        self.child.wait().expect("the child ends");
    }

    /// Asks it to stop; returns how long that took and whether it ended well.
    pub(crate) fn terminate(mut self) -> (Duration, bool) {
        let begun = Instant::now();
        let pid = rustix::process::Pid::from_child(&self.child);
        rustix::process::kill_process(pid, rustix::process::Signal::TERM).expect("can be asked");
        loop {
            if let Some(status) = self.child.try_wait().expect("the child can be asked") {
                return (begun.elapsed(), status.success());
            }
            assert!(begun.elapsed() < Duration::from_secs(30), "does not stop");
            std::thread::sleep(Duration::from_millis(5));
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

pub(crate) fn free_address() -> SocketAddr {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
    listener.local_addr().expect("a bound port")
}
