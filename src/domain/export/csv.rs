//! Rows of a table, cell by cell, as CSV.

use std::fmt::{Display, Write as _};

use jiff::tz::TimeZone;

use crate::base::clock::Timestamp;
use crate::base::csv;

/// A row under way.
pub struct Row<'a> {
    out: &'a mut String,
    first: bool,
}

impl<'a> Row<'a> {
    /// Begins a row at the end of `out`.
    pub fn new(out: &'a mut String) -> Self {
        Self { out, first: true }
    }

    /// A cell with text from anywhere.
    pub fn text(&mut self, text: &str) {
        self.separate();
        csv::cell(self.out, text);
    }

    /// A cell with a value of ours that has neither commas nor quotes, such as a number.
    pub fn value(&mut self, value: impl Display) {
        self.separate();
        // Writing to a text cannot fail.
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
        stamp(self.out, at, zone);
        self.utc(at);
    }

    /// A time in UTC.
    pub fn utc(&mut self, at: Timestamp) {
        self.separate();
        stamp(self.out, at, &TimeZone::UTC);
    }

    /// Ends the row.
    pub fn end(self) {
        self.out.push_str("\r\n");
    }

    fn separate(&mut self) {
        if !self.first {
            self.out.push(',');
        }
        self.first = false;
    }
}

/// `2026-08-21T14:32:07.418-07:00`; written by hand, as there are several in every row.
pub(super) fn stamp(out: &mut String, at: Timestamp, zone: &TimeZone) {
    let Ok(instant) = jiff::Timestamp::from_millisecond(at.ms()) else { return };
    let offset = zone.to_offset(instant);
    let civil = offset.to_datetime(instant);
    let (date, time) = (civil.date(), civil.time());
    let _ = write!(
        out,
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
        out.push('Z');
        return;
    }
    let sign = if seconds < 0 { '-' } else { '+' };
    let minutes = seconds.unsigned_abs() / 60;
    let _ = write!(out, "{sign}{:02}:{:02}", minutes / 60, minutes % 60);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_have_their_offset() {
        let mut out = String::new();
        let mut row = Row::new(&mut out);
        row.times(Timestamp(1_741_944_413_007), &TimeZone::get("America/Los_Angeles").unwrap());
        row.times(Timestamp(1_741_944_413_007), &TimeZone::get("Asia/Kolkata").unwrap());
        row.utc(Timestamp(-1));
        row.maybe(Some(1.5));
        row.maybe(None::<u8>);
        row.end();
        assert_eq!(
            out,
            "2025-03-14T02:26:53.007-07:00,2025-03-14T09:26:53.007Z,\
             2025-03-14T14:56:53.007+05:30,2025-03-14T09:26:53.007Z,1969-12-31T23:59:59.999Z,1.5,\r\n"
        );
    }
}
