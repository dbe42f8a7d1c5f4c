//! A small painter: filled shapes and strokes with soft edges on an RGB picture, seen through a
//! view (zoom, position, tilt), so one scene serves overview and crops. Knows no cars.

use super::dice::Dice;

/// Red, green, blue, 0-255.
pub type Rgb = [u8; 3];
/// A point in scene units.
pub type Point = (f32, f32);

/// What part of the scene a picture shows.
#[derive(Clone, Copy, Debug)]
pub struct View {
    /// Scene point in the middle of the picture.
    pub centre: Point,
    /// Pixels per scene unit.
    pub scale: f32,
    /// Tilt, radians.
    pub tilt: f32,
}

/// Colour of a shape.
#[derive(Clone, Copy, Debug)]
pub enum Paint {
    /// One colour.
    Flat(Rgb),
    /// From the first colour at scene height `.1` to the second at `.3`.
    Fade(Rgb, f32, Rgb, f32),
}

/// An RGB picture.
#[derive(Clone, Debug)]
pub struct Picture {
    width: usize,
    height: usize,
    pixels: Vec<Rgb>,
    view: View,
}

impl Picture {
    /// A black picture of `width` x `height` pixels.
    pub fn new(width: u16, height: u16, view: View) -> Self {
        let (width, height) = (usize::from(width), usize::from(height));
        Self { width, height, pixels: vec![[0; 3]; width * height], view }
    }

    /// Width and height in pixels.
    pub const fn size(&self) -> (usize, usize) {
        (self.width, self.height)
    }

    /// The pixels, row by row.
    pub fn bytes(&self) -> &[u8] {
        self.pixels.as_flattened()
    }

    /// Fills the polygon `points`, `alpha` 0 (nothing) to 1 (opaque).
    pub fn fill(&mut self, points: &[Point], paint: Paint, alpha: f32) {
        const LINES: usize = 4; // scan lines of a pixel row: soft enough, and fast
        let points: Vec<Point> = points.iter().map(|p| self.to_pixels(*p)).collect();
        let (top, bottom) = bounds(points.iter().map(|p| p.1));
        let (left, right) = bounds(points.iter().map(|p| p.0));
        let (Some(columns), Some(rows)) =
            (clip(left, right, self.width), clip(top, bottom, self.height))
        else {
            return;
        };
        let mut coverage = vec![0_f32; self.width];
        let mut crossings = Vec::new();
        for row in rows {
            coverage.fill(0.0);
            for line in 0..LINES {
                let y = row as f32 + (line as f32 + 0.5) / LINES as f32;
                crossings.clear();
                crossings.extend(edges(&points).filter_map(|(a, b)| crossing(a, b, y)));
                crossings.sort_by(f32::total_cmp);
                for span in crossings.chunks_exact(2) {
                    if let [from, to] = *span {
                        cover(&mut coverage, from, to, 1.0 / LINES as f32);
                    }
                }
            }
            let color = self.color(paint, row);
            let start = row * self.width;
            let row = self.pixels.iter_mut().skip(start).zip(&coverage);
            for (pixel, share) in row.take(columns.end).skip(columns.start) {
                if *share > 0.0 {
                    blend(pixel, color, share.min(1.0) * alpha);
                }
            }
        }
    }

    /// Draws the lines through each list of points with round ends, `width` scene units wide.
    pub fn stroke(&mut self, lines: &[&[Point]], width: f32, color: Rgb, alpha: f32) {
        let radius = (width * self.view.scale / 2.0).max(0.35);
        let segments: Vec<(Point, Point)> = lines
            .iter()
            .flat_map(|line| line.iter().zip(line.iter().skip(1)))
            .map(|(a, b)| (self.to_pixels(*a), self.to_pixels(*b)))
            .collect();
        let reach = radius + 1.0;
        let (top, bottom) = bounds(segments.iter().flat_map(|(a, b)| [a.1, b.1]));
        let Some(rows) = clip(top - reach, bottom + reach, self.height) else { return };
        let mut near: Vec<(Point, Point)> = Vec::with_capacity(segments.len());
        for row in rows {
            // Most of a long line is far from most rows.
            let y = row as f32 + 0.5;
            near.clear();
            near.extend(
                segments
                    .iter()
                    .filter(|(a, b)| a.1.min(b.1) - reach <= y && y <= a.1.max(b.1) + reach),
            );
            let (left, right) = bounds(near.iter().flat_map(|(a, b)| [a.0, b.0]));
            let Some(columns) = clip(left - reach, right + reach, self.width) else { continue };
            let pixels = self.pixels.iter_mut().skip(row * self.width).take(columns.end);
            for (column, pixel) in pixels.enumerate().skip(columns.start) {
                let point = (column as f32 + 0.5, y);
                let nearest = near.iter().map(|s| distance(point, *s)).fold(f32::MAX, f32::min);
                if nearest < reach * reach {
                    let share = (radius - nearest.sqrt() + 0.5).clamp(0.0, 1.0);
                    blend(pixel, color, share * alpha);
                }
            }
        }
    }

    /// Adds a soft light around `centre` with `radius` scene units.
    pub fn glow(&mut self, centre: Point, radius: f32, color: Rgb, strength: f32) {
        let (x, y) = self.to_pixels(centre);
        let radius = radius * self.view.scale;
        let (Some(columns), Some(rows)) =
            (clip(x - radius, x + radius, self.width), clip(y - radius, y + radius, self.height))
        else {
            return;
        };
        for row in rows {
            let pixels = self.pixels.iter_mut().skip(row * self.width).take(columns.end);
            for (column, pixel) in pixels.enumerate().skip(columns.start) {
                let (dx, dy) = (column as f32 - x, row as f32 - y);
                let rest = 1.0 - (dx * dx + dy * dy) / (radius * radius);
                if rest > 0.0 {
                    for (channel, light) in pixel.iter_mut().zip(color) {
                        let more = f32::from(light) * rest * rest * strength;
                        *channel = (f32::from(*channel) + more).min(255.0) as u8;
                    }
                }
            }
        }
    }

    /// Darkens the corners and adds film grain of `grain` levels: what a real sensor does, and
    /// what makes the JPEGs as large as real ones.
    pub fn develop(&mut self, vignette: f32, grain: f32, dice: &mut Dice) {
        let (half_w, half_h) = (self.width as f32 / 2.0, self.height as f32 / 2.0);
        let amplitude = (grain * 256.0) as i32;
        let mut bits = dice.next();
        for (row, line) in self.pixels.chunks_exact_mut(self.width.max(1)).enumerate() {
            let dy = (row as f32 - half_h) / half_h;
            for (column, pixel) in line.iter_mut().enumerate() {
                let dx = (column as f32 - half_w) / half_w;
                let edge = (dx * dx + dy * dy - 0.5).max(0.0) * vignette;
                let keep = ((1.0 - edge).max(0.0) * 256.0) as i32;
                // xorshift: one step a pixel, two bytes summed give a rounder grain than one.
                bits ^= bits << 13;
                bits ^= bits >> 7;
                bits ^= bits << 17;
                let throw = (bits & 0xFF) as i32 + ((bits >> 8) & 0xFF) as i32 - 255;
                let noise = throw * amplitude / (256 * 128);
                for channel in pixel {
                    *channel = (((i32::from(*channel) * keep) >> 8) + noise).clamp(0, 255) as u8;
                }
            }
        }
    }

    /// Takes the colour out, as infrared does.
    pub fn desaturate(&mut self) {
        for pixel in &mut self.pixels {
            *pixel = [luma(*pixel); 3];
        }
    }

    /// The picture as JPEG of `quality` 1-100; empty when it is too large for the format.
    pub fn jpeg(&self, quality: u8) -> Vec<u8> {
        let (Ok(width), Ok(height)) = (u16::try_from(self.width), u16::try_from(self.height))
        else {
            return Vec::new();
        };
        let mut bytes = Vec::with_capacity(self.pixels.len() / 4);
        let encoder = jpeg_encoder::Encoder::new(&mut bytes, quality);
        let encoded = encoder.encode(self.bytes(), width, height, jpeg_encoder::ColorType::Rgb);
        if encoded.is_ok() { bytes } else { Vec::new() }
    }

    fn to_pixels(&self, (x, y): Point) -> Point {
        let (dx, dy) = (x - self.view.centre.0, y - self.view.centre.1);
        let (sin, cos) = self.view.tilt.sin_cos();
        (
            (dx * cos - dy * sin) * self.view.scale + self.width as f32 / 2.0,
            (dx * sin + dy * cos) * self.view.scale + self.height as f32 / 2.0,
        )
    }

    fn color(&self, paint: Paint, row: usize) -> Rgb {
        match paint {
            Paint::Flat(color) => color,
            Paint::Fade(from, top, to, bottom) => {
                // Tilts are small: the height of the middle column will do.
                let y = self.view.centre.1
                    + (row as f32 + 0.5 - self.height as f32 / 2.0) / self.view.scale;
                mix(from, to, ((y - top) / (bottom - top)).clamp(0.0, 1.0))
            }
        }
    }
}

/// `share` of the way from one colour to another.
pub fn mix(from: Rgb, to: Rgb, share: f32) -> Rgb {
    let mut color = from;
    blend(&mut color, to, share);
    color
}

/// Brightness of a colour, 0-255.
pub fn luma(color: Rgb) -> u8 {
    let [r, g, b] = color.map(u32::from);
    ((r * 77 + g * 151 + b * 28) >> 8) as u8
}

/// The corners of a rectangle.
pub fn rect(x: f32, y: f32, width: f32, height: f32) -> [Point; 4] {
    [(x, y), (x + width, y), (x + width, y + height), (x, y + height)]
}

/// The corners of a rectangle with rounded corners.
pub fn round_rect(x: f32, y: f32, width: f32, height: f32, radius: f32) -> Vec<Point> {
    let (right, bottom) = (x + width, y + height);
    let corners = [
        ((x + radius, y + radius), 2.0),
        ((right - radius, y + radius), 3.0),
        ((right - radius, bottom - radius), 0.0),
        ((x + radius, bottom - radius), 1.0),
    ];
    let quarter = std::f32::consts::FRAC_PI_2;
    corners
        .iter()
        .flat_map(|&((cx, cy), turn)| {
            (0..=4).map(move |step| {
                let (sin, cos) = (quarter * (turn + step as f32 / 4.0)).sin_cos();
                (cx + radius * cos, cy + radius * sin)
            })
        })
        .collect()
}

/// The outline of an ellipse.
pub fn ellipse(centre: Point, radius_x: f32, radius_y: f32) -> Vec<Point> {
    (0..40)
        .map(|step| {
            let (sin, cos) = (std::f32::consts::TAU * step as f32 / 40.0).sin_cos();
            (centre.0 + radius_x * cos, centre.1 + radius_y * sin)
        })
        .collect()
}

fn blend(pixel: &mut Rgb, color: Rgb, share: f32) {
    if share >= 1.0 {
        *pixel = color;
        return;
    }
    for (channel, target) in pixel.iter_mut().zip(color) {
        let from = f32::from(*channel);
        *channel = (from + (f32::from(target) - from) * share + 0.5) as u8;
    }
}

fn bounds(values: impl Iterator<Item = f32>) -> (f32, f32) {
    values.fold((f32::MAX, f32::MIN), |(low, high), value| (low.min(value), high.max(value)))
}

/// The pixels between `from` and `to` that exist; `None` when there are none.
fn clip(from: f32, to: f32, limit: usize) -> Option<std::ops::Range<usize>> {
    let start = from.floor().max(0.0) as usize;
    let end = (to.ceil().max(0.0) as usize).min(limit);
    (start < end).then_some(start..end)
}

fn edges(points: &[Point]) -> impl Iterator<Item = (Point, Point)> + '_ {
    points.iter().copied().zip(points.iter().copied().cycle().skip(1))
}

fn crossing(a: Point, b: Point, y: f32) -> Option<f32> {
    let between = (a.1 <= y) != (b.1 <= y);
    between.then(|| a.0 + (y - a.1) * (b.0 - a.0) / (b.1 - a.1))
}

fn cover(coverage: &mut [f32], from: f32, to: f32, weight: f32) {
    let Some(columns) = clip(from, to, coverage.len()) else { return };
    for (offset, cell) in coverage.iter_mut().enumerate().take(columns.end).skip(columns.start) {
        let left = offset as f32;
        let share = to.min(left + 1.0) - from.max(left);
        *cell += share.max(0.0) * weight;
    }
}

/// Square of the distance of a point from a line between two points.
fn distance((x, y): Point, (a, b): (Point, Point)) -> f32 {
    let (dx, dy) = (b.0 - a.0, b.1 - a.1);
    let length = dx * dx + dy * dy;
    let along = if length > 0.0 { ((x - a.0) * dx + (y - a.1) * dy) / length } else { 0.0 };
    let along = along.clamp(0.0, 1.0);
    let (ex, ey) = (x - a.0 - along * dx, y - a.1 - along * dy);
    ex * ex + ey * ey
}

#[cfg(test)]
mod tests {
    use super::{Paint, Picture, View, ellipse, round_rect};

    fn picture() -> Picture {
        Picture::new(20, 10, View { centre: (10.0, 5.0), scale: 1.0, tilt: 0.0 })
    }

    #[test]
    fn a_rectangle_covers_what_it_should() {
        let mut picture = picture();
        let corners = [(2.0, 2.0), (6.5, 2.0), (6.5, 4.0), (2.0, 4.0)];
        picture.fill(&corners, Paint::Flat([200; 3]), 1.0);
        let at = |x: usize, y: usize| picture.bytes()[(y * 20 + x) * 3];
        assert_eq!((at(2, 2), at(5, 3), at(1, 2), at(7, 3), at(3, 4)), (200, 200, 0, 0, 0));
        assert_eq!(at(6, 2), 100, "half a pixel is half the light");
    }

    #[test]
    fn shapes_outside_the_picture_are_harmless() {
        let mut picture = picture();
        picture.fill(&ellipse((-500.0, 900.0), 20.0, 9.0), Paint::Flat([9; 3]), 1.0);
        picture.fill(&[], Paint::Flat([9; 3]), 1.0);
        picture.stroke(&[&[(-90.0, -90.0), (-80.0, f32::MAX)]], 3.0, [9; 3], 1.0);
        picture.stroke(&[], 3.0, [9; 3], 1.0);
        picture.glow((1e9, 1e9), 5.0, [9; 3], 1.0);
        assert!(picture.bytes().iter().all(|byte| *byte == 0));
    }

    #[test]
    fn pictures_become_jpegs() {
        let mut picture = picture();
        picture.fill(&round_rect(1.0, 1.0, 8.0, 6.0, 2.0), Paint::Flat([9, 99, 199]), 0.5);
        let size = imagesize::blob_size(&picture.jpeg(80)).unwrap();
        assert_eq!((size.width, size.height), (20, 10));
    }
}
