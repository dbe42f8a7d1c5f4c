//! What the tests of the whole box share: the real server in this process on a loopback port, a
//! client, made-up payloads. A test is three lines: start, do, compare.

#![allow(dead_code, reason = "each test uses its part")]

pub(crate) mod binary;
pub(crate) mod client;
pub(crate) mod golden;
pub(crate) mod html;
pub(crate) mod payload;

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use openalpr_webhook::app::{App, Options};
use openalpr_webhook::auth::token;
use openalpr_webhook::base::clock::{Clock, Timestamp};
use openalpr_webhook::model::api_key::{KeyName, Scope, Scopes};
use openalpr_webhook::model::user::{Role, Username};
use openalpr_webhook::web::routes::ROUTES;
use serde_json::Value;
use tempfile::TempDir;

use self::binary::{PASSWORD, user_add};
use self::client::{Client, Response};

/// Where payloads are posted.
pub(crate) const WEBHOOK: &str = "/api/webhook";
/// The page to sign in on.
pub(crate) const SIGN_IN: &str = "/sign-in";

/// A running box with a store of its own.
pub(crate) struct Harness {
    app: Option<App>,
    pub(crate) clock: Clock,
    pub(crate) address: SocketAddr,
    /// Key of the owner; `""` on a fresh box.
    pub(crate) key: String,
    /// Keys of the other accounts asked for, in order.
    pub(crate) keys: Vec<String>,
    directory: TempDir,
}

impl Harness {
    /// A box that nobody has set up.
    pub(crate) fn fresh() -> Self {
        Self::open(tempfile::tempdir().expect("a directory"), String::new(), Vec::new())
    }

    /// A box with its owner, who has a key.
    pub(crate) fn start() -> Self {
        Self::with_accounts(&[])
    }

    /// A box with its owner and ordinary accounts.
    pub(crate) fn with_accounts(names: &[&str]) -> Self {
        let directory = tempfile::tempdir().expect("a directory");
        let key = user_add(directory.path(), "owner", true);
        let keys = names.iter().map(|name| user_add(directory.path(), name, false)).collect();
        Self::open(directory, key, keys)
    }

    /// A box on a store that is there already.
    pub(crate) fn open(directory: TempDir, key: String, keys: Vec<String>) -> Self {
        // An hour after the reads that the payloads tell of.
        let clock = Clock::manual(Timestamp(payload::NOON + 3_600_000));
        let app = start(directory.path(), &clock);
        let address = app.address();
        Self { app: Some(app), clock, address, key, keys, directory }
    }

    /// Stops the box and starts it again on the same store, at another port.
    pub(crate) fn restart(&mut self) {
        self.stop();
        let app = start(self.directory.path(), &self.clock);
        self.address = app.address();
        self.app = Some(app);
    }

    /// Stops the box; its directory stays.
    pub(crate) fn stop(&mut self) {
        if let Some(app) = self.app.take() {
            app.stop();
        }
    }

    /// Its data directory.
    pub(crate) fn directory(&self) -> &Path {
        self.directory.path()
    }

    pub(crate) fn app(&self) -> &App {
        self.app.as_ref().expect("runs until dropped")
    }

    /// A visitor without cookies or keys.
    pub(crate) fn anonymous(&self) -> Client {
        Client::new(self.address)
    }

    /// A sender or program with `key`.
    pub(crate) fn api(&self, key: &str) -> Client {
        Client::with_key(self.address, key)
    }

    /// A program with the owner's key.
    pub(crate) fn owner_api(&self) -> Client {
        self.api(&self.key)
    }

    /// A browser signed in as `username`.
    #[track_caller]
    pub(crate) fn signed_in(&self, username: &str) -> Client {
        let mut client = self.anonymous();
        self.sign_in(&mut client, username, PASSWORD).expect(303);
        client
    }

    /// Sends the sign-in form.
    #[track_caller]
    #[expect(clippy::unused_self, reason = "reads as the other ways in do")]
    pub(crate) fn sign_in(&self, client: &mut Client, username: &str, password: &str) -> Response {
        client.submit(SIGN_IN, SIGN_IN, &[("username", username), ("password", password)])
    }

    /// The owner's browser.
    #[track_caller]
    pub(crate) fn owner(&self) -> Client {
        self.signed_in("owner")
    }

    /// Posts `payload` with the owner's key.
    #[track_caller]
    pub(crate) fn post_read(&self, payload: &Value) -> Response {
        self.owner_api().post_json(WEBHOOK, payload.to_string().as_bytes())
    }

    /// Posts `payload`, which must be stored; returns its id.
    #[track_caller]
    pub(crate) fn stored(&self, payload: &Value) -> String {
        let answer = self.post_read(payload).expect(200).json();
        assert_eq!(answer["status"], "stored", "{answer}");
        answer["id"].as_str().expect("an id").to_owned()
    }

    /// Everything stored, newest first, as the API tells it.
    #[track_caller]
    pub(crate) fn captures(&self) -> Vec<Value> {
        let answer = self.owner_api().get("/api/v1/captures?limit=200").expect(200).json();
        answer["data"].as_array().expect("a list").clone()
    }

    /// Says who may post, over the settings page.
    #[track_caller]
    pub(crate) fn set_post_auth(&self, level: &str) {
        let page = "/settings/webhook";
        self.owner().submit(page, page, &[("post_auth", level)]).expect(303);
    }

    /// Gives an account another role.
    #[track_caller]
    pub(crate) fn set_role(&self, username: &str, role: Role) {
        self.change_user(username, |user| user.role = role);
    }

    /// Another key of an account, for `scopes` only.
    #[track_caller]
    pub(crate) fn make_key(&self, username: &str, scopes: &[Scope]) -> String {
        let name = Username::parse(username).expect("a user name");
        let scopes = Scopes::of(scopes.iter().copied());
        let made = self.app().store().write(|tx| {
            let user = tx.user_by_name(&name)?.expect("the account exists").id;
            let key = KeyName::parse(&format!("for {}", scopes.names())).expect("a name");
            token::make(tx, user, key, scopes, self.clock.now())
        });
        made.expect("the store writes").secret.expose().to_owned()
    }

    /// Suspends an account.
    #[track_caller]
    pub(crate) fn suspend(&self, username: &str) {
        self.change_user(username, |user| user.suspended = true);
    }

    fn change_user(
        &self,
        username: &str,
        change: impl FnOnce(&mut openalpr_webhook::model::user::User),
    ) {
        let name = Username::parse(username).expect("a user name");
        self.app()
            .store()
            .write(|tx| {
                let mut user = tx.user_by_name(&name)?.expect("the account exists");
                change(&mut user);
                tx.put_user(&user)
            })
            .expect("the store writes");
    }

    /// Walks through set-up as its first visitor; returns the key and the browser.
    #[track_caller]
    pub(crate) fn set_up(&self) -> (String, Client) {
        let mut client = self.anonymous();
        let account = [
            ("username", "owner"),
            ("name", "Olive Owner"),
            ("email", "owner@example.org"),
            ("password", PASSWORD),
        ];
        client.submit("/setup", "/setup", &account).expect(303);
        client.submit("/setup/place", "/setup/place", &[("box_name", "North Gate")]).expect(303);
        let page = client.submit("/setup/key", "/setup/key", &[]);
        let page = if page.status == 303 { client.visit("/setup/key").1 } else { page };
        let text = html::unescape(&page.expect(200).text());
        let key = text
            .split_once("API_KEY")
            .map(|(_, rest)| rest.trim_start_matches(['"', ':', ' ', '=']))
            .map(|rest| {
                rest.chars().take_while(|c| c.is_ascii_alphanumeric() || "-_.".contains(*c))
            })
            .map(String::from_iter)
            .unwrap_or_default();
        assert!(key.len() >= 16, "no key on the page: {text}");
        (key, client)
    }

    /// Every file of the store.
    pub(crate) fn files(&self) -> Vec<PathBuf> {
        files(self.directory.path())
    }
}

fn start(directory: &Path, clock: &Clock) -> App {
    App::start(Options { clock: clock.clone(), ..Options::new("127.0.0.1:0", directory) })
        .unwrap_or_else(|error| panic!("the box does not start: {error}"))
}

/// Every file below `folder`.
pub(crate) fn files(folder: &Path) -> Vec<PathBuf> {
    let mut folders = vec![folder.to_owned()];
    let mut files = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).expect("a folder").flatten() {
            let path = entry.path();
            if path.is_dir() { folders.push(path) } else { files.push(path) }
        }
    }
    files.sort();
    files
}

impl Drop for Harness {
    fn drop(&mut self) {
        self.stop();
    }
}

/// Method, path and access level of every route, as text.
pub(crate) fn routes() -> Vec<(String, String, String)> {
    ROUTES
        .iter()
        .map(|route| {
            let method = route.method.as_str().to_owned();
            (method, route.path.to_owned(), format!("{:?}", route.access))
        })
        .collect()
}
