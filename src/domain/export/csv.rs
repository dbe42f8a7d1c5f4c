//! Rows of CSV (RFC 4180). Text from outside that a spreadsheet would run as a formula gets an
//! apostrophe in front, which spreadsheets show as text.

use std::fmt::Display;
use std::io::Write as _;

use jiff::tz::TimeZone;

use crate::base::clock::Timestamp;

/// A row under way.
pub struct Row<'a> {
    out: &'a mut Vec<u8>,
    first: bool,
}

impl<'a> Row<'a> {
    /// Begins a row at the end of `out`.
    pub fn new(out: &'a mut Vec<u8>) -> Self {
        Self { out, first: true }
    }

    /// A cell with text from anywhere.
    pub fn text(&mut self, text: &str) {
        self.separate();
        let guard = is_formula(text);
        let quote = text.bytes().any(|byte| matches!(byte, b'"' | b',' | b'\r' | b'\n'));
        if quote {
            self.out.push(b'"');
        }
        if guard {
            self.out.push(b'\'');
        }
        if quote {
            for byte in text.bytes() {
                if byte == b'"' {
                    self.out.push(b'"');
                }
                self.out.push(byte);
            }
            self.out.push(b'"');
        } else {
            self.out.extend_from_slice(text.as_bytes());
        }
    }

    /// A cell with a value of ours that has neither commas nor quotes, such as a number.
    pub fn value(&mut self, value: impl Display) {
        self.separate();
        // Writing to memory cannot fail.
        let _ = write!(self.out, "{value}");
    }

    /// A cell with a value, or an empty one.
    pub fn maybe(&mut self, value: Option<impl Display>) {
        match value {
            Some(value) => self.value(value),
            None => self.separate(),
        }
    }

    /// Two cells: the time in `zone` with its offset, and in UTC.
    pub fn times(&mut self, at: Timestamp, zone: &TimeZone) {
        self.separate();
        self.stamp(at, zone);
        self.utc(at);
    }

    /// A time in UTC.
    pub fn utc(&mut self, at: Timestamp) {
        self.separate();
        self.stamp(at, &TimeZone::UTC);
    }

    /// `2026-08-21T14:32:07.418-07:00`; written by hand, as there are several in every row.
    fn stamp(&mut self, at: Timestamp, zone: &TimeZone) {
        let Ok(instant) = jiff::Timestamp::from_millisecond(at.ms()) else { return };
        let offset = zone.to_offset(instant);
        let civil = offset.to_datetime(instant);
        let (date, time) = (civil.date(), civil.time());
        let _ = write!(
            self.out,
            "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}",
            date.year(),
            date.month(),
            date.day(),
            time.hour(),
            time.minute(),
            time.second(),
            time.millisecond()
        );
        let seconds = offset.seconds();
        if seconds == 0 {
            let _ = self.out.write_all(b"Z");
            return;
        }
        let sign = if seconds < 0 { '-' } else { '+' };
        let minutes = seconds.unsigned_abs() / 60;
        let _ = write!(self.out, "{sign}{:02}:{:02}", minutes / 60, minutes % 60);
    }

    /// Ends the row.
    pub fn end(self) {
        self.out.extend_from_slice(b"\r\n");
    }

    fn separate(&mut self) {
        if !self.first {
            self.out.push(b',');
        }
        self.first = false;
    }
}

/// Whether a spreadsheet would take `text` for a formula. Full-width signs count, since some
/// programs narrow them; so do signs behind blanks, which some programs cut off.
fn is_formula(text: &str) -> bool {
    if text.starts_with(['\t', '\r', '\n']) {
        return true;
    }
    let first = text.trim_start().chars().next();
    matches!(
        first,
        Some(
            '=' | '+' | '-' | '@' | '\u{ff1d}' | '\u{ff0b}' | '\u{ff0d}' | '\u{ff20}' | '\u{2212}'
        )
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(cells: &[&str]) -> String {
        let mut out = Vec::new();
        let mut row = Row::new(&mut out);
        for cell in cells {
            row.text(cell);
        }
        row.end();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn cells_are_quoted_and_guarded() {
        assert_eq!(row(&["a", "", "b c"]), "a,,b c\r\n");
        assert_eq!(
            row(&["a,b", "say \"x\"", "two\r\nlines"]),
            "\"a,b\",\"say \"\"x\"\"\",\"two\r\nlines\"\r\n"
        );
        for (text, expected) in [
            ("=1+1", "'=1+1"),
            ("+49 30", "'+49 30"),
            ("-2", "'-2"),
            ("@SUM(A1)", "'@SUM(A1)"),
            ("\t=1", "'\t=1"),
            ("\r=1", "\"'\r=1\""),
            ("  =1", "'  =1"),
            ("\u{ff1d}1", "'\u{ff1d}1"),
            ("\u{ff0b}1", "'\u{ff0b}1"),
            ("\u{ff0d}1", "'\u{ff0d}1"),
            ("\u{ff20}x", "'\u{ff20}x"),
            ("=HYPERLINK(\"a\",\"b\")", "\"'=HYPERLINK(\"\"a\"\",\"\"b\"\")\""),
            ("a=1", "a=1"),
            ("8-KX", "8-KX"),
        ] {
            assert_eq!(row(&[text]), format!("{expected}\r\n"), "{text:?}");
        }
    }

    #[test]
    fn times_have_their_offset() {
        let mut out = Vec::new();
        let mut row = Row::new(&mut out);
        row.times(Timestamp(1_741_944_413_007), &TimeZone::get("America/Los_Angeles").unwrap());
        row.times(Timestamp(1_741_944_413_007), &TimeZone::get("Asia/Kolkata").unwrap());
        row.utc(Timestamp(-1));
        row.maybe(Some(1.5));
        row.maybe(None::<u8>);
        row.end();
        assert_eq!(
            String::from_utf8(out).unwrap(),
            "2025-03-14T02:26:53.007-07:00,2025-03-14T09:26:53.007Z,\
             2025-03-14T14:56:53.007+05:30,2025-03-14T09:26:53.007Z,1969-12-31T23:59:59.999Z,1.5,\r\n"
        );
    }
}
