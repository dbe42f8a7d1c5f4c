//! Secrets that pass through the box stay nowhere: not in its files, answers, pages or log.

use std::path::Path;

use serde_json::{Value, json};

use crate::harness::binary::{PASSWORD, Running, user_add};
use crate::harness::client::{Client, Response};
use crate::harness::payload::{self, group_with, heartbeat};
use crate::harness::{SIGN_IN, WEBHOOK, files};

/// What real heartbeats and groups carry besides reads.
const CANARIES: [&str; 6] =
    ["LICENCE-CANARY", "rtsp-canary", "token-canary", "query-canary", "guess-canary", "unk-canary"];

fn payloads(key: &str) -> Vec<Value> {
    let mut beat = heartbeat();
    beat["video_streams"][0]["settings"] = json!({ "password": "token-canary" });
    beat["update_url"] = json!("http://root:rtsp-canary@10.0.0.1/x?api_key=query-canary");
    vec![
        beat,
        group_with(
            1,
            &[
                ("custom_data", json!({ "API_KEY": key, "token": "token-canary" })),
                ("stream_url", json!("rtsp://root:rtsp-canary@192.168.0.33/stream")),
                ("license_key", json!("LICENCE-CANARY")),
            ],
        ),
        json!({ "data_type": "tomorrow", "password": "unk-canary", "x": "unk-canary" }),
    ]
}

#[test]
fn canaries_come_out_nowhere() {
    let directory = tempfile::tempdir().unwrap();
    let key = user_add(directory.path(), "owner", true);
    let log = tempfile::NamedTempFile::new().unwrap();
    let running = Running::start_logged(directory.path(), log.path(), &["--log", "debug"]);
    let address = running.address;
    let mut answers = Vec::new();

    let mut sender = Client::with_key(address, &key);
    for read in payloads(&key) {
        let answer = sender.post_json(WEBHOOK, read.to_string().as_bytes()).expect(200);
        answers.push((WEBHOOK.to_owned(), answer));
    }
    // Broken off in the middle, refused, or with the key in the path: the log must not quote it.
    let body = payloads(&key).remove(1).to_string();
    let cut = &body.as_bytes()[..body.len() - 2];
    answers.push(("cut".to_owned(), sender.post_json(WEBHOOK, cut).expect(400)));
    let mut stranger = Client::new(address);
    let path = format!("{WEBHOOK}/guess-canary");
    answers.push(("refused".to_owned(), stranger.post_json(&path, body.as_bytes()).expect(403)));
    let path = format!("{WEBHOOK}/{key}");
    let again = payload::group(2).to_string();
    answers.push(("in the path".to_owned(), stranger.post_json(&path, again.as_bytes())));

    let mut owner = Client::new(address);
    let fields = [("username", "owner"), ("password", "guess-canary in full")];
    answers.push((SIGN_IN.to_owned(), owner.submit(SIGN_IN, SIGN_IN, &fields).expect(401)));
    let fields = [("username", "owner"), ("password", PASSWORD)];
    owner.submit(SIGN_IN, SIGN_IN, &fields).expect(303);
    let session = owner.cookies.values().max_by_key(|value| value.len()).unwrap().clone();
    let list = sender.get("/api/v1/captures").expect(200).json();
    let mut paths: Vec<String> = crate::harness::routes()
        .into_iter()
        .filter(|(method, path, _)| method == "GET" && !path.contains('{'))
        .map(|(_, path, _)| path)
        .collect();
    for row in list["data"].as_array().unwrap() {
        let id = row["id"].as_str().unwrap();
        paths.push(format!("/captures/{id}"));
        paths.push(format!("/captures/{id}/raw"));
        paths.push(format!("/api/v1/captures/{id}"));
    }
    assert!(paths.len() > 20, "{paths:?}");
    for path in paths {
        answers.push((path.clone(), owner.visit(&path).1));
    }
    let (_, well) = running.terminate();
    assert!(well);
    let secrets: Vec<&str> =
        CANARIES.into_iter().chain([key.as_str(), PASSWORD, session.as_str()]).collect();
    stays_nowhere(&secrets, &answers, log.path(), directory.path());
}

#[track_caller]
fn stays_nowhere(secrets: &[&str], answers: &[(String, Response)], log: &Path, data: &Path) {
    for (place, answer) in answers {
        for secret in secrets {
            assert!(!answer.text().contains(*secret), "{place} shows {secret:?}");
        }
    }
    let logged = std::fs::read_to_string(log).unwrap();
    assert!(logged.contains("auth_failed"), "nothing was logged: {logged}");
    for secret in secrets {
        assert!(!logged.contains(*secret), "the log tells {secret:?}:\n{logged}");
    }
    let files = files(data);
    assert!(files.len() >= 2, "{files:?}");
    for file in files {
        let bytes = std::fs::read(&file).unwrap();
        for secret in secrets {
            let found = bytes.windows(secret.len()).any(|part| part == secret.as_bytes());
            assert!(!found, "{} holds {secret:?}", file.display());
        }
    }
}
