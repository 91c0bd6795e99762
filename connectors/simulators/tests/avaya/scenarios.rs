//! The scenarios that are shipped, the language they are written in, and the command that plays them.

use tokio_util::sync::CancellationToken;
use trunkline_simulators::avaya_dmcc::{Scenario, ServeOptions, SimulatorError, serve};

use crate::client::Client;
use crate::peer::{repository, scenario};

/// Plays a scenario as the command does, while a client watches every device; answers the roots that it heard on VDNs.
async fn played(name: &str) -> Vec<String> {
    let folder = tempfile::tempdir().expect("a folder");
    let ledger = folder.path().join("ledger.jsonl");
    let options = ServeOptions {
        listen: "127.0.0.1:0".parse().expect("an address"),
        scenario: repository().join("tests/scenarios").join(name),
        ledger: Some(ledger.clone()),
        tls: None,
        once: true,
    };
    let definition = scenario(name).switch;
    let (tell, address) = tokio::sync::oneshot::channel();
    let served = tokio::spawn(serve(options, CancellationToken::new(), |address| tell.send(address).expect("awaited")));
    let mut client = Client::dial(address.await.expect("listening")).await;
    let request = crate::client::start_session("trunkline", "Trunk-1-line", "ed3", "", 600, 60);
    assert!(client.ask(&request).await.is("StartApplicationSessionPosResponse"));
    let vdn = client.monitor(&definition.vdns[0], "call").await;
    client.monitor("601", "device").await;
    for station in definition.stations.iter().flat_map(|entry| spread(entry)) {
        client.monitor(&station, "device").await;
    }
    let (mut heard, mut events) = (Vec::new(), 0_u64);
    while let Some(message) = client.try_receive().await {
        events += 1;
        if message.text("monitorCrossRefID") == vdn {
            heard.push(message.root().to_owned());
        }
    }
    let summary = served.await.expect("serves").expect("plays");
    assert_eq!(summary.events, events, "all that was booked was heard");
    let lines = std::fs::read_to_string(ledger).expect("the ledger file");
    assert_eq!(lines.lines().count() as u64, events);
    heard
}

fn spread(entry: &str) -> Vec<String> {
    let (low, high) = entry.split_once('-').unwrap_or((entry, entry));
    let number = |text: &str| text.parse::<u32>().expect("a number");
    (number(low)..=number(high)).map(|station| station.to_string()).collect()
}

fn count(heard: &[String], root: &str) -> usize {
    heard.iter().filter(|heard| *heard == root).count()
}

#[tokio::test]
async fn transfers_play_to_their_end() {
    let heard = played("avaya-transfer.toml").await;
    assert_eq!((count(&heard, "TransferedEvent"), count(&heard, "CallClearedEvent")), (3, 3));
}

#[tokio::test]
async fn conference_and_recorder_play_to_their_end() {
    let heard = played("avaya-conference.toml").await;
    assert_eq!((count(&heard, "ConferencedEvent"), count(&heard, "CallClearedEvent")), (2, 2));
}

#[tokio::test]
async fn abandoned_calls_play_to_their_end() {
    let heard = played("avaya-abandon.toml").await;
    assert_eq!((count(&heard, "DivertedEvent"), count(&heard, "CallClearedEvent")), (2, 4));
}

#[tokio::test]
async fn outbound_calls_are_not_the_hotlines() {
    assert!(played("avaya-outbound.toml").await.is_empty(), "no VDN sees them");
}

#[test]
fn every_scenario_that_is_shipped_is_valid() {
    let folder = repository().join("tests/scenarios");
    let names = std::fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("an entry").path());
    let avaya: Vec<_> = names
        .filter(|path| path.file_name().is_some_and(|name| name.to_string_lossy().starts_with("avaya-")))
        .collect();
    assert!(avaya.len() >= 7);
    for path in avaya {
        Scenario::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    }
}

#[test]
fn all_problems_of_a_scenario_are_told_at_once_with_their_places() {
    let text = r#"
wait_for = "tea"
[switch]
stations = ["4750"]
[[agents]]
id = "1001"
station = "4799"
skills = []
[[steps]]
do = "arrive"
call = "a"
[[steps]]
do = "dance"
[[steps]]
at = "2s"
after = "1 fortnight"
do = "clear-all"
[[misbehave]]
what = "split"
pieces = 3
[[load]]
calls_per_second = 1e9
seconds = 1e9
"#;
    let Err(SimulatorError::Scenario(problems)) = Scenario::parse(text) else { panic!("valid?") };
    let told = problems.join("\n");
    for place in [
        "wait_for:",
        "agent 1001:",
        "step 1: missing field `ani`",
        "step 2: unknown variant `dance`",
        "step 3:",
        "misbehave 1:",
        "load 1:",
        "users:",
    ] {
        assert!(told.contains(place), "{place} is missing in:\n{told}");
    }
}

/// The words that the reader knows, out of its own complaint about one that it does not.
fn known_words(step: &str) -> Vec<String> {
    let text = format!("[[users]]\nname = 'a'\npassword = 'b'\n[[steps]]\n{step}");
    let complaint = Scenario::parse(&text).expect_err("no such word").to_string();
    let (_, expected) = complaint.split_once("expected one of ").expect("the words are listed");
    expected.split('`').skip(1).step_by(2).map(str::to_owned).collect()
}

#[test]
fn manual_names_every_word_of_the_language() {
    let manual = std::fs::read_to_string(repository().join("connectors/simulators/README.md")).expect("the manual");
    let words = [
        known_words("do = 'dance'"),
        known_words("do = 'misbehave'\nwhat = 'dance'"),
        known_words("do = 'misbehave'\nwhat = 'broken-body'\nhow = 'dance'"),
    ];
    assert!(words.iter().flatten().count() > 50);
    for word in words.iter().flatten() {
        assert!(manual.contains(&format!("`{word}`")), "{word} is not in the manual");
    }
}

#[test]
fn example_of_the_manual_is_valid() {
    let manual = std::fs::read_to_string(repository().join("connectors/simulators/README.md")).expect("the manual");
    let example = manual.split("```toml\n").nth(1).and_then(|rest| rest.split("```").next()).expect("an example");
    assert_eq!(Scenario::parse(example).expect("valid").steps.len(), 5);
}

#[test]
fn unknown_key_is_refused() {
    let text = "[switch]\nstation = ['4750']\n[[users]]\nname = 'a'\npassword = 'b'\n";
    assert!(Scenario::parse(text).is_err_and(|error| error.to_string().contains("unknown field `station`")));
}
