//! A private PostgreSQL: own data directory, own free loopback port, fsync on.
//!
//! Invariant: no server outlives the test process. Each server runs under a small shell that reads a pipe of ours; when
//! this process ends in whatever way, the pipe closes, the shell stops the server and removes its files.

use std::fs::{self, File};
use std::io::{self, BufRead, BufReader, Write};
use std::os::unix::fs::{PermissionsExt, chown};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::mpsc;
use std::time::Duration;

use crate::certificates;
use crate::ports::Port;

/// Where Debian keeps the newest server, if there are several.
const INSTALLED: &str = "/usr/lib/postgresql";
/// The line that the server logs once it serves.
const READY: &str = "database system is ready to accept connections";
/// Starts the server, waits for a word or the end of the pipe, stops the server in the way of the word.
const KEEPER: &str = r#"
trap '' INT TERM HUP
"$@" </dev/null &
server=$!
echo "pid $server" >&2
read -r word
case "$word" in
  kill) kill -KILL $server ;;
  stop) kill -INT $server ;;
  immediate) kill -QUIT $server ;;
  *) kill -QUIT $server; wait $server; rm -rf "$TRUNKLINE_POSTGRES_HOME" ;;
esac
wait $server
"#;

/// A running (or stopped) private server. Dropping it stops it and removes its files.
pub struct Postgres {
    home: tempfile::TempDir,
    programs: PathBuf,
    port: Port,
    tls: bool,
    databases: AtomicU32,
    keeper: Option<Keeper>,
}

struct Keeper {
    shell: Child,
    /// Taken when a word was sent.
    words: Option<ChildStdin>,
    server: u32,
}

impl Postgres {
    /// Makes a data directory and starts a server on a free loopback port. Blocks until it serves (about two seconds).
    pub fn start() -> io::Result<Self> {
        Self::start_with(false)
    }

    /// As [`Postgres::start`], with TLS for those who ask for it; its certificate is for `localhost` and 127.0.0.1, by
    /// [`Postgres::ca_file`].
    pub fn start_with_tls() -> io::Result<Self> {
        Self::start_with(true)
    }

    fn start_with(tls: bool) -> io::Result<Self> {
        let programs = programs()?;
        let home = tempfile::Builder::new().prefix("trunkline-postgres-").tempdir()?;
        fs::set_permissions(home.path(), fs::Permissions::from_mode(0o755))?;
        let data = home.path().join("data");
        fs::create_dir(&data)?;
        let key = home.path().join("server.key");
        if tls {
            certificates::write(home.path())?;
            // The server refuses a key that others can read.
            fs::set_permissions(&key, fs::Permissions::from_mode(0o600))?;
        }
        if let Some((user, group)) = server_user()? {
            chown(&data, Some(user), Some(group))?;
            if tls {
                chown(&key, Some(user), Some(group))?;
            }
        }
        run(as_server_user(&programs.join("initdb")).args(["-A", "trust", "-U", "postgres", "-E", "UTF8"]).args([
            "--locale=C",
            "-D",
            &data.to_string_lossy(),
        ]))?;
        let port = Port::take()?;
        let mut postgres = Self { home, programs, port, tls, databases: AtomicU32::new(0), keeper: None };
        postgres.start_again()?;
        Ok(postgres)
    }

    /// The URL of a database of this server.
    pub fn url(&self, database: &str) -> String {
        format!("postgres://postgres@127.0.0.1:{}/{database}", self.port.number)
    }

    /// Makes an empty database and gives its URL.
    pub fn fresh_database(&self) -> io::Result<String> {
        let name = format!("fresh_{}", self.databases.fetch_add(1, Ordering::Relaxed));
        self.execute("postgres", &format!("CREATE DATABASE {name}"))?;
        Ok(self.url(&name))
    }

    /// Runs statements by `psql`; gives what it prints, unaligned and without headings.
    pub fn execute(&self, database: &str, sql: &str) -> io::Result<String> {
        let url = self.url(database);
        run(Command::new(self.programs.join("psql"))
            .args(["-X", "-q", "-t", "-A", "-v", "ON_ERROR_STOP=1", "-d", &url])
            .args(["-c", sql]))
    }

    /// The schema of a database and its list of migrations as a script that builds it again.
    pub fn dump(&self, database: &str) -> io::Result<String> {
        let url = self.url(database);
        let program = self.programs.join("pg_dump");
        let schema = run(Command::new(&program).args(["-s", "--no-owner", "--no-comments", "-d", &url]))?;
        let steps = run(Command::new(&program).args(["-a", "--inserts", "-t", "seaql_migrations", "-d", &url]))?;
        Ok(format!("{schema}{steps}"))
    }

    /// The port, the same over restarts.
    pub fn port(&self) -> u16 {
        self.port.number
    }

    /// The certificate authority of a server with TLS, PEM.
    pub fn ca_file(&self) -> PathBuf {
        self.home.path().join("ca.pem")
    }

    /// Process id of the server, while it runs.
    pub fn pid(&self) -> Option<u32> {
        self.keeper.as_ref().map(|keeper| keeper.server)
    }

    /// Stops the server as an operator would: sessions are ended, everything is written.
    pub fn stop(&mut self) -> io::Result<()> {
        self.end("stop")
    }

    /// Stops the server at once, without a checkpoint (`pg_ctl stop -m immediate`); the next start recovers from the log.
    pub fn stop_immediately(&mut self) -> io::Result<()> {
        self.end("immediate")
    }

    /// Ends the server by SIGKILL; the next start recovers from the log.
    pub fn kill(&mut self) -> io::Result<()> {
        self.end("kill")
    }

    /// Starts the server on the same data and port. Blocks until it serves; after a kill this includes recovery.
    pub fn start_again(&mut self) -> io::Result<()> {
        if self.keeper.is_some() {
            return Ok(());
        }
        // After a kill the old sessions may hold the shared memory a moment longer; the server refuses and is asked again.
        let mut last = io::Error::other("not started");
        for _ in 0..50 {
            match self.launch() {
                Ok(keeper) => {
                    self.keeper = Some(keeper);
                    return Ok(());
                }
                Err(refused) => last = refused,
            }
            std::thread::sleep(Duration::from_millis(100));
        }
        Err(last)
    }

    fn launch(&self) -> io::Result<Keeper> {
        let data = self.home.path().join("data");
        let server = as_server_user(&self.programs.join("postgres"));
        let mut shell = Command::new("/bin/sh")
            .args(["-c", KEEPER, "keeper"])
            .arg(server.get_program())
            .args(server.get_args())
            .arg("-D")
            .arg(&data)
            .args(["-p", &self.port.number.to_string(), "-c", "listen_addresses=127.0.0.1"])
            .args(["-c", "unix_socket_directories=", "-c", "fsync=on", "-c", "max_connections=100"])
            .args(["-c", "shared_buffers=256MB", "-c", "max_wal_size=2GB", "-c", "lc_messages=C"])
            .args(self.tls_arguments())
            .env("TRUNKLINE_POSTGRES_HOME", self.home.path())
            .current_dir("/")
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()?;
        let words = shell.stdin.take();
        let lines = shell.stderr.take().ok_or_else(|| io::Error::other("no pipe to the server"))?;
        let log = File::create(self.home.path().join("log"))?;
        let (told, ready) = mpsc::sync_channel(1);
        std::thread::spawn(move || follow(BufReader::new(lines), log, &told));
        let started = ready.recv().unwrap_or_else(|_| Err(io::Error::other("the server's log ended")));
        match started {
            Ok(server) => Ok(Keeper { shell, words, server }),
            Err(refused) => {
                drop(words);
                shell.kill()?;
                shell.wait()?;
                Err(refused)
            }
        }
    }

    fn tls_arguments(&self) -> Vec<String> {
        if !self.tls {
            return Vec::new();
        }
        let file = |name: &str| self.home.path().join(name).display().to_string();
        let settings = [
            "ssl=on".to_owned(),
            format!("ssl_cert_file={}", file("server.pem")),
            format!("ssl_key_file={}", file("server.key")),
        ];
        settings.into_iter().flat_map(|setting| ["-c".to_owned(), setting]).collect()
    }

    fn end(&mut self, word: &str) -> io::Result<()> {
        let Some(mut keeper) = self.keeper.take() else { return Ok(()) };
        if let Some(mut words) = keeper.words.take() {
            writeln!(words, "{word}")?;
        }
        keeper.shell.wait().map(drop)
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        if let Err(cause) = self.end("kill") {
            eprintln!("the private PostgreSQL on port {} could not be stopped: {cause}", self.port.number);
        }
    }
}

/// Copies the server's log to a file and says once whether it serves.
fn follow(lines: impl BufRead, mut log: File, told: &mpsc::SyncSender<io::Result<u32>>) {
    let mut server = 0;
    let mut last = String::from("the server ended at once");
    for line in lines.lines() {
        let Ok(line) = line else { break };
        if let Some(pid) = line.strip_prefix("pid ") {
            server = pid.trim().parse().unwrap_or_default();
        }
        if line.contains(READY) {
            // Nobody listens any more from the second start of a crashed server on.
            let _ = told.try_send(Ok(server));
        }
        if line.contains("FATAL") {
            last.clone_from(&line);
        }
        if line.contains("database system is shut down") {
            break;
        }
        let _ = writeln!(log, "{line}");
    }
    let _ = told.try_send(Err(io::Error::other(last)));
}

/// The newest installed PostgreSQL's programs.
fn programs() -> io::Result<PathBuf> {
    let mut found: Vec<(u32, PathBuf)> = fs::read_dir(INSTALLED)?
        .filter_map(Result::ok)
        .filter_map(|entry| Some((entry.file_name().to_str()?.parse().ok()?, entry.path().join("bin"))))
        .filter(|(_, path)| path.join("initdb").exists())
        .collect();
    found.sort();
    found.pop().map(|(_, path)| path).ok_or_else(|| io::Error::other(format!("no PostgreSQL server under {INSTALLED}")))
}

/// PostgreSQL refuses to run as root: then it runs as Debian's `postgres`. `None`: we are not root.
fn server_user() -> io::Result<Option<(u32, u32)>> {
    let number = |arguments: &[&str]| -> io::Result<u32> {
        run(Command::new("id").args(arguments))?.trim().parse().map_err(io::Error::other)
    };
    if number(&["-u"])? != 0 {
        return Ok(None);
    }
    Ok(Some((number(&["-u", "postgres"])?, number(&["-g", "postgres"])?)))
}

fn as_server_user(program: &Path) -> Command {
    if !matches!(server_user(), Ok(Some(_))) {
        return Command::new(program);
    }
    let mut command = Command::new("setpriv");
    command.args(["--reuid=postgres", "--regid=postgres", "--init-groups", "--"]).arg(program);
    command
}

fn run(command: &mut Command) -> io::Result<String> {
    let output = command.current_dir("/").stdin(Stdio::null()).output()?;
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
    }
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    Err(io::Error::other(format!("{}: {said}", command.get_program().to_string_lossy())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_private_server_survives_stop_and_kill_with_its_data() {
        let mut postgres = Postgres::start().expect("starts");
        postgres.fresh_database().expect("makes a database");
        postgres.execute("fresh_0", "CREATE TABLE kept (n int); INSERT INTO kept VALUES (7)").expect("writes");
        postgres.stop().expect("stops");
        assert!(postgres.execute("fresh_0", "SELECT 1").is_err(), "a stopped server answers");
        postgres.start_again().expect("starts again");
        postgres.kill().expect("is killed");
        postgres.start_again().expect("recovers");
        assert_eq!(postgres.execute("fresh_0", "SELECT n FROM kept").expect("reads").trim(), "7");
        let pid = postgres.pid().expect("runs");
        let home = postgres.home.path().to_owned();
        drop(postgres);
        assert!(!Path::new(&format!("/proc/{pid}")).exists(), "the server outlived its value");
        assert!(!home.exists(), "its files outlived its value");
    }
}
