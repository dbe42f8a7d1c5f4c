//! Signing in.

use serde::Serialize;

use super::FieldError;

/// Template `sign_in.html`.
#[derive(Clone, Debug, Default, Serialize)]
pub struct SignIn {
    /// User name as typed before.
    pub username: String,
    /// Path to go to afterwards, `""` for the dashboard.
    pub next: String,
    /// What was wrong. The same message for a wrong name and a wrong password.
    pub errors: Vec<FieldError>,
}

/// Template `sign_in_code.html`.
#[derive(Clone, Debug, Default, Serialize)]
pub struct SignInCode {
    /// Path to go to afterwards.
    pub next: String,
    /// What was wrong.
    pub errors: Vec<FieldError>,
}
