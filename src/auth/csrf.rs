//! Did this unsafe request come from our own page? Two proofs: what the browser says about the
//! request's origin, and a token that only our pages contain. One is enough, a wrong one never is.

use base64::Engine as _;

use crate::base::hash::sha256;
use crate::base::random;
use crate::base::secret::{self, Secret};

use super::session;

/// Life of the cookie behind sign-in and set-up forms, seconds.
const PRE_SESSION_SECONDS: i64 = 3600;

/// Name of the cookie behind forms that are shown before there is a session.
pub const fn pre_session_cookie_name(secure: bool) -> &'static str {
    if secure { "__Host-oalpr_form" } else { "oalpr_form" }
}

/// A fresh secret for [`pre_session_cookie_name`].
pub fn new_pre_session() -> Secret {
    Secret::new(random::token(32))
}

/// `Set-Cookie` value that carries the pre-session secret.
pub fn pre_session_cookie(value: &Secret, secure: bool) -> String {
    let name = pre_session_cookie_name(secure);
    session::cookie(name, value.expose(), PRE_SESSION_SECONDS, secure)
}

/// The form token that belongs to the secret of a cookie, a session's or a pre-session's. The
/// cookie cannot be computed back from it, nor the hash the store keeps.
pub fn token_for(cookie: &str) -> String {
    let hash = sha256(format!("openalpr-webhook form\0{cookie}").as_bytes());
    base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(hash)
}

/// What a request offers as proof.
#[derive(Clone, Copy, Debug, Default)]
pub struct Proof<'a> {
    /// `Sec-Fetch-Site` header; browsers send it to trustworthy origins only.
    pub sec_fetch_site: Option<&'a str>,
    /// `Origin` header.
    pub origin: Option<&'a str>,
    /// `Host` header.
    pub host: &'a str,
    /// Whether the request came over TLS.
    pub secure: bool,
    /// Token of the form or of the `X-Csrf-Token` header.
    pub token: Option<&'a str>,
}

/// Why a request is refused, for the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// The browser says that another site sent it.
    OtherSite,
    /// The token is there and wrong, or there is no cookie it could belong to.
    WrongToken,
    /// No proof at all.
    NoProof,
}

/// Checks `proof`; `expected` is [`token_for`] the cookie of the request, if it had one.
///
/// # Errors
/// [`Refusal`] when a proof is wrong or all are missing.
pub fn check(proof: Proof<'_>, expected: Option<&str>) -> Result<(), Refusal> {
    let mut proven = false;
    match (proof.sec_fetch_site, proof.origin) {
        (Some("same-origin" | "none"), _) => proven = true,
        (None, Some(origin)) if is_own(origin, proof.host, proof.secure) => proven = true,
        (Some(_), _) | (None, Some(_)) => return Err(Refusal::OtherSite),
        (None, None) => {}
    }
    if let Some(token) = proof.token.filter(|token| !token.is_empty()) {
        let expected = expected.unwrap_or("");
        if expected.is_empty() || !secret::equal(token.as_bytes(), expected.as_bytes()) {
            return Err(Refusal::WrongToken);
        }
        proven = true;
    }
    if proven { Ok(()) } else { Err(Refusal::NoProof) }
}

/// Whether `origin` is scheme and host of this request.
fn is_own(origin: &str, host: &str, secure: bool) -> bool {
    let (scheme, port) = if secure { ("https", ":443") } else { ("http", ":80") };
    let Some((found, rest)) = origin.split_once("://") else { return false };
    let plain = |text: &str| text.strip_suffix(port).unwrap_or(text).to_ascii_lowercase();
    !host.is_empty() && found.eq_ignore_ascii_case(scheme) && plain(rest) == plain(host)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn proofs() {
        let own = token_for("cookie");
        let other = token_for("another");
        let (site, origin, host) = (Some("same-origin"), Some("http://box:8080"), "box:8080");
        let no = None::<&str>;
        for (sec_fetch_site, origin, host, token, expected) in [
            (site, no, host, no, Ok(())),
            (Some("none"), no, host, no, Ok(())),
            (site, origin, host, Some(own.as_str()), Ok(())),
            (no, origin, host, no, Ok(())),
            (no, Some("HTTP://BOX:8080"), host, no, Ok(())),
            (no, Some("http://box"), "box:80", no, Ok(())),
            (no, no, host, Some(own.as_str()), Ok(())),
            (no, no, host, no, Err(Refusal::NoProof)),
            (no, no, host, Some(""), Err(Refusal::NoProof)),
            (no, no, host, Some(other.as_str()), Err(Refusal::WrongToken)),
            (site, origin, host, Some("x"), Err(Refusal::WrongToken)),
            (Some("cross-site"), origin, host, Some(own.as_str()), Err(Refusal::OtherSite)),
            (Some("same-site"), no, host, Some(own.as_str()), Err(Refusal::OtherSite)),
            (Some(""), no, host, no, Err(Refusal::OtherSite)),
            (no, Some("null"), host, Some(own.as_str()), Err(Refusal::OtherSite)),
            (no, Some("http://evil"), host, Some(own.as_str()), Err(Refusal::OtherSite)),
            (no, Some("https://box:8080"), host, no, Err(Refusal::OtherSite)),
            (no, Some("http://box:8080.evil"), host, no, Err(Refusal::OtherSite)),
            (no, Some("http://evil@box:8080"), host, no, Err(Refusal::OtherSite)),
            (no, Some("http://"), "", no, Err(Refusal::OtherSite)),
            (no, Some(""), "", no, Err(Refusal::OtherSite)),
        ] {
            let proof = Proof { sec_fetch_site, origin, host, secure: false, token };
            assert_eq!(check(proof, Some(&own)), expected, "{proof:?}");
        }
    }

    #[test]
    fn a_token_without_a_cookie_proves_nothing() {
        let token = token_for("");
        let proof = Proof { host: "box", token: Some(&token), ..Proof::default() };
        assert_eq!(check(proof, None), Err(Refusal::WrongToken));
        assert_eq!(check(proof, Some("")), Err(Refusal::WrongToken));
    }

    #[test]
    fn tokens_are_bound_to_their_cookie() {
        assert_eq!(token_for("a"), token_for("a"));
        assert_ne!(token_for("a"), token_for("b"));
        assert_ne!(new_pre_session().expose(), new_pre_session().expose());
        let cookie = pre_session_cookie(&Secret::new("v"), true);
        assert!(cookie.starts_with("__Host-oalpr_form=v; Path=/; "), "{cookie}");
        assert!(cookie.contains("HttpOnly") && cookie.ends_with("; Secure"), "{cookie}");
    }
}
