//! Small bounded texts that come from outside.

use crate::base::limits::TEXT_CHARS_MAX;

/// `text` trimmed, without control characters, at most [`TEXT_CHARS_MAX`] characters. Markup stays
/// as it is: pages escape, storage does not.
pub fn clean(text: &str) -> String {
    text.trim().chars().filter(|c| !c.is_control()).take(TEXT_CHARS_MAX).collect()
}

/// `text` trimmed, with its line breaks as `\n` and without other control characters. Its length is
/// the caller's business.
pub fn clean_lines(text: &str) -> String {
    let text = text.replace("\r\n", "\n").replace('\r', "\n").replace('\t', " ");
    text.trim().chars().filter(|c| *c == '\n' || !c.is_control()).collect()
}

/// Whether `uuid` may be used in a key or a URL: 1 to 200 of `A-Z a-z 0-9 _ . -`, and no `..`.
pub fn is_uuid(uuid: &str) -> bool {
    (1..=200).contains(&uuid.len())
        && uuid.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'.' | b'-'))
        && !uuid.contains("..")
}
