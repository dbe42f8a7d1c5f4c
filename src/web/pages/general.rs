//! Settings/General: a section for the box, one for printed pages, one for how long things are kept.

use crate::base::limits::LOGO_BYTES_MAX;
use crate::domain::logo;
use crate::domain::report::{self, LogoChange};
use crate::domain::retention;
use crate::domain::settings::GeneralForm;
use crate::gate::Response;
use crate::model::audit::{Action, Change};
use crate::model::settings::{Report, Retention};
use crate::model::text::clean;
use crate::web::ctx::{Ctx, Input};
use crate::web::error::WebError;
use crate::web::pages::settings::save_settings;
use crate::web::pages::shell::{Page, flash, render_with};
use crate::web::paths;
use crate::web::views::FieldError;
use crate::web::views::general::GeneralPage;
use crate::web::views::read::TimeView;
use crate::web::views::setup::zones;

/// Largest form with a logo, bytes: the logo, and room for the other fields.
pub const FORM_MAX: u64 = LOGO_BYTES_MAX as u64 + 16 * 1024;

/// `GET /settings/general`.
pub fn page(ctx: &Ctx<'_>, _: &mut Input<'_, '_>) -> Result<Response, WebError> {
    show(ctx, |_| {})
}

/// `POST /settings/general`.
pub fn save_box(ctx: &Ctx<'_>, input: &mut Input<'_, '_>) -> Result<Response, WebError> {
    let form = input.form()?;
    let field = |name: &str| form.get(name).unwrap_or_default();
    let (box_name, public_url, zone) = (field("box_name"), field("public_url"), field("time_zone"));
    let typed = GeneralForm {
        box_name: Some(box_name),
        public_url: Some(public_url),
        time_zone: Some(zone),
        ..GeneralForm::default()
    };
    match save_settings(ctx, typed)? {
        Ok(()) => Ok(saved()),
        Err(errors) => show(ctx, |view| {
            view.box_name = clean(box_name);
            view.public_url = clean(public_url);
            view.zones = zones(&clean(zone));
            view.box_errors = errors;
        }),
    }
}

/// `POST /settings/report`: a form with a file; `reset` asks for the program's own logo.
pub fn save_report(ctx: &Ctx<'_>, input: &mut Input<'_, '_>) -> Result<Response, WebError> {
    let form = input.form()?;
    let reset = form.get("reset").is_some();
    let typed = form.get("organisation").unwrap_or_default().to_owned();
    let mut errors = Vec::new();
    let organisation = report::organisation(&typed);
    if let Err(rule) = &organisation {
        errors.push(FieldError::new("organisation", sentence(rule)));
    }
    let change = match input.file("logo")?.map(|file| logo::check(&file.bytes)) {
        _ if reset => LogoChange::Reset,
        None => LogoChange::Keep,
        Some(Ok(logo)) => LogoChange::Set(logo),
        Some(Err(rule)) => {
            errors.push(FieldError::new("logo", sentence(&rule)));
            LogoChange::Keep
        }
    };
    if !errors.is_empty() {
        return show(ctx, |view| {
            view.organisation = clean(&typed);
            view.report_errors = errors;
        });
    }
    let site = ctx.site;
    let before: Report = site.settings.current().report.clone();
    site.store.write(|tx| {
        let name = organisation.as_deref().ok();
        let changes: Vec<Change> = report::save(tx, &before, name, &change)?;
        if changes.is_empty() {
            return Ok(());
        }
        tx.audit(&ctx.event(Action::SettingsChanged).changes(changes))
    })?;
    site.settings.reload(&site.store)?;
    Ok(saved())
}

/// `POST /settings/retention`: how long the audit log is kept.
pub fn save_retention(ctx: &Ctx<'_>, input: &mut Input<'_, '_>) -> Result<Response, WebError> {
    let typed = input.form()?.get("audit_days").unwrap_or_default();
    let after = match retention::audit_days(typed) {
        Ok(audit_days) => Retention { audit_days },
        Err(rule) => {
            let error = FieldError::new("audit_days", sentence(&rule));
            return show(ctx, |view| {
                view.audit_days = clean(typed);
                view.retention_errors.push(error);
            });
        }
    };
    let site = ctx.site;
    let before = site.settings.current().retention.clone();
    site.store.write(|tx| {
        let changes = retention::save(tx, &before, &after)?;
        let event = ctx.event(Action::SettingsChanged);
        if changes.is_empty() { Ok(()) } else { tx.audit(&event.changes(changes)) }
    })?;
    site.settings.reload(&site.store)?;
    Ok(saved())
}

/// `GET /report/logo/{hash}`: the logo on printed pages. The hash only tells versions apart.
pub fn logo_file(ctx: &Ctx<'_>, _: &mut Input<'_, '_>) -> Result<Response, WebError> {
    let current = ctx.site.settings.current().report.logo.clone();
    if current.is_none_or(|logo| ctx.param("hash") != Some(&logo.hash)) {
        return Err(WebError::NotFound);
    }
    let file = ctx.site.store.read(report::logo)?.ok_or(WebError::NotFound)?;
    Ok(Response::new(200).bytes(&file.media_type, file.bytes))
}

/// Address of the logo on printed pages.
pub fn logo_href(ctx: &Ctx<'_>) -> String {
    match &ctx.site.settings.current().report.logo {
        Some(logo) => format!("{}/{}", paths::REPORT_LOGO, logo.hash),
        None => ctx.site.renderer.assets().url("logo.svg").unwrap_or_default().to_owned(),
    }
}

fn saved() -> Response {
    Response::redirect(303, &format!("{}?done=saved", paths::GENERAL))
}

fn sentence(rule: &str) -> String {
    format!("{}.", crate::web::format::upper_first(rule))
}

fn show(ctx: &Ctx<'_>, adjust: impl FnOnce(&mut GeneralPage)) -> Result<Response, WebError> {
    let settings = ctx.site.settings.current();
    let mut view = GeneralPage {
        box_name: settings.general.box_name.clone(),
        public_url: settings.general.public_url.clone(),
        zones: zones(&settings.general.time_zone),
        now: TimeView::new(ctx.now, ctx.now, &ctx.zone()),
        organisation: settings.report.organisation.clone(),
        logo: logo_href(ctx),
        own_logo: settings.report.logo.is_some(),
        audit_days: settings.retention.audit_days.to_string(),
        ..GeneralPage::default()
    };
    adjust(&mut view);
    let errors = [&view.box_errors, &view.report_errors, &view.retention_errors];
    let right = errors.iter().all(|list| list.is_empty());
    let page = Page::new("general", "General", "general").status(if right { 200 } else { 422 });
    render_with(ctx, &page, &view, |shell| shell.flash = flash(ctx))
}
