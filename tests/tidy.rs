//! The repository's own rules, checked on its text: layers, sizes, banned words, registries,
//! templates, dependencies, documents. Every message says where and what to do about it.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

#[path = "tidy/css.rs"]
mod css;
#[path = "tidy/text.rs"]
mod text;

use std::collections::BTreeSet;
use std::path::Path;

use text::{
    Source, blank, crate_imports, files, functions, line_of, product_part, read, root, sources,
    words,
};

/// Folders of `src/` in reading order, and what each may import besides itself.
/// ARCHITECTURE.md repeats this table and a test compares the two.
const LAYERS: &[(&str, &[&str])] = &[
    ("base", &[]),
    ("model", &["base"]),
    ("gate", &["base"]),
    ("store", &["base", "model"]),
    ("net", &["base", "model"]),
    ("ingest", &["base", "model"]),
    ("search", &["base", "model", "store"]),
    ("sim", &["base", "model", "ingest"]),
    ("notify", &["base", "model", "net"]),
    ("domain", &["base", "model", "store", "ingest", "search", "notify"]),
    ("auth", &["base", "model", "store", "domain"]),
    ("worker", &["base", "model", "store", "net", "ingest", "search", "notify", "domain", "auth"]),
    (
        "web",
        &[
            "base", "model", "gate", "store", "ingest", "search", "notify", "domain", "auth",
            "worker",
        ],
    ),
    (
        "app",
        &[
            "base", "model", "gate", "store", "net", "ingest", "search", "sim", "notify", "domain",
            "auth", "worker", "web",
        ],
    ),
    (
        "cli",
        &[
            "base", "model", "gate", "store", "net", "ingest", "search", "sim", "notify", "domain",
            "auth", "worker", "web", "app",
        ],
    ),
];

/// Registries: folder, trait, slice.
const REGISTRIES: &[(&str, &str, &str)] = &[
    ("src/ingest", "PayloadKind", "PAYLOADS"),
    ("src/search", "Filter", "FILTERS"),
    ("src/notify", "Channel", "CHANNELS"),
];

/// `|safe` is allowed only here, each for a reason.
const SAFE_ALLOWED: &[(&str, &str, &str)] = &[
    // (template, text on the line, reason)
];

const FILE_LINES_MAX: usize = 500;
const FUNCTION_LINES_MAX: usize = 70;
const DEPENDENCIES_MAX: usize = 40;

fn layer_of(path: &str) -> Option<&str> {
    let inside = path.strip_prefix("src/")?;
    let name =
        inside.split_once('/').map_or_else(|| inside.strip_suffix(".rs"), |(l, _)| Some(l))?;
    LAYERS.iter().any(|(layer, _)| *layer == name).then_some(name)
}

#[track_caller]
fn clean(problems: &[String]) {
    assert!(problems.is_empty(), "\n{}\n", problems.join("\n"));
}

#[test]
fn imports_follow_the_layers() {
    let mut problems = Vec::new();
    for Source { path, code, .. } in sources() {
        let Some(layer) = layer_of(&path) else {
            if path != "src/lib.rs" && path != "src/main.rs" {
                problems.push(format!("{path}: is in no layer; add its folder to LAYERS"));
            }
            continue;
        };
        let allowed = LAYERS.iter().find(|(name, _)| *name == layer).unwrap().1;
        for (line, import) in crate_imports(&code) {
            if import != layer && !allowed.contains(&import.as_str()) {
                problems.push(format!(
                    "{path}:{line}: `{layer}` imports `{import}`, it may import {allowed:?}; move \
                     the thing down or hand it in as a value"
                ));
            }
        }
        let depth = path.matches('/').count() - usize::from(path.ends_with("/mod.rs"));
        for at in words(&code, "super::") {
            let supers = code[at..].split("super::").take_while(|part| part.is_empty()).count();
            if supers > depth {
                problems.push(format!(
                    "{path}:{}: leaves its layer through `super::`; write `crate::`",
                    line_of(&code, at)
                ));
            }
        }
    }
    clean(&problems);
}

#[test]
fn files_and_functions_are_short_and_say_what_they_are() {
    let mut problems = Vec::new();
    for Source { path, text, code } in sources() {
        let lines = product_part(&text).lines().count();
        if lines > FILE_LINES_MAX {
            problems.push(format!("{path}: {lines} lines, at most {FILE_LINES_MAX}; split it"));
        }
        if !text.starts_with("//! ") {
            problems
                .push(format!("{path}: must open with `//!`: what it does, what it must not know"));
        }
        for (line, name, length) in functions(&code) {
            if length > FUNCTION_LINES_MAX {
                problems.push(format!(
                    "{path}:{line}: fn {name} has {length} lines, at most {FUNCTION_LINES_MAX}"
                ));
            }
        }
    }
    clean(&problems);
}

#[test]
fn banned_words_are_absent() {
    const BANNED: &[(&str, &str, &str)] = &[
        ("todo!", "", "finish it"),
        ("unimplemented!", "", "finish it"),
        ("dbg!", "", "use log::debug!"),
        ("SystemTime::now", "src/base/clock.rs", "time comes from base::clock"),
        ("getrandom::", "src/base/random.rs", "randomness comes from base::random"),
        ("thread::spawn", "", "it panics when no thread is left; use thread::Builder"),
        ("redb", "src/store/", "only the store names redb"),
        ("lazy_static!", "", "no globals; build it in app.rs"),
        ("thread_local!", "", "no globals; build it in app.rs"),
    ];
    let mut problems = Vec::new();
    for Source { path, text, code } in sources() {
        for (word, home, instead) in BANNED {
            if !home.is_empty() && path.starts_with(home) {
                continue;
            }
            for at in words(&code, word) {
                problems.push(format!("{path}:{}: `{word}`: {instead}", line_of(&code, at)));
            }
        }
        for (number, line) in text.lines().enumerate() {
            let comment = line.split_once("//").map_or("", |(_, comment)| comment);
            let marked = ["TODO", "FIXME", "XXX"].iter().find(|w| !words(comment, w).is_empty());
            if let Some(word) = marked.filter(|_| !comment.contains('#')) {
                problems.push(format!("{path}:{}: {word} without `#number`", number + 1));
            }
        }
        for at in words(&code, "static ") {
            // `&'static str` is a lifetime, not an item.
            if at > 0 && code.as_bytes()[at - 1] == b'\'' || path == "src/base/log.rs" {
                continue;
            }
            let item = &code[at..at + code[at..].find(['=', ';', '\n']).unwrap_or(0)];
            let inner = ["Mutex", "RwLock", "Atomic", "OnceLock", "LazyLock", "Cell", "mut "];
            if inner.iter().any(|word| item.contains(word)) {
                problems.push(format!(
                    "{path}:{}: `{}` is a global; put it into App",
                    line_of(&code, at),
                    item.trim()
                ));
            }
        }
    }
    clean(&problems);
}

#[test]
fn registries_are_complete() {
    let mut problems = Vec::new();
    for (folder, member, slice) in REGISTRIES {
        let inside: Vec<Source> =
            sources().into_iter().filter(|source| source.path.starts_with(folder)).collect();
        let list = inside.iter().find_map(|source| {
            let at = words(&source.code, slice).into_iter().find(|at| {
                let before = source.code[..*at].trim_end();
                before.ends_with("const") || before.ends_with("static")
            })?;
            let rest = &source.code[at..];
            Some(rest[..rest.find("];").unwrap_or(rest.len())].to_owned())
        });
        let Some(list) = list else {
            problems
                .push(format!("{folder}: no `const {slice}`; the registry of {member} is gone"));
            continue;
        };
        let mut members = 0;
        for source in &inside {
            let mark = format!("{member} for ");
            for at in words(&source.code, &mark) {
                let name: String = source.code[at + mark.len()..]
                    .chars()
                    .take_while(|c| c.is_alphanumeric() || *c == '_')
                    .collect();
                members += 1;
                // A type is listed itself, or by every constant of it.
                let mut listed = constants_of(&source.code, &name);
                if listed.is_empty() {
                    listed.push(name);
                }
                for name in listed.iter().filter(|name| words(&list, name).is_empty()) {
                    let path = &source.path;
                    problems.push(format!("{path}: `{name}` is not in {slice}; add a line"));
                }
            }
        }
        if members == 0 {
            problems.push(format!("{folder}: nothing implements {member}"));
        }
    }
    clean(&problems);
}

/// Names of the constants of type `kind` that `code` shows to others.
fn constants_of(code: &str, kind: &str) -> Vec<String> {
    words(code, "const ")
        .into_iter()
        .filter(|at| code[..*at].trim_end().ends_with(['b', ')']))
        .filter_map(|at| {
            let (name, rest) = code[at + 6..].split_once(':')?;
            let kind_of = rest.split(['=', ';']).next()?.trim();
            (kind_of == kind).then(|| name.trim().to_owned())
        })
        .collect()
}

#[test]
fn architecture_repeats_the_layers() {
    let text = read("ARCHITECTURE.md");
    let rows: Vec<(String, BTreeSet<String>)> = text
        .lines()
        .filter_map(|line| {
            let mut cells = line.strip_prefix("| `")?.splitn(4, '|');
            let name = cells.next()?.trim().strip_suffix('`')?.to_owned();
            let imports = cells.nth(1)?;
            Some((name, imports.split('`').skip(1).step_by(2).map(str::to_owned).collect()))
        })
        .collect();
    let mut problems = Vec::new();
    for (layer, allowed) in LAYERS {
        let allowed: BTreeSet<String> = allowed.iter().map(|name| (*name).to_owned()).collect();
        match rows.iter().find(|(name, _)| name == layer) {
            None => problems.push(format!("ARCHITECTURE.md: no row for layer `{layer}`")),
            Some((_, row)) if *row != allowed => problems.push(format!(
                "ARCHITECTURE.md: row `{layer}` says {row:?}, tests/tidy.rs says {allowed:?}"
            )),
            Some(_) => {}
        }
    }
    let order: Vec<&str> = rows.iter().map(|(name, _)| name.as_str()).collect();
    let wanted: Vec<&str> = LAYERS.iter().map(|(name, _)| *name).collect();
    if problems.is_empty() && order != wanted {
        problems.push(format!("ARCHITECTURE.md: rows {order:?}, wanted {wanted:?}"));
    }
    clean(&problems);
}

#[test]
fn documents_name_things_that_exist() {
    let mut problems = Vec::new();
    for path in ["README.md", "ARCHITECTURE.md", "SECURITY.md"]
        .into_iter()
        .map(str::to_owned)
        .chain(files("docs", &["md"]))
    {
        for part in read(&path).split('`').skip(1).step_by(2) {
            let file = part.split("::").next().unwrap_or(part);
            let known = ["src/", "tests/", "docs/", "assets/", ".ci/", "systemd/", "benches/"];
            let pattern = file.contains(['*', '{', '<', ' ']) || file.contains("NAME");
            if known.iter().any(|folder| file.starts_with(folder))
                && !pattern
                && !root().join(file).exists()
            {
                problems.push(format!("{path}: `{file}` does not exist"));
            }
            if let Some((file, test)) = part.split_once(".rs::")
                && std::fs::read_to_string(root().join(format!("{file}.rs")))
                    .is_ok_and(|text| words(&text, &format!("fn {test}")).is_empty())
            {
                problems.push(format!("{path}: `{part}`: there is no such test"));
            }
        }
    }
    clean(&problems);
}

#[test]
fn templates_are_inert() {
    let mut problems = Vec::new();
    for path in files("assets", &["html", "css", "js", "svg"]) {
        let text = read(&path);
        for (number, line) in text.lines().enumerate() {
            let place = format!("{path}:{}", number + 1);
            for (at, _) in line.match_indices("://") {
                let before = line[..at].ends_with("http") || line[..at].ends_with("https");
                let host = &line[at + 3..];
                let fine = [
                    "www.w3.org/",
                    "{{",
                    "example.",
                    "localhost",
                    "127.0.0.1",
                    "192.168.",
                    "192.0.2.",
                ];
                if before && !fine.iter().any(|ok| host.starts_with(ok)) {
                    problems.push(format!("{place}: external address; the box works offline"));
                }
            }
            if Path::new(&path).extension().is_some_and(|e| e == "html") {
                template_line(&path, &place, line, &mut problems);
            }
        }
        for (at, _) in text.match_indices("<script").filter(|_| path.ends_with("html")) {
            let body = text[at..].split_once('>').map_or("", |(_, rest)| rest);
            let body = body.split("</script>").next().unwrap_or("");
            if !body.trim().is_empty() {
                problems.push(format!(
                    "{path}:{}: inline script; the content policy forbids it",
                    line_of(&text, at)
                ));
            }
        }
    }
    clean(&problems);
}

fn template_line(path: &str, place: &str, line: &str, problems: &mut Vec<String>) {
    if line.contains(" style=") || line.contains("<style") {
        problems.push(format!("{place}: inline style; the content policy forbids it"));
    }
    let handler = line.match_indices(" on").any(|(at, _)| {
        let name: String = line[at + 3..].chars().take_while(char::is_ascii_lowercase).collect();
        name.len() > 2 && line[at + 3 + name.len()..].starts_with("=\"")
    });
    if handler {
        problems.push(format!("{place}: event handler attribute; bind it in a script file"));
    }
    let unsafe_filter = line.replace(' ', "").contains("|safe");
    let allowed = SAFE_ALLOWED.iter().any(|(file, text, _)| *file == path && line.contains(text));
    if unsafe_filter && !allowed {
        problems.push(format!("{place}: `|safe` without an entry with a reason in SAFE_ALLOWED"));
    }
    if line.replace(' ', "").contains("autoescapefalse") {
        problems.push(format!("{place}: escaping is never switched off"));
    }
}

#[test]
fn text_holds_no_invisible_characters() {
    let mut problems = Vec::new();
    let mut paths = vec!["README.md".to_owned(), "ARCHITECTURE.md".to_owned()];
    for folder in ["src", "tests", "assets", "docs", ".ci", "benches"] {
        paths.extend(files(folder, &["rs", "html", "css", "js", "mjs", "md", "sh", "toml"]));
    }
    for path in paths {
        for (number, line) in read(&path).lines().enumerate() {
            let bad = line.chars().find(|c| {
                (c.is_control() && *c != '\t')
                    || matches!(*c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}'
                        | '\u{2060}'..='\u{206f}' | '\u{feff}')
            });
            if let Some(c) = bad {
                problems.push(format!(
                    "{path}:{}: {}; write it as an escape",
                    number + 1,
                    c.escape_unicode()
                ));
            }
        }
    }
    clean(&problems);
}

#[test]
fn dependencies_are_few_and_synchronous() {
    let mut problems = Vec::new();
    let lock = read("Cargo.lock");
    for name in ["tokio", "async-std", "openssl-sys", "native-tls", "aws-lc-sys", "zstd-sys"] {
        if lock.contains(&format!("name = \"{name}\"\n")) {
            problems.push(format!("Cargo.lock: {name}; `cargo tree -i {name}` shows who wants it"));
        }
    }
    let manifest = read("Cargo.toml");
    let section = manifest.split("\n[dependencies]\n").nth(1).unwrap_or("");
    let section = section.split("\n[").next().unwrap_or("");
    let lines: Vec<&str> = section
        .lines()
        .filter(|line| line.split_once(" = ").is_some_and(|(name, _)| !name.starts_with('#')))
        .collect();
    if lines.is_empty() || lines.len() > DEPENDENCIES_MAX {
        problems.push(format!(
            "Cargo.toml: {} direct dependencies, at most {DEPENDENCIES_MAX}",
            lines.len()
        ));
    }
    for line in lines.iter().filter(|line| !line.contains(" # ")) {
        problems.push(format!("Cargo.toml: `{line}`: say behind `#` why it is not written here"));
    }
    clean(&problems);
}

/// The rules themselves: each must be able to fail.
#[test]
fn the_rules_can_see() {
    assert_eq!(blank("a // x\n\"crate::web\" b'\\'' 'x' r#\"q\"# &'a T"), {
        let spaces = |n| " ".repeat(n);
        format!("a {}\n{} b{} {} {} &'a T", spaces(4), spaces(12), spaces(4), spaces(3), spaces(6))
    });
    let heads: Vec<String> =
        crate_imports("use crate::{web, auth::{a, b}};\nlet x = crate::store::S;")
            .into_iter()
            .map(|(_, name)| name)
            .collect();
    assert_eq!(heads, ["web", "auth", "store"]);
    assert_eq!(functions("fn a();\nfn b() {\n  {}\n}\n"), [(2, "b".to_owned(), 3)]);
    assert_eq!(words("redb credb redb2 redb::x", "redb").len(), 2);
    assert_eq!(layer_of("src/web/pages/a.rs"), Some("web"));
    assert_eq!(layer_of("src/app.rs"), Some("app"));
    let mut problems = Vec::new();
    let hostile = "<p style=\"x\" onclick=\"y\">{{ a | safe }}</p>";
    template_line("x.html", "x.html:1", hostile, &mut problems);
    assert_eq!(problems.len(), 3);
}
