//! The only route authorisation: what a route asks for, and who has it.

use crate::auth::caller::Caller;
use crate::model::api_key::Scope;
use crate::model::user::Role;

/// What a route asks of its caller.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// Anybody.
    Public,
    /// Anybody, but only while no account exists.
    Setup,
    /// The webhook checks its own key, by the POST authorisation setting.
    Webhook,
    /// Loopback, or any API key that may look.
    Metrics,
    /// A signed-in person with at least this role.
    Page(Role),
    /// An API key, or a signed-in person, with at least this role.
    Api(Role),
}

/// Answer to whether a caller may pass.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Come in.
    Pass,
    /// Say who you are first.
    SignIn,
    /// Known, but not allowed.
    Denied,
    /// Known, but with a key that is for other things.
    OutOfScope,
    /// Such a page does not exist now.
    Closed,
}

impl Access {
    /// Whether `caller` passes, and a key only when it is for `scope`; `loopback` tells whether the request came from the box itself and
    /// `set_up` whether an account exists.
    pub fn check(self, scope: Scope, caller: &Caller, loopback: bool, set_up: bool) -> Verdict {
        let verdict = self.by_account(caller, loopback, set_up);
        let keyed = matches!(self, Self::Api(_)) || (self == Self::Metrics && !loopback);
        if verdict == Verdict::Pass && keyed && !caller.reaches(scope) {
            return Verdict::OutOfScope;
        }
        verdict
    }

    fn by_account(self, caller: &Caller, loopback: bool, set_up: bool) -> Verdict {
        let role = caller.user().map(|user| user.role);
        match self {
            Self::Setup if set_up => Verdict::Closed,
            Self::Metrics if !loopback => by_role(role, Role::Viewer),
            Self::Public | Self::Webhook | Self::Setup | Self::Metrics => Verdict::Pass,
            // A key posts and reads data; it never opens a person's pages.
            Self::Page(_) if matches!(caller, Caller::Key { .. }) => Verdict::Denied,
            Self::Page(least) | Self::Api(least) => by_role(role, least),
        }
    }

    /// Name in the golden access table.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Public => "public",
            Self::Setup => "setup",
            Self::Webhook => "webhook",
            Self::Metrics => "metrics",
            Self::Page(Role::Viewer) => "page viewer",
            Self::Page(Role::User) => "page user",
            Self::Page(Role::Admin) => "page admin",
            Self::Page(Role::Super) => "page super",
            Self::Api(Role::Viewer) => "api viewer",
            Self::Api(Role::User) => "api user",
            Self::Api(Role::Admin) => "api admin",
            Self::Api(Role::Super) => "api super",
        }
    }
}

fn by_role(role: Option<Role>, least: Role) -> Verdict {
    match role {
        Some(role) if role >= least => Verdict::Pass,
        Some(_) => Verdict::Denied,
        None => Verdict::SignIn,
    }
}
