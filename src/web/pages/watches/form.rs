//! The form of a watch: its fields as they were typed, what can be chosen, what a trial found.

use super::office::Office;
use super::{alerts_href, href};
use crate::base::limits::{
    TAGS_OFFERED_MAX, WATCH_NAME_CHARS_MAX, WATCH_QUIET_MINUTES_MAX, WATCH_TEXT_CHARS_MAX,
};
use crate::domain::watches::fields::{self, DAYS};
use crate::domain::watches::trial::Trial;
use crate::gate::{Form, Response};
use crate::model::user::Role;
use crate::model::watch::{Severity, Watch};
use crate::store::StoreError;
use crate::web::ctx::Ctx;
use crate::web::error::WebError;
use crate::web::pages::names::Names;
use crate::web::pages::shell::{Page, flash, render_with};
use crate::web::views::watches::{TrialView, WatchPage};
use crate::web::views::{Choice, FieldError, Link};
use crate::web::{format, paths, regions};

/// Texts of a form by field.
pub struct Texts(pub Vec<(&'static str, String)>);

impl Texts {
    /// The fields of `form`; of several values of one, as of check boxes, a list.
    pub fn of(form: &Form) -> Self {
        let given = |name: &&'static str| {
            let all: Vec<&str> = form.all(name).filter(|value| !value.is_empty()).collect();
            let sent = form.all(name).next().is_some();
            sent.then(|| (*name, all.join(",")))
        };
        Self(fields::FIELDS.iter().filter_map(given).collect())
    }

    /// A whole form: boxes that are not ticked are not sent.
    pub fn whole(form: &Form) -> Self {
        let sent = Self::of(form);
        let all = fields::FIELDS.map(|name| (name, sent.get(name).unwrap_or_default().to_owned()));
        Self(all.into())
    }

    /// The text of `name`.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(known, _)| *known == name).map(|(_, text)| text.as_str())
    }

    /// Whether the box `name` is ticked; `usual` when nothing is said.
    fn truth(&self, name: &str, usual: bool) -> bool {
        self.get(name).map_or(usual, |text| matches!(text, "true" | "yes" | "on" | "1"))
    }

    /// The parts of the list `name`.
    fn parts(&self, name: &str) -> Vec<&str> {
        self.get(name).unwrap_or_default().split(',').map(str::trim).collect()
    }

    fn text(&self, name: &str) -> String {
        self.get(name).unwrap_or_default().to_owned()
    }
}

/// What a form shows besides its fields.
#[derive(Default)]
pub struct Shown {
    /// Mistakes.
    pub errors: Vec<FieldError>,
    /// What a trial found.
    pub trial: Option<Trial>,
}

/// Shows the form of `base`, or of a new watch.
pub fn show(
    ctx: &Ctx<'_>,
    base: Option<&Watch>,
    texts: &Texts,
    shown: Shown,
) -> Result<Response, WebError> {
    let office = Office::open(ctx)?;
    let status = if shown.errors.is_empty() { 200 } else { 422 };
    let trial = shown.trial.map(|trial| trial_view(ctx, &trial)).transpose()?;
    let mut view = form_view(ctx, texts, &office)?;
    view.errors = shown.errors;
    view.trial = trial;
    if let Some(watch) = base {
        view.action = href(watch.id);
        view.title = watch.title();
        view.alerts = Some(Link::new(alerts_href(watch.id), "Its alerts"));
    } else {
        paths::WATCHES.clone_into(&mut view.action);
        "New watch".clone_into(&mut view.title);
    }
    let title = view.title.clone();
    let page = Page::new("watch", title, "watches").status(status);
    render_with(ctx, &page, &view, |shell| shell.flash = flash(ctx))
}

fn form_view(ctx: &Ctx<'_>, texts: &Texts, office: &Office) -> Result<WatchPage, WebError> {
    let owner = ctx.user()?;
    let (saved, tags) = ctx.site.store.read(|tx| {
        Ok::<_, StoreError>((tx.saved_searches(owner.id)?, tx.plate_tags(TAGS_OFFERED_MAX)?))
    })?;
    let saved = saved.iter();
    let saved = saved.map(|it| Choice::new(it.id.0.to_string(), it.name.as_str(), false));
    let cameras = texts.parts("cameras");
    let camera = |(value, name): &(String, String)| {
        Choice::new(value, name, cameras.contains(&value.as_str()))
    };
    Ok(WatchPage {
        kinds: kind_choices(texts),
        plate: texts.text("plate"),
        look_alike: texts.truth("look_alike", false),
        search: texts.text("search"),
        saved: saved.collect(),
        tag: texts.text("tag"),
        tags: tags.iter().map(|tag| tag.as_str().to_owned()).collect(),
        name: texts.text("name"),
        name_max: WATCH_NAME_CHARS_MAX,
        description: texts.text("description"),
        text_max: WATCH_TEXT_CHARS_MAX,
        regions: region_choices(&texts.text("region").to_lowercase()),
        region_match: texts.truth("region_match", true),
        severities: severity_choices(&texts.text("severity")),
        valid_from: texts.text("valid_from"),
        valid_until: texts.text("valid_until"),
        days: day_choices(texts),
        hours: texts.text("hours"),
        zone: format::zone_label(ctx.now, &ctx.zone()),
        cameras: office.names.cameras.iter().map(camera).collect(),
        quiet_minutes: texts.text("quiet_minutes"),
        quiet_max: WATCH_QUIET_MINUTES_MAX,
        contacts: contact_choices(office, owner.role, &texts.parts("contacts")),
        enabled: texts.truth("enabled", true),
        ..WatchPage::default()
    })
}

fn kind_choices(texts: &Texts) -> Vec<Choice> {
    let said = texts.get("kind").filter(|kind| !kind.is_empty());
    let has_search = texts.get("search").is_some_and(|text| !text.is_empty());
    let kind = said.unwrap_or(if has_search { "search" } else { "plate" });
    [
        ("plate", "A plate", "Exactly, or with ? and *"),
        ("search", "A search", "Whatever the search page can find"),
        ("unlisted", "Plates on no list", "Not known, and not watched by you"),
    ]
    .map(|(value, label, hint)| Choice {
        hint: hint.to_owned(),
        ..Choice::new(value, label, value == kind)
    })
    .into()
}

fn severity_choices(chosen: &str) -> Vec<Choice> {
    let usual = Severity::default();
    Severity::ALL
        .map(|it| {
            let selected = if chosen.is_empty() { it == usual } else { it.name() == chosen };
            Choice::new(it.name(), it.label(), selected)
        })
        .into()
}

fn day_choices(texts: &Texts) -> Vec<Choice> {
    let (days, any) = (texts.parts("days"), texts.text("days").is_empty());
    DAYS.map(|day| Choice::new(day, format::upper_first(day), any || days.contains(&day))).into()
}

/// Other users; those who may add none see only who is a contact already.
fn contact_choices(office: &Office, role: Role, chosen: &[&str]) -> Vec<Choice> {
    let others = office.users.iter().filter(|user| user.id != office.owner.id);
    let choices = others.filter_map(|user| {
        let username = user.username.as_str();
        let selected = chosen.contains(&username);
        let name = if user.name.is_empty() { username } else { &user.name };
        let offered = selected || (role >= Role::Admin && !user.suspended);
        offered.then(|| Choice::new(username, name, selected))
    });
    choices.collect()
}

fn region_choices(chosen: &str) -> Vec<Choice> {
    let mut choices = vec![Choice::new("", "Any", chosen.is_empty())];
    if !chosen.is_empty() && !regions::all().any(|(code, _)| code == chosen) {
        choices.push(Choice::new(chosen, chosen.to_uppercase(), true));
    }
    let mut all: Vec<(&str, String)> =
        regions::all().map(|(code, _)| (code, regions::full_name(code, ""))).collect();
    all.sort_by(|a, b| a.1.cmp(&b.1));
    choices.extend(all.into_iter().map(|(code, name)| Choice::new(code, name, code == chosen)));
    choices
}

fn trial_view(ctx: &Ctx<'_>, trial: &Trial) -> Result<TrialView, WebError> {
    let zone = ctx.zone();
    let names = ctx.site.store.read(Names::load)?;
    let text = match trial.matches {
        0 => "No read of the last 30 days would have matched.".to_owned(),
        count => format!(
            "{} of the last 30 days would have matched.",
            format::count(count, "read", "reads")
        ),
    };
    let mut notes = Vec::new();
    if trial.silent > 0 {
        let many = format::count(trial.silent, "of them", "of them");
        notes.push(format!("{many} silently: another region, late or parked."));
    }
    if trial.stopped {
        notes.push(format!(
            "Only the newest {} reads were looked at.",
            format::number(trial.looked_at)
        ));
    }
    if trial.matches > trial.rows.len() as u64 {
        notes.push("The newest are shown.".to_owned());
    }
    Ok(TrialView {
        text,
        note: notes.join(" "),
        rows: trial.rows.iter().map(|row| names.row(row, ctx.now, &zone)).collect(),
        zone: format::zone_short(ctx.now, &zone),
    })
}
