//! `[ipban]` and `[abuseipdb]`: read, checked, kept. Page, file and store all hand over texts by
//! the same names, so each rule stands here once.

use crate::base::limits::{BAN_COUNT_MAX, BAN_FIND_SECONDS_MAX, BAN_LIST_MAX, BAN_SECONDS_MAX};
use crate::base::network::Network;
use crate::base::secret::{self, Secret};
use crate::model::audit::{Change, differences};
use crate::model::guard::{ABUSEIPDB_URL, AbuseIpdb, IpBan, PROXY_HEADERS};
use crate::store::{StoreError, WriteTx};
use toml::de::DeTable;

use super::settings::{FieldError, parse_url};
use super::toml_file::TomlReader;

/// Fields of `[ipban]`.
pub const IPBAN: &[&str] = &[
    "ban_count",
    "ban_seconds",
    "find_seconds",
    "weight_sign_in",
    "weight_key",
    "weight_not_found",
    "weight_nuisance",
    "persist",
    "proxy_header",
    "trusted_proxies",
    "allow",
];
/// Fields of `[abuseipdb]` but its key.
pub const ABUSEIPDB: &[&str] = &["report", "load", "base_url"];
/// Name of the secret that is the key.
pub const ABUSEIPDB_KEY: &str = "abuseipdb.key";

/// Texts of fields by their names without the section.
pub struct Texts<F>(F, Vec<FieldError>);

impl<F: Fn(&str) -> Option<String>> Texts<F> {
    fn number(&mut self, field: &'static str, slot: &mut u32, least: u32, most: u32) {
        let Some(text) = (self.0)(field) else { return };
        match text.trim().parse() {
            Ok(number) if (least..=most).contains(&number) => *slot = number,
            _ => self.wrong(field, format!("give a whole number from {least} to {most}")),
        }
    }

    fn truth(&mut self, field: &'static str, slot: &mut bool) {
        let Some(text) = (self.0)(field) else { return };
        match text.as_str() {
            "true" | "1" | "on" => *slot = true,
            "false" | "0" | "" => *slot = false,
            _ => self.wrong(field, "say true or false".to_owned()),
        }
    }

    fn networks(&mut self, field: &'static str, slot: &mut Vec<Network>) {
        let Some(text) = (self.0)(field) else { return };
        let mut networks = Vec::new();
        for word in text.split(|c: char| c.is_whitespace() || c == ',').filter(|it| !it.is_empty())
        {
            match Network::parse(word) {
                Some(network) if !networks.contains(&network) => networks.push(network),
                Some(_) => {}
                None => {
                    let shown: String = word.chars().take(64).collect();
                    let message =
                        format!("{shown} is neither an address nor a range such as 192.0.2.0/24");
                    return self.wrong(field, message);
                }
            }
        }
        if networks.len() > BAN_LIST_MAX {
            return self.wrong(field, format!("list at most {BAN_LIST_MAX} ranges"));
        }
        *slot = networks;
    }

    fn wrong(&mut self, field: &'static str, message: String) {
        self.1.push(FieldError { field, message });
    }

    fn done<T>(self, value: T) -> Result<T, Vec<FieldError>> {
        if self.1.is_empty() { Ok(value) } else { Err(self.1) }
    }
}

/// `base` with the fields that `text` knows.
///
/// # Errors
/// Every field that is wrong.
pub fn apply_ipban(
    base: &IpBan,
    text: impl Fn(&str) -> Option<String>,
) -> Result<IpBan, Vec<FieldError>> {
    let mut made = base.clone();
    let mut texts = Texts(text, Vec::new());
    texts.number("ban_count", &mut made.ban_count, 0, BAN_COUNT_MAX);
    texts.number("ban_seconds", &mut made.ban_seconds, 0, BAN_SECONDS_MAX);
    texts.number("find_seconds", &mut made.find_seconds, 1, BAN_FIND_SECONDS_MAX);
    for (field, slot) in [
        ("weight_sign_in", &mut made.weight_sign_in),
        ("weight_key", &mut made.weight_key),
        ("weight_not_found", &mut made.weight_not_found),
        ("weight_nuisance", &mut made.weight_nuisance),
    ] {
        texts.number(field, slot, 0, BAN_COUNT_MAX);
    }
    texts.truth("persist", &mut made.persist);
    if let Some(header) = (texts.0)("proxy_header") {
        let known = PROXY_HEADERS.iter().find(|known| known.eq_ignore_ascii_case(header.trim()));
        if let Some(known) = known {
            (*known).clone_into(&mut made.proxy_header);
        } else {
            let known = PROXY_HEADERS.join(" ");
            texts.wrong("proxy_header", format!("choose one of {known}, or none"));
        }
    }
    texts.networks("trusted_proxies", &mut made.trusted_proxies);
    texts.networks("allow", &mut made.allow);
    if made.trusted_proxies.iter().any(|network| network.bits() == 0) {
        texts.wrong("trusted_proxies", "list the proxies, not everybody".to_owned());
    }
    texts.done(made)
}

/// The same for `[abuseipdb]`.
///
/// # Errors
/// Every field that is wrong.
pub fn apply_abuseipdb(
    base: &AbuseIpdb,
    text: impl Fn(&str) -> Option<String>,
) -> Result<AbuseIpdb, Vec<FieldError>> {
    let mut made = base.clone();
    let mut texts = Texts(text, Vec::new());
    texts.truth("report", &mut made.report);
    texts.truth("load", &mut made.load);
    if let Some(text) = (texts.0)("base_url") {
        match parse_url(&text) {
            Some(url) if url.is_empty() => ABUSEIPDB_URL.clone_into(&mut made.base_url),
            Some(url) => made.base_url = url,
            None => texts.wrong("base_url", format!("give an address such as {ABUSEIPDB_URL}")),
        }
    }
    texts.done(made)
}

/// Both as the store has them; what was never set, or cannot be read, has its default.
pub fn load(
    text: &impl Fn(&str) -> Result<Option<String>, StoreError>,
) -> Result<(IpBan, AbuseIpdb), StoreError> {
    let section = |name: &str, fields: &[&'static str]| {
        let mut found = Vec::new();
        for field in fields {
            if let Some(text) = text(&format!("{name}.{field}"))? {
                found.push((*field, text));
            }
        }
        Ok::<_, StoreError>(found)
    };
    let (ipban, abuse) = (section("ipban", IPBAN)?, section("abuseipdb", ABUSEIPDB)?);
    let ipban = apply_ipban(&IpBan::default(), |field| text_of(&ipban, field));
    let abuse = apply_abuseipdb(&AbuseIpdb::default(), |field| text_of(&abuse, field));
    Ok((ipban.unwrap_or_default(), abuse.unwrap_or_default()))
}

/// The text of `field` in a list.
pub fn text_of(list: &[(&str, String)], field: &str) -> Option<String> {
    list.iter().find(|(known, _)| *known == field).map(|(_, text)| text.clone())
}

/// Keeps `fields`, as [`IpBan::fields`] and [`AbuseIpdb::fields`] give them.
pub fn save(tx: &WriteTx, fields: &[(&'static str, String)]) -> Result<(), StoreError> {
    fields.iter().try_for_each(|(name, text)| tx.put_setting(name, text))
}

/// `[ipban]` and `[abuseipdb]` of a settings file; every text has been checked.
#[derive(Debug, Default)]
pub struct GuardPart {
    ipban: Vec<(&'static str, String)>,
    abuseipdb: Vec<(&'static str, String)>,
    key: Option<Secret>,
}

/// Reads and checks both tables of a settings file.
pub fn read<'a>(reader: &mut TomlReader<'a>, top: &DeTable<'a>) -> GuardPart {
    let mut part = GuardPart::default();
    if let Some(table) = reader.table(top, "ipban") {
        reader.check_keys(table.value, "ipban", IPBAN, &[]);
        let rows = section(reader, table.value, IPBAN);
        let texts = without_lines(&rows);
        let errors = apply_ipban(&IpBan::default(), |field| text_of(&texts, field)).err();
        note(reader, "ipban", &rows, errors);
        part.ipban = texts;
    }
    if let Some(table) = reader.table(top, "abuseipdb") {
        let known: Vec<&str> = ABUSEIPDB.iter().copied().chain(["key"]).collect();
        reader.check_keys(table.value, "abuseipdb", &known, &[]);
        let rows = section(reader, table.value, ABUSEIPDB);
        let texts = without_lines(&rows);
        let errors = apply_abuseipdb(&AbuseIpdb::default(), |field| text_of(&texts, field)).err();
        note(reader, "abuseipdb", &rows, errors);
        part.abuseipdb = texts;
        part.key = reader.text(table.value, "key").map(|key| Secret::new(key.value.trim()));
    }
    part
}

/// Name, text and line of the fields of a table.
type Rows = Vec<(&'static str, String, usize)>;

fn section<'a>(reader: &mut TomlReader<'a>, table: &DeTable<'a>, known: &[&'static str]) -> Rows {
    let mut rows = Vec::new();
    for field in known {
        let found = match *field {
            "ban_count" | "ban_seconds" | "find_seconds" | "weight_sign_in" | "weight_key"
            | "weight_not_found" | "weight_nuisance" => {
                reader.integer(table, field).map(|it| (it.value.to_string(), it.line))
            }
            "persist" | "report" | "load" => {
                reader.truth(table, field).map(|it| (it.value.to_string(), it.line))
            }
            "trusted_proxies" | "allow" => {
                reader.texts(table, field).map(|it| (it.value.join(" "), it.line))
            }
            _ => reader.text(table, field).map(|it| (it.value, it.line)),
        };
        rows.extend(found.map(|(text, line)| (*field, text, line)));
    }
    rows
}

fn without_lines(rows: &Rows) -> Vec<(&'static str, String)> {
    rows.iter().map(|(field, text, _)| (*field, text.clone())).collect()
}

fn note(reader: &mut TomlReader<'_>, table: &str, rows: &Rows, errors: Option<Vec<FieldError>>) {
    for error in errors.into_iter().flatten() {
        let line = rows.iter().find(|(field, ..)| *field == error.field).map_or(1, |row| row.2);
        reader.problem(line, format!("{table}.{}: {}", error.field, error.message));
    }
}

/// Applies both tables; a full file resets what it does not name. Returns what changed.
pub fn import(tx: &WriteTx, part: &GuardPart, full: bool) -> Result<Vec<Change>, StoreError> {
    let (old_ipban, old_abuse) = load(&|name: &str| tx.setting(name))?;
    let base = |old: &IpBan| if full { IpBan::default() } else { old.clone() };
    let unfit = |_| StoreError::Refused("the settings do not fit together");
    let ipban =
        apply_ipban(&base(&old_ipban), |field| text_of(&part.ipban, field)).map_err(unfit)?;
    let base = if full { AbuseIpdb::default() } else { old_abuse.clone() };
    let abuse = apply_abuseipdb(&base, |field| text_of(&part.abuseipdb, field)).map_err(unfit)?;
    let mut changes = differences(&old_ipban.fields(), &ipban.fields());
    changes.extend(differences(&old_abuse.fields(), &abuse.fields()));
    if !changes.is_empty() {
        save(tx, &ipban.fields())?;
        save(tx, &abuse.fields())?;
    }
    match &part.key {
        Some(key) if !key.expose().is_empty() => {
            let kept = tx.secret(ABUSEIPDB_KEY)?;
            let same = kept.known().is_some_and(|known| {
                secret::equal(known.expose().as_bytes(), key.expose().as_bytes())
            });
            if !same {
                tx.put_secret(ABUSEIPDB_KEY, key)?;
                changes.push(Change::secret(ABUSEIPDB_KEY));
            }
        }
        Some(_) => changes.extend(remove_key(tx)?),
        None if full => changes.extend(remove_key(tx)?),
        None => {}
    }
    Ok(changes)
}

/// Removes the key; says so when there was one.
pub fn remove_key(tx: &WriteTx) -> Result<Option<Change>, StoreError> {
    let there = tx.delete_secret(ABUSEIPDB_KEY)?;
    Ok(there.then(|| Change {
        field: ABUSEIPDB_KEY.to_owned(),
        before: "set".to_owned(),
        after: String::new(),
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_become_settings_and_back() {
        let fields = |list: &[(&'static str, &str)]| -> Vec<(&'static str, String)> {
            list.iter().map(|(name, text)| (*name, (*text).to_owned())).collect()
        };
        let apply = |list: &[(&'static str, &str)]| {
            let list = fields(list);
            apply_ipban(&IpBan::default(), |field| text_of(&list, field))
        };
        let made = apply(&[
            ("ban_count", " 5 "),
            ("weight_not_found", "0"),
            ("persist", "false"),
            ("proxy_header", "x-real-ip"),
            ("trusted_proxies", "127.0.0.1, 10.0.0.0/8\n10.0.0.0/8"),
        ])
        .unwrap();
        assert_eq!((made.ban_count, made.persist, made.trusted_proxies.len()), (5, false, 2));
        assert_eq!(made.proxy_header, "X-Real-IP");
        let kept: Vec<(&str, String)> =
            made.fields().into_iter().map(|(name, text)| (&name["ipban.".len()..], text)).collect();
        assert_eq!(apply_ipban(&IpBan::default(), |field| text_of(&kept, field)).unwrap(), made);
        for (field, text) in [
            ("ban_count", "1001"),
            ("ban_count", "-1"),
            ("ban_count", ""),
            ("ban_seconds", "1e3"),
            ("find_seconds", "0"),
            ("weight_key", "1001"),
            ("weight_nuisance", ""),
            ("persist", "False"),
            ("proxy_header", "X-Evil"),
            ("trusted_proxies", "0.0.0.0/0"),
            ("allow", "192.0.2.1/24"),
            ("allow", "router"),
        ] {
            let errors = apply(&[(field, text)]).unwrap_err();
            assert_eq!(errors[0].field, field, "{text}");
        }
        let abuse = apply_abuseipdb(&AbuseIpdb::default(), |field| match field {
            "base_url" => Some("http://127.0.0.1:9/x/".into()),
            "report" => Some("on".into()),
            _ => None,
        });
        let abuse = abuse.unwrap();
        assert_eq!(
            (abuse.base_url.as_str(), abuse.report, abuse.load),
            ("http://127.0.0.1:9/x", true, false)
        );
        let bad = apply_abuseipdb(&abuse, |_| Some("ftp://x".into())).unwrap_err();
        assert_eq!(bad.len(), 3);
    }
}
