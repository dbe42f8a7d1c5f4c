//! A small JSON reader made for hostile webhook bodies. Texts borrow from the body, so a
//! base64 JPEG is scanned once and never copied; numbers stay as they were written, so nothing
//! above 2^53 and no three-digit exponent is lost; depth and number of values are bounded.
//! Must not know what the documents mean.

use std::borrow::Cow;
use std::fmt;

use crate::base::limits::{JSON_DEPTH_MAX, JSON_VALUES_MAX, PAYLOADS_PER_BODY_MAX};

/// Why a body could not be read, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BodyError {
    /// Line of the mistake, from 1.
    pub line: usize,
    /// Column of the mistake in characters, from 1.
    pub column: usize,
    /// What is wrong; never quotes the body, which may hold secrets.
    pub what: &'static str,
}

impl fmt::Display for BodyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}, column {}: {}", self.line, self.column, self.what)
    }
}

impl std::error::Error for BodyError {}

/// One JSON value.
#[derive(Clone, PartialEq)]
pub(super) enum Json<'a> {
    /// `null`.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// A number as it was written.
    Number(&'a str),
    /// A text with its escapes resolved.
    Text(Cow<'a, str>),
    /// An array.
    List(Vec<Json<'a>>),
    /// An object.
    Object(Object<'a>),
}

/// An object: its fields in the order sent.
#[derive(Clone, Default, PartialEq)]
pub(super) struct Object<'a>(pub(super) Vec<(Cow<'a, str>, Json<'a>)>);

impl<'a> Object<'a> {
    /// The value of `name`; of several the last, as other readers do. `null` counts as absent.
    pub(super) fn get(&self, name: &str) -> Option<&Json<'a>> {
        let found = self.0.iter().rev().find(|(key, _)| key == name).map(|(_, value)| value);
        found.filter(|value| !matches!(value, Json::Null))
    }

    /// The object in `name`, if it is one.
    pub(super) fn object(&self, name: &str) -> Option<&Object<'a>> {
        match self.get(name) {
            Some(Json::Object(object)) => Some(object),
            _ => None,
        }
    }
}

/// Calls `each` with every document of `text`: objects and arrays of objects, one after another,
/// so a single object, an array and NDJSON all work. One document is in memory at a time. Ends
/// early, with an error nobody needs, when `each` says `false`.
pub(super) fn documents<'a>(
    text: &'a str,
    mut each: impl FnMut(Object<'a>) -> bool,
) -> Result<(), BodyError> {
    let mut reader = Reader::new(text);
    let mut count = 0;
    let mut next = |reader: &mut Reader<'a>| {
        count += 1;
        if count > PAYLOADS_PER_BODY_MAX {
            return Err(reader.error("too many documents in one body"));
        }
        reader.values = 0;
        if reader.peek() != Some(b'{') {
            return Err(reader.error("expected a JSON object"));
        }
        let document = reader.object(1)?;
        if each(document) { Ok(()) } else { Err(reader.error("the document was refused")) }
    };
    reader.space();
    if reader.peek().is_none() {
        return Err(reader.error("the body is empty, expected a JSON object"));
    }
    while let Some(byte) = reader.peek() {
        if byte == b'[' {
            reader.items(b']', &mut next)?;
        } else {
            next(&mut reader)?;
        }
        reader.space();
    }
    Ok(())
}

/// Reads `text` as a single value; `None` when it is not JSON.
pub(super) fn value(text: &str) -> Option<Json<'_>> {
    let mut reader = Reader::new(text);
    reader.space();
    let value = reader.value(0).ok()?;
    reader.space();
    reader.peek().is_none().then_some(value)
}

/// A position in a body.
struct Reader<'a> {
    text: &'a str,
    /// Byte offset, always at a character boundary when text is cut.
    at: usize,
    /// Values read of the current document.
    values: usize,
    /// Fields of the objects and items of the lists that are being read, the innermost last: what
    /// is finished gets memory of its exact size.
    fields: Vec<(Cow<'a, str>, Json<'a>)>,
    items: Vec<Json<'a>>,
}

impl<'a> Reader<'a> {
    const fn new(text: &'a str) -> Self {
        Self { text, at: 0, values: 0, fields: Vec::new(), items: Vec::new() }
    }

    fn rest(&self) -> &'a [u8] {
        self.text.as_bytes().get(self.at..).unwrap_or_default()
    }

    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn cut(&self, from: usize, to: usize) -> &'a str {
        self.text.get(from..to).unwrap_or_default()
    }

    #[cold]
    fn error(&self, what: &'static str) -> BodyError {
        let before = self.text.as_bytes().get(..self.at).unwrap_or_default();
        let line = before.split(|&byte| byte == b'\n').count();
        let on_line = before.rsplit(|&byte| byte == b'\n').next().unwrap_or_default();
        // Continuation bytes of UTF-8 are not characters of their own.
        let column = 1 + on_line.iter().filter(|&&b| b & 0xC0 != 0x80).count();
        BodyError { line, column, what }
    }

    fn space(&mut self) {
        self.at += self
            .rest()
            .iter()
            .take_while(|byte| matches!(byte, b' ' | b'\n' | b'\r' | b'\t'))
            .count();
    }

    fn digits(&mut self) -> usize {
        let count = self.rest().iter().take_while(|byte| byte.is_ascii_digit()).count();
        self.at += count;
        count
    }

    fn value(&mut self, depth: usize) -> Result<Json<'a>, BodyError> {
        self.values += 1;
        if self.values > JSON_VALUES_MAX {
            return Err(self.error("too many values in one document"));
        }
        match self.peek() {
            Some(b'"') => self.string().map(Json::Text),
            Some(b'{') => self.object(depth + 1).map(Json::Object),
            Some(b'[') => self.list(depth + 1).map(Json::List),
            Some(b'-' | b'0'..=b'9') => self.number().map(Json::Number),
            Some(b't') => self.word("true", Json::Bool(true)),
            Some(b'f') => self.word("false", Json::Bool(false)),
            Some(b'n') => self.word("null", Json::Null),
            Some(_) => Err(self.error("expected a JSON value")),
            None => Err(self.error("the body ends in the middle of a document")),
        }
    }

    fn word(&mut self, word: &str, value: Json<'a>) -> Result<Json<'a>, BodyError> {
        if !self.rest().starts_with(word.as_bytes()) {
            return Err(self.error("expected a JSON value"));
        }
        self.at += word.len();
        Ok(value)
    }

    fn number(&mut self) -> Result<&'a str, BodyError> {
        let start = self.at;
        if self.peek() == Some(b'-') {
            self.at += 1;
        }
        let leading_zero = self.peek() == Some(b'0');
        let whole = self.digits();
        if whole == 0 || (leading_zero && whole > 1) {
            return Err(self.error("malformed number"));
        }
        if self.peek() == Some(b'.') {
            self.at += 1;
            if self.digits() == 0 {
                return Err(self.error("malformed number"));
            }
        }
        if matches!(self.peek(), Some(b'e' | b'E')) {
            self.at += 1;
            if matches!(self.peek(), Some(b'+' | b'-')) {
                self.at += 1;
            }
            if self.digits() == 0 {
                return Err(self.error("malformed number"));
            }
        }
        Ok(self.cut(start, self.at))
    }

    fn list(&mut self, depth: usize) -> Result<Vec<Json<'a>>, BodyError> {
        self.check_depth(depth)?;
        let start = self.items.len();
        self.items(b']', &mut |reader: &mut Self| {
            let item = reader.value(depth)?;
            reader.items.push(item);
            Ok(())
        })?;
        Ok(self.items.drain(start..).collect())
    }

    fn object(&mut self, depth: usize) -> Result<Object<'a>, BodyError> {
        self.check_depth(depth)?;
        let start = self.fields.len();
        self.items(b'}', &mut |reader: &mut Self| {
            if reader.peek() != Some(b'"') {
                return Err(reader.error("expected a field name in double quotes"));
            }
            let name = reader.string()?;
            reader.space();
            if reader.peek() != Some(b':') {
                return Err(reader.error("expected : after a field name"));
            }
            reader.at += 1;
            reader.space();
            let value = reader.value(depth)?;
            reader.fields.push((name, value));
            Ok(())
        })?;
        Ok(Object(self.fields.drain(start..).collect()))
    }

    fn check_depth(&self, depth: usize) -> Result<(), BodyError> {
        if depth > JSON_DEPTH_MAX { Err(self.error("nested too deeply")) } else { Ok(()) }
    }

    /// Reads the opening bracket, `item`s between commas, and the `close` bracket.
    fn items(
        &mut self,
        close: u8,
        item: &mut dyn FnMut(&mut Self) -> Result<(), BodyError>,
    ) -> Result<(), BodyError> {
        self.at += 1;
        self.space();
        if self.peek() == Some(close) {
            self.at += 1;
            return Ok(());
        }
        loop {
            item(self)?;
            self.space();
            match self.peek() {
                Some(b',') => self.at += 1,
                Some(byte) if byte == close => {
                    self.at += 1;
                    return Ok(());
                }
                Some(_) => return Err(self.error("expected a comma or a closing bracket")),
                None => return Err(self.error("the body ends in the middle of a document")),
            }
            self.space();
        }
    }

    fn string(&mut self) -> Result<Cow<'a, str>, BodyError> {
        self.at += 1;
        let mut start = self.at;
        let mut owned: Option<String> = None;
        loop {
            self.at += plain(self.rest());
            match self.peek() {
                Some(b'"') => {
                    let part = self.cut(start, self.at);
                    self.at += 1;
                    return Ok(match owned {
                        None => Cow::Borrowed(part),
                        Some(mut text) => {
                            text.push_str(part);
                            Cow::Owned(text)
                        }
                    });
                }
                Some(b'\\') => {
                    let text = owned.get_or_insert_default();
                    text.push_str(self.cut(start, self.at));
                    text.push(self.escape()?);
                    start = self.at;
                }
                Some(_) => return Err(self.error("control character in a text")),
                None => return Err(self.error("the body ends in the middle of a text")),
            }
        }
    }

    fn escape(&mut self) -> Result<char, BodyError> {
        self.at += 1;
        let character = match self.peek() {
            Some(b'"') => '"',
            Some(b'\\') => '\\',
            Some(b'/') => '/',
            Some(b'b') => '\u{8}',
            Some(b'f') => '\u{c}',
            Some(b'n') => '\n',
            Some(b'r') => '\r',
            Some(b't') => '\t',
            Some(b'u') => return self.unicode(),
            _ => return Err(self.error("unknown escape in a text")),
        };
        self.at += 1;
        Ok(character)
    }

    /// The character of `u` and four digits, or of a surrogate pair. A lone surrogate becomes
    /// the replacement character: one bad label must not cost a read.
    fn unicode(&mut self) -> Result<char, BodyError> {
        let first = self.hex()?;
        if (0xD800..0xDC00).contains(&first) && self.rest().starts_with(b"\\u") {
            let back = self.at;
            self.at += 1;
            let second = self.hex()?;
            if (0xDC00..0xE000).contains(&second) {
                let code = 0x1_0000 + ((first - 0xD800) << 10) + (second - 0xDC00);
                return Ok(char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER));
            }
            self.at = back;
        }
        Ok(char::from_u32(first).unwrap_or(char::REPLACEMENT_CHARACTER))
    }

    fn hex(&mut self) -> Result<u32, BodyError> {
        let digits = self.cut(self.at + 1, self.at + 5);
        let all = digits.len() == 4 && digits.bytes().all(|b| b.is_ascii_hexdigit());
        match u32::from_str_radix(digits, 16) {
            Ok(code) if all => {
                self.at += 5;
                Ok(code)
            }
            _ => Err(self.error("expected four hexadecimal digits")),
        }
    }
}

/// Bytes at the start of `bytes` that need no attention inside a text. JPEGs are most of a body, so
/// eight bytes are looked at in one word, whatever the compiler makes of loops.
fn plain(bytes: &[u8]) -> usize {
    let (words, _) = bytes.as_chunks::<8>();
    let at =
        words.iter().take_while(|word| !may_be_special(u64::from_le_bytes(**word))).count() * 8;
    let special = |byte: u8| matches!(byte, b'"' | b'\\' | 0..0x20);
    let rest = bytes.get(at..).unwrap_or_default();
    at + rest.iter().take_while(|&&byte| !special(byte)).count()
}

/// Whether one of eight bytes is a quote, a backslash or a control character. A byte above 0x7f
/// never is; behind a special one it may look like it, which changes nothing.
const fn may_be_special(word: u64) -> bool {
    const ONES: u64 = u64::MAX / 0xff;
    const fn below(word: u64, bound: u64) -> u64 {
        word.wrapping_sub(ONES * bound) & !word
    }
    let (quote, slash) = (word ^ (ONES * b'"' as u64), word ^ (ONES * b'\\' as u64));
    (below(word, 0x20) | below(quote, 1) | below(slash, 1)) & (ONES * 0x80) != 0
}

#[cfg(test)]
#[path = "json_tests.rs"]
mod tests;
