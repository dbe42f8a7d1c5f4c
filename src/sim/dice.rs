//! Repeatable chance: the same seed gives the same world. Not for secrets; those come from
//! [`crate::base::random`].

/// A small generator (`SplitMix64`), cheap to make for every thing that needs its own dice.
#[derive(Clone, Debug)]
pub struct Dice(u64);

impl Dice {
    /// Dice that follow from `seed`.
    pub const fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// Dice for item `index` of the world `seed`: neighbours are unrelated.
    pub const fn of(seed: u64, index: u64) -> Self {
        Self(mix(seed ^ mix(index.wrapping_add(0x9E37_79B9_7F4A_7C15))))
    }

    /// The next 64 bits.
    pub const fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        mix(self.0)
    }

    /// A number below `limit`; 0 when `limit` is 0.
    pub fn below(&mut self, limit: u64) -> u64 {
        ((u128::from(self.next()) * u128::from(limit)) >> 64) as u64
    }

    /// A number from `low` up to, not including, `high`.
    pub fn between(&mut self, low: f32, high: f32) -> f32 {
        low + (high - low) * self.unit()
    }

    /// A number from 0 up to, not including, 1.
    pub fn unit(&mut self) -> f32 {
        (self.next() >> 40) as f32 / (1_u32 << 24) as f32
    }

    /// True once in `1 / share` throws.
    pub fn chance(&mut self, share: f32) -> bool {
        self.unit() < share
    }

    /// One of `items` by their weights; `None` when there is nothing to choose from.
    pub fn pick<'a, T>(&mut self, items: &'a [(u32, T)]) -> Option<&'a T> {
        let total: u64 = items.iter().map(|(weight, _)| u64::from(*weight)).sum();
        let mut throw = self.below(total);
        for (weight, item) in items {
            match throw.checked_sub(u64::from(*weight)) {
                Some(rest) => throw = rest,
                None => return Some(item),
            }
        }
        None
    }

    /// `count` characters of `alphabet`.
    pub fn text(&mut self, alphabet: &str, count: usize) -> String {
        let letters: Vec<char> = alphabet.chars().collect();
        (0..count).filter_map(|_| letters.get(self.below(letters.len() as u64) as usize)).collect()
    }
}

const fn mix(mut z: u64) -> u64 {
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

#[cfg(test)]
mod tests {
    use super::Dice;

    #[test]
    fn the_same_seed_throws_the_same() {
        let throws = |seed| {
            let mut dice = Dice::new(seed);
            (0..100).map(|_| dice.next()).collect::<Vec<_>>()
        };
        assert_eq!(throws(7), throws(7));
        assert_ne!(throws(7), throws(8));
    }

    #[test]
    fn weights_are_kept() {
        let mut dice = Dice::new(1);
        let items = [(9, 'a'), (1, 'b'), (0, 'c')];
        let picked: Vec<char> = (0..10_000).filter_map(|_| dice.pick(&items).copied()).collect();
        let rare = picked.iter().filter(|c| **c == 'b').count();
        assert_eq!(picked.len(), 10_000);
        assert!((800..1200).contains(&rare), "{rare}");
        assert!(!picked.contains(&'c'));
        assert_eq!(dice.pick::<char>(&[]), None);
        assert_eq!(dice.below(0), 0);
    }
}
