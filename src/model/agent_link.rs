//! How to reach an agent's own web server, where it keeps the full frames of its reads. Typed by an
//! administrator; a payload never says where to fetch from.

use std::net::IpAddr;

/// Port of the agent's web server (`web_server_port` in `alprd.conf`).
pub const AGENT_PORT: u16 = 8355;

/// How an agent's web server is spoken to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Scheme {
    /// Plain, as the agent does it.
    #[default]
    Http,
    /// TLS, by a proxy in front of it.
    Https,
}

impl Scheme {
    /// Name in addresses, forms and files.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Http => "http",
            Self::Https => "https",
        }
    }

    /// The scheme named `name`.
    pub fn parse(name: &str) -> Option<Self> {
        [Self::Http, Self::Https].into_iter().find(|scheme| scheme.name() == name)
    }
}

/// Where an agent's web server is, and whether the box may ask it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AgentLink {
    /// Whether full frames are fetched.
    pub enabled: bool,
    /// Plain or TLS.
    pub scheme: Scheme,
    /// Name or address, checked when typed; `""` until somebody gives one.
    pub host: String,
    /// Port.
    pub port: u16,
}

impl Default for AgentLink {
    fn default() -> Self {
        Self { enabled: false, scheme: Scheme::Http, host: String::new(), port: AGENT_PORT }
    }
}

impl AgentLink {
    /// Whether it may be asked, and how to.
    pub fn is_usable(&self) -> bool {
        self.enabled && !self.host.is_empty()
    }

    /// Address without a path: `http://192.0.2.7:8355`.
    pub fn base(&self) -> String {
        let (scheme, port) = (self.scheme.name(), self.port);
        match self.host.parse::<IpAddr>() {
            Ok(IpAddr::V6(address)) => format!("{scheme}://[{address}]:{port}"),
            _ => format!("{scheme}://{}:{port}", self.host),
        }
    }

    /// Name and value of what people change, for the audit log.
    pub fn fields(&self) -> [(&'static str, String); 4] {
        let enabled = if self.enabled { "yes" } else { "no" };
        [
            ("enabled", enabled.to_owned()),
            ("scheme", self.scheme.name().to_owned()),
            ("host", self.host.clone()),
            ("port", self.port.to_string()),
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses() {
        let mut link = AgentLink { host: "2001:db8::1".into(), ..AgentLink::default() };
        assert!(!link.is_usable());
        assert_eq!(link.base(), "http://[2001:db8::1]:8355");
        link = AgentLink { enabled: true, host: "gate.lan".into(), port: 80, ..link };
        link.scheme = Scheme::Https;
        assert_eq!(link.base(), "https://gate.lan:80");
    }
}
