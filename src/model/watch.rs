//! Watches: what somebody wants to be told of, and the matches they made ("custom alerts"). Free of
//! storage; which read matches is decided in `domain::watches`.

use crate::base::clock::Timestamp;
use crate::base::limits::PLATE_CHARS_MAX;
use crate::model::capture::{Capture, CaptureDetail, CaptureKey};
use crate::model::known_plate::{Author, PlateTag};
use crate::model::plate::{Plate, fold};
use crate::model::query::{Piece, PlateMatch};
use crate::model::saved_search::SearchQuery;
use crate::model::user::{User, UserId};

/// Number of a watch, unique over all users and never given again.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct WatchId(pub u32);

impl WatchId {
    /// The number `text` is.
    pub fn parse(text: &str) -> Option<Self> {
        let digits = (1..=10).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit());
        digits.then(|| text.parse().ok().map(Self)).flatten()
    }
}

/// Number of a match; the same watch and the same read always give the same, so that recording a
/// read again makes no second match.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MatchId(pub u64);

impl MatchId {
    /// The match of `watch` and the read recorded under `key`.
    pub const fn of(watch: WatchId, key: CaptureKey) -> Self {
        Self(scatter(key.0 ^ scatter(watch.0 as u64 + 1)))
    }

    /// Parses the form used in URLs: 1 to 16 hexadecimal digits.
    pub fn parse(text: &str) -> Option<Self> {
        CaptureKey::parse(text).map(|key| Self(key.0))
    }
}

impl std::fmt::Display for MatchId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}

/// The finaliser of `SplitMix64`: a permutation of all numbers, so two reads of one watch never meet.
const fn scatter(mut x: u64) -> u64 {
    x = x.wrapping_add(0x9e37_79b9_7f4a_7c15);
    x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    x ^ (x >> 31)
}

/// How much a match matters.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Severity {
    /// Good to know.
    Notice = 0,
    /// Look at it.
    #[default]
    Warning = 1,
    /// Act now.
    Critical = 2,
}

impl Severity {
    /// All of them, least first.
    pub const ALL: [Self; 3] = [Self::Notice, Self::Warning, Self::Critical];

    /// Name in forms, files and the API.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Notice => "notice",
            Self::Warning => "warning",
            Self::Critical => "critical",
        }
    }

    /// Name for people.
    pub const fn label(self) -> &'static str {
        match self {
            Self::Notice => "Notice",
            Self::Warning => "Warning",
            Self::Critical => "Critical",
        }
    }

    /// The severity called `name`.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|severity| severity.name() == name)
    }

    /// The severity with this number on disk.
    pub fn from_code(code: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|severity| *severity as u8 == code)
    }
}

/// A plate with wildcards in normal form: letters, digits, `?` for one and `*` for any characters.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct PlatePattern(String);

impl PlatePattern {
    /// Parses what somebody typed: separators are dropped, several `*` in a row are one.
    ///
    /// # Errors
    /// A sentence about what is right.
    pub fn parse(text: &str) -> Result<Self, &'static str> {
        if text.contains('~') {
            return Err("Leave ~ out and choose look-alikes instead.");
        }
        let mut pattern = String::new();
        let wanted = text.chars().filter(|c| c.is_alphanumeric() || matches!(c, '?' | '*'));
        for character in wanted.flat_map(char::to_uppercase) {
            if character != '*' || !pattern.ends_with('*') {
                pattern.push(character);
            }
        }
        if pattern.is_empty() {
            return Err("Give a plate: letters and digits, ? for one and * for any characters.");
        }
        let known = pattern.chars().filter(|c| *c != '*').count();
        if known > PLATE_CHARS_MAX || pattern.chars().count() > 2 * PLATE_CHARS_MAX {
            return Err("A plate has at most 32 characters.");
        }
        Ok(Self(pattern))
    }

    /// The pattern.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The plate, when it is one without wildcards.
    pub fn plate(&self) -> Option<Plate> {
        let plain = !self.0.contains(['?', '*']);
        plain.then(|| Plate::parse_whole(&self.0)).flatten()
    }

    /// The pattern as searches take it.
    pub fn matcher(&self, look_alike: bool) -> PlateMatch {
        let mut pieces = Vec::new();
        for character in self.0.chars() {
            match (character, pieces.last_mut()) {
                ('?', _) => pieces.push(Piece::One),
                ('*', _) => pieces.push(Piece::Any),
                (other, Some(Piece::Text(text))) => text.push(other),
                (other, _) => pieces.push(Piece::Text(other.to_string())),
            }
        }
        PlateMatch { pieces, look_alike, edits: 0 }
    }

    /// The pattern in which look-alikes are one.
    pub fn folded(&self) -> String {
        self.0.chars().map(fold).collect()
    }
}

/// What a watch looks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Target {
    /// A plate, or plates of a form.
    Plate {
        /// The form.
        pattern: PlatePattern,
        /// Whether characters that cameras confuse count as equal.
        look_alike: bool,
    },
    /// Reads that a search finds.
    Search(SearchQuery),
    /// Plates on none of the owner's lists: not known (with this tag, when one is given), and not
    /// named by another of the owner's watches.
    Unlisted(Option<PlateTag>),
}

/// Something somebody wants to be told of.
#[derive(Clone, Debug, PartialEq)]
pub struct Watch {
    /// Its number.
    pub id: WatchId,
    /// Whose it is.
    pub owner: UserId,
    /// One line, `""` when not given.
    pub name: String,
    /// Sentences, `""` when not given.
    pub description: String,
    /// What it looks for.
    pub target: Target,
    /// Region as agents send it (`us-ma`), or a country (`us`); `""` for any.
    pub region: String,
    /// Whether reads of another region are kept in the history without telling anybody.
    pub region_match: bool,
    /// How much a match matters.
    pub severity: Severity,
    /// Reads before do not match.
    pub valid_from: Option<Timestamp>,
    /// Reads from here on do not match.
    pub valid_until: Option<Timestamp>,
    /// Days of the week in the owner's zone, Monday the lowest bit.
    pub days: u8,
    /// Hours of the day in the owner's zone, one bit each.
    pub hours: u32,
    /// Cameras as `AGENT_UID/CAMERA_ID`; empty for all.
    pub cameras: Vec<String>,
    /// After telling of a plate at a camera, how long nobody is told of it again, minutes.
    pub quiet_minutes: u32,
    /// Who else is told.
    pub contacts: Vec<UserId>,
    /// A watch that is off keeps its history and tells nobody.
    pub enabled: bool,
    /// When it was made.
    pub made_at: Timestamp,
}

/// All days of the week.
pub const ALL_DAYS: u8 = (1 << 7) - 1;
/// All hours of the day.
pub const ALL_HOURS: u32 = (1 << 24) - 1;

impl Watch {
    /// What people call it: its name, or what it looks for.
    pub fn title(&self) -> String {
        if !self.name.is_empty() {
            return self.name.clone();
        }
        match &self.target {
            Target::Plate { pattern, .. } => pattern.as_str().to_owned(),
            Target::Search(_) => "Search".to_owned(),
            Target::Unlisted(None) => "Not a known plate".to_owned(),
            Target::Unlisted(Some(tag)) => format!("Not tagged {}", tag.as_str()),
        }
    }

    /// Whether `time` lies within its validity.
    pub fn is_valid_at(&self, time: Timestamp) -> bool {
        self.valid_from.is_none_or(|from| time >= from)
            && self.valid_until.is_none_or(|until| time < until)
    }

    /// Whether it is limited to some hours or days.
    pub const fn has_hours(&self) -> bool {
        self.days != ALL_DAYS || self.hours != ALL_HOURS
    }

    /// Whether a read of `region` by the model `country` is of another region than the watch's. A
    /// read whose region nobody knows is not.
    pub fn is_other_region(&self, region: &str, country: &str) -> bool {
        if self.region.is_empty() || region.is_empty() {
            return false;
        }
        let (region, wanted) = (region.to_ascii_lowercase(), self.region.as_str());
        let last = |code: &str| code.rsplit('-').next().unwrap_or_default().to_owned();
        let same = region == wanted
            || region.split_once('-').is_some_and(|(front, _)| front == wanted)
            || country.eq_ignore_ascii_case(wanted)
            // Old agents send bare codes of states.
            || (region.contains('-') != wanted.contains('-') && last(&region) == last(wanted));
        !same
    }
}

/// Why nobody was told of a match.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Silence {
    /// The read is of another region.
    Region = 1,
    /// The read arrived long after it was captured.
    Late = 2,
    /// The vehicle was parked.
    Parked = 3,
    /// The same plate was told of a short time before.
    Quiet = 4,
    /// The watch was off.
    Off = 5,
    /// The plate is ignored.
    Ignored = 6,
}

impl Silence {
    const ALL: [Self; 6] =
        [Self::Region, Self::Late, Self::Parked, Self::Quiet, Self::Off, Self::Ignored];

    /// Name in the API.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Region => "region",
            Self::Late => "late",
            Self::Parked => "parked",
            Self::Quiet => "quiet",
            Self::Off => "off",
            Self::Ignored => "ignored",
        }
    }

    /// Words for people.
    pub const fn label(self) -> &'static str {
        match self {
            Self::Region => "Other region",
            Self::Late => "Arrived late",
            Self::Parked => "Parked",
            Self::Quiet => "Quiet period",
            Self::Off => "Watch was off",
            Self::Ignored => "Ignored plate",
        }
    }

    /// The reason with this number on disk.
    pub fn from_code(code: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|silence| *silence as u8 == code)
    }
}

/// A read that matched a watch. It keeps what the watch was then, so it outlives it.
#[derive(Clone, Debug, PartialEq)]
pub struct WatchMatch {
    /// Its number.
    pub id: MatchId,
    /// The watch.
    pub watch: WatchId,
    /// Whose watch.
    pub owner: UserId,
    /// Who else was told.
    pub contacts: Vec<UserId>,
    /// The read it is about; a final read takes the place of its preview.
    pub capture: CaptureKey,
    /// The read under its first key: its place in lists.
    pub at: CaptureKey,
    /// Plate in normal form, `None` without one.
    pub plate: Option<Plate>,
    /// Camera as `AGENT_UID/CAMERA_ID`.
    pub camera: String,
    /// What the watch was called.
    pub title: String,
    /// What the watch said.
    pub description: String,
    /// How much it matters.
    pub severity: Severity,
    /// Why nobody was told; `None` for an alert.
    pub silence: Option<Silence>,
    /// Who took care of it, when and with which words; `None` while it is open.
    pub handled: Option<Handled>,
}

impl WatchMatch {
    /// Whether `user` may see it.
    pub fn is_seen_by(&self, user: UserId) -> bool {
        self.owner == user || self.contacts.contains(&user)
    }

    /// The owner and the contacts, each once.
    pub fn readers(&self) -> Vec<UserId> {
        let mut readers = vec![self.owner];
        readers.extend(self.contacts.iter().copied());
        readers.sort_unstable();
        readers.dedup();
        readers
    }

    /// Its place in lists.
    pub const fn place(&self) -> MatchPlace {
        MatchPlace { at: self.at, watch: self.watch }
    }
}

/// Who took care of an alert.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Handled {
    /// Who.
    pub by: Author,
    /// When.
    pub at: Timestamp,
    /// What they said, `""` for nothing.
    pub note: String,
}

/// Where a match stands in lists: by its read, then by its watch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct MatchPlace {
    /// Key of the read.
    pub at: CaptureKey,
    /// The watch.
    pub watch: WatchId,
}

impl MatchPlace {
    /// Parses the form used as a cursor.
    pub fn parse(text: &str) -> Option<Self> {
        let (at, watch) = text.split_once('-')?;
        Some(Self { at: CaptureKey::parse(at)?, watch: WatchId::parse(watch)? })
    }
}

impl std::fmt::Display for MatchPlace {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}-{}", self.at, self.watch.0)
    }
}

/// Which alerts are wanted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MatchFilter {
    /// Only open ones, or only those somebody took care of.
    pub open: Option<bool>,
    /// Of this severity.
    pub severity: Option<Severity>,
    /// Of this watch.
    pub watch: Option<WatchId>,
    /// Of this plate.
    pub plate: Option<crate::model::alert::PlateStart>,
}

/// One page of matches.
#[derive(Clone, Debug, Default)]
pub struct MatchPage {
    /// Newest first.
    pub rows: Vec<WatchMatch>,
    /// Cursor of the next page, `None` on the last.
    pub next: Option<MatchPlace>,
}

/// Everything to tell somebody of a match.
#[derive(Clone, Debug)]
pub struct MatchReport {
    /// The match, with title, description and severity of the watch then.
    pub matched: WatchMatch,
    /// The watch as it is now, `None` when it was deleted.
    pub watch: Option<Watch>,
    /// Whose watch, `None` when the account may not sign in any more.
    pub owner: Option<User>,
    /// Who else is told; accounts that may not sign in are left out.
    pub contacts: Vec<User>,
    /// The read, `None` when it is no longer kept.
    pub capture: Option<Capture>,
    /// The rest of the read.
    pub detail: CaptureDetail,
    /// What people call the camera of the read.
    pub camera: String,
    /// What people call the agent of the read, `""` without a label.
    pub agent: String,
    /// What is known about the plate: whose it is, `""` when not.
    pub known_name: String,
}

#[cfg(test)]
#[path = "watch_tests.rs"]
mod tests;

/// Samples for tests of other layers.
#[cfg(test)]
pub(crate) mod tests_support {
    use super::*;

    /// The watch `id` of user 1 for plates like `pattern`.
    pub(crate) fn watch(id: u32, pattern: &str) -> Watch {
        Watch {
            id: WatchId(id),
            owner: UserId(1),
            name: String::new(),
            description: String::new(),
            target: Target::Plate {
                pattern: PlatePattern::parse(pattern).unwrap(),
                look_alike: false,
            },
            region: String::new(),
            region_match: true,
            severity: Severity::Warning,
            valid_from: None,
            valid_until: None,
            days: ALL_DAYS,
            hours: ALL_HOURS,
            cameras: Vec::new(),
            quiet_minutes: 0,
            contacts: Vec::new(),
            enabled: true,
            made_at: Timestamp(0),
        }
    }
}
