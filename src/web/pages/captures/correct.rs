//! Setting a misread plate right, and what the page of a read says about it.

use jiff::tz::TimeZone;

use super::Facts;
use crate::domain::corrections;
use crate::gate::Response;
use crate::model::audit::{Action, Change};
use crate::model::capture::{Capture, CaptureKey};
use crate::model::correction::Reading;
use crate::model::known_plate::Author;
use crate::model::plate::Plate;
use crate::model::user::Role;
use crate::store::{StoreError, WriteTx};
use crate::web::api::captures::key;
use crate::web::ctx::{Ctx, Input};
use crate::web::error::WebError;
use crate::web::regions;
use crate::web::views::capture::{CapturePage, CorrectForm, Corrected, CorrectionStep};
use crate::web::views::read::{PlateBadge, TimeView, href};
use crate::web::views::{Choice, FieldError};

/// `POST /captures/{key}/plate`: `plate`, `region`.
pub fn save(ctx: &Ctx<'_>, input: &mut Input<'_, '_>) -> Result<Response, WebError> {
    let key = key(ctx)?;
    let form = input.form()?;
    let field = |name: &str| form.get(name).unwrap_or_default().to_owned();
    let (plate, region) = (field("plate"), field("region"));
    let mut errors = Vec::new();
    let parsed = Plate::parse_whole(&plate);
    if parsed.is_none() {
        errors.push(FieldError::new("plate", "A plate has 1 to 32 letters and digits."));
    }
    let code = corrections::parse_region(&region);
    if code.is_none() {
        errors.push(FieldError::new("region", "Choose a region of the list."));
    }
    if let (Some(plate), Some(region)) = (parsed, code) {
        let changed =
            change(ctx, key, |tx, by| corrections::correct(tx, key, plate, region, by, ctx.now))?;
        return Ok(done(key, if changed { "corrected" } else { "unchanged" }));
    }
    let facts = super::load(ctx, key)?.ok_or(WebError::NotFound)?;
    super::show(ctx, &facts, |view| {
        if let Some(form) = &mut view.correct {
            form.open = true;
            form.plate = plate;
            form.errors = errors;
        }
    })
}

/// `POST /captures/{key}/plate/undo`: what the agent read stands again.
pub fn undo(ctx: &Ctx<'_>, _: &mut Input<'_, '_>) -> Result<Response, WebError> {
    let key = key(ctx)?;
    match change(ctx, key, |tx, by| corrections::undo(tx, key, by, ctx.now)) {
        Ok(_) => Ok(done(key, "undone")),
        // Somebody else was faster.
        Err(WebError::Bad(_)) => Ok(done(key, "unchanged")),
        Err(error) => Err(error),
    }
}

/// Does `work` on behalf of the caller and notes it in the audit log; whether it changed the read.
pub fn change(
    ctx: &Ctx<'_>,
    key: CaptureKey,
    work: impl FnOnce(&WriteTx, Author) -> Result<bool, StoreError>,
) -> Result<bool, WebError> {
    let by = Author::of(ctx.user()?);
    let done = ctx.site.store.write(|tx| {
        let before = tx.capture(key)?;
        let changed = work(tx, by)?;
        if let (true, Some(before), Some(after)) = (changed, before, tx.capture(key)?) {
            let event = super::viewed(ctx, Action::CaptureChanged, &after);
            tx.audit(&event.changes(differences(&before, &after)))?;
        }
        Ok(changed)
    });
    match done {
        Ok(changed) => Ok(changed),
        Err(StoreError::Refused(corrections::GONE)) => Err(WebError::NotFound),
        Err(StoreError::Refused(why)) => Err(WebError::Bad(why.into())),
        Err(error) => Err(error.into()),
    }
}

fn differences(before: &Capture, after: &Capture) -> Vec<Change> {
    let plate = |capture: &Capture| capture.plate.clone().map(|plate| plate.as_str().to_owned());
    let (old, new) = (plate(before).unwrap_or_default(), plate(after).unwrap_or_default());
    let region = Change::of("region", &before.region, &after.region);
    [Change::of("plate", &old, &new), region].into_iter().flatten().collect()
}

fn done(key: CaptureKey, what: &str) -> Response {
    Response::redirect(303, &format!("{}?done={what}", href(key)))
}

/// Adds the corrections made so far, and the form for those who may.
pub(super) fn add(ctx: &Ctx<'_>, view: &mut CapturePage, facts: &Facts, zone: &TimeZone) {
    let capture = &facts.capture;
    let country = capture.country.as_str();
    if let Some(correction) = &facts.correction {
        view.corrected = Some(Corrected {
            original: badge(&correction.original, country),
            stands: correction.stands(),
            steps: correction
                .changes
                .iter()
                .rev()
                .map(|change| CorrectionStep {
                    to: badge(&change.to, country),
                    undone: change.to == correction.original,
                    by: change.by.name.clone(),
                    at: TimeView::new(change.at, ctx.now, zone),
                })
                .collect(),
        });
    }
    if ctx.role().is_some_and(|role| role >= Role::User) {
        view.correct = Some(CorrectForm {
            action: format!("{}/plate", href(capture.key)),
            plate: capture.shown_plate().unwrap_or_default().to_owned(),
            regions: region_choices(capture),
            ..CorrectForm::default()
        });
    }
}

fn badge(reading: &Reading, country: &str) -> Option<PlateBadge> {
    let plate = reading.plate.as_ref()?;
    Some(PlateBadge::new(plate.as_str(), &reading.region, country, false, false))
}

/// All regions, the read's own chosen, also when no list has it.
fn region_choices(capture: &Capture) -> Vec<Choice> {
    let own = capture.region.as_str();
    let mut choices = vec![Choice::new("", "Not known", own.is_empty())];
    if !own.is_empty() && !regions::all().any(|(code, _)| code == own) {
        choices.push(Choice::new(own, regions::name(own, &capture.country), true));
    }
    choices.extend(regions::all().map(|(code, name)| {
        let label = match code.split_once('-') {
            Some((country, _)) => format!("{name} ({})", country.to_uppercase()),
            None => name.to_owned(),
        };
        Choice::new(code, label, code == own)
    }));
    choices.get_mut(1..).unwrap_or_default().sort_by(|a, b| a.label.cmp(&b.label));
    choices
}
