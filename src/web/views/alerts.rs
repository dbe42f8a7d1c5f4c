//! Alerts of Rekor Scout: the list, and one of them.

use serde::Serialize;

use super::capture::{CapturePage, Fact};
use super::read::{PlateBadge, TimeView, VehicleView};
use super::{Choice, FieldError, Tag, Tone};
use crate::model::agent::ListKind;

/// Template `rekor_alerts.html`.
#[derive(Clone, Debug, Default, Serialize)]
pub struct RekorAlerts {
    /// Plate as typed.
    pub plate: String,
    /// Lists, the first is any.
    pub lists: Vec<Choice>,
    /// Kinds of list, the first is any.
    pub kinds: Vec<Choice>,
    /// First day, as typed.
    pub after: String,
    /// Last day, as typed.
    pub to: String,
    /// Number of filters that are set.
    pub filters_set: usize,
    /// What is wrong with the filters.
    pub errors: Vec<FieldError>,
    /// `1,204 alerts`, `10,000 or more alerts`.
    pub total: String,
    /// Zone of all times, short.
    pub zone: String,
    /// Rows, newest first.
    pub rows: Vec<AlertRow>,
    /// The page above; `""` on the first and where the way back is forgotten.
    pub newer_href: String,
    /// The first page, `""` on it.
    pub first_href: String,
    /// Page of older ones, `""` on the last.
    pub older_href: String,
    /// The same alerts as a file, `""` when the reader may not export.
    pub export_href: String,
    /// Whether no alert ever came.
    pub store_empty: bool,
}

/// A row of a list of alerts.
#[derive(Clone, Debug, Default, Serialize)]
pub struct AlertRow {
    /// Address of the alert.
    pub href: String,
    /// Badge; `None` when neither list nor read had a plate.
    pub plate: Option<PlateBadge>,
    /// Address of the plate crop, `""` when there is none.
    pub crop: String,
    /// Name of the list.
    pub list: String,
    /// Whether the plate is on it.
    pub kind: Tag,
    /// Text kept with the plate.
    pub description: String,
    /// Vehicle, when the alert came with a read.
    pub vehicle: Option<VehicleView>,
    /// Camera, `""` when the alert came without a read.
    pub camera: String,
    /// Site.
    pub site: String,
    /// When it was raised.
    pub time: TimeView,
    /// Whether it is the one the page is about.
    pub current: bool,
}

/// Template `rekor_alert.html`.
#[derive(Clone, Debug, Default, Serialize)]
pub struct RekorAlertPage {
    /// The alert.
    pub alert: AlertRow,
    /// Plate of the alert, or `Alert without plate`.
    pub name: String,
    /// `On the list Stolen`, `Not on the list Staff`.
    pub finding: String,
    /// List block.
    pub facts: Vec<Fact>,
    /// The read the alert is about; `None` when it came without one or it is gone.
    pub read: Option<CapturePage>,
    /// Address of the read, `""` without one.
    pub read_href: String,
    /// Address of the page to print.
    pub print_href: String,
    /// Alerts of the plate, newest first.
    pub past: Vec<AlertRow>,
    /// `14 alerts`, `""` to say nothing.
    pub past_summary: String,
    /// All alerts of the plate, `""` without a plate.
    pub past_href: String,
    /// Page of older ones, `""` for none.
    pub past_older_href: String,
    /// Page of newer ones, `""` for none.
    pub past_newer_href: String,
}

/// How a kind of list is told. A plate that is missing on a list was not matched by it.
pub fn kind_tag(kind: ListKind) -> Tag {
    match kind {
        ListKind::OnList => Tag::new(Tone::Bad, "On the list"),
        ListKind::NotOnList => Tag::new(Tone::Warn, "Not on the list"),
    }
}
