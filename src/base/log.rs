//! One line per event on standard error: `level target message`. Text from outside is escaped, so
//! nobody forges a line. systemd adds the time.

use std::io::Write as _;

/// Installs the sink with the given level (`error`, `warn`, `info`, `debug`); a second call is
/// ignored.
pub fn install(level: log::LevelFilter) {
    if log::set_boxed_logger(Box::new(Sink)).is_ok() {
        log::set_max_level(level);
    }
}

/// `text` in quotes with control characters, quotes and backslashes escaped, at most 200
/// characters of it.
pub fn quoted(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    out.push('"');
    for character in text.chars().take(200) {
        if character.is_control() || matches!(character, '"' | '\\') {
            out.extend(character.escape_default());
        } else {
            out.push(character);
        }
    }
    out.push('"');
    out
}

struct Sink;

impl log::Log for Sink {
    fn enabled(&self, metadata: &log::Metadata<'_>) -> bool {
        metadata.target().starts_with("openalpr_webhook") || metadata.level() <= log::Level::Warn
    }

    fn log(&self, record: &log::Record<'_>) {
        if !self.enabled(record.metadata()) {
            return;
        }
        let target = record.target().strip_prefix("openalpr_webhook::").unwrap_or(record.target());
        let message: String = record
            .args()
            .to_string()
            .chars()
            .map(|character| if character.is_control() { '\u{fffd}' } else { character })
            .collect();
        let level = record.level().as_str().to_ascii_lowercase();
        // A closed standard error must not stop the box.
        let _ = writeln!(std::io::stderr().lock(), "{level} {target}: {message}");
    }

    fn flush(&self) {}
}

#[cfg(test)]
mod tests {
    use super::quoted;

    #[test]
    fn outside_text_cannot_forge_a_line() {
        assert_eq!(quoted("a\nb\"c\u{1b}"), r#""a\nb\"c\u{1b}""#);
    }
}
