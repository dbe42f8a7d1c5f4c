//! Settings/Webhook: who may post, what has arrived, who has sent it.

use crate::domain::settings::{self, GeneralForm, apply_general, save_general};
use crate::gate::Response;
use crate::model::agent::{Agent, Camera};
use crate::model::audit::{Action, differences};
use crate::model::settings::PostAuth;
use crate::web::ctx::{Ctx, Input};
use crate::web::error::WebError;
use crate::web::pages::dashboard::camera_search;
use crate::web::pages::setup::last_four;
use crate::web::pages::shell::{Page, flash, post_address, render_with};
use crate::web::paths;
use crate::web::views::read::TimeView;
use crate::web::views::webhook::{AgentRow, CameraRow, Count, Tally, WebhookPage, levels};
use crate::web::views::{FieldError, Tag, Tone};

/// An agent or camera that was silent for this long gets an amber dot, milliseconds.
const SILENT_MS: i64 = 24 * 3600 * 1000;

/// `GET /settings/webhook`.
pub fn webhook_page(ctx: &Ctx<'_>, _: &mut Input<'_, '_>) -> Result<Response, WebError> {
    let general = &ctx.site.settings.current().general;
    show(ctx, general.post_auth.name(), &general.public_url, Vec::new())
}

/// `POST /settings/webhook`.
pub fn save_webhook(ctx: &Ctx<'_>, input: &mut Input<'_, '_>) -> Result<Response, WebError> {
    let form = input.form()?;
    let level = form.get("post_auth").unwrap_or_default();
    let public_url = form.get("public_url").unwrap_or_default();
    let typed = GeneralForm {
        public_url: Some(public_url),
        post_auth: Some(level),
        ..GeneralForm::default()
    };
    match save_settings(ctx, typed)? {
        Ok(()) => Ok(Response::redirect(303, &format!("{}?done=saved", paths::WEBHOOK))),
        Err(errors) => show(ctx, level, public_url, errors),
    }
}

/// Saves the fields of `typed` when all of them are right; the inner errors are for the form.
pub fn save_settings(
    ctx: &Ctx<'_>,
    typed: GeneralForm<'_>,
) -> Result<Result<(), Vec<FieldError>>, WebError> {
    let site = ctx.site;
    let general = match apply_general(&site.settings.current().general, typed) {
        Ok(general) => general,
        Err(errors) => {
            let shown = |error: settings::FieldError| FieldError::new(error.field, error.message);
            return Ok(Err(errors.into_iter().map(shown).collect()));
        }
    };
    let before = site.settings.current().general.fields();
    let event = ctx.event(Action::SettingsChanged).changes(differences(&before, &general.fields()));
    site.store.write(|tx| {
        save_general(tx, &general)?;
        if event.changes.is_empty() { Ok(()) } else { tx.audit(&event) }
    })?;
    site.settings.reload(&site.store)?;
    if let Err(error) = site.certificates.refresh(&site.store, ctx.now) {
        log::warn!("the certificate stays as it is: {error}");
    }
    if general.post_auth == PostAuth::None {
        log::warn!("the webhook takes posts without a key");
    }
    Ok(Ok(()))
}

fn show(
    ctx: &Ctx<'_>,
    level: &str,
    public_url: &str,
    errors: Vec<FieldError>,
) -> Result<Response, WebError> {
    let (kinds, unknown, agents, cameras) = ctx.site.store.read(|tx| {
        Ok((tx.tallies("kind/")?, tx.tallies("unknown/")?, tx.agents()?, tx.cameras()?))
    })?;
    let mut tallies: Vec<Tally> = kinds.iter().map(|(name, count)| taken(name, *count)).collect();
    tallies.extend(refused(ctx));
    let status = if errors.is_empty() { 200 } else { 422 };
    let view = WebhookPage {
        levels: levels(level),
        public_url: public_url.to_owned(),
        address: post_address(ctx),
        last_four: last_four(ctx)?,
        tallies,
        unknown: unknown
            .into_iter()
            .map(|(name, count)| Count { name: tail(&name).to_owned(), count })
            .collect(),
        since: String::new(),
        agents: agents.iter().map(|agent| agent_row(ctx, agent)).collect(),
        cameras: cameras.iter().map(|camera| camera_row(ctx, camera, &agents)).collect(),
        errors,
    };
    let page = Page::new("webhook", "Webhook", "webhook").status(status);
    render_with(ctx, &page, &view, |shell| shell.flash = flash(ctx))
}

fn tail(name: &str) -> &str {
    name.split_once('/').map_or(name, |(_, tail)| tail)
}

fn taken(name: &str, count: u64) -> Tally {
    let code = tail(name);
    let kind = match code {
        "alpr_group" => "Plate groups",
        "vehicle" => "Vehicles without plate",
        "alpr_alert" => "Rekor alerts",
        "heartbeat" => "Heartbeats",
        "alpr_results" => "Single frames, not kept",
        "test" => "Test messages",
        _ => "Unknown kinds, not kept",
    };
    let outcome = if code == "unknown" {
        Tag::new(Tone::Warn, "Ignored")
    } else {
        Tag::new(Tone::Ok, "Taken")
    };
    Tally { kind: kind.into(), code: code.into(), outcome, count, last: None }
}

/// What was refused since start; nothing of it is written to disk.
fn refused(ctx: &Ctx<'_>) -> Vec<Tally> {
    let rows = ctx.site.refusals.counts().into_iter().filter(|(_, count)| *count > 0);
    rows.map(|(why, count)| {
        let kind = match why {
            "disabled" => "Posting switched off",
            "key" => "Wrong or missing key",
            "malformed" => "Not JSON",
            "body" => "Too large or too slow",
            _ => "Box busy or disk full",
        };
        let outcome = Tag::new(Tone::Warn, "Refused since start");
        Tally { kind: kind.into(), code: String::new(), outcome, count, last: None }
    })
    .collect()
}

fn tone(ctx: &Ctx<'_>, last_seen: crate::base::clock::Timestamp) -> Tone {
    if ctx.now.since(last_seen) > SILENT_MS { Tone::Warn } else { Tone::Ok }
}

fn agent_row(ctx: &Ctx<'_>, agent: &Agent) -> AgentRow {
    let name = if agent.label.is_empty() { &agent.uid } else { &agent.label };
    AgentRow {
        name: if name.is_empty() { "Agent without id".to_owned() } else { name.clone() },
        uid: agent.uid.clone(),
        version: agent.version.clone(),
        address: agent.address.clone(),
        tone: tone(ctx, agent.last_seen),
        last_seen: TimeView::new(agent.last_seen, ctx.now, &ctx.zone()),
    }
}

fn camera_row(ctx: &Ctx<'_>, camera: &Camera, agents: &[Agent]) -> CameraRow {
    let agent = agents.iter().find(|agent| agent.uid == camera.agent_uid);
    let label = agent.map(|agent| agent.label.clone()).filter(|label| !label.is_empty());
    CameraRow {
        name: camera.name(),
        camera_id: camera.camera_id,
        agent: label.unwrap_or_else(|| camera.agent_uid.clone()),
        href: camera_search(&format!("{}/{}", camera.agent_uid, camera.camera_id)),
        tone: tone(ctx, camera.last_seen),
        last_seen: TimeView::new(camera.last_seen, ctx.now, &ctx.zone()),
    }
}
