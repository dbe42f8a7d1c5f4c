//! Agents as people see them: what registered itself, and the way to its own web server, which only
//! an administrator can give.

use toml::de::DeTable;

use crate::domain::box_names::is_name;
use crate::domain::toml_file::{Problem, TomlReader};
use crate::model::agent::Agent;
use crate::model::agent_link::{AgentLink, Scheme};
use crate::model::audit::{Change, differences};
use crate::model::text::is_uuid;
use crate::store::{ReadTx, StoreError, WriteTx};

/// An agent that never posted cannot be set up: it would not be known to whom the frames belong.
pub const UNKNOWN: &str = "There is no such agent: it registers itself by posting.";

/// A way as somebody typed it.
#[derive(Clone, Copy, Debug, Default)]
pub struct LinkForm<'a> {
    /// Whether full frames are fetched.
    pub enabled: bool,
    /// `http` or `https`.
    pub scheme: &'a str,
    /// Name or address.
    pub host: &'a str,
    /// Port, decimal.
    pub port: &'a str,
}

/// All agents that contain `wanted` in label, id or address, with the ways to them.
pub fn find(tx: &ReadTx, wanted: &str) -> Result<Vec<(Agent, AgentLink)>, StoreError> {
    let wanted = wanted.to_lowercase();
    let mut found = Vec::new();
    for agent in tx.agents()? {
        let link = tx.agent_link(&agent.uid)?;
        let texts = [&agent.label, &agent.uid, &agent.address, &link.host];
        if texts.iter().any(|text| text.to_lowercase().contains(&wanted)) {
            found.push((agent, link));
        }
    }
    found.sort_by_key(|(agent, _)| (agent.label.to_lowercase(), agent.uid.clone()));
    Ok(found)
}

/// Checks `form`.
///
/// # Errors
/// The field at fault, and what would be right, a sentence.
pub fn parse(form: LinkForm<'_>) -> Result<AgentLink, (&'static str, &'static str)> {
    let scheme = Scheme::parse(form.scheme).ok_or(("scheme", "Choose http or https."))?;
    let host = match form.host.trim() {
        "" if form.enabled => return Err(("host", "Say where the agent's web server is.")),
        "" => String::new(),
        typed => host(typed).map_err(|why| ("host", why))?,
    };
    let port = form.port.trim().parse().ok().filter(|port: &u16| *port > 0);
    let port = port.ok_or(("port", "Give a port from 1 to 65535; agents use 8355."))?;
    Ok(AgentLink { enabled: form.enabled, scheme, host, port })
}

/// A host as it is kept: an address, with or without brackets, or a name in lower case.
fn host(typed: &str) -> Result<String, &'static str> {
    let bare = typed.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(typed);
    if let Ok(address) = bare.parse::<std::net::IpAddr>() {
        let nowhere = address.is_unspecified() || address.is_multicast();
        return if nowhere { Err("No machine has that address.") } else { Ok(address.to_string()) };
    }
    let name = bare.to_ascii_lowercase();
    // Some programs would read 127.1 or 0x7f as an address, others as a name.
    let last = name.rsplit('.').next().unwrap_or_default();
    let numeric = last.bytes().all(|byte| byte.is_ascii_digit()) || last.starts_with("0x");
    if is_name(&name) && !numeric {
        Ok(name)
    } else {
        Err("Give a name or an address, without http:// and without a port.")
    }
}

/// Keeps the way to agent `uid`; returns what changed.
///
/// # Errors
/// [`StoreError::Refused`] with [`UNKNOWN`].
pub fn set_link(tx: &WriteTx, uid: &str, link: &AgentLink) -> Result<Vec<Change>, StoreError> {
    tx.agent(uid)?.ok_or(StoreError::Refused(UNKNOWN))?;
    let before = tx.agent_link(uid)?;
    tx.put_agent_link(uid, link)?;
    Ok(differences(&before.fields(), &link.fields()))
}

/// One of `[[agents]]` in the settings file; what is `None` stays as it is.
#[derive(Debug)]
pub struct AgentPart {
    line: usize,
    uid: String,
    enabled: Option<bool>,
    scheme: Option<String>,
    host: Option<String>,
    port: Option<i64>,
}

const KEYS: &[&str] = &["uid", "enabled", "scheme", "host", "port"];

/// Reads `[[agents]]`; `None` when there is none.
pub fn read<'a>(reader: &mut TomlReader<'a>, top: &DeTable<'a>) -> Option<Vec<AgentPart>> {
    let mut parts: Vec<AgentPart> = Vec::new();
    for row in reader.tables(top, "agents")? {
        reader.check_keys(row.value, "agents", KEYS, &[]);
        let uid = reader.text(row.value, "uid");
        let part = AgentPart {
            line: row.line,
            uid: uid.as_ref().map(|it| it.value.clone()).unwrap_or_default(),
            enabled: reader.truth(row.value, "enabled").map(|it| it.value),
            scheme: reader.text(row.value, "scheme").map(|it| it.value),
            host: reader.text(row.value, "host").map(|it| it.value),
            port: reader.integer(row.value, "port").map(|it| it.value),
        };
        if !is_uuid(&part.uid) {
            let line = uid.map_or(row.line, |it| it.line);
            reader.problem(line, "agents.uid: give the id that the agent posts with".into());
        } else if parts.iter().any(|other| other.uid == part.uid) {
            reader.problem(row.line, format!("the agent {} is listed twice", part.uid));
        } else if let Err((field, message)) = part.link(&AgentLink::default()) {
            // A host may be there already when the file only enables.
            if part.host.is_some() || field != "host" {
                reader.problem(row.line, format!("agents.{field}: {message}"));
            }
        }
        parts.push(part);
    }
    Some(parts)
}

impl AgentPart {
    /// `base` with what the file says.
    fn link(&self, base: &AgentLink) -> Result<AgentLink, (&'static str, &'static str)> {
        let port = self.port.unwrap_or_else(|| base.port.into()).to_string();
        parse(LinkForm {
            enabled: self.enabled.unwrap_or(base.enabled),
            scheme: self.scheme.as_deref().unwrap_or_else(|| base.scheme.name()),
            host: self.host.as_deref().unwrap_or(&base.host),
            port: &port,
        })
    }
}

/// Applies `[[agents]]`: also of agents that have not posted yet. With `full` all others are forgotten.
/// Returns what changed; what does not fit is added to `problems`.
pub fn import(
    tx: &WriteTx,
    parts: Option<&[AgentPart]>,
    full: bool,
    problems: &mut Vec<Problem>,
) -> Result<Vec<Change>, StoreError> {
    let parts = parts.unwrap_or_default();
    let mut wanted: Vec<(String, AgentLink)> = Vec::new();
    for (uid, _) in tx.agent_links()?.into_iter().filter(|_| full) {
        if !parts.iter().any(|part| part.uid == uid) {
            wanted.push((uid, AgentLink::default()));
        }
    }
    for part in parts {
        let base = if full { AgentLink::default() } else { tx.agent_link(&part.uid)? };
        match part.link(&base) {
            Ok(link) => wanted.push((part.uid.clone(), link)),
            Err((field, message)) => {
                let message = format!("agents.{field}: {message}");
                problems.push(Problem { line: part.line, message });
            }
        }
    }
    let mut changes = Vec::new();
    for (uid, link) in wanted {
        let before = tx.agent_link(&uid)?;
        tx.put_agent_link(&uid, &link)?;
        for mut change in differences(&before.fields(), &link.fields()) {
            change.field = format!("agent {uid}: {}", change.field);
            changes.push(change);
        }
    }
    Ok(changes)
}

/// What people call `agent`.
pub fn name(agent: &Agent) -> &str {
    if agent.label.is_empty() { &agent.uid } else { &agent.label }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::users::tests::store;

    fn typed(host: &str) -> LinkForm<'_> {
        LinkForm { enabled: true, scheme: "http", host, port: "8355" }
    }

    #[test]
    fn hosts() {
        for (host, kept) in [
            ("192.0.2.7", "192.0.2.7"),
            (" [2001:DB8::1] ", "2001:db8::1"),
            ("::1", "::1"),
            ("Gate-PC.lan", "gate-pc.lan"),
            ("agent_1", "agent_1"),
        ] {
            assert_eq!(parse(typed(host)).unwrap().host, kept, "{host}");
        }
        for host in [
            "",
            "http://a",
            "a:80",
            "a/b",
            "a b",
            "a..b",
            "-a",
            "a-",
            "a@b",
            "1.2.3",
            "127.1",
            "0x7f",
            "999.1.1.1",
            "a?b",
            "a#b",
            "ä.lan",
            "0.0.0.0",
            "::",
            "224.0.0.1",
            "a\r\nb",
        ] {
            assert_eq!(parse(typed(host)).unwrap_err().0, "host", "{host:?}");
        }
    }

    #[test]
    fn other_fields() {
        for port in ["", "0", "65536", "-1", "80a", "8355.0"] {
            let form = LinkForm { port, ..typed("a") };
            assert_eq!(parse(form).unwrap_err().0, "port", "{port}");
        }
        assert_eq!(parse(LinkForm { scheme: "ftp", ..typed("a") }).unwrap_err().0, "scheme");
        let off = parse(LinkForm { enabled: false, ..typed("") }).unwrap();
        assert!(!off.is_usable());
    }

    #[test]
    fn only_known_agents_are_set_up() {
        let (_directory, store) = store();
        let link = parse(typed("gate.lan")).unwrap();
        let refused = store.write(|tx| set_link(tx, "AG", &link));
        assert!(matches!(refused, Err(StoreError::Refused(UNKNOWN))));
        let agent = Agent { uid: "AG".into(), label: "Gate".into(), ..Agent::default() };
        store.write(|tx| tx.put_agent(&agent)).unwrap();
        let changes = store.write(|tx| set_link(tx, "AG", &link)).unwrap();
        let names: Vec<_> = changes.iter().map(|it| it.field.as_str()).collect();
        assert_eq!(names, ["enabled", "host"]);
        assert!(store.write(|tx| set_link(tx, "AG", &link)).unwrap().is_empty());
        for (wanted, count) in [("", 1), ("GAT", 1), ("ag", 1), ("lan", 1), ("x", 0)] {
            assert_eq!(store.read(|tx| find(tx, wanted)).unwrap().len(), count, "{wanted}");
        }
    }
}
