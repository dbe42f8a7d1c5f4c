//! Everything there is to tell of a match: for messages and for the page of an alert.

use crate::model::capture::CaptureKey;
use crate::model::user::{User, UserId};
use crate::model::watch::{MatchId, MatchReport};
use crate::store::{ReadTx, StoreError};

/// The report of the match `id`; `None` when there is none. Agent and camera are those of the read.
pub fn report(tx: &ReadTx, id: MatchId) -> Result<Option<MatchReport>, StoreError> {
    let Some(matched) = tx.watch_match(id)? else { return Ok(None) };
    let key = current(tx, matched.capture)?;
    let capture = tx.capture(key)?;
    let detail = tx.capture_detail(key)?.unwrap_or_default();
    let (camera, agent) = match &capture {
        None => (String::new(), String::new()),
        Some(capture) => {
            let camera = tx.camera(&capture.agent_uid, capture.camera_id)?;
            let agent = tx.agent(&capture.agent_uid)?;
            (
                camera.map_or_else(|| format!("Camera {}", capture.camera_id), |it| it.name()),
                agent.map(|it| it.label).unwrap_or_default(),
            )
        }
    };
    let plate = capture.as_ref().and_then(|capture| capture.plate.as_ref());
    let known = plate.map(|plate| tx.known_plate(plate)).transpose()?.flatten();
    let contacts = matched.contacts.iter().filter(|id| **id != matched.owner);
    let contacts = contacts.map(|id| active(tx, *id)).collect::<Result<Vec<_>, _>>()?;
    Ok(Some(MatchReport {
        watch: tx.watch(matched.watch)?,
        owner: active(tx, matched.owner)?,
        contacts: contacts.into_iter().flatten().collect(),
        matched,
        capture,
        detail,
        camera,
        agent,
        known_name: known.map(|known| known.name).unwrap_or_default(),
    }))
}

/// The key under which the capture of `key` is kept now.
pub fn current(tx: &ReadTx, key: CaptureKey) -> Result<CaptureKey, StoreError> {
    Ok(tx.superseded_by(key)?.unwrap_or(key))
}

/// The account `id`, unless it may not sign in.
fn active(tx: &ReadTx, id: UserId) -> Result<Option<User>, StoreError> {
    Ok(tx.user(id)?.filter(|user| !user.suspended))
}
