//! What goes wrong on request, and that the ledger holds what was sent and nothing else.

use std::time::Duration;

use tokio::io::AsyncReadExt;
use trunkline_simulators::avaya_dmcc::server::BrokenBody;
use trunkline_simulators::avaya_dmcc::{AvayaDmcc, Load, Misbehaviour, Verb};

use crate::client::{Client, simulator};

async fn watching(simulator: &AvayaDmcc) -> Client {
    let (mut client, _) = Client::log_in(simulator, "").await;
    client.monitor("4750", "device").await;
    client
}

async fn ring(simulator: &AvayaDmcc, call: &str) {
    simulator.step(Verb::arrive(call, "13800138000", "4750")).await.expect("possible");
}

#[tokio::test]
async fn bytes_one_at_a_time_are_still_the_same_frames() {
    let simulator = simulator("").await;
    let mut client = watching(&simulator).await;
    simulator.misbehave(&Misbehaviour::Split { bytes: 1 });
    ring(&simulator, "wang").await;
    assert_eq!(client.receive().await.text("callID"), "179");
    simulator.misbehave(&Misbehaviour::Merge { milliseconds: 20 });
    simulator.misbehave(&Misbehaviour::Delay { milliseconds: 5 });
    simulator.step(Verb::answer("wang")).await.expect("possible");
    simulator.step(Verb::drop("wang", "4750")).await.expect("possible");
    let roots: Vec<String> = client.events(2).await.into_iter().map(|(root, _)| root).collect();
    assert_eq!(roots, ["EstablishedEvent", "ConnectionClearedEvent"]);
}

#[tokio::test]
async fn broken_frames_look_as_they_were_asked_for() {
    let simulator = simulator("").await;
    let mut client = watching(&simulator).await;
    simulator.misbehave(&Misbehaviour::BrokenBody { how: BrokenBody::Oversized });
    let (header, body) = client.try_receive_frame().await.expect("a frame");
    assert_eq!((&header[2..4], body.len()), ([0xff, 0xff].as_slice(), 65_527));
    simulator.misbehave(&Misbehaviour::BrokenBody { how: BrokenBody::WrongCharset });
    let (_, body) = client.try_receive_frame().await.expect("a frame");
    assert!(String::from_utf8(body).is_err());
    simulator.misbehave(&Misbehaviour::UnknownCrossReference);
    assert_eq!(client.receive().await.text("monitorCrossRefID"), "987654321");
    simulator.misbehave(&Misbehaviour::WrongLength { length: 3 });
    let mut header = [0; 8];
    client.stream.read_exact(&mut header).await.expect("bytes");
    assert_eq!(header[2..4], [0, 3]);
    simulator.settle().await;
    let faults: Vec<_> = simulator.ledger().entries().iter().filter_map(|entry| entry.fault).collect();
    assert_eq!(faults, ["oversized", "wrong-charset", "unknown-cross-reference", "wrong-length"]);
}

#[tokio::test]
async fn dropped_connection_ends_and_its_session_waits() {
    let simulator = simulator("").await;
    let mut client = watching(&simulator).await;
    simulator.misbehave(&Misbehaviour::Drop);
    assert_eq!(client.try_receive().await, None);
    ring(&simulator, "unheard").await;
    assert_eq!((simulator.sessions(), simulator.ledger().total()), (1, 0), "unheard events are not in the ledger");
}

#[tokio::test]
async fn half_open_connection_is_dead_but_not_closed() {
    let simulator = simulator("").await;
    let (mut client, id) = Client::log_in(&simulator, "").await;
    let cross_reference = client.monitor("4750", "device").await;
    simulator.misbehave(&Misbehaviour::HalfOpen);
    ring(&simulator, "unheard").await;
    let waited = tokio::time::timeout(Duration::from_millis(200), client.try_receive()).await;
    assert!(waited.is_err(), "neither an event nor an end: {waited:?}");
    assert_eq!(simulator.ledger().total(), 0);
    // A new connection takes the session over, and only then is the dead one closed.
    let (mut again, _) = Client::log_in(&simulator, &id).await;
    simulator.step(Verb::answer("unheard")).await.expect("possible");
    assert_eq!(again.events(1).await, [("EstablishedEvent".to_owned(), cross_reference)]);
    assert_eq!(client.try_receive().await, None);
}

#[tokio::test]
async fn lost_switch_is_told_and_the_answer_heard() {
    let simulator = simulator("").await;
    let mut client = watching(&simulator).await;
    let register =
        "<SystemRegister><requestedStatusFilter><enabled>true</enabled></requestedStatusFilter></SystemRegister>";
    let registered = client.ask(register).await;
    simulator.misbehave(&Misbehaviour::LinkDown);
    let status = client.receive().await;
    assert!(status.is("SystemStatus") && status.invoke_id != "9999");
    assert_eq!((status.text("systemStatus"), status.text("tlinkStatus")), ("disabled", "tlinkDown"));
    assert_eq!(status.text("sysStatRegisterID"), registered.text("sysStatRegisterID"));
    client.send(status.invoke_id.parse().expect("digits"), "<SystemStatusResponse/>").await;
    simulator.wait_status_answers(1).await;
    ring(&simulator, "unheard").await;
    let snapshot = client.ask("<SnapshotDevice><snapshotObject>4750</snapshotObject></SnapshotDevice>").await;
    assert_eq!(snapshot.text("systemResourceAvailibility"), "resourceOutOfService");
    simulator.misbehave(&Misbehaviour::LinkUp);
    assert_eq!(client.receive().await.text("systemStatus"), "enabled");
    simulator.step(Verb::answer("unheard")).await.expect("possible");
    assert!(client.receive().await.is("EstablishedEvent"), "what rang meanwhile is not told later");
}

#[tokio::test]
async fn events_can_be_lost_doubled_and_out_of_order() {
    let simulator = simulator("").await;
    let mut client = watching(&simulator).await;
    simulator.misbehave(&Misbehaviour::Lose { event: "DeliveredEvent".into(), count: 1 });
    let (event, until) = ("EstablishedEvent".to_owned(), "ConnectionClearedEvent".to_owned());
    simulator.misbehave(&Misbehaviour::HoldBack { event, until });
    ring(&simulator, "wang").await;
    simulator.step(Verb::answer("wang")).await.expect("possible");
    simulator.step(Verb::drop("wang", "4750")).await.expect("possible");
    simulator.misbehave(&Misbehaviour::DuplicateMonitors { on: true });
    ring(&simulator, "li").await;
    let heard = client.events(4).await;
    let roots: Vec<&str> = heard.iter().map(|(root, _)| root.as_str()).collect();
    assert_eq!(roots, ["ConnectionClearedEvent", "EstablishedEvent", "DeliveredEvent", "DeliveredEvent"]);
    assert_ne!(heard[2].1, heard[3].1, "two cross references");
}

#[tokio::test]
async fn answers_can_be_late_doubled_and_missing() {
    let simulator = simulator("").await;
    let mut client = watching(&simulator).await;
    let state = "<GetAgentState><device>4750</device></GetAgentState>";
    simulator.misbehave(&Misbehaviour::NoResponse { count: 1 });
    client.send(100, state).await;
    simulator.misbehave(&Misbehaviour::DuplicateResponse { count: 1 });
    client.send(101, state).await;
    client.send(102, state).await;
    let first: Vec<String> = [client.receive().await, client.receive().await].map(|message| message.invoke_id).into();
    assert_eq!(first, ["0101", "0101"], "a duplicate is asked for only once, and the first request was swallowed");
    assert_eq!(client.receive().await.invoke_id, "0102");
    simulator.misbehave(&Misbehaviour::LateResponse { milliseconds: 50, count: 1 });
    client.send(103, state).await;
    client.send(104, state).await;
    let ids = [client.receive().await.invoke_id, client.receive().await.invoke_id];
    assert_eq!(ids, ["0104", "0103"]);
}

#[tokio::test]
async fn forgotten_session_is_silent_or_says_so() {
    let simulator = simulator("").await;
    let mut client = watching(&simulator).await;
    simulator.misbehave(&Misbehaviour::ForgetSession { tell: false });
    ring(&simulator, "unheard").await;
    assert!(client.ask("<GetLinkStatus/>").await.is("CSTAErrorCode"));
    assert!(client.start("", 60, 60).await.is("StartApplicationSessionPosResponse"));
    simulator.misbehave(&Misbehaviour::ForgetSession { tell: true });
    assert_eq!(client.receive().await.text("definedTermReason"), "resourceLimitation");
}

#[tokio::test]
async fn client_that_does_not_read_is_cut_off_and_the_others_go_on() {
    let simulator = simulator("").await;
    let (mut deaf, _) = Client::log_in(&simulator, "").await;
    deaf.monitor("65067", "call").await;
    let prepared = simulator.prepare(&Load::answered(2_500.0, 1.0)).expect("possible");
    let mut client = watching(&simulator).await;
    // All at once, far more than the socket and the queue hold. Nobody reads it.
    simulator.emit(prepared, u32::MAX).await;
    simulator.wait_connections(1).await;
    ring(&simulator, "wang").await;
    assert!(client.receive().await.is("DeliveredEvent"));
    let booked = simulator.ledger().total();
    let mut whole = 0;
    while let Some(frame) = deaf.try_receive_frame().await {
        assert!(!frame.1.is_empty());
        whole += 1;
    }
    assert!(whole >= booked - 1, "what is booked was in the socket: {booked} booked, {whole} whole frames");
}

#[tokio::test]
async fn load_that_is_larger_than_the_queue_waits_for_its_reader() {
    let simulator = simulator("").await;
    let (mut client, _) = Client::log_in(&simulator, "").await;
    client.monitor("65067", "call").await;
    let prepared = simulator.prepare(&Load::answered(10_000.0, 1.0)).expect("possible");
    let events = prepared.events() as u64;
    let reader = tokio::spawn(async move {
        let (mut frames, mut bytes) = (0, 0);
        while let Some((_, body)) = client.try_receive_frame().await {
            frames += 1;
            bytes += body.len();
        }
        (frames, bytes)
    });
    // Everything is due at once, and it is more than a queue may hold.
    simulator.emit(prepared, u32::MAX).await;
    let ledger = simulator.stop().await;
    let (frames, bytes) = reader.await.expect("reads");
    assert!(bytes > 64 << 20, "{bytes} bytes prove nothing");
    assert_eq!((frames, ledger.total()), (events, events), "nothing was cut off");
}

#[tokio::test]
async fn prepared_load_is_sent_whole_and_booked() {
    let simulator = simulator("").await;
    let (mut client, _) = Client::log_in(&simulator, "").await;
    client.monitor("4750", "device").await;
    client.monitor("65067", "call").await;
    let prepared = simulator.prepare(&Load::answered(1_000.0, 0.5)).expect("possible");
    assert_eq!(prepared.calls(), 500);
    let events = prepared.events();
    let reader = tokio::spawn(async move {
        let mut cleared = 0;
        for _ in 0..events {
            cleared += u32::from(client.receive().await.is("CallClearedEvent"));
        }
        cleared
    });
    simulator.emit(prepared, 1_000_000).await;
    assert_eq!(reader.await.expect("reads"), 500);
    let ledger = simulator.stop().await;
    assert_eq!((ledger.total(), ledger.counts()["CallClearedEvent"]), (events as u64, 500));
    let numbers: Vec<u64> = ledger.entries().iter().map(|entry| entry.seq).collect();
    assert!(numbers.iter().copied().eq(1..=events as u64), "numbered without holes");
}
