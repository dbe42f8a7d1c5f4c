//! Live streams over the real server: who hears what, from where on, and until when.

use std::net::{IpAddr, Ipv4Addr};

use openalpr_webhook::model::user::Role;
use serde_json::json;

use crate::harness::binary::{PASSWORD, Running, user_add};
use crate::harness::client::{Client, Events};
use crate::harness::payload::{AGENT, alert, group, group_with, plate};
use crate::harness::{Harness, SIGN_IN, WEBHOOK};

const STREAM: &str = "/live/stream";

/// A stream that has begun.
#[track_caller]
fn listen(client: &Client, path: &str) -> Events {
    let mut events = client.listen(path, &[]);
    assert_eq!(events.expect("hello").json(), json!({"gap": false}));
    events
}

#[test]
fn a_stored_read_is_told_as_lists_show_it() {
    let harness = Harness::start();
    let mut events = listen(&harness.owner(), STREAM);
    let id = harness.stored(&group(1));
    let read = events.expect("read").json();
    assert_eq!(read["href"], format!("/captures/{id}"));
    assert_eq!(read["plate"]["text"], plate(1));
    assert_eq!(read["crop"], format!("/captures/{id}/images/plate"));
    assert!(read["time"]["exact"].as_str().unwrap().ends_with("UTC"), "{read}");
    assert!(read["alert"].is_null() && read["replaces"].is_null());
    // The same read again is no news, the next one is.
    harness.post_read(&group(1)).expect(200);
    harness.stored(&group(2));
    assert_eq!(events.expect("read").json()["plate"]["text"], plate(2));
}

#[test]
fn an_alert_says_what_the_list_says() {
    let harness = Harness::start();
    let mut events = listen(&harness.owner(), STREAM);
    harness.post_read(&alert(1)).expect(200);
    let read = events.expect("read").json();
    assert_eq!(read["plate"]["watch"], true, "{read}");
    assert_eq!(read["alert"]["on_list"], true, "{read}");
    assert!(!read["alert"]["list"].as_str().unwrap().is_empty(), "{read}");
}

#[test]
fn a_camera_filters_and_a_final_group_takes_its_previews_place() {
    let harness = Harness::start();
    let owner = harness.owner();
    let one = format!("{STREAM}?camera={AGENT}%2F77");
    let mut events = listen(&owner, &one);
    let mut all = listen(&owner, STREAM);
    harness.stored(&group(1));
    let preview = group_with(2, &[("camera_id", json!(77)), ("is_preview", json!(true))]);
    let id = harness.stored(&preview);
    let read = events.expect("read").json();
    assert_eq!(read["plate"]["text"], plate(2), "not the other camera's");
    assert_eq!(read["camera_value"], format!("{AGENT}/77"));
    assert_eq!(all.expect("read").json()["plate"]["text"], plate(1));
    assert_eq!(all.expect("read").json()["plate"]["text"], plate(2));
    let uuids = json!([preview["best_uuid"], "TESTAGENT-77-2"]);
    let last = group_with(
        3,
        &[
            ("camera_id", json!(77)),
            ("uuids", uuids),
            ("epoch_start", preview["epoch_start"].clone()),
        ],
    );
    assert_eq!(harness.post_read(&last).expect(200).json()["status"], "replaced");
    assert_eq!(events.expect("read").json()["replaces"], format!("/captures/{id}"));
}

#[test]
fn a_stream_that_comes_back_misses_nothing_it_can_still_have() {
    let harness = Harness::start();
    let owner = harness.owner();
    let mut events = listen(&owner, STREAM);
    harness.stored(&group(1));
    let position = events.expect("read").id;
    drop(events);
    harness.stored(&group(2));
    harness.stored(&group(3));
    // The log fills in the background.
    let mut watcher = listen(&owner, STREAM);
    harness.stored(&group(4));
    watcher.expect("read");
    for headers in [&[("Last-Event-ID", position.as_str())][..], &[]] {
        let path =
            if headers.is_empty() { format!("{STREAM}?from={position}") } else { STREAM.into() };
        let mut events = owner.listen(&path, headers);
        assert_eq!(events.expect("hello").json(), json!({"gap": false}));
        for number in 2..=4 {
            assert_eq!(events.expect("read").json()["plate"]["text"], plate(number));
        }
    }
    // Of another run, from the future, or nonsense: the page must load afresh.
    for position in ["other.1", "x", "", &format!("{position}9")] {
        let mut events = owner.listen(STREAM, &[("Last-Event-ID", position)]);
        assert_eq!(events.expect("hello").json(), json!({"gap": true}), "{position:?}");
    }
}

#[test]
fn nobody_listens_without_a_session_nor_after_it() {
    let harness = Harness::with_accounts(&["vera"]);
    assert_eq!(harness.anonymous().get(STREAM).status, 303);
    assert_eq!(harness.owner_api().get(STREAM).status, 303, "a key opens no stream of pages");
    let mut owner = harness.owner();
    let mut ended = [listen(&owner, STREAM), listen(&harness.signed_in("vera"), STREAM)];
    let mut stays = listen(&harness.owner(), STREAM);
    harness.set_role("vera", Role::Viewer);
    owner.submit("/", "/sign-out", &[]).expect(303);
    let begun = std::time::Instant::now();
    for events in &mut ended {
        events.expect("end");
        assert!(events.next().is_none(), "closed");
    }
    assert!(begun.elapsed().as_secs() < 60, "within a minute");
    harness.stored(&group(1));
    stays.expect("read");
}

#[test]
fn sixty_streams_cost_no_thread_each() {
    let directory = tempfile::tempdir().unwrap();
    let key = user_add(directory.path(), "owner", true);
    let running = Running::start(directory.path());
    let mut owner = Client::new(running.address);
    owner.submit(SIGN_IN, SIGN_IN, &[("username", "owner"), ("password", PASSWORD)]).expect(303);
    let mut sender = Client::with_key(running.address, &key);
    sender.get("/api/v1/stats").expect(200);
    let (threads, memory) = running.footprint();
    let mut streams: Vec<Events> = (0..60)
        .map(|number| {
            // Three screens at each of twenty desks.
            let desk = IpAddr::V4(Ipv4Addr::new(127, 0, 1, 1 + number / 3));
            let mut client = Client::from_address(running.address, desk);
            client.cookies.clone_from(&owner.cookies);
            listen(&client, STREAM)
        })
        .collect();
    sender.post_json(WEBHOOK, group(1).to_string().as_bytes()).expect(200);
    for events in &mut streams {
        assert_eq!(events.expect("read").json()["plate"]["text"], plate(1));
    }
    // The last connection's thread may be on its way out.
    let begun = std::time::Instant::now();
    while running.footprint().0 > threads && begun.elapsed().as_secs() < 10 {
        std::thread::sleep(std::time::Duration::from_millis(10));
    }
    let (with_streams, memory_with_streams) = running.footprint();
    println!("threads {threads} -> {with_streams}, KiB {memory} -> {memory_with_streams}");
    assert!(with_streams <= threads, "{threads} threads became {with_streams}");
    assert!(memory_with_streams < memory + 4096, "{memory} KiB became {memory_with_streams}");
    let (took, well) = running.terminate();
    assert!(well && took.as_secs() < 5, "streams do not hold the stop up: {took:?}");
}
