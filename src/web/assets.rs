//! The static files in the binary: addressed by their content, compressed once at start. Knows no
//! request; the pipeline maps an [`Asset`] to a response.

use std::collections::BTreeMap;
use std::io::Write as _;

use flate2::Compression;
use flate2::write::GzEncoder;

use crate::base::hash;

/// Prefix of every address made here; what follows is the hash, then the name.
pub const PREFIX: &str = "/static/";
/// Hash characters in an address: 64 bits are plenty to tell versions of one file apart.
const HASH_CHARS: usize = 16;
/// How deep files may refer to each other: a style sheet to an icon, a module to a module.
const REFERENCE_DEPTH: usize = 4;

/// The style sheet's name; its parts are the files of `assets/css` in the order of [`SHEETS`].
const STYLE_SHEET: &str = "ui.css";
/// Parts of the style sheet: general before special, so that later rules may adjust earlier ones.
const SHEETS: &[&str] = &[
    "tokens",
    "base",
    "layout",
    "nav",
    "controls",
    "data",
    "heat",
    "read",
    "feedback",
    "setup",
    "agents",
    "certificate",
    "factor",
    "search",
    "dashboard",
    "live",
    "audit",
    "reports",
    "sheet",
    "plate",
    "bans",
    "notifications",
    "watch",
    "account",
    "phone",
    "touch",
    "utilities",
    "print",
];

#[derive(rust_embed::RustEmbed)]
#[folder = "assets/static"]
struct Files;

#[derive(rust_embed::RustEmbed)]
#[folder = "assets/css"]
struct Sheets;

/// A static file, ready to be sent.
#[derive(Debug)]
pub struct Asset {
    /// The bytes.
    pub bytes: Vec<u8>,
    /// The bytes compressed, when that makes them smaller.
    pub gzip: Option<Vec<u8>>,
    /// `Content-Type`.
    pub content_type: &'static str,
    /// `ETag`, quoted.
    pub etag: String,
    /// Address under which it never changes.
    pub url: String,
}

/// All static files. Built once at start and never changed.
#[derive(Debug)]
pub struct Assets {
    by_name: BTreeMap<String, Asset>,
}

/// Why the files cannot be served. All of these are mistakes of the build.
#[derive(Debug)]
#[non_exhaustive]
pub enum AssetError {
    /// A file refers to `@@NAME@@` that does not exist, or files refer to each other in a circle.
    Reference {
        /// The file that refers.
        from: String,
        /// What it refers to.
        to: String,
    },
    /// A text file is not UTF-8.
    Text(String),
    /// Compression failed.
    Compress(std::io::Error),
}

impl std::fmt::Display for AssetError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Reference { from, to } => {
                write!(f, "asset {from} refers to {to}, which is missing or circular")
            }
            Self::Text(name) => write!(f, "asset {name} is not UTF-8"),
            Self::Compress(error) => write!(f, "asset cannot be compressed: {error}"),
        }
    }
}

impl std::error::Error for AssetError {}

impl Assets {
    /// Loads, links and compresses every file.
    pub fn load() -> Result<Self, AssetError> {
        let files = Files::iter().filter_map(|name| {
            Files::get(&name).map(|file| (name.to_string(), file.data.into_owned()))
        });
        let sheet = SHEETS
            .iter()
            .filter_map(|name| Sheets::get(&format!("{name}.css")))
            .flat_map(|file| file.data.into_owned());
        Self::build(files.chain([(STYLE_SHEET.to_owned(), sheet.collect())]))
    }

    fn build(files: impl Iterator<Item = (String, Vec<u8>)>) -> Result<Self, AssetError> {
        let raw: BTreeMap<String, Vec<u8>> = files.collect();
        let mut by_name = BTreeMap::new();
        for name in raw.keys() {
            let bytes = linked(&raw, name, REFERENCE_DEPTH)?;
            let hash = short_hash(&bytes);
            let gzip = compress(&bytes)?;
            by_name.insert(
                name.clone(),
                Asset {
                    content_type: content_type(name),
                    etag: format!("\"{hash}\""),
                    url: format!("{PREFIX}{hash}/{name}"),
                    gzip,
                    bytes,
                },
            );
        }
        Ok(Self { by_name })
    }

    /// The file at `path` (`/static/HASH/NAME`); `None` for other names and other hashes.
    pub fn find(&self, path: &str) -> Option<&Asset> {
        let (_, name) = path.strip_prefix(PREFIX)?.split_once('/')?;
        self.by_name.get(name).filter(|asset| asset.url == path)
    }

    /// The file called `name`, whatever its hash: for `/favicon.ico` and the like.
    pub fn named(&self, name: &str) -> Option<&Asset> {
        self.by_name.get(name)
    }

    /// Address of the file called `name`.
    pub fn url(&self, name: &str) -> Option<&str> {
        self.by_name.get(name).map(|asset| asset.url.as_str())
    }

    /// Names of all files.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.by_name.keys().map(String::as_str)
    }
}

/// The content of `name` with every `@@OTHER@@` replaced by the address of `OTHER`.
fn linked(
    raw: &BTreeMap<String, Vec<u8>>,
    name: &str,
    depth: usize,
) -> Result<Vec<u8>, AssetError> {
    let bytes = raw.get(name).cloned().unwrap_or_default();
    if !is_text(name) {
        return Ok(bytes);
    }
    let text = String::from_utf8(bytes).map_err(|_| AssetError::Text(name.to_owned()))?;
    let mut out = String::with_capacity(text.len());
    let mut rest = text.as_str();
    while let Some((before, after)) = rest.split_once("@@") {
        let missing = |to: &str| AssetError::Reference { from: name.to_owned(), to: to.to_owned() };
        let (other, after) = after.split_once("@@").ok_or_else(|| missing("an open @@"))?;
        if depth == 0 || !raw.contains_key(other) {
            return Err(missing(other));
        }
        out.push_str(before);
        out.push_str(PREFIX);
        out.push_str(&short_hash(&linked(raw, other, depth - 1)?));
        out.push('/');
        out.push_str(other);
        rest = after;
    }
    out.push_str(rest);
    Ok(out.into_bytes())
}

/// The `ETag` of `bytes`, quoted.
pub fn tag(bytes: &[u8]) -> String {
    format!("\"{}\"", short_hash(bytes))
}

fn short_hash(bytes: &[u8]) -> String {
    let mut text = hash::hex(&hash::sha256(bytes));
    text.truncate(HASH_CHARS);
    text
}

fn compress(bytes: &[u8]) -> Result<Option<Vec<u8>>, AssetError> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(bytes).map_err(AssetError::Compress)?;
    let packed = encoder.finish().map_err(AssetError::Compress)?;
    // Below a tenth of gain the header and the unpacking are not worth it.
    Ok((packed.len() * 10 < bytes.len() * 9).then_some(packed))
}

fn extension(name: &str) -> &str {
    name.rsplit_once('.').map_or("", |(_, extension)| extension)
}

fn is_text(name: &str) -> bool {
    matches!(extension(name), "css" | "js" | "svg" | "webmanifest" | "txt" | "json")
}

fn content_type(name: &str) -> &'static str {
    match extension(name) {
        "css" => "text/css; charset=utf-8",
        "js" => "text/javascript; charset=utf-8",
        "svg" => "image/svg+xml",
        "png" => "image/png",
        "ico" => "image/x-icon",
        "webmanifest" => "application/manifest+json",
        "json" => "application/json",
        "txt" => "text/plain; charset=utf-8",
        _ => "application/octet-stream",
    }
}

#[cfg(test)]
mod tests {
    use std::io::Read as _;

    use super::{AssetError, Assets};

    fn build(files: &[(&str, &str)]) -> Result<Assets, AssetError> {
        Assets::build(files.iter().map(|(n, b)| ((*n).to_owned(), b.as_bytes().to_vec())))
    }

    #[test]
    fn every_file_loads_and_is_found_only_under_its_hash() {
        let assets = Assets::load().unwrap();
        for name in assets.names() {
            let url = assets.url(name).unwrap();
            let asset = assets.find(url).unwrap();
            assert_ne!(asset.content_type, "application/octet-stream", "{name}");
            assert!(!asset.bytes.is_empty(), "{name}");
            let stale = url.replacen(|c: char| c.is_ascii_hexdigit(), "x", 1);
            assert!(assets.find(&stale).is_none(), "{stale}");
            if let Some(gzip) = &asset.gzip {
                let mut text = Vec::new();
                flate2::read::GzDecoder::new(gzip.as_slice()).read_to_end(&mut text).unwrap();
                assert_eq!(text, asset.bytes, "{name}");
            }
        }
        for path in ["", "/static/", "/static/../Cargo.toml", "/static/x/y", "/ui.css", "/static/x"]
        {
            assert!(assets.find(path).is_none(), "{path}");
        }
    }

    #[test]
    fn every_sheet_is_part_of_the_style_sheet() {
        let mut listed: Vec<String> =
            super::SHEETS.iter().map(|name| format!("{name}.css")).collect();
        let mut present: Vec<String> = super::Sheets::iter().map(|name| name.to_string()).collect();
        listed.sort();
        present.sort();
        assert_eq!(listed, present);
    }

    #[test]
    fn no_reference_stays_open_and_none_leads_outside() {
        let assets = Assets::load().unwrap();
        for name in assets.names() {
            if let Ok(text) = std::str::from_utf8(&assets.named(name).unwrap().bytes) {
                assert!(!text.contains("@@"), "{name}");
                let outside = text.replace("http://www.w3.org/", "");
                assert!(!outside.contains("http://") && !outside.contains("https://"), "{name}");
            }
        }
    }

    #[test]
    fn references_change_the_hash_of_what_refers() {
        let one = build(&[("a.css", "x url(@@b.svg@@)"), ("b.svg", "<svg/>")]).unwrap();
        let two = build(&[("a.css", "x url(@@b.svg@@)"), ("b.svg", "<svg />")]).unwrap();
        assert_ne!(one.url("a.css"), two.url("a.css"));
        let css = String::from_utf8(one.named("a.css").unwrap().bytes.clone()).unwrap();
        assert_eq!(css, format!("x url({})", one.url("b.svg").unwrap()));
    }

    #[test]
    fn broken_references_fail_the_start() {
        for files in [
            &[("a.css", "@@b.svg@@")][..],
            &[("a.css", "@@b.svg")],
            &[("a.css", "@@a.css@@")],
            &[("a.js", "@@b.js@@"), ("b.js", "@@a.js@@")],
        ] {
            assert!(matches!(build(files), Err(AssetError::Reference { .. })), "{files:?}");
        }
    }

    /// The budget of a first page, without pictures: 60 KB on the wire.
    #[test]
    fn first_load_fits_its_budget() {
        let assets = Assets::load().unwrap();
        let size = |name: &str| {
            let asset = assets.named(name).unwrap();
            asset.gzip.as_ref().map_or(asset.bytes.len(), Vec::len)
        };
        let scripts: Vec<&str> =
            assets.names().filter(|name| super::extension(name) == "js").collect();
        let raw: usize = scripts.iter().map(|name| assets.named(name).unwrap().bytes.len()).sum();
        assert!(raw <= 30 * 1024, "scripts are {raw} bytes, and no page takes all of them");
        let total: usize = scripts.iter().copied().chain(["ui.css", "icons.svg"]).map(size).sum();
        assert!(total <= 40 * 1024, "assets are {total} bytes, a page needs the rest");
    }
}
