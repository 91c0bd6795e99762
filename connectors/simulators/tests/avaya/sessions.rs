//! Application sessions: login, keep-alive, end, recovery.

use trunkline_simulators::avaya_dmcc::{Misbehaviour, Verb};

use crate::client::{Client, monitor_start, simulator, start_session};

#[tokio::test]
async fn login_is_checked_and_a_spoken_version_is_agreed_on() {
    let simulator = simulator("").await;
    let mut client = Client::connect(&simulator).await;
    let refusals = [
        (start_session("cti", "wrong", "ed3/priv6", "", 60, 60), "invalidApplicationInfo"),
        (start_session("nobody", "p&lt;&amp;>ss", "ed3/priv6", "", 60, 60), "invalidApplicationInfo"),
        (start_session("cti", "p&lt;&amp;>ss", "edX", "", 60, 60), "requestedProtocolVersionNotSupported"),
    ];
    for (request, error) in refusals {
        let answer = client.ask(&request).await;
        assert!(answer.is("StartApplicationSessionNegResponse"), "{answer:?}");
        assert_eq!(answer.text("definedError"), error);
    }
    let answer = client.start("", 90, 60).await;
    assert!(answer.text("actualProtocolVersion").ends_with("csta/ed3/priv6"));
    assert_eq!(answer.text("actualSessionDuration"), "90");
    assert_eq!(answer.text("sessionID").len(), "469421A9364D46D6444524AE41BEAD72-0".len());
}

#[tokio::test]
async fn refusals_can_be_asked_for() {
    let simulator = simulator("").await;
    let mut client = Client::connect(&simulator).await;
    for (misbehaviour, error) in [
        (Misbehaviour::Busy { on: true }, "serverResourcesBusy"),
        (Misbehaviour::RefusePasswords { on: true }, "invalidApplicationInfo"),
        (Misbehaviour::RefuseVersions { on: true }, "requestedProtocolVersionNotSupported"),
    ] {
        simulator.misbehave(&misbehaviour);
        assert_eq!(client.start("", 60, 60).await.text("definedError"), error);
        simulator.misbehave(&Misbehaviour::Normal);
    }
    assert!(client.start("", 60, 60).await.is("StartApplicationSessionPosResponse"));
}

#[tokio::test]
async fn session_that_is_not_kept_alive_is_terminated() {
    let simulator = simulator("").await;
    let mut client = Client::connect(&simulator).await;
    let id = client.start("", 1, 60).await.text("sessionID").to_owned();
    let reset = |seconds| {
        format!(
            "<ResetApplicationSessionTimer><sessionID>{id}</sessionID><requestedSessionDuration>{seconds}</requestedSessionDuration></ResetApplicationSessionTimer>"
        )
    };
    assert_eq!(client.ask(&reset(1)).await.text("actualSessionDuration"), "1");
    let end = client.receive().await;
    assert!(end.is("ApplicationSessionTerminated"));
    assert_eq!((end.invoke_id.as_str(), end.text("definedTermReason")), ("9999", "sessionTimerExpired"));
    let late = client.ask(&reset(60)).await;
    assert!(late.is("ResetApplicationSessionTimerNegResponse"));
    assert_eq!(late.text("definedError"), "invalidSessionID");
    let refused = client.ask(&monitor_start("4750", "device", "")).await;
    assert!(refused.is("CSTAErrorCode"), "without a session nothing is monitored");
}

#[tokio::test]
async fn session_is_recovered_with_its_monitors_inside_the_cleanup_delay() {
    let simulator = simulator("").await;
    let (mut client, id) = Client::log_in(&simulator, "").await;
    let cross_reference = client.monitor("4750", "device").await;
    drop(client);
    simulator.wait_connections(0).await;
    simulator.step(Verb::arrive("unheard", "13800138000", "4750")).await.expect("possible");
    let (mut client, recovered) = Client::log_in(&simulator, &id).await;
    assert_eq!(recovered, id);
    simulator.step(Verb::answer("unheard")).await.expect("possible");
    let heard = client.events(1).await;
    assert_eq!(heard, [("EstablishedEvent".to_owned(), cross_reference)], "what happened meanwhile is not repeated");
}

#[tokio::test]
async fn session_is_gone_after_the_cleanup_delay() {
    let simulator = simulator("").await;
    let mut client = Client::connect(&simulator).await;
    let id = client.start("", 60, 1).await.text("sessionID").to_owned();
    drop(client);
    simulator.wait_sessions(0).await;
    let mut client = Client::connect(&simulator).await;
    assert!(client.start(&id, 60, 60).await.is("StartApplicationSessionNegResponse"));
}

#[tokio::test]
async fn recovering_from_a_second_connection_closes_the_first() {
    let simulator = simulator("").await;
    let (mut first, id) = Client::log_in(&simulator, "").await;
    let (mut second, again) = Client::log_in(&simulator, &id).await;
    assert_eq!((first.try_receive().await, again), (None, id));
    second.monitor("4750", "device").await;
}

#[tokio::test]
async fn monitors_of_a_lost_session_can_be_moved_to_a_new_one() {
    let simulator = simulator("").await;
    let (mut client, old) = Client::log_in(&simulator, "").await;
    let cross_reference = client.monitor("4750", "device").await;
    drop(client);
    simulator.wait_connections(0).await;
    let (mut client, new) = Client::log_in(&simulator, "").await;
    let transfer = format!(
        "<TransferMonitorObjects><fromSessionID>{old}</fromSessionID><toSessionID>{new}</toSessionID></TransferMonitorObjects>"
    );
    assert!(client.ask(&transfer).await.is("CSTAErrorCode"), "not without a session monitor");
    let services = "<extensions><privateData><private><AvayaEvents><invertFilter>true</invertFilter><deviceServices>\
                    <transferMonitorObjects>true</transferMonitorObjects></deviceServices></AvayaEvents></private>\
                    </privateData></extensions>";
    assert!(client.ask(&monitor_start("", "device", services)).await.is("MonitorStartResponse"));
    assert!(client.ask(&transfer).await.is("TransferMonitorObjectsResponse"));
    simulator.step(Verb::arrive("wang", "13800138000", "4750")).await.expect("possible");
    assert_eq!(client.events(1).await, [("DeliveredEvent".to_owned(), cross_reference)]);
}

#[tokio::test]
async fn stopped_session_takes_its_monitors_along() {
    let simulator = simulator("").await;
    let (mut client, id) = Client::log_in(&simulator, "").await;
    client.monitor("4750", "device").await;
    let stop = format!("<StopApplicationSession xmlns='urn:x'><sessionID>{id}</sessionID></StopApplicationSession>");
    assert!(client.ask(&stop).await.is("StopApplicationSessionPosResponse"));
    assert_eq!((simulator.sessions(), simulator.monitors()), (0, 0));
    assert!(client.ask(&stop).await.is("StopApplicationSessionNegResponse"));
}

#[tokio::test]
async fn versions_of_every_release_are_spoken_unless_the_scenario_names_some() {
    let any = simulator("").await;
    let only =
        simulator("aes.protocol_versions = ['http://www.ecma-international.org/standards/ecma-323/csta/ed3/priv5']")
            .await;
    for version in ["ed3/privA", "ed3/priv10", "ed3", "ed2/priv1", "ed9"] {
        let request = start_session("cti", "p&lt;&amp;>ss", version, "", 60, 60);
        let spoken = Client::connect(&any).await.ask(&request).await;
        assert!(spoken.text("actualProtocolVersion").ends_with(&format!("csta/{version}")), "{spoken:?}");
        let refused = Client::connect(&only).await.ask(&request).await;
        assert_eq!(refused.text("definedError"), "requestedProtocolVersionNotSupported");
    }
    let oldest = start_session("cti", "p&lt;&amp;>ss", "ed3", "", 60, 60)
        .replace("http://www.ecma-international.org/standards/ecma-323/csta/ed3", "3.0");
    assert_eq!(Client::connect(&any).await.ask(&oldest).await.text("actualProtocolVersion"), "3.0");
}

#[tokio::test]
async fn a_login_block_of_another_name_is_found_by_the_users_name() {
    let simulator = simulator("").await;
    let request = start_session("cti", "p&lt;&amp;>ss", "ed3", "", 60, 60).replace("SessionLoginInfo", "LoginInfo");
    assert!(Client::connect(&simulator).await.ask(&request).await.is("StartApplicationSessionPosResponse"));
}
