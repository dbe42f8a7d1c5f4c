//! The smaller resources of the API: agents, cameras, figures.

use serde::Serialize;

use crate::gate::Response;
use crate::store::ReadTx;
use crate::web::api::rfc3339;
use crate::web::ctx::{Ctx, Input};
use crate::web::error::WebError;
use crate::web::reply::json;

#[derive(Serialize)]
struct Data<T> {
    data: Vec<T>,
}

#[derive(Serialize)]
struct AgentView {
    uid: String,
    label: String,
    version: String,
    first_seen: String,
    last_seen: String,
    last_heartbeat: Option<String>,
}

#[derive(Serialize)]
struct CameraView {
    agent_uid: String,
    camera_id: i64,
    label: String,
    latitude: Option<f64>,
    longitude: Option<f64>,
    first_seen: String,
    last_seen: String,
}

/// `GET /api/v1/agents`.
pub fn agents(ctx: &Ctx<'_>, _: &mut Input<'_, '_>) -> Result<Response, WebError> {
    let agents = ctx.site.store.read(ReadTx::agents)?;
    let data = agents.into_iter().map(|agent| AgentView {
        uid: agent.uid,
        label: agent.label,
        version: agent.version,
        first_seen: rfc3339(agent.first_seen),
        last_seen: rfc3339(agent.last_seen),
        last_heartbeat: (agent.last_heartbeat.0 != 0).then(|| rfc3339(agent.last_heartbeat)),
    });
    Ok(json(200, &Data { data: data.collect() }))
}

/// `GET /api/v1/cameras`.
pub fn cameras(ctx: &Ctx<'_>, _: &mut Input<'_, '_>) -> Result<Response, WebError> {
    let cameras = ctx.site.store.read(ReadTx::cameras)?;
    let data = cameras.into_iter().map(|camera| CameraView {
        agent_uid: camera.agent_uid,
        camera_id: camera.camera_id,
        label: camera.label,
        latitude: camera.position.map(|(latitude, _)| latitude),
        longitude: camera.position.map(|(_, longitude)| longitude),
        first_seen: rfc3339(camera.first_seen),
        last_seen: rfc3339(camera.last_seen),
    });
    Ok(json(200, &Data { data: data.collect() }))
}
