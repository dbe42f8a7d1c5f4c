//! Values as people read them: numbers, sizes, changes, times, vehicle words, headings. Pure
//! functions from values to text; knows no page and no request.

use jiff::tz::TimeZone;
use jiff::{Timestamp as Instant, ToSpan, Zoned};

use super::views::dashboard::Delta;
use super::views::read::Heading;
use crate::base::clock::Timestamp;

/// `1284551` as `1,284,551`.
pub fn number(value: u64) -> String {
    let digits = value.to_string();
    let mut out = String::with_capacity(digits.len() + digits.len() / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// `1 read`, `2 reads`: the number grouped, the noun in its form. `many` is the plural.
pub fn count(value: u64, one: &str, many: &str) -> String {
    format!("{} {}", number(value), if value == 1 { one } else { many })
}

/// A size in decimal units, three digits: `38.2 GB`, `412 KB`, `0 B`.
pub fn bytes(value: u64) -> String {
    const UNITS: [&str; 6] = ["B", "KB", "MB", "GB", "TB", "PB"];
    let mut amount = value as f64;
    let mut unit = 0;
    while amount >= 999.5 && unit + 1 < UNITS.len() {
        amount /= 1000.0;
        unit += 1;
    }
    let name = UNITS.get(unit).copied().unwrap_or("PB");
    if unit == 0 || amount >= 99.95 {
        format!("{amount:.0} {name}")
    } else {
        format!("{amount:.1} {name}")
    }
}

/// `38.2 of 64.0 GB`: both in the unit of the total.
pub fn bytes_of(used: u64, total: u64) -> String {
    let (used, total) = (bytes(used), bytes(total));
    match (used.split_once(' '), total.split_once(' ')) {
        (Some((amount, unit)), Some((_, same))) if unit == same => format!("{amount} of {total}"),
        _ => format!("{used} of {total}"),
    }
}

/// `96.4`; not-a-number and infinity become `0.0`.
pub fn one_decimal(value: f32) -> String {
    format!("{:.1}", if value.is_finite() { value } else { 0.0 })
}

/// `96.4 %`, or `98 %` when there is nothing behind the point.
pub fn percent(value: f32) -> String {
    let text = one_decimal(value);
    format!("{} %", text.strip_suffix(".0").unwrap_or(&text))
}

/// The change from `before` to `now`; `None` when there is nothing to compare with.
pub fn change(now: u64, before: u64) -> Option<Delta> {
    if before == 0 {
        return None;
    }
    let change = (now as f64 - before as f64) / before as f64 * 100.0;
    let rounded = (change * 10.0).round() / 10.0;
    let (class, text) = if rounded == 0.0 {
        ("flat", "No change".to_owned())
    } else if rounded > 0.0 {
        ("up", format!("+{}", change_amount(rounded)))
    } else {
        ("down", format!("−{}", change_amount(-rounded)))
    };
    Some(Delta { text, class })
}

/// Large changes lose their decimal: it says nothing there.
fn change_amount(percent: f64) -> String {
    if percent >= 100.0 {
        format!("{} %", number(percent.round() as u64))
    } else {
        format!("{percent:.1} %")
    }
}

fn zoned(at: Timestamp, zone: &TimeZone) -> Zoned {
    Instant::from_millisecond(at.ms())
        .unwrap_or(if at.ms() < 0 { Instant::MIN } else { Instant::MAX })
        .to_zoned(zone.clone())
}

/// `14:32:07`.
pub fn clock(at: Timestamp, zone: &TimeZone) -> String {
    zoned(at, zone).strftime("%H:%M:%S").to_string()
}

/// `14:32:07.418`.
pub fn clock_ms(at: Timestamp, zone: &TimeZone) -> String {
    format!("{}.{:03}", clock(at, zone), at.ms().rem_euclid(1000))
}

/// `Today`, `Yesterday`, `Fri 21 Aug`, or `Fri 21 Aug 2025` in another year than `now`.
pub fn day(at: Timestamp, now: Timestamp, zone: &TimeZone) -> String {
    let (at, now) = (zoned(at, zone), zoned(now, zone));
    if at.date() == now.date() {
        "Today".to_owned()
    } else if now.date().checked_sub(1.day()).is_ok_and(|yesterday| at.date() == yesterday) {
        "Yesterday".to_owned()
    } else if at.year() == now.year() {
        at.strftime("%a %-d %b").to_string()
    } else {
        at.strftime("%a %-d %b %Y").to_string()
    }
}

/// `2 Mar 2026`.
pub fn date(at: Timestamp, zone: &TimeZone) -> String {
    zoned(at, zone).strftime("%-d %b %Y").to_string()
}

/// `Fri 21 Aug 2026, 14:32:07 PDT`.
pub fn exact(at: Timestamp, zone: &TimeZone) -> String {
    zoned(at, zone).strftime("%a %-d %b %Y, %H:%M:%S %Z").to_string()
}

/// `Friday 21 August 2026, 14:32:07 PDT (UTC-07:00)`.
pub fn long(at: Timestamp, zone: &TimeZone) -> String {
    let at = zoned(at, zone);
    let form = if at.offset().is_zero() { "%Z" } else { "%Z (UTC%:z)" };
    at.strftime(&format!("%A %-d %B %Y, %H:%M:%S {form}")).to_string()
}

/// `2026-08-21 14:32:07.418 -07:00`.
pub fn stamp(at: Timestamp, zone: &TimeZone) -> String {
    zoned(at, zone).strftime("%Y-%m-%d %H:%M:%S%.3f %:z").to_string()
}

/// RFC 3339 with the offset of the zone: `2026-08-21T14:32:07-07:00`.
pub fn iso(at: Timestamp, zone: &TimeZone) -> String {
    zoned(at, zone).strftime("%Y-%m-%dT%H:%M:%S%:z").to_string()
}

/// Short name of the zone at `at`: `PDT`, or `+03` where there is none.
pub fn zone_short(at: Timestamp, zone: &TimeZone) -> String {
    zoned(at, zone).strftime("%Z").to_string()
}

/// `Los Angeles (PDT)`; `UTC` alone.
pub fn zone_label(at: Timestamp, zone: &TimeZone) -> String {
    let short = zone_short(at, zone);
    match zone.iana_name() {
        Some(name) if name != "UTC" && name != short => {
            let city = name.rsplit('/').next().unwrap_or(name).replace('_', " ");
            format!("{city} ({short})")
        }
        _ => short,
    }
}

/// `4 seconds ago`, `12 minutes ago` below one hour; then `today 09:12 PDT`, `Fri 21 Aug 09:12 PDT`.
/// Times ahead of `now` count as now, since clocks of agents differ.
pub fn ago(at: Timestamp, now: Timestamp, zone: &TimeZone) -> String {
    let seconds = now.since(at).div_euclid(1000);
    match seconds {
        i64::MIN..=0 => "just now".to_owned(),
        1..=59 => format!("{} ago", count(seconds as u64, "second", "seconds")),
        60..=3599 => format!("{} ago", count(seconds as u64 / 60, "minute", "minutes")),
        _ => {
            let day = match day(at, now, zone).as_str() {
                "Today" => "today".to_owned(),
                "Yesterday" => "yesterday".to_owned(),
                other => other.to_owned(),
            };
            format!("{day} {}", zoned(at, zone).strftime("%H:%M %Z"))
        }
    }
}

/// A length of time: `418 ms`, `0.6 s`, `14 s`, `3 min`, `2 h`, `5 days`.
pub fn duration(ms: i64) -> String {
    let ms = ms.unsigned_abs();
    match ms {
        0..=99 => format!("{ms} ms"),
        100..=9_949 => format!("{:.1} s", ms as f64 / 1000.0),
        9_950..=119_999 => format!("{} s", ms / 1000),
        120_000..=7_199_999 => format!("{} min", ms / 60_000),
        7_200_000..=172_799_999 => format!("{} h", ms / 3_600_000),
        _ => format!("{} days", number(ms / 86_400_000)),
    }
}

/// `8KXR417` as `8 K X R 4 1 7`, so that screen readers spell it.
pub fn spelled(plate: &str) -> String {
    let mut out = String::with_capacity(plate.len() * 2);
    for character in plate.chars() {
        if !out.is_empty() {
            out.push(' ');
        }
        out.push(character);
    }
    out
}

/// One or two letters for a person: `Mara Okafor` is `MO`.
pub fn initials(name: &str) -> String {
    let mut words = name
        .split(|c: char| c.is_whitespace() || matches!(c, '.' | '_' | '-'))
        .filter_map(|word| word.chars().find(|c| c.is_alphanumeric()));
    let first = words.next();
    let last = words.next_back();
    let letters: String = first.into_iter().chain(last).flat_map(char::to_uppercase).collect();
    if letters.is_empty() { "?".to_owned() } else { letters }
}

/// A trait as sent in words: `silver-gray` is `Silver gray`, `suv-crossover` is `SUV crossover`,
/// `sedan-standard` is `Sedan`.
pub fn word(name: &str) -> String {
    let usual = match name {
        "sedan-compact" => "Compact sedan",
        "sedan-convertible" => "Convertible",
        "sedan-sports" => "Sports car",
        "sedan-wagon" => "Wagon",
        "truck-standard" => "Pickup truck",
        "van-full" => "Full-size van",
        "van-mini" => "Minivan",
        _ => "",
    };
    if !usual.is_empty() {
        return usual.to_owned();
    }
    let words: Vec<String> = name
        .split(['-', '_'])
        .filter(|word| !word.is_empty() && !word.eq_ignore_ascii_case("standard"))
        .enumerate()
        .map(|(index, word)| match word.to_ascii_lowercase().as_str() {
            "suv" | "atv" | "rv" => word.to_ascii_uppercase(),
            _ if index == 0 => upper_first(word),
            _ => word.to_owned(),
        })
        .collect();
    words.join(" ")
}

/// A make, or make and model, as sent: `bmw_x3` is `BMW X3`, `toyota_rav4` is `Toyota RAV4`,
/// `land-rover_range-rover` is `Land Rover Range Rover`, `ford_f-150` and `ford_f150` are
/// `Ford F-150`, `honda_cr-v` is `Honda CR-V`, `mercedes-benz_c-class` is `Mercedes-Benz C-Class`.
pub fn make_model(name: &str) -> String {
    let (make, model) = name.split_once('_').unwrap_or((name, ""));
    let make: Vec<String> =
        make.split('-').filter(|word| !word.is_empty()).map(make_word).collect();
    let make = match make.join(" ").as_str() {
        "Mercedes Benz" => "Mercedes-Benz".to_owned(),
        "Rolls Royce" => "Rolls-Royce".to_owned(),
        other => other.to_owned(),
    };
    let model = model_words(model);
    if model.is_empty() { make } else { format!("{make} {model}") }
}

fn make_word(word: &str) -> String {
    match word.to_ascii_lowercase().as_str() {
        "bmw" | "gmc" | "mg" | "byd" | "ds" | "daf" | "man" | "kia" if word.len() <= 3 => {
            if word.eq_ignore_ascii_case("kia") {
                "Kia".to_owned()
            } else {
                word.to_ascii_uppercase()
            }
        }
        "mini" => "MINI".to_owned(),
        _ => upper_first(word),
    }
}

/// Words of a model: those with digits and short codes are upper case, `f-150` keeps its hyphen.
fn model_words(model: &str) -> String {
    let mut out = String::new();
    let (mut before_is_code, mut before_is_letter) = (false, false);
    for word in model.split(['-', '_']).filter(|word| !word.is_empty()) {
        let has_digit = word.chars().any(|c| c.is_ascii_digit());
        let code = has_digit || word.chars().count() == 1 || is_model_code(word);
        if !out.is_empty() {
            let joins = before_is_code && (has_digit || before_is_letter || word.len() == 1);
            out.push(if joins { '-' } else { ' ' });
        }
        if let Some(number) = word.strip_prefix(['f', 'F']).filter(|rest| is_truck(rest)) {
            out.push_str("F-");
            out.push_str(number);
        } else if code {
            out.extend(word.chars().flat_map(char::to_uppercase));
        } else {
            out.push_str(&upper_first(word));
        }
        before_is_code = word.chars().count() <= 2 && !has_digit;
        before_is_letter = word.chars().count() == 1 && !has_digit;
    }
    out
}

/// Ford's trucks: `F-150` to `F-750`.
fn is_truck(number: &str) -> bool {
    number.len() == 3
        && number.ends_with("50")
        && number.bytes().all(|digit| digit.is_ascii_digit())
}

fn is_model_code(word: &str) -> bool {
    matches!(
        word.to_ascii_lowercase().as_str(),
        "cr" | "hr"
            | "br"
            | "cx"
            | "mx"
            | "gt"
            | "gti"
            | "gtr"
            | "glc"
            | "gle"
            | "gla"
            | "glk"
            | "gl"
            | "mkx"
            | "mkz"
            | "mks"
            | "mkc"
            | "cts"
            | "ats"
            | "srx"
            | "xts"
            | "rx"
            | "nx"
            | "gx"
            | "lx"
            | "es"
            | "ls"
            | "is"
            | "gs"
            | "rdx"
            | "mdx"
            | "tlx"
            | "tsx"
            | "ilx"
            | "tl"
            | "rl"
            | "tt"
            | "xc"
            | "fj"
            | "hhr"
            | "gto"
            | "wrx"
            | "xv"
            | "fr"
            | "cc"
            | "eos"
            | "slk"
            | "sl"
            | "clk"
            | "cls"
            | "cla"
            | "svx"
            | "ev"
            | "vdj"
            | "rlx"
            | "pt"
    ) && !word.eq_ignore_ascii_case("eos")
}

/// The first letter in upper case, the rest as it is.
pub fn upper_first(word: &str) -> String {
    let mut letters = word.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
}

/// The first letter in lower case unless the word is an abbreviation (`SUV`).
pub fn lower_first(word: &str) -> String {
    let mut letters = word.chars();
    match (letters.next(), letters.clone().next()) {
        (Some(_), Some(second)) if second.is_uppercase() => word.to_owned(),
        (Some(first), _) => first.to_lowercase().chain(letters).collect(),
        (None, _) => String::new(),
    }
}

/// Class of the swatch of a colour as sent, `""` when it has none.
pub fn swatch(color: &str) -> &'static str {
    const KNOWN: [&str; 13] = [
        "white", "black", "gray", "silver", "blue", "red", "green", "beige", "brown", "gold",
        "orange", "yellow", "purple",
    ];
    let color = color.to_ascii_lowercase();
    let first = color.split(['-', '_']).next().unwrap_or_default();
    match first {
        "grey" => "gray",
        "tan" => "beige",
        "pink" => "purple",
        "bronze" => "brown",
        "maroon" => "red",
        _ => KNOWN.into_iter().find(|known| *known == first).unwrap_or(""),
    }
}

/// The heading of `degrees`, clockwise from up. Not-a-number counts as up.
pub fn heading(degrees: f32) -> Heading {
    const WAYS: [Heading; 8] = [
        Heading { class: "no", letters: "N", name: "North" },
        Heading { class: "ne", letters: "NE", name: "North-east" },
        Heading { class: "e", letters: "E", name: "East" },
        Heading { class: "se", letters: "SE", name: "South-east" },
        Heading { class: "so", letters: "S", name: "South" },
        Heading { class: "sw", letters: "SW", name: "South-west" },
        Heading { class: "w", letters: "W", name: "West" },
        Heading { class: "nw", letters: "NW", name: "North-west" },
    ];
    let turned = if degrees.is_finite() { degrees.rem_euclid(360.0) } else { 0.0 };
    let way = ((turned + 22.5) / 45.0) as usize % WAYS.len();
    WAYS.into_iter().nth(way).unwrap_or_default()
}

/// What stands for `character` in element content and quoted attributes; `None` when it may
/// stand for itself.
pub const fn escaped(character: char) -> Option<&'static str> {
    match character {
        '&' => Some("&amp;"),
        '<' => Some("&lt;"),
        '>' => Some("&gt;"),
        '"' => Some("&quot;"),
        '\'' => Some("&#39;"),
        '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => Some("\u{fffd}"),
        _ => None,
    }
}

/// `37.40210, −122.07842`.
pub fn position(latitude: f64, longitude: f64) -> String {
    format!("{latitude:.5}, {longitude:.5}").replace('-', "−")
}

/// `geo:37.40210,-122.07842`, which phones and desktops open in their own map.
pub fn geo(latitude: f64, longitude: f64) -> String {
    format!("geo:{latitude:.5},{longitude:.5}")
}

#[cfg(test)]
#[path = "format_tests.rs"]
mod tests;
