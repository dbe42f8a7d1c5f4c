//! Search: the box and the form write the same address; an address is the whole search.

use std::time::Instant;

use crate::base::limits::PAGE_ROWS;
use crate::gate::Response;
use crate::gate::form::{Form, encode};
use crate::model::capture::CaptureKey;
use crate::model::query::{Page as Found, PageRequest, Total};
use crate::search::{Context, Search as Parsed, SearchTerm, SyntaxError};
use crate::web::ctx::{Ctx, Input};
use crate::web::error::WebError;
use crate::web::pages::names::Names;
use crate::web::pages::search_form::{Offers, fields, parameters, words};
use crate::web::pages::shell::{Page, render};
use crate::web::views::Link;
use crate::web::views::search::{Chip, Hidden, QueryError, Results, Search};
use crate::web::{format, paths};

/// Pages one can go back through one by one; further back leads to the first.
const TRAIL_MAX: usize = 20;

/// `GET /search`.
pub fn page(ctx: &Ctx<'_>, _: &mut Input<'_, '_>) -> Result<Response, WebError> {
    let form = ctx.query()?;
    let zone = ctx.zone();
    let (names, offers) = ctx.site.store.read(|tx| Ok((Names::load(tx)?, Offers::load(tx)?)))?;
    let (cameras, agents) = (names.camera_values(), names.agent_values());
    let context = Context { zone: &zone, now: ctx.now, cameras: &cameras, agents: &agents };
    let grid = form.get("view") == Some("grid");
    let pairs = parameters(form.pairs());
    let pairs: Vec<(&str, &str)> =
        pairs.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let parsed = Parsed::from_parameters(pairs.iter().copied(), &context);
    let empty = Parsed::default();
    let search = parsed.as_ref().unwrap_or(&empty);
    let address = Address { terms: &search.terms, grid };
    let (fields, hidden) = fields(search, &offers, &names, &cameras);
    let hidden = hidden.into_iter().map(|(name, value)| Hidden { name, value }).collect();
    let mut view = Search {
        query: match &parsed {
            Ok(search) => search.text(),
            Err(_) => form.get("q").unwrap_or_default().to_owned(),
        },
        chips: chips(&address, &names),
        clear_href: Address { terms: &[], grid }.href(None),
        fields_set: fields.iter().filter(|field| !field.value.is_empty()).count(),
        fields,
        hidden,
        grid,
        table_href: Address { grid: false, ..address }.href(None),
        grid_href: Address { grid: true, ..address }.href(None),
        zone: format::zone_short(ctx.now, &zone),
        store_empty: ctx.site.store.figures()?.captures == 0,
        ..Search::default()
    };
    match &parsed {
        Err(error) => view.error = Some(query_error(error, &pairs, grid)),
        Ok(search) => {
            let trail = Trail::of(&form);
            let before = trail.cursors.last().copied();
            let started = Instant::now();
            let request = PageRequest { limit: PAGE_ROWS, before, total: true };
            let found = ctx.site.store.search(&search.query, request)?;
            let took = match started.elapsed().as_millis() as i64 {
                0 => "in less than 1 ms".to_owned(),
                ms => format!("in {}", format::duration(ms)),
            };
            view.results = Some(results(ctx, &address, &names, &found, (&trail, took)));
        }
    }
    render(ctx, &Page::new("search", "Search", "search"), &view)
}

/// The way from the first page to this one.
#[derive(Default)]
struct Trail {
    /// Where the pages after the first begin, this one last. The first of them may be forgotten.
    cursors: Vec<CaptureKey>,
    /// Number of this page, from 1.
    page: usize,
}

impl Trail {
    /// As the address says: `cursor` with `trail` (older cursors, `.` between) and `page`.
    fn of(form: &Form) -> Self {
        let Some(cursor) = form.get("cursor").and_then(CaptureKey::parse) else {
            return Self { page: 1, ..Self::default() };
        };
        let trail = form.get("trail").unwrap_or_default();
        let mut cursors: Vec<CaptureKey> =
            trail.split('.').take(TRAIL_MAX).filter_map(CaptureKey::parse).collect();
        cursors.push(cursor);
        let page = form.get("page").and_then(|text| text.parse().ok()).unwrap_or(0);
        let page = if page > cursors.len() { page } else { cursors.len() + 1 };
        Self { cursors, page }
    }

    fn older(&self, next: CaptureKey) -> Self {
        let mut cursors = self.cursors.clone();
        cursors.push(next);
        let forgotten = cursors.len().saturating_sub(TRAIL_MAX + 1);
        cursors.drain(..forgotten);
        Self { cursors, page: self.page.saturating_add(1) }
    }

    /// The page above; `None` on the first and where the way back is forgotten.
    fn newer(&self) -> Option<Self> {
        let (_, above) = self.cursors.split_last()?;
        let page = self.page - 1;
        (page == 1 || !above.is_empty()).then(|| Self { cursors: above.to_vec(), page })
    }
}

/// The search as an address.
#[derive(Clone, Copy)]
struct Address<'a> {
    terms: &'a [SearchTerm],
    grid: bool,
}

impl Address<'_> {
    /// The page at the end of `trail`, the first without one.
    fn href(&self, trail: Option<&Trail>) -> String {
        self.href_without(usize::MAX, trail)
    }

    fn href_without(&self, left_out: usize, trail: Option<&Trail>) -> String {
        let kept = self.terms.iter().enumerate().filter(|(index, _)| *index != left_out);
        let mut pairs: Vec<(String, String)> = kept.map(|(_, term)| term.parameter()).collect();
        if self.grid {
            pairs.push(("view".into(), "grid".into()));
        }
        if let Some((cursor, above)) = trail.and_then(|trail| trail.cursors.split_last()) {
            let above: Vec<String> = above.iter().map(ToString::to_string).collect();
            pairs.push(("cursor".into(), cursor.to_string()));
            pairs.push(("trail".into(), above.join(".")));
            pairs.push(("page".into(), trail.map_or(1, |trail| trail.page).to_string()));
        }
        pairs.retain(|(_, value)| !value.is_empty());
        if pairs.is_empty() {
            return paths::SEARCH.to_owned();
        }
        format!("{}?{}", paths::SEARCH, encode(pairs))
    }
}

fn chips(address: &Address<'_>, names: &Names) -> Vec<Chip> {
    let chip = |(index, term): (usize, &SearchTerm)| {
        let (label, value) = words(term, names);
        let remove_href = address.href_without(index, None);
        let label = format::lower_first(&label);
        Chip { label, value, not: term.not, remove_href }
    };
    address.terms.iter().enumerate().map(chip).collect()
}

fn results(
    ctx: &Ctx<'_>,
    address: &Address<'_>,
    names: &Names,
    found: &Found,
    (trail, took): (&Trail, String),
) -> Results {
    let zone = ctx.zone();
    let (total, at_least) = match found.total {
        Some(Total::Exact(count)) => (count, false),
        Some(Total::AtLeast(count)) => (count, true),
        None => (found.rows.len() as u64, true),
    };
    let conditions: Vec<String> = address
        .terms
        .iter()
        .map(|term| {
            let (label, value) = words(term, names);
            let not = if term.not { "not " } else { "" };
            format!("{} {not}{value}", format::lower_first(&label))
        })
        .collect();
    let above = trail.page.saturating_sub(1).saturating_mul(PAGE_ROWS) as u64;
    let last = above.saturating_add(found.rows.len() as u64);
    Results {
        total: format::number(total),
        at_least,
        noun: if total == 1 { "read" } else { "reads" },
        took,
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
        nothing: if conditions.is_empty() {
            String::new()
        } else {
            format!("No reads with {}.", conditions.join(", "))
        },
        widen: widening(address),
    }
}

/// The search without its last condition.
fn widening(address: &Address<'_>) -> Option<Link> {
    let last = address.terms.len().checked_sub(1)?;
    let href = address.href_without(last, None);
    let text = match address.terms.get(last)?.filter.key() {
        _ if last == 0 => "Show all reads".to_owned(),
        "plate" => "Search all plates".to_owned(),
        "camera" => "Search all cameras".to_owned(),
        "after" | "before" | "to" | "date" => "Search all times".to_owned(),
        _ => {
            let label = address.terms.get(last)?.filter.label();
            format!("Search with any {}", format::lower_first(label))
        }
    };
    Some(Link::new(href, text))
}

fn query_error(error: &SyntaxError, pairs: &[(&str, &str)], grid: bool) -> QueryError {
    let text = pairs.iter().find(|(name, _)| *name == error.parameter).map_or("", |pair| pair.1);
    let part = |range: std::ops::Range<usize>| text.get(range).unwrap_or_default().to_owned();
    let (start, end) = (error.start.min(text.len()), error.end.min(text.len()));
    let (before, token, after) = (part(0..start), part(start..end), part(end..text.len()));
    let better = error.suggestion.as_ref().map(|better| suggested(&token, better));
    let better = better.map(|better| (before.as_str(), better)).or_else(|| joined(&before, &token));
    let suggestion = better.map(|(kept, better)| {
        let fixed = format!("{kept}{better}{after}");
        let mut changed: Vec<(&str, &str)> = pairs
            .iter()
            .map(|(name, value)| {
                (*name, if *name == error.parameter { fixed.as_str() } else { *value })
            })
            .filter(|(name, _)| *name != "view")
            .collect();
        if grid {
            changed.push(("view", "grid"));
        }
        Link::new(format!("{}?{}", paths::SEARCH, encode(changed)), better)
    });
    // `conf: needs a value` keeps the name of the filter as one types it.
    let key = error.message.split(' ').next().is_some_and(|word| word.ends_with(':'));
    let mut message = if key { error.message.clone() } else { format::upper_first(&error.message) };
    message.push('.');
    QueryError { before, token, after, message, suggestion }
}

/// `8KX 417` is one plate to people and two to the syntax: what stays in front, and the plate.
fn joined<'a>(before: &'a str, token: &str) -> Option<(&'a str, String)> {
    let front = before.trim_end();
    let blank = front.char_indices().rfind(|(_, character)| character.is_whitespace());
    let start = blank.map_or(0, |(at, character)| at + character.len_utf8());
    let (kept, first) = (front.get(..start)?, front.get(start..)?);
    let plain = |word: &str| !word.is_empty() && word.chars().all(char::is_alphanumeric);
    (plain(first) && plain(token)).then(|| (kept, format!("{first}{token}")))
}

/// What to type in place of `token`: proposals of a value get the filter's name in front.
fn suggested(token: &str, better: &str) -> String {
    let better = better.split(" or ").next().unwrap_or(better);
    let key = token.split_once(':').map(|(key, _)| key);
    let known = key.filter(|key| crate::search::filter(key.trim_start_matches('-')).is_some());
    match known {
        Some(key) if better.contains(char::is_whitespace) => format!("{key}:\"{better}\""),
        Some(key) => format!("{key}:{better}"),
        None => better.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::{CaptureKey, Form, TRAIL_MAX, Trail, joined, suggested};

    #[test]
    fn a_plate_in_two_words_is_put_together() {
        assert_eq!(joined("8KX ", "417"), Some(("", "8KX417".to_owned())));
        assert_eq!(joined("after:24h FF23  ", "XAL"), Some(("after:24h ", "FF23XAL".to_owned())));
        assert_eq!(joined("camera:gate ", "XAL"), None);
        assert_eq!(joined("", "XAL"), None);
        assert_eq!(joined("8KX ", "plate:417"), None);
        assert_eq!(joined("ab\u{3000}ö ", "ü"), Some(("ab\u{3000}", "öü".to_owned())));
    }

    #[test]
    fn proposals_can_be_typed() {
        for (token, better, expected) in [
            ("camera:yrad", "Yard", "camera:Yard"),
            ("camera:yrad", "Back yard", "camera:\"Back yard\""),
            ("-color:wite", "white", "-color:white"),
            ("colr:white", "color:white", "color:white"),
            ("after:tomorow", "2026-08-01 or 2026-08-01T14:30", "after:2026-08-01"),
            ("-", "AB12", "AB12"),
        ] {
            assert_eq!(suggested(token, better), expected);
        }
    }

    #[test]
    fn the_trail_leads_back_page_by_page() {
        let mut trail = Trail::of(&Form::parse(b"").unwrap());
        assert!(trail.newer().is_none());
        for page in 2..TRAIL_MAX as u64 + 40 {
            trail = trail.older(CaptureKey(1_000_000 - page));
            assert_eq!(trail.page as u64, page);
            assert!(trail.cursors.len() <= TRAIL_MAX + 1);
            let above = trail.newer().unwrap();
            assert_eq!(above.page as u64, page - 1);
            let expected = (page > 2).then(|| CaptureKey(1_000_000 - page + 1));
            assert_eq!(above.cursors.last().copied(), expected);
        }
        let mut steps = 0;
        while let Some(above) = trail.newer() {
            trail = above;
            steps += 1;
        }
        assert_eq!(steps, TRAIL_MAX);
    }

    #[test]
    fn a_made_up_trail_is_harmless() {
        for query in ["cursor=zz", "cursor=", "page=9", "trail=...&page=-1"] {
            assert_eq!(Trail::of(&Form::parse(query.as_bytes()).unwrap()).page, 1, "{query}");
        }
        let key = CaptureKey(77).to_string();
        let wild = format!("cursor={key}&trail={}&page=18446744073709551615", "x.".repeat(9999));
        let trail = Trail::of(&Form::parse(wild.as_bytes()).unwrap());
        assert_eq!(trail.cursors, [CaptureKey(77)]);
        assert_eq!(trail.older(CaptureKey(7)).page, usize::MAX);
    }
}
