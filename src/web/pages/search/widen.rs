//! Nothing was found: what was looked for in words, and the wider searches that find something.

use std::time::{Duration, Instant};

use crate::model::query::{PageRequest, Total};
use crate::model::saved_search::SearchScope as Scope;
use crate::search::{Context, Search, SearchTerm};
use crate::store::StoreError;
use crate::web::ctx::Ctx;
use crate::web::pages::names::Names;
use crate::web::views::Link;
use crate::web::{format, paths};

use super::address::{Address, address, applied};
use super::words::phrase;

/// Wider searches offered.
const OFFERS_MAX: usize = 3;
/// Looking for them ends after this long; a search that took longer is not widened at all.
const PATIENCE: Duration = Duration::from_millis(100);
/// Filters of time.
const TIMES: [&str; 6] = ["date", "after", "before", "to", "hour", "weekday"];

/// `No reads of 8KX* at Gate in since 1 Aug 2026.`, `""` without any condition.
pub(super) fn nothing(address: &Address<'_>, names: &Names) -> String {
    let phrases: Vec<String> = address.terms.iter().map(|term| phrase(term, names)).collect();
    let noun = match address.scope {
        Scope::Plates => "reads",
        Scope::Vehicles => "vehicles",
    };
    if phrases.is_empty() { String::new() } else { format!("No {noun} {}.", phrases.join(", ")) }
}

/// Wider searches that find something, with how much; those that keep most come first.
pub(super) fn offers(
    ctx: &Ctx<'_>,
    here: &Address<'_>,
    context: &Context<'_>,
    took: Duration,
) -> Result<Vec<Link>, StoreError> {
    let started = Instant::now();
    let mut links: Vec<Link> = Vec::new();
    for (text, pairs) in wider(here.terms) {
        if links.len() == OFFERS_MAX || took > PATIENCE || started.elapsed() > PATIENCE {
            break;
        }
        let borrowed = pairs.iter().map(|(name, value)| (name.as_str(), value.as_str()));
        let Ok(search) = Search::from_parameters(borrowed, context) else { continue };
        let request = PageRequest { limit: 1, before: None, total: true };
        let found = ctx.site.store.search(&applied(here.scope, search.query), request)?;
        let count = match found.total {
            Some(Total::Exact(count)) => format::count(count, "read", "reads"),
            _ => "many reads".to_owned(),
        };
        if found.rows.is_empty() {
            continue;
        }
        let mut pairs = pairs;
        pairs.extend(here.view());
        links.push(Link::new(
            address(paths::search(here.scope), pairs),
            format!("{text} ({count})"),
        ));
    }
    if links.is_empty() && !here.terms.is_empty() {
        let everything = Address { terms: &[], ..*here }.href(None);
        links.push(Link::new(everything, "Show all reads"));
    }
    Ok(links)
}

type Pairs = Vec<(String, String)>;

/// What to try, as text and parameters.
fn wider(terms: &[SearchTerm]) -> Vec<(String, Pairs)> {
    let without = |left_out: &dyn Fn(&SearchTerm) -> bool| -> Pairs {
        terms.iter().filter(|term| !left_out(term)).map(SearchTerm::parameter).collect()
    };
    let mut all: Vec<(String, Pairs)> = Vec::new();
    let plate = terms.iter().find(|term| term.filter.key() == "plate");
    if plate.is_some_and(|term| !term.value.starts_with('~')) {
        let alike = |term: &SearchTerm| {
            let (name, value) = term.parameter();
            if term.filter.key() == "plate" { (name, format!("~{value}")) } else { (name, value) }
        };
        all.push(("Match look-alikes".to_owned(), terms.iter().map(alike).collect()));
    }
    let camera = |term: &SearchTerm| term.filter.key() == "camera";
    let time = |term: &SearchTerm| TIMES.contains(&term.filter.key());
    if terms.iter().any(camera) {
        all.push(("Search all cameras".to_owned(), without(&camera)));
    }
    if terms.iter().any(time) {
        all.push(("Search all times".to_owned(), without(&time)));
    }
    if terms.iter().any(camera) && terms.iter().any(time) {
        let both = |term: &SearchTerm| camera(term) || time(term);
        all.push(("Search all cameras and times".to_owned(), without(&both)));
    }
    for (index, term) in terms.iter().enumerate().rev() {
        let key = term.filter.key();
        if key == "plate" || camera(term) || time(term) {
            continue;
        }
        let label = format::lower_first(term.filter.label());
        let others = terms.iter().enumerate().filter(|(number, _)| *number != index);
        let text = format!("Search with any {label}");
        all.push((text, others.map(|(_, term)| term.parameter()).collect()));
    }
    if plate.is_some() && terms.len() > 1 {
        let only = |term: &SearchTerm| term.filter.key() != "plate";
        all.push(("Search only the plate".to_owned(), without(&only)));
    }
    all
}
