//! Searches in words: parts of plate patterns, values as people say them, chips, sentences; and the
//! parameters only the form sends, written as the syntax has them.

use jiff::civil::{Date, DateTime};

use crate::model::query::Attribute;
use crate::search::{Filter, SearchTerm};
use crate::web::pages::names::Names;
use crate::web::{format, regions};

/// Ways to match a plate: value of the field, its text, words of a chip.
pub(super) const WAYS: [(&str, &str, &str); 4] = [
    ("contains", "Contains", "Plate containing"),
    ("exact", "Is exactly", "Plate exactly"),
    ("prefix", "Starts with", "Plate starting with"),
    ("suffix", "Ends with", "Plate ending with"),
];
/// Headings by value of the direction filter.
pub(super) const HEADINGS: [(&str, &str); 8] = [
    ("n", "North"),
    ("ne", "North-east"),
    ("e", "East"),
    ("se", "South-east"),
    ("s", "South"),
    ("sw", "South-west"),
    ("w", "West"),
    ("nw", "North-west"),
];

/// Times one asks for most: value of the field (a term of the syntax), its text.
pub(super) const WHEN: [(&str, &str); 6] = [
    ("date:today", "Today"),
    ("date:yesterday", "Yesterday"),
    ("after:24h", "Last 24 hours"),
    ("after:7d", "Last 7 days"),
    ("after:30d", "Last 30 days"),
    ("after:365d", "Last year"),
];

/// A plate pattern taken apart as the form shows it.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct PlateParts<'a> {
    pub(super) text: &'a str,
    /// First member of one of [`WAYS`].
    pub(super) way: &'static str,
    pub(super) look_alike: bool,
}

impl<'a> PlateParts<'a> {
    pub(super) fn of(pattern: &'a str) -> Self {
        let pattern = pattern.trim();
        let (look_alike, rest) =
            pattern.strip_prefix('~').map_or((false, pattern), |rest| (true, rest));
        let plain = |text: &str| !text.is_empty() && !text.contains(['*', '?']);
        let (way, text) = if let Some(text) = rest.strip_prefix('=') {
            ("exact", text)
        } else if let Some(text) = rest.strip_suffix('*').filter(|text| plain(text)) {
            ("prefix", text)
        } else if let Some(text) = rest.strip_prefix('*').filter(|text| plain(text)) {
            ("suffix", text)
        } else {
            ("contains", rest)
        };
        Self { text, way, look_alike }
    }
}

/// The parameters of a request, with those that only the form sends written as the syntax has them:
/// look-alikes into the plate, times of day into the dates, the usual times as terms.
pub(in crate::web::pages) fn parameters<'a>(
    pairs: impl Iterator<Item = (&'a str, &'a str)>,
) -> Vec<(&'a str, String)> {
    let pairs: Vec<(&str, &str)> = pairs.collect();
    let value = |wanted: &str| {
        pairs.iter().find(|(name, _)| *name == wanted).map_or("", |pair| pair.1.trim())
    };
    let alike = value("alike") == "1";
    // Dates count where the form asks for them, or where there is no form.
    let dates = pairs.iter().all(|(name, value)| *name != "when" || *value == "pick");
    let mut written = Vec::with_capacity(pairs.len());
    for &(name, text) in &pairs {
        let text = text.trim();
        match name {
            "plate" if alike && !text.is_empty() && !text.starts_with('~') => {
                // The sign of the way must come after the tilde.
                let exact = if value("match") == "exact" { "=" } else { "" };
                written.push((name, format!("~{exact}{text}")));
            }
            "match" if alike && text == "exact" => {}
            "when" => {
                let known = WHEN.iter().find(|(term, _)| *term == text);
                if let Some((key, value)) = known.and_then(|(term, _)| term.split_once(':')) {
                    written.push((key, value.to_owned()));
                }
            }
            "after" | "to" if !dates && one_day(text) => {}
            "after" => written.push((name, at_time(text, value("after_time")))),
            "to" => written.push((name, at_time(text, value("to_time")))),
            _ => written.push((name, text.to_owned())),
        }
    }
    written
}

/// Whether the date fields of the form can show `text`: a day, or a day and a time.
pub(super) fn one_day(text: &str) -> bool {
    text.is_empty() || text.get(..10).is_some_and(|day| day.parse::<Date>().is_ok())
}

fn at_time(day: &str, time: &str) -> String {
    if time.is_empty() || day.len() != 10 { day.to_owned() } else { format!("{day}T{time}") }
}

/// Label and value of `term` for people: on its chip.
pub(super) fn words(term: &SearchTerm, names: &Names) -> (String, String) {
    let label = term.filter.label().to_owned();
    match term.filter.key() {
        "plate" => {
            let parts = PlateParts::of(&term.value);
            let way = WAYS.iter().find(|way| way.0 == parts.way).map_or("Plate", |way| way.2);
            let alike = if parts.look_alike { "Look-alike of plate" } else { way };
            let label = if parts.text.contains(['*', '?']) { "Plate" } else { alike };
            (label.to_owned(), parts.text.to_uppercase())
        }
        _ => (label, said(term.filter, &term.value, names)),
    }
}

/// `value` of `filter` for people.
pub(super) fn said(filter: &dyn Filter, value: &str, names: &Names) -> String {
    match (filter.key(), filter.attribute()) {
        ("after" | "to" | "before" | "date", _) => moment(value),
        ("conf", _) => threshold(value),
        (_, Some(attribute)) => attribute_name(attribute, value, names),
        (_, None) => value.to_owned(),
    }
}

/// `term` as part of a sentence: `of plates starting with 8KX`, `at Gate in`, `since 1 Aug 2026`.
pub(super) fn phrase(term: &SearchTerm, names: &Names) -> String {
    let (label, value) = words(term, names);
    match (term.filter.key(), term.not) {
        ("plate", _) => {
            let parts = PlateParts::of(&term.value);
            match parts.way {
                _ if parts.look_alike => format!("of look-alikes of {value}"),
                _ if parts.text.contains(['*', '?']) => format!("of {value}"),
                "exact" => format!("of {value}"),
                "prefix" => format!("of plates starting with {value}"),
                "suffix" => format!("of plates ending with {value}"),
                _ => format!("of plates containing {value}"),
            }
        }
        ("camera", false) => format!("at {value}"),
        ("camera", true) => format!("away from {value}"),
        ("after", _) => match value.strip_suffix(" ago") {
            Some(span) => format!("in the last {span}"),
            None => format!("since {value}"),
        },
        ("before", _) => format!("before {value}"),
        ("to", _) => format!("up to {value}"),
        ("date", _) if matches!(term.value.as_str(), "today" | "yesterday") => value,
        ("date", _) => format!("on {value}"),
        ("is", false) => format!("that are {value}"),
        ("is", true) => format!("that are not {value}"),
        ("alert" | "parked" | "late", not) => {
            let without = if (term.value == "no") == not { "" } else { "not " };
            format!("that are {without}{}", label.to_lowercase())
        }
        (_, false) => format!("with {} {value}", format::lower_first(&label)),
        (_, true) => format!("without {} {value}", format::lower_first(&label)),
    }
}

/// `2026-08-01` as `1 Aug 2026`, with its time; `24h` as `24 hours ago`.
fn moment(text: &str) -> String {
    if let Some((first, last)) = text.split_once("..") {
        return format!("{} to {}", moment(first), moment(last));
    }
    if let (10, Ok(day)) = (text.len(), text.parse::<Date>()) {
        return day.strftime("%-d %b %Y").to_string();
    }
    if let (16, Ok(time)) = (text.len(), text.parse::<DateTime>()) {
        return time.strftime("%-d %b %Y, %H:%M").to_string();
    }
    let ago = text.char_indices().next_back().and_then(|(at, unit)| {
        let count: u64 = text.get(..at)?.parse().ok()?;
        let (one, many) = match unit {
            'm' => ("minute", "minutes"),
            'h' => ("hour", "hours"),
            'd' => ("day", "days"),
            'w' => ("week", "weeks"),
            _ => return None,
        };
        Some(format!("{} ago", format::count(count, one, many)))
    });
    ago.unwrap_or_else(|| text.to_owned())
}

/// `>=80` as `80 % or more`.
fn threshold(text: &str) -> String {
    let text = text.trim().trim_end_matches('%');
    for (sign, before, after) in [
        (">=", "", " % or more"),
        ("<=", "", " % or less"),
        (">", "above ", " %"),
        ("<", "below ", " %"),
    ] {
        if let Some(number) = text.strip_prefix(sign) {
            return format!("{before}{}{after}", number.trim());
        }
    }
    format!("{text} %")
}

/// What people call `value` of `attribute`; several, separated by commas, are alternatives.
pub(super) fn attribute_name(attribute: Attribute, value: &str, names: &Names) -> String {
    if value.contains(',') {
        let parts = value.split(',').map(str::trim).filter(|part| !part.is_empty());
        let parts: Vec<String> = parts.map(|part| attribute_name(attribute, part, names)).collect();
        return parts.join(" or ");
    }
    match attribute {
        Attribute::Camera => names.camera_of_value(value),
        Attribute::Agent => Some(names.agent(value))
            .filter(|name| !name.is_empty())
            .unwrap_or_else(|| value.to_owned()),
        Attribute::Region => regions::full_name(value, ""),
        Attribute::Make | Attribute::Model => format::make_model(value),
        Attribute::Color | Attribute::Body => format::word(value),
        Attribute::Country => value.to_uppercase(),
        Attribute::Year => value.replace('-', "\u{2013}"),
        Attribute::Direction => HEADINGS
            .iter()
            .find(|heading| heading.0 == value)
            .map_or_else(|| value.to_owned(), |heading| heading.1.to_owned()),
        Attribute::Kind if value == "plate" => "With plate".to_owned(),
        Attribute::Kind if value == "vehicle" => "Without plate".to_owned(),
        _ => value.to_owned(),
    }
}
