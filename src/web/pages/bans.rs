//! Settings/Bans: the list, banning and lifting by hand, the rules, AbuseIPDB.

use crate::base::network::{Network, is_loopback};
use crate::base::secret::{Kept, Secret};
use crate::domain::bans::is_protected;
use crate::domain::guard_settings::{
    self, ABUSEIPDB_KEY, apply_abuseipdb, apply_ipban, remove_key,
};
use crate::domain::settings;
use crate::gate::Response;
use crate::model::audit::{Action, Change, differences};
use crate::model::ban::Ban;
use crate::model::guard::{IpBan, PROXY_HEADERS, listed};
use crate::model::text::clean;
use crate::store::{StoreError, WriteTx};
use crate::web::ctx::{Ctx, Input};
use crate::web::doorman::length;
use crate::web::error::WebError;
use crate::web::pages::login::refusal;
use crate::web::pages::shell::{Page, flash, render_with};
use crate::web::views::bans::{AbuseView, AddBan, BanRow, BansPage, Rules, Weight};
use crate::web::views::read::TimeView;
use crate::web::views::shell::Flash;
use crate::web::views::{Choice, FieldError, Tag, Tone};
use crate::web::{format, paths};

/// Bans on the page; whoever has more searches the export of the audit log.
const ROWS: usize = 200;
/// Lengths to choose from: seconds and words; 0 is for good.
const LENGTHS: [(u32, &str); 5] = [
    (3600, "1 hour"),
    (86_400, "1 day"),
    (7 * 86_400, "7 days"),
    (30 * 86_400, "30 days"),
    (0, "For good"),
];
/// Longest key of a service, bytes.
const KEY_BYTES_MAX: usize = 256;

/// `GET /settings/bans`.
pub fn page(ctx: &Ctx<'_>, _: &mut Input<'_, '_>) -> Result<Response, WebError> {
    show(ctx, None, |_| {})
}

/// `POST /settings/bans`: the rules.
pub fn save_rules(ctx: &Ctx<'_>, input: &mut Input<'_, '_>) -> Result<Response, WebError> {
    let form = input.form()?;
    let text = |field: &str| Some(form.get(field).unwrap_or_default().to_owned());
    let before = ctx.site.settings.current().ipban.clone();
    match apply_ipban(&before, text) {
        Ok(after) => {
            save(ctx, &before.fields(), &after.fields(), |_| Ok(Vec::new()))?;
            Ok(done("saved"))
        }
        Err(errors) => show(ctx, None, |view| {
            let typed = |field: &str| clean(form.get(field).unwrap_or_default());
            view.rules.ban_count = typed("ban_count");
            view.rules.ban_seconds = typed("ban_seconds");
            view.rules.find_seconds = typed("find_seconds");
            for weight in &mut view.rules.weights {
                weight.value = typed(weight.name);
            }
            view.rules.trusted_proxies = lines(form.get("trusted_proxies").unwrap_or_default());
            view.rules.allow = lines(form.get("allow").unwrap_or_default());
            view.errors = shown(errors);
        }),
    }
}

/// `POST /settings/bans/abuseipdb`: switches, address and key. An empty key stays as it is.
pub fn save_abuse(ctx: &Ctx<'_>, input: &mut Input<'_, '_>) -> Result<Response, WebError> {
    let form = input.form()?;
    let text = |field: &str| Some(form.get(field).unwrap_or_default().to_owned());
    let before = ctx.site.settings.current().abuseipdb.clone();
    let key = form.get("key").unwrap_or_default().trim();
    let mut errors = Vec::new();
    if key.len() > KEY_BYTES_MAX || !key.bytes().all(|byte| byte.is_ascii_graphic()) {
        errors.push(FieldError::new("key", "Paste the key as AbuseIPDB shows it."));
    }
    let after = match apply_abuseipdb(&before, text) {
        Ok(after) if errors.is_empty() => after,
        Ok(_) => return show(ctx, None, |view| view.errors = errors),
        Err(wrong) => {
            errors.extend(shown(wrong));
            return show(ctx, None, |view| {
                view.abuse.base_url = clean(form.get("base_url").unwrap_or_default());
                view.errors = errors;
            });
        }
    };
    let remove = form.get("remove_key").is_some();
    save(ctx, &before.fields(), &after.fields(), |tx| {
        if remove {
            return Ok(remove_key(tx)?.into_iter().collect());
        }
        if key.is_empty() {
            return Ok(Vec::new());
        }
        tx.put_secret(ABUSEIPDB_KEY, &Secret::new(key))?;
        Ok(vec![Change::secret(ABUSEIPDB_KEY)])
    })?;
    ctx.site.abuse.refresh();
    Ok(done("saved"))
}

/// `POST /settings/bans/test`: asks AbuseIPDB whether it takes the key.
pub fn test_key(ctx: &Ctx<'_>, _: &mut Input<'_, '_>) -> Result<Response, WebError> {
    ctx.audit(Action::Command, "test of the AbuseIPDB key");
    let flash = match ctx.site.abuse.test() {
        Ok(text) => Flash { tone: Tone::Ok, text },
        Err(text) => Flash { tone: Tone::Bad, text },
    };
    show(ctx, Some(flash), |_| {})
}

/// `POST /settings/bans/add`.
pub fn add(ctx: &Ctx<'_>, input: &mut Input<'_, '_>) -> Result<Response, WebError> {
    let form = input.form()?;
    let field = |name: &str| form.get(name).unwrap_or_default();
    let (network, reason) = (field("network"), clean(field("reason")));
    let seconds =
        LENGTHS.iter().map(|(seconds, _)| *seconds).find(|it| it.to_string() == field("seconds"));
    let typed = AddBan {
        network: clean(network),
        reason: reason.clone(),
        lengths: lengths(seconds.unwrap_or(86_400)),
        confirm: false,
    };
    let wrong = |error: FieldError, confirm: bool| {
        show(ctx, None, |view| {
            view.errors.push(error);
            view.add = AddBan { confirm, ..typed };
        })
    };
    let Some(network) = Network::parse(network) else {
        let message = "Give an address or a range such as 192.0.2.0/24.";
        return wrong(FieldError::new("network", message), false);
    };
    let own = Network::of_customer(ctx.head.client);
    let shuts_out = network.contains(ctx.head.client) || network == own;
    if shuts_out && !is_safe(ctx) && form.get("confirm").is_none() {
        let message = "That is where you are: you would be shut out yourself. Confirm it below.";
        return wrong(FieldError::new("network", message), true);
    }
    let seconds = seconds.filter(|seconds| *seconds > 0);
    let (site, user) = (ctx.site, ctx.user()?);
    let policy = &site.settings.current().ipban;
    let by = user.username.as_str();
    match site.bans.ban(network, seconds, &reason, by, policy, ctx.now) {
        Ok(ban) => {
            let event = ctx.event(Action::Ban).object(ban.network.to_string());
            write(ctx, &event.note(format!("{reason}, {}", length(&ban))))?;
            Ok(done("banned"))
        }
        Err(error) => wrong(refusal(error, "network")?, false),
    }
}

/// `POST /settings/bans/lift`.
pub fn lift(ctx: &Ctx<'_>, input: &mut Input<'_, '_>) -> Result<Response, WebError> {
    let text = input.form()?.get("network").unwrap_or_default().to_owned();
    if let Some(ban) = Network::parse(&text).and_then(|network| ctx.site.bans.unban(network)) {
        let event = ctx.event(Action::Unban).object(ban.network.to_string());
        write(ctx, &event.note(&ban.reason))?;
    }
    Ok(done("lifted"))
}

/// Writes changed bans and `event` at once.
fn write(ctx: &Ctx<'_>, event: &crate::model::audit::Event) -> Result<(), WebError> {
    let site = ctx.site;
    let written = site.store.write(|tx| {
        tx.audit(event)?;
        site.bans.save(tx, &site.settings.current().ipban)
    })?;
    site.bans.saved(&written);
    Ok(())
}

type Fields = [(&'static str, String)];

/// Keeps `after` and what `more` writes, with one entry for what differs.
fn save(
    ctx: &Ctx<'_>,
    before: &Fields,
    after: &Fields,
    more: impl FnOnce(&WriteTx) -> Result<Vec<Change>, StoreError>,
) -> Result<(), WebError> {
    let site = ctx.site;
    site.store.write(|tx| {
        guard_settings::save(tx, after)?;
        let mut changes = differences(before, after);
        changes.extend(more(tx)?);
        let event = ctx.event(Action::SettingsChanged).changes(changes);
        if event.changes.is_empty() { Ok(()) } else { tx.audit(&event) }
    })?;
    Ok(site.settings.reload(&site.store)?)
}

fn done(what: &str) -> Response {
    Response::redirect(303, &format!("{}?done={what}", paths::BANS))
}

/// What each offence counts.
fn weights(policy: &IpBan) -> Vec<Weight> {
    let weight = |name, label, value: u32| Weight { name, label, value: value.to_string() };
    vec![
        weight("weight_sign_in", "Failed sign-in", policy.weight_sign_in),
        weight("weight_key", "Wrong key", policy.weight_key),
        weight("weight_not_found", "Unknown address", policy.weight_not_found),
        weight("weight_nuisance", "Scanner", policy.weight_nuisance),
    ]
}

fn shown(errors: Vec<settings::FieldError>) -> Vec<FieldError> {
    errors.into_iter().map(FieldError::from).collect()
}

/// Ranges as they were typed, one a line.
fn lines(text: &str) -> String {
    text.lines().map(clean).collect::<Vec<_>>().join("\n")
}

fn lengths(chosen: u32) -> Vec<Choice> {
    LENGTHS
        .map(|(seconds, label)| Choice::new(seconds.to_string(), label, seconds == chosen))
        .into()
}

fn is_safe(ctx: &Ctx<'_>) -> bool {
    is_protected(ctx.head.client, &ctx.site.settings.current().ipban)
}

fn show(
    ctx: &Ctx<'_>,
    news: Option<Flash>,
    adjust: impl FnOnce(&mut BansPage),
) -> Result<Response, WebError> {
    let settings = ctx.site.settings.current();
    let policy = &settings.ipban;
    let bans = ctx.site.bans.list(ctx.now);
    let header = |name: &&'static str| {
        let label = if name.is_empty() { "None" } else { name };
        Choice::new(*name, label, *name == policy.proxy_header)
    };
    let own_safe = if is_loopback(ctx.head.client) {
        "the box itself is never banned"
    } else if is_safe(ctx) {
        "it is on the allow list"
    } else {
        ""
    };
    let mut view = BansPage {
        bans: bans.iter().take(ROWS).map(|ban| row(ctx, ban)).collect(),
        more: bans.len().saturating_sub(ROWS) as u64,
        own_address: ctx.head.client.to_string(),
        own_safe: own_safe.to_owned(),
        rules: Rules {
            ban_count: policy.ban_count.to_string(),
            ban_seconds: policy.ban_seconds.to_string(),
            find_seconds: policy.find_seconds.to_string(),
            weights: weights(policy),
            persist: policy.persist,
            headers: PROXY_HEADERS.iter().map(header).collect(),
            trusted_proxies: listed(&policy.trusted_proxies).replace(' ', "\n"),
            allow: listed(&policy.allow).replace(' ', "\n"),
        },
        abuse: abuse(ctx)?,
        add: AddBan { lengths: lengths(86_400), ..AddBan::default() },
        errors: Vec::new(),
    };
    adjust(&mut view);
    let status = if view.errors.is_empty() { 200 } else { 422 };
    let page = Page::new("bans", "Bans", "bans").status(status);
    render_with(ctx, &page, &view, |shell| shell.flash = news.or_else(|| flash(ctx)))
}

fn abuse(ctx: &Ctx<'_>) -> Result<AbuseView, WebError> {
    let key = ctx.site.store.read(|tx| tx.secret(ABUSEIPDB_KEY))?;
    let settings = &ctx.site.settings.current().abuseipdb;
    let status = ctx.site.abuse.status();
    let zone = ctx.zone();
    let mut news = vec![status.list, status.report];
    if let Some(until) = status.paused_until.filter(|until| *until > ctx.now) {
        let until = TimeView::new(until, ctx.now, &zone);
        news.push(format!("Nothing is sent before {} {}.", until.day, until.clock));
    }
    news.retain(|text| !text.is_empty());
    Ok(AbuseView {
        has_key: !matches!(key, Kept::Unset),
        key: match key {
            Kept::Unset => Tag::new(Tone::Off, "No key"),
            Kept::Lost => Tag::new(Tone::Bad, "Key lost, enter it again"),
            Kept::Known(_) => Tag::new(Tone::Ok, "Key kept"),
        },
        report: settings.report,
        load: settings.load,
        base_url: settings.base_url.clone(),
        listed: ctx.site.bans.listed() as u64,
        list_at: status.list_at.map(|at| TimeView::new(at, ctx.now, &zone)),
        news,
    })
}

fn row(ctx: &Ctx<'_>, ban: &Ban) -> BanRow {
    let zone = ctx.zone();
    let time = |at| TimeView::new(at, ctx.now, &zone);
    BanRow {
        network: ban.network.to_string(),
        reason: if ban.reason.is_empty() {
            "By hand".to_owned()
        } else {
            format::upper_first(&ban.reason)
        },
        by: ban.by.clone(),
        begun: time(ban.begun),
        until: ban.until.map(time),
        times: if ban.times > 1 { format!("{} times", ban.times) } else { String::new() },
    }
}
