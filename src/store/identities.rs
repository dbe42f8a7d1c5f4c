//! Who is who: which capture a uuid of an agent became. The base of idempotency.

use redb::ReadableTable;

use super::tables::{IDENTITIES, PARKED, PREVIEWS, SUPERSEDED};
use super::{ReadTx, StoreError, WriteTx};
use crate::base::clock::Timestamp;
use crate::model::capture::CaptureKey;

/// What kind of payload a uuid belongs to; part of the key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum IdentityKind {
    /// A plate group.
    Plate = 0,
    /// A plate-less vehicle.
    Vehicle = 1,
    /// A Rekor alert.
    Alert = 2,
}

/// Uuids begin with their agent's id; leaving it out halves the row.
fn short<'a>(agent_uid: &str, uuid: &'a str) -> &'a str {
    uuid.strip_prefix(agent_uid).unwrap_or(uuid)
}

fn identity(
    table: &impl ReadableTable<(&'static str, u8, &'static str), u64>,
    agent_uid: &str,
    kind: IdentityKind,
    uuid: &str,
) -> Result<Option<CaptureKey>, StoreError> {
    let row = table.get((agent_uid, kind as u8, short(agent_uid, uuid)))?;
    Ok(row.map(|key| CaptureKey(key.value())))
}

impl ReadTx {
    /// The key that (agent, kind, uuid) was stored under.
    pub fn identity(
        &self,
        agent_uid: &str,
        kind: IdentityKind,
        uuid: &str,
    ) -> Result<Option<CaptureKey>, StoreError> {
        identity(&self.table(IDENTITIES)?, agent_uid, kind, uuid)
    }

    /// The visit of a parked car: its capture and when it was last seen.
    pub fn parked(
        &self,
        agent_uid: &str,
        camera_id: i64,
        plate: &str,
    ) -> Result<Option<(CaptureKey, Timestamp)>, StoreError> {
        let table = self.table(PARKED)?;
        let row = table.get((agent_uid, camera_id, plate))?;
        Ok(row.map(|visit| (CaptureKey(visit.value().0), Timestamp(visit.value().1))))
    }

    /// The capture that replaced `key`, when it was a preview.
    pub fn superseded_by(&self, key: CaptureKey) -> Result<Option<CaptureKey>, StoreError> {
        Ok(self.table(SUPERSEDED)?.get(key.0)?.map(|key| CaptureKey(key.value())))
    }
}

impl WriteTx {
    /// The key that (agent, kind, uuid) was stored under.
    pub fn identity(
        &self,
        agent_uid: &str,
        kind: IdentityKind,
        uuid: &str,
    ) -> Result<Option<CaptureKey>, StoreError> {
        identity(&self.table(IDENTITIES)?, agent_uid, kind, uuid)
    }

    /// Remembers that (agent, kind, uuid) is `key`.
    pub fn put_identity(
        &self,
        agent_uid: &str,
        kind: IdentityKind,
        uuid: &str,
        key: CaptureKey,
    ) -> Result<(), StoreError> {
        let row = (agent_uid, kind as u8, short(agent_uid, uuid));
        self.table(IDENTITIES)?.insert(row, key.0)?;
        Ok(())
    }

    /// Remembers a preview that waits for its final group.
    pub fn put_preview(
        &self,
        agent_uid: &str,
        uuid: &str,
        key: CaptureKey,
    ) -> Result<(), StoreError> {
        self.table(PREVIEWS)?.insert((agent_uid, short(agent_uid, uuid)), key.0)?;
        Ok(())
    }

    /// Takes the previews of `agent_uid` that are among `uuids`. Agents without waiting previews
    /// cost one look-up however many uuids there are.
    pub fn take_previews(
        &self,
        agent_uid: &str,
        uuids: &[String],
    ) -> Result<Vec<CaptureKey>, StoreError> {
        let mut table = self.table(PREVIEWS)?;
        let waiting = match table.range((agent_uid, "")..)?.next() {
            Some(first) => first?.0.value().0 == agent_uid,
            None => false,
        };
        let mut taken = Vec::new();
        if waiting {
            for uuid in uuids {
                if let Some(key) = table.remove((agent_uid, short(agent_uid, uuid)))? {
                    taken.push(CaptureKey(key.value()));
                }
            }
        }
        Ok(taken)
    }

    /// Remembers that `old` (a preview) was replaced by `new`, for links that still name it.
    pub fn put_superseded(&self, old: CaptureKey, new: CaptureKey) -> Result<(), StoreError> {
        self.table(SUPERSEDED)?.insert(old.0, new.0)?;
        Ok(())
    }

    /// The visit of a parked car: its capture and when it was last seen.
    pub fn parked(
        &self,
        agent_uid: &str,
        camera_id: i64,
        plate: &str,
    ) -> Result<Option<(CaptureKey, Timestamp)>, StoreError> {
        let table = self.table(PARKED)?;
        let row = table.get((agent_uid, camera_id, plate))?;
        Ok(row.map(|visit| (CaptureKey(visit.value().0), Timestamp(visit.value().1))))
    }

    /// Remembers the visit of a parked car.
    pub fn put_parked(
        &self,
        agent_uid: &str,
        camera_id: i64,
        plate: &str,
        key: CaptureKey,
        last_seen: Timestamp,
    ) -> Result<(), StoreError> {
        self.table(PARKED)?.insert((agent_uid, camera_id, plate), (key.0, last_seen.0))?;
        Ok(())
    }

    /// Forgets previews and parked visits from before `time`; returns how many. Their captures
    /// stay.
    pub fn forget_waiting(&self, time: Timestamp) -> Result<usize, StoreError> {
        let mut forgotten = 0;
        let floor = CaptureKey::floor(time).0;
        self.table(PREVIEWS)?.retain(|_, key| {
            forgotten += usize::from(key < floor);
            key >= floor
        })?;
        self.table(PARKED)?.retain(|_, (_, last_seen)| {
            forgotten += usize::from(last_seen < time.0);
            last_seen >= time.0
        })?;
        Ok(forgotten)
    }
}
