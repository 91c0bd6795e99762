//! Agents before their pages: each holds a token of his own and reads his pops as server-sent events.

use std::sync::{Arc, Mutex, PoisonError};

use anyhow::{Context, Result};
use futures_util::StreamExt as _;
use serde::Deserialize;
use time::OffsetDateTime;
use tokio::task::JoinHandle;

/// A ringing pop that arrived: the call's UCID and when its last byte was read.
pub(crate) type Arrival = (String, OffsetDateTime);

/// The open pages. Dropping it closes them.
pub(crate) struct Pages {
    arrivals: Arc<Mutex<Vec<Arrival>>>,
    readers: Vec<JoinHandle<()>>,
}

#[derive(Deserialize)]
struct Created {
    secret: String,
}

#[derive(Deserialize)]
struct Pop {
    call: Call,
}

#[derive(Deserialize)]
struct Call {
    ucid: Option<String>,
}

impl Pages {
    /// Makes a token for each station and opens its stream.
    pub(crate) async fn open(base: &str, admin: &str, stations: impl Iterator<Item = u32>) -> Result<Self> {
        let http = reqwest::Client::new();
        let mut pages = Self { arrivals: Arc::default(), readers: Vec::new() };
        for station in stations {
            let wanted = serde_json::json!({
                "name": format!("page at {station}"), "scopes": ["agent"], "extension": station.to_string(),
            });
            let asked = http.post(format!("{base}/api/v1/tokens")).bearer_auth(admin).json(&wanted).send().await?;
            let made: Created = asked.error_for_status().context("no token")?.json().await?;
            let asked = http.get(format!("{base}/api/v1/agent/events")).bearer_auth(made.secret).send().await?;
            let stream = asked.error_for_status().context("no stream of pops")?;
            pages.readers.push(tokio::spawn(read(stream, Arc::clone(&pages.arrivals))));
        }
        Ok(pages)
    }

    /// What arrived since this was asked last.
    pub(crate) fn take(&self) -> Vec<Arrival> {
        std::mem::take(&mut *self.arrivals.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Drop for Pages {
    fn drop(&mut self) {
        self.readers.iter().for_each(JoinHandle::abort);
    }
}

async fn read(stream: reqwest::Response, arrivals: Arc<Mutex<Vec<Arrival>>>) {
    let mut bytes = stream.bytes_stream();
    let mut text = Vec::new();
    while let Some(Ok(chunk)) = bytes.next().await {
        let now = OffsetDateTime::now_utc();
        text.extend_from_slice(&chunk);
        while let Some(end) = text.windows(2).position(|pair| pair == b"\n\n") {
            let frame: Vec<u8> = text.drain(..end + 2).collect();
            if let Some(ucid) = ringing(&frame) {
                arrivals.lock().unwrap_or_else(PoisonError::into_inner).push((ucid, now));
            }
        }
    }
}

/// The UCID of the call, if the frame is a pop that begins to ring.
fn ringing(frame: &[u8]) -> Option<String> {
    let text = std::str::from_utf8(frame).ok()?.strip_prefix("event: pop.ringing\n")?;
    let data = text.lines().find_map(|line| line.strip_prefix("data: "))?;
    serde_json::from_str::<Pop>(data).ok()?.call.ucid
}
