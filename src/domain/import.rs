//! Applies a settings file: all of it in one transaction, or nothing. Applying it again changes
//! nothing. What it did is told without secrets.

use crate::base::clock::Timestamp;
use crate::base::log::quoted;
use crate::model::audit::{Action, Change, Event, differences};
use crate::model::settings::{General, Retention};
use crate::model::user::{Role, User};
use crate::store::{Store, StoreError, WriteTx};

use super::agents;
use super::channels_file;
use super::guard_settings;
use super::logo;
use super::report::{self, LogoChange};
use super::retention;
use super::settings::{self, Settings};
use super::settings_file::{self, SettingsFile, UserPart};
use super::toml_file::{At, Problem};
use super::users::{self, NewUser};
use super::watches::settings_part;

/// Why nothing was imported.
#[derive(Debug)]
pub enum ImportError {
    /// The file is wrong, or does not fit this box.
    Problems(Vec<Problem>),
    /// The store failed.
    Store(StoreError),
}

impl std::fmt::Display for ImportError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Problems(problems) => {
                let lines: Vec<String> = problems.iter().map(ToString::to_string).collect();
                f.write_str(&lines.join("\n"))
            }
            Self::Store(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for ImportError {}

/// Gives the bytes of a file beside the settings file, or says why not.
pub type Beside<'a> = &'a dyn Fn(&str) -> Result<Vec<u8>, String>;

/// Imports the settings file `text` and returns what changed, a line each. `beside` reads the
/// files it names.
///
/// # Errors
/// [`ImportError`]; nothing was changed.
pub fn import(
    store: &Store,
    text: &str,
    beside: Beside<'_>,
    now: Timestamp,
) -> Result<Vec<String>, ImportError> {
    let file = settings_file::parse(text).map_err(ImportError::Problems)?;
    let mut problems = Vec::new();
    let logo =
        logo_change(&file, beside).map_err(|problem| ImportError::Problems(vec![problem]))?;
    let result = store.write(|tx| {
        let mut changes = Vec::new();
        apply_general(tx, &file, &mut changes)?;
        apply_report(tx, &file, &logo, &mut changes)?;
        apply_retention(tx, &file, &mut changes)?;
        for change in guard_settings::import(tx, &file.guard, file.full)? {
            changes.push(told(&change));
        }
        for change in channels_file::import(tx, &file.notify, file.full, &mut problems)? {
            changes.push(told(&change));
        }
        for change in agents::import(tx, file.agents.as_deref(), file.full, &mut problems)? {
            changes.push(told(&change));
        }
        apply_users(tx, &file, now, &mut changes, &mut problems)?;
        apply_watches(tx, &file, now, &mut changes, &mut problems)?;
        for change in &changes {
            tx.audit(&Event::of_console(Action::Import, now).object("settings file").note(change))?;
        }
        if problems.is_empty() { Ok(changes) } else { Err(StoreError::Refused("not imported")) }
    });
    match result {
        Ok(changes) => Ok(changes),
        Err(_) if !problems.is_empty() => {
            problems.sort();
            Err(ImportError::Problems(problems))
        }
        Err(error) => Err(ImportError::Store(error)),
    }
}

fn apply_general(
    tx: &WriteTx,
    file: &SettingsFile,
    changes: &mut Vec<String>,
) -> Result<(), StoreError> {
    let before = Settings::load_in(tx)?.general;
    let base = if file.full { General::default() } else { before.clone() };
    // Checked when the file was read, whatever the base.
    let after = settings::apply_general(&base, file.general.form())
        .map_err(|_| StoreError::Refused("the settings do not fit together"))?;
    if before == after {
        return Ok(());
    }
    changes.extend(differences(&before.fields(), &after.fields()).iter().map(told));
    settings::save_general(tx, &after)
}

fn told(Change { field, before, after }: &Change) -> String {
    match before.as_str() {
        "" if after == "changed" => format!("{field}: changed"),
        before => format!("{field}: {} -> {}", quoted(before), quoted(after)),
    }
}

/// What the file says of the logo.
fn logo_change(file: &SettingsFile, beside: Beside<'_>) -> Result<LogoChange, Problem> {
    match &file.report.logo_file {
        None if file.full => Ok(LogoChange::Reset),
        None => Ok(LogoChange::Keep),
        Some(At { value, .. }) if value.is_empty() => Ok(LogoChange::Reset),
        Some(At { line, value }) => {
            let checked = beside(value).and_then(|bytes| logo::check(&bytes));
            checked.map(LogoChange::Set).map_err(|why| {
                let message = format!("report.logo_file: {}: {why}", quoted(value));
                Problem { line: *line, message }
            })
        }
    }
}

fn apply_report(
    tx: &WriteTx,
    file: &SettingsFile,
    logo: &LogoChange,
    changes: &mut Vec<String>,
) -> Result<(), StoreError> {
    let before = Settings::load_in(tx)?.report;
    let organisation = file.report.organisation.as_deref();
    let organisation = organisation.or(file.full.then_some(""));
    let made = report::save(tx, &before, organisation, logo)?;
    changes.extend(made.iter().map(told));
    Ok(())
}

fn apply_retention(
    tx: &WriteTx,
    file: &SettingsFile,
    changes: &mut Vec<String>,
) -> Result<(), StoreError> {
    let before = Settings::load_in(tx)?.retention;
    let base = if file.full { Retention::default() } else { before.clone() };
    let after = Retention { audit_days: file.audit_days.unwrap_or(base.audit_days) };
    changes.extend(retention::save(tx, &before, &after)?.iter().map(told));
    Ok(())
}

fn apply_users(
    tx: &WriteTx,
    file: &SettingsFile,
    now: Timestamp,
    changes: &mut Vec<String>,
    problems: &mut Vec<Problem>,
) -> Result<(), StoreError> {
    let mut parts: Vec<&UserPart> = file.users.iter().flatten().collect();
    let is_super = |part: &&UserPart| part.role == Some(Role::Super);
    // The owner first: on an empty box the first account made is the super admin.
    parts.sort_by_key(|part| !is_super(part));
    let first = parts.first().map(|part| (part.line, is_super(part)));
    if tx.user_count()? == 0
        && let Some((line, false)) = first
    {
        let message = "the box has no account yet: one user needs the role super".into();
        problems.push(Problem { line, message });
        return Ok(());
    }
    if file.full {
        retire_others(tx, &parts, changes, problems)?;
    }
    for part in parts {
        let result = match tx.user_by_name(&part.username)? {
            Some(user) => change(tx, &user, part, changes),
            None => add(tx, part, now, changes),
        };
        match result {
            Err(StoreError::Refused(why)) => {
                let message = format!("user {}: {why}", part.username.as_str());
                problems.push(Problem { line: part.line, message });
            }
            other => other?,
        }
    }
    Ok(())
}

fn apply_watches(
    tx: &WriteTx,
    file: &SettingsFile,
    now: Timestamp,
    changes: &mut Vec<String>,
    problems: &mut Vec<Problem>,
) -> Result<(), StoreError> {
    if let Some(parts) = &file.watches {
        changes.extend(settings_part::apply(tx, parts, file.full, now, problems)?);
    }
    Ok(())
}

fn retire_others(
    tx: &WriteTx,
    parts: &[&UserPart],
    changes: &mut Vec<String>,
    problems: &mut Vec<Problem>,
) -> Result<(), StoreError> {
    for user in tx.users()? {
        if parts.iter().any(|part| part.username == user.username) {
            continue;
        }
        let name = user.username.as_str();
        if user.suspended {
            continue;
        }
        match users::retire(tx, &user) {
            Ok(()) => changes.push(format!("user {name}: suspended")),
            Err(StoreError::Refused(_)) => {
                let message = format!("a full file must list the super admin, {name}");
                problems.push(Problem { line: 1, message });
            }
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

fn add(
    tx: &WriteTx,
    part: &UserPart,
    now: Timestamp,
    changes: &mut Vec<String>,
) -> Result<(), StoreError> {
    let (Some(email), Some(role), Some(password_hash)) =
        (part.email.clone(), part.role, part.password_hash.clone())
    else {
        return Err(StoreError::Refused("a new user needs email, role and password_hash"));
    };
    let new = NewUser {
        username: part.username.clone(),
        email,
        name: part.name.clone().unwrap_or_default(),
        role,
        password_hash,
        time_zone: part.time_zone.clone().unwrap_or_default(),
    };
    let mut user = users::create(tx, new, now)?;
    user.details = part.details(&user.details);
    tx.put_user(&user)?;
    if part.suspended == Some(true) {
        if user.role == Role::Super {
            return Err(StoreError::Refused(users::SUPER_FIXED));
        }
        user.suspended = true;
        tx.put_user(&user)?;
    }
    changes.push(format!("user {}: added ({})", user.username.as_str(), user.role.name()));
    Ok(())
}

fn change(
    tx: &WriteTx,
    before: &User,
    part: &UserPart,
    changes: &mut Vec<String>,
) -> Result<(), StoreError> {
    let hash = part.password_hash.as_ref().map(ToString::to_string);
    let after = User {
        email: part.email.clone().unwrap_or_else(|| before.email.clone()),
        name: part.name.clone().unwrap_or_else(|| before.name.clone()),
        role: part.role.unwrap_or(before.role),
        time_zone: part.time_zone.clone().unwrap_or_else(|| before.time_zone.clone()),
        suspended: part.suspended.unwrap_or(before.suspended),
        details: part.details(&before.details),
        password_hash: hash.unwrap_or_else(|| before.password_hash.clone()),
        ..before.clone()
    };
    if *before == after {
        return Ok(());
    }
    if before.role == Role::Super && (after.role != Role::Super || after.suspended) {
        return Err(StoreError::Refused(users::SUPER_FIXED));
    }
    if before.role != Role::Super && after.role == Role::Super {
        return Err(StoreError::Refused(users::ONE_SUPER));
    }
    tx.put_user(&after)?;
    if before.password_hash != after.password_hash {
        tx.put_password_end(after.id, None)?;
    }
    if before.password_hash != after.password_hash || after.suspended {
        tx.delete_sessions(|session| session.user == after.id)?;
    }
    let name = after.username.as_str();
    if before.role != after.role {
        let (old, new) = (before.role.name(), after.role.name());
        changes.push(format!("user {name}: role {old} -> {new}"));
    }
    for (what, changed) in [
        ("e-mail address changed", before.email != after.email),
        ("name changed", before.name != after.name),
        ("details changed", before.details != after.details),
        ("time zone changed", before.time_zone != after.time_zone),
        ("password changed", before.password_hash != after.password_hash),
        ("suspended", !before.suspended && after.suspended),
        ("no longer suspended", before.suspended && !after.suspended),
    ] {
        if changed {
            changes.push(format!("user {name}: {what}"));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::users::tests::{HASH, store};
    use crate::store::ReadTx;

    const HEAD: &str = "format = 1\nkind = \"partial\"\n";

    fn none(_: &str) -> Result<Vec<u8>, String> {
        Err("there is no such file".into())
    }

    fn owner() -> String {
        format!(
            "[[users]]\nusername = \"Owner\"\nemail = \"o@example.org\"\nrole = \"super\"\n\
             password_hash = \"{HASH}\"\n"
        )
    }

    fn lines(result: Result<Vec<String>, ImportError>) -> Vec<String> {
        match result {
            Err(ImportError::Problems(problems)) => {
                problems.iter().map(ToString::to_string).collect()
            }
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_file_is_applied_once_and_tells_no_secret() {
        let (_directory, store) = store();
        let ann = owner().replace("Owner", "ann").replace("super", "user");
        let general = "[general]\nbox_name = \"North\"\npost_auth = \"users\"\n";
        let text = format!("{HEAD}{general}{ann}{}", owner());
        let changes = import(&store, &text, &none, Timestamp(1)).unwrap();
        assert_eq!(
            changes,
            [
                "general.box_name: \"\" -> \"North\"",
                "general.post_auth: \"admins\" -> \"users\"",
                "user owner: added (super)",
                "user ann: added (user)",
            ]
        );
        assert!(import(&store, &text, &none, Timestamp(2)).unwrap().is_empty(), "idempotent");
        let all = store.read(ReadTx::users).unwrap();
        assert_eq!((all.len(), all[0].role, all[0].id.0), (2, Role::Super, 1));
        let other = HASH.replace("t=2", "t=3");
        let text = format!("{HEAD}[[users]]\nusername = \"ann\"\npassword_hash = \"{other}\"\n");
        let changes = import(&store, &text, &none, Timestamp(2)).unwrap();
        assert_eq!(changes, ["user ann: password changed"]);
    }

    #[test]
    fn one_mistake_and_nothing_is_applied() {
        let (_directory, store) = store();
        import(&store, &format!("{HEAD}{}", owner()), &none, Timestamp(1)).unwrap();
        let before = (store.read(ReadTx::users).unwrap(), store.read(Settings::load).unwrap());
        let general = "[general]\nbox_name = \"X\"\n";
        let row = |fields: &str| format!("{HEAD}{general}[[users]]\n{fields}\n");
        for (text, part) in [
            (row("username = \"new\""), "line 5: user new: a new user needs"),
            (row("username = \"owner\"\nrole = \"user\""), "super admin can be neither"),
            (row("username = \"owner\"\nsuspended = true"), "super admin can be neither"),
            (format!("{HEAD}{general}{}", owner().replace("Owner", "eve")), "exactly one super"),
            (format!("{HEAD}{general}x = 1\n"), "unknown key"),
            (format!("{HEAD}{general}[[cameras]]\n"), "not supported by this version"),
            (format!("{HEAD}{general}[retention]\naudit_days = 29\n"), "from 30 to 3650"),
            (format!("{HEAD}{general}[retention]\ncaptures_days = 9\n"), "not supported by this"),
            (format!("{}{general}", HEAD.replace("partial", "full")), "list the super admin"),
        ] {
            let found = lines(import(&store, &text, &none, Timestamp(2)));
            assert!(found.iter().any(|line| line.contains(part)), "{text}: {found:?}");
            let after = (store.read(ReadTx::users).unwrap(), store.read(Settings::load).unwrap());
            assert_eq!(before, after, "{text}");
        }
    }

    #[test]
    fn a_full_file_replaces() {
        let (_directory, store) = store();
        let ann = owner().replace("Owner", "ann").replace("super", "admin");
        let general = "[general]\nbox_name = \"North\"\n";
        import(&store, &format!("{HEAD}{general}{}{ann}", owner()), &none, Timestamp(1)).unwrap();
        let text = format!("{}{}", HEAD.replace("partial", "full"), owner());
        let changes = import(&store, &text, &none, Timestamp(2)).unwrap();
        assert_eq!(changes, ["general.box_name: \"North\" -> \"\"", "user ann: suspended"]);
    }

    #[test]
    fn watches_are_made_once_for_their_owners() {
        let (_directory, store) = store();
        let rows = "[[watches]]\nowner = \"owner\"\nplate = \"8KX*\"\nlook_alike = true\n\
            days = [\"mon\", \"tue\"]\nhours = \"8-17\"\nquiet_minutes = 15\n\
            [[watches]]\nowner = \"owner\"\nsearch = \"color:white\"\n";
        let text = format!("{HEAD}{}{rows}", owner());
        let changes = import(&store, &text, &none, Timestamp(1)).unwrap();
        assert_eq!(changes[1..], ["watch 8KX* of owner: added", "watch Search of owner: added"]);
        assert!(import(&store, &text, &none, Timestamp(2)).unwrap().is_empty(), "idempotent");
        let wrong = format!(
            "{HEAD}[[watches]]\nowner = \"nobody\"\nplate = \"A1\"\n\
            [[watches]]\nowner = \"owner\"\nplate = \" \"\nhours = \"99\"\n\
            [[watches]]\nplate = 7\n"
        );
        let found = lines(import(&store, &wrong, &none, Timestamp(2)));
        assert!(found.iter().any(|line| line.contains("needs an owner")), "{found:?}");
        let wrong = wrong.replace("[[watches]]\nplate = 7\n", "");
        let found = lines(import(&store, &wrong, &none, Timestamp(2)));
        for part in ["line 3: watches: there is no user nobody", "watches.plate:", "watches.hours:"]
        {
            assert!(found.iter().any(|line| line.contains(part)), "{part} {found:?}");
        }
        let full = format!(
            "{}{}[[watches]]\nowner = \"owner\"\nplate = \"B1\"\n",
            HEAD.replace("partial", "full"),
            owner()
        );
        let changes = import(&store, &full, &none, Timestamp(3)).unwrap();
        assert_eq!(changes.len(), 3, "{changes:?}");
        let left = store.read(ReadTx::watches).unwrap();
        assert_eq!(left.iter().map(crate::model::watch::Watch::title).collect::<Vec<_>>(), ["B1"]);
    }

    #[test]
    fn an_empty_box_needs_its_owner_first() {
        let (_directory, store) = store();
        let ann = owner().replace("Owner", "ann").replace("super", "admin");
        let found = lines(import(&store, &format!("{HEAD}{ann}"), &none, Timestamp(1)));
        assert!(found[0].contains("role super"), "{found:?}");
        assert_eq!(store.read(ReadTx::user_count).unwrap(), 0);
    }

    #[test]
    fn a_report_brings_its_logo_from_beside_the_file() {
        let (_directory, store) = store();
        import(&store, &format!("{HEAD}{}", owner()), &none, Timestamp(1)).unwrap();
        let text = |file: &str| {
            format!("{HEAD}[report]\norganisation = \"Harbor\"\nlogo_file = \"{file}\"\n")
        };
        let beside = |name: &str| match name {
            "logo.png" => Ok(logo::tests::picture(8, 8)),
            "logo.txt" => Ok(b"text".to_vec()),
            _ => none(name),
        };
        for (file, part) in [
            ("../logo.png", "beside this one"),
            ("/etc/passwd", "beside this one"),
            ("none.png", "no such file"),
            ("logo.txt", "PNG, JPEG or SVG"),
        ] {
            let found = lines(import(&store, &text(file), &beside, Timestamp(2)));
            assert!(found[0].starts_with("line 5: report.logo_file") && found[0].contains(part));
            assert_eq!(store.read(Settings::load).unwrap().report.organisation, "");
        }
        let changes = import(&store, &text("logo.png"), &beside, Timestamp(2)).unwrap();
        assert_eq!(changes.len(), 2, "{changes:?}");
        assert!(store.read(report::logo).unwrap().is_some());
        assert!(import(&store, &text("logo.png"), &beside, Timestamp(3)).unwrap().is_empty());
        let changes = import(&store, &text(""), &beside, Timestamp(3)).unwrap();
        assert!(changes[0].starts_with("report.logo: ") && changes[0].ends_with("-> \"\""));
    }
}
