//! Monitors, devices, snapshots, agents, errors.

use trunkline_simulators::avaya_dmcc::{AvayaDmcc, Misbehaviour, Verb};

use crate::client::{Client, monitor_start, simulator};

async fn answered_call(simulator: &AvayaDmcc) {
    for verb in [
        Verb::arrive("wang", "13800138000", "65067"),
        Verb::queue("wang", "601"),
        Verb::ring("wang", "4750"),
        Verb::answer("wang"),
    ] {
        simulator.step(verb).await.expect("possible");
    }
}

#[tokio::test]
async fn each_monitor_sees_what_it_would_see_and_no_more() {
    let simulator = simulator("").await;
    let (mut client, _) = Client::log_in(&simulator, "").await;
    let station = client.monitor("4750:CM1::0", "device").await;
    let other = client.monitor("4751", "device").await;
    let skill = client.monitor("601", "device").await;
    let vdn = client.monitor("65067", "call").await;
    answered_call(&simulator).await;
    simulator.step(Verb::drop("wang", "caller")).await.expect("possible");
    simulator.step(Verb::LogOff { agent: "1001".into(), reason: None }).await.expect("possible");
    let heard = client.events(12).await;
    let by = |reference: &str| -> Vec<&str> {
        heard.iter().filter(|(_, heard)| heard == reference).map(|(root, _)| root.as_str()).collect()
    };
    let ends = ["ConnectionClearedEvent", "ConnectionClearedEvent"];
    assert_eq!(by(&station), [["DeliveredEvent", "EstablishedEvent"], ends].concat());
    let begins = ["DeliveredEvent", "QueuedEvent", "DeliveredEvent", "EstablishedEvent"];
    assert_eq!(by(&vdn), [begins.as_slice(), &ends, &["CallClearedEvent"]].concat());
    assert_eq!(by(&skill), ["AgentLoggedOffEvent"]);
    assert!(by(&other).is_empty());
}

#[tokio::test]
async fn vdn_monitor_follows_the_call_through_a_transfer() {
    let simulator = simulator("").await;
    let (mut client, _) = Client::log_in(&simulator, "").await;
    client.monitor("65067", "call").await;
    answered_call(&simulator).await;
    let consult = Verb::Consult { call: "wang".into(), station: None, to: "4751".into(), r#as: None };
    for verb in [consult, Verb::answer("wang/consult"), Verb::Transfer { call: "wang".into(), station: None }] {
        simulator.step(verb).await.expect("possible");
    }
    simulator.step(Verb::drop("wang", "4751")).await.expect("possible");
    let transferred = client.until("TransferedEvent").await;
    assert!(transferred.document.contains("<networkCallingDevice><deviceIdentifier"));
    client.until("CallClearedEvent").await;
}

#[tokio::test]
async fn filter_lets_through_or_keeps_out_as_asked() {
    let simulator = simulator("").await;
    let (mut client, _) = Client::log_in(&simulator, "").await;
    let filter =
        "<requestedMonitorFilter><callcontrol><established>true</established></callcontrol></requestedMonitorFilter>";
    let invert = "<extensions><privateData><private><x:AvayaEvents xmlns:x='http://www.avaya.com/csta'>\
                  <x:invertFilter>true</x:invertFilter></x:AvayaEvents></private></privateData></extensions>";
    let only = client.ask(&monitor_start("4750", "device", &format!("{filter}{invert}"))).await;
    let (mut second, _) = Client::log_in(&simulator, "").await;
    let except = second.ask(&monitor_start("4750", "device", filter)).await;
    assert!(only.is("MonitorStartResponse") && except.is("MonitorStartResponse"));
    answered_call(&simulator).await;
    simulator.step(Verb::drop("wang", "4750")).await.expect("possible");
    simulator.step(Verb::arrive("li", "13800138001", "4750")).await.expect("possible");
    simulator.step(Verb::answer("li")).await.expect("possible");
    let roots = |heard: Vec<(String, String)>| heard.into_iter().map(|(root, _)| root).collect::<Vec<_>>();
    assert_eq!(roots(client.events(2).await), ["EstablishedEvent", "EstablishedEvent"]);
    assert_eq!(roots(second.events(3).await), ["DeliveredEvent", "ConnectionClearedEvent", "DeliveredEvent"]);
}

#[tokio::test]
async fn second_monitor_on_a_device_is_an_error_or_doubles_the_events() {
    let strict = simulator("").await;
    let (mut client, _) = Client::log_in(&strict, "").await;
    client.monitor("4750", "device").await;
    let refused = client.ask(&monitor_start("4750", "device", "")).await;
    assert_eq!(refused.text("subscribedResourceAvailability"), "objectMonitorLimitExceeded");

    let lenient = simulator("aes.duplicate_monitor = 'second'").await;
    let (mut client, _) = Client::log_in(&lenient, "").await;
    let references = [client.monitor("4750", "device").await, client.monitor("4750", "device").await];
    lenient.step(Verb::arrive("wang", "13800138000", "4750")).await.expect("possible");
    let heard: Vec<String> = client.events(2).await.into_iter().map(|(_, reference)| reference).collect();
    assert_eq!(heard, references);
}

#[tokio::test]
async fn stations_need_licences_and_vdns_none() {
    let simulator = simulator("aes.station_licences = 1").await;
    let (mut client, _) = Client::log_in(&simulator, "").await;
    client.monitor("4750", "device").await;
    client.monitor("65067", "call").await;
    client.monitor("601", "device").await;
    let refused = client.ask(&monitor_start("4751", "device", "")).await;
    assert_eq!(refused.text("systemResourceAvailibility"), "resourceLimitExceeded");
}

#[tokio::test]
async fn burst_of_requests_is_refused_in_part() {
    let simulator = simulator("aes.requests_per_second = 2").await;
    let (mut client, _) = Client::log_in(&simulator, "").await;
    let request = "<SnapshotDevice><snapshotObject>4750</snapshotObject></SnapshotDevice>";
    for invoke_id in 100..140 {
        client.send(invoke_id, request).await;
    }
    let mut refused = 0;
    for _ in 100..140 {
        let answer = client.receive().await;
        refused += u32::from(answer.document.contains(">outstandingReqLimitExceeded<"));
    }
    assert!((1..=38).contains(&refused), "some pass, most do not: {refused}");
}

#[tokio::test]
async fn devices_are_found_by_extension_and_strangers_refused() {
    let simulator = simulator("").await;
    let (mut client, _) = Client::log_in(&simulator, "").await;
    let ask = |kind: &str, extension: &str| {
        format!("<{kind}><switchName>cm1</switchName><extension>{extension}</extension></{kind}>")
    };
    assert_eq!(client.ask(&ask("GetDeviceId", "4750")).await.text("device"), "4750:CM1::0");
    assert_eq!(client.ask(&ask("GetThirdPartyDeviceId", "13800138000")).await.text("device"), "13800138000:CM1::0");
    assert_eq!(client.ask(&ask("GetDeviceId", "9999")).await.text("operation"), "invalidDeviceID");
    assert_eq!(client.ask(&monitor_start("9999:CM1::0", "device", "")).await.text("operation"), "invalidDeviceID");
    assert_eq!(client.ask(&monitor_start("65067", "device", "")).await.text("operation"), "invalidMonitorObject");
    let stop = "<MonitorStop xmlns='http://www.avaya.com/csta'><monitorCrossRefID>77</monitorCrossRefID></MonitorStop>";
    assert_eq!(client.ask(stop).await.text("operation"), "invalidMonitorCrossRefID");
    assert!(client.ask("<MakeCoffee xmlns='urn:x'/>").await.is("CSTAErrorCode"));
    assert!(client.ask("<a><b></a>").await.is("CSTAErrorCode"), "a broken request is answered too");
}

#[tokio::test]
async fn snapshot_and_linkage_tell_what_is_going_on() {
    let simulator = simulator("").await;
    let (mut client, _) = Client::log_in(&simulator, "").await;
    let snapshot = "<SnapshotDevice><snapshotObject>4750:CM1::0</snapshotObject></SnapshotDevice>";
    assert!(!client.ask(snapshot).await.document.contains("snapshotDeviceResponseInfo"), "idle");
    answered_call(&simulator).await;
    let device = client.ask(snapshot).await;
    let id = device.text("callID").to_owned();
    let states = "<compoundCallState><localConnectionState>connected</localConnectionState>\
                  <localConnectionState>connected</localConnectionState></compoundCallState>";
    assert!(device.document.contains(states), "{device:?}");
    let call = client.ask(&format!("<SnapshotCall><snapshotObject><deviceID>4750</deviceID><callId>{id}</callId></snapshotObject></SnapshotCall>")).await;
    assert_eq!(call.document.matches("<snapshotCallResponseInfo>").count(), 2);
    let linkage =
        client.ask(&format!("<GetCallLinkageData><call><callID>{id}</callID></call></GetCallLinkageData>")).await;
    assert_eq!(linkage.text("globallyUniqueCallLinkageID"), call.text("globallyUniqueCallLinkageID"));
    let gone = client.ask("<SnapshotCall><snapshotObject><callID>9</callID></snapshotObject></SnapshotCall>").await;
    assert_eq!(gone.text("operation"), "invalidCallID");
}

#[tokio::test]
async fn agent_state_is_told_when_asked_and_when_it_changes() {
    let simulator = simulator("").await;
    let (mut client, _) = Client::log_in(&simulator, "").await;
    client.monitor("4750", "device").await;
    let state = "<GetAgentState><device>4750:CM1::0</device></GetAgentState>";
    assert_eq!(client.ask(state).await.text("agentState>"), "agentReady");
    simulator.step(Verb::NotReady { agent: "1001".into(), reason: Some(7) }).await.expect("possible");
    let event = client.receive().await;
    assert!(event.is("AgentNotReadyEvent"));
    assert_eq!((event.text("agentID"), event.text("reasonCode")), ("1001", "7"));
    let asked = client.ask(state).await;
    assert_eq!((asked.text("agentState>"), asked.text("workMode")), ("agentNotReady", "auxWork"));
    simulator.step(Verb::LogOff { agent: "1001".into(), reason: None }).await.expect("possible");
    assert!(!client.ask(state).await.document.contains("agentStateEntry"), "nobody sits there");
}

#[tokio::test]
async fn a_device_may_stand_in_an_element_of_its_own_and_names_its_instance() {
    let simulator = simulator("").await;
    let (mut client, _) = Client::log_in(&simulator, "").await;
    let nested = "<MonitorStart><monitorObject><deviceObject><deviceIdentifier>4750:CM1::0</deviceIdentifier></deviceObject></monitorObject></MonitorStart>";
    let cross_reference = client.ask(nested).await.text("monitorCrossRefID").to_owned();
    let state = "<GetAgentState><device><deviceIdentifier>4750:CM1::0</deviceIdentifier></device></GetAgentState>";
    assert_eq!(client.ask(state).await.text("agentState>"), "agentReady");
    simulator.step(Verb::arrive("wang", "13800138000", "4750")).await.expect("possible");
    assert_eq!(client.events(1).await, [("DeliveredEvent".to_owned(), cross_reference)], "it watches the station");
    let instance = |number: &str| {
        format!(
            "<GetDeviceId><switchName>CM1</switchName><extension>4750</extension><deviceInstance>{number}</deviceInstance></GetDeviceId>"
        )
    };
    assert_eq!(client.ask(&instance("2")).await.text("device"), "4750:CM1::2");
    assert_eq!(client.ask(&instance("7")).await.text("operation"), "invalidDeviceID");
}

#[tokio::test]
async fn a_session_is_told_what_it_holds_and_what_it_may_not_do() {
    let simulator = simulator("").await;
    let (mut client, session) = Client::log_in(&simulator, "").await;
    let station = client.monitor("4750", "device").await;
    client.monitor("65067", "call").await;
    let monitors = client.ask("<GetMonitorList/>").await;
    assert_eq!((monitors.document.matches("<monitor>").count(), monitors.text("monitorCrossRefID")), (2, &*station));
    let devices = client.ask(&format!("<GetDeviceIdList><sessionID>{session}</sessionID></GetDeviceIdList>")).await;
    assert!(devices.document.contains(">4750:CM1::0<") && devices.document.contains(">65067:CM1::0<"));
    assert_eq!(client.ask("<GetSessionIdList/>").await.text("sessionID"), session);
    assert!(client.ask("<GetTimeOfDay/>").await.text("year").parse::<u32>().is_ok_and(|year| year > 2000));
    let split = client.ask("<GetAcdSplit><device>601:CM1::0</device></GetAcdSplit>").await;
    assert_eq!((split.text("availableAgents"), split.text("callsInQueue")), ("1", "0"));
    let dials = |from: &str| {
        format!(
            "<MakeCall><callingDevice>{from}:CM1::0</callingDevice><calledDirectoryNumber>1</calledDirectoryNumber></MakeCall>"
        )
    };
    assert_eq!(client.ask(&dials("4750")).await.text("operation"), "privilegeViolationSpecifiedDevice");
    assert_eq!(client.ask(&dials("9999")).await.text("operation"), "invalidDeviceID");
    let answers =
        "<AnswerCall><callToBeAnswered><callID>9</callID><deviceID>4750</deviceID></callToBeAnswered></AnswerCall>";
    assert_eq!(client.ask(answers).await.text("operation"), "invalidCallID");
}

#[tokio::test]
async fn a_monitor_that_the_switch_ends_is_told_and_digits_and_a_busy_agent_are_seen() {
    let simulator = simulator("").await;
    let (mut client, _) = Client::log_in(&simulator, "").await;
    let station = client.monitor("4750", "device").await;
    answered_call(&simulator).await;
    client.events(2).await;
    simulator.step(Verb::Busy { agent: "1001".into() }).await.expect("possible");
    simulator.step(Verb::EnterDigits { call: "wang".into(), digits: "42#".into() }).await.expect("possible");
    let busy = client.receive().await;
    assert!(busy.is("AgentBusyEvent"), "{busy:?}");
    let digits = client.receive().await;
    assert_eq!((digits.root(), digits.text("digits")), ("EnteredDigitsEvent", "42#"));
    simulator.misbehave(&Misbehaviour::StopMonitor { device: "4750".into() });
    let stop = client.receive().await;
    assert_eq!((stop.root(), stop.text("monitorCrossRefID")), ("MonitorStop", &*station));
    assert_ne!(stop.invoke_id, "9999", "it wants an answer");
    assert_eq!(simulator.monitors(), 0);
}
