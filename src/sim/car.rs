//! A vehicle from behind, with its plate, painted in scene units of a 960 x 540 picture.

use crate::model::capture::CaptureKind;

use super::draw::{Paint, Picture, Point, Rgb, ellipse, luma, mix, round_rect};
use super::fleet::Region;
use super::font::{self, Line};
use super::light::Light;
use super::traffic::SimRead;

/// A vehicle from behind, in scene units of a 960 x 540 picture.
pub(super) struct Car<'a> {
    pub(super) x: f32,
    pub(super) ground: f32,
    pub(super) half_width: f32,
    belt: f32,
    roof: f32,
    roof_half: f32,
    pub(super) plate_y: f32,
    paint: Rgb,
    upright_lights: bool,
    tailgate: bool,
    plate: Option<&'a str>,
    pub(super) region: &'static Region,
}

impl<'a> Car<'a> {
    /// The vehicle of `read`, where it stands in the picture.
    pub(super) fn of(read: &'a SimRead) -> Self {
        let vehicle = &read.vehicle;
        let mut dice = read.dice();
        // (half width, belt, roof, half roof width, plate height, upright lights), from the ground.
        let body = vehicle.body;
        let (half_width, belt, roof, roof_half, plate, upright) = if body.starts_with("truck") {
            (222.0, 212.0, 312.0, 138.0, 92.0, true)
        } else if body == "van-full" {
            (196.0, 246.0, 388.0, 178.0, 112.0, true)
        } else if body.starts_with("van") {
            (206.0, 212.0, 326.0, 156.0, 118.0, true)
        } else if body.starts_with("suv") {
            (212.0, 194.0, 308.0, 146.0, 108.0, true)
        } else {
            (214.0, 164.0, 262.0, 126.0, 100.0, false)
        };
        let ground = 456.0 + dice.between(-10.0, 18.0);
        let x = 480.0 + dice.between(-46.0, 46.0);
        Self {
            x,
            ground,
            half_width,
            belt: ground - belt,
            roof: ground - roof,
            roof_half,
            plate_y: ground - plate,
            paint: paint_of(vehicle.color),
            upright_lights: upright,
            tailgate: body.starts_with("truck"),
            plate: (read.kind == CaptureKind::Plate).then_some(vehicle.plate.as_str()),
            region: vehicle.region,
        }
    }

    /// From the ground to the roof.
    pub(super) fn height(&self) -> f32 {
        self.ground - self.roof
    }

    /// Draws it.
    pub(super) fn draw(&self, picture: &mut Picture, light: Light) {
        let (x, ground, half) = (self.x, self.ground, self.half_width);
        picture.fill(&ellipse((x, ground - 2.0), half + 58.0, 26.0), Paint::Flat([0; 3]), 0.42);
        let rubber = Paint::Flat(light.near([17, 18, 21]));
        for side in [-1.0, 1.0] {
            let wheel =
                round_rect(x + side * (half - 52.0) - 33.0, ground - 64.0, 66.0, 66.0, 14.0);
            picture.fill(&wheel, rubber, 1.0);
        }
        self.draw_cabin(picture, light);
        self.draw_body(picture, light);
        self.draw_lights(picture, light);
        if let Some(text) = self.plate {
            self.draw_plate(picture, light, text);
        }
    }

    fn draw_cabin(&self, picture: &mut Picture, light: Light) {
        let (x, belt, roof) = (self.x, self.belt, self.roof);
        let (wide, narrow) = (self.half_width - 26.0, self.roof_half);
        let pillar = light.near(mix(self.paint, [0; 3], 0.22));
        let outline = trapezium(x, belt + 14.0, wide, roof, narrow, 12.0);
        picture.fill(&outline, Paint::Flat(pillar), 1.0);
        let glass = (light.near([118, 128, 138]), light.near([32, 42, 52]));
        let window = trapezium(x, belt - 4.0, wide - 20.0, roof + 22.0, narrow - 8.0, 10.0);
        picture.fill(&window, Paint::Fade(glass.0, roof, glass.1, belt), 1.0);
        let rail = light.near(mix(self.paint, [0; 3], 0.42));
        picture.stroke(
            &[&[(x - narrow + 18.0, roof + 7.0), (x + narrow - 18.0, roof + 7.0)]],
            5.0,
            rail,
            1.0,
        );
        picture.stroke(
            &[&[(x - 20.0, belt - 12.0), (x + 70.0, belt - 26.0)]],
            3.5,
            light.near([20; 3]),
            0.8,
        );
        // Head rests through the glass.
        for side in [-0.42, 0.42] {
            let rest = round_rect(x + side * wide - 22.0, belt - 44.0, 44.0, 34.0, 9.0);
            picture.fill(&rest, Paint::Flat([12, 14, 18]), 0.35);
        }
    }

    fn draw_body(&self, picture: &mut Picture, light: Light) {
        let (x, belt, ground, half) = (self.x, self.belt, self.ground, self.half_width);
        let (bright, base) = (mix(self.paint, [255; 3], 0.16), self.paint);
        let dark = mix(self.paint, [0; 3], 0.38);
        let (bright, base, dark) = (light.near(bright), light.near(base), light.near(dark));
        let body = round_rect(x - half, belt, half * 2.0, ground - belt - 20.0, 30.0);
        picture.fill(&body, Paint::Fade(bright, belt, base, belt + 60.0), 1.0);
        let lower = round_rect(x - half, belt + 66.0, half * 2.0, ground - belt - 86.0, 26.0);
        picture.fill(&lower, Paint::Fade(base, belt + 66.0, dark, ground - 20.0), 1.0);
        let bumper = round_rect(x - half - 3.0, ground - 58.0, half * 2.0 + 6.0, 40.0, 14.0);
        picture.fill(&bumper, Paint::Flat(light.near([34, 36, 41])), 1.0);
        let seam = light.near(mix(self.paint, [0; 3], 0.5));
        let lid = half - 62.0;
        let lines: [Point; 4] = [
            (x - lid, belt + 4.0),
            (x - lid + 8.0, ground - 66.0),
            (x + lid - 8.0, ground - 66.0),
            (x + lid, belt + 4.0),
        ];
        picture.stroke(&[&lines], 2.4, seam, 0.75);
        let handle = if self.tailgate { 26.0 } else { 14.0 };
        let trim = round_rect(x - 52.0, self.plate_y - 56.0, 104.0, handle - 4.0, 5.0);
        picture.fill(&trim, Paint::Flat(light.near([48, 50, 56])), 0.8);
        let badge = ellipse((x, self.plate_y - 74.0), 11.0, 8.0);
        picture.fill(&badge, Paint::Flat(light.near([206, 210, 214])), 0.9);
        // The shine of the sky along the shoulder.
        let shoulder = [(x - half + 26.0, belt + 9.0), (x + half - 26.0, belt + 9.0)];
        picture.stroke(&[&shoulder], 4.0, light.near([255; 3]), 0.28);
    }

    fn draw_lights(&self, picture: &mut Picture, light: Light) {
        let (x, belt, half) = (self.x, self.belt, self.half_width);
        let red = light.near([190, 40, 36]);
        for side in [-1.0_f32, 1.0] {
            let (width, height) = if self.upright_lights { (34.0, 92.0) } else { (78.0, 42.0) };
            let edge = x + side * (half - 8.0);
            let left = if side < 0.0 { edge } else { edge - width };
            let top = belt + if self.upright_lights { 12.0 } else { 30.0 };
            picture.fill(&round_rect(left, top, width, height, 9.0), Paint::Flat(red), 1.0);
            let white =
                round_rect(left + 6.0, top + height * 0.62, width - 12.0, height * 0.2, 3.0);
            picture.fill(&white, Paint::Flat(light.near([230, 222, 214])), 0.85);
            if light.is_dark() {
                let centre = (left + width / 2.0, top + height * 0.35);
                picture.glow(centre, 88.0, [255, 70, 50], 0.8);
                picture.glow(centre, 20.0, [255, 190, 170], 0.9);
            }
        }
    }

    fn draw_plate(&self, picture: &mut Picture, light: Light, text: &str) {
        let (x, y) = (self.x, self.plate_y);
        let region = self.region;
        let (width, height) = (plate_width(region), plate_height(region));
        let (left, top) = (x - width / 2.0, y - height / 2.0);
        let frame = round_rect(left - 4.0, top - 4.0, width + 8.0, height + 8.0, 7.0);
        picture.fill(&frame, Paint::Flat([18, 20, 24]), 0.7);
        // Plates throw light back: they stay bright in the dark.
        let (ground, ink) = match light {
            Light::Infrared => ([luma(region.ground).saturating_add(8); 3], [34; 3]),
            Light::Dusk => (mix(region.ground, [60, 56, 80], 0.16), region.ink),
            _ => (light.on(region.ground), region.ink),
        };
        picture.fill(&round_rect(left, top, width, height, 5.0), Paint::Flat(ground), 1.0);
        if region.is_european() {
            let band = [24, 62, 148];
            picture.fill(&round_rect(left, top, 17.0, height, 4.0), Paint::Flat(band), 1.0);
            let title = Line {
                middle: left + 8.5,
                top: top + height - 15.0,
                height: 9.0,
                width_max: 12.0,
                weight: 0.17,
            };
            font::write(picture, region.title, title, region.title_ink, 1.0);
            let number = Line {
                middle: x + 8.0,
                top: top + 8.5,
                height: height - 17.0,
                width_max: width - 36.0,
                weight: 0.16,
            };
            font::write(picture, text, number, ink, 1.0);
            return;
        }
        let title =
            Line { middle: x, top: top + 6.5, height: 8.0, width_max: width - 40.0, weight: 0.17 };
        font::write(picture, region.title, title, region.title_ink, 0.95);
        let number = Line {
            middle: x,
            top: top + 21.0,
            height: height - 29.0,
            width_max: width - 17.0,
            weight: 0.155,
        };
        font::write(picture, text, number, ink, 1.0);
        for (dx, dy) in [(-46.0, 5.5), (46.0, 5.5), (-46.0, height - 5.0), (46.0, height - 5.0)] {
            picture.fill(&ellipse((x + dx, top + dy), 2.4, 2.4), Paint::Flat([120; 3]), 0.9);
        }
    }
}

/// Width of a plate, scene units.
pub(super) fn plate_width(region: &Region) -> f32 {
    if region.is_european() { 178.0 } else { 124.0 }
}

/// Height of a plate, scene units.
pub(super) fn plate_height(region: &Region) -> f32 {
    if region.is_european() { 42.0 } else { 62.0 }
}

/// A trapezium with its upper corners cut by `cut`.
fn trapezium(x: f32, bottom: f32, wide: f32, top: f32, narrow: f32, cut: f32) -> [Point; 6] {
    [
        (x - wide, bottom),
        (x - narrow - cut * 0.4, top + cut),
        (x - narrow + cut, top),
        (x + narrow - cut, top),
        (x + narrow + cut * 0.4, top + cut),
        (x + wide, bottom),
    ]
}

fn paint_of(color: &str) -> Rgb {
    match color {
        "white" => [226, 228, 230],
        "black" => [38, 40, 45],
        "blue" => [44, 82, 146],
        "red" => [164, 36, 38],
        "green" => [44, 92, 66],
        "gold-beige" => [196, 178, 142],
        "brown" => [98, 72, 54],
        "orange" => [214, 108, 38],
        "yellow" => [226, 190, 48],
        "purple" => [88, 58, 118],
        _ => [152, 156, 162],
    }
}
