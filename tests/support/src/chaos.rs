//! A TCP proxy that cuts, stalls, refuses and splits, between a client under test and its server.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{ReadHalf, WriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// What the proxy does to its links; changes take effect at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Weather {
    /// Links opened under an older number are cut.
    cut: u64,
    stalled: bool,
    refusing: bool,
    splitting: bool,
}

/// What went through so far.
#[derive(Debug, Default)]
struct Counts {
    accepted: AtomicU64,
    refused: AtomicU64,
    to_server: AtomicU64,
    to_client: AtomicU64,
}

/// A proxy on a free loopback port. Dropping it closes the port and resets every link.
#[derive(Debug)]
pub struct ChaosProxy {
    address: SocketAddr,
    weather: watch::Sender<Weather>,
    counts: Arc<Counts>,
    accepting: JoinHandle<()>,
}

impl ChaosProxy {
    /// Listens on a free port of 127.0.0.1 and forwards to `target`.
    pub async fn start(target: SocketAddr) -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let address = listener.local_addr()?;
        let (weather, seen) = watch::channel(Weather { cut: 0, stalled: false, refusing: false, splitting: false });
        let counts = Arc::new(Counts::default());
        let accepting = tokio::spawn(accept(listener, target, seen, counts.clone()));
        Ok(Self { address, weather, counts, accepting })
    }

    /// Where clients connect.
    pub fn addr(&self) -> SocketAddr {
        self.address
    }

    /// Resets every open link (RST both ways); new links are let through.
    pub fn cut(&self) {
        self.weather.send_modify(|weather| weather.cut += 1);
    }

    /// Links stay open and nothing passes: a silent partition. New links are taken and are silent too.
    pub fn stall(&self) {
        self.weather.send_modify(|weather| weather.stalled = true);
    }

    /// Lets everything pass again, what was held back first.
    pub fn resume(&self) {
        self.weather.send_modify(|weather| weather.stalled = false);
    }

    /// New links are reset at once; open ones stay.
    pub fn refuse(&self) {
        self.weather.send_modify(|weather| weather.refusing = true);
    }

    /// Takes new links again.
    pub fn admit(&self) {
        self.weather.send_modify(|weather| weather.refusing = false);
    }

    /// Whether each byte is written by itself.
    pub fn split(&self, on: bool) {
        self.weather.send_modify(|weather| weather.splitting = on);
    }

    /// Links taken so far.
    pub fn accepted(&self) -> u64 {
        self.counts.accepted.load(Ordering::Relaxed)
    }

    /// Links refused so far.
    pub fn refused(&self) -> u64 {
        self.counts.refused.load(Ordering::Relaxed)
    }

    /// Bytes passed from clients to the server so far.
    pub fn bytes_to_server(&self) -> u64 {
        self.counts.to_server.load(Ordering::Relaxed)
    }

    /// Bytes passed from the server to clients so far.
    pub fn bytes_to_client(&self) -> u64 {
        self.counts.to_client.load(Ordering::Relaxed)
    }
}

impl Drop for ChaosProxy {
    fn drop(&mut self) {
        self.accepting.abort();
        self.cut();
    }
}

async fn accept(listener: TcpListener, target: SocketAddr, weather: watch::Receiver<Weather>, counts: Arc<Counts>) {
    while let Ok((client, _)) = listener.accept().await {
        let now = *weather.borrow();
        if now.refusing {
            counts.refused.fetch_add(1, Ordering::Relaxed);
            reset(&client);
            continue;
        }
        counts.accepted.fetch_add(1, Ordering::Relaxed);
        tokio::spawn(link(client, target, weather.clone(), counts.clone(), now.cut));
    }
}

async fn link(
    mut client: TcpStream,
    target: SocketAddr,
    weather: watch::Receiver<Weather>,
    counts: Arc<Counts>,
    cut: u64,
) {
    let Ok(mut server) = TcpStream::connect(target).await else {
        reset(&client);
        return;
    };
    let _ = (client.set_nodelay(true), server.set_nodelay(true));
    // A socket that is closed with linger 0 is reset; an orderly end is passed on as one by the pumps below.
    reset(&client);
    reset(&server);
    // Borrowed halves: owned ones would end the stream in order when dropped, before the reset.
    let (mut from_client, mut to_client) = client.split();
    let (mut from_server, mut to_server) = server.split();
    let mut watched = weather.clone();
    let both = async {
        tokio::join!(
            pump(&mut from_client, &mut to_server, weather.clone(), &counts.to_server),
            pump(&mut from_server, &mut to_client, weather.clone(), &counts.to_client)
        )
    };
    tokio::select! {
        _ = both => {}
        _ = watched.wait_for(|weather| weather.cut != cut) => {}
    }
}

/// Copies until the reader ends, then ends the writer.
async fn pump(
    reader: &mut ReadHalf<'_>,
    writer: &mut WriteHalf<'_>,
    mut weather: watch::Receiver<Weather>,
    count: &AtomicU64,
) -> io::Result<()> {
    let mut buffer = vec![0; 64 * 1024];
    loop {
        let read = reader.read(&mut buffer).await?;
        let now = weather.wait_for(|weather| !weather.stalled).await.map_err(io::Error::other)?.splitting;
        if read == 0 {
            return writer.shutdown().await;
        }
        for piece in buffer[..read].chunks(if now { 1 } else { read }) {
            writer.write_all(piece).await?;
        }
        count.fetch_add(read as u64, Ordering::Relaxed);
    }
}

/// The close of this socket will be a reset.
fn reset(stream: &TcpStream) {
    // A socket that is already gone needs no reset.
    let _ = stream.set_zero_linger();
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A server that sends everything back.
    async fn echo() -> SocketAddr {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("bound");
        let address = listener.local_addr().expect("address");
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                tokio::spawn(async move {
                    let (mut reader, mut writer) = stream.split();
                    tokio::io::copy(&mut reader, &mut writer).await
                });
            }
        });
        address
    }

    async fn round_trip(client: &mut TcpStream) {
        client.write_all(b"hello").await.expect("written");
        let mut answer = [0; 5];
        client.read_exact(&mut answer).await.expect("answered");
        assert_eq!(&answer, b"hello");
    }

    #[tokio::test]
    async fn what_is_held_back_by_a_stall_arrives_after_it() {
        let proxy = ChaosProxy::start(echo().await).await.expect("started");
        let mut client = TcpStream::connect(proxy.addr()).await.expect("connected");
        proxy.split(true);
        round_trip(&mut client).await;
        proxy.stall();
        client.write_all(b"hello").await.expect("written");
        assert_eq!(proxy.bytes_to_server(), 5);
        proxy.resume();
        let mut answer = [0; 5];
        client.read_exact(&mut answer).await.expect("answered");
        assert_eq!(&answer, b"hello");
    }

    #[tokio::test]
    async fn a_cut_resets_open_links_and_a_refusal_new_ones() {
        let proxy = ChaosProxy::start(echo().await).await.expect("started");
        let mut client = TcpStream::connect(proxy.addr()).await.expect("connected");
        round_trip(&mut client).await;
        proxy.cut();
        let ended = client.read(&mut [0; 1]).await.expect_err("reset");
        assert_eq!(ended.kind(), io::ErrorKind::ConnectionReset);
        proxy.refuse();
        let mut refused = TcpStream::connect(proxy.addr()).await.expect("taken by the kernel");
        assert!(refused.read(&mut [0; 1]).await.is_err());
        proxy.admit();
        let mut again = TcpStream::connect(proxy.addr()).await.expect("connected");
        round_trip(&mut again).await;
        assert_eq!((proxy.accepted(), proxy.refused()), (2, 1));
    }
}
