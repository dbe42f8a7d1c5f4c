//! Settings/Agents: list, the way to one agent's web server, a test of it.

use crate::base::clock::Timestamp;
use crate::base::limits::PULLS_MAX;
use crate::domain::agents::{self, LinkForm};
use crate::domain::pulls;
use crate::gate::Response;
use crate::model::agent::Agent;
use crate::model::agent_link::{AgentLink, Scheme};
use crate::model::audit::Action;
use crate::model::text::clean;
use crate::web::ctx::{Ctx, Input};
use crate::web::error::WebError;
use crate::web::format::upper_first;
use crate::web::pages::shell::{Page, flash, render_with};
use crate::web::paths;
use crate::web::views::agents::{AgentPage, AgentRow, AgentsPage};
use crate::web::views::read::TimeView;
use crate::web::views::{Choice, FieldError, Tag, Tone};
use crate::worker::pulls::{LaneStatus, probe};

/// The part of its list an agent is asked for by the test, milliseconds.
const TEST_SPAN_MS: i64 = 3_600_000;

/// `GET /settings/agents?q=`.
pub fn page(ctx: &Ctx<'_>, _: &mut Input<'_, '_>) -> Result<Response, WebError> {
    let q = ctx.query()?.get("q").map(clean).unwrap_or_default();
    let (found, total) =
        ctx.site.store.read(|tx| Ok((agents::find(tx, &q)?, tx.agents()?.len() as u64)))?;
    let rows = found.iter().map(|(agent, link)| {
        let status = ctx.site.pulls.status(&agent.uid);
        AgentRow {
            href: href(&agent.uid),
            name: agents::name(agent).to_owned(),
            uid: agent.uid.clone(),
            software: software(agent),
            last_seen: time(ctx, agent.last_seen),
            frames: frames(link, &status),
        }
    });
    let view = AgentsPage { q, agents: rows.collect(), total };
    let page = Page::new("agents", "Agents", "agents");
    render_with(ctx, &page, &view, |shell| shell.flash = flash(ctx))
}

/// `GET /settings/agents/{uid}`.
pub fn one(ctx: &Ctx<'_>, _: &mut Input<'_, '_>) -> Result<Response, WebError> {
    show(ctx, |_| {})
}

/// `POST /settings/agents/{uid}`: the way to it.
pub fn save(ctx: &Ctx<'_>, input: &mut Input<'_, '_>) -> Result<Response, WebError> {
    let form = input.form()?;
    let field = |name: &str| form.get(name).unwrap_or_default();
    let typed = LinkForm {
        enabled: form.get("enabled").is_some(),
        scheme: field("scheme"),
        host: field("host"),
        port: field("port"),
    };
    match agents::parse(typed) {
        Ok(link) => store(ctx, &link),
        Err((name, message)) => show(ctx, |view| {
            view.enabled = typed.enabled;
            view.host = clean(typed.host);
            view.port = clean(typed.port);
            view.schemes = schemes(Scheme::parse(typed.scheme).unwrap_or_default());
            view.errors.push(FieldError::new(name, message));
        }),
    }
}

/// `POST /settings/agents/{uid}/enable`: with the address it last posted from.
pub fn enable(ctx: &Ctx<'_>, _: &mut Input<'_, '_>) -> Result<Response, WebError> {
    let agent = target(ctx)?.0;
    let (enabled, scheme, port) = (true, "http", "8355");
    match agents::parse(LinkForm { enabled, scheme, host: &agent.address, port }) {
        Ok(link) => store(ctx, &link),
        Err((name, message)) => show(ctx, |view| view.errors.push(FieldError::new(name, message))),
    }
}

/// `POST /settings/agents/{uid}/test`: asks the agent for its index and its list.
pub fn test(ctx: &Ctx<'_>, _: &mut Input<'_, '_>) -> Result<Response, WebError> {
    let (agent, link) = target(ctx)?;
    if link.host.is_empty() {
        let message = "Say where the agent's web server is, and save.";
        return show(ctx, |view| view.errors.push(FieldError::new("host", message)));
    }
    let object = format!("test of agent {}", agents::name(&agent));
    ctx.site.store.write(|tx| tx.audit(&ctx.event(Action::Command).object(object)))?;
    let found = probe(&link, ctx.now.plus_ms(-TEST_SPAN_MS), ctx.now);
    let server = match &found.server {
        Ok(None) => Tag::new(Tone::Ok, "Its web server answers."),
        Ok(Some(oldest)) => {
            let oldest = time(ctx, *oldest).exact;
            Tag::new(Tone::Ok, format!("Its web server answers; it keeps frames since {oldest}."))
        }
        Err(why) => Tag::new(Tone::Bad, format!("Its web server: {}.", clean(why))),
    };
    let list = match &found.list {
        Ok(count) => Tag::new(Tone::Ok, format!("Its list names {count} reads of the last hour.")),
        Err(_) if found.server.is_err() => Tag::new(Tone::Off, "Its list was not looked at."),
        Err(why) => Tag::new(
            Tone::Warn,
            format!("{}: what was missed cannot be filled in later.", upper_first(&clean(why))),
        ),
    };
    show(ctx, |view| view.findings = vec![server, list])
}

fn store(ctx: &Ctx<'_>, link: &AgentLink) -> Result<Response, WebError> {
    let agent = target(ctx)?.0;
    ctx.site.store.write(|tx| {
        let changes = agents::set_link(tx, &agent.uid, link)?;
        if changes.is_empty() {
            return Ok(());
        }
        let event = ctx.event(Action::RecordChanged).object(agents::name(&agent));
        tx.audit(&event.changes(changes))
    })?;
    ctx.site.pulls.forget(&agent.uid);
    Ok(Response::redirect(303, &format!("{}?done=saved", href(&agent.uid))))
}

/// The agent of the route.
fn target(ctx: &Ctx<'_>) -> Result<(Agent, AgentLink), WebError> {
    let uid = ctx.param("uid").unwrap_or_default();
    let found = ctx.site.store.read(|tx| Ok((tx.agent(uid)?, tx.agent_link(uid)?)))?;
    found.0.map(|agent| (agent, found.1)).ok_or(WebError::NotFound)
}

fn show(ctx: &Ctx<'_>, adjust: impl FnOnce(&mut AgentPage)) -> Result<Response, WebError> {
    let (agent, link) = target(ctx)?;
    let status = ctx.site.pulls.status(&agent.uid);
    let waiting = ctx
        .site
        .store
        .read(|tx| tx.jobs_waiting_in(&pulls::queue(&agent.uid), PULLS_MAX as usize))?;
    let mut view = AgentPage {
        href: href(&agent.uid),
        name: agents::name(&agent).to_owned(),
        uid: agent.uid.clone(),
        software: software(&agent),
        first_seen: time(ctx, agent.first_seen),
        last_seen: time(ctx, agent.last_seen),
        posted_from: agent.address.clone(),
        offer: !link.enabled && link.host.is_empty() && !agent.address.is_empty(),
        frames: frames(&link, &status),
        waiting: waiting as u64,
        fetched: status.fetched_at.map(|at| time(ctx, at)),
        trouble: clean(&status.error),
        enabled: link.enabled,
        schemes: schemes(link.scheme),
        host: link.host.clone(),
        port: link.port.to_string(),
        ..AgentPage::default()
    };
    adjust(&mut view);
    let status = if view.errors.is_empty() { 200 } else { 422 };
    let page = Page::new("agent", view.name.as_str(), "agents").status(status);
    render_with(ctx, &page, &view, |shell| shell.flash = flash(ctx))
}

fn href(uid: &str) -> String {
    // Nothing else than letters, digits and `_.-` is kept in an id.
    format!("{}/{uid}", paths::AGENTS)
}

fn time(ctx: &Ctx<'_>, at: Timestamp) -> TimeView {
    TimeView::new(at, ctx.now, &ctx.zone())
}

fn software(agent: &Agent) -> String {
    let parts = [agent.kind.as_str(), agent.version.as_str()];
    parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" ")
}

fn frames(link: &AgentLink, status: &LaneStatus) -> Tag {
    match (link.is_usable(), status.silent_since) {
        (false, _) => Tag::new(Tone::Off, "Off"),
        (true, Some(_)) => Tag::new(Tone::Bad, "Silent"),
        (true, None) if !status.error.is_empty() => Tag::new(Tone::Warn, "Some missing"),
        (true, None) => Tag::new(Tone::Ok, "On"),
    }
}

fn schemes(chosen: Scheme) -> Vec<Choice> {
    let all = [(Scheme::Http, "http"), (Scheme::Https, "https")];
    all.into_iter().map(|(it, label)| Choice::new(it.name(), label, it == chosen)).collect()
}
