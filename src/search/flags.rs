//! Filter by yes-or-no facts: `is:parked`.

use super::nearest::nearest;
use super::{Context, Filter, Invalid, add_values, list};
use crate::model::query::{Attribute, Query, flag_names};

/// The flag filter.
pub(super) struct Flag;

impl Filter for Flag {
    fn key(&self) -> &'static str {
        "is"
    }

    fn aliases(&self) -> &'static [&'static str] {
        &["flag"]
    }

    fn label(&self) -> &'static str {
        "Is"
    }

    fn help(&self) -> &'static str {
        "A fact: is:parked, is:late, is:alert, is:preview, is:clock, is:notes; -is:parked for the rest"
    }

    fn attribute(&self) -> Option<Attribute> {
        Some(Attribute::Flag)
    }

    fn add(
        &self,
        query: &mut Query,
        value: &str,
        not: bool,
        _: &Context<'_>,
    ) -> Result<(), Invalid> {
        for part in list(value) {
            let part = part.to_lowercase();
            let names = flag_names().map(|(name, _)| name);
            if !names.contains(&part.as_str()) {
                let near = nearest(&part, names.into_iter());
                let message = format!("is: takes one of {}", names.join(", "));
                return Err(Invalid::with(message, near.or(Some("parked"))));
            }
            add_values(query, Attribute::Flag, [part], not);
        }
        Ok(())
    }
}
