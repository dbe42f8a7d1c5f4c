//! The way of fuzzers to the decoders of records; compiled for them only.

use super::{
    agent_links, agents, api_keys, audit, captures, corrections, jobs, known_plates, matches,
    plates, rekor, saved_searches, second_factors, sessions, users, watches,
};
use crate::model::capture::CaptureKey;
use crate::model::job::JobId;
use crate::model::saved_search::SearchId;
use crate::model::user::UserId;
use crate::model::watch::{MatchId, WatchId};

/// Decodes `bytes` as a record of every kind; each either succeeds or says that it is damaged.
pub fn decode(bytes: &[u8]) {
    let _ = captures::decode(CaptureKey(1), bytes);
    let _ = captures::decode_detail(bytes);
    let _ = captures::decode_slot(bytes);
    let _ = rekor::decode(1, bytes);
    let _ = users::decode(UserId(1), bytes);
    let _ = sessions::decode([0; 32], bytes);
    let _ = api_keys::decode([0; 32], bytes);
    let _ = agents::decode_agent("agent", bytes);
    let _ = agents::decode_camera("agent", 1, bytes);
    let _ = agent_links::decode(bytes);
    let _ = audit::decode(1, bytes);
    let _ = corrections::decode(CaptureKey(1), bytes);
    let _ = known_plates::decode("ABC123", bytes);
    let _ = saved_searches::decode(UserId(1), SearchId(1), bytes);
    let _ = plates::decode(bytes);
    let _ = second_factors::decode(UserId(1), bytes);
    let _ = jobs::decode(JobId(1), bytes);
    let _ = watches::decode(WatchId(1), bytes);
    let _ = matches::decode(MatchId(1), bytes);
}
