//! `heartbeat`: an agent says every minute that it lives, and what its cameras are called. The
//! licence key and the addresses of the streams, which hold passwords, are never read.

use crate::base::limits::STREAMS_MAX;
use crate::model::agent::{self, Payload, Stream};

use super::fields::Notes;
use super::json::{Json, Object};
use super::{Context, Document, PayloadKind, read, time};

/// The payload kind.
pub(super) struct Heartbeat;

impl PayloadKind for Heartbeat {
    fn name(&self) -> &'static str {
        "heartbeat"
    }

    fn about(&self) -> &'static str {
        "an agent's state and its cameras' names; passwords and licence keys are left out"
    }

    fn detect(&self, document: &Document<'_>) -> bool {
        document.is(self.name())
    }

    fn parse(&self, document: &Document<'_>, context: &Context) -> Payload {
        let root = &document.root;
        let mut notes = document.notes();
        let mut version = root.text("agent_version", &mut notes);
        if version.is_empty() {
            version = root.text("openalpr_version", &mut notes);
        }
        let heartbeat = agent::Heartbeat {
            agent_uid: read::agent_uid(root, &mut notes),
            hostname: root.text("agent_hostname", &mut notes),
            version,
            kind: root.text("agent_type", &mut notes),
            sent_at: time::epoch(root, "timestamp", &mut notes).unwrap_or(context.received_at),
            streams: streams(root, &mut notes),
        };
        // A heartbeat has no place for notes; one comes every minute, so they are for debugging.
        for note in notes.into_vec() {
            log::debug!("heartbeat from {}: {note}", context.peer);
        }
        Payload::Heartbeat(heartbeat)
    }
}

fn streams(root: &Object<'_>, notes: &mut Notes) -> Vec<Stream> {
    let list = root.list("video_streams", notes);
    let objects = list.iter().filter_map(|json| match json {
        Json::Object(stream) => Some(stream),
        _ => None,
    });
    // A stream without a number cannot be told from another.
    let streams = objects.filter_map(|stream| {
        Some(Stream {
            camera_id: stream.whole("camera_id", notes)?,
            name: stream.text("camera_name", notes),
            streaming: stream.flag("is_streaming", notes),
            fps: stream.number("fps", notes).unwrap_or_default().clamp(0.0, 1000.0) as f32,
            position: read::position(stream, notes),
        })
    });
    streams.take(STREAMS_MAX).collect()
}
