//! The box as a process of its own: set up, started, watched, killed.

use std::io::Write as _;
use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use super::Failure;
use super::http::Client;

/// Password of the bench's account.
pub(crate) const PASSWORD: &str = "seven grey herons wait";

/// A running box; killed when dropped.
pub(crate) struct Server {
    /// Where it listens.
    pub(crate) address: SocketAddr,
    /// From the start of the process to the first `200` of `/healthz`.
    pub(crate) ready_after: Duration,
    child: Child,
}

/// The binary under test: `--binary PATH`, or what cargo built for this bench.
pub(crate) fn binary() -> PathBuf {
    let built = PathBuf::from(env!("CARGO_BIN_EXE_openalpr-webhook"));
    super::argument("--binary", built)
}

/// Makes an administrator in `data` and returns the API key the command printed.
pub(crate) fn add_user(data: &Path) -> Result<String, Failure> {
    let mut child = Command::new(binary())
        .args(["user", "add", "--username", "bench", "--email", "bench@example.com", "--admin"])
        .args(["--password-stdin", "--data"])
        .arg(data)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()?;
    if let Some(mut stdin) = child.stdin.take() {
        writeln!(stdin, "{PASSWORD}")?;
    }
    let output = child.wait_with_output()?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let key = text.lines().find_map(|line| line.split_once("key:").map(|(_, key)| key.trim()));
    match key {
        Some(key) if output.status.success() => Ok(key.to_owned()),
        _ => Err(format!("user add failed ({}): {text}", output.status).into()),
    }
}

/// The key of the bench's account in `data`, made once for a store that is kept.
pub(crate) fn kept_key(data: &Path) -> Result<String, Failure> {
    let note = data.with_extension("key");
    if let Ok(key) = std::fs::read_to_string(&note) {
        return Ok(key);
    }
    let key = add_user(data)?;
    std::fs::write(&note, &key)?;
    Ok(key)
}

/// Fills `data` with `captures` synthetic captures.
pub(crate) fn fill(data: &Path, captures: u64, days: u32) -> Result<(), Failure> {
    let status = Command::new(binary())
        .args(["fill", "--captures", &captures.to_string(), "--days", &days.to_string()])
        .arg("--data")
        .arg(data)
        .stderr(Stdio::null())
        .status()?;
    if status.success() { Ok(()) } else { Err(format!("fill failed: {status}").into()) }
}

impl Server {
    /// Starts the box on `data` and waits until it answers.
    pub(crate) fn start(data: &Path) -> Result<Self, Failure> {
        // Taken and given back: nobody else on a bench machine takes it in between.
        let address = TcpListener::bind("127.0.0.1:0")?.local_addr()?;
        let started = Instant::now();
        let mut child = Command::new(binary())
            .args(["serve", "--listen", &address.to_string(), "--data"])
            .arg(data)
            .stdout(Stdio::null())
            .stderr(Stdio::inherit())
            .spawn()?;
        while started.elapsed() < Duration::from_secs(120) {
            if let Some(status) = child.try_wait()? {
                return Err(format!("the box ended: {status}").into());
            }
            let answer = Client::new(address).send("GET", "/healthz", "", b"");
            if answer.is_ok_and(|answer| answer.status == 200) {
                return Ok(Self { address, ready_after: started.elapsed(), child });
            }
            std::thread::sleep(Duration::from_millis(2));
        }
        let _ = child.kill();
        Err("the box did not get ready within two minutes".into())
    }

    /// A figure of `/proc/PID/status` in KiB, such as `VmRSS` or `VmHWM`.
    pub(crate) fn memory_kib(&self, name: &str) -> u64 {
        self.proc_value("status", name)
    }

    /// Bytes the process has had written to the device.
    pub(crate) fn written_bytes(&self) -> u64 {
        self.proc_value("io", "write_bytes")
    }

    /// Processor time the box has taken so far, seconds.
    pub(crate) fn cpu_seconds(&self) -> f64 {
        super::cpu::process_seconds(&self.child.id().to_string())
    }

    /// Processor time of its threads so far, microseconds.
    pub(crate) fn busy_us(&self) -> u64 {
        super::cpu::process_us(self.child.id())
    }

    /// A number of `/metrics`.
    pub(crate) fn metric(&self, name: &str) -> u64 {
        let answer = Client::new(self.address).send("GET", "/metrics", "", b"");
        let text = answer.map(|answer| String::from_utf8_lossy(&answer.body).into_owned());
        let text = text.unwrap_or_default();
        text.lines()
            .find_map(|line| line.strip_prefix(name)?.trim().parse().ok())
            .unwrap_or_default()
    }

    /// Ends the box as a power cut would.
    pub(crate) fn kill(mut self) -> Result<(), Failure> {
        self.child.kill()?;
        self.child.wait()?;
        Ok(())
    }

    /// Ends the box with SIGTERM; returns how long it took.
    pub(crate) fn stop(mut self) -> Result<Duration, Failure> {
        let asked = Instant::now();
        let pid = rustix::process::Pid::from_child(&self.child);
        rustix::process::kill_process(pid, rustix::process::Signal::TERM)?;
        self.child.wait()?;
        Ok(asked.elapsed())
    }

    fn proc_value(&self, file: &str, name: &str) -> u64 {
        let path = format!("/proc/{}/{file}", self.child.id());
        let text = std::fs::read_to_string(path).unwrap_or_default();
        let line = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
        line.and_then(|value| value.split_whitespace().next()?.parse().ok()).unwrap_or_default()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
