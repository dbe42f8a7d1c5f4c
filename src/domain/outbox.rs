//! What people are to be told, as jobs. Whoever has news calls [`enqueue`] in the transaction that
//! makes it true: the news and the duty to tell are one commit, and the same news is queued once.

use crate::base::clock::Timestamp;
use crate::base::hash::{hex, sha256};
use crate::model::job::{Job, NewJob, Queued};
use crate::model::notice::{Delivery, Notice};
use crate::model::user::{Role, User, UserId};
use crate::model::watch::MatchId;
use crate::notify::field::phone;
use crate::notify::{Channel, Reach};
use crate::store::{ReadTx, StoreError, WriteTx};

use super::settings::Settings;
use super::{channels, users, watches};

/// Queue of notices for which receivers have to be found.
pub const NOTICES: &str = "notice";
/// Tally of notices that found no room.
const LEFT_OUT: &str = "jobs/left_out";

/// Queues `notice`, which came up at `now`. May be called in any write transaction, also while reads
/// are recorded: a replay finds it queued or sent. Without room it is counted, so that a flood of
/// news never stops the reads.
pub fn enqueue(tx: &WriteTx, notice: &Notice, now: Timestamp) -> Result<(), StoreError> {
    let payload = serde_json::to_vec(notice)
        .map_err(|_| StoreError::Refused("the notice cannot be written down"))?;
    let key = key(notice);
    let job = NewJob { queue: NOTICES, key: &key, payload: &payload, made: now, due: now };
    if tx.add_job(&job)? == Queued::Full {
        tx.bump(LEFT_OUT, 1);
    }
    Ok(())
}

/// What `notice` is about: equal for the same news.
pub fn key(notice: &Notice) -> String {
    let digest = |parts: &[&str]| {
        let whole: Vec<u8> =
            parts.iter().flat_map(|part| [part.as_bytes(), b"\0"].concat()).collect();
        hex(&sha256(&whole)).chars().take(32).collect::<String>()
    };
    match notice {
        Notice::Match { id } => format!("match/{id}"),
        Notice::RekorAlert { id } => format!("rekor/{id}"),
        Notice::Operational { topic, at, .. } => format!("operational/{}/{at}", digest(&[topic])),
        Notice::Mail { to, subject, text } => format!("mail/{}", digest(&[to, subject, text])),
        Notice::Welcome { user } => format!("welcome/{user}"),
        Notice::ResetLink { user, at } => format!("reset/{user}/{at}"),
    }
}

/// Queue of what `channel` sends.
pub fn queue(channel: &str) -> String {
    format!("send.{channel}")
}

/// Who is to be told of `notice`, and by which channel. Nobody, when nothing is set up for it.
pub fn receivers(
    tx: &ReadTx,
    notice: &Notice,
) -> Result<Vec<(&'static dyn Channel, Delivery)>, StoreError> {
    let delivery =
        |to: String, user: UserId| Delivery { notices: vec![notice.clone()], to, user: user.0 };
    let mut found = Vec::new();
    for (channel, config) in channels::enabled(tx)? {
        let to_all = || channel.targets(&config).into_iter().map(|to| (to, UserId(0)));
        let told: Vec<(String, UserId)> = match notice {
            Notice::Match { id } if config.is_on("watches") => match channel.reach() {
                Reach::Shared => to_all().collect(),
                reach => of_people(tx, &readers(tx, *id)?, reach)?,
            },
            Notice::RekorAlert { .. } if config.is_on("rekor_alerts") => to_all().collect(),
            Notice::Operational { .. } if config.is_on("notices") => {
                let named: Vec<_> = to_all().collect();
                // Where nobody is named, those who care for the box are told.
                if named.is_empty() {
                    of_people(tx, &administrators(tx)?, channel.reach())?
                } else {
                    named
                }
            }
            Notice::Mail { to, .. } if channel.reach() == Reach::Emails => {
                vec![(to.clone(), UserId(0))]
            }
            Notice::Welcome { user } | Notice::ResetLink { user, .. }
                if channel.reach() == Reach::Emails =>
            {
                let user = tx.user(UserId(*user))?;
                user.map(|user| (user.email.as_str().to_owned(), user.id)).into_iter().collect()
            }
            _ => Vec::new(),
        };
        found.extend(told.into_iter().map(|(to, user)| (channel, delivery(to, user))));
    }
    Ok(found)
}

fn administrators(tx: &ReadTx) -> Result<Vec<User>, StoreError> {
    Ok(tx.users()?.into_iter().filter(|user| user.role >= Role::Admin).collect())
}

/// Whether letters can be sent to users: one channel does it, and the box has a public address for
/// the links in them.
pub fn sends_letters(tx: &ReadTx) -> Result<bool, StoreError> {
    let letters = channels::enabled(tx)?.iter().any(|(it, _)| it.reach() == Reach::Emails);
    Ok(letters && !Settings::load(tx)?.general.public_url.is_empty())
}

/// Queues a letter to `user` with a link to set a password with; the link is made when it is sent.
///
/// # Errors
/// [`StoreError::Refused`] when `actor` may not change that account.
pub fn mail_reset_link(
    tx: &WriteTx,
    actor: &User,
    user: UserId,
    now: Timestamp,
) -> Result<User, StoreError> {
    let account = users::managed(tx, actor, user)?;
    enqueue(tx, &Notice::ResetLink { user: user.0, at: now.ms() }, now)?;
    Ok(account)
}

/// Who is told of the match `id`: whose watch it is, and the contacts.
fn readers(tx: &ReadTx, id: u64) -> Result<Vec<User>, StoreError> {
    let report = watches::report(tx, MatchId(id))?;
    Ok(report
        .map(|report| report.owner.into_iter().chain(report.contacts).collect())
        .unwrap_or_default())
}

/// Addresses of those `people` who want to be told this way.
fn of_people(
    tx: &ReadTx,
    people: &[User],
    reach: Reach,
) -> Result<Vec<(String, UserId)>, StoreError> {
    let mut found = Vec::new();
    for user in people.iter().filter(|user| !user.suspended) {
        let ways = tx.ways(user.id)?;
        let to = match reach {
            Reach::Emails if ways.email => Some(user.email.as_str().to_owned()),
            Reach::Phones if ways.sms => phone(&user.details.phone),
            _ => None,
        };
        found.extend(to.map(|to| (to, user.id)));
    }
    Ok(found)
}

/// Puts deliveries in the place of the notice `job`.
pub fn hand_out(
    tx: &WriteTx,
    job: &Job,
    receivers: &[(&'static dyn Channel, Delivery)],
    now: Timestamp,
) -> Result<(), StoreError> {
    for (channel, delivery) in receivers {
        let payload = serde_json::to_vec(delivery)
            .map_err(|_| StoreError::Refused("the delivery cannot be written down"))?;
        let key = format!("{}>{}>{}", job.key, channel.id(), delivery.to);
        let queue = queue(channel.id());
        let new = NewJob { queue: &queue, key: &key, payload: &payload, made: job.made, due: now };
        if tx.add_job(&new)? == Queued::Full {
            tx.bump(LEFT_OUT, 1);
        }
    }
    tx.remove_job(job.id).map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::users::tests::store;

    #[test]
    fn the_same_news_is_queued_once() {
        let (_directory, store) = store();
        let operational = |at| Notice::Operational {
            topic: "disk".into(),
            at,
            subject: "Disk".into(),
            text: "Full.".into(),
        };
        let mail = |to: &str, subject: &str| Notice::Mail {
            to: to.into(),
            subject: subject.into(),
            text: String::new(),
        };
        let notices = [
            Notice::Match { id: 1 },
            Notice::Match { id: 2 },
            Notice::RekorAlert { id: 1 },
            operational(1),
            operational(2),
            mail("a@b", "c"),
            mail("a@bc", ""),
            Notice::Welcome { user: 1 },
            Notice::ResetLink { user: 1, at: 5 },
        ];
        for _ in 0..2 {
            store
                .write(|tx| notices.iter().try_for_each(|it| enqueue(tx, it, Timestamp(7))))
                .unwrap();
        }
        assert_eq!(store.read(ReadTx::jobs_waiting).unwrap(), notices.len() as u64);
        let jobs = store.read(|tx| tx.due_jobs(NOTICES, Timestamp(7), 20)).unwrap();
        let back: Vec<Notice> =
            jobs.iter().map(|job| serde_json::from_slice(&job.payload).unwrap()).collect();
        assert_eq!(back, notices);
    }
}
