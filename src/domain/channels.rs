//! The channels as they are set: `[notify.*]`. Page, file, API and store all hand over texts by the
//! names of a channel's fields, so each rule stands with its field.

use crate::base::secret::{self, Kept, Secret};
use crate::model::audit::Change;
use crate::notify::{CHANNELS, COMMON, Channel, Config, Field};
use crate::store::{ReadTx, StoreError, WriteTx};

use super::settings::FieldError;

/// The fields of `channel`, its own after those of all.
pub fn fields(channel: &dyn Channel) -> impl Iterator<Item = &'static Field> {
    COMMON.iter().chain(channel.fields())
}

/// Name under which a field is kept.
fn name(channel: &dyn Channel, field: &Field) -> String {
    format!("notify.{}.{}", channel.id(), field.key)
}

/// What is set of `channel`, and the secrets that cannot be opened any more.
pub fn load(tx: &ReadTx, channel: &dyn Channel) -> Result<(Config, Vec<&'static str>), StoreError> {
    read(channel, |name| tx.setting(name), |name| tx.secret(name))
}

/// The same as a write transaction sees it.
pub fn load_in(tx: &WriteTx, channel: &dyn Channel) -> Result<Config, StoreError> {
    Ok(read(channel, |name| tx.setting(name), |name| tx.secret(name))?.0)
}

fn read(
    channel: &dyn Channel,
    text: impl Fn(&str) -> Result<Option<String>, StoreError>,
    secret: impl Fn(&str) -> Result<Kept, StoreError>,
) -> Result<(Config, Vec<&'static str>), StoreError> {
    let (mut config, mut lost) = (Config::default(), Vec::new());
    for field in fields(channel) {
        let name = name(channel, field);
        if field.kind.is_secret() {
            match secret(&name)? {
                Kept::Known(secret) => config.set_secret(field, secret),
                Kept::Lost => lost.push(field.key),
                Kept::Unset => {}
            }
        } else {
            config.set(field, text(&name)?.unwrap_or_else(|| field.default.to_owned()));
        }
    }
    Ok((config, lost))
}

/// The channels that are switched on, with what is set of them.
pub fn enabled(tx: &ReadTx) -> Result<Vec<(&'static dyn Channel, Config)>, StoreError> {
    let mut found = Vec::new();
    for channel in CHANNELS {
        let switch = format!("notify.{}.enabled", channel.id());
        if tx.setting(&switch)?.as_deref() == Some("true") {
            found.push((*channel, load(tx, *channel)?.0));
        }
    }
    Ok(found)
}

/// New values of a channel: texts as they were typed, by key of the field; what is missing stays.
pub type Typed = Vec<(&'static str, String)>;

/// What becomes of a channel.
#[derive(Clone, Debug, Default)]
pub struct Applied {
    /// How it is then.
    pub config: Config,
    /// Texts that differ: field, before, after.
    changed: Vec<(&'static str, String, String)>,
    /// Secrets that are new; empty ones are removed.
    secrets: Vec<(&'static str, Secret)>,
}

/// `base` with what was `typed`. A secret that was typed empty stays, unless `remove` says so.
///
/// # Errors
/// Every field that is wrong.
pub fn apply(
    channel: &dyn Channel,
    base: &Config,
    typed: &Typed,
    remove: impl Fn(&str) -> bool,
) -> Result<Applied, Vec<FieldError>> {
    let mut made = Applied { config: base.clone(), ..Applied::default() };
    let mut errors = Vec::new();
    for field in fields(channel) {
        let text = typed.iter().find(|(key, _)| *key == field.key).map(|(_, text)| text.as_str());
        let parsed = match text {
            Some(text) => field.parse(text),
            None if field.kind.is_secret() => Ok(String::new()),
            None => continue,
        };
        match parsed {
            Err(message) => errors.push(FieldError { field: field.key, message }),
            Ok(value) if field.kind.is_secret() => {
                if !value.is_empty() || remove(field.key) {
                    made.config.set_secret(field, Secret::new(value.as_str()));
                    made.secrets.push((field.key, Secret::new(value)));
                }
            }
            Ok(value) => {
                let before = base.get(field.key).to_owned();
                if before != value {
                    made.changed.push((field.key, before, value.clone()));
                }
                made.config.set(field, value);
            }
        }
    }
    if errors.is_empty() && made.config.is_on("enabled") {
        errors.extend(missing(channel, &made.config));
    }
    if errors.is_empty() { Ok(made) } else { Err(errors) }
}

/// What an enabled channel lacks.
fn missing(channel: &dyn Channel, config: &Config) -> Vec<FieldError> {
    let needed = fields(channel).filter(|field| field.needed && config.get(field.key).is_empty());
    let lacking = |field: &Field| FieldError {
        field: field.key,
        message: format!("{} cannot work without it", channel.label()),
    };
    let errors: Vec<FieldError> = needed.map(lacking).collect();
    if !errors.is_empty() {
        return errors;
    }
    let odd = channel.check(config).map(|(field, message)| FieldError { field, message });
    odd.into_iter().collect()
}

/// Keeps what was applied; returns what changed, without secrets.
pub fn save(
    tx: &WriteTx,
    channel: &dyn Channel,
    applied: &Applied,
) -> Result<Vec<Change>, StoreError> {
    let mut changes = Vec::new();
    let place = |key: &str| format!("notify.{}.{key}", channel.id());
    for (key, before, after) in &applied.changed {
        tx.put_setting(&place(key), after)?;
        changes.extend(Change::of(&place(key), before, after));
    }
    for (key, new) in &applied.secrets {
        let place = place(key);
        let kept = tx.secret(&place)?;
        let same = kept
            .known()
            .is_some_and(|known| secret::equal(known.expose().as_bytes(), new.expose().as_bytes()));
        if same {
            continue;
        }
        if !new.expose().is_empty() {
            tx.put_secret(&place, new)?;
            changes.push(Change::secret(&place));
        } else if tx.delete_secret(&place)? {
            let (before, after) = ("set".to_owned(), String::new());
            changes.push(Change { field: place, before, after });
        }
    }
    Ok(changes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::users::tests::store;
    use crate::notify::channel;

    fn typed(list: &[(&'static str, &str)]) -> Typed {
        list.iter().map(|(key, text)| (*key, (*text).to_owned())).collect()
    }

    #[test]
    fn settings_and_secrets_come_back_and_changes_hide_secrets() {
        let (_directory, store) = store();
        let ntfy = channel("gotify").unwrap();
        let load = || store.read(|tx| load(tx, ntfy)).unwrap().0;
        assert!(!load().is_on("enabled") && load().is_on("watches"));
        let set = typed(&[
            ("enabled", "on"),
            ("base_url", "http://127.0.0.1:9/"),
            ("token", "hunter2-hunter2"),
        ]);
        let applied = apply(ntfy, &load(), &set, |_| false).unwrap();
        let changes = store.write(|tx| save(tx, ntfy, &applied)).unwrap();
        let told = format!("{changes:?}");
        assert!(changes.len() == 3 && !told.contains("hunter2"), "{told}");
        assert_eq!(load().get("token"), "hunter2-hunter2");
        assert_eq!(load().get("base_url"), "http://127.0.0.1:9");
        assert_eq!(store.read(enabled).unwrap().len(), 1);
        let again = apply(ntfy, &load(), &set, |_| false).unwrap();
        assert!(store.write(|tx| save(tx, ntfy, &again)).unwrap().is_empty());
        let keep = apply(ntfy, &load(), &typed(&[("token", "")]), |_| false).unwrap();
        store.write(|tx| save(tx, ntfy, &keep)).unwrap();
        assert_eq!(load().get("token"), "hunter2-hunter2", "an empty field leaves it");
        let gone = typed(&[("enabled", ""), ("token", "")]);
        let gone = apply(ntfy, &load(), &gone, |key| key == "token").unwrap();
        assert_eq!(store.write(|tx| save(tx, ntfy, &gone)).unwrap().len(), 2);
        assert_eq!(load().get("token"), "");
    }

    #[test]
    fn what_is_missing_is_named() {
        let smtp = channel("smtp").unwrap();
        let (_directory, store) = store();
        let base = store.read(|tx| load(tx, smtp)).unwrap().0;
        let errors = |list: &[(&'static str, &str)]| {
            let wrong = apply(smtp, &base, &typed(list), |_| false).unwrap_err();
            wrong.into_iter().map(|error| error.field).collect::<Vec<_>>()
        };
        assert_eq!(errors(&[("enabled", "on")]), ["host", "from"]);
        assert_eq!(
            errors(&[("port", "x"), ("from", "a\nb"), ("recipients", "c")]),
            ["port", "from", "recipients"]
        );
        let clear = [
            ("enabled", "on"),
            ("host", "mail.example.org"),
            ("from", "a@b.org"),
            ("security", "plain"),
            ("password", "secret"),
        ];
        assert_eq!(errors(&clear), ["security"]);
    }
}
