//! AbuseIPDB (API v2): reports public addresses that were banned, and fetches the list of known
//! offenders. One thread, so nobody waits for the service; nothing private is told: the address, a
//! category, the name of the rule.

use std::collections::HashMap;
use std::io::Read as _;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;

use crossbeam_channel::{Receiver, RecvTimeoutError, Sender, bounded};

use crate::base::clock::{Clock, Timestamp};
use crate::base::limits::{
    ABUSE_ANSWER_WAIT, ABUSE_LIST_BYTES_MAX, ABUSE_LIST_EVERY_MS, ABUSE_LIST_RETRY_MS,
    ABUSE_PAUSE_MAX_MS, ABUSE_QUEUE_MAX, ABUSE_REPORT_EVERY_MS, ABUSE_REPORTS_PER_DAY, ABUSE_ROUND,
    ABUSE_TIMEOUT, BAN_LISTED_MAX,
};
use crate::base::network::is_public;
use crate::base::random;
use crate::base::secret::Secret;
use crate::domain::bans::Bans;
use crate::domain::guard_settings::ABUSEIPDB_KEY;
use crate::domain::settings::SettingsCache;
use crate::model::ban::Offence;
use crate::store::{Store, StoreError};

/// Where the list is kept.
const LIST: &str = "abuseipdb.blacklist";
/// When it was last asked for, whatever came of it: restarts must not use up the day's few.
const ASKED: &str = "abuseipdb.asked";
const DAY_MS: i64 = 86_400_000;

enum Job {
    Report(IpAddr, Offence),
    Refresh,
    Test(Sender<Result<String, String>>),
    Stop,
}

/// The way to the thread, and what became of its work. Shared.
pub struct Abuse {
    queue: Sender<Job>,
    status: Arc<Mutex<AbuseStatus>>,
}

/// What became of reports and lists since start.
#[derive(Clone, Debug, Default)]
pub struct AbuseStatus {
    /// Addresses reported today.
    pub reported: u32,
    /// Day of that, since 1970.
    day: i64,
    /// Outcome of the last report, a sentence, `""` for none.
    pub report: String,
    /// When the list was fetched that is used.
    pub list_at: Option<Timestamp>,
    /// Outcome of the last fetch, a sentence, `""` for none.
    pub list: String,
    /// Nothing is sent before this.
    pub paused_until: Option<Timestamp>,
}

impl Abuse {
    /// Starts the thread; [`Self::stop`] ends it.
    pub fn start(
        store: &Arc<Store>,
        bans: &Arc<Bans>,
        settings: &Arc<SettingsCache>,
        clock: &Clock,
    ) -> std::io::Result<(Arc<Self>, JoinHandle<()>)> {
        let (queue, jobs) = bounded(ABUSE_QUEUE_MAX);
        let status = Arc::new(Mutex::new(AbuseStatus::default()));
        let config = ureq::Agent::config_builder()
            .timeout_global(Some(ABUSE_TIMEOUT))
            .max_redirects(0)
            .proxy(None)
            .http_status_as_error(false)
            .build();
        let mut clerk = Clerk {
            store: Arc::clone(store),
            bans: Arc::clone(bans),
            settings: Arc::clone(settings),
            clock: clock.clone(),
            status: Arc::clone(&status),
            http: config.into(),
            told: HashMap::new(),
            list_due: Timestamp::default(),
        };
        let thread = super::spawn("abuseipdb", move || clerk.run(&jobs))?;
        Ok((Arc::new(Self { queue, status }), thread))
    }

    /// Tells of a banned `address`, when that is wanted. Never waits: what finds no room is left
    /// out.
    pub fn report(&self, address: IpAddr, offence: Offence) {
        if self.queue.try_send(Job::Report(address, offence)).is_err() {
            log::debug!("a report of {address} found no room");
        }
    }

    /// Settings have changed: looks whether the list has to be fetched or dropped.
    pub fn refresh(&self) {
        // A full queue comes round to it by itself.
        let _ = self.queue.try_send(Job::Refresh);
    }

    /// Tries the key by asking about an address that is reserved for that.
    ///
    /// # Errors
    /// What the service, or the way to it, said.
    pub fn test(&self) -> Result<String, String> {
        let (answer, wait) = bounded(1);
        let busy = || "AbuseIPDB does not answer at the moment.".to_owned();
        self.queue.try_send(Job::Test(answer)).map_err(|_| busy())?;
        wait.recv_timeout(ABUSE_ANSWER_WAIT).map_err(|_| busy())?
    }

    /// What became of reports and lists.
    pub fn status(&self) -> AbuseStatus {
        self.status.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Ends the thread after the job at hand.
    pub fn stop(&self) {
        let _ = self.queue.try_send(Job::Stop);
    }
}

/// Does the work.
struct Clerk {
    store: Arc<Store>,
    bans: Arc<Bans>,
    settings: Arc<SettingsCache>,
    clock: Clock,
    status: Arc<Mutex<AbuseStatus>>,
    http: ureq::Agent,
    /// When which address was reported.
    told: HashMap<IpAddr, Timestamp>,
    /// Not before this is the list fetched again.
    list_due: Timestamp,
}

/// An answer of the service.
struct Answer {
    status: u16,
    retry_after: Option<i64>,
    body: String,
}

impl Clerk {
    fn run(&mut self, jobs: &Receiver<Job>) {
        let begun = self.use_kept_list();
        self.list_due = begun.map_or(Timestamp::default(), |at| at.plus_ms(ABUSE_LIST_EVERY_MS));
        loop {
            let job = match jobs.recv_timeout(ABUSE_ROUND) {
                Ok(Job::Stop) | Err(RecvTimeoutError::Disconnected) => return,
                Ok(job) => job,
                Err(RecvTimeoutError::Timeout) => Job::Refresh,
            };
            let done = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| self.work(job)));
            if done.is_err() {
                log::error!("the work for AbuseIPDB failed unexpectedly");
            }
        }
    }

    fn work(&mut self, job: Job) {
        match job {
            Job::Report(address, offence) => self.report(address, offence),
            Job::Refresh => self.refresh(),
            Job::Test(answer) => {
                let _ = answer.send(self.test());
            }
            Job::Stop => {}
        }
    }

    /// The list of before the restart; returns when one was last asked for.
    fn use_kept_list(&self) -> Option<Timestamp> {
        let kept = self.store.read(|tx| Ok((tx.cached(LIST)?, tx.cached(ASKED)?)));
        let (list, asked) = kept.unwrap_or_else(|error: StoreError| {
            log::warn!("the kept list of AbuseIPDB cannot be read: {error}");
            (None, None)
        });
        if let Some((at, bytes)) = list.filter(|_| self.settings.current().abuseipdb.load) {
            self.bans.set_listed(parse_list(&String::from_utf8_lossy(&bytes)));
            self.lock().list_at = Some(at);
        }
        asked.map(|(at, _)| at)
    }

    fn report(&mut self, address: IpAddr, offence: Offence) {
        let (settings, now) = (self.settings.current(), self.clock.now());
        if !settings.abuseipdb.report || !is_public(address) || self.is_paused(now) {
            return;
        }
        self.told.retain(|_, at| now.since(*at) < ABUSE_REPORT_EVERY_MS);
        let Some(key) = self.key().filter(|_| !self.told.contains_key(&address)) else { return };
        if !self.lock().takes(now) {
            return;
        }
        self.told.insert(address, now);
        let url = format!("{}/report", settings.abuseipdb.base_url);
        let comment = format!("openalpr-webhook: {}", offence.name());
        let form = [
            ("ip", address.to_string()),
            ("categories", categories(offence).to_owned()),
            ("comment", comment),
        ];
        let sent = self
            .http
            .post(&url)
            .header("Key", key.expose())
            .header("Accept", "application/json")
            .send_form(form);
        let told = match answered(sent, 64 * 1024) {
            Err(error) => format!("{address} was not reported: {error}"),
            Ok(answer) if answer.status == 200 || answer.is_repeat() => {
                self.lock().reported += 1;
                format!("{address} was reported")
            }
            Ok(answer) => {
                self.heed(&answer, now);
                format!("{address} was not reported: {}", answer.reason())
            }
        };
        log::info!("abuseipdb: {told}");
        self.lock().report = told;
    }

    fn refresh(&mut self) {
        let (settings, now) = (self.settings.current(), self.clock.now());
        if !settings.abuseipdb.load {
            self.bans.set_listed([]);
            self.lock().list_at = None;
            return;
        }
        if self.lock().list_at.is_none() {
            self.use_kept_list();
        }
        // A due time far ahead was made by a clock that was wrong.
        let due = now >= self.list_due || self.list_due.since(now) > 2 * ABUSE_LIST_EVERY_MS;
        let Some(key) = self.key().filter(|_| due && !self.is_paused(now)) else { return };
        let jitter = i64::from(random::bytes::<1>()[0]) * 10_000;
        self.list_due = now.plus_ms(ABUSE_LIST_RETRY_MS + jitter);
        if let Err(error) = self.store.write(|tx| tx.put_cached(ASKED, now, &[])) {
            // Without that a restart would ask again and again.
            log::warn!("abuseipdb: the list was not fetched: {error}");
            return;
        }
        let url = format!(
            "{}/blacklist?confidenceMinimum=100&limit={BAN_LISTED_MAX}",
            settings.abuseipdb.base_url
        );
        let sent =
            self.http.get(&url).header("Key", key.expose()).header("Accept", "text/plain").call();
        let told = match answered(sent, ABUSE_LIST_BYTES_MAX) {
            Err(error) => format!("The list was not fetched: {error}"),
            Ok(answer) if answer.status == 200 => self.take_list(&answer.body, now, jitter),
            Ok(answer) => {
                self.heed(&answer, now);
                format!("The list was not fetched: {}", answer.reason())
            }
        };
        log::info!("abuseipdb: {told}");
        self.lock().list = told;
    }

    /// Uses and keeps a fetched list, unless it is no list.
    fn take_list(&mut self, body: &str, now: Timestamp, jitter: i64) -> String {
        let list = parse_list(body);
        if list.is_empty() {
            return "The answer was no list of addresses; the last one stays.".to_owned();
        }
        let count = list.len();
        let text: Vec<String> = list.iter().map(ToString::to_string).collect();
        let kept = self.store.write(|tx| tx.put_cached(LIST, now, text.join("\n").as_bytes()));
        if let Err(error) = kept {
            log::warn!("abuseipdb: the list is used but not kept: {error}");
        }
        self.bans.set_listed(list);
        self.list_due = now.plus_ms(ABUSE_LIST_EVERY_MS + jitter);
        self.lock().list_at = Some(now);
        format!("{count} addresses were fetched.")
    }

    fn test(&mut self) -> Result<String, String> {
        let now = self.clock.now();
        let key = self.key().ok_or("There is no key yet.")?;
        let url = format!(
            "{}/check?ipAddress=127.0.0.1&maxAgeInDays=1",
            self.settings.current().abuseipdb.base_url
        );
        let sent = self
            .http
            .get(&url)
            .header("Key", key.expose())
            .header("Accept", "application/json")
            .call();
        let answer = answered(sent, 64 * 1024)?;
        self.lock().paused_until = None;
        if answer.status == 200 {
            return Ok("AbuseIPDB accepts the key.".to_owned());
        }
        self.heed(&answer, now);
        Err(format!("AbuseIPDB says: {}", answer.reason()))
    }

    fn key(&self) -> Option<Secret> {
        let kept = self.store.read(|tx| tx.secret(ABUSEIPDB_KEY)).ok()?;
        kept.known().filter(|key| !key.expose().is_empty()).cloned()
    }

    fn is_paused(&self, now: Timestamp) -> bool {
        let until = self.lock().paused_until;
        until.is_some_and(|until| now < until && until.since(now) <= ABUSE_PAUSE_MAX_MS)
    }

    /// Keeps quiet as long as the service wants, or for an hour when it refuses the key.
    fn heed(&self, answer: &Answer, now: Timestamp) {
        let pause = match answer.status {
            429 => answer.retry_after.unwrap_or(DAY_MS / 24),
            401 | 403 => DAY_MS / 24,
            _ => return,
        };
        self.lock().paused_until = Some(now.plus_ms(pause.clamp(0, ABUSE_PAUSE_MAX_MS)));
    }

    fn lock(&self) -> MutexGuard<'_, AbuseStatus> {
        self.status.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl AbuseStatus {
    /// Whether the day's reports are not used up.
    fn takes(&mut self, now: Timestamp) -> bool {
        let day = now.ms().div_euclid(DAY_MS);
        if self.day != day {
            (self.day, self.reported) = (day, 0);
        }
        self.reported < ABUSE_REPORTS_PER_DAY
    }
}

impl Answer {
    /// Somebody reported the address a moment ago with this key: as good as done.
    fn is_repeat(&self) -> bool {
        self.status == 429 && self.body.contains("15 minutes")
    }

    fn reason(&self) -> String {
        let detail = serde_json::from_str::<serde_json::Value>(&self.body).ok();
        let detail = detail.and_then(|it| it["errors"][0]["detail"].as_str().map(str::to_owned));
        let detail = detail.map(|it| crate::model::text::clean(&it)).unwrap_or_default();
        match self.status {
            401 | 403 => format!("the key was refused ({})", self.status),
            429 => format!("too many requests ({detail})"),
            status if detail.is_empty() => format!("answer {status}"),
            status => format!("answer {status} ({detail})"),
        }
    }
}

/// The answer with at most `most` bytes of its body.
fn answered(
    sent: Result<ureq::http::Response<ureq::Body>, ureq::Error>,
    most: u64,
) -> Result<Answer, String> {
    let mut response = sent.map_err(|error| error.to_string())?;
    let retry_after = response
        .headers()
        .get("retry-after")
        .and_then(|value| value.to_str().ok()?.trim().parse::<i64>().ok())
        .map(|seconds| seconds.saturating_mul(1000));
    let mut body = Vec::new();
    let mut reader = response.body_mut().as_reader().take(most + 1);
    reader.read_to_end(&mut body).map_err(|error| error.to_string())?;
    if body.len() as u64 > most {
        return Err("the answer is too large".to_owned());
    }
    let body = String::from_utf8_lossy(&body).into_owned();
    Ok(Answer { status: response.status().as_u16(), retry_after, body })
}

/// One address a line; anything else, and addresses nobody on the internet has, are left out.
fn parse_list(text: &str) -> Vec<IpAddr> {
    let addresses = text.lines().filter_map(|line| line.trim().parse().ok());
    addresses.filter(|address| is_public(*address)).take(BAN_LISTED_MAX).collect()
}

/// Numbers of the service's categories.
const fn categories(offence: Offence) -> &'static str {
    match offence {
        // Brute force.
        Offence::SignIn | Offence::Impatience | Offence::Key => "18",
        // Bad web bot.
        Offence::NotFound => "19",
        // Web application attack.
        Offence::Nuisance => "21",
    }
}
