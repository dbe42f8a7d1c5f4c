//! Full frames: which are wanted, and what became of them. A read of an enabled agent queues a job in
//! the transaction that records it; fetching is the worker's.

use serde::{Deserialize, Serialize};

use crate::base::clock::Timestamp;
use crate::base::limits::{PULL_UUIDS_MAX, PULLS_MAX};
use crate::ingest::is_derived_uuid;
use crate::model::agent_link::AgentLink;
use crate::model::capture::{Capture, CaptureDetail, CaptureKey, ImageKind, Jpeg};
use crate::model::job::{Job, NewJob, Queued};
use crate::model::text::is_uuid;
use crate::store::{ReadTx, Store, StoreError, WriteTx};

/// Tally of full frames that found no room in the queue.
const LEFT_OUT: &str = "pull/left_out";
/// Tally of those the agent did not have.
const MISSING: &str = "pull/missing";
/// Tally of those that were fetched.
const FETCHED: &str = "pull/fetched";

/// What to fetch.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pull {
    /// Key of the capture.
    capture: u64,
    /// Frames under which the agent may have it, the best first.
    uuids: Vec<String>,
}

/// Name of the queue of `agent`. Each has its own, so that one that hangs keeps only itself waiting.
pub fn queue(agent: &str) -> String {
    format!("image/{agent}")
}

/// Queues the full frame of `capture`, if its agent is one that is asked. Called while reads are
/// recorded, also again after a crash.
pub fn want(
    tx: &WriteTx,
    capture: &Capture,
    detail: &CaptureDetail,
    now: Timestamp,
) -> Result<(), StoreError> {
    if is_derived_uuid(&capture.uuid) || !tx.agent_link(&capture.agent_uid)?.is_usable() {
        return Ok(());
    }
    let uuids = candidates(capture, detail);
    if uuids.is_empty() {
        return Ok(());
    }
    // A silent agent's queue must leave room for everybody else's jobs.
    if tx.jobs()? >= PULLS_MAX {
        tx.bump(LEFT_OUT, 1);
        return Ok(());
    }
    let payload = serde_json::to_vec(&Pull { capture: capture.key.0, uuids })
        .map_err(|_| StoreError::Refused("the job cannot be written down"))?;
    let queue = queue(&capture.agent_uid);
    let key = format!("image/{}", capture.key);
    let job = NewJob { queue: &queue, key: &key, payload: &payload, made: now, due: now };
    if tx.add_job(&job)? == Queued::Full {
        tx.bump(LEFT_OUT, 1);
    }
    Ok(())
}

/// Frames to ask for: the best one, then the others from the newest back.
fn candidates(capture: &Capture, detail: &CaptureDetail) -> Vec<String> {
    let mut uuids: Vec<String> = Vec::new();
    let others = detail.uuids.iter().rev();
    for uuid in std::iter::once(&capture.uuid).chain(others) {
        if is_uuid(uuid) && !uuids.contains(uuid) && uuids.len() < PULL_UUIDS_MAX {
            uuids.push(uuid.clone());
        }
    }
    uuids
}

/// A job, read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Order {
    /// The capture.
    pub capture: CaptureKey,
    /// Addresses under which its full frame may be, the likeliest first.
    pub urls: Vec<String>,
}

/// What `job` asks for, at the agent behind `link`; `None` when there is nothing to do any more: the
/// capture is gone, or has its full frame.
pub fn order(tx: &ReadTx, job: &Job, link: &AgentLink) -> Result<Option<Order>, StoreError> {
    let Ok(pull) = serde_json::from_slice::<Pull>(&job.payload) else { return Ok(None) };
    let key = CaptureKey(pull.capture);
    let Some(capture) = tx.capture(key)? else { return Ok(None) };
    if capture.images.has(ImageKind::Full) {
        return Ok(None);
    }
    // Only what was checked may stand in an address.
    let uuids = pull.uuids.iter().filter(|uuid| is_uuid(uuid));
    let urls = uuids.map(|uuid| format!("{}/img/{uuid}.jpg", link.base())).collect();
    Ok(Some(Order { capture: key, urls }))
}

/// Keeps fetched frames and strikes their jobs off.
pub fn keep(store: &Store, fetched: &[(Job, CaptureKey, Jpeg)]) -> Result<(), StoreError> {
    let images: Vec<_> =
        fetched.iter().map(|(_, key, jpeg)| (*key, ImageKind::Full, jpeg)).collect();
    store.add_images(&images, |tx| {
        fetched.iter().try_for_each(|(job, ..)| tx.remove_job(job.id).map(drop))?;
        tx.bump(FETCHED, fetched.len() as u64);
        Ok(())
    })
}

/// Strikes `job` off: nobody will have the frame, or it is not wanted any more.
pub fn give_up(store: &Store, job: &Job, missing: bool) -> Result<(), StoreError> {
    store.write_soon(|tx| {
        if tx.remove_job(job.id)? && missing {
            tx.bump(MISSING, 1);
        }
        Ok(())
    })
}

/// Puts `job` off until `due`, because of `error`; `tried` counts the try.
pub fn put_off(
    store: &Store,
    job: &Job,
    due: Timestamp,
    tried: bool,
    error: &str,
) -> Result<(), StoreError> {
    let tries = job.tries + u32::from(tried);
    store.write_soon(|tx| {
        // Gone when the read was deleted meanwhile.
        if tx.job(job.id)?.is_none() {
            return Ok(());
        }
        tx.put_job(&Job { due, tries, error: error.to_owned(), ..job.clone() })
    })
}
