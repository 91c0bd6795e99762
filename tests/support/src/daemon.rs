//! The daemon under test, as a process of its own that can be killed, stopped, frozen and started again.
//!
//! It listens on one port for its whole life, so that what posts to it finds it again.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use crate::keeper::Keeper;
use crate::ports::Port;

/// What the daemon logs once HTTP answers.
const READY: &str = "ready address=";

/// A daemon with its configuration; running or not. Dropping it kills the process.
#[derive(Debug)]
pub struct Daemon {
    program: PathBuf,
    config: PathBuf,
    address: SocketAddr,
    _port: Port,
    running: Option<Keeper>,
    /// The last lines of the lives before this one.
    past: Vec<String>,
}

impl Daemon {
    /// Takes a free port and writes `config` (TOML without `http.listen`) into `home`. Nothing runs yet.
    pub fn prepare(program: impl Into<PathBuf>, home: &Path, config: &str) -> io::Result<Self> {
        let port = Port::take()?;
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port.number));
        let file = home.join(format!("trunkline-{}.toml", address.port()));
        std::fs::write(&file, format!("{config}\n[http]\nlisten = \"{address}\"\n"))?;
        Ok(Self { program: program.into(), config: file, address, _port: port, running: None, past: Vec::new() })
    }

    /// Where HTTP listens while it runs.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Starts the process and waits until HTTP answers.
    ///
    /// # Panics
    /// When it ends before that; its last lines are in the message.
    pub async fn start(&mut self) {
        self.launch();
        let ready = match &mut self.running {
            Some(keeper) => keeper.ready().await,
            None => false,
        };
        assert!(ready, "the daemon did not come up:\n{}", self.output());
    }

    fn launch(&mut self) {
        let mut command = Command::new("sh");
        command.args(["-c", r#"exec "$0" run --config "$1" 2>&1"#]).arg(&self.program).arg(&self.config);
        command.env("NO_COLOR", "1");
        self.running = Some(Keeper::start(command, READY).expect("a shell"));
    }

    /// SIGKILL; returns when the process is gone. Nothing happens where none runs.
    pub async fn kill(&mut self) {
        self.end(crate::keeper::Keeper::kill).await;
    }

    /// SIGTERM; returns how long the process took to end.
    pub async fn terminate(&mut self) -> Duration {
        let begun = std::time::Instant::now();
        self.end(|keeper| keeper.terminate()).await;
        begun.elapsed()
    }

    /// SIGSTOP: the process stands still and keeps its connections.
    pub fn freeze(&self) {
        self.signal("STOP");
    }

    /// SIGCONT.
    pub fn thaw(&self) {
        self.signal("CONT");
    }

    /// The last lines of this life and of those before.
    pub fn output(&self) -> String {
        let mut lives = self.past.clone();
        lives.extend(self.running.as_ref().map(Keeper::output));
        lives.join("\n-- started again --\n")
    }

    async fn end(&mut self, how: impl FnOnce(&mut Keeper)) {
        let Some(mut keeper) = self.running.take() else { return };
        how(&mut keeper);
        keeper.gone().await;
        self.past.push(keeper.output());
    }

    fn signal(&self, name: &str) {
        if let Some(keeper) = &self.running {
            keeper.signal(name);
        }
    }
}
