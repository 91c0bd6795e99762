//! The house that is measured: private broker and database, the simulated telephone system, the daemon's process.

use std::io::Write as _;
use std::net::TcpListener;
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use tokio::process::{Child, Command};
use trunkline_simulators::avaya_dmcc::{AvayaDmcc, Listening, Scenario};
use trunkline_test_support::config;
use trunkline_test_support::postgres::Postgres;
use trunkline_test_support::rabbit::Rabbit;

use crate::pages::Pages;
use crate::processes::Processes;

/// Stations of the switch.
pub(crate) const STATIONS: std::ops::Range<u32> = 4000..4500;
/// One station of so many has somebody before a page.
const WATCHED: usize = 5;
/// How long the daemon may take to start and to stop.
const PATIENCE: Duration = Duration::from_mins(1);

const SWITCH: &str = r#"
description = "A busy switch"
[switch]
name = "CM1"
stations = ["4000-4499"]
skills = ["601"]
vdns = ["65067"]
[[users]]
name = "trunkline"
password = "bench-only"
"#;

/// Everything that runs. The parts end with it.
pub(crate) struct House {
    pub(crate) avaya: AvayaDmcc,
    pub(crate) rabbit: Rabbit,
    pub(crate) pages: Pages,
    pub(crate) processes: Processes,
    postgres: Postgres,
    database: String,
    daemon: Child,
    base: String,
    http: reqwest::Client,
    // Removed with its files at the end.
    _home: tempfile::TempDir,
}

impl House {
    /// Starts everything; returns when every device is monitored and the pages are open.
    pub(crate) async fn start() -> Result<Self> {
        let (rabbit, postgres) =
            (Rabbit::start().await, tokio::task::spawn_blocking(Postgres::start).await?.context("no PostgreSQL")?);
        let url = postgres.fresh_database()?;
        let database = url.rsplit('/').next().unwrap_or_default().to_owned();
        let avaya = AvayaDmcc::start(Listening::loopback(), &Scenario::parse(SWITCH)?).await?;
        let home = tempfile::Builder::new().prefix("trunkline-bench-").tempdir()?;
        let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
        let file = home.path().join("trunkline.toml");
        let data = home.path().join("data");
        let vhost = rabbit.fresh_vhost().await;
        let servers = config::on_servers(&data, &rabbit, &vhost, &postgres, &database);
        let telephony = config::avaya("avaya-bench", avaya.addr().port(), "bench-only", "4000-4499");
        std::fs::write(&file, format!("{servers}{telephony}[http]\nlisten = \"127.0.0.1:{port}\"\n"))?;
        let log = std::fs::File::create(home.path().join("log"))?;
        // It must not outlive us, however we end.
        let mut command = Command::new("setpriv");
        // Only the file says how the daemon is set up.
        std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("TRUNKLINE_")).for_each(
            |(name, _)| {
                command.env_remove(name);
            },
        );
        let mut daemon = command
            .args(["--pdeathsig", "KILL", "--", env!("CARGO_BIN_EXE_trunkline"), "run", "--config"])
            .arg(&file)
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log)
            .kill_on_drop(true)
            .spawn()?;
        tokio::select! {
            () = avaya.wait_all_monitored() => {}
            ended = daemon.wait() => bail!("the daemon ended ({}): {}", ended?, std::fs::read_to_string(home.path().join("log"))?),
            () = tokio::time::sleep(PATIENCE) => bail!("the devices were not monitored in time"),
        }
        let base = format!("http://127.0.0.1:{port}");
        let token = std::fs::read_to_string(data.join("admin.token")).context("no administrator's token")?;
        let pages = Pages::open(&base, token.trim(), STATIONS.step_by(WATCHED)).await?;
        let processes = Processes {
            daemon: daemon.id().context("the daemon is gone")?,
            broker: std::fs::read_to_string(rabbit.directory().join("pid"))?.trim().parse()?,
            database: postgres.pid().context("the database is gone")?,
        };
        let http = reqwest::Client::new();
        Ok(Self { avaya, rabbit, pages, processes, postgres, database, daemon, base, http, _home: home })
    }

    /// Tells a person what goes on.
    #[expect(clippy::unused_self, reason = "reads like the story it tells")]
    pub(crate) fn say(&self, text: &str) -> Result<()> {
        Ok(writeln!(std::io::stderr().lock(), "bench: {text}")?)
    }

    /// How many events were stored, by the daemon's own count.
    pub(crate) async fn mapped(&self) -> Result<u64> {
        let text = self.http.get(format!("{}/metrics", self.base)).send().await?.text().await?;
        let line = text.lines().find_map(|line| line.strip_prefix("trunkline_events_mapped_total "));
        Ok(line.unwrap_or("0").trim().parse()?)
    }

    /// Waits until nothing has been stored for a while; gives the count.
    pub(crate) async fn quiet(&self) -> Result<u64> {
        let mut last = self.mapped().await?;
        loop {
            tokio::time::sleep(Duration::from_millis(500)).await;
            let now = self.mapped().await?;
            if now == last {
                return Ok(now);
            }
            last = now;
        }
    }

    /// Bytes of an event's JSON, on average.
    pub(crate) fn mean_body(&self) -> Result<usize> {
        let text = self.postgres.execute(&self.database, "SELECT avg(octet_length(body))::int FROM event")?;
        Ok(text.trim().parse()?)
    }

    /// What autovacuum does within a minute of a real day.
    pub(crate) fn analyze(&self) -> Result<()> {
        Ok(self.postgres.execute(&self.database, "VACUUM ANALYZE").map(drop)?)
    }

    /// Runs what `TRUNKLINE_BENCH_SQL` holds, for whoever looks for the slow statement.
    pub(crate) fn look(&self) -> Result<()> {
        if let Ok(sql) = std::env::var("TRUNKLINE_BENCH_SQL") {
            self.say(&self.postgres.execute(&self.database, &sql)?)?;
        }
        Ok(())
    }

    /// Stops the daemon as an operator would; the rest ends with the value.
    pub(crate) async fn stop(mut self) -> Result<()> {
        let pid = self.processes.daemon.to_string();
        Command::new("kill").args(["-TERM", &pid]).status().await?;
        tokio::time::timeout(PATIENCE, self.daemon.wait()).await.context("the daemon does not stop")??;
        self.avaya.stop().await;
        Ok(())
    }
}
