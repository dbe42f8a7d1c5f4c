//! How pages look: light, dark or as the system, roomy or compact. Kept in cookies, so that the
//! server writes it and nothing flashes.

use crate::gate::Response;
use crate::web::ctx::{Ctx, Input};
use crate::web::error::WebError;
use crate::web::pages::shell::{DENSITY_COOKIE, THEME_COOKIE, local_path};

/// `POST /theme`.
pub fn switch(_: &Ctx<'_>, input: &mut Input<'_, '_>) -> Result<Response, WebError> {
    const YEAR: u32 = 31_536_000;
    let form = input.form()?;
    let (name, value) = match (form.get("density"), form.get("theme")) {
        (Some("compact"), _) => (DENSITY_COOKIE, "compact"),
        (Some(_), _) => (DENSITY_COOKIE, ""),
        (None, Some("light")) => (THEME_COOKIE, "light"),
        (None, Some("dark" | "toggle")) => (THEME_COOKIE, "dark"),
        (None, _) => (THEME_COOKIE, ""),
    };
    let seconds = if value.is_empty() { 0 } else { YEAR };
    let back = local_path(form.get("back").unwrap_or("/")).to_owned();
    let cookie = format!("{name}={value}; Path=/; Max-Age={seconds}; HttpOnly; SameSite=Lax");
    Ok(Response::redirect(303, &back).header("Set-Cookie", cookie))
}
