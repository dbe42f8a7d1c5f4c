//! The one place that writes a response: status line, headers, framing. Whatever a handler put in
//! a header, nobody splits a response here.

use std::io::{self, Write};
use std::panic::{AssertUnwindSafe, catch_unwind};

use crate::base::clock::{Clock, Timestamp};
use crate::base::limits::CLOCK_SET_MS;
use crate::base::log::quoted;
use crate::gate::head::is_token;
use crate::gate::response::{Response, ResponseBody, reason};

/// Bodies up to this size leave with their head in one write.
const JOINED_BYTES_MAX: usize = 16 * 1024;
/// Streamed bodies leave in chunks of this size.
const CHUNK_BYTES: usize = 8 * 1024;

/// What the request and the connection say about how to answer.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Manner {
    /// Leave the body out, as for HEAD.
    pub(crate) head_only: bool,
    /// Whether the client understands chunks.
    pub(crate) version_1_1: bool,
    /// Whether the connection goes on after this answer.
    pub(crate) keep: bool,
}

/// Writes `response` to `out`; whether the connection can go on. An error means the client sees the
/// answer cut off, which is all that is left to do.
pub(crate) fn send(out: &mut dyn Write, response: Response, manner: Manner) -> io::Result<bool> {
    let status = if (200..600).contains(&response.status) { response.status } else { 500 };
    let bodiless = matches!(status, 204 | 304);
    let streamed = matches!(response.body, ResponseBody::Stream(_)) && !bodiless;
    let open = matches!(response.body, ResponseBody::Open(_));
    let keep = manner.keep && !response.close && !open && (manner.version_1_1 || !streamed);
    let mut head = Vec::with_capacity(512);
    write!(head, "HTTP/1.1 {status} {}\r\n", reason(status))?;
    for (name, value) in &response.headers {
        put_header(&mut head, name, value);
    }
    let now = Clock::System.now();
    // A wrong Date is worse than none (RFC 9110 6.6.1).
    if now.ms() >= CLOCK_SET_MS {
        write!(head, "Date: {}\r\n", http_date(now))?;
    }
    match response.body.bytes() {
        Some(bytes) if !bodiless => write!(head, "Content-Length: {}\r\n", bytes.len())?,
        None if streamed && manner.version_1_1 => {
            head.extend_from_slice(b"Transfer-Encoding: chunked\r\n");
        }
        _ => {}
    }
    if !keep {
        head.extend_from_slice(b"Connection: close\r\n");
    } else if !manner.version_1_1 {
        head.extend_from_slice(b"Connection: keep-alive\r\n");
    }
    head.extend_from_slice(b"\r\n");
    if manner.head_only || bodiless {
        out.write_all(&head)?;
        return Ok(keep);
    }
    match response.body {
        ResponseBody::Stream(produce) => {
            out.write_all(&head)?;
            drop(head);
            send_stream(out, produce, manner.version_1_1)?;
        }
        body => {
            let bytes = body.bytes().unwrap_or_default();
            if bytes.len() <= JOINED_BYTES_MAX {
                head.extend_from_slice(bytes);
                out.write_all(&head)?;
            } else {
                out.write_all(&head)?;
                out.write_all(bytes)?;
            }
        }
    }
    Ok(keep)
}

fn send_stream(
    out: &mut dyn Write,
    produce: impl FnOnce(&mut dyn Write) -> io::Result<()>,
    chunked: bool,
) -> io::Result<()> {
    let mut chunks = Chunks { out, chunked, buffer: Vec::with_capacity(CHUNK_BYTES + 16) };
    let produced = catch_unwind(AssertUnwindSafe(|| produce(&mut chunks)));
    let Ok(result) = produced else {
        log::error!("a streamed response panicked");
        return Err(io::ErrorKind::Other.into());
    };
    result?;
    chunks.flush()?;
    if chunked { chunks.out.write_all(b"0\r\n\r\n") } else { Ok(()) }
}

/// Collects small writes into chunks, or into plain blocks when the client knows no chunks.
struct Chunks<'a> {
    out: &'a mut dyn Write,
    chunked: bool,
    buffer: Vec<u8>,
}

impl Write for Chunks<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let room = CHUNK_BYTES.saturating_sub(self.buffer.len()).max(1);
        let part = bytes.get(..room).unwrap_or(bytes);
        self.buffer.extend_from_slice(part);
        if self.buffer.len() >= CHUNK_BYTES {
            self.flush()?;
        }
        Ok(part.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        if self.buffer.is_empty() {
            return Ok(());
        }
        if self.chunked {
            let size = format!("{:x}\r\n", self.buffer.len());
            self.buffer.splice(..0, size.into_bytes());
            self.buffer.extend_from_slice(b"\r\n");
        }
        let result = self.out.write_all(&self.buffer);
        self.buffer.clear();
        result
    }
}

fn put_header(head: &mut Vec<u8>, name: &str, value: &str) {
    const OURS: [&str; 4] = ["content-length", "transfer-encoding", "connection", "date"];
    if OURS.iter().any(|ours| name.eq_ignore_ascii_case(ours)) {
        return;
    }
    let splits = |byte: u8| matches!(byte, b'\r' | b'\n' | 0);
    if name.is_empty() || !name.bytes().all(is_token) || value.bytes().any(splits) {
        log::warn!("response header left out: {} {}", quoted(name), quoted(value));
        return;
    }
    head.extend_from_slice(name.as_bytes());
    head.extend_from_slice(b": ");
    head.extend_from_slice(value.as_bytes());
    head.extend_from_slice(b"\r\n");
}

/// `now` as HTTP writes it: `Sun, 06 Nov 1994 08:49:37 GMT` (RFC 9110 5.6.7).
pub fn http_date(now: Timestamp) -> String {
    const DAYS: [&str; 7] = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"];
    const MONTHS: [&str; 12] =
        ["Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec", "Jan", "Feb"];
    let seconds = now.seconds();
    let (days, second) = (seconds.div_euclid(86_400), seconds.rem_euclid(86_400));
    // Howard Hinnant's civil_from_days: years begin in March, so that a leap day comes last.
    let shifted = days + 719_468;
    let era = shifted.div_euclid(146_097);
    let day_of_era = shifted.rem_euclid(146_097);
    let year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month + 2) / 5 + 1;
    let year = year_of_era + era * 400 + i64::from(month >= 10);
    let name = |names: &[&'static str], at: i64| {
        usize::try_from(at).ok().and_then(|at| names.get(at).copied()).unwrap_or_default()
    };
    format!(
        "{}, {day:02} {} {year:04} {:02}:{:02}:{:02} GMT",
        name(&DAYS, days.rem_euclid(7)),
        name(&MONTHS, month),
        second / 3600,
        second / 60 % 60,
        second % 60
    )
}

#[cfg(test)]
mod tests {
    use super::{Manner, http_date, send};
    use crate::base::clock::Timestamp;
    use crate::gate::response::Response;

    fn sent(response: Response, version_1_1: bool, head_only: bool) -> (String, bool) {
        let mut out = Vec::new();
        let manner = Manner { head_only, version_1_1, keep: true };
        let keep = send(&mut out, response, manner).unwrap();
        (String::from_utf8(out).unwrap(), keep)
    }

    #[test]
    fn dates() {
        let check = |seconds: i64, expected: &str| {
            assert_eq!(http_date(Timestamp(seconds * 1000)), expected);
        };
        check(0, "Thu, 01 Jan 1970 00:00:00 GMT");
        check(784_111_777, "Sun, 06 Nov 1994 08:49:37 GMT");
        check(951_782_400, "Tue, 29 Feb 2000 00:00:00 GMT");
        check(1_709_164_799, "Wed, 28 Feb 2024 23:59:59 GMT");
        check(4_102_444_799, "Thu, 31 Dec 2099 23:59:59 GMT");
        check(-1, "Wed, 31 Dec 1969 23:59:59 GMT");
    }

    #[test]
    fn nobody_splits_a_response() {
        for value in ["a\r\nX: y", "a\nX: y", "a\rX: y", "\0", "a\r\n\r\n<html>"] {
            let (text, _) = sent(Response::redirect(303, value), true, false);
            assert!(!text.contains("Location") && !text.contains("X: y"), "{text}");
            assert!(text.ends_with("\r\n\r\n") && !text.contains("<html>"));
        }
        for name in ["a b", "", "a:b", "x\r\ny", "é"] {
            let (text, _) = sent(Response::new(200).header(name.to_owned(), "hit"), true, false);
            assert!(!text.contains("hit"), "{text}");
        }
    }

    #[test]
    fn framing_headers_belong_to_the_gate() {
        let response = Response::new(200)
            .header("content-length", "9")
            .header("Transfer-Encoding", "chunked")
            .header("Connection", "upgrade")
            .text("abc");
        let (text, keep) = sent(response, true, false);
        assert!(keep && text.contains("Content-Length: 3\r\n") && !text.contains("chunked"));
        assert!(!text.contains("upgrade") && text.ends_with("\r\n\r\nabc"), "{text}");
    }

    #[test]
    fn bodies_follow_status_method_and_version() {
        let (text, _) = sent(Response::new(204).text("x"), true, false);
        assert!(!text.contains("Content-Length") && text.ends_with("\r\n\r\n"), "{text}");
        let (text, _) = sent(Response::new(200).text("abc"), true, true);
        assert!(text.contains("Content-Length: 3") && text.ends_with("\r\n\r\n"), "{text}");
        let stream = || Response::new(200).stream("text/csv", |out| out.write_all(b"abc"));
        let (text, keep) = sent(stream(), true, false);
        assert!(keep && text.ends_with("\r\n\r\n3\r\nabc\r\n0\r\n\r\n"), "{text}");
        let (text, keep) = sent(stream(), false, false);
        assert!(!keep && text.contains("Connection: close") && text.ends_with("\r\n\r\nabc"));
        assert!(sent(Response::new(99), true, false).0.starts_with("HTTP/1.1 500 "));
    }
}
