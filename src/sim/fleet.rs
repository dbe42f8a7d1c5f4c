//! Who drives by, and past what: an endless population of vehicles with plates of their regions,
//! and the cameras of two agents. Vehicles are computed from their number, so millions cost no
//! memory. Knows nothing of time.

use super::dice::Dice;
use super::draw::Rgb;

/// How the plates of a region look.
#[derive(Debug)]
pub struct Region {
    /// As the agent writes it, for example `us-ca`.
    pub code: &'static str,
    /// Text above the number, or the letter on the blue band of a European plate.
    pub title: &'static str,
    /// `L` is any letter, `9` any digit, everything else stands for itself.
    pub pattern: &'static str,
    /// Colour of the plate.
    pub ground: Rgb,
    /// Colour of the number.
    pub ink: Rgb,
    /// Colour of the title.
    pub title_ink: Rgb,
}

impl Region {
    /// Whether this is a long European plate with a blue band.
    pub fn is_european(&self) -> bool {
        self.code.starts_with("eu-")
    }

    /// How many numbers the pattern has.
    pub fn capacity(&self) -> u64 {
        self.pattern.chars().map(radix).product()
    }

    /// Number `index` in the pattern; different indexes below [`Self::capacity`] give different
    /// plates, and neighbours do not look alike.
    pub fn plate(&self, index: u64) -> String {
        // The factor is prime and divides no capacity (products of 10 and 23), so this is a
        // permutation.
        let capacity = self.capacity();
        let spread = u128::from(index) * 982_451_653 + 7_919_393;
        let mut rest = (spread % u128::from(capacity)) as u64;
        let mut characters: Vec<char> = Vec::with_capacity(10);
        for slot in self.pattern.chars().rev() {
            let digit = rest % radix(slot);
            rest /= radix(slot);
            characters.push(match slot {
                'L' => LETTERS.chars().nth(digit as usize).unwrap_or('A'),
                '9' => char::from(b'0' + digit as u8),
                other => other,
            });
        }
        characters.iter().rev().collect()
    }
}

/// A vehicle.
#[derive(Clone, Debug)]
pub struct Vehicle {
    /// Its number in the population.
    pub number: u64,
    /// Plate as written on it, with separators.
    pub plate: String,
    /// Region of the plate.
    pub region: &'static Region,
    /// Colour as the classifier names it.
    pub color: &'static str,
    /// Make, `toyota`.
    pub make: &'static str,
    /// Make and model, `toyota_rav4`.
    pub make_model: &'static str,
    /// Body type, `suv-crossover`.
    pub body: &'static str,
    /// Range of years, `2015-2019`.
    pub year: &'static str,
}

/// A camera of the simulated site.
#[derive(Clone, Debug)]
pub struct Camera {
    /// Install id of its agent, 40 characters.
    pub agent_uid: String,
    /// Label of its agent.
    pub agent_label: &'static str,
    /// Number, unique within the agent.
    pub camera_id: i64,
    /// Label.
    pub label: &'static str,
    /// Latitude and longitude, degrees.
    pub position: (f64, f64),
    /// Usual direction of travel in its picture, degrees.
    pub direction: f32,
    /// Share of all reads, weight.
    pub weight: u32,
    /// Whether vehicles park in its sight.
    pub parking: bool,
}

/// Vehicle `number` of the world `seed`.
///
/// Within one region no two numbers below its capacity share a plate.
pub fn vehicle(seed: u64, number: u64) -> Vehicle {
    let mut dice = Dice::of(seed, number);
    let region = dice.pick(REGIONS).unwrap_or(&FALLBACK);
    let (make_model, body) = *dice.pick(MODELS).unwrap_or(&("toyota_camry", "sedan-standard"));
    let make = make_model.split('_').next().unwrap_or(make_model);
    let color = *dice.pick(COLORS).unwrap_or(&"white");
    let year = *dice.pick(YEARS).unwrap_or(&"2015-2019");
    let plate = region.plate(number.wrapping_add(seed % 1_000_003));
    Vehicle { number, plate, region, color, make, make_model, body, year }
}

/// The cameras of the world `seed`: six of two agents.
pub fn cameras(seed: u64) -> Vec<Camera> {
    let uid = |agent: u64| {
        Dice::of(seed, u64::MAX - agent).text("ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789", 40)
    };
    let (gate, street) = (uid(0), uid(1));
    CAMERAS
        .iter()
        .map(|&(agent, camera_id, label, position, direction, weight, parking)| Camera {
            agent_uid: if agent == 0 { gate.clone() } else { street.clone() },
            agent_label: if agent == 0 { "north-gate" } else { "main-street" },
            camera_id,
            label,
            position,
            direction,
            weight,
            parking,
        })
        .collect()
}

const LETTERS: &str = "ABCDEFGHJKLMNPRSTUVWXYZ"; // no I, O, Q: plates avoid them

const fn radix(slot: char) -> u64 {
    match slot {
        'L' => 23,
        '9' => 10,
        _ => 1,
    }
}

type CameraRow = (u8, i64, &'static str, (f64, f64), f32, u32, bool);

const CAMERAS: &[CameraRow] = &[
    (0, 1_421_870_055, "Gate in", (42.3601, -71.0589), 4.0, 26, false),
    (0, 1_421_870_056, "Gate out", (42.3603, -71.0591), 181.0, 24, false),
    (0, 1_421_870_057, "Loading dock", (42.3609, -71.0580), 92.0, 7, true),
    (1, 1000, "Main Street north", (42.3588, -71.0602), 352.0, 19, false),
    (1, 1001, "Main Street south", (42.3587, -71.0601), 173.0, 17, false),
    (1, 1002, "Car park", (42.3592, -71.0610), 268.0, 7, true),
];

const fn region(
    code: &'static str,
    title: &'static str,
    pattern: &'static str,
    ground: Rgb,
    ink: Rgb,
    title_ink: Rgb,
) -> Region {
    Region { code, title, pattern, ground, ink, title_ink }
}

const WHITE: Rgb = [243, 243, 238];
const NAVY: Rgb = [28, 46, 112];
const BLACK: Rgb = [26, 27, 30];
const RED: Rgb = [178, 38, 44];
const GREEN: Rgb = [24, 92, 58];

const FALLBACK: Region = region("us-ma", "MASSACHUSETTS", "9LL 999", WHITE, RED, NAVY);

/// Weights and looks of the regions, most common first.
pub const REGIONS: &[(u32, Region)] = &[
    (340, region("us-ma", "MASSACHUSETTS", "9LLL 99", WHITE, RED, NAVY)),
    (120, region("us-ny", "NEW YORK", "LLL 9999", [240, 196, 84], NAVY, NAVY)),
    (90, region("us-nh", "NEW HAMPSHIRE", "999 9999", [222, 235, 226], GREEN, GREEN)),
    (80, region("us-ct", "CONNECTICUT", "LL 99999", [206, 224, 240], NAVY, NAVY)),
    (70, region("us-ca", "CALIFORNIA", "9LLL999", WHITE, NAVY, RED)),
    (60, region("us-tx", "TEXAS", "LLL-9999", WHITE, BLACK, BLACK)),
    (55, region("us-fl", "FLORIDA", "LLL L99", [234, 242, 228], GREEN, GREEN)),
    (50, region("us-nj", "NEW JERSEY", "L99 LLL", [240, 224, 150], BLACK, BLACK)),
    (40, region("us-pa", "PENNSYLVANIA", "LLL 9999", WHITE, NAVY, NAVY)),
    (30, region("us-wa", "WASHINGTON", "LLL9999", [226, 236, 246], NAVY, RED)),
    (25, region("us-md", "MARYLAND", "9LL9999", WHITE, BLACK, RED)),
    (15, region("us-il", "ILLINOIS", "LL 99999", [226, 234, 246], RED, NAVY)),
    (12, region("eu-de", "D", "B LL 9999", WHITE, BLACK, WHITE)),
    (9, region("eu-fr", "F", "LL-999-LL", WHITE, BLACK, WHITE)),
    (7, region("eu-gb", "UK", "LL99 LLL", [244, 210, 60], BLACK, WHITE)),
    (5, region("eu-nl", "NL", "LL-999-L", [244, 202, 56], BLACK, WHITE)),
    (4, region("eu-es", "E", "9999 LLL", WHITE, BLACK, WHITE)),
    (4, region("eu-it", "I", "LL 999LL", WHITE, BLACK, WHITE)),
];

const COLORS: &[(u32, &str)] = &[
    (24, "white"),
    (21, "black"),
    (18, "silver-gray"),
    (11, "blue"),
    (9, "red"),
    (4, "green"),
    (3, "gold-beige"),
    (3, "brown"),
    (2, "orange"),
    (2, "yellow"),
    (1, "purple"),
];

const YEARS: &[(u32, &str)] =
    &[(3, "2000-2004"), (9, "2005-2009"), (19, "2010-2014"), (34, "2015-2019"), (35, "2020-2024")];

const MODELS: &[(u32, (&str, &str))] = &[
    (9, ("toyota_rav4", "suv-crossover")),
    (8, ("honda_cr-v", "suv-crossover")),
    (8, ("ford_f150", "truck-standard")),
    (7, ("toyota_camry", "sedan-standard")),
    (7, ("honda_civic", "sedan-compact")),
    (6, ("chevrolet_silverado", "truck-standard")),
    (6, ("toyota_corolla", "sedan-compact")),
    (6, ("honda_accord", "sedan-standard")),
    (5, ("nissan_rogue", "suv-crossover")),
    (5, ("jeep_grand-cherokee", "suv-standard")),
    (5, ("ram_1500", "truck-standard")),
    (4, ("subaru_outback", "sedan-wagon")),
    (4, ("tesla_model-3", "sedan-standard")),
    (4, ("tesla_model-y", "suv-crossover")),
    (4, ("ford_explorer", "suv-standard")),
    (4, ("hyundai_tucson", "suv-crossover")),
    (3, ("subaru_forester", "suv-crossover")),
    (3, ("volkswagen_golf", "sedan-compact")),
    (3, ("volkswagen_jetta", "sedan-compact")),
    (3, ("bmw_x3", "suv-crossover")),
    (3, ("bmw_3-series", "sedan-standard")),
    (3, ("audi_q5", "suv-crossover")),
    (2, ("mercedes-benz_c-class", "sedan-standard")),
    (2, ("mazda_cx-5", "suv-crossover")),
    (2, ("kia_sorento", "suv-crossover")),
    (2, ("gmc_sierra", "truck-standard")),
    (2, ("dodge_grand-caravan", "van-mini")),
    (2, ("toyota_sienna", "van-mini")),
    (2, ("ford_transit", "van-full")),
    (1, ("mercedes-benz_sprinter", "van-full")),
    (1, ("ford_focus", "sedan-compact")),
    (1, ("volvo_xc90", "suv-standard")),
];

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::{REGIONS, cameras, vehicle};
    use crate::model::plate::Plate;

    #[test]
    fn plates_follow_their_pattern() {
        for (_, region) in REGIONS {
            for index in [0, 1, 77, 123_456, u64::MAX] {
                let plate = region.plate(index);
                assert_eq!(plate.chars().count(), region.pattern.chars().count(), "{plate}");
                for (slot, character) in region.pattern.chars().zip(plate.chars()) {
                    let fits = match slot {
                        'L' => character.is_ascii_uppercase() && !"IOQ".contains(character),
                        '9' => character.is_ascii_digit(),
                        other => character == other,
                    };
                    assert!(fits, "{plate} {}", region.pattern);
                }
                assert!(Plate::parse(&plate).is_some());
            }
        }
    }

    #[test]
    fn numbers_of_a_region_are_all_different() {
        for (_, region) in REGIONS {
            let count = region.capacity().min(50_000);
            let plates: HashSet<String> = (0..count).map(|index| region.plate(index)).collect();
            assert_eq!(plates.len() as u64, count, "{}", region.code);
        }
    }

    #[test]
    fn vehicles_and_cameras_follow_from_the_seed() {
        assert_eq!(vehicle(1, 5).plate, vehicle(1, 5).plate);
        let plates = |seed| (0..50).map(|n| vehicle(seed, n).plate).collect::<Vec<_>>();
        assert_ne!(plates(1), plates(2));
        let cameras = cameras(3);
        assert!(cameras.iter().all(|camera| camera.agent_uid.len() == 40));
        let agents: HashSet<&str> = cameras.iter().map(|c| c.agent_uid.as_str()).collect();
        assert_eq!((cameras.len(), agents.len()), (6, 2));
    }
}
