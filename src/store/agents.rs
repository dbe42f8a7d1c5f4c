//! Agents, cameras and Rekor alerts as they registered themselves.

use redb::ReadableTable as _;

use super::codec::{Reader, Writer};
use super::tables::{AGENTS, CAMERAS, REKOR_ALERTS};
use super::{ReadTx, StoreError, WriteTx};
use crate::base::clock::Timestamp;
use crate::model::agent::{Agent, Camera, ListKind, RekorAlert};
use crate::model::capture::CaptureKey;

fn encode_agent(agent: &Agent) -> Vec<u8> {
    let mut writer = Writer::new(1);
    writer.text(&agent.label).text(&agent.version).text(&agent.kind).text(&agent.address);
    writer.i64(agent.first_seen.0).i64(agent.last_seen.0).i64(agent.last_heartbeat.0);
    writer.finish()
}

fn decode_agent(uid: &str, bytes: &[u8]) -> Result<Agent, StoreError> {
    let mut reader = Reader::new(bytes)?;
    Ok(Agent {
        uid: uid.to_owned(),
        label: reader.text()?.to_owned(),
        version: reader.text()?.to_owned(),
        kind: reader.text()?.to_owned(),
        address: reader.text()?.to_owned(),
        first_seen: Timestamp(reader.i64()?),
        last_seen: Timestamp(reader.i64()?),
        last_heartbeat: Timestamp(reader.i64()?),
    })
}

fn encode_camera(camera: &Camera) -> Vec<u8> {
    let mut writer = Writer::new(1);
    let (latitude, longitude) = camera.position.unwrap_or((f64::NAN, f64::NAN));
    writer.text(&camera.label).f64(latitude).f64(longitude);
    writer.i64(camera.first_seen.0).i64(camera.last_seen.0);
    writer.finish()
}

fn decode_camera(agent_uid: &str, camera_id: i64, bytes: &[u8]) -> Result<Camera, StoreError> {
    let mut reader = Reader::new(bytes)?;
    let label = reader.text()?.to_owned();
    let (latitude, longitude) = (reader.f64()?, reader.f64()?);
    Ok(Camera {
        agent_uid: agent_uid.to_owned(),
        camera_id,
        label,
        position: (!latitude.is_nan()).then_some((latitude, longitude)),
        first_seen: Timestamp(reader.i64()?),
        last_seen: Timestamp(reader.i64()?),
    })
}

fn encode_alert(alert: &RekorAlert) -> Vec<u8> {
    let mut writer = Writer::new(1);
    writer.u64(alert.capture.0).i64(alert.raised_at.0).text(&alert.list);
    writer.i64(alert.list_id.unwrap_or(i64::MIN)).u8(alert.list_kind as u8);
    writer.text(&alert.description).text(&alert.plate).text(&alert.site);
    writer.finish()
}

fn decode_alert(key: u64, bytes: &[u8]) -> Result<RekorAlert, StoreError> {
    let mut reader = Reader::new(bytes)?;
    Ok(RekorAlert {
        key: CaptureKey(key),
        capture: CaptureKey(reader.u64()?),
        raised_at: Timestamp(reader.i64()?),
        list: reader.text()?.to_owned(),
        list_id: Some(reader.i64()?).filter(|id| *id != i64::MIN),
        list_kind: if reader.u8()? == 1 { ListKind::NotOnList } else { ListKind::OnList },
        description: reader.text()?.to_owned(),
        plate: reader.text()?.to_owned(),
        site: reader.text()?.to_owned(),
    })
}

impl ReadTx {
    /// All agents, by uid.
    pub fn agents(&self) -> Result<Vec<Agent>, StoreError> {
        let table = self.table(AGENTS)?;
        table
            .iter()?
            .map(|row| {
                row.map_err(Into::into).and_then(|(k, v)| decode_agent(k.value(), v.value()))
            })
            .collect()
    }

    /// The agent `uid`.
    pub fn agent(&self, uid: &str) -> Result<Option<Agent>, StoreError> {
        let row = self.table(AGENTS)?.get(uid)?;
        row.map(|bytes| decode_agent(uid, bytes.value())).transpose()
    }

    /// All cameras, by agent and number.
    pub fn cameras(&self) -> Result<Vec<Camera>, StoreError> {
        let table = self.table(CAMERAS)?;
        table
            .iter()?
            .map(|row| {
                let (key, value) = row?;
                let (agent_uid, camera_id) = key.value();
                decode_camera(agent_uid, camera_id, value.value())
            })
            .collect()
    }

    /// The camera `camera_id` of `agent_uid`.
    pub fn camera(&self, agent_uid: &str, camera_id: i64) -> Result<Option<Camera>, StoreError> {
        let row = self.table(CAMERAS)?.get((agent_uid, camera_id))?;
        row.map(|bytes| decode_camera(agent_uid, camera_id, bytes.value())).transpose()
    }

    /// The newest Rekor alerts, at most `limit`.
    pub fn rekor_alerts(&self, limit: usize) -> Result<Vec<RekorAlert>, StoreError> {
        let table = self.table(REKOR_ALERTS)?;
        let newest = table.iter()?.rev().take(limit);
        newest
            .map(|row| {
                row.map_err(Into::into).and_then(|(k, v)| decode_alert(k.value(), v.value()))
            })
            .collect()
    }
}

impl WriteTx {
    /// The agent `uid`.
    pub fn agent(&self, uid: &str) -> Result<Option<Agent>, StoreError> {
        let table = self.table(AGENTS)?;
        let row = table.get(uid)?;
        row.map(|bytes| decode_agent(uid, bytes.value())).transpose()
    }

    /// Writes `agent`.
    pub fn put_agent(&self, agent: &Agent) -> Result<(), StoreError> {
        self.table(AGENTS)?.insert(agent.uid.as_str(), encode_agent(agent).as_slice())?;
        Ok(())
    }

    /// The camera `camera_id` of `agent_uid`.
    pub fn camera(&self, agent_uid: &str, camera_id: i64) -> Result<Option<Camera>, StoreError> {
        let table = self.table(CAMERAS)?;
        let row = table.get((agent_uid, camera_id))?;
        row.map(|bytes| decode_camera(agent_uid, camera_id, bytes.value())).transpose()
    }

    /// Writes `camera`.
    pub fn put_camera(&self, camera: &Camera) -> Result<(), StoreError> {
        let key = (camera.agent_uid.as_str(), camera.camera_id);
        self.table(CAMERAS)?.insert(key, encode_camera(camera).as_slice())?;
        Ok(())
    }

    /// Writes `alert` under its key.
    pub fn put_rekor_alert(&self, alert: &RekorAlert) -> Result<(), StoreError> {
        self.table(REKOR_ALERTS)?.insert(alert.key.0, encode_alert(alert).as_slice())?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_come_back() {
        let camera = Camera {
            agent_uid: "A".into(),
            camera_id: 7,
            label: "Gate".into(),
            position: Some((1.5, -2.5)),
            first_seen: Timestamp(1),
            last_seen: Timestamp(2),
        };
        assert_eq!(decode_camera("A", 7, &encode_camera(&camera)).unwrap(), camera);
        let nowhere = Camera { position: None, ..camera };
        assert_eq!(decode_camera("A", 7, &encode_camera(&nowhere)).unwrap(), nowhere);
        let alert = RekorAlert {
            key: CaptureKey(9),
            capture: CaptureKey(8),
            raised_at: Timestamp(3),
            list: "Staff".into(),
            list_id: None,
            list_kind: ListKind::NotOnList,
            description: "d".into(),
            plate: "ABC".into(),
            site: "s".into(),
        };
        assert_eq!(decode_alert(9, &encode_alert(&alert)).unwrap(), alert);
    }
}
