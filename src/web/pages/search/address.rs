//! A search as an address: what is looked for, how it is shown, which page of it.

use crate::gate::form::encode;
use crate::model::query::{Attribute, AttributeMatch, Query};
use crate::model::saved_search::SearchScope as Scope;
use crate::search::SearchTerm;
use crate::web::pages::trail::Trail;
use crate::web::paths;

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
        pairs.extend(trail.map(Trail::pairs).unwrap_or_default());
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
