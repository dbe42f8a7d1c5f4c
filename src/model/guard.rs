//! Settings of the bans (`[ipban]`) and of the list of the internet's offenders (`[abuseipdb]`).

use crate::base::network::Network;

/// Headers in which proxies name the client, `""` for none.
pub const PROXY_HEADERS: [&str; 4] = ["", "X-Forwarded-For", "X-Real-IP", "Forwarded"];
/// Where the service is when nobody says otherwise.
pub const ABUSEIPDB_URL: &str = "https://api.abuseipdb.com/api/v2";

/// Who is banned, for how long, and who never is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IpBan {
    /// Points at which an address is banned; 0 bans nobody by itself.
    pub ban_count: u32,
    /// Length of a first ban, seconds; 0 for good.
    pub ban_seconds: u32,
    /// Window in which points are summed up, seconds.
    pub find_seconds: u32,
    /// Points of a failed sign-in; 0 does not count.
    pub weight_sign_in: u32,
    /// Points of a wrong key.
    pub weight_key: u32,
    /// Points of an address that does not exist.
    pub weight_not_found: u32,
    /// Points of an address that only scanners ask for.
    pub weight_nuisance: u32,
    /// Whether bans outlive a restart.
    pub persist: bool,
    /// Header in which trusted proxies name the client; one of [`PROXY_HEADERS`].
    pub proxy_header: String,
    /// Proxies whose header is believed.
    pub trusted_proxies: Vec<Network>,
    /// Who is never banned.
    pub allow: Vec<Network>,
}

impl Default for IpBan {
    fn default() -> Self {
        Self {
            ban_count: 20,
            ban_seconds: 86_400,
            find_seconds: 600,
            // Ten guesses in the window, and scanners at once.
            weight_sign_in: 2,
            weight_key: 2,
            weight_not_found: 1,
            weight_nuisance: 20,
            persist: true,
            proxy_header: "X-Forwarded-For".to_owned(),
            trusted_proxies: Vec::new(),
            allow: Vec::new(),
        }
    }
}

impl IpBan {
    /// Name and text of every field, as in files and the store.
    pub fn fields(&self) -> Vec<(&'static str, String)> {
        vec![
            ("ipban.ban_count", self.ban_count.to_string()),
            ("ipban.ban_seconds", self.ban_seconds.to_string()),
            ("ipban.find_seconds", self.find_seconds.to_string()),
            ("ipban.weight_sign_in", self.weight_sign_in.to_string()),
            ("ipban.weight_key", self.weight_key.to_string()),
            ("ipban.weight_not_found", self.weight_not_found.to_string()),
            ("ipban.weight_nuisance", self.weight_nuisance.to_string()),
            ("ipban.persist", self.persist.to_string()),
            ("ipban.proxy_header", self.proxy_header.clone()),
            ("ipban.trusted_proxies", listed(&self.trusted_proxies)),
            ("ipban.allow", listed(&self.allow)),
        ]
    }
}

/// What is told to and taken from AbuseIPDB. Its key is a secret and stands elsewhere.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AbuseIpdb {
    /// Whether bans of public addresses are reported.
    pub report: bool,
    /// Whether the addresses it lists are shut out.
    pub load: bool,
    /// Where it is.
    pub base_url: String,
}

impl Default for AbuseIpdb {
    fn default() -> Self {
        Self { report: false, load: false, base_url: ABUSEIPDB_URL.to_owned() }
    }
}

impl AbuseIpdb {
    /// Name and text of every field, as in files and the store.
    pub fn fields(&self) -> Vec<(&'static str, String)> {
        vec![
            ("abuseipdb.report", self.report.to_string()),
            ("abuseipdb.load", self.load.to_string()),
            ("abuseipdb.base_url", self.base_url.clone()),
        ]
    }
}

/// Ranges as text, a blank between them.
pub fn listed(networks: &[Network]) -> String {
    networks.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ")
}
