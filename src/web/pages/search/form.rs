//! The form of the search pages: which fields there are, which parameters they write and which terms
//! they show. What no field can show is carried along hidden, so nothing typed into the box gets
//! lost. A filter this file does not know gets a plain field, so a new one needs no line here.

use crate::model::query::Attribute;
use crate::model::saved_search::SearchScope as Scope;
use crate::search::{self, FILTERS, Filter, Search};
use crate::store::{ReadTx, StoreError};
use crate::web::pages::names::Names;
use crate::web::views::Choice;
use crate::web::views::search::{Place, SearchField, Widget};

use super::words::{HEADINGS, PlateParts, WAYS, WHEN, attribute_name, one_day, said};

/// Choices offered of an attribute; the rest can be typed.
const CHOICES_MAX: usize = 200;
/// Attributes whose values the lists of the form take from the store.
const OFFERED: [Attribute; 8] = [
    Attribute::Region,
    Attribute::Color,
    Attribute::Make,
    Attribute::Model,
    Attribute::Body,
    Attribute::Year,
    Attribute::Country,
    Attribute::Tag,
];
/// Filters with a field of their own shape.
const SHAPED: [&str; 6] = ["plate", "date", "after", "before", "to", "is"];

/// Where a list gets its values from.
enum Values {
    /// What occurs.
    Occurring(Attribute),
    /// Always these: value, text.
    Fixed(&'static [(&'static str, &'static str)]),
}

/// A list of the form.
struct List {
    key: &'static str,
    label: &'static str,
    any: &'static str,
    /// Where it stands among the fields for plates and for vehicles; `None` where it means nothing.
    places: [Option<Place>; 2],
    values: Values,
}

const fn list(
    key: &'static str,
    (label, any): (&'static str, &'static str),
    values: Values,
) -> List {
    List { key, label, any, places: [Some(Place::More), Some(Place::More)], values }
}

impl List {
    /// Always there on both pages.
    const fn main(self) -> Self {
        self.at([Some(Place::Main), Some(Place::Main)])
    }

    const fn at(mut self, places: [Option<Place>; 2]) -> Self {
        self.places = places;
        self
    }

    const fn place(&self, scope: Scope) -> Option<Place> {
        let [plates, vehicles] = self.places;
        match scope {
            Scope::Plates => plates,
            Scope::Vehicles => vehicles,
        }
    }
}

/// Behind `More` for plates, without meaning for vehicles.
const PLATES: [Option<Place>; 2] = [Some(Place::More), None];
/// Behind `More` for plates, always there for vehicles.
const VEHICLES_FIRST: [Option<Place>; 2] = [Some(Place::More), Some(Place::Main)];

/// The lists in order. One whose filter does not exist is left out.
const LISTS: &[List] = &[
    list("camera", ("Camera", "All cameras"), Values::Occurring(Attribute::Camera)).main(),
    list("region", ("Region", "Any region"), Values::Occurring(Attribute::Region))
        .at([Some(Place::Main), None]),
    list("color", ("Color", "Any color"), Values::Occurring(Attribute::Color)).main(),
    list("make", ("Make", "Any make"), Values::Occurring(Attribute::Make)).main(),
    list("model", ("Model", "Any model"), Values::Occurring(Attribute::Model)).at(VEHICLES_FIRST),
    list("body", ("Body", "Any body"), Values::Occurring(Attribute::Body)).at(VEHICLES_FIRST),
    list("year", ("Year", "Any year"), Values::Occurring(Attribute::Year)).at(VEHICLES_FIRST),
    list("direction", ("Heading", "Any heading"), Values::Fixed(&HEADINGS)).main(),
    list("alert", ("Alert", "With and without"), Values::Fixed(&ALERT)).at(PLATES),
    list("tag", ("Tag", "Any tag"), Values::Occurring(Attribute::Tag)).at(PLATES),
    list("conf", ("Confidence", "Any confidence"), Values::Fixed(&CONFIDENCES)).at(PLATES),
    list("site", ("Site", "All sites"), Values::Occurring(Attribute::Agent)),
    list("parked", ("Parked", "Parked or not"), Values::Fixed(&PARKED)),
    list("late", ("Arrival", "Late or in time"), Values::Fixed(&LATE)),
    list("country", ("Country", "Any country"), Values::Occurring(Attribute::Country)),
    list("kind", ("Reads", ""), Values::Fixed(&KINDS)),
];
const CONFIDENCES: [(&str, &str); 4] = [
    (">=60", "60 % or more"),
    (">=80", "80 % or more"),
    (">=90", "90 % or more"),
    ("<80", "Below 80 %"),
];
const ALERT: [(&str, &str); 2] = [("yes", "With alert"), ("no", "Without alert")];
const PARKED: [(&str, &str); 2] = [("yes", "Parked"), ("no", "Not parked")];
const LATE: [(&str, &str); 2] = [("yes", "Late"), ("no", "In time")];
const KINDS: [(&str, &str); 3] = [
    ("plate", "With plate"),
    ("vehicle", "Without plate"),
    ("plate,vehicle", "With and without plate"),
];
/// Values that occur, for the lists of the form.
pub(super) struct Offers(Vec<(Attribute, Vec<String>)>);

impl Offers {
    /// Reads them from the store, at most [`CHOICES_MAX`] of each.
    pub(super) fn load(tx: &ReadTx, names: &Names) -> Result<Self, StoreError> {
        let mut lists = Vec::with_capacity(OFFERED.len() + 2);
        for attribute in OFFERED {
            let known = tx.values(attribute)?.into_iter().map(|(_, text)| text);
            let known = known.filter(|text| !text.is_empty()).take(CHOICES_MAX).collect();
            lists.push((attribute, known));
        }
        let values = |pairs: Vec<(String, String)>| pairs.into_iter().map(|pair| pair.0).collect();
        lists.push((Attribute::Camera, values(names.camera_values())));
        lists.push((Attribute::Agent, values(names.agent_values())));
        Ok(Self(lists))
    }

    fn of(&self, attribute: Attribute) -> &[String] {
        let known = self.0.iter().find(|(known, _)| *known == attribute);
        known.map_or(&[], |(_, values)| values.as_slice())
    }
}

/// The fields that show `search`, and the parameters of what they cannot show.
pub(super) fn fields(
    search: &Search,
    scope: Scope,
    offers: &Offers,
    names: &Names,
) -> (Vec<SearchField>, Vec<(String, String)>) {
    let mut form = Form { search, names, offers, shown: Vec::new() };
    let mut fields = Vec::new();
    if scope == Scope::Plates {
        let plate = form.value("plate", |_| true);
        let plate = PlateParts::of(&plate);
        fields.push(text("plate", "Plate", Widget::Mono, plate.text, "8KX417 or 8K?R*"));
        fields.push(ways(plate.way));
        fields.push(SearchField {
            value: if plate.look_alike { "1".to_owned() } else { String::new() },
            ..text("alike", "Match look-alikes (O and 0, I and 1, B and 8)", Widget::Switch, "", "")
        });
    }
    fields.extend(form.times());
    for list in LISTS.iter().filter(|list| search::filter(list.key).is_some()) {
        if let Some(place) = list.place(scope) {
            fields.push(SearchField { place, ..form.list(list, scope) });
        }
    }
    let has_field = |filter: &&&dyn Filter| {
        SHAPED.contains(&filter.key()) || LISTS.iter().any(|list| list.key == filter.key())
    };
    for filter in FILTERS.iter().filter(|filter| !has_field(filter)) {
        let value = form.value(filter.key(), |_| true);
        fields.push(SearchField {
            hint: filter.help().to_owned(),
            place: Place::More,
            ..text(filter.key(), filter.label(), Widget::Text, &value, "")
        });
    }
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
    offers: &'a Offers,
    /// Numbers of the terms some field shows.
    shown: Vec<usize>,
}

impl Form<'_> {
    /// Value of the first term of `key` that a field can show.
    fn value(&mut self, key: &str, fits: impl Fn(&str) -> bool) -> String {
        self.term(key, fits).unwrap_or_default()
    }

    fn term(&mut self, key: &str, fits: impl Fn(&str) -> bool) -> Option<String> {
        let shown = &self.shown;
        let (number, term) = self.search.terms.iter().enumerate().find(|(number, term)| {
            term.filter.key() == key && !term.not && !shown.contains(number) && fits(&term.value)
        })?;
        self.shown.push(number);
        Some(term.value.clone())
    }

    /// The list of usual times, and the dates it opens.
    fn times(&mut self) -> [SearchField; 3] {
        let usual = WHEN.iter().find_map(|(term, _)| {
            let (key, value) = term.split_once(':')?;
            self.term(key, |text| text == value).map(|_| *term)
        });
        let mut date = |name: &str, label: &str| {
            let value = match usual {
                Some(_) => String::new(),
                None => self.value(name, |text| matches!(text.len(), 10 | 16) && one_day(text)),
            };
            let (day, time) = value.split_at_checked(10).unwrap_or_default();
            let time = time.trim_start_matches(['T', ' ']).to_owned();
            SearchField { time, place: Place::Dates, ..text(name, label, Widget::Date, day, "") }
        };
        let (from, to) = (date("after", "From"), date("to", "To"));
        let picked = !from.value.is_empty() || !to.value.is_empty();
        let current = if picked { "pick" } else { usual.unwrap_or_default() };
        let times = [("", "Any time")].into_iter().chain(WHEN).chain([("pick", "Pick dates")]);
        let when = SearchField {
            // The dates say whether it is set.
            value: usual.unwrap_or_default().to_owned(),
            options: times
                .map(|(value, text)| Choice::new(value, text, value == current))
                .collect(),
            ..text("when", "When", Widget::Select, "", "")
        };
        [when, from, to]
    }

    fn list(&mut self, list: &List, scope: Scope) -> SearchField {
        let current = self.value(list.key, |_| true);
        let mut choices: Vec<Choice> = match list.values {
            Values::Fixed(values) => values
                .iter()
                .map(|(value, label)| Choice::new(*value, *label, *value == current))
                .collect(),
            Values::Occurring(attribute) => {
                let choice = |value: &String| {
                    let label = attribute_name(attribute, value, self.names);
                    Choice::new(value.clone(), label, *value == current)
                };
                let mut choices: Vec<Choice> =
                    self.offers.of(attribute).iter().map(choice).collect();
                // Lists of what occurs are looked through by name.
                choices.sort_by_cached_key(|choice| choice.label.to_lowercase());
                choices
            }
        };
        let known = current.is_empty() || choices.iter().any(|choice| choice.selected);
        if !known {
            let label = search::filter(list.key)
                .map_or_else(|| current.clone(), |filter| said(filter, &current, self.names));
            choices.push(Choice::new(current.clone(), label, true));
        }
        if list.key == "kind" {
            // What the page is about needs no parameter.
            for choice in choices.iter_mut().filter(|choice| choice.value == scope.kind()) {
                choice.value = String::new();
                choice.selected = current.is_empty() || current == scope.kind();
            }
        } else {
            choices.insert(0, Choice::new("", list.any, current.is_empty()));
        }
        SearchField { options: choices, ..text(list.key, list.label, Widget::Select, &current, "") }
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

    use super::super::words::parameters;
    use super::*;
    use crate::base::clock::Timestamp;
    use crate::search::{Context, SearchTerm};

    static ZONE: TimeZone = TimeZone::UTC;

    fn context() -> Context<'static> {
        Context { zone: &ZONE, now: Timestamp(0), cameras: &[], agents: &[] }
    }

    fn understood(pairs: &[(&str, &str)]) -> Search {
        let pairs = parameters(pairs.iter().copied());
        let pairs = pairs.iter().map(|(name, value)| (*name, value.as_str()));
        Search::from_parameters(pairs, &context()).unwrap()
    }

    fn shown(search: &Search) -> (Vec<SearchField>, Vec<String>) {
        let offers = Offers(vec![(Attribute::Color, vec!["red".to_owned()])]);
        let (fields, hidden) = fields(search, Scope::Plates, &offers, &Names::new(&[], &[]));
        let pairs = hidden.iter().map(|(name, value)| format!("{name}={value}"));
        (fields, pairs.collect())
    }

    /// What a browser sends for `fields`.
    fn sent(fields: &[SearchField]) -> Vec<(String, String)> {
        let mut pairs = Vec::new();
        for field in fields {
            let chosen = field.options.iter().find(|choice| choice.selected);
            let value = chosen.map_or(&field.value, |choice| &choice.value);
            pairs.push((field.name.clone(), value.clone()));
            if field.widget == Widget::Date {
                pairs.push((format!("{}_time", field.name), field.time.clone()));
            }
        }
        pairs
    }

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
            assert_eq!(understood(&pairs).terms[0].value, pattern);
        }
    }

    #[test]
    fn what_no_field_shows_is_carried_along() {
        let text = "8KX* color:red -color:white after:90m after:2026-08-01 conf:>80 is:clock";
        let search = Search::parse(text, &context()).unwrap();
        let (fields, hidden) = shown(&search);
        let value = |name: &str| {
            let field = fields.iter().find(|field| field.name == name).unwrap();
            field.value.clone()
        };
        let values = ["plate", "after", "to", "color", "conf"].map(value);
        assert_eq!(values, ["8KX", "2026-08-01", "", "red", ">80"]);
        assert_eq!(hidden, ["-color=white", "after=90m", "is=clock"]);
    }

    #[test]
    fn sending_the_fields_back_changes_nothing() {
        for text in [
            "",
            "~8KX* color:red -color:white after:90m conf:>80 late:yes -is:parked",
            "=AB12 date:today camera:u/1",
            "after:24h alert:no",
            "after:2026-08-01T14:30 to:2026-08-02 kind:plate,vehicle",
            "date:2026-08 before:2026-08-09 direction:n,s is:alert parked:yes",
        ] {
            let search = Search::parse(text, &context()).unwrap();
            let (fields, hidden) = shown(&search);
            let mut pairs = sent(&fields);
            pairs.extend(hidden.iter().filter_map(|pair| {
                pair.split_once('=').map(|(name, value)| (name.to_owned(), value.to_owned()))
            }));
            let pairs: Vec<(&str, &str)> =
                pairs.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
            let again = understood(&pairs);
            let terms = |search: &Search| {
                let mut terms: Vec<String> = search.terms.iter().map(SearchTerm::text).collect();
                terms.sort();
                terms
            };
            assert_eq!(terms(&again), terms(&search), "{text}: {pairs:?}");
        }
    }

    #[test]
    fn a_usual_time_stands_above_dates_left_behind() {
        let dates = [("after", "2026-08-01"), ("after_time", "14:30"), ("to", "2026-08-02")];
        let with = |when: &'static str| {
            let mut pairs = vec![("when", when)];
            pairs.extend(dates);
            understood(&pairs).text()
        };
        assert_eq!(with("date:today"), "date:today");
        assert_eq!(with(""), "");
        assert_eq!(with("pick"), "after:2026-08-01T14:30 to:2026-08-02");
        assert_eq!(with("plate:x"), "");
        assert_eq!(understood(&dates).text(), "after:2026-08-01T14:30 to:2026-08-02");
    }
}
