//! The search index: blocks of captures in the order of their arrival, and for each block one
//! compressed bitmap per term (`terms`). What the newest captures add is kept in memory
//! ([`Generation`]) and written out now and then, so that an ordinary read costs few pages.
//!
//! A reader opens its snapshot first and then looks at memory, ignoring what its snapshot does not
//! count: so it never waits for a commit and never sees half of one. A capture whose terms change
//! gets a new slot and leaves a tombstone in the old one; nothing written is ever edited.

pub(super) mod bitmaps;
pub(super) mod bits;
pub(super) mod blocks;
mod rebuild;
mod renew;
pub(super) mod row;
pub(super) mod terms;
mod write;

use std::collections::{HashMap, VecDeque};
use std::hash::{BuildHasherDefault, Hasher};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::Duration;

pub(super) use blocks::{Header, Slot};
pub(super) use renew::renew;
pub(super) use terms::Term;
pub(super) use write::{Staged, flush_all};

use crate::base::clock::Timestamp;
use crate::base::limits::{
    BLOCK_CAPTURES, CHUNK_CAPTURES, CHUNK_MAPS_MAX, MEMTABLE_CAPTURES, PLATE_HITS_MAX,
    PLATES_UNINDEXED_MAX, SEARCH_DEADLINE,
};
use crate::base::random;
use crate::model::capture::CaptureKey;
use crate::store::query::ChunkMap;

/// Sizes of the search index. A store must be opened with the block and chunk sizes it was made
/// with; only tests use others than the defaults.
#[derive(Clone, Copy, Debug)]
pub struct IndexOptions {
    /// Captures of a block, at most 65,536.
    pub block_captures: u32,
    /// Captures of a chunk of a block.
    pub chunk_captures: u32,
    /// Captures whose terms are kept in memory before they are written.
    pub memory_captures: u32,
    /// Plates that are looked through one by one before they are indexed.
    pub plates_unindexed: u32,
    /// Distinct plates of a pattern that are followed one by one.
    pub plate_hits: usize,
    /// A search that takes longer is stopped.
    pub deadline: Duration,
}

impl Default for IndexOptions {
    fn default() -> Self {
        Self {
            block_captures: BLOCK_CAPTURES,
            chunk_captures: CHUNK_CAPTURES,
            memory_captures: MEMTABLE_CAPTURES,
            plates_unindexed: PLATES_UNINDEXED_MAX,
            plate_hits: PLATE_HITS_MAX,
            deadline: SEARCH_DEADLINE,
        }
    }
}

/// Terms of captures that are not in the store's bitmaps yet: ordinals in ascending order.
pub(super) type Entries = HashMap<Term, Vec<u16>, BuildHasherDefault<TermHasher>>;

/// Hashes a [`Term`] in two multiplications: a read has about ninety, and the bound of memory
/// bounds what made-up plates can do to a table.
#[derive(Default)]
pub(super) struct TermHasher(u64);

impl Hasher for TermHasher {
    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.write_u64(u64::from(*byte));
        }
    }

    fn write_u8(&mut self, value: u8) {
        self.write_u64(value.into());
    }

    fn write_u64(&mut self, value: u64) {
        let product = u128::from(self.0 ^ value) * 0x9E37_79B9_7F4A_7C15;
        self.0 = (product >> 64) as u64 ^ product as u64;
    }

    fn finish(&self) -> u64 {
        self.0
    }
}

/// What readers see of the newest captures: those of `block` from ordinal `base` on.
#[derive(Debug, Default)]
pub(super) struct Generation {
    pub(super) block: u32,
    pub(super) base: u32,
    pub(super) entries: Entries,
}

/// Puts `added`, in ascending order of ordinals, to `entries`.
fn add(entries: &mut Entries, added: Vec<(Term, u16)>) {
    for (term, ordinal) in added {
        entries.entry(term).or_default().push(ordinal);
    }
}

impl Generation {
    /// The ordinals of `term` from `base` up to `count`, which the caller's snapshot counts.
    pub(super) fn ordinals(&self, term: Term, count: u32) -> &[u16] {
        let ordinals = self.entries.get(&term).map_or(&[][..], Vec::as_slice);
        let end = ordinals.partition_point(|&ordinal| u32::from(ordinal) < count);
        ordinals.get(..end).unwrap_or_default()
    }

    fn is_of(&self, header: &Header) -> bool {
        self.block == header.block && self.base == header.flushed
    }
}

/// The part of the index that lives in memory, shared by all transactions.
#[derive(Debug)]
pub struct Index {
    pub(super) options: IndexOptions,
    /// Newest last. The one before stays for readers whose snapshot is a commit old.
    generations: RwLock<VecDeque<Generation>>,
    /// Value ids by attribute and text, for the writer.
    values: Mutex<HashMap<u8, HashMap<String, u32>>>,
    sequence: AtomicU32,
    /// Chunks of blocks that are full, as searches read them.
    pub(super) chunks: Arc<Chunks>,
}

/// Chunks of blocks that never change again.
#[derive(Debug, Default)]
pub(super) struct Chunks(Mutex<HashMap<u32, Arc<ChunkMap>>>);

impl Chunks {
    pub(super) fn get(&self, block: u32) -> Option<Arc<ChunkMap>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get(&block).cloned()
    }

    pub(super) fn put(&self, block: u32, chunks: Arc<ChunkMap>) {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= CHUNK_MAPS_MAX {
            known.clear();
        }
        known.insert(block, chunks);
    }
}

/// How to undo what a transaction published, should its commit fail.
#[derive(Debug)]
pub(super) enum Published {
    /// Nothing was.
    Nothing,
    /// A generation was pushed.
    Generation,
    /// Ordinals from here on were added to the last one.
    From(u32),
}

/// Values interned by a transaction: known to others once it is committed.
pub(super) type NewValues = Vec<((u8, String), u32)>;

impl Index {
    pub(super) fn new(options: IndexOptions) -> Self {
        Self {
            options,
            generations: RwLock::new(VecDeque::from([Generation::default()])),
            values: Mutex::default(),
            // A random start makes keys of the same millisecond differ across restarts.
            sequence: AtomicU32::new(u32::from_le_bytes(random::bytes())),
            chunks: Arc::default(),
        }
    }

    pub(super) fn allocate_key(&self, time: Timestamp) -> CaptureKey {
        CaptureKey::new(time, self.sequence.fetch_add(1, Ordering::Relaxed))
    }

    /// Runs `look` on the generation that continues `header`; `None` when that one is gone, which
    /// means the caller's snapshot is old and it should take a new one.
    pub(super) fn with_generation<T>(
        &self,
        header: &Header,
        look: impl FnOnce(&Generation) -> T,
    ) -> Option<T> {
        let generations = self.generations.read().unwrap_or_else(PoisonError::into_inner);
        generations.iter().rev().find(|generation| generation.is_of(header)).map(look)
    }

    /// Makes `added` visible to readers whose snapshot counts them, before that commit exists.
    pub(super) fn publish(
        &self,
        header: &Header,
        counted: u32,
        added: Vec<(Term, u16)>,
    ) -> Published {
        let mut generations = self.generations.write().unwrap_or_else(PoisonError::into_inner);
        match generations.back_mut() {
            Some(last) if last.is_of(header) => {
                add(&mut last.entries, added);
                Published::From(counted)
            }
            _ => {
                let mut entries = Entries::default();
                add(&mut entries, added);
                generations.push_back(Generation {
                    block: header.block,
                    base: header.flushed,
                    entries,
                });
                Published::Generation
            }
        }
    }

    /// Lets go of what no reader needs after a commit.
    pub(super) fn settle(&self, published: &Published, values: NewValues) {
        if matches!(published, Published::Generation) {
            let mut generations = self.generations.write().unwrap_or_else(PoisonError::into_inner);
            while generations.len() > 2 {
                generations.pop_front();
            }
        }
        if !values.is_empty() {
            for ((attribute, text), id) in values {
                self.learn_value(attribute, &text, id);
            }
        }
    }

    /// Takes back what was published for a commit that failed.
    pub(super) fn roll_back(&self, published: &Published) {
        let mut generations = self.generations.write().unwrap_or_else(PoisonError::into_inner);
        match published {
            Published::Nothing => {}
            Published::Generation => {
                generations.pop_back();
            }
            Published::From(counted) => {
                if let Some(last) = generations.back_mut() {
                    last.entries.retain(|_, ordinals| {
                        ordinals.retain(|&ordinal| u32::from(ordinal) < *counted);
                        !ordinals.is_empty()
                    });
                }
            }
        }
    }

    /// The entries of the generation that continues `header`.
    pub(super) fn entries_of(&self, header: &Header) -> Option<Entries> {
        self.with_generation(header, |generation| generation.entries.clone())
    }

    /// Replaces all of memory: after opening the store.
    pub(super) fn reset(&self, generation: Generation) {
        *self.generations.write().unwrap_or_else(PoisonError::into_inner) =
            VecDeque::from([generation]);
    }

    /// Forgets cached value ids: they may not have been committed.
    pub(super) fn forget_values(&self) {
        self.values.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }

    /// The id of a value, when it was interned or looked up before.
    pub(super) fn known_value(&self, attribute: u8, text: &str) -> Option<u32> {
        let values = self.values.lock().unwrap_or_else(PoisonError::into_inner);
        values.get(&attribute)?.get(text).copied()
    }

    /// Remembers the id of a committed value.
    pub(super) fn learn_value(&self, attribute: u8, text: &str, id: u32) {
        let mut values = self.values.lock().unwrap_or_else(PoisonError::into_inner);
        values.entry(attribute).or_default().insert(text.to_owned(), id);
    }
}
