//! The demo's surroundings: a simulated Avaya, a daemon on embedded bus and store, and the tokens to look at it.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use trunkline_config::{Settings, Sources};
use trunkline_mapping::store::NewToken;
use trunkline_simulators::avaya_dmcc::{AvayaDmcc, Listening, Scenario};
use trunkline_simulators::web_chat::{Patience, Sender};

use super::desk::Desk;
use super::tell;
use crate::daemon::{Daemon, Extras};

/// Signs the simulated web chat's webhooks; known to everybody, good for nothing else.
const CHAT_SECRET: &str = "whsec_ZGVtby1zZWNyZXQtb2YtdGhlLXRydW5rbGluZS1kZW1v";

/// The switch of the story: one hotline, one skill, two agents.
const SWITCH: &str = r#"
description = "The demo's switch"
[switch]
name = "CM1"
stations = ["4750", "4751"]
skills = ["601"]
vdns = ["65067"]
[[users]]
name = "trunkline"
password = "demo-only"
[[agents]]
id = "1001"
station = "4750"
skills = ["601"]
logged_on = false
manual_in = true
[[agents]]
id = "1002"
station = "4751"
skills = ["601"]
logged_on = false
"#;

/// Everything that runs during a demo.
pub(super) struct House {
    pub(super) avaya: AvayaDmcc,
    pub(super) chat: Sender,
    daemon: Daemon,
    data_dir: PathBuf,
    admin: Desk,
    voice_agent: Desk,
}

impl House {
    /// Starts the simulated switch, the daemon, and waits until every device is monitored.
    pub(super) async fn open(listen: SocketAddr) -> Result<Self> {
        tell("A simulated Avaya and a simulated web chat; bus and store are embedded, nothing is installed.");
        let avaya = AvayaDmcc::start(Listening::loopback(), &Scenario::parse(SWITCH)?).await?;
        let data_dir = std::env::temp_dir().join(format!("trunkline-demo-{}", std::process::id()));
        let settings = settings(listen, &data_dir, avaya.addr())?;
        let agent = NewToken {
            name: "demo agent at 4750".into(),
            scopes: vec!["agent".into(), "desk".into()],
            agent: Some("1001".into()),
            extension: Some("4750".into()),
            expires: None,
        };
        let daemon = Daemon::start_with(settings, Extras { default_token: Some(agent) }).await?;
        let base = format!("http://{}", daemon.address());
        let admin_token = std::fs::read_to_string(daemon.admin_token_file()).context("no administrator's token")?;
        let chat = Sender::new(&format!("{base}/ingest/web-chat"), CHAT_SECRET, Patience::quick())?;
        let admin = Desk::new(&base, Some(admin_token.trim()))?;
        // The voice agent needs no token on this machine: that is what the demo's default token is for.
        let voice_agent = Desk::new(&base, None)?;
        avaya.wait_all_monitored().await;
        tell("The connector has logged in to the switch and monitors its stations, skill and VDN.");
        Ok(Self { avaya, chat, daemon, data_dir, admin, voice_agent })
    }

    pub(super) fn address(&self) -> SocketAddr {
        self.daemon.address()
    }

    pub(super) fn admin_token_file(&self) -> &Path {
        self.daemon.admin_token_file()
    }

    /// Sees everything.
    pub(super) fn admin(&self) -> &Desk {
        &self.admin
    }

    /// Sees what the online agent's page may ask. On this machine it needs no token either.
    pub(super) fn online_agent(&self) -> &Desk {
        &self.voice_agent
    }

    /// Sees what agent 1001 sees.
    pub(super) fn voice_agent(&self) -> &Desk {
        &self.voice_agent
    }

    /// Stops everything and removes the demo's data.
    pub(super) async fn close(self) {
        self.daemon.stop().await;
        self.avaya.stop().await;
        if let Err(error) = std::fs::remove_dir_all(&self.data_dir) {
            tracing::warn!(%error, folder = %self.data_dir.display(), "the demo's data is left behind");
        }
    }
}

fn settings(listen: SocketAddr, data_dir: &Path, avaya: SocketAddr) -> Result<Settings> {
    let data = data_dir.display();
    let (host, port) = (avaya.ip(), avaya.port());
    let text = format!(
        r#"
[daemon]
data_dir = "{data}"
[http]
listen = "{listen}"
[connectors.avaya-bj]
kind = "avaya-dmcc"
[connectors.avaya-bj.params]
host = "{host}"
port = {port}
tls = {{ enabled = false }}
user = "trunkline"
password = "demo-only"
switch_name = "CM1"
stations = ["4750", "4751"]
skills = ["601"]
vdns = ["65067"]
[connectors.web-chat]
kind = "chat-webhook"
[connectors.web-chat.params]
secrets = ["{CHAT_SECRET}"]
"#
    );
    std::fs::create_dir_all(data_dir).with_context(|| format!("cannot make {data}"))?;
    let file = data_dir.join("demo.toml");
    std::fs::write(&file, text).with_context(|| format!("cannot write {}", file.display()))?;
    // The demo is the same everywhere: no environment changes it.
    let sources =
        Sources { file: Some(file), environment: Some(std::collections::HashMap::new()), ..Sources::default() };
    Ok(trunkline_config::load(&sources)?)
}
