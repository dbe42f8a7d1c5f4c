//! One plate, and the list of known plates.

use serde::Serialize;

use super::capture::Fact;
use super::read::{PlateBadge, ReadRow, TimeView};
use super::{FieldError, Link, RankRow};

/// Template `plate.html`.
#[derive(Clone, Debug, Default, Serialize)]
pub struct PlatePage {
    /// Badge, with the region most reads saw.
    pub plate: PlateBadge,
    /// Address of this page.
    pub href: String,
    /// What people wrote about it.
    pub known: KnownView,
    /// Whether the reader may change that.
    pub may_edit: bool,
    /// The form; shown open when `editing`.
    pub form: KnownFormView,
    /// Whether the form is open.
    pub editing: bool,
    /// Form of a watch for it, `""` when the reader may have none.
    pub watch_href: String,
    /// Zone of all times: `Los Angeles (PDT)`.
    pub zone: String,
    /// Reads of it.
    pub reads: u64,
    /// Numbers on top; empty when it was never read.
    pub tiles: Vec<PlateTile>,
    /// What the numbers were made from when that is not all: `From the newest 500 of 24,120
    /// reads.`; `""` otherwise.
    pub scope: String,
    /// Reads by weekday and hour.
    pub hours: Vec<Vec<u64>>,
    /// Cameras, most frequent first.
    pub cameras: Vec<RankRow>,
    /// What the vehicle is, with shares, and regions.
    pub vehicle: Vec<Fact>,
    /// Reads on this page, newest first.
    pub rows: Vec<ReadRow>,
    /// The next older page, `""` on the last.
    pub older_href: String,
    /// The first page, `""` on it.
    pub first_href: String,
    /// Search for its reads.
    pub search_href: String,
    /// Search for its reads and those of plates that look like it.
    pub alike_href: String,
    /// Corrections from it and to it, newest reads first.
    pub corrections: Vec<CorrectionRow>,
}

/// A number on top of the page.
#[derive(Clone, Debug, Default, Serialize)]
pub struct PlateTile {
    /// What it is.
    pub label: &'static str,
    /// The number or date.
    pub value: String,
    /// What completes it: `824 reads`, `Gate in, 07:58:14`.
    pub note: String,
    /// The exact time, for a `title`; `""` when there is none.
    pub exact: String,
}

/// What people wrote about a plate.
#[derive(Clone, Debug, Default, Serialize)]
pub struct KnownView {
    /// Whose it is, `""` when not given.
    pub name: String,
    /// Tags, each with the list of plates that have it.
    pub tags: Vec<Link>,
    /// Notes with their line breaks.
    pub notes: String,
    /// Whether it is ignored.
    pub ignored: bool,
    /// Who wrote it last, `""` when nobody wrote anything.
    pub by: String,
    /// When.
    pub at: TimeView,
}

/// The form with what was typed.
#[derive(Clone, Debug, Default, Serialize)]
pub struct KnownFormView {
    /// Name.
    pub name: String,
    /// Tags between commas.
    pub tags: String,
    /// Notes.
    pub notes: String,
    /// Tags in use, to choose from.
    pub offered: Vec<String>,
    /// Longest name, characters.
    pub name_max: usize,
    /// Longest notes, characters.
    pub notes_max: usize,
    /// What was wrong. Fields `name tags notes`.
    pub errors: Vec<FieldError>,
}

/// A corrected read.
#[derive(Clone, Debug, Default, Serialize)]
pub struct CorrectionRow {
    /// The read.
    pub href: String,
    /// As the agent read it; `None` when it read none.
    pub from: Option<PlateBadge>,
    /// As it stands now.
    pub to: Option<PlateBadge>,
    /// Who made the last change.
    pub by: String,
    /// When.
    pub at: TimeView,
    /// Whether the last change put back what the agent read.
    pub undone: bool,
}

/// Template `plates.html`.
#[derive(Clone, Debug, Default, Serialize)]
pub struct PlatesPage {
    /// Filter by text, as typed.
    pub text: String,
    /// Filter by tag, `""` for all.
    pub tag: String,
    /// Only ignored plates.
    pub ignored: bool,
    /// Tags in use: the filter chips.
    pub tags: Vec<TagChoice>,
    /// All known plates: `1,204`.
    pub total: String,
    /// Plates of this page, in order.
    pub rows: Vec<KnownRow>,
    /// The next page, `""` on the last.
    pub next_href: String,
    /// The first page, `""` on it.
    pub first_href: String,
    /// Search for the reads of the chosen tag, `""` without one.
    pub search_href: String,
    /// Whether the reader may add plates.
    pub may_edit: bool,
    /// What was wrong. Fields `plate tag`.
    pub errors: Vec<FieldError>,
}

/// A tag to filter by.
#[derive(Clone, Debug, Default, Serialize)]
pub struct TagChoice {
    /// The tag.
    pub text: String,
    /// The list with this tag, or without any when it is chosen.
    pub href: String,
    /// Whether it is the one chosen.
    pub selected: bool,
}

/// A row of the list.
#[derive(Clone, Debug, Default, Serialize)]
pub struct KnownRow {
    /// Its page.
    pub href: String,
    /// Badge.
    pub plate: PlateBadge,
    /// Name, tags, notes.
    pub known: KnownView,
    /// First line of the notes.
    pub brief: String,
}
