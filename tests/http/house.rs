//! A server on a free loopback port with records in memory, and a client that says what it got.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use reqwest::{Client, Method, RequestBuilder, Response};
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use trunkline::http::hub::Hub;
use trunkline::http::parts::{Ingest, Token};
use trunkline::http::{App, Settings, router, server};
use trunkline_connectors::contract::{WebhookReply, WebhookRequest};
use uuid::Uuid;

use crate::invented::Invented;

/// A running server.
pub(crate) struct House {
    pub(crate) address: SocketAddr,
    pub(crate) records: Arc<Invented>,
    pub(crate) webhooks: Arc<Webhooks>,
    pub(crate) hub: Arc<Hub>,
    pub(crate) stop: CancellationToken,
    pub(crate) serving: JoinHandle<()>,
    client: Client,
}

impl House {
    /// With the settings of a daemon.
    pub(crate) async fn open() -> Self {
        Self::with(Settings::default()).await
    }

    pub(crate) async fn with(settings: Settings) -> Self {
        // Only the first test of the process installs it; the others find it there.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("bound");
        let records = Arc::new(Invented::default());
        let webhooks = Arc::new(Webhooks::default());
        let hub = Hub::new(settings.stream_queue);
        let stop = CancellationToken::new();
        let app = App::new(
            settings.clone(),
            records.clone(),
            (records.clone(), records.clone()),
            webhooks.clone(),
            hub.clone(),
            stop.clone(),
        );
        let ending = stop.clone();
        let serving = tokio::spawn(async move { server::serve(listener, router(app), &settings, ending).await });
        let client = Client::builder().redirect(reqwest::redirect::Policy::none()).build().expect("a client");
        Self { address, records, webhooks, hub, stop, serving, client }
    }

    /// A token with these scopes, known from now on; its secret is its name.
    pub(crate) fn token(&self, name: &str, scopes: &[&str], extension: Option<&str>, agent: Option<&str>) -> Token {
        self.records.token(name, scopes, extension, agent)
    }

    pub(crate) fn request(&self, method: Method, path: &str, secret: &str) -> RequestBuilder {
        let request = self.client.request(method, format!("http://{}{path}", self.address));
        if secret.is_empty() { request } else { request.bearer_auth(secret) }
    }

    pub(crate) async fn get(&self, path: &str, secret: &str) -> Response {
        self.request(Method::GET, path, secret).send().await.expect("an answer")
    }

    pub(crate) async fn post(&self, path: &str, secret: &str, body: &Value) -> Response {
        self.request(Method::POST, path, secret).json(body).send().await.expect("an answer")
    }
}

/// The status and the JSON of an answer; a problem must say what RFC 9457 asks.
pub(crate) async fn read(response: Response) -> (u16, Value) {
    let status = response.status().as_u16();
    let media_type = response.headers().get("content-type").map(|value| value.to_str().expect("text").to_owned());
    let body: Value = serde_json::from_slice(&response.bytes().await.expect("a body")).unwrap_or(Value::Null);
    if status >= 400 {
        assert_eq!(media_type.as_deref(), Some("application/problem+json"), "{status}");
        assert_eq!(body["status"], status);
        assert!(body["title"].is_string() && body["detail"].is_string() && body["type"] == "about:blank", "{body}");
    }
    (status, body)
}

/// One connector, `chat`, that takes 1,000 bytes and answers 202.
#[derive(Default)]
pub(crate) struct Webhooks {
    taken: Mutex<Vec<WebhookRequest>>,
}

impl Webhooks {
    pub(crate) fn taken(&self) -> Vec<WebhookRequest> {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

#[async_trait]
impl Ingest for Webhooks {
    fn limit(&self, connector: &str) -> Option<usize> {
        (connector == "chat").then_some(1000)
    }

    async fn webhook(&self, _: &str, request: WebhookRequest) -> Option<WebhookReply> {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner).push(request);
        Some(WebhookReply::status(202))
    }
}

pub(crate) fn id(number: u128) -> Uuid {
    Uuid::from_u128(number)
}
