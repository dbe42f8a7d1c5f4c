//! Answers that are data.

use serde::Serialize;

use crate::gate::Response;

/// `value` as JSON.
pub fn json(status: u16, value: &impl Serialize) -> Response {
    match serde_json::to_vec(value) {
        Ok(bytes) => Response::new(status).json_bytes(bytes),
        // Views are plain data; only a map with odd keys could fail.
        Err(error) => {
            log::error!("an answer could not be written: {error}");
            Response::new(500).json_bytes(&br#"{"error":{"code":"internal","message":""}}"#[..])
        }
    }
}
