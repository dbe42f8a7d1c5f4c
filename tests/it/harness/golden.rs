//! Texts that are kept in the repository and compared; `UPDATE_GOLDEN=1` writes them anew.

use std::path::Path;

/// Compares `text` with `tests/it/golden/NAME`.
#[track_caller]
pub(crate) fn check(name: &str, text: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/golden").join(name);
    if std::env::var_os("UPDATE_GOLDEN").is_some_and(|value| value == "1") {
        std::fs::write(&path, text).expect("the golden file can be written");
        return;
    }
    let kept = std::fs::read_to_string(&path).unwrap_or_default();
    if kept == text {
        return;
    }
    let mut differences = Vec::new();
    for line in text.lines().filter(|line| !kept.lines().any(|other| other == *line)) {
        differences.push(format!("+ {line}"));
    }
    for line in kept.lines().filter(|line| !text.lines().any(|other| other == *line)) {
        differences.push(format!("- {line}"));
    }
    panic!(
        "tests/it/golden/{name} differs; when that is meant, UPDATE_GOLDEN=1 writes it anew:\n{}",
        differences.join("\n")
    );
}
