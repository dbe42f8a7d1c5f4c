//! `POST /api/webhook`: the way in for reads. Answers 200 only when the read is durable, and for
//! everything it understands well enough not to want again, so that a retrying agent is never
//! blocked behind one message.

use std::sync::atomic::{AtomicU64, Ordering};

use serde::Serialize;

use crate::auth::sign_in::log_failure;
use crate::auth::token;
use crate::base::secret::{self, Secret};
use crate::domain::captures::Outcome;
use crate::domain::settings::PostDecision;
use crate::gate::Response;
use crate::ingest::{self, Context, Offer, Refused};
use crate::model::agent::Payload;
use crate::model::ban::Offence;
use crate::model::settings::PostAuth;
use crate::web::ctx::{Ctx, Input};
use crate::web::doorman::offend;
use crate::web::error::WebError;
use crate::web::reply::json;

/// Refused webhook requests since start, by reason. Kept in memory: a stranger must not be able to
/// wear out the disk.
#[derive(Debug, Default)]
pub struct Refusals {
    /// Posting is switched off.
    pub disabled: AtomicU64,
    /// No key, or one that does not fit.
    pub key: AtomicU64,
    /// Not JSON.
    pub malformed: AtomicU64,
    /// Too large, too slow or not decodable.
    pub body: AtomicU64,
    /// The box was busy or full.
    pub busy: AtomicU64,
}

impl Refusals {
    /// Counts by name.
    pub fn counts(&self) -> [(&'static str, u64); 5] {
        [
            ("disabled", self.disabled.load(Ordering::Relaxed)),
            ("key", self.key.load(Ordering::Relaxed)),
            ("malformed", self.malformed.load(Ordering::Relaxed)),
            ("body", self.body.load(Ordering::Relaxed)),
            ("busy", self.busy.load(Ordering::Relaxed)),
        ]
    }
}

#[derive(Serialize)]
struct One {
    status: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<String>,
}

#[derive(Serialize)]
struct Many {
    status: &'static str,
    results: Vec<One>,
}

/// Receives one body.
pub fn receive(ctx: &Ctx<'_>, input: &mut Input<'_, '_>) -> Result<Response, WebError> {
    let refusals = &ctx.site.refusals;
    let level = ctx.site.settings.current().general.post_auth;
    if level == PostAuth::Disabled {
        count(&refusals.disabled);
        return Err(WebError::Forbidden("Posting is switched off on this box.".into()));
    }
    // A key in front of the body is judged before a byte of the body is read.
    let early = match offered_key(ctx) {
        Some(key) => Some(judge(ctx, level, Some(&key))?),
        None => None,
    };
    let body = input.bytes().inspect_err(|_| count(&refusals.body))?;
    let context = Context { received_at: ctx.now, peer: ctx.head.client };
    let mut desk = Desk { ctx, level, early, admitted: Vec::new(), last: None };
    let parsed = ingest::parse_body(&body, &context, |offer| desk.admit(&offer));
    drop(body);
    let parsed = parsed.map_err(|refused| match refused {
        Refused::Document(error) => error,
        Refused::Malformed(error) => {
            count(&refusals.malformed);
            WebError::Bad(error.to_string())
        }
    })?;
    let mut payloads = Vec::with_capacity(parsed.len());
    for (mut one, last_four) in parsed.into_iter().zip(desk.admitted) {
        if desk.early.is_some() || last_four.is_empty() {
            // What looked like a key in the user data was not used as one.
            one.keep_user_data();
        }
        payloads.push(with_last_four(one.payload, last_four));
    }
    let address = ctx.head.client.to_string();
    let outcomes =
        ctx.site.ingest.submit(payloads, &address).inspect_err(|_| count(&refusals.busy))?;
    Ok(answer(&outcomes))
}

fn count(counter: &AtomicU64) {
    counter.fetch_add(1, Ordering::Relaxed);
}

/// First found wins: secret in the path, `X-Api-Key`, bearer token.
fn offered_key(ctx: &Ctx<'_>) -> Option<Secret> {
    let in_path = ctx.param("secret").map(str::to_owned);
    let header = || ctx.head.headers.get("x-api-key").map(str::to_owned);
    let bearer = || ctx.bearer().map(str::to_owned);
    in_path.or_else(header).or_else(bearer).map(Secret::new)
}

/// Judges the documents of one body.
struct Desk<'a, 'c> {
    ctx: &'a Ctx<'c>,
    level: PostAuth,
    /// Last four characters of the key in front of the body, which stands for all of it.
    early: Option<String>,
    /// Last four characters of the key of each document that was let in.
    admitted: Vec<String>,
    /// The last key that was let in: all documents of a body mostly have the same.
    last: Option<(Secret, String)>,
}

impl Desk<'_, '_> {
    fn admit(&mut self, offer: &Offer<'_>) -> Result<(), WebError> {
        let last_four = match (&self.early, offer.key, &self.last) {
            (Some(last_four), ..) => last_four.clone(),
            // Rekor Scout's test button sends no key; its message stores nothing.
            (None, ..) if offer.is_test => String::new(),
            (None, Some(key), Some((last, last_four)))
                if secret::equal(key.expose().as_bytes(), last.expose().as_bytes()) =>
            {
                last_four.clone()
            }
            (None, key, _) => judge(self.ctx, self.level, key)?,
        };
        if let Some(key) = offer.key.filter(|_| self.early.is_none() && !offer.is_test) {
            self.last = Some((key.clone(), last_four.clone()));
        }
        self.admitted.push(last_four);
        Ok(())
    }
}

/// Last four characters of `key` when it may post at `level`, `""` when no key is needed.
fn judge(ctx: &Ctx<'_>, level: PostAuth, key: Option<&Secret>) -> Result<String, WebError> {
    let key = key.map(Secret::expose);
    if let PostDecision::Accepted(last_four) =
        token::may_post(&ctx.site.store, level, key, ctx.now)?
    {
        if !last_four.is_empty() {
            ctx.site.bans.agent_seen(ctx.head.client);
        }
        return Ok(last_four);
    }
    count(&ctx.site.refusals.key);
    log_failure(ctx.head.client, "", "webhook key");
    offend(ctx.site, ctx.head.client, Offence::Key);
    Err(WebError::Forbidden("The API key is missing or not valid for posting.".into()))
}

fn with_last_four(mut payload: Payload, last_four: String) -> Payload {
    let capture = match &mut payload {
        Payload::Capture(new) => Some(new),
        Payload::Alert { group, .. } => group.as_mut(),
        _ => None,
    };
    if let Some(new) = capture {
        new.detail.key_last_four = last_four;
    }
    payload
}

fn answer(outcomes: &[Outcome]) -> Response {
    let one = |outcome: &Outcome| One {
        status: outcome.name(),
        id: outcome.key().filter(|key| key.0 != 0).map(|key| key.to_string()),
    };
    match outcomes {
        [only] => json(200, &one(only)),
        many => json(200, &Many { status: "stored", results: many.iter().map(one).collect() }),
    }
}
