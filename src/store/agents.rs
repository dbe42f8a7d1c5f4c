//! Agents and cameras as they registered themselves.

use std::collections::BTreeMap;

use redb::ReadableTable;

use super::codec::{Reader, Writer};
use super::tables::{AGENTS, CAMERAS};
use super::{ReadTx, StoreError, WriteTx};
use crate::base::clock::Timestamp;
use crate::model::agent::{Agent, Camera};

fn encode_agent(agent: &Agent) -> Vec<u8> {
    let mut writer = Writer::new(1);
    writer.text(&agent.label).text(&agent.version).text(&agent.kind).text(&agent.address);
    writer.i64(agent.first_seen.0).i64(agent.last_seen.0).i64(agent.last_heartbeat.0);
    writer.finish()
}

pub(super) fn decode_agent(uid: &str, bytes: &[u8]) -> Result<Agent, StoreError> {
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

pub(super) fn decode_camera(
    agent_uid: &str,
    camera_id: i64,
    bytes: &[u8],
) -> Result<Camera, StoreError> {
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

fn all_agents(
    table: &impl ReadableTable<&'static str, &'static [u8]>,
) -> Result<Vec<Agent>, StoreError> {
    let rows = table
        .iter()?
        .map(|row| row.map_err(Into::into).and_then(|(k, v)| decode_agent(k.value(), v.value())));
    rows.collect()
}

fn all_cameras(
    table: &impl ReadableTable<(&'static str, i64), &'static [u8]>,
) -> Result<Vec<Camera>, StoreError> {
    let rows = table.iter()?.map(|row| {
        let (key, value) = row?;
        let (agent_uid, camera_id) = key.value();
        decode_camera(agent_uid, camera_id, value.value())
    });
    rows.collect()
}

impl ReadTx {
    /// All agents, by uid.
    pub fn agents(&self) -> Result<Vec<Agent>, StoreError> {
        all_agents(&self.table(AGENTS)?)
    }

    /// The agent `uid`.
    pub fn agent(&self, uid: &str) -> Result<Option<Agent>, StoreError> {
        let row = self.table(AGENTS)?.get(uid)?;
        row.map(|bytes| decode_agent(uid, bytes.value())).transpose()
    }

    /// All cameras, by agent and number.
    pub fn cameras(&self) -> Result<Vec<Camera>, StoreError> {
        all_cameras(&self.table(CAMERAS)?)
    }

    /// The camera `camera_id` of `agent_uid`.
    pub fn camera(&self, agent_uid: &str, camera_id: i64) -> Result<Option<Camera>, StoreError> {
        let row = self.table(CAMERAS)?.get((agent_uid, camera_id))?;
        row.map(|bytes| decode_camera(agent_uid, camera_id, bytes.value())).transpose()
    }
}

impl WriteTx {
    /// All agents that were there when the transaction began.
    pub fn agents(&self) -> Result<Vec<Agent>, StoreError> {
        all_agents(&self.table(AGENTS)?)
    }

    /// All cameras that were there when the transaction began.
    pub fn cameras(&self) -> Result<Vec<Camera>, StoreError> {
        all_cameras(&self.table(CAMERAS)?)
    }

    /// The agent `uid`, as this transaction leaves it.
    pub fn agent(&self, uid: &str) -> Result<Option<Agent>, StoreError> {
        if let Some(agent) = self.gathered.borrow().agents.get(uid) {
            return Ok(Some(agent.clone()));
        }
        let table = self.table(AGENTS)?;
        let row = table.get(uid)?;
        row.map(|bytes| decode_agent(uid, bytes.value())).transpose()
    }

    /// Writes `agent`.
    pub fn put_agent(&self, agent: &Agent) -> Result<(), StoreError> {
        self.gathered.borrow_mut().agents.insert(agent.uid.clone(), agent.clone());
        Ok(())
    }

    /// The camera `camera_id` of `agent_uid`, as this transaction leaves it.
    pub fn camera(&self, agent_uid: &str, camera_id: i64) -> Result<Option<Camera>, StoreError> {
        let key = (agent_uid.to_owned(), camera_id);
        if let Some(camera) = self.gathered.borrow().cameras.get(&key) {
            return Ok(Some(camera.clone()));
        }
        let table = self.table(CAMERAS)?;
        let row = table.get((agent_uid, camera_id))?;
        row.map(|bytes| decode_camera(agent_uid, camera_id, bytes.value())).transpose()
    }

    /// Writes `camera`.
    pub fn put_camera(&self, camera: &Camera) -> Result<(), StoreError> {
        let key = (camera.agent_uid.clone(), camera.camera_id);
        self.gathered.borrow_mut().cameras.insert(key, camera.clone());
        Ok(())
    }

    /// Writes the agents and cameras a transaction gathered.
    pub(super) fn write_agents(
        &self,
        agents: &BTreeMap<String, Agent>,
        cameras: &BTreeMap<(String, i64), Camera>,
    ) -> Result<(), StoreError> {
        if !agents.is_empty() {
            let mut table = self.table(AGENTS)?;
            for (uid, agent) in agents {
                table.insert(uid.as_str(), encode_agent(agent).as_slice())?;
            }
        }
        if !cameras.is_empty() {
            let mut table = self.table(CAMERAS)?;
            for ((agent_uid, camera_id), camera) in cameras {
                let key = (agent_uid.as_str(), *camera_id);
                table.insert(key, encode_camera(camera).as_slice())?;
            }
        }
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
    }
}
