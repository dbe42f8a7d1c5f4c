//! A store written by an earlier version opens, with everything in it.
//!
//! `tests/fixtures/store-v1/` is the data directory of a small box, each file packed with gzip, and
//! `facts.json`, which says what was in it. It was written by version 0.1.0 with
//! `cargo test --test it write_the_store -- --ignored`. It is never written anew: when the form of
//! the store changes, the version before the change leaves a `store-v2/` of its own beside it.

use std::io::{Read as _, Write as _};
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use crate::harness::client::Client;
use crate::harness::payload::{self, alert, group, group_with, vehicle};
use crate::harness::{Harness, binary, files};

/// All of the fixture, packed.
const BYTES_MAX: u64 = 300 * 1024;

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/store-v1")
}

/// What is in the store, as its own API tells it.
fn facts(harness: &Harness) -> Value {
    let mut captures = Vec::new();
    for row in harness.captures() {
        let id = row["id"].as_str().unwrap();
        captures
            .push(harness.owner_api().get(&format!("/api/v1/captures/{id}")).expect(200).json());
    }
    let get = |path: &str| harness.owner_api().get(path).expect(200).json();
    let cameras = get("/api/v1/cameras");
    json!({
        "captures": captures,
        "alerts": { "data": get("/api/v1/alerts/rekor")["data"] },
        "agents": get("/api/v1/agents"),
        "cameras": cameras,
    })
}

#[test]
#[ignore = "writes the fixture; see the head of this file"]
fn write_the_store() {
    assert!(!folder().exists(), "a fixture is never written anew");
    let mut harness = Harness::with_accounts(&["vera"]);
    harness.set_post_auth("users");
    for number in 1..=8 {
        harness.stored(&group(number));
    }
    harness.stored(&vehicle(9));
    harness.post_read(&alert(10)).expect(200);
    harness.post_read(&payload::heartbeat()).expect(200);
    let preview = group_with(11, &[("is_preview", json!(true))]);
    let old = harness.stored(&preview);
    let uuids = json!([payload::uuid(11), payload::uuid(12)]);
    harness.post_read(&group_with(12, &[("uuids", uuids)])).expect(200);
    let mut facts = facts(&harness);
    facts["key"] = json!(harness.key);
    facts["preview"] = json!(old);
    harness.stop();
    let data = harness.directory();
    let mut packed_bytes = 0;
    for file in files(data) {
        let target = folder().join(format!("{}.gz", file.strip_prefix(data).unwrap().display()));
        std::fs::create_dir_all(target.parent().unwrap()).unwrap();
        let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
        packed.write_all(&std::fs::read(&file).unwrap()).unwrap();
        let packed = packed.finish().unwrap();
        packed_bytes += packed.len() as u64;
        std::fs::write(target, packed).unwrap();
    }
    let facts = serde_json::to_string_pretty(&facts).unwrap();
    std::fs::write(folder().join("facts.json"), facts + "\n").unwrap();
    assert!(packed_bytes < BYTES_MAX, "{packed_bytes} bytes");
}

/// The fixture, unpacked into a directory of its own.
fn unpacked() -> tempfile::TempDir {
    let directory = tempfile::tempdir().unwrap();
    for file in files(&folder()) {
        let name = file.strip_prefix(folder()).unwrap().to_str().unwrap().to_owned();
        let Some(name) = name.strip_suffix(".gz") else { continue };
        let target = directory.path().join(name);
        std::fs::create_dir_all(target.parent().unwrap()).unwrap();
        let mut bytes = Vec::new();
        let packed = std::fs::File::open(&file).unwrap();
        flate2::read::GzDecoder::new(packed).read_to_end(&mut bytes).unwrap();
        std::fs::write(target, bytes).unwrap();
    }
    directory
}

#[test]
fn the_store_of_version_1_is_whole() {
    let text = std::fs::read_to_string(folder().join("facts.json")).unwrap();
    let known: Value = serde_json::from_str(&text).unwrap();
    let key = known["key"].as_str().unwrap().to_owned();
    let directory = unpacked();
    let check = binary::run(&["check", "--data", directory.path().to_str().unwrap()], "");
    assert!(check.status.success(), "{}", String::from_utf8_lossy(&check.stderr));

    let harness = Harness::open(directory, key, Vec::new());
    let found = facts(&harness);
    for part in ["captures", "alerts", "agents", "cameras"] {
        includes(part, &found[part], &known[part]);
    }
    assert_eq!(found["captures"].as_array().map(Vec::len), Some(11));
    pictures_are_there(&harness, &found);
    searches_find(&harness);
    // People get in with their old passwords, and are who they were.
    harness.owner().get("/settings/webhook").expect(200);
    harness.signed_in("vera").get("/settings/webhook").expect(403);
    let page = harness.owner().get("/settings/webhook").text();
    let level = crate::harness::html::form(&page, "/settings/webhook").unwrap();
    assert!(level.contains(&("post_auth".to_owned(), "users".to_owned())), "{level:?}");
    let old = known["preview"].as_str().unwrap();
    harness.owner().get(&format!("/captures/{old}")).expect(303);
    // And it goes on: what it knows is known, what is new is stored.
    let again = harness.post_read(&group(3)).expect(200).json();
    assert_eq!(again["status"], "duplicate", "{again}");
    harness.stored(&group(100));
    assert_eq!(harness.captures().len(), 12);
}

/// Whatever was known is still told; later versions may tell more.
#[track_caller]
fn includes(place: &str, found: &Value, known: &Value) {
    match (found, known) {
        (Value::Object(found), Value::Object(known)) => {
            for (name, known) in known {
                let found = found.get(name).unwrap_or(&Value::Null);
                includes(&format!("{place}.{name}"), found, known);
            }
        }
        (Value::Array(found), Value::Array(known)) => {
            assert_eq!(found.len(), known.len(), "{place}");
            for (index, (found, known)) in found.iter().zip(known).enumerate() {
                includes(&format!("{place}[{index}]"), found, known);
            }
        }
        _ => assert_eq!(found, known, "{place}"),
    }
}

#[track_caller]
fn pictures_are_there(harness: &Harness, found: &Value) {
    let mut client = harness.owner_api();
    let number = |row: &Value| row["plate"].as_str()?.strip_prefix('T')?.parse::<u64>().ok();
    let mut seen = 0;
    for row in found["captures"].as_array().unwrap() {
        let id = row["id"].as_str().unwrap();
        for kind in row["images"].as_array().unwrap() {
            let kind = kind.as_str().unwrap();
            let path = format!("/api/v1/captures/{id}/images/{kind}");
            let image = client.get(&path).expect(200);
            let offset = ["plate", "vehicle", "overview"].iter().position(|other| *other == kind);
            if let (Some(number), Some(offset)) = (number(row), offset) {
                assert!(image.body == payload::jpeg(number * 4 + offset as u64), "{path}");
                seen += 1;
            }
        }
    }
    assert!(seen >= 27, "{seen} pictures");
}

#[track_caller]
fn searches_find(harness: &Harness) {
    let mut client: Client = harness.owner_api();
    for (query, count) in [
        ("plate=T0000003", 1),
        ("plate=T000000*", 8),
        ("plate=*3", 1),
        ("color=silver-gray", 11),
        ("kind=vehicle", 1),
        ("q=is:alert", 1),
        ("region=us-md", 10),
        ("plate=NONE", 0),
    ] {
        let answer = client.get(&format!("/api/v1/captures?{query}")).expect(200).json();
        assert_eq!(answer["data"].as_array().map(Vec::len), Some(count), "{query}");
    }
}
