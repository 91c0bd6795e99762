//! A person (or program) that asks the daemon over HTTP, as the pages do.

use std::time::Duration;

use anyhow::{Context, Result, bail};
use futures_util::StreamExt as _;
use serde_json::Value;
use tokio::sync::mpsc;

/// How long anything in the story may take before it counts as not coming.
const PATIENCE: Duration = Duration::from_secs(15);

/// One caller of the HTTP API.
#[derive(Clone)]
pub(super) struct Desk {
    http: reqwest::Client,
    base: String,
    token: Option<String>,
}

/// What an agent's event stream says: the event's name and data.
pub(super) type Shown = (String, Value);

impl Desk {
    pub(super) fn new(base: &str, token: Option<&str>) -> Result<Self> {
        let http = reqwest::Client::builder().no_proxy().build().context("no HTTP client")?;
        Ok(Self { http, base: base.to_owned(), token: token.map(str::to_owned) })
    }

    fn request(&self, method: reqwest::Method, path: &str) -> reqwest::RequestBuilder {
        let request = self.http.request(method, format!("{}/api/v1{path}", self.base));
        match &self.token {
            Some(token) => request.bearer_auth(token),
            None => request,
        }
    }

    /// What stands at a path.
    pub(super) async fn get(&self, path: &str) -> Result<Value> {
        let response = self.request(reqwest::Method::GET, path).send().await?;
        answer(path, response).await
    }

    /// Sends something to a path.
    pub(super) async fn post(&self, path: &str, body: &Value) -> Result<Value> {
        let response = self.request(reqwest::Method::POST, path).json(body).send().await?;
        answer(path, response).await
    }

    /// Opens the agent's event stream.
    pub(super) async fn watch(&self) -> Result<mpsc::Receiver<Shown>> {
        let response = self.request(reqwest::Method::GET, "/agent/events").send().await?;
        if !response.status().is_success() {
            bail!("the event stream was refused: {}", response.status());
        }
        let (to, shown) = mpsc::channel(64);
        tokio::spawn(async move {
            let mut stream = response.bytes_stream();
            let mut text = String::new();
            while let Some(Ok(bytes)) = stream.next().await {
                text.push_str(&String::from_utf8_lossy(&bytes));
                while let Some(end) = text.find("\n\n") {
                    let block: String = text.drain(..end + 2).collect();
                    if let Some(event) = parse(&block)
                        && to.send(event).await.is_err()
                    {
                        return;
                    }
                }
            }
        });
        Ok(shown)
    }

    /// Asks until `good`: what people see follows what happens by a few milliseconds.
    pub(super) async fn until(&self, what: &str, path: &str, good: impl Fn(&Value) -> bool) -> Result<Value> {
        let asking = async {
            loop {
                let value = self.get(path).await?;
                if good(&value) {
                    return Ok(value);
                }
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        };
        tokio::time::timeout(PATIENCE, asking).await.unwrap_or_else(|_| bail!("it did not come to pass: {what}"))
    }
}

async fn answer(path: &str, response: reqwest::Response) -> Result<Value> {
    let status = response.status();
    let text = response.text().await?;
    if !status.is_success() {
        bail!("{path} answered {status}: {text}");
    }
    Ok(serde_json::from_str(&text).unwrap_or(Value::Null))
}

/// One server-sent event.
fn parse(block: &str) -> Option<Shown> {
    let field = |name: &str| block.lines().find_map(|line| line.strip_prefix(name)).map(str::trim);
    Some((field("event:")?.to_owned(), serde_json::from_str(field("data:")?).ok()?))
}

/// The next event called `name` on a stream.
pub(super) async fn next(shown: &mut mpsc::Receiver<Shown>, name: &str) -> Result<Value> {
    let waiting = async {
        loop {
            match shown.recv().await {
                Some((event, data)) if event == name => return Ok(data),
                Some(_) => {}
                None => bail!("the event stream ended"),
            }
        }
    };
    tokio::time::timeout(PATIENCE, waiting).await.unwrap_or_else(|_| bail!("no {name} came"))
}
