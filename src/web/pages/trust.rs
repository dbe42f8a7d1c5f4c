//! Why the box can be trusted: seen before it is, so open to everybody.

use jiff::tz::TimeZone;

use crate::gate::Response;
use crate::web::ctx::{Ctx, Input};
use crate::web::error::WebError;
use crate::web::format;
use crate::web::pages::shell::{Page, base_url, render};
use crate::web::paths;
use crate::web::views::certificate::{TrustPage, lines};

/// How long what security.txt says is good, milliseconds: below a year, as RFC 9116 asks.
const GOOD_FOR_MS: i64 = 300 * 86_400_000;

/// `GET /trust`.
pub fn page(ctx: &Ctx<'_>, _: &mut Input<'_, '_>) -> Result<Response, WebError> {
    let current = ctx.site.certificates.current();
    let host = ctx.head.headers.get("host").unwrap_or("localhost");
    let secure = if ctx.head.secure { String::new() } else { format!("https://{host}/") };
    let view =
        TrustPage { fingerprint: lines(&current.authority_fingerprint), own: current.own, secure };
    render(ctx, &Page::new("trust", "Trust this box", ""), &view)
}

/// `GET /trust/openalpr-webhook-ca.crt`: the authority, as every system takes it.
pub fn authority(ctx: &Ctx<'_>, _: &mut Input<'_, '_>) -> Result<Response, WebError> {
    let name = paths::TRUST_AUTHORITY.rsplit('/').next().unwrap_or_default();
    let pem = ctx.site.certificates.current().authority.clone();
    let response = Response::new(200).bytes("application/x-x509-ca-cert", pem.into_bytes());
    Ok(response.header("Content-Disposition", format!("attachment; filename=\"{name}\"")))
}

/// `GET /.well-known/security.txt` (RFC 9116).
pub fn security_txt(ctx: &Ctx<'_>, _: &mut Input<'_, '_>) -> Result<Response, WebError> {
    let set = ctx.site.settings.current().general.security_contact.clone();
    let base = base_url(ctx).replacen("http://", "https://", 1);
    // Nobody set one: the page that says whom to tell.
    let contact = if set.is_empty() { format!("{base}{}#report", paths::TRUST) } else { set };
    let expires = format::iso(ctx.now.plus_ms(GOOD_FOR_MS), &TimeZone::UTC);
    let text = format!(
        "Contact: {contact}\nExpires: {expires}\nPreferred-Languages: en\n\
         Canonical: {base}/.well-known/security.txt\n"
    );
    Ok(Response::new(200).text(text))
}
