//! Error pages.

use crate::gate::{Head, Response};
use crate::web::error::WebError;
use crate::web::pages::shell;
use crate::web::site::Site;
use crate::web::views::error::ErrorPage;

/// The page for `error`. Falls back to plain text when even the template fails.
pub fn page(site: &Site, head: &Head, error: &WebError, id: &str) -> Response {
    let status = error.status();
    let mut view = ErrorPage::new(status, id);
    if matches!(error, WebError::Bad(_) | WebError::Forbidden(_) | WebError::TooMany(_)) {
        view.text = error.message();
    }
    let mut frame = shell::anonymous(site, head);
    view.title.clone_into(&mut frame.title);
    match site.renderer.page("error", &view, &frame) {
        Ok(html) => Response::new(status).html(html),
        Err(broken) => {
            log::error!("error page failed: {broken}");
            Response::new(status).text(format!("{}\n", error.message()))
        }
    }
}
