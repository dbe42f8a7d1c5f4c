//! Answers a [`Query`]: `plan` turns it into terms and plates, `walk` goes through blocks,
//! `postings` through the captures of a few plates; `shape` matches plate patterns, `near` finds
//! plates by edit distance, `week` hours and days. Knows nothing of how queries are written.

mod blocks;
mod checks;
mod near;
#[cfg(test)]
mod page_tests;
mod plan;
mod postings;
mod shape;
#[cfg(test)]
pub(super) mod tests;
mod walk;
mod week;

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use plan::Plan;
use redb::ReadOnlyTable;

use super::captures::decode;
use super::details::Details;
use super::index::Term;
use super::index::blocks as layout;
use super::tables::{BITMAPS, BLOCKS, CAPTURES, HEADERS, POSTINGS, SLOTS};
use super::{ReadTx, Store, StoreError};
use crate::base::limits::{PAGE_ROWS_MAX, SCAN_DEADLINE, SCAN_ROWS};
use crate::model::capture::{Capture, CaptureKey};
use crate::model::query::{Page, PageRequest, Query, Total};
use blocks::Blocks;
pub(super) use blocks::{ChunkMap, Rows};
pub(super) use near::near;

/// How often a search takes a new snapshot because two commits wrote the index out between its
/// snapshot and its look at memory.
const SNAPSHOTS_MAX: usize = 16;

impl Store {
    /// The page of captures that match `query`, newest first.
    ///
    /// A search that takes longer than [`IndexOptions::deadline`](super::IndexOptions) is stopped: the page then says so.
    pub fn search(&self, query: &Query, request: PageRequest) -> Result<Page, StoreError> {
        let limit = request.limit.clamp(1, PAGE_ROWS_MAX);
        self.search_until(query, PageRequest { limit, ..request }, self.index.options.deadline)
    }

    /// The next [`SCAN_ROWS`] captures that match `query`, for walks through a whole result.
    ///
    /// # Errors
    /// [`StoreError::Refused`] when even that takes too long.
    pub fn search_on(&self, query: &Query, before: Option<CaptureKey>) -> Result<Page, StoreError> {
        let request = PageRequest { limit: SCAN_ROWS, before, total: false };
        let page = self.search_until(query, request, SCAN_DEADLINE)?;
        if page.stopped { Err(StoreError::Refused("the search takes too long")) } else { Ok(page) }
    }

    fn search_until(
        &self,
        query: &Query,
        request: PageRequest,
        deadline: Duration,
    ) -> Result<Page, StoreError> {
        let stop = Instant::now() + deadline;
        for _ in 0..SNAPSHOTS_MAX {
            let page = self.read(|tx| {
                let Some(search) = Search::open(self, tx, query, request, stop)? else {
                    return Ok(None);
                };
                search.run().map(Some)
            })?;
            if let Some(page) = page {
                return Ok(page);
            }
        }
        Err(StoreError::Storage("the search index changes too fast".into()))
    }
}

/// A search in one snapshot.
struct Search {
    plan: Plan,
    limit: usize,
    /// Only keys below are wanted on the page; totals count all.
    before: u64,
    total: bool,
    captures: ReadOnlyTable<u64, &'static [u8]>,
    details: Details,
    postings: ReadOnlyTable<(u32, u64), u64>,
    blocks: Blocks,
    /// When to give up.
    stop: Instant,
}

impl Search {
    /// `None` when the snapshot is too old for what is left in memory.
    fn open(
        store: &Store,
        tx: &ReadTx,
        query: &Query,
        request: PageRequest,
        stop: Instant,
    ) -> Result<Option<Self>, StoreError> {
        let options = &store.index.options;
        let headers = layout::headers(&tx.table(HEADERS)?)?;
        let plan = Plan::new(tx, query, options, headers.len())?;
        let newest = headers.last().copied().unwrap_or_default();
        let terms = plan.terms();
        let memory = store.index.with_generation(&newest, |generation| {
            let ordinals = |term: Term| (term, generation.ordinals(term, newest.count).to_vec());
            terms.into_iter().map(ordinals).filter(|(_, ordinals)| !ordinals.is_empty()).collect()
        });
        let Some(memory) = memory else { return Ok(None) };
        Ok(Some(Self {
            limit: request.limit,
            before: request.before.map_or(u64::MAX, |key| key.0),
            total: request.total,
            captures: tx.table(CAPTURES)?,
            details: tx.details()?,
            postings: tx.table(POSTINGS)?,
            blocks: Blocks {
                headers,
                memory,
                chunk_captures: options.chunk_captures,
                bitmaps: tx.table(BITMAPS)?,
                chunks: tx.table(BLOCKS)?,
                slots: tx.table(SLOTS)?,
                cache: Arc::clone(&store.index.chunks),
            },
            plan,
            stop,
        }))
    }

    fn run(&self) -> Result<Page, StoreError> {
        let mut result = Gathered::new(self.limit + 1);
        match &self.plan.hits {
            _ if self.plan.nothing => result.exact = true,
            Some(hits) => self.follow(hits, &mut result)?,
            None => self.walk(&mut result)?,
        }
        let total = if result.exact {
            Total::Exact(result.counted)
        } else {
            Total::AtLeast(result.counted)
        };
        let total = self.total.then_some(total);
        let stopped = result.stopped;
        let mut keys = result.into_keys();
        let more = keys.len() > self.limit;
        keys.truncate(self.limit);
        let next = keys.last().copied().filter(|_| more).map(CaptureKey);
        let rows = keys.into_iter().map(|key| self.row(key)).collect::<Result<Vec<_>, _>>()?;
        let hits = self.plan.hits.as_ref().filter(|_| self.total && self.plan.only_plates());
        let plates = hits.map(|hits| hits.len() as u64);
        Ok(Page { rows, next, total, plates, stopped })
    }

    fn row(&self, key: u64) -> Result<Capture, StoreError> {
        let Some(record) = self.captures.get(key)? else {
            return Err(StoreError::Corrupt("indexed capture is missing".into()));
        };
        decode(CaptureKey(key), record.value()).map(|(capture, _)| capture)
    }

    fn out_of_time(&self) -> bool {
        Instant::now() > self.stop
    }
}

/// The newest keys found so far, and how many matches were counted.
struct Gathered {
    /// The smallest on top.
    keys: BinaryHeap<Reverse<u64>>,
    wanted: usize,
    counted: u64,
    exact: bool,
    stopped: bool,
}

impl Gathered {
    fn new(wanted: usize) -> Self {
        Self {
            keys: BinaryHeap::with_capacity(wanted + 1),
            wanted,
            counted: 0,
            exact: false,
            stopped: false,
        }
    }

    /// Whether `key`, and so everything below it, can be left out.
    fn is_beaten(&self, key: u64) -> bool {
        self.keys.len() >= self.wanted && self.keys.peek().is_some_and(|worst| worst.0 >= key)
    }

    fn offer(&mut self, key: u64) {
        self.keys.push(Reverse(key));
        if self.keys.len() > self.wanted {
            self.keys.pop();
        }
    }

    /// Newest first.
    fn into_keys(self) -> Vec<u64> {
        self.keys.into_sorted_vec().into_iter().map(|key| key.0).collect()
    }
}
