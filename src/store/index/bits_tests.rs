//! Sets of ordinals against plain lists.

use roaring::RoaringBitmap;

use super::*;

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

impl PartialEq for Bits {
    fn eq(&self, other: &Self) -> bool {
        self.iter().eq(other.iter())
    }
}

#[test]
fn rows_do_what_roaring_does() {
    let samples = samples();
    for row in &samples {
        let mut bytes = Vec::new();
        row.serialize_into(&mut bytes).unwrap();
        let parsed = Row::parse(&bytes).unwrap();
        assert_eq!((u64::from(parsed.len()), Bits::of_row(parsed)), (row.len(), of(row)));
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
            let dense = |change: fn(&mut Bits, Row<'_>)| {
                let mut bits = bits.clone();
                bits.words();
                change(&mut bits, parsed);
                roaring(&bits)
            };
            assert_eq!(dense(Bits::or_row), start | row);
            assert_eq!(dense(Bits::and_row), start & row);
            assert_eq!(dense(Bits::and_not_row), start - row);
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
