//! What a handler knows about the request it answers.

use jiff::tz::TimeZone;

use crate::auth::caller::Caller;
use crate::base::clock::Timestamp;
use crate::base::network::is_loopback;
use crate::gate::multipart::{self, Multipart, MultipartError, Upload};
use crate::gate::{Body, Form, FormError, Head};
use crate::model::audit::{Action, Event};
use crate::model::user::{Role, User};
use crate::web::error::WebError;
use crate::web::routes::Route;
use crate::web::site::Site;

/// The request, without its body.
pub struct Ctx<'a> {
    /// What may be used.
    pub site: &'a Site,
    /// Head of the request.
    pub head: &'a Head,
    /// Who asks.
    pub caller: Caller,
    /// When.
    pub now: Timestamp,
    /// The route that matched.
    pub route: &'static Route,
    /// Values of the route's `{names}`, decoded.
    pub params: Vec<(&'static str, String)>,
    /// Id of this request in log lines and on error pages.
    pub id: String,
}

impl Ctx<'_> {
    /// Value of `{name}` in the route.
    pub fn param(&self, name: &str) -> Option<&str> {
        self.params.iter().find(|(known, _)| *known == name).map(|(_, value)| value.as_str())
    }

    /// The query string as a form.
    pub fn query(&self) -> Result<Form, WebError> {
        Form::parse(self.head.query.as_bytes()).map_err(|error| malformed("The address", error))
    }

    /// Token of an `Authorization: Bearer` header.
    pub fn bearer(&self) -> Option<&str> {
        bearer(self.head)
    }

    /// The signed-in user.
    pub fn user(&self) -> Result<&User, WebError> {
        self.caller.user().ok_or_else(|| WebError::Unauthorized("Sign in first.".into()))
    }

    /// Whether the caller may take what it sees along as a file.
    pub fn may_export(&self) -> bool {
        self.role() >= Some(Role::User)
    }

    /// Role of the caller.
    pub fn role(&self) -> Option<Role> {
        self.caller.user().map(|user| user.role)
    }

    /// Key of the session in the store, for a signed-in browser.
    pub const fn session(&self) -> Option<&[u8; 32]> {
        match &self.caller {
            Caller::Session { session, .. } => Some(session),
            _ => None,
        }
    }

    /// Zone in which times are shown: the user's, else the box's, else UTC.
    pub fn zone(&self) -> TimeZone {
        let own = self.caller.user().map(|user| user.time_zone.clone()).unwrap_or_default();
        let name = if own.is_empty() {
            self.site.settings.current().general.time_zone.clone()
        } else {
            own
        };
        if name.is_empty() {
            return TimeZone::UTC;
        }
        TimeZone::get(&name).unwrap_or(TimeZone::UTC)
    }

    /// `action` of this caller, now, from here; to be completed and written with its change.
    pub fn event(&self, action: Action) -> Event {
        let event = Event::of_stranger(action, self.now, self.head.client);
        match &self.caller {
            Caller::Anonymous => event,
            Caller::Session { user, .. } => event.by(user),
            Caller::Key { user, last_four, .. } => {
                let who = format!("{} (key {last_four})", user.username.as_str());
                Event { who, ..event.by(user) }
            }
        }
    }

    /// Notes in the audit log that this caller did `action` to `object`. For what changes nothing:
    /// the entry goes with the next commit.
    pub fn audit(&self, action: Action, object: impl AsRef<str>) {
        self.site.store.audit_later(self.event(action).object(object));
    }

    /// Whether the request comes from the box itself.
    pub fn loopback(&self) -> bool {
        is_loopback(self.head.client)
    }
}

/// What is wrong with `whole`, a query string or a form.
fn malformed(whole: &str, error: FormError) -> WebError {
    let why = match error {
        FormError::TooManyPairs => "too many parameters",
        FormError::NotUtf8 => "text that is not UTF-8",
        FormError::Nul => "a NUL character",
    };
    WebError::Bad(format!("{whole} has {why}."))
}

/// Path and query as they were sent.
pub fn target(head: &Head) -> String {
    if head.query.is_empty() {
        head.raw_path.clone()
    } else {
        format!("{}?{}", head.raw_path, head.query)
    }
}

/// Token of an `Authorization: Bearer` header of `head`.
pub fn bearer(head: &Head) -> Option<&str> {
    let (scheme, token) = head.headers.get("authorization")?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

/// The request's body, read at most once and never beyond the route's cap.
pub struct Input<'a, 'b> {
    body: &'a mut Body<'b>,
    max: u64,
    content_type: String,
    form: Option<Form>,
    files: Vec<Upload>,
}

impl<'a, 'b> Input<'a, 'b> {
    /// Wraps `body` of the request `head`, of which at most `max` bytes are read.
    pub fn new(body: &'a mut Body<'b>, head: &Head, max: u64) -> Self {
        let content_type = head.headers.get("content-type").unwrap_or_default().to_owned();
        Self { body, max, content_type, form: None, files: Vec::new() }
    }

    /// The bytes of the body.
    pub fn bytes(&mut self) -> Result<Vec<u8>, WebError> {
        Ok(self.body.read_all(self.max)?)
    }

    /// The body as a form; empty when the request has none.
    pub fn form(&mut self) -> Result<&Form, WebError> {
        let form = match self.form.take() {
            Some(form) => form,
            None => self.parse()?,
        };
        Ok(self.form.insert(form))
    }

    /// The file chosen for `field` of a form with files.
    pub fn file(&mut self, field: &str) -> Result<Option<&Upload>, WebError> {
        self.form()?;
        let chosen = |file: &&Upload| !file.name.is_empty() || !file.bytes.is_empty();
        Ok(self.files.iter().find(|file| file.field == field).filter(chosen))
    }

    fn parse(&mut self) -> Result<Form, WebError> {
        let bytes = self.bytes()?;
        let refused = |error| match error {
            MultipartError::Text(error) => malformed("The form", error),
            _ => WebError::Bad("The form is malformed.".into()),
        };
        match multipart::boundary(&self.content_type).map_err(refused)? {
            None => Form::parse(&bytes).map_err(|error| malformed("The form", error)),
            Some(boundary) => {
                let parsed = Multipart::parse(&bytes, boundary).map_err(refused)?;
                self.files = parsed.files;
                Ok(parsed.texts)
            }
        }
    }
}
