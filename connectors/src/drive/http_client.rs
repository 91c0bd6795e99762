//! We send requests: several at a time, one of them may be a long poll. Redirects are not followed, proxies of the
//! environment not used, answers limited in size; a request can only go to the configured host.

use std::collections::VecDeque;
use std::convert::Infallible;

use bytes::BytesMut;
use futures_util::StreamExt;
use futures_util::future::BoxFuture;
use futures_util::stream::FuturesUnordered;
use reqwest::{Client, Method, Url, redirect};
use tokio::time::Instant;

use super::desk::{Desk, Ending, Will};
use super::{Pace, tls};
use crate::contract::{HttpRequest, HttpResponse, Input, Tls};

/// An answer with the tag of its request.
type Answered = (u64, Result<HttpResponse, String>);

/// Runs until the operator stops the link or the protocol calls its parameters no good. Requests under way when the
/// link is reset are given up; what the protocol has not heard it asks for again, so no gap is declared here.
pub(super) async fn run(desk: &mut Desk, base_url: &str, tls: Option<&Tls>) -> Ending {
    desk.declares_gaps = false;
    let (client, base) = match client(base_url, tls, desk.trunk.host.pace) {
        Ok(both) => both,
        Err(reason) => return Ending::Fatal(reason),
    };
    let peer = base.origin().ascii_serialization();
    loop {
        let begun = Instant::now();
        let ending = match serve(desk, &client, &base, &peer).await {
            Ok(never) => match never {},
            Err(ending) => ending,
        };
        if ending == Ending::Leave {
            farewell(desk, &client, &base).await;
        }
        if let Err(ending) = desk.reopen(&peer, ending, begun.elapsed()).await {
            return ending;
        }
    }
}

fn client(base_url: &str, tls: Option<&Tls>, pace: Pace) -> Result<(Client, Url), String> {
    let base = Url::parse(base_url).map_err(|error| format!("base_url: {error}"))?;
    if !matches!(base.scheme(), "http" | "https") || base.host().is_none() {
        return Err("base_url: it has to begin with http:// or https:// and a host".to_owned());
    }
    if !base.username().is_empty() || base.password().is_some() {
        return Err("base_url: user and password have keys of their own".to_owned());
    }
    let config = tls::client_config(&tls.cloned().unwrap_or_default()).map_err(|error| error.to_string());
    let builder = Client::builder()
        .redirect(redirect::Policy::none())
        .no_proxy()
        .connect_timeout(pace.connect_within)
        .user_agent(concat!("trunkline/", env!("CARGO_PKG_VERSION")));
    let builder = match config {
        Ok(config) => builder.tls_backend_preconfigured(config),
        // Plain HTTP needs no certificates.
        Err(_) if base.scheme() == "http" => builder.tls_certs_only([]),
        Err(reason) => return Err(reason),
    };
    let client = builder.build().map_err(|error| format!("the HTTP client cannot be set up: {error}"))?;
    Ok((client, base))
}

async fn serve(desk: &mut Desk, client: &Client, base: &Url, peer: &str) -> Result<Infallible, Ending> {
    if desk.will() != Will::Run {
        return Err(Ending::Leave);
    }
    let mut waiting = VecDeque::new();
    let mut under_way = FuturesUnordered::new();
    desk.opened(peer)?;
    loop {
        waiting.append(&mut desk.requests);
        while under_way.len() < desk.trunk.host.pace.requests
            && let Some(request) = waiting.pop_front()
        {
            under_way.push(send(client, base, request, desk.trunk.host.pace.response_body));
        }
        let room = desk.has_room() && !under_way.is_empty();
        tokio::select! {
            biased;
            chore = desk.chore() => desk.attend(&chore)?,
            Some((tag, result)) = under_way.next(), if room => {
                if let Ok(response) = &result {
                    desk.trunk.bytes_in.increment(response.body.len() as u64);
                }
                desk.give(Input::Response { tag, result })?;
            }
        }
    }
}

/// Lets the protocol log out: its last requests are sent, their answers not waited for beyond a moment.
async fn farewell(desk: &mut Desk, client: &Client, base: &Url) {
    // The link closes now whatever the protocol answers.
    let _ = desk.give(Input::Stopping);
    let pace = desk.trunk.host.pace;
    let last: FuturesUnordered<_> =
        desk.requests.drain(..).map(|request| send(client, base, request, pace.response_body)).collect();
    let _ = tokio::time::timeout(pace.connect_within / 4, last.collect::<Vec<_>>()).await;
}

fn send(client: &Client, base: &Url, request: HttpRequest, most: usize) -> BoxFuture<'static, Answered> {
    let HttpRequest { tag, method, path, headers, body, timeout } = request;
    let built = address(base, &path).and_then(|url| {
        let method = Method::from_bytes(method.as_bytes()).map_err(|_| format!("{method:?} is no HTTP method"))?;
        let mut builder = client.request(method, url).timeout(timeout).body(body);
        for (name, value) in headers {
            builder = builder.header(name, value);
        }
        Ok(builder)
    });
    Box::pin(async move {
        let result = match built {
            Ok(builder) => answer(builder, most).await,
            Err(reason) => Err(reason),
        };
        (tag, result)
    })
}

/// The address of a path, which stays with the configured host whatever the path holds.
fn address(base: &Url, path: &str) -> Result<Url, String> {
    let joined = format!("{}{path}", base.as_str().trim_end_matches('/'));
    match Url::parse(&joined) {
        Ok(url) if path.starts_with('/') && url.origin() == base.origin() && url.username().is_empty() => Ok(url),
        _ => Err("the path of a request does not fit the configured address".to_owned()),
    }
}

async fn answer(builder: reqwest::RequestBuilder, most: usize) -> Result<HttpResponse, String> {
    // The address may hold a token in its query.
    let sentence = |error: reqwest::Error| describe(&error.without_url());
    let response = builder.send().await.map_err(sentence)?;
    let status = response.status().as_u16();
    let headers = response
        .headers()
        .iter()
        .map(|(name, value)| (name.as_str().to_owned(), String::from_utf8_lossy(value.as_bytes()).into_owned()))
        .collect();
    let mut body = BytesMut::new();
    let mut chunks = response.bytes_stream();
    while let Some(chunk) = chunks.next().await {
        body.extend_from_slice(&chunk.map_err(sentence)?);
        if body.len() > most {
            return Err(format!("the answer has more than {most} bytes"));
        }
    }
    Ok(HttpResponse { status, headers, body: body.freeze() })
}

/// The error and its causes in one line.
fn describe(error: &dyn std::error::Error) -> String {
    let mut sentence = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        sentence = format!("{sentence}: {error}");
        cause = error.source();
    }
    sentence
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_never_leads_to_another_host() {
        let base = Url::parse("https://pbx.example.com/api/").expect("a URL");
        assert_eq!(address(&base, "/poll?x=1").expect("fits").as_str(), "https://pbx.example.com/api/poll?x=1");
        for path in ["@evil.test/", ".evil.test/", ":8443/", "evil", ""] {
            assert!(address(&base, path).is_err(), "{path}");
        }
        let without_path = Url::parse("https://pbx.example.com").expect("a URL");
        assert!(address(&without_path, "@evil.test/").is_err() && address(&without_path, ":1/").is_err());
    }

    #[test]
    fn a_password_in_the_address_is_refused() {
        let reason = client("https://user:secret@pbx.example.com", None, Pace::default()).expect_err("refused");
        assert!(reason.starts_with("base_url:") && !reason.contains("secret"));
    }
}
