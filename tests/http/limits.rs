//! What a peer may cost: slow, large and many-headed requests end, webhooks are bounded, pages bind the browser.

use std::time::Duration;

use reqwest::Method;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use trunkline::http::Settings;
use trunkline_events::Body;

use crate::house::{House, read};
use crate::people::{event, pop};

/// A daemon with short patience.
async fn impatient() -> House {
    let short = Duration::from_millis(150);
    House::with(Settings { header_timeout: short, body_timeout: short, ..Settings::default() }).await
}

/// Sends what `pieces` says and reads until the server closes.
async fn until_closed(house: &House, pieces: &[&[u8]]) -> String {
    let mut stream = TcpStream::connect(house.address).await.expect("connects");
    for piece in pieces {
        // The server may have closed already: the answer tells.
        let _ = stream.write_all(piece).await;
    }
    let mut answer = Vec::new();
    let closed = tokio::time::timeout(Duration::from_secs(30), stream.read_to_end(&mut answer)).await;
    assert!(closed.is_ok(), "the connection was left open");
    String::from_utf8_lossy(&answer).into_owned()
}

#[tokio::test]
async fn an_idle_connection_and_half_a_header_are_closed() {
    let house = impatient().await;
    assert_eq!(until_closed(&house, &[]).await, "");
    let half = until_closed(&house, &[b"GET / HTTP/1.1\r\nHost: x\r\nX-Slow: "]).await;
    assert!(half.is_empty() || half.starts_with("HTTP/1.1 408"), "{half}");
    let after = until_closed(&house, &[b"GET /health/live HTTP/1.1\r\nHost: x\r\n\r\n"]).await;
    assert!(after.starts_with("HTTP/1.1 200"), "an answered connection that then idles is closed too: {after}");
}

#[tokio::test]
async fn a_body_that_does_not_come_is_a_408_and_the_end() {
    let house = impatient().await;
    for path in ["/ingest/chat", "/api/v1/tokens"] {
        let header = format!("POST {path} HTTP/1.1\r\nHost: x\r\nContent-Length: 500\r\n\r\n");
        let answer = until_closed(&house, &[header.as_bytes(), b"{"]).await;
        assert!(answer.starts_with("HTTP/1.1 408") && answer.contains("problem+json"), "{path} {answer}");
    }
    assert!(house.webhooks.taken().is_empty());
}

#[tokio::test]
async fn a_body_that_trickles_is_not_kept_alive_by_its_trickle() {
    let house = impatient().await;
    let stream = TcpStream::connect(house.address).await.expect("connects");
    let (mut read, mut write) = stream.into_split();
    write.write_all(b"POST /ingest/chat HTTP/1.1\r\nHost: x\r\nContent-Length: 900\r\n\r\n").await.expect("sent");
    let trickle = tokio::spawn(async move {
        let mut pace = tokio::time::interval(Duration::from_millis(20));
        loop {
            pace.tick().await;
            if write.write_all(b"x").await.is_err() {
                return;
            }
        }
    });
    let mut answer = Vec::new();
    let closed = tokio::time::timeout(Duration::from_secs(30), read.read_to_end(&mut answer)).await;
    trickle.abort();
    assert!(closed.is_ok(), "a byte now and then kept it open");
    assert!(String::from_utf8_lossy(&answer).starts_with("HTTP/1.1 408"));
}

#[tokio::test]
async fn too_many_or_too_large_headers_are_refused() {
    let house = House::open().await;
    let many = "X-Many: 1\r\n".repeat(20_000);
    let large = format!("X-Large: {}\r\n", "a".repeat(100_000));
    for header in [many, large] {
        let request = format!("GET /health/live HTTP/1.1\r\nHost: x\r\n{header}\r\n");
        let mut stream = TcpStream::connect(house.address).await.expect("connects");
        let _ = stream.write_all(request.as_bytes()).await;
        let mut answer = [0; 12];
        let status = stream.read_exact(&mut answer).await.map(|_| String::from_utf8_lossy(&answer).into_owned());
        // With unread bytes left the close may be a reset that overtakes the 431.
        assert!(status.is_err() || status.as_deref().is_ok_and(|line| line == "HTTP/1.1 431"), "{status:?}");
    }
    assert_eq!(house.get("/health/live", "").await.status(), 200);
}

#[tokio::test]
async fn the_connection_cap_makes_others_wait_and_not_fail() {
    let house = House::with(Settings { max_connections: 1, ..Settings::default() }).await;
    let mut first = TcpStream::connect(house.address).await.expect("connects");
    first.write_all(b"GET /health/live HTTP/1.1\r\nHost: x\r\n\r\n").await.expect("sent");
    first.read_exact(&mut [0; 15]).await.expect("answered");
    let second = house.get("/health/live", "");
    tokio::pin!(second);
    tokio::select! {
        biased;
        answer = &mut second => panic!("the cap let a second one in: {}", answer.status()),
        () = async { for _ in 0..500 { tokio::task::yield_now().await } } => {}
    }
    drop(first);
    assert_eq!(second.await.status(), 200);
}

#[tokio::test]
async fn one_address_cannot_take_the_places_of_all_and_a_proxy_may() {
    let two = Settings { max_connections_per_address: 2, proxies: Vec::new(), ..Settings::default() };
    let house = House::with(two.clone()).await;
    let mut held = Vec::new();
    for _ in 0..2 {
        let mut stream = TcpStream::connect(house.address).await.expect("connects");
        stream.write_all(b"GET /health/live HTTP/1.1\r\nHost: x\r\n\r\n").await.expect("sent");
        stream.read_exact(&mut [0; 15]).await.expect("answered");
        held.push(stream);
    }
    assert_eq!(until_closed(&house, &[b"GET /health/live HTTP/1.1\r\nHost: x\r\n\r\n"]).await, "");
    held.pop();
    // The place is given back once the server has seen the end.
    while until_closed(&house, &[b"GET /health/live HTTP/1.0\r\nHost: x\r\n\r\n"]).await.is_empty() {}
    let proxied = House::with(Settings { proxies: vec![house.address.ip()], ..two }).await;
    let answers = (0..4).map(|_| proxied.get("/health/live", ""));
    assert!(futures_util::future::join_all(answers).await.iter().all(|answer| answer.status() == 200));
}

#[tokio::test]
async fn a_client_that_does_not_read_its_stream_is_cut() {
    let write_timeout = Duration::from_millis(200);
    let house = House::with(Settings { write_timeout, ..Settings::default() }).await;
    house.token("a", &["agent"], Some("2001"), Some("7001"));
    let mut stream = TcpStream::connect(house.address).await.expect("connects");
    let request = b"GET /api/v1/agent/events HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer a\r\n\r\n";
    stream.write_all(request).await.expect("sent");
    stream.read_exact(&mut [0; 15]).await.expect("answered");
    assert_eq!(house.hub.clients(), 1);
    // More than the kernel keeps for a reader that does not read.
    let cut = async {
        let mut number = 0x1000;
        while house.hub.clients() > 0 {
            let mut call = pop(number, "2001", "7001", Vec::new());
            call.data.uui_text = Some("x".repeat(100_000));
            house.hub.publish(&event(Body::PopRinging(call)));
            number += 2;
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(60), cut).await.expect("it was cut");
    assert_eq!(house.get("/health/live", "").await.status(), 200);
}

#[tokio::test]
async fn what_is_no_http_is_refused_and_closed() {
    let house = House::open().await;
    for wrong in [
        &b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"[..],
        b"GET / HTTP/1.1\r\nHo st: x\r\n\r\n",
        b"POST /ingest/chat HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n",
        b"POST /ingest/chat HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nxx",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    ] {
        let answer = until_closed(&house, &[wrong]).await;
        let refused = ["HTTP/1.1 400", "HTTP/1.1 505"].iter().any(|status| answer.starts_with(status));
        assert!(refused || answer.is_empty(), "{:?}: {answer}", String::from_utf8_lossy(wrong));
    }
    let many = format!("GET /health/live HTTP/1.1\r\nHost: x\r\n{}\r\n", "X-Many: 1\r\n".repeat(101));
    assert!(until_closed(&house, &[many.as_bytes()]).await.starts_with("HTTP/1.1 431"));
    assert!(house.webhooks.taken().is_empty());
}

#[tokio::test]
async fn a_webhook_arrives_as_it_was_sent() {
    let house = House::open().await;
    let body: &[u8] = b"{\"b\": 1,\r\n \"a\":\xff}";
    let sent = house.request(Method::POST, "/ingest/chat?b=2&a=%31", "").header("Webhook-Id", "m1").body(body).send();
    assert_eq!(sent.await.expect("an answer").status(), 202);
    let taken = house.webhooks.taken();
    assert_eq!((taken[0].method.as_str(), taken[0].query.as_str()), ("POST", "b=2&a=%31"));
    assert_eq!(taken[0].body, body);
    assert_eq!(taken[0].header("webhook-id"), Some("m1"));
    assert!(taken[0].peer.is_some_and(|peer| peer.is_loopback()));
    assert_eq!(house.get("/ingest/chat?echostr=1", "").await.status(), 202, "some systems check by GET");
}

#[tokio::test]
async fn a_webhook_is_bounded_by_its_connector_and_unknown_ones_are_told() {
    let house = House::open().await;
    let post = |path: &'static str, size: usize| house.request(Method::POST, path, "").body(vec![b'x'; size]).send();
    assert_eq!(post("/ingest/chat", 1000).await.expect("an answer").status(), 202);
    assert_eq!(read(post("/ingest/chat", 1001).await.expect("an answer")).await.0, 413);
    assert_eq!(read(post("/ingest/nobody", 10).await.expect("an answer")).await.0, 404);
    let chunked = "POST /ingest/chat HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n3e9\r\n";
    let long = format!("{}\r\n0\r\n\r\n", "x".repeat(1001));
    let answer = until_closed(&house, &[chunked.as_bytes(), long.as_bytes()]).await;
    assert!(answer.starts_with("HTTP/1.1 413"), "a body without a length is measured: {answer}");
    assert_eq!(house.webhooks.taken().len(), 1);
}

#[tokio::test]
async fn an_api_body_over_the_limit_is_a_413_for_anybody() {
    let house = House::open().await;
    let body = vec![b'x'; 65 * 1024];
    let sent = house.request(Method::POST, "/api/v1/tokens", "").body(body).send().await;
    assert_eq!(read(sent.expect("an answer")).await.0, 413);
}

#[tokio::test]
async fn pages_run_nothing_but_our_files_and_stand_only_in_allowed_frames() {
    let frame_ancestors = vec!["https://desktop.bank.example".to_owned()];
    let house = House::with(Settings { frame_ancestors, ..Settings::default() }).await;
    for path in ["/", "/panel", "/desk"] {
        let page = house.get(path, "").await;
        let policy = page.headers()["content-security-policy"].to_str().expect("text").to_owned();
        assert!(policy.contains("script-src 'self'") && !policy.contains("unsafe"), "{policy}");
        assert!(policy.ends_with("frame-ancestors 'self' https://desktop.bank.example"), "{policy}");
        assert_eq!(page.headers()["x-content-type-options"], "nosniff");
        assert_eq!(page.headers()["referrer-policy"], "no-referrer");
    }
    let api = house.get("/api/v1/me", "").await;
    assert!(api.headers()["content-security-policy"].to_str().expect("text").contains("frame-ancestors 'none'"));
    assert_eq!(api.headers()["cache-control"], "no-store");
    let script = house.get("/assets/panel.js", "").await;
    assert_eq!(script.headers()["content-type"], "text/javascript; charset=utf-8");
    let tag = script.headers()["etag"].clone();
    let again = house.request(Method::GET, "/assets/panel.js", "").header("if-none-match", tag).send().await;
    assert_eq!(again.expect("an answer").status(), 304);
}
