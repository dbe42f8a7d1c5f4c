//! The list of known plates, and the way from a plate that is typed in to its page.

use crate::base::limits::{PAGE_ROWS, TAGS_OFFERED_MAX};
use crate::domain::known_plates::{self, KnownFilter};
use crate::gate::Response;
use crate::gate::form::encode;
use crate::model::known_plate::{KnownPlate, PlateTag};
use crate::model::plate::Plate;
use crate::model::text::clean;
use crate::model::user::Role;
use crate::web::ctx::{Ctx, Input};
use crate::web::error::WebError;
use crate::web::pages::plate::known_view;
use crate::web::pages::shell::{Page, render};
use crate::web::views::FieldError;
use crate::web::views::plate::{KnownRow, PlatesPage, TagChoice};
use crate::web::views::read::{PlateBadge, plate_href};
use crate::web::{format, paths};

/// `GET /plates`: `q` and `tag` filter, `ignored=1` leaves ignored ones, `after` is where the page
/// begins; `plate` leads to the page of that plate.
pub fn list(ctx: &Ctx<'_>, _: &mut Input<'_, '_>) -> Result<Response, WebError> {
    let form = ctx.query()?;
    let mut errors = Vec::new();
    if let Some(text) = form.get("plate") {
        match Plate::parse(text) {
            Some(plate) => {
                return Ok(Response::redirect(303, &format!("{}?edit=1", plate_href(&plate))));
            }
            None => errors.push(FieldError::new("plate", "A plate needs a letter or digit.")),
        }
    }
    let typed = form.get("tag").unwrap_or_default();
    let tag = PlateTag::parse(typed);
    if tag.is_none() && !typed.trim().is_empty() {
        errors.push(FieldError::new("tag", "There is no such tag."));
    }
    let filter = KnownFilter {
        tag,
        text: clean(form.get("q").unwrap_or_default()),
        ignored: form.get("ignored") == Some("1"),
    };
    let after = form.get("after").and_then(Plate::parse);
    let (page, tags, total) = ctx.site.store.read(|tx| {
        Ok((
            known_plates::list(tx, &filter, after.as_ref(), PAGE_ROWS)?,
            tx.plate_tags(TAGS_OFFERED_MAX)?,
            tx.known_plate_count()?,
        ))
    })?;
    let last = page.rows.last().filter(|_| page.more).map(|known| known.plate.clone());
    let status = if errors.is_empty() { 200 } else { 422 };
    let view = PlatesPage {
        tags: tags.iter().map(|tag| choice(tag, &filter)).collect(),
        total: format::number(total),
        rows: page.rows.iter().map(|known| row(ctx, known)).collect(),
        next_href: last.map(|last| address(&filter, Some(&last))).unwrap_or_default(),
        first_href: after.map(|_| address(&filter, None)).unwrap_or_default(),
        search_href: filter.tag.as_ref().map(tag_search).unwrap_or_default(),
        may_edit: ctx.role().is_some_and(|role| role >= Role::User),
        tag: filter.tag.as_ref().map(|tag| tag.as_str().to_owned()).unwrap_or_default(),
        text: filter.text,
        ignored: filter.ignored,
        errors,
    };
    render(ctx, &Page::new("plates", "Known plates", "plates").status(status), &view)
}

fn choice(tag: &PlateTag, filter: &KnownFilter) -> TagChoice {
    let selected = filter.tag.as_ref() == Some(tag);
    let other = (!selected).then(|| tag.clone());
    TagChoice {
        text: tag.as_str().to_owned(),
        href: address(&KnownFilter { tag: other, ..filter.clone() }, None),
        selected,
    }
}

fn row(ctx: &Ctx<'_>, known: &KnownPlate) -> KnownRow {
    KnownRow {
        href: plate_href(&known.plate),
        plate: PlateBadge::new(known.plate.as_str(), "", "", false, false),
        known: known_view(ctx, known, &ctx.zone()),
        brief: known.notes.lines().next().unwrap_or_default().to_owned(),
    }
}

/// Address of the list with `filter`, beginning after `after`.
fn address(filter: &KnownFilter, after: Option<&Plate>) -> String {
    let pairs = [
        ("q", filter.text.as_str()),
        ("tag", filter.tag.as_ref().map_or("", PlateTag::as_str)),
        ("ignored", if filter.ignored { "1" } else { "" }),
        ("after", after.map_or("", Plate::as_str)),
    ];
    let query = encode(pairs.into_iter().filter(|(_, value)| !value.is_empty()));
    if query.is_empty() { paths::PLATES.to_owned() } else { format!("{}?{query}", paths::PLATES) }
}

/// Search for the reads of all plates that have `tag`.
fn tag_search(tag: &PlateTag) -> String {
    let query = encode([("tag", tag.as_str())]);
    format!("{}?{query}", paths::SEARCH)
}
