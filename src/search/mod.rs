//! How people say what they look for: one box syntax and the same filters as form fields and URL
//! parameters, all from one registry. Turns text into a [`Query`]; how that is answered is the
//! business of `store::query`.

mod attributes;
mod confidence;
mod flags;
mod marks;
mod named;
mod nearest;
mod plate;
pub mod syntax;
mod tag;
mod time;
mod week;

use jiff::tz::TimeZone;

pub use syntax::{Search, SearchTerm, SyntaxError};

use crate::base::clock::Timestamp;
use crate::model::query::{Attribute, AttributeMatch, Query};

/// What filters need to know to understand a value.
#[derive(Clone, Debug)]
pub struct Context<'a> {
    /// Zone in which dates are meant.
    pub zone: &'a TimeZone,
    /// Now, for `today` and `24h`.
    pub now: Timestamp,
    /// Cameras by value (`AGENT_UID/CAMERA_ID`) and name.
    pub cameras: &'a [(String, String)],
    /// Agents by uid and name.
    pub agents: &'a [(String, String)],
}

/// Why a value cannot be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Invalid {
    /// What is wrong, for people: lower case, no full stop.
    pub message: String,
    /// The nearest value that would do.
    pub suggestion: Option<String>,
}

impl Invalid {
    fn new(message: impl Into<String>) -> Self {
        Self { message: message.into(), suggestion: None }
    }

    fn with(message: impl Into<String>, suggestion: Option<impl Into<String>>) -> Self {
        Self { message: message.into(), suggestion: suggestion.map(Into::into) }
    }
}

/// One thing captures can be filtered by.
pub trait Filter: Sync {
    /// Name in the box (`color:`) and in URLs.
    fn key(&self) -> &'static str;

    /// Other names.
    fn aliases(&self) -> &'static [&'static str] {
        &[]
    }

    /// Name on the page.
    fn label(&self) -> &'static str;

    /// One sentence of help with an example.
    fn help(&self) -> &'static str;

    /// The attribute whose values the form may offer.
    fn attribute(&self) -> Option<Attribute> {
        None
    }

    /// Adds the condition that the capture has (or, when `not`, has not) `value`.
    fn add(
        &self,
        query: &mut Query,
        value: &str,
        not: bool,
        context: &Context<'_>,
    ) -> Result<(), Invalid>;
}

/// All filters, in the order of the form and the help.
pub const FILTERS: &[&dyn Filter] = &[
    &plate::Plate,
    &plate::Candidate,
    &time::DATE,
    &time::AFTER,
    &time::BEFORE,
    &time::TO,
    &week::Hour,
    &week::Weekday,
    &named::CAMERA,
    &named::SITE,
    &attributes::REGION,
    &attributes::COUNTRY,
    &attributes::COLOR,
    &attributes::MAKE,
    &attributes::MODEL,
    &attributes::BODY,
    &attributes::YEAR,
    &attributes::DIRECTION,
    &attributes::KIND,
    &confidence::Confidence,
    &flags::ALERT,
    &flags::PARKED,
    &flags::LATE,
    &flags::Flag,
    &tag::Tag,
    &marks::List,
    &marks::Signature,
];

/// The filter named `key`.
pub fn filter(key: &str) -> Option<&'static dyn Filter> {
    let same = |name: &str| name.eq_ignore_ascii_case(key);
    FILTERS
        .iter()
        .copied()
        .find(|filter| same(filter.key()) || filter.aliases().iter().any(|alias| same(alias)))
}

/// Adds values to the condition on `attribute`: values of several terms are alternatives, but of
/// facts, tags and lists, of which a capture can have several, each term asks for one more.
fn add_values(
    query: &mut Query,
    attribute: Attribute,
    values: impl IntoIterator<Item = String>,
    not: bool,
) {
    let many = matches!(attribute, Attribute::Flag | Attribute::Tag | Attribute::List);
    let known = query
        .attributes
        .iter_mut()
        .find(|have| (have.attribute, have.not) == (attribute, not) && !many);
    match known {
        Some(have) => have.values.extend(values),
        None => query.attributes.push(AttributeMatch {
            attribute,
            values: values.into_iter().collect(),
            not,
        }),
    }
}

/// The non-empty parts of a comma list.
fn list(value: &str) -> impl Iterator<Item = &str> {
    value.split(',').map(str::trim).filter(|part| !part.is_empty())
}

#[cfg(test)]
mod tests {
    use std::fmt::Write as _;
    use std::path::Path;

    use super::FILTERS;

    /// The filters as documentation shows them.
    fn table() -> String {
        let mut table = String::from("| filter | also | what it takes |\n|---|---|---|\n");
        for filter in FILTERS {
            let aliases: Vec<String> =
                filter.aliases().iter().map(|alias| format!("`{alias}:`")).collect();
            let (key, aliases) = (filter.key(), aliases.join(", "));
            writeln!(table, "| `{key}:` | {aliases} | {} |", filter.help()).unwrap();
        }
        table
    }

    #[test]
    fn the_documentation_lists_every_filter() {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/search.md");
        let text = std::fs::read_to_string(&path).unwrap();
        let start = text.find("| filter |").unwrap();
        let end = start + text[start..].find("\n\n").unwrap() + 1;
        let fresh = format!("{}{}{}", &text[..start], table(), &text[end..]);
        if std::env::var_os("UPDATE_GOLDEN").is_some() {
            std::fs::write(&path, &fresh).unwrap();
        } else {
            assert_eq!(text, fresh, "run with UPDATE_GOLDEN=1");
        }
    }

    #[test]
    fn the_api_description_lists_every_filter() {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("assets/openapi.json");
        let api: serde_json::Value =
            serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
        let parameters = api["paths"]["/api/v1/captures"]["get"]["parameters"].as_array().unwrap();
        for filter in FILTERS {
            let listed = parameters.iter().find(|parameter| parameter["name"] == filter.key());
            let told = listed.map(|parameter| parameter["description"].as_str().unwrap());
            assert_eq!(told, Some(filter.help()), "{}", filter.key());
        }
    }
}
