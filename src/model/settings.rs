//! The box's settings. Each is declared once; form, file and storage follow.

/// Who may post to the webhook.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum PostAuth {
    /// Nobody: every post is refused.
    Disabled,
    /// Anybody: no key needed.
    None,
    /// Keys of all active users.
    Users,
    /// Keys of administrators.
    #[default]
    Admins,
}

impl PostAuth {
    /// All levels, strictest last.
    pub const ALL: [Self; 4] = [Self::Disabled, Self::None, Self::Users, Self::Admins];

    /// Name in files and forms.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Disabled => "disabled",
            Self::None => "none",
            Self::Users => "users",
            Self::Admins => "admins",
        }
    }

    /// The level named `name`.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|level| level.name() == name)
    }
}

/// Settings of the box as a whole (`[general]`).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct General {
    /// Name shown in the header, for example `North Gate`.
    pub box_name: String,
    /// Address under which the box is reachable from outside, `""` when not set.
    pub public_url: String,
    /// Who may post.
    pub post_auth: PostAuth,
    /// IANA time zone of the box, `""` for UTC.
    pub time_zone: String,
    /// Whether people and programs on the network may use plain HTTP.
    pub allow_plain: bool,
    /// Whether browsers are told to insist on TLS; only with a certificate brought by the owner.
    pub hsts: bool,
    /// Further host names the box is known by, separated by spaces.
    pub host_names: String,
    /// Whom to tell of a weakness, a `mailto:` or `https:` address; `""` when not set.
    pub security_contact: String,
    /// Whether administrators need a second factor.
    pub second_factor_for_admins: bool,
}

impl General {
    /// Name and text of every field, for lists of what changed.
    pub fn fields(&self) -> Vec<(&'static str, String)> {
        vec![
            ("general.box_name", self.box_name.clone()),
            ("general.public_url", self.public_url.clone()),
            ("general.post_auth", self.post_auth.name().to_owned()),
            ("general.time_zone", self.time_zone.clone()),
            ("general.allow_plain", self.allow_plain.to_string()),
            ("general.hsts", self.hsts.to_string()),
            ("general.host_names", self.host_names.clone()),
            ("general.security_contact", self.security_contact.clone()),
            ("general.second_factor_for_admins", self.second_factor_for_admins.to_string()),
        ]
    }
}

/// How long things are kept (`[retention]`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Retention {
    /// Age at which entries of the audit log are removed, days.
    pub audit_days: u32,
}

impl Retention {
    /// Name and text of every field, for lists of what changed.
    pub fn fields(&self) -> Vec<(&'static str, String)> {
        vec![("retention.audit_days", self.audit_days.to_string())]
    }
}

/// What stands on printed pages (`[report]`).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// Name of the organisation, `""` when not set.
    pub organisation: String,
    /// Its logo, `None` for the program's own.
    pub logo: Option<ReportLogo>,
}

/// Which logo is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReportLogo {
    /// Its media type.
    pub media_type: String,
    /// Beginning of its SHA-256, which tells versions apart.
    pub hash: String,
}

impl ReportLogo {
    /// Both, as they are kept.
    pub fn text(&self) -> String {
        format!("{} {}", self.media_type, self.hash)
    }
}

impl Report {
    /// Name and text of every field, for lists of what changed.
    pub fn fields(&self) -> Vec<(&'static str, String)> {
        let logo = self.logo.as_ref().map(ReportLogo::text).unwrap_or_default();
        vec![("report.organisation", self.organisation.clone()), ("report.logo", logo)]
    }
}
