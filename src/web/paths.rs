//! Paths that pages link and post to, in one place for routes and templates. Templates see them
//! as `path.NAME`. Knows no handler.

use crate::model::saved_search::SearchScope;

/// Dashboard.
pub const HOME: &str = "/";
/// Reads as they happen; `?camera=AGENT_UID/CAMERA_ID` filters.
pub const LIVE: &str = "/live";
/// The same for a screen across the room.
pub const LIVE_WALL: &str = "/live/wall";
/// Search; the query is `?q=`, the view `?view=grid`.
pub const SEARCH: &str = "/search";
/// Vehicles without plate; as [`SEARCH`], but images unless `?view=table`.
pub const VEHICLES: &str = "/vehicles";
/// The same search as a file: `?format=csv`; without a format the page that offers them.
pub const SEARCH_EXPORT: &str = "/search/export";
/// Prefix of one read: `/captures/ID`, `/captures/ID/images/KIND`, `/captures/ID/raw`.
pub const CAPTURES: &str = "/captures";
/// Alerts of Rekor Scout; prefix of one: `/alerts/rekor/KEY`.
pub const ALERTS_REKOR: &str = "/alerts/rekor";
/// Alerts of watches; prefix of one: `/alerts/custom/ID`, where POST `do` and `note` take care of it.
pub const ALERTS_CUSTOM: &str = "/alerts/custom";
/// Watches. POST a new one; one is `/watches/NUMBER`, the form of a new one `/watches/new`.
pub const WATCHES: &str = "/watches";
/// Alerts as a file.
pub const ALERTS_REKOR_EXPORT: &str = "/alerts/rekor/export";
/// Known plates; the page of one is `/plates/PLATE`. POST `name`, `tags`, `notes`, `csrf` there, and
/// `ignored`, `csrf` to `/plates/PLATE/ignore`.
pub const PLATES: &str = "/plates";
/// GET the form, POST `username`, `password`, `next`, `csrf`.
pub const SIGN_IN: &str = "/sign-in";
/// Second step of signing in. GET the form, POST `code`, `next`, `csrf`.
pub const SIGN_IN_CODE: &str = "/sign-in/code";
/// POST `csrf`.
pub const SIGN_OUT: &str = "/sign-out";
/// POST `theme` (`light`, `dark`, `system`), `back`, `csrf`; answers 303 to `back`.
pub const THEME: &str = "/theme";
/// First step of set-up. POST `code`, `username`, `name`, `email`, `password`, `csrf`.
pub const SETUP: &str = "/setup";
/// Second step. POST `box_name`, `time_zone`, `csrf`.
pub const SETUP_PLACE: &str = "/setup/place";
/// Third step: the key. GET offers to make it, POST `csrf` makes and shows it.
pub const SETUP_KEY: &str = "/setup/key";
/// Last step: waiting for the first read.
pub const SETUP_WAIT: &str = "/setup/first-read";
/// JSON of `SetupStatus`, polled by the last step.
pub const SETUP_STATUS: &str = "/setup/status";
/// General settings. POST `box_name`, `public_url`, `time_zone`, `csrf`.
pub const GENERAL: &str = "/settings/general";
/// POST, with files: `organisation`, `logo`, `reset`, `csrf`.
pub const REPORT: &str = "/settings/report";
/// POST `audit_days`, `csrf`.
pub const RETENTION: &str = "/settings/retention";
/// Prefix of the logo on printed pages: `/report/logo/HASH`.
pub const REPORT_LOGO: &str = "/report/logo";
/// Webhook settings. POST `post_auth`, `public_url`, `csrf`.
pub const WEBHOOK: &str = "/settings/webhook";
/// Audit log; the filter is in the query.
pub const AUDIT: &str = "/audit";
/// The same as a file; `?format=csv|jsonl`.
pub const AUDIT_EXPORT: &str = "/audit/export";
/// Users; `?q=` searches. POST a new account. One is `/settings/users/NUMBER`.
pub const USERS: &str = "/settings/users";
/// Agents; `?q=` searches. One is `/settings/agents/UID`.
pub const AGENTS: &str = "/settings/agents";
/// Prefix of links to set a password with: `/reset/TOKEN`.
pub const RESET: &str = "/reset";
/// Bans. POST the rules.
pub const BANS: &str = "/settings/bans";
/// POST `network`, `reason`, `seconds`, `confirm`, `csrf`.
pub const BANS_ADD: &str = "/settings/bans/add";
/// POST `network`, `csrf`.
pub const BANS_LIFT: &str = "/settings/bans/lift";
/// POST `key`, `remove_key`, `report`, `load`, `base_url`, `csrf`.
pub const BANS_ABUSE: &str = "/settings/bans/abuseipdb";
/// POST `csrf`.
pub const BANS_TEST: &str = "/settings/bans/test";
/// Ways to tell people; one is `/settings/notifications/CHANNEL`, a test of it `.../CHANNEL/test`.
pub const NOTIFICATIONS: &str = "/settings/notifications";
/// POST `id` (a number or `all`), `do` (`again`, `forget`), `csrf`.
pub const NOTIFICATIONS_FAILED: &str = "/settings/notifications/failed";
/// Certificate and the ways in. POST `allow_plain`, `hsts`, `host_names`, `security_contact`, `csrf`.
pub const CERTIFICATE: &str = "/settings/certificate";
/// POST `chain`, `key` (PEM), `csrf`: presents a certificate that is brought.
pub const CERTIFICATE_OWN: &str = "/settings/certificate/own";
/// POST `csrf`: back to the box's own certificate.
pub const CERTIFICATE_BOX: &str = "/settings/certificate/box";
/// How to trust this box.
pub const TRUST: &str = "/trust";
/// Its authority, to be installed.
pub const TRUST_AUTHORITY: &str = "/trust/openalpr-webhook-ca.crt";
/// Profile. POST `name`, `email`, `organisation`, `phone`, `website`, `address`, `zip`, `time_zone`,
/// `csrf`.
pub const PROFILE: &str = "/profile";
/// POST `key_name`, `scope` (several), `csrf`: makes an API key and shows it once. One is
/// `/profile/keys/ID/rotate` and `/profile/keys/ID/revoke`.
pub const PROFILE_KEYS: &str = "/profile/keys";
/// POST, with a file: `picture`, or `remove`; `csrf`.
pub const PROFILE_PICTURE: &str = "/profile/picture";
/// Prefix of pictures of people: `/avatars/USER/HASH`.
pub const AVATARS: &str = "/avatars";
/// POST `current`, `password`, `csrf`.
pub const PROFILE_PASSWORD: &str = "/profile/password";
/// POST `session` (an id from the list, or `others`), `csrf`.
pub const PROFILE_SESSIONS: &str = "/profile/sessions";
/// POST `email`, `sms`, `csrf`: by which ways one is told.
pub const PROFILE_WAYS: &str = "/profile/ways";
/// The own second factor.
pub const SECOND_FACTOR: &str = "/profile/second-factor";
/// POST `current`, `csrf`: begins to set one up.
pub const SECOND_FACTOR_BEGIN: &str = "/profile/second-factor/begin";
/// POST `code`, `csrf`: confirms it, and shows the recovery codes once.
pub const SECOND_FACTOR_CONFIRM: &str = "/profile/second-factor/confirm";
/// POST `current`, `code`, `csrf`: new recovery codes.
pub const SECOND_FACTOR_CODES: &str = "/profile/second-factor/codes";
/// POST `current`, `code`, `csrf`: switches it off.
pub const SECOND_FACTOR_OFF: &str = "/profile/second-factor/off";
/// POST `second_factor_for_admins`, `csrf`.
pub const SECOND_FACTOR_RULE: &str = "/settings/second-factor";
/// Where payloads are posted; with the key as one more segment for agents that post directly.
pub const POST: &str = "/api/webhook";

/// Saved searches: GET lists them, POST `name`, `scope`, `query`, `csrf` saves one.
pub const SEARCHES: &str = "/searches";

/// The page of searches in `scope`.
pub const fn search(scope: SearchScope) -> &'static str {
    match scope {
        SearchScope::Plates => SEARCH,
        SearchScope::Vehicles => VEHICLES,
    }
}

/// Every path by the name templates use.
pub const ALL: &[(&str, &str)] = &[
    ("home", HOME),
    ("live", LIVE),
    ("live_wall", LIVE_WALL),
    ("search", SEARCH),
    ("vehicles", VEHICLES),
    ("searches", SEARCHES),
    ("captures", CAPTURES),
    ("plates", PLATES),
    ("alerts_rekor", ALERTS_REKOR),
    ("alerts_custom", ALERTS_CUSTOM),
    ("watches", WATCHES),
    ("sign_in", SIGN_IN),
    ("sign_in_code", SIGN_IN_CODE),
    ("sign_out", SIGN_OUT),
    ("theme", THEME),
    ("setup", SETUP),
    ("setup_place", SETUP_PLACE),
    ("setup_key", SETUP_KEY),
    ("setup_wait", SETUP_WAIT),
    ("setup_status", SETUP_STATUS),
    ("general", GENERAL),
    ("report", REPORT),
    ("retention", RETENTION),
    ("webhook", WEBHOOK),
    ("users", USERS),
    ("agents", AGENTS),
    ("bans", BANS),
    ("bans_add", BANS_ADD),
    ("bans_lift", BANS_LIFT),
    ("bans_abuse", BANS_ABUSE),
    ("bans_test", BANS_TEST),
    ("notifications", NOTIFICATIONS),
    ("notifications_failed", NOTIFICATIONS_FAILED),
    ("audit", AUDIT),
    ("audit_export", AUDIT_EXPORT),
    ("certificate", CERTIFICATE),
    ("certificate_own", CERTIFICATE_OWN),
    ("certificate_box", CERTIFICATE_BOX),
    ("trust", TRUST),
    ("trust_authority", TRUST_AUTHORITY),
    ("profile", PROFILE),
    ("profile_keys", PROFILE_KEYS),
    ("profile_picture", PROFILE_PICTURE),
    ("profile_password", PROFILE_PASSWORD),
    ("profile_sessions", PROFILE_SESSIONS),
    ("profile_ways", PROFILE_WAYS),
    ("second_factor", SECOND_FACTOR),
    ("second_factor_begin", SECOND_FACTOR_BEGIN),
    ("second_factor_confirm", SECOND_FACTOR_CONFIRM),
    ("second_factor_codes", SECOND_FACTOR_CODES),
    ("second_factor_off", SECOND_FACTOR_OFF),
    ("second_factor_rule", SECOND_FACTOR_RULE),
    ("post", POST),
    ("health", "/healthz"),
];
