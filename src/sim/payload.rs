//! A simulated read as the JSON that an agent or Rekor's cloud posts, or straight as a capture
//! for filling a store. Field names and oddities follow what version 4 agents send.

use base64::Engine as _;
use serde_json::{Map, Value, json};

use crate::base::clock::Timestamp;
use crate::model::agent::{ListKind, RekorAlert};
use crate::model::capture::{
    Capture, CaptureDetail, CaptureKey, CaptureKind, Flags, Guess, ImageKind, ImageSet, Jpeg,
    NewCapture, Vehicle,
};
use crate::model::plate::Plate;

use super::dice::Dice;
use super::fleet::Camera;
use super::scene::{self, FRAME_SIZE, OVERVIEW_SIZE, PLATE_SIZE, Pictures, VEHICLE_SIZE};
use super::traffic::SimRead;

/// Who posts, and what proves it.
#[derive(Clone, Copy, Debug)]
pub enum Style<'a> {
    /// Rekor's cloud: names of agent and camera, and the key in `custom_data`.
    Cloud {
        /// API key.
        key: &'a str,
    },
    /// An agent in the same network: neither names nor key.
    Agent,
}

/// A list of Rekor Scout that raises alerts.
#[derive(Clone, Copy, Debug)]
pub struct AlertList<'a> {
    /// Name.
    pub name: &'a str,
    /// Number.
    pub id: i64,
    /// Text kept with the plate.
    pub description: &'a str,
}

/// The body for `read`: an `alpr_group`, or a `vehicle` when its plate is missing.
pub fn body(read: &SimRead, pictures: Option<&Pictures>, style: Style<'_>) -> Value {
    let mut body = match read.kind {
        CaptureKind::Plate => group(read, pictures),
        CaptureKind::Vehicle => vehicle(read, pictures),
    };
    if let Style::Cloud { key } = style {
        if read.kind == CaptureKind::Plate {
            body.insert(
                "web_server_config".into(),
                json!({ "camera_label": read.camera.label, "agent_label": read.camera.agent_label }),
            );
        }
        let travel_id = i32::from(read.camera.label.ends_with("out"));
        body.insert("direction_of_travel_id".into(), json!(travel_id));
        body.insert("custom_data".into(), json!({ "API_KEY": key }));
    }
    Value::Object(body)
}

/// An `alpr_alert` about `read`, raised when it was sent.
pub fn alert(
    read: &SimRead,
    pictures: Option<&Pictures>,
    list: AlertList<'_>,
    style: Style<'_>,
) -> Value {
    let mut body = json!({
        "data_type": "alpr_alert",
        "version": 1,
        "epoch_time": read.sent_at.ms(),
        "agent_uid": read.camera.agent_uid,
        "alert_list": list.name,
        "alert_list_id": list.id,
        "site_name": read.camera.agent_label,
        "camera_name": read.camera.label,
        "camera_number": read.camera.camera_id,
        "plate_number": read.plate(),
        "description": list.description,
        "list_type": "Blacklist",
        "group": group(read, pictures),
    });
    if let (Style::Cloud { key }, Some(map)) = (style, body.as_object_mut()) {
        map.insert("custom_data".into(), json!({ "API_KEY": key }));
    }
    body
}

/// A `heartbeat` of the agent that owns `cameras` (all of one agent).
pub fn heartbeat(cameras: &[&Camera], now: Timestamp, key: &str) -> Value {
    let streams: Vec<Value> = cameras
        .iter()
        .map(|camera| {
            let mut dice = Dice::of(camera.camera_id as u64, now.seconds() as u64);
            json!({
                "camera_id": camera.camera_id,
                "camera_name": camera.label,
                "fps": dice.between(14.5, 15.2),
                "is_streaming": true,
                "url": format!("rtsp://viewer:simulated@192.0.2.{}/live", camera.camera_id % 250),
                "last_update": now.ms() - 400,
                "gps_latitude": camera.position.0,
                "gps_longitude": camera.position.1,
                "total_plate_reads": now.seconds() / 60 % 100_000,
                "last_plate_read": now.ms() - 5000,
            })
        })
        .collect();
    let (uid, label) = cameras.first().map_or(("", ""), |c| (&c.agent_uid, c.agent_label));
    json!({
        "data_type": "heartbeat",
        "agent_uid": uid,
        "agent_hostname": label,
        "agent_type": "alprd",
        "agent_version": AGENT_VERSION,
        "openalpr_version": AGENT_VERSION,
        "os": "linux",
        "company_id": COMPANY,
        "timestamp": now.ms(),
        "system_uptime_seconds": 86_400,
        "daemon_uptime_seconds": 80_000,
        "cpu_cores": 4,
        "cpu_usage_percent": 37.4,
        "memory_total_bytes": 8_241_000_448_i64,
        "memory_consumed_bytes": 3_402_113_024_i64,
        "disk_quota_total_bytes": 8_000_000_000_i64,
        "disk_quota_consumed_bytes": 5_100_000_000_i64,
        "disk_drive_free_bytes": 61_000_000_000_i64,
        "processing_threads_active": 3,
        "processing_threads_configured": 4,
        "beanstalk_queue_size": -1,
        "license_valid": true,
        "license_key": "SIMULATED",
        "recording_enabled": true,
        "video_streams": streams,
        "custom_data": { "API_KEY": key },
    })
}

/// The list that the plate of `read` is on, when it is on one: the same few vehicles always are.
pub fn listed(read: &SimRead) -> Option<AlertList<'static>> {
    let mut dice = Dice::of(0x1157, read.vehicle.number);
    let listed = read.kind == CaptureKind::Plate && !read.preview && dice.chance(0.004);
    listed.then(|| dice.pick(LISTS).copied()).flatten()
}

/// The alert that `list` raises about `read`, without the detour over JSON. Its keys are not set.
pub fn rekor_alert(read: &SimRead, list: AlertList<'_>) -> RekorAlert {
    RekorAlert {
        key: CaptureKey(0),
        capture: CaptureKey(0),
        raised_at: read.sent_at,
        list: list.name.to_owned(),
        list_id: Some(list.id),
        list_kind: ListKind::OnList,
        description: list.description.to_owned(),
        plate: read.plate().to_owned(),
        site: read.camera.agent_label.to_owned(),
    }
}

/// Lists of the simulated site, with weights.
pub const LISTS: &[(u32, AlertList<'_>)] = &[
    (3, AlertList { name: "Watch list", id: 3, description: "Tell the front desk" }),
    (2, AlertList { name: "Unpaid parking", id: 7, description: "Three open fines" }),
    (1, AlertList { name: "Reported stolen", id: 12, description: "Do not approach; call" }),
];

/// `read` as a capture, without the detour over JSON. `pictures` may be left out.
pub fn capture(read: &SimRead, pictures: Option<Pictures>, received_at: Timestamp) -> NewCapture {
    let mut dice = read.dice();
    let mut best = |name: &str| Some(guess(name, dice.between(71.0, 99.5)));
    let traits = &read.vehicle;
    let vehicle = Vehicle {
        color: best(traits.color),
        make: best(traits.make),
        make_model: best(traits.make_model),
        body: best(traits.body),
        year: best(traits.year),
    };
    let mut flags = Flags::default();
    flags.set(Flags::PARKED, read.parked);
    flags.set(Flags::PREVIEW, read.preview);
    let known = read.kind == CaptureKind::Plate;
    let geometry = scene::geometry(read);
    let capture = Capture {
        key: CaptureKey(0),
        kind: read.kind,
        agent_uid: read.camera.agent_uid.clone(),
        camera_id: read.camera.camera_id,
        uuid: read.best_uuid.clone(),
        captured_at: read.captured_at,
        ended_at: read.ended_at,
        received_at,
        plate: Plate::parse(read.plate()),
        plate_text: read.plate().to_owned(),
        confidence: read.confidence(),
        region: if known { traits.region.code.to_owned() } else { String::new() },
        region_confidence: if known { read.region_confidence } else { 0.0 },
        country: country(read).to_owned(),
        direction: Some(read.direction),
        vehicle,
        flags,
        images: ImageSet::default(),
        reads: 1,
        frame: FRAME_SIZE,
    };
    let detail = CaptureDetail {
        candidates: read.candidates.iter().map(|(text, sure)| guess(text, *sure)).collect(),
        plate_corners: if known { geometry.plate.to_vec() } else { Vec::new() },
        vehicle_box: Some(geometry.vehicle),
        position: Some(read.camera.position),
        agent_version: AGENT_VERSION.to_owned(),
        agent_type: "alprd".to_owned(),
        agent_label: read.camera.agent_label.to_owned(),
        camera_label: read.camera.label.to_owned(),
        ..CaptureDetail::default()
    };
    NewCapture { capture, detail, images: pictures.map(images).unwrap_or_default() }
}

const AGENT_VERSION: &str = "4.1.1";
const COMPANY: &str = "0f2d9a3e-57c1-4b7e-9a52-6d1c0e8b4f10";

fn images(pictures: Pictures) -> Vec<(ImageKind, Jpeg)> {
    let jpeg = |bytes, (width, height): (u16, u16)| Jpeg {
        bytes,
        width: width.into(),
        height: height.into(),
    };
    let plate = pictures.plate.map(|bytes| (ImageKind::Plate, jpeg(bytes, PLATE_SIZE)));
    let vehicle = (ImageKind::Vehicle, jpeg(pictures.vehicle, VEHICLE_SIZE));
    let overview = (ImageKind::Overview, jpeg(pictures.overview, OVERVIEW_SIZE));
    plate.into_iter().chain([vehicle, overview]).collect()
}

fn country(read: &SimRead) -> &'static str {
    if read.vehicle.region.is_european() { "eu" } else { "us" }
}

fn guess(name: &str, confidence: f32) -> Guess {
    Guess { name: name.to_owned(), confidence }
}

/// What groups and vehicles have in common.
fn common(read: &SimRead, pictures: Option<&Pictures>, dice: &mut Dice) -> Map<String, Value> {
    let fields = json!({
        "version": 3,
        "epoch_start": read.captured_at.ms(),
        "epoch_end": read.ended_at.ms(),
        "frame_start": 216,
        "frame_end": 216 + read.uuids.len(),
        "company_id": COMPANY,
        "agent_uid": read.camera.agent_uid,
        "agent_version": AGENT_VERSION,
        "agent_type": "alprd",
        "camera_id": read.camera.camera_id,
        "gps_latitude": read.camera.position.0,
        "gps_longitude": read.camera.position.1,
        "country": country(read),
        "best_uuid": read.best_uuid,
        "best_uuid_epoch_ms": read.captured_at.ms() + 67 * (read.uuids.len() as i64 / 2),
        "best_image_width": FRAME_SIZE.0,
        "best_image_height": FRAME_SIZE.1,
        "travel_direction": round(read.direction),
        "is_parked": read.parked,
        "is_preview": read.preview,
        "vehicle_signature": format!("1h_{}", dice.text("0123456789abcdef", 1024)),
        "vehicle": traits(read, dice),
    });
    let mut fields = match fields {
        Value::Object(map) => map,
        _ => Map::new(),
    };
    if let Some(pictures) = pictures {
        fields.insert("vehicle_crop_jpeg".into(), encoded(&pictures.vehicle));
        fields.insert("overview_jpeg".into(), encoded(&pictures.overview));
    }
    fields
}

fn vehicle(read: &SimRead, pictures: Option<&Pictures>) -> Map<String, Value> {
    let mut fields = common(read, pictures, &mut read.dice());
    fields.insert("data_type".into(), json!("vehicle"));
    fields
}

fn group(read: &SimRead, pictures: Option<&Pictures>) -> Map<String, Value> {
    let mut dice = read.dice();
    let mut fields = common(read, pictures, &mut dice);
    let candidates: Vec<Value> = read
        .candidates
        .iter()
        .map(|(plate, sure)| json!({ "plate": plate, "confidence": sure, "matches_template": 1 }))
        .collect();
    let geometry = scene::geometry(read);
    let (x, y, width, height) = geometry.vehicle;
    let corners: Vec<Value> =
        geometry.plate.iter().map(|(x, y)| json!({ "x": x, "y": y })).collect();
    let mut best = json!({
        "plate": read.plate(),
        "confidence": read.confidence(),
        "matches_template": 1,
        "plate_index": 0,
        "region": read.vehicle.region.code,
        "region_confidence": read.region_confidence as i64,
        "processing_time_ms": round(dice.between(4.0, 19.0)),
        "requested_topn": 10,
        "coordinates": corners,
        "vehicle_region": { "x": x, "y": y, "width": width, "height": height },
        "vehicle_detected": true,
        "candidates": candidates,
    });
    let crop = pictures.and_then(|pictures| pictures.plate.as_ref());
    if let (Some(crop), Some(map)) = (crop, best.as_object_mut()) {
        map.insert("plate_crop_jpeg".into(), encoded(crop));
    }
    let more = json!({
        "data_type": "alpr_group",
        "uuids": read.uuids,
        "plate_indexes": vec![0; read.uuids.len()],
        "vehicle_path": path(read.uuids.len(), (x, y, width, height)),
        "plate_path": path(read.uuids.len(), (x + width / 2 - 80, y + height - 150, 165, 80)),
        "candidates": candidates,
        "best_plate": best,
        "best_plate_number": read.plate(),
        "best_confidence": read.confidence(),
        "best_region": read.vehicle.region.code,
        "best_region_confidence": round(read.region_confidence),
        "matches_template": true,
    });
    if let Value::Object(more) = more {
        fields.extend(more);
    }
    fields
}

/// Boxes that come closer frame by frame.
fn path(frames: usize, (x, y, width, height): (i32, i32, i32, i32)) -> Vec<Value> {
    (0..frames as i32)
        .map(|frame| {
            let far = frames as i32 - frame;
            json!({
                "x": x + far * 3, "y": (y - far * 4).max(0), "w": width - far * 6,
                "h": height - far * 5, "t": frame * 67, "f": frame,
            })
        })
        .collect()
}

fn traits(read: &SimRead, dice: &mut Dice) -> Value {
    let vehicle = &read.vehicle;
    let mut list = |best: &str, others: &[&str]| {
        let sure = dice.between(71.0, 99.5);
        let mut rest = 100.0 - sure;
        let mut guesses = vec![json!({ "name": best, "confidence": round(sure) })];
        for other in others.iter().filter(|other| **other != best) {
            rest *= dice.between(0.2, 0.7);
            guesses.push(json!({ "name": other, "confidence": round(rest) }));
        }
        guesses
    };
    let missing = read.kind == CaptureKind::Vehicle;
    json!({
        "color": list(vehicle.color, &["silver-gray", "white", "black", "blue"]),
        "make": list(vehicle.make, &["toyota", "honda", "ford", "nissan"]),
        "make_model": list(vehicle.make_model, &["toyota_camry", "honda_civic", "ford_escape"]),
        "body_type": list(vehicle.body, &["sedan-standard", "suv-standard", "suv-crossover"]),
        "year": list(vehicle.year, &["2010-2014", "2015-2019", "2020-2024"]),
        "orientation": list("180", &["225", "135"]),
        "missing_plate": list(if missing { "yes" } else { "no" }, &["yes", "no"]),
        "is_vehicle": list("yes", &["no"]),
    })
}

fn encoded(jpeg: &[u8]) -> Value {
    Value::String(base64::engine::general_purpose::STANDARD.encode(jpeg))
}

fn round(value: f32) -> f64 {
    (f64::from(value) * 1e4).round() / 1e4
}

#[cfg(test)]
mod tests {
    use base64::Engine as _;
    use serde_json::Value;

    use super::{AlertList, Style, alert, body, capture, heartbeat};
    use crate::base::clock::Timestamp;
    use crate::model::capture::{CaptureKind, ImageKind};
    use crate::sim::scene::Studio;
    use crate::sim::traffic::{SimRead, World};

    const NOON: Timestamp = Timestamp(1_767_614_400_000);

    fn read_of(kind: CaptureKind) -> SimRead {
        let world = World::new(11, 100);
        (0..500).map(|n| world.read(n, NOON)).find(|read| read.kind == kind).unwrap()
    }

    #[test]
    fn a_group_looks_like_a_real_one() {
        let read = read_of(CaptureKind::Plate);
        let pictures = Studio::new().pictures(&read);
        let text = body(&read, Some(&pictures), Style::Cloud { key: "k\"1" }).to_string();
        assert!((40_000..100_000).contains(&text.len()), "{}", text.len());
        let parsed: Value = serde_json::from_str(&text).unwrap();
        assert_eq!(parsed["data_type"], "alpr_group");
        assert_eq!(parsed["custom_data"]["API_KEY"], "k\"1");
        assert_eq!(parsed["best_plate_number"], read.plate());
        assert_eq!(parsed["web_server_config"]["camera_label"], read.camera.label);
        assert_eq!(parsed["vehicle_signature"].as_str().map(str::len), Some(1027));
        let crop = parsed["best_plate"]["plate_crop_jpeg"].as_str().unwrap();
        let crop = base64::engine::general_purpose::STANDARD.decode(crop).unwrap();
        assert_eq!(Some(crop), pictures.plate);
        let bare = body(&read, None, Style::Agent);
        assert!(bare.get("custom_data").is_none() && bare.get("overview_jpeg").is_none());
        assert!(bare.to_string().len() < 12_000);
    }

    #[test]
    fn the_other_kinds_have_their_shape() {
        let read = read_of(CaptureKind::Vehicle);
        let sent = body(&read, None, Style::Cloud { key: "k" });
        assert_eq!(sent["data_type"], "vehicle");
        assert_eq!(sent["vehicle"]["missing_plate"][0]["name"], "yes");
        assert!(sent.get("uuids").is_none() && sent.get("best_plate").is_none());
        let read = read_of(CaptureKind::Plate);
        let list = AlertList { name: "Stolen", id: 4, description: "call" };
        let sent = alert(&read, None, list, Style::Cloud { key: "k" });
        assert_eq!(sent["group"]["best_uuid"], read.best_uuid.as_str());
        assert_eq!(sent["custom_data"]["API_KEY"], "k");
        let world = World::new(11, 100);
        let cameras: Vec<_> = world.cameras().iter().take(3).collect();
        let sent = heartbeat(&cameras, NOON, "k");
        assert_eq!(sent["video_streams"].as_array().map(Vec::len), Some(3));
        assert_eq!(sent["agent_uid"], world.cameras()[0].agent_uid.as_str());
        assert_eq!(heartbeat(&[], NOON, "")["agent_uid"], "");
    }

    #[test]
    fn captures_carry_the_same_facts() {
        let read = read_of(CaptureKind::Plate);
        let pictures = Studio::new().pictures(&read);
        let new = capture(&read, Some(pictures), NOON);
        assert_eq!(new.capture.plate_text, read.plate());
        assert_eq!(new.capture.uuid, read.best_uuid);
        let kinds: Vec<ImageKind> = new.images.iter().map(|(kind, _)| *kind).collect();
        assert_eq!(kinds, [ImageKind::Plate, ImageKind::Vehicle, ImageKind::Overview]);
        for (_, jpeg) in &new.images {
            let size = imagesize::blob_size(&jpeg.bytes).unwrap();
            assert_eq!((size.width, size.height), (jpeg.width as usize, jpeg.height as usize));
        }
        assert_eq!(capture(&read_of(CaptureKind::Vehicle), None, NOON).capture.plate, None);
    }
}
