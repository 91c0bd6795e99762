//! A daemon with a web chat, and `trunkctl` as its administrator runs it.

use std::collections::HashMap;
use std::process::Output;

use bytes::Bytes;
use secrecy::SecretString;
use serde_json::Value;
use tempfile::TempDir;
use tokio::process::Command;
use trunkline::daemon::Daemon;
use trunkline_bus::{AmqpSettings, Bus, EmbeddedSettings, Exchange, Limits, Outgoing, SpoolSettings, Transport};
use trunkline_config::{Settings, Sources};
use trunkline_events::{Body, Event, EventId, Sequence, call, link};
use trunkline_mapping::store::Store;
use trunkline_simulators::web_chat::story::{self, Visitor};
use trunkline_simulators::web_chat::{Patience, Sender};
use trunkline_test_support::rabbit::Rabbit;
use uuid::Uuid;

const SECRET: &str = "whsec_dGhpcyBpcyBhbiBleGFtcGxlLCBkbyBub3QgdXNlIGl0IQ==";

/// The id of the dead letter of [`House::with_a_dead_letter`].
pub(crate) const POISON: Uuid = Uuid::from_u128(0x1bad_cafe);

/// How one command line ended.
#[derive(Debug)]
pub(crate) struct Ended {
    pub(crate) code: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Ended {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }
}

/// A running daemon; its data goes with it.
pub(crate) struct House {
    daemon: Daemon,
    pub(crate) chat: Sender,
    data: TempDir,
}

impl House {
    pub(crate) async fn open() -> Self {
        let data = tempfile::tempdir().expect("a folder");
        Self::start(settings(&data), data).await
    }

    /// As [`House::open`], with the night's report switched on and its hour always past.
    pub(crate) async fn with_nights() -> Self {
        let data = tempfile::tempdir().expect("a folder");
        let mut settings = settings(&data);
        (settings.cdr.hour, settings.cdr.reconciliation.nightly) = (0, true);
        Self::start(settings, data).await
    }

    /// As [`House::open`], with more keys of `[daemon]`, and more sections; `before` has the store before the daemon does.
    pub(crate) async fn declared(daemon: &str, sections: &str, before: impl AsyncFnOnce(&Store)) -> Self {
        let data = tempfile::tempdir().expect("a folder");
        let url = format!("sqlite:{}", data.path().join("store.sqlite").display());
        let store = Store::open(&trunkline_mapping::store::Settings::new(url)).await.expect("opens");
        before(&store).await;
        store.close().await.expect("closes");
        Self::start(settings_with(&data, daemon, sections), data).await
    }

    /// Where the daemon answers.
    pub(crate) fn address(&self) -> String {
        format!("http://{}", self.daemon.address())
    }

    /// What a statement gives, asked of the store's file by somebody else.
    pub(crate) fn stored(&self, sql: &str) -> String {
        let script = "import sqlite3, sys\nprint([row for row in sqlite3.connect(sys.argv[1]).execute(sys.argv[2])])";
        let file = self.data.path().join("store.sqlite");
        let asked = std::process::Command::new("python3").args(["-c", script]).arg(file).arg(sql).output();
        String::from_utf8(asked.expect("python runs").stdout).expect("UTF-8")
    }

    /// As [`House::open`], with the mapping rules of a folder in the configuration.
    pub(crate) async fn with_rules(folder: &std::path::Path) -> Self {
        let data = tempfile::tempdir().expect("a folder");
        let mut settings = settings(&data);
        settings.mapping.rules = folder.to_owned();
        Self::start(settings, data).await
    }

    /// As [`House::open`], with profile rules of its own.
    pub(crate) async fn with_profile_rules(rules: &str) -> Self {
        let data = tempfile::tempdir().expect("a folder");
        let mut settings = settings(&data);
        settings.mapping.profile_rules = data.path().join("profile.toml");
        std::fs::write(&settings.mapping.profile_rules, rules).expect("written");
        Self::start(settings, data).await
    }

    /// As [`House::open`], where a connector gave three events and the second one lies nowhere.
    pub(crate) async fn with_a_hole_in_the_books() -> Self {
        let given = "2026-11-20T09:00:00Z".parse().expect("an instant");
        let event = |number: u64| {
            let peer = format!("peer {number}");
            let body = Body::LinkUp(link::Up { peer });
            let event = Event {
                id: EventId::derive("/connectors/hole", "epoch", "link", &number.to_string()),
                source: "/connectors/hole".into(),
                subject: None,
                time: given,
                received: given,
                partition_key: "hole".into(),
                causation: None,
                sequence: Some(Sequence { epoch: "epoch".into(), number }),
                body,
            };
            Outgoing::event(Exchange::Events, &event).expect("JSON")
        };
        Self::with_messages(vec![event(1), event(3)]).await
    }

    /// As [`House::open`], where a switch told of a call of 13800138000 that 4750 answered, on 2026-11-20 from 09:00 to 09:01.
    pub(crate) async fn with_a_call() -> Self {
        let call = || call::CallRef { id: "c1".into(), switch_call_id: None, ucid: None };
        let device = || call::Device { extension: "4750".into(), agent: Some("1001".into()) };
        let party = |number: &str| call::Party { number: Some(number.into()), ..call::Party::default() };
        let (calling, called) = (party("13800138000"), party("65067"));
        let route = call::Route { calling, called, ..call::Route::default() };
        let data = call::CallData::default;
        let ringing =
            call::Ringing { call: call(), device: device(), route: route.clone(), redirected_from: None, data: data() };
        let answered = call::Answered { call: call(), device: device(), route, data: data(), voicemail: false };
        let ended = call::Ended { call: call(), cause: None, failure: None, reconstructed: false };
        let told = [
            ("09:00:01", Body::CallRinging(ringing)),
            ("09:00:04", Body::CallAnswered(answered)),
            ("09:01:00", Body::CallEnded(ended)),
        ];
        let event = |(number, (at, body)): (u64, (&str, Body))| {
            let at = format!("2026-11-20T{at}Z").parse().expect("an instant");
            let event = Event {
                id: EventId::derive("/connectors/avaya-bj", "c1", body.event_type(), "1"),
                source: "/connectors/avaya-bj".into(),
                subject: None,
                time: at,
                received: at,
                partition_key: "c1".into(),
                causation: None,
                sequence: Some(Sequence { epoch: "epoch".into(), number }),
                body,
            };
            Outgoing::event(Exchange::Events, &event).expect("JSON")
        };
        Self::with_messages((1..).zip(told).map(event).collect()).await
    }

    /// As [`House::open`], where somebody has put a message on the bus that is no event.
    pub(crate) async fn with_a_dead_letter() -> Self {
        let house = Self::with_messages(vec![poison()]).await;
        house
            .until(&["bus", "dead", "list", "--json"], |list| list.as_array().is_some_and(|list| list.len() == 1))
            .await;
        house
    }

    /// The same on RabbitMQ.
    pub(crate) async fn with_a_dead_letter_on(rabbit: &Rabbit) -> Self {
        let vhost = rabbit.fresh_vhost().await;
        let data = tempfile::tempdir().expect("a folder");
        let mut settings = settings(&data);
        let password = SecretString::from(rabbit.password());
        let mut broker = AmqpSettings::new("127.0.0.1", rabbit.port(), rabbit.user(), password.clone());
        broker.vhost.clone_from(&vhost);
        broker.shards = settings.bus.amqp.shards;
        settings.bus.transport = trunkline_config::Transport::Amqp;
        let amqp = &mut settings.bus.amqp;
        (amqp.port, amqp.vhost, amqp.user, amqp.password) =
            (rabbit.port(), vhost, rabbit.user().to_owned(), Some(password));
        let house = Self::start_with(settings, Transport::Amqp(broker), data, vec![poison()]).await;
        house
            .until(&["bus", "dead", "list", "--json"], |list| list.as_array().is_some_and(|list| list.len() == 1))
            .await;
        house
    }

    /// As [`House::open`], where these lie on the bus before the daemon starts.
    async fn with_messages(messages: Vec<Outgoing>) -> Self {
        let data = tempfile::tempdir().expect("a folder");
        let settings = settings(&data);
        let embedded =
            EmbeddedSettings { path: data.path().join(&settings.bus.embedded.path), shards: settings.bus.amqp.shards };
        Self::start_with(settings, Transport::Embedded(embedded), data, messages).await
    }

    async fn start_with(settings: Settings, transport: Transport, data: TempDir, messages: Vec<Outgoing>) -> Self {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let bus = Bus::connect(&trunkline_bus::Settings {
            transport,
            spool: SpoolSettings { dir: data.path().join("spool"), max_bytes: 1 << 20 },
            limits: Limits::default(),
        })
        .await
        .expect("the bus opens");
        bus.publisher().publish(messages).await.expect("confirmed");
        bus.close().await;
        Self::start(settings, data).await
    }

    async fn start(settings: Settings, data: TempDir) -> Self {
        // The first one of this process stays; another is refused and not needed.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let daemon = Box::pin(Daemon::start(settings)).await.expect("the daemon starts");
        let target = format!("http://{}/ingest/web-chat", daemon.address());
        let chat = Sender::new(&target, SECRET, Patience::quick()).expect("a sender");
        Self { daemon, chat, data }
    }

    /// Runs `trunkctl` with the administrator's token.
    pub(crate) async fn trunkctl(&self, arguments: &[&str]) -> Ended {
        let file = self.daemon.admin_token_file().to_str().expect("UTF-8");
        self.trunkctl_as(&["--token-file", file], arguments).await
    }

    pub(crate) async fn trunkctl_as(&self, token: &[&str], arguments: &[&str]) -> Ended {
        let server = format!("http://{}", self.daemon.address());
        let output: Output = Command::new(env!("CARGO_BIN_EXE_trunkctl"))
            .args(arguments)
            .args(["--server", &server])
            .args(token)
            .kill_on_drop(true)
            .output()
            .await
            .expect("trunkctl runs");
        let text = |bytes| String::from_utf8(bytes).expect("UTF-8");
        Ended {
            code: output.status.code().expect("no signal"),
            stdout: text(output.stdout),
            stderr: text(output.stderr),
        }
    }

    /// Asks until the answer is good: what is seen follows what happened by a few milliseconds.
    pub(crate) async fn until(&self, arguments: &[&str], good: impl Fn(&Value) -> bool) -> Value {
        let asking = async {
            loop {
                let answer = self.trunkctl(arguments).await.json();
                if good(&answer) {
                    return answer;
                }
            }
        };
        let waited = tokio::time::timeout(std::time::Duration::from_secs(30), asking).await;
        waited.unwrap_or_else(|_| panic!("{arguments:?} never gave what was waited for"))
    }

    /// A chat of one message, told and closed; gives the visitor's customer.
    pub(crate) async fn chat_of(&self, visitor: &Visitor, said: &str) -> String {
        let chat = format!("chat-{}", visitor.id);
        let told = [
            story::opened(&chat, visitor, Some("service"), None),
            story::profile(visitor),
            story::text(&chat, &format!("{chat}-1"), "visitor", Some(&visitor.id), said),
            story::assigned(&chat, "online-7", Some("小李")),
            story::text(&chat, &format!("{chat}-2"), "agent", Some("online-7"), "您好"),
            story::closed(&chat, Some("visitor left"), None),
        ];
        for event in told {
            assert!(self.chat.send(&event).await.accepted);
        }
        let name = visitor.name.as_deref().expect("visitors of these tests have names");
        let is_there = |list: &Value| list[0]["name"] == name && !list[0]["last_contact"].is_null();
        let found = self.until(&["customer", "find", name, "--json"], is_there).await;
        found[0]["customer"].as_str().expect("an id").to_owned()
    }

    pub(crate) async fn close(self) {
        self.daemon.stop().await;
    }
}

/// A message that is no event.
fn poison() -> Outgoing {
    Outgoing {
        exchange: Exchange::Events,
        routing_key: "trunkline.call.ringing.v1".into(),
        partition_key: "poison".into(),
        id: POISON,
        source: "/connectors/stranger".into(),
        sequence: None,
        mandatory: true,
        body: Bytes::from_static(b"{\"no\":\"event \x1b[31m\"}"),
    }
}

/// Ms Wang, known by phone and account.
pub(crate) fn wang() -> Visitor {
    Visitor {
        id: "v-wang".into(),
        name: Some("王梅".into()),
        account: Some("wang.mei".into()),
        phone: Some("13800138000".into()),
        phone_verified: Some(true),
        ..Visitor::default()
    }
}

/// Mr Li, known by e-mail.
pub(crate) fn li() -> Visitor {
    Visitor {
        id: "v-li".into(),
        name: Some("Li Na".into()),
        email: Some("li.na@example.com".into()),
        email_verified: Some(true),
        ..Visitor::default()
    }
}

fn settings(data: &TempDir) -> Settings {
    settings_with(data, "", "")
}

fn settings_with(data: &TempDir, daemon: &str, sections: &str) -> Settings {
    let text = format!(
        "{sections}\n[daemon]\n{daemon}\ndata_dir = '{}'\n[http]\nlisten = '127.0.0.1:0'\n[connectors.web-chat]\nkind = 'chat-webhook'\n\
         [connectors.web-chat.params]\nsecrets = ['{SECRET}']\n",
        data.path().display()
    );
    let file = data.path().join("trunkline.toml");
    std::fs::write(&file, text).expect("written");
    let sources = Sources { file: Some(file), environment: Some(HashMap::new()), ..Sources::default() };
    trunkline_config::load(&sources).expect("good settings")
}
