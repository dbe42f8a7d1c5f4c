//! A row of the index as it lies in the store, not unpacked. Rows are written by `roaring` in its
//! portable form; as a block has no more ordinals than one of its containers, a row is one container.

use crate::store::StoreError;

/// Words of 64 ordinals in a block.
pub(super) const WORDS: usize = (1 << 16) / 64;
/// Portable form: with and without run containers, and the largest container kept as a list.
const COOKIE_RUNS: u16 = 12_347;
const COOKIE_PLAIN: u32 = 12_346;
pub(super) const LIST_MAX: usize = 4096;

/// A row.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Row<'a> {
    /// Ordinals in ascending order.
    List(&'a [[u8; 2]]),
    /// One bit per ordinal, and how many are set.
    Bitmap(&'a [[u8; 8]], u32),
    /// First ordinal and length less one, two bytes each, in ascending order.
    Runs(&'a [[u8; 4]]),
}

impl<'a> Row<'a> {
    /// Finds the container in `bytes`.
    pub(crate) fn parse(bytes: &'a [u8]) -> Result<Self, StoreError> {
        Self::try_parse(bytes).ok_or_else(|| StoreError::Corrupt("search bitmap".into()))
    }

    fn try_parse(bytes: &'a [u8]) -> Option<Self> {
        let cookie = u32::from_le_bytes(*bytes.first_chunk()?);
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
            let runs = usize::from(u16::from_le_bytes(*data.first_chunk()?));
            return Some(Self::Runs(data.get(2..2 + runs * 4)?.as_chunks().0));
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
        let size = usize::from(u16::from_le_bytes(*size.first_chunk()?)) + 1;
        if size <= LIST_MAX {
            Some(Self::List(data.get(..size * 2)?.as_chunks().0))
        } else {
            Some(Self::Bitmap(data.get(..WORDS * 8)?.as_chunks().0, size as u32))
        }
    }

    /// How many ordinals it has.
    pub(crate) fn len(self) -> u32 {
        match self {
            Self::List(list) => list.len() as u32,
            Self::Bitmap(_, size) => size,
            Self::Runs(runs) => runs.iter().map(|run| (last(*run) - first(*run)) + 1).sum(),
        }
    }
}

/// First ordinal of a run.
#[inline]
pub(super) const fn first([low, high, ..]: [u8; 4]) -> u32 {
    u16::from_le_bytes([low, high]) as u32
}

/// Last ordinal of a run.
#[inline]
pub(super) const fn last([first_low, first_high, low, high]: [u8; 4]) -> u32 {
    u16::from_le_bytes([first_low, first_high]) as u32 + u16::from_le_bytes([low, high]) as u32
}
