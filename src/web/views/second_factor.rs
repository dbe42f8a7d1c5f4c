//! The own second factor.

use serde::Serialize;

use super::FieldError;
use super::read::TimeView;
use crate::web::qr::Qr;

/// Template `second_factor.html`.
#[derive(Clone, Debug, Default, Serialize)]
pub struct SecondFactorPage {
    /// User name, for password managers.
    pub username: String,
    /// Since when it is on; `None` when it is off.
    pub on_since: Option<TimeView>,
    /// Recovery codes that are left.
    pub codes_left: u64,
    /// Recovery codes there are at first.
    pub codes: u64,
    /// Whether the rule of the box forbids to be without.
    pub needed: bool,
    /// The clock of the box, which has to agree with the phone's.
    pub now: TimeView,
    /// What waits to be confirmed.
    pub enrolment: Option<Enrolment>,
    /// Recovery codes that were just made, shown this once.
    pub new_codes: Vec<String>,
    /// What was wrong. Fields `current code`.
    pub errors: Vec<FieldError>,
}

/// A secret that waits for its first code.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Enrolment {
    /// To be read by the app.
    pub qr: Option<Qr>,
    /// To be typed into it.
    pub secret: String,
}
