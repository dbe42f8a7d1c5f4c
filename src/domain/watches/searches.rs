//! Searches as targets of watches: what somebody typed, as a query without times, of which a watch
//! has its own.

use jiff::tz::TimeZone;

use crate::base::clock::Timestamp;
use crate::model::agent::{Agent, Camera};
use crate::model::query::Query;
use crate::model::saved_search::SearchQuery;
use crate::search::{Context, Search};

/// Cameras and agents by what people call them.
#[derive(Clone, Debug, Default)]
pub struct Names {
    /// Cameras by value (`AGENT_UID/CAMERA_ID`) and name.
    pub cameras: Vec<(String, String)>,
    /// Agents by uid and name.
    pub agents: Vec<(String, String)>,
}

impl Names {
    /// The names of `agents` and `cameras`.
    pub fn load(agents: &[Agent], cameras: &[Camera]) -> Self {
        let camera = |it: &Camera| (format!("{}/{}", it.agent_uid, it.camera_id), it.name());
        let named = agents.iter().filter(|agent| !agent.label.is_empty());
        Self {
            cameras: cameras.iter().map(camera).collect(),
            agents: named.map(|it| (it.uid.clone(), it.label.clone())).collect(),
        }
    }
}

/// Refusal of a search with times in it.
const NO_TIMES: &str = "Leave dates and hours out of the search: a watch has its own.";
/// Refusal of a search for everything.
const NOTHING: &str = "Give the search at least one condition.";

/// The query of `search`.
///
/// # Errors
/// A sentence about what is right.
pub fn understand(search: &SearchQuery, names: &Names) -> Result<Query, String> {
    Ok(parse(search.as_str(), names)?.query)
}

/// `text`, as it is typed into the box, in the form that is kept.
///
/// # Errors
/// A sentence about what is right.
pub fn kept(text: &str, names: &Names) -> Result<SearchQuery, String> {
    let search = parse(text, names)?;
    SearchQuery::parse(search.text()).ok_or_else(|| "The search is too long.".to_owned())
}

fn parse(text: &str, names: &Names) -> Result<Search, String> {
    let context = Context {
        zone: &TimeZone::UTC,
        now: Timestamp(0),
        cameras: &names.cameras,
        agents: &names.agents,
    };
    let search = Search::parse(text, &context).map_err(|error| {
        let hint = error.suggestion.map(|it| format!(", such as {it}")).unwrap_or_default();
        format!("Search: {}{hint}.", error.message)
    })?;
    if search.terms.is_empty() {
        return Err(NOTHING.to_owned());
    }
    let query = &search.query;
    let timed = query.from.is_some() || query.until.is_some() || query.week.is_some();
    if timed || !query.holes.is_empty() {
        return Err(NO_TIMES.to_owned());
    }
    Ok(search)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn searches_are_kept_as_typed_and_without_times() {
        let names = Names { cameras: vec![("A/1".into(), "Gate in".into())], agents: Vec::new() };
        let kept = |text| kept(text, &names).map(|it| it.as_str().to_owned());
        let first = kept("color:white camera:\"Gate in\" 8KX").unwrap();
        assert_eq!(kept(&first), Ok(first.clone()), "the same again");
        for text in
            ["", "date:today", "color:white hour:7", "-after:2026-01-01", "colourr:x", "zzz:1"]
        {
            assert!(kept(text).is_err(), "{text}");
        }
    }
}
