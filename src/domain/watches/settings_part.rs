//! `[[watches]]` of the settings file: read as texts by field, understood when it is applied, since
//! cameras and users are those of the box.

use std::collections::HashSet;

use jiff::tz::TimeZone;
use toml::de::DeTable;

use crate::base::clock::Timestamp;
use crate::domain::toml_file::{At, Problem, TomlReader};
use crate::model::user::{User, Username};
use crate::model::watch::Watch;
use crate::store::{StoreError, WriteTx};

use super::fields::{self, Desk, FIELDS};
use super::searches::Names;

/// One of `[[watches]]`.
#[derive(Debug)]
pub struct WatchPart {
    /// Line it begins in.
    line: usize,
    owner: Username,
    texts: Vec<(&'static str, String)>,
}

/// Reads the row `table`, which begins in `line`.
pub fn read<'a>(
    reader: &mut TomlReader<'a>,
    table: &DeTable<'a>,
    line: usize,
) -> Option<WatchPart> {
    let mut known = vec!["owner"];
    known.extend(FIELDS);
    reader.check_keys(table, "watches", &known, &[]);
    let mut texts = Vec::new();
    for field in FIELDS {
        let text = match field {
            "look_alike" | "region_match" | "enabled" => {
                reader.truth(table, field).map(|found| found.value.to_string())
            }
            "quiet_minutes" => reader.integer(table, field).map(|found| found.value.to_string()),
            "days" | "cameras" | "contacts" => {
                reader.texts(table, field).map(|found| found.value.join(","))
            }
            _ => reader.text(table, field).map(|found| found.value),
        };
        texts.extend(text.map(|text| (field, text)));
    }
    let owner = reader.text(table, "owner");
    let parsed = owner.as_ref().and_then(|found| Username::parse(&found.value));
    if parsed.is_none() && (owner.is_some() || !table.contains_key("owner")) {
        let line = owner.map_or(line, |At { line, .. }| line);
        reader.problem(line, "every watch needs an owner: the name of a user".into());
    }
    Some(WatchPart { line, owner: parsed?, texts })
}

/// Makes the watches of `parts` that are not there yet; with `full` those that are not in the file go.
/// What changed, a line each.
pub fn apply(
    tx: &WriteTx,
    parts: &[WatchPart],
    full: bool,
    now: Timestamp,
    problems: &mut Vec<Problem>,
) -> Result<Vec<String>, StoreError> {
    let users = tx.users()?;
    let names = Names::load(&tx.agents()?, &tx.cameras()?);
    let usual = tx.setting("general.time_zone")?.unwrap_or_default();
    let mut wanted: Vec<Watch> = Vec::new();
    for part in parts {
        let mut problem = |message: String| problems.push(Problem { line: part.line, message });
        let Some(owner) = users.iter().find(|user| user.username == part.owner) else {
            problem(format!("watches: there is no user {}", part.owner.as_str()));
            continue;
        };
        let zone = if owner.time_zone.is_empty() { &usual } else { &owner.time_zone };
        let zone = TimeZone::get(zone).unwrap_or(TimeZone::UTC);
        let desk = Desk { zone: &zone, now, names: &names, users: &users, owner };
        let find = |field: &str| {
            part.texts.iter().find(|(name, _)| *name == field).map(|(_, text)| text.clone())
        };
        match fields::check(None, &find, &desk) {
            Ok(watch) => wanted.push(watch),
            Err(errors) => errors.into_iter().for_each(|error| {
                problem(format!("watches.{}: {}", error.field, error.message));
            }),
        }
    }
    write(tx, wanted, full, &users)
}

fn write(
    tx: &WriteTx,
    wanted: Vec<Watch>,
    full: bool,
    users: &[User],
) -> Result<Vec<String>, StoreError> {
    let key = |watch: &Watch| format!("{:?}", super::file::same(watch));
    let name = |watch: &Watch| {
        let owner = users.iter().find(|user| user.id == watch.owner);
        owner.map_or("?", |user| user.username.as_str()).to_owned()
    };
    let mut changes = Vec::new();
    let kept: HashSet<String> = wanted.iter().map(key).collect();
    let mut there = HashSet::new();
    for watch in tx.watches()? {
        let key = key(&watch);
        if full && !kept.contains(&key) {
            tx.delete_watch(watch.id)?;
            changes.push(format!("watch {} of {}: deleted", watch.title(), name(&watch)));
        } else {
            there.insert(key);
        }
    }
    for watch in wanted {
        if there.insert(key(&watch)) {
            changes.push(format!("watch {} of {}: added", watch.title(), name(&watch)));
            super::add(tx, watch)?;
        }
    }
    Ok(changes)
}
