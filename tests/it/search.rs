//! The search pages as a browser meets them: box, form and chips write each other, pages follow each
//! other, mistakes are named, nothing typed breaks anything; saved searches are everybody's own.

use serde_json::{Value, json};

use crate::harness::Harness;
use crate::harness::client::{Client, local, percent, urlencoded};
use crate::harness::html::{tags, unescape};
use crate::harness::payload::{group, group_with, plate, vehicle};

/// What the box of the page says.
fn boxed(html: &str) -> String {
    let mut inputs = tags(html).into_iter().filter(|tag| tag.get("name") == "q");
    inputs.next_back().map(|tag| tag.get("value")).unwrap_or_default()
}

/// Addresses of the reads on the page.
fn reads(html: &str) -> Vec<String> {
    let links = tags(html).into_iter().filter(|tag| tag.name == "a");
    let rows = links.filter(|tag| tag.get("class").split(' ').any(|class| class == "hit"));
    rows.map(|tag| tag.get("href")).collect()
}

/// Addresses of links whose label starts with `label`.
fn labelled(html: &str, label: &str) -> Vec<String> {
    let links = tags(html).into_iter().filter(|tag| tag.name == "a");
    links
        .filter(|tag| tag.get("aria-label").starts_with(label))
        .map(|tag| tag.get("href"))
        .collect()
}

/// What a browser sends for the form of fields on `html`, with `changes`.
fn fields(html: &str, changes: &[(&str, &str)]) -> String {
    let form = html.split("aria-label=\"Search by fields\"").nth(1).expect("the form");
    let form = form.split("</form>").next().unwrap();
    let mut pairs: Vec<(String, String)> = Vec::new();
    let mut select = None;
    for tag in tags(form) {
        match tag.name.as_str() {
            "select" => {
                select = Some(tag.get("name"));
                pairs.push((tag.get("name"), String::new()));
            }
            "option" if tag.find("selected").is_some() => {
                let name = select.clone().expect("an option stands in a select");
                pairs.retain(|(known, _)| *known != name);
                pairs.push((name, tag.get("value")));
            }
            "input" if tag.get("type") == "checkbox" && tag.find("checked").is_none() => {}
            "input" => pairs.push((tag.get("name"), tag.get("value"))),
            _ => {}
        }
    }
    for (name, value) in changes {
        assert!(form.contains(&format!("name=\"{name}\"")), "no field {name}");
        let place = pairs.iter_mut().find(|(known, _)| known == name);
        (*value).clone_into(&mut place.expect("a field is sent").1);
    }
    let pairs: Vec<(&str, &str)> =
        pairs.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    urlencoded(&pairs)
}

fn search(client: &mut Client, text: &str) -> String {
    client.get(&format!("/search?q={}", percent(text))).expect(200).text()
}

#[test]
fn box_form_and_chips_write_each_other() {
    let harness = Harness::start();
    harness.stored(&group(1));
    let mut owner = harness.owner();
    let html = search(&mut owner, "plate:T000* -color:white");
    assert_eq!(reads(&html).len(), 1);
    let sent = fields(
        &html,
        &[
            ("color", "silver-gray"),
            ("when", "pick"),
            ("after", "2020-01-02"),
            ("after_time", "03:04"),
        ],
    );
    let answer = owner.get(&format!("/search?{sent}")).expect(303);
    let address = local(answer.header("location"));
    let html = owner.get(&address).expect(200).text();
    assert_eq!(
        boxed(&html),
        "plate:T000* color:silver-gray after:2020-01-02T03:04 -color:white",
        "{address}"
    );
    assert!(html.contains("value=\"2020-01-02\"") && html.contains("value=\"03:04\""));
    assert!(html.contains("chip not"), "what is left out is red");
    // Sent back unchanged, the form says the same.
    let again = owner.get(&format!("/search?{}", fields(&html, &[]))).expect(303);
    assert_eq!(local(again.header("location")), address);
    let without = labelled(&html, "Remove not color");
    let html = owner.get(&without[0]).expect(200).text();
    assert_eq!(boxed(&html), "plate:T000* color:silver-gray after:2020-01-02T03:04");
    assert_eq!(reads(&html).len(), 1);
}

#[test]
fn every_filter_has_a_field() {
    let harness = Harness::start();
    let html = harness.owner().get("/search").expect(200).text();
    for filter in openalpr_webhook::search::FILTERS {
        let key = filter.key();
        // These are part of `when` and of the lists of facts.
        if matches!(key, "date" | "before" | "is") {
            continue;
        }
        assert!(html.contains(&format!("name=\"{key}\"")), "{key} has no field");
    }
}

#[test]
fn plates_and_vehicles_have_pages_of_their_own() {
    let harness = Harness::start();
    let read = harness.stored(&group(1));
    let car = harness.stored(&vehicle(2));
    let mut owner = harness.owner();
    let href = |id: &str| format!("/captures/{id}");
    for (path, found) in [
        ("/search", vec![&read]),
        ("/vehicles", vec![&car]),
        ("/search?kind=vehicle", vec![&car]),
        ("/search?kind=plate,vehicle", vec![&car, &read]),
        ("/search?q=kind:plate,vehicle+color:silver-gray", vec![&car, &read]),
        ("/vehicles?color=silver-gray&view=table", vec![&car]),
        ("/vehicles?color=white", vec![]),
        ("/vehicles?make=bmw&model=bmw_x3&body=suv-crossover&year=2010-2014", vec![&car]),
    ] {
        let html = owner.get(path).expect(200).text();
        let expected: Vec<String> = found.into_iter().map(|id| href(id)).collect();
        assert_eq!(reads(&html), expected, "{path}");
    }
    let html = owner.get("/vehicles").expect(200).text();
    assert!(html.contains("class=\"grid") && !html.contains("<table class=\"tbl"), "images first");
    let html = owner.get("/vehicles?view=table").expect(200).text();
    assert!(html.contains("<table class=\"tbl") && html.contains("name=\"view\" value=\"table\""));
    // The way to the other page takes along what that page understands.
    let html = owner.get("/search?plate=T0&color=red").expect(200).text();
    assert!(html.contains("href=\"/vehicles?color=red\""));
    let html = owner.get("/vehicles?color=red").expect(200).text();
    assert!(html.contains("href=\"/search?color=red\""));
}

#[test]
fn a_read_leads_to_its_vehicle() {
    let harness = Harness::start();
    let signature = format!("1h_{}", "0a".repeat(512));
    let signed = |value: Value| {
        let mut value = value;
        value["vehicle_signature"] = json!(signature);
        value
    };
    let read = harness.stored(&signed(group(1)));
    let car = harness.stored(&signed(vehicle(2)));
    let like = harness.stored(&group(3));
    let mut owner = harness.owner();
    let html = owner.get(&format!("/captures/{read}")).expect(200).text();
    let link = |text: &str| {
        let before = html.split(&format!("{text}</a>")).next().unwrap();
        let href =
            before.rsplit("class=\"btn\" href=\"").next().unwrap().split('"').next().unwrap();
        unescape(href)
    };
    let href = |id: &str| format!("/captures/{id}");
    let html_of = |owner: &mut Client, path: String| owner.get(&path).expect(200).text();
    let same = html_of(&mut owner, link("Find same vehicle"));
    assert_eq!(reads(&same), [href(&like), href(&car), href(&read)]);
    let signed = html_of(&mut owner, link("Same signature"));
    assert_eq!(reads(&signed), [href(&car), href(&read)]);
}

#[test]
fn paging_keeps_the_search_and_the_view() {
    let harness = Harness::start();
    for number in 0..103 {
        harness.stored(&group(number));
    }
    let mut owner = harness.owner();
    let mut path = "/search?plate=T00&color=silver-gray&view=grid".to_owned();
    let mut seen = Vec::new();
    let mut backwards = Vec::new();
    for number in 0..3 {
        let html = owner.get(&path).expect(200).text();
        assert!(html.contains("class=\"grid") && html.contains("<span class=\"num\">103</span>"));
        assert_eq!(boxed(&html), "plate:T00 color:silver-gray");
        seen.extend(reads(&html));
        let rel = |rel: &str| {
            let found = tags(&html).into_iter().find(|tag| tag.get("rel") == rel);
            found.map(|tag| tag.get("href"))
        };
        backwards.extend(rel("prev"));
        match rel("next") {
            Some(next) => path = next,
            None => assert_eq!(number, 2),
        }
    }
    assert_eq!(seen.len(), 103);
    seen.sort();
    seen.dedup();
    assert_eq!(seen.len(), 103, "no read twice");
    assert_eq!(backwards[0], "/search?plate=T00&color=silver-gray&view=grid");
    assert_eq!(reads(&owner.get(&backwards[1]).expect(200).text()).len(), 50);
}

#[test]
fn mistakes_are_marked_and_keep_the_rest() {
    let harness = Harness::start();
    harness.stored(&group(1));
    let mut owner = harness.owner();
    for (query, token, button) in [
        ("T000 colr:white", "colr:white", "color:white"),
        ("camera:gaet", "camera:gaet", "camera:Gate"),
        ("conf:high", "conf:high", "conf:&gt;85"),
        ("is:parkd", "is:parkd", "is:parked"),
        ("after:tomorow", "after:tomorow", "after:2026-08-01"),
        ("color:", "color:", ""),
        ("8KX 417", "417", "8KX417"),
    ] {
        let html = search(&mut owner, query);
        assert!(html.contains(&format!("<mark>{token}</mark>")), "{query}: no mark");
        assert!(html.contains("aria-invalid=\"true\""), "{query}");
        assert_eq!(boxed(&html), query, "what was typed stays");
        assert!(reads(&html).is_empty());
        if !button.is_empty() {
            assert!(html.contains(&format!("\">{button}</a>")), "{query}: no {button}");
        }
    }
    // The button is a search that works.
    let html = search(&mut owner, "colr:silver-gray camera:gate");
    let links = tags(&html).into_iter().filter(|tag| tag.get("class") == "btn");
    let better =
        links.map(|tag| tag.get("href")).find(|href| href.starts_with("/search?")).unwrap();
    let html = owner.get(&better).expect(200).text();
    assert_eq!(boxed(&html), "color:silver-gray camera:gate");
    assert_eq!(reads(&html).len(), 1);
    // A mistake in a field keeps the other fields.
    let html = owner.get("/search?when=&color=silver-gray&conf=high").expect(200).text();
    assert_eq!(boxed(&html), "color:silver-gray conf:high");
    assert!(html.contains("<mark>high</mark>"));
    assert!(html.contains("<option value=\"silver-gray\" selected>"));
}

#[test]
fn nothing_found_says_what_was_looked_for_and_offers_what_finds() {
    let harness = Harness::start();
    harness.stored(&group(1));
    let mut owner = harness.owner();
    let html = search(&mut owner, "plate:T000* camera:gate after:2030-01-01");
    let said = "No reads of plates starting with T000, at gate, since 1 Jan 2030.";
    assert!(html.contains(said), "{html}");
    assert!(html.contains("Search all times (1 read)"));
    assert!(!html.contains("Search all cameras (") && !html.contains("look-alikes (1"));
    // O for 0.
    let html = search(&mut owner, "TOOO*");
    assert!(html.contains("Match look-alikes (1 read)"), "{html}");
    let html = search(&mut owner, "color:red");
    assert!(html.contains("Search with any color (1 read)"));
    let html = search(&mut owner, "color:red region:us-va");
    assert!(html.contains("Show all reads"), "no single step helps");
    let empty = Harness::start();
    let html = empty.owner().get("/search?q=AB12").expect(200).text();
    assert!(html.contains("once vehicles have passed"), "an empty store teaches");
}

#[test]
fn anything_typed_is_literal() {
    let harness = Harness::start();
    harness.stored(&group(1));
    let mut owner = harness.owner();
    let long = "A".repeat(10_240);
    let many = "color:white ".repeat(40);
    for text in [
        "' OR 1=1 --",
        "\"; DROP TABLE captures; --",
        "(a+)+$",
        "[[:alpha:]]",
        ".*",
        "%",
        "_",
        "\u{202e}0001\u{202c}",
        "\u{5d0}\u{5d1}\u{5d2}",
        "🚗🚙",
        "e\u{301}\u{301}\u{301}",
        "\\",
        "<script>alert(1)</script>",
        "{{7*7}}",
        "plate:\"<b>\"",
        "camera:\u{200b}",
        long.as_str(),
        many.as_str(),
        "****************************************A",
        "-plate:T0",
        "date:2026-13-99",
        "conf:>-1",
        "kind:x",
    ] {
        for path in ["/search", "/vehicles"] {
            let answer = owner.get(&format!("{path}?q={}", percent(text)));
            assert_eq!(answer.status, 200, "{path} {text:.40}");
            let html = answer.text();
            assert!(!html.contains("<script>alert") && !html.contains(">49<"), "{text:.40}");
            assert!(!html.contains('\u{202e}'), "text is never reversed");
        }
        for name in ["plate", "color", "camera", "after", "tag", "year", "match", "view", "cursor"]
        {
            let answer = owner.get(&format!("/search?when=&{name}={}", percent(text)));
            assert!(matches!(answer.status, 200 | 303), "{name} {text:.40}: {}", answer.status);
        }
    }
    // A plate inside nonsense is still found literally.
    assert_eq!(reads(&search(&mut owner, &format!("\"{}\"", plate(1)))).len(), 1);
}

#[test]
fn searches_are_saved_renamed_and_forgotten() {
    let harness = Harness::start();
    harness.stored(&group(1));
    let mut owner = harness.owner();
    let page = "/search?plate=T0*&color=silver-gray&view=grid";
    let answer = owner.submit(page, "/searches", &[("name", "Silver <b>T0</b>")]).expect(303);
    let back = local(answer.header("location"));
    let html = owner.get(&back).expect(200).text();
    assert!(html.contains("Search saved.") && html.contains("Silver &lt;b&gt;T0&lt;/b&gt;"));
    assert_eq!(reads(&html).len(), 1);
    assert!(html.contains("class=\"grid"), "the view is part of it");
    // Under the same name it is replaced.
    owner.submit("/vehicles?color=red", "/searches", &[("name", "Red cars")]).expect(303);
    owner.submit("/vehicles?color=red&make=bmw", "/searches", &[("name", "Red cars")]).expect(303);
    let html = owner.get("/searches").expect(200).text();
    assert!(
        html.contains("color:red make:bmw")
            && html.contains("href=\"/vehicles?color=red&amp;make=bmw\"")
    );
    assert_eq!(html.matches("/delete\"").count(), 2);
    owner.submit("/searches", "/searches/2", &[("name", "Red BMW")]).expect(303);
    assert!(owner.get("/searches").expect(200).text().contains("<strong>Red BMW</strong>"));
    let wrong = owner.submit("/searches", "/searches/2", &[("name", "  ")]).expect(422).text();
    assert!(wrong.contains("Give it a name") && wrong.contains("aria-invalid=\"true\""));
    owner.submit("/searches", "/searches/2/delete", &[]).expect(303);
    let html = owner.get("/searches").expect(200).text();
    assert!(!html.contains("Red BMW") && html.contains("Silver"));
    owner.submit("/searches", "/searches/1/delete", &[]).expect(303);
    assert!(owner.get("/searches").expect(200).text().contains("Searches you save appear here."));
}

#[test]
fn another_persons_saved_search_does_not_exist() {
    let harness = Harness::with_accounts(&["ulla"]);
    harness.stored(&group(1));
    let mut owner = harness.owner();
    owner.submit("/search?color=red", "/searches", &[("name", "Mine")]).expect(303);
    let mut ulla = harness.signed_in("ulla");
    assert!(!ulla.get("/searches").expect(200).text().contains("Mine"));
    assert!(!ulla.get("/search?color=red").expect(200).text().contains("Mine"));
    for path in ["/searches/1", "/searches/1/delete"] {
        ulla.post_form(path, &[("name", "Taken")]).expect(404);
    }
    let mut api = harness.api(&harness.keys[0]);
    api.get("/api/v1/searches/1").expect(404);
    api.request("DELETE", "/api/v1/searches/1", &[], b"").unwrap().expect(404);
    assert_eq!(api.get("/api/v1/searches").expect(200).json()["data"], json!([]));
    let mine = harness.owner_api().get("/api/v1/searches").expect(200).json();
    assert_eq!(mine["data"][0]["name"], "Mine");
    for id in ["0", "2", "-1", "x", "99999999999"] {
        harness.owner_api().get(&format!("/api/v1/searches/{id}")).expect(404);
    }
}

#[test]
fn programs_save_searches_too() {
    let harness = Harness::start();
    let mut api = harness.owner_api();
    let save = |api: &mut Client, body: &Value| {
        api.post_json("/api/v1/searches", body.to_string().as_bytes())
    };
    let body = json!({"name": "Gate", "query": "plate=AB&match=prefix&page=7&nonsense=1"});
    let saved = save(&mut api, &body).expect(201).json();
    assert_eq!((&saved["query"], &saved["scope"]), (&json!("plate=AB*"), &json!("plates")));
    let href = unescape(saved["href"].as_str().unwrap());
    harness.owner().get(&href).expect(200);
    assert_eq!(api.get("/api/v1/searches/1").expect(200).json(), saved);
    for wrong in [
        json!({"name": "", "query": ""}),
        json!({"name": "a\nb", "query": ""}),
        json!({"name": "x".repeat(81), "query": ""}),
        json!({"name": "x", "query": "conf=high"}),
        json!({"name": "x", "query": format!("plate={}", "A".repeat(10_240))}),
        json!({"name": "x", "query": "plate=%ff"}),
        json!({"name": "x", "query": "", "scope": "people"}),
        json!({"name": "x", "query": "", "owner": 2}),
        json!([]),
    ] {
        let answer = save(&mut api, &wrong).expect(400).json();
        assert_eq!(answer["error"]["code"], "bad_request", "{wrong}");
    }
    api.post_json("/api/v1/searches", b"{").expect(400);
    for number in 1..50 {
        save(&mut api, &json!({"name": number.to_string(), "query": ""})).expect(201);
    }
    let full = save(&mut api, &json!({"name": "one more", "query": ""})).expect(400).json();
    assert!(full["error"]["message"].to_string().contains("too many saved searches"));
    api.request("DELETE", "/api/v1/searches/1", &[], b"").unwrap().expect(204);
    save(&mut api, &json!({"name": "one more", "query": ""})).expect(201);
}

#[test]
fn a_camera_that_is_gone_does_not_break_a_saved_search() {
    let harness = Harness::start();
    harness.stored(&group_with(1, &[("camera_id", json!(7))]));
    let mut owner = harness.owner();
    owner.submit("/search?camera=gate", "/searches", &[("name", "At the gate")]).expect(303);
    // Its label changes: nobody is called gate any more.
    let renamed = json!({"camera_label": "Yard", "agent_label": "North"});
    harness.stored(&group_with(2, &[("camera_id", json!(7)), ("web_server_config", renamed)]));
    let html = owner.get("/searches").expect(200).text();
    assert!(html.contains("At the gate"));
    let html = owner.get("/search?camera=gate").expect(200).text();
    assert!(html.contains("aria-invalid=\"true\"") || reads(&html).len() == 1);
}
