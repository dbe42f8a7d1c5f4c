//! The form of the search page: which parameters its fields write and which terms they show.
//! What no field can show is carried along hidden, so nothing typed into the box gets lost.

use jiff::civil::Date;

use crate::model::query::Attribute;
use crate::search::{Search, SearchTerm};
use crate::store::{ReadTx, StoreError};
use crate::web::pages::names::Names;
use crate::web::views::Choice;
use crate::web::views::search::{SearchField, Widget};
use crate::web::{format, regions};

/// Choices offered of an attribute; the rest can be typed.
const CHOICES_MAX: usize = 200;
/// Ways to match a plate: value of the field, its text, words of a chip.
const WAYS: [(&str, &str, &str); 4] = [
    ("contains", "Contains", "Plate containing"),
    ("exact", "Is exactly", "Plate exactly"),
    ("prefix", "Starts with", "Plate starting with"),
    ("suffix", "Ends with", "Plate ending with"),
];
/// Headings by value of the direction filter.
const HEADINGS: [(&str, &str); 8] = [
    ("n", "North"),
    ("ne", "North-east"),
    ("e", "East"),
    ("se", "South-east"),
    ("s", "South"),
    ("sw", "South-west"),
    ("w", "West"),
    ("nw", "North-west"),
];

/// A plate pattern taken apart as the form shows it.
#[derive(Debug, Default, PartialEq, Eq)]
struct PlateParts<'a> {
    text: &'a str,
    /// First member of one of [`WAYS`].
    way: &'static str,
    look_alike: bool,
}

impl<'a> PlateParts<'a> {
    fn of(pattern: &'a str) -> Self {
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

/// The parameters of a request with look-alikes of the form (`alike=1`) written into the plate.
pub(super) fn parameters<'a>(
    pairs: impl Iterator<Item = (&'a str, &'a str)>,
) -> Vec<(&'a str, String)> {
    let pairs: Vec<(&str, &str)> = pairs.collect();
    let alike = pairs.iter().any(|(name, value)| *name == "alike" && *value == "1");
    let written = |(name, value): (&'a str, &str)| match name {
        "plate" if alike && !value.trim().is_empty() && !value.trim_start().starts_with('~') => {
            let way = pairs.iter().find(|(name, _)| *name == "match").map_or("", |pair| pair.1);
            let value = value.trim();
            // The way `=` is written must come after the tilde.
            let exact = if way == "exact" { "=" } else { "" };
            (name, format!("~{exact}{value}"))
        }
        "match" if alike && value == "exact" => (name, String::new()),
        _ => (name, value.to_owned()),
    };
    pairs.iter().copied().map(written).collect()
}

/// Label and value of `term` for people: on its chip and in sentences.
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
        "after" | "to" | "before" | "date" => (label, day(&term.value)),
        _ => match term.filter.attribute() {
            Some(attribute) => (label, attribute_name(attribute, &term.value, names)),
            None => (label, term.value.clone()),
        },
    }
}

/// `2026-08-01` as `1 Aug 2026`; anything else as it is.
fn day(text: &str) -> String {
    let day = text.parse::<Date>().ok().filter(|_| text.len() == 10);
    day.map_or_else(|| text.to_owned(), |day| day.strftime("%-d %b %Y").to_string())
}

fn attribute_name(attribute: Attribute, value: &str, names: &Names) -> String {
    match attribute {
        Attribute::Camera => names.camera_of_value(value),
        Attribute::Region => regions::full_name(value, ""),
        Attribute::Make | Attribute::Model => format::make_model(value),
        Attribute::Color | Attribute::Body => format::word(value),
        Attribute::Direction => HEADINGS
            .iter()
            .find(|heading| heading.0 == value)
            .map_or_else(|| value.to_owned(), |heading| heading.1.to_owned()),
        Attribute::Kind if value == "plate" => "With plate".to_owned(),
        Attribute::Kind if value == "vehicle" => "Without plate".to_owned(),
        _ => value.to_owned(),
    }
}

/// Values that occur, for the lists of the form.
pub(super) struct Offers {
    regions: Vec<String>,
    colors: Vec<String>,
    makes: Vec<String>,
    bodies: Vec<String>,
}

impl Offers {
    /// Reads them from the store, at most [`CHOICES_MAX`] of each.
    pub(super) fn load(tx: &ReadTx) -> Result<Self, StoreError> {
        let values = |attribute| -> Result<Vec<String>, StoreError> {
            let known = tx.values(attribute)?.into_iter().map(|(_, text)| text);
            Ok(known.filter(|text| !text.is_empty()).take(CHOICES_MAX).collect())
        };
        Ok(Self {
            regions: values(Attribute::Region)?,
            colors: values(Attribute::Color)?,
            makes: values(Attribute::Make)?,
            bodies: values(Attribute::Body)?,
        })
    }
}

/// The fields that show `search`, and the parameters of what they cannot show.
pub(super) fn fields(
    search: &Search,
    offers: &Offers,
    names: &Names,
    cameras: &[(String, String)],
) -> (Vec<SearchField>, Vec<(String, String)>) {
    let mut form = Form { search, names, shown: Vec::new() };
    let plate = form.value("plate", |_| true);
    let plate = PlateParts::of(&plate);
    let mut fields = vec![
        text("plate", "Plate", Widget::Mono, plate.text, "8KX417 or 8K?R*"),
        ways(plate.way),
        form.date("after", "From"),
        form.date("to", "To"),
    ];
    let camera_values: Vec<String> = cameras.iter().map(|(value, _)| value.clone()).collect();
    let fixed = |values: &[&str]| values.iter().map(|value| (*value).to_owned()).collect();
    let headings: Vec<String> = HEADINGS.iter().map(|heading| heading.0.to_owned()).collect();
    let kinds: Vec<String> = fixed(&["plate", "vehicle"]);
    for (name, label, any, attribute, values) in [
        ("camera", "Camera", "All cameras", Attribute::Camera, &camera_values),
        ("region", "Region", "Any region", Attribute::Region, &offers.regions),
        ("kind", "Reads", "With and without plate", Attribute::Kind, &kinds),
        ("direction", "Heading", "Any heading", Attribute::Direction, &headings),
        ("make", "Make", "Any make", Attribute::Make, &offers.makes),
        ("color", "Color", "Any color", Attribute::Color, &offers.colors),
        ("body", "Body", "Any body", Attribute::Body, &offers.bodies),
    ] {
        fields.push(form.select(name, label, any, attribute, values));
    }
    fields.push(SearchField {
        value: if plate.look_alike { "1".to_owned() } else { String::new() },
        ..text("alike", "Match look-alikes (O and 0, I and 1, B and 8)", Widget::Switch, "", "")
    });
    let hidden = form.hidden();
    (fields, hidden)
}

fn text(name: &str, label: &str, widget: Widget, value: &str, placeholder: &str) -> SearchField {
    SearchField {
        name: name.to_owned(),
        label: label.to_owned(),
        widget,
        value: value.to_owned(),
        placeholder: placeholder.to_owned(),
        ..SearchField::default()
    }
}

fn ways(current: &str) -> SearchField {
    let choice = |(value, label, _): &(&str, &str, &str)| {
        // The first is the default and needs no parameter.
        let sent = if *value == "contains" { "" } else { value };
        Choice::new(sent, *label, *value == current)
    };
    SearchField {
        options: WAYS.iter().map(choice).collect(),
        ..text("match", "Match", Widget::Select, "", "")
    }
}

/// Takes the terms of a search into fields, each term at most once.
struct Form<'a> {
    search: &'a Search,
    names: &'a Names,
    /// Numbers of the terms some field shows.
    shown: Vec<usize>,
}

impl Form<'_> {
    /// Value of the first term of `key` that a field can show.
    fn value(&mut self, key: &str, fits: impl Fn(&str) -> bool) -> String {
        let found = self
            .search
            .terms
            .iter()
            .enumerate()
            .find(|(_, term)| term.filter.key() == key && !term.not && fits(&term.value));
        let Some((number, term)) = found else { return String::new() };
        self.shown.push(number);
        term.value.clone()
    }

    fn date(&mut self, name: &str, label: &str) -> SearchField {
        let value = self.value(name, |text| text.len() == 10 && text.parse::<Date>().is_ok());
        text(name, label, Widget::Date, &value, "")
    }

    fn select(
        &mut self,
        name: &str,
        label: &str,
        any: &str,
        attribute: Attribute,
        values: &[String],
    ) -> SearchField {
        let current = self.value(name, |_| true);
        let typed = (!current.is_empty() && !values.contains(&current)).then(|| current.clone());
        let mut choices: Vec<Choice> = values
            .iter()
            .cloned()
            .chain(typed)
            .map(|value| {
                let label = attribute_name(attribute, &value, self.names);
                let selected = value == current;
                Choice::new(value, label, selected)
            })
            .collect();
        // Lists of what occurs are looked through by name; headings go round.
        if attribute != Attribute::Direction && attribute != Attribute::Kind {
            choices.sort_by_cached_key(|choice| choice.label.to_lowercase());
        }
        choices.insert(0, Choice::new("", any, current.is_empty()));
        SearchField { options: choices, ..text(name, label, Widget::Select, &current, "") }
    }

    fn hidden(&self) -> Vec<(String, String)> {
        let rest = self.search.terms.iter().enumerate();
        let rest = rest.filter(|(number, _)| !self.shown.contains(number));
        rest.map(|(_, term)| term.parameter()).collect()
    }
}

#[cfg(test)]
mod tests {
    use jiff::tz::TimeZone;

    use super::*;
    use crate::base::clock::Timestamp;
    use crate::search::Context;

    #[test]
    fn patterns_come_apart_and_together_again() {
        for (pattern, text, way, look_alike) in [
            ("8KX", "8KX", "contains", false),
            ("=8KX", "8KX", "exact", false),
            ("8KX*", "8KX", "prefix", false),
            ("*417", "417", "suffix", false),
            ("8K?R*", "8K?R*", "contains", false),
            ("*", "*", "contains", false),
            ("~8KX", "8KX", "contains", true),
            ("~=8KX", "8KX", "exact", true),
            ("~8KX*", "8KX", "prefix", true),
            ("", "", "contains", false),
        ] {
            let parts = PlateParts::of(pattern);
            assert_eq!(parts, PlateParts { text, way, look_alike }, "{pattern}");
            if text.is_empty() {
                continue;
            }
            let mut pairs = vec![("plate", text), ("match", way)];
            if look_alike {
                pairs.push(("alike", "1"));
            }
            let pairs = parameters(pairs.into_iter());
            let context =
                Context { zone: &TimeZone::UTC, now: Timestamp(0), cameras: &[], agents: &[] };
            let pairs = pairs.iter().map(|(name, value)| (*name, value.as_str()));
            let again = Search::from_parameters(pairs, &context).unwrap();
            assert_eq!(again.terms[0].value, pattern);
        }
    }

    #[test]
    fn what_no_field_shows_is_carried_along() {
        let context =
            Context { zone: &TimeZone::UTC, now: Timestamp(0), cameras: &[], agents: &[] };
        let text = "8KX* color:red -color:white after:24h after:2026-08-01 conf:>80";
        let search = Search::parse(text, &context).unwrap();
        let offers = Offers {
            regions: Vec::new(),
            colors: vec!["red".to_owned()],
            makes: Vec::new(),
            bodies: Vec::new(),
        };
        let (fields, hidden) = fields(&search, &offers, &Names::new(&[], &[]), &[]);
        let value = |name: &str| {
            let field = fields.iter().find(|field| field.name == name).unwrap();
            field.value.clone()
        };
        let shown = ["plate", "after", "to", "color"].map(value);
        assert_eq!(shown, ["8KX", "2026-08-01", "", "red"]);
        let hidden: Vec<_> = hidden.iter().map(|(name, value)| format!("{name}={value}")).collect();
        assert_eq!(hidden, ["-color=white", "after=24h", "conf=>80"]);
    }
}
