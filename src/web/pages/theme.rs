//! Light, dark or as the system: kept in a cookie, so that the server writes it and nothing
//! flashes.

use crate::gate::Response;
use crate::web::ctx::{Ctx, Input};
use crate::web::error::WebError;
use crate::web::pages::shell::{THEME_COOKIE, local_path};

/// `POST /theme`.
pub fn switch(_: &Ctx<'_>, input: &mut Input<'_, '_>) -> Result<Response, WebError> {
    let form = input.form()?;
    let (value, seconds) = match form.get("theme") {
        Some("light") => ("light", 31_536_000),
        Some("dark" | "toggle") => ("dark", 31_536_000),
        _ => ("", 0),
    };
    let back = local_path(form.get("back").unwrap_or("/")).to_owned();
    let cookie = format!("{THEME_COOKIE}={value}; Path=/; Max-Age={seconds}; SameSite=Lax");
    Ok(Response::redirect(303, &back).header("Set-Cookie", cookie))
}
