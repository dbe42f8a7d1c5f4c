//! How a request may come in: under which name, and whether it has to be encrypted. Who asks is not
//! looked at here.

use crate::base::network::is_loopback;
use crate::domain::box_names;
use crate::gate::{Head, Method, Response};
use crate::web::access::Access;
use crate::web::ctx::target;
use crate::web::error::WebError;
use crate::web::routes::Route;
use crate::web::site::Site;

/// How long browsers shall insist on TLS, seconds: a year.
const INSIST_SECONDS: u32 = 31_536_000;

/// Whether the box is known by the name that `head` uses. Anybody can make a name of his own lead to
/// the box, and then his page and the box are one origin for the browser.
pub(super) fn knows(site: &Site, head: &Head) -> bool {
    let general = &site.settings.current().general;
    let machine = &site.certificates.current().machine;
    // Only programs leave it out, browsers never do.
    head.headers.get("host").is_none_or(|host| box_names::answers_to(host, general, machine))
}

/// What becomes of a request that came in plain: nothing when it may, a redirect for people who
/// read, a refusal for programs and for forms, whose secrets have been seen already.
pub(super) fn scheme(
    site: &Site,
    head: &Head,
    route: &Route,
) -> Result<Option<Response>, WebError> {
    let allowed = site.settings.current().general.allow_plain || is_loopback(head.peer.ip());
    // What a trusted proxy brings came to it as its owner decided.
    let forwarded = head.client != head.peer.ip();
    if head.secure || allowed || forwarded || route.plain {
        return Ok(None);
    }
    plain(head, head.headers.get("host").filter(|_| knows(site, head)), route)
}

/// The same for one that may not go on; `host` is the name it used, if the box is known by it.
fn plain(head: &Head, host: Option<&str>, route: &Route) -> Result<Option<Response>, WebError> {
    let page = !matches!(route.access, Access::Api(_) | Access::Metrics);
    match host {
        Some(host) if page && matches!(head.method, Method::Get | Method::Head) => {
            let to = format!("https://{}{}", with_port(host), target(head));
            Ok(Some(Response::redirect(308, &to)))
        }
        None if page => Err(WebError::Misdirected),
        _ => Err(WebError::Forbidden(
            "Plain HTTP is only for the box itself: use https on the same port. An administrator \
             can allow plain HTTP in Settings, Certificate."
                .into(),
        )),
    }
}

/// Both tongues are spoken on one port, so a plain one without a number is port 80 for both.
fn with_port(host: &str) -> String {
    let numbered = host.rsplit_once(':').is_some_and(|(_, port)| !port.contains(']'));
    if numbered { host.to_owned() } else { format!("{host}:80") }
}

/// Tells browsers to come by TLS only, where the owner wants that. Never with the box's own
/// certificate: who has not trusted it could no longer pass the browser's warning.
pub(super) fn insist_on_tls(site: &Site, head: &Head, response: Response) -> Response {
    if head.secure && site.settings.current().general.hsts && site.certificates.current().own {
        let value = format!("max-age={INSIST_SECONDS}");
        return response.header("Strict-Transport-Security", value);
    }
    response
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gate::Headers;
    use crate::web::routes::{Found, find};

    #[test]
    fn people_are_led_to_tls_and_programs_are_told() {
        use Method::{Get, Post};
        for (method, path, host, expected) in [
            (Get, "/", Some("box:8080"), Ok("https://box:8080/")),
            (Get, "/search", Some("192.0.2.7:8080"), Ok("https://192.0.2.7:8080/search?q=a%20b")),
            (Get, "/setup", Some("box"), Ok("https://box:80/setup")),
            (Get, "/live/stream", Some("box"), Ok("https://box:80/live/stream")),
            (Post, "/sign-in", Some("box:8080"), Err(403)),
            (Post, "/setup", Some("box:8080"), Err(403)),
            (Get, "/api/v1/captures", Some("box:8080"), Err(403)),
            (Get, "/metrics", Some("box:8080"), Err(403)),
            (Get, "/", None, Err(421)),
            (Post, "/sign-in", None, Err(421)),
        ] {
            let mut head = Head::new(method, path);
            head.headers = Headers::from_pairs(host.map(|host| ("host", host)));
            head.query = if path == "/search" { "q=a%20b".into() } else { String::new() };
            let Found::Route(route, _) = find(&head.method, path) else { panic!("{path}") };
            assert!(!route.plain, "{path}");
            match (plain(&head, host, route), expected) {
                (Ok(Some(response)), Ok(to)) => {
                    assert_eq!(response.status, 308);
                    let place = response.headers.iter().find(|(name, _)| *name == "Location");
                    assert_eq!(place.map(|(_, value)| value.as_ref()), Some(to));
                }
                (Err(error), Err(status)) => assert_eq!(error.status(), status, "{path}"),
                other => panic!("{path}: {:?}", other.1),
            }
        }
    }

    #[test]
    fn what_is_needed_before_there_is_trust_may_be_plain() {
        let plain: Vec<&str> = crate::web::routes::ROUTES
            .iter()
            .filter(|route| route.plain)
            .map(|route| route.path)
            .collect();
        let expected = [
            "/trust",
            "/trust/openalpr-webhook-ca.crt",
            "/.well-known/security.txt",
            "/api/webhook",
            "/api/webhook/{secret}",
            "/healthz",
        ];
        assert_eq!(plain, expected, "each of these shows or takes nothing secret, or must work");
    }

    #[test]
    fn redirects_keep_the_port() {
        for (host, expected) in [
            ("box:8080", "box:8080"),
            ("box", "box:80"),
            ("[2001:db8::1]", "[2001:db8::1]:80"),
            ("[2001:db8::1]:8080", "[2001:db8::1]:8080"),
            ("192.0.2.7", "192.0.2.7:80"),
        ] {
            assert_eq!(with_port(host), expected);
        }
    }
}
