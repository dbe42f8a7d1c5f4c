//! The settings of the box: checked, kept, handed out as one snapshot. Also the rule who may post
//! to the webhook.

use std::sync::{Arc, PoisonError, RwLock};

use crate::base::limits::{BOX_NAME_CHARS_MAX, HOST_NAMES_BYTES_MAX, PUBLIC_URL_BYTES_MAX};
use crate::domain::{box_names, report, retention};
use crate::model::guard::{AbuseIpdb, IpBan};
use crate::model::settings::{General, PostAuth, Report, Retention};
use crate::model::user::{Email, Role, User};
use crate::store::{ReadTx, Store, StoreError, WriteTx};

const BOX_NAME: &str = "general.box_name";
const PUBLIC_URL: &str = "general.public_url";
const POST_AUTH: &str = "general.post_auth";
const TIME_ZONE: &str = "general.time_zone";
const ALLOW_PLAIN: &str = "general.allow_plain";
const HSTS: &str = "general.hsts";
const HOST_NAMES: &str = "general.host_names";
const SECURITY_CONTACT: &str = "general.security_contact";
const SECOND_FACTOR_FOR_ADMINS: &str = "general.second_factor_for_admins";

/// How switches are kept.
const YES: &str = "true";
const NO: &str = "false";

/// All settings as one value.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Settings {
    /// `[general]`.
    pub general: General,
    /// `[report]`.
    pub report: Report,
    /// `[retention]`.
    pub retention: Retention,
    /// `[ipban]`.
    pub ipban: IpBan,
    /// `[abuseipdb]`.
    pub abuseipdb: AbuseIpdb,
}

impl Settings {
    /// Reads them; what was never set has its default. A value that cannot be read has its
    /// default too, which for the webhook is the strictest.
    pub fn load(tx: &ReadTx) -> Result<Self, StoreError> {
        load(|name| tx.setting(name))
    }

    /// The same as a write transaction sees it.
    pub fn load_in(tx: &WriteTx) -> Result<Self, StoreError> {
        load(|name| tx.setting(name))
    }
}

fn load(text: impl Fn(&str) -> Result<Option<String>, StoreError>) -> Result<Settings, StoreError> {
    let known = |name| Ok::<_, StoreError>(text(name)?.unwrap_or_default());
    let (ipban, abuseipdb) = super::guard_settings::load(&text)?;
    Ok(Settings {
        ipban,
        abuseipdb,
        general: General {
            box_name: known(BOX_NAME)?,
            public_url: known(PUBLIC_URL)?,
            post_auth: PostAuth::parse(&known(POST_AUTH)?).unwrap_or_default(),
            time_zone: known(TIME_ZONE)?,
            allow_plain: known(ALLOW_PLAIN)? == YES,
            hsts: known(HSTS)? == YES,
            host_names: known(HOST_NAMES)?,
            security_contact: known(SECURITY_CONTACT)?,
            second_factor_for_admins: known(SECOND_FACTOR_FOR_ADMINS)? == YES,
        },
        report: report::load(&text)?,
        retention: retention::load(&text)?,
    })
}

/// Keeps `general`.
pub fn save_general(tx: &WriteTx, general: &General) -> Result<(), StoreError> {
    tx.put_setting(BOX_NAME, &general.box_name)?;
    tx.put_setting(PUBLIC_URL, &general.public_url)?;
    tx.put_setting(POST_AUTH, general.post_auth.name())?;
    tx.put_setting(TIME_ZONE, &general.time_zone)?;
    tx.put_setting(ALLOW_PLAIN, if general.allow_plain { YES } else { NO })?;
    tx.put_setting(HSTS, if general.hsts { YES } else { NO })?;
    tx.put_setting(HOST_NAMES, &general.host_names)?;
    tx.put_setting(SECURITY_CONTACT, &general.security_contact)?;
    let needed = if general.second_factor_for_admins { YES } else { NO };
    tx.put_setting(SECOND_FACTOR_FOR_ADMINS, needed)
}

/// `[general]` as it comes from a form or a file; `None` leaves a field as it is.
#[derive(Clone, Copy, Debug, Default)]
pub struct GeneralForm<'a> {
    /// Name of the box.
    pub box_name: Option<&'a str>,
    /// Address from outside.
    pub public_url: Option<&'a str>,
    /// Name of a [`PostAuth`].
    pub post_auth: Option<&'a str>,
    /// IANA time zone.
    pub time_zone: Option<&'a str>,
    /// Whether plain HTTP is allowed on the network.
    pub allow_plain: Option<bool>,
    /// Whether browsers are told to insist on TLS.
    pub hsts: Option<bool>,
    /// Further host names.
    pub host_names: Option<&'a str>,
    /// Whom to tell of a weakness.
    pub security_contact: Option<&'a str>,
    /// Whether administrators need a second factor.
    pub second_factor_for_admins: Option<bool>,
}

/// What is wrong with one field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FieldError {
    /// Name of the field, as in forms and files.
    pub field: &'static str,
    /// What to do, a sentence.
    pub message: String,
}

/// `base` with the fields of `form`.
///
/// # Errors
/// Every field that is wrong.
pub fn apply_general(base: &General, form: GeneralForm<'_>) -> Result<General, Vec<FieldError>> {
    let mut general = base.clone();
    let mut errors = Vec::new();
    let mut wrong = |field, message: String| errors.push(FieldError { field, message });
    if let Some(text) = form.box_name {
        let text = text.trim();
        if text.chars().count() > BOX_NAME_CHARS_MAX || text.chars().any(char::is_control) {
            let most = BOX_NAME_CHARS_MAX;
            wrong("box_name", format!("use at most {most} characters in one line"));
        }
        text.clone_into(&mut general.box_name);
    }
    if let Some(text) = form.public_url {
        match parse_url(text) {
            Some(url) => general.public_url = url,
            None => {
                wrong("public_url", "give an address such as https://plates.example.org".into());
            }
        }
    }
    if let Some(text) = form.post_auth {
        if let Some(level) = PostAuth::parse(text) {
            general.post_auth = level;
        } else {
            let names = PostAuth::ALL.map(PostAuth::name).join(", ");
            wrong("post_auth", format!("choose one of {names}"));
        }
    }
    if let Some(text) = form.time_zone {
        match parse_zone(text) {
            Some(zone) => general.time_zone = zone,
            None => wrong("time_zone", "give a time zone such as Europe/Berlin".into()),
        }
    }
    if let Some(text) = form.host_names {
        let names: Vec<&str> =
            text.split([' ', ',', '\n', '\r', '\t']).filter(|n| !n.is_empty()).collect();
        let text = names.join(" ").to_lowercase();
        if text.len() > HOST_NAMES_BYTES_MAX || !names.iter().all(|name| box_names::is_name(name)) {
            wrong("host_names", "give host names such as plates.lan, separated by spaces".into());
        }
        general.host_names = text;
    }
    if let Some(text) = form.security_contact {
        match parse_contact(text) {
            Some(contact) => general.security_contact = contact,
            None => wrong("security_contact", "give an e-mail or https address".into()),
        }
    }
    general.allow_plain = form.allow_plain.unwrap_or(general.allow_plain);
    general.hsts = form.hsts.unwrap_or(general.hsts);
    general.second_factor_for_admins =
        form.second_factor_for_admins.unwrap_or(general.second_factor_for_admins);
    if errors.is_empty() { Ok(general) } else { Err(errors) }
}

/// `text` as an address for security.txt: an e-mail address becomes a `mailto:`.
fn parse_contact(text: &str) -> Option<String> {
    let text = text.trim();
    if text.is_empty() || text.starts_with("https://") {
        return parse_url(text);
    }
    let email = Email::parse(text.strip_prefix("mailto:").unwrap_or(text))?;
    Some(format!("mailto:{}", email.as_str()))
}

/// `name` as the tz database spells it; `""` stays `""`, `None` when there is no such zone.
pub fn parse_zone(name: &str) -> Option<String> {
    let name = name.trim();
    if name.is_empty() {
        return Some(String::new());
    }
    let plain = name.len() <= 64
        && name
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'/' | b'_' | b'-' | b'+'));
    let zone = plain.then(|| jiff::tz::TimeZone::get(name).ok()).flatten()?;
    zone.iana_name().map(ToOwned::to_owned)
}

/// `text` as `http(s)://host[:port][/path]` without a slash at its end; `""` stays.
pub fn parse_url(text: &str) -> Option<String> {
    let text = text.trim().trim_end_matches('/');
    if text.is_empty() {
        return Some(String::new());
    }
    let (scheme, rest) = text.split_once("://")?;
    let authority = rest.split('/').next()?;
    let (host, port) = match authority.rsplit_once(':') {
        Some((host, port)) if !port.contains(']') => (host, Some(port)),
        _ => (authority, None),
    };
    let named = !host.is_empty()
        && !host.starts_with(['.', '-'])
        && host.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-'));
    let numbered = host
        .strip_prefix('[')
        .and_then(|inner| inner.strip_suffix(']'))
        .is_some_and(|inner| inner.parse::<std::net::Ipv6Addr>().is_ok());
    let path_fits = rest.bytes().all(|b| b.is_ascii_graphic() && !b"\"'<>\\^`{|}?#@".contains(&b));
    let fits = text.len() <= PUBLIC_URL_BYTES_MAX
        && (scheme.eq_ignore_ascii_case("http") || scheme.eq_ignore_ascii_case("https"))
        && (named || numbered)
        && port.is_none_or(|port| {
            port.bytes().all(|b| b.is_ascii_digit()) && port.parse::<u16>().is_ok_and(|p| p > 0)
        })
        && path_fits;
    fits.then(|| format!("{}://{rest}", scheme.to_ascii_lowercase()))
}

/// The current settings, shared by all threads. Whoever saves settings calls [`Self::reload`].
pub struct SettingsCache(RwLock<Arc<Settings>>);

impl SettingsCache {
    /// Reads the settings of `store`.
    pub fn new(store: &Store) -> Result<Self, StoreError> {
        Ok(Self(RwLock::new(Arc::new(store.read(Settings::load)?))))
    }

    /// The settings as last read.
    pub fn current(&self) -> Arc<Settings> {
        Arc::clone(&self.0.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Reads them again.
    pub fn reload(&self, store: &Store) -> Result<(), StoreError> {
        // Read under the lock, so that of two reloads the later commit stays.
        let mut slot = self.0.write().unwrap_or_else(PoisonError::into_inner);
        *slot = Arc::new(store.read(Settings::load)?);
        Ok(())
    }
}

/// Whether a post to the webhook may go on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PostDecision {
    /// It may. Last four characters of the key for the record, `""` when none was needed.
    Accepted(String),
    /// Posting is switched off.
    Off,
    /// A key is needed and none, or an empty one, was given.
    KeyMissing,
    /// The key is unknown or not for posting, its account is suspended, or its role does not suffice.
    KeyRefused,
}

/// Decides whether a post with `key` is accepted at `level`. `find` gives the active account of a
/// key and the key's last four characters; it is never asked for an empty key.
///
/// # Errors
/// Those of `find`.
pub fn may_post<E>(
    level: PostAuth,
    key: Option<&str>,
    find: impl FnOnce(&str) -> Result<Option<(User, String)>, E>,
) -> Result<PostDecision, E> {
    let least = match level {
        PostAuth::Disabled => return Ok(PostDecision::Off),
        PostAuth::None => return Ok(PostDecision::Accepted(String::new())),
        PostAuth::Users => Role::User,
        PostAuth::Admins => Role::Admin,
    };
    let Some(key) = key.map(str::trim).filter(|key| !key.is_empty()) else {
        return Ok(PostDecision::KeyMissing);
    };
    Ok(match find(key)? {
        Some((user, last_four)) if user.role >= least && !user.suspended => {
            PostDecision::Accepted(last_four)
        }
        _ => PostDecision::KeyRefused,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::clock::Timestamp;
    use crate::domain::users::{self, tests as fixtures};

    #[test]
    fn settings_come_back_and_broken_ones_are_strict() {
        let (_directory, store) = fixtures::store();
        let cache = SettingsCache::new(&store).unwrap();
        assert_eq!(cache.current().general.post_auth, PostAuth::Admins);
        let form = GeneralForm {
            box_name: Some(" North <Gate> "),
            public_url: Some("HTTPS://plates.example.org:8443/box/"),
            post_auth: Some("none"),
            time_zone: Some("america/new_york"),
            allow_plain: Some(true),
            second_factor_for_admins: Some(true),
            host_names: Some(" Plates.lan, box\n"),
            security_contact: Some("guard@example.org"),
            ..GeneralForm::default()
        };
        let general = apply_general(&General::default(), form).unwrap();
        assert_eq!(general.box_name, "North <Gate>");
        assert_eq!(general.public_url, "https://plates.example.org:8443/box");
        assert_eq!(general.time_zone, "America/New_York");
        assert_eq!(general.host_names, "plates.lan box");
        assert_eq!(general.security_contact, "mailto:guard@example.org");
        assert!(general.allow_plain && !general.hsts && general.second_factor_for_admins);
        store.write(|tx| save_general(tx, &general)).unwrap();
        assert_eq!(cache.current().general, General::default());
        cache.reload(&store).unwrap();
        assert_eq!(cache.current().general, general);
        store.write(|tx| tx.put_setting(POST_AUTH, "9")).unwrap();
        assert_eq!(store.read(Settings::load).unwrap().general.post_auth, PostAuth::Admins);
    }

    #[test]
    fn every_wrong_field_is_named() {
        let long = "x".repeat(65);
        let form = GeneralForm {
            box_name: Some(&long),
            public_url: Some("javascript:alert(1)"),
            post_auth: Some("9"),
            time_zone: Some("Mars"),
            host_names: Some("http://x"),
            security_contact: Some("http://x"),
            ..GeneralForm::default()
        };
        let errors = apply_general(&General::default(), form).unwrap_err();
        let fields: Vec<_> = errors.iter().map(|error| error.field).collect();
        assert_eq!(
            fields,
            ["box_name", "public_url", "post_auth", "time_zone", "host_names", "security_contact"]
        );
    }

    #[test]
    fn addresses() {
        for (text, expected) in [
            ("", Some("")),
            ("http://box", Some("http://box")),
            ("http://[2001:db8::1]:8080/", Some("http://[2001:db8::1]:8080")),
            ("http://[2001:db8::1]", Some("http://[2001:db8::1]")),
            ("http://192.168.1.5:65535/a/b", Some("http://192.168.1.5:65535/a/b")),
            ("box", None),
            ("ftp://box", None),
            ("http://", None),
            ("http://:80", None),
            ("http://box:0", None),
            ("http://box:99999", None),
            ("http://box:+80", None),
            ("http://user:pass@box", None),
            ("http://box/?a=b", None),
            ("http://box/\"onload=", None),
            ("http://box\r\nX: y", None),
            ("http://[::1", None),
            ("http://bo x", None),
            (&format!("http://{}", "a".repeat(300)), None),
        ] {
            assert_eq!(parse_url(text).as_deref(), expected, "{text}");
        }
    }

    #[test]
    fn who_may_post() {
        use PostDecision::{KeyMissing, KeyRefused, Off};
        use Role::{Admin, Super, User, Viewer};
        let (_directory, store) = fixtures::store();
        let mut user =
            store.write(|tx| users::create(tx, fixtures::new("ann", User), Timestamp(1))).unwrap();
        let ok = || PostDecision::Accepted("abcd".into());
        let open = PostDecision::Accepted(String::new());
        for (level, key, role, suspended, expected) in [
            (PostAuth::Disabled, Some("key"), Super, false, Off),
            (PostAuth::Disabled, None, Super, false, Off),
            (PostAuth::None, None, Viewer, false, open.clone()),
            (PostAuth::None, Some("wrong"), Viewer, false, open),
            (PostAuth::Users, Some("key"), Viewer, false, KeyRefused),
            (PostAuth::Users, Some("key"), User, false, ok()),
            (PostAuth::Users, Some(" key "), Admin, false, ok()),
            (PostAuth::Users, Some("key"), User, true, KeyRefused),
            (PostAuth::Users, Some("wrong"), User, false, KeyRefused),
            (PostAuth::Users, Some(""), Super, false, KeyMissing),
            (PostAuth::Users, Some(" \t"), Super, false, KeyMissing),
            (PostAuth::Users, None, Super, false, KeyMissing),
            (PostAuth::Admins, Some("key"), User, false, KeyRefused),
            (PostAuth::Admins, Some("key"), Admin, false, ok()),
            (PostAuth::Admins, Some("key"), Super, false, ok()),
            (PostAuth::Admins, Some("key"), Admin, true, KeyRefused),
            (PostAuth::Admins, Some(""), Super, false, KeyMissing),
            (PostAuth::Admins, None, Super, false, KeyMissing),
        ] {
            (user.role, user.suspended) = (role, suspended);
            let find = |given: &str| {
                assert!(!given.trim().is_empty(), "nobody may look for an empty key");
                Ok::<_, StoreError>((given == "key").then(|| (user.clone(), "abcd".to_owned())))
            };
            let decision = may_post(level, key, find).unwrap();
            assert_eq!(decision, expected, "{level:?} {key:?} {role:?} {suspended}");
        }
    }
}
