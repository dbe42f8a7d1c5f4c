//! Samples of the search pages and of saved searches.

use super::rows;
use crate::web::views::search::{
    Chip, Place, Proposal, QueryError, Results, SaveForm, SavedLink, ScopeLink, Search,
    SearchField, Widget,
};
use crate::web::views::searches::{SearchRow, Searches};
use crate::web::views::{Choice, FieldError, Link};

fn fields() -> Vec<SearchField> {
    let field = |name: &str, label: &str, widget, placeholder: &str| SearchField {
        name: name.to_owned(),
        label: label.to_owned(),
        widget,
        placeholder: placeholder.to_owned(),
        ..SearchField::default()
    };
    let select = |name: &str, label: &str, options: &[&str]| SearchField {
        options: options.iter().map(|text| Choice::new(*text, *text, false)).collect(),
        ..field(name, label, Widget::Select, "")
    };
    vec![
        field("plate", "Plate", Widget::Mono, "8KX* or 8K?R417"),
        select("when", "When", &["Any time", "Pick dates"]),
        SearchField { place: Place::Dates, ..field("after", "From", Widget::Date, "") },
        SearchField { place: Place::Dates, ..field("to", "To", Widget::Date, "") },
        select("camera", "Camera", &["All cameras", "Gate in", "Gate out"]),
        select("region", "Region", &["Any region", "California", "Nevada"]),
        select("color", "Color", &["Any color", "White", "Black"]),
        select("make", "Make", &["Any make", "Ford", "Toyota"]),
        select("direction", "Heading", &["Any heading", "North", "South"]),
        SearchField { place: Place::More, ..select("body", "Body", &["Any body", "Pickup"]) },
        SearchField {
            hint: "Anything: x:1".to_owned(),
            place: Place::More,
            ..field("other", "Other", Widget::Text, "")
        },
        SearchField {
            value: "1".to_owned(),
            ..field("like", "Match look-alikes (O and 0, I and 1, B and 8)", Widget::Switch, "")
        },
    ]
}

pub(in crate::web::preview) fn search(grid: bool) -> Search {
    let chip = |label: &str, value: &str, not| Chip {
        label: label.to_owned(),
        value: value.to_owned(),
        not,
        remove_href: "/search".to_owned(),
    };
    Search {
        title: "Search",
        path: "/search",
        scopes: vec![
            ScopeLink { label: "Plates", href: "/search.html".to_owned(), current: true },
            ScopeLink { label: "Vehicles", href: "/search-grid.html".to_owned(), current: false },
        ],
        keys: vec![Proposal { name: "color:".to_owned(), help: "Color of it" }],
        saved: vec![SavedLink {
            name: "White at the gate".to_owned(),
            href: "/search.html".to_owned(),
            current: true,
        }],
        save: Some(SaveForm {
            name: "1 Aug 2026, north-gate-01".to_owned(),
            scope: "plates",
            query: "after=2026-08-01".to_owned(),
        }),
        query: "after:2026-08-01 agent:north conf:>60 -color:yellow".to_owned(),
        chips: vec![
            chip("after", "1 Aug 2026", false),
            chip("agent", "north-gate-01", false),
            chip("confidence above", "60", false),
            chip("color", "Yellow", true),
        ],
        clear_href: "/search".to_owned(),
        fields: fields(),
        fields_set: 4,
        grid,
        table_href: "/search.html".to_owned(),
        grid_href: "/search-grid.html".to_owned(),
        results: Some(Results {
            total: "46,918".to_owned(),
            at_least: grid,
            noun: "reads",
            plates: "1,204 plates".to_owned(),
            took: "in 3 ms".to_owned(),
            stopped: grid,
            rows: rows(),
            range: "1 to 50".to_owned(),
            older_href: "/search?cursor=1".to_owned(),
            newer_href: "/search?cursor=2".to_owned(),
            first_href: "/search".to_owned(),
            ..Results::default()
        }),
        zone: "PDT".to_owned(),
        ..Search::default()
    }
}

pub(in crate::web::preview) fn searches(wrong: bool) -> Searches {
    let row = |id, name: &str, text: &str| SearchRow {
        id,
        name: name.to_owned(),
        scope: "Plates",
        text: text.to_owned(),
        href: "/search.html".to_owned(),
    };
    Searches {
        searches: vec![
            row(1, "White at the gate", "color:white camera:gate"),
            row(2, if wrong { "" } else { "Everything" }, ""),
        ],
        name_max: 80,
        errors: if wrong { vec![FieldError::new("name-2", "Give it a name.")] } else { Vec::new() },
    }
}

pub(in crate::web::preview) fn search_bad() -> Search {
    Search {
        title: "Search",
        query: "8KX* conf:high after:2026-08-01".to_owned(),
        error: Some(QueryError {
            before: "8KX* ".to_owned(),
            token: "conf:high".to_owned(),
            after: " after:2026-08-01".to_owned(),
            message: "conf: needs a number, such as conf:>85.".to_owned(),
            suggestion: Some(Link::new("/search?q=8KX*", "conf:>85")),
        }),
        fields: fields(),
        results: None,
        ..Search::default()
    }
}

pub(in crate::web::preview) fn search_none(store_empty: bool) -> Search {
    Search {
        title: "Search",
        query: "8KX* camera:\"Gate in\"".to_owned(),
        fields: fields(),
        table_href: "/search".to_owned(),
        grid_href: "/search?view=grid".to_owned(),
        results: Some(Results {
            nothing: "No reads of 8KX* at Gate in since 1 Aug.".to_owned(),
            widen: vec![
                Link::new("/search?q=8KX*", "Search all cameras (12 reads)"),
                Link::new("/search?q=8KX", "Search all times (3 reads)"),
            ],
            noun: "reads",
            ..Results::default()
        }),
        store_empty,
        ..Search::default()
    }
}
