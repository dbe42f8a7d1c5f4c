//! Alerts that watches raised: the list, and one of them.

use serde::Serialize;

use super::capture::{CapturePage, Fact};
use super::read::{PlateBadge, TimeView, VehicleView};
use super::{Choice, FieldError, Link, Tag};

/// Template `custom_alerts.html`.
#[derive(Clone, Debug, Default, Serialize)]
pub struct CustomAlerts {
    /// Open, acknowledged or all.
    pub states: Vec<Choice>,
    /// Severities, the first is any.
    pub severities: Vec<Choice>,
    /// Watches, the first is any.
    pub watches: Vec<Choice>,
    /// Plate as typed.
    pub plate: String,
    /// Number of filters that are set.
    pub filters_set: usize,
    /// What is wrong with the filters.
    pub errors: Vec<FieldError>,
    /// `12 open`, `100 or more open`.
    pub open: String,
    /// Zone of all times, short.
    pub zone: String,
    /// Rows, newest first.
    pub rows: Vec<CustomAlertRow>,
    /// The first page, `""` on it.
    pub first_href: String,
    /// Page of older ones, `""` on the last.
    pub older_href: String,
    /// Whether open ones are shown and the reader may take care of them all.
    pub may_acknowledge: bool,
    /// Whether the reader may have watches.
    pub may_watch: bool,
    /// Whether the reader has watches.
    pub has_watches: bool,
}

/// A row of a list of alerts.
#[derive(Clone, Debug, Default, Serialize)]
pub struct CustomAlertRow {
    /// Address of the alert.
    pub href: String,
    /// Badge; `None` without a plate.
    pub plate: Option<PlateBadge>,
    /// Address of the plate crop, `""` when there is none.
    pub crop: String,
    /// What the watch is called.
    pub title: String,
    /// First line of its description.
    pub description: String,
    /// How much it matters.
    pub severity: Tag,
    /// `Acknowledged`, or why nobody was told; `None` while it is open.
    pub state: Option<Tag>,
    /// Vehicle, while the read is kept.
    pub vehicle: Option<VehicleView>,
    /// Camera.
    pub camera: String,
    /// When it was captured.
    pub time: TimeView,
    /// Whether it is the one the page is about.
    pub current: bool,
}

/// Template `custom_alert.html`.
#[derive(Clone, Debug, Default, Serialize)]
pub struct CustomAlertPage {
    /// The alert.
    pub alert: CustomAlertRow,
    /// Plate, or `Alert without plate`.
    pub name: String,
    /// Description of the watch in full.
    pub description: String,
    /// Watch block.
    pub facts: Vec<Fact>,
    /// Where its forms are sent.
    pub action: String,
    /// Who took care of it; `None` while it is open.
    pub handled: Option<HandledView>,
    /// Why nobody was told, a sentence; `""` for an alert.
    pub silence: String,
    /// Whether the reader may take care of it.
    pub may_acknowledge: bool,
    /// Longest note, characters.
    pub note_max: usize,
    /// Who is told: `You`, names of others.
    pub people: Vec<String>,
    /// The watch; `None` when it is another's, or deleted.
    pub watch: Option<OwnWatch>,
    /// The read; `None` when it is no longer kept.
    pub read: Option<CapturePage>,
    /// Address of the read.
    pub read_href: String,
    /// Address of the page to print.
    pub print_href: String,
    /// Past matches of the watch, newest first.
    pub past: Vec<CustomAlertRow>,
    /// Page of older ones, `""` for none.
    pub past_older_href: String,
    /// Page of newer ones, `""` for none.
    pub past_newer_href: String,
}

/// The watch of an alert, for its owner.
#[derive(Clone, Debug, Default, Serialize)]
pub struct OwnWatch {
    /// Address of its form.
    pub edit: Link,
    /// Where it is deleted.
    pub delete_action: String,
    /// Where its switches are sent.
    pub switch_action: String,
    /// Its region, `""` for any.
    pub region: String,
    /// Whether reads of other regions tell nobody.
    pub region_match: bool,
    /// Whether it is on.
    pub enabled: bool,
}

/// Who took care of an alert.
#[derive(Clone, Debug, Default, Serialize)]
pub struct HandledView {
    /// Who.
    pub by: String,
    /// When.
    pub at: TimeView,
    /// What they said.
    pub note: String,
}
