//! Search for plates and for vehicles without one. The box and the form write the same address; an
//! address is the whole search.

mod address;
mod form;
mod mistake;
mod widen;
mod words;

use std::time::Instant;

use crate::base::limits::{PAGE_ROWS, SAVED_NAME_CHARS_MAX};
use crate::gate::Response;
use crate::model::audit::Action;
use crate::model::query::{Page as Found, PageRequest, PlateMatch, Total};
use crate::model::saved_search::{SavedSearch, SearchScope as Scope};
use crate::search::{Context, FILTERS, Filter, Search as Parsed, SearchTerm, SyntaxError};
use crate::web::ctx::{Ctx, Input};
use crate::web::error::WebError;
use crate::web::pages::names::Names;
use crate::web::pages::searches;
use crate::web::pages::shell::{Page, flash, render_with};
use crate::web::pages::trail::Trail;
use crate::web::pages::watches::bells;
use crate::web::views::search::{
    Chip, Hidden, Place, Proposal, Results, SaveForm, SavedLink, ScopeLink, Search,
};
use crate::web::{format, paths};

use address::{Address, applied};
use form::Offers;
pub(super) use words::parameters;

/// Filters that find nothing among vehicles without plate.
const PLATES_ONLY: [&str; 8] =
    ["plate", "candidate", "region", "conf", "tag", "alert", "list", "kind"];

/// `GET /search`.
pub fn plates(ctx: &Ctx<'_>, _: &mut Input<'_, '_>) -> Result<Response, WebError> {
    page(ctx, Scope::Plates)
}

/// `GET /vehicles`.
pub fn vehicles(ctx: &Ctx<'_>, _: &mut Input<'_, '_>) -> Result<Response, WebError> {
    page(ctx, Scope::Vehicles)
}

fn page(ctx: &Ctx<'_>, scope: Scope) -> Result<Response, WebError> {
    let form = ctx.query()?;
    let zone = ctx.zone();
    let owner = ctx.user()?.id;
    let (names, offers, saved) = ctx.site.store.read(|tx| {
        let names = Names::load(tx)?;
        let offers = Offers::load(tx, &names)?;
        Ok((names, offers, tx.saved_searches(owner)?))
    })?;
    let (cameras, agents) = (names.camera_values(), names.agent_values());
    let context = Context { zone: &zone, now: ctx.now, cameras: &cameras, agents: &agents };
    let grid = match form.get("view") {
        Some("grid") => true,
        Some("table") => false,
        _ => scope.images(),
    };
    let pairs = parameters(form.pairs());
    let pairs: Vec<(&str, &str)> =
        pairs.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let parsed = Parsed::from_parameters(pairs.iter().copied(), &context);
    let rest;
    let search = match &parsed {
        Ok(search) => search,
        Err(error) => {
            rest = understood(error, &pairs, &context);
            &rest
        }
    };
    let address = Address { scope, terms: &search.terms, grid };
    if parsed.is_ok() && form.get("when").is_some() {
        // What the form sends has a shorter address, which is the one to keep.
        return Ok(Response::redirect(303, &address.href(None)));
    }
    let mut view = view(ctx, &address, search, &names, &offers)?;
    add_saved(&mut view, &address, &names, &saved);
    match &parsed {
        Err(error) => {
            view.query = mistake::as_typed(error, &pairs, search);
            let shown = address.view();
            let shown = shown.as_ref().map(|(name, value)| (name.as_str(), value.as_str()));
            view.error = Some(mistake::query_error(error, &pairs, paths::search(scope), shown));
        }
        Ok(search) => {
            let trail = Trail::of(&form);
            ctx.audit(Action::Search, search.text());
            let before = trail.cursors.last().copied();
            let started = Instant::now();
            let request = PageRequest { limit: PAGE_ROWS, before, total: true };
            let query = applied(scope, search.query.clone());
            let found = ctx.site.store.search(&query, request)?;
            let took = started.elapsed();
            let mut results = results(ctx, &address, &names, &found, &trail);
            mark(&mut results, &found, search.query.plate.as_ref());
            results.took = match took.as_millis() as i64 {
                0 => "in less than 1 ms".to_owned(),
                ms => format!("in {}", format::duration(ms)),
            };
            if found.rows.is_empty() {
                results.nothing = widen::nothing(&address, &names);
                results.widen = widen::offers(ctx, &address, &context, took)?;
            }
            if ctx.may_export() {
                results.export_href = address.export();
            }
            view.results = Some(results);
        }
    }
    let page = Page::new("search", view.title, scope_entry(scope));
    render_with(ctx, &page, &view, |shell| shell.flash = flash(ctx))
}

/// Entry of the navigation.
const fn scope_entry(scope: Scope) -> &'static str {
    match scope {
        Scope::Plates => "search",
        Scope::Vehicles => "vehicles",
    }
}

/// What can be understood of `pairs` without the one at fault: the form keeps it.
fn understood(error: &SyntaxError, pairs: &[(&str, &str)], context: &Context<'_>) -> Parsed {
    let others = pairs.iter().copied().filter(|(name, _)| *name != error.parameter);
    Parsed::from_parameters(others, context).unwrap_or_default()
}

fn view(
    ctx: &Ctx<'_>,
    address: &Address<'_>,
    search: &Parsed,
    names: &Names,
    offers: &Offers,
) -> Result<Search, WebError> {
    let (fields, hidden) = form::fields(search, address.scope, offers, names);
    let set = |place: Option<Place>| {
        let set = fields.iter().filter(|field| !field.value.is_empty());
        set.filter(|field| place.is_none_or(|place| place == field.place)).count()
    };
    Ok(Search {
        title: match address.scope {
            Scope::Plates => "Search",
            Scope::Vehicles => "Vehicles",
        },
        path: paths::search(address.scope),
        scopes: scopes(address),
        view: match (address.grid, address.scope.images()) {
            (true, false) => "grid",
            (false, true) => "table",
            _ => "",
        },
        query: search.text(),
        keys: FILTERS.iter().map(|filter| proposal(*filter)).collect(),
        chips: chips(address, names),
        clear_href: Address { terms: &[], ..*address }.href(None),
        fields_set: set(None),
        more_set: set(Some(Place::More)),
        hidden: hidden.into_iter().map(|(name, value)| Hidden { name, value }).collect(),
        fields,
        grid: address.grid,
        table_href: Address { grid: false, ..*address }.href(None),
        grid_href: Address { grid: true, ..*address }.href(None),
        zone: format::zone_short(ctx.now, &ctx.zone()),
        store_empty: ctx.site.store.figures()?.captures == 0,
        watch_href: bells::for_search(ctx, search, address.scope),
        ..Search::default()
    })
}

/// The menu of saved searches, and what the form that saves this one sends.
fn add_saved(view: &mut Search, address: &Address<'_>, names: &Names, saved: &[SavedSearch]) {
    let here = address.parameters();
    let current = |search: &SavedSearch| {
        (search.scope, search.query.as_str()) == (address.scope, here.as_str())
    };
    view.saved = saved
        .iter()
        .map(|search| SavedLink {
            name: search.name.as_str().to_owned(),
            href: searches::href(search),
            current: current(search),
        })
        .collect();
    view.save = (!address.terms.is_empty()).then(|| SaveForm {
        name: match saved.iter().find(|search| current(search)) {
            Some(search) => search.name.as_str().to_owned(),
            None => suggested_name(address, names),
        },
        scope: address.scope.name(),
        query: here.clone(),
    });
}

/// Values of the conditions, as many as fit.
fn suggested_name(address: &Address<'_>, names: &Names) -> String {
    let mut name = String::new();
    for term in address.terms {
        let not = if term.not { "not " } else { "" };
        let word = format!("{not}{}", words::words(term, names).1);
        let comma = if name.is_empty() { "" } else { ", " };
        if name.chars().count() + comma.len() + word.chars().count() > SAVED_NAME_CHARS_MAX {
            break;
        }
        name.push_str(comma);
        name.push_str(&word);
    }
    name
}

fn proposal(filter: &dyn Filter) -> Proposal {
    Proposal { name: format!("{}:", filter.key()), help: filter.help() }
}

/// Both search pages with what of this search each understands.
fn scopes(here: &Address<'_>) -> Vec<ScopeLink> {
    [(Scope::Plates, "Plates"), (Scope::Vehicles, "Vehicles")]
        .into_iter()
        .map(|(scope, label)| {
            let there = Address { scope, terms: here.terms, grid: scope.images() };
            let href = match scope {
                _ if scope == here.scope => here.href(None),
                Scope::Plates => there.href_where(|term| term.filter.key() != "kind"),
                Scope::Vehicles => {
                    there.href_where(|term| !PLATES_ONLY.contains(&term.filter.key()))
                }
            };
            ScopeLink { label, href, current: scope == here.scope }
        })
        .collect()
}

fn chips(address: &Address<'_>, names: &Names) -> Vec<Chip> {
    let chip = |(index, term): (usize, &SearchTerm)| {
        let (label, value) = words::words(term, names);
        let remove_href = address.href_without(index);
        let label = format::lower_first(&label);
        Chip { label, value, not: term.not, remove_href }
    };
    address.terms.iter().enumerate().map(chip).collect()
}

/// Shows what of each plate was searched for.
fn mark(results: &mut Results, found: &Found, pattern: Option<&PlateMatch>) {
    let Some(pattern) = pattern else { return };
    for (row, capture) in results.rows.iter_mut().zip(&found.rows) {
        if let (Some(badge), Some(plate)) = (&mut row.plate, &capture.plate) {
            badge.mark(&pattern.named(plate.as_str()));
        }
    }
}

fn results(
    ctx: &Ctx<'_>,
    address: &Address<'_>,
    names: &Names,
    found: &Found,
    trail: &Trail,
) -> Results {
    let zone = ctx.zone();
    let (total, at_least) = match found.total {
        Some(Total::Exact(count)) => (count, false),
        Some(Total::AtLeast(count)) => (count, true),
        None => (found.rows.len() as u64, true),
    };
    let above = trail.page.saturating_sub(1).saturating_mul(PAGE_ROWS) as u64;
    let last = above.saturating_add(found.rows.len() as u64);
    Results {
        total: format::number(total),
        at_least,
        noun: if total == 1 { "read" } else { "reads" },
        plates: match found.plates {
            Some(plates) if plates > 1 => format::count(plates, "plate", "plates"),
            _ => String::new(),
        },
        stopped: found.stopped,
        rows: found.rows.iter().map(|row| names.row(row, ctx.now, &zone)).collect(),
        range: if at_least || last <= total {
            format!("{} to {}", format::number(above.saturating_add(1)), format::number(last))
        } else {
            String::new()
        },
        newer_href: trail.newer().map(|newer| address.href(Some(&newer))).unwrap_or_default(),
        first_href: if trail.page > 1 { address.href(None) } else { String::new() },
        older_href: found
            .next
            .map(|next| address.href(Some(&trail.older(next))))
            .unwrap_or_default(),
        ..Results::default()
    }
}
