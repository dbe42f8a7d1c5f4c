//! Settings/Agents, and full frames from agents that behave well and badly.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use serde_json::json;

use crate::fakes::agent::{FakeAgent, Mood};
use crate::harness::client::Client;
use crate::harness::payload::{self, group, group_with};
use crate::harness::{Harness, binary};

const UID: &str = "AGENT0000000000000000000000000000000001";

/// The id of the agent that synthetic reads come from.
fn uid() -> String {
    group(1)["agent_uid"].as_str().unwrap_or(UID).to_owned()
}

fn enable(owner: &mut Client, at: SocketAddr) {
    let page = format!("/settings/agents/{}", uid());
    let (host, port) = (at.ip().to_string(), at.port().to_string());
    let fields =
        [("enabled", "1"), ("scheme", "http"), ("host", host.as_str()), ("port", port.as_str())];
    owner.submit(&page, &page, &fields).expect(303);
}

#[track_caller]
fn eventually(what: &str, mut holds: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !holds() {
        assert!(begun.elapsed() < Duration::from_secs(40), "{what}");
        std::thread::sleep(Duration::from_millis(30));
    }
}

/// The same while the clock of the box runs ten times as fast.
#[track_caller]
fn in_time(harness: &Harness, what: &str, mut holds: impl FnMut() -> bool) {
    eventually(what, || {
        harness.clock.advance_ms(300);
        holds()
    });
}

fn full(harness: &Harness, id: &str) -> Option<Vec<u8>> {
    let answer = harness.owner_api().get(&format!("/api/v1/captures/{id}/images/full"));
    (answer.status == 200).then_some(answer.body)
}

#[test]
fn an_agent_is_set_up_and_its_full_frames_arrive() {
    let harness = Harness::start();
    let mut owner = harness.owner();
    assert!(owner.get("/settings/agents").expect(200).text().contains("No agent has posted yet"));
    let before = harness.stored(&group(1));
    let list = owner.get("/settings/agents").expect(200).text();
    assert!(list.contains(&uid()) && list.contains("Off"), "{list}");
    assert!(owner.get("/settings/agents?q=zzz").text().contains("No agent has zzz in it"));
    let page = format!("/settings/agents/{}", uid());
    assert!(owner.get(&page).expect(200).text().contains("Fetch from 127.0.0.1"));
    let agent = FakeAgent::start(payload::large_jpeg());
    enable(&mut owner, agent.address);
    let id = harness.stored(&group(2));
    eventually("the frame of a new read", || full(&harness, &id).is_some());
    assert_eq!(full(&harness, &id), Some(payload::large_jpeg()));
    assert_eq!(agent.asked(), [format!("/img/{}.jpg", payload::uuid(2))]);
    assert!(full(&harness, &before).is_none(), "what came before it was enabled is not fetched");
    let tested = owner.submit(&page, &format!("{page}/test"), &[]).expect(200).text();
    assert!(tested.contains("Its web server answers; it keeps frames since"), "{tested}");
    assert!(tested.contains("names 2 reads of the last hour"), "{tested}");
    let shown = owner.get(&format!("/captures/{id}?image=full")).expect(200).text();
    assert!(shown.contains("Full frame"));
    let audit = harness.owner_api().get("/api/v1/audit").expect(200).text();
    assert!(audit.contains("record_changed") && audit.contains("test of agent"), "{audit}");
}

#[test]
fn frames_outlive_kills_and_restarts() {
    let mut harness = Harness::start();
    let agent = FakeAgent::start(payload::large_jpeg());
    harness.stored(&group(1));
    enable(&mut harness.owner(), agent.address);
    agent.set(Mood::Broken);
    let waiting = harness.stored(&group(2));
    eventually("a try", || !agent.asked().is_empty());
    agent.set(Mood::Well);
    harness.restart();
    in_time(&harness, "a frame that waited", || full(&harness, &waiting).is_some());
    harness.restart();
    assert_eq!(full(&harness, &waiting), Some(payload::large_jpeg()));
}

#[test]
fn frames_are_not_lost_by_a_kill() {
    let directory = tempfile::tempdir().unwrap();
    let key = binary::user_add(directory.path(), "owner", true);
    let agent = FakeAgent::start(payload::large_jpeg());
    let toml = format!(
        "format = 1\nkind = \"partial\"\n[[agents]]\nuid = \"{}\"\nenabled = true\nscheme = \"http\"\nhost = \"127.0.0.1\"\nport = {}\n",
        uid(),
        agent.address.port()
    );
    let file = directory.path().join("agents.toml");
    std::fs::write(&file, toml).unwrap();
    let running = binary::Running::start(directory.path());
    let post = |number: u64| {
        let body = serde_json::to_vec(&group(number)).unwrap();
        let answer = Client::with_key(running.address, &key).post_json("/api/webhook", &body);
        answer.expect(200).json()["id"].as_str().unwrap().to_owned()
    };
    post(1);
    let data = directory.path().to_str().unwrap();
    running.terminate();
    let import = binary::run(&["import", file.to_str().unwrap(), "--data", data], "");
    assert!(import.status.success(), "{}", String::from_utf8_lossy(&import.stderr));
    let running = binary::Running::start(directory.path());
    let ids: Vec<String> = (2..12)
        .map(|number| {
            let body = serde_json::to_vec(&group(number)).unwrap();
            let answer = Client::with_key(running.address, &key).post_json("/api/webhook", &body);
            answer.expect(200).json()["id"].as_str().unwrap().to_owned()
        })
        .collect();
    let get = |address, id: &str| {
        Client::with_key(address, &key).get(&format!("/api/v1/captures/{id}/images/full")).status
    };
    eventually("all frames", || ids.iter().all(|id| get(running.address, id) == 200));
    running.kill();
    agent.set(Mood::Empty);
    let running = binary::Running::start(directory.path());
    for id in &ids {
        assert_eq!(
            get(running.address, id),
            200,
            "a fetched frame survives, though the agent forgot it"
        );
    }
}

#[test]
fn bad_agents_cost_only_their_own_frames() {
    let harness = Harness::start();
    let agent = FakeAgent::start(payload::large_jpeg());
    harness.stored(&group(1));
    enable(&mut harness.owner(), agent.address);
    let page = format!("/settings/agents/{}", uid());
    let mut number = 1;
    for (mood, trouble) in [
        (Mood::Late, ""),
        (Mood::Empty, "it answers 404"),
        (Mood::Html, "the answer is not a JPEG"),
        (Mood::Truncated, "the answer is a JPEG that was cut off"),
        (Mood::Endless, "the answer is too large"),
        (Mood::Broken, "it answers 500"),
        (Mood::Elsewhere, "it answers 302"),
    ] {
        agent.set(mood);
        number += 1;
        let id = harness.stored(&group(number));
        if trouble.is_empty() {
            in_time(&harness, "a late frame", || full(&harness, &id).is_some());
            continue;
        }
        let mut owner = harness.owner();
        let begun = Instant::now();
        eventually(trouble, || owner.get(&page).expect(200).text().contains(trouble));
        assert!(full(&harness, &id).is_none(), "{mood:?}");
        assert!(begun.elapsed() < Duration::from_secs(30), "{mood:?}");
        // Whoever saves the way again is asked at once.
        enable(&mut harness.owner(), agent.address);
    }
    agent.set(Mood::Well);
    enable(&mut harness.owner(), agent.address);
    let id = harness.stored(&group(number + 1));
    in_time(&harness, "a frame after all that", || full(&harness, &id).is_some());
}

#[test]
fn a_hanging_agent_keeps_no_other_waiting() {
    let harness = Harness::start();
    let (well, hung) = (FakeAgent::start(payload::jpeg(1)), FakeAgent::start(payload::jpeg(2)));
    hung.set(Mood::Hang);
    harness.stored(&group(1));
    harness.stored(&group_with(2, &[("agent_uid", json!("HUNG"))]));
    enable(&mut harness.owner(), well.address);
    let (page, port) = ("/settings/agents/HUNG", hung.address.port().to_string());
    let fields = [("enabled", "1"), ("scheme", "http"), ("host", "127.0.0.1"), ("port", &port)];
    harness.owner().submit(page, page, &fields).expect(303);
    for number in 10..14 {
        harness.stored(&group_with(number, &[("agent_uid", json!("HUNG"))]));
    }
    eventually("the hanging one is asked", || hung.asked().len() >= 2);
    let ids: Vec<String> = (20..40).map(|number| harness.stored(&group(number))).collect();
    let begun = Instant::now();
    eventually("the other's frames", || ids.iter().all(|id| full(&harness, id).is_some()));
    assert!(begun.elapsed() < Duration::from_secs(10), "{:?}", begun.elapsed());
    assert!(hung.asked().len() <= 2, "at most two at once");
}

#[test]
fn what_is_wrong_with_a_way_is_said_at_its_field() {
    let harness = Harness::with_accounts(&["vera"]);
    harness.stored(&group(1));
    let mut owner = harness.owner();
    let page = format!("/settings/agents/{}", uid());
    for (host, port, message) in [
        ("", "8355", "Say where the agent&#39;s web server is."),
        ("http://gate", "8355", "Give a name or an address"),
        ("<script>", "8355", "Give a name or an address"),
        ("gate", "0", "Give a port from 1 to 65535"),
        ("0.0.0.0", "8355", "No machine has that address."),
    ] {
        let fields = [("enabled", "1"), ("scheme", "http"), ("host", host), ("port", port)];
        let answer = owner.submit(&page, &page, &fields).expect(422).text();
        let plain = answer.replace("&#x27;", "&#39;");
        assert!(plain.contains(message), "{host} {port}: {answer}");
        assert!(
            !answer.contains("<script>alert") && !answer.contains("value=\"<script>"),
            "{host}"
        );
    }
    owner.get("/settings/agents/NOBODY").expect(404);
    harness.signed_in("vera").get(&page).expect(403);
    let token = owner.token(&page);
    let fields =
        [("enabled", "1"), ("scheme", "http"), ("host", "a"), ("port", "1"), ("csrf", &token)];
    owner.post_form("/settings/agents/NOBODY", &fields).expect(404);
    // One click takes the address it posted from.
    owner.submit(&page, &format!("{page}/enable"), &[]).expect(303);
    let shown = owner.get(&page).expect(200).text();
    assert!(shown.contains("value=\"127.0.0.1\"") && shown.contains("value=\"8355\""), "{shown}");
}
