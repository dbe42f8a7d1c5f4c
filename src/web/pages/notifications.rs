//! Settings/Notifications: how people are told, a test of each way, and what could not be delivered.

use crate::domain::channels::{self, Typed};
use crate::domain::{messages, settings};
use crate::gate::{Form, Response};
use crate::model::audit::{Action, Change};
use crate::model::job::{Job, JobId, JobState};
use crate::model::notice::{Delivery, Notice};
use crate::model::text::clean;
use crate::notify::{self, CHANNELS, COMMON, Channel, Config, Field, Kind, Reach};
use crate::store::StoreError;
use crate::web::ctx::{Ctx, Input};
use crate::web::error::WebError;
use crate::web::pages::shell::{Page, flash, render_with};
use crate::web::views::notifications::{ChannelCard, FailedRow, FieldView, NotificationsPage};
use crate::web::views::read::TimeView;
use crate::web::views::shell::Flash;
use crate::web::views::{Choice, FieldError, Tag, Tone};
use crate::web::{format, paths};
use crate::worker::outbox::Outbox;

/// Failed messages on the page.
const FAILED_ROWS: usize = 50;

/// `GET /settings/notifications`.
pub fn page(ctx: &Ctx<'_>, _: &mut Input<'_, '_>) -> Result<Response, WebError> {
    show(ctx, None, |_| {})
}

/// `POST /settings/notifications/{channel}`.
pub fn save(ctx: &Ctx<'_>, input: &mut Input<'_, '_>) -> Result<Response, WebError> {
    let channel = named(ctx)?;
    let form = input.form()?;
    let typed = typed(channel, form);
    let base = ctx.site.store.read(|tx| channels::load(tx, channel))?.0;
    let remove = |key: &str| form.get(&format!("remove_{key}")).is_some();
    match store(ctx, channel, &base, &typed, remove)? {
        Ok(_) => {
            let to = format!("{}?done=saved#{}", paths::NOTIFICATIONS, channel.id());
            Ok(Response::redirect(303, &to))
        }
        Err(errors) => show(ctx, None, |view| {
            let card = view.channels.iter_mut().find(|card| card.id == channel.id());
            if let Some(card) = card {
                card.open = true;
                put_back(card, &typed);
            }
            view.errors = shown(channel, errors);
        }),
    }
}

/// Keeps what was typed, with one entry for what differs; the inner errors are for whoever typed it.
pub fn store(
    ctx: &Ctx<'_>,
    channel: &'static dyn Channel,
    base: &Config,
    typed: &Typed,
    remove: impl Fn(&str) -> bool,
) -> Result<Result<Vec<Change>, Vec<settings::FieldError>>, WebError> {
    let applied = match channels::apply(channel, base, typed, remove) {
        Ok(applied) => applied,
        Err(errors) => return Ok(Err(errors)),
    };
    let changes = ctx.site.store.write(|tx| {
        let changes = channels::save(tx, channel, &applied)?;
        let event = ctx.event(Action::SettingsChanged).changes(changes.clone());
        if !event.changes.is_empty() {
            tx.audit(&event)?;
        }
        Ok(changes)
    })?;
    ctx.site.outbox.refresh(channel.id());
    Ok(Ok(changes))
}

/// `POST /settings/notifications/{channel}/test`: sends a message past the queue.
pub fn test(ctx: &Ctx<'_>, input: &mut Input<'_, '_>) -> Result<Response, WebError> {
    let channel = named(ctx)?;
    let to = input.form()?.get("to").unwrap_or_default().to_owned();
    let flash = match try_out(ctx, channel, &to)? {
        Ok(said) => Flash { tone: Tone::Ok, text: format!("{}: {said}", channel.label()) },
        Err(why) => Flash { tone: Tone::Bad, text: format!("{}: {why}", channel.label()) },
    };
    show(ctx, Some(flash), |view| {
        if let Some(card) = view.channels.iter_mut().find(|card| card.id == channel.id()) {
            card.open = true;
        }
    })
}

/// Sends a test to `to`, or to the first receiver that is set; the inner texts are the service's own
/// words, or where the way to it ended.
pub fn try_out(
    ctx: &Ctx<'_>,
    channel: &'static dyn Channel,
    to: &str,
) -> Result<Result<String, String>, WebError> {
    let config = ctx.site.store.read(|tx| channels::load(tx, channel))?.0;
    let to = match channel.reach() {
        Reach::Emails => Kind::Emails,
        Reach::Phones => Kind::Phones,
        Reach::Shared => Kind::Line,
    }
    .first(to);
    let to = match (to, channel.reach()) {
        (Err(rule), _) => return Ok(Err(format!("{}.", format::upper_first(&rule)))),
        (Ok(Some(to)), Reach::Emails | Reach::Phones) => to,
        _ => channel.targets(&config).into_iter().next().unwrap_or_default(),
    };
    if to.is_empty() && channel.reach() != Reach::Shared {
        return Ok(Err("Say whom to send it to.".to_owned()));
    }
    ctx.audit(Action::Command, format!("test of {}", channel.label()));
    let message = messages::test(&ctx.site.settings.current(), ctx.now);
    Ok(Outbox::test(channel, &config, &to, &message).map_err(|error| error.text))
}

/// `POST /settings/notifications/failed`: sends again, or forgets, one or all.
pub fn failed(ctx: &Ctx<'_>, input: &mut Input<'_, '_>) -> Result<Response, WebError> {
    let form = input.form()?;
    let again = form.get("do") != Some("forget");
    let one = form.get("id").and_then(JobId::parse);
    let jobs = ctx.site.store.read(|tx| tx.dead_jobs(usize::MAX))?;
    let chosen: Vec<Job> =
        jobs.into_iter().filter(|job| one.is_none_or(|id| id == job.id)).collect();
    if one.is_none() && form.get("id").is_some_and(|id| id != "all") {
        return Err(WebError::NotFound);
    }
    ctx.site.store.write(|tx| {
        for job in &chosen {
            if again {
                tx.put_job(&resent(job, ctx))?;
            } else {
                tx.remove_job(job.id)?;
            }
        }
        let what = if again { "sent again" } else { "forgotten" };
        let note = format!("{} failed messages {what}", chosen.len());
        if chosen.is_empty() {
            return Ok(());
        }
        tx.audit(&ctx.event(Action::Command).object("outbox").note(note))
    })?;
    let done = if again { "resent" } else { "deleted" };
    Ok(Response::redirect(303, &format!("{}?done={done}#failed", paths::NOTIFICATIONS)))
}

/// `job` as if it had come up now.
fn resent(job: &Job, ctx: &Ctx<'_>) -> Job {
    Job {
        state: JobState::Waiting,
        tries: 0,
        begun: None,
        made: ctx.now,
        due: ctx.now,
        ..job.clone()
    }
}

/// The channel in the address.
pub fn named(ctx: &Ctx<'_>) -> Result<&'static dyn Channel, WebError> {
    ctx.param("channel").and_then(notify::channel).ok_or(WebError::NotFound)
}

/// What a form says of each field; a switch that is off is not in it.
fn typed(channel: &dyn Channel, form: &Form) -> Typed {
    let text = |field: &Field| form.get(field.key).unwrap_or_default().to_owned();
    channels::fields(channel).map(|field| (field.key, text(field))).collect()
}

fn put_back(card: &mut ChannelCard, typed: &Typed) {
    for view in card.switches.iter_mut().chain(&mut card.fields) {
        let Some((_, text)) = typed.iter().find(|(key, _)| *key == view.key) else { continue };
        match view.kind {
            "secret" => {}
            "switch" => view.on = !text.is_empty(),
            "choice" => {
                for choice in &mut view.choices {
                    choice.selected = choice.value == *text;
                }
            }
            _ => view.value.clone_from(text),
        }
    }
}

fn shown(channel: &dyn Channel, errors: Vec<settings::FieldError>) -> Vec<FieldError> {
    let shown = |error: settings::FieldError| {
        let label = channels::fields(channel).find(|it| it.key == error.field);
        let label = label.map_or(error.field, |field| field.label);
        let text = format!("{label}: {}.", error.message);
        FieldError::new(format!("{}-{}", channel.id(), error.field), text)
    };
    errors.into_iter().map(shown).collect()
}

fn show(
    ctx: &Ctx<'_>,
    news: Option<Flash>,
    adjust: impl FnOnce(&mut NotificationsPage),
) -> Result<Response, WebError> {
    let (loaded, failed, dead, waiting) = ctx.site.store.read(|tx| {
        let loaded = CHANNELS.iter().map(|channel| channels::load(tx, *channel));
        let loaded = loaded.collect::<Result<Vec<_>, StoreError>>()?;
        Ok((loaded, tx.dead_jobs(FAILED_ROWS)?, tx.jobs_dead()?, tx.jobs_waiting()?))
    })?;
    let cards = CHANNELS.iter().zip(&loaded);
    let mut view = NotificationsPage {
        channels: cards.map(|(it, (config, lost))| card(ctx, *it, config, lost)).collect(),
        waiting,
        more: dead.saturating_sub(failed.len() as u64),
        failed: failed.iter().map(|job| row(ctx, job)).collect(),
        has_public_url: !ctx.site.settings.current().general.public_url.is_empty(),
        errors: Vec::new(),
    };
    adjust(&mut view);
    let status = if view.errors.is_empty() { 200 } else { 422 };
    let page = Page::new("notifications", "Notifications", "notifications").status(status);
    render_with(ctx, &page, &view, |shell| shell.flash = news.or_else(|| flash(ctx)))
}

fn card(
    ctx: &Ctx<'_>,
    channel: &'static dyn Channel,
    config: &Config,
    lost: &[&'static str],
) -> ChannelCard {
    let status = ctx.site.outbox.status(channel.id());
    let enabled = config.is_on("enabled");
    let zone = ctx.zone();
    let time = |at| {
        let at = TimeView::new(at, ctx.now, &zone);
        format!("{} {}", at.day, at.clock)
    };
    let mut news = Vec::new();
    if let Some((at, said)) = &status.sent {
        news.push(format!("Last sent {}. {said}", time(*at)));
    }
    if let Some((at, why)) = &status.failed {
        news.push(format!("Last failed {}. {why}", time(*at)));
    }
    let paused = status.paused_until.filter(|until| enabled && *until > ctx.now);
    if let Some(until) = paused {
        news.push(format!("Rests until {}; what comes meanwhile waits.", time(until)));
    }
    let state = match (enabled, lost.is_empty(), paused) {
        (_, false, _) => Tag::new(Tone::Bad, "Secret lost"),
        (false, ..) => Tag::new(Tone::Off, "Off"),
        (true, _, Some(_)) => Tag::new(Tone::Warn, "Resting"),
        (true, ..) => Tag::new(Tone::Ok, "On"),
    };
    let view = |field: &Field| field_view(channel, field, config, lost);
    let ready =
        channels::fields(channel).all(|field| !field.needed || !config.get(field.key).is_empty());
    let user = ctx.user().ok();
    let (test_label, test_to) = match channel.reach() {
        Reach::Emails => ("To", user.map(|user| user.email.as_str().to_owned())),
        Reach::Phones => ("To", user.map(|user| user.details.phone.clone())),
        Reach::Shared => ("", None),
    };
    ChannelCard {
        id: channel.id(),
        label: channel.label(),
        about: channel.about(),
        state,
        open: enabled,
        switches: COMMON.iter().map(view).collect(),
        fields: channel.fields().iter().map(view).collect(),
        news,
        ready,
        test_label,
        test_to: test_to.unwrap_or_default(),
    }
}

fn field_view(
    channel: &dyn Channel,
    field: &Field,
    config: &Config,
    lost: &[&'static str],
) -> FieldView {
    let value = if field.kind.is_secret() { "" } else { config.get(field.key) };
    let (kind, choices) = match field.kind {
        Kind::Secret | Kind::SecretUrl => ("secret", Vec::new()),
        Kind::Switch => ("switch", Vec::new()),
        Kind::Pem | Kind::Template => ("lines", Vec::new()),
        Kind::Choice(list) => {
            let choice = |(name, label): &(&str, &str)| Choice::new(*name, *label, *name == value);
            ("choice", list.iter().map(choice).collect())
        }
        _ => ("line", Vec::new()),
    };
    let kept = config.has_secret(field.key) && !config.get(field.key).is_empty();
    FieldView {
        key: field.key,
        id: format!("{}-{}", channel.id(), field.key),
        label: field.label,
        kind,
        value: value.to_owned(),
        hint: field.hint,
        choices,
        on: if field.kind == Kind::Switch { value == "true" } else { kept },
        lost: lost.contains(&field.key),
    }
}

fn row(ctx: &Ctx<'_>, job: &Job) -> FailedRow {
    let delivery: Option<Delivery> = serde_json::from_slice(&job.payload).ok();
    let id = job.queue.strip_prefix("send.").unwrap_or(&job.queue);
    let about = delivery.as_ref().map(|it| match it.notices.as_slice() {
        [Notice::Match { .. }] => "A match of a watch".to_owned(),
        [Notice::RekorAlert { .. }] => "A Rekor alert".to_owned(),
        [Notice::Operational { subject, .. } | Notice::Mail { subject, .. }] => clean(subject),
        [Notice::Welcome { .. }] => "A new account".to_owned(),
        [Notice::ResetLink { .. }] => "A link to set a password".to_owned(),
        several => format!("{} alerts in one", several.len()),
    });
    FailedRow {
        id: job.id.0,
        channel: notify::channel(id).map_or_else(|| id.to_owned(), |it| it.label().to_owned()),
        to: delivery.map(|it| it.to).unwrap_or_default(),
        about: about.unwrap_or_default(),
        error: job.error.clone(),
        made: TimeView::new(job.made, ctx.now, &ctx.zone()),
    }
}
