//! Made-up payloads in the shapes senders use.

use base64::Engine as _;
use serde_json::{Value, json};

/// Install id of the made-up agent: 40 characters as real ones.
pub(crate) const AGENT: &str = "TESTAGENT0TESTAGENT0TESTAGENT0TESTAGENT0";

/// 2025-03-14T09:26:53Z, milliseconds.
pub(crate) const NOON: i64 = 1_741_944_413_000;

/// A small JPEG whose colour depends on `number`: no two of the first million look alike to a hash.
pub(crate) fn jpeg(number: u64) -> Vec<u8> {
    let mut pixels = Vec::with_capacity(16 * 8 * 3);
    for cell in 0..(16 * 8_u64) {
        // The number's bits are drawn as bright and dark cells, so that every image differs.
        let bright = (number >> (cell / 4)) & 1 == 1;
        pixels.extend_from_slice(if bright { &[230, 230, 230] } else { &[20, 20, 20] });
    }
    let mut out = Vec::new();
    jpeg_encoder::Encoder::new(&mut out, 90)
        .encode(&pixels, 16, 8, jpeg_encoder::ColorType::Rgb)
        .expect("a small image encodes");
    out
}

/// A JPEG of about a hundred kilobytes.
pub(crate) fn large_jpeg() -> Vec<u8> {
    let mut state = 1_u32;
    let noise = |_| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 24) as u8
    };
    let pixels: Vec<u8> = (0..320 * 240 * 3).map(noise).collect();
    let mut out = Vec::new();
    jpeg_encoder::Encoder::new(&mut out, 90)
        .encode(&pixels, 320, 240, jpeg_encoder::ColorType::Rgb)
        .expect("an image encodes");
    out
}

pub(crate) fn base64(bytes: &[u8]) -> String {
    base64::engine::general_purpose::STANDARD.encode(bytes)
}

/// The plate of read `number`.
pub(crate) fn plate(number: u64) -> String {
    format!("T{number:07}")
}

/// The best uuid of read `number`.
pub(crate) fn uuid(number: u64) -> String {
    format!("{AGENT}-1000-{}", NOON as u64 + number)
}

/// An `alpr_group` as the cloud posts it, version 3, with three images.
pub(crate) fn group(number: u64) -> Value {
    let start = NOON + number as i64;
    json!({
        "data_type": "alpr_group",
        "version": 3,
        "epoch_start": start,
        "epoch_end": start + 1500,
        "frame_start": 216,
        "frame_end": 236,
        "company_id": "2305d27a-2a29-4864-bf8f-bef5dc9330ef",
        "agent_uid": AGENT,
        "agent_version": "4.1.1",
        "agent_type": "alprd",
        "camera_id": 1000,
        "gps_latitude": 39.6505,
        "gps_longitude": -78.7661,
        "country": "us",
        "uuids": [uuid(number)],
        "best_uuid": uuid(number),
        "best_uuid_epoch_ms": start,
        "plate_indexes": [0],
        "candidates": [
            { "plate": plate(number), "confidence": 92.5, "matches_template": 0 },
            { "plate": format!("X{number:07}"), "confidence": 71.0, "matches_template": 0 },
        ],
        "best_plate": {
            "plate": plate(number),
            "confidence": 92.5,
            "matches_template": 0,
            "plate_index": 0,
            "region": "us-md",
            "region_confidence": 90,
            "coordinates": [{"x": 10, "y": 10}, {"x": 90, "y": 10}, {"x": 90, "y": 40}, {"x": 10, "y": 40}],
            "vehicle_region": { "x": 0, "y": 0, "width": 200, "height": 150 },
            "plate_crop_jpeg": base64(&jpeg(number * 4)),
        },
        "best_plate_number": plate(number),
        "best_confidence": 92.5,
        "best_region": "us-md",
        "best_region_confidence": 90.0,
        "matches_template": false,
        "vehicle_crop_jpeg": base64(&jpeg(number * 4 + 1)),
        "overview_jpeg": base64(&jpeg(number * 4 + 2)),
        "best_image_width": 1280,
        "best_image_height": 720,
        "travel_direction": 261.57,
        "direction_of_travel_id": -1,
        "is_parked": false,
        "is_preview": false,
        "vehicle": {
            "color": [{ "name": "silver-gray", "confidence": 88.1 }],
            "make": [{ "name": "bmw", "confidence": 70.3 }],
            "make_model": [{ "name": "bmw_x3", "confidence": 55.0 }],
            "body_type": [{ "name": "suv-crossover", "confidence": 91.2 }],
            "year": [{ "name": "2010-2014", "confidence": 45.0 }],
        },
        "web_server_config": { "camera_label": "Gate", "agent_label": "North" },
    })
}

/// [`group`] with some fields replaced; a field set to [`Value::Null`] with the name `-field` is
/// removed.
pub(crate) fn group_with(number: u64, changes: &[(&str, Value)]) -> Value {
    let mut value = group(number);
    change(&mut value, changes);
    value
}

/// Replaces fields; a name that starts with `-` removes.
pub(crate) fn change(value: &mut Value, changes: &[(&str, Value)]) {
    let map = value.as_object_mut().expect("an object");
    for (name, to) in changes {
        match name.strip_prefix('-') {
            Some(name) => drop(map.remove(name)),
            None => drop(map.insert((*name).to_owned(), to.clone())),
        }
    }
}

/// A `vehicle` without a legible plate.
pub(crate) fn vehicle(number: u64) -> Value {
    let mut value = group(number);
    change(
        &mut value,
        &[
            ("data_type", json!("vehicle")),
            ("-uuids", Value::Null),
            ("-candidates", Value::Null),
            ("-best_plate", Value::Null),
            ("-best_plate_number", Value::Null),
            ("-best_confidence", Value::Null),
            ("-best_region", Value::Null),
            ("-web_server_config", Value::Null),
            ("-plate_indexes", Value::Null),
        ],
    );
    value
}

/// An `alpr_alert` for the group of `number`.
pub(crate) fn alert(number: u64) -> Value {
    json!({
        "data_type": "alpr_alert",
        "version": 1,
        "epoch_time": NOON + number as i64,
        "agent_uid": AGENT,
        "alert_list": "Stolen",
        "alert_list_id": 7,
        "site_name": "North",
        "camera_name": "Gate",
        "camera_number": 1000,
        "plate_number": plate(number),
        "description": "reported",
        "list_type": "Blacklist",
        "group": group(number),
    })
}

/// A `heartbeat`, with the secrets that real ones carry.
pub(crate) fn heartbeat() -> Value {
    json!({
        "data_type": "heartbeat",
        "agent_uid": AGENT,
        "agent_hostname": "north-gate",
        "agent_version": "4.1.1",
        "openalpr_version": "4.1.0",
        "timestamp": NOON,
        "license_key": "LICENCE-CANARY",
        "disk_drive_free_bytes": 8_031_714_103_340_852_224_u64,
        "beanstalk_queue_size": -1,
        "video_streams": [{
            "camera_id": 1000,
            "camera_name": "Gate",
            "is_streaming": true,
            "url": "rtsp://root:rtsp-canary@192.168.0.33/stream",
        }],
    })
}
