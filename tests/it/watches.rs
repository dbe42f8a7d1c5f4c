//! Watches and the alerts they raise: whose they are, what fires, what is shown and what is refused.

use openalpr_webhook::model::user::Role;
use serde_json::{Value, json};

use crate::harness::Harness;
use crate::harness::client::{Client, percent};
use crate::harness::payload::{group, group_with, plate};

/// Breaks out of text, attributes, templates and spreadsheets, if it can.
const HOSTILE: &str = "=cmd|' /C'!A0\"><script>alert(1)</script>{{7*7}}🚗";

/// A box whose clock is that of its reads, so that none is late.
fn start(names: &[&str]) -> Harness {
    let harness = Harness::with_accounts(names);
    harness.clock.advance_ms(60_000 - 3_600_000);
    harness
}

fn add(client: &mut Client, fields: &[(&str, &str)]) -> u16 {
    let mut all = vec![("enabled", "true"), ("region_match", "true")];
    all.extend_from_slice(fields);
    client.submit("/watches/new", "/watches", &all).status
}

/// Addresses of the rows on a page.
fn rows(html: &str) -> Vec<String> {
    let parts = html.split("class=\"hit\" href=\"").skip(1);
    parts.filter_map(|rest| rest.split('"').next()).map(str::to_owned).collect()
}

fn alerts(client: &mut Client, query: &str) -> Vec<String> {
    rows(&client.get(&format!("/alerts/custom?{query}")).expect(200).text())
}

fn call(client: &mut Client, method: &str, path: &str, body: &Value) -> (u16, Value) {
    let json = [("Content-Type", "application/json")];
    let answer = client.request(method, path, &json, body.to_string().as_bytes()).unwrap();
    let value = if answer.text().is_empty() { Value::Null } else { answer.json() };
    (answer.status, value)
}

#[test]
fn every_watch_of_every_user_fires_and_nobody_sees_anothers() {
    let harness = start(&["uwe", "ulla"]);
    let (mut owner, mut uwe) = (harness.owner(), harness.signed_in("uwe"));
    let wanted = plate(1);
    assert_eq!(add(&mut owner, &[("plate", &wanted), ("name", "Of the owner")]), 303);
    assert_eq!(add(&mut uwe, &[("plate", &wanted), ("name", "Of Uwe")]), 303);
    assert_eq!(add(&mut uwe, &[("kind", "search"), ("search", &format!("plate:{wanted}"))]), 303);
    harness.stored(&group(1));
    harness.stored(&group(2));
    let (mine, his) = (alerts(&mut owner, ""), alerts(&mut uwe, ""));
    assert_eq!((mine.len(), his.len()), (1, 2));
    assert!(alerts(&mut harness.signed_in("ulla"), "").is_empty());
    let page = owner.get(&mine[0]).expect(200).text();
    for part in ["Of the owner", &wanted, "Acknowledge", "Past history"] {
        assert!(page.contains(part), "{part}: {page}");
    }
    assert!(owner.get(&format!("{}/print", mine[0])).expect(200).text().contains("Of the owner"));
    // Administrators are no exception.
    for path in &his {
        for address in [path.clone(), format!("{path}/print")] {
            owner.get(&address).expect(404);
        }
        let token = owner.token("/watches");
        owner.post_form(path, &[("csrf", &token), ("do", "acknowledge")]).expect(404);
        owner.post_form(&format!("{path}/delete-watch"), &[("csrf", &token)]).expect(404);
    }
    let forms = rows(&uwe.get("/watches").expect(200).text());
    assert_eq!(forms.len(), 2);
    let token = owner.token("/watches");
    for form in &forms {
        owner.get(form).expect(404);
        for end in ["", "/switch", "/delete"] {
            let fields = [("csrf", token.as_str()), ("plate", "A1"), ("enabled", "0")];
            owner.post_form(&format!("{form}{end}"), &fields).expect(404);
        }
        let api = format!("/api/v1{form}");
        for (method, body) in
            [("GET", json!({})), ("PUT", json!({"plate": "A1"})), ("DELETE", json!({}))]
        {
            assert_eq!(call(&mut harness.owner_api(), method, &api, &body).0, 404, "{method}");
        }
    }
    let list = harness.owner_api().get("/api/v1/custom-alerts?state=all").expect(200).json();
    assert_eq!(list["data"].as_array().unwrap().len(), 1, "{list}");
    assert_eq!(rows(&uwe.get("/watches").expect(200).text()).len(), 2, "nothing changed");
}

#[test]
fn contacts_see_the_alert_and_viewers_change_nothing() {
    let harness = start(&["uwe", "vera"]);
    harness.set_role("vera", Role::Viewer);
    let (mut owner, mut uwe) = (harness.owner(), harness.signed_in("uwe"));
    assert_eq!(add(&mut uwe, &[("plate", "A1"), ("contacts", "vera")]), 422, "no administrator");
    let fields = [("plate", &*plate(1)), ("contacts", "uwe"), ("contacts", "vera")];
    assert_eq!(add(&mut owner, &fields), 303);
    harness.stored(&group(1));
    let mut vera = harness.signed_in("vera");
    let seen = alerts(&mut vera, "");
    assert_eq!(seen.len(), 1);
    let page = vera.get(&seen[0]).expect(200).text();
    assert!(!page.contains("name=\"note\"") && !page.contains("delete-watch"), "{page}");
    vera.get("/watches").expect(403);
    vera.get("/watches/new").expect(403);
    let token = vera.token("/profile");
    vera.post_form(&seen[0], &[("csrf", &token), ("do", "acknowledge")]).expect(403);
    let note = [("do", "acknowledge"), ("note", HOSTILE)];
    uwe.submit(&seen[0], &seen[0], &note).expect(303);
    let page = owner.get(&seen[0]).expect(200).text();
    assert!(
        page.contains("Acknowledged") && page.contains("uwe") && !page.contains("<script>alert")
    );
    assert!(alerts(&mut owner, "").is_empty() && alerts(&mut owner, "state=done").len() == 1);
    uwe.submit(&seen[0], &seen[0], &[("do", "reopen")]).expect(303);
    assert_eq!(alerts(&mut owner, "").len(), 1);
    let own = rows(&owner.get("/watches").expect(200).text()).remove(0);
    uwe.get(&own).expect(404);
    let audit = owner.get("/audit").expect(200).text();
    assert!(audit.contains("acknowledged") && audit.contains("watch added"), "{audit}");
}

#[test]
fn what_tells_nobody_stays_in_the_history_of_the_watch() {
    let harness = start(&[]);
    let mut owner = harness.owner();
    let fields = [("plate", &*plate(1)), ("region", "us-xx"), ("quiet_minutes", "5")];
    assert_eq!(add(&mut owner, &fields), 303);
    harness.stored(&group(1));
    assert!(alerts(&mut owner, "state=all").is_empty(), "another region");
    let form = rows(&owner.get("/watches").expect(200).text()).remove(0);
    let switch = format!("{form}/switch");
    owner.submit(&form, &form, &[("plate", &plate(1)), ("region", "")]).expect(303);
    let same = [("best_plate_number", json!(plate(1)))];
    harness.stored(&group_with(2, &same));
    let open = alerts(&mut owner, "");
    assert_eq!(open.len(), 1);
    let page = owner.get(&open[0]).expect(200).text();
    assert!(page.contains("Other region") && rows(&page).len() == 2, "{page}");
    owner.submit(&open[0], &switch, &[("enabled", "0"), ("back", &open[0])]).expect(303);
    harness.stored(&group_with(3, &same));
    assert_eq!(alerts(&mut owner, "").len(), 1);
    let page = owner.get(&open[0]).expect(200).text();
    assert!(page.contains("Watch was off") && page.contains("Turn on"), "{page}");
    owner.submit(&open[0], &format!("{}/delete-watch", open[0]), &[]).expect(303);
    let page = owner.get(&open[0]).expect(200).text();
    assert!(page.contains("The watch was deleted"), "{page}");
    assert!(rows(&owner.get("/watches").expect(200).text()).is_empty());
    // Late reads tell nobody.
    assert_eq!(add(&mut owner, &[("plate", &*plate(4))]), 303);
    harness.clock.advance_ms(3_600_000);
    harness.stored(&group(4));
    assert_eq!(alerts(&mut owner, "").len(), 1);
}

#[test]
fn hostile_texts_are_shown_and_sent_literally() {
    let harness = start(&[]);
    let mut owner = harness.owner();
    let long = "A".repeat(200);
    let fields = [("plate", &*plate(1)), ("name", HOSTILE), ("description", HOSTILE)];
    assert_eq!(add(&mut owner, &fields), 303);
    assert_eq!(add(&mut owner, &[("plate", "<script>"), ("description", "x")]), 303);
    for bad in ["🚗", "", " - ", &long, "A~1"] {
        assert_eq!(add(&mut owner, &[("plate", bad)]), 422, "{bad}");
    }
    harness.stored(&group(1));
    let open = alerts(&mut owner, "");
    for path in ["/", "/watches", "/alerts/custom", &open[0], &format!("{}/print", open[0])] {
        let page = owner.get(path).expect(200).text();
        assert!(!page.contains("<script>alert"), "{path}");
        assert!(page.contains("=cmd|") && page.contains("{{7*7}}"), "{path}: {page}");
    }
    let file = owner.get("/watches/export").expect(200).text();
    assert!(file.contains("\"'=cmd|"), "a spreadsheet takes it for text: {file}");
    let new = owner.get(&format!("/watches/new?name={}&plate=%22%3E", percent(HOSTILE)));
    assert!(!new.expect(200).text().contains("<script>alert"));
}

fn import(client: &mut Client, file: &str) -> crate::harness::client::Response {
    let token = client.token("/watches");
    let body = format!(
        "--XX\r\nContent-Disposition: form-data; name=\"csrf\"\r\n\r\n{token}\r\n--XX\r\n\
         Content-Disposition: form-data; name=\"file\"; filename=\"w.csv\"\r\n\
         Content-Type: text/csv\r\n\r\n{file}\r\n--XX--\r\n"
    );
    let headers =
        [("Content-Type", "multipart/form-data; boundary=XX"), ("Sec-Fetch-Site", "same-origin")];
    client.request("POST", "/watches/import", &headers, body.as_bytes()).unwrap()
}

#[test]
fn files_go_out_and_come_in_again() {
    let harness = start(&["uwe"]);
    let mut owner = harness.owner();
    let days = [("days", "mon"), ("days", "tue"), ("hours", "22-5"), ("valid_until", "2031-01-31")];
    let mut fields = vec![("plate", "8K?X*"), ("look_alike", "true"), ("name", HOSTILE)];
    fields.extend(days);
    assert_eq!(add(&mut owner, &fields), 303);
    let search =
        [("kind", "search"), ("search", "color:white \"make:a b\""), ("severity", "critical")];
    assert_eq!(add(&mut owner, &search), 303);
    assert_eq!(add(&mut owner, &[("kind", "unlisted"), ("tag", "staff")]), 303);
    let file = owner.get("/watches/export").expect(200).text();
    let mut uwe = harness.signed_in("uwe");
    import(&mut uwe, &file).expect(303);
    import(&mut uwe, &file).expect(303);
    let again = uwe.get("/watches/export").expect(200).text();
    assert_eq!(again, file, "the same, and each once");
    for (bad, part) in [
        ("", "Choose a CSV file"),
        ("plate,colour\nA1,x", "no column colour"),
        ("plate,severity\nA1,warning\nB1,high\n🚗,notice", "Line 3, severity"),
        ("plate\n\"A1", "Line 2"),
        ("plate\nA1,B1", "more cells"),
    ] {
        let page = import(&mut uwe, bad);
        assert_eq!(page.status, 422, "{bad}");
        assert!(page.text().contains(part), "{bad}: {}", page.text());
    }
    assert_eq!(uwe.get("/watches/export").expect(200).text(), file, "all or nothing");
}

#[test]
fn a_trial_tells_what_would_have_matched_and_makes_nothing() {
    let harness = start(&[]);
    let mut owner = harness.owner();
    for number in 1..=3 {
        harness.stored(&group(number));
    }
    let wanted = plate(2);
    for (fields, text) in [
        (vec![("plate", wanted.as_str())], "1 read of the last 30 days"),
        (vec![("plate", "*")], "3 reads of the last 30 days"),
        (vec![("plate", "*"), ("valid_from", "2031-01-01")], "No read of the last 30 days"),
        (vec![("kind", "unlisted")], "3 reads of the last 30 days"),
        (vec![("kind", "search"), ("search", &format!("-plate:{wanted}"))], "2 reads of the last"),
    ] {
        let mut all = vec![("try", "1")];
        all.extend(fields);
        let page = owner.submit("/watches/new", "/watches", &all).expect(200).text();
        assert!(page.contains(text), "{all:?}: {page}");
    }
    assert!(rows(&owner.get("/watches").expect(200).text()).is_empty());
}

#[test]
fn bells_lead_to_the_filled_form() {
    let harness = Harness::with_accounts(&["vera"]);
    harness.set_role("vera", Role::Viewer);
    let id = harness.stored(&group(1));
    let (mut owner, mut vera) = (harness.owner(), harness.signed_in("vera"));
    for page in [
        format!("/captures/{id}"),
        format!("/plates/{}", plate(1)),
        "/search?color=white&date=today".into(),
    ] {
        let html = owner.get(&page).expect(200).text();
        let (_, rest) = html.split_once("href=\"/watches/new").expect("a bell");
        let address = crate::harness::html::unescape(rest.split('"').next().unwrap());
        let form = owner.get(&format!("/watches/new{address}")).expect(200).text();
        let wanted = if page.starts_with("/search") { "color:white" } else { &*plate(1) };
        assert!(form.contains(&format!("value=\"{wanted}\"")), "{page} {address}: {form}");
        let html = vera.get(&page).expect(200).text();
        assert!(!html.contains("/watches/new"), "viewers have no watches: {page}");
    }
}

#[test]
fn programs_keep_watches_and_take_care_of_alerts() {
    let harness = start(&[]);
    let mut api = harness.owner_api();
    let body =
        json!({"plate": plate(1), "look_alike": true, "days": ["mon", "sun"], "quiet_minutes": 3});
    let (status, made) = call(&mut api, "POST", "/api/v1/watches", &body);
    assert_eq!(
        (status, &made["days"], &made["kind"]),
        (201, &json!(["mon", "sun"]), &json!("plate")),
        "{made}"
    );
    let path = format!("/api/v1/watches/{}", made["id"]);
    let (status, changed) =
        call(&mut api, "PUT", &path, &json!({"days": [], "severity": "critical"}));
    assert_eq!(
        (status, &changed["days"], &changed["quiet_minutes"]),
        (200, &json!([]), &json!(3)),
        "{changed}"
    );
    for bad in [
        json!({}),
        json!({"plate": "A1", "colour": 1}),
        json!({"plate": {}}),
        json!([]),
        json!({"plate": "A1", "hours": "25"}),
    ] {
        assert_eq!(call(&mut api, "POST", "/api/v1/watches", &bad).0, 400, "{bad}");
    }
    harness.stored(&group(1));
    let list = api.get("/api/v1/custom-alerts").expect(200).json();
    let alert = &list["data"][0];
    assert_eq!(
        (&alert["severity"], &alert["plate"]),
        (&json!("critical"), &json!(plate(1))),
        "{list}"
    );
    let address = format!("/api/v1/custom-alerts/{}", alert["id"].as_str().unwrap());
    let (status, handled) = call(&mut api, "PUT", &address, &json!({"handled": true, "note": "x"}));
    assert_eq!((status, &handled["handled"]["note"]), (200, &json!("x")), "{handled}");
    let list = api.get("/api/v1/custom-alerts").expect(200).json();
    assert_eq!(list["data"], json!([]));
    for bad in
        ["state=x", "severity=high", "watch=x", "plate=**", "cursor=x", "limit=0", "colour=1"]
    {
        api.get(&format!("/api/v1/custom-alerts?{bad}")).expect(400);
    }
    assert_eq!(call(&mut api, "DELETE", &path, &json!({})).0, 204);
    assert_eq!(call(&mut api, "GET", &path, &json!({})).0, 404);
    api.get(&address).expect(200);
    let list = api.get("/api/v1/watches").expect(200).json();
    assert_eq!(list["data"], json!([]));
}
