//! Filters by attributes that are indexed as the agent sent them.

use super::nearest::nearest;
use super::{Context, Filter, Invalid, add_values, list};
use crate::model::query::{Attribute, Query};

/// A filter by one attribute.
pub(super) struct Simple {
    attribute: Attribute,
    key: &'static str,
    aliases: &'static [&'static str],
    label: &'static str,
    help: &'static str,
    /// The only values there are; empty when the agent decides.
    values: &'static [&'static str],
    /// What stands for a blank in values the agent sends.
    blank: &'static str,
}

const BASE: Simple = Simple {
    attribute: Attribute::Region,
    key: "region",
    aliases: &["state"],
    label: "Region",
    help: "Region of the plate: region:us-ma",
    values: &[],
    blank: "-",
};

pub(super) const REGION: Simple = BASE;
pub(super) const COUNTRY: Simple = Simple {
    attribute: Attribute::Country,
    key: "country",
    aliases: &[],
    label: "Country",
    help: "Country the agent reads plates of: country:eu",
    ..BASE
};
pub(super) const COLOR: Simple = Simple {
    attribute: Attribute::Color,
    key: "color",
    aliases: &["colour"],
    label: "Color",
    help: "Color of the vehicle: color:white, -color:silver-gray",
    ..BASE
};
pub(super) const MAKE: Simple = Simple {
    attribute: Attribute::Make,
    key: "make",
    aliases: &[],
    label: "Make",
    help: "Make of the vehicle: make:bmw",
    ..BASE
};
pub(super) const MODEL: Simple = Simple {
    attribute: Attribute::Model,
    key: "model",
    aliases: &[],
    label: "Model",
    help: "Make and model of the vehicle: model:bmw_x3",
    blank: "_",
    ..BASE
};
pub(super) const BODY: Simple = Simple {
    attribute: Attribute::Body,
    key: "body",
    aliases: &["type"],
    label: "Body",
    help: "Body of the vehicle: body:suv-crossover",
    ..BASE
};
pub(super) const YEAR: Simple = Simple {
    attribute: Attribute::Year,
    key: "year",
    aliases: &["years"],
    label: "Years",
    help: "Years the vehicle was built in, as the agent groups them: year:2010-2014",
    ..BASE
};
pub(super) const DIRECTION: Simple = Simple {
    attribute: Attribute::Direction,
    key: "direction",
    aliases: &["dir"],
    label: "Direction",
    help: "Direction of travel in the image: direction:n, ne, e, se, s, sw, w or nw",
    values: &["n", "ne", "e", "se", "s", "sw", "w", "nw"],
    ..BASE
};
pub(super) const KIND: Simple = Simple {
    attribute: Attribute::Kind,
    key: "kind",
    aliases: &[],
    label: "Kind",
    help: "Plates or vehicles without one: kind:plate, kind:vehicle",
    values: &["plate", "vehicle"],
    ..BASE
};
impl Filter for Simple {
    fn key(&self) -> &'static str {
        self.key
    }

    fn aliases(&self) -> &'static [&'static str] {
        self.aliases
    }

    fn label(&self) -> &'static str {
        self.label
    }

    fn help(&self) -> &'static str {
        self.help
    }

    fn attribute(&self) -> Option<Attribute> {
        Some(self.attribute)
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
            let part = part.to_lowercase().split_whitespace().collect::<Vec<_>>().join(self.blank);
            if !self.values.is_empty() && !self.values.contains(&part.as_str()) {
                let near = nearest(&part, self.values.iter().copied());
                return Err(Invalid::with(
                    format!("{} is one of {}", self.key, self.values.join(", ")),
                    near.or_else(|| self.values.first().copied()),
                ));
            }
            values.push(part);
        }
        if values.is_empty() {
            return Err(Invalid::new(format!("{} needs a value", self.key)));
        }
        add_values(query, self.attribute, values, not);
        Ok(())
    }
}
