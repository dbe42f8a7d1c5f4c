//! Plate patterns by what every plate they match must have, so that a plate is held against few of
//! them: its whole text, or its longest known beginning, end or inside, or its length.

use std::collections::HashMap;

use crate::model::query::{Piece, PlateMatch};

/// Characters of a key.
const RUN: usize = 3;

/// What a plate must have.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Key {
    Begins([char; RUN]),
    Ends([char; RUN]),
    Holds([char; RUN]),
    Length(usize),
}

/// Patterns by their keys; a number stands for each.
#[derive(Debug, Default)]
pub(super) struct Buckets {
    whole: HashMap<Box<str>, Vec<u32>>,
    keyed: HashMap<Key, Vec<u32>>,
    /// Those that say nothing but `*`.
    loose: Vec<u32>,
}

impl Buckets {
    /// Adds `number` for `pattern`, whose characters are compared as they are.
    pub(super) fn add(&mut self, pattern: &PlateMatch, number: u32) {
        if let Some(text) = pattern.text() {
            self.whole.entry(text.into()).or_default().push(number);
            return;
        }
        match key(&pattern.pieces) {
            Some(key) => self.keyed.entry(key).or_default().push(number),
            None => self.loose.push(number),
        }
    }

    /// Numbers of the patterns that are `plate`, without wildcards.
    pub(super) fn whole(&self, plate: &str) -> &[u32] {
        self.whole.get(plate).map_or(&[], Vec::as_slice)
    }

    /// Hands over the number of every pattern with wildcards that may match `plate`, each once.
    pub(super) fn candidates(&self, plate: &str, mut take: impl FnMut(u32)) {
        self.loose.iter().copied().for_each(&mut take);
        if self.keyed.is_empty() {
            return;
        }
        let text: Vec<char> = plate.chars().collect();
        let mut probes = vec![Key::Length(text.len())];
        for width in 1..=RUN.min(text.len()) {
            let mut windows = text.windows(width);
            probes.extend(windows.clone().next().map(|run| Key::Begins(run_of(run))));
            probes.extend(windows.next_back().map(|run| Key::Ends(run_of(run))));
            let mut inside: Vec<[char; RUN]> = text.windows(width).map(run_of).collect();
            inside.sort_unstable();
            inside.dedup();
            probes.extend(inside.into_iter().map(Key::Holds));
        }
        for numbers in probes.iter().filter_map(|key| self.keyed.get(key)) {
            numbers.iter().copied().for_each(&mut take);
        }
    }
}

/// The key that leaves the fewest plates.
fn key(pieces: &[Piece]) -> Option<Key> {
    let mut best: Option<(usize, Key)> = None;
    let mut offer = |width: usize, key: Key| {
        if best.is_none_or(|(known, _)| width > known) {
            best = Some((width, key));
        }
    };
    let last = pieces.len().saturating_sub(1);
    for (place, piece) in pieces.iter().enumerate() {
        let Piece::Text(text) = piece else { continue };
        let text: Vec<char> = text.chars().collect();
        let width = text.len().min(RUN);
        let (front, back) = (text.get(..width), text.get(text.len() - width..));
        // Of the same width an end says more than an inside: it is at one place.
        let (front, back) = (front.unwrap_or_default(), back.unwrap_or_default());
        match place {
            0 => offer(2 * width + 1, Key::Begins(run_of(front))),
            _ if place == last => offer(2 * width + 1, Key::Ends(run_of(back))),
            _ => offer(2 * width, Key::Holds(run_of(front))),
        }
    }
    if best.is_none() && !pieces.contains(&Piece::Any) {
        return Some(Key::Length(pieces.len()));
    }
    best.map(|(_, key)| key)
}

/// At most [`RUN`] characters, filled up.
fn run_of(text: &[char]) -> [char; RUN] {
    let mut run = ['\0'; RUN];
    for (slot, character) in run.iter_mut().zip(text) {
        *slot = *character;
    }
    run
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::watch::PlatePattern;

    #[test]
    fn no_pattern_that_matches_is_left_out() {
        let patterns = [
            "8KX417", "8K*", "*417", "8*7", "*KX4*", "8?X417", "??????", "*", "?*", "8KX4*17",
            "K*", "*A*", "*8*", "8K?41*", "ÖÄ*", "*?1", "AAA*", "*AA*",
        ];
        let mut buckets = Buckets::default();
        let matchers: Vec<PlateMatch> =
            patterns.iter().map(|it| PlatePattern::parse(it).unwrap().matcher(false)).collect();
        for (number, matcher) in matchers.iter().enumerate() {
            buckets.add(matcher, number as u32);
        }
        for plate in ["8KX417", "8", "417", "KX4", "A", "AAAA", "ÖÄ1", "ABC123", "1", "8KX4917"] {
            let mut found: Vec<u32> = buckets.whole(plate).to_vec();
            buckets.candidates(plate, |number| found.push(number));
            let mut once = found.clone();
            once.sort_unstable();
            once.dedup();
            assert_eq!(once.len(), found.len(), "{plate}: each once");
            for (number, matcher) in matchers.iter().enumerate() {
                if matcher.matches(plate) {
                    assert!(once.contains(&(number as u32)), "{plate} {}", patterns[number]);
                }
            }
        }
    }
}
