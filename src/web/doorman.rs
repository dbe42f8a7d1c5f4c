//! Who is let in at all, by the bans and settings of the box. The gate asks it for every
//! connection and every request; what is done wrong is told to the bans by the handlers.

use std::net::IpAddr;
use std::sync::Arc;

use crate::domain::bans::serves_an_admin;
use crate::gate::{Doorman, Head, Headers, Method, address};
use crate::model::audit::{Action, Event};
use crate::model::ban::{Ban, Offence};
use crate::web::format;
use crate::web::paths;
use crate::web::site::Site;

/// The doorman of one [`Site`].
pub struct Door(pub Arc<Site>);

impl Doorman for Door {
    fn client(&self, peer: IpAddr, headers: &Headers) -> IpAddr {
        let settings = self.0.settings.current();
        address::client(
            peer,
            headers,
            &settings.ipban.proxy_header,
            &settings.ipban.trusted_proxies,
        )
    }

    fn admit(&self, address: IpAddr, head: Option<&Head>) -> bool {
        let site = &*self.0;
        // Before there is a request, an agent may be about to post.
        let posting = head.is_none_or(|head| {
            let hook = head.path == paths::POST || head.path.starts_with("/api/webhook/");
            hook && head.method == Method::Post
        });
        site.bans.admits(address, posting, &site.settings.current().ipban, site.clock.now())
    }
}

/// Counts an offence of `address`; a ban that follows is logged, noted and reported.
pub fn offend(site: &Site, address: IpAddr, offence: Offence) {
    let (now, settings) = (site.clock.now(), site.settings.current());
    let spare = || {
        let serves = site.store.read(|tx| serves_an_admin(tx, address)).unwrap_or(true);
        if serves {
            log::warn!("not banned ip={address}: an administrator is signed in from there");
        }
        serves
    };
    let Some(ban) = site.bans.offend(address, offence, &settings.ipban, now, spare) else {
        return;
    };
    log::warn!("banned ip={} reason=\"{}\" for={}", ban.network, ban.reason, length(&ban));
    let event = Event::of_box(Action::Ban, now).object(ban.network.to_string());
    site.store.audit_later(event.note(format!("{}, {}", ban.reason, length(&ban))));
    site.abuse.report(address, offence);
}

/// `1 d`, or `for good`.
pub fn length(ban: &Ban) -> String {
    ban.until
        .map_or_else(|| "for good".to_owned(), |until| format::duration(until.since(ban.begun)))
}
