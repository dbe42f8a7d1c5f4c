//! Saved searches: names to change, searches to forget.

use serde::Serialize;

use super::FieldError;

/// Template `searches.html`.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Searches {
    /// The searches of the reader.
    pub searches: Vec<SearchRow>,
    /// Longest name, characters.
    pub name_max: usize,
    /// What is wrong with the form that was sent.
    pub errors: Vec<FieldError>,
}

/// A saved search.
#[derive(Clone, Debug, Default, Serialize)]
pub struct SearchRow {
    /// Its number.
    pub id: u32,
    /// Its name, or what was typed in its place.
    pub name: String,
    /// What it finds: `Plates`, `Vehicles`.
    pub scope: &'static str,
    /// Its conditions as one would type them.
    pub text: String,
    /// Its address.
    pub href: String,
}
