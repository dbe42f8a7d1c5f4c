//! A search as an address: what is looked for, how it is shown, which page of it.

use crate::gate::form::{Form, encode};
use crate::model::capture::CaptureKey;
use crate::model::query::{Attribute, AttributeMatch, Query};
use crate::model::saved_search::SearchScope as Scope;
use crate::search::SearchTerm;
use crate::web::paths;

/// Pages one can go back through one by one; further back leads to the first.
const TRAIL_MAX: usize = 20;

/// `query` restricted to `scope`, unless it says itself which kind it wants.
pub(super) fn applied(scope: Scope, mut query: Query) -> Query {
    let said = query.attributes.iter().any(|have| have.attribute == Attribute::Kind);
    // Only reads with a plate match a plate.
    let implied = scope == Scope::Plates && query.plate.is_some();
    if !said && !implied {
        query.attributes.push(AttributeMatch {
            attribute: Attribute::Kind,
            values: vec![scope.kind().to_owned()],
            not: false,
        });
    }
    query
}

/// The way from the first page to this one.
#[derive(Default)]
pub(super) struct Trail {
    /// Where the pages after the first begin, this one last. The first of them may be forgotten.
    pub(super) cursors: Vec<CaptureKey>,
    /// Number of this page, from 1.
    pub(super) page: usize,
}

impl Trail {
    /// As the address says: `cursor` with `trail` (older cursors, `.` between) and `page`.
    pub(super) fn of(form: &Form) -> Self {
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

    /// The page below, which begins after `next`.
    pub(super) fn older(&self, next: CaptureKey) -> Self {
        let mut cursors = self.cursors.clone();
        cursors.push(next);
        let forgotten = cursors.len().saturating_sub(TRAIL_MAX + 1);
        cursors.drain(..forgotten);
        Self { cursors, page: self.page.saturating_add(1) }
    }

    /// The page above; `None` on the first and where the way back is forgotten.
    pub(super) fn newer(&self) -> Option<Self> {
        let (_, above) = self.cursors.split_last()?;
        let page = self.page - 1;
        (page == 1 || !above.is_empty()).then(|| Self { cursors: above.to_vec(), page })
    }
}

/// The search as an address.
#[derive(Clone, Copy)]
pub(super) struct Address<'a> {
    pub(super) scope: Scope,
    pub(super) terms: &'a [SearchTerm],
    /// Whether it shows images.
    pub(super) grid: bool,
}

impl Address<'_> {
    /// The page at the end of `trail`, the first without one.
    pub(super) fn href(&self, trail: Option<&Trail>) -> String {
        self.with(|_| true, trail)
    }

    /// The page that offers the same reads as a file. It knows no scope: the kind is said.
    pub(super) fn export(&self) -> String {
        let mut pairs: Vec<(String, String)> =
            self.terms.iter().map(SearchTerm::parameter).collect();
        let has = |key: &str| self.terms.iter().any(|term| term.filter.key() == key);
        // Only reads with a plate match a plate.
        let implied = self.scope == Scope::Plates && has("plate");
        if !implied && !has("kind") {
            pairs.push(("kind".to_owned(), self.scope.kind().to_owned()));
        }
        format!("{}?{}", paths::SEARCH_EXPORT, encode(pairs))
    }

    /// The first page, only with the terms for which `keep` says so.
    pub(super) fn href_where(&self, keep: impl Fn(&SearchTerm) -> bool) -> String {
        self.with(|index| self.terms.get(index).is_some_and(&keep), None)
    }

    /// The first page without term number `left_out`.
    pub(super) fn href_without(&self, left_out: usize) -> String {
        self.with(|index| index != left_out, None)
    }

    /// Parameters of the search and of how it is shown, without the page.
    pub(super) fn parameters(&self) -> String {
        let terms = self.terms.iter().map(SearchTerm::parameter);
        encode(terms.chain(self.view()).collect::<Vec<_>>())
    }

    /// The parameter of how it is shown, when that is not the usual way.
    pub(super) fn view(&self) -> Option<(String, String)> {
        let view = if self.grid { "grid" } else { "table" };
        (self.grid != self.scope.images()).then(|| ("view".to_owned(), view.to_owned()))
    }

    fn with(&self, keep: impl Fn(usize) -> bool, trail: Option<&Trail>) -> String {
        let kept = self.terms.iter().enumerate().filter(|(index, _)| keep(*index));
        let mut pairs: Vec<(String, String)> = kept.map(|(_, term)| term.parameter()).collect();
        pairs.extend(self.view());
        if let Some((cursor, above)) = trail.and_then(|trail| trail.cursors.split_last()) {
            let above: Vec<String> = above.iter().map(ToString::to_string).collect();
            pairs.push(("cursor".into(), cursor.to_string()));
            pairs.push(("trail".into(), above.join(".")));
            pairs.push(("page".into(), trail.map_or(1, |trail| trail.page).to_string()));
        }
        address(paths::search(self.scope), pairs)
    }
}

/// `path` with the `pairs` that have a value.
pub(super) fn address(path: &str, mut pairs: Vec<(String, String)>) -> String {
    pairs.retain(|(_, value)| !value.is_empty());
    if pairs.is_empty() {
        return path.to_owned();
    }
    format!("{path}?{}", encode(pairs))
}

#[cfg(test)]
mod tests {
    use super::*;

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
