//! Filters by what came with a read: the Rekor list that raised an alert, the vehicle's signature.

use super::{Context, Filter, Invalid, add_values, list};
use crate::base::limits::TEXT_CHARS_MAX;
use crate::model::query::{Attribute, Query};

/// The filter by list.
pub(super) struct List;

impl Filter for List {
    fn key(&self) -> &'static str {
        "list"
    }

    fn label(&self) -> &'static str {
        "Rekor list"
    }

    fn help(&self) -> &'static str {
        "Name of the Rekor list that raised an alert: list:\"Stolen cars\"; any of two: list:a,b"
    }

    fn attribute(&self) -> Option<Attribute> {
        Some(Attribute::List)
    }

    fn add(
        &self,
        query: &mut Query,
        value: &str,
        not: bool,
        _: &Context<'_>,
    ) -> Result<(), Invalid> {
        let whole = value.trim().to_lowercase();
        if list(&whole).next().is_none() {
            return Err(Invalid::new("list: needs a value"));
        }
        if whole.chars().count() > TEXT_CHARS_MAX {
            return Err(Invalid::new("no list has so long a name"));
        }
        // A comma may be part of a name.
        let mut values: Vec<String> = list(&whole).map(str::to_owned).collect();
        if !values.contains(&whole) {
            values.push(whole);
        }
        add_values(query, Attribute::List, values, not);
        Ok(())
    }
}

/// The filter by vehicle signature.
pub(super) struct Signature;

impl Filter for Signature {
    fn key(&self) -> &'static str {
        "signature"
    }

    fn label(&self) -> &'static str {
        "Signature"
    }

    fn help(&self) -> &'static str {
        "Vehicles with the same signature, by the mark a capture shows: signature:1f0c66a9b2d4e857"
    }

    fn add(
        &self,
        query: &mut Query,
        value: &str,
        not: bool,
        _: &Context<'_>,
    ) -> Result<(), Invalid> {
        let value = value.trim();
        let plain = value.len() == 16 && value.bytes().all(|b| b.is_ascii_hexdigit());
        let mark = plain.then(|| u64::from_str_radix(value, 16).ok()).flatten();
        let Some(mark) = mark else {
            return Err(Invalid::new("a signature has 16 digits, 0 to 9 and a to f"));
        };
        query.signatures.push((mark, not));
        Ok(())
    }
}
