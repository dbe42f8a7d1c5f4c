//! Filters by yes-or-no facts: `is:parked`, `parked:yes`, `alert:no`.

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
        "A fact: is:parked, is:late, is:alert, is:preview, is:clock, is:notes, is:corrected"
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
        let mut values = Vec::new();
        for part in list(value) {
            let part = part.to_lowercase();
            let names = flag_names().map(|(name, _)| name);
            if !names.contains(&part.as_str()) {
                let near = nearest(&part, names.into_iter());
                let message = format!("is: takes one of {}", names.join(", "));
                return Err(Invalid::with(message, near.or(Some("parked"))));
            }
            values.push(part);
        }
        if values.is_empty() {
            return Err(Invalid::with("is: needs a value", Some("parked")));
        }
        add_values(query, Attribute::Flag, values, not);
        Ok(())
    }
}

/// A filter by one fact.
pub(super) struct YesNo {
    key: &'static str,
    label: &'static str,
    help: &'static str,
    /// Name of the fact under [`Attribute::Flag`].
    fact: &'static str,
    /// Words besides `yes` that mean it.
    words: &'static [&'static str],
}

/// Alerts of Rekor Scout.
pub(super) const ALERT: YesNo = YesNo {
    key: "alert",
    label: "Alert",
    help: "Whether an alert was raised: alert:yes, alert:no, alert:rekor",
    fact: "alert",
    words: &["rekor"],
};
/// Reads that came late.
pub(super) const LATE: YesNo = YesNo {
    key: "late",
    label: "Late",
    help: "Whether the read arrived long after it was captured: late:yes, late:no",
    fact: "late",
    words: &[],
};
/// Parked vehicles.
pub(super) const PARKED: YesNo = YesNo {
    key: "parked",
    label: "Parked",
    help: "Whether the vehicle was parked: parked:yes, parked:no",
    fact: "parked",
    words: &[],
};

impl Filter for YesNo {
    fn key(&self) -> &'static str {
        self.key
    }

    fn label(&self) -> &'static str {
        self.label
    }

    fn help(&self) -> &'static str {
        self.help
    }

    fn add(
        &self,
        query: &mut Query,
        value: &str,
        not: bool,
        _: &Context<'_>,
    ) -> Result<(), Invalid> {
        let value = value.trim().to_lowercase();
        let yes = ["yes", "1", "true"].contains(&&*value) || self.words.contains(&&*value);
        if !yes && !["no", "0", "false"].contains(&&*value) {
            let words = ["yes", "no"].iter().chain(self.words);
            let near = nearest(&value, words.clone().copied());
            let words: Vec<&str> = words.copied().collect();
            let message = format!("{}: takes one of {}", self.key, words.join(", "));
            return Err(Invalid::with(message, near.or(Some("yes"))));
        }
        add_values(query, Attribute::Flag, [self.fact.to_owned()], not == yes);
        Ok(())
    }
}
