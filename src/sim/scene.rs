//! Pictures of a read: the rear of a vehicle at a gate by day, at dusk or in infrared, as
//! overview, vehicle crop and plate crop. The sizes are those the vendor's agents send.

use std::collections::HashMap;

use crate::model::capture::CaptureKind;

use super::car::{Car, plate_height, plate_width};
use super::dice::Dice;
use super::draw::{Paint, Picture, View, ellipse, rect, round_rect};
use super::font::{self, Line};
use super::light::Light;
use super::traffic::SimRead;

/// JPEGs of one read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Pictures {
    /// 150 x 75; `None` when the plate is missing.
    pub plate: Option<Vec<u8>>,
    /// 224 x 165.
    pub vehicle: Vec<u8>,
    /// 560 x 315.
    pub overview: Vec<u8>,
}

/// Width and height of the plate crop, pixels.
pub const PLATE_SIZE: (u16, u16) = (150, 75);
/// Width and height of the vehicle crop, pixels.
pub const VEHICLE_SIZE: (u16, u16) = (224, 165);
/// Width and height of the overview, pixels.
pub const OVERVIEW_SIZE: (u16, u16) = (560, 315);
/// Width and height of the frame the pictures pretend to be cut from, pixels.
pub const FRAME_SIZE: (u32, u32) = (1280, 720);

/// Where things are in the full frame, pixels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Geometry {
    /// x, y, width, height of the vehicle.
    pub vehicle: (i32, i32, i32, i32),
    /// Corners of the plate, clockwise from top left.
    pub plate: [(i32, i32); 4],
}

/// Draws pictures and keeps the empty scenes of the cameras for the next one.
#[derive(Debug, Default)]
pub struct Studio {
    backdrops: HashMap<(i64, Light), Picture>,
}

impl Studio {
    /// A studio with nothing drawn yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// The pictures of `read`; the same read gives the same bytes.
    pub fn pictures(&mut self, read: &SimRead) -> Pictures {
        let light = Light::at(read.captured_at);
        let car = Car::of(read);
        let mut dice = read.dice();
        let mut overview = self.backdrop(read.camera.camera_id, light).clone();
        car.draw(&mut overview, light);
        finish(&mut overview, light, light.grain(6.3), &mut dice);
        stamp(&mut overview, read);
        let (width, height) = VEHICLE_SIZE;
        let centre = (car.x, car.ground - car.height() / 2.0 + 4.0);
        let view = View { centre, scale: 224.0 / (car.half_width * 2.0 + 70.0), tilt: 0.0 };
        let mut vehicle = Picture::new(width, height, view);
        backdrop(&mut vehicle, read.camera.camera_id, light);
        car.draw(&mut vehicle, light);
        finish(&mut vehicle, light, light.grain(6.2), &mut dice);
        let plate = (read.kind == CaptureKind::Plate).then(|| {
            let tilt = dice.between(-0.05, 0.05);
            let zoom = 150.0 / (plate_width(car.region) + 26.0);
            let view = View { centre: (car.x, car.plate_y), scale: zoom, tilt };
            let mut plate = Picture::new(PLATE_SIZE.0, PLATE_SIZE.1, view);
            car.draw(&mut plate, light);
            finish(&mut plate, light, light.grain(1.4), &mut dice);
            plate.jpeg(66)
        });
        Pictures { plate, vehicle: vehicle.jpeg(78), overview: overview.jpeg(80) }
    }

    fn backdrop(&mut self, camera: i64, light: Light) -> &Picture {
        self.backdrops.entry((camera, light)).or_insert_with(|| {
            let (width, height) = OVERVIEW_SIZE;
            let view = View { centre: (480.0, 270.0), scale: 560.0 / 960.0, tilt: 0.0 };
            let mut picture = Picture::new(width, height, view);
            backdrop(&mut picture, camera, light);
            picture
        })
    }
}

/// Where vehicle and plate of `read` are in the full frame.
pub fn geometry(read: &SimRead) -> Geometry {
    let car = Car::of(read);
    let scale = FRAME_SIZE.0 as f32 / 960.0;
    let at = |x: f32, y: f32| ((x * scale) as i32, (y * scale) as i32);
    let (left, top) = at(car.x - car.half_width, car.ground - car.height());
    let (width, height) = at(car.half_width * 2.0, car.height());
    let half = plate_width(car.region) / 2.0;
    let plate = [(-half, -31.0), (half, -31.0), (half, 31.0), (-half, 31.0)]
        .map(|(x, y)| at(car.x + x, car.plate_y + y * plate_height(car.region) / 62.0));
    Geometry { vehicle: (left, top, width, height), plate }
}

fn finish(picture: &mut Picture, light: Light, grain: f32, dice: &mut Dice) {
    if light == Light::Infrared {
        picture.desaturate();
    }
    picture.develop(if light.is_dark() { 0.42 } else { 0.2 }, grain, dice);
}

fn backdrop(picture: &mut Picture, camera: i64, light: Light) {
    let mut dice = Dice::of(77, camera as u64);
    let (low, high) = match light {
        Light::Morning => ([198, 206, 222], [246, 226, 204]),
        Light::Day => ([168, 196, 222], [228, 236, 240]),
        Light::Dusk => ([42, 46, 84], [214, 140, 96]),
        Light::Infrared => ([14, 15, 17], [34, 37, 40]),
    };
    picture.fill(&rect(-200.0, -200.0, 1400.0, 420.0), Paint::Fade(low, 0.0, high, 205.0), 1.0);
    let walls = [[185, 179, 166], [164, 140, 122], [196, 200, 204], [150, 156, 164]];
    for (x, width) in [(-30.0, 300.0), (700.0, 300.0)] {
        let wall = walls.get(dice.below(4) as usize).copied().unwrap_or([180; 3]);
        let top = dice.between(30.0, 95.0);
        picture.fill(&rect(x, top, width, 206.0 - top), Paint::Flat(light.on(wall)), 1.0);
        let lit = light == Light::Dusk;
        let glass = if lit { [250, 214, 140] } else { light.on([92, 100, 110]) };
        for column in 0..5 {
            let window = rect(x + 26.0 + column as f32 * 54.0, top + 26.0, 32.0, 40.0);
            let shine = if lit && dice.chance(0.5) { 0.9 } else { 0.55 };
            picture.fill(&window, Paint::Flat(glass), shine);
        }
    }
    for _ in 0..9 {
        let side =
            if dice.chance(0.5) { dice.between(-20.0, 270.0) } else { dice.between(690.0, 980.0) };
        let bush = ellipse((side, 204.0), dice.between(26.0, 60.0), dice.between(18.0, 42.0));
        let green = [dice.between(60.0, 100.0) as u8, dice.between(105.0, 132.0) as u8, 84];
        picture.fill(&bush, Paint::Flat(light.on(green)), 1.0);
    }
    let (far, close) = (light.on([120, 124, 130]), light.near([146, 149, 153]));
    picture.fill(&rect(-200.0, 200.0, 1400.0, 600.0), Paint::Fade(far, 200.0, close, 540.0), 1.0);
    picture.fill(&rect(-200.0, 200.0, 1400.0, 8.0), Paint::Flat(light.on([172, 175, 178])), 1.0);
    let marking = Paint::Flat(light.near([233, 230, 218]));
    picture.fill(&[(118.0, 560.0), (248.0, 208.0), (258.0, 208.0), (154.0, 560.0)], marking, 0.75);
    picture.fill(&[(842.0, 560.0), (712.0, 208.0), (702.0, 208.0), (806.0, 560.0)], marking, 0.75);
    barrier(picture, light);
}

fn barrier(picture: &mut Picture, light: Light) {
    picture.fill(
        &round_rect(866.0, 150.0, 36.0, 122.0, 5.0),
        Paint::Flat(light.on([217, 164, 49])),
        1.0,
    );
    picture.fill(&rect(878.0, 120.0, 12.0, 40.0), Paint::Flat(light.on([58, 61, 66])), 1.0);
    let arm = |t: f32| (884.0 - 184.0 * t, 128.0 - 88.0 * t);
    for step in 0..6 {
        let color = if step % 2 == 0 { [238, 238, 236] } else { [199, 53, 46] };
        let (from, to) = (arm(step as f32 / 6.0), arm((step + 1) as f32 / 6.0));
        picture.stroke(&[&[from, to]], 9.0, light.on(color), 1.0);
    }
}

/// The line most cameras write into the picture.
fn stamp(picture: &mut Picture, read: &SimRead) {
    let time = jiff::Timestamp::from_millisecond(read.captured_at.ms())
        .map(|time| time.strftime("%Y-%m-%d %H:%M:%S").to_string())
        .unwrap_or_default();
    let text = format!("{}  {time}", read.camera.label);
    picture.fill(&rect(14.0, 12.0, 404.0, 34.0), Paint::Flat([0; 3]), 0.5);
    let line = Line { middle: 216.0, top: 22.0, height: 15.0, width_max: 380.0, weight: 0.13 };
    font::write(picture, &text, line, [245; 3], 1.0);
}

#[cfg(test)]
mod tests {
    use super::{OVERVIEW_SIZE, PLATE_SIZE, Studio, VEHICLE_SIZE, geometry};
    use crate::base::clock::Timestamp;
    use crate::model::capture::CaptureKind;
    use crate::sim::traffic::World;

    #[test]
    fn pictures_are_jpegs_of_the_right_size_and_weight() {
        let (world, mut studio) = (World::new(5, 100), Studio::new());
        for number in (0..24).step_by(5) {
            let read = world.read(number, Timestamp(1_767_571_200_000 + number as i64 * 3_600_000));
            let pictures = studio.pictures(&read);
            let check =
                |bytes: &[u8], (width, height): (u16, u16), weight: std::ops::Range<usize>| {
                    let size = imagesize::blob_size(bytes).unwrap();
                    assert_eq!((size.width, size.height), (width.into(), height.into()));
                    assert!(bytes.starts_with(&[0xFF, 0xD8]) && bytes.ends_with(&[0xFF, 0xD9]));
                    assert!(weight.contains(&bytes.len()), "{width}: {}", bytes.len());
                };
            check(&pictures.vehicle, VEHICLE_SIZE, 4_000..16_000);
            check(&pictures.overview, OVERVIEW_SIZE, 15_000..50_000);
            assert_eq!(pictures.plate.is_some(), read.kind == CaptureKind::Plate);
            if let Some(plate) = &pictures.plate {
                check(plate, PLATE_SIZE, 1_500..6_000);
            }
            assert_eq!(studio.pictures(&read), pictures, "the same read, the same bytes");
        }
    }

    #[test]
    fn the_plate_lies_on_the_vehicle_in_the_frame() {
        let world = World::new(5, 100);
        for number in 0..200 {
            let geometry = geometry(&world.read(number, Timestamp(0)));
            let (x, y, width, height) = geometry.vehicle;
            assert!(x > 0 && y > 0 && x + width < 1280 && y + height < 720);
            for (px, py) in geometry.plate {
                assert!(px > x && px < x + width && py > y && py < y + height);
            }
        }
    }
}
