//! An HTTP client: long polls beside other requests, and what it refuses to do.

use std::time::Duration;

use bytes::Bytes;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::mpsc;
use tokio_rustls::TlsAcceptor;
use trunkline_connectors::contract::{
    Action, Actions, Built, HttpRequest, Input, Protocol, ProtocolError, Tls, Transport,
};
use trunkline_connectors::drive::{LinkState, start};

use crate::line::{FarSide, id};
use crate::store::{Store, host, in_state, within};
use crate::tls;

/// A tag and what came of its request: status and body, or why not.
type Heard = (u64, Result<(u16, String), String>);

/// Asks for each path of a list at once, and tells what came of it.
struct Asker {
    paths: Vec<&'static str>,
    heard: mpsc::Sender<Heard>,
}

impl Protocol for Asker {
    fn on(&mut self, input: Input<'_>, out: &mut Actions) -> Result<(), ProtocolError> {
        match input {
            Input::Opened { .. } => {
                for (tag, path) in (0..).zip(&self.paths) {
                    let timeout = Duration::from_millis(if *path == "/never" { 50 } else { 30_000 });
                    let headers = vec![("x-token".to_owned(), "t".to_owned())];
                    let path = (*path).to_owned();
                    out.push(Action::Request(HttpRequest {
                        tag,
                        method: "GET",
                        path,
                        headers,
                        body: Bytes::new(),
                        timeout,
                    }));
                }
            }
            Input::Response { tag, result } => {
                let told =
                    result.map(|response| (response.status, String::from_utf8_lossy(&response.body).into_owned()));
                self.heard.try_send((tag, told)).expect("room");
            }
            _ => {}
        }
        Ok(())
    }
}

fn asking(paths: Vec<&'static str>, base_url: String) -> (Built, mpsc::Receiver<Heard>) {
    let (heard, answers) = mpsc::channel(16);
    let protocol = Box::new(Asker { paths, heard });
    (Built { transport: Transport::HttpClient { base_url, tls: None }, protocol }, answers)
}

/// Reads one request and gives its path; `None` when the client gave up before it had written it.
async fn try_request(stream: &mut (impl AsyncRead + Unpin)) -> Option<String> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        within(stream.read_exact(&mut byte)).await.ok()?;
        head.push(byte[0]);
    }
    let head = String::from_utf8(head).expect("a request");
    assert!(head.contains("x-token: t"));
    Some(head.split(' ').nth(1).expect("a path").to_owned())
}

async fn request(stream: &mut TcpStream) -> String {
    try_request(stream).await.expect("a request")
}

/// A client that has given up needs no answer.
async fn respond(stream: &mut (impl AsyncWrite + Unpin), head: &str, body: &str) {
    let response = format!("HTTP/1.1 {head}\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}", body.len());
    let _ = stream.write_all(response.as_bytes()).await;
}

#[tokio::test]
async fn a_long_poll_does_not_hold_up_other_requests() {
    let (store, data, far) = (Store::new(), tempfile::tempdir().expect("a folder"), FarSide::new().await);
    let (built, mut answers) = asking(vec!["/poll", "/quick"], format!("http://localhost:{}/api", far.port()));
    let link = start(id(), built, host(&store, data.path()));
    let (mut one, mut two) = (far.accept().await, far.accept().await);
    let paths = [request(&mut one).await, request(&mut two).await];
    let (mut poll, mut quick) = if paths[0] == "/api/poll" { (one, two) } else { (two, one) };
    respond(&mut quick, "200 OK", "quick").await;
    assert_eq!(within(answers.recv()).await, Some((1, Ok((200, "quick".to_owned())))));
    respond(&mut poll, "200 OK", "at last").await;
    assert_eq!(within(answers.recv()).await, Some((0, Ok((200, "at last".to_owned())))));
    link.stop().await;
    assert_eq!(link.status().state, LinkState::Stopped);
}

/// HTTPS with an authority of our own: believed when it is configured, and no other.
#[tokio::test]
async fn https_is_spoken_with_whom_the_configured_authority_vouches_for_and_with_no_other() {
    let (ours, folder) = (tls::ca(), tempfile::tempdir().expect("a folder"));
    let trusted = tls::trusting(&ours, folder.path());
    let good = tls::acceptor(&tls::params("localhost"), Some(&ours));
    assert_eq!(over_https(good, trusted.clone()).await, Ok((200, "safe".to_owned())));
    let foreign = tls::acceptor(&tls::params("localhost"), Some(&tls::ca()));
    over_https(foreign, trusted.clone()).await.expect_err("a foreign authority is believed");
    let elsewhere = tls::acceptor(&tls::params("aes.example.com"), Some(&ours));
    over_https(elsewhere, trusted).await.expect_err("another name is believed");
}

/// What one request over TLS comes to.
async fn over_https(acceptor: TlsAcceptor, tls: Tls) -> Result<(u16, String), String> {
    let (store, data, far) = (Store::new(), tempfile::tempdir().expect("a folder"), FarSide::new().await);
    let (heard, mut answers) = mpsc::channel(16);
    let protocol = Box::new(Asker { paths: vec!["/quick"], heard });
    let base_url = format!("https://localhost:{}", far.port());
    let built = Built { transport: Transport::HttpClient { base_url, tls: Some(tls) }, protocol };
    let link = start(id(), built, host(&store, data.path()));
    let serving = tokio::spawn(async move {
        loop {
            let Ok(mut stream) = acceptor.accept(far.accept().await).await else { continue };
            if try_request(&mut stream).await.is_some() {
                respond(&mut stream, "200 OK", "safe").await;
                let _ = stream.shutdown().await;
            }
        }
    });
    let (_, answer) = within(answers.recv()).await.expect("an answer");
    link.stop().await;
    serving.abort();
    answer
}

#[tokio::test]
async fn redirects_are_answers_and_silence_and_floods_are_errors() {
    let (store, data, far) = (Store::new(), tempfile::tempdir().expect("a folder"), FarSide::new().await);
    let base = format!("http://localhost:{}", far.port());
    let (built, mut answers) = asking(vec!["/moved", "/never", "/flood", "@evil.test/"], base);
    let mut host = host(&store, data.path());
    host.pace.response_body = 1000;
    let link = start(id(), built, host);
    let serving = tokio::spawn(async move {
        let mut held = Vec::new();
        loop {
            let mut stream = far.accept().await;
            // The one that waits for nothing gives up after 50 ms, perhaps before it has written.
            let Some(path) = try_request(&mut stream).await else { continue };
            match path.as_str() {
                "/moved" => respond(&mut stream, "302 Found\r\nlocation: http://169.254.169.254/", "").await,
                "/flood" => respond(&mut stream, "200 OK", &"x".repeat(2000)).await,
                "/never" => held.push(stream),
                other => panic!("{other} was not to be asked for"),
            }
        }
    });
    let mut heard = Vec::new();
    for _ in 0..4 {
        heard.push(within(answers.recv()).await.expect("an answer"));
    }
    heard.sort_by_key(|(tag, _)| *tag);
    assert_eq!(heard[0].1, Ok((302, String::new())));
    assert!(heard[1].1.as_ref().is_err_and(|reason| reason.contains("timed out")), "{heard:?}");
    assert!(heard[2].1.as_ref().is_err_and(|reason| reason.contains("1000 bytes")), "{heard:?}");
    assert!(heard[3].1.as_ref().is_err_and(|reason| reason.contains("does not fit")), "{heard:?}");
    assert!(heard.iter().all(|(_, result)| result.as_ref().err().is_none_or(|reason| !reason.contains("http://"))));
    link.stop().await;
    serving.abort();
}

#[tokio::test]
async fn a_wrong_address_fails_with_a_sentence_that_names_the_key() {
    let (store, data) = (Store::new(), tempfile::tempdir().expect("a folder"));
    let (built, _answers) = asking(Vec::new(), "ftp://localhost/".to_owned());
    let link = start(id(), built, host(&store, data.path()));
    let status = in_state(&link, |state| matches!(state, LinkState::Failed { .. })).await;
    assert!(matches!(status.state, LinkState::Failed { reason } if reason.starts_with("base_url:")));
}
