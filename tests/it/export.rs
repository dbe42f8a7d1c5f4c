//! Export: the three formats, who may, what spreadsheets are spared, and that a taker who leaves
//! costs nothing.

use std::io::{BufReader, Read as _, Write as _};
use std::time::{Duration, Instant};

use openalpr_webhook::model::user::Role;
use serde_json::json;

use crate::harness::client::{Client, connect};
use crate::harness::payload::{self, alert, group, group_with, jpeg};
use crate::harness::{Harness, golden};

/// Rows of CSV, by the rules of RFC 4180.
fn csv(text: &str) -> Vec<Vec<String>> {
    let (mut rows, mut row, mut cell, mut quoted) = (Vec::new(), Vec::new(), String::new(), false);
    let mut letters = text.chars().peekable();
    while let Some(letter) = letters.next() {
        match letter {
            '"' if quoted && letters.peek() == Some(&'"') => {
                letters.next();
                cell.push('"');
            }
            '"' => quoted = !quoted,
            ',' if !quoted => row.push(std::mem::take(&mut cell)),
            '\r' if !quoted => {}
            '\n' if !quoted => {
                row.push(std::mem::take(&mut cell));
                rows.push(std::mem::take(&mut row));
            }
            other => cell.push(other),
        }
    }
    assert!(cell.is_empty() && row.is_empty() && !quoted, "the last row has no end");
    rows
}

#[test]
fn a_table_has_a_row_for_every_read_and_no_formula() {
    let harness = Harness::start();
    let labels =
        json!({ "camera_label": "=HYPERLINK(\"http://x\",\"y\")", "agent_label": "\u{ff0b}1,\n2" });
    let evil = [("web_server_config", labels), ("best_plate_number", json!("-1+1"))];
    harness.stored(&group(2));
    harness.stored(&payload::vehicle(3));
    harness.stored(&group_with(1, &evil));
    let answer = harness.owner().get("/search/export?format=csv").expect(200);
    assert_eq!(answer.header("x-export-rows"), "3");
    assert!(answer.header("content-type").starts_with("text/csv"));
    assert!(
        answer.header("content-disposition").contains("filename=\"captures-20250314T102653Z.csv\"")
    );
    let rows = csv(&answer.text());
    assert_eq!(rows.len(), 4);
    assert!(rows.iter().all(|row| row.len() == rows[0].len()), "{rows:?}");
    let column = |name: &str| rows[0].iter().position(|head| head == name).expect(name);
    for row in &rows[1..] {
        for cell in row {
            let first = cell.trim_start().chars().next();
            assert!(!matches!(first, Some('=' | '+' | '-' | '@' | '\u{ff0b}')), "{row:?}");
        }
        assert!(row[column("captured_at_utc")].starts_with("2025-03-14T09:26:53."), "{row:?}");
    }
    let first = &rows[3];
    assert_eq!(first[column("camera")], "'=HYPERLINK(\"http://x\",\"y\")");
    assert_eq!(first[column("plate_as_read")], "'-1+1");
    assert_eq!(first[column("plate")], "11");
}

#[test]
fn times_are_in_the_takers_zone() {
    let harness = Harness::start();
    harness.stored(&group(1));
    let mut owner = harness.owner();
    let zone = [("time_zone", "America/New_York")];
    owner.submit("/profile", "/profile", &zone).expect(303);
    let rows = csv(&owner.get("/search/export?format=csv").expect(200).text());
    assert_eq!(rows[1][2], "2025-03-14T05:26:53.001-04:00");
    assert_eq!(rows[1][3], "2025-03-14T09:26:53.001Z");
}

#[test]
fn records_are_lines_and_hash_to_what_is_documented() {
    let harness = Harness::start();
    for number in 1..=3 {
        harness.stored(&group(number));
    }
    let text = harness.owner_api().get("/api/v1/export?plate=T0000002").expect(200).text();
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines.len(), 1);
    let record: serde_json::Value = serde_json::from_str(lines[0]).expect("JSON");
    assert_eq!((&record["plate"], &record["format"]), (&json!("T0000002"), &json!(1)));
    assert_eq!(record["images"].as_array().map(Vec::len), Some(3));
    // The form is a promise: what was printed years ago must still be found.
    let mut text = lines[0].to_owned();
    for name in ["id", "received_at", "key_last_four"] {
        text = text.replace(record[name].as_str().expect(name), name);
    }
    golden::check("record.txt", &text);
    harness.owner_api().get("/api/v1/export?brand=red").expect(400);
    harness.owner_api().get("/api/v1/export?format=xls").expect(400);
}

#[test]
fn an_archive_is_whole_and_its_manifest_right() {
    let harness = Harness::start();
    for number in 1..=3 {
        harness.post_read(&alert(number)).expect(200);
    }
    for path in ["/search/export?format=zip", "/alerts/rekor/export?format=zip"] {
        let answer = harness.owner().get(path).expect(200);
        let directory = tempfile::tempdir().expect("a directory");
        let file = directory.path().join("export.zip");
        std::fs::write(&file, &answer.body).expect("written");
        let script = "import sys,zipfile,hashlib\nz=zipfile.ZipFile(sys.argv[1])\nassert z.testzip() is None\n\
             lines=z.read('manifest.sha256').decode().splitlines()\n\
             assert len(lines)==len(z.namelist())-1\n\
             for line in lines:\n  h,n=line.split('  ',1)\n  assert hashlib.sha256(z.read(n)).hexdigest()==h,n\n\
             print(sum(n.endswith('.jpg') for n in z.namelist()), z.read('README.txt').decode().count('Rows: 3'))";
        let Ok(output) =
            std::process::Command::new("python3").args(["-c", script]).arg(&file).output()
        else {
            println!("python3 is missing: the archive was not unpacked");
            return;
        };
        let told = String::from_utf8_lossy(&output.stdout).trim().to_owned();
        assert_eq!(told, "9 1", "{path}: {}", String::from_utf8_lossy(&output.stderr));
        let stored = jpeg(4);
        assert!(answer.body.windows(stored.len()).any(|part| part == stored), "{path}");
    }
}

#[test]
fn viewers_look_and_do_not_take() {
    let harness = Harness::with_accounts(&["vera", "ulla"]);
    harness.set_role("vera", Role::Viewer);
    let id = harness.stored(&group(1));
    let (mut vera, mut ulla) = (harness.signed_in("vera"), harness.signed_in("ulla"));
    for path in [
        "/search/export?format=csv".to_owned(),
        "/search/export".to_owned(),
        "/alerts/rekor/export".to_owned(),
        format!("/captures/{id}/export"),
    ] {
        vera.get(&path).expect(403);
        ulla.get(&path).expect(200);
    }
    for path in ["/search", "/alerts/rekor"] {
        assert!(!vera.get(path).expect(200).text().contains("/export"), "{path}");
    }
    assert!(ulla.get("/search").expect(200).text().contains("/search/export"));
    harness.api(&harness.keys[0]).get("/api/v1/export").expect(403);
    harness.api(&harness.keys[1]).get("/api/v1/export").expect(200);
}

#[test]
fn the_page_keeps_the_search_and_offers_formats() {
    let harness = Harness::start();
    harness.stored(&group(1));
    let mut owner = harness.owner();
    let page = owner.get("/search/export?q=plate:T*+color:silver-gray").expect(200).text();
    for part in ["1 read", "value=\"csv\"", "value=\"jsonl\"", "value=\"zip\"", "silver-gray"] {
        assert!(page.contains(part), "{part}: {page}");
    }
    let fields = crate::harness::html::form(&page, "/search/export").expect("a form");
    assert!(
        fields
            .iter()
            .any(|(name, value)| (name.as_str(), value.as_str()) == ("color", "silver-gray"))
    );
    assert!(
        owner.get("/search/export?q=plate:NONE").expect(200).text().contains("nothing to export")
    );
    owner.get("/search/export?q=colr:white").expect(400);
    owner.get("/search/export?format=csv&q=plate:NONE").expect(200);
}

/// Begins an export and reads a little of it.
fn begin(harness: &Harness, session: &Client, path: &str) -> std::net::TcpStream {
    let mut stream = connect(harness.address, None).expect("connected");
    let cookies: Vec<String> = session.cookies.iter().map(|(k, v)| format!("{k}={v}")).collect();
    write!(
        stream,
        "GET {path} HTTP/1.1\r\nHost: {}\r\nCookie: {}\r\n\r\n",
        harness.address,
        cookies.join("; ")
    )
    .expect("sent");
    let mut head = [0; 16];
    BufReader::new(&mut stream).read_exact(&mut head).expect("an answer");
    assert!(head.starts_with(b"HTTP/1.1 200"), "{}", String::from_utf8_lossy(&head));
    stream
}

#[test]
fn a_taker_who_leaves_gives_the_place_back() {
    let harness = Harness::start();
    let picture = json!(payload::base64(&payload::large_jpeg()));
    for number in 1..=120 {
        harness.stored(&group_with(number, &[("overview_jpeg", picture.clone())]));
    }
    let mut owner = harness.owner();
    let path = "/search/export?format=zip";
    let takers = [begin(&harness, &owner, path), begin(&harness, &owner, path)];
    let busy = owner.get(path).expect(503);
    assert_ne!(busy.header("retry-after"), "");
    // Nobody else is kept waiting meanwhile.
    harness.stored(&group(500));
    owner.get("/search").expect(200);
    drop(takers);
    let gone = Instant::now();
    while owner.get(path).status != 200 {
        assert!(gone.elapsed() < Duration::from_secs(10), "the places do not come back");
        std::thread::sleep(Duration::from_millis(50));
    }
}
