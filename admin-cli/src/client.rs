//! The daemon's HTTP API, seen from a terminal: every refusal becomes a sentence that says what to do.

use std::path::Path;

use anyhow::{Context, Result, anyhow, bail, ensure};
use reqwest::{Method, StatusCode};
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Value, json};

use crate::args::Global;
use crate::table::harmless;

/// One daemon and the right to ask it.
pub(crate) struct Client {
    http: reqwest::Client,
    base: String,
    token: SecretString,
}

impl Client {
    /// Reads the token; does not connect yet.
    pub(crate) fn new(global: &Global) -> Result<Self> {
        Self::at(&global.server, global)
    }

    /// The same for another daemon than the one that `--server` names.
    pub(crate) fn at(server: &str, global: &Global) -> Result<Self> {
        let http = reqwest::Client::builder()
            .connect_timeout(std::time::Duration::from_secs(5))
            .timeout(std::time::Duration::from_mins(1))
            .redirect(reqwest::redirect::Policy::none())
            // The daemon stands in the same house; a proxy for the internet does not know it.
            .no_proxy()
            .build()
            .context("no HTTP client")?;
        Ok(Self { http, base: server.trim_end_matches('/').to_owned(), token: token(global)? })
    }

    /// GET; `None` when there is no such thing.
    pub(crate) async fn get(&self, path: &str, query: &[(&str, String)]) -> Result<Option<Value>> {
        self.ask(Method::GET, path, query, None).await
    }

    /// GET of a list, which is always there: what answers without one is no daemon.
    pub(crate) async fn list(&self, path: &str, query: &[(&str, String)]) -> Result<Value> {
        let answer = self.get(path, query).await?;
        self.there(answer.filter(|answer| answer["items"].is_array()))
    }

    /// The answer of what every daemon has.
    pub(crate) fn there(&self, answer: Option<Value>) -> Result<Value> {
        answer.ok_or_else(|| anyhow!("{}", self.stranger("it does not know what every daemon knows")))
    }

    /// POST; `None` when there is no such thing.
    pub(crate) async fn post(&self, path: &str, body: Value) -> Result<Option<Value>> {
        self.ask(Method::POST, path, &[], Some(body)).await
    }

    /// DELETE; `None` when there is no such thing.
    pub(crate) async fn delete(&self, path: &str, body: Option<Value>) -> Result<Option<Value>> {
        self.ask(Method::DELETE, path, &[], body).await
    }

    /// POST whose answer comes as it is made, for as long as it takes; [`Stream::next`] reads it.
    pub(crate) async fn stream(&self, path: &str, query: &[(&str, String)]) -> Result<Option<Stream<'_>>> {
        let mut request = self.http.post(format!("{}/api/v1{path}", self.base)).query(query).json(&json!({}));
        // A recording takes hours; that it is alive is seen by its lines.
        request = request.bearer_auth(self.token.expose_secret()).timeout(std::time::Duration::from_hours(25));
        let response = request.send().await.map_err(|error| self.unreachable(&error))?;
        if response.status().is_success() {
            return Ok(Some(Stream { client: self, response }));
        }
        match self.answer(response).await? {
            None => Ok(None),
            Some(_) => bail!("{}", self.stranger("it answers with something else")),
        }
    }

    async fn ask(
        &self,
        method: Method,
        path: &str,
        query: &[(&str, String)],
        body: Option<Value>,
    ) -> Result<Option<Value>> {
        let mut request = self.http.request(method, format!("{}/api/v1{path}", self.base)).query(query);
        request = request.bearer_auth(self.token.expose_secret());
        if let Some(body) = body {
            request = request.json(&body);
        }
        let response = request.send().await.map_err(|error| self.unreachable(&error))?;
        self.answer(response).await
    }

    /// What a daemon said; `None` when there is no such thing.
    async fn answer(&self, response: reqwest::Response) -> Result<Option<Value>> {
        let status = response.status();
        // Anybody says 404, and many say it in JSON; only ours says it so (RFC 9457).
        let is_problem = !status.is_success() && is_problem(response.headers());
        let text = response.text().await.context("the daemon's answer broke off")?;
        let problem: Option<Value> = serde_json::from_str(&text).ok().filter(|_| is_problem);
        match (status, problem) {
            (StatusCode::NOT_FOUND, Some(_)) => return Ok(None),
            (status, Some(problem)) => bail!("{}", refusal(status, &problem)),
            (status, None) if !status.is_success() => bail!("{}", self.stranger(&format!("status {status}"))),
            _ => {}
        }
        if text.is_empty() {
            return Ok(Some(Value::Null));
        }
        serde_json::from_str(&text).map(Some).map_err(|_| anyhow!("{}", self.stranger(&format!("status {status}"))))
    }

    fn unreachable(&self, error: &reqwest::Error) -> anyhow::Error {
        let base = harmless(&self.base);
        let reason = innermost(error);
        if error.is_builder() {
            anyhow!("{base:?} is no address; write --server http://HOST:PORT")
        } else if error.is_timeout() {
            anyhow!("no answer from {base} in time; is the daemon overloaded, or a firewall between?")
        } else if error.is_connect() {
            anyhow!("no daemon at {base} ({reason}); start it, or name it by --server or TRUNKLINE_SERVER")
        } else {
            anyhow!("{base} broke the exchange off ({reason}); is a daemon there, and is http or https right?")
        }
    }

    /// Something else than a daemon answered.
    fn stranger(&self, why: &str) -> String {
        format!("what answers at {} is no Trunkline daemon ({why}); check --server", harmless(&self.base))
    }
}

/// An answer that is still being made.
pub(crate) struct Stream<'c> {
    client: &'c Client,
    response: reqwest::Response,
}

impl Stream<'_> {
    /// The next bytes; `None` at the end. Silence of a minute is an error: a living daemon gives a sign every ten seconds.
    pub(crate) async fn next(&mut self) -> Result<Option<Vec<u8>>> {
        let chunk = tokio::time::timeout(std::time::Duration::from_mins(1), self.response.chunk()).await;
        let chunk = chunk.map_err(|_| anyhow!("the daemon has fallen silent; is it alive, and the network?"))?;
        Ok(chunk.map_err(|error| self.client.unreachable(&error))?.map(|bytes| bytes.to_vec()))
    }
}

fn is_problem(headers: &reqwest::header::HeaderMap) -> bool {
    let media_type = headers.get(reqwest::header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    media_type.is_some_and(|media_type| media_type.starts_with("application/problem+json"))
}

/// What the operating system or the TLS library said.
fn innermost(error: &reqwest::Error) -> String {
    let mut cause: &dyn std::error::Error = error;
    while let Some(source) = cause.source() {
        cause = source;
    }
    harmless(&cause.to_string())
}

/// The token that was given: by flag, by file, by environment, in this order.
fn token(global: &Global) -> Result<SecretString> {
    let variable = |name| std::env::var(name).ok().filter(|value| !value.is_empty());
    let (text, origin) = if let Some(token) = &global.token {
        (token.clone(), "--token".to_owned())
    } else if let Some(file) = &global.token_file {
        from_file(file)?
    } else if let Some(token) = variable("TRUNKLINE_TOKEN") {
        (token, "TRUNKLINE_TOKEN".to_owned())
    } else if let Some(file) = variable("TRUNKLINE_TOKEN_FILE") {
        from_file(Path::new(&file))?
    } else {
        bail!("no token; give --token-file <data_dir>/admin.token, or set TRUNKLINE_TOKEN or TRUNKLINE_TOKEN_FILE");
    };
    let token = text.trim();
    ensure!(!token.is_empty(), "{origin} is empty; write the token into it");
    ensure!(
        token.bytes().all(|byte| byte.is_ascii_graphic()),
        "{origin} holds what no token has; copy the token again"
    );
    Ok(SecretString::from(token.to_owned()))
}

fn from_file(file: &Path) -> Result<(String, String)> {
    let text = std::fs::read_to_string(file).with_context(|| {
        format!("cannot read the token file {}; check --token-file and its permissions", file.display())
    })?;
    Ok((text.lines().next().unwrap_or_default().to_owned(), format!("the token file {}", file.display())))
}

/// The daemon's problem+json as one sentence, with the mend for refusals.
fn refusal(status: StatusCode, problem: &Value) -> String {
    let detail = problem["detail"].as_str().or_else(|| problem["title"].as_str());
    let detail = harmless(detail.unwrap_or_else(|| status.canonical_reason().unwrap_or("refused")));
    match status {
        StatusCode::UNAUTHORIZED => {
            "the daemon does not know this token, or it is expired or revoked; is it of this daemon? \
             An administrator makes a new one by 'trunkctl token create'"
                .to_owned()
        }
        StatusCode::TOO_MANY_REQUESTS => format!("{detail}; wait a moment and try again"),
        StatusCode::SERVICE_UNAVAILABLE => format!("{detail}; GET /health/ready of the daemon tells the reason"),
        status if status.is_server_error() => format!("{detail}; the daemon's log tells more"),
        _ => detail,
    }
}
