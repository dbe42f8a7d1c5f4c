//! Settings/General: the box itself, and what stands on printed pages.

use serde::Serialize;

use super::read::TimeView;
use super::{Choice, FieldError};

/// Template `general.html`.
#[derive(Clone, Debug, Default, Serialize)]
pub struct GeneralPage {
    /// Name of the box.
    pub box_name: String,
    /// Address under which the box is reachable from outside.
    pub public_url: String,
    /// Time zones.
    pub zones: Vec<Choice>,
    /// The clock of the box.
    pub now: TimeView,
    /// Name of the organisation.
    pub organisation: String,
    /// Address of the logo on printed pages.
    pub logo: String,
    /// Whether it is the organisation's own.
    pub own_logo: bool,
    /// Days that the audit log is kept, as typed.
    pub audit_days: String,
    /// What was wrong with them.
    pub retention_errors: Vec<FieldError>,
    /// What was wrong with the form of the box.
    pub box_errors: Vec<FieldError>,
    /// What was wrong with the form of the report.
    pub report_errors: Vec<FieldError>,
}
