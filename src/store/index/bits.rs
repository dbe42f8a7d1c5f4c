//! A set of ordinals of one block as plain bits, and what rows of the index do to it without being
//! unpacked. Rows are written by `roaring` in its portable form; as a block has no more ordinals
//! than one of its containers, a row is one container.

use crate::store::StoreError;

/// Ordinals of a block.
const ORDINALS: usize = 1 << 16;
const WORDS: usize = ORDINALS / 64;
/// Portable form: with and without run containers, and the largest container kept as a list.
const COOKIE_RUNS: u16 = 12_347;
const COOKIE_PLAIN: u32 = 12_346;
const LIST_MAX: usize = 4096;

/// A set of ordinals.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Bits(Box<[u64]>);

/// A row as it lies in the store.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Row<'a> {
    /// Ordinals in ascending order, two bytes each.
    List(&'a [u8]),
    /// One bit per ordinal.
    Bitmap(&'a [u8]),
    /// First ordinal and length less one, two bytes each.
    Runs(&'a [u8]),
}

impl<'a> Row<'a> {
    /// Finds the container in `bytes`.
    pub(crate) fn parse(bytes: &'a [u8]) -> Result<Self, StoreError> {
        Self::try_parse(bytes).ok_or_else(|| StoreError::Corrupt("search bitmap".into()))
    }

    fn try_parse(bytes: &'a [u8]) -> Option<Self> {
        let cookie = u32::from_le_bytes(bytes.get(..4)?.try_into().ok()?);
        if cookie as u16 == COOKIE_RUNS {
            // Containers less one, their run marks, key and size of each; no offsets below four.
            let is_run = *bytes.get(4)? & 1 == 1;
            if cookie >> 16 != 0 {
                return None;
            }
            let data = bytes.get(9..)?;
            if !is_run {
                return Self::plain(bytes.get(7..9)?, data);
            }
            let runs = usize::from(pair(data.get(..2)?));
            return Some(Self::Runs(data.get(2..2 + runs * 4)?));
        }
        if cookie != COOKIE_PLAIN {
            return None;
        }
        match u32::from_le_bytes(bytes.get(4..8)?.try_into().ok()?) {
            0 => Some(Self::List(&[])),
            1 => Self::plain(bytes.get(10..12)?, bytes.get(16..)?),
            _ => None,
        }
    }

    fn plain(size: &[u8], data: &'a [u8]) -> Option<Self> {
        let size = usize::from(pair(size)) + 1;
        if size <= LIST_MAX {
            Some(Self::List(data.get(..size * 2)?))
        } else {
            Some(Self::Bitmap(data.get(..WORDS * 8)?))
        }
    }
}

fn pair(bytes: &[u8]) -> u16 {
    bytes.try_into().map_or(0, u16::from_le_bytes)
}

fn list(bytes: &[u8]) -> impl Iterator<Item = u16> + '_ {
    bytes.chunks_exact(2).map(pair)
}

fn words(bytes: &[u8]) -> impl Iterator<Item = u64> + '_ {
    bytes.chunks_exact(8).map(|eight| eight.try_into().map_or(0, u64::from_le_bytes))
}

/// First and last ordinal of each run.
fn runs(bytes: &[u8]) -> impl Iterator<Item = (u32, u32)> + '_ {
    bytes.chunks_exact(4).map(|run| {
        let (first, more) = run.split_at(2);
        let first = u32::from(pair(first));
        (first, first + u32::from(pair(more)))
    })
}

impl Bits {
    /// No ordinal.
    pub(crate) fn new() -> Self {
        Self(vec![0; WORDS].into_boxed_slice())
    }

    /// The first `count` ordinals.
    pub(crate) fn first(count: u32) -> Self {
        let mut bits = Self::new();
        bits.set_range(0, count);
        bits
    }

    /// Takes all ordinals out.
    pub(crate) fn clear(&mut self) {
        self.0.fill(0);
    }

    pub(crate) fn len(&self) -> u64 {
        self.0.iter().map(|word| u64::from(word.count_ones())).sum()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.iter().all(|word| *word == 0)
    }

    pub(crate) fn contains(&self, ordinal: u16) -> bool {
        let word = self.0.get(usize::from(ordinal) / 64);
        word.is_some_and(|word| word >> (ordinal % 64) & 1 == 1)
    }

    pub(crate) fn insert(&mut self, ordinal: u16) {
        if let Some(word) = self.0.get_mut(usize::from(ordinal) / 64) {
            *word |= 1 << (ordinal % 64);
        }
    }

    pub(crate) fn remove(&mut self, ordinal: u16) {
        if let Some(word) = self.0.get_mut(usize::from(ordinal) / 64) {
            *word &= !(1 << (ordinal % 64));
        }
    }

    /// Adds `from..until`.
    pub(crate) fn set_range(&mut self, from: u32, until: u32) {
        self.each_word(from, until, |word, mask| *word |= mask);
    }

    /// Takes `from..until` out.
    pub(crate) fn clear_range(&mut self, from: u32, until: u32) {
        self.each_word(from, until, |word, mask| *word &= !mask);
    }

    /// Shows the words that hold `from..until`, each with the mask of its part.
    fn each_word(&mut self, from: u32, until: u32, mut change: impl FnMut(&mut u64, u64)) {
        let (from, until) = (from as usize, (until as usize).min(ORDINALS));
        if from >= until {
            return;
        }
        let (first, last) = (from / 64, (until - 1) / 64);
        let words = self.0.get_mut(first..=last).unwrap_or_default();
        for (number, word) in words.iter_mut().enumerate() {
            let mut mask = u64::MAX;
            if number == 0 {
                mask &= u64::MAX << (from % 64);
            }
            if first + number == last {
                mask &= u64::MAX >> (63 - (until - 1) % 64);
            }
            change(word, mask);
        }
    }

    /// How many of `from..until` are in the set.
    pub(crate) fn len_between(&self, from: u32, until: u32) -> u64 {
        self.between(from, until).count() as u64
    }

    /// Those of `from..until`, in ascending order.
    pub(crate) fn between(&self, from: u32, until: u32) -> impl Iterator<Item = u16> + '_ {
        let (from, until) = (from as usize, (until as usize).min(ORDINALS));
        let last = until.div_ceil(64).max(from / 64);
        let words = self.0.get(from / 64..last).unwrap_or_default().iter();
        words
            .enumerate()
            .flat_map(move |(number, &word)| {
                let base = (from / 64 + number) * 64;
                ones(word).map(move |bit| base + bit)
            })
            .filter(move |ordinal| (from..until).contains(ordinal))
            .map(|ordinal| ordinal as u16)
    }

    /// All, in ascending order.
    pub(crate) fn iter(&self) -> impl Iterator<Item = u16> + '_ {
        self.between(0, ORDINALS as u32)
    }

    /// Adds what is in `other`.
    pub(crate) fn or(&mut self, other: &Self) {
        self.0.iter_mut().zip(&other.0).for_each(|(word, other)| *word |= other);
    }

    /// Keeps what is in `other` too.
    pub(crate) fn and(&mut self, other: &Self) {
        self.0.iter_mut().zip(&other.0).for_each(|(word, other)| *word &= other);
    }

    /// Takes out what is in `other`.
    pub(crate) fn and_not(&mut self, other: &Self) {
        self.0.iter_mut().zip(&other.0).for_each(|(word, other)| *word &= !other);
    }

    /// Adds what is in `row`.
    pub(crate) fn or_row(&mut self, row: Row<'_>) {
        match row {
            Row::List(bytes) => list(bytes).for_each(|ordinal| self.insert(ordinal)),
            Row::Bitmap(bytes) => {
                self.0.iter_mut().zip(words(bytes)).for_each(|(word, other)| *word |= other);
            }
            Row::Runs(bytes) => {
                runs(bytes).for_each(|(first, last)| self.set_range(first, last + 1));
            }
        }
    }

    /// Keeps what is in `row` too.
    pub(crate) fn and_row(&mut self, row: Row<'_>) {
        match row {
            Row::List(bytes) => {
                let kept: Vec<u16> = list(bytes).filter(|o| self.contains(*o)).collect();
                self.clear();
                for ordinal in kept {
                    self.insert(ordinal);
                }
            }
            Row::Bitmap(bytes) => {
                self.0.iter_mut().zip(words(bytes)).for_each(|(word, other)| *word &= other);
            }
            Row::Runs(bytes) => {
                let mut next = 0;
                for (first, last) in runs(bytes) {
                    self.clear_range(next, first);
                    next = last + 1;
                }
                self.clear_range(next, ORDINALS as u32);
            }
        }
    }

    /// Takes out what is in `row`.
    pub(crate) fn and_not_row(&mut self, row: Row<'_>) {
        match row {
            Row::List(bytes) => list(bytes).for_each(|ordinal| self.remove(ordinal)),
            Row::Bitmap(bytes) => {
                self.0.iter_mut().zip(words(bytes)).for_each(|(word, other)| *word &= !other);
            }
            Row::Runs(bytes) => {
                runs(bytes).for_each(|(first, last)| self.clear_range(first, last + 1));
            }
        }
    }
}

/// Numbers of the bits that are set.
fn ones(mut word: u64) -> impl Iterator<Item = usize> {
    std::iter::from_fn(move || {
        (word != 0).then(|| {
            let bit = word.trailing_zeros() as usize;
            word &= word - 1;
            bit
        })
    })
}

#[cfg(test)]
mod tests {
    use roaring::RoaringBitmap;

    use super::{Bits, Row};

    fn of(ordinals: &RoaringBitmap) -> Bits {
        let mut bits = Bits::new();
        ordinals.iter().for_each(|ordinal| bits.insert(ordinal as u16));
        bits
    }

    fn roaring(bits: &Bits) -> RoaringBitmap {
        bits.iter().map(u32::from).collect()
    }

    fn samples() -> Vec<RoaringBitmap> {
        let mut dice: u64 = 5;
        let mut roll = |sides: u64| {
            dice = dice.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1442);
            (dice >> 33) % sides
        };
        let mut samples = vec![RoaringBitmap::new()];
        for count in [1, 3, 100, 4096, 4097, 30_000] {
            samples.push((0..count).map(|_| roll(65_536) as u32).collect());
        }
        for count in [1, 40, 4000] {
            let mut some = RoaringBitmap::new();
            for _ in 0..count {
                let first = roll(65_000) as u32;
                some.insert_range(first..first + 1 + roll(300) as u32);
            }
            some.insert_range(65_530..65_536);
            samples.push(some.clone());
            some.optimize();
            samples.push(some);
        }
        samples.push((0..65_536).collect());
        let mut all: RoaringBitmap = (0..65_536).collect();
        all.optimize();
        samples.push(all);
        samples
    }

    #[test]
    fn rows_do_what_roaring_does() {
        let samples = samples();
        for row in &samples {
            let mut bytes = Vec::new();
            row.serialize_into(&mut bytes).unwrap();
            let parsed = Row::parse(&bytes).unwrap();
            for start in &samples {
                let bits = of(start);
                assert_eq!((roaring(&bits), bits.len()), (start.clone(), start.len()));
                let with = |change: fn(&mut Bits, Row<'_>), whole: fn(&mut Bits, &Bits)| {
                    let (mut one, mut two) = (bits.clone(), bits.clone());
                    change(&mut one, parsed);
                    whole(&mut two, &of(row));
                    assert_eq!(one, two);
                    roaring(&one)
                };
                assert_eq!(with(Bits::or_row, Bits::or), start | row);
                assert_eq!(with(Bits::and_row, Bits::and), start & row);
                assert_eq!(with(Bits::and_not_row, Bits::and_not), start - row);
            }
            for end in 0..bytes.len().min(64) {
                assert!(Row::parse(&bytes[..end]).is_err(), "{end}");
            }
        }
    }

    #[test]
    fn ranges_end_where_they_should() {
        for (from, until) in [(0, 0), (0, 1), (0, 64), (63, 65), (5, 60), (100, 65_536), (70, 60)] {
            let mut bits = Bits::new();
            bits.set_range(from, until);
            assert!(bits.iter().map(u32::from).eq(from..until.max(from)), "{from} {until}");
            let mut rest = Bits::first(65_536);
            rest.clear_range(from, until);
            assert_eq!(rest.len() + bits.len(), 65_536);
            assert_eq!(bits.len_between(0, 65_536), bits.len());
            assert_eq!(bits.between(64, 128).count() as u64, bits.len_between(64, 128));
        }
    }
}
