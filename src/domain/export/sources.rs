//! What can be exported: the reads a search finds, and Rekor alerts. Each walks through its rows in
//! short snapshots.

use std::io;

use super::csv::Row;
use super::record::{alert_line, capture_line, flag_list};
use super::{Item, Labels, Source, failed};
use crate::base::limits::EXPORT_BATCH;
use crate::domain::finding::scan;
use crate::model::agent::{ListKind, RekorAlert};
use crate::model::alert::AlertQuery;
use crate::model::capture::{Capture, CaptureKey, ImageKind};
use crate::model::plate::Plate;
use crate::model::query::{PageRequest, Query, eight_ways};
use crate::store::{ReadTx, Store, StoreError};

/// Reads.
pub enum CaptureSource {
    /// All that match.
    Search {
        /// What is searched for.
        query: Query,
        /// Only reads with keys below this one, so that a walk does not meet newer ones.
        before: Option<CaptureKey>,
    },
    /// One.
    One(CaptureKey),
}

impl Source for CaptureSource {
    fn name(&self) -> &'static str {
        "captures"
    }

    fn each(
        &self,
        store: &Store,
        whole: bool,
        limit: u64,
        work: &mut dyn FnMut(&[Item]) -> io::Result<()>,
    ) -> io::Result<()> {
        let mut hand_on = |batch: &mut Vec<Capture>| {
            let captures = std::mem::take(batch);
            work(&store.read(|tx| items(tx, captures, whole)).map_err(|error| failed(&error))?)
        };
        let mut batch = Vec::with_capacity(EXPORT_BATCH);
        match self {
            Self::One(key) => {
                let found = store.read(|tx| tx.capture(*key));
                batch.extend(found.map_err(|error| failed(&error))?);
            }
            Self::Search { query, before } => {
                for row in scan(store, query, *before, limit) {
                    batch.push(row.map_err(|error| failed(&error))?);
                    if batch.len() == EXPORT_BATCH {
                        hand_on(&mut batch)?;
                    }
                }
            }
        }
        if batch.is_empty() { Ok(()) } else { hand_on(&mut batch) }
    }

    fn columns(&self) -> &'static [&'static str] {
        CAPTURE_COLUMNS
    }

    fn cells(&self, item: &Item, labels: &Labels, row: &mut Row<'_>) {
        if let Some(capture) = &item.capture {
            capture_cells(capture, labels, row);
        }
    }

    fn line(&self, item: &Item) -> Vec<u8> {
        let capture = item.capture.as_ref();
        capture.map(|it| capture_line(it, &item.detail, &item.images)).unwrap_or_default()
    }
}

fn items(tx: &ReadTx, captures: Vec<Capture>, whole: bool) -> Result<Vec<Item>, StoreError> {
    let item = |capture: Capture| item_of(tx, capture, whole);
    captures.into_iter().map(item).collect()
}

fn item_of(tx: &ReadTx, capture: Capture, whole: bool) -> Result<Item, StoreError> {
    let mut item = Item::default();
    if whole {
        item.detail = tx.capture_facts(capture.key)?.unwrap_or_default();
        item.images = tx.image_places(capture.key)?;
    }
    item.capture = Some(capture);
    Ok(item)
}

const CAPTURE_COLUMNS: &[&str] = &[
    "id",
    "kind",
    "captured_at",
    "captured_at_utc",
    "received_at_utc",
    "plate",
    "plate_as_read",
    "region",
    "country",
    "confidence",
    "camera",
    "camera_id",
    "agent",
    "agent_uid",
    "direction",
    "direction_degrees",
    "color",
    "make",
    "make_model",
    "body_type",
    "year",
    "flags",
    "reads",
    "images",
    "uuid",
];

fn capture_cells(capture: &Capture, labels: &Labels, row: &mut Row<'_>) {
    let vehicle = &capture.vehicle;
    row.value(capture.key);
    row.value(capture.kind.name());
    row.times(capture.captured_at, &labels.zone);
    row.utc(capture.received_at);
    row.text(capture.plate.as_ref().map_or("", Plate::as_str));
    row.text(&capture.plate_text);
    row.text(&capture.region);
    row.text(&capture.country);
    row.maybe(capture.plate.as_ref().map(|_| capture.confidence));
    row.text(labels.camera(capture));
    row.value(capture.camera_id);
    row.text(labels.agent(&capture.agent_uid));
    row.text(&capture.agent_uid);
    row.maybe(capture.direction.map(eight_ways));
    row.maybe(capture.direction);
    for guess in [&vehicle.color, &vehicle.make, &vehicle.make_model, &vehicle.body, &vehicle.year]
    {
        row.text(guess.as_ref().map_or("", |guess| &guess.name));
    }
    row.value(flag_list(capture.flags).join(" "));
    row.value(capture.reads);
    let kept = ImageKind::ALL.into_iter().filter(|kind| capture.images.has(*kind));
    row.value(kept.map(ImageKind::name).collect::<Vec<_>>().join(" "));
    row.text(&capture.uuid);
}

/// Rekor alerts, each with the read it is about.
pub struct AlertSource {
    /// Which.
    pub query: AlertQuery,
    /// Only alerts with keys below this one.
    pub before: Option<CaptureKey>,
}

impl Source for AlertSource {
    fn name(&self) -> &'static str {
        "rekor-alerts"
    }

    fn each(
        &self,
        store: &Store,
        whole: bool,
        limit: u64,
        work: &mut dyn FnMut(&[Item]) -> io::Result<()>,
    ) -> io::Result<()> {
        let (mut before, mut left) = (self.before, limit);
        while left > 0 {
            let size = usize::try_from(left).unwrap_or(EXPORT_BATCH).min(EXPORT_BATCH);
            let request = PageRequest { limit: size, before, total: false };
            let (items, next) = store
                .read(|tx| {
                    let page = tx.rekor_page(&self.query, request)?;
                    let item = |alert: RekorAlert| alert_item(tx, alert, whole);
                    let items: Result<Vec<_>, _> = page.rows.into_iter().map(item).collect();
                    Ok((items?, page.next))
                })
                .map_err(|error| failed(&error))?;
            work(&items)?;
            left = left.saturating_sub(items.len() as u64);
            before = next;
            if before.is_none() {
                break;
            }
        }
        Ok(())
    }

    fn columns(&self) -> &'static [&'static str] {
        &[
            "id",
            "raised_at",
            "raised_at_utc",
            "finding",
            "list",
            "list_id",
            "description",
            "plate",
            "site",
            "capture_id",
            "captured_at",
            "captured_at_utc",
            "plate_as_read",
            "region",
            "confidence",
            "camera",
            "camera_id",
            "agent",
            "agent_uid",
        ]
    }

    fn cells(&self, item: &Item, labels: &Labels, row: &mut Row<'_>) {
        let Some(alert) = &item.alert else { return };
        row.value(alert.key);
        row.times(alert.raised_at, &labels.zone);
        row.value(match alert.list_kind {
            ListKind::OnList => "on the list",
            ListKind::NotOnList => "not on the list",
        });
        row.text(&alert.list);
        row.maybe(alert.list_id);
        row.text(&alert.description);
        row.text(&alert.plate);
        row.text(&alert.site);
        let Some(capture) = &item.capture else {
            (0..10).for_each(|_| row.text(""));
            return;
        };
        row.value(capture.key);
        row.times(capture.captured_at, &labels.zone);
        row.text(&capture.plate_text);
        row.text(&capture.region);
        row.maybe(capture.plate.as_ref().map(|_| capture.confidence));
        row.text(labels.camera(capture));
        row.value(capture.camera_id);
        row.text(labels.agent(&capture.agent_uid));
        row.text(&capture.agent_uid);
    }

    fn line(&self, item: &Item) -> Vec<u8> {
        item.alert.as_ref().map(alert_line).unwrap_or_default()
    }
}

fn alert_item(tx: &ReadTx, alert: RekorAlert, whole: bool) -> Result<Item, StoreError> {
    let key = tx.superseded_by(alert.capture)?.unwrap_or(alert.capture);
    let mut item = match tx.capture(key)? {
        Some(capture) => item_of(tx, capture, whole)?,
        None => Item::default(),
    };
    item.alert = Some(alert);
    Ok(item)
}
