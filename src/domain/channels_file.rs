//! `[notify.*]` of a settings file: read with the lines of every mistake, applied with the rest of the
//! file or not at all.

use toml::de::DeTable;

use super::channels::{self, Typed};
use super::toml_file::{Problem, TomlReader};
use crate::model::audit::Change;
use crate::notify::{CHANNELS, Channel, Config, Kind};
use crate::store::{StoreError, WriteTx};

/// `[notify.*]`; every text has been checked by itself.
#[derive(Default)]
pub struct NotifyPart(Vec<Section>);

/// One channel's table.
struct Section {
    channel: &'static dyn Channel,
    line: usize,
    typed: Typed,
}

impl std::fmt::Debug for NotifyPart {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // The texts may be secrets.
        f.debug_list().entries(self.0.iter().map(|section| section.channel.id())).finish()
    }
}

/// Reads and checks the tables of all channels.
pub fn read<'a>(reader: &mut TomlReader<'a>, top: &DeTable<'a>) -> NotifyPart {
    let mut part = NotifyPart::default();
    let Some(notify) = reader.table(top, "notify") else { return part };
    let known: Vec<&str> = CHANNELS.iter().map(|channel| channel.id()).collect();
    reader.check_keys(notify.value, "notify", &known, &[]);
    for channel in CHANNELS {
        if let Some(table) = reader.table(notify.value, channel.id()) {
            let typed = section(reader, table.value, *channel);
            part.0.push(Section { channel: *channel, line: table.line, typed });
        }
    }
    part
}

fn section<'a>(
    reader: &mut TomlReader<'a>,
    table: &DeTable<'a>,
    channel: &'static dyn Channel,
) -> Typed {
    let known: Vec<&str> = channels::fields(channel).map(|field| field.key).collect();
    let name = format!("notify.{}", channel.id());
    reader.check_keys(table, &name, &known, &[]);
    let mut typed = Typed::new();
    for field in channels::fields(channel) {
        let found = match field.kind {
            Kind::Switch => {
                reader.truth(table, field.key).map(|it| (it.value.to_string(), it.line))
            }
            Kind::Port => {
                reader.integer(table, field.key).map(|it| (it.value.to_string(), it.line))
            }
            Kind::Emails | Kind::Phones => {
                reader.texts(table, field.key).map(|it| (it.value.join(" "), it.line))
            }
            // One name or several.
            Kind::Words if is_list(table, field.key) => {
                reader.texts(table, field.key).map(|it| (it.value.join(" "), it.line))
            }
            _ => reader.text(table, field.key).map(|it| (it.value, it.line)),
        };
        let Some((text, line)) = found else { continue };
        match field.parse(&text) {
            Ok(_) => typed.push((field.key, text)),
            Err(rule) => reader.problem(line, format!("{name}.{}: {rule}", field.key)),
        }
    }
    typed
}

fn is_list(table: &DeTable<'_>, key: &str) -> bool {
    table.get(key).is_some_and(|value| value.get_ref().is_array())
}

/// Applies the tables; a full file resets what it does not name. Returns what changed; what does not
/// fit together goes to `problems`.
pub fn import(
    tx: &WriteTx,
    part: &NotifyPart,
    full: bool,
    problems: &mut Vec<Problem>,
) -> Result<Vec<Change>, StoreError> {
    let mut changes = Vec::new();
    for channel in CHANNELS {
        let section = part.0.iter().find(|section| section.channel.id() == channel.id());
        let (line, mut typed) = match section {
            Some(section) => (section.line, section.typed.clone()),
            None if full => (1, Typed::new()),
            None => continue,
        };
        let base: Config = channels::load_in(tx, *channel)?;
        if full {
            for field in channels::fields(*channel) {
                if !typed.iter().any(|(key, _)| *key == field.key) {
                    typed.push((field.key, field.default.to_owned()));
                }
            }
        }
        // A secret that the file gives empty is removed, as is one that a full file leaves out.
        let named: Vec<&str> = typed.iter().map(|(key, _)| *key).collect();
        match channels::apply(*channel, &base, &typed, |key| named.contains(&key)) {
            Ok(applied) => changes.extend(channels::save(tx, *channel, &applied)?),
            Err(errors) => problems.extend(errors.into_iter().map(|error| {
                let id = channel.id();
                Problem { line, message: format!("notify.{id}.{}: {}", error.field, error.message) }
            })),
        }
    }
    Ok(changes)
}
