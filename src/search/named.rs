//! Filters by what has a name: cameras and sites, by name, part of it, or the value behind it.

use super::nearest::nearest;
use super::{Context, Filter, Invalid, add_values, list};
use crate::model::query::{Attribute, Query};

/// A filter by name.
pub(super) struct Named {
    attribute: Attribute,
    key: &'static str,
    aliases: &'static [&'static str],
    label: &'static str,
    help: &'static str,
    /// Values and names there are.
    known: fn(&Context<'_>) -> Names,
    /// Whether a text nobody knows may be the value of something that was removed and still has
    /// captures.
    is_value: fn(&str) -> bool,
}

type Names = Vec<(String, String)>;

/// A camera by its name, or as `AGENT_UID/CAMERA_ID`.
pub(super) const CAMERA: Named = Named {
    attribute: Attribute::Camera,
    key: "camera",
    aliases: &["cam"],
    label: "Camera",
    help: "Name of a camera or part of it: camera:gate",
    known: |context| context.cameras.to_vec(),
    is_value: |text| text.rsplit_once('/').is_some_and(|(_, id)| id.parse::<i64>().is_ok()),
};

/// An agent by the name of its site, or by its uid.
pub(super) const SITE: Named = Named {
    attribute: Attribute::Agent,
    key: "site",
    aliases: &["agent"],
    label: "Site",
    help: "Name of a site, part of it, or the install id of its agent: site:north",
    known: |context| context.agents.to_vec(),
    is_value: |text| {
        text.len() >= 8 && text.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit())
    },
};

impl Filter for Named {
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
        context: &Context<'_>,
    ) -> Result<(), Invalid> {
        let known = (self.known)(context);
        let mut values = Vec::new();
        for name in list(value) {
            values.extend(self.resolve(name, &known)?);
        }
        if values.is_empty() {
            return Err(Invalid::new(format!("{} needs a value", self.key)));
        }
        add_values(query, self.attribute, values, not);
        Ok(())
    }
}

impl Named {
    /// Values of those `name` may mean: its value, its name, or all whose names contain it.
    fn resolve(&self, name: &str, known: &[(String, String)]) -> Result<Vec<String>, Invalid> {
        let wanted = name.to_lowercase();
        let by_value = |value: &str, _: &str| value == name;
        let by_name = |_: &str, label: &str| label == wanted;
        let by_part = |_: &str, label: &str| label.contains(&wanted);
        let values = Some(matching(known, by_value))
            .filter(|values| !values.is_empty())
            .or_else(|| Some(matching(known, by_name)).filter(|values| !values.is_empty()))
            .unwrap_or_else(|| matching(known, by_part));
        if !values.is_empty() {
            return Ok(values);
        }
        if (self.is_value)(name) {
            return Ok(vec![name.to_owned()]);
        }
        let near = nearest(name, known.iter().map(|(_, label)| label.as_str()));
        Err(Invalid::with(format!("no {} is called {name}", self.key), near))
    }
}

/// Values of those that pass `test`, which gets the value and the name in lower case.
fn matching(known: &[(String, String)], test: impl Fn(&str, &str) -> bool) -> Vec<String> {
    let passing = known.iter().filter(|(value, label)| test(value, &label.to_lowercase()));
    passing.map(|(value, _)| value.clone()).collect()
}
