//! Every odd or wrong value of the field tables, in an otherwise good group.

use serde_json::{Value, json};

use super::is_derived_uuid;
use super::tests::{START, capture_of, fixture, merge, one, patched, sizes};
use crate::base::limits::UUIDS_MAX;
use crate::model::capture::{CaptureKind, Flags};

#[test]
fn plates_in_every_form() {
    for (patch, text, confidence) in [
        (json!({}), "3LMP505", 93.254_654),
        (json!({"best_plate_number": " ab-12 "}), "ab-12", 93.254_654),
        (json!({"best_plate_number": 1_234_567}), "1234567", 93.254_654),
        (json!({"best_plate_number": "-", "best_confidence": "-"}), "3LMP505", 93.254_654),
        (json!({"best_plate_number": "", "best_plate": "XY 99"}), "XY 99", 93.254_654),
        (json!({"best_plate_number": null, "best_plate": null}), "3LMP505", 93.254_654),
        (json!({"best_confidence": 100}), "3LMP505", 100.0),
        (json!({"best_confidence": "88.5"}), "3LMP505", 88.5),
        (json!({"best_confidence": 1e-6}), "3LMP505", 1e-6),
        (json!({"best_plate_number": "Ö Ä 1"}), "Ö Ä 1", 93.254_654),
    ] {
        let new = patched(patch.clone());
        assert_eq!(
            (new.capture.plate_text.as_str(), new.capture.confidence),
            (text, confidence),
            "{patch}"
        );
        assert!(new.detail.notes.is_empty(), "{patch}: {:?}", new.detail.notes);
    }
    let nothing = json!({"best_plate_number":"-","best_plate":"-","candidates":[]});
    let new = patched(nothing);
    assert_eq!((new.capture.plate, new.detail.notes), (None, vec!["no plate was sent".to_owned()]));
    assert_eq!(new.capture.kind, CaptureKind::Plate);
}

#[test]
fn odd_values_are_taken_without_a_note() {
    let fine = |patch: Value| {
        let new = patched(patch.clone());
        assert!(new.detail.notes.is_empty(), "{patch}: {:?}", new.detail.notes);
        new
    };
    for matches in [json!(true), json!(1), json!(0), json!("yes")] {
        fine(json!({"matches_template": matches, "best_plate": {"matches_template": matches}}));
    }
    for camera in [json!("1630410444"), json!(1_630_410_444), json!(1_630_410_444.0)] {
        assert_eq!(fine(json!({"camera_id": camera})).capture.camera_id, 1_630_410_444);
    }
    for (latitude, longitude, position) in [
        (json!(-1), json!(-1), None),
        (json!(-1.0), json!("-1"), None),
        (json!(0), json!(0.0), None),
        (json!("-"), json!("-"), None),
        (json!(null), json!(5), None),
        (json!(-1), json!(5), Some((-1.0, 5.0))),
        (json!("59.5"), json!(18), Some((59.5, 18.0))),
    ] {
        let new = fine(json!({"gps_latitude": latitude, "gps_longitude": longitude}));
        assert_eq!(new.detail.position, position, "{latitude} {longitude}");
    }
    for (region, expected) in
        [("ma", "ma"), ("US-MA", "us-ma"), ("", "us-ma"), ("mx-nle", "mx-nle")]
    {
        assert_eq!(fine(json!({"best_region": region})).capture.region, expected, "{region}");
    }
    let new = fine(json!({"best_region": "", "best_plate": {"region": ""}}));
    assert_eq!(new.capture.region, "");
    for vehicle in [
        json!(null),
        json!({}),
        json!("-"),
        json!({"color":[],"make":null,"make_model":[],"body_type":[],"year":[],"orientation":[],"missing_plate":[],"is_vehicle":[]}),
    ] {
        let new = fine(json!({"vehicle": vehicle}));
        assert_eq!((new.capture.vehicle, new.detail.traits.len()), Default::default(), "{vehicle}");
    }
    for image in [json!(""), json!(null), json!("-")] {
        assert_eq!(sizes(&fine(json!({"overview_jpeg": image}))).len(), 2);
    }
    for (degrees, direction) in [(json!(-90), 270.0), (json!(725.5), 5.5), (json!(-1e-30), 0.0)] {
        assert_eq!(fine(json!({"travel_direction": degrees})).capture.direction, Some(direction));
    }
    assert_eq!(fine(json!({"travel_direction": "-"})).capture.direction, None);
    let flags = fine(json!({"is_parked": 1, "is_preview": "true"})).capture.flags;
    assert!(flags.has(Flags::PARKED) && flags.has(Flags::PREVIEW));
}

#[test]
fn every_wrong_value_leaves_a_note_and_the_rest() {
    for (patch, note) in [
        (json!({"camera_id": "gate"}), "camera_id is not a whole number"),
        (json!({"epoch_start": []}), "epoch_start is not a time"),
        (json!({"best_plate": []}), "best_plate is not an object"),
        (json!({"candidates": {}}), "candidates is not an array"),
        (json!({"best_confidence": 250}), "best_confidence is not between 0 and 100"),
        (json!({"best_region": {}}), "best_region is not a text"),
        (json!({"gps_latitude": 91}), "the position is not on earth"),
        (json!({"uuids": "x"}), "uuids is not an array"),
        (json!({"uuids": ["../../etc/passwd", 7]}), "some uuids are not valid and were dropped"),
        (json!({"uuids": vec!["a"; UUIDS_MAX + 1]}), "there are more uuids than are kept"),
        (json!({"best_uuid": "../x"}), "best_uuid is not a valid uuid and was dropped"),
        (json!({"vehicle_crop_jpeg": "%"}), "vehicle_crop_jpeg is not base64 and was dropped"),
        (json!({"overview_jpeg": "bm90"}), "overview_jpeg is not a JPEG and was dropped"),
        (json!({"best_image_width": -5}), "best_image_width is not a picture size"),
        (json!({"travel_direction": "up"}), "travel_direction is not a number"),
        (json!({"is_parked": "maybe"}), "is_parked is not true or false"),
        (json!({"web_server_config": "x"}), "web_server_config is not an object"),
        (json!({"vehicle": [1]}), "vehicle is not an object"),
        (
            json!({"vehicle_signature": "a b"}),
            "vehicle_signature is not a signature and was dropped",
        ),
        (json!({"agent_uid": "../a b"}), "the agent's uid has characters that were replaced"),
        (json!({"best_plate_number": "A".repeat(99)}), "the plate is too long and was cut"),
        (json!({"error": true}), "the agent reports an error"),
        (
            json!({"best_plate": {"coordinates": [{"x": 1}]}}),
            "coordinates are not four points and were dropped",
        ),
    ] {
        let new = patched(patch.clone());
        let short: String = patch.to_string().chars().take(80).collect();
        assert!(
            new.detail.notes.iter().any(|found| found == note),
            "{short}: {:?}",
            new.detail.notes
        );
        assert!(new.capture.flags.has(Flags::NOTES), "{short}");
        assert_eq!(new.capture.reads, 1);
        assert!(new.capture.plate.is_some(), "{short}");
    }
    assert_eq!(patched(json!({"agent_uid": "../a b/c"})).capture.agent_uid, "---a-b-c");
    assert_eq!(patched(json!({"uuids": vec!["a"; 900]})).detail.uuids.len(), UUIDS_MAX);
}

#[test]
fn a_resend_without_uuid_is_the_same_read() {
    let without = json!({"best_uuid": "-", "best_uuid_epoch_ms": "-"});
    let first = patched(without.clone());
    assert!(is_derived_uuid(&first.capture.uuid));
    assert_eq!(first.capture.uuid, patched(without).capture.uuid);
    assert_eq!(first.capture.uuid, patched(json!({"best_uuid": "../x"})).capture.uuid);
    let pretended = patched(json!({"best_uuid": "derived-0"})).capture.uuid;
    assert_eq!(first.capture.uuid, pretended);
    for other in
        [json!({"best_plate_number": "X"}), json!({"camera_id": 5}), json!({"epoch_start": START})]
    {
        let mut patch = json!({"best_uuid": ""});
        merge(&mut patch, &other);
        assert_ne!(first.capture.uuid, patched(patch).capture.uuid, "{other}");
    }
    // Without any time of its own only the document tells reads apart.
    let timeless = |frame: i64| {
        patched(
            json!({"best_uuid":"-","best_uuid_epoch_ms":"-","epoch_start":"-","frame_start":frame}),
        )
    };
    assert_eq!(timeless(1).capture.uuid, timeless(1).capture.uuid);
    assert_ne!(timeless(1).capture.uuid, timeless(2).capture.uuid);
    // An alert finds the group it was raised for.
    let mut alert: Value = serde_json::from_str(fixture("alert_blacklist")).unwrap();
    alert["group"].as_object_mut().unwrap().remove("best_uuid");
    let linked = capture_of(one(alert.to_string().as_bytes())).capture.uuid;
    assert_eq!(linked, first.capture.uuid);
}
