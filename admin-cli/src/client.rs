//! The daemon's HTTP API, seen from a terminal: every refusal becomes a sentence that says what to do.

use anyhow::{Context, Result, bail};
use reqwest::{Method, StatusCode};
use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;

use crate::args::Global;

/// One daemon and the right to ask it.
pub(crate) struct Client {
    http: reqwest::Client,
    base: String,
    token: SecretString,
}

impl Client {
    /// Reads the token; does not connect yet.
    pub(crate) fn new(global: &Global) -> Result<Self> {
        let http = reqwest::Client::builder()
            .connect_timeout(std::time::Duration::from_secs(5))
            .timeout(std::time::Duration::from_secs(60))
            .redirect(reqwest::redirect::Policy::none())
            .build()
            .context("no HTTP client")?;
        Ok(Self { http, base: global.server.trim_end_matches('/').to_owned(), token: token(global)? })
    }

    /// GET; `None` when there is no such thing.
    pub(crate) async fn get(&self, path: &str, query: &[(&str, String)]) -> Result<Option<Value>> {
        self.ask(Method::GET, path, query, None).await
    }

    /// POST; `None` when there is no such thing.
    pub(crate) async fn post(&self, path: &str, body: Value) -> Result<Option<Value>> {
        self.ask(Method::POST, path, &[], Some(body)).await
    }

    /// DELETE; `None` when there is no such thing.
    pub(crate) async fn delete(&self, path: &str) -> Result<Option<Value>> {
        self.ask(Method::DELETE, path, &[], None).await
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
        let status = response.status();
        let text = response.text().await.context("the daemon's answer broke off")?;
        if status == StatusCode::NOT_FOUND {
            return Ok(None);
        }
        if !status.is_success() {
            bail!("{}", refusal(status, &text));
        }
        if text.is_empty() {
            return Ok(Some(Value::Null));
        }
        serde_json::from_str(&text).map(Some).with_context(|| format!("{} is no Trunkline daemon: no JSON", self.base))
    }

    fn unreachable(&self, error: &reqwest::Error) -> anyhow::Error {
        if error.is_timeout() {
            anyhow::anyhow!("no answer from {} in time; is the daemon overloaded, or a firewall between?", self.base)
        } else if error.is_builder() {
            anyhow::anyhow!("{} is no address; write --server http://HOST:PORT", self.base)
        } else {
            anyhow::anyhow!("no daemon at {}; start it, or name it by --server or TRUNKLINE_SERVER", self.base)
        }
    }
}

fn token(global: &Global) -> Result<SecretString> {
    if let Some(token) = &global.token {
        return Ok(SecretString::from(token.clone()));
    }
    let Some(file) = &global.token_file else {
        bail!("no token; give --token-file <data_dir>/admin.token, or set TRUNKLINE_TOKEN");
    };
    let text =
        std::fs::read_to_string(file).with_context(|| format!("cannot read the token file {}", file.display()))?;
    Ok(SecretString::from(text.lines().next().unwrap_or_default().trim().to_owned()))
}

/// The daemon's problem+json as one sentence, with the mend for refusals.
fn refusal(status: StatusCode, text: &str) -> String {
    let problem: Value = serde_json::from_str(text).unwrap_or_default();
    let title = problem["title"].as_str().unwrap_or_else(|| status.canonical_reason().unwrap_or("refused"));
    let detail = problem["detail"].as_str().map(|detail| format!(": {detail}")).unwrap_or_default();
    let mend = match status {
        StatusCode::UNAUTHORIZED => "; the token is unknown, expired or revoked: make one with 'trunkctl token create'",
        StatusCode::FORBIDDEN => "; the token lacks the scope for this",
        StatusCode::TOO_MANY_REQUESTS => "; wait a moment and try again",
        StatusCode::SERVICE_UNAVAILABLE => "; see /health/ready of the daemon for the reason",
        _ => "",
    };
    crate::table::harmless(&format!("{title}{detail}{mend}"))
}
