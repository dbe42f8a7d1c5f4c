//! Page by page through a list that goes on behind a key: an address that remembers where the pages
//! above began, so that there is a way back without counting.

use crate::gate::Form;
use crate::model::capture::CaptureKey;

/// Pages one can go back through one by one; further back leads to the first.
const TRAIL_MAX: usize = 20;

/// The way from the first page to this one.
#[derive(Default)]
pub struct Trail {
    /// Where the pages after the first begin, this one last. The first of them may be forgotten.
    pub cursors: Vec<CaptureKey>,
    /// Number of this page, from 1.
    pub page: usize,
}

impl Trail {
    /// As the address says: `cursor` with `trail` (older cursors, `.` between) and `page`.
    pub fn of(form: &Form) -> Self {
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

    /// As parameters; none for the first page.
    pub fn pairs(&self) -> Vec<(String, String)> {
        let Some((cursor, above)) = self.cursors.split_last() else { return Vec::new() };
        let above: Vec<String> = above.iter().map(ToString::to_string).collect();
        let mut pairs = vec![("cursor".to_owned(), cursor.to_string())];
        if !above.is_empty() {
            pairs.push(("trail".to_owned(), above.join(".")));
        }
        pairs.push(("page".to_owned(), self.page.to_string()));
        pairs
    }

    /// The page below, which begins after `next`.
    #[must_use]
    pub fn older(&self, next: CaptureKey) -> Self {
        let mut cursors = self.cursors.clone();
        cursors.push(next);
        let forgotten = cursors.len().saturating_sub(TRAIL_MAX + 1);
        cursors.drain(..forgotten);
        Self { cursors, page: self.page.saturating_add(1) }
    }

    /// The page above; `None` on the first and where the way back is forgotten.
    pub fn newer(&self) -> Option<Self> {
        let (_, above) = self.cursors.split_last()?;
        let page = self.page - 1;
        (page == 1 || !above.is_empty()).then(|| Self { cursors: above.to_vec(), page })
    }
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
