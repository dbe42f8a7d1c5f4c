//! Watches: the list, and the form of one.

use serde::Serialize;

use super::read::{PlateBadge, ReadRow};
use super::{Choice, FieldError, Link, Tag};

/// Template `watches.html`.
#[derive(Clone, Debug, Default, Serialize)]
pub struct WatchesPage {
    /// What is looked for in the list, as typed.
    pub q: String,
    /// How many watches the reader has.
    pub total: u64,
    /// Rows, newest first.
    pub rows: Vec<WatchRow>,
    /// Page of older ones, `""` on the last.
    pub older_href: String,
    /// The first page, `""` on it.
    pub first_href: String,
    /// Mistakes of a file, a sentence each.
    pub errors: Vec<FieldError>,
}

/// A row of the list.
#[derive(Clone, Debug, Default, Serialize)]
pub struct WatchRow {
    /// Address of the form.
    pub href: String,
    /// Badge of the plate that is looked for; `None` when it is no plate.
    pub plate: Option<PlateBadge>,
    /// What is looked for when it is no plate: `Search`, `Plates that are not known`.
    pub what: String,
    /// The search, `""` for none.
    pub search: String,
    /// Name, `""` without one.
    pub name: String,
    /// First line of the description.
    pub brief: String,
    /// How much it matters.
    pub severity: Tag,
    /// `California, 2 cameras, hours 22-23, until 31 Aug`, `""` for no limits.
    pub limits: String,
    /// `off`, `over`, `not understood`; `None` when it works.
    pub state: Option<Tag>,
    /// Alerts of the watch.
    pub alerts_href: String,
}

/// Template `watch.html`.
#[derive(Clone, Debug, Default, Serialize)]
pub struct WatchPage {
    /// Where the form is sent.
    pub action: String,
    /// What it is called.
    pub title: String,
    /// Kinds of target.
    pub kinds: Vec<Choice>,
    /// Plate as typed.
    pub plate: String,
    /// Whether look-alikes count.
    pub look_alike: bool,
    /// Search as typed.
    pub search: String,
    /// Saved searches that can be taken.
    pub saved: Vec<Choice>,
    /// Tag of the list.
    pub tag: String,
    /// Tags that are offered.
    pub tags: Vec<String>,
    /// Name.
    pub name: String,
    /// Longest name, characters.
    pub name_max: usize,
    /// Description.
    pub description: String,
    /// Longest description, characters.
    pub text_max: usize,
    /// Regions, the first is any.
    pub regions: Vec<Choice>,
    /// Whether reads of other regions tell nobody.
    pub region_match: bool,
    /// Severities.
    pub severities: Vec<Choice>,
    /// First day.
    pub valid_from: String,
    /// Last day.
    pub valid_until: String,
    /// Days of the week.
    pub days: Vec<Choice>,
    /// Hours as typed.
    pub hours: String,
    /// Zone in which days and hours are meant.
    pub zone: String,
    /// Cameras.
    pub cameras: Vec<Choice>,
    /// Quiet period.
    pub quiet_minutes: String,
    /// Longest quiet period, minutes.
    pub quiet_max: u32,
    /// Other users; empty when the reader may add none.
    pub contacts: Vec<Choice>,
    /// Whether it is on.
    pub enabled: bool,
    /// What is wrong.
    pub errors: Vec<FieldError>,
    /// What a trial found; `None` when none was made.
    pub trial: Option<TrialView>,
    /// Its alerts; `None` for a new watch.
    pub alerts: Option<Link>,
}

/// What a trial found.
#[derive(Clone, Debug, Default, Serialize)]
pub struct TrialView {
    /// `3 of the last 30 days' reads would have matched.`
    pub text: String,
    /// What else is to be said, `""` for nothing.
    pub note: String,
    /// The newest of them.
    pub rows: Vec<ReadRow>,
    /// Zone of all times, short.
    pub zone: String,
}
