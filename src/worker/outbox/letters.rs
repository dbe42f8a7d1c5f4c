//! Letters with a link that only one person may know. The link is made when the letter is sent, so
//! it is nowhere kept but as a hash; a letter that has to be sent again has a new one.

use super::Desk;
use crate::auth::reset;
use crate::base::clock::Timestamp;
use crate::domain::messages;
use crate::model::notice::Notice;
use crate::model::user::UserId;
use crate::notify::Message;
use crate::store::StoreError;

/// The letter for `notice`, known as `id`; `None` when nobody is to get it any more.
pub(super) fn write(
    desk: &Desk,
    notice: &Notice,
    id: &str,
    now: Timestamp,
) -> Result<Option<Message>, StoreError> {
    let settings = desk.settings.current();
    let base = &settings.general.public_url;
    let (user, welcome) = match notice {
        Notice::Welcome { user } => (UserId(*user), true),
        Notice::ResetLink { user, .. } => (UserId(*user), false),
        _ => return Ok(None),
    };
    let Some(user) = desk.store.read(|tx| tx.user(user))?.filter(|user| !user.suspended) else {
        return Ok(None);
    };
    if base.is_empty() {
        return Ok(None);
    }
    let name = user.username.as_str();
    if welcome {
        let text = format!(
            "There is an account for you. Your user name is {name}. The person who made it tells you how to set your password."
        );
        let link = Some(format!("{base}/sign-in"));
        return Ok(Some(messages::letter(&settings, id, "Your account", &text, link, now)));
    }
    let (token, link) = reset::new_link(user.id, now);
    desk.store.write(|tx| tx.put_reset_link(&link))?;
    let text = format!(
        "Set a new password for the account {name} with this link. It works once, for 24 hours. If you did not ask for it, nothing has changed."
    );
    let link = Some(format!("{base}/reset/{}", token.expose()));
    Ok(Some(messages::letter(&settings, id, "Set your password", &text, link, now)))
}
