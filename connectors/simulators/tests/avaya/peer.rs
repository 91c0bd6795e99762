//! A client in Python, written from the protocol's description alone, meets the simulated AES.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use serde_json::Value;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, ChildStdout, Command};
use trunkline_simulators::avaya_dmcc::server::Tls;
use trunkline_simulators::avaya_dmcc::{AvayaDmcc, Listening, Misbehaviour, Scenario, Verb};

/// The Python client, running.
struct Peer {
    child: Child,
    lines: tokio::io::Lines<BufReader<ChildStdout>>,
    seen: Vec<Value>,
}

pub(crate) fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

pub(crate) fn scenario(name: &str) -> Scenario {
    Scenario::read(&repository().join("tests/scenarios").join(name)).expect("the scenario is valid")
}

impl Peer {
    fn start(address: SocketAddr, arguments: &[&str]) -> Self {
        let mut child = Command::new("python3")
            .arg(repository().join("tests/peers/dmcc/client.py"))
            .args(["--port", &address.port().to_string(), "--user", "trunkline", "--password", "Trunk-1-line"])
            .args(["--skill", "601", "--vdn", "65067"])
            .args(arguments)
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .expect("python3 is installed");
        let lines = BufReader::new(child.stdout.take().expect("stdout is piped")).lines();
        Self { child, lines, seen: Vec::new() }
    }

    /// Reads on until a line says this.
    async fn until(&mut self, says: impl Fn(&Value) -> bool) -> Value {
        while let Some(line) = self.lines.next_line().await.expect("stdout can be read") {
            let line: Value = serde_json::from_str(&line).expect("each line is JSON");
            self.seen.push(line.clone());
            if says(&line) {
                return line;
            }
        }
        panic!("the client ended before it said so: {:#?}", self.seen);
    }

    /// Reads to the end. The client must have ended well.
    async fn finish(mut self) -> Vec<Value> {
        while let Some(line) = self.lines.next_line().await.expect("stdout can be read") {
            self.seen.push(serde_json::from_str(&line).expect("each line is JSON"));
        }
        let status = self.child.wait().await.expect("the client ends");
        assert!(status.success(), "{:#?}", self.seen);
        self.seen
    }
}

fn events(seen: &[Value]) -> Vec<&Value> {
    seen.iter().filter(|line| line["line"] == "event").collect()
}

/// `(root, field)` of every event of one monitor.
fn story<'a>(seen: &'a [Value], cross_reference: &str, field: &str) -> Vec<(&'a str, &'a str)> {
    let of_monitor = |event: &&&Value| event["cross_reference"] == cross_reference;
    let pick = |event: &&'a Value| (event["root"].as_str().unwrap_or(""), event[field].as_str().unwrap_or(""));
    events(seen).iter().filter(of_monitor).map(pick).collect()
}

fn cross_reference(seen: &[Value], device: &str) -> String {
    let of_device = |line: &&Value| line["line"] == "monitor" && line["device"] == device;
    seen.iter().find(of_device).and_then(|line| line["cross_reference"].as_str()).expect("monitored").to_owned()
}

#[tokio::test]
async fn outside_client_hears_both_calls_of_ms_wang() {
    let scenario = scenario("avaya-c00.toml");
    let simulator = AvayaDmcc::start(Listening::loopback(), &scenario).await.expect("starts");
    let peer = Peer::start(simulator.addr(), &["--station", "4750", "--calls", "2"]);
    let (played, seen) = tokio::join!(simulator.play(&scenario), peer.finish());
    played.expect("the scenario plays");

    let skill = cross_reference(&seen, "601");
    assert_eq!(story(&seen, &skill, "agent"), [("AgentLoggedOnEvent", "1001")]);
    let station = cross_reference(&seen, "4750");
    let one_call = ["DeliveredEvent", "EstablishedEvent", "ConnectionClearedEvent", "ConnectionClearedEvent"];
    // In the second call the agent hangs up first, and a station that has left hears no more. The client leaves with the
    // end of that call, before the agent is ready again.
    let (wraps_up, ready) = (["AgentWorkingAfterCallEvent"], ["AgentReadyEvent"]);
    let expected = [ready.as_slice(), &one_call, &wraps_up, &ready, &one_call[..3], &wraps_up].concat();
    let heard: Vec<&str> = story(&seen, &station, "root").iter().map(|(root, _)| *root).collect();
    assert_eq!(heard, expected);
    let vdn = cross_reference(&seen, "65067");
    let followed: Vec<&str> = story(&seen, &vdn, "root").iter().map(|(root, _)| *root).collect();
    let whole = [&["DeliveredEvent", "QueuedEvent"], one_call.as_slice(), &["CallClearedEvent"]].concat();
    assert_eq!(followed, [whole.as_slice(), &whole].concat());

    let ringing: Vec<&Value> = events(&seen).into_iter().filter(|event| event["alertingDevice"] == "4750").collect();
    assert!(ringing.iter().all(|event| event["callingDevice"] == "13800138000" && event["calledDevice"] == "65067"));
    assert_eq!((&ringing[0]["uui"], &ringing[0]["digits"]), (&Value::from("topic=refund"), &Value::from("3")));
    let ucids: std::collections::BTreeSet<&str> = ringing.iter().filter_map(|event| event["ucid"].as_str()).collect();
    assert_eq!(ucids.len(), 2, "each call has its own UCID");
    assert!(ucids.iter().all(|ucid| ucid.len() == 20));

    let ledger = simulator.stop().await;
    assert_eq!(ledger.entries().len(), events(&seen).len(), "the ledger holds what was heard, no more, no less");
}

#[tokio::test]
async fn outside_client_keeps_its_session_alive_and_recovers_it() {
    let scenario = scenario("avaya-c00.toml");
    let simulator = AvayaDmcc::start(Listening::loopback(), &scenario).await.expect("starts");
    let arguments = ["--station", "4750", "--duration", "2", "--keep-alives", "1", "--lose-connection-after", "3"];
    let mut peer = Peer::start(simulator.addr(), &arguments);
    simulator.wait_monitored(3).await;
    for verb in [Verb::arrive("wang", "13800138000", "65067"), Verb::queue("wang", "601")] {
        simulator.step(verb).await.expect("possible");
    }
    simulator.step(Verb::ring("wang", "4750")).await.expect("possible");
    // The third event makes the client lose its connection; the call goes on on the recovered session.
    peer.until(|line| line["line"] == "session" && line["recovered"] == true).await;
    simulator.step(Verb::answer("wang")).await.expect("possible");
    simulator.step(Verb::drop("wang", "caller")).await.expect("possible");
    let seen = peer.finish().await;
    let monitors = seen.iter().filter(|line| line["line"] == "monitor").count();
    assert_eq!(monitors, 3, "the monitors outlived the connection");
    assert!(events(&seen).iter().any(|event| event["root"] == "EstablishedEvent"));
    assert!(seen.iter().any(|line| line["root"] == "ResetApplicationSessionTimerPosResponse"));
    simulator.wait_sessions(0).await;
}

#[tokio::test]
async fn outside_client_lives_through_a_rough_day() {
    let scenario = scenario("avaya-rough.toml");
    let simulator = AvayaDmcc::start(Listening::loopback(), &scenario).await.expect("starts");
    let stations = ["--station", "4750", "--station", "4751", "--station", "4752"];
    let peer = Peer::start(simulator.addr(), &[stations.as_slice(), &["--calls", "5"]].concat());
    let (played, seen) = tokio::join!(simulator.play(&scenario), peer.finish());
    played.expect("the scenario plays");
    let unreadable = seen.iter().filter(|line| line["what"] == "unreadable body").count();
    assert!(unreadable >= 5, "the broken bodies came through as broken bodies: {unreadable}");
    let out_of_step = seen.iter().filter(|line| line["what"] == "stream out of step").count();
    assert_eq!(out_of_step, 2, "wrong length and bad indicator");
    assert!(seen.iter().any(|line| line["what"] == "the server ended the session"));
    let last = events(&seen).last().map(|event| event["root"].clone());
    assert_eq!(last, Some(Value::from("CallClearedEvent")), "the calm call at the end was heard to its end");
}

#[tokio::test]
async fn outside_client_is_served_over_tls() {
    let folder = tempfile::tempdir().expect("a folder");
    let certified = rcgen::generate_simple_self_signed(["127.0.0.1".to_owned()]).expect("a certificate");
    let (certificate, key) = (folder.path().join("cert.pem"), folder.path().join("key.pem"));
    std::fs::write(&certificate, certified.cert.pem()).expect("written");
    std::fs::write(&key, certified.signing_key.serialize_pem()).expect("written");
    let ca = certificate.to_str().expect("a path in UTF-8").to_owned();
    let listening = Listening { tls: Some(Tls { certificate, key }), ..Listening::loopback() };
    let simulator = AvayaDmcc::start(listening, &scenario("avaya-c00.toml")).await.expect("starts");
    let peer = Peer::start(simulator.addr(), &["--station", "4750", "--ca", &ca]);
    simulator.wait_monitored(3).await;
    simulator.misbehave(&Misbehaviour::Split { bytes: 7 });
    for verb in [Verb::arrive("wang", "restricted", "65067"), Verb::Abandon { call: "wang".into() }] {
        simulator.step(verb).await.expect("possible");
    }
    let seen = peer.finish().await;
    let arrived = events(&seen)[0];
    assert_eq!((&arrived["root"], &arrived["callingDevice"]), (&"DeliveredEvent".into(), &"restricted".into()));
}
