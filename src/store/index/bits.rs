//! A set of ordinals of one block: few as a list, many as plain bits. What rows of the index do to
//! it needs none of them unpacked. Searches spend their time here, so the loops are plain ones.

use super::row::{LIST_MAX, Row, WORDS, first, last};

/// Ordinals of a block.
const ORDINALS: u32 = 1 << 16;
/// A list this many times longer than another is searched rather than gone through.
const SEARCHED_FROM: usize = 8;
/// Two lists that are longer together become bits: merging takes longer.
const MERGED_MAX: usize = 256;

/// A set of ordinals.
#[derive(Clone, Debug)]
pub(crate) enum Bits {
    /// In ascending order, at most [`LIST_MAX`].
    Few(Vec<u16>),
    /// One bit per ordinal.
    Many(Box<[u64]>),
}

use Bits::{Few, Many};

impl Bits {
    /// No ordinal.
    pub(crate) const fn new() -> Self {
        Few(Vec::new())
    }

    /// The first `count` ordinals.
    pub(crate) fn first(count: u32) -> Self {
        let mut bits = Self::new();
        bits.set_range(0, count);
        bits
    }

    /// What is in `row`.
    pub(crate) fn of_row(row: Row<'_>) -> Self {
        let mut bits = Self::new();
        bits.or_row(row);
        bits
    }

    /// Takes all ordinals out.
    pub(crate) fn clear(&mut self) {
        *self = Self::new();
    }

    pub(crate) fn len(&self) -> u64 {
        match self {
            Few(list) => list.len() as u64,
            Many(words) => words.iter().map(|word| u64::from(word.count_ones())).sum(),
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        match self {
            Few(list) => list.is_empty(),
            Many(words) => words.iter().all(|word| *word == 0),
        }
    }

    pub(crate) fn contains(&self, ordinal: u16) -> bool {
        match self {
            Few(list) => list.binary_search(&ordinal).is_ok(),
            Many(words) => is_set(words, ordinal),
        }
    }

    pub(crate) fn insert(&mut self, ordinal: u16) {
        match self {
            Few(list) if list.last().is_none_or(|last| *last < ordinal) => list.push(ordinal),
            Few(list) => {
                if let Err(place) = list.binary_search(&ordinal) {
                    list.insert(place, ordinal);
                }
            }
            Many(words) => set(words, ordinal),
        }
        if matches!(self, Few(list) if list.len() > LIST_MAX) {
            self.words();
        }
    }

    pub(crate) fn remove(&mut self, ordinal: u16) {
        match self {
            Few(list) => {
                if let Ok(place) = list.binary_search(&ordinal) {
                    list.remove(place);
                }
            }
            Many(words) => {
                if let Some(word) = words.get_mut(usize::from(ordinal) / 64) {
                    *word &= !(1 << (ordinal % 64));
                }
            }
        }
    }

    /// Adds `from..until`.
    pub(crate) fn set_range(&mut self, from: u32, until: u32) {
        each_word(self.words(), from, until, |word, mask| *word |= mask);
    }

    /// Takes `from..until` out.
    pub(crate) fn clear_range(&mut self, from: u32, until: u32) {
        match self {
            Few(list) => {
                let (start, end) = places(list, from, until);
                list.drain(start..end);
            }
            Many(words) => each_word(words, from, until, |word, mask| *word &= !mask),
        }
    }

    /// How many of `from..until` are in the set.
    pub(crate) fn len_between(&self, from: u32, until: u32) -> u64 {
        self.between(from, until).count() as u64
    }

    /// Those of `from..until`, in ascending order.
    pub(crate) fn between(&self, from: u32, until: u32) -> impl Iterator<Item = u16> + '_ {
        let (list, words) = match self {
            Few(list) => {
                let (start, end) = places(list, from, until);
                (list.get(start..end).unwrap_or_default(), &[][..])
            }
            Many(words) => {
                let end = (until.min(ORDINALS).div_ceil(64)).max(from / 64);
                (&[][..], words.get((from / 64) as usize..end as usize).unwrap_or_default())
            }
        };
        let ones = words.iter().enumerate().flat_map(move |(number, &word)| {
            let base = (from / 64 + number as u32) * 64;
            ones(word).map(move |bit| base + bit).filter(move |at| (from..until).contains(at))
        });
        list.iter().copied().chain(ones.map(|ordinal| ordinal as u16))
    }

    /// Which pieces of `size` ordinals have any, from the last to the first.
    pub(crate) fn pieces(&self, size: u32) -> Vec<usize> {
        let mut pieces: Vec<usize> = match self {
            Many(words) if size.is_multiple_of(64) => {
                let pieces = words.chunks((size / 64) as usize).enumerate();
                let any = pieces.filter(|(_, words)| words.iter().any(|word| *word != 0));
                any.map(|(number, _)| number).collect()
            }
            bits => bits.iter().map(|ordinal| (u32::from(ordinal) / size) as usize).collect(),
        };
        pieces.dedup();
        pieces.reverse();
        pieces
    }

    /// All, in ascending order.
    pub(crate) fn iter(&self) -> impl Iterator<Item = u16> + '_ {
        self.between(0, ORDINALS)
    }

    /// Adds what is in `other`.
    pub(crate) fn or(&mut self, other: &Self) {
        match (&mut *self, other) {
            (Few(list), Few(others)) if list.is_empty() => list.clone_from(others),
            (Few(list), Few(others)) if list.len() + others.len() <= MERGED_MAX => {
                *list = merged(list, others);
            }
            (_, Few(others)) => {
                let words = self.words();
                for ordinal in others {
                    set(words, *ordinal);
                }
            }
            (Many(words), Many(others)) => {
                words.iter_mut().zip(others.iter()).for_each(|(word, other)| *word |= other);
            }
            (Few(list), Many(others)) => {
                let mut words = others.clone();
                for ordinal in list.iter() {
                    set(&mut words, *ordinal);
                }
                *self = Many(words);
            }
        }
    }

    /// Keeps what is in `other` too.
    pub(crate) fn and(&mut self, other: &Self) {
        match (&mut *self, other) {
            (Few(list), other) => list.retain(|ordinal| other.contains(*ordinal)),
            (Many(words), Few(others)) => {
                let mut list = others.clone();
                list.retain(|ordinal| is_set(words, *ordinal));
                *self = Few(list);
            }
            (Many(words), Many(others)) => {
                words.iter_mut().zip(others.iter()).for_each(|(word, other)| *word &= other);
            }
        }
    }

    /// Takes out what is in `other`.
    pub(crate) fn and_not(&mut self, other: &Self) {
        match (&mut *self, other) {
            (Few(list), other) => list.retain(|ordinal| !other.contains(*ordinal)),
            (Many(_), Few(others)) => others.iter().for_each(|ordinal| self.remove(*ordinal)),
            (Many(words), Many(others)) => {
                words.iter_mut().zip(others.iter()).for_each(|(word, other)| *word &= !other);
            }
        }
    }

    /// Adds what is in `row`.
    pub(crate) fn or_row(&mut self, row: Row<'_>) {
        match (&mut *self, row) {
            (Few(list), Row::List(row)) if list.is_empty() => unpack(list, row),
            (Few(list), Row::List(row)) if list.len() + row.len() <= MERGED_MAX => {
                let mut others = Vec::new();
                unpack(&mut others, row);
                *list = merged(list, &others);
            }
            (_, Row::List(row)) => {
                let words = self.words();
                for pair in row {
                    set(words, u16::from_le_bytes(*pair));
                }
            }
            (_, Row::Bitmap(row, _)) => {
                let words = self.words().iter_mut().zip(row);
                words.for_each(|(word, eight)| *word |= u64::from_le_bytes(*eight));
            }
            (_, Row::Runs(runs)) => {
                let words = self.words();
                for run in runs {
                    each_word(words, first(*run), last(*run) + 1, |word, mask| *word |= mask);
                }
            }
        }
    }

    /// Keeps what is in `row` too.
    pub(crate) fn and_row(&mut self, row: Row<'_>) {
        match (&mut *self, row) {
            (Few(list), row) => keep(list, row, true),
            (Many(words), Row::List(row)) => {
                let mut list = Vec::with_capacity(row.len());
                for pair in row {
                    let ordinal = u16::from_le_bytes(*pair);
                    if is_set(words, ordinal) {
                        list.push(ordinal);
                    }
                }
                *self = Few(list);
            }
            (Many(words), Row::Bitmap(row, _)) => {
                let words = words.iter_mut().zip(row);
                words.for_each(|(word, eight)| *word &= u64::from_le_bytes(*eight));
            }
            (Many(words), Row::Runs(runs)) => {
                let mut next = 0;
                for run in runs {
                    each_word(words, next, first(*run), |word, mask| *word &= !mask);
                    next = last(*run) + 1;
                }
                each_word(words, next, ORDINALS, |word, mask| *word &= !mask);
            }
        }
    }

    /// Takes out what is in `row`.
    pub(crate) fn and_not_row(&mut self, row: Row<'_>) {
        match (&mut *self, row) {
            (Few(list), row) => keep(list, row, false),
            (Many(_), Row::List(row)) => {
                for pair in row {
                    self.remove(u16::from_le_bytes(*pair));
                }
            }
            (Many(words), Row::Bitmap(row, _)) => {
                let words = words.iter_mut().zip(row);
                words.for_each(|(word, eight)| *word &= !u64::from_le_bytes(*eight));
            }
            (Many(words), Row::Runs(runs)) => {
                for run in runs {
                    each_word(words, first(*run), last(*run) + 1, |word, mask| *word &= !mask);
                }
            }
        }
    }

    /// Its bits, made of the list when it is one.
    fn words(&mut self) -> &mut [u64] {
        if let Few(list) = self {
            let mut words = vec![0; WORDS].into_boxed_slice();
            for ordinal in list.iter() {
                set(&mut words, *ordinal);
            }
            *self = Many(words);
        }
        match self {
            Many(words) => words,
            // Never: they were made bits above.
            Few(_) => &mut [],
        }
    }
}

/// The places in `list` that hold `from..until`.
fn places(list: &[u16], from: u32, until: u32) -> (usize, usize) {
    let start = list.partition_point(|ordinal| u32::from(*ordinal) < from);
    let end = list.partition_point(|ordinal| u32::from(*ordinal) < until);
    (start, end.max(start))
}

#[inline]
fn is_set(words: &[u64], ordinal: u16) -> bool {
    let word = words.get(usize::from(ordinal) / 64);
    word.is_some_and(|word| word >> (ordinal % 64) & 1 == 1)
}

#[inline]
fn set(words: &mut [u64], ordinal: u16) {
    if let Some(word) = words.get_mut(usize::from(ordinal) / 64) {
        *word |= 1 << (ordinal % 64);
    }
}

fn unpack(list: &mut Vec<u16>, row: &[[u8; 2]]) {
    list.reserve(row.len());
    for pair in row {
        list.push(u16::from_le_bytes(*pair));
    }
}

/// Both lists in one.
fn merged(list: &[u16], others: &[u16]) -> Vec<u16> {
    let mut all = [list, others].concat();
    all.sort_unstable();
    all.dedup();
    all
}

/// Keeps of `list` what is in `row`, or what is not.
fn keep(list: &mut Vec<u16>, row: Row<'_>, wanted: bool) {
    match row {
        Row::List(row) if row.len() / SEARCHED_FROM > list.len() => {
            let mut rest = row;
            list.retain(|ordinal| {
                let at = rest.partition_point(|pair| u16::from_le_bytes(*pair) < *ordinal);
                rest = rest.get(at..).unwrap_or_default();
                rest.first().is_some_and(|pair| u16::from_le_bytes(*pair) == *ordinal) == wanted
            });
        }
        Row::List(row) => {
            let mut rest = row;
            list.retain(|ordinal| {
                while let [pair, more @ ..] = rest {
                    let other = u16::from_le_bytes(*pair);
                    if other >= *ordinal {
                        return (other == *ordinal) == wanted;
                    }
                    rest = more;
                }
                !wanted
            });
        }
        Row::Bitmap(row, _) => list.retain(|ordinal| {
            let eight = row.get(usize::from(*ordinal) / 64);
            let is_set = |eight: &[u8; 8]| u64::from_le_bytes(*eight) >> (ordinal % 64) & 1 == 1;
            eight.is_some_and(is_set) == wanted
        }),
        Row::Runs(runs) => {
            let mut rest = runs;
            list.retain(|ordinal| {
                let ordinal = u32::from(*ordinal);
                while let [run, more @ ..] = rest {
                    if last(*run) >= ordinal {
                        return (first(*run) <= ordinal) == wanted;
                    }
                    rest = more;
                }
                !wanted
            });
        }
    }
}

/// Shows the words that hold `from..until`, each with the mask of its part.
fn each_word(words: &mut [u64], from: u32, until: u32, mut change: impl FnMut(&mut u64, u64)) {
    let (from, until) = (from as usize, until.min(ORDINALS) as usize);
    if from >= until {
        return;
    }
    let (first, last) = (from / 64, (until - 1) / 64);
    let words = words.get_mut(first..=last).unwrap_or_default();
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

/// Numbers of the bits that are set.
fn ones(mut word: u64) -> impl Iterator<Item = u32> {
    std::iter::from_fn(move || {
        (word != 0).then(|| {
            let bit = word.trailing_zeros();
            word &= word - 1;
            bit
        })
    })
}

#[cfg(test)]
#[path = "bits_tests.rs"]
mod tests;
