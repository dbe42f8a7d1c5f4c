//! `multipart/form-data` (RFC 7578), as browsers send it when a form has a file. Strict: anything a
//! browser would not write is refused. Reads a body that is in memory already and is bounded by it.
//! Knows no field.

use crate::base::limits::{FORM_PAIRS_MAX, PART_HEAD_BYTES_MAX};
use crate::gate::form::{Form, FormError};

/// Why a body is no form; all of them are the client's fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum MultipartError {
    /// The `Content-Type` has no usable boundary.
    Boundary,
    /// The parts are not where the boundary says, or their heads are not as they must be.
    Malformed,
    /// A text is not one; see [`FormError`].
    Text(FormError),
}

/// A file of a form.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Upload {
    /// Name of the field.
    pub field: String,
    /// Name the file had; `""` when none was chosen. Never a path to trust.
    pub name: String,
    /// The bytes.
    pub bytes: Vec<u8>,
}

/// A form with files.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Multipart {
    /// Texts.
    pub texts: Form,
    /// Files, also those that were not chosen.
    pub files: Vec<Upload>,
}

/// The boundary of a `Content-Type` header; `None` when it is another type.
///
/// # Errors
/// [`MultipartError::Boundary`] when the type is right and the boundary is not.
pub fn boundary(content_type: &str) -> Result<Option<&str>, MultipartError> {
    let mut parts = content_type.split(';').map(str::trim);
    if !parts.next().is_some_and(|kind| kind.eq_ignore_ascii_case("multipart/form-data")) {
        return Ok(None);
    }
    let mut found = None;
    for part in parts {
        let (name, value) = part.split_once('=').ok_or(MultipartError::Boundary)?;
        if !name.eq_ignore_ascii_case("boundary") {
            continue;
        }
        let quoted = value.strip_prefix('"').and_then(|rest| rest.strip_suffix('"'));
        let value = quoted.unwrap_or(value);
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"'()+_,-./:=?".contains(&byte);
        if found.is_some() || !(1..=70).contains(&value.len()) || !value.bytes().all(plain) {
            return Err(MultipartError::Boundary);
        }
        found = Some(value);
    }
    found.map(Some).ok_or(MultipartError::Boundary)
}

impl Multipart {
    /// Parses `body`, whose parts `boundary` divides.
    ///
    /// # Errors
    /// [`MultipartError`]; nothing of such a body is used.
    pub fn parse(body: &[u8], boundary: &str) -> Result<Self, MultipartError> {
        let malformed = MultipartError::Malformed;
        let divider = [b"\r\n--", boundary.as_bytes()].concat();
        // The first divider has no line end in front.
        let first = divider.get(2..).unwrap_or_default();
        let mut rest = body.strip_prefix(first).ok_or(malformed)?;
        let (mut texts, mut files) = (Vec::new(), Vec::new());
        loop {
            if let Some(end) = rest.strip_prefix(b"--") {
                let clean = matches!(end, b"" | b"\r\n");
                return if clean {
                    Ok(Self { texts: Form::of(texts), files })
                } else {
                    Err(malformed)
                };
            }
            rest = rest.strip_prefix(b"\r\n").ok_or(malformed)?;
            let end = find(rest, b"\r\n\r\n").filter(|end| *end <= PART_HEAD_BYTES_MAX);
            let (head, after) = rest.split_at_checked(end.ok_or(malformed)?).ok_or(malformed)?;
            let content = after.get(4..).unwrap_or_default();
            let length = find(content, &divider).ok_or(malformed)?;
            let (content, after) = content.split_at_checked(length).ok_or(malformed)?;
            rest = after.get(divider.len()..).unwrap_or_default();
            if texts.len() + files.len() == FORM_PAIRS_MAX {
                return Err(MultipartError::Text(FormError::TooManyPairs));
            }
            let (field, name) = disposition(head).ok_or(malformed)?;
            match name {
                Some(name) => files.push(Upload { field, name, bytes: content.to_vec() }),
                None => texts.push((field, text(content)?)),
            }
        }
    }
}

fn text(bytes: &[u8]) -> Result<String, MultipartError> {
    if bytes.contains(&0) {
        return Err(MultipartError::Text(FormError::Nul));
    }
    let text = std::str::from_utf8(bytes).map_err(|_| MultipartError::Text(FormError::NotUtf8))?;
    Ok(text.to_owned())
}

/// Names of field and file in the head of a part.
fn disposition(head: &[u8]) -> Option<(String, Option<String>)> {
    let head = std::str::from_utf8(head).ok()?;
    let mut found = None;
    for line in head.split("\r\n") {
        let (name, value) = line.split_once(':')?;
        if line.contains(['\r', '\n', '\0']) {
            return None;
        }
        if name.eq_ignore_ascii_case("content-disposition") {
            if found.is_some() {
                return None;
            }
            found = Some(names(value.trim())?);
        } else if !name.eq_ignore_ascii_case("content-type") {
            // No encoding, no nesting: browsers have not sent them for twenty years.
            return None;
        }
    }
    found
}

/// `form-data; name="a"; filename="b"`: both quoted, with quotes and line ends as browsers escape
/// them (`%22`, `%0D%0A`).
fn names(value: &str) -> Option<(String, Option<String>)> {
    let mut rest = value.strip_prefix("form-data")?;
    let (mut field, mut file) = (None, None);
    while !rest.is_empty() {
        rest = rest.strip_prefix(';')?.trim_start();
        let (name, after) = rest.split_once("=\"")?;
        let (quoted, after) = after.split_once('"')?;
        let slot = match name {
            "name" => &mut field,
            "filename" => &mut file,
            _ => return None,
        };
        if slot.is_some() {
            return None;
        }
        *slot = Some(quoted.replace("%22", "\"").replace("%0D", "\r").replace("%0A", "\n"));
        rest = after;
    }
    Some((field?, file))
}

fn find(bytes: &[u8], wanted: &[u8]) -> Option<usize> {
    bytes.windows(wanted.len()).position(|window| window == wanted)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn part(head: &str, content: &[u8]) -> Vec<u8> {
        [
            b"--XX\r\nContent-Disposition: form-data; ",
            head.as_bytes(),
            b"\r\n\r\n",
            content,
            b"\r\n",
        ]
        .concat()
    }

    fn body(parts: &[Vec<u8>]) -> Vec<u8> {
        [parts.concat(), b"--XX--\r\n".to_vec()].concat()
    }

    #[test]
    fn texts_and_files_come_out() {
        let file = "name=\"logo\"; filename=\"a %22b%22.png\"\r\nContent-Type: image/png";
        let parts = [
            part("name=\"csrf\"", b"token"),
            part("name=\"empty\"", b""),
            part(file, b"\x89PNG\r\n--X\r\n\x00"),
            part("name=\"none\"; filename=\"\"\r\nContent-Type: application/octet-stream", b""),
            part("name=\"g\"", "Süd\r\nEnd".as_bytes()),
        ];
        let form = Multipart::parse(&body(&parts), "XX").unwrap();
        assert_eq!(form.texts.get("csrf"), Some("token"));
        assert_eq!((form.texts.get("empty"), form.texts.get("g")), (Some(""), Some("Süd\r\nEnd")));
        let logo = &form.files[0];
        assert_eq!(
            (logo.name.as_str(), logo.bytes.as_slice()),
            ("a \"b\".png", &b"\x89PNG\r\n--X\r\n\x00"[..])
        );
        assert_eq!(form.files[1], Upload { field: "none".into(), ..Upload::default() });
        assert!(Multipart::parse(b"--XX--", "XX").unwrap().files.is_empty());
    }

    #[test]
    fn boundaries() {
        let check = |text: &str, expected: Result<Option<&str>, MultipartError>| {
            assert_eq!(boundary(text), expected, "{text}");
        };
        check(
            "multipart/form-data; boundary=----WebKitFormBoundary7MA",
            Ok(Some("----WebKitFormBoundary7MA")),
        );
        check(
            "Multipart/Form-Data; charset=utf-8; boundary=\"a b\"",
            Err(MultipartError::Boundary),
        );
        check("multipart/form-data; boundary=\"ab\"", Ok(Some("ab")));
        check("application/x-www-form-urlencoded", Ok(None));
        check("", Ok(None));
        check("multipart/form-data", Err(MultipartError::Boundary));
        check("multipart/form-data; boundary=", Err(MultipartError::Boundary));
        check("multipart/form-data; boundary=a; boundary=b", Err(MultipartError::Boundary));
        check(
            &format!("multipart/form-data; boundary={}", "a".repeat(71)),
            Err(MultipartError::Boundary),
        );
    }

    #[test]
    fn what_no_browser_sends_is_refused() {
        let head = "--XX\r\nContent-Disposition: form-data; name=\"a\"\r\n";
        for broken in [
            String::new(),
            "x".to_owned(),
            "--YY--".to_owned(),
            "--XX".to_owned(),
            "--XX--junk".to_owned(),
            format!("preamble\r\n{head}\r\nx\r\n--XX--"),
            format!("{head}\r\nx"),
            format!("{head}\r\nx\r\n--XX"),
            format!("{head}\r\nx\r\n--XX-"),
            format!("{head}\r\nx\n--XX--"),
            format!("{head}Content-Transfer-Encoding: base64\r\n\r\nx\r\n--XX--"),
            format!("{head}Content-Disposition: form-data; name=\"b\"\r\n\r\nx\r\n--XX--"),
            "--XX\r\n\r\nx\r\n--XX--".to_owned(),
            "--XX\r\nContent-Disposition: attachment; name=\"a\"\r\n\r\nx\r\n--XX--".to_owned(),
            "--XX\r\nContent-Disposition: form-data\r\n\r\nx\r\n--XX--".to_owned(),
            "--XX\r\nContent-Disposition: form-data; name=a\r\n\r\nx\r\n--XX--".to_owned(),
            "--XX\r\nContent-Disposition: form-data; name=\"a\"; filename*=u\r\n\r\nx\r\n--XX--"
                .to_owned(),
            "--XX\r\nContent-Disposition: form-data; name=\"a\"; name=\"b\"\r\n\r\nx\r\n--XX--"
                .to_owned(),
            format!(
                "--XX\r\nContent-Disposition: form-data; name=\"{}\"\r\n\r\nx\r\n--XX--",
                "a".repeat(2000)
            ),
            format!("{head}\r\n\0\r\n--XX--"),
        ] {
            assert!(Multipart::parse(broken.as_bytes(), "XX").is_err(), "{broken}");
        }
        let many = vec![part("name=\"a\"", b"x"); 300];
        assert!(Multipart::parse(&body(&many), "XX").is_err());
    }

    /// Numbers that look random and are the same in every run.
    struct Dice(u64);

    impl Dice {
        fn roll(&mut self, sides: usize) -> usize {
            self.0 = self
                .0
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            (self.0 >> 33) as usize % sides
        }
    }

    #[test]
    fn what_is_written_is_read_and_what_is_bent_does_no_harm() {
        let mut dice = Dice(7);
        for _ in 0..2000 {
            // Contents made of what could be taken for structure.
            let pieces: [&[u8]; 8] =
                [b"\r\n", b"--", b"XX", b"--XX-", b"\r", b"a", b"\xff\x00", b"\r\n--X"];
            let content: Vec<u8> =
                (0..dice.roll(12)).flat_map(|_| pieces[dice.roll(pieces.len())].to_vec()).collect();
            let whole =
                body(&[part("name=\"f\"; filename=\"n\"", &content), part("name=\"t\"", b"v")]);
            let divides = find(&content, b"\r\n--XX").is_some();
            let parsed = Multipart::parse(&whole, "XX");
            if !divides {
                let parsed = parsed.unwrap();
                assert_eq!(parsed.files[0].bytes, content);
                assert_eq!(parsed.texts.get("t"), Some("v"));
            }
            let mut bent = whole.clone();
            for _ in 0..=dice.roll(4) {
                let at = dice.roll(bent.len().max(1));
                match dice.roll(3) {
                    0 => bent.insert(at.min(bent.len()), dice.roll(256) as u8),
                    1 => bent.truncate(bent.len() / 2),
                    _ => bent.truncate(at.max(1)),
                }
            }
            // Either outcome is fine; what comes out is never more than went in.
            if let Ok(parsed) = Multipart::parse(&bent, "XX") {
                let size: usize = parsed.files.iter().map(|file| file.bytes.len()).sum();
                assert!(size <= bent.len());
            }
        }
    }
}
