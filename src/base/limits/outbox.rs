//! Bounds of jobs, of messages to people and of calls to services.

use std::time::Duration;

/// Jobs at once, a few hundred bytes each: what a week without a network leaves behind on a busy
/// site. Beyond it further ones are counted and left out.
pub const JOBS_MAX: u64 = 20_000;
/// Jobs kept that failed for good; the oldest go first.
pub const JOBS_DEAD_MAX: u64 = 1000;

/// Longest time for a call to a service.
pub const CALL_TIMEOUT: Duration = Duration::from_secs(20);
/// The same for a service that passes on to others before it answers.
pub const CALL_TIMEOUT_LONG: Duration = Duration::from_secs(60);
/// Longest time for its name and its connection.
pub const CALL_CONNECT: Duration = Duration::from_secs(8);
/// Largest answer of a service, bytes; real ones have a few hundred.
pub const CALL_ANSWER_BYTES_MAX: u64 = 64 * 1024;
/// Longest pause a service may ask for, milliseconds.
pub const RETRY_AFTER_MAX_MS: i64 = 3600 * 1000;
/// Longest time until a mail server has taken the connection.
pub const MAIL_CONNECT: Duration = Duration::from_secs(10);
/// Longest conversation with one; the largest letter takes seconds.
pub const MAIL_WHOLE: Duration = Duration::from_secs(45);
/// Lines of one of its replies.
pub const MAIL_REPLY_LINES_MAX: usize = 64;
/// Bytes of one of its replies that may wait without a line's end.
pub const MAIL_REPLY_BYTES_MAX: usize = 8 * 1024;
/// Longest exchange with an MQTT broker.
pub const MQTT_EXCHANGE: Duration = Duration::from_secs(10);
/// How often a kept connection to a broker is used; below the time after which it takes us for
/// gone.
pub const MQTT_TEND: Duration = Duration::from_secs(30);
/// When a lost connection to a broker is made again.
pub const MQTT_TEND_LATER: Duration = Duration::from_secs(15);
/// Longest text of a channel's setting, bytes.
pub const CHANNEL_TEXT_BYTES_MAX: usize = 1024;
/// Longest address of a service, bytes; those of Teams have 400.
pub const CHANNEL_URL_BYTES_MAX: usize = 2048;
/// Largest own authorities of a channel, bytes: a few certificates.
pub const CHANNEL_PEM_BYTES_MAX: usize = 16 * 1024;
/// Largest template of a webhook, bytes.
pub const TEMPLATE_BYTES_MAX: usize = 16 * 1024;
/// Receivers of one channel.
pub const RECIPIENTS_MAX: usize = 50;

/// Alerts named one by one in a message that stands for many.
pub const DIGEST_LINES_MAX: usize = 40;
/// Notices handed out in one transaction.
pub const NOTICES_BATCH: usize = 64;
/// Deliveries of one channel looked at for one receiver's digest.
pub const DELIVERIES_SEEN: usize = 500;
/// From so many deliveries that wait for one receiver, they become one.
pub const FOLD_FROM: usize = 10;
/// Messages one receiver gets in a row before the rest waits to become one.
pub const STORM_BURST: u32 = 60;
/// In what time a receiver may get one more, milliseconds.
pub const STORM_REFILL_MS: i64 = 1000;
/// How long the rest of a storm is gathered, milliseconds.
pub const STORM_GATHER_MS: i64 = 60 * 1000;
/// Receivers whose storms are remembered.
pub const STORM_RECEIVERS_MAX: usize = 1000;
/// Tries of one delivery.
pub const DELIVERY_TRIES_MAX: u32 = 30;
/// Age at which a delivery is given up, milliseconds: a night without internet passes.
pub const DELIVERY_AGE_MAX_MS: i64 = 24 * 3600 * 1000;
/// Pause after the first failed try, milliseconds; each further one doubles it.
pub const RETRY_FIRST_MS: i64 = 5_000;
/// Longest pause between two tries, milliseconds.
pub const RETRY_LAST_MS: i64 = 30 * 60 * 1000;
/// Failures in a row after which a channel rests.
pub const BREAKER_AFTER: u32 = 4;
/// How long it rests first, milliseconds; each further time doubles it.
pub const BREAKER_FIRST_MS: i64 = 30_000;
/// Longest rest, milliseconds.
pub const BREAKER_LAST_MS: i64 = 15 * 60 * 1000;
/// Longest sleep of a thread that sends.
pub const OUTBOX_ROUND: Duration = Duration::from_secs(20);
/// Pause after the store refused.
pub const OUTBOX_STORE_PAUSE: Duration = Duration::from_secs(2);

const _: () = assert!(FOLD_FROM <= DELIVERIES_SEEN);
const _: () = assert!(JOBS_DEAD_MAX < JOBS_MAX);
