//! Reading source as text: files, comments and strings blanked, words, imports, functions.

use std::path::{Path, PathBuf};

/// A source file: its path, its text, and its product part without comments and strings.
pub(crate) struct Source {
    pub(crate) path: String,
    pub(crate) text: String,
    pub(crate) code: String,
}

pub(crate) fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

pub(crate) fn read(path: &str) -> String {
    std::fs::read_to_string(root().join(path))
        .unwrap_or_else(|error| panic!("{path} cannot be read: {error}"))
}

/// Files under `folder` with one of the endings, sorted.
pub(crate) fn files(folder: &str, endings: &[&str]) -> Vec<String> {
    fn walk(folder: &Path, found: &mut Vec<PathBuf>) {
        let Ok(entries) = std::fs::read_dir(folder) else { return };
        for entry in entries.flatten() {
            let path = entry.path();
            if path.file_name().is_some_and(|name| name == "node_modules" || name == "target") {
                continue;
            }
            if path.is_dir() { walk(&path, found) } else { found.push(path) }
        }
    }
    let mut found = Vec::new();
    walk(&root().join(folder), &mut found);
    let mut names: Vec<String> = found
        .iter()
        .filter(|path| path.extension().is_some_and(|e| endings.iter().any(|want| e == *want)))
        .map(|path| path.strip_prefix(root()).unwrap().to_string_lossy().into_owned())
        .collect();
    names.sort();
    names
}

/// Product files: all but those that are compiled for tests only.
pub(crate) fn sources() -> Vec<Source> {
    let texts: Vec<(String, String)> = files("src", &["rs"])
        .into_iter()
        .map(|path| {
            let text = read(&path);
            (path, text)
        })
        .collect();
    let tests: Vec<String> = texts.iter().flat_map(|(path, text)| test_files(path, text)).collect();
    texts
        .into_iter()
        .filter(|(path, _)| !tests.iter().any(|test| path.starts_with(test)))
        .map(|(path, text)| {
            let code = blank(product_part(&text));
            Source { path, text, code }
        })
        .collect()
}

/// Beginnings of the paths of modules that `path` declares for tests only.
pub(crate) fn test_files(path: &str, text: &str) -> Vec<String> {
    let folder = match path.strip_suffix("/mod.rs") {
        Some(folder) => folder,
        None => path.strip_suffix(".rs").unwrap_or(path),
    };
    let siblings = path.rsplit_once('/').map_or("", |(folder, _)| folder);
    let mut found = Vec::new();
    for (at, mark) in text.match_indices("#[cfg(test)]\n") {
        let mut rest = &text[at + mark.len()..];
        if let Some((file, after)) =
            rest.strip_prefix("#[path = \"").and_then(|r| r.split_once("\"]\n"))
        {
            found.push(format!("{siblings}/{file}"));
            rest = after;
        }
        let line = rest.lines().next().unwrap_or("");
        if let Some((_, name)) = line.strip_suffix(';').and_then(|line| line.split_once("mod ")) {
            found.push(format!("{folder}/{name}.rs"));
            found.push(format!("{folder}/{name}/"));
        }
    }
    found
}

/// The text before the unit tests at the end of a file.
pub(crate) fn product_part(text: &str) -> &str {
    let inline = text.match_indices("\n#[cfg(test)]\nmod ").find(|(at, mark)| {
        text[at + mark.len()..].lines().next().is_some_and(|line| line.ends_with('{'))
    });
    inline.map_or(text, |(at, _)| &text[..=at])
}

/// `text` with comments and the insides of strings and characters replaced by spaces.
pub(crate) fn blank(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut out = String::with_capacity(text.len());
    let mut i = 0;
    let keep = |out: &mut String, part: &[u8]| {
        out.extend(part.iter().map(|b| if *b == b'\n' { '\n' } else { ' ' }));
    };
    while i < bytes.len() {
        let rest = &bytes[i..];
        let end = if rest.starts_with(b"//") {
            rest.iter().position(|b| *b == b'\n').unwrap_or(rest.len())
        } else if rest.starts_with(b"/*") {
            find(rest, b"*/").map_or(rest.len(), |at| at + 2)
        } else if let Some(length) = raw_string(rest, i.checked_sub(1).map(|at| bytes[at])) {
            length
        } else if rest[0] == b'"' {
            quoted(rest, b'"')
        } else if rest[0] == b'\'' && character(rest) {
            quoted(rest, b'\'')
        } else {
            // Not ASCII outside strings and comments is of no interest here.
            out.push(if rest[0].is_ascii() { rest[0] as char } else { ' ' });
            i += 1;
            continue;
        };
        keep(&mut out, &rest[..end]);
        i += end;
    }
    out
}

pub(crate) fn find(text: &[u8], what: &[u8]) -> Option<usize> {
    text.windows(what.len()).position(|window| window == what)
}

/// Length of the raw string that `rest` begins with.
pub(crate) fn raw_string(rest: &[u8], before: Option<u8>) -> Option<usize> {
    let start = if rest.starts_with(b"br") { 2 } else { usize::from(rest.starts_with(b"r")) };
    if start == 0 || before.is_some_and(|b| b.is_ascii_alphanumeric() || b == b'_') {
        return None;
    }
    let hashes = rest[start..].iter().take_while(|b| **b == b'#').count();
    if rest.get(start + hashes) != Some(&b'"') {
        return None;
    }
    let close: Vec<u8> = std::iter::once(b'"').chain(std::iter::repeat_n(b'#', hashes)).collect();
    let body = start + hashes + 1;
    Some(find(&rest[body..], &close).map_or(rest.len(), |at| body + at + close.len()))
}

/// Length of the quoted literal that `rest` begins with.
pub(crate) fn quoted(rest: &[u8], quote: u8) -> usize {
    let mut i = 1;
    while i < rest.len() {
        match rest[i] {
            b'\\' => i += 2,
            b if b == quote => return i + 1,
            _ => i += 1,
        }
    }
    rest.len()
}

/// Whether the apostrophe opens a character and not a lifetime.
pub(crate) fn character(rest: &[u8]) -> bool {
    match rest.get(1) {
        Some(b'\\') => true,
        Some(first) if first.is_ascii() => rest.get(2) == Some(&b'\''),
        Some(_) => rest.iter().take(6).skip(2).any(|b| *b == b'\''),
        None => false,
    }
}

pub(crate) fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_'
}

/// Places where `word` stands alone in `code`.
pub(crate) fn words(code: &str, word: &str) -> Vec<usize> {
    code.match_indices(word)
        .map(|(at, _)| at)
        .filter(|at| {
            let before = at.checked_sub(1).map(|i| code.as_bytes()[i]);
            let after = code.as_bytes().get(at + word.len()).copied();
            let open = word.ends_with(|c: char| !c.is_alphanumeric() && c != '_');
            !before.is_some_and(is_word) && (open || !after.is_some_and(is_word))
        })
        .collect()
}

pub(crate) fn line_of(text: &str, at: usize) -> usize {
    text[..at].matches('\n').count() + 1
}

/// First path segments behind every `crate::`, groups included.
pub(crate) fn crate_imports(code: &str) -> Vec<(usize, String)> {
    let mut found = Vec::new();
    for at in words(code, "crate::") {
        let rest = &code[at + 7..];
        if let Some(group) = rest.strip_prefix('{') {
            let mut depth = 1;
            let mut name = String::new();
            let mut heads = Vec::new();
            let mut head = true;
            for c in group.chars() {
                match c {
                    '{' => depth += 1,
                    '}' => depth -= 1,
                    ',' if depth == 1 => head = true,
                    ':' if depth == 1 => head = false,
                    c if depth == 1 && head && (c.is_alphanumeric() || c == '_') => name.push(c),
                    _ => {}
                }
                if (!head || matches!(c, ',' | '}')) && !name.is_empty() {
                    heads.push(std::mem::take(&mut name));
                }
                if depth == 0 {
                    break;
                }
            }
            found.extend(heads.into_iter().map(|head| (line_of(code, at), head)));
        } else {
            let name = rest.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
            found.push((line_of(code, at), name));
        }
    }
    found
}

/// Line, name and length in lines of every function with a body.
pub(crate) fn functions(code: &str) -> Vec<(usize, String, usize)> {
    let mut found = Vec::new();
    for at in words(code, "fn ") {
        let rest = &code[at..];
        let name: String =
            rest[3..].chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
        let Some(open) = rest.find(['{', ';']).filter(|at| rest.as_bytes()[*at] == b'{') else {
            continue;
        };
        let mut depth = 0;
        for (i, byte) in rest.bytes().enumerate().skip(open) {
            depth += i32::from(byte == b'{') - i32::from(byte == b'}');
            if depth == 0 {
                found.push((line_of(code, at), name, rest[..i].matches('\n').count() + 1));
                break;
            }
        }
    }
    found
}
