//! What people are to be told, as jobs. Whoever has news calls [`enqueue`] in the transaction that
//! makes it true: the news and the duty to tell are one commit, and the same news is queued once.

use crate::base::clock::Timestamp;
use crate::base::hash::{hex, sha256};
use crate::model::job::{NewJob, Queued};
use crate::model::notice::Notice;
use crate::store::{StoreError, WriteTx};

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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::users::tests::store;
    use crate::store::ReadTx;

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
