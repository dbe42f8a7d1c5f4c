//! `/api/v1/plates`: known plates, what the reads of one plate say together, and corrections.

use serde::{Deserialize, Serialize};

use crate::base::limits::{PAGE_ROWS, PAGE_ROWS_MAX};
use crate::domain::known_plates::{self, KnownFilter, KnownForm};
use crate::domain::portrait::{Agreed, Portrait, portrait};
use crate::domain::{corrections, settings};
use crate::gate::Response;
use crate::model::correction::{Correction, Reading};
use crate::model::known_plate::{KnownPlate, PlateTag};
use crate::model::plate::Plate;
use crate::model::text::clean;
use crate::store::StoreError;
use crate::web::api::captures::key;
use crate::web::api::rfc3339;
use crate::web::ctx::{Ctx, Input};
use crate::web::error::WebError;
use crate::web::pages::captures::correct::change;
use crate::web::pages::plate::{plate, save_known};
use crate::web::reply::json;

#[derive(Serialize)]
struct ListBody {
    data: Vec<KnownView>,
    next: Option<String>,
}

#[derive(Serialize)]
struct KnownView {
    plate: String,
    name: String,
    notes: String,
    tags: Vec<String>,
    ignored: bool,
    changed_by: String,
    changed_at: Option<String>,
}

#[derive(Serialize)]
struct PlateView {
    #[serde(flatten)]
    known: KnownView,
    reads: u64,
    /// The newest reads, which what follows is made from.
    looked_at: u64,
    first_seen: Option<String>,
    last_seen: Option<String>,
    visits: u64,
    /// Seven days, Monday first, of 24 hours in the zone of the key's account.
    hours: Vec<Vec<u64>>,
    cameras: Vec<Ranked>,
    regions: Vec<Ranked>,
    vehicle: VehicleView,
}

#[derive(Serialize)]
struct Ranked {
    name: String,
    reads: u64,
}

#[derive(Serialize)]
struct VehicleView {
    color: Option<AgreedView>,
    make: Option<AgreedView>,
    make_model: Option<AgreedView>,
    body_type: Option<AgreedView>,
    year: Option<AgreedView>,
}

#[derive(Serialize)]
struct AgreedView {
    name: String,
    share: f32,
}

/// What a program writes about a plate; what it leaves out is blank.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, default)]
#[derive(Default)]
struct KnownBody {
    name: String,
    notes: String,
    tags: Vec<String>,
    ignored: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ReadingBody {
    plate: String,
    #[serde(default)]
    region: Option<String>,
}

#[derive(Serialize)]
struct CorrectionView {
    plate: Option<String>,
    region: String,
    original_plate: Option<String>,
    original_region: String,
    changes: Vec<ChangeView>,
}

#[derive(Serialize)]
struct ChangeView {
    plate: Option<String>,
    region: String,
    by: String,
    at: String,
}

/// `GET /api/v1/plates`: known plates.
pub fn list(ctx: &Ctx<'_>, _: &mut Input<'_, '_>) -> Result<Response, WebError> {
    const OWN: [&str; 5] = ["q", "tag", "ignored", "limit", "cursor"];
    let form = ctx.query()?;
    if let Some((name, _)) = form.pairs().find(|(name, _)| !OWN.contains(name)) {
        let known = OWN.join(", ");
        return Err(WebError::Bad(format!("there is no parameter {name:?}; there are {known}")));
    }
    let wrong = |what: &str| WebError::Bad(format!("{what} is not valid"));
    let limit = form.get("limit").map_or(Some(PAGE_ROWS), |text| text.parse().ok());
    let limit = limit.filter(|limit| (1..=PAGE_ROWS_MAX).contains(limit));
    let limit = limit.ok_or_else(|| wrong("limit"))?;
    let given = |name| form.get(name).filter(|text| !text.is_empty());
    let tag = given("tag").map(|text| PlateTag::parse(text).ok_or_else(|| wrong("tag")));
    let after = given("cursor").map(|text| Plate::parse(text).ok_or_else(|| wrong("cursor")));
    let filter = KnownFilter {
        tag: tag.transpose()?,
        text: clean(form.get("q").unwrap_or_default()),
        ignored: form.get("ignored") == Some("1"),
    };
    let after = after.transpose()?;
    let page = ctx.site.store.read(|tx| known_plates::list(tx, &filter, after.as_ref(), limit))?;
    let next = page.rows.last().filter(|_| page.more);
    let next = next.map(|known| known.plate.as_str().to_owned());
    Ok(json(200, &ListBody { next, data: page.rows.into_iter().map(known_view).collect() }))
}

/// `GET /api/v1/plates/{plate}`.
pub fn one(ctx: &Ctx<'_>, _: &mut Input<'_, '_>) -> Result<Response, WebError> {
    let (plate, zone) = (plate(ctx)?, ctx.zone());
    let found =
        ctx.site.store.read(|tx| Ok((tx.known_plate(&plate)?, portrait(tx, &plate, &zone)?)))?;
    let (known, portrait) = found;
    if known.is_none() && portrait.reads == 0 {
        return Err(WebError::NotFound);
    }
    Ok(json(200, &plate_view(&plate, known, portrait)))
}

/// `PUT /api/v1/plates/{plate}`: replaces what is known about it.
pub fn put(ctx: &Ctx<'_>, input: &mut Input<'_, '_>) -> Result<Response, WebError> {
    let plate = plate(ctx)?;
    let body: KnownBody = parse(input)?;
    if let Some(tag) = body.tags.iter().find(|tag| PlateTag::parse(tag).is_none()) {
        return Err(WebError::Bad(format!("{tag:?} is not a tag")));
    }
    let tags = body.tags.join(",");
    let form = KnownForm {
        name: Some(&body.name),
        notes: Some(&body.notes),
        tags: Some(&tags),
        ignored: Some(body.ignored),
    };
    write(ctx, &plate, form)
}

/// `DELETE /api/v1/plates/{plate}`: forgets what is known about it. Its reads stay.
pub fn delete(ctx: &Ctx<'_>, _: &mut Input<'_, '_>) -> Result<Response, WebError> {
    let plate = plate(ctx)?;
    let form = KnownForm { name: Some(""), notes: Some(""), tags: Some(""), ignored: Some(false) };
    write(ctx, &plate, form)
}

/// `PUT /api/v1/captures/{key}/plate`: corrects a misread.
pub fn correct(ctx: &Ctx<'_>, input: &mut Input<'_, '_>) -> Result<Response, WebError> {
    let key = key(ctx)?;
    let body: ReadingBody = parse(input)?;
    let plate = Plate::parse_whole(&body.plate)
        .ok_or_else(|| WebError::Bad("plate has 1 to 32 letters and digits".into()))?;
    let region = match &body.region {
        None => None,
        Some(text) => Some(
            corrections::parse_region(text)
                .ok_or_else(|| WebError::Bad("region is a code such as us-ca".into()))?,
        ),
    };
    change(ctx, key, |tx, by| {
        let current = tx.capture(key)?.map(|capture| capture.region).unwrap_or_default();
        corrections::correct(tx, key, plate, region.unwrap_or(current), by, ctx.now)
    })?;
    corrected(ctx)
}

/// `DELETE /api/v1/captures/{key}/plate`: puts back what the agent read.
pub fn undo(ctx: &Ctx<'_>, _: &mut Input<'_, '_>) -> Result<Response, WebError> {
    let key = key(ctx)?;
    change(ctx, key, |tx, by| corrections::undo(tx, key, by, ctx.now))?;
    corrected(ctx)
}

fn parse<T: serde::de::DeserializeOwned>(input: &mut Input<'_, '_>) -> Result<T, WebError> {
    serde_json::from_slice(&input.bytes()?)
        .map_err(|error| WebError::Bad(format!("the body is not what is expected: {error}")))
}

fn write(ctx: &Ctx<'_>, plate: &Plate, form: KnownForm<'_>) -> Result<Response, WebError> {
    let wanted = known_plates::check(form).map_err(|errors| {
        let told = |error: &settings::FieldError| format!("{}: {}", error.field, error.message);
        WebError::Bad(errors.iter().map(told).collect::<Vec<_>>().join(" "))
    })?;
    match save_known(ctx, plate, wanted) {
        Ok(known) => Ok(json(200, &known_view(known))),
        Err(StoreError::Refused(why)) => Err(WebError::Bad(why.into())),
        Err(error) => Err(error.into()),
    }
}

fn corrected(ctx: &Ctx<'_>) -> Result<Response, WebError> {
    let key = key(ctx)?;
    let (capture, correction) =
        ctx.site.store.read(|tx| Ok((tx.capture(key)?, tx.correction(key)?)))?;
    let capture = capture.ok_or(WebError::NotFound)?;
    let correction = correction.unwrap_or_else(|| Correction {
        key,
        original: Reading::of(&capture),
        changes: Vec::new(),
    });
    Ok(json(200, &correction_view(&correction)))
}

fn correction_view(correction: &Correction) -> CorrectionView {
    let plate = |reading: &Reading| reading.plate.as_ref().map(|plate| plate.as_str().to_owned());
    CorrectionView {
        plate: plate(correction.current()),
        region: correction.current().region.clone(),
        original_plate: plate(&correction.original),
        original_region: correction.original.region.clone(),
        changes: correction
            .changes
            .iter()
            .map(|change| ChangeView {
                plate: plate(&change.to),
                region: change.to.region.clone(),
                by: change.by.name.clone(),
                at: rfc3339(change.at),
            })
            .collect(),
    }
}

fn known_view(known: KnownPlate) -> KnownView {
    KnownView {
        plate: known.plate.as_str().to_owned(),
        tags: known.tags.iter().map(|tag| tag.as_str().to_owned()).collect(),
        name: known.name,
        notes: known.notes,
        ignored: known.ignored,
        changed_by: known.changed_by.name,
        changed_at: (known.changed_at.0 != 0).then(|| rfc3339(known.changed_at)),
    }
}

fn plate_view(plate: &Plate, known: Option<KnownPlate>, portrait: Portrait) -> PlateView {
    let agreed = |agreed: Option<Agreed>| {
        agreed.map(|agreed| AgreedView { name: agreed.name, share: agreed.share })
    };
    let known = known.unwrap_or_else(|| KnownPlate::blank(plate));
    let vehicle = portrait.vehicle;
    PlateView {
        known: known_view(known),
        reads: portrait.reads,
        looked_at: portrait.looked_at,
        first_seen: portrait.first.map(|read| rfc3339(read.captured_at)),
        last_seen: portrait.last.map(|read| rfc3339(read.captured_at)),
        visits: portrait.visits,
        hours: portrait.hours,
        cameras: portrait.cameras.into_iter().map(|(name, reads)| Ranked { name, reads }).collect(),
        regions: portrait
            .regions
            .into_iter()
            .map(|((name, _), reads)| Ranked { name, reads })
            .collect(),
        vehicle: VehicleView {
            color: agreed(vehicle.color),
            make: agreed(vehicle.make),
            make_model: agreed(vehicle.make_model),
            body_type: agreed(vehicle.body),
            year: agreed(vehicle.year),
        },
    }
}
