//! A private RabbitMQ: its own node name, ports, cookie, data and log directories.
//!
//! Nothing outlives the process that started it, however that ends: the kernel kills the broker with the thread that
//! started it (`PR_SET_PDEATHSIG`), and a small shell that reads a pipe of ours removes the files once the pipe closes.
//! A broker takes some seconds to start, so tests share one by [`Rabbit::shared`] and take a [`Rabbit::fresh_vhost`]
//! each; only tests that stop the broker start their own.

use std::fmt::Write as _;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};

use tokio::sync::OnceCell;

use crate::certificates;
use crate::keeper::{Keeper, remove_when_we_are_gone};
use crate::ports::Port;

/// Debian's start script without the wrapper that changes to the user `rabbitmq`.
const BIN: &str = "/usr/lib/rabbitmq/bin";
/// A running broker to be shared by several test processes: the directory that [`Rabbit::directory`] gave.
pub const SHARED_DIRECTORY: &str = "TRUNKLINE_TEST_RABBIT";

static SHARED: OnceCell<Rabbit> = OnceCell::const_new();
static VHOSTS: AtomicU32 = AtomicU32::new(0);

/// The ports of one node.
#[derive(Debug, Clone, Copy)]
struct Ports {
    amqp: u16,
    amqps: u16,
    epmd: u16,
    distribution: u16,
}

/// One private broker. Dropping it ends the broker and removes its files.
#[derive(Debug)]
pub struct Rabbit {
    directory: PathBuf,
    ports: Ports,
    /// Kept from others while the broker is away; none for a broker of another process.
    _reserved: Vec<Port>,
    broker: Option<Keeper>,
    epmd: Option<Keeper>,
    // Its pipe closes when this value, or the whole process, is gone.
    _cleaner: Option<Child>,
}

impl Rabbit {
    /// Starts a broker with the consistent-hash plugin and waits until it takes connections (some seconds).
    ///
    /// # Panics
    /// When RabbitMQ is not installed or does not come up; its log's end is in the message.
    pub async fn start() -> Self {
        Self::start_with("[rabbitmq_consistent_hash_exchange].").await
    }

    /// As [`Rabbit::start`], without the consistent-hash plugin.
    pub async fn start_without_plugin() -> Self {
        Self::start_with("[].").await
    }

    /// The one broker of this test process, started at first use; or the one that `TRUNKLINE_TEST_RABBIT` names.
    ///
    /// # Panics
    /// As [`Rabbit::start`], or when the named directory is not one of a broker.
    pub async fn shared() -> &'static Self {
        SHARED
            .get_or_init(|| async {
                match std::env::var_os(SHARED_DIRECTORY) {
                    Some(directory) => Self::attach(Path::new(&directory)).expect("a running broker's directory"),
                    None => Self::start().await,
                }
            })
            .await
    }

    async fn start_with(plugins: &str) -> Self {
        let directory = tempfile::Builder::new().prefix("trunkline-rabbit-").tempdir().expect("a directory").keep();
        let (ports, reserved) = free_ports().expect("free ports");
        write_files(&directory, ports, plugins).expect("configuration written");
        let cleaner = remove_when_we_are_gone(&directory).expect("a shell");
        let mut rabbit =
            Self { directory, ports, _reserved: reserved, broker: None, epmd: None, _cleaner: Some(cleaner) };
        rabbit.start_epmd();
        rabbit.start_again().await;
        rabbit
    }

    /// Uses a broker that another process started and will stop.
    fn attach(directory: &Path) -> io::Result<Self> {
        let text = std::fs::read_to_string(directory.join("ports"))?;
        let numbers: Vec<u16> = text.split_whitespace().filter_map(|word| word.parse().ok()).collect();
        let [amqp, amqps, epmd, distribution] = numbers[..] else { return Err(io::Error::other("not a ports file")) };
        let ports = Ports { amqp, amqps, epmd, distribution };
        let directory = directory.to_owned();
        Ok(Self { directory, ports, _reserved: Vec::new(), broker: None, epmd: None, _cleaner: None })
    }

    /// Where the node's files are; for [`SHARED_DIRECTORY`].
    pub fn directory(&self) -> &Path {
        &self.directory
    }

    /// The plain AMQP port on 127.0.0.1.
    pub fn port(&self) -> u16 {
        self.ports.amqp
    }

    /// The AMQP port with TLS; its certificate is for `localhost` and 127.0.0.1, by [`Rabbit::ca_file`].
    pub fn tls_port(&self) -> u16 {
        self.ports.amqps
    }

    /// The certificate authority of the TLS port, PEM.
    pub fn ca_file(&self) -> PathBuf {
        self.directory.join("ca.pem")
    }

    /// A user with every right in every vhost of [`Rabbit::fresh_vhost`].
    pub fn user(&self) -> &'static str {
        "trunkline"
    }

    /// The user's password.
    pub fn password(&self) -> &'static str {
        "a-test-password"
    }

    /// Makes an empty vhost that no other test uses.
    pub async fn fresh_vhost(&self) -> String {
        let name = format!("test-{}-{}", std::process::id(), VHOSTS.fetch_add(1, Ordering::Relaxed));
        let expression = format!(
            "rabbit_vhost:add(<<\"{name}\">>, <<\"test\">>), rabbit_auth_backend_internal:set_permissions(<<\"{user}\">>, \
             <<\"{name}\">>, <<\".*\">>, <<\".*\">>, <<\".*\">>, <<\"test\">>).",
            user = self.user()
        );
        self.ctl(&["eval", &expression]).await;
        name
    }

    /// Runs `rabbitmqctl` on this node and gives its output.
    ///
    /// # Panics
    /// When it fails.
    pub async fn ctl(&self, arguments: &[&str]) -> String {
        let mut command = tokio::process::Command::from(self.command("rabbitmqctl"));
        let output = command.arg("--quiet").args(arguments).output().await.expect("rabbitmqctl runs");
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(
            output.status.success(),
            "rabbitmqctl {arguments:?}: {text}{}",
            String::from_utf8_lossy(&output.stderr)
        );
        text
    }

    /// Stops the broker in order and waits until it is gone. The data stay.
    pub async fn stop(&mut self) {
        if let Some(mut broker) = self.broker.take() {
            broker.terminate();
            broker.gone().await;
        }
    }

    /// Ends the broker with SIGKILL and waits until it is gone. The data stay.
    pub async fn kill(&mut self) {
        if let Some(mut broker) = self.broker.take() {
            broker.kill();
            broker.gone().await;
        }
    }

    /// Starts the broker again on the same ports and data, and waits until it takes connections.
    ///
    /// # Panics
    /// When it does not come up.
    pub async fn start_again(&mut self) {
        let mut command = self.command("rabbitmq-server");
        // Without this the script forks, and the fork would not die with us.
        command.env("RABBITMQ_ALLOW_INPUT", "1").env("RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS", "-noinput");
        let mut keeper = Keeper::start(command, "Starting broker... completed").expect("rabbitmq-server starts");
        let came_up = keeper.ready().await;
        assert!(came_up, "the private broker did not come up:\n{}", keeper.output());
        self.broker = Some(keeper);
    }

    fn start_epmd(&mut self) {
        let mut command = Command::new("epmd");
        command.args(["-address", "127.0.0.1", "-port"]).arg(self.ports.epmd.to_string());
        command.env("HOME", self.directory.join("home"));
        self.epmd = Some(Keeper::start(command, "").expect("epmd starts"));
    }

    fn command(&self, program: &str) -> Command {
        let mut command = Command::new(format!("{BIN}/{program}"));
        let at = |name: &str| self.directory.join(name);
        command
            .stdin(Stdio::null())
            .env("HOME", at("home"))
            .env("RABBITMQ_NODENAME", format!("trunkline-{}@localhost", self.ports.amqp))
            .env("RABBITMQ_DIST_PORT", self.ports.distribution.to_string())
            .env("ERL_EPMD_PORT", self.ports.epmd.to_string())
            .env("ERL_EPMD_ADDRESS", "127.0.0.1")
            .env("RABBITMQ_MNESIA_BASE", at("data"))
            .env("RABBITMQ_LOG_BASE", at("log"))
            .env("RABBITMQ_CONFIG_FILE", at("rabbitmq.conf"))
            .env("RABBITMQ_ENABLED_PLUGINS_FILE", at("plugins"))
            .env("RABBITMQ_CONF_ENV_FILE", "/dev/null")
            .env("RABBITMQ_PID_FILE", at("pid"))
            .env("LANG", "C.UTF-8");
        command
    }
}

fn free_ports() -> io::Result<(Ports, Vec<Port>)> {
    let reserved: Vec<Port> = (0..4).map(|_| Port::take()).collect::<io::Result<_>>()?;
    let port = |at: usize| reserved[at].number;
    let ports = Ports { amqp: port(0), amqps: port(1), epmd: port(2), distribution: port(3) };
    Ok((ports, reserved))
}

fn write_files(directory: &Path, ports: Ports, plugins: &str) -> io::Result<()> {
    let mut config = String::new();
    let path = directory.display();
    let _ = writeln!(
        config,
        "listeners.tcp.1 = 127.0.0.1:{amqp}\nlisteners.ssl.1 = 127.0.0.1:{amqps}\n\
         ssl_options.cacertfile = {path}/ca.pem\nssl_options.certfile = {path}/server.pem\n\
         ssl_options.keyfile = {path}/server.key\nssl_options.verify = verify_none\n\
         default_user = trunkline\ndefault_pass = a-test-password\nloopback_users = none\n\
         disk_free_limit.absolute = 50MB\nraft.wal_max_size_bytes = 64000000\nlog.file.level = info\n\
         tcp_listen_options.nodelay = true",
        amqp = ports.amqp,
        amqps = ports.amqps,
    );
    std::fs::create_dir_all(directory.join("home"))?;
    std::fs::write(directory.join("rabbitmq.conf"), config)?;
    std::fs::write(directory.join("plugins"), plugins)?;
    let Ports { amqp, amqps, epmd, distribution } = ports;
    std::fs::write(directory.join("ports"), format!("{amqp} {amqps} {epmd} {distribution}\n"))?;
    certificates::write(directory)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_broker_starts_is_killed_and_comes_back_on_the_same_port() {
        let mut rabbit = Rabbit::start().await;
        let port = rabbit.port();
        let vhost = rabbit.fresh_vhost().await;
        assert!(tokio::net::TcpStream::connect(("127.0.0.1", port)).await.is_ok());
        rabbit.kill().await;
        assert!(tokio::net::TcpStream::connect(("127.0.0.1", port)).await.is_err());
        rabbit.start_again().await;
        assert!(rabbit.ctl(&["list_vhosts"]).await.contains(&vhost));
        rabbit.stop().await;
        assert!(tokio::net::TcpStream::connect(("127.0.0.1", port)).await.is_err());
    }
}
