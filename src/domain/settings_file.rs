//! The form of the settings file: text in, checked parts out, or every mistake with its line.
//! Applying it is `import`'s business.

use toml::de::DeTable;

use crate::model::password_hash::PasswordHash;
use crate::model::settings::General;
use crate::model::text;
use crate::model::user::{Details, Email, Role, Username};

use super::agents::{self, AgentPart};
use super::channels_file::{self, NotifyPart};
use super::guard_settings::{self, GuardPart};
use super::person;
use super::report;
use super::retention;
use super::settings::{self, GeneralForm};
use super::toml_file::{At, Problem, TomlReader};
use super::watches::settings_part::{self, WatchPart};

/// The form this version reads.
const FORMAT: i64 = 1;
const TOP: &[&str] = &[
    "format",
    "kind",
    "general",
    "report",
    "ipban",
    "abuseipdb",
    "notify",
    "retention",
    "agents",
    "users",
    "watches",
];
/// Tables of the form that belong to parts this version does not have.
const TOP_LATER: &[&str] = &["cameras"];
const GENERAL: &[&str] = &[
    "box_name",
    "public_url",
    "post_auth",
    "time_zone",
    "allow_plain",
    "hsts",
    "host_names",
    "security_contact",
    "second_factor_for_admins",
];
const RETENTION: &[&str] = &["audit_days"];
/// Fields of `[retention]` that belong to parts this version does not have.
const RETENTION_LATER: &[&str] =
    &["captures_days", "full_images_days", "store_max_mib", "free_min_mib"];
const REPORT: &[&str] = &["organisation", "logo_file"];
const USER: &[&str] = &[
    "username",
    "email",
    "role",
    "name",
    "time_zone",
    "suspended",
    "password_hash",
    "organisation",
    "phone",
    "website",
    "address",
    "zip",
];

/// A checked settings file.
#[derive(Debug, Default)]
pub struct SettingsFile {
    /// Whether what the file does not name is reset or removed.
    pub full: bool,
    /// `[general]`.
    pub general: GeneralPart,
    /// `[report]`.
    pub report: ReportPart,
    /// `audit_days` of `[retention]`.
    pub audit_days: Option<u32>,
    /// `[ipban]` and `[abuseipdb]`.
    pub guard: GuardPart,
    /// `[[agents]]`, `None` when there are none.
    pub agents: Option<Vec<AgentPart>>,
    /// `[notify.*]`.
    pub notify: NotifyPart,
    /// `[[users]]`, `None` when there are none.
    pub users: Option<Vec<UserPart>>,
    /// `[[watches]]`, `None` when there are none.
    pub watches: Option<Vec<WatchPart>>,
}

/// `[general]`; every text that is there has been checked.
#[derive(Debug, Default)]
pub struct GeneralPart {
    box_name: Option<String>,
    public_url: Option<String>,
    post_auth: Option<String>,
    time_zone: Option<String>,
    allow_plain: Option<bool>,
    hsts: Option<bool>,
    host_names: Option<String>,
    security_contact: Option<String>,
    second_factor_for_admins: Option<bool>,
}

impl GeneralPart {
    /// The part as a form.
    pub fn form(&self) -> GeneralForm<'_> {
        GeneralForm {
            box_name: self.box_name.as_deref(),
            public_url: self.public_url.as_deref(),
            post_auth: self.post_auth.as_deref(),
            time_zone: self.time_zone.as_deref(),
            allow_plain: self.allow_plain,
            hsts: self.hsts,
            host_names: self.host_names.as_deref(),
            security_contact: self.security_contact.as_deref(),
            second_factor_for_admins: self.second_factor_for_admins,
        }
    }
}

/// `[report]`; the name has been checked, the file not yet looked at.
#[derive(Debug, Default)]
pub struct ReportPart {
    /// Name of the organisation.
    pub organisation: Option<String>,
    /// File beside the settings file with the logo, `""` for the program's own; and its line.
    pub logo_file: Option<At<String>>,
}

/// One of `[[users]]`; what is `None` stays as it is.
#[derive(Debug)]
pub struct UserPart {
    /// Line it begins in.
    pub line: usize,
    /// Name to sign in with.
    pub username: Username,
    /// Address.
    pub email: Option<Email>,
    /// Role.
    pub role: Option<Role>,
    /// Name people use.
    pub name: Option<String>,
    /// Time zone as the tz database spells it.
    pub time_zone: Option<String>,
    /// Whether the account is shut.
    pub suspended: Option<bool>,
    /// Hash of the password.
    pub password_hash: Option<PasswordHash>,
    organisation: Option<String>,
    phone: Option<String>,
    website: Option<String>,
    address: Option<String>,
    zip: Option<String>,
}

impl UserPart {
    /// `base` with what the file says.
    pub fn details(&self, base: &Details) -> Details {
        let pick = |own: &Option<String>, base: &String| own.as_ref().unwrap_or(base).clone();
        Details {
            organisation: pick(&self.organisation, &base.organisation),
            phone: pick(&self.phone, &base.phone),
            website: pick(&self.website, &base.website),
            address: pick(&self.address, &base.address),
            zip: pick(&self.zip, &base.zip),
        }
    }
}

/// Reads and checks `text`.
///
/// # Errors
/// Every mistake, by line.
pub fn parse(text: &str) -> Result<SettingsFile, Vec<Problem>> {
    let (mut reader, top) = TomlReader::parse(text);
    reader.check_keys(&top, "", TOP, TOP_LATER);
    match reader.integer(&top, "format") {
        Some(At { value: FORMAT, .. }) => {}
        Some(At { line, value }) => {
            let message = format!("format {value} is not known: this version reads {FORMAT}");
            reader.problem(line, message);
        }
        None if top.contains_key("format") => {}
        None => reader.problem(1, format!("the file must say format = {FORMAT}")),
    }
    let full = kind(&mut reader, &top);
    let general = match reader.table(&top, "general") {
        Some(table) => general(&mut reader, table.value),
        None => GeneralPart::default(),
    };
    let report = match reader.table(&top, "report") {
        Some(table) => report(&mut reader, table.value),
        None => ReportPart::default(),
    };
    let audit_days =
        reader.table(&top, "retention").and_then(|it| retention(&mut reader, it.value));
    let guard = guard_settings::read(&mut reader, &top);
    let agents = agents::read(&mut reader, &top);
    let notify = channels_file::read(&mut reader, &top);
    let rows = reader.tables(&top, "users");
    let users: Option<Vec<UserPart>> =
        rows.map(|rows| rows.iter().filter_map(|row| user(&mut reader, row)).collect());
    for (n, part) in users.iter().flatten().enumerate() {
        let before = users.iter().flatten().take(n);
        if before.clone().any(|other| other.username == part.username) {
            let name = part.username.as_str();
            reader.problem(part.line, format!("the user {name} is listed twice"));
        }
        if part.role == Some(Role::Super) && before.clone().any(|o| o.role == Some(Role::Super)) {
            reader.problem(part.line, "only one user can have the role super".into());
        }
    }
    let rows = reader.tables(&top, "watches");
    let watches = rows.map(|rows| {
        rows.iter()
            .filter_map(|row| settings_part::read(&mut reader, row.value, row.line))
            .collect()
    });
    let problems = reader.finish();
    if problems.is_empty() {
        Ok(SettingsFile {
            full,
            general,
            report,
            audit_days,
            guard,
            agents,
            notify,
            users,
            watches,
        })
    } else {
        Err(problems)
    }
}

fn kind<'a>(reader: &mut TomlReader<'a>, top: &DeTable<'a>) -> bool {
    let Some(kind) = reader.text(top, "kind") else {
        if !top.contains_key("kind") {
            reader.problem(1, "the file must say kind = \"partial\" or \"full\"".into());
        }
        return false;
    };
    match kind.value.as_str() {
        "partial" => false,
        "full" => true,
        _ => {
            reader.problem(kind.line, "kind must be \"partial\" or \"full\"".into());
            false
        }
    }
}

fn general<'a>(reader: &mut TomlReader<'a>, table: &DeTable<'a>) -> GeneralPart {
    reader.check_keys(table, "general", GENERAL, &[]);
    let allow_plain = reader.truth(table, "allow_plain").map(|found| found.value);
    let hsts = reader.truth(table, "hsts").map(|found| found.value);
    let needed = reader.truth(table, "second_factor_for_admins").map(|found| found.value);
    let mut lines = Vec::new();
    let mut field = |key: &'static str| {
        let found = reader.text(table, key)?;
        lines.push((key, found.line));
        Some(found.value)
    };
    let part = GeneralPart {
        box_name: field("box_name"),
        public_url: field("public_url"),
        post_auth: field("post_auth"),
        time_zone: field("time_zone"),
        host_names: field("host_names"),
        security_contact: field("security_contact"),
        allow_plain,
        hsts,
        second_factor_for_admins: needed,
    };
    if let Err(errors) = settings::apply_general(&General::default(), part.form()) {
        for error in errors {
            let line = lines.iter().find(|(key, _)| *key == error.field).map_or(1, |(_, n)| *n);
            reader.problem(line, format!("general.{}: {}", error.field, error.message));
        }
    }
    part
}

fn report<'a>(reader: &mut TomlReader<'a>, table: &DeTable<'a>) -> ReportPart {
    reader.check_keys(table, "report", REPORT, &[]);
    let mut part = ReportPart::default();
    if let Some(found) = reader.text(table, "organisation") {
        match report::organisation(&found.value) {
            Ok(name) => part.organisation = Some(name),
            Err(rule) => reader.problem(found.line, format!("report.organisation: {rule}")),
        }
    }
    if let Some(found) = reader.text(table, "logo_file") {
        // A name and no path: what lies elsewhere on the box is nobody's logo.
        if found.value.contains(['/', '\\', '\0']) || found.value.starts_with('.') {
            let rule = "name a file that lies beside this one";
            reader.problem(found.line, format!("report.logo_file: {rule}"));
        }
        part.logo_file = Some(found);
    }
    part
}

fn retention<'a>(reader: &mut TomlReader<'a>, table: &DeTable<'a>) -> Option<u32> {
    reader.check_keys(table, "retention", RETENTION, RETENTION_LATER);
    let found = reader.integer(table, "audit_days")?;
    let days = retention::audit_days(&found.value.to_string());
    days.map_err(|rule| reader.problem(found.line, format!("retention.audit_days: {rule}"))).ok()
}

fn user<'a>(reader: &mut TomlReader<'a>, row: &At<&DeTable<'a>>) -> Option<UserPart> {
    let table = row.value;
    reader.check_keys(table, "users", USER, &[]);
    let email =
        parsed(reader, table, "email", Email::parse, "give an address such as a@example.org");
    let roles = format!("choose one of {}", Role::ALL.map(Role::name).join(", "));
    let role = parsed(reader, table, "role", Role::parse, &roles);
    let zone = "give a time zone such as Europe/Berlin";
    let time_zone = parsed(reader, table, "time_zone", settings::parse_zone, zone);
    let hash = "give an argon2id hash in PHC form ($argon2id$v=19$m=19456,t=2,p=1$SALT$HASH)";
    let password_hash = parsed(reader, table, "password_hash", PasswordHash::parse, hash);
    let name = reader.text(table, "name").map(|name| text::clean(&name.value));
    let mut plain = |key: &str| reader.text(table, key).map(|found| text::clean(&found.value));
    let (organisation, address, zip) = (plain("organisation"), plain("address"), plain("zip"));
    let mut strict = |key: &str, parser: fn(&str) -> Result<String, &'static str>| {
        let found = reader.text(table, key)?;
        let parsed = parser(&found.value);
        parsed.map_err(|rule| reader.problem(found.line, format!("users.{key}: {rule}"))).ok()
    };
    let (phone, website) = (strict("phone", person::phone), strict("website", person::website));
    let suspended = reader.truth(table, "suspended").map(|found| found.value);
    if !table.contains_key("username") {
        reader.problem(row.line, "every user needs a username".into());
    }
    let rule = "use 1 to 64 letters, digits, dots, dashes or underscores";
    let username = parsed(reader, table, "username", Username::parse, rule)?;
    Some(UserPart {
        line: row.line,
        username,
        email,
        role,
        name,
        time_zone,
        suspended,
        password_hash,
        organisation,
        phone,
        website,
        address,
        zip,
    })
}

/// The text at `key` through `parser`; a refusal is noted with `rule`, never with the value.
fn parsed<'a, T>(
    reader: &mut TomlReader<'a>,
    table: &DeTable<'a>,
    key: &str,
    parser: impl Fn(&str) -> Option<T>,
    rule: &str,
) -> Option<T> {
    let found = reader.text(table, key)?;
    let value = parser(&found.value);
    if value.is_none() {
        reader.problem(found.line, format!("users.{key}: {rule}"));
    }
    value
}

#[cfg(test)]
mod tests {
    use super::parse;

    fn problems(text: &str) -> Vec<(usize, String)> {
        parse(text).unwrap_err().into_iter().map(|p| (p.line, p.message)).collect()
    }

    #[test]
    fn every_mistake_is_listed_with_its_line() {
        let text = "format = 1\nkind = \"partial\"\n[general]\nboxname = \"x\"\npost_auth = \"9\"\n\
            public_url = 7\n[[users]]\nusername = \"a b\"\nrole = \"king\"\n\
            password_hash = \"$2b$12$secretsecret\"\nphone = \"030 1234567\"\n\
            website = \"javascript:x\"\n[cameras]\nx = 3\n[colour]\n";
        let found = problems(text);
        let expected = [
            (4, "did you mean box_name?"),
            (5, "disabled, none, users, admins"),
            (6, "must be a text"),
            (8, "1 to 64 letters"),
            (9, "viewer, user, admin, super"),
            (10, "argon2id"),
            (11, "users.phone: begin with +"),
            (12, "users.website: use an http"),
            (13, "not supported by this version"),
            (15, "unknown key"),
        ];
        assert_eq!(found.len(), expected.len(), "{found:?}");
        for ((line, message), (at, part)) in found.iter().zip(expected) {
            assert!(*line == at && message.contains(part), "{line}: {message}");
        }
        assert!(!found.iter().any(|(_, message)| message.contains("secretsecret")));
    }

    #[test]
    fn hostile_files_are_refused_not_feared() {
        let deep = format!("format = 1\nkind = \"full\"\nx = {}", "[".repeat(20_000));
        let dotted = format!("format = 1\nkind = \"full\"\n{} = 1", vec!["a"; 5000].join("."));
        let head = "format = 1\nkind = \"partial\"\n";
        for text in [
            String::new(),
            "\u{0}".into(),
            "{\"format\": 1}".into(),
            "format = 2\nkind = \"full\"".into(),
            "format = \"1\"\nkind = \"full\"".into(),
            "format = 1".into(),
            "format = 1\nkind = \"both\"".into(),
            "format = 1\nformat = 1\nkind = \"full\"".into(),
            format!("{head}general = 5"),
            format!("{head}users = [1, 2]"),
            format!("{head}[users]\nusername = \"a\""),
            format!("{head}[[users]]\nemail = \"a@b\""),
            format!("{head}[[users]]\nusername = \"a\"\n[[users]]\nusername = \"A\""),
            format!("{head}[[users]]\nusername = \"a\"\nsuspended = 1"),
            format!("{head}\"a\\nline 9: all is well\" = 1"),
            deep,
            dotted,
        ] {
            let found = problems(&text);
            assert!(
                !found.is_empty() && found.iter().all(|(_, m)| !m.contains('\n')),
                "{text:.60}"
            );
        }
    }
}
