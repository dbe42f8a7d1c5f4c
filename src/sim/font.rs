//! Letters as strokes on a grid of 6 x 9, so that they stay sharp at any size: plates, and the
//! line a camera writes into its picture.

use super::draw::{Picture, Point, Rgb};

/// Where and how large a line of text is.
#[derive(Clone, Copy, Debug)]
pub struct Line {
    /// Scene x of its middle.
    pub middle: f32,
    /// Scene y of the upper edge of its letters.
    pub top: f32,
    /// Height of its letters, scene units.
    pub height: f32,
    /// Width it must not exceed; letters become narrower.
    pub width_max: f32,
    /// Thickness of strokes as a share of the height.
    pub weight: f32,
}

/// Writes `text` in capitals; characters the font does not have are left blank.
pub fn write(picture: &mut Picture, text: &str, line: Line, color: Rgb, alpha: f32) {
    let unit_y = line.height / GRID_HEIGHT;
    let units: f32 = text.chars().map(advance).sum::<f32>() - GAP;
    let unit_x = (unit_y * 0.92).min(line.width_max / units.max(1.0));
    let mut x = line.middle - units * unit_x / 2.0;
    for character in text.chars().flat_map(char::to_uppercase) {
        let strokes: Vec<Vec<Point>> = glyph(character)
            .split(' ')
            .map(|stroke| points(stroke, x, line.top, unit_x, unit_y))
            .collect();
        let lines: Vec<&[Point]> = strokes.iter().map(Vec::as_slice).collect();
        picture.stroke(&lines, line.height * line.weight, color, alpha);
        x += advance(character) * unit_x;
    }
}

const GRID_HEIGHT: f32 = 9.0;
const GAP: f32 = 2.6;

fn advance(character: char) -> f32 {
    GAP + match character {
        ' ' => 2.5,
        '.' | ':' => 3.0,
        _ => 6.0,
    }
}

fn points(stroke: &str, x: f32, y: f32, unit_x: f32, unit_y: f32) -> Vec<Point> {
    stroke
        .as_bytes()
        .chunks_exact(2)
        .map(|pair| {
            let at =
                |index: usize| pair.get(index).map_or(0.0, |b| f32::from(b.wrapping_sub(b'0')));
            (x + at(0) * unit_x, y + at(1) * unit_y)
        })
        .collect()
}

/// Strokes of a character: points as pairs of digits (column 0-6, row 0-9).
const fn glyph(character: char) -> &'static str {
    match character {
        'A' => "093069 1656",
        'B' => "00405162534404 044455666758490900",
        'C' => "625140201102071829495867",
        'D' => "000949586762514000",
        'E' => "60000969 0444",
        'F' => "600009 0444",
        'G' => "6251402011020718294958676535",
        'H' => "0009 6069 0464",
        'I' => "3039 1050 1959",
        'J' => "60675849291807",
        'K' => "0009 6006 2469",
        'L' => "000969",
        'M' => "0900356069",
        'N' => "09006960",
        'O' | '0' => "20110207182949586762514020",
        'P' => "090040516263544505",
        'Q' => "20110207182949586762514020 4669",
        'R' => "090040516263544505 3569",
        'S' => "62514020110203145566675849291807",
        'T' => "0060 3039",
        'U' => "0007182949586760",
        'V' => "003960",
        'W' => "0019345960",
        'X' => "0069 6009",
        'Y' => "003460 3439",
        'Z' => "00600969",
        '1' => "123039 1959",
        '2' => "021120405162630969",
        '3' => "021120405162635424 445566675849291807",
        '4' => "49400666",
        '5' => "600004445566675849291807",
        '6' => "50301204071829495867665544241506",
        '7' => "006029",
        '8' => "204051534424131120 241506071829495867665544",
        '9' => "19395765625140201102031425455463",
        '-' => "1555",
        '.' => "3939",
        ':' => "3333 3737",
        '/' => "0960",
        _ => "",
    }
}

#[cfg(test)]
mod tests {
    use super::{Line, glyph, write};
    use crate::sim::draw::{Picture, View};

    #[test]
    fn every_plate_character_has_strokes_on_the_grid() {
        for character in ('A'..='Z').chain('0'..='9').chain("-.:/".chars()) {
            let strokes = glyph(character);
            assert!(!strokes.is_empty(), "{character}");
            for stroke in strokes.split(' ') {
                assert_eq!(stroke.len() % 2, 0, "{character}");
                assert!(stroke.bytes().step_by(2).all(|b| (b'0'..=b'6').contains(&b)));
                assert!(stroke.bytes().skip(1).step_by(2).all(|b| b.is_ascii_digit()));
            }
        }
    }

    #[test]
    fn text_stays_inside_its_width() {
        let view = View { centre: (50.0, 10.0), scale: 1.0, tilt: 0.0 };
        let mut picture = Picture::new(100, 20, view);
        let line = Line { middle: 50.0, top: 5.0, height: 10.0, width_max: 60.0, weight: 0.1 };
        write(&mut picture, "ABCDEFGHIJKLMN", line, [255; 3], 1.0);
        let lit: Vec<usize> = (0..2000)
            .filter(|index| picture.bytes()[index * 3] > 0)
            .map(|index| index % 100)
            .collect();
        assert!(lit.len() > 100);
        assert!(lit.iter().all(|column| (18..82).contains(column)), "{lit:?}");
        write(&mut picture, "\u{1f697}<ö>", line, [255; 3], 1.0);
    }
}
