//! The event stream: live pops first, then what happens; nothing of calls that are over.

use std::time::Duration;

use reqwest::{Method, Response};
use serde_json::Value;
use trunkline::http::Settings;
use trunkline_events::Body;
use trunkline_events::customer::Changed;

use crate::house::{House, id, read};
use crate::people::{WANG, answer, event, hang_up, move_in, pop, ring, short, wang};

/// A stream that is read event by event.
struct Listener {
    response: Response,
    text: String,
}

impl Listener {
    async fn open(house: &House, secret: &str, last: Option<&str>) -> Self {
        let request = house.request(Method::GET, "/api/v1/agent/events", secret);
        let request = last.into_iter().fold(request, |request, last| request.header("last-event-id", last));
        let response = request.send().await.expect("an answer");
        assert_eq!(response.status(), 200);
        assert_eq!(response.headers()["content-type"], "text/event-stream");
        Self { response, text: String::new() }
    }

    /// The next event's name and data; `None` at the end of the stream. Comments are passed over.
    async fn next(&mut self) -> Option<(String, Value)> {
        loop {
            if let Some((block, rest)) = self.text.split_once("\n\n").map(|(a, b)| (a.to_owned(), b.to_owned())) {
                self.text = rest;
                let field = |name: &str| block.lines().find_map(|line| line.strip_prefix(name).map(str::to_owned));
                if let (Some(name), Some(data)) = (field("event: "), field("data: ")) {
                    return Some((name, serde_json::from_str(&data).expect("JSON")));
                }
                continue;
            }
            let chunk = self.response.chunk().await.ok().flatten()?;
            self.text.push_str(&String::from_utf8_lossy(&chunk));
        }
    }

    async fn names(&mut self, count: usize) -> Vec<String> {
        let mut names = Vec::new();
        for _ in 0..count {
            names.push(self.next().await.expect("more").0);
        }
        names
    }
}

async fn house() -> House {
    let house = House::open().await;
    move_in(&house.records);
    house.token("a", &["agent"], Some("2001"), Some("7001"));
    house.token("b", &["agent"], Some("2002"), None);
    house
}

#[tokio::test]
async fn a_call_is_told_from_ringing_to_its_end_to_its_agent_alone() {
    let house = house().await;
    let mut a = Listener::open(&house, "a", None).await;
    let mut b = Listener::open(&house, "b", None).await;
    assert_eq!(a.next().await.expect("first").1["pops"], serde_json::json!([]));
    let call = pop(0x40, "2001", "7001", vec![short(&wang(), &house.records)]);
    ring(&house, &call);
    answer(&house, &call);
    let changed = Changed { customer: id(WANG), fields: vec!["level".into()], tags: Vec::new() };
    house.hub.publish(&event(Body::CustomerChanged(changed)));
    hang_up(&house, &call);
    let (name, ringing) = a.next().await.expect("a pop");
    assert_eq!((name.as_str(), ringing["candidates"][0]["name"].as_str()), ("pop.ringing", Some("王芳")));
    assert_eq!(a.names(3).await, ["pop.answered", "customer.changed", "pop.ended"]);
    ring(&house, &pop(0x50, "2002", "7002", Vec::new()));
    assert_eq!(b.names(2).await, ["pop.live", "pop.ringing"], "b is told of his own call only");
}

#[tokio::test]
async fn a_desktop_that_comes_back_gets_the_calls_that_live_and_no_others() {
    let house = house().await;
    let (over, alive) = (pop(0x40, "2001", "7001", Vec::new()), pop(0x50, "2001", "7001", Vec::new()));
    let mut first = Listener::open(&house, "a", None).await;
    ring(&house, &over);
    ring(&house, &alive);
    assert_eq!(first.names(3).await, ["pop.live", "pop.ringing", "pop.ringing"]);
    drop(first);
    hang_up(&house, &over);
    answer(&house, &alive);
    let mut again = Listener::open(&house, "a", Some(&over.pop.to_string())).await;
    assert_eq!(again.next().await.expect("first").1["pops"], serde_json::json!([alive.pop]));
    let (name, pop) = again.next().await.expect("a pop");
    assert_eq!((name.as_str(), pop["pop"].as_str()), ("pop.answered", Some(alive.pop.to_string().as_str())));
    hang_up(&house, &alive);
    assert_eq!(again.names(1).await, ["pop.ended"]);
}

#[tokio::test]
async fn two_desktops_of_one_agent_are_both_told() {
    let house = house().await;
    let mut one = Listener::open(&house, "a", None).await;
    let mut two = Listener::open(&house, "a", None).await;
    ring(&house, &pop(0x40, "2001", "7001", Vec::new()));
    assert_eq!(one.names(2).await, two.names(2).await);
}

#[tokio::test]
async fn a_revoked_token_ends_its_stream() {
    let house = house().await;
    house.token("admin", &["admin"], None, None);
    let token = house.token("c", &["agent"], Some("2003"), None);
    let mut stream = Listener::open(&house, "c", None).await;
    stream.names(1).await;
    house.request(Method::DELETE, &format!("/api/v1/tokens/{}", token.id), "admin").send().await.expect("an answer");
    assert_eq!(stream.next().await, None);
    assert_eq!(read(house.get("/api/v1/agent/events", "c").await).await.0, 401);
}

#[tokio::test]
async fn a_token_revoked_elsewhere_ends_its_stream_at_a_heartbeat() {
    let house = House::with(Settings { heartbeat: Duration::from_millis(20), ..Settings::default() }).await;
    house.token("c", &["agent"], Some("2003"), None);
    let mut stream = Listener::open(&house, "c", None).await;
    stream.names(1).await;
    house.records.stored().tokens.remove("c");
    assert_eq!(stream.next().await, None);
}

#[tokio::test]
async fn a_daemon_that_hears_of_no_pops_opens_no_stream() {
    let house = House::with(Settings { streams: false, ..Settings::default() }).await;
    house.token("a", &["agent"], Some("2001"), None);
    let (status, problem) = read(house.get("/api/v1/agent/events", "a").await).await;
    assert_eq!(status, 503);
    assert!(problem["detail"].as_str().expect("a sentence").contains("role agent"), "{problem}");
}

#[tokio::test]
async fn a_page_whose_stream_was_ended_for_missed_pops_comes_back_to_what_lives() {
    let house = house().await;
    house.token("a", &["agent"], Some("2001"), None);
    let mut stream = Listener::open(&house, "a", None).await;
    stream.names(1).await;
    house.hub.disconnect_all();
    assert_eq!(stream.next().await, None);
    let mut again = Listener::open(&house, "a", None).await;
    assert_eq!(again.next().await.expect("a stream").0, "pop.live");
}

#[tokio::test]
async fn a_stop_ends_the_streams_and_then_the_server() {
    // No grace time that would end the stream instead of the token.
    let house = House::with(Settings { stop_timeout: Duration::from_hours(1), ..Settings::default() }).await;
    house.token("a", &["agent"], Some("2001"), None);
    let mut stream = Listener::open(&house, "a", None).await;
    stream.names(1).await;
    house.stop.cancel();
    assert_eq!(stream.next().await, None);
    drop(stream);
    house.serving.await.expect("it ended by itself");
}

#[tokio::test]
async fn a_token_without_a_seat_has_no_stream() {
    let house = house().await;
    house.token("unbound", &["agent"], None, None);
    house.token("integrator", &["integrator"], Some("2001"), None);
    for secret in ["unbound", "integrator"] {
        assert_eq!(read(house.get("/api/v1/agent/events", secret).await).await.0, 403, "{secret}");
    }
    assert_eq!(house.hub.clients(), 0);
}

#[tokio::test]
async fn a_screen_pop_url_finds_the_live_call_in_any_vendors_words() {
    let house = house().await;
    ring(&house, &pop(0x40, "2001", "7001", vec![short(&wang(), &house.records)]));
    for query in [
        "m=013800138001&v=5001",
        "ConnID=00001000000000000064",
        "callerid=%2B8613800138001",
        "ucid=00001000000000000064&m=anonymous",
    ] {
        let answer = house.get(&format!("/pop?{query}"), "").await;
        assert_eq!(answer.status(), 303, "{query}");
        let place = answer.headers()["location"].to_str().expect("text").to_owned();
        let ours = place.strip_prefix("panel?").expect("to the panel");
        let (_, found) = read(house.get(&format!("/api/v1/agent/pops/find?{ours}"), "a").await).await;
        assert_eq!(found["found"]["pop"]["pop"], id(0x40).to_string(), "{query} {ours}");
        let (_, other) = read(house.get(&format!("/api/v1/agent/pops/find?{ours}"), "b").await).await;
        assert_eq!(other["found"], Value::Null, "another agent's call");
    }
}
