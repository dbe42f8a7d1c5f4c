//! Settings/Bans: who is shut out, by which rules, and what AbuseIPDB has to do with it.

use serde::Serialize;

use super::read::TimeView;
use super::{Choice, FieldError, Tag};

/// The page.
#[derive(Clone, Debug, Default, Serialize)]
pub struct BansPage {
    /// Bans that hold, newest first.
    pub bans: Vec<BanRow>,
    /// How many more there are than shown.
    pub more: u64,
    /// Where this browser is.
    pub own_address: String,
    /// Why this browser is never banned, `""` when it could be.
    pub own_safe: String,
    /// Rules.
    pub rules: Rules,
    /// AbuseIPDB.
    pub abuse: AbuseView,
    /// The form of a new ban, as typed.
    pub add: AddBan,
    /// What is wrong with any of the forms.
    pub errors: Vec<FieldError>,
}

/// One ban.
#[derive(Clone, Debug, Default, Serialize)]
pub struct BanRow {
    /// Range, as it is sent to lift it.
    pub network: String,
    /// What for.
    pub reason: String,
    /// Who did it, `""` for the box itself.
    pub by: String,
    /// Since when.
    pub begun: TimeView,
    /// Until when, nothing for good.
    pub until: Option<TimeView>,
    /// The how manieth time, `""` for the first.
    pub times: String,
}

/// Rules, as in the form.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Rules {
    /// Points.
    pub ban_count: String,
    /// Length.
    pub ban_seconds: String,
    /// Window.
    pub find_seconds: String,
    /// What each offence counts.
    pub weights: Vec<Weight>,
    /// Whether bans outlive a restart.
    pub persist: bool,
    /// Header of proxies.
    pub headers: Vec<Choice>,
    /// Trusted proxies, one a line.
    pub trusted_proxies: String,
    /// Never banned, one a line.
    pub allow: String,
}

/// What an offence counts, as in the form.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Weight {
    /// Name of the field.
    pub name: &'static str,
    /// Offence.
    pub label: &'static str,
    /// Points.
    pub value: String,
}

/// AbuseIPDB, as in the form. The key itself is never shown.
#[derive(Clone, Debug, Default, Serialize)]
pub struct AbuseView {
    /// Whether a key is kept.
    pub key: Tag,
    /// Whether there is one to remove.
    pub has_key: bool,
    /// Whether bans are reported.
    pub report: bool,
    /// Whether listed addresses are shut out.
    pub load: bool,
    /// Where it is.
    pub base_url: String,
    /// Listed addresses that are shut out.
    pub listed: u64,
    /// Since when.
    pub list_at: Option<TimeView>,
    /// What became of the last fetch and report.
    pub news: Vec<String>,
}

/// The form of a new ban.
#[derive(Clone, Debug, Default, Serialize)]
pub struct AddBan {
    /// Address or range.
    pub network: String,
    /// Why.
    pub reason: String,
    /// How long.
    pub lengths: Vec<Choice>,
    /// Whether it shuts out who asks for it, so that it has to be confirmed.
    pub confirm: bool,
}
