//! Sends events: signs each attempt anew, retries, keeps the ledger.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use rand::Rng;
use reqwest::header::RETRY_AFTER;
use reqwest::{Client, Response, Url, redirect};
use serde::Deserialize;
use serde_json::Value;
use time::OffsetDateTime;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use uuid::Uuid;

use super::ledger::{Entry, Ledger};
use super::signature::Key;

/// Between two bytes of a slow body.
const SLOW: Duration = Duration::from_millis(20);
/// Bytes of a huge body.
const HUGE: usize = 32 << 20;

/// Why a web chat cannot be simulated.
#[derive(Debug, thiserror::Error)]
pub enum WebChatError {
    /// The scenario is no good.
    #[error("the scenario cannot be read: {0}")]
    Scenario(#[from] toml::de::Error),
    /// A step of it is no good.
    #[error("step {step}: {sentence}")]
    Step {
        /// From 1.
        step: usize,
        /// What is wrong.
        sentence: String,
    },
    /// Not `whsec_` and base64.
    #[error("the secret has to be whsec_ and base64")]
    Secret,
    /// Not an address.
    #[error("the target is no http or https address: {0:?}")]
    Target(String),
    /// No HTTP client could be made.
    #[error("no HTTP client: {0}")]
    Client(#[source] reqwest::Error),
}

/// What is done wrong on purpose.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Misbehaviour {
    /// The same delivery twice, at the same time.
    Duplicate,
    /// The same event once more, under another `webhook-id`.
    Renamed,
    /// Signed with a key that nobody shares. One attempt.
    WrongSignature,
    /// Signed an hour ago. One attempt.
    OldTimestamp,
    /// Changed after it was signed. One attempt.
    Tampered,
    /// 32 MiB. One attempt.
    HugeBody,
    /// A byte at a time; plain HTTP only. One attempt.
    SlowBody,
    /// Held back until the next event was sent.
    Reordered,
}

impl Misbehaviour {
    /// As it is written in scenarios and ledgers.
    pub fn word(self) -> &'static str {
        match self {
            Self::Duplicate => "duplicate",
            Self::Renamed => "renamed",
            Self::WrongSignature => "wrong_signature",
            Self::OldTimestamp => "old_timestamp",
            Self::Tampered => "tampered",
            Self::HugeBody => "huge_body",
            Self::SlowBody => "slow_body",
            Self::Reordered => "reordered",
        }
    }
}

/// How long to go on trying.
#[derive(Debug, Clone)]
pub struct Patience {
    waits: Vec<Duration>,
    timeout: Duration,
}

impl Patience {
    /// The schedule of the specification: at once, 5 s, 5 min, 30 min, 2 h, 5 h, 10 h, 14 h, 20 h, 24 h.
    pub fn specification() -> Self {
        let seconds = [5, 300, 1_800, 7_200, 18_000, 36_000, 50_400, 72_000, 86_400];
        Self { waits: seconds.map(Duration::from_secs).to_vec(), timeout: Duration::from_secs(20) }
    }

    /// For people who watch and for tests: the same number of steps and then some, within a minute.
    pub fn quick() -> Self {
        let millis = [50, 100, 200, 400, 800, 1_500, 3_000, 5_000, 5_000, 5_000, 5_000, 5_000, 5_000];
        Self { waits: millis.map(Duration::from_millis).to_vec(), timeout: Duration::from_secs(20) }
    }

    /// One attempt.
    pub fn none() -> Self {
        Self { waits: Vec::new(), timeout: Duration::from_secs(20) }
    }
}

/// One simulated chat system. Can be shared; each call sends one event.
pub struct Sender {
    target: Url,
    key: Key,
    client: Client,
    patience: Patience,
    ledger: Mutex<Ledger>,
}

impl Sender {
    /// Posts to `target` with the secret `whsec_…`.
    pub fn new(target: &str, secret: &str, patience: Patience) -> Result<Self, WebChatError> {
        // Whoever came first has chosen the same provider; there is only one in this build.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let key = Key::parse(secret).ok_or(WebChatError::Secret)?;
        let target = Url::parse(target)
            .ok()
            .filter(|url| matches!(url.scheme(), "http" | "https"))
            .ok_or_else(|| WebChatError::Target(target.chars().take(200).collect()))?;
        let client = Client::builder()
            .redirect(redirect::Policy::none())
            .no_proxy()
            .timeout(patience.timeout)
            .build()
            .map_err(WebChatError::Client)?;
        Ok(Self { target, key, client, patience, ledger: Mutex::default() })
    }

    /// Goes on with a ledger that was begun before.
    #[must_use]
    pub fn with_ledger(self, ledger: Ledger) -> Self {
        Self { ledger: Mutex::new(ledger), ..self }
    }

    /// What was sent so far.
    pub fn ledger(&self) -> Ledger {
        self.ledger.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Sends an event until it is accepted or patience ends; what became of it.
    pub async fn send(&self, event: &Value) -> Entry {
        let id = new_id();
        let statuses = self.deliver(&id, event.to_string().as_bytes()).await;
        self.enter(id, event, None, statuses)
    }

    /// Sends an event with something wrong. [`Misbehaviour::Reordered`] is a matter of order and sends it as it is.
    pub async fn misbehave(&self, event: &Value, misbehaviour: Misbehaviour) -> Entry {
        let (id, body) = (new_id(), event.to_string().into_bytes());
        let now = seconds();
        let statuses = match misbehaviour {
            Misbehaviour::Duplicate => {
                let (mut one, two) = tokio::join!(self.deliver(&id, &body), self.deliver(&id, &body));
                one.extend(two);
                one
            }
            Misbehaviour::Renamed => {
                let first = self.deliver(&new_id(), &body).await;
                [first, self.deliver(&id, &body).await].concat()
            }
            Misbehaviour::Reordered => self.deliver(&id, &body).await,
            Misbehaviour::WrongSignature => {
                let signature = self.key.sign("another id", now, &body);
                vec![self.attempt(&id, now, &signature, body).await.0]
            }
            Misbehaviour::OldTimestamp => {
                let then = now - 3_600;
                let signature = self.key.sign(&id, then, &body);
                vec![self.attempt(&id, then, &signature, body).await.0]
            }
            Misbehaviour::Tampered => {
                let signature = self.key.sign(&id, now, &body);
                vec![self.attempt(&id, now, &signature, [&body[..], b" "].concat()).await.0]
            }
            Misbehaviour::HugeBody => {
                let huge = vec![b' '; HUGE];
                let signature = self.key.sign(&id, now, &huge);
                vec![self.attempt(&id, now, &signature, huge).await.0]
            }
            Misbehaviour::SlowBody => vec![self.trickle(&id, &body).await.unwrap_or(0)],
        };
        self.enter(id, event, Some(misbehaviour.word()), statuses)
    }

    fn enter(&self, id: String, event: &Value, misbehaviour: Option<&'static str>, statuses: Vec<u16>) -> Entry {
        let text = |value: &Value| value.as_str().map(str::to_owned);
        let entry = Entry {
            seq: 0,
            id,
            kind: text(&event["type"]).unwrap_or_default(),
            chat: text(&event["data"]["chat_id"]),
            message: text(&event["data"]["message_id"]),
            misbehaviour,
            accepted: statuses.iter().any(|status| (200..300).contains(status)),
            statuses,
        };
        self.ledger.lock().unwrap_or_else(PoisonError::into_inner).add(entry.clone());
        entry
    }

    /// Attempts until one is accepted, the far side wants no more (410), or patience ends.
    async fn deliver(&self, id: &str, body: &[u8]) -> Vec<u16> {
        let mut statuses = Vec::new();
        let mut waits = self.patience.waits.iter();
        loop {
            let now = seconds();
            let signature = self.key.sign(id, now, body);
            let (status, asked) = self.attempt(id, now, &signature, body.to_vec()).await;
            statuses.push(status);
            if (200..300).contains(&status) || status == 410 {
                return statuses;
            }
            let Some(wait) = waits.next() else { return statuses };
            let jitter = wait.mul_f64(rand::rng().random_range(0.8..1.2));
            tokio::time::sleep(asked.map_or(jitter, |asked| asked.min(jitter.max(*wait)))).await;
        }
    }

    /// One attempt: the status (0 without an answer) and what `retry-after` asks for.
    async fn attempt(&self, id: &str, seconds: i64, signature: &str, body: Vec<u8>) -> (u16, Option<Duration>) {
        let request = self
            .client
            .post(self.target.clone())
            .header("content-type", "application/json")
            .header("webhook-id", id)
            .header("webhook-timestamp", seconds)
            .header("webhook-signature", signature)
            .body(body);
        match request.send().await {
            Ok(response) => (response.status().as_u16(), retry_after(&response)),
            Err(_) => (0, None),
        }
    }

    /// The body a byte at a time. Gives up at the pace's timeout, like any client would.
    async fn trickle(&self, id: &str, body: &[u8]) -> Option<u16> {
        let host = self.target.host_str()?;
        let port = self.target.port_or_known_default()?;
        let now = seconds();
        let signature = self.key.sign(id, now, body);
        let head = format!(
            "POST {} HTTP/1.1\r\nhost: {host}:{port}\r\ncontent-type: application/json\r\nconnection: close\r\n\
             webhook-id: {id}\r\nwebhook-timestamp: {now}\r\nwebhook-signature: {signature}\r\ncontent-length: {}\r\n\r\n",
            self.target.path(),
            body.len()
        );
        let posting = async {
            let mut stream = TcpStream::connect((host, port)).await.ok()?;
            stream.write_all(head.as_bytes()).await.ok()?;
            for byte in body {
                stream.write_all(&[*byte]).await.ok()?;
                tokio::time::sleep(SLOW).await;
            }
            let mut line = [0; 12];
            stream.read_exact(&mut line).await.ok()?;
            std::str::from_utf8(&line).ok()?.strip_prefix("HTTP/1.1 ")?.parse().ok()
        };
        tokio::time::timeout(self.patience.timeout, posting).await.ok()?
    }
}

fn new_id() -> String {
    format!("msg_{}", Uuid::new_v4().simple())
}

fn seconds() -> i64 {
    OffsetDateTime::now_utc().unix_timestamp()
}

fn retry_after(response: &Response) -> Option<Duration> {
    response.headers().get(RETRY_AFTER)?.to_str().ok()?.parse().ok().map(Duration::from_secs)
}
