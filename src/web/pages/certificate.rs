//! Settings/Certificate: what the box presents, how people come in, a certificate that is brought.

use crate::base::limits::CERTIFICATE_RENEW_MS;
use crate::base::secret::Secret;
use crate::domain::settings::GeneralForm;
use crate::domain::{box_names, certificates};
use crate::gate::Response;
use crate::model::audit::{Action, Change, Event};
use crate::model::settings::General;
use crate::web::ctx::{Ctx, Input};
use crate::web::error::WebError;
use crate::web::format::upper_first;
use crate::web::pages::settings::save_settings;
use crate::web::pages::shell::{Page, flash, render_with};
use crate::web::paths;
use crate::web::views::capture::Fact;
use crate::web::views::certificate::{CertificatePage, lines};
use crate::web::views::read::TimeView;
use crate::web::views::{FieldError, Tag, Tone};

/// `GET /settings/certificate`.
pub fn page(ctx: &Ctx<'_>, _: &mut Input<'_, '_>) -> Result<Response, WebError> {
    show(ctx, |_| {})
}

/// `POST /settings/certificate`: the ways in.
pub fn save(ctx: &Ctx<'_>, input: &mut Input<'_, '_>) -> Result<Response, WebError> {
    let form = input.form()?;
    let (host_names, contact) = (
        form.get("host_names").unwrap_or_default().to_owned(),
        form.get("security_contact").unwrap_or_default().to_owned(),
    );
    let (allow_plain, hsts) = (form.get("allow_plain").is_some(), form.get("hsts").is_some());
    let typed = GeneralForm {
        allow_plain: Some(allow_plain),
        hsts: Some(hsts),
        host_names: Some(&host_names),
        security_contact: Some(&contact),
        ..GeneralForm::default()
    };
    match save_settings(ctx, typed)? {
        Ok(()) => Ok(saved()),
        Err(errors) => show(ctx, |view| {
            (view.allow_plain, view.hsts) = (allow_plain, hsts);
            (view.host_names, view.security_contact) = (host_names, contact);
            view.errors = errors;
        }),
    }
}

/// `POST /settings/certificate/own`: a certificate that is brought.
pub fn bring(ctx: &Ctx<'_>, input: &mut Input<'_, '_>) -> Result<Response, WebError> {
    let form = input.form()?;
    let chain = form.get(certificates::CHAIN).unwrap_or_default();
    let key = Secret::new(form.get(certificates::KEY).unwrap_or_default());
    let before = ctx.site.certificates.current().fingerprint.clone();
    let brought = ctx.site.store.write(|tx| {
        let brought = certificates::bring(tx, chain, &key, ctx.now)?;
        if let Ok(after) = &brought {
            tx.audit(&changed(ctx, &before, after))?;
        }
        Ok(brought)
    })?;
    match brought {
        Ok(_) => done(ctx),
        Err(error) => {
            let chain = chain.to_owned();
            show(ctx, |view| {
                view.chain = chain;
                view.errors =
                    vec![FieldError::new(error.field, format!("{}.", upper_first(&error.message)))];
            })
        }
    }
}

/// `POST /settings/certificate/box`: back to the box's own.
pub fn drop_own(ctx: &Ctx<'_>, _: &mut Input<'_, '_>) -> Result<Response, WebError> {
    let before = ctx.site.certificates.current().fingerprint.clone();
    ctx.site.store.write(|tx| {
        let dropped = certificates::drop_own(tx)?;
        if dropped { tx.audit(&changed(ctx, &before, "the box's own")) } else { Ok(()) }
    })?;
    done(ctx)
}

fn changed(ctx: &Ctx<'_>, before: &str, after: &str) -> Event {
    ctx.event(Action::SettingsChanged).changes(Change::of("certificate", before, after))
}

/// Presents what the change made right, and comes back.
fn done(ctx: &Ctx<'_>) -> Result<Response, WebError> {
    let refreshed = ctx.site.certificates.refresh(&ctx.site.store, ctx.now);
    refreshed.map_err(|error| WebError::Internal(error.to_string()))?;
    Ok(saved())
}

fn saved() -> Response {
    Response::redirect(303, &format!("{}?done=saved", paths::CERTIFICATE))
}

fn show(ctx: &Ctx<'_>, adjust: impl FnOnce(&mut CertificatePage)) -> Result<Response, WebError> {
    let current = ctx.site.certificates.current();
    let general = ctx.site.settings.current().general.clone();
    let facts = &current.facts;
    let until = |at| TimeView::new(at, ctx.now, &ctx.zone()).exact;
    let mut view = CertificatePage {
        own: current.own,
        lost: ctx.site.store.read(certificates::own_is_lost)?,
        health: health(ctx, current.own),
        facts: vec![
            Fact::new("Issued by", &facts.issuer),
            Fact::new("Valid from", until(facts.not_before)),
            Fact::new("Valid until", until(facts.not_after)),
        ],
        names: facts.names.clone(),
        missing: missing(ctx, &general),
        fingerprint: lines(&current.fingerprint),
        authority: lines(&current.authority_fingerprint),
        allow_plain: general.allow_plain,
        hsts: general.hsts,
        host_names: general.host_names,
        security_contact: general.security_contact,
        ..CertificatePage::default()
    };
    adjust(&mut view);
    let status = if view.errors.is_empty() { 200 } else { 422 };
    let page = Page::new("certificate", "Certificate", "certificate").status(status);
    render_with(ctx, &page, &view, |shell| shell.flash = flash(ctx))
}

fn health(ctx: &Ctx<'_>, own: bool) -> Tag {
    let current = ctx.site.certificates.current();
    if !current.facts.is_valid(ctx.now) {
        return Tag::new(Tone::Bad, "Not valid now");
    }
    if own && !current.facts.is_valid(ctx.now.plus_ms(CERTIFICATE_RENEW_MS)) {
        return Tag::new(Tone::Warn, "Ends soon");
    }
    Tag::new(Tone::Ok, "Valid")
}

/// Names of the box outside that a certificate which was brought leaves out: browsers would refuse
/// it there.
fn missing(ctx: &Ctx<'_>, general: &General) -> Vec<String> {
    let current = ctx.site.certificates.current();
    let mut names = box_names::chosen(general);
    names.retain(|name| current.own && !current.facts.covers(name));
    names
}
