//! Filter by the tags people gave to plates.

use super::{Context, Filter, Invalid, add_values, list};
use crate::model::known_plate::PlateTag;
use crate::model::query::{Attribute, Query};

/// The tag filter.
pub(super) struct Tag;

impl Filter for Tag {
    fn key(&self) -> &'static str {
        "tag"
    }

    fn label(&self) -> &'static str {
        "Tag"
    }

    fn help(&self) -> &'static str {
        "Tag of the plate: tag:staff; with any of two: tag:staff,visitor; with both: tag:staff tag:van"
    }

    fn attribute(&self) -> Option<Attribute> {
        Some(Attribute::Tag)
    }

    fn add(
        &self,
        query: &mut Query,
        value: &str,
        not: bool,
        _: &Context<'_>,
    ) -> Result<(), Invalid> {
        let mut values = Vec::new();
        for part in list(value) {
            let tag = PlateTag::parse(part);
            let tag = tag.ok_or_else(|| Invalid::new(format!("not a tag: {part}")))?;
            values.push(tag.as_str().to_owned());
        }
        if values.is_empty() {
            return Err(Invalid::new("tag: needs a value"));
        }
        add_values(query, Attribute::Tag, values, not);
        Ok(())
    }
}
