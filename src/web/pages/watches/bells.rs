//! The bells on other pages: where the form of a watch begins that somebody meant there.

use crate::gate::form::encode;
use crate::model::capture::{Capture, Guess};
use crate::model::saved_search::SearchScope;
use crate::model::user::Role;
use crate::search::{Search, SearchTerm};
use crate::web::ctx::Ctx;
use crate::web::paths;

/// Filters by time, of which a watch has its own.
const TIMES: [&str; 6] = ["date", "after", "before", "to", "hour", "weekday"];

/// Address of the form of a new watch with `fields`; `""` for those who may have none.
fn prefilled(ctx: &Ctx<'_>, fields: &[(&str, &str)]) -> String {
    if ctx.role() < Some(Role::User) {
        return String::new();
    }
    let said = fields.iter().filter(|(_, value)| !value.is_empty());
    format!("{}/new?{}", paths::WATCHES, encode(said.copied()))
}

/// The bell of a read: its plate, or the vehicle when it has none.
pub fn for_read(ctx: &Ctx<'_>, capture: &Capture) -> String {
    if let Some(plate) = &capture.plate {
        return for_plate(ctx, plate.as_str(), &capture.region);
    }
    let vehicle = &capture.vehicle;
    let mut terms = vec!["kind:vehicle".to_owned()];
    for (name, guess) in
        [("color", &vehicle.color), ("make", &vehicle.make), ("body", &vehicle.body)]
    {
        let said = guess.as_ref().map(|Guess { name, .. }| name.as_str());
        let plain = said.filter(|it| !it.is_empty() && !it.contains(['"', ' ', ',']));
        terms.extend(plain.map(|value| format!("{name}:{value}")));
    }
    prefilled(ctx, &[("kind", "search"), ("search", &terms.join(" "))])
}

/// The bell of a plate, which was read in `region`.
pub fn for_plate(ctx: &Ctx<'_>, plate: &str, region: &str) -> String {
    prefilled(ctx, &[("plate", plate), ("region", &region.to_ascii_lowercase())])
}

/// The bell of a search, without its times; `""` when nothing is left.
pub fn for_search(ctx: &Ctx<'_>, search: &Search, scope: SearchScope) -> String {
    let lasting = search.terms.iter().filter(|term| !TIMES.contains(&term.filter.key()));
    let mut terms: Vec<String> = lasting.map(SearchTerm::text).collect();
    if terms.is_empty() {
        return String::new();
    }
    let vehicles = scope == SearchScope::Vehicles;
    if vehicles && !search.terms.iter().any(|term| term.filter.key() == "kind") {
        terms.push("kind:vehicle".to_owned());
    }
    prefilled(ctx, &[("kind", "search"), ("search", &terms.join(" "))])
}
