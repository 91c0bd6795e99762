//! A real `chat-webhook` connector behind a small HTTP server, in the place of the daemon's.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;

use bytes::Bytes;
use config::{Config, File, FileFormat};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Mutex;
use tokio::task::{AbortHandle, JoinSet};
use trunkline_connectors::contract::{SourceId, WebhookReply, WebhookRequest};
use trunkline_connectors::drive::{Link, LinkState, Pace, start};
use trunkline_connectors::kind;

use crate::store::{Store, host, in_state};

pub(crate) const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
/// A secret that is to replace the other.
pub(crate) const NEXT_SECRET: &str = "whsec_bmV3ZXIgc2VjcmV0IG9mIHRoaXJ0eS10d28gYnl0ZXM=";
/// Largest body that is read from the socket at all.
const MOST: usize = 1 << 20;

/// A connector called `web-chat` at work.
pub(crate) async fn chat(store: &Arc<Store>, data: &Path, change: impl FnOnce(&mut Pace)) -> Link {
    let toml = format!("[params]\nsecrets = ['{SECRET}', '{NEXT_SECRET}']\nmax_body_bytes = 4096");
    let config = Config::builder().add_source(File::from_str(&toml, FileFormat::Toml)).build().expect("TOML");
    let id = SourceId::new("web-chat").expect("a name");
    let kind = kind("chat-webhook").expect("built in");
    let built = kind.build(&id, &config.get("params").expect("a table")).expect("builds");
    let mut host = host(store, data);
    change(&mut host.pace);
    let link = start(id, built, host);
    in_state(&link, |state| *state == LinkState::Up).await;
    link
}

/// The connector, and the requests under way, which go down with it.
#[derive(Default)]
struct Daemon {
    link: Option<Arc<Link>>,
    requests: JoinSet<()>,
}

type Running = Arc<Mutex<Daemon>>;

/// The connector and its address.
pub(crate) struct Inlet {
    address: SocketAddr,
    daemon: Running,
    server: AbortHandle,
}

impl Inlet {
    pub(crate) async fn start(store: &Arc<Store>, data: &Path) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a free port");
        let address = listener.local_addr().expect("an address");
        let daemon = Running::default();
        let running = Arc::clone(&daemon);
        let server = tokio::spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.expect("a connection");
                let mut daemon = running.lock().await;
                // While there is no daemon a connection breaks.
                if let Some(link) = daemon.link.clone() {
                    daemon.requests.spawn(serve(stream, link));
                }
            }
        });
        let inlet = Self { address, daemon, server: server.abort_handle() };
        inlet.start_again(store, data).await;
        inlet
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}/ingest/web-chat", self.address)
    }

    /// Ends the connector as a crash would.
    pub(crate) async fn kill(&self) {
        let Daemon { link, mut requests } = std::mem::take(&mut *self.daemon.lock().await);
        requests.shutdown().await;
        drop(link);
    }

    pub(crate) async fn start_again(&self, store: &Arc<Store>, data: &Path) {
        let link = chat(store, data, |_| {}).await;
        self.daemon.lock().await.link = Some(Arc::new(link));
    }
}

impl Drop for Inlet {
    fn drop(&mut self) {
        self.server.abort();
    }
}

async fn serve(stream: TcpStream, link: Arc<Link>) {
    let mut stream = BufReader::new(stream);
    let Some(request) = read(&mut stream).await else {
        let reply = WebhookReply::status(413);
        return respond(stream.get_mut(), &reply).await;
    };
    let reply = link.webhook(request).await;
    respond(stream.get_mut(), &reply).await;
}

async fn read(stream: &mut BufReader<TcpStream>) -> Option<WebhookRequest> {
    let mut request = WebhookRequest::default();
    let mut line = String::new();
    stream.read_line(&mut line).await.ok()?;
    line.split(' ').next()?.clone_into(&mut request.method);
    loop {
        line.clear();
        stream.read_line(&mut line).await.ok()?;
        let Some((name, value)) = line.trim_end().split_once(':') else { break };
        request.headers.push((name.to_ascii_lowercase(), value.trim().to_owned()));
    }
    let length = request.header("content-length")?.parse().ok().filter(|length| *length <= MOST)?;
    let mut body = vec![0; length];
    stream.read_exact(&mut body).await.ok()?;
    request.body = Bytes::from(body);
    Some(request)
}

async fn respond(stream: &mut TcpStream, reply: &WebhookReply) {
    let mut head =
        format!("HTTP/1.1 {} X\r\ncontent-length: {}\r\nconnection: close\r\n", reply.status, reply.body.len());
    for (name, value) in &reply.headers {
        for part in [name, ": ", value, "\r\n"] {
            head.push_str(part);
        }
    }
    // Who does not wait for the answer does not get it.
    let _ = stream.write_all(format!("{head}\r\n{}", reply.body).as_bytes()).await;
    let _ = stream.shutdown().await;
}
