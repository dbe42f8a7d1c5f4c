//! A watch as texts by field, both ways: what forms, the API, CSV files and the settings file share.
//! Every mistake is told by its field; nothing is cut off silently.

use jiff::tz::TimeZone;

use crate::base::clock::Timestamp;
use crate::base::limits::{
    WATCH_CAMERAS_MAX, WATCH_CONTACTS_MAX, WATCH_NAME_CHARS_MAX, WATCH_QUIET_MINUTES_MAX,
    WATCH_TEXT_CHARS_MAX,
};
use crate::domain::settings::FieldError;
use crate::model::known_plate::PlateTag;
use crate::model::query::Query;
use crate::model::text::clean_lines;
use crate::model::user::{Role, User, UserId, Username};
use crate::model::watch::{ALL_DAYS, ALL_HOURS, PlatePattern, Severity, Target, Watch, WatchId};
use crate::search::{self, Context};

use super::searches::{self, Names};

/// All fields, in the order of forms and files.
pub const FIELDS: [&str; 18] = [
    "kind",
    "plate",
    "look_alike",
    "search",
    "tag",
    "name",
    "description",
    "region",
    "region_match",
    "severity",
    "valid_from",
    "valid_until",
    "days",
    "hours",
    "cameras",
    "quiet_minutes",
    "contacts",
    "enabled",
];

/// Names of the days, Monday first.
pub const DAYS: [&str; 7] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];

/// What is needed to understand texts and to write them.
pub struct Desk<'a> {
    /// Zone of the owner, in which days are meant.
    pub zone: &'a TimeZone,
    /// Now.
    pub now: Timestamp,
    /// Cameras and agents.
    pub names: &'a Names,
    /// Accounts that can be contacts.
    pub users: &'a [User],
    /// Whose watch it is.
    pub owner: &'a User,
}

/// The text of a field, `None` when nothing is said about it.
pub type Texts<'a> = &'a dyn Fn(&str) -> Option<String>;

/// The watch that `texts` describe: `base` with what they say, or a new one.
///
/// # Errors
/// Every field that is wrong.
pub fn check(
    base: Option<&Watch>,
    texts: Texts<'_>,
    desk: &Desk<'_>,
) -> Result<Watch, Vec<FieldError>> {
    let mut reader = Reader { texts, desk, errors: Vec::new() };
    let old = base.cloned();
    let target = reader.target(old.as_ref().map(|watch| &watch.target));
    let mut watch = old.unwrap_or_else(|| blank(desk));
    if let Some(target) = target {
        watch.target = target;
    }
    reader.words(&mut watch);
    reader.times(&mut watch);
    reader.places(&mut watch);
    reader.contacts(&mut watch);
    if reader.errors.is_empty() { Ok(watch) } else { Err(reader.errors) }
}

/// A watch about which nothing is said.
fn blank(desk: &Desk<'_>) -> Watch {
    Watch {
        id: WatchId(0),
        owner: desk.owner.id,
        name: String::new(),
        description: String::new(),
        target: Target::Unlisted(None),
        region: String::new(),
        region_match: true,
        severity: Severity::default(),
        valid_from: None,
        valid_until: None,
        days: ALL_DAYS,
        hours: ALL_HOURS,
        cameras: Vec::new(),
        quiet_minutes: 0,
        contacts: Vec::new(),
        enabled: true,
        made_at: desk.now,
    }
}

struct Reader<'a> {
    texts: Texts<'a>,
    desk: &'a Desk<'a>,
    errors: Vec<FieldError>,
}

impl Reader<'_> {
    /// The field, trimmed.
    fn text(&self, field: &str) -> Option<String> {
        (self.texts)(field).map(|text| text.trim().to_owned())
    }

    fn wrong(&mut self, field: &'static str, message: impl Into<String>) {
        self.errors.push(FieldError { field, message: message.into() });
    }

    fn truth(&mut self, field: &'static str, into: &mut bool) {
        let Some(text) = self.text(field) else { return };
        match text.to_lowercase().as_str() {
            "true" | "yes" | "on" | "1" => *into = true,
            "false" | "no" | "off" | "0" | "" => *into = false,
            _ => self.wrong(field, "Give true or false."),
        }
    }

    fn target(&mut self, old: Option<&Target>) -> Option<Target> {
        let said = |field: &str| self.text(field).is_some_and(|text| !text.is_empty());
        let kind = match self.text("kind").filter(|kind| !kind.is_empty()) {
            Some(kind) => kind,
            None if said("search") => "search".to_owned(),
            None if said("plate") => "plate".to_owned(),
            None => match old {
                Some(Target::Search(_)) => "search",
                Some(Target::Unlisted(_)) => "unlisted",
                _ => "plate",
            }
            .to_owned(),
        };
        match kind.as_str() {
            "plate" => self.plate(old),
            "search" => {
                let Some(text) = self.text("search") else {
                    return self.kept(
                        old,
                        "search",
                        "Give a search, such as color:white make:ford.",
                    );
                };
                match searches::kept(&text, self.desk.names) {
                    Ok(query) => Some(Target::Search(query)),
                    Err(message) => {
                        self.wrong("search", message);
                        None
                    }
                }
            }
            "unlisted" => match self.text("tag").as_deref() {
                None | Some("") => Some(Target::Unlisted(None)),
                Some(tag) => {
                    let tag = PlateTag::parse(tag);
                    if tag.is_none() {
                        self.wrong("tag", "A tag has at most 40 characters in one line.");
                    }
                    Some(Target::Unlisted(Some(tag?)))
                }
            },
            _ => {
                self.wrong("kind", "Give plate, search or unlisted.");
                None
            }
        }
    }

    /// What is looked for stays as it is, when it is of this kind.
    fn kept(
        &mut self,
        old: Option<&Target>,
        field: &'static str,
        message: &'static str,
    ) -> Option<Target> {
        let same = match old {
            Some(Target::Plate { .. }) => field == "plate",
            Some(Target::Search(_)) => field == "search",
            _ => false,
        };
        if !same {
            self.wrong(field, message);
        }
        old.filter(|_| same).cloned()
    }

    fn plate(&mut self, old: Option<&Target>) -> Option<Target> {
        let mut look_alike = matches!(old, Some(Target::Plate { look_alike: true, .. }));
        self.truth("look_alike", &mut look_alike);
        let Some(text) = self.text("plate") else {
            let kept = self.kept(old, "plate", "Give a plate: letters and digits, ? and *.")?;
            let Target::Plate { pattern, .. } = kept else { return None };
            return Some(Target::Plate { pattern, look_alike });
        };
        match PlatePattern::parse(&text) {
            Ok(pattern) => Some(Target::Plate { pattern, look_alike }),
            Err(message) => {
                self.wrong("plate", message);
                None
            }
        }
    }

    fn words(&mut self, watch: &mut Watch) {
        if let Some(name) = self.text("name") {
            if name.chars().count() > WATCH_NAME_CHARS_MAX || name.chars().any(char::is_control) {
                let message = format!("Use at most {WATCH_NAME_CHARS_MAX} characters in one line.");
                self.wrong("name", message);
            }
            watch.name = name;
        }
        if let Some(text) = self.text("description") {
            let text = clean_lines(&text);
            if text.chars().count() > WATCH_TEXT_CHARS_MAX {
                let message = format!("Use at most {WATCH_TEXT_CHARS_MAX} characters.");
                self.wrong("description", message);
            }
            watch.description = text;
        }
        if let Some(text) = self.text("region") {
            let region = text.to_ascii_lowercase();
            let plain = region.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
            if region.len() > 12 || !plain {
                self.wrong("region", "Give a region as agents send it, such as us-ma or de.");
            }
            watch.region = region;
        }
        self.truth("region_match", &mut watch.region_match);
        self.truth("enabled", &mut watch.enabled);
        if let Some(text) = self.text("severity").filter(|text| !text.is_empty()) {
            match Severity::parse(&text.to_lowercase()) {
                Some(severity) => watch.severity = severity,
                None => self.wrong("severity", "Give notice, warning or critical."),
            }
        }
        if let Some(text) = self.text("quiet_minutes") {
            let minutes = if text.is_empty() { Some(0) } else { text.parse().ok() };
            if let Some(minutes) = minutes.filter(|minutes| *minutes <= WATCH_QUIET_MINUTES_MAX) {
                watch.quiet_minutes = minutes;
            } else {
                let message = format!("Give 0 to {WATCH_QUIET_MINUTES_MAX} whole minutes.");
                self.wrong("quiet_minutes", message);
            }
        }
    }

    /// Lets the search filter `filter` read `text`; the query it makes of it.
    fn filtered(&mut self, field: &'static str, filter: &str, text: &str) -> Option<Query> {
        let context =
            Context { zone: self.desk.zone, now: self.desk.now, cameras: &[], agents: &[] };
        let mut query = Query::default();
        let done = search::filter(filter)?.add(&mut query, text, false, &context);
        match done {
            Ok(()) => Some(query),
            Err(invalid) => {
                let hint = invalid.suggestion.map(|it| format!(", such as {it}"));
                self.wrong(
                    field,
                    format!("{}{}.", capital(&invalid.message), hint.unwrap_or_default()),
                );
                None
            }
        }
    }

    fn times(&mut self, watch: &mut Watch) {
        if let Some(text) = self.text("valid_from") {
            watch.valid_from = match text.as_str() {
                "" => None,
                text => self.filtered("valid_from", "after", text).and_then(|query| query.from),
            };
        }
        if let Some(text) = self.text("valid_until") {
            watch.valid_until = match text.as_str() {
                "" => None,
                text => self.filtered("valid_until", "to", text).and_then(|query| query.until),
            };
        }
        if let Some((from, until)) = watch.valid_from.zip(watch.valid_until)
            && from >= until
        {
            self.wrong("valid_until", "The last day is before the first.");
        }
        if let Some(text) = self.text("days") {
            watch.days = match text.as_str() {
                "" => ALL_DAYS,
                text => self
                    .filtered("days", "weekday", text)
                    .and_then(|query| query.week)
                    .map_or(ALL_DAYS, |week| week.day_bits()),
            };
        }
        if let Some(text) = self.text("hours") {
            watch.hours = match text.as_str() {
                "" => ALL_HOURS,
                text => self
                    .filtered("hours", "hour", text)
                    .and_then(|query| query.week)
                    .map_or(ALL_HOURS, |week| week.hour_bits()),
            };
        }
    }

    fn places(&mut self, watch: &mut Watch) {
        let Some(text) = self.text("cameras") else { return };
        let mut cameras = Vec::new();
        for part in parts(&text) {
            let known = &self.desk.names.cameras;
            // A camera that was chosen before may be gone since.
            let value = known
                .iter()
                .find(|(value, name)| value == part || name.eq_ignore_ascii_case(part))
                .map(|(value, _)| value.clone())
                .or_else(|| watch.cameras.iter().find(|it| *it == part).cloned());
            match value {
                Some(value) => cameras.push(value),
                None => self.wrong("cameras", format!("There is no camera {part}.")),
            }
        }
        cameras.sort_unstable();
        cameras.dedup();
        if cameras.len() > WATCH_CAMERAS_MAX {
            self.wrong(
                "cameras",
                format!("Choose at most {WATCH_CAMERAS_MAX} cameras, or none for all."),
            );
        }
        watch.cameras = cameras;
    }

    fn contacts(&mut self, watch: &mut Watch) {
        let Some(text) = self.text("contacts") else { return };
        let mut contacts: Vec<UserId> = Vec::new();
        for part in parts(&text) {
            let name = Username::parse(part);
            let users = self.desk.users.iter();
            let mut named =
                users.filter(|user| name.as_ref().is_some_and(|name| *name == user.username));
            match named.next() {
                Some(user) => contacts.push(user.id),
                None => self.wrong("contacts", format!("There is no user {part}.")),
            }
        }
        contacts.retain(|contact| *contact != watch.owner);
        contacts.sort_unstable();
        contacts.dedup();
        let added = contacts.iter().any(|contact| !watch.contacts.contains(contact));
        if added && self.desk.owner.role < Role::Admin {
            self.wrong("contacts", "Only administrators can add other users.");
        }
        if contacts.len() > WATCH_CONTACTS_MAX {
            self.wrong("contacts", format!("Choose at most {WATCH_CONTACTS_MAX} users."));
        }
        watch.contacts = contacts;
    }
}

/// The non-empty parts of a comma list.
fn parts(text: &str) -> impl Iterator<Item = &str> {
    text.split(',').map(str::trim).filter(|part| !part.is_empty())
}

/// `text` with its first letter in upper case.
fn capital(text: &str) -> String {
    let mut characters = text.chars();
    characters
        .next()
        .map_or_else(String::new, |first| first.to_uppercase().chain(characters).collect())
}

/// The texts of `watch`, of which [`check`] makes the same watch again.
pub fn texts(watch: &Watch, desk: &Desk<'_>) -> Vec<(&'static str, String)> {
    let (kind, plate, look_alike, search, tag) = match &watch.target {
        Target::Plate { pattern, look_alike } => ("plate", pattern.as_str(), *look_alike, "", ""),
        Target::Search(query) => ("search", "", false, query.as_str(), ""),
        Target::Unlisted(tag) => {
            ("unlisted", "", false, "", tag.as_ref().map_or("", PlateTag::as_str))
        }
    };
    let contact = |id: &UserId| {
        let user = desk.users.iter().find(|user| user.id == *id)?;
        Some(user.username.as_str().to_owned())
    };
    let contacts: Vec<String> = watch.contacts.iter().filter_map(contact).collect();
    let truth = |value: bool| value.to_string();
    vec![
        ("kind", kind.to_owned()),
        ("plate", plate.to_owned()),
        ("look_alike", truth(look_alike)),
        ("search", search.to_owned()),
        ("tag", tag.to_owned()),
        ("name", watch.name.clone()),
        ("description", watch.description.clone()),
        ("region", watch.region.clone()),
        ("region_match", truth(watch.region_match)),
        ("severity", watch.severity.name().to_owned()),
        ("valid_from", watch.valid_from.map(|at| day(at, desk.zone)).unwrap_or_default()),
        (
            "valid_until",
            watch.valid_until.map(|at| day(at.plus_ms(-1), desk.zone)).unwrap_or_default(),
        ),
        ("days", days_text(watch.days)),
        ("hours", hours_text(watch.hours)),
        ("cameras", watch.cameras.join(",")),
        ("quiet_minutes", watch.quiet_minutes.to_string()),
        ("contacts", contacts.join(",")),
        ("enabled", truth(watch.enabled)),
    ]
}

/// The day of `at`, as calendars in `zone` show it.
fn day(at: Timestamp, zone: &TimeZone) -> String {
    jiff::Timestamp::from_millisecond(at.0)
        .map(|instant| zone.to_datetime(instant).date().to_string())
        .unwrap_or_default()
}

/// `mon,tue`; `""` for all.
pub fn days_text(days: u8) -> String {
    if days == ALL_DAYS {
        return String::new();
    }
    let named = DAYS.iter().enumerate().filter(|(day, _)| days >> day & 1 == 1);
    named.map(|(_, name)| *name).collect::<Vec<_>>().join(",")
}

/// `8-17,22`; `""` for all.
pub fn hours_text(hours: u32) -> String {
    if hours == ALL_HOURS {
        return String::new();
    }
    let has = |hour: u32| hour < 24 && hours >> hour & 1 == 1;
    let mut ranges: Vec<String> = Vec::new();
    let mut hour = 0;
    while hour < 24 {
        if has(hour) {
            let first = hour;
            while has(hour + 1) {
                hour += 1;
            }
            ranges.push(if first == hour { first.to_string() } else { format!("{first}-{hour}") });
        }
        hour += 1;
    }
    ranges.join(",")
}

#[cfg(test)]
#[path = "fields_tests.rs"]
mod tests;
