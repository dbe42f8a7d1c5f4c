//! The browser journey of `.ci/browser/`, when its tools are there.

use std::path::Path;
use std::process::Command;

use crate::harness::binary::program;

#[test]
fn a_browser_walks_through_the_box() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(".ci/browser");
    let present = |tool: &str| {
        Command::new(tool).arg("--version").output().is_ok_and(|output| output.status.success())
    };
    let mut missing: Vec<&str> = ["node", "chromium"].into_iter().filter(|t| !present(t)).collect();
    if !folder.join("node_modules/playwright-core").exists() {
        missing.push("node_modules (cd .ci/browser && npm ci)");
    }
    if !missing.is_empty() {
        let required = std::env::var_os("REQUIRE_TOOLS").is_some_and(|value| value == "1");
        assert!(!required, "REQUIRE_TOOLS=1, and missing: {}", missing.join(", "));
        println!("browser tests were left out; missing: {}", missing.join(", "));
        return;
    }
    let output = Command::new("node")
        .arg(folder.join("journey.mjs"))
        .env("OPENALPR_WEBHOOK_BIN", program())
        .output()
        .expect("node starts");
    let text = String::from_utf8_lossy(&output.stdout);
    println!("{text}");
    assert!(output.status.success(), "{text}\n{}", String::from_utf8_lossy(&output.stderr));
}
