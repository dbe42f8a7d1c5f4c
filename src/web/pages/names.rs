//! What cameras and agents are called, looked up once a page.

use std::collections::HashMap;

use jiff::tz::TimeZone;

use crate::base::clock::Timestamp;
use crate::model::agent::{Agent, Camera};
use crate::model::capture::Capture;
use crate::store::{ReadTx, StoreError};
use crate::web::views::read::ReadRow;

/// All cameras and agents by their ids.
pub struct Names {
    cameras: HashMap<(String, i64), String>,
    agents: HashMap<String, String>,
}

impl Names {
    /// Reads them from the store.
    pub fn load(tx: &ReadTx) -> Result<Self, StoreError> {
        Ok(Self::new(&tx.agents()?, &tx.cameras()?))
    }

    /// Makes the tables.
    pub fn new(agents: &[Agent], cameras: &[Camera]) -> Self {
        let camera =
            |camera: &Camera| ((camera.agent_uid.clone(), camera.camera_id), camera.name());
        let agent = |agent: &Agent| (agent.uid.clone(), agent.label.clone());
        Self {
            cameras: cameras.iter().map(camera).collect(),
            agents: agents.iter().map(agent).collect(),
        }
    }

    /// What people call the camera.
    pub fn camera(&self, agent_uid: &str, camera_id: i64) -> String {
        let known = self.cameras.get(&(agent_uid.to_owned(), camera_id));
        known.cloned().unwrap_or_else(|| format!("Camera {camera_id}"))
    }

    /// What people call the camera of `value`, `AGENT_UID/CAMERA_ID`.
    pub fn camera_of_value(&self, value: &str) -> String {
        let parts = value.rsplit_once('/').and_then(|(uid, id)| Some((uid, id.parse().ok()?)));
        parts.map_or_else(|| value.to_owned(), |(uid, id)| self.camera(uid, id))
    }

    /// Cameras by value (`AGENT_UID/CAMERA_ID`) and name, by name.
    pub fn camera_values(&self) -> Vec<(String, String)> {
        let mut values: Vec<(String, String)> = self
            .cameras
            .iter()
            .map(|((uid, id), name)| (format!("{uid}/{id}"), name.clone()))
            .collect();
        values.sort_unstable_by(|a, b| (&a.1, &a.0).cmp(&(&b.1, &b.0)));
        values
    }

    /// Agents that have a name, by uid and name, by name.
    pub fn agent_values(&self) -> Vec<(String, String)> {
        let named = self.agents.iter().filter(|(_, name)| !name.is_empty());
        let mut values: Vec<(String, String)> =
            named.map(|(uid, name)| (uid.clone(), name.clone())).collect();
        values.sort_unstable_by(|a, b| (&a.1, &a.0).cmp(&(&b.1, &b.0)));
        values
    }

    /// What people call the agent, `""` when it has no label.
    pub fn agent(&self, uid: &str) -> String {
        self.agents.get(uid).cloned().unwrap_or_default()
    }

    /// The row of `capture`.
    pub fn row(&self, capture: &Capture, now: Timestamp, zone: &TimeZone) -> ReadRow {
        let camera = self.camera(&capture.agent_uid, capture.camera_id);
        ReadRow::of(capture, camera, self.agent(&capture.agent_uid), now, zone)
    }
}
